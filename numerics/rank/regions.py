"""All regions on which a piecewise linear network is affine, in rationals: what its tangents are there, they are everywhere.

On a region every tangent is a product of slopes and weights, times what a neuron holds, which is affine in the input: inputs + 1 points
that are affinely independent determine it. So the rank on such points of all regions is the model rank. Regions are open polyhedra;
whether one lies on both sides of a hyperplane is decided by elimination of one coordinate after the other (Fourier, Motzkin).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import numpy as np

from numerics.arithmetic.exact import near_floats, rationals
from numerics.rank.pieces import affine
from theory.activations import PiecewiseActivation
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import Layer, layers
from theory.models.pooling import PooledCNN

#: Inequalities that the search may write down: some seconds.
MOST_INEQUALITIES = 60_000
#: Sums of sizes to which a float pre-activation is trusted not to be at a break.
ROUNDING = 1e-9

#: (a_1, ..., a_d, c): where a . x + c > 0.
Inequality = tuple[Any, ...]


def affine_pieces(model: AbstractModel) -> bool:
    """Whether ``model`` is a network whose activation is affine on each piece."""
    known = isinstance(model, FullyConnected | TwoLayer | TwoLayerCNN | PooledCNN)
    return known and isinstance(model.activation, PiecewiseActivation) and max(map(len, model.activation.pieces)) <= 2


def region_points(model: Any, theta: np.ndarray) -> np.ndarray | None:
    """inputs + 1 affinely independent points inside every region of ``model`` at ``theta`` (P,), an array (n, inputs) of fmpq.

    ``model`` is one of :func:`affine_pieces`; None where there are too many regions.
    """
    network, theta = _hidden(model, theta)
    try:
        search = _Search(model.input_size)
        regions = [search.whole()]
        for layer in network:
            regions = [part for region in regions for part in search.through(layer, theta, model.activation, region)]
    except _TooMany:
        return None
    return np.array([point for region in regions for point in region.corners()], dtype=object)


def beside_breaks(model: Any, theta: Any, points: np.ndarray) -> np.ndarray:
    """Those of the float ``points`` (n, inputs) at which no neuron of the piecewise ``model`` is at a kink that it leaves nearby.

    On a kink the derivative is that of the left piece alone, which no neighbourhood shows. A neuron may rest on one.
    """
    network, exactly = _hidden(model, rationals(theta))
    breaks = kinks(model.activation)
    suspect, held, sizes = np.zeros(len(points), bool), points, np.abs(points)
    floats = near_floats(exactly)
    with np.errstate(all="ignore"):
        for layer in network:
            weights, biases = _matrix(layer, floats, 0.0), _biases(layer, floats, 0.0)
            z, sizes = held @ weights.T + biases, sizes @ np.abs(weights).T + np.abs(biases)
            for t in breaks:
                suspect |= ~(np.abs(z - float(t)) > ROUNDING * (sizes + abs(float(t)))).all(axis=1)
            held, sizes = model.activation.jet(z, 0)[0], sizes + max((abs(float(t)) for t in breaks), default=0.0)
    kept = ~suspect
    kept[suspect] = [_beside(network, exactly, model.activation, point) for point in rationals(points[suspect])]
    return points[kept]


def at_kinks(model: Any, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At which rows of ``x`` (n, inputs) a neuron of the piecewise ``model`` is at a kink, and at which one leaves it nearby; x of fmpq."""
    network, theta = _hidden(model, theta)
    sharp, at, held = set(kinks(model.activation)), np.zeros(len(x), bool), x
    for layer in network if sharp and len(x) else ():
        z = affine(layer, theta, held)
        at |= np.array([any(value in sharp for value in row) for row in z])
        held = model.activation(z)
    leaving = at.copy()
    leaving[at] = [not _beside(network, theta, model.activation, point) for point in x[at]]
    return at, leaving


def kinks(activation: PiecewiseActivation) -> list[Any]:
    """The breaks at which sigma or its slope jumps."""
    found = []
    for t, before, behind in zip(activation.breaks, activation.pieces, activation.pieces[1:], strict=False):
        step = [b - a for a, b in zip_longest(map(Fraction, before), map(Fraction, behind), fillvalue=Fraction(0))]
        slope = [k * c for k, c in enumerate(step)][1:]
        if any(sum(c * Fraction(t) ** k for k, c in enumerate(part)) for part in (step, slope)):
            found.append(t)
    return found


def _beside(network: Sequence[Layer], theta: np.ndarray, activation: PiecewiseActivation, point: Sequence[Any]) -> bool:
    """Whether at ``point`` all neurons at a kink rest on it: no change nearby moves them."""
    held, gradients = np.array(point, dtype=object), rationals(np.eye(len(point)))
    sharp = kinks(activation)
    for layer in network:
        weights = _matrix(layer, theta, 0 * theta[0])
        z, gradients = weights @ held + _biases(layer, theta, 0 * theta[0]), weights @ gradients
        if any(value in sharp and any(row) for value, row in zip(z, gradients, strict=True)):
            return False
        held, slopes = activation.jet(z, 1)
        gradients = slopes[:, None] * gradients
    return True


class _TooMany(Exception):
    """More inequalities than are worth it."""


class _Region:
    """An open polyhedron {a . x + c > 0}, a ``point`` in it, and what the neurons of a layer hold there, rows (a, c)."""

    def __init__(self, inequalities: list[Inequality], point: np.ndarray, held: np.ndarray) -> None:
        self.inequalities, self.point, self.held = inequalities, point, held

    def corners(self) -> list[np.ndarray]:
        """The point, and one beside it along every coordinate."""
        found = [self.point]
        for j in range(len(self.point)):
            room = [_value(one, self.point) / (2 * abs(one[j])) for one in self.inequalities if one[j]]
            beside = self.point.copy()
            beside[j] = beside[j] + _power_below(min(room, default=rationals([1])[0]))
            found.append(beside)
        return found


