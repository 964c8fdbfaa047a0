"""The embedding principle along paths of one-step embeddings: every order of them, every architecture, every set of copies."""

from fractions import Fraction
from itertools import permutations

import numpy as np

from numerics.hessian import gradient
from numerics.hessian.inertias import float_tolerance
from proofs_check import Figure, a_seed, axes, by_level, claim, draws, false
from proofs_check.adequacy.width import exchange, null_neurons
from proofs_check.judging import bounded, equal, worst
from theory.embedding import compose, copies, embed_along, permutation, split
from theory.embedding.graph import architecture_graph, count_paths
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import ANY_SIGMA, BACKWARD, JML, NEURIPS, TWICE
from ._instances import FRACTIONS, fraction_of, in_floats, inner, place_in, planted_in_floats, some_place, split_or_null
from ._measures import characteristic, hessians, rounding, spectra
from ._twins import duplicate

PRINCIPLE = claim(
    "embedding.principle",
    "Embedding principle: wide networks contain the critical functions of narrow ones",
    r"\text{for every narrower network an embedding maps each critical point to a critical point of the same output function}",
    clauses={
        "embeds": r"\mathcal{F}^c_{narrow} \subset \mathcal{F}^c_{wide},\ \mathcal{F}^c \text{ the output functions of critical points}",
        "paths": r"\text{along every path of one-step embeddings, } K! / \prod_l K_l! \text{ of them}",
    },
    symbols={r"\mathcal{F}^c": "output functions of critical points", "K": "neurons added, K_l in layer l"},
    assumptions=[ANY_SIGMA],
    source=NEURIPS.at("Theorem 1; 2111.15527, Theorem 4.3 and Corollary 4.1"),
    depends_on=["embedding.splitting.criticality", "embedding.null.criticality"],
    refuted_by="A critical point of a narrow network and a path of embeddings that loses its output or its criticality.",
)

PAIRS = axes(
    case=by_level(
        (((1, 1, 1), (1, 3, 1)), ((1, 1, 1, 2), (1, 2, 3, 2)), ((2, 1, 2), (2, 3, 2))),
        (
            ((1, 1, 1), (1, 3, 1)),
            ((1, 1, 1, 2), (1, 2, 3, 2)),
            ((2, 1, 2), (2, 3, 2)),
            ((1, 2, 1, 2), (1, 3, 3, 2)),
            ((1, 1, 1, 1, 1), (1, 2, 2, 2, 1)),
        ),
    ),
    full=10,
)


def duplicated(model, layer, rng):
    return duplicate(model, layer, 0, Fraction(1))


@PRINCIPLE.check(
    "exact", a_seed, PAIRS, clauses=("embeds", "paths"), distribution="planted; splits and null neurons at random on the edges"
)
@false("neurons duplicated", step=duplicated)
@false("one path fewer", formula=lambda narrow, wide: count_paths(narrow, wide) - 1)
def all_paths(cell, seed, *, step=split_or_null, formula=count_paths, context):
    """Along every path between two architectures a planted critical point stays critical with its outputs."""
    rng, (narrow, wide) = context.rng(seed), cell.case
    place = some_place(narrow, rng)
    data, graph = place.planted(), architecture_graph(narrow, wide)
    outputs, found = place.model(place.theta, data[0]), []
    frontier = {narrow: [(place.model, place.theta)]}
    for node in sorted(graph, key=sum):
        for model, theta in frontier[node]:
            for _, target, layer in graph.out_edges(node, data="layer"):
                embedding = step(model, layer, rng)
                point = embedding(theta)
                slope = gradient(embedding.wide, point, data)
                found.append(equal(critical=(0 * slope, slope), output=(outputs, embedding.wide(point, data[0])), shown={"place": place}))
                frontier.setdefault(target, []).append((embedding.wide, point))
    figures = [_drawn_graph(graph)] if narrow == (1, 1, 1, 2) else []
    return worst([*found, equal(paths=(formula(narrow, wide), len(frontier[wide])))], figures=figures)


