r"""Activations that allow no minimum: a linear differential equation of second order makes S_s indefinite at every critical point.

With (c_0 + c_2 z^2) \sigma'' + b_1 \sigma' + b_0 \sigma + k = 0 the criticality of the neuron's parameters gives tr(S_s Q) = 0 with
Q = c_0 e e^T + c_2 w w^T, so that no split of a minimum is a minimum (width_spectra).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import inertia_of, matrices
from proofs_check.claims.width._places import CRITICAL, ONE_OUTPUT, SECOND_ORDER, exactly, in_floats
from proofs_check.claims.width._points import planted_in_floats, some_place
from theory.embedding.wiring import wiring

#: activation -> (c0, c2, b1 as a function of z, b0): (c0 + c2 z^2) sigma'' + b1 sigma' + b0 sigma = 0.
EQUATIONS = {
    "ratsig": (1, 1, lambda z: 4 * z, 2),
    "lorentz": (1, 1, lambda z: 4 * z, 2),
    "sin": (1, 0, lambda z: 0 * z, 1),
    "exp": (1, 0, lambda z: 0 * z, -1),
    "gaussian": (1, 0, lambda z: z, 1),
}


def activation_named(name: str) -> Any:
    """An activation by name, the Gaussian density among them."""
    from functools import partial

    from theory.activations import SmoothActivation, activation
    from theory.elementary import elementary

    if name != "gaussian":
        return activation(name)
    density = partial(elementary, "normal_density")
    return SmoothActivation("gaussian", (density,), lambda z, v: (-z * v[0],), lambda z, v: v[0])


def check_equation(name, *, equations, context) -> Outcome:
    """The linear differential equation of the activation, by its own derivatives in a polynomial normal form."""
    import sympy

    c0, c2, b1, b0 = equations[name]
    z = sympy.Symbol("z")
    value, slope, curvature = (sympy.sympify(term[0]) for term in activation_named(name).jet(np.array([z], dtype=object), 2))
    left = (c0 + c2 * z**2) * curvature + b1(z) * slope + b0 * value
    return agree(name, left_side=(0, sympy.cancel(sympy.together(sympy.expand(left)))))


def check_obstruction(instance, *, activation, context) -> Outcome:
    """tr(S Q) = 0 at a planted critical point with one output, Q = c0 e e^T + c2 w w^T positive semidefinite: S is not definite."""
    name, widths, replicate = instance
    place = some_place(widths, context.rng(replicate), activation=activation or name)
    _, S = place.matrices(place.planted())
    c0, c2 = EQUATIONS[name][:2]
    w = place.theta[wiring(place.model, place.layer).incoming[place.neuron]]
    trace = c0 * S[-1, -1] + c2 * (w @ S @ w)
    negative, _, positive = inertia_of(S)
    return agree(instance, trace=(0 * trace, trace), definite=(False, len(S) in (negative, positive)))


def rational_obstructions(context):
    count = context.by_level(quick=2, standard=10, full=50)
    return [(name, widths, k) for k in range(count) for name in ("ratsig", "lorentz") for widths in ((1, 1, 1), (2, 1, 1), (1, 2, 1))]


def check_obstruction_in_floats(instance, *, activation, context) -> Outcome:
    name, widths, replicate = instance
    law = activation_named(activation or name)
    _, model, theta, data = planted_in_floats(widths, replicate, context, deviations=(0.7, 0.7), activation=law)
    x = data[0]
    _, S = matrices(model, theta, data)
    c0, c2 = EQUATIONS[name][:2]
    w = np.append(model.unpack(theta)["W1"][0], model.unpack(theta)["b1"][0])
    magnitude = (1 + w @ w) * np.abs(theta).max() * np.abs(model.activation.jet(x @ w[:-1] + w[-1], 2)).max() * (1 + np.abs(x).max() ** 2)
    tolerance = 10 * rounding(len(x) + len(w), magnitude)  # the planted gradient keeps a few roundings of |c| = 1
    return within(instance, c0 * S[-1, -1] + c2 * (w @ S @ w), tolerance, "tr(S Q)")


def float_obstructions(context):
    count = context.by_level(quick=2, standard=10, full=50)
    return [(name, widths, k) for k in range(count) for name in EQUATIONS for widths in ((1, 1, 1), (2, 2, 1))]


CLAIMS = [
    Claim(
        id="embedding.splitting.ode-obstruction",
        title="Activations for which the split of a minimum is never a minimum",
        kind="extension",
        statement=r"(c_0 + c_2 z^2) \sigma'' + b_1(z) \sigma' + b_0 \sigma + k = 0 \implies \operatorname{tr}(S_s Q) = 0,\quad "
        r"Q = c_0 e e^\top + c_2 \tilde w \tilde w^\top \succeq 0:\ S_s \text{ is not definite}",
        assumptions=[CRITICAL, ONE_OUTPUT, Assumption("biases", r"\text{layer } l \text{ and } l+1 \text{ have biases}")],
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.classification"],
        refuted_by="A critical point of such a network with tr(S Q) other than 0.",
        notes="tanh, sigmoid, softplus and z / (1 + z^4) are free of it: that is why the last one serves as the exact activation here.",
        checks=[
            Check(
                "equations",
                evidence="symbolic",
                covers="instances",
                scope="z / (1 + z^2), 1 / (1 + z^2), sin, exp, exp(-z^2 / 2): rational functions, polynomials in sin, cos and exp",
                run=check_equation,
                instances=lambda context: list(EQUATIONS),
                parameters={"equations": EQUATIONS},
                controls=[Control("b0 = 3", equations={name: (*law[:3], 3) for name, law in EQUATIONS.items()})],
            ),
            exactly(
                "planted-rational",
                check_obstruction,
                rational_obstructions,
                {"activation": None},
                [Control("z / (1 + z^4)", activation="ratsig4")],
                scope="z / (1 + z^2) and 1 / (1 + z^2), two-layer networks with biases and one output",
            ),
            in_floats(
                "planted-in-floats",
                check_obstruction_in_floats,
                float_obstructions,
                {"activation": None},
                [Control("tanh", activation="tanh")],
                scope="all five activations",
                distribution="theta and inputs normal of deviation 0.7",
                tolerance="640 (n + d) eps times the sizes that enter the sum",
            ),
        ],
    ),
]
