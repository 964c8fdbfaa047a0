"""Adam on the quadratic x^2/2: the step at which the preconditioned curvature passes the threshold 2/rate, proved in balls.

For k = 2 no ratio x'/x > 0 below 1 is kept: v falls like beta2^t at most, so 1/sqrt(v) grows until the step is unstable, which is a spike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.iterates import State, Undecided, adam, at_rest, iterate
from theory.dynamics.quadratic import corrected_sharpness


def effective_curvatures(
    states: Iterator[State], beta1: Any, beta2: Any, *, eps: Any = 0, correction: bool = True
) -> Iterator[tuple[int, Any]]:
    """(t, c_t/(sqrt(vhat_t) + eps)) at the steps t = 1, 2, ... of Adam on x^2/2, to be compared with 2/rate; ``states`` begin at rest."""
    next(states)
    for state in states:
        v = state.second / (1 - beta2**state.steps) if correction else state.second
        yield state.steps, corrected_sharpness(beta1, 1 / (v.sqrt() + eps), state.steps, correction=correction)


def crossing_time(
    beta1: str, beta2: str, rate: str, *, eps: str = "0", correction: bool = True, bits: int = 2000, most: int = 20_000
) -> int | None:
    """The first step, counted from 1, whose effective curvature exceeds 2/rate, from x = 1 at rest; None where none does within ``most``.

    Numbers are decimals in text. Raises Undecided where balls of ``bits`` bits do not decide, ValueError for a rate that is not positive,
    betas outside [0, 1) or a negative eps.
    """
    with working_precision(bits):
        b1, b2, eta, small = map(ball, (beta1, beta2, rate, eps))
        orbit = iterate(adam(eta, b1, b2, eps=small, bias_correction=correction), lambda x: x, at_rest(ball(1)), most)
        for t, curvature in effective_curvatures(orbit, b1, b2, eps=small, correction=correction):
            if curvature * eta > 2:
                return t
            if not curvature * eta <= 2:
                raise Undecided(f"balls of {bits} bits do not decide at step {t}; more may")
    return None
