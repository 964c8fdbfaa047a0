"""``proofs-check prune``: merge the layers of a trained network that act affinely on given data."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands import _networks
from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE, check_writable, load_samples
from proofs_check.commands.lift import write


@click.command(short_help="Merge hidden layers that are affine on the data.")
@_networks.MODEL
@_networks.ACTIVATION
@click.option("--data", required=True, type=FILE, help="Samples (n, inputs): .npy, .csv, or .safetensors with one tensor.")
@click.option("--tolerance", type=float, default=1e-3, show_default=True, help="Share of a neuron's variance that an affine fit may leave.")
@click.option(
    "--change",
    "allowed",
    type=float,
    default=0.05,
    show_default=True,
    help="Largest change of an output on the data, as a share of the spread of that output, at which a layer is merged.",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where the pruned network goes, .safetensors.")
@explained
def command(model: str, activation: str | None, data: Path, tolerance: float, allowed: float, out: Path) -> None:
    """Find and merge the hidden layers of a trained network that are affine on the data, the last one first.

    The network is given as to the command lift. A layer counts as affine when each neuron stays in one affine piece of the activation, or
    when an affine fit leaves less than the tolerance of its variance on more samples than the fit has parameters. It is merged unless
    outputs would change by more than is allowed.

    Example: proofs-check prune model.safetensors --data x.npy --activation relu --out pruned.safetensors
    """
    from numerics.modules.deepening import linearity, prune

    with told():
        check_writable(out)
        stored, x = _networks.read_layers(model, activation), load_samples(data)
        pruned = prune(stored.layers, x, tolerance=tolerance, change=allowed)
        _, change, note = write(out, pruned.layers, stored, x)
        found = [linearity(stored.layers, x, layer) for layer in range(1, stored.layers.depth)]
    for one in found:
        kind = "affine (open pieces)" if one.exact else f"{one.unexplained.max():.2g} of a neuron's variance unexplained"
        few = "" if one.determined else ", too few samples to tell"
        merged = ", merged" if one.layer in pruned.removed else ""
        kept = f", kept: outputs would change by {pruned.refused[one.layer]:.2g} of their spread" if one.layer in pruned.refused else ""
        click.echo(f"layer {one.layer}: {kind}{few if not one.exact else ''}{merged}{kept}")
    widths = [pruned.layers.weights[0].shape[1], *(len(W) for W in pruned.layers.weights)]
    click.echo(f"{out} written: widths {widths}; largest change of an output on the data {change:.2g}")
    if note:
        click.echo(note)
