"""A run against a baseline: which verdicts got worse, and which claims were quietly weakened.

A claim is its statement, assumptions, kind and relation, and per check its evidence, scope, cover, tolerance, share of the
error budget and controls. Whatever of this changes fails the comparison until the baseline is made anew with a reason:
tests that were relaxed to pass look exactly like tests that pass.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.results import Results, ResultsError
from reports.wording import ALARMING, VERDICTS, counted, number

#: A margin is worth a word once it falls below half of the baseline's and below ten tolerances: numbers on another machine
#: differ in their last bits, and a margin of a thousand tolerances says nothing when it becomes five hundred.
MARGIN_SHARE = 0.5
MARGIN_ROOM = 10.0
#: Likewise for the number of cases: random sampling and early stopping make it vary.
CASES_SHARE = 0.5

_STRENGTH = ("training", "property", "certified", "exact", "symbolic")


class Kind(enum.Enum):
    """What became of a claim; the value is how it is called in print."""

    REGRESSED = "regressed"
    VANISHED = "vanished"
    STATEMENT_CHANGED = "statement changed"
    WEAKENED = "weakened"
    CONTROL_REMOVED = "control removed"
    DECLARATION_CHANGED = "declaration changed"
    UNDERMINED = "undermined"
    MARGIN_DRIFTED = "margin drifted"
    EVIDENCE_LOST = "evidence lost"
    IMPROVED = "improved"
    NEW = "new"

    @property
    def failing(self) -> bool:
        """Whether a change of this kind fails the comparison."""
        return self in _FAILING


_FAILING = frozenset(
    {
        Kind.REGRESSED,
        Kind.VANISHED,
        Kind.STATEMENT_CHANGED,
        Kind.WEAKENED,
        Kind.CONTROL_REMOVED,
        Kind.DECLARATION_CHANGED,
    }
)


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
        return f"{self.kind.value}: {self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, failing ones first, and how many claims stayed as they were."""

    changes: tuple[Change, ...]
    unchanged: int
    level: str

    @property
    def failing(self) -> tuple[Change, ...]:
        """The changes for which the comparison fails."""
        return tuple(change for change in self.changes if change.kind.failing)

    @property
    def exit_code(self) -> int:
        """1 when a verdict got worse, a claim vanished or one changed unannounced, otherwise 0."""
        return 1 if self.failing else 0

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    @property
    def summary(self) -> str:
        """The comparison in one line."""
        counts = [f"{len(found)} {kind.value}" for kind in Kind if (found := self.of(kind))]
        counts.append(f"{counted(self.unchanged, 'claim')} unchanged")
        verdict = "the baseline does not hold" if self.failing else "the baseline holds"
        return f"{verdict}: {', '.join(counts)}"

    def __str__(self) -> str:
        lines = [str(change) for change in self.changes]
        if self.of(Kind.STATEMENT_CHANGED) or any(change.kind in _ANNOUNCED for change in self.changes):
            lines.append("A change that is meant is announced by `proofs-check baseline update --reason TEXT`.")
        return "\n".join([*lines, self.summary])


_ANNOUNCED = (Kind.WEAKENED, Kind.CONTROL_REMOVED, Kind.DECLARATION_CHANGED, Kind.VANISHED)


def compare(baseline: Results, results: Results) -> Comparison:
    """What changed from ``baseline`` to ``results``, both valid and of the same level.

    :raises ResultsError: when the levels differ, since verdicts of different levels rest on different checks.
    """
    before, after = baseline["run"]["level"], results["run"]["level"]
    if before != after:
        raise ResultsError(f"run.level: expected {before!r} as in the baseline, got {after!r}; compare runs of one level")
    old = {claim["id"]: claim for claim in baseline["claims"]}
    new = {claim["id"]: claim for claim in results["claims"]}
    changes = [change for name in sorted(old.keys() | new.keys()) for change in _claim(name, old.get(name), new.get(name))]
    order = list(Kind)
    changes.sort(key=lambda change: (order.index(change.kind), change.claim, change.check or ""))
    touched = {change.claim for change in changes}
    return Comparison(tuple(changes), len(new.keys() - touched), after)


def _claim(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Change]:
    if new is None:
        if old is not None:
            yield Change(Kind.VANISHED, name, f"was {old['verdict']}, is not in this run")
        return
    if old is None:
        yield Change(Kind.NEW, name, f"came out {new['verdict']}")
        return
    yield from _verdict(old, new)
    declared = [*_statement(old, new), *_declared_checks(old, new)]
    yield from declared
    if not declared and old["statement_hash"] != new["statement_hash"]:
        hashes = f"{old['statement_hash'][:12]} -> {new['statement_hash'][:12]}"
        yield Change(Kind.STATEMENT_CHANGED, new["id"], f"its hash changed ({hashes}) although no stored field did")
    yield from _drift(old, new)


