r"""Chained facts as training data, and the bridge between them (2509.24653).

Tokens: A_1 .. A_N, B_1 .. B_N, the relations r_1, r_2; labels: B_1 .. B_N, C_1 .. C_N. Facts are (A_i, r_1) -> B_i and (B_i, r_2) -> C_i; a
*bridge* adds zero-hop samples (B_i) -> B_j. The question (A_i, r_1, r_2) -> C_i is never shown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from theory.dynamics.arguments import integer
from theory.dynamics.signatures import Data

#: What the bridge teaches: nothing, the identity on B, one shifted by three, the identity on A (whose labels are tokens of A), or on C.
BRIDGES = ("none", "identity", "shifted", "on A", "on C")


class Facts(NamedTuple):
    """``data`` to train on; ``asked`` (N, T) counts of the unseen questions; ``answers`` (N,) their labels; ``of_C`` the labels C."""

    data: Data
    asked: np.ndarray
    answers: np.ndarray
    of_C: slice


def facts(N: int, bridge: str, step: int = 3) -> Facts:
    """The facts of ``N`` chains with a ``bridge``. Labels are numbered B, C, A; tokens A, B, r_1, r_2, C.

    Raises ValueError for a bridge that is not one of :data:`BRIDGES`, for fewer than two chains, and for a shifted bridge whose ``step``
    is a multiple of N, which shifts nothing.
    """
    if bridge not in BRIDGES:
        raise ValueError(f"bridge must be one of {BRIDGES}, got {bridge!r}")
    integer("N", N, 2)
    if bridge == "shifted" and (isinstance(step, bool) or not isinstance(step, int | np.integer)):
        raise ValueError(f"step must be an integer, got {step!r}")
    if bridge == "shifted" and step % N == 0:
        raise ValueError(f"step must not be a multiple of N = {N}, got {step}")
    hot, i = np.eye(3 * N + 2, dtype=int), np.arange(N)
    A, B, C, r1, r2 = hot[:N], hot[N : 2 * N], hot[2 * N + 2 :], hot[2 * N], hot[2 * N + 1]
    rows, labels = [A + r1, B + r2], [i, N + i]
    more = {"identity": (B, i), "shifted": (B, (i + step) % N), "on A": (A, 2 * N + i), "on C": (C, N + i)}
    if bridge in more:
        rows.append(more[bridge][0])
        labels.append(more[bridge][1])
    data = Data(np.concatenate(rows), np.concatenate(labels), 3 * N)
    return Facts(data, A + r1 + r2, N + i, slice(N, 2 * N))
