"""Convolution followed by sum pooling: one output weight per kernel instead of one per position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import ActivationField
from theory.models.networks import AbstractNetwork, Shape, TwoLayerCNN, as_container


@dataclass(frozen=True)
class PooledCNN(AbstractNetwork):
    """f(x) = sum over kernels l of output_weights[l] sum over positions p of sigma(K_l . patch_p(x)); sizes as in TwoLayerCNN."""

    inputs: int | Shape
    kernel: int | Shape
    kernels: int
    stride: int | Shape = 1
    activation: ActivationField = ActivationField("tanh")
    outputs = 1

    def __post_init__(self) -> None:
        for name in ("inputs", "kernel", "kernels", "stride"):  # the network that is pooled has read them
            object.__setattr__(self, name, getattr(self.convolution, name))

    @cached_property
    def convolution(self) -> TwoLayerCNN:
        """The network whose positions are pooled; checks the sizes."""
        return TwoLayerCNN(self.inputs, self.kernel, self.kernels, self.stride, self.activation)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"kernels": self.convolution.shapes["kernels"], "output_weights": (self.kernels,)}

    def unpooled(self, theta: np.ndarray) -> np.ndarray:
        """The point of :attr:`convolution` with the function of ``theta`` (P,): its output weight at every position."""
        count = self.n_params - self.kernels
        return np.concatenate([theta[:count], np.repeat(theta[count:], len(self.convolution.patches))])

    def __call__(self, theta: Any, x: Any) -> Any:
        parts = self.unpack(theta)
        hidden = self.activation(as_container(x)[..., self.convolution.patches] @ _over_samples(parts["kernels"].swapaxes(-1, -2)))
        ones = 0 * self.convolution.patches[:1, :1] + 1
        positions = hidden.shape[-2]
        pooled = (ones.repeat(positions, axis=1) @ hidden)[..., 0, :]
        return pooled @ parts["output_weights"].reshape(tuple(parts["output_weights"].shape) + (1,))


def _over_samples(weights: Any) -> Any:
    """Weights (..., entries, kernels) as (..., 1, entries, kernels): the same for every sample."""
    return weights.reshape(tuple(weights.shape[:-2]) + (1, *weights.shape[-2:]))
