"""``proofs-check baseline update``: accept what a run came to, with a reason."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.claim import ClaimError
from proofs_check.commands._group import explained


@click.group()
def command() -> None:
    """Keep the verdicts that later runs are compared with.

    Example: proofs-check baseline update run --reason "first run"
    """


@command.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json|DIRECTORY", required=False)
@click.option("--reason", required=True, help="Why the baseline changes; it is kept in the file.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Default: reports/baseline-<level of the run>.json.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Change the claims whose ids match this glob; may be given several times.")
@explained
def update(results: Path | None, reason: str, baseline: Path | None, only: tuple[str, ...]) -> None:
    """Make a run (default: the newest) the baseline of its level.

    Example: proofs-check baseline update run --reason "The scope of mf.strata includes rectangular matrices." --only mf.strata
    """
    from proofs_check.commands._stored import newest_run, read_baseline, read_results, readable
    from reports.baseline import make, write

    results = results or newest_run()
    run = read_results(results)
    file = baseline or Path("reports") / f"baseline-{run['run']['level']}.json"
    if not file.parent.is_dir():
        raise ClaimError(f"--baseline: expected a file in an existing directory, got {file}")
    previous = read_baseline(file) if file.exists() else None
    with readable():
        write(file, make(run, reason, previous, only))
    click.echo(f"{file} now holds the verdicts of {results}")
