"""Arrays of any entries together with their derivatives along several directions: forward duals on whole arrays.

A :class:`Directional` goes wherever an array goes in a model's formula and on the reverse tape, so that one backward pass over
duals gives a gradient and its derivatives, that is the Hessian, in any arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.derivatives.products import matmul


class Directional:
    """``value`` (...) and its derivatives ``tangent`` (K, ...) along K directions."""

    __array_ufunc__ = None  # let numpy hand `array @ directional` and the like over
    __slots__ = ("value", "tangent")

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value = value
        self.tangent = tangent

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value; the directions are not counted."""
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        """Number of axes of the value."""
        return self.value.ndim

    def reshape(self, shape: tuple[int, ...]) -> Directional:
        """Value and every derivative in another shape; one entry may be -1."""
        value = self.value.reshape(shape)
        return Directional(value, self.tangent.reshape((len(self.tangent), *value.shape)))

    def swapaxes(self, i: int, j: int) -> Directional:
        """Value and every derivative with two axes exchanged; the axis of the directions stays first."""
        i, j = i % self.ndim, j % self.ndim
        return Directional(self.value.swapaxes(i, j), self.tangent.swapaxes(i + 1, j + 1))

    def __getitem__(self, index: Any) -> Directional:
        index = index if isinstance(index, tuple) else (index,)
        return Directional(self.value[index], self.tangent[(slice(None), *index)])

    def __setitem__(self, index: Any, other: Directional) -> None:
        index = index if isinstance(index, tuple) else (index,)
        self.value[index] = other.value
        self.tangent[(slice(None), *index)] = other.tangent

    def zeros_like(self) -> Directional:
        """Zeros of the same shape and directions."""
        return Directional(np.zeros_like(self.value), np.zeros_like(self.tangent))

    def sum(self, axis: tuple[int, ...], *, keepdims: bool = False) -> Directional:
        """The sum over the axes of the value named in ``axis``."""
        shifted = tuple(k % self.ndim + 1 for k in axis)
        return Directional(self.value.sum(axis=axis, keepdims=keepdims), self.tangent.sum(axis=shifted, keepdims=keepdims))

    def __add__(self, other: Any) -> Directional:
        value = self.value + value_of(other)
        if not isinstance(other, Directional):
            return Directional(value, _stretched(self.tangent, value.shape))
        return Directional(value, _aligned(self.tangent, value.ndim) + _aligned(other.tangent, value.ndim))

    __radd__ = __add__

    def __neg__(self) -> Directional:
        return Directional(-self.value, -self.tangent)

    def __sub__(self, other: Any) -> Directional:
        return self + (-other)

    def __mul__(self, other: Any) -> Directional:
        value = self.value * value_of(other)
        tangent = _aligned(self.tangent, value.ndim) * value_of(other)
        if isinstance(other, Directional):
            tangent = tangent + self.value * _aligned(other.tangent, value.ndim)
        return Directional(value, tangent)

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Directional:
        value = matmul(self.value, value_of(other))
        tangent = matmul(_aligned(self.tangent, value.ndim), value_of(other))
        if isinstance(other, Directional):
            tangent = tangent + matmul(self.value, _aligned(other.tangent, value.ndim))
        return Directional(value, tangent)

    def __rmatmul__(self, other: Any) -> Directional:
        value = matmul(other, self.value)
        return Directional(value, matmul(other, _aligned(self.tangent, value.ndim)))

    def jet(self, activation: Any, order: int) -> tuple[Directional, ...]:
        """(sigma, ..., sigma^(order)) at every entry, with their derivatives. Raises ValueError at a kink of sigma."""
        _refuse_kinks(activation, self.value, order + 1)
        jet = activation.jet(self.value, order + 1)
        return tuple(Directional(value, slope * self.tangent) for value, slope in zip(jet, jet[1:], strict=False))


def value_of(array: Any) -> Any:
    """The plain array inside, for arrays and directional ones alike."""
    return array.value if isinstance(array, Directional) else array


def seeded(values: np.ndarray) -> Directional:
    """``values`` (..., P) with the P unit directions of its last axis."""
    size = values.shape[-1]
    units = np.eye(size, dtype=int).astype(values.dtype)
    shape = (size, *(1,) * (values.ndim - 1), size)
    return Directional(values, np.broadcast_to(units.reshape(shape), (size, *values.shape)))


def _refuse_kinks(activation: Any, z: np.ndarray, order: int) -> None:
    """A derivative of that ``order`` exists at every entry of ``z``, or a ValueError names the entry."""
    for threshold in getattr(activation, "breaks", ()):
        if not kink(activation, threshold, order):
            continue
        at = [index for index in np.argwhere(z == threshold).tolist()]
        if at:
            raise ValueError(
                f"{activation.name} has no derivative of order {order} at {threshold}, where the pre-activation {at[0]} lies: "
                "move the point off the kink or take a smooth activation"
            )


def kink(activation: Any, threshold: Any, order: int) -> bool:
    """Whether a derivative of order at most ``order`` of a piecewise polynomial jumps at its break ``threshold``."""
    k = list(activation.breaks).index(threshold)
    left, right = activation.pieces[k], activation.pieces[k + 1]
    length = max(len(left), len(right))
    padded = lambda piece: [*piece, *[0] * (length - len(piece))]
    jump = [b - a for a, b in zip(padded(left), padded(right), strict=True)]
    at = Fraction(threshold)
    for _ in range(order + 1):
        if sum(c * at**power for power, c in enumerate(jump)):
            return True
        jump = [power * c for power, c in enumerate(jump)][1:]
    return False


def _aligned(tangent: np.ndarray, ndim: int) -> np.ndarray:
    """Axes put in behind the directions, so that the rest broadcasts as the value does."""
    missing = ndim + 1 - tangent.ndim
    return tangent.reshape((len(tangent), *(1,) * missing, *tangent.shape[1:])) if missing > 0 else tangent


def _stretched(tangent: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(_aligned(tangent, len(shape)), (len(tangent), *shape))
