"""Identities among the tangents of networks of any depth bound the rank from above, and the bound is met where it is known."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import model_rank
from numerics.rank.ladder import structural_upper_bound
from theory import draws
from theory.draws import distinct_moduli
from theory.embedding.edge_by_edge import split_edges
from theory.embedding.onestep import unchecked_null
from theory.models import FullyConnected, TwoLayer
from theory.rank import rank_at
from theory.rank.layerwise import tangent_tables
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


def test_blocks_are_eliminated_one_by_one():
    """ReLU with biases on 20 inputs: each neuron loses its scale, 440 - 20; no block has more than 22 rows."""
    model = TwoLayer(20, 20, activation="relu", bias=True)
    theta = [Fraction(int(k), 8) for k in np.random.default_rng(0).integers(-99, 100, model.n_params) | 1]
    (table, *_) = tangent_tables(model, theta)
    assert sparse_rank(table) == sparse_rank(table, most=22) == 420


def test_rows_that_columns_link_are_one_block():
    """Three rows of rank 2 in three columns: too many for most = 2, beside another block that is small enough."""
    linked = [{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": 1, "b": 2, "c": 1}]
    apart = [{"d": 1, "e": 1}, {"d": 2, "e": 2}]
    assert [sparse_rank(linked + apart, most=most) for most in (None, 3, 2, 1)] == [3, 3, 4, 5]


@pytest.mark.parametrize(
    ("model", "theta", "rank"),
    [
        # A neuron that is always on is linear: h = relu(x + 1) >= 0, relu(2 h + 1) = 2 h + 1; what is left is 1, h and the slope of h.
        (FullyConnected((1, 2, 2, 1), "relu"), [1] * 13, 3),
        # 2 h + 1 of a hard tanh h in [-1, 1] bends at h = 0; h + 3 never does, and is 1.
        (FullyConnected((1, 1, 1, 1), "hardtanh"), [1, 0, 1, 3, 1, 0], 1),
        # hinge3 is z + max(z, 0)^3: on a line two neurons behind one share z, and each has its cube.
        (FullyConnected((1, 1, 2, 1), "hinge3", bias=False), ["-13/4", "-7/4", "15/4", "15/8", "13/4"], 4),
        # Parallel neurons of hinge3: x and its positive cube, times nothing.
        (TwoLayer(1, 2, activation="hinge3"), [1, 2, 1, 1], 2),
        # hardtanh(x) and hardtanh(2 x) share no kink; those of x and x + 2 share one, and differ by pieces that are slopes.
        (TwoLayer(1, 2, activation="hardtanh", bias=True), [1, 2, 0, 0, 1, 1], 6),
        (TwoLayer(1, 2, activation="hardtanh", bias=True), [1, 1, 0, 2, 1, 1], 5),
    ],
    ids=str,
)
def test_piecewise_networks_are_decided_where_pieces_coincide(model, theta, rank):
    found = model_rank(model, [Fraction(value) for value in theta])
    assert (found.lower, found.upper) == (rank, rank)


@pytest.mark.parametrize(
    ("model", "theta", "rank"),
    [
        # A first layer without weights: its weights give x_1 and x_2 times one vector, all else gives constants in R^2.
        (FullyConnected((2, 1, 1, 2), "gelu"), [0, 0, 3, -2, -1, -2, 3, -2, 0], 4),
        (FullyConnected((3, 1, 2, 2), "erf"), [0, 0, 0, -2, 1, 2, -3, 3, 1, -3, 3, -2, -3, 3], 5),
        (FullyConnected((3, 1, 2, 1), "sin"), [0, 0, 0, -2, -3, 1, 2, -2, -1, 1, -2], 4),
    ],
    ids=str,
)
def test_networks_behind_a_constant_layer_are_decided(model, theta, rank):
    found = model_rank(model, theta)
    assert (found.lower, found.upper) == (rank, rank)


@pytest.mark.parametrize("sigma", ["hinge3", "hardtanh"])
def test_ranks_at_points_of_piecewise_networks_are_known(sigma):
    rng = np.random.default_rng(3)
    for bias in (False, True):
        for _ in range(10):
            model = TwoLayer(int(rng.integers(1, 3)), int(rng.integers(1, 4)), activation=sigma, bias=bias)
            theta = draws.parameters(rng, model)
            assert rank_at(model, theta) == model_rank(model, theta).rank