def _drawn_graph(graph):
    name = lambda node: "-".join(map(str, node))
    nodes = [{"id": name(node), "label": name(node), "group": sum(node)} for node in graph]
    edges = [(name(a), name(b)) for a, b in graph.edges]
    alt = f"{len(nodes)} width vectors from {nodes[0]['id']} to {nodes[-1]['id']}, an edge for every added neuron"
    return Figure("graph", "Architectures and one-step embeddings", alt, {"nodes": nodes, "edges": edges})


RANDOM = axes(case=(((2, 1, 2), (2, 5, 2)), ((2, 2, 1, 2), (2, 4, 3, 2))), quick=3, standard=20, full=100)


@PRINCIPLE.check(
    "property", a_seed, RANDOM, clauses="embeds", tolerance=BACKWARD, distribution="tanh, normal, planted with |residual| = 0.3"
)
@false("neurons duplicated", step=duplicated)
def random_paths(cell, seed, *, step=split_or_null, context):
    """A random path of four new neurons for a planted tanh network: gradient and outputs at its end."""
    rng, (narrow, wide) = context.rng(seed), cell.case
    model, theta, data = planted_in_floats(narrow, rng, deviations=(1, 1), size=0.3)
    x, start = data[0], model(theta, data[0])
    for layer in rng.permutation([l for l, (a, b) in enumerate(zip(narrow, wide, strict=True)) for _ in range(b - a)]):
        embedding = step(model, int(layer), rng)
        model, theta = embedding.wide, embedding(theta)
    observed = np.concatenate([gradient(model, theta, data), (model(theta, x) - start).ravel()])
    size = (1 + np.abs(theta).max()) ** (2 * len(narrow) - 2) * np.abs(x).max()
    return bounded("gradient and change of outputs", observed, rounding(model.n_params + len(x), size), theta=theta)


PRINCIPLE.formal(
    "width/null.v", "embedding_principle", false="wider in some layers, narrower in others", adequate=null_neurons, clauses="embeds"
)


TRANSPOSED = claim(
    "embedding.permutation",
    "The splits alpha and 1 - alpha have the same spectrum",
    r"T^{1-\alpha} = \pi T^\alpha \text{ with the transposition } \pi \text{ of the copies; the Hessians have one spectrum}",
    clauses={
        "map": r"T^{1-\alpha} = \pi T^\alpha",
        "spectrum": r"\operatorname{spec} H'(T^\alpha\theta) = \operatorname{spec} H'(T^{1-\alpha}\theta)",
    },
    symbols={"T": "the split", r"\alpha": "its fraction", r"\pi": "the transposition of the two copies", "H'": "the wide Hessian"},
    assumptions=[TWICE],
    kind="extension",
    source=NEURIPS.at("Definition 5 (ours)"),
    depends_on=["embedding.splitting.output"],
    refuted_by="An alpha whose Hessian has another spectrum than that of 1 - alpha.",
)

