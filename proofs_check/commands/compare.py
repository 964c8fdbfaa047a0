"""``proofs-check compare``: a run against a baseline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofs_check.commands._group import explained


@click.command()
@click.argument("baseline", type=click.Path(path_type=Path), metavar="BASELINE.json")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json|DIRECTORY")
@click.option("--only", multiple=True, metavar="PATTERN", help="Compare the claims whose ids match this glob; may be given several times.")
@explained
def command(baseline: Path, results: Path, only: tuple[str, ...]) -> None:
    """Compare a run with a baseline or an earlier run.

    Example: proofs-check compare reports/baseline-quick.json run --only 'mf.*'

    Exits with 1 when a verdict got worse, a claim vanished or came in refuted, vacuous or in error, a statement, scope, tolerance, code or
    control changed unannounced, or evidence was lost; with 2 when a file cannot be used or the levels differ. Verdicts are computed anew
    from the stored checks.
    """
    from proofs_check.commands._stored import read_baseline, readable
    from reports.compare import compare

    with readable():
        comparison = compare(read_baseline(baseline), read_baseline(results), only)
    click.echo(str(comparison))
    sys.exit(comparison.exit_code)
