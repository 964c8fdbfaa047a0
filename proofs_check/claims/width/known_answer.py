"""A known answer: one exponential neuron on four points, where everything of the theory in width can be written down."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims._checks import agree
from proofs_check.claims.width._measures import inertia_of
from proofs_check.claims.width._places import symbolic
from theory.embedding import split
from theory.models import TwoLayer

MODEL = TwoLayer(2, 1, 1, "exp")
DATA = [[1, 0], [0, 1], [1, 1], [1, -1]], [[1], [1], [0], [0]]


def check_known_answer(_, *, loss, inertias, context) -> Outcome:
    """Critical value, symbolic alpha, and the inertia of the split, in exact symbols."""
    import sympy

    from numerics.hessian import gradient, hessian, risk

    one = sympy.Integer(1)
    theta = np.array([-sympy.log(3), 0 * one, one], dtype=object)
    data, ones = tuple(np.array(part, dtype=object) * one for part in DATA), np.array([one] * 4, dtype=object)
    alpha, v1, v2 = sympy.symbols("alpha v1 v2", real=True)
    embedding = split(MODEL, 1, 0, alpha)
    symbolic_slope = gradient(embedding.wide, embedding(theta), data, weights=ones)
    observed = {}
    for value in inertias:
        step = split(MODEL, 1, 0, value)
        curvature = hessian(step.wide, step(theta), data, weights=ones)
        observed[value] = inertia_of(np.vectorize(lambda entry: Fraction(str(entry)), otypes=[object])(curvature))
    wide = np.array([-sympy.log(3), 0 * one, v1, v2, one, 0 * one], dtype=object)
    component = gradient(embedding.wide, wide, data, weights=ones)[-1]
    formula = sympy.Rational(2, 3) * (sympy.exp(v2) - 2 + sympy.exp(-v2)) * sympy.exp(v1)
    return agree(
        "known answer",
        loss=(loss, Fraction(str(risk(MODEL, theta, data, weights=ones)))),
        critical_for_every_alpha=([0] * 6, [sympy.expand(entry) for entry in symbolic_slope]),
        inertia=(dict(inertias), observed),
        null_gradient=(0, sympy.expand(sympy.expand_power_exp(component - formula))),
    )


PUBLISHED = {
    Fraction(1, 2): (0, 2, 4),
    Fraction(-1): (1, 2, 3),
    Fraction(2): (1, 2, 3),
    Fraction(0): (0, 3, 3),
    Fraction(1): (0, 3, 3),
}


def check_known_certified(_, *, loss, context) -> Outcome:
    """The same point from floats: balls enclose the critical point and its value; (-log 3, 0, 1) and 2/3 lie inside."""
    from numerics.arithmetic.krawczyk import balls, working_precision
    from numerics.critical import certify
    from numerics.hessian import risk

    point = certify(MODEL, [-1.0986, 0.0, 1.0], tuple(np.array(part, dtype=float) for part in DATA))
    with working_precision(point.box.bits):
        value = 4 * risk(MODEL, point.box.enclosure, tuple(map(balls, DATA)))
        expected = balls([3])[0].log()
        inside = point.box.enclosure[0].overlaps(-expected) and point.box.enclosure[1].contains(0) and point.box.enclosure[2].contains(1)
        return agree(
            "known answer", inside=(True, inside), loss=(True, value.overlaps(balls([loss])[0])), inertia=((0, 0, 3), point.inertia.counts)
        )


CLAIMS = [
    Claim(
        id="embedding.known-answer.exp",
        title="A worked example with one exponential neuron",
        statement=r"\theta = (w, a) = ((\log \tfrac13, 0), 1):\ R = \tfrac23;\ \text{split: } (0,2,4) \text{ at } \alpha = \tfrac12,\ "
        r"(1,2,3) \text{ at } -1, 2,\ (0,3,3) \text{ at } 0, 1",
        source=Source("arXiv:2405.17501", "Section 3.2"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Another critical value or inertia.",
        checks=[
            Check(
                "symbolic-alpha",
                evidence="symbolic",
                covers="statement",
                scope="the example itself, alpha and the null neuron's weights symbolic",
                run=check_known_answer,
                instances=symbolic,
                parameters={"loss": Fraction(2, 3), "inertias": PUBLISHED},
                controls=[
                    Control("loss 1", loss=Fraction(1)),
                    Control("a minimum at every alpha", inertias={alpha: (0, 2, 4) for alpha in PUBLISHED}),
                ],
            ),
            Check(
                "certified-point",
                evidence="certified",
                covers="instances",
                scope="the narrow point from floats",
                run=check_known_certified,
                instances=symbolic,
                parameters={"loss": Fraction(2, 3)},
                controls=[Control("loss 1", loss=Fraction(1))],
            ),
        ],
    ),
]
