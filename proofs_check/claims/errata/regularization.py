r"""Printed statements on implicit regularization that fail at an edge: each with a counterexample, and what is true in its place.

Limits are found in exact arithmetic or in balls, and again by adaptive integration.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.flows.flow import gradient_flow, orbit, value_and_jacobian
from numerics.flows.validated_flow import Field, enclose
from proofs_check import Outcome, axes, claim, exists, false, nothing
from proofs_check.claims.regularization import LIMITATION_PAPER, NOTATION
from proofs_check.claims.regularization._digits import starts_with
from proofs_check.claims.regularization._flows import LIMIT, LIMIT_RULE
from proofs_check.claims.regularization.two_point import near_figure
from proofs_check.judging import at_least, bounded, different, equal, inertia_is, true, vanishing, worst
from theory.expressions import parse
from theory.models import TwoLayer
from theory.rationals import fractions
from theory.regularization.criterion import is_strict, is_weak, membership_digraph, weak_classes
from theory.regularization.mechanisms import at

from . import _pictures, letters

COMMON: dict[str, Any] = {"kind": "counterexample", "relation": "existence", "family": "regularization"}


def half_unit(text):
    """Half a unit of the last place of a decimal."""
    return Fraction(1, 2 * 10 ** len(text.partition(".")[2]))


def rounds_to(value, text):
    """Whether the ball ``value`` rounds to the decimal ``text``; None: not decided."""
    off, half = abs(value - ball(text)), ball(half_unit(text))
    return True if off < half else False if off > half else None


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


COMPONENTS = claim(
    "regularization.flaw.F1",
    "A weak function need not be constant on all limits",
    r"\text{Lemma 5.1(b), (c) as printed are false: } G = 0 \text{ on one mutual pair of limits, } 1 \text{ on another, is"
    r" weak. Constant only on overlap components}",
    clauses={
        "limits": r"|v| = 1,\ \text{loss } |\theta - v|^2\, |\theta + v|^2\, e^{-v \cdot \theta}:\ \text{the flow from } 0 \text{ ends at"
        r" } v, \text{ the solutions are } \pm v",
        "weak": exists(r"\text{a weak } G \text{ on such limits } \pm v_1, \ldots, \pm v_k \text{ that has } k \text{ values}"),
    },
    symbols={**letters(NOTATION, "G"), r"\theta, v, v_i": "points of the plane", "k": "number of mutual pairs"},
    source=LIMITATION_PAPER.at("Lemma 5.1(b), (c)"),
    depends_on=["regularization.lemma.two-point"],
    refuted_by="A flow that does not end at its v, or a solution at which G is smaller than at the limit.",
    **COMMON,
)


@COMPONENTS.check("symbolic", [None], clauses="limits", covers="statement", scope="every v on the unit circle")
@false("tilted towards -v", tilt=-1)
@false("not tilted", tilt=0)
@false("the limit three per cent beyond v", limit=Fraction(103, 100))
def on_a_line(_, *, tilt=1, limit=1, context):
    """At s v the field is v times a speed, up to a positive factor: it is 1 at s = 0, and its first zero is s = 1."""
    import sympy as sp

    s, angle, theta = sp.Symbol("s", real=True), sp.Symbol("angle", real=True), sp.Matrix(sp.symbols("p q", real=True))
    v, normal = sp.Matrix([sp.cos(angle), sp.sin(angle)]), sp.Matrix([-sp.sin(angle), sp.cos(angle)])
    loss = (theta - v).dot(theta - v) * (theta + v).dot(theta + v) * sp.exp(-tilt * v.dot(theta))
    field = -sp.Matrix([loss]).jacobian(theta).subs(dict(zip(theta, s * v, strict=True))) * sp.exp(tilt * s)
    speed, across = (sp.simplify(field.dot(direction)) for direction in (v, normal))
    first = min(root for root in sp.real_roots(speed, s) if root > 0)
    return worst([vanishing("field across v", across), equal(speed=(1, speed.subs(s, 0)), limit=(limit, first))])


CIRCLE = ((1, 0), (0, 1), (Fraction(3, 5), Fraction(4, 5)), (Fraction(-4, 5), Fraction(3, 5)))
PAIRS = axes(pairs=(2, 3, 4))


def opposite(count):
    return [((p, q), (-p, -q)) for p, q in CIRCLE[:count]]


def sharing(count):
    """Each pair shares a point with the first."""
    return [*opposite(1), *((CIRCLE[0], v) for v in CIRCLE[1:count])]


def family(pairs):
    """The limits of two datasets for each pair, the solutions of each, and G: the number of the last pair in which a point lies."""
    G = {v: number for number, pair in enumerate(pairs) for v in pair}
    return [v for pair in pairs for v in pair], [pair for pair in pairs for _ in pair], G


CONTRACTED = "1e-8: the integrator's relative error 1e-11, which the flow contracts; at most exp(-4 t/e) of the way is left at t = 60"


@COMPONENTS.check("property", nothing, PAIRS, clauses=("limits", "weak"), tolerance=CONTRACTED)
@false("pairs that share a point", pairs=sharing)
@false("the limit is the other point", sign=-1)
def two_pairs(cell, _, *, pairs=opposite, sign=1, context):
    """Adaptive integration of each dataset from 0 ends at its limit; G is weak on these datasets."""
    from scipy.integrate import solve_ivp

    def field(_, theta, v, P, Q):
        p, q = (theta - P) @ (theta - P), (theta - Q) @ (theta - Q)
        return -(2 * (theta - P) * q + 2 * (theta - Q) * p - p * q * v) * np.exp(-v @ theta)

    limits, solutions, G = family(pairs(cell.pairs))
    run = {"method": "LSODA", "rtol": 1e-11, "atol": 1e-13}
    data = [np.array((v, *pair), float) for v, pair in zip(limits, solutions, strict=True)]
    off = [solve_ivp(field, (0, 60), np.zeros(2), args=tuple(one), **run).y[:, -1] - sign * one[0] for one in data]
    return worst([bounded("distance of the end from the limit", off, 1e-8), true("G is weak", is_weak(G, limits, solutions))])


def adaptive_integration(instance, *, context, **_):
    return two_pairs(instance.cell, None, context=context)


@COMPONENTS.check("exact", nothing, PAIRS, clauses="weak", replay=adaptive_integration)
@false("pairs that share a point", pairs=sharing)
@false("constant on the whole set, as printed", values=lambda graph: 1)
def components(cell, _, *, pairs=opposite, values=lambda graph: len(weak_classes(graph)), context):
    """The number of its pair is a weak function of a limit, with one value for each overlap component."""
    limits, solutions, G = family(pairs(cell.pairs))
    weak, count = is_weak(G, limits, solutions), len(set(G.values()))
    return equal(weak=(True, weak), values=(values(membership_digraph(limits, solutions)), count), witness={"G": list(G.items())})


DIRECTIONS = claim(
    "regularization.flaw.F2",
    "Independent directions of approach do not make the gradient vanish",
    r"\text{Lemma 5.2 fails for several samples: } M = 3,\ n = 2,\ \text{limits } e_1 \text{ along } e_1, \tfrac{e_1 +"
    r" e_2}{\sqrt2}, \tfrac{e_1 + e_3}{\sqrt2},\ G = |\theta - \theta_0|^2 \text{ strict},\ \nabla G = 2 e_1 \neq 0",
    symbols={**letters(NOTATION, r"M, n, G, \theta_0"), r"\theta": "parameters of linear regression, from 0", "e_i": "the unit vectors"},
    source=LIMITATION_PAPER.at("Lemma 5.2"),
    depends_on=["regularization.lemma.one-point", "regularization.linear"],
    refuted_by="Dependent directions, a limit other than e_1, or a solution nearer to the start.",
    **COMMON,
)

#: A row along which the limit is approached, and one orthogonal to it, which is made longer so that its residual is gone sooner.
ROWS = (((1, 0, 0), (0, 0, 1)), ((1, 1, 0), (1, -1, 0)), ((1, 0, 1), (1, 0, -1)))
APPROACH = ((1, 0, 0), (1, 1, 0), (1, 0, 1))
LONGER = axes(longer=(2, 3, 5))


@DIRECTIONS.check(
    "property",
    nothing,
    LONGER,
    tolerance="limit e^-5: modes of rate 1 or more leave at most e^-6; direction 1e-13: e^-36 of the faster mode, and rounding, eps times"
    " the ratio of the rates, at most 25, times ten",
)
@false("limit e_2", limit=(0, 1, 0))
@false("the third along e_1 - e_3", directions=(*APPROACH[:2], (1, 0, -1)))
def closed_form_flow(cell, _, *, limit=(1, 0, 0), directions=APPROACH, context):
    """The flow from 0 to time 6 by eigenvectors of X^T X: where it is, and in which direction e_1 lies from there."""
    outcomes, target = [], np.array([1.0, 0, 0])
    for (slow, fast), stated in zip(ROWS, directions, strict=True):
        X = np.array([slow, cell.longer * np.array(fast)], float)
        values, vectors = np.linalg.eigh(X.T @ X)
        parts = (values > 0.5) * (vectors.T @ target)
        here, left = vectors @ (parts * -np.expm1(-6 * values)), vectors @ (parts * np.exp(-6 * values))
        outcomes.append(bounded("distance from the limit", here - limit, np.exp(-5)))
        outcomes.append(bounded("direction", left / np.linalg.norm(left) - stated / np.linalg.norm(stated), 1e-13))
    return worst(outcomes)


def parts_of(X):
    """The parts of e_1 along orthogonal rows, eigenvectors of X^T X of rate |row|^2, the slowest first: the limit from 0 is their sum."""
    return [row[0] / (row @ row) * row for row in sorted(X, key=lambda row: row @ row) if row[0]]


def flow_in_floats(instance, *, context, **_):
    return closed_form_flow(instance.cell, None, context=context)


@DIRECTIONS.check("exact", nothing, LONGER, replay=flow_in_floats)
@false("the other row the shorter one", scale=lambda longer: Fraction(1, longer))
@false("the third along e_1 - e_3", directions=(*APPROACH[:2], (1, 0, -1)))
@false("a constant instead of G", gradient=lambda theta: 0 * theta)
def determinant(cell, _, *, scale=lambda longer: longer, directions=APPROACH, gradient=lambda theta: 2 * theta, context):
    """Limits, directions (first coordinate 1) and their rank; grad G at e_1 lies in each row space, so that the convex G is least there."""
    data = [fractions("rows", [slow, scale(cell.longer) * np.array(fast)]) for slow, fast in ROWS]
    parts, found = [parts_of(X) for X in data], gradient(np.array([1, 0, 0]))
    return equal(
        orthogonal=([0] * 3, [X[0] @ X[1] for X in data]),
        limits=([(1, 0, 0)] * 3, [sum(part) for part in parts]),
        directions=(directions, [part[0] / part[0][0] for part in parts]),
        rank=(3, rank_rational(np.array([part[0] for part in parts]))),
        gradient=((2, 0, 0), found),
        strict=([2] * 3, [rank_rational(np.vstack([X, found])) for X in data]),
        witness={"rows": data, "directions": [part[0] for part in parts]},
    )


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


INPUT = claim(
    "regularization.flaw.F6",
    "The input that leads to a target",
    r"\text{Equation (15) should read } x = 2(w^* - w_0)/(a^{*2} - a_0^2),\ a^{*2} \neq a_0^2;\ \text{as printed, from } (0.5,"
    r" 1) \text{ towards } (1.1, 2), \text{ the flow ends at } (1.319, 1.538)",
    clauses={
        "corrected": r"\sigma = e^z,\ x = 2(w^* - w_0)/(a^{*2} - a_0^2),\ y = a^* \sigma(w^* x) \text{ leads to } (w^*, a^*)",
        "printed": r"x = 2(w^* - w_0)/(a^* - a_0) \text{ changes } I_x \text{ by } \tfrac12 (a^* - a_0)(a^* + a_0 - 1): \text{ it"
        r" misses the target unless } a^* + a_0 = 1",
        "instance": r"\text{as printed, from } (0.5, 1) \text{ towards } (1.1, 2), \text{ the flow ends at } (1.319, 1.538)",
    },
    symbols={**letters(NOTATION, r"x, y, w_0, a_0, \sigma, I_x"), "w^*, a^*": "the target"},
    source=LIMITATION_PAPER.at("Proposition A.1, equation (15)"),
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="A target that the printed input leads to, or the corrected one does not.",
    **COMMON,
)


LEVELS = "every start and target; exp has one orbit to each level"


@INPUT.check("symbolic", [None], clauses=("corrected", "printed"), covers="statement", scope=LEVELS)
@false("as printed", power=1)
@false("cubes", power=3)
@false("unless a* + a_0 = 0", excess=lambda a, a0: (a - a0) * (a + a0) / 2)
def first_integral(_, *, power=2, excess=lambda a, a0: (a - a0) * (a + a0 - 1) / 2, context):
    """The change of I_x = a^2/2 - w/x from the start to the target, at the corrected input and at the printed one."""
    import sympy as sp

    w0, a0, w, a = sp.symbols("w_0 a_0 w a")
    change = lambda p: (a**2 - a0**2) / 2 - (w - w0) / (2 * (w - w0) / (a**p - a0**p))
    return vanishing("differences", [sp.cancel(change(power)), sp.cancel(change(1) - excess(a, a0))])


ROUTES = axes(start=((0.5, 1.0), (-0.3, 0.6)), target=((1.1, 2.0), (0.2, 1.3), (1.0, -2.0)))


@INPUT.check("property", nothing, ROUTES, clauses=("corrected", "printed"), tolerance=LIMIT_RULE)
@false("as printed", power=1)
@false("squares", printed=2)
def exponential(cell, _, *, power=2, printed=1, context):
    """Gradient flow at the corrected input ends at the target, at the printed one elsewhere."""
    (w0, a0), (w, a), model = cell.start, cell.target, TwoLayer(1, 1, activation="exp")
    inputs = [2 * (w - w0) / (a**p - a0**p) for p in (power, printed)]
    flows = [gradient_flow(model, cell.start, ([[x]], [a * np.exp(w * x)])) for x in inputs]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    off = [flow.distance(cell.target) for flow in flows]
    return worst([bounded("off the target", off[0], LIMIT), at_least("off it, as printed", off[1], 100 * LIMIT, attained=False)])


@INPUT.check("certified", [None], clauses="instance", covers="statement", because="the clause is about this one instance", scope="53 bits")
@false("squares", power=2)
@false("the last digit of the weight one more", end=("1.320", "1.538"))
@false("the last digit of the output one less", end=("1.319", "1.537"))
def printed_input(_, *, power=1, end=("1.319", "1.538"), context):
    """The limit on the printed input, on the level of I_x where f = y, in balls."""
    x = ball(Fraction(6, 5) / (2**power - 1))
    found, enclosed = limit_in_balls("exp", lambda z: z, (ball("0.5"), ball(1)), x, 2 * (ball("1.1") * x).exp())
    digits = [rounds_to(value, text) for value, text in zip(found, end, strict=True)]
    return equal(enclosed=(True, enclosed), digits=([True, True], digits))


ROUNDED = claim(
    "regularization.flaw.F7",
    "The published figure shows rounded data",
    r"\text{sigmoid},\ (w, a) = (0.922, 2.868),\ (1, 1), (12.307, 1.4):\ \text{cross residuals } 9.9 \cdot 10^{-3}, 1.5 \cdot"
    r" 10^{-3};\ \text{exact labels } 0.996865\ldots, 1.393507\ldots",
    clauses={
        "residuals": r"\text{the limit on } (1, 1) \text{ is } 9.9 \cdot 10^{-3} \text{ off on } (12.307, 1.4), \text{ the other one } 1.5"
        r" \cdot 10^{-3} \text{ on the first}",
        "labels": r"\text{the two-point overlap of the inputs } 1, 12.307 \text{ has the labels } 0.996865\ldots, 1.393507\ldots",
    },
    symbols={"w, a": "the start", r"(1, 1), (12.307, 1.4)": "the printed samples, input and label"},
    source=LIMITATION_PAPER.at("Figure 1"),
    depends_on=["regularization.two-point.sigmoid"],
    refuted_by="Limits of the printed samples that solve both.",
    **COMMON,
)

START, INPUTS, PRINTED, CERTIFIED = ("0.922", "2.868"), ("1", "12.307"), ("1", "1.4"), ("0.996865915902", "1.39350718465")
RESIDUALS, SAMPLE = ("0.0099", "0.0015"), axes(sample=(1, 2))


@ROUNDED.check("property", nothing, SAMPLE, clauses="residuals", tolerance=DIGITS)
@false("the certified labels", labels=CERTIFIED)
def residuals(cell, _, *, labels=PRINTED, context):
    """The limit on one printed sample, followed along its orbit, on the other sample."""
    model, x, y = TwoLayer(1, 1, activation="sigmoid"), np.array(INPUTS, float)[:, None], np.array(labels, float)
    own, other = cell.sample - 1, 2 - cell.sample
    end = orbit(model, np.array(START, float), x[own], y[own]).theta
    cross = value_and_jacobian(model, end, x)[0][other] - y[other]
    return bounded("off the stated residual", cross - float(RESIDUALS[own]), half_unit(RESIDUALS[own]) + LIMIT, end=end)


@ROUNDED.check("certified", nothing, SAMPLE, clauses="residuals", covers="statement", because="the two printed samples", scope="53 bits")
@false("the certified labels", labels=CERTIFIED)
@false("the last digits one more", stated=("0.0100", "0.0016"))
def residuals_in_balls(cell, _, *, labels=PRINTED, stated=RESIDUALS, context):
    """The limit on one printed sample from its first integral, G = z + e^z, on the other sample."""
    own, other = cell.sample - 1, 2 - cell.sample
    x, y = balls(INPUTS), balls(labels)
    (w, a), enclosed = limit_in_balls("sigmoid", lambda z: z + z.exp(), balls(START), x[own], y[own])
    cross = a / (1 + (-w * x[other]).exp()) - y[other]
    return equal(enclosed=(True, enclosed), rounded=(True, rounds_to(cross, stated[own])))


@ROUNDED.check("certified", nothing, SAMPLE, clauses="labels", covers="statement", because="the two labels")
@false("the printed labels are exact", digits=("1.000000", "1.400000"))
@false("the last digits one more", digits=("0.996866", "1.393508"))
def labels(cell, _, *, digits=("0.996865", "1.393507"), context):
    """The label of the overlap that is certified near the figure, its digits and apart from the printed one."""
    from flint import arb

    label = arb(near_figure().samples[cell.sample - 1]["y"])
    stated, printed = digits[cell.sample - 1], ball(PRINTED[cell.sample - 1])
    return worst([equal(digits=(True, starts_with(label, stated))), different("the printed and the exact label", printed, label)])


CONSTANT = claim(
    "regularization.flaw.F19",
    "Weak characterization is vacuous by itself",
    r"\text{a constant } G \text{ is weak for every model, start and family of datasets}",
    symbols=letters(NOTATION, "G"),
    source=LIMITATION_PAPER.at("Definition 4.5 (noted there)"),
    depends_on=["regularization.criterion.acyclic"],
    refuted_by="A family of datasets for which a constant is not weak.",
    **COMMON,
)

#: A limit among three points, and the solutions of its dataset: at least two.
DATASETS = tuple((p, s) for p in range(3) for s in ((0, 1), (0, 2), (1, 2), (0, 1, 2)) if p in s)


FAMILIES = axes(first=DATASETS, second=DATASETS)
PAIRWISE = "weak compares the limit of one dataset with one other solution at a time, by G alone: all such relations are met"


@CONSTANT.check("exact", nothing, FAMILIES, covers="statement", because=PAIRWISE, scope="all families of two datasets on three points")
@false("strict", expected=(True, True))
@false("larger at one point", G=lambda point: int(point == 0))
def constants(cell, _, *, G=lambda point: 1, expected=(True, False), context):
    """Whether G is weak, and whether it is strict, on the family."""
    limits, solutions = zip(cell.first, cell.second, strict=True)
    return equal(weak_and_strict=(expected, (is_weak(G, limits, solutions), is_strict(G, limits, solutions))))
