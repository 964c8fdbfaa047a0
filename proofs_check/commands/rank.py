"""``proofs-check rank``: the model rank of a torch module on given inputs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from proofs_check.commands._group import explained, told


@click.command()
@click.argument("module", metavar="PATH.py:NAME")
@click.option("--inputs", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Samples (n, ...) as .npy.")
@click.option("--method", type=click.Choice(["auto", "float", "ball", "exact"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, certificate included.")
@explained
def command(module: str, inputs: Path, method: str, as_json: bool) -> None:
    """Rank of the tangent matrix of the torch module NAME in PATH.py, at its current parameters.

    NAME is a module, or a class or function that makes one when called without arguments. The rank is certified for a Sequential of
    linear layers and known activations; elsewhere it is read from singular values, and left open between bounds where they
    show no clear gap.
    """
    from numerics.rank.modules import module_rank
    from proofs_check.commands._inputs import load_array, load_object

    with told():
        found = module_rank(load_object(module), load_array(inputs), method)
    if as_json:
        text = {"lower": found.lower, "upper": found.upper, "rank": found.rank, "certified": found.certified}
        click.echo(json.dumps({**text, "at": found.at, "method": found.method, "certificate": found.certificate}, indent=1))
    else:
        click.echo(str(found) if found.rank is not None else f"inconclusive: {found}")
