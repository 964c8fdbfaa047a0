"""Gradient and Hessian of a loss at a point, in any arithmetic, and the inertia of the Hessian.

One backward pass over forward duals (:mod:`numerics.derivatives.directional`) gives both, for every model and with leading batch axes.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.arithmetic.remembered import remembered
from numerics.derivatives.directional import Directional, seeded
from numerics.derivatives.tape import Node
from numerics.hessian.inertias import Inertia, ball_inertia, check_zeros, exact_inertia, float_counts
from numerics.hessian.losses import Loss, loss
from theory import arguments
from theory.elementary import entrywise
from theory.models import AbstractModel, EntryModel, as_container

METHODS = ("auto", "float", "ball", "exact")

#: Numbers that a part of a Hessian in floats may hold at once.
IN_CACHE = 8_000_000
#: Bits of the ball method, doubled until the signs are known.
PRECISIONS = (128, 256, 512)

Data = tuple[Any, Any]


def gradient(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """grad R(theta), shape (..., P); ``data`` = (X (..., n, inputs), Y (..., n, outputs)), ``weights`` (n,), 1/n by default."""
    theta, x, y = checked(model, theta, data)
    source = Node(theta)
    output = model(source, x)
    return output.pull_back(cotangent(output.value, y, loss, weights), source)


def rounded_gradient(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, bits: int = 128) -> np.ndarray:
    """grad R (P,) in balls of ``bits`` bits over all parameters ``theta`` (P,) and data that round to the given ones, in their float types.

    An entry whose ball excludes 0 does not vanish at any of them; a float that is a whole number is read as that number. Raises
    ValueError where rounding reaches over a kink of sigma.
    """
    arguments.bits("bits", bits)
    with working_precision(bits):
        theta, x, y = rounded(model, theta, data)
        return gradient(model, theta, (x, y), loss)


def rounded(model: AbstractModel, theta: Any, data: Data) -> list[np.ndarray]:
    """theta, x and y as balls of all that rounds to them, in the float type of each array; indices of a factorization stay as they are."""
    read = [_as_written(as_container(array)) for array in (theta, *pair(data))]
    check_finite(theta=read[0], inputs=read[1], targets=read[2])
    return _converted(model, read, balls)


@remembered
def gradient_and_hessian(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> tuple[Any, Any]:
    """grad R (..., P) and Hess R (..., P, P) at ``theta`` (..., P). Raises ValueError at a kink of sigma.

    Floats go through in parts of the directions that stay in the cache.
    """
    theta, x, y = checked(model, theta, data)
    units, size = seeded(theta).tangent, theta.shape[-1]
    step = size if theta.dtype == object else max(1, IN_CACHE // max(1, theta.size // size * x.shape[-2] * model.widest))
    parts = []
    for k in range(0, size, step):
        source = Node(Directional(theta, units[k : k + step]))
        output = model(source, x)
        parts.append(output.pull_back(cotangent(output.value, y, loss, weights), source))
    tangent = parts[0].tangent if len(parts) == 1 else np.concatenate([part.tangent for part in parts])
    return parts[0].value, np.moveaxis(tangent, 0, -1)


def hessian(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """Hess R(theta), shape (..., P, P)."""
    return gradient_and_hessian(model, theta, data, loss, weights=weights)[1]


def risk(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """R(theta) = sum_i weight_i loss(f(x_i), y_i), shape (...)."""
    theta, x, y = checked(model, theta, data)
    values = _loss(loss).value(model(theta, x), y)
    return (values * _weights(weights, values)).sum(axis=-1)


_loss = loss


def cotangent(output: Any, y: Any, loss: str | Loss, weights: Any) -> Any:
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


def checked(model: AbstractModel, theta: Any, data: Data) -> tuple[Any, Any, Any]:
    """theta, x and y in one arithmetic. Raises ValueError for shapes that do not fit the model, or no samples."""
    arguments.model("model", model)
    theta, x, y = in_one_arithmetic(theta, *pair(data), samples=model)
    if np.shape(theta)[-1:] != (model.n_params,):
        raise ValueError(f"theta must have a last axis of {model.n_params} entries for {model}, got shape {np.shape(theta)}")
    if y.ndim < 2 or y.shape[-1] != model.outputs:
        raise ValueError(f"targets must have shape (..., n, {model.outputs}) for {model}, got {y.shape}")
    if x.ndim < 2 or x.shape[-2] != y.shape[-2]:
        raise ValueError(f"inputs and targets must have as many samples, got shapes {x.shape} and {y.shape}")
    if y.shape[-2] == 0:
        raise ValueError("data must hold at least one sample, got none")
    return theta, x, y


def pair(data: Any) -> Data:
    """``data`` where it is a pair of inputs and targets. Raises ValueError for anything else."""
    if not isinstance(data, tuple | list) or len(data) != 2 or any(isinstance(part, str | bytes) or np.ndim(part) < 1 for part in data):
        raise ValueError(f"data must be a pair of inputs and targets (X, Y), two arrays, got {data!r:.100}")
    return data[0], data[1]


def in_one_arithmetic(theta: Any, x: Any, *others: Any, samples: AbstractModel | None = None) -> list[np.ndarray]:
    """The arrays side by side: floats where all are of a numeric type, otherwise objects with every number a flint rational.

    ``samples`` names the model whose samples ``x`` are: the indices of a factorization are no numbers, and stay as they are.
    """
    if samples is not None and takes_indices(samples):
        first, *rest = _side_by_side([theta, *others])
        return [first, indices(x), *rest]
    return _side_by_side([theta, x, *others])


def _side_by_side(values: list[Any]) -> list[np.ndarray]:
    arrays = [as_container(array) for array in values]
    if any(getattr(array.dtype, "kind", "") == "c" for array in arrays):
        raise ValueError("theta and data must be real numbers, got complex ones")
    if all(array.dtype != object for array in arrays):
        return [array.astype(float) for array in arrays]
    return [entrywise(_entry, array) for array in arrays]


def takes_indices(model: AbstractModel) -> bool:
    """Whether the samples of a model are index tuples into a product."""
    return isinstance(model, EntryModel)


def indices(x: Any) -> np.ndarray:
    """Index tuples as an array of integers, whatever type of number they came in.

    :raises ValueError: when one is no whole number.
    """
    array = np.asarray(x)
    if array.dtype != object:
        return array
    if any(not _whole(entry) for entry in array.flat):
        raise ValueError("samples of a factorization are index tuples: x must hold whole numbers")
    return entrywise(int, array).astype(int)


def _whole(entry: Any) -> bool:
    try:
        return int(entry) == entry
    except (TypeError, ValueError, OverflowError):
        return False


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

    Integers and Fractions count as exact; other floats as the balls of what may have been rounded to them, so that what is proved
    holds for all of these (a float that is a whole number is read as that number). Where all is exact, and so are sigma and the loss, auto
    decides exactly, otherwise in balls of growing precision; what they leave open is undecided, and never guessed. ``zeros`` is a
    proved lower bound of the nullity (from an embedding, say), which balls need to certify a degenerate Hessian. Methods ball and exact
    read every float as the rational that it is; float proves nothing and gives an estimate. Raises ValueError for a bad argument and
    NoExactValue where exact does not reach.
    """
    arguments.model("model", model)
    check_zeros(zeros)
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    theta, (x, y) = _from_torch(theta), pair(data)
    data = _from_torch(x), _from_torch(y)
    if np.ndim(theta) != 1:
        raise ValueError(f"inertia is of one point: theta must have shape (P,), got {np.shape(theta)}")
    values = [as_container(array) for array in (theta, *data)]
    if takes_indices(model):
        values[1] = indices(values[1])
    check_finite(**dict(zip(("theta", "inputs", "targets"), values, strict=True)))
    return _BY_METHOD[method](model, values, loss, weights, zeros)


