r"""Activations that allow no definite S_s: a linear differential equation of second order forbids it at every critical point.

With (c_0 + c_2 z^2) \sigma'' + b_1 \sigma' + b_0 \sigma + k = 0 the criticality of the neuron's parameters gives tr(S_s Q) = 0 with
Q = c_0 e e^T + c_2 w w^T, so that no split of a strict minimum is one that is flat along alpha alone.
"""

from functools import partial

import numpy as np

from numerics.hessian import gradient
from proofs_check import Assumption, a_seed, axes, by_level, claim, false, nothing
from proofs_check.judging import bounded, equal
from theory.activations import SmoothActivation, activation
from theory.elementary import elementary
from theory.embedding.wiring import wiring

from . import CRITICAL, NEURIPS, TWICE
from ._instances import inner, place_in, planted_in_floats
from ._measures import inertia_of, matrices, rounding

#: activation -> (c0, c2, b1 as a function of z, b0): (c0 + c2 z^2) sigma'' + b1 sigma' + b0 sigma = 0.
EQUATIONS = {
    "ratsig": (1, 1, lambda z: 4 * z, 2),
    "lorentz": (1, 1, lambda z: 4 * z, 2),
    "sin": (1, 0, lambda z: 0 * z, 1),
    "exp": (1, 0, lambda z: 0 * z, -1),
    "gaussian": (1, 0, lambda z: z, 1),
}


def activation_named(name):
    """An activation by name, the Gaussian density among them."""
    if name != "gaussian":
        return activation(name)
    density = partial(elementary, "normal_density")
    return SmoothActivation("gaussian", (density,), lambda z, v: (-z * v[0],), lambda z, v: v[0])


ODE = claim(
    "embedding.splitting.ode-obstruction",
    "Activations for which the curvature of a neuron is never definite",
    r"(c_0 + c_2 z^2) \sigma'' + b_1(z) \sigma' + b_0 \sigma + k = 0 \implies \operatorname{tr}(S_s Q) = 0,\quad "
    r"Q = c_0 e e^\top + c_2 \tilde w \tilde w^\top \succeq 0:\ S_s \text{ is not definite}",
    clauses={
        "trace": r"\operatorname{tr}(S_s Q) = 0",
        "indefinite": r"S_s \text{ is not definite, as } Q \succeq 0;\ Q = 0 \text{ where } c_0 = 0,\ \tilde w = 0 \text{ alone, and }"
        r"e^\top S_s e = 0 \text{ there}",
        "equations": r"z / (1 + z^2),\ 1 / (1 + z^2),\ \sin,\ \exp,\ e^{-z^2/2} \text{ satisfy such an equation}",
    },
    symbols={
        r"\sigma": "the activation",
        "c_0, c_2": "non-negative, not both zero",
        "b_1": "an affine function",
        "b_0, k": "constants",
        "S_s": "see the congruence",
        "e": "the unit vector of the bias",
        r"\tilde w": "incoming weights and bias of the neuron",
    },
    assumptions=[
        TWICE,
        CRITICAL,
        Assumption("equation", r"(c_0 + c_2 z^2) \sigma'' + b_1(z) \sigma' + b_0 \sigma + k = 0"),
        Assumption(
            "biases",
            r"\text{layers } l \text{ and } l+1 \text{ have biases}",
            unprobed="S_s and Q have a bias entry; without one Q is another",
        ),
    ],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts zeros; the obstruction is ours"),
    depends_on=["embedding.splitting.classification"],
    refuted_by="A critical point of such a network with tr(S Q) other than 0.",
    notes="A split of a minimum may be a minimum all the same, with more flat directions: without errors S_s = 0. "
    "One target is not needed: criticality of all parameters of the neuron and of its outgoing weights suffices. tanh, "
    "sigmoid, softplus and z / (1 + z^4) are free of it: that is why the last one serves as the exact activation here.",
)


