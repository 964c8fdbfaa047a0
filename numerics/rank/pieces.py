"""Tangents of networks with piecewise polynomial activations modulo a prime, and samples that meet their pieces.

On which piece a pre-activation lies is decided in rationals, layer by layer; from there on everything is a polynomial, so residues do.
Products are those of flint's matrices, where arrays of rationals take a hundred times longer. Few random points meet all pieces of a
deep network; whether a point would raise the rank is told by one derivative along a vector of the kernel, for thousands at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from numerics.arithmetic.exact import UnluckyPrime, modular_matrix, near_floats, pivots, rationals
from theory.activations import PiecewiseActivation
from theory.elementary import entrywise
from theory.models import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import Layer, layers

#: Points are screened until there were this many values of neurons among them: some seconds.
MOST_SCREENED = 1_000_000
#: Of the points that would raise the rank, this many for each missing dimension are taken at once, and no fewer than the second.
TAKEN, FEWEST = 3, 32
#: Steps of Newton's method towards a value of a neuron: where the pieces on the way stay the same, the first arrives.
STEPS = 6


def in_pieces(model: AbstractModel) -> bool:
    """Whether the functions of this module know ``model``."""
    return isinstance(model, FullyConnected | TwoLayer | TwoLayerCNN) and isinstance(model.activation, PiecewiseActivation)


def piecewise_tangents(model: Any, theta: np.ndarray, x: np.ndarray, prime: int) -> np.ndarray:
    """The tangent matrix (n outputs, P) of ``model`` at ``theta`` (P,) on ``x`` (n, inputs), arrays of fmpq, as integers modulo ``prime``.

    At a break the derivative is that of the left piece. Raises UnluckyPrime where a denominator vanishes.
    """
    return _Pass.through(model, theta, x, prime).tangents().reshape(-1, model.n_params)


class Found(NamedTuple):
    """The ``rank`` of the tangent matrix ``image`` modulo a prime on ``samples`` (n, inputs)."""

    rank: int
    image: Any
    samples: np.ndarray


def large_rank(model: Any, theta: np.ndarray, pools: Iterable[np.ndarray], upper: int, prime: int) -> Found:
    """The rank modulo ``prime``, at most ``upper``, on samples out of ``pools``, arrays (n, inputs).

    All of the first pool is taken, of the others the samples that raise the rank. Raises UnluckyPrime as :func:`piecewise_tangents`.
    """
    rng, screened = np.random.default_rng(0), 0
    samples, rows = np.zeros((0, model.input_size), dtype=object), np.zeros((0, model.outputs, model.n_params), dtype=object)
    found = Found(0, modular_matrix(rows.reshape(0, model.n_params), prime), samples)
    for pool in pools:
        passed = _Pass.through(model, theta, rationals(pool), prime)
        chosen = passed.raising(_kernel_vector(found.image, rng), upper - found.rank) if found.rank else np.arange(len(pool))
        while len(chosen):
            samples = np.concatenate([samples, passed.points[chosen]])
            rows = np.concatenate([rows, passed.at(chosen).tangents()])
            image = modular_matrix(rows.reshape(-1, model.n_params), prime)
            found = Found(image.rank(), image, samples)
            if found.rank == upper:
                return found
            kept = sorted({row // model.outputs for row in pivots(image.transpose())})
            samples, rows = samples[kept], rows[kept]
            chosen = passed.raising(_kernel_vector(image, rng), upper - found.rank)
        screened += sum(values.size for values in passed.slopes)
        if screened > MOST_SCREENED:
            break
    return found


@dataclass(frozen=True)
class _Pass:
    """A forward pass on ``points`` (n, inputs): what each layer holds and its slopes, (n, neurons) modulo ``prime``."""

    outputs: int
    network: list[Layer]
    theta: np.ndarray
    points: np.ndarray
    held: list[np.ndarray]
    slopes: list[np.ndarray]
    prime: int

    @classmethod
    def through(cls, model: Any, theta: np.ndarray, x: np.ndarray, prime: int) -> _Pass:
        """The pass at ``theta`` and ``x`` in rationals."""
        network, values, held, slopes = layers(model), x, [_residues(x, prime)], []
        for layer in network[:-1]:
            values, slope = model.activation.jet(affine(layer, theta, values), 1)
            held.append(_residues(values, prime))
            slopes.append(_residues(slope, prime))
        return cls(model.outputs, network, _residues(theta, prime), x, held, slopes, prime)

    def at(self, chosen: np.ndarray) -> _Pass:
        """The same on some of the points."""
        pick = lambda arrays: [array[chosen] for array in arrays]
        return replace(self, points=self.points[chosen], held=pick(self.held), slopes=pick(self.slopes))

    def tangents(self) -> np.ndarray:
        """(n, outputs, P): what a neuron passes on, times what the neuron below holds."""
        return np.stack([self._tangents_of(t) for t in range(self.outputs)], axis=1)

    def _tangents_of(self, output: int) -> np.ndarray:
        tangents = np.zeros((len(self.points), len(self.theta)), dtype=object)
        passed = np.zeros((len(self.points), self.outputs), dtype=object)
        passed[:, output] = 1
        for l in range(len(self.network) - 1, -1, -1):
            layer, held = self.network[l], self.held[l]
            for i, (row, bias) in enumerate(zip(layer.weights, layer.biases, strict=True)):
                below, places = map(list, zip(*((j, k) for j, k in enumerate(row) if k is not None), strict=True))
                tangents[:, places] = (tangents[:, places] + passed[:, i : i + 1] * held[:, below]) % self.prime
                if bias is not None:
                    tangents[:, bias] = (tangents[:, bias] + passed[:, i]) % self.prime
            if l:
                passed = _product(passed, _weights(layer, self.theta), self.prime) * self.slopes[l - 1] % self.prime
        return tangents

    def along(self, direction: np.ndarray) -> np.ndarray:
        """The derivative of the outputs (n, outputs) along ``direction`` (P,), integers."""
        moved = np.zeros_like(self.held[0])
        for l, layer in enumerate(self.network):
            moved = _product(moved, _weights(layer, self.theta).T, self.prime)
            moved = moved + _product(self.held[l], _weights(layer, direction).T, self.prime)
            moved = (moved + np.array([0 if k is None else direction[k] for k in layer.biases], dtype=object)) % self.prime
            if l < len(self.slopes):
                moved = moved * self.slopes[l] % self.prime
        return moved

    def raising(self, direction: np.ndarray, missing: int) -> np.ndarray:
        """Points at which the output changes along ``direction``, a kernel vector so far; a few times as many as are ``missing``."""
        changing = np.flatnonzero((self.along(direction) != 0).any(axis=1))
        return changing[: max(TAKEN * missing, FEWEST)]


def _kernel_vector(image: Any, rng: np.random.Generator) -> np.ndarray:
    """A random vector of the right kernel of ``image``, modulo its prime."""
    basis, nullity = image.nullspace()
    prime = basis.modulus()
    shares = np.array([int(c) for c in rng.integers(1, prime, nullity)], dtype=object)
    columns = np.array([int(entry) for entry in basis.entries()], dtype=object).reshape(basis.nrows(), basis.ncols())
    return _product(columns[:, :nullity], shares[:, None], prime)[:, 0]


def _weights(layer: Layer, values: np.ndarray) -> np.ndarray:
    """The matrix of a layer (neurons, neurons below) with the entries ``values`` (P,)."""
    return np.array([[0 if k is None else values[k] for k in row] for row in layer.weights], dtype=object)


def affine(layer: Layer, theta: np.ndarray, values: np.ndarray) -> np.ndarray:
    """W h + b (n, neurons) in rationals."""
    from flint import fmpq, fmpq_mat

    matrix = lambda entries: fmpq_mat(len(entries), entries.shape[1], entries.ravel().tolist())
    weights = _weights(layer, theta)
    product = matrix(values) * matrix(weights.T)
    biases = np.array([fmpq(0) if k is None else theta[k] for k in layer.biases], dtype=object)
    return np.array(product.entries(), dtype=object).reshape(len(values), len(weights)) + biases


def _product(left: np.ndarray, right: np.ndarray, prime: int) -> np.ndarray:
    from flint import nmod_mat

    matrix = lambda entries: nmod_mat(len(entries), entries.shape[1], entries.ravel().tolist(), prime)
    product = matrix(left) * matrix(right)
    return np.array([int(entry) for entry in product.entries()], dtype=object).reshape(len(left), right.shape[1])


def _residues(values: np.ndarray, prime: int) -> np.ndarray:
    """fmpq as integers modulo ``prime``; denominators repeat, so each is inverted once."""
    inverses: dict[int, int] = {}

    def residue(value: Any) -> int:
        denominator = int(value.q)
        if denominator not in inverses:
            if not denominator % prime:
                raise UnluckyPrime(f"a denominator vanishes modulo {prime}")
            inverses[denominator] = pow(denominator, -1, prime)
        return int(value.p) * inverses[denominator] % prime

    return entrywise(residue, values)


# --------------------------------------------------------------------------------------------- samples that meet pieces


def near_breaks(model: Any, theta: Any, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points ``x`` (n, inputs) moved, in floats, to where one hidden neuron of any layer is near a break, or beside it.

    ``model`` is fully connected, with hidden layers and a piecewise activation.
    """
    parts, n = model.unpack(near_floats(rationals(theta))), len(x)
    neuron = rng.integers(0, sum(model.widths[1:-1]), n)
    breaks = np.array([float(b) for b in model.activation.breaks])
    wanted = rng.choice(breaks, n) + rng.normal(size=n) * 2.0 ** rng.integers(-6, 3, n)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            z, gradients = _preactivations(model, parts, x)
            own, gradient = z[np.arange(n), neuron], gradients[np.arange(n), neuron]
            step = ((wanted - own) / (gradient**2).sum(axis=1))[:, None] * gradient
            x = x + np.where(np.isfinite(step) & (np.abs(step) < 2.0**20), step, 0)
    return x


def _preactivations(model: FullyConnected, parts: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The z (n, hidden neurons) of all hidden layers and their gradients (n, hidden neurons, inputs)."""
    held, inner, z, gradients = x, np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1])), [], []
    for l in range(1, model.depth):
        z.append(held @ parts[f"W{l}"].T + parts.get(f"b{l}", 0.0))
        gradients.append(parts[f"W{l}"] @ inner)
        held, slope = model.activation.jet(z[-1], 1)
        inner = gradients[-1] * slope[:, :, None]
    return np.concatenate(z, axis=1), np.concatenate(gradients, axis=1)
