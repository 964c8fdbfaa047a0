"""Factorizations drawn from all of them: exact products, irregular ones as often as stated."""

from fractions import Fraction

import numpy as np
import pytest

from theory.lifting import lift
from theory.lifting.factoring import factor, rank_of
from theory.models import FullyConnected


def fractions(matrix):
    return np.frompyfunc(Fraction, 1, 1)(np.array(matrix))


@pytest.mark.parametrize("matrix", [[[1, 2], [2, 4]], [[0, 0], [0, 0]], [[1, 0, 2], [0, 1, 1]], [[0]], [[1, 1, 1], [1, 1, 1], [2, 0, 1]]])
@pytest.mark.parametrize("as_floats", [False, True])
def test_any_factors_multiply_back(matrix, as_floats):
    matrix, rng = np.array(matrix, dtype=float) if as_floats else fractions(matrix), np.random.default_rng(0)
    for width in range(max(1, rank_of(matrix)), 5):
        left, right = factor(matrix, width, rng=rng, irregular=True)
        assert left.shape[1] == width == right.shape[0]
        assert np.abs(left @ right - matrix).max() < (1e-12 if as_floats else Fraction(1, 10**30))


def test_irregular_ones_come_with_the_stated_probability():
    """Of rank one through two: one spare index, so at least a third; 200 draws fall below 40 once in 10^4."""
    rng, matrix = np.random.default_rng(0), fractions([[1, 2], [2, 4]])
    regular = [
        rank_of(left) == 2 or rank_of(right) == 2 for left, right in (factor(matrix, 2, rng=rng, irregular=True) for _ in range(200))
    ]
    assert 40 <= regular.count(False) < 160
    assert all(rank_of(left) == 2 or rank_of(right) == 2 for left, right in (factor(matrix, 2, rng=rng) for _ in range(40)))


def test_lifts_are_drawn_from_all_unless_regular_ones_are_asked_for():
    model, x, rng = FullyConnected((2, 2, 1), "hinge3"), [[1, 2], [0, -1], [3, 3]], np.random.default_rng(0)
    theta = model.pack(W1=[[1, 2], [2, 4]], b1=[1, 1], W2=[[1, 1]], b2=[0])
    drawn = [lift(model, theta, x, 0, rng=rng) for _ in range(17)]  # all regular: (2/3)^17 < 0.002
    assert any(not found.regular for found in drawn) and any(found.regular for found in drawn)
    for found in drawn:
        assert all(condition.holds for condition in found.conditions())
        assert (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()
        assert (found.dimension is None) == (not found.regular)
    assert all(lift(model, theta, x, 0, rng=rng, irregular=False).regular for _ in range(20))


def test_irregular_needs_a_generator():
    with pytest.raises(ValueError, match="give rng"):
        factor(fractions([[1]]), 1, irregular=True)
