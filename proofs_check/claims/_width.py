"""Instances that the claims about embeddings in width share: networks at points, a neuron in them, an alpha; planted critical points.

Nothing here judges a claim. Networks are written (inputs, hidden ..., outputs); exact ones use sigma(z) = z / (1 + z^4), which is rational,
analytic, no polynomial, and solves no linear differential equation of second order (so that curvature matrices can have any sign).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from proofs_check import Assumption, Check, Outcome
from theory.embedding import null, split
from theory.embedding.onestep import unchecked_copies
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

NEURIPS, JML = "arXiv:2105.14573v3", "arXiv:2111.15527v1"

FLOAT_INERTIA = "eigenvalues within 64 P eps |lambda|_max are zero; those within a thousand times that are decided in balls"

ONE_OUTPUT = Assumption("one output", r"m_{l+1} = 1,\ W_{\cdot s} \ne 0")
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")

#: Two-layer networks of few parameters, where exact inertia costs milliseconds; two outputs or more let B_s be non-zero.
SHALLOW = ((1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 1), (1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2), (1, 1, 3), (2, 1, 3))
#: Deeper ones, small enough for exact inertia.
DEEP = ((1, 1, 1, 1), (1, 1, 1, 2))
#: Any, for identities that need no eigenvalues.
ANY = (*SHALLOW, *DEEP, (2, 3, 2), (3, 2, 3), (1, 1, 2, 1), (1, 2, 1, 2), (2, 2, 2, 1), (1, 2, 1, 2, 1), (1, 1, 2, 1, 2))

DISTRIBUTION = "widths from a list, weights +-1/2 .. +-2, distinct inputs k/2, |k| <= 15, alpha = p/q with |p| <= 18, q <= 6, or 0, 1, 1/2"
PLANTED = DISTRIBUTION + "; targets for which theta is critical: a short vector of ker J^T as residual, l1 norm 1"


@dataclass(frozen=True)
class Place:
    """A network at an exact point, a neuron in it, an alpha; ``seed`` draws samples and targets."""

    widths: tuple[int, ...]
    layer: int
    neuron: int
    alpha: Fraction
    numerators: tuple[int, ...]
    seed: int = 0
    activation: str = "ratsig4"
    off_kinks: bool = False

    @cached_property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)

    @cached_property
    def theta(self) -> np.ndarray:
        from numerics.exact import rationals

        theta = rationals([Fraction(k, 2) for k in self.numerators])
        if self.off_kinks:  # samples and weights are multiples of 1/2, so that a bias shifted by 1/7 keeps every sample off 0
            biases = wiring(self.model, 1).incoming[:, -1]
            theta[biases] = theta[biases] + rationals([Fraction(1, 7)])
        return theta

    def samples(self, n: int) -> np.ndarray:
        """``n`` distinct inputs."""
        from numerics.exact import rationals

        width, rng = self.widths[0], np.random.default_rng(self.seed)
        numbers = rng.choice(31**width, n, replace=False)
        return rationals([[Fraction(int(k) // 31**axis % 31 - 15, 2) for axis in range(width)] for k in numbers])

    def data(self, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """Samples with arbitrary targets: theta is not critical."""
        from numerics.exact import rationals

        rng = np.random.default_rng([self.seed, 1])
        return self.samples(n), rationals([[Fraction(int(k), 2) for k in row] for row in rng.integers(-9, 10, (n, self.widths[-1]))])

    @property
    def enough(self) -> int:
        """Samples with more outputs than parameters."""
        return self.model.n_params // self.widths[-1] + 2

    def planted(self, *, size: Fraction = Fraction(1), conditions: Any = (), extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Data for which theta is an exact critical point of the square loss, of non-zero loss."""
        from numerics.planting import plant

        return plant(self.model, self.theta, self.samples(self.enough + extra), size=size, seed=self.seed, conditions=conditions)

    def neuron_of(self) -> tuple[FullyConnected, int, int, Fraction]:
        """(model, layer, neuron, alpha), the arguments of ``split``."""
        return self.model, self.layer, self.neuron, self.alpha

    def at(self, **changes: Any) -> Place:
        """The same with another layer, neuron, alpha, ..."""
        return replace(self, **changes)


