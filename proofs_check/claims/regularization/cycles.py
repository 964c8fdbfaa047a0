r"""Chains of limits that close: each lies in the solution set of the dataset that leads to the one before, so that no G ranks them.

With one input four steps close where every point near by is the limit of two datasets; with two inputs a walk round a circle of weights
comes back with another output weight, and a detour makes up for it.
"""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.overlap.cycles import NoCycle, carried_round, certify_loop, circle, closing_detour, quadrilateral, transport
from proofs_check import Assumption, Figure, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, vanishing, worst
from theory.expressions import activation_of, parse
from theory.regularization.constructions import SOFTSIGN_SIGMOID
from theory.regularization.criterion import membership_digraph, strict_exists

from . import LIMITATION_PAPER, OURS
from ._digits import starts_with


@cache
def closed_four(formula, start, corner, inputs, share=1 / 15):
    """The certified chain of four limits, computed once for all controls."""
    return quadrilateral(parse(formula), *start, corner, list(inputs), share=share)


@cache
def closed_loop():
    """The certified loop of 64 weights with its detour."""
    sigma, weights = activation_of("softplus"), loop_weights(64)
    h = closing_detour(sigma, 1.0, np.array([1.0, 0.0]), 2.0, np.array(weights, dtype=float))
    return weights, certify_loop(sigma, "1", ("1", "0"), "2", weights, h)


@cache
def carried(clockwise):
    """The output weight after the loop, in a ball."""
    return carried_round(activation_of("softplus"), 1, (1, 0), 2, loop_weights(64, clockwise))[0]


def read(text):
    """The ball that is printed as "[midpoint +/- radius]"."""
    from flint import arb

    return arb(text)


OPEN = claim(
    "regularization.open-one-point",
    "Where every point is reached by two datasets, no strict G exists",
    r"\text{If every } p \in U \text{ open in } \mathbb{R}^2 \text{ is } \Phi_S(\theta_0) \text{ for two single samples with"
    r" transversal } M_S,"
    r" \text{ then closed 4-cycles run through } U;\ \text{no strict } G,\ \text{every weak } G(\cdot, \theta_0) \text{ is constant on"
    r" components of } U",
    clauses={
        "closing": r"\text{with independent } e_1, e_2 \text{ the map } (s', t') \mapsto \text{end of the steps } s e_1, t e_2, s'"
        r" e_1, t' e_2"
        r" \text{ has derivative } (e_1, e_2) \text{ at } 0, \text{ so small } s, t \text{ have a closing } (s', t')",
        "instances": r"\text{squares of sides } w/15, w/40, \ldots \text{ close, the fourth corner within half a side of } w_1 + w_3 - w_2",
        "no strict": r"\text{a closed chain of any length } \ge 2 \text{ leaves no strict } G",
    },
    symbols={
        "U, p": "an open set of parameters and a point of it",
        r"\Phi_S, \theta_0, M_S": "limit of the flow, start, solutions of the dataset S",
        "G": "a function of (theta, theta_0)",
        "e_1, e_2": "directions of the two families of solution curves",
        "s, t, s', t'": "lengths of four steps along them in turn",
        "w, w_1, w_2, w_3": "weights of the corners; s a share of w",
    },
    source=LIMITATION_PAPER.at("section 5; the paper announces a strengthened mechanism, the proof is ours"),
    kind="extension",
    relation="impossibility",
    assumptions=[
        Assumption(
            "two parameters",
            "M = 2",
            unprobed="with more parameters solution sets are surfaces: see regularization.classification.one-neuron",
        ),
        Assumption("transversal", "the two families of solution curves are continuously differentiable and cross at an angle"),
    ],
    depends_on=["regularization.criterion.acyclic"],
    refuted_by="An open set with two transversal families in which small four-step paths do not close.",
)


@OPEN.check("symbolic", [None], clauses="closing", covers="statement", scope="arbitrary families of curves, to first order in the steps")
@false("it closes after three steps", steps=3)
def closing_map(_, *, steps=4, directions=lambda sp: sp.symbols("p1 q1 p2 q2"), context):
    """Curves p + s e_i + O(s^2): the first-order part of the end is (s + s') e_1 + (t + t') e_2, whose determinant is that of (e_1,
    e_2)."""
    import sympy as sp

    p1, q1, p2, q2 = directions(sp)
    s, t, moved_s, moved_t = lengths = sp.symbols("s t s1 t1")
    end = sp.Matrix([0, 0])
    for k in range(steps):
        end += lengths[k] * sp.Matrix([p1, q1] if k % 2 == 0 else [p2, q2])
    derivative = end.jacobian([moved_s, moved_t])
    closes = end.subs({moved_s: -s, moved_t: -t})
    independent = sp.Integer(0) if derivative.det() - (p1 * q2 - p2 * q1) == 0 and derivative.det() != 0 else sp.Integer(1)
    return vanishing("end and singularity", [*map(sp.expand, closes), independent])


OPEN.without("transversal", closing_map, directions=lambda sp: (*sp.symbols("p q"), *sp.symbols("p q")))

