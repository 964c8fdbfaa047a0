r"""Factorizations of least norm and what they do to facts that are chained: the exact part of the identity bridge (2509.24653).

A linear network W = A B^T with weight decay pays (|A|_F^2 + |B|_F^2)/2, the least of which over all factorizations of W is the nuclear
norm |W|_*. Facts A_i -> B_i and B_i -> C_i for i = 1 .. N and a *bridge* Y from B to B give the pattern (rows A, B; columns B, C)

    W = [[I, X], [Y, I]]      (2N, 2N),

where X, from A to C, is what nobody taught. For a bridge of operator norm at most 1 the completion of least nuclear norm is unique,
X = Y^T: the identity bridge leads A_i to C_i, one shifted by s leads A_i to C_(i-s), and none (Y free) leads nowhere: all X = Y^T tie.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from theory.dynamics.arguments import integer


def factor_cost(A: Any, B: Any) -> Any:
    """(|A|_F^2 + |B|_F^2)/2 of factors A (rows, width), B (columns, width), entries of any arithmetic.

    Raises ValueError for factors of different widths.
    """
    A, B = _factors(A, B)
    return ((A * A).sum() + (B * B).sum()) / 2


def _factors(A: Any, B: Any) -> tuple[np.ndarray, np.ndarray]:
    A, B = np.asarray(A), np.asarray(B)
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1]:
        raise ValueError(f"A and B must be matrices of one width (columns), got shapes {A.shape} and {B.shape}")
    return A, B


def imbalance(A: Any, B: Any) -> np.ndarray:
    """A^T A - B^T B (width, width): zero exactly where the factors are the cheapest of their product, once their width is its rank.

    Raises ValueError for factors of different widths.
    """
    A, B = _factors(A, B)
    return A.T @ A - B.T @ B


def pattern(X: Any, Y: Any) -> np.ndarray:
    """[[I, X], [Y, I]] (2N, 2N) from X, Y (N, N).

    Raises ValueError unless both are square and of one size.
    """
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim != 2 or X.shape != Y.shape or X.shape[0] != X.shape[1]:
        raise ValueError(f"X and Y must be square matrices of one size, got shapes {X.shape} and {Y.shape}")
    identity = np.eye(len(X), dtype=int)
    return np.block([[identity, X], [Y, identity]])


def squared_norm(x: Any, y: Any) -> Any:
    """|[[1, x], [y, 1]]|_*^2 = 4 + (x - y)^2 where xy <= 1, (x + y)^2 beyond; the norm of N facts, x I and y I, is N times the root."""
    return 4 + (x - y) ** 2 if x * y <= 1 else (x + y) ** 2


def scalar_completion(y: Any) -> Any:
    """The x at which [[1, x], [y, 1]] has its least nuclear norm: y where |y| <= 1, 1/y beyond. Rational for rational ``y``.

    Raises ValueError for a y that is no number.
    """
    if isinstance(y, float) and math.isnan(y):
        raise ValueError("y must be a number, got nan")
    y = Fraction(y) if isinstance(y, int) else y
    return y if abs(y) <= 1 else 1 / y


def shift(N: int, step: int) -> np.ndarray:
    """The bridge B_i -> B_(i + step), indices modulo N: (N, N) of 0 and 1.

    Raises ValueError unless ``N`` is an integer of at least 1 and ``step`` an integer.
    """
    integer("N", N, 1)
    if isinstance(step, bool) or not isinstance(step, int | np.integer):
        raise ValueError(f"step must be an integer, got {step!r}")
    return np.roll(np.eye(N, dtype=int), step, axis=1)
