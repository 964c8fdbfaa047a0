r"""Neurons with affine sigma/sigma': an explicit strict G for all datasets, and for two or more inputs no others have any."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe
from proofs_check.claims.regularization._words import LIMIT_TOLERANCE, OWN, all_vanish, at_most, one
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.regularizers import PFamily, p_family_identities


def check_p_family_symbolically(instance, *, weight, context) -> Outcome:
    """Stationarity of G on the solution set under the conserved structure, for symbolic p and q and any number of samples and inputs."""
    return all_vanish(p_family_identities(weight=weight))


def check_convexity(instance, *, power, context) -> Outcome:
    """In (b, v) = (a^p, a^p w): sgn(p) G has Hessian |p| (v v^T/b^3, ...) plus b^{2/p - 1}/|p| in b, positive definite for b > 0."""
    import sympy as sp

    p = sp.Rational(instance)
    b, v = sp.symbols("b v", positive=True)
    G = sp.sign(p) * (p * v**2 / (2 * b) + p * b ** power(p) / (2 * (p + 2)))
    hessian = sp.hessian(G, (b, v)).subs({b: sp.Rational(3, 2), v: sp.Rational(2, 3)})
    if hessian.is_positive_definite:
        return Outcome.holds()
    return Outcome.fails("the Hessian is not positive definite", counterexample={"p": str(p), "Hessian": str(hessian.evalf(5))})


FAMILIES = [(1, 1), (2, 3), (0.5, 1), (-1, 4), (0, 1), (0, 2), (-3, 6), (-2, 5), (1, 0), (0.5, 0), (3, 0)]


def formula_of(p, q):
    return f"exp(z/({q}))" if p == 0 else f"({p}*z + {q})**({Fraction(1 / Fraction(p)).limit_denominator(12)})"


def p_family_flows(context):
    rng = context.rng()
    for k in range(context.by_level(quick=len(FAMILIES), standard=6 * len(FAMILIES), full=12 * len(FAMILIES))):
        p, q = FAMILIES[k % len(FAMILIES)]
        w0 = rng.uniform(0.2, 0.6, 3)
        x = rng.uniform(0.2, 0.9, (2, 3))  # positive pre-activations: a > 0 and p z + q > 0 hold along the flow
        yield p, q, 1.0 + 0.5 * rng.random(), w0, x, rng.uniform(0.8, 1.25, 2)


def explicit(family, a, w, a0, w0):
    return family.regularizer(a, w, a0, w0)


def euclidean(family, a, w, a0, w0):
    return (a - a0) ** 2 + ((w - w0) ** 2).sum(-1)


def without_offset(family, a, w, a0, w0):
    """The explicit function without the term in a_0 (log a for exp)."""
    return PFamily(family.p, family.q).regularizer(a, w, 0.0 * a0, w0)


def half_move(family, a, w, a0, w0):
    """Half the weight on |w - w_0|^2."""
    return family.regularizer(a, w, a0, w0) - ((w - w0) ** 2).sum(-1) / 2 * (1 if family.p == 0 else a**family.p)


def check_p_family_flow(instance, *, regularizer, activation, context) -> Outcome:
    """The limit of an adaptive flow is stationary for G on the solution set, smaller there than random solutions, and blind to
    weights of the data.
    """
    from numerics.flows.flow import gradient_flow

    p, q, a0, w0, x, factors = instance
    family = PFamily(p, q)
    model = TwoLayer(3, 1, activation=activation or parse(formula_of(p, q)))
    theta0 = np.append(w0, a0)
    y = model(theta0, x)[:, 0] * factors
    flows = [gradient_flow(model, theta0, (x, y), weights=w) for w in ((1, 1), (1, 0.2))]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    theta = flows[0].theta
    G = lambda b, v: _in_linear_coordinates(regularizer, family, b, v, a0, w0)
    b, v = (np.log(theta[-1]), theta[:-1]) if p == 0 else (theta[-1] ** p, theta[-1] ** p * theta[:-1])
    rows = np.hstack([np.ones((2, 1)), x / q]) if p == 0 else np.hstack([np.full((2, 1), float(q)), p * x])
    null = np.linalg.svd(rows)[2][2:]
    at = lambda move: G(b + move[0], v + move[1:])
    step = 1e-5
    slopes = [(at(step * direction) - at(-step * direction)) / (2 * step) for direction in null]
    rng = np.random.default_rng(0)
    moves = (rng.normal(size=(40, len(null))) * 0.2) @ null
    lower = [move for move in moves if b + move[0] > 0 or p == 0]
    violations = sum(at(move) < at(0 * move) for move in lower)
    gap = flows[0].distance(flows[1].theta)
    # Central differences err by step^2 |G'''|/6 + eps |G|/step, about 1e-9 here; limits are known to 1e-8.
    worst = max(float(np.abs(slopes).max()) / 1e-6, gap / LIMIT_TOLERANCE, 2.0 * violations)
    return at_most(
        worst,
        1.0,
        f"slopes {np.abs(slopes).max():.2g}, reweighting gap {gap:.2g}, {violations} smaller solutions, in units of the bounds",
        cases=len(lower) + 2,
        counterexample={"p": p, "q": q, "limit": theta},
    )


def _in_linear_coordinates(regularizer, family, b, v, a0, w0):
    a = np.exp(b) if family.p == 0 else b ** (1 / family.p)
    return regularizer(family, a, v if family.p == 0 else v / b, a0, w0)


def deactivating(context):
    """A ReLU neuron with a sample that it switches off: p z + q = z does not stay positive."""
    return [(1, 0, 1.0, np.array([-0.1, -1.0, 0.5]), np.array([[1.1, -1.6, 0.4], [1.5, -1.8, -1.0]]), np.array([0.2, 0.0]))]


CLASSIFIED = [
    ("exp(z)", True),
    ("1+z", True),
    ("(z/2+1)**2", True),
    ("1/(4-z)", True),
    ("(3*z+2)**(1/3)", True),
    ("tanh(z)", False),
    ("sigmoid(z)", False),
    ("softplus(z)", False),
    ("atan(z)", False),
    ("(1+z)/(2+z)", False),
]


def mean_quotient(activation, u, k):
    """m/P(u), where v = u - k m and m is the mean of P on [v, u]; it depends on u unless P = sigma/sigma' is affine."""
    from scipy.optimize import newton

    points, weights = np.polynomial.legendre.leggauss(40)

    def quotient(z):
        value, slope = activation.jet(np.asarray(z, dtype=float), 1)
        return value / slope

    mean = lambda v: (quotient(v + (u - v) * (points + 1) / 2) @ weights) / 2
    m = newton(lambda m: mean(u - k * m) - m, float(quotient(u)) / (1 + k), tol=1e-13)
    return m / float(quotient(u))


