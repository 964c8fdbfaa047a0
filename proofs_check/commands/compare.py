"""``proofs-check compare``: a run against a baseline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from proofs_check.commands._group import explained


@click.command()
@click.argument("baseline", type=click.Path(path_type=Path), metavar="BASELINE.json")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json")
@explained
def command(baseline: Path, results: Path) -> None:
    """Compare a run with a baseline or an earlier run.

    Verdicts and hashes are compared as stored. Exits with 1 when a verdict got worse, a claim vanished, or a statement, scope,
    tolerance or control changed unannounced.
    """
    from proofs_check.commands._stored import read_baseline, readable
    from reports.compare import compare

    with readable():
        comparison = compare(read_baseline(baseline), read_baseline(results))
    click.echo(str(comparison))
    sys.exit(comparison.exit_code)
