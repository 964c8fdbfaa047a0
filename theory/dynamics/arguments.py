"""Checks of plain numbers among arguments that may be of any kind: symbols, balls and arrays are taken on trust."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

PLAIN = (int, float, Fraction, np.integer, np.floating)


def above(name: str, value: Any, bound: Any) -> None:
    """Raise ValueError, by ``name``, for a plain number that is not above ``bound``, nan included."""
    if isinstance(value, PLAIN) and not value > bound:
        raise ValueError(f"{name} must be {'positive' if bound == 0 else f'above {bound}'}, got {value}")


def at_least(name: str, value: Any, bound: Any) -> None:
    """Raise ValueError, by ``name``, for a plain number that is not at least ``bound``, nan included."""
    if isinstance(value, PLAIN) and not value >= bound:
        raise ValueError(f"{name} must be at least {bound}, got {value}")


def integer(name: str, value: Any, least: int) -> int:
    """``value`` as an int. Raises ValueError unless it is an integer, no bool, of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return int(value)


def is_place(value: Any, count: int) -> bool:
    """Whether ``value`` is an integer, no bool, among 0 .. ``count`` - 1."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(0 <= value < count)


def finite(name: str, value: Any) -> None:
    """Raise ValueError, by ``name``, for a plain number that is nan or infinite."""
    if isinstance(value, PLAIN) and not -np.inf < value < np.inf:
        raise ValueError(f"{name} must be a finite number, got {value}")


def between(name: str, value: Any, low: Any, high: Any) -> None:
    """Raise ValueError, by ``name``, for a plain number outside [low, high], nan included."""
    if isinstance(value, PLAIN) and not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low}, {high}], got {value}")
