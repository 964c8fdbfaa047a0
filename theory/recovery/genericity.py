"""Activations whose neurons with distinct weights are independent: the generic assumption, checked part by part.

Assumption 2.1 of arXiv:2309.00508v3 asks of sigma that it is analytic with sigma(0) != 0 and infinitely many non-zero Taylor
coefficients of odd and of even order at 0. Tanh, sigmoid, softplus, GELU and SiLU all fail it, each through an identity between sigma(z)
and sigma(-z); moved by almost any shift they satisfy it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from theory.activations import Activation, SmoothActivation, activation, smooth_activation


@dataclass(frozen=True, repr=False)
class ShiftedActivation(SmoothActivation):
    """sigma(z) = base(z + shift) for a rational shift != 0; every arithmetic that knows the base knows it."""

    base: SmoothActivation = field(kw_only=True)
    shift: Fraction = field(kw_only=True)

    def __call__(self, z: Any) -> Any:
        return z.activate(self) if hasattr(z, "activate") else self.base(self._moved(z))

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        return self.base.jet(self._moved(z), order)

    def _moved(self, z: Any) -> Any:
        """z + shift by integers alone, which residues and balls understand too."""
        return (z * self.shift.denominator + self.shift.numerator) / self.shift.denominator


@cache
def shifted(name: str | Activation, shift: Fraction | str | int = Fraction(1, 2)) -> ShiftedActivation:
    """z -> sigma(z + shift). Raises ValueError for shift 0 and for an activation that is no smooth one."""
    base, shift = smooth_activation(name), Fraction(shift)
    if not shift:
        raise ValueError(f"shift must not be 0: use {base!r} itself")
    return ShiftedActivation(
        name=f"{base.name}(z{'+' if shift > 0 else '-'}{abs(shift)})",
        state=tuple(_composed(function, shift) for function in base.state),
        flow=lambda z, v: base.flow(z + shift, v),
        output=lambda z, v: base.output(z + shift, v),
        degree=None,
        rational=base.rational,
        exponential=base.exponential,
        base=base,
        shift=shift,
    )


def _composed(function: Callable, shift: Fraction) -> Callable:
    return lambda z: function((z * shift.denominator + shift.numerator) / shift.denominator)


@cache
def exponential_minus_identity() -> SmoothActivation:
    """e^z - z: generic, yet sigma'(0) = 0, so that a neuron of weight 0 has no tangent of its own."""
    exponential = smooth_activation("exp")
    return SmoothActivation("exp-minus-identity", exponential.state, exponential.flow, lambda z, v: v[0] - z)


#: The parts of the assumption.
PARTS = (
    "sigma is analytic",
    "sigma(0) is not 0",
    "infinitely many Taylor coefficients of even order are not 0",
    "infinitely many Taylor coefficients of odd order are not 0",
)


def failing_parts(name: str | Activation) -> tuple[str, ...]:
    """The parts of the assumption that an activation violates; empty for one that satisfies it.

    An identity sigma(-z) = p sigma(z) + c + s z leaves sigma with the even part c/2 (p = -1) or the odd part -s z/2 (p = +1). Moved by a
    rational shift != 0 no such identity is left: a second centre of reflection would make sigma periodic up to a polynomial, and
    the periods of sin and cos are irrational.
    """
    sigma = activation(name)
    if not isinstance(sigma, SmoothActivation):
        return PARTS[:1]
    root = sigma.base if isinstance(sigma, ShiftedActivation) else sigma
    failing = [] if _value_at_zero(sigma) else [PARTS[1]]
    if root.degree is not None:
        return (*failing, *PARTS[2:])
    if sigma.reflection is not None:
        failing.append(PARTS[2] if sigma.reflection.parity == -1 else PARTS[3])
    return tuple(failing)


def is_generic(name: str | Activation) -> bool:
    """Whether neurons of distinct weights are linearly independent in every dimension (Cor. 3.1 of the paper)."""
    return not failing_parts(name)


def _value_at_zero(sigma: SmoothActivation) -> float:
    """sigma(0); exactly 0.0 in floats where it is 0 (tanh, sin, erf, atan, GELU, ...)."""
    return float(sigma.jet(np.zeros(1), 0)[0][0])
