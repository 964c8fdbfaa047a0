r"""What gradient flow keeps on its way, and how far the limit can still be: first integrals, monotone orbits, the bound on the tail."""

import math
from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import gradient_descent, gradient_flow, orbit, value_and_jacobian
from numerics.flows.validated_flow import Field, descend, tail, tail_certificate
from proofs_check import Assumption, Outcome, Source, axes, claim, false
from proofs_check.adequacy import regularization as definitions
from proofs_check.judging import at_most, bounded, vanishing, worst
from theory.models import TwoLayer
from theory.regularization.first_integrals import drift, table, variable
from theory.regularization.function_field import vanishes
from theory.regularization.regularizers import balance

from . import LIMITATION_PAPER, OURS
from ._flows import LIMIT, one
from ._pictures import balances, integral_curves, tails, values_along

CONSERVED = claim(
    "regularization.conserved.single-sample",
    "The first integral of one neuron and one sample",
    r"n = 1,\ x \neq 0,\ \sigma' \neq 0:\quad I_x(a, w) = \tfrac{a^2}{2} - \tfrac{G(w \cdot x)}{|x|^2},\ G' ="
    r" \sigma/\sigma',\ \text{is conserved},\ w - w_0 \parallel x,\ \text{for every loss } \ell(f)",
    clauses={
        "conserved": r"\tfrac{d}{dt} I_x = 0 \text{ for every loss } \ell(f)",
        "along x": r"w - w_0 \parallel x",
        "table": r"G \text{ in closed form for seventeen activations}",
    },
    symbols=["n", "x", r"\sigma", "I_x", "a", "w", "G", "w_0", "f", r"\ell"],
    source=LIMITATION_PAPER.at("Lemma A.3; table ours"),
    assumptions=[
        Assumption("one sample", "n = 1"),
        Assumption(
            "no critical activation", r"\sigma' \neq 0 \text{ on the orbit}", unprobed="G has a pole where sigma' = 0 and sigma does not"
        ),
    ],
    refuted_by="A path along which I_x moves (look along the path: some false invariants agree at its ends).",
)


@CONSERVED.check(
    "symbolic",
    one(1, 2, 3),
    clauses=("conserved", "along x"),
    covers="statement",
    scope="arbitrary activation and loss; coordinates enter as sums",
)
@false("G/|x| instead of G/|x|^2", weighting=lambda square: square ** Fraction(-1, 2))
@false("sigma'/sigma integrated", integrand=lambda sigma, slope: slope / sigma)
def conservation(inputs, *, weighting=None, integrand=None, context):
    """dI/dt = 0 for an arbitrary activation and loss; w' = -l'(f) a sigma' x by the chain rule, a multiple of x."""
    import sympy as sp

    x, w = sp.symbols(f"x:{inputs}"), sp.symbols(f"w:{inputs}")
    a, rate, value, slope, z = sp.symbols("a rate value slope z")
    loss = rate * a * (value + slope * (sum(p * q for p, q in zip(w, x, strict=True)) - z))  # to first order at a point
    speed = [sp.diff(loss, p) for p in w]
    minors = [sp.expand(speed[i] * x[j] - speed[j] * x[i]) for i in range(inputs) for j in range(i)]
    return vanishing("drift and minors", [drift(inputs=inputs, weighting=weighting, integrand=integrand), *minors])


@CONSERVED.check("symbolic", lambda context: list(table()), clauses="table", covers="statement", scope="the seventeen closed forms")
@false("twice G", multiple=2)
def closed_forms(name, *, multiple=1, context):
    """dG/dz = sigma/sigma', proved in a field of rational functions."""
    import sympy as sp

    sigma, G = table()[name]
    defect = sp.diff(multiple * G, variable()) - sigma / sp.diff(sigma, variable())
    return vanishing(name, sp.Integer(0) if vanishes(defect) else defect)


def first_integral(a, w, x):
    return a * a / 2 - np.sinh(w * x) ** 2 / 2 / (x * x)


PATHS = one(((1.0, 1.5), 0.5, -1.5 * math.tanh(0.5)), ((1.0, 1.5), 2.0, -1.5 * math.tanh(2.0)), ((0.4, -0.8), 1.3, 0.9))


