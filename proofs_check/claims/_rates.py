"""What the claims decided by training share: thresholds declared before any run, and test errors as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from proofs_check import Figure, Outcome
from proofs_check.context import Context

#: Recovered: mean square test error below this, twelve orders above what an exact recovery leaves and four below a failed one.
RECOVERED = 1e-6
#: Declared before any run: a rate of recovery of at least 0.8 where it is predicted, of at most 0.2 where it is excluded.
PREDICTED, EXCLUDED, MARGIN = 0.8, 0.2, 0.2
#: Where slightly more often than not is all that is claimed: a rate of at least 1/2.
HALF, HALF_MARGIN = 0.5, 0.25


def recovery(context: Context, errors: np.ndarray, predicted: bool, *, what: str, parts: int) -> Outcome:
    """The rate at which mean square test ``errors`` (any shape) are below RECOVERED, against the threshold for what is ``predicted``."""
    bound: dict[str, Any] = {"at_least": PREDICTED} if predicted else {"at_most": EXCLUDED}
    return context.rate(int((errors < RECOVERED).sum()), errors.size, what=f"{what}: recovered", margin=MARGIN, parts=parts, **bound)


def rate_figure(title: str, hits: Mapping[str, Any], sizes: Any, *, marks: Mapping[float, str]) -> Figure:
    """Rates of success against the sample size, one line for each label of ``hits`` (sizes, trials), with exact 95 per cent intervals."""
    from scipy.stats import binomtest

    series, x = [], np.asarray(sizes).tolist()
    for label, found in hits.items():
        found = np.asarray(found)
        intervals = [binomtest(int(row.sum()), row.size).proportion_ci(0.95) for row in found]
        series.append({"label": label, "x": x, "y": found.mean(axis=1).tolist()})
        series += [{"label": f"{label}, 95 % {side}", "x": x, "y": [getattr(one, side) for one in intervals]} for side in ("low", "high")]
    return Figure(
        "lines",
        title,
        f"{title}: fraction of runs that recover the target against the number of samples, between the ends of its 95 per cent interval; "
        "the predicted jumps are marked.",
        {"series": series},
        x_label="number of samples n",
        y_label="fraction recovered",
        marks=[{"label": label, "x": place} for place, label in marks.items()],
    )


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
