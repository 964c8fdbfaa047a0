"""Writing a matrix as a product of two through a given inner width, over rationals without rounding or over floats.

W = V U with V (rows, width) and U (width, columns) exists if and only if width >= rank W. With W = C F, F of r rows, and
any invertible P, V = [C N] P^-1 and U = P [F; N'] is such a product whenever N N' = 0.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.elementary import entrywise


class TooNarrow(ValueError):
    """The inner width lies below the ``rank`` of the matrix, and no product through it can have a larger one."""

    def __init__(self, width: int, rank: int) -> None:
        super().__init__(f"width must be at least {rank}, the rank of the weights of the next layer, got {width}")
        self.width, self.rank = width, rank


def rank_of(matrix: np.ndarray) -> int:
    """Exact rank of a matrix of Fractions; of floats numpy's, which is a guess."""
    if not matrix.size:
        return 0
    return len(row_reduced(matrix)[1]) if matrix.dtype == object else int(np.linalg.matrix_rank(matrix))


def row_reduced(matrix: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The reduced row echelon form (non-zero rows) of a matrix of Fractions, and its pivot columns."""
    rows, pivots = matrix.astype(object), []
    for column in range(rows.shape[1]):
        r = len(pivots)
        below = [i for i in range(r, len(rows)) if rows[i, column]]
        if not below:
            continue
        rows[[r, below[0]]] = rows[[below[0], r]]
        rows[r] = rows[r] / Fraction(rows[r, column])
        for i in range(len(rows)):
            if i != r and rows[i, column]:
                rows[i] = rows[i] - rows[i, column] * rows[r]
        pivots.append(column)
    return rows[: len(pivots)], pivots


def factor(
    matrix: np.ndarray, width: int, *, rng: np.random.Generator | None = None, irregular: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """(V, U) with V U = ``matrix`` through ``width``; drawn at random with ``rng``, otherwise as sparse as can be.

    From width = min(rows, columns) on, V has full row rank or U full column rank. With ``irregular`` (and ``rng``) the draw is from all
    factorizations instead, see :func:`any_factor`. Raises :class:`TooNarrow`, and ValueError for a width that is no positive integer
    or for ``irregular`` without ``rng``.
    """
    if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
        raise ValueError(f"width must be a positive integer, got {width!r}")
    if irregular:
        if rng is None:
            raise ValueError("irregular factorizations are drawn: give rng")
        return any_factor(matrix, width, rng)
    C, F = _thin(matrix, width, rng)
    spare = width - len(F)
    left, right = (np.zeros(shape, dtype=int).astype(matrix.dtype) for shape in ((len(C), spare), (spare, F.shape[1])))
    if rng is None:
        return np.hstack([C, left]), np.vstack([F, right])
    if len(F) < min(matrix.shape) and rng.random() < 0.5:
        left = left + _small(rng, left.shape, matrix.dtype)
    else:  # rows added to U keep V of full row rank, or U of full column rank, where C or F made it so
        right = right + _small(rng, right.shape, matrix.dtype)
    mixing, inverse = _unimodular(width, rng, matrix.dtype)
    return np.hstack([C, left]) @ inverse, mixing @ np.vstack([F, right])


def any_factor(matrix: np.ndarray, width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(V, U) with V U = ``matrix`` through ``width`` from all of them, the irregular ones by design.

    With C F = W through the rank r, V = [C L] P^-1 and U = P [F; R] with L R = 0 are all factorizations. Each of the width - r spare
    indices has, with probability 1/3 each, a column in L alone, a row in R alone, or neither; so where W is short of rank,
    (V, U) is irregular with probability at least 3^-(width - r).
    """
    C, F = _rank_factors(matrix, width)
    spare = width - len(F)
    kinds = rng.integers(3, size=spare)
    left = _small(rng, (len(C), spare), matrix.dtype) * (kinds == 0).astype(int)
    right = _small(rng, (spare, F.shape[1]), matrix.dtype) * (kinds == 1).astype(int)[:, None]
    mixing, inverse = _unimodular(width, rng, matrix.dtype)
    return np.hstack([C, left]) @ inverse, mixing @ np.vstack([F, right])


def _thin(matrix: np.ndarray, width: int, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
    """matrix = C F with at most ``width`` rows in F; C or F is the identity where there is room."""
    rows, columns = matrix.shape
    identity = lambda size: np.eye(size, dtype=int).astype(matrix.dtype)
    sides = [side for side, size in (("left", rows), ("right", columns)) if size <= width]
    if not sides:
        return _rank_factors(matrix, width)
    side = min(sides, key=lambda side: rows if side == "left" else columns) if rng is None else str(rng.choice(sides))
    return (identity(rows), matrix) if side == "left" else (matrix, identity(columns))


def _rank_factors(matrix: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    rank = rank_of(matrix)
    if width < rank:
        raise TooNarrow(width, rank)
    if matrix.dtype == object:
        reduced, pivots = row_reduced(matrix)
        return matrix[:, pivots], reduced
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    return U[:, :rank] * np.sqrt(s[:rank]), np.sqrt(s[:rank])[:, None] * Vt[:rank]


def _small(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f":
        return rng.normal(size=shape)
    return entrywise(Fraction, rng.integers(-2, 3, shape))


def unimodular(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An integer matrix of determinant 1 with its inverse, from 2 ``size`` random row operations."""
    matrix, inverse = np.eye(size, dtype=int), np.eye(size, dtype=int)
    for _ in range(2 * size if size > 1 else 0):
        i, j = rng.choice(size, 2, replace=False)
        sign = int(rng.choice([-1, 1]))
        matrix[i] += sign * matrix[j]
        inverse[:, j] -= sign * inverse[:, i]
    return matrix, inverse


def _unimodular(size: int, rng: np.random.Generator, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    convert = (lambda part: part.astype(float)) if dtype.kind == "f" else (lambda part: entrywise(Fraction, part))
    matrix, inverse = unimodular(size, rng)
    return convert(matrix), convert(inverse)
