r"""Two exact facts beside networks for differential equations: a Green's function, and what scaling the input does to frequencies.

*Green* (MOD-Net, 2107.03673): u(x) = int_0^1 G(x, y) f(y) dy with G(x, y) = min(x, y) (1 - max(x, y)) solves -u'' = f, u(0) = u(1) = 0;
on a grid of n inner points h G(x_i, x_j) is the inverse of the matrix of -u'' by second differences, exactly. *Scaling* (multiscale
networks, 2112.06660): f(a x) has the Fourier transform fhat(k/a)/|a|, so a subnetwork that sees a x meets a frequency k as k/a.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.dynamics.arguments import integer


def green(x: Any, y: Any) -> Any:
    """G(x, y) = min(x, y) (1 - max(x, y)) for numbers in [0, 1] of any kind that compares; arrays broadcast.

    Raises ValueError for a number outside [0, 1].
    """
    x, y = np.asarray(x), np.asarray(y)
    for name, values in (("x", x), ("y", y)):
        if not all(0 <= value <= 1 for value in values.flat):
            raise ValueError(f"{name} must lie in [0, 1], got {[str(value) for value in values.flat][:3]}")
    return np.minimum(x, y) * (1 - np.maximum(x, y))


def green_pieces(x: Any, y: Any) -> tuple[Any, Any]:
    """G for y <= x and for y >= x as expressions: y (1 - x) and x (1 - y)."""
    return y * (1 - x), x * (1 - y)


def second_differences(points: int) -> np.ndarray:
    """The matrix (n, n) of -u'' by second differences at n inner points of [0, 1], zero at both ends, as Fractions.

    Raises ValueError for fewer than one point.
    """
    integer("points", points, 1)
    scale = (points + 1) ** 2
    eye = lambda k: np.eye(points, k=k, dtype=int)
    matrix = (2 * eye(0) - eye(1) - eye(-1)) * scale
    return np.array([[Fraction(int(entry)) for entry in row] for row in matrix], dtype=object)


def grid(points: int) -> np.ndarray:
    """The n inner points i/(n + 1) as Fractions. Raises ValueError for fewer than one point."""
    integer("points", points, 1)
    return np.array([Fraction(i, points + 1) for i in range(1, points + 1)], dtype=object)


def scaled_transform(transform: Any, a: Any, k: Any) -> Any:
    """fhat(k/a)/|a|, the Fourier transform of f(a x) at k from that of f, a callable. Raises ValueError for a = 0."""
    if a == 0:
        raise ValueError("a must not be 0: a constant has no transform that is a function")
    return transform(k / a) / abs(a)