SQUARES = axes(share=by_level((Fraction(1, 40),), (Fraction(1, 15), Fraction(1, 40), Fraction(1, 100), Fraction(1, 300))))


@OPEN.check("certified", nothing, SQUARES, clauses="instances", scope="(1 + z)/(2 + z) from (0, 8), through (3, 13)")
@false("closed after three", corner=lambda w: w[2])
@false("at the first corner", corner=lambda w: w[0])
def small_squares(cell, _, *, corner=lambda w: w[0] + w[2] - w[1], context):
    """One Krawczyk box of four inputs and the last weight; that weight within half a side of the parallelogram's corner, w_1 + w_3 - w_2
    + O(s^2)."""
    try:
        found = closed_four(SOFTSIGN_SIGMOID, (0.0, 8.0), (3.0, 13.0), (0.0541, 1.35), float(cell.share))
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    weights = [read(point[0]) for point in found["points"]]
    return at_most("off the parallelogram", abs(weights[3] - corner(weights)), ball(3 * cell.share / 2), attained=False)


@OPEN.check("exact", nothing, axes(length=(2, 3, 4, 5, 6)), clauses="no strict")
@false("without the closing arrow", closed=False)
def digraph(cell, _, *, closed=True, context):
    """The membership digraph of a closed chain has no strict function."""
    n = cell.length
    members = [{k, (k + 1) % n} if closed or k < n - 1 else {k} for k in range(n)]
    return equal(strict_exists=(False, strict_exists(membership_digraph(list(range(n)), members))))


FOUR = claim(
    "regularization.one-point.4-cycle",
    "Four limits in a circle",
    r"\sigma(z) = \tfrac{1 + z}{2 + z},\ \theta_0 = (0, 8):\ (3, 11) \to (2.8, 11.1279\ldots) \to (2.6, 11.2192\ldots) \to"
    r" (2.8314\ldots, 11.0720\ldots) \to (3, 11),\ \text{each in } M_S \text{ of the one before} \Rightarrow \text{no strict } G",
    symbols=[r"\sigma", "z", r"\theta_0", "M_S", "S", "G"],
    source=OURS,
    kind="counterexample",
    relation="existence",
    depends_on=["regularization.criterion.acyclic", "regularization.open-one-point"],
    refuted_by="A hypothesis that does not vanish, tangent solution curves, or a flow that ends elsewhere.",
)

CORNERS = (("3.0000", "11.0000"), ("2.8000", "11.1279"), ("2.6000", "11.2192"), ("2.8314", "11.0720"))


def changed(corner, entry, text):
    return tuple(tuple(text if (k, j) == (corner, entry) else old for j, old in enumerate(point)) for k, point in enumerate(CORNERS))


@FOUR.check(
    "certified",
    [None],
    covers="statement",
    because="the claim is about this one chain",
    scope="one Krawczyk box for four inputs and the last weight",
)
@false("11.9279 for 11.1279", corners=changed(1, 1, "11.9279"))
@false("11.2193 for 11.2192", corners=changed(2, 1, "11.2193"))
@false("2.8315 for 2.8314", corners=changed(3, 0, "2.8315"))
@false("11.0719 for 11.0720", corners=changed(3, 1, "11.0719"))
def four(_, *, corners=CORNERS, context):
    """Four limits and four inputs in one box, against the digits of the corners (given weights and the first output are exact)."""
    formula = SOFTSIGN_SIGMOID
    try:
        found = closed_four(formula, (0.0, 8.0), (3.0, 11.0), (2 / 9, 2.1201 / 2.8))
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    points = [[read(text) for text in point] for point in found["points"]]
    computed = [(1, 1), (2, 1), (3, 0), (3, 1)]
    digits = [starts_with(points[k][j], corners[k][j]) for k, j in computed]
    given = [float(points[k][j]) == float(corners[k][j]) for k, j in [(0, 0), (0, 1), (1, 0), (2, 0)]]
    outcome = equal(digits=([True] * 4, digits), given=([True] * 4, given))
    return worst([outcome], certificate={"kind": "4-cycle", "activation": formula, **found}, figures=[chain_figure(found)])


def chain_figure(found) -> Figure:
    """The membership digraph of the four limits in the plane of weights: from each an arrow to another solution of its dataset."""
    places = [tuple(float(text.strip("[").split()[0]) for text in point) for point in found["points"]]
    nodes = [{"id": str(k), "label": f"({w:.4g}, {a:.5g})", "group": "limit", "at": (w, a)} for k, (w, a) in enumerate(places)]
    edges = [(str(k), str((k + 1) % len(nodes))) for k in range(len(nodes))]
    return Figure(
        "graph",
        "Membership digraph of a 4-cycle",
        "Four limits in a circle: each lies in the solution set of the dataset that leads to the one before.",
        {"nodes": nodes, "edges": edges, "directed": True},
        x_label="input weight w",
        y_label="output weight a",
    )