MAPS = axes(
    widths=by_level(((2, 2, 2), (1, 2, 1, 2)), ((2, 2, 2), (1, 2, 1, 2), (2, 2, 2, 1), (1, 1, 2, 1, 2))),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@TRANSPOSED.check("exact", place_in, MAPS, clauses="map")
@false("alpha and -alpha - 1", partner=lambda alpha: -alpha - 1)
@false("the copies not exchanged", exchange=False)
def maps(cell, place, *, partner=lambda alpha: 1 - alpha, exchange=True, context):
    """Equality of A, c and G."""
    one = split(place.model, place.layer, place.neuron, place.alpha)
    other = split(place.model, place.layer, place.neuron, partner(place.alpha))
    order = list(range(place.widths[place.layer] + 1))
    if exchange:
        order[place.neuron], order[-1] = order[-1], order[place.neuron]
    return equal(same=(True, compose(other, permutation(other.wide, place.layer, order)).same_map(one)), shown={"place": place})


POLYNOMIALS = axes(
    widths=by_level(((1, 1, 2), (1, 1, 1, 1)), ((1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (1, 1, 1, 1, 1))),
    layer=(1, 2),
    alpha=("0", "inside", "above 1"),
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@TRANSPOSED.check("exact", place_in, POLYNOMIALS, clauses="spectrum")
@false("alpha and -alpha - 1", partner=lambda alpha: -alpha - 1)
def polynomials(cell, place, *, partner=lambda alpha: 1 - alpha, context):
    """Characteristic polynomials over the rationals, at points that are not critical."""
    data = place.data(2)
    one, other = (
        characteristic(hessians(split(place.model, place.layer, place.neuron, alpha), place.theta, data)[1])
        for alpha in (place.alpha, partner(place.alpha))
    )
    return equal(polynomial=(one.coeffs(), other.coeffs()), shown={"place": place})


@TRANSPOSED.check(
    "property",
    a_seed,
    axes(widths=((1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (2, 2, 2, 2)), alpha=FRACTIONS, standard=10, full=50),
    clauses="spectrum",
    tolerance="64 P eps |lambda|_max (Weyl)",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3",
)
@false("alpha and -alpha - 1", partner=lambda alpha: -alpha - 1)
def in_double_precision(cell, seed, *, partner=lambda alpha: 1 - alpha, context):
    """The two spectra of tanh networks that are not critical."""
    rng = context.rng(seed)
    model, theta, data = in_floats(cell.widths, rng)
    alpha = fraction_of(cell.alpha, rng)
    one, other = (spectra(split(model, 1, 0, value), theta, data)[1] for value in (alpha, partner(alpha)))
    return bounded("difference of the spectra", one - other, float_tolerance(one), alpha=alpha)


TRANSPOSED.formal("width/exchange.v", "embedding_permutation", false="alpha in place of 1 - alpha", adequate=exchange, clauses="map")
TRANSPOSED.formal(
    "width/exchange.v",
    "embedding_permutation_hessian",
    false="the same Hessian without the exchange",
    adequate=exchange,
    clauses="spectrum",
    part="the Hessians are carried into one another by the exchange of the copies",
)


PATHS = claim(
    "embedding.compose.paths",
    "Splits commute, and reach all copies",
    r"\text{splits of different neurons commute (within a layer up to exchanging the new neurons); every } \beta \in \mathbb{R}^n,\ "
    r"\sum \beta_c = 1, \text{ is reached by one-step splits}",
    clauses={
        "across": r"\text{splits in different layers commute}",
        "within": r"\text{splits of different neurons of one layer commute up to exchanging the new neurons}",
        "reach": r"\text{copies with any coefficients } \beta \in \mathbb{R}^n,\ \sum \beta_c = 1, \text{ are compositions of "
        r"one-step splits, up to "
        r"their order}",
    },
    symbols={r"\beta": "coefficients of the copies of a neuron"},
    kind="extension",
    source=JML.at("Definitions 4.5 and 4.6 for composition; commutation is ours"),
    depends_on=["embedding.permutation"],
    refuted_by="Two orders of the same splits with different maps.",
)

ORDERS = axes(
    widths=((1, 2, 1), (2, 2, 2), (1, 2, 2, 2), (2, 2, 2, 1), (1, 2, 2, 2, 2)),
    layer=(1, 2, 3),
    alpha=by_level(("0", "1", "above 1"), FRACTIONS),
    where=lambda widths, layer: inner(widths, layer),
    full=10,
)


def newcomers_swapped(embedding, layer, width):
    return compose(embedding, permutation(embedding.wide, layer, [*range(width), width + 1, width]))


@PATHS.check("exact", place_in, ORDERS, clauses=("across", "within"))
@false("new neurons not exchanged", reorder=lambda embedding, layer, width: embedding)
@false("one fraction for both", second=0)
def orders(cell, place, *, reorder=newcomers_swapped, second=1, context):
    """All orders of one split in every layer, both orders within a layer: A, c and G."""
    model, l, width = place.model, place.layer, place.widths[place.layer]
    steps = [("split", k, 0, place.alpha + k) for k in range(1, len(place.widths) - 1)]
    whole = embed_along(model, steps)
    across = [embed_along(model, chosen).same_map(whole) for chosen in permutations(steps)]
    one = embed_along(model, [("split", l, 0, place.alpha), ("split", l, 1, place.alpha + 1)])
    other = embed_along(model, [("split", l, 1, place.alpha + second), ("split", l, 0, place.alpha)])
    return equal(across=([True] * len(across), across), within=(True, reorder(other, l, width).same_map(one)), shown={"place": place})


def by_splits(model, beta):
    """Splits whose composition is ``copies`` with ``beta`` up to the order of the copies.

    The coefficients are listed so that no partial sum from the front vanishes before a non-zero one is due; each split takes from the first
    copy what all later ones need.
    """
    order = _without_vanishing_sums(beta)
    steps, sums = [], np.cumsum([beta[k] for k in order]).tolist()
    for k in range(len(order) - 1, 0, -1):
        steps.append(("split", 1, 0, Fraction(0) if sums[k] == 0 else beta[order[k]] / sums[k]))
    return embed_along(model, steps), _placement(model, [order[0], *reversed(order[1:])])


def _without_vanishing_sums(beta):
    for order in permutations(range(len(beta))):
        sums = np.cumsum([beta[k] for k in order]).tolist()
        if all(total != 0 or not any(sums[:k]) and not beta[order[k]] for k, total in enumerate(sums)):
            return list(order)
    raise AssertionError("some order has no vanishing partial sum, as the whole is 1")


def _placement(model, places):
    """The permutation that brings copy number places[i], made i-th, to the place where ``copies`` puts it."""
    width = wiring(model, 1).width
    slots = [0, *range(width, width + len(places) - 1)]
    order = list(range(width + len(places) - 1))
    for made, copy in enumerate(places):
        order[slots[copy]] = slots[made]
    return order


def by_splits_unscaled(model, beta):
    """Every split takes beta_k of what is there, rather than of what is left."""
    steps = [("split", 1, 0, value) for value in beta[1:]]
    return embed_along(model, steps), _placement(model, list(range(len(beta))))


VECTORS = axes(copies=(2, 3, 4), zeros=(0, 1, 2), where=lambda copies, zeros: zeros < copies, quick=5, standard=30, full=200)


def coefficients(cell, rng):
    """Coefficients k/3 of sum 1 with so many zeros, at any places."""
    while True:
        values = [Fraction(int(k), 3) for k in draws.nonzero(rng, cell.copies - cell.zeros - 1)]
        values.append(1 - sum(values, start=Fraction(0)))
        if all(values):
            values += [Fraction(0)] * cell.zeros
            return [values[k] for k in rng.permutation(len(values))]


@PATHS.check("exact", coefficients, VECTORS, clauses="reach", distribution="coefficients k/3 of sum 1, zeros and negatives at all places")
@false("shares of the whole", reach=by_splits_unscaled)
def every_vector(cell, beta, *, reach=by_splits, context):
    """The composition and the copies are one map, after the copies are put in order."""
    model = FullyConnected((2, 2, 2), "ratsig4")
    embedding, order = reach(model, beta)
    return equal(
        same=(True, compose(embedding, permutation(embedding.wide, 1, order)).same_map(copies(model, 1, 0, beta))), shown={"beta": beta}
    )


PATHS.formal(
    "width/merging.v",
    "embedding_compose_paths_across",
    false="the fractions exchanged with the order",
    adequate=exchange,
    clauses="across",
)
PATHS.formal("width/merging.v", "embedding_compose_paths_within", false="new neurons not exchanged", adequate=exchange, clauses="within")
