r"""Printed arguments about reflected starts and convergence that fail: each with a counterexample, and what is true in its place.

Limits are found in exact arithmetic or in balls, and again by adaptive integration.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.flows.flow import gradient_flow, orbit, value_and_jacobian
from numerics.flows.validated_flow import Field, enclose
from proofs_check import Outcome, axes, claim, exists, false, nothing
from proofs_check.claims.regularization import LIMITATION_PAPER, NOTATION
from proofs_check.claims.regularization._digits import half_unit, rounds_to
from proofs_check.claims.regularization._flows import LIMIT
from proofs_check.judging import at_least, bounded, equal, inertia_is, true, vanishing, worst
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.mechanisms import at

from . import _pictures, letters
from .overlap_lemmas import COMMON


def limit_in_balls(name, integral, start, x, y):
    """The limit (w, a) of one neuron on one sample, and whether it was enclosed: x > 0, a > 0 on the orbit, ``integral`` is G.

    On the orbit a^2/2 - G(w x)/x^2 is that of the start, and f grows with w: the limit lies between weights with f < y and f > y.
    """
    (w0, a0), model = start, TwoLayer(1, 1, activation=name)
    output = lambda w: (a0**2 + 2 * (integral(w * x) - integral(w0 * x)) / x**2).sqrt()
    value = lambda w: output(w) * at(model.activation, w * x)
    guess = ball(orbit(model, [float(w0), float(a0)], [float(x)], float(y)).theta[0])
    low, high = guess - ball("1e-9"), guess + ball("1e-9")
    return (low.union(high), output(low.union(high))), bool(value(low) < y < value(high)) or None


CONVERGENCE = claim(
    "regularization.flaw.F3",
    "Positive increasing activations do not suffice for convergence",
    r"\sigma = e^{-e^{-z}},\ x = 1,\ (w_0, a_0) = (0, 2),\ y \le 0:\ \tfrac{a^2}{2} - e^{w} = 1 \Rightarrow a \ge \sqrt2,\ f >"
    r" 0 \ge y \text{ forever};\ \text{add } \int_{-\infty}^0 \sigma/\sigma' = \infty",
    clauses={
        "forever": r"\tfrac{a^2}{2} - e^w = 1 \text{ along the flow, so that } a \ge \sqrt2 \text{ and } f > 0 \ge y \text{ forever}",
        "hypothesis": r"\sigma, \sigma' > 0 \text{ and } \int_{-\infty}^0 \sigma/\sigma'\,dz = 1:\ \text{to be asked for is } \infty",
    },
    symbols=letters(NOTATION, r"\sigma, z, x, y, w, a, w_0, a_0, f"),
    source=LIMITATION_PAPER.at("Lemma 6.1"),
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="A label y <= 0 that the flow from (0, 2) reaches.",
    **COMMON,
)


@CONVERGENCE.check("symbolic", [None], clauses=("forever", "hypothesis"), covers="statement", scope="every y <= 0; f has the sign of a")
@false("a smaller start reaches a = 0", start=Fraction(7, 5))
@false("the logistic activation", activation="1/(1 + exp(-z))")
@false("a^2 - e^w is kept", share=1)
def gumbel(_, *, start=2, activation="exp(-exp(-z))", share=2, context):
    """sigma/sigma' and its integral; the drift of a^2/2 - e^w for any slope of the loss, its value at the start, the infimum of a^2."""
    import sympy as sp

    z, w, a, slope = sp.symbols("z w a slope", real=True)
    sigma = sp.sympify(activation, locals={"z": z})
    value, rate = (function.subs(z, w) for function in (sigma, sp.diff(sigma, z)))
    kept, quotient = a**2 / share - sp.exp(w), sp.simplify(sigma / sp.diff(sigma, z))
    drift = sp.diff(kept, a) * -slope * value + sp.diff(kept, w) * -slope * a * rate
    level = kept.subs({w: 0, a: start})
    least = share * (level + sp.limit(sp.exp(w), w, -sp.oo))
    integral = sp.integrate(quotient, (z, -sp.oo, 0))
    zeros = [sp.simplify(drift), sp.simplify(quotient - sp.exp(z))]
    return worst([vanishing("differences", zeros), equal(level=(1, level), least_square=(2, least), integral=(1, integral))])


LABELS = axes(y=(0.0, -0.01, -0.5, -2.0))


@CONVERGENCE.check(
    "property", nothing, LABELS, clauses="forever", scope="to time 500", tolerance="1e-8: accumulated error of the integrator"
)
@false("a smaller start reaches a = 0", start=1.0)
@false("the logistic activation", activation="1/(1 + exp(-z))")
def followed(cell, _, *, start=2.0, activation="exp(-exp(-z))", context):
    """Along the integrated flow no solution is reached, a^2/2 - e^w stays, f > 0."""
    model = TwoLayer(1, 1, activation=parse(activation))
    flow = gradient_flow(model, [0.0, start], ([[1.0]], [cell.y]), time=500.0)
    w, a = flow.path.T
    return worst(
        [
            true("no solution is reached", not flow.converged, end=flow.theta),
            bounded("drift of a^2/2 - e^w", a**2 / 2 - np.exp(w) - (start**2 / 2 - 1), 1e-8),
            at_least("f", float(value_and_jacobian(model, flow.path, np.ones((1, 1)))[0].min()), 0.0, attained=False),
        ],
        figures=[_pictures.never_reached()],
    )


