"""Residual blocks h + sigma(R h + c) in torch networks and their state dicts: the lift in depth of activations without an affine piece.

A block with R = 0 adds a constant, which the biases of the next layer take up: outputs and critical points stay for every activation and
all data (theory.lifting.residual). In a Sequential the block is one module, whose tensors are called ``NUMBER.inner.weight`` (R) and
``NUMBER.inner.bias`` (c).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from numerics.modules.deepening import Layers
from theory.activations import Activation
from theory.lifting.residual import ResidualNetwork, insert_residual
from theory.models import FullyConnected, TwoLayer

#: What the names of a block's tensors hold behind its number.
INNER = ".inner."


def residual_block(width: int, activation: Any) -> Any:
    """The torch module h -> h + activation(inner(h)), ``inner`` a linear layer of ``width`` neurons; ``activation`` is a torch module."""
    return block_class()(width, activation)


@cache
def block_class() -> Any:
    """The class of :func:`residual_block`."""
    import torch

    class ResidualBlock(torch.nn.Module):
        def __init__(self, width: int, activation: Any) -> None:
            super().__init__()
            self.inner, self.activation = torch.nn.Linear(width, width), activation

        def forward(self, h: Any) -> Any:
            return h + self.activation(self.inner(h))

    return ResidualBlock


def with_block(layers: Layers, after: int, bias: float) -> tuple[ResidualNetwork, np.ndarray]:
    """``layers`` with a block behind layer ``after`` (0 = input), R = 0 and all entries of c ``bias``, and its theta (P,).

    Raises ValueError for a layer or bias that is none, for a network of one linear layer, and for several activations.
    """
    if not np.isfinite(bias):
        raise ValueError(f"bias must be a finite number, got {bias}")
    if not layers.activations:
        raise ValueError("a network of one linear layer has no activation for a residual block")
    names = [sigma.name for sigma in layers.activations]
    if len(set(names)) > 1:
        raise ValueError(f"expected one activation in all layers of the network, got {', '.join(names)}")
    widths = (layers.weights[0].shape[1], *(len(W) for W in layers.weights))
    model = FullyConnected(widths, layers.activations[0])
    if isinstance(after, bool) or after not in range(model.depth):
        raise ValueError(f"after must be a layer from 0 (the input) to {model.depth - 1}, got {after!r}")
    named = zip(layers.weights, layers.biases, strict=True)
    parts = {name: part for l, (W, b) in enumerate(named, 1) for name, part in ((f"W{l}", W), (f"b{l}", b))}
    return insert_residual(model, model.pack(**parts), after, np.full(widths[after], float(bias)))


def state_with_block(network: ResidualNetwork, theta: np.ndarray, *, prefix: str = "", dtype: Any = np.float64) -> dict[str, np.ndarray]:
    """The state dict of a Sequential of linear layers, activations between them and the block at its place."""
    parts, place, state = network.unpack(theta), 0, {}
    for l in range(network.plain.depth + 1):
        if l:
            for name, kind in (("W", "weight"), ("b", "bias")):
                if f"{name}{l}" in parts:
                    state[f"{prefix}{place}.{kind}"] = parts[f"{name}{l}"]
            place += 2
        if l == network.after:
            state |= {f"{prefix}{place}{INNER}weight": parts["R"], f"{prefix}{place}{INNER}bias": parts["c"]}
            place += 1
    return {name: np.ascontiguousarray(part, dtype=dtype) for name, part in state.items()}


def take_block(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[int, np.ndarray, np.ndarray] | None]:
    """``state`` without the tensors of its block, and (layers before it, R, c) of that, None where there is no block.

    Raises ValueError for a second block and for tensors that are none of a block.
    """
    inner = {name: tensor for name, tensor in state.items() if INNER in name}
    plain = {name: tensor for name, tensor in state.items() if INNER not in name}
    if not inner:
        return plain, None
    heads = sorted({name.partition(INNER)[0] for name in inner})
    if len(heads) > 1:
        raise ValueError(f"expected one residual block, got several: {', '.join(heads)}")
    if set(inner) != {f"{heads[0]}{INNER}weight", f"{heads[0]}{INNER}bias"}:
        raise ValueError(f"expected {heads[0]}{INNER}weight and {heads[0]}{INNER}bias of a residual block, got {', '.join(sorted(inner))}")
    number = _number(heads[0])
    after = len({name for name in plain if name.endswith(".weight") and _number(name.rpartition(".")[0]) < number})
    return plain, (after, inner[f"{heads[0]}{INNER}weight"], inner[f"{heads[0]}{INNER}bias"])


def _number(head: str) -> int:
    digits = head[len(head.rstrip("0123456789")) :]
    if not digits:
        raise ValueError(f"expected tensors NUMBER{INNER}weight of a residual block in a Sequential, got {head!r}")
    return int(digits)


def insert_block(
    network: TwoLayer | FullyConnected, theta: np.ndarray, block: tuple[int, np.ndarray, np.ndarray], sigma: Activation
) -> tuple[ResidualNetwork, np.ndarray]:
    """The network with a block (layers before it, R, c) as it is, and all parameters (P,) in one order.

    Raises ValueError where the block has another width than its place, or another activation ``sigma`` than the network.
    """
    after, R, c = block
    widths = network.widths if isinstance(network, FullyConnected) else (network.inputs, network.width, network.outputs)
    hidden = not isinstance(network, FullyConnected) or network.depth > 1
    if not hidden or sigma.name != network.activation.name:
        raise ValueError(f"expected the activation of the network in its residual block, got {sigma.name}")
    deep = ResidualNetwork(widths, after, network.activation, network.bias, network.output_bias)
    if R.shape != deep.shapes["R"] or c.shape != deep.shapes["c"]:
        raise ValueError(
            f"a residual block behind layer {after} has weights {deep.shapes['R']} and as many biases, got {R.shape}, {c.shape}"
        )
    return deep, np.concatenate([theta, R.ravel(), c])
