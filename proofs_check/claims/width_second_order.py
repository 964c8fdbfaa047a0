r"""Second order of the embedding principle: one congruence gives the exact inertia of every split and null point.

For neuron s of layer l, with errors e^{[l+1]} and inputs h = (f^{[l-1]}, 1), d_l of them:
B_s = E[e^{[l+1]} \sigma'(p_s) h^\top],  S_s = E[(W^{[l+1]\top} e^{[l+1]})_s \sigma''(p_s) h h^\top],  C_l = E[e^{[l+1]} h^\top].
Inertia is (n_-, n_0, n_+).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import (
    CRITICAL,
    DISTRIBUTION,
    FLOAT_INERTIA,
    NEURIPS,
    PLANTED,
    agree,
    in_arithmetic_of,
    inertia_of,
    matrices,
    places,
    some_place,
    within,
)
from proofs_check.claims.width import ANY_NETWORK, symbolic
from theory.embedding import copies, copies_congruence, null_congruence, split, split_congruence
from theory.embedding.blocks import bordered, copies_block, direct_sum, flat_copies_inertia, kkt_inertia, plus, split_block
from theory.embedding.onestep import unchecked_null
from theory.models import FullyConnected

OURS = Source(NEURIPS, "Theorem 2 counts zeros; the identity is ours")


def restricted(Q, B):
    """The inertia of the form Q on the kernel of B, both rational."""
    from numerics.exact import nullspace_rational, rationals

    kernel = nullspace_rational(B)
    if not kernel:
        return 0, 0, 0
    basis = rationals(kernel)
    return inertia_of(basis @ Q @ basis.T)


# ------------------------------------------------------------------------------------------------------- congruences


def check_congruence(place, *, block, loss, context) -> Outcome:
    """C^T H_wide C = H_narrow (+) block, entry by entry, at a point that is not critical."""
    from numerics.hessian import hessian
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    data = place.data(2)
    embedding, basis = split(*place.neuron_of()), split_congruence(*place.neuron_of())
    narrow = hessian(place.model, place.theta, data, loss)
    wide = hessian(embedding.wide, embedding(place.theta), data, loss)
    cotangent = cotangent_of(place.model, place.theta, data, loss)
    B, S = neuron_matrices(place.model, place.theta, data[0], cotangent, place.layer, place.neuron)
    expected = direct_sum(narrow, block(B, S, in_arithmetic_of(place.theta, place.alpha)))
    return agree(place, congruent=(expected, basis.T @ (basis.T @ wide).T))


def check_congruence_of_any(_, *, block, context) -> Outcome:
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    alpha, jet = symbols["alpha"], symbols.jet("s")
    embedding, basis = split(neuron_model(), 1, 0, alpha), with_passive(split_congruence(neuron_model(), 1, 0, alpha))
    _, narrow = around_neurons(symbols, symbols.theta(), [jet])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), [jet, jet])
    h, e = symbols.inputs(), symbols.errors()
    B, S = np.outer(e, h) * jet[1], np.outer(h, h) * (jet[2] * (symbols["W0"] * e[0] + symbols["W1"] * e[1]))
    expected = direct_sum(narrow.hessian, block(B, S, alpha))
    return agree("any network", congruent=(expected, basis.T @ (basis.T @ wide.hessian).T))


def check_congruence_in_floats(instance, *, block, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, data = rng.normal(0, 1.2, model.n_params), (rng.normal(0, 1.3, (8, widths[0])), rng.normal(size=(8, widths[-1])))
    embedding, basis = split(model, 1, 0, alpha), split_congruence(model, 1, 0, alpha)
    wide = hessian(embedding.wide, embedding(theta), data)
    B, S = neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)
    expected = direct_sum(hessian(model, theta, data), block(B, S, float(alpha)))
    columns = np.abs(basis.dense(float))
    # Rounding of H_wide (a sum of n P products) passes through C on both sides.
    tolerance = 64 * len(wide) * np.finfo(float).eps * (columns.T @ (np.abs(wide) + np.abs(wide).max()) @ columns).max()
    return within(instance, basis.T @ (basis.T @ wide).T - expected, tolerance, "difference of the congruent matrices")


def float_points(context):
    shapes = [(1, 2, 1), (2, 2, 2), (2, 3, 2), (1, 2, 2, 1), (2, 2, 2, 2)]
    count = context.by_level(quick=3, standard=30, full=200)
    return [(widths, Fraction(5 * k % 23 - 9, 4), k) for k, widths in enumerate(shapes * count)]


def alpha_for_product(B, S, alpha):
    """The block with alpha S in place of alpha (1 - alpha) S."""
    return bordered(B, S * alpha)


def uncoupled(B, S, alpha):
    """The block without B."""
    return split_block(0 * B, S, alpha)


BLOCK_CONTROLS = [Control("alpha for alpha (1 - alpha)", block=alpha_for_product), Control("B left out", block=uncoupled)]


def check_null_congruence(place, *, slope, context) -> Outcome:
    """C^T H_wide C = H_narrow (+) [[0, sigma'(b) C_l], [., 0]] at a point that is not critical."""
    from numerics.hessian import hessian
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    data, bias = place.data(2), place.alpha
    embedding, basis = unchecked_null(place.model, place.layer, bias), null_congruence(place.model, place.layer, bias)
    C = trace(place.model, place.theta, data[0]).C(place.layer, cotangent_of(place.model, place.theta, data))
    block = bordered(C * slope(place, bias), np.zeros((C.shape[1],) * 2, dtype=object))
    wide = hessian(embedding.wide, embedding(place.theta), data)
    expected = direct_sum(hessian(place.model, place.theta, data), block)
    return agree(place, congruent=(expected, basis.T @ (basis.T @ wide).T))


def sigma_slope(place, bias):
    entry = np.empty(1, dtype=object)
    entry[0] = in_arithmetic_of(place.theta, bias)
    return place.model.activation.jet(entry, 1)[1][0]


def check_null_congruence_of_any(_, *, letter, context) -> Outcome:
    from dataclasses import replace

    from theory.embedding.symbolic import Undefined, around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("beta")
    model = replace(neuron_model(), activation=Undefined(symbols.jet("t")))
    embedding = unchecked_null(model, 1, symbols["beta"])
    basis = with_passive(null_congruence(model, 1, symbols["beta"]))
    _, narrow = around_neurons(symbols, symbols.theta(), [symbols.jet("s")])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), [symbols.jet("s"), symbols.jet("t")])
    C = np.outer(symbols.errors(), symbols.inputs())
    expected = direct_sum(narrow.hessian, bordered(C * symbols.jet(letter)[1], np.zeros((3, 3), dtype=object)))
    return agree("any network", congruent=(expected, basis.T @ (basis.T @ wide.hessian).T))


