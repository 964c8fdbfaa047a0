r"""Two-point overlaps of one neuron: two datasets share two solutions, and no data-independent function ranks these."""

from fractions import Fraction
from functools import cache

from numerics.overlap import NotFound, find_two_point_overlap
from proofs_check import Assumption, Outcome, claim, exists, false
from proofs_check.judging import equal
from theory.regularization.constructions import SOFTSIGN_SIGMOID, NoOverlap, softsign_integral, softsign_two_point

from . import IMPOSSIBLE, LIMITATION_PAPER, OURS
from ._digits import ball_of, starts_with
from ._examples import ORDER_RULE, Example, as_given, by_descent, by_flow, exactly, in_balls, overlap_of, relabelled, stretched, swapped
from ._flows import LIMIT_RULE

SYMBOLS = [r"\sigma", r"\theta_0", r"\Phi_S", "S", "a", "w", "A"]
NO_SWAP = "each sample leads to the other limit"
COMMON = {
    "kind": "counterexample",
    "relation": "existence",
    "depends_on": ["regularization.conserved.single-sample", "regularization.criterion.acyclic"],
}


def softsign_overlap(number):
    A, start = number(Fraction(999, 38)).sqrt(), number(Fraction(6265, 114)).sqrt()
    samples = (number(4), A * 5 / 6), (number(1), A * 2 / 3)
    return overlap_of((start, number(2)), samples, ((A, number(1)), (A * 10 / 9, number(Fraction(1, 2)))))


SOFTSIGN = Example("(1 + z)/(2 + z), x = 4 and 1", SOFTSIGN_SIGMOID, softsign_integral, softsign_overlap, lowest=0)

SOFTSIGN_OVERLAP = claim(
    "regularization.two-point.softsign-sigmoid",
    "A two-point overlap in closed form: the softsign sigmoid",
    r"\sigma(z) = \tfrac{1 + z}{2 + z} \; (z \ge 0),\; \theta_0 = (2, \sqrt{6265/114}),\; A = \sqrt{999/38}:\quad"
    r" \Phi_{(4, 5A/6)}(\theta_0) = (1, A),\; \Phi_{(1, 2A/3)}(\theta_0) = (\tfrac12, \tfrac{10A}{9}) \text{ and both solve both samples}",
    symbols=[*SYMBOLS, "z"],
    source=OURS,
    assumptions=[
        Assumption("positive branch", r"z \ge 0 \text{ along both orbits}", unprobed="for z < 0 the activation is another formula")
    ],
    refuted_by="A membership or first integral that does not vanish, or a flow that ends elsewhere; " + IMPOSSIBLE,
    **COMMON,
)


@SOFTSIGN_OVERLAP.check("certified", [None], scope="the instance; 200 bits")
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def softsign_in_balls(_, *, twist=as_given, context):
    """Memberships and first integrals vanish, the limits lie on the orbits of the start."""
    return in_balls(SOFTSIGN, twist)


@SOFTSIGN_OVERLAP.check("property", [None], scope="the instance, double precision", tolerance=LIMIT_RULE)
@false(NO_SWAP, order=(1, 0))
def softsign_flow(_, *, order=(0, 1), context):
    """Gradient flow on each sample ends at its limit."""
    return by_flow(SOFTSIGN, order)


@SOFTSIGN_OVERLAP.check("property", [None], scope="the instance, two steps", tolerance=ORDER_RULE)
@false("second order in the step", ratio=4)
def softsign_descent(_, *, ratio=2, context):
    """The error of gradient descent halves with the step."""
    return by_descent(SOFTSIGN, ratio)


def softsign_instances(context):
    """Positive rational (w, v, x_1, w_0) at which the squares of the construction are positive, the published instance first."""
    F = Fraction
    grid = [F(1, 2), F(1), F(3, 2), F(2), F(3)]
    rest = [(w, v, x, s) for w in grid for v in grid for x in (F(1), F(2), F(4)) for s in (F(1), F(2), F(3)) if w != v]
    return [(F(1), F(1, 2), F(4), F(2)), *[one for one in rest if _admissible(one)][:: context.by_level(quick=4, standard=1, full=1)]]


def _admissible(instance) -> bool:
    try:
        softsign_two_point(*instance)
    except NoOverlap:
        return False
    return True


@SOFTSIGN_OVERLAP.check(
    "symbolic",
    softsign_instances,
    covers="statement",
    scope="the instance and others with w v x_1 x_2 = 2, exact square roots; a and sigma/sigma' are positive on z >= 0, so limits lie"
    " on orbits",
)
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def softsign_exactly(instance, *, twist=as_given, context):
    """The construction at rational weights: every hypothesis simplifies to zero in an algebraic number field."""
    import sympy as sp

    built = Example(SOFTSIGN.title, SOFTSIGN_SIGMOID, softsign_integral, lambda number: softsign_two_point(*instance))
    return exactly(built, None, twist, lambda value: sp.radsimp(sp.expand(value)))


