r"""A toy of progressive sharpening: L(x, y) = lambda(y) x^2/2 + c (y - y*)^2/2, lambda(y) = a + b y, b > 0.

Down the valley x = 0 the loss falls while the sharpness lambda grows up to lambda(y*): the lower the loss, the sharper (arXiv:2305.12133).
Gradient descent has x' = (1 - eta lambda) x and y' = y - eta (b x^2/2 + c (y - y*)). Once lambda(y*) > 2/eta, |x| grows at every step near
the minimum (0, y*), so no orbit converges there but those that meet x = 0 exactly. The toy is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sharpening:
    """The loss with sharpness a + b y and a valley of curvature ``c`` whose lowest point is y = ``target``."""

    a: Any = 1
    b: Any = 1
    c: Any = 1
    target: Any = 4

    def sharpness(self, y: Any) -> Any:
        """lambda(y) = a + b y, the curvature across the valley."""
        return self.a + self.b * y

    def loss(self, x: Any, y: Any) -> Any:
        """L(x, y)."""
        return (self.sharpness(y) * x * x + self.c * (y - self.target) ** 2) / 2

    def gradient(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The partial derivatives in x and y."""
        return self.sharpness(y) * x, self.b * x * x / 2 + self.c * (y - self.target)
