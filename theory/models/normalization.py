r"""Batch normalization before the activation, and how far it lets a neuron stay on one side of zero.

Normalized pre-activations of a batch of n have mean 0 and mean square 1, hence 1 / sqrt(n-1) <= max <= sqrt(n-1), and the same for -min;
both ends are attained by the batch (1, ..., 1, 1-n) or its negative (Samuelson's inequality). So a ReLU neuron gamma u + beta is
positive on its whole batch only if beta / gamma > 1 / sqrt(n-1), and always if beta / gamma > sqrt(n-1): normalization suppresses
linearized layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import ActivationField
from theory.elementary import elementary, entrywise
from theory.models.networks import AbstractNetwork, FullyConnected, Shape, as_container


class DegenerateBatch(ValueError):
    """A batch of one, or constant pre-activations: the variance vanishes and normalization is not defined."""


def squared_scores(u: Any) -> np.ndarray:
    """u_hat^2 = (u - mean)^2 / variance along axis 0 (population variance), rational where ``u`` (n, ...) is.

    Raises DegenerateBatch for n < 2 or a vanishing variance.
    """
    u = np.asarray(u)
    n = len(u) if u.ndim else 0
    if n < 2:
        raise DegenerateBatch(f"batch normalization needs a batch of at least 2 samples, got {n}")
    if u.dtype.kind in "iu":
        u = entrywise(Fraction, u)
    centred = u - u.sum(axis=0) / n
    variance = (centred * centred).sum(axis=0) / n
    if not np.all(variance != 0):
        raise DegenerateBatch("batch normalization of constant pre-activations: their variance is zero")
    return centred * centred / variance


def extremal_batch(n: int) -> list[int]:
    """(1, ..., 1, 1-n): the scores 1/sqrt(n-1) and -sqrt(n-1), the ends of both inequalities."""
    if n < 2:
        raise DegenerateBatch(f"batch normalization needs a batch of at least 2 samples, got {n}")
    return [1] * (n - 1) + [1 - n]


@dataclass(frozen=True)
class ShiftBounds:
    """Squares of beta / gamma: up to ``necessary`` no batch of n is all positive, beyond ``sufficient`` every batch is."""

    necessary: Fraction
    sufficient: Fraction


def shift_bounds(n: int) -> ShiftBounds:
    """The sharp bounds 1 / (n-1) and n-1 on (beta / gamma)^2 for a positive ReLU neuron on a batch of ``n``."""
    if n < 2:
        raise DegenerateBatch(f"batch normalization needs a batch of at least 2 samples, got {n}")
    return ShiftBounds(Fraction(1, n - 1), Fraction(n - 1))


@dataclass(frozen=True)
class BatchNormalized(AbstractNetwork):
    """A network of ``widths`` whose hidden layer ``layer`` normalizes its pre-activations over the batch x: sigma(gamma u_hat + beta).

    theta holds the parts of the plain network, then gamma and beta (m_layer each). ``epsilon`` is added to the variance.
    """

    widths: Shape
    layer: int
    activation: ActivationField = ActivationField("relu")
    epsilon: float = 0.0

    def __post_init__(self) -> None:
        for name in ("widths", "inputs", "outputs"):  # the network without normalization has read them
            object.__setattr__(self, name, getattr(self.plain, name))
        if isinstance(self.layer, bool) or self.layer not in range(1, self.plain.depth):
            raise ValueError(f"layer must be a hidden layer from 1 to {self.plain.depth - 1}, got {self.layer!r}")

    @property
    def rational(self) -> bool:
        return False  # the root of a variance

    @property
    def input_degree(self) -> int | None:
        """None: a sample enters the statistics of the others."""
        return None

    @cached_property
    def plain(self) -> FullyConnected:
        """The network without normalization."""
        return FullyConnected(self.widths, self.activation)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        m = self.widths[self.layer]
        return {**self.plain.shapes, "gamma": (m,), "beta": (m,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        parts, values = self.unpack(theta), as_container(x)
        for l in range(1, self.plain.depth + 1):
            values = values @ parts[f"W{l}"].swapaxes(-1, -2) + _row(parts[f"b{l}"])
            if l == self.layer:
                values = self._normalized(values) * _row(parts["gamma"]) + _row(parts["beta"])
            if l < self.plain.depth:
                values = self.activation(values)
        return values

    def _normalized(self, z: Any) -> Any:
        n = z.shape[-2]
        if n < 2:
            raise DegenerateBatch(f"batch normalization needs a batch of at least 2 samples, got {n}")
        centred = z - z.sum(-2)[..., None, :] / n
        variance = (centred * centred).sum(-2)[..., None, :] / n + self.epsilon
        return centred / elementary("sqrt", variance)


def _row(vector: Any) -> Any:
    return vector.reshape(tuple(vector.shape[:-1]) + (1, vector.shape[-1]))
