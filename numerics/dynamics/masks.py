r"""Exact moments over all dropout masks, by enumeration over Q and by the moments of one mask symbolically.

:func:`mask_moments` sums over the 2^m masks of m neurons in rational arithmetic; :func:`moment_polynomial` replaces each power of a
mask variable by its mean, E xi^q = (1 + v)^(q - 1). The two know nothing of the closed forms of ``theory.dynamics.dropout``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rational, rationals
from theory.dynamics.dropout import check_contributions, noise_variance

#: Above this many neurons the enumeration of masks would take minutes.
MOST_NEURONS = 16


@dataclass(frozen=True)
class Moments:
    """E R (a rational), E grad R (P,) and Cov(grad R) (P, P) over all masks, all fmpq."""

    loss: Any
    gradient: np.ndarray
    covariance: np.ndarray


def mask_moments(contributions: Any, targets: Any, gradients: Any, keep: Any) -> Moments:
    """The moments of R(xi) = (1/2n) sum_i |sum_j xi_j s_ij - y_i|^2 and of its gradient over all masks, exactly.

    ``contributions`` (n, m, outputs), ``targets`` (n, outputs), ``gradients`` (n, m, outputs, P): rationals in the types that
    :func:`numerics.arithmetic.exact.rational` reads; ``keep`` in (0, 1]. Raises ValueError for shapes that disagree and for more than
    :data:`MOST_NEURONS` neurons.
    """
    from flint import fmpq, fmpq_mat

    s, shapes = rationals(check_contributions(contributions)), (np.shape(targets), np.shape(gradients))
    n, m, outputs = s.shape
    if shapes[0] != (n, outputs) or len(shapes[1]) != 4 or shapes[1][:3] != s.shape:
        raise ValueError(f"targets must be ({n}, {outputs}) and gradients ({n}, {m}, {outputs}, P), got {shapes[0]} and {shapes[1]}")
    y, g = rationals(targets), rationals(gradients)
    if m > MOST_NEURONS:
        raise ValueError(f"contributions must have at most {MOST_NEURONS} neurons for an enumeration of masks, got {m}")
    p = rational(keep)
    noise_variance(p)
    P = g.shape[3]
    matrix = lambda array: fmpq_mat(array.shape[0], array.shape[1], list(array.ravel()))
    masks = np.array(list(product((0, 1), repeat=m)), dtype=object)
    xi = masks / p
    weights = np.array([p ** int(kept) * (1 - p) ** (m - int(kept)) for kept in masks.sum(axis=1)], dtype=object)
    flat = lambda array: array.transpose(1, 0, 2, *range(3, array.ndim)).reshape(m, n * outputs, *array.shape[3:])
    residuals = np.array((matrix(xi) * matrix(flat(s))).tolist(), dtype=object) - y.reshape(-1)  # (masks, n * outputs)
    # the pull of a mask on theta: sum over neurons of xi_k times (residuals . g_k)
    pulls = [np.array((matrix(residuals) * matrix(flat(g)[k])).tolist(), dtype=object) * xi[:, k : k + 1] for k in range(m)]
    by_mask = sum(pulls) / fmpq(n)
    mean = weights @ by_mask
    centred = by_mask - mean
    spread = matrix(np.ascontiguousarray(centred.T)) * matrix(weights[:, None] * centred)
    loss = weights @ (residuals * residuals).sum(axis=1) / fmpq(2 * n)
    return Moments(loss, mean, np.array(spread.tolist(), dtype=object).reshape(P, P))


def moment_polynomial(expression: Any, xi: Any, v: Any) -> Any:
    """E of a sympy polynomial in the independent mask variables ``xi``: every xi_j^q replaced by (1 + v)^(q - 1), q >= 1."""
    from sympy import Poly

    polynomial = Poly(expression, *xi)
    total = 0
    for powers, coefficient in polynomial.terms():
        weight = 1
        for q in powers:
            weight *= (1 + v) ** (q - 1) if q else 1
        total += coefficient * weight
    return total
