"""The certificate of a critical point of a network: what examples/check_box.py repeats with python-flint alone (docs/certificates.md)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numerics.critical.search import CertifiedPoint
from numerics.hessian import Data
from numerics.hessian.losses import Loss
from numerics.hessian.losses import loss as loss_named
from theory.embedding.wiring import layers
from theory.models import FullyConnected, TwoLayer


def distance(point: CertifiedPoint, theta: Any) -> float:
    """A proved bound of the largest |coordinate of the critical point - ``theta`` (P,)|, the floats read as the rationals they are."""
    from numerics.arithmetic.krawczyk import balls, working_precision

    with working_precision(point.box.bits):
        apart = point.box.enclosure - balls([float(value) for value in theta])
        bound = max(float(abs(entry).upper()) for entry in apart)
    return math.nextafter(bound, math.inf) if bound else 0.0


def point_certificate(
    model: TwoLayer | FullyConnected, point: CertifiedPoint, theta: Any, data: Data, loss: str | Loss = "mse"
) -> dict[str, Any]:
    """Plain data from which it is shown again that the box holds one critical point, its inertia, and how far from ``theta`` (P,) it lies.

    ``data`` are the (X (n, inputs), Y (n, outputs)) that :func:`numerics.critical.certify` was given.
    """
    free = [k for k in range(model.n_params) if k not in point.held]
    box = {**point.box.certificate(), "centre": [point.box.centre[k] for k in free]}
    places = [
        {"weights": weights.tolist(), "biases": [None] * len(weights) if biases is None else biases.tolist()}
        for weights, biases in layers(model)
    ]
    return {
        "kind": "critical point of a network",
        "layers": places,
        "activation": model.activation.name,
        "loss": loss_named(loss).name,
        "theta": [float(value) for value in theta],
        "data": [np.asarray(part).astype(float).tolist() for part in data],
        "held": list(point.held),
        "box": box,
        "distance": distance(point, theta),
        "inertia": list(point.inertia.counts),
    }
