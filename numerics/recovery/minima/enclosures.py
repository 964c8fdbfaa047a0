"""Proofs in balls: how far the limit of a flow line is, and the least eigenvalue near a perfect minimum.

The loss is sum_i (f(x_i) - y_i)^2, without 1/n, as in :mod:`numerics.recovery.minima.arrival`.
"""

from __future__ import annotations

import numpy as np

from numerics.rank.slope import batched_tangents
from theory import arguments
from theory.models import TwoLayer


@arguments.checking(
    model=arguments.model, theta=arguments.array(1), start=arguments.array(1), x=arguments.array(2), reach=arguments.positive
)
def certified_tail(model: TwoLayer, theta: np.ndarray, start: np.ndarray, x: np.ndarray, *, reach: float) -> tuple[float, float]:
    """Proved bounds (lower, upper) on the distance from ``start`` to the zero-loss limit of the flow on the labels of ``theta``.

    Upper: E / sqrt(lambda) by the Polyak-Lojasiewicz inequality within ``reach``; lower: E / sup |J|, as E moves by at most |J| times the
    way. Floats are read exactly. Raises :class:`numerics.arithmetic.krawczyk.NotCertified` where ``reach`` is too short or too long.
    """
    from flint import arb

    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.flows.validated_flow import Field, tail

    with working_precision(100):
        exact_x = balls(x)
        labels = model(balls(theta), exact_x)[:, 0]
        field = Field(model, exact_x, labels, balls(np.ones(len(x))))
        upper = tail(field, balls(start), reach=reach).radius
        around = np.array([ball(value) + arb(0, reach) for value in start], dtype=object)
        jacobian = _ball_tangents(model, around, exact_x)
        error = sum((r * r for r in model(balls(start), exact_x)[:, 0] - labels), arb(0)).sqrt()
        norm = sum((entry * entry for entry in jacobian.flat), arb(0)).sqrt()
        return float((error / norm).lower()), upper


@arguments.checking(model=arguments.model, theta=arguments.array(1), x=arguments.array(2), reach=arguments.positive)
def certified_least_eigenvalue(model: TwoLayer, theta: np.ndarray, x: np.ndarray, *, reach: float) -> tuple[float, float]:
    """Proved bounds on the least eigenvalue of J J^T within ``reach`` of ``theta``: elimination below, a Rayleigh quotient above."""
    from flint import arb

    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.flows.validated_flow import SHARES, least_eigenvalue

    jacobian = batched_tangents(model, theta[None], x[None])[1][0]
    vector = np.linalg.svd(jacobian)[0][:, -1]
    with working_precision(100):
        around = np.array([ball(value) + arb(0, reach) for value in theta], dtype=object)
        enclosed = _ball_tangents(model, around, balls(x))
        pulled = balls(vector) @ enclosed
        quotient = sum((entry * entry for entry in pulled), arb(0)) / sum((entry * entry for entry in balls(vector)), arb(0))
        return least_eigenvalue(enclosed @ enclosed.T, (0.999, 0.99, *SHARES)), float(quotient.upper())


def _ball_tangents(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    from numerics.derivatives.tape import tangents

    return tangents(model, theta, x)[1][:, 0]
