"""``proofs-check counterexample``: a certified counterexample to every data-independent strict function, or why there is none to be
found.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from proofs_check.commands._group import explained

MECHANISMS = ("two-point", "one-point", "cycle", "contact")


class _Formula(click.ParamType):
    name = "NAME|EXPR"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        from numerics.overlap import smooth

        try:
            return smooth(value)
        except ValueError as error:
            self.fail(str(error), param, context)


@click.command()
@click.option("--activation", type=_Formula(), required=True, help="A known activation or a formula in z, as in 'z*sigmoid(2*z)'.")
@click.option("--neurons", type=click.IntRange(min=1), default=1, show_default=True, metavar="M", help="Hidden neurons.")
@click.option("--inputs", type=click.IntRange(min=1), default=1, show_default=True, metavar="D", help="Input dimension.")
@click.option("--mechanism", type=click.Choice(MECHANISMS), default="two-point", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random starts.")
@click.option("--candidates", type=click.IntRange(min=1), default=1000, show_default=True, help="Starts to screen (two-point).")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where starts are screened.")
@click.option(
    "--time-limit", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds after which no further proof is tried."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: counterexample.json.")
@explained
def command(
    activation: Any, neurons: int, inputs: int, mechanism: str, seed: int, candidates: int, device: str, time_limit: float, out: Path | None
) -> None:
    """Search, refine and certify data on which the limit of gradient flow is no minimizer of any fixed function.

    Exits with 0 when a certified counterexample was written, with 1 when none was found; the reason is printed.
    """
    from numerics.overlap import NotFound, find_contact_form, find_cycle, find_one_point_overlap, find_two_point_overlap
    from proofs_check.plain_data import write_json

    if neurons > 1 and mechanism != "two-point":
        raise click.UsageError(f"--neurons must be 1 for the mechanism {mechanism}, got {neurons}")
    if inputs < 2 and mechanism == "contact":
        raise click.UsageError(
            f"--inputs must be at least 2 for the mechanism contact, got {inputs}: with one input any field of lines integrates"
        )
    if device == "cuda" and not _has_cuda():
        raise click.UsageError("--device cuda: no such device is there; use --device cpu")
    started = time.perf_counter()
    if mechanism == "two-point":
        found = find_two_point_overlap(
            activation, neurons=neurons, inputs=inputs, seed=seed, candidates=candidates, device=device, time_limit=time_limit
        )
    elif mechanism == "contact":
        found = find_contact_form(activation, inputs=inputs)
    elif mechanism == "one-point":
        found = find_one_point_overlap(activation, inputs=inputs, seed=seed, time_limit=time_limit)
    else:
        found = find_cycle(activation, inputs=inputs, seed=seed)
    seconds = time.perf_counter() - started
    if isinstance(found, NotFound):
        click.echo(f"No certified {mechanism} counterexample for {activation.name} ({seconds:.1f} s): {found.reason}")
        _tally(found.screened)
        sys.exit(1)
    path = out or Path("counterexample.json")
    write_json(path, json.loads(json.dumps(found.to_data())))
    _show(found, seconds)
    click.echo(f"Written to {path}.")


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _tally(screened: Any) -> None:
    if screened:
        click.echo("Crossings met: " + ", ".join(f"{count} {kind}" for kind, count in sorted(screened.items())))


def _show(found: Any, seconds: float) -> None:
    click.echo(f"Certified {found.mechanism} counterexample ({found.kind}) for {found.activation}, {seconds:.1f} s")
    click.echo(f"  theta_0 = ({', '.join(found.theta0)})   (input weights, then output weights)")
    for k, sample in enumerate(found.samples, start=1):
        click.echo(f"  sample {k}: x = ({', '.join(sample['x'])}), y = {sample['y']}")
    for k, limit in enumerate(found.limits, start=1):
        click.echo(f"  limit {k}:  ({', '.join(limit)})")
    click.echo("  proved by " + " and ".join(certificate["method"] for certificate in found.certificates))
    for note in found.notes:
        click.echo(f"  note: {note}")
    _tally(found.screened)
