"""The picture of a claim whose author drew none: what is predicted against what is measured, and where false variants would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from proofs_check.claim import Check, Claim, Figure, Status
from proofs_check.engine.finding import ITSELF, Finding, Findings

#: Fewer different pairs than this are told by a sentence.
LEAST = 4
#: Ratio of the largest to the smallest number from which an axis is logarithmic.
LOGARITHMIC = 1000

#: Whether a pair (predicted, measured) keeps a relation.
_KEPT = {"equal": lambda a, b: a == b, "at most": lambda a, b: b <= a, "at least": lambda a, b: b >= a}
#: What the first number of a pair is, and where the pairs of a claim that holds lie.
_WORDS = {
    "equal": ("predicted", "all of them lie on the diagonal"),
    "at most": ("allowed", "none of them lies above the diagonal"),
    "at least": ("asked for", "none of them lies below the diagonal"),
}


def predictions(claim: Claim, findings: Findings) -> tuple[str, dict[str, Any]] | None:
    """The check of ``claim`` whose comparisons show most, and its figure as plain data; None where nothing numeric was compared."""
    own = [(check, findings[check.name, ITSELF]) for check in claim.checks if check.evidence != "formal"]
    found = [(check, relation, shown) for check, finding in own for relation, shown in _relations(finding).items()]
    if not found:
        return None
    check, relation, shown = max(found, key=lambda one: (one[1] == "equal" and len(one[2]) >= LEAST, len(one[2])))
    if len(shown) < LEAST or len({predicted for predicted, _ in shown}) < 2:
        return None
    return check.name, asdict(_drawn(check, relation, shown, _refuted(check, relation, findings)))


def _relations(finding: Finding) -> Mapping[str, list[tuple[float, float]]]:
    """The pairs of a check that holds, by relation."""
    found: dict[str, list[tuple[float, float]]] = {}
    for relation, predicted, measured in finding.pairs if finding.status is Status.HOLDS else ():
        found.setdefault(relation, []).append((predicted, measured))
    return found


def _refuted(check: Check, relation: str, findings: Findings) -> list[tuple[float, float]]:
    """What the controls of a check predict where it is refuted."""
    pairs = (pair for control in check.controls for pair in findings[check.name, f"control:{control.name}"].pairs)
    return sorted({(a, b) for kind, a, b in pairs if kind == relation and not _KEPT[relation](a, b)})


def _drawn(check: Check, relation: str, shown: Sequence[tuple[float, float]], refuted: Sequence[tuple[float, float]]) -> Figure:
    word, place = _WORDS[relation]
    values = [value for pair in (*shown, *refuted) for value in pair]
    wide = min(values) > 0 and max(values) >= LOGARITHMIC * min(values)
    off = f"; {len(refuted)} of false variants {'do not' if relation == 'equal' else 'do'}" if refuted else ""
    series = [("the claim", shown), *([("its controls, refuted", refuted)] if refuted else [])]
    whole = lambda value: int(value) if value == int(value) else value
    return Figure(
        kind="scatter",
        title=f"{word.capitalize()} against measured, check “{check.name}”",
        alt=f"{len(shown)} different pairs of a number that is {word} and what is measured, from {min(values):g} to {max(values):g}: "
        f"{place}{off}.",
        data={
            "series": [{"label": name, "x": [whole(a) for a, _ in pairs], "y": [whole(b) for _, b in pairs]} for name, pairs in series],
            "diagonal": True,
        },
        x_label=word,
        y_label="measured",
        log_x=wide,
        log_y=wide,
        marks=[],
    )
