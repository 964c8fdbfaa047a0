"""A neuron without incoming weights whose constant is taken off the next biases."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient
from theory.embedding import null
from theory.embedding.onestep import constant_neuron
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

MODEL = FullyConnected((2, 2, 2, 2), "ratsig4")
THETA = rationals([Fraction(k % 7 - 3, 2) for k in range(MODEL.n_params)])
X, Y = rationals([[1, 2], [-1, 3], [2, -2]]), rationals([[1, 0], [2, 1], [0, -1]])


def test_outputs_stay_for_any_outgoing_weights():
    for layer in (1, 2):
        embedding = constant_neuron(MODEL, layer, Fraction(1, 2), [Fraction(2), Fraction(-1, 3)])
        assert (embedding.wide(embedding(THETA), X) == MODEL(THETA, X)).all()


@pytest.mark.parametrize("sharing", [True, False])
@pytest.mark.parametrize(("sides", "outgoing"), [(4, (1, 2, 3)), ((3, 3), (1, -2, 0, 5))])
def test_all_positions_of_a_channel_shift_the_one_bias_behind(sharing, sides, outgoing):
    model = TwoLayerCNN(sides, 2, 1, activation="ratsig4", sharing=sharing, bias=True, output_bias=True)
    theta = rationals([Fraction(k % 5 - 2, 2) for k in range(model.n_params)])
    x = rationals(np.arange(2 * model.input_size).reshape(2, -1) % 7 - 3)
    embedding = constant_neuron(model, 1, Fraction(1, 2), list(map(Fraction, outgoing)))
    assert (embedding.wide(embedding(theta), x) == model(theta, x)).all()
    assert embedding.wide.unpack(embedding(theta))["output_weights"][-1].tolist() == list(outgoing)


def test_without_outgoing_weights_it_is_the_null_neuron():
    assert constant_neuron(MODEL, 1, Fraction(1, 2), [Fraction(0)] * 2).same_map(null(MODEL, 1, Fraction(1, 2)))


def test_its_own_weights_have_a_gradient_where_it_sends_something():
    embedding = constant_neuron(MODEL, 1, Fraction(1, 2), [Fraction(2), Fraction(-1, 3)])
    wide, image = gradient(embedding.wide, embedding(THETA), (X, Y)), embedding.gradient_map.apply(gradient(MODEL, THETA, (X, Y)))
    assert (wide != image).any()
    still = null(MODEL, 1, Fraction(1, 2))
    assert (gradient(still.wide, still(THETA), (X, Y)) == still.gradient_map.apply(gradient(MODEL, THETA, (X, Y)))).all()


def test_floats_are_read_as_they_are():
    theta = np.random.default_rng(0).normal(size=MODEL.n_params)
    embedding = constant_neuron(MODEL, 2, 0.5, [1.0, -1.0])
    assert np.abs(embedding.wide(embedding(theta), np.ones((1, 2))) - MODEL(theta, np.ones((1, 2)))).max() < 1e-14


def test_a_network_without_next_biases_is_refused():
    with pytest.raises(ValueError, match="model must have biases behind layer 1"):
        constant_neuron(TwoLayer(1, 1), 1, Fraction(1, 2), [1])
