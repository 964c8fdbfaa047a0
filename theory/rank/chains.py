"""Chains of matrices up to changes of basis.

A chain A_1, ..., A_L of matrices A_k of shape (d_(k-1), d_k) is, in suitable bases of the L + 1 spaces, one of partial permutations
(Gabriel's theorem for quivers of type A): each basis vector of the spaces i to j is carried on as one *interval* (i, j). How often each
interval occurs, the *type* of the chain, is all that changes of basis leave alone, and rank(A_(i+1) ... A_j) counts the intervals that
hold i and j.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from theory.lifting.factoring import unimodular

Intervals = Mapping[tuple[int, int], int]


def chain_types(sizes: Sequence[int]) -> Iterator[dict[tuple[int, int], int]]:
    """Every type of a chain between spaces of dimensions ``sizes``: {(i, j): how often}, intervals that do not occur left out."""

    def grown(k: int, alive: dict[int, int]) -> Iterator[dict[tuple[int, int], int]]:
        """``alive``: how many intervals that started in space i reach space k."""
        if k == len(sizes) - 1:
            yield {(i, k): count for i, count in alive.items() if count}
            return
        for kept in product(*(range(count + 1) for count in alive.values())):
            started = sizes[k + 1] - sum(kept)
            if started >= 0:
                ended = {(i, k): count - on for (i, count), on in zip(alive.items(), kept, strict=True) if count > on}
                for later in grown(k + 1, {**dict(zip(alive, kept, strict=True)), k + 1: started}):
                    yield ended | later

    return grown(0, {0: sizes[0]})


def rank_between(intervals: Intervals, i: int, j: int) -> int:
    """rank(A_(i+1) ... A_j) of a chain of this type, 0 <= i <= j <= L; the dimension of the space for i = j."""
    return sum(count for (first, last), count in intervals.items() if first <= i and j <= last)


def chain_of_type(sizes: Sequence[int], intervals: Intervals, rng: np.random.Generator) -> list[np.ndarray]:
    """Integer matrices of a type in unimodular bases drawn from ``rng``; intervals (i, i) need not be named.

    Chains of equal ``sizes``, equal count of (0, L) and equal state of ``rng`` have the same product. Raises ValueError where the
    intervals exceed a dimension.
    """
    last = len(sizes) - 1
    for k, size in enumerate(sizes):
        if (held := rank_between(intervals, k, k)) > size:
            raise ValueError(f"intervals must fit the sizes {tuple(sizes)}, got {held} of them in space {k}")
    ends = {k: unimodular(sizes[k], rng) for k in (0, last)}
    bases = [ends[k] if k in ends else unimodular(size, rng) for k, size in enumerate(sizes)]
    carried = [interval for interval, count in sorted(intervals.items(), key=_longest_first) for _ in range(count)]
    matrices = []
    for k in range(1, last + 1):
        left, right = ([interval for interval in carried if interval[0] <= space <= interval[1]] for space in (k - 1, k))
        ones = np.zeros((sizes[k - 1], sizes[k]), dtype=int)
        for place, interval in enumerate(left):
            if interval[1] >= k:  # its place among the equal ones is the same in both spaces
                ones[place, right.index(interval) + left[:place].count(interval)] = 1
        matrices.append(bases[k - 1][0] @ ones @ bases[k][1])
    return matrices


def _longest_first(entry: tuple[tuple[int, int], int]) -> tuple[int, int]:
    (first, last), _ = entry
    return first, -last
