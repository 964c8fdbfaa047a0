"""Ranks by Taylor series: what the referee accepts follows from its argument, and what does not is refused."""

from fractions import Fraction

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.exact import rationals
from numerics.rank.certificates import series_certificate
from theory.models import FullyConnected

series = script("check_series")


def layer(weights, biases=None):
    return {"weights": weights, "biases": biases or [None] * len(weights)}


def certificate(layers, theta, rank, activation="exp", at="stratum", **more):
    kind = "Taylor series modulo a prime"
    return {"kind": kind, "activation": activation, "layers": layers, "theta": [f"{v}/1" for v in theta], "rank": rank, "at": at, **more}


@pytest.fixture(scope="module")
def genuine():
    """Of a tanh network with two hidden layers at almost all biases."""
    model = FullyConnected((1, 2, 2, 1))
    theta = rationals([Fraction(int(k), 4) for k in np.random.default_rng(0).permutation(model.n_params) + 1])
    return series_certificate(model, theta, model.n_params, "stratum")


def test_a_genuine_one_is_accepted(genuine):
    assert series.check(genuine) == f"rank at least {genuine['rank']}, at the stratum"


#: One input, one neuron exp(w x + c), then exp(v_k exp(w x + c) + b) for v = 0, 1, 2 and one bias b: E_0 E_2 = E_1^2 at x = 0.
FRONT = layer([[0]], [1])
SHARED = [FRONT, layer([[2], [3], [4]], [5, 5, 5]), layer([[6, 7, 8]])]
OWN = [FRONT, layer([[2], [3], [4]], [5, 9, 10]), layer([[6, 7, 8]])]
THETA = [1, 0, 0, 1, 2, 0, 1, 1, 1, 1, 2]


def test_starts_that_share_a_bias_are_not_independent():
    with pytest.raises(AssertionError, match="no bias of its own makes free"):
        series.check(certificate(SHARED, THETA[:9], 2))
    assert series.check(certificate(OWN, THETA, 2)).startswith("rank at least 2")


@pytest.mark.parametrize(
    "layers",
    [
        [FRONT, layer([[2], [3], [4]], [5, 5, 9]), layer([[6, 7, 8]])],  # two of three share
        [FRONT, layer([[2], [3], [4]], [1, 9, 10]), layer([[6, 7, 8]])],  # with the layer before
        [FRONT, layer([[2], [3], [4]], [5, 9, 10]), layer([[6, 7, 5]])],  # a bias is a weight, too
        [FRONT, layer([[2], [3], [9]], [5, 9, 10]), layer([[6, 7, 8]])],
        [FRONT, layer([[2], [3], [4]], [5, 9, 10]), layer([[6, 7, 8]], [9])],  # and that of the outputs
        [FRONT, layer([[2], [3], [4]], [5, None, 10]), layer([[6, 7, 8]])],  # none at all
        [layer([[0]], [0]), layer([[2], [3], [4]], [5, 9, 10]), layer([[6, 7, 8]])],  # the weight of the same neuron
    ],
)
def test_a_bias_that_moves_more_than_its_start_makes_nothing_free(layers):
    with pytest.raises(AssertionError, match="no bias of its own makes free"):
        series.check(certificate(layers, [1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2], 2))


def test_neurons_of_the_first_layer_may_share_a_bias():
    """Their starts are the bias itself, hence one number: one kernel at two places of a convolution."""
    layers = [layer([[0, 1, None], [None, 0, 1]], [2, 2]), layer([[3, 4]])]
    assert series.check(certificate(layers, [1, 2, 1, 1, 2], 2, activation="tanh")).startswith("rank at least 2")


@pytest.mark.parametrize(
    "change",
    [
        {"rank": 0},
        {"rank": -3},
        {"rank": True},
        {"rank": 9.0},
        {"rank": "9"},
        {"rank": 10**6},
        {"at": "point"},
        {"at": "everywhere"},
        {"at": None},
        {"activation": "relu"},
        {"activation": "identity"},
        {"layers": []},
        {"theta": []},
        {"kind": "series"},
    ],
)
def test_forged_places_are_refused(genuine, change):
    with pytest.raises(AssertionError):
        series.check({**genuine, **change})


def test_more_than_the_rank_is_refused(genuine):
    equal = [genuine["theta"][0]] * len(genuine["theta"])  # two pairs of equal neurons
    with pytest.raises(AssertionError, match="the rank found is"):
        series.check({**genuine, "theta": equal})


def test_a_place_that_holds_no_parameter_is_refused(genuine):
    for place in (-1, len(genuine["theta"]), 1.0, "0", True):
        layers = [layer([[place], [1]], [2, 3]), *genuine["layers"][1:]]
        with pytest.raises(AssertionError):
            series.check({**genuine, "layers": layers})