def places(shapes=ANY, *, alphas: Any = None):
    """A hypothesis strategy of :class:`Place` over the given widths."""
    from hypothesis import strategies as st

    @st.composite
    def place(draw):
        widths = draw(st.sampled_from(shapes))
        layer = draw(st.integers(1, len(widths) - 2))
        neuron = draw(st.integers(0, widths[layer] - 1))
        alpha = draw(
            st.sampled_from([Fraction(1, 3), Fraction(0), Fraction(1), Fraction(1, 2)]) | fractions() if alphas is None else alphas
        )
        size = FullyConnected(widths).n_params
        numerators = draw(st.lists(st.sampled_from((1, -1, 2, -2, 3, -3, 4, -4)), min_size=size, max_size=size))
        return Place(widths, layer, neuron, alpha, tuple(numerators), draw(st.integers(0, 2**16)))

    def fractions():
        return st.builds(Fraction, st.integers(-18, 18), st.integers(1, 6))

    return place()


def some_place(
    widths: tuple[int, ...], rng: np.random.Generator, *, layer: int = 1, alpha: Fraction = Fraction(1, 3), **more: Any
) -> Place:
    """One :class:`Place` by a generator, where hypothesis is not needed."""
    size = FullyConnected(widths).n_params
    numerators = rng.integers(1, 5, size) * rng.choice([-1, 1], size)
    return Place(widths, layer, 0, alpha, tuple(map(int, numerators)), int(rng.integers(2**16)), **more)


def agree(place: Any, /, **pairs: tuple[Any, Any]) -> Outcome:
    """Holds when the two values of every pair (expected, observed) are equal, entry by entry, without tolerance."""
    for name, (expected, observed) in pairs.items():
        if not same(expected, observed):
            message = f"{name.replace('_', ' ')}: expected {brief(expected)}, observed {brief(observed)}"
            return Outcome.fails(message, counterexample={"instance": place, "what": name, "expected": expected, "observed": observed})
    return Outcome.holds(len(pairs))


def same(expected: Any, observed: Any) -> bool:
    """Equality of values or of arrays."""
    if isinstance(expected, np.ndarray) or isinstance(observed, np.ndarray):
        return np.shape(expected) == np.shape(observed) and bool(np.all(np.asarray(expected == observed)))
    return expected == observed


def brief(value: Any) -> str:
    """A value for one line of a message."""
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else text[:97] + "..."


def within(place: Any, observed: Any, tolerance: Any, what: str) -> Outcome:
    """Holds when |observed| <= tolerance entry by entry; the margin is the smallest slack in units of the tolerance."""
    ratio = float(np.max(np.abs(observed) / tolerance))
    if ratio <= 1:
        return Outcome.holds(margin=1 - ratio)
    message = f"{what}: {ratio:.3g} times the tolerance"
    return Outcome.fails(message, margin=1 - ratio, counterexample={"instance": place, "what": what, "observed": observed})


def in_arithmetic_of(theta: np.ndarray, value: Fraction) -> Any:
    """A Fraction as a number of the kind that ``theta`` holds."""
    like = theta.flat[0]
    return (0 * like + value.numerator) / value.denominator


def as_floats(values: np.ndarray) -> np.ndarray:
    """An array of rationals in double precision."""
    from numerics.exact import fraction, rationals

    return np.frompyfunc(lambda entry: float(fraction(entry)), 1, 1)(rationals(values)).astype(float)


def characteristic(matrix: np.ndarray) -> Any:
    """The characteristic polynomial of a rational matrix."""
    from flint import fmpq_mat

    return fmpq_mat(*matrix.shape, list(matrix.ravel())).charpoly()


def incoming(place: Place) -> np.ndarray:
    """Indices of the neuron's weights and, last, its bias."""
    return wiring(place.model, place.layer).incoming[place.neuron]


def half_scales(model: FullyConnected, layer: int, neuron: int) -> np.ndarray:
    """Sigma: 1/2 on the neuron's incoming parameters, 2 on its outgoing weights, 1 elsewhere; rationals."""
    from numerics.exact import rationals

    scales, lines = rationals(np.ones(model.n_params, dtype=int)), wiring(model, layer)
    scales[lines.incoming[neuron]] = rationals([Fraction(1, 2)])
    scales[lines.outgoing[neuron]] = rationals([2])
    return scales


