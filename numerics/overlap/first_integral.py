"""First integrals of one neuron in balls: G(z) = integral of sigma/sigma' by certified quadrature, and the inputs that lead to a point.

Quadrature: on short pieces P = sigma/sigma' is expanded in a Taylor series through the activation's differential system, the last
coefficient over the whole piece bounding the remainder; no closed form is needed.

A point p = (a, w) is reached from (a_0, w_0) on one sample exactly if the input is x = c (w - w_0) with
psi(c) = (a^2 - a_0^2) c^2 D/2 - (G(c B) - G(c A)) = 0, where D = |w - w_0|^2, A = w_0 . (w - w_0), B = w . (w - w_0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import look_at_the_clock
from numerics.arithmetic.krawczyk import Box, NotCertified, certify_zero
from numerics.derivatives.dual import activate, compose, jet, value_of
from theory.activations import SmoothActivation, derivative_polynomials

#: Weights or inputs: numbers, balls or duals.
Vector = Sequence[Any] | np.ndarray

#: The Taylor order of the quadrature (even), the remainder per piece that is aimed at, and how long and short pieces may be.
ORDER, REMAINDER, LONGEST, SHORTEST = 24, 1e-25, 0.5, 1 / 64


def quotient(activation: SmoothActivation, z: Any) -> Any:
    """P(z) = sigma(z)/sigma'(z) for a number or a dual."""
    return compose(z, lambda t: _plain_quotient(activation, t), lambda t: quotient_slope(activation, t))


def _plain_quotient(activation: SmoothActivation, z: Any) -> Any:
    value, slope = jet(activation, z, 1)
    return value / slope


def quotient_slope(activation: SmoothActivation, z: Any) -> Any:
    """P'(z) = 1 - sigma sigma''/sigma'^2 for a number."""
    value, slope, curvature = jet(activation, z, 2)
    return 1 - value * curvature / (slope * slope)


def quotient_series(activation: SmoothActivation, z: Any, order: int) -> list[Any]:
    """Taylor coefficients 0 .. ``order`` of P around (every point of) the ball ``z``."""
    from flint import arb_series, ctx

    entry = np.empty(1, dtype=object)
    entry[0] = z
    start = [function(entry)[0] for function in activation.state]
    before = ctx.cap
    try:
        ctx.cap = order + 1
        line = np.empty(1, dtype=object)
        line[0] = arb_series([z, 1])
        state = [_held(arb_series([value])) for value in start]
        for known in range(1, order + 1 if start else 0):
            ctx.cap = known
            flows = activation.flow(line, state)
            ctx.cap = known + 1
            state = [_held(_series(flow).integral() + value) for flow, value in zip(flows, start, strict=True)]
        ctx.cap = order + 1
        value, slope = (_series(polynomial(line, *state)) for polynomial in derivative_polynomials(activation, 1))
        if slope[0].contains(0):
            raise NotCertified(f"sigma' may vanish on {z}, where the first integral is not defined")
        ratio = value / slope
        return [ratio[k] for k in range(order + 1)]
    finally:
        ctx.cap = before


def _held(series: Any) -> np.ndarray:
    entry = np.empty(1, dtype=object)
    entry[0] = series
    return entry


def _series(values: Any) -> Any:
    from flint import arb_series

    value = values[0] if isinstance(values, np.ndarray) else values
    return value if isinstance(value, arb_series) else arb_series([value])


def primitive(activation: SmoothActivation, low: Any, high: Any) -> Any:
    """G(high) - G(low) for balls; raises :class:`NotCertified` where sigma' may vanish between them."""
    start, end = low.mid(), high.mid()
    total = _between(activation, start, end)
    if high.rad() > 0:
        total += _plain_quotient(activation, high) * (high - end)
    if low.rad() > 0:
        total -= _plain_quotient(activation, low) * (low - start)
    if not total.is_finite():
        raise NotCertified(f"sigma' may vanish between {low} and {high}, where the first integral is not defined")
    return total


def _between(activation: SmoothActivation, start: Any, end: Any) -> Any:
    from flint import ctx

    return _between_exact(activation, start.man_exp(), end.man_exp(), ctx.prec)


