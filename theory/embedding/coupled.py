r"""Neurons of two adjacent layers copied with coupled coefficients: the compatible embeddings that no composition of splits reaches.

Neuron t of layer l + 1 is copied with shares (1 - b, b) and neurons s of layer l with shares (1 - a_s, a_s); between the copies
W'_ij = (beta_j + u_s n_ij) W_ts with n = [[b, -b], [b - 1, 1 - b]]. Forward and backward sums stay for every u_s (2111.15527, Section 5);
u_s = 0 is the composition of the splits.

On ker G^T, the complement of the narrow parameters, the Hessian is the form of second order in e of

    sum_s gamma_s . B_s delta_s + a_s (1 - a_s)/2 delta_s . S_s delta_s
        + gamma . E[e^[l+2] sigma'_t pi] + b (1 - b)/2 E[(W_t . e^[l+2]) sigma''_t pi^2],

with pi = rho . h + sum_s u_s W_ts sigma'_s delta_s . h_-, h = (f^[l], 1), h_- = (f^[l-1], 1): to first order the two copies of t are
moved apart by pi, through their incoming weights rho or through the copies of s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.embedding.affine import Embedding, SparseMatrix, number
from theory.embedding.compatible import Layer, compatible
from theory.embedding.wiring import check_place, hidden_widths, layers
from theory.models import FullyConnected


@dataclass(frozen=True)
class Coupling:
    """Neuron ``upper`` of layer ``layer`` + 1 copied with ``share`` b, and neurons ``lower`` of ``layer`` with ``shares`` a_s; u_s in
    ``coupling``.

    Layers count from 1, neurons from 0; the copies come last in their layers, those of ``lower`` in the order given.
    """

    layer: int
    upper: int
    share: Fraction
    lower: tuple[int, ...]
    shares: tuple[Fraction, ...]
    coupling: tuple[Fraction, ...]

    @property
    def signs(self) -> tuple[Fraction, Fraction]:
        """(b, b - 1): how the two copies of the upper neuron move apart."""
        return self.share, self.share - 1


def coupled(model: FullyConnected, place: Coupling) -> Embedding:
    """The embedding of ``model``. Raises ValueError for places that are none, repeated neurons, or numbers that do not fit them."""
    _check(model, place)
    widths, l = hidden_widths(model), place.layer
    sources = [tuple(range(width)) for width in widths]
    sources[l - 1] += place.lower
    sources[l] += (place.upper,)
    beta = [[Fraction(1)] * len(source) for source in (range(model.inputs), *sources, range(model.outputs))]
    for s, a, copy in _copies(model, place):
        beta[l][s], beta[l][copy] = 1 - a, a
    beta[l + 1][place.upper], beta[l + 1][-1] = 1 - place.share, place.share
    parts = []
    for k, source in enumerate([*sources, tuple(range(model.outputs))], start=1):
        weights = np.array([beta[k - 1] for _ in source], dtype=object)
        if k == l + 1:
            for (s, _, copy), u in zip(_copies(model, place), place.coupling, strict=True):
                for row, sign in zip((place.upper, -1), place.signs, strict=True):
                    weights[row, s] += u * sign
                    weights[row, copy] -= u * sign
        parts.append(Layer(source, weights, np.array([Fraction(0)] * len(source), dtype=object)))
    return compatible(model, parts)


def _check(model: FullyConnected, place: Coupling) -> None:
    check_place(model, place.layer)
    check_place(model, place.layer + 1, place.upper)
    for neuron in place.lower:
        check_place(model, place.layer, neuron)
    if not place.lower or len(set(place.lower)) < len(place.lower):
        raise ValueError(f"lower must name different neurons, one or more, got {place.lower}")
    if not len(place.lower) == len(place.shares) == len(place.coupling):
        counts = len(place.lower), len(place.shares), len(place.coupling)
        raise ValueError(f"lower, shares and coupling must be as many, got {counts}")
    for name, values in (("share", (place.share,)), ("shares", place.shares), ("coupling", place.coupling)):
        for value in values:
            number(name, value)


def _copies(model: FullyConnected, place: Coupling) -> list[tuple[int, Fraction, int]]:
    """(neuron, share of the copy, the copy) of the lower layer."""
    width = hidden_widths(model)[place.layer - 1]
    return [(s, a, width + k) for k, (s, a) in enumerate(zip(place.lower, place.shares, strict=True))]


def coupled_directions(model: FullyConnected, place: Coupling) -> SparseMatrix:
    """A basis of ker G^T, (wide parameters, new ones), in the order gamma, rho, then gamma_s, delta_s of every s, then the couplings.

    gamma (m_(l+2),) moves outgoing weights of t between its copies; rho (d_(l+1),) their incoming ones apart; gamma_s (m_(l+1),) and
    delta_s (d_l,) likewise for s; the last move u_s.
    """
    wide = coupled(model, place).wide
    (below, below_bias), (between, between_bias), (above, _) = layers(wide)[place.layer - 1 : place.layer + 2]
    copies, rows, signs = _copies(model, place), (place.upper, len(between) - 1), place.signs
    shares = {column: share for s, a, copy in copies for column, share in ((s, 1 - a), (copy, a))}
    columns: list[dict[int, Any]] = [{int(line[rows[0]]): 1, int(line[rows[1]]): -1} for line in above]
    for source in range(model.widths[place.layer]):
        group = [source, *(copy for s, _, copy in copies if s == source)]
        columns.append({int(between[row, j]): sign * shares.get(j, 1) for row, sign in zip(rows, signs, strict=True) for j in group})
    if between_bias is not None:
        columns.append({int(between_bias[row]): sign for row, sign in zip(rows, signs, strict=True)})
    for s, a, copy in copies:
        for target in range(model.widths[place.layer + 1]):
            both = [target, rows[1]] if target == place.upper else [target]
            columns.append({int(between[row, j]): sign for row in both for j, sign in ((s, 1), (copy, -1))})
        incoming = below if below_bias is None else np.column_stack([below, below_bias])
        columns += [{int(old): a, int(new): a - 1} for old, new in zip(incoming[s], incoming[copy], strict=True)]
    for s, _, copy in copies:
        columns.append({int(between[row, j]): sign * way for row, sign in zip(rows, signs, strict=True) for j, way in ((s, 1), (copy, -1))})
    entries = {(row, k): Fraction(value) for k, column in enumerate(columns) for row, value in column.items()}
    return SparseMatrix((wide.n_params, len(columns)), entries)


@dataclass(frozen=True, eq=False)
class PathMatrices:
    """Of neuron t of layer l + 1 and neurons s of layer l, with h = (f^[l], 1), h_- = (f^[l-1], 1).

    ``path[s]`` E[e^[l+2] sigma'_t sigma'_s h_-^T]; ``mixed[s]`` E[(W_t . e^[l+2]) sigma''_t sigma'_s h h_-^T];
    ``second[s][r]`` E[(W_t . e^[l+2]) sigma''_t sigma'_s sigma'_r h_- h_-^T]; ``weights[s]`` W_ts.
    """

    path: Sequence[Any]
    mixed: Sequence[Any]
    second: Sequence[Sequence[Any]]
    weights: Sequence[Any]


def coupled_block(place: Coupling, upper: tuple[Any, Any], lower: Sequence[tuple[Any, Any]], paths: PathMatrices) -> np.ndarray:
    """The Hessian in :func:`coupled_directions`, from (B_t, S_t), the (B_s, S_s) and the matrices of paths, in their arithmetic."""
    B, S = upper
    one = 0 * B.flat[0] + 1
    times = lambda fraction: one * fraction.numerator / fraction.denominator
    apart = times(place.share * (1 - place.share))
    reach = [times(u) * weight for u, weight in zip(place.coupling, paths.weights, strict=True)]
    sizes = [*B.shape, *(size for B_s, _ in lower for size in B_s.shape), len(lower)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    block = np.zeros((starts[-1], starts[-1]), dtype=object) * one

    def put(i: int, j: int, value: Any) -> None:
        rows, columns = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
        block[rows, columns] = value
        block[columns, rows] = value.T

    put(0, 1, B)
    put(1, 1, apart * S)
    for k, (B_s, S_s) in enumerate(lower):
        delta = 3 + 2 * k
        put(delta - 1, delta, B_s)
        put(0, delta, reach[k] * paths.path[k])
        put(1, delta, apart * reach[k] * paths.mixed[k])
        for j in range(k, len(lower)):
            own = times(place.shares[k] * (1 - place.shares[k])) * S_s if j == k else 0
            put(delta, 3 + 2 * j, apart * reach[k] * reach[j] * paths.second[k][j] + own)
    return block
