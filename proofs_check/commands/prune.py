"""``proofs-check prune``: merge the layers of a stored network that act affinely on given data."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE
from proofs_check.commands.lift import read, write


@click.command(short_help="Merge hidden layers that are affine on the data.")
@click.argument("module", type=FILE, metavar="MODEL.safetensors")
@click.option("--data", required=True, type=FILE, help="Samples (n, inputs): .npy, .csv, or .safetensors with one tensor.")
@click.option("--activation", "name", required=True, help="Activation between the layers: relu, tanh, leaky ...")
@click.option("--tolerance", type=float, default=1e-3, show_default=True, help="Share of a neuron's variance that an affine fit may leave.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the pruned network goes, .safetensors.")
@explained
def command(module: Path, data: Path, name: str, tolerance: float, out: Path) -> None:
    """Find and merge the hidden layers of MODEL.safetensors that are affine on the data, the last one first.

    A layer counts as affine when each neuron stays in one affine piece of the activation, or when an affine fit leaves less than the
    tolerance of its variance on more samples than the fit has parameters.

    Example: proofs-check prune model.safetensors --data x.npy --activation relu --out pruned.safetensors
    """
    from numerics.modules.deepening import linearity, prune

    with told():
        state, layers, x = read(module, data, name)
        pruned = prune(layers, x, tolerance=tolerance)
        _, change = write(out, pruned.layers, state, layers, x)
    for layer in range(1, layers.depth):
        found = linearity(layers, x, layer)
        kind = "affine (open pieces)" if found.exact else f"{found.unexplained.max():.2g} of a neuron's variance unexplained"
        few = "" if found.determined else ", too few samples to tell"
        merged = ", merged" if layer in pruned.removed else ""
        click.echo(f"layer {layer}: {kind}{few if not found.exact else ''}{merged}")
    widths = [pruned.layers.weights[0].shape[1], *(len(W) for W in pruned.layers.weights)]
    click.echo(f"{out} written: widths {widths}; largest change of an output on the data {change:.2g}")
