"""``proofs-check embed``: a torch module widened by one neuron or channel, outputs and critical points kept."""

from __future__ import annotations

from pathlib import Path

import click

from proofs_check.commands._group import explained, told


@click.command()
@click.argument("module", metavar="PATH.py:NAME")
@click.option("--layer", required=True, type=int, help="Hidden Linear or Conv layer to widen, from 1.")
@click.option("--neuron", required=True, type=int, help="Neuron or channel to split, from 0.")
@click.option("--alpha", required=True, type=float, help="Fraction of the outgoing weights that the copy gets; any number.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File for the wide state (safetensors).")
@click.option(
    "--inputs",
    "--data",
    "inputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Samples (n, ...) as .npy to check on.",
)
@click.option("--input-shape", metavar="C,H,W", help="Shape of one sample, to check on random ones.")
@explained
def command(module: str, layer: int, neuron: int, alpha: float, out: Path, inputs: Path | None, input_shape: str | None) -> None:
    """Split a neuron of the torch module NAME in PATH.py, at its current parameters, and write the wide state.

    NAME is a Sequential of Linear or Conv layers (or a class or function that makes one when called without arguments). The command checks
    that the outputs agree and that gradients map as the theory says, so that every critical point of every loss stays critical.
    """
    from safetensors.torch import save_file

    from numerics.modules.widening import widen
    from proofs_check.commands._inputs import load_object

    with told():
        narrow = load_object(module)
        found = widen(narrow, layer, neuron, alpha, inputs=_samples(narrow, inputs, input_shape))
    temporary = out.with_name(out.name + ".part")
    save_file({name: tensor.contiguous() for name, tensor in found.module.state_dict().items()}, temporary)
    temporary.replace(out)
    sizes = [sum(parameter.numel() for parameter in one.parameters()) for one in (narrow, found.module)]
    click.echo(f"{out}: {sizes[0]} -> {sizes[1]} parameters, layer {layer}, neuron {neuron}, alpha {alpha:g}")
    click.echo(f"outputs and gradient image checked: {found.output_error:.2g} and {found.gradient_error:.2g} of the rounding allowed")


def _samples(narrow, inputs: Path | None, input_shape: str | None):
    import torch

    from proofs_check.commands._inputs import load_array

    dtype = next(narrow.parameters()).dtype
    if inputs is not None:
        return torch.from_numpy(load_array(inputs)).to(dtype)
    if input_shape is None:
        return None
    try:
        shape = [int(size) for size in input_shape.split(",")]
    except ValueError:
        raise ValueError(f"--input-shape must be integers separated by commas, got {input_shape!r}") from None
    return torch.randn(8, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
