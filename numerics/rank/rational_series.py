"""Power series in one variable over the rationals, and activations of them: exact coefficients of a network at theta = epsilon theta_1.

The pre-activations of such a network vanish at epsilon = 0, where the state of many activations is rational (tanh: 0, sigmoid: 1/2);
its differential system then gives every coefficient. Built on :mod:`numerics.rank.series`, whose series are modulo a prime.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from numerics.arithmetic.exact import NoExactValue, rational, rationals
from numerics.rank.series import Series, solve
from theory.elementary import entrywise


class RationalSeriesArray(np.ndarray):
    """An object array of Series over Q without constant term where an activation meets them."""

    def state_of(self, activation: Any) -> list[RationalSeriesArray]:
        """The state v(z) of ``activation`` at every entry z. Raises NoExactValue where the state at 0 is not rational or z(0) is not 0."""
        start = _state_at_zero(activation)
        columns = [np.empty(self.size, dtype=object) for _ in start]
        for place, z in enumerate(self.flat):
            if z.polynomial[0] != 0:
                raise NoExactValue(f"a series must start with 0 where {activation!r} meets it, got {z.polynomial[0]}")
            for column, entry in zip(columns, solve(activation, z, start), strict=True):
                column[place] = entry
        return [column.reshape(self.shape).view(RationalSeriesArray) for column in columns]


@cache
def _state_at_zero(activation: Any) -> tuple[Any, ...]:
    import sympy

    zero, values = np.array([sympy.Integer(0)], dtype=object), []
    for function in activation.state:
        value = sympy.sympify(function(zero)[0])
        if not value.is_Rational:
            raise NoExactValue(f"the state of {activation!r} at 0 must be rational, got {value}")
        values.append(rational(value))
    return tuple(values)


def along_ray(theta: Any, order: int) -> RationalSeriesArray:
    """epsilon * theta for rational ``theta`` (...), as series known up to (excluding) the power ``order``."""
    from flint import fmpq_poly

    lift = lambda value: Series(fmpq_poly([0, value]), order)
    return entrywise(lift, rationals(theta)).view(RationalSeriesArray)


def constants(values: Any, order: int) -> RationalSeriesArray:
    """Rational ``values`` (...) as constant series."""
    from flint import fmpq_poly

    lift = lambda value: Series(fmpq_poly([value]), order)
    return entrywise(lift, rationals(values)).view(RationalSeriesArray)


def coefficients(series: Any, order: int) -> np.ndarray:
    """Coefficients of the powers 0 .. ``order`` - 1 of every entry, fmpq of shape (..., order)."""
    entries = np.asarray(series, dtype=object)
    table = np.empty((*entries.shape, order), dtype=object)
    for place in np.ndindex(entries.shape):
        polynomial = getattr(entries[place], "polynomial", None)
        row = [rational(entries[place])] if polynomial is None else polynomial.coeffs()
        table[place] = [*row, *[rational(0)] * (order - len(row))]
    return table


def gradient_along_ray(model: Any, theta: Any, x: Any, y: Any, *, order: int) -> np.ndarray:
    """Minus the gradient of (1/2n) sum_i (f(x_i) - y_i)^2 at epsilon ``theta`` (P,): coefficients (P, ``order``) of its power series.

    ``x`` (n, inputs), ``y`` (n, outputs). Raises NoExactValue where the activation's state at 0 is not rational.
    """
    return gradient_of_series(model, along_ray(theta, order), x, y, order=order)


def gradient_of_series(model: Any, theta: RationalSeriesArray, x: Any, y: Any, *, order: int) -> np.ndarray:
    """The same for parameters ``theta`` (P,) that are series; the pre-activations must vanish at epsilon = 0."""
    from numerics.derivatives.tape import tangents

    values, jacobian = tangents(model, theta.view(RationalSeriesArray), constants(x, order))
    residuals = constants(y, order) - values
    samples = len(residuals)
    pull = (residuals[..., None] * jacobian).reshape(-1, model.n_params).sum(axis=0)
    return coefficients(pull, order) / samples
