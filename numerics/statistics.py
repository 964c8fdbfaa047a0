r"""Decisions about success rates whose error probabilities hold exactly, for every sample size.

A statement "the success rate p is at least t" is tested with a declared margin m. It is *refuted* when the data exclude p >= t, and
*established* when they exclude p <= t - m, each with probability at most alpha of being wrong; in between it is *undecided*.
A rate far below t refutes even though it may lie above t - m. Fixed samples use the binomial distribution itself
(Clopper and Pearson, 1934), samples that grow until they decide use the beta mixture of likelihood ratios (Robbins, 1970),
whose bounds hold at all sample sizes at once. scipy does the distributions.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from numerics.arithmetic.bracketing import root_between


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


def clopper_pearson(successes: int, trials: int, *, alpha: float) -> Interval:
    """The two-sided interval that misses the rate with probability at most ``alpha`` (alpha / 2 on each side).

    :raises ValueError: when successes lie outside 0 ... trials, there is no trial, or alpha lies outside (0, 1).
    """
    _check_inside("alpha", alpha)
    return one_sided_bounds(successes, trials, alpha=alpha / 2)


def one_sided_bounds(successes: int, trials: int, *, alpha: float) -> Interval:
    """A lower and an upper bound on the rate, each wrong with probability at most ``alpha``."""
    from scipy.stats import beta

    _check_counts(successes, trials)
    _check_inside("alpha", alpha)
    failures = trials - successes
    lower = beta.ppf(alpha, successes, failures + 1) if successes else 0.0
    upper = beta.isf(alpha, successes + 1, failures) if failures else 1.0
    return Interval(float(lower), float(upper))


def confidence_sequence(successes: int, trials: int, *, alpha: float) -> Interval:
    """Rates that are not excluded after ``trials``; over all sample sizes together the true one is missed with at most alpha.

    Ville's inequality for the likelihood ratio of the uniform mixture over rates against the single rate p: the rate is
    excluded once B(s + 1, f + 1) >= p^s (1 - p)^f / alpha.
    """
    from scipy.special import betaln, xlog1py, xlogy

    _check_counts(successes, trials)
    _check_inside("alpha", alpha)
    failures = trials - successes
    level = betaln(successes + 1, failures + 1) + math.log(alpha)

    def allowed(rate: float) -> float:
        """Positive where the rate is not excluded; concave in the rate, largest at the observed one."""
        return float(xlogy(successes, rate) + xlog1py(failures, -rate) - level)

    observed = successes / trials
    lower = root_between(allowed, 0.0, observed) if successes and allowed(0.0) < 0 else 0.0
    upper = root_between(allowed, observed, 1.0) if failures and allowed(1.0) < 0 else 1.0
    return Interval(lower, upper)


def decide_rate_at_least(
    successes: int, trials: int, *, threshold: float, margin: float, alpha: float, sequential: bool = False
) -> Decision:
    """Whether the rate is at least ``threshold``, established as soon as it is more than threshold - margin.

    With ``sequential`` the question may be asked again after every further trial, and the error probabilities still hold.

    :raises ValueError: when an argument is outside its range; ``0 < margin < threshold <= 1``.
    """
    _check_margin(threshold, margin)
    bounds = (confidence_sequence if sequential else one_sided_bounds)(successes, trials, alpha=alpha)
    if bounds.upper < threshold:
        answer = Answer.REFUTED
    elif bounds.lower > threshold - margin:
        answer = Answer.ESTABLISHED
    else:
        answer = Answer.UNDECIDED
    return Decision(answer, successes, trials, bounds, alpha)


def decide_rate_at_most(
    successes: int, trials: int, *, threshold: float, margin: float, alpha: float, sequential: bool = False
) -> Decision:
    """Whether the rate is at most ``threshold``, established as soon as it is less than threshold + margin.

    :raises ValueError: when an argument is outside its range; ``0 <= threshold < threshold + margin < 1``.
    """
    if not (threshold >= 0 and margin > 0 and threshold + margin < 1):
        raise ValueError(f"expected 0 <= threshold < threshold + margin < 1, got margin {margin} and threshold {threshold}")
    failed = decide_rate_at_least(trials - successes, trials, threshold=1 - threshold, margin=margin, alpha=alpha, sequential=sequential)
    bounds = Interval(1 - failed.bounds.upper, 1 - failed.bounds.lower)
    return Decision(failed.answer, successes, trials, bounds, alpha)


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Exact probabilities of the answers of a fixed-sample decision at a given rate."""

    established: float
    refuted: float

    @property
    def undecided(self) -> float:
        """The probability that the sample settles nothing."""
        return 1 - self.established - self.refuted


