"""What changed of one claim from one run to another: its verdicts, what it declares, and what became of its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reports.change import Change, Kind, from_to, hashes, names
from reports.check_changes import of_checks
from reports.reasons import why
from reports.verdicts import passed_over, without
from reports.wording import ALARMING, VERDICTS, brief, counted, first_line, quoted


def of_claim(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What changed of one claim, with the fields of the newest schema."""
    yield from (replace(change, claim=new["id"]) for change in _changes(old, new))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    absent = _not_checked_here(old, new)
    if absent:
        old = without(old, absent)  # what is left is compared with what was left then
        yield from (Change(Kind.NOT_CHECKED_HERE, "", message, name) for name, message in absent.items())
    yield from _verdict(old, new)
    found = [*_statement(old, new), *_clauses(old, new), *of_checks(old, new)]
    yield from found
    if old["statement_hash"] != new["statement_hash"] and not any(change.kind in _HASHED for change in found):
        yield _change(Kind.STATEMENT_CHANGED, f"its hash changed ({hashes(old, new, 'statement_hash')}) although no stored field did")
    yield from _declared(old, new)
    yield from _probes(old, new)


#: Kinds of changes that the hash of a statement covers.
_HASHED = (Kind.STATEMENT_CHANGED, Kind.CHECK_REMOVED, Kind.WEAKENED, Kind.CONTROL_REMOVED, Kind.DECLARATION_CHANGED)


def _change(kind: Kind, message: str) -> Change:
    return Change(kind, "", message)


def _not_checked_here(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """The formal checks that held and for which Coq is not there now, each with the reason: no verdict fell, nobody could ask."""
    held = {check["name"] for check in old["checks"] if check["evidence"] == "formal" and check["status"] == "holds"}
    return {
        check["name"]: first_line(check["message"]) or "no reason given"
        for check in new["checks"]
        if check["name"] in held and check["evidence"] == "formal" and passed_over(check)
    }


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
            yield _change(Kind.STATEMENT_CHANGED, f"{field}: {from_to(old[field], new[field])}")
    before, after = (_by(claim["assumptions"], "name", "statement") for claim in (old, new))
    for name in sorted(after.keys() - before.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"assumes more: {name} ({brief(after[name], 200)})")
    for name in sorted(before.keys() - after.keys()):
        yield _change(Kind.STATEMENT_CHANGED, f"no longer assumes {name} ({brief(before[name], 200)})")
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield _change(Kind.STATEMENT_CHANGED, f"assumption {name}: {from_to(before[name], after[name])}")


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
            yield _change(Kind.STATEMENT_CHANGED, f"clause {quoted(name)}: {from_to(first['statement'], second['statement'])}")
        if first["existential"] != second["existential"]:
            words = [("not existential", "existential")[clause["existential"]] for clause in (first, second)]
            yield _change(Kind.STATEMENT_CHANGED, f"clause {quoted(name)}: {from_to(*words)}")


def _declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What no hash covers: symbols, source, dependencies, what would refute the claim. A description that was added is none less."""
    before, after = (_by(claim["symbols"], "symbol", "meaning") for claim in (old, new))
    for symbol in before:
        if symbol not in after:
            yield _change(Kind.SYMBOL_CHANGED, f"{symbol} is no longer explained (was: {brief(before[symbol], 200)})")
        elif before[symbol] != after[symbol]:
            yield _change(Kind.SYMBOL_CHANGED, f"{symbol}: {from_to(before[symbol], after[symbol])}")
    for field in ("paper", "where"):
        if old["source"][field] != new["source"][field]:
            yield _change(Kind.SOURCE_CHANGED, f"{field}: {from_to(old['source'][field], new['source'][field])}")
    gone, come = (set(one["depends_on"]) - set(other["depends_on"]) for one, other in ((old, new), (new, old)))
    if gone:
        yield _change(Kind.DEPENDENCY_CHANGED, f"no longer rests on {names(sorted(gone))}")
    if come:
        yield _change(Kind.DEPENDENCY_CHANGED, f"now rests on {names(sorted(come))}")
    if old["refuted_by"] and old["refuted_by"] != new["refuted_by"]:
        yield _change(Kind.REFUTATION_REWORDED, f"what would refute it: {from_to(old['refuted_by'], new['refuted_by'])}")


def _probes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = (Counter(probe["drops"] for probe in claim["probes"]) for claim in (old, new))
    failed, fails = (Counter(probe["drops"] for probe in claim["probes"] if probe["fails_without"]) for claim in (old, new))
    for drops in sorted(before):
        if after[drops] < before[drops]:
            yield _change(Kind.PROBE_LOST, f"without {drops!r}: {from_to(counted(before[drops], 'probe'), counted(after[drops], 'probe'))}")
        elif fails[drops] < failed[drops]:
            now = [first_line(probe["message"]) for probe in new["probes"] if probe["drops"] == drops and not probe["fails_without"]]
            yield _change(Kind.PROBE_LOST, f"without {drops!r} it failed, now it does not ({now[0] or 'no message'})")
