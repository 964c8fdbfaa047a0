"""A-priori boxes: sets of balls that are proved to hold a flow during a step, from its Taylor coefficients or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class Flow(Protocol):
    """A vector field in balls, with the Taylor coefficients of its solutions."""

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """The field at a box theta (P,)."""
        ...

    def taylor(self, theta: np.ndarray, order: int) -> list[list[Any]]:
        """Taylor coefficients 0 .. ``order`` of the solution through every point of the box theta, one list per parameter."""
        ...


class Descent(Flow, Protocol):
    """The flow of a gradient: its derivative is symmetric."""

    def derivative(self, theta: np.ndarray) -> np.ndarray:
        """The derivative (P, P) at a box theta."""
        ...


def polynomial(coefficients: Sequence[Any], last: Any, time: Any) -> Any:
    """sum_k c_k time^k of ``coefficients``, and ``last`` with the next power, by Horner."""
    for c in reversed(coefficients):
        last = last * time + c
    return last


def first_order(field: Flow, theta: np.ndarray, h: Any, attempts: int = 4) -> np.ndarray | None:
    """A box B that holds the flow from the box ``theta`` during [0, h], as theta + [0, h] F(B) is inside it, or None.

    Steps are short: of the order of 1/L, with the Lipschitz constant L that F has in balls.
    """
    from flint import arb

    during = arb(0).union(h)
    guess = np.array([p + during * q for p, q in zip(theta, field(theta), strict=True)], dtype=object)
    for _ in range(attempts):
        widened = np.array([p + arb(0, (p.rad() * 0.3 + arb("1e-30")).upper()) for p in guess], dtype=object)
        image = [p + during * q for p, q in zip(theta, field(widened), strict=True)]
        if all(q.is_finite() and p.contains_interior(q) for p, q in zip(widened, image, strict=True)):
            return widened
        guess = np.array([p.union(q) for p, q in zip(widened, image, strict=True)], dtype=object)
    return None


def high_order(field: Flow, coefficients: Sequence[Sequence[Any]], h: Any, order: int, room: float) -> tuple[np.ndarray, np.ndarray] | None:
    """(box, end): a box B that holds the solution with these ``coefficients`` at 0 during [0, h], and where it is at h, or None.

    With N = ``order``, sum_(k<N) c_k [0, h]^k + [0, h]^N c_N(B) inside B (Corliss and Rihm 1996): while the solution is in B, Taylor's
    theorem keeps it there. B is the range of the sum and ``room`` around it. Steps are as long as the series in balls allow.
    """
    from flint import arb

    during = arb(0).union(h)
    along = [polynomial(component[:order], arb(0), during) for component in coefficients]
    # radii have thirty bits: a millionth more is seen, `room` alone may not be
    box = np.array([p + arb(0, (p.rad() * 1e-6 + room).upper()) for p in along], dtype=object)
    rests = [component[order] for component in field.taylor(box, order)]
    inside = (p + during**order * rest for p, rest in zip(along, rests, strict=True))
    if not all(q.is_finite() and p.contains_interior(q) for p, q in zip(box, inside, strict=True)):
        return None
    return box, np.array([polynomial(c[:order], rest, h) for c, rest in zip(coefficients, rests, strict=True)], dtype=object)
