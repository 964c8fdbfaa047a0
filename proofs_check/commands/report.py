"""``proofs-check report``: the pages of a stored run again."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands._group import explained


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS.json")
@click.option("--out", type=click.Path(path_type=Path), help="Directory to write to; default: beside the results.")
@explained
def command(results: Path, out: Path | None) -> None:
    """Write the pages of a stored run again."""
    from proofs_check.commands._stored import read_results, write_pages

    directory = out or results.parent
    write_pages(read_results(results), directory)
    click.echo(f"report: {directory / 'index.html'}")
