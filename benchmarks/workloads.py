"""The workloads of the training benchmarks, for this package and for those it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numerics.train import Adam, Dropout, GradientDescent
from numerics.train.methods import Method
from theory.activations import SmoothActivation
from theory.elementary import elementary
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN


@dataclass(frozen=True)
class Workload:
    """A batch for numerics.train; ``functional(xp)`` is its network f(theta (P,), x (n, ...)) -> (n, 1) in the array library ``xp``.

    ``x`` (B, n, ...), or (n, ...) where all networks share them, are the samples as the functional network takes them, ``flops`` the
    operations of a step, tanh counted as 40. With dropout the functional network takes a mask of ``dropped`` neurons besides.
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
    method: Method = GradientDescent()
    dropped: int = 0

    @property
    def keep(self) -> float:
        """The probability that a neuron is kept."""
        return self.method.keep if isinstance(self.method, Dropout) else 1.0


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


def _shared(title: str, model: Any, networks: int, samples: int, functional: Callable, flops: int, *, scale: float, rate: float, **options):
    """A workload whose networks share their data."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(samples, model.input_size))
    Y, weights = np.sin(X.sum(-1, keepdims=True)), np.full(samples, 1 / samples)
    start = model.init(rng, scale=scale, batch=(networks,))
    return Workload(title, model, start, X, Y, weights, rate, functional, X, samples * flops, **options)


def deep(networks: int = 256, *, width: int = 20, samples: int = 32) -> Workload:
    """Workload D: tanh networks of four layers on data that all share."""
    model = FullyConnected((2, width, width, width, 1))

    def functional(xp: Any) -> Callable:
        def network(theta: Any, x: Any) -> Any:
            start, widths = 0, model.widths
            for l in range(4):
                after, before = widths[l + 1], widths[l]
                weights, start = theta[start : start + after * before].reshape(after, before), start + after * before
                x = x @ weights.T + theta[start : start + after]
                x, start = xp.tanh(x) if l < 3 else x, start + after
            return x

        return network

    title = f"D: deep tanh, widths 2, {width}, {width}, {width}, 1, {samples} shared samples"
    return _shared(title, model, networks, samples, functional, 6 * model.n_params + 3 * width * 40, scale=0.3, rate=0.01)


def condensing(networks: int = 64, *, width: int = 50, samples: int = 80) -> Workload:
    """Workload E: two-layer networks of x tanh x, trained by Adam."""
    tanh = SmoothActivation("x tanh x", (partial(elementary, "tanh"),), flow=lambda z, v: (1 - v[0] * v[0],), output=lambda z, v: z * v[0])
    model, split = TwoLayer(5, width, 1, tanh), 5 * width

    def functional(xp: Any) -> Callable:
        def network(theta: Any, x: Any) -> Any:
            z = x @ theta[:split].reshape(width, 5).T
            return (z * xp.tanh(z)) @ theta[split:, None]

        return network

    title, flops = f"E: two-layer x tanh x, d = 5, width {width}, {samples} shared samples, Adam", width * (4 * 5 + 10 + 44)
    return _shared(title, model, networks, samples, functional, flops, scale=0.3, rate=1e-3, method=Adam())


def wide(networks: int = 24, *, width: int = 6400, samples: int = 4) -> Workload:
    """Workload F: wide ReLU networks on four samples."""
    model = TwoLayer(1, width, 1, "relu", bias=True)

    def functional(xp: Any) -> Callable:
        def network(theta: Any, x: Any) -> Any:
            z = x @ theta[:width, None].T + theta[width : 2 * width]
            return (z * (z > 0)) @ theta[2 * width :, None]

        return network

    title = f"F: two-layer ReLU, width {width}, {samples} shared samples"
    return _shared(title, model, networks, samples, functional, width * 14, scale=0.01, rate=1e-4)


def dropped(networks: int = 64, *, width: int = 100, samples: int = 40) -> Workload:
    """Workload G: two-layer tanh networks with dropout; all contenders draw a mask per network and step."""
    model = TwoLayer(1, width, 1, "tanh", bias=True)

    def functional(xp: Any) -> Callable:
        def network(theta: Any, x: Any, mask: Any) -> Any:
            return (xp.tanh(x @ theta[:width, None].T + theta[width : 2 * width]) * mask) @ theta[2 * width :, None]

        return network

    title = f"G: two-layer tanh, width {width}, {samples} shared samples, dropout with keep 0.9"
    method = Dropout(0.9)
    return _shared(title, model, networks, samples, functional, width * 54, scale=0.3, rate=0.01, method=method, dropped=width)


WORKLOADS: dict[str, Callable[..., Workload]] = {
    "A": two_layer,
    "B": factorization,
    "C": cnn,
    "D": deep,
    "E": condensing,
    "F": wide,
    "G": dropped,
}

#: Those whose methods the kernels for a GPU know.
ON_A_DEVICE = "ABCDEF"
