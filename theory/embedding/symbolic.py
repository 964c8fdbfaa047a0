"""Symbolic networks: undefined activation and loss, so that an identity of polynomials proves it for all of them.

Two views. :class:`Undefined` is an activation whose values at distinct arguments are distinct symbols: a whole small network becomes a
polynomial. :func:`around_neurons` keeps one layer's neurons and replaces everything else by arbitrary functions, known through their
second-order Taylor coefficients: the rest of the network, of any depth and width, enters a second derivative through nothing else. In
both, equality is decided in a polynomial ring, where elements have one normal form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np

from theory.elementary import entrywise
from theory.embedding.affine import Embedding, SparseMatrix
from theory.models import TwoLayer

#: Inputs and outputs of the neurons, and further parameters: two each cover every pattern of equal and different indices.
PASSIVE = 2


@dataclass(frozen=True, eq=False)
class Taylor:
    """A function of N perturbations up to second order: ``value``, ``gradient`` (N,), ``hessian`` (N, N)."""

    value: Any
    gradient: np.ndarray
    hessian: np.ndarray

    def __add__(self, other: Any) -> Taylor:
        if isinstance(other, Taylor):
            return Taylor(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)
        return Taylor(self.value + other, self.gradient, self.hessian)

    __radd__ = __add__

    def __mul__(self, other: Taylor) -> Taylor:
        cross = np.outer(self.gradient, other.gradient)
        return Taylor(
            self.value * other.value,
            other.gradient * self.value + self.gradient * other.value,  # arrays first: a polynomial would take one for a scalar
            other.hessian * self.value + self.hessian * other.value + cross + cross.T,
        )

    def through(self, jet: Sequence[Any]) -> Taylor:
        """sigma(self) from (sigma, sigma', sigma'') at the value."""
        square = np.outer(self.gradient, self.gradient)
        return Taylor(jet[0], self.gradient * jet[1], self.hessian * jet[1] + square * jet[2])


@dataclass(frozen=True, eq=False)
class NeuronSymbols:
    """Ring generators by name: parameters w, b, W of a neuron, jets of sigma, inputs h and the outer function F, ``alpha`` and more."""

    ring: Any
    named: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.named[name]

    def inputs(self) -> np.ndarray:
        """h~ = (h_0, h_1, 1)."""
        return np.array([self["h0"], self["h1"], self.ring.one], dtype=object)

    def errors(self) -> np.ndarray:
        """e_t, the derivative of the outer function in the t-th output."""
        return np.array([self[f"F{PASSIVE + t}"] for t in range(PASSIVE)], dtype=object)

    def matrices(self) -> tuple[np.ndarray, np.ndarray]:
        """B_s (2, 3) and S_s (3, 3) of the neuron whose sigma-jet is s."""
        h, e, jet = self.inputs(), self.errors(), self.jet("s")
        return np.outer(e, h) * jet[1], np.outer(h, h) * (jet[2] * (self["W0"] * e[0] + self["W1"] * e[1]))

    def theta(self) -> np.ndarray:
        """(w_0, w_1, b, W_0, W_1, c_0, c_1) of one neuron and the next biases, the layout of :func:`neuron_model`."""
        names = ["w0", "w1", "b", "W0", "W1", "c0", "c1"]
        return np.array([self[name] for name in names], dtype=object)

    def jet(self, letter: str) -> tuple[Any, ...]:
        """The symbols for (sigma, sigma', sigma'') at one argument."""
        return tuple(self[f"{letter}{k}"] for k in range(3))


def neuron_model(width: int = 1, *, jet: Sequence[Any] | None = None) -> TwoLayer:
    """The layout of ``width`` neurons with two inputs, two outputs and all biases; ``jet``: the values of sigma at what it meets first."""
    return TwoLayer(PASSIVE, width, PASSIVE, "tanh" if jet is None else Undefined(jet), bias=True, output_bias=True)


@cache
def neuron_symbols(*extra: str) -> NeuronSymbols:
    """All symbols that :func:`around_neurons` needs, and ``extra`` ones."""
    from sympy import QQ, ring

    names = ["w0", "w1", "b", "W0", "W1", "c0", "c1", *(f"{letter}{k}" for letter in "st" for k in range(3)), *extra]
    for a in range(PASSIVE):
        names += [f"h{a}", *(f"h{a}_{j}" for j in range(PASSIVE))]
        names += [f"h{a}_{j}{k}" for j, k in combinations_with_replacement(range(PASSIVE), 2)]
    names += [f"F{i}" for i in range(2 * PASSIVE)]
    names += [f"F{i}_{j}" for i, j in combinations_with_replacement(range(2 * PASSIVE), 2)]
    polynomials, *generators = ring(names, QQ)
    return NeuronSymbols(polynomials, dict(zip(names, generators, strict=True)))


def around_neurons(symbols: NeuronSymbols, theta: np.ndarray, jets: Sequence[Sequence[Any]]) -> tuple[np.ndarray, Taylor]:
    """Outputs z and the loss, to second order, of neurons with parameters ``theta`` and sigma-jets ``jets`` inside any network.

    The loss is F(phi, z): ``phi`` stands for two further parameters, through which the neurons' inputs h(phi) and the rest of the network
    depend on everything else. The perturbations are phi, then theta (in the layout of :func:`neuron_model`).
    """
    return _around(symbols, tuple(theta), tuple(map(tuple, jets)))


@cache  # a statement and those made false of it meet the same neurons
def _around(symbols: NeuronSymbols, theta: tuple[Any, ...], jets: tuple[tuple[Any, ...], ...]) -> tuple[np.ndarray, Taylor]:
    model = neuron_model(len(jets))
    n = model.n_params + PASSIVE
    index, one = model.unpack(np.arange(model.n_params)), symbols.ring.one
    phi = [_variable(symbols.ring.zero, j, n, one) for j in range(PASSIVE)]
    perturbed = [_variable(value, PASSIVE + k, n, one) for k, value in enumerate(theta)]
    inputs = [_input(symbols, a, n) for a in range(PASSIVE)]
    outputs = [perturbed[int(k)] for k in index["output_bias"]]
    for neuron, jet in enumerate(jets):
        p = perturbed[int(index["input_biases"][neuron])]
        for a in range(PASSIVE):
            p = p + perturbed[int(index["input_weights"][neuron, a])] * inputs[a]
        value = p.through(jet)
        outputs = [z + perturbed[int(index["output_weights"][t, neuron])] * value for t, z in enumerate(outputs)]
    values, found = np.array([z.value for z in outputs], dtype=object), _outer(symbols, [*phi, *outputs], n)
    for array in (values, found.gradient, found.hessian):
        array.flags.writeable = False
    return values, found


def around_embedding(symbols: NeuronSymbols, embedding: Embedding, letters: str) -> tuple[tuple[np.ndarray, Taylor], ...]:
    """:func:`around_neurons` for the one neuron of jet s, and for its image, whose neurons have the jets named by ``letters``."""
    theta = symbols.theta()
    points = (theta, "s"), (embedding(theta), letters)
    return tuple(around_neurons(symbols, point, [symbols.jet(letter) for letter in jets]) for point, jets in points)


def with_passive(matrix: SparseMatrix) -> SparseMatrix:
    """A matrix on theta as one on (phi, theta) that leaves phi alone."""
    entries = {(k, k): Fraction(1) for k in range(PASSIVE)}
    entries |= {(i + PASSIVE, j + PASSIVE): value for (i, j), value in matrix.entries.items()}
    return SparseMatrix((matrix.shape[0] + PASSIVE, matrix.shape[1] + PASSIVE), entries)


def _variable(value: Any, place: int, n: int, one: Any) -> Taylor:
    gradient = np.zeros(n, dtype=object) * one
    gradient[place] = one
    return Taylor(value, gradient, np.zeros((n, n), dtype=object) * one)


def _input(symbols: NeuronSymbols, a: int, n: int) -> Taylor:
    one = symbols.ring.one
    gradient, hessian = np.zeros(n, dtype=object) * one, np.zeros((n, n), dtype=object) * one
    for j, k in product(range(PASSIVE), repeat=2):
        gradient[j] = symbols[f"h{a}_{j}"]
        hessian[j, k] = symbols[f"h{a}_{min(j, k)}{max(j, k)}"]
    return Taylor(symbols[f"h{a}"], gradient, hessian)


def _outer(symbols: NeuronSymbols, arguments: Sequence[Taylor], n: int) -> Taylor:
    """F(arguments) with arbitrary first and second derivatives."""
    gradient, hessian = (np.zeros(shape, dtype=object) * symbols.ring.one for shape in (n, (n, n)))
    for i, u in enumerate(arguments):
        gradient = gradient + u.gradient * symbols[f"F{i}"]
        hessian = hessian + u.hessian * symbols[f"F{i}"]
    for (i, u), (j, v) in combinations_with_replacement(enumerate(arguments), 2):
        mixed = np.outer(u.gradient, v.gradient)
        hessian = hessian + (mixed if i == j else mixed + mixed.T) * symbols[f"F{i}_{j}"]
    return Taylor(None, gradient, hessian)


class Undefined:
    """An activation about which nothing is assumed: sigma^(k) at every new argument is a fresh symbol of the ``pool`` of generators.

    Arguments are polynomials in normal form (or numbers), so that equal ones meet the same symbols. Raises ValueError when the pool is
    used up.
    """

    name = "undefined"
    rational = True
    reflection = None
    degree = None
    exponential = False

    def __init__(self, pool: Sequence[Any]) -> None:
        self._pool = list(pool)
        self._known: dict[tuple[frozenset[Any], int], Any] = {}

    def __call__(self, z: Any) -> Any:
        return z.activate(self) if hasattr(z, "activate") else self.jet(z, 0)[0]

    def jet(self, z: np.ndarray, order: int) -> tuple[np.ndarray, ...]:
        """(sigma, ..., sigma^(order)) at every entry."""
        return tuple(entrywise(lambda entry, k=k: self._value(entry, k), z) for k in range(order + 1))

    def _value(self, entry: Any, k: int) -> Any:
        polynomial = entry * self._pool[0].ring.one
        key = frozenset(polynomial.items()), k  # not the polynomial itself: sympy keeps its hash while it is being built up
        if key not in self._known:
            if len(self._known) == len(self._pool):
                raise ValueError(f"pool must hold a symbol for every value of sigma, got {len(self._pool)} and need one for {entry}")
            self._known[key] = self._pool[len(self._known)]
        return self._known[key]

    def __repr__(self) -> str:
        return "an undefined activation"


def polynomial_ring(names: Sequence[str], pool: int) -> tuple[dict[str, Any], list[Any]]:
    """Generators by name, and ``pool`` further ones for :class:`Undefined`, of one ring over the rationals."""
    from sympy import QQ, ring

    _, *generators = ring([*names, *(f"sigma_{k}" for k in range(pool))], QQ)
    return dict(zip(names, generators, strict=False)), generators[len(names) :]
