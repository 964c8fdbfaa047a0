"""The tangent functions of a network with one hidden layer, written over functions that span them.

Every tangent function is a rational combination of few *generators*: sigma(z_c), sigma'(z_c) x_j (one set per class c of
neurons that agree up to the reflection and scaling identities of sigma), the coordinates x_j and the constant 1. The rank of the table of
coefficients bounds the model rank from above, at the very point and without any rounding; its left kernel lists
the identities among the tangents. For z^p the generators are the monomials, for a piecewise polynomial sigma monomials on the whole
space and on half-spaces; these are independent, and the bound is the rank.

On given samples generators become numbers, and more of them agree (:func:`sampled_tangents`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, pairwise, zip_longest
from typing import Any

import numpy as np

from theory.activations import PiecewiseActivation, Reflection, polynomial_coefficients
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers

Generator = tuple
Combination = Mapping[Generator, Fraction]

_ONE: Generator = ("monomial", ())

#: With more monomials than this a piecewise polynomial is not expanded.
MOST_MONOMIALS = 1000


class Representative(tuple):
    """The z_c that a class of neurons shares, as (weights, bias); its hash is kept, as fractions take long to hash."""

    def __new__(cls, entries: Sequence[Fraction]) -> Representative:
        """The same entries, hashed once."""
        made = super().__new__(cls, entries)
        made.hash = hash(tuple(entries))
        return made

    hash: int

    def __hash__(self) -> int:
        return self.hash


@dataclass(frozen=True)
class Neuron:
    """a sigma(w . x + b): ``weights`` w on all inputs, ``bias`` b, ``outputs`` a; the index fields say which parameter each is.

    ``weight_index`` maps an input to its parameter; ``bias_index`` is None without a bias.
    """

    weights: tuple[Fraction, ...]
    bias: Fraction
    outputs: tuple[Fraction, ...]
    weight_index: Mapping[int, int]
    bias_index: int | None
    output_index: tuple[int, ...]


def neurons(model: TwoLayer | TwoLayerCNN | FullyConnected, theta: Sequence[Fraction]) -> Iterator[Neuron]:
    """The hidden neurons of ``model`` (one hidden layer) at rational ``theta``; a kernel at a position is a neuron with zeros around it."""
    first, last = layers(model)
    value = lambda k: Fraction(0) if k is None else theta[k]
    for i, (row, bias) in enumerate(zip(first.weights, first.biases, strict=True)):
        outputs = tuple(k for t in range(model.outputs) if (k := last.weights[t][i]) is not None)  # every neuron feeds every output
        places = {j: k for j, k in enumerate(row) if k is not None}
        yield Neuron(tuple(map(value, row)), value(bias), tuple(map(value, outputs)), places, bias, outputs)


def tangent_combinations(model: TwoLayer | TwoLayerCNN | FullyConnected, theta: Sequence[Any]) -> list[Combination]:
    """For every parameter (flat order) its tangent function as a combination of generators; ``theta`` as Fractions.

    Generators carry the output component t that they feed in their first place. Tangents are given up to a non-zero factor of
    their own (such as e^b for exp), which no rank sees.
    """
    theta = [Fraction(value) for value in theta]
    rows: list[dict[Generator, Fraction]] = [defaultdict(Fraction) for _ in range(model.n_params)]
    classes: dict[tuple, Representative] = {}
    for neuron in neurons(model, theta):
        expansion = _expansion(model.activation, neuron, classes)
        for t, parameter in enumerate(neuron.output_index):
            _accumulate(rows[parameter], t, expansion.value(), 1)
        places = [*neuron.weight_index.items()] + ([(None, neuron.bias_index)] if neuron.bias_index is not None else [])
        for j, parameter in places:
            slope = expansion.slope(j)
            for t, a in enumerate(neuron.outputs):
                _accumulate(rows[parameter], t, slope, a)
    for t, parameter in enumerate(layers(model)[-1].biases):
        if parameter is not None:
            rows[parameter][(t, *_ONE)] += 1
    return [{g: c for g, c in row.items() if c} for row in rows]


def _accumulate(row: dict, t: int, combination: Combination, factor: Any) -> None:
    for generator, coefficient in combination.items():
        row[(t, *generator)] += factor * coefficient


def coefficient_matrix(combinations: Sequence[Combination]) -> np.ndarray:
    """The combinations as a matrix of Fractions (parameters x generators)."""
    columns = {generator: k for k, generator in enumerate(dict.fromkeys(g for row in combinations for g in row))}
    matrix = np.full((len(combinations), len(columns)), Fraction(0), dtype=object)
    for i, row in enumerate(combinations):
        for generator, coefficient in row.items():
            matrix[i, columns[generator]] = coefficient
    return matrix


# ----------------------------------------------------------------------------------------------------- on given samples


def sampled_tangents(model: TwoLayer | TwoLayerCNN, theta: Sequence[Any], x: Sequence[Sequence[Any]]) -> list[Combination]:
    """The rows of the tangent matrix on rational samples ``x`` (n, inputs), over the numbers sigma(z), sigma'(z) and 1 that occur.

    One row for each sample and output, outputs fastest, as {(parameter, number): coefficient}; sigma is smooth and no polynomial. Numbers
    of opposite z are told apart only where sigma has no reflection. A rational dependency among rows (repeated samples, opposite
    samples of an odd network, a sample 0) or among columns (samples on a subspace) is one of the tangent matrix.
    """
    theta, samples = [Fraction(value) for value in theta], [[Fraction(value) for value in row] for row in x]
    rows: list[dict[Generator, Fraction]] = [defaultdict(Fraction) for _ in range(len(samples) * model.outputs)]
    for neuron in neurons(model, theta):
        places = [*neuron.weight_index.items()] + ([(None, neuron.bias_index)] if neuron.bias_index is not None else [])
        for i, sample in enumerate(samples):
            own = rows[i * model.outputs : (i + 1) * model.outputs]
            z = sum((w * v for w, v in zip(neuron.weights, sample, strict=True)), neuron.bias)
            value, slope = _numbers_at(model.activation, z)
            for row, a, parameter in zip(own, neuron.outputs, neuron.output_index, strict=True):
                for number, c in value.items():
                    row[parameter, number] += c
                for j, incoming in places:
                    for number, c in slope.items():
                        row[incoming, number] += c * a * (1 if j is None else sample[j])
    for t, parameter in enumerate(layers(model)[-1].biases):
        if parameter is not None:
            for row in rows[t :: model.outputs]:
                row[parameter, _ONE] += 1
    return [{place: c for place, c in row.items() if c} for row in rows]


def transposed(rows: Sequence[Combination]) -> list[Combination]:
    """The columns of a matrix of combinations, {(row, number): coefficient} for each parameter that occurs."""
    columns: dict[Any, dict[Generator, Fraction]] = defaultdict(dict)
    for i, row in enumerate(rows):
        for (parameter, number), c in row.items():
            columns[parameter][i, number] = c
    return list(columns.values())


def _numbers_at(activation: Any, z: Fraction) -> tuple[Combination, Combination]:
    """sigma(z) and sigma'(z) over the numbers ("value", |z|), ("slope", |z|) and 1."""
    if not z:
        at_zero = [float(value[0]) for value in activation.jet(np.zeros(1), 1)]
        value, slope = ({(kind, z): Fraction(1)} if number else {} for kind, number in zip(("value", "slope"), at_zero, strict=True))
        return value, slope
    if activation.exponential:
        return {("value", z): Fraction(1)}, {("value", z): Fraction(1)}
    r = activation.reflection
    if r is None or z > 0:
        return {("value", z): Fraction(1)}, {("slope", z): Fraction(1)}
    value = {("value", -z): Fraction(r.parity), _ONE: Fraction(r.constant) - r.slope * z}
    return value, {("slope", -z): Fraction(-r.parity), _ONE: -Fraction(r.slope)}


