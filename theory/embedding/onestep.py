"""One layer at a time: splitting a neuron into copies, adding a null neuron, permuting a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.embedding.affine import Embedding, SparseMatrix, number
from theory.embedding.wiring import check_place, kept, widened, wiring
from theory.models import AbstractNetwork


def split(model: AbstractNetwork, layer: int, neuron: int, alpha: Any) -> Embedding:
    """T^alpha_{l,s}: a copy of ``neuron`` comes last in ``layer`` and takes the fraction ``alpha`` of its outgoing weights.

    ``alpha`` is any real number (2105.14573, Definition 5), a sympy expression or a ball. For a CNN a neuron is a channel.
    """
    alpha = number("alpha", alpha)
    return copies(model, layer, neuron, (1 - alpha, alpha))


def copies(model: AbstractNetwork, layer: int, neuron: int, coefficients: Sequence[Any]) -> Embedding:
    """``neuron`` in len(coefficients) copies, copy c with the fraction coefficients[c] of its outgoing weights.

    The first copy is the old neuron, the others come last. Raises ValueError unless the coefficients add up to 1.
    """
    coefficients = [number("coefficients", value) for value in coefficients]
    if not coefficients:
        raise ValueError("coefficients must hold a number for each copy, got none")
    total = sum(coefficients[1:], start=coefficients[0])
    if isinstance(total, Fraction) and total != 1:
        raise ValueError(f"coefficients must add up to 1, otherwise the output changes: got {list(map(str, coefficients))}, sum {total}")
    return unchecked_copies(model, layer, neuron, coefficients)


def unchecked_copies(model: AbstractNetwork, layer: int, neuron: int, coefficients: Sequence[Any]) -> Embedding:
    """As :func:`copies` for coefficients of any sum, an embedding only when that is 1."""
    check_place(model, layer, neuron)
    wide = widened(model, layer, len(coefficients) - 1)
    old, new = wiring(model, layer), wiring(wide, layer)
    rows = [neuron, *range(old.width, new.width)]

    def spread(of_incoming: Sequence[Any], of_outgoing: Sequence[Any]) -> SparseMatrix:
        """The identity, with the parameters of the neuron spread over the copies by these factors."""
        entries = {(int(i), j): Fraction(1) for j, i in enumerate(kept(model, wide))}
        for row, inwards, outwards in zip(rows, of_incoming, of_outgoing, strict=True):
            entries |= _line(new.incoming[row], old.incoming[neuron], inwards)
            entries |= _line(new.outgoing[row], old.outgoing[neuron], outwards)
        return SparseMatrix((wide.n_params, model.n_params), entries)

    ones = [Fraction(1)] * len(coefficients)
    return Embedding(model, wide, {}, lambda: spread(ones, coefficients), lambda: spread(coefficients, ones))


def _line(to: np.ndarray, of: np.ndarray, factor: Any) -> dict[tuple[int, int], Any]:
    return {(int(i), int(j)): factor for i, j in zip(to, of, strict=True)}


def null(model: AbstractNetwork, layer: int, bias: Any = 0) -> Embedding:
    """T_{l,0}: a neuron with zero incoming and outgoing weights and an arbitrary ``bias`` comes last in ``layer``.

    Raises ValueError where a bias is missing that the claim needs: in ``layer`` when ``bias`` is not 0, in the next layer when
    sigma(bias) is not 0 (the new outgoing weights would have a gradient).
    """
    bias = number("bias", bias)
    check_place(model, layer)
    old = wiring(model, layer)
    constant = sigma_at(model.activation, bias)
    if not old.has_bias and bias != 0:
        raise ValueError(f"bias must be 0 in a layer without biases, got {bias} for layer {layer} of {model}")
    if old.next_bias is None and constant != 0:
        raise ValueError(
            f"a null neuron in layer {layer} of {model} needs a bias in layer {layer + 1}: sigma({bias}) = {constant} is not 0, "
            "so that its outgoing weights have a gradient"
        )
    return unchecked_null(model, layer, bias)


def unchecked_null(model: AbstractNetwork, layer: int, bias: Any) -> Embedding:
    """As :func:`null` where biases may be missing; then it keeps the output, and not every critical point."""
    wide = widened(model, layer, 1)
    old, new = wiring(model, layer), wiring(wide, layer)
    plain = {(int(i), j): Fraction(1) for j, i in enumerate(kept(model, wide))}
    shape = (wide.n_params, model.n_params)

    def gradients() -> SparseMatrix:
        constant = sigma_at(model.activation, bias)
        new_weights = {} if old.next_bias is None else _line(new.outgoing[-1], old.next_bias, constant)
        return SparseMatrix(shape, plain | {place: value for place, value in new_weights.items() if constant != 0})

    offset = {int(place): bias for place in new.biases[-1]}
    return Embedding(model, wide, offset, lambda: SparseMatrix(shape, plain), gradients)


def constant_neuron(model: AbstractNetwork, layer: int, bias: Any, outgoing: Sequence[Any]) -> Embedding:
    """A neuron without incoming weights, last in ``layer``; what its weights ``outgoing`` (t,) send is taken off the next biases.

    It keeps the output function. The gradient map is that of the null neuron, true only where ``outgoing`` vanishes.
    Raises ValueError where the next layer has no biases.
    """
    embedding, places = unchecked_null(model, layer, bias), wiring(widened(model, layer, 1), layer)
    if places.next_bias is None:
        raise ValueError(f"model must have biases behind layer {layer}, which take off what a constant neuron sends, got {model}")
    value, offset = sigma_at(model.activation, bias), dict(embedding.offset)
    for weight, shift, factor in zip(places.outgoing[-1].tolist(), places.next_bias.tolist(), outgoing, strict=True):
        offset[weight] = factor
        offset[shift] = offset.get(shift, 0) - factor * value  # all positions of a CNN share one bias
    return replace(embedding, offset=offset)


def permutation(model: AbstractNetwork, layer: int, order: Sequence[int]) -> Embedding:
    """Neuron order[i] of ``layer`` goes to place i; an orthogonal map of theta that keeps the network."""
    places = wiring(model, layer)
    if sorted(order) != list(range(places.width)):
        raise ValueError(f"order must list the neurons 0 to {places.width - 1} of layer {layer} once each, got {list(order)}")
    source = np.arange(model.n_params)
    for lines in (places.incoming, places.outgoing):
        source[lines] = lines[list(order)]
    build = lambda: SparseMatrix((model.n_params, model.n_params), {(i, int(j)): Fraction(1) for i, j in enumerate(source)})
    return Embedding(model, model, {}, build, build)


def sigma_at(activation: Any, value: Any) -> Any:
    """sigma(value), exact for a rational sigma and for expressions, in floats otherwise. Raises ValueError for a value beyond these."""
    entry = np.empty(1, dtype=object)
    entry[0] = value
    if isinstance(value, Fraction) and not getattr(activation, "rational", True):
        try:
            return Fraction(float(activation(np.array([float(value)]))[0]))
        except OverflowError:
            raise ValueError("sigma is computed in floats here, and its argument or its value is beyond their range") from None
    return activation(entry)[0]
