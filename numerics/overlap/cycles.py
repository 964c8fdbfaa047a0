"""Closed chains of limits of one neuron: p_1 -> p_2 -> ... -> p_1, each in the solution set of the dataset that leads to the one before.

With one input a chain closes where two datasets lead to every nearby point (four steps along two families of curves). With two or more
inputs the solution curves through p are tangent to a plane field that is not integrable unless sigma/sigma' is affine: walking round a
circle of weights returns with another output weight, and a detour of the right length closes the chain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.bracketing import root_between
from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
from numerics.derivatives.dual import Dual
from numerics.overlap.first_integral import Reach, Vector, neuron_value
from theory.activations import SmoothActivation

BITS = 160


class NoCycle(ArithmeticError):
    """The chain does not close; the message says what was tried."""


def quadrilateral(
    activation: SmoothActivation, w0: float, a0: float, p: tuple[float, float], c: Sequence[float], *, share: float = 1 / 15
) -> dict:
    """Four limits (w, a) and four inputs that close, through ``p`` = (w, a) with branches x = ``c`` (w - w0) (one input).

    The weights of the first three limits are w, w (1 - share), w (1 - 2 share), exact decimals; the fourth closes
    the chain. Returns plain data with the Krawczyk box; raises :class:`NotCertified`.
    """
    from scipy.optimize import fsolve

    weight, output = p
    weights = [repr(round(weight * (1 - k * share), 6)) for k in range(3)]
    branches = [c[0], c[1], c[0], c[1]]

    def chain(unknown: Sequence[Any], w: Sequence[Any], start: tuple[Any, Any], a: Any, psi: str, value: Any) -> list[Any]:
        *cs, last = unknown
        corners, equations = [*w, last], []
        for k in range(4):
            reach = Reach(activation, start[1], [start[0]], a, [corners[k]])
            equations.append(getattr(reach, psi)(cs[k]))
            x = reach.input(cs[k])[0]
            a = a * value(corners[k] * x) / value(corners[(k + 1) % 4] * x)
        return [*equations, a]

    floats = [float(text) for text in weights]
    plain = lambda z: float(activation(np.asarray(z))[()])
    residual = lambda u: [float(e) for e in _closing(chain(u, floats, (w0, a0), output, "psi_float", plain), output)]
    guess, _, ok, message = fsolve(
        residual, [*_tracked(activation, (w0, a0), floats, output, branches), floats[1]], full_output=True, xtol=1e-13
    )
    if ok != 1:
        raise NotCertified(f"the chain of four did not close: {' '.join(message.split())}")
    with working_precision(BITS):
        start, first = (ball(repr(w0)), ball(repr(a0))), ball(repr(output))
        exact = [ball(text) for text in weights]
        value = lambda z: neuron_value(activation, ball(1), [ball(1)], [z])
        system = lambda u: _closing(chain(u, exact, start, first, "psi", value), first)
        box = certify_zero(system, list(guess), bits=BITS, polish=3)
        *cs, last = box.enclosure
        corners, a, points, xs, labels = [*exact, last], first, [], [], []
        for k in range(4):
            reach = Reach(activation, start[1], [start[0]], a, [corners[k]])
            if not reach.connected(cs[k]):
                raise NotCertified(f"corner {k + 1} was not proved to lie on the orbit of the start")
            xs.append(reach.input(cs[k])[0])
            points.append([corners[k].str(30), a.str(30)])
            labels.append((a * value(corners[k] * xs[k])).str(30))
            a = a * value(corners[k] * xs[k]) / value(corners[(k + 1) % 4] * xs[k])
        if any(xs[i].overlaps(xs[j]) for i in range(4) for j in range(i)):
            raise NotCertified("the four inputs were not told apart")
    given = {"start": [repr(w0), repr(a0)], "first": repr(output), "weights": weights}
    return {**given, "points": points, "inputs": [x.str(30) for x in xs], "labels": labels, "box": box.certificate()}


def _tracked(
    activation: SmoothActivation, start: tuple[float, float], weights: Sequence[float], a: float, branches: Sequence[float]
) -> list[float]:
    """The inputs' factors on the way through ``weights`` and back to the second, each found from its branch at the first corner."""
    factors = []
    for here, there, c in zip([*weights, weights[1]], [*weights[1:], weights[1], weights[0]], branches, strict=True):
        reach = Reach(activation, start[1], [start[0]], a, [here])
        found = reach.factor(c)
        factors.append(found if np.isfinite(found) else c)
        x = reach.input(factors[-1])[0]
        value = lambda z: float(activation(np.asarray(z))[()])
        a = a * value(here * x) / value(there * x)
    return factors