def check_null_inertia(place, *, added, context) -> Outcome:
    """At a planted point: (r, m + d - 2 r, r) more, r = rank C_l; a strict saddle exactly when errors and inputs are correlated."""
    from numerics.exact import rank_rational
    from numerics.hessian import hessian
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    data, embedding = place.planted(), unchecked_null(place.model, place.layer, Fraction(1, 2))
    C = trace(place.model, place.theta, data[0]).C(place.layer, cotangent_of(place.model, place.theta, data))
    narrow = inertia_of(hessian(place.model, place.theta, data))
    wide = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
    return agree(place, inertia=(plus(narrow, added(*C.shape, rank_rational(C))), wide))


# ----------------------------------------------------------------------------------------------------------- inertia


def check_split_inertia(place, *, added, context) -> Outcome:
    """Exact inertia before and after, at a planted critical point; the extra from rank B_s and S_s on its kernel."""
    from numerics.hessian import hessian

    data, embedding = place.planted(), split(*place.neuron_of())
    B, S = matrices(place, data)
    narrow = inertia_of(hessian(place.model, place.theta, data))
    wide = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
    return agree(place, inertia=(plus(narrow, added(B, S, place.alpha)), wide))


def split_extra(B, S, alpha):
    """(r, m - r, r) + In(alpha (1 - alpha) S on ker B), r = rank B."""
    from numerics.exact import rank_rational

    sign = (alpha * (1 - alpha) > 0) - (alpha * (1 - alpha) < 0)
    return kkt_inertia(len(B), rank_rational(B), restricted(S * sign, B))