def definite_minimum(widths: tuple[int, ...], sign: int, rng: np.random.Generator) -> tuple[Place, Any, tuple[int, int, int]]:
    """A planted strict minimum with S_s = sign * c I of the first neuron, its data and its exact inertia.

    The smaller c, hence the residual, the nearer the Hessian comes to J^T J; points where that is singular are drawn again.
    """
    from numerics.exact import rationals
    from numerics.hessian import hessian
    from numerics.inertia import exact_inertia
    from numerics.layers import trace
    from numerics.planting import NothingToPlant

    inputs = widths[0] + 1
    extra = inputs * (inputs + 1) // 2
    while True:
        place = some_place(widths, rng)
        found = trace(place.model, place.theta, place.samples(place.enough + extra))
        rows = found.linear_rows(lambda cotangent, found=found: found.S(1, 0, cotangent))
        for scale in (Fraction(1, 10**k) for k in (1, 3, 5)):
            values = rationals((np.eye(inputs, dtype=int) * (sign * scale)).ravel())
            try:
                data = place.planted(size=scale, conditions=[(rows, values)], extra=extra)
            except NothingToPlant:
                break
            counts = exact_inertia(hessian(place.model, place.theta, data)).counts
            if counts == (0, 0, place.model.n_params):
                return place, data, counts


def planted_at(place: Place, theta: np.ndarray) -> Any:
    """Data for which another exact ``theta`` of the same network is critical."""
    from numerics.planting import plant

    return plant(place.model, theta, place.samples(place.enough), seed=place.seed)


def planted_minimum(widths: tuple[int, ...], rng: np.random.Generator) -> tuple[Place, Any]:
    """A planted critical point with positive definite Hessian and S_s = c I, c > 0, of the first neuron (hence H2 != 0)."""
    if widths[-1] == 1:
        place, data, _ = definite_minimum(widths, 1, rng)
        return place, data
    from numerics.hessian import hessian
    from numerics.inertia import exact_inertia

    while True:
        place = some_place(widths, rng)
        for size in (Fraction(1, 10**k) for k in (1, 2, 3, 4)):
            data = place.planted(size=size)
            if exact_inertia(hessian(place.model, place.theta, data)).negative == 0:
                return place, data


def identity_of(model: Any) -> Any:
    """The embedding of a network into itself."""
    from theory.embedding import embed_along

    return embed_along(model, [])


def vanishing_zero(rng: np.random.Generator) -> tuple[Place, Any, np.ndarray]:
    """[1, 1, 3] with H v = 0 for a v that moves the outputs, and a new neuron (3/7, 1/2) critical: the place, the data and v.

    H v = 2/n J^T J v + sum c_i Hess f_i v: linear in the cotangent c once theta, the inputs and v are fixed.
    """
    from numerics.exact import nullspace_rational, rationals
    from numerics.layers import trace
    from numerics.planting import curvature_rows
    from numerics.tape import tangents

    place, samples = some_place((1, 1, 3), rng), 10
    x = place.samples(samples)
    jacobian = tangents(place.model, place.theta, x)[1].reshape(-1, place.model.n_params)
    metric, lines = jacobian.T @ jacobian, wiring(place.model, 1)
    # H^(2) v has no part along the output biases and, at a critical point, none along W: J^T J v must not have one either.
    forms = np.concatenate([metric[lines.next_bias], [place.theta[lines.outgoing[0]] @ metric[lines.outgoing[0]]]])
    kernel = nullspace_rational(forms)
    direction = sum(k * rationals(vector) for k, vector in enumerate(kernel, start=1))
    bending = curvature_rows(place.model, place.theta, x, direction)
    wide = with_incoming_weights(place.model, 1, Fraction(1, 2))
    found = trace(wide.wide, wide(place.theta), x)
    moments = found.linear_rows(lambda cotangent: cotangent.T @ found.features[1][:, -1])
    conditions = [(bending, -(jacobian.T @ (jacobian @ direction)) * 2 / samples), (moments, rationals([0] * len(moments)))]
    return place, place.planted(conditions=conditions, extra=samples - place.enough), direction


def flat_point(conditions: tuple[str, ...], rng: np.random.Generator) -> tuple[Place, Any, tuple[int, int, int]]:
    """[2, 2, 1], a strict minimum of positive loss with S_s = 0 for all s ("S") and E[e x^T] = 0 ("C") imposed; with its inertia."""
    from numerics.exact import rationals
    from numerics.hessian import hessian
    from numerics.inertia import exact_inertia
    from numerics.layers import trace

    while True:
        place = some_place((2, 2, 1), rng)
        found = trace(place.model, place.theta, place.samples(26))
        forms = [lambda c, s=s, found=found: found.S(1, s, c) for s in range(2)] if "S" in conditions else []
        forms += [lambda c, found=found: found.C(1, c)] if "C" in conditions else []
        rows = [found.linear_rows(form) for form in forms]
        for size in (Fraction(1, 10**k) for k in (1, 3, 5)):
            imposed = [(row, rationals([0] * len(row))) for row in rows]
            data = place.planted(size=size, conditions=imposed, extra=26 - place.enough)
            counts = exact_inertia(hessian(place.model, place.theta, data)).counts
            if counts == (0, 0, 9):
                return place, data, counts


