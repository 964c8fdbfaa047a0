"""The formulas of dropout: proved for all sizes by symbolic moments, and the combinatorics of ReLU neurons on the line by known answers."""

from fractions import Fraction

import numpy as np
import pytest

from theory.dynamics import dropout
from theory.dynamics.dropout import LineNeuron


def symbols(name, *shape):
    import sympy

    return np.array(sympy.symbols(f"{name}:{int(np.prod(shape))}"), dtype=object).reshape(shape)


def generic(neurons, samples):
    """Contributions, targets and scalar gradients g_k = d/d(parameter k alone) as symbols, and the pull of a draw on neuron k."""
    import sympy

    s, y, g, xi = symbols("s", samples, neurons, 1), symbols("y", samples, 1), symbols("g", samples, neurons), symbols("xi", neurons)
    error = (s[..., 0] * xi).sum(axis=1) - y[:, 0]
    pull = lambda k: (error * g[:, k]).sum() * xi[k] / samples
    own = np.zeros((samples, neurons, 1, neurons), dtype=object)
    for k in range(neurons):
        own[:, k, 0, k] = g[:, k]
    return s, y, own, xi, error, pull, sympy.Symbol("v")


def test_the_mean_loss_and_gradient():
    import sympy

    from numerics.dynamics.masks import moment_polynomial

    s, y, own, xi, error, pull, v = generic(2, 1)
    mean = moment_polynomial(sympy.expand((error * error).sum() / 2), xi, v)
    assert sympy.expand(mean - dropout.expected_loss(s, y, v)) == 0
    by_formula = dropout.expected_gradient(s, y, own, v)
    assert all(sympy.expand(moment_polynomial(sympy.expand(pull(k)), xi, v) - by_formula[k]) == 0 for k in range(2))


def test_the_covariance_with_four_neurons_and_two_samples():
    """No monomial has more than four neurons or two samples, so this is the identity for all m and n."""
    import sympy

    from numerics.dynamics.masks import moment_polynomial

    s, y, own, xi, _, pull, v = generic(4, 2)
    by_formula = dropout.covariance(s, y, own, v)
    for k, r in ((0, 0), (0, 1)):
        block = dropout.covariance_block(s, y, own, v, k, r)[k, r]
        assert sympy.expand(block - by_formula[k, r]) == 0
        second = moment_polynomial(sympy.expand(pull(k) * pull(r)), xi, v)
        product = moment_polynomial(sympy.expand(pull(k)), xi, v) * moment_polynomial(sympy.expand(pull(r)), xi, v)
        assert sympy.expand(second - product - by_formula[k, r]) == 0


def test_the_blocks_add_up_to_the_factors():
    rng = np.random.default_rng(0)
    s, y, g = rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 4, 2, 5))
    blocks = sum(dropout.covariance_block(s, y, g, 0.4, k, r) for k in range(4) for r in range(4))
    assert np.allclose(dropout.covariance(s, y, g, 0.4), blocks, rtol=1e-12)
    single, pairs = dropout.covariance_factors(s, y, g, 0.4)
    assert single.shape == (4, 5) and pairs.shape == (6, 5)
    assert dropout.covariance_factors(s[:, :1], y, g[:, :1], 0.4)[1].shape == (0, 5)


def test_the_bound_is_a_sum_of_squares():
    import sympy

    s, v = symbols("s", 1, 4, 1), sympy.Symbol("v")
    gap = dropout.penalty(s, v) - dropout.penalty_bound(s, v)
    squares = sum((s[0, j, 0] - s[0, l, 0]) ** 2 for j in range(4) for l in range(j))
    assert sympy.expand(gap - v * squares / 8) == 0


def test_the_rate_of_flatness_is_the_derivative_along_the_flow():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, w, x = (rng.integers(-5, 6, shape) for shape in ((3,), (3, 2), (4, 2)))
        if (x @ w.T == 0).any():
            continue
        a, w = np.frompyfunc(Fraction, 1, 1)(a), np.frompyfunc(Fraction, 1, 1)(w)
        v, n, hidden = Fraction(1, 3), 4, np.maximum(x @ w.T, 0)
        speed_a = -v / n * a * (hidden**2).sum(axis=0)
        speed_w = -v / n * (a**2)[:, None] * (hidden.T @ x)
        step = Fraction(1, 10**12)
        change = dropout.flatness(a + step * speed_a, w + step * speed_w, x) - dropout.flatness(a, w, x)
        rate = dropout.flatness_rate(a, w, x, v)
        assert abs(change / step - rate) <= 10**8 * step  # the second derivative of a quartic in numbers below 10^2
        assert (rate < 0) == bool((a * (hidden > 0).any(axis=0)).any())


