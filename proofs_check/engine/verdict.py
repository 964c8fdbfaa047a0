"""From findings to verdicts: of each clause, and of the claim, which is worth its weakest clause. Pure functions, in the order in which
they decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proofs_check.claim import RIGOROUS, Check, Claim, Clause, Status
from proofs_check.engine.finding import CELLS, ITSELF, Finding, Findings
from proofs_check.engine.registry import Registry

#: From worst to best, as far as an order makes sense; ``skipped`` is no judgement, ``partial`` says that a clause was not tested.
VERDICTS = ("refuted", "error", "vacuous", "inconclusive", "skipped", "partial", "supported", "certified", "proved")

#: Verdicts with which a run does not pass; a strict run adds ``inconclusive``.
BAD = ("refuted", "error", "vacuous")

_BROKEN = (Status.ERROR, Status.TIMEOUT)


def verdict(claim: Claim, findings: Findings) -> str:
    """The verdict of ``claim`` from those of its clauses; probes do not enter."""
    return weakest(clause_verdicts(claim, findings))


def weakest(verdicts: Mapping[str, str]) -> str:
    """The verdict of a claim: that of its weakest clause; ``partial`` where some clauses were tested, none is bad, and some were not."""
    found = set(verdicts.values())
    for one in (*BAD, "inconclusive"):
        if one in found:
            return one
    if "skipped" in found or "partial" in found:
        return "skipped" if found == {"skipped"} else "partial"
    return min(found, key=VERDICTS.index)


def clause_verdicts(claim: Claim, findings: Findings) -> dict[str, str]:
    """The verdict of each clause from the findings of the checks that bear on it."""
    return {
        clause.name: _clause_verdict(claim, clause, [check for check in claim.checks if clause.name in claim.bears_on(check)], findings)
        for clause in claim.clauses
    }


def _clause_verdict(claim: Claim, clause: Clause, checks: Sequence[Check], findings: Findings) -> str:
    ran = [(check, found) for check in checks if (found := findings.get((check.name, ITSELF))) is not None and not passed_over(found)]
    own = [finding for _, finding in ran]
    if any(finding.status is Status.FAILS for finding in own):
        return "refuted"
    if any(finding.status in _BROKEN for finding in own):
        return "error"
    if any(met_nothing(finding) or survivors(check, findings) for check, finding in ran):
        return "vacuous"
    if any(finding.status is Status.INCONCLUSIVE for finding in own):
        return "inconclusive"
    held = [(check, finding) for check, finding in ran if finding.status is Status.HOLDS]
    if claim.kind == "law" and any(check.evidence == "training" for check in checks):
        # Only training shows what training does: a rank that is counted can refute such a law, not support it.
        trained = any(check.evidence == "training" for check, _ in held)
        return "supported" if trained else "partial" if held else "skipped"
    if any(_proves(clause, check, finding) for check, finding in held):
        return "proved"
    if any(check.evidence in RIGOROUS for check, _ in held):
        return "certified"
    return "supported" if held else "skipped"


def passed_over(finding: Finding) -> bool:
    """Whether a check was not run here at all: not at this level, or for want of a device or program."""
    return finding.status is Status.SKIPPED and not finding.skipped and not finding.rejected


def met_nothing(finding: Finding) -> bool:
    """Whether a check ran and had no instance to decide."""
    return finding.met == 0 and finding.status not in _BROKEN


def survivors(check: Check, findings: Findings) -> list[str]:
    """The controls of a check that was run, and its cells, in which a falsehood was not refuted: what did not run has refuted nothing."""
    controls = [control.name for control in check.controls if not _refuted(findings.get((check.name, f"control:{control.name}")))]
    cells = findings.get((check.name, CELLS))
    if cells is None or passed_over(cells):
        return controls
    if cells.status in _BROKEN:
        return [*controls, CELLS]
    return controls + [entry["cell"] for entry in cells.cell_controls if not entry["refuted"]]


def _refuted(finding: Finding | None) -> bool:
    return finding is not None and finding.refuted is True


def _proves(clause: Clause, check: Check, finding: Finding) -> bool:
    """A proof of the statement, all instances of a finite domain, or a confirmed witness of an existence."""
    if clause.existential and check.evidence in RIGOROUS and finding.confirmed:
        return True
    if check.covers != "statement":
        return False
    return check.evidence in ("formal", "symbolic") or (check.evidence in RIGOROUS and bool(check.because))


def undermined_by(registry: Registry, verdicts: Mapping[str, str]) -> dict[str, list[str]]:
    """For each claim with a verdict, the refuted claims that it rests on, directly or not."""
    refuted = {claim_id for claim_id, found in verdicts.items() if found == "refuted"}
    return {claim_id: sorted(registry.ancestors(claim_id) & refuted) for claim_id in verdicts}


def dead_probes(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The probes of a claim's entry in the results that ran and did not fail: the assumption that they drop shows no weight."""
    return [probe for probe in entry["probes"] if not probe["fails_without"] and not probe["message"].startswith("skipped")]
