"""The exact decision on the penalty among interpolants of the line: known minima, descents replayed, Theorem 1 of 2207.05952 in cases."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.dynamics.kinks import Interpolant, descent, lowered, random_interpolant
from theory.dynamics.dropout import LineNeuron, convexity_changes, corrected_pairs, least_convexity_changes, printed_pairs

SIX = [Fraction(k) for k in range(1, 7)]
at = LineNeuron.at


def test_two_kinks_at_both_ends_are_a_local_minimum():
    net = Interpolant((at(Fraction(3), Fraction(1)), at(Fraction(4), Fraction(-1))))
    assert printed_pairs(net.neurons, SIX) and descent(net, SIX) is None and net.penalty(SIX) == 19


def test_the_two_feasible_moves_of_the_two_kinks_raise_the_penalty_at_26_and_44():
    """Intercepts 3 + s and 4 - u, the slope that keeps the labels: everything else is pinned by the data below 3."""
    for s, u, rate in ((Fraction(1, 10**9), 0, 26), (0, Fraction(1, 10**9), 44)):
        slope = 1 / (1 - s - u)
        net = Interpolant((at(3 + s, slope), at(4 - u, -slope)))
        assert [net(x) for x in SIX] == [0, 0, 0, 1, 1, 1]
        assert abs((net.penalty(SIX) - 19) / (s + u) - rate) < Fraction(1, 10**6)


def test_one_point_above_equal_outputs_are_a_minimum():
    net = Interpolant((at(Fraction(21, 4), Fraction(4, 3)), at(Fraction(11, 2), Fraction(2))))
    assert printed_pairs(net.neurons, SIX, last=1) and descent(net, SIX) is None
    unequal = Interpolant((at(Fraction(21, 4), Fraction(4, 3)), at(Fraction(11, 2), Fraction(3))))
    assert descent(unequal, SIX) is not None


def test_a_bump_that_data_do_not_see_is_taken_away():
    net = Interpolant((at(Fraction(13, 4), Fraction(1)), at(Fraction(7, 2), Fraction(-2)), at(Fraction(15, 4), Fraction(1))))
    found = descent(net, SIX)
    assert found.rate < 0 and lowered(net, SIX, found).penalty(SIX) < net.penalty(SIX)


@pytest.mark.parametrize("seed", range(4))
def test_random_interpolants(seed):
    rng = np.random.default_rng(seed)
    minima = 0
    for _ in range(60):
        n = int(rng.integers(3, 8))
        x = [Fraction(int(t)) for t in np.cumsum(rng.integers(1, 4, n))]
        net = random_interpolant(rng, x, int(rng.integers(1, 5)))
        found = descent(net, x)
        if found is not None:
            lowered(net, x, found)
        minima += found is None
        excess = convexity_changes(net.neurons, x[0], x[-1]) - least_convexity_changes(x, [net(t) for t in x])
        assert excess >= 0 and (excess == 0 or found is not None)
        for pair in corrected_pairs(net.neurons, x):
            assert descent(net, x, only=(pair.first, pair.second)) is not None
    assert minima > 5  # the decision is not always the same


def test_no_move_of_the_intercepts_of_a_minimum_lowers_the_penalty():
    """With intercepts moved a little and the best slopes that keep the labels: an oracle in floats that knows nothing of the decision."""
    rng, lowered_by_chance = np.random.default_rng(5), {True: [], False: []}
    while min(map(len, lowered_by_chance.values())) < 8:
        x = [Fraction(int(t)) for t in np.cumsum(rng.integers(1, 4, 6))]
        net = random_interpolant(rng, x, 3)
        minimum = descent(net, x) is None
        places, y = np.array([float(t) for t in x]), np.array([float(net(t)) for t in x])
        directions = np.array([neuron.direction for neuron in net.neurons])
        intercepts = np.array([float(neuron.intercept) for neuron in net.neurons])
        moved = [intercepts + rng.normal(0, 1e-3, 3) * rng.integers(0, 2, 3) for _ in range(100)]  # some stay at their data points
        least = min(least_penalty(places, y, near, directions) for near in moved)
        lowered_by_chance[minimum].append(least < float(net.penalty(x)) - 1e-7)
    # where labels leave the intercepts little room, chance finds no feasible move: the replay of descents covers those
    assert not any(lowered_by_chance[True]) and np.mean(lowered_by_chance[False]) > 0.5


def least_penalty(x, y, intercepts, directions):
    """The least penalty over slopes and linear part that interpolate (x, y), infinite where none do."""
    hidden = np.maximum((x[:, None] - intercepts) * directions, 0)
    norms = np.sqrt((hidden**2).sum(axis=0))
    beside = np.linalg.svd(np.stack([x, np.ones(len(x))], axis=1))[0][:, 2:]  # what a linear part cannot do
    slopes = np.linalg.lstsq(beside.T @ (hidden / norms), beside.T @ y, rcond=1e-12)[0]
    left = np.abs(beside.T @ (hidden / norms @ slopes - y)).max()
    return (slopes**2).sum() if left < 1e-11 * np.abs(y).max() else np.inf


def test_both_ends_with_opposite_signs_are_a_minimum_among_small_moves_alone():
    """(x - 3)_+ - (x - 4)_+ is (3 - x)_+ - (x - 4)_+ + x - 3: turned round, the first neuron costs 5 for 14; no small move helps."""
    x = [Fraction(k) for k in range(1, 7)]
    net = Interpolant((at(Fraction(3), Fraction(1)), at(Fraction(4), Fraction(-1))))
    turned = Interpolant((LineNeuron.at(Fraction(3), Fraction(1), -1), at(Fraction(4), Fraction(-1))), Fraction(1), Fraction(-3))
    assert [net(t) for t in x] == [turned(t) for t in x]
    assert descent(net, x) is None and (net.penalty(x), turned.penalty(x)) == (19, 10)


def test_bad_input():
    with pytest.raises(ValueError, match="x must increase strictly, with as many y"):
        least_convexity_changes([0, 0, 1], [0, 1, 2])
    net = Interpolant((at(Fraction(3), Fraction(1)),))
    with pytest.raises(ValueError, match="x must be at least two increasing numbers"):
        descent(net, [2, 1])
