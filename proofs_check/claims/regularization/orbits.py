r"""What gradient flow keeps on its way, and how far the limit can still be: first integrals, monotone orbits, the bound on the tail."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._words import LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, at_most, one
from theory.models import TwoLayer
from theory.regularization.first_integrals import drift, table, vanishes, variable
from theory.regularization.regularizers import balance


def check_table(instance, *, multiple, context) -> Outcome:
    """dG/dz = sigma/sigma' for one entry of the table, proved in a field of rational functions."""
    import sympy as sp

    sigma, G = table()[instance]
    defect = sp.diff(multiple * G, variable()) - sigma / sp.diff(sigma, variable())
    return all_vanish({instance: defect}, vanishes)


def check_conservation(instance, *, weighting, context) -> Outcome:
    """dI/dt = 0 for an arbitrary activation and loss, two inputs."""
    return all_vanish({"drift": drift(inputs=instance, weighting=weighting)})


def table_names(context):
    return list(table())


def exact_invariant(a, w, x):
    return a * a / 2 - np.sinh(w * x) ** 2 / 2 / (x * x)


def square_difference(a, w, x):
    """a^2 - w^2: has equal values at both ends of the path below, so only a look along the path refutes it."""
    return a * a - w * w


def without_square(a, w, x):
    return a * a / 2 - np.sinh(w * x) ** 2 / 2 / abs(x)


def check_drift(instance, *, invariant, context) -> Outcome:
    """The invariant along the whole path of an adaptive flow of tanh, not only at its ends."""
    from numerics.flows.flow import gradient_flow

    start, x, label = instance
    flow = gradient_flow(TwoLayer(1, 1, activation="tanh"), start, ([[x]], [label]))
    values = invariant(flow.path[:, 1], flow.path[:, 0], x)
    return at_most(
        float(np.abs(values - values[0]).max()),
        1e-8,
        "drift along the path",
        cases=len(values),
        counterexample={"first": values[0], "last": values[-1]},
    )


DRIFTS = [((1.0, 1.5), 0.5, -1.5 * math.tanh(0.5)), ((1.0, 1.5), 2.0, -1.5 * math.tanh(2.0)), ((0.4, -0.8), 1.3, 0.9)]


def check_balance(instance, *, degree, context) -> Outcome:
    """k a^2 - |w|^2 along the flow, per neuron, from Euler's identity sigma'(z) z = k sigma(z); and W_2^T W_2 - W_1 W_1^T for linear
    nets.
    """
    import sympy as sp

    k, a, rate, sigma = sp.symbols("k a rate sigma")
    w, x = sp.symbols("w:2"), sp.symbols("x:2")
    slope = k * sigma / sum(p * q for p, q in zip(w, x, strict=True))  # sigma'(z) from sigma'(z) z = k sigma(z)
    speeds = {a: -rate * sigma, **{p: -rate * a * slope * q for p, q in zip(w, x, strict=True)}}
    conserved = balance(degree(k), a, w)
    W1, W2, E = (sp.Matrix(2, 2, sp.symbols(f"{name}:4")) for name in ("p", "q", "e"))
    drift = W2.T * (-E * W1.T) + (-E * W1.T).T * W2 - (W1 * (-W2.T * E).T + (-W2.T * E) * W1.T)
    expressions = {"neuron": sp.cancel(sum(sp.diff(conserved, part) * speed for part, speed in speeds.items()))}
    return all_vanish(expressions | {f"layers {i}": sp.expand(entry) for i, entry in enumerate(drift)})


def check_balance_drift(instance, *, ratio, context) -> Outcome:
    """Over a fixed time the drift of the balance under gradient descent divides by ``ratio`` when the step halves."""
    from numerics.flows.flow import gradient_descent

    degree, seed = instance
    rng = np.random.default_rng(seed)
    model = TwoLayer(2, 1, activation="identity" if degree == 1 else f"power:{degree}")
    theta0, x, y = rng.uniform(0.4, 0.9, 3), rng.uniform(0.5, 1, (2, 2)), np.array([1.0, 0.4])
    value = lambda theta: balance(degree, theta[2], theta[:2])
    drifts = [value(gradient_descent(model, theta0, (x, y), step=eta, time=2.0)) - value(theta0) for eta in (2e-3, 1e-3)]
    measured = float(drifts[0] / drifts[1])
    return at_most(abs(measured - ratio), 0.1, f"ratio of drifts {measured:.3f}, distance from {ratio}", counterexample={"drifts": drifts})


