"""Equal neurons: the functions they represent, training that keeps them equal, and the way back by merging them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.width import compatible
from proofs_check.claims._checks import agree, within
from proofs_check.claims.width._measures import inertia_of
from proofs_check.claims.width._places import ANYWHERE, DISTRIBUTION, JML, NEURIPS, exactly, in_floats, places
from proofs_check.claims.width._twins import with_incoming_weights
from proofs_check.proving import formal_check
from theory.embedding import embed_along, merge, null, remove, split
from theory.embedding.merging import unchecked_merge
from theory.embedding.onestep import unchecked_copies
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# ------------------------------------------------------------------------------------------- embedding.representation


def check_representation(place, *, build, context) -> Outcome:
    """span{f_j^[l], 1} of every layer before, after, and together: equal ranks mean equal spaces."""
    from numerics.arithmetic.exact import rank_rational

    embedding = build(place)
    ranks = ranks_of_features(embedding, place.theta, place.samples(3 + 2 * max(embedding.wide.widths)), rank_rational)
    return agree(place, ranks=([[r[0]] * 3 for r in ranks], ranks))


def check_representation_in_floats(place, *, build, context) -> Outcome:
    from numerics.rank import float_rank

    place = place.at(activation="tanh")
    rng = context.rng(place.seed)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(40, place.widths[0]))
    ranks = ranks_of_features(build(place), theta, x, lambda matrix: float_rank(matrix).estimate)
    if any(rank is None for row in ranks for rank in row):
        return Outcome.inconclusive(f"no clear gap among the singular values of the features: {ranks}", cases=1)
    return agree(place, ranks=([[r[0]] * 3 for r in ranks], ranks))


def ranks_of_features(embedding, theta, x, rank):
    """The rank of the features with 1, in every layer: of the narrow network, of the wide one, and of both together."""
    from numerics.hessian.neuron_matrices import trace

    ranks = []
    for before, after in zip(trace(embedding.narrow, theta, x).features, trace(embedding.wide, embedding(theta), x).features, strict=True):
        one = np.ones_like(before[:, :1])
        ranks.append([rank(np.concatenate([*parts, one], axis=1)) for parts in ([before], [after], [before, after])])
    return ranks


def fresh_neuron(place):
    """A new neuron with incoming weights of its own."""
    return with_incoming_weights(place.model, place.layer, place.alpha)


def split_then_null(place):
    return embed_along(place.model, [("split", place.layer, place.neuron, place.alpha), ("null", place.layer, place.alpha)])


# ------------------------------------------------------------------------------------- embedding.reduction.criticality


def check_merging(place, *, twins, context) -> Outcome:
    """A wide critical point, not an image: two neurons with equal incoming weights and arbitrary outgoing ones.

    Merged it stays critical.
    """
    from numerics.hessian import gradient_and_hessian

    l = place.layer
    wide = place.at(widths=(*place.widths[:l], place.widths[l] + 1, *place.widths[l + 1 :]), numerators=())
    rng = np.random.default_rng([place.seed, 3])
    wide = wide.at(numerators=tuple(map(int, rng.integers(1, 5, wide.model.n_params) * rng.choice([-1, 1], wide.model.n_params))))
    theta, lines = wide.theta.copy(), wiring(wide.model, l).incoming
    if twins:
        theta[lines[-1]] = theta[lines[0]]
    data = wide.planted(theta)
    narrow, merged = unchecked_merge(wide.model, theta, l, (0, place.widths[l]))
    slope, curvature = gradient_and_hessian(narrow, merged, data)
    wide_slope, wide_curvature = gradient_and_hessian(wide.model, theta, data)
    before, after = inertia_of(wide_curvature), inertia_of(curvature)
    return agree(
        place,
        wide_gradient=(0 * theta, wide_slope),
        output=(wide.model(theta, data[0]), narrow(merged, data[0])),
        gradient=(0 * slope, slope),
        no_more_negative=(True, after[0] <= before[0]),
        no_more_positive=(True, after[2] <= before[2]),
    )


def check_undoing(place, *, alpha, context) -> Outcome:
    """Merging the copies of a split, or removing a null neuron, gives back theta exactly."""
    model, l, s = place.model, place.layer, place.neuron
    embedding = unchecked_copies(model, l, s, (1 - place.alpha, alpha(place.alpha)))
    _, merged = merge(embedding.wide, embedding(place.theta), l, (s, place.widths[l]))
    nothing = null(model, l, place.alpha)
    _, removed = remove(nothing.wide, nothing(place.theta), l, place.widths[l])
    return agree(place, merged=(place.theta, merged), removed=(place.theta, removed))


# --------------------------------------------------------------------------------------------- embedding.sgd-symmetry


def check_sgd(place, *, alpha, context) -> Outcome:
    """Steps of stochastic gradient descent from T^alpha theta, one sample each, in rational arithmetic: the copies stay equal."""
    from numerics.hessian import gradient

    embedding = split(place.model, place.layer, place.neuron, alpha)
    lines, theta = wiring(embedding.wide, place.layer), embedding(place.theta)
    x, y = place.data(2)
    for sample in range(context.by_level(quick=1, standard=2, full=2)):
        theta = theta - gradient(embedding.wide, theta, (x[sample : sample + 1], y[sample : sample + 1])) / 8
    s = place.neuron
    return agree(
        place,
        incoming=(theta[lines.incoming[s]], theta[lines.incoming[-1]]),
        outgoing=(theta[lines.outgoing[s]], theta[lines.outgoing[-1]]),
    )


def check_sgd_in_floats(instance, *, alpha, context) -> Outcome:
    """A long run in floats: the copies take the same operations in the same order, so their difference is exactly 0."""
    from numerics.hessian import gradient

    widths, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    embedding = split(model, 1, 0, alpha)
    theta = embedding(rng.normal(size=model.n_params))
    x, y = rng.normal(size=(20, widths[0])), rng.normal(size=(20, widths[-1]))
    for _ in range(context.by_level(quick=200, standard=3000, full=3000)):
        batch = rng.integers(20, size=4)
        theta = theta - 0.05 * gradient(embedding.wide, theta, (x[batch], y[batch]))
    lines = wiring(embedding.wide, 1)
    difference = theta[lines.incoming[0]] - theta[lines.incoming[-1]]
    return within(instance, difference, np.finfo(float).eps * np.abs(theta).max(), "difference of the copies")


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.representation",
        title="Embeddings keep the functions that neurons represent",
        statement=r"\operatorname{span}(\{f'^{[l]}_j\}_j \cup \{1\}) = \operatorname{span}(\{f^{[l]}_j\}_j \cup \{1\}) "
        r"\text{ for every layer } l",
        source=Source(JML, "Definition 4.1 (ii), Propositions 4.1 and 4.2"),
        depends_on=["embedding.splitting.output"],
        refuted_by="A layer whose features span another space after embedding.",
        checks=[
            exactly(
                "rational-features",
                check_representation,
                lambda context: places(),
                {"build": split_then_null},
                [Control("a neuron of its own", build=fresh_neuron)],
                scope="a split and a null neuron; exact ranks of features at more samples than neurons",
                distribution=DISTRIBUTION,
            ),
            in_floats(
                "tanh-features",
                check_representation_in_floats,
                lambda context: places(((1, 2, 1), (2, 2, 2), (2, 2, 2, 1))),
                {"build": split_then_null},
                [Control("a neuron of its own", build=fresh_neuron)],
                scope="tanh networks, ranks across a gap of 1e6",
                tolerance="rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)",
            ),
            formal_check("width/representation.v", "embedding_representation", false="without constants", adequate=compatible),
        ],
    ),
    Claim(
        id="embedding.reduction.criticality",
        title="Merging equal neurons keeps critical points",
        kind="extension",
        statement=r"(w_s, b_s) = (w_{s'}, b_{s'}) \text{ or } W_{\cdot s} = 0:\ \text{merging, or removing, maps critical "
        r"points to critical points; "
        r"} n_\pm \text{ do not increase}",
        assumptions=[Assumption("equal", r"(w_s, b_s) = (w_{s'}, b_{s'})")],
        source=Source("arXiv:2405.17501", "Definition 4.4 and Proposition 4.1 for two layers; any depth: ours"),
        refuted_by="A critical point with two equal neurons that stops being critical when they are merged.",
        checks=[
            exactly(
                "planted-wide",
                check_merging,
                lambda context: places(((1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (2, 1, 2), (1, 1, 1, 1))),
                {"twins": True},
                [Control("unequal neurons", twins=False)],
                scope="critical points planted at wide networks with two equal neurons, not images of an embedding",
                examples=10,
            ),
            Check(
                "inverse",
                evidence="exact",
                covers="instances",
                scope="any depth: merge after split and remove after null give theta back",
                run=check_undoing,
                instances=lambda context: places(),
                **ANYWHERE,
                parameters={"alpha": lambda alpha: alpha},
                controls=[Control("shares that do not add up", alpha=lambda alpha: alpha + 1)],
            ),
        ],
        probes=[Probe(drops="equal", instances=lambda context: places(((1, 1, 1), (2, 1, 2))), parameters={"twins": False})],
    ),
    Claim(
        id="embedding.sgd-symmetry",
        title="Equal copies stay equal under gradient descent",
        kind="extension",
        statement=r"\alpha = \tfrac12:\ \text{gradient descent, with any minibatches, started at } T^{1/2}\theta \text{ "
        r"keeps the copies equal}",
        assumptions=[Assumption("half", r"\alpha = \tfrac12")],
        source=Source(NEURIPS, "Theorem 1 (ours: the range of M is the symmetric subspace)"),
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="A step after which the copies differ.",
        checks=[
            exactly(
                "rational-steps",
                check_sgd,
                lambda context: places(((1, 1, 1), (1, 2, 1), (2, 1, 2), (1, 1, 1, 1))),
                {"alpha": Fraction(1, 2)},
                [Control("alpha = 1/3", alpha=Fraction(1, 3))],
                scope="steps on single samples in rational arithmetic",
                distribution=DISTRIBUTION,
            ),
            in_floats(
                "long-runs",
                check_sgd_in_floats,
                lambda context: [((2, 2, 2), 0), ((1, 2, 2, 1), 1)],
                {"alpha": Fraction(1, 2)},
                [Control("alpha = 1/3", alpha=Fraction(1, 3))],
                scope="tanh networks, minibatches of 4, learning rate 0.05",
                tolerance="eps |theta|_max: the copies take the same operations in the same order",
            ),
        ],
        probes=[Probe(drops="half", instances=lambda context: places(((1, 1, 1),)), parameters={"alpha": Fraction(1, 3)})],
    ),
]
