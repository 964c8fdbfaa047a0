"""Exact characteristic polynomials of one step of Adam on x^k/k at its fixed point and on its 2-cycle, at rational parameters.

The derivative is taken by forward duals over the rationals, from the step itself: no formula of :mod:`theory.dynamics` for a trace, a
determinant or a coefficient is used.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rational
from numerics.derivatives.dual import compose, jacobian_of
from numerics.dynamics.iterates import square_root
from theory.dynamics.adam import fixed_point


def minimum_polynomial(k: int, beta1: Fraction, rho: Fraction, sign: int = 1) -> list[Any]:
    """Coefficients (constant first) at the fixed point of ratio ``sign`` rho, in (w, l) and the limit x -> 0; rate 1.

    Raises ZeroDivisionError where there is no fixed point, beta1 = ratio^(k-1).
    """
    beta1, rho = rational(beta1), rational(rho)
    point = fixed_point(k, beta1, rho, rational(1), sign)

    def step(z: np.ndarray) -> list[Any]:
        r = 1 - z[0] * z[1]
        return [z[0] * beta1 / power(r, k - 1) + (1 - beta1), z[1] * power(r, k - 2) / rho ** (k - 2)]

    return _polynomial(step, [point.w, point.l])


def cycle_polynomial_of_the_step(k: int, beta1: Fraction, beta2: Fraction) -> list[Any]:
    """Coefficients (constant first) at the 2-cycle, in (x, m, v) over their values there, in the frame that alternates."""
    beta1, beta2 = rational(beta1), rational(beta2)
    share = (1 - beta1) / (1 + beta1)  # m over the gradient

    def step(z: np.ndarray) -> list[Any]:
        # x in units of A = rate share/2, g and v in those of the gradient: rate m/sqrt(v) = 2A m/sqrt(v)
        x = z[1] * 2 / compose(z[2], square_root, lambda v: 1 / (2 * square_root(v))) - z[0]
        g = power(x, k - 1)
        return [x, (g * (1 - beta1) - z[1] * (beta1 * share)) / share, z[2] * beta2 + g * g * (1 - beta2)]

    return _polynomial(step, [rational(1)] * 3)


def power(base: Any, exponent: int) -> Any:
    """base^exponent of numbers and duals; exponent >= 1."""
    return compose(base, lambda z: z**exponent, lambda z: exponent * z ** (exponent - 1))


def _polynomial(step: Any, at: list[Any]) -> list[Any]:
    from flint import fmpq_mat

    point = np.empty(len(at), dtype=object)
    point[:] = at
    return fmpq_mat(len(at), len(at), jacobian_of(step)(point).ravel().tolist()).charpoly().coeffs()
