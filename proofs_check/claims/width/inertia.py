r"""Inertia at a split point, and at one with several copies: read off the block that the congruence leaves beside the Hessian.

With r = rank B_s the block [[0, B_s], [B_s^T, Q]], Q = \alpha (1 - \alpha) S_s for a split, has inertia
(r, m_{l+1} - r, r) + In(Q on ker B_s).
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.critical import certify, certify_split
from numerics.critical.embedded import planted_batch, split_counts
from proofs_check import Figure, a_seed, axes, by_level, claim, false
from proofs_check.judging import equal, inertia_is, true, worst
from theory.embedding import copies, copies_congruence, split
from theory.embedding.blocks import bordered, copies_block, direct_sum, kkt_inertia, plus
from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive
from theory.models import FullyConnected

from . import ANY_NETWORK, CRITICAL, FLOAT_INERTIA, NEURIPS, ONE_OUTPUT, OUTGOING, TWICE
from ._instances import FRACTIONS, critical_in, fraction_of, inner, place_in, planted_in_floats
from ._measures import in_arithmetic_of, inertia_of, inertias, spectra, transformed

SPLIT = claim(
    "embedding.splitting.inertia",
    "Inertia of a split point",
    r"\operatorname{In} H' = \operatorname{In} H + (r, m_{l+1} - r, r) + \operatorname{In}(\alpha(1-\alpha) S_s|_{\ker B_s}),\quad "
    r"r = \operatorname{rank} B_s",
    clauses={
        "inertia": r"\operatorname{In} H' = \operatorname{In} H + (r, m_{l+1} - r, r) + \operatorname{In}(\alpha(1-\alpha) "
        r"S_s|_{\ker B_s})",
        "one zero": r"\nabla R(\theta) = 0,\ W_s \ne 0 \implies r < m_{l+1}, \text{ so that a zero is added}",
        "saddle": r"r \ge 1 \implies \text{strict saddle for every } \alpha",
        "piecewise linear": r"\sigma'' = 0 \text{ on the data} \implies (r, m_{l+1} + d_l - 2r, r) \text{ is added for every } \alpha",
    },
    symbols=["H", "In", "B_s", "S_s", "W_s", "m_l", "d_l", r"\alpha", "r", r"\theta", "R", r"\sigma"],
    assumptions=[TWICE, CRITICAL, OUTGOING],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts zeros; the identity is ours"),
    depends_on=["embedding.splitting.congruence"],
    refuted_by="A point, neuron and alpha with other counts.",
    notes="The counts need no critical point; that a zero is added does, and that the neuron sends something.",
)


def split_extra(B, S, alpha):
    """(r, m - r, r) + In(alpha (1 - alpha) S on ker B), r = rank B."""
    sign, kernel = (alpha * (1 - alpha) > 0) - (alpha * (1 - alpha) < 0), nullspace_rational(B)
    basis = rationals(kernel) if kernel else None
    return kkt_inertia(len(B), rank_rational(B), inertia_of(basis @ (S * sign) @ basis.T) if kernel else (0, 0, 0))


def all_zeros(B, S, alpha):
    """Every new parameter adds a zero: true for vanishing residuals only."""
    return 0, len(B) + len(S), 0


def rank_forgotten(B, S, alpha):
    """As if B were 0."""
    return split_extra(0 * B, S, alpha)


def alpha_for_product(B, S, alpha):
    """alpha S in place of alpha (1 - alpha) S: the sign is wrong beyond 1, and the zeros at 1."""
    return _with_sign(B, S, (alpha > 0) - (alpha < 0))


def _with_sign(B, S, sign):
    return split_extra(B, S * sign, Fraction(1, 2))


def negated_when_deep(widths):
    """-S in place of S for three layers or more."""
    return lambda B, S, alpha: split_extra(B, S * (1 if len(widths) == 3 else -1), alpha)


POINTS = axes(
    widths=by_level(
        ((2, 1, 2), (1, 1, 1, 2), (1, 1, 2, 1)),
        (
            (1, 1, 1),
            (1, 2, 1),
            (2, 1, 1),
            (2, 1, 2),
            (2, 1, 3),
            (1, 2, 2),
            (1, 1, 1, 1),
            (1, 1, 1, 2),
            (1, 1, 2, 1),
            (1, 2, 1, 1),
            (1, 1, 1, 1, 1),
        ),
    ),
    layer=(1, 2, 3),
    rank=(0, 1, 2),
    alpha=FRACTIONS,
    where=lambda widths, layer, rank: inner(widths, layer) and rank <= min(widths[layer + 1] - 1, widths[layer - 1] + 1),
    standard=2,
    full=10,
)


@SPLIT.check(
    "exact",
    critical_in,
    POINTS,
    clauses=("inertia", "one zero", "saddle"),
    distribution="planted; rank B_s as stated, S_s not 0 on its kernel",
)
@false("M' - M zeros", added=lambda widths: all_zeros)
@false("rank of B forgotten", added=lambda widths: rank_forgotten)
@false("alpha S for alpha (1 - alpha) S", added=lambda widths: alpha_for_product)
@false("-S for three layers or more", added=negated_when_deep)
def planted_rational(cell, critical, *, added=lambda widths: split_extra, silent=False, at="critical", context):
    """Exact inertia before and after, by characteristic polynomials."""
    place, data = critical
    if silent:
        place = place.silenced()
        data = place.planted()
    data = data if at == "critical" else place.data(place.enough)
    narrow, wide = inertias(split(*place.neuron_of()), place.theta, data)
    B, S = place.matrices(data)
    rank = rank_rational(B)
    return worst(
        [
            inertia_is(plus(narrow, added(cell.widths)(B, S, place.alpha)), wide, place=place, data=data),
            true("a zero is added", rank < len(B) and wide[1] > narrow[1], place=place),
            true("a strict saddle where r >= 1", wide[0] >= 1 or rank == 0, place=place),
        ]
    )


SPLIT.without("outgoing weights", planted_rational, silent=True)
SPLIT.without("critical", planted_rational, at="anywhere")

SIGNATURES = tuple((a, b, size - a - b) for size in (2, 3) for a in range(size + 1) for b in range(size + 1 - a))
DEFINITE = axes(
    widths=by_level(((1, 1, 1, 1),), ((1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (1, 1, 1, 1))),
    layer=(1,),
    sigma=("ratsig4",),
    rank=(0,),
    signature=SIGNATURES,
    alpha=by_level(("0", "inside", "above 1", "negative"), FRACTIONS),
    where=lambda widths, signature: sum(signature) == widths[0] + 1,
    full=5,
)


@SPLIT.check("exact", critical_in, DEFINITE, clauses="inertia", distribution="planted with S_s of the given signature, B_s = 0")
@false("the sign of alpha (1 - alpha) forgotten", added=lambda B, S, alpha: _with_sign(B, S, alpha not in (0, 1)))
@false("alpha S for alpha (1 - alpha) S", added=alpha_for_product)
@false("positive and negative exchanged beyond 1", added=lambda B, S, alpha: _with_sign(B, S, 1) if alpha > 1 else split_extra(B, S, alpha))
def every_signature(cell, critical, *, added=split_extra, context):
    """S_s of every signature, for fractions of every kind."""
    place, data = critical
    narrow, wide = inertias(split(*place.neuron_of()), place.theta, data)
    return inertia_is(plus(narrow, added(*place.matrices(data), place.alpha)), wide, place=place, data=data)


LINEAR = axes(
    widths=by_level(((2, 2, 1), (1, 2, 2), (1, 2, 2, 1)), ((2, 2, 1), (1, 2, 2), (2, 2, 2), (2, 1, 3), (1, 2, 2, 1), (2, 2, 2, 2))),
    layer=(1, 2),
    sigma=("relu", "leaky"),
    alpha=("1/2", "negative"),
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@SPLIT.check("exact", place_in, LINEAR, clauses="piecewise linear", distribution="planted off the kinks")
@false("zeros only", added=lambda rank, outputs, inputs: (0, outputs + inputs, 0))
@false("no zeros of the inputs", added=lambda rank, outputs, inputs: (rank, outputs - rank, inputs - rank))
def piecewise_linear(cell, place, *, added=lambda rank, outputs, inputs: (rank, outputs + inputs - 2 * rank, rank), context):
    """ReLU and leaky ReLU at planted critical points, off the kinks."""
    data = place.planted()
    B, _ = place.matrices(data)
    narrow, wide = inertias(split(*place.neuron_of()), place.theta, data)
    return inertia_is(plus(narrow, added(rank_rational(B), *B.shape)), wide, place=place, data=data)


CERTIFIED = axes(widths=((2, 2, 1), (2, 2, 2), (2, 3, 2)), alpha=by_level(("inside",), ("inside", "1/2", "above 1", "negative")), full=5)


@SPLIT.check(
    "certified", a_seed, CERTIFIED, clauses="inertia", distribution="tanh, theta normal of deviation 1.2, inputs 1.3, planted in floats"
)
@false("one negative direction more", shift=1)
def certified_tanh(cell, seed, *, shift=0, context):
    """A Krawczyk box around the critical point; narrow inertia plus block, against the wide Hessian, both in balls."""
    rng = context.rng(seed)
    alpha = fraction_of(cell.alpha, rng)
    model, theta, data = planted_in_floats(cell.widths, rng, times=1, extra=4, size=0.5)
    point = certify(model, theta, data)
    predicted, observed = certify_split(model, point, data, 1, 0, alpha)
    counts = [None if count is None else count + step for count, step in zip(predicted.counts, (shift, -shift, 0), strict=True)]
    shown = {"widths": cell.widths, "alpha": alpha, "data": data, "box": point.box.certificate(), "inertia": observed.counts}
    certificate = {"kind": "critical point before a split", **shown} if observed.certified else None
    return equal(inertia=(counts, observed.counts), shown={"widths": cell.widths, "alpha": alpha}, certificate=certificate)


BATCHES = axes(
    widths=((2, 2, 2), (2, 3, 2), (2, 2, 2, 2)),
    layer=(1, 2),
    alpha=by_level(("0", "1/2", "negative"), FRACTIONS),
    where=lambda widths, layer: inner(widths, layer),
)


@SPLIT.check(
    "property",
    a_seed,
    BATCHES,
    clauses="inertia",
    scope="batches of 10 (standard 100, full 1000) planted networks",
    tolerance=FLOAT_INERTIA,
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3, residual of norm 0.2 or 1",
)
@false("block of -alpha - 1", alpha_of_block=lambda alpha: -alpha - 1)
def batches_of_tanh(cell, seed, *, alpha_of_block=lambda alpha: alpha, context):
    """Eigenvalues of every wide Hessian against the predicted inertia; zeros beyond those of the structure are not decided."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    alpha, count = fraction_of(cell.alpha, rng), context.by_level(quick=10, standard=100, full=1000)
    inputs, outputs = cell.widths[cell.layer - 1] + 1, cell.widths[cell.layer + 1]
    rank = min(outputs - 1, inputs)
    zeros = outputs - rank + (inputs - rank if alpha in (0, 1) else 0)
    theta, data = planted_batch(model, count, rng, size=float(rng.choice([0.2, 1.0])), surplus=2.5)
    found = split_counts(model, theta, data, cell.layer, 0, alpha, block_alpha=alpha_of_block(alpha), zeros=zeros)
    decided = bool((found.observed[:, 1] == zeros).all()) or None
    figures = [_spectra(model, theta[0], (data[0][0], data[1][0]), cell.layer, alpha)] if cell.alpha == "1/2" and cell.layer == 1 else []
    same = equal(
        inertia=(found.predicted.astype(float), found.observed.astype(float)),
        shown={"widths": cell.widths, "alpha": alpha},
        message=f"{found.escalated} in balls",
    )
    return worst([same, true("no zero beyond those of the structure", decided)], figures=figures)


