"""Fourier integrals, transforms of samples, least energies, limits of interpolants, exceptional weights: against other ways to the same."""

import math
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.dominance import Neuron, bound, exceptional_share, in_ball, pulls, slopes_at
from numerics.dynamics.fourier import band_limited_energy, fourier_integral, kernel, nudft, samples_of, tail_bound
from numerics.dynamics.limits import RationalFunction, interpolant
from theory.dynamics.frequency import natural_cubic, neuron_transform, output_kernel


def test_a_gaussian_and_its_tail():
    with working_precision(120):
        found = fourier_integral(lambda x: (-x * x / 2).exp(), Fraction(3, 2), ends=(-14, 14), tail=ball(2) * ball(-98).exp())
        exact = (2 * ball(0).acos() * 2).sqrt() * ball(Fraction(-9, 8)).exp()
        assert found.real.overlaps(exact) and found.imag.contains(0) and float(found.real.rad()) < 1e-30
    wide = fourier_integral(lambda x: (-x * x / 2).exp(), 1, ends=(-1, 1), tail=1)
    assert float(wide.real.rad()) > 0.9 and wide.real.contains(math.sqrt(2 * math.pi) * math.exp(-0.5))


def test_cuts_and_corners_are_seen_by_the_integrator():
    """An integrand with a branch point near the line, or a corner on it, is enclosed rightly: values by quadrature and in closed form."""
    near = fourier_integral(lambda x: (x * x + ball(Fraction(1, 100))).sqrt(), 1, ends=(-1, 1), tail=0)
    by_parts = quad(lambda x: math.sqrt(x * x + 0.01) * math.cos(x), -1, 1, epsabs=1e-13)[0]
    assert abs(float(near.real) - by_parts) < 1e-11 and abs(by_parts - 0.796152109463618) < 1e-12 and float(near.real.rad()) < 1e-12
    wave = fourier_integral(lambda x: (-abs(x)).exp(), 1, ends=(-60, 60), tail=ball("1e-25"))
    assert wave.real.contains(1) and float(wave.real.rad()) < 1e-15  # 2/(1 + k^2)
    relu = fourier_integral(lambda x: (x + abs(x)) / 2, 1, ends=(-1, 1), tail=0)
    with working_precision(120):
        exact = ball(1).sin() + ball(1).cos() - 1
    assert relu.real.overlaps(exact) and float(relu.real.rad()) < 1e-12 and abs(float(exact) - 0.381773290676036) < 1e-14
    third = fourier_integral(lambda x: (2 + x) ** Fraction(1, 3) + 2 ** (-x) / (x**2 + 1), 0, ends=(-1, 1), tail=0)
    plain = quad(lambda x: (2 + x) ** (1 / 3) + 2.0**-x / (x * x + 1), -1, 1, epsabs=1e-13)[0]
    assert abs(float(third.real) - plain) < 1e-11


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x.conjugate(), "got conjugate"),
        (lambda x: x.log1p(), "got log1p"),
        (lambda x: abs(x.log()), "abs of what is real"),
        (lambda x: x if x > 0 else 0 * x, "must not compare"),
        (lambda x: max(x, 0), "must not compare"),
        (lambda x: [x], "ball or a number"),
    ],
)
def test_integrands_without_a_checked_cut_are_refused(function, told):
    with pytest.raises(ValueError, match=told):
        fourier_integral(function, 1, ends=(-1, 1), tail=0)


@pytest.mark.parametrize(("ends", "tail", "told"), [((1, -1), 0, "ends must increase"), ((-1, 1), -1, "tail must not be negative")])
def test_integrals_refuse(ends, tail, told):
    with pytest.raises(ValueError, match=told):
        fourier_integral(lambda x: x, 1, ends=ends, tail=tail)


def test_even_samples_have_the_discrete_transform():
    x, rng = np.linspace(0, 2 * np.pi, 16, endpoint=False), np.random.default_rng(0)
    y = rng.normal(size=(3, 16))
    assert np.allclose(nudft(samples_of(x), y, np.arange(9)), np.fft.fft(y)[:, :9] / 16)
    assert samples_of(x).nyquist == 8 and abs(samples_of(x).period - 2 * np.pi) < 1e-12


