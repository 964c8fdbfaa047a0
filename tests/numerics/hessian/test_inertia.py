"""Inertia: what counts as zero in floats, in batches, at the limits of the tolerance; what is no symmetric matrix; rational entries."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from numerics.arithmetic.exact import rationals
from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.hessian import inertias
from numerics.hessian.inertias import (
    Inertia,
    Undecided,
    _outweighing,
    _pivot_signs,
    _proved_signs,
    ball_inertia,
    eliminated_inertia,
    exact_inertia,
    float_counts,
    float_inertia,
    float_tolerance,
)

EPS = np.finfo(float).eps


@pytest.mark.parametrize("matrix", [[[1, 2], [3, 4]], [[1, 3], [2, 4]], [[1, 2, 3], [2, 1, 3]], [1, 2]])
@pytest.mark.parametrize("method", [exact_inertia, eliminated_inertia, float_inertia, ball_inertia])
def test_what_is_not_symmetric_is_refused(matrix, method):
    with pytest.raises(ValueError, match="symmetric"):
        method(np.array(matrix))


@pytest.mark.parametrize("entry", [np.nan, np.inf, 1j])
def test_what_is_no_finite_number_has_no_signs_in_floats(entry):
    """All comparisons with NaN are false: of a matrix with one, no eigenvalue was counted, and no doubt told."""
    with pytest.raises(ValueError, match="finite real numbers"):
        float_inertia(np.array([[entry, 0], [0, 1]]))


def test_balls_and_floats_reach_both_ends_of_the_range():
    for size in (1e308, 5e-324):
        assert float_inertia(np.diag([-size, size])).counts == ball_inertia(np.diag([-size, size])).counts == (1, 0, 1)
    assert float_inertia(np.zeros((0, 0))).counts == (0, 0, 0)


def drawn(rng, size):
    """Q^T D Q with a known D in {-2, ..., 2} and a random rational Q of full rank: its inertia is that of D (Sylvester)."""
    diagonal = rng.integers(-2, 3, size)
    lower = np.tril(rng.integers(-3, 4, (size, size)), -1) + np.eye(size, dtype=int)
    change = rationals(lower) @ rationals(np.triu(rng.integers(-3, 4, (size, size)), 1) + np.diag(rng.integers(1, 4, size)))
    change = change * rationals([[Fraction(1, int(k))] for k in rng.integers(1, 7, size)])
    counts = tuple(int(n) for n in ((diagonal < 0).sum(), (diagonal == 0).sum(), (diagonal > 0).sum()))
    return change.T @ rationals(np.diag(diagonal)) @ change, counts


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_every_method_meets_a_known_inertia(size):
    rng = np.random.default_rng(size)
    for _ in range(8):
        matrix, counts = drawn(rng, size)
        exact, second = exact_inertia(matrix), eliminated_inertia(matrix)
        assert exact.counts == second.counts == counts and exact.certified and second.certified
        assert (exact.method, second.method) == ("exact", "elimination") and sum(counts) == size
        with working_precision(300):
            found = ball_inertia(balls(np.array([[Fraction(int(v.p), int(v.q)) for v in row] for row in matrix])), zeros=counts[1])
        assert found.counts == counts and found.certified and found.method == "ball"


def test_nothing_has_no_eigenvalues():
    assert exact_inertia(np.zeros((0, 0))).counts == eliminated_inertia(np.zeros((0, 0), dtype=object)).counts == (0, 0, 0)


def test_an_inertia_shows_its_counts():
    found = Inertia(1, 2, 3)
    assert found.counts == (1, 2, 3) and str(found) == "(1, 2, 3)" and not found.certified


def test_the_tolerance_is_64_units_for_each_row():
    values = np.array([[-4.0, 1.0, 2.0], [0.5, -0.25, 0.0]])
    assert float_tolerance(values).tolist() == [[64 * 3 * EPS * 4], [64 * 3 * EPS * 0.5]]


def test_counts_in_batches_and_doubt_between_one_and_a_thousand_tolerances():
    tolerance = 64 * 4 * EPS
    small = [0.0, 0.5 * tolerance, -tolerance, 2 * tolerance, -999 * tolerance, 1001 * tolerance, -1001 * tolerance]
    counts, doubtful = float_counts(np.array([[value, -1.0, 1.0, 1.0] for value in small]))
    assert doubtful.tolist() == [False, False, False, True, True, False, False]
    assert counts[[0, 1, 2, 5, 6]].tolist() == [[1, 1, 2]] * 3 + [[1, 0, 3], [2, 0, 2]]


def test_the_eigenvalue_in_doubt_is_named():
    with pytest.raises(Undecided, match=r"modulus 2\.5e-13 .* level 2\.84e-14"):
        float_inertia(np.diag([1.0, 2.5e-13]))
    found = float_inertia(np.diag([3.0, -2.0, 1e-20]))
    assert found.counts == (1, 1, 1) and found.method == "float" and not found.certified


def test_balls_leave_open_what_they_cannot_see():
    from flint import arb

    with working_precision(64):
        matrix = balls(np.diag([1, -1, 0]))
        for entry in (arb(0), arb(0, 1e-3)):
            matrix[2, 2] = entry
            found = ball_inertia(matrix)
            assert found.counts == (None, None, None) and found.bounds == ((1, 2), (0, 1), (1, 2)) and not found.certified


@pytest.mark.parametrize("seed", range(40))
def test_signs_by_gershgorin_and_elimination_are_never_wrong_nor_fewer_than_by_elimination(seed):
    """Nearly diagonal matrices of every rank, with entries of many sizes and balls up to their size."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 12))
    diagonal = rng.integers(-9, 10, size) * 2.0 ** rng.integers(-30, 5, size)
    off = np.tril(rng.integers(-3, 4, (size, size)) * 2.0 ** float(rng.integers(-40, -2)), -1)
    middle = np.diag(diagonal) + off + off.T
    radius = 2.0 ** float(rng.integers(-60, 2)) * (rng.random() < 0.8)
    matrix = balls(middle) + np.array([[arb(0, radius)] * size] * size)
    truth = exact_inertia(rationals(middle))
    signs, plain = _proved_signs(matrix, 0), list(_pivot_signs(matrix))
    for sign, true in ((-1, truth.negative), (1, truth.positive)):
        assert plain.count(sign) <= signs.count(sign) <= true


