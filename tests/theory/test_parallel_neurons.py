"""Parallel neurons merged: outputs are kept exactly where the activation allows it, and refused elsewhere."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.activations import activation
from theory.embedding import merge_parallel, merging_error
from theory.embedding.parallel import outgoing_factor
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

number = np.vectorize(lambda k: Fraction(int(k), 4), otypes=[object])


def parallel(model, layer, ratio, seed=0):
    """Exact parameters whose last neuron of ``layer`` has ``ratio`` times the incoming weights of the first."""
    from theory.embedding import wiring

    theta = number(np.random.default_rng(seed).integers(-9, 10, model.n_params))
    places = wiring(model, layer).incoming
    theta[places[-1]] = theta[places[0]] * ratio
    return theta, (0, len(places) - 1)


@pytest.mark.parametrize(
    ("model", "layer", "ratio"),
    [
        (TwoLayer(2, 3, activation="relu"), 1, Fraction(5, 2)),
        (TwoLayer(2, 3, activation="leaky", bias=True), 1, Fraction(1, 3)),
        (TwoLayer(3, 2, outputs=2, activation="identity"), 1, Fraction(-2)),
        (FullyConnected((2, 3, 4, 1), activation="relu"), 1, Fraction(3)),
        (FullyConnected((2, 3, 4, 1), activation="relu"), 2, Fraction(3)),
        (TwoLayerCNN(5, 3, 3, activation="relu"), 1, Fraction(4)),
        (TwoLayer(2, 3, activation="power:3"), 1, Fraction(-1)),
        (TwoLayer(2, 3, activation="lorentz", bias=True), 1, Fraction(-1)),
        (TwoLayer(2, 3, activation="ratsig"), 1, Fraction(1)),
    ],
)
def test_the_output_is_kept_exactly(model, layer, ratio):
    theta, pair = parallel(model, layer, ratio)
    narrow, after = merge_parallel(model, theta, layer, pair)
    inputs = model.inputs if isinstance(model.inputs, int) else 1
    x = number(np.random.default_rng(1).integers(-9, 10, (6, inputs)))
    assert narrow.n_params < model.n_params and (narrow(after, x) == model(theta, x)).all()


def test_tanh_keeps_its_output_in_floats():
    model = TwoLayer(2, 3, activation="tanh")
    theta = np.random.default_rng(2).normal(size=model.n_params)
    theta[4:6] = -theta[:2]
    narrow, after = merge_parallel(model, theta, 1, (0, 2))
    x = np.random.default_rng(3).normal(size=(5, 2))
    np.testing.assert_allclose(narrow(after, x), model(theta, x), atol=1e-14)


@pytest.mark.parametrize(
    ("name", "ratio", "needed"),
    [
        ("relu", -1, "a positive number"),
        ("tanh", 2, "1 or -1"),
        ("sigmoid", -1, "needed is 1$"),
        ("softplus", -1, "needed is 1$"),
        ("relu", 0, "a positive"),
    ],
)
def test_what_would_change_the_output_is_refused(name, ratio, needed):
    model = TwoLayer(2, 3, activation=name)
    theta, pair = parallel(model, 1, Fraction(ratio))
    with pytest.raises(ValueError, match=f"cannot be merged.*{needed}"):
        merge_parallel(model, theta, 1, pair)


def test_neurons_that_are_not_parallel_and_the_same_neuron_are_refused():
    model = TwoLayer(2, 2, activation="relu")
    with pytest.raises(ValueError, match="the ratio None"):
        merge_parallel(model, np.array([1.0, 2.0, 1.0, 2.5, 1.0, 1.0]), 1, (0, 1))
    with pytest.raises(ValueError, match="two different ones"):
        merge_parallel(model, np.ones(6), 1, (1, 1))
    with pytest.raises(ValueError, match="neuron must be from 0 to 1"):
        merge_parallel(model, np.ones(6), 1, (0, 2))


@given(st.integers(0, 2**32), st.sampled_from(["relu", "leaky", "tanh", "sin", "softplus"]))
def test_the_error_of_merging_is_bounded(seed, name):
    rng = np.random.default_rng(seed)
    m, d = 4, 3
    w, a, u, x = rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=d), rng.normal(size=(7, d))
    u /= np.linalg.norm(u)
    w = np.linalg.norm(w, axis=1, keepdims=True) * u + rng.choice([1e-6, 0.1, 1.0]) * w
    sigma, lengths = activation(name), np.linalg.norm(w, axis=1)
    difference = np.abs(sigma(x @ w.T) @ a - sigma(np.outer(x @ u, lengths)) @ a)
    assert (difference <= merging_error(a, w, u, x) * (1 + 1e-9) + 1e-13).all()


def test_the_bound_is_one_on_parallel_neurons_not_on_a_single_one():
    """w = 2u, a = 1 under tanh: 2u is kept as it is at no error; tanh 2 - 2 tanh 1, of a single neuron u, is not bounded by it."""
    u = np.array([1.0, 0.0])
    assert merging_error(np.ones(1), 2 * u[None], u, u[None]).item() == 0 and abs(np.tanh(2) - 2 * np.tanh(1)) > 0.55


def test_a_neuron_without_weights_adds_nothing_to_the_error():
    u = np.array([1.0, 0.0])
    assert merging_error(np.ones(2), np.array([[0.0, 0.0], [0.0, 3.0]]), u, u[None]).item() == pytest.approx(3 * 2**0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": [2.0, 0.0]}, "unit must have length 1, got 2"),
        ({"outgoing": [1.0, 1.0]}, "incoming must have shape"),
        ({"incoming": [[1.0, np.nan]]}, r"incoming must be finite, got nan at \(0, 1\)"),
        ({"x": [1.0, 1.0]}, "x must have shape"),
    ],
)
def test_bad_input_of_the_error_is_named(change, message):
    good = {"outgoing": [1.0], "incoming": [[1.0, 1.0]], "unit": [1.0, 0.0], "x": [[1.0, 1.0]]}
    with pytest.raises(ValueError, match=message):
        merging_error(**{name: np.array(value) for name, value in (good | change).items()})


def test_factors_of_outgoing_weights():
    assert outgoing_factor(activation("relu"), 3) == 3 and outgoing_factor(activation("cos"), -1) == 1
    assert outgoing_factor(activation("gelu"), -1) is None and outgoing_factor(activation("power:2"), 2) is None
