"""Ranks of smooth networks whose weights are far from one."""

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.exact import rationals
from numerics.rank import model_rank
from numerics.rank.scales import far_from_one, largest_minor, placed_points
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

SMOOTH = ["tanh", "sigmoid", "softplus", "gelu", "silu", "erf", "atan"]


def drawn(model, scale, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, model.n_params) * scale


@pytest.mark.parametrize("name", SMOOTH)
def test_tiny_weights_leave_a_deep_network_its_rank(name):
    """All is linear up to 1e-300: the minor is smaller than any float, and not 0."""
    model = FullyConnected((2, 3, 2, 1), name)
    assert {model_rank(model, drawn(model, scale)).rank for scale in (1.0, 1e-30, 1e-150)} == {model.n_params}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("scale", [1e30, 1e150])
def test_saturated_neurons_of_one_layer_are_found_in_their_strips(name, scale):
    model = FullyConnected((2, 3, 1), name)
    found = model_rank(model, drawn(model, scale))
    assert found.certified and found.rank == model.n_params


def test_the_smallest_minors_are_certified():
    model = FullyConnected((2, 2, 2, 1), "gelu")
    found = model_rank(model, drawn(model, 1e-150))
    assert found.certified and script("check_minor").check(found.certificate) == model.n_params


@pytest.mark.parametrize("scale", [1e30, 1e150])
def test_large_weights_in_depth_prove_what_strips_show(scale):
    """Samples on no strip showed 3 or 4 of 25."""
    model = FullyConnected((2, 3, 3, 1))
    found = model_rank(model, drawn(model, scale))
    assert 20 <= found.lower <= found.upper == model.n_params


def test_exponentials_of_exponentials_do_not_overflow():
    model = FullyConnected((2, 2, 1, 2, 1), "exp", bias=False)
    found = model_rank(model, [3, 3, 3, -2, 2, -2, -2, 3, -3, 1])
    assert found.certified and found.rank == 10


def test_a_symmetry_is_no_direction_at_any_scale():
    model = FullyConnected((2, 2, 2, 1), "tanh")  # two equal neurons in the second layer: the tangents of (2, 2, 1, 1)
    theta = drawn(model, 1.0)
    theta[8:10], theta[11] = theta[6:8], theta[10]
    ranks = [model_rank(model, theta * scale) for scale in (1.0, 1e-30, 1e-150, 1e150)]
    assert ranks[0].rank == ranks[1].rank == ranks[2].rank == 11 and ranks[3].lower <= 11 == ranks[3].upper


def test_points_are_placed_in_strips_of_strips():
    model = FullyConnected((1, 2, 2, 1), "tanh")
    theta = rationals([1e40, -1e40, 0, 0.5e40, 1e40, 1e40, 1e40, -1e40, 0, 1e39, 1, 1, 0])
    points = placed_points(model, theta, 40, 0)
    first = [abs(float(w * x + b)) for x in points[:, 0] for w, b in ((theta[0], theta[2]), (theta[1], theta[3]))]
    assert sum(z < 30 for z in first) > 10
    assert min(float(abs(x)) for x in points[:, 0]) < 1e-39


def test_what_is_far_from_one():
    assert far_from_one(TwoLayer(1, 1), rationals([1e30, 1])) and not far_from_one(TwoLayer(1, 1), rationals([1e3, 1]))
    assert not far_from_one(TwoLayer(1, 1, activation="relu"), rationals([1e30, 1]))
    assert not far_from_one(TwoLayer(1, 1, activation="power:2"), rationals([1e30, 1]))


def test_a_minor_of_balls_is_found_whatever_the_sizes():
    from flint import arb

    entries = [[1, 2, 3], [2, 4, 6], [10**40, 0, 10**41], [0, 0, 0]]
    rows, columns = largest_minor(np.array([[arb(entry) for entry in row] for row in entries], dtype=object), 256)
    assert len(rows) == len(columns) == 2 and 2 in rows and 3 not in rows


def test_kernels_of_any_scale():
    model = TwoLayerCNN(4, 2, 2, activation="gelu", bias=True)
    assert {model_rank(model, drawn(model, scale)).rank for scale in (1.0, 1e150, 1e-150)} == {model.n_params}