def _spectra(model, theta, data, layer, alpha):
    """The Hessian's eigenvalues before and after the split, signed square roots so that all are seen."""
    series = []
    for label, values in zip(("narrow", "wide"), spectra(split(model, layer, 0, alpha), theta, data), strict=True):
        series.append({"label": label, "x": list(range(1, len(values) + 1)), "y": (np.sign(values) * np.sqrt(np.abs(values))).tolist()})
    alt = "eigenvalues of the Hessian in increasing order at a planted tanh network and at its split"
    return Figure(
        "scatter", f"Spectrum before and after, alpha = {alpha}", alt, {"series": series}, "number", "signed root of the eigenvalue"
    )


COPIES = claim(
    "embedding.multicopy.inertia",
    "Inertia at a neuron in several copies",
    r"\operatorname{In} H' = \operatorname{In} H + \operatorname{In} \begin{pmatrix} 0 & I \otimes B_s \\ \cdot & D \otimes "
    r"S_s \end{pmatrix},"
    r"\quad D = \operatorname{diag}(\beta') - \beta' \beta'^\top",
    clauses={
        "block": r"\operatorname{In} H' = \operatorname{In} H + \operatorname{In} \begin{pmatrix} 0 & I \otimes B_s \\ \cdot "
        r"& D \otimes S_s "
        r"\end{pmatrix},\ D = \operatorname{diag}(\beta') - \beta' \beta'^\top \text{ at every } \theta",
        "one target": r"m_{l+1} = 1:\ n_+ \mathrel{+}= (p-1) s_+ + q s_-,\ n_- \mathrel{+}= (p-1) s_- + q s_+,\ "
        r"(s_-, s_0, s_+) = \operatorname{In} S_s",
    },
    symbols={
        r"\beta": "coefficients of the n copies, of sum 1, p of them positive, q negative; beta' those of the new copies",
        "B_s, S_s": "see the congruence",
        "In": "inertia (n_-, n_0, n_+)",
        "H, H'": "Hessian before and after",
    },
    assumptions=[TWICE, CRITICAL, ONE_OUTPUT, OUTGOING],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts zeros; the identity is ours"),
    depends_on=["embedding.splitting.inertia"],
    refuted_by="Coefficients whose point has other counts.",
    notes="In(D) = (q, z, p - 1). A neuron that sends nothing has B_s of any rank: (1, 2, 1) with W_s = 0 and three copies of 1/3 adds "
    "(2, 2, 2) to (1, 1, 5), where the count of one target would add six zeros.",
)

