r"""Two-point overlaps of odd neurons: the reflected start as the other limit, in closed form, and tanh with two inputs."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball
from numerics.flows.flow import gradient_flow, value_and_jacobian
from numerics.overlap import certify_two_point
from numerics.overlap.first_integral import Reach
from numerics.overlap.screening import screen
from numerics.overlap.two_point import refine
from proofs_check import Assumption, Outcome, axes, by_level, claim, exists, false
from proofs_check.judging import at_least, bounded, equal, vanishing, worst
from theory.expressions import activation_of
from theory.models import TwoLayer
from theory.regularization.constructions import odd_limit
from theory.regularization.mechanisms import Neuron

from . import IMPOSSIBLE, OURS
from ._digits import ball_of, starts_with
from ._examples import Example, as_given, by_flow, exactly, in_balls, overlap_of, relabelled, stretched, swapped
from ._flows import LIMIT, LIMIT_RULE, one
from .two_point import COMMON, NO_SWAP


def tanh_overlap(number):
    import sympy as sp

    tanh = (lambda z: sp.tanh(z)) if isinstance(number(1), sp.Basic) else lambda z: z.tanh()
    a, half = number(Fraction(3, 2)), number(Fraction(1, 2))
    samples = (half, -a * tanh(half)), (number(2), -a * tanh(number(2)))
    return overlap_of((a, number(1)), samples, ((a, number(-1)), (-a, number(1))))


def tanh_integral(z):
    import sympy as sp

    return (sp.sinh(z) if isinstance(z, sp.Basic) else z.sinh()) ** 2 / 2


TANH = Example("tanh, x = 1/2 and 2", "tanh", tanh_integral, tanh_overlap)

ODD = claim(
    "regularization.two-point.tanh",
    "Odd activations: two inputs whose thresholds separate the initial output weight",
    r"\sigma \text{ odd},\ \sigma' > 0,\ b(x) = 2 G(w_0 x)/x^2,\ y_x = -a_0 \sigma(w_0 x):\quad"
    r" \Phi_{(x, y_x)} = (-w_0, a_0) \text{ if } a_0^2 > b(x),\quad (w_0, -a_0) \text{ if } a_0^2 < b(x)",
    clauses={
        "rule": r"\Phi_{(x, y_x)} = (-w_0, a_0) \text{ if } a_0^2 > b(x),\quad (w_0, -a_0) \text{ if } a_0^2 < b(x)",
        "dichotomy": r"b'(x) = \tfrac{2}{x^3}(u P(u) - 2 G(u)),\ u = w_0 x: \ b \text{ is constant exactly if } P = \kappa u, \text{"
        r" that is for powers}",
        "instance": r"\text{tanh from } (1, \tfrac32):\ x = \tfrac12 \text{ leads to } (-1, \tfrac32),\ x = 2 \text{ to } (1,"
        r" -\tfrac32), \text{ and both solve both}",
    },
    symbols={
        r"\sigma, P, G": "an odd activation, sigma/sigma', its integral with G(0) = 0",
        "b(x)": "the threshold of the input x",
        "w_0, a_0": "the start, both positive",
        "x, y_x": "an input and its label",
        r"\Phi": "limit of the flow, (w, a)",
        "u": "w_0 x",
        r"\kappa": "a constant",
    },
    source=OURS,
    kind="extension",
    assumptions=[
        Assumption("odd", r"\sigma(-z) = -\sigma(z)"),
        Assumption("off the saddle", r"a_0^2 \neq b(x)", unprobed="at equality the orbit ends in the saddle at 0"),
    ],
    depends_on=["regularization.conserved.single-sample", "regularization.one-point.reflection", "regularization.criterion.acyclic"],
    refuted_by="An odd activation and a start for which the flow ends at the other point. Parameter-level only: p and -p are one function.",
)


@ODD.check(
    "symbolic", [None], clauses=("rule", "dichotomy"), covers="statement", scope="arbitrary odd sigma, by its two reversing reflections"
)
@false("the threshold halved", share=2)
@false("b depends on x for powers", power=0)
def rule(_, *, share=1, power=1, context):
    """a^2/2 - G(u)/x^2 is kept: at u = 0 it leaves a^2 = a_0^2 - b(x), at a = 0 it leaves G(u) = (b(x) - a_0^2) x^2/2; whichever square is
    positive is reached first and is the line of a reflection. (u P - 2 G)' = u P' - P, zero exactly for P = kappa u."""
    import sympy as sp

    a0, a, w0, x, u, kappa = sp.symbols("a0 a w0 x u kappa", positive=True)
    G0, G = sp.symbols("G0 G", positive=True)
    b = 2 * G0 / x**2 / share
    kept = a**2 / 2 - G / x**2 - (a0**2 / 2 - G0 / x**2)
    at_zero_weight = sp.solve(kept.subs(G, 0), a**2)[0] - (a0**2 - b)
    at_zero_output = sp.solve(kept.subs(a, 0), G)[0] - (b - a0**2) * x**2 / 2
    P, z = sp.Function("P"), sp.Symbol("z")
    integral = sp.Integral(P(z), (z, 0, w0 * x))
    derivative = sp.diff(2 * integral / x**2, x) - 2 / x**3 * (w0 * x * P(w0 * x) - 2 * integral)
    line = (kappa * z) * power + kappa * z**2 * (1 - power)
    turning = sp.diff(z * line - 2 * sp.integrate(line, z), z)
    return vanishing("differences", [sp.simplify(at_zero_weight), sp.simplify(at_zero_output), sp.expand(derivative), sp.expand(turning)])


@ODD.check("symbolic", [None], clauses="instance", covers="statement", scope="the instance; P has the sign of u")
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def tanh_exactly(_, *, twist=as_given, context):
    """Every hypothesis simplifies to zero; a_0^2 lies between the thresholds sinh^2(2)/4 and 4 sinh^2(1/2), which says who reaches what."""
    import sympy as sp

    rational = lambda value: sp.Rational(Fraction(value).numerator, Fraction(value).denominator)
    outcome = exactly(TANH, rational, twist, lambda value: sp.simplify(value.rewrite(sp.exp)) if value != 0 else value)
    if twist is swapped:  # all hypotheses but the order of the thresholds stay
        return equal(order=(True, bool(sp.N(4 * sp.sinh(rational(Fraction(1, 2))) ** 2, 30) > rational(Fraction(9, 4)))))
    return outcome


@ODD.check("certified", [None], clauses="instance", scope="200 bits")
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def tanh_in_balls(_, *, twist=as_given, context):
    """Memberships and first integrals vanish, the limits lie on the orbits of the start."""
    return in_balls(TANH, twist)


@ODD.check("property", [None], clauses="instance", scope="the instance, double precision", tolerance=LIMIT_RULE)
@false(NO_SWAP, order=(1, 0))
def tanh_flow(_, *, order=(0, 1), context):
    """Gradient flow on each sample ends at its limit."""
    return by_flow(TANH, order)


SHARES = (0.6, 0.8, 0.95, 0.985, 1.015, 1.05, 1.25, 1.6)
FORMULAS = ("tanh({c}*z)", "atan({c}*z)", "erf({c}*z)", "z/sqrt(1+{c}*z**2)", "sinh({c}*z)")


def odd_neuron(cell, rng):
    """A scale, w_0 and x; the output weight follows from the share of the threshold."""
    return cell.sigma.format(c=round(float(rng.uniform(0.5, 1.5)), 2)), *(round(float(rng.uniform(0.4, 1.6)), 3) for _ in range(2))


@ODD.check(
    "property",
    odd_neuron,
    axes(sigma=by_level(FORMULAS[:3], FORMULAS), share=SHARES, standard=3, full=10),
    clauses="rule",
    distribution="c in [0.5, 1.5], w_0, x in [0.4, 1.6], a_0^2 at a share of the threshold",
    tolerance="1e-7: a limit is known to 1e-8; past the saddle at a share of 0.985 or 1.015"
    " (sqrt(0.015) of its scale away) errors grow by less than ten",
)
@false("twice the threshold", factor=2)
@false("0.9 of the threshold", factor=0.9)
@false("1.1 of the threshold", factor=1.1)
def families(cell, given, *, factor=1, context):
    """The predicted limit on (x, -a_0 sigma(w_0 x)), against gradient flow."""
    formula, w0, x = given
    sigma = activation_of(formula)
    gained = -float(Reach(sigma, 0.0, [0.0], 0.0, [1.0]).psi_float(np.array(w0 * x)))  # G(w_0 x) - G(0)
    threshold = 2 * gained / x**2
    a0 = float(np.sqrt(cell.share * threshold))
    predicted = odd_limit(Neuron(a0, (w0,)), factor * threshold)
    flow = gradient_flow(TwoLayer(1, 1, activation=sigma), [w0, a0], ([[x]], [-a0 * float(sigma(np.array(w0 * x)))]))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    return bounded("distance from the predicted limit", flow.theta - [*predicted.weights, predicted.output], 10 * LIMIT, end=flow.theta)


ODD.without("odd", families, lambda cell, rng: ("sigmoid(z)", 1.0, 1.0))

TANH_PLANE = claim(
    "regularization.two-point.tanh-d2",
    "Two-point overlaps of a tanh neuron with two inputs, different as functions",
    r"\text{tanh},\ d = 2,\ \theta_0 = (1.439, -0.993; 2.665),\ x_1 = (-0.245, 0.04),\ x_2 = (-1.85, 1.383):\ \exists\, y_1, y_2:"
    r"\ \Phi_{S_1} \neq \Phi_{S_2},\ \text{both solve both},\ f(p_1, \cdot) \neq f(p_2, \cdot)",
    clauses={
        "overlap": exists(
            r"y_1 = 0.3206122657869\ldots,\ y_2 = 0.8623617190737\ldots:\ \Phi_{S_1} \neq \Phi_{S_2},\ \text{both solve both}"
        ),
        "functions": exists(r"f(p_1, (1, 1)) - f(p_2, (1, 1)) = -1.55943\ldots"),
    },
    symbols=["d", r"\theta_0", "x", "y", r"\Phi_S", "f", "p_i"],
    source=OURS,
    refuted_by="Krawczyk boxes that fail, or labels other than stated; " + IMPOSSIBLE,
    **COMMON,
)

PLANES = (
    (("1.439", "-0.993", "2.665"), (("-0.245", "0.04"), ("-1.85", "1.383"))),
    (("1.515", "0.351", "1.754"), (("0.542", "0.439"), ("-1.581", "-2.074"))),
    (("-1.169", "1.123", "-2.805"), (("0.842", "-2.805"), ("0.668", "-0.404"))),
)


@cache
def certified_plane(start, inputs):
    """The first generic crossing of the two orbits that is certified, or None."""
    model = TwoLayer(2, 1)
    for candidate in screen(model, np.array([start], float), np.array([inputs], float)):
        if candidate.kind == "generic":
            try:
                return certify_two_point(model, refine(model, candidate))
            except NotCertified:
                continue
    return None


@TANH_PLANE.check(
    "certified",
    one(PLANES[0]),
    clauses=("overlap", "functions"),
    covers="statement",
    because="the clauses are about this one instance",
    scope="exact decimals, validated orbits and first integrals",
)
@false("y_1 one more in the last digit", first="0.3206122657870")
@false("y_2 one more in the last digit", second="0.8623617190738")
@false("functions that differ by 1.55944", gap="-1.55944")
def plane(given, *, first="0.3206122657869", second="0.8623617190737", gap="-1.55943", context):
    """Screen this start and these inputs, refine, certify twice; digits of both labels and of the difference at (1, 1)."""
    found = certified_plane(*given)
    if found is None:
        return Outcome.inconclusive("no generic crossing of this start was certified")
    labels = [ball_of(sample["y"]) for sample in found.samples]
    values = []
    for limit in found.limits:
        *w, a = map(ball_of, limit)
        values.append(a * sum(w).tanh())
    texts = (first, second, gap)
    digits = [starts_with(value, text) for value, text in zip((*labels, values[0] - values[1]), texts, strict=True)]
    return equal(digits=([True] * 3, digits), certificate=found.to_data())


@TANH_PLANE.check("certified", PLANES[1:], clauses="overlap", level="standard", scope="two further starts, exact decimals")
@false("the limits are closer than 1/1000", least="1000")
def further_planes(given, *, least="0.001", context):
    """Certified overlaps whose limits are apart."""
    found = certified_plane(*given)
    if found is None:
        return Outcome.inconclusive("no generic crossing of this start was certified")
    p, q = ([ball_of(entry) for entry in limit] for limit in found.limits)
    apart = sum((a - b) ** 2 for a, b in zip(p, q, strict=True)).sqrt()
    return worst([at_least("distance of the limits", apart, ball(Fraction(least)), attained=False)], certificate=found.to_data())


@TANH_PLANE.check("property", one(0, 1), clauses="overlap", scope="the first start, double precision, each sample", tolerance=LIMIT_RULE)
@false("the other label ten per cent larger", cross=1.1)
def plane_flow(which, *, cross=1.0, context):
    """Gradient flow on one sample with its certified label also fits the other sample (``cross``: at a changed label)."""
    (start, inputs), labels = PLANES[0], np.array([0.320612265786981609, 0.862361719073772845])
    model, x = TwoLayer(2, 1), np.array(inputs, float)
    flow = gradient_flow(model, np.array(start, float), (x[[which]], labels[[which]]))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    other = value_and_jacobian(model, flow.theta, x)[0][1 - which]
    return bounded("residual of the other sample", other - cross * labels[1 - which], LIMIT, end=flow.theta)
