"""Decisions about rates: exact error bounds, an oracle by enumeration, known values, and a simulation at a budget of 5 %."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binomtest

from numerics.statistics import (
    Answer,
    answer_probabilities,
    clopper_pearson,
    confidence_sequence,
    decide_rate_at_least,
    decide_rate_at_most,
    min_detectable_drop,
    min_trials,
    one_sided_bounds,
    split_budget,
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
def test_clopper_pearson_agrees_with_scipy(successes, alpha):
    wanted = binomtest(successes, 20).proportion_ci(1 - alpha, method="exact")
    found = clopper_pearson(successes, 20, alpha=alpha)
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


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("trials", [1, 12, 40, 41])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.8])
def test_answer_probabilities_agree_with_enumeration(design, trials, rate):
    wanted = by_enumeration(rate, trials, design)
    found = answer_probabilities(rate, trials, **design)
    assert found.established == pytest.approx(wanted[Answer.ESTABLISHED], abs=1e-12)
    assert found.refuted == pytest.approx(wanted[Answer.REFUTED], abs=1e-12)
    assert found.undecided == pytest.approx(wanted[Answer.UNDECIDED], abs=1e-12)


@pytest.mark.parametrize("design", DESIGNS)
def test_min_trials_is_the_first_size_that_decides(design):
    trials = min_trials(**design, power=0.9)

    def powers(size):
        high = by_enumeration(design["threshold"], size, design)[Answer.ESTABLISHED]
        low = by_enumeration(design["threshold"] - design["margin"], size, design)[Answer.REFUTED]
        return min(high, low)

    assert powers(trials) >= 0.9
    assert all(powers(size) < 0.9 for size in range(1, trials))


def test_detectable_drop_is_refuted_with_the_power():
    design = {"threshold": 0.8, "alpha": 1e-3}
    drop = min_detectable_drop(50, **design, power=0.9)
    assert answer_probabilities(0.8 - drop, 50, margin=0.1, **design).refuted == pytest.approx(0.9)
    assert min_detectable_drop(200, **design) < drop
    assert min_detectable_drop(2, **design) == 1.0


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_a_confidence_sequence_rarely_ever_excludes_the_rate(rate, alpha):
    """The probability of an exclusion at any of the first sizes, by dynamic programming over the counts."""
    surviving = np.array([1.0])
    for trials in range(1, 121):
        surviving = np.append(surviving * (1 - rate), 0) + np.append(0, surviving * rate)
        for successes in np.flatnonzero(surviving):
            if rate not in confidence_sequence(int(successes), trials, alpha=alpha):
                surviving[successes] = 0
    excluded = 1 - surviving.sum()
    assert 0 < excluded <= alpha


def test_a_confidence_sequence_contains_the_fixed_sample_interval():
    for successes in (0, 3, 30, 57, 60):
        sequence, fixed = (f(successes, 60, alpha=0.05) for f in (confidence_sequence, clopper_pearson))
        assert sequence.lower <= fixed.lower <= successes / 60 <= fixed.upper <= sequence.upper


def test_a_confidence_sequence_shrinks_to_the_rate():
    interval = confidence_sequence(300_000, 1_000_000, alpha=1e-6)
    assert 0.3 in interval and interval.upper - interval.lower < 0.01


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


def test_early_stopping_saves_trials_on_a_clear_case():
    design = {"threshold": 0.8, "margin": 0.6, "alpha": 1e-4, "sequential": True}
    stopped = next(n for n in range(1, 1000) if decide_rate_at_least(n, n, **design).answer is Answer.ESTABLISHED)
    assert stopped <= 10


def test_simulated_suites_keep_their_budget():
    """4000 suites of five true statements at the threshold, budget 5 %: how many raise any false alarm."""
    shares = split_budget(0.05, {"a": 1, "b": 1, "c": 2, "d": 3, "e": 3})
    trials, suites = 60, 4000
    rng = np.random.default_rng(0)
    alarms = np.zeros(suites, dtype=bool)
    silent = 1.0
    for alpha in shares.values():
        design = {"threshold": 0.8, "margin": 0.3, "alpha": alpha}
        counts = rng.binomial(trials, 0.8, size=suites)
        refuting = {n for n in set(counts.tolist()) if decide_rate_at_least(n, trials, **design).answer is Answer.REFUTED}
        alarms |= np.isin(counts, list(refuting))
        silent *= 1 - answer_probabilities(0.8, trials, **design).refuted
    # The seed is fixed; a correct implementation lies outside this interval for one seed in a million.
    interval = clopper_pearson(int(alarms.sum()), suites, alpha=1e-6)
    assert 1 - silent <= 0.05
    assert 1 - silent in interval
    assert interval.lower <= 0.05


@pytest.mark.parametrize("weights", [{"a": 1}, {"a": 1, "b": 2, "c": 4}, {str(n): 1 / (n + 1) for n in range(70)}])
def test_shares_sum_to_the_budget_and_never_more(weights):
    shares = split_budget(1e-3, weights)
    total = sum(map(Fraction, shares.values()))
    assert Fraction(1e-3) * (1 - Fraction(1, 10**12)) < total <= Fraction(1e-3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: one_sided_bounds(3, 2, alpha=0.1), "successes"),
        (lambda: one_sided_bounds(0, 0, alpha=0.1), "trials"),
        (lambda: clopper_pearson(1, 2, alpha=1.5), "alpha must lie strictly between 0 and 1, got 1.5"),
        (lambda: clopper_pearson(1, 2, alpha=1.0), "alpha"),
        (lambda: clopper_pearson(1, 2, alpha=0.0), "alpha must lie strictly between 0 and 1, got 0.0"),
        (lambda: confidence_sequence(1, 2, alpha=1.0), "alpha"),
        (lambda: answer_probabilities(1.5, 9, threshold=0.5, margin=0.2, alpha=0.1), "rate"),
        (lambda: answer_probabilities(math.nan, 9, threshold=0.5, margin=0.2, alpha=0.1), "rate"),
        (lambda: decide_rate_at_most(1, 2, threshold=0.7, margin=0.3, alpha=0.1), "got margin 0.3 and threshold 0.7"),
        (lambda: decide_rate_at_most(1, 2, threshold=-0.1, margin=0.3, alpha=0.1), "got margin 0.3 and threshold -0.1"),
        (lambda: decide_rate_at_least(1, 2, threshold=0.5, margin=0.5, alpha=0.1), "margin"),
        (lambda: min_trials(threshold=0.8, margin=0.1, alpha=0.1, power=1.0), "power"),
        (lambda: min_trials(threshold=0.8, margin=0.1, alpha=0.2, power=0.9), "power"),
        (lambda: min_trials(threshold=0.8, margin=1e-4, alpha=1e-9, largest=1000), "largest"),
        (lambda: split_budget(0.05, {}), "weights"),
        (lambda: split_budget(0.05, {"a": 0}), "weights"),
        (lambda: split_budget(0.05, {"a": math.inf}), "weights"),
        (lambda: split_budget(2, {"a": 1}), "budget"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
