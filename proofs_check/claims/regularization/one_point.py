r"""One-point overlaps: many datasets with one limit.

Where several solution curves cross transversally in the limit, the gradient of every weak differentiable G vanishes there.
"""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.derivatives.dual import jet
from numerics.overlap.first_integral import Reach
from proofs_check import Assumption, Figure, Outcome, claim, exists, false
from proofs_check.judging import different, equal, vanishing, worst
from theory.expressions import activation_of, parse
from theory.models import TwoLayer
from theory.regularization.constructions import SOFTSIGN_SIGMOID, softsign_integral, softsign_one_point
from theory.regularization.mechanisms import Neuron, OnePointOverlap, Sample

from . import OURS
from ._digits import starts_with
from ._flows import LIMIT_RULE, ends_at, one

GRADIENT_VANISHES = r"\Rightarrow\ \nabla_\theta G(p, \theta_0) = 0 \text{ for every weak differentiable } G"
SYMBOLS = [r"\sigma", r"\Phi_S", r"\theta_0", "G", "a", "w", "x", "y"]
COMMON = {
    "source": OURS,
    "kind": "counterexample",
    "relation": "existence",
    "depends_on": ["regularization.lemma.one-point", "regularization.conserved.single-sample"],
    "refuted_by": "A hypothesis that does not vanish, tangent solution curves, or a flow that ends elsewhere.",
}

#: (activation, start, limit, inputs), theta = (w, a).
POINTS = {
    "softsign": (SOFTSIGN_SIGMOID, (0.0, 8.0), (3.0, 11.0), (2 / 3, 1.0)),
    "exp-atan": ("exp(atan(z))", (0.0, 5.0), (3.0, 7.0), (1 / 3, 1.0)),
    "sigmoid": ("sigmoid", (0.0, 1.0), (1.0, 7**0.5), (0.86242094081961, 3.57971793134653)),
    "gelu": ("gelu", (0.0, 1.0), (1.0, 1.85**0.5), (0.448868040989571713, 2.30126721009079510)),
}


def flows_meet(given, stretch):
    """Gradient flow on each sample ends at the common limit; ``stretch`` multiplies the first input."""
    formula, start, limit, (first, *others) = given
    sigma = activation_of(formula)
    samples = [(x, limit[1] * float(sigma(np.array(limit[0] * x)))) for x in (first * stretch, *others)]
    figures = (lambda flows: [crossing_figure(given, flows)]) if stretch == 1 else None
    return ends_at(TwoLayer(1, 1, activation=sigma), start, samples, [limit] * len(samples), figures=figures)


