"""Contributions and their gradients, alignment, the null model, and the scalar model's moments."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.dynamics import noise
from numerics.dynamics.masks import mask_moments
from theory.models import FullyConnected, TwoLayer

MODEL = TwoLayer(2, 3, 2, "tanh", bias=True, output_bias=True)


def test_contributions_add_up_and_their_gradients_are_derivatives():
    rng = np.random.default_rng(0)
    theta, x = MODEL.init(rng), rng.normal(size=(4, 2))
    s, g = noise.contributions_and_gradients(MODEL, theta, x)
    assert np.allclose(s.sum(axis=1) + MODEL.unpack(theta)["output_bias"], MODEL(theta, x), rtol=1e-14)
    for p, h in enumerate(1e-6 * np.eye(MODEL.n_params)):
        change = noise.contributions_and_gradients(MODEL, theta + h, x)[0] - noise.contributions_and_gradients(MODEL, theta - h, x)[0]
        assert np.allclose(change / 2e-6, g[..., p], atol=1e-8)


def test_the_noise_of_a_network_is_that_of_its_masks():
    """Every mask of a network with a rational activation, enumerated, against the closed form in floats."""
    model, rng = TwoLayer(2, 4, 1, "power:2", bias=True), np.random.default_rng(1)
    theta = np.array([Fraction(int(k), 4) for k in rng.integers(-6, 7, model.n_params)])
    x, y = np.array([[Fraction(1), Fraction(-1, 2)], [Fraction(2), Fraction(1, 3)]]), np.array([[Fraction(1)], [Fraction(0)]])
    s, g = noise.contributions_and_gradients(model, rationals(theta), rationals(x))
    moments = mask_moments(s, y, g, Fraction(3, 5))
    hessian, sigma = noise.hessian_and_noise(model, theta.astype(float), (x.astype(float), y.astype(float)), 0.6)
    exact = np.array([[float(entry.p) / float(entry.q) for entry in row] for row in moments.covariance])
    assert np.allclose(sigma, exact, rtol=1e-11, atol=1e-11) and hessian.shape == sigma.shape


def test_alignment_and_null_model():
    rng = np.random.default_rng(2)
    matrix = np.diag([5.0, 1.0, 0.1, 0.0])
    assert noise.alignment(matrix, 3 * matrix) == pytest.approx(1)
    null = noise.rotated_alignments(matrix, matrix, rng, 2000)
    # the mean over all rotations of tr(A R B R^T) is tr A tr B / P
    expected = 6.1**2 / 4 / (matrix**2).sum()
    assert abs(null.mean() - expected) < 5 * null.std() / np.sqrt(len(null)) and null.max() < 1


def test_slope_of_flatness_and_variance():
    values, variances = noise.flatness_and_variance(np.diag([4.0, 1.0, 0.25, 1e-9]), np.diag([16.0, 1.0, 0.0625, 7.0]))
    assert values.tolist() == [4, 1, 0.25] and noise.log_slope(values, variances) == pytest.approx(2)


def test_effective_ratio():
    assert noise.effective_ratio(np.array([[1.0, 0], [2, 0.01], [-3, 0.02], [0, 1]])) == 0.5
    assert noise.effective_ratio(np.eye(5)) == 1


def test_the_scalar_model_by_hand():
    first, second = noise.scalar_descent(Fraction(1, 2), Fraction(1, 10), 1)
    # xi = 2 or 0: a = 1/5 or 0
    assert (first, second) == (Fraction(1, 10), Fraction(1, 50))


def test_the_scalar_model_over_two_steps_by_enumeration():
    keep, step = Fraction(1, 3), Fraction(1, 7)
    law = [(Fraction(3), keep), (Fraction(0), 1 - keep)]
    after = lambda a, xi: a - step * xi * (xi * a - 1)
    ends = [(after(after(Fraction(1, 2), xi), other), p * q) for xi, p in law for other, q in law]
    first, second = noise.scalar_descent(keep, step, 2, Fraction(1, 2))
    assert first == sum(w * a for a, w in ends) and second == sum(w * a * a for a, w in ends)


@pytest.mark.parametrize("correction, order", [("none", 1), ("mean", 2)])
def test_weak_orders(correction, order):
    def errors(step):
        exact = noise.scalar_descent(Fraction(4, 5), step, int(1 / step), Fraction(1, 4))
        found = noise.scalar_diffusion(Fraction(4, 5), step, Fraction(1), correction, Fraction(1, 4))
        return [abs(float(value) - float(ball.mid())) for value, ball in zip(exact, found, strict=True)]

    for coarse, fine in zip(errors(Fraction(1, 64)), errors(Fraction(1, 128)), strict=True):
        assert abs(np.log2(coarse / fine) - order) < 0.1


def test_bad_input():
    with pytest.raises(TypeError, match="model must be a TwoLayer"):
        noise.contributions_and_gradients(FullyConnected((2, 3, 1)), np.zeros(13), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="correction must be none, mean or square"):
        noise.scalar_diffusion(Fraction(1, 2), Fraction(1, 8), Fraction(1), "both")
    with pytest.raises(ValueError, match="keep must be a probability"):
        noise.scalar_descent(Fraction(2), Fraction(1, 8), 1)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: noise.alignment(np.zeros((2, 2)), np.eye(2)), "matrices must not be 0"),
        (lambda: noise.log_slope(np.array([1.0]), np.array([2.0])), "two different x at least"),
        (lambda: noise.log_slope(np.array([1.0, -1.0]), np.array([1.0, 2.0])), "x and y must be positive"),
        (lambda: noise.effective_ratio(np.array([[0.0, 0.0], [1.0, 0.0]])), "none of them 0"),
        (lambda: noise.effective_ratio(np.zeros((0, 2))), "one row at least"),
    ],
)
def test_what_has_no_angle_or_slope_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()
