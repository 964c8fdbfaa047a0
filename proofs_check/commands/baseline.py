"""``proofs-check baseline update``: accept what a run came to, with a reason."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.claim import ClaimError
from proofs_check.commands._group import explained


@click.group()
def command() -> None:
    """Keep the verdicts that later runs are compared with."""


@command.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json", required=False)
@click.option("--reason", required=True, help="Why the baseline changes; it is kept in the file.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Default: reports/baseline-<level of the run>.json.")
@explained
def update(results: Path | None, reason: str, baseline: Path | None) -> None:
    """Make RESULTS.json (default: the newest run) the baseline of its level."""
    from proofs_check.commands._stored import newest_run, read_baseline, read_results, readable
    from reports.baseline import make, write

    results = results or newest_run() / "results.json"
    run = read_results(results)
    file = baseline or Path("reports") / f"baseline-{run['run']['level']}.json"
    if not file.parent.is_dir():
        raise ClaimError(f"--baseline: expected a file in an existing directory, got {file}")
    previous = read_baseline(file) if file.exists() else None
    with readable():
        write(file, make(run, reason, previous))
    click.echo(f"{file} now holds the verdicts of {results}")
