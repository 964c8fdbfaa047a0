"""Overlaps by construction: recipes that return datasets, initialization and limits in closed form.

All are for one neuron f(x) = a sigma(w x) with one input unless said otherwise. Sources: the recipes of sections 6.1 and 6.2 of
arXiv:2201.12198; the closed forms are ours.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.regularization.mechanisms import Neuron, OnePointOverlap, Sample, TwoPointOverlap

#: (1 + z)/(2 + z) on z >= 0: the positive half of a sigmoid built from softsign, (1 + softsign(z/2))/2.
SOFTSIGN_SIGMOID = "(1+z)/(2+z)"


def softsign_integral(z: Any) -> Any:
    """G for :data:`SOFTSIGN_SIGMOID`, a polynomial."""
    return 2 * z + 3 * z * z / 2 + z * z * z / 3


class NoOverlap(ValueError):
    """The construction's inequalities fail; the message names the one that does."""


def softsign_two_point(w: Fraction, v: Fraction, x1: Fraction, start_weight: Fraction) -> TwoPointOverlap:
    """The two-point overlap of :data:`SOFTSIGN_SIGMOID` with limits of weights ``w`` (sample 1) and ``v`` (sample 2), exact in sympy.

    Solution curves of x1, x2 meet at the weights w, v exactly if w v x1 x2 = 2. Arguments are positive Fractions, w != v;
    :class:`NoOverlap` when no real output weight fits.
    """
    import sympy as sp

    w, v, x1, start_weight = (
        _positive(name, c) for name, c in zip(("w", "v", "x1", "start_weight"), (w, v, x1, start_weight), strict=True)
    )
    if w == v:
        raise NoOverlap(f"the two limits must have different weights, got {w} twice")
    x2 = 2 / (w * v * x1)
    g = lambda x, weight: softsign_integral(weight * x) / (x * x)
    sigma = lambda z: (1 + z) / (2 + z)
    ratio = sigma(w * x1) / sigma(v * x1)
    gains = (g(x1, start_weight) - g(x1, w)) - (g(x2, start_weight) - g(x2, v))
    if ratio == 1 or (output_square := 2 * gains / (ratio * ratio - 1)) <= 0:
        raise NoOverlap("the square of the first limit's output weight must be positive")
    start_square = output_square - 2 * g(x1, w) + 2 * g(x1, start_weight)
    if start_square <= 0:
        raise NoOverlap(f"the square of the initial output weight must be positive, got {start_square}")
    exact = lambda c: sp.Rational(c.numerator, c.denominator)
    a = sp.sqrt(exact(output_square))
    start = Neuron(sp.sqrt(exact(start_square)), (exact(start_weight),))
    limits = Neuron(a, (exact(w),)), Neuron(exact(ratio) * a, (exact(v),))
    samples = Sample((exact(x1),), a * exact(sigma(w * x1))), Sample((exact(x2),), a * exact(sigma(w * x2)))
    return TwoPointOverlap(start, samples, limits)


def softsign_one_point(second_argument: Fraction = Fraction(2), weight: Fraction = Fraction(3)) -> OnePointOverlap:
    """A rational one-point overlap of :data:`SOFTSIGN_SIGMOID` from weight 0: arguments t1 t2 = 6 share one first integral.

    The defaults give start (8, 0), limit (11, 3), inputs 2/3 and 1 up to order; output weights are square roots in sympy otherwise.
    """
    import sympy as sp

    t1, t2 = Fraction(second_argument), 6 / Fraction(second_argument)
    if t1 == t2 or t1 <= 0:
        raise NoOverlap(f"the arguments t and 6/t must be positive and differ, got {t1} and {t2}")
    gain = 2 * softsign_integral(t1) * weight * weight / (t1 * t1)
    exact = lambda c: sp.Rational(Fraction(c).numerator, Fraction(c).denominator)
    start = Neuron(sp.Integer(8), (sp.Integer(0),))
    limit = Neuron(sp.sqrt(64 + exact(gain)), (exact(weight),))
    samples = [Sample((exact(t / weight),), limit.output * exact((1 + t) / (2 + t))) for t in (t1, t2)]
    return OnePointOverlap(start, tuple(samples), limit)


def _positive(name: str, value: Any) -> Fraction:
    fraction = Fraction(value)
    if fraction <= 0:
        raise NoOverlap(f"{name} must be positive, got {fraction}")
    return fraction


