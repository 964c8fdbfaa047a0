"""Proved upper bounds of the rank of the tangent matrix on given samples, beyond the number of its rows.

Two sources. Rational dependencies among its rows or columns, once the entries are written over the values of sigma that occur
(:func:`theory.rank.generators.sampled_tangents`). And a count for several outputs: with F the span in R^n of the last hidden features
on the n samples, the output weights give all of R^q (x) F; the tangent of a hidden parameter lies in A (x) R^n with A the span
of the outgoing weights behind it, so modulo R^q (x) F at most dim A (n - dim F) directions are left for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from numerics.arithmetic import exact
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers
from theory.rank.generators import Combination, coefficient_matrix, sampled_tangents, tangent_combinations, transposed
from theory.rationals import fractions

#: Tables with more entries are not eliminated: minutes, where the rest of the ladder takes seconds.
MOST_ENTRIES = 400_000


class Block(NamedTuple):
    """Tangents of hidden parameters that share one unknown function: their ``rank`` on the samples, the dimension ``outgoing`` of A."""

    rank: int
    outgoing: int


def sample_upper_bound(model: AbstractModel, theta: Any, x: Any) -> int:
    """An upper bound of the rank of the tangent matrix of ``model`` at rational ``theta`` (P,) on rational samples ``x`` (n, inputs)."""
    if not isinstance(model, TwoLayer | TwoLayerCNN | FullyConnected):
        return min(model.n_params, len(x) * model.outputs)
    if isinstance(model, FullyConnected) and model.depth == 2:  # the same network, its parameters in the same order
        model = TwoLayer(*model.widths, activation=model.activation, bias=model.bias, output_bias=bool(model.output_bias))
    theta, x = fractions("theta", theta), fractions("x", x)
    x = np.array(list(dict.fromkeys(map(tuple, x.tolist()))), dtype=object).reshape(-1, model.input_size)
    bound = min(model.n_params, len(x) * model.outputs)
    if isinstance(model, FullyConnected):
        return min(bound, _count(model.outputs, len(x), *_deep(model, theta))) if model.depth > 1 else bound
    if model.activation.rational or model.n_params * len(x) > MOST_ENTRIES:  # the first are eliminated as they are
        return bound
    bound = min(bound, _count(model.outputs, len(x), *_two_layer(model, theta, x)))
    rows = sampled_tangents(model, theta, x)
    return min(bound, _rank(rows), _rank(transposed(rows)))


def _count(outputs: int, samples: int, features: int, whole: Block, blocks: Sequence[Block]) -> int:
    """The largest rank over the possible dimensions m of F; ``features`` bounds m, the tangents of ``whole`` are sums over ``blocks``."""

    def hidden(free: int) -> int:
        return min(whole.rank, whole.outgoing * free, sum(min(block.rank, block.outgoing * free) for block in blocks))

    return max(outputs * m + hidden(samples - m) for m in range(min(samples, features) + 1))


def _deep(model: FullyConnected, theta: np.ndarray) -> tuple[int, Block, list[Block]]:
    parts = model.unpack(theta)
    last = parts[f"W{model.depth}"]
    constant = f"b{model.depth}" in parts
    hidden = Block(model.n_params - last.size - constant * model.outputs, exact.rank_rational(last))
    return last.shape[1] + constant, hidden, [hidden]


def _two_layer(model: TwoLayer | TwoLayerCNN, theta: np.ndarray, x: np.ndarray) -> tuple[int, Block, list[Block]]:
    combinations, last = tangent_combinations(model, theta.tolist()), layers(model)[-1]
    own = [[*row, *([bias] if bias is not None else [])] for row, bias in zip(last.weights, last.biases, strict=True)]
    outer = {parameter for row in own for parameter in row}
    hidden = [row for parameter, row in enumerate(combinations) if parameter not in outer and row]
    pieces: dict[Any, list[dict]] = defaultdict(list)
    for row in hidden:
        piece: dict[Any, dict] = defaultdict(dict)
        for (t, kind, *which), c in row.items():
            if kind == "slope":
                piece[which[0]][t, which[1]] = c
            elif kind == "monomial":
                piece[None][t, which[0][0] if which[0] else None] = c
            # sigma(z_c) itself (the slope of an exponential neuron by its bias) lies in F
        for key, entries in piece.items():
            pieces[key].append(entries)
    outgoing = [vector for rows in pieces.values() for row in rows for vector in _by_coordinate(row)]
    blocks = [
        Block(_rank(_sampled(rows, x)), _rank([vector for row in rows for vector in _by_coordinate(row)])) for rows in pieces.values()
    ]
    return _rank([combinations[parameter] for parameter in own[0]]), Block(_rank(hidden), _rank(outgoing)), blocks


def _by_coordinate(row: dict) -> list[dict]:
    """The outgoing weights {output: coefficient} that stand before each coordinate in ``row``, {(output, coordinate): coefficient}."""
    vectors: dict[Any, dict] = defaultdict(dict)
    for (t, j), c in row.items():
        vectors[j][t] = c
    return list(vectors.values())


def _sampled(rows: Sequence[dict], x: np.ndarray) -> list[dict]:
    """The rows {(output, coordinate): coefficient} on the samples, without the function that they share: a factor for each sample."""
    sampled = []
    for row in rows:
        values: dict[Any, Any] = defaultdict(int)
        for (t, j), c in row.items():
            for i, sample in enumerate(x):
                values[t, i] += c * (1 if j is None else sample[j])
        sampled.append({place: c for place, c in values.items() if c})
    return sampled


def _rank(rows: Sequence[Combination]) -> int:
    """The rank of the combinations, or their number where the table is too large to eliminate."""
    rows = [row for row in rows if row]
    columns = len({place for row in rows for place in row})
    if len(rows) * columns > MOST_ENTRIES:
        return min(len(rows), columns)
    return exact.rank_rational(coefficient_matrix(rows)) if rows else 0
