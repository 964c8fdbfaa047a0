r"""Fourier integrals in balls, transforms of samples at any places, and least energies of interpolants with a penalty on frequencies.

Transforms are int f(x) e^(-ikx) dx. On the circle of length 2 pi the energy of phi = sum c_k e^(ikx) is sum <k>^alpha |c_k|^2 with
<k> = sqrt(1 + |k|^2); among |k| <= M the least one under phi(x_i) = y_i is y^T K_M^(-1) y, K_M(x) = sum <k>^(-alpha) e^(ikx).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from theory.dynamics.frequency import boundary

#: Frequencies whose turns a transform holds at once.
AT_ONCE = 256


def fourier_integral(function: Callable[[Any], Any], k: Any, *, ends: tuple[Any, Any], tail: Any, bits: int = 120) -> Any:
    """int f(x) e^(-ikx) dx as a complex ball: the integral between ``ends`` by acb's integrator, the rest within ``tail``.

    ``function`` is written with the arithmetic and the functions of :class:`numerics.dynamics.integrands.Argument`, which reports poles
    and cuts to the integrator: ``lambda x: (1 + x * x).sqrt()``, ``lambda x: (-abs(x)).exp()``. ``tail`` bounds the integral of |f| outside
    the ends. k, ends and tail: rationals, floats or balls.

    :raises ValueError: for ends that do not increase, a tail that is negative, or a function that is written with anything else.
    """
    from flint import acb, arb

    from numerics.dynamics.integrands import Argument, complex_ball

    with working_precision(bits):
        low, high, rest, frequency = ball(ends[0]), ball(ends[1]), ball(tail), ball(k)
        if not low < high:
            raise ValueError(f"ends must increase, got {ends}")
        if not rest >= 0:
            raise ValueError(f"tail must not be negative, got {tail}")
        turn = acb(0, -frequency)

        def integrand(x: Any, analytic: bool) -> Any:
            value = function(Argument(x, analytic))
            return (value.value if isinstance(value, Argument) else complex_ball(value)) * (turn * x).exp()

        inner = acb.integral(integrand, acb(low), acb(high))
        error = arb(0, 1) * rest.upper()
        return inner + acb(error, error)


@dataclass(frozen=True)
class Samples:
    """Samples of one input that are fit for a transform: places ``x`` (n,) that increase, with the ``weights`` (n,) of the cells around
    them (sum 1), the ``period`` and the largest frequency that they carry (``nyquist``, n/2 periods)."""

    x: np.ndarray
    weights: np.ndarray
    period: float

    @property
    def nyquist(self) -> int:
        """The largest frequency, in periods: half the number of samples, for uneven ones on average."""
        return len(self.x) // 2


def samples_of(x: Any, period: float | None = None) -> Samples:
    """Places (n,) of at least two samples, sorted and different; ``period`` is that of even spacing, n (x_n - x_1)/(n - 1), when left out.

    :raises ValueError: for places that are not finite, not sorted or repeated, each named, and a period that is too short.
    """
    places = np.asarray(x, dtype=float)
    if places.ndim != 1 or len(places) < 2:
        raise ValueError(f"x must hold at least two places (n,), got shape {places.shape}")
    if not np.isfinite(places).all():
        raise ValueError(f"x must be finite, got {places[~np.isfinite(places)][0]} at {int(np.argmin(np.isfinite(places)))}")
    steps = np.diff(places)
    if (steps == 0).any():
        at = int(np.argmax(steps == 0))
        raise ValueError(f"x must not repeat a place, got {places[at]:g} at {at} and {at + 1}")
    if (steps < 0).any():
        at = int(np.argmax(steps < 0))
        raise ValueError(f"x must be sorted, got {places[at]:g} before {places[at + 1]:g} at {at}")
    length = places[-1] - places[0]
    whole = len(places) * length / (len(places) - 1) if period is None else float(period)
    if not (math.isfinite(whole) and whole > length):
        raise ValueError(f"period must be longer than the samples, {length:g}, got {whole:g}")
    gaps = np.append(steps, whole - length)  # around the circle
    return Samples(places, (gaps + np.roll(gaps, 1)) / (2 * whole), whole)


def nudft(samples: Samples, y: Any, k: Any) -> np.ndarray:
    """sum_j weight_j y_j e^(-2 pi i k (x_j - x_1)/period) for values (..., n) at frequencies k (K,), in periods: complex (..., K).

    For even samples it is the discrete Fourier transform over n; for others the trapezoidal rule on the circle, by which one frequency
    leaks into the others: a constant, too, is not 0 at k != 0.

    :raises ValueError: for frequencies above Nyquist's, and values of another length.
    """
    values, frequencies = np.asarray(y), np.asarray(k, dtype=float)
    if values.shape[-1:] != samples.x.shape:
        raise ValueError(f"y must have shape (..., {len(samples.x)}), got {values.shape}")
    if frequencies.ndim != 1 or not np.isfinite(frequencies).all():
        raise ValueError(f"k must be finite frequencies (K,), got {k}")
    above = np.abs(frequencies) > samples.nyquist
    if above.any():
        raise ValueError(
            f"k must be at most {samples.nyquist}, half of {len(samples.x)} samples (Nyquist): above, samples do not tell a frequency from "
            f"a lower one; got {frequencies[above][0]:g}"
        )
    weighed, places = values * samples.weights, (samples.x - samples.x[0]) / samples.period
    found = np.empty((*values.shape[:-1], len(frequencies)), dtype=complex)
    for first in range(0, len(frequencies), AT_ONCE):  # n by K turns would not fit where both are large
        some = slice(first, first + AT_ONCE)
        found[..., some] = weighed @ np.exp(-2j * np.pi * np.outer(places, frequencies[some]))
    return found


@dataclass(frozen=True)
class Energy:
    """The least energy under point values with frequencies |k| <= cutoff (``least``), the kernel at 0 in dimensions d and d - 1, the
    coefficients c of its minimizer sum_i c_i K(x - x_i), in balls; ``regime`` as :func:`theory.dynamics.frequency.boundary` says."""

    least: Any
    diagonal: Any
    below: Any
    coefficients: tuple[Any, ...]
    regime: str

    def ratio(self, y: Sequence[Any]) -> Any:
        """E K(0)/|y|^2."""
        return self.least * self.diagonal / sum(ball(value) ** 2 for value in y)


def band_limited_energy(x: Any, y: Sequence[Any], alpha: Any, cutoff: int, *, beyond: Any = 0, bits: int = 128) -> Energy:
    """The least sum <k>^alpha |c_k|^2 of an interpolant with |k| <= ``cutoff`` at points x (n, d), or (n,), on the circle of length 2 pi.

    x, y and alpha are rationals, floats or balls: of balls the energies of all numbers within are enclosed. ``beyond`` (:func:`tail_bound`)
    bounds what the kernel lacks: then ``least`` holds the energies of all larger cut-offs, and their limit, too. alpha = d, the
    critical value, is a boundary: ``regime`` says so.

    :raises ValueError: for points that are, or as balls may be, equal modulo 2 pi, wrong shapes, a negative alpha or ``beyond``, a cut-off
        that is no integer, or fewer frequencies than points.
    """
    from flint import arb, arb_mat

    points = np.asarray(x, dtype=object)
    points = points[:, None] if points.ndim == 1 else points
    n, d = points.shape
    if not n or len(y) != n:
        raise ValueError(f"expected one point at least and as many values, got {n} and {len(y)}")
    _check_cutoff(cutoff)
    with working_precision(bits):
        if not ball(alpha) >= 0:
            raise ValueError(f"alpha must be at least 0, got {alpha}")
        _check_finite(alpha)
        if not ball(beyond) >= 0:
            raise ValueError(f"beyond must be at least 0, got {beyond}")
        _different(points)
        if sum(_counts(cutoff, d).values()) < n:
            raise ValueError(f"cutoff must leave at least {n} frequencies for {n} points, got {cutoff}")
        lattice = _lattice(alpha, cutoff, d)
        pairs = [(i, j) for i in range(n) for j in range(i)]
        values = {pair: arb(0) for pair in pairs}
        for pair in pairs:
            values[pair] = lattice.kernel([ball(p) - ball(q) for p, q in zip(points[pair[0]], points[pair[1]], strict=True)])
        diagonal, below = lattice.diagonal, lattice.below
        matrix = arb_mat([[diagonal if i == j else values[(max(i, j), min(i, j))] for j in range(n)] for i in range(n)])
        right = arb_mat([[ball(value)] for value in y])
        solved = matrix.solve(right)
        coefficients = tuple(solved[i, 0] for i in range(n))
        least = sum((ball(value) * c for value, c in zip(y, coefficients, strict=True)), arb(0))
        if ball(beyond) != 0:  # K_M^-1 - K^-1 <= K_M^-1 (K - K_M) K_M^-1, whose entries in between are at most the tail
            size = sum((abs(c) for c in coefficients), arb(0))
            least = least.union(least - size * size * ball(beyond))
        return Energy(least, diagonal, below, coefficients, boundary(alpha, d))


def _different(points: np.ndarray) -> None:
    """Floats are equal modulo 2 pi where they are within their rounding; other numbers where balls cannot tell them apart."""
    least = 1e-15 if any(isinstance(entry, float) for entry in points.ravel()) else 0.0
    for i, row in enumerate(points):
        for j, other in enumerate(points[:i]):
            sines = [abs(((ball(p) - ball(q)) / 2).sin()) for p, q in zip(row, other, strict=True)]
            if not any(bool(sine > least) for sine in sines):
                raise ValueError(f"points must differ modulo 2 pi, got {other.tolist()} and {row.tolist()} at {j} and {i}")


def kernel(difference: Sequence[Any], alpha: Any, cutoff: int, *, bits: int = 128) -> Any:
    """K_M at a difference (d,) of points, in balls.

    :raises ValueError: for an alpha that is not finite, and a cut-off that is no integer of at least 0.
    """
    _check_cutoff(cutoff)
    with working_precision(bits):
        _check_finite(alpha)
        return _lattice(alpha, cutoff, len(difference)).kernel([ball(entry) for entry in difference])


def tail_bound(alpha: Any, cutoff: int, dimension: int = 1, *, bits: int = 128) -> Any:
    """A bound of sum_(|k| > M) <k>^(-alpha) in R^d, alpha > d: 2 M^(1 - alpha)/(alpha - 1) for d = 1.

    In general each k has its unit cube, in which |x| <= |k| + sqrt(d)/2: the sum is at most the integral of (|x| - sqrt(d)/2)^(-alpha) over
    |x| > M - sqrt(d)/2, S_(d-1) (1 + sqrt(d)/(2R))^(d-1) R^(d - alpha)/(alpha - d) with R = M - sqrt(d) and S the area of the sphere.

    :raises ValueError: for alpha of at most d, where that sum diverges, and for a cut-off that is too small.
    """
    from flint import arb

    if boundary(alpha, dimension) != "regular":
        raise ValueError(f"alpha must be above {dimension} (at {dimension}, the boundary, and below it the sum diverges), got {alpha}")
    _check_cutoff(cutoff)
    with working_precision(bits):
        exponent = dimension - ball(alpha)
        if dimension == 1 and cutoff >= 1:
            return 2 * ball(cutoff) ** exponent / -exponent
        root = ball(dimension).sqrt()
        inner = cutoff - root
        if not inner > 0:
            raise ValueError(f"cutoff must be above sqrt(dimension) = {float(root):.3g}, got {cutoff}")
        sphere = 2 * arb.pi() ** (ball(dimension) / 2) / (ball(dimension) / 2).gamma()
        return sphere * (1 + root / (2 * inner)) ** (dimension - 1) * inner**exponent / -exponent


def _check_cutoff(cutoff: Any) -> None:
    if isinstance(cutoff, bool) or not isinstance(cutoff, int) or cutoff < 0:
        raise ValueError(f"cutoff must be an integer of at least 0, got {cutoff}")


def _check_finite(alpha: Any) -> None:
    if not ball(alpha).is_finite():
        raise ValueError(f"alpha must be a finite number, got {alpha}")


@lru_cache(maxsize=16)
def _counts(cutoff: int, d: int) -> dict[int, int]:
    """How many frequencies (d,) with |k| <= cutoff have each |k|^2."""
    counts = {0: 1}
    for _ in range(d):
        wider: dict[int, int] = {}
        for square, number in counts.items():
            for k in range(math.isqrt(cutoff * cutoff - square) + 1):
                wider[square + k * k] = wider.get(square + k * k, 0) + number * (2 if k else 1)
        counts = wider
    return counts


def _lattice(alpha: Any, cutoff: int, d: int) -> _Lattice:
    from flint import ctx

    try:
        return _shared(Fraction(alpha), cutoff, d, ctx.prec)
    except (TypeError, ValueError):  # a ball
        return _Lattice(alpha, cutoff, d)


@lru_cache(maxsize=32)
def _shared(alpha: Fraction, cutoff: int, d: int, bits: int) -> _Lattice:
    return _Lattice(alpha, cutoff, d)


class _Lattice:
    """The weights <k>^(-alpha) of the frequencies (d,) with |k| <= cutoff, for sums by matrices; ``diagonal`` and ``below``: K(0) in
    dimensions d and d - 1.

    Weights do not change with the signs of the coordinates: sum weight e^(ik.x) is that over k >= 0 of weight times the products of cos(k_j
    x_j), twice for each k_j > 0. Each cosine is taken by itself, as radii of powers grow like 2^(k/2).
    """

    def __init__(self, alpha: Any, cutoff: int, d: int) -> None:
        from flint import arb, arb_mat

        scale = -ball(alpha) / 2
        self.cutoff, self.d = cutoff, d
        weight = {square: arb(1 + square) ** scale for square in _counts(cutoff, d)}
        self.diagonal, self.below = (
            sum((weight[square] * number for square, number in _counts(cutoff, fewer).items()), arb(0)) for fewer in (d, d - 1)
        )
        self.width = math.isqrt(cutoff) + 1
        zero, most = arb(0), cutoff * cutoff
        if d == 1:  # k = a width + b
            row = [weight[0], *(2 * weight[k * k] for k in range(1, cutoff + 1))]
            row += [zero] * (-len(row) % self.width)
            self.tables = {(): arb_mat([row[first : first + self.width] for first in range(0, len(row), self.width)])}
            return
        self.tables = {}
        for rest in product(range(cutoff + 1), repeat=d - 2):
            if (used := sum(k * k for k in rest)) <= most:
                squares = [[used + p * p + q * q for q in range(cutoff + 1)] for p in range(cutoff + 1)]
                self.tables[rest] = arb_mat([[weight[s] if s <= most else zero for s in line] for line in squares])

    def kernel(self, difference: list[Any]) -> Any:
        from flint import arb, arb_mat

        if self.d == 1:
            table, x = self.tables[()], difference[0]
            inner = table * arb_mat([[(b * x).cos(), (b * x).sin()] for b in range(self.width)])
            outer = [a * self.width * x for a in range(table.nrows())]
            return sum((turn.cos() * inner[a, 0] - turn.sin() * inner[a, 1] for a, turn in enumerate(outer)), arb(0))
        cosines = [[(2 if k else 1) * (k * x).cos() for k in range(self.cutoff + 1)] for x in difference]
        left, right = arb_mat([cosines[0]]), arb_mat([[entry] for entry in cosines[1]])
        total = arb(0)
        for rest, table in self.tables.items():
            term = (left * (table * right))[0, 0]
            for row, k in zip(cosines[2:], rest, strict=True):
                term *= row[k]
            total += term
        return total