def check_monotone(instance, *, sign, context) -> Outcome:
    """Along the flow on one sample f moves monotonically to y, and root isolation on the first integral finds the same limit."""
    from numerics.flows.flow import gradient_flow, orbit, value_and_jacobian

    width, inputs, seed = instance
    rng = np.random.default_rng(seed)
    model, x = TwoLayer(inputs, width, activation="sigmoid"), rng.normal(size=(1, inputs))
    theta0 = rng.normal(size=model.n_params)
    start = float(model(theta0, x)[0, 0])
    label = start + float(rng.uniform(0.2, 0.8))
    flow = gradient_flow(model, theta0, (x, [label]))
    values = value_and_jacobian(model, flow.path, x)[0][:, 0]
    backward = float((-sign * np.diff(values)).max())
    apart = flow.distance(orbit(model, theta0, x[0], label).theta)
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    return at_most(
        max(backward / 1e-11, apart / LIMIT_TOLERANCE),
        1.0,
        "steps backward or distance of the two limits, in units of the bounds",
        cases=len(values),
        counterexample={"values": values[:5]},
    )


def check_monotone_symbolically(instance, *, sign, context) -> Outcome:
    """df/ds = |grad f|^2 along theta' = grad f, for an arbitrary f of three parameters."""
    import sympy as sp

    theta = sp.symbols("theta:3")
    f = sp.Function("f")(*theta)
    gradient = [sp.diff(f, t) for t in theta]
    return all_vanish({"df/ds - |grad f|^2": sp.expand(sum(g * sign * g for g in gradient) - sum(g**2 for g in gradient))})


def check_tail(instance, *, exponent, context) -> Outcome:
    """From a point of the flow the way to its limit is at most E/sqrt(lambda), lambda the least eigenvalue of J J^T on the way."""
    from numerics.flows.flow import gradient_flow, value_and_jacobian

    rng = np.random.default_rng(instance)
    model, x = TwoLayer(2, 2, activation="tanh"), rng.normal(size=(2, 2))
    theta0 = rng.normal(size=model.n_params)
    y = model(theta0, x)[:, 0] + 0.3 * rng.normal(size=2)
    flow = gradient_flow(model, theta0, (x, y), weights=(1, 1))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    points = flow.path[:: max(1, len(flow.path) // 40)]
    values, jacobians = value_and_jacobian(model, points, x)
    eigenvalues = np.linalg.svd(jacobians, compute_uv=False)[:, -1] ** 2
    worst = max(
        np.linalg.norm(flow.theta - points[k]) * eigenvalues[k:].min() ** exponent / np.linalg.norm(values[k] - y)
        for k in range(len(points))
        if np.linalg.norm(values[k] - y) > 1e-6
    )
    return at_most(float(worst), 1 + 1e-6, "way over its bound", cases=len(points), counterexample={"seed": instance})


def check_tail_in_balls(instance, *, reach, context) -> Outcome:
    """A validated flow stopped early: the proved tail radius holds the enclosure at a later time."""
    from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
    from numerics.flows.validated_flow import Field, enclose, tail, tail_certificate

    early, late = instance
    with working_precision(200):
        field = Field(TwoLayer(2, 1, activation="tanh"), balls([[0.5, 0.0], [0.5, -1.0]]), balls([1.0, 0.25]), balls([4, 1]))
        first = enclose(field, [-0.5, 0.0, 0.5], early)
        second = enclose(field, first, late - early)
        try:
            rest = tail(field, first, reach=reach)
        except NotCertified as error:
            return Outcome.fails(str(error), counterexample={"reach": reach})
        way = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)).sqrt()
        if not way < rest.radius:
            return Outcome.fails("a later point is farther than the radius", counterexample={"way": way.str(8), "radius": rest.radius})
    return Outcome.holds(
        message=f"way {way.str(6)} within {rest.radius:.5f}",
        certificate={"kind": "tail", **tail_certificate(field, [-0.5, 0.0, 0.5], early, first, rest.radius)},
    )