def all_zeros(B, S, alpha):
    """Every new parameter adds a zero: true for vanishing residuals only."""
    return 0, len(B) + len(S), 0


def rank_forgotten(B, S, alpha):
    """As if B were 0."""
    return split_extra(0 * B, S, alpha)


def check_split_certified(instance, *, shift, context) -> Outcome:
    """A tanh network at a certified critical point: narrow inertia plus block, against the wide Hessian, both in balls."""
    from numerics.critical import certify, certify_split
    from numerics.planting import plant

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (model.n_params + 4, widths[0]))
    data = plant(model, theta, x, size=0.5, seed=replicate)
    point = certify(model, theta, data)
    predicted, observed = certify_split(model, point, data, 1, 0, alpha)
    if not (predicted.certified and observed.certified):
        return Outcome.inconclusive(f"balls do not certify all signs of {instance}: {predicted}, {observed}", cases=1)
    expected = predicted.counts[0] + shift, predicted.counts[1] - shift, predicted.counts[2]
    found = agree(instance, inertia=(expected, observed.counts))
    if found.counterexample is not None:
        return found
    return Outcome.holds(
        certificate={"widths": widths, "alpha": alpha, "data": data, "box": point.box.certificate(), "inertia": observed.counts}
    )


def certified_points(context):
    shapes = [(2, 2, 1), (2, 2, 2), (2, 3, 2)]
    count = context.by_level(quick=1, standard=5, full=30)
    return [(widths, Fraction(k % 5 - 2, 3) or Fraction(1, 2), k) for k, widths in enumerate(shapes * count)]


def check_batch(instance, *, alpha_of_block, context) -> Outcome:
    """A batch of planted tanh networks: eigenvalues of every wide Hessian against the predicted inertia."""
    from numerics.embedded import planted_batch, split_counts

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
    from numerics.hessian import hessian

    embedding = split(model, layer, 0, alpha)
    spectra = {"narrow": hessian(model, theta, data), "wide": hessian(embedding.wide, embedding(theta), data)}
    series = []
    for label, matrix in spectra.items():
        values = np.linalg.eigvalsh(matrix)
        series.append({"label": label, "x": list(range(1, len(values) + 1)), "y": (np.sign(values) * np.sqrt(np.abs(values))).tolist()})
    alt = "eigenvalues of the Hessian in increasing order at a planted tanh network and at its split"
    data = {"series": series}
    return Figure(
        "scatter", f"Hessian spectrum before and after, alpha = {alpha}", alt, data, "number", "signed square root of the eigenvalue"
    )


def batches(context):
    shapes = [((2, 2, 2), 1), ((2, 3, 2), 1), ((3, 2, 3), 1), ((2, 2, 1), 1)]
    alphas = (Fraction(1, 3), Fraction(1, 2), Fraction(-4, 5), Fraction(7, 3), Fraction(0))
    return [
        (widths, layer, alpha, (0.2, 1.0)[k % 2], 5 * j + k) for j, (widths, layer) in enumerate(shapes) for k, alpha in enumerate(alphas)
    ]


