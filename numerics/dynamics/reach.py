r"""The reach of symbolic matching: by sets as the rules say, by intervals for many orders at once, exhaustively over all orders.

Sets of tokens of a chain stay intervals under the union of all meeting sets, which makes whole batches of orders cheap
(:func:`reaches`). :func:`reach` follows the rules position by position with sets and has the variants that the theorem excludes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np

from theory.dynamics.propagation import check_chain, check_layers, check_order, largest_reach, least_reach, rising_order, ternary_order

#: Orders handled in one array.
CHUNK = 100_000
#: The ternary order of more layers than this has too many pairs to be run.
MOST_LAYERS = 9
#: More orders than this are not enumerated.
MOST_ORDERS = 4_000_000


def reach(order: Sequence[int], layers: int, *, causal: bool = True, union: bool = True, adjacent: bool = True) -> int:
    """The largest m with t_0 .. t_m in the query's set after ``layers`` layers, by sets.

    ``order``: the pairs in their positions. ``causal=False`` lets later positions send too; ``union=False`` takes one meeting position
    only, that with the largest set (the latest among equals); ``adjacent=False`` leaves the first layer out. Raises ValueError for what
    is no permutation and for fewer than one layer.
    """
    order, layers = check_order(order), check_layers(layers)
    sets = [frozenset({token}) for pair in order for token in (pair, pair + 1)] + [frozenset({0})]
    if adjacent:
        sets = [first | sets[i - 1] if i % 2 == 1 else first for i, first in enumerate(sets)]
    for _ in range(layers - 1):
        before, sets = sets, [_receive(sets, i, causal, union) for i in range(len(sets))]
        if sets == before:  # further layers change nothing
            break
    reached = 0
    while reached + 1 in sets[-1]:
        reached += 1
    return reached


def _receive(sets: list[frozenset[int]], i: int, causal: bool, union: bool) -> frozenset[int]:
    """The set of position ``i`` after one layer of matching."""
    meeting = [other for other in (sets[:i] if causal else sets[:i] + sets[i + 1 :]) if other & sets[i]]
    if not union and meeting:
        meeting = [max(reversed(meeting), key=len)]
    return sets[i].union(*meeting)


def reaches(orders: np.ndarray, layers: int) -> np.ndarray:
    """The reach of every row of ``orders`` (N, s), integers (N,), by intervals [low, high] of the chain.

    A pair's first position never sends what its second one does not, so that one interval per pair and one for the query suffice.
    """
    check_layers(layers)
    orders = np.asarray(orders)
    if orders.ndim != 2 or orders.shape[1] < 1 or (np.sort(orders, axis=1) != np.arange(orders.shape[1])).any():
        raise ValueError(f"orders must be an array (N, s) of permutations of 0 .. s - 1, s >= 1, got shape {orders.shape}")
    return _reaches(orders.astype(_kind(orders.shape[1])), layers)


def _kind(pairs: int) -> type:
    """The smallest integers that hold the tokens of a chain of ``pairs`` pairs, and one more."""
    return np.int16 if pairs + 2 <= np.iinfo(np.int16).max else np.int32


def _reaches(orders: np.ndarray, layers: int) -> np.ndarray:
    orders = np.ascontiguousarray(orders.T)  # a position a row: all work below runs along whole rows
    query = np.zeros((1, orders.shape[1]), dtype=orders.dtype)
    low, high = np.vstack([orders, query]), np.vstack([orders + 1, query])
    for _ in range(layers - 1):
        before, (low, high) = (low, high), _match(low, high)
        if (low == before[0]).all() and (high == before[1]).all():  # further layers change nothing
            break
    return high[-1].astype(int)


def _match(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One layer of matching on intervals: position i takes in all earlier ones that meet its own."""
    new_low, new_high, farthest = low.copy(), high.copy(), len(low)
    for i in range(1, len(low)):
        meets = (low[:i] <= high[i]) & (high[:i] >= low[i])
        np.minimum(low[i], low[:i].min(axis=0, where=meets, initial=farthest), out=new_low[i])
        np.maximum(high[i], high[:i].max(axis=0, where=meets, initial=0), out=new_high[i])
    return new_low, new_high


@dataclass(frozen=True)
class Distribution:
    """How many orders of ``pairs`` pairs reach how far in ``layers`` layers: ``counts[m]`` orders reach m.

    ``exhaustive``: all pairs! orders were counted; otherwise a random sample. ``examples[m]`` is one order that reaches m.
    """

    pairs: int
    layers: int
    counts: dict[int, int]
    examples: dict[int, tuple[int, ...]]
    exhaustive: bool

    @property
    def orders(self) -> int:
        """The number of orders counted."""
        return sum(self.counts.values())


def distribution(pairs: int, layers: int, *, sample: int | None = None, seed: int = 0) -> Distribution:
    """The reach over all orders of ``pairs`` pairs, or over ``sample`` random ones.

    Raises ValueError where the chain is too short for the layers, or has more than :data:`MOST_ORDERS` orders and no ``sample`` is named.
    """
    check_chain(pairs, layers)
    if sample is None and math.factorial(pairs) > MOST_ORDERS:
        raise ValueError(f"pairs must be at most {_most_pairs()} to count all orders, got {pairs}; name a sample")
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, int) or sample < 1):
        raise ValueError(f"sample must be an integer of at least 1, got {sample!r}")
    counts: dict[int, int] = {}
    examples: dict[int, tuple[int, ...]] = {}
    for orders in _all_orders(pairs) if sample is None else _random_orders(pairs, sample, seed):
        found = _reaches(orders, layers)
        for m, first, number in zip(*np.unique(found, return_index=True, return_counts=True), strict=True):
            counts[int(m)] = counts.get(int(m), 0) + int(number)
            examples.setdefault(int(m), tuple(int(k) for k in orders[first]))
    return Distribution(pairs, layers, dict(sorted(counts.items())), dict(sorted(examples.items())), sample is None)


def _most_pairs() -> int:
    pairs = 1
    while math.factorial(pairs + 1) <= MOST_ORDERS:
        pairs += 1
    return pairs


def _all_orders(pairs: int) -> Iterator[np.ndarray]:
    orders = permutations(range(pairs))
    while chunk := list(islice(orders, CHUNK)):
        yield np.array(chunk, dtype=_kind(pairs))


def _random_orders(pairs: int, sample: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    while sample > 0:
        size = min(sample, max(1, CHUNK // pairs))
        yield rng.permuted(np.broadcast_to(np.arange(pairs, dtype=_kind(pairs)), (size, pairs)), axis=1)
        sample -= size


@dataclass(frozen=True)
class Extremal:
    """An order that attains a bound, and what it reaches when the process is run on it."""

    order: tuple[int, ...]
    reach: int
    bound: int


def extremal(layers: int) -> tuple[Extremal, Extremal]:
    """(lowest, highest): the rising and the ternary order, run; the rising chain has a pair more than it can reach.

    Raises ValueError for fewer than one layer or more than :data:`MOST_LAYERS`.
    """
    if check_layers(layers) > MOST_LAYERS:
        raise ValueError(f"layers must be at most {MOST_LAYERS} to run the ternary order, got {layers}")
    run = lambda order: int(reaches(np.array([order]), layers)[0])
    low, high = rising_order(layers), ternary_order(layers)
    return Extremal(low, run(low), least_reach(layers)), Extremal(high, run(high), largest_reach(layers))
