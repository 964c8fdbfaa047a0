"""Factorizations: a product of two or of many matrices, A A^T, and sums of rank-one tensors.

A sample is an index tuple into the product, counted from 0, and the finite set of all of them is the domain.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from theory.arguments import whole_numbers
from theory.models.networks import AbstractModel, AffineModel, Shape, as_container, keep_sizes


class EntryModel(AbstractModel):
    """A model whose samples are entries of an array of shape ``format`` that theta builds."""

    outputs = 1

    @property
    @abstractmethod
    def format(self) -> Shape:
        """The shape of the array."""

    @abstractmethod
    def product(self, theta: Any) -> Any:
        """The array, shape (..., *format)."""

    @property
    def inputs(self) -> int:
        """How many indices name an entry: the axes of the array."""
        return len(self.format)

    def __call__(self, theta: Any, x: Any) -> Any:
        array = self.product(theta)
        size = math.prod(self.format)
        hot = one_hot(x, self.format, as_container(theta))
        return hot.reshape(tuple(hot.shape[: -len(self.format)]) + (size,)) @ array.reshape(self._leading(array) + (size, 1))

    def entries(self) -> np.ndarray:
        """All positions in row-major order: an integer array (entries, axes)."""
        return np.array(list(product(*map(range, self.format))))

    def _leading(self, array: Any) -> Shape:
        return tuple(array.shape[: len(array.shape) - len(self.format)])


def one_hot(x: Any, sizes: Shape, like: Any) -> Any:
    """Indicator arrays (..., n, *sizes) of the index tuples ``x`` (..., n, len(sizes)), in the container type of ``like``.

    Raises ValueError where an index is not an integer within ``sizes`` (indices count from 0).
    """
    index = np.asarray(x.cpu() if hasattr(x, "cpu") else x.get() if hasattr(x, "get") else x)
    if index.shape[-1:] != (len(sizes),) or index.dtype == object or (index != np.floor(index)).any():
        raise ValueError(f"x must be integer index tuples of shape (..., n, {len(sizes)}), got shape {index.shape}, {index.dtype}")
    index = index.astype(int)
    if index.size and ((index < 0).any() or (index >= np.array(sizes)).any()):
        raise ValueError(f"x must hold indices from 0 below {sizes}, got values from {index.min()} to {index.max()}")
    hot = np.ones(index.shape[:-1] + (1,) * len(sizes), dtype=int)
    for axis, size in enumerate(sizes):
        shape = index.shape[:-1] + tuple(size if k == axis else 1 for k in range(len(sizes)))
        hot = hot * (index[..., axis, None] == np.arange(size)).astype(int).reshape(shape)
    if hasattr(like, "new_tensor"):
        return like.new_tensor(hot)
    return hot if isinstance(like, np.ndarray) or not hasattr(like, "__array_namespace__") else like.__array_namespace__().asarray(hot)


@dataclass(frozen=True)
class MatrixFactorization(EntryModel):
    """f(theta) = left @ right, left (d1, width), right (width, d2); samples are entries (row, column), from 0."""

    d1: int
    d2: int
    width: int

    def __post_init__(self) -> None:
        keep_sizes(self, "d1", "d2", "width")

    @property
    def format(self) -> Shape:
        return self.d1, self.d2

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"left": (self.d1, self.width), "right": (self.width, self.d2)}

    def product(self, theta: Any) -> Any:
        """left @ right, shape (..., d1, d2)."""
        parts = self.unpack(theta)
        return parts["left"] @ parts["right"]

    def measure(self, theta: Any, G: Any) -> Any:
        """<G_j, left @ right> for measurement matrices ``G`` (..., n, d1, d2); shape (..., n, 1)."""
        matrix, G = self.product(theta), as_container(G)
        entries = self.d1 * self.d2
        return G.reshape(tuple(G.shape[:-2]) + (entries,)) @ matrix.reshape(tuple(matrix.shape[:-2]) + (entries, 1))


def _checked(sizes: Iterable[int]) -> Shape:
    sizes = tuple(whole_numbers("sizes", sizes, 1))
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold at least two sizes, got {sizes}")
    return sizes


@dataclass(frozen=True)
class DeepFactorization(EntryModel):
    """f = A_1 A_2 ... A_L with A_i of shape (sizes[i-1], sizes[i]), L = len(sizes) - 1 at least 1."""

    sizes: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _checked(self.sizes))

    @property
    def format(self) -> Shape:
        return self.sizes[0], self.sizes[-1]

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {f"A{i}": self.sizes[i - 1 : i + 1] for i in range(1, len(self.sizes))}

    def product(self, theta: Any) -> Any:
        first, *others = self.unpack(theta).values()
        for factor in others:
            first = first @ factor
        return first


@dataclass(frozen=True)
class SymmetricFactorization(EntryModel):
    """f = A A^T with A of shape (size, width)."""

    size: int
    width: int

    def __post_init__(self) -> None:
        keep_sizes(self, "size", "width")

    @property
    def format(self) -> Shape:
        return self.size, self.size

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {"A": (self.size, self.width)}

    def product(self, theta: Any) -> Any:
        A = self.unpack(theta)["A"]
        return A @ A.swapaxes(-1, -2)


@dataclass(frozen=True)
class CPFactorization(EntryModel):
    """f = sum over t < components of a_t^1 (x) a_t^2 (x) ... with a_t^k of length sizes[k]."""

    sizes: Shape
    components: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _checked(self.sizes))
        keep_sizes(self, "components")

    @property
    def format(self) -> Shape:
        return self.sizes

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {f"A{k + 1}": (self.components, size) for k, size in enumerate(self.sizes)}

    def product(self, theta: Any) -> Any:
        *others, last = self.unpack(theta).values()
        rows = others[0]
        for factor in others[1:]:
            leading, (r, entries), size = tuple(rows.shape[:-2]), rows.shape[-2:], factor.shape[-1]
            outer = rows.reshape((*leading, r, entries, 1)) * factor.reshape((*leading, r, 1, size))
            rows = outer.reshape((*leading, r, entries * size))
        array = rows.swapaxes(-1, -2) @ last
        return array.reshape(tuple(array.shape[:-2]) + self.sizes)


@dataclass(frozen=True)
class MeasuredFactorization(AffineModel):
    """f(G) = <G, left @ right>: the matrix factorization whose samples are measurement matrices, flattened to d1 * d2 numbers."""

    d1: int
    d2: int
    width: int
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "d1", "d2", "width")

    @cached_property
    def factorization(self) -> MatrixFactorization:
        """The factorization that is measured."""
        return MatrixFactorization(self.d1, self.d2, self.width)

    @property
    def inputs(self) -> int:
        """d1 * d2, the entries of one measurement matrix."""
        return self.d1 * self.d2

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return self.factorization.shapes

    def __call__(self, theta: Any, x: Any) -> Any:
        matrix = self.factorization.product(theta)
        return as_container(x) @ matrix.reshape(tuple(matrix.shape[:-2]) + (self.inputs, 1))
