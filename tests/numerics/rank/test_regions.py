"""Regions of piecewise linear networks, and what breaks do to bounds that hold beside them."""

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.exact import rationals
from numerics.rank import empirical_rank, model_rank
from numerics.rank.regions import affine_pieces, at_kinks, beside_breaks, kinks, region_points
from theory.activations import activation
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN

OPPOSITE = TwoLayer(1, 2, activation="relu", bias=True, output_bias=True)
AT_ONE = [1.0, -1.0, -1.0, 1.0, 1.0, 2.0, 0.0]  # two opposite neurons, both with their kink at x = 1


def test_a_generic_arrangement_has_the_regions_that_it_should():
    lines = TwoLayer(2, 5, activation="relu", bias=True)
    points = region_points(lines, rationals(np.random.default_rng(0).normal(size=lines.n_params)))
    assert points is not None and len(points) == 3 * (1 + 5 + 10)


def test_regions_of_a_deep_network_are_met_by_no_more_patterns_than_they_have():
    model, rng = FullyConnected((2, 3, 3, 1), "hardtanh"), np.random.default_rng(1)
    theta = rng.normal(size=model.n_params)

    def pieces(x):
        held, found = x, []
        for l in (1, 2):
            z = held @ model.unpack(theta)[f"W{l}"].T + model.unpack(theta)[f"b{l}"]
            found.append((z > -1).astype(int) + (z > 1))
            held = np.clip(z, -1, 1)
        return set(map(tuple, np.concatenate(found, axis=1)))

    points = region_points(model, rationals(theta))
    assert points is not None and not at_kinks(model, rationals(theta), points)[0].any()
    met = pieces(np.array(points, float))
    assert pieces(rng.normal(size=(20_000, 2)) * 10.0 ** rng.integers(-1, 4, (20_000, 1))) <= met


def test_too_many_regions_are_not_listed():
    model = TwoLayer(2, 60, activation="relu", bias=True)
    assert region_points(model, rationals(np.random.default_rng(0).normal(size=model.n_params))) is None
    assert not affine_pieces(TwoLayer(2, 3, activation="hinge3")) and not affine_pieces(TwoLayer(2, 3))


@pytest.mark.parametrize("method", ["auto", "exact", "ball", "float"])
def test_a_sample_at_a_kink_shows_more_than_the_functions_have(method):
    """relu'(z) + relu'(-z) = 1 but for z = 0, where both are 0: one direction more on samples with x = 1."""
    x = np.array([[0], [0.5], [1], [2], [3], [4], [-1]])
    tangents = [[t * (t > 1), 2 * t * (t < 1), 1 * (t > 1), 2 * (t < 1), max(t - 1, 0), max(1 - t, 0), 1] for t in x[:, 0]]
    assert np.linalg.matrix_rank(np.array(tangents, float)) == 5
    found = empirical_rank(OPPOSITE, AT_ONE, x, method)
    assert found.lower == 5 <= found.upper and not found.certified and found.certificate is None
    assert (found.rank == 5) == (method in ("auto", "exact"))
    assert empirical_rank(OPPOSITE, AT_ONE, x[x[:, 0] != 1]).rank == model_rank(OPPOSITE, AT_ONE).rank == 4


@pytest.mark.parametrize("name", ["relu", "leaky", "hardtanh"])
@pytest.mark.parametrize("scale", [1e-150, 1e13, 1e150])
def test_kinks_at_a_drawn_point_are_left_out_and_narrow_pieces_found(name, scale):
    """The transition at x = 1 or 3 is narrower than any float beside it; drawn points round to the kink itself."""
    model = TwoLayer(1, 2, activation=name, bias=True, output_bias=True)
    for place in (1, 3):
        theta = [scale, -scale, -place * scale, place * scale, 1.0, 2.0, 0.0]
        found = model_rank(model, theta)
        assert found.certified and found.rank == 4
        assert script("check_minor").check(found.certificate) == 4


RESTING = [
    # sigma(-h) with h = 1 on a half-line: the slope there is that of the left piece, for the opposite neuron that of the other side
    (FullyConnected((1, 1, 1, 2, 1), "hardtanh", bias=False), [1, -1, 1, -1, -1, -1], 3),
    (FullyConnected((1, 1, 3, 2), "hardtanh", bias=False), [1, 1, 1, -1, 1, 1, 1, 1, -1, -1], 6),
    (FullyConnected((2, 2, 2, 2, 1), "hardtanh", bias=False), [1, -1, -1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, -1], 6),
    # dead below, so that both of two opposite ReLU neurons rest at 0 for -1 < x < 1: two slopes, where a reflection would leave one
    (FullyConnected((1, 2, 2, 1), "relu"), [1, -1, -1, -1, 1, -1, -1, 1, 0, 0, 1, 1, 0], 5),
]