def test_rows_that_outweigh_the_rest_are_found_across_scales_and_never_where_a_ball_is_not_finite():
    matrix = balls(np.diag([1e-12, 1.0, -1e12]) + np.full((3, 3), 1e-14) * (1 - np.eye(3)))
    assert _outweighing(matrix).tolist() == [True] * 3
    matrix[0, 1] = matrix[1, 0] = arb(0, float("inf"))
    assert not _outweighing(matrix)[:2].any()
    assert _outweighing(balls(np.array([[1.0, 1.0], [1.0, 1.0]]))).sum() <= 1  # singular: both would be a proof of rank 2
    assert _outweighing(balls(np.zeros((0, 0)))).tolist() == []


def test_the_congruence_counts_as_the_characteristic_polynomial_does():
    """Ranks of every size, eigenvalues over twelve and units over forty orders of magnitude."""
    rng, decided = np.random.default_rng(0), 0
    for _ in range(150):
        size = int(rng.integers(1, 9))
        rank = int(rng.integers(0, size + 1))
        factors = rng.integers(-9, 10, (size, rank)).astype(object)
        weights = rng.integers(-1, 2, rank).astype(object) * [10 ** int(k) for k in rng.integers(0, 12, rank)]
        units = np.array([Fraction(1, 10 ** int(k)) for k in rng.integers(0, 40, size) * rng.integers(2)], dtype=object)
        matrix = rationals(((factors * weights) @ factors.T + np.zeros((size, size), dtype=int)) * units * units[:, None])
        rows = inertias._cleared(matrix)
        found, truth = inertias._by_congruence(rows), inertias._by_descartes(rows)
        assert found is None or found.counts == truth.counts
        assert exact_inertia(matrix).counts == truth.counts == eliminated_inertia(matrix).counts
        decided += found is not None
    assert decided > 140


@pytest.mark.parametrize("entry", [Fraction(10) ** 400, Fraction(1, 10**400)])
def test_what_floats_do_not_hold_is_counted_all_the_same(entry):
    assert exact_inertia(np.array([[Fraction(1), entry], [entry, Fraction(1)]])).counts == ((1, 0, 1) if entry > 1 else (0, 0, 2))
    assert exact_inertia(np.array([[Fraction(0), entry], [entry, Fraction(0)]])).counts == (1, 0, 1)
