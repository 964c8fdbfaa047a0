"""Chains of pairs, and that a small transformer learns one step of them."""

import numpy as np
import pytest

from numerics.dynamics.chains import draw_chains, train_on_chains


def test_sequences_hold_the_pairs_in_their_order_and_the_query_last():
    chains = draw_chains(50, 4, 9, np.random.default_rng(0))
    assert chains.sequences.shape == (50, 9) and (chains.sequences[:, -1] == chains.tokens[:, 0]).all()
    for sequence, order, tokens in zip(chains.sequences, chains.orders, chains.tokens, strict=True):
        assert len(set(tokens)) == 5
        pairs = sequence[:-1].reshape(4, 2)
        assert pairs.tolist() == [[tokens[k], tokens[k + 1]] for k in order]


def test_training_repeats_itself_and_reports_the_reach_of_every_order():
    options = dict(layers=2, pairs=2, vocabulary=6, width=16, updates=3, batch=8)
    first = train_on_chains(1, **options)
    train_on_chains.cache_clear()
    again = train_on_chains(1, **options)
    assert (first.right == again.right).all() and first.right.shape == (1000,) and (first.reach == 1).all()


def test_a_step_is_learned():
    """One step of a chain of one pair: copy the token beside the query's."""
    found = train_on_chains(1, layers=2, pairs=1, vocabulary=6, width=32, updates=150, batch=64)
    assert found.accuracy > 0.95


def test_bad_input():
    with pytest.raises(ValueError, match="vocabulary must hold more tokens than pairs, got 4 for 4"):
        draw_chains(1, 4, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"steps must lie in 1 .. 5, the pairs of the chain, got 6"):
        train_on_chains(6)
    with pytest.raises(ValueError, match="layers must be an integer of at least 1"):
        train_on_chains(1, layers=0)
