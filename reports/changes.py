"""What changed of one claim from one run to another: its verdicts, what it declares, and what its checks declare and found.

Texts name what was and is. Every way in which a reader would call a claim weaker has a class of its own (:class:`Kind`).
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reports.baseline import refuted_cell_controls
from reports.reasons import why
from reports.wording import ALARMING, EVIDENCE, VERDICTS, brief, counted, first_line, listed, number, one_line, quoted

#: A margin is worth a word once it falls below half of the baseline's and below ten tolerances: numbers on another machine
#: differ in their last bits, and a margin of a thousand tolerances says nothing when it becomes five hundred.
MARGIN_SHARE = 0.5
MARGIN_ROOM = 10.0
#: Instances and cases may become fewer by half before that is told: random sampling and early stopping make them vary.
MET_SHARE = 0.5
#: Growth of the share of instances that were skipped or lie outside the hypotheses, before that is told.
PASSED_OVER_GROWTH = 0.1
#: Growth of a detectable effect beyond the rounding of a baseline, before that is told.
EFFECT_GROWTH = 1.1
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
    NEW = "new"

    @property
    def failing(self) -> bool:
        """Whether a change of this kind fails the comparison."""
        return self not in _PASSING


_PASSING = frozenset({Kind.UNDERMINED, Kind.MARGIN_DRIFTED, Kind.IMPROVED, Kind.NEW})


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


def of_claim(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What changed of one claim, with the fields of the newest schema."""
    yield from (replace(change, claim=new["id"]) for change in _changes(old, new))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    yield from _verdict(old, new)
    hashed = [*_statement(old, new), *_clauses(old, new)]
    checks = list(_checks(old, new))
    yield from hashed
    yield from checks
    if not hashed and not checks and old["statement_hash"] != new["statement_hash"]:
        yield _change(Kind.STATEMENT_CHANGED, f"its hash changed ({_hashes(old, new, 'statement_hash')}) although no stored field did")
    yield from _declared(old, new)
    yield from _probes(old, new)


def _change(kind: Kind, message: str, check: str | None = None) -> Change:
    return Change(kind, "", message, check)


# -------------------------------------------------------------------------------------------------------------- verdicts


