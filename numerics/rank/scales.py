"""Samples and minors for smooth networks whose weights are far from one, where floats tell nothing: 1e150 and 1e-150, say.

Under large weights neurons are saturated but in strips of width 1e-150, and in these strips lie those of the next layer. Samples are placed
there by Newton's method in balls of many bits, one neuron of each layer after the other. Under small weights all is nearly linear, and
minors are small: they are looked for by elimination in balls, pivots where entries are largest, with more bits until their balls exclude 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rationals
from theory.activations import Activation
from theory.elementary import entrywise
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import Layer, layers

#: Weights beyond this power of two, or below its inverse, are far from one.
FAR = 24
#: Parameters up to which elimination in balls takes seconds.
MOST_PARAMETERS = 60
#: The largest precision tried, in bits.
MOST_BITS = 1 << 15
#: Steps of Newton's method: from a distance of one, each doubles the digits.
STEPS = 24
#: Samples have entries up to this power of two, and no finer ones than its inverse.
MOST_EXPONENT = 1 << 14
#: Pre-activations beyond this are taken for saturated: steps need not be small for them.
SATURATED = 30


def far_from_one(model: AbstractModel, theta: np.ndarray) -> bool:
    """Whether ``model`` is a network of smooth neurons for this module, and some of its parameters ``theta``, of fmpq, far from one.

    So are values under exponentials of exponentials.
    """
    if not isinstance(model, FullyConnected | TwoLayer | TwoLayerCNN) or model.n_params > MOST_PARAMETERS:
        return False
    if not getattr(model.activation, "state", ()):
        return False
    return _exponents(theta) > FAR or (model.activation.exponential and model.hidden_layers > 1)


def placed_points(model: Any, theta: np.ndarray, count: int, seed: int) -> np.ndarray:
    """``count`` points (count, inputs) of fmpq at which some neurons of each layer are at numbers of size one, where they can be."""
    rng, network = np.random.default_rng(seed), layers(model)[:-1]
    with _bits(64 + 4 * len(network) * _exponents(theta)):
        balls = _balls(theta)
        forward = _Forward(model.activation, [_Affine(layer, balls) for layer in network])
        points = [forward.placed(_balls(rng.normal(size=model.input_size)), rng) for _ in range(count)]
        return np.array([[_rational(entry) for entry in point] for point in points], dtype=object)


def precisions(theta: np.ndarray) -> Iterator[int]:
    """Precisions worth trying, in bits."""
    bits = 1024
    while bits <= max(1024, min(MOST_BITS, 128 * _exponents(theta))):
        yield bits
        bits *= 4


def largest_minor(matrix: np.ndarray, precision: int) -> tuple[list[int], list[int]]:
    """Rows and columns of a minor of a matrix of balls, by elimination with complete pivoting in ``precision`` bits; no pivot holds 0.

    Rows with an entry that is not finite are left out.
    """
    with _bits(precision):
        return _eliminated(matrix)


def _eliminated(matrix: np.ndarray) -> tuple[list[int], list[int]]:
    from flint import arb

    matrix = entrywise(lambda entry: entry if isinstance(entry, arb) else arb(entry), matrix)
    kept = [i for i, row in enumerate(matrix) if all(entry.is_finite() for entry in row)]
    left = {i: _to_one(matrix[i]) for i in kept}
    rows, columns, open_columns = [], [], list(range(matrix.shape[1]))
    while left and open_columns:
        sizes = {i: [_size(row[j]) for j in open_columns] for i, row in left.items()}
        i = max(sizes, key=lambda one: max(sizes[one]))
        j = open_columns[int(np.argmax(sizes[i]))]
        if max(sizes[i]) == -np.inf:
            break
        pivot = left.pop(i)
        rows.append(i)
        columns.append(j)
        open_columns.remove(j)
        for k, row in left.items():
            if not row[j].is_zero():
                share = row[j] / pivot[j]
                left[k] = _to_one(np.array([entry - share * p for entry, p in zip(row, pivot, strict=True)], dtype=object), open_columns)
    return sorted(rows), sorted(columns)


def _size(entry: Any) -> float:
    """log2 of a ball that excludes 0, -inf of another."""
    if entry.contains(0):
        return -np.inf
    mantissa, exponent = entry.mid().man_exp()
    return abs(int(mantissa)).bit_length() + int(exponent)


def _to_one(row: np.ndarray, columns: Any = None) -> np.ndarray:
    """The row times a power of two that makes its largest entry about one."""
    from flint import arb

    largest = max((_size(row[j]) for j in (range(len(row)) if columns is None else columns)), default=-np.inf)
    return row if largest == -np.inf else row * arb(2) ** -int(largest)


class _Affine:
    """W and b of a layer in balls."""

    def __init__(self, layer: Layer, theta: np.ndarray) -> None:
        zero = 0 * theta[0]
        self.weights = np.array([[zero if k is None else theta[k] for k in row] for row in layer.weights], dtype=object)
        self.biases = np.array([zero if k is None else theta[k] for k in layer.biases], dtype=object)


class _Forward:
    """Pre-activations of the hidden layers at one point, and their gradients."""

    def __init__(self, activation: Activation, network: list[_Affine]) -> None:
        self.activation, self.network = activation, network

    def __call__(self, x: np.ndarray, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """z and dz/dx of the first ``depth`` layers."""
        held, inner, z, gradients = x, _balls(np.eye(len(x))), [], []
        for affine in self.network[:depth]:
            z.append(_middle(affine.weights @ held + affine.biases))
            gradients.append(_middle(affine.weights @ inner))
            held, slope = map(_middle, self.activation.jet(z[-1], 1))
            inner = slope[:, None] * gradients[-1]
        return z, gradients

    def placed(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``x`` moved to where one neuron of each layer, up to one drawn, is at a number of size one."""
        for depth in range(1, int(rng.integers(1, len(self.network) + 1)) + 1):
            neuron, wanted = int(rng.integers(len(self.network[depth - 1].biases))), float(rng.normal())
            for _ in range(1 if depth == 1 else STEPS):
                z, gradients = self(x, depth)
                gradient, missing = gradients[-1][neuron], wanted - z[-1][neuron]
                square = (gradient * gradient).sum()
                if not square > 0 or not square.is_finite() or not missing.is_finite():
                    break
                step = gradient * (missing / square)
                # No farther than what moves a neuron below by one, where it is not saturated.
                below = [pair for values, rows in zip(z[:-1], gradients, strict=False) for pair in zip(values, rows, strict=True)]
                largest = max((abs(row @ step) for value, row in below if abs(value) < SATURATED), default=0 * square)
                moved = _middle(x + (step / largest if largest > 1 else step))
                if not all(_within_reach(entry) for entry in moved):
                    break
                x = moved
                if abs(missing) < 1e-3:
                    break
        return x


def _exponents(theta: np.ndarray) -> int:
    """The largest |log2| of the parameters that are not 0."""
    return max((abs(int(abs(v.p)).bit_length() - int(v.q).bit_length()) for v in theta if v != 0), default=0)


def _balls(values: Any) -> np.ndarray:
    from flint import arb

    return entrywise(arb, rationals(values))


def _middle(values: np.ndarray) -> np.ndarray:
    """Without radii: what is only looked for."""
    return entrywise(lambda entry: entry.mid(), values)


def _within_reach(ball: Any) -> bool:
    """Whether the middle of a ball is a number that can be written down as a fraction."""
    if not ball.is_finite():
        return False
    mantissa, exponent = ball.mid().man_exp()
    return abs(int(exponent)) + int(mantissa).bit_length() <= MOST_EXPONENT


def _rational(ball: Any) -> Any:
    from flint import fmpq

    mantissa, exponent = ball.mid().man_exp()
    return fmpq(int(mantissa)) * fmpq(2) ** int(exponent)


@contextmanager
def _bits(precision: int) -> Iterator[None]:
    """flint's precision within."""
    from flint import ctx

    before, ctx.prec = ctx.prec, precision
    try:
        yield
    finally:
        ctx.prec = before
