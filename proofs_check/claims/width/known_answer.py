"""A known answer: one exponential neuron on four points, where everything of the theory in width can be written down."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.critical import certify
from numerics.hessian import gradient, hessian, risk
from proofs_check import axes, claim, false, nothing
from proofs_check.judging import equal, true, worst
from theory.embedding import split
from theory.models import TwoLayer

from . import GEOMETRY
from ._measures import inertia_of
from ._pictures import over_fractions

MODEL = TwoLayer(2, 1, 1, "exp")
DATA = [[1, 0], [0, 1], [1, 1], [1, -1]], [[1], [1], [0], [0]]

EXPONENTIAL = claim(
    "embedding.known-answer.exp",
    "A worked example with one exponential neuron",
    r"\theta = (w, a) = ((\log \tfrac13, 0), 1):\ R = \tfrac23;\ \text{split: } (0,2,4) \text{ at } \alpha = \tfrac12,\ "
    r"(1,2,3) \text{ at } -1, 2,\ (0,3,3) \text{ at } 0, 1",
    clauses={
        "value": r"R = \tfrac23 \text{ at the critical point } \theta = ((\log \tfrac13, 0), 1)",
        "inertia": r"\text{split: } (0,2,4) \text{ at } \alpha = \tfrac12,\ (1,2,3) \text{ at } -1, 2,\ (0,3,3) \text{ at } 0, 1",
        "null": r"\text{a neuron } w = (v_1, v_2) \text{ of output weight } 0 \text{ is critical} \iff v_2 = 0",
    },
    symbols={"w, a": "incoming and outgoing weights", "R": "the sum of squares over four points", r"\alpha": "the fraction of the split"},
    source=GEOMETRY.at("Section 3.2"),
    depends_on=["embedding.splitting.inertia"],
    refuted_by="Another critical value or inertia.",
)

FRACTIONS = {"1/2": (0, 2, 4), "-1": (1, 2, 3), "2": (1, 2, 3), "0": (0, 3, 3), "1": (0, 3, 3)}


@EXPONENTIAL.check(
    "symbolic", ["the example"], clauses=("value", "inertia", "null"), covers="statement", scope="the example, alpha and v symbols"
)
@false("loss 1", loss=1)
@false("a minimum at every alpha", inertias=dict.fromkeys(FRACTIONS, (0, 2, 4)))
@false("critical for v_2 = log 2", root="log(2)")
def symbolic_alpha(_, *, loss=Fraction(2, 3), inertias=FRACTIONS, root="0", context):
    """Critical value, symbolic alpha, and the inertia of the split, in exact symbols."""
    import sympy

    one = sympy.Integer(1)
    theta = np.array([-sympy.log(3), 0 * one, one], dtype=object)
    data, ones = tuple(np.array(part, dtype=object) * one for part in DATA), np.array([one] * 4, dtype=object)
    alpha, v1, v2 = sympy.symbols("alpha v1 v2", real=True)
    embedding = split(MODEL, 1, 0, alpha)
    slope, observed = gradient(embedding.wide, embedding(theta), data, weights=ones), {}
    for value in inertias:
        step = split(MODEL, 1, 0, Fraction(value))
        curvature = hessian(step.wide, step(theta), data, weights=ones)
        observed[value] = inertia_of(np.vectorize(lambda entry: Fraction(str(entry)), otypes=[object])(curvature))
    wide = np.array([-sympy.log(3), 0 * one, v1, v2, one, 0 * one], dtype=object)
    component = gradient(embedding.wide, wide, data, weights=ones)[-1]
    formula = sympy.Rational(2, 3) * (sympy.exp(v2) - 2 + sympy.exp(-v2)) * sympy.exp(v1)
    at_root = component.subs(v2, sympy.sympify(root))
    return equal(
        loss=(loss, Fraction(str(risk(MODEL, theta, data, weights=ones)))),
        critical_for_every_alpha=([0] * 6, [sympy.expand(entry) for entry in slope]),
        inertia=(dict(inertias), observed),
        null_gradient=(0, sympy.expand(sympy.expand_power_exp(component - formula))),
        root=(0, sympy.expand(sympy.expand_power_exp(at_root))),
    )


@EXPONENTIAL.check("certified", nothing, axes(start=("near",)), clauses="value", scope="the narrow point from floats")
@false("loss 1", loss=Fraction(1))
def certified_point(cell, _, *, loss=Fraction(2, 3), context):
    """Balls enclose the critical point and its value; (-log 3, 0, 1) and 2/3 lie inside."""
    point = certify(MODEL, [-1.0986, 0.0, 1.0], tuple(np.array(part, dtype=float) for part in DATA))
    with working_precision(point.box.bits):
        value = 4 * risk(MODEL, point.box.enclosure, tuple(map(balls, DATA)))
        expected = balls([3])[0].log()
        first, second, third = point.box.enclosure
        return worst(
            [
                true("the point lies inside", bool(first.overlaps(-expected) and second.contains(0) and third.contains(1))),
                true("the loss lies inside", bool(value.overlaps(balls([loss])[0]))),
                equal(inertia=((0, 0, 3), point.inertia.counts)),
            ],
            figures=[over_fractions()],
        )
