"""The phase diagram's formulas: against an integrated network, autograd, Monte Carlo, measured slopes, and bad input."""

import math
from fractions import Fraction

import numpy as np
import pytest

from theory.activations import activation
from theory.dynamics.phase_diagram import (
    INITIALIZATIONS,
    Scaling,
    arc_cosine_gram,
    condensed_distance_bound,
    condensed_lower_bound,
    decay_rate,
    distance_exponent,
    initialization,
    kernel_exponents,
    lazy_distance_bound,
    output_distance_exponent,
    regime,
    regional_exponent,
    scaling_at,
    slopes,
    solved_network,
    three_layer_bound,
    three_layer_exponents,
    upper_exponents,
)

#: Slopes of the input weights measured elsewhere, at three widths from 800 to 12,800 and a target on a line.
MEASURED = {
    (1.5, -1): 0.486,
    (1.5, 1): -1.008,
    (0.75, -0.5): -0.256,
    (2, 1): -0.015,
    (2, 1.5): -1.012,
    (1.5, 0): 0.277,
    (1, -1): -0.021,
    (1.5, -0.5): 0.501,
    (0.5, -0.5): -0.502,
    (0.6, 0.8): -2.011,
}


@pytest.mark.parametrize("place", MEASURED)
def test_the_law_meets_measured_slopes(place):
    assert abs(distance_exponent(*place) - MEASURED[place]) < 0.03


def test_layers_change_places_with_the_sign_of_gamma_prime():
    assert [output_distance_exponent(*place) for place in ((1.5, 0.5), (2, 0.5), (1.5, -1))] == [0.5, 0.75, -1]
    assert regional_exponent(Fraction(3, 2), Fraction(1, 4)) == Fraction(1, 8)


