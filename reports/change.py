"""One difference between two runs: its kind, where it lies, and what was and is.

Every way in which a reader would call a claim weaker has a kind of its own.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.wording import brief, one_line

#: Names in one message.
NAMED = 5


class Kind(enum.Enum):
    """What became of a claim or check; the value is how it is called in print."""

    REGRESSED = "regressed"
    CLAUSE_REGRESSED = "clause regressed"
    NEW_AND_BAD = "new and bad"
    VANISHED = "vanished"
    STATEMENT_CHANGED = "statement changed"
    SYMBOL_CHANGED = "symbol changed"
    SOURCE_CHANGED = "source changed"
    DEPENDENCY_CHANGED = "dependency changed"
    REFUTATION_REWORDED = "refutation reworded"
    CHECK_REMOVED = "check removed"
    WEAKENED = "weakened"
    CODE_CHANGED = "code changed"
    DISTRIBUTION_CHANGED = "distribution changed"
    CONTROL_REMOVED = "control removed"
    DECLARATION_CHANGED = "declaration changed"
    CHECK_BROKE = "check broke"
    EVIDENCE_LOST = "evidence lost"
    CERTIFICATE_REMOVED = "certificate removed"
    DOMAIN_NARROWED = "domain narrowed"
    FEWER_INSTANCES = "fewer instances"
    MORE_PASSED_OVER = "more passed over"
    EFFECT_GROWN = "detectable effect grown"
    CONTROL_SURVIVED = "control survived"
    CELL_CONTROL_SURVIVED = "cell control survived"
    CELL_CONTROL_LOST = "cell control lost"
    PROBE_LOST = "probe lost"
    UNDERMINED = "undermined"
    MARGIN_DRIFTED = "margin drifted"
    IMPROVED = "improved"
    NOT_CHECKED_HERE = "not checked here"
    NEW = "new"

    @property
    def failing(self) -> bool:
        """Whether a change of this kind fails the comparison."""
        return self not in _PASSING


_PASSING = frozenset({Kind.UNDERMINED, Kind.MARGIN_DRIFTED, Kind.IMPROVED, Kind.NOT_CHECKED_HERE, Kind.NEW})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the claim, the check where it lies in one (else ``None``), and what was and is."""

    kind: Kind
    claim: str
    message: str
    check: str | None = None

    @property
    def where(self) -> str:
        """Claim and check, as printed."""
        return self.claim if self.check is None else f"{self.claim} · {self.check}"

    def __str__(self) -> str:
        return one_line(f"{self.kind.value}: {self.where}: {self.message}")


def hashes(old: Mapping[str, Any], new: Mapping[str, Any], field: str) -> str:
    return f"{old[field][:12]} -> {new[field][:12]}"


def names(names: Sequence[str], separator: str = ", ") -> str:
    """The first few of ``names``, and how many more there are."""
    shown = [brief(name) for name in names[:NAMED]]
    return separator.join(shown) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


#: Characters of a text in a message, and of what it shares with the other before the first difference.
_LONG, _SHARED = 160, 40


def from_to(old: Any, new: Any) -> str:
    """``was -> is``; of long texts the part from shortly before the first difference on."""
    first, second = ("none" if value in (None, "") else str(value) for value in (old, new))
    start = 0
    if max(len(first), len(second)) > _LONG:
        same = next((place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
        start = max(0, same - _SHARED)
    lead = "…" if start else ""
    return f"{lead}{brief(first[start:], _LONG)} -> {lead}{brief(second[start:], _LONG)}"
