"""General compatible embeddings (2111.15527, Definitions 5.1-5.2): index maps, coefficients and multipliers.

Neuron i of the wide layer l copies neuron I_l(i) of the narrow one (an effective neuron) or none (a null neuron, constant on all
inputs). W'_ij = alpha_ij W_{I(i) I(j)}, entries at null neurons being alpha_ij itself, b'_i = b_{I(i)} + alpha_b_i. The multipliers beta
follow backwards from beta = 1 at the outputs; splitting, several copies, null neurons and mixtures are special cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.elementary import entrywise
from theory.embedding.affine import Embedding, SparseMatrix, number
from theory.embedding.onestep import sigma_at
from theory.embedding.wiring import hidden_widths, layers
from theory.models import FullyConnected, TwoLayer

#: Coefficients that come as floats must satisfy the conditions up to this many units of rounding.
ROUNDING = 64 * np.finfo(float).eps


class IncompatibleError(ValueError):
    """A condition of compatibility is violated; the message names it, its place and by how much."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Layer l = 1 .. L of a compatible embedding: ``source`` holds I_l(i) (None: null), ``weights`` alpha (m'_l, m'_(l-1)).

    ``shifts`` (m'_l,) is alpha_b: for a null neuron its bias, for an effective one what corrects the bias for null inputs.
    """

    source: tuple[int | None, ...]
    weights: np.ndarray
    shifts: np.ndarray


@dataclass(frozen=True, eq=False)
class Spread:
    """What follows from the layers: multipliers beta (None at null neurons) and values sigma(b*) of null neurons, by layer 0 .. L."""

    multipliers: tuple[tuple[Any, ...], ...]
    constants: tuple[tuple[Any, ...], ...]


def compatible(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> Embedding:
    """The embedding that ``parts``, one :class:`Layer` for each of the layers 1 .. L, describe.

    Raises :class:`IncompatibleError` for a violated condition, ValueError for wrong shapes and where null neurons of a value other than 0
    feed a layer without biases (their outgoing weights would have a gradient).
    """
    parts = _checked(model, parts)
    spread = spread_of(model, parts)
    for l, ((_, biases), constants) in enumerate(zip(layers(model), spread.constants, strict=False), start=1):
        if biases is None and any(constant not in (None, 0) for constant in constants):
            raise ValueError(f"null neurons of layer {l - 1} need a bias in layer {l} of {model}: their outgoing weights have a gradient")
    return unchecked_compatible(model, parts, spread)


def spread_of(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> Spread:
    """Multipliers and values of null neurons; raises :class:`IncompatibleError` for a violated condition."""
    return Spread(multipliers(model, parts), _constants(model, parts))


def unchecked_compatible(model: FullyConnected | TwoLayer, parts: Sequence[Layer], spread: Spread) -> Embedding:
    """The affine map and gradient map of the formulas, whether or not the conditions hold."""
    wide = _wide(model, parts)
    narrow_layers, wide_layers = layers(model), layers(wide)
    sources = [_inputs(model), *(part.source for part in parts)]
    entries: dict[tuple[int, int], Any] = {}
    gradients: dict[tuple[int, int], Any] = {}
    offset: dict[int, Any] = {}
    for l, part in enumerate(parts, start=1):
        (weights, biases), (old, old_biases) = wide_layers[l - 1], narrow_layers[l - 1]
        beta, constants = spread.multipliers[l], spread.constants[l - 1]
        for i, s in enumerate(part.source):
            for j, t in enumerate(sources[l - 1]):
                place, value = int(weights[i, j]), part.weights[i, j]
                if s is not None and t is not None:
                    entries[place, int(old[s, t])] = value
                    gradients[place, int(old[s, t])] = beta[i]
                    continue
                if value != 0:
                    offset[place] = value
                if s is not None and old_biases is not None:
                    gradients[place, int(old_biases[s])] = constants[j] * beta[i]
            if biases is not None and old_biases is not None:
                if part.shifts[i] != 0:
                    offset[int(biases[i])] = part.shifts[i]
                if s is not None:
                    place, old_place = int(biases[i]), int(old_biases[s])
                    entries[place, old_place], gradients[place, old_place] = Fraction(1), beta[i]
    shape = (wide.n_params, model.n_params)
    return Embedding(model, wide, offset, lambda: SparseMatrix(shape, entries), lambda: SparseMatrix(shape, gradients))


def _wide(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> FullyConnected | TwoLayer:
    hidden = tuple(len(part.source) for part in parts[:-1])
    if isinstance(model, TwoLayer):
        return replace(model, width=hidden[0])
    return replace(model, widths=(model.widths[0], *hidden, model.widths[-1]))


def _inputs(model: FullyConnected | TwoLayer) -> tuple[int, ...]:
    return tuple(range(model.inputs))


def _checked(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> list[Layer]:
    if not isinstance(model, TwoLayer | FullyConnected):
        raise TypeError(f"model must be TwoLayer or FullyConnected, got {model!r}")
    widths = (*hidden_widths(model), model.outputs)
    if len(parts) != len(widths):
        raise ValueError(f"parts must hold one Layer for each of the layers 1 to {len(widths)}, got {len(parts)}")
    before, checked = _inputs(model), []
    for l, (part, width) in enumerate(zip(parts, widths, strict=True), start=1):
        _check_source(l, part.source, width, last=l == len(widths))
        weights = np.array([[number("weights", value) for value in row] for row in part.weights], dtype=object)
        shifts = np.array([number("shifts", value) for value in part.shifts], dtype=object)
        if weights.shape != (len(part.source), len(before)) or shifts.shape != (len(part.source),):
            raise ValueError(
                f"layer {l}: weights must have shape {(len(part.source), len(before))} and shifts {(len(part.source),)}, "
                f"got {weights.shape} and {shifts.shape}"
            )
        if layers(model)[l - 1][1] is None and (any(shifts != 0) or None in part.source):
            raise ValueError(f"layer {l} of {model} has no biases: null neurons and shifts need one there")
        checked.append(Layer(tuple(part.source), weights, shifts))
        before = part.source
    return checked


def _check_source(l: int, source: Sequence[int | None], width: int, *, last: bool) -> None:
    if last and tuple(source) != tuple(range(width)):
        raise ValueError(f"layer {l} holds the outputs: source must be {tuple(range(width))}, got {tuple(source)}")
    if {s for s in source if s is not None} != set(range(width)):
        raise ValueError(
            f"layer {l}: every neuron 0 to {width - 1} must be copied at least once (None marks a null neuron), got {tuple(source)}; "
            "a wide layer cannot be narrower than the narrow one"
        )


def multipliers(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> tuple[tuple[Any, ...], ...]:
    """beta of every layer 0 .. L, backwards from 1 at the outputs; checks the forward and backward conditions."""
    sources = [_inputs(model), *(part.source for part in parts)]
    found = [tuple(Fraction(1) for _ in parts[-1].source)]
    for l in range(len(parts), 0, -1):
        part, beta = parts[l - 1], found[0]
        for i, s in enumerate(part.source):
            for t in _groups(sources[l - 1]):
                total = sum(part.weights[i, j] for j in _copies_of(t, sources[l - 1]))
                _require(total, int(s is not None), f"forward condition at layer {l}, neuron {i}, source {t}")
        found.insert(0, tuple(_multiplier(part, beta, l, j, t) for j, t in enumerate(sources[l - 1])))
    for l, (source, beta) in enumerate(zip(sources[:-1], found, strict=False)):
        for s in _groups(source):
            _require(sum(beta[i] for i in _copies_of(s, source)), 1, f"sum of the multipliers at layer {l}, source {s}")
    return tuple(found)


def _multiplier(part: Layer, beta: Sequence[Any], l: int, j: int, t: int | None) -> Any:
    sums = [sum(beta[i] * part.weights[i, j] for i in _copies_of(k, part.source)) for k in _groups(part.source)]
    expected = 0 if t is None else sums[0]
    for k, total in enumerate(sums):
        _require(total, expected, f"backward condition at layer {l}, input neuron {j}, source {k}")
    return None if t is None else expected


def _groups(source: Sequence[int | None]) -> list[int]:
    return sorted({s for s in source if s is not None})


def _copies_of(s: int, source: Sequence[int | None]) -> list[int]:
    return [i for i, other in enumerate(source) if other == s]


def _require(value: Any, expected: Any, condition: str) -> None:
    difference = value - expected
    if difference == 0 or isinstance(difference, Fraction) and abs(float(difference)) <= ROUNDING:
        return
    raise IncompatibleError(f"{condition}: expected {expected}, got {value} (off by {difference})")


def _constants(model: FullyConnected | TwoLayer, parts: Sequence[Layer]) -> tuple[tuple[Any, ...], ...]:
    """sigma(b*_i) of every null neuron, layer by layer; checks that shifts correct effective biases for null inputs."""
    found = [tuple(None for _ in _inputs(model))]
    for l, part in enumerate(parts, start=1):
        received = [sum((a * c for a, c in zip(row, found[-1], strict=True) if c is not None), start=Fraction(0)) for row in part.weights]
        for i, s in enumerate(part.source):
            if s is not None:
                _require(received[i] + part.shifts[i], 0, f"bias correction at layer {l}, neuron {i}, for its null inputs")
        biases = [received[i] + part.shifts[i] if s is None else None for i, s in enumerate(part.source)]
        found.append(tuple(None if b is None else sigma_at(model.activation, b) for b in biases))
    return tuple(found)


# -------------------------------------------------------------------------------------------------- families of them


def three_fold(model: FullyConnected | TwoLayer) -> Embedding:
    """Three copies of all hidden layers side by side, the last layer as [W, W, -W] (2111.15527, Example 5.1)."""
    signs = (Fraction(1), Fraction(1), Fraction(-1))
    return compatible(model, _side_by_side(model, signs))


def _side_by_side(model: FullyConnected | TwoLayer, signs: Sequence[Fraction]) -> list[Layer]:
    hidden, parts, before = hidden_widths(model), [], model.inputs
    for l, width in enumerate(hidden, start=1):
        blocks = np.ones((width, before), dtype=object) * Fraction(1)
        weights = np.tile(blocks, (len(signs), 1)) if l == 1 else np.kron(np.eye(len(signs), dtype=int), blocks)
        parts.append(Layer(tuple(range(width)) * len(signs), weights, np.zeros(width * len(signs), dtype=object)))
        before = width
    last = np.concatenate([sign * np.ones((model.outputs, before), dtype=object) for sign in signs], axis=1)
    return [*parts, Layer(tuple(range(model.outputs)), last, np.zeros(model.outputs, dtype=object))]


def two_fold_null(model: FullyConnected | TwoLayer, biases: Sequence[Sequence[Any]]) -> Embedding:
    """As many null neurons as neurons in every hidden layer, with arbitrary ``biases`` (2111.15527, Example 5.2); raises ValueError as
    :func:`compatible` does.
    """
    return compatible(model, null_layers(model, biases))


def null_layers(model: FullyConnected | TwoLayer, biases: Sequence[Sequence[Any]]) -> list[Layer]:
    """A null neuron for each of the ``biases`` of every hidden layer."""
    hidden, parts, before = hidden_widths(model), [], _inputs(model)
    for width, values in zip((*hidden, model.outputs), (*biases, ()), strict=True):
        source = tuple(range(width)) + (None,) * len(values)
        weights = np.zeros((len(source), len(before)), dtype=object)
        for i, s in enumerate(source):
            for j, t in enumerate(before):
                weights[i, j] = Fraction(int(s is not None and t is not None))
        parts.append(Layer(source, weights, np.array([0] * width + list(values), dtype=object)))
        before = source
    return parts


def draw_layers(
    model: FullyConnected | TwoLayer,
    sources: Sequence[Sequence[int | None]],
    rng: np.random.Generator,
    *,
    denominator: int = 3,
    nonzero: bool = False,
) -> list[Layer]:
    """Random coefficients that satisfy all conditions for the index maps ``sources`` of the hidden layers.

    alpha_ij = beta_j + N_ij within a pair of groups, where the rows of N add up to 0 and the columns, weighted by beta, too.
    With ``nonzero`` every multiplier is non-zero.
    """
    maps: list[tuple[int | None, ...]] = [_inputs(model), *map(tuple, sources), tuple(range(model.outputs))]
    draw = lambda *shape: _fractions(rng, shape, denominator)
    betas = [
        _draw_multipliers(source, draw, nonzero) if 0 < l < len(maps) - 1 else [Fraction(1)] * len(source) for l, source in enumerate(maps)
    ]
    parts = []
    for l in range(1, len(maps)):
        weights = _draw_weights(maps[l], maps[l - 1], betas[l], betas[l - 1], draw)
        parts.append(Layer(maps[l], weights, draw(len(maps[l]))))
    return _with_corrections(model, parts)


def _with_corrections(model: FullyConnected | TwoLayer, parts: list[Layer]) -> list[Layer]:
    """Effective shifts set to what null inputs ask for, layer by layer."""
    constants, corrected = [None] * model.inputs, []
    for part in parts:
        received = [sum((a * c for a, c in zip(row, constants, strict=True) if c is not None), start=Fraction(0)) for row in part.weights]
        shifts = [part.shifts[i] if s is None else -received[i] for i, s in enumerate(part.source)]
        corrected.append(replace(part, shifts=np.array(shifts, dtype=object)))
        biases = [received[i] + shifts[i] for i in range(len(shifts))]
        constants = [sigma_at(model.activation, b) if s is None else None for b, s in zip(biases, part.source, strict=True)]
    return corrected


def _fractions(rng: np.random.Generator, shape: tuple[int, ...], denominator: int) -> np.ndarray:
    return entrywise(lambda k: Fraction(int(k), denominator), rng.integers(-4, 5, shape))


def _draw_multipliers(source: Sequence[int | None], draw: Any, nonzero: bool) -> list[Any]:
    beta: list[Any] = [None] * len(source)
    for s in _groups(source):
        places = _copies_of(s, source)
        while True:
            values = list(draw(len(places) - 1))
            values.append(1 - sum(values, start=Fraction(0)))
            if not nonzero or all(values):
                break
        for i, value in zip(places, values, strict=True):
            beta[i] = value
    return beta


def _draw_weights(source, before, beta, beta_before, draw) -> np.ndarray:
    weights = draw(len(source), len(before))
    null_rows = [i for i, s in enumerate(source) if s is None]
    for t in _groups(before):  # null neurons receive nothing from a group as a whole
        columns = _copies_of(t, before)
        weights[np.ix_(null_rows, columns)] -= weights[np.ix_(null_rows, columns)].sum(axis=1, keepdims=True) / len(columns)
    for s in _groups(source):
        rows = _copies_of(s, source)
        share = np.array([beta[i] for i in rows], dtype=object)
        null_columns = [j for j, t in enumerate(before) if t is None]
        block = weights[np.ix_(rows, null_columns)]
        weights[np.ix_(rows, null_columns)] = block - (share @ block)[None] if null_columns else block
        for t in _groups(before):
            columns = _copies_of(t, before)
            noise = weights[np.ix_(rows, columns)]
            noise = noise - noise.sum(axis=1, keepdims=True) / len(columns)
            noise = noise - (share @ noise)[None]
            weights[np.ix_(rows, columns)] = noise + np.array([beta_before[j] for j in columns], dtype=object)[None]
    return weights
