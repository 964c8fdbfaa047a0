r"""Single runs of Adam on x^k/k, and on x^k (1 + h(x))/k, proved to end at the minimum or on the 2-cycle.

*Minimum.* With w* and l* of :mod:`theory.dynamics.adam`, omega = w/w*, ell = l/l*, xi = l* x and gradient x^(k-1) p(x), p(0) = 1,

    r = 1 - (1 - rho) omega ell,   xi' = r xi,   omega' = beta1 omega/r^(k-1) + (1 - beta1/rho^(k-1)) p(x'),
    ell' = ell (r/rho)^(k-2)/sqrt(1 + (1 - beta2)/beta2 (ell r^(k-1) xi p(x'))^2)

has the fixed point (1, 1, 0), where r = rho. An orbit that converges to it has x -> 0 and x'/x -> rho.

*Cycle.* With x = (-1)^t A (1 + a), m = (-1)^t M (1 + mu), v = G^2 (1 + nu) at the 2-cycle of :mod:`theory.dynamics.adam_cycle`,

    a' = 2 (1 + mu)/sqrt(1 + nu) - 2 - a,   mu' = (1 + beta1)(1 + a')^(k-1) - beta1 (1 + mu) - 1,
    nu' = beta2 (1 + nu) + (1 - beta2)(1 + a')^(2(k-1)) - 1

has the fixed point 0. Neither map knows eta, except through p.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.derivatives.dual import compose
from numerics.dynamics.adam_linearization import power
from numerics.dynamics.iterates import State, adam, first_below, iterate, square_root, warm
from numerics.dynamics.trapping import Trap, trap
from theory.dynamics.adam import check_betas, check_power, fixed_point
from theory.dynamics.adam_cycle import cycle_state


@dataclass(frozen=True)
class Run:
    """Adam from ``start`` with m = g, v = g^2, eps = 0, no bias correction; numbers as decimals or fractions in text.

    The gradient is x^(k-1) (1 + ``factor``[0] x + ``factor``[1] x^2 + ...). Raises ValueError for k odd or below 4, betas outside [0, 1),
    beta2 = 0, a rate that is not positive, or a start at 0.
    """

    k: int
    beta1: str
    beta2: str
    rate: str = "0.001"
    start: str = "1"
    factor: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_power(self.k)
        for name in ("beta1", "beta2", "rate", "start"):
            object.__setattr__(self, name, str(getattr(self, name)))
        object.__setattr__(self, "factor", tuple(map(str, self.factor)))
        with working_precision(64):
            check_betas(ball(self.beta1), ball(self.beta2))
            for name, bad in (("beta2", not ball(self.beta2) > 0), ("rate", not ball(self.rate) > 0), ("start", ball(self.start) == 0)):
                if bad:
                    raise ValueError(f"{name} must be {'different from 0' if name == 'start' else 'positive'}, got {getattr(self, name)}")

    def gradient(self, x: Any) -> Any:
        """The gradient at a ball."""
        return x ** (self.k - 1) * self.share(x)

    def share(self, x: Any) -> Any:
        """p(x) = gradient/x^(k-1), of a ball or a dual."""
        value = 0 * x
        for coefficient in reversed(self.factor):
            value = (value + ball(coefficient)) * x
        return value + 1

    def states(self) -> Iterator[State]:
        """The states of the run in balls of the working precision, without end."""
        optimizer = adam(ball(self.rate), ball(self.beta1), ball(self.beta2))
        return iterate(optimizer, self.gradient, warm(ball(self.start), self.gradient))

    def certificate(self) -> dict[str, Any]:
        """What the run is, as plain data."""
        data = {"k": self.k, "beta1": self.beta1, "beta2": self.beta2, "rate": self.rate, "start": self.start}
        return data | ({"factor": list(self.factor)} if self.factor else {})

    def moments(self, state: State) -> tuple[Any, Any]:
        """m and v after the gradient at the state's point was taken in."""
        b1, b2, g = ball(self.beta1), ball(self.beta2), self.gradient(state.point)
        return b1 * state.first + (1 - b1) * g, b2 * state.second + (1 - b2) * g * g


class Minimum:
    """The map of a run near the minimum, in (omega - 1, ell - 1, xi)."""

    limit = "minimum"

    def __init__(self, run: Run) -> None:
        self.run = run
        self.beta1, self.beta2 = ball(run.beta1), ball(run.beta2)
        self.rho = self.beta2.root(2 * (run.k - 2))
        self.fixed = fixed_point(run.k, self.beta1, self.rho, ball(run.rate))

    def step(self, z: np.ndarray) -> list[Any]:
        """The next point, of balls or duals."""
        k, rho, omega, ell, xi = self.run.k, self.rho, z[0] + 1, z[1] + 1, z[2]
        r = 1 - omega * ell * (1 - rho)
        even = power(r, k - 2)
        last = r * even
        share = self.run.share(r * xi / self.fixed.l)
        pull = ell * last * xi * share
        root = compose(pull * pull * ((1 - self.beta2) / self.beta2) + 1, square_root, lambda s: 1 / (2 * s.sqrt()))
        return [
            omega * self.beta1 / last + share * (1 - self.beta1 / rho ** (k - 1)) - 1,
            ell * even / rho ** (k - 2) / root - 1,
            r * xi,
        ]

    def point(self, state: State) -> np.ndarray:
        """The coordinates of a state."""
        x, k = state.point, self.run.k
        m, v = self.run.moments(state)
        power = x ** (k - 2)
        return np.array([m / (x * power) / self.fixed.w - 1, power / v.sqrt() / self.fixed.l - 1, self.fixed.l * x], dtype=object)


