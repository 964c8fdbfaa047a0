"""Tangent matrices and Hessians of many networks at once, in float64 through torch.

Two-layer networks have closed forms; every other model goes through one backward pass per output (tangents: theta tiled over
the samples) or ``torch.func`` (Hessians). All functions take numpy arrays or tensors and return what ``theta`` is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.models import MatrixFactorization, TwoLayer, one_hot


def tangents(model: Any, theta: Any, X: Any, *, forward: Callable | None = None) -> tuple[Any, Any]:
    """Outputs (B, n, outputs) and tangents df_t(x_i)/dtheta_p (B, n, outputs, P) at theta (B, P) on X (n, ...) or (B, n, ...).

    ``forward`` replaces the model's formula by another of the same parameters (``model.measure``). Raises ValueError where theta
    has no batch axis.
    """
    theta_, X_, forward = _prepare(model, theta, X, forward)
    if type(model) is TwoLayer and forward is model:
        return _like(theta, *_two_layer_tangents(model, theta_, X_))
    return _like(theta, *_tiled_tangents(forward, theta_, X_))


def loss_hessians(model: Any, theta: Any, data: Any, *, weights: Any = None) -> tuple[Any, Any, Any]:
    """Losses (B,), gradients (B, P) and Hessians (B, P, P) of sum_i weight_i sum_t (f_t(x_i) - y_it)^2 at theta (B, P).

    ``data`` = (X, Y) and ``weights`` (default 1/n) are shared or have a leading B, as in :func:`numerics.train.train`.
    """
    import torch

    theta_, X, forward = _prepare(model, theta, data[0], None)
    Y = _tensor(data[1])
    n = Y.shape[-2]
    weights = torch.full((n,), 1 / n, dtype=torch.float64) if weights is None else _tensor(weights)
    if not (type(model) is TwoLayer and forward is model):
        return _like(theta, *_general_hessians(forward, theta_, X, Y, weights))
    output, J = _two_layer_tangents(model, theta_, X)
    residual = output - Y
    weighted = (2 * weights[..., None] * residual).expand_as(residual)
    J = J.flatten(1, 2)
    scaled = (2 * weights).expand(residual.shape[:2]).repeat_interleave(model.outputs, dim=1)
    hessian = J.mT @ (scaled[..., None] * J) + _two_layer_curvature(model, theta_, X, weighted)
    gradient = (weighted.flatten(1)[:, None] @ J)[:, 0]
    return _like(theta, (weights * (residual * residual).sum(-1)).sum(-1), gradient, hessian)


def eigenvalues(hessians: Any) -> Any:
    """Eigenvalues (B, P) of symmetric matrices (B, P, P), ascending."""
    import torch

    return _like(hessians, torch.linalg.eigvalsh(_tensor(hessians)))[0]


def _tensor(values: Any) -> Any:
    import torch

    return torch.as_tensor(values, dtype=torch.float64)


def _like(given: Any, *results: Any) -> tuple[Any, ...]:
    return results if hasattr(given, "detach") else tuple(result.detach().cpu().numpy() for result in results)


def _prepare(model: Any, theta: Any, X: Any, forward: Callable | None) -> tuple[Any, Any, Callable]:
    theta = _tensor(theta)
    if theta.ndim != 2:
        raise ValueError(f"theta must have shape (B, P), got {tuple(theta.shape)}")
    if forward is None and isinstance(model, MatrixFactorization):
        sizes = (model.d1, model.d2)
        if tuple(np.shape(X)[-2:]) != sizes or (np.ndim(X) == 2 and sizes[1] == 2):
            X = one_hot(X, sizes, np.zeros(0))
        forward = model.measure
    return theta, _tensor(X).to(theta.device), forward or model


def _tiled_tangents(forward: Callable, theta: Any, X: Any) -> tuple[Any, Any]:
    import torch

    samples_axis = 1 if X.ndim == (4 if _measures(forward) else 3) else 0
    n = X.shape[samples_axis]
    tiled = theta.detach()[:, None].expand(-1, n, -1).clone().requires_grad_()
    output = forward(tiled, X.unsqueeze(samples_axis + 1))[..., 0, :]
    rows = [torch.autograd.grad(output[..., t].sum(), tiled, retain_graph=True)[0] for t in range(output.shape[-1])]
    return output.detach(), torch.stack(rows, dim=-2)


def _measures(forward: Callable) -> bool:
    return getattr(forward, "__func__", None) is MatrixFactorization.measure


def _general_hessians(forward: Callable, theta: Any, X: Any, Y: Any, weights: Any) -> tuple[Any, Any, Any]:
    import torch

    def loss(theta: Any, X: Any, Y: Any, weights: Any) -> Any:
        residual = forward(theta, X) - Y
        return (weights * (residual * residual).sum(-1)).sum(-1)

    hessian = torch.func.jacrev(torch.func.grad(loss))  # torch.func.hessian goes through torch.jit, which is deprecated
    X_axis = 0 if X.ndim == (4 if _measures(forward) else 3) else None
    axes = (0, X_axis, 0 if Y.ndim == 3 else None, 0 if weights.ndim == 2 else None)
    gradients, losses = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=axes)(theta, X, Y, weights)
    return losses, gradients, torch.func.vmap(hessian, in_dims=axes)(theta, X, Y, weights)


def _two_layer_parts(model: TwoLayer, theta: Any, X: Any, order: int) -> tuple[Any, Any, tuple[Any, ...]]:
    """Extended inputs (B, n, inputs [+ 1]), output weights (B, outputs, width), activation and derivatives (B, n, width)."""
    import torch

    parts = model.unpack(theta)
    W = parts["input_weights"]
    if model.bias:
        W = torch.cat([W, parts["input_biases"][..., None]], dim=-1)
        X = torch.cat([X, torch.ones_like(X[..., :1])], dim=-1)
    X = X.expand(len(theta), *X.shape[-2:])
    return X, parts["output_weights"], model.activation.jet(X @ W.mT, order)


def _two_layer_tangents(model: TwoLayer, theta: Any, X: Any) -> tuple[Any, Any]:
    import torch

    X, A, (value, slope) = _two_layer_parts(model, theta, X, 1)
    B, n, m, T = len(theta), X.shape[1], model.width, model.outputs
    inner = torch.einsum("btk,bnk,bnj->bntkj", A, slope, X)
    eye = torch.eye(T, dtype=torch.float64, device=theta.device)
    outer = torch.einsum("ts,bnk->bntsk", eye, value).reshape(B, n, T, T * m)
    columns = [inner[..., : model.inputs].reshape(B, n, T, -1)] + ([inner[..., -1]] if model.bias else []) + [outer]
    output = value @ A.mT
    if model.output_bias:
        columns.append(eye.expand(B, n, T, T))
        output = output + model.unpack(theta)["output_bias"][:, None]
    return output, torch.cat(columns, dim=-1)


def _two_layer_curvature(model: TwoLayer, theta: Any, X: Any, residual: Any) -> Any:
    """sum_i sum_t residual_it nabla^2 f_t(x_i), (B, P, P): it couples only parameters of the same neuron."""
    import torch

    X, A, (_, slope, bend) = _two_layer_parts(model, theta, X, 2)
    B, m, d = len(theta), model.width, model.inputs
    pull = torch.einsum("bnt,btk->bnk", residual, A)
    square = torch.einsum("bnk,bnk,bni,bnj->bkij", pull, bend, X, X)
    cross = torch.einsum("bnt,bnk,bni->btki", residual, slope, X)
    hessian = torch.zeros(B, model.n_params, model.n_params, dtype=torch.float64, device=theta.device)
    place = _two_layer_places(model)
    neuron = torch.arange(m)
    for i in range(d + model.bias):
        for j in range(d + model.bias):
            hessian[:, place["inner"][neuron, i], place["inner"][neuron, j]] = square[:, neuron, i, j]
        for t in range(model.outputs):
            hessian[:, place["inner"][neuron, i], place["outer"][t, neuron]] = cross[:, t, neuron, i]
            hessian[:, place["outer"][t, neuron], place["inner"][neuron, i]] = cross[:, t, neuron, i]
    return hessian


def _two_layer_places(model: TwoLayer) -> dict[str, np.ndarray]:
    """Places in theta of a neuron's input weights [and bias] (width, inputs [+ 1]) and output weights (outputs, width)."""
    parts = model.unpack(np.arange(model.n_params))
    inner = parts["input_weights"]
    if model.bias:
        inner = np.concatenate([inner, parts["input_biases"][:, None]], axis=1)
    return {"inner": inner, "outer": parts["output_weights"]}
