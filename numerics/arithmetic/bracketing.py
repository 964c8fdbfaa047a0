"""Real roots between two places where a function has different signs, in floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def root_between(function: Callable[[float], float], low: float, high: float, *, tolerance: float = 2e-12) -> float:
    """A root of ``function`` between ``low`` and ``high``, at which its signs differ, up to ``tolerance`` (Brent's method)."""
    from scipy.optimize import brentq

    root: Any = brentq(function, low, high, xtol=tolerance)  # a pair only where full output is asked for
    return float(root)
