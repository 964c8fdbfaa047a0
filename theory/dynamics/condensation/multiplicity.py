"""The multiplicity of an activation at 0, exactly, from its differential system or its pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.activations import Activation, PiecewiseActivation, SmoothActivation, activation, smooth_activation

#: Derivatives are looked at up to this order; an analytic function all of whose derivatives vanish is constant.
MOST = 32


@dataclass(frozen=True)
class Origin:
    """sigma near 0: ``value`` = sigma(0), ``derivative`` = sigma^(p)(0) with p = ``multiplicity``.

    The next derivative that exists and is not 0, ``next``, is of order p + ``gap`` (None: there is none up to :data:`MOST`). Values are
    exact: sympy numbers, or Fractions of a piecewise polynomial.
    """

    value: Any
    multiplicity: int
    derivative: Any
    gap: int | None
    next: Any

    @property
    def offset(self) -> bool:
        """Whether sigma(0) != 0, so that a network of small weights has an output of first order."""
        return not _vanishes(self.value)


def multiplicity(sigma: Activation | str) -> int:
    """p = min{k >= 1: sigma^(k)(0) != 0} (arXiv:2105.11686, Definition 1); sigma(0) plays no role.

    Raises ValueError where there is none: ReLU has no derivative at 0, of a flat or constant function all vanish.
    """
    return origin(sigma).multiplicity


def origin(sigma: Activation | str) -> Origin:
    """Value, multiplicity, leading derivative and gap of ``sigma`` (an Activation or a name). Raises ValueError as :func:`multiplicity`."""
    sigma = activation(sigma)
    if isinstance(sigma, PiecewiseActivation):
        found = _of_derivatives(sigma, _derivatives_of_pieces(sigma))
        assert found is not None  # all derivatives were given
        return found
    smooth, order = smooth_activation(sigma), 4
    while True:
        found = _of_derivatives(sigma, _derivatives(smooth, order), last=order >= MOST)
        if found is not None:
            return found
        order *= 2


class _Series:
    """A power series in z with exact sympy coefficients, known up to the power len(coefficients) - 1."""

    def __init__(self, coefficients: list[Any]) -> None:
        self.coefficients = coefficients

    def _lifted(self, other: Any) -> list[Any]:
        import sympy

        if isinstance(other, _Series):
            return other.coefficients
        return [sympy.sympify(other), *[sympy.Integer(0)] * (len(self.coefficients) - 1)]

    def __add__(self, other: Any) -> _Series:
        return _Series([a + b for a, b in zip(self.coefficients, self._lifted(other), strict=True)])

    __radd__ = __add__

    def __neg__(self) -> _Series:
        return _Series([-a for a in self.coefficients])

    def __sub__(self, other: Any) -> _Series:
        return self + (-other)

    def __rsub__(self, other: Any) -> _Series:
        return -self + other

    def __mul__(self, other: Any) -> _Series:
        a, b = self.coefficients, self._lifted(other)
        import sympy

        return _Series([sympy.expand(sum(a[j] * b[k - j] for j in range(k + 1))) for k in range(len(a))])

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> _Series:
        return math.prod([self] * (exponent - 1), start=self)

    def __rtruediv__(self, other: Any) -> _Series:
        a, inverse = self.coefficients, []
        if a[0] == 0:
            raise ZeroDivisionError
        for k in range(len(a)):
            inverse.append(((1 if k == 0 else 0) - sum(a[j] * inverse[k - j] for j in range(1, k + 1))) / a[0])
        return _Series(inverse) * other

    def __truediv__(self, other: Any) -> _Series:
        return self * (1 / other)


def _derivatives(sigma: SmoothActivation, order: int) -> list[Any]:
    """sigma(0), ..., sigma^(order)(0) as sympy numbers: the Taylor series of the state, one coefficient after another."""
    import sympy

    zero = np.array([sympy.Integer(0)], dtype=object)
    try:
        state = [[sympy.sympify(function(zero)[0])] for function in sigma.state]
        for k in range(order + 1):
            z = _Series([sympy.Integer(int(j == 1)) for j in range(k + 1)])
            series = [_Series(coefficients) for coefficients in state]
            if k == order:
                break
            for coefficients, rate in zip(state, sigma.flow(z, series), strict=True):
                coefficients.append((z * 0 + rate).coefficients[k] / (k + 1))
        taylor = (z * 0 + sigma.output(z, series)).coefficients
    except ZeroDivisionError as error:
        raise ValueError(f"{sigma!r} must be analytic at 0 to have a multiplicity: its differential system divides by 0 there") from error
    if not all(value.is_finite for value in taylor):
        raise ValueError(f"{sigma!r} must be analytic at 0 to have a multiplicity, got Taylor coefficients {taylor}")
    return [value * sympy.factorial(k) for k, value in enumerate(taylor)]


def _derivatives_of_pieces(sigma: PiecewiseActivation) -> list[Fraction]:
    """sigma(0), sigma'(0), ... as far as they exist."""
    k = next((k for k, threshold in enumerate(sigma.breaks) if threshold >= 0), len(sigma.breaks))
    sides = sigma.pieces[k : k + 2] if k < len(sigma.breaks) and sigma.breaks[k] == 0 else sigma.pieces[k : k + 1]
    at_zero = [[Fraction(c) * math.factorial(k) for k, c in enumerate(piece)] for piece in sides]
    length = max(map(len, at_zero))
    left, *right = [values + [Fraction(0)] * (length - len(values)) for values in at_zero]
    if not right:
        return left
    exist = next((j for j in range(length) if left[j] != right[0][j]), length)
    if exist < 2:
        raise ValueError(f"{sigma!r} has no multiplicity: it has no derivative at 0, the slopes beside it are {left[1]} and {right[0][1]}")
    return left[:exist]


def _of_derivatives(sigma: Activation, values: list[Any], last: bool = True) -> Origin | None:
    """The origin as far as ``values`` tell; None where more derivatives may exist and are needed."""
    orders = [k for k in range(1, len(values)) if not _vanishes(values[k])]
    if len(orders) > 1 or orders and last:
        p = orders[0]
        gap, following = (orders[1] - p, values[orders[1]]) if len(orders) > 1 else (None, None)
        return Origin(values[0], p, values[p], gap, following)
    if not last:
        return None
    raise ValueError(f"{sigma!r} has no multiplicity: its derivatives at 0 vanish up to order {len(values) - 1}, as of a constant")


def _vanishes(value: Any) -> bool:
    if isinstance(value, Fraction | int):
        return value == 0
    known = value.is_zero
    known = value.equals(0) if known is None else known
    if known is None:
        raise ValueError(f"whether the derivative {value} at 0 vanishes could not be decided")
    return bool(known)
