"""Where the claims on lifting in depth are tested: places to insert a layer at; and the words they share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, axes, by_level
from theory.models import FullyConnected

#: Activations with an affine piece of non-zero slope; hinge3 = z + max(z, 0)^3 is twice differentiable, so it has Hessians everywhere.
PIECEWISE = ("hinge3", "leaky", "relu")
#: Residuals of this size (l1 norm of the cotangent) leave the Hessian positive definite at most planted points; ONE makes saddles.
SMALL, ONE = Fraction(1, 1000), Fraction(1)

LINEARIZED = Assumption(
    "linearized layer",
    r"\hat W_j f^{[q]}(x_i) + \hat b_j \in (a_j, b_j) \text{ open for all } i, j, \text{ where } \sigma(z) = \lambda_j z + \mu_j",
)
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
REGULAR = Assumption(
    "regular",
    r"\operatorname{rank} W' \Lambda = m_{q+1} \text{ or } \operatorname{rank} \Lambda \hat W = m_q, \text{ where } "
    r"\Lambda = \operatorname{diag}(\lambda_j)",
)
BIASES = Assumption("biases behind", r"\text{layer } q+1 \text{ has biases}")
NEXT_BIASES = replace(BIASES, unprobed="without them a lift keeps critical points only by chance: see depth.lifting.criticality")


@dataclass(frozen=True)
class Place:
    """A network of ``widths`` and where it is deepened: a layer of ``width`` behind layer ``after``; ``replicate`` numbers the draw."""

    widths: tuple[int, ...]
    activation: str
    after: int
    width: int
    replicate: int = 0

    @property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)


# ------------------------------------------------------------------------------------------------------ places, in cells

#: Networks of two to four layers with the position first, in the middle and last.
SHAPES = by_level(((2, 2, 1), (1, 2, 2), (1, 2, 2, 1)), ((2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1)))


def insertable(widths, after):
    """Whether a layer can be inserted behind layer ``after``."""
    return after < len(widths) - 1


def insertions(sigma=PIECEWISE, widths=SHAPES, **more):
    """Axes of insertions: networks, activations, every position, narrow and wide new layers, and ``more``."""
    return axes(
        widths=widths, sigma=sigma, after=(0, 1, 2), width=("narrow", "wide"), where=insertable, **{"standard": 3, "full": 20, **more}
    )


def place_in(cell, rng: np.random.Generator) -> Place:
    """The insertion of a cell: as wide as the smaller neighbour, or one wider than the larger one."""
    low, high = sorted(cell.widths[cell.after : cell.after + 2])
    width = low if cell.width == "narrow" else high + 1
    return Place(cell.widths, cell.get("sigma", "hinge3"), cell.after, width, int(rng.integers(2**31)))


#: Networks in floats, up to five wide.
FLOAT_SHAPES = by_level(((2, 3, 1), (3, 2, 2)), ((3, 2), (2, 3, 1), (3, 2, 2), (2, 2, 3, 1), (4, 4, 2), (1, 3, 3, 2)))


def rng_of(place: Place, context):
    """The generator of a place, the same in every process."""
    return context.rng(place)


def place_of(cell, rng):
    """A place with a new layer as wide as the one that ``cell.case`` = (widths, after) puts before it."""
    widths, after = cell.case
    return Place(widths, "hinge3", after, widths[after], int(rng.integers(2**31)))
