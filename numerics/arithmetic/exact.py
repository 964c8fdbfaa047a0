"""Exact arithmetic on arrays: rationals, residues modulo a prime, and the field Q(s) of exponentials of rationals.

For rational z != 0 the number e^z is transcendental (Hermite-Lindemann), so with s = e^(1/q), q a common denominator of all
pre-activations, tanh, sigmoid and exp of them lie in Q(s), a field of rational functions. Sending s to a unit modulo a prime is a
ring homomorphism (where denominators stay units), hence a minor that is non-zero modulo the prime is non-zero at the
given point. For sin and cos take s = e^(i/q) and a prime that is 1 modulo 4, so that i exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from numerics.arithmetic.residues import LARGEST, Residues, powers
from theory.elementary import as_array, entrywise
from theory.rationals import fraction_of

#: 61-bit primes that are 1 modulo 4, so that -1 is a square. A prime can be unlucky (a denominator vanishes); then the next one serves.
PRIMES = (2305843009213693921, 2305843009213693693, 2305843009213693669)


class NoExactValue(TypeError):
    """The value asked for does not lie in the exact field at hand; balls or Taylor series may serve instead."""


class UnluckyPrime(ArithmeticError):
    """A denominator vanishes modulo the prime; another prime or another s decides."""


@cache
def _flint() -> Any:
    """flint, looked up once: an import inside a function of every entry costs more than the entry."""
    import flint

    return flint


def rational(value: Any) -> Any:
    """``value`` (int, float, numpy scalar, Fraction, decimal string, sympy or flint rational) as flint's fmpq, without rounding.

    Raises ValueError for NaN and infinities, TypeError for what is no rational number.
    """
    flint, kind = _flint(), type(value)
    fmpq = flint.fmpq
    if kind is fmpq:
        return value
    if kind is int:
        return fmpq(value)
    if kind is Fraction:
        return fmpq(value.numerator, value.denominator)
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"expected finite numbers, got {value}")
        return fmpq(*value.as_integer_ratio())
    if isinstance(value, float | np.floating) and not np.isfinite(value):
        raise ValueError(f"expected finite numbers, got {value}")
    if isinstance(value, int | np.integer | np.bool_ | flint.fmpz):
        return fmpq(int(value))
    try:
        found = fraction_of(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"expected a rational number, got {value!r} ({type(value).__name__})") from error
    return fmpq(found.numerator, found.denominator)


def rationals(values: Any) -> np.ndarray:
    """An object array of fmpq, of the shape of ``values``; one that is such an array already is returned as it is."""
    fmpq = _flint().fmpq
    array = as_array(values)
    return array if array.dtype == object and all(type(entry) is fmpq for entry in array.flat) else entrywise(rational, array)


def near_floats(values: np.ndarray) -> np.ndarray:
    """An array of rationals as floats, cut off at 1e150 where they are larger: good enough to look for samples and minors."""
    largest = 10**150

    def cut_off(value: Any) -> float:
        try:
            if -1e150 < (near := float(value)) < 1e150:
                return near
        except OverflowError:
            pass
        return float(max(min(value, largest), -largest))

    return entrywise(cut_off, values).astype(float)


def fraction(value: Any) -> Fraction:
    """A flint rational as a Fraction."""
    return Fraction(int(value.p), int(value.q))


def exact_text(values: Any) -> list[str]:
    """A flat array of numbers as text "p/q", without rounding."""
    return [str(rational(value)) for value in np.ravel(values)]


def residues(values: np.ndarray, prime: int) -> np.ndarray:
    """An array of fmpq (or nmod of that prime) as nmod. Raises UnluckyPrime where a denominator vanishes."""
    fmpq, nmod = _flint().fmpq, _flint().nmod

    def residue(value: Any) -> Any:
        kind = type(value)
        if kind is nmod:
            return value
        return nmod(value if kind is fmpq else int(value), prime)

    try:
        return entrywise(residue, values)
    except ZeroDivisionError as error:
        raise UnluckyPrime(f"a denominator vanishes modulo {prime}") from error


def residues_in_arrays(values: np.ndarray, prime: int) -> np.ndarray:
    """:func:`residues` in machine integers; ``prime`` lies below 2^61."""
    return Residues.of(residues(values, prime).ravel(), prime).reshape(values.shape)


class ExponentialField:
    """The image of Q(e^(1/q)) (or of Q(i)(e^(i/q))) modulo ``prime`` under s -> ``unit``; q is fixed by the first array seen."""

    def __init__(self, prime: int, unit: int) -> None:
        self.prime = prime
        self.unit = unit % prime
        self.denominator: int | None = None
        if not 1 < self.unit < prime - 1:
            raise ValueError(f"unit must lie strictly between 1 and {prime - 1} modulo the prime, got {unit}")

    def exponentials(self, numerators: Any, common: int) -> Residues:
        """The images of e^z (or e^(iz)) for z = ``numerators`` (an fmpz_mat) over the least ``common``, flat; the prime lies below 2^61."""
        return powers(self.unit, self._exponents(numerators, common), self.prime)

    def _exponents(self, numerators: Any, common: int) -> np.ndarray:
        """q z modulo the order of the units."""
        if self.denominator is None:
            self.denominator = common
        if self.denominator % common:
            raise NoExactValue(f"denominators must divide {self.denominator} once the field is fixed, got {common}")
        found = _flint().nmod_mat(numerators * (self.denominator // common), self.prime - 1).entries()
        return np.fromiter(map(int, found), np.int64, len(found))

    def powers(self, z: np.ndarray) -> np.ndarray:
        """s^(q z) for an array of fmpq: the images of e^z (or e^(iz)) as nmod."""
        flint, entries = _flint(), np.asarray(z).ravel().tolist()
        if not set(map(type, entries)) <= {flint.fmpq}:
            raise NoExactValue("an exponential of a number that is no rational: the exact field reaches one transcendental layer only")
        numerators, common = flint.fmpq_mat(1, len(entries), entries).numer_denom()
        found, prime = np.empty(len(entries), dtype=object), self.prime
        if len(entries) < MANY_POWERS or prime >= LARGEST:
            unit = flint.nmod(self.unit, prime)
            found[:] = [unit**exponent for exponent in self._exponents(numerators, int(common)).tolist()]
        else:
            found[:] = [flint.nmod(power, prime) for power in self.exponentials(numerators, int(common)).tolist()]
        return found.reshape(z.shape)

    def elementary(self, name: str, z: np.ndarray) -> np.ndarray:
        """The function ``name`` of every entry as nmod. Raises NoExactValue outside the field, UnluckyPrime on a zero denominator."""
        return self.of_exponentials(name, lambda: self.powers(z))

    def of_exponentials(self, name: str, exponentials: Callable[[], Any]) -> Any:
        """The function ``name`` from the images of e^z, asked for once it is known to be one. Errors as in :meth:`elementary`."""
        if name not in _IN_EXPONENTIALS:
            raise NoExactValue(f"{name} of a rational is no rational function of an exponential")
        try:
            return _IN_EXPONENTIALS[name](exponentials(), _square_root_of_minus_one(self.prime))
        except ZeroDivisionError as error:
            raise UnluckyPrime(f"1 + e^z vanishes modulo {self.prime}") from error


#: Powers of one residue from which tables of its powers are the faster.
MANY_POWERS = 1_000

#: Each function of z from e = e^z (for sin and cos from e = e^(iz) and i).
_IN_EXPONENTIALS = {
    "exp": lambda e, i: e,
    "sigmoid": lambda e, i: 1 - 1 / (1 + e),
    "tanh": lambda e, i: 1 - 2 / (e * e + 1),
    "cos": lambda e, i: (e + 1 / e) / 2,
    "sin": lambda e, i: (e - 1 / e) / (2 * i),
}


@cache
def _square_root_of_minus_one(prime: int) -> int:
    for candidate in range(2, 100):
        root = pow(candidate, (prime - 1) // 4, prime)
        if root * root % prime == prime - 1:
            return root
    raise ValueError(f"no square root of -1 found modulo {prime}: it must be 1 modulo 4")


class ExactArray(np.ndarray):
    """An object array of rationals whose elementary functions are taken in ``field``; arithmetic is numpy's own."""

    field: ExponentialField

    def __new__(cls, values: np.ndarray, field: ExponentialField) -> ExactArray:
        array = np.asarray(values, dtype=object).view(cls)
        array.field = field
        return array

    def __array_finalize__(self, origin: Any) -> None:
        if hasattr(origin, "field"):
            self.field = origin.field

    def elementary(self, name: str) -> ExactArray:
        """The function ``name`` of every entry, as the field knows it."""
        return ExactArray(self.field.elementary(name, np.asarray(self)), self.field)

    def of_one_kind(self, other: np.ndarray) -> np.ndarray:
        """``other`` in residues where this array holds residues: products of two kinds of numbers take longer."""
        mixed = self.size and type(self.flat[0]) is _flint().nmod
        return residues(np.asarray(other), self.field.prime) if mixed else other


