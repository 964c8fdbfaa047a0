"""Small deep networks trained in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.train import Adam, train
from theory.models import FullyConnected
from theory.models.normalization import BatchNormalized

WIDTHS = (2, 4, 4, 1)


def teacher(x: np.ndarray) -> np.ndarray:
    """Two ReLU neurons of the plane, (..., n, 1)."""
    first, second = np.maximum(x @ np.array([1.0, 0.5]), 0), np.maximum(x @ np.array([-0.5, 1.0]), 0)
    return (first - second / 2)[..., None]


def trained_networks(
    rng: np.random.Generator, networks: int, n: int, steps: int, *, normalized: bool = False, record: bool = False
) -> tuple[Any, np.ndarray, np.ndarray, Any]:
    """(model, theta (B, P), x (B, n, 2), history) of ReLU networks trained by Adam on data of their own."""
    x = rng.normal(size=(networks, n, 2))
    plain = FullyConnected(WIDTHS, "relu")
    theta = plain.init(rng, scale=0.5, batch=(networks,))
    model = plain
    if normalized:
        model = BatchNormalized(WIDTHS, 2, "relu", epsilon=1e-8)
        ones = np.ones((networks, WIDTHS[2]))
        theta = np.concatenate([theta, ones, 0 * ones], axis=1)
    found = train(
        model,
        theta,
        (x, teacher(x)),
        method=Adam(),
        learning_rate=0.02,
        steps=steps,
        check_every=max(1, steps // 10),
        record=("theta",) if record else (),
    )
    return model, found.theta, x, found.history


def linearized_neurons(model, theta, x, layer, *, constant):
    """Which neurons of hidden ``layer`` stay in one affine piece on their data, (B, m): positive, or with ``constant`` also negative."""
    parts, values = model.unpack(theta), x
    for l in range(1, layer + 1):
        z = values @ parts[f"W{l}"].swapaxes(-1, -2) + parts[f"b{l}"][:, None]
        if l == getattr(model, "layer", None):
            scores = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + model.epsilon)
            z = scores * parts["gamma"][:, None] + parts["beta"][:, None]
        values = np.maximum(z, 0)
    positive = (z > 0).all(axis=1)
    return positive | (z < 0).all(axis=1) if constant else positive
