"""``proofs-check lift``: deepen a stored network without changing its outputs on given data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from proofs_check.commands._group import explained, told

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("module", type=FILE, metavar="MODEL.safetensors")
@click.option("--data", required=True, type=FILE, help="Samples (n, inputs), .npy or .safetensors with one tensor.")
@click.option("--activation", "name", required=True, help="Activation between the layers: relu, leaky:SLOPE, hardtanh ...")
@click.option("--after", required=True, type=int, help="The new layer comes behind this one, 0 = input.")
@click.option("--width", type=int, help="Neurons of the new layer (default: the smaller of its neighbours).")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the deeper network goes, .safetensors.")
@explained
def command(module: Path, data: Path, name: str, after: int, width: int | None, out: Path) -> None:
    """Insert a layer into the network of MODEL.safetensors, the state dict of a Sequential of linear layers.

    On the data every new neuron stays in one affine piece of the activation, so outputs there do not change, and a critical point
    stays critical (2205.13283).
    """
    from numerics.modules.deepening import deepen

    with told():
        state, layers, x = read(module, data, name)
        deep = deepen(layers, x, after, width=width)
        deep, change = write(out, deep, state, layers, x)
    widths = [deep.weights[0].shape[1], *(len(W) for W in deep.weights)]
    click.echo(f"{out} written: widths {widths}, layer {after + 1} is new; largest change of an output on the data {change:.2g}")


def read(module: Path, data: Path, name: str) -> tuple[tuple[str, Any], Any, Any]:
    """((key prefix, dtype), layers, samples) of a state dict and a data file."""
    from numerics.modules.deepening import layers_from_state
    from proofs_check.commands._inputs import load_tensors

    state = load_tensors(module)
    types = sorted({str(tensor.dtype) for tensor in state.values()})
    if len(types) != 1 or not types[0].startswith("float"):
        raise ValueError(f"expected weights of one type of floating point, got {', '.join(types)} in {module}")
    prefix, layers = layers_from_state(state, _activation(name))
    return (prefix, types[0]), layers, _samples(data)


def _activation(name: str) -> Any:
    """The activation ``name``; ``leaky:SLOPE`` is the leaky ReLU of any slope (``leaky`` alone has slope 1/2)."""
    from fractions import Fraction

    from theory.activations import PiecewiseActivation

    kind, separator, slope = name.partition(":")
    if kind != "leaky" or not separator:
        return name
    try:
        return PiecewiseActivation(name, (0,), ((0, Fraction(slope)), (0, 1)), degree=1)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"activation leaky:SLOPE needs a number as slope, got {slope!r}") from error


def write(out: Path, layers: Any, state: tuple[str, Any], before: Any, x: Any) -> tuple[Any, float]:
    """``layers`` as a state dict with the prefix and number type of the one that was read.

    Returned are the layers as they lie in the file, rounded to that type, and their largest change of an output of ``before`` on ``x``.
    """
    import numpy as np
    from safetensors.numpy import save_file

    from numerics.modules.deepening import layers_from_state, state_of

    prefix, dtype = state
    with np.errstate(over="ignore", invalid="ignore"):
        stored = state_of(layers, prefix=prefix, dtype=dtype)
        if not all(np.isfinite(tensor).all() for tensor in stored.values()):
            raise ValueError(f"the weights of the new network are too large for {dtype}, the number type of the old one")
        _, written = layers_from_state(stored, list(layers.activations))
        change = float(abs(written(x.astype(float)) - before(x.astype(float))).max())
    save_file(stored, out)
    return written, change


def _samples(file: Path) -> Any:
    from proofs_check.commands._inputs import load_array, load_tensors

    if file.suffix != ".safetensors":
        return load_array(file)
    tensors = load_tensors(file)
    if len(tensors) != 1:
        raise ValueError(f"{file} must hold one tensor of samples, got {sorted(tensors)}")
    return next(iter(tensors.values()))