def test_neurons_on_the_line():
    neuron = LineNeuron(Fraction(2), Fraction(-3), Fraction(6))
    assert (neuron.intercept, neuron.direction, neuron.slope) == (2, -1, 6)
    assert [neuron(x) for x in (0, 2, 3)] == [12, 0, 0]
    assert LineNeuron.at(Fraction(2), Fraction(6), -1)(0) == 12
    with pytest.raises(ValueError, match="w must not be 0"):
        LineNeuron(1, 0, 1)


def test_convexity_changes():
    bump = [LineNeuron.at(1, 1), LineNeuron.at(2, -2), LineNeuron.at(3, 1)]
    assert dropout.convexity_changes(bump, 0, 4) == 2
    assert dropout.convexity_changes(bump, 0, 3) == 1  # the bend at 3 lies outside
    assert dropout.convexity_changes([*bump, LineNeuron.at(2, 2)], 0, 4) == 0  # bends at one place add up
    assert dropout.sign_changes([1, 0, -2, 0, 0, 3, 4]) == 2
    assert dropout.least_convexity_changes([0, 1, 2, 3, 4], [0, 0, 1, 1, 0]) == 1
    assert dropout.least_convexity_changes([0, 1, 3], [0, 1, 3]) == 0


def test_pairs_as_printed_and_as_corrected():
    x = [Fraction(k) for k in range(1, 7)]
    at = LineNeuron.at
    both_ends = [at(Fraction(3), Fraction(1)), at(Fraction(4), Fraction(-1))]
    assert len(dropout.printed_pairs(both_ends, x)) == 1 and not dropout.corrected_pairs(both_ends, x)
    same_sign = [at(Fraction(3), Fraction(1)), at(Fraction(4), Fraction(1))]
    assert len(dropout.corrected_pairs(same_sign, x)) == 1
    one_above = [at(Fraction(21, 4), Fraction(4, 3)), at(Fraction(11, 2), Fraction(2))]
    assert not dropout.printed_pairs(one_above, x) and len(dropout.printed_pairs(one_above, x, last=1)) == 1
    assert not dropout.printed_pairs([both_ends[0], at(Fraction(7, 2), Fraction(1), -1)], x)
    dead = [LineNeuron(Fraction(0), 1, Fraction(-3)), at(Fraction(7, 2), Fraction(1))]
    assert len(dropout.printed_pairs(dead, x)) == 1 and not dropout.corrected_pairs(dead, x)


@pytest.mark.parametrize("keep", [0, -1, 2, 1.5, True])
def test_bad_probabilities(keep):
    with pytest.raises(ValueError, match=r"keep must be a probability in \(0, 1\]"):
        dropout.noise_variance(keep)


def test_noise_variance():
    assert dropout.noise_variance(1) == 0 and dropout.noise_variance(Fraction(1, 4)) == 3 and dropout.noise_variance(0.5) == 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda s, g: dropout.plain_loss(s, np.zeros(2)),
            r"targets must have shape \(n, outputs\) = \(2, 1\) as the contributions, got \(2,\)",
        ),
        (lambda s, g: dropout.plain_loss(s, np.zeros((1, 1))), "targets must have shape"),
        (lambda s, g: dropout.expected_gradient(s, np.zeros((2, 1)), g[..., 0], 1), "gradients must have shape"),
        (lambda s, g: dropout.covariance(s, np.zeros((2, 2)), g, 1), "targets must have shape"),
        (lambda s, g: dropout.covariance_block(s, np.zeros((2, 1)), g, 1, -1, 0), "k must be one of the 3 neurons, 0 .. 2, got -1"),
        (lambda s, g: dropout.covariance_block(s, np.zeros((2, 1)), g, 1, 0.5, 0), "k must be one of the 3 neurons, 0 .. 2, got 0.5"),
        (lambda s, g: dropout.covariance_block(s, np.zeros((2, 1)), g, 1, 0, 3), "r must be one of the 3 neurons, 0 .. 2, got 3"),
    ],
)
def test_shapes_that_would_be_broadcast_are_refused(call, told):
    """Targets (n,) turned errors into (n, n): the loss of ones was 9.0 for 4.5. Neuron -1 counted itself among the others."""
    s = np.ones((2, 3, 1))
    assert dropout.plain_loss(s, np.zeros((2, 1))) == 4.5
    with pytest.raises(ValueError, match=told):
        call(s, np.ones((2, 3, 1, 1)))
