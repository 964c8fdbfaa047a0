"""Small models whose model rank is known at every point (2211.11623v1, Figure 1; 2307.08921v1, section 2 and appendix A.1).

All are linear in x with polynomial coefficients, so that x = 0 and the unit vectors see the whole function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from theory.models.networks import AbstractModel, AffineModel, Shape, as_container, keep_sizes


def faithful_points(inputs: int) -> np.ndarray:
    """0 and the unit vectors: on them a function that is affine in x is determined; an integer array (inputs + 1, inputs)."""
    return np.vstack([np.zeros((1, inputs), dtype=int), np.eye(inputs, dtype=int)])


@dataclass(frozen=True)
class ProductModel(AffineModel):
    """f = theta_0 + theta_1 x_1 + theta_2 theta_3 x_2 (2211.11623v1, equation 2)."""

    inputs = 2
    outputs = 1

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"constant": (1,), "first": (1,), "factors": (2,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        parts, x = self.unpack(theta), as_container(x)
        column = lambda part: part.reshape(tuple(part.shape[:-1]) + (1, 1))
        second = column(parts["factors"][..., :1]) * column(parts["factors"][..., 1:])
        return column(parts["constant"]) + column(parts["first"]) * x[..., :1] + second * x[..., 1:]


@dataclass(frozen=True)
class RedundantModel(AffineModel):
    """f = (theta_1 + theta_2^power) x: of constant rank 1 for every odd power, linear in theta only for power 1."""

    power: int = 1
    inputs = 1
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "power")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"first": (1,), "second": (1,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        parts = self.unpack(theta)
        second = parts["second"]
        for _ in range(self.power - 1):
            second = second * parts["second"]
        slope = parts["first"] + second
        return slope.reshape(tuple(slope.shape[:-1]) + (1, 1)) * as_container(x)


@dataclass(frozen=True)
class PowerModel(AffineModel):
    """f = theta^power x: of rank 1 except at theta = 0, where the only tangent vanishes for power >= 2."""

    power: int
    inputs = 1
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "power")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"root": (1,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        root = self.unpack(theta)["root"]
        slope = root
        for _ in range(self.power - 1):
            slope = slope * root
        return slope.reshape(tuple(slope.shape[:-1]) + (1, 1)) * as_container(x)


@dataclass(frozen=True)
class DeepDiagonal(AffineModel):
    """f = sum_j (product over l <= depth of a_j^[l]) x_j (2307.08921v1, equation 9)."""

    inputs: int
    depth: int
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "inputs", "depth")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {f"a{l}": (self.inputs,) for l in range(1, self.depth + 1)}

    def __call__(self, theta: Any, x: Any) -> Any:
        first, *others = self.unpack(theta).values()
        slopes = first
        for layer in others:
            slopes = slopes * layer
        return as_container(x) @ slopes.reshape(tuple(slopes.shape) + (1,))

    def zero_patterns(self) -> Any:
        """theta over every pattern of zeros, non-zero entries set to distinct small integers."""
        for pattern in product((0, 1), repeat=self.n_params):
            yield np.array(pattern) * np.arange(2, 2 + self.n_params)


@dataclass(frozen=True)
class SquareDifference(AffineModel):
    """f = sum_j (a_j^2 - b_j^2) x_j (2307.08921v1, equation 7)."""

    inputs: int
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "inputs")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"a": (self.inputs,), "b": (self.inputs,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        parts = self.unpack(theta)
        slopes = parts["a"] * parts["a"] - parts["b"] * parts["b"]
        return as_container(x) @ slopes.reshape(tuple(slopes.shape) + (1,))


@dataclass(frozen=True)
class LinearModel(AbstractModel):
    """f = sum_i theta_i phi_i(x); ``features`` maps samples (..., n, inputs) to (..., n, P) in plain array code."""

    inputs: int
    features: Any
    parameters: int
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "inputs", "parameters")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"coefficients": (self.parameters,)}

    def __call__(self, theta: Any, x: Any) -> Any:
        coefficients = self.unpack(theta)["coefficients"]
        return self.features(as_container(x)) @ coefficients.reshape(tuple(coefficients.shape) + (1,))