def check_copies(instance, *, added, context) -> Outcome:
    """n copies with coefficients beta: inertia after, against the narrow one plus the block's counts."""
    from numerics.hessian import hessian

    widths, beta, replicate = instance
    place = some_place(widths, context.rng(replicate))
    data = place.planted()
    embedding = copies(place.model, 1, 0, beta)
    B, S = matrices(place, data)
    narrow = inertia_of(hessian(place.model, place.theta, data))
    wide = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
    return agree(instance, inertia=(plus(narrow, added(B, S, beta)), wide))


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
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("a", "b")
    a, b, jet = symbols["a"], symbols["b"], symbols.jet("s")
    coefficients = (1 - a - b, a, b)
    embedding = copies(neuron_model(), 1, 0, coefficients)
    basis = with_passive(copies_congruence(neuron_model(), 1, 0, coefficients))
    _, narrow = around_neurons(symbols, symbols.theta(), [jet])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), [jet] * 3)
    h, e = symbols.inputs(), symbols.errors()
    B, S = np.outer(e, h) * jet[1], np.outer(h, h) * (jet[2] * (symbols["W0"] * e[0] + symbols["W1"] * e[1]))
    return agree("any network", congruent=(direct_sum(narrow.hessian, block(B, S, coefficients)), basis.T @ (basis.T @ wide.hessian).T))


def without_product(B, S, coefficients):
    """diag(b) in place of G = diag(b) - b b^T."""
    new = np.array(coefficients[1:], dtype=object)
    return bordered(np.kron(np.eye(len(new), dtype=int).astype(object), B), np.kron(np.diag(new), S))


# -------------------------------------------------------------------------------------------------------- the claims


def family(id, title, statement, checks, *, source=OURS, **more):
    """A claim of this family that is ours unless it says otherwise."""
    return Claim(id=id, title=title, statement=statement, checks=checks, source=source, family="width", **{"kind": "extension", **more})


def small_or_deep(context):
    return places(instances.SHALLOW + instances.SHALLOW + instances.DEEP)


