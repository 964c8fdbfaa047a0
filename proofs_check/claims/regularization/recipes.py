r"""Recipes that choose an activation so that two given datasets have a two-point overlap."""

from fractions import Fraction

import numpy as np

from numerics.flows.flow import gradient_flow
from numerics.overlap.first_integral import Reach
from proofs_check import Assumption, Outcome, axes, claim, exists, false, nothing
from proofs_check.judging import bounded, different, true, vanishing, worst
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.constructions import PiecewiseExponential, glued_exponential

from . import LIMITATION_PAPER
from ._pictures import repeating

RECIPES = claim(
    "regularization.recipes",
    "Recipes for activations without a strict regularizer",
    r"\text{Given } \theta_0 \text{ and two inputs, } \sigma \text{ can be chosen with a two-point overlap: prescribe } P = \sigma/\sigma'"
    r" \text{ with } \int_{w x_i}^{v x_i} \tfrac{dz}{P} = \ln \tfrac{a}{b},\ \int_{w_0 x_i}^{w_i x_i} P\,dz = \tfrac{x_i^2}{2}(a_i^2"
    r" - a_0^2)",
    clauses={
        "integral form": r"p_1 = (w, a),\ p_2 = (v, b) \text{ are a two-point overlap of inputs } x_1, x_2 \text{ exactly if these four"
        r" integrals have these values (} w_1 = w, a_1 = a, w_2 = v, a_2 = b\text{)}",
        "glued": exists(
            r"\sigma = e^z \text{ near one orbit, } e^{\rho z} \text{ on the other: } w_0 = a_0 = 1,\ x = \tfrac23, -3,\ \text{limits"
            r" } (2, 2),"
            r" (\tfrac12, 2e)"
        ),
        "pieces": exists(
            r"P = 60, 4, 12 \text{ on } [0, 1], [1, 3], [3, \tfrac{15}{2}]:\ x = \tfrac52, 1,\ \text{limits of weights } 3, 1"
        ),
        "log-periodic": exists(
            r"\sigma(2z) = 2 \sigma(z): \text{ all solution curves through } (w, a) \text{ meet again in } (2w, \tfrac a2)"
        ),
    },
    symbols=[r"\theta_0", r"\sigma", "P", "w", "a", "w_0", "a_0", "x", "z", "p_i", "v, b"],
    source=LIMITATION_PAPER.at("Theorem 6.1 and sections 6.1-6.2"),
    relation="existence",
    assumptions=[Assumption("one input", "d = 1", unprobed="the recipes construct one neuron with one input")],
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="An instance of a recipe whose hypotheses do not vanish.",
)


@RECIPES.check("symbolic", [None], clauses="integral form", covers="statement", scope="arbitrary P > 0 and positive weights")
@false("the ratio inverted", sign=-1)
def integral_form(_, *, sign=1, context):
    """ln sigma is the integral of 1/P: a sigma(w x) = b sigma(v x) means that 1/P integrates to ln(a/b) from w x to v x; the first integral
    a^2/2 - G/x^2, G the integral of P, is that of the start exactly if P integrates to x^2 (a^2 - a_0^2)/2 from w_0 x to w x."""
    import sympy as sp

    a, b, x, a0 = sp.symbols("a b x a0", positive=True)
    L_w, L_v, G_w, G_0 = sp.symbols("L_w L_v G_w G_0")  # primitives of 1/P and of P at w x, v x, w_0 x
    membership = sp.log(a * sp.exp(L_w)) - sp.log(b * sp.exp(L_v))
    membership = sp.log(a) + L_w - sp.log(b) - L_v if sp.simplify(sp.exp(membership) - a / b * sp.exp(L_w - L_v)) == 0 else membership
    first = membership - (sp.log(a) - sp.log(b) - sign * (L_v - L_w))
    kept = (a**2 / 2 - G_w / x**2 - (a0**2 / 2 - G_0 / x**2)) * x**2
    second = kept - (x**2 * (a**2 - a0**2) / 2 - sign * (G_w - G_0))
    return vanishing("differences", [sp.expand(first), sp.expand(second)])


def stretched(overlap):
    from dataclasses import replace

    first, second = overlap.samples
    return replace(overlap, samples=(first, replace(second, x=tuple(c * Fraction(11, 10) for c in second.x))))


