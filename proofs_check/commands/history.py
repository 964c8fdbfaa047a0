"""``proofs-check history``: the verdicts of one claim over the stored runs."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.claim import ClaimError
from proofs_check.commands._group import explained
from proofs_check.commands._stored import RUNS, tell_left_out


@click.command(short_help="Verdicts of a claim in every stored run.")
@click.argument("claim", metavar="CLAIM")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    help="Directory whose subdirectories hold the runs, or the directory of one run.",
)
@explained
def command(claim: str, runs: Path) -> None:
    """Show the verdict of CLAIM in every stored run, oldest first.

    Example: proofs-check history mf.strata --runs proofs-check-runs

    Verdicts are computed anew from the stored checks. A run that cannot be read, or whose verdicts its checks do not give, is named and
    left out.
    """
    from reports.history import stored
    from reports.wording import one_line

    past, left_out = stored(runs)
    tell_left_out(left_out)
    shown = [run for run in past if claim in run.verdicts]
    if not shown:
        raise ClaimError(f"no run under {runs} holds a verdict of {claim!r}; expected the id of a claim that was verified there")
    for run in shown:
        click.echo(one_line(f"{run.started}  {run.level:<8}  {run.verdicts[claim]:<12}  {run.id}"))
