r"""Inertia at a split critical point, and at one with several copies: read off the block that the congruence leaves beside the Hessian.

With r = rank B_s the block [[0, B_s], [B_s^T, Q]], Q = \alpha (1 - \alpha) S_s for a split, has inertia
(r, m_{l+1} - r, r) + In(Q on ker B_s).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome
from proofs_check.claims._checks import agree
from proofs_check.claims.width._measures import in_arithmetic_of, inertia_of, inertias, spectra, transformed
from proofs_check.claims.width._places import (
    ANY_NETWORK,
    CRITICAL,
    FLOAT_INERTIA,
    SECOND_ORDER,
    exactly,
    for_any_network,
    in_floats,
    small_or_deep,
)
from proofs_check.claims.width._points import planted_in_floats, some_place
from theory.embedding import copies, copies_congruence, split
from theory.embedding.blocks import bordered, copies_block, direct_sum, kkt_inertia, plus
from theory.models import FullyConnected

# --------------------------------------------------------------------------------------- embedding.splitting.inertia


def check_split_inertia(place, *, added, context) -> Outcome:
    """Exact inertia before and after, at a planted critical point; the extra from rank B_s and S_s on its kernel."""
    data = place.planted()
    narrow, wide = inertias(split(*place.neuron_of()), place.theta, data)
    return agree(place, inertia=(plus(narrow, added(*place.matrices(data), place.alpha)), wide))


def split_extra(B, S, alpha):
    """(r, m - r, r) + In(alpha (1 - alpha) S on ker B), r = rank B."""
    from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals

    sign, kernel = (alpha * (1 - alpha) > 0) - (alpha * (1 - alpha) < 0), nullspace_rational(B)
    basis = rationals(kernel) if kernel else None
    return kkt_inertia(len(B), rank_rational(B), inertia_of(basis @ (S * sign) @ basis.T) if kernel else (0, 0, 0))


def all_zeros(B, S, alpha):
    """Every new parameter adds a zero: true for vanishing residuals only."""
    return 0, len(B) + len(S), 0


def rank_forgotten(B, S, alpha):
    """As if B were 0."""
    return split_extra(0 * B, S, alpha)


def check_split_certified(instance, *, shift, context) -> Outcome:
    """A tanh network at a certified critical point: narrow inertia plus block, against the wide Hessian, both in balls."""
    from numerics.critical import certify, certify_split

    widths, alpha, replicate = instance
    _, model, theta, data = planted_in_floats(widths, replicate, context, times=1, extra=4, deviations=(1.2, 1.3), size=0.5)
    point = certify(model, theta, data)
    predicted, observed = certify_split(model, point, data, 1, 0, alpha)
    if not (predicted.certified and observed.certified):
        return Outcome.inconclusive(f"balls do not certify all signs of {instance}: {predicted}, {observed}", cases=1)
    expected = predicted.counts[0] + shift, predicted.counts[1] - shift, predicted.counts[2]
    found = agree(instance, inertia=(expected, observed.counts))
    if found.counterexample is not None:
        return found
    shown = {"widths": widths, "alpha": alpha, "data": data, "box": point.box.certificate(), "inertia": observed.counts}
    return Outcome.holds(certificate={"kind": "critical point before a split", **shown})


def certified_points(context):
    shapes = [(2, 2, 1), (2, 2, 2), (2, 3, 2)]
    count = context.by_level(quick=1, standard=5, full=30)
    return [(widths, Fraction(k % 5 - 2, 3) or Fraction(1, 2), k) for k, widths in enumerate(shapes * count)]


def check_batch(instance, *, alpha_of_block, context) -> Outcome:
    """A batch of planted tanh networks: eigenvalues of every wide Hessian against the predicted inertia."""
    from numerics.critical.embedded import planted_batch, split_counts

    widths, layer, alpha, size, replicate = instance
    model, count = FullyConnected(widths), context.by_level(quick=25, standard=250, full=2500)
    theta, data = planted_batch(model, count, context.rng(replicate), size=size)
    found = split_counts(model, theta, data, layer, 0, alpha, block_alpha=alpha_of_block(alpha))
    if not len(found.wrong):
        figures = [_spectra(model, theta[0], (data[0][0], data[1][0]), layer, alpha)] if replicate == 0 else []
        return Outcome.holds(count, message=f"{found.escalated} of {count} decided in balls", figures=figures)
    k = int(found.wrong[0])
    return Outcome.fails(
        f"predicted {found.predicted[k]}, observed {found.observed[k]}",
        counterexample={"widths": widths, "alpha": alpha, "theta": theta[k], "x": data[0][k], "y": data[1][k]},
        cases=count,
    )


def _spectra(model, theta, data, layer, alpha):
    """The Hessian's eigenvalues before and after the split, signed square roots so that all are seen."""
    series = []
    for label, values in zip(("narrow", "wide"), spectra(split(model, layer, 0, alpha), theta, data), strict=True):
        series.append({"label": label, "x": list(range(1, len(values) + 1)), "y": (np.sign(values) * np.sqrt(np.abs(values))).tolist()})
    return Figure(
        "scatter",
        f"Hessian spectrum before and after, alpha = {alpha}",
        "eigenvalues of the Hessian in increasing order at a planted tanh network and at its split",
        {"series": series},
        "number",
        "signed square root of the eigenvalue",
    )