@pytest.mark.parametrize(("model", "theta", "rank"), RESTING, ids=str)
def test_neurons_that_rest_on_a_break_keep_bounds_in_order(model, theta, rank):
    found = model_rank(model, [float(t) for t in theta])
    assert found.rank == rank and not found.certified and found.certificate is None


def test_smooth_breaks_are_no_kinks():
    assert kinks(activation("hinge3")) == [] and kinks(activation("hardtanh")) == [-1, 1] and kinks(activation("leaky")) == [0]
    model = TwoLayer(1, 2, activation="hinge3", bias=True)
    found = empirical_rank(model, [1.0, -1.0, 0.0, 0.0, 1.0, 2.0], [[0.0], [1.0], [2.0], [-1.0], [-3.0], [5.0]])
    assert found.certified and script("check_minor").check(found.certificate) == found.lower


def test_points_at_which_a_neuron_rests_are_kept():
    model = FullyConnected((1, 2, 2, 1), "relu")
    theta = rationals([1, -1, -1, -1, 1, -1, -1, 1, 0, 0, 1, 1, 0])
    points = np.array([[0.0], [1.0], [-1.0], [2.0], [0.5]])
    assert beside_breaks(model, theta, points).tolist() == [[0.0], [2.0], [0.5]]
    at, leaving = at_kinks(model, theta, rationals(points))
    assert at.tolist() == [True, True, True, False, True] and leaving.tolist() == [False, True, True, False, False]


DECIDED = [
    (FullyConnected((1, 2, 2, 2, 1), "leaky", bias=False), [1, -1, 1, 2, -1, 1, 2, 1, 1, -1, 1, 1]),
    (FullyConnected((2, 2, 1, 2, 2), "hardtanh"), [-1, 0, 0.5, 0.5, -0.5, -0.5, 1, -1, -0.5, 1, 1, 0.5, -0.5, 0, 0.5, 1, 1, -1, 0]),
    (FullyConnected((1, 2, 2, 2, 1), "relu"), [-1, 2, -1, 0, 2, 1, 2, 0, -2, 1, 1, -1, -2, -1, -2, -2, -1, -2, 0]),
    (PooledCNN(4, 1, 2, 2, activation="hardtanh"), [1, -0.5, -0.5, -1]),
    (TwoLayerCNN((2, 2), (2, 1), 2, activation="leaky", bias=True), [1, -1, 1, 0.5, 0, 1, 1, -1, 1, 2]),
]


@pytest.mark.parametrize(("model", "theta"), DECIDED, ids=str)
def test_small_networks_with_pieces_are_decided(model, theta):
    found = model_rank(model, [float(t) for t in theta])
    assert found.rank is not None
    assert found.certificate is None or script("check_minor").check(found.certificate) == found.rank


def test_weights_of_every_scale_leave_a_relu_network_its_rank():
    model = FullyConnected((2, 3, 3, 1), "relu")
    theta = np.random.default_rng(0).uniform(-1, 1, model.n_params)
    assert {model_rank(model, theta * scale).rank for scale in (1.0, 1e30, 1e-30, 1e150, 1e-150)} == {19}


@pytest.mark.parametrize("method", ["auto", "exact", "ball", "float"])
def test_samples_that_are_all_at_kinks_or_beside_one_by_less_than_a_float(method):
    model = TwoLayerCNN(2, 1, 1, activation="relu", bias=True)
    theta = [1.0, 0.0, 1.0, 1.0]
    assert empirical_rank(model, theta, [[0.0, 0.0]], method).lower == 0  # both positions at the kink, from the left
    found = empirical_rank(model, theta, [[1e-150, 0.0], [0.0, 1e-150], [2.0, 0.0]], method)
    assert found.lower <= 3 <= found.upper and (method == "float" or found.rank == 3)


@pytest.mark.parametrize("method", ["auto", "exact", "ball", "float"])
@pytest.mark.parametrize(
    "model", [TwoLayer(2, 1), TwoLayerCNN(3, 2, 1), TwoLayerCNN(3, 2, 1, activation="relu"), PooledCNN(3, 2, 1)], ids=str
)
def test_no_samples_have_rank_zero(model, method):
    assert empirical_rank(model, np.ones(model.n_params), np.zeros((0, model.input_size)), method).rank == 0
