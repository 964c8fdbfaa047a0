"""The three workloads of the training benchmarks, for this package and for those it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.models import MatrixFactorization, TwoLayer, TwoLayerCNN


@dataclass(frozen=True)
class Workload:
    """A batch for numerics.train; ``functional(xp)`` is its network f(theta (P,), x (n, ...)) -> (n, 1) in the array library ``xp``.

    ``x`` (B, n, ...) are the samples as the functional network takes them, ``flops`` the operations of a step, tanh counted as 40.
    """

    title: str
    model: Any
    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    learning_rate: float
    functional: Callable[[Any], Callable]
    x: np.ndarray
    flops: int


def two_layer(networks: int = 1024, *, inputs: int = 3, width: int = 10, samples: int = 24) -> Workload:
    """Workload A: two-layer tanh networks, full-batch gradient descent."""
    rng, model = np.random.default_rng(0), TwoLayer(inputs, width)
    X = rng.normal(size=(networks, samples, inputs))
    split = width * inputs

    def functional(xp: Any) -> Callable:
        return lambda theta, x: xp.tanh(x @ theta[:split].reshape(width, inputs).T) @ theta[split:, None]

    return Workload(
        f"A: two-layer tanh, d = {inputs}, width {width}, {samples} samples",
        model,
        model.init(rng, scale=0.3, batch=(networks,)),
        X,
        np.sin(X.sum(-1, keepdims=True)),
        np.full((networks, samples), 1 / samples),
        0.05,
        functional,
        X,
        samples * width * (4 * inputs + 10 + 40),
    )


def factorization(networks: int = 4096, *, size: int = 4) -> Workload:
    """Workload B: masked size x size factorizations of full width."""
    rng, model, d = np.random.default_rng(1), MatrixFactorization(size, size, size), size
    target = rng.normal(size=(networks, d, 1)) @ rng.normal(size=(networks, 1, d)) / d
    mask = (rng.random((networks, d * d)) < 0.6).astype(float)

    def functional(xp: Any) -> Callable:
        return lambda theta, x: (theta[: d * d].reshape(d, d) @ theta[d * d :].reshape(d, d)).reshape(d * d, 1)

    return Workload(
        f"B: masked {d} x {d} factorization",
        model,
        model.init(rng, scale=0.1, batch=(networks,)),
        model.entries(),
        target.reshape(networks, d * d, 1),
        mask / np.maximum(1, mask.sum(1, keepdims=True)),
        0.1,
        functional,
        np.zeros((networks, d * d, 1)),
        6 * d**3 + 4 * d**2,
    )


def cnn(networks: int = 1024, *, kernels: int = 10, samples: int = 24) -> Workload:
    """Workload C: convolutional students with biases for the target sum_p tanh(.6 x_p + .8 x_(p+1) + x_(p+2)) on five inputs."""
    rng, model, K = np.random.default_rng(2), TwoLayerCNN(5, 3, kernels, bias=True), kernels
    X = rng.normal(size=(networks, samples, 5))

    def functional(xp: Any) -> Callable:
        def network(theta: Any, x: Any) -> Any:
            patches = xp.stack([x[:, p : p + 3] for p in range(3)], 1)
            hidden = xp.tanh(patches @ theta[: 3 * K].reshape(K, 3).T + theta[3 * K : 4 * K])
            return (hidden * theta[4 * K :].reshape(K, 3).T).sum((1, 2))[:, None]

        return network

    return Workload(
        f"C: convolutional tanh, d = 5, kernel 3, {kernels} kernels, {samples} samples",
        model,
        model.init(rng, scale=0.1, batch=(networks,)),
        X,
        np.tanh(0.6 * X[..., :3] + 0.8 * X[..., 1:4] + X[..., 2:]).sum(-1, keepdims=True),
        np.full((networks, samples), 1 / samples),
        0.02,
        functional,
        X,
        samples * 3 * kernels * (12 + 10 + 40),
    )


WORKLOADS: dict[str, Callable[..., Workload]] = {"A": two_layer, "B": factorization, "C": cnn}
