"""Data with small rational entries, and networks on them, for exact checks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.expressions import parse


def power_tanh(p):
    """z^(p-1) tanh z, of multiplicity p."""
    return parse(f"z**{p - 1}*tanh(z)" if p > 1 else "tanh(z)")


def fractions(rng, *shape, size=9, denominator=4):
    """Fractions k/denominator with |k| <= size."""
    return np.vectorize(lambda k: Fraction(int(k), denominator), otypes=[object])(rng.integers(-size, size + 1, shape))


def not_zero(rng, *shape, size=9, denominator=4):
    """The same without zeros."""
    signs, sizes = rng.choice([-1, 1], shape), rng.integers(1, size + 1, shape)
    return np.vectorize(lambda k: Fraction(int(k), denominator), otypes=[object])(signs * sizes)


def with_ones(x):
    """Inputs (n, d) with the column of ones of a bias."""
    return np.concatenate([x, np.full((len(x), 1), Fraction(1))], axis=1)


def different(rng, count, *, size=20, denominator=8):
    """``count`` different fractions, one input each (count, 1)."""
    chosen = rng.choice(np.arange(-size, size + 1), count, replace=False)
    return np.array([[Fraction(int(k), denominator)] for k in chosen], dtype=object)
