"""``proofs-check reproduce``: one case of a stored run again."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from proofs_check.claim import ClaimError, Status
from proofs_check.command_line import explained
from proofs_check.finding import ITSELF
from proofs_check.registry import load_claims


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json")
@click.argument("claim_id", metavar="CLAIM")
@click.argument("check", metavar="CHECK")
@click.argument("case", metavar="CASE")
@click.option("--claims", type=click.Path(path_type=Path), help="The claims file or directory of the run.")
@explained
def command(results: Path, claim_id: str, check: str, case: str, claims: Path | None) -> None:
    """Run one case again, with the level and seed of RESULTS.json.

    CASE is a number, or control:NAME:NUMBER. Exits with 0 when the case holds, is inconclusive or skipped, with 1 when it
    fails (as that of a control should).
    """
    from proofs_check.execution import run_case
    from proofs_check.serialization import to_data
    from proofs_check.stored import read_results

    part, number = parse_case(case)
    run = read_results(results)["run"]
    registry = load_claims(claims)
    if claim_id not in registry:
        where = f"in {claims}" if claims else "among the shipped claims (--claims PATH names others)"
        raise ClaimError(f"claim {claim_id!r}: found no such claim {where}")
    claim = registry[claim_id]
    found = run_case(claim, check, part, number, level=run["level"], seed=run["seed"], device=run["device"])
    outcome = found.outcome
    click.echo(f"{claim_id}, check {check}, case {case}: {outcome.status.value}")
    if outcome.message:
        click.echo(outcome.message)
    shown = {"instance": to_data(found.instance), **to_data(outcome.counterexample or {})}
    if found.reduced is not None:
        shown["reduced"] = found.reduced
    click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
    sys.exit(1 if outcome.status is Status.FAILS else 0)


def parse_case(case: str) -> tuple[str, int]:
    """The part of the check and the number of the case.

    :raises ClaimError: when ``case`` is neither a number nor ``control:NAME:NUMBER``.
    """
    match = re.fullmatch(r"(?:(control:.+):)?(\d+)", case)
    if match is None:
        raise ClaimError(f"CASE must be a number or control:NAME:NUMBER, got {case!r}")
    return match[1] or ITSELF, int(match[2])
