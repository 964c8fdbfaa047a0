r"""Residual blocks inserted into a network, and their second-order effect.

A block h -> h + V sigma(What h + bhat) at What = 0 adds the constant V sigma(bhat), which the biases of the next layer take up: output and
criticality survive for *any* differentiable sigma and any data. At critical points the Hessian gains, on the weights of neuron j, only
sigma''(bhat_j) E[(V^T W^T e)_j h h^T], for E[e h^T] = 0 removes the rest. V is the identity unless given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import ActivationField
from theory.lifting.lifts import as_fully_connected
from theory.models import AbstractNetwork, FullyConnected, Shape, TwoLayer, as_container


@dataclass(frozen=True)
class ResidualNetwork(AbstractNetwork):
    """A network of ``widths`` with a block h + sigma(R h + c), or h + V sigma(R h + c) of ``inner`` neurons, behind layer ``after``.

    theta holds the parts of the plain network first (W1, b1, ...), then R, c and, where there are ``inner`` neurons, V.
    """

    widths: Shape
    after: int
    activation: ActivationField = ActivationField("tanh")
    bias: bool = True
    output_bias: bool | None = None
    inner: int | None = None

    def __post_init__(self) -> None:
        for name in ("widths", "inputs", "outputs"):  # the network without the block has read them
            object.__setattr__(self, name, getattr(self.plain, name))
        if isinstance(self.after, bool) or self.after not in range(self.plain.depth):
            raise ValueError(f"after must be a layer from 0 (the input) to {self.plain.depth - 1}, got {self.after!r}")
        if self.inner is not None and (isinstance(self.inner, bool) or not isinstance(self.inner, int) or self.inner < 1):
            raise ValueError(f"inner must be a positive number of neurons or None, got {self.inner!r}")

    @cached_property
    def plain(self) -> FullyConnected:
        """The network without the block."""
        return FullyConnected(self.widths, self.activation, bias=self.bias, output_bias=self.output_bias)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        m = self.widths[self.after]
        neurons = self.inner or m
        block: dict[str, Shape] = {"R": (neurons, m), "c": (neurons,)}
        return {**self.plain.shapes, **block, **({"V": (m, neurons)} if self.inner else {})}

    def __call__(self, theta: Any, x: Any) -> Any:
        parts, values = self.unpack(theta), as_container(x)
        for l in range(self.plain.depth + 1):
            if l:
                values = _affine(values, parts[f"W{l}"], parts.get(f"b{l}"))
            if 0 < l < self.plain.depth:
                values = self.activation(values)
            if l == self.after:
                values = values + self._block(parts, values)
        return values

    def _block(self, parts: dict[str, Any], values: Any) -> Any:
        hidden = self.activation(_affine(values, parts["R"], parts["c"]))
        return hidden @ parts["V"].swapaxes(-1, -2) if self.inner else hidden


def _affine(values: Any, weights: Any, biases: Any) -> Any:
    values = values @ weights.swapaxes(-1, -2)
    return values if biases is None else values + biases.reshape(tuple(biases.shape[:-1]) + (1, biases.shape[-1]))


def insert_residual(
    model: FullyConnected | TwoLayer, theta: Any, after: int, biases: Any, *, outer: Any = None
) -> tuple[ResidualNetwork, np.ndarray]:
    """The network with a block behind layer ``after`` that does nothing yet: weights 0, the given ``biases``, b' = b - W V sigma(biases).

    ``outer`` is V (m_after, neurons), the identity when left out. Entries may be of any arithmetic. Raises ValueError on a position out of
    range, a wrong number of biases, or a next layer without biases where there is a constant to take up.
    """
    model = as_fully_connected(model)
    theta, biases = np.asarray(theta), np.asarray(biases)
    inner = None if outer is None else np.shape(outer)[1]
    deep = ResidualNetwork(model.widths, after, model.activation, model.bias, model.output_bias, inner)
    if biases.shape != deep.shapes["c"]:
        raise ValueError(f"biases must have shape {deep.shapes['c']}, one for each neuron of the block, got {biases.shape}")
    parts = model.unpack(theta)
    pushed = model.activation(biases)
    if outer is not None:
        outer = np.asarray(outer)
        if outer.shape != deep.shapes["V"]:
            raise ValueError(f"outer must have shape {deep.shapes['V']}, got {outer.shape}")
        pushed = outer @ pushed
    constant = parts[f"W{after + 1}"] @ pushed
    if f"b{after + 1}" in parts:
        parts[f"b{after + 1}"] = parts[f"b{after + 1}"] - constant
    elif constant.any():
        raise ValueError(f"layer {after + 1} has no biases to take up the constants {constant.tolist()}")
    rest = {} if outer is None else {"V": outer}
    zeros = np.zeros(deep.shapes["R"], dtype=int).astype(theta.dtype)
    return deep, deep.pack(**parts, R=zeros, c=biases, **rest)
