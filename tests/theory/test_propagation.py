"""The bounds on the reach and the orders that attain them, by hand."""

import pytest

from theory.dynamics.propagation import check_chain, check_order, largest_reach, least_reach, longest_window, rising_order, ternary_order


def test_bounds_by_hand():
    assert [least_reach(L) for L in range(1, 8)] == [0, 1, 3, 7, 15, 31, 63]
    assert [largest_reach(L) for L in range(1, 8)] == [0, 1, 4, 13, 40, 121, 364]
    assert [longest_window(L) for L in (1, 2, 3)] == [1, 3, 9]


def test_what_a_layer_adds():
    for L in range(2, 12):
        assert least_reach(L) - least_reach(L - 1) == 2 ** (L - 2)
        assert largest_reach(L) - largest_reach(L - 1) == longest_window(L - 1)


def test_orders():
    assert rising_order(3) == (0, 1, 2, 3) and rising_order(1) == (0,)
    # the block of three pairs 1, 2, 3: its middle one comes last
    assert ternary_order(3) == (0, 1, 3, 2)
    order = ternary_order(4)
    assert sorted(order) == list(range(13))
    place = {pair: position for position, pair in enumerate(order)}
    for left, middle, right in ((4, 5, 6), (7, 8, 9), (10, 11, 12), (5, 8, 11)):
        assert place[middle] > max(place[left], place[right])


def test_bad_input():
    for layers in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="layers must be an integer of at least 1"):
            least_reach(layers)
    for order in ((), (0, 0), (1, 2), (0, 2)):
        with pytest.raises(ValueError, match="order must be a permutation"):
            check_order(order)
    with pytest.raises(ValueError, match="pairs must be at least 7 for 4 layers, got 6"):
        check_chain(6, 4)
    assert check_chain(7, 4) == 7
