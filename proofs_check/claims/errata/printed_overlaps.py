r"""Inputs, figures and notions of overlaps as printed: each with what is wrong about it, and what is true in its place."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls
from numerics.flows.flow import gradient_flow, orbit, value_and_jacobian
from proofs_check import Outcome, axes, claim, false, nothing
from proofs_check.claims.regularization import LIMITATION_PAPER, NOTATION
from proofs_check.claims.regularization._digits import half_unit, rounds_to, starts_with
from proofs_check.claims.regularization._flows import LIMIT, LIMIT_RULE
from proofs_check.claims.regularization.two_point import near_figure
from proofs_check.judging import at_least, bounded, different, equal, vanishing, worst
from theory.models import TwoLayer
from theory.regularization.criterion import is_strict, is_weak

from . import _pictures, letters
from .overlap_lemmas import COMMON
from .reflected_limits import DIGITS, limit_in_balls

INPUT = claim(
    "regularization.flaw.F6",
    "The input that leads to a target",
    r"\text{Equation (15) should read } x = 2(w^* - w_0)/(a^{*2} - a_0^2),\ a^{*2} \neq a_0^2;\ \text{as printed, from } (0.5,"
    r" 1) \text{ towards } (1.1, 2), \text{ the flow ends at } (1.319, 1.538)",
    clauses={
        "corrected": r"\sigma = e^z,\ x = 2(w^* - w_0)/(a^{*2} - a_0^2),\ y = a^* \sigma(w^* x) \text{ leads to } (w^*, a^*)",
        "printed": r"x = 2(w^* - w_0)/(a^* - a_0) \text{ changes } I_x \text{ by } \tfrac12 (a^* - a_0)(a^* + a_0 - 1): \text{ it"
        r" misses the target unless } a^* + a_0 = 1",
        "instance": r"\text{as printed, from } (0.5, 1) \text{ towards } (1.1, 2), \text{ the flow ends at } (1.319, 1.538)",
    },
    symbols={**letters(NOTATION, r"x, y, w_0, a_0, \sigma, I_x"), "w^*, a^*": "the target"},
    source=LIMITATION_PAPER.at("Proposition A.1, equation (15)"),
    depends_on=["regularization.conserved.single-sample"],
    refuted_by="A target that the printed input leads to, or the corrected one does not.",
    **COMMON,
)


LEVELS = "every start and target; exp has one orbit to each level"


@INPUT.check("symbolic", [None], clauses=("corrected", "printed"), covers="statement", scope=LEVELS)
@false("as printed", power=1)
@false("cubes", power=3)
@false("unless a* + a_0 = 0", excess=lambda a, a0: (a - a0) * (a + a0) / 2)
def first_integral(_, *, power=2, excess=lambda a, a0: (a - a0) * (a + a0 - 1) / 2, context):
    """The change of I_x = a^2/2 - w/x from the start to the target, at the corrected input and at the printed one."""
    import sympy as sp

    w0, a0, w, a = sp.symbols("w_0 a_0 w a")
    change = lambda p: (a**2 - a0**2) / 2 - (w - w0) / (2 * (w - w0) / (a**p - a0**p))
    return vanishing("differences", [sp.cancel(change(power)), sp.cancel(change(1) - excess(a, a0))])


#: The start and the target of the statement.
SHOWN = ((0.5, 1.0), (1.1, 2.0))
ROUTES = axes(start=((0.5, 1.0), (-0.3, 0.6)), target=((1.1, 2.0), (0.2, 1.3), (1.0, -2.0)))


@INPUT.check("property", nothing, ROUTES, clauses=("corrected", "printed"), tolerance=LIMIT_RULE)
@false("as printed", power=1)
@false("squares", printed=2)
def exponential(cell, _, *, power=2, printed=1, context):
    """Gradient flow at the corrected input ends at the target, at the printed one elsewhere."""
    (w0, a0), (w, a), model = cell.start, cell.target, TwoLayer(1, 1, activation="exp")
    inputs = [2 * (w - w0) / (a**p - a0**p) for p in (power, printed)]
    flows = [gradient_flow(model, cell.start, ([[x]], [a * np.exp(w * x)])) for x in inputs]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    off = [flow.distance(cell.target) for flow in flows]
    outcomes = [bounded("off the target", off[0], LIMIT), at_least("off it, as printed", off[1], 100 * LIMIT, attained=False)]
    return worst(outcomes, figures=[_pictures.orbits_of_inputs()] if (cell.start, cell.target) == SHOWN else [])


@INPUT.check("certified", [None], clauses="instance", covers="statement", because="the clause is about this one instance", scope="53 bits")
@false("squares", power=2)
@false("the last digit of the weight one more", end=("1.320", "1.538"))
@false("the last digit of the output one less", end=("1.319", "1.537"))
def printed_input(_, *, power=1, end=("1.319", "1.538"), context):
    """The limit on the printed input, on the level of I_x where f = y, in balls."""
    x = ball(Fraction(6, 5) / (2**power - 1))
    found, enclosed = limit_in_balls("exp", lambda z: z, (ball("0.5"), ball(1)), x, 2 * (ball("1.1") * x).exp())
    digits = [rounds_to(value, text) for value, text in zip(found, end, strict=True)]
    return equal(enclosed=(True, enclosed), digits=([True, True], digits))


ROUNDED = claim(
    "regularization.flaw.F7",
    "The published figure shows rounded data",
    r"\text{sigmoid},\ (w, a) = (0.922, 2.868),\ (1, 1), (12.307, 1.4):\ \text{cross residuals } 9.9 \cdot 10^{-3}, 1.5 \cdot"
    r" 10^{-3};\ \text{exact labels } 0.996865\ldots, 1.393507\ldots",
    clauses={
        "residuals": r"\text{the limit on } (1, 1) \text{ is } 9.9 \cdot 10^{-3} \text{ off on } (12.307, 1.4), \text{ the other one } 1.5"
        r" \cdot 10^{-3} \text{ on the first}",
        "labels": r"\text{the two-point overlap of the inputs } 1, 12.307 \text{ has the labels } 0.996865\ldots, 1.393507\ldots",
    },
    symbols={"w, a": "the start", r"(1, 1), (12.307, 1.4)": "the printed samples, input and label"},
    source=LIMITATION_PAPER.at("Figure 1"),
    depends_on=["regularization.two-point.sigmoid"],
    refuted_by="Limits of the printed samples that solve both.",
    **COMMON,
)

START, INPUTS, PRINTED, CERTIFIED = ("0.922", "2.868"), ("1", "12.307"), ("1", "1.4"), ("0.996865915902", "1.39350718465")
RESIDUALS, SAMPLE = ("0.0099", "0.0015"), axes(sample=(1, 2))


@ROUNDED.check("property", nothing, SAMPLE, clauses="residuals", tolerance=DIGITS)
@false("the certified labels", labels=CERTIFIED)
def residuals(cell, _, *, labels=PRINTED, context):
    """The limit on one printed sample, followed along its orbit, on the other sample."""
    model, x, y = TwoLayer(1, 1, activation="sigmoid"), np.array(INPUTS, float)[:, None], np.array(labels, float)
    own, other = cell.sample - 1, 2 - cell.sample
    end = orbit(model, np.array(START, float), x[own], y[own]).theta
    cross = value_and_jacobian(model, end, x)[0][other] - y[other]
    return bounded("off the stated residual", cross - float(RESIDUALS[own]), half_unit(RESIDUALS[own]) + LIMIT, end=end)


@ROUNDED.check("certified", nothing, SAMPLE, clauses="residuals", covers="statement", because="the two printed samples", scope="53 bits")
@false("the certified labels", labels=CERTIFIED)
@false("the last digits one more", stated=("0.0100", "0.0016"))
def residuals_in_balls(cell, _, *, labels=PRINTED, stated=RESIDUALS, context):
    """The limit on one printed sample from its first integral, G = z + e^z, on the other sample."""
    own, other = cell.sample - 1, 2 - cell.sample
    x, y = balls(INPUTS), balls(labels)
    (w, a), enclosed = limit_in_balls("sigmoid", lambda z: z + z.exp(), balls(START), x[own], y[own])
    cross = a / (1 + (-w * x[other]).exp()) - y[other]
    return equal(enclosed=(True, enclosed), rounded=(True, rounds_to(cross, stated[own])))


@ROUNDED.check("certified", nothing, SAMPLE, clauses="labels", covers="statement", because="the two labels")
@false("the printed labels are exact", digits=("1.000000", "1.400000"))
@false("the last digits one more", digits=("0.996866", "1.393508"))
def labels(cell, _, *, digits=("0.996865", "1.393507"), context):
    """The label of the overlap that is certified near the figure, its digits and apart from the printed one."""
    from flint import arb

    label = arb(near_figure().samples[cell.sample - 1]["y"])
    stated, printed = digits[cell.sample - 1], ball(PRINTED[cell.sample - 1])
    return worst([equal(digits=(True, starts_with(label, stated))), different("the printed and the exact label", printed, label)])


CONSTANT = claim(
    "regularization.flaw.F19",
    "Weak characterization is vacuous by itself",
    r"\text{a constant } G \text{ is weak for every model, start and family of datasets}",
    symbols=letters(NOTATION, "G"),
    source=LIMITATION_PAPER.at("Definition 4.5 (noted there)"),
    depends_on=["regularization.criterion.acyclic"],
    refuted_by="A family of datasets for which a constant is not weak.",
    **COMMON,
)

#: A limit among three points, and the solutions of its dataset: at least two.
DATASETS = tuple((p, s) for p in range(3) for s in ((0, 1), (0, 2), (1, 2), (0, 1, 2)) if p in s)


FAMILIES = axes(first=DATASETS, second=DATASETS)
PAIRWISE = "weak compares the limit of one dataset with one other solution at a time, by G alone: all such relations are met"


@CONSTANT.check("exact", nothing, FAMILIES, covers="statement", because=PAIRWISE, scope="all families of two datasets on three points")
@false("strict", expected=(True, True))
@false("larger at one point", G=lambda point: int(point == 0))
def constants(cell, _, *, G=lambda point: 1, expected=(True, False), context):
    """Whether G is weak, and whether it is strict, on the family."""
    limits, solutions = zip(cell.first, cell.second, strict=True)
    return equal(weak_and_strict=(expected, (is_weak(G, limits, solutions), is_strict(G, limits, solutions))))
