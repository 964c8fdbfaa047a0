"""The CUDA kernel, its threads run in turn on the CPU, against a plain loop over networks."""

import sys

import numpy as np
import pytest
from emulated_device import emulated_cupy
from training_cases import METHODS, MODELS, assert_near_plain_loop, case

from numerics.train import cuda, native, train

STEPS = 12
KERNELS = [name for name in MODELS if name not in ("two-layer softplus", "deep")]

pytestmark = pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))


@pytest.fixture(autouse=True)
def device(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", emulated_cupy(tmp_path))
    monkeypatch.setattr(cuda, "reason_against_kernels", lambda: None)
    cuda.compiled.cache_clear()
    yield
    cuda.compiled.cache_clear()


def trained_there(batch, method, **options):
    arguments = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS[method], path="cuda", device="cuda")
    return train(batch.model, batch.theta, batch.data, **arguments, steps=STEPS, **options)


@pytest.mark.parametrize(
    ("name", "method"), list(dict.fromkeys([*((name, "gradient descent") for name in KERNELS), *(("cnn", method) for method in METHODS)]))
)
def test_the_kernel_agrees_with_the_plain_loop(name, method):
    trained = trained_there(case(name), method)
    assert trained.path == "cuda"
    assert_near_plain_loop(trained, name, method, STEPS)


@pytest.mark.parametrize("method", ["gradient descent", "adam"])
def test_looking_in_between_changes_no_bit(method):
    whole, looked_at = (trained_there(case("cnn"), method, **options) for options in ({}, dict(check_every=5, record=["loss"])))
    assert (whole.theta == looked_at.theta).all() and (whole.loss == looked_at.loss).all()


def test_networks_are_independent_of_their_thread():
    batch, order = case("two-layer tanh", networks=300), np.random.default_rng(0).permutation(300)
    straight, permuted = (trained_there(networks, "gradient descent") for networks in (batch, batch.take(order)))
    assert (permuted.theta == straight.theta[order]).all()
