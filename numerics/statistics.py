"""Decisions about success rates whose error probabilities hold exactly, for every sample size.

A statement "the success rate p is at least t" is tested with a declared margin m. It is *refuted* when the data exclude p >= t, and
*established* when they exclude p <= t - m, each with probability at most alpha of being wrong; in between it is *undecided*.
A rate far below t refutes even though it may lie above t - m. The bounds invert the binomial distribution itself (Clopper and Pearson,
1934); scipy does the distributions.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Answer(enum.Enum):
    """What the data say about a statement on a rate."""

    ESTABLISHED = "established"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Interval:
    """The rates between ``lower`` and ``upper``, both included."""

    lower: float
    upper: float

    def __contains__(self, rate: float) -> bool:
        return self.lower <= rate <= self.upper


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer with what it rests on: the one-sided bounds on the rate, each wrong with probability at most ``alpha``."""

    answer: Answer
    successes: int
    trials: int
    bounds: Interval
    alpha: float


def one_sided_bounds(successes: int, trials: int, *, alpha: float) -> Interval:
    """A lower and an upper bound on the rate, each wrong with probability at most ``alpha``."""
    from scipy.stats import beta

    _check_counts(successes, trials)
    _check_inside("alpha", alpha)
    failures = trials - successes
    lower = beta.ppf(alpha, successes, failures + 1) if successes else 0.0
    upper = beta.isf(alpha, successes + 1, failures) if failures else 1.0
    return Interval(float(lower), float(upper))


def decide_rate_at_least(successes: int, trials: int, *, threshold: float, margin: float, alpha: float) -> Decision:
    """Whether the rate is at least ``threshold``, established as soon as it is more than threshold - margin.

    :raises ValueError: when an argument is outside its range; ``0 < margin < threshold <= 1``.
    """
    _check_margin(threshold, margin)
    bounds = one_sided_bounds(successes, trials, alpha=alpha)
    if bounds.upper < threshold:
        answer = Answer.REFUTED
    elif bounds.lower > threshold - margin:
        answer = Answer.ESTABLISHED
    else:
        answer = Answer.UNDECIDED
    return Decision(answer, successes, trials, bounds, alpha)


def decide_rate_at_most(successes: int, trials: int, *, threshold: float, margin: float, alpha: float) -> Decision:
    """Whether the rate is at most ``threshold``, established as soon as it is less than threshold + margin.

    :raises ValueError: when an argument is outside its range; ``0 <= threshold < threshold + margin < 1``.
    """
    if not (threshold >= 0 and margin > 0 and threshold + margin < 1):
        raise ValueError(f"expected 0 <= threshold < threshold + margin < 1, got margin {margin} and threshold {threshold}")
    failed = decide_rate_at_least(trials - successes, trials, threshold=1 - threshold, margin=margin, alpha=alpha)
    bounds = Interval(1 - failed.bounds.upper, 1 - failed.bounds.lower)
    return Decision(failed.answer, successes, trials, bounds, alpha)


def min_detectable_drop(trials: int, *, threshold: float, alpha: float, power: float = 0.9) -> float:
    """The smallest d such that a rate of threshold - d is refuted with probability at least ``power``; 1 when none is.

    :raises ValueError: when an argument is outside its range.
    """
    from scipy.stats import beta

    _check_inside("power", power)
    last_refuted = _last_refuted(trials, threshold=threshold, alpha=alpha)
    if last_refuted < 0:
        return 1.0
    # P(successes <= c) = P(Beta(n - c, c + 1) <= 1 - p): the rate at which it equals the power.
    rate = 1 - beta.ppf(power, trials - last_refuted, last_refuted + 1)
    return float(threshold - rate)


def _last_refuted(trials: int, *, threshold: float, alpha: float) -> int:
    """The largest number of successes that refutes a rate of ``threshold``; -1 for none.

    There :func:`one_sided_bounds` crosses the threshold: the bounds invert the binomial tails.
    """
    from scipy.stats import binom

    _check_counts(0, trials)
    _check_inside("alpha", alpha)
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    last_refuted = int(binom.ppf(alpha, trials, threshold))
    return last_refuted - 1 if binom.cdf(last_refuted, trials, threshold) >= alpha else last_refuted


def _check_counts(successes: int, trials: int) -> None:
    if trials < 1:
        raise ValueError(f"trials must be at least 1, got {trials}")
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie between 0 and trials = {trials}, got {successes}")


def _check_inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value}")


def _check_margin(threshold: float, margin: float) -> None:
    if not 0 < margin < threshold <= 1:
        raise ValueError(f"expected 0 < margin < threshold <= 1, got margin {margin} and threshold {threshold}")
