"""Equal neurons: the functions they represent, training that keeps them equal, and the way back by merging them."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.hessian import gradient, gradient_and_hessian
from numerics.hessian.neuron_matrices import trace
from numerics.rank import float_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.width import compatible, merged_neurons, steps
from proofs_check.axes import Cell
from proofs_check.judging import at_most, bounded, equal, worst
from theory.embedding import embed_along, merge, null, remove, split
from theory.embedding.merging import unchecked_merge
from theory.embedding.onestep import unchecked_copies
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import ANY_SIGMA, CRITICAL, GEOMETRY, JML, NEURIPS
from ._instances import ANY, FEW, FRACTIONS, inner, place_in
from ._measures import inertia_of
from ._twins import with_incoming_weights

SPANS = claim(
    "embedding.representation",
    "Embeddings keep the functions that neurons represent",
    r"\operatorname{span}(\{f'^{[l]}_j\}_j \cup \{1\}) = \operatorname{span}(\{f^{[l]}_j\}_j \cup \{1\}) \text{ for every layer } l",
    symbols=["f^{[l]}", "l"],
    source=JML.at("Definition 4.1 (ii), Propositions 4.1 and 4.2"),
    depends_on=["embedding.splitting.output"],
    refuted_by="A layer whose features span another space after embedding.",
)

ANYWHERE = axes(
    widths=by_level(FEW, ANY), layer=(1, 2, 3), alpha=FRACTIONS, where=lambda widths, layer: inner(widths, layer), standard=2, full=20
)


def fresh_neuron(model, place):
    """A new neuron with incoming weights of its own."""
    return with_incoming_weights(model, place.layer, place.alpha)


def split_then_null(model, place):
    return embed_along(model, [("split", place.layer, place.neuron, place.alpha), ("null", place.layer, place.alpha)])


def ranks_of_features(embedding, theta, x, rank):
    """The rank of the features with 1, in every layer: of the narrow network, of the wide one, and of both together."""
    ranks = []
    for before, after in zip(trace(embedding.narrow, theta, x).features, trace(embedding.wide, embedding(theta), x).features, strict=True):
        one = np.ones_like(before[:, :1])
        ranks.append([rank(np.concatenate([*parts, one], axis=1)) for parts in ([before], [after], [before, after])])
    return ranks


@SPANS.check("exact", place_in, ANYWHERE, distribution="generic points, more samples than neurons")
@false("a neuron of its own", build=fresh_neuron)
def rational_features(cell, place, *, build=split_then_null, context):
    """A split and a null neuron: equal ranks, also together, mean equal spaces."""
    embedding = build(place.model, place)
    ranks = ranks_of_features(embedding, place.theta, place.samples(3 + 2 * max(embedding.wide.widths)), rank_rational)
    return equal(ranks=([[row[0]] * 3 for row in ranks], ranks), shown={"place": place})


@SPANS.check(
    "property",
    a_seed,
    axes(widths=((1, 2, 1), (2, 2, 2), (2, 2, 2, 1)), quick=3, standard=20, full=100),
    tolerance="rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)",
    distribution="tanh, theta and inputs normal, 40 samples",
)
@false("a neuron of its own", build=fresh_neuron)
def tanh_features(cell, seed, *, build=split_then_null, context):
    """tanh networks, ranks across a clear gap."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    place = place_in(cell, rng)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(40, cell.widths[0]))
    as_float = lambda rank: None if rank is None else float(rank)
    ranks = ranks_of_features(build(model, place), theta, x, lambda matrix: as_float(float_rank(matrix).estimate))
    return equal(ranks=([[row[0]] * 3 for row in ranks], ranks), shown={"theta": theta})


SPANS.formal("width/representation.v", "embedding_representation", false="without constants", adequate=compatible)