def _closing(equations: list[Any], output: Any) -> list[Any]:
    return [*equations[:-1], equations[-1] - output]


def circle(centre: Sequence[float], radius: float, steps: int, *, clockwise: bool = True) -> list[tuple[str, str]]:
    """``steps`` + 1 weights around a circle, the last equal to the first, as decimals of 12 digits; the first lies at angle zero."""
    sign = -1 if clockwise else 1
    angles = [sign * 2 * math.pi * (k % steps) / steps for k in range(steps + 1)]
    return [(f"{centre[0] + radius * math.cos(t):.12f}", f"{centre[1] + radius * math.sin(t):.12f}") for t in angles]


def transport(
    activation: SmoothActivation, a0: float, w0: Vector, a: float, weights: Sequence[Vector] | np.ndarray, guess: float = 1.0
) -> tuple[list[float], list[float]]:
    """The output weights along a chain through ``weights`` starting at ``a``, and the factors c of its inputs, in floating point."""
    outputs, factors, c = [a], [], guess
    for here, there in zip(weights[:-1], weights[1:], strict=True):
        reach = Reach(activation, a0, w0, outputs[-1], here)
        c = next((found for scale in (1, 0.5, 2, 0.2, 5) if np.isfinite(found := reach.factor(c * scale))), math.nan)
        if not np.isfinite(c):
            raise NoCycle(f"no input leads from the start to output weight {outputs[-1]:.4g} at weights {np.round(here, 3).tolist()}")
        factors.append(c)
        x = np.array(reach.input(c), dtype=float)
        values = [float(activation(np.asarray(float(np.dot(w, x))))[()]) for w in (here, there)]
        outputs.append(outputs[-1] * values[0] / values[1])
    return outputs, factors


def closing_detour(
    activation: SmoothActivation, a0: float, w0: Vector, a: float, weights: Sequence[Vector] | np.ndarray, guess: float = 1.0
) -> float:
    """The length h of the detour w -> w + h e_2 -> w after the loop ``weights`` that brings the output weight back to ``a``; ``guess`` is
    the factor of the first input, about.
    """
    walked, factors = transport(activation, a0, w0, a, weights, guess)
    last = np.array(weights[-1], dtype=float)

    def gap(h: float) -> float:
        there = last + h * np.eye(len(last))[1]
        return transport(activation, a0, w0, walked[-1], [last, there, last], factors[-1])[0][-1] - a

    sizes = [0.0, *(0.0025 * 2**k for k in range(7))]
    values = [walked[-1] - a, *map(gap, sizes[1:])]
    for k in range(len(sizes) - 1):
        if values[k] * values[k + 1] < 0:
            return root_between(gap, sizes[k], sizes[k + 1], tolerance=1e-13)
    raise NoCycle(f"after the loop the output weight is off by {values[0]:+.3g}, and no detour up to {sizes[-1]} brings it back")


def certify_loop(
    activation: SmoothActivation,
    a0: str,
    w0: Sequence[str],
    a: str,
    weights: Sequence[Sequence[str]],
    h: float,
    *,
    bits: int = BITS,
    guess: float = 1.0,
) -> dict:
    """Prove that the chain through the loop ``weights`` and a detour of a length near ``h`` closes at the output weight ``a``.

    The output weight is carried step by step in balls, by the mean value form, the detour and its last input are found by Krawczyk's test.
    Raises :class:`NotCertified`.
    """
    with working_precision(bits):
        start, origin, first = ball(a0), [ball(value) for value in w0], ball(a)
        corners = [[ball(value) for value in w] for w in weights]
        output, inputs = first, []
        floats = np.array([*weights, weights[-1]], dtype=float)
        _, factors = transport(activation, float(a0), np.array(w0, dtype=float), float(a), floats, guess)
        for here, there, c in zip(corners[:-1], corners[1:], factors, strict=False):
            c_ball, output = _carried(activation, start, origin, output, here, there, c)
            inputs.append(c_ball.str(20))
        last, c = corners[-1], factors[-1]
        c_ball, _ = _carried(activation, start, origin, output, last, last, c)

        def detour(unknown: Sequence[Any]) -> list[Any]:
            c, h = unknown
            there = [last[0], h + last[1], *last[2:]]
            x = Reach(activation, start, origin, output, last).input(c_ball)
            away = output * _ratio(activation, last, there, x)
            reach = Reach(activation, start, origin, away, there)
            back = away * _ratio(activation, there, last, reach.input(c))
            return [reach.psi(c), back - first]

        box = certify_zero(detour, [c, h], bits=bits)
        if not box.enclosure[1] > 0:
            raise NotCertified("the detour was not proved to have positive length")
        return {
            "steps": len(corners) + 1,
            "after the loop": output.str(20),
            "detour": box.enclosure[1].str(20),
            "box": box.certificate(),
            "factors": inputs,
        }


