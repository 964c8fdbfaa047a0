"""The bounds are those of the formulas, not merely valid: inverted binomial tails, in many digits."""

import math

import mpmath
import pytest

from numerics.statistics import (
    decide_rate_at_least,
    decide_rate_at_most,
    min_detectable_drop,
    one_sided_bounds,
)

CASES = [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (19, 20), (5, 60), (60, 60)]


def tail(trials, rate, successes):
    """P(X >= successes) of a binomial X."""
    return sum(math.comb(trials, k) * mpmath.mpf(rate) ** k * (1 - mpmath.mpf(rate)) ** (trials - k) for k in range(successes, trials + 1))


@pytest.mark.parametrize(("successes", "trials"), CASES)
@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.2])
def test_one_sided_bounds_invert_the_tails(successes, trials, alpha):
    found = one_sided_bounds(successes, trials, alpha=alpha)
    assert found.lower == 0 if not successes else float(tail(trials, found.lower, successes)) == pytest.approx(alpha, rel=1e-9)
    assert (
        found.upper == 1 if successes == trials else float(1 - tail(trials, found.upper, successes + 1)) == pytest.approx(alpha, rel=1e-6)
    )
    assert successes / trials in found and found.lower - 1e-9 not in found and found.upper + 1e-9 not in found


@pytest.mark.parametrize(("successes", "trials"), CASES)
def test_at_most_is_at_least_of_the_failures(successes, trials):
    bounds = one_sided_bounds(successes, trials, alpha=0.05)
    most = decide_rate_at_most(successes, trials, threshold=0.3, margin=0.1, alpha=0.05)
    least = decide_rate_at_least(successes, trials, threshold=0.3, margin=0.1, alpha=0.05)
    assert (least.bounds.lower, least.bounds.upper) == (bounds.lower, bounds.upper)
    assert (most.bounds.lower, most.bounds.upper) == pytest.approx((bounds.lower, bounds.upper), abs=1e-12)
    assert (most.successes, most.trials, most.alpha) == (successes, trials, 0.05)
    told = {"refuted": bounds.lower > 0.3, "established": bounds.upper < 0.4 and not bounds.lower > 0.3}
    assert most.answer.value == next((answer for answer, true in told.items() if true), "undecided")
    told = {"refuted": bounds.upper < 0.3, "established": bounds.lower > 0.2 and not bounds.upper < 0.3}
    assert least.answer.value == next((answer for answer, true in told.items() if true), "undecided")


@pytest.mark.parametrize("trials", [10, 50, 200])
def test_the_detectable_drop_has_exactly_the_power(trials):
    drop = min_detectable_drop(trials, threshold=0.9, alpha=0.01, power=0.8)
    refuting = [k for k in range(trials + 1) if one_sided_bounds(k, trials, alpha=0.01).upper < 0.9]
    assert float(1 - tail(trials, 0.9 - drop, len(refuting))) == pytest.approx(0.8, abs=1e-9)
    assert min_detectable_drop(1, threshold=0.9, alpha=0.01) == 1.0


@pytest.mark.parametrize(("threshold", "margin"), [(0.5, 0.0), (0.5, -0.1), (0.5, 0.5), (0.5, 0.6), (1.1, 0.1), (0.0, -0.1)])
def test_margins_that_make_no_sense(threshold, margin):
    with pytest.raises(ValueError, match="margin"):
        decide_rate_at_least(1, 2, threshold=threshold, margin=margin, alpha=0.05)
    assert decide_rate_at_least(2, 2, threshold=1.0, margin=0.99, alpha=0.05).bounds.upper == 1


@pytest.mark.parametrize(
    ("successes", "trials", "alpha"), [(-1, 2, 0.05), (3, 2, 0.05), (0, 0, 0.05), (1, 2, 0.0), (1, 2, 1.0), (1, 2, -0.1)]
)
def test_counts_and_levels_that_make_no_sense(successes, trials, alpha):
    with pytest.raises(ValueError, match="must"):
        one_sided_bounds(successes, trials, alpha=alpha)