@ODE.check("symbolic", nothing, axes(name=tuple(EQUATIONS)), clauses="equations", covers="statement")
@false("b0 = 3", constant=lambda value: 3)
def equations(cell, _, *, constant=lambda value: value, context):
    """By derivatives of each activation from its own declaration, in a normal form of rational functions."""
    import sympy

    c0, c2, b1, b0 = EQUATIONS[cell.name]
    z = sympy.Symbol("z")
    value, slope, curvature = (sympy.sympify(term[0]) for term in activation_named(cell.name).jet(np.array([z], dtype=object), 2))
    left = (c0 + c2 * z**2) * curvature + b1(z) * slope + constant(b0) * value
    return equal(left_side=(0, sympy.cancel(sympy.together(sympy.expand(left)))))


RATIONAL = axes(
    sigma=("ratsig", "lorentz"),
    widths=by_level(((2, 1, 2), (1, 1, 1, 1)), ((1, 1, 1), (2, 1, 2), (1, 2, 1), (1, 1, 1, 2), (1, 2, 1, 1))),
    layer=(1, 2),
    where=lambda widths, layer: inner(widths, layer),
    quick=2,
    standard=10,
    full=50,
)


def planted(cell, rng):
    place = place_in(cell, rng)
    return place, place.planted()


def trace_of(S, w, name):
    """tr(S Q) for the equation of the activation."""
    c0, c2 = EQUATIONS[name][:2]
    return c0 * S[-1, -1] + c2 * (w @ S @ w)


@ODE.check("exact", planted, RATIONAL, clauses=("trace", "indefinite"), distribution="planted critical points")
@false("the bias entry alone", trace=lambda S, w, name: S[-1, -1])
@false("z / (1 + z^4) as well", activation="ratsig4")
def planted_rational(cell, instance, *, trace=trace_of, activation="", change=lambda place, data: (place, data), context):
    """The trace, and the exact inertia of S_s."""
    place, data = change(*instance)
    if activation:
        place = place.at(activation=activation)
        data = place.planted()
    _, S = place.matrices(data)
    observed = trace(S, place.theta[wiring(place.model, place.layer).incoming[place.neuron]], cell.sigma)
    negative, _, positive = inertia_of(S)
    return equal(trace=(0 * observed, observed), definite=(False, len(S) in (negative, positive)), shown={"place": place})


ODE.without("equation", planted_rational, activation="ratsig4")
ODE.without("critical", planted_rational, change=lambda place, data: (place, place.data(4)))

FLOATS = axes(sigma=tuple(EQUATIONS), widths=((1, 1, 1), (2, 2, 1), (1, 2, 1, 1)), standard=5, full=30)


@ODE.check(
    "property",
    a_seed,
    FLOATS,
    clauses="trace",
    tolerance="640 (n + d) eps times the sizes that enter the sum, and 4 |w| + 2 |v| times the gradient that planting leaves",
    distribution="theta and inputs normal of deviation 0.7",
)
@false("tanh", activation="tanh")
def planted_in_floats_of_all(cell, seed, *, activation="", context):
    """All five activations, two and three layers."""
    law = activation_named(activation or cell.sigma)
    model, theta, data = planted_in_floats(cell.widths, context.rng(seed), deviations=(0.7, 0.7), activation=law)
    x, parts = data[0], model.unpack(theta)
    _, S = matrices(model, theta, data)
    w = np.append(parts["W1"][0], parts["b1"][0])
    jets = np.abs(model.activation.jet(x @ w[:-1] + w[-1], 2)).max()
    magnitude = (
        (1 + w @ w)
        * (1 + np.abs(theta).max()) ** (len(cell.widths) - 2)
        * (1 + jets) ** (len(cell.widths) - 2)
        * (1 + np.abs(x).max() ** 2)
    )
    # By the equation, |b1(z)| <= 4 |z| and |b0| <= 2, the trace is that combination of the entries of the gradient at the neuron.
    left = (4 * np.linalg.norm(w) + 2 * np.linalg.norm(parts["W2"][:, 0])) * np.linalg.norm(gradient(model, theta, data))
    tolerance = 10 * rounding(len(x) + len(w), magnitude) + left
    return bounded("tr(S Q)", trace_of(S, w, cell.sigma), tolerance, theta=theta)