def answer_probabilities(rate: float, trials: int, *, threshold: float, margin: float, alpha: float) -> ErrorRates:
    """How often :func:`decide_rate_at_least` gives each answer when the true rate is ``rate``.

    :raises ValueError: when an argument is outside its range.
    """
    from scipy.stats import binom

    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie between 0 and 1, got {rate}")
    last_refuted, first_established = _critical(trials, threshold=threshold, margin=margin, alpha=alpha)
    refuted = binom.cdf(last_refuted, trials, rate)
    established = binom.sf(max(first_established - 1, last_refuted), trials, rate)
    return ErrorRates(float(established), float(refuted))


def min_detectable_drop(trials: int, *, threshold: float, alpha: float, power: float = 0.9) -> float:
    """The smallest d such that a rate of threshold - d is refuted with probability at least ``power``; 1 when none is.

    :raises ValueError: when an argument is outside its range.
    """
    from scipy.stats import beta

    _check_inside("power", power)
    last_refuted, _ = _critical(trials, threshold=threshold, margin=threshold / 2, alpha=alpha)
    if last_refuted < 0:
        return 1.0
    # P(successes <= c) = P(Beta(n - c, c + 1) <= 1 - p): the rate at which it equals the power.
    rate = 1 - beta.ppf(power, trials - last_refuted, last_refuted + 1)
    return float(threshold - rate)


def min_trials(*, threshold: float, margin: float, alpha: float, power: float = 0.9, largest: int = 1_000_000) -> int:
    """The smallest sample that decides: with probability ``power`` or more, a rate of threshold is established and one of
    threshold - margin is refuted, each answer being wrong with probability at most ``alpha``.

    :raises ValueError: when an argument is outside its range, power reaches 1 - alpha (a true statement may be refuted with
        probability alpha), or more than ``largest`` trials would be needed.
    """
    _check_margin(threshold, margin)
    _check_inside("power", power)
    if power >= 1 - alpha:
        raise ValueError(f"power must be less than 1 - alpha = {1 - alpha}, got {power}")

    def decides(trials: int) -> bool:
        at = {"threshold": threshold, "margin": margin, "alpha": alpha}
        return (
            answer_probabilities(threshold, trials, **at).established >= power
            and answer_probabilities(threshold - margin, trials, **at).refuted >= power
        )

    enough = 1
    while not decides(enough):
        enough *= 2
        if enough > largest:
            raise ValueError(f"largest: more than {largest} trials are needed to see a margin of {margin} at alpha {alpha}")
    # Powers of binomial tests go up and down with n, so the first sufficient size is found by looking at each one.
    return next(trials for trials in range(enough // 2, enough + 1) if trials and decides(trials))


def split_budget(budget: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Shares of the family-wise error ``budget`` in proportion to ``weights``, by name; their sum never exceeds it.

    Whatever the dependence between the tests, the probability of any false alarm is at most the sum (Boole).

    :raises ValueError: when the budget lies outside (0, 1), or there is no weight or one that is not positive and finite.
    """
    _check_inside("budget", budget)
    if not weights or not all(0 < weight < math.inf for weight in weights.values()):
        raise ValueError(f"weights must be positive and finite, one for each check, got {dict(weights)}")
    total = sum(map(Fraction, weights.values()))
    return {name: _rounded_down(Fraction(budget) * Fraction(weight) / total) for name, weight in weights.items()}


def _rounded_down(share: Fraction) -> float:
    rounded = float(share)
    return rounded if Fraction(rounded) <= share else math.nextafter(rounded, 0.0)


def _critical(trials: int, *, threshold: float, margin: float, alpha: float) -> tuple[int, int]:
    """The largest number of successes that refutes (-1: none), and the smallest that excludes threshold - margin.

    These are the counts at which :func:`one_sided_bounds` crosses the threshold: the bounds invert the binomial tails.
    """
    from scipy.stats import binom

    _check_counts(0, trials)
    _check_margin(threshold, margin)
    _check_inside("alpha", alpha)
    last_refuted = int(binom.ppf(alpha, trials, threshold))
    if binom.cdf(last_refuted, trials, threshold) >= alpha:
        last_refuted -= 1
    first_established = int(binom.isf(alpha, trials, threshold - margin)) + 1
    return last_refuted, first_established


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
