r"""More inputs, p >= 3: "at most 2p orientations" is false, by rational data in every dimension D >= 3 and for every p >= 3."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.dynamics.orientations import predict_orientations
from numerics.train import GradientFlow, train
from proofs_check import Assumption, Figure, axes, by_level, claim, exists, false, nothing
from proofs_check.judging import at_least, equal, worst
from theory.dynamics.condensation import (
    LeadingForm,
    augmented,
    cosine,
    critical_of_sum_of_powers,
    extrema_of_many,
    labels_of_form,
    many_orientations,
    sum_of_powers,
)
from theory.models import TwoLayer

from . import FLOW, INITIAL, SMALL
from ._draws import power_tanh
from .multiplicity_two import along_the_sphere

HIGH = Assumption("three dimensions", r"D \ge 3,\ p \ge 3")

MANY = claim(
    "condensation.high_dim_counterexample",
    "More than 2p orientations for every p >= 3 and D >= 3",
    r"\text{for all } p, D \ge 3 \text{ there are data with } 2p + 2(D - 2) > 2p \text{ attracting directions along which weights grow}",
    clauses={
        "data": r"0, e_k, 2e_k, 3e_k \text{ with } y = 1 - \tfrac{D-1}{6}, \tfrac12, -\tfrac12, \tfrac16:\ V = \textstyle\sum u_k^3",
        "at rest": r"\text{for } p = 3 \text{ these are the } 2(2^D - 1) \text{ directions } \pm 1_S/\sqrt{|S|}",
        "attracting": r"D + 1 \text{ attract if } a_j \kappa > 0 \text{: } e_k,\ -(1, \dots, 1)/\sqrt D \text{; opposite ones if } < 0",
        "growing": r"\text{weights grow } (a_j \kappa V > 0) \text{ at the } 2D \text{ directions } \pm e_k,\ 2D > 6 \text{ for } D \ge 4",
        "too many": exists(r"\text{for } p = D = 3 \text{ there are data with } 8 > 6 \text{ of them}"),
        "every p": r"V = \operatorname{Re}(u_1 + i u_D)^p + \textstyle\sum_{1<k<D} u_k^p \text{ has at least } 2p + 2(D-2)",
        "trained": r"\text{networks with } \sigma = z^2 \tanh z \text{ on such data, from small weights, go to over } 6 \text{ directions}",
    },
    symbols=["p", "D", "V", "u", "S", "a_j", "\\kappa", "\\sigma"],
    assumptions=[HIGH, SMALL, FLOW],
    kind="counterexample",
    relation="existence",
    source=INITIAL.at("abstract: at most twice the multiplicity many orientations; proved there for p = 1 and for D = 2"),
    refuted_by="another number of strict maxima and minima of these forms on the sphere",
    notes="The sentence holds for p = 1, for p = 2 and for one input. A direction with a_j kappa V < 0 attracts, but weights shrink along "
    "it and a_j may change its sign: it is not seen in training, and for p = 3, D = 3 the sum of cubes shows 6 directions, not 8.",
)


def monomials(form):
    """V expanded: exponents -> coefficient, zeros left out."""
    total = {}
    for x, c in zip(form.x, form.c, strict=True):
        expanded = {(0,) * form.dimension: c}
        for _ in range(form.p):
            after = {}
            for exponents, value in expanded.items():
                for k in np.flatnonzero(x):
                    key = (*exponents[:k], exponents[k] + 1, *exponents[k + 1 :])
                    after[key] = after.get(key, 0) + value * x[k]
            expanded = after
        for key, value in expanded.items():
            total[key] = total.get(key, 0) + value
    return {key: value for key, value in total.items() if value != 0}


def powers_of(dimension, p, coordinates=None):
    """u_k^p summed over some coordinates, all by default."""
    unit = lambda k: tuple(p * int(j == k) for j in range(dimension))
    return {unit(k): Fraction(1) for k in (range(dimension) if coordinates is None else coordinates)}


def with_bias_label(dimension, change=Fraction(0)):
    x, y = sum_of_powers(dimension)
    y[0] = y[0] + change
    return x, y


@MANY.check("exact", nothing, axes(D=by_level(tuple(range(2, 9)), tuple(range(2, 13)))), clauses="data")
@false("label 1 at 0", labels=lambda D: with_bias_label(D, Fraction(D - 1, 6)))
@false("exponent 2", exponent=2)
def cubic(cell, _, *, labels=with_bias_label, exponent=3, context):
    """The form of the printed data, expanded over the rationals."""
    x, y = labels(cell.D)
    expected = powers_of(cell.D, exponent)
    return equal(monomials=(as_text(expected), as_text(monomials(LeadingForm(augmented(x), y, 3)))))


def as_text(form):
    return {" ".join(map(str, key)): value for key, value in form.items()}


@MANY.check(
    "symbolic",
    ["third difference"],
    clauses="data",
    covers="statement",
    scope="all D: the three points on each axis give u_k^3 + u_D^3/6, and what they add to u_D^3 is made up by the label at 0",
)
@false("labels 1/2, -1/2, 1/3", labels=("1/2", "-1/2", "1/3"))
def third_difference(_, *, labels=("1/2", "-1/2", "1/6"), context):
    """The contribution of e_k, 2e_k, 3e_k, and the coefficient of u_D^3 in all, for symbolic D."""
    import sympy

    u, v, D = sympy.symbols("u v D")
    labels = [sympy.Rational(label) for label in labels]
    axis = sum(y * (j * u + v) ** 3 for j, y in enumerate(labels, 1))
    return equal(axis=(u**3 + v**3 / 6, sympy.expand(axis)), bias=(1, sympy.simplify(1 - (D - 1) / 6 + (D - 1) * sum(labels))))


def number_at_rest(D):
    return 2 * (2**D - 1)


@MANY.check("symbolic", nothing, axes(D=by_level((2, 3), full=(2, 3, 4))), clauses="at rest")
@false("2^D directions", count=lambda D: 2**D)
def at_rest(cell, _, *, count=number_at_rest, context):
    """The equations u_k^2 = lambda u_k, |u| = 1 by a Groebner basis: the dimension of the quotient is their number of complex solutions."""
    import sympy
    from sympy.polys.monomials import itermonomials

    u, scale = sympy.symbols(f"u:{cell.D}"), sympy.Symbol("lambda")
    basis = sympy.groebner([*(v**2 - scale * v for v in u), sum(v**2 for v in u) - 1], *u, scale, order="grevlex")
    leading = [sympy.Poly(g, *u, scale).monoms(order="grevlex")[0] for g in basis.exprs]
    below = [sympy.Poly(m, *u, scale).monoms()[0] for m in itermonomials((*u, scale), cell.D + 3)]
    standard = [m for m in below if not any(all(a >= b for a, b in zip(m, lead, strict=True)) for lead in leading)]
    return equal(directions=(count(cell.D), len(standard)))


@MANY.check("exact", nothing, axes(D=by_level((2, 3, 4), (2, 3, 4, 5), (2, 3, 4, 5, 6, 7))), clauses=("at rest", "attracting"))
@false("D attract", attracting=lambda D: D)
@false("2p = 6 in all (s)", attracting=lambda D: 3)
def inertia(cell, _, *, attracting=lambda D: D + 1, context):
    """Inertia of the Hessian on the sphere at all integer vectors +-1_S, exactly, by the data themselves."""
    x, y = sum_of_powers(cell.D)
    form, found = LeadingForm(augmented(x), y, 3), []
    for v, kind in critical_of_sum_of_powers(cell.D):
        v, gradient = v.astype(object), form.gradient(v.astype(object))
        parallel = all(v[i] * gradient[j] == v[j] * gradient[i] for i in range(cell.D) for j in range(i))
        counts = along_the_sphere(form, v)
        observed = "maximum" if counts.negative == cell.D - 1 else "minimum" if counts.positive == cell.D - 1 else None
        found.append((parallel and counts.zero == 0 and observed == kind, observed))
    counted = tuple(sum(observed == kind for _, observed in found) for kind in ("maximum", "minimum"))
    return equal(at_rest=(number_at_rest(cell.D), sum(right for right, _ in found)), attracting=((attracting(cell.D),) * 2, counted))


@MANY.check(
    "symbolic",
    ["entries of the Hessian"],
    clauses=("at rest", "attracting"),
    covers="statement",
    scope="all D: u_k^2 = lambda u_k leaves 0 and one other value; at v = s 1_S the Hessian on the sphere is diagonal with |S| - 1 tangent "
    "directions inside S and D - |S| outside, so it is negative definite for s = 1, |S| = 1 and s = -1, |S| = D alone",
)
@false("the curvature of the sphere forgotten", curvature=0)
def hessian_entries(_, *, curvature=1, context):
    """6 v_k - 3 V(v)/|v|^2 at v = s 1_S, s = +-1: 3s inside, -3s outside; and the factors of u^2 - lambda u."""
    import sympy

    size, u, scale = sympy.symbols("size u lambda", positive=True)
    sign = sympy.Symbol("s", real=True)
    cubes, square = size * sign**3, size * sign**2
    bend = curvature * 3 * cubes / square
    roots = sorted(map(str, sympy.roots(u**2 - scale * u, u)))
    return equal(entries=([3 * sign, -3 * sign], [6 * sign - bend, -bend]), values=(["0", "lambda"], roots))


@MANY.check("exact", nothing, axes(D=by_level((3, 4), (3, 4, 5), (3, 4, 5, 6, 7))), clauses="growing")
@false("all attracting directions (s)", growing=lambda D: 2 * (D + 1))
def signs(cell, _, *, growing=lambda D: 2 * D, context):
    """The sign of V at the strict maxima and minima."""
    x, y = sum_of_powers(cell.D)
    form = LeadingForm(augmented(x), y, 3)
    values = [(kind, form(v.astype(object))) for v, kind in critical_of_sum_of_powers(cell.D) if kind]
    grow = sum(value > 0 if kind == "maximum" else value < 0 for kind, value in values)
    outcome = equal(growing=(growing(cell.D), grow), more_than_6=(cell.D > 3, grow > 6))
    return worst([outcome], figures=[counts_against_dimension()]) if cell.D == 3 else outcome


#: 17 u_1^3 - 48 u_1 u_3^2 is close to cos(3 phi) and critical on the circle at rational directions: u_2 = 0 and u_1 = +-(4/7) u_3.
PLANE_CUBIC, LINES = (0, -48, 0, 17), ((1, 0), (4, 7), (-4, 7))


def rational_example(change=Fraction(0)):
    """Inputs (7, 2), labels and directions for D = 3: the plane cubic in (u_1, u_3) and 17 u_2^3."""
    cubes, labels = sum_of_powers(3)
    x = np.concatenate([[[Fraction(j), Fraction(0)] for j in range(4)], cubes[4:]])
    y = np.concatenate([labels_of_form(PLANE_CUBIC, range(4)), 17 * labels[4:]])
    y[0] = y[0] - 17 * labels[4:].sum() + change  # what the points on the second axis add to u_3^3
    directions = [sign * np.array([a, 0, b], dtype=object) for a, b in LINES for sign in (1, -1)]
    return x, y, directions + [np.array([0, sign, 0], dtype=object) for sign in (1, -1)]


def by_ascent(_, *, count=8, change=Fraction(0), context):
    """A second arithmetic: ascents of the form, each end proved by Krawczyk's test and the inertia of its Hessian in balls."""
    x, y, _ = rational_example(change)
    found = predict_orientations("power:3", augmented(x), y)
    return at_least("proved growing orientations", sum(o.certificate is not None for o in found.growing), count)