def two_samples(context):
    """Two samples at once: the first integral of the first moves."""
    return [((1.0, 1.5), (0.5, 2.0), (0.3, -0.4))]


@CONSERVED.check("property", PATHS, clauses="conserved", scope="tanh, three flows", tolerance="1e-8: accumulated error of the integrator")
@false("a^2 - w^2, which agrees at both ends of the first path", invariant=lambda a, w, x: a * a - w * w)
@false("G/|x|", invariant=lambda a, w, x: a * a / 2 - np.sinh(w * x) ** 2 / 2 / abs(x))
def along_the_path(given, *, invariant=first_integral, context):
    """The invariant along the whole path of an adaptive flow of tanh, not only at its ends."""
    start, x, label = given
    flow = gradient_flow(TwoLayer(1, 1), start, (np.reshape(x, (-1, 1)), np.ravel(label)))
    values = invariant(flow.path[:, 1], flow.path[:, 0], np.ravel(x)[0])
    return worst([bounded("drift along the path", values - values[0], 1e-8)], figures=[integral_curves()])


CONSERVED.without("one sample", along_the_path, two_samples)

HOMOGENEOUS = claim(
    "regularization.homogeneous-conserved",
    "Balance of homogeneous networks",
    r"\sigma \text{ homogeneous of degree } k:\ k a_j^2 - |w_j|^2 \text{ is conserved per neuron};\quad \text{linear:"
    r" } W_{l+1}^T W_{l+1} - W_l W_l^T",
    clauses={
        "neuron": r"\sigma'(z) z = k \sigma(z):\ k a_j^2 - |w_j|^2 \text{ is conserved for every neuron } j \text{ and dataset}",
        "layers": r"f = W_L \cdots W_1 x:\ W_{l+1}^T W_{l+1} - W_l W_l^T \text{ is conserved for every depth and size}",
    },
    symbols={
        r"\sigma, k": "a homogeneous activation and its degree",
        "a_j, w_j": "output and input weights of neuron j",
        "W_l": "weights of layer l of L",
        "f, x": "the linear network and its input",
        "z": "a pre-activation",
    },
    source=Source("arXiv:1806.00900", "Theorem 2.1, recalled"),
    assumptions=[Assumption("homogeneous", r"\sigma'(z) z = k \sigma(z)")],
    refuted_by="A flow along which the balance moves.",
)


@HOMOGENEOUS.check(
    "symbolic",
    [None],
    clauses="neuron",
    covers="statement",
    scope="symbolic degree; coordinates and samples enter as sums, neurons one by one",
)
@false("degree k + 1", degree=lambda k: k + 1)
def neuron(_, *, degree=lambda k: k, homogeneity=lambda k: k, context):
    """k a^2 - |w|^2 along the flow of a loss of one output, from Euler's identity."""
    import sympy as sp

    k, a, rate, sigma = sp.symbols("k a rate sigma")
    w, x = sp.symbols("w:2"), sp.symbols("x:2")
    slope = homogeneity(k) * sigma / sum(p * q for p, q in zip(w, x, strict=True))
    speeds = {a: -rate * sigma, **{p: -rate * a * slope * q for p, q in zip(w, x, strict=True)}}
    conserved = balance(degree(k), a, w)
    return vanishing("drift", sp.cancel(sum(sp.diff(conserved, part) * speed for part, speed in speeds.items())))


HOMOGENEOUS.without("homogeneous", neuron, homogeneity=lambda k: k + 1)


