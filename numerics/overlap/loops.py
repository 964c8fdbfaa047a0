"""Closing chains of limits of one neuron with two or more inputs, searched for from many starts with few steps.

A start w_0, a circle of weights and a first input x = c (w - w_0) are drawn; the output weight of the first limit follows from x. What the
walk round the circle gains, a detour out and back must lose, so that of the two senses one is right wherever the walk gains more than its
corners cost. Few steps are quick to prove, and more of them cost less.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified
from numerics.overlap import cycles
from numerics.overlap.first_integral import Reach
from numerics.overlap.found import NO_PROOF, NotFound, Overlap, Watch, decimals
from theory.activations import SmoothActivation

#: Rounds of the search: (steps of the loop, places tried).
ROUNDS = ((16, 200), (32, 100), (64, 100))
#: The longest detour: longer ones leave the place where the chain was seen to be provable.
LONGEST_DETOUR = 0.1


@dataclass(frozen=True)
class Place:
    """Where a loop is tried: the start (w0, a0), the circle, its sense, the first output weight ``a`` and the factor ``c`` of the first
    input.
    """

    w0: tuple[float, float]
    a0: float
    centre: tuple[float, float]
    radius: float
    steps: int
    a: float
    c: float

    def weights(self, clockwise: bool) -> list[tuple[str, str]]:
        """The corners, the last equal to the first."""
        return cycles.circle(self.centre, self.radius, self.steps, clockwise=clockwise)


def places(sigma: SmoothActivation, seed: int, start: Sequence[float] | None = None) -> Iterator[Place]:
    """Random places with few steps, then with more; the first corner of each is a limit in floating point.

    Weights lie in the plane of the first two coordinates, ``start`` is (two weights, a_0) where it is given.
    """
    rng = np.random.default_rng(seed)
    for steps, count in ROUNDS:
        found = 0
        for _ in range(20 * count):
            w0, move, a0 = np.round(rng.normal(0, 1.2, 2), 2), np.round(rng.normal(0, 1.0, 2), 2), 1.0
            if start is not None:
                w0, a0 = np.array(start[:2]), start[2]
            radius, longest = float(rng.choice([0.01, 0.03, 0.1, 0.2])), float(np.exp(rng.normal(0, 0.6)))
            centre = np.round(w0 + move, 2)
            if np.linalg.norm(move) < 2 * radius:
                continue
            first = (float(centre[0]) + radius, float(centre[1]))
            rates = [abs(float(weights @ (np.array(first) - w0))) for weights in (w0, np.array(first))]
            c = longest / max(*rates, 1e-3)  # pre-activations of about 1, where activations bend
            with np.errstate(all="ignore"):
                gain = -float(Reach(sigma, a0, w0, a0, first).psi_float(np.array(c)))
            square = a0 * a0 + 2 * gain / (c * c * float(((np.array(first) - w0) ** 2).sum()))
            if not 0.04 < square < 100:
                continue
            a = math.copysign(round(math.sqrt(square), 5), a0)
            yield Place((float(w0[0]), float(w0[1])), a0, (float(centre[0]), float(centre[1])), radius, steps, a, c)
            found += 1
            if found == count:
                break


def find_loop(
    sigma: SmoothActivation, *, inputs: int = 2, start: Sequence[Any] | None = None, seed: int = 0, watch: Watch | None = None
) -> Overlap | NotFound:
    """A chain of limits round a loop of weights that is proved to close, from one of the places of ``seed``.

    ``start`` (w_0, a_0) must have weights 0 behind the first two, in whose plane the loops lie.
    """
    if inputs < 2:
        raise ValueError(f"inputs must be at least 2 for a loop of weights, got {inputs}")
    given = None if start is None else decimals("start", start, inputs + 1)
    if given is not None and (any(given[2:-1]) or given[-1] == 0):
        raise ValueError(f"start must have {inputs + 1} entries, weights 0 behind the first two and a_0 != 0, got {start!r}")
    watch, reasons, number = watch or Watch(), [], 0
    with watch.proving():
        for number, place in enumerate(places(sigma, seed, given and [*given[:2], given[-1]]), start=1):
            for clockwise in (True, False):
                if watch.expired:
                    return watch.spent(_tried(number, reasons))
                watch.say(f"place {number}, loop of {place.steps} steps, {len(reasons)} proofs tried")
                try:
                    found = _closed(sigma, place, clockwise, inputs)
                except cycles.NoCycle:
                    continue
                except OutOfTime:
                    return watch.spent(_tried(number, reasons))
                except NotCertified as error:
                    reasons.append(str(error))
                    continue
                return found
    last = f"; the last reason: {reasons[-1]}" if reasons else ""
    return NotFound(f"{_tried(number, reasons)}{last}; {NO_PROOF}")


def _tried(places: int, reasons: list[str]) -> str:
    return f"loops of weights at {places} places were walked both ways and {len(reasons)} that seemed to close were tried to prove"


def _closed(sigma: SmoothActivation, place: Place, clockwise: bool, inputs: int) -> Overlap:
    corners = place.weights(clockwise)
    w0 = np.array(place.w0)
    with np.errstate(all="ignore"):
        h = cycles.closing_detour(sigma, place.a0, w0, place.a, np.array(corners, dtype=float), place.c)
    if h > LONGEST_DETOUR:
        raise cycles.NoCycle(f"the detour {h:.3g} is too long")
    more = ("0",) * (inputs - 2)
    start, texts = [repr(value) for value in place.w0] + list(more), [(*corner, *more) for corner in corners]
    proved = cycles.certify_loop(sigma, repr(place.a0), start, repr(place.a), texts, h, guess=place.c)
    theta0, first = [*start, repr(place.a0)], [*texts[0], repr(place.a)]
    note = f"a chain of {proved['steps']} limits: the loop of weights in the certificate, then a detour of {proved['detour']}"
    given = {"w0": start, "a0": repr(place.a0), "a": repr(place.a), "weights": texts, "clockwise": clockwise}
    certificate = {"method": "first integrals along a loop", **given, **proved}
    return Overlap("cycle", sigma.name, 1, inputs, theta0, [], [first], "generic", [certificate], [note])
