"""Which loop the SIMD lanes are: the networks of a batch, or the units of one network.

Lanes that are networks need no sum across lanes and suit every formula, but eight networks at a time have to fit into a near cache, and a
batch has to fill the lanes. Lanes that are units take one network at a time; its parameters are laid out so that those of neighbouring
units are neighbours.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np

from numerics.train.nests import MOST_LANES
from numerics.train.trace import Formula, Node

#: Where the size of the nearer cache of a core is not told.
USUAL_CACHE = 1 << 20


class Mapping(Enum):
    """What the lanes of a vector are."""

    NETWORKS = "networks"
    UNITS = "units"


@dataclass(frozen=True, eq=False)
class Layout:
    """A row of ``slots`` numbers that holds the parameters of a network: parameter k stands at ``places[k]``, the others are 0."""

    slots: int
    places: np.ndarray

    def spread(self, theta: np.ndarray) -> np.ndarray:
        """Parameters (b, P) in their slots (b, slots)."""
        found = np.zeros((len(theta), self.slots))
        found[:, self.places] = theta
        return found

    def gathered(self, slots: np.ndarray) -> np.ndarray:
        """The parameters (b, P) from slots (b, slots)."""
        return slots[:, self.places]


def as_given(formula: Formula) -> Layout:
    """Parameters as the model has them."""
    return Layout(formula.parameters, np.arange(formula.parameters))


@lru_cache(maxsize=64)
def by_units(formula: Formula) -> Layout:
    """Parameters in such an order that the longest loop in which they are used moves by one; groups start at whole vectors."""
    places, slots = np.full(formula.parameters, -1), 0
    for node in formula.trace.nodes:
        for k, used in enumerate(node.inputs):
            if used.buffer.name == "theta":
                found = _in_order(node, k)
                found = found[places[found] < 0]
                places[found] = slots + np.arange(len(found))
                slots += -(-len(found) // MOST_LANES) * MOST_LANES
    unused = np.flatnonzero(places < 0)
    places[unused] = slots + np.arange(len(unused))
    return Layout(-(-(slots + len(unused)) // MOST_LANES) * MOST_LANES, places)


def _in_order(node: Node, k: int) -> np.ndarray:
    """The parameters that input k reads, once each, the longest axis along which they differ innermost: later, kept axes before summed."""
    places = node.inputs[k].places
    axes = [a for a in range(places.ndim) if (places != np.take(places, [0], a)).any()]
    places = places[tuple(slice(None) if a in axes else 0 for a in range(places.ndim))]
    if axes:
        kept = node.output.ndim
        longest = max(range(len(axes)), key=lambda a: (places.shape[a], axes[a] < kept, a))
        places = np.moveaxis(places, longest, -1)
    flat, first = np.unique(places.ravel(), return_index=True)
    return flat[np.argsort(first)]


def widest(formula: Formula) -> int:
    """Numbers in the largest intermediate result of a sample."""
    return max((node.output.buffer.size for node in formula.trace.nodes if node.output.buffer.learned), default=0)


@lru_cache(maxsize=1)
def nearer_cache() -> int:
    """Bytes of the second-level cache of a core, as the system tells."""
    try:
        return os.sysconf("SC_LEVEL2_CACHE_SIZE") or USUAL_CACHE
    except (AttributeError, ValueError, OSError):
        return USUAL_CACHE
