"""Isolated zeros of explicit polynomials: positions, multiplicities, and what cannot be told apart."""

import pytest
from flint import arb

from numerics.arithmetic.isolation import isolate_zeros, sign_change
from numerics.arithmetic.krawczyk import NotCertified, working_precision


def polynomial(*roots, scale=1):
    """z -> (f, f', f'') of scale * prod (z - root), on balls."""

    def jet(z):
        value, slope, bend = arb(scale), arb(0), arb(0)
        for root in roots:
            factor = z - arb(root)
            value, slope, bend = value * factor, slope * factor + value, bend * factor + 2 * slope
        return value, slope, bend

    return jet


@pytest.fixture(autouse=True)
def precision():
    with working_precision(128):
        yield


@pytest.mark.parametrize("scale", [1, -1, "0.01", "-0.01", 1000, -1000])
@pytest.mark.parametrize("roots", [("0.3",), ("-0.7", "0.3"), ("-0.9", "-0.7", "0.3"), ("1.7", "0.3"), ("3",)])
def test_simple_zeros_are_found_where_they_are(scale, roots):
    inside = sorted(float(root) for root in roots if abs(float(root)) < 1)
    found = isolate_zeros(polynomial(*roots, scale=scale), arb(-1), arb(1))
    assert [multiplicity for _, multiplicity in found] == [1] * len(inside)
    assert [position for position, _ in found] == pytest.approx(inside, abs=1e-13)


def test_a_known_double_zero_beside_simple_ones():
    jet = polynomial("0.25", "0.25", "-0.5")
    assert isolate_zeros(jet, arb(-1), arb(1), double=[arb("0.25")]) == [(pytest.approx(-0.5, abs=1e-13), 1), (0.25, 2)]
    with pytest.raises(NotCertified, match=r"near 0\.25"):
        isolate_zeros(jet, arb(-1), arb(1))


@pytest.mark.parametrize("listed", [1, 2])
def test_a_double_zero_at_a_cut_is_counted_once(listed):
    """[0, 5] is cut at 2, and f'' changes sign on it: both pieces hold the zero and a stretch on which it decides."""
    found = isolate_zeros(polynomial("2", "2", "4.5"), arb(0), arb(5), double=[arb(2)] * listed)
    assert found == [(2.0, 2), (pytest.approx(4.5, abs=1e-13), 1)]


def test_two_zeros_nearer_than_the_halvings_reach():
    """40 cuts leave at least (2/5)^40 of the interval: zeros 1e-5 apart are told apart, zeros at the same place never."""
    found = isolate_zeros(polynomial("0.3", "0.30001"), arb(-1), arb(1))
    assert [position for position, _ in found] == pytest.approx([0.3, 0.30001], abs=1e-12)
    with pytest.raises(NotCertified):
        isolate_zeros(polynomial("0.3", "0.3"), arb(-1), arb(1))


def test_signs_at_the_ends():
    square = lambda z: z * z - 2
    assert sign_change(square, arb(1), arb(2)) is True and sign_change(square, arb(2), arb(1)) is True
    assert sign_change(square, arb(2), arb(3)) is False and sign_change(square, arb(0), arb(1)) is False
    assert sign_change(lambda z: z, arb(0), arb(1)) is None and sign_change(lambda z: z, arb(-1), arb(0, 1)) is None
    assert sign_change(lambda z: z / 10, arb(-1), arb(1)) is True


@pytest.mark.parametrize("end", ["-1", "1"])
def test_a_zero_at_an_end_is_neither_inside_nor_outside(end):
    for roots in ((end,), (end, end)):
        with pytest.raises(NotCertified, match=f"near {end}"):
            isolate_zeros(polynomial(*roots), arb(-1), arb(1))
