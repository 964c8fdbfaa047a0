"""The tangent functions of a fully connected network of any depth, written over products that span them.

The tangent of a weight from neuron j to neuron i is delta_i h_j: what neuron i passes on, times what neuron j holds. Neurons that agree
up to the identities of sigma hold one function h_c and let one slope sigma'(z_c) through; of the functions behind that slope a class
keeps a basis. So every tangent is a rational combination of products (slope generator, value generator), and the rank of their table
bounds the model rank from above, at the very point and without rounding. Two identities link the layers: sigma' = sigma for exp (a shift
of the bias is a scaling), z sigma'(z) = p sigma(z) for z^p and for positively homogeneous sigma. Linear neurons are passed through, and so
are neurons of a piecewise sigma whose z, by the ranges of the values below, never leaves a linear piece.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import numpy as np

from theory.activations import Activation, PiecewiseActivation, Reflection
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers
from theory.models.pooling import PooledCNN
from theory.rank.generators import tangent_combinations

Vector = dict[Any, Fraction]

#: The constant function among the values.
ONE = ("one",)

#: Least and largest value of a function, None where there is none; of those not listed nothing is known.
Range = tuple[Fraction | None, Fraction | None]
Ranges = dict[Any, Range]


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
    """What a neuron holds (``value``, in ``range``) and lets through: sigma'(z) = sum of factor (slope of class) + ``straight``.

    ``number`` names a constant factor of unknown value, which a single row need not know (``seen``: the value without it).
    """

    value: Vector
    seen: Vector
    slopes: Sequence[tuple[Fraction, _Class]] = ()
    straight: Fraction = Fraction(0)
    number: Any = None
    range: Range = (None, None)


def layerwise_combinations(model: FullyConnected, theta: Sequence[Any]) -> list[Vector]:
    """For every parameter (flat order) its tangent function, up to a factor, as a combination of products; ``theta`` as Fractions."""
    theta = [Fraction(value) for value in theta]
    at = lambda k: Fraction(0) if k is None else theta[k]
    network = layers(model)
    below: list[_Neuron] = [_Neuron({("x", j): Fraction(1)}, {("x", j): Fraction(1)}) for j in range(model.inputs)]
    held, classes = [below], {}
    ranges: Ranges = {ONE: (Fraction(1), Fraction(1))}
    for l, layer in enumerate(network[:-1]):
        known: dict[Any, _Class] = {}
        here = []
        for row, bias in zip(layer.weights, layer.biases, strict=True):
            terms = [(at(k), neuron.value) for k, neuron in zip(row, held[-1], strict=True)]
            z = _sum([*terms, (at(bias), {ONE: Fraction(1)})])
            wide = _range([(at(k), neuron.range) for k, neuron in zip(row, held[-1], strict=True)], at(bias))
            inside = _both(wide, _range([(c, ranges.get(key, (None, None))) for key, c in z.items()]))
            here.append(_read(model.activation, z, l, known, inside, ranges))
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
        tables += _beside_constants(tables[-1], model.outputs)
    return tables


def _beside_constants(rows: Sequence[Mapping[Any, Fraction]], outputs: int) -> list[Sequence[Mapping[Any, Fraction]]]:
    """The table with all constant functions beside it, whatever the unknown numbers before them are; none where there are no numbers."""

    def behind(slope: Any) -> Any:
        return behind(slope[2]) if slope[0] == "number" else slope

    if not any(slope[0] == "number" for row in rows for slope, _ in row):
        return []
    constant = lambda slope, value: value == ONE and behind(slope)[0] == "output"
    varying = [{key: c for key, c in row.items() if not constant(*key)} for row in rows]
    return [[*varying, *({(("output", t), ONE): Fraction(1)} for t in range(outputs))]]


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


def _read(activation: Activation, z: Vector, layer: int, known: dict[Any, _Class], inside: Range, ranges: Ranges) -> _Neuron:
    """A neuron of a layer whose classes so far are ``known``, with z ``inside`` a range; its own value joins those with ``ranges``."""
    polynomial = getattr(activation, "state", None) == ()
    if polynomial and activation.degree == 1:
        return _Neuron(z, z, straight=Fraction(1))
    if all(key == ONE or key[0] == "number" for key in z):
        return _constant(activation, z)
    pieces = isinstance(activation, PiecewiseActivation)
    image = _image(activation, inside) if pieces else (None, None)
    if pieces and (piece := _only_piece(activation, inside)) is not None and len(piece) <= 2:
        offset, straight = (Fraction(c) for c in (*piece, 0)[:2])
        value = _sum([(offset, {ONE: Fraction(1)}), (straight, z)])
        return _Neuron(value, value, straight=straight, range=image)
    straight, power = _homogeneous_part(activation)
    if power is None:
        size = Fraction(1)
    else:
        size = z[min(z, key=repr)] if polynomial else max(map(abs, z.values()))
    own = {key: c / size for key, c in z.items()}
    spelled, opposite = (tuple(sorted(((key, sign * c) for key, c in own.items()), key=repr)) for sign in (1, -1))
    reflection = None if polynomial or (pieces and layer and _may_rest(activation, inside)) else activation.reflection
    if reflection is not None and opposite in known:
        value, factor, straight = _reflected(reflection, known[opposite], size)
        return _Neuron(value, value, [(factor, known[opposite])], straight, range=image)
    one = known.setdefault(spelled, _Class(own, ("value", layer, len(known))))
    if pieces and not straight:  # else the value is that of the homogeneous part
        ranges[one.value] = _image(activation, _range([(1 / size, inside)]))
    value = _sum([(straight, z), (size ** (power or 1), {one.value: Fraction(1)})])
    return _Neuron(value, value, [(size ** ((power or 1) - 1), one)], straight, range=image)


def _homogeneous_part(activation: Activation) -> tuple[Fraction, int | None]:
    """(s, p) where sigma(z) = s z + r(z) and r(c z) = c^p r(z) for c > 0; p None where there is none."""
    if isinstance(activation, PiecewiseActivation) and activation.degree is None and tuple(activation.breaks) == (0,):
        before, behind = ([*map(Fraction, piece)] for piece in activation.pieces)
        step = [b - a for a, b in zip_longest(before, behind, fillvalue=Fraction(0))]
        if not before[0] and len(before) <= 2 and sum(map(bool, step)) == 1:
            return (*before, Fraction(0))[1], next(p for p, c in enumerate(step) if c)
    return Fraction(0), activation.degree


def _range(terms: Iterable[tuple[Fraction, Range]], offset: Fraction = Fraction(0)) -> Range:
    """The range of ``offset`` plus a combination of functions with their ranges."""
    low = high = offset
    for c, ends in terms:
        if c:
            first, last = ends[:: 1 if c > 0 else -1]
            low = None if low is None or first is None else low + c * first
            high = None if high is None or last is None else high + c * last
    return low, high


def _both(one: Range, other: Range) -> Range:
    """What lies in both ranges."""
    lows, highs = ([end for end in ends if end is not None] for ends in zip(one, other, strict=True))
    return max(lows, default=None), min(highs, default=None)


def _only_piece(activation: PiecewiseActivation, z: Range) -> Sequence[Fraction | int] | None:
    """The piece in which all of ``z`` lies (a break belongs to the piece on its left), None where there are several."""
    for k, piece in enumerate(activation.pieces):
        above = k == 0 or (z[0] is not None and z[0] > activation.breaks[k - 1])
        below = k == len(activation.breaks) or (z[1] is not None and z[1] <= activation.breaks[k])
        if above and below:
            return piece
    return None


def _may_rest(activation: PiecewiseActivation, z: Range) -> bool:
    """Whether z or -z in a range can be at a break. A neuron that rests there, as where all below it are constant, has the derivative of
    the left piece, and so has its opposite: the reflection of sigma holds for their values alone. In the first layer no neuron rests.
    """
    inside = lambda t: (z[0] is None or z[0] <= t) and (z[1] is None or t <= z[1])
    return any(inside(sign * t) for t in activation.breaks for sign in (1, -1))


def _image(activation: PiecewiseActivation, z: Range) -> Range:
    """A range of sigma over ``z``: linear pieces are extreme at their ends; of others nothing is said."""
    if max(map(len, activation.pieces)) > 2:
        return None, None
    inner = [Fraction(t) for t in activation.breaks if (z[0] is None or t > z[0]) and (z[1] is None or t < z[1])]
    ends = np.array([t for t in (*z, *inner) if t is not None], dtype=object)
    values = list(activation.jet(ends, 0)[0]) if len(ends) else []
    first, last = ((*map(Fraction, activation.pieces[k]), Fraction(0))[1] for k in (0, -1))
    falls = (z[0] is None and first > 0) or (z[1] is None and last < 0)
    rises = (z[0] is None and first < 0) or (z[1] is None and last > 0)
    return None if falls else min(values), None if rises else max(values)


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
        _, degree = _homogeneous_part(self.activation)
        if degree is None or value != (pivot := min(one.z, key=repr)):
            return {(slope, value): Fraction(1)}
        others = [(-c, {(slope, key): Fraction(1)}) for key, c in one.z.items() if key != pivot]
        return _sum([(1 / one.z[pivot], _sum([(Fraction(degree), upward()), *others]))])