def _verdict(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old["verdict"], new["verdict"]
    if before != after:
        kind = Kind.REGRESSED if worse(before, after) else Kind.IMPROVED
        yield Change(kind, new["id"], f"{before} -> {after}")
    if added := sorted(set(new["undermined_by"]) - set(old["undermined_by"])):
        yield Change(Kind.UNDERMINED, new["id"], f"now rests on refuted {', '.join(added)}")


def worse(before: str, after: str) -> bool:
    """Whether the verdict ``after`` is worse than ``before``.

    ``skipped`` is no judgement: to come to it is to lose one, whatever it was, and from it only an alarm is worse.
    """
    if "skipped" in (before, after):
        return before != after and (after == "skipped" or after in ALARMING)
    return VERDICTS.index(after) < VERDICTS.index(before)


# --- what is declared ---------------------------------------------------------------------------------------------


def _statement(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field in ("statement", "kind", "relation"):
        if old[field] != new[field]:
            yield Change(Kind.STATEMENT_CHANGED, new["id"], f"{field}: {old[field]} -> {new[field]}")
    before, after = (_named(claim["assumptions"], "statement") for claim in (old, new))
    for name in sorted(after.keys() - before.keys()):
        yield Change(Kind.STATEMENT_CHANGED, new["id"], f"assumes more: {name} ({after[name]})")
    for name in sorted(before.keys() - after.keys()):
        yield Change(Kind.STATEMENT_CHANGED, new["id"], f"no longer assumes {name} ({before[name]})")
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Change(Kind.STATEMENT_CHANGED, new["id"], f"assumption {name}: {before[name]} -> {after[name]}")


def _named(entries: Iterable[Mapping[str, Any]], field: str) -> dict[str, Any]:
    return {entry["name"]: entry[field] for entry in entries}


def _declared_checks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = ({check["name"]: check for check in claim["checks"]} for claim in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield Change(Kind.WEAKENED, new["id"], f"check removed ({before[name]['evidence']} evidence)", name)
    for name in sorted(after.keys() - before.keys()):
        yield Change(Kind.DECLARATION_CHANGED, new["id"], f"check added ({after[name]['evidence']} evidence)", name)
    for name in sorted(before.keys() & after.keys()):
        found = list(_declared_check(before[name], after[name]))
        if not found and before[name]["hash"] != after[name]["hash"]:
            hashes = f"{before[name]['hash'][:12]} -> {after[name]['hash'][:12]}"
            found = [(Kind.DECLARATION_CHANGED, f"its hash changed ({hashes}) although no stored field did")]
        yield from (Change(kind, new["id"], message, name) for kind, message in found)


def _declared_check(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Texts cannot be ordered, so another scope or tolerance counts as weaker; numbers and kinds can be."""
    for field in ("scope", "tolerance"):
        if old[field] != new[field]:
            stricter = field == "tolerance" and _below(new[field], old[field])
            kind = Kind.DECLARATION_CHANGED if stricter else Kind.WEAKENED
            yield kind, f"{field}: {_shown(old[field])} -> {_shown(new[field])}"
    if old["alpha"] != new["alpha"]:
        kind = Kind.DECLARATION_CHANGED if _below(new["alpha"], old["alpha"]) else Kind.WEAKENED
        yield kind, f"alpha: {_shown(old['alpha'])} -> {_shown(new['alpha'])}"
    if old["evidence"] != new["evidence"]:
        weaker = _STRENGTH.index(new["evidence"]) < _STRENGTH.index(old["evidence"])
        yield Kind.WEAKENED if weaker else Kind.DECLARATION_CHANGED, f"evidence: {old['evidence']} -> {new['evidence']}"
    if old["covers"] != new["covers"]:
        kind = Kind.WEAKENED if new["covers"] == "instances" else Kind.DECLARATION_CHANGED
        yield kind, f"covers: {old['covers']} -> {new['covers']}"
    before, after = ([control["name"] for control in check["controls"]] for check in (old, new))
    if removed := [name for name in before if name not in after]:
        yield Kind.CONTROL_REMOVED, ", ".join(removed)
    if added := [name for name in after if name not in before]:
        yield Kind.DECLARATION_CHANGED, f"control added: {', '.join(added)}"


def _below(value: Any, bound: Any) -> bool:
    return isinstance(value, int | float) and isinstance(bound, int | float) and value < bound


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


# --- what was found -----------------------------------------------------------------------------------------------


def _drift(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    after = {check["name"]: check for check in new["checks"]}
    for before in old["checks"]:
        check = after.get(before["name"])
        if check is None:
            continue
        for kind, message in _check_drift(before, check):
            yield Change(kind, new["id"], message, check["name"])
    carried = {probe["drops"] for probe in old["probes"] if probe["fails_without"]}
    for probe in new["probes"]:
        if probe["drops"] in carried and not probe["fails_without"]:
            yield Change(Kind.EVIDENCE_LOST, new["id"], f"without {probe['drops']!r} it no longer fails")


def _check_drift(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    if old["status"] == "holds" != new["status"]:
        yield Kind.EVIDENCE_LOST, f"held, now {new['status']}"
        return
    if new["status"] != "holds":
        return
    before, after = old["margin"], new["margin"]
    if before is not None and after is not None and 0 < before and after < min(MARGIN_SHARE * before, MARGIN_ROOM):
        yield Kind.MARGIN_DRIFTED, f"margin {number(before)} -> {number(after)} tolerances"
    if new["cases"] < CASES_SHARE * old["cases"]:
        yield Kind.EVIDENCE_LOST, f"{old['cases']} -> {new['cases']} cases"