CONVEX = claim(
    "regularization.flaw.F4",
    "Two zeros of the gradient that belong to different starts",
    r"G(\theta, \theta_0) = |\theta - R\theta_0|^2 + |\theta_0|^2,\ R(w, a) = (w, -a),\ \text{is strongly convex with exactly"
    r" the zeros used in the proof}",
    symbols={**letters(NOTATION, r"G, \theta_0, w, a"), r"\theta": "the parameters (w, a) of one neuron", "R": "the reflection of a"},
    source=LIMITATION_PAPER.at("proof of Theorem 6.2(a)"),
    depends_on=["regularization.two-point.zero-label"],
    refuted_by="A direction without curvature, or a zero of the gradient in theta other than R theta_0.",
    **COMMON,
)


@CONVEX.check("symbolic", nothing, axes(d=(1, 2, 3)), covers="statement", scope="d inputs; each coordinate is a block of its own")
@false("without |theta_0|^2", coupling=0)
@false("with a thousandth of -|theta_0|^2", coupling=Fraction(-1, 1000))
@false("without the reflection", sign=1)
def hessian(cell, _, *, coupling=1, sign=-1, context):
    """The zeros of the gradient in theta, and the signs of all eigenvalues of the Hessian in theta and theta_0."""
    import sympy as sp

    theta, start = sp.symbols(f"t:{cell.d + 1}"), sp.symbols(f"s:{cell.d + 1}")
    image = [*start[:-1], sign * start[-1]]
    G = sum((t - r) ** 2 for t, r in zip(theta, image, strict=True)) + sp.Rational(coupling) * sum(s**2 for s in start)
    zeros = sp.linsolve([sp.diff(G, t) for t in theta], *theta)
    found = sp.hessian(G, (*theta, *start)).eigenvals()
    counts = [sum(multiple for value, multiple in found.items() if sp.sign(value) == side) for side in (-1, 0, 1)]
    return worst([equal(zeros=([[*start[:-1], -start[-1]]], [list(zero) for zero in zeros])), inertia_is((0, 0, 2 * cell.d + 2), counts)])


TOGETHER = claim(
    "regularization.flaw.F5",
    "Several neurons do not reflect together",
    r"\text{softplus},\ m = 2,\ S = (x, -g(\theta_0, x)):\ \text{the limit need not be } (w_{0k}, -a_{0k})_k;\ \text{it is for"
    r" identical neurons, and for some others}",
    clauses={
        "apart": r"x = 1,\ w_0 = (0.3, -0.5):\ a_0 = (1, 2) \text{ leads to } a = (-1.654, 1.104),\ (1, -0.5) \text{ to } (0.150, -1.124)",
        "identical": r"(w_{01}, a_{01}) = (w_{02}, a_{02}):\ \text{the limit is } (w_{0k}, -a_{0k})_k",
        "others": exists(r"x = 1,\ w_0 = (0.3, -0.5),\ a_0 = (1, 0.6038\ldots):\ \text{the limit is } (w_{0k}, -a_{0k})_k"),
    },
    symbols={
        **letters(NOTATION, r"S, x, \theta_0"),
        "m": "width",
        "g": "the network",
        "w_{0k}, a_{0k}": "neuron k at the start",
        "a": "outputs",
    },
    source=LIMITATION_PAPER.at("proof of Corollary 6.2"),
    depends_on=["regularization.one-point.reflection"],
    refuted_by="Other limits than stated.",
    notes="In a common time each neuron follows its own orbit, a_k monotone: both are reflected exactly if they need the same time for it.",
    **COMMON,
)

SOFTPLUS, ONE = TwoLayer(1, 2, activation="softplus"), np.ones((1, 1))
#: (w_01, w_02, a_01, a_02) -> the outputs at the end.
APART = {("0.3", "-0.5", "1", "2"): ("-1.654", "1.104"), ("0.3", "-0.5", "1", "-0.5"): ("0.150", "-1.124")}
ENDS = {**APART, ("0.3", "0.3", "1", "1"): ("-1.0000000", "-1.0000000"), ("-0.5", "-0.5", "2", "2"): ("-2.0000000", "-2.0000000")}
DIGITS = "half a unit of the last decimal that is stated, and 1e-8 for the limit"


def reflecting(theta0):
    """Gradient flow on x = 1 and the opposite of the first value."""
    return gradient_flow(SOFTPLUS, theta0, (ONE, -SOFTPLUS(theta0, ONE)[:, 0]))