@lru_cache(maxsize=512)
def _between_exact(activation: SmoothActivation, start: tuple, end: tuple, bits: int) -> Any:
    """The integral between two exact dyadic numbers (mantissa, exponent); Newton steps and Jacobians ask for the same ones again."""
    from flint import arb

    low, high = (arb(mantissa) * arb(2) ** exponent for mantissa, exponent in (start, end))
    pieces = max(1, int(np.ceil(abs(float(high - low)) / LONGEST)))
    step = (high - low) / pieces
    return sum((_piece(activation, low + step * k, step) for k in range(pieces)), arb(0))


def _piece(activation: SmoothActivation, start: Any, length: Any) -> Any:
    """The integral of P over [start, start + length], halved until the remainder is small."""
    from flint import arb

    look_at_the_clock()
    radius = length / 2
    centre = start + radius
    size = abs(radius).upper()
    outer = quotient_series(activation, centre + arb(0, size), ORDER)
    remainder = 2 * abs(outer[ORDER]).upper() * size ** (ORDER + 1) / (ORDER + 1)
    if not remainder < REMAINDER and abs(length) > SHORTEST:
        return _piece(activation, start, radius) + _piece(activation, centre, radius)
    inner, square, power, half = quotient_series(activation, centre, ORDER - 1), radius * radius, radius, arb(0)
    for j in range(0, ORDER, 2):
        half += inner[j] * power / (j + 1)
        power *= square
    return 2 * half + arb(0, remainder.upper())


def joined(activation: SmoothActivation, a0: Any, u0: Any, a: Any, u: Any, square: Any, piece: float = 0.0625) -> bool:
    """Whether (a, u) is proved to lie on the orbit of (a_0, u_0) itself, not on another component of its first integral.

    u is the pre-activation, ``square`` = |x|^2; all are balls with equal first integrals. Either a keeps its sign: then a^2 must stay
    positive and sigma' non-zero from u_0 to u. Or a changes sign: then u is a function of a as long as sigma/sigma' keeps its sign, from
    u_0 to
    beyond the turning point a = 0.
    """
    keeps = (a0 > 0 and a > 0) or (a0 < 0 and a < 0)
    if keeps:
        return all(slope_is_not_zero and reserve > 0 for slope_is_not_zero, _, reserve in _walk(activation, a0, u0, u, square, piece))
    if not ((a0 > 0 and a < 0) or (a0 < 0 and a > 0)):
        return False
    quotient_at_start = _plain_quotient(activation, u0)
    downhill = -1 if quotient_at_start > 0 else 1
    covered, sign = u0, 0
    for _, definite, reserve in _walk(activation, a0, u0, u0 + downhill * 64, square, piece):
        covered = covered + downhill * piece
        if definite == 0 or sign not in (0, definite):
            return False
        sign = definite
        if reserve < 0:
            # u may also lie at u_0 or beyond it, where P keeps its sign: |a| grows on there as a does from the start.
            ahead = bool((u0 - u) * downhill <= 0) or (_plain_quotient(activation, u0.union(u)) * sign > 0)
            return bool(ahead and (covered - u) * downhill >= 0)
    return False


def _walk(activation: SmoothActivation, a0: Any, u0: Any, u: Any, square: Any, piece: float):
    """Along pieces from u_0 to u: (sigma' != 0, sign of P, ball of a^2 |x|^2/2 on the piece)."""
    from flint import arb

    length = float(abs(u - u0).upper())
    pieces = max(1, int(np.ceil(length / piece)))
    reserve, move = a0 * a0 * square / 2, (u - u0) / pieces
    for k in range(pieces):
        look_at_the_clock()
        ball = (u0 + move * k).union(u0 + move * (k + 1))
        value, slope = jet(activation, ball, 1)
        ratio = value / slope
        yield not slope.contains(0), (1 if ratio > 0 else -1 if ratio < 0 else 0), reserve + ratio * move * arb(0).union(arb(1))
        reserve = reserve + ratio * move


