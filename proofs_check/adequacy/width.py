"""Networks, their gradients and Hessians, and embeddings of width: common/networks.v, common/second_order.v, width/*.v.

Networks have integer parameters and the activation z^3, so that outputs, gradients and Hessians are whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, integer, listed, numbers, rationals
from theory.embedding import Embedding, draw_layers, null, permutation, split, three_fold, two_fold_null
from theory.embedding.compatible import compatible as compatible_embedding
from theory.embedding.compatible import multipliers
from theory.embedding.merging import unchecked_merge
from theory.embedding.wiring import layers
from theory.models import FullyConnected

SHAPES = ((1, 2, 2, 1), (2, 2, 2), (2, 1, 2, 2))
INTEGERS = "common/integers.v"


def _model(widths: tuple[int, ...]) -> FullyConnected:
    return FullyConnected(widths, activation="power:3")


def _draw(rng: np.random.Generator, model: Any) -> np.ndarray:
    return rationals(rng.integers(-2, 3, model.n_params))


def _tables(model: Any, theta: np.ndarray) -> tuple[list, list]:
    """Weights [layer][to][from] and biases [layer][neuron] at ``theta``."""
    places = layers(model)
    return [theta[weights].tolist() for weights, _ in places], [theta[biases].tolist() for _, biases in places]


def _params(model: Any, theta: np.ndarray) -> str:
    weights, biases = _tables(model, theta)
    return f"(listed {listed(weights)} {listed(biases)})"


def _widths(model: Any) -> str:
    return f"(at_layer {numbers(model.widths)})"


def networks(rng: np.random.Generator) -> list[Comparison]:
    """Outputs, derivatives along a direction, <grad R, d> and d^T H d' of drawn networks, against the model, its tape and its Hessian."""
    from numerics.arithmetic.exact import fraction
    from numerics.derivatives.tape import tangents
    from numerics.hessian import gradient_and_hessian

    rows = []
    for widths in SHAPES:
        model = _model(widths)
        theta, first, second = (_draw(rng, model) for _ in range(3))
        x, y = rationals(rng.integers(-2, 3, (2, model.inputs))), rationals(rng.integers(-2, 3, (2, model.outputs)))
        output, tangent = tangents(model, theta, x)
        exact = np.frompyfunc(fraction, 1, 1)
        gradient, hessian = map(exact, gradient_and_hessian(model, theta, (x, y), weights=[1, 1]))
        place = f"{_widths(model)} {model.depth - 1}"
        point, along, across = (_params(model, vector) for vector in (theta, first, second))
        data = "[:: " + "; ".join(f"vector {listed([*a, *b])}" for a, b in zip(x, y, strict=True)) + "]"
        risk = f"{place} {model.outputs} {data} {point}"
        for k in range(2):
            sample = f"(vector {listed(x[k])})"
            rows.append((f"outputs {widths}", f"outputs {place} {model.outputs} {point} {sample}", output[k]))
            rows.append((f"derivatives {widths}", f"derivatives {place} {model.outputs} {point} {along} {sample}", tangent[k] @ first))
        rows.append((f"<grad R, d> {widths}", f"slope {risk} {along}", gradient @ first))
        rows.append((f"d^T H d' {widths}", f"curvature {risk} {along} {across}", first @ hessian @ second))
    return compare(INTEGERS, rows)


def _embedded(what: str, wide: str, map_term: str, pull_term: str | None, embedding: Embedding, rng: np.random.Generator) -> list[tuple]:
    """Entries of T theta, and of M^T d, in Coq's terms and ours; ``{}`` in a term stands for the parameters."""
    narrow: Any = embedding.narrow
    wider: Any = embedding.wide
    theta, direction = _draw(rng, narrow), _draw(rng, wider)
    rows = []
    weights, biases = _tables(wider, embedding(theta))
    mapped = map_term.format(_params(narrow, theta))
    rows.append((f"weights of {what}", f"weights_of {wide} {wider.depth - 1} {mapped}", weights))
    rows.append((f"biases of {what}", f"biases_of {wide} {wider.depth - 1} {mapped}", biases))
    if pull_term is not None:
        pulled = embedding.gradient_map.T.apply(direction)
        weights, biases = _tables(narrow, pulled)
        term = pull_term.format(_params(wider, direction))
        rows.append((f"M^T of {what}, weights", f"weights_of {_widths(narrow)} {narrow.depth - 1} {term}", weights))
        rows.append((f"M^T of {what}, biases", f"biases_of {_widths(narrow)} {narrow.depth - 1} {term}", biases))
    return rows