@pytest.mark.parametrize(("kappa", "ratio", "m"), [(0.01, 1.0, 10), (0.3, 0.2, 6), (1e-4, 5.0, 40)])
def test_the_solved_network_is_where_its_flow_ends(kappa, ratio, m):
    """Neurons (a, s) in pairs (1, 1), (-1, 1): followed until the label 1 is met to 1e-9."""
    from scipy.integrate import solve_ivp

    a0, s0 = np.tile([1.0, -1.0], m // 2), np.ones(m)

    def field(_, state):
        a, s = state[:m], state[m:]
        error = kappa * (a @ s) - 1
        return -error * np.concatenate([kappa / ratio * s, kappa * ratio * a])

    end = solve_ivp(field, (0, 30 / (kappa**2 * m * (ratio + 1 / ratio))), np.concatenate([a0, s0]), "DOP853", rtol=1e-11, atol=1e-12).y[
        :, -1
    ]
    a, s = end[:m], end[m:]
    assert abs(kappa * (a @ s) - 1) < 1e-6
    found = solved_network(kappa, ratio, m)
    assert abs(found.input_distance - np.linalg.norm(s - s0) / np.sqrt(m)) < 1e-5 * (1 + found.input_distance)
    assert abs(found.output_distance - np.linalg.norm(a - a0) / np.sqrt(m)) < 1e-5 * (1 + found.output_distance)
    assert abs(found.along - (s @ s) / m) < 1e-5 * found.along


def test_slopes_are_minus_the_gradients_of_the_normalised_network():
    import torch

    rng = np.random.default_rng(0)
    x, y, kappa, ratio = rng.normal(size=(5, 3)), rng.normal(size=5), 0.7, 1.9
    a, w = rng.normal(size=4), rng.normal(size=(4, 3))
    ta, tw = torch.tensor(a, requires_grad=True), torch.tensor(w, requires_grad=True)
    loss = ((kappa * torch.relu(torch.tensor(x) @ tw.T) @ ta - torch.tensor(y)) ** 2).sum() / 10
    by_a, by_w = torch.autograd.grad(loss, (ta, tw))
    up, across = slopes(activation("relu"), a, w, x, y, kappa, ratio)
    assert np.allclose(up, -by_a.numpy() / ratio, atol=1e-13) and np.allclose(across, -by_w.numpy() * ratio, atol=1e-13)


def test_gram_matrices_are_means_over_gaussian_weights():
    rng, x = np.random.default_rng(1), np.array([[0.2, 1.0], [0.9, 1.0], [-1.0, 0.1]])
    z = rng.normal(size=(400_000, 2)) @ x.T
    value, slope = np.maximum(z, 0), (z > 0).astype(float)
    first, second = (matrix.astype(float) for matrix in arc_cosine_gram(x))
    for expected, products in ((first, value[:, :, None] * value[:, None]), (second, slope[:, :, None] * slope[:, None] * (x @ x.T))):
        deviation = products.std(0) / math.sqrt(len(z))
        assert (np.abs(products.mean(0) - expected) <= 6 * deviation + 1e-15).all()


def test_named_initializations_approach_their_places():
    for name, found in INITIALIZATIONS.items():
        gamma, gamma_prime = found.scaling(10**12, 3, math.sqrt).place(10**12)
        assert abs(gamma - found.gamma) < 0.06 and abs(gamma_prime - found.gamma_prime) < 0.06, name
    at_width = scaling_at(1.5, -0.5, 1000)
    assert np.allclose(at_width.place(1000), (1.5, -0.5)) and at_width.alpha == 1


def test_numbers_at_the_ends_of_the_floats_and_of_numpy():
    assert Scaling(1e200, 1e-200, 1e-200).place(10) == pytest.approx((600, 0))
    assert distance_exponent(np.int64(1), 0) == 0 and distance_exponent(np.float64(0.5), 0) == -0.5
    assert not np.any(arc_cosine_gram(np.array([[0.0, 0.0], [1.0, 2.0]]))[0][0])


def test_bounds_by_hand():
    assert condensed_lower_bound(Fraction(1, 100), Fraction(1, 2), 4, 4, sqrt=lambda d: 2) == Fraction(1, 2) / (16 * 2) * 100
    assert abs(condensed_distance_bound(1e-6, 1.0, 1000, 4) - (math.sqrt(1 / (24 * 8 * 1e-3)) - 1)) < 1e-12
    assert decay_rate(1, 1, 10, 5, Fraction(1, 4)) == 2 and decay_rate(1, 2, 10, 5, 1, share=Fraction(1, 2)) == 5
    assert abs(lazy_distance_bound(0.5, 2.0, 4.0, 0.5, 3.0, 1.5, 2.0) - 0.5 * 2 * 1.5 * 3 * 0.5 / 2) < 1e-12
    assert abs(three_layer_bound(0.0, 4) - (1 / 8) ** (2 / 3)) < 1e-15


def test_three_layers():
    assert three_layer_exponents(0.75, 0.75, 0.75) == (0.25, -0.25, 0.25)
    assert upper_exponents(1.25, 1) == (0, 0.25) and upper_exponents(0.5, 0.5)[0] == -1
    assert abs(upper_exponents(0.6, 1.2)[0] + 1.1) < 1e-12


def test_the_first_layer_leads_where_both_others_are_large():
    """Parts of the tangent kernel of drawn networks at two widths, by their layers' gradients."""
    for gamma2, gamma3 in ((-0.5, -0.5), (0.5, -0.25), (-0.5, 0.75)):
        sizes = []
        for m in (200, 800):
            rng = np.random.default_rng(m)
            first = np.maximum(rng.normal(size=(m, 2)) @ [0.3, 1.0], 0)
            W2, a = rng.normal(size=(m, m)) * m**-gamma2, rng.normal(size=m) * m**-gamma3
            z = W2 @ first
            back = (a * (z > 0)) @ W2 * (first > 0)
            sizes.append([back @ back, (a * (z > 0)) @ (a * (z > 0)) * (first @ first), np.maximum(z, 0) @ np.maximum(z, 0)])
        slopes = np.diff(np.log(sizes), axis=0)[0] / math.log(4)
        assert np.abs(slopes - kernel_exponents(gamma2, gamma3)).max() < 0.15


@pytest.mark.parametrize("pair", [(-0.5, -0.5), (-0.25, -0.5), (-1, -0.5)])
def test_the_law_of_the_upper_layers_is_not_told_where_the_first_one_leads(pair):
    with pytest.raises(ValueError, match="gamma2 and gamma3 must not both be negative"):
        upper_exponents(*pair)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: distance_exponent(math.nan, 0), "gamma and gamma' must be finite numbers, got nan"),
        (lambda: distance_exponent("1", 0), "gamma and gamma' must be finite numbers, got '1'"),
        (lambda: regime(1, math.inf), "must be finite numbers, got inf"),
        (lambda: distance_exponent(0.25, 0, zero_output=False), "gamma must be at least 1/2 where the output at the start is not zero"),
        (lambda: Scaling(1, 0, 1), "beta1 must be positive, got 0"),
        (lambda: Scaling(1, 1, 1).place(1), "width must be at least 2, got 1"),
        (lambda: initialization("glorot"), "initialization must be one of lecun, he, xavier, mean-field, ntk, got 'glorot'"),
        (lambda: condensed_lower_bound(1.0, 1.0, 10, 2), r"m kappa must be at most 1/\(3 sqrt d\)"),
        (lambda: condensed_lower_bound(0.001, -1, 10, 2), "kappa_prime must be positive, got -1"),
        (lambda: condensed_lower_bound(0.001, 1.0, -10, 2), "width must be positive, got -10"),
        (lambda: condensed_distance_bound(1e-3, -1, 10, 2), "kappa_prime must be positive, got -1"),
        (lambda: solved_network(-1, 1, 10), "kappa must be positive, got -1"),
        (lambda: solved_network(1e-200, 1, 10), "sinh 2 theta below 1e150 in floats"),
        (lambda: scaling_at(1, 0, 0), "width must be at least 1, got 0"),
        (lambda: arc_cosine_gram([1.0, 2.0]), r"x must have shape \(n, d\), got \(2,\)"),
        (lambda: decay_rate(-1, 1, 10, 4, 1), "kappa must be positive, got -1"),
        (lambda: decay_rate(1, 1, 10, 0, 1), "samples must be positive, got 0"),
        (lambda: decay_rate(1, 1, 10, 4, -1), "least must be at least 0, got -1"),
        (lambda: lazy_distance_bound(1, 1, 0, 1, 1, 1, 1), "rate must be positive, got 0"),
        (lambda: lazy_distance_bound(1, 1, 1, -1, 1, 1, 1), "loss must be at least 0, got -1"),
        (lambda: three_layer_bound(0.1, 0), "inputs must be positive, got 0"),
        (lambda: scaling_at(300, 0, 256), "deviations between 1e-300 and 1e300 at width 256, got 300 and 0"),
        (lambda: scaling_at(1, 0, -5), "width must be at least 1, got -5"),
        (lambda: three_layer_exponents(0.25, 0.75, 0.75), "exponents must all be at least 1/2"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("times", [3, -3])
def test_kernels_of_parallel_rows(times):
    """Of random parallel rows a third had a cosine beyond 1, and acos raised; K_a is |x||x'|/2, and 0 for opposite ones."""
    for seed in range(50):
        row = np.random.default_rng(seed).normal(size=3)
        first, second = arc_cosine_gram([row, times * row])
        right = times * row @ row / 2 if times > 0 else 0.0
        assert abs(first[0, 1] - right) < 1e-12 and abs(second[0, 1] - right) < 1e-12