@HOMOGENEOUS.check(
    "symbolic", [None], clauses="layers", covers="statement", scope="matrices of symbolic size; U and A the products above and below"
)
@false("the sum", sign=1)
@false("transposed the other way", transposed=True)
def layers(_, *, sign=-1, transposed=False, context):
    """With V = W_(l+1), W = W_l, f = U V W A and E the slope of the loss: V' = -U^T E (W A)^T, W' = -(U V)^T E A^T."""
    import sympy as sp

    sizes = sp.symbols("p q r s t", integer=True, positive=True)
    U, V, W, A = (sp.MatrixSymbol(name, *shape) for name, shape in zip("UVWA", zip(sizes, sizes[1:], strict=False), strict=True))
    E = sp.MatrixSymbol("E", sizes[0], sizes[4])
    V_speed, W_speed = -U.T * E * (W * A).T, -(U * V).T * E * A.T
    if transposed:  # square matrices then, V V^T - W^T W
        V, W, V_speed, W_speed = V.T, W.T, V_speed.T, W_speed.T
        if V.shape[1] != W.shape[0]:
            square = sizes[2]
            replaced = dict.fromkeys(sizes, square)
            V, W, V_speed, W_speed = (entry.subs(replaced) for entry in (V, W, V_speed, W_speed))
    drift = V.T * V_speed + V_speed.T * V + sign * (W * W_speed.T + W_speed * W.T)
    left = sp.expand(drift.doit())
    left = left.doit() if hasattr(left, "doit") else left
    return vanishing("drift", sp.Integer(0) if left.is_ZeroMatrix else sp.Symbol("terms_left"))


@HOMOGENEOUS.check(
    "property",
    lambda cell, rng: (rng.uniform(0.4, 0.9, 3), rng.uniform(0.5, 1, (2, 2))),
    axes(degree=(1, 2, 3), standard=4, full=10),
    clauses="neuron",
    scope="two samples of two inputs, fixed time 2, steps 2e-3 and 1e-3",
    tolerance="the drift is c eta + O(eta^2): ratio 2 within 0.1",
)
@false("second order", ratio=4)
@false("no dependence on the step", ratio=1)
def descent(cell, given, *, ratio=2, context):
    """Gradient descent, the Euler scheme of the flow, moves the balance by O(step) over a fixed time: the drift halves with the step."""
    theta0, x = given
    model = TwoLayer(2, 1, activation="identity" if cell.degree == 1 else f"power:{cell.degree}")
    value = lambda theta: balance(cell.degree, theta[2], theta[:2])
    drifts = [value(gradient_descent(model, theta0, (x, [1.0, 0.4]), step=eta, time=2.0)) - value(theta0) for eta in (2e-3, 1e-3)]
    outcome = bounded("ratio of the drifts", drifts[0] / drifts[1] - ratio, 0.1, drifts=drifts)
    return worst([outcome], figures=[balances()] if cell.degree == 1 else ())


CONSTANT = "a quantity whose derivative along the flow vanishes is constant"
HOMOGENEOUS.formal(
    "regularization/balance.v",
    "regularization_homogeneous_conserved",
    false="degree k + 1",
    adequate=definitions.balance,
    premises=(CONSTANT,),
    clauses="neuron",
)
HOMOGENEOUS.formal(
    "regularization/balance.v",
    "regularization_homogeneous_conserved_layers",
    false="the sum of the two",
    adequate=definitions.layers,
    premises=(CONSTANT,),
    clauses="layers",
)

MONOTONE = claim(
    "regularization.orbit.monotone",
    "On one sample the model value moves monotonically towards the label",
    r"\theta' = -\nabla (f(\theta, x) - y)^2:\ \tfrac{df}{dt} = -2 (f - y)\, |\nabla f|^2;\ \Phi_{(x, y)}(\theta_0) \text{ is the only"
    r" point of the orbit with } f = y \text{, where it gets there}",
    clauses={
        "speed": r"\tfrac{df}{dt} = -2 (f - y)\, |\nabla f|^2,\ |\nabla f|^2 = \textstyle\sum_k \sigma(w_k \cdot x)^2 + a_k^2"
        r" \sigma'(w_k \cdot x)^2 |x|^2",
        "only point": r"f \text{ moves monotonically towards } y;\ \text{where it reaches it, } \Phi_{(x, y)}(\theta_0) \text{ is"
        r" the only point of the orbit with } f = y",
        "short of it": r"\sigma(0) = 0:\ \theta_0 = 0 \text{ stays, so that } y \neq 0 \text{ is not reached}",
    },
    symbols=["f", "x", "y", "t", r"\Phi_S", r"\theta_0", r"\sigma", "w", "a"],
    source=OURS,
    kind="extension",
    assumptions=[Assumption("one sample", "n = 1")],
    refuted_by="A flow on one sample along which f turns back.",
    notes="It need not get there: tanh from (0, 0) on y = 1 stays, and exp(-exp(-z)) of regularization.flaw.F3 ends above y <= 0.",
)


