"""Claims on implicit regularization in pairs: a false statement and its true twin, tested by one check each."""

from fractions import Fraction

import numpy as np
from referee_twins import CONSTANT, FLOAT, SMALL

from proofs_check import Check, Claim, Control, Outcome, Source

SOURCE = Source("arXiv:2201.12198", "soundness bench")


# Factor two: the threshold of an odd neuron is 2 G(w_0 x)/x^2, not G(w_0 x)/x^2.


def reflected(instance, *, factor, context) -> Outcome:
    """tanh from (w_0, a_0) on (x, -a_0 tanh(w_0 x)): the weight changes sign iff a_0^2 > factor G/x^2, otherwise the output weight does."""
    from numerics.flows.flow import gradient_flow
    from theory.models import TwoLayer

    w0, a0, x = instance
    predicted = [-w0, a0] if a0 * a0 > factor * np.sinh(w0 * x) ** 2 / 2 / (x * x) else [w0, -a0]
    flow = gradient_flow(TwoLayer(1, 1, activation="tanh"), [w0, a0], ([[x]], [-a0 * np.tanh(w0 * x)]))
    if np.abs(flow.theta - predicted).max() < 1e-7:
        return Outcome.holds()
    return Outcome.fails(f"limit {flow.theta}, predicted {predicted}", counterexample={"limit": flow.theta})


def starts(context):
    from hypothesis import strategies as st

    tenths = lambda low, high: st.integers(low, high).map(lambda n: n / 10)
    away = lambda s: abs(s[1] ** 2 - np.sinh(s[0] * s[2]) ** 2 / s[2] ** 2) > 0.02  # off the saddle
    return st.tuples(tenths(3, 15), tenths(3, 25), tenths(3, 18)).filter(away)


# True for pairs only: mutual pairs are not the only cycles.


def ranked(instance, *, criterion, context) -> Outcome:
    """Whether some ranking of the points is strict, against the criterion."""
    from itertools import permutations

    from theory.regularization.criterion import is_strict, membership_digraph

    limits, members = instance
    exists = any(is_strict(dict(enumerate(ranks)), limits, members) for ranks in permutations(range(4)))
    return Outcome.equal(exists, criterion(membership_digraph(limits, members)), limits=limits, members=members)


def families(context):
    """Solution sets of one or two points. (As first written, with sets of any size, no draw of fifty held a 3-cycle without a mutual
    pair: the false twin survived its first run. Two points at a time make chains, which is where the criteria differ.)"""
    from hypothesis import strategies as st

    point = st.integers(0, 3)
    dataset = st.tuples(point, point).map(lambda d: (d[0], sorted({*d})))
    return st.lists(dataset, min_size=3, max_size=6).map(lambda family: ([p for p, _ in family], [s for _, s in family]))


def acyclic(graph):
    from theory.regularization.criterion import strict_exists

    return strict_exists(graph)


def no_pair(graph):
    return not any(graph.has_edge(q, p) for p, q in graph.edges)


# True in floats, false exactly: the closed-form overlap of the sigmoid with a coefficient off in the 17th digit.


def closed_form(instance, *, coefficient, context) -> Outcome:
    """Sigmoid, samples at ln 2 and ln 3: both first integrals of the limits agree with the start's, in balls of 200 bits."""
    from numerics.arithmetic.krawczyk import ball, working_precision

    with working_precision(200):
        l2, l3 = ball(2).log(), ball(3).log()
        square = ((l3 + 18) / l3**2 - (2 * l2 + 6) / l2**2) * ball(coefficient)
        start = square + 2 * (l3 + 18) / l3**2
        G = lambda z: z + z.exp()
        gap = (square * 36 / 25 - start) / 2 - (G(l2) - G(3 * l2)) / l2**2
        if gap.contains(0):
            return Outcome.holds()
        return Outcome.fails(f"the first integral moves by {gap.str(5)}", counterexample={"gap": gap.str(10)})


# Rounded: the extremum of the elasticity.


