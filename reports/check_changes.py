"""What changed of the checks of one claim from one run to another: what they declare, and what they found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reports.baseline import refuted_cell_controls
from reports.change import Change, Kind, from_to, hashes, names
from reports.wording import EVIDENCE, brief, first_line, listed, number, quoted

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


def of_checks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What changed of the checks of one claim; the claim is not named yet."""
    before, after = ({check["name"]: check for check in claim["checks"]} for claim in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield Change(Kind.CHECK_REMOVED, "", f"it had {before[name]['evidence']} evidence", name)
    for name in sorted(after.keys() - before.keys()):
        yield Change(Kind.DECLARATION_CHANGED, "", f"check added ({after[name]['evidence']} evidence)", name)
    kept = {clause["name"] for clause in old["clauses"]} & {clause["name"] for clause in new["clauses"]}
    for name in sorted(before.keys() & after.keys()):
        found = [*_declared_check(before[name], after[name], kept)]
        if not found and before[name]["hash"] != after[name]["hash"]:
            found = [
                (Kind.DECLARATION_CHANGED, f"its hash changed ({hashes(before[name], after[name], 'hash')}) although no stored field did")
            ]
        found += [*_code(before[name], after[name]), *_outcome(before[name], after[name])]
        yield from (Change(kind, "", message, name) for kind, message in found)


def _declared_check(old: Mapping[str, Any], new: Mapping[str, Any], kept: Collection[str]) -> Iterator[tuple[Kind, str]]:
    """What the hash of a check covers. Texts cannot be ordered, so another scope or tolerance is weaker; numbers and kinds can be."""
    for field in ("scope", "tolerance", "alpha"):
        if old[field] != new[field]:
            stricter = field != "scope" and _below(new[field], old[field])
            yield Kind.DECLARATION_CHANGED if stricter else Kind.WEAKENED, f"{field}: {from_to(old[field], new[field])}"
    if old["evidence"] != new["evidence"]:
        weaker = EVIDENCE.index(new["evidence"]) > EVIDENCE.index(old["evidence"])
        yield Kind.WEAKENED if weaker else Kind.DECLARATION_CHANGED, f"evidence: {from_to(old['evidence'], new['evidence'])}"
    if old["covers"] != new["covers"]:
        yield (
            Kind.WEAKENED if new["covers"] == "instances" else Kind.DECLARATION_CHANGED,
            f"covers: {from_to(old['covers'], new['covers'])}",
        )
    if old["because"] and old["because"] != new["because"]:
        yield Kind.WEAKENED, f"why it covers the statement: {from_to(old['because'], new['because'])}"
    elif old["because"] != new["because"]:
        yield Kind.DECLARATION_CHANGED, f"why it covers the statement: {from_to(None, new['because'])}"
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
        yield Kind.CODE_CHANGED, f"what it does changed ({hashes(old, new, 'body')}): its function, true values, controls or instances"
    if old["distribution"] and old["distribution"] != new["distribution"]:
        yield Kind.DISTRIBUTION_CHANGED, from_to(old["distribution"], new["distribution"])


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
            yield Kind.FEWER_INSTANCES, f"{noun}: {from_to(first, second)}"
            break
    if None not in (old["met"], new["met"]) and _passed_over_share(new) > _passed_over_share(old) + PASSED_OVER_GROWTH:
        words = [f"{check['skipped']} skipped and {check['rejected']} rejected beside {check['met']} met" for check in (old, new)]
        yield Kind.MORE_PASSED_OVER, from_to(*words)


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


def _below(value: Any, bound: Any) -> bool:
    return isinstance(value, int | float) and isinstance(bound, int | float) and value < bound