def rank_modulo(matrix: np.ndarray, prime: int) -> int:
    """Rank of a matrix of residues: a lower bound for the rank of the matrix it is the image of."""
    return modular_matrix(matrix, prime).rank()


def modular_matrix(matrix: np.ndarray, prime: int) -> Any:
    """A 2-d array of nmod, fmpq or integers as flint's nmod_mat."""
    nmod, nmod_mat = _flint().nmod, _flint().nmod_mat
    if matrix.dtype != object and matrix.size:  # flint reads integers faster than residues, and rows faster than one list
        return nmod_mat(_flint().fmpz_mat(matrix.tolist()), prime)
    rows, columns = matrix.shape
    entries = matrix.ravel().tolist()
    if not set(map(type, entries)) <= {int, nmod}:
        entries = residues(matrix, prime).ravel().tolist()
    return nmod_mat(rows, columns, entries, prime)


def pivots(image: Any) -> list[int]:
    """Pivot columns of an elimination; together with those of the transpose they single out a minor that does not vanish."""
    reduced, rank = image.rref()
    found, start = [], 0
    for i in range(rank):
        while int(reduced[i, start]) == 0:
            start += 1
        found.append(start)
    return found


def rank_rational(matrix: np.ndarray) -> int:
    """Exact rank of a 2-d array of fmpq, Fractions or integers (denominators cleared row by row)."""
    return rank_of_integers(_integer_matrix(matrix)) if matrix.size else 0


