r"""Minima and saddles: which minima some embedding turns into strict saddles, and which points no embedding does.

H^{(2)} = \sum_i E[\partial_i \ell] \nabla^2 (f_\theta)_i is the part of the Hessian that carries the residuals. A point is truly bad when
it is critical and neither it nor any of its embeddings is a strict saddle.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.hessian import hessian, risk
from numerics.hessian.inertias import float_tolerance
from numerics.hessian.neuron_matrices import trace
from numerics.planting import NothingToPlant, curvature_rows, plant
from proofs_check import Assumption, Outcome, a_seed, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.embedding import compatible, null, split, three_fold
from theory.embedding.compatible import Layer
from theory.models import FullyConnected

from . import JML, TWICE
from ._instances import definite_minimum, minimum_at, some_place
from ._measures import inertias, spectra

THREE_FOLD = claim(
    "embedding.strict-saddle.H2",
    "A minimum with H2 != 0 embeds into a strict saddle",
    r"H \succeq 0,\ H^{(2)} \ne 0 \implies \text{the three-fold global split of } \theta \text{ is a strict saddle}",
    clauses={
        "saddle": r"H \succeq 0,\ H^{(2)} \ne 0 \implies \text{the three-fold global split of } \theta \text{ is a strict saddle}",
        "mechanism": r"d_1 + d_2 = d_3 \implies (d_1, d_2, d_3)^\top H' (d_1, d_2, d_3) = -2\, d_1^\top H^{(2)} d_2",
    },
    symbols={
        "H": "the Hessian of the risk, H' that of the wide network",
        "H^{(2)}": "its part that carries the residuals",
        "d_1, d_2, d_3": "directions of the three copies; the last weights of the third one move by -d_3",
        r"\theta": "a critical point",
    },
    assumptions=[
        TWICE,
        Assumption(
            "semidefinite", r"H(\theta) \succeq 0", unprobed="without it the point is a strict saddle, and so is its image: nothing is said"
        ),
        Assumption("residuals", r"H^{(2)} \ne 0"),
    ],
    relation="lower",
    source=JML.at("Lemmas 6.1 and 6.2, Theorem 6.3"),
    depends_on=["embedding.three-fold-global"],
    refuted_by="A minimum with H2 != 0 whose three-fold split has no negative eigenvalue.",
)

MINIMA = axes(
    widths=by_level(((1, 2, 1), (1, 1, 2)), ((1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (1, 1, 1, 1), (1, 1, 1, 1, 1))),
    quick=1,
    standard=3,
    full=15,
)


def planted_minimum(widths, rng):
    """A planted critical point with H >= 0 and H2 not 0, and its data; two layers with one output have S_1 = c I, c > 0."""
    if widths[-1] == 1 and len(widths) == 3:
        return definite_minimum(widths, 1, rng)
    while True:
        place = some_place(widths, rng)
        met = minimum_at(place, sizes=(1, 2, 3, 4))
        if met is not None and residual_part(place, met[0]).any():  # where all errors lie on flat pieces, H2 = 0 at non-zero loss
            return place, met[0]


def residual_part(place, data):
    """Where H2 is not 0, under the square loss: what of the Hessian vanishes with the residuals."""
    fitted = data[0], place.model(place.theta, data[0])
    return hessian(place.model, place.theta, data) - hessian(place.model, place.theta, fitted) != 0


@THREE_FOLD.check("exact", a_seed, MINIMA, clauses="saddle", distribution="planted, the residual reduced until H >= 0")
@false("every embedding is a saddle", embed=lambda model: split(model, 1, 0, Fraction(1, 2)))
def planted_minima(cell, seed, *, embed=three_fold, residual=True, context):
    """Exact inertia of a minimum and of its three-fold split."""
    place, data = planted_minimum(cell.widths, context.rng(seed))
    data = data if residual else (data[0], place.model(place.theta, data[0]))
    narrow, wide = inertias(embed(place.model), place.theta, data)
    return equal(narrow_is_minimum=(0, narrow[0]), wide_is_saddle=(True, wide[0] > 0), shown={"place": place})


THREE_FOLD.without("residuals", planted_minima, residual=False)

DIRECTIONS = axes(
    widths=by_level(((1, 2, 1), (2, 1, 2), (1, 1, 1, 1)), ((1, 2, 1), (2, 1, 2), (2, 2, 2), (1, 1, 1, 1), (1, 2, 2, 1), (1, 1, 1, 1, 1))),
    quick=3,
    standard=20,
    full=100,
)


@THREE_FOLD.check("exact", a_seed, DIRECTIONS, clauses="mechanism", distribution="integer directions, points that are not critical")
@false("the sign of the product", factor=2)
@false("half as much", factor=-1)
def mechanism(cell, seed, *, factor=-2, context):
    """Directions of the three copies that move no output to first order: the second order is that of H2 alone."""
    rng = context.rng(seed)
    place = some_place(cell.widths, rng)
    x, y = data = place.data(3)
    embedding, size = three_fold(place.model), place.model.n_params
    first, second = (rationals(rng.integers(-3, 4, size)) for _ in range(2))
    wide = copies_moved(embedding, place, (first, second, first + second))
    cotangent = (place.model(place.theta, x) - y) * 2 / len(x)
    bent = curvature_rows(place.model, place.theta, x, second) @ cotangent.ravel()
    return equal(
        form=(factor * (first @ bent), wide @ (hessian(embedding.wide, embedding(place.theta), data) @ wide)), shown={"place": place}
    )


def copies_moved(embedding, place, directions):
    """The wide direction that moves the three copies by ``directions``; the last biases, which they share, stay: these cancel."""
    names, wide = place.model.unpack(np.arange(place.model.n_params)), embedding.wide.unpack(np.arange(embedding.wide.n_params))
    moved, last = rationals(np.zeros(embedding.wide.n_params, dtype=int)), len(place.widths) - 1
    for copy, direction in enumerate(directions):
        for l in range(1, last + 1):
            rows = slice(None) if l == last else slice(copy * place.widths[l], (copy + 1) * place.widths[l])
            columns = slice(None) if l == 1 else slice(copy * place.widths[l - 1], (copy + 1) * place.widths[l - 1])
            moved[wide[f"W{l}"][rows, columns]] = direction[names[f"W{l}"]] * (-1 if l == last and copy == 2 else 1)
            if l < last:
                moved[wide[f"b{l}"][rows]] = direction[names[f"b{l}"]]
    return moved


@THREE_FOLD.check(
    "property",
    a_seed,
    axes(widths=((1, 2, 1), (2, 2, 1), (2, 2, 2)), quick=2, standard=10, full=50),
    clauses="saddle",
    tolerance="an eigenvalue below -64 P eps lambda_max is negative; within a thousand times that it is not decided",
    distribution="tanh, theta and inputs normal",
)
@false("nothing added", embed=lambda model: split(model, 1, 0, 0))
def tanh_in_floats(cell, seed, *, embed=three_fold, context):
    """tanh networks at planted minima."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(3 * model.n_params, cell.widths[0]))
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        data = plant(model, theta, x, size=size, seed=int(rng.integers(2**31)))
        if np.linalg.eigvalsh(hessian(model, theta, data))[0] > 0:
            break
    else:
        return Outcome.rejected("no minimum in floats at any residual tried")
    _, wide = spectra(embed(model), theta, data)
    noise = float(float_tolerance(wide)[0])
    decided = None if -1e3 * noise < wide[0] <= -noise else bool(wide[0] < -noise)
    return equal(lowest_sign=(-1.0, None if decided is None else (-1.0 if decided else 0.0)), shown={"lowest": wide[0], "theta": theta})