def _expansion(activation: Any, neuron: Neuron, classes: dict[tuple, Representative]) -> Any:
    """How a neuron reads over generators; ``classes`` holds the representatives z_c met so far."""
    coefficients = polynomial_coefficients(activation)
    if coefficients is not None:
        return _Polynomial(coefficients, neuron)
    if not any(neuron.weights):
        return _Constant(activation, neuron.bias)
    if on_half_spaces(activation, len(neuron.weights)):
        return _Pieces(activation, neuron)
    return _Generic(activation, neuron, classes)


def on_half_spaces(activation: Any, inputs: int) -> bool:
    """Whether neurons are written over monomials on half-spaces: sigma in pieces, not homogeneous (that knows its scales by itself)."""
    if not isinstance(activation, PiecewiseActivation) or activation.degree is not None:
        return False
    degree = max(map(len, activation.pieces)) - 1
    return math.comb(inputs + degree, degree) <= MOST_MONOMIALS


class _Polynomial:
    """sigma(z) = sum of c_p z^p with z = w . x + b, expanded into monomials in x."""

    def __init__(self, coefficients: Sequence[Any], neuron: Neuron) -> None:
        self.coefficients = coefficients
        self.linear = {(j,): w for j, w in enumerate(neuron.weights) if w} | ({(): neuron.bias} if neuron.bias else {})

    def value(self) -> Combination:
        return self._expanded(self.coefficients, ())

    def slope(self, j: int | None) -> Combination:
        return self._expanded([p * c for p, c in enumerate(self.coefficients)][1:], () if j is None else (j,))

    def _expanded(self, coefficients: Sequence[Any], factor: tuple[int, ...]) -> Combination:
        """sum of coefficients[p] z^p, times the monomial ``factor``."""
        expanded: dict[Generator, Fraction] = defaultdict(Fraction)
        for p, c in enumerate(coefficients):
            for terms in combinations_with_replacement(self.linear, p) if c else ():
                coefficient = Fraction(c * _multinomial(terms))
                for term in terms:
                    coefficient *= self.linear[term]
                expanded[("monomial", tuple(sorted(sum(terms, factor))))] += coefficient
        return expanded