class _Search:
    """Cuts regions by the breaks of one neuron after the other, within a number of inequalities."""

    def __init__(self, inputs: int) -> None:
        self.inputs, self.left = inputs, MOST_INEQUALITIES

    def whole(self) -> _Region:
        """The space of all inputs."""
        zeros = rationals(np.zeros(self.inputs))
        held = np.array([[*(int(i == j) for j in range(self.inputs)), 0] for i in range(self.inputs)], dtype=object)
        return _Region([], zeros, rationals(held))

    def through(self, layer: Layer, theta: np.ndarray, activation: PiecewiseActivation, region: _Region) -> list[_Region]:
        """The parts of ``region`` on which ``layer`` is affine."""
        parts = [region]
        z = _affine(layer, theta, region.held)
        for row in z:
            for t in activation.breaks:
                if any(row[:-1]):
                    parts = [part for one in parts for part in self.cut(one, (*row[:-1], row[-1] - t))]
        for part in parts:
            at = np.array([*part.point, 1], dtype=object)
            part.held = np.array([_piece(activation, row, (row * at).sum()) for row in z], dtype=object)
        return parts

    def cut(self, region: _Region, hyperplane: Inequality) -> list[_Region]:
        """What of ``region`` lies on the two sides of a hyperplane."""
        value, parts = _value(hyperplane, region.point), []
        for side in (1, -1):
            one = tuple(side * entry for entry in hyperplane)
            inequalities = [*region.inequalities, one]
            point = region.point if side * value > 0 else self.inside(inequalities)
            if point is not None:
                parts.append(_Region(inequalities, point, region.held))
        return parts

    def inside(self, inequalities: Iterable[Inequality]) -> np.ndarray | None:
        """A point that satisfies all ``inequalities``, None where there is none."""
        system, stages = _tightest(inequalities), []
        for j in range(self.inputs - 1, -1, -1):
            below, above = [one for one in system if one[j] > 0], [one for one in system if one[j] < 0]
            stages.append((j, below, above))
            self.left -= len(below) * len(above) + len(system)
            if self.left < 0:
                raise _TooMany
            joined = (tuple(p * -b[j] + q * a[j] for p, q in zip(a, b, strict=True)) for a in below for b in above)
            system = _tightest([*(one for one in system if not one[j]), *joined])
        if any(one[-1] <= 0 for one in system):
            return None
        point = rationals(np.zeros(self.inputs))
        for j, below, above in reversed(stages):
            ends = [[-_value(one, point) / one[j] for one in side] for side in (below, above)]
            point[j] = _between(max(ends[0], default=None), min(ends[1], default=None))
        return point


def _hidden(model: Any, theta: np.ndarray) -> tuple[list[Layer], np.ndarray]:
    """The hidden layers of ``model`` and the parameters that they are read from."""
    if isinstance(model, PooledCNN):
        model, theta = model.convolution, model.unpooled(theta)
    return layers(model)[:-1], theta


def _matrix(layer: Layer, theta: np.ndarray, zero: Any) -> np.ndarray:
    return np.array([[zero if k is None else theta[k] for k in row] for row in layer.weights])


def _biases(layer: Layer, theta: np.ndarray, zero: Any) -> np.ndarray:
    return np.array([zero if k is None else theta[k] for k in layer.biases])


def _affine(layer: Layer, theta: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The pre-activations (neurons, inputs + 1) as rows (a, c) over the ``held`` ones below."""
    zero = 0 * theta[0]
    z = _matrix(layer, theta, zero) @ held
    z[:, -1] = z[:, -1] + _biases(layer, theta, zero)
    return z


def _piece(activation: PiecewiseActivation, row: np.ndarray, value: Any) -> np.ndarray:
    """sigma of the affine function ``row`` on the piece that ``value`` lies on."""
    offset, slope = (*activation.pieces[activation._piece(value)], 0)[:2]
    held = row * rationals([slope])[0]
    held[-1] = held[-1] + rationals([offset])[0]
    return held


def _value(one: Inequality, point: np.ndarray) -> Any:
    return sum((a * x for a, x in zip(one, point, strict=False)), one[-1])


def _tightest(inequalities: Iterable[Inequality]) -> list[Inequality]:
    """One inequality for each direction, scaled so that its first coordinate is 1 or -1."""
    tightest: dict[tuple[Any, ...], Any] = {}
    for *a, c in inequalities:
        size = next((abs(entry) for entry in a if entry), None)
        direction, bound = (tuple(entry / size for entry in a), c / size) if size is not None else (tuple(a), c)
        tightest[direction] = min(tightest.get(direction, bound), bound)
    return [(*direction, c) for direction, c in tightest.items()]


def _between(low: Any, high: Any) -> Any:
    """A short rational between two numbers, None for no bound."""
    one = rationals([1])[0]
    if low is None or high is None:
        end = low if high is None else high
        return 0 * one if end is None else one * (end.floor() + 1 if high is None else end.ceil() - 1)
    step = _power_below((high - low) / 4)
    return ((low + high) / 2 / step).floor() * step


def _power_below(size: Any) -> Any:
    """A power of two of at most ``size`` > 0, and of at least a quarter of it."""
    from flint import fmpq

    exponent = int(size.p).bit_length() - int(size.q).bit_length() - 1
    return fmpq(2) ** exponent
