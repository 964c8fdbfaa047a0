"""``proofs-check history``: the verdicts of one claim over the stored runs."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.claim import ClaimError
from proofs_check.commands._group import explained
from proofs_check.commands._stored import RUNS, past_runs


@click.command()
@click.argument("claim", metavar="CLAIM")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    help="Directory whose subdirectories hold the runs.",
)
@explained
def command(claim: str, runs: Path) -> None:
    """Show the verdict of CLAIM in every stored run, oldest first."""
    past = [(run["started"], run["level"], verdicts[claim], run["id"]) for run, verdicts in past_runs(runs) if claim in verdicts]
    if not past:
        raise ClaimError(f"no run under {runs} holds a verdict of {claim!r}; expected the id of a claim that was verified there")
    for started, level, verdict, run_id in sorted(past):
        click.echo(f"{started}  {level:<8}  {verdict:<12}  {run_id}")
