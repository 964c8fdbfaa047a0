"""Convolutional networks of several channels and layers over sequences, written once as plain array code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import ActivationField
from theory.arguments import whole_numbers
from theory.models.networks import AbstractNetwork, Shape, as_container, keep_sizes


@dataclass(frozen=True)
class Convolutional(AbstractNetwork):
    """h_l = sigma(K_l * h_(l-1) + b_l), the cross-correlation over channels without padding, stride 1; f = W h_L + b over all positions.

    ``inputs`` (channels, length); a sample x holds them flat, row-major. ``channels`` and ``kernels`` give c_l and the taps k_l of each
    layer; parts are K_l (c_l, c_(l-1), k_l), b_l (c_l,), W (outputs, c_L, positions) and b (outputs,).
    """

    inputs: Shape
    channels: Shape
    kernels: Shape
    outputs: int = 1
    activation: ActivationField = ActivationField("tanh")

    def __post_init__(self) -> None:
        for name in ("inputs", "channels", "kernels"):
            object.__setattr__(self, name, tuple(whole_numbers(name, getattr(self, name), 1)))
        if len(self.inputs) != 2:
            raise ValueError(f"inputs must be (channels, length), got {self.inputs}")
        if not self.channels or len(self.channels) != len(self.kernels):
            raise ValueError(f"channels and kernels must name as many layers, one or more, got {self.channels} and {self.kernels}")
        keep_sizes(self, "outputs")
        if self.positions[-1] < 1:
            raise ValueError(f"kernels must leave a position of the {self.inputs[1]} of the input, got {self.kernels}")

    @property
    def positions(self) -> Shape:
        """Positions of layers 0 .. L."""
        lengths = [self.inputs[1]]
        for taps in self.kernels:
            lengths.append(lengths[-1] - taps + 1)
        return tuple(lengths)

    @property
    def hidden_layers(self) -> int:
        """L."""
        return len(self.channels)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for l, (before, after, taps) in enumerate(zip((self.inputs[0], *self.channels), self.channels, self.kernels, strict=False), 1):
            shapes |= {f"K{l}": (after, before, taps), f"b{l}": (after,)}
        return shapes | {"W": (self.outputs, self.channels[-1], self.positions[-1]), "b": (self.outputs,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        return self.behind(theta, self.preactivation(theta, x, 1), 1)

    def preactivation(self, theta: Any, x: Any, layer: int) -> Any:
        """Pre-activations (..., n, c_l, positions) of ``layer`` from 1; the outputs (..., n, outputs) for L + 1."""
        parts, x = self.unpack(theta), as_container(x)
        z = self._affine(parts, x.reshape((*tuple(x.shape[:-1]), *self.inputs)), 1)
        for l in range(2, layer + 1):
            z = self._affine(parts, self.activation(z), l)
        return z

    def behind(self, theta: Any, z: Any, layer: int) -> Any:
        """The outputs (..., n, outputs) from the pre-activations ``z`` of ``layer``."""
        parts = self.unpack(theta)
        for l in range(layer + 1, self.hidden_layers + 2):
            z = self._affine(parts, self.activation(z), l)
        return z

    def _affine(self, parts: dict[str, Any], h: Any, layer: int) -> Any:
        if layer == self.hidden_layers + 1:
            weights = parts["W"]
            flat = weights.reshape((*tuple(weights.shape[:-2]), -1))
            bias = parts["b"].reshape((*tuple(parts["b"].shape[:-1]), 1, self.outputs))
            return h.reshape((*tuple(h.shape[:-2]), flat.shape[-1])) @ flat.swapaxes(-1, -2) + bias
        kernel, bias, positions = parts[f"K{layer}"], parts[f"b{layer}"], self.positions[layer]
        total = bias.reshape((*tuple(bias.shape[:-1]), 1, bias.shape[-1], 1))
        for tap in range(self.kernels[layer - 1]):
            weights = kernel[..., tap]
            weights = weights.reshape((*tuple(weights.shape[:-2]), 1, *tuple(weights.shape[-2:])))
            total = total + weights @ h[..., tap : tap + positions]
        return total

    def patches(self, h: np.ndarray, layer: int) -> np.ndarray:
        """What a channel of ``layer`` sees of the features ``h`` (n, c_(l-1), positions) before it: (n, positions, c_(l-1) k_l)."""
        taps, positions = self.kernels[layer - 1], self.positions[layer]
        seen = np.stack([h[..., tap : tap + positions] for tap in range(taps)], axis=-1)
        return seen.swapaxes(1, 2).reshape(len(h), positions, -1)