def crossing_figure(given, flows) -> Figure:
    """Trajectories from one start to one limit, with the solution curves that cross there."""
    formula, start, limit, inputs = given
    sigma = activation_of(formula)
    w, thin = np.linspace(0.6 * limit[0], 1.3 * limit[0], 80), lambda path: path[:: max(1, len(path) // 120)]
    series = [
        {"label": f"gradient flow, x = {x:.5g}", "x": thin(f.path)[:, 0], "y": thin(f.path)[:, 1], "directed": True}
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


def with_second_argument(overlap, formula, argument):
    """The overlap with another second sample: the input that brings the limit to the pre-activation ``argument``."""
    import sympy as sp

    argument = sp.nsimplify(argument)
    second = Sample((argument / overlap.limit.weights[0],), overlap.limit.output * parse(formula)(np.array([argument], dtype=object))[0])
    return OnePointOverlap(overlap.start, (overlap.samples[0], second), overlap.limit)


SOFTSIGN = claim(
    "regularization.one-point.softsign-sigmoid",
    "Two samples, one limit, in rational numbers",
    r"\sigma(z) = \tfrac{1 + z}{2 + z}:\ \Phi_{(2/3,\,33/4)}(0, 8) = \Phi_{(1,\,44/5)}(0, 8) = (3, 11),\ \det = -\tfrac{11}{300} \neq 0 "
    + GRADIENT_VANISHES,
    clauses={
        "one limit": exists(r"\Phi_{(2/3,\,33/4)}(0, 8) = \Phi_{(1,\,44/5)}(0, 8) = (3, 11), \text{ with first integral } 32"),
        "transversal": exists(r"\text{the conormals } (\sigma, a \sigma' x) \text{ have determinant } \pm\tfrac{11}{300}"),
    },
    symbols=[*SYMBOLS, "z"],
    assumptions=[Assumption("positive branch", r"z \ge 0", unprobed="both orbits move from z = 0 to larger z: sigma/sigma' > 0 there")],
    **COMMON,
)


@SOFTSIGN.check("symbolic", [None], clauses=("one limit", "transversal"), covers="statement", scope="the instance, rational numbers")
@false("arguments with product 5", product=Fraction(5))
@false("product 7", product=Fraction(7))
@false("first integral 31", integral=31)
@false("determinant 11/301", determinant=Fraction(11, 301))
def softsign(_, *, product=Fraction(6), integral=32, determinant=Fraction(11, 300), context):
    """Labels, both first integrals at start and limit, and the determinant; along z >= 0 the weight grows and a^2 with it."""
    activation = parse(SOFTSIGN_SIGMOID)
    overlap = softsign_one_point()
    overlap = with_second_argument(overlap, SOFTSIGN_SIGMOID, product / 2)  # the first argument is 2
    kept = [p.conserved(s.x, softsign_integral) for p in (overlap.start, overlap.limit) for s in overlap.samples]
    labels = {str(s.x[0]): s.y for s in overlap.samples}
    return equal(
        labels=({"2/3": Fraction(33, 4), "1": Fraction(44, 5)}, labels),
        first_integrals=([integral] * 4, kept),
        limit=((11, 3), (overlap.limit.output, overlap.limit.weights[0])),
        determinant=(determinant, abs(overlap.transversality(activation))),
    )


@SOFTSIGN.check("property", one(POINTS["softsign"]), clauses="one limit", scope="the instance, double precision", tolerance=LIMIT_RULE)
@false("the first input ten per cent larger", stretch=1.1)
def softsign_flow(given, *, stretch=1, context):
    """Gradient flow on each sample ends at the common limit."""
    return flows_meet(given, stretch)


EXP_ATAN = claim(
    "regularization.one-point.exp-atan",
    "Two samples, one limit: e^atan",
    r"\sigma = e^{\arctan z}:\ \Phi_{(1/3,\,7 e^{\pi/4})}(0, 5) = \Phi_{(1,\,7 e^{\arctan 3})}(0, 5) = (3, 7) " + GRADIENT_VANISHES,
    clauses={
        "one limit": exists(
            r"\Phi_{(1/3,\,7 e^{\pi/4})}(0, 5) = \Phi_{(1,\,7 e^{\arctan 3})}(0, 5) = (3, 7), \text{ with first integral } 25/2"
        ),
        "transversal": exists(r"\text{the conormals } (\sigma, a \sigma' x) \text{ are independent}"),
    },
    symbols=SYMBOLS,
    **COMMON,
)


@EXP_ATAN.check("symbolic", [None], clauses=("one limit", "transversal"), covers="statement", scope="the instance, exact numbers")
@false("arguments with product 4", product=Fraction(4))
@false("product 5/2", product=Fraction(5, 2))
@false("first integral 12", integral=12)
def exp_atan(_, *, product=Fraction(3), integral=Fraction(25, 2), context):
    """Memberships and first integrals (G = z + z^3/3), the ratio of the slopes of both curves; sigma/sigma' = 1 + z^2 is positive."""
    import sympy as sp

    formula, third = "exp(atan(z))", sp.Rational(1, 3)
    samples = Sample((third,), 7 * sp.exp(sp.pi / 4)), Sample((sp.Integer(1),), 7 * sp.exp(sp.atan(3)))
    overlap = OnePointOverlap(Neuron(sp.Integer(5), (sp.Integer(0),)), samples, Neuron(sp.Integer(7), (sp.Integer(3),)))
    overlap = with_second_argument(overlap, formula, product)
    values = overlap.vanishing(parse(formula), lambda z: z + z**3 / 3).values()
    kept = [p.conserved(s.x, lambda z: z + z**3 / 3) for p in (overlap.start, overlap.limit) for s in overlap.samples]
    # sigma'/sigma x = x/(1 + (3 x)^2): the slopes a x sigma'/sigma of the curves in (w, a).
    slopes = [s.x[0] / (1 + (3 * s.x[0]) ** 2) for s in overlap.samples]
    return worst(
        [
            vanishing("hypotheses", [sp.simplify(value) for value in values]),
            equal(first_integrals=([sp.Rational(integral)] * 4, kept)),
            different("slopes of the solution curves", *slopes),
        ]
    )


@EXP_ATAN.check("property", one(POINTS["exp-atan"]), clauses="one limit", scope="the instance, double precision", tolerance=LIMIT_RULE)
@false("the first input ten per cent larger", stretch=1.1)
def exp_atan_flow(given, *, stretch=1, context):
    """Gradient flow on each sample ends at the common limit."""
    return flows_meet(given, stretch)


@cache
def boxes_of(name, square):
    """The certified inputs that lead from (0, 1) to (1, sqrt(square)), the determinant, and the certificate."""
    formula, _, _, guesses = POINTS[name]
    sigma = activation_of(formula)
    with working_precision(160):
        a, unit = ball(square).sqrt(), ball(1)
        reach = Reach(sigma, unit, [ball(0)], a, [unit])
        boxes = [reach.root(guess, bits=160) for guess in guesses]
        x = [box.enclosure[0] for box in boxes]
        if not all(reach.connected(c) for c in x):
            raise NotCertified("the limit was not proved to lie on both orbits")
        (p, dp), (q, dq) = (jet(sigma, c, 1) for c in x)
        minor = p * a * dq * x[1] - q * a * dp * x[0]
    certificate = {
        "kind": "one-point overlap",
        "activation": formula,
        "start": ["0", "1"],
        "limit": ["1", a.str(30)],
        "boxes": [box.certificate() for box in boxes],
        "inputs": [c.str(25) for c in x],
        "transversality": minor.str(15),
    }
    return x, minor, certificate


def boxed(name, square, digits, transversality):
    """Krawczyk boxes of the two inputs that lead from (0, 1) to (1, sqrt(square)), against their digits and that of the determinant."""
    try:
        x, minor, certificate = boxes_of(name, square)
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    with working_precision(160):
        found = [starts_with(c, text) for c, text in zip((*x, minor), (*digits, transversality), strict=True)]
        return equal(digits=([True] * 3, found), certificate=certificate, shown={"inputs": [c.str(20) for c in x], "minor": minor.str(12)})


SIGMOID = claim(
    "regularization.one-point.sigmoid",
    "Two samples, one limit: sigmoid",
    r"\Phi_{(x, y)}(0, 1) = (1, \sqrt7) \text{ at } x = 0.862420940819\ldots \text{ and } 3.579717931346\ldots;\quad"
    r" a^2 - a_0^2 = w^2 \varphi(wx),\ \varphi(t) = \tfrac2t + \tfrac{2(e^t - 1)}{t^2} \text{ has one minimum, at } t = 2",
    clauses={
        "one limit": exists(
            r"\Phi_{(x, y)}(0, 1) = (1, \sqrt7) \text{ at } x = 0.862420940819\ldots, 3.579717931346\ldots, \text{ determinant }"
            r" -0.28757\ldots"
        ),
        "level": r"w_0 = 0:\ a^2 - a_0^2 = w^2 \varphi(wx),\ \varphi(t) = \tfrac2t + \tfrac{2(e^t - 1)}{t^2}",
        "minimum": r"\varphi'(t) = 2 (t - 2)(e^t - 1)/t^3: \text{ on } t > 0 \text{ one minimum, at } t = 2, \text{ of value } (e^2 + 1)/2",
    },
    symbols=[*SYMBOLS, "t", "a_0", "w_0"],
    **COMMON,
)


@SIGMOID.check(
    "certified",
    [None],
    clauses="one limit",
    covers="statement",
    because="the clause is about this one instance",
    scope="160 bits, certified quadrature",
)
@false("another output weight", square="7.1")
@false("0.862420940820", first="0.862420940820")
@false("3.579717931347", second="3.579717931347")
@false("determinant -0.28758", transversality="-0.28758")
def sigmoid(_, *, square="7", first="0.862420940819", second="3.579717931346", transversality="-0.28757", context):
    """Krawczyk boxes of both inputs by certified quadrature of sigma/sigma', and the determinant of the conormals."""
    return boxed("sigmoid", square, (first, second), transversality)


@SIGMOID.check("symbolic", [None], clauses=("level", "minimum"), covers="statement", scope="all t > 0; G = z + e^z - 1")
@false("minimum at t = 1", place=1)
@false("e^t without - 1", less=0)
def level(_, *, place=2, less=1, context):
    """The first integral from w_0 = 0, its derivative in t, the value at the minimum."""
    import sympy as sp

    t, w, x = sp.symbols("t w x", positive=True)
    phi = 2 / t + 2 * (sp.exp(t) - less) / t**2
    gained = 2 * (w * x + sp.exp(w * x) - 1) / x**2 - w**2 * phi.subs(t, w * x)
    slope = sp.diff(phi, t) - 2 * (t - place) * (sp.exp(t) - 1) / t**3
    return vanishing("differences", [sp.simplify(gained), sp.simplify(slope), sp.simplify(phi.subs(t, 2) - (sp.exp(2) + 1) / 2)])


@SIGMOID.check("property", one(POINTS["sigmoid"]), clauses="one limit", scope="the instance, double precision", tolerance=LIMIT_RULE)
@false("the first input ten per cent larger", stretch=1.1)
def sigmoid_flow(given, *, stretch=1, context):
    """Gradient flow on each sample ends at the common limit."""
    return flows_meet(given, stretch)


GELU = claim(
    "regularization.one-point.gelu",
    "Two samples, one limit: GELU, by certified quadrature",
    r"\Phi_{(x, y)}(0, 1) = (1, \sqrt{1.85}) \text{ at } x = 0.448868040989\ldots \text{ and } 2.301267210090\ldots",
    symbols=SYMBOLS,
    **COMMON,
)


@GELU.check("certified", [None], covers="statement", because="the claim is about this one instance", scope="160 bits, certified quadrature")
@false("another output weight", square="1.86")
@false("0.448868040990", first="0.448868040990")
@false("2.301267210091", second="2.301267210091")
@false("determinant -0.163571", transversality="-0.163571")
def gelu(_, *, square="1.85", first="0.448868040989", second="2.301267210090", transversality="-0.163570", context):
    """Krawczyk boxes of both inputs by certified quadrature of sigma/sigma', and the determinant of the conormals."""
    return boxed("gelu", square, (first, second), transversality)


@GELU.check("property", one(POINTS["gelu"]), scope="the instance, double precision", tolerance=LIMIT_RULE)
@false("the first input ten per cent larger", stretch=1.1)
def gelu_flow(given, *, stretch=1, context):
    """Gradient flow on each sample ends at the common limit."""
    return flows_meet(given, stretch)
