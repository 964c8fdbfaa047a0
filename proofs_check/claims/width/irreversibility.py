r"""Irreversibility: embedding lowers none of the numbers of negative, zero and positive eigenvalues, and why one identity is not enough.

A^\top H_{wide} A = H_{narrow} keeps n_- and n_+; it is H_{wide} A = M H_{narrow}, true of all critical embeddings, that keeps n_0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check import Claim, Control, Outcome, Source
from proofs_check.claims._checks import agree
from proofs_check.claims.width._measures import hessians, inertia_of
from proofs_check.claims.width._places import ANY_NETWORK, ANYWHERE, JML, Place, exactly, for_any_network, places
from proofs_check.claims.width._points import drawn_compatible, some_place, split_or_null
from proofs_check.claims.width._twins import duplicate, with_incoming_weights
from theory.embedding import null, split
from theory.embedding.wiring import wiring

# ------------------------------------------------------------------------------------------- embedding.irreversibility


def check_hessian_image(place, *, build, image, context) -> Outcome:
    """A^T H_wide A = H_narrow and H_wide A = M H_narrow, entry by entry, at a point that is not critical."""
    embedding = build(place)
    narrow, wide = hessians(embedding, place.theta, place.data(2))
    through = (embedding.matrix.T @ wide).T
    return agree(place, compression=(narrow, embedding.matrix.T @ through), image=(image(embedding) @ narrow, through))


def check_hessian_image_of_any(_, *, image, context) -> Outcome:
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    embedding = split(neuron_model(), 1, 0, symbols["alpha"])
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, "ss")
    through = (with_passive(embedding.matrix).T @ wide.hessian).T
    return agree("any network", image=(with_passive(image(embedding)) @ narrow.hessian, through))


def one_of_each(place):
    """A split, a null neuron or a general compatible embedding, in turn."""
    if place.seed % 3 == 0:
        return split(*place.neuron_of())
    return null(place.model, place.layer, place.alpha) if place.seed % 3 == 1 else drawn_compatible(place)


def the_embedding(embedding):
    return embedding.matrix


def the_gradient_map(embedding):
    return embedding.gradient_map


def check_monotone_walk(instance, *, growth, context) -> Outcome:
    """A random walk through architectures: along every edge none of n_-, n_0, n_+ decreases."""
    from numerics.hessian import hessian

    narrow, layers, replicate = instance
    rng = context.rng(replicate)
    place = some_place(narrow, rng)
    data, model, theta = place.planted(), place.model, place.theta
    trail = [inertia_of(hessian(model, theta, data))]
    for layer in layers:
        embedding = split_or_null(model, layer, rng)
        model, theta = embedding.wide, embedding(theta)
        trail.append(inertia_of(hessian(model, theta, data)))
    steps = list(zip(trail, trail[1:], strict=False))
    expected = [growth(before, sum(after) - sum(before)) for before, after in steps]
    monotone = [all(a >= b for a, b in zip(after, least, strict=True)) for (_, after), least in zip(steps, expected, strict=True)]
    if all(monotone):
        return Outcome.holds(len(steps), message=" -> ".join(map(str, trail)))
    return agree(instance, monotone=([True] * len(steps), monotone))


def walks(context):
    count = context.by_level(quick=2, standard=15, full=80)
    shapes = [((1, 1, 1), (1, 1, 1)), ((2, 1, 2), (1, 1)), ((1, 1, 1, 1), (1, 2)), ((1, 2, 2), (1, 1)), ((1, 1, 1, 2), (2, 1))] * count
    return [(*shape, replicate) for replicate, shape in enumerate(shapes)]


def at_least(before, new):
    return before


def all_new_are_zeros(before, new):
    """n_0 grows by M' - M."""
    return before[0], before[1] + new, before[2]


# ------------------------------------------------------------------------- embedding.irreversibility.zero.counterexample


def vanishing_zero(rng: np.random.Generator) -> tuple[Place, Any, np.ndarray]:
    """[1, 1, 3] with H v = 0 for a v that moves the outputs, and a new neuron (3/7, 1/2) critical: the place, the data and v.

    H v = 2/n J^T J v + sum c_i Hess f_i v: linear in the cotangent c once theta, the inputs and v are fixed.
    """
    from numerics.arithmetic.exact import nullspace_rational, rationals
    from numerics.derivatives.tape import tangents
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import curvature_rows

    place, samples = some_place((1, 1, 3), rng), 10
    x = place.samples(samples)
    jacobian = tangents(place.model, place.theta, x)[1].reshape(-1, place.model.n_params)
    metric, lines = jacobian.T @ jacobian, wiring(place.model, 1)
    # H^(2) v has no part along the output biases and, at a critical point, none along W: J^T J v must not have one either.
    forms = np.concatenate([metric[lines.next_bias], [place.theta[lines.outgoing[0]] @ metric[lines.outgoing[0]]]])
    kernel = nullspace_rational(forms)
    direction = sum(k * rationals(vector) for k, vector in enumerate(kernel, start=1))
    bending = curvature_rows(place.model, place.theta, x, direction)
    wide = with_incoming_weights(place.model, 1, Fraction(1, 2))
    found = trace(wide.wide, wide(place.theta), x)
    moments = found.linear_rows(lambda cotangent: cotangent.T @ found.features[1][:, -1])
    conditions = [(bending, -(jacobian.T @ (jacobian @ direction)) * 2 / samples), (moments, rationals([0] * len(moments)))]
    return place, place.planted(conditions=conditions, extra=samples - place.enough), direction