@MANY.check(
    "exact",
    ["p = D = 3"],
    clauses="too many",
    scope="seven rational points in the plane, p = 3, D = 3",
    replay=by_ascent,
)
@false("two more", count=10)
@false("another label at 0", change=Fraction(30))
def too_many(_, *, count=8, change=Fraction(0), context):
    """Eight rational directions at which V is critical, the Hessian on the sphere definite, and V of the sign that lets weights grow."""
    x, y, directions = rational_example(change)
    form, grow = LeadingForm(augmented(x), y, 3), 0
    for v in directions:
        gradient = form.gradient(v)
        critical = all(v[i] * gradient[j] == v[j] * gradient[i] for i in range(3) for j in range(i))
        counts = along_the_sphere(form, v)
        grow += critical and (counts.negative == 2 and form(v) > 0 or counts.positive == 2 and form(v) < 0)
    witness = {"x": x.tolist(), "y": y.tolist(), "directions": [v.tolist() for v in directions]}
    return equal(growing=(count, grow), witness=witness)


def counts_against_dimension():
    D = list(range(2, 11))
    return Figure(
        "lines",
        "Attracting directions for multiplicity 3",
        "The number of attracting directions 2(D + 1) of the exact data grows with the dimension and crosses the claimed bound 6 at D = 3",
        {
            "series": [
                {"label": "exact data", "x": D, "y": [2 * (d + 1) for d in D]},
                {"label": "claimed bound 2p", "x": D, "y": [6] * len(D)},
            ]
        },
        x_label="D, length of a weight",
        y_label="attracting directions",
    )