BAD = claim(
    "embedding.truly-bad.conditions",
    "Which minima of two-layer networks no embedding turns into saddles",
    r"L = 2,\ H \succeq 0:\ \text{no split and no null neuron gives a strict saddle} \iff B_s = 0,\ S_s = 0 \text{ for all } s,\ "
    r"E[e x^\top] = 0",
    clauses={
        "sufficient": r"B_s = 0,\ S_s = 0 \text{ for all } s,\ E[e x^\top] = 0 \implies \text{no split and no null neuron is a "
        r"strict saddle}",
        "necessary": r"\text{if one of the three fails, some split or null neuron is a strict saddle}",
        "deeper": r"L > 2:\ \text{a chain of null neurons needs } E[e^{[k]} f^{[j]\top}] = 0 \text{ for } j < k - 2 \text{ too}",
    },
    symbols=["L", "H", "B_s", "S_s", "E", "e^{[l]}", "f^{[l]}", "x", "s"],
    assumptions=[
        TWICE,
        Assumption("two layers", r"L = 2"),
        Assumption(
            "semidefinite",
            r"\nabla R(\theta) = 0,\ H(\theta) \succeq 0",
            unprobed="without it the point is a strict saddle itself, or none",
        ),
        Assumption(
            "slope",
            r"\sigma \text{ is not constant}",
            unprobed="a constant neuron has B_s = S_s = 0 and adds zeros alone, whatever E[e x^T] is",
        ),
    ],
    kind="extension",
    source=JML.at("Theorem 6.3 gives H2 = 0 as necessary; sufficiency fails there, see the controls (ours)"),
    depends_on=["embedding.splitting.inertia", "embedding.null.congruence"],
    refuted_by="A point with all conditions that embeds into a saddle, or one without them that does not.",
)

