"""Hessians of large networks by their products with directions, and what is proved of such a Hessian from a few of them.

No matrix of P x P numbers is formed. Lanczos iteration (ARPACK's, through scipy) finds the ends of the spectrum in floats; the Hessian
on the span of the vectors that it found is then enclosed in balls. A form that is negative on a space of k dimensions has k negative
eigenvalues or more (Courant and Fischer), so that each sign which the small matrix proves counts for the whole Hessian, however the
vectors were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.derivatives.directional import Directional
from numerics.derivatives.tape import Node
from numerics.hessian.gradients import IN_CACHE, Data, checked, cotangent, rounded
from numerics.hessian.inertias import Inertia, ball_inertia
from numerics.hessian.losses import Loss
from theory import arguments
from theory.models import AbstractModel

#: Relative accuracy of Ritz values asked of ARPACK, and restarts allowed.
ACCURACY, RESTARTS = 1e-7, 300


def hessian_product(
    model: AbstractModel, theta: Any, data: Data, directions: Any, loss: str | Loss = "mse", *, weights: Any = None
) -> np.ndarray:
    """Hess R(theta) v for each row v of ``directions`` (k, P), shape (k, P), in the arithmetic of the arguments.

    One backward pass over forward duals with k directions, so k + 1 times the work of a gradient. Raises ValueError at a kink of sigma.
    """
    theta, x, y = checked(model, theta, data)
    directions = np.asarray(directions)
    if directions.ndim != 2 or directions.shape[1] != model.n_params:
        raise ValueError(f"directions must have shape (k, {model.n_params}) for {model}, got {directions.shape}")
    source = Node(Directional(theta, directions))
    output = model(source, x)
    return output.pull_back(cotangent(output.value, y, loss, weights), source).tangent


@dataclass(frozen=True, eq=False)
class Extremes:
    """Ends of a spectrum as floats find them, the least first: ``values`` (k,), unit ``vectors`` (k, P), ``residuals`` (k,).

    An eigenvalue lies within the residual |H v - value v| of each value, but for the rounding of the product. ``complete`` is false where
    the iteration was ended before all values had settled; the others are left out.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    complete: bool


def extremes(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, count: int = 6, seed: int = 0) -> Extremes:
    """The ``count`` least and ``count`` largest eigenvalues of Hess R at ``theta`` (P,), by Lanczos iteration in float64.

    :raises ValueError: for a bad count, or at a kink of sigma.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    arguments.seed("seed", seed)
    theta, x, y = (np.asarray(array, dtype=float) for array in checked(model, theta, data))
    if theta.ndim != 1:
        raise ValueError(f"theta must have shape (P,), got {theta.shape}")
    size = len(theta)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count < size:
        raise ValueError(f"count must be a number of eigenvalues from 1 to {size - 1} at each end, got {count!r}")
    times = lambda v: _in_parts(model, theta, x, y, np.reshape(v, (1, size)), loss)[0]
    operator: Any = LinearOperator((size, size), matvec=times, dtype=float)  # pyright: ignore[reportCallIssue]  # made by __new__
    start, complete, vectors = np.random.default_rng(seed).normal(size=size), True, []
    for end in ("SA", "LA"):
        try:
            found = eigsh(operator, k=min(count, size - 1), which=end, v0=start, tol=ACCURACY, maxiter=RESTARTS)[1]  # pyright: ignore[reportArgumentType]  # stubs of an int
        except ArpackNoConvergence as stopped:
            complete, found = False, stopped.eigenvectors
        vectors.append(found.T)
    basis = np.linalg.qr(np.concatenate(vectors).T)[0].T  # the two ends may share vectors where there are few parameters
    images = _in_parts(model, theta, x, y, basis, loss)
    values, turns = np.linalg.eigh((basis @ images.T + images @ basis.T) / 2)
    vectors, images = turns.T @ basis, turns.T @ images
    return Extremes(values, vectors, np.linalg.norm(images - values[:, None] * vectors, axis=1), complete)


def _in_parts(
    model: AbstractModel, theta: np.ndarray, x: np.ndarray, y: np.ndarray, directions: np.ndarray, loss: str | Loss
) -> np.ndarray:
    """Products in floats, over as many samples at a time as memory allows."""
    step = max(1, IN_CACHE // (model.widest * (len(directions) + 1)))
    weights = np.full(len(x), 1 / len(x))
    parts = (slice(k, k + step) for k in range(0, len(x), step))
    products = (hessian_product(model, theta, (x[part], y[part]), directions, loss, weights=weights[part]) for part in parts)
    return sum(products, start=np.zeros(directions.shape))


def inertia_along(
    model: AbstractModel, theta: Any, data: Data, directions: np.ndarray, loss: str | Loss = "mse", *, bits: int = 64
) -> Inertia:
    """Proved bounds of the inertia of Hess R (P, P) from the form on the span of ``directions`` (k, P), any floats, in balls.

    All weights and data that round to the given floats are meant, as by :func:`numerics.hessian.rounded_gradient`. At most k of P
    eigenvalues are decided. Raises ValueError at a kink of sigma.
    """
    arguments.bits("bits", bits)
    arguments.array(2)("directions", directions)
    with working_precision(bits):
        theta, x, y = rounded(model, theta, data)
        along = balls(directions)
        form = along @ hessian_product(model, theta, (x, y), along, loss).T
        (negative, _), _, (positive, _) = ball_inertia((form + form.T) / 2).bounds
    return Inertia.between((negative, 0, positive), len(theta), "ball")
