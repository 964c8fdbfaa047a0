"""Data made so that a given theta is an exact critical point of non-zero loss.

With J the tangent matrix of the stacked outputs (n outputs, P), the gradient of any loss is J^T c, c the cotangent weight_i
dloss/df(x_i). Pick c in the kernel of J^T and choose the targets so that the loss has that slope. Over the rationals (rational sigma,
square loss) nothing is rounded; in floats the gradient is about 1e-15. Conditions that are linear in c (B_s = 0, S_s = I, uncorrelated
residuals, ...) become further rows. Scaling c by t moves the Hessian J^T l'' J + t sum c_i Hess f_i from positive semidefinite to
indefinite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.remembered import remembered
from numerics.derivatives.directional import Directional
from numerics.derivatives.tape import Node, tangents
from numerics.hessian.gradients import has_rational_values, in_one_arithmetic, takes_indices
from numerics.hessian.losses import Loss
from numerics.hessian.losses import loss as loss_named
from theory.elementary import entrywise
from theory.models import AbstractModel

#: A condition (rows, values): rows (k, n outputs) times the flat cotangent equal ``values`` (k,).
Condition = tuple[Any, Any]

#: Largest modulus of the integers by which kernel vectors are combined.
SMALL = 3


class NothingToPlant(ValueError):
    """No non-zero cotangent satisfies the equations: more samples, or fewer conditions, are needed."""


@remembered
def plant(
    model: AbstractModel,
    theta: Any,
    x: Any,
    *,
    loss: str | Loss = "mse",
    size: Any = 1,
    seed: int = 0,
    conditions: Sequence[Condition] = (),
    slope: Any = None,
    weights: Any = None,
) -> tuple[Any, Any]:
    """Data (X, Y) for which ``theta`` (P,) is a critical point of the loss, exact when ``theta`` and ``x`` (n, inputs) are Fractions.

    ``size`` is the l1 norm of the cotangent, l2 in floats (with inhomogeneous conditions: of its free part). ``slope`` (P,) is the gradient
    wanted instead of 0. Float ``theta`` may have leading batch axes, shared by ``x`` (..., n, inputs). Raises ValueError for repeated
    inputs (residuals would be label noise on them) or a loss whose slope cannot be prescribed, :class:`NothingToPlant` when there are too
    few samples.
    """
    law = loss_named(loss)
    if law.target is None:
        raise ValueError(f"the slope of {law.name!r} cannot be prescribed by targets; expected mse, cross-entropy or a Loss with a target")
    theta, x = in_one_arithmetic(theta, x, samples=model)
    _distinct(x)
    exactly = theta.dtype == object
    if exactly and not has_rational_values(model, law):
        raise ValueError(f"{model} under {law.name} has no rational values: give floats")
    output, jacobian = _tangents(model, theta, x)
    conditions = [*conditions, *_conditions_of(law, output.shape)]
    draw = _rational_cotangent if exactly else _float_cotangent
    slope = np.zeros(model.n_params, dtype=int) if slope is None else np.asarray(slope)
    conditions = [(jacobian.swapaxes(-1, -2), slope), *conditions]
    cotangent = draw(conditions, size, np.random.default_rng(seed), jacobian.shape[:-1]).reshape(output.shape)
    n = output.shape[-2]
    scale = n if weights is None else 1 / np.asarray(weights)[..., None]
    return x, law.target(output, cotangent * scale)


def curvature_rows(model: AbstractModel, theta: Any, x: Any, direction: Any) -> np.ndarray:
    """The matrix (P, n outputs) of c -> (sum_i c_i Hess f_i) v, the rows that fix the action of H^(2) on ``direction`` v (P,)."""
    theta, x, direction = in_one_arithmetic(theta, x, direction, samples=model)
    n, tiled = len(x), lambda values: np.repeat(values[None], len(x), axis=0)
    source = Node(Directional(tiled(theta), tiled(direction)[None]))
    output = model(source, x[:, None])
    rows = []
    for t in range(model.outputs):
        unit = output.value.zeros_like()
        unit.value[..., t] = 1
        rows.append(output.pull_back(unit, source).tangent[0])
    return np.stack(rows, axis=1).reshape(n * model.outputs, -1).T


def cotangent_of(model: AbstractModel, theta: Any, data: tuple[Any, Any], loss: str | Loss = "mse", *, weights: Any = None) -> Any:
    """weight_i dloss/df(x_i), shape (..., n, outputs)."""
    theta, x, y = in_one_arithmetic(theta, *data, samples=model)
    slope = loss_named(loss).slope(model(theta, x), y)
    return slope / slope.shape[-2] if weights is None else slope * np.asarray(weights)[..., None]


def _distinct(x: np.ndarray) -> None:
    rows = x.reshape(-1, *x.shape[-2:]) if x.ndim > 2 else x[None]
    for sample in rows:
        seen = [tuple(map(str, row)) if x.dtype == object else row.tobytes() for row in sample]
        if len(set(seen)) < len(seen):
            raise ValueError(
                "inputs must be distinct: on repeated inputs the residuals would be label noise, and all curvature terms vanish"
            )


def _tangents(model: AbstractModel, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (..., n, D) and the stacked tangent matrix (..., n D, P)."""
    output, jacobian = tangents(model, theta, x)
    return output, jacobian.reshape(*theta.shape[:-1], -1, model.n_params)


def _conditions_of(law: Loss, shape: tuple[int, ...]) -> list[Condition]:
    """Slopes of the cross-entropy against a distribution add up to 0 in every sample."""
    if law.name != "cross-entropy":
        return []
    n, outputs = shape[-2:]
    return [(np.kron(np.eye(n), np.ones((1, outputs))), np.zeros(n))]


