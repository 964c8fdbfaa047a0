r"""Spectra of split points: equal splits, the smallest eigenvalue, and whether a strict minimum stays one.

Everything is read off the block [[0, B_s], [B_s^T, \alpha (1 - \alpha) S_s]] that a split adds.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.critical.embedded import planted_batch
from numerics.hessian import gradient, hessian, risk
from numerics.hessian.inertias import float_counts, float_tolerance
from numerics.hessian.neuron_matrices import trace
from numerics.planting import plant
from proofs_check import Assumption, Outcome, a_seed, axes, by_level, claim, false
from proofs_check.axes import Cell
from proofs_check.judging import bounded, equal, worst
from theory.embedding import split
from theory.embedding.blocks import bordered
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import FLOAT_INERTIA, HIERARCHY, NEURIPS, ONE_OUTPUT, OUTGOING, TWICE, _pictures
from ._instances import FRACTIONS, critical_in, definite_minimum, fraction_of, in_floats, inner, minimum_at, place_in
from ._measures import as_floats, characteristic, hessians, inertia_of, inertias, matrices, spectra

HALF = claim(
    "embedding.splitting.half-spectrum",
    "The spectrum at an equal split",
    r"\operatorname{spec} H'(T^{1/2}\theta) = \operatorname{spec}(\Sigma^{1/2} H \Sigma^{1/2}) \cup "
    r"\operatorname{spec}\begin{pmatrix} 0 & B_s \\ B_s^\top & S_s/2 \end{pmatrix}",
    symbols={
        "H, H'": "Hessian before and after",
        r"\Sigma": "diagonal: 1/2 on the incoming parameters of s, 2 on its outgoing weights, 1 elsewhere",
        "B_s, S_s": "see the congruence",
        r"T^{1/2}": "the split with equal shares",
    },
    assumptions=[TWICE, Assumption("half", r"\alpha = \tfrac12")],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts zeros; the identity is ours"),
    depends_on=["embedding.splitting.congruence"],
    refuted_by="A point whose wide Hessian has another eigenvalue.",
)

SHAPES = ((1, 2, 1), (2, 1, 2), (2, 2, 2), (1, 1, 1, 2), (1, 2, 1, 1), (1, 1, 1, 1, 1))
POLYNOMIALS = axes(
    widths=by_level(((2, 1, 2), (1, 1, 2, 1), (1, 1, 1, 1, 1)), SHAPES),
    layer=(1, 2, 3),
    where=lambda widths, layer: inner(widths, layer),
    quick=2,
    standard=5,
    full=30,
)


def half_scales(model, layer, neuron):
    """Sigma, as rationals."""
    scales, lines = rationals(np.ones(model.n_params, dtype=int)), wiring(model, layer)
    scales[lines.incoming[neuron]] = rationals([Fraction(1, 2)])
    scales[lines.outgoing[neuron]] = rationals([2])
    return scales


@HALF.check("exact", place_in, POLYNOMIALS)
@false("S for S / 2", share=1)
@false("B left out", coupling=0)
def characteristic_polynomials(cell, place, *, alpha=Fraction(1, 2), share=2, coupling=1, context):
    """The characteristic polynomial over the rationals is the product of the two, at points that are not critical."""
    place = place.at(alpha=alpha)
    data = place.data(3)
    B, S = place.matrices(data)
    scales = half_scales(place.model, place.layer, place.neuron)
    narrow, wide = hessians(split(*place.neuron_of()), place.theta, data)
    product = characteristic(scales[:, None] * narrow) * characteristic(bordered(B * coupling, S / share))
    return equal(polynomial=(product.coeffs(), characteristic(wide).coeffs()), shown={"place": place})


HALF.without("half", characteristic_polynomials, alpha=Fraction(1, 3))

FLOATS = axes(
    widths=((1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (2, 2, 2, 2)),
    layer=(1, 2),
    where=lambda widths, layer: inner(widths, layer),
    quick=2,
    standard=20,
    full=100,
)


@HALF.check(
    "property",
    a_seed,
    FLOATS,
    tolerance="128 P eps |lambda|_max (Weyl, Sigma of norm 2)",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3, targets 1",
)
@false("alpha = 1/3", alpha=Fraction(1, 3))
def half_in_floats(cell, seed, *, alpha=Fraction(1, 2), context):
    """Eigenvalues of the two blocks, sorted together, against those of the wide Hessian."""
    rng = context.rng(seed)
    model, theta, data = in_floats(cell.widths, rng)
    neuron = int(rng.integers(cell.widths[cell.layer]))
    B, S = matrices(model, theta, data, cell.layer, neuron)
    roots = np.sqrt(as_floats(half_scales(model, cell.layer, neuron)))
    narrow, wide = hessians(split(model, cell.layer, neuron, alpha), theta, data)
    parts = [roots[:, None] * narrow * roots, bordered(B, S / 2)]
    expected = np.sort(np.concatenate([np.linalg.eigvalsh(part) for part in parts]))
    observed = np.linalg.eigvalsh(wide)
    return bounded("difference of the spectra", observed - expected, 2 * float_tolerance(observed), widths=cell.widths)


BOUND = claim(
    "embedding.splitting.min-eig-bound",
    "How negative the smallest eigenvalue must be",
    r"\kappa = \frac{\alpha(1-\alpha)}{\alpha^2 + (1-\alpha)^2}:\quad \lambda_{\min}(H') \le \kappa \lambda_{\min}(S_s) \text{ if } "
    r"\kappa > 0,\quad \le \kappa \lambda_{\max}(S_s) \text{ if } \kappa < 0",
    clauses={
        "bound": r"\lambda_{\min}(H') \le \kappa \lambda_{\min}(S_s) \text{ if } \kappa > 0,\ \le \kappa \lambda_{\max}(S_s) \text{ if } "
        r"\kappa < 0, \text{ at every } \theta",
        "constant": r"m_{l+1} = 1,\ H \succ 0 \text{ at a critical point, the right side negative: the quotient of the sides tends to 1 "
        r"with the errors to 0}",
    },
    symbols={"H'": "the wide Hessian", "S_s": "see the congruence", r"\alpha": "the fraction of the split", r"\lambda": "eigenvalues"},
    assumptions=[TWICE],
    kind="extension",
    relation="upper",
    source=NEURIPS.at("Theorem 2 counts zeros; the bound is ours"),
    depends_on=["embedding.splitting.congruence"],
    refuted_by="A point whose smallest eigenvalue lies above the bound.",
)


def kappa(alpha):
    return alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2)


SHIFTS = axes(
    widths=by_level(((2, 1, 2), (1, 1, 2, 1)), ((1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (1, 1, 1, 1, 1))),
    layer=(1, 2, 3),
    alpha=("1/2", "inside", "above 1", "negative"),
    where=lambda widths, layer: inner(widths, layer),
    standard=5,
    full=30,
)


@BOUND.check("exact", place_in, SHIFTS, clauses="bound", distribution="points that are not critical")
@false("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))
@false("a fifth more negative", factor=lambda alpha: Fraction(6, 5) * kappa(alpha))
def rational_shifts(cell, place, *, factor=kappa, context):
    """With q just above an extreme eigenvalue of S (proved), H' - kappa q has a negative eigenvalue (proved)."""
    data, embedding, value = place.data(3), split(*place.neuron_of()), factor(place.alpha)
    _, S = place.matrices(data)
    sign = 1 if value > 0 else -1
    eigenvalues = np.linalg.eigvalsh(sign * as_floats(S))
    q = Fraction(eigenvalues[0]) + Fraction(1, 10**9) * max(1, Fraction(abs(eigenvalues).max()))  # rounding is relative to the largest
    below = lambda matrix, shift: inertia_of(rationals(matrix) - rationals([shift])[0] * rationals(np.eye(len(matrix), dtype=int)))[0]
    wide = hessian(embedding.wide, embedding(place.theta), data)
    proved = below(S * sign, q) > 0 or None
    return equal(extreme=(True, proved), negative=(True, below(wide, value * sign * q) >= 1), shown={"place": place})


