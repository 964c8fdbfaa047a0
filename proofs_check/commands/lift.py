"""``proofs-check lift``: deepen a trained network without changing its outputs on given data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands import _networks
from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE, check_writable, load_samples

if TYPE_CHECKING:
    import numpy as np

    from proofs_check.commands._networks import Stored


@click.command(short_help="Insert a layer that changes nothing on the data.")
@_networks.MODEL
@_networks.ACTIVATION
@click.option("--data", required=True, type=FILE, help="Samples (n, inputs): .npy, .csv, or .safetensors with one tensor.")
@click.option("--after", required=True, type=int, help="The new layer comes behind this one, 0 = input.")
@click.option("--width", type=int, help="Neurons of the new layer (default: the smaller of its neighbours).")
@click.option("--residual", is_flag=True, help="Insert a residual block, also where the activation has an affine piece.")
@click.option("--bias", type=float, default=1.0, show_default=True, help="Biases c of a residual block.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the deeper network goes, .safetensors.")
@explained
def command(
    model: str, activation: str | None, data: Path, after: int, width: int | None, residual: bool, bias: float, out: Path
) -> None:  # fmt: skip
    """Insert a layer into a trained network, a Sequential of linear layers with an activation between each two.

    The network is a torch module NAME in PATH.py, or the state dict in MODEL.safetensors. On the data every new neuron stays in one affine
    piece of the activation, so outputs there do not change, and a critical point stays critical (2205.13283).

    An activation without such a piece (tanh, say) gets a residual block h + sigma(R h + c) with R = 0: its constant goes into the next
    biases, and outputs and critical points stay for all data. numerics.modules.residual.residual_block is the module to load it into;
    inertia and certify read it as it is.

    The lifted network has biases in all layers. Where the given one has none, a critical point stays critical in all other parameters.

    Example: proofs-check lift model.safetensors --data x.npy --activation relu --after 1 --out deep.safetensors
    """
    with told():
        check_writable(out)
        stored, x = _networks.read_layers(model, activation), load_samples(data)
        smooth = not residual and width is None and _without_piece(stored)
        if residual or smooth:
            _check_block(width)
            change, told_of, note = write_block(out, stored, x, after, bias)
        else:
            change, told_of, note = _write_layer(out, stored, x, after, width)
    if smooth:
        click.echo(f"{stored.layers.activations[0].name} has no affine piece: a residual block takes the place of a layer")
    click.echo(f"{out} written: {told_of}; largest change of an output on the data {change:.2g}")
    if note:
        click.echo(note)


def _without_piece(stored: Stored) -> bool:
    from theory.activations import PiecewiseActivation

    return bool(stored.layers.activations) and not any(isinstance(s, PiecewiseActivation) for s in stored.layers.activations)


def _check_block(width: int | None) -> None:
    if width is not None:
        raise ValueError(f"--width is of a layer: a residual block is as wide as its place, got {width}")


def _write_layer(out: Path, stored: Stored, x: np.ndarray, after: int, width: int | None) -> tuple[float, str, str]:
    from numerics.modules.deepening import deepen

    deep, change, note = write(out, deepen(stored.layers, x, after, width=width), stored, x, kept=True)
    widths = [deep.weights[0].shape[1], *(len(W) for W in deep.weights)]
    return change, f"widths {widths}, layer {after + 1} is new", note


def write_block(out: Path, stored: Stored, x: np.ndarray, after: int, bias: float) -> tuple[float, str, str]:
    """(largest change of an output on ``x``, what was made, what to say of its biases) of the network with a residual block, as it lies in
    the file ``out``.
    """

    from numerics.modules.deepening import checked_samples
    from numerics.modules.residual import state_with_block, with_block

    x = checked_samples(stored.layers, x)
    network, theta = with_block(stored.layers, after, bias)
    rounded = _finite(theta.astype(stored.dtype), stored)
    change = _kept(stored.layers(x), network(rounded.astype(float), x), stored)
    _networks.write_tensors(out, state := state_with_block(network, rounded, prefix=stored.prefix, dtype=stored.dtype))
    made = f"a residual block of {network.widths[after]} neurons with weights 0 and biases {bias:g} behind layer {after}"
    return change, made, stored.added_biases(state)


def write(out: Path, layers: Any, stored: Stored, x: np.ndarray, *, kept: bool = False) -> tuple[Any, float, str]:
    """``layers`` as a state dict with the prefix and number type of the network that was read, without biases where all are 0 and that
    network has none.

    Returned are the layers as they lie in the file, rounded to that type, their largest change of an output on ``x``, and what to say of
    their biases. Where outputs are to be ``kept``, nothing is written when they are not.
    """
    from numerics.modules.deepening import checked_samples, layers_from_state, state_of

    x = checked_samples(stored.layers, x)
    state = state_of(layers, prefix=stored.prefix, dtype=stored.dtype)
    for tensor in state.values():
        _finite(tensor, stored)
    if not any(stored.biased) and not any(biases.any() for biases in layers.biases):
        state = {name: tensor for name, tensor in state.items() if not name.endswith("bias")}
    _, written = layers_from_state(state, list(layers.activations))
    before, after = stored.layers(x), written(x)
    change = _kept(before, after, stored) if kept else float(abs(after - before).max())
    _networks.write_tensors(out, state)
    return written, change, stored.added_biases(state)


def _kept(before: np.ndarray, after: np.ndarray, stored: Stored) -> float:
    """The largest change of an output. Raises ValueError where it leaves less than half of the digits of the number type."""
    import numpy as np

    change, size = float(np.abs(after - before).max()), float(np.abs(before).max())
    if not change <= float(np.finfo(stored.dtype).eps) ** 0.5 * (size or 1.0):
        raise ValueError(
            f"a layer here is beyond what {stored.dtype} carries: what it adds and what takes that off again cancel, and outputs would "
            f"change by {change / (size or 1.0):.2g} of the largest"
        )
    return change


def _finite(values: np.ndarray, stored: Stored) -> np.ndarray:
    import numpy as np

    if not np.isfinite(values).all():
        raise ValueError(f"the weights of the new network are too large for {stored.dtype}, the number type of the old one")
    return values
