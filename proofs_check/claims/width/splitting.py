r"""The embedding principle in width: splitting a neuron keeps outputs and critical points.

A network with L layers, f^{[l]} = \sigma(W^{[l]} f^{[l-1]} + b^{[l]}), risk R = E \ell(f, y) and errors e^{[l]} = \partial \ell /
\partial p^{[l]}. The split T^\alpha_{l,s} copies neuron s of layer l and shares its outgoing weights, 1 - \alpha and \alpha. Everything
of first order follows from one linear identity: \nabla R(T\theta) = M \nabla R(\theta) with a constant matrix M.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import gradients, in_arithmetic_of
from proofs_check.claims.width._places import (
    ANYWHERE,
    DEEP,
    JML,
    NEURIPS,
    SHALLOW,
    SUMS_OF_MODULI,
    exactly,
    for_any_network,
    in_floats,
    places,
)
from proofs_check.claims.width._points import planted_in_floats
from proofs_check.claims.width._twins import (
    alpha_by_target,
    duplicate,
    multipliers_unshared,
    perturbed_input,
    roles_swapped,
    sum_not_one,
    without_bias,
)
from theory.embedding import split
from theory.embedding.affine import identity
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# ---------------------------------------------------------------------------------------- embedding.splitting.output


def check_output(place, *, construct, context) -> Outcome:
    """Outputs and features on the samples, and the errors that flow back, of the wide network from those of the narrow one."""
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of

    embedding = construct(*place.neuron_of())
    (x, y), l, s = place.data(), place.layer, place.neuron
    narrow, wide = trace(place.model, place.theta, x), trace(embedding.wide, embedding(place.theta), x)
    cotangent, alpha = cotangent_of(place.model, place.theta, (x, y)), in_arithmetic_of(place.theta, place.alpha)
    error = narrow.error(l, cotangent)
    shared = np.concatenate([error, alpha * error[:, s : s + 1]], axis=1)
    shared[:, s] = (1 - alpha) * error[:, s]
    return agree(
        place,
        output=(place.model(place.theta, x), embedding.wide(embedding(place.theta), x)),
        features=(np.concatenate([narrow.features[l], narrow.features[l][:, s : s + 1]], axis=1), wide.features[l]),
        errors=(shared, wide.error(l, cotangent)),
        errors_above=(narrow.error(l + 1, cotangent), wide.error(l + 1, cotangent)),
    )


def check_output_in_floats(place, *, construct, context) -> Outcome:
    embedding = construct(FullyConnected(place.widths), place.layer, place.neuron, place.alpha)
    rng = context.rng(place.seed)
    theta, x = rng.normal(0, 1.2, embedding.narrow.n_params), rng.normal(0, 1.3, (5, place.widths[0]))
    difference = embedding.wide(embedding(theta), x) - embedding.narrow(theta, x)
    # alpha W h and (1 - alpha) W h are rounded apart; every later layer passes the error on with at most its weights' sizes.
    growth = np.prod([1 + np.abs(theta).max() * width for width in place.widths[1:]])
    tolerance = 64 * np.finfo(float).eps * (1 + abs(float(place.alpha))) * growth
    return within(place, difference, tolerance, "difference of the outputs")


def check_output_of_any(_, *, construct, context) -> Outcome:
    """The neuron's contribution to the next layer as polynomials in undefined values."""
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols

    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    new = embedding.wide.unpack(embedding(symbols.theta()))
    is_copy = (new["input_weights"][0] == new["input_weights"][1]).all() and new["input_biases"][0] == new["input_biases"][1]
    (narrow, _), (wide, _) = around_embedding(symbols, embedding, "ss" if is_copy else "st")
    return agree("any network", output=(narrow, wide))


SPLIT_CONTROLS = [
    Control("fractions need not add up to 1", construct=sum_not_one),
    Control("both copies keep all outgoing weights", construct=duplicate),
    Control("bias not copied", construct=without_bias),
    Control("weight of the copy off by one per cent", construct=perturbed_input),
]


# -------------------------------------------------------------------------------- embedding.splitting.gradient-image


def check_gradient_image(place, *, construct, loss, context) -> Outcome:
    """grad R(T theta) = M grad R(theta) for one sample at a point that is not critical, and A^T M = I."""
    embedding = construct(*place.neuron_of())
    narrow, wide = gradients(embedding, place.theta, place.data(1), loss)
    return agree(
        place,
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params), embedding.matrix.T @ embedding.gradient_map),
    )


def check_gradient_image_of_any(_, *, construct, context) -> Outcome:
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, "ss")
    return agree("any network", gradient=(with_passive(embedding.gradient_map).apply(narrow.gradient), wide.gradient))


GRADIENT_CONTROLS = [
    Control("multipliers 1 and alpha", construct=multipliers_unshared),
    Control("incoming and outgoing exchanged", construct=roles_swapped),
    Control("both copies keep all outgoing weights", construct=duplicate),
]


# ----------------------------------------------------------------------------------- embedding.splitting.criticality


