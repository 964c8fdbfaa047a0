"""``proofs-check embed``: a trained network widened by splits of neurons or channels, outputs and critical points kept."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from proofs_check.commands import _networks
from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE, check_writable, real_numbers


@click.command(short_help="Split neurons of a torch module; outputs are checked.")
@_networks.MODEL
@_networks.ACTIVATION
@click.option("--layer", multiple=True, type=int, help="Hidden Linear or Conv layer to widen, from 1.")
@click.option("--neuron", multiple=True, type=int, help="Neuron or channel to split, from 0.")
@click.option("--alpha", multiple=True, type=float, help="Fraction of the outgoing weights that the copy gets; any number.")
@click.option("--plan", type=FILE, help="Splits as .csv with the columns layer, neuron, alpha.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File for the wide state (safetensors).")
@click.option("--inputs", "--data", "inputs", type=FILE, help="Samples (n, ...) to check on: .npy, .csv, or .safetensors of one tensor.")
@click.option("--input-shape", metavar="C,H,W", help="Shape of one sample, to check on random ones.")
@explained
def command(
    model: str, activation: str | None, layer: Sequence[int], neuron: Sequence[int], alpha: Sequence[float], plan: Path | None, out: Path,
    inputs: Path | None, input_shape: str | None,
) -> None:  # fmt: skip
    """Split neurons of a trained network, and write the wide state.

    The network is a torch module NAME in PATH.py (a Sequential of Linear or Conv layers, or a class or function that makes one when called
    without arguments) at its current parameters, or the state dict of linear layers in MODEL.safetensors. The command checks that the
    outputs agree and that gradients map as the theory says, so that every critical point of every loss stays critical.

    --layer, --neuron and --alpha may be given several times, once for each split, or a --plan may list them. Splits are made one after the
    other; a copy is the last neuron of its layer, and can be split again.

    Example: proofs-check embed networks.py:network --layer 1 --neuron 0 --inputs inputs.npy --out wide.safetensors
    """
    with told():
        check_writable(out)
        splits = _splits(layer, neuron, alpha, plan)
        stored = _networks.is_stored(model, activation)
        state, sizes, worst = (_of_state if stored else _of_module)(model, activation, splits, inputs, input_shape)
    _networks.write_tensors(out, state)
    made = f"layer {splits[0][0]}, neuron {splits[0][1]}, alpha {splits[0][2]:g}" if len(splits) == 1 else f"{len(splits)} splits"
    click.echo(f"{out}: {sizes[0]} -> {sizes[1]} parameters, {made}")
    click.echo(f"outputs and gradient image checked: {worst[0]:.2g} and {worst[1]:.2g} of the rounding allowed")


def _of_state(model: str, activation: Any, splits: Any, inputs: Path | None, input_shape: str | None) -> tuple[Any, Any, Any]:
    """(wide state, numbers of parameters before and after, largest errors of outputs and gradients)."""
    from numerics.modules.splitting import split_state
    from proofs_check.commands._inputs import activation_called, load_samples, load_state

    if input_shape is not None:
        raise ValueError("--input-shape is of a module: that of a MODEL.safetensors is known")
    state, _ = load_state(Path(model))
    x = None if inputs is None else real_numbers("inputs", load_samples(inputs))
    found = split_state(state, activation_called(activation), splits, x)
    sizes = [sum(tensor.size for tensor in one.values()) for one in (state, found.state)]
    return found.state, sizes, (found.output_error, found.gradient_error)


def _of_module(model: str, _: Any, splits: Any, inputs: Path | None, input_shape: str | None) -> tuple[Any, Any, Any]:
    """The same for a torch module."""
    import numpy

    from numerics.modules.widening import numbered, widen
    from proofs_check.commands._inputs import load_module

    narrow = load_module(model)
    samples, wide, errors = _samples(narrow, inputs, input_shape), narrow, []
    for number, (where, which, share) in enumerate(splits, start=1):
        with numbered(number, len(splits)):
            found = widen(wide, where, which, share, inputs=samples)
        wide = found.module
        errors.append((found.output_error, found.gradient_error))
    sizes = [sum(parameter.numel() for parameter in one.parameters()) for one in (narrow, wide)]
    state = {name: numpy.ascontiguousarray(tensor.detach().cpu().numpy()) for name, tensor in wide.state_dict().items()}
    return state, sizes, [max(column) for column in zip(*errors, strict=True)]


def _splits(layers: Sequence[int], neurons: Sequence[int], alphas: Sequence[float], plan: Path | None) -> list[tuple[int, int, float]]:
    """(layer, neuron, alpha) of each split, in order."""
    if plan is not None:
        if layers or neurons or alphas:
            raise ValueError("give --plan, or --layer, --neuron and --alpha, not both")
        return _planned(plan)
    if not len(layers) == len(neurons) == len(alphas) > 0:
        counts = f"{len(layers)}, {len(neurons)} and {len(alphas)} times"
        raise ValueError(f"--layer, --neuron and --alpha are given once for each split, or a --plan; got them {counts}")
    return list(zip(layers, neurons, alphas, strict=True))


def _planned(plan: Path) -> list[tuple[int, int, float]]:
    try:
        rows: list[dict[str, Any]] = list(csv.DictReader(plan.read_text(encoding="utf-8").splitlines(), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{plan}: expected a table as .csv, got {error}") from error
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append((int(row["layer"]), int(row["neuron"]), float(row["alpha"])))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{plan}: expected the columns layer, neuron, alpha and a number in each, got {row} in row {number}"
            ) from error
    if not found:
        raise ValueError(f"{plan}: expected a split in each row below the names of the columns, found none")
    return found


def _samples(narrow, inputs: Path | None, input_shape: str | None):
    import torch

    from proofs_check.commands._inputs import load_samples

    kinds = {parameter.dtype for parameter in narrow.parameters()} or {torch.float32}
    dtype = min(kinds, key=str)
    if len(kinds) > 1 or dtype not in (torch.float16, torch.float32, torch.float64):
        raise ValueError(f"expected weights of one type, float16, float32 or float64, got {', '.join(sorted(map(str, kinds)))}")
    if inputs is not None:
        return torch.from_numpy(real_numbers("inputs", load_samples(inputs)).astype(float)).to(dtype)
    if input_shape is None:
        return None
    try:
        shape = [int(size) for size in input_shape.split(",")]
    except ValueError:
        raise ValueError(f"--input-shape must be integers separated by commas, got {input_shape!r}") from None
    return torch.randn(8, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
