"""Numbers of an arithmetic with their derivatives along several directions: a graph, and its way back, are differentiated once more.

One reverse pass over these gives the gradient of a loss and its derivatives, the Hessian, as :mod:`numerics.derivatives.directional`
does for the models of this package. Values that do not move stay plain arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.derivatives.directional import Directional, value_of

#: The second derivative of each function from its argument, its value and its first derivative; (K, z, v, s) -> v''.
CURVATURES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "tanh": lambda K, z, v, s: K.scale(K.mul(v, s), Fraction(-2)),
    "sigmoid": lambda K, z, v, s: K.add(s, K.scale(K.mul(v, s), Fraction(-2))),
    "exp": lambda K, z, v, s: s,
    "normal": lambda K, z, v, s: K.negative(K.mul(z, s)),
    "softplus": lambda K, z, v, s: K.add(s, K.negative(K.mul(s, s))),
    "reciprocal": lambda K, z, v, s: K.scale(K.mul(v, s), Fraction(-2)),
    "root": lambda K, z, v, s: K.scale(K.mul(K.mul(v, v), s), Fraction(-3, 2)),
    "log": lambda K, z, v, s: K.negative(K.mul(s, s)),
    "sin": lambda K, z, v, s: K.negative(v),
    "cos": lambda K, z, v, s: K.negative(v),
}


class Duals:
    """The operations of an arithmetic ``base`` (:mod:`numerics.modules.arithmetics`) on plain arrays and :class:`Directional` ones."""

    def __init__(self, base: Any) -> None:
        self.base = base

    # ------------------------------------------------------------------------------------------------ linear operations

    def row(self, values: Any) -> Any:
        """Numbers (size,), moving or not, as a row (1, size)."""
        return Directional(values.value[None], values.tangent[:, None]) if isinstance(values, Directional) else self.base.row(values)

    def constant(self, values: Any) -> Any:
        """Rational numbers, which do not move."""
        return self.base.constant(values)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Zeros, which do not move."""
        return self.base.zeros(shape)

    def add(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return b + a if isinstance(b, Directional) else a + b

    def negative(self, a: Any) -> Any:
        """Entry by entry."""
        return -a

    def mul(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return b * a if isinstance(b, Directional) else a * b

    def _each(self, a: Any, linear: Callable[[Any], Any]) -> Any:
        """A linear operation on (n, size) arrays, the same on all directions of a moving one."""
        if not isinstance(a, Directional):
            return linear(a)
        value, (k, n) = linear(a.value), a.tangent.shape[:2]
        moved = linear(a.tangent.reshape((k * n, *a.tangent.shape[2:])))
        return Directional(value, moved.reshape((k, n, *moved.shape[1:])))

    def scale(self, a: Any, factor: Any) -> Any:
        """Times a rational number."""
        return self._each(a, lambda z: self.base.scale(z, factor))

    def gate(self, a: Any, gates: np.ndarray) -> Any:
        """``a`` where the gate is open, 0 elsewhere."""
        if not isinstance(a, Directional):
            return self.base.gate(a, gates)
        n = max(len(a.value), len(gates))
        value = self.base.gate(np.broadcast_to(a.value, (n, *a.value.shape[1:])), gates)
        return Directional(value, self.base.gate(np.broadcast_to(a.tangent, (len(a.tangent), *value.shape)), gates[None]))

    def gather(self, a: Any, index: np.ndarray) -> Any:
        """Entries of ``a``, 0 where the index is -1."""
        return self._each(a, lambda z: self.base.gather(z, index))

    def scatter(self, g: Any, index: np.ndarray, size: int) -> Any:
        """The transpose of :meth:`gather`."""
        return self._each(g, lambda z: self.base.scatter(z, index, size))

    def sum(self, rows: Any) -> Any:
        """Sums over the last axis of (n, rows, length)."""
        return self._each(rows, self.base.sum)

    def spread(self, a: Any, n: int) -> Any:
        """(n, size) from (1, size)."""
        if not isinstance(a, Directional):
            return self.base.spread(a, n)
        return Directional(self.base.spread(a.value, n), np.broadcast_to(a.tangent, (len(a.tangent), n, *a.tangent.shape[2:])))

    def join(self, parts: Sequence[Any]) -> Any:
        """One after another along the last axis."""
        k = next((len(p.tangent) for p in parts if isinstance(p, Directional)), None)
        value = self.base.join([value_of(p) for p in parts])
        if k is None:
            return value
        n = len(value)
        still = lambda p: np.broadcast_to(self.base.zeros((1, 1, 1)), (k, n, p.shape[1]))
        moved = [np.broadcast_to(p.tangent, (k, n, p.shape[1])) if isinstance(p, Directional) else still(p) for p in parts]
        return Directional(value, np.concatenate(moved, axis=2))

    def lookup(self, table: Any, index: np.ndarray) -> Any:
        """Entries ``index`` (n, size) of a table (1, entries)."""
        if not isinstance(table, Directional):
            return self.base.lookup(table, index)
        return Directional(self.base.lookup(table.value, index), table.tangent[:, 0][:, index])

    def scatter_rows(self, g: Any, index: np.ndarray, size: int) -> Any:
        """The transpose of :meth:`lookup`, sample by sample."""
        value = self.base.scatter_rows(value_of(g), index, size)
        if not isinstance(g, Directional):
            return value
        return Directional(value, np.stack([self.base.scatter_rows(part, index, size) for part in g.tangent]))

    # -------------------------------------------------------------------------------------------------------- products

    def matmul(self, a: Any, b: Any) -> Any:
        """Over the last two axes of (n, batch, rows, inner) and (m, batch, inner, columns); all directions are one product."""
        value = self.base.matmul(value_of(a), value_of(b))
        parts = []
        if isinstance(a, Directional):
            k, n, batch, rows, inner = a.tangent.shape
            tall = np.moveaxis(a.tangent, 0, 2).reshape((n, batch, k * rows, inner))
            product = self.base.matmul(tall, value_of(b))
            parts.append(np.moveaxis(product.reshape((*product.shape[:2], k, rows, product.shape[-1])), 2, 0))
        if isinstance(b, Directional):
            k, n, batch, inner, columns = b.tangent.shape
            wide = np.moveaxis(b.tangent, 0, 3).reshape((n, batch, inner, k * columns))
            product = self.base.matmul(value_of(a), wide)
            parts.append(np.moveaxis(product.reshape((*product.shape[:3], k, columns)), 3, 0))
        return value if not parts else Directional(value, parts[0] if len(parts) == 1 else parts[0] + parts[1])

    # ------------------------------------------------------------------------------------------------------- functions

    def function(self, name: str, a: Any) -> tuple[Any, Any]:
        """A function of one variable and its derivative at ``a``."""
        value, slope = self.base.function(name, value_of(a))
        if not isinstance(a, Directional):
            return value, slope
        curvature = CURVATURES[name](self.base, a.value, value, slope)
        return Directional(value, a.tangent * slope), Directional(slope, a.tangent * curvature)

    def exponentials(self, a: Any, masked: np.ndarray, length: int) -> Any:
        """e^a up to a factor for each row, 0 at masked places: the factor, which a softmax divides by again, is held."""
        value = self.base.exponentials(value_of(a), masked, length)
        return Directional(value, a.tangent * value) if isinstance(a, Directional) else value

    def open_gates(self, a: Any, place: str) -> np.ndarray:
        """1 where z > 0, 0 where z < 0."""
        return self.base.open_gates(value_of(a), place)

    def first_of_rows(self, rows: Any, place: str) -> np.ndarray:
        """1 at the largest entry of each row (n, rows, length), 0 elsewhere."""
        return self.base.first_of_rows(value_of(rows), place)

    def inside(self, step: Any, a: Any, value: Any, slope: Any) -> None:
        """As the arithmetic below."""
        self.base.inside(step, value_of(a), value_of(value), value_of(slope))
