"""``proofs-check rank``: the rank of a torch module between proved bounds, and what explains it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from proofs_check.commands._group import explained, told


@click.command(short_help="Rank of the tangents of a torch module, proved.")
@click.argument("module", metavar="PATH.py:NAME")
@click.option(
    "--inputs",
    "--data",
    "inputs",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Samples (n, ...) as .npy; whole numbers: tokens.",
)
@click.option("--all-inputs", is_flag=True, help="The rank over all inputs: --inputs only shows the shape of a sample.")
@click.option("--method", type=click.Choice(["auto", "float", "ball", "exact"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, certificate included.")
@explained
def command(module: str, inputs: Path, all_inputs: bool, method: str, as_json: bool) -> None:
    """Rank of the tangent matrix of the torch module NAME in PATH.py, at its current parameters.

    NAME is a module, or a class or function that makes one when called without arguments. Printed are the proved bounds, the directions
    of parameter
    space that are proved to change no output, by the parameters that they move, and how many stay open. With --method float nothing is
    proved, and what singular values suggest is an estimate.

    Example: proofs-check rank networks.py:network --inputs inputs.npy
    """
    from numerics.rank.modules import module_model_rank, module_rank, module_symmetries
    from proofs_check.commands._inputs import load_array, load_object

    if all_inputs and method != "auto":
        raise click.UsageError("--all-inputs takes --method auto")
    with told():
        subject, samples = load_object(module), load_array(inputs)
        found = module_model_rank(subject, samples) if all_inputs else module_rank(subject, samples, method)
        parameters = sum(p.numel() for p in subject.parameters() if p.requires_grad)
        known = found.symmetries
        if known is None and method != "float" and found.lower < parameters:
            known = module_symmetries(subject, samples, enough=parameters - found.lower)
    if as_json:
        text = {"lower": found.lower, "upper": found.upper, "rank": found.rank, "certified": found.certified, "parameters": parameters}
        groups = [] if known is None else [{"parameters": list(names), "dimension": k} for names, k in known.groups]
        text |= {"at": found.at, "method": found.method, "symmetries": groups, "certificate": found.certificate}
        click.echo(json.dumps(text, indent=1))
    else:
        click.echo(str(found) if found.rank is not None else f"inconclusive: {found}")
        for line in explanation(found, parameters, known):
            click.echo(line)


def explanation(found: Any, parameters: int, known: Any) -> list[str]:
    """What the gap between the parameters and the rank is made of: symmetries, too few samples, what stays open."""
    if known is None:
        return []
    lines = [f"{parameters} parameters, {known.dimension} directions proved to change no output"]
    lines += [f"  {k:4d}  {', '.join(names)}" for names, k in known.groups]
    left = parameters - known.dimension - found.upper
    if left > 0:
        lines.append(f"  {left:4d}  more that change no output on these inputs (too few of them, or closed gates)")
    if found.lower < found.upper:
        lines.append(f"{found.upper - found.lower} open: neither a minor nor a direction was found for them")
    if known.left_out:
        lines.append(f"{known.left_out} attempts were too long to be made: directions through several non-linear layers may be missing")
    return lines
