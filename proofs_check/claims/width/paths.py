"""The embedding principle along paths of one-step embeddings: every order of them, every architecture, every set of copies."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Source
from proofs_check.adequacy.width import null_neurons
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import characteristic, hessians, spectra
from proofs_check.claims.width._places import DISTRIBUTION, JML, NEURIPS, exactly, in_floats, places
from proofs_check.claims.width._points import planted_in_floats, some_place, split_or_null
from proofs_check.claims.width._twins import duplicate
from proofs_check.proving import formal_check
from theory.embedding import compose, copies, embed_along, permutation, split
from theory.embedding.graph import architecture_graph, count_paths
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# ----------------------------------------------------------------------------------------------- embedding.principle


def check_principle(instance, *, step, context) -> Outcome:
    """Along every path of one-step embeddings between two architectures, a planted critical point stays critical with its outputs."""
    from numerics.hessian import gradient

    narrow, wide, replicate = instance
    rng = context.rng(replicate)
    place = some_place(narrow, rng)
    data, graph = place.planted(), architecture_graph(narrow, wide)
    outputs = place.model(place.theta, data[0])
    frontier, cases = {narrow: [(place.model, place.theta)]}, 0
    for node in sorted(graph, key=sum):
        for model, theta in frontier[node]:
            for _, target, layer in graph.out_edges(node, data="layer"):
                embedding = step(model, layer, rng)
                point = embedding(theta)
                slope = gradient(embedding.wide, point, data)
                found = agree(instance, critical=(0 * slope, slope), output=(outputs, embedding.wide(point, data[0])))
                if found.message:
                    return found
                cases += 1
                frontier.setdefault(target, []).append((embedding.wide, point))
    paths = len(frontier[wide])
    if paths != count_paths(narrow, wide):
        return Outcome.fails(f"expected {count_paths(narrow, wide)} paths, walked {paths}", counterexample={"instance": instance})
    return Outcome.holds(cases, figures=[_drawn_graph(graph)] if replicate == 0 else [])


def _drawn_graph(graph):
    name = lambda node: "-".join(map(str, node))
    nodes = [{"id": name(node), "label": name(node), "group": sum(node)} for node in graph]
    edges = [(name(a), name(b)) for a, b in graph.edges]
    alt = f"{len(nodes)} width vectors from {nodes[0]['id']} to {nodes[-1]['id']}, an edge for every added neuron"
    return Figure("graph", "Architectures and one-step embeddings", alt, {"nodes": nodes, "edges": edges})


def duplicated(model, layer, rng):
    return duplicate(model, layer, 0, Fraction(1))


def walks(context):
    few = [((1, 1, 1), (1, 3, 1)), ((1, 1, 1, 2), (1, 2, 3, 2)), ((2, 1, 2), (2, 3, 2))]
    more = [((1, 2, 1, 2), (1, 3, 3, 2)), ((1, 1, 1, 1, 1), (1, 2, 2, 2, 1))]
    pairs = context.by_level(quick=few, standard=few + more, full=(few + more) * 10)
    return [(*pair, replicate) for replicate, pair in enumerate(pairs)]


def check_principle_in_floats(instance, *, step, context) -> Outcome:
    """A random path for a planted tanh network: gradient and outputs at its end, up to rounding."""
    from numerics.hessian import gradient

    narrow, wide, replicate = instance
    rng, model, theta, data = planted_in_floats(narrow, replicate, context, size=0.3)
    x, start = data[0], model(theta, data[0])
    for layer in rng.permutation([l for l, (a, b) in enumerate(zip(narrow, wide, strict=True)) for _ in range(b - a)]):
        embedding = step(model, int(layer), rng)
        model, theta = embedding.wide, embedding(theta)
    observed = np.concatenate([gradient(model, theta, data), (model(theta, x) - start).ravel()])
    size = (1 + np.abs(theta).max()) ** (2 * len(narrow) - 2) * np.abs(x).max()
    return within(instance, observed, rounding(model.n_params + len(x), size), "gradient and change of outputs")


# ------------------------------------------------------------------------------------------- embedding.compose.paths


def check_paths(place, *, reorder, context) -> Outcome:
    """The same splits in every order are the same maps A, c and M; within one layer after the new neurons change places."""
    model, order = place.model, range(1, len(place.widths) - 1)
    steps = [("split", l, 0, place.alpha + l) for l in order]
    whole = embed_along(model, steps)
    across = [embed_along(model, chosen).same_map(whole) for chosen in permutations(steps)]
    l, width = place.layer, place.widths[place.layer]
    pairs = {"across_layers": ([True] * len(across), across)}
    if width > 1:
        one = embed_along(model, [("split", l, 0, place.alpha), ("split", l, 1, place.alpha + 1)])
        other = embed_along(model, [("split", l, 1, place.alpha + 1), ("split", l, 0, place.alpha)])
        pairs["within_a_layer"] = (True, reorder(other, l, width).same_map(one))
    return agree(place, **pairs)


def newcomers_swapped(embedding, layer, width):
    return compose(embedding, permutation(embedding.wide, layer, [*range(width), width + 1, width]))


def check_reachable(instance, *, reach, context) -> Outcome:
    """Copies with coefficients beta of sum 1 by one-step splits: peel the last one off, another neuron first where the rest vanishes."""
    model, beta = FullyConnected((2, 2, 2), "ratsig4"), [Fraction(k, 3) for k in instance]
    beta[0] = 1 - sum(beta[1:], start=Fraction(0))
    embedding, order = reach(model, beta)
    return agree(beta, map=(True, compose(embedding, permutation(embedding.wide, 1, order)).same_map(copies(model, 1, 0, beta))))


def by_splits(model, beta):
    """Splits whose composition is ``copies`` with ``beta`` up to the order of the copies.

    The coefficients are listed so that no partial sum from the front vanishes before a non-zero one is due; each split takes from the first
    copy what all later ones need.
    """
    order = _without_vanishing_sums(beta)
    places, steps, sums = [0], [], np.cumsum([beta[k] for k in order]).tolist()
    for k in range(len(order) - 1, 0, -1):
        steps.append(("split", 1, 0, Fraction(0) if sums[k] == 0 else beta[order[k]] / sums[k]))
    places = [order[0], *reversed(order[1:])]
    return embed_along(model, steps), _placement(model, places)


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


def coefficient_vectors(context):
    from hypothesis import strategies as st

    return st.lists(st.integers(-4, 4), min_size=2, max_size=4)


# ---------------------------------------------------------------------------------------------- embedding.permutation


def check_permutation(place, *, partner, context) -> Outcome:
    """T^alpha and T^(1 - alpha) differ by exchanging the copies, so their Hessians have one characteristic polynomial."""
    one = split(place.model, place.layer, place.neuron, place.alpha)
    other = split(place.model, place.layer, place.neuron, partner(place.alpha))
    order = list(range(place.widths[place.layer] + 1))
    order[place.neuron], order[-1] = order[-1], order[place.neuron]
    data = place.data(2)
    polynomials = [str(characteristic(hessians(embedding, place.theta, data)[1])) for embedding in (one, other)]
    return agree(
        place,
        map=(True, compose(other, permutation(other.wide, place.layer, order)).same_map(one)),
        characteristic_polynomial=tuple(polynomials),
    )


def check_spectra(instance, *, partner, context) -> Outcome:
    """The two spectra in floats, at a tanh network that is not critical."""
    from numerics.hessian.inertias import float_tolerance

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, data = rng.normal(size=model.n_params), (rng.normal(size=(9, widths[0])), rng.normal(size=(9, widths[-1])))
    one, other = (spectra(split(model, 1, 0, value), theta, data)[1] for value in (alpha, partner(alpha)))
    return within(instance, one - other, float_tolerance(one), "difference of the spectra")


def float_places(context):
    shapes = [(1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (2, 3, 2), (2, 2, 2, 2)]
    count = context.by_level(quick=2, standard=20, full=100)
    return [(widths, Fraction(3 * k % 17 - 6, 5), k) for k, widths in enumerate(shapes * count)]


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.principle",
        title="Embedding principle: wide networks contain the critical functions of narrow ones",
        statement=r"\text{for every narrower network an embedding maps each critical point to a critical point of the same "
        r"output function: } "
        r"\mathcal{F}^c_{narrow} \subset \mathcal{F}^c_{wide}",
        source=Source(NEURIPS, "Theorem 1; 2111.15527, Theorem 4.3 and Corollary 4.1"),
        depends_on=["embedding.splitting.criticality", "embedding.null.criticality"],
        refuted_by="A critical point of a narrow network and a path of embeddings that loses its output or its criticality.",
        checks=[
            exactly(
                "all-paths",
                check_principle,
                walks,
                {"step": split_or_null},
                [Control("neurons duplicated", step=duplicated)],
                scope="all paths between two architectures, splits and null neurons at random on their edges, planted points",
            ),
            in_floats(
                "random-paths",
                check_principle_in_floats,
                lambda context: [(*pair, k) for k, pair in enumerate([((2, 1, 2), (2, 5, 2)), ((2, 2, 1, 2), (2, 4, 3, 2))] * 3)],
                {"step": split_or_null},
                [Control("neurons duplicated", step=duplicated)],
                scope="planted tanh networks, four new neurons",
            ),
            formal_check("width/null.v", "embedding_principle", false="wider in some layers, narrower in others", adequate=null_neurons),
        ],
    ),
    Claim(
        id="embedding.permutation",
        title="The splits alpha and 1 - alpha have the same spectrum",
        kind="extension",
        statement=r"T^{1-\alpha}_{l,s} = \pi T^\alpha_{l,s} \text{ with the transposition } \pi \text{ of the copies; "
        r"the Hessians have one spectrum}",
        source=Source(NEURIPS, "Definition 5 (ours)"),
        depends_on=["embedding.splitting.output"],
        refuted_by="An alpha whose Hessian has another spectrum than that of 1 - alpha.",
        checks=[
            exactly(
                "maps-and-polynomials",
                check_permutation,
                lambda context: places(),
                {"partner": lambda alpha: 1 - alpha},
                [Control("alpha and -alpha", partner=lambda alpha: -alpha - 1)],
                scope="equality of A, c, M and of characteristic polynomials, points that are not critical",
                distribution=DISTRIBUTION,
            ),
            in_floats(
                "spectra",
                check_spectra,
                float_places,
                {"partner": lambda alpha: 1 - alpha},
                [Control("alpha and -alpha", partner=lambda alpha: -alpha - 1)],
                scope="tanh networks of two and three layers",
                tolerance="64 P eps |lambda|_max (Weyl)",
            ),
        ],
    ),
    Claim(
        id="embedding.compose.paths",
        title="Splits commute, and reach all copies",
        kind="extension",
        statement=r"\text{splits of different neurons commute (within a layer up to exchanging the new neurons); every } "
        r"\beta \in \mathbb{R}^n,\ "
        r"\sum \beta_c = 1, \text{ is reached by one-step splits}",
        source=Source(JML, "Definitions 4.5 and 4.6 for composition; commutation is ours"),
        depends_on=["embedding.permutation"],
        refuted_by="Two orders of the same splits with different maps.",
        checks=[
            exactly(
                "orders",
                check_paths,
                lambda context: places(((1, 2, 1), (2, 2, 2), (1, 2, 1, 2), (2, 2, 2, 1), (1, 1, 2, 1, 2))),
                {"reorder": newcomers_swapped},
                [Control("new neurons not exchanged", reorder=lambda embedding, layer, width: embedding)],
                scope="all orders of one split in every layer, both orders within a layer; A, c and M",
                distribution=DISTRIBUTION,
            ),
            Check(
                "every-vector",
                evidence="exact",
                covers="instances",
                scope="two to four copies, coefficients k/3 of sum 1, zeros and negatives included",
                run=check_reachable,
                instances=coefficient_vectors,
                distribution="integers -4 .. 4 by hypothesis",
                parameters={"reach": by_splits},
                controls=[Control("shares of the whole", reach=by_splits_unscaled)],
                examples={"quick": 50, "standard": 300, "full": 2000},
            ),
        ],
    ),
]
