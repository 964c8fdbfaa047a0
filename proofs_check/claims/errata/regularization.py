r"""Where printed statements on implicit regularization fail at an edge: each a counterexample, with the corrected form in its statement.

The corrected statements are the claims that these depend on. A control is the nearby true statement, on which the counterexample vanishes.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.criterion import is_strict, is_weak
from theory.regularization.first_integrals import vanishes, variable

LIMITATION = "arXiv:2201.12198"
#: Limits from adaptive integration: residual 1e-11 over the smallest singular value met (above 1e-2), plus a global error below 1e-9.
LIMIT_TOLERANCE = 1e-8


def one(*instances):
    """These instances at every level."""
    return lambda context: list(instances)


def at_most(observed, bound, what, *, cases=1, counterexample=None, **details) -> Outcome:
    """Holds when ``observed`` <= ``bound``, with the margin in units of the bound."""
    margin = float((bound - observed) / bound) if np.isfinite(observed) else -1.0
    if observed <= bound:
        return Outcome.holds(cases=cases, margin=margin, **details)
    return Outcome.fails(
        f"{what}: {observed:.3g}, expected at most {bound:.3g}",
        counterexample={**(counterexample or {}), "observed": observed},
        cases=cases,
        margin=margin,
    )


def check_components(instance, *, pairs, context) -> Outcome:
    """Four datasets L = |t - P|^2 |t - Q|^2 e^{-v.t} from 0: their limits form two pairs, and G = 0 on one, 1 on the other is weak."""
    from scipy.integrate import solve_ivp

    limits, members = [], []
    for P, Q in pairs:
        for v in (P, Q):
            P_, Q_, v_ = (np.array(point, float) for point in (P, Q, v))

            def field(_, t, P=P_, Q=Q_, v=v_):
                p, q = (t - P) @ (t - P), (t - Q) @ (t - Q)
                return -(2 * (t - P) * q + 2 * (t - Q) * p - p * q * v) * np.exp(-v @ t)

            end = solve_ivp(field, (0, 60), np.zeros(2), method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
            if np.abs(end - v_).max() > 1e-8:
                return Outcome.inconclusive(f"the flow towards {v} ended at {end}")
            limits.append(tuple(v))
            members.append([P, Q])
    G = {point: float(point in pairs[-1]) for point in limits}
    if not is_weak(G, limits, members):
        return Outcome.fails(
            "G is not weak: the pairs are connected", counterexample={"limits": limits, "G": {str(k): v for k, v in G.items()}}
        )
    return Outcome.holds(cases=4, message="weak, and not constant on the set of limits")


def check_directions(instance, *, metric, context) -> Outcome:
    """M = 3, n = 2: three regressions with limit e_1 approached along independent directions, and |t - t_0|^2 strict with gradient 2
    e_1.
    """
    from flint import fmpq, fmpq_mat

    directions = []
    for extra, weight in (([0, 0, 1], 0), ([0, 1, 0], 1), ([0, 0, 1], 1)):
        # Coordinates: e_1 and the extra row; the slower of the two residuals gives the direction of approach.
        rows = fmpq_mat(2, 3, [1, 0, 0, *extra])
        if rows.rank() < 2:
            return Outcome.inconclusive("dependent rows")
        directions.append([1, *(weight * e for e in extra[1:])])
    determinant = fmpq_mat(3, 3, sum(directions, [])).det()
    gradient = [fmpq(2) * metric, fmpq(0), fmpq(0)]
    if determinant == 0 or not any(gradient):
        return Outcome.fails("the directions are dependent or the gradient vanishes", counterexample={"determinant": str(determinant)})
    return Outcome.holds(cases=3, message=f"determinant of the directions {determinant}, gradient {gradient}")


def check_directions_by_flow(instance, *, limit, context) -> Outcome:
    """The same three regressions followed by their closed-form flow: limit e_1, directions of approach with determinant 1/2 in size."""
    root = 2**-0.5
    # Rows of X scaled so that the residual along the stated direction decays slowest.
    datasets = [
        (np.array([[1.0, 0, 0], [0, 0, 3.0]]), np.array([1.0, 0, 0])),
        (np.array([[root, root, 0], [3 * root, -3 * root, 0]]), np.array([root, root, 0])),
        (np.array([[root, 0, root], [3 * root, 0, -3 * root]]), np.array([root, 0, root])),
    ]
    directions, offs = [], []
    for X, expected in datasets:
        values, vectors = np.linalg.eigh(X.T @ X)
        target = np.array([1.0, 0, 0])
        late = target - vectors @ (np.exp(-values * 6) * (values > 1e-12) * (vectors.T @ target))
        approach = (target - late) / np.linalg.norm(target - late)
        directions.append(approach)
        offs += [np.linalg.norm(late - np.array(limit)) - np.exp(-5), np.linalg.norm(approach - expected) - np.exp(-30)]
    determinant = abs(np.linalg.det(np.array(directions)))
    return at_most(
        max(max(offs), abs(determinant - 0.5) - 1e-9),
        0.0 + 1e-12,
        "excess over the bounds",
        cases=3,
        counterexample={"directions": directions},
    )


def check_gumbel(instance, *, start, context) -> Outcome:
    """sigma = exp(-e^{-z}) from (0, start): a^2/2 - e^{w} is conserved (x = 1), so a >= sqrt 2 for start 2, and f > 0 > y forever."""
    import sympy as sp

    from numerics.flows.flow import gradient_flow

    z = variable()
    sigma = sp.exp(-sp.exp(-z))
    if not vanishes(sigma / sp.diff(sigma, z) - sp.exp(z)):
        return Outcome.fails("sigma/sigma' is not e^z", counterexample={})
    reserve = sp.Rational(start) ** 2 / 2 - 1  # a^2/2 - e^w at the start: a^2/2 = reserve + e^w along the orbit
    flow = gradient_flow(TwoLayer(1, 1, activation=parse("exp(-exp(-z))")), [0.0, float(start)], ([[1.0]], [-1.0]), time=500.0)
    if reserve > 0 and not flow.converged and flow.theta[1] ** 2 / 2 >= float(reserve):
        return Outcome.holds(message=f"after time 500: (w, a) = {np.round(flow.theta, 4).tolist()}, residual {flow.residual:.3f}")
    return Outcome.fails(f"the flow converges or may ({flow.reason})", counterexample={"end": flow.theta, "reserve": str(reserve)})


def check_convex(instance, *, coupling, context) -> Outcome:
    """G = |t - R t_0|^2 + coupling |t_0|^2, R(w, a) = (w, -a): strongly convex in all four variables, zeros of grad_t G at (w_0, -a_0)."""
    import sympy as sp

    w, a, w0, a0 = sp.symbols("w a w0 a0")
    G = (w - w0) ** 2 + (a + a0) ** 2 + coupling * (w0**2 + a0**2)
    hessian = sp.hessian(G, (w, a, w0, a0))
    gradient = [sp.diff(G, t).subs({w: w0, a: -a0}) for t in (w, a)]
    if any(sp.expand(g) != 0 for g in gradient) or not hessian.is_positive_definite:
        return Outcome.fails(
            "not strongly convex, or its gradient does not vanish there",
            counterexample={"eigenvalues": [str(e) for e in hessian.eigenvals()]},
        )
    return Outcome.holds(message=f"eigenvalues {sorted(float(e) for e in hessian.eigenvals())}")


def check_two_neurons(instance, *, same, context) -> Outcome:
    """Two softplus neurons on (x, -g(theta_0, x)), x = 1: the flow does not end at the reflected output weights."""
    from numerics.flows.flow import gradient_flow

    w0, a0, expected = instance
    w0, a0 = ([w0[0]] * 2, [a0[0]] * 2) if same else (w0, a0)
    model, theta0 = TwoLayer(1, 2, activation="softplus"), np.array([*w0, *a0])
    flow = gradient_flow(model, theta0, ([[1.0]], [-float(model(theta0, np.array([[1.0]]))[0, 0])]))
    off = flow.distance([*w0, *(-a for a in a0)])
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    if off < LIMIT_TOLERANCE:
        return Outcome.fails("the limit is the reflected start", counterexample={"end": flow.theta})
    return at_most(
        float(np.abs(flow.theta[2:] - expected).max()), 6e-4, "distance from the three-digit table", counterexample={"end": flow.theta}
    )


def check_printed_input(instance, *, power, context) -> Outcome:
    """exp from (0.5, 1) towards (1.1, 2): x = 2 (w* - w_0)/(a*^p - a_0^p) with p = 1 as printed misses the target."""
    from numerics.flows.flow import gradient_flow

    (w0, a0), (w, a) = instance
    x = 2 * (w - w0) / (a**power - a0**power)
    flow = gradient_flow(TwoLayer(1, 1, activation="exp"), [w0, a0], ([[x]], [a * np.exp(w * x)]))
    if flow.distance([w, a]) < LIMIT_TOLERANCE:
        return Outcome.fails("the flow ends at the target", counterexample={"x": x})
    return at_most(flow.distance([1.319, 1.538]), 6e-4, "distance from (1.319, 1.538)", counterexample={"end": flow.theta})


def check_rounded(instance, *, labels, context) -> Outcome:
    """The printed labels 1 and 1.4 leave cross residuals above 1e-3: far beyond rounding."""
    from numerics.flows.flow import orbit, value_and_jacobian

    model, x = TwoLayer(1, 1, activation="sigmoid"), np.array([[1.0], [12.307]])
    ends = [orbit(model, instance, x[i], labels[i]).theta for i in (0, 1)]
    cross = [abs(float(value_and_jacobian(model, ends[i], x)[0][1 - i]) - labels[1 - i]) for i in (0, 1)]
    if min(cross) > 1e-3:
        return Outcome.holds(cases=2, message=f"cross residuals {cross[0]:.2e}, {cross[1]:.2e}")
    return Outcome.fails("the labels are an overlap to double precision", counterexample={"cross residuals": cross})


def check_constant(instance, *, kind, context) -> Outcome:
    """A constant is weak on every family of datasets with at least two solutions each."""
    points, limits, members = instance
    test = {"weak": is_weak, "strict": is_strict}[kind]
    if test(dict.fromkeys(range(points), 0), limits, members):
        return Outcome.holds()
    return Outcome.fails(f"the constant is not {kind}", counterexample={"limits": limits, "members": members})


def families(context):
    """All families of two datasets on three points whose solution sets have at least two points."""
    pairs = [(p, s) for p in range(3) for s in ([0, 1], [0, 2], [1, 2], [0, 1, 2]) if p in s]
    return [(3, [p, q], [s, t]) for (p, s), (q, t) in product(pairs, repeat=2)]


def flaw(number, title, statement, where, checks, depends_on) -> Claim:
    """The claim that statement ``number`` fails as printed."""
    return Claim(
        id=f"regularization.flaw.{number}",
        title=title,
        statement=statement,
        source=Source(LIMITATION, where),
        kind="counterexample",
        relation="existence",
        depends_on=depends_on,
        refuted_by="The stated instance does not contradict the printed statement.",
        checks=checks,
    )


CROSS = [((1, 0), (-1, 0)), ((0, 1), (0, -1))]
JOINED = [((1, 0), (-1, 0)), ((1, 0), (0, 1))]


CLAIMS = [
    flaw(
        "F1",
        "A weak function need not be constant on all limits",
        r"\text{Lemma 5.1(b), (c) as printed are false: } G = 0 \text{ on one mutual pair of limits, } 1 \text{ on another, is"
        r" weak. Constant only on overlap components}",
        "Lemma 5.1(b), (c)",
        [
            Check(
                "two-pairs",
                evidence="property",
                covers="instances",
                scope="four datasets in the plane, adaptive integration",
                run=check_components,
                instances=one(None),
                tolerance="1e-8 on the limits",
                parameters={"pairs": CROSS},
                controls=[Control("pairs that share a point", pairs=JOINED)],
            )
        ],
        ["regularization.lemma.two-point"],
    ),
    flaw(
        "F2",
        "Independent directions of approach do not make the gradient vanish",
        r"\text{Lemma 5.2 fails for several samples: } M = 3,\ n = 2,\ \text{limits } e_1 \text{ along } e_1, \tfrac{e_1 +"
        r" e_2}{\sqrt2}, \tfrac{e_1 + e_3}{\sqrt2},\ G = |\theta - \theta_0|^2 \text{ strict},\ \nabla G = 2 e_1 \neq 0",
        "Lemma 5.2",
        [
            Check(
                "determinant",
                evidence="exact",
                covers="statement",
                scope="the instance",
                run=check_directions,
                instances=one(None),
                parameters={"metric": 1},
                controls=[Control("a constant instead of G", metric=0)],
            ),
            Check(
                "closed-form-flow",
                evidence="property",
                covers="instances",
                scope="flow of linear regression by eigenvectors",
                run=check_directions_by_flow,
                instances=one(None),
                tolerance="slow modes e^-6, fast ones e^-54",
                parameters={"limit": (1, 0, 0)},
                controls=[Control("limit e_2", limit=(0, 1, 0))],
            ),
        ],
        ["regularization.lemma.one-point"],
    ),
    flaw(
        "F3",
        "Positive increasing activations do not suffice for convergence",
        r"\sigma = e^{-e^{-z}},\ x = 1,\ (w_0, a_0) = (0, 2),\ y \le 0:\ \tfrac{a^2}{2} - e^{w} = 1 \Rightarrow a \ge \sqrt2,\ f >"
        r" 0 \ge y \text{ forever};\ \text{add } \int_{-\infty}^0 \sigma/\sigma' = \infty",
        "Lemma 6.1",
        [
            Check(
                "gumbel",
                evidence="symbolic",
                covers="statement",
                scope="first integral exact; the flow to time 500",
                run=check_gumbel,
                instances=one(None),
                parameters={"start": 2},
                controls=[Control("a smaller start reaches a = 0", start=1)],
            )
        ],
        ["regularization.conserved.single-sample"],
    ),
    flaw(
        "F4",
        "Two zeros of the gradient that belong to different starts",
        r"G(\theta, \theta_0) = |\theta - R\theta_0|^2 + |\theta_0|^2,\ R(w, a) = (w, -a),\ \text{is strongly convex with exactly"
        r" the zeros used in the proof}",
        "proof of Theorem 6.2(a)",
        [
            Check(
                "hessian",
                evidence="symbolic",
                covers="statement",
                scope="all four variables",
                run=check_convex,
                instances=one(None),
                parameters={"coupling": 1},
                controls=[Control("without |theta_0|^2", coupling=0)],
            )
        ],
        ["regularization.two-point.zero-label"],
    ),
    flaw(
        "F5",
        "Several neurons do not reflect together",
        r"\text{softplus},\ m = 2,\ S = (x, -g(\theta_0, x)):\ \text{the limit is not } (w_{0k}, -a_{0k})_k,\ \text{unless the"
        r" neurons are identical}",
        "proof of Corollary 6.2",
        [
            Check(
                "two-neurons",
                evidence="property",
                covers="instances",
                scope="x = 1, w_0 = (0.3, -0.5)",
                run=check_two_neurons,
                instances=one(((0.3, -0.5), (1.0, 2.0), (-1.654, 1.104)), ((0.3, -0.5), (1.0, -0.5), (0.150, -1.124))),
                tolerance="6e-4: three digits",
                parameters={"same": False},
                controls=[Control("identical neurons", same=True)],
            )
        ],
        ["regularization.one-point.reflection"],
    ),
    flaw(
        "F6",
        "The input that leads to a target",
        r"\text{Equation (15) should read } x = 2(w^* - w_0)/(a^{*2} - a_0^2),\ a^{*2} \neq a_0^2;\ \text{as printed, from } (0.5,"
        r" 1) \text{ towards } (1.1, 2), \text{ the flow ends at } (1.319, 1.538)",
        "Proposition A.1, equation (15)",
        [
            Check(
                "exponential",
                evidence="property",
                covers="instances",
                scope="one instance",
                run=check_printed_input,
                instances=one(((0.5, 1.0), (1.1, 2.0))),
                tolerance="6e-4: three digits",
                parameters={"power": 1},
                controls=[Control("squares", power=2)],
            )
        ],
        ["regularization.conserved.single-sample"],
    ),
    flaw(
        "F7",
        "The published figure shows rounded data",
        r"\text{sigmoid},\ (w, a) = (0.922, 2.868),\ (1, 1), (12.307, 1.4):\ \text{cross residuals } 9.9 \cdot 10^{-3}, 1.5 \cdot"
        r" 10^{-3};\ \text{exact labels } 0.996865\ldots, 1.393507\ldots",
        "Figure 1",
        [
            Check(
                "residuals",
                evidence="property",
                covers="instances",
                scope="the printed data",
                run=check_rounded,
                instances=one((0.922, 2.868)),
                tolerance="1e-3, a hundred thousand times the error of a limit",
                parameters={"labels": (1.0, 1.4)},
                controls=[Control("the certified labels", labels=(0.996865915902, 1.39350718465))],
            )
        ],
        ["regularization.two-point.sigmoid"],
    ),
    flaw(
        "F19",
        "Weak characterization is vacuous by itself",
        r"\text{a constant } G \text{ is weak for every model, start and family of datasets}",
        "Definition 4.5 (noted there)",
        [
            Check(
                "constants",
                evidence="exact",
                covers="statement",
                scope="all families of two datasets on three points",
                run=check_constant,
                instances=families,
                parameters={"kind": "weak"},
                controls=[Control("strict", kind="strict")],
            )
        ],
        ["regularization.criterion.acyclic"],
    ),
]
