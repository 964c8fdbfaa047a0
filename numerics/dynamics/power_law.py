"""Certified bounds on how |x| falls under gradient descent and momentum on x^k/k, for all steps at once.

The argument is that of :mod:`theory.dynamics.power_law`: bounds at one step are bounds for all later ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.dynamics.iterates import at_rest, gradient_descent, heavy_ball, iterate, moving_average
from theory.dynamics.adam import check_power
from theory.dynamics.power_law import growth, limit_of_w, trapped_increments


@dataclass(frozen=True)
class PowerLaw:
    """y_t = x_t^(-(k-2)) grows by between ``low`` and ``high`` at every step after ``steps``, where it is ``y`` (balls).

    ``predicted`` is (k-2) eta w, which lies between them.
    """

    steps: int
    y: Any
    low: Any
    high: Any
    predicted: Any

    def size(self, k: int, t: int) -> tuple[Any, Any]:
        """Bounds on |x_t| for a step t >= ``steps``."""
        return tuple((self.y + rate * (t - self.steps)) ** (ball(-1) / (k - 2)) for rate in (self.high, self.low))


def power_law(method: str, k: int, rate: Any, mu: Any = 0, *, start: Any = 1, steps: int = 10_000, bits: int = 128) -> PowerLaw:
    """Follow "gradient descent", "heavy ball" or "moving average" from ``start`` with zero moments, then bound all later steps.

    Raises ValueError for k odd or below 4 and an unknown method, NotCertified where the bounds do not close.
    """
    check_power(k)
    with working_precision(bits):
        eta, mu = ball(rate), ball(mu)
        target = limit_of_w(method, mu)
        if method == "gradient descent":
            optimizer = gradient_descent(eta)
        else:
            optimizer = (heavy_ball if method == "heavy ball" else moving_average)(eta, mu)
        gradient = lambda x: x ** (k - 1)
        state = next(islice(iterate(optimizer, gradient, at_rest(ball(start))), steps, None))
        injection = 1 - mu if method == "moving average" else ball(1)
        w = 1 + 0 * mu if method == "gradient descent" else (mu * state.first + injection * gradient(state.point)) / gradient(state.point)
        y = state.point ** -(k - 2)
        for spread in ("1e-6", "1e-5", "1e-4", "1e-3", "1e-2", "1e-1"):
            low, high = target * (1 - ball(spread)), target * (1 + ball(spread))
            if w >= low and w <= high and (bounds := trapped_increments(k, eta, mu, injection, y, low, high)):
                return PowerLaw(steps, y, *bounds, growth(k, eta, target))
    raise NotCertified(f"after {steps} steps w is {w.str(6)} and may leave every interval around {target.str(6)} that was tried")
