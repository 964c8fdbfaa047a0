"""Decisions about rates: exact error bounds, an oracle by enumeration, known values, and a simulation at a budget of 5 %."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from numerics.statistics import (
    Answer,
    decide_rate_at_least,
    decide_rate_at_most,
    min_detectable_drop,
    one_sided_bounds,
)

DESIGNS = [
    {"threshold": 0.8, "margin": 0.3, "alpha": 0.05},
    {"threshold": 0.8, "margin": 0.6, "alpha": 1e-5},
    {"threshold": 1.0, "margin": 0.2, "alpha": 1e-3},
    {"threshold": 0.3, "margin": 0.15, "alpha": 0.04},
]


def mass(successes, trials, rate):
    return math.comb(trials, successes) * rate**successes * (1 - rate) ** (trials - successes)


def by_enumeration(rate, trials, design):
    """How often each answer is given, summed over all counts."""
    found = dict.fromkeys(Answer, 0.0)
    for successes in range(trials + 1):
        found[decide_rate_at_least(successes, trials, **design).answer] += mass(successes, trials, rate)
    return found


@pytest.mark.parametrize("successes", [0, 1, 7, 19, 20])
@pytest.mark.parametrize("alpha", [0.05, 1e-6])
def test_the_bounds_are_the_ends_of_the_exact_interval(successes, alpha):
    wanted = binomtest(successes, 20).proportion_ci(1 - 2 * alpha, method="exact")
    found = one_sided_bounds(successes, 20, alpha=alpha)
    assert (found.lower, found.upper) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_known_bound_of_a_sample_without_failure():
    # All n trials succeed: the lower bound solves p^n = alpha.
    assert one_sided_bounds(10, 10, alpha=0.05).lower == pytest.approx(0.05 ** (1 / 10))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("trials", [1, 5, 17, 60])
def test_error_probabilities_are_bounded_exactly(design, trials):
    at_threshold = by_enumeration(design["threshold"], trials, design)
    beyond_margin = by_enumeration(design["threshold"] - design["margin"], trials, design)
    assert at_threshold[Answer.REFUTED] <= design["alpha"] * (1 + 1e-9)
    assert beyond_margin[Answer.ESTABLISHED] <= design["alpha"] * (1 + 1e-9)


def test_detectable_drop_is_refuted_with_the_power():
    design = {"threshold": 0.8, "alpha": 1e-3}
    drop = min_detectable_drop(50, **design, power=0.9)
    assert by_enumeration(0.8 - drop, 50, {"margin": 0.1, **design})[Answer.REFUTED] == pytest.approx(0.9)
    assert min_detectable_drop(200, **design) < drop
    assert min_detectable_drop(2, **design) == 1.0


def test_at_most_mirrors_at_least():
    low = decide_rate_at_most(2, 40, threshold=0.2, margin=0.6, alpha=0.01)
    high = decide_rate_at_least(38, 40, threshold=0.8, margin=0.6, alpha=0.01)
    assert low.answer is high.answer is Answer.ESTABLISHED
    assert low.bounds.upper == pytest.approx(1 - high.bounds.lower)
    assert decide_rate_at_most(39, 40, threshold=0.2, margin=0.6, alpha=0.01).answer is Answer.REFUTED


def test_a_rate_between_margin_and_threshold_refutes_with_enough_trials():
    design = {"threshold": 0.8, "margin": 0.6, "alpha": 1e-4}
    assert decide_rate_at_least(2, 4, **design).answer is Answer.UNDECIDED
    assert decide_rate_at_least(200, 400, **design).answer is Answer.REFUTED


def test_simulated_suites_keep_their_budget():
    """4000 suites of five true statements at the threshold, budget 5 %: how many raise any false alarm."""
    shares = [0.005, 0.005, 0.01, 0.015, 0.015]
    trials, suites = 60, 4000
    rng = np.random.default_rng(0)
    alarms = np.zeros(suites, dtype=bool)
    silent = 1.0
    for alpha in shares:
        design = {"threshold": 0.8, "margin": 0.3, "alpha": alpha}
        counts = rng.binomial(trials, 0.8, size=suites)
        refuting = {n for n in set(counts.tolist()) if decide_rate_at_least(n, trials, **design).answer is Answer.REFUTED}
        alarms |= np.isin(counts, list(refuting))
        silent *= 1 - by_enumeration(0.8, trials, design)[Answer.REFUTED]
    # The seed is fixed; a correct implementation lies outside this interval for one seed in a million.
    bounds = one_sided_bounds(int(alarms.sum()), suites, alpha=5e-7)
    assert 1 - silent <= 0.05
    assert 1 - silent in bounds
    assert bounds.lower <= 0.05


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: one_sided_bounds(3, 2, alpha=0.1), "successes"),
        (lambda: one_sided_bounds(0, 0, alpha=0.1), "trials"),
        (lambda: one_sided_bounds(1, 2, alpha=1.5), "alpha must lie strictly between 0 and 1, got 1.5"),
        (lambda: one_sided_bounds(1, 2, alpha=0.0), "alpha must lie strictly between 0 and 1, got 0.0"),
        (lambda: min_detectable_drop(9, threshold=1.5, alpha=0.1), "threshold must be above 0 and at most 1, got 1.5"),
        (lambda: min_detectable_drop(9, threshold=0.5, alpha=0.1, power=1.0), "power"),
        (lambda: min_detectable_drop(0, threshold=0.5, alpha=0.1), "trials"),
        (lambda: decide_rate_at_most(1, 2, threshold=0.7, margin=0.3, alpha=0.1), "got margin 0.3 and threshold 0.7"),
        (lambda: decide_rate_at_most(1, 2, threshold=-0.1, margin=0.3, alpha=0.1), "got margin 0.3 and threshold -0.1"),
        (lambda: decide_rate_at_least(1, 2, threshold=0.5, margin=0.5, alpha=0.1), "margin"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
