r"""Datasets with the same solutions and other limits: a sample that switches off, label zero."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
from numerics.derivatives.dual import compose, value_of
from numerics.flows.flow import gradient_flow, runge_kutta
from numerics.overlap.first_integral import primitive, quotient
from proofs_check import Assumption, Outcome, axes, claim, false
from proofs_check.judging import at_least, bounded, equal, vanishing, worst
from theory.expressions import activation_of
from theory.models import TwoLayer

from . import IMPOSSIBLE, LIMITATION_PAPER, NOTATION, OURS, POSITIVE
from ._flows import LIMIT, one
from ._pictures import switched_off

RELU = claim(
    "regularization.two-point.relu-d2",
    "A ReLU neuron that switches a sample off: closed form",
    r"f = \max(0, w \cdot x),\ x_1 = (1, 0),\ x_2 = (1, \sqrt{3/2}),\ w_0 = (3, -\tfrac{2\sqrt6}{3}):\quad"
    r" \Phi_{\{(x_1, 1)\}} = (1, -\tfrac{2\sqrt6}{3}),\quad \Phi_{\{(x_1, 1), (x_2, 0)\}} = (1, -2^{9/10} 3^{7/10}/4 - \tfrac{\sqrt6}{3})",
    clauses={
        "limits": r"\Phi_{\{(x_1, 1)\}} = (1, -\tfrac{2\sqrt6}{3}),\ \Phi_{\{(x_1, 1), (x_2, 0)\}} = (1, -2^{9/10} 3^{7/10}/4 -"
        r" \tfrac{\sqrt6}{3}),"
        r" \text{ sample 2 switched off at } t = \tfrac25 \ln \tfrac83",
        "both solve both": r"\text{both limits solve both datasets}",
    },
    symbols={
        **{name: NOTATION[name] for name in ("f", "w", "x", "w_0", r"\Phi_S")},
        "t": "time of w' = -grad(R)/2, R the sum of (f - y)^2",
    },
    source=OURS,
    kind="counterexample",
    relation="existence",
    depends_on=["regularization.criterion.acyclic"],
    refuted_by="A path of the linear system that switches at another time or place; " + IMPOSSIBLE,
)


@RELU.check("symbolic", [None], clauses=("limits", "both solve both"), covers="statement", scope="the instance, in closed form")
@false("beta^2 = 2", square=2)
@false("switched off at (2/5) ln 3", ratio=3)
def closed_form(_, *, square=Fraction(3, 2), ratio=Fraction(8, 3), context):
    """The linear flow in the eigenvectors of X^T X until sample 2 switches off, then that of sample 1 alone, which keeps w_2."""
    import sympy as sp

    beta = sp.sqrt(sp.Rational(square))
    X, y = sp.Matrix([[1, 0], [1, beta]]), sp.Matrix([1, 0])
    w0 = sp.Matrix([3, -2 * sp.sqrt(6) / 3])
    fixed = X.inv() * y
    switch, path = sp.Rational(2, 5) * sp.log(sp.Rational(ratio)), fixed
    for value, _, (vector,) in (X.T * X).eigenvects():
        path = path + vector * (vector.dot(w0 - fixed) / vector.dot(vector)) * sp.exp(-value * switch)
    first, second = sp.Matrix([1, w0[1]]), sp.Matrix([1, -(2 ** sp.Rational(9, 10)) * 3 ** sp.Rational(7, 10) / 4 - sp.sqrt(6) / 3])
    relu = lambda z: sp.Max(0, sp.simplify(z))
    x2 = X.row(1)
    defects = [path[0] + beta * path[1], path[1] - second[1], *(relu((x2 * p)[0]) for p in (first, second)), first[0] - 1, second[0] - 1]
    return vanishing("defects", [sp.simplify(entry) for entry in defects])


@cache
def stepped(which, kink):
    """Where 12,000 fourth-order steps end on the first ``which`` + 1 samples; without the ``kink`` all stay active."""
    X, w0 = np.array([[1, 0], [1, np.sqrt(1.5)]])[: which + 1], np.array([3, -2 * np.sqrt(6) / 3])
    y = np.array([1.0, 0.0])[: which + 1]
    active = lambda w: (X @ w > 0) if kink else np.ones(len(X))
    field = lambda w: -(active(w) * (X @ w) - y) * active(w) @ X
    return runge_kutta(field, w0, step=1e-3, steps=12_000)


@RELU.check(
    "property",
    one(0, 1),
    clauses="limits",
    scope="fourth-order steps of 1e-3 through the kink, time 12, each dataset",
    tolerance="1e-4: the speed is continuous at the kink, one step across errs by the step squared; exp(-12) is left",
)
@false("a limit 0.01 further", shift=-0.01)
@false("sample 2 never switches off", kink=False)
def fixed_steps(which, *, shift=0.0, kink=True, context):
    """Runge-Kutta steps on {(x_1, 1)} and on both samples, against the closed form."""
    end = stepped(which, kink)
    expected = [1, -2 * np.sqrt(6) / 3 if which == 0 else -(2**0.9) * 3**0.7 / 4 - np.sqrt(6) / 3 + shift]
    return worst([bounded("distance from the closed form", end - expected, 1e-4, end=end)], figures=[switched_off()])


REACHED = Assumption(
    "the orbit reaches a = 0", r"\int_{-\infty}^0 \sigma/\sigma'\,dz = \infty \text{ or } a_0^2 < 2[G(w_0 x) - G(-\infty)]/x^2"
)

MOVES = Assumption("not solved at the start", "a_0 \\neq 0")
ZERO_LABEL = claim(
    "regularization.two-point.zero-label",
    "Label zero: all inputs share the solutions, not the limits",
    r"\sigma, \sigma' > 0:\ M_{(x, 0)} = \{a = 0\} \text{ for every } x \neq 0,\quad G(w_0 x) - G(w_\infty x) = x^2 a_0^2/2;\quad"
    r" w_\infty = w_0 - \tfrac{\sigma'(0)}{2 \sigma(0)} a_0^2 x + O(x^2) \text{ depends on } x \Rightarrow \text{no strict } G",
    clauses={
        "solutions": r"M_{(x, 0)} = \{a = 0\} \text{ for every } x \neq 0",
        "limit": r"G(w_0 x) - G(w_\infty x) = x^2 a_0^2/2",
        "depends on x": r"w_\infty = w_0 - \tfrac{\sigma'(0)}{2 \sigma(0)} a_0^2 x + O(x^2)",
        "exp": r"\sigma = e^z:\ w_\infty = w_0 - x a_0^2/2, \text{ so that even an affine } \sigma/\sigma' \text{ has no strict } G"
        r" \text{ at label } 0",
        "numbers": r"(w_0, a_0) = (0.4, 1),\ x = -0.6, -0.3, 0.3, 0.6:\ w_\infty = 0.5717, 0.4799, 0.3291, 0.2649 \text{ (sigmoid)},"
        r"\ 0.6307, 0.5114, 0.2943, 0.1923 \text{ (softplus)}",
    },
    symbols={
        r"\sigma, G": "the activation; the integral of sigma/sigma'",
        "M_{(x, 0)}": "solutions of the sample (x, 0)",
        "x": "an input",
        "a, a_0": "output weight, at the start",
        "w_0, w_\\infty": "input weight at the start and in the limit",
        "z": "a pre-activation",
    },
    source=LIMITATION_PAPER.at("implies Theorem 6.2(a); the argument is ours"),
    kind="extension",
    relation="impossibility",
    assumptions=[POSITIVE, REACHED, Assumption("label zero", "y = 0"), MOVES],
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="A start whose limit weight is the same for all inputs where sigma is positive.",
    notes="Without the condition that a = 0 is reached there may be no limit: sigma = exp(-e^(-z)) from (0.4, 1) on (3, 0) keeps"
    " a^2 > 1 - 2 e^1.2/9 = 0.26. Two inputs may share their limit: sigmoid from (0.4, 1) at x = 0.3 and 12.0762, as w returns to w_0 for"
    " large x.",
)


@ZERO_LABEL.check("symbolic", [None], clauses=("solutions", "limit", "exp"), covers="statement", scope="arbitrary positive sigma and its G")
@false("half the gain", share=2)
def equations(_, *, share=1, label=0, context):
    """f = a sigma vanishes exactly with a (sigma > 0); the first integral at a = 0; G = z for exp."""
    import sympy as sp

    a0, w0, w, x = sp.symbols("a0 w0 w x", positive=True)
    s, G = sp.Symbol("s", positive=True), sp.Function("G")
    solved = sp.solve(sp.Symbol("a") * s - label, sp.Symbol("a"))
    kept = (a0**2 / 2 - G(w0 * x) / x**2) - (0 - G(w * x) / x**2)
    stated = G(w0 * x) - G(w * x) - x**2 * a0**2 / 2 / share
    at_exp = sp.solve(w0 * x - w * x - x**2 * a0**2 / 2, w)[0] - (w0 - x * a0**2 / 2)
    return vanishing("differences", [*solved, sp.expand(kept * x**2 + stated), sp.expand(at_exp)])


ZERO_LABEL.without("label zero", equations, label=1)


@ZERO_LABEL.check("symbolic", [None], clauses="depends on x", covers="statement", scope="arbitrary sigma; first order in x")
@false("without the half", factor=1)
def first_order(_, *, factor=Fraction(1, 2), context):
    """With w_inf = w_0 + c x + O(x^2) the equation is -c P(0) x^2 + O(x^3) = x^2 a_0^2/2; so c = -a_0^2/(2 P(0)), not 0."""
    import sympy as sp

    x, w0, a0, c, P0, P1 = sp.symbols("x w0 a0 c P0 P1")
    G = lambda z: P0 * z + P1 * z**2 / 2
    gap = sp.expand(G(w0 * x) - G((w0 + c * x) * x) - x**2 * a0**2 / 2)
    found = sp.solve(gap.coeff(x, 2), c)[0]
    return vanishing("differences", [gap.coeff(x, 1), found + sp.Rational(factor) * a0**2 / P0])


WEIGHTS = {"sigmoid": ("0.5717", "0.4799", "0.3291", "0.2649"), "softplus": ("0.6307", "0.5114", "0.2943", "0.1923")}
XS = ("-0.6", "-0.3", "0.3", "0.6")


def unreached(cell, rng):
    """The Gumbel distribution function on x = 3: all of G below the start is less than x^2/2."""
    return "exp(-exp(-z))", ("3",), ("0.1",)


def limit_weight(sigma, x, digits):
    """(G gained within 2 of the start, the weight at a = 0 in a box) from (0.4, 1); the weight is None where no box was found."""
    w0, x = ball("0.4"), ball(x)
    start = w0 * x
    gain = primitive(sigma, start - 2, start)
    if not gain > x * x / 2:
        return gain, None

    def system(w):
        end = w[0] * x
        gained = primitive(sigma, start, value_of(end))
        return [compose(end, lambda t: gained, lambda t: quotient(sigma, t)) + x * x / 2]

    return gain, certify_zero(system, [float(digits)]).enclosure[0]


@ZERO_LABEL.check(
    "certified",
    lambda cell, rng: (cell.sigma, XS, WEIGHTS[cell.sigma]),
    axes(sigma=tuple(WEIGHTS)),
    clauses=("numbers", "limit"),
    scope="from (w_0, a_0) = (0.4, 1), x = -0.6, -0.3, 0.3, 0.6",
)
@false("the last digits one more", moved=1)
@false("the last digits one less", moved=-1)
def limit_weights(cell, given, *, moved=0, context):
    """G gains x^2/2 on the way down, so that a = 0 is reached; the weight there in a Krawczyk box, against the rounded digits."""
    formula, xs, texts = given
    sigma, outcomes, weights, rounded = activation_of(formula), [], [], []
    with working_precision(160):
        for x, digits in zip(xs, texts, strict=True):
            try:
                gain, weight = limit_weight(sigma, x, digits)
            except NotCertified as error:
                return Outcome.inconclusive(str(error))
            outcomes.append(at_least("G gained on the way down", gain, ball(x) ** 2 / 2, attained=False, activation=formula, x=x))
            if weight is not None:
                off, half = abs(weight - ball(digits) - ball(Fraction(moved, 10**4))), ball("0.00005")
                rounded.append(True if off < half else False if off > half else None)
                weights.append(weight.str(25))
        outcomes.append(equal(rounded=([True] * len(weights), rounded), shown={"weights": weights}))
    certificate = {"kind": "zero label", "activation": formula, "start": ("0.4", "1"), "inputs": xs, "weights": weights}
    return worst(outcomes, certificate=certificate)


ZERO_LABEL.without("the orbit reaches a = 0", limit_weights, unreached)


@ZERO_LABEL.check(
    "property",
    one(("sigmoid", 1.0), ("softplus", 1.0), ("exp", 1.0)),
    clauses="depends on x",
    scope="from w_0 = 0.4, a_0 = 1, adaptive integration",
    tolerance="limits count as different beyond 1e-6, a hundred times the tolerance of a limit",
)
@false("inputs of one sign and size", xs=(0.3, 0.3))
@false("two inputs that share their limit", xs=(0.3, 12.0762114))
def by_flow(given, *, xs=(-0.6, -0.3, 0.3, 0.6), context):
    """Gradient flow on (x, 0): the limit weights of any two of the inputs differ."""
    formula, a0 = given
    flows = [gradient_flow(TwoLayer(1, 1, activation=activation_of(formula)), [0.4, a0], ([[x]], [0.0])) for x in xs]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    weights = [float(flow.theta[0]) for flow in flows]
    closest = min(abs(p - q) for k, p in enumerate(weights) for q in weights[:k])
    return at_least("least distance of two limits", closest, 100 * LIMIT, attained=False, weights=weights)


#: sigma(z) = z is not positive: a^2 - w^2 is kept for every x, so that all inputs lead to w^2 = w_0^2 - a_0^2.
ZERO_LABEL.without("positive and increasing", by_flow, one(("z", 0.3)))
ZERO_LABEL.without("not solved at the start", by_flow, one(("sigmoid", 0.0)))
