"""The losses that are trained: their targets as they are given, their values and slopes on torch tensors, and how low they can be.

The loss of a network is sum_i weight_i loss(f(x_i), y_i). "mse" is sum_t (f_t - y_t)^2, without 1/2; "cross-entropy" is that of softmax(f)
against the probabilities y, which is never below the entropy of y.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MSE, CROSS_ENTROPY = "mse", "cross-entropy"
LOSSES = (MSE, CROSS_ENTROPY)

#: How far probabilities of a sample may add up to something else than 1: what rounding them to ten digits does.
SUM_TOLERANCE = 1e-9


def check_loss(loss: Any) -> str:
    """``loss`` itself. Raises ValueError for a loss that is not trained here."""
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
    return loss


def probabilities(Y: np.ndarray, outputs: int, *, whole: bool) -> np.ndarray:
    """Targets of the cross-entropy as probabilities (n, outputs) or (B, n, outputs).

    Whole numbers (``whole``) are classes (n,) or (B, n) from 0 on, others are probabilities as they are. Raises ValueError for what is
    neither, and for fewer than two outputs.
    """
    if outputs < 2:
        raise ValueError(f"loss cross-entropy needs a model of two outputs or more, one for each class, got {outputs}")
    if whole:
        if Y.ndim not in (1, 2) or Y.size == 0:
            raise ValueError(f"data Y of whole numbers must be classes (n,) or (B, n), got shape {Y.shape}; give probabilities as floats")
        wrong = Y[(Y < 0) | (Y >= outputs)]
        if wrong.size:
            raise ValueError(f"data Y must be classes from 0 to {outputs - 1}, got {int(wrong[0])}")
        return np.eye(outputs)[Y.astype(int)]
    if Y.ndim not in (2, 3) or Y.shape[-1] != outputs:
        wanted = f"probabilities (n, {outputs}) or (B, n, {outputs})"
        raise ValueError(f"data Y must be classes (n,) or (B, n) in whole numbers, or {wanted}, got shape {Y.shape}")
    if (Y < 0).any():
        raise ValueError(f"data Y must be probabilities, none of them negative, got {Y.min()}")
    sums = Y.sum(axis=-1)
    if (far := np.abs(sums - 1)).max(initial=0) > SUM_TOLERANCE:
        raise ValueError(f"data Y must be probabilities that add up to 1 in every sample, got a sum of {sums.flat[far.argmax()]}")
    return Y


def least_loss(loss: str, Y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the loss of a network cannot fall below, () or (B,): 0, or the weighted entropy of the targets."""
    if loss == MSE:
        return np.zeros(())
    logarithm = np.log(Y, out=np.zeros_like(Y), where=Y > 0)
    return -(weights * (Y * logarithm).sum(axis=-1)).sum(axis=-1)


def loss_value(loss: str, output: Any, Y: Any, weights: Any) -> Any:
    """sum_i weight_i loss(output_i, Y_i) of torch tensors, output and Y (..., n, outputs), weights (..., n)."""
    import torch

    if loss == MSE:
        residual = output - Y
        return (weights * (residual * residual).sum(-1)).sum(-1)
    return -(weights * (Y * torch.log_softmax(output, -1)).sum(-1)).sum(-1)


def output_slopes(loss: str, output: Any, Y: Any, weights: Any) -> Any:
    """The derivative of :func:`loss_value` in the outputs, (..., n, outputs)."""
    import torch

    if loss == MSE:
        return 2 * weights[..., None] * (output - Y)
    return weights[..., None] * (Y.sum(-1, keepdim=True) * torch.softmax(output, -1) - Y)


def residuals(loss: str, output: Any, Y: Any, weights: Any, J: Any = None) -> tuple[Any, Any]:
    """Residuals r (b, N) and their Jacobian (b, N, P), or None, from that of the outputs ``J`` (b, n, outputs, P).

    J^T r is half of the loss's gradient and J^T J half of its Gauss-Newton matrix. For the cross-entropy, whose curvature in the outputs is
    diag(p) - p p^T = L L^T with L^T = diag(sqrt p) - sqrt(p) p^T, r = sqrt(w / 2) (p - y) / sqrt(p) and the Jacobian sqrt(w / 2) L^T J
    (Schraudolph 2002, generalized Gauss-Newton).
    """
    import torch

    root = weights.sqrt()[..., None]
    if loss == MSE:
        r, turned = root * (output - Y), None if J is None else root[..., None] * J
    else:
        p = torch.softmax(output, -1).clamp(min=LEAST_PROBABILITY)
        half = root * 0.5**0.5
        r, turned = half * (p - Y) / p.sqrt(), None
        if J is not None:
            turned = (half * p.sqrt())[..., None] * (J - (p[..., None, :] @ J))
    return r.flatten(1), None if turned is None else turned.flatten(1, 2)


#: Probabilities below are taken for this in residuals, whose division by their root would not be finite.
LEAST_PROBABILITY = 1e-200