class Cycle:
    """The map of a run (without ``factor``) near the 2-cycle, in (a, mu, nu)."""

    limit = "2-cycle"

    def __init__(self, run: Run) -> None:
        if run.factor:
            raise ValueError(f"factor must be empty for the 2-cycle, which is exact for x^k/k alone, got {run.factor}")
        self.run = run
        self.beta1, self.beta2 = ball(run.beta1), ball(run.beta2)
        self.fixed = cycle_state(run.k, self.beta1, ball(run.rate))

    def step(self, z: np.ndarray) -> list[Any]:
        """The next point, of balls or duals."""
        root = compose(z[2] + 1, square_root, lambda s: 1 / (2 * s.sqrt()))
        a = (z[1] + 1) * 2 / root - 2 - z[0]
        g = power(a + 1, self.run.k - 1)
        return [
            a,
            g * (1 + self.beta1) - (z[1] + 1) * self.beta1 - 1,
            (z[2] + 1) * self.beta2 + g * g * (1 - self.beta2) - 1,
        ]

    def point(self, state: State) -> np.ndarray:
        """The coordinates of a state, in the frame where x > 0."""
        m, v = self.run.moments(state)
        x, m = (state.point, m) if state.point > 0 else (-state.point, -m)
        return np.array([x / self.fixed[0] - 1, m / self.fixed[1] - 1, v / self.fixed[2] - 1], dtype=object)


def trapped(
    run: Run, limit: type[Minimum] | type[Cycle] = Minimum, *, radius: str | None = None, bits: int = 600, most: int = 20_000
) -> Trap:
    """Proof that ``run`` ends at ``limit``.

    Raises NotCertified where the limit does not attract, or the run is not near it within ``most`` steps.
    """
    with working_precision(bits):
        near = limit(run)
        return trap(near.step, run.states(), ["0", "0", "0"], point=near.point, radius=radius, bits=bits, most=most)


def trap_certificate(run: Run, found: Trap, limit: type[Minimum] | type[Cycle] = Minimum) -> dict[str, Any]:
    """The certificate of kind "contraction trap" (docs/certificates.md)."""
    return {"kind": "contraction trap", "limit": limit.limit, "run": run.certificate(), **found.certificate()}


@dataclass(frozen=True)
class Settled:
    """For all t >= ``steps``: | ln|x_t| - ``log`` + (t - ``steps``) ``speed`` | <= ``drift`` (balls), speed = ln(1/rho)."""

    steps: int
    log: Any
    speed: Any
    drift: Any

    def first_below(self, bound: Any) -> tuple[int, int]:
        """Numbers between which the first step lies after which |x| is at most ``bound``, a decimal below |x| at ``steps``."""
        distance = self.log - ball(bound).log()
        if not distance - self.drift > 0:
            raise ValueError(f"bound must lie below |x| after {self.steps} steps, by more than the drift, got {bound}")
        ends = [(distance + side * self.drift) / self.speed for side in (-1, 1)]
        return self.steps + int(ends[0].lower().floor().unique_fmpz()), self.steps + int(ends[1].upper().ceil().unique_fmpz())


def settled(run: Run, found: Trap) -> Settled:
    """How closely |x| follows rho^t once the ``run`` is trapped at the minimum: the O(1) of the hitting times, for all of them at once.

    On the region |ln r - ln rho| <= L |y| with L the largest |grad ln r . V|, and |y| falls like norm^t, so the sum is at most
    L radius/(1 - norm).
    """
    with working_precision(found.bits):
        near, region = Minimum(run), found.region
        hull, V, q = region.hull(), balls(region.basis), ball(region.norm)
        r = 1 - (hull[0] + 1) * (hull[1] + 1) * (1 - near.rho)
        slope = np.array([hull[1] + 1, hull[0] + 1, ball(0)], dtype=object) * ((1 - near.rho) / r) @ V
        drift = (slope @ slope).sqrt() * ball(region.radius) / (1 - q)
        state = next(islice(run.states(), found.steps, None))
        return Settled(found.steps, abs(state.point).log(), -near.rho.log(), drift.upper())


def hitting_times(run: Run, bounds: Sequence[Any], *, bits: int = 700, most: int = 20_000) -> list[int]:
    """For each of ``bounds`` (decimals, falling) the first number of steps after which |x| is at most it; every comparison is certain.

    Raises Undecided where balls of ``bits`` bits do not decide, ValueError where a bound is not positive or not
    reached within ``most`` steps.
    """
    with working_precision(bits):
        for bound in bounds:
            if not ball(bound) > 0:
                raise ValueError(f"bounds must be positive, got {bound}")
        states, found = run.states(), []
        waiting = next(states)
        for bound in map(ball, bounds):
            steps = first_below(_up_to(waiting, states, most), bound)
            if steps is None:
                raise ValueError(f"bounds must be reached within {most} steps, got {bound.str(6)}, which is not")
            found.append(steps)
        return found


def _up_to(first: State, states: Iterator[State], most: int) -> Iterator[State]:
    yield first
    for state in states:
        if state.steps > most:
            return
        yield state
