"""Adam on x^k/k: fixed points, their derivative and Jury's numbers, against exact arithmetic, differences and eigenvalues."""

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.dynamics.adam import (
    beta2_of,
    check_betas,
    check_power,
    exists,
    fixed_point,
    hitting_time_slope,
    in_powers,
    is_stable,
    jacobian_at_fixed_point,
    jury_forms,
    largest_beta1,
    least_beta1,
    ratio_of,
    reduced_step,
    trace_determinant,
    trace_of,
)

RATIOS = [Fraction(1, 5), Fraction(1, 2), Fraction(7, 10), Fraction(19, 20)]


@pytest.mark.parametrize(("k", "rho", "sign"), list(product((4, 6, 8, 12), RATIOS, (1, -1))))
def test_fixed_points_are_fixed_exactly(k, rho, sign):
    beta1, eta = rho**k * Fraction(2, 3), Fraction(1, 1000)
    found = fixed_point(k, beta1, rho, eta, sign)
    w, l, r = reduced_step(k, beta1, rho, found.w, found.l, eta)
    assert (w, l, r) == (found.w, found.l, found.ratio) and abs(r) == rho
    assert found.w > 0 and found.l > 0


@pytest.mark.parametrize("k", [4, 6])
def test_existence_is_the_sign_of_l(k):
    rho = Fraction(2, 3)
    for share, there in ((Fraction(99, 100), True), (Fraction(101, 100), False)):
        beta1 = share * rho ** (k - 1)
        assert exists(k, beta1, rho) is there and (fixed_point(k, beta1, rho).l > 0) is there
    assert not exists(k, rho ** (k - 1), rho)
    with pytest.raises(ZeroDivisionError):
        fixed_point(k, rho ** (k - 1), rho)


def test_one_step_of_adam_is_one_step_in_the_reduced_state():
    """x, m, v moved by Adam's own rule, with every figure that matters: v over x^(2(k-2)) is 1/l^2 up to a term in x^2."""
    k, beta1, rho, eta = 6, Fraction(3, 10), Fraction(4, 5), Fraction(1, 100)
    beta2 = beta2_of(k, rho)
    x, l, w = Fraction(1, 10**6), Fraction(7, 2), Fraction(9, 10)
    root_v, m = x ** (k - 2) / l, w * x ** (k - 1)
    moved = x - eta * m / root_v
    g = moved ** (k - 1)
    expected = reduced_step(k, beta1, rho, w, l, eta)
    assert moved / x == expected[2]
    assert (beta1 * m + (1 - beta1) * g) / moved ** (k - 1) == expected[0]
    square = (beta2 * root_v**2 + (1 - beta2) * g * g) / moved ** (2 * (k - 2))
    assert square == 1 / expected[1] ** 2 + (1 - beta2) * moved**2


@pytest.mark.parametrize(("k", "rho", "sign"), list(product((4, 6, 10), RATIOS[1:], (1, -1))))
def test_trace_and_determinant_against_differences(k, rho, sign):
    beta1 = rho**k / 2
    found = fixed_point(k, beta1, rho, 1, sign)
    with mpmath.workdps(60):
        at = [mpmath.mpf(v.numerator) / v.denominator for v in (found.w, found.l)]
        numbers = [mpmath.mpf(v.numerator) / v.denominator for v in (beta1, rho)]
        step = lambda w, l: reduced_step(k, *numbers, w, l)[:2]
        h = mpmath.mpf(10) ** -20
        columns = []
        for j in (0, 1):
            up, down = ([a + s * h * (i == j) for i, a in enumerate(at)] for s in (1, -1))
            columns.append([(p - q) / (2 * h) for p, q in zip(step(*up), step(*down), strict=True)])
        trace, det = columns[0][0] + columns[1][1], columns[0][0] * columns[1][1] - columns[0][1] * columns[1][0]
        expected = trace_determinant(k, beta1, found.ratio)
        assert abs(trace - mpmath.mpf(expected[0].numerator) / expected[0].denominator) < 1e-30
        assert abs(det - mpmath.mpf(expected[1].numerator) / expected[1].denominator) < 1e-30


