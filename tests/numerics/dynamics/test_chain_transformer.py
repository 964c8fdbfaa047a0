"""Chains as training data, and a small masked transformer that learns one step on."""

import numpy as np
import pytest

from numerics.dynamics.chain_transformer import chains, train_on_chains


def test_answers_are_as_many_steps_on_as_asked():
    for asked in (1, 3, 4):
        sequences, answers = chains(np.random.default_rng(asked), 50, pairs=4, asked=asked, tokens=9)
        assert sequences.shape == (50, 9)
        for sequence, answer in zip(sequences, answers, strict=True):
            following = dict(sequence[:-1].reshape(4, 2).tolist())
            token = int(sequence[-1])
            for _ in range(asked):
                token = following[token]
            assert token == answer


def test_training_leaves_the_global_generators_and_repeats():
    import torch

    before = torch.random.get_rng_state()
    options = dict(seed=3, pairs=2, tokens=4, layers=2, width=16, steps=40, batch=16, every=20)
    first, second = train_on_chains(1, **options), train_on_chains(1, **options)
    assert (first.accuracy == second.accuracy).all() and first.times.tolist() == [20, 40]
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("options", "told"),
    [(dict(pairs=3, asked=4, tokens=9), "asked must lie in 1 .. 3"), (dict(pairs=3, asked=1, tokens=3), "tokens must be at least 4")],
)
def test_a_chain_too_short_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        chains(np.random.default_rng(0), 2, **options)


def test_chains_and_sizes_that_are_none():
    with pytest.raises(ValueError, match="count must be an integer of at least 1, got 0"):
        chains(np.random.default_rng(0), 0, pairs=2, asked=1, tokens=5)
    with pytest.raises(ValueError, match="steps must be an integer of at least 1, got 0"):
        train_on_chains(1, seed=0, pairs=2, tokens=5, steps=0)