MERGED = claim(
    "embedding.reduction.criticality",
    "Merging equal neurons, or removing silent ones, keeps critical points",
    r"(w_s, b_s) = (w_{s'}, b_{s'}) \text{ or } W_s = 0:\ \text{merging, or removing, maps critical points to critical points; } n_\pm "
    r"\text{ do not increase}",
    clauses={
        "merge": r"(w_s, b_s) = (w_{s'}, b_{s'}):\ \text{merging maps critical points to critical points}",
        "remove": r"W_s = 0:\ \text{so does removing neuron } s, \text{ whatever its incoming weights}",
        "counts": r"n_-, n_+ \text{ do not increase by either}",
        "inverse": r"\text{merging the copies of a split, or removing a null neuron, gives back } \theta",
    },
    symbols=["w,b,v", "W_s", "s", r"\theta", "n_-,n_0,n_+"],
    assumptions=[
        ANY_SIGMA,
        CRITICAL,
        Assumption("equal", r"\text{of merging: } (w_s, b_s) = (w_{s'}, b_{s'})"),
        Assumption("silent", r"\text{of removing: } W_s = 0"),
    ],
    kind="extension",
    source=GEOMETRY.at("Definition 4.4 and Proposition 4.1 for two layers; any depth: ours"),
    refuted_by="A critical point that stops being critical when two equal neurons are merged, or a silent one is removed.",
)

WIDE = axes(
    widths=by_level(((1, 1, 1), (2, 1, 2), (1, 1, 1, 1)), ((1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 1, 2), (1, 1, 1, 1), (1, 1, 1, 2))),
    layer=(1, 2),
    where=lambda widths, layer: inner(widths, layer),
    quick=2,
    standard=8,
    full=40,
)


def wide_place(cell, rng):
    """A place of the network with one neuron more in the layer, its last neuron equal to its first; no image of an embedding."""
    l = cell.layer
    widths = (*cell.widths[:l], cell.widths[l] + 1, *cell.widths[l + 1 :])
    return place_in(Cell({"widths": widths, "layer": l}), rng)


@MERGED.check("exact", wide_place, WIDE, clauses=("merge", "counts"), distribution="planted at wide networks with two equal neurons")
@false("unequal neurons", twins=False)
@false("outgoing weights of the first alone", summed=False)
def planted_wide(cell, place, *, twins=True, summed=True, at="critical", context):
    """Gradient, outputs and exact inertia after merging two equal neurons with arbitrary outgoing weights."""
    l, theta, last = cell.layer, place.theta.copy(), cell.widths[cell.layer]
    lines = wiring(place.model, l)
    if twins:
        theta[lines.incoming[-1]] = theta[lines.incoming[0]]
    data = place.planted(theta) if at == "critical" else place.data(place.enough)
    narrow, merged = unchecked_merge(place.model, theta, l, (0, last))
    if not summed:
        merged[wiring(narrow, l).outgoing[0]] = theta[lines.outgoing[0]]
    slope, curvature = gradient_and_hessian(narrow, merged, data)
    _, wide_curvature = gradient_and_hessian(place.model, theta, data)
    output = place.model(theta, data[0]), narrow(merged, data[0])
    return worst(
        [equal(gradient=(0 * slope, slope), output=output, shown={"place": place}), *not_more(curvature, wide_curvature, place=place)]
    )


def not_more(curvature, wide_curvature, **shown):
    """n_- and n_+ of a Hessian against those of the wide one."""
    after, before = inertia_of(curvature), inertia_of(wide_curvature)
    return [at_most(name, after[k], before[k], attained=False, **shown) for k, name in ((0, "n_-"), (2, "n_+"))]


MERGED.without("equal", planted_wide, twins=False)
MERGED.without("critical", planted_wide, at="anywhere")


@MERGED.check(
    "exact", wide_place, WIDE, clauses=("remove", "counts"), distribution="planted at wide networks with a neuron that sends nothing"
)
@false("a neuron that sends something", silent=False)
def planted_silent(cell, place, *, silent=True, context):
    """Gradient, outputs and exact inertia without a neuron of arbitrary incoming and no outgoing weights; no null neuron."""
    place = place.silenced() if silent else place
    data = place.planted()
    narrow, rest = remove(place.model, place.theta, cell.layer, place.neuron, tolerance=0 if silent else np.inf)
    slope, curvature = gradient_and_hessian(narrow, rest, data)
    _, wide_curvature = gradient_and_hessian(place.model, place.theta, data)
    output = place.model(place.theta, data[0]), narrow(rest, data[0])
    return worst(
        [equal(gradient=(0 * slope, slope), output=output, shown={"place": place}), *not_more(curvature, wide_curvature, place=place)]
    )


MERGED.without("silent", planted_silent, silent=False)


