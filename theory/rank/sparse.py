"""The exact rank of sparse rows over the rationals, as the tables of tangents are: most of it is read off without arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = Mapping[Any, Fraction]


def sparse_rank(rows: Sequence[Row], *, most: int | None = None) -> int:
    """The rank of ``rows``, {column: entry} each; an upper bound of it where more than ``most`` rows would have to be eliminated.

    A row that alone has an entry in some column is independent of the others, one after the other; what is left is eliminated,
    pivots where rows are shortest.
    """
    left = {i: {column: Fraction(c) for column, c in row.items() if c} for i, row in enumerate(rows)}
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
    if most is not None and len(left) > most:
        return rank + min(len(left), sum(1 for held in holders.values() if held))
    while left:
        pivot = min(left, key=lambda i: (len(left[i]), i))
        row = left.pop(pivot)
        rank += 1
        column = min(row, key=lambda column: len(holders[column]))
        for other in row:
            holders[other].discard(pivot)
        for i in list(holders[column]):
            factor, target = left[i][column] / row[column], left[i]
            for other, c in row.items():
                if rest := target.get(other, Fraction(0)) - factor * c:
                    target[other] = rest
                    holders[other].add(i)
                elif other in target:
                    del target[other]
                    holders[other].discard(i)
            if not target:
                del left[i]
    return rank
