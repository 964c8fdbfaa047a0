r"""The flow W' = Z A, A' = Z^T W in balls: the exponential of the block matrix [[0, Z], [Z^T, 0]].

It is the linear stage of a small two-layer network: Z is a column for a fully connected one, patches by positions for a
convolutional one (arXiv:2305.09947).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision


def block_exponential(matrix: Any, time: Any, *, bits: int = 128) -> np.ndarray:
    """exp(t [[0, Z], [Z^T, 0]]) in balls, shape (K + L, K + L), for Z (K, L) of rationals, floats or balls and ``time`` likewise."""
    from flint import arb_mat

    with working_precision(bits):
        z, t = balls(matrix), ball(time)
        if z.ndim != 2 or 0 in z.shape:
            raise ValueError(f"matrix must have shape (K, L) with K, L >= 1, got {z.shape}")
        rows, columns = z.shape
        size, zero = rows + columns, ball(0)
        block = np.full((size, size), zero, dtype=object)
        block[:rows, rows:], block[rows:, :rows] = z * t, z.T * t
        return np.array(arb_mat(size, size, block.ravel().tolist()).exp().entries(), dtype=object).reshape(size, size)


def linear_stage(matrix: Any, weights: Any, outgoing: Any, time: Any, *, bits: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """(W, A) at ``time`` from ``weights`` (m, K) and ``outgoing`` (m, L), one row a neuron, in balls."""
    with working_precision(bits):
        start = np.concatenate([balls(weights), balls(outgoing)], axis=1)
        after = start @ block_exponential(matrix, time, bits=bits)  # symmetric
        rows = np.asarray(matrix).shape[0]
        return after[:, :rows], after[:, rows:]