def check_criticality(place, *, construct, context) -> Outcome:
    """A planted critical point of non-zero loss, split: the wide gradient is exactly zero."""
    narrow, wide = gradients(construct(*place.neuron_of()), place.theta, place.planted())
    return agree(place, narrow_gradient=(0 * narrow, narrow), wide_gradient=(0 * wide, wide))


def check_criticality_in_floats(instance, *, construct, loss, context) -> Outcome:
    """Planted tanh networks under the square loss and the cross-entropy, up to rounding of the gradient."""
    widths, layer, alpha, replicate = instance
    n = 2 * FullyConnected(widths).n_params
    size = 0.2 if loss == "mse" else 0.2 / n
    _, model, theta, data = planted_in_floats(widths, replicate, context, deviations=(1.2, 1.3), loss=loss, size=size)
    _, wide = gradients(construct(model, layer, 0, alpha), theta, data, loss)
    # The gradient is J^T c with |c| about 1: rounding leaves (P + n) eps |theta|^depth of it, stretched by M and the planting.
    scale = (1 + abs(float(alpha))) * (1 + np.abs(theta).max()) ** (len(widths) - 1) * np.abs(data[0]).max()
    return within(instance, wide, rounding(model.n_params + n, scale), "gradient at the embedded point")


def layers_and_alphas(context):
    shapes = [(2, 2, 3), (1, 3, 3), (3, 2, 3), (2, 2, 2, 3), (1, 2, 3, 3)]  # with two classes cross-entropy has B_s = 0
    count = context.by_level(quick=10, standard=60, full=400)
    return [
        (widths, 1 + replicate % (len(widths) - 2), Fraction(replicate % 9 - 4, 3), replicate)
        for replicate, widths in enumerate(shapes * (count // 5))
    ]


# ---------------------------------------------------------------------- embedding.splitting.data-dependent-subspace


def check_subspace(place, *, directions, context) -> Outcome:
    """Outgoing weights (W_s - nu, nu) for nu in the kernel of B_s^T: critical for these data, of dimension m_(l+1) - rank B_s >= 1."""
    from numerics.arithmetic.exact import rank_rational
    from numerics.hessian import gradient

    x, y = place.planted()
    B, _ = place.matrices((x, y))
    embedding = split(place.model, place.layer, place.neuron, 0)
    new = wiring(embedding.wide, place.layer)
    basis, points = directions(B), []
    for nu in basis:
        theta = embedding(place.theta)
        theta[new.outgoing[place.neuron]] = theta[new.outgoing[place.neuron]] - nu
        theta[new.outgoing[-1]] = theta[new.outgoing[-1]] + nu
        points.append(theta)
    slopes = np.stack([gradient(embedding.wide, theta, (x, y)) for theta in points])
    outputs = np.stack([embedding.wide(theta, x) for theta in points])
    return agree(
        place,
        gradients=(0 * slopes, slopes),
        outputs=(np.stack([place.model(place.theta, x)] * len(basis)), outputs),
        dimension=(len(B) - rank_rational(B), len(basis)),
        at_least_one=(True, len(basis) >= 1),
    )


def kernel_of_transpose(B):
    from numerics.arithmetic.exact import nullspace_rational, rationals

    return [rationals(vector) for vector in nullspace_rational(B.T)]


def all_directions(B):
    from numerics.arithmetic.exact import rationals

    return [rationals(row) for row in np.eye(len(B), dtype=int)]


def check_alpha_line(place, *, direction, context) -> Outcome:
    """W_s itself lies in the kernel: W_s^T B_s is the gradient of the neuron's incoming parameters, at any point."""
    from numerics.hessian import gradient

    data, lines = place.data(3), wiring(place.model, place.layer)
    B, _ = place.matrices(data)
    expected = gradient(place.model, place.theta, data)[lines.incoming[place.neuron]]
    return agree(place, gradient=(expected, direction(place.theta[lines.outgoing[place.neuron]]) @ B))


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.splitting.output",
        title="Splitting a neuron keeps outputs, features and errors",
        statement=r"f_{T^\alpha_{l,s}\theta}(x) = f_\theta(x),\quad f'^{[l]} = (f^{[l]}, f^{[l]}_s),\quad "
        r"e'^{[l]} = (\dots, (1-\alpha) e_s, \dots, \alpha e_s) \text{ for all } \theta, x, \alpha \in \mathbb{R}",
        source=Source(NEURIPS, "Proposition 1"),
        refuted_by="One network, neuron, alpha and input at which the outputs differ.",
        notes="For odd sigma a copy with all signs flipped is a valid embedding too; it is no control.",
        checks=[
            for_any_network(check_output_of_any, {"construct": split}, [SPLIT_CONTROLS[1], SPLIT_CONTROLS[2]]),
            exactly(
                "rational-networks",
                check_output,
                lambda context: places(),
                {"construct": split},
                SPLIT_CONTROLS,
                scope="two to four layers of width 1 to 3, every layer and neuron",
                **ANYWHERE,
            ),
            in_floats(
                "tanh-in-floats",
                check_output_in_floats,
                lambda context: places(),
                {"construct": split},
                SPLIT_CONTROLS[1:3],
                scope="tanh networks, theta normal of deviation 1.2, inputs 1.3",
                examples={"quick": 50, "standard": 300, "full": 2000},
                replay=check_output,
                tolerance="64 eps (1 + |alpha|) times the product over layers of 1 + |theta|_max m_l",
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.gradient-image",
        title="The gradient at a split point is a fixed linear image of the gradient",
        statement=r"\nabla R(T^\alpha\theta) = M \nabla R(\theta) \text{ for all } \theta, S, \ell;\quad A^\top M = I",
        assumptions=[Assumption("differentiable", r"\sigma, \ell \text{ differentiable, or one fixed choice of subgradient}")],
        source=Source(NEURIPS, "Theorem 1 for zero gradients; the linear identity is ours"),
        depends_on=["embedding.splitting.output"],
        refuted_by="One sample, at any point, whose wide gradient is not M times the narrow one.",
        notes="M: the incoming parameters of the copies have the multipliers 1 - alpha and alpha, the outgoing weights 1 and 1. "
        "It holds per sample, hence for every minibatch.",
        checks=[
            for_any_network(check_gradient_image_of_any, {"construct": split}, GRADIENT_CONTROLS[1:2]),
            exactly(
                "rational-networks",
                check_gradient_image,
                lambda context: places(),
                {"construct": split, "loss": "quartic"},
                [*GRADIENT_CONTROLS, Control("alpha by target neuron", construct=alpha_by_target)],
                scope="two to four layers of width 1 to 3, one sample, (f - y)^4, points that are not critical",
                **ANYWHERE,
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.criticality",
        title="Splitting a neuron maps critical points to critical points",
        statement=r"\nabla R_S(\theta) = 0 \implies \nabla R_S(T^\alpha_{l,s}\theta) = 0 \text{ for every } S, \ell, \sigma, \alpha",
        assumptions=[Assumption("one alpha", r"\alpha \text{ is the same for all target neurons}")],
        source=Source(NEURIPS, "Theorem 1; 2111.15527, Proposition 4.2"),
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="A critical point whose split has a non-zero gradient.",
        checks=[
            exactly(
                "planted-rational",
                check_criticality,
                lambda context: places(SHALLOW + DEEP),
                {"construct": split},
                [
                    Control("alpha by target neuron", construct=alpha_by_target),
                    Control("both copies keep all outgoing weights", construct=duplicate),
                ],
                scope="two and three layers of width 1 to 2, square loss, non-zero loss",
                examples=25,
            ),
            *(
                in_floats(
                    f"planted-tanh-{loss}",
                    check_criticality_in_floats,
                    layers_and_alphas,
                    {"construct": split, "loss": loss},
                    [Control("alpha by target neuron", construct=alpha_by_target)],
                    scope=f"tanh networks of two and three layers with three outputs, {loss}",
                    distribution="theta normal of deviation 1.2, inputs 1.3, twice as many samples as parameters",
                    tolerance=SUMS_OF_MODULI,
                )
                for loss in ("mse", "cross-entropy")
            ),
        ],
        probes=[
            Probe(
                drops="one alpha",
                instances=lambda context: places(((2, 2, 2), (2, 1, 3))),
                parameters={"construct": alpha_by_target},
            )
        ],
    ),
    Claim(
        id="embedding.splitting.data-dependent-subspace",
        title="The critical affine set through a split point",
        kind="extension",
        statement=r"\nabla R(\theta) = 0 \implies \text{out-weights } (W_s - \nu, \nu) \text{ are critical for all } \nu \in "
        r"\ker B_s^\top,\quad "
        r"\dim = m_{l+1} - \operatorname{rank} B_s \ge 1",
        assumptions=[Assumption("outgoing weights", r"W_{\cdot s} \ne 0")],
        source=Source(JML, "extends Proposition 4.2 (ours)"),
        depends_on=["embedding.splitting.criticality"],
        refuted_by="A nu in the kernel whose point has a gradient, or a kernel that is zero.",
        checks=[
            exactly(
                "kernel",
                check_subspace,
                lambda context: places(((1, 1, 3), (1, 2, 3), (2, 1, 3), (2, 2, 2), (1, 1, 1, 2), (1, 1, 5), (1, 2, 4)), edges=False),
                {"directions": kernel_of_transpose},
                [Control("every nu", directions=all_directions)],
                scope="planted critical points with one to three outputs; every vector of a basis of the kernel",
                examples={"quick": 12, "standard": 100, "full": 500},
            ),
            Check(
                "outgoing-weights-in-kernel",
                evidence="exact",
                covers="instances",
                scope="any depth, points that are not critical: W_s^T B_s is the gradient of the incoming parameters",
                run=check_alpha_line,
                instances=lambda context: places(),
                **ANYWHERE,
                parameters={"direction": np.asarray},
                controls=[Control("twice as large", direction=lambda weights: 2 * weights)],
            ),
        ],
    ),
]
