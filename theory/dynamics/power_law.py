r"""Gradient descent and momentum on x^k/k: |x| falls like a power of the step, x_t ~ ((k-2) eta t/(1 - mu))^(-1/(k-2)).

Let n = k - 2, y = x^(-n) and x' = x - eta m', w = m'/x^(k-1). Then y' = y (1 - eta w/y)^(-n), and by convexity and the mean value theorem

    n eta w <= y' - y <= n eta w (1 - eta w/y)^(-(n+1)).

Gradient descent has w = 1. For the heavy ball w' = mu w/r^(k-1) + 1 with r = x'/x = 1 - eta w/y: once w lies in [low, high], where
low <= 1/(1 - mu) and mu high/R^(k-1) + 1 <= high with R = 1 - eta high/y, it stays there, since y only grows. For the moving average
m' = mu m + (1 - mu) g the 1 is 1 - mu. So bounds at one step are bounds for all later ones, and as y grows they close in on
w = 1/(1 - mu), or 1. Source: arXiv:2603.09581, Theorems 5.1 and 5.3; the bounds, and the two factors told apart, are ours.
"""

from __future__ import annotations

from typing import Any


def limit_of_w(method: str, mu: Any) -> Any:
    """The limit of w = m/x^(k-1): 1, 1/(1 - mu) or 1 for "gradient descent", "heavy ball", "moving average"."""
    from theory.dynamics.quadratic import METHODS

    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return 1 / (1 - mu) if method == "heavy ball" else 1 + 0 * mu


def growth(k: Any, eta: Any, w: Any) -> Any:
    """(k-2) eta w, the limit of the increments of y = x^(-(k-2)), hence of y/t."""
    return (k - 2) * eta * w


def prefactor(k: int, eta: float, w: float) -> float:
    """The limit of |x_t| t^(1/(k-2))."""
    return float(growth(k, eta, w)) ** (-1 / (k - 2))


def trapped_increments(k: int, eta: Any, mu: Any, injection: Any, y: Any, low: Any, high: Any) -> tuple[Any, Any] | None:
    """Bounds on y' - y at this and all later steps, where w lies in [``low``, ``high``] and y = x^(-(k-2)) now; None where w may leave.

    ``injection`` is 1 for the heavy ball (and gradient descent, mu = 0), 1 - mu for the moving average. All comparisons must be certain:
    balls may be passed.
    """
    n, R = k - 2, 1 - eta * high / y
    stays = R > 0 and low > 0 and mu * low + injection >= low and mu * high / R ** (k - 1) + injection <= high
    return (n * eta * low, n * eta * high / R ** (n + 1)) if stays else None