GRID = axes(p=by_level((3, 4), (3, 4, 5), (3, 4, 5, 6)), D=by_level((3,), (3, 4), (3, 4, 5)))


@MANY.check("certified", nothing, GRID, clauses="every p")
@false("two more", count=lambda D, p: extrema_of_many(D, p) + 2)
@false("labels of the other axes doubled", form=lambda D, p: {**powers_of(D, p, range(1, D - 1)), (p,) + (0,) * (D - 1): Fraction(2)})
def proved_extrema(cell, _, *, count=extrema_of_many, form=None, context):
    """The form of the data, expanded exactly, and extrema proved by Krawczyk's test and inertia in balls."""
    x, y = many_orientations(cell.D, cell.p)
    found = predict_orientations(f"power:{cell.p}", augmented(x), y, starts=100)
    proved = sum(o.certificate is not None for o in found.growing)
    expanded = monomials(LeadingForm(augmented(x), y, cell.p))
    same = equal(form=(as_text((form or closed_form)(cell.D, cell.p)), as_text(expanded)))
    return worst([same, at_least("proved growing orientations", proved, count(cell.D, cell.p))])


def closed_form(D, p):
    real = {(k, *(0,) * (D - 2), p - k): Fraction(c) for k, c in enumerate(cosine(p)) if c}
    return {**real, **powers_of(D, p, range(1, D - 1))}


