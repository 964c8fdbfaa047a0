"""Real roots against products of known factors and flint's certified complex roots; what forms do on the circle against floats."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from numerics.arithmetic.real_roots import circle_morse, number_of_roots, projective_roots, real_roots
from theory.dynamics.condensation import cosine

small = st.integers(-6, 6)


def product(*factors):
    value = fmpq_poly([1])
    for factor in factors:
        value *= fmpq_poly(factor)
    return value


def count(polynomial):
    """Real roots with multiplicities, by flint's enclosures of complex roots: real ones have an imaginary part that is exactly 0."""
    return sum(k for root, k in fmpq_poly(polynomial).complex_roots() if root.imag == 0)


@given(
    st.lists(st.tuples(st.fractions(-5, 5, max_denominator=8), st.integers(1, 3)), min_size=1, max_size=5, unique_by=lambda t: t[0]),
    st.booleans(),
)
def test_rational_roots_and_their_multiplicities(roots, with_complex):
    f = product(*([-r.numerator, r.denominator] for r, k in roots for _ in range(k)), *([[2, 1, 1]] if with_complex else []))
    found = real_roots(f)
    assert [root.multiplicity for root in found] == [k for _, k in sorted(roots)]
    for root, (r, _) in zip(found, sorted(roots), strict=True):
        r = fmpq(r.numerator, r.denominator)
        assert root.lower < r < root.upper or root.lower == r == root.upper
    for left, right in zip(found, found[1:], strict=False):
        assert left.upper <= right.lower
        if left.upper == right.lower:
            assert f(left.upper) != 0


@given(st.lists(small, min_size=2, max_size=9))
def test_as_many_as_flint_encloses(coefficients):
    if not any(coefficients[1:]):
        coefficients = [*coefficients, 1]
    found = real_roots(coefficients)
    assert sum(root.multiplicity for root in found) == count(coefficients)
    f = fmpq_poly(coefficients)
    for root in real_roots(coefficients, width="1e-12"):
        assert root.upper - root.lower <= fmpq(1, 10**12)
        if root.exact:
            assert f(root.lower) == 0
        elif root.multiplicity % 2:
            assert (f(root.lower) > 0) != (f(root.upper) > 0)
        assert number_of_roots(f, root.lower - fmpq(1, 10**15), root.upper) >= 1


def test_close_roots_and_irrational_ones_of_multiplicity():
    near = fmpq(1, 3) + fmpq(1, 10**9)
    found = real_roots(product([-1, 3], [-near, 1]))
    assert len(found) == 2 and found[0].upper <= found[1].lower
    assert [(round(r.middle, 6), r.multiplicity) for r in real_roots(product([-2, 0, 1], [-2, 0, 1], [0, 1]), width="1e-9")] == [
        (-1.414214, 2),
        (0.0, 1),
        (1.414214, 2),
    ]
    wilkinson = product(*([-k, 1] for k in range(1, 21)))
    assert [(r.middle, r.multiplicity) for r in real_roots(wilkinson, width="1e-30")] == [
        (pytest.approx(k, abs=1e-14), 1) for k in range(1, 21)
    ]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: real_roots([0, 0]), "polynomial must not be zero"),
        (lambda: real_roots([1, 1], width=0), "width must be positive"),
        (lambda: projective_roots([0, 0, 0]), "form must not be zero"),
        (lambda: circle_morse([1, 0, 1]), "constant on the circle"),
        (lambda: circle_morse([0, 0]), "constant on the circle"),
        (lambda: circle_morse([1]), "degree p >= 1"),
    ],
)
def test_bad_input_is_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_constant_has_no_root_and_a_form_may_have_one_at_infinity():
    assert real_roots([5]) == [] and real_roots([1, 0, 1]) == []
    roots = projective_roots([2, -1, 0, 0])  # (2 u_2 - u_1) u_2^2
    assert [(root.at_infinity, root.multiplicity) for root in roots] == [(False, 1), (True, 2)]
    assert roots[0].lower == roots[0].upper == 2 or roots[0].lower < 2 < roots[0].upper
    np.testing.assert_allclose(roots[1].direction, [1, 0])


@given(st.lists(small, min_size=2, max_size=8), st.lists(small, min_size=4, max_size=4))
def test_a_linear_change_of_variables_keeps_the_number_of_lines(form, matrix):
    a, b, c, d = matrix
    if a * d == b * c or not any(form):
        return
    p, first, second = len(form) - 1, fmpq_poly([b, a]), fmpq_poly([d, c])  # (a t + b, c t + d)
    changed = sum((v * first**k * second ** (p - k) for k, v in enumerate(form)), fmpq_poly([]))
    coefficients = [changed[k] for k in range(p + 1)]
    assert sorted(r.multiplicity for r in projective_roots(form)) == sorted(r.multiplicity for r in projective_roots(coefficients))


@given(st.lists(small, min_size=2, max_size=8))
def test_counts_on_the_circle_agree_with_a_fine_grid_and_obey_parity(form):
    p = len(form) - 1
    try:
        morse = circle_morse(form, width="1e-15")
    except ValueError:
        return
    assert len(morse.lines) <= p and (p - morse.multiplicity) % 2 == 0
    assert morse.count("maximum") == morse.count("minimum")
    if morse.simple:
        assert morse.count("maximum") == len(morse.lines) and not morse.count("inflection")
    V = lambda u: sum(c * u[0] ** k * u[1] ** (p - k) for k, c in enumerate(form))
    for kind, sign in (("maximum", 1), ("minimum", -1)):
        for u, line in morse.extrema(kind):
            assert line.root.multiplicity % 2 == 1
            phi = np.arctan2(u[1], u[0])
            around = [V((np.cos(phi + h), np.sin(phi + h))) for h in (-1e-3, 1e-3)]
            scale = sum(map(abs, form)) * 1e-14
            assert all(sign * value <= sign * V(u) + scale for value in around) or not separated(morse)


def separated(morse):
    """Whether no two critical lines are so near that a step of 1e-3 may pass another extremum."""
    angles = sorted(np.arctan2(*line.root.direction[::-1]) for line in morse.lines)
    return np.diff([*angles, angles[0] + np.pi]).min() > 1e-2


@pytest.mark.parametrize("p", range(1, 9))
def test_the_cosine_has_as_many_lines_as_there_can_be(p):
    morse = circle_morse(cosine(p), width="1e-12")
    assert len(morse.lines) == morse.count("maximum") == morse.count("minimum") == p
    peaks = sorted(np.arctan2(u[1], u[0]) % (2 * np.pi) for u, _ in morse.extrema("maximum"))
    np.testing.assert_allclose(peaks, 2 * np.pi * np.arange(p) / p, atol=1e-11)


def test_an_even_root_is_neither_maximum_nor_minimum():
    """V = u_2^3 has T = 3 u_1 u_2^2: V rises through u = (1, 0), and (0, 1) is its maximum."""
    morse = circle_morse([1, 0, 0, 0])
    assert [(line.kind, line.root.multiplicity, line.root.at_infinity) for line in morse.lines] == [
        ("inflection", 2, True),
        ("maximum", 1, False),
    ]
    assert morse.count("inflection") == 2 and not morse.simple and morse.multiplicity == 3
    ((u, _),) = morse.extrema("minimum")
    np.testing.assert_allclose(u, [0, -1])


def test_fractions_and_floats_are_read_exactly():
    assert real_roots([Fraction(-1, 3), 1.0])[0].multiplicity == 1
    assert real_roots([Fraction(-1, 3), 1], width="1e-20")[0].middle == pytest.approx(1 / 3, abs=1e-16)
