"""Neurons of a stored network split: the state dict of the wide network, checked in the number type in which it is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from numerics.hessian import gradient
from numerics.modules.trained import network_of_state
from numerics.modules.widening import ROUNDING, numbered
from theory.activations import Activation
from theory.embedding import split
from theory.embedding.wiring import layers
from theory.lifting.residual import ResidualNetwork


@dataclass(frozen=True)
class WidenedState:
    """The wide ``state``; ``output_error`` and ``gradient_error`` are the largest deviations, in units of what rounding may explain."""

    state: dict[str, np.ndarray]
    output_error: float
    gradient_error: float


def split_state(
    state: dict[str, np.ndarray], sigma: Activation | str, splits: Sequence[tuple[int, int, float]], x: np.ndarray | None = None
) -> WidenedState:
    """``state`` of a Sequential with neurons split, ``splits`` (layer from 1, neuron from 0, fraction) one after the other.

    As for :func:`numerics.modules.widening.widen`: on ``x`` (n, inputs; normal ones by default) outputs agree, and gradients of a random
    loss are mapped as the theory says. What is checked are the weights as they are written, rounded to the type of ``state``. Raises
    ValueError for a state, layer, neuron, fraction or samples that do not fit, and for fractions beyond what the type carries.
    """
    network, theta = network_of_state(state, sigma)
    if isinstance(network, ResidualNetwork):
        raise ValueError("neurons beside a residual block are not split: those of the block would have to be, too")
    dtype = np.result_type(*state.values())
    x = np.random.default_rng(0).normal(size=(16, network.inputs)) if x is None else x.astype(float)
    if x.ndim != 2 or x.shape[1] != network.inputs or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"inputs must be finite numbers of shape (n, {network.inputs}), got shape {x.shape}")
    wide, at, image, stretch = network, theta.astype(float), _slope(network, theta, x), 1.0
    for number, (layer, neuron, alpha) in enumerate(splits, 1):
        with numbered(number, len(splits)):
            embedding = split(wide, layer, neuron, alpha)
        wide, at, image = embedding.wide, embedding(at), embedding.gradient_map.apply(image)
        stretch *= 1 + abs(alpha)
    with np.errstate(over="ignore"):
        stored = at.astype(dtype)
    if not np.isfinite(stored).all():
        raise ValueError(f"the weights of the wide network are too large for {dtype}, the number type of the narrow one")
    narrow, unit = network(theta.astype(float), x), ROUNDING * float(np.finfo(dtype).eps) * stretch
    if not (np.isfinite(narrow).all() and np.isfinite(image).all()):
        raise ValueError("the outputs or gradients of the network leave the range of floats on these inputs: scale the network or the data")
    changed, size = float(np.abs(wide(stored.astype(float), x) - narrow).max()), float(np.abs(narrow).max()) or 1.0
    if not changed <= min(unit, math.sqrt(float(np.finfo(dtype).eps))) * size:
        raise ValueError(
            f"the fractions are beyond what {dtype} carries: alpha and 1 - alpha cancel, and outputs would change by {changed / size:.2g} "
            "of the largest"
        )
    slope = _slope(wide, stored, x)
    gradients = float(np.abs(slope - image).max()) / (unit * (float(np.abs(image).max()) or 1.0))
    if not gradients <= 1:
        raise ArithmeticError(f"the wide network does not check: gradients are off by {gradients:.3g} times the rounding level")
    return WidenedState(_named(wide, stored, state), changed / (unit * size), gradients)


def _slope(network, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient of the square loss against drawn targets."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told on return
        return gradient(network, theta.astype(float), (x, np.random.default_rng(1).normal(size=(len(x), network.outputs))))


def _named(network, theta: np.ndarray, like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state dict of ``network`` with the names of ``like``."""
    heads = sorted({name.rpartition(".")[0] for name in like}, key=lambda head: int(head[len(head.rstrip("0123456789")) :]))
    state = {}
    for head, (weights, biases) in zip(heads, layers(network), strict=True):
        state[f"{head}.weight"] = np.ascontiguousarray(theta[weights])
        if biases is not None:
            state[f"{head}.bias"] = np.ascontiguousarray(theta[biases])
    return state