class _Pieces:
    """A piecewise polynomial sigma: the first piece everywhere, and beyond each break, on a half-space, the step to the next piece.

    Half-spaces of one hyperplane share a generator: 1[-u > 0] = 1 - 1[u > 0] almost everywhere.
    """

    def __init__(self, activation: PiecewiseActivation, neuron: Neuron) -> None:
        self.first = _Polynomial(activation.pieces[0], neuron)
        leading = next(w for w in neuron.weights if w)
        self.inside = leading > 0
        self.steps = []
        for threshold, (before, behind) in zip(activation.breaks, pairwise(activation.pieces), strict=True):
            hyperplane = tuple(w / leading for w in (*neuron.weights, neuron.bias - threshold))
            step = [b - a for a, b in zip_longest(before, behind, fillvalue=0)]
            self.steps.append((hyperplane, _Polynomial(step, neuron)))

    def value(self) -> Combination:
        return self._read(lambda polynomial: polynomial.value())

    def slope(self, j: int | None) -> Combination:
        return self._read(lambda polynomial: polynomial.slope(j))

    def _read(self, part: Callable[[_Polynomial], Combination]) -> Combination:
        total: dict[Generator, Fraction] = defaultdict(Fraction, part(self.first))
        for hyperplane, step in self.steps:
            for (_, monomial), c in part(step).items():
                total["piece", hyperplane, monomial] += c if self.inside else -c
                if not self.inside:
                    total["monomial", monomial] += c
        return total


def _multinomial(terms: Sequence[Any]) -> int:
    count = math.factorial(len(terms))
    for term in set(terms):
        count //= math.factorial(terms.count(term))
    return count


class _Constant:
    """A neuron without input weights: sigma(b) and sigma'(b) are numbers, of which only the vanishing is used.

    It is known at b = 0, and everywhere for a rational sigma; elsewhere they count as non-zero, which keeps the bound an upper one.
    """

    def __init__(self, activation: Any, bias: Fraction) -> None:
        if activation.rational:
            at_bias = [value[0] for value in activation.jet(np.array([bias], dtype=object), 1)]
        else:
            at_bias = [bias or float(value[0]) for value in activation.jet(np.zeros(1), 1)]
        self.values = [Fraction(1) if value else Fraction(0) for value in at_bias]

    def value(self) -> Combination:
        return {_ONE: self.values[0]}

    def slope(self, j: int | None) -> Combination:
        return {("monomial", () if j is None else (j,)): self.values[1]}


class _Generic:
    """A neuron of a class: z = sign * scale * z_c, where z_c is the representative that the class shares."""

    def __init__(self, activation: Any, neuron: Neuron, classes: dict[tuple, Representative]) -> None:
        vector = (*neuron.weights, neuron.bias)
        scale = max(abs(w) for w in vector) if activation.degree == 1 else Fraction(1)
        own, opposite = (tuple(sign * w / scale for w in vector) for sign in (1, -1))
        # The first neuron of a class is its representative: x_j and 1 come in only where an opposite one is met.
        self.sign = -1 if activation.reflection is not None and opposite in classes else 1
        self.vector = own if self.sign == 1 else opposite
        self.scale = scale
        key = self.vector[:-1] if activation.exponential else self.vector
        self.key = classes.setdefault(key, Representative(key))
        self.reflection = activation.reflection or Reflection(1)
        self.homogeneous = activation.degree == 1
        self.exponential = activation.exponential

    def value(self) -> Combination:
        if self.homogeneous:  # Euler: sigma(z) = z sigma'(z), and z is a combination of the x_j and 1
            terms: dict[Generator, Fraction] = defaultdict(Fraction)
            for j, w in self._linear():
                for generator, c in self.slope(j).items():
                    terms[generator] += self.sign * self.scale * w * c
            return terms
        own = {("value", self.key): Fraction(1)}
        if self.sign == 1:
            return own
        r = self.reflection
        terms = {("value", self.key): Fraction(r.parity), _ONE: Fraction(r.constant)}
        for j, w in self._linear():
            generator = ("monomial", () if j is None else (j,))
            terms[generator] = terms.get(generator, Fraction(0)) + r.slope * w
        return terms

    def slope(self, j: int | None) -> Combination:
        if self.exponential:
            return {("value", self.key): Fraction(1)} if j is None else {("slope", self.key, j): Fraction(1)}
        own = ("slope", self.key, j)
        if self.sign == 1:
            return {own: Fraction(1)}
        r = self.reflection  # differentiate sigma(-z) = parity sigma(z) + constant + slope z
        return {own: Fraction(-r.parity), ("monomial", () if j is None else (j,)): -r.slope}

    def _linear(self) -> Iterator[tuple[int | None, Fraction]]:
        *weights, bias = self.vector
        yield from ((j, w) for j, w in enumerate(weights) if w)
        if bias:
            yield None, bias