def check_finite(**arrays: Any) -> None:
    """Raises ValueError, which names the argument, for floats that are not finite; entries of object arrays are not looked at."""
    for name, values in arrays.items():
        array = np.asarray(values)
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")


def _from_torch(values: Any) -> Any:
    """Tensors of torch as arrays of their number type; anything else as it is."""
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values


def _auto(model: AbstractModel, values: list[Any], loss: str | Loss, weights: Any, zeros: int) -> Inertia:
    read = [_as_written(array) for array in values]
    if has_rational_values(model, loss) and all(map(_holds_rationals, read)):
        return _exact(model, read, loss, weights, zeros)
    return _ball(model, read, loss, weights, zeros)


def _as_written(array: Any) -> np.ndarray:
    """Floats that are whole numbers as these, others as balls of all that rounds to them in the type of the array."""
    if array.dtype.kind == "f":
        return entrywise(_ball_of_rounding, array, np.spacing(np.abs(array)))
    if array.dtype.kind != "O":
        return array
    return entrywise(
        lambda entry: _ball_of_rounding(entry, np.spacing(np.abs(entry))) if isinstance(entry, float | np.floating) else entry, array
    )


def _ball_of_rounding(value: Any, spacing: Any) -> Any:
    if value == int(value):
        return int(value)
    from flint import arb

    return arb(float(value), float(spacing) / 2)


def has_rational_values(model: AbstractModel, loss: str | Loss) -> bool:
    """Whether the loss and its derivatives are rational at rational points."""
    return model.rational and _loss(loss).polynomial


def _holds_rationals(array: np.ndarray) -> bool:
    from flint import fmpq, fmpz

    return array.dtype != object or all(isinstance(entry, int | float | Fraction | fmpq | fmpz) for entry in array.flat)


def _float(model, values, loss, weights, zeros) -> Inertia:
    theta, x, y = _converted(model, values, lambda array: array.astype(float))
    eigenvalues = np.linalg.eigvalsh(hessian(model, theta, (x, y), loss, weights=weights))
    counts, doubtful = float_counts(eigenvalues)
    return Inertia.between((0, 0, 0), len(eigenvalues), "float", None if doubtful else tuple(map(int, counts)))


def _exact(model, values, loss, weights, zeros) -> Inertia:
    if not has_rational_values(model, loss):
        raise exact.NoExactValue(f"the Hessian of {model} under {_loss(loss).name} is not rational: method ball may serve instead")
    theta, x, y = _converted(model, values, exact.rationals)
    weights = None if weights is None else exact.rationals(weights)
    return exact_inertia(hessian(model, theta, (x, y), loss, weights=weights))


def _ball(model, values, loss, weights, zeros) -> Inertia:
    for bits in PRECISIONS:
        with working_precision(bits):
            theta, x, y = _converted(model, values, balls)
            scales = None if weights is None else balls(weights)
            found = ball_inertia(hessian(model, theta, (x, y), loss, weights=scales), zeros=zeros)
        if found.certified:
            break
    return found


def _converted(model: AbstractModel, values: list[Any], convert: Callable[[Any], Any]) -> list[Any]:
    """theta, x and y in another arithmetic; indices stay as they are."""
    theta, x, y = values
    return [convert(theta), x if takes_indices(model) else convert(x), convert(y)]


_BY_METHOD = {"auto": _auto, "float": _float, "ball": _ball, "exact": _exact}
