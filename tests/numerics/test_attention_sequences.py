"""Sampled sequences and training on them: the law, the gradient, the population limit, independence of the batch."""

import numpy as np
import pytest

from numerics.dynamics.attention_sequences import Sequences, _loss_and_gradient, descend, sample
from theory.dynamics.attention import MarkovAttention

PI, LAM = np.array([0.6, 0.3, 0.1]), 0.4


def loss_and_gradient(model, theta, data):
    hot = np.eye(model.tokens)
    return _loss_and_gradient(model, theta, data, hot[data.following], hot[data.last])


def test_the_sampled_law_and_transitions():
    data = sample(PI, LAM, networks=2, sequences=20_000, length=20, rng=np.random.default_rng(0))
    assert (data.counts.sum(axis=-1) == 20).all()
    share = data.counts.mean(axis=(0, 1)) / 20
    # the mean of 40000 sequences of correlated tokens: variance at most (1 + lam)/(1 - lam)/4 per token
    assert np.abs(share - PI).max() < 5 * np.sqrt((1.4 / 0.6) / 4 / 800_000)
    stays = (data.last == data.following)[data.last == 2].mean()
    assert abs(stays - (LAM + 0.6 * 0.1)) < 5 * 0.5 / np.sqrt((data.last == 2).sum())


def test_the_gradient_is_the_derivative():
    model, rng = MarkovAttention(3, 2, 2), np.random.default_rng(1)
    data, theta = sample(PI, LAM, networks=2, sequences=30, length=8, rng=rng), model.init(rng, scale=0.8, batch=(2,))
    _, gradient = loss_and_gradient(model, theta, data)
    for p, h in enumerate(1e-6 * np.eye(model.n_params)):
        change = loss_and_gradient(model, theta + h, data)[0] - loss_and_gradient(model, theta - h, data)[0]
        assert np.allclose(change / 2e-6, gradient[:, p], atol=1e-8)


def test_exact_counts_give_the_population_loss():
    """Counts 6 : 3 : 1 in every sequence and every (last, next) pair as often as pi P says: nothing is left to chance."""
    model, lam = MarkovAttention(3, 2, 2), 0.5
    theta = model.init(np.random.default_rng(2), scale=0.8)
    pairs = [(q, u, 20 * PI[q] * (lam * (q == u) + (1 - lam) * PI[u]) * 10) for q in range(3) for u in range(3)]
    last, following = zip(*((q, u) for q, u, times in pairs for _ in range(round(times))), strict=True)
    assert len(last) == 200
    data = Sequences(np.broadcast_to(10 * PI, (1, 200, 3)), np.array([last]), np.array([following]))
    loss, gradient = loss_and_gradient(model, theta[None], data)
    assert abs(loss[0] - model.loss(theta, PI, lam)) < 1e-14
    assert np.allclose(gradient[0], model.gradient(theta, PI, lam), atol=1e-14)


def test_networks_do_not_meet():
    model, rng = MarkovAttention(3, 2, 2), np.random.default_rng(3)
    data, theta = sample(PI, LAM, networks=3, sequences=40, length=10, rng=rng), model.init(rng, scale=0.5, batch=(3,))
    whole = descend(model, theta, data, rate=0.2, steps=20, every=10)
    one = Sequences(data.counts[1:2], data.last[1:2], data.following[1:2])
    alone = descend(model, theta[1:2], one, rate=0.2, steps=20, every=10)
    assert whole.times.tolist() == [0, 2, 4] and np.allclose(whole.theta[:, 1], alone.theta[:, 0], atol=1e-13)
    assert (np.diff(whole.loss, axis=0) < 0).all()


def test_growth_follows_the_eigenvalues_of_each_networks_own_loss():
    from numerics.dynamics.attention_sequences import condensation_rates, descend, growth

    model, rng = MarkovAttention(4, 3, 3), np.random.default_rng(7)
    data = sample(np.array([0.75, 0.19, 0.05, 0.01]), 0.5, networks=3, sequences=100, length=60, rng=rng)
    record = descend(model, model.init(rng, scale=1e-3, batch=(3,)), data, rate=0.25, steps=800, every=10)
    found = growth(model, record, data, rate=0.25)
    assert np.abs(found.condensation - 1).max() < 0.05
    assert condensation_rates(data, 4).shape == (3,) and found.focus.shape == (3,)
    short = growth(model, record, data, rate=0.25, condensing=(50, 60), focusing=(50, 60))
    assert np.isnan(short.condensation).all() and np.isnan(short.focus).all()


def test_samples_and_descents_that_cannot_be():
    model, rng = MarkovAttention(2, 1, 1), np.random.default_rng(0)
    law = {"pi": np.array([0.6, 0.4]), "lam": 0.5, "networks": 1, "sequences": 5, "length": 4, "rng": rng}
    for name in ("networks", "sequences", "length"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got 0"):
            sample(**{**law, name: 0})
    data = sample(**law)
    for change, told in (
        ({"rate": 0.0}, "rate must be positive"),
        ({"every": 0}, "every must be an integer of at least 1"),
        ({"theta0": np.zeros((2, 6))}, r"theta0 must have shape \(1, 6\)"),
        ({"data": sample(**{**law, "pi": np.array([0.5, 0.3, 0.2])})}, "data must be sequences of 2 tokens, got 3"),
    ):
        given = {"theta0": np.zeros((1, 6)), "data": data, "rate": 0.1, "steps": 1, "every": 1, **change}
        with pytest.raises(ValueError, match=told):
            descend(model, **given)
