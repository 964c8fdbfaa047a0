"""``proofs-check reproduce``: one case of a stored run again."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import click

from proofs_check.claim import ClaimError, Status
from proofs_check.commands._group import claims_at, explained
from proofs_check.engine.finding import ITSELF


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json")
@click.argument("claim_id", metavar="CLAIM")
@click.argument("check", metavar="CHECK")
@click.argument("case", metavar="CASE")
@click.option("--claims", type=click.Path(path_type=Path), help="The claims file or directory of the run.")
@explained
def command(results: Path, claim_id: str, check: str, case: str, claims: Path | None) -> None:
    """Run one case of a stored run again.

    CASE is a number, or control:NAME:NUMBER. Exits with 1 when the case fails (as that of a control should) or breaks, with 0
    when it holds, is inconclusive or skipped.
    """
    from proofs_check.commands._stored import read_results
    from proofs_check.engine.execution import prepare
    from proofs_check.engine.pool import Pool
    from proofs_check.engine.runner import make_job

    part, number = parse_case(case)
    stored = read_results(results)["run"]
    run = {"level": stored["level"], "seed": stored["seed"], "device": stored["device"]}
    registry = claims_at(claims)
    if claim_id not in registry:
        where = f"in {claims}" if claims else "among the shipped claims (--claims PATH names others)"
        raise ClaimError(f"claim {claim_id!r}: found no such claim {where}")
    claim = registry[claim_id]
    prepare(claim, check, part, **run)  # says what is wrong with the names before a worker starts
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


def parse_case(case: str) -> tuple[str, int]:
    """The part of the check and the number of the case.

    :raises ClaimError: when ``case`` is neither a number nor ``control:NAME:NUMBER``.
    """
    match = re.fullmatch(r"(?:(control:.+):)?(\d+)", case)
    if match is None:
        raise ClaimError(f"CASE must be a number or control:NAME:NUMBER, got {case!r}")
    return match[1] or ITSELF, int(match[2])