@lru_cache(maxsize=8)
def _gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of Gauss-Legendre quadrature, which a search asks for at every step."""
    return np.polynomial.legendre.leggauss(nodes)


@dataclass(frozen=True)
class Reach:
    """The inputs x = c (w - w_0) on which one neuron started at (a_0, w_0) ends at (a, w); numbers, balls or duals."""

    activation: SmoothActivation
    a0: Any
    w0: Vector
    a: Any
    w: Vector

    @property
    def direction(self) -> list[Any]:
        """w - w_0."""
        return [p - q for p, q in zip(self.w, self.w0, strict=True)]

    def input(self, c: Any) -> list[Any]:
        """x = c (w - w_0)."""
        return [c * p for p in self.direction]

    def ends(self, c: Any) -> tuple[Any, Any]:
        """The pre-activations (c A, c B) where the orbit starts and ends."""
        move = self.direction
        return c * _dot(self.w0, move), c * _dot(self.w, move)

    def psi(self, c: Any) -> Any:
        """Zero exactly if c fits; for balls and duals of balls."""
        move = self.direction
        start, end = self.ends(c)
        gain = (self.a * self.a - self.a0 * self.a0) * c * c * _dot(move, move) / 2
        return gain - _difference(self.activation, start, end)

    def psi_slope(self, c: Any) -> Any:
        """psi'(c), without quadrature."""
        move = self.direction
        slope = (self.a * self.a - self.a0 * self.a0) * c * _dot(move, move)
        for weights, sign in ((self.w0, 1), (self.w, -1)):
            rate = _dot(weights, move)
            slope += sign * rate * _plain_quotient(self.activation, c * rate)
        return slope

    def root(self, guess: float, *, bits: int, polish: int = 12) -> Box:
        """The box of the c near ``guess`` with psi(c) = 0; raises :class:`NotCertified`."""
        jacobian = lambda c: np.array([[self.psi_slope(c[0])]], dtype=object)
        return certify_zero(lambda c: [self.psi(c[0])], [guess], jacobian=jacobian, bits=bits, polish=polish)

    def psi_float(self, c: np.ndarray, nodes: int = 48) -> np.ndarray:
        """psi at an array of floats by Gauss-Legendre quadrature."""
        points, weights = _gauss(nodes)
        start, end = self.ends(np.asarray(c, dtype=float))
        z = start[..., None] + (end - start)[..., None] * (points + 1) / 2
        value, slope = self.activation.jet(z, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            gained = (end - start) / 2 * ((value / slope) @ weights)
        move = np.array(self.direction, dtype=float)
        return (self.a**2 - self.a0**2) * np.asarray(c) ** 2 * (move @ move) / 2 - gained

    def factor(self, guess: float, steps: int = 40) -> float:
        """The c near ``guess`` with psi(c) = 0 by Newton's method in floats; NaN where it does not converge to a c of the same sign."""
        move = np.array(self.direction, dtype=float)
        rates = np.array([_dot(weights, move) for weights in (self.w0, self.w)], dtype=float)
        gain, c = (self.a**2 - self.a0**2) * (move @ move), float(guess)
        for _ in range(steps):
            value, slope = self.activation.jet(c * rates, 1)
            start, end = rates * value / slope
            change = float(self.psi_float(np.array(c))) / (gain * c - end + start)
            if not abs(change) < np.inf or (c - change) * guess <= 0:
                return float("nan")
            c -= change
            if abs(change) < 1e-14 * abs(c):
                return c
        return c if abs(change) < 1e-10 * abs(c) else float("nan")

    def connected(self, c: Any) -> bool:
        """Whether the orbit on x = c (w - w_0) is proved to lead from the start to the point (balls)."""
        start, end = self.ends(c)
        move = self.direction
        return joined(self.activation, self.a0, start, self.a, end, c * c * _dot(move, move))


def _dot(p: Vector, q: Vector) -> Any:
    return sum((a * b for a, b in zip(p[1:], q[1:], strict=True)), p[0] * q[0])


def _difference(activation: SmoothActivation, start: Any, end: Any) -> Any:
    """G(end) - G(start) for balls or duals of balls."""
    low, high = value_of(start), value_of(end)
    base = primitive(activation, low, high)
    upper = compose(end, lambda t: base, lambda t: _plain_quotient(activation, t))
    lower = compose(start, lambda t: 0 * t, lambda t: _plain_quotient(activation, t))
    return upper - lower


def neuron_value(activation: SmoothActivation, a: Any, w: Vector, x: Vector) -> Any:
    """a sigma(w . x) for numbers, balls or duals."""
    return a * activate(activation, _dot(w, x))
