"""Why a claim has its verdict, in a sentence that names its weakest clause and the checks that decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.verdicts import met_nothing, passed_over
from reports.wording import EVIDENCE, RIGOROUS, brief, counted, extent, first_line, listed, quoted

#: Names of checks in one sentence.
NAMED = 4
_ADJECTIVES = {"error": "in error", "skipped": "not tested here"}


def why(claim: Mapping[str, Any]) -> str:
    """Why the claim has its verdict."""
    if not claim["checks"]:
        return "The claim has no check, so nothing was tested."
    clauses, verdict = claim["clauses"], claim["verdict"]
    if verdict == "partial":
        return _partial(claim)
    same = [clause for clause in clauses if clause["verdict"] == verdict]
    reason = of_clause(same[0], claim["checks"])
    if len(clauses) == 1:
        return reason
    name = quoted(same[0]["name"])
    if len(same) == len(clauses):
        return f"Each of its {len(clauses)} clauses is {_adjective(verdict)}. {name}: {reason}"
    others = _states(clause for clause in clauses if clause["verdict"] != verdict)
    return f"Its weakest clause is {name}. {reason} Of the others, {others}."


def _adjective(verdict: str) -> str:
    return _ADJECTIVES.get(verdict, verdict)


def _states(clauses: Iterable[Mapping[str, Any]]) -> str:
    """``“value” is proved and “rate” and “time” are supported``."""
    groups: dict[str, list[str]] = {}
    for clause in clauses:
        groups.setdefault(clause["verdict"], []).append(quoted(clause["name"]))
    return listed([f"{listed(names)} {_be(names)} {_adjective(verdict)}" for verdict, names in groups.items()])


def _be(names: Sequence[Any], past: bool = False) -> str:
    return ("was" if past else "is") if len(names) == 1 else ("were" if past else "are")


def _partial(claim: Mapping[str, Any]) -> str:
    """Which clauses were not tested; where a law has one clause only, that it was not."""
    untested = [clause for clause in claim["clauses"] if clause["verdict"] in ("skipped", "partial")]
    reasons = [of_clause(clause, claim["checks"]) for clause in untested]
    if len(claim["clauses"]) == 1:
        return reasons[0]
    names = [quoted(clause["name"]) for clause in untested]
    word = "clause" if len(names) == 1 else "clauses"
    told = f"The {word} {listed(names)} {_be(names, past=True)} not tested here. {' '.join(dict.fromkeys(reasons))}"
    tested = _states(clause for clause in claim["clauses"] if clause not in untested)
    return f"{told} Of the others, {tested}." if tested else told


def bearing(clause: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The checks that bear on a clause."""
    return [check for check in checks if clause["name"] in check["clauses"]]


def of_clause(clause: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> str:
    """Why a clause has its verdict, from the checks of its claim."""
    mine = bearing(clause, checks)
    held = [check for check in mine if check["status"] == "holds"]
    match clause["verdict"]:
        case "refuted":
            return f"{named(_with(mine, 'fails'))} found a counterexample."
        case "error":
            broken = _with(mine, "error", "timeout")
            return f"{named(broken)} did not come to an end." if broken else "A control did not come to an answer."
        case "vacuous":
            return _vacuous(mine)
        case "inconclusive":
            return f"{named(_with(mine, 'inconclusive'))} could not decide."
        case "skipped":
            return _skipped(mine)
        case "partial":
            return f"Only training shows what training does, and no training was run here. {_skipped(_with(mine, 'skipped'))}"
        case "proved":
            return _proved(held)
        case "certified":
            rigorous = [check for check in held if check["evidence"] in RIGOROUS]
            return f"{named(rigorous)} decided {extents(rigorous)} without rounding; nothing here proves it for all sizes."
    trained = [check for check in held if check["evidence"] == "training"]
    if trained:
        cases = counted(sum(check["cases"] for check in trained), "case")
        return f"In {named(trained, 'the')} trainings agree ({cases}), by a test with a stated probability of error."
    return f"{named(held)} agreed within tolerance on {extents(held)}; no evidence here is free of rounding or chance."


def _with(checks: Iterable[Mapping[str, Any]], *statuses: str) -> list[Mapping[str, Any]]:
    return [check for check in checks if check["status"] in statuses]


def _vacuous(checks: Sequence[Mapping[str, Any]]) -> str:
    for check in (check for check in checks if not passed_over(check)):
        for control in check["controls"]:
            if control["refuted"] is not True:
                name, where = quoted(control["name"]), quoted(check["name"])
                state = "was not refuted" if control["refuted"] is False else "did not come to an answer"
                return f"The control {name} is false by construction and {state}, so the check {where} proves nothing."
        cells = [entry["cell"] for entry in check["cell_controls"] if not entry["refuted"]]
        if cells:
            more = f" and in {counted(len(cells) - 1, 'other')}" if len(cells) > 1 else ""
            what = f"A false prediction survived in the cell ({brief(cells[0], 120)}){more}"
            return f"{what}, so the check {quoted(check['name'])} proves nothing there."
    return f"{named([check for check in checks if met_nothing(check) or not check['cases']])} met no instance."


def _skipped(checks: Sequence[Mapping[str, Any]]) -> str:
    told = dict.fromkeys(first_line(check["message"]) for check in checks if check["message"])
    reasons = f": {'; '.join(told)}" if told else ""
    return f"{named(checks)} {_be(checks, past=True)} skipped{reasons}."


def _proved(held: Sequence[Mapping[str, Any]]) -> str:
    covering = [check for check in held if check["covers"] == "statement" and check["evidence"] in RIGOROUS]
    if covering:
        kinds = listed(sorted({check["evidence"] for check in covering}, key=EVIDENCE.index))
        size = "" if all(check["evidence"] in ("formal", "symbolic") for check in covering) else f" ({extents(covering)})"
        return f"{named(covering)} {'proves' if len(covering) == 1 else 'prove'} it for all that it speaks of, by {kinds} evidence{size}."
    witnessed = [check for check in held if check["evidence"] in RIGOROUS and (check["confirmed"] or check["met"] is None)]
    confirmed = next((f", {check['confirmed']}," for check in witnessed if check["confirmed"]), "")
    return f"A witness in {named(witnessed, 'the')}{confirmed} proves that it exists."


def named(checks: Sequence[Mapping[str, Any]], article: str = "The") -> str:
    """``The check “strata”``, ``The checks “a” and “b”``."""
    names = [quoted(check["name"]) for check in checks]
    if len(names) < 2:
        return f"{article} check {names[0]}" if names else "A check"
    return f"{article} checks {listed(names[:NAMED])}" + (" and others" if names[NAMED:] else "")


def extents(checks: Sequence[Mapping[str, Any]]) -> str:
    """The extent of one check, or the instances of several."""
    if len(checks) == 1:
        return extent(checks[0])
    if any(check["met"] is None for check in checks):
        return counted(sum(check["cases"] for check in checks), "case")
    return counted(sum(check["met"] for check in checks), "instance")
