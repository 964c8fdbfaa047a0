"""Stated decimals against balls: a ball lies within the digits, beside them, or is too wide to tell."""

from fractions import Fraction
from typing import Any

from numerics.arithmetic.krawczyk import ball


def starts_with(value: Any, digits: str, *, moved: int = 0) -> bool | None:
    """Whether the ball ``value`` has the decimal expansion ``digits`` as far as they go (cut off, not rounded); None: not decided.

    ``moved`` adds to the last digit.
    """
    places = len(digits.partition(".")[2])
    unit = Fraction(1, 10**places)
    sign = -1 if digits.startswith("-") else 1
    low = Fraction(digits) + sign * moved * unit
    off = (value - ball(low)) * sign * 10**places
    return True if off > 0 and off < 1 else False if off < 0 or off > 1 else None


def half_unit(text: str) -> Fraction:
    """Half a unit of the last place of a decimal."""
    return Fraction(1, 2 * 10 ** len(text.partition(".")[2]))


def rounds_to(value: Any, text: str) -> bool | None:
    """Whether the ball ``value`` rounds to the decimal ``text``; None: not decided."""
    off, half = abs(value - ball(text)), ball(half_unit(text))
    return True if off < half else False if off > half else None


def ball_of(text: str) -> Any:
    """The ball that is written as "[midpoint +/- radius]"."""
    from flint import arb

    return arb(text)