def test_uneven_samples_are_weighed_by_their_cells():
    x = np.sort(np.random.default_rng(1).uniform(0, 1, 4000))
    samples = samples_of(x, period=1.0 + 1e-9)
    found = nudft(samples, np.cos(2 * np.pi * 3 * (x - x[0])), [0, 2, 3, 4])
    assert abs(samples.weights.sum() - 1) < 1e-12 and np.allclose(found, [0, 0, 0.5, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([0.0, 2.0, 1.0], "x must be sorted, got 2 before 1 at 1"),
        ([0.0, 1.0, 1.0], "x must not repeat a place, got 1 at 1 and 2"),
        ([0.0, math.nan, 1.0], "x must be finite"),
        ([0.0], "at least two places"),
        ([[0.0, 1.0]], "at least two places"),
    ],
)
def test_samples_that_cannot_be_used_are_named(x, told):
    with pytest.raises(ValueError, match=told):
        samples_of(x)


def test_frequencies_above_nyquist_are_refused():
    samples = samples_of(np.arange(10.0))
    with pytest.raises(ValueError, match=r"at most 5, half of 10 samples \(Nyquist\)"):
        nudft(samples, np.zeros(10), [3, 6])
    with pytest.raises(ValueError, match="y must have shape"):
        nudft(samples, np.zeros(9), [3])
    with pytest.raises(ValueError, match="finite frequencies"):
        nudft(samples, np.zeros(10), [math.inf])
    with pytest.raises(ValueError, match="period must be longer"):
        samples_of(np.arange(10.0), period=5.0)


