r"""Second order of the embedding principle: one congruence describes the Hessian at every split point and at every null point.

For neuron s of layer l, with errors e^{[l+1]} and inputs h = (f^{[l-1]}, 1), d_l of them:
B_s = E[e^{[l+1]} \sigma'(p_s) h^\top],  S_s = E[(W^{[l+1]\top} e^{[l+1]})_s \sigma''(p_s) h h^\top],  C_l = E[e^{[l+1]} h^\top].
The matrices C of the congruences are in theory.embedding.congruence; inertia is (n_-, n_0, n_+).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Source
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import hessians, in_arithmetic_of, inertias, matrices, transformed
from proofs_check.claims.width._places import (
    ANY_NETWORK,
    ANYWHERE,
    DISTRIBUTION,
    JML,
    SECOND_ORDER,
    exactly,
    for_any_network,
    in_floats,
    places,
    small_or_deep,
)
from proofs_check.claims.width._points import at_float_point, float_points
from theory.embedding import null_congruence, split, split_congruence
from theory.embedding.blocks import bordered, direct_sum, flat_copies_inertia, plus, split_block
from theory.embedding.onestep import unchecked_null

# ------------------------------------------------------------------------------------ embedding.splitting.congruence


def check_congruence(place, *, block, loss, context) -> Outcome:
    """C^T H_wide C = H_narrow (+) block, entry by entry, at a point that is not critical."""
    data, basis = place.data(2), split_congruence(*place.neuron_of())
    narrow, wide = hessians(split(*place.neuron_of()), place.theta, data, loss)
    expected = direct_sum(narrow, block(*place.matrices(data, loss), in_arithmetic_of(place.theta, place.alpha)))
    return agree(place, congruent=(expected, transformed(basis, wide)))


def check_congruence_of_any(_, *, block, context) -> Outcome:
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    alpha = symbols["alpha"]
    basis = with_passive(split_congruence(neuron_model(), 1, 0, alpha))
    (_, narrow), (_, wide) = around_embedding(symbols, split(neuron_model(), 1, 0, alpha), "ss")
    expected = direct_sum(narrow.hessian, block(*symbols.matrices(), alpha))
    return agree("any network", congruent=(expected, transformed(basis, wide.hessian)))


def check_congruence_in_floats(instance, *, block, context) -> Outcome:
    alpha, (model, theta, data) = instance[1], at_float_point(instance, context)
    basis = split_congruence(model, 1, 0, alpha)
    narrow, wide = hessians(split(model, 1, 0, alpha), theta, data)
    expected = direct_sum(narrow, block(*matrices(model, theta, data), float(alpha)))
    columns = np.abs(basis.dense(float))
    # Rounding of H_wide (a sum of n P products) passes through C on both sides.
    tolerance = rounding(len(wide), (columns.T @ (np.abs(wide) + np.abs(wide).max()) @ columns).max())
    return within(instance, transformed(basis, wide) - expected, tolerance, "difference of the congruent matrices")


def alpha_for_product(B, S, alpha):
    """The block with alpha S in place of alpha (1 - alpha) S."""
    return bordered(B, S * alpha)


def uncoupled(B, S, alpha):
    """The block without B."""
    return split_block(0 * B, S, alpha)


BLOCK_CONTROLS = [Control("alpha for alpha (1 - alpha)", block=alpha_for_product), Control("B left out", block=uncoupled)]


# ----------------------------------------------------------------------------------------- embedding.null.congruence


def check_null_congruence(place, *, slope, context) -> Outcome:
    """C^T H_wide C = H_narrow (+) [[0, sigma'(b) C_l], [., 0]] at a point that is not critical."""
    data, bias = place.data(2), place.alpha
    C, basis = correlation(place, data), null_congruence(place.model, place.layer, bias)
    narrow, wide = hessians(unchecked_null(place.model, place.layer, bias), place.theta, data)
    expected = direct_sum(narrow, bordered(C * slope(place, bias), np.zeros((C.shape[1],) * 2, dtype=object)))
    return agree(place, congruent=(expected, transformed(basis, wide)))


def correlation(place, data):
    """C_l of the place's layer."""
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of

    return trace(place.model, place.theta, data[0]).C(place.layer, cotangent_of(place.model, place.theta, data))


def sigma_slope(place, bias):
    entry = np.empty(1, dtype=object)
    entry[0] = in_arithmetic_of(place.theta, bias)
    return place.model.activation.jet(entry, 1)[1][0]


def check_null_congruence_of_any(_, *, letter, context) -> Outcome:
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("beta")
    model = neuron_model(jet=symbols.jet("t"))
    embedding = unchecked_null(model, 1, symbols["beta"])
    basis = with_passive(null_congruence(model, 1, symbols["beta"]))
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, "st")
    C = np.outer(symbols.errors(), symbols.inputs())
    expected = direct_sum(narrow.hessian, bordered(C * symbols.jet(letter)[1], np.zeros((3, 3), dtype=object)))
    return agree("any network", congruent=(expected, transformed(basis, wide.hessian)))


def check_null_inertia(place, *, added, context) -> Outcome:
    """At a planted point: (r, m + d - 2 r, r) more, r = rank C_l; a strict saddle exactly when errors and inputs are correlated."""
    from numerics.arithmetic.exact import rank_rational

    data = place.planted()
    C = correlation(place, data)
    narrow, wide = inertias(unchecked_null(place.model, place.layer, Fraction(1, 2)), place.theta, data)
    return agree(place, inertia=(plus(narrow, added(*C.shape, rank_rational(C))), wide))


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.splitting.congruence",
        title="One congruence describes the Hessian at every split point",
        kind="extension",
        statement=r"C^\top H_{wide}(T^\alpha\theta)\, C = H_{narrow}(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & "
        r"\alpha(1-\alpha) S_s \end{pmatrix},\quad "
        r"|\det C| = 1, \text{ at every } \theta",
        assumptions=[Assumption("twice differentiable", r"\sigma, \ell \in C^2")],
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="One point at which an entry of the two sides differs.",
        checks=[
            for_any_network(check_congruence_of_any, {"block": split_block}, BLOCK_CONTROLS),
            *(
                exactly(
                    f"rational-networks-{loss}",
                    check_congruence,
                    lambda context: places(),
                    {"block": split_block, "loss": loss},
                    BLOCK_CONTROLS,
                    scope=f"two to four layers, every layer and neuron, {loss} loss, points that are not critical",
                    distribution=DISTRIBUTION,
                    examples={"quick": count, "standard": 1000, "full": 5000},
                )
                for loss, count in (("mse", 200), ("quartic", 25))
            ),
            in_floats(
                "tanh-in-floats",
                check_congruence_in_floats,
                float_points,
                {"block": split_block},
                BLOCK_CONTROLS[:1],
                scope="tanh networks of two and three layers, points that are not critical",
                distribution="theta normal of deviation 1.2, inputs 1.3, targets 1",
                tolerance="64 P eps times the largest entry of |C|^T (|H| + max |H|) |C|",
            ),
        ],
    ),
    Claim(
        id="embedding.null.congruence",
        title="The Hessian at a null point, and its inertia",
        kind="extension",
        statement=r"C^\top H_{wide} C = H_{narrow} \oplus \begin{pmatrix} 0 & \sigma'(b) C_l \\ \cdot & 0 \end{pmatrix};\ "
        r"\text{critical: extra } (r, m_{l+1} + d_l - 2r, r),\ r = \operatorname{rank} C_l, \text{ if } \sigma'(b) \ne 0",
        assumptions=[Assumption("next bias", r"\text{layer } l+1 \text{ has a bias}")],
        source=Source(JML, "Proposition 4.1; the congruence is ours"),
        depends_on=["embedding.null.criticality"],
        refuted_by="A point where the two sides differ, or a critical point with other counts.",
        checks=[
            for_any_network(
                check_null_congruence_of_any,
                {"letter": "t"},
                [Control("sigma' at another argument", letter="s")],
                scope="the congruence: " + ANY_NETWORK,
            ),
            exactly(
                "rational-networks",
                check_null_congruence,
                lambda context: places(),
                {"slope": sigma_slope},
                [Control("without sigma'", slope=lambda place, bias: 1)],
                scope="two to four layers, biases p/q, points that are not critical",
                **ANYWHERE,
            ),
            exactly(
                "planted-inertia",
                check_null_inertia,
                small_or_deep,
                {"added": flat_copies_inertia},
                [Control("zeros only", added=lambda outputs, inputs, rank: (0, outputs + inputs, 0))],
                scope="two and three layers, bias 1/2, planted critical points",
                examples={"quick": 15, "standard": 200, "full": 1000},
            ),
        ],
    ),
]
