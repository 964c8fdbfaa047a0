"""``proofs-check counterexample``: a certified counterexample to every data-independent strict function, or why there is none to be
found.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import click

from proofs_check.commands._group import explained, told

MECHANISMS = ("two-point", "one-point", "cycle", "contact", "reweight")


class _Formula(click.ParamType):
    name = "NAME|EXPR"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        from theory.activations import PiecewiseActivation
        from theory.expressions import activation_of

        try:
            found = activation_of(value)
        except ValueError as error:
            self.fail(str(error), param, context)
        if isinstance(found, PiecewiseActivation) and found.degree != 1:
            self.fail(f"the activation must be differentiable everywhere, or ReLU or leaky, got {found.name!r} with kinks", param, context)
        return found


class _Numbers(click.ParamType):
    """Decimals, kept as the texts they are: "1,-0.5"."""

    name = "NUMBERS"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        parts = [part.strip() for part in value.split(",")]
        try:
            finite = all(math.isfinite(float(part)) for part in parts)
        except ValueError:
            finite = False
        if not finite:
            self.fail(f"expected finite numbers with commas between, as in 1,-0.5, got {value!r}", param, context)
        return parts


class _Samples(click.ParamType):
    """Inputs with their labels: "1:0.5; 2.3:1"."""

    name = "X:Y;X:Y"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        pairs = [one.split(":") for one in value.split(";")]
        if any(len(pair) != 2 for pair in pairs):
            self.fail(f"expected inputs and labels as in '1,0:0.5; 2,1:1', got {value!r}", param, context)
        numbers = _Numbers()
        read = [(numbers.convert(x, param, context), numbers.convert(y, param, context)) for x, y in pairs]
        if any(len(y) != 1 for _, y in read):
            self.fail(f"expected one label behind each colon, got {value!r}", param, context)
        if any(not any(map(float, x)) for x, _ in read):
            self.fail(f"an input must not be 0: gradient flow moves no input weight there, got {value!r}", param, context)
        return [(x, y[0]) for x, y in read]


@click.command(short_help="Certify data whose limit minimizes no fixed function.")
@click.option("--activation", type=_Formula(), required=True, help="A known activation or a formula in z, as in 'z*sigmoid(2*z)'.")
@click.option("--neurons", type=click.IntRange(min=1), default=1, show_default=True, metavar="M", help="Hidden neurons.")
@click.option("--inputs", type=click.IntRange(min=1), default=1, show_default=True, metavar="D", help="Input dimension.")
@click.option("--bias", is_flag=True, help="Hidden biases (two-point, reweight).")
@click.option("--mechanism", type=click.Choice(MECHANISMS), default="two-point", show_default=True)
@click.option(
    "--start", type=_Numbers(), help="theta_0: input weights (then the bias) neuron by neuron, then output weights; default: random."
)
@click.option("--samples", type=_Samples(), help="Data to start from, as '1:0.5; 2.3:1' (two-point, with --start; reweight).")
@click.option("--steps", is_flag=True, help="Prove a learning rate up to which gradient descent and momentum share it (reweight).")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random starts.")
@click.option("--candidates", type=click.IntRange(min=1), default=1000, show_default=True, help="Starts to screen (two-point).")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where starts are screened.")
@click.option(
    "--time-limit", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds after which proofs are given up."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: counterexample.json.")
@explained
def command(activation: Any, mechanism: str, out: Path | None, time_limit: float, **options: Any) -> None:
    """Search, refine and certify data on which the limit of gradient flow is no minimizer of any fixed function.

    Exits with 0 when a certified counterexample was written, with 1 when none was found; the reason is printed.

    Example: proofs-check counterexample --activation sin --mechanism one-point
    """
    from numerics.overlap import NotFound, Watch
    from proofs_check.plain_data import write_json

    _refuse(activation, mechanism, options)
    started = time.perf_counter()
    with told():
        watch = Watch(time_limit, lambda text: click.echo(f"  {text}", err=True), every=5.0)
    found = _search(activation, mechanism, options, watch)
    seconds = time.perf_counter() - started
    if isinstance(found, NotFound):
        what = "There is no" if found.proved else "No certified"
        where = f" {found.where}" if found.where else ""
        click.echo(f"{what} {mechanism} counterexample for {activation.name}{where} ({seconds:.1f} s): {found.reason}")
        _tally(found.screened)
        sys.exit(1)
    path = out or Path("counterexample.json")
    write_json(path, json.loads(json.dumps(found.to_data())))
    _show(found, seconds)
    click.echo(f"Written to {path}.")


def _refuse(activation: Any, mechanism: str, options: dict[str, Any]) -> None:
    """UsageError for options that the mechanism does not know."""
    from theory.activations import PiecewiseActivation

    if isinstance(activation, PiecewiseActivation) and mechanism != "two-point":
        raise click.UsageError(
            f"--activation must be differentiable everywhere for the mechanism {mechanism}, got {activation.name!r} with a kink at 0"
        )
    known = {"bias": ("two-point", "reweight"), "samples": ("two-point", "reweight"), "steps": ("reweight",)}
    known["start"] = ("two-point", "one-point", "cycle", "reweight")
    for name, mechanisms in known.items():
        if options[name] and mechanism not in mechanisms:
            hint = ": a bias leaves one input x = (w - w_0)/(b - b_0) that leads to a point" if name == "bias" else ""
            raise click.UsageError(f"--{name} is for the mechanisms {', '.join(mechanisms)}, not for {mechanism}{hint}")
    if options["inputs"] < 2 and mechanism == "contact":
        raise click.UsageError(
            f"--inputs must be at least 2 for the mechanism contact, got {options['inputs']}: with one input any field of lines integrates"
        )
    if options["samples"] and any(len(x) != options["inputs"] for x, _ in options["samples"]):
        raise click.UsageError(f"--samples must have inputs of {options['inputs']} entries (--inputs), got {options['samples']}")
    if options["device"] == "cuda" and not _has_cuda():
        raise click.UsageError("--device cuda: no such device is there; use --device cpu")


def _search(activation: Any, mechanism: str, options: dict[str, Any], watch: Any) -> Any:
    from numerics import overlap

    pick = lambda *names: {name: options[name] for name in names}
    common = {"watch": watch, **pick("neurons", "inputs", "seed", "start")}
    try:
        if mechanism == "two-point":
            return overlap.find_two_point_overlap(activation, **common, **pick("bias", "samples", "candidates", "device"))
        if mechanism == "reweight":
            return overlap.find_reweighted(activation, **common, **pick("bias", "samples", "steps"))
        if mechanism == "contact":
            return overlap.find_contact_form(activation, **pick("neurons", "inputs"))
        search = overlap.find_one_point_overlap if mechanism == "one-point" else overlap.find_cycle
        return search(activation, **common)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _tally(screened: Any) -> None:
    if screened:
        click.echo("Crossings met: " + ", ".join(f"{count} {kind}" for kind, count in sorted(screened.items())))


def _show(found: Any, seconds: float) -> None:
    level = "" if found.level == "function" else f", at the level of {found.level}s"
    click.echo(f"Certified {found.mechanism} counterexample ({found.kind}{level}) for {found.activation}, {seconds:.1f} s")
    click.echo(f"  theta_0 = ({', '.join(found.theta0)})   (input weights, then output weights)")
    for k, sample in enumerate(found.samples, start=1):
        click.echo(f"  sample {k}: x = ({', '.join(sample['x'])}), y = {sample['y']}")
    for k, limit in enumerate(found.limits, start=1):
        click.echo(f"  limit {k}:  ({', '.join(limit)})")
    click.echo("  proved by " + " and ".join(certificate["method"] for certificate in found.certificates))
    for note in found.notes:
        click.echo(f"  note: {note}")
    _tally(found.screened)