@RECIPES.check("symbolic", [None], clauses="glued", covers="statement", scope="the instance; sigma is free off its pieces")
@false("the second input ten per cent larger", twist=stretched)
@false("each sample leads to the other limit", twist=lambda overlap: overlap.swapped())
def glued(_, *, twist=lambda overlap: overlap, context):
    """Memberships and first integrals simplify to zero, the limits differ."""
    import sympy as sp

    instance = glued_exponential()
    sigma = lambda entry: np.array([instance.sigma(entry[0])], dtype=object)
    overlap = twist(instance.overlap)
    conditions = overlap.vanishing(sigma, instance.integral)
    return worst(
        [
            vanishing("hypotheses", [sp.simplify(value) for value in conditions.values()]),
            different("limits", overlap.limits[0].output, overlap.limits[1].output),
        ]
    )


@RECIPES.check("symbolic", [None], clauses="pieces", covers="statement", scope="the instance")
@false("P = 11 on the last piece", P=(60, 4, 11))
@false("P = 5 in the middle", P=(60, 5, 12))
def pieces(_, *, P=(60, 4, 12), context):
    """Inputs 5/2 and 1, limits of weights 3 and 1, start at weight 0: both integrals of 1/P are 1/2, and a_0^2 is one number."""
    import sympy as sp

    exact = PiecewiseExponential([0, 1, 3, sp.Rational(15, 2)], P)
    x, weight = sp.Rational(5, 2), 3
    G = exact.integral
    # (a e^(1/2))^2 - a^2 from the two first integrals with one a_0: this fixes a; the start is real where a_0^2 > 0.
    square = (2 * G(sp.Integer(1)) - 2 * G(weight * x) / x**2) / (sp.E - 1)
    start = square - 2 * G(weight * x) / x**2
    halves = [exact.log(3 * x) - exact.log(x) - sp.Rational(1, 2), exact.log(sp.Integer(3)) - exact.log(sp.Integer(1)) - sp.Rational(1, 2)]
    other = square * sp.E - start - 2 * G(sp.Integer(1))
    real = bool(sp.N(square, 30) > 0 and sp.N(start, 30) > 0)
    return worst([vanishing("hypotheses", [*halves, sp.simplify(other)]), true("the output weights are real", real)])


@RECIPES.check(
    "symbolic",
    [None],
    clauses="log-periodic",
    covers="statement",
    scope="sigma = z exp(sin(2 pi log_2 z)/10), every z > 0 and solution curve",
)
@false("period 3", factor=3)
def periodicity(_, *, factor=2, context):
    """sigma(2 z) = 2 sigma(z), so that a sigma(w x) = (a/2) sigma(2 w x) for every x."""
    import sympy as sp

    z = sp.Symbol("z", positive=True)
    turn = lambda z: 2 * sp.pi * sp.expand_log(sp.log(z)) / sp.log(2)
    phase = sp.expand(turn(factor * z) - turn(z))
    # sin(t + phase) = sin(t) for all t exactly if phase is a multiple of 2 pi.
    return vanishing("differences", [sp.sin(sp.simplify(phase)), sp.cos(sp.simplify(phase)) - 1])


@RECIPES.check(
    "property",
    nothing,
    axes(x=(1.0, 2**0.5)),
    clauses="log-periodic",
    scope="sigma = z exp(sin(2 pi log_2 z)/10), limits (1, 0.05) and (2, 0.025)",
    tolerance="1e-6: a hundred times the tolerance of a limit, as the start is large against the limit",
)
@false("period 3 instead of 2", period=3)
def log_periodic(cell, _, *, period=2, context):
    """The start that shares both first integrals; the flow on x ends at its own limit, and the other limit solves x too."""
    from scipy.optimize import fsolve

    sigma = parse(f"z*exp(sin({float(2 * np.pi / np.log(period))!r}*log(z))/10)")
    xs, limits = (1.0, 2**0.5), np.array([[1.0, 0.05], [2.0, 0.025]])
    drift = lambda start: [
        float(Reach(sigma, start[1], [start[0]], a, [w]).psi_float(np.array(x / (w - start[0])), nodes=200))
        for x, (w, a) in zip(xs, limits, strict=True)
    ]
    start = fsolve(drift, [4.03955, 5.81924], xtol=1e-13)
    own, other = limits if cell.x == 1.0 else limits[::-1]
    label = own[1] * float(sigma(np.array(own[0] * cell.x)))
    flow = gradient_flow(TwoLayer(1, 1, activation=sigma), start, ([[cell.x]], [label]))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    cross = other[1] * float(sigma(np.array(other[0] * cell.x))) - label
    outcome = bounded("off the limit, and the other limit's residual", [*(flow.theta - own), cross], 1e-6, start=start)
    return worst([outcome], figures=[repeating()])
