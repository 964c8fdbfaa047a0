"""The slope test: batched tangents against the tape, slopes where they are known."""

import numpy as np
import pytest

from numerics.derivatives.tape import tangents
from numerics.rank.slope import batched_tangents, best_conditioned, nearest_zero_loss, slope_test
from theory.models import TwoLayer
from theory.models.factorizations import MeasuredFactorization
from theory.models.toy import RedundantModel


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("model", [TwoLayer(2, 3, bias=True), TwoLayer(2, 2, outputs=3), MeasuredFactorization(2, 3, 2)], ids=str)
def test_batched_tangents_are_those_of_the_tape(model, rng):
    theta, x = rng.normal(size=(4, model.n_params)), rng.normal(size=(4, 5, model.input_size))
    values, jacobians = batched_tangents(model, theta, x)
    for one, samples, value, jacobian in zip(theta, x, values, jacobians, strict=True):
        output, expected = tangents(model, one, samples)
        np.testing.assert_allclose(value, output.ravel(), rtol=1e-12)
        np.testing.assert_allclose(jacobian, expected.reshape(jacobian.shape), rtol=1e-12)


def split_neuron(model, batch, rng):
    w = rng.normal(size=(batch, 1, model.inputs)).repeat(model.width, axis=1)
    return model.pack(input_weights=w, output_weights=rng.uniform(1, 2, (batch, 1, model.width)))


@pytest.mark.parametrize(("n", "slope"), [(2, 1.0), (3, 2.0)])
def test_one_tanh_neuron_as_two(n, slope, rng):
    """R = 3 on two inputs: first order below, second order from there."""
    model = TwoLayer(2, 2)
    theta = split_neuron(model, 20, rng)
    x = best_conditioned(model, theta, rng.normal(size=(20, 40, n, 2)), 3)
    found = slope_test(model, theta, x, rng.normal(size=(50, 2)), rng=rng)
    assert found.converged.all()
    assert np.nanmedian(found.slope) == pytest.approx(slope, abs=0.1)
    assert (found.first_order == (slope == 2)).mean() > 0.8


def test_determined_models_recover_exactly(rng):
    """(a + b) x is linear with R = 1: one sample leaves no error."""
    model = RedundantModel()
    found = slope_test(model, rng.normal(size=(5, 2)), np.ones((5, 1, 1)), rng.normal(size=(9, 1)), rng=rng)
    assert found.exact.all() and found.first_order.all() and np.isnan(found.slope).all()


def test_steps_have_minimum_norm(rng):
    """For a linear model the step is the projection onto the solutions."""
    model, theta = RedundantModel(), np.array([[3.0, 1.0]])
    found, converged = nearest_zero_loss(model, theta, np.ones((1, 1, 1)), np.array([[2.0]]))
    assert converged.all()
    np.testing.assert_allclose(found, [[2.0, 0.0]], atol=1e-14)


def test_the_best_design_is_the_best_conditioned(rng):
    model, theta = TwoLayer(1, 1), np.array([[1.0, 1.0]])
    designs = np.array([[[[1.0], [1.001]], [[0.3], [2.0]], [[1.0], [1.0]]]])
    np.testing.assert_array_equal(best_conditioned(model, theta, designs, 2), designs[:, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"theta": np.ones((2, 5))}, "theta must be"),
        ({"x": np.ones((3, 4, 2))}, "x"),
        ({"distances": (1e-4, 1e-3)}, "decreasing"),
    ],
)
def test_bad_arguments(change, message, rng):
    arguments = {"theta": np.ones((2, 6)), "x": np.ones((2, 4, 2)), "test": np.ones((3, 2)), "rng": rng, **change}
    with pytest.raises(ValueError, match=message):
        slope_test(TwoLayer(2, 2), **arguments)
