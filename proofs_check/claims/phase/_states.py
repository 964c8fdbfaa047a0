"""Rational data and networks for exact checks, with the edge sets: neurons and inputs that are zero, pre-activations that vanish."""

from fractions import Fraction

import numpy as np


def rational(rng, *shape, most=6, denominator=3):
    """Fractions k/denominator with |k| <= most; one in 2 most + 1 is zero."""
    return np.vectorize(lambda k: Fraction(int(k), denominator), otypes=[object])(rng.integers(-most, most + 1, shape))


def positive(rng):
    """A fraction between 1/8 and 8."""
    return Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 9)))


def ratio(rng, balanced):
    """kappa': 1 where the layers are balanced, else a fraction of either side of 1."""
    while True:
        found = positive(rng)
        if balanced or found != 1:
            return Fraction(1) if balanced else found


def network(cell, rng):
    """Inputs, labels, output weights and input weights of three neurons on three samples; a third of the draws has a zero neuron, a third
    a weight orthogonal to an input."""
    x, y, a, w = rational(rng, 3, cell.d), rational(rng, 3), rational(rng, 3), rational(rng, 3, cell.d)
    kind = int(rng.integers(3))
    if kind == 1:
        w[0] = 0 * w[0]
    if kind == 2 and cell.d > 1:
        w[0] = 0 * w[0]
        w[0, 0], w[0, 1] = x[0, 1], -x[0, 0]
    return x, y, a, w
