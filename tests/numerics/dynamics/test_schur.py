"""The Schur test against the roots, exact on the boundary, and covers of boxes against single points."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq, fmpq_poly

from numerics.dynamics.cover import cover
from numerics.dynamics.schur import determinants, has_root_outside, is_schur, sign


def rational(values):
    return [fmpq(int(v)) if isinstance(v, int | np.integer) else fmpq(v.numerator, v.denominator) for v in values]


def test_random_polynomials_against_their_roots():
    rng, met = np.random.default_rng(0), {True: 0, False: 0}
    for degree in (1, 2, 3, 4, 6):
        for _ in range(200):
            roots = rng.uniform(0, 1.2 if degree < 4 else 1.05, degree // 2 + degree % 2) ** (1 / degree)
            p = fmpq_poly([1])
            for r in roots[: degree // 2]:  # complex pairs and real roots
                q = fmpq(int(1000 * r), 1000)
                p = p * (fmpq_poly([q * q, q, 1]) if rng.random() < 0.5 else fmpq_poly([-q * q, 0, 1]))
            if degree % 2:
                p = p * fmpq_poly([fmpq(int(1000 * roots[-1]), 1000), 1])
            radius = max(abs(complex(z)) for z, _ in p.complex_roots())
            if abs(radius - 1) < 1e-9:
                continue
            assert is_schur(p.coeffs()) is bool(radius < 1) and has_root_outside(p.coeffs()) in ({True} if radius > 1 else {False})
            assert is_schur([arb(c) for c in p.coeffs()]) in (bool(radius < 1), None)
            met[bool(radius < 1)] += 1
    assert min(met.values()) > 100


@pytest.mark.parametrize(
    ("coefficients", "outside"),
    [
        ([-1, 1], None),  # z = 1
        ([1, 0, 1], None),  # +-i
        ([-1, 0, 1], None),
        ([0, -1, 1], None),  # 0 and 1
        ([1, 3, 1], None),  # a reciprocal pair: the first determinant vanishes, and with it all
        ([2, 1], True),
        ([-2, -1, 1], True),  # 2 and -1
        ([0, 1, 3], False),
        ([0, 0, 1], False),
    ],
)
def test_roots_on_the_circle_are_told_apart_from_roots_outside(coefficients, outside):
    assert is_schur(rational(coefficients)) is (outside is False)
    assert has_root_outside(rational(coefficients)) is outside


def test_wide_balls_leave_it_open():
    assert is_schur([arb(0, 0.1), arb(0.5, 0.6), arb(1)]) is None and has_root_outside([arb(0, 0.1), arb(0.5, 0.6), arb(1)]) is None
    assert is_schur([arb(0, 0.1), arb(0.5, 0.1), arb(1)]) is True and is_schur([arb(2, 0.1), arb(0.5, 9), arb(1)]) is False
    assert [sign(v) for v in (arb(1, 0.5), arb(-1, 0.5), arb(0), arb(0, 1), fmpq(0))] == [1, -1, 0, None, 0]


def test_determinants_in_symbols():
    t, d = sp.symbols("t d")
    first, second = determinants([d, -t, sp.Integer(1)])
    assert sp.factor(first - (1 - d) * (1 + d)) == 0
    assert sp.expand(second - (1 - d) ** 2 * (1 - t + d) * (1 + t + d)) == 0


def test_too_short():
    with pytest.raises(ValueError, match="at least 2"):
        determinants([fmpq(1)])


def disc(x, y):
    return [1 - x * x - y * y, 2 - x]


def test_a_cover_says_the_truth_at_points():
    found = cover(disc, [("-1", "2"), (Fraction(-3, 2), Fraction(3, 2))], depth=14)
    assert found.positive + found.negative + found.open == 1 and 0 < found.open < Fraction(1, 20)
    assert abs(float(found.positive) * 9 - np.pi) < 9 * float(found.open)
    assert found.undecided == frozenset({0})
    leaves = found.leaves()
    assert sum((b - a) * (d - c) for ((a, b), (c, d)), _ in leaves) == 9
    rng = np.random.default_rng(0)
    for ((a, b), (c, d)), letter in leaves:
        x, y = a + (b - a) * Fraction(int(rng.integers(0, 101)), 100), c + (d - c) * Fraction(int(rng.integers(0, 101)), 100)
        inside = 1 - x * x - y * y
        assert letter == "?" or (inside > 0) == (letter == "+")


def test_a_cover_of_an_interval_and_of_what_is_certain_at_once():
    assert cover(lambda x: [x], [(1, 2)]).tree == "+" and cover(lambda x: [x, -x], [(1, 2)]).tree == "-"
    assert cover(lambda x: [x - 1], [(0, 2)], depth=3).tree == "/-+" or cover(lambda x: [x - 1], [(0, 2)], depth=3).open > 0


@pytest.mark.parametrize("box", [[], [(1, 1)], [(0, 1), (2, 1)]])
def test_boxes_without_volume(box):
    with pytest.raises(ValueError, match="low < high"):
        cover(lambda *sides: [sides[0]], box)
