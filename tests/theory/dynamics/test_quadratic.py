"""Thresholds on quadratics, the change of the loss, power laws and the toy of sharpening, against direct computation."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp

from theory.dynamics.power_law import growth, limit_of_w, prefactor, trapped_increments
from theory.dynamics.quadratic import (
    METHODS,
    change_of_loss,
    corrected_sharpness,
    frozen_polynomial,
    frozen_step,
    gradient_curvature,
    sharpness_threshold,
    sufficient_eps,
)
from theory.dynamics.sharpening import Sharpening


@pytest.mark.parametrize("method", METHODS)
def test_polynomial_is_that_of_the_step(method):
    beta1, eta, curvature, z = sp.symbols("beta1 eta lambda z")
    columns = [frozen_step(method, beta1, eta, curvature, *unit) for unit in ((1, 0), (0, 1))]
    matrix = sp.Matrix(2, 2, lambda i, j: columns[j][i])
    stated = sum(c * z**n for n, c in enumerate(frozen_polynomial(method, beta1, eta * curvature)))
    if method == "gradient descent":
        matrix = matrix[1:, 1:]
    assert sp.expand(matrix.charpoly(z).as_expr() - stated) == 0


@pytest.mark.parametrize(("method", "beta1"), list(product(METHODS, (0, Fraction(3, 10), Fraction(9, 10), Fraction(99, 100)))))
def test_threshold(method, beta1):
    eta = Fraction(1, 7)
    threshold = sharpness_threshold(method, beta1, eta)
    at = lambda share: abs(np.roots([float(c) for c in frozen_polynomial(method, beta1, eta * threshold * share)][::-1])).max()
    assert at(Fraction(999, 1000)) < 1 < at(Fraction(1001, 1000)) and at(1) == pytest.approx(1)
    # at the threshold -1 is a root
    assert sum(c * (-1) ** n for n, c in enumerate(frozen_polynomial(method, beta1, eta * threshold))) == 0


def test_corrected_sharpness_meets_the_same_threshold():
    beta1, eta = Fraction(9, 10), Fraction(1, 100)
    assert corrected_sharpness(beta1, sharpness_threshold("moving average", beta1, eta), 1, correction=False) == 2 / eta
    assert corrected_sharpness(beta1, 1, 3) == Fraction(1, 19) / (1 - beta1**3)
    # eps as large as stated keeps lambda/(sqrt(v) + eps) at or below the threshold
    assert 5 / sufficient_eps(beta1, eta, 5) == sharpness_threshold("moving average", beta1, eta)


def test_a_step_raises_the_loss_exactly_beyond_the_curvature_along_it():
    rng, eta = np.random.default_rng(0), Fraction(1, 3)
    rises = 0
    for _ in range(200):
        A = rng.integers(-3, 4, (3, 3))
        H, g = (A @ A.T).astype(object), rng.integers(-4, 5, 3).astype(object)
        u = g * np.array([Fraction(1, int(p)) for p in rng.integers(1, 6, 3)])
        if not g.any():
            continue
        x = rng.integers(-3, 4, 3).astype(object)
        loss = lambda y, H=H, b=g - H @ x: (y @ H @ y) / Fraction(2) + b @ y  # gradient g at x
        change = loss(x - eta * u) - loss(x)
        assert change == change_of_loss(H, g, u, eta)
        assert (change > 0) == (gradient_curvature(H, g, u) > 2 / eta)
        rises += change > 0
    assert 20 < rises < 180


def test_power_law_bounds_hold_along_orbits():
    k, eta, mu = 4, Fraction(1, 50), Fraction(1, 2)
    x, m, w = Fraction(1, 4), Fraction(0), None
    for _ in range(6):  # exact rationals grow fast
        m = mu * m + x**3
        w = m / x**3
        y, x = x**-2, x - eta * m
        low, high = w * Fraction(99, 100), w * Fraction(101, 100)
        bounds = trapped_increments(k, eta, 0, w, y, low, high)  # mu = 0: w itself is injected
        if bounds:
            assert bounds[0] <= x**-2 - y <= bounds[1]


def test_power_law_refuses_intervals_that_are_left():
    args = (4, 0.01, 0.9, 1.0)
    assert trapped_increments(*args, 1e6, 9.9, 10.1) is not None
    assert trapped_increments(*args, 1e6, 10.1, 10.2) is None  # low above the limit 10
    assert trapped_increments(*args, 1e6, 9.0, 9.5) is None  # high below it
    assert trapped_increments(*args, 0.05, 9.9, 10.1) is None  # y too small: the ratio may turn negative


def test_numbers():
    assert [limit_of_w(m, Fraction(9, 10)) for m in METHODS] == [1, 10, 1] and growth(6, 0.01, 10) == pytest.approx(0.4)
    assert prefactor(4, 0.01, 1) == pytest.approx(7.0711, abs=1e-4) and prefactor(6, 0.01, 10) == pytest.approx(1.2574, abs=1e-4)
    for call in (limit_of_w, lambda m, b: frozen_polynomial(m, b, 1), lambda m, b: sharpness_threshold(m, b, 1)):
        with pytest.raises(ValueError, match="heavy ball"):
            call("nesterov", 0)


def test_the_toy_is_what_its_gradient_says():
    x, y, a, b, c, target = sp.symbols("x y a b c t")
    toy = Sharpening(a, b, c, target)
    assert [sp.expand(sp.diff(toy.loss(x, y), v) - g) for v, g in zip((x, y), toy.gradient(x, y), strict=True)] == [0, 0]
    assert sp.diff(toy.loss(x, y), x, 2) == toy.sharpness(y)
