r"""Datasets with the same solutions and other limits: a datum repeated, a sample that switches off, label zero."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._words import IMPOSSIBLE, LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, at_most, one
from theory.expressions import activation_of
from theory.models import TwoLayer

REWEIGHTED = ([[0.5, 0.0], [0.5, -1.0]], [1.0, 0.25], [-0.5, 0.0, 0.5])


def check_reweighted_in_balls(weightings, *, activation, context) -> Outcome:
    """Validated flows of one dataset under two weightings end at provably different solutions (Taylor enclosure, then the tail bound)."""
    from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
    from numerics.flows.validated_flow import Field, enclose, tail, tail_certificate

    inputs, labels, start = REWEIGHTED
    model = TwoLayer(2, 1, activation=activation_of(activation))
    ends, runs = [], []
    with working_precision(200):
        for weights, time, reach in weightings:
            field = Field(model, balls(inputs), balls(labels), balls(weights))
            try:
                end = enclose(field, start, time)
                rest = tail(field, end, reach=reach)
            except NotCertified as error:
                return Outcome.inconclusive(str(error))
            ends.append((end, rest))
            runs.append(tail_certificate(field, start, time, end, rest.radius))
        (p, first), (q, second) = ends
        apart = sum((a - b) ** 2 for a, b in zip(p, q, strict=True)).sqrt()
        left = first.radius + second.radius
        certificate = {"kind": "validated flows with tail bound", "activation": activation, "runs": runs}
        if apart > left:
            return Outcome.holds(cases=2, message=f"limits {apart.str(6)} apart, up to {left:.2g}", certificate=certificate)
        return Outcome.fails(
            f"the limits are {apart.str(6)} apart, not more than the tails {left:.2g}", counterexample={"distance": apart.str(10)}
        )


def check_reweighted(width, *, activation, context) -> Outcome:
    """Two weightings of the same random data, adaptive flow: on some data the limits differ, though never the solution set."""
    gaps = [
        gap
        for seed in range(context.by_level(quick=3, standard=10, full=30))
        if (gap := reweighting_gap(width, seed, activation)) is not None
    ]
    if not gaps:
        return Outcome.inconclusive("no flow converged")
    largest, found = max(gaps), f"gaps of the limits: median {np.median(gaps):.2g}, largest {max(gaps):.2g}"
    if largest > 100 * LIMIT_TOLERANCE:
        return Outcome.holds(cases=len(gaps), message=found, margin=largest / LIMIT_TOLERANCE)
    return Outcome.fails(f"the limits agree: {found}", counterexample={"gaps": gaps}, cases=len(gaps))


def reweighting_gap(width, seed, activation) -> float | None:
    """Distance of the limits under weights (1, 1) and (1, 0.2); None where a flow does not converge (slow saddles)."""
    from numerics.flows.flow import gradient_flow

    rng = np.random.default_rng(seed)
    model = TwoLayer(2, width, activation=activation_of(activation))
    theta0, x = rng.normal(0, 0.5, model.n_params), rng.normal(0, 1, (2, 2))
    theta0[2 * width :] = np.abs(theta0[2 * width :]) + 0.5
    y = model(theta0, x)[:, 0] * np.array([1.6, 0.7])
    ends = [gradient_flow(model, theta0, (x, y), weights=w) for w in ((1, 1), (1, 0.2))]
    if not all(end.converged for end in ends):
        return None
    return float(np.linalg.norm(ends[0].theta - ends[1].theta))


def check_reweighted_descent(instance, *, weight, context) -> Outcome:
    """Full-batch training by torch reaches the two limits, the error of first order in the step."""
    import torch

    inputs, labels, start = REWEIGHTED
    x, y = (torch.tensor(values, dtype=torch.float64) for values in (inputs, labels))
    expected = {1: [1.40635197, 0.55040348, 1.64913136], weight: [-1.39695836, -0.54646866, -1.65727114]}
    errors = {}
    for c, step in ((1, 0.1), (weight, 0.1), (1, 0.05), (weight, 0.05)):
        theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        repeat = torch.tensor([float(c), 1.0], dtype=torch.float64)
        optimizer = torch.optim.SGD([theta], lr=step)
        for _ in range(round(30 / step)):
            optimizer.zero_grad()
            (repeat * (theta[2] * torch.tanh(x @ theta[:2]) - y) ** 2).sum().mul(0.5).backward()
            optimizer.step()
        errors[c, step] = float((theta.detach() - torch.tensor(expected[c], dtype=torch.float64)).norm())
    ratios = [errors[c, 0.1] / errors[c, 0.05] for c in (1, weight)]
    off = max(abs(ratio - 2) for ratio in ratios)
    return at_most(
        off,
        0.3,
        f"ratios {np.round(ratios, 3).tolist()} of errors, distance from 2",
        cases=2,
        counterexample={"errors": {str(k): v for k, v in errors.items()}},
    )


def relu_limits(beta_square):
    """(limit on S_1, limit on S_2) in closed form for x_2 = (1, beta), beta^2 = 3/2, f = max(0, w . x)."""
    import sympy as sp

    second = -2 * sp.sqrt(6) / 3
    return (1, second), (1, -(2 ** sp.Rational(9, 10)) * 3 ** sp.Rational(7, 10) / 4 - sp.sqrt(6) / 3)


def check_relu_exactly(instance, *, beta_square, context) -> Outcome:
    """Solve the linear flow up to the time sample 2 switches off, then that of sample 1 alone, with sympy."""
    import sympy as sp

    beta = sp.sqrt(sp.Rational(beta_square))
    X, y = sp.Matrix([[1, 0], [1, beta]]), sp.Matrix([1, 0])
    w0 = sp.Matrix([3, -2 * sp.sqrt(6) / 3])
    fixed = X.inv() * y
    t = sp.Symbol("t", positive=True)
    values = (X.T * X).eigenvects()
    if len(values) != 2 or not all(value.is_rational for value, *_ in values):
        return Outcome.fails(
            "the eigenvalues are irrational: no such closed form", counterexample={"eigenvalues": [str(v[0]) for v in values]}
        )
    path = fixed
    for value, _, (vector,) in values:
        share = (vector.dot(w0 - fixed)) / vector.dot(vector)
        path = path + vector * share * sp.exp(-value * t)
    switch = sp.Rational(2, 5) * sp.log(sp.Rational(8, 3))
    off = sp.nsimplify(sp.simplify((path[0] + beta * path[1]).subs(t, switch)))
    (first, stay), (_, moved) = relu_limits(beta_square)
    return all_vanish(
        {
            "sample 2 switches off at (2/5) ln(8/3)": off,
            "second weight where it stays": sp.simplify(path[1].subs(t, switch) - moved),
            "sample 1 alone leaves the second weight": stay - w0[1],
        },
        lambda e: sp.simplify(e) == 0,
    )


def check_relu_flow(instance, *, shift, context) -> Outcome:
    """Fixed Runge-Kutta steps through the kink, against the closed form."""
    from numerics.flows.flow import runge_kutta

    beta = np.sqrt(1.5)
    X, w0 = np.array([[1, 0], [1, beta]]), np.array([3, -2 * np.sqrt(6) / 3])
    ends = []
    for rows, y in ((X[:1], np.array([1.0])), (X, np.array([1.0, 0.0]))):
        field = lambda w, rows=rows, y=y: -(np.maximum(rows @ w, 0) - y) * (rows @ w > 0) @ rows
        ends.append(runge_kutta(field, w0, step=1e-3, steps=12_000))
    expected = np.array([[1, -2 * np.sqrt(6) / 3], [1, -(2**0.9) * 3**0.7 / 4 - np.sqrt(6) / 3 + shift]])
    off = float(np.abs(np.array(ends) - expected).max())
    return at_most(off, 1e-4, "distance from the closed form", cases=2, counterexample={"ends": ends})


def check_zero_label(instance, *, label, context) -> Outcome:
    """For label 0 the limit is (w_inf, 0) with G(w_0 x) - G(w_inf x) = x^2 a_0^2/2; different x give provably different w_inf."""
    from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
    from numerics.derivatives.dual import compose, value_of
    from numerics.overlap.first_integral import primitive, quotient

    formula, expected = instance
    sigma = activation_of(formula)
    with working_precision(160):
        given, inputs, found = ("0.4", "1"), ("-0.6", "-0.3", "0.3", "0.6"), []
        w0, a0 = map(ball, given)
        for x, guess in zip(inputs, expected, strict=True):
            x = ball(x)
            start = w0 * x

            def system(w, x=x, start=start):
                end = w[0] * x
                gained = primitive(sigma, start, value_of(end))
                return [compose(end, lambda t: gained, lambda t: quotient(sigma, t)) + x * x * a0 * a0 / 2]

            try:
                box = certify_zero(system, [guess])
            except NotCertified as error:
                return Outcome.inconclusive(str(error))
            found.append(box.enclosure[0])
        value = lambda w, x: (ball(0) if label == 0 else ball(label)) * sigma(np.array([w * x], dtype=object))[0]
        # All limits have output weight 0: they solve every dataset with label 0, and only those.
        if label != 0:
            return Outcome.fails(
                "a limit with output weight 0 does not fit a label other than 0",
                counterexample={"label": label, "value": str(value(found[0], ball(1)))},
            )
        apart = [not p.overlaps(q) for k, p in enumerate(found) for q in found[:k]]
        off = max(abs(float(p) - e) for p, e in zip(found, expected, strict=True))
    if not all(apart) or off > 6e-5:
        return Outcome.fails("the limits are not the expected, different ones", counterexample={"limits": [str(p) for p in found]})
    shown = {"kind": "zero label", "activation": formula, "start": given, "inputs": inputs}
    return Outcome.holds(cases=4, certificate={**shown, "weights": [p.str(25) for p in found]})


ZERO_LABELS = one(
    ("sigmoid", (0.5717, 0.4799, 0.3291, 0.2649)), ("softplus", (0.6307, 0.5114, 0.2943, 0.1923)), ("exp", (0.7, 0.55, 0.25, 0.1))
)


def check_zero_label_flow(instance, *, homogeneous, context) -> Outcome:
    """Gradient flow on (x, 0) from (0.4, 1): the limit weight depends on x (``homogeneous``: for a power activation it must not)."""
    from numerics.flows.flow import gradient_flow

    formula, expected = instance
    model = TwoLayer(1, 1, activation=activation_of("z" if homogeneous else formula))
    ends = [gradient_flow(model, [0.4, 1.0], ([[x]], [0.0])) for x in (-0.6, -0.3, 0.3, 0.6)]
    off = max(abs(end.theta[0] - e) for end, e in zip(ends, expected, strict=True))
    return at_most(
        float(off), 6e-5, "distance from the four-digit table", cases=4, counterexample={"weights": [end.theta[0] for end in ends]}
    )


CLAIMS = [
    Claim(
        id="regularization.two-point.reweight",
        title="Repeating a datum moves the limit although the solutions stay the same",
        statement=r"M_S \text{ does not see the weights of the data, } \Phi_S(\theta_0) \text{ does: for a tanh neuron from }"
        r" (-\tfrac12, 0; \tfrac12)"
        r" \text{ on } ((\tfrac12, 0), 1), ((\tfrac12, -1), \tfrac14),\ \text{datum 1 once or four times, } |\Phi_S - \Phi_{S'}| > 4",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.tail.PL", "regularization.criterion.acyclic"],
        refuted_by="Enclosures of the two limits that overlap; " + IMPOSSIBLE,
        checks=[
            Check(
                "validated-flow",
                evidence="certified",
                covers="statement",
                scope="Taylor enclosures to times 20 and 6, then the tail bound",
                run=check_reweighted_in_balls,
                instances=one((((1, 1), 20, 0.05), ((4, 1), 6, 0.05))),
                parameters={"activation": "tanh"},
                controls=[Control("a linear neuron, a strict G exists", activation="z")],
            ),
            Check(
                "one-and-two-neurons",
                evidence="property",
                covers="instances",
                scope="tanh, one and two neurons, random data of two samples, several seeds each",
                run=check_reweighted,
                instances=one(1, 2),
                tolerance="limits count as different beyond 1e-6, a hundred times the tolerance of a limit",
                parameters={"activation": "tanh"},
                controls=[Control("exp, a strict G exists", activation="exp"), Control("a linear neuron", activation="identity")],
            ),
            Check(
                "torch-training",
                evidence="property",
                covers="instances",
                scope="full-batch gradient descent, steps 0.1 and 0.05",
                run=check_reweighted_descent,
                instances=one(None),
                tolerance="errors halve with the step, ratio within [1.7, 2.3]",
                level="standard",
                parameters={"weight": 4},
                controls=[Control("datum 1 three times", weight=3)],
            ),
        ],
    ),
    Claim(
        id="regularization.two-point.relu-d2",
        title="A ReLU neuron that switches a sample off: closed form",
        statement=r"f = \max(0, w \cdot x),\ x_1 = (1, 0),\ x_2 = (1, \sqrt{3/2}),\ w_0 = (3, -\tfrac{2\sqrt6}{3}):\quad"
        r" \Phi_{\{(x_1, 1)\}} = (1, -\tfrac{2\sqrt6}{3}),"
        r"\quad \Phi_{\{(x_1, 1), (x_2, 0)\}} = (1, -2^{9/10} 3^{7/10}/4 - \tfrac{\sqrt6}{3})",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.criterion.acyclic"],
        refuted_by="A path of the linear system that switches at another time or place; " + IMPOSSIBLE,
        checks=[
            Check(
                "matrix-exponential",
                evidence="symbolic",
                covers="statement",
                scope="the instance, in closed form",
                run=check_relu_exactly,
                instances=one(None),
                parameters={"beta_square": Fraction(3, 2)},
                controls=[Control("beta^2 = 1", beta_square=1)],
            ),
            Check(
                "fixed-steps",
                evidence="property",
                covers="instances",
                scope="fourth-order steps of 1e-3 through the kink, time 12",
                run=check_relu_flow,
                instances=one(None),
                tolerance="1e-4: the speed is continuous at the kink, one step across errs by the step squared; exp(-12) is left",
                parameters={"shift": 0.0},
                controls=[Control("a limit 0.01 further", shift=-0.01)],
            ),
        ],
    ),
    Claim(
        id="regularization.two-point.zero-label",
        title="Label zero: all inputs share the solutions, not the limits",
        statement=r"\sigma, \sigma' > 0:\ M_{(x, 0)} = \{a = 0\} \text{ for every } x \neq 0,\quad G(w_0 x) - G(w_\infty x) = x^2"
        r" a_0^2/2;\quad"
        r" w_\infty \text{ depends on } x \Rightarrow \text{no strict } G",
        source=Source(LIMITATION, "implies Theorem 6.2(a); the argument is ours"),
        kind="extension",
        relation="impossibility",
        assumptions=[Assumption("positive and increasing", r"\sigma > 0, \sigma' > 0"), Assumption("label zero", "y = 0")],
        depends_on=["regularization.conserved.single-sample"],
        refuted_by="Two inputs with the same limit weight; homogeneous activations are such a case and are excluded by positivity.",
        checks=[
            Check(
                "limit-weights",
                evidence="certified",
                covers="instances",
                scope="sigmoid, softplus, exp from (0.4, 1), x = -0.6, -0.3, 0.3, 0.6",
                run=check_zero_label,
                instances=ZERO_LABELS,
                parameters={"label": 0},
                controls=[Control("label one half", label=0.5)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="the same, adaptive integration",
                run=check_zero_label_flow,
                instances=ZERO_LABELS,
                tolerance="6e-5: the table has four digits",
                parameters={"homogeneous": False},
                controls=[Control("a power activation", homogeneous=True)],
            ),
        ],
    ),
]
