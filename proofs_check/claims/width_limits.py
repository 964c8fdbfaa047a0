"""What embeddings keep besides outputs, the way back, channels of a CNN, training from a split, and where the principle ends."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import DISTRIBUTION, JML, NEURIPS, agree, exactly, in_floats, places, within
from theory.embedding import (
    embed_along,
    merge,
    split,
)
from theory.embedding.merging import unchecked_merge
from theory.embedding.onestep import unchecked_copies
from theory.embedding.wiring import wiring
from theory.models import FullyConnected, TwoLayerCNN

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
    """A wide critical point, not an image: two neurons with equal incoming weights and arbitrary outgoing ones.

    Merged it stays critical.
    """
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
    shapes = [(4, 2, True), (5, 3, True), (3, 2, False), (4, 3, False)] * count
    return [(*shape, Fraction(k % 7 - 2, 3), k) for k, shape in enumerate(shapes)]


# ------------------------------------------------------------------------------- where the principle ends


def check_weight_decay(place, *, image, context) -> Outcome:
    """Critical for R + |theta|^2 / 2 (planted); at T theta the gradient of the sum is T theta - M theta, which is not 0."""
    from numerics.hessian import gradient
    from numerics.planting import NothingToPlant, plant

    model, theta = place.model, place.theta
    try:
        data = plant(model, theta, place.samples(place.enough), seed=place.seed, slope=-theta)
    except NothingToPlant:
        return Outcome.skipped("dependent tangents: -theta is the gradient of no data here")
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
    tolerance = (
        64 * 6 * np.finfo(float).eps * np.abs(y).max() * (1 + np.abs(parts["W4"]).max()) * (1 + np.abs(parts["W3"]).max()) * width**2
    )
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
        statement=r"(w_s, b_s) = (w_{s'}, b_{s'}) \text{ or } W_{\cdot s} = 0:\ \text{merging, or removing, maps critical "
        r"points to critical points; "
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
                scope="one-dimensional inputs of 3 to 5, kernels of 2 and 3, two channels, with and without weight sharing",
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
        statement=r"\nabla(R + \tfrac12 |\cdot|^2)(\theta) = 0 \text{ but } \nabla(R + \tfrac12 |\cdot|^2)(T^\alpha\theta) = "
        r"T^\alpha\theta - M\theta \ne 0",
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
        notes="Splits, null neurons and compatible embeddings fix W3 or W4 in terms of a narrower network; their "
        "completeness is not claimed.",
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
        statement=r"\alpha = \tfrac12:\ \text{gradient descent, with any minibatches, started at } T^{1/2}\theta \text{ "
        r"keeps the copies equal}",
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