def batches(context):
    shapes = [((2, 2, 2), 1), ((2, 3, 2), 1), ((3, 2, 3), 1), ((2, 2, 1), 1)]
    alphas = (Fraction(1, 3), Fraction(1, 2), Fraction(-4, 5), Fraction(7, 3), Fraction(0))
    return [
        (widths, layer, alpha, (0.2, 1.0)[k % 2], 5 * j + k) for j, (widths, layer) in enumerate(shapes) for k, alpha in enumerate(alphas)
    ]


# --------------------------------------------------------------------------------------- embedding.multicopy.inertia


def check_copies(instance, *, added, context) -> Outcome:
    """n copies with coefficients beta: inertia after, against the narrow one plus the block's counts."""
    widths, beta, replicate = instance
    place = some_place(widths, context.rng(replicate))
    data = place.planted()
    narrow, wide = inertias(copies(place.model, 1, 0, beta), place.theta, data)
    return agree(instance, inertia=(plus(narrow, added(*place.matrices(data), beta)), wide))


def copies_extra(B, S, beta):
    """One output: p positive, q negative, z zero coefficients give (p - 1) In(S) + q In(-S) + zeros. Several outputs.

    The block's inertia.
    """
    if len(B) > 1:
        return inertia_of(copies_block(B, S, [in_arithmetic_of(S[0], value) for value in beta]))
    p, q = sum(value > 0 for value in beta), sum(value < 0 for value in beta)
    negative, _, positive = inertia_of(S)
    minus, more = (p - 1) * negative + q * positive, (p - 1) * positive + q * negative
    return minus, (len(beta) - 1) * (len(S) + 1) - minus - more, more


def signs_forgotten(B, S, beta):
    """As if all coefficients were positive."""
    return copies_extra(B, S, [abs(value) for value in beta])


def coefficient_lists(context):
    lists = [(1, 0, 0), (1, -1, 1), (2, -3, 2), (3, 0, -2), (Fraction(1, 3),) * 3, (Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 4),) * 4]
    repeats = context.by_level(quick=1, standard=8, full=40)
    cases = [(widths, beta) for widths in ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)) for beta in lists] * repeats
    return [(widths, tuple(map(Fraction, beta)), replicate) for replicate, (widths, beta) in enumerate(cases)]


