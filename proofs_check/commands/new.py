"""``proofs-check new``: a claim file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands._group import explained
from proofs_check.commands._template import write_template


@click.command()
@click.argument("name", metavar="NAME")
@explained
def command(name: str) -> None:
    """Write NAME.py, a claims file that runs.

    Example: proofs-check new my_claims
    """
    file = write_template(name, Path())
    click.echo(f"{file} written; run it: proofs-check verify --claims {file}")
