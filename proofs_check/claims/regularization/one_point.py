r"""One-point overlaps: many datasets with one limit.

f(x) = a sigma(w . x), theta = (w, a), single samples. Where several solution curves cross transversally in the limit, the gradient of every
weak differentiable G vanishes there.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims.regularization._words import LIMIT_RULE, LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, at_most, ends_at, one
from theory.expressions import activation_of, parse
from theory.models import TwoLayer
from theory.regularization.constructions import SOFTSIGN_SIGMOID, softsign_integral, softsign_one_point
from theory.regularization.mechanisms import Neuron, OnePointOverlap, Sample

GRADIENT_VANISHES = r"\Rightarrow\ \nabla_\theta G(p, \theta_0) = 0 \text{ for every weak differentiable } G"


def exp_atan_overlap() -> OnePointOverlap:
    """sigma = e^{atan z} from (5, 0): arguments t_1 t_2 = 3 share a first integral."""
    import sympy as sp

    third = sp.Rational(1, 3)
    samples = Sample((third,), 7 * sp.exp(sp.pi / 4)), Sample((sp.Integer(1),), 7 * sp.exp(sp.atan(3)))
    return OnePointOverlap(Neuron(sp.Integer(5), (sp.Integer(0),)), samples, Neuron(sp.Integer(7), (sp.Integer(3),)))


EXACT_POINTS = {
    "softsign": (SOFTSIGN_SIGMOID, softsign_integral, softsign_one_point),
    "exp-atan": ("exp(atan(z))", lambda z: z + z**3 / 3, exp_atan_overlap),
}


def check_exact_point(instance, *, product, context) -> Outcome:
    """Memberships and first integrals of both samples vanish exactly, the solution curves cross transversally.

    ``product`` replaces t_1 t_2: the second argument is ``product``/t_1.
    """
    import sympy as sp

    formula, integral, build = EXACT_POINTS[instance]
    overlap, activation = build(), parse(formula)
    (w,) = overlap.limit.weights
    first = overlap.samples[0].x[0] * w
    argument = sp.nsimplify(product) / first
    second = Sample((argument / w,), overlap.limit.output * activation(np.array([argument], dtype=object))[0])
    overlap = OnePointOverlap(overlap.start, (overlap.samples[0], second), overlap.limit)
    found = all_vanish(overlap.vanishing(activation, integral), lambda e: sp.simplify(e) == 0)
    if found.counterexample is not None:
        return found
    minor = sp.simplify(overlap.transversality(activation))
    if minor == 0:
        return Outcome.fails("the solution curves are tangent", counterexample={"determinant": str(minor)})
    return Outcome.holds(cases=5, message=f"determinant of the conormals {minor}")


def check_flows_meet(instance, *, stretch, context) -> Outcome:
    """Gradient flow on each sample ends at the common limit; ``stretch`` multiplies the first input."""
    formula, start, limit, (first, *others) = instance
    sigma = activation_of(formula)
    samples = [(x, limit[1] * float(sigma(np.array(limit[0] * x)))) for x in (first * stretch, *others)]
    figures = lambda flows: [crossing_figure(instance, flows)] if stretch == 1 else []
    what = "distance of a flow's end from the common limit"
    return ends_at(TwoLayer(1, 1, activation=sigma), start, samples, [limit] * len(samples), what, figures=figures)


def crossing_figure(instance, flows) -> Figure:
    """Trajectories from one start to one limit, with the solution curves that cross there."""
    formula, start, limit, inputs = instance
    sigma = activation_of(formula)
    w = np.linspace(0.6 * limit[0], 1.3 * limit[0], 80)
    series = [
        {
            "label": f"gradient flow, x = {x:.5g}",
            "x": f.path[:: max(1, len(f.path) // 120), 0],
            "y": f.path[:: max(1, len(f.path) // 120), 1],
        }
        for x, f in zip(inputs, flows, strict=True)
    ]
    series += [{"label": f"solutions, x = {x:.5g}", "x": w, "y": limit[1] * sigma(np.array(limit[0] * x)) / sigma(w * x)} for x in inputs]
    series += [{"label": label, "x": [p[0]], "y": [p[1]]} for label, p in (("start", start), ("limit", limit))]
    return Figure(
        "lines",
        f"One-point overlap: {formula}",
        "Phase plane of one neuron: trajectories on different samples run from one start to one limit, where their solution curves cross.",
        {"series": series},
        x_label="input weight w",
        y_label="output weight a",
    )


POINTS = {
    "softsign": (SOFTSIGN_SIGMOID, (0.0, 8.0), (3.0, 11.0), (2 / 3, 1.0)),
    "exp-atan": ("exp(atan(z))", (0.0, 5.0), (3.0, 7.0), (1 / 3, 1.0)),
    "sigmoid": ("sigmoid", (0.0, 1.0), (1.0, 7**0.5), (0.86242094081961127, 3.57971793134653754)),
    "gelu": ("gelu", (0.0, 1.0), (1.0, 1.85**0.5), (0.448868040989571713, 2.30126721009079510)),
}


def check_boxed_point(instance, *, output_square, context) -> Outcome:
    """Krawczyk boxes of two inputs with the same limit, by certified quadrature of sigma/sigma', and a transversality that excludes
    zero.
    """
    from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
    from numerics.derivatives.dual import jet
    from numerics.overlap.first_integral import Reach

    formula, _, _, inputs = POINTS[instance]
    sigma = activation_of(formula)
    with working_precision(160):
        a, one_ball = ball(output_square or {"sigmoid": "7", "gelu": "1.85"}[instance]).sqrt(), ball(1)
        reach = Reach(sigma, one_ball, [ball(0)], a, [one_ball])
        boxes = []
        for guess in inputs:
            try:
                boxes.append(reach.root(guess, bits=160))
            except NotCertified as error:
                # psi(c)/c^2 turns once; with no sign change between small and large c it has no zero.
                return no_root(reach, str(error))
        x = [box.enclosure[0] for box in boxes]
        if not (x[0] > 0 and x[1] > x[0] and all(reach.connected(c) for c in x)):
            return no_root(reach, "the inputs or orbits were not told apart")
        rows = [(value, a * slope * c) for c in x for value, slope in [jet(sigma, c, 1)]]
        minor = rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
        off = max(abs(float(c) - guess) for c, guess in zip(x, inputs, strict=True))
        if minor.contains(0) or off > 1e-12:
            return Outcome.fails(
                "the inputs are not those stated", counterexample={"inputs": [c.str(20) for c in x], "transversality": minor.str(10)}
            )
        certificate = {
            "kind": "one-point overlap",
            "activation": formula,
            "start": ["0", "1"],
            "limit": ["1", a.str(30)],
            "boxes": [box.certificate() for box in boxes],
            "inputs": [c.str(25) for c in x],
            "transversality": minor.str(15),
        }
        return Outcome.holds(cases=3, message=f"transversality {minor.str(10)}", certificate=certificate)


def no_root(reach, reason) -> Outcome:
    """A refutation where psi keeps its sign on a fine grid, otherwise undecided."""
    c = np.linspace(0.05, 8, 300)
    floats = type(reach)(reach.activation, float(reach.a0), [float(w) for w in reach.w0], float(reach.a), [float(w) for w in reach.w])
    psi = floats.psi_float(c)
    if (psi > 0).all() or (psi < 0).all():
        return Outcome.fails("no input leads to the point", counterexample={"smallest |psi|": float(np.abs(psi).min())})
    return Outcome.inconclusive(reason)


def check_reflection(instance, *, directions, context) -> Outcome:
    """Gradient flow on (x, -a_0 sigma(w_0 x)) ends at (w_0, -a_0) for every x, from different directions."""
    from numerics.flows.flow import gradient_flow, value_and_jacobian

    formula, w0, a0, inputs, mirrored = instance
    model = TwoLayer(1, 1, activation=activation_of(formula))
    limit, normals, offs = np.array([-w0, a0]) if mirrored else np.array([w0, -a0]), [], []
    for x in inputs:
        label = -a0 * float(model.activation(np.array(w0 * x)))
        flow = gradient_flow(model, [w0, a0], ([[x]], [label]))
        if not flow.converged:
            return Outcome.fails(f"the flow does not converge: {flow.reason}", counterexample={"x": x, "end": flow.theta})
        offs.append(flow.distance(limit))
        gradient = value_and_jacobian(model, limit, np.array([[x]]))[1][0]
        normals.append(gradient / np.linalg.norm(gradient))
    turn = abs(np.linalg.det(np.array([normals[0], normals[-1]])))
    spread = turn if directions == "distinct" else 1e-2 - turn
    if spread < 1e-3:
        return Outcome.fails(f"directions of approach turn by {turn:.3g}", counterexample={"normals": normals})
    return at_most(max(offs), LIMIT_TOLERANCE, "distance from the reflected start", cases=len(inputs))


REFLECTIONS = [("softplus", 0.3, 1.0, (0.6, 1.0, 1.4, 1.8), False), ("tanh", 1.0, 1.5, (0.3, 0.5, 0.7), True)]


def check_reflection_identity(instance, *, sign, context) -> Outcome:
    """(w_0, -a_0) solves (x, -a_0 sigma(w_0 x)) and shares its first integral, for every sigma (``sign`` of the reflected output
    weight).
    """
    import sympy as sp

    a0, w0, x = sp.symbols("a0 w0 x", positive=True)
    sigma, G = sp.Function("sigma"), sp.Function("G")
    start, limit = Neuron(a0, (w0,)), Neuron(sign * a0, (w0,))
    return all_vanish(
        {
            "fits": limit.output * sigma(limit.preactivation((x,))) + a0 * sigma(w0 * x),
            "first integral": sp.expand(limit.conserved((x,), G) - start.conserved((x,), G)),
        }
    )


def exact_checks(name) -> list[Check]:
    """The two ways of testing an exact one-point overlap."""
    product = {"softsign": Fraction(6), "exp-atan": Fraction(3)}[name]
    return [
        Check(
            "identities",
            evidence="symbolic",
            covers="statement",
            scope="the instance, exact numbers",
            run=check_exact_point,
            instances=one(name),
            parameters={"product": product},
            controls=[Control("arguments with product 5", product=Fraction(5)), Control("product 7", product=Fraction(7))],
        ),
        flow_check(name),
    ]


def flow_check(name) -> Check:
    return Check(
        "gradient-flow",
        evidence="property",
        covers="instances",
        scope="the instance, double precision",
        run=check_flows_meet,
        instances=one(POINTS[name]),
        tolerance=LIMIT_RULE,
        parameters={"stretch": 1},
        controls=[Control("the first input ten per cent larger", stretch=1.1)],
    )


def boxed_checks(name) -> list[Check]:
    return [
        Check(
            "krawczyk",
            evidence="certified",
            covers="statement",
            scope="the instance, 160 bits, certified quadrature",
            run=check_boxed_point,
            instances=one(name),
            parameters={"output_square": None},
            controls=[
                Control("below the fold", output_square="1.2"),
                Control("another output weight", output_square={"sigmoid": "7.1", "gelu": "1.86"}[name]),
            ],
        ),
        flow_check(name),
    ]


def one_point(name, title, statement, checks, **details) -> Claim:
    """The claim on one instance of the mechanism."""
    return Claim(
        id=f"regularization.one-point.{name}",
        title=title,
        statement=statement,
        checks=checks,
        **{
            "source": OWN,
            "kind": "counterexample",
            "relation": "existence",
            "depends_on": ["regularization.lemma.one-point", "regularization.conserved.single-sample"],
            "refuted_by": "A hypothesis that does not vanish, tangent solution curves, or a flow that ends elsewhere.",
            **details,
        },
    )


CLAIMS = [
    one_point(
        "softsign-sigmoid",
        "Two samples, one limit, in rational numbers",
        r"\sigma(z) = \tfrac{1 + z}{2 + z}:\ \Phi_{(2/3,\,33/4)}(0, 8) = \Phi_{(1,\,44/5)}(0, 8) = (3, 11),\ \det ="
        r" -\tfrac{11}{300} \neq 0 " + GRADIENT_VANISHES,
        exact_checks("softsign"),
    ),
    one_point(
        "exp-atan",
        "Two samples, one limit: e^atan",
        r"\sigma = e^{\arctan z}:\ \Phi_{(1/3,\,7 e^{\pi/4})}(0, 5) = \Phi_{(1,\,7 e^{\arctan 3})}(0, 5) = (3, 7) " + GRADIENT_VANISHES,
        exact_checks("exp-atan"),
    ),
    one_point(
        "sigmoid",
        "Two samples, one limit: sigmoid",
        r"\Phi_{(x, y)}(0, 1) = (1, \sqrt7) \text{ at } x = 0.862420940819\ldots \text{ and } 3.579717931346\ldots;\quad"
        r" a^2 - a_0^2 = w^2 \varphi(wx),\ \varphi(t) = \tfrac2t + \tfrac{2(e^t - 1)}{t^2} \text{ has one minimum, at } t = 2",
        boxed_checks("sigmoid"),
    ),
    one_point(
        "gelu",
        "Two samples, one limit: GELU, by certified quadrature",
        r"\Phi_{(x, y)}(0, 1) = (1, \sqrt{1.85}) \text{ at } x = 0.448868040989\ldots \text{ and } 2.301267210090\ldots",
        boxed_checks("gelu"),
    ),
    one_point(
        "reflection",
        "The reflected start is the limit of every sample that asks for it",
        r"S_x = (x, -a_0 \sigma(w_0 x)):\ \Phi_{S_x}(w_0, a_0) = (w_0, -a_0) \text{ for all } x \text{ whose orbit reaches } a = 0;"
        r"\ \text{directions of approach differ} " + GRADIENT_VANISHES,
        [
            Check(
                "identity",
                evidence="symbolic",
                covers="instances",
                scope="any sigma and G",
                run=check_reflection_identity,
                instances=one(None),
                parameters={"sign": -1},
                controls=[Control("the start itself", sign=1)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="softplus from (0.3, 1); tanh from (1, 1.5), whose other coordinate turns",
                run=check_reflection,
                instances=one(*REFLECTIONS),
                tolerance=LIMIT_RULE,
                parameters={"directions": "distinct"},
                controls=[Control("one direction of approach", directions="equal")],
            ),
        ],
        source=Source(LIMITATION, "section 5.3, Figure 2, Lemma 6.2"),
        kind="theorem",
        assumptions=[
            Assumption(
                "the orbit reaches a = 0", r"\int_{-\infty}^0 \sigma/\sigma'\,dz = \infty \text{ or } a_0^2 < 2[G(w_0 x) - G(-\infty)]/x^2"
            )
        ],
        probes=[Probe(drops="the orbit reaches a = 0", check="gradient-flow", instances=one(("exp(-exp(-z))", 0.0, 2.0, (1.0,), False)))],
    ),
]