LISTS = (
    ("1", "0", "0"),
    ("0", "1", "0"),
    ("1", "-1", "1"),
    ("-1", "1", "1"),
    ("-2", "3", "0"),
    ("3", "-4", "2"),
    ("1/3", "1/3", "1/3"),
    ("1/4", "1/4", "1/4", "1/4"),
    ("-1/2", "-1/2", "2"),
)


def one_target_extra(B, S, beta):
    """p positive, q negative, z zero coefficients give (p - 1) In(S) + q In(-S), zeros otherwise."""
    p, q = sum(value > 0 for value in beta), sum(value < 0 for value in beta)
    negative, _, positive = inertia_of(S)
    minus, more = (p - 1) * negative + q * positive, (p - 1) * positive + q * negative
    return minus, (len(beta) - 1) * (len(S) + 1) - minus - more, more


def counted_among_new(B, S, beta):
    """p and q counted among the new copies only, one of the positive ones being taken for the old neuron."""
    return one_target_extra(B, S, [1, *beta[1:]])


SINGLE = axes(
    widths=by_level(((1, 1, 1), (1, 1, 1, 1)), ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 1, 1))),
    layer=(1,),
    sigma=("ratsig4",),
    rank=(0,),
    signature=by_level(((0, 0, 2), (1, 1, 0)), SIGNATURES),
    beta=LISTS,
    where=lambda widths, signature: sum(signature) == widths[0] + 1,
    full=5,
)


