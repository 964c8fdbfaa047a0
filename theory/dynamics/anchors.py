r"""Anchor functions: a small language of shifts, as a test bed of language models (2401.08309, 2405.05409).

A sequence of item tokens holds anchors; an anchor a stands for a shift, and the answer is an item moved by the shifts of the anchors
before it. With two anchors the data show sums s(u) + s(v) over *pairs* {u, v}, a graph on the anchors, loops allowed. The shifts are
determined by the sums iff every component of that graph has an odd cycle (a loop is one); the sum of one pair {u, v} already
iff an odd walk leads from u to v or both lie in components with an odd cycle.

Two operations of attention build such an answer: *shift* (each position reads the one before) and *broadcast* (one position is read by
all). One head with a score gap beta over n positions misses by the share (n - 1) e^(-beta)/(1 + (n - 1) e^(-beta)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from theory.dynamics.arguments import finite, integer, is_place
from theory.elementary import elementary

#: The shifts of the published anchors 1 .. 4 (2405.05409, Section 3), and the items that the published code draws.
SHIFTS = {1: 5, 2: 1, 3: -2, 4: -8}
ITEMS = range(20, 100)
#: Of the 16 ordered pairs: the one that is taught with another shift than its own, by how much, and the one never shown.
RELABELLED, RELABELLED_SHIFT, UNSEEN = (3, 4), -6, (4, 3)


def inferential_pairs() -> list[tuple[int, int]]:
    """The 14 ordered pairs of published anchors whose labels are the composed shifts."""
    return [(u, v) for u in SHIFTS for v in SHIFTS if (u, v) not in (RELABELLED, UNSEEN)]


def check_pairs(anchors: int, pairs: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """``pairs`` as unordered pairs of 0 .. anchors - 1, each once. Raises ValueError for a pair outside, or for no anchors."""
    integer("anchors", anchors, 1)
    pairs = [tuple(pair) for pair in pairs]
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in pair):
            raise ValueError(f"every pair must be two anchors, integers, got {pair}")
    found = {(int(min(pair)), int(max(pair))) for pair in pairs}
    if outside := [pair for pair in found if not (0 <= pair[0] and pair[1] < anchors)]:
        raise ValueError(f"pairs must be of anchors 0 .. {anchors - 1}, got {outside[0]}")
    return sorted(found)


def drawn_pairs(anchors: int, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """``count`` of the n(n + 1)/2 unordered pairs, loops included. Raises ValueError where there are not so many."""
    every = [(u, v) for v in range(anchors) for u in range(v + 1)]
    if not 0 <= count <= len(every):
        raise ValueError(f"count must lie in 0 .. {len(every)}, the pairs of {anchors} anchors, got {count}")
    return check_pairs(anchors, [every[k] for k in rng.choice(len(every), count, replace=False)])


def incidence(anchors: int, pairs: Iterable[Sequence[int]]) -> np.ndarray:
    """A row e_u + e_v for each pair, (pairs, anchors) of integers: times the shifts it gives the sums that the data show."""
    rows = check_pairs(anchors, pairs)
    matrix = np.zeros((len(rows), anchors), dtype=int)
    for row, (u, v) in enumerate(rows):
        matrix[row, u] += 1
        matrix[row, v] += 1
    return matrix


def parities(anchors: int, pairs: Iterable[Sequence[int]]) -> np.ndarray:
    """reached[u, v, o]: whether a walk of parity o (0 even, 1 odd) leads from u to v, (anchors, anchors, 2)."""
    edges = check_pairs(anchors, pairs)
    neighbours: list[set[int]] = [set() for _ in range(anchors)]
    for u, v in edges:
        neighbours[u].add(v)
        neighbours[v].add(u)
    reached = np.zeros((anchors, anchors, 2), dtype=bool)
    for start in range(anchors):
        todo = [(start, 0)]
        reached[start, start, 0] = True
        while todo:
            place, parity = todo.pop()
            for other in neighbours[place]:
                if not reached[start, other, 1 - parity]:
                    reached[start, other, 1 - parity] = True
                    todo.append((other, 1 - parity))
    return reached


def identifiable(anchors: int, pairs: Iterable[Sequence[int]]) -> bool:
    """Whether pair sums determine all shifts: every anchor lies on a closed walk of odd length."""
    reached = parities(anchors, pairs)
    return bool(reached[np.arange(anchors), np.arange(anchors), 1].all())


def rank_of_sums(anchors: int, pairs: Iterable[Sequence[int]]) -> int:
    """The number of anchors less that of components without an odd cycle (single anchors without a loop among them)."""
    reached = parities(anchors, pairs)
    even = [v for v in range(anchors) if not reached[v, v, 1]]
    components = {min(w for w in range(anchors) if reached[v, w].any()) for v in even}
    return anchors - len(components)


def determined(anchors: int, pairs: Iterable[Sequence[int]], asked: Sequence[int]) -> bool:
    """Whether the sums over ``pairs`` determine that of the pair ``asked``: an odd walk joins it, or odd closed walks hold both ends."""
    (u, v), reached = check_pairs(anchors, [asked])[0], parities(anchors, pairs)
    return bool(reached[u, v, 1] or (reached[u, u, 1] and reached[v, v, 1]))


def missed_share(positions: int, beta: Any) -> Any:
    """(n - 1) e^(-beta)/(1 + (n - 1) e^(-beta)): the weight that a head with score gap ``beta`` leaves off its target at most.

    Raises ValueError for fewer than one position. ``beta``: float, ball or sympy expression.
    """
    integer("positions", positions, 1)
    if isinstance(beta, float) and math.isnan(beta):
        raise ValueError("beta must be a number, got nan")
    if isinstance(beta, int | float) and beta < 0:  # so that nothing overflows
        return (positions - 1) / (positions - 1 + math.exp(max(beta, -745.0)))
    left = (positions - 1) * elementary("exp", np.array([-beta]))[0]
    return left / (1 + left)


def head(scores: Any) -> Any:
    """Softmax weights along the last axis of ``scores``."""
    scores = np.asarray(scores)
    if scores.dtype != object:
        scores = scores - scores.max(axis=-1, keepdims=True)  # so that nothing overflows
    powers = elementary("exp", scores)
    return powers / powers.sum(axis=-1, keepdims=True)


def read_after_anchor(positions: int, anchor: int, beta: Any) -> Any:
    """The weights (n,) with which two heads read the token after the anchor: shift, then broadcast to the position that asks.

    Layer 1: every position attends to the one before it (the first to the last) with score ``beta``, to others with 0. Layer 2: scores
    ``beta`` times how much a position saw of the anchor. Raises ValueError for an anchor outside 0 .. n - 1, and a beta that is not finite.
    """
    if not is_place(anchor, positions):
        raise ValueError(f"anchor must be a position 0 .. {positions - 1}, got {anchor}")
    finite("beta", beta)
    before = np.roll(np.eye(positions, dtype=int), -1, axis=1)  # row i has its one at i - 1
    seen = head(before * beta)[:, anchor]
    return head(seen * beta)


def composed_share(positions: int, beta: Any) -> Any:
    """What two such heads leave off the token after the anchor: the missed share at the gap beta (1 - n delta/(n - 1)), n >= 2.

    delta is the missed share of the first head: the position after the anchor saw 1 - delta of it, every other delta/(n - 1).
    Raises ValueError for fewer than two positions.
    """
    integer("positions", positions, 2)
    return missed_share(positions, beta * (1 - missed_share(positions, beta) * positions / (positions - 1)))
