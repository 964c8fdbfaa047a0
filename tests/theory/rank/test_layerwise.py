"""Identities among the tangents of networks of any depth bound the rank from above, and the bound is met where it is known."""

import numpy as np
import pytest

from numerics.rank import model_rank
from numerics.rank.ladder import structural_upper_bound
from theory import draws
from theory.draws import distinct_moduli
from theory.embedding.edge_by_edge import split_edges
from theory.embedding.onestep import unchecked_null
from theory.models import FullyConnected
from theory.rank.sparse import sparse_rank

SIGMAS = ("tanh", "sigmoid", "softplus", "exp", "cos", "ratsig", "relu", "leaky", "identity", "power:2")


@pytest.mark.parametrize("sigma", SIGMAS)
def test_no_rank_exceeds_the_bound(sigma):
    rng = np.random.default_rng(sum(map(ord, sigma)))
    for _ in range(6):
        model = FullyConnected((2, *rng.integers(1, 4, 2).tolist(), 1), sigma, bool(rng.integers(2)), bool(rng.integers(2)))
        found = model_rank(model, draws.parameters(rng, model))
        assert found.lower <= found.upper


@pytest.mark.parametrize(
    ("sigma", "bias", "rank"),
    [("tanh", True, 15), ("exp", True, 11), ("exp", False, 10), ("relu", True, 11), ("relu", False, 6), ("identity", True, 3)],
)
def test_generic_bounds_of_a_network_of_two_hidden_layers(sigma, bias, rank):
    model = FullyConnected((2, 2, 2, 1), sigma, bias)
    theta = distinct_moduli(model, np.random.default_rng(0))
    if not bias:
        theta[4:8] = np.abs(theta[4:8])  # with two negative weights a rectified neuron behind rectified ones never wakes
    assert structural_upper_bound(model, theta) == rank


@pytest.mark.parametrize(
    ("sigma", "widths", "layer", "rise"),
    [
        ("sigmoid", (2, 2, 2, 1), 1, 2),
        ("sigmoid", (2, 2, 3, 1), 1, 3),
        ("softplus", (2, 2, 3, 1), 1, 3),
        ("cos", (2, 2, 3, 1), 1, 3),
        ("sigmoid", (2, 2, 2), 1, 2),
        ("sigmoid", (2, 2, 3), 1, 3),
        ("exp", (2, 2, 3, 1), 1, 0),
        ("exp", (2, 2, 3, 1), 2, 1),
        ("tanh", (2, 2, 3, 1), 1, 0),
    ],
)
def test_a_null_neuron_costs_the_fan_out_but_for_exp(sigma, widths, layer, rise):
    narrow = FullyConnected(widths, sigma, bias=False)
    theta = distinct_moduli(narrow, np.random.default_rng(1))
    embedding = unchecked_null(narrow, layer, 0)
    assert model_rank(embedding.wide, embedding(theta)).rank - model_rank(narrow, theta).rank == rise


def test_a_disproportional_split_for_exp_costs_the_fan_in_without_the_bias():
    narrow = FullyConnected((2, 2, 2, 1), "exp")
    theta = distinct_moduli(narrow, np.random.default_rng(1))
    wide, mapped = split_edges(narrow, theta, 1, 0, [0.25, 0.75])
    assert (model_rank(narrow, theta).rank, model_rank(wide, mapped).rank) == (11, 13)


def test_sparse_rank_is_the_rank():
    rng = np.random.default_rng(0)
    for _ in range(200):
        matrix = rng.integers(-2, 3, rng.integers(1, 9, 2)) * (rng.random() < rng.random(1))
        rows = [dict(enumerate(row.tolist())) for row in matrix]
        assert sparse_rank(rows) == np.linalg.matrix_rank(matrix) <= sparse_rank(rows, most=0)
