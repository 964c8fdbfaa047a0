r"""A neuron that is constant on the data, at a point where sigma is curved: through it a local minimum becomes a strict saddle.

The neuron has no incoming weights, so that it is affine on the data; but its bias lies in no open affine piece, and what bends there meets
the residuals: the Hessian gains sigma''(bhat) E[(v . e) f f^T].
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient, gradient_and_hessian, hessian
from numerics.hessian.inertias import exact_inertia
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of, plant
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import bounded, equal, worst
from theory.activations import PiecewiseActivation
from theory.embedding.blocks import plus
from theory.lifting import lift

from . import LIFTING
from ._measures import fractions, inertia_counts
from ._places import BIASES, CRITICAL, REGULAR, SMALL, Place
from ._points import drawn_lift, lifted_minimum, planted, rational_point, with_constant_neuron, zero_weights

CONSTANT = claim(
    "depth.localmin-to-strict-saddle.constant-neuron",
    "With a neuron that is constant at a curved point a local minimum becomes a strict saddle",
    r"\hat W_j = 0,\ v = W'_{\cdot j}:\quad H_{\text{deep}} \cong H \oplus 0 \oplus \sigma''(\hat b_j)\, E[(v \cdot e^{[q+1]}) f^{[q]} "
    r"f^{[q]T}];\quad \text{a strict saddle for } v \text{ or } -v",
    clauses={
        "critical": r"\text{the point is critical for every } v \text{ and } \hat b_j",
        "inertia": r"H_{\text{deep}} \cong H \oplus 0 \oplus \sigma''(\hat b_j)\, E[(v \cdot e^{[q+1]}) f^{[q]} f^{[q]T}]",
        "saddle": r"\text{a local minimum becomes a strict saddle for } v \text{ or } -v",
    },
    symbols=[r"\hat W,\hat b", "W',b'", "v", "H", r"\sigma", "E", "e^{[q+1]}", "f^{[q]}"],
    assumptions=[
        CRITICAL,
        REGULAR,
        Assumption("curved", r"\sigma''(\hat b_j) \neq 0"),
        Assumption("correlated", r"E[(v \cdot e^{[q+1]}) f^{[q]} f^{[q]T}] \neq 0"),
        replace(BIASES, unprobed="without them there is no b' to take up its constant, and E e, by which bhat moves R, need not vanish"),
        Assumption("room", r"\hat m \ge \operatorname{rank} W^{[q+1]} + 1", unprobed="without a neuron to spare there is no such point"),
    ],
    source=LIFTING.at("a true variant of the sentence of the abstracts v1 to v3; derived here"),
    depends_on=["depth.lifting.inertia"],
    refuted_by="A point with another inertia, or one where neither sign of v gives a negative eigenvalue.",
    notes="The neuron is linear on the data trivially, being constant; but its bias lies in no open affine piece. Regular "
    "means the lift beside the "
    "neuron: with W' = What = 0 the inertia is another, since there the shallow Hessian is not seen as it is.",
)

#: Linear for z < 0 as hinge3, but with a curvature that is negative beyond.
BENT = PiecewiseActivation("z - max(z, 0)**3", (0,), ((0, 1), (0, 1, 0, -1)))

PLACES = axes(
    widths=by_level(((2, 2, 1), (1, 2, 2)), ((2, 2, 1), (1, 2, 2), (1, 2, 2, 1))),
    sigma=("hinge3", BENT),
    after=(0, 1, 2),
    width=("narrow", "wide"),
    bias=by_level(("1/2", "2"), ("1/2", "1", "2")),
    where=lambda widths, after: after < len(widths) - 1,
    standard=2,
    full=10,
)


def place_in(cell, rng):
    """Where the layer is inserted: as wide as the smaller neighbour, or one wider than the larger one."""
    low, high = sorted(cell.widths[cell.after : cell.after + 2])
    return Place(cell.widths, cell.sigma, cell.after, low if cell.width == "narrow" else high + 1, int(rng.integers(2**31)))


def correlation_block(found, data, outer):
    """E[(v . e^[q+1]) f^[q] f^[q]T] at the shallow point."""
    seen = trace(found.shallow, rationals(found.shallow_theta), rationals(found.x))
    errors = seen.error(found.after + 1, cotangent_of(found.shallow, found.shallow_theta, data)) @ rationals(outer)
    features = seen.features[found.after]
    return (features * errors[:, None]).T @ features


def correlated_signs(found, data, rng):
    """Signs v with a block that does not vanish, where there are any: outputs with equal errors cancel under opposite signs."""
    signs = rng.permutation(list(product([-1, 1], repeat=found.parts[2].shape[0]))) * Fraction(1)
    return next((v for v in signs if correlation_block(found, data, v).any()), signs[0])


def curvature_of(activation, bias):
    return activation.jet(rationals([bias]), 2)[2][0]


def uncorrelated_minimum(place, rng):
    """A lift of a planted point with E[e_t f f^T] = 0 for all t."""
    theta = rational_point(place.model, rng)

    def rows(x):
        seen = trace(place.model, theta, x)
        features = seen.features[place.after]
        products = (features[:, :, None] * features[:, None, :]).reshape(len(x), -1)
        return [seen.linear_rows(lambda c: seen.error(place.after + 1, c).T @ products)]

    extra = 2 + place.model.widths[place.after] ** 2 * place.model.widths[place.after + 1]
    data = planted(place.model, theta, rng, size=SMALL, conditions=rows, extra=extra)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data


def irregular_point(place, rng):
    """A critical point with W^[q+1] = 0, lifted through W' = What = 0."""
    return zero_weights(place, rng, Fraction(1), inner=0)


