"""Gradient and Hessian of a loss at a point, in any arithmetic, and the inertia of the Hessian.

One backward pass over forward duals (:mod:`numerics.derivatives.directional`) gives both, for every model and with leading batch axes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.derivatives.directional import Directional, seeded
from numerics.derivatives.tape import Node
from numerics.hessian.inertias import Inertia, Undecided, ball_inertia, exact_inertia, float_inertia
from numerics.hessian.losses import Loss, loss
from theory.elementary import entrywise
from theory.models import AbstractModel, EntryModel, as_container

METHODS = ("auto", "float", "ball", "exact")

#: Bits of the ball method, doubled until the signs are known.
PRECISIONS = (128, 256, 512)

Data = tuple[Any, Any]


def gradient(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """grad R(theta), shape (..., P); ``data`` = (X (..., n, inputs), Y (..., n, outputs)), ``weights`` (n,), 1/n by default."""
    theta, x, y = _checked(model, theta, data)
    source = Node(theta)
    output = model(source, x)
    return output.pull_back(_cotangent(output.value, y, loss, weights), source)


def gradient_and_hessian(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> tuple[Any, Any]:
    """grad R (..., P) and Hess R (..., P, P) at ``theta`` (..., P). Raises ValueError at a kink of sigma."""
    theta, x, y = _checked(model, theta, data)
    source = Node(seeded(theta))
    output = model(source, x)
    found = output.pull_back(_cotangent(output.value, y, loss, weights), source)
    return found.value, np.moveaxis(found.tangent, 0, -1)


def hessian(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """Hess R(theta), shape (..., P, P)."""
    return gradient_and_hessian(model, theta, data, loss, weights=weights)[1]


def risk(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """R(theta) = sum_i weight_i loss(f(x_i), y_i), shape (...)."""
    theta, x, y = _checked(model, theta, data)
    values = _loss(loss).value(model(theta, x), y)
    return (values * _weights(weights, values)).sum(axis=-1)


_loss = loss


def _cotangent(output: Any, y: Any, loss: str | Loss, weights: Any) -> Any:
    """The derivative of the loss in the outputs, with its own derivatives where the outputs carry them."""
    law = _loss(loss)
    if not isinstance(output, Directional):
        slope = law.slope(output, y)
        return slope * _weights(weights, slope[..., 0])[..., None]
    slope, curvature = law.slope(output.value, y), law.curvature(output.value, y)
    weight = _weights(weights, slope[..., 0])[..., None]
    tangent = (curvature @ output.tangent[..., None])[..., 0]
    return Directional(slope * weight, tangent * weight)


def _weights(weights: Any, like: Any) -> Any:
    """Weights (n,) in the arithmetic of ``like`` (..., n); 1/n each by default."""
    n = like.shape[-1]
    if weights is None:
        return (0 * like + 1) / n
    weights = np.asarray(weights)
    if weights.shape != (n,):
        raise ValueError(f"weights must have shape ({n},), one for each sample, got {weights.shape}")
    return weights


def _checked(model: AbstractModel, theta: Any, data: Data) -> tuple[Any, Any, Any]:
    theta, x, y = in_one_arithmetic(theta, *data)
    x = np.asarray(data[0]) if isinstance(model, EntryModel) else x  # samples of a factorization are index pairs, no numbers
    if theta.shape[-1:] != (model.n_params,):
        raise ValueError(f"theta must have a last axis of {model.n_params} entries for {model}, got shape {theta.shape}")
    if y.ndim < 2 or y.shape[-1] != model.outputs:
        raise ValueError(f"targets must have shape (..., n, {model.outputs}) for {model}, got {y.shape}")
    if x.ndim < 2 or x.shape[-2] != y.shape[-2]:
        raise ValueError(f"inputs and targets must have as many samples, got shapes {x.shape} and {y.shape}")
    if y.shape[-2] == 0:
        raise ValueError("data must hold at least one sample, got none")
    return theta, x, y


def in_one_arithmetic(*arrays: Any) -> list[np.ndarray]:
    """The arrays side by side: floats where all are of a numeric type, otherwise objects with every number a flint rational."""
    containers = [as_container(values) for values in arrays]
    if all(array.dtype != object for array in containers):
        return [array.astype(float) for array in containers]
    return [entrywise(_entry, array) for array in containers]


def _entry(value: Any) -> Any:
    return exact.rational(value) if isinstance(value, int | float | Fraction | np.number) else value


def inertia(
    model: AbstractModel,
    theta: Any,
    data: Data,
    loss: str | Loss = "mse",
    method: str = "auto",
    *,
    weights: Any = None,
    zeros: int = 0,
) -> Inertia:
    """Inertia of Hess R(theta), ``theta`` (P,), by ``method``: auto, float, ball or exact.

    Fractions and integers count as exact, floats as rounded: auto decides rationals exactly where sigma and the loss are rational and
    in balls otherwise; floats in floats, and in balls when an eigenvalue is in doubt. ``zeros`` is a proved lower bound of the nullity
    (from an embedding, say), which balls need to certify a degenerate Hessian. Methods ball and exact read floats as the rationals they
    are. Raises ValueError for a bad argument, NoExactValue where exact does not reach, Undecided where float does not decide.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if np.ndim(theta) != 1:
        raise ValueError(f"inertia is of one point: theta must have shape (P,), got {np.shape(theta)}")
    values = [as_container(array) for array in (theta, *data)]
    for name, array in zip(("theta", "inputs", "targets"), values, strict=True):
        if array.dtype != object and not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    if method == "auto":
        return _auto(model, values, loss, weights, zeros)
    return _BY_METHOD[method](model, values, loss, weights, zeros)


def _auto(model: AbstractModel, values: list[Any], loss: str | Loss, weights: Any, zeros: int) -> Inertia:
    if all(array.dtype.kind != "f" for array in values):
        rational = model.rational and _loss(loss).polynomial and all(map(_holds_rationals, values))
        return (_exact if rational else _ball)(model, values, loss, weights, zeros)
    try:
        return _float(model, values, loss, weights, zeros)
    except Undecided:
        return _ball(model, values, loss, weights, zeros)


def _holds_rationals(array: np.ndarray) -> bool:
    from flint import fmpq, fmpz

    return array.dtype != object or all(isinstance(entry, int | float | Fraction | fmpq | fmpz) for entry in array.flat)


def _float(model, values, loss, weights, zeros) -> Inertia:
    theta, x, y = (array.astype(float) for array in values)
    return float_inertia(hessian(model, theta, (x, y), loss, weights=weights))


def _exact(model, values, loss, weights, zeros) -> Inertia:
    if not (model.rational and _loss(loss).polynomial):
        raise exact.NoExactValue(f"the Hessian of {model} under {_loss(loss).name} is not rational: method ball may serve instead")
    theta, x, y = (exact.rationals(array) for array in values)
    weights = None if weights is None else exact.rationals(weights)
    return exact_inertia(hessian(model, theta, (x, y), loss, weights=weights))


def _ball(model, values, loss, weights, zeros) -> Inertia:
    for bits in PRECISIONS:
        with working_precision(bits):
            theta, x, y = (balls(array) for array in values)
            scales = None if weights is None else balls(weights)
            found = ball_inertia(hessian(model, theta, (x, y), loss, weights=scales), zeros=zeros)
        if found.certified:
            break
    return found


_BY_METHOD = {"float": _float, "ball": _ball, "exact": _exact}