@MANY.check(
    "symbolic",
    ["second derivatives"],
    clauses="every p",
    covers="statement",
    scope="all p >= 3, D >= 3: labels for any form in one input and a bias exist by Lagrange, and u_k^p is a p-th difference; V is "
    "critical at the points named since the other terms have degree p >= 2 in the coordinates that vanish there",
)
@false("of degree 2", p=2)
def second_derivatives(_, *, p=None, context):
    """Along great circles: from cos(p phi) = +-1 into e_k, within the circle of (u_1, u_D), and from e_k into the other coordinates."""
    import sympy

    p = sympy.Symbol("q", integer=True, nonnegative=True) + 3 if p is None else sympy.Integer(p)
    h, phi, s, c = sympy.symbols("h phi s c", real=True)  # s = cos(p phi) = +-1, c what the other terms are in the new direction
    bend = sympy.diff((1 + h**2) ** (-p / 2), h, 2).subs(h, 0)  # of the factor that keeps the length 1
    power = p * (p - 1) * sympy.Integer(0) ** (p - 2)  # of h^p at 0
    within = sympy.diff(sympy.cos(p * phi), phi, 2) / sympy.cos(p * phi)
    return equal(into_axis=(-p * s, bend * s + power), within=(-(p**2), sympy.simplify(within)), from_axis=(-p, bend + c * power))


SEEDS = by_level(70, 70, 200)


@MANY.check(
    "training",
    lambda context: [SEEDS.at(context.level)],
    clauses="trained",
    scope="D = 3, three neurons, weights of N(0, 1e-6), gradient flow until the loss has fallen by 1e-4 of itself",
    level="standard",
    alpha=1e-5,
)
@false("orientations of the other sign", side=-1)
@false("only six of the directions", directions=6)
def dominant_neurons(seeds, *, side=1, directions=8, context):
    """The largest neuron of a network lies on a predicted direction of its sign (cosine 0.95); seven directions or more are met."""
    model, predicted, thetas = small_networks(context, SEEDS.at(context.level))
    predicted = predicted[:directions]
    met = [direction_of_largest(model, theta, predicted, side) for theta in thetas]
    hits = [k for k in met if k is not None]
    rate = context.rate(len(hits), seeds, what="largest neuron on a predicted direction", at_least=0.85, margin=0.3)
    distinct = at_least("directions met", len(set(hits)), 7, attained=False)
    return worst([rate, distinct], message=f"{rate.message}; {len(set(hits))} directions met")


@lru_cache(maxsize=2)
def small_networks(context, seeds):
    """(model, predicted orientations, theta after training)."""
    x, y = many_orientations(3, 3)
    model = TwoLayer(3, 3, activation=power_tanh(3))
    inputs, labels = augmented(x).astype(float), y.astype(float)[:, None]
    starts = np.array([model.init(context.rng(seed), scale=1e-3) for seed in range(seeds)])
    halves, stop, flow = np.full(len(x), 0.5 / len(x)), 0.49995 * float((labels**2).mean()), GradientFlow(rtol=1e-7)
    trained = train(model, starts, (inputs, labels), method=flow, steps=5000, stop=stop, check_every=1, weights=halves)
    return model, predict_orientations(model.activation, augmented(x), y).growing, trained.theta


def direction_of_largest(model, theta, predicted, side):
    """The number of the predicted direction on which the largest neuron lies, or None."""
    parts = model.unpack(theta)
    weights, outgoing = parts["input_weights"], parts["output_weights"][0]
    largest = int(np.linalg.norm(weights, axis=1).argmax())
    unit = weights[largest] / np.linalg.norm(weights[largest])
    found = [k for k, o in enumerate(predicted) if o.side == side * np.sign(outgoing[largest]) and unit @ o.direction > 0.95]
    return found[0] if found else None
