"""Small block matrices of any entries: what the congruences say remains beside the narrow Hessian, and its inertia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Counts = tuple[int, int, int]


def bordered(B: Any, Q: Any) -> np.ndarray:
    """[[0, B], [B^T, Q]] for B (..., D, d), Q (..., d, d)."""
    corner = np.zeros((*B.shape[:-1], B.shape[-2]), dtype=B.dtype)
    return np.concatenate([np.concatenate([corner, B], axis=-1), np.concatenate([B.swapaxes(-1, -2), Q], axis=-1)], axis=-2)


def direct_sum(*blocks: Any) -> np.ndarray:
    """The block diagonal matrix of square ``blocks``."""
    size = sum(len(block) for block in blocks)
    whole, start = np.zeros((size, size), dtype=np.result_type(*blocks)), 0
    for block in blocks:
        whole[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return whole


def split_block(B: Any, S: Any, alpha: Any) -> np.ndarray:
    """[[0, B_s], [B_s^T, alpha (1 - alpha) S_s]]."""
    return bordered(B, S * (alpha * (1 - alpha)))


def copies_block(B: Any, S: Any, coefficients: Sequence[Any]) -> np.ndarray:
    """[[0, I (x) B], [., G (x) S]], G = diag(b) - b b^T over the coefficients b of the new copies (n - 1 of them)."""
    new = np.array(coefficients[1:], dtype=S.dtype)
    G = np.diag(new) - np.outer(new, new)
    return bordered(np.kron(np.eye(len(new), dtype=int).astype(B.dtype), B), np.kron(G, S))


def plus(*counts: Counts) -> Counts:
    """Inertias (negative, zero, positive) of direct summands, added up."""
    negative, zero, positive = (sum(count) for count in zip(*counts, strict=True))
    return negative, zero, positive


def kkt_inertia(outputs: int, rank: int, restricted: Counts) -> Counts:
    """Inertia of [[0, B], [B^T, Q]], B (outputs, d) of ``rank`` r: (r, outputs - r, r) + In(Q on ker B) (classical)."""
    return plus((rank, outputs - rank, rank), restricted)


def flat_copies_inertia(outputs: int, inputs: int, rank: int) -> Counts:
    """What a split adds for alpha in {0, 1} or sigma'' = 0, and a null neuron with sigma'(b) != 0: (r, outputs + inputs - 2 r, r)."""
    return rank, outputs + inputs - 2 * rank, rank
