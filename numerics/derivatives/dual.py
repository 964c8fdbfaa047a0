"""Forward duals over any arithmetic: a value together with its gradient, for small systems in balls.

A system written in ``+ - * /`` and activations is differentiated as it stands, so that a certificate needs no Jacobian by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Dual:
    """``value`` with its partial derivatives ``gradient`` (an object array)."""

    __slots__ = ("value", "gradient")

    def __init__(self, value: Any, gradient: np.ndarray) -> None:
        self.value = value
        self.gradient = gradient

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.gradient + other.gradient)
        return Dual(self.value + other, self.gradient)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.gradient)

    def __sub__(self, other: Any) -> Dual:
        return self + (-other)

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.gradient * other.value + other.gradient * self.value)
        return Dual(self.value * other, self.gradient * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            quotient = self.value / other.value
            return Dual(quotient, (self.gradient - other.gradient * quotient) / other.value)
        return Dual(self.value / other, self.gradient / other)

    def __rtruediv__(self, other: Any) -> Dual:
        quotient = other / self.value
        return Dual(quotient, self.gradient * (-quotient / self.value))

    def exp(self) -> Dual:
        """e^self; floats, balls and duals of either."""
        value = self.value.exp() if hasattr(self.value, "exp") else np.exp(self.value)
        return self.through(value, value)

    def log(self) -> Dual:
        """The natural logarithm of self; floats, balls and duals of either."""
        value = self.value.log() if hasattr(self.value, "log") else np.log(self.value)
        return self.through(value, 1 / self.value)

    def through(self, value: Any, slope: Any) -> Dual:
        """F(self) from F's ``value`` and ``slope`` at ``self.value``."""
        return Dual(value, self.gradient * slope)


def value_of(entry: Any) -> Any:
    """The number inside, for numbers and duals alike."""
    return entry.value if isinstance(entry, Dual) else entry


def compose(entry: Any, value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Any:
    """F(entry) for a number or a dual, from F and its derivative as functions of a number."""
    inner = value_of(entry)
    return entry.through(value(inner), slope(inner)) if isinstance(entry, Dual) else value(inner)


def activate(activation: Any, entry: Any) -> Any:
    """sigma(entry) for a number or a dual."""
    return compose(entry, lambda z: jet(activation, z, 0)[0], lambda z: jet(activation, z, 1)[1])


def jet(activation: Any, z: Any, order: int) -> tuple[Any, ...]:
    """(sigma, ..., sigma^(order)) at a single number."""
    entry = np.empty(1, dtype=object)
    entry[0] = z
    return tuple(value[0] for value in activation.jet(entry, order))


def jacobian_of(function: Callable[[np.ndarray], Sequence[Any]]) -> Callable[[np.ndarray], np.ndarray]:
    """The Jacobian (equations x unknowns) of a ``function`` of an object array, by forward duals."""

    def jacobian(x: np.ndarray) -> np.ndarray:
        n = len(x)
        seeds = np.empty(n, dtype=object)
        for k in range(n):
            gradient = np.array([type(x[0])(int(j == k)) for j in range(n)], dtype=object)
            seeds[k] = Dual(x[k], gradient)
        zero = np.array([type(x[0])(0)] * n, dtype=object)
        rows = [entry.gradient if isinstance(entry, Dual) else zero for entry in function(seeds)]
        return np.stack(rows)

    return jacobian
