"""A run as ``results.json`` holds it, and the files that lie beside it."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofs_check.claim import Check, Claim, Status
from proofs_check.engine.bodies import body_hash
from proofs_check.engine.finding import CELLS, ITSELF, Finding, Findings
from proofs_check.engine.pictures import predictions
from proofs_check.engine.registry import Registry, shown_file
from proofs_check.engine.verdict import clause_verdicts, passed_over, weakest
from proofs_check.plain_data import write_json

#: 2 since clauses, cells and checksums; version 1 is still read by report, compare and history.
SCHEMA = 2


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is written (``None``: nowhere) and the claims paths it was given, for commands that repeat a case."""

    directory: Path | None
    claims: tuple[Path, ...] = ()

    def reproduce(self, claim: Claim, check: Check, case: int | str) -> str:
        """The command that runs one case again."""
        results = "results.json" if self.directory is None else str(self.directory / "results.json")
        own = [word for path in self.claims for word in ("--claims", str(path))]
        return shlex.join(["proofs-check", "reproduce", results, claim.id, check.name, str(case), *own])


def sealed(results: dict[str, Any]) -> dict[str, Any]:
    """``results`` with the checksum of its claims, so that an edited file is told from the one that was written."""
    return {**results, "checksum": checksum(results["claims"])}


def checksum(claims: Any) -> str:
    """sha256 of the canonical JSON of the claims of a run."""
    return hashlib.sha256(json.dumps(claims, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def claim_result(claim: Claim, findings: Findings, place: RunPlace, registry: Registry) -> dict[str, Any]:
    """The entry of one claim, but for ``undermined_by``, which the other claims decide."""
    verdicts = clause_verdicts(claim, findings)
    checks = [_check(claim, check, findings, place) for check in claim.checks]
    if not any(check["figures"] for check in checks) and (drawn := predictions(claim, findings)):
        next(check for check in checks if check["name"] == drawn[0])["figures"] = [drawn[1]]
    return {
        "id": claim.id,
        "family": claim.family,
        "file": shown_file(registry.files[claim.id]),
        "title": claim.title,
        "statement": claim.statement,
        "symbols": [{"symbol": symbol, "meaning": meaning} for symbol, meaning in claim.symbols.items()],
        "clauses": [
            {"name": part.name, "statement": part.statement, "existential": part.existential, "verdict": verdicts[part.name]}
            for part in claim.clauses
        ],
        "assumptions": [{"name": entry.name, "statement": entry.statement} for entry in claim.assumptions],
        "source": {"paper": claim.source.paper, "where": claim.source.where},
        "kind": claim.kind,
        "relation": claim.relation,
        "depends_on": list(claim.depends_on),
        "statement_hash": claim.statement_hash,
        "verdict": weakest(verdicts),
        "undermined_by": [],
        "refuted_by": claim.refuted_by,
        "notes": claim.notes,
        "probes": _probes(claim, findings),
        "checks": checks,
    }


def _check(claim: Claim, check: Check, findings: Findings, place: RunPlace) -> dict[str, Any]:
    own = findings[check.name, ITSELF]
    cells = found.seconds if (found := findings.get((check.name, CELLS))) is not None else 0.0
    controls = {control.name: findings[check.name, f"control:{control.name}"] for control in check.controls}
    return {
        "name": check.name,
        "evidence": check.evidence,
        "covers": check.covers,
        "because": check.because,
        "clauses": list(claim.bears_on(check)),
        "status": own.status.value,
        "scope": check.scope,
        "cases": own.cases,
        "met": own.met,
        "skipped": own.skipped,
        "rejected": own.rejected,
        "cells": {"met": own.cells, "missed": list(own.missed)} if check.axes is not None else None,
        "margin": own.margin,
        "tolerance": check.tolerance,
        "seconds": round(own.seconds + sum(finding.seconds for finding in controls.values()) + cells, 4),
        "message": own.message,
        "distribution": check.distribution,
        "alpha": check.alpha,
        "spent": own.spent,
        "detectable": own.detectable,
        "hash": check.hash,
        "body": body_hash(check),
        "versions": own.versions and dict(own.versions),
        "witness": own.witness,
        "confirmed": own.confirmed,
        "proof": own.proof,
        **_certificate(claim, check, own, place),
        "counterexample": _counterexample(claim, check, own, place),
        "figures": list(own.figures),
        "controls": [_control(name, finding) for name, finding in controls.items()],
        "cell_controls": _cell_controls(findings.get((check.name, CELLS))),
    }


def _cell_controls(finding: Finding | None) -> list[dict[str, Any]]:
    """What came of making predictions false, cell by cell; one entry that says so where that could not be run."""
    if finding is None or passed_over(finding):
        return []
    if finding.status in (Status.ERROR, Status.TIMEOUT):
        return [{"cell": CELLS, "refuted": False, "message": f"{finding.status.value}: {finding.message}"}]
    return [dict(entry) for entry in finding.cell_controls]


def _counterexample(claim: Claim, check: Check, own: Finding, place: RunPlace) -> Mapping[str, Any] | None:
    if own.counterexample is None:
        return None
    return {**own.counterexample, "reproduce": place.reproduce(claim, check, own.counterexample.get("case", 0))}


def _control(name: str, finding: Finding) -> dict[str, Any]:
    message = finding.message
    if finding.refuted:
        message = f"case {(finding.counterexample or {}).get('case', 0)}: {message}"
    elif finding.refuted is False:
        message = f"not refuted on {finding.met} instances ({finding.cases} cases) {message}".rstrip()
    elif finding.status.value != "skipped":
        message = f"{finding.status.value}: {message}"
    return {"name": name, "refuted": finding.refuted, "message": message}


def _probes(claim: Claim, findings: Findings) -> list[dict[str, Any]]:
    found = [findings[claim.probed(probe).name, f"probe:{number}"] for number, probe in enumerate(claim.probes)]
    return [
        {
            "drops": probe.drops,
            "fails_without": finding.refuted,
            "message": finding.message if finding.refuted else f"{finding.status.value}: {finding.message}",
        }
        for probe, finding in zip(claim.probes, found, strict=True)
    ]


#: What a certificate states, as far as the results repeat it: a referee compares both.
STATED = ("kind", "mechanism", "rank", "at", "inertia", "shallow", "deep", "radius", "limit within")


def _certificate(claim: Claim, check: Check, own: Finding, place: RunPlace) -> dict[str, Any]:
    """Write what certifies the result (a list when there are several): its path relative to the results, its hash, and what it states.

    Each certificate names its claim and check.
    """
    if not own.certificates or place.directory is None:
        return {"certificate": None}
    relative = f"certificates/{claim.id}.{check.name}.json"
    named = [{"claim": claim.id, "check": check.name, **entry} if isinstance(entry, Mapping) else entry for entry in own.certificates]
    write_json(place.directory / relative, named[0] if len(named) == 1 else named)
    states = [{name: entry[name] for name in STATED if name in entry} if isinstance(entry, Mapping) else {} for entry in named]
    text = (place.directory / relative).read_bytes()
    return {"certificate": relative, "certificate_hash": hashlib.sha256(text).hexdigest(), "certificate_states": states}
