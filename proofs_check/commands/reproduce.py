"""``proofs-check reproduce``: one case of a stored run again."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from proofs_check.claim import Check, Claim, ClaimError, Status
from proofs_check.commands._group import claims_at, explained, own_claims
from proofs_check.engine.finding import ITSELF


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json|DIRECTORY")
@click.argument("claim_id", metavar="CLAIM")
@click.argument("check", metavar="CHECK")
@click.argument("case", metavar="CASE")
@own_claims
@click.option("--changed", is_flag=True, help="Also where the claim or its check is no longer the one of the run.")
@explained
def command(results: Path, claim_id: str, check: str, case: str, claims: tuple[Path, ...], changed: bool) -> None:
    """Run one case of a stored run again.

    CASE is a number, or control:NAME:NUMBER. Exits with 1 when the case fails (as that of a control should) or breaks, with 0
    when it holds, is inconclusive or skipped, with 2 when the claim is no longer the one of the run.

    Example: proofs-check reproduce run/results.json toy.fNL points 0
    """
    from proofs_check.commands._stored import read_results
    from proofs_check.engine.execution import prepare
    from proofs_check.engine.pool import Pool
    from proofs_check.engine.runner import make_job

    part, number = parse_case(case)
    whole = read_results(results)
    stored = whole["run"]
    run = {"level": stored["level"], "seed": stored["seed"], "device": stored["device"]}
    registry = claims_at(claims)
    if claim_id not in registry:
        where = f"in {' or '.join(map(str, claims))}" if claims else "among the shipped claims (--claims PATH names others)"
        raise ClaimError(f"claim {claim_id!r}: found no such claim {where}")
    claim = registry[claim_id]
    prepare(claim, check, part, **run)  # says what is wrong with the names before a worker starts
    if not changed and (differing := differences(whole, claim, claim.check(check))):
        raise ClaimError(
            f"claim {claim_id!r} is no longer the one of the run: {differing} changed, and the case may be another;"
            " verify again, or run it all the same with --changed"
        )
    with Pool(1) as pool:
        job = make_job(registry, claim, claim.check(check), part, **run)
        found = pool.run_one(replace(job, case=number))
    if found.status is Status.SKIPPED and not found.met:
        raise ClaimError(found.message)
    click.echo(f"{claim_id}, check {check}, case {case}: {found.status.value}")
    for text in (found.message, found.log.rstrip()):
        if text:
            click.echo(text)
    if found.counterexample is not None:
        click.echo(json.dumps(found.counterexample, indent=1, ensure_ascii=False))
    sys.exit(1 if found.status in (Status.FAILS, Status.ERROR, Status.TIMEOUT) else 0)


def differences(results: Mapping[str, Any], claim: Claim, check: Check) -> str:
    """What of a claim and its check is not as the results say, in words; what they do not say is not compared."""
    from proofs_check.engine.bodies import body_hash

    entry = next((entry for entry in results["claims"] if entry["id"] == claim.id), None)
    if entry is None:
        return "the claims that it tested"
    stored = next((one for one in entry["checks"] if one["name"] == check.name), {})
    pairs = {
        "the statement": (entry.get("statement"), claim.statement),
        "what is claimed or how it is tested": (entry.get("statement_hash"), claim.statement_hash),
        "the declaration of the check": (stored.get("hash"), check.hash),
        "the code of the check": (stored.get("body"), body_hash(check)),
    }
    return ", ".join(what for what, (then, now) in pairs.items() if then is not None and then != now)


def parse_case(case: str) -> tuple[str, int]:
    """The part of the check and the number of the case.

    :raises ClaimError: when ``case`` is neither a number nor ``control:NAME:NUMBER``.
    """
    match = re.fullmatch(r"(?:(control:.+):)?(\d+)", case)
    if match is None:
        raise ClaimError(f"CASE must be a number or control:NAME:NUMBER, got {case!r}")
    return match[1] or ITSELF, int(match[2])
