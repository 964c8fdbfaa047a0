r"""The embedding principle for whole networks: compatible embeddings, paths of one-step embeddings, the way back, channels, limits.

A compatible embedding copies neurons as an index map I_l says, with coefficients \alpha and multipliers \beta; splits, multiple copies and null
neurons are special cases. Its gradient map is \nabla R(T\theta)_{ij} = \beta_i \nabla R(\theta)_{I(i) I(j)}.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import DISTRIBUTION, JML, NEURIPS, PLANTED, agree, places, some_place, within
from theory.embedding import (
    Layer,
    compatible,
    compose,
    copies,
    draw_layers,
    embed_along,
    merge,
    permutation,
    split,
    three_fold,
    two_fold_null,
)
from theory.embedding.merging import unchecked_merge
from theory.embedding.onestep import unchecked_copies
from theory.embedding.wiring import layers, wiring
from theory.models import FullyConnected, TwoLayerCNN

# ------------------------------------------------------------------------------- compatible embeddings and two families


def check_embedding(place, *, build, change, context) -> Outcome:
    """Outputs, the gradient image at any point, A^T M = I, and an exact critical point mapped to one."""
    from numerics.hessian import gradient
    from theory.embedding.affine import identity

    embedding = change(build(place))
    theta, data, planted = embedding(place.theta), place.data(1), place.planted()
    narrow, wide = gradient(place.model, place.theta, data), gradient(embedding.wide, theta, data)
    critical = gradient(embedding.wide, theta, planted)
    return agree(
        place,
        output=(place.model(place.theta, planted[0]), embedding.wide(theta, planted[0])),
        critical=(0 * critical, critical),
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params), embedding.matrix.T @ embedding.gradient_map),
    )


def check_embedding_in_floats(place, *, build, change, context) -> Outcome:
    """The same for tanh and normal weights: outputs and the gradient image, up to rounding."""
    from numerics.hessian import gradient

    place = place.at(activation="tanh")
    embedding = change(build(place))
    rng = context.rng(place.seed)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(4, place.widths[0]))
    data = x, rng.normal(size=(4, place.widths[-1]))
    wide = embedding(theta)
    image = embedding.gradient_map.apply(gradient(place.model, theta, data))
    difference = np.concatenate([gradient(embedding.wide, wide, data) - image, (embedding.wide(wide, x) - place.model(theta, x)).ravel()])
    # Every layer sums at most P products of weights up to |T theta|_max and passes rounding on with their sizes.
    size = 1 + max(np.abs(wide).max(), np.abs(embedding.gradient_map.dense(float)).max())
    tolerance = 64 * embedding.wide.n_params * np.finfo(float).eps * size ** (2 * len(place.widths) - 2)
    return within(place, difference, tolerance, "outputs and gradients")


def drawn(place):
    """Copies and null neurons in random places, with random coefficients that satisfy all conditions."""
    rng, sources = np.random.default_rng([place.seed, 2]), []
    for width in place.widths[1:-1]:
        extra = [None if rng.random() < 0.4 else int(rng.integers(width)) for _ in range(rng.integers(1, 3))]
        source = [*range(width), *extra]
        sources.append([source[k] for k in rng.permutation(len(source))])
    return compatible(place.model, draw_layers(place.model, sources, rng))


def unchanged(embedding):
    return embedding


def forward_dropped(embedding):
    """One wide weight of the last layer half as large: the sum over the copies of its source changes."""
    place, value = next((place, value) for place, value in _last_layer(embedding) if value)
    return embedding.with_matrix({place: value / 2})


def backward_dropped(embedding):
    """A share moved from one copy to another for the first target only: forward sums stay, backward sums do not."""
    by_source: dict[int, list] = {}
    for (i, j), value in _last_layer(embedding):
        by_source.setdefault(j, []).append(((i, j), value))
    pairs = [group for group in by_source.values() if len(group) > 1]
    if not pairs:
        return embedding
    (first, a), (second, b) = pairs[0][:2]
    return embedding.with_matrix({first: a + 1, second: b - 1})


def _last_layer(embedding):
    weights = set(map(int, layers(embedding.wide)[-1][0].ravel()))
    return [(place, value) for place, value in sorted(embedding.matrix.entries.items()) if place[0] in weights]


def corrections_omitted(embedding):
    """Biases of effective neurons not corrected for what constant neurons send."""
    from dataclasses import replace

    corrected = {i for (i, _) in embedding.matrix.entries}
    return replace(embedding, offset={i: value for i, value in embedding.offset.items() if i not in corrected})


EMBEDDING_CONTROLS = [
    Control("forward condition dropped", change=forward_dropped),
    Control("backward condition dropped", change=backward_dropped),
]


def check_undefined_network(_, *, change, context) -> Outcome:
    """[1, 1, 1, 1] to [1, 2, 2, 1], every coefficient a symbol: outputs and tangents as polynomials in undefined values of sigma."""
    from numerics.tape import tangents
    from theory.embedding.symbolic import Undefined, polynomial_ring

    names = ["W1", "b1", "W2", "b2", "W3", "b3", "x", "a", "b", "t"]
    symbols, pool = polynomial_ring(names, 16)
    a, b, t = (symbols[name] for name in "abt")
    model = FullyConnected((1, 1, 1, 1), Undefined(pool))
    theta = np.array([symbols[name] for name in names[:6]], dtype=object)
    share, noise = np.array([[1 - a, a]] * 2, dtype=object), np.array([[b, -b], [b - 1, 1 - b]], dtype=object)
    parts = [
        Layer((0, 0), np.array([[1], [1]], dtype=object), np.zeros(2, dtype=object)),
        Layer((0, 0), share + noise * np.array([[t]], dtype=object), np.zeros(2, dtype=object)),
        Layer((0,), np.array([[1 - b, b]], dtype=object), np.zeros(1, dtype=object)),
    ]
    embedding = change(compatible(model, parts))
    x = np.array([[symbols["x"]]], dtype=object)
    (narrow, slopes), (wide, wide_slopes) = tangents(model, theta, x), tangents(embedding.wide, embedding(theta), x)
    return agree("any sigma", output=(narrow, wide), tangents=(embedding.gradient_map.apply(slopes[0, 0]), wide_slopes[0, 0]))


def shared_unevenly(embedding):
    """The two copies in the last layer get 1 and 0 instead of 1 - b and b; the multipliers stay."""
    shares = zip(_last_layer(embedding), (Fraction(1), Fraction(0)), strict=False)
    return embedding.with_matrix({place: value for (place, _), value in shares})


def two_signs(model):
    """Three copies with signs (1, 1, 1): the last layer sums to three times the output."""
    embedding = three_fold(model)
    return embedding.with_matrix({place: abs(value) for place, value in embedding.matrix.entries.items()})


def null_biases(place):
    return [[place.alpha + k for k in range(width)] for width in place.widths[1:-1]]


FOLDS = ((1, 2, 1), (2, 1, 2), (1, 1, 1, 1), (2, 1, 1, 1), (1, 1, 1, 2))

# ------------------------------------------------------------------------------- principle, paths, permutation


def check_principle(instance, *, step, context) -> Outcome:
    """Along every path of one-step embeddings between two architectures, a planted critical point stays critical with its outputs."""
    from numerics.hessian import gradient
    from theory.embedding.graph import architecture_graph, count_paths

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


def split_or_null(model, layer, rng):
    from theory.embedding.graph import one_step

    number = Fraction(int(rng.integers(-5, 6)), 3)
    neuron = int(rng.integers(wiring(model, layer).width))
    return one_step(model, ("null", layer, number) if rng.random() < 0.4 else ("split", layer, neuron, number))


def duplicated(model, layer, rng):
    return instances.duplicate(model, layer, 0, Fraction(1))


def walks(context):
    few = [((1, 1, 1), (1, 3, 1)), ((1, 1, 1, 2), (1, 2, 3, 2)), ((2, 1, 2), (2, 3, 2))]
    more = [((1, 2, 1, 2), (1, 3, 3, 2)), ((1, 1, 1, 1, 1), (1, 2, 2, 2, 1))]
    pairs = context.by_level(quick=few, standard=few + more, full=(few + more) * 10)
    return [(*pair, replicate) for replicate, pair in enumerate(pairs)]


def check_principle_in_floats(instance, *, step, context) -> Outcome:
    """A random path for a planted tanh network: gradient and outputs at its end, up to rounding."""
    from numerics.hessian import gradient
    from numerics.planting import plant

    narrow, wide, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(narrow)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(2 * model.n_params, narrow[0]))
    data = plant(model, theta, x, size=0.3, seed=replicate)
    start = model(theta, x)
    for layer in rng.permutation([l for l, (a, b) in enumerate(zip(narrow, wide, strict=True)) for _ in range(b - a)]):
        embedding = step(model, int(layer), rng)
        model, theta = embedding.wide, embedding(theta)
    observed = np.concatenate([gradient(model, theta, data), (model(theta, x) - start).ravel()])
    size = (1 + np.abs(theta).max()) ** (2 * len(narrow) - 2) * np.abs(x).max()
    return within(instance, observed, 64 * (model.n_params + len(x)) * np.finfo(float).eps * size, "gradient and change of outputs")


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


def check_permutation(place, *, partner, context) -> Outcome:
    """T^alpha and T^(1 - alpha) differ by exchanging the copies, so their Hessians have one characteristic polynomial."""
    from numerics.exact import rationals
    from numerics.hessian import hessian

    one = split(place.model, place.layer, place.neuron, place.alpha)
    other = split(place.model, place.layer, place.neuron, partner(place.alpha))
    order = list(range(place.widths[place.layer] + 1))
    order[place.neuron], order[-1] = order[-1], order[place.neuron]
    data = place.data(2)
    curvatures = [rationals(hessian(embedding.wide, embedding(place.theta), data)) for embedding in (one, other)]
    return agree(
        place,
        map=(True, compose(other, permutation(other.wide, place.layer, order)).same_map(one)),
        characteristic_polynomial=(_characteristic(curvatures[0]), _characteristic(curvatures[1])),
    )


def _characteristic(matrix):
    from flint import fmpq_mat

    return str(fmpq_mat(*matrix.shape, list(matrix.ravel())).charpoly())


def check_spectra(instance, *, partner, context) -> Outcome:
    """The two spectra in floats, at a tanh network that is not critical."""
    from numerics.hessian import hessian

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, data = rng.normal(size=model.n_params), (rng.normal(size=(9, widths[0])), rng.normal(size=(9, widths[-1])))
    embeddings = [split(model, 1, 0, value) for value in (alpha, partner(alpha))]
    spectra = [np.linalg.eigvalsh(hessian(e.wide, e(theta), data)) for e in embeddings]
    tolerance = 64 * embeddings[0].wide.n_params * np.finfo(float).eps * np.abs(spectra[0]).max()
    return within(instance, spectra[0] - spectra[1], tolerance, "difference of the spectra")


def float_places(context):
    shapes = [(1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (2, 3, 2), (2, 2, 2, 2)]
    count = context.by_level(quick=2, standard=20, full=100)
    return [(widths, Fraction(3 * k % 17 - 6, 5), k) for k, widths in enumerate(shapes * count)]


# ------------------------------------------------------------------------------- representation and reduction


def check_representation(place, *, build, context) -> Outcome:
    """span{f_j^[l], 1} of every layer before, after, and together: equal ranks mean equal spaces."""
    from numerics.exact import rank_rational
    from numerics.layers import trace

    embedding = build(place)
    x = place.samples(3 + 2 * max(embedding.wide.widths))
    narrow, wide = trace(place.model, place.theta, x), trace(embedding.wide, embedding(place.theta), x)
    ranks = []
    for before, after in zip(narrow.features, wide.features, strict=True):
        one = np.ones_like(before[:, :1])
        ranks.append([rank_rational(np.concatenate([*parts, one], axis=1)) for parts in ([before], [after], [before, after])])
    return agree(place, ranks=([[r[0]] * 3 for r in ranks], ranks))


def check_representation_in_floats(place, *, build, context) -> Outcome:
    from numerics.layers import trace
    from numerics.rank import float_rank

    place = place.at(activation="tanh")
    embedding = build(place)
    rng = context.rng(place.seed)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(40, place.widths[0]))
    narrow, wide = trace(place.model, theta, x), trace(embedding.wide, embedding(theta), x)
    ranks = []
    for before, after in zip(narrow.features, wide.features, strict=True):
        one = np.ones((len(x), 1))
        ranks.append([float_rank(np.concatenate([*parts, one], axis=1)).rank for parts in ([before], [after], [before, after])])
    if any(rank is None for row in ranks for rank in row):
        return Outcome.inconclusive(f"no clear gap among the singular values of the features: {ranks}", cases=1)
    return agree(place, ranks=([[r[0]] * 3 for r in ranks], ranks))


def fresh_neuron(place):
    """A new neuron with incoming weights of its own."""
    return instances.with_incoming_weights(place.model, place.layer, place.alpha)


def split_then_null(place):
    return embed_along(place.model, [("split", place.layer, place.neuron, place.alpha), ("null", place.layer, place.alpha)])


def check_merging(place, *, twins, context) -> Outcome:
    """A wide critical point, not an image: two neurons with equal incoming weights and arbitrary outgoing ones; merged it stays critical."""
    from numerics.hessian import gradient, gradient_and_hessian
    from numerics.inertia import exact_inertia

    l = place.layer
    wide = place.at(widths=(*place.widths[:l], place.widths[l] + 1, *place.widths[l + 1 :]), numerators=())
    rng = np.random.default_rng([place.seed, 3])
    wide = wide.at(numerators=tuple(map(int, rng.integers(1, 5, wide.model.n_params) * rng.choice([-1, 1], wide.model.n_params))))
    theta, lines = wide.theta.copy(), wiring(wide.model, l).incoming
    if twins:
        theta[lines[-1]] = theta[lines[0]]
    data = _planted_at(wide, theta)
    narrow, merged = unchecked_merge(wide.model, theta, l, (0, place.widths[l]))
    slope, curvature = gradient_and_hessian(narrow, merged, data)
    before, after = exact_inertia(gradient_and_hessian(wide.model, theta, data)[1]), exact_inertia(curvature)
    return agree(
        place,
        wide_gradient=(0 * theta, gradient(wide.model, theta, data)),
        output=(wide.model(theta, data[0]), narrow(merged, data[0])),
        gradient=(0 * slope, slope),
        no_more_negative=(True, after.negative <= before.negative),
        no_more_positive=(True, after.positive <= before.positive),
    )


def _planted_at(place, theta):
    from numerics.planting import plant

    return plant(place.model, theta, place.samples(place.enough), seed=place.seed)


def check_undoing(place, *, alpha, context) -> Outcome:
    """Merging the copies of a split, or removing a null neuron, gives back theta exactly."""
    from theory.embedding import null, remove

    model, l, s = place.model, place.layer, place.neuron
    embedding = unchecked_copies(model, l, s, (1 - place.alpha, alpha(place.alpha)))
    _, merged = merge(embedding.wide, embedding(place.theta), l, (s, place.widths[l]))
    nothing = null(model, l, place.alpha)
    _, removed = remove(nothing.wide, nothing(place.theta), l, place.widths[l])
    return agree(place, merged=(place.theta, merged), removed=(place.theta, removed))


# ------------------------------------------------------------------------------- channels


def check_channels(instance, *, construct, context) -> Outcome:
    """Splitting a channel of a rational CNN: outputs, the gradient image at any point, a planted critical point kept."""
    from numerics.exact import rationals
    from numerics.hessian import gradient
    from numerics.planting import plant

    inputs, kernel, sharing, alpha, replicate = instance
    model = TwoLayerCNN(inputs, kernel, 2, activation="ratsig4", sharing=sharing, bias=True, output_bias=True)
    rng = context.rng(replicate)
    theta = rationals([Fraction(int(k), 2) for k in rng.integers(1, 9, model.n_params) * rng.choice([-1, 1], model.n_params)])
    codes = rng.choice(31**inputs, model.n_params + 3, replace=False)
    x = rationals([[Fraction(int(code) // 31**axis % 31 - 15, 2) for axis in range(inputs)] for code in codes])
    embedding = construct(model, 1, 1, alpha)
    data, wide = plant(model, theta, x, seed=replicate), embedding(theta)
    other = x[:2], data[1][:2]
    return agree(
        instance,
        output=(model(theta, x), embedding.wide(wide, x)),
        gradient=(embedding.gradient_map.apply(gradient(model, theta, other)), gradient(embedding.wide, wide, other)),
        critical=(0 * wide, gradient(embedding.wide, wide, data)),
    )


def check_channels_in_floats(instance, *, construct, context) -> Outcome:
    from numerics.hessian import gradient
    from numerics.planting import plant

    inputs, kernel, sharing, alpha, replicate = instance
    model = TwoLayerCNN(inputs, kernel, 2, sharing=sharing, bias=True, output_bias=True)
    rng = context.rng(replicate)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(2 * model.n_params, inputs))
    embedding = construct(model, 1, 1, alpha)
    data, wide = plant(model, theta, x, seed=replicate, size=0.3), embedding(theta)
    observed = np.concatenate([gradient(embedding.wide, wide, data), (embedding.wide(wide, x) - model(theta, x)).ravel()])
    size = (1 + abs(float(alpha))) * (1 + np.abs(theta).max()) ** 3 * np.abs(x).max()
    return within(instance, observed, 64 * (model.n_params + len(x)) * np.finfo(float).eps * size, "gradient and change of outputs")


def channels(context):
    count = context.by_level(quick=1, standard=10, full=50)
    shapes = [(4, 2), (5, 3), (4, 3), (6, 2)] * count
    return [(*shape, sharing, Fraction(k % 7 - 2, 3), k) for k, shape in enumerate(shapes) for sharing in (True, False)]


# ------------------------------------------------------------------------------- where the principle ends


def check_weight_decay(place, *, image, context) -> Outcome:
    """Critical for R + |theta|^2 / 2 (planted); at T theta the gradient of the sum is T theta - M theta, which is not 0."""
    from numerics.hessian import gradient
    from numerics.planting import plant

    model, theta = place.model, place.theta
    data = plant(model, theta, place.samples(place.enough), seed=place.seed, slope=-theta)
    embedding = split(model, place.layer, place.neuron, place.alpha)
    narrow = gradient(model, theta, data) + theta
    wide = gradient(embedding.wide, embedding(theta), data) + embedding(theta)
    return agree(place, narrow=(0 * narrow, narrow), wide=(image(embedding, theta), wide), moved=(True, bool((wide != 0).any())))


def proper_splits(context):
    from hypothesis import strategies as st

    return places(((1, 1, 1), (1, 2, 1), (1, 1, 2)), alphas=st.builds(Fraction, st.integers(-9, 9), st.just(5)))


def decayed(embedding, theta):
    return embedding(theta) - embedding.gradient_map.apply(theta)


def check_weight_decay_in_floats(instance, *, image, context) -> Outcome:
    from numerics.hessian import gradient
    from numerics.planting import plant

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(4 * model.n_params, widths[0]))
    data = plant(model, theta, x, seed=replicate, slope=-theta)
    embedding = split(model, 1, 0, alpha)
    wide = gradient(embedding.wide, embedding(theta), data) + embedding(theta)
    from numerics.planting import cotangent_of

    # The planted cotangent is as large as the conditioning of J makes it; its rounding is what the gradient keeps.
    size = 1 + np.linalg.norm(cotangent_of(model, theta, data)) * np.abs(x).max() * (1 + np.abs(theta).max()) ** (len(widths) - 1)
    tolerance = 64 * (model.n_params + len(x)) * np.finfo(float).eps * size * (1 + abs(float(alpha)))
    return within(instance, wide - image(embedding, theta), tolerance, "gradient with weight decay")


def check_flat_network(instance, *, second_weights, context) -> Outcome:
    """W1 = W2 = 0, sigma(0) = 0, zero biases, output bias the mean of y: critical for any W3, W4 and any data."""
    from numerics.exact import rationals
    from numerics.hessian import gradient, risk

    width, replicate = instance
    rng, model = context.rng(replicate), FullyConnected((2, width, width, width, 2), "ratsig4")
    x, y = (rationals(rng.integers(-9, 10, (5, 2))) for _ in range(2))
    parts = {name: rationals(np.zeros(shape, dtype=int)) for name, shape in model.shapes.items()}
    for name in ("W3", "W4"):
        parts[name] = rationals(rng.integers(1, 9, model.shapes[name]))
    parts["W2"] = parts["W2"] + rationals([second_weights])[0]
    parts["b4"] = y.sum(axis=0) / len(y)
    theta = model.pack(**parts)
    slope = gradient(model, theta, (x, y))
    return agree(instance, gradient=(0 * slope, slope), loss_is_positive=(True, bool(risk(model, theta, (x, y)) > 0)))


def check_flat_network_in_floats(instance, *, second_weights, context) -> Outcome:
    from numerics.hessian import gradient

    width, replicate = instance
    rng, model = context.rng(replicate), FullyConnected((2, width, width, width, 2))
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    parts = {name: np.zeros(shape) for name, shape in model.shapes.items()}
    parts |= {name: rng.normal(size=model.shapes[name]) for name in ("W3", "W4")}
    parts["W2"] = parts["W2"] + second_weights
    parts["b4"] = y.mean(axis=0)
    tolerance = 64 * 6 * np.finfo(float).eps * np.abs(y).max() * (1 + np.abs(parts["W4"]).max()) * (1 + np.abs(parts["W3"]).max()) * width**2
    return within(instance, gradient(model, model.pack(**parts), (x, y)), tolerance, "gradient")


def flat_networks(context):
    return [(width, replicate) for replicate, width in enumerate((1, 2, 3, 2) * context.by_level(quick=1, standard=5, full=25))]


def check_sgd(place, *, alpha, context) -> Outcome:
    """Steps of stochastic gradient descent from T^alpha theta, one sample each, in rational arithmetic: the copies stay equal."""
    from numerics.hessian import gradient

    embedding = split(place.model, place.layer, place.neuron, alpha)
    lines, theta = wiring(embedding.wide, place.layer), embedding(place.theta)
    x, y = place.data(2)
    for sample in range(context.by_level(quick=1, standard=2, full=2)):
        theta = theta - gradient(embedding.wide, theta, (x[sample : sample + 1], y[sample : sample + 1])) / 8
    s = place.neuron
    return agree(place, incoming=(theta[lines.incoming[s]], theta[lines.incoming[-1]]), outgoing=(theta[lines.outgoing[s]], theta[lines.outgoing[-1]]))


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

BACKWARD = "64 (P + n) eps times the largest product of weights and inputs along a path through the network"


def exactly(name, run, build_instances, parameters, controls, *, scope, examples=15, distribution=PLANTED, **more):
    """An exact check on drawn or listed instances."""
    counts = {"quick": examples, "standard": 8 * examples, "full": 40 * examples}
    return Check(
        name,
        evidence="exact",
        covers="instances",
        scope=scope,
        run=run,
        instances=build_instances,
        distribution=distribution,
        parameters=parameters,
        controls=controls,
        examples=counts,
        **more,
    )


def in_floats(name, run, build_instances, parameters, controls, *, scope, tolerance=BACKWARD, examples=15, **more):
    """The same in floats, within a derived tolerance."""
    counts = {"quick": examples, "standard": 8 * examples, "full": 40 * examples}
    return Check(
        name,
        evidence="property",
        covers="instances",
        scope=scope,
        run=run,
        instances=build_instances,
        distribution="normal weights and inputs from the check's seed",
        tolerance=tolerance,
        parameters=parameters,
        controls=controls,
        examples=counts,
        **more,
    )


CLAIMS = [
    Claim(
        id="embedding.compatible.criticality",
        title="Compatible embeddings keep outputs and critical points",
        statement=r"f_{T\theta} = f_\theta,\quad \nabla R(T\theta)_{ij} = \beta^{[l]}_i \nabla R(\theta)_{I(i) I(j)},\quad A^\top M = I",
        assumptions=[
            Assumption("forward", r"\sum_{j \in I^{-1}(s)} \alpha_{ij} = 1 \text{ (0 for a null neuron i)}"),
            Assumption("backward", r"\sum_{i \in I^{-1}(k)} \beta_i \alpha_{ij} = \beta_j \text{ for all } k \text{ (0 for a null neuron j)}"),
            Assumption("biases", r"\text{effective biases are corrected for constant inputs}"),
        ],
        source=Source(JML, "Theorem 5.1; the gradient identity is ours"),
        family="width",
        depends_on=["embedding.splitting.criticality", "embedding.null.criticality"],
        refuted_by="Coefficients that satisfy the conditions at which an output changes or a gradient is not the stated multiple.",
        notes="Definition 5.2 as printed forbids constants that feed effective neurons; the bias correction is what its figure shows.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                lambda context: places(FOLDS + ((2, 2, 2), (1, 2, 2))),
                {"build": drawn, "change": unchanged},
                [*EMBEDDING_CONTROLS, Control("bias corrections omitted", change=corrections_omitted)],
                scope="two and three layers, one or two new neurons a layer, copies and null neurons at random places",
            ),
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="instances",
                scope="[1, 1, 1, 1] to [1, 2, 2, 1] with undefined sigma and symbolic coefficients, three free parameters",
                run=check_undefined_network,
                instances=lambda context: [None],
                parameters={"change": unchanged},
                controls=[Control("shares other than the multipliers", change=shared_unevenly)],
            ),
            in_floats(
                "tanh-in-floats",
                check_embedding_in_floats,
                lambda context: places(FOLDS),
                {"build": drawn, "change": unchanged},
                EMBEDDING_CONTROLS[:1],
                scope="tanh networks of two and three layers",
            ),
        ],
        probes=[
            Probe(drops="forward", instances=lambda context: places(FOLDS), parameters={"change": forward_dropped}),
            Probe(drops="backward", instances=lambda context: places(((2, 1, 2), (2, 2, 2))), parameters={"change": backward_dropped}),
            Probe(drops="biases", instances=lambda context: places(FOLDS), parameters={"change": corrections_omitted}),
        ],
    ),
    Claim(
        id="embedding.three-fold-global",
        title="Three copies of the whole network, one of them subtracted",
        statement=r"f = f_1 + f_2 - f_3:\ \text{last layer } [W^{[L]}, W^{[L]}, -W^{[L]}],\ \beta = (1, 1, -1) \text{ keeps outputs and critical points}",
        source=Source(JML, "Example 5.1"),
        family="width",
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A critical point whose three-fold copy has another output or a gradient.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                lambda context: places(FOLDS),
                {"build": lambda place: three_fold(place.model), "change": unchanged},
                [Control("nothing subtracted", build=lambda place: two_signs(place.model)), EMBEDDING_CONTROLS[1]],
                scope="two and three layers, planted points and others",
            ),
            in_floats(
                "tanh-in-floats",
                check_embedding_in_floats,
                lambda context: places(FOLDS),
                {"build": lambda place: three_fold(place.model), "change": unchanged},
                EMBEDDING_CONTROLS[:1],
                scope="tanh networks of two and three layers",
            ),
        ],
    ),
    Claim(
        id="embedding.two-fold-null",
        title="As many null neurons as neurons in every layer",
        statement=r"\text{adding } m_l \text{ null neurons with arbitrary biases to every hidden layer keeps outputs and critical points}",
        source=Source(JML, "Example 5.2"),
        family="width",
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A critical point and biases at which an output changes or a gradient appears.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                lambda context: places(FOLDS),
                {"build": lambda place: two_fold_null(place.model, null_biases(place)), "change": unchanged},
                [Control("forward condition dropped", change=forward_dropped)],
                scope="two and three layers, planted points and others",
            ),
            in_floats(
                "tanh-in-floats",
                check_embedding_in_floats,
                lambda context: places(FOLDS),
                {"build": lambda place: two_fold_null(place.model, null_biases(place)), "change": unchanged},
                EMBEDDING_CONTROLS[:1],
                scope="tanh networks of two and three layers",
            ),
        ],
    ),
    Claim(
        id="embedding.principle",
        title="Embedding principle: wide networks contain the critical functions of narrow ones",
        statement=r"\text{for every narrower network an embedding maps each critical point to a critical point of the same output function: } "
        r"\mathcal{F}^c_{narrow} \subset \mathcal{F}^c_{wide}",
        source=Source(NEURIPS, "Theorem 1; 2111.15527, Theorem 4.3 and Corollary 4.1"),
        family="width",
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
        ],
    ),
    Claim(
        id="embedding.representation",
        title="Embeddings keep the functions that neurons represent",
        statement=r"\operatorname{span}(\{f'^{[l]}_j\}_j \cup \{1\}) = \operatorname{span}(\{f^{[l]}_j\}_j \cup \{1\}) \text{ for every layer } l",
        source=Source(JML, "Definition 4.1 (ii), Propositions 4.1 and 4.2"),
        family="width",
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
        ],
    ),
    Claim(
        id="embedding.reduction.criticality",
        title="Merging equal neurons keeps critical points",
        kind="extension",
        statement=r"(w_s, b_s) = (w_{s'}, b_{s'}) \text{ or } W_{\cdot s} = 0:\ \text{merging, or removing, maps critical points to critical points; "
        r"} n_\pm \text{ do not increase}",
        assumptions=[Assumption("equal", r"(w_s, b_s) = (w_{s'}, b_{s'})")],
        source=Source("arXiv:2405.17501", "Definition 4.4 and Proposition 4.1 for two layers; any depth: ours"),
        family="width",
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
                evidence="property",
                covers="instances",
                scope="any depth: merge after split and remove after null give theta back",
                run=check_undoing,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                tolerance="none: rational arithmetic",
                parameters={"alpha": lambda alpha: alpha},
                controls=[Control("shares that do not add up", alpha=lambda alpha: alpha + 1)],
            ),
        ],
        probes=[Probe(drops="equal", instances=lambda context: places(((1, 1, 1), (2, 1, 2))), parameters={"twins": False})],
    ),
    Claim(
        id="embedding.permutation",
        title="The splits alpha and 1 - alpha have the same spectrum",
        kind="extension",
        statement=r"T^{1-\alpha}_{l,s} = \pi T^\alpha_{l,s} \text{ with the transposition } \pi \text{ of the copies; "
        r"the Hessians have one spectrum}",
        source=Source(NEURIPS, "Definition 5 (ours)"),
        family="width",
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
        statement=r"\text{splits of different neurons commute (within a layer up to exchanging the new neurons); every } \beta \in \mathbb{R}^n,\ "
        r"\sum \beta_c = 1, \text{ is reached by one-step splits}",
        source=Source(JML, "Definitions 4.5 and 4.6 for composition; commutation is ours"),
        family="width",
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
                evidence="property",
                covers="instances",
                scope="two to four copies, coefficients k/3 of sum 1, zeros and negatives included",
                run=check_reachable,
                instances=coefficient_vectors,
                distribution="integers -4 .. 4 by hypothesis",
                tolerance="none: rational arithmetic",
                parameters={"reach": by_splits},
                controls=[Control("shares of the whole", reach=by_splits_unscaled)],
            ),
        ],
    ),
    Claim(
        id="embedding.cnn",
        title="Splitting a channel of a convolutional network",
        statement=r"\text{one } \alpha \text{ per channel keeps outputs and critical points}",
        assumptions=[Assumption("one alpha", r"\alpha \text{ does not vary over taps or positions}")],
        source=Source(NEURIPS, "Section 6 (remark)"),
        family="width",
        depends_on=["embedding.splitting.criticality"],
        refuted_by="A channel whose split changes the output or has a gradient at a critical point.",
        checks=[
            exactly(
                "rational-cnn",
                check_channels,
                channels,
                {"construct": split},
                [Control("alpha by position", construct=instances.alpha_by_target)],
                scope="one-dimensional inputs of 4 to 6, kernels of 2 and 3, two channels, with and without weight sharing",
            ),
            in_floats(
                "tanh-cnn",
                check_channels_in_floats,
                channels,
                {"construct": split},
                [Control("alpha by position", construct=instances.alpha_by_target)],
                scope="the same shapes, tanh, planted in floats",
            ),
        ],
        probes=[Probe(drops="one alpha", instances=channels, parameters={"construct": instances.alpha_by_target})],
    ),
    Claim(
        id="embedding.regularizer.negative",
        title="Weight decay breaks the embedding principle",
        kind="counterexample",
        relation="existence",
        statement=r"\nabla(R + \tfrac12 |\cdot|^2)(\theta) = 0 \text{ but } \nabla(R + \tfrac12 |\cdot|^2)(T^\alpha\theta) = T^\alpha\theta - M\theta \ne 0",
        source=Source(NEURIPS, "Theorem 1 asks for a loss of outputs only (ours)"),
        family="width",
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="Splits of all critical points being critical for the penalised loss.",
        checks=[
            exactly(
                "planted-rational",
                check_weight_decay,
                proper_splits,
                {"image": decayed},
                [Control("principle holds with a penalty", image=lambda embedding, theta: 0 * embedding(theta))],
                scope="two-layer networks critical for the penalised loss",
                examples=10,
            ),
            in_floats(
                "planted-tanh",
                check_weight_decay_in_floats,
                lambda context: [((1, 2, 1), Fraction(1, 2), k) for k in range(4)],
                {"image": decayed},
                [Control("principle holds with a penalty", image=lambda embedding, theta: 0 * embedding(theta))],
                scope="tanh networks critical for the penalised loss",
            ),
        ],
    ),
    Claim(
        id="embedding.incompleteness",
        title="Critical points for all data beyond the known embeddings",
        kind="counterexample",
        relation="existence",
        statement=r"L = 4,\ \sigma(0) = 0,\ W^{[1]} = W^{[2]} = 0:\ \text{critical for all data with } W^{[3]}, W^{[4]} \text{ arbitrary}",
        source=Source("arXiv:2505.13582", "Section 4.1"),
        family="width",
        refuted_by="Data for which such a point is not critical.",
        notes="Splits, null neurons and compatible embeddings fix W3 or W4 in terms of a narrower network; their completeness is not claimed.",
        checks=[
            exactly(
                "rational-networks",
                check_flat_network,
                flat_networks,
                {"second_weights": 0},
                [Control("W2 not zero", second_weights=1)],
                scope="three hidden layers of width 1 to 3, arbitrary W3, W4 and data, positive loss",
            ),
            in_floats(
                "tanh-in-floats",
                check_flat_network_in_floats,
                flat_networks,
                {"second_weights": 0.0},
                [Control("W2 not zero", second_weights=1.0)],
                scope="the same for tanh and normal data",
            ),
        ],
    ),
    Claim(
        id="embedding.sgd-symmetry",
        title="Equal copies stay equal under gradient descent",
        kind="extension",
        statement=r"\alpha = \tfrac12:\ \text{gradient descent, with any minibatches, started at } T^{1/2}\theta \text{ keeps the copies equal}",
        assumptions=[Assumption("half", r"\alpha = \tfrac12")],
        source=Source(NEURIPS, "Theorem 1 (ours: the range of M is the symmetric subspace)"),
        family="width",
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
