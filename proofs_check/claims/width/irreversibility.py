r"""Irreversibility: embedding lowers none of the numbers of negative, zero and positive eigenvalues, and why one identity is not enough.

A^\top H' A = H keeps n_- and n_+; it is H' A = G H, true of all critical embeddings, that keeps n_0.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.hessian import gradient_and_hessian, hessian
from numerics.hessian.neuron_matrices import trace
from numerics.planting import curvature_rows
from proofs_check import Assumption, a_seed, axes, by_level, claim, exists, false
from proofs_check.adequacy import width as definitions
from proofs_check.judging import at_least, equal, worst
from theory.embedding import null, split
from theory.embedding.onestep import unchecked_null
from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive
from theory.embedding.wiring import wiring

from . import ANY_NETWORK, JML, TWICE
from ._instances import FRACTIONS, drawn_compatible, inner, place_in, some_place, split_or_null
from ._measures import hessians, inertia_of
from ._twins import duplicate, with_incoming_weights

MONOTONE = claim(
    "embedding.irreversibility",
    "Embedding never lowers n_-, n_0 or n_+",
    r"A^\top H' A = H,\ H' A = G H \implies n_-, n_0, n_+ \text{ of } H(T\theta) \text{ are at least those of } H(\theta), "
    r"\text{ at any } \theta",
    clauses={
        "image": r"H' A = G H \text{ and } A^\top H' A = H \text{ at every } \theta, \text{ for splits and null neurons}",
        "compatible": r"\text{the same for compatible embeddings}",
        "counts": r"A \text{ of full column rank} \implies n_-, n_0, n_+ \text{ do not fall}",
    },
    symbols=["A", "G", "H", "T", r"\theta", "n_-,n_0,n_+"],
    assumptions=[TWICE, Assumption("critical embedding", r"T \text{ maps every critical point to one: } \nabla R \circ T = G \nabla R")],
    source=JML.at("Theorem 6.2; its proof for n_0 needs the second identity, see the counterexample"),
    depends_on=["embedding.splitting.gradient-image", "embedding.compatible.criticality"],
    refuted_by="An embedded point with fewer negative, zero or positive eigenvalues.",
    notes="n_- and n_+ are the largest dimensions of subspaces on which H is definite, which A carries over; A maps ker H into ker H'. For "
    "abstract critical embeddings G may depend on theta; that case is not claimed.",
)


def symbolic_embeddings(context):
    return ["split", "null"]


@MONOTONE.check("symbolic", symbolic_embeddings, clauses="image", covers="statement", scope=ANY_NETWORK)
@false("A for G", image=lambda embedding: embedding.matrix)
def undefined_activation(kind, *, image=lambda embedding: embedding.gradient_map, context):
    """Both identities for a split and for a null neuron, as polynomials in undefined derivatives."""
    symbols = neuron_symbols("alpha")
    if kind == "split":
        embedding, letters = split(neuron_model(), 1, 0, symbols["alpha"]), "ss"
    else:
        embedding, letters = unchecked_null(neuron_model(jet=symbols.jet("t")), 1, symbols["alpha"]), "st"
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, letters)
    A = with_passive(embedding.matrix)
    through = (A.T @ wide.hessian).T
    return equal(image=(with_passive(image(embedding)) @ narrow.hessian, through), compression=(narrow.hessian, A.T @ through))


ANYWHERE = axes(
    widths=by_level(((2, 2, 2), (1, 2, 1, 2)), ((2, 2, 2), (1, 2, 1, 2), (1, 1, 2, 1, 2), (2, 3, 2), (2, 2, 2, 1))),
    layer=(1, 2, 3),
    alpha=by_level(("1", "inside", "negative"), FRACTIONS),
    kind=("split", "null", "compatible"),
    where=lambda widths, layer: inner(widths, layer),
    standard=2,
    full=20,
)


def embedding_of(kind, place):
    if kind == "split":
        return split(*place.neuron_of())
    return null(place.model, place.layer, place.alpha) if kind == "null" else drawn_compatible(place)


@MONOTONE.check("exact", place_in, ANYWHERE, clauses=("image", "compatible"))
@false("A for G", image=lambda embedding: embedding.matrix)
@false("no embedding", build=lambda kind, place: duplicate(*place.neuron_of()))
def rational_networks(cell, place, *, build=embedding_of, image=lambda embedding: embedding.gradient_map, context):
    """Both identities, entry by entry, at points that are not critical; A has full column rank."""
    embedding = build(cell.kind, place)
    narrow, wide = hessians(embedding, place.theta, place.data(2))
    through = (embedding.matrix.T @ wide).T
    rank = rank_rational(rationals(embedding.matrix.dense(object)))
    return equal(
        compression=(narrow, embedding.matrix.T @ through),
        image=(image(embedding) @ narrow, through),
        rank=(place.model.n_params, rank),
        shown={"place": place},
    )


MONOTONE.without(
    "critical embedding", rational_networks, build=lambda kind, place: with_incoming_weights(place.model, place.layer, place.alpha)
)

SIZES = axes(size=(1, 2, 3, 4), more=(0, 1, 2, 3), quick=2, standard=20, full=100)


def compressed(cell, rng):
    """A symmetric H, and H' with A^T H' A = H and H' A = G H, A^T G = I: a random congruence of H (+) Q, A its first columns.

    With H' = C^-T (H (+) Q) C^-1 and A the first columns of C, G is the first columns of C^-T.
    """
    from flint import fmpq_mat

    square = lambda n, low: rng.integers(-2, 3, (n, n)) * (rng.random((n, n)) < low)
    half, rest = square(cell.size, 0.6), square(cell.more, 0.6)
    H, Q = half + half.T, rest + rest.T
    total = cell.size + cell.more
    while True:
        C = rationals(rng.integers(-2, 3, (total, total)))
        if rank_rational(C) == total:
            break
    block = np.zeros((total, total), dtype=int)
    block[: cell.size, : cell.size], block[cell.size :, cell.size :] = H, Q
    inverse = rationals(np.array(fmpq_mat(C.tolist()).inv().tolist(), dtype=object))
    return rationals(H), inverse.T @ rationals(block) @ inverse, C[:, : cell.size], inverse.T[:, : cell.size]


@MONOTONE.check("exact", compressed, SIZES, clauses="counts", distribution="symmetric integer matrices of every rank, in random bases")
@false("n_0 grows by M' - M", growth=lambda before, new: (before[0], before[1] + new, before[2]))
@false("all but one", growth=lambda before, new: (before[0] + new, before[1], before[2]))
def counts(cell, instance, *, growth=lambda before, new: before, context):
    """Matrices with both identities, whatever they come from: counts before and after."""
    H, wide, A, G = instance
    before, after = inertia_of(H), inertia_of(wide)
    least = growth(before, cell.more)
    return worst(
        [
            equal(compression=(H, A.T @ wide @ A), image=(G @ H, wide @ A)),
            *(at_least(name, after[k], least[k], attained=False) for k, name in enumerate(("n_-", "n_0", "n_+"))),
        ]
    )


WALKS = axes(
    case=by_level(
        (((1, 1, 1), (1, 1, 1)), ((2, 1, 2), (1, 1)), ((1, 1, 1, 1), (1, 2)), ((1, 1, 1, 2), (2, 1))),
        (
            ((1, 1, 1), (1, 1, 1)),
            ((2, 1, 2), (1, 1)),
            ((1, 1, 1, 1), (1, 2)),
            ((1, 2, 2), (1, 1)),
            ((1, 1, 1, 2), (2, 1)),
            ((1, 1, 1, 1, 1), (1, 3)),
        ),
    ),
    start=("critical", "anywhere"),
    quick=2,
    standard=10,
    full=60,
)


@MONOTONE.check("exact", a_seed, WALKS, clauses="counts", distribution="splits and null neurons at random")
@false("n_0 grows by M' - M", growth=lambda before, new: (before[0], before[1] + new, before[2]))
def walks(cell, seed, *, growth=lambda before, new: before, context):
    """Random walks through architectures, from planted critical points and from others: exact inertia at every node."""
    rng, (narrow, layers) = context.rng(seed), cell.case
    place = some_place(narrow, rng)
    data = place.planted() if cell.start == "critical" else place.data(place.enough)
    model, theta, found = place.model, place.theta, []
    before = inertia_of(hessian(model, theta, data))
    for layer in layers:
        embedding = split_or_null(model, layer, rng)
        model, theta = embedding.wide, embedding(theta)
        after = inertia_of(hessian(model, theta, data))
        least = growth(before, sum(after) - sum(before))
        found += [at_least(name, after[k], least[k], attained=False, place=place) for k, name in enumerate(("n_-", "n_0", "n_+"))]
        before = after
    return worst(found)


MONOTONE.formal(
    "width/irreversibility.v",
    "embedding_irreversibility",
    false="the numbers do not rise",
    adequate=definitions.compatible,
    clauses="counts",
    part="compatible embeddings of any depth, widths, loss and data",
)

ZERO = claim(
    "embedding.irreversibility.zero.counterexample",
    "A^T H A = H alone does not keep the zero eigenvalues",
    r"\exists\ \text{affine, injective, output-preserving } T \text{ with } A^\top H' A = H,\ \theta \text{ and } T\theta "
    r"\text{ critical, and } "
    r"n_0(T\theta) < n_0(\theta)",
    clauses={
        "example": exists(
            r"\exists\ \text{affine, injective, output-preserving } T \text{ with } A^\top H' A = H,\ \theta \text{ and } T\theta "
            r"\text{ critical, and } n_0(T\theta) < n_0(\theta)"
        )
    },
    symbols=["T", "A", "H", r"\theta", "n_-,n_0,n_+"],
    kind="counterexample",
    relation="existence",
    source=JML.at("on the proof of Theorem 6.2 (ours)"),
    refuted_by="No such point: n_0 kept by every output-preserving map that keeps this critical point.",
    notes="The theorem itself stands: splits, null neurons and compatible embeddings satisfy H' A = G H as well.",
)


def vanishing_zero(rng):
    """[1, 1, 3] with H v = 0 for a v that moves the outputs, and a new neuron (3/7, 1/2) critical: the place, the data and v.

    H v = 2/n J^T J v + sum c_i Hess f_i v: linear in the cotangent c once theta, the inputs and v are fixed.
    """
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


@ZERO.check("exact", a_seed, axes(widths=((1, 1, 3),), quick=3, standard=8, full=30), distribution="weights +-1/2 .. +-2, inputs k/2")
@false("a genuine split", construct=lambda place: split(place.model, 1, 0, Fraction(1, 3)))
def planted(cell, seed, *, construct=lambda place: with_incoming_weights(place.model, 1, Fraction(1, 2)), context):
    """A kernel vector of the Hessian and a new critical neuron planted together: output kept, A^T H' A = H, and yet n_0 falls."""
    place, data, direction = vanishing_zero(context.rng(seed))
    embedding = construct(place)
    theta = embedding(place.theta)
    slope, narrow = gradient_and_hessian(place.model, place.theta, data)
    wide_slope, wide = gradient_and_hessian(embedding.wide, theta, data)
    before, after = inertia_of(narrow), inertia_of(wide)
    return equal(
        critical=(0 * slope, slope),
        wide_critical=(0 * wide_slope, wide_slope),
        kernel=(0 * slope, narrow @ direction),
        compression=(narrow, embedding.matrix.T @ (embedding.matrix.T @ wide).T),
        output=(place.model(place.theta, data[0]), embedding.wide(theta, data[0])),
        zeros_fall=(True, after[1] < before[1]),
        shown={"place": place, "before": before, "after": after},
    )
