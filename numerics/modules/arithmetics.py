"""Numbers in which a graph is evaluated: floats, balls, residues modulo a prime. All have the operations that the steps ask for.

Floats prove nothing. Balls contain the values in real numbers. Residues are images under a ring homomorphism, of graphs that are rational
on
each piece; on which piece a sample lies is decided before, in balls, and handed over as ``patterns``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import NoExactValue, UnluckyPrime
from numerics.modules.evaluating import OnKink, OutsideDomain
from theory.elementary import entrywise


class Arrays:
    """What numpy's arrays of any entries do alike. Values are (n, size), or (1, size) where they are the same for all samples."""

    def row(self, values: Any) -> np.ndarray:
        """Numbers (size,) of this arithmetic, the same for all samples."""
        return np.asarray(values)[None]

    def add(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return a + b

    def mul(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return a * b

    def negative(self, a: Any) -> Any:
        """Entry by entry."""
        return -a

    def gate(self, a: Any, gates: np.ndarray) -> Any:
        """``a`` where the gate is open, 0 elsewhere."""
        return a * gates

    def matmul(self, a: Any, b: Any) -> Any:
        """Over the last two axes."""
        return a @ b

    def sum(self, rows: Any) -> Any:
        """Sums over the last axis of (n, rows, length)."""
        return rows.sum(axis=-1)

    def scale(self, a: Any, factor: Any) -> Any:
        """Times a rational number."""
        return a * self.constant([factor])[0]

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros of this arithmetic."""
        return np.zeros(shape)

    def constant(self, values: Any) -> np.ndarray:
        """Rational numbers (floats, Fractions) in this arithmetic."""
        return np.array([float(v) for v in values])

    def unit(self, n: int, size: int, place: int) -> np.ndarray:
        """The unit vector at ``place`` for each sample."""
        found = self.zeros((n, size))
        found[:, place] = self.constant([1])[0]
        return found

    def stack(self, arrays: Sequence[Any], axis: int) -> Any:
        """Along a new axis."""
        return np.stack(arrays, axis)

    def spread(self, a: Any, n: int) -> Any:
        """(n, size) from (1, size)."""
        return np.broadcast_to(a, (n, *a.shape[1:]))

    def join(self, parts: Sequence[Any]) -> Any:
        """One after another along the last axis."""
        n = max(p.shape[0] for p in parts)
        return np.concatenate([np.broadcast_to(p, (n, *p.shape[1:])) for p in parts], axis=1)

    def gather(self, a: Any, index: np.ndarray) -> Any:
        """Entries of ``a``, 0 where the index is -1."""
        found = a[:, index]
        if (index < 0).any():
            found[:, index < 0] = self.zeros((1,))[0]
        return found

    def scatter(self, g: Any, index: np.ndarray, size: int) -> Any:
        """The transpose of :meth:`gather`: entries of equal index are added up."""
        kept = index >= 0
        if not kept.all():
            g, index = g[:, kept], index[kept]
        found = self.zeros((g.shape[0], size))
        order = np.argsort(index, kind="stable")
        index = index[order]
        starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]]) if len(index) else np.zeros(0, int)
        if len(starts) == len(index):
            found[:, index] = g[:, order]
        else:
            found[:, index[starts]] = np.add.reduceat(g[:, order], starts, axis=1)
        return found

    def lookup(self, table: Any, index: np.ndarray) -> Any:
        """Entries ``index`` (n, size) of a table (1, entries)."""
        return table[0][index]

    def scatter_rows(self, g: Any, index: np.ndarray, size: int) -> Any:
        """The transpose of :meth:`lookup`, sample by sample."""
        return np.concatenate([self.scatter(g[i : i + 1], index[i], size) for i in range(len(index))])

    def exponentials(self, a: Any, masked: np.ndarray, length: int) -> Any:
        """e^a up to a factor for each row, 0 at masked places."""
        return self.gate(self.function("exp", a)[0], 1 - np.asarray(masked, int))

    def function(self, name: str, a: Any) -> tuple[Any, Any]:
        """A function of one variable and its derivative at ``a``."""
        raise NotImplementedError

    def inside(self, step: Any, a: Any, value: Any, slope: Any) -> None:
        """Raise :class:`OutsideDomain` where ``value`` or ``slope`` of a step at ``a`` is not a number; here nothing is asked."""


class Floats(Arrays):
    """Double precision: where to look, never what is true. Patterns are those of the floats."""

    def exponentials(self, a: np.ndarray, masked: np.ndarray, length: int) -> np.ndarray:
        hidden = np.asarray(masked, bool)
        rows = np.where(hidden, -np.inf, a).reshape(a.shape[0], -1, length)
        return np.exp(rows - rows.max(axis=-1, keepdims=True)).reshape(a.shape)

    def open_gates(self, a: np.ndarray, place: str) -> np.ndarray:
        """1 where z > 0, 0 where z < 0."""
        return (a > 0).astype(int)

    def first_of_rows(self, rows: np.ndarray, place: str) -> np.ndarray:
        """1 at the largest entry of each row (n, rows, length), 0 elsewhere."""
        return np.eye(rows.shape[-1], dtype=int)[rows.argmax(axis=-1)]

    def function(self, name: str, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from scipy.special import expit, ndtr

        with np.errstate(all="ignore"):
            match name:
                case "tanh":
                    return (v := np.tanh(a)), 1 - v * v
                case "sigmoid":
                    return (v := expit(a)), v * (1 - v)
                case "exp":
                    return (v := np.exp(a)), v
                case "normal":
                    return ndtr(a), np.exp(-a * a / 2) / math.sqrt(2 * math.pi)
                case "softplus":
                    return np.logaddexp(0, a), expit(a)
                case "reciprocal":
                    return (v := 1 / a), -v * v
                case "root":
                    return (v := a**-0.5), -(v**3) / 2
                case "log":
                    return np.log(a), 1 / a
                case "sin":
                    return np.sin(a), np.cos(a)
                case "cos":
                    return np.cos(a), -np.sin(a)
        raise ValueError(f"unknown function {name!r}")


class Balls(Arrays):
    """Object arrays of arb at flint's working precision. ``patterns`` collects which gates are open and which entries are greatest.

    Where a gate or a maximum cannot be told, :class:`OnKink` is raised. What a closed gate or a padding hands on is the integer 0, no
    ball: it
    stays 0 nearby, so that a gate behind it is closed, and a tie among such zeros chooses nothing. A ball that is exactly 0 lies on a kink.
    """

    def __init__(self) -> None:
        self.patterns: list[np.ndarray] = []

    def constant(self, values: Any) -> np.ndarray:
        from flint import arb, fmpq

        found = np.empty(len(values), object)
        found[:] = [arb(v) if isinstance(v, float) else arb(fmpq(*Fraction(v).as_integer_ratio())) for v in map(_number, values)]
        return found

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros of this arithmetic."""
        from flint import arb

        found = np.empty(shape, object)
        found.fill(arb(0))
        return found

    def gate(self, a: np.ndarray, gates: np.ndarray) -> np.ndarray:
        return np.where(np.broadcast_to(gates, a.shape) != 0, a, 0)

    def gather(self, a: np.ndarray, index: np.ndarray) -> np.ndarray:
        found = a[:, index]
        found[:, index < 0] = 0
        return found

    def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Over the last two axes."""
        (n, batch, rows, inner), (m, _, _, columns) = a.shape, b.shape
        if inner < 3 or batch > 1 and n > 1 and m > 1 and min(rows, columns) < 2:
            return a @ b
        if batch == 1 and m == 1:  # many samples, one matrix: one product
            return _flint_product(a.reshape(n * rows, inner), b[0, 0]).reshape(n, 1, rows, columns)
        if batch == 1 and n == 1:
            wide = np.moveaxis(b[:, 0], 0, 1).reshape(inner, m * columns)
            return np.moveaxis(_flint_product(a[0, 0], wide).reshape(rows, m, columns), 1, 0)[:, None]
        found = np.empty((max(n, m), batch, rows, columns), object)
        for i in range(len(found)):
            for k in range(batch):
                found[i, k] = _flint_product(a[i if n > 1 else 0, k], b[i if m > 1 else 0, k])
        return found

    def open_gates(self, a: np.ndarray, place: str) -> np.ndarray:
        """1 where z > 0, 0 where z < 0."""
        gates = np.empty(a.shape, int)
        for where, z in np.ndenumerate(a):
            if isinstance(z, int) and z == 0 or z > 0 or z < 0:
                gates[where] = int(z > 0)
            else:
                raise OnKink(where[0], f"lies on, or too near to, a kink of {_layer(place)} (a pre-activation of {z})")
        self.patterns.append(gates)
        return gates

    def first_of_rows(self, rows: np.ndarray, place: str) -> np.ndarray:
        """1 at the largest entry of each row (n, rows, length), 0 elsewhere."""
        middle = np.array([float(z) if isinstance(z, int) else float(z.mid()) for z in rows.flat]).reshape(rows.shape)
        first = np.eye(rows.shape[-1], dtype=int)[middle.argmax(axis=-1)]
        top = self.gate(rows, first).sum(axis=-1)
        for where, z in np.ndenumerate(rows):
            best = top[where[:-1]]
            if not (first[where] or isinstance(z, int) and isinstance(best, int) and z == best == 0 or z < best):
                raise OnKink(where[0], f"lies on, or too near to, a tie of {_layer(place)}")
        self.patterns.append(first.reshape(len(first), -1))
        return first

    def function(self, name: str, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from flint import arb

        a = entrywise(arb, a)  # integers among them: zeros of closed gates
        each = lambda f: entrywise(f, a)
        match name:
            case "tanh":
                return (v := each(lambda z: z.tanh())), 1 - v * v
            case "sigmoid":
                return (v := each(lambda z: 1 / (1 + (-z).exp()))), v * (1 - v)
            case "exp":
                return (v := each(lambda z: z.exp())), v
            case "normal":
                half, scale = arb(2).sqrt(), (2 * arb.pi()).sqrt()
                return each(lambda z: (1 + (z / half).erf()) / 2), each(lambda z: (-z * z / 2).exp() / scale)
            case "softplus":
                return each(lambda z: (1 + z.exp()).log()), each(lambda z: 1 / (1 + (-z).exp()))
            case "reciprocal":
                return (v := each(lambda z: 1 / z)), -v * v
            case "root":
                return (v := each(lambda z: 1 / z.sqrt())), -v * v * v / 2
            case "log":
                return each(lambda z: z.log()), each(lambda z: 1 / z)
            case "sin":
                return each(lambda z: z.sin()), each(lambda z: z.cos())
            case "cos":
                return each(lambda z: z.cos()), each(lambda z: -z.sin())
        raise ValueError(f"unknown function {name!r}")

    def inside(self, step: Any, a: np.ndarray, value: np.ndarray, slope: np.ndarray) -> None:
        """Raise :class:`OutsideDomain` unless every value and slope is finite, and ``a`` where the step is what was read."""
        for numbers in (value, slope):
            for where, z in np.ndenumerate(numbers):
                if not (isinstance(z, int) or z.is_finite()):
                    name = step.data.get("name", step.kind)
                    raise OutsideDomain(where[0], f"has no finite {name} in {_layer(step.place)}")
        if (below := step.data.get("below")) is not None:
            for where, z in np.ndenumerate(a):
                if not z < int(below):
                    what = f"lies beyond the threshold {below} from which on torch replaces the softplus in {_layer(step.place)}"
                    raise OutsideDomain(where[0], what)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, float | np.floating) else Fraction(value)


def _layer(place: str) -> str:
    return f"layer {place!r}" if place else "the module itself"


def _flint_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from flint import arb_mat

    (rows, inner), columns = a.shape, b.shape[1]
    product = arb_mat(rows, inner, a.ravel().tolist()) * arb_mat(inner, columns, b.ravel().tolist())
    found = np.empty(a.shape[0] * b.shape[1], object)
    found[:] = product.entries()
    return found.reshape(a.shape[0], b.shape[1])


class Rationals(Arrays):
    """Rational numbers themselves, of graphs that are rational on each piece. Closed gates hand on the integer 0, as in :class:`Balls`."""

    def constant(self, values: Any) -> np.ndarray:
        from flint import fmpq

        found = np.empty(len(values), object)
        found[:] = [fmpq(*Fraction(_number(v)).as_integer_ratio()) if not isinstance(v, fmpq) else v for v in values]
        return found

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros of this arithmetic."""
        from flint import fmpq

        found = np.empty(shape, object)
        found.fill(fmpq(0))
        return found

    gate, gather = Balls.gate, Balls.gather

    def open_gates(self, a: np.ndarray, place: str) -> np.ndarray:
        """1 where z > 0, 0 where z < 0."""
        for where, z in np.ndenumerate(a):
            if z == 0 and not isinstance(z, int):
                raise OnKink(where[0], f"lies on a kink of {_layer(place)} (a pre-activation of 0)")
        return (a > 0).astype(int)

    def first_of_rows(self, rows: np.ndarray, place: str) -> np.ndarray:
        """1 at the largest entry of each row (n, rows, length), 0 elsewhere."""
        first = np.eye(rows.shape[-1], dtype=int)[rows.argmax(axis=-1)]
        top = self.gate(rows, first).sum(axis=-1)
        for where, z in np.ndenumerate(rows):
            best = top[where[:-1]]
            if not first[where] and z == best and not (isinstance(z, int) and isinstance(best, int)):
                raise OnKink(where[0], f"lies on a tie of {_layer(place)}")
        return first

    def function(self, name: str, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from flint import fmpq

        if name != "reciprocal":
            raise NoExactValue(f"{name} takes rational numbers out of the rationals")
        for where, z in np.ndenumerate(a):
            if z == 0:
                raise OutsideDomain(where[0], "has no finite reciprocal")
        inverse = entrywise(lambda z: 1 / fmpq(z), a)
        return inverse, -inverse * inverse


#: Primes below 2^31, so that a product of two residues fits into 64 bits.
SMALL_PRIMES = (2147483647, 2147483629, 2147483587)


class Residues(Arrays):
    """Residues modulo a prime below 2^31 in int64. ``patterns`` are those that balls found on the same samples, in the order of the
    steps.
    """

    def __init__(self, prime: int, patterns: Sequence[np.ndarray] = ()) -> None:
        self.prime = prime
        self.patterns = list(patterns)

    def constant(self, values: Any) -> np.ndarray:
        return np.array([self._residue(Fraction(_number(v))) for v in values], np.int64)

    def _residue(self, value: Fraction) -> int:
        if value.denominator % self.prime == 0:
            raise UnluckyPrime(f"a denominator vanishes modulo {self.prime}")
        return value.numerator % self.prime * pow(value.denominator, -1, self.prime) % self.prime

    def zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros of this arithmetic."""
        return np.zeros(shape, np.int64)

    def add(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return (a + b) % self.prime

    def mul(self, a: Any, b: Any) -> Any:
        """Entry by entry."""
        return a * b % self.prime

    def negative(self, a: Any) -> Any:
        """Entry by entry."""
        return -a % self.prime

    def scale(self, a: Any, factor: Any) -> Any:
        return a * self._residue(Fraction(factor)) % self.prime

    def matmul(self, a: Any, b: Any) -> Any:
        """Over the last two axes."""
        # In two halves of 16 bits, so that sums of up to 2^15 products stay below 2^63.
        return ((((a >> 16) @ b) % self.prime << 16) + (a & 0xFFFF) @ b) % self.prime

    def sum(self, rows: Any) -> Any:
        return rows.sum(axis=-1) % self.prime

    def scatter(self, g: Any, index: np.ndarray, size: int) -> Any:
        return super().scatter(g, index, size) % self.prime

    def open_gates(self, a: Any, place: str) -> np.ndarray:
        """1 where z > 0, 0 where z < 0."""
        return self.patterns.pop(0)

    def first_of_rows(self, rows: Any, place: str) -> np.ndarray:
        """1 at the largest entry of each row (n, rows, length), 0 elsewhere."""
        return self.patterns.pop(0).reshape(rows.shape)

    def function(self, name: str, a: Any) -> tuple[Any, Any]:
        if name != "reciprocal":
            raise NoExactValue(f"{name} takes rational numbers out of the rationals")
        if (a == 0).any():
            raise UnluckyPrime(f"a denominator vanishes modulo {self.prime}")
        inverse, square, exponent = np.ones_like(a), a, self.prime - 2
        while exponent:
            if exponent & 1:
                inverse = inverse * square % self.prime
            square, exponent = square * square % self.prime, exponent >> 1
        return inverse, -inverse * inverse % self.prime
