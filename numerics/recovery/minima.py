r"""Near a perfect minimum: where the nearest zero-loss points lie, and how gradient flow arrives.

The loss is R(theta) = sum_i (f(theta, x_i) - f(theta*, x_i))^2 of arXiv:2309.00508v3, without 1/2 and 1/n, so that Hess R = 2 J^T J on its
zero set, J the tangent matrix on the samples, and the flow is theta' = -2 J^T r. Networks have one output and no bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.rank.slope import batched_tangents, best_conditioned, nearest_zero_loss
from theory.models import TwoLayer
from theory.recovery import Target, branches

#: Root-mean-square test errors above this belong to imperfect zero-loss points. Projection leaves residuals of 1e-14, which
#: well-conditioned designs turn into errors of 1e-15 at Morse-Bott points, up to 1e-11 at others; imperfect ones at distance
#: 0.005 err by 0.005 or by its square, times the curvature. Verdicts are the same with 1e-10 and 1e-9.
IMPERFECT = 1e-11
#: Singular values below this fraction of the largest count as zeros of the Hessian: rounding moves them by about 1e-15.
ZERO_SINGULAR = 1e-9
#: Local errors of the stiff integrator; the loss is then right to about 1e-24, far below where decay is read off.
RTOL, ATOL = 1e-11, 1e-15


def residual_and_tangents(model: TwoLayer, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """r (n,) and J (n, P) at one ``theta`` (P,) for samples ``x`` (n, d) with labels ``y`` (n,)."""
    output, jacobian = batched_tangents(model, theta[None], x[None])
    return output[0] - y, jacobian[0]


# ------------------------------------------------------------------------------------------------ nearby zero-loss points


@dataclass(frozen=True)
class Nearby:
    """Zero-loss points found from perturbed perfect ones: which starts ``converged``, and their test ``errors`` (batch,)."""

    converged: np.ndarray
    errors: np.ndarray

    @property
    def imperfect(self) -> np.ndarray:
        """Starts that ended at a zero-loss point which is no perfect one."""
        return self.converged & (self.errors > IMPERFECT)


def nearby_zero_loss(
    model: TwoLayer, theta: np.ndarray, x: np.ndarray, *, rng: np.random.Generator, noise: float = 0.005, steps: int = 60
) -> Nearby:
    """Perturb the perfect points ``theta`` (batch, P) by normal ``noise`` and project onto the zero set of samples ``x`` (batch, n, d)."""
    y = model(theta, x)[..., 0]
    found, converged = nearest_zero_loss(model, theta + noise * rng.normal(size=theta.shape), x, y, steps=steps)
    test = rng.normal(0, 1.3, (200, model.inputs))
    error = (model(found, test) - model(theta, test))[..., 0]
    return Nearby(converged, np.sqrt(np.mean(error**2, axis=1)))


def designs(model: TwoLayer, theta: np.ndarray, samples: int, rank: int, *, rng: np.random.Generator, tries: int = 10) -> np.ndarray:
    """Inputs (batch, samples, d), N(0, 1.3^2): for every ``theta`` (batch, P) the best conditioned of ``tries`` draws.

    The neighbourhood in which a branch is separated shrinks with the least singular value, a fixed noise then leaves it.
    """
    drawn = rng.normal(0, 1.3, (len(theta), tries, samples, model.inputs))
    return best_conditioned(model, theta, drawn, rank)


# ----------------------------------------------------------------------------------------------------------- gradient flow


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


def curvature_form(model: TwoLayer, weight: Any, x: Any, kernel: Any) -> np.ndarray:
    """sum_i c_i sigma''(w . x_i) x_i x_i^T (d, d) for c in the kernel of J^T: its sign decides whether a doubled neuron separates."""
    bend = model.activation.jet((x @ weight[:, None])[:, 0], 2)[2]
    return (x * (bend * kernel)[:, None]).T @ x


# ------------------------------------------------------------------------------------------- zero-loss points from far away

#: The mean squared residual at which training counts as exact.
ZERO_LOSS = 1e-24
#: Other interpolants are looked for among |w| up to the first, on a grid of the second size; roots nearer than the third are the target.
WIDEST, GRID_SIZE, SAME_WEIGHT = 40.0, 4001, 1e-6


def fit(
    activation: Any, targets: Sequence[Target], *, width: int, x: np.ndarray, starts: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg-Marquardt from N(0, 1.5^2) on the labels of each target at its inputs ``x`` (targets, n, d), all at once.

    Returns theta (targets, starts, P) and where the loss is zero (targets, starts).
    """
    from numerics.train import train

    model = TwoLayer(x.shape[-1], width, activation=activation)
    labels = np.stack([_target_values(activation, target, inputs) for target, inputs in zip(targets, x, strict=True)])
    start = model.init(rng, scale=1.5, batch=(len(targets) * starts,))
    data = np.repeat(x, starts, axis=0), np.repeat(labels, starts, axis=0)
    trained = train(model, start, data, method="levenberg-marquardt", steps=400, stop=ZERO_LOSS)
    shape = len(targets), starts
    return trained.theta.reshape(*shape, -1), trained.converged.reshape(shape)