def check_copies_congruence_of_any(_, *, block, context) -> Outcome:
    """Three copies with symbolic coefficients (1 - a - b, a, b): the same congruence, block [[0, I (x) B], [., G (x) S]]."""
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("a", "b")
    a, b = symbols["a"], symbols["b"]
    coefficients = (1 - a - b, a, b)
    basis = with_passive(copies_congruence(neuron_model(), 1, 0, coefficients))
    (_, narrow), (_, wide) = around_embedding(symbols, copies(neuron_model(), 1, 0, coefficients), "sss")
    expected = direct_sum(narrow.hessian, block(*symbols.matrices(), coefficients))
    return agree("any network", congruent=(expected, transformed(basis, wide.hessian)))


def without_product(B, S, coefficients):
    """diag(b) in place of G = diag(b) - b b^T."""
    new = np.array(coefficients[1:], dtype=object)
    return bordered(np.kron(np.eye(len(new), dtype=int).astype(object), B), np.kron(np.diag(new), S))


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.splitting.inertia",
        title="Inertia of a split critical point",
        kind="extension",
        statement=r"\operatorname{In} H_{wide} = \operatorname{In} H_{narrow} + (r, m_{l+1} - r, r) + "
        r"\operatorname{In}(\alpha(1-\alpha) S_s|_{\ker B_s}),\quad "
        r"r = \operatorname{rank} B_s",
        assumptions=[CRITICAL],
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A critical point, neuron and alpha with other counts.",
        notes="r >= 1, possible for two targets or more, makes every split a strict saddle; W_s != 0 gives at least one zero.",
        checks=[
            exactly(
                "planted-rational",
                check_split_inertia,
                small_or_deep,
                {"added": split_extra},
                [Control("M' - M zeros", added=all_zeros), Control("rank of B forgotten", added=rank_forgotten)],
                scope="two and three layers, one to three outputs, characteristic polynomials over the rationals",
                examples={"quick": 20, "standard": 200, "full": 1000},
            ),
            Check(
                "certified-tanh",
                evidence="certified",
                covers="instances",
                scope="tanh networks of 9 to 17 parameters: Krawczyk box, narrow and wide inertia in balls",
                run=check_split_certified,
                instances=certified_points,
                distribution="theta normal of deviation 1.2, inputs 1.3, planted in floats",
                parameters={"shift": 0},
                controls=[Control("one negative direction more", shift=1)],
            ),
            in_floats(
                "batches-of-tanh",
                check_batch,
                batches,
                {"alpha_of_block": lambda alpha: alpha},
                [Control("block of -alpha - 1", alpha_of_block=lambda alpha: -alpha - 1)],
                scope="500 wide Hessians (quick), 5,000 (standard), 50,000 (full), five alphas",
                distribution="theta normal of deviation 1.2, inputs 1.3, residual of norm 0.2 or 1",
                tolerance=FLOAT_INERTIA,
            ),
        ],
    ),
    Claim(
        id="embedding.multicopy.inertia",
        title="Inertia at a neuron in several copies",
        kind="extension",
        statement=r"m_{l+1} = 1,\ p \text{ positive}, q \text{ negative coefficients}:\ n_+ \mathrel{+}= (p-1) s_+ + q s_-,\ n_- "
        r"\mathrel{+}= (p-1) s_- + q s_+,\quad "
        r"(s_-, s_0, s_+) = \operatorname{In} S_s",
        assumptions=[CRITICAL],
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Coefficients whose point has other counts.",
        notes="In general the block is [[0, I (x) B], [., G (x) S]], G = diag(beta') - beta' beta'^T with inertia (q, z, p - 1).",
        checks=[
            exactly(
                "planted-rational",
                check_copies,
                coefficient_lists,
                {"added": copies_extra},
                [Control("signs of the coefficients forgotten", added=signs_forgotten)],
                scope="two to four copies, zero and negative coefficients, one and two outputs",
            ),
            for_any_network(
                check_copies_congruence_of_any,
                {"block": copies_block},
                [Control("G without its product", block=without_product)],
                scope="three copies with symbolic coefficients: " + ANY_NETWORK,
                covers="instances",
            ),
        ],
    ),
]
