"""The tangent functions of a fully connected network of any depth, written over products that span them.

The tangent of a weight from neuron j to neuron i is delta_i h_j: what neuron i passes on, times what neuron j holds. Neurons that agree
up to the identities of sigma hold one function h_c and let one slope sigma'(z_c) through; of the functions behind that slope a class
keeps a basis. So every tangent is a rational combination of products (slope generator, value generator), and the rank of their table
bounds the model rank from above, at the very point and without rounding. Two identities link the layers: sigma' = sigma for exp (a shift
of the bias is a scaling), z sigma'(z) = p sigma(z) for z^p and for positively homogeneous sigma. Linear neurons are passed through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from theory.activations import Activation, Reflection
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers
from theory.models.pooling import PooledCNN
from theory.rank.generators import tangent_combinations

Vector = dict[Any, Fraction]

#: The constant function among the values.
ONE = ("one",)


@dataclass
class _Class:
    """Neurons of one layer whose z agree up to a factor; ``z`` over the values below, ``behind`` a basis of what follows the slope."""

    z: Vector
    value: Any
    behind: list[Vector] = field(default_factory=list)

    def slope(self, following: Vector, factor: Fraction) -> Vector:
        """factor sigma'(z) times ``following``, over the basis."""
        shares = _coordinates(self.behind, following)
        if shares is None:
            self.behind.append(following)
            shares = [Fraction(0)] * (len(self.behind) - 1) + [Fraction(1)]
        return {("slope", self.value, r): factor * share for r, share in enumerate(shares) if share}


@dataclass
class _Neuron:
    """What a neuron holds (``value``) and lets through: sigma'(z) = sum of factor (slope of class) + ``straight``.

    ``number`` names a constant factor of unknown value, which a single row need not know (``seen``: the value without it).
    """

    value: Vector
    seen: Vector
    slopes: Sequence[tuple[Fraction, _Class]] = ()
    straight: Fraction = Fraction(0)
    number: Any = None


def layerwise_combinations(model: FullyConnected, theta: Sequence[Any]) -> list[Vector]:
    """For every parameter (flat order) its tangent function, up to a factor, as a combination of products; ``theta`` as Fractions."""
    theta = [Fraction(value) for value in theta]
    at = lambda k: Fraction(0) if k is None else theta[k]
    network = layers(model)
    below: list[_Neuron] = [_Neuron({("x", j): Fraction(1)}, {("x", j): Fraction(1)}) for j in range(model.inputs)]
    held, classes = [below], {}
    for l, layer in enumerate(network[:-1]):
        known: dict[Any, _Class] = {}
        here = []
        for row, bias in zip(layer.weights, layer.biases, strict=True):
            terms = [(at(k), neuron.value) for k, neuron in zip(row, held[-1], strict=True)]
            here.append(_read(model.activation, _sum([*terms, (at(bias), {ONE: Fraction(1)})]), l, known))
        classes.update({one.value: one for one in known.values()})
        held.append(here)
    rows: list[Vector] = [{} for _ in theta]
    products = _Products(model.activation, classes)
    passed: list[Vector] = [{("output", t): Fraction(1)} for t in range(model.outputs)]
    for l in range(len(network) - 1, -1, -1):
        layer, seen = network[l], passed
        if l < len(network) - 1:
            above = network[l + 1]
            following = [_sum((at(above.weights[k][i]), passed[k]) for k in range(len(passed))) for i in range(len(layer.weights))]
            seen = [_through(neuron, v, scaled=False) for neuron, v in zip(held[l + 1], following, strict=True)]
            passed = [_through(neuron, v, scaled=True) for neuron, v in zip(held[l + 1], following, strict=True)]
        for i, (row, bias) in enumerate(zip(layer.weights, layer.biases, strict=True)):
            for k, neuron in zip(row, held[l], strict=True):
                if k is not None:
                    rows[k] = products(seen[i], neuron.seen)
            if bias is not None:
                rows[bias] = products(seen[i], {ONE: Fraction(1)})
    return rows


def tangent_tables(model: AbstractModel, theta: Sequence[Any]) -> list[Sequence[Mapping[Any, Fraction]]]:
    """Tables of the tangents of ``model`` at rational ``theta``, rows up to factors: the least of their ranks bounds the model rank."""
    if isinstance(model, PooledCNN):
        return [_pooled(model, theta)]
    tables: list[Sequence[Mapping[Any, Fraction]]] = []
    if isinstance(model, TwoLayer | TwoLayerCNN) or (isinstance(model, FullyConnected) and model.depth == 2):
        tables.append(tangent_combinations(model, theta))
    if isinstance(model, FullyConnected):
        tables.append(layerwise_combinations(model, theta))
    return tables


def _pooled(model: PooledCNN, theta: Sequence[Any]) -> list[Vector]:
    """Those of the convolution with one output weight a kernel: the tangents of its output weights are summed over the positions."""
    wide, count = model.convolution, model.n_params - model.kernels
    rows = tangent_combinations(wide, model.unpooled(np.array(theta, object)).tolist())
    positions = len(wide.patches)
    sums = [_sum((Fraction(1), row) for row in rows[count + l * positions : count + (l + 1) * positions]) for l in range(model.kernels)]
    return [*map(dict, rows[:count]), *sums]


def _sum(terms: Iterable[tuple[Fraction, Mapping[Any, Fraction]]]) -> Vector:
    total: Vector = defaultdict(Fraction)
    for factor, vector in terms:
        if factor:
            for key, c in vector.items():
                total[key] += factor * c
    return {key: c for key, c in total.items() if c}


