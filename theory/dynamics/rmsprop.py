r"""RMSProp (Adam with beta1 = 0) on x^k/k: a map of one variable in the limit x -> 0.

u = eta x^(k-2)/sqrt(v) is the relative step, x' = (1 - u) x, and u' = g u (1 - u)^(k-2) with g = 1/sqrt(beta2) as x -> 0. The fixed point
u* = 1 - rho has the slope 1 - (k-2)(1/rho - 1), and |slope| < 1 exactly for rho > (k-2)/k, that is g < (k/(k-2))^(k-2).

*Period two.* Let u and v != u in (0, 1) be exchanged, a = 1 - u, b = 1 - v. The product of the two equations is ab = rho^2; with
a = rho tau, b = rho/tau the first one is rho = tau (tau^n - 1)/(tau^(n+2) - 1), n = k - 2. With tau = e^y the right-hand side is
sinh(n y/2)/sinh((n+2) y/2), which for y > 0 falls strictly from n/(n+2) to 0. So there is a 2-cycle in (0, 1) exactly for rho < (k-2)/k.

*Global.* For rho >= (k-2)/k the map takes [0, 1] to itself and has no point of period two, so every orbit in (0, 1) converges to a fixed
point (Coppel 1955), and not to 0, which repels: all of (0, 1) is attracted by u*, at rho = (k-2)/k too, though there not linearly.
An orbit of RMSProp itself that starts with 0 < u_0 < 1 (with v_0 = g_0^2: x_0 > eta) stays there and follows the map ever more closely.
From u_0 > 1 it may end on the 2-cycle |x| = eta/2, where u = 2. Source: arXiv:2603.09581, section 5.3; the period-two argument is ours.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def scalar_map(k: Any, g: Any, u: Any) -> Any:
    """u' = g u (1 - u)^(k-2)."""
    return g * u * (1 - u) ** (k - 2)


def scalar_fixed_point(k: Any, rho: Any) -> tuple[Any, Any]:
    """u* = 1 - rho and the slope 1 - (k-2)(1/rho - 1) of the map there."""
    return 1 - rho, 1 - (k - 2) * (1 / rho - 1)


def largest_gain(k: int) -> Fraction:
    """(k/(k-2))^(k-2): below this g the fixed point attracts linearly, up to it everything in (0, 1) converges to it."""
    return Fraction(k, k - 2) ** (k - 2)


def least_beta2(k: int) -> Fraction:
    """((k-2)/k)^(2(k-2)), where g is the largest gain."""
    return 1 / largest_gain(k) ** 2


def period_two_ratio(k: int, tau: Any) -> Any:
    """The rho for which the 2-cycle with 1 - u = rho tau, 1 - v = rho/tau exists: tau (tau^(k-2) - 1)/(tau^k - 1); tau > 1."""
    return tau * (tau ** (k - 2) - 1) / (tau**k - 1)