def check_mean_quotient(instance, *, flip, context) -> Outcome:
    """m/P(u) at u = 0.4, 0.9, 1.4: constant exactly for affine sigma/sigma'."""
    formula, affine = instance
    values = [mean_quotient(parse(formula), u, 0.3) for u in (0.4, 0.9, 1.4)]
    constant = np.ptp(values) < 1e-9
    if constant != (affine != flip):
        return Outcome.fails(
            f"m/P at three places: {np.round(values, 6).tolist()}", counterexample={"activation": formula, "values": values}
        )
    return Outcome.holds(message=f"{formula}: {np.round(values, 4).tolist()}")


def check_series(instance, *, second, context) -> Outcome:
    """m/P = 1 - P' k/2 + k^2 (P'^2/4 + P P''/6) + ...: constant in u at first order forces P' = const."""
    import sympy as sp

    k, P0, P1, P2, m1, m2 = sp.symbols("k P0 P1 P2 m1 m2")
    m = P0 + m1 * k + m2 * k**2
    length = k * m  # u - v
    mean = P0 - P1 * length / 2 + P2 * length**2 / 6
    difference = sp.series(sp.expand(mean - m), k, 0, 3).removeO()
    found = sp.solve([difference.coeff(k, 1), difference.coeff(k, 2)], [m1, m2], dict=True)[0]
    expected = {m1: -P0 * P1 / 2, m2: P0 * (P1**2 / 4 + P0 * P2 * second)}
    return all_vanish({str(name): sp.expand(found[name] - expected[name]) for name in (m1, m2)})


