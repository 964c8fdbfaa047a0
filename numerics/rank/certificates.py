"""Certificates as plain data, exact numbers in text: what a referee needs who has none of our code (see docs/certificates.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from theory.elementary import entrywise
from theory.models import AbstractModel, AbstractNetwork, MatrixFactorization
from theory.models.layers import layers


def minor_certificate(
    model: AbstractModel, theta: np.ndarray, x: np.ndarray, rows: list[int], columns: list[int], **arithmetic: Any
) -> dict[str, Any] | None:
    """The minor of the tangent matrix on ``rows`` (sample * outputs + output) and ``columns`` (parameters).

    ``arithmetic`` says how it was shown not to vanish: ``kind``, and prime, unit and denominator, or precision, and ``radius`` where it
    does not vanish at all parameters within that distance, entry by entry. None for a model that cannot be spelled out as layers, and for
    an empty minor.
    """
    network = _network(model, theta)
    if network is None or not rows:  # a rank of at least 0 needs no proof
        return None
    if isinstance(model, MatrixFactorization):  # the entry (i, j) is output i on the unit vector e_j
        samples, places = np.eye(model.d2, dtype=int), [[int(x[row, 1]), int(x[row, 0])] for row in rows]
    else:
        used = sorted({row // model.outputs for row in rows})
        samples, places = x[used], [[used.index(row // model.outputs), row % model.outputs] for row in rows]
    return {**arithmetic, **network, "rank": len(places), "samples": _text(samples), "rows": places, "columns": columns}


def series_certificate(model: AbstractModel, theta: np.ndarray, rank: int, at: str) -> dict[str, Any] | None:
    """A rank of at least ``rank`` by Taylor series, ``at`` the "point" or on the "stratum"; a referee draws lines and residues anew."""
    network = _network(model, theta)
    if network is None or rank < 1:
        return None
    return {"kind": "Taylor series modulo a prime", "rank": rank, "at": at, **network}


def sign_certificate(activation: Any, samples: Any, terms: Sequence[tuple[Any, int | None]], between: Sequence[Any]) -> dict[str, Any]:
    """A determinant that changes its sign: a row for each sample x, a column sigma'(w . x) x_j for each term (w, j) (j None: sigma(w . x)).

    One entry of the samples or of the w is None; it runs ``between`` two numbers.
    """
    columns = [{"weight": list(weight), "slope": slope} for weight, slope in terms]
    return {"kind": "change of sign", "activation": activation.name, "samples": samples, "terms": columns, "between": list(between)}


def _network(model: AbstractModel, theta: np.ndarray) -> dict[str, Any] | None:
    try:
        spelled_out = [asdict(layer) for layer in layers(model)]
    except TypeError:
        return None
    name = model.activation.name if isinstance(model, AbstractNetwork) else "identity"
    return {"model": str(model), "activation": name, "layers": spelled_out, "theta": _text(theta)}


def _text(values: Any) -> list[Any]:
    return entrywise(str, exact.rationals(values)).tolist()
