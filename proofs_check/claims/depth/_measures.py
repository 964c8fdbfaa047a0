"""What the claims on lifting in depth measure: exact inertia and floats within rounding, and exact numbers of several kinds compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arithmetic.exact import fraction, rational
from numerics.hessian import inertia
from theory.lifting import Lifting


def fractions(values):
    """flint rationals as Fractions, shape kept."""
    array = np.asarray(values)
    return np.frompyfunc(lambda value: fraction(rational(value)), 1, 1)(array) if array.size else array


def inertia_counts(model, theta, data):
    """(negative, zero, positive) of the exact Hessian."""
    return inertia(model, theta, data, method="exact").counts


def inertias(found: Lifting, data: Any) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Exact inertia of the shallow point and of its lift."""
    return inertia_counts(found.shallow, found.shallow_theta, data), inertia_counts(found.deep, found.theta, data)


def amplification(found: Lifting) -> float:
    """What the new layer can make of an error that passes it once forwards and once backwards: (1 + its largest weight)^2."""
    return (1 + max(np.abs(part).max() for part in found.parts)) ** 2