@COPIES.check("exact", critical_in, SINGLE, clauses=("one target", "block"), distribution="planted, S_s of every signature")
@false("signs of the coefficients forgotten", added=lambda B, S, beta: one_target_extra(B, S, [abs(value) for value in beta]))
@false("counted among the new copies", added=counted_among_new)
@false("zero coefficients taken for positive ones", added=lambda B, S, beta: one_target_extra(B, S, [value or 1 for value in beta]))
def one_target(cell, critical, *, added=one_target_extra, change=lambda place, data: (place, data), context):
    """Two to four copies with zero and negative coefficients at every place, exact inertia."""
    place, data = change(*critical)
    beta = tuple(map(Fraction, cell.beta))
    narrow, wide = inertias(copies(place.model, place.layer, place.neuron, beta), place.theta, data)
    return inertia_is(plus(narrow, added(*place.matrices(data), beta)), wide, place=place, beta=beta)


def silenced(place, data):
    return place.silenced(), place.silenced().planted()


COPIES.without("outgoing weights", one_target, change=silenced)
COPIES.without("critical", one_target, change=lambda place, data: (place, place.data(4)))

SEVERAL = axes(
    widths=by_level(((1, 1, 2),), ((1, 1, 2), (2, 1, 2), (1, 1, 3), (1, 1, 1, 2))),
    layer=(1, 2),
    beta=LISTS,
    where=lambda widths, layer: inner(widths, layer) and widths[layer + 1] > 1,
    full=10,
)


