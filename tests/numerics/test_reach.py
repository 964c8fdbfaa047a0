"""The process by sets and by intervals, exhaustive counts, extremal orders, and the variants that the theorem excludes."""

import itertools
import json

import networkx
import numpy as np
import pytest

from numerics.dynamics.reach import Distribution, distribution, extremal, reach, reaches
from theory.dynamics.propagation import largest_reach, least_reach, rising_order, ternary_order


def by_graph(order, layers):
    """A third implementation: tokens held by positions as a bipartite graph, written from the rules."""
    held = networkx.Graph()
    position = lambda i: ("position", i)
    for i, pair in enumerate(order):
        held.add_edge(position(2 * i), pair)
        held.add_edges_from([(position(2 * i + 1), pair), (position(2 * i + 1), pair + 1)])
    query = 2 * len(order)
    held.add_edge(position(query), 0)
    for _ in range(layers - 1):
        new = []
        for i in range(query + 1):
            for token in list(held[position(i)]):
                for other in held[token]:
                    if other[1] < i:
                        new += [(position(i), received) for received in held[other]]
        held.add_edges_from(new)
    tokens = set(held[position(query)])
    return next(m for m in itertools.count() if m + 1 not in tokens)


def test_three_implementations_agree():
    rng = np.random.default_rng(0)
    for _ in range(120):
        pairs, layers = int(rng.integers(1, 10)), int(rng.integers(1, 6))
        order = tuple(int(k) for k in rng.permutation(pairs))
        assert reach(order, layers) == reaches(np.array([order]), layers)[0] == by_graph(order, layers)


@pytest.mark.parametrize("pairs", [5, 6, 7])
def test_three_layers_reach_four_in_one_third_of_all_orders(pairs):
    counts = distribution(pairs, 3).counts
    assert counts == {3: counts[3], 4: counts[3] // 2} and sum(counts.values()) == np.prod(range(1, pairs + 1))


def test_four_steps_need_the_third_pair_after_the_second_and_the_fourth():
    for order in itertools.permutations(range(6)):
        place = order.index
        assert (reach(order, 3) == 4) == (place(2) > max(place(1), place(3)))


def test_four_layers_and_eight_pairs():
    assert distribution(8, 4).counts == {7: 8064, 8: 32256}


@pytest.mark.parametrize("layers", range(1, 8))
def test_both_bounds_are_attained(layers):
    lowest, highest = extremal(layers)
    assert lowest.reach == lowest.bound == least_reach(layers) and highest.reach == highest.bound == largest_reach(layers)
    if layers < 5:
        assert reach(lowest.order, layers) == lowest.bound and reach(highest.order, layers) == highest.bound


def test_many_layers_end_where_nothing_changes_any_more():
    for layers in (10, 10**9):
        assert reach((2, 0, 1), layers) == reaches([[2, 0, 1]], layers)[0] == 3
        assert reach((2, 0, 1), layers, union=False) == reach((2, 0, 1), 10, union=False)


def test_examples_and_samples():
    found = distribution(14, 4, sample=2000, seed=3)
    assert isinstance(found, Distribution) and not found.exhaustive and found.orders == 2000
    assert all(least_reach(4) <= m <= largest_reach(4) and reach(order, 4) == m for m, order in found.examples.items())
    assert found == distribution(14, 4, sample=2000, seed=3)


def test_what_the_theorem_excludes():
    assert reach(rising_order(4) + (8, 9, 10, 11, 12), 4, causal=False) == 13  # the rising chain, every position sends
    assert reach(ternary_order(4), 4, union=False) < least_reach(4)
    assert reach(ternary_order(4), 4, adjacent=False) == 0


def test_bad_input():
    with pytest.raises(ValueError, match="order must be a permutation"):
        reach((0, 2), 3)
    with pytest.raises(ValueError, match="orders must be an array"):
        reaches(np.array([[0, 2]]), 3)
    with pytest.raises(ValueError, match="orders must be an array"):
        reaches(np.arange(3), 3)
    with pytest.raises(ValueError, match="pairs must be at least 7 for 4 layers"):
        distribution(6, 4)
    with pytest.raises(ValueError, match="pairs must be at most 10 to count all orders, got 11; name a sample"):
        distribution(11, 4)
    with pytest.raises(ValueError, match="sample must be an integer of at least 1"):
        distribution(11, 4, sample=0)


def test_the_command_gives_the_bounds_of_any_number_of_layers():
    from click.testing import CliRunner

    from proofs_check.commands.reach import command

    shown = CliRunner().invoke(command, ["--layers", "12"])
    assert shown.exit_code == 0 and "at least 2047 and at most 88573 steps" in shown.output and "up to 9 layers" in shown.output
    data = json.loads(CliRunner().invoke(command, ["--layers", "12", "--json"]).output)
    assert data["bounds"] == [2047, 88573] and data["attained"] is None
    assert "at least 1" in CliRunner().invoke(command, ["--layers", "0"]).output


def test_chains_longer_than_small_integers():
    """Tokens of 40,000 pairs do not fit into 16 bits."""
    assert reaches(np.arange(40_000)[None], 2).tolist() == [1]
    assert distribution(40_000, 2, sample=2).counts == {1: 2}