@MONOTONE.check(
    "symbolic",
    one(1, 2),
    clauses=("speed", "only point"),
    covers="statement",
    scope="arbitrary activation, two inputs; neurons and inputs enter as sums",
)
@false("uphill", sign=1)
@false("the input forgotten", square=lambda x: 1)
def speed(neurons, *, sign=-1, square=lambda x: sum(q * q for q in x), context):
    """The flow of the loss, differentiated by sympy, against the stated speed: f - y keeps its sign and falls in size, so that f = y
    once."""
    import sympy as sp

    y, x = sp.Symbol("y"), sp.symbols("x:2")
    a, value, slope, z = (sp.symbols(f"{name}:{neurons}") for name in ("a", "s", "d", "z"))
    w = [sp.symbols(f"w{k}_:2") for k in range(neurons)]
    reached = {z[k]: w[k][0] * x[0] + w[k][1] * x[1] for k in range(neurons)}
    f = sum(a[k] * (value[k] + slope[k] * (reached[z[k]] - z[k])) for k in range(neurons))  # sigma to first order at the point
    theta = [*a, *(entry for row in w for entry in row)]
    moved = sum(sp.diff(f, entry) * -sp.diff((f - y) ** 2, entry) for entry in theta).subs(reached)
    norm = sum(value[k] ** 2 + a[k] ** 2 * slope[k] ** 2 * square(x) for k in range(neurons))
    return vanishing("difference", sp.expand(moved - sign * 2 * (f.subs(reached) - y) * norm))


def one_sample(cell, rng):
    model, x = TwoLayer(cell.d, cell.m, activation="sigmoid"), rng.normal(size=(1, cell.d))
    theta0 = rng.normal(size=model.n_params)
    return theta0, x, [float(model(theta0, x)[0, 0]) + float(rng.uniform(0.2, 0.8))]


def opposed_samples(cell, rng):
    """Two samples that pull the value at the first one up and down."""
    return rng.normal(size=cell.m * (cell.d + 1)), np.stack([np.ones(cell.d), 0.9 * np.ones(cell.d)]), [0.4, 0.5]


@MONOTONE.check(
    "property",
    one_sample,
    axes(m=(1, 2), d=(1, 2), quick=2, standard=6, full=15),
    clauses="only point",
    scope="sigmoid",
    distribution="normal start and input, label 0.2 to 0.8 above",
    tolerance="steps backward 1e-11 (the integrator's tolerance), limits 1e-8",
)
@false("downward", sign=-1)
def flows(cell, given, *, sign=1, context):
    """Along the flow f moves monotonically to y, and the orbit followed by the value of f up to y ends at the same limit."""
    theta0, x, y = given
    model = TwoLayer(cell.d, cell.m, activation="sigmoid")
    flow = gradient_flow(model, theta0, (x, y))
    values = value_and_jacobian(model, flow.path, x)[0][:, 0]
    backward = np.maximum(0.0, -sign * np.sign(y[0] - values[0]) * np.diff(values)).max()
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    apart = flow.distance(orbit(model, theta0, x[0], y[0]).theta)
    drawn = [values_along(values, y[0])] if (cell.m, cell.d, sign) == (1, 1, 1) else []
    return worst([bounded("steps backward", backward, 1e-11), bounded("distance of the two limits", apart, LIMIT)], figures=drawn)


MONOTONE.without("one sample", flows, opposed_samples)


@MONOTONE.check("symbolic", [None], clauses="short of it", covers="statement", scope="arbitrary sigma, label, input; neurons one by one")
@false("sigma(0) = 1/2", value=Fraction(1, 2))
@false("a start with an output weight", output=1)
def at_rest(_, *, value=0, output=0, context):
    """The speed -2 (f - y) (a sigma'(0) x, sigma(0)) at w = 0, where f = a sigma(0)."""
    import sympy as sp

    y, slope, x = sp.symbols("y slope x")
    pull = -2 * (output * sp.Rational(value) - y)
    return vanishing("speed", [pull * output * slope * x, pull * sp.Rational(value)])


