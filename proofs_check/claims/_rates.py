"""What the claims decided by training share: rates of success against declared thresholds, and test errors as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_check import Figure, Outcome, Status

#: Recovered: mean square test error below this, twelve orders above what an exact recovery leaves and four below a failed one.
RECOVERED = 1e-6
#: Declared before any run: a rate of recovery of at least 0.8 where it is predicted, of at most 0.2 where it is excluded.
PREDICTED, EXCLUDED, MARGIN = 0.8, 0.2, 0.2
#: Where slightly more often than not is all that is claimed: a rate of at least 1/2.
HALF, HALF_MARGIN = 0.5, 0.25


def decide(successes: int, trials: int, predicted: bool, *, alpha: float, what: str) -> Outcome:
    """The exact binomial decision on one rate of recovery."""
    from numerics.statistics import decide_rate_at_least, decide_rate_at_most, min_detectable_drop

    rule, threshold = (decide_rate_at_least, PREDICTED) if predicted else (decide_rate_at_most, EXCLUDED)
    decision = rule(successes, trials, threshold=threshold, margin=MARGIN, alpha=alpha)
    message = f"{what}: {successes} of {trials} recovered, {'at least' if predicted else 'at most'} {threshold} expected"
    margin = (successes / trials - threshold) / MARGIN * (1 if predicted else -1)
    return _decided(decision, message, what, margin=margin, detectable=min_detectable_drop(trials, threshold=PREDICTED, alpha=alpha))


def decide_half(successes: int, trials: int, *, alpha: float, what: str) -> Outcome:
    """Whether the rate is at least 1/2."""
    from numerics.statistics import decide_rate_at_least, min_detectable_drop

    decision = decide_rate_at_least(successes, trials, threshold=HALF, margin=HALF_MARGIN, alpha=alpha)
    message = f"{what}: {successes} of {trials}, at least {HALF} expected"
    margin = (successes / trials - HALF) / HALF_MARGIN
    return _decided(decision, message, what, margin=margin, detectable=min_detectable_drop(trials, threshold=HALF, alpha=alpha))


def _decided(decision: Any, message: str, what: str, **details: float) -> Outcome:
    """The decision as an outcome; its margin is the distance from the threshold in units of the declared one."""
    from numerics.statistics import Answer

    if decision.answer is Answer.REFUTED:
        counterexample = {"successes": decision.successes, "trials": decision.trials, "case": what}
        return Outcome.fails(message, counterexample=counterexample, **details)
    if decision.answer is Answer.UNDECIDED:
        return Outcome.inconclusive(message, cases=decision.trials, **details)
    return Outcome.holds(decision.trials, message=message, **details)


def worst(outcomes: Sequence[Outcome], *, figures: Sequence[Figure] = (), findings: str = "") -> Outcome:
    """One outcome for several rates of one batch: the first that fails, else the first undecided, else all hold.

    ``findings``: what is reported and not judged; it is the message unless something fails.
    """
    for status in (Status.FAILS, Status.INCONCLUSIVE):
        for outcome in outcomes:
            if outcome.status is status:
                return replace(outcome, figures=figures, message=outcome.message if outcome.counterexample else findings or outcome.message)
    closest = min(outcomes, key=lambda outcome: outcome.margin)
    message = findings or f"{len(outcomes)} rates as predicted; nearest to its threshold: {closest.message}"
    detectable = max(outcome.detectable for outcome in outcomes)
    cases = sum(outcome.cases for outcome in outcomes)
    return Outcome.holds(cases, margin=closest.margin, message=message, detectable=detectable, figures=figures)


def error_figure(title: str, labels: Sequence[str], sizes: Any, errors: Any, *, marks: Mapping[float, str], y_label: str) -> Figure:
    """Mean square test errors (labels, sizes) against the sample size as a heat map of log10, with the predicted transitions marked."""
    return Figure(
        kind="heatmap",
        title=title,
        alt=f"{title}: log10 of the mean square test error against the number of samples, one row for each {y_label}; "
        "the predicted transitions are marked.",
        data={
            "x": np.asarray(sizes).tolist(),
            "y": list(labels),
            "values": np.log10(np.clip(errors, 1e-32, 1e32)).round(3).tolist(),
            "value_label": "log10 test error",
        },
        x_label="number of samples n",
        y_label=y_label,
        marks=[{"label": label, "x": x} for x, label in marks.items()],
    )
