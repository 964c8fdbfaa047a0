r"""Fractional derivatives in time, in closed form: what a Laplace transform makes of them (2304.00909), and relaxation (2211.12018).

For 0 < alpha < 1 the Caputo derivative is D^alpha u (t) = 1/Gamma(1 - alpha) int_0^t (t - r)^(-alpha) u'(r) dr. It takes t^beta to
Gamma(beta + 1)/Gamma(beta + 1 - alpha) t^(beta - alpha) for beta > 0 and constants to 0, and

    L{D^alpha u}(s) = s^alpha U(s) - s^(alpha - 1) u(0).

D^alpha u = -lam u, u(0) = 1 is solved by the Mittag-Leffler function E_alpha(-lam t^alpha) = sum_k (-lam t^alpha)^k/Gamma(alpha k + 1),
of transform s^(alpha - 1)/(s^alpha + lam). A *fractional series* is a list of coefficients c_k of t^(alpha k).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from theory.dynamics.arguments import above, at_least


def check_order(alpha: Any) -> Any:
    """``alpha`` itself. Raises ValueError unless 0 < alpha < 1: at 1 the derivative is the ordinary one, and at 0 none."""
    if not getattr(alpha, "free_symbols", None) and not 0 < alpha < 1:
        raise ValueError(f"alpha must lie strictly between 0 and 1, got {alpha!r}")
    return alpha


def caputo_power(beta: Any, alpha: Any, gamma: Callable[[Any], Any] = math.gamma) -> Any:
    """The factor of t^(beta - alpha) in D^alpha t^beta: 0 for beta = 0. ``gamma``: the gamma function of the arithmetic at hand.

    Raises ValueError for an order outside (0, 1) and for a beta below 0.
    """
    check_order(alpha)
    at_least("beta", beta, 0)
    if not getattr(beta, "free_symbols", None) and beta == 0:
        return 0
    return gamma(beta + 1) / gamma(beta + 1 - alpha)


def laplace_power(beta: Any, s: Any, gamma: Callable[[Any], Any] = math.gamma) -> Any:
    """The Laplace transform Gamma(beta + 1)/s^(beta + 1) of t^beta. Raises ValueError unless beta > -1 and s > 0."""
    above("beta", beta, -1)
    above("s", s, 0)
    return gamma(beta + 1) / s ** (beta + 1)


def caputo_transform(U: Any, start: Any, s: Any, alpha: Any) -> Any:
    """s^alpha U(s) - s^(alpha - 1) u(0). Raises ValueError for an order outside (0, 1) and s <= 0."""
    check_order(alpha)
    above("s", s, 0)
    return s**alpha * U - s ** (alpha - 1) * start


def relaxation_transform(lam: Any, s: Any, alpha: Any) -> Any:
    """s^(alpha - 1)/(s^alpha + lam), the transform of E_alpha(-lam t^alpha).

    Raises ValueError for an order outside (0, 1), lam < 0 and s <= 0.
    """
    check_order(alpha)
    above("s", s, 0)
    at_least("lam", lam, 0)
    return s ** (alpha - 1) / (s**alpha + lam)


def l1_derivative(values: Any, step: float, alpha: float) -> float:
    """The L1 scheme for D^alpha u at the last of n + 1 equidistant times from 0: u is taken linear in between. ``values`` (n + 1,).

    Raises ValueError for fewer than two values, values that are not finite, a step that is not positive, and an order outside (0, 1).
    """
    u = np.asarray(values, dtype=float)
    if u.ndim != 1 or len(u) < 2:
        raise ValueError(f"values must be at least two numbers, got shape {u.shape}")
    if not np.isfinite(u).all():
        raise ValueError(f"values must be finite, got {u[~np.isfinite(u)][0]}")
    check_order(alpha)
    above("step", step, 0)
    n = len(u) - 1
    k = np.arange(n)
    weights = (n - k) ** (1 - alpha) - (n - k - 1) ** (1 - alpha)
    return float(step**-alpha / math.gamma(2 - alpha) * (weights * np.diff(u)).sum())


def l1_error(bend: float, step: float, alpha: float) -> float:
    """A bound of the L1 scheme's error for |u''| <= ``bend``: step^(2 - alpha) bend (1/8 + 1/(2 (1 - alpha)))/Gamma(1 - alpha).

    By parts the error is alpha int (t - r)^(-alpha - 1) (u - Pi u) dr before the last step, |u - Pi u| <= step^2 bend/8 there, and in the
    last step int (t - r)^(-alpha) (u' - slope) dr, |u' - slope| <= step bend/2. Raises ValueError for an order outside (0, 1), a negative
    bend or a step that is not positive.
    """
    check_order(alpha)
    above("step", step, 0)
    at_least("bend", bend, 0)
    return step ** (2 - alpha) * bend * (1 / 8 + 1 / (2 * (1 - alpha))) / math.gamma(1 - alpha)