@BOUND.check(
    "property",
    a_seed,
    axes(widths=((2, 2, 1), (2, 2, 2), (1, 2, 2, 1)), alpha=("1/2", "inside", "above 1", "negative")),
    clauses="bound",
    tolerance="64 P eps |lambda|_max (Weyl)",
    distribution="planted tanh networks, theta normal of deviation 1.2, inputs 1.3",
)
@false("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))
@false("a fifth more negative", factor=lambda alpha: Fraction(6, 5) * kappa(alpha))
def bound_in_floats(cell, seed, *, factor=kappa, context):
    """Batches of 20."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    alpha = fraction_of(cell.alpha, rng)
    theta, data = planted_batch(model, 20, rng, surplus=2.5)
    S = np.linalg.eigvalsh(matrices(model, theta, data)[1])
    _, wide = spectra(split(model, 1, 0, alpha), theta, data)
    value = float(factor(alpha))
    bound = value * (S[:, 0] if value > 0 else S[:, -1])
    above = bounded("smallest eigenvalue above its bound", np.maximum(wide[:, 0] - bound, 0), float_tolerance(wide)[:, 0], alpha=alpha)
    return worst([above], figures=[_pictures.under_the_bound()] if cell.alpha == "1/2" else [])


NEARLY = axes(widths=((1, 1, 1), (1, 2, 1)), alpha=("1/2", "inside", "above 1", "negative"), standard=5, full=30)


def nearly_flat(cell, rng):
    """A planted minimum with errors of l1 norm 1e-9, of condition number 1e6 at most (in floats), S with an eigenvalue of either sign."""
    while True:
        place = place_in(cell, rng)
        data = place.planted(size=Fraction(1, 10**9))
        S = np.linalg.eigvalsh(as_floats(place.matrices(data)[1]))
        narrow = np.linalg.eigvalsh(as_floats(hessian(place.model, place.theta, data)))
        if narrow[0] > 1e-6 * narrow[-1] and min(-S[0], S[-1]) > 0.1 * abs(S).max():
            return place, data


def lies_near(matrix, value, share):
    """Whether the smallest eigenvalue is ``value`` < 0 up to this ``share`` of it, proved from two shifts."""
    unit = rationals(np.eye(len(matrix), dtype=int))
    below, above = (inertia_of(matrix - rationals([value * (1 + way * share)])[0] * unit)[0] for way in (1, -1))
    return below == 0 and above >= 1


@BOUND.check("exact", nearly_flat, NEARLY, clauses="constant", distribution="planted minima with errors of l1 norm 1e-9")
@false("a fifth more negative", factor=lambda alpha: Fraction(6, 5) * kappa(alpha))
@false("alpha (1 - alpha)", factor=lambda alpha: alpha * (1 - alpha))
def nearly_attained(cell, instance, *, factor=kappa, context):
    """The quotient to one per cent: what couples the two is of second order in the errors, some 1e-3 beside a condition number of 1e6."""
    place, data = instance
    value, embedding = factor(place.alpha), split(*place.neuron_of())
    S = place.matrices(data)[1] * (1 if value > 0 else -1)
    extreme, wide = Fraction(np.linalg.eigvalsh(as_floats(S))[0]), hessian(embedding.wide, embedding(place.theta), data)
    proved = lies_near(S, extreme, Fraction(1, 10**6)) or None
    near = lies_near(rationals(wide), abs(value) * extreme, Fraction(1, 100))
    return equal(extreme=(True, proved), quotient_is_near_1=(True, near), shown={"place": place})


MINIMUM = claim(
    "embedding.splitting.classification",
    "Minimum, degenerate point or saddle: the split of a strict minimum",
    r"H \succ 0,\ S_s \succ 0:\ \operatorname{In} H' = (0, 1, M + d_l) \text{ for } 0 < \alpha < 1,\ (d_l, 1, M) \text{ outside } [0, 1],\ "
    r"(0, 1 + d_l, M) \text{ at } 0, 1;\ S_s \prec 0 \text{ exchanges the first two}",
    clauses={
        "counts": r"\operatorname{In} H' = (0, 1, M + d_l) \text{ for } 0 < \alpha < 1,\ (d_l, 1, M) \text{ outside } [0, "
        r"1],\ (0, 1 + d_l, M) "
        r"\text{ at } 0, 1 \text{ if } S_s \succ 0;\ \text{the first two exchanged if } S_s \prec 0",
        "minimum": r"S_s \succ 0,\ 0 < \alpha < 1:\ \text{a local minimum, flat along } \alpha \text{ alone}",
        "ends": r"\alpha \in \{0, 1\}:\ \text{no local minimum: points of smaller loss are arbitrarily near}",
    },
    symbols=["H", "S_s", "In", "M", "d_l", r"\alpha"],
    assumptions=[
        TWICE,
        ONE_OUTPUT,
        OUTGOING,
        Assumption("strict minimum", r"H \succ 0"),
        Assumption("definite", r"S_s \succ 0 \text{ or } S_s \prec 0"),
    ],
    kind="extension",
    source=HIERARCHY.at("Fukumizu and Amari (2000), Theorem 3 for two layers; exact counts are ours"),
    depends_on=["embedding.splitting.inertia"],
    refuted_by="A strict minimum with definite S_s whose split has other counts.",
    notes="With S_s definite the Hessian has no other kernel than the line of alpha, along which the loss is constant: the minimum is one "
    "(Morse and Bott). At 0 and 1 the copy, or the old neuron, is silent and may be turned into one whose split is a saddle.",
)

MINIMA = axes(
    widths=by_level(((1, 1, 1), (1, 1, 1, 1)), ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 1, 1))),
    sign=(1, -1),
    alpha=by_level(("0", "inside", "above 1", "negative"), FRACTIONS),
    standard=2,
    full=10,
)


def definite_rule(product, inputs, size):
    """Counts for S = +-c I, c > 0: minimum, saddle with d_l negative directions, or degenerate."""
    return (0, 1, size + inputs) if product > 0 else (inputs, 1, size) if product < 0 else (0, 1 + inputs, size)


def definite(cell, rng):
    place, data = definite_minimum(cell.widths, cell.sign, rng)
    return place.at(alpha=fraction_of(cell.alpha, rng)), data


@MINIMUM.check("exact", definite, MINIMA, clauses="counts", distribution="S_s = +-c I planted, c the first of 1e-1, 1e-3, 1e-5 with H > 0")
@false("always a saddle", rule=lambda product, inputs, size: (inputs, 1, size))
@false("always a minimum", rule=lambda product, inputs, size: (0, 1, size + inputs))
@false(
    "zeros and positive ones exchanged",
    rule=lambda product, inputs, size: tuple(definite_rule(product, inputs, size)[k] for k in (0, 2, 1)),
)
@false("0 and 1 belong to the inside", rule=lambda product, inputs, size: definite_rule(product or 1, inputs, size))
def planted_definite(cell, instance, *, rule=definite_rule, context):
    """Exact inertia of the split, for fractions of every kind."""
    place, data = instance
    narrow, wide = inertias(split(*place.neuron_of()), place.theta, data)
    size, inputs = place.model.n_params, cell.widths[0] + 1
    return equal(
        narrow=((0, 0, size), narrow), split=(rule(cell.sign * place.alpha * (1 - place.alpha), inputs, size), wide), shown={"place": place}
    )


def of_signature(signature):
    """Critical points with S_s of another signature, and so most of them no minima."""

    def drawn(cell, rng):
        where = Cell(
            {
                "widths": cell.widths,
                "layer": 1,
                "sigma": "ratsig4",
                "rank": 0,
                "signature": (*signature, cell.widths[0] + 1 - sum(signature)),
            }
        )
        place, data = critical_in(where, rng)
        return place.at(alpha=fraction_of(cell.alpha, rng)), data

    return drawn


def two_targets(cell, rng):
    """A strict minimum with two targets, B_s not zero."""
    while True:
        place = place_in(Cell({"widths": (1, 1, 2)}), rng)
        met = minimum_at(place)
        if met is not None and met[1] == (0, 0, place.model.n_params):
            return place.at(alpha=fraction_of(cell.alpha, rng)), met[0]


def silent(cell, rng):
    """A minimum whose neuron sends nothing."""
    place = definite_minimum((1, 2, 1), cell.sign, rng)[0].silenced()
    return place.at(alpha=fraction_of(cell.alpha, rng)), place.planted()


MINIMUM.without("definite", planted_definite, of_signature((1, 0)))
MINIMUM.without("strict minimum", planted_definite, of_signature((0, 0)))
MINIMUM.without("one target", planted_definite, two_targets)
MINIMUM.without("outgoing weights", planted_definite, silent)

ENDS = axes(
    widths=by_level(((1, 1, 1),), ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 1, 1))), sign=(1, -1), alpha=("0", "1"), standard=2, full=10
)


@MINIMUM.check("exact", definite, ENDS, clauses="ends", distribution="as before; beta = +-1/1000 behind the end, eps = 1e-3 .. 1e-9")
@false("also inside", where=Fraction(1, 2))
def ends(cell, instance, *, where=None, context):
    """On the line of alpha just outside [0, 1] (or inside, where S_s < 0) a step along a negative direction lowers the loss."""
    place, data = instance
    alpha = place.alpha if where is None else where
    outward = Fraction(1, 1000) * (1 if alpha == 1 else -1) * cell.sign
    embedding = split(place.model, place.layer, place.neuron, alpha + outward)
    lines, start = wiring(embedding.wide, place.layer), embedding(place.theta)
    level = risk(place.model, place.theta, data)
    share, lower = alpha + outward, False
    for exponent, row in product((3, 5, 7, 9), range(lines.incoming.shape[1])):
        # the direction E_a of the congruence: alpha on the old copy, alpha - 1 on the new one
        step, other = rationals([share / 10**exponent, (share - 1) / 10**exponent])
        moved = start.copy()
        moved[lines.incoming[place.neuron, row]] += step
        moved[lines.incoming[-1, row]] += other
        lower = lower or bool(risk(embedding.wide, moved, data) < level)
    return equal(lower=(True, lower), shown={"place": place})


@MINIMUM.check("exact", definite, axes(widths=((1, 1, 1), (1, 2, 1)), sign=(1,), alpha=("1/2", "inside")), clauses="minimum")
@false("flat in two directions", flat=2)
def flat_line(cell, instance, *, flat=1, context):
    """H' >= 0, its kernel is spanned by the direction of alpha, along which gradient and loss do not change."""
    place, data = instance
    embedding, other = split(*place.neuron_of()), split(place.model, place.layer, place.neuron, place.alpha + 1)
    theta, line = embedding(place.theta), other(place.theta) - embedding(place.theta)
    curvature = hessian(embedding.wide, theta, data)
    negative, zero, _ = inertia_of(curvature)
    slopes = [gradient(embedding.wide, theta + k * line, data) for k in (-2, 0, 3)]
    return equal(
        negative=(0, negative),
        kernel=(flat, zero),
        along=(0 * line, curvature @ line),
        critical=([0 * line] * 3, slopes),
        moves=(True, bool((line != 0).any())),
        shown={"place": place},
    )


TANH = axes(widths=((1, 2, 1), (2, 2, 1)), sign=(1, -1), alpha=("1/2", "above 1", "negative"), standard=5, full=30)


@MINIMUM.check(
    "property", a_seed, TANH, clauses="counts", tolerance=FLOAT_INERTIA, distribution="tanh, theta normal of deviation 1.2, inputs 1.3"
)
@false("always a saddle", rule=lambda product, inputs, size: (inputs, 1, size))
def planted_tanh(cell, seed, *, rule=definite_rule, context):
    """tanh in floats, S_s = +-c I imposed by rows, c the first of 3e-3, 3e-5, 3e-7 with H > 0 and all signs clear of rounding."""
    rng, model, inputs = context.rng(seed), FullyConnected(cell.widths), cell.widths[0] + 1
    upper = np.triu(np.ones((inputs, inputs), dtype=bool)).ravel()  # S is symmetric: each entry once, so that the rows are independent
    wanted, alpha = (cell.sign * np.eye(inputs)).ravel()[upper], fraction_of(cell.alpha, rng)
    for _ in range(10):
        theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (3 * model.n_params, cell.widths[0]))
        found = trace(model, theta, x)
        rows = found.linear_rows(lambda cotangent, found=found: found.S(1, 0, cotangent))[upper]
        for c in (3e-3, 3e-5, 3e-7):
            data = plant(model, theta, x, size=c, seed=int(rng.integers(2**31)), conditions=[(rows, c * wanted)])
            before, after = spectra(split(model, 1, 0, alpha), theta, data)
            counts, doubtful = float_counts(after)
            if before[0] > 1e3 * float_tolerance(before)[0] and not doubtful:
                expected = [float(count) for count in rule(cell.sign * alpha * (1 - alpha), inputs, model.n_params)]
                return equal(split=(expected, [float(count) for count in counts]), shown={"theta": theta, "alpha": alpha})
    return Outcome.rejected("none of the planted points was a strict minimum")
