"""The 2-cycle of Adam, its polynomial, and RMSProp's scalar map, in exact arithmetic."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from theory.dynamics.adam_cycle import amplitude, bistable_range, cycle_margin, cycle_polynomial, cycle_state
from theory.dynamics.rmsprop import largest_gain, least_beta2, period_two_ratio, scalar_fixed_point, scalar_map

BETAS = [(Fraction(a, 10), Fraction(b, 10)) for a, b in ((0, 1), (1, 0), (3, 2), (9, 9), (1, 1))]


@pytest.mark.parametrize(("k", "betas"), list(product((4, 6, 10), BETAS)))
def test_one_step_leads_to_the_opposite_state(k, betas):
    beta1, beta2 = betas
    eta = Fraction(1, 37)
    x, m, v = cycle_state(k, beta1, eta)
    assert x == amplitude(beta1, eta) and v == x ** (2 * (k - 1))
    moved = x - eta * m / x ** (k - 1)
    g = moved ** (k - 1)
    assert (moved, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g) == (-x, -m, v)


@pytest.mark.parametrize(("k", "betas"), list(product((4, 6, 8), BETAS)))
def test_polynomial_is_that_of_the_derivative(k, betas):
    """The derivative at the cycle in relative deviations, row by row, taken from the step by hand, against numpy's eigenvalues."""
    beta1, beta2 = map(float, betas)
    a = np.array([-1.0, 2, -1])
    mu = (1 + beta1) * (k - 1) * a + [0, -beta1, 0]
    nu = 2 * (1 - beta2) * (k - 1) * a + [0, 0, beta2]
    assert np.poly(np.stack([a, mu, nu]))[::-1] == pytest.approx(np.array(cycle_polynomial(k, beta1, beta2), dtype=float))


@pytest.mark.parametrize("k", [4, 6, 8])
def test_margin_decides_like_the_roots(k):
    met = {True: 0, False: 0}
    for beta1, beta2 in product(np.linspace(0, 0.25, 20), np.linspace(0.001, 0.3, 20)):
        radius = abs(np.roots(cycle_polynomial(k, beta1, beta2)[::-1])).max()
        if abs(radius - 1) > 1e-9:
            assert (cycle_margin(k, beta1, beta2) > 0) == (radius < 1)
            met[bool(radius < 1)] += 1
    assert min(met.values()) > 3


def test_rmsprop_loses_its_cycle_at_a_rational_beta2():
    for k in (4, 6, 8):
        assert cycle_margin(k, 0, Fraction(1, 2 * k - 3)) == 0
        assert cycle_margin(k, 0, Fraction(1, 2 * k - 2)) > 0 > cycle_margin(k, 0, Fraction(1, 2 * k - 4))


def test_sign_descent_is_marginal():
    assert cycle_margin(4, 0, 0) > 0 and np.roots(cycle_polynomial(4, 0, 0)[::-1]).min() == -1


def test_both_attract_up_to_k_24():
    assert bistable_range(4) == (Fraction(1, 16), Fraction(1, 5))
    assert [k for k in range(4, 80, 2) if bistable_range(k)] == list(range(4, 26, 2))


@pytest.mark.parametrize("k", [4, 6, 8, 20])
def test_threshold_of_the_scalar_map(k):
    edge = Fraction(k - 2, k)
    assert least_beta2(k) == edge ** (2 * (k - 2)) and largest_gain(k) == edge ** -(k - 2)
    assert scalar_fixed_point(k, edge)[1] == -1
    for rho in (edge + Fraction(1, 100), edge - Fraction(1, 100)):
        u, slope = scalar_fixed_point(k, rho)
        g = rho ** -(k - 2)
        assert scalar_map(k, g, u) == u and (abs(slope) < 1) == (rho > edge)
        h = Fraction(1, 10**9)
        assert abs((scalar_map(k, g, u + h) - scalar_map(k, g, u - h)) / (2 * h) - slope) < Fraction(1, 10**6)


@pytest.mark.parametrize("k", [4, 6, 8, 20])
def test_two_cycles_of_the_scalar_map(k):
    """At the ratio of tau the two points are exchanged, exactly; the ratio falls from (k-2)/k to 0."""
    taus = [1 + Fraction(1, 1000), Fraction(5, 4), Fraction(2), Fraction(9)]
    ratios = [period_two_ratio(k, tau) for tau in taus]
    assert Fraction(k - 2, k) > ratios[0] > ratios[1] > ratios[2] > ratios[3] > 0
    for tau, rho in zip(taus, ratios, strict=True):
        g, u, v = rho ** -(k - 2), 1 - rho * tau, 1 - rho / tau
        assert scalar_map(k, g, u) == v and scalar_map(k, g, v) == u
        assert 0 < u < v < 1


@pytest.mark.parametrize("k", [4, 6, 8, 20])
def test_the_unit_interval_is_kept_up_to_the_largest_gain(k):
    assert scalar_map(k, largest_gain(k), Fraction(1, k - 1)) < 1  # the maximum of u (1 - u)^(k-2) is at 1/(k-1)
