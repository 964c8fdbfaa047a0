"""Residues modulo one number below 2^61 in arrays of machine integers: what an array of flint's nmod says, some times faster.

A product of two residues has 122 bits. It is taken in two steps of 92, each less a multiple of the modulus that a float quotient tells to
within one half and a little, so that what is left fits a machine integer (Barrett's reduction, with floats). Arithmetic knows arrays of the
same modulus and Python integers; whatever else would be a silent overflow, and raises TypeError.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

#: Moduli lie below this one, so that the halves of a residue have 30 and 31 bits and sums of two fit a machine integer.
LARGEST = 1 << 61
#: Entries that a product takes at a time, so that its twenty passes stay in the cache.
TILE = 1 << 13
#: Bits of an exponent that one table of powers takes at most; a table is no longer than there are exponents.
WINDOW = 13

_HALF, _LOW = 31, (1 << 31) - 1


class Residues(np.ndarray):
    """An array of int64 in [0, modulus), arithmetic modulo ``modulus`` < 2^61; ``/`` raises ZeroDivisionError without an inverse.

    Slices, views, shapes and assignments are numpy's own. Made from integers in that range; :meth:`of` takes any.
    """

    modulus: int

    def __new__(cls, entries: Any, modulus: int) -> Residues:
        if not 1 < modulus < LARGEST:
            raise ValueError(f"modulus must lie between 2 and 2^61 - 1, got {modulus}")
        array = np.asarray(entries, dtype=np.int64).view(cls)
        array.modulus = modulus
        return array

    @classmethod
    def of(cls, entries: Iterable[Any], modulus: int) -> Residues:
        """What ``int`` makes integers in [0, modulus) of, flint's residues, say, as a flat array."""
        return cls(np.fromiter(map(int, entries), np.int64), modulus)

    def __array_finalize__(self, origin: Any) -> None:
        if hasattr(origin, "modulus"):
            self.modulus = origin.modulus

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] | None = None, **options: Any) -> Any:
        if method != "__call__" or options or ufunc not in _ARITHMETIC:
            return NotImplemented
        modulus, plain = self.modulus, []
        for operand in inputs:
            if isinstance(operand, Residues) and operand.modulus == modulus:
                plain.append(operand.view(np.ndarray))
            elif type(operand) is int:
                plain.append(np.int64(operand % modulus))
            else:
                return NotImplemented
        found = _ARITHMETIC[ufunc](modulus, *plain)
        if out is None:
            return Residues(found, modulus)
        (target,) = out
        if not isinstance(target, Residues) or target.modulus != modulus:
            return NotImplemented
        target.view(np.ndarray)[...] = found
        return target


def _sum(m: int, a: Any, b: Any) -> Any:
    return _lifted(m, a + b - m)


def _difference(m: int, a: Any, b: Any) -> Any:
    return _lifted(m, a - b)


def _lifted(m: int, least: Any) -> Any:
    """Numbers in [-m, m) as residues."""
    return least + ((least >> 63) & m)


def _product(m: int, a: Any, b: Any) -> np.ndarray:
    """a b modulo m for arrays that broadcast, in slices of the first axis that stay in the cache."""
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    own = shape or (1,)  # numbers without axes are no arrays to numpy, and warn when they wrap around
    a, b, found = np.broadcast_to(a, own), np.broadcast_to(b, own), np.empty(own, np.int64)
    step = max(1, TILE * len(found) // max(found.size, 1))
    for start in range(0, len(found), step):
        found[start : start + step] = _product_in_cache(m, a[start : start + step], b[start : start + step])
    return found.reshape(shape)


def _product_in_cache(m: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b modulo m, b = h 2^31 + l: first a h, then (a h modulo m) 2^31 + a l.

    Both quotients lie below 2^32 and have a relative error of at most 6 roundings, below 2^-18 in all: what is left lies within
    (1/2 + 2^-18) m of zero, so that wrapping around modulo 2^64 changes nothing.
    """
    inverse, near = 1 / m, a.astype(float)
    high, low = b >> _HALF, b & _LOW
    left = a * high - np.rint(near * high * inverse).astype(np.int64) * m
    quotient = np.rint((left * float(1 << _HALF) + near * low) * inverse).astype(np.int64)
    return _lifted(m, (left << _HALF) + a * low - quotient * m)


def _quotient(m: int, a: Any, b: Any) -> np.ndarray:
    b = np.asarray(b)
    return _product(m, a, _inverses(m, b.ravel()).reshape(b.shape))


def _inverses(m: int, a: np.ndarray) -> np.ndarray:
    """The inverses of a flat array: one inverse, of the product of all, and three products an entry (Montgomery's trick, in pairs)."""
    if len(a) < 2:
        try:
            return np.array([pow(int(entry), -1, m) for entry in a], dtype=np.int64)
        except ValueError as error:
            raise ZeroDivisionError(f"an entry has no inverse modulo {m}") from error
    half = (len(a) + 1) // 2
    first, second = a[: len(a) - half], a[half:]
    of_pairs = _inverses(m, np.concatenate([_product(m, first, second), a[len(first) : half]]))
    pairs = of_pairs[: len(first)]
    return np.concatenate([_product(m, pairs, second), of_pairs[len(first) :], _product(m, pairs, first)])


_ARITHMETIC = {
    np.add: _sum,
    np.subtract: _difference,
    np.negative: lambda m, a: _difference(m, np.int64(0), a),
    np.multiply: _product,
    np.true_divide: _quotient,
}


def powers(base: int, exponents: np.ndarray, modulus: int) -> Residues:
    """``base`` to ``exponents`` (non-negative int64, any shape) modulo ``modulus``: products of entries of tables, each for some bits."""
    found, exponents, base = None, np.asarray(exponents, dtype=np.int64), base % modulus
    bits = min(WINDOW, max(1, exponents.size.bit_length() - 1))
    while found is None or exponents.any():
        table = np.array([1], dtype=np.int64)
        while len(table) < 1 << bits:
            table = np.concatenate([table, _product(modulus, table, np.int64(pow(base, len(table), modulus)))])
        entries = table[exponents & (len(table) - 1)]
        found = entries if found is None else _product(modulus, found, entries)
        base, exponents = pow(base, len(table), modulus), exponents >> bits
    return Residues(found, modulus)