CLAIMS = [
    Claim(
        id="regularization.conserved.single-sample",
        title="The first integral of one neuron and one sample",
        statement=r"n = 1,\ x \neq 0,\ \sigma' \neq 0:\quad I_x(a, w) = \tfrac{a^2}{2} - \tfrac{G(w \cdot x)}{|x|^2},\ G' ="
        r" \sigma/\sigma',\ \text{is conserved},\ w - w_0 \parallel x,\ \text{for every loss } \ell(f)",
        source=Source(LIMITATION, "Lemma A.3; table ours"),
        assumptions=[Assumption("no critical activation", r"\sigma' \neq 0 \text{ on the orbit}")],
        refuted_by="A path along which I_x moves (look along the path: some false invariants agree at its ends).",
        checks=[
            Check(
                "conservation",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary activation and loss, one to three inputs",
                run=check_conservation,
                instances=one(1, 2, 3),
                parameters={"weighting": None},
                controls=[Control("G/|x| instead of G/|x|^2", weighting=lambda square: square ** Fraction(-1, 2))],
            ),
            Check(
                "table",
                evidence="symbolic",
                covers="instances",
                scope="seventeen closed forms",
                run=check_table,
                instances=table_names,
                parameters={"multiple": 1},
                controls=[Control("twice G", multiple=2)],
            ),
            Check(
                "along-the-path",
                evidence="property",
                covers="instances",
                scope="tanh, three flows",
                run=check_drift,
                instances=one(*DRIFTS),
                tolerance="1e-8: accumulated error of the integrator",
                parameters={"invariant": exact_invariant},
                controls=[Control("a^2 - w^2", invariant=square_difference), Control("G/|x|", invariant=without_square)],
            ),
        ],
    ),
    Claim(
        id="regularization.homogeneous-conserved",
        title="Balance of homogeneous networks",
        statement=r"\sigma \text{ homogeneous of degree } k:\ k a_j^2 - |w_j|^2 \text{ is conserved per neuron};\quad \text{linear:"
        r" } W_{l+1}^T W_{l+1} - W_l W_l^T",
        source=Source("arXiv:1806.00900", "Theorem 2.1, recalled"),
        refuted_by="A flow along which the balance moves.",
        checks=[
            Check(
                "conservation",
                evidence="symbolic",
                covers="statement",
                scope="symbolic degree; two linear layers of size 2",
                run=check_balance,
                instances=one(None),
                parameters={"degree": lambda k: k},
                controls=[Control("degree k + 1", degree=lambda k: k + 1)],
            ),
            Check(
                "descent",
                evidence="property",
                covers="instances",
                scope="degrees 1, 2, 3, fixed time 2",
                run=check_balance_drift,
                instances=one((1, 0), (2, 1), (3, 2)),
                tolerance="the drift is c eta + O(eta^2): ratio 2 within 0.1 at steps 2e-3 and 1e-3",
                parameters={"ratio": 2},
                controls=[Control("second order", ratio=4)],
            ),
        ],
    ),
    Claim(
        id="regularization.orbit.monotone",
        title="On one sample the model value moves monotonically to the label",
        statement=r"\theta' = \pm\nabla f(\cdot, x):\ \tfrac{df}{ds} = |\nabla f| > 0;\ \Phi_{(x, y)}(\theta_0) \text{ is the only"
        r" point of the orbit with } f = y",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("no critical point", r"\nabla_\theta f \neq 0 \text{ on the orbit}")],
        refuted_by="A flow on one sample along which f turns back.",
        checks=[
            Check(
                "derivative",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary f",
                run=check_monotone_symbolically,
                instances=one(None),
                parameters={"sign": 1},
                controls=[Control("descent", sign=-1)],
            ),
            Check(
                "flows",
                evidence="property",
                covers="instances",
                scope="sigmoid, one and two neurons and inputs",
                run=check_monotone,
                instances=lambda context: [
                    (m, d, s) for m in (1, 2) for d in (1, 2) for s in range(context.by_level(quick=2, standard=6, full=15))
                ],
                distribution="normal start and input, label 0.2 to 0.8 above",
                tolerance="1e-11 backward (the integrator's tolerance), limits within 1e-8",
                parameters={"sign": 1},
                controls=[Control("downward", sign=-1)],
            ),
        ],
    ),
    Claim(
        id="regularization.tail.PL",
        title="How far the limit can still be",
        statement=r"E^2 = r^T C r,\ \lambda \le \lambda_{\min}(C^{1/2} J J^T C^{1/2}) \text{ on } B(\theta_T, \rho),"
        r"\ E/\sqrt\lambda < \rho \ \Rightarrow\ |\theta_\infty - \theta_T| \le E/\sqrt\lambda",
        source=OWN,
        kind="extension",
        relation="upper",
        refuted_by="A flow whose remaining way exceeds the bound.",
        checks=[
            Check(
                "validated",
                evidence="certified",
                covers="instances",
                scope="one tanh neuron, times 6 and 8",
                run=check_tail_in_balls,
                instances=one((6, 8)),
                parameters={"reach": 0.05},
                controls=[Control("a reach below the bound", reach=0.01)],
            ),
            Check(
                "flows",
                evidence="property",
                covers="instances",
                scope="two tanh neurons, two samples",
                run=check_tail,
                instances=lambda context: range(context.by_level(quick=6, standard=30, full=100)),
                distribution="normal data",
                tolerance="1e-6 relative: error of the limit",
                parameters={"exponent": 0.5},
                controls=[Control("E lambda^(-1/4)", exponent=0.25), Control("E/lambda", exponent=1)],
            ),
        ],
    ),
]
