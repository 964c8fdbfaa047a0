r"""Adam on L(x) = x^k/k with k even, eps = 0, no bias correction: the fixed point of linear convergence, and when it is stable.

One step is x' = x - eta m/sqrt(v), m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g^2 with g = x'^(k-1). In

    w = m/x^(k-1),   l = x^(k-2)/sqrt(v),   r = x'/x = 1 - eta w l

it reads w' = beta1 w/r^(k-1) + 1 - beta1 and l' = l r^(k-2)/sqrt(beta2 + (1 - beta2) l^2 r^(2(k-1)) x^2), so that as x -> 0 the pair
(w, l) moves by itself. Fixed points have r^(k-2) = sqrt(beta2): r = rho = beta2^(1/(2(k-2))), or r = -rho, where x changes its sign at
every step. Formulas take rho in place of beta2 = rho^(2(k-2)): with rho rational everything is.
Source: arXiv:2603.09581, Theorem 4.1 and equations 8 to 10; the alternating fixed point is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np


@dataclass(frozen=True)
class FixedPoint:
    """w and l at a fixed point of the limit x -> 0, and the ratio x'/x there."""

    w: Any
    l: Any
    ratio: Any


def check_power(k: Any) -> None:
    """Raises ValueError unless ``k`` is an even integer of at least 4: for k = 2 there is no fixed point, for odd k no minimum."""
    if not isinstance(k, int) or isinstance(k, bool) or k < 4 or k % 2:
        raise ValueError(f"k must be an even integer of at least 4 (the loss is x^k/k), got {k!r}")


def check_betas(beta1: Any = 0, beta2: Any = 0) -> None:
    """Raises ValueError unless both lie in [0, 1)."""
    for name, value in (("beta1", beta1), ("beta2", beta2)):
        if not (value >= 0 and value < 1):
            raise ValueError(f"{name} must lie in [0, 1), got {value}")


def ratio_of(k: int, beta2: Any) -> Any:
    """rho = beta2^(1/(2(k-2))) of floats, a ball or a sympy expression."""
    order = 2 * (k - 2)
    if hasattr(beta2, "root"):
        return beta2.root(order)
    return beta2 ** (1 / order) if isinstance(beta2, float | np.ndarray) else beta2 ** Fraction(1, order)


def beta2_of(k: Any, rho: Any) -> Any:
    """beta2 = rho^(2(k-2))."""
    return rho ** (2 * (k - 2))


def reduced_step(k: Any, beta1: Any, rho: Any, w: Any, l: Any, eta: Any = 1) -> tuple[Any, Any, Any]:
    """(w', l', r) after one step in the limit x -> 0."""
    r = 1 - eta * w * l
    return beta1 * w / r ** (k - 1) + 1 - beta1, l * (r / rho) ** (k - 2), r


def exists(k: int, beta1: Any, rho: Any) -> bool:
    """Whether there is a fixed point with l > 0 and a positive ratio: beta1 < rho^(k-1) (Theorem 4.1 (i)); 0 < rho < 1."""
    return bool(beta1 < rho ** (k - 1))


def fixed_point(k: Any, beta1: Any, rho: Any, eta: Any = 1, sign: int = 1) -> FixedPoint:
    """w* = (1 - beta1)/(1 - beta1 r^(1-k)), l* = (1 - r)/(eta w*) with r = rho, or r = -rho for ``sign`` -1.

    The second one is there for all beta1 and rho (k even) and never stable; the first one has l* > 0 where :func:`exists` says so.
    Raises ZeroDivisionError where beta1 = r^(k-1).
    """
    r = sign * rho
    w = (1 - beta1) / (1 - beta1 / r ** (k - 1))
    return FixedPoint(w, (1 - r) / (eta * w), r)


def trace_determinant(k: Any, beta1: Any, r: Any) -> tuple[Any, Any]:
    """Trace and determinant of the derivative of (w, l) -> (w', l') at the fixed point of ratio ``r``.

    det = beta1/r^k, tr = (k-1)(det + 1) - (k-2)(det r + 1/r), for r = rho and r = -rho alike (k even).
    """
    return trace_of(k, beta1 / r**k, r), beta1 / r**k


def trace_of(k: Any, det: Any, r: Any) -> Any:
    """The trace from the determinant ``det`` = beta1/r^k: no power of k is left."""
    return (k - 1) * (det + 1) - (k - 2) * (det * r + 1 / r)