def block_extra(B, S, beta):
    return inertia_of(copies_block(B, S, [in_arithmetic_of(S[0], value) for value in beta]))


@COPIES.check("exact", critical_in, SEVERAL, clauses="block", distribution="planted, B_s and S_s not zero")
@false("signs of the coefficients forgotten", added=lambda B, S, beta: block_extra(B, S, [abs(value) for value in beta]))
def several_targets(cell, critical, *, added=block_extra, context):
    """The same with two targets or three, where B_s counts."""
    place, data = critical
    beta = tuple(map(Fraction, cell.beta))
    narrow, wide = inertias(copies(place.model, place.layer, place.neuron, beta), place.theta, data)
    return inertia_is(plus(narrow, added(*place.matrices(data), beta)), wide, place=place, beta=beta)


COPIES.without("one target", several_targets, added=one_target_extra)


def without_product(B, S, coefficients):
    """diag(b) in place of D = diag(b) - b b^T."""
    new = np.array(coefficients[1:], dtype=object)
    return bordered(np.kron(np.eye(len(new), dtype=int).astype(object), B), np.kron(np.diag(new), S))


@COPIES.check("symbolic", ["any network"], clauses="block", scope="three copies with symbolic coefficients: " + ANY_NETWORK)
@false("D without its product", block=without_product)
def undefined_activation(_, *, block=copies_block, context):
    """Three copies with symbolic coefficients (1 - a - b, a, b): the congruence of the block."""
    symbols = neuron_symbols("a", "b")
    a, b = symbols["a"], symbols["b"]
    coefficients = (1 - a - b, a, b)
    basis = with_passive(copies_congruence(neuron_model(), 1, 0, coefficients))
    (_, narrow), (_, wide) = around_embedding(symbols, copies(neuron_model(), 1, 0, coefficients), "sss")
    return equal(congruent=(direct_sum(narrow.hessian, block(*symbols.matrices(), coefficients)), transformed(basis, wide.hessian)))
