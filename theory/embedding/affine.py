"""Sparse affine maps between parameter spaces, exact in the arithmetic of what they are applied to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Complex, Rational, Real
from typing import Any

import numpy as np

from theory.elementary import entrywise
from theory.models import AbstractNetwork, as_container
from theory.rationals import fraction_of

Entries = Mapping[tuple[int, int], Any]


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """A matrix by its non-zero ``entries`` {(row, column): value}: Fractions, or sympy expressions, balls, ..."""

    shape: tuple[int, int]
    entries: Entries

    @cached_property
    def T(self) -> SparseMatrix:
        """The transpose."""
        return SparseMatrix((self.shape[1], self.shape[0]), {(j, i): value for (i, j), value in self.entries.items()})

    def __matmul__(self, other: Any) -> Any:
        """The product with another sparse matrix, a vector (columns,) or a matrix (columns, k)."""
        if isinstance(other, SparseMatrix):
            return self._product(other)
        other = as_container(other)
        return self.apply(other) if other.ndim == 1 else self.apply(other.swapaxes(-1, -2)).swapaxes(-1, -2)

    def apply(self, vectors: Any) -> Any:
        """A v for every vector v along the last axis of ``vectors`` (..., columns); float, torch and object arrays."""
        vectors = as_container(vectors)
        if tuple(vectors.shape[-1:]) != (self.shape[1],):
            raise ValueError(f"expected a last axis of {self.shape[1]} entries, got shape {tuple(vectors.shape)}")
        if hasattr(vectors, "new_tensor"):
            return vectors @ vectors.new_tensor(self._floats).swapaxes(-1, -2)
        if vectors.dtype.kind == "f":
            return vectors @ self._floats.T
        result = np.zeros((*vectors.shape[:-1], self.shape[0]), dtype=object)
        for (i, j), value in self.entries.items():
            result[..., i] = result[..., i] + _times(value, vectors[..., j])
        return result

    def dense(self, dtype: Any = object) -> np.ndarray:
        """The matrix as an array, zeros included."""
        array = np.zeros(self.shape, dtype=dtype)
        for place, value in self.entries.items():
            array[place] = value
        return array

    def with_entries(self, changes: Entries) -> SparseMatrix:
        """The same with some entries replaced."""
        return SparseMatrix(self.shape, {**self.entries, **changes})

    @cached_property
    def _floats(self) -> np.ndarray:
        return self.dense(float)

    def _product(self, other: SparseMatrix) -> SparseMatrix:
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not fit for a product")
        rows = defaultdict(list)
        for (i, j), value in other.entries.items():
            rows[i].append((j, value))
        entries: dict[tuple[int, int], Any] = defaultdict(int)
        for (i, k), value in self.entries.items():
            for j, factor in rows[k]:
                entries[i, j] = entries[i, j] + value * factor
        return SparseMatrix((self.shape[0], other.shape[1]), {place: value for place, value in entries.items() if value != 0})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseMatrix):
            return NotImplemented
        nonzero = lambda entries: {place: value for place, value in entries.items() if value != 0}
        return self.shape == other.shape and nonzero(self.entries) == nonzero(other.entries)


def identity(size: int) -> SparseMatrix:
    """The identity matrix."""
    return SparseMatrix((size, size), {(k, k): Fraction(1) for k in range(size)})


@dataclass(frozen=True, eq=False)
class Embedding:
    """T(theta) = A theta + c from the parameters of ``narrow`` to those of ``wide``, with its gradient map M.

    ``matrix`` is A (sparse, built when first asked for), ``offset`` the non-zero entries of c by index, ``gradient_map`` the constant M
    with grad R_wide(T theta) = M grad R_narrow(theta) and A^T M = I.
    """

    narrow: AbstractNetwork
    wide: AbstractNetwork
    offset: Mapping[int, Any]
    build_matrix: Callable[[], SparseMatrix]
    build_gradient_map: Callable[[], SparseMatrix]

    @cached_property
    def matrix(self) -> SparseMatrix:
        """A of T(theta) = A theta + c, shape (wide parameters, narrow parameters)."""
        return self.build_matrix()

    @cached_property
    def gradient_map(self) -> SparseMatrix:
        """M with grad_wide(T theta) = M grad_narrow(theta), of the shape of ``matrix``."""
        return self.build_gradient_map()

    def __call__(self, theta: Any) -> Any:
        """T(theta), shape (..., P_wide), for ``theta`` (..., P_narrow) of any arithmetic."""
        wide = self.matrix.apply(theta)
        for index, value in self.offset.items():
            wide[..., index] = wide[..., index] + _constant(value, as_container(theta))
        return wide

    def with_matrix(self, changes: Entries) -> Embedding:
        """The map with some entries of A replaced; whether that still embeds is the caller's affair."""
        build = lambda: self.matrix.with_entries(changes)
        return Embedding(self.narrow, self.wide, self.offset, build, self.build_gradient_map)

    def with_gradient_map(self, changes: Entries) -> Embedding:
        """The map with some entries of M replaced; whether gradients still map by it is the caller's affair."""
        build = lambda: self.gradient_map.with_entries(changes)
        return Embedding(self.narrow, self.wide, self.offset, self.build_matrix, build)

    def same_map(self, other: Embedding) -> bool:
        """Whether A, c and M agree."""
        offsets = [{k: value for k, value in one.offset.items() if value != 0} for one in (self, other)]
        return self.matrix == other.matrix and offsets[0] == offsets[1] and self.gradient_map == other.gradient_map


