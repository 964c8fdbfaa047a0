"""Points that the claims on lifting in depth share: rational ones off the kinks, with planted data, lifts of them, and false twins."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.planting import plant
from proofs_check import draws
from proofs_check.claims.depth._measures import fractions, inertia_counts
from proofs_check.claims.depth._places import SMALL, Place, rng_of
from theory.embedding.onestep import constant_neuron
from theory.lifting import Lifting, features, lift, lift_with

# ------------------------------------------------------------------------------------------------------- points and data


def rational_point(model, rng, *, edges=False):
    """Small integer weights, and biases j + 1/p with a prime p of their own in every layer.

    No weight is 0, unless ``edges`` asks for zeros, copies and layers short of rank (:func:`proofs_check.draws.matrix`).
    On half-integer samples no pre-activation of a piecewise linear network is then zero: its denominator keeps the p.
    """
    primes, parts = (3, 5, 7, 11), {}
    for name, shape in model.shapes.items():
        if name[0] == "W":
            weights = draws.matrix(rng, *shape, largest=2) if edges else draws.nonzero(rng, shape, 2)
            parts[name] = weights * Fraction(1)
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
    x = samples(model.input_size, enough_samples(model, extra), rng)
    rows = [] if conditions is None else conditions(x)
    return plant(model, theta, x, size=size, seed=int(rng.integers(2**31)), conditions=[(row, np.zeros(len(row))) for row in rows])


def strict_minimum(place: Place, rng) -> tuple[np.ndarray, tuple]:
    """A planted point with positive definite Hessian (residuals shrunk, points redrawn until it is) and its data."""
    while True:
        theta = rational_point(place.model, rng)
        for size in (SMALL, SMALL / 1000):
            data = planted(place.model, theta, rng, size=size)
            if inertia_counts(place.model, theta, data)[2] == place.model.n_params:
                return theta, data


def planted_in_floats(place: Place, context, *, size: float = 1):
    """(place, rng, theta, data): hinge3 at a planted normal point of deviation 0.4, so that cubes of cubes stay moderate."""
    place = replace(place, activation="hinge3")
    rng, model = rng_of(place, context), place.model
    theta, x = rng.normal(0, 0.4, model.n_params), rng.normal(size=(enough_samples(model, 3), model.inputs))
    return place, rng, theta, plant(model, theta, x, size=size, seed=place.replicate)


# ------------------------------------------------------------------------------------------------------------------ lifts


def drawn_lift(place: Place, rng, *, x=None, theta=None, irregular: bool = False) -> Lifting:
    """A random lift of a random rational point, regular unless asked otherwise."""
    theta = rational_point(place.model, rng, edges=True) if theta is None else theta
    x = samples(place.model.inputs, 6, rng) if x is None else x
    return lift(place.model, theta, x, place.after, width=place.width, rng=rng, irregular=irregular)


def planted_lift(place: Place, rng, size, *, irregular: bool = False):
    """A random lift of a planted critical point, and its data."""
    theta = rational_point(place.model, rng, edges=True)
    data = planted(place.model, theta, rng, size=size)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta, irregular=irregular), data


def lifted_minimum(place: Place, rng):
    """A random lift of a planted strict minimum, and its data."""
    theta, data = strict_minimum(place, rng)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data


def zero_weights(place: Place, rng, size, *, inner):
    """A planted critical point with W^[q+1] = 0 and its lift through W' = 0 and What = ``inner`` times [I; 0], inside the piece z < 0."""
    parts = place.model.unpack(rational_point(place.model, rng))
    name = f"W{place.after + 1}"
    parts[name] = parts[name] * 0
    theta = place.model.pack(**parts)
    data = planted(place.model, theta, rng, size=size)
    rows, columns = parts[name].shape
    x = fractions(data[0])
    What = np.eye(place.width, columns, dtype=int) * inner
    bhat = np.full(place.width, -1 - max(abs(features(place.model, theta, x, place.after)).flat) * inner)
    return lift_with(place.model, theta, x, place.after, What, bhat, np.zeros((rows, place.width), dtype=int)), data


def with_constant_neuron(found, bias, outgoing):
    """One more neuron in the new layer, constant at ``bias``, and its outgoing weights (m_(q+1),)."""
    embedding = constant_neuron(found.deep, found.after + 1, Fraction(bias), list(map(Fraction, outgoing)))
    return embedding.wide, embedding(found.theta)


# ------------------------------------------------------------------------------------------------------------ false twins


def with_slopes_of_one(found: Lifting) -> Lifting:
    """As if every piece had slope 1; W' and What stay."""
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces))


def inner_biases_still(found: Lifting) -> np.ndarray:
    """As if the biases of the new layer had no gradient."""
    matrix = found.differential()
    matrix[:, found.deep.unpack(np.arange(found.deep.n_params))[f"b{found.after + 1}"]] *= 0
    return matrix
