"""Matrix completion: points of every stratum, and patterns of entries as bipartite graphs, against definitions and brute force."""

from itertools import combinations, product

import numpy as np
import pytest

from numerics.rank import empirical_rank
from numerics.recovery.completion import recovering
from theory.models import MatrixFactorization
from theory.rank.completion import (
    block_bound,
    connected,
    every_line_met,
    rank_one_sampled_rank,
    recovering_patterns,
    representative,
    spanning_trees,
)


@pytest.mark.parametrize("sizes", [(3, 4, 5), (4, 3, 2), (2, 2, 4)])
def test_a_representative_lies_in_its_stratum_and_keeps_the_product(sizes):
    d1, d2, width = sizes
    model = MatrixFactorization(d1, d2, width)
    for r in range(min(d1, d2, width) + 1):
        products = set()
        for a, b in product(range(r, min(d1, width) + 1), range(r, min(d2, width) + 1)):
            if a + b - r > width:
                continue
            parts = model.unpack(representative(model, a, b, r, np.random.default_rng(5)))
            left, right = parts["left"], parts["right"]
            assert left.dtype.kind == "i"
            assert [np.linalg.matrix_rank(m) for m in (left, right, left @ right)] == [a, b, r]
            products.add((left @ right).tobytes())
        assert len(products) == 1


def test_representatives_are_dense():
    """A target of unit vectors would make every pattern of entries look alike."""
    model, rng = MatrixFactorization(4, 4, 4), np.random.default_rng(0)
    targets = []
    for _ in range(20):
        parts = model.unpack(representative(model, 2, 2, 2, rng))
        targets.append(parts["left"] @ parts["right"])
    assert all((np.array([np.linalg.det(target[:k, :k]) for target in targets]) != 0).any() for k in (1, 2))
    assert (np.array(targets) != 0).any(0).all() and (np.array(targets) < 0).any()


def trees_and_components(d1, d2, pattern):
    """Components of the bipartite graph by merging labels, one edge after the other."""
    label = list(range(d1 + d2))
    for entry in pattern:
        row, column = label[entry // d2], label[d1 + entry % d2]
        label = [column if mark == row else mark for mark in label]
    return len(set(label))


@pytest.mark.parametrize("d1, d2", [(2, 3), (3, 2), (1, 3), (3, 3)])
def test_patterns_against_brute_force(d1, d2):
    for size in range(d1 * d2 + 1):
        for pattern in combinations(range(d1 * d2), size):
            sampled = np.isin(np.arange(d1 * d2), pattern).reshape(d1, d2)
            assert connected(d1, d2, pattern) == (trees_and_components(d1, d2, pattern) == 1)
            assert every_line_met(d1, d2, pattern) == (sampled.any(0).all() and sampled.any(1).all())
            assert every_line_met(d1, d2, pattern, 2) == (min(sampled.sum(0).min(), sampled.sum(1).min()) >= 2)


@pytest.mark.parametrize("d1, d2", [(1, 1), (1, 4), (2, 3), (3, 2), (3, 3)])
def test_spanning_trees_are_counted(d1, d2):
    trees = [pattern for pattern in combinations(range(d1 * d2), d1 + d2 - 1) if trees_and_components(d1, d2, pattern) == 1]
    assert spanning_trees(d1, d2) == len(trees)


@pytest.mark.parametrize("rows, columns", [((1, 1), (1, 1, 1)), ((1, 0), (1, 0, 1)), ((0, 1, 1), (1, 1, 0)), ((0, 1, 0), (0, 1))])
def test_the_graph_of_a_rank_one_target_counts_its_tangents(rows, columns):
    d1, d2 = len(rows), len(columns)
    model = MatrixFactorization(d1, d2, 1)
    theta = np.concatenate([rows, columns]) * np.arange(2, 2 + d1 + d2)
    for size in range(1, d1 * d2 + 1):
        for pattern in combinations(range(d1 * d2), size):
            found = empirical_rank(model, theta, model.entries()[list(pattern)], "exact").rank
            assert rank_one_sampled_rank(rows, columns, pattern) == found
            if all(rows) and all(columns):
                assert found == d1 + d2 - trees_and_components(d1, d2, pattern)


@pytest.mark.parametrize("d1, d2, r", [(3, 3, 1), (3, 3, 2), (2, 4, 1), (3, 4, 2)])
def test_no_block_holds_more_than_its_rank(d1, d2, r):
    """Against every block, written out; and where R entries lie so, they recover a generic matrix."""
    model = MatrixFactorization(d1, d2, r)
    patterns, found = recovering(model, np.random.default_rng(1).integers(1, 1000, model.n_params))
    for pattern in patterns:
        sampled = np.isin(np.arange(d1 * d2), pattern).reshape(d1, d2)
        blocks = product(subsets(d1, r), subsets(d2, r))
        least = min(len(pattern) - sampled[np.ix_(I, J)].sum() + r * (len(I) + len(J) - r) for I, J in blocks)
        assert block_bound(d1, d2, r, pattern) == min(least, len(pattern))
        assert (pattern in found) == (block_bound(d1, d2, r, pattern) == len(pattern))
    assert len(found) == recovering_patterns(d1, d2, r)


def subsets(size, least):
    return [chosen for length in range(least, size + 1) for chosen in combinations(range(size), length)]


def test_recovering_patterns_are_counted_where_a_formula_is_known():
    assert [recovering_patterns(*sizes) for sizes in ((4, 4, 1), (3, 4, 2), (4, 3, 2), (4, 4, 3), (2, 5, 1))] == [4096, 54, 54, 16, 80]
    with pytest.raises(ValueError, match="r must be 1 or 3 for a 4 x 5 matrix, got 2"):
        recovering_patterns(4, 5, 2)