def off_critical(place, rng):
    """A lifted minimum with other targets."""
    found, (x, y) = lifted_minimum(place, rng)
    return found, (x, y + rng.integers(1, 4, y.shape))


@CONSTANT.check("exact", place_in, PLACES, clauses=("critical", "inertia", "saddle"), distribution="planted strict minima, regular lifts")
@false("opposite sign", block_of=lambda curvature, block: -curvature * block)
@false("no curvature", block_of=lambda curvature, block: 0 * block)
@false("the sign of the curvature forgotten", block_of=lambda curvature, block: abs(curvature) * block)
def inertia(cell, place, *, block_of=lambda curvature, block: curvature * block, at=None, point=lifted_minimum, context):
    """Exact inertia for v and -v: the shallow one, zeros, the block of the constant neuron; one of the two is a strict saddle."""
    rng, bias = context.rng(place), Fraction(cell.bias if at is None else at)
    found, data = point(place, rng)
    before = inertia_counts(found.shallow, found.shallow_theta, data)
    outer, negative, outcomes = correlated_signs(found, data, rng), [], []
    for v in (outer, -outer):
        deep, theta = with_constant_neuron(found, bias, v)
        slope, _ = gradient_and_hessian(deep, theta, data)  # the Hessian is counted below
        block = block_of(curvature_of(deep.activation, bias), correlation_block(found, data, v))
        flat = deep.n_params - found.shallow.n_params - len(block)
        expected, observed = plus(before, (0, flat, 0), exact_inertia(block).counts), inertia_counts(deep, theta, data)
        outcomes.append(equal(gradient=(0 * slope, slope), inertia=(expected, observed), shown={"place": place, "v": v, "shallow": before}))
        negative.append(observed[0] - before[0])
    return worst([*outcomes, equal(a_saddle=(True, max(negative) >= 1), shown={"place": place})])


CONSTANT.without("curved", inertia, at="-1")
CONSTANT.without("correlated", inertia, point=uncorrelated_minimum)
CONSTANT.without("regular", inertia, point=irregular_point)
CONSTANT.without("critical", inertia, point=off_critical)

ESCAPES = axes(widths=((2, 2, 1), (3, 2, 1)), standard=10, full=40)


def float_saddle(widths, rng):
    """A planted strict minimum of moderate size, lifted with a constant neuron of the sign that makes a strict saddle."""
    model = Place(widths, "hinge3", 1, 2).model
    while True:
        theta, x = rng.normal(0, 0.5, model.n_params), rng.normal(size=(model.n_params + 6, model.inputs))
        data = plant(model, theta, x, size=0.02, seed=int(rng.integers(2**31)))
        if np.linalg.eigvalsh(hessian(model, theta, data))[0] > 1e-4:
            break
    found = lift(model, theta, x, 1, width=2, rng=rng, irregular=False)
    candidates = [with_constant_neuron(found, 1.0, sign * np.ones(model.outputs)) for sign in (1, -1)]
    return *min(candidates, key=lambda one: np.linalg.eigvalsh(hessian(*one, data))[0]), data


@CONSTANT.check(
    "property",
    a_seed,
    ESCAPES,
    clauses="saddle",
    scope="gradient flow, started 1e-6 along the lowest eigenvector, followed to 1e-5",
    tolerance="the third derivative along the way, and the rounding seen in the first gradient",
    distribution="planted strict minima of hinge3, a constant neuron behind the hidden layer",
)
@false("twice the rate", rate=lambda rate: 2 * rate)
def escape_rate(cell, seed, *, rate=lambda rate: rate, context):
    """The flow leaves the lifted minimum at the rate |lambda_min|."""
    from scipy.integrate import solve_ivp

    deep, start, data = float_saddle(cell.widths, context.rng(seed))
    H = hessian(deep, start, data)
    values, vectors = np.linalg.eigh(H)
    v, begin, end = vectors[:, 0], 1e-6, 1e-5
    reached = lambda _, u: abs(v @ u) - end
    reached.terminal = True
    flow = solve_ivp(
        lambda _, u: -gradient(deep, start + u, data),
        (0, 2 * np.log(end / begin) / -values[0]),
        begin * v,
        method="LSODA",
        jac=lambda _, u: -hessian(deep, start + u, data),
        rtol=1e-8,
        atol=1e-8 * begin,
        events=reached,
    )
    measured, expected = np.log(abs(v @ flow.y[:, -1]) / begin) / flow.t[-1], rate(-values[0])
    # Along v: r' = |lambda| r + c r^2 / 2 with c the third derivative, doubled for what comes back through other directions. What is left
    # of the gradient at the start shows the rounding of every other one; the integrator errs by about 1e-8 a step.
    bend = abs(v @ (hessian(deep, start + 1e-4 * v, data) - H) @ v) / 1e-4
    noise = 4 * np.abs(gradient(deep, start, data)).max() / begin
    return bounded("escape rate", measured - expected, 2 * bend * end + noise + 1e-5 * -values[0], widths=cell.widths, measured=measured)