def _verdict(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old["verdict"], new["verdict"]
    if before != after:
        bad = worse(before, after)
        reason = f": {why(new)}" if bad else ""
        yield _change(Kind.REGRESSED if bad else Kind.IMPROVED, f"{before} -> {after}{reason}")
    clauses = {clause["name"]: clause["verdict"] for clause in new["clauses"]}
    for clause in old["clauses"]:
        found = clauses.get(clause["name"])
        if found is not None and worse(clause["verdict"], found) and not worse(before, after):
            yield _change(Kind.CLAUSE_REGRESSED, f"{quoted(clause['name'])}: {clause['verdict']} -> {found}")
    if added := sorted(set(new["undermined_by"]) - set(old["undermined_by"])):
        yield _change(Kind.UNDERMINED, f"now rests on refuted {names(added)}")


def worse(before: str, after: str) -> bool:
    """Whether the verdict ``after`` is worse than ``before``.

    ``skipped`` is no judgement: to come to it is to lose one, whatever it was, and from it only an alarm is worse.
    """
    if "skipped" in (before, after):
        return before != after and (after == "skipped" or after in ALARMING)
    return VERDICTS.index(after) < VERDICTS.index(before)


# ---------------------------------------------------------------------------------------------------- what a claim declares


def _statement(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field in ("statement", "kind", "relation"):
        if old[field] != new[field]:
            yield _change(Kind.STATEMENT_CHANGED, f"{field}: {_from_to(old[field], new[field])}")
    before, after = (_by(claim["assumptions"], "name", "statement") for claim in (old, new))
    for name in sorted(after.keys() - before.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"assumes more: {name} ({brief(after[name], 200)})")
    for name in sorted(before.keys() - after.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"no longer assumes {name} ({brief(before[name], 200)})")
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield _change(Kind.STATEMENT_CHANGED, f"assumption {name}: {_from_to(before[name], after[name])}")


def _by(entries: Iterable[Mapping[str, Any]], key: str, field: str) -> dict[str, Any]:
    return {entry[key]: entry[field] for entry in entries}


def _clauses(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """A claim of one clause says that clause as its statement."""
    before, after = ({clause["name"]: clause for clause in claim["clauses"]} for claim in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"clause removed: {quoted(name)} ({brief(before[name]['statement'], 200)})")
    for name in sorted(after.keys() - before.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"clause added: {quoted(name)} ({brief(after[name]['statement'], 200)})")
    for name in sorted(before.keys() & after.keys()):
        first, second = before[name], after[name]
        if first["statement"] != second["statement"] and len(before) + len(after) > 2:
            yield _change(Kind.STATEMENT_CHANGED, f"clause {quoted(name)}: {_from_to(first['statement'], second['statement'])}")
        if first["existential"] != second["existential"]:
            words = [("not existential", "existential")[clause["existential"]] for clause in (first, second)]
            yield _change(Kind.STATEMENT_CHANGED, f"clause {quoted(name)}: {_from_to(*words)}")


def _declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What no hash covers: symbols, source, dependencies, what would refute the claim. A description that was added is none less."""
    before, after = (_by(claim["symbols"], "symbol", "meaning") for claim in (old, new))
    for symbol in before:
        if symbol not in after:
            yield _change(Kind.SYMBOL_CHANGED, f"{symbol} is no longer explained (was: {brief(before[symbol], 200)})")
        elif before[symbol] != after[symbol]:
            yield _change(Kind.SYMBOL_CHANGED, f"{symbol}: {_from_to(before[symbol], after[symbol])}")
    for field in ("paper", "where"):
        if old["source"][field] != new["source"][field]:
            yield _change(Kind.SOURCE_CHANGED, f"{field}: {_from_to(old['source'][field], new['source'][field])}")
    gone, come = (set(one["depends_on"]) - set(other["depends_on"]) for one, other in ((old, new), (new, old)))
    if gone:
        yield _change(Kind.DEPENDENCY_CHANGED, f"no longer rests on {names(sorted(gone))}")
    if come:
        yield _change(Kind.DEPENDENCY_CHANGED, f"now rests on {names(sorted(come))}")
    if old["refuted_by"] and old["refuted_by"] != new["refuted_by"]:
        yield _change(Kind.REFUTATION_REWORDED, f"what would refute it: {_from_to(old['refuted_by'], new['refuted_by'])}")


def _probes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = (Counter(probe["drops"] for probe in claim["probes"]) for claim in (old, new))
    failed, fails = (Counter(probe["drops"] for probe in claim["probes"] if probe["fails_without"]) for claim in (old, new))
    for drops in sorted(before):
        if after[drops] < before[drops]:
            yield _change(
                Kind.PROBE_LOST, f"without {drops!r}: {_from_to(counted(before[drops], 'probe'), counted(after[drops], 'probe'))}"
            )
        elif fails[drops] < failed[drops]:
            now = [first_line(probe["message"]) for probe in new["probes"] if probe["drops"] == drops and not probe["fails_without"]]
            yield _change(Kind.PROBE_LOST, f"without {drops!r} it failed, now it does not ({now[0] or 'no message'})")


# ---------------------------------------------------------------------------------------------------- what a check declares


def _checks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = ({check["name"]: check for check in claim["checks"]} for claim in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield _change(Kind.CHECK_REMOVED, f"it had {before[name]['evidence']} evidence", name)
    for name in sorted(after.keys() - before.keys()):
        yield _change(Kind.DECLARATION_CHANGED, f"check added ({after[name]['evidence']} evidence)", name)
    kept = {clause["name"] for clause in old["clauses"]} & {clause["name"] for clause in new["clauses"]}
    for name in sorted(before.keys() & after.keys()):
        found = [*_declared_check(before[name], after[name], kept)]
        if not found and before[name]["hash"] != after[name]["hash"]:
            found = [
                (Kind.DECLARATION_CHANGED, f"its hash changed ({_hashes(before[name], after[name], 'hash')}) although no stored field did")
            ]
        found += [*_code(before[name], after[name]), *_outcome(before[name], after[name])]
        yield from (_change(kind, message, name) for kind, message in found)


def _declared_check(old: Mapping[str, Any], new: Mapping[str, Any], kept: Collection[str]) -> Iterator[tuple[Kind, str]]:
    """What the hash of a check covers. Texts cannot be ordered, so another scope or tolerance is weaker; numbers and kinds can be."""
    for field in ("scope", "tolerance", "alpha"):
        if old[field] != new[field]:
            stricter = field != "scope" and _below(new[field], old[field])
            yield Kind.DECLARATION_CHANGED if stricter else Kind.WEAKENED, f"{field}: {_from_to(old[field], new[field])}"
    if old["evidence"] != new["evidence"]:
        weaker = EVIDENCE.index(new["evidence"]) > EVIDENCE.index(old["evidence"])
        yield Kind.WEAKENED if weaker else Kind.DECLARATION_CHANGED, f"evidence: {_from_to(old['evidence'], new['evidence'])}"
    if old["covers"] != new["covers"]:
        yield (
            Kind.WEAKENED if new["covers"] == "instances" else Kind.DECLARATION_CHANGED,
            f"covers: {_from_to(old['covers'], new['covers'])}",
        )
    if old["because"] and old["because"] != new["because"]:
        yield Kind.WEAKENED, f"why it covers the statement: {_from_to(old['because'], new['because'])}"
    elif old["because"] != new["because"]:
        yield Kind.DECLARATION_CHANGED, f"why it covers the statement: {_from_to(None, new['because'])}"
    if gone := [name for name in old["clauses"] if name in kept and name not in new["clauses"]]:
        yield Kind.WEAKENED, f"no longer bears on {listed(list(map(quoted, gone)))}"
    if come := [name for name in new["clauses"] if name in kept and name not in old["clauses"]]:
        yield Kind.DECLARATION_CHANGED, f"now bears on {listed(list(map(quoted, come)))}"
    before, after = ([control["name"] for control in check["controls"]] for check in (old, new))
    if removed := [name for name in before if name not in after]:
        yield Kind.CONTROL_REMOVED, names(removed)
    if added := [name for name in after if name not in before]:
        yield Kind.DECLARATION_CHANGED, f"control added: {names(added)}"


def _code(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """What no declaration says: the code that decides, and the law of the instances."""
    if None not in (old["body"], new["body"]) and old["body"] != new["body"]:
        yield Kind.CODE_CHANGED, f"what it does changed ({_hashes(old, new, 'body')}): its function, true values, controls or instances"
    if old["distribution"] and old["distribution"] != new["distribution"]:
        yield Kind.DISTRIBUTION_CHANGED, _from_to(old["distribution"], new["distribution"])


# ----------------------------------------------------------------------------------------------------------- what was found

#: From worst to best.
_STATUSES = ("fails", "error", "timeout", "skipped", "inconclusive", "holds")
_BROKEN = _STATUSES[:3]


def _outcome(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    before, after = (_STATUSES.index(check["status"]) for check in (old, new))
    if after < before and (new["status"] in _BROKEN or old["status"] == "holds"):
        message = f": {first_line(new['message'])}" if new["message"] else ""
        kind = Kind.CHECK_BROKE if new["status"] in _BROKEN else Kind.EVIDENCE_LOST
        yield kind, f"{old['status']} -> {new['status']}{message}"
    if {old["status"], new["status"]} <= {"holds", "inconclusive"}:
        yield from _counts(old, new)
        yield from _controls(old, new)
    if old["status"] == new["status"] == "holds":
        yield from _strength(old, new)


def _counts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Cells, instances and cases of a check that ran both times."""
    yield from _cells(old["cells"], new["cells"])
    for field, noun in (("met", "instances met"), ("cases", "cases")):
        first, second = old[field], new[field]
        if None not in (first, second) and second < MET_SHARE * first:
            yield Kind.FEWER_INSTANCES, f"{noun}: {_from_to(first, second)}"
            break
    if None not in (old["met"], new["met"]) and _passed_over_share(new) > _passed_over_share(old) + PASSED_OVER_GROWTH:
        words = [f"{check['skipped']} skipped and {check['rejected']} rejected beside {check['met']} met" for check in (old, new)]
        yield Kind.MORE_PASSED_OVER, _from_to(*words)


def _cells(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[tuple[Kind, str]]:
    if old is None:
        return
    if new is None:
        yield Kind.DOMAIN_NARROWED, f"cells: {old['met']} -> no axes, so none are counted"
        return
    before, after = (cells["met"] + len(cells["missed"]) for cells in (old, new))
    if after < before:
        yield Kind.DOMAIN_NARROWED, f"cells: {before} -> {after}"
    elif missed := [name for name in new["missed"] if name not in old["missed"]]:
        yield Kind.DOMAIN_NARROWED, f"cells that no instance meets any more: {names(missed, '; ')}"
    elif new["met"] < old["met"]:
        yield Kind.DOMAIN_NARROWED, f"cells met: {old['met']} -> {new['met']}"


def _passed_over_share(check: Mapping[str, Any]) -> float:
    passed = check["skipped"] + check["rejected"]
    return passed / max(1, passed + check["met"])


def _controls(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Controls and cell controls of a check that ran both times: what was refuted has to be refuted again."""
    found = {control["name"]: control for control in new["controls"]}
    for control in old["controls"]:
        now = found.get(control["name"])
        if control["refuted"] is True and now is not None and now["refuted"] is not True:
            state = "not refuted" if now["refuted"] is False else "did not come to an answer"
            yield Kind.CONTROL_SURVIVED, f"{quoted(control['name'])}: refuted -> {state} ({first_line(now['message']) or 'no message'})"
    survived = {entry["cell"] for entry in old["cell_controls"] if not entry["refuted"]}
    survive = [entry["cell"] for entry in new["cell_controls"] if not entry["refuted"]]
    if added := [cell for cell in survive if cell not in survived]:
        yield Kind.CELL_CONTROL_SURVIVED, f"a false prediction is no longer refuted in: {names(added, '; ')}"
    before, after = refuted_cell_controls(old) + len(survived), refuted_cell_controls(new) + len(survive)
    if after < before:
        yield Kind.CELL_CONTROL_LOST, f"cells in which the prediction is made false: {before} -> {after}"


def _strength(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Margin, detectable effect, witness and certificate of a check that holds both times."""
    before, after = old["margin"], new["margin"]
    if None not in (before, after) and 0 < before and after < min(MARGIN_SHARE * before, MARGIN_ROOM):
        yield Kind.MARGIN_DRIFTED, f"margin {number(before)} -> {number(after)} tolerances"
    effect, now = old["detectable"], new["detectable"]
    if effect is not None and (now is None or now > EFFECT_GROWTH * effect):
        yield Kind.EFFECT_GROWN, f"smallest effect that would be found: {number(effect)} -> {'not stated' if now is None else number(now)}"
    if old["certificate"] and not new["certificate"]:
        yield Kind.CERTIFICATE_REMOVED, f"was {brief(old['certificate'], 200)}"
    if old["confirmed"] and not new["confirmed"]:
        yield Kind.EVIDENCE_LOST, f"its witness was confirmed ({brief(old['confirmed'])}), now it is not"


# -------------------------------------------------------------------------------------------------------------------- words


def _below(value: Any, bound: Any) -> bool:
    return isinstance(value, int | float) and isinstance(bound, int | float) and value < bound


def _hashes(old: Mapping[str, Any], new: Mapping[str, Any], field: str) -> str:
    return f"{old[field][:12]} -> {new[field][:12]}"


def names(names: Sequence[str], separator: str = ", ") -> str:
    """The first few of ``names``, and how many more there are."""
    shown = [brief(name) for name in names[:NAMED]]
    return separator.join(shown) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


#: Characters of a text in a message, and of what it shares with the other before the first difference.
_LONG, _SHARED = 160, 40


def _from_to(old: Any, new: Any) -> str:
    """``was -> is``; of long texts the part from shortly before the first difference on."""
    first, second = ("none" if value in (None, "") else str(value) for value in (old, new))
    start = 0
    if max(len(first), len(second)) > _LONG:
        same = next((place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
        start = max(0, same - _SHARED)
    lead = "…" if start else ""
    return f"{lead}{brief(first[start:], _LONG)} -> {lead}{brief(second[start:], _LONG)}"