@pytest.mark.parametrize(("d", "cutoff"), [(1, 40), (2, 6), (3, 3)])
def test_least_energies_by_least_squares(d, cutoff):
    """The minimum-norm solution of phi(x_i) = y_i in the weighted coefficients, by a pseudoinverse."""
    rng = np.random.default_rng(d)
    x, y, alpha = rng.integers(0, 50, (4, d)) / 8, np.array([1.0, -2.0, 0.5, 1.0]), 1.25
    grid = np.stack(np.meshgrid(*[np.arange(-cutoff, cutoff + 1)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    grid = grid[(grid**2).sum(axis=1) <= cutoff**2]
    weights = (1 + (grid**2).sum(axis=1)) ** (alpha / 4)
    waves = np.exp(1j * x @ grid.T) / weights
    expected = np.linalg.norm(np.linalg.pinv(waves) @ y) ** 2
    found = band_limited_energy(x.tolist(), y.tolist(), Fraction(5, 4), cutoff)
    assert abs(float(found.least) - expected) < 1e-10 * expected
    assert found.regime == ("regular" if d == 1 else "trivial")
    value = sum(
        float(c) * float(kernel([Fraction(v) for v in x[0] - row], Fraction(5, 4), cutoff))
        for c, row in zip(found.coefficients, x, strict=True)
    )
    assert abs(value - y[0]) < 1e-10


@pytest.mark.parametrize(("d", "cutoff"), [(1, 0), (1, 1), (1, 8), (1, 30), (2, 6), (3, 4), (4, 3)])
def test_the_kernel_is_the_sum_over_all_frequencies(d, cutoff):
    x = [Fraction(3, 7), Fraction(-9, 4), Fraction(5, 2), Fraction(1, 3)][:d]
    grid = np.array([k for k in product(range(-cutoff, cutoff + 1), repeat=d) if sum(entry * entry for entry in k) <= cutoff * cutoff])
    expected = ((1.0 + (grid**2).sum(axis=1)) ** (-3 / 8) * np.cos(grid @ np.array([float(entry) for entry in x]))).sum()
    found = kernel(x, Fraction(3, 4), cutoff)
    assert abs(float(found) - expected) < 1e-11 and float(found.rad()) < 1e-30
    assert found.overlaps(kernel(x, ball(Fraction(3, 4)), cutoff))  # an exponent that is a ball has no table of its own


def test_the_critical_exponent_is_said_to_be_a_boundary():
    assert band_limited_energy([0, 1], [1, 1], 1, 20).regime == "boundary"
    with pytest.raises(ValueError, match="at 1, the boundary"):
        tail_bound(1, 10)
    exact = sum(2 * (1 + k * k) ** -1.0 for k in range(11, 200_000))
    assert exact < float(tail_bound(2, 10)) < 1.2 * exact
    with pytest.raises(ValueError, match="cutoff must be above"):
        tail_bound(3, 1, 2)


@pytest.mark.parametrize("alpha", [Fraction(5, 2), 4])
def test_tails_in_the_plane(alpha):
    """Far frequencies up to 400, and what an integral leaves beyond."""
    grid = np.arange(-400, 401)
    squares = grid[:, None] ** 2 + grid[None] ** 2
    far = squares[(squares > 8**2) & (squares <= 400**2)]
    part = float(((1.0 + far) ** (-float(alpha) / 2)).sum())
    rest = 2 * np.pi * 400 ** (2 - float(alpha)) / (float(alpha) - 2)
    assert part + 0.9 * rest < float(tail_bound(alpha, 8, 2)) < 2.5 * (part + rest)


def test_limits_of_energies_are_enclosed():
    x, y = [0, 1, Fraction(5, 2)], [1, -1, 2]
    found = band_limited_energy(x, y, 2, 60, beyond=tail_bound(2, 60)).least
    for cutoff in (200, 2000):
        assert found.contains(band_limited_energy(x, y, 2, cutoff).least)
    assert float(found.rad()) < 0.2 * float(found.mid())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": -1}, "alpha must be at least 0"),
        ({"beyond": -1}, "beyond must be at least 0"),
        ({"cutoff": 2.5}, "cutoff must be an integer"),
        ({"x": [0.0, 2 * math.pi]}, "points must differ modulo 2 pi"),
        ({"x": [ball(0), ball(0).acos() * 4]}, "points must differ modulo 2 pi"),
    ],
)
def test_energies_refuse_what_has_no_meaning(change, told):
    given = {"x": [0, 1], "y": [1, 2], "alpha": 2, "cutoff": 9, **change}
    with pytest.raises(ValueError, match=told):
        band_limited_energy(**given)


def test_points_in_balls_have_energies_in_balls():
    from flint import arb

    around = band_limited_energy([ball(0), arb(1, 1e-6)], [1, 2], 2, 9).least
    assert all(around.contains(band_limited_energy([0, x], [1, 2], 2, 9).least) for x in (1, 1 + Fraction(1, 2_000_000)))


@pytest.mark.parametrize(
    ("x", "y", "cutoff", "told"),
    [
        ([0, 0], [1, 2], 9, "points must differ"),
        ([0, 1], [1], 9, "as many values"),
        ([], [], 9, "one point at least"),
        ([0, 1, 2, 3], [1] * 4, 1, "at least 4 frequencies"),
    ],
)
def test_energies_refuse(x, y, cutoff, told):
    with pytest.raises(ValueError, match=told):
        band_limited_energy(x, y, 2, cutoff)


def test_interpolants_as_functions_of_the_spread_of_biases():
    nodes, values, x = [Fraction(-1), Fraction(0), Fraction(2)], [Fraction(1), Fraction(3), Fraction(-1)], Fraction(1, 2)
    found = interpolant(output_kernel, nodes, values, x, degree=3, first=3)
    gram = [[float(output_kernel(p, q, 7)) for q in nodes] for p in nodes]
    expected = np.linalg.solve(gram, [float(v) for v in values]) @ [float(output_kernel(x, q, 7)) for q in nodes]
    assert abs(float(found(7)) - expected) < 1e-9
    assert found.limit() == natural_cubic(nodes, values, x) and found.order() == 1
    even = interpolant(output_kernel, [-1, 0, 1], [1, 0, 1], x, degree=3, first=3)
    assert even.order() == 3  # faster than 1/B, where the affine part of the spline is constant
    with pytest.raises(ValueError, match="degree must be that of the kernel"):
        interpolant(output_kernel, [0, 1, 3], [1, 0, 2], x, degree=1, first=3)
    assert interpolant(output_kernel, [0, 1, 3], [1, 0, 2], x, degree=3, first=3).limit() == Fraction(3, 8)
    with pytest.raises(ValueError, match="nodes must differ"):
        interpolant(output_kernel, [0, 0], [1, 1], 0, degree=3, first=1)


def test_limits_of_rational_functions():
    one = RationalFunction((Fraction(1), Fraction(2)), (Fraction(3), Fraction(4)))
    assert one.limit() == Fraction(1, 2) and one.order() == 1 and one(0) == Fraction(1, 3)
    assert RationalFunction((Fraction(1),), (Fraction(0), Fraction(1))).limit() == 0
    assert RationalFunction((Fraction(2), Fraction(2)), (Fraction(1), Fraction(1))).order() is None
    with pytest.raises(ArithmeticError, match="degree of the numerator"):
        RationalFunction((Fraction(1), Fraction(1)), (Fraction(1),)).limit()


STILL = Neuron(Fraction(1), Fraction(0), (Fraction(1), Fraction(2)), (Fraction(1), Fraction(1)), (Fraction(1), Fraction(1)))
NEURON = Neuron(Fraction(1), Fraction(2), (Fraction(1), Fraction(2)), (Fraction(1), Fraction(1, 3)), (Fraction(1), Fraction(-1, 2)))


def test_the_share_of_exceptional_weights_against_a_fine_grid():
    found = exceptional_share(NEURON, Fraction(1, 2), beyond=20)
    w = np.linspace(-0.5, 0.5, 2_000_001)[:, None]
    w = w[np.abs(w[:, 0]) > 1e-9]
    ahead = pulls(np.ones_like(w), w, np.full_like(w, 2.0), (1.0, 2.0), (1 + 1j / 3, 1 - 0.5j))
    share = (~(ahead > 0).all(axis=(1, 2))).mean()
    assert float(found.lower) - 1e-5 < share < float(found.upper) + 1e-5
    assert found.lower < found.upper and float(found.upper) < 1.02 * float(found.lower)


def test_without_biases_the_neuron_of_largest_weight_is_pulled_by_the_higher_frequency_and_another_need_not_be():
    w, ones = np.array([1 / 4, 1 / 12]), np.ones(2)
    ahead = pulls(ones, w, 0 * ones, (2.0, 3.0), (1 + 0j, 1j))
    assert ahead[0, 0] < 0 < ahead[1, 0]  # by a_1, by a_2
    alone = pulls(ones[:1], w[1:], 0 * ones[:1], (2.0, 3.0), (1 + 0j, 1j))
    assert alone[0, 0] < 0  # by itself the second one is an exception, too
    assert pulls(ones[:1], w[:1], 0 * ones[:1], (2.0, 4.0), (1 + 0j, 1j))[0, 0] > 0  # at k_2 = 2 k_1 none is


def test_the_bound_holds_and_falls_at_its_rate():
    shares = {u: exceptional_share(NEURON, Fraction(1, u), parameters=("a",)) for u in (8, 16)}
    for u, one in shares.items():
        assert one.upper < bound(NEURON, Fraction(1, u))
    assert abs(math.log(float(bound(NEURON, Fraction(1, 40))) / float(bound(NEURON, Fraction(1, 60)))) - 20 * math.pi / 2) < 1


def test_slopes_in_balls_are_those_in_floats():
    with working_precision(100):
        found = [float(one) for one in slopes_at(NEURON, ball(Fraction(1, 3)), 1)]
    transform = complex(*neuron_transform(1 / 3, 2.0, 2.0))
    expected = ((transform - (1 - 0.5j)).conjugate() * transform).real * math.exp(3 * math.pi / 2)
    assert abs(found[0] - expected) < 1e-10 * abs(expected)


def test_draws_fill_the_ball():
    w = in_ball(np.random.default_rng(0), 20_000, 3, 2.0)
    radius = np.linalg.norm(w, axis=1)
    assert radius.max() <= 2 and abs((radius < 1).mean() - 1 / 8) < 0.02


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: replace(NEURON, a=Fraction(0)), "must not be 0"),
        (lambda: replace(NEURON, k=(Fraction(2), Fraction(1))), "0 < low < high"),
        (lambda: exceptional_share(STILL, Fraction(1, 8)), "b must not be 0"),
        (lambda: bound(NEURON, Fraction(2)), "u must be"),
        (lambda: bound(STILL, Fraction(1, 8)), "b must not be 0"),
        (lambda: bound(NEURON, Fraction(0)), "delta must be positive"),
        (lambda: exceptional_share(NEURON, Fraction(1, 8), parameters=("weight",)), "parameters must be"),
        (lambda: exceptional_share(NEURON, Fraction(1, 8), parameters=()), "parameters must be"),
        (lambda: exceptional_share(NEURON, Fraction(-1, 40), beyond=60), "delta must be positive"),
        (lambda: exceptional_share(NEURON, Fraction(0)), "delta must be positive"),
        (lambda: exceptional_share(NEURON, Fraction(1, 8), beyond=-3), "beyond must be"),
        (lambda: in_ball(np.random.default_rng(0), 3, 2, -1.0), "positive delta"),
    ],
)
def test_dominance_refuses(make, told):
    with pytest.raises(ValueError, match=told):
        make()
