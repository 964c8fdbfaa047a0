r"""Recipes that choose an activation so that two given datasets have a two-point overlap."""

from __future__ import annotations

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._examples import NO_SWAP, as_given, stretched
from proofs_check.claims.regularization._words import LIMIT_TOLERANCE, LIMITATION, all_vanish, at_most, one
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.constructions import PiecewiseExponential, glued_exponential


def check_glued(instance, *, twist, context) -> Outcome:
    """Recipe A with exponential pieces: all hypotheses simplify to zero."""
    import sympy as sp

    glued = glued_exponential()
    sigma = lambda entry: np.array([glued.sigma(entry[0])], dtype=object)
    conditions = twist(glued.overlap).vanishing(sigma, glued.integral)
    return all_vanish(conditions, lambda e: sp.simplify(e) == 0)


def check_piecewise(instance, *, P, context) -> Outcome:
    """The integral form of the recipe: sigma/sigma' = P on [0, 1], [1, 3], [3, 15/2]; inputs 5/2 and 1, limits of weights 3 and 1."""
    import sympy as sp

    G, log = (PiecewiseExponential([0, 1, 3, sp.Rational(15, 2)], values) for values in (P, P))
    first_x, weights = sp.Rational(5, 2), (3, 1)
    square = (2 * G.integral(1) - 2 * G.integral(3 * first_x) / first_x**2) / (sp.E - 1)
    A = sp.sqrt(square)
    outputs = (A, A * sp.sqrt(sp.E))
    start = square - 2 * G.integral(weights[0] * first_x) / first_x**2
    conditions = {
        "sample 2 from weight 0": outputs[1] ** 2 - start - 2 * G.integral(sp.Integer(1)),
        "common label of x = 5/2": log.log(3 * first_x) - log.log(first_x) - sp.Rational(1, 2),
        "common label of x = 1": log.log(sp.Integer(3)) - log.log(sp.Integer(1)) - sp.Rational(1, 2),
    }
    numbers = {"a_0": float(sp.sqrt(start)), "a at weight 3": float(A), "a at weight 1": float(outputs[1])}
    return all_vanish(conditions, lambda e: sp.simplify(e) == 0, message=str(numbers))


def check_log_periodic(instance, *, period, context) -> Outcome:
    """sigma = z exp(sin(2 pi log_2 z)/10) has sigma(2 z) = 2 sigma(z): (a, w) and (a/2, 2 w) lie on every solution curve together."""
    from scipy.optimize import fsolve

    from numerics.flows.flow import gradient_flow
    from numerics.overlap.first_integral import Reach

    sigma = parse(f"z*exp(sin({float(2 * np.pi / np.log(period))!r}*log(z))/10)")
    model, xs, limits = TwoLayer(1, 1, activation=sigma), (1.0, 2**0.5), np.array([[1.0, 0.05], [2.0, 0.025]])
    drift = lambda start: [
        float(Reach(sigma, start[1], [start[0]], a, [w]).psi_float(np.array(x / (w - start[0])), nodes=200))
        for x, (w, a) in zip(xs, limits, strict=True)
    ]
    start = fsolve(drift, [4.03955, 5.81924], xtol=1e-13)
    labels = [a * float(sigma(np.array(w * x))) for x, (w, a) in zip(xs, limits, strict=True)]
    cross = [a * float(sigma(np.array(w * x))) - y for x, y, (w, a) in zip(xs, labels, limits[::-1], strict=True)]
    flows = [gradient_flow(model, start, ([[x]], [y])) for x, y in zip(xs, labels, strict=True)]
    off = max(max(map(abs, cross)), *(float(np.abs(flow.theta - limit).max()) for flow, limit in zip(flows, limits, strict=True)))
    return at_most(
        off,
        100 * LIMIT_TOLERANCE,
        "largest of cross residuals and distances of the flows",
        cases=4,
        counterexample={"start": start, "ends": [f.theta for f in flows]},
    )


CLAIMS = [
    Claim(
        id="regularization.recipes",
        title="Recipes for activations without a strict regularizer",
        statement=r"\text{Given } \theta_0 \text{ and two inputs, } \sigma \text{ can be chosen smooth with a two-point overlap:"
        r" prescribe } P = \sigma/\sigma' \text{ with }"
        r" \int_{w x_i}^{v x_i} \tfrac{dz}{P} = \ln \tfrac{a}{b},\ \int_{w_0 x_i}^{w_i x_i} P\,dz = \tfrac{x_i^2}{2}(a_i^2 - a_0^2)",
        source=Source(LIMITATION, "Theorem 6.1 and sections 6.1-6.2"),
        kind="theorem",
        relation="existence",
        depends_on=["regularization.conserved.single-sample"],
        refuted_by="An instance of a recipe whose hypotheses do not vanish.",
        checks=[
            Check(
                "glued-exponentials",
                evidence="symbolic",
                covers="statement",
                scope="w_0 = a_0 = 1, x = 2/3 and -3, limits (2, 2) and (1/2, 2e)",
                run=check_glued,
                instances=one(None),
                parameters={"twist": as_given},
                controls=[Control("the second input ten per cent larger", twist=stretched), NO_SWAP],
            ),
            Check(
                "integral-form",
                evidence="symbolic",
                covers="instances",
                scope="P = 60, 4, 12 on [0, 1], [1, 3], [3, 15/2]",
                run=check_piecewise,
                instances=one(None),
                parameters={"P": (60, 4, 12)},
                controls=[Control("P = 11 on the last piece", P=(60, 4, 11))],
            ),
            Check(
                "log-periodic",
                evidence="property",
                covers="instances",
                scope="sigma = z exp(sin(2 pi log_2 z)/10), inputs 1 and sqrt 2",
                run=check_log_periodic,
                instances=one(None),
                tolerance="1e-6: a hundred times the tolerance of a limit, as the start is large against the limit",
                parameters={"period": 2},
                controls=[Control("period 3 instead of 2", period=3)],
            ),
        ],
    ),
]
