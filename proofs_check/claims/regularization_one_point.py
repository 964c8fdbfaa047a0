r"""One-point overlaps and longer cycles: many datasets with one limit, and chains of limits that close.

f(x) = a sigma(w . x), theta = (w, a), single samples. Where several solution curves cross transversally in the limit, the gradient of every
weak differentiable G vanishes; where this happens on an open set, limits form closed chains and no strict G exists at all.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._regularization import LIMIT_RULE, LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, one, within
from theory.regularization.constructions import SOFTSIGN_SIGMOID, softsign_integral, softsign_one_point
from theory.regularization.mechanisms import Neuron, OnePointOverlap, Sample

FAMILY = "regularization"
GRADIENT_VANISHES = r"\Rightarrow\ \nabla_\theta G(p, \theta_0) = 0 \text{ for every weak differentiable } G"


# ----------------------------------------------------------------------------------------------- one-point, exactly


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

    from theory.expressions import parse

    formula, integral, build = EXACT_POINTS[instance]
    overlap, activation = build(), parse(formula)
    (w,) = overlap.limit.weights
    first = overlap.samples[0].x[0] * w
    argument = sp.nsimplify(product) / first
    second = Sample((argument / w,), overlap.limit.output * parse(formula)(np.array([argument], dtype=object))[0])
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
    from numerics.flow import gradient_flow
    from theory.expressions import activation_of
    from theory.models import TwoLayer

    formula, start, limit, inputs = instance
    sigma = activation_of(formula)
    model, flows = TwoLayer(1, 1, activation=sigma), []
    for k, x in enumerate(inputs):
        x = x * stretch if k == 0 else x
        flows.append(gradient_flow(model, start, ([[x]], [limit[1] * float(sigma(np.array(limit[0] * x)))])))
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    off = max(float(np.abs(flow.theta - limit).max()) for flow in flows)
    figure = crossing_figure(instance, flows) if stretch == 1 else None
    return within(
        off,
        LIMIT_TOLERANCE,
        "distance of a flow's end from the common limit",
        cases=len(inputs),
        counterexample={"ends": [f.theta for f in flows]},
        figures=[figure] if figure else [],
    )


def crossing_figure(instance, flows) -> Figure:
    """Trajectories from one start to one limit, with the solution curves that cross there."""
    from theory.expressions import activation_of

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
    from numerics.dual import jet
    from numerics.first_integral import Reach
    from numerics.krawczyk import NotCertified, ball, working_precision
    from theory.expressions import activation_of

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


# ------------------------------------------------------------------------------------------------------- cycles


def check_quadrilateral(instance, *, branches, context) -> Outcome:
    """Four limits and four inputs in one Krawczyk box: p_1 -> p_2 -> p_3 -> p_4 -> p_1 (``branches``: which of the two inputs each
    corner takes).
    """
    from numerics.cycles import quadrilateral
    from numerics.krawczyk import NotCertified
    from theory.expressions import parse

    formula, start, corner, c = instance
    try:
        found = quadrilateral(parse(formula), *start, corner, [c[k] for k in branches])
    except NotCertified as error:
        if branches[0] == branches[1]:
            return Outcome.fails(f"along one branch alone the chain closes only trivially: {error}", counterexample={"branches": branches})
        return Outcome.inconclusive(str(error))
    return Outcome.holds(cases=4, certificate={"kind": "4-cycle", "activation": formula, **found}, figures=[chain_figure(found)])


def chain_figure(found) -> Figure:
    """The membership digraph of the four limits."""
    labels = [f"({float(w.strip('[').split()[0]):.4g}, {float(a.strip('[').split()[0]):.5g})" for w, a in found["points"]]
    nodes = [{"id": str(k), "label": label, "group": "limit"} for k, label in enumerate(labels)]
    edges = [(str(k), str((k + 1) % len(labels))) for k in range(len(labels))]
    return Figure(
        "graph",
        "Membership digraph of a 4-cycle",
        "Four limits in a circle: each lies in the solution set of the dataset that leads to the one before.",
        {"nodes": nodes, "edges": edges},
    )


RHOMBUS = (SOFTSIGN_SIGMOID, (0.0, 8.0), (3.0, 11.0), (2 / 9, 2.1201 / 2.8))


def check_digraph(instance, *, drop, context) -> Outcome:
    """The membership digraph of the chain has a cycle, hence no strict function (``drop`` leaves out the closing arrow)."""
    from theory.regularization.criterion import membership_digraph, strict_exists

    length = instance
    members = [{k, (k + 1) % length} if not (drop and k == length - 1) else {k} for k in range(length)]
    if strict_exists(membership_digraph(list(range(length)), members)):
        return Outcome.fails("a strict function exists: the topological rank", counterexample={"length": length})
    return Outcome.holds()


def check_small_squares(instance, *, second, context) -> Outcome:
    """Through a point of the open region short steps along both families close after four (Newton in floats); ``second`` picks the
    families.
    """
    from numerics.cycles import quadrilateral
    from numerics.krawczyk import NotCertified
    from theory.expressions import parse

    share = instance
    try:
        quadrilateral(parse(SOFTSIGN_SIGMOID), 0.0, 8.0, (3.0, 13.0), (0.0541, 1.35 if second else 0.0541), share=share)
    except NotCertified as error:
        return Outcome.fails(f"the square of share {share} does not close: {error}", counterexample={"share": share})
    return Outcome.holds()


def check_loop(instance, *, clockwise, context) -> Outcome:
    """A loop of 64 limits and a detour of two: the output weight returns exactly, in balls by mean value steps and one Krawczyk box."""
    from numerics.cycles import NoCycle, certify_loop, circle, closing_detour
    from numerics.krawczyk import NotCertified
    from theory.expressions import activation_of

    formula, steps = instance
    sigma = activation_of(formula)
    weights = circle((1.0, 1.2), 0.1, steps, clockwise=clockwise)
    try:
        h = closing_detour(sigma, 1.0, np.array([1.0, 0.0]), 2.0, np.array(weights, dtype=float))
        found = certify_loop(sigma, "1", ("1", "0"), "2", weights, h)
    except NoCycle as error:
        return Outcome.fails(f"the chain does not close: {error}", counterexample={"steps": steps, "clockwise": clockwise})
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    certificate = {
        "kind": "cycle",
        "activation": formula,
        "start": {"a": "1", "w": ["1", "0"]},
        "first": {"a": "2"},
        "weights": weights,
        **found,
    }
    return Outcome.holds(cases=steps + 2, message=f"detour {found['detour']}", certificate=certificate)


def check_holonomy(instance, *, activation, context) -> Outcome:
    """Walked in floats with finer and finer steps, the loop loses output weight; an integrable plane field (affine sigma/sigma')
    loses none.
    """
    from numerics.cycles import circle, transport
    from theory.expressions import activation_of

    sigma = activation_of(activation)
    drifts = []
    for steps in instance:
        weights = np.array(circle((1.0, 1.2), 0.1, steps), dtype=float)
        drifts.append(transport(sigma, 1.0, np.array([1.0, 0.0]), 2.0, weights)[0][-1] - 2)
    limit = 2 * drifts[1] - drifts[0]  # the discretization drifts by a multiple of 1/steps
    if limit < -1e-3:
        return Outcome.holds(message=f"extrapolated loss {limit:.5f}", margin=-limit / 1e-3)
    return Outcome.fails(f"the loop loses {-limit:.2g}, not more than 1e-3", counterexample={"drifts": drifts})


# ------------------------------------------------------------------------------------------------- reflection, softplus


def check_reflection(instance, *, directions, context) -> Outcome:
    """Gradient flow on (x, -a_0 sigma(w_0 x)) ends at (w_0, -a_0) for every x, from different directions."""
    from numerics.flow import gradient_flow, value_and_jacobian
    from theory.expressions import activation_of
    from theory.models import TwoLayer

    formula, w0, a0, inputs, mirrored = instance
    model = TwoLayer(1, 1, activation=activation_of(formula))
    limit, normals, offs = np.array([-w0, a0]) if mirrored else np.array([w0, -a0]), [], []
    for x in inputs:
        label = -a0 * float(model.activation(np.array(w0 * x)))
        flow = gradient_flow(model, [w0, a0], ([[x]], [label]))
        if not flow.converged:
            return Outcome.fails(f"the flow does not converge: {flow.reason}", counterexample={"x": x, "end": flow.theta})
        offs.append(float(np.abs(flow.theta - limit).max()))
        gradient = value_and_jacobian(model, limit, np.array([[x]]))[1][0]
        normals.append(gradient / np.linalg.norm(gradient))
    turn = abs(np.linalg.det(np.array([normals[0], normals[-1]])))
    spread = turn if directions == "distinct" else 1e-2 - turn
    if spread < 1e-3:
        return Outcome.fails(f"directions of approach turn by {turn:.3g}", counterexample={"normals": normals})
    return within(max(offs), LIMIT_TOLERANCE, "distance from the reflected start", cases=len(inputs))


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


def check_no_generic(instance, *, activation, context) -> Outcome:
    """No generic crossing among the screened starts; what was met instead is counted."""
    from numerics.overlap import Overlap, find_two_point_overlap

    seed, candidates = instance
    found = find_two_point_overlap(activation, candidates=candidates, seed=seed, refined=5)
    if isinstance(found, Overlap):
        return Outcome.fails("a certified generic overlap", counterexample={"start": found.theta0, "samples": found.samples})
    if "generic" in found.screened:
        return Outcome.inconclusive(found.reason)
    return Outcome.holds(cases=candidates, message=f"met {dict(found.screened)}")


def check_monotone_elasticity(instance, *, activation, context) -> Outcome:
    """h(z) = z sigma'(z)/sigma(z) has h' > 0 on balls that cover the interval, halved where they are too wide."""
    from flint import arb

    from numerics.dual import jet
    from numerics.krawczyk import working_precision
    from theory.expressions import activation_of

    sigma, (low, high) = activation_of(activation), instance
    with working_precision(300):
        waiting, cases = [(arb(low), arb(high))], 0
        while waiting:
            a, b = waiting.pop()
            z = a.union(b)
            value, slope, curvature = jet(sigma, z, 2)
            # h' sigma/sigma' = 1 + z (sigma''/sigma' - sigma'/sigma)
            rise = 1 + z * (curvature / slope - slope / value)
            if rise < 0:
                return Outcome.fails(f"h decreases on {z.str(6)}", counterexample={"z": z.str(8), "rise": rise.str(6)})
            if rise > 0:
                cases += 1
                continue
            middle = (a + b).mid() / 2
            if b - a < 1e-6:
                return Outcome.inconclusive(f"the sign of h' is open on {z.str(6)}")
            waiting += [(a, middle), (middle, b)]
    return Outcome.holds(cases=cases)


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
        family=FAMILY,
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
        "4-cycle",
        "Four limits in a circle",
        r"\sigma(z) = \tfrac{1 + z}{2 + z},\ \theta_0 = (0, 8):\ (3, 11) \to (2.8, 11.1279\ldots) \to (2.6, 11.2192\ldots) \to"
        r" (2.8314\ldots, 11.0720\ldots) \to (3, 11),"
        r"\ \text{each in } M_S \text{ of the one before} \Rightarrow \text{no strict } G",
        [
            Check(
                "krawczyk",
                evidence="certified",
                covers="statement",
                scope="the instance, one box for four inputs and the last weight",
                run=check_quadrilateral,
                instances=one(RHOMBUS),
                parameters={"branches": (0, 1)},
                controls=[Control("one family of curves only", branches=(0, 0))],
            ),
            Check(
                "digraph",
                evidence="exact",
                covers="instances",
                scope="the membership digraph of the chain",
                run=check_digraph,
                instances=one(4),
                parameters={"drop": False},
                controls=[Control("without the closing arrow", drop=True)],
            ),
        ],
        depends_on=["regularization.criterion.acyclic", "regularization.open-one-point"],
    ),
    Claim(
        id="regularization.open-one-point",
        family=FAMILY,
        title="Where every point is reached by two datasets, no strict G exists",
        statement=r"\text{If every } p \in U \text{ open in } \mathbb{R}^2 \text{ is } \Phi_S(\theta_0) \text{ for two single"
        r" samples with transversal } M_S,"
        r" \text{ then closed 4-cycles run through } U;\ \text{no strict } G,\ \text{every weak } G(\cdot, \theta_0) \text{ is"
        r" constant on components of } U",
        source=Source(LIMITATION, "section 5; the paper announces a strengthened mechanism, the proof is ours"),
        kind="extension",
        relation="impossibility",
        assumptions=[
            Assumption("two parameters", "M = 2"),
            Assumption("transversal", "the two families of solution curves cross at an angle"),
        ],
        depends_on=["regularization.criterion.acyclic"],
        refuted_by="An open set with two transversal families in which small four-step paths do not close.",
        checks=[
            Check(
                "small-squares",
                evidence="certified",
                covers="instances",
                scope="squares of side 1/15 and 1/40 of the weight (quick), more below",
                run=check_small_squares,
                instances=lambda context: [1 / 15, 1 / 40, 1 / 100, 1 / 300][: context.by_level(quick=2, standard=4, full=4)],
                parameters={"second": True},
                controls=[Control("one family twice", second=False)],
            ),
            Check(
                "digraph",
                evidence="exact",
                covers="instances",
                scope="cycles of length 2 to 6",
                run=check_digraph,
                instances=lambda context: range(2, 7),
                parameters={"drop": False},
                controls=[Control("without the closing arrow", drop=True)],
            ),
        ],
        probes=[Probe(drops="transversal", check="small-squares", instances=one(1 / 15), parameters={"second": False})],
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
    Claim(
        id="regularization.k-cycle.softplus-d2",
        family=FAMILY,
        title="Softplus with two inputs: a cycle of 66 limits",
        statement=r"\text{softplus},\ d = 2,\ \theta_0 = (1, 0; 1):\ \text{limits over a circle of 64 weights around } (1, 1.2),"
        r" \text{ clockwise, then a detour } w_2 \pm h,"
        r"\ h = 0.01067\ldots,\ \text{return to output weight } 2 \text{ exactly} \Rightarrow \text{no strict } G",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.criterion.acyclic", "regularization.classification.one-neuron"],
        refuted_by="A chain that does not close: counter-clockwise, or with 32 steps, it does not.",
        checks=[
            Check(
                "mean-value-chain",
                evidence="certified",
                covers="statement",
                scope="64 steps and a detour, 160 bits",
                run=check_loop,
                instances=one(("softplus", 64)),
                parameters={"clockwise": True},
                controls=[Control("counter-clockwise", clockwise=False)],
            ),
            Check(
                "holonomy",
                evidence="property",
                covers="instances",
                scope="the same circle in 32 and 64 steps, extrapolated",
                run=check_holonomy,
                instances=one((32, 64)),
                distribution="one circle",
                tolerance="1e-3: the second-order remainder of the extrapolation is below 1e-4 (from 64 and 128 steps)",
                parameters={"activation": "softplus"},
                controls=[Control("exp, integrable", activation="exp")],
            ),
        ],
    ),
    Claim(
        id="regularization.softplus-d1",
        family=FAMILY,
        title="Softplus with one input: no two-point overlap with a positive label is known",
        statement=r"\text{softplus},\ d = 1,\ y > 0:\ \text{no two-point overlap; whether a strict } G \text{ exists is open}",
        source=OWN,
        kind="conjecture",
        relation="impossibility",
        assumptions=[Assumption("positive label", "y > 0")],
        refuted_by="A certified generic overlap of one softplus neuron with one input.",
        checks=[
            Check(
                "search",
                evidence="property",
                covers="instances",
                scope="random starts and pairs of inputs, three decimals",
                run=check_no_generic,
                instances=lambda context: [(k, 600) for k in range(context.by_level(quick=2, standard=10, full=50))],
                distribution="theta_0 normal of deviation 1.5; inputs log-normal times normal",
                tolerance="crossings are sorted with the thresholds of numerics.screening, then certified",
                parameters={"activation": "softplus"},
                controls=[Control("sigmoid", activation="sigmoid")],
            ),
            Check(
                "elasticity",
                evidence="certified",
                covers="instances",
                scope="h' > 0 on [-30, 12] in balls",
                run=check_monotone_elasticity,
                instances=one((-30, 12)),
                parameters={"activation": "softplus"},
                controls=[Control("sigmoid", activation="sigmoid")],
            ),
        ],
    ),
]
