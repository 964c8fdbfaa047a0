"""The steps of a reduction: what counts as simpler than a number, on both sides of zero."""

from fractions import Fraction

import pytest

from proofs_check.engine.reduction import simpler


@pytest.mark.parametrize("kind", [float, Fraction])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_with_a_fraction_is_rounded_to_fewer_digits(kind, sign):
    value = kind(sign) * kind(11) / 8
    assert list(simpler(value)) == [0, sign, kind(sign) * kind(3) / 2, kind(sign) * kind(3) / 2]  # in 0, 1, 2 digits; in 4 as it is
    assert all(type(found) is kind for found in simpler(value))
    assert list(simpler(kind(sign) / 2)) == [0]


@pytest.mark.parametrize("kind", [float, Fraction, int])
def test_whole_numbers_fall_towards_zero(kind):
    assert list(simpler(kind(1))) == [0] and list(simpler(kind(0))) == []
    assert list(simpler(kind(6))) == [0, 1, 3, 5]
    assert list(simpler(kind(-6))) == [6, 0, -1, -3, -5]


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, None, "text"])
def test_what_has_nothing_simpler(value):
    assert list(simpler(value)) == []