def _stacked(conditions: Sequence[Condition], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """All rows (..., k, n D) and values (k,), ``shape`` = (..., n D)."""
    *batch, unknowns = shape
    rows = [np.asarray(rows) for rows, _ in conditions]
    rows = [np.broadcast_to(row.reshape(*row.shape[:-2], -1, unknowns), (*batch, row.shape[-2], unknowns)) for row in rows]
    values = [np.broadcast_to(np.asarray(values).ravel(), (row.shape[-2],)) for row, (_, values) in zip(rows, conditions, strict=True)]
    return np.concatenate(rows, axis=-2), np.concatenate(values)


# ----------------------------------------------------------------------------------------------------------- exact


def _rational_cotangent(conditions: Sequence[Condition], size: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    rows, values = map(exact.rationals, _stacked(conditions, shape))
    kernel = _short_kernel(rows)
    start = _particular(rows, values) if any(value != 0 for value in values) else None
    if not len(kernel) and start is None:
        raise NothingToPlant(_too_few(shape[-1], exact.rank_rational(rows)))
    cotangent = exact.rationals(np.zeros(shape[-1], dtype=int)) if start is None else start
    if len(kernel):
        free = _combination(kernel, rng)
        cotangent = cotangent + exact.rationals(free) * (exact.rational(size) / sum(abs(value) for value in free))
    return cotangent


def _too_few(unknowns: int, rank: int) -> str:
    return (
        f"{unknowns} residuals meet {rank} independent equations, so only zero is left: "
        f"at least {rank + 1 - unknowns} more residuals (samples times outputs) or fewer conditions are needed"
    )


def _short_kernel(rows: np.ndarray) -> np.ndarray:
    """A basis of the kernel in small integers (LLL), so that planted data stay small."""
    from flint import fmpz_mat

    basis = exact.nullspace_rational(rows)
    if not basis:
        return np.zeros((0, rows.shape[1]), dtype=object)
    return np.array([[int(entry) for entry in vector] for vector in fmpz_mat(basis).lll().tolist()], dtype=object)


def _combination(kernel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    factors = rng.integers(1, SMALL + 1, len(kernel)) * rng.choice([-1, 1], len(kernel))
    combined = factors.astype(object) @ kernel
    return combined // math.gcd(*combined)


def _particular(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One rational solution of rows c = values."""
    from flint import fmpq_mat

    augmented = np.concatenate([rows, values[:, None]], axis=1)
    reduced, rank = fmpq_mat(augmented.tolist()).rref()
    solution = exact.rationals(np.zeros(rows.shape[1], dtype=int))
    for i in range(rank):
        pivot = next(j for j in range(augmented.shape[1]) if reduced[i, j] != 0)
        if pivot == rows.shape[1]:
            raise NothingToPlant(f"the conditions contradict each other or criticality; {rows.shape[1]} residuals meet rank {rank}")
        solution[pivot] = reduced[i, rows.shape[1]]
    return solution


# ----------------------------------------------------------------------------------------------------------- float


def _float_cotangent(conditions: Sequence[Condition], size: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    rows, values = _stacked(conditions, shape)
    columns = rows.astype(float).swapaxes(-1, -2)
    start = np.linalg.lstsq(columns.T, values.astype(float), rcond=None)[0] if np.any(values != 0) else 0.0
    if shape[-1] <= columns.shape[-1]:
        columns = _range_of(columns)
    orthonormal = np.linalg.qr(columns)[0]
    free = rng.normal(size=shape)
    for _ in range(2):  # once more: the first projection leaves rounding of the size of what it removed
        free = free - (orthonormal @ (orthonormal.swapaxes(-1, -2) @ free[..., None]))[..., 0]
    return start + float(size) * free / np.linalg.norm(free, axis=-1, keepdims=True)


def _range_of(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the column space of one matrix, read across the rounding level of its singular values."""
    if columns.ndim > 2:
        raise NothingToPlant(f"in a batch, residuals must outnumber parameters and conditions, got {columns.shape[-2:]}")
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    rank = int((values > max(columns.shape) * np.finfo(float).eps * values[0]).sum())
    if rank >= len(columns):
        raise NothingToPlant(_too_few(len(columns), rank))
    return left[:, :rank]


def sharpened(model: AbstractModel, theta: np.ndarray, data: tuple[Any, Any], *, bits: int = 512) -> tuple[Any, Any, Any]:
    """(theta, X, Y) as exact dyadic balls, Y moved by about 1e-16 so that |grad R| of the square loss falls to about 2^-bits.

    ``theta`` (P,) and ``data`` come from :func:`plant` in floats. At fewer bits than these, what is left of the gradient is beneath the
    rounding of balls: signs that floats left open can be decided, and structural zeros stay zero.
    """
    from flint import arb_mat

    from numerics.arithmetic.krawczyk import balls, working_precision

    with working_precision(2 * bits):
        point, x, y = balls(theta), data[0] if takes_indices(model) else balls(data[0]), balls(data[1])
        output, jacobian = _tangents(model, point, x)
        matrix = arb_mat(balls(jacobian).tolist())
        residual = arb_mat([[entry] for entry in (output - y).ravel()])
        transposed = matrix.transpose()
        try:
            correction = matrix * (transposed * matrix).solve(transposed * residual)
        except ZeroDivisionError as error:
            raise NothingToPlant("the tangents are dependent within the working precision: the projection has no formula") from error
        moved = y.ravel() + np.array([correction[k, 0] for k in range(y.size)], dtype=object)
        return point, x, entrywise(lambda entry: entry.mid(), moved).reshape(y.shape)
