"""The bounds are those of the formulas, not merely valid: Clopper-Pearson, the beta mixture and the binomial tails, in many digits."""

import math

import mpmath
import pytest

from numerics.statistics import (
    answer_probabilities,
    clopper_pearson,
    confidence_sequence,
    decide_rate_at_least,
    decide_rate_at_most,
    min_detectable_drop,
    min_trials,
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
    assert clopper_pearson(successes, trials, alpha=2 * alpha) == found
    assert successes / trials in found and found.lower - 1e-9 not in found and found.upper + 1e-9 not in found


@pytest.mark.parametrize(("successes", "trials"), CASES)
@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.2])
def test_the_confidence_sequence_solves_its_equation(successes, trials, alpha):
    """p^s (1 - p)^f = alpha B(s + 1, f + 1) at both ends that are not 0 or 1."""
    found, failures = confidence_sequence(successes, trials, alpha=alpha), trials - successes
    level = alpha * mpmath.beta(successes + 1, failures + 1)
    likelihood = lambda p: mpmath.mpf(p) ** successes * (1 - mpmath.mpf(p)) ** failures
    step = mpmath.mpf(10) ** -11  # the root is found to 2e-12
    for end, trivial, outwards in ((found.lower, 0.0, -step), (found.upper, 1.0, step)):
        if end == trivial:
            assert likelihood(trivial) >= level
        else:
            assert likelihood(end - outwards) > level > likelihood(min(1, max(0, end + outwards)))
    assert successes / trials in found


@pytest.mark.parametrize(("successes", "trials"), CASES)
@pytest.mark.parametrize("sequential", [False, True])
def test_at_most_is_at_least_of_the_failures(successes, trials, sequential):
    bounds = (confidence_sequence if sequential else one_sided_bounds)(successes, trials, alpha=0.05)
    most = decide_rate_at_most(successes, trials, threshold=0.3, margin=0.1, alpha=0.05, sequential=sequential)
    least = decide_rate_at_least(successes, trials, threshold=0.3, margin=0.1, alpha=0.05, sequential=sequential)
    assert (least.bounds.lower, least.bounds.upper) == (bounds.lower, bounds.upper)
    assert (most.bounds.lower, most.bounds.upper) == pytest.approx((bounds.lower, bounds.upper), abs=1e-12)
    assert (most.successes, most.trials, most.alpha) == (successes, trials, 0.05)
    told = {"refuted": bounds.lower > 0.3, "established": bounds.upper < 0.4 and not bounds.lower > 0.3}
    assert most.answer.value == next((answer for answer, true in told.items() if true), "undecided")
    told = {"refuted": bounds.upper < 0.3, "established": bounds.lower > 0.2 and not bounds.upper < 0.3}
    assert least.answer.value == next((answer for answer, true in told.items() if true), "undecided")


@pytest.mark.parametrize("trials", [1, 5, 30, 80])
@pytest.mark.parametrize("rate", [0.0, 0.4, 0.75, 0.9, 1.0])
def test_probabilities_of_the_answers_are_sums_over_outcomes(trials, rate):
    at = {"threshold": 0.9, "margin": 0.2, "alpha": 0.05}
    wanted = {"established": 0.0, "refuted": 0.0, "undecided": 0.0}
    for k in range(trials + 1):
        probability = math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
        wanted[decide_rate_at_least(k, trials, **at).answer.value] += probability
    found = answer_probabilities(rate, trials, **at)
    assert (found.established, found.refuted, found.undecided) == pytest.approx(tuple(wanted.values()), abs=1e-9)


@pytest.mark.parametrize("trials", [10, 50, 200])
def test_the_detectable_drop_has_exactly_the_power(trials):
    drop = min_detectable_drop(trials, threshold=0.9, alpha=0.01, power=0.8)
    found = answer_probabilities(0.9 - drop, trials, threshold=0.9, margin=0.45, alpha=0.01)
    assert found.refuted == pytest.approx(0.8, abs=1e-9)
    assert min_detectable_drop(1, threshold=0.9, alpha=0.01) == 1.0


def test_the_least_sample_decides_and_the_one_below_does_not():
    at = {"threshold": 0.8, "margin": 0.3, "alpha": 0.05}
    enough = min_trials(**at, power=0.8)
    decides = lambda n: answer_probabilities(0.8, n, **at).established >= 0.8 and answer_probabilities(0.5, n, **at).refuted >= 0.8
    assert decides(enough) and not any(decides(n) for n in range(1, enough))
    assert min_trials(**at, power=0.8, largest=1 << (enough - 1).bit_length()) == enough
    with pytest.raises(ValueError, match="largest"):
        min_trials(**at, power=0.8, largest=enough // 2)


@pytest.mark.parametrize(("threshold", "margin"), [(0.5, 0.0), (0.5, -0.1), (0.5, 0.5), (0.5, 0.6), (1.1, 0.1), (0.0, -0.1)])
def test_margins_that_make_no_sense(threshold, margin):
    with pytest.raises(ValueError, match="margin"):
        decide_rate_at_least(1, 2, threshold=threshold, margin=margin, alpha=0.05)
    assert decide_rate_at_least(2, 2, threshold=1.0, margin=0.99, alpha=0.05).bounds.upper == 1


@pytest.mark.parametrize(
    ("successes", "trials", "alpha"), [(-1, 2, 0.05), (3, 2, 0.05), (0, 0, 0.05), (1, 2, 0.0), (1, 2, 1.0), (1, 2, -0.1)]
)
def test_counts_and_levels_that_make_no_sense(successes, trials, alpha):
    for bounds in (one_sided_bounds, confidence_sequence):
        with pytest.raises(ValueError, match="must"):
            bounds(successes, trials, alpha=alpha)
