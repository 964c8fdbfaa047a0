"""What the shape of an activation decides, proved or left open: is sigma/sigma' affine, does the elasticity turn.

Where sigma/sigma' is affine a strict G exists while a > 0 (theory.regularization.regularizers); where it is not, and with two or more
inputs, none does. Where the elasticity h(z) = z sigma'/sigma turns, solution curves of one input meet twice. A grid of floats decides
neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.derivatives.dual import jet
from numerics.overlap.found import smooth
from theory.activations import SmoothActivation
from theory.regularization.function_field import is_constant

#: Where sigma/sigma' is tried for curvature, and the precisions that are tried: the last sees a deviation of 1e-600.
PLACES = tuple(Fraction(text) for text in "0 1/2 -1/2 1 -1 1/1000 -1/1000 2 -2 1/20 -1/20 5 -5 1/100000 20 -20 100 -100".split())
PRECISIONS = (64, 256, 2048)

#: Magnitudes at which the slope of the elasticity is looked at: from 10^-4 to 10^4, both signs.
MAGNITUDES = np.geomspace(1e-4, 1e4, 1600)

#: Activations whose elasticity is proved to have no extremum where z > 0 (softplus, exp: nowhere), by the claim regularization.elasticity.
MONOTONE = ("softplus", "tanh", "erf", "atan", "exp", "power", "identity")


def bend(activation: SmoothActivation, z: Any) -> Any:
    """-(sigma/sigma')'' sigma'^3 = sigma'^2 sigma'' + sigma sigma' sigma''' - 2 sigma sigma''^2 at a number of any arithmetic."""
    value, first, second, third = jet(activation, z, 3)
    return first * first * second + value * first * third - 2 * value * second * second


def bending_place(activation: str | SmoothActivation) -> Fraction | None:
    """A rational z where (sigma/sigma')'' is proved, in balls, not to vanish; None where none of :data:`PLACES` shows it.

    ``activation`` is one, its name or a formula; ValueError for one that is not smooth, here and below.
    """
    return _bending_place(smooth(activation))


@lru_cache(maxsize=256)
def _bending_place(activation: SmoothActivation) -> Fraction | None:
    for bits in PRECISIONS:
        with working_precision(bits):
            for place in PLACES:
                value, slope = jet(activation, ball(place), 1)
                bent = bend(activation, ball(place))
                if bent.is_finite() and bent != 0 and not bent.contains(0) and not slope.contains(0):
                    return place
    return None


def is_p_family(activation: str | SmoothActivation) -> bool | None:
    """Whether sigma/sigma' is affine, so that sigma is a multiple of (p z + q)^(1/p) or exp(z/q); None where it is not decided.

    False is proved by one place where the quotient bends, in balls; True by its slope p and by sigma/sigma' - p z, which are constants
    of a field of functions, hence the same on both sides of a pole.
    """
    return _is_p_family(smooth(activation))


@lru_cache(maxsize=256)
def _is_p_family(activation: SmoothActivation) -> bool | None:
    import sympy as sp

    if bending_place(activation) is not None:
        return False
    z = sp.Symbol("z", real=True)
    try:
        value = sp.sympify(activation(np.array([z], dtype=object))[0])
        first, second = (sp.diff(value, z, k) for k in (1, 2))
        slope = 1 - value * second / first**2
        affine = is_constant(slope) and is_constant(value / first - slope * z)
    except (TypeError, ValueError, RecursionError, sp.PolynomialError):  # an expression that sympy cannot bring into that form
        return None
    return True if affine else None


def elasticity_slope(activation: SmoothActivation, z: Any) -> Any:
    """sigma^2 h'(z) = sigma sigma' + z (sigma sigma'' - sigma'^2), of the sign of h' where sigma is not 0."""
    value, first, second = jet(activation, z, 2)
    return value * first + z * (value * second - first * first)


def elasticity_extremum(activation: str | SmoothActivation) -> float | None:
    """A z, about, where the elasticity has an extremum, the nearest to 0 that was found; None where none was, which proves nothing.

    Signs are seen in floats at :data:`MAGNITUDES` and proved in balls on both sides of the place.
    """
    return _elasticity_extremum(smooth(activation))


@lru_cache(maxsize=256)
def _elasticity_extremum(activation: SmoothActivation) -> float | None:
    found = [place for sign in (1, -1) if (place := _turn(activation, sign * MAGNITUDES)) is not None]
    return min(found, key=abs, default=None)


def _turn(activation: SmoothActivation, z: np.ndarray) -> float | None:
    with np.errstate(all="ignore"):
        value, first, second = activation.jet(z, 2)
        slope = np.asarray(value * first + z * (value * second - first * first), float)
        noise = 64 * np.finfo(float).eps * (np.abs(value * first) + np.abs(z * value * second) + np.abs(z) * first * first)
    seen = np.flatnonzero(np.isfinite(slope) & (np.abs(slope) > noise))
    for k, j in zip(seen, seen[1:], strict=False):
        if np.sign(slope[k]) != np.sign(slope[j]) and j - k < 4 and _signs_are_proved(activation, z[[k, j]]):
            return _bisected(activation, float(z[k]), float(z[j]), float(slope[k]))
    return None


def _signs_are_proved(activation: SmoothActivation, ends: Sequence[float] | np.ndarray) -> bool:
    """Whether sigma^2 h' is proved to change its sign between the ends, and sigma to keep away from 0 there."""
    with working_precision(256):
        low, high = (elasticity_slope(activation, ball(float(end))) for end in ends)
        whole = jet(activation, ball(float(ends[0])).union(ball(float(ends[1]))), 0)[0]
        return bool(((low > 0 and high < 0) or (low < 0 and high > 0)) and not whole.contains(0))


def _bisected(activation: SmoothActivation, low: float, high: float, sign: float) -> float:
    for _ in range(50):
        middle = (low + high) / 2
        value, first, second = (float(part[0]) for part in activation.jet(np.array([middle]), 2))
        low, high = (middle, high) if (value * first + middle * (value * second - first * first)) * sign > 0 else (low, middle)
    return (low + high) / 2