def check_zero_counterexample(instance, *, construct, context) -> Outcome:
    """Output kept, affine, A^T H A = H, critical at this point for these data: and yet n_0 falls."""
    from numerics.hessian import gradient_and_hessian

    place, data, direction = vanishing_zero(context.rng(instance))
    embedding = construct(place)
    theta = embedding(place.theta)
    slope, narrow = gradient_and_hessian(place.model, place.theta, data)
    wide_slope, wide = gradient_and_hessian(embedding.wide, theta, data)
    before, after = inertia_of(narrow), inertia_of(wide)
    compressed = embedding.matrix.T @ (embedding.matrix.T @ wide).T
    return agree(
        instance,
        critical=(0 * slope, slope),
        wide_critical=(0 * wide_slope, wide_slope),
        kernel=(0 * slope, narrow @ direction),
        compression=(narrow, compressed),
        output=(place.model(place.theta, data[0]), embedding.wide(theta, data[0])),
        zeros_fall=(True, after[1] < before[1]),
    )


def planted_neuron(place):
    """The new neuron whose criticality was planted: incoming weights 3/7, bias 1/2, outgoing weights 0."""
    return with_incoming_weights(place.model, 1, Fraction(1, 2))


def genuine_split(place):
    return split(place.model, 1, 0, Fraction(1, 3))


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.irreversibility",
        title="Embedding never lowers n_-, n_0 or n_+",
        statement=r"A^\top H_{wide} A = H_{narrow},\ H_{wide} A = M H_{narrow} \implies n_\pm, n_0 \text{ of } H(T\theta) \text{ are "
        r"at least those of } H(\theta), "
        r"\text{ at any } \theta",
        source=Source(JML, "Theorem 6.2; its proof for n_0 needs the second identity, see the counterexample"),
        depends_on=["embedding.splitting.gradient-image", "embedding.compatible.criticality"],
        refuted_by="An embedded point with fewer negative, zero or positive eigenvalues.",
        notes="n_0: A maps ker H_narrow into ker H_wide. For abstract critical embeddings M may depend on theta; that case is not claimed.",
        checks=[
            for_any_network(
                check_hessian_image_of_any,
                {"image": the_gradient_map},
                [Control("A for M", image=the_embedding)],
                scope="both identities for splits (from them the counts follow for any A of full rank): " + ANY_NETWORK,
            ),
            exactly(
                "rational-networks",
                check_hessian_image,
                lambda context: places(),
                {"build": one_of_each, "image": the_gradient_map},
                [
                    Control("A for M", image=the_embedding),
                    Control("no embedding", build=lambda place: duplicate(*place.neuron_of())),
                ],
                scope="splits, null neurons and compatible embeddings in two to four layers, points that are not critical",
                **ANYWHERE,
            ),
            exactly(
                "walks",
                check_monotone_walk,
                walks,
                {"growth": at_least},
                [Control("n_0 grows by M' - M", growth=all_new_are_zeros)],
                scope="random walks of two one-step embeddings from planted critical points, exact inertia at every node",
            ),
        ],
    ),
    Claim(
        id="embedding.irreversibility.zero.counterexample",
        title="A^T H A = H alone does not keep the zero eigenvalues",
        kind="counterexample",
        relation="existence",
        statement=r"\exists\ \text{affine, injective, output-preserving } T \text{ with } A^\top H_{wide} A = H_{narrow},\ \theta "
        r"\text{ and } T\theta \text{ critical, and } "
        r"n_0(T\theta) < n_0(\theta)",
        source=Source(JML, "on the proof of Theorem 6.2 (ours)"),
        refuted_by="No such point: n_0 kept by every output-preserving map that keeps this critical point.",
        notes="The theorem itself stands: splits, null neurons and compatible embeddings satisfy H_wide A = M H_narrow as well.",
        checks=[
            exactly(
                "planted",
                check_zero_counterexample,
                lambda context: range(context.by_level(quick=3, standard=8, full=30)),
                {"construct": planted_neuron},
                [Control("a genuine split", construct=genuine_split)],
                scope="[1, 1, 3]: a kernel vector of the Hessian and a new critical neuron planted together, eight (quick three) seeds",
                distribution="weights +-1/2 .. +-2, inputs k/2",
            )
        ],
    ),
]
