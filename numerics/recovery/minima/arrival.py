r"""How gradient flow arrives at a perfect minimum: at which rate, along which direction, and how slowly at a split target.

The loss is that of arXiv:2309.00508v3, R(theta) = sum_i (f(theta, x_i) - f(theta*, x_i))^2 without 1/2 and without the 1/n that is the
default elsewhere, so that Hess R = 2 J^T J on its zero set, J the tangent matrix on the samples, and the flow is theta' = -2 J^T r.
Networks have one output and no bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.remembered import remembered
from numerics.rank.slope import batched_tangents
from theory import arguments
from theory.models import TwoLayer

#: Singular values below this fraction of the largest count as zeros of the Hessian: rounding moves them by about 1e-15.
ZERO_SINGULAR = 1e-9
#: Local errors of the stiff integrator; the loss is then right to about 1e-24, far below where decay is read off.
RTOL, ATOL = 1e-12, 1e-15


def a_sign(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is 1 or -1."""
    if isinstance(value, bool) or value not in (1, -1):
        raise ValueError(f"{name} must be 1 (up) or -1 (down), got {value!r:.100}")


def a_decay(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a :class:`Decay`."""
    if not isinstance(value, Decay):
        raise ValueError(f"{name} must be a Decay, as flow returns it, got {value!r:.100}")


@arguments.checking(model=arguments.model, theta=arguments.array(1), x=arguments.array(2), y=arguments.array(1))
def residual_and_tangents(model: TwoLayer, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """r (n,) and J (n, P) at one ``theta`` (P,) for samples ``x`` (n, d) with labels ``y`` (n,)."""
    output, jacobian = batched_tangents(model, theta[None], x[None])
    return output[0] - y, jacobian[0]


@arguments.checking(model=arguments.model, theta=arguments.array(1), x=arguments.array(2))
def hessian_eigenvalues(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The non-zero eigenvalues 2 sigma_k(J)^2 of Hess R at a zero of R, smallest first."""
    singular = np.linalg.svd(batched_tangents(model, theta[None], x[None])[1][0], compute_uv=False)
    return np.sort(2 * singular[singular > ZERO_SINGULAR * singular[0]] ** 2)


@dataclass(frozen=True)
class Decay:
    """A flow line seen at ``times``: ``theta`` (times, P) and ``loss`` (times,)."""

    times: np.ndarray
    theta: np.ndarray
    loss: np.ndarray

    @property
    def length(self) -> float:
        """Length of the polygon through the points."""
        return float(np.linalg.norm(np.diff(self.theta, axis=0), axis=1).sum())


@remembered
@arguments.checking(
    model=arguments.model,
    theta0=arguments.array(1),
    x=arguments.array(2),
    y=arguments.array(1),
    times=arguments.array(1),
    direction=a_sign,
    largest=arguments.positive,
)
def flow(
    model: TwoLayer, theta0: np.ndarray, x: np.ndarray, y: np.ndarray, times: np.ndarray, *, direction: int = -1, largest: float = 1e3
) -> Decay:
    """theta' = direction * grad R from ``theta0`` (P,), seen at ``times`` (from 0, increasing); stops early beyond norm ``largest``.

    The flow is stiff (its rates are the eigenvalues of Hess R): backward differentiation with 2 direction J^T J for the derivative.
    """
    from scipy.integrate import solve_ivp

    def field(_: float, theta: np.ndarray) -> np.ndarray:
        r, jacobian = residual_and_tangents(model, theta, x, y)
        return direction * 2 * r @ jacobian

    def derivative(_: float, theta: np.ndarray) -> np.ndarray:
        jacobian = residual_and_tangents(model, theta, x, y)[1]
        return direction * 2 * jacobian.T @ jacobian

    def escaped(_: float, theta: np.ndarray) -> float:
        return largest - float(np.linalg.norm(theta))

    escaped.terminal = True
    solution = solve_ivp(
        field, (0.0, times[-1]), theta0, method="LSODA", jac=derivative, t_eval=times, rtol=RTOL, atol=ATOL, events=escaped
    )
    theta = solution.y.T
    loss = np.array([float(np.sum(residual_and_tangents(model, point, x, y)[0] ** 2)) for point in theta])
    return Decay(solution.t, theta, loss)


@arguments.checking(decay=a_decay, largest=arguments.positive, smallest=arguments.number)
def decay_rate(decay: Decay, *, largest: float, smallest: float) -> float:
    """-d log R / dt between the first loss below ``largest`` and the last one above ``smallest``; NaN without two points between."""
    inside = np.flatnonzero((decay.loss < largest) & (decay.loss > smallest))
    if len(inside) < 2:
        return float("nan")
    first, last = inside[0], inside[-1]
    return float(np.log(decay.loss[first] / decay.loss[last]) / (decay.times[last] - decay.times[first]))


# -------------------------------------------------------------------------------------------------------- split targets


@dataclass(frozen=True)
class SlowDecay:
    """Arrival at a split target: R = ``curvature`` s^4 at distance s along the one slow direction, fast coordinates ``bend`` s^2 behind.

    s' = -4 curvature s^3 then gives s^2 t -> 1 / (8 curvature) and R t^2 -> 1 / (64 curvature).
    """

    curvature: float
    bend: float

    @property
    def loss_constant(self) -> float:
        """The limit of R t^2."""
        return 1 / (64 * self.curvature)


@arguments.checking(model=arguments.model, theta=arguments.array(1), x=arguments.array(2))
def slow_decay(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> SlowDecay:
    """The constants at ``theta``, two neurons on one weight w in dimension 1, from second derivatives along the slow direction.

    The output moves by q s^2 / 2 + J u with q_i = sum_k a_k sigma''(w x_i) (v_k x_i)^2 along (v_1, v_2) ~ (a_2, -a_1) and fast u; the fast
    directions take up what they can of q, the rest is the loss.
    """
    w, a = theta[: model.width], theta[model.width :]
    slow = np.array([a[1], -a[0]]) / np.hypot(*a)
    q = (model.activation.jet(x * w[0], 2)[2][:, 0] * x[:, 0] ** 2) * (a * slow**2).sum()
    jacobian = batched_tangents(model, theta[None], x[None])[1][0]
    taken_up = np.linalg.pinv(jacobian, rcond=ZERO_SINGULAR) @ q / 2
    left = q / 2 - jacobian @ taken_up
    return SlowDecay(float(left @ left), float(np.linalg.norm(taken_up)))


@arguments.checking(model=arguments.model, weight=arguments.array(1), x=arguments.array(2), kernel=arguments.array(1))
def curvature_form(model: TwoLayer, weight: Any, x: Any, kernel: Any) -> np.ndarray:
    """sum_i c_i sigma''(w . x_i) x_i x_i^T (d, d) for c in the kernel of J^T: its sign decides whether a doubled neuron separates."""
    bend = model.activation.jet((x @ weight[:, None])[:, 0], 2)[2]
    return (x * (bend * kernel)[:, None]).T @ x
