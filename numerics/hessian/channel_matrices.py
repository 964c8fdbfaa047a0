"""B_s and S_s of a channel of a convolutional network, in any arithmetic.

With errors e_(t,q) = dR/dz_(t,q) of the next layer per sample, taps o and patches h_q = (what the channel sees at position q, 1),
B_s = E[sum_q e_(t,q) sigma'(z_(s,q+o)) h_(q+o)^T] with a row for each (t, o), and S_s = E[sum_q a_q sigma''(z_(s,q)) h_q h_q^T] with
a_q = sum_(t,o) K_(t,s,o) e_(t,q-o). Behind the last convolution every position is a tap of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.derivatives.tape import Node
from numerics.hessian.gradients import cotangent as slope_of
from numerics.hessian.losses import Loss
from theory.embedding.wiring import check_place
from theory.models import Convolutional


def channel_matrices(
    model: Convolutional, theta: Any, data: tuple[Any, Any], layer: int, channel: int, loss: str | Loss = "mse"
) -> tuple[Any, Any]:
    """(B_s (outgoing weights, incoming parameters), S_s) of ``channel`` (from 0) of ``layer`` (from 1), both in the order of its wiring.

    Raises ValueError for a channel that is none.
    """
    check_place(model, layer, channel)
    x, y = data
    z, following = model.preactivation(theta, x, layer), Node(model.preactivation(theta, x, layer + 1))
    output = model.behind(theta, following, layer + 1) if layer < model.hidden_layers else following
    errors = output.pull_back(slope_of(output.value, y, loss, None), following)
    before = model.activation(model.preactivation(theta, x, layer - 1)) if layer > 1 else x.reshape(len(x), *model.inputs)
    seen = model.patches(before, layer)
    inputs = np.concatenate([seen, np.ones_like(seen[..., :1])], axis=-1)
    _, slope, curvature = (values[:, channel] for values in model.activation.jet(z, 2))  # (n, positions)
    parts = model.unpack(theta)
    if layer == model.hidden_layers:
        kernel, errors = parts["W"][:, channel], errors[..., None]
    else:
        kernel = parts[f"K{layer + 1}"][:, channel]
    taps, reached = kernel.shape[1], errors.shape[-1]
    rows, pulled = [], 0 * slope
    for target in range(len(kernel)):
        for tap in range(taps):
            place = slice(tap, tap + reached)
            rows.append(_summed(errors[:, target] * slope[:, place], inputs[:, place]))
            pulled[:, place] = pulled[:, place] + kernel[target, tap] * errors[:, target]
    flat = inputs.reshape(-1, inputs.shape[-1])
    return np.stack(rows), (flat * (pulled * curvature).reshape(-1, 1)).T @ flat


def _summed(factors: Any, inputs: Any) -> Any:
    return factors.reshape(-1) @ inputs.reshape(-1, inputs.shape[-1])
