"""The exact rank of sparse rows over the rationals, as the tables of tangents are: most of it is read off without arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = Mapping[Any, Fraction]


#: The rank of the rows of one block, {column: integer} each.
BlockRank = Callable[[Sequence[Mapping[Any, int]]], int]


def sparse_rank(rows: Sequence[Row], *, most: int | None = None, block_rank: BlockRank | None = None) -> int:
    """The rank of ``rows``, {column: entry} each; an upper bound of it where more than ``most`` rows of one block would be eliminated.

    A row that alone has an entry in some column is independent of the others, one after the other; what is left falls into blocks that
    share no column, and each is eliminated, pivots where rows are shortest, or handed to ``block_rank``.
    """
    left = {i: _cleared({column: Fraction(c) for column, c in row.items() if c}) for i, row in enumerate(rows)}
    left = {i: row for i, row in left.items() if row}
    holders: dict[Hashable, set[int]] = defaultdict(set)
    for i, row in left.items():
        for column in row:
            holders[column].add(i)
    rank, single = 0, [column for column, held in holders.items() if len(held) == 1]
    while single:
        column = single.pop()
        if len(holders[column]) != 1:
            continue
        (i,) = holders[column]
        rank += 1
        for other in left.pop(i):
            holders[other].discard(i)
            if len(holders[other]) == 1:
                single.append(other)
    return rank + sum(_rank_of_block(block, most, block_rank) for block in _blocks(left, holders))


def _rank_of_block(left: dict[int, dict], most: int | None, block_rank: BlockRank | None) -> int:
    """The rank of one block; the smaller of its numbers of rows and columns where it has more than ``most`` rows."""
    if most is not None and len(left) > most:
        return min(len(left), len({column for row in left.values() for column in row}))
    return block_rank(list(left.values())) if block_rank else _eliminated(left)


def _cleared(row: dict[Any, Fraction]) -> dict[Any, int]:
    """The row times the common denominator of its entries."""
    common = math.lcm(*(c.denominator for c in row.values()))
    return {column: c.numerator * (common // c.denominator) for column, c in row.items()}


def _blocks(left: dict[int, dict], holders: Mapping[Hashable, set[int]]) -> Iterator[dict[int, dict]]:
    """The rows that columns link, directly or through others, ``holders`` saying which rows have an entry in a column."""
    waiting = set(left)
    while waiting:
        found, border = set(), [waiting.pop()]
        while border:
            i = border.pop()
            found.add(i)
            linked = {other for column in left[i] for other in holders[column]} & waiting
            waiting -= linked
            border.extend(linked)
        yield {i: left[i] for i in sorted(found)}


def _eliminated(left: dict[int, dict]) -> int:
    """The rank of one block."""
    holders: dict[Hashable, set[int]] = defaultdict(set)
    for i, row in left.items():
        for column in row:
            holders[column].add(i)
    rank = 0
    while left:
        pivot = min(left, key=lambda i: (len(left[i]), i))
        row = left.pop(pivot)
        rank += 1
        column = min(row, key=lambda column: len(holders[column]))
        for other in row:
            holders[other].discard(pivot)
        for i in list(holders[column]):
            target = left[i]
            common = math.gcd(row[column], target[column])
            own, factor = row[column] // common, target[column] // common
            for other in target.keys() - row.keys():
                target[other] *= own
            for other, c in row.items():
                if rest := own * target.get(other, 0) - factor * c:
                    target[other] = rest
                    holders[other].add(i)
                elif other in target:
                    del target[other]
                    holders[other].discard(i)
            if not target:
                del left[i]
            elif (content := math.gcd(*target.values())) > 1:
                for other in target:
                    target[other] //= content
    return rank
