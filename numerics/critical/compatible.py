"""The family of all compatible embeddings with given index maps: its tangent directions at an embedded point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from theory.embedding.compatible import Layer, compatible, multipliers
from theory.embedding.wiring import layers
from theory.models import FullyConnected, TwoLayer


def tangent_directions(model: FullyConnected | TwoLayer, parts: Sequence[Layer], theta: Any) -> np.ndarray:
    """Vectors (k, P_wide) that span the tangent space of {T(theta)} under changes of the coefficients, without null neurons.

    The conditions on alpha and the multipliers beta are differentiated and their kernel is taken over the rationals; a direction d alpha
    moves the wide weight W'_ij by d alpha_ij W_{I(i) I(j)}.
    """
    if any(s is None for part in parts for s in part.source):
        raise ValueError("tangent directions are of families without null neurons; got a source None")
    theta = exact.rationals(theta)
    sources = [tuple(range(model.inputs)), *(part.source for part in parts)]
    beta, unknowns = multipliers(model, parts), _numbering(sources)
    rows = [*_forward(parts, sources, unknowns), *_backward(parts, sources, beta, unknowns)]
    matrix = np.zeros((len(rows), len(unknowns)), dtype=object)
    for k, row in enumerate(rows):
        for unknown, value in row.items():
            matrix[k, unknowns[unknown]] += value
    kernel = exact.nullspace_rational(matrix)
    wide, narrow = layers(compatible(model, parts).wide), layers(model)
    directions = exact.rationals(np.zeros((len(kernel), compatible(model, parts).wide.n_params), dtype=int))
    for (kind, l, i, j), column in unknowns.items():
        if kind == "alpha":
            weight = theta[narrow[l - 1][0][sources[l][i], sources[l - 1][j]]]
            directions[:, wide[l - 1][0][i, j]] = [vector[column] * weight for vector in kernel]
    return directions


def _numbering(sources: Sequence[Sequence[int]]) -> dict[tuple, int]:
    """A column for every d alpha^[l]_ij and every d beta^[l]_j of a hidden layer."""
    names = [("alpha", l, i, j) for l in range(1, len(sources)) for i in range(len(sources[l])) for j in range(len(sources[l - 1]))]
    names += [("beta", l, j, 0) for l in range(1, len(sources) - 1) for j in range(len(sources[l]))]
    return {name: column for column, name in enumerate(names)}


def _forward(parts, sources, unknowns) -> list[dict]:
    return [
        {("alpha", l, i, j): 1 for j, t in enumerate(sources[l - 1]) if t == s}
        for l in range(1, len(sources))
        for i in range(len(sources[l]))
        for s in sorted(set(sources[l - 1]))
    ]


def _backward(parts, sources, beta, unknowns) -> list[dict]:
    rows = []
    for l in range(1, len(sources)):
        for j in range(len(sources[l - 1])):
            for k in sorted(set(sources[l])):
                row = {}
                for i in (i for i, s in enumerate(sources[l]) if s == k):
                    row["alpha", l, i, j] = beta[l][i]
                    if ("beta", l, i, 0) in unknowns:
                        row["beta", l, i, 0] = parts[l - 1].weights[i, j]
                if ("beta", l - 1, j, 0) in unknowns:
                    row["beta", l - 1, j, 0] = -1
                rows.append(row)
    return rows
