r"""The sharpness that Adam sees while it trains networks: the top eigenvalue of the preconditioned Hessian against 2/rate.

With P_t = diag(sqrt(vhat_t) + eps) and c_t = (1 - beta1)/((1 + beta1)(1 - beta1^t)), in units of 2/rate:

* ``preconditioned``: (rate/2) c_t lambda_max(P_t^(-1/2) H_t P_t^(-1/2)); beyond 1 a frozen step is unstable (arXiv:2506.04805);
* ``along_gradient``: (rate/2) c_t u^T H_t u/(g.u) with u = P_t^(-1) g_t; beyond 1 the step of a quadratic loss rises;
* ``plain``: (rate/2) lambda_max(H_t), the threshold of gradient descent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.dynamics.iterates import State, adam, at_rest
from theory.dynamics.quadratic import corrected_sharpness


@dataclass(frozen=True)
class Sharpness:
    """``loss`` (steps + 1, B) along training; at the steps ``looked`` (L,), counted from 1, the three ratios (L, B) of the module."""

    loss: np.ndarray
    looked: np.ndarray
    preconditioned: np.ndarray
    along_gradient: np.ndarray
    plain: np.ndarray


def adam_sharpness(
    model: Any,
    theta: np.ndarray,
    data: tuple[Any, Any],
    rate: float,
    steps: int,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    every: int = 1,
) -> Sharpness:
    """Train ``model`` from theta (B, P) on data (X (n, inputs), Y (n, outputs)) by Adam with bias correction, mean squared error.

    Hessians are taken at every ``every``-th step. Raises ValueError for steps or every below 1, and theta without a batch axis.
    """
    from numerics.derivatives.batched import loss_hessians, tangents
    from numerics.train.general import torch_threads

    if steps < 1 or every < 1:
        raise ValueError(f"steps and every must be at least 1, got {steps} and {every}")
    X, Y = (np.asarray(part, dtype=float) for part in data)
    losses, looks = [], []

    def loss_and_gradient(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        output, J = tangents(model, theta, X)
        residual = output - Y
        return (residual**2).sum((1, 2)) / len(X), 2 * np.einsum("bnt,bntp->bp", residual, J) / len(X)

    optimizer = adam(rate, beta1, beta2, eps=eps, bias_correction=True)
    state = at_rest(np.asarray(theta, dtype=float))
    with torch_threads(1):
        for t in range(1, steps + 1):
            loss, g = loss_and_gradient(state.point)
            losses.append(loss)
            after = optimizer(state, lambda _, g=g: g)
            if t % every == 0:
                looks.append((t, *_ratios(loss_hessians(model, state.point, (X, Y))[2], g, after, rate, beta1, beta2, eps)))
            state = after
        losses.append(loss_and_gradient(state.point)[0])
    looked, *ratios = zip(*looks, strict=True) if looks else ((), (), (), ())
    return Sharpness(np.array(losses), np.array(looked, dtype=int), *map(np.array, ratios))


def _ratios(H: np.ndarray, g: np.ndarray, after: State, rate: float, beta1: float, beta2: float, eps: float) -> tuple[np.ndarray, ...]:
    t = after.steps
    P = np.sqrt(after.second / (1 - beta2**t)) + eps
    root, u = 1 / np.sqrt(P), g / P
    scale = corrected_sharpness(beta1, rate / 2, t)
    top = np.linalg.eigvalsh(H * root[:, :, None] * root[:, None, :])[:, -1]
    along = np.einsum("bp,bpq,bq->b", u, H, u) / np.einsum("bp,bp->b", g, u)
    return scale * top, scale * along, rate / 2 * np.linalg.eigvalsh(H)[:, -1]


def spikes(loss: np.ndarray, *, factor: float = 2.0, window: int = 100, settle: int = 50) -> list[int]:
    """The steps at which a spike begins: ``loss`` (steps,) first exceeds ``factor`` times its least value in the ``window`` before.

    A spike lasts until the loss no longer does; the first ``settle`` steps are left out.
    """
    begins, inside = [], False
    for t in range(1, len(loss)):
        above = bool(loss[t] > factor * loss[max(0, t - window) : t].min())
        if above and not inside and t >= settle:
            begins.append(t)
        inside = above
    return begins


def preceded(begin: int, looked: np.ndarray, ratio: np.ndarray, *, within: int = 100) -> bool:
    """Whether ``ratio`` (L,) exceeds 1 at a step looked at among the ``within`` steps before ``begin`` or at it."""
    near = (looked <= begin) & (looked > begin - within)
    return bool((ratio[near] > 1).any())