def splitting(rng: np.random.Generator) -> list[Comparison]:
    """The splitting of a neuron and its gradient map, entry by entry; networks as in :func:`networks`."""
    rows = []
    for widths in SHAPES:
        model = _model(widths)
        layer = int(rng.integers(1, model.depth))
        neuron, fraction = int(rng.integers(widths[layer])), int(rng.integers(-3, 4))
        arguments = f"{layer} {neuron} {_widths(model)} ({integer(fraction)} : ZZ)"
        rows += _embedded(
            f"the splitting of neuron {neuron} of layer {layer} of {widths} by {fraction}",
            f"(split_width {layer} {_widths(model)})",
            f"(splitting {arguments} {{}})",
            f"(splitting_pull {arguments} {{}})",
            split(model, layer, neuron, Fraction(fraction)),
            rng,
        )
    return networks(rng) + compare([INTEGERS, "width/splitting.v"], rows)


def _place(rng: np.random.Generator, widths: tuple[int, ...]) -> tuple[Any, int, int]:
    """A model of these widths, one of its hidden layers, a neuron of that layer that is not the last."""
    layer = int(rng.choice([l for l in range(1, len(widths) - 1) if widths[l] > 1]))
    return _model(widths), layer, int(rng.integers(widths[layer] - 1))


def exchange(rng: np.random.Generator) -> list[Comparison]:
    """The exchange of two neurons, entry by entry, beside splittings."""
    rows = []
    for widths in SHAPES:
        model, layer, neuron = _place(rng, widths)
        last = widths[layer] - 1
        order = list(range(widths[layer]))
        order[neuron], order[last] = last, neuron
        what = f"the exchange of neurons {neuron} and {last} of layer {layer} of {widths}"
        term = f"(exchanging {layer} {neuron} {last} {{}})"
        rows += _embedded(what, _widths(model), term, term, permutation(model, layer, order), rng)
    return splitting(rng) + compare([INTEGERS, "width/exchange.v"], rows)


def steps(rng: np.random.Generator) -> list[Comparison]:
    """A step of gradient descent on the square loss, entry by entry, beside splittings."""
    from numerics.arithmetic.exact import fraction
    from numerics.hessian import gradient

    rows = []
    for widths in SHAPES[:2]:
        model: Any = _model(widths)
        theta, eta = _draw(rng, model), int(rng.integers(1, 4))
        x, y = rationals(rng.integers(-1, 2, (2, model.inputs))), rationals(rng.integers(-1, 2, (2, model.outputs)))
        moved = theta - eta * np.frompyfunc(fraction, 1, 1)(gradient(model, theta, (x, y), weights=[1, 1]))
        data = "[:: " + "; ".join(f"vector {listed([*a, *b])}" for a, b in zip(x, y, strict=True)) + "]"
        place = f"{_widths(model)} {model.depth - 1}"
        loss = f"(square_loss' {model.inputs})"
        step = f"(executable_step cube cube' {place} {model.outputs} {loss} {_params(model, theta)} ({integer(eta)} : ZZ) {data})"
        weights, biases = _tables(model, moved)
        rows.append((f"weights after a step, {widths}", f"weights_of {place} {step}", weights))
        rows.append((f"biases after a step, {widths}", f"biases_of {place} {step}", biases))
    return splitting(rng) + compare([INTEGERS, "width/exchange.v", "width/descending.v"], rows)


def merged_neurons(rng: np.random.Generator) -> list[Comparison]:
    """The last neuron of a layer merged into another one, entry by entry, and the outputs and slopes of networks."""
    rows = []
    for widths in SHAPES:
        model, layer, neuron = _place(rng, widths)
        theta = _draw(rng, model)
        narrow, after = unchecked_merge(model, theta, layer, (neuron, widths[layer] - 1))
        weights, biases = _tables(narrow, after)
        place = f"{_widths(narrow)} {model.depth - 1}"
        term = f"(merging {layer} {neuron} {_widths(narrow)} {_params(model, theta)})"
        what = f"neuron {widths[layer] - 1} merged into {neuron}, layer {layer} of {widths}"
        rows.append((f"weights, {what}", f"weights_of {place} {term}", weights))
        rows.append((f"biases, {what}", f"biases_of {place} {term}", biases))
    return networks(rng) + compare([INTEGERS, "width/merging.v"], rows)


