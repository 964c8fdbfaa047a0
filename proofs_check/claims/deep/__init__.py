r"""Deep fully connected networks: generic ranks, splits of neurons, and what added neurons cost.

f^[l] = sigma(W_l f^[l-1] + b_l), linear in the last layer L. Lower bounds of ranks come from minors in balls or Taylor series,
upper ones from identities among the tangents, layer by layer (:mod:`theory.rank.layerwise`); both hold at the point, or on its stratum.
"""

import numpy as np

from numerics.rank import model_rank
from proofs_check import Assumption, Paper
from theory.embedding.edge_by_edge import split_edges

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")
RECOVERY = Paper("arXiv:2406.18035v1")

NOTATION = {
    "R": r"model rank: dimension of the span T of the tangents at theta; R(f^*) the least over all theta that represent f^*",
    "T": "span of the tangents at a point",
    "M": "number of parameters",
    r"\theta": "the parameters",
    r"\sigma": "the activation",
    "f^*": "a target",
    "F": "the functions of a network",
    "L": "number of weight matrices",
    "m_l": "width of layer l; m_0 = d inputs, m_L outputs",
    "l": "a hidden layer",
    r"\alpha": "the fraction of the output weights that the copy takes",
    "narr,wide": "the network before and after neurons are added",
}

TANH = Assumption("tanh", r"\sigma = \tanh")
GENERIC = Assumption("generic", r"\theta \text{ of the narrow network generic}")

#: Tolerance of the checks in floats.
FLOATS = "rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl), else certified"

#: (hidden biases, output bias)
BIASES = ((False, False), (True, False), (True, True))

WEIGHTS = "dyadic weights of distinct moduli"


def series(model, theta):
    """The rank by Taylor series modulo a prime from below, by identities among the tangents from above."""
    return model_rank(model, theta, "exact")


def proportional(rng, edges):
    """One fraction for all edges."""
    return [int(rng.choice([-1, 0, 1, 2, 3, 4])) / 4] * edges


def disproportional(rng, edges):
    """A fraction of its own for every edge."""
    return rng.permutation(np.arange(1, edges + 2))[:edges] / 4


def split_somewhere(model, theta, layer, rng, fractions=proportional):
    """(wide, theta) after a split of a random neuron of ``layer``."""
    neuron = int(rng.integers(model.widths[layer]))
    return split_edges(model, theta, layer, neuron, fractions(rng, model.widths[layer + 1]))