def compose(first: Embedding, second: Embedding) -> Embedding:
    """``second`` after ``first``. Raises ValueError unless the first ends where the second starts."""
    if first.wide != second.narrow:
        raise ValueError(f"the first embedding ends in {first.wide}, the second starts from {second.narrow}")
    offset = {k: value for k, value in second.offset.items()}
    for (i, j), value in second.matrix.entries.items():
        if j in first.offset:
            offset[i] = offset.get(i, 0) + value * first.offset[j]
    return Embedding(
        first.narrow,
        second.wide,
        offset,
        lambda: second.matrix @ first.matrix,
        lambda: second.gradient_map @ first.gradient_map,
    )


def number(name: str, value: Any) -> Any:
    """``value`` as a Fraction where it is rational (floats are read as they are); symbols and balls pass.

    Raises ValueError, naming the argument, for NaN, infinities, what is not real and what is no number.
    """
    if isinstance(value, bool | np.bool_ | str | bytes) or value is None:
        raise ValueError(f"{name} must be a number, got {value!r}")
    if isinstance(value, Rational | Real | np.number) or (hasattr(value, "p") and hasattr(value, "q")):
        try:
            return fraction_of(value)
        except (ValueError, OverflowError, TypeError):
            raise ValueError(f"{name} must be a finite real number, got {value!r}") from None
    if hasattr(value, "__rsub__") and hasattr(value, "__mul__") and not hasattr(value, "shape"):
        if isinstance(value, Complex) or getattr(value, "is_real", None) is False or getattr(value, "imag", 0) != 0:
            raise ValueError(f"{name} must be a finite real number, got {value!r}")
        return value
    raise ValueError(f"{name} must be a number, got {value!r}")


def _times(value: Any, entries: Any) -> Any:
    """A coefficient times an entry (or an array of entries), without leaving the arithmetic of the entries."""
    if not isinstance(value, Fraction):
        return entries * value
    if value.denominator == 1:
        return entries if value == 1 else entries * value.numerator
    if isinstance(entries, np.ndarray):
        return entrywise(lambda entry: _times(value, entry), entries)
    if isinstance(entries, np.integer):
        entries = int(entries)
    if isinstance(entries, int | Fraction):  # a zero stays an integer: beside other numbers it is of their kind
        return entries * value if entries else 0
    return entries * value.numerator / value.denominator


def _constant(value: Any, theta: Any) -> Any:
    """A constant in the arithmetic of ``theta``."""
    if getattr(theta, "dtype", None) != np.dtype(object):
        return float(value)
    like = next((entry for entry in theta.flat if not isinstance(entry, int | np.integer | Fraction)), None)
    if not isinstance(value, Fraction) or like is None:
        return value
    return (0 * like + value.numerator) / value.denominator