LOOP = claim(
    "regularization.k-cycle.softplus-d2",
    "Softplus with two inputs: a cycle of 66 limits",
    r"\text{softplus},\ d = 2,\ \theta_0 = (1, 0; 1):\ \text{limits over a circle of 64 weights around } (1, 1.2),"
    r" \text{ clockwise, then a detour } w_2 \pm h,\ h = 0.01067\ldots,\ \text{return to output weight } 2 \text{ exactly} \Rightarrow"
    r" \text{no strict } G",
    symbols={
        "d": "number of inputs",
        r"\theta_0": "the start (w_0; a_0)",
        "w_2": "the second input weight",
        "h": "length of the detour",
        "G": "a function of (theta, theta_0)",
        r"\sigma": "the activation",
    },
    source=OURS,
    kind="counterexample",
    relation="existence",
    depends_on=["regularization.criterion.acyclic", "regularization.classification.one-neuron"],
    refuted_by="A chain that does not close.",
)


def loop_weights(steps, clockwise=True):
    return circle((1.0, 1.2), 0.1, steps, clockwise=clockwise)


@LOOP.check(
    "certified",
    [None],
    covers="statement",
    because="the clause is about this one chain",
    scope="64 steps and a detour, 160 bits",
)
@false("h = 0.01068", digits="0.01068")
@false("h = 0.01066", digits="0.01066")
def closes(_, *, digits="0.01067", context):
    """The output weight in balls by mean value steps, the detour and its input in one Krawczyk box; the digits of the detour."""
    try:
        weights, found = closed_loop()
    except (NoCycle, NotCertified) as error:
        return Outcome.inconclusive(str(error))
    given = {"kind": "cycle", "activation": "softplus", "start": {"a": "1", "w": ["1", "0"]}, "first": {"a": "2"}, "weights": weights}
    return equal(digits=(True, starts_with(read(found["detour"]), digits)), certificate={**given, **found})


@LOOP.check(
    "property",
    nothing,
    axes(clockwise=(True, False)),
    scope="64 steps",
    tolerance="64 steps of Newton's method to 1e-14 leave 1e-11; the changes are of order 1e-3",
)
@false("the other way round", side=-1)
def sense(cell, _, *, side=1, context):
    """On which side of 2 the output weight lies after the circle, walked in floats."""
    weights = np.array(loop_weights(64, cell.clockwise), dtype=float)
    change = transport(activation_of("softplus"), 1.0, np.array([1.0, 0.0]), 2.0, weights)[0][-1] - 2
    return at_most("change away from the stated side", side * (change if cell.clockwise else -change), -1e-5, attained=False)


@LOOP.check("certified", nothing, axes(clockwise=(True, False)), scope="64 steps, 160 bits", level="standard")
@false("the other way round", flip=True)
def sense_in_balls(cell, _, *, flip=False, context):
    """On which side of 2 the output weight lies after the circle, in balls."""
    try:
        output = carried(cell.clockwise)
    except (NoCycle, NotCertified) as error:
        return Outcome.inconclusive(str(error))
    with working_precision(160):
        below = True if output < 2 else False if output > 2 else None
    return equal(below_two=(cell.clockwise != flip, below), shown={"output": output.str(12)})


@LOOP.check(
    "property",
    [(32, 64)],
    scope="the same circle in 32 and 64 steps, extrapolated",
    tolerance="1e-3: the second-order remainder of the extrapolation is below 1e-4 (from 64 and 128 steps)",
)
@false("exp, whose planes integrate", activation="exp")
def holonomy(steps, *, activation="softplus", context):
    """Walked in floats with finer and finer steps, the loop loses output weight; an integrable plane field loses none."""
    walks = [outputs_along(activation, count) for count in steps]
    drifts = [walk[-1] - 2 for walk in walks]
    limit = 2 * drifts[1] - drifts[0]  # the discretization drifts by a multiple of 1/steps
    outcome = at_most("extrapolated change", limit, -1e-3, attained=False, drifts=drifts)
    return worst([outcome], figures=[walk_figure(steps[1])])


def outputs_along(activation, count, clockwise=True):
    """The output weights of the limits over the circle, the first one 2, walked in floats."""
    weights = np.array(loop_weights(count, clockwise), dtype=float)
    return np.array(transport(activation_of(activation), 1.0, np.array([1.0, 0.0]), 2.0, weights)[0])


def walk_figure(count) -> Figure:
    """How the output weight changes along the circle, in both senses, and for exp, whose solution sets fit together to surfaces."""
    series = []
    for label, walk in {"clockwise": ("softplus", True), "anticlockwise": ("softplus", False), "exp, clockwise": ("exp", True)}.items():
        coarse, fine = outputs_along(walk[0], count, walk[1]), outputs_along(walk[0], 2 * count, walk[1])
        series.append({"label": label, "x": list(range(count + 1)), "y": 2 * fine[::2] - coarse})
    return Figure(
        "lines",
        "Output weight of the limits over a circle of input weights, extrapolated to small steps",
        "From limit to limit round the circle: softplus comes back below 2 clockwise and above 2 anticlockwise, exp comes back to 2.",
        {"series": series},
        x_label="step along the circle",
        y_label="output weight a",
    )