#: Networks in which B_s can be non-zero (two targets) and the inputs number one or two.
FLAT = axes(widths=by_level(((2, 1, 1), (1, 1, 2)), ((2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 2), (2, 2, 1))), full=5)


def flat_point(widths, conditions, rng):
    """A planted minimum with S_s = 0 ("S"), B_s = 0 ("B") for all s and E[e x^T] = 0 ("C") imposed as asked, of positive loss."""
    inputs, neurons, outputs = widths
    extra = neurons * ((inputs + 1) * (inputs + 2) // 2 + outputs * (inputs + 1)) + inputs * outputs
    while True:
        place = some_place(widths, rng)
        found = trace(place.model, place.theta, place.samples(place.enough + extra))
        forms = [lambda c, s=s, found=found: found.S(1, s, c) for s in range(neurons)] if "S" in conditions else []
        forms += [lambda c, s=s, found=found: found.B(1, s, c) for s in range(neurons)] if "B" in conditions else []
        forms += [lambda c, found=found: found.C(1, c)] if "C" in conditions else []
        rows = [found.linear_rows(form) for form in forms]
        try:
            met = minimum_at(place, rows, [np.zeros(len(row), dtype=int) for row in rows], extra=extra)
        except NothingToPlant:
            continue
        if met is not None:
            return place, met[0]


def saddles_near(place, data):
    """Whether some split (four alphas), null neuron (two biases) is a strict saddle."""
    steps = [split(place.model, 1, s, alpha) for s in range(place.widths[1]) for alpha in map(Fraction, ("1/2", "-1", "2", "0"))]
    steps += [null(place.model, 1, bias) for bias in (Fraction(0), Fraction(1, 2))]
    return any(inertias(step, place.theta, data)[1][0] > 0 for step in steps)


@BAD.check("exact", a_seed, FLAT, clauses="sufficient", distribution="B_s, S_s and E[e x^T] = 0 planted, positive loss")
@false("B and C suffice", conditions="BC")
@false("B and S suffice", conditions="BS")
@false("S and C suffice", conditions="SC")
def planted_flat(cell, seed, *, conditions="BSC", context):
    """Exact inertia at every split with four alphas and at null neurons with two biases."""
    place, data = flat_point(cell.widths, conditions, context.rng(seed))
    return equal(
        positive_loss=(True, bool(risk(place.model, place.theta, data) > 0)),
        saddle=(False, saddles_near(place, data)),
        shown={"place": place, "data": data},
    )


MISSING = axes(
    widths=by_level(((2, 1, 1), (1, 1, 2)), ((2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 2))),
    conditions=("BC", "BS", "SC"),
    where=lambda widths, conditions: "B" in conditions or widths[-1] > 1,
    full=5,
)


@BAD.check("exact", a_seed, MISSING, clauses="necessary", distribution="two of the three conditions planted, the third not")
@false("no condition is needed", saddle=False)
def one_missing(cell, seed, *, saddle=True, context):
    """Where one of the three is missing, one of these embeddings is a strict saddle."""
    place, data = flat_point(cell.widths, cell.conditions, context.rng(seed))
    return equal(saddle=(saddle, saddles_near(place, data)), shown={"place": place, "data": data})


CHAINS = axes(widths=((2, 2, 2, 2, 2),), standard=4, full=10)


@BAD.check(
    "property",
    a_seed,
    CHAINS,
    clauses="deeper",
    tolerance="eigenvalues below -1e-9 |lambda|_max are negative, above -1e-12 |lambda|_max none: planting leaves 1e-14",
    distribution="tanh, theta normal, 150 samples",
)
@false("single null neurons suffice", conditions=("single",))
def null_chains(cell, seed, *, conditions=("single", "chain"), context):
    """Two null neurons with a link, at points where single ones are no saddles, with and without E[e^[3] x^T] = 0."""
    rng = context.rng(seed)
    for _, size in product(range(10), (0.05, 0.01, 0.002)):
        narrow, wide = null_chain(cell.widths, conditions, size, rng)
        if narrow[0] >= -1e-12 * narrow[-1]:
            break
    else:
        return Outcome.rejected("none of the planted points was a minimum")
    ratio = float(wide[0] / wide[-1])
    sign = 0.0 if ratio >= -1e-12 else -1.0 if ratio <= -1e-9 else None
    return equal(sign=(0.0, sign), shown={"link": 1.5, "smallest": ratio})


BAD.without("two layers", null_chains, conditions=("single",))


def null_chain(widths, conditions, size, rng):
    """Single null neurons uncorrelated ("single"), and E[e^[3] x^T] = 0 besides ("chain").

    The spectra of the Hessian, before and after two null neurons, in layers 1 and 2, with a link 3/2 between them are put in.
    """
    model = FullyConnected(widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(150, 2))
    found = trace(model, theta, x)
    forms = [lambda c, l=l: found.C(l, c) for l in (1, 2, 3)]
    forms += [lambda c, l=l, s=s: found.B(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c, l=l, s=s: found.S(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c: found.correlation(3, 0, c)] if "chain" in conditions else []
    rows = np.concatenate([found.linear_rows(form) for form in forms])
    data = plant(model, theta, x, size=size, seed=int(rng.integers(2**16)), conditions=[(rows, np.zeros(len(rows)))])
    one, none = Fraction(1), np.zeros(3, dtype=object)
    plain = np.array([[one, one, 0], [one, one, 0], [0, 0, 0]], dtype=object)
    linked = plain.copy()
    linked[2, 2] = Fraction(3, 2)
    constant = Fraction(float(np.tanh(0.5)))
    first = Layer((0, 1, None), np.array([[one, one], [one, one], [0, 0]], dtype=object), np.array([0, 0, Fraction(1, 2)], dtype=object))
    second = Layer((0, 1, None), linked, np.array([0, 0, Fraction(1, 2) - Fraction(3, 2) * constant], dtype=object))
    third = Layer((0, 1), plain[:2], none[:2])
    embedding = compatible(model, [first, second, third, Layer((0, 1), plain[:2, :2], none[:2])])
    return spectra(embedding, theta, data)
