r"""First-order optimizers on a quadratic x^T H x/2: how sharp it may be, and when one step raises the loss.

Adam with a frozen preconditioner P > 0 (v held fixed: P = diag(sqrt(v) + eps)) is momentum in the coordinates P^(1/2) x with the curvature
P^(-1/2) H P^(-1/2). Along an eigenvector of curvature lambda, h = eta lambda, every method here is linear in (m, x); its characteristic
polynomial decides. Source: arXiv:2506.04805 (frozen Adam, with bias correction), 2305.12133 (gradient descent), Polyak 1964 (heavy ball).
"""

from __future__ import annotations

from typing import Any

METHODS = ("gradient descent", "heavy ball", "moving average")


def frozen_polynomial(method: str, beta1: Any, h: Any) -> list[Any]:
    """Coefficients of the characteristic polynomial of a step at h = eta lambda, the constant first and the leading 1 last.

    "gradient descent": x' = (1 - h) x; "heavy ball": m' = beta1 m + lambda x, x' = x - eta m'; "moving average" (EMA momentum, and Adam
    with a frozen preconditioner): m' = beta1 m + (1 - beta1) lambda x, x' = x - eta m'.
    """
    if method == "gradient descent":
        return [h - 1, 1]
    pull = h if _known(method) == "heavy ball" else (1 - beta1) * h
    return [beta1, pull - 1 - beta1, 1]


def sharpness_threshold(method: str, beta1: Any, eta: Any) -> Any:
    """The method is asymptotically stable exactly if all eigenvalues lie between 0 and this: 2/eta, 2(1 + beta1)/eta,
    2(1 + beta1)/((1 - beta1) eta).
    """
    if method == "gradient descent":
        return 2 / eta
    return 2 * (1 + beta1) / eta if _known(method) == "heavy ball" else 2 * (1 + beta1) / ((1 - beta1) * eta)


def frozen_step(method: str, beta1: Any, eta: Any, curvature: Any, m: Any, x: Any) -> tuple[Any, Any]:
    """(m', x') of one step at ``curvature`` lambda."""
    if method == "gradient descent":
        return m, x - eta * curvature * x
    m = beta1 * m + (1 if _known(method) == "heavy ball" else 1 - beta1) * curvature * x
    return m, x - eta * m


def corrected_sharpness(beta1: Any, eigenvalue: Any, step: int, *, correction: bool = True) -> Any:
    """The eigenvalue of the preconditioned Hessian as it is compared with 2/eta: times (1 - beta1)/(1 + beta1), over 1 - beta1^step.

    ``step`` counts from 1; without bias ``correction`` the last factor is left out.
    """
    scaled = eigenvalue * (1 - beta1) / (1 + beta1)
    return scaled / (1 - beta1**step) if correction else scaled


def sufficient_eps(beta1: Any, eta: Any, curvature: Any) -> Any:
    """From this eps on Adam without bias correction is never beyond the threshold at ``curvature`` lambda, since lambda/(sqrt(v) + eps)
    <= lambda/eps: eta lambda (1 - beta1)/(2(1 + beta1)). With the correction it has to be divided by 1 - beta1^t at step t
    (:func:`eps_for_all_steps`).
    """
    return eta * curvature * (1 - beta1) / (2 * (1 + beta1))


def eps_for_all_steps(beta1: Any, eta: Any, curvature: Any) -> Any:
    """From this eps on Adam with bias correction is beyond the threshold at no step: eta lambda/(2(1 + beta1)), what step 1 asks for."""
    return eta * curvature / (2 * (1 + beta1))


def change_of_loss(hessian: Any, gradient: Any, direction: Any, eta: Any) -> Any:
    """L(x - eta u) - L(x) = -eta g.u + (eta^2/2) u^T H u for a quadratic L with Hessian H, gradient g and ``direction`` u (arrays)."""
    return eta * eta * (direction @ hessian @ direction) / 2 - eta * (gradient @ direction)


def gradient_curvature(hessian: Any, gradient: Any, direction: Any) -> Any:
    """u^T H u/(g.u): where g.u > 0, the step x - eta u raises a quadratic loss exactly if this exceeds 2/eta.

    For u = g it is the curvature along the gradient, g^T H g/|g|^2.
    """
    return (direction @ hessian @ direction) / (gradient @ direction)


def _known(method: str) -> str:
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return method
