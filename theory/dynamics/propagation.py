r"""How far L layers of symbolic matching reach along a chain: the bounds of 2509.23178, section 6, and orders that attain them.

A chain t_0 -> t_1 -> ... -> t_s is given as s pairs (t_k, t_(k+1)), k = 0 .. s - 1, in any *order*, each pair on two neighbouring
positions, and the query t_0 last. Every position holds a set of tokens. Layer 1 merges the set of a pair's first position into its second
one (adjacent positions). Every later layer makes a position the union of itself and of all earlier positions whose set meets its own
(same token, causal). The *reach* is the largest m with t_0 .. t_m in the set of the query.

An order is a sequence: order[position] = pair. The union over *all* meeting positions is part of the rule: with a single source
both bounds fail.
"""

from __future__ import annotations

from collections.abc import Sequence


def check_layers(layers: int) -> int:
    """``layers`` itself. Raises ValueError unless it is an integer of at least 1."""
    if isinstance(layers, bool) or not isinstance(layers, int) or layers < 1:
        raise ValueError(f"layers must be an integer of at least 1, got {layers!r}")
    return layers


def check_order(order: Sequence[int]) -> tuple[int, ...]:
    """``order`` as a tuple. Raises ValueError unless it is a permutation of 0 .. s - 1 with s >= 1."""
    order = tuple(order)
    if not order or sorted(order) != list(range(len(order))):
        raise ValueError(f"order must be a permutation of 0 .. s - 1, s >= 1, got {order}")
    return order


def least_reach(layers: int) -> int:
    """2^(L-1) - 1: every order of a chain of at least so many pairs reaches so far."""
    return 2 ** (check_layers(layers) - 1) - 1


def largest_reach(layers: int) -> int:
    """(3^(L-1) - 1)/2: no order reaches farther."""
    return (3 ** (check_layers(layers) - 1) - 1) // 2


def longest_window(layers: int) -> int:
    """3^(L-1): the most edges of the chain that one position's set can hold after L layers."""
    return 3 ** (check_layers(layers) - 1)


def check_chain(pairs: int, layers: int) -> int:
    """``pairs`` itself. Raises ValueError where the chain is too short for the lower bound to speak of it."""
    if isinstance(pairs, bool) or not isinstance(pairs, int) or pairs < max(1, least_reach(layers)):
        raise ValueError(f"pairs must be at least {max(1, least_reach(layers))} for {layers} layers, got {pairs!r}")
    return pairs


def rising_order(layers: int) -> tuple[int, ...]:
    """The chain read forwards, just long enough to see the lower bound attained: every window doubles, no more."""
    return tuple(range(least_reach(layers) + 1))


def ternary_order(layers: int) -> tuple[int, ...]:
    """An order that attains the upper bound: in each window of three thirds the middle third stands after the outer two.

    The pairs fall into blocks of 3^(l-2) for the layers l = 2 .. L, the part of the chain that the query gains in layer l; a pair
    stands the later in its block, the more ternary digits 1 the end of its place has.
    """
    pairs = max(1, largest_reach(layers))
    return tuple(sorted(range(pairs), key=lambda k: (_ones(k - _block_start(k)), k)))


def _block_start(pair: int) -> int:
    """The first pair of the block that holds ``pair``: the largest (3^l - 1)/2 up to it."""
    layers = 1
    while largest_reach(layers + 1) <= pair:
        layers += 1
    return largest_reach(layers)


def _ones(place: int) -> int:
    """How many ternary digits 1 the end of ``place`` has."""
    count = 0
    while place % 3 == 1:
        count, place = count + 1, place // 3
    return count