def jury_forms(k: Any, beta1: Any, rho: Any) -> dict[str, Any]:
    """The three numbers that are positive exactly where both eigenvalues at the fixed point lie in the open unit disc, by name.

    They are 1 - det, 1 - tr + det and 1 + tr + det times a positive factor each: rho^k - beta1 (equation 8),
    rho^(k-1) - beta1 (existence), beta1 (k - (k-2) rho) - rho^(k-1) ((k-2) - k rho) (equation 9). A negative one means an eigenvalue
    outside the closed disc. Range: 0 < rho < 1, 0 <= beta1 < 1.
    """
    power = rho ** (k - 1)
    return {
        "1 - det": power * rho - beta1,
        "1 - trace + det": power - beta1,
        "1 + trace + det": beta1 * (k - (k - 2) * rho) - power * ((k - 2) - k * rho),
    }


def reduced_forms(k: Any, s: Any, rho: Any) -> dict[str, Any]:
    """The same signs in s = beta1/rho^k = det and rho in (0, 1), without a power of k: 1 - s, 1 - s rho, and
    rho (k + s (k - (k-2) rho)) - (k-2) = rho (1 + trace + det).
    """
    return {"1 - det": 1 - s, "1 - trace + det": 1 - s * rho, "1 + trace + det": rho * (k + s * (k - (k - 2) * rho)) - (k - 2)}


def is_stable(k: int, beta1: Any, rho: Any) -> bool:
    """Whether the fixed point exists and both eigenvalues lie in the open unit disc (Theorem 4.1 (ii), equations 8 and 9)."""
    return all(bool(form > 0) for form in jury_forms(k, beta1, rho).values())


def largest_beta1(k: int, rho: Any) -> Any:
    """Below this beta1 equation 8 holds: rho^k = beta2^(k/(2(k-2)))."""
    return rho**k


def least_beta1(k: int, rho: Any) -> Any:
    """Above this beta1 equation 9 holds: rho^(k-1) ((k-2) - k rho)/(k - (k-2) rho), negative for rho > (k-2)/k."""
    return rho ** (k - 1) * ((k - 2) - k * rho) / (k - (k - 2) * rho)


def hitting_time_slope(k: int, beta2: float) -> float:
    """Steps for each factor e by which |x| falls: 2(k-2)/(-ln beta2)."""
    import math

    return -2 * (k - 2) / math.log(beta2)


def jacobian_at_fixed_point() -> tuple[Any, dict[str, Any]]:
    """The 2x2 derivative J of :func:`reduced_step` where r^(k-2) = rho^(k-2), by sympy's differentiation for a symbolic k.

    The entries are rational functions of k, beta1, eta, w, r and P = r^k; eta w l = 1 - r removes l, and w stays free. The second value
    maps these names to their symbols. It holds for r = rho and, k being even, for r = -rho.
    """
    import sympy as sp

    names = ("k", "beta1", "eta", "w", "r", "P")
    k, beta1, eta, w, r, P = symbols = sp.symbols(names, nonzero=True)
    rho, l, ratio = sp.Symbol("rho", positive=True), sp.Symbol("l"), sp.Symbol("ratio")
    step = reduced_step(k, beta1, rho, w, l, eta)[:2]
    J = sp.Matrix(2, 2, lambda i, j: sp.diff(step[i], (w, l)[j]).subs(1 - eta * w * l, ratio))
    J = J.applyfunc(lambda entry: sp.expand_power_base(entry, force=True).subs({rho: r, ratio: r, l: (1 - r) / (eta * w)}))
    return J.applyfunc(lambda entry: in_powers(entry, r, k, P)), dict(zip(names, symbols, strict=True))


def in_powers(expression: Any, base: Any, k: Any, P: Any) -> Any:
    """``expression`` with every base^(k + c) written as P base^c, cancelled: it is 0 exactly if the expression vanishes for all values."""
    import sympy as sp

    def rewritten(power: Any) -> Any:
        exponent = sp.expand(power.exp)
        multiple = exponent.coeff(k)
        return P**multiple * base ** (exponent - multiple * k)

    plain = sp.expand_power_base(sp.powsimp(expression), force=True)
    plain = plain.replace(lambda node: node.is_Pow and node.base == base and node.exp.has(k), rewritten)
    return sp.cancel(sp.together(plain))
