"""The CUDA kernel, its threads run in turn on the CPU, against a plain loop over networks."""

import sys

import numpy as np
import pytest
from emulated_device import emulated_cupy
from training_cases import METHODS, MODELS, case, oracle

from numerics.train import cuda, native, train

STEPS = 12
KERNELS = [name for name in MODELS if name not in ("two-layer softplus", "deep")]

pytestmark = pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))


@pytest.fixture(autouse=True)
def device(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", emulated_cupy(tmp_path))
    monkeypatch.setattr(cuda, "reason_against_kernels", lambda: None)
    cuda._function.cache_clear()
    yield
    cuda._function.cache_clear()


def trained_there(name, method, **options):
    batch = case(name)
    arguments = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS[method], path="cuda", device="cuda")
    return train(batch.model, batch.theta, batch.data, **arguments, **{"steps": STEPS, **options})


@pytest.mark.parametrize(("name", "method"), [*((name, "gradient descent") for name in KERNELS), *(("cnn", method) for method in METHODS)])
def test_the_kernel_agrees_with_the_plain_loop(name, method):
    if METHODS[method].name not in ("gradient-descent", "momentum", "adam"):
        pytest.skip(f"no kernel makes steps of {method}")
    trained = trained_there(name, method)
    assert trained.path == "cuda"
    for b in (0, 10):
        theta, loss, bound = oracle(name, b, method, STEPS)
        assert np.abs(trained.theta[b] - theta).max() <= bound, (b, bound)
        assert abs(trained.loss[b] - loss) <= 100 * bound * max(1.0, loss)


@pytest.mark.parametrize("method", ["gradient descent", "adam"])
def test_looking_in_between_changes_no_bit(method):
    whole, looked_at = trained_there("cnn", method), trained_there("cnn", method, check_every=5, record=["loss"])
    assert (whole.theta == looked_at.theta).all() and (whole.loss == looked_at.loss).all()


def test_networks_are_independent_of_their_thread():
    batch, order = case("two-layer tanh", networks=300), np.random.default_rng(0).permutation(300)
    there = lambda take: train(
        batch.model,
        batch.theta[take],
        tuple(part[take] if part.ndim == 3 else part for part in batch.data),
        weights=batch.weights[take] if np.ndim(batch.weights) == 2 else batch.weights,
        learning_rate=batch.learning_rate[take] if np.ndim(batch.learning_rate) else batch.learning_rate,
        steps=STEPS,
        path="cuda",
        device="cuda",
    )
    assert (there(np.arange(300)).theta[order] == there(order).theta).all()