def turning(instance, *, place, context) -> Outcome:
    """h' of the sigmoid changes sign within 1e-9 of the place."""
    from numerics.arithmetic.krawczyk import ball, working_precision
    from numerics.derivatives.dual import jet
    from theory.activations import activation

    with working_precision(160):
        where, width = place(ball), ball("1e-9")

        def rise(z):
            value, slope, curvature = jet(activation("sigmoid"), z, 2)
            return value * slope + z * (value * curvature - slope * slope)

        left, right = rise(where - width), rise(where + width)
    if left > 0 and right < 0:
        return Outcome.holds()
    return Outcome.fails("h' keeps its sign there", counterexample={"left": left.str(5), "right": right.str(5)})


# A constant off by a factor: the strict regularizer of the exponential neuron.


def smallest(instance, *, weight, context) -> Outcome:
    """exp: along the solutions a^2/2 - a_0^2 log a + weight |w - w_0|^2 is stationary at the limit (two samples, three inputs)."""
    from numerics.flows.flow import gradient_flow
    from theory.models import TwoLayer

    rng = np.random.default_rng(instance)
    model, w0, x = TwoLayer(3, 1, activation="exp"), rng.uniform(-0.5, 0.5, 3), rng.uniform(-1, 1, (2, 3))
    theta0 = np.append(w0, 1.2)
    flow = gradient_flow(model, theta0, (x, model(theta0, x)[:, 0] * np.array([1.5, 0.7])))
    w, a = flow.theta[:-1], flow.theta[-1]
    # In (log a, w) the solutions are affine, with normals (1, x_i).
    gradient = np.append(a * a - 1.2**2, 2 * weight * (w - w0))
    normals = np.hstack([np.ones((2, 1)), x])
    left = np.abs(gradient - normals.T @ np.linalg.lstsq(normals.T, gradient, rcond=None)[0]).max()
    if left < 1e-7:
        return Outcome.holds()
    return Outcome.fails(f"the gradient leaves the normal space by {left:.2g}", counterexample={"limit": flow.theta})


def root_of_e(ball):
    """1 + W(1/e)."""
    return 1 + (1 / ball(1).exp()).lambertw()


PAIRS = {
    "threshold": (CONSTANT, reflected, starts, "property", "factor", 2, 1, 4, r"w \mapsto -w \iff a_0^2 > c\,G(w_0 x)/x^2"),
    "ranking": (
        SMALL,
        ranked,
        families,
        "exact",
        "criterion",
        acyclic,
        no_pair,
        lambda graph: True,
        r"\exists G \text{ strict} \iff \text{criterion}",
    ),
    "closed-form": (
        FLOAT,
        closed_form,
        lambda context: [0],
        "certified",
        "coefficient",
        Fraction(50, 11),
        Fraction(50, 11) + Fraction(1, 10**16),
        Fraction(5),
        r"A^2 = c[\ldots]",
    ),
    "elasticity": (
        FLOAT,
        turning,
        lambda context: [0],
        "certified",
        "place",
        root_of_e,
        lambda ball: ball("1.2784645"),
        lambda ball: ball(1),
        r"h' \text{ changes sign at } z^*",
    ),
    "exponential": (
        CONSTANT,
        smallest,
        lambda context: range(6),
        "property",
        "weight",
        1,
        0.5,
        0,
        r"G = a^2/2 - a_0^2 \ln a + c |w - w_0|^2",
    ),
}


def claims(side: str) -> list[Claim]:
    """One side of all pairs."""
    found = []
    for name, (difficulty, run, instances, evidence, parameter, true, false, control, statement) in PAIRS.items():
        check = Check(
            "only",
            evidence=evidence,
            covers="instances",
            scope="as drawn",
            run=run,
            instances=instances,
            tolerance="1e-7" if evidence == "property" else None,
            parameters={parameter: true if side == "true" else false},
            controls=[Control("plainly wrong", **{parameter: control})],
        )
        found.append(
            Claim(
                id=f"regularization-twin.{name}",
                title=name,
                statement=statement,
                source=SOURCE,
                checks=[check],
                notes=f"class: {difficulty}",
            )
        )
    return found
