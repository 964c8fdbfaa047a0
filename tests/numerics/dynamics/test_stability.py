"""Stability at given parameters: exact on the boundary, against eigenvalues inside, and in words for ranges that cross it."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.dynamics.stability import cycle_stability, degenerate_stability, plane, quadratic_stability
from theory.dynamics.adam import fixed_point, least_beta1, ratio_of, trace_determinant


def test_the_verdict_is_that_of_the_eigenvalues():
    rng, met = np.random.default_rng(0), {"stable": 0, "unstable": 0}
    for k in (4, 6):
        for b1, b2 in zip(rng.integers(0, 1000, 100), rng.integers(1, 1000, 100), strict=True):
            rho = ratio_of(k, b2 / 1000)
            trace, det = trace_determinant(k, b1 / 1000, rho)
            there = b1 / 1000 < rho ** (k - 1) and fixed_point(k, b1 / 1000, rho).l > 0
            expected = "stable" if there and abs(np.roots([1, -trace, det])).max() < 1 else "unstable"
            assert degenerate_stability(k, Fraction(int(b1), 1000), Fraction(int(b2), 1000)).verdict == expected
            met[expected] += 1
    assert min(met.values()) > 40


@pytest.mark.parametrize(
    ("k", "beta1", "beta2", "vanishing"),
    [
        (4, "0.9", "0.9", "1 - det"),  # equation 8 reads beta1 < beta2 for k = 4
        (6, Fraction(7, 10) ** 6, Fraction(7, 10) ** 8, "1 - det"),
        (4, "0", "1/16", "1 + trace + det"),
        (8, "0", Fraction(3, 4) ** 12, "1 + trace + det"),
        (6, least_beta1(6, Fraction(3, 5)), Fraction(3, 5) ** 8, "1 + trace + det"),
    ],
)
def test_the_boundary_is_open_and_says_which_number_vanishes(k, beta1, beta2, vanishing):
    found = degenerate_stability(k, beta1, beta2)
    assert found.verdict == "open" and found.signs[vanishing] == 0 and list(found.signs.values()).count(0) == 1
    assert f"{vanishing} vanishes" in found.reason
    shifts = [Fraction(1, 10**40)] + [Fraction(-1, 10**40)] * (Fraction(beta1) > 0)
    assert all(degenerate_stability(k, Fraction(beta1) + shift, beta2).verdict in ("stable", "unstable") for shift in shifts)


def test_an_exact_zero_with_an_irrational_ratio():
    """k = 6: rho^4 = sqrt(beta2); beta1 = rho^6 is rational for rho = 2^(-1/2), where rho^5 and rho are not."""
    found = degenerate_stability(6, Fraction(1, 8), Fraction(1, 16))
    assert found.signs["1 - det"] == 0 and found.signs["1 - trace + det"] == 1


def test_without_memory_there_is_no_fixed_point():
    assert degenerate_stability(4, "0.9", 0).verdict == "unstable" and "no fixed point" in degenerate_stability(4, 0, 0).reason


def test_ranges():
    assert degenerate_stability(4, ("0.8", "0.85"), ("0.9", "0.95")).verdict == "stable"
    assert degenerate_stability(4, ("0.9", "0.95"), "0.8").verdict == "unstable"
    assert degenerate_stability(4, "0.001", ("0.065", "0.07")).verdict == "stable"
    crossing = degenerate_stability(4, ("0.8", "0.95"), ("0.9", "0.95"))
    assert crossing.verdict == "open" and "crosses the boundary, where 1 - det vanishes" in crossing.reason
    # beta1 < beta2 on [.8, .95] x [.9, .95] leaves out a triangle of 1/6 of the area
    assert abs(float(crossing.cover.negative) - 1 / 6) < float(crossing.cover.open)
    assert "1 + trace + det vanishes" in degenerate_stability(4, 0, ("0.05", "0.07")).reason
    assert degenerate_stability(4, ("0", "1"), ("0", "1")).verdict == "open"


def test_the_plane_is_covered():
    found = plane(4, depth=16)
    assert found.open < Fraction(1, 50) and found.positive + found.negative + found.open == 1


def test_the_two_cycle():
    assert [cycle_stability(4, 0, b).verdict for b in ("1/8", "1/5", "1/4")] == ["stable", "open", "unstable"]
    assert cycle_stability(4, 0, 0).verdict == "open" and cycle_stability(4, "0.9", "0.999").verdict == "unstable"


def test_quadratics():
    assert quadratic_stability("gradient descent", ["1", "1.999"], 1).verdict == "stable"
    assert quadratic_stability("gradient descent", ["1", "2"], 1).verdict == "marginal"
    assert quadratic_stability("moving average", ["1", "3800"], "0.01", "0.9").verdict == "marginal"
    assert quadratic_stability("moving average", [1, 3801], "0.01", "0.9").verdict == "unstable"
    assert quadratic_stability("heavy ball", [1, 300], "0.01", "0.9").verdict == "stable"
    assert (
        quadratic_stability("gradient descent", [-1, 1], 1).verdict == "unstable"
        and quadratic_stability("heavy ball", [0, 1], 1).verdict == "marginal"
    )


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: degenerate_stability(3, 0, 0), "k must"),
        (lambda: degenerate_stability(4, "1", "0.5"), "beta1"),
        (lambda: degenerate_stability(4, ("0.9", "1.1"), "0.5"), "beta1"),
        (lambda: degenerate_stability(4, "0", ("0.9", "0.5")), "beta2"),
        (lambda: degenerate_stability(4, ("0.9", "0.95"), "-0.5"), "beta2"),
        (lambda: cycle_stability(4, 0, "-0.1"), "beta2"),
        (lambda: quadratic_stability("gradient descent", [], 1), "eigenvalues"),
        (lambda: quadratic_stability("gradient descent", [1], 0), "eta"),
        (lambda: quadratic_stability("sgd", [1], 1), "method"),
    ],
)
def test_what_is_refused(call, name):
    with pytest.raises(ValueError, match=name):
        call()