def one_step_inertias(place: Place, data: Any) -> dict[str, tuple[int, int, int]]:
    """Exact inertia at every split (four alphas) and at two null neurons."""
    from numerics.hessian import hessian
    from numerics.inertia import exact_inertia

    steps = {f"split {s} {alpha}": split(place.model, 1, s, alpha) for s in range(2) for alpha in map(Fraction, ("1/2", "-1", "2", "0"))}
    steps |= {f"null {bias}": null(place.model, 1, bias) for bias in (Fraction(0), Fraction(1, 2))}
    return {name: exact_inertia(hessian(step.wide, step(place.theta), data)).counts for name, step in steps.items()}


def null_chain(conditions: tuple[str, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """[2, 2, 2, 2, 2] in floats: single null neurons uncorrelated ("single"), and E[e^[3] x^T] = 0 besides ("chain").

    The spectra of the Hessian, before and after two null neurons, in layers 1 and 2, with a link 3/2 between them are put in.
    """
    from numerics.hessian import hessian
    from numerics.layers import trace
    from numerics.planting import plant
    from theory.embedding import compatible
    from theory.embedding.compatible import Layer

    model = FullyConnected((2, 2, 2, 2, 2))
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(150, 2))
    found = trace(model, theta, x)
    forms = [lambda c, l=l: found.C(l, c) for l in (1, 2, 3)]
    forms += [lambda c, l=l, s=s: found.B(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c, l=l, s=s: found.S(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c: found.correlation(3, 0, c)] if "chain" in conditions else []
    rows = np.concatenate([found.linear_rows(form) for form in forms])
    data = plant(model, theta, x, size=0.05, seed=int(rng.integers(2**16)), conditions=[(rows, np.zeros(len(rows)))])
    one, none = Fraction(1), np.zeros(3, dtype=object)
    plain = np.array([[one, one, 0], [one, one, 0], [0, 0, 0]], dtype=object)
    linked = plain.copy()
    linked[2, 2] = Fraction(3, 2)
    constant = Fraction(float(np.tanh(0.5)))
    first = Layer((0, 1, None), np.array([[one, one], [one, one], [0, 0]], dtype=object), np.array([0, 0, Fraction(1, 2)], dtype=object))
    second = Layer((0, 1, None), linked, np.array([0, 0, Fraction(1, 2) - Fraction(3, 2) * constant], dtype=object))
    third = Layer((0, 1), plain[:2], none[:2])
    embedding = compatible(model, [first, second, third, Layer((0, 1), plain[:2, :2], none[:2])])
    return tuple(np.linalg.eigvalsh(hessian(*point, data)) for point in ((model, theta), (embedding.wide, embedding(theta))))


def activation_named(name: str) -> Any:
    """An activation by name, the Gaussian density among them."""
    from functools import partial

    from theory.activations import SmoothActivation, activation
    from theory.elementary import elementary

    if name != "gaussian":
        return activation(name)
    density = partial(elementary, "normal_density")
    return SmoothActivation("gaussian", (density,), lambda z, v: (-z * v[0],), lambda z, v: v[0])


# ------------------------------------------------------------------------------------------------ checks, in short

BACKWARD = "64 (P + n) eps times the largest product of weights and inputs along a path through the network"


def exactly(name, run, build_instances, parameters, controls, *, scope, examples=15, distribution=PLANTED, **more):
    """An exact check on drawn or listed instances."""
    counts = {"quick": examples, "standard": 8 * examples, "full": 40 * examples}
    return Check(
        name,
        evidence="exact",
        covers="instances",
        scope=scope,
        run=run,
        instances=build_instances,
        distribution=distribution,
        parameters=parameters,
        controls=controls,
        examples=counts,
        **more,
    )


def in_floats(name, run, build_instances, parameters, controls, *, scope, tolerance=BACKWARD, examples=15, **more):
    """The same in floats, within a derived tolerance."""
    counts = {"quick": examples, "standard": 8 * examples, "full": 40 * examples}
    return Check(
        name,
        evidence="property",
        covers="instances",
        scope=scope,
        run=run,
        instances=build_instances,
        distribution="normal weights and inputs from the check's seed",
        tolerance=tolerance,
        parameters=parameters,
        controls=controls,
        examples=counts,
        **more,
    )


def matrices(place: Place, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """B_s and S_s at the place."""
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    cotangent = cotangent_of(place.model, place.theta, data)
    return neuron_matrices(place.model, place.theta, data[0], cotangent, place.layer, place.neuron)


def inertia_of(matrix: np.ndarray) -> tuple[int, int, int]:
    """Exact (n_-, n_0, n_+) of a rational matrix."""
    from numerics.inertia import exact_inertia

    return exact_inertia(matrix).counts


# ------------------------------------------------------------------------------------------ false twins of the split


def duplicate(model, layer, neuron, alpha):
    """Both copies keep all of the outgoing weights."""
    return unchecked_copies(model, layer, neuron, (Fraction(1), Fraction(1)))


def sum_not_one(model, layer, neuron, alpha):
    """Outgoing fractions alpha and alpha, whatever they add up to (2/3 in place of 1/2)."""
    alpha = Fraction(2, 3) if 2 * alpha == 1 else alpha
    return unchecked_copies(model, layer, neuron, (alpha, alpha))


def without_bias(model, layer, neuron, alpha):
    """The copy does not get the neuron's bias."""
    return _input_changed(model, layer, neuron, alpha, -1, Fraction(0))


def perturbed_input(model, layer, neuron, alpha):
    """The copy's first weight is off by one per cent."""
    return _input_changed(model, layer, neuron, 1 if alpha == 0 else alpha, 0, Fraction(101, 100))


def _input_changed(model, layer, neuron, alpha, place, factor):
    embedding = split(model, layer, neuron, alpha or Fraction(1, 3))
    new, old = wiring(embedding.wide, layer), wiring(model, layer)
    return embedding.with_matrix({(int(new.incoming[-1, place]), int(old.incoming[neuron, place])): factor})


def alpha_by_target(model, layer, neuron, alpha):
    """Another alpha for every neuron of the next layer: alpha, alpha + 1, ..."""
    embedding = split(model, layer, neuron, alpha)
    new, old = wiring(embedding.wide, layer), wiring(model, layer)
    changes = {}
    for t, weight in enumerate(old.outgoing[neuron]):
        changes[int(new.outgoing[neuron, t]), int(weight)] = 1 - alpha - t
        changes[int(new.outgoing[-1, t]), int(weight)] = alpha + t
    return embedding.with_matrix(changes)


def multipliers_unshared(model, layer, neuron, alpha):
    """The gradient map with multipliers (1, alpha) in place of (1 - alpha, alpha)."""
    embedding = split(model, layer, neuron, alpha)
    old, new = wiring(model, layer), wiring(embedding.wide, layer)
    changes = {(int(i), int(j)): Fraction(1) for i, j in zip(new.incoming[neuron], old.incoming[neuron], strict=True)}
    return embedding.with_gradient_map(changes if alpha else {place: Fraction(1, 2) for place in changes})


def roles_swapped(model, layer, neuron, alpha):
    """The gradient map with the roles of incoming and outgoing weights exchanged."""
    embedding = split(model, layer, neuron, alpha)
    old, new = wiring(model, layer), wiring(embedding.wide, layer)
    changes = {}
    for row, factor in ((neuron, 1 - alpha), (new.width - 1, alpha)):
        changes |= {(int(i), int(j)): Fraction(1) for i, j in zip(new.incoming[row], old.incoming[neuron], strict=True)}
        changes |= {(int(i), int(j)): factor for i, j in zip(new.outgoing[row], old.outgoing[neuron], strict=True)}
    return embedding.with_gradient_map(changes)


# ------------------------------------------------------------------------------------------- false twins of the null


def with_incoming_weights(model, layer, bias):
    """A new neuron with arbitrary incoming weights and zero outgoing ones."""
    return _offset(null(model, layer, bias), layer, "incoming", Fraction(3, 7))


def with_outgoing_weights(model, layer, bias):
    """A constant neuron with non-zero outgoing weights, compensated in the next bias."""
    embedding = null(model, layer, bias)
    from theory.embedding.onestep import sigma_at

    constant = sigma_at(model.activation, bias)
    places = wiring(embedding.wide, layer)
    changed = {**embedding.offset}
    for t, (weight, shift) in enumerate(zip(places.outgoing[-1], places.next_bias, strict=True)):
        value = Fraction(2 + t, 3)
        changed |= {int(weight): value, int(shift): -value * constant}
    return replace(embedding, offset=changed)


def _offset(embedding, layer, which, value):
    lines = getattr(wiring(embedding.wide, layer), which)[-1]
    lines = lines[:-1] if which == "incoming" else lines
    return replace(embedding, offset={**embedding.offset, **{int(k): value for k in lines}})
