"""A minor of a matrix of tangents that is proved not to vanish: where to look in floats, the proof in balls.

Rows and columns come from pivoted QR of the floats; where these have lost the small pivots, from an elimination in many digits. The
minor is not singular if ||E|| < 1, or ||E E|| < 1, in the maximum norm for E = I - R M with one matrix R, the float inverse, or if the
ball of its determinant excludes 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.rank.ladder import PRECISIONS, enclosed_floats, pivots, rows_and_columns, scaled_to_one
from theory.elementary import entrywise

#: Rows times columns times rank up to which an elimination in many digits is made (about a second for ten million).
MOST_ELIMINATED = 60_000_000
#: Sizes beyond which no determinant of balls is taken (about a minute for each); the product with the float inverse must do, for which more
#: bits than ENOUGH bring nothing: it is the inverse that is rounded.
MOST_DETERMINANT, ENOUGH = 300, 128
#: Rounding of an entry of float tangents, in units of the last place of the largest of its row.
ROUNDING = 64
#: Bits of that elimination.
DIGITS = 512
#: The exponent of 0.
NONE = -1e18


@dataclass(frozen=True)
class Minor:
    """Rows and columns of a minor that is not 0, and the bits of the balls that show it."""

    rows: list[int]
    columns: list[int]
    bits: int

    @property
    def size(self) -> int:
        """A lower bound of the rank."""
        return len(self.rows)


def largest_minor(floats: np.ndarray, balls: Callable[[list[int], int], np.ndarray], most: int) -> Minor | None:
    """The largest minor found of size up to ``most``.

    ``floats`` (rows, columns) approximates the matrix; ``balls(rows, bits)`` encloses some of its rows, (len(rows), columns). None: none
    found.
    """
    if not most or not floats.size:
        return None
    with np.errstate(all="ignore"):
        seen = bool(np.isfinite(floats).all())
    if not seen:
        floats = enclosed_floats(balls(list(range(len(floats))), PRECISIONS[1]))[0]
    noise = ROUNDING * np.finfo(float).eps * np.abs(floats).max(axis=1, initial=0.0, keepdims=True)
    cleaned = np.where(np.abs(floats) > noise, floats, 0.0)  # brought to size 1, a column of rounding would look full
    tries = [_scaled(cleaned), *([] if np.array_equal(cleaned, floats) else [_scaled(floats)])]
    for matrix, visible in tries:
        if visible >= most and (found := _shown(balls, *rows_and_columns(matrix, most))):
            return found
    matrix, visible = tries[0]
    if most and matrix.size * most <= MOST_ELIMINATED:
        rows, columns = _eliminated(balls(list(range(len(matrix))), DIGITS), most)
        if rows and (found := _shown(balls, rows, columns)):
            return found
    for size in _sizes(min(visible, most)):
        if found := _shown(balls, *rows_and_columns(matrix, size), most_bits=PRECISIONS[2]):
            return found
    return None


def _scaled(entries: np.ndarray) -> tuple[np.ndarray, int]:
    """Floats with rows and columns brought to size 1, and the rank that singular values make of them."""
    matrix = scaled_to_one(entries)
    values = np.linalg.svd(matrix, compute_uv=False)
    return matrix, int((values > max(matrix.shape) * np.finfo(float).eps * values[0]).sum()) if values.size and values[0] > 0 else 0


def _sizes(most: int) -> list[int]:
    """Sizes to try in turn: each a sixteenth smaller."""
    sizes = []
    while most > 0:
        sizes.append(most)
        most -= max(1, most // 16)
    return sizes


def _shown(
    balls: Callable[[list[int], int], np.ndarray], rows: list[int], columns: list[int], most_bits: int = PRECISIONS[-1]
) -> Minor | None:
    most_bits = min(most_bits, ENOUGH) if len(rows) > MOST_DETERMINANT else most_bits
    for bits in PRECISIONS if rows else ():
        if bits > most_bits:
            break
        if not_singular(balls(rows, bits)[:, columns], bits):
            return Minor(rows, columns, bits)
    return None


def not_singular(matrix: np.ndarray, bits: int) -> bool:
    """Whether every matrix in ``matrix`` (k, k), balls, is proved to be invertible."""
    from flint import arb, arb_mat

    size = len(matrix)
    with working_precision(bits):
        matrix = entrywise(arb, matrix)
        if not all(entry.is_finite() for entry in matrix.flat):
            return False
        for _ in range(2):  # rows, then columns, to about 1: powers of two do not make a matrix singular
            matrix = np.array([row * arb(2) ** -_size(row) for row in matrix]).T
        enclosed = arb_mat(size, size, matrix.ravel().tolist())
        try:
            inverse = np.linalg.inv(np.array([[float(entry.mid()) for entry in row] for row in matrix]))
        except np.linalg.LinAlgError:
            inverse = np.full((1, 1), np.nan)
        if np.isfinite(inverse).all():
            left = arb_mat(size, size, np.eye(size).ravel().tolist()) - arb_mat(size, size, inverse.ravel().tolist()) * enclosed
            if _contracts(left) or _contracts(left * left):  # M x = 0 gives E x = x, and E E x = x
                return True
        return size <= MOST_DETERMINANT and not enclosed.det().contains(0)


def _contracts(matrix: Any) -> bool:
    """Whether the rows of a matrix of balls have absolute sums below 1."""
    size = matrix.nrows()
    sums = np.array([abs(entry) for entry in matrix.entries()]).reshape(size, size).sum(axis=1)
    return all(total < 1 for total in sums)


def _size(row: np.ndarray) -> int:
    """The exponent of the largest midpoint; 0 where all are 0."""
    largest = max(_exponent(entry.mid()) for entry in row)
    return int(largest) if largest > NONE else 0


def _eliminated(matrix: np.ndarray, most: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the first pivots of an elimination with complete pivoting of the midpoints, while pivots stand out."""
    from flint import arb

    with working_precision(DIGITS):
        work = entrywise(lambda z: arb(z).mid(), matrix)
        size = lambda entries: entrywise(_exponent, entries)
        rows, columns, alive, open_columns = [], [], list(range(len(work))), list(range(work.shape[1]))
        top = None
        while len(rows) < most and alive and open_columns:
            sizes = size(work[np.ix_(alive, open_columns)]).astype(float)
            i, j = np.unravel_index(int(sizes.argmax()), sizes.shape)
            top = sizes[i, j] if top is None else top
            if sizes[i, j] < top - DIGITS * 0.8:
                break
            row, column = alive.pop(int(i)), open_columns.pop(int(j))
            rows.append(row)
            columns.append(column)
            if alive and open_columns:
                factors = work[alive, column] / work[row, column]
                update = work[np.ix_(alive, open_columns)] - np.multiply.outer(factors, work[row, open_columns])
                work[np.ix_(alive, open_columns)] = entrywise(lambda z: z.mid(), update)
    return rows, columns


def _exponent(z: Any) -> float:
    """The binary exponent of an exact ball."""
    mantissa, exponent = z.man_exp()
    return abs(int(mantissa)).bit_length() + int(exponent) if mantissa else NONE


def rows_and_columns_modulo(matrix: np.ndarray, prime: int) -> tuple[list[int], list[int]]:
    """Rows and columns of a largest minor that is not 0 modulo ``prime``, of a matrix of residues."""
    from flint import nmod_mat

    image = nmod_mat(matrix.shape[0], matrix.shape[1], matrix.ravel().tolist(), prime)
    columns = pivots(image)
    chosen = matrix[:, columns]
    return pivots(nmod_mat(chosen.shape[1], chosen.shape[0], chosen.T.ravel().tolist(), prime)), columns
