"""Chains of matrices up to changes of basis: all types, once each, with the ranks that they announce."""

from collections import Counter
from functools import reduce
from itertools import product

import numpy as np
import pytest

from theory.rank.chains import chain_of_type, chain_types, rank_between

SIZES = [(1, 1), (2, 3), (2, 2, 2), (3, 1, 2), (2, 1, 2, 2), (2, 2, 2, 2)]


@pytest.mark.parametrize("sizes", SIZES)
def test_a_chain_has_the_ranks_of_its_type(sizes):
    products = {}
    for intervals in chain_types(sizes):
        chain = chain_of_type(sizes, intervals, np.random.default_rng(4))
        assert [matrix.shape for matrix in chain] == list(zip(sizes, sizes[1:], strict=False))
        for i in range(len(sizes)):
            assert rank_between(intervals, i, i) == sizes[i]
            for j in range(i + 1, len(sizes)):
                assert np.linalg.matrix_rank(reduce(np.matmul, chain[i:j])) == rank_between(intervals, i, j)
        products.setdefault(rank_between(intervals, 0, len(sizes) - 1), set()).add(reduce(np.matmul, chain).tobytes())
    assert all(len(equal) == 1 for equal in products.values())


@pytest.mark.parametrize("sizes", SIZES)
def test_each_type_comes_once(sizes):
    types = [tuple(sorted(intervals.items())) for intervals in chain_types(sizes)]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize("sizes", [(2, 2, 2), (2, 1, 2), (1, 2, 1, 2)])
def test_no_chain_of_small_matrices_has_another_type(sizes):
    """All chains over the field of two elements: what they map by is a type, and every type occurs."""
    shapes = list(zip(sizes, sizes[1:], strict=False))
    found = Counter()
    for entries in product(*(product((0, 1), repeat=a * b) for a, b in shapes)):
        chain = [np.array(part).reshape(shape) for part, shape in zip(entries, shapes, strict=True)]
        spans = [(i, j) for i in range(len(chain)) for j in range(i + 1, len(chain) + 1)]
        found[tuple(rank_modulo_two(reduce(np.matmul, chain[i:j])) for i, j in spans)] += 1
    spans = [(i, j) for i in range(len(shapes)) for j in range(i + 1, len(shapes) + 1)]
    assert set(found) == {tuple(rank_between(intervals, i, j) for i, j in spans) for intervals in chain_types(sizes)}


def rank_modulo_two(matrix):
    rows, rank = [int("".join(map(str, row)), 2) for row in (matrix % 2).tolist()], 0
    while rows:
        pivot = rows.pop()
        if pivot:
            rank += 1
            low = pivot & -pivot
            rows = [row ^ pivot if row & low else row for row in rows]
    return rank


def test_intervals_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"intervals must fit the sizes \(2, 1, 2\), got 2 of them in space 1"):
        chain_of_type((2, 1, 2), {(0, 2): 1, (0, 1): 1}, np.random.default_rng(0))
