"""Instances shared by the claims on lifting in depth: rational points off the kinks, planted data, lifts of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theory.models import FullyConnected

DEPTH = "arXiv:2205.13283v4"
#: Activations with an affine piece of non-zero slope; hinge3 = z + max(z, 0)^3 is twice differentiable, so it has Hessians everywhere.
PIECEWISE = ("hinge3", "leaky", "relu")
#: Residuals of this size (l1 norm of the cotangent) leave the Hessian positive definite at most planted points; ONE makes saddles.
SMALL, ONE = Fraction(1, 1000), Fraction(1)


@dataclass(frozen=True)
class Place:
    """A network of ``widths`` and where it is deepened: a layer of ``width`` behind layer ``after``; ``replicate`` numbers the draw."""

    widths: tuple[int, ...]
    activation: str
    after: int
    width: int
    replicate: int = 0

    @property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)


def rational_point(model: FullyConnected, rng: np.random.Generator) -> np.ndarray:
    """Small non-zero integer weights, and biases j + 1/p with a prime p of their own in every layer.

    On half-integer samples no pre-activation of a piecewise linear network is then zero: its denominator keeps the p.
    """
    primes, parts = (3, 5, 7, 11), {}
    for name, shape in model.shapes.items():
        if name[0] == "W":
            parts[name] = rng.integers(1, 3, shape) * rng.choice([-1, 1], shape) * Fraction(1)
        else:
            parts[name] = rng.integers(-1, 2, shape) + Fraction(1, primes[int(name[1:]) - 1])
    return model.pack(**parts)


def samples(inputs: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` distinct half-integer samples (n, inputs)."""
    reach = 2
    while (2 * reach + 1) ** inputs < 2 * n:
        reach += 1
    codes = rng.choice((2 * reach + 1) ** inputs, n, replace=False)
    digits = np.stack([codes // (2 * reach + 1) ** k % (2 * reach + 1) - reach for k in range(inputs)], axis=1)
    return digits * Fraction(1, 2)


def enough_samples(model, extra: int = 2) -> int:
    """So many samples that their residuals outnumber the parameters by ``extra``: then a critical point can be planted."""
    return -(-(model.n_params + extra) // model.outputs)


def planted(model, theta: np.ndarray, rng: np.random.Generator, *, size=SMALL, conditions=None, extra: int = 2):
    """Samples and targets (Fractions) for which ``theta`` is exactly critical with a loss that is not zero.

    ``conditions(x)`` gives rows that the flat residuals must be orthogonal to.
    """
    from numerics.planting import plant

    x = samples(model.input_size, enough_samples(model, extra), rng)
    rows = [] if conditions is None else conditions(x)
    return plant(model, theta, x, size=size, seed=int(rng.integers(2**31)), conditions=[(row, np.zeros(len(row))) for row in rows])


def fractions(values) -> np.ndarray:
    """flint rationals as Fractions, shape kept."""
    from numerics.inertia import as_fraction

    array = np.asarray(values)
    return np.frompyfunc(as_fraction, 1, 1)(array) if array.size else array


def same(first, second) -> bool:
    """Whether two arrays of exact numbers agree entry by entry, flint rationals and Fractions side by side."""
    return bool((fractions(first) == fractions(second)).all())


def inertia_counts(model, theta, data) -> tuple[int, int, int]:
    """(negative, zero, positive) of the exact Hessian."""
    from numerics.hessian import inertia

    return inertia(model, theta, data, method="exact").counts
