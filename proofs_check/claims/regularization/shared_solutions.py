r"""Datasets with the same solutions and other limits: a datum repeated, a sample that switches off, label zero."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, certify_zero, working_precision
from numerics.derivatives.dual import compose, value_of
from numerics.flows.flow import gradient_flow, runge_kutta
from numerics.flows.validated_flow import Field, descend, tail, tail_certificate
from numerics.overlap.first_integral import primitive, quotient
from proofs_check import Assumption, Outcome, axes, claim, exists, false
from proofs_check.judging import at_least, at_most, bounded, equal, vanishing, worst
from theory.expressions import activation_of
from theory.models import TwoLayer

from . import IMPOSSIBLE, LIMITATION_PAPER, OURS, POSITIVE
from ._flows import LIMIT, one
from ._pictures import reweighted, switched_off

REWEIGHT = claim(
    "regularization.two-point.reweight",
    "Repeating a datum moves the limit although the solutions stay the same",
    r"M_S \text{ does not see the weights of the data, } \Phi_S(\theta_0) \text{ does: for a tanh neuron from } (-\tfrac12, 0; \tfrac12)"
    r" \text{ on } ((\tfrac12, 0), 1), ((\tfrac12, -1), \tfrac14),\ \text{datum 1 once or four times, } 4.39 < |\Phi_S - \Phi_{S'}|"
    r" < 4.55",
    symbols=["M_S", "S", r"\Phi_S", r"\theta_0"],
    source=OURS,
    kind="counterexample",
    relation="existence",
    depends_on=["regularization.tail.PL", "regularization.criterion.acyclic"],
    refuted_by="Enclosures of the two limits that overlap; " + IMPOSSIBLE,
)

INPUTS, LABELS, START = [[0.5, 0.0], [0.5, -1.0]], [1.0, 0.25], [-0.5, 0.0, 0.5]
RUNS = (((1, 1), 20, 0.05), ((4, 1), 6, 0.05))


@cache
def enclosed(runs):
    """(enclosure, tail) of both runs, and their certificates."""
    model, ends, certificates = TwoLayer(2, 1), [], []
    with working_precision(200):
        for weights, time, reach in runs:
            field = Field(model, balls(INPUTS), balls(LABELS), balls(weights))
            end, _ = descend(field, START, time)
            rest = tail(field, end, reach=reach)
            ends.append((end, ball(rest.radius)))
            certificates.append(tail_certificate(field, START, time, end, rest.radius))
    return ends, certificates


@REWEIGHT.check(
    "certified",
    one(RUNS),
    covers="statement",
    because="the clause is about this one instance",
    scope="Taylor enclosures to times 20 and 6, then the tail bound",
)
@false("more than 5", low="5")
@false("more than 4.55", low="4.55")
@false("less than 4.39", high="4.39")
def validated_flow(runs, *, low="4.39", high="4.55", context):
    """Both limits in balls; their distance up to the tails."""
    try:
        ends, certificates = enclosed(runs)
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    with working_precision(200):
        (p, first), (q, second) = ends
        apart, left = sum((a - b) ** 2 for a, b in zip(p, q, strict=True)).sqrt(), first + second
        certificate = {"kind": "validated flows with tail bound", "activation": "tanh", "runs": certificates}
        bounds = [
            at_least("distance", apart - left, ball(low), attained=False),
            at_most("distance", apart + left, ball(high), attained=False),
        ]
        return worst(bounds, certificate=certificate, message=f"limits {apart.str(6)} apart, up to {left.str(2)}", figures=[reweighted()])


NETWORKS = claim(
    "regularization.two-point.reweight-networks",
    "Networks whose limits see the weights of the data",
    r"M_S \text{ does not see the weights of the data, } \Phi_S(\theta_0) \text{ does for tanh networks of one and two neurons and"
    r" for linear networks of"
    r" two neurons, not for linear networks balanced of rank one}",
    clauses={
        "seen": exists(r"\text{tanh networks of one and two neurons and linear networks of two neurons with } \Phi_S \neq \Phi_{S'}"),
        "balanced": r"\text{linear networks of two layers, balanced of rank one: } \Phi_S = \Phi_{S'}",
    },
    symbols=["M_S", "S", r"\Phi_S", r"\theta_0"],
    source=OURS,
    kind="extension",
    relation="existence",
    assumptions=[Assumption("bent quotient", r"\sigma/\sigma' \text{ is not affine, or there are two neurons}")],
    depends_on=["regularization.two-point.reweight", "regularization.p-family"],
    refuted_by="A balanced linear network of rank one whose limit moves with the weights of the data.",
)


def weighted_limits(model, theta0, x, y):
    return [gradient_flow(model, theta0, (x, y), weights=weights) for weights in ((1, 1), (1, 0.2))]


def network_data(cell, rng):
    """Several starts and datasets of two samples that are not solved at the start."""
    drawn = []
    for _ in range(3):
        model = TwoLayer(2, cell.neurons, activation=cell.sigma)
        theta0, x = rng.normal(0, 0.5, model.n_params), rng.normal(0, 1, (2, 2))
        theta0[2 * cell.neurons :] = np.abs(theta0[2 * cell.neurons :]) + 0.5
        drawn.append((theta0, x))
    return drawn


@NETWORKS.check(
    "property",
    network_data,
    axes(sigma=("tanh", "identity"), neurons=(1, 2), where=lambda sigma, neurons: sigma == "tanh" or neurons == 2, standard=4, full=10),
    clauses="seen",
    scope="random data of two samples, two inputs",
    distribution="normal starts and inputs, outputs above 1/2, labels 1.6 and 0.7 of the values at the start",
    tolerance="limits count as different beyond 1e-6, a hundred times the tolerance of a limit",
)
@false("exp, a strict G exists", activation="exp")
@false("a linear neuron", activation="identity")
def networks(cell, drawn, *, activation=None, context):
    """Two weightings of the same data: in one of three draws the limits differ, though never the solution set."""
    model = TwoLayer(2, cell.neurons, activation=activation_of(activation or cell.sigma))
    pairs = [weighted_limits(model, theta0, x, model(theta0, x)[:, 0] * np.array([1.6, 0.7])) for theta0, x in drawn]
    gaps = [float(np.linalg.norm(p.theta - q.theta)) for p, q in pairs if p.converged and q.converged]
    if not gaps:
        return Outcome.inconclusive("no flow converged")
    return at_least("largest gap of the limits", max(gaps), 100 * LIMIT, attained=False, gaps=gaps)


NETWORKS.without("bent quotient", networks, activation="exp")


def balanced(cell, rng):
    """Two linear layers of rank one with |a| = |W|: W = a w^T/|w| for one direction w."""
    a, w = rng.normal(size=2), rng.normal(size=3)
    W = np.outer(a, w / np.linalg.norm(w))
    x = rng.normal(size=(2, 3))
    theta0 = np.append(W.ravel(), a)
    return theta0, x, TwoLayer(3, 2, activation="identity")(theta0, x)[:, 0] * np.array([1.6, 0.7])


@NETWORKS.check(
    "property",
    balanced,
    axes(case=(0, 1), standard=5, full=20),
    clauses="balanced",
    scope="two neurons, three inputs, two samples",
    tolerance="2e-8: two limits, each within 1e-8 (regularization.linear has the rule)",
)
@false("an unbalanced start", moved=0.3)
def balanced_networks(cell, given, *, moved=0.0, context):
    """A balanced start of rank one stays balanced of rank one, as one neuron of degree 2: the two limits agree."""
    theta0, x, y = given
    start = theta0 + moved * np.array([1, 0, -1, 0, 1, 0, 0, 0])
    ends = weighted_limits(TwoLayer(3, 2, activation="identity"), start, x, y)
    if not all(end.converged for end in ends):
        return Outcome.inconclusive("; ".join(end.reason for end in ends))
    return bounded("distance of the limits", ends[0].theta - ends[1].theta, 2 * LIMIT, start=theta0, x=x)


@REWEIGHT.check(
    "property",
    one((1, "1.40635197 0.55040348 1.64913136"), (4, "-1.39695836 -0.54646866 -1.65727114")),
    scope="full-batch gradient descent by torch, steps 0.1 and 0.05",
    tolerance="errors halve with the step: c eta + O(eta^2), whose second part is at most 15 per cent at these steps",
    level="standard",
)
@false("datum 1 three times", weight=3)
def descent(given, *, weight=None, context):
    """The error of the end of training halves with the step."""
    import torch

    count, text = given
    x, y = (torch.tensor(values, dtype=torch.float64) for values in (INPUTS, LABELS))
    expected, errors = torch.tensor([float(part) for part in text.split()], dtype=torch.float64), []
    for step in (0.1, 0.05):
        theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        repeat = torch.tensor([float(weight or count), 1.0], dtype=torch.float64)
        optimizer = torch.optim.SGD([theta], lr=step)
        for _ in range(round(30 / step)):
            optimizer.zero_grad()
            (repeat * (theta[2] * torch.tanh(x @ theta[:2]) - y) ** 2).sum().mul(0.5).backward()
            optimizer.step()
        errors.append(float((theta.detach() - expected).norm()))
    return bounded("ratio of the errors", errors[0] / errors[1] - 2, 0.3, errors=errors)


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
    symbols=["f", "w", "x", "w_0", r"\Phi_S", "t"],
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
    assumptions=[POSITIVE, REACHED, Assumption("label zero", "y = 0")],
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="Two inputs with the same limit weight where sigma is positive.",
    notes="Without the condition that a = 0 is reached there may be no limit: sigma = exp(-e^(-z)) from (0.4, 1) on (3, 0) keeps"
    " a^2 > 1 - 2 e^1.2/9 = 0.26.",
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
