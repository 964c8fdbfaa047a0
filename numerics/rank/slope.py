"""The slope test: how fast the test error of a nearby zero-loss point vanishes with the distance from a perfect one.

Start at theta* + eps xi, go to the nearest point of zero loss by minimum-norm Gauss-Newton steps, and let E(eps) be its
root-mean-square test error. To first order the step keeps what the samples do not see: E is of order eps when n < R(theta*), of
order eps^2 when R(theta*) <= n, and zero once no imperfect zero-loss point is near (n at least the separation size of
2309.00508v1). Everything is batched over the leading axis and in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.derivatives.tape import tangents
from theory.models import AbstractModel

#: The residual at which the loss counts as zero: a few units of rounding of outputs of size 1 to 10.
ZERO_RESIDUAL = 1e-14
#: Test errors below this multiple of the squared distance count as none: c distance^2 with c of order 1 is far above, rounding (the
#: residual over the smallest singular value that a well-conditioned design leaves) far below.
EXACT = 1e-3
#: Singular values below this fraction of the largest are left alone by a step.
CUTOFF = 1e-9


@dataclass(frozen=True)
class Slopes:
    """Per problem of the batch: ``slope`` (NaN where not converged), ``errors`` (batch, 2) and whether the error is ``exact`` zero."""

    slope: np.ndarray
    errors: np.ndarray
    exact: np.ndarray
    converged: np.ndarray

    @property
    def first_order(self) -> np.ndarray:
        """Whether the samples see every direction to first order: slope nearer to 2 than to 1, or no error at all."""
        return self.converged & (self.exact | (self.slope > 1.5))


def batched_tangents(model: AbstractModel, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (batch, n t) and tangent matrices (batch, n t, P) of ``theta`` (batch, P) on ``x`` (batch, n, inputs), in floats."""
    output, jacobian = tangents(model, theta, x)
    return output.reshape(len(theta), -1), jacobian.reshape(len(theta), -1, model.n_params)


def nearest_zero_loss(
    model: AbstractModel, theta: np.ndarray, x: np.ndarray, y: np.ndarray, *, steps: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """Minimum-norm Gauss-Newton from ``theta`` (batch, P) to f(x) = ``y`` (batch, n t); the points and which of them converged."""
    theta, residual = theta.copy(), np.full(len(theta), np.inf)
    for _ in range(steps):
        live = np.flatnonzero(residual > ZERO_RESIDUAL)
        if not live.size:
            break
        output, jacobian = batched_tangents(model, theta[live], x[live])
        error = output - y[live]
        residual[live] = np.abs(error).max(axis=1)
        moving = residual[live] > ZERO_RESIDUAL
        U, s, Vt = np.linalg.svd(jacobian[moving], full_matrices=False)
        inverse = np.where(s > CUTOFF * s[:, :1], 1 / np.where(s > 0, s, 1), 0.0)
        theta[live[moving]] -= (Vt.swapaxes(-1, -2) @ (inverse[..., None] * (U.swapaxes(-1, -2) @ error[moving][..., None])))[..., 0]
    return theta, residual <= 10 * ZERO_RESIDUAL


def slope_test(
    model: AbstractModel,
    theta: np.ndarray,
    x: np.ndarray,
    test: np.ndarray,
    *,
    rng: np.random.Generator,
    distances: tuple[float, float] = (1e-3, 1e-4),
) -> Slopes:
    """Slopes at the perfect points ``theta`` (batch, P) for samples ``x`` (batch, n, inputs), errors measured on ``test`` (t, inputs).

    Raises ValueError where the shapes do not fit together or the distances are not decreasing and positive.
    """
    theta, x = np.asarray(theta, float), np.asarray(x)
    if theta.ndim != 2 or theta.shape[1] != model.n_params or x.ndim != 3 or len(x) != len(theta) or x.shape[2] != model.input_size:
        raise ValueError(
            f"theta must be (batch, {model.n_params}) and x (batch, n, {model.input_size}) for {model}, got {theta.shape} and {x.shape}"
        )
    if not distances[0] > distances[1] > 0:
        raise ValueError(f"distances must be positive and decreasing, got {distances}")
    direction = rng.normal(size=theta.shape)
    outputs = lambda parameters, samples: model(parameters, samples).reshape(len(theta), -1)
    y, perfect = outputs(theta, x), outputs(theta, test)
    errors, converged = [], np.ones(len(theta), bool)
    for distance in distances:
        found, good = nearest_zero_loss(model, theta + distance * direction, x, y)
        errors.append(np.sqrt(np.mean((outputs(found, test) - perfect) ** 2, axis=1)))
        converged &= good
    far, near = errors
    exact = (far < EXACT * distances[0] ** 2) & (near < EXACT * distances[1] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.log(far / near) / np.log(distances[0] / distances[1])
    return Slopes(np.where(converged & ~exact, slope, np.nan), np.stack(errors, axis=1), exact & converged, converged)


def best_conditioned(model: AbstractModel, theta: np.ndarray, designs: np.ndarray, rank: int) -> np.ndarray:
    """Of ``designs`` (batch, tries, n, inputs) for each ``theta`` (batch, P) the one with the largest sigma_min(n, rank) / sigma_1.

    Badly conditioned designs blur the slope: the next order in the distance is then not small.
    """
    batch, tries = designs.shape[:2]
    repeated = np.repeat(theta, tries, axis=0)
    J = batched_tangents(model, repeated, designs.reshape(batch * tries, *designs.shape[2:]))[1]
    squares = np.linalg.eigvalsh(J @ J.swapaxes(1, 2) if J.shape[1] <= J.shape[2] else J.swapaxes(1, 2) @ J)  # of singular values, rising
    best = (squares[:, -min(rank, squares.shape[1])] / squares[:, -1]).reshape(batch, tries).argmax(axis=1)
    return designs[np.arange(batch), best]
