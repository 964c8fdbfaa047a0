"""Matrix completion: patterns, the exact size of recovery along an order, and training from a vanishing start."""

from dataclasses import replace
from itertools import product

import numpy as np

from numerics.recovery.completion import VANISHING_INIT, complete, descend, low_rank_targets, pattern_mask, recovery_size


def test_the_pattern_of_entries():
    assert pattern_mask([(0, 1), (2, 2)], 3).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_an_order_recovers_once_its_graph_is_connected():
    target, by_rows = np.array([[2, 1, 3]] * 3), list(product(range(3), repeat=2))
    assert recovery_size(target, by_rows) == 7
    assert recovery_size(target, [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]) == 5
    assert recovery_size(target, by_rows[:6]) is None


def test_errors_are_those_of_the_matrices_found():
    targets = low_rank_targets(np.random.default_rng(0), 3, (3, 3), 1)
    masks = np.repeat(pattern_mask([(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)], 3)[None], 3, 0)
    recipe = replace(VANISHING_INIT, steps=200)
    found = descend(targets, masks, recipe=recipe, rng=np.random.default_rng(1))
    errors = complete(targets, masks, recipe=recipe, rng=np.random.default_rng(1))
    assert found.matrices.shape == (3, 3, 3) and not found.diverged.any()
    np.testing.assert_array_equal(errors, ((found.matrices - targets) ** 2).mean(axis=(1, 2)))