TAIL = claim(
    "regularization.tail.PL",
    "How far the limit can still be",
    r"E^2 = r^T C r,\ \lambda \le \lambda_{\min}(C^{1/2} J J^T C^{1/2}) \text{ on } B(\theta_T, \rho),"
    r"\ E/\sqrt\lambda < \rho \ \Rightarrow\ |\theta_\infty - \theta_T| \le E/\sqrt\lambda",
    symbols={
        "E, r": "size of the residuals, the residuals",
        "C": "diagonal weights of the data",
        r"\lambda, J": "a lower bound of the eigenvalues, the tangents",
        r"\theta_T, \rho, B": "a point of the flow, a radius and the ball of that radius",
        r"\theta_\infty": "the limit",
    },
    source=OURS,
    kind="extension",
    relation="upper",
    assumptions=[
        Assumption(
            "bound on the ball", r"\lambda > 0 \text{ on all of } B(\theta_T, \rho)", unprobed="for lambda = 0 the bound is infinite"
        )
    ],
    refuted_by="A flow whose remaining way exceeds the bound.",
    notes="From dE/dt <= -sqrt(lambda) |theta'|: the way left is at most E over sqrt(lambda).",
)


@cache
def stopped(early, late):
    """The descent of a tanh neuron in balls at two times."""
    field = Field(TwoLayer(2, 1), balls([[0.5, 0.0], [0.5, -1.0]]), balls([1.0, 0.25]), balls([4, 1]))
    first, _ = descend(field, [-0.5, 0.0, 0.5], early, bits=200)
    second, _ = descend(field, first, late - early, bits=200)
    return field, first, second


@TAIL.check("certified", one((6, 8), (7, 9)), scope="one tanh neuron, times 6 and 8, 7 and 9")
@false("a thousandth of it", share=Fraction(1, 1000))
def validated(times, *, share=Fraction(1), context):
    """A validated flow stopped early: the proved radius is no less than the way to its enclosure at a later time."""
    early, late = times
    with working_precision(200):
        try:
            field, first, second = stopped(early, late)
            rest = tail(field, first, reach=0.1)
        except NotCertified as error:
            return Outcome.inconclusive(str(error))
        way = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)).sqrt()
        certificate = {"kind": "tail", **tail_certificate(field, [-0.5, 0.0, 0.5], early, first, rest.radius)}
        outcome = at_most("way", way, ball(rest.radius) * ball(share), attained=False)
    return worst([outcome], certificate=certificate, message=f"way {way.str(6)} within {rest.radius:.5f}")


@TAIL.check(
    "property",
    lambda cell, rng: (rng.normal(size=6), rng.normal(size=(2, 2)), 0.3 * rng.normal(size=2)),
    axes(weights=((1, 1), (3, 1)), quick=3, standard=15, full=50),
    scope="two tanh neurons, two samples",
    distribution="normal data",
    tolerance="1e-6 relative: error of the limit",
)
@false("E lambda^(-1/4)", exponent=0.25)
@false("E/lambda", exponent=1)
def ways(cell, given, *, exponent=0.5, context):
    """From points of the flow the way to its limit over E/sqrt(lambda), lambda the least eigenvalue met on the way."""
    theta0, x, moved = given
    model, root = TwoLayer(2, 2), np.sqrt(np.array(cell.weights, float))
    y = model(theta0, x)[:, 0] + moved
    flow = gradient_flow(model, theta0, (x, y), weights=cell.weights)
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    points = flow.path[:: max(1, len(flow.path) // 40)]
    values, jacobians = value_and_jacobian(model, points, x)
    eigenvalues = np.linalg.svd(root[:, None] * jacobians, compute_uv=False)[:, -1] ** 2
    sizes = np.linalg.norm(root * (values - y), axis=1)
    shares = [
        np.linalg.norm(flow.theta - points[k]) * eigenvalues[k:].min() ** exponent / sizes[k] for k in range(len(points)) if sizes[k] > 1e-6
    ]
    return worst([bounded("way over its bound", max(shares), 1 + 1e-6)], figures=[tails()] if cell.weights == (1, 1) else ())
