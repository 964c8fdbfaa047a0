"""Points and embeddings that the claims in width draw by a generator: places, minima with prescribed curvature, floats."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.claims.width._measures import inertia_of
from proofs_check.claims.width._places import Place
from theory.embedding.affine import Embedding
from theory.embedding.wiring import wiring
from theory.models import FullyConnected


def some_place(
    widths: tuple[int, ...], rng: np.random.Generator, *, layer: int = 1, alpha: Fraction = Fraction(1, 3), **more: Any
) -> Place:
    """One :class:`Place` by a generator, where hypothesis is not needed."""
    size = FullyConnected(widths).n_params
    numerators = rng.integers(1, 5, size) * rng.choice([-1, 1], size)
    return Place(widths, layer, 0, alpha, tuple(map(int, numerators)), int(rng.integers(2**16)), **more)


def split_or_null(model: FullyConnected, layer: int, rng: np.random.Generator) -> Embedding:
    """A one-step embedding at random: a split of any neuron of ``layer``, or a null neuron."""
    from theory.embedding.graph import one_step

    number = Fraction(int(rng.integers(-5, 6)), 3)
    neuron = int(rng.integers(wiring(model, layer).width))
    return one_step(model, ("null", layer, number) if rng.random() < 0.4 else ("split", layer, neuron, number))


def drawn_compatible(place: Place) -> Embedding:
    """Copies and null neurons in random places, with random coefficients that satisfy all conditions."""
    from theory.embedding.compatible import compatible, draw_layers

    rng, sources = np.random.default_rng([place.seed, 2]), []
    for width in place.widths[1:-1]:
        extra = [None if rng.random() < 0.4 else int(rng.integers(width)) for _ in range(rng.integers(1, 3))]
        source = [*range(width), *extra]
        sources.append([source[k] for k in rng.permutation(len(source))])
    return compatible(place.model, draw_layers(place.model, sources, rng))


def definite_minimum(widths: tuple[int, ...], sign: int, rng: np.random.Generator) -> tuple[Place, Any, tuple[int, int, int]]:
    """A planted strict minimum with S_s = sign * c I of the first neuron, its data and its exact inertia.

    The smaller c, hence the residual, the nearer the Hessian comes to J^T J; points where that is singular are drawn again.
    """
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import hessian
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import NothingToPlant

    inputs = widths[0] + 1
    extra = inputs * (inputs + 1) // 2
    while True:
        place = some_place(widths, rng)
        found = trace(place.model, place.theta, place.samples(place.enough + extra))
        rows = found.linear_rows(lambda cotangent, found=found: found.S(1, 0, cotangent))
        for size in (Fraction(1, 10**k) for k in (1, 3, 5)):
            values = rationals((np.eye(inputs, dtype=int) * (sign * size)).ravel())
            try:
                data = place.planted(size=size, conditions=[(rows, values)], extra=extra)
            except NothingToPlant:
                break
            counts = inertia_of(hessian(place.model, place.theta, data))
            if counts == (0, 0, place.model.n_params):
                return place, data, counts


def planted_in_floats(widths, replicate, context, *, times=2, extra=0, deviations=(1.0, 1.0), activation="tanh", **more):
    """(rng, model, theta, data): a normal point, ``times`` P + ``extra`` normal inputs, and targets for which it is critical."""
    from numerics.planting import plant

    rng, model = context.rng(replicate), FullyConnected(widths, activation)
    theta = rng.normal(0, deviations[0], model.n_params)
    x = rng.normal(0, deviations[1], (times * model.n_params + extra, widths[0]))
    return rng, model, theta, plant(model, theta, x, seed=replicate, **more)


def float_points(context):
    """(widths, alpha, replicate) of tanh networks of two and three layers."""
    shapes = [(1, 2, 1), (2, 2, 2), (2, 3, 2), (1, 2, 2, 1), (2, 2, 2, 2)]
    count = context.by_level(quick=3, standard=30, full=200)
    return [(widths, Fraction(5 * k % 23 - 9, 4), k) for k, widths in enumerate(shapes * count)]


def at_float_point(instance, context):
    """(model, theta, data): a normal point of deviation 1.2 that is not critical, eight samples."""
    widths, _, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    return model, rng.normal(0, 1.2, model.n_params), (rng.normal(0, 1.3, (8, widths[0])), rng.normal(size=(8, widths[-1])))
