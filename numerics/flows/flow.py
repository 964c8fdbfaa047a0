"""Gradient flow and gradient descent in floating point, every limit with its residual.

The loss is sum_i weight_i (f(x_i) - y_i)^2, weight 1/n by default. A limit is only called one after a residual test: flows of
tanh and ReLU networks stall at saddles. On a single sample the orbit theta' = +-grad f carries f monotonically, so that its limit is the
one point of the orbit with f = y; :func:`orbit` follows it by the value of f. Outputs are scalar.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from numerics.arithmetic.deadline import look_at_the_clock
from numerics.arithmetic.remembered import remembered
from theory.models import AbstractModel, TwoLayer

#: A flow is followed until every |f(x_i) - y_i| is below this; the remaining way to the limit is of this size over the smallest
#: singular value.
RESIDUAL = 1e-11
#: Local error of the adaptive integrators; global errors stay below 1e-8 on the time spans of this module.
RTOL, ATOL = 1e-12, 1e-13
#: Gradient norms below this are critical points in double precision.
CRITICAL = 1e-12
#: Parameters of this size count as running off to infinity.
LARGEST = 1e4


class FlowDiverged(ArithmeticError):
    """A flow that does not reach what it was followed to; the message says where it went."""


@dataclass(frozen=True)
class Limit:
    """Where a flow was left: ``theta``, the ``time``, the largest ``residual`` |f(x_i) - y_i|, whether it ``converged``, the ``path``
    (steps, P).
    """

    theta: np.ndarray
    time: float
    residual: float
    converged: bool
    reason: str
    path: np.ndarray

    def distance(self, point: Any) -> float:
        """The largest difference of a coordinate of ``theta`` from ``point`` (P,)."""
        return float(np.abs(self.theta - point).max())


def value_and_jacobian(model: AbstractModel, theta: Any, x: Any) -> tuple[Any, Any]:
    """Outputs (..., n) and their derivatives (..., n, P) at ``theta`` (..., P) on ``x`` (..., n, inputs); numpy, torch or cupy.

    One-hidden-layer networks without bias take leading batch axes; other models go through the tape, one ``theta`` at a time.
    """
    if not _written_down(model):
        from numerics.derivatives.tape import tangents

        values, jacobian = tangents(model, theta, x)
        return values[:, 0], jacobian[:, 0]
    m, d = model.width, model.inputs
    if type(theta) is type(x) is np.ndarray:
        return _values_and_jacobian(model, theta, x)
    import array_api_compat

    xp = array_api_compat.array_namespace(theta)
    weights = xp.reshape(theta[..., : m * d], tuple(theta.shape[:-1]) + (m, d))
    outputs = theta[..., None, m * d :]
    value, slope = model.activation.jet(x @ xp.matrix_transpose(weights), 1)
    by_weights = (outputs * slope)[..., None] * x[..., :, None, :]
    by_weights = xp.reshape(by_weights, tuple(by_weights.shape[:-2]) + (m * d,))
    return (value * outputs).sum(-1), xp.concat([by_weights, value], axis=-1)


def _written_down(model: AbstractModel) -> TypeGuard[TwoLayer]:
    return isinstance(model, TwoLayer) and model.outputs == 1 and not model.bias and not model.output_bias


def values(model: AbstractModel, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The outputs of :func:`value_and_jacobian` alone, rounded as there; numpy."""
    if not _written_down(model):
        return value_and_jacobian(model, theta, x)[0]
    m, d = model.width, model.inputs
    z = x @ theta[..., : m * d].reshape(*theta.shape[:-1], m, d).swapaxes(-1, -2)
    return (model.activation.jet(z, 0)[0] * theta[..., None, m * d :]).sum(-1)


