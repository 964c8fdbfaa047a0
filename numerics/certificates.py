"""Rank certificates as plain data: a network spelled out, exact numbers, and a minor that does not vanish.

A referee needs nothing of ours to check one: see examples/check_certificate.py.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from numerics import exact
from theory.layers import layers
from theory.models import AbstractModel, MatrixFactorization


def minor_certificate(
    model: AbstractModel, theta: np.ndarray, x: np.ndarray, rows: list[int], columns: list[int], **arithmetic: Any
) -> dict[str, Any] | None:
    """The minor of the tangent matrix on ``rows`` (sample * outputs + output) and ``columns`` (parameters) as plain data.

    ``arithmetic`` says how it was shown not to vanish: ``kind``, and prime, unit and denominator, or precision. None for a model
    that cannot be spelled out as layers.
    """
    try:
        network = [asdict(layer) for layer in layers(model)]
    except TypeError:
        return None
    if isinstance(model, MatrixFactorization):  # the entry (i, j) is output i on the unit vector e_j
        samples, places = np.eye(model.d2, dtype=int), [[int(x[row, 1]), int(x[row, 0])] for row in rows]
    else:
        used = sorted({row // model.outputs for row in rows})
        samples, places = x[used], [[used.index(row // model.outputs), row % model.outputs] for row in rows]
    text = lambda values: np.frompyfunc(str, 1, 1)(exact.rationals(values)).tolist() if np.size(values) else []
    return {
        **arithmetic,
        "model": str(model),
        "activation": model.activation.name if hasattr(model, "activation") else "identity",
        "layers": network,
        "theta": text(theta),
        "samples": text(samples),
        "rows": places,
        "columns": columns,
    }