@TOGETHER.check("property", nothing, axes(start=tuple(ENDS)), clauses=("apart", "identical"), tolerance=DIGITS)
@false("identical neurons", order=(0, 0, 2, 2))
@false("the reflected start", ends={start: [str(-float(a)) for a in start[2:]] for start in ENDS})
def two_neurons(cell, _, *, order=(0, 1, 2, 3), ends=ENDS, context):
    """The outputs at the end of gradient flow."""
    flow = reflecting(np.array([cell.start[k] for k in order], float))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    tolerance = [half_unit(text) + LIMIT for text in ends[cell.start]]
    return bounded("off the stated outputs", flow.theta[2:] - np.array(ends[cell.start], float), tolerance, end=flow.theta)


@TOGETHER.check("certified", nothing, axes(start=tuple(APART)), clauses="apart", covers="statement", because="both starts of the clause")
@false("identical neurons", order=(0, 0, 2, 2))
@false("the last digit of the second one more", ends={start: (a, f"{float(b) + 0.001:.3f}") for start, (a, b) in APART.items()})
def two_neurons_in_balls(cell, _, *, order=(0, 1, 2, 3), ends=APART, context):
    """Validated orbits of grad f to both sides of the limit: f and both outputs grow with its time, so that the limit lies between."""
    start = [cell.start[k] for k in order]
    label = -SOFTPLUS(np.array(start, float), ONE)[0, 0]
    time = orbit(SOFTPLUS, np.array(start, float), [1.0], label).time
    with working_precision(128):
        one = balls([[1]])
        value = lambda theta: value_and_jacobian(SOFTPLUS, theta, one)[0][0]
        above, below = (enclose(Field(SOFTPLUS, one), start, time + step, bits=128) for step in (1e-5, -1e-5))
        between = bool(value(below) < -value(balls(start)) < value(above)) or None
        digits = [rounds_to(p.union(q), text) for p, q, text in zip(above[2:], below[2:], ends[cell.start], strict=True)]
    return equal(between=(True, between), digits=([True, True], digits))


REFLECTED = "sigma > 0 whose orbit reaches a = 0, as softplus, sigma/sigma' > 1"


@TOGETHER.check("symbolic", [None], clauses="identical", covers="statement", scope=REFLECTED)
@false("the second output a tenth larger", ratio=Fraction(11, 10))
@false("it keeps the direction", sign=1)
def identical(_, *, ratio=1, sign=-1, context):
    """grad f moves equal neurons alike, and at (w_k, -a_k) it is the reflected field reversed: their orbit is its own mirror image."""
    import sympy as sp

    w, v, a, b, x = sp.symbols("w v a b x", real=True)
    sigma = sp.Function("sigma")
    field = [sp.diff(a * sigma(w * x) + b * sigma(v * x), entry) for entry in (w, v, a, b)]
    equal_ones = [part.subs({v: w, b: ratio * a}).doit() for part in field]
    apart = [equal_ones[1] - equal_ones[0], equal_ones[3] - equal_ones[2]]
    mirrored = [part.subs({a: -a, b: -b}, simultaneous=True) for part in field]
    turned = [p - sign * side * q for p, q, side in zip(mirrored, field, (1, 1, -1, -1), strict=True)]
    return vanishing("differences", [sp.simplify(entry) for entry in (*apart, *turned)])


def time_of_reflection(w, a):
    """The time of grad f at x = 1 in which one softplus neuron is reflected."""
    model = TwoLayer(1, 1, activation="softplus")
    return orbit(model, [w, a], [1.0], -float(model(np.array([w, a]), ONE)[0, 0])).time


def others_by_flow(_, *, context, **_more):
    """The output for which both times agree, by a search in floats, and the end of gradient flow from there."""
    from scipy.optimize import brentq

    second = brentq(lambda a: time_of_reflection(-0.5, a) - time_of_reflection(0.3, 1.0), 0.6, 0.61, xtol=1e-14)
    return bounded("off the reflected start", reflecting(np.array([0.3, -0.5, 1.0, second])).theta - [0.3, -0.5, -1.0, -second], LIMIT)


@TOGETHER.check("certified", [("0.6038", "0.6039")], clauses="others", replay=others_by_flow, scope="outputs between these two")
@false("the next digit", shift=Fraction(1, 10**4))
@false("the second weight three per cent smaller", weight="-0.485")
def others(outputs, *, shift=0, weight="-0.5", context):
    """From the smaller output the second neuron is reflected before the first, from the larger one after it; in between both at once."""
    first, reflected = time_of_reflection(0.3, 1.0), []
    with working_precision(128):
        for text, step in zip(outputs, (1e-4, -1e-4), strict=True):
            start = balls(["0.3", weight, "1", Fraction(text) + shift])
            ends = enclose(Field(SOFTPLUS, balls([[1]])), start, first + step, bits=128)[2:]
            reflected.append([True if p + q < 0 else False if p + q > 0 else None for p, q in zip(start[2:], ends, strict=True)])
    return equal(reflected=([[False, True], [True, False]], reflected), witness={"w_0": ("0.3", weight), "a_0": ("1", outputs)})
