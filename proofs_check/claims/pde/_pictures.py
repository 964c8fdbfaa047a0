"""Transforms of a function and of its copies with scaled input."""

from functools import cache

import numpy as np

from proofs_check import Figure
from proofs_check.claims._curves import curves


@cache
def bells(factors: tuple[float, ...] = (0.5, 1.0, 2.0)) -> Figure:
    """|F[f(a .)](k)| = |f^(k/a)|/|a| of f = e^(-x^2/2)."""
    k = np.linspace(-6, 6, 121)
    return curves(
        "Transforms of exp(-(a x)^2/2)",
        "Three bells over the frequency: with twice the factor the bell is twice as wide and half as high.",
        {f"a = {a:g}": (k, np.sqrt(2 * np.pi) / abs(a) * np.exp(-((k / a) ** 2) / 2)) for a in factors},
        "frequency k",
        "transform of f(a x)",
    )
