"""What the claims about ranks of deep networks share: shapes, random splits of neurons, the rank on a stratum."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.embedding.edge_by_edge import split_edges

#: (hidden biases, output bias)
BIASES = ((False, False), (True, False), (True, True))
SHAPES = ((2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (2, 2, 3, 1), (1, 2, 2, 2, 1))


def stratum_rank(model: Any, theta: Any) -> int:
    """The rank on the stratum by Taylor series: a proved lower bound, where embeddings give the upper one."""
    from numerics.rank.series import series_rank

    return series_rank(model, theta)[0]


def proportional(rng, edges):
    """One fraction for all edges."""
    return [int(rng.choice([-1, 1, 2, 3, 4])) / 4] * edges


def disproportional(rng, edges):
    """A fraction of its own for every edge."""
    return rng.permutation(np.arange(1, edges + 2))[:edges] / 4


def split_somewhere(model, theta, layer, rng, fractions=proportional):
    """(wide, theta) after a split of a random neuron of ``layer``."""
    neuron = int(rng.integers(model.widths[layer]))
    return split_edges(model, theta, layer, neuron, fractions(rng, model.widths[layer + 1]))
