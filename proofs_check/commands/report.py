"""``proofs-check report``: the pages of a stored run again."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands._group import explained


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json|DIRECTORY")
@click.option("--out", type=click.Path(path_type=Path), help="Directory to write to; default: beside the results.")
@explained
def command(results: Path, out: Path | None) -> None:
    """Write the pages of a stored run again.

    Example: proofs-check report proofs-check-runs/20260131-140500-3f2a --out pages

    The run is refused when its file was edited: its checksum and the verdicts that its checks give are compared with what is stored.
    """
    from proofs_check.commands._stored import read_results, write_pages

    directory = out or (results if results.is_dir() else results.parent)
    write_pages(read_results(results), directory)
    click.echo(f"report: {directory / 'index.html'}")
