"""Exact facts on RMSProp's scalar map u' = g u (1 - u)^(k-2) at rational g: its points of period two, counted by real roots."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from theory.dynamics.adam import check_power
from theory.dynamics.rmsprop import scalar_map


def period_two_points(k: int, g: Fraction) -> int:
    """The number of u in (0, 1) with F(u) in (0, 1), F(F(u)) = u and F(u) != u.

    F(F(u)) - u is divided by F(u) - u as often as their common factors go; what is left has just those roots. Raises ValueError for k odd
    or below 4, or g that is not positive.
    """
    from flint import fmpq, fmpq_poly

    check_power(k)
    if not g > 0:
        raise ValueError(f"g must be positive, got {g}")
    gain, u = fmpq(g.numerator, g.denominator), fmpq_poly([0, 1])
    once = scalar_map(k, gain, u)
    twice = scalar_map(k, gain, once)
    left = _without_common_factors(twice - u, once - u)
    real = [
        root.real for root, _ in _distinct(left).complex_roots() if root.imag == 0
    ]  # exactly 0 for real roots, apart from it for others
    return sum(_inside(root) and _inside(scalar_map(k, gain, root)) for root in real)


def _without_common_factors(p: Any, q: Any) -> Any:
    while (common := p.gcd(q)).degree() > 0:
        p = p // common
    return p


def _distinct(p: Any) -> Any:
    return p // p.gcd(p.derivative())


def _inside(value: Any) -> bool:
    """Whether a ball lies in (0, 1) or outside of it."""
    inside = bool(value > 0 and value < 1)
    if not inside and not (value < 0 or value > 1 or value == 0 or value == 1):
        raise ArithmeticError(f"{value.str(8)} is not told apart from an end of (0, 1); more bits may")
    return inside
