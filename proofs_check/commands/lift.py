"""``proofs-check lift``: deepen a stored network without changing its outputs on given data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE


@click.command(short_help="Insert a layer that changes nothing on the data.")
@click.argument("module", type=FILE, metavar="MODEL.safetensors")
@click.option("--data", required=True, type=FILE, help="Samples (n, inputs): .npy, .csv, or .safetensors with one tensor.")
@click.option("--activation", "name", required=True, help="Activation between the layers: relu, leaky:SLOPE, hardtanh ...")
@click.option("--after", required=True, type=int, help="The new layer comes behind this one, 0 = input.")
@click.option("--width", type=int, help="Neurons of the new layer (default: the smaller of its neighbours).")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the deeper network goes, .safetensors.")
@explained
def command(module: Path, data: Path, name: str, after: int, width: int | None, out: Path) -> None:
    """Insert a layer into the network of MODEL.safetensors, the state dict of a Sequential of linear layers.

    On the data every new neuron stays in one affine piece of the activation, so outputs there do not change, and a critical point
    stays critical (2205.13283).

    Example: proofs-check lift model.safetensors --data x.npy --activation relu --after 1 --out deep.safetensors
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
    from proofs_check.commands._inputs import activation_called, load_samples, load_state

    state, dtype = load_state(module)
    prefix, layers = layers_from_state(state, activation_called(name))
    return (prefix, dtype), layers, load_samples(data)


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