def test_derivative_for_a_symbolic_power():
    J, s = jacobian_at_fixed_point()
    zero = lambda expression: in_powers(expression, s["r"], s["k"], s["P"])
    trace, det = trace_determinant(s["k"], s["beta1"], s["r"])
    assert zero(J.trace() - trace) == 0 and zero(J.det() - det) == 0
    assert zero(J.trace() - trace + 1) != 0
    forms, k, r = jury_forms(s["k"], s["beta1"], s["r"]), s["k"], s["r"]
    assert zero(forms["1 - det"] - r**k * (1 - det)) == 0
    assert zero(forms["1 - trace + det"] * (k - 2) * (1 - r) / r**k - (1 - trace + det)) == 0
    assert zero(forms["1 + trace + det"] - r**k * (1 + trace + det)) == 0


def test_powers_are_written_in_one_symbol():
    x, k, P = sp.symbols("x k P", nonzero=True)
    assert in_powers(x ** (k + 2) * x ** (-k) - x**2, x, k, P) == 0
    assert in_powers(x ** (2 * k - 1) - P**2 / x, x, k, P) == 0
    assert in_powers(x ** (k + 1) - P, x, k, P) != 0


def test_jury_decides_like_eigenvalues():
    """Random parameters, a few units of rounding away from the boundary."""
    rng, met = np.random.default_rng(0), {True: 0, False: 0}
    for k in (4, 6, 8):
        for share, rho in zip(rng.uniform(0, 1, 300), rng.uniform(0.2, 1, 300), strict=True):
            beta1 = share * rho ** (k - 1)
            trace, det = trace_determinant(k, beta1, rho)
            radius = abs(np.roots([1, -trace, det])).max()
            if abs(radius - 1) > 1e-6:
                assert is_stable(k, beta1, rho) == (radius < 1)
                met[bool(radius < 1)] += 1
    assert min(met.values()) > 50


def test_equation_9_is_needed_and_holds_by_itself_for_large_ratios():
    assert largest_beta1(4, Fraction(2, 5)) > Fraction(1, 1000) and not is_stable(4, Fraction(1, 1000), Fraction(2, 5))
    for k in (4, 6, 8):
        edge = Fraction(k - 2, k)
        assert least_beta1(k, edge) == 0 and not is_stable(k, 0, edge) and is_stable(k, edge**k / 2, edge)
        assert least_beta1(k, edge + Fraction(1, 50)) < 0 < least_beta1(k, edge - Fraction(1, 50))
        beta1 = least_beta1(k, edge - Fraction(1, 50))
        assert jury_forms(k, beta1, edge - Fraction(1, 50))["1 + trace + det"] == 0


@pytest.mark.parametrize(("k", "rho"), list(product((4, 6, 8), RATIOS)))
def test_the_alternating_fixed_point_never_attracts(k, rho):
    for share in (0, Fraction(1, 2), 1, 2):
        beta1 = min(share * rho**k, Fraction(99, 100))
        trace, det = trace_determinant(k, beta1, -rho)
        assert 1 - trace + det < 0 and trace == trace_of(k, det, -rho)


def test_numbers():
    assert ratio_of(4, 0.81) == pytest.approx(0.81**0.25) and beta2_of(6, Fraction(1, 2)) == Fraction(1, 256)
    assert ratio_of(6, sp.Rational(1, 256)) == sp.Rational(1, 2)
    assert hitting_time_slope(4, 0.97) * np.log(1e8) == pytest.approx(2419.1, abs=0.05)


@pytest.mark.parametrize("k", [2, 3, 5, 4.0, True, "4"])
def test_powers_that_are_refused(k):
    with pytest.raises(ValueError, match="even integer of at least 4"):
        check_power(k)


@pytest.mark.parametrize(("betas", "name"), [((1, 0), "beta1"), ((-0.1, 0), "beta1"), ((0, 1), "beta2"), ((0, float("nan")), "beta2")])
def test_betas_that_are_refused(betas, name):
    with pytest.raises(ValueError, match=name):
        check_betas(*betas)