@MERGED.check("exact", place_in, ANYWHERE, clauses="inverse")
@false("shares that do not add up", share=lambda alpha: alpha + 1)
def inverse(cell, place, *, share=lambda alpha: alpha, context):
    """Merge after split and remove after null give theta back, at any depth."""
    model, l, s = place.model, place.layer, place.neuron
    embedding = unchecked_copies(model, l, s, (1 - place.alpha, share(place.alpha)))
    _, merged = merge(embedding.wide, embedding(place.theta), l, (s, place.widths[l]))
    nothing = null(model, l, place.alpha)
    _, removed = remove(nothing.wide, nothing(place.theta), l, place.widths[l])
    return equal(merged=(place.theta, merged), removed=(place.theta, removed), shown={"place": place})


MERGED.formal(
    "width/merging.v",
    "embedding_reduction_criticality",
    false="outgoing weights of the first alone",
    adequate=merged_neurons,
    clauses="merge",
)


SYMMETRY = claim(
    "embedding.sgd-symmetry",
    "Equal copies stay equal under gradient descent",
    r"\alpha = \tfrac12:\ \text{gradient descent, with any minibatches, started at } T^{1/2}\theta \text{ keeps the copies equal}",
    symbols=[r"\alpha", "T", r"\theta"],
    assumptions=[ANY_SIGMA, Assumption("half", r"\alpha = \tfrac12")],
    kind="extension",
    source=NEURIPS.at("Theorem 1 (ours: the range of G is the symmetric subspace)"),
    depends_on=["embedding.splitting.gradient-image"],
    refuted_by="A step after which the copies differ.",
)

STEPS = axes(
    widths=by_level(((2, 1, 2), (1, 1, 1, 1)), ((1, 1, 1), (1, 2, 1), (2, 1, 2), (1, 1, 1, 1), (1, 2, 2, 1))),
    layer=(1, 2),
    where=lambda widths, layer: inner(widths, layer),
    quick=3,
    standard=10,
    full=40,
)


@SYMMETRY.check("exact", place_in, STEPS, distribution="steps of size 1/8 on single samples")
@false("alpha = 1/3", alpha=Fraction(1, 3))
def rational_steps(cell, place, *, alpha=Fraction(1, 2), context):
    """One step (standard: two) of stochastic gradient descent in rational arithmetic."""
    embedding = split(place.model, place.layer, place.neuron, alpha)
    lines, theta = wiring(embedding.wide, place.layer), embedding(place.theta)
    x, y = place.data(2)
    for sample in range(context.by_level(quick=1, standard=2, full=2)):
        theta = theta - gradient(embedding.wide, theta, (x[sample : sample + 1], y[sample : sample + 1])) / 8
    s = place.neuron
    return equal(
        incoming=(theta[lines.incoming[s]], theta[lines.incoming[-1]]),
        outgoing=(theta[lines.outgoing[s]], theta[lines.outgoing[-1]]),
        shown={"place": place},
    )


SYMMETRY.without("half", rational_steps, alpha=Fraction(1, 3))


@SYMMETRY.check(
    "property",
    a_seed,
    axes(widths=((2, 2, 2), (1, 2, 2, 1))),
    scope="200 steps (from standard on 3000), minibatches of 4 of 20 samples, learning rate 0.05",
    tolerance="eps |theta|_max: the copies take the same operations in the same order",
    distribution="tanh, theta and data normal",
)
@false("alpha = 1/3", alpha=Fraction(1, 3))
def long_runs(cell, seed, *, alpha=Fraction(1, 2), context):
    """A long run in floats: the difference of the copies."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    embedding = split(model, 1, 0, alpha)
    theta = embedding(rng.normal(size=model.n_params))
    x, y = rng.normal(size=(20, cell.widths[0])), rng.normal(size=(20, cell.widths[-1]))
    for _ in range(context.by_level(quick=200, standard=3000, full=3000)):
        batch = rng.integers(20, size=4)
        theta = theta - 0.05 * gradient(embedding.wide, theta, (x[batch], y[batch]))
    lines = wiring(embedding.wide, 1)
    difference = theta[lines.incoming[0]] - theta[lines.incoming[-1]]
    return bounded("difference of the copies", difference, np.finfo(float).eps * np.abs(theta).max(), widths=cell.widths)


SYMMETRY.formal("width/exchange.v", "embedding_sgd_symmetry", false="alpha = 0", adequate=steps)
