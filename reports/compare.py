"""A run against a baseline: which verdicts got worse, and which claims were quietly weakened.

A claim is its statement with its clauses, symbols, assumptions, source and what it rests on, and per check its code, evidence, domain,
tolerance, share of the error budget, controls and certificate. Whatever of this changes fails the comparison until the baseline is made
anew with a reason: tests that were relaxed to pass look exactly like tests that pass. So does evidence that is lost: a control or probe
that no longer comes out as it should, cells and instances that are no longer met. Verdicts of both sides were computed anew from their
checks when they were read.

A machine without Coq cannot check a formal proof. Where one held in the baseline and is skipped now, the claim is compared by its other
checks alone, and the proof is named as not checked here: no verdict is better for that, and none fails for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reports.change import NAMED, Change, Kind, names
from reports.claim_changes import of_claim, worse
from reports.reasons import why
from reports.results import Results, ResultsError
from reports.wording import ALARMING, counted

__all__ = ["Change", "Comparison", "Kind", "compare", "worse"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, failing ones first; how many claims stayed as they were, and how many of either side were not compared."""

    changes: tuple[Change, ...]
    unchanged: int
    level: str
    left_out: int = 0

    @property
    def failing(self) -> tuple[Change, ...]:
        """The changes for which the comparison fails."""
        return tuple(change for change in self.changes if change.kind.failing)

    @property
    def exit_code(self) -> int:
        """1 when a verdict got worse, a claim vanished, came in badly or changed unannounced, or evidence was lost; otherwise 0."""
        return 1 if self.failing else 0

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    @property
    def told(self) -> list[Change]:
        """The changes as they are shown: claims that vanished or are new together, where they are many."""
        shown = []
        for kind in Kind:
            found = self.of(kind)
            if len(found) > NAMED and kind in (Kind.VANISHED, Kind.NEW, Kind.NOT_CHECKED_HERE):
                shown.append(_together(kind, found))
            else:
                shown.extend(found)
        return shown

    @property
    def summary(self) -> str:
        """The comparison in one line."""
        counts = [f"{len(found)} {kind.value}" for kind in Kind if (found := self.of(kind))]
        counts.append(f"{counted(self.unchanged, 'claim')} unchanged")
        if self.left_out:
            counts.append(f"{counted(self.left_out, 'claim')} not compared")
        verdict = "the baseline does not hold" if self.failing else "the baseline holds"
        return f"{verdict}: {', '.join(counts)}"

    def __str__(self) -> str:
        lines = [str(change) for change in self.told]
        if self.failing:
            lines.append("A change that is meant is announced by `proofs-check baseline update --reason TEXT`.")
        return "\n".join([*lines, self.summary])


def _together(kind: Kind, changes: Sequence[Change]) -> Change:
    if kind is Kind.NOT_CHECKED_HERE:
        reasons = names(sorted({change.message for change in changes}), "; ")
        return Change(kind, counted(len(changes), "proof"), f"{reasons}: {names([change.claim for change in changes])}")
    said = "not in this run (--only PATTERN compares a part)" if kind is Kind.VANISHED else "not in the baseline"
    return Change(kind, counted(len(changes), "claim"), f"{said}: {names([change.claim for change in changes])}")


def compare(baseline: Results, results: Results, only: Collection[str] = ()) -> Comparison:
    """What changed from ``baseline`` to ``results``, both valid, with the fields of the newest schema and of the same level.

    With globs ``only``, claims whose ids match none of them are left out on both sides.

    :raises ResultsError: when the levels differ, since verdicts of different levels rest on different checks, or no claim is compared.
    """
    before, after = baseline["run"]["level"], results["run"]["level"]
    if before != after:
        raise ResultsError(f"run.level: expected {before!r} as in the baseline, got {after!r}; compare runs of one level")
    (old, old_left_out), (new, new_left_out) = (_chosen(side, only) for side in (baseline, results))
    if only and not old and not new:
        raise ResultsError(f"only: expected a glob over claim ids, none of either run matches {' or '.join(map(repr, only))}")
    changes = [change for name in sorted(old.keys() | new.keys()) for change in _claim(name, old.get(name), new.get(name))]
    order = list(Kind)
    changes.sort(key=lambda change: (order.index(change.kind), change.claim, change.check or ""))
    touched = {change.claim for change in changes}
    return Comparison(tuple(changes), len(new.keys() - touched), after, len(old_left_out | new_left_out))


def _chosen(results: Results, only: Collection[str]) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """The claims to be compared by id, and the ids of the others."""
    claims = {claim["id"]: claim for claim in results["claims"]}
    others = {name for name in claims if only and not any(fnmatchcase(name, pattern) for pattern in only)}
    return {name: claim for name, claim in claims.items() if name not in others}, others


def _claim(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Change]:
    if new is None:
        if old is not None:
            yield Change(Kind.VANISHED, name, f"was {old['verdict']}, is not in this run")
        return
    if old is None:
        kind = Kind.NEW_AND_BAD if new["verdict"] in ALARMING else Kind.NEW
        yield Change(kind, name, f"came out {new['verdict']}" + (f": {why(new)}" if kind.failing else ""))
        return
    yield from of_claim(old, new)