def rank_of_integers(matrix: Any) -> int:
    """Exact rank of flint's fmpz_mat ``matrix``.

    Its rank r modulo a prime is a lower bound, by a minor. It is an upper one, too, where the columns of the minor combine to all others:
    the combinations are solved for on its rows, which lifts them p-adically, and tried on all. Else the integers are eliminated.
    """
    fmpz_mat, nmod_mat = _flint().fmpz_mat, _flint().nmod_mat
    image = nmod_mat(matrix, PRIMES[0])
    r, size = image.rank(), (matrix.nrows(), matrix.ncols())
    if not r or r == min(size):
        return r or matrix.rank()
    rows, columns = pivots(image.transpose()), pivots(image)
    entries, chosen = matrix.tolist(), set(columns)
    others = [j for j in range(size[1]) if j not in chosen]
    part = lambda rows, columns: fmpz_mat(len(rows), len(columns), [entries[i][j] for i in rows for j in columns])
    combined, scale = part(rows, columns).solve(part(rows, others)).numer_denom()
    everywhere = range(size[0])
    return r if part(everywhere, columns) * combined == scale * part(everywhere, others) else matrix.rank()


def rank_of_rows(rows: Sequence[Mapping[Any, int]]) -> int:
    """Exact rank of integer rows {column: entry}."""
    fmpz_mat = _flint().fmpz_mat
    columns = {column: k for k, column in enumerate(dict.fromkeys(column for row in rows for column in row))}
    entries, width = [0] * (len(rows) * len(columns)), len(columns)
    for i, row in enumerate(rows):
        for column, entry in row.items():
            entries[i * width + columns[column]] = entry
    return rank_of_integers(fmpz_mat(len(rows), width, entries))


def nullspace_rational(matrix: np.ndarray) -> list[list[int]]:
    """Integer vectors that span the right kernel of a 2-d array of rationals."""
    rows, columns = matrix.shape
    if not matrix.size:
        return [[int(i == j) for i in range(columns)] for j in range(columns)]
    basis, nullity = _integer_matrix(matrix).nullspace()
    vectors = [list(map(int, vector)) for vector in basis.transpose().tolist()[:nullity]]
    contents = [math.gcd(*vector) for vector in vectors]
    return [[entry // content for entry in vector] for vector, content in zip(vectors, contents, strict=True)]


def _integer_matrix(matrix: np.ndarray) -> Any:
    fmpz_mat, fmpq_mat = _flint().fmpz_mat, _flint().fmpq_mat
    rows, columns = matrix.shape
    cleared = [fmpq_mat(1, columns, [rational(entry) for entry in row]).numer_denom()[0].entries() for row in matrix.tolist()]
    return fmpz_mat(rows, columns, [entry for row in cleared for entry in row])
