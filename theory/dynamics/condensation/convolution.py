r"""Two-layer convolutional networks: kernels of small weights turn to the left singular vector of the largest singular value.

f(x) = sum_b sum_q A_bq sigma(W_b . patch_q(x)) has W_b' = Z A_b and A_b' = Z^T W_b to leading order, Z = (sigma'(0)/n) sum_i y_i X_i with
the patches of sample i as the columns of X_i (arXiv:2305.09947; the explicit form and the rates are ours).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.models import TwoLayerCNN, as_container


def patch_matrix(model: TwoLayerCNN, x: Any, y: Any) -> np.ndarray:
    """(1/n) sum_i y_i X_i (entries, positions) for ``x`` (n, inputs), ``y`` (n,): Z for sigma'(0) = 1. Exact in, exact out."""
    x, y = as_container(x), np.asarray(y)
    if x.ndim != 2 or y.shape != tuple(x.shape[:1]):
        raise ValueError(f"expected inputs (n, {model.input_size}) and labels (n,), got shapes {tuple(x.shape)} and {y.shape}")
    return (y @ x / len(x))[model.patches].T