CLAIMS = [
    Claim(
        id="regularization.p-family",
        title="Neurons with affine sigma/sigma': an explicit strict regularizer for all datasets",
        statement=r"\sigma = (pz + q)^{1/p},\ a > 0:\ \Phi_S \text{ is the unique minimizer on } M_S \text{ of } G ="
        r" \mathrm{sgn}(p)\Big[\tfrac{p}{2} a^p |w|^2 - p a^p w_0 \cdot w"
        r" - \tfrac{a_0^2 - p|w_0|^2}{2} a^p + \tfrac{p\,a^{p+2}}{2(p+2)}\Big],\quad p = 0:\ \tfrac{a^2}{2} - a_0^2 \ln a + |w - w_0|^2",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("in the domain", "a > 0 and p w . x_i + q > 0 along the flow")],
        refuted_by="A dataset on which another solution has a smaller G, or on which repeating a datum moves the limit.",
        checks=[
            Check(
                "stationarity",
                evidence="symbolic",
                covers="statement",
                scope="symbolic p, q (p != 0, -2), any number of samples and inputs",
                run=check_p_family_symbolically,
                instances=one(None),
                parameters={"weight": 1},
                controls=[Control("twice the weight on |w - w_0|^2", weight=2)],
            ),
            Check(
                "convexity",
                evidence="symbolic",
                covers="instances",
                scope="p = 1/2, 1, 2, 3, -1, -3 at one point",
                run=check_convexity,
                instances=one("1/2", "1", "2", "3", "-1", "-3"),
                parameters={"power": lambda p: (p + 2) / p},
                controls=[Control("exponent of the wrong sign", power=lambda p: -(p + 2) / p)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="two samples, three inputs, eleven (p, q)",
                run=check_p_family_flow,
                instances=p_family_flows,
                distribution="inputs, weights and labels that keep p z + q > 0",
                tolerance="slopes 1e-6 (central differences plus the limit), reweighting gap 1e-8",
                parameters={"regularizer": explicit, "activation": None},
                controls=[
                    Control("|theta - theta_0|^2", regularizer=euclidean),
                    Control("without the term in a_0", regularizer=without_offset),
                    Control("half the weight on |w - w_0|^2", regularizer=half_move),
                ],
            ),
        ],
        probes=[Probe(drops="in the domain", check="gradient-flow", instances=deactivating, parameters={"activation": "relu"})],
    ),
    Claim(
        id="regularization.classification.one-neuron",
        title="One neuron, two or more inputs: exactly the affine quotients have a strict regularizer",
        statement=r"d \ge 2,\ P = \sigma/\sigma':\ P \text{ not affine} \Rightarrow \text{every differentiable weak } G(\cdot,"
        r" \theta_0) \text{ is constant on an open set};\quad"
        r" P = pz + q \Rightarrow \text{an explicit strict } G \text{ on all datasets}",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("two inputs", r"d \ge 2,\ w_0 \neq 0")],
        depends_on=["regularization.p-family", "regularization.conserved.single-sample"],
        refuted_by="An activation with P not affine whose plane field is integrable, or the converse.",
        checks=[
            Check(
                "series",
                evidence="symbolic",
                covers="instances",
                scope="expansion of the integrability condition to second order",
                run=check_series,
                instances=one(None),
                parameters={"second": Fraction(1, 6)},
                controls=[Control("P P''/4", second=Fraction(1, 4))],
            ),
            Check(
                "integrability",
                evidence="property",
                covers="instances",
                scope="five activations on either side",
                run=check_mean_quotient,
                instances=one(*CLASSIFIED),
                distribution="u = 0.4, 0.9, 1.4, k = 0.3",
                tolerance="constant within 1e-9 (Gauss quadrature of 40 nodes)",
                parameters={"flip": False},
                controls=[Control("the two sides exchanged", flip=True)],
            ),
        ],
    ),
]