def _values_and_jacobian(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same in numpy, written into one array: the right-hand side of every flow."""
    m, d = model.width, model.inputs
    outputs = theta[..., None, m * d :]
    value, slope = model.activation.jet(x @ theta[..., : m * d].reshape(*theta.shape[:-1], m, d).swapaxes(-1, -2), 1)
    jacobian = np.empty((*value.shape[:-1], m * d + m), dtype=np.result_type(value, x))
    by_weights = (outputs * slope)[..., None] * x[..., :, None, :]
    jacobian[..., : m * d] = by_weights.reshape(*value.shape[:-1], m * d)
    jacobian[..., m * d :] = value
    return (value * outputs).sum(-1), jacobian


def _sample(model: AbstractModel, data: tuple[Any, Any], weights: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.asarray(data[0], dtype=float).reshape(-1, model.input_size)
    y = np.asarray(data[1], dtype=float).reshape(-1)
    if len(x) != len(y):
        raise ValueError(f"data must hold one label per input, got {len(x)} inputs and {len(y)} labels")
    if not x.any(axis=1).all():
        raise ValueError("data must have inputs x != 0: at x = 0 a network without bias learns nothing")
    c = np.full(len(y), 1 / len(y)) if weights is None else np.asarray(weights, dtype=float)
    if c.shape != y.shape or (c < 0).any():
        raise ValueError(f"weights must be one non-negative number per sample, got {weights}")
    return x, y, c


def without_warnings_of_lsoda(integrate: Callable) -> Callable:
    """What LSODA warns of is in the status of the solver, which the integration looks at."""

    @functools.wraps(integrate)
    def quiet(*arguments: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="lsoda:")
            return integrate(*arguments, **options)

    return quiet


@remembered
@without_warnings_of_lsoda
def gradient_flow(
    model: AbstractModel,
    theta0: Any,
    data: tuple[Any, Any],
    *,
    weights: Any = None,
    time: float = 1e5,
    residual: float = RESIDUAL,
    rtol: float = RTOL,
    largest: float = LARGEST,
) -> Limit:
    """Follow gradient flow of the loss from ``theta0`` (P,) to a solution of ``data`` = (x (n, inputs), y (n,)).

    It stops when all residuals are below ``residual``, when |theta| exceeds ``largest`` or after ``time``; ``Limit.reason`` says which.
    """
    from scipy.integrate import LSODA

    x, y, c = _sample(model, data, weights)
    theta = np.asarray(theta0, dtype=float)

    def field(_: float, theta: np.ndarray) -> np.ndarray:
        value, jacobian = value_and_jacobian(model, theta, x)
        return -2 * (c * (value - y)) @ jacobian

    solver, path = LSODA(field, 0.0, theta, time, rtol=rtol, atol=ATOL), [theta]
    left = lambda theta: float(abs(values(model, theta, x) - y).max())
    while left(solver.y) > residual and np.linalg.norm(solver.y) < largest:
        if solver.status != "running":
            reason = f"no solution by time {solver.t:.3g}"
            if np.linalg.norm(field(0.0, solver.y)) < 1e-9:
                reason += ": the flow rests at a critical point of non-zero loss"
            return Limit(solver.y, solver.t, left(solver.y), False, reason, np.array(path))
        look_at_the_clock()
        solver.step()
        path.append(solver.y.copy())
    converged = left(solver.y) <= residual
    reason = "solved" if converged else f"the parameters grew beyond {largest:g}: theta = {np.round(solver.y, 3).tolist()}"
    return Limit(solver.y, solver.t, left(solver.y), converged, reason, np.array(path))


@dataclass(frozen=True)
class Orbit:
    """The point ``theta`` of an orbit of grad f(., x) with f = y, the ``time`` of theta' = grad f to get there, and the ``path``
    (steps, P).
    """

    theta: np.ndarray
    time: float
    path: np.ndarray


@remembered
def orbit(model: AbstractModel, theta0: Any, x: Any, y: float, *, rtol: float = RTOL) -> Orbit:
    """Follow the orbit of grad f(., ``x``) through ``theta0`` by the value of f up to ``y``: the limit of gradient flow on (x, y).

    Raises :class:`FlowDiverged` where f stops before ``y``: the label is outside the range that the orbit reaches.
    """
    from scipy.integrate import DOP853

    x, theta = np.asarray(x, dtype=float).reshape(1, -1), np.asarray(theta0, dtype=float)
    if not x.any():
        raise ValueError("x must not be zero: gradient flow moves no input weight there")

    def field(_: float, state: np.ndarray) -> np.ndarray:
        gradient = value_and_jacobian(model, state[:-1], x)[1][0]
        square = gradient @ gradient
        if square < CRITICAL**2 or not np.isfinite(square):
            raise FlowDiverged(f"the orbit from {theta0} along x = {x[0]} meets a critical point of f near {state[:-1]} before f = {y}")
        return np.append(gradient, 1) / square

    start = float(value_and_jacobian(model, theta, x)[0][0])
    solver = DOP853(field, start, np.append(theta, 0), float(y), rtol=rtol, atol=ATOL)
    points = [theta]
    while solver.status == "running":
        look_at_the_clock()
        solver.step()
        theta = solver.y[:-1]
        if solver.status == "failed" or np.linalg.norm(theta) > LARGEST:
            raise FlowDiverged(
                f"label {y} is outside the reachable range: along x = {x[0]} f stays near {solver.t:.6g} while theta goes to {theta}"
            )
        points.append(theta.copy())
    return Orbit(theta, float(solver.y[-1]), np.array(points))


def gradient_descent(
    model: AbstractModel, theta0: Any, data: tuple[Any, Any], *, step: float, time: float, weights: Any = None
) -> np.ndarray:
    """theta after ``time``/``step`` steps of gradient descent (the Euler scheme of gradient flow: error of first order in ``step``)."""
    x, y, c = _sample(model, data, weights)
    theta = np.array(theta0, dtype=float)
    for _ in range(round(time / step)):
        value, jacobian = value_and_jacobian(model, theta, x)
        theta = theta - 2 * step * (c * (value - y)) @ jacobian
    return theta


def runge_kutta(field: Callable[[Any], Any], theta: Any, *, step: float, steps: int) -> Any:
    """``steps`` classical fourth-order steps of theta' = field(theta); for kinks, where adaptive steps stall, and for batches on a
    device.
    """
    for _ in range(steps):
        k1 = field(theta)
        k2 = field(theta + step / 2 * k1)
        k3 = field(theta + step / 2 * k2)
        k4 = field(theta + step * k3)
        theta = theta + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return theta
