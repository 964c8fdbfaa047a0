"""Bellman residuals: against simulated returns, numerical minima and bad input."""

from fractions import Fraction

import numpy as np
import pytest

from theory.dynamics.bellman import Chain, bellman_matrix, cycle, expected_square, mean_square, naive_system, next_variance


def test_returns_are_what_a_simulation_adds_up():
    chain, rng = Chain(6, Fraction(9, 10)), np.random.default_rng(0)
    for policy in ([0] * 6, [1] * 6, [0, 1, 1, 0, 1, 1], rng.integers(0, 2, 6).tolist()):
        for start, value in enumerate(chain.returns(policy)):
            state, total = start, 0.0
            for k in range(600):
                state, reward = chain.step(state, policy[state])
                total += 0.9**k * reward
            assert abs(total - float(value)) < 1e-12


def test_the_optimal_values_have_no_residual_and_their_policy_returns_them():
    chain = Chain(5, Fraction(1, 2))
    assert not chain.residuals(chain.optimal()).any()
    assert (
        list(chain.returns(chain.greedy(chain.optimal())))
        == list(chain.optimal().max(axis=1))
        == [Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), 1, 2]
    )


def test_normal_equations_have_the_minimum_of_the_naive_sum():
    from scipy.optimize import minimize

    rng = np.random.default_rng(1)
    P, r, weights, gamma = rng.dirichlet(np.ones(4), 4), rng.normal(size=4), rng.uniform(1, 2, 4), 0.9
    total = lambda V: float((weights * expected_square(P, V, r, gamma)).sum())
    A, b = (np.asarray(part, dtype=float) for part in naive_system(P, r, gamma, weights))
    assert np.abs(minimize(total, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x - np.linalg.solve(A, b)).max() < 1e-5
    V = rng.normal(size=4)
    apart = expected_square(P, V, r, gamma) - mean_square(P, V, r, gamma) - gamma**2 * next_variance(P, V)
    assert max(abs(float(entry)) for entry in apart) < 1e-12


def test_a_cycle_moves_every_state_on():
    assert (cycle(4) @ np.arange(4) == [1, 2, 3, 0]).all() and cycle(1)[0, 0] == 1
    assert bellman_matrix(cycle(2), Fraction(1, 2)).tolist() == [[1, Fraction(-1, 2)], [Fraction(-1, 2), 1]]


@pytest.mark.parametrize(("n", "number"), [(3, 7**0.5), (5, None), (4, 3.0), (10, 3.0)])
def test_condition_numbers_of_odd_cycles_are_smaller(n, number):
    found = np.linalg.cond(bellman_matrix(cycle(n), 0.5).astype(float))
    expected = np.sqrt(1.25 + np.cos(np.pi / n)) / 0.5 if n % 2 else 3.0
    assert abs(found - expected) < 1e-12 and (number is None or abs(found - number) < 1e-12)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Chain(1, 0.5), "n must be an integer of at least 2, got 1"),
        (lambda: Chain(3, 1), r"gamma must lie in \[0, 1\), got 1"),
        (lambda: cycle(0), "n must be an integer of at least 1, got 0"),
        (lambda: Chain(2, 0.5).returns([2, 2]), "policy must have an action 0 or 1 for each of 2 states"),
        (lambda: Chain(2, 0.5).returns([1]), "policy must have an action 0 or 1 for each of 2 states"),
        (lambda: Chain(2, 0.5).step(5, 1), r"state must lie in 0 .. 1 and action be 0 or 1, got 5 and 1"),
        (lambda: Chain(2, 0.5).greedy(np.ones((3, 2))), r"Q must have shape \(2, 2\), one row a state, got \(3, 2\)"),
        (lambda: Chain(2, 0.5).residuals(np.ones((1, 2))), r"Q must have shape \(2, 2\)"),
        (lambda: next_variance([[0.5, 0.4], [0, 1]], [1, 2]), "rows of probabilities that add up to 1"),
        (lambda: bellman_matrix([[1, 0]], 0.5), r"transitions must be a square matrix \(n, n\), got shape \(1, 2\)"),
        (lambda: bellman_matrix([[2, -1], [0, 1]], 0.5), "rows of probabilities"),
        (lambda: expected_square(cycle(2), [1, 2], [0, 0], 7), r"gamma must lie in \[0, 1\), got 7"),
        (lambda: expected_square([[1]], [1, 2], [0], 0.5), r"values must have one entry for each of 1 states, got shape \(2,\)"),
        (lambda: mean_square(cycle(2), [1, 2], [0], 0.5), "rewards must have one entry for each of 2 states"),
        (lambda: next_variance(cycle(2), [1]), "values must have one entry for each of 2 states"),
        (lambda: naive_system([[1]], [1], 0.5, [-1]), "weights must be at least 0, got -1"),
        (lambda: Chain(3, 0.5).step(0.5, 1), r"state must lie in 0 .. 2 and action be 0 or 1, got 0.5"),
        (lambda: bellman_matrix(cycle(2), 1.5), r"gamma must lie in \[0, 1\), got 1.5"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
