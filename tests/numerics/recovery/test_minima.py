"""Dynamics and nearby zeros at perfect minima, against formulas, known cases and each other; isolation of zeros by balls."""

import numpy as np
import pytest

from numerics.arithmetic.isolation import isolate_zeros, sign_change
from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.hessian import hessian
from numerics.recovery.minima import (
    certified_least_eigenvalue,
    certified_tail,
    curvature_form,
    decay_rate,
    designs,
    distance_to_branches,
    fit,
    flow,
    generalization,
    hessian_eigenvalues,
    nearby_zero_loss,
    other_interpolants,
    residual_and_tangents,
    slow_decay,
)
from theory.models import TwoLayer
from theory.recovery import Branch, Target, branches, on_grid, random_target
from theory.recovery.genericity import shifted

SIGMA = shifted("tanh")
SPLIT, LONE = Branch(((0, 1),), ()), Branch(((0,),), ((1,),))
TARGET = Target([[0.75]], [1.25])
X = np.array([[-1.5], [-0.5], [0.25], [1.0], [1.75], [0.625]])
LONE_POINT, SPLIT_POINT = np.array([0.75, -1.0, 1.25, 0.0]), np.array([0.75, 0.75, 0.5, 0.75])
MODEL = TwoLayer(1, 2, activation=SIGMA)


def labels(theta, x=X):
    return MODEL(theta, x)[:, 0]


def test_eigenvalues_are_those_of_the_hessian():
    H = hessian(MODEL, LONE_POINT, (X, labels(LONE_POINT)[:, None]), weights=np.ones(len(X)))
    expected = np.linalg.eigvalsh(H)[-3:]  # the fourth belongs to the free weight
    assert np.allclose(hessian_eigenvalues(MODEL, LONE_POINT, X), expected, rtol=1e-7)


def test_flow_decays_at_the_predicted_rate_and_up_the_gradient_it_does_not():
    eigenvalues = hessian_eigenvalues(MODEL, LONE_POINT, X)
    times = np.linspace(0, 20 / eigenvalues[0], 60)
    start = LONE_POINT + 0.01
    decay = flow(MODEL, start, X, labels(LONE_POINT), times)
    rate = decay_rate(decay, largest=1e-10, smallest=1e-18)
    assert rate == pytest.approx(2 * hessian_eigenvalues(MODEL, decay.theta[-1], X)[0], rel=0.02)
    assert decay.length < 0.1 and np.isnan(decay_rate(decay, largest=1e-40, smallest=0.0))
    upwards = flow(MODEL, start, X, labels(LONE_POINT), times[:10] / 50, direction=1)
    assert upwards.loss[-1] > upwards.loss[0]


def test_flow_against_small_euler_steps():
    y, theta = labels(LONE_POINT), LONE_POINT + np.array([0.1, -0.1, 0.1, 0.05])
    end = flow(MODEL, theta, X, y, np.array([0.0, 0.5])).theta[-1]
    errors = []
    for steps in (2000, 4000):
        point = theta.copy()
        for _ in range(steps):
            r, jacobian = residual_and_tangents(MODEL, point, X, y)
            point = point - 0.5 / steps * 2 * r @ jacobian
        errors.append(np.abs(point - end).max())
    assert errors[0] < 1e-4 and errors[1] / errors[0] == pytest.approx(0.5, abs=0.02)


def test_constants_of_the_slow_decay():
    slow = slow_decay(MODEL, SPLIT_POINT, X)
    direction = np.array([0.75, -0.5, 0, 0]) / np.hypot(0.75, 0.5)
    y, least = labels(SPLIT_POINT), []
    for s in (2e-2, 1e-2):  # minimize over the fast directions by Gauss-Newton from the slow line
        theta = SPLIT_POINT + s * direction
        for _ in range(20):
            r, jacobian = residual_and_tangents(MODEL, theta, X, y)
            normal = jacobian - np.outer(jacobian @ direction, direction)
            theta = theta - np.linalg.pinv(normal, rcond=1e-4) @ r
        least.append((residual_and_tangents(MODEL, theta, X, y)[0] ** 2).sum() / s**4)
    assert 2 * least[1] - least[0] == pytest.approx(slow.curvature, rel=0.05)


def test_nearby_zeros_below_and_at_separation():
    rng = np.random.default_rng(0)
    theta = np.stack([LONE.sample(random_target(1, 1, rng), rng) for _ in range(40)])
    shares = []
    for n in (2, 3):
        x = designs(MODEL, theta, n, 3, rng=rng)
        assert x.shape == (40, n, 1)
        shares.append(nearby_zero_loss(MODEL, theta, x, rng=rng).imperfect.mean())
    assert shares[0] > 0.9 and shares[1] < 0.1


