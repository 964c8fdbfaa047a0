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
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Folder for a page about it, index.html.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, certificate included.")
@explained
def command(module: str, inputs: Path, all_inputs: bool, method: str, report: Path | None, as_json: bool) -> None:
    """Rank of the tangent matrix of the torch module NAME in PATH.py, at its current parameters.

    NAME is a module, or a class or function that makes one when called without arguments. Printed are the proved bounds, the directions
    of parameter space that are proved to change no output, by the parameters that they move, and how many stay open. With --method float
    nothing is proved, and what singular values suggest is an estimate. The page that --report writes goes layer by layer, and shows the
    spectrum with the proved cut.

    Example: proofs-check rank networks.py:network --inputs inputs.npy
    """
    from numerics.rank.modules import module_model_rank, module_rank, module_symmetries
    from proofs_check.commands._inputs import load_array, load_object

    if all_inputs and method != "auto":
        raise click.UsageError("--all-inputs takes --method auto")
    if report is not None and method == "float":
        raise click.UsageError("--report shows what is proved: it takes no --method float")
    with told():
        subject, samples = load_object(module), load_array(inputs)
        found = module_model_rank(subject, samples) if all_inputs else module_rank(subject, samples, method)
        parameters = sum(p.numel() for p in subject.parameters() if p.requires_grad)
        known = found.symmetries
        if known is None and method != "float" and (found.lower < parameters or report is not None):
            known = module_symmetries(subject, samples, enough=parameters - found.lower)
        page = None if report is None else _page(module, subject, samples, found, known, all_inputs)
    if page is not None and report is not None:
        from reports.modules import write

        click.echo(f"report: {write(page, report)}", err=as_json)
    if as_json:
        text = {"lower": found.lower, "upper": found.upper, "rank": found.rank, "certified": found.certified, "parameters": parameters}
        groups = [] if known is None else [{"parameters": list(names), "dimension": k} for names, k in known.groups]
        text |= {"at": found.at, "method": found.method, "symmetries": groups, "certificate": found.certificate}
        click.echo(json.dumps(text, indent=1))
    else:
        click.echo(str(found) if found.rank is not None else f"inconclusive: {found}")
        for line in explanation(found, parameters, known):
            click.echo(line)


def _page(name: str, module: Any, samples: Any, found: Any, known: Any, all_inputs: bool) -> dict[str, Any]:
    """What :func:`reports.modules.write` shows."""
    from numerics.rank.modules import tangent_spectrum

    columns = (found.certificate or {}).get("columns")
    layers: dict[str, dict[str, Any]] = {}
    for p in known.graph.parameters:
        layer, _, own = p.name.rpartition(".")
        entry = layers.setdefault(layer, {"name": layer, "kind": type(module.get_submodule(layer)).__name__, "shapes": [], "places": []})
        entry["shapes"].append(f"{own} {' x '.join(map(str, p.shape)) or 'a number'}")
        entry["places"] += range(p.start, p.start + p.size)
    for entry in layers.values():
        places = entry.pop("places")
        inside, moved = known.at_parameters(places)
        minor = None if columns is None else len(set(places) & set(columns))
        entry |= {"parameters": len(places), "minor": minor, "inside": inside, "moved": moved}
    return {
        "module": name,
        "inputs": "over all inputs" if all_inputs else f"on the {len(samples)} samples given",
        "parameters": known.graph.n_params,
        **{key: getattr(found, key) for key in ("lower", "upper", "certified", "method", "certificate")},
        "layers": list(layers.values()),
        "groups": [{"parameters": list(names), "dimension": k} for names, k in known.groups],
        "directions": known.dimension,
        "on_inputs": max(0, known.graph.n_params - known.dimension - found.upper),
        "left_out": known.left_out,
        "spectrum": tangent_spectrum(module, samples, all_inputs=all_inputs).tolist(),
    }


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