CLAIMS = [
    family(
        "embedding.splitting.congruence",
        "One congruence describes the Hessian at every split point",
        r"C^\top H_{wide}(T^\alpha\theta)\, C = H_{narrow}(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & "
        r"\alpha(1-\alpha) S_s \end{pmatrix},\quad "
        r"|\det C| = 1, \text{ at every } \theta",
        [
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope=ANY_NETWORK,
                run=check_congruence_of_any,
                instances=symbolic,
                parameters={"block": split_block},
                controls=BLOCK_CONTROLS,
            ),
            *(
                Check(
                    f"rational-networks-{loss}",
                    evidence="exact",
                    covers="instances",
                    scope=f"two to four layers, every layer and neuron, {loss} loss, points that are not critical",
                    run=check_congruence,
                    instances=lambda context: places(),
                    distribution=DISTRIBUTION,
                    parameters={"block": split_block, "loss": loss},
                    controls=BLOCK_CONTROLS,
                    examples={"quick": count, "standard": 1000, "full": 5000},
                )
                for loss, count in (("mse", 200), ("quartic", 25))
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="tanh networks of two and three layers, points that are not critical",
                run=check_congruence_in_floats,
                instances=float_points,
                distribution="theta normal of deviation 1.2, inputs 1.3, targets 1",
                tolerance="64 P eps times the largest entry of |C|^T (|H| + max |H|) |C|",
                parameters={"block": split_block},
                controls=BLOCK_CONTROLS[:1],
            ),
        ],
        assumptions=[Assumption("twice differentiable", r"\sigma, \ell \in C^2")],
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="One point at which an entry of the two sides differs.",
    ),
    family(
        "embedding.splitting.inertia",
        "Inertia of a split critical point",
        r"\operatorname{In} H_{wide} = \operatorname{In} H_{narrow} + (r, m_{l+1} - r, r) + "
        r"\operatorname{In}(\alpha(1-\alpha) S_s|_{\ker B_s}),\quad "
        r"r = \operatorname{rank} B_s",
        [
            Check(
                "planted-rational",
                evidence="exact",
                covers="instances",
                scope="two and three layers, one to three outputs, characteristic polynomials over the rationals",
                run=check_split_inertia,
                instances=small_or_deep,
                distribution=PLANTED,
                parameters={"added": split_extra},
                examples={"quick": 20, "standard": 200, "full": 1000},
                controls=[Control("M' - M zeros", added=all_zeros), Control("rank of B forgotten", added=rank_forgotten)],
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
            Check(
                "batches-of-tanh",
                evidence="property",
                covers="instances",
                scope="500 wide Hessians (quick), 5,000 (standard), 50,000 (full), five alphas",
                run=check_batch,
                instances=batches,
                distribution="theta normal of deviation 1.2, inputs 1.3, residual of norm 0.2 or 1",
                tolerance=FLOAT_INERTIA,
                parameters={"alpha_of_block": lambda alpha: alpha},
                controls=[Control("block of -alpha - 1", alpha_of_block=lambda alpha: -alpha - 1)],
            ),
        ],
        assumptions=[CRITICAL],
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A critical point, neuron and alpha with other counts.",
        notes="r >= 1, possible for two targets or more, makes every split a strict saddle; W_s != 0 gives at least one zero.",
    ),
    family(
        "embedding.multicopy.inertia",
        "Inertia at a neuron in several copies",
        r"m_{l+1} = 1,\ p \text{ positive}, q \text{ negative coefficients}:\ n_+ \mathrel{+}= (p-1) s_+ + q s_-,\ n_- "
        r"\mathrel{+}= (p-1) s_- + q s_+,\quad "
        r"(s_-, s_0, s_+) = \operatorname{In} S_s",
        [
            Check(
                "planted-rational",
                evidence="exact",
                covers="instances",
                scope="two to four copies, zero and negative coefficients, one and two outputs",
                run=check_copies,
                instances=coefficient_lists,
                distribution=PLANTED,
                parameters={"added": copies_extra},
                controls=[Control("signs of the coefficients forgotten", added=signs_forgotten)],
            ),
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="instances",
                scope="three copies with symbolic coefficients: " + ANY_NETWORK,
                run=check_copies_congruence_of_any,
                instances=symbolic,
                parameters={"block": copies_block},
                controls=[Control("G without its product", block=without_product)],
            ),
        ],
        assumptions=[CRITICAL],
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Coefficients whose point has other counts.",
        notes="In general the block is [[0, I (x) B], [., G (x) S]], G = diag(beta') - beta' beta'^T with inertia (q, z, p - 1).",
    ),
    family(
        "embedding.null.congruence",
        "The Hessian at a null point, and its inertia",
        r"C^\top H_{wide} C = H_{narrow} \oplus \begin{pmatrix} 0 & \sigma'(b) C_l \\ \cdot & 0 \end{pmatrix};\ \text{critical: extra } "
        r"(r, m_{l+1} + d_l - 2r, r),\ r = \operatorname{rank} C_l, \text{ if } \sigma'(b) \ne 0",
        [
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope="the congruence: " + ANY_NETWORK,
                run=check_null_congruence_of_any,
                instances=symbolic,
                parameters={"letter": "t"},
                controls=[Control("sigma' at another argument", letter="s")],
            ),
            Check(
                "rational-networks",
                evidence="exact",
                covers="instances",
                scope="two to four layers, biases p/q, points that are not critical",
                run=check_null_congruence,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                parameters={"slope": sigma_slope},
                controls=[Control("without sigma'", slope=lambda place, bias: 1)],
            ),
            Check(
                "planted-inertia",
                evidence="exact",
                covers="instances",
                scope="two and three layers, bias 1/2, planted critical points",
                run=check_null_inertia,
                instances=small_or_deep,
                distribution=PLANTED,
                parameters={"added": flat_copies_inertia},
                examples={"quick": 15, "standard": 200, "full": 1000},
                controls=[Control("zeros only", added=lambda outputs, inputs, rank: (0, outputs + inputs, 0))],
            ),
        ],
        assumptions=[Assumption("next bias", r"\text{layer } l+1 \text{ has a bias}")],
        source=Source("arXiv:2111.15527v1", "Proposition 4.1; the congruence is ours"),
        depends_on=["embedding.null.criticality"],
        refuted_by="A point where the two sides differ, or a critical point with other counts.",
    ),
]