def test_training_finds_the_target_and_branches():
    rng = np.random.default_rng(1)
    theta, found = fit(SIGMA, [TARGET], width=2, x=rng.normal(0, 1.5, (1, 12, 1)), starts=12, rng=rng)
    assert theta.shape == (1, 12, 4) and found.sum() >= 3
    assert generalization(SIGMA, TARGET, theta[found]).max() < 1e-5
    assert distance_to_branches(TARGET, 2, theta[found]).max() < 1e-3


def test_distance_to_branches():
    rng = np.random.default_rng(2)
    points = np.stack([branch.sample(TARGET, rng) for branch in branches(3, 1)])
    assert distance_to_branches(TARGET, 3, points).max() < 1e-13
    moved = SPLIT_POINT + np.array([0.0, 0.0, 0.3, 0.3])  # off the line a1 + a2 = 1.25
    assert distance_to_branches(TARGET, 2, moved[None])[0] == pytest.approx(0.3 * np.sqrt(2))


def test_other_interpolants_interpolate():
    sigma = shifted("sigmoid", "3/10")
    for seed in range(60):
        rng = np.random.default_rng(seed)
        weight, x = rng.normal(0, 1.2), rng.normal(0, 1.3, 2)
        if others := other_interpolants(sigma, weight, x):
            known, value = sigma(weight * x), sigma(others[0] * x)
            assert known[0] / value[0] == pytest.approx(known[1] / value[1], rel=1e-6)
            assert abs(others[0] - weight) > 1e-6
            return
    pytest.fail("no data set among 60 has a second interpolant")


def test_curvature_form_is_a_second_derivative():
    rng = np.random.default_rng(3)
    model, w, x, c = TwoLayer(2, 1, activation=SIGMA), np.array([0.5, -0.7]), rng.normal(size=(5, 2)), rng.normal(size=5)
    form, v, h = curvature_form(model, w, x, c), np.array([0.3, 0.4]), 1e-4
    value = lambda t: c @ SIGMA(x @ (w + t * v))
    assert v @ form @ v == pytest.approx((value(h) - 2 * value(0) + value(-h)) / h**2, rel=1e-5)


def test_certified_tail_brackets_the_limit():
    rng = np.random.default_rng(4)
    start = LONE_POINT + on_grid(rng.normal(size=4)) * 2.0**-20
    x = X[[0, 2, 4]]
    lower, upper = certified_tail(MODEL, LONE_POINT, start, x, reach=1e-4)
    end = flow(MODEL, start, x, labels(LONE_POINT, x), np.array([0.0, 200.0 / hessian_eigenvalues(MODEL, LONE_POINT, x)[0]])).theta[-1]
    assert lower <= np.linalg.norm(end - start) <= upper
    with pytest.raises(NotCertified):
        certified_tail(MODEL, LONE_POINT, start, x, reach=1e-12)


def test_certified_least_eigenvalue_brackets_the_singular_value():
    x = X[[0, 2, 4]]
    lower, upper = certified_least_eigenvalue(MODEL, LONE_POINT, x, reach=1e-7)
    assert lower <= hessian_eigenvalues(MODEL, LONE_POINT, x)[0] / 2 <= upper < 1.2 * lower


# ------------------------------------------------------------------------------------------------- isolation of zeros


def polynomial(w):
    """(w - 1)^2 (w + 1/2) and two derivatives."""
    return (w - 1) ** 2 * (w + ball("0.5")), 3 * w * w - 3 * w, 6 * w - 3


def test_zeros_with_multiplicities():
    with working_precision(128):
        found = isolate_zeros(polynomial, ball(-3), ball("4.1"), double=[ball(1)])
    assert [(round(position, 12), multiplicity) for position, multiplicity in found] == [(-0.5, 1), (1.0, 2)]


def test_an_unknown_double_zero_is_not_guessed():
    with working_precision(128), pytest.raises(NotCertified, match="zeros near 1"):
        isolate_zeros(polynomial, ball(-3), ball("4.1"))


def test_sign_changes():
    with working_precision(64):
        assert sign_change(lambda w: w - 1, ball(0), ball(2)) is True
        assert sign_change(lambda w: w - 1, ball(2), ball(3)) is False
        assert sign_change(lambda w: w - 1, ball(1), ball(3)) is None
        assert len(balls([1, 2])) == 2
