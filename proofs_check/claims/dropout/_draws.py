"""Instances that the claims of this family share: rational numbers of moderate size, generic symbols, networks with all masks."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.dynamics.masks import moment_polynomial
from numerics.train import Dropout
from numerics.train.general import dropped_parameters
from theory.models import FullyConnected


def fractions(rng, *shape):
    """Fractions k/6 with k uniform in -12 .. 12, as an object array."""
    return np.array([Fraction(int(k), 6) for k in rng.integers(-12, 13, int(np.prod(shape)))], dtype=object).reshape(shape)


def arrays(cell, rng, parameters=4):
    """Contributions (n, m, outputs), targets (n, outputs) and gradients (n, m, outputs, P), rational and otherwise free."""
    n, m, outputs = cell.n, cell.m, cell.outputs
    return fractions(rng, n, m, outputs), fractions(rng, n, outputs), fractions(rng, n, m, outputs, parameters)


def symbols(name, *shape):
    """An object array of sympy symbols."""
    import sympy

    return np.array(sympy.symbols(f"{name}:{int(np.prod(shape))}"), dtype=object).reshape(shape)


def generic(neurons, samples):
    """Contributions, targets, gradients (a parameter of its own for every neuron) and masks, all free symbols, one output."""
    s, y, g, xi = symbols("s", samples, neurons, 1), symbols("y", samples, 1), symbols("g", samples, neurons), symbols("xi", neurons)
    own = np.zeros((samples, neurons, 1, neurons), dtype=object)
    for k in range(neurons):
        own[:, k, 0, k] = g[:, k]
    return s, y, own, xi


def pull(s, y, g, xi, k):
    """The derivative of the loss of a mask in the parameter of neuron k, for :func:`generic` arrays."""
    error = (s[..., 0] * xi).sum(axis=1) - y[:, 0]
    return (error * g[:, k, 0, k]).sum() * xi[k] / len(s)


@cache
def product_of_pulls(k, r):
    """E of the product of the pulls on neurons k and r, and the product of their means, for :func:`generic` arrays of four neurons and
    two samples: expanded polynomials in the symbols and v."""
    import sympy

    v = sympy.Symbol("v")
    s, y, g, xi = generic(4, 2)
    mean = lambda expression: sympy.expand(moment_polynomial(sympy.expand(expression), xi, v))
    first, second = pull(s, y, g, xi, k), pull(s, y, g, xi, r)
    return mean(first * second), sympy.expand(mean(first) * mean(second))


def network(cell, rng):
    """A rational network of the cell with data: hidden widths (2 before the last where it is deep), biases everywhere."""
    hidden = (2, cell.m) if cell.depth == 3 else (cell.m,)
    model, n = FullyConnected((2, *hidden, cell.outputs), cell.activation), cell.get("n", 2)
    return model, fractions(rng, model.n_params), fractions(rng, n, 2), fractions(rng, n, cell.outputs)


def masked_outputs(model, theta, x, keep, layer=None):
    """Every mask of a hidden layer (None: the last) with the outputs of the network under it, by running the masked network."""
    numbers = dropped_parameters(model, Dropout(0.5, layer=layer))
    width = int(numbers.max()) + 1
    theta, x = rationals(theta), rationals(x)
    for kept in product((0, 1), repeat=width):
        factor = np.array([Fraction(1) if number < 0 else Fraction(kept[number]) / keep for number in numbers], dtype=object)
        yield kept, model(theta * rationals(factor), x)