def odd_limit(start: Neuron, threshold: float) -> Neuron:
    """The limit for an odd activation on (x, -a_0 sigma(w_0 x)), ``threshold`` b(x) = 2 G(w_0 x)/x^2: the smaller reserve changes sign."""
    if start.output**2 == threshold:
        raise NoOverlap("a_0^2 = b(x): the orbit runs into the saddle at the origin")
    (w,) = start.weights
    return Neuron(start.output, (-w,)) if start.output**2 > threshold else Neuron(-start.output, (w,))


@dataclass(frozen=True)
class PiecewiseExponential:
    """sigma' = sigma/P with P constant on pieces: log sigma is piecewise linear, and so is G.

    ``breaks`` are k + 1 increasing numbers, ``P`` the k positive values between them (the outer ones extend to infinity). The
    integral form of the recipe: choose P so that two integrals of 1/P agree and two integrals of P take given values.
    """

    breaks: Sequence[float]
    P: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.breaks) != len(self.P) + 1 or any(p <= 0 for p in self.P):
            raise ValueError(f"expected one positive P between any two breaks, got {self.breaks} and {self.P}")

    def _accumulate(self, z: float, density: Sequence[float]) -> float:
        """The integral of a piecewise constant ``density`` from breaks[0] to z."""
        k = bisect(self.breaks[1:-1], z)
        whole = sum(rate * (b - a) for rate, a, b in zip(density[:k], self.breaks, self.breaks[1:], strict=False))
        return whole + density[k] * (z - self.breaks[k])

    def log(self, z: Any) -> Any:
        """log sigma(z), zero at breaks[0]."""
        return self._accumulate(z, [1 / p for p in self.P])

    def integral(self, z: Any) -> Any:
        """G(z), zero at breaks[0]."""
        return self._accumulate(z, self.P)


@dataclass(frozen=True)
class GluedExponential:
    """Recipe A with exponential pieces: sigma = e^z on the first orbit and at w_2 x_1, e^(rate z) on the second, one value prescribed at
    w_1 x_2.

    Any smooth sigma through these pieces has the two-point ``overlap``; elsewhere it is free. All values are sympy expressions.
    """

    overlap: TwoPointOverlap
    rate: Any
    prescribed: tuple[Any, Any]

    def sigma(self, z: Any) -> Any:
        """sigma on the pieces that the overlap uses."""
        import sympy as sp

        if sp.simplify(z - self.prescribed[0]) == 0:
            return self.prescribed[1]
        return sp.exp(z) if z > 0 else sp.exp(self.rate * z)

    def integral(self, z: Any) -> Any:
        """G on either piece."""
        return z if z > 0 else z / self.rate


def glued_exponential(
    start: tuple[Any, Any] = (1, 1), weights: tuple[Any, Any] = (2, Fraction(1, 2)), x: tuple[Any, Any] = (Fraction(2, 3), -3)
) -> GluedExponential:
    """Recipe A: ``start`` (w_0, a_0), the ``weights`` w_1, w_2 of the two limits, inputs x_1 > 0 > x_2; all weights positive."""
    import sympy as sp

    exact = lambda c: sp.Rational(Fraction(c).numerator, Fraction(c).denominator)
    (w0, a0), (w1, w2), (x1, x2) = (tuple(map(exact, pair)) for pair in (start, weights, x))
    first_square = a0**2 + 2 * (w1 - w0) / x1
    if not (x1 > 0 > x2 and min(w0, w1, w2) > 0 and first_square > 0 and w1 != w2):
        raise NoOverlap(f"expected x1 > 0 > x2, positive weights, w1 != w2 and a_1^2 > 0, got {x}, {start}, {weights}")
    a1 = sp.sqrt(first_square)
    a2 = a1 * sp.exp((w1 - w2) * x1)
    rate = 2 * (w2 - w0) / (x2 * (a2**2 - a0**2))
    y1, y2 = a1 * sp.exp(w1 * x1), a2 * sp.exp(rate * w2 * x2)
    overlap = TwoPointOverlap(Neuron(a0, (w0,)), (Sample((x1,), y1), Sample((x2,), y2)), (Neuron(a1, (w1,)), Neuron(a2, (w2,))))
    return GluedExponential(overlap, rate, (w1 * x2, y2 / a1))
