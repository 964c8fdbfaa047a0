"""Orbits of first-order optimizers in any arithmetic: floats and arrays of them, rationals, balls.

A step takes the gradient g at x into the moments, then moves x: m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g^2,
x' = x - rate m'/(sqrt(v') + eps). Parameters are numbers of the same arithmetic as the start (ball("0.9") for balls), or integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np


@dataclass(frozen=True)
class State:
    """``point`` x with its moments m and v before the gradient there is taken in; ``steps`` made so far."""

    point: Any
    first: Any
    second: Any
    steps: int = 0


Gradient = Callable[[Any], Any]
Optimizer = Callable[[State, Gradient], State]


def at_rest(point: Any) -> State:
    """``point`` with zero moments, as optimizers start."""
    return State(point, 0 * point, 0 * point)


def warm(point: Any, gradient: Gradient) -> State:
    """``point`` with the moments m = g, v = g^2: the start without bias of arXiv:2603.09581 (m_0 = g_0, v_0 = g_0^2)."""
    g = gradient(point)
    return State(point, g, g * g)


def gradient_descent(rate: Any) -> Optimizer:
    """x' = x - rate g."""

    def step(state: State, gradient: Gradient) -> State:
        return replace(state, point=state.point - rate * gradient(state.point), steps=state.steps + 1)

    return step


def heavy_ball(rate: Any, momentum: Any) -> Optimizer:
    """m' = momentum m + g, x' = x - rate m'."""
    return _with_momentum(rate, momentum, 1)


def moving_average(rate: Any, beta1: Any) -> Optimizer:
    """m' = beta1 m + (1 - beta1) g, x' = x - rate m' (EMA momentum): the heavy ball of rate (1 - beta1) rate."""
    return _with_momentum(rate, beta1, 1 - beta1)


def _with_momentum(rate: Any, momentum: Any, share: Any) -> Optimizer:
    def step(state: State, gradient: Gradient) -> State:
        m = momentum * state.first + share * gradient(state.point)
        return State(state.point - rate * m, m, state.second, state.steps + 1)

    return step


def rmsprop(rate: Any, beta2: Any, *, eps: Any = 0) -> Optimizer:
    """Adam with beta1 = 0 and no bias correction."""
    return adam(rate, 0, beta2, eps=eps)


def adam(rate: Any, beta1: Any, beta2: Any, *, eps: Any = 0, bias_correction: bool = False) -> Optimizer:
    """Adam (arXiv:1412.6980), by default with eps = 0 and without bias correction.

    Raises ValueError for a rate that is not positive, betas outside [0, 1) or a negative eps, where these are certain to be so.
    """
    for name, value, good in (
        ("rate", rate, lambda value: not value <= 0),
        ("beta1", beta1, lambda value: not (value < 0 or value >= 1)),
        ("beta2", beta2, lambda value: not (value < 0 or value >= 1)),
        ("eps", eps, lambda value: not value < 0),
    ):
        if np.ndim(value) == 0 and (not good(value) or isinstance(value, float) and math.isnan(value)):
            wanted = {"rate": "positive", "eps": "0 or positive"}.get(name, "in [0, 1)")
            raise ValueError(f"{name} must be {wanted}, got {value}")

    def step(state: State, gradient: Gradient) -> State:
        g, steps = gradient(state.point), state.steps + 1
        m = beta1 * state.first + (1 - beta1) * g
        v = beta2 * state.second + (1 - beta2) * (g * g)
        mean, square = (m / (1 - beta1**steps), v / (1 - beta2**steps)) if bias_correction else (m, v)
        return State(state.point - rate * mean / (square_root(square) + eps), m, v, steps)

    return step


def iterate(optimizer: Optimizer, gradient: Gradient, start: State, steps: int | None = None) -> Iterator[State]:
    """The start and the states after 1, 2, ... (``steps`` at most) steps."""
    state = start
    yield state
    for _ in count() if steps is None else range(steps):
        state = optimizer(state, gradient)
        yield state


class Undecided(ArithmeticError):
    """A comparison that balls of this precision do not decide."""


def first_below(states: Iterable[State], bound: Any, of: Callable[[State], Any] = lambda state: abs(state.point)) -> int | None:
    """The first number of steps after which ``of`` (|x|) is at most ``bound``, a number of its arithmetic; None where no state is.

    In balls every comparison up to there is certain; raises :class:`Undecided` where one is not.
    """
    return first_where(states, lambda state: _at_most(of(state), bound))


def first_where(states: Iterable[State], decides: Callable[[State], bool | None]) -> int | None:
    """The first number of steps after which ``decides`` says True; None where it says False of all states.

    Raises :class:`Undecided` where it says None.
    """
    for state in states:
        found = decides(state)
        if found is None:
            raise Undecided(f"balls do not decide after {state.steps} steps; more bits may")
        if found:
            return state.steps
    return None


def _at_most(value: Any, bound: Any) -> bool | None:
    return True if value <= bound else False if value > bound else None


def square_root(value: Any) -> Any:
    """sqrt of floats, arrays of them and balls; of a flint rational where it is rational.

    Raises ArithmeticError for a rational that is no square.
    """
    from flint import fmpq

    if not isinstance(value, fmpq):
        return value.sqrt() if hasattr(value, "sqrt") else np.sqrt(value)
    roots = [math.isqrt(max(int(part), 0)) for part in (value.p, value.q)]
    if roots[0] ** 2 != value.p or roots[1] ** 2 != value.q:
        raise ArithmeticError(f"the root of {value} is no rational number; balls hold it")
    return fmpq(*roots)
