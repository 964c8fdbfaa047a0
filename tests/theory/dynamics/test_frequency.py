"""Transforms of neurons, kernels, splines and samples: against quadrature, finite differences, scipy and enumeration."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline

from theory.dynamics import frequency
from theory.dynamics.frequency import kernels


@pytest.mark.parametrize(("w", "b", "k"), [(1.0, 0.3, 2.0), (-1.5, 2.0, 0.7), (0.4, -1.0, -1.2), (2.0, 0.5, 0.0)])
def test_the_slope_of_a_neuron_by_quadrature(w, b, k):
    slope = lambda x: 1 / np.cosh(w * x + b) ** 2
    found = [quad(lambda x, wave=wave: slope(x) * wave(k * x), -80, 80, limit=400)[0] for wave in (np.cos, lambda t: -np.sin(t))]
    assert np.allclose(frequency.slope_transform(w, b, k), found, atol=1e-9)


def test_a_neuron_is_its_slope_over_ik():
    w, b, k = -0.7, 1.1, 1.9
    slope, neuron = (complex(*one(w, b, k)) for one in (frequency.slope_transform, frequency.neuron_transform))
    assert abs(neuron - w / (1j * k) * slope) < 1e-14
    shifted = complex(*frequency.neuron_transform(w, b, k, shift=1.0))
    assert abs(shifted - neuron * math.exp(math.pi / (2 * abs(w)))) < 1e-12


@pytest.mark.parametrize("w", [0.6, -1.3])
def test_slopes_of_the_loss_by_finite_differences(w):
    a, b, k, target = 0.8, 0.4, 1.3, 0.5 - 0.2j
    transform = lambda w, b: complex(*frequency.neuron_transform(w, b, k))
    loss = lambda a, w, b: abs(a * transform(w, b) - target) ** 2 / 2
    error = a * transform(w, b) - target
    found = frequency.loss_slopes(a, w, b, k, (error.real, error.imag))
    step, at = 1e-6, np.array([a, w, b])
    numeric = [(loss(*(at + step * e)) - loss(*(at - step * e))) / (2 * step) for e in np.eye(3)]
    assert np.allclose(found, numeric, rtol=1e-7, atol=1e-9)


def test_the_rate_of_dominance_bounds_the_ratio():
    size = lambda w, k: abs(complex(*frequency.neuron_transform(w, 0.3, k)))
    rate = frequency.dominance_rate(1.0, 2.5)
    for w in (0.1, 0.5, 2.0):
        assert size(w, 2.5) <= math.exp(-rate / w) * size(w, 1.0)
    assert abs(math.log(size(0.05, 2.5) / size(0.05, 1.0)) * 0.05 + rate) < 1e-8


@pytest.mark.parametrize("order", [1.5, 2.0, 5.0])
def test_the_peak_of_a_rate(order):
    x = frequency.peak_argument(order)
    assert abs(x / math.tanh(x) - order) < 1e-12
    rate = lambda x: x ** (2 * order) / math.sinh(x) ** 2
    assert rate(x) > max(rate(x * 0.99), rate(x * 1.01))
    assert frequency.peak_argument(1.0) == frequency.peak_argument(0) == 0


def test_peaks_near_order_one_and_at_large_orders():
    assert abs(frequency.peak_argument(1 + 2**-46) / math.sqrt(3 * 2**-46) - 1) < 1e-12
    assert frequency.peak_argument(1.7e308) == 1.7e308


@pytest.mark.parametrize("w", [1e200, 1e8, -1e8, 3.0, -0.2, 0.01, 1e-3, 1e-200])
def test_transforms_have_all_digits_at_small_and_large_weights(w):
    """1 - e^(-pi k/|w|) has eight digits at w = 1e8, sinh overflows at 1e-3: mpmath at 60 digits has neither."""
    import mpmath

    b = 0.3 if abs(w) > 1e-100 else 0.0
    with mpmath.workdps(60):
        for k in (1.0, -2.0, 7.0):
            turned = mpmath.expj(mpmath.mpf(k) * b / w) / mpmath.sinh(mpmath.pi * k / (2 * abs(mpmath.mpf(w))))
            right = (mpmath.pi * k / mpmath.mpf(w) ** 2 * turned, -1j * mpmath.pi / mpmath.mpf(w) * turned)
            found = (frequency.slope_transform(w, b, k), frequency.neuron_transform(w, b, k))
            for (real, imag), expected in zip(found, right, strict=True):
                assert abs(mpmath.mpc(float(real), float(imag)) - expected) <= 1e-13 * abs(expected) + 1e-300


def test_splines_of_integers_are_exact():
    assert isinstance(frequency.natural_cubic([0, 1, 3], [1, 0, 2], 2), Fraction)
    assert frequency.natural_cubic([0, 1, 4], [1, 0, 2], 2) == frequency.natural_cubic(
        *([Fraction(k) for k in row] for row in ([0, 1, 4], [1, 0, 2])), 2
    )
    assert frequency.piecewise_linear([0, 3], [0, 1], 1) == Fraction(1, 3)


def test_transforms_of_arrays():
    k, w, b = np.array([-1, 1, 2]), np.array([1, 2, -3]), np.array([1, 0, 2])
    for function in (frequency.neuron_transform, frequency.slope_transform):
        each = [function(float(u), float(c), float(v)) for u, c, v in zip(w, b, k, strict=True)]
        assert np.allclose(np.array(function(w, b, k)).T, each)
    real, imag = frequency.slope_transform(-2.0, 1.0, np.array([0.0, 1.0]))
    assert np.allclose(real, [1, frequency.slope_transform(-2.0, 1.0, 1.0)[0]]) and imag[0] == 0


def test_kernels_are_the_integrals_over_biases():
    c = np.linspace(-3, 3, 200_001)
    x, y, plus = -0.7, 1.2, lambda z: np.maximum(z, 0)
    both = plus(x - c) * plus(y - c) + plus(c - x) * plus(c - y)
    assert abs(np.trapezoid(both, c) - frequency.output_kernel(x, y, 3)) < 1e-6
    steps = ((x > c) & (y > c)) | ((x < c) & (y < c))
    assert abs(np.trapezoid(steps.astype(float), c) - frequency.bias_kernel(x, y, 3)) < 1e-3


def test_a_sum_over_biases_is_not_yet_the_linear_spline_and_the_integral_is():
    """20,001 biases are 2e-4 apart: so far off is the sum; the kernel itself gives the spline to within rounding."""
    x, y, at, B = np.array([-1.3, -0.2, 0.7, 1.5]), np.array([1.0, -0.5, 0.8, 0.2]), np.linspace(-1.3, 1.5, 101), 2
    c = np.linspace(-B, B, 20_001)
    right, left = (lambda p: (p[:, None] > c).astype(float)), (lambda p: (p[:, None] < c).astype(float))
    summed = lambda p, q: (right(p) @ right(q).T + left(p) @ left(q).T) * 2 * B / 20_000
    exact = lambda p, q: frequency.bias_kernel(p[:, None], q[None], B)
    apart = lambda kernel: np.abs(kernel(at, x) @ np.linalg.solve(kernel(x, x), y) - np.interp(at, x, y)).max()
    assert 1e-4 < apart(summed) < 3e-4 and apart(exact) < 1e-13


def test_natural_splines_against_scipy():
    nodes, values = [-2.0, -0.5, 0.25, 1.0, 3.0], [1.0, -1.0, 0.5, 2.0, 0.0]
    spline = CubicSpline(nodes, values, bc_type="natural")
    for x in np.linspace(-2, 3, 21):
        assert abs(frequency.natural_cubic(nodes, values, x) - spline(x)) < 1e-12
        assert abs(frequency.piecewise_linear(nodes, values, x) - np.interp(x, nodes, values)) < 1e-12
    for end, step in ((-2.0, -1.5), (3.0, 2.0)):
        assert abs(frequency.natural_cubic(nodes, values, end + step) - (spline(end) + step * spline(end, 1))) < 1e-12


@pytest.mark.parametrize("r", [1, 2])
@pytest.mark.parametrize("n", [5, 8])
def test_eigenvalues_on_the_circle_by_the_discrete_transform(r, n):
    row = [float(frequency.bernoulli_kernel(r, Fraction(j, n))) for j in range(n)]
    for k, found in enumerate(np.fft.fft(row).real[1:], 1):
        aliases = [2 * n / (2 * math.pi * (k + m * n)) ** (2 * r) for m in range(-4000, 4001)]
        assert abs(found - sum(aliases)) < 1e-4
        assert abs(found - frequency.circulant_eigenvalue(r, n, math.cos(2 * math.pi * k / n))) < 1e-12


@pytest.mark.parametrize(("r", "coefficient"), [(1, 0.0506605918), (2, 0.00128324778)])
def test_kernels_on_the_circle_have_the_singularity_of_those_on_the_line(r, coefficient):
    """Third differences, or first ones, jump at 0 as |t|^3/6 and -|t| do; the coefficient at k = 1 is 2/(2 pi)^(2r)."""
    step = Fraction(1, 1000)
    value = lambda i: frequency.bernoulli_kernel(r, abs(i) * step)
    first = lambda i: value(i + 1) - value(i)
    jump = first(0) - first(-1) if r == 1 else first(2) - 2 * first(1) + first(0) - first(-1) + 2 * first(-2) - first(-3)
    assert abs(float(jump / step ** (2 * r - 1)) - (-2 if r == 1 else 2)) < 0.02
    found = quad(lambda t: float(frequency.bernoulli_kernel(r, t)) * math.cos(2 * math.pi * t), 0, 1, epsabs=1e-12)[0]
    assert abs(found - coefficient) < 1e-9


def test_bernoulli_polynomials():
    assert kernels._bernoulli(2) == [Fraction(1, 6), -1, 1] and kernels._bernoulli(4) == [Fraction(-1, 30), 0, 1, -2, 1]


def test_powers_against_gaussians_in_one_dimension():
    for q in (1, 3):
        plain = quad(lambda x, q=q: abs(x) ** q * np.exp(-x * x / 2), -20, 20)[0]
        once = quad(lambda x, q=q: abs(x) ** q * (1 - x * x) * np.exp(-x * x / 2), -20, 20)[0]  # minus the second derivative
        assert abs(float(frequency.power_against_gaussian(q, 1, 1)) - once / plain) < 1e-9


def test_aliases_and_leaks():
    x = 2 * np.pi * np.arange(7) / 7
    assert frequency.alias(6, 7) == -1 and np.abs(np.sin(6 * x) + np.sin(x)).max() < 1e-14
    assert [frequency.alias(k, 8) for k in (3, 4, 5, -4)] == [3, 4, -3, 4]
    product = np.array([1, 1, -1, -1])
    for n in range(1, 5):
        squares = [product[list(rows)].mean() ** 2 for rows in combinations(range(4), n)]
        assert abs(np.mean(squares) - float(frequency.leak(n, 4))) < 1e-15


def test_the_mean_coefficient_of_the_design():
    """That of the published one, .34149, is above its first order, .34038; with one uniform point the mean over all places."""
    from proofs_check.claims.frequency.aliasing import GRID, confused

    x = GRID[confused()]
    cross, square = float(np.sin(x) @ np.sin(6 * x)), float(np.sin(x) @ np.sin(x))
    assert len(x) == 28
    assert abs(frequency.spurious_coefficient(cross, square, 37) - 0.341495) < 1e-6
    assert abs(cross / (square + 37 / 2) - 0.34038) < 1e-5
    one = ((cross + np.sin(GRID) * np.sin(6 * GRID)) / (square + np.sin(GRID) ** 2)).mean()
    assert abs(frequency.spurious_coefficient(cross, square, 1) - one) < 1e-12
    assert frequency.spurious_coefficient(0, 0, 65) == 0


def test_regimes():
    assert [frequency.boundary(alpha, 2) for alpha in (1.5, Fraction(2), 2.5)] == ["trivial", "boundary", "regular"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: frequency.leak(9, 8), "between 1 and 8"),
        (lambda: frequency.leak(1, 1), "at least 2 points"),
        (lambda: frequency.leak(2.5, 8), "n must be an integer"),
        (lambda: frequency.alias(1, 0), "n must be"),
        (lambda: frequency.alias(1, 2.5), "n must be"),
        (lambda: frequency.alias(0.5, 7), "k must be an integer"),
        (lambda: frequency.boundary(1, 1.5), "dimension must be"),
        (lambda: frequency.spurious_coefficient(1.0, 0.0, 3), "square > 0"),
        (lambda: frequency.boundary(1, 0), "dimension must be"),
        (lambda: frequency.boundary(math.nan, 1), "alpha must be a finite"),
        (lambda: frequency.natural_cubic([0, 0], [1, 2], 0), "nodes must increase"),
        (lambda: frequency.piecewise_linear([0], [1], 0), "at least two nodes"),
        (lambda: frequency.slope_transform(0.0, 1.0, 1.0), "w must not be 0"),
        (lambda: frequency.neuron_transform(1.0, 1.0, 0.0), "k must not be 0"),
        (lambda: frequency.dominance_rate(2, 1), "0 < low < high"),
        (lambda: frequency.peak_argument(-1), "order must be"),
        (lambda: frequency.bernoulli_kernel(0, 0), "half_order must be"),
        (lambda: frequency.circulant_eigenvalue(3, 4, 0), "half_order must be 1 or 2"),
        (lambda: frequency.circulant_eigenvalue(1, 0, 0), "n must be"),
        (lambda: frequency.circulant_eigenvalue(1, 4, 1), "cosine must not be 1"),
        (lambda: frequency.bernoulli_kernel(1.5, 0), "half_order must be"),
        (lambda: frequency.bernoulli_kernel(1, Fraction(3, 2)), r"t must lie in \[0, 1\], got 3/2"),
        (lambda: frequency.circulant_eigenvalue(1, 5, 2.0), r"cosine must lie in \[-1, 1\], got 2.0"),
        (lambda: frequency.power_against_gaussian(1, 0, 1), "dimension >= 1"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