def sigmoid_overlap(number):
    """Samples at ln 2 and ln 3: the ratios sigma(2 ln 2)/sigma(ln 2) and sigma(2 ln 3)/sigma(ln 3) are both 6/5."""
    import sympy as sp

    log = (lambda n: sp.log(n)) if isinstance(number(1), sp.Basic) else lambda n: number(n).log()
    root = (lambda value: sp.sqrt(value)) if isinstance(number(1), sp.Basic) else lambda value: value.sqrt()
    l2, l3 = log(2), log(3)
    square = ((l3 + 18) / l3**2 - (2 * l2 + 6) / l2**2) * 50 / 11
    A, start = root(square), root(square + 2 * (l3 + 18) / l3**2)
    samples = (l2, A * 4 / 5), (l3, A * 9 / 10)
    return overlap_of((start, number(3)), samples, ((A * 6 / 5, number(1)), (A, number(2))))


def sigmoid_integral(z):
    import sympy as sp

    return z + (sp.exp(z) if isinstance(z, sp.Basic) else z.exp())


SIGMOID = Example("sigmoid, x = ln 2 and ln 3", "sigmoid", sigmoid_integral, sigmoid_overlap)

SIGMOID_OVERLAP = claim(
    "regularization.two-point.sigmoid",
    "Two-point overlaps of the sigmoid neuron, one in closed form and one near the published figure",
    r"S_1 = (\ln 2, \tfrac45 A),\; S_2 = (\ln 3, \tfrac{9}{10} A),\; A^2 = \tfrac{50}{11}\Big[\tfrac{18 + \ln 3}{\ln^2 3} -"
    r" \tfrac{6 + 2 \ln 2}{\ln^2 2}\Big]:\quad \Phi_{S_1}(3, \alpha) = (1, \tfrac65 A),\; \Phi_{S_2}(3, \alpha) = (2, A) \text{"
    r" and both solve both}",
    clauses={
        "closed form": exists(r"\Phi_{S_1}(3, \alpha) = (1, \tfrac65 A),\; \Phi_{S_2}(3, \alpha) = (2, A) \text{ and both solve both}"),
        "figure": exists(r"(w_0, a_0) = (0.922, 2.868),\ x = 1, 12.307:\ y_1 = 0.99686591590\ldots,\ y_2 = 1.3935071846\ldots"),
    },
    symbols=[r"\Phi_S", "S", "A", "w_0", "a_0", "x", "y"],
    source=LIMITATION_PAPER.at("Figure 1 and section 5.2; the closed form is ours"),
    refuted_by="A hypothesis whose ball excludes zero, or a flow that ends elsewhere; " + IMPOSSIBLE,
    notes="The printed data of Figure 1 (labels 1 and 1.4) are rounded and no overlap: see regularization.flaw.F7.",
    **COMMON,
)


@SIGMOID_OVERLAP.check(
    "symbolic", [None], clauses="closed form", covers="statement", scope="the instance; sigma, sigma' > 0, a grows from a_0"
)
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def sigmoid_exactly(_, *, twist=as_given, context):
    """Every hypothesis simplifies to zero with ln 2 and ln 3 as they are."""
    import sympy as sp

    return exactly(SIGMOID, sp.Integer, twist, sp.simplify)


@SIGMOID_OVERLAP.check("certified", [None], clauses="closed form", scope="the instance; 200 bits")
@false("the second input ten per cent larger", twist=stretched)
@false("the second label ten per cent larger", twist=relabelled)
@false(NO_SWAP, twist=swapped)
def sigmoid_in_balls(_, *, twist=as_given, context):
    """Memberships and first integrals vanish, the limits lie on the orbits of the start."""
    return in_balls(SIGMOID, twist)


@SIGMOID_OVERLAP.check("property", [None], clauses="closed form", scope="the instance, double precision", tolerance=LIMIT_RULE)
@false(NO_SWAP, order=(1, 0))
def sigmoid_flow(_, *, order=(0, 1), context):
    """Gradient flow on each sample ends at its limit."""
    return by_flow(SIGMOID, order)


@SIGMOID_OVERLAP.check("property", [None], clauses="closed form", scope="the instance, two steps", tolerance=ORDER_RULE)
@false("second order in the step", ratio=4)
def sigmoid_descent(_, *, ratio=2, context):
    """The error of gradient descent halves with the step."""
    return by_descent(SIGMOID, ratio)


@SIGMOID_OVERLAP.check(
    "certified",
    [None],
    clauses="figure",
    covers="statement",
    because="the clause is about this one instance",
    scope="start (0.922, 2.868), inputs 1 and 12.307 as exact decimals",
)
@false("the printed label 1", first="1.00000000000")
@false("the printed label 1.4", second="1.4000000000")
@false("the last digit one more", moved=1)
def published_figure(_, *, first="0.99686591590", second="1.3935071846", moved=0, context):
    """The exact overlap near the published, rounded data has labels of these digits."""
    found = near_figure()
    if isinstance(found, NotFound):
        return Outcome.inconclusive(found.reason)
    labels = [ball_of(sample["y"]) for sample in found.samples]
    digits = [starts_with(y, text, moved=moved) for y, text in zip(labels, (first, second), strict=True)]
    return equal(digits=([True, True], digits), certificate=found.to_data(), message=found.notes[0])


@cache
def near_figure():
    """The certified overlap near the published data."""
    return find_two_point_overlap("sigmoid", start=["0.922", "2.868"], samples=[(["1"], 1.0), (["12.307"], 1.4)])
