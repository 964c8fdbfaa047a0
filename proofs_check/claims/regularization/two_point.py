r"""Two-point overlaps of one neuron: two datasets share two solutions, and no data-independent function ranks these.

f(x) = a sigma(w . x), theta = (w, a), one sample at a time. A *two-point overlap* is a pair of solutions common to two datasets of which
gradient flow from one theta_0 reaches one on the first and the other on the second.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._examples import NO_SWAP, Example, as_given, check_in_balls, overlap_checks, stretched
from proofs_check.claims.regularization._words import (
    IMPOSSIBLE,
    LIMIT_RULE,
    LIMIT_TOLERANCE,
    LIMITATION,
    OWN,
    all_vanish,
    at_most,
    ends_at,
    one,
)
from theory.expressions import activation_of, parse
from theory.models import TwoLayer
from theory.regularization.constructions import SOFTSIGN_SIGMOID, NoOverlap, odd_limit, softsign_integral, softsign_two_point
from theory.regularization.mechanisms import Neuron, Sample, TwoPointOverlap


def neuron(a, *w) -> Neuron:
    from numerics.arithmetic.krawczyk import ball

    return Neuron(ball(a), tuple(ball(c) for c in w))


def sample(y, *x) -> Sample:
    from numerics.arithmetic.krawczyk import ball

    return Sample(tuple(ball(c) for c in x), ball(y))


def softsign_overlap() -> TwoPointOverlap:
    from numerics.arithmetic.krawczyk import ball

    A, start = ball(Fraction(999, 38)).sqrt(), ball(Fraction(6265, 114)).sqrt()
    samples = sample(A * 5 / 6, 4), sample(A * 2 / 3, 1)
    return TwoPointOverlap(neuron(start, 2), samples, (neuron(A, 1), neuron(A * 10 / 9, Fraction(1, 2))))


SOFTSIGN = Example("(1 + z)/(2 + z), x = 4 and 1", SOFTSIGN_SIGMOID, softsign_integral, softsign_overlap, lowest=0)


def check_softsign_exactly(instance, *, twist, context) -> Outcome:
    """The construction at rational weights: every hypothesis simplifies to zero in an algebraic number field."""
    import sympy as sp

    try:
        overlap = twist(softsign_two_point(*instance))
    except NoOverlap as reason:
        return Outcome.skipped(str(reason))
    if overlap.distance_squared == 0:
        return Outcome.fails("the limits coincide", counterexample={"limits": str(overlap.limits)})
    conditions = overlap.vanishing(parse(SOFTSIGN_SIGMOID), softsign_integral)
    return all_vanish({name: sp.radsimp(sp.expand(value)) for name, value in conditions.items()})


def softsign_instances(context):
    """Positive rational (w, v, x_1, w_0), the published instance first."""
    F = Fraction
    grid = [F(1, 2), F(1), F(3, 2), F(2), F(3)]
    rest = [(w, v, x, s) for w in grid for v in grid for x in (F(1), F(2), F(4)) for s in (F(1), F(2), F(3)) if w != v]
    rest = [instance for instance in rest if _softsign_admissible(instance)]
    return [(F(1), F(1, 2), F(4), F(2)), *rest[:: context.by_level(quick=4, standard=1, full=1)]]


def _softsign_admissible(instance) -> bool:
    """Whether the construction has an overlap there: its squares are positive."""
    try:
        softsign_two_point(*instance)
    except NoOverlap:
        return False
    return True


def sigmoid_integral(z):
    return z + z.exp()


def closed_form_sigmoid(key=3) -> TwoPointOverlap:
    """Samples at ln 2 and ln ``key``: the ratios sigma(2 ln 2)/sigma(ln 2) and sigma(2 ln 3)/sigma(ln 3) are both 6/5."""
    from numerics.arithmetic.krawczyk import ball

    l2, l3 = ball(2).log(), ball(3).log()
    square = ((l3 + 18) / l3**2 - (2 * l2 + 6) / l2**2) * 50 / 11
    A, start = square.sqrt(), (square + 2 * (l3 + 18) / l3**2).sqrt()
    samples = sample(A * 4 / 5, l2), sample(A * 9 / 10, ball(key).log())
    return TwoPointOverlap(neuron(start, 3), samples, (neuron(A * 6 / 5, 1), neuron(A, 2)))


SIGMOID = Example("sigmoid, x = ln 2 and ln 3", "sigmoid", sigmoid_integral, closed_form_sigmoid)


def check_given(instance, *, digits, context) -> Outcome:
    """The published, rounded data are no overlap; the exact one near them is certified and has the published ``digits``."""
    from numerics.overlap import NotFound, find_two_point_overlap

    activation, start, samples, expected = instance
    found = find_two_point_overlap(activation, inputs=len(start) - 1, start=start, samples=samples)
    if isinstance(found, NotFound):
        return Outcome.inconclusive(found.reason)
    values = found.labels
    off = float(np.abs(values - expected).max())
    if not off <= 10.0**-digits:
        return Outcome.fails(f"labels {values.tolist()}, expected {expected}", counterexample={"labels": values, "expected": expected})
    return Outcome.holds(cases=2, message=found.notes[0], certificate=found.to_data())


FIGURE_1 = ("sigmoid", ["0.922", "2.868"], [(["1"], 1.0), (["12.307"], 1.4)], [0.996865915902, 1.39350718465])


TANH_PLANES = [
    (
        "tanh",
        ["1.439", "-0.993", "2.665"],
        [(["-0.245", "0.04"], 0.32), (["-1.85", "1.383"], 0.86)],
        [0.320612265786981609, 0.862361719073772845],
    ),
    ("tanh", ["1.515", "0.351", "1.754"], [(["0.542", "0.439"], None), (["-1.581", "-2.074"], None)], None),
    ("tanh", ["-1.169", "1.123", "-2.805"], [(["0.842", "-2.805"], None), (["0.668", "-0.404"], None)], None),
]


def check_planar_tanh(instance, *, shift, context) -> Outcome:
    """Screen this start and these inputs, refine, certify twice; the two limits are different functions."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.overlap import certify_two_point, midpoints
    from numerics.overlap.screening import screen
    from numerics.overlap.two_point import refine

    activation, start, samples, expected = instance
    model = TwoLayer(2, 1, activation=activation)
    theta0, x = np.array([start], float), np.array([[xs for xs, _ in samples]], float)
    for candidate in screen(model, theta0, x):
        if candidate.kind != "generic":
            continue
        try:
            found = certify_two_point(model, refine(model, candidate))
        except NotCertified:
            continue
        labels = found.labels + shift
        values = [float(model(midpoints(p), np.array([[1.0, 1.0]]))[0, 0]) for p in found.limits]
        if expected is not None and np.abs(labels - expected).max() > 1e-12:
            return Outcome.fails(f"labels {labels.tolist()}, expected {expected}", counterexample={"labels": labels})
        if abs(values[0] - values[1]) < 1e-3:
            return Outcome.inconclusive("the limits were not told apart as functions at (1, 1)")
        return Outcome.holds(cases=2, message=f"values at (1, 1) differ by {values[0] - values[1]:.6f}", certificate=found.to_data())
    return Outcome.inconclusive("no generic crossing of this start was certified")


