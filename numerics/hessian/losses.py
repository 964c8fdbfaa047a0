"""Losses of one sample, with the derivatives in the outputs that gradients, Hessians and planting need.

The loss of a data set is sum_i weight_i loss(f(x_i), y_i), weight 1/n by default; the square has no factor 1/2.
Arrays may hold entries of any arithmetic that knows the functions involved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.elementary import elementary


@dataclass(frozen=True)
class Loss:
    """loss(f, y) for outputs ``f`` and targets ``y`` (..., n, D).

    ``value`` gives (..., n), ``slope`` the derivative in f (..., n, D), ``curvature`` the second one (..., n, D, D), and ``target(f, s)``
    the y at which the slope is s (None where that has no solution for all s). ``polynomial`` says that rationals stay rational.
    """

    name: str
    value: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]
    curvature: Callable[[Any, Any], Any]
    target: Callable[[Any, Any], Any] | None = None
    polynomial: bool = False


def _diagonal(entries: Any) -> Any:
    """(..., D) as diagonal matrices (..., D, D)."""
    return entries[..., None] * np.eye(entries.shape[-1], dtype=int)


def softmax(f: Any) -> Any:
    """exp(f_t) / sum_u exp(f_u) along the last axis."""
    if f.dtype != object:
        f = f - f.max(axis=-1, keepdims=True)
    powers = elementary("exp", f)
    return powers / powers.sum(axis=-1, keepdims=True)


def _cross_entropy(f: Any, y: Any) -> Any:
    shift = f.max(axis=-1, keepdims=True) if f.dtype != object else 0
    total = elementary("exp", f - shift).sum(axis=-1, keepdims=True)
    return (y * (elementary("log", total) + shift - f)).sum(axis=-1)


def _softmax_curvature(f: Any, y: Any) -> Any:
    p = softmax(f)
    return y.sum(axis=-1)[..., None, None] * (_diagonal(p) - p[..., :, None] * p[..., None, :])


def rows_of_classes(name: str, y: np.ndarray, classes: int) -> np.ndarray:
    """Class numbers ``y`` (n,) as rows of the identity (n, classes). Raises ValueError, which calls them ``name``, for what is no class."""
    wrong = np.flatnonzero((y != np.round(y)) | (y < 0) | (y >= classes))
    if len(wrong):
        raise ValueError(f"{name} must be class numbers from 0 to {classes - 1}, got {y[wrong[0]]} at sample {wrong[0]}")
    return np.eye(classes, dtype=int)[y.astype(int)]


LOSSES = {
    loss.name: loss
    for loss in (
        Loss(
            "mse",
            value=lambda f, y: ((f - y) * (f - y)).sum(axis=-1),
            slope=lambda f, y: 2 * (f - y),
            curvature=lambda f, y: _diagonal(2 + 0 * f),
            target=lambda f, s: f - s / 2,
            polynomial=True,
        ),
        Loss(
            "quartic",
            value=lambda f, y: ((f - y) ** 4).sum(axis=-1),
            slope=lambda f, y: 4 * (f - y) ** 3,
            curvature=lambda f, y: _diagonal(12 * (f - y) ** 2),
            polynomial=True,
        ),
        Loss(
            "cross-entropy",  # of softmax(f) against a distribution y; targets that do not sum to 1 are weighed by their sum
            value=_cross_entropy,
            slope=lambda f, y: y.sum(axis=-1)[..., None] * softmax(f) - y,
            curvature=_softmax_curvature,
            target=lambda f, s: softmax(f) - s,
        ),
    )
}


def loss(name: str | Loss) -> Loss:
    """The loss called ``name``; a :class:`Loss` is returned as it is. Raises ValueError for an unknown name."""
    if isinstance(name, Loss):
        return name
    if not isinstance(name, str) or name not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)} or a Loss, got {name!r}")
    return LOSSES[name]
