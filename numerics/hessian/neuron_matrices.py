"""Features, errors and per-neuron matrices of a fully connected network, in any arithmetic.

With c_i = weight_i dloss/df(x_i) the *cotangent* of a data set, everything here that carries an error is linear in c:
e^[l] = dR/dp^[l] per sample, B_s = E[e^[l+1] sigma'(p_s) h^T], S_s = E[((W^[l+1])^T e^[l+1])_s sigma''(p_s) h h^T], C_l = E[e^[l+1] h^T]
with h = (f^[l-1], 1), the 1 where layer l has a bias. Layers count from 1, neurons from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.remembered import remembered
from theory.embedding.coupled import PathMatrices
from theory.embedding.wiring import check_place, layers
from theory.models import AbstractNetwork


@dataclass(frozen=True, eq=False)
class Trace:
    """One network on samples: ``features[l]`` f^[l] (n, m_l), l = 0 .. L-1; of hidden layer l ``slopes[l]``, ``curvatures[l]`` (n, m_l).

    ``adjoints[l]`` = df/dp^[l] (n, outputs, m_l), l = 1 .. L; ``weights[l]`` is W^[l]. Entries of index 0 that do not exist are None.
    """

    model: AbstractNetwork
    features: list[Any]
    slopes: list[Any]
    curvatures: list[Any]
    adjoints: list[Any]
    weights: list[Any]
    biased: tuple[bool, ...]

    @property
    def depth(self) -> int:
        """L, the number of weight matrices: one adjoint lies behind each, and one before the first."""
        return len(self.adjoints) - 1

    def error(self, layer: int, cotangent: Any) -> Any:
        """e^[l] (n, m_l) for a cotangent (n, outputs)."""
        return (cotangent[..., None, :] @ self.adjoints[layer])[..., 0, :]

    def inputs_of(self, layer: int) -> Any:
        """h = (f^[l-1], 1), the 1 where ``layer`` has a bias; (n, d_l)."""
        features = self.features[layer - 1]
        if not self.biased[layer]:
            return features
        return np.concatenate([features, np.ones_like(features[..., :1])], axis=-1)

    def B(self, layer: int, neuron: int, cotangent: Any) -> Any:
        """B_s (m_(l+1), d_l)."""
        error = self.error(layer + 1, cotangent) * self.slopes[layer][..., neuron, None]
        return error.swapaxes(-1, -2) @ self.inputs_of(layer)

    def S(self, layer: int, neuron: int, cotangent: Any) -> Any:
        """S_s (d_l, d_l)."""
        pulled = self.error(layer + 1, cotangent) @ self.weights[layer + 1][..., :, neuron, None]
        inputs = self.inputs_of(layer)
        return (inputs * (pulled * self.curvatures[layer][..., neuron, None])).swapaxes(-1, -2) @ inputs

    def C(self, layer: int, cotangent: Any) -> Any:
        """C_l (m_(l+1), d_l)."""
        return self.error(layer + 1, cotangent).swapaxes(-1, -2) @ self.inputs_of(layer)

    def correlation(self, upper: int, lower: int, cotangent: Any) -> Any:
        """E[e^[upper] f^[lower]T] (m_upper, m_lower)."""
        return self.error(upper, cotangent).swapaxes(-1, -2) @ self.features[lower]

    def paths(self, layer: int, upper: int, lower: Sequence[int], cotangent: Any) -> PathMatrices:
        """What passes from neurons ``lower`` of ``layer`` through neuron ``upper`` of the next one, to second order."""
        error, inputs, below = self.error(layer + 2, cotangent), self.inputs_of(layer + 1), self.inputs_of(layer)
        bent = (error @ self.weights[layer + 2][..., :, upper, None]) * self.curvatures[layer + 1][..., upper, None]
        slope, slopes = self.slopes[layer + 1][..., upper, None], [self.slopes[layer][..., s, None] for s in lower]
        sum_of = lambda left, factor, right: (left * factor).swapaxes(-1, -2) @ right
        return PathMatrices(
            [sum_of(error, slope * first, below) for first in slopes],
            [sum_of(inputs, bent * first, below) for first in slopes],
            [[sum_of(below, bent * first * second, below) for second in slopes] for first in slopes],
            [self.weights[layer + 1][..., upper, s] for s in lower],
        )

    def linear_rows(self, form: Callable[[Any], Any]) -> Any:
        """The matrix (entries of the form, n outputs) of a linear ``form`` of the cotangent, by unit cotangents."""
        shape = self.adjoints[-1].shape[:-1]
        units = np.eye(shape[0] * shape[1], dtype=int).reshape(-1, *shape).astype(self.adjoints[-1].dtype)
        return np.stack([np.ravel(form(unit)) for unit in units], axis=-1)


@remembered
def trace(model: AbstractNetwork, theta: Any, x: Any) -> Trace:
    """Forward and backward quantities of ``model`` (TwoLayer or FullyConnected) at ``theta`` (P,) on ``x`` (n, inputs)."""
    places = layers(model)
    features: list[Any] = [x.copy() if isinstance(x, np.ndarray) else x]  # what is remembered becomes read-only
    slopes: list[Any] = [None]
    curvatures: list[Any] = [None]
    weights: list[Any] = [None]
    z: Any = x
    for l, (weight_index, bias_index) in enumerate(places, start=1):
        weights.append(theta[..., weight_index])
        z = features[-1] @ weights[-1].swapaxes(-1, -2)
        z = z if bias_index is None else z + theta[..., None, bias_index]
        if l < len(places):
            value, slope, curvature = model.activation.jet(z, 2)
            features.append(value)
            slopes.append(slope)
            curvatures.append(curvature)
    adjoint = np.broadcast_to(np.eye(model.outputs, dtype=int).astype(z.dtype), (*z.shape, model.outputs))
    adjoints = [adjoint]
    for l in range(len(places) - 1, 0, -1):
        adjoints.insert(0, (adjoints[0] @ weights[l + 1][..., None, :, :]) * slopes[l][..., None, :])
    biased = (False, *(bias_index is not None for _, bias_index in places))
    return Trace(model, features, slopes, curvatures, [None, *adjoints], weights, biased)


def neuron_matrices(model: AbstractNetwork, theta: Any, x: Any, cotangent: Any, layer: int, neuron: int) -> tuple[Any, Any]:
    """(B_s, S_s) of one neuron."""
    check_place(model, layer, neuron)
    found = trace(model, theta, x)
    return found.B(layer, neuron, cotangent), found.S(layer, neuron, cotangent)