def null_neurons(rng: np.random.Generator) -> list[Comparison]:
    """One null neuron with its gradient map, and as many as there are neurons, entry by entry."""
    rows = []
    for widths in SHAPES:
        model = _model(widths)
        layer, bias = int(rng.integers(1, model.depth)), int(rng.integers(-2, 3))
        hidden = model.depth - 1
        one = null(model, layer, Fraction(bias))
        biases = f"(fun _ _ => {integer(bias)} : ZZ)"
        rows += _embedded(
            f"a null neuron in layer {layer} of {widths} with bias {bias}",
            _widths(one.wide),
            f"(null_embedding {hidden} {_widths(model)} {biases} {{}})",
            f"(executable_null_pull cube {_widths(one.wide)} {hidden} {_widths(model)} {biases} {{}})",
            one,
            rng,
        )
        many = [[Fraction(bias)] * width for width in widths[1:-1]]
        rows += _embedded(
            f"null neurons in every layer of {widths}",
            _widths(two_fold_null(model, many).wide),
            f"(null_embedding {hidden} {_widths(model)} {biases} {{}})",
            None,
            two_fold_null(model, many),
            rng,
        )
        rows.append((f"parameters of {widths}", f"executable_parameters {hidden} {_widths(model)}", model.n_params))
    return networks(rng) + compare([INTEGERS, "width/null.v", "width/pulling.v"], rows)


def three_copies(rng: np.random.Generator) -> list[Comparison]:
    """The three-fold splitting, entry by entry."""
    rows = []
    for widths in SHAPES[:2]:
        model = _model(widths)
        arguments = f"{model.depth - 1} {_widths(model)}"
        term = f"(three_fold {arguments} {{}})"
        rows += _embedded(f"three copies of {widths}", f"(three_width {arguments})", term, None, three_fold(model), rng)
    return networks(rng) + compare([INTEGERS, "width/three_fold.v"], rows)


def compatible(rng: np.random.Generator) -> list[Comparison]:
    """A drawn compatible embedding with copies, null neurons and all coefficients, and its gradient map, entry by entry."""
    model = _model((1, 2, 2, 1))
    sources = [(0, 1, 0, None), (1, 0, None, 1)]
    parts = _whole_layers(model, sources, rng)
    embedding = compatible_embedding(model, parts)
    index = [(0,), *sources, (0,)]
    beta = [[1], *[[0 if value is None else value for value in layer] for layer in multipliers(model, parts)[1:]]]
    none = lambda value: "None" if value is None else f"Some {value}%N"
    sources_term = "[:: " + "; ".join("[:: " + "; ".join(none(s) for s in layer) + "]" for layer in index) + "]"
    places = f"(fun l j => nth None (nth [::] {sources_term} l) j)"
    alpha = f"(fun l i j => nth 0%zz (nth [::] (nth [::] {listed([part.weights for part in parts])} l) i) j : ZZ)"
    shifts = f"(fun l i => nth 0%zz (nth [::] {listed([part.shifts for part in parts])} l) i : ZZ)"
    multipliers_term = f"(fun l i => nth 0%zz (nth [::] {listed(beta)} l) i : ZZ)"
    constants = _effective_biases(model, parts, index)
    effective = f"(fun l i => nth 0%zz (nth [::] {listed(constants)} l) i : ZZ)"
    wide = _widths(embedding.wide)
    rows = _embedded(
        "a compatible embedding",
        wide,
        f"(embed {places} {alpha} {shifts} {{}})",
        f"(executable_pull cube {wide} {places} {multipliers_term} {effective} {{}})",
        embedding,
        rng,
    )
    return networks(rng) + compare([INTEGERS, "width/compatible.v", "width/pulling.v"], rows)


def _whole_layers(model: FullyConnected, sources: list, rng: np.random.Generator) -> list:
    """Drawn coefficients, drawn again until all are whole."""
    while True:
        parts = draw_layers(model, sources, rng, denominator=1)
        entries = [Fraction(entry) for part in parts for entry in (*part.weights.ravel(), *part.shifts)]
        if all(entry.denominator == 1 for entry in entries):
            return parts


def _effective_biases(model: FullyConnected, parts: Any, index: list[tuple]) -> list[list[Fraction]]:
    """The biases b* at which null neurons stand, layer by layer, from the conditions of compatibility."""
    found: list[list[Fraction]] = [[Fraction(0)] * len(index[0])]
    for l, part in enumerate(parts, start=1):
        row = []
        for i, source in enumerate(index[l]):
            received = sum((part.weights[i][j] * found[l - 1][j] ** 3 for j, s in enumerate(index[l - 1]) if s is None), start=Fraction(0))
            row.append(received + part.shifts[i] if source is None else Fraction(0))
        found.append(row)
    return found
