"""Inertia (numbers of negative, zero and positive eigenvalues) of symmetric matrices: float, ball and exact.

Float eigenvalues are sorted by a tolerance that follows from rounding; between it and a thousand times it nothing is guessed. They are
estimates: a small eigenvalue may be no zero, so that nothing is proved in floats. Balls prove lower bounds of the negative and the positive
number; zeros they cannot see, so these must be known from structure, and what is left is undecided. Exact: the rank over the rationals
and a congruence in integers that shows as many signs (Sylvester), or the characteristic polynomial and Descartes' rule, sharp because all
roots are real.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.remembered import remembered

#: Structural zeros were below 4e-16 lambda_max in 72,000 Hessians; backward stability of eigvalsh allows c P eps with c of a few.
ROUNDING = 64
#: Eigenvalues up to this many times the tolerance are not decided in floats.
DOUBTFUL = 1e3


class Undecided(ArithmeticError):
    """An eigenvalue too small to be told from zero; the message holds it and the tolerance."""


@dataclass(frozen=True)
class Inertia:
    """Numbers of negative, zero and positive eigenvalues; ``certified`` when all three are proved.

    They are ``None`` while an eigenvalue is undecided; ``bounds`` then enclose each of the three (with both ends), and ``estimate`` is
    what floats take them for (``None`` where even that is in doubt). ``undecided`` counts the eigenvalues whose sign is not known.
    """

    negative: int | None
    zero: int | None
    positive: int | None
    certified: bool = False
    method: str = "exact"
    bounds: Sequence[tuple[int, int]] = ()
    estimate: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if not self.bounds:
            object.__setattr__(self, "bounds", tuple((count, count) for count in self.counts))

    @classmethod
    def between(cls, least: Sequence[int], size: int, method: str, estimate: Sequence[int] | None = None) -> Inertia:
        """From lower bounds of the three numbers of ``size`` eigenvalues; certified where these add up."""
        if sum(least) == size:
            negative, zero, positive = least
            return cls(negative, zero, positive, True, method)
        left = size - sum(least)
        bounds = tuple((count, count + left) for count in least)
        return cls(None, None, None, False, method, bounds, estimate)

    @property
    def counts(self) -> tuple[int | None, int | None, int | None]:
        """(negative, zero, positive)."""
        return self.negative, self.zero, self.positive

    @property
    def undecided(self) -> int:
        """How many eigenvalues have a sign that is not known."""
        low, high = self.bounds[0]
        return high - low

    def __str__(self) -> str:
        return "(" + ", ".join(str(low) if low == high else f"{low}..{high}" for low, high in self.bounds) + ")"


# ----------------------------------------------------------------------------------------------------------- exact


@remembered
def exact_inertia(matrix: Any) -> Inertia:
    """Inertia of a symmetric matrix (P, P) of rationals, without rounding.

    Its exact rank, and an integer congruence on as many directions (the eigenvectors in floats, rounded) to a matrix that dominates its
    diagonal; where that proves nothing, the characteristic polynomial and Descartes' rule of signs.
    """
    rows = _cleared(_symmetric(exact.rationals(matrix)))
    if not rows:
        return Inertia(0, 0, 0, True)
    found = _by_congruence(rows)
    return _by_descartes(rows) if found is None else found


def _by_descartes(rows: list[list[int]]) -> Inertia:
    from flint import fmpz_mat

    coefficients = [int(c) for c in fmpz_mat(rows).charpoly().coeffs()]
    zero = next(k for k, c in enumerate(coefficients) if c)
    signs = [c > 0 for c in coefficients if c]
    positive = sum(a != b for a, b in zip(signs, signs[1:], strict=False))
    return Inertia(len(rows) - zero - positive, zero, positive, True)


def _by_congruence(rows: list[list[int]]) -> Inertia | None:
    """From r = rank directions T with T^t H T strictly diagonally dominant, so that r signs are known; None where it is not."""
    from flint import fmpz_mat

    matrix, size = fmpz_mat(rows), len(rows)
    # By powers of two the diagonal becomes about 1.
    halves = [-((abs(row[k]) or max(map(abs, row))).bit_length() // 2) for k, row in enumerate(rows)]
    try:
        floats = [[_as_float(entry, halves[i] + halves[j]) for j, entry in enumerate(row)] for i, row in enumerate(rows)]
        eigenvalues, vectors = np.linalg.eigh(np.array(floats))
    except (OverflowError, np.linalg.LinAlgError):
        return None
    rank, least = matrix.rank(), min(halves)
    kept = np.argsort(-np.abs(eigenvalues))[:rank]
    directions = fmpz_mat(
        [[round(math.ldexp(value, 50)) << (halves[i] - least) for value in row] for i, row in enumerate(vectors[:, kept])]
    )
    counts = [0, 0]
    for k, row in enumerate((directions.transpose() * matrix * directions).tolist()):
        if 2 * abs(row[k]) <= sum(map(abs, row)):
            return None
        counts[int(row[k] > 0)] += 1
    return Inertia(counts[0], size - rank, counts[1], True)


def _as_float(value: int, exponent: int) -> float:
    """``value`` times 2^exponent, to double precision; raises OverflowError."""
    beyond = max(value.bit_length() - 64, 0)
    return math.ldexp(float(value >> beyond), exponent + beyond)


def eliminated_inertia(matrix: Any) -> Inertia:
    """The same by symmetric elimination (Lagrange's reduction to a sum of squares): an independent second opinion."""
    a = [list(row) for row in _symmetric(exact.rationals(matrix))]
    negative = positive = 0
    while a:
        n = len(a)
        pivot = next((k for k in range(n) if a[k][k] != 0), None)
        if pivot is None:
            pair = next(((i, j) for i in range(n) for j in range(i) if a[i][j] != 0), None)
            if pair is None:
                break
            _add_line(a, *pair)  # x_j -> x_j + x_i makes the diagonal entry 2 a_ij
            pivot = pair[0]
        square = a[pivot][pivot]
        positive, negative = positive + (square > 0), negative + (square < 0)
        a = _schur(a, pivot)
    return Inertia(negative, len(matrix) - negative - positive, positive, True, "elimination")


def _add_line(a: list[list[Any]], i: int, j: int) -> None:
    a[i] = [x + y for x, y in zip(a[i], a[j], strict=True)]
    for row in a:
        row[i] = row[i] + row[j]


def _schur(a: list[list[Any]], pivot: int) -> list[list[Any]]:
    """What is left after the square of ``pivot`` is split off."""
    rest = [k for k in range(len(a)) if k != pivot]
    factors = {k: a[k][pivot] / a[pivot][pivot] for k in rest}
    return [[a[i][j] - factors[i] * a[pivot][j] for j in rest] for i in rest]


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not (matrix == matrix.T).all():
        raise ValueError(f"expected a symmetric matrix, got shape {matrix.shape}")
    return matrix


def _cleared(matrix: np.ndarray) -> list[list[int]]:
    """Integer entries with the same inertia: a diagonal congruence, then division by the common factor."""
    scales = [math.lcm(*(int(entry.q) for entry in row)) for row in matrix]
    common = math.lcm(*scales) if len(matrix) else 1
    rows = [[int(entry.p) * (common // int(entry.q)) for entry in row] for row in matrix]
    divisor = math.gcd(*(entry for row in rows for entry in row)) if rows else 1
    return [[entry // (divisor or 1) for entry in row] for row in rows]


# ----------------------------------------------------------------------------------------------------------- float


def float_tolerance(eigenvalues: np.ndarray) -> np.ndarray:
    """What rounding can make of a zero eigenvalue: 64 P eps |lambda|_max; ``eigenvalues`` (..., P), result (..., 1)."""
    size = eigenvalues.shape[-1]
    return ROUNDING * size * np.finfo(float).eps * np.abs(eigenvalues).max(axis=-1, keepdims=True)


def float_counts(eigenvalues: np.ndarray) -> tuple[np.ndarray, Any]:
    """(negative, zero, positive) as integers (..., 3), and where an eigenvalue is in doubt (...)."""
    tolerance = float_tolerance(eigenvalues)
    small, modulus = np.abs(eigenvalues) <= tolerance, np.abs(eigenvalues)
    counts = np.stack([(eigenvalues < -tolerance).sum(-1), small.sum(-1), (eigenvalues > tolerance).sum(-1)], axis=-1)
    return counts, ((modulus > tolerance) & (modulus < DOUBTFUL * tolerance)).any(axis=-1)


def float_inertia(matrix: np.ndarray) -> Inertia:
    """Inertia of a float matrix (P, P); raises :class:`Undecided` when an eigenvalue is neither zero nor clearly not zero.

    Raises ValueError for what is no finite real matrix, symmetric up to rounding: of NaN no eigenvalue is on either side of zero.
    """
    given = np.asarray(matrix)
    if given.dtype.kind == "c" or not np.isfinite(given := given.astype(float)).all():
        raise ValueError("expected a matrix of finite real numbers")
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not _nearly_symmetric(given):
        raise ValueError(f"expected a symmetric matrix, got shape {given.shape}")
    if not given.size:
        return Inertia(0, 0, 0, method="float")
    eigenvalues = np.linalg.eigvalsh(given)
    counts, doubtful = float_counts(eigenvalues)
    if doubtful:
        tolerance = float_tolerance(eigenvalues)[0]
        worst = min(value for value in np.abs(eigenvalues) if value > tolerance)
        raise Undecided(f"an eigenvalue of modulus {worst:.3g} is too close to the rounding level {tolerance:.3g}")
    return Inertia(*counts.tolist(), method="float")


def _nearly_symmetric(matrix: np.ndarray) -> bool:
    """Whether no entry differs from its mirror image by more than :func:`float_tolerance` would allow of an eigenvalue."""
    half, size = matrix / 2, len(matrix)  # no sum of halves overflows
    return not size or bool(np.abs(half - half.T).max() <= ROUNDING * size * np.finfo(float).eps * np.abs(half).max())


# ------------------------------------------------------------------------------------------------------------ ball


def check_zeros(zeros: Any) -> None:
    """Raises ValueError unless ``zeros`` is an integer of at least 0."""
    if isinstance(zeros, bool) or not isinstance(zeros, int | np.integer) or zeros < 0:
        raise ValueError(f"zeros must be a number of proved zero eigenvalues from 0 on, got {zeros!r}")


def ball_inertia(matrix: np.ndarray, *, zeros: int = 0) -> Inertia:
    """Inertia from proved lower bounds of the negative and positive numbers; ``zeros`` is a proved lower bound of the nullity.

    ``matrix`` (P, P) holds balls. In a float eigenbasis it is nearly diagonal: rows whose diagonal entry outweighs the rest have its sign
    (Gershgorin). On what is left, their complement, symmetric elimination takes pivots that balls prove to be non-zero, and by Haynsworth's
    additivity each counts. Certified when the three bounds add up to P; otherwise what is left is undecided. Raises ValueError when the
    bounds contradict ``zeros``, and for a matrix in which no symmetric one lies.
    """
    from flint import arb_mat

    from numerics.arithmetic.krawczyk import balls

    check_zeros(zeros)
    matrix = balls(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"expected a symmetric matrix, got shape {matrix.shape}")
    size, entries = len(matrix), matrix.ravel().tolist()
    middle = np.array([float(entry.mid()) for entry in entries]).reshape(size, size)
    if not np.array_equal(middle, middle.T) and not all(a.overlaps(b) for a, b in zip(entries, matrix.T.ravel().tolist(), strict=True)):
        raise ValueError("expected a symmetric matrix, got one with an entry that is not its mirror image")
    vectors = np.linalg.eigh(middle / 2 + middle.T / 2)[1]
    basis = arb_mat(size, size, vectors.ravel().tolist())
    nearly = np.array((basis.transpose() * arb_mat(size, size, entries) * basis).entries(), dtype=object).reshape(size, size)
    signs = _proved_signs(nearly, zeros)
    negative, positive = signs.count(-1), signs.count(1)
    if negative + positive + zeros > size:
        raise ValueError(f"zeros = {zeros} is refuted: {negative} negative and {positive} positive eigenvalues of {size} are proved")
    return Inertia.between((negative, zeros, positive), size, "ball")


def _proved_signs(matrix: np.ndarray, zeros: int) -> list[int]:
    """Proved signs of eigenvalues of a symmetric matrix of balls that is nearly diagonal, ``zeros`` of them being known to be 0."""
    from flint import arb_mat

    size = len(matrix)
    heavy = _outweighing(matrix)
    signs = [1 if matrix[k, k] > 0 else -1 for k in np.flatnonzero(heavy)]
    light, heavy = np.flatnonzero(~heavy), np.flatnonzero(heavy)
    if len(signs) + zeros >= size:
        return signs
    if len(heavy):
        part = lambda rows, columns: arb_mat(len(rows), len(columns), matrix[np.ix_(rows, columns)].ravel().tolist())
        try:
            left = part(light, light) - part(light, heavy) * part(heavy, heavy).solve(part(heavy, light), algorithm="lu")
        except ZeroDivisionError:  # balls so wide that the elimination inside meets 0
            return list(_pivot_signs(matrix))
        matrix = np.array(left.entries(), dtype=object).reshape(len(light), len(light))
    return signs + list(_pivot_signs(matrix))


def _outweighing(matrix: np.ndarray) -> np.ndarray:
    """Rows of a symmetric matrix of balls such that in the block of these rows and columns, scaled, diagonal entries outweigh the rest.

    With d_k = |a_kk|^(-1/2) the condition |a_kk| d_k > sum of |a_kj| d_j, j != k, is that of Gershgorin for D A D. Floats decide it: bounds
    of the entries are rounded outwards, and the sum of P terms is off by less than P eps of itself.
    """
    size, eps = len(matrix), np.finfo(float).eps
    least = np.array([float(entry.abs_lower()) for entry in np.diagonal(matrix)], float) * (1 - 4 * eps)
    most = np.array([float(entry.abs_upper()) for entry in matrix.flat], float).reshape(size, size) * (1 + 4 * eps)
    np.fill_diagonal(most, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.where(least > 0, 1 / np.sqrt(least), 0.0)
        chosen = (least > most.max(axis=1, initial=0.0)) & np.isfinite(scale)  # a guess; the sums decide
        for _ in range(2):  # without the rows that failed, others need outweigh less
            rest = most @ np.where(chosen, scale, 0.0) * (1 + 4 * size * eps)
            chosen &= least * scale * (1 - 4 * eps) > rest
    return chosen


def _pivot_signs(matrix: np.ndarray) -> Iterator[int]:
    """Signs of the pivots of a symmetric elimination, the largest diagonal entry first, while one is proved non-zero."""
    while len(matrix):
        sizes = [float(abs(matrix[k, k]).lower()) for k in range(len(matrix))]
        k = int(np.argmax(sizes))
        pivot = matrix[k, k]
        if not (pivot > 0 or pivot < 0):
            return
        yield 1 if pivot > 0 else -1
        rest = [j for j in range(len(matrix)) if j != k]
        column = matrix[rest, k]
        matrix = matrix[np.ix_(rest, rest)] - np.outer(column, column / pivot)