def check_planar_flow(instance, *, cross, context) -> Outcome:
    """Gradient flow on each sample with its certified label also fits the other sample (``cross``: at the other's label)."""
    from numerics.flows.flow import gradient_flow, value_and_jacobian

    activation, start, samples, labels = instance
    model, x = TwoLayer(2, 1, activation=activation), np.array([xs for xs, _ in samples], float)
    flows = [gradient_flow(model, np.array(start, float), (x[[i]], [labels[i]])) for i in (0, 1)]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    apart = float(np.linalg.norm(flows[0].theta - flows[1].theta))
    off = max(abs(float(value_and_jacobian(model, flows[i].theta, x)[0][1 - i]) - labels[1 - i] * cross) for i in (0, 1))
    return at_most(
        off,
        LIMIT_TOLERANCE,
        "cross residual",
        cases=2,
        message=f"limits {apart:.9f} apart",
        counterexample={"limits": [f.theta for f in flows]},
    )


def tanh_overlap() -> TwoPointOverlap:
    from numerics.arithmetic.krawczyk import ball

    a, half = ball("1.5"), ball(Fraction(1, 2))
    samples = sample(-a * half.tanh(), half), sample(-a * ball(2).tanh(), 2)
    return TwoPointOverlap(neuron(a, 1), samples, (neuron(a, -1), neuron(-a, 1)))


