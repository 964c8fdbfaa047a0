"""Numbers of any kind as the rational numbers that they are."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.elementary import as_array, entrywise


def fraction_of(value: Any) -> Fraction:
    """An integer, float of any width, Fraction, decimal string, numpy scalar, sympy or flint rational, without rounding.

    Raises TypeError for what is no rational number, ValueError or OverflowError for NaN, infinities and other text.
    """
    if type(value) is Fraction:
        return value
    if isinstance(value, np.floating):  # before Python 3.12 Fraction takes those of float64 alone
        return Fraction(*value.as_integer_ratio())
    if hasattr(value, "p") and hasattr(value, "q"):  # sympy and flint rationals
        return Fraction(int(value.p), int(value.q))
    return Fraction(value.item() if isinstance(value, np.generic) else value)


def fractions(name: str, values: Any) -> np.ndarray:
    """``values``, an array of at least one axis, as an object array of Fractions.

    Raises ValueError, naming the argument, for an entry that is no finite rational number, and for a number alone.
    """
    array = as_array(values)
    if not array.ndim:
        raise ValueError(f"{name} must be an array of at least one axis, got {values!r}")

    def read(value: Any) -> Fraction:
        try:
            return fraction_of(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{name} must hold finite rational numbers, got {value!r}") from error

    return entrywise(read, array)
