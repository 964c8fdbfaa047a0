"""Lanes that are units of one network: against a plain loop, against lanes that are networks, and when they are chosen."""

import numpy as np
import pytest
from training_cases import METHODS, MODELS, OTHERS, assert_near_plain_loop, case

from numerics.train import Adam, Dropout, GradientFlow, StochasticGradientDescent, compiled, native, train
from numerics.train.generate import Data
from numerics.train.mapping import Mapping, by_units, widest
from numerics.train.trace import traced
from theory.models import FullyConnected, TwoLayer

STEPS = 12

pytestmark = pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))


def by(mapping, monkeypatch):
    monkeypatch.setattr(compiled, "_mapping", lambda *_: mapping)


#: Loops that fill vectors, loops with a rest, loops that are too short, tables of places, and models without samples.
NAMES = [
    "two-layer sigmoid, biases, two outputs",
    "cnn on a grid, stride 2, not shared",
    "factorization",
    "wide enough for loops",
    "many units, two outputs",
    "many kernels",
    "deep and wide gelu",
    "residual",
    "sum of rank-one tensors",
]


@pytest.mark.parametrize("name", NAMES)
def test_units_as_lanes_agree_with_the_plain_loop(name, monkeypatch):
    by(Mapping.UNITS, monkeypatch)
    batch = case(name)
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS["gradient descent"], path="compiled")
    assert_near_plain_loop(train(batch.model, batch.theta, batch.data, steps=STEPS, **options), name, "gradient descent", STEPS)


@pytest.mark.parametrize("method", ["heavy ball", "nesterov", "adam"])
def test_units_as_lanes_make_the_steps_of_every_method(method, monkeypatch):
    by(Mapping.UNITS, monkeypatch)
    batch = case("many units, two outputs")
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS[method], path="compiled")
    assert_near_plain_loop(train(batch.model, batch.theta, batch.data, steps=STEPS, **options), "many units, two outputs", method, STEPS)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("method", [StochasticGradientDescent(4), Dropout(0.7), Dropout(0.5, Adam()), GradientFlow(time=3.0)], ids=str)
def test_both_mappings_make_the_same_steps(method, shared, monkeypatch):
    """Masks, minibatches and a network's own step size do not depend on what a lane is; a run can be split anywhere."""
    model, rng = FullyConnected((2, 30, 21, 1), "gelu"), np.random.default_rng(0)
    theta, X, Y = model.init(rng, scale=0.3, batch=(3,)), rng.normal(size=(3, 13, 2)), rng.normal(size=(3, 13, 1))
    data = (X[0], Y[0]) if shared else (X, Y)
    options = dict(method=method, seed=3, path="compiled")
    if not isinstance(method, GradientFlow):
        options["learning_rate"] = np.array([0.01, 0.02, 0.03])
    by(Mapping.NETWORKS, monkeypatch)
    expected = train(model, theta, data, steps=25, **options)
    by(Mapping.UNITS, monkeypatch)
    found = train(model, theta, data, steps=25, **options)
    # gradients of a bounded network differ by some hundred roundings, each amplified by less than ten; the flow is as exact as rtol
    bound = 1e-8 if isinstance(method, GradientFlow) else 1e-12
    assert np.abs(found.theta - expected.theta).max() <= bound and np.abs(found.loss - expected.loss).max() <= bound
    assert (found.steps == expected.steps).all() and (found.status == expected.status).all()
    split = train(model, train(model, theta, data, steps=10, **options), data, steps=15, **options)
    assert (split.theta == found.theta).all() and all((split.state[name] == found.state[name]).all() for name in found.state)


def test_every_parameter_has_a_slot_of_its_own():
    for model in [*MODELS.values(), *OTHERS.values()]:
        layout = by_units(traced(model, measures=False))
        assert len(np.unique(layout.places)) == model.n_params and layout.slots % 8 == 0
        assert layout.places.min() >= 0 and layout.places.max() < layout.slots


def test_the_mapping_is_chosen_by_size(monkeypatch):
    one_sample_group = Data(4, True, (True, True, True))

    def chosen(model, networks):
        return compiled._mapping.__wrapped__(traced(model, measures=False), one_sample_group, networks, 0)

    monkeypatch.setattr(compiled, "nearer_cache", lambda: 1 << 20)
    wide, narrow = TwoLayer(1, 6400, 1, "relu", bias=True), TwoLayer(1, 100, 1, "tanh", bias=True)
    assert widest(traced(wide, measures=False)) == 6400
    assert chosen(wide, 24) is Mapping.UNITS  # eight networks take 2.3 MiB, one 0.3
    assert chosen(narrow, 24) is Mapping.NETWORKS and chosen(narrow, 4) is Mapping.UNITS
    assert chosen(TwoLayer(1, 20, 1), 4) is Mapping.NETWORKS and chosen(TwoLayer(1, 20, 1), 2) is Mapping.UNITS
    assert chosen(TwoLayer(1, 10, 1), 1) is Mapping.NETWORKS
    assert chosen(TwoLayer(20, 6400, 1), 24) is Mapping.NETWORKS  # one network leaves the cache, too
