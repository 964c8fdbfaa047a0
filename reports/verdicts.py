"""The verdicts of a stored run computed anew from its checks, so that a verdict cannot be written into a file.

A claim is worth its weakest clause. Each clause is judged by the checks that bear on it: refuted where one fails, in error where one
broke, vacuous where a falsehood made on purpose survived or nothing was met, inconclusive where one did not decide, and otherwise graded
by the strongest evidence that holds. Files of schema version 1 say less (no clauses, no counts of instances); for them the verdicts that
what they say allows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from reports.wording import ALARMING, RIGOROUS, VERDICTS

_BROKEN = ("error", "timeout")


def of_clauses(claim: Mapping[str, Any]) -> dict[str, str]:
    """The verdict of each clause of ``claim`` (schema version 2) by its name."""
    law = claim["kind"] == "law"
    bearing = {clause["name"]: [check for check in claim["checks"] if clause["name"] in check["clauses"]] for clause in claim["clauses"]}
    return {clause["name"]: _of_clause(clause, bearing[clause["name"]], law=law) for clause in claim["clauses"]}


def weakest(verdicts: Mapping[str, str]) -> str:
    """The verdict of a claim from those of its clauses: ``partial`` where some were tested, none badly, and some were not."""
    found = set(verdicts.values())
    for verdict in (*ALARMING, "inconclusive"):
        if verdict in found:
            return verdict
    if "partial" in found or ("skipped" in found and found != {"skipped"}):
        return "partial"
    return min(found, key=VERDICTS.index)


def without(claim: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """``claim`` as it would have come out had the checks called ``names`` not been run."""
    checks = [{**check, **_NOT_RUN} if check["name"] in names else check for check in claim["checks"]]
    verdicts = of_clauses({**claim, "checks": checks})
    clauses = [{**clause, "verdict": verdicts[clause["name"]]} for clause in claim["clauses"]]
    return {**claim, "checks": checks, "clauses": clauses, "verdict": weakest(verdicts)}


_NOT_RUN = {"status": "skipped", "met": 0, "skipped": 0, "rejected": 0}


def _of_clause(clause: Mapping[str, Any], bearing: Sequence[Mapping[str, Any]], *, law: bool) -> str:
    ran = [check for check in bearing if not passed_over(check)]
    statuses = {check["status"] for check in ran}
    if "fails" in statuses:
        return "refuted"
    if statuses.intersection(_BROKEN):
        return "error"
    if any(met_nothing(check) or survivors(check) for check in ran):
        return "vacuous"
    if "inconclusive" in statuses:
        return "inconclusive"
    held = [check for check in ran if check["status"] == "holds"]
    if law and any(check["evidence"] == "training" for check in bearing):  # only training shows what training does
        return "supported" if any(check["evidence"] == "training" for check in held) else "partial" if held else "skipped"
    if any(proves(clause, check) for check in held):
        return "proved"
    if any(check["evidence"] in RIGOROUS for check in held):
        return "certified"
    return "supported" if held else "skipped"


def passed_over(check: Mapping[str, Any]) -> bool:
    """Whether the check was not run at all: not at this level, or for want of a device or program."""
    return check["status"] == "skipped" and not check["skipped"] and not check["rejected"]


def met_nothing(check: Mapping[str, Any]) -> bool:
    """Whether the check ran and had no instance to decide."""
    return check["met"] == 0 and check["status"] not in _BROKEN


def survivors(check: Mapping[str, Any]) -> list[str]:
    """The controls of a check that ran, and the cells, in which a falsehood made on purpose was not refuted."""
    controls = [control["name"] for control in check["controls"] if control["refuted"] is not True]
    return controls + [entry["cell"] for entry in check["cell_controls"] if not entry["refuted"]]


def proves(clause: Mapping[str, Any], check: Mapping[str, Any]) -> bool:
    """Whether a check that holds proves ``clause``: for all it speaks of, or by a confirmed witness of an existence."""
    if clause["existential"] and check["evidence"] in RIGOROUS and check["confirmed"]:
        return True
    if check["covers"] != "statement":
        return False
    return check["evidence"] in ("formal", "symbolic") or (check["evidence"] in RIGOROUS and bool(check["because"]))


# ------------------------------------------------------------------------------------------------------ schema version 1


def of_version_1(claim: Mapping[str, Any]) -> list[str]:
    """The verdicts that a claim of schema version 1 may have come to, by its rules of that time.

    A control without an answer was skipped or broke, a check without cases may have met no instance: where the messages that say
    which are left out (in a baseline), both readings count.
    """
    return list(_version_1(claim))


def _version_1(claim: Mapping[str, Any]) -> Iterator[str]:
    checks = claim["checks"]
    controls = [control for check in checks for control in check["controls"]]
    statuses = {check["status"] for check in checks}
    if "fails" in statuses:
        yield "refuted"
        return
    unanswered = [control["message"] for control in controls if control["refuted"] is None]
    if statuses.intersection(_BROKEN) or any(message.startswith(("error:", "timeout:")) for message in unanswered):
        yield "error"
        return
    if "" in unanswered:
        yield "error"
    if any(control["refuted"] is False for control in controls):
        yield "vacuous"
        return
    if any(check["status"] in ("holds", "inconclusive") and check["cases"] == 0 for check in checks):
        yield "vacuous"
    if "inconclusive" in statuses:
        yield "inconclusive"
        return
    yield _grade_1(claim, [check for check in checks if check["status"] == "holds"])


def _grade_1(claim: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> str:
    rigorous = [check for check in held if check["evidence"] in RIGOROUS]
    witnessed = claim["relation"] == "existence" and any(check["evidence"] in ("exact", "certified") for check in rigorous)
    if witnessed or any(check["covers"] == "statement" for check in rigorous):
        return "proved"
    return "certified" if rigorous else "supported" if held else "skipped"


# ---------------------------------------------------------------------------------------------------------- what adds up


def disagreement(results: Mapping[str, Any]) -> str:
    """The first claim whose stored verdicts its checks do not give, in words; an empty text when all add up."""
    found = map(_disagreement, results["claims"]) if results["schema"] != 1 else map(_disagreement_1, results["claims"])
    return next(filter(None, found), "") or _undermined(results["claims"])


def _disagreement(claim: Mapping[str, Any]) -> str:
    where = f"claim {claim['id']!r}: "
    names = [clause["name"] for clause in claim["clauses"]]
    for check in claim["checks"]:
        if unknown := [name for name in check["clauses"] if name not in names]:
            return f"{where}check {check['name']!r} bears on the clause {unknown[0]!r}, expected one of {', '.join(names)}"
    found = of_clauses(claim)
    for clause in claim["clauses"]:
        if clause["verdict"] != found[clause["name"]]:
            return f"{where}its clause {clause['name']!r} is stored as {clause['verdict']}, its checks give {found[clause['name']]}"
    if claim["verdict"] != (expected := weakest(found)):
        return f"{where}it is stored as {claim['verdict']}, its checks give {expected}"
    return ""


def _disagreement_1(claim: Mapping[str, Any]) -> str:
    if claim["verdict"] not in (allowed := of_version_1(claim)):
        return f"claim {claim['id']!r}: it is stored as {claim['verdict']}, its checks give {' or '.join(allowed)}"
    return ""


def _undermined(claims: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with ``undermined_by``. Claims outside the run may join two of it, so the run gives bounds on both sides."""
    refuted = {claim["id"] for claim in claims if claim["verdict"] == "refuted"}
    rests_on = {claim["id"]: claim["depends_on"] for claim in claims}
    for claim in claims:
        stored = set(claim["undermined_by"])
        if not stored and not refuted:
            continue
        if missing := sorted((_ancestors(claim["id"], rests_on) & refuted) - stored):
            return f"claim {claim['id']!r}: it rests on {missing[0]}, which is refuted, and is not stored as undermined by it"
        if wrong := sorted(stored - refuted):
            return f"claim {claim['id']!r}: it is stored as undermined by {wrong[0]}, which is not refuted in this run"
    return ""


def _ancestors(claim_id: str, rests_on: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [claim_id]
    while waiting:
        new = set(rests_on.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
