r"""Critical points of a wide network that show a critical narrow one plus a silent neuron (output weight 0).

With residual e_i = y_i - g(theta, x_i) the narrow network is critical when e is orthogonal to its tangents; the wide one is critical at
(theta; w, a = 0) when Phi(w) = sum_i e_i sigma(w . x_i) = 0 as well. Then the Hessian couples a and w by -2 grad Phi(w), so that it
is indefinite wherever grad Phi(w) != 0. Source: arXiv:2505.13582.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.models import TwoLayer


def conditions(model: TwoLayer, theta: Any, x: Any, silent: Any = None) -> np.ndarray:
    """Rows that a residual (n,) must be orthogonal to: the tangents of ``model`` at ``theta``, and sigma(w . x) for a ``silent`` w (d,).

    sigma(w_k . x) and sigma'(w_k . x) x_j for every neuron k (a_k != 0); entries of any arithmetic, shape (m (d + 1) [+ 1], n).
    """
    weights = model.unpack(theta)["input_weights"]
    value, slope = model.activation.jet(x @ weights.T, 1)
    rows = [value.T, *(slope.T * x[:, j] for j in range(model.inputs))]
    if silent is not None:
        rows.append(model.activation.jet(x @ silent[:, None], 0)[0].T)
    return np.concatenate(rows)


def with_silent_neuron(model: TwoLayer, theta: Any, silent: Any) -> tuple[TwoLayer, np.ndarray]:
    """The network with one neuron more, of input weight ``silent`` (d,) and output weight 0, and its parameters."""
    parts = model.unpack(theta)
    wide = TwoLayer(model.inputs, model.width + 1, activation=model.activation)
    weights = np.concatenate([parts["input_weights"], silent[None]])
    zero = 0 * parts["output_weights"][:, :1]
    return wide, wide.pack(input_weights=weights, output_weights=np.concatenate([parts["output_weights"], zero], axis=1))