TANH = Example("tanh, x = 1/2 and 2", "tanh", lambda z: z.sinh() ** 2 / 2, tanh_overlap)


def check_odd_limit(instance, *, threshold_factor, context) -> Outcome:
    """The predicted limit of one odd neuron on (x, -a_0 sigma(w_0 x)), against gradient flow."""
    from numerics.overlap.first_integral import Reach

    formula, w0, x, share = instance
    sigma = activation_of(formula)
    gained = -float(Reach(sigma, 0.0, [0.0], 0.0, [1.0]).psi_float(np.array(w0 * x)))  # G(w_0 x) - G(0)
    threshold = 2 * gained / x**2
    a0 = float(np.sqrt(share * threshold))
    model = TwoLayer(1, 1, activation=sigma)
    predicted = odd_limit(Neuron(a0, (w0,)), threshold_factor * threshold)
    label = -a0 * float(sigma(np.array(w0 * x)))
    return ends_at(model, [w0, a0], [(x, label)], [[*predicted.weights, predicted.output]], "distance from the predicted limit")


def odd_neurons(context):
    """Activations with their scale, weights and inputs, a_0^2 at 0.6 or 1.6 thresholds: drawn between, never near, the saddle."""
    rng = context.rng()
    formulas = ["tanh({c}*z)", "atan({c}*z)", "erf({c}*z)", "z/sqrt(1+{c}*z**2)", "sinh({c}*z)"]
    for k in range(context.by_level(quick=15, standard=60, full=150)):
        scale = round(float(rng.uniform(0.5, 1.5)), 2)
        w0, x = (round(float(rng.uniform(0.4, 1.6)), 3) for _ in range(2))
        yield formulas[k % 5].format(c=scale), w0, x, (0.6, 1.6)[k % 2]