def ellipse(point: Sequence[Fraction], radius: Fraction, flat: Fraction, steps: int) -> list[tuple[str, ...]]:
    """``steps`` + 1 weights round an ellipse from ``point`` back to it, as decimals: half axes ``radius`` along the first coordinate and
    ``flat`` times that along the second, the sense of the way the sign of ``flat``."""
    sine, cosine = (lambda k: math.sin(2 * math.pi * k / steps)), (lambda k: math.cos(2 * math.pi * k / steps) - 1)
    moves = [(radius * Fraction(round(cosine(k), 12)), radius * flat * Fraction(round(sine(k), 12))) for k in range(steps)]
    weights = [tuple(p + m for p, m in zip(point, (*move, *[0] * (len(point) - 2)), strict=True)) for move in [*moves, moves[0]]]
    return [tuple(f"{float(w):.14f}" for w in one) for one in weights]


def carried_round(
    activation: SmoothActivation, a0: Any, w0: Sequence[Any], a: Any, weights: Sequence[Sequence[str]], guess: float = 1.0
) -> tuple[Any, list[str]]:
    """The output weight, in a ball, with which the chain of limits through ``weights`` comes back from ``a``, and its factors c.

    Raises :class:`NotCertified`, :class:`NoCycle`.
    """
    with working_precision(BITS):
        start, origin, output = ball(a0), [ball(value) for value in w0], ball(a)
        corners = [[ball(value) for value in w] for w in weights]
        floats = [np.array([float(value) for value in w]) for w in weights]
        _, factors = transport(activation, float(ball(a0)), np.array([float(ball(w)) for w in w0]), float(ball(a)), floats, guess)
        inputs = []
        for here, there, c in zip(corners[:-1], corners[1:], factors, strict=True):
            c_ball, output = _carried(activation, start, origin, output, here, there, c)
            inputs.append(c_ball.str(20))
        return output, inputs


def _ratio(activation: SmoothActivation, here: Sequence[Any], there: Sequence[Any], x: Sequence[Any]) -> Any:
    one = ball(1)
    return neuron_value(activation, one, here, x) / neuron_value(activation, one, there, x)


def _carried(
    activation: SmoothActivation, a0: Any, w0: Sequence[Any], a: Any, here: Sequence[Any], there: Sequence[Any], guess: float
) -> tuple[Any, Any]:
    """(c, output weight at ``there``) for every output weight in the ball ``a`` at ``here``, in mean value form."""
    from flint import arb

    middle, spread = a.mid(), a - a.mid()
    exact = lambda output: Reach(activation, a0, w0, output, here)
    thin = exact(middle).root(guess, bits=BITS, polish=2).enclosure[0]
    # psi depends on a through a^2 c^2 D/2 alone: dc/da = -(a c^2 D)/psi'(c), bounded on a box that the solutions cannot leave.
    wide = thin + arb(0, (a.rad() * 100 + arb("1e-40")).upper())
    reach = exact(a)
    square = sum(p * p for p in reach.direction)
    slope = reach.psi_slope(wide)
    speed = -(a * wide * wide * square) / slope
    moved = speed * spread
    if not (abs(moved) <= abs(wide - thin).upper()):
        raise NotCertified("the input was not proved to depend smoothly on the output weight")
    if not reach.connected(thin + moved):
        raise NotCertified("a corner was not proved to lie on the orbit of the start")
    ratio = _ratio(activation, here, there, reach.input(Dual(wide, np.array([arb(1)], dtype=object))))
    at_middle = middle * _ratio(activation, here, there, exact(middle).input(thin))
    return thin + moved, at_middle + (ratio.value + a * ratio.gradient[0] * speed) * spread
