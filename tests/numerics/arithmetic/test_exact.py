"""Exact arithmetic: which units and primes serve, residues, modular matrices, ranks and kernels against sympy."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import fmpq, fmpz, fmpz_mat, nmod

from numerics.arithmetic.exact import (
    MANY_POWERS,
    PRIMES,
    ExactArray,
    ExponentialField,
    NoExactValue,
    UnluckyPrime,
    fraction,
    modular_matrix,
    nullspace_rational,
    rank_modulo,
    rank_of_integers,
    rank_rational,
    rational,
    rationals,
    residues,
)
from theory.models.networks import as_container
from theory.rationals import fractions

PRIME = PRIMES[0]


@pytest.mark.parametrize("prime", PRIMES)
def test_the_primes_are_primes_with_a_root_of_minus_one(prime):
    assert sympy.isprime(prime) and prime % 4 == 1 and prime.bit_length() == 61


@pytest.mark.parametrize("unit", [0, 1, PRIME - 1, PRIME, PRIME + 1, -1])
def test_units_of_order_one_or_two_are_refused(unit):
    with pytest.raises(ValueError, match="unit must lie strictly between"):
        ExponentialField(PRIME, unit)


@pytest.mark.parametrize("unit", [2, PRIME - 2, 12345])
def test_the_first_array_fixes_the_denominator(unit):
    field = ExponentialField(PRIME, unit)
    assert field.powers(rationals([Fraction(1, 6), Fraction(-1, 4), 2])).tolist() == [pow(unit, k, PRIME) for k in (2, -3, 24)]
    assert field.denominator == 12 and field.powers(rationals([Fraction(5, 3)])).tolist() == [pow(unit, 20, PRIME)]
    with pytest.raises(NoExactValue, match="denominators must divide 12"):
        field.powers(rationals([Fraction(1, 5)]))
    with pytest.raises(NoExactValue, match="one transcendental layer"):
        field.powers(np.array([nmod(1, PRIME)], dtype=object))
    assert ExponentialField(PRIME, unit).powers(np.zeros(0, dtype=object)).shape == (0,)


@pytest.mark.parametrize("prime", [13, 17, 29])
def test_functions_modulo_small_primes(prime):
    """Every value by its definition from e = s^(q z), every vanishing denominator noticed."""
    root = next(r for r in range(prime) if r * r % prime == prime - 1)
    inverse = lambda a: pow(a, -1, prime)
    for unit in range(2, prime - 1):
        for k in range(-3, 4):
            e, z = pow(unit, k, prime), rationals([k])
            field = lambda u=unit: ExponentialField(prime, u)
            assert field().elementary("exp", z)[0] == nmod(e, prime)
            for name, top, bottom in (("sigmoid", e, 1 + e), ("tanh", e * e - 1, e * e + 1)):
                if bottom % prime:
                    assert field().elementary(name, z)[0] == nmod(top * inverse(bottom), prime)
                else:
                    with pytest.raises(UnluckyPrime):
                        field().elementary(name, z)
            cosine, sine = field().elementary("cos", z)[0], field().elementary("sin", z)[0]
            assert cosine == nmod((e + inverse(e)) * inverse(2), prime)
            assert (
                sine in [nmod(sign * (e - inverse(e)) * inverse(2 * root), prime) for sign in (1, -1)]
                and sine * sine + cosine * cosine == 1
            )
    with pytest.raises(NoExactValue, match="erf of a rational"):
        ExponentialField(prime, 2).elementary("erf", rationals([1]))
    with pytest.raises(ValueError, match="1 modulo 4"):
        ExponentialField(7, 2).elementary("sin", rationals([1]))


def test_exact_arrays_carry_their_field():
    array = ExactArray(rationals([[1, 2], [3, 4]]), ExponentialField(PRIME, 5))
    assert (array @ array)[0, 0] == 7 and (array + 1).field is array.field and array[0].field is array.field
    assert array.elementary("exp")[1, 1] == nmod(5**4, PRIME) and array.elementary("exp").field is array.field


def test_residues_of_every_kind_of_number():
    mixed = np.array([fmpq(1, 3), nmod(5, 7), 9, fmpz(-1)], dtype=object)
    assert residues(mixed, 7).tolist() == [nmod(5, 7), nmod(5, 7), nmod(2, 7), nmod(6, 7)]
    with pytest.raises(UnluckyPrime, match="modulo 7"):
        residues(rationals([Fraction(1, 14)]), 7)


@pytest.mark.parametrize("seed", range(6))
def test_ranks_and_kernels_against_sympy(seed):
    rng = np.random.default_rng(seed)
    rows, columns, rank = rng.integers(1, 6, 3)
    integers = rng.integers(-3, 4, (rows, rank)) @ rng.integers(-3, 4, (rank, columns))
    scaled = np.array(
        [[Fraction(int(v), int(k)) for v in row] for row, k in zip(integers, rng.integers(1, 5, rows), strict=True)], dtype=object
    )
    wanted = sympy.Matrix(integers.tolist())
    for matrix in (integers, scaled, rationals(scaled), integers.astype(object)):
        assert rank_rational(matrix) == wanted.rank()
        kernel = nullspace_rational(matrix)
        assert len(kernel) == columns - wanted.rank() == (sympy.Matrix(kernel).rank() if kernel else 0)
        assert all(not (integers @ np.array(v)).any() and np.gcd.reduce(np.array(v)) == 1 for v in kernel)
    for matrix in (integers, integers.astype(object), rationals(integers)):
        assert rank_modulo(matrix, PRIME) == wanted.rank()
        found = modular_matrix(matrix, 7)
        assert [[int(found[i, j]) for j in range(columns)] for i in range(rows)] == (integers % 7).tolist()
    assert rank_modulo(7 * integers, 7) == 0 and nullspace_rational(np.zeros((0, 2), dtype=object)) == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(3, (3, 1)), (np.int64(-2), (-2, 1)), (fmpz(5), (5, 1)), (0.5, (1, 2)), ("1.5", (3, 2)), ("-2/6", (-1, 3))]
    + [(Fraction(2, 4), (1, 2)), (sympy.Rational(3, 9), (1, 3)), (fmpq(4, 6), (2, 3)), (True, (1, 1)), (np.True_, (1, 1))],
)
def test_rationals_of_every_kind(value, wanted):
    found = rational(value)
    assert isinstance(found, fmpq) and (int(found.p), int(found.q)) == wanted and fraction(found) == Fraction(*wanted)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.uint64, np.int32])
def test_numpy_scalars_of_every_real_kind(kind):
    assert rational(kind(3)) == 3
    if issubclass(kind, np.floating):
        third = kind(1) / kind(3)
        found = rational(third)
        assert rational(kind(-0.25)) == fmpq(-1, 4) and rational(np.finfo(kind).max) == int(np.finfo(kind).max)
        # Its own width, not that of a double: so many significant bits, and the error of a rounding to them.
        bits = np.finfo(kind).nmant + 1
        assert int(found.q).bit_count() == 1 and int(found.p).bit_length() == bits
        assert abs(found - fmpq(1, 3)) <= fmpq(1, 3 * 2**bits)


@pytest.mark.parametrize("value", [float("inf"), -np.inf, np.float64("nan"), np.float32("inf"), np.float16("nan"), np.longdouble("-inf")])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        rational(value)


@pytest.mark.parametrize("value", [None, "x", 1j, np.complex64(1), sympy.Symbol("a"), sympy.sqrt(2)])
def test_what_is_not_rational_is_refused(value):
    with pytest.raises(TypeError, match="rational number"):
        rational(value)


@pytest.mark.parametrize(
    "values",
    [[-7, 2**63 + 1], [[1, 2**64 - 1], [-5, 2]], [0.5, 2**53 + 1], [-1, 2**200 + 1], (3, 2**63 + 3, -1), [np.float64(0.1), 2**60 + 1]],
)
def test_large_integers_in_lists_are_not_rounded(values):
    """numpy reads [-7, 2^63 + 1] as floats: a kernel vector read so was none."""
    flat = [entry for row in values for entry in (row if isinstance(row, list) else [row])]
    for read in (rationals, lambda values: fractions("values", values), as_container):
        assert [Fraction(int(entry.p), int(entry.q)) if hasattr(entry, "p") else Fraction(entry) for entry in read(values).flat] == [
            Fraction(entry) for entry in flat
        ]


def test_many_powers_by_tables_are_those_one_by_one():
    field = ExponentialField(PRIME, 123456789)
    z = rationals([Fraction(k * 2**40 - 7, 2**20) for k in range(-5, MANY_POWERS)])
    found = field.powers(z)
    few = [*range(7), len(z) // 2, len(z) - 1]
    assert [found[k] for k in few] == field.powers(z[few]).tolist()


@pytest.mark.parametrize(
    ("rows", "columns", "rank", "bits"), [(12, 5, 3, 80), (5, 12, 4, 80), (9, 9, 8, 300), (6, 6, 0, 8), (7, 4, 4, 40), (1, 1, 1, 1)]
)
def test_ranks_of_integers_are_those_of_elimination(rows, columns, rank, bits):
    rng = np.random.default_rng(rows)
    entry = lambda: int(rng.integers(1, 2**20)) ** (bits // 20 + 1)
    left, right = ([[entry() for _ in range(n)] for _ in range(m)] for m, n in ((rows, rank), (rank, columns)))
    matrix = fmpz_mat(rows, columns, [sum(left[i][k] * right[k][j] for k in range(rank)) for i in range(rows) for j in range(columns)])
    assert rank_of_integers(matrix) == matrix.rank() == rank


def test_a_prime_that_divides_pivots_decides_no_rank():
    p = PRIMES[0]
    for entries, rank in (
        ([[p, 0], [0, 1]], 2),
        ([[p, 0]], 1),
        ([[p, p], [p, p]], 1),
        ([[1, 1, 0], [1, 1 + p, 0], [0, 0, 0]], 2),
        ([[0, 0]], 0),
    ):
        assert rank_of_integers(fmpz_mat(entries)) == rank