CLAIMS = [
    Claim(
        id="regularization.two-point.softsign-sigmoid",
        title="A two-point overlap in closed form: the softsign sigmoid",
        statement=r"\sigma(z) = \tfrac{1 + z}{2 + z} \; (z \ge 0),\; \theta_0 = (2, \sqrt{6265/114}),\; A = \sqrt{999/38}:\quad"
        r" \Phi_{(4, 5A/6)}(\theta_0) = (1, A),\; \Phi_{(1, 2A/3)}(\theta_0) = (\tfrac12, \tfrac{10A}{9}) \text{ and both solve"
        r" both samples}",
        source=OWN,
        kind="counterexample",
        relation="existence",
        assumptions=[Assumption("positive branch", r"z \ge 0 \text{ along both orbits}")],
        depends_on=["regularization.conserved.single-sample", "regularization.criterion.acyclic"],
        refuted_by="A membership or first integral that does not vanish, or a flow that ends elsewhere; " + IMPOSSIBLE,
        checks=[
            *overlap_checks(SOFTSIGN),
            Check(
                "family",
                evidence="symbolic",
                covers="instances",
                scope="rational weights w, v, input x_1 and start, w v x_1 x_2 = 2; exact square roots",
                run=check_softsign_exactly,
                instances=softsign_instances,
                parameters={"twist": as_given},
                controls=[Control("the second input ten per cent larger", twist=stretched), NO_SWAP],
            ),
        ],
    ),
    Claim(
        id="regularization.two-point.sigmoid",
        title="Two-point overlaps of the sigmoid neuron, one in closed form and one near the published figure",
        statement=r"S_1 = (\ln 2, \tfrac45 A),\; S_2 = (\ln 3, \tfrac{9}{10} A),\; A^2 = \tfrac{50}{11}\Big[\tfrac{18 + \ln 3}{\ln^2 3} -"
        r" \tfrac{6 + 2 \ln 2}{\ln^2 2}\Big]:\quad \Phi_{S_1}(3, \alpha) = (1, \tfrac65 A),\; \Phi_{S_2}(3, \alpha) = (2, A) \text{"
        r" and both solve both}",
        source=Source(LIMITATION, "Figure 1 and section 5.2; the closed form is ours"),
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.conserved.single-sample", "regularization.criterion.acyclic"],
        refuted_by="A hypothesis whose ball excludes zero, or a flow that ends elsewhere; " + IMPOSSIBLE,
        checks=[
            *overlap_checks(SIGMOID),
            Check(
                "logarithm",
                evidence="certified",
                covers="instances",
                scope="the second input ln 3 of the closed form",
                run=lambda key, *, second, context: check_in_balls(
                    Example("sigmoid", "sigmoid", sigmoid_integral, lambda: closed_form_sigmoid(second)), twist=as_given, context=context
                ),
                instances=one(3),
                parameters={"second": 3},
                controls=[Control("ln 4 instead of ln 3", second=4)],
            ),
            Check(
                "published-figure",
                evidence="certified",
                covers="instances",
                scope="start (0.922, 2.868), inputs 1 and 12.307 as exact decimals",
                run=check_given,
                instances=one(FIGURE_1),
                parameters={"digits": 11},
                controls=[Control("the printed labels are exact", digits=40)],
            ),
        ],
    ),
    Claim(
        id="regularization.two-point.tanh",
        title="Odd activations: two inputs whose thresholds separate the initial output weight",
        statement=r"\sigma \text{ odd},\ \sigma' > 0,\ b(x) = 2 G(w_0 x)/x^2,\ y_x = -a_0 \sigma(w_0 x):\quad"
        r" \Phi_{(x, y_x)} = (-w_0, a_0) \text{ if } a_0^2 > b(x),\quad (w_0, -a_0) \text{ if } a_0^2 < b(x)",
        source=OWN,
        kind="extension",
        relation="equality",
        assumptions=[Assumption("odd", r"\sigma(-z) = -\sigma(z)"), Assumption("off the saddle", r"a_0^2 \neq b(x)")],
        depends_on=["regularization.conserved.single-sample", "regularization.criterion.acyclic"],
        refuted_by="An odd activation and a start for which the flow ends at the other point. Parameter-level only: p and -p are"
        " one function.",
        checks=[
            *overlap_checks(TANH, descent=False, covers="instances"),
            Check(
                "families",
                evidence="property",
                covers="instances",
                scope="tanh(cz), atan(cz), erf(cz), z/sqrt(1+cz^2), sinh(cz)",
                run=check_odd_limit,
                instances=odd_neurons,
                distribution="c in [0.5, 1.5], w_0, x in [0.4, 1.6], a_0^2 at 0.6 or 1.6 thresholds",
                tolerance=LIMIT_RULE,
                parameters={"threshold_factor": 1},
                controls=[Control("twice the threshold", threshold_factor=2)],
            ),
        ],
    ),
    Claim(
        id="regularization.two-point.tanh-d2",
        title="Two-point overlaps of a tanh neuron with two inputs, different as functions",
        statement=r"\text{tanh},\ d = 2,\ \theta_0 = (1.439, -0.993; 2.665),\ x_1 = (-0.245, 0.04),\ x_2 = (-1.85, 1.383):"
        r"\ \exists\, y_1, y_2:"
        r"\ \Phi_{S_1} \neq \Phi_{S_2},\ \text{both solve both},\ f(p_1, \cdot) \neq f(p_2, \cdot)",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.conserved.single-sample", "regularization.criterion.acyclic"],
        refuted_by="Krawczyk boxes that fail, or labels other than stated; " + IMPOSSIBLE,
        checks=[
            Check(
                "krawczyk",
                evidence="certified",
                covers="statement",
                scope="three starts with exact decimals, validated orbits and first integrals",
                run=check_planar_tanh,
                instances=lambda context: TANH_PLANES[: context.by_level(quick=1, standard=3, full=3)],
                parameters={"shift": 0.0},
                controls=[Control("labels off by 1e-6", shift=1e-6)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="the first start, double precision",
                run=check_planar_flow,
                instances=one((*TANH_PLANES[0][:3], TANH_PLANES[0][3])),
                tolerance=LIMIT_RULE,
                parameters={"cross": 1.0},
                controls=[Control("the other label ten per cent larger", cross=1.1)],
            ),
        ],
    ),
]
