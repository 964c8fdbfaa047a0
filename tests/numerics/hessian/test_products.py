"""Products with the Hessian, ends of its spectrum and what they prove, against the whole matrix and against differences of gradients."""

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.hessian import extremes, gradient, gradients, hessian, hessian_product, inertia_along
from numerics.hessian import products as module
from theory.models import FullyConnected, MatrixFactorization, TwoLayer

NETWORKS = [
    (FullyConnected((3, 4, 3, 2)), "mse"),
    (FullyConnected((3, 4, 3, 2), "relu"), "cross-entropy"),
    (TwoLayer(3, 5, outputs=2, activation="softplus"), "cross-entropy"),
]


def drawn(model, loss, samples=12, seed=0):
    rng = np.random.default_rng(seed)
    y = np.eye(2)[rng.integers(0, 2, samples)] if loss == "cross-entropy" else rng.normal(size=(samples, 2))
    return model.init(rng), (rng.normal(size=(samples, model.inputs)), y), rng


@pytest.mark.parametrize(("model", "loss"), NETWORKS)
def test_products_are_those_of_the_matrix_and_of_differences(model, loss):
    theta, data, rng = drawn(model, loss)
    directions = rng.normal(size=(3, model.n_params))
    found = hessian_product(model, theta, data, directions, loss)
    np.testing.assert_allclose(found, directions @ hessian(model, theta, data, loss), rtol=0, atol=1e-12 * np.abs(found).max())
    step = 1e-6 * directions[0]
    difference = (gradient(model, theta + step, data, loss) - gradient(model, theta - step, data, loss)) / 2e-6
    np.testing.assert_allclose(found[0], difference, atol=1e-6 * np.abs(found).max())


def test_products_are_exact_in_rationals():
    model = MatrixFactorization(2, 3, 2)
    rng = np.random.default_rng(0)
    theta, y = rationals(rng.integers(-3, 4, model.n_params)), rationals(rng.integers(-3, 4, (6, 1)))
    directions = rationals(rng.integers(-2, 3, (2, model.n_params)))
    assert (
        hessian_product(model, theta, (model.entries(), y), directions) == directions @ hessian(model, theta, (model.entries(), y))
    ).all()


@pytest.mark.parametrize(("model", "loss"), NETWORKS)
def test_ends_of_the_spectrum(model, loss, monkeypatch):
    theta, data, _ = drawn(model, loss)
    true = np.linalg.eigvalsh(hessian(model, theta, data, loss))
    for part in (module.IN_CACHE, 1):  # all samples at once, and one after the other
        monkeypatch.setattr(module, "IN_CACHE", part)
        found = extremes(model, theta, data, loss, count=3)
        assert found.complete and (found.residuals <= 1e-6 * np.abs(true).max()).all()
        np.testing.assert_allclose(found.values, [*true[:3], *true[-3:]], atol=1e-6 * np.abs(true).max())
        np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-12)


@pytest.mark.parametrize(("model", "loss"), NETWORKS)
def test_a_hessian_in_parts_is_the_same(model, loss, monkeypatch):
    theta, data, rng = drawn(model, loss)
    batch = theta + rng.normal(size=(3, 1)) / 10
    whole = hessian(model, batch, data, loss)
    for most in (1, 3000):
        monkeypatch.setattr(gradients, "IN_CACHE", most)
        np.testing.assert_allclose(hessian(model, batch, data, loss), whole, rtol=0, atol=1e-14 * np.abs(whole).max())


def test_few_parameters_and_many_eigenvalues():
    model = FullyConnected((1, 1, 1))
    theta, data = np.array([0.5, 0.1, 0.7, -0.2]), (np.linspace(-1, 1, 5)[:, None], np.ones((5, 1)))
    found = extremes(model, theta, data, count=3)
    true = np.linalg.eigvalsh(hessian(model, theta, data))
    np.testing.assert_allclose([found.values[0], found.values[-1]], [true[0], true[-1]], atol=1e-9)
    for count in (0, 4, True, 1.5):
        with pytest.raises(ValueError, match="count must be a number of eigenvalues from 1 to 3"):
            extremes(model, theta, data, count=count)


@pytest.mark.parametrize(("model", "loss"), NETWORKS)
def test_what_is_proved_along_directions_holds_of_the_whole(model, loss):
    theta, data, rng = drawn(model, loss)
    true = np.linalg.eigvalsh(hessian(model, theta, data, loss))
    negative, positive = (true < -1e-10).sum(), (true > 1e-10).sum()
    chosen = extremes(model, theta, data, loss, count=3).vectors
    for directions in (chosen, rng.normal(size=(4, model.n_params)), np.concatenate([chosen, chosen])):  # the last dependent
        (low, _), _, (high, _) = inertia_along(model, theta, data, directions, loss).bounds
        assert low <= negative and high <= positive
    (low, _), (zero, most), (high, _) = inertia_along(model, theta, data, chosen, loss).bounds
    assert (low, high) == (min(3, negative), min(3, positive)) and zero == 0 and most == model.n_params - low - high


def test_rounding_of_the_weights_is_meant():
    """In single precision the sign of a tiny curvature stays open."""
    model = TwoLayer(1, 1, activation="identity")
    data = np.array([[1e-9]]), np.array([[0.0]])
    directions = np.array([[1.0, 0.0]])
    theta = np.array([1e-30, 1e-30])
    assert inertia_along(model, theta, data, directions).bounds[2][0] == 1
    assert inertia_along(model, theta.astype(np.float32) * 0, data, directions).undecided == 2


def test_a_kink_is_refused():
    model = TwoLayer(1, 1, activation="relu")
    with pytest.raises(ValueError, match="kink"):
        inertia_along(model, np.array([0.0, 1.0]), (np.array([[1.0]]), np.array([[1.0]])), np.eye(2))


@pytest.mark.parametrize("directions", [0.5, np.ones(4), np.ones((2, 3)), np.ones((1, 2, 4))])
def test_directions_are_rows_of_parameters(directions):
    with pytest.raises(ValueError, match="directions must have shape"):
        hessian_product(FullyConnected((1, 1, 1)), np.ones(4), (np.ones((2, 1)), np.ones((2, 1))), directions)
