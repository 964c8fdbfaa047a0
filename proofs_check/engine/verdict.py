"""From findings to the verdict of a claim: pure functions, in the order in which they decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from proofs_check.claim import Check, Claim, Status
from proofs_check.engine.finding import ITSELF, Finding, Findings
from proofs_check.engine.registry import Registry

#: From worst to best, as far as an order makes sense; ``skipped`` is no judgement.
VERDICTS = ("refuted", "error", "vacuous", "inconclusive", "skipped", "supported", "certified", "proved")

#: Verdicts with which a run does not pass; a strict run adds ``inconclusive``.
BAD = ("refuted", "error", "vacuous")

_BROKEN = (Status.ERROR, Status.TIMEOUT)
_RAN = (Status.HOLDS, Status.FAILS, Status.INCONCLUSIVE)
_RIGOROUS = ("symbolic", "exact", "certified")


def verdict(claim: Claim, findings: Findings) -> str:
    """The verdict of ``claim`` from the findings of its checks and controls; probes do not enter."""
    checks = [(check, findings[check.name, ITSELF]) for check in claim.checks if (check.name, ITSELF) in findings]
    controls = [finding for (_, part), finding in findings.items() if part.startswith("control:")]
    own = [finding for _, finding in checks]
    if any(finding.status is Status.FAILS for finding in own):
        return "refuted"
    if any(finding.status in _BROKEN for finding in own + controls):
        return "error"
    if any(finding.refuted is False for finding in controls) or any(map(met_nothing, own)):
        return "vacuous"
    if any(finding.status is Status.INCONCLUSIVE for finding in own):
        return "inconclusive"
    held = [check for check, finding in checks if finding.status is Status.HOLDS]
    return _grade(claim, held) if held else "skipped"


def met_nothing(finding: Finding) -> bool:
    """Whether a check ran and had no instance to decide."""
    return finding.status in _RAN and finding.met == 0


def _grade(claim: Claim, held: Iterable[Check]) -> str:
    rigorous = [check for check in held if check.evidence in _RIGOROUS]
    if any(_proves(claim, check) for check in rigorous):
        return "proved"
    return "certified" if rigorous else "supported"


def _proves(claim: Claim, check: Check) -> bool:
    """One exact instance proves an existence; anything else needs evidence that covers the statement."""
    witness = claim.relation == "existence" and check.evidence in ("exact", "certified")
    return check.covers == "statement" or witness


def undermined_by(registry: Registry, verdicts: Mapping[str, str]) -> dict[str, list[str]]:
    """For each claim with a verdict, the refuted claims that it rests on, directly or not."""
    refuted = {claim_id for claim_id, found in verdicts.items() if found == "refuted"}
    return {claim_id: sorted(registry.ancestors(claim_id) & refuted) for claim_id in verdicts}