def _through(neuron: _Neuron, following: Vector, *, scaled: bool) -> Vector:
    """sigma'(z) times what follows; ``scaled`` keeps an unknown constant factor, which sums over neurons need."""
    if not following:
        return {}
    straight = neuron.straight
    if neuron.number is not None and scaled:
        return {("number", neuron.number, key): c * straight for key, c in following.items() if straight}
    return _sum([(straight, following), *((Fraction(1), one.slope(following, factor)) for factor, one in neuron.slopes)])


def _read(activation: Activation, z: Vector, layer: int, known: dict[Any, _Class]) -> _Neuron:
    """A neuron of a layer whose classes so far are ``known``."""
    polynomial = getattr(activation, "state", None) == ()
    if polynomial and activation.degree == 1:
        return _Neuron(z, z, straight=Fraction(1))
    if all(key == ONE or key[0] == "number" for key in z):
        return _constant(activation, z)
    if activation.name == "relu" and all(c < 0 and (key == ONE or key[0] == "value") for key, c in z.items()):
        return _Neuron({}, {})  # never positive, whatever the inputs: dead
    if activation.degree is None:
        size = Fraction(1)
    else:
        size = z[min(z, key=repr)] if polynomial else max(map(abs, z.values()))
    own = {key: c / size for key, c in z.items()}
    spelled, opposite = (tuple(sorted(((key, sign * c) for key, c in own.items()), key=repr)) for sign in (1, -1))
    reflection = None if polynomial else activation.reflection
    if reflection is not None and opposite in known:
        value, factor, straight = _reflected(reflection, known[opposite], size)
        return _Neuron(value, value, [(factor, known[opposite])], straight)
    one = known.setdefault(spelled, _Class(own, ("value", layer, len(known))))
    degree = activation.degree or 1
    value = {one.value: size**degree}
    return _Neuron(value, value, [(size ** (degree - 1), one)])


def _reflected(r: Reflection, one: _Class, size: Fraction) -> tuple[Vector, Fraction, Fraction]:
    """sigma(-z) = parity sigma(z) + constant + slope z, and its derivative -sigma'(-z) = parity sigma'(z) + slope."""
    parts = [(Fraction(r.parity), {one.value: Fraction(1)}), (Fraction(r.constant), {ONE: Fraction(1)}), (Fraction(r.slope), one.z)]
    return _sum([(size, _sum(parts))]), Fraction(-r.parity), -Fraction(r.slope)


def _constant(activation: Activation, z: Vector) -> _Neuron:
    """A neuron that no input reaches: exact for a rational sigma, else numbers of which only the vanishing at z = 0 is used."""
    b = z.get(ONE, Fraction(0))
    if activation.rational and set(z) <= {ONE}:
        value, slope = (Fraction(entry[0]) for entry in activation.jet(np.array([b], dtype=object), 1))
        held = {ONE: value} if value else {}
        return _Neuron(held, held, straight=slope)
    name = tuple(sorted(z.items(), key=repr))
    at_zero = [float(entry[0]) for entry in activation.jet(np.zeros(1), 1)] if not z else [1.0, 1.0]
    held, seen = ({("number", name): Fraction(1)}, {ONE: Fraction(1)}) if at_zero[0] else ({}, {})
    return _Neuron(held, seen, straight=Fraction(int(at_zero[1] != 0)), number=name)


def _coordinates(basis: Sequence[Vector], vector: Vector) -> list[Fraction] | None:
    """``vector`` as a combination of the independent ``basis``, None where it is none."""
    if not basis:
        return None
    rest, shares = dict(vector), [Fraction(0)] * len(basis)
    reduced: list[tuple[Any, Vector, list[Fraction]]] = []
    for r, element in enumerate(basis):
        row, combination = dict(element), [Fraction(int(k == r)) for k in range(len(basis))]
        for pivot, other, made in reduced:
            if c := row.get(pivot, Fraction(0)):
                row = _sum([(Fraction(1), row), (-c, other)])
                combination = [a - c * b for a, b in zip(combination, made, strict=True)]
        pivot = next(iter(row))
        scale = row[pivot]
        reduced.append((pivot, {k: c / scale for k, c in row.items()}, [a / scale for a in combination]))
    for pivot, row, made in reduced:
        if c := rest.get(pivot, Fraction(0)):
            rest = _sum([(Fraction(1), rest), (-c, row)])
            shares = [a + c * b for a, b in zip(shares, made, strict=True)]
    return None if rest else shares


class _Products:
    """Products of a slope and a value in normal form: of those that an identity between layers links, one is written by the others."""

    def __init__(self, activation: Activation, classes: Mapping[Any, _Class]) -> None:
        self.activation, self.classes = activation, classes
        self._known: dict[Any, Vector] = {}

    def __call__(self, slopes: Vector, values: Vector) -> Vector:
        return _sum((a * c, self._normal(slope, value)) for slope, a in slopes.items() for value, c in values.items())

    def _normal(self, slope: Any, value: Any) -> Vector:
        if (slope, value) not in self._known:
            self._known[slope, value] = self._written(slope, value)
        return self._known[slope, value]

    def _written(self, slope: Any, value: Any) -> Vector:
        if slope[0] == "number":
            return {(slope, value): Fraction(1)}
        one = self.classes[slope[1]] if slope[0] == "slope" else None
        if one is None:
            return {(slope, value): Fraction(1)}
        upward = lambda: self(one.behind[slope[2]], {one.value: Fraction(1)})
        if self.activation.exponential:
            return upward() if value == ONE else {(slope, value): Fraction(1)}
        degree = self.activation.degree
        if degree is None or value != (pivot := min(one.z, key=repr)):
            return {(slope, value): Fraction(1)}
        others = [(-c, {(slope, key): Fraction(1)}) for key, c in one.z.items() if key != pivot]
        return _sum([(1 / one.z[pivot], _sum([(Fraction(degree), upward()), *others]))])
