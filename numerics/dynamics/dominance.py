r"""How often a higher frequency pulls more on some parameter of a tanh neuron than a lower one: the share of small weights, enclosed.

With D(k) = a T(k) - h(k) the slopes of L(k) = |D(k)|^2/2 are those of :func:`theory.dynamics.frequency.loss_slopes`. In u = 1/|w| the
weights at which |dL(low)| <= |dL(high)| are short intervals around the zeros of a cosine; they are found by bisection in balls up to
some u, and
what lies beyond is bounded by hand. Source of the statement: arXiv:1901.06523, Theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from theory.dynamics.frequency import dominance_rate, loss_slopes, neuron_transform

#: The parameters of a neuron.
PARAMETERS = ("a", "w", "b")


@dataclass(frozen=True)
class Neuron:
    """A network of one neuron a tanh(wx + b), b not 0, and a target with transforms ``low`` and ``high`` (pairs) at ``k`` = (low, high)."""

    a: Fraction
    b: Fraction
    k: tuple[Fraction, Fraction]
    low: tuple[Fraction, Fraction]
    high: tuple[Fraction, Fraction]

    def __post_init__(self) -> None:
        dominance_rate(*self.k)
        if self.a == 0 or not any(self.low):
            raise ValueError(f"a and the target at the lower frequency must not be 0, got {self.a} and {self.low}")


@dataclass(frozen=True)
class Share:
    """Proved bounds of the share of w in [-delta, delta] at which a higher frequency pulls as much or more; balls."""

    lower: Any
    upper: Any
    boxes: int


def exceptional_share(
    neuron: Neuron, delta: Fraction, *, parameters: Sequence[str] = PARAMETERS, beyond: int = 10, bits: int | None = None
) -> Share:
    """The share of w in [-delta, delta] where |dL(low)/dtheta| > |dL(high)/dtheta| fails for some of ``parameters``.

    u = 1/|w| is searched from 1/delta to 1/delta + ``beyond``; the rest is bounded by :func:`tail`. A box is split until it is decided
    or as short as e^(-c u)/200: the number of splits needs no tuning, as exceptional intervals are about e^(-c u) long.

    :raises ValueError: for a bias of 0 (its phase does not turn, and all or nothing is exceptional), delta that is not positive or too
        large for the tail, ``beyond`` that is no integer of at least 1, or parameters that are none, repeated or not of PARAMETERS.
    """
    _usable(neuron, delta)
    if isinstance(parameters, str) or not parameters or not set(parameters) <= set(PARAMETERS) or len(set(parameters)) < len(parameters):
        raise ValueError(f"parameters must be different ones of {PARAMETERS}, one at least, got {parameters!r}")
    if isinstance(beyond, bool) or not isinstance(beyond, int) or beyond < 1:
        raise ValueError(f"beyond must be an integer of at least 1, got {beyond}")
    start = 1 / Fraction(delta)
    if bits is None:  # boxes get as short as e^(-c u)/200, and digits of u must tell their ends apart
        bits = 80 + math.ceil(float(dominance_rate(*neuron.k)) * float(start + beyond) / math.log(2))
    with working_precision(bits):
        least, most, boxes = ball(0), ball(0), 0
        for sign in (1, -1):
            sure, open_, count = _search(neuron, sign, start, start + beyond, parameters)
            rest = tail(neuron, start + beyond) * len(parameters)
            least, most, boxes = least + sure, most + sure + open_ + rest, boxes + count
        whole = 2 * ball(delta)
        return Share(least / whole, most / whole, boxes)


def _search(neuron: Neuron, sign: int, first: Fraction, last: Fraction, parameters: Sequence[str]) -> tuple[Any, Any, int]:
    """(measure in w that is exceptional for sure, measure left open, boxes) of u in [first, last]."""
    from flint import arb

    rate = float(dominance_rate(*neuron.k))
    stack, count, sure, left = [(first, last)], 0, arb(0), arb(0)
    while stack:
        low, high = stack.pop()
        count += 1
        width = high - low
        answer = _verdict(neuron, sign, low, high, parameters) if width < Fraction(1, 4) else None
        if answer is False:
            continue
        size = ball(width) / (ball(low) * ball(high))  # 1/low - 1/high
        if answer:
            sure += size
        elif float(width) < np.exp(-rate * float(low)) / 200:
            left += size
        else:
            middle = (low + high) / 2
            stack += [(low, middle), (middle, high)]
    return sure, left, count


def _verdict(neuron: Neuron, sign: int, low: Fraction, high: Fraction, parameters: Sequence[str]) -> bool | None:
    """Whether all u of a box are exceptional, or none is."""
    centre, radius = ball((low + high) / 2), ball((high - low) / 2)
    from flint import arb

    u = centre + arb(0, 1) * radius
    pulls = [slopes_at(neuron, sign / u, k) for k in (0, 1)]
    some, none = False, True
    for place, name in enumerate(PARAMETERS):
        if name not in parameters:
            continue
        first, second = abs(pulls[0][place]), abs(pulls[1][place])
        some = some or bool(first <= second)
        none = none and bool(first > second)
    return True if some else False if none else None


def slopes_at(neuron: Neuron, w: Any, which: int) -> tuple[Any, Any, Any]:
    """The slopes of L at the lower (``which`` 0) or the higher frequency (1) by (a, w, b), times e^(pi low/(2|w|))."""
    a, b, k = ball(neuron.a), ball(neuron.b), ball(neuron.k[which])
    own = neuron_transform(w, b, k)
    target = (neuron.low, neuron.high)[which]
    error = tuple(a * part - ball(entry) for part, entry in zip(own, target, strict=True))
    return loss_slopes(a, w, b, k, (error[0], error[1]), shift=ball(neuron.k[0]))


def tail(neuron: Neuron, u: Fraction) -> Any:
    r"""A bound of the measure of the w of one sign with 1/|w| > u that are exceptional for one parameter.

    Divided by its size a slope at the lower frequency is |h| (cos Theta - eta): Theta' is k b up to |b|/(k u^2 (p^2 + b^2)),
    p = (pi/2)(1 - 2/(pi k u)), and |eta| + |eta'| is at most (|a|/|h|) |T| (1 + 1/u + pi k). At an exceptional place |cos Theta| is at most
    eta + q e^(-cu), so cos Theta - eta is monotone there, of slope gamma at least, and there is one place where it vanishes in half a
    turn; around it at most 2 q e^(-cu)/gamma of u is exceptional, du = dw/w^2.

    :raises ValueError: where u is too small for that.
    """
    from flint import arb

    (k, high), a, b = map(ball, neuron.k), abs(ball(neuron.a)), abs(ball(neuron.b))
    target = [(ball(x) ** 2 + ball(y) ** 2).sqrt() for x, y in (neuron.low, neuron.high)]
    U, rate, pi = ball(u), dominance_rate(ball(neuron.k[0]), ball(neuron.k[1])), arb.pi()
    fall = (-pi * k * U / 2).exp()
    own = 2 * pi * U * fall / (1 - fall**2)  # |T| at 1/u, falling beyond
    x = pi * k * U / 2
    if not x > 2:
        raise ValueError(f"u must be above {4 / float(neuron.k[0]) / 3:.3g} for the bound of the tail, got {float(u):.3g}")
    p = pi / 2 * (1 - 1 / x)
    turning = b / (k * U**2 * (p**2 + b**2))
    eta = a / target[0] * own * (1 + 1 / U + pi * k)
    # |D(high)|/|h(low)| times the ratio of the factors k and of the factors in front of w, (k2/k1) x/(x - 1) at most
    q = (target[1] + a * own) / target[0] * high / k * x / (x - 1)
    small = eta + q * (-rate * U).exp()
    gamma = (k * b - turning) * (1 - small**2).sqrt() - eta if small < 1 else ball(0)
    if not gamma > 0:
        raise ValueError(f"u must be larger for the bound of the tail (slope {gamma}), got {float(u):.3g}")
    turn = pi / (k * b + turning)
    return 2 * (2 * q / gamma) * (-rate * U).exp() / U**2 / (1 - (-rate * turn).exp())


def bound(neuron: Neuron, delta: Fraction) -> Any:
    """C e^(-c/delta) with the constants of :func:`tail`: a bound of the share for all three parameters, where delta is small enough
    for it.

    :raises ValueError: for a bias of 0, delta that is not positive, or too large.
    """
    _usable(neuron, delta)
    return len(PARAMETERS) * tail(neuron, 1 / Fraction(delta)) / ball(delta)


def _usable(neuron: Neuron, delta: Any) -> None:
    if neuron.b == 0:
        raise ValueError("b must not be 0: the phase of its transform does not turn, so that all or no small weights are exceptional")
    if not delta > 0:
        raise ValueError(f"delta must be positive, got {delta}")


def pulls(a: np.ndarray, w: np.ndarray, b: np.ndarray, k: Sequence[float], target: Sequence[complex], factor: Any = 1.0) -> np.ndarray:
    """|dL(low)/dtheta| - factor |dL(high)/dtheta| for networks of m neurons, each times e^(pi low/(2|w_j|)): shape (..., m, 3), by a,
    w, b, in floats; ``factor`` is a
    number or (..., m).

    a, w, b of shape (..., m); ``target`` are the two transforms of the target.
    """
    sizes = []
    for frequency, aim in zip(k, target, strict=True):
        real, imag = neuron_transform(w, b, frequency)
        error = [(a * part).sum(axis=-1, keepdims=True) - entry for part, entry in ((real, aim.real), (imag, aim.imag))]
        slopes = loss_slopes(a, w, b, frequency, (error[0], error[1]), shift=min(k))
        sizes.append(np.abs(np.stack(slopes, axis=-1)))
    return sizes[0] - np.asarray(factor)[..., None] * sizes[1]


def in_ball(rng: np.random.Generator, draws: int, m: int, delta: float) -> np.ndarray:
    """Uniform draws (draws, m) from the ball of radius delta.

    :raises ValueError: for draws or m below 1, or a radius that is not a positive number.
    """
    if draws < 1 or m < 1 or not 0 < delta < math.inf:
        raise ValueError(f"expected draws >= 1, m >= 1 and a positive delta, got {draws}, {m}, {delta}")
    directions = rng.normal(size=(draws, m))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return delta * directions * rng.random((draws, 1)) ** (1 / m)
