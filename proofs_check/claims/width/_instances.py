"""Where the claims about embeddings in width are tested: a network at an exact point, a neuron in it, an alpha, drawn in a cell.

Networks are written (inputs, hidden ..., outputs). Exact ones of two layers use sigma(z) = z / (1 + z^4), which is rational, analytic, no
polynomial, and solves no linear differential equation of second order, so that curvature matrices can have any sign; deeper ones
z / (1 + z^2) and z + max(z, 0)^3, whose values have fewer digits. Planted data have enough samples for every error to be non-zero, and
conditions that fix the rank of B_s and the signature of S_s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.hessian import hessian
from numerics.hessian.neuron_matrices import neuron_matrices, trace
from numerics.planting import NothingToPlant, cotangent_of, plant
from proofs_check import draws
from proofs_check.claims.width._measures import inertia_of
from theory.embedding import compatible, draw_layers
from theory.embedding.affine import Embedding
from theory.embedding.graph import one_step
from theory.embedding.wiring import layers, wiring
from theory.models import FullyConnected

#: Two-layer networks of few parameters, where exact inertia costs milliseconds; two outputs or more let B_s be non-zero.
SHALLOW = ((1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (1, 2, 2), (2, 1, 2), (1, 1, 3), (2, 1, 3))
#: Deeper ones, small enough for exact inertia.
DEEP = ((1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 1), (1, 2, 1, 1), (1, 1, 1, 1, 1))
#: A few of every depth, and any, for identities that need no eigenvalues.
FEW = ((2, 2, 2), (1, 2, 1, 2), (1, 1, 2, 1, 2))
ANY = (*FEW, (2, 2, 1), (1, 2, 2), (2, 3, 2), (3, 2, 3), (1, 1, 2, 1), (2, 2, 2, 1), (1, 2, 1, 2, 1))

#: The fractions at which a split is tested: both ends, the middle, and one of each sign and order.
FRACTIONS = ("0", "1", "1/2", "inside", "above 1", "negative")


def inner(widths, layer):
    """Whether ``layer`` is a hidden one of a network of these widths."""
    return layer < len(widths) - 1


def fraction_of(kind: str, rng: np.random.Generator) -> Fraction:
    """A fraction of that kind (:data:`FRACTIONS`)."""
    match kind:
        case "inside":
            denominator = int(rng.integers(3, 8))
            return Fraction(int(rng.integers(1, denominator)), denominator) if denominator != 4 else Fraction(1, 4)
        case "above 1":
            return 1 + Fraction(int(rng.integers(1, 13)), int(rng.integers(1, 6)))
        case "negative":
            return -Fraction(int(rng.integers(1, 13)), int(rng.integers(1, 6)))
    return Fraction(kind)


def sigma_of(widths: tuple[int, ...]) -> str:
    """The activation of exact networks of these widths."""
    return {3: "ratsig4", 4: "ratsig"}.get(len(widths), "hinge3")


@dataclass(frozen=True)
class Place:
    """A network at an exact point, a neuron in it, an alpha; ``seed`` draws samples and targets.

    Piecewise linear activations are kept off their kinks: weights and samples are multiples of 1/2, the biases of layer l are moved by the
    reciprocal of a prime of its own, and so no pre-activation vanishes.
    """

    widths: tuple[int, ...]
    layer: int
    neuron: int
    alpha: Fraction
    numerators: tuple[int, ...]
    seed: int = 0
    activation: str = "ratsig4"

    @cached_property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)

    @cached_property
    def theta(self) -> np.ndarray:
        theta = rationals([Fraction(k, 2) for k in self.numerators])
        if self.activation in ("relu", "leaky"):
            for (_, biases), prime in zip(layers(self.model), (7, 11, 13, 17, 19), strict=False):
                theta[biases] = theta[biases] + rationals([Fraction(1, prime)])
        return theta

    def samples(self, n: int) -> np.ndarray:
        """``n`` distinct inputs."""
        width, rng, reach = self.widths[0], np.random.default_rng(self.seed), 2
        while (2 * reach + 1) ** width < 2 * n:
            reach += 1
        base = 2 * reach + 1
        numbers = rng.choice(base**width, n, replace=False)
        return rationals([[Fraction(int(k) // base**axis % base - reach, 2) for axis in range(width)] for k in numbers])

    def data(self, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """Samples with arbitrary targets: theta is not critical."""
        rng = np.random.default_rng([self.seed, 1])
        return self.samples(n), rationals([[Fraction(int(k), 2) for k in row] for row in rng.integers(-9, 10, (n, self.widths[-1]))])

    @property
    def enough(self) -> int:
        """More samples than parameters of the network with one output: fewer would leave some errors zero."""
        return FullyConnected((*self.widths[:-1], 1)).n_params + 2

    def planted(self, theta: Any = None, *, extra: int = 0, **more: Any) -> tuple[np.ndarray, np.ndarray]:
        """Data for which theta (its own or another) is an exact critical point of the square loss, of non-zero loss."""
        theta = self.theta if theta is None else theta
        return plant(self.model, theta, self.samples(self.enough + extra), seed=self.seed, **more)

    def matrices(self, data: Any, loss: str = "mse") -> tuple[Any, Any]:
        """B_s and S_s of the neuron."""
        cotangent = cotangent_of(self.model, self.theta, data, loss)
        return neuron_matrices(self.model, self.theta, data[0], cotangent, self.layer, self.neuron)

    def correlation(self, data: Any) -> Any:
        """C_l of the layer."""
        return trace(self.model, self.theta, data[0]).C(self.layer, cotangent_of(self.model, self.theta, data))

    def neuron_of(self) -> tuple[FullyConnected, int, int, Fraction]:
        """(model, layer, neuron, alpha), the arguments of ``split``."""
        return self.model, self.layer, self.neuron, self.alpha

    def at(self, **changes: Any) -> Place:
        """The same with another layer, neuron, alpha, ..."""
        return replace(self, **changes)

    def silenced(self) -> Place:
        """The same with W_s = 0: the neuron sends nothing."""
        numerators = np.array(self.numerators)
        numerators[wiring(self.model, self.layer).outgoing[self.neuron]] = 0
        return self.at(numerators=tuple(numerators.tolist()))


# --------------------------------------------------------------------------------------------------------- drawn in a cell


def place_in(cell: Any, rng: np.random.Generator, **more: Any) -> Place:
    """A place in the cell, whose axes are ``widths`` and any of ``layer``, ``alpha`` (:data:`FRACTIONS`), ``sigma`` and ``points``.

    ``points`` is "generic" (no weight is zero) or "edge" (:func:`proofs_check.draws.parameters`: null, silent and equal neurons, ...).
    """
    widths, layer = cell.widths, cell.get("layer", 1)
    alpha = fraction_of(cell.alpha, rng) if "alpha" in cell else fraction_of(str(rng.choice(FRACTIONS)), rng)
    model = FullyConnected(widths)
    edge = cell.get("points", "generic") == "edge"
    numerators = draws.parameters(rng, model) if edge else draws.nonzero(rng, model.n_params)
    drawn = {"activation": cell.get("sigma") or sigma_of(widths), **more}
    return Place(widths, layer, int(rng.integers(widths[layer])), alpha, tuple(numerators.tolist()), int(rng.integers(2**16)), **drawn)


def some_place(
    widths: tuple[int, ...], rng: np.random.Generator, *, layer: int = 1, alpha: Fraction = Fraction(1, 3), **more: Any
) -> Place:
    """A place at a generic point."""
    numerators, drawn = draws.nonzero(rng, FullyConnected(widths).n_params), {"activation": sigma_of(widths), **more}
    return Place(widths, layer, 0, alpha, tuple(numerators.tolist()), int(rng.integers(2**16)), **drawn)


def critical_in(cell: Any, rng: np.random.Generator) -> tuple[Place, Any]:
    """A planted critical point of the cell with its data, at which the statement has something to say.

    B_s has the rank ``rank`` of the cell (the largest possible one where it names none) and S_s is not zero on its kernel; with an axis
    ``signature`` (negative, zero, positive) that of S_s is as given. Points at which this cannot be planted are drawn again.
    """
    while True:
        place = place_in(cell, rng)
        inputs, most = place.widths[place.layer - 1] + 1, largest_rank(place)
        missing = most - cell.get("rank", most)
        lower = inputs - cell.rank if missing else 0
        extra = lower * place.widths[place.layer + 1] + ("signature" in cell) * inputs * (inputs + 1) // 2
        found, conditions = trace(place.model, place.theta, place.samples(place.enough + extra)), []
        if missing:  # B_s vanishes on a space of dimension d_l - rank
            kernel = rationals(draws.of_rank(rng, inputs, lower, lower))
            rows = found.linear_rows(lambda c, place=place, found=found, kernel=kernel: found.B(place.layer, place.neuron, c) @ kernel)
            conditions.append((rows, rationals([0] * len(rows))))
        if "signature" in cell:
            rows = found.linear_rows(lambda c, place=place, found=found: found.S(place.layer, place.neuron, c))
            basis, signs = rationals(draws.of_rank(rng, inputs, inputs, inputs)), np.repeat([-1, 0, 1], cell.signature)
            conditions.append((rows, (basis.T @ rationals(np.diag(signs)) @ basis).ravel()))
        try:
            data = place.planted(conditions=conditions, extra=extra)
        except NothingToPlant:
            continue
        if _speaks(place, data, cell):
            return place, data


def largest_rank(place: Place) -> int:
    """Of B_s at a critical point with W_s not zero: W_s B_s = 0 there."""
    return min(place.widths[place.layer + 1] - 1, place.widths[place.layer - 1] + 1)


def _speaks(place: Place, data: Any, cell: Any) -> bool:
    B, S = place.matrices(data)
    if rank_rational(B) != cell.get("rank", largest_rank(place)):
        return False
    if "signature" in cell:
        return inertia_of(S) == cell.signature
    kernel = nullspace_rational(B)
    return not kernel or bool((rationals(kernel) @ S @ rationals(kernel).T != 0).any())


def correlated_in(cell: Any, rng: np.random.Generator) -> tuple[Place, Any]:
    """A planted critical point whose C_l has the rank ``rank`` of the cell: errors of layer l + 1 uncorrelated with all but r inputs."""
    while True:
        place = place_in(cell, rng)
        features, outputs = place.widths[place.layer - 1], place.widths[place.layer + 1]
        uncorrelated = features - cell.rank if cell.rank < min(features, outputs) else 0
        extra = uncorrelated * outputs
        found, conditions = trace(place.model, place.theta, place.samples(place.enough + extra)), []
        if uncorrelated:
            free = rationals(draws.of_rank(rng, features, uncorrelated, uncorrelated))
            rows = found.linear_rows(lambda c, place=place, found=found, free=free: found.C(place.layer, c)[:, :-1] @ free)
            conditions.append((rows, rationals([0] * len(rows))))
        try:
            data = place.planted(conditions=conditions, extra=extra)
        except NothingToPlant:
            continue
        if rank_rational(place.correlation(data)) == cell.rank:
            return place, data


# --------------------------------------------------------------------------------------------------- minima and embeddings


def minimum_at(
    place: Place, rows: Any = (), values: Any = (), *, extra: int = 0, sizes: tuple[int, ...] = (1, 3, 5)
) -> tuple[Any, tuple] | None:
    """Data for which the place is a planted minimum (H >= 0) under further ``rows``, and the exact inertia; None where none was met.

    The residual is reduced, as the smaller it is, the nearer the Hessian comes to J^T J; ``values`` are in its units.
    """
    for size in (Fraction(1, 10**k) for k in sizes):
        conditions = [(row, rationals(value) * rationals([size])[0]) for row, value in zip(rows, values, strict=True)]
        try:
            data = place.planted(size=size, conditions=conditions, extra=extra)
        except NothingToPlant:
            return None
        counts = inertia_of(hessian(place.model, place.theta, data))
        if counts[0] == 0:
            return data, counts
    return None


def definite_minimum(widths: tuple[int, ...], sign: int, rng: np.random.Generator, layer: int = 1) -> tuple[Place, Any]:
    """A planted strict minimum with S_s = sign * c I for the first neuron of ``layer``, and its data.

    sigma(z) = z / (1 + z^4) at every depth: with z / (1 + z^2) no S_s is definite.
    """
    inputs = widths[layer - 1] + 1
    extra = inputs * (inputs + 1) // 2
    while True:
        place = some_place(widths, rng, layer=layer, activation="ratsig4")
        found = trace(place.model, place.theta, place.samples(place.enough + extra))
        rows = found.linear_rows(lambda cotangent, found=found: found.S(layer, 0, cotangent))
        met = minimum_at(place, [rows], [(sign * np.eye(inputs, dtype=int)).ravel()], extra=extra)
        if met is not None and met[1] == (0, 0, place.model.n_params):
            return place, met[0]


def split_or_null(model: FullyConnected, layer: int, rng: np.random.Generator) -> Embedding:
    """A one-step embedding at random: a split of any neuron of ``layer``, or a null neuron."""
    number = fraction_of(str(rng.choice(FRACTIONS)), rng)
    neuron = int(rng.integers(wiring(model, layer).width))
    return one_step(model, ("null", layer, number) if rng.random() < 0.4 else ("split", layer, neuron, number))


def drawn_compatible(place: Place, *, nulls: float = 0.4) -> Embedding:
    """Copies and null neurons in random places, with random coefficients that satisfy all conditions."""
    rng, sources = np.random.default_rng([place.seed, 2]), []
    for width in place.widths[1:-1]:
        extra = [None if rng.random() < nulls else int(rng.integers(width)) for _ in range(rng.integers(1, 3))]
        source = [*range(width), *extra]
        sources.append([source[k] for k in rng.permutation(len(source))])
    return compatible(place.model, draw_layers(place.model, sources, rng))


# ---------------------------------------------------------------------------------------------------------------- in floats


def planted_in_floats(widths, rng, *, times=2, extra=0, deviations=(1.2, 1.3), activation="tanh", **more):
    """(model, theta, data): a normal point, ``times`` P + ``extra`` normal inputs, and targets for which it is critical."""
    model = FullyConnected(widths, activation)
    theta = rng.normal(0, deviations[0], model.n_params)
    x = rng.normal(0, deviations[1], (times * model.n_params + extra, widths[0]))
    return model, theta, plant(model, theta, x, seed=int(rng.integers(2**31)), **more)


def in_floats(widths, rng, *, samples=8, activation="tanh"):
    """(model, theta, data): a normal point of deviation 1.2 that is not critical."""
    model = FullyConnected(widths, activation)
    return model, rng.normal(0, 1.2, model.n_params), (rng.normal(0, 1.3, (samples, widths[0])), rng.normal(size=(samples, widths[-1])))
