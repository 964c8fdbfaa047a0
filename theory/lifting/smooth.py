"""The approximate lift of smooth activations: near a point c the inserted layer is affine to first order."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.lifting.lifts import as_fully_connected, deeper, inherited
from theory.models import FullyConnected, TwoLayer


def scaled_lift(
    model: FullyConnected | TwoLayer, theta: Any, after: int, epsilon: Any, *, bias: Any = 0
) -> tuple[FullyConnected, np.ndarray]:
    """(deep, theta) with What = ``epsilon`` I, bhat = ``bias``, W' = W / (epsilon sigma'(bias)) and b' = b - W' sigma(bias).

    For tanh at its inflection 0 outputs err by O(epsilon^2) and the gradient of a critical point is O(epsilon); elsewhere outputs err by
    O(epsilon) and the gradient tends to a limit, in general not to 0. Entries may be of any arithmetic in which sigma has values. Raises
    ValueError for a position out of range, epsilon = 0, a slope sigma'(bias) = 0, or missing biases.
    """
    model = as_fully_connected(model)
    if isinstance(after, bool) or after not in range(model.depth):
        raise ValueError(f"after must be a layer from 0 (the input) to {model.depth - 1}, got {after!r}")
    if f"b{after + 1}" not in model.shapes or model.depth > 1 and not model.bias:
        raise ValueError(f"model must have biases in its hidden layers and in layer {after + 1}")
    parts = model.unpack(theta)
    W, b = parts[f"W{after + 1}"], parts[f"b{after + 1}"]
    m = W.shape[1]
    shift = np.array([bias + 0 * W[0, 0]] * m, dtype=W.dtype)
    value, slope = model.activation.jet(shift, 1)
    if epsilon == 0 or any(entry == 0 for entry in slope):
        raise ValueError(f"epsilon and sigma'(bias) must not vanish, got {epsilon} and {slope[0]}")
    outer = W / (epsilon * slope)
    deep = deeper(model, after, m)
    new = {deep_name: parts[name] for name, deep_name in inherited(model, after)}
    new |= {f"W{after + 1}": epsilon * np.eye(m, dtype=int), f"b{after + 1}": shift}
    return deep, deep.pack(**new, **{f"W{after + 2}": outer, f"b{after + 2}": b - outer @ value})
