r"""Orbits of Adam on x^k/k in floats, many at once, in coordinates that neither underflow nor overflow.

With u = rate l = rate x^(k-2)/sqrt(v), X = x/rate and w = m/x^(k-1) one step is r = 1 - w u, X' = r X, w' = beta1 w/r^(k-1) + 1 - beta1,
u' = u r^(k-2)/sqrt(beta2 + (1 - beta2) (u r^(k-1) X)^2): the rate is gone, and ln|x| is the sum of ln|r|.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.dynamics.adam import check_power

#: Below this |r| the step has met the minimum to all digits.
TINY = 1e-300


@dataclass(frozen=True)
class ManyOrbits:
    """Arrays of one shape: ``log_size`` ln|x| after the last step, ``slope`` its mean change per step over the second half, ``least`` the
    least ln|x|, ``beyond`` the share of steps with rate w l > 2, where x changes its sign and grows; ``history`` (times, ...) ln|x| at the
    times that were asked for.
    """

    log_size: np.ndarray
    slope: np.ndarray
    least: np.ndarray
    beyond: np.ndarray
    history: np.ndarray


def many_orbits(
    k: int, beta1: Any, beta2: Any, *, size: Any = 1000.0, rate: float = 1e-3, steps: int = 10_000, every: int = 0
) -> ManyOrbits:
    """Follow Adam from x = ``size`` times the rate with m = g, v = g^2; beta1, beta2 and size broadcast against each other.

    With ``every`` ln|x| is kept at the start and after every so many steps (0: not at all).

    Raises ValueError for k odd or below 4, betas outside [0, 1), beta2 = 0, sizes that are not positive, steps below 2, every below 0.
    """
    check_power(k)
    shape = np.broadcast_shapes(np.shape(beta1), np.shape(beta2), np.shape(size))
    b1, b2, X = (np.array(np.broadcast_to(part, shape), dtype=float).ravel() for part in (beta1, beta2, size))
    for name, bad in (
        ("beta1", ~((b1 >= 0) & (b1 < 1))),
        ("beta2", ~((b2 > 0) & (b2 < 1))),
        ("size", ~(X > 0)),
        ("steps", np.array(steps < 2)),
        ("every", np.array(every < 0)),
    ):
        if bad.any():
            raise ValueError(f"{name} lies outside its range: beta1 in [0, 1), beta2 in (0, 1), size > 0, steps >= 2, every >= 0")
    w, u, log = np.ones_like(X), 1 / X, np.log(X * rate)
    least, middle, beyond, history = log.copy(), log, np.zeros_like(X), [log] * bool(every)
    with np.errstate(all="ignore"):  # an orbit that meets r = 0 ends in infinities of its own
        for t in range(1, steps + 1):
            move = w * u
            beyond += move > 2
            r = 1 - move
            r = np.where(np.abs(r) < TINY, TINY, r)
            even = _even_power(r, k - 2)
            odd = even * r
            pull = u * odd * X
            w = b1 * w / odd + 1 - b1
            u = u * even / np.sqrt(b2 + (1 - b2) * pull * pull)
            X = r * X
            log = log + np.log(np.abs(r))
            np.minimum(least, log, out=least)
            if t == steps // 2:
                middle = log
            if every and t % every == 0:
                history.append(log)
    log_size, slope, lowest, share = (part.reshape(shape) for part in (log, (log - middle) / (steps - steps // 2), least, beyond / steps))
    return ManyOrbits(log_size, slope, lowest, share, np.array(history).reshape(len(history), *shape))


def _even_power(base: np.ndarray, exponent: int) -> np.ndarray:
    square = base * base
    power = square
    for _ in range(exponent // 2 - 1):
        power = power * square
    return power