def generalization(activation: Any, target: Target, theta: np.ndarray) -> np.ndarray:
    """Root-mean-square error (batch,) of the networks ``theta`` (batch, P) on a fixed set of inputs over [-2, 2]^d."""
    inputs = target.inputs
    model = TwoLayer(inputs, theta.shape[1] // (inputs + 1), activation=activation)
    test = np.random.default_rng(0).uniform(-2, 2, (200, inputs))
    return np.sqrt(np.mean((model(theta, test) - _target_values(activation, target, test)) ** 2, axis=(1, 2)))


def _target_values(activation: Any, target: Target, x: np.ndarray) -> np.ndarray:
    model = TwoLayer(target.inputs, target.neurons, activation=activation)
    return model(model.pack(input_weights=target.weights, output_weights=target.outputs[None]), x)


def distance_to_branches(target: Target, width: int, theta: np.ndarray) -> np.ndarray:
    """Distance (batch,) of ``theta`` (batch, P) to the nearest closure of a branch of ``target``."""
    distances = []
    for branch in branches(width, target.neurons):
        matrix, values = (part.astype(float) for part in branch.constraints(target))
        distances.append(np.linalg.norm((theta @ matrix.T - values) @ np.linalg.pinv(matrix).T, axis=1))
    return np.min(distances, axis=0)


def other_interpolants(activation: Any, weight: float, x: np.ndarray) -> list[float]:
    """Weights w != ``weight`` for which some a sigma(w x) agrees with sigma(``weight`` x) on all samples ``x`` (n,), n >= 2.

    Roots of sigma(w x_1) sigma(wbar x_2) = sigma(w x_2) sigma(wbar x_1) are bracketed on a grid; further samples must agree as well.
    """
    from scipy.optimize import brentq

    value = lambda w: activation(np.multiply.outer(w, x))
    known = value(weight)
    mismatch = lambda w: value(w)[..., 1:] * known[0] - value(w)[..., :1] * known[1:]
    grid = np.linspace(-WIDEST, WIDEST, GRID_SIZE)
    sign = np.sign(mismatch(grid)[:, 0])
    roots = [brentq(lambda w: float(mismatch(w)[0]), grid[k], grid[k + 1], xtol=1e-14) for k in np.flatnonzero(sign[1:] * sign[:-1] < 0)]
    return [w for w in roots if abs(w - weight) > SAME_WEIGHT and np.abs(mismatch(w)[1:]).max(initial=0.0) < 1e-8]


# ------------------------------------------------------------------------------------------------------ proofs in balls


def certified_tail(model: TwoLayer, theta: np.ndarray, start: np.ndarray, x: np.ndarray, *, reach: float) -> tuple[float, float]:
    """Proved bounds (lower, upper) on the distance from ``start`` to the zero-loss limit of the flow on the labels of ``theta``.

    Upper: E / sqrt(lambda) by the Polyak-Lojasiewicz inequality within ``reach``; lower: E / sup |J|, as E moves by at most |J| times the
    way. Floats are read exactly. Raises :class:`numerics.arithmetic.krawczyk.NotCertified` where ``reach`` is too short or too long.
    """
    from flint import arb

    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.flows.validated_flow import Field, tail

    with working_precision(100):
        exact_x = balls(x)
        labels = model(balls(theta), exact_x)[:, 0]
        field = Field(model, exact_x, labels, balls(np.ones(len(x))))
        upper = tail(field, balls(start), reach=reach).radius
        around = np.array([ball(value) + arb(0, reach) for value in start], dtype=object)
        jacobian = _ball_tangents(model, around, exact_x)
        error = sum((r * r for r in model(balls(start), exact_x)[:, 0] - labels), arb(0)).sqrt()
        norm = sum((entry * entry for entry in jacobian.flat), arb(0)).sqrt()
        return float((error / norm).lower()), upper


def certified_least_eigenvalue(model: TwoLayer, theta: np.ndarray, x: np.ndarray, *, reach: float) -> tuple[float, float]:
    """Proved bounds on the least eigenvalue of J J^T within ``reach`` of ``theta``: elimination below, a Rayleigh quotient above."""
    from flint import arb

    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.flows.validated_flow import least_eigenvalue

    jacobian = batched_tangents(model, theta[None], x[None])[1][0]
    vector = np.linalg.svd(jacobian)[0][:, -1]
    with working_precision(100):
        around = np.array([ball(value) + arb(0, reach) for value in theta], dtype=object)
        enclosed = _ball_tangents(model, around, balls(x))
        pulled = balls(vector) @ enclosed
        quotient = sum((entry * entry for entry in pulled), arb(0)) / sum((entry * entry for entry in balls(vector)), arb(0))
        return least_eigenvalue(enclosed @ enclosed.T), float(quotient.upper())


def _ball_tangents(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    from numerics.derivatives.tape import tangents

    return tangents(model, theta, x)[1][:, 0]
