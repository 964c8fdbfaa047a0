"""How far the principle reaches: to channels of a CNN, not to weight decay, and not to all critical points of wide networks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import gradients
from proofs_check.claims.width._places import NEURIPS, exactly, in_floats, places
from proofs_check.claims.width._twins import alpha_by_target
from theory.embedding import split
from theory.models import FullyConnected, TwoLayerCNN

# ------------------------------------------------------------------------------------------------------ embedding.cnn


def check_channels(instance, *, construct, context) -> Outcome:
    """Splitting a channel of a rational CNN: outputs, the gradient image at any point, a planted critical point kept."""
    from numerics.arithmetic.exact import rationals
    from numerics.planting import plant

    inputs, kernel, sharing, alpha, replicate = instance
    model = TwoLayerCNN(inputs, kernel, 2, activation="ratsig4", sharing=sharing, bias=True, output_bias=True)
    rng = context.rng(replicate)
    theta = rationals([Fraction(int(k), 2) for k in rng.integers(1, 9, model.n_params) * rng.choice([-1, 1], model.n_params)])
    codes = rng.choice(31**inputs, model.n_params + 3, replace=False)
    x = rationals([[Fraction(int(code) // 31**axis % 31 - 15, 2) for axis in range(inputs)] for code in codes])
    embedding = construct(model, 1, 1, alpha)
    data = plant(model, theta, x, seed=replicate)
    slope, image = gradients(embedding, theta, (x[:2], data[1][:2]))
    _, critical = gradients(embedding, theta, data)
    return agree(
        instance,
        output=(model(theta, x), embedding.wide(embedding(theta), x)),
        gradient=(embedding.gradient_map.apply(slope), image),
        critical=(0 * critical, critical),
    )


def check_channels_in_floats(instance, *, construct, context) -> Outcome:
    from numerics.planting import plant

    inputs, kernel, sharing, alpha, replicate = instance
    model = TwoLayerCNN(inputs, kernel, 2, sharing=sharing, bias=True, output_bias=True)
    rng = context.rng(replicate)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(2 * model.n_params, inputs))
    embedding = construct(model, 1, 1, alpha)
    _, slope = gradients(embedding, theta, plant(model, theta, x, seed=replicate, size=0.3))
    observed = np.concatenate([slope, (embedding.wide(embedding(theta), x) - model(theta, x)).ravel()])
    size = (1 + abs(float(alpha))) * (1 + np.abs(theta).max()) ** 3 * np.abs(x).max()
    return within(instance, observed, rounding(model.n_params + len(x), size), "gradient and change of outputs")


def channels(context):
    count = context.by_level(quick=1, standard=10, full=50)
    shapes = [(4, 2, True), (5, 3, True), (3, 2, False), (4, 3, False)] * count
    return [(*shape, Fraction(k % 7 - 2, 3), k) for k, shape in enumerate(shapes)]


# ------------------------------------------------------------------------------------- embedding.regularizer.negative


def check_weight_decay(place, *, image, context) -> Outcome:
    """Critical for R + |theta|^2 / 2 (planted); at T theta the gradient of the sum is T theta - M theta, which is not 0."""
    from numerics.planting import NothingToPlant

    theta = place.theta
    try:
        data = place.planted(slope=-theta)
    except NothingToPlant:
        return Outcome.skipped("dependent tangents: -theta is the gradient of no data here")
    embedding = split(*place.neuron_of())
    narrow, wide = penalised(embedding, theta, data)
    return agree(place, narrow=(0 * narrow, narrow), wide=(image(embedding, theta), wide), moved=(True, bool((wide != 0).any())))


def penalised(embedding, theta, data):
    """Gradients of R + |theta|^2 / 2 before and after."""
    narrow, wide = gradients(embedding, theta, data)
    return narrow + theta, wide + embedding(theta)


def proper_splits(context):
    from hypothesis import strategies as st

    return places(((1, 1, 1), (1, 2, 1), (1, 1, 2)), alphas=st.builds(Fraction, st.integers(-9, 9), st.just(5)), edges=False)


def decayed(embedding, theta):
    return embedding(theta) - embedding.gradient_map.apply(theta)


def check_weight_decay_in_floats(instance, *, image, context) -> Outcome:
    from numerics.planting import cotangent_of, plant

    widths, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(4 * model.n_params, widths[0]))
    data = plant(model, theta, x, seed=replicate, slope=-theta)
    embedding = split(model, 1, 0, alpha)
    _, wide = penalised(embedding, theta, data)
    # The planted cotangent is as large as the conditioning of J makes it; its rounding is what the gradient keeps.
    size = 1 + np.linalg.norm(cotangent_of(model, theta, data)) * np.abs(x).max() * (1 + np.abs(theta).max()) ** (len(widths) - 1)
    tolerance = rounding(model.n_params + len(x), size) * (1 + abs(float(alpha)))
    return within(instance, wide - image(embedding, theta), tolerance, "gradient with weight decay")


# ------------------------------------------------------------------------------------------- embedding.incompleteness


def check_flat_network(instance, *, second_weights, context) -> Outcome:
    """W1 = W2 = 0, sigma(0) = 0, zero biases, output bias the mean of y: critical for any W3, W4 and any data."""
    from numerics.arithmetic.exact import rationals
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
    tolerance = rounding(6, np.abs(y).max()) * (1 + np.abs(parts["W4"]).max()) * (1 + np.abs(parts["W3"]).max()) * width**2
    return within(instance, gradient(model, model.pack(**parts), (x, y)), tolerance, "gradient")


def flat_networks(context):
    return [(width, replicate) for replicate, width in enumerate((1, 2, 3, 2) * context.by_level(quick=1, standard=5, full=25))]


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.cnn",
        title="Splitting a channel of a convolutional network",
        statement=r"\text{one } \alpha \text{ per channel keeps outputs and critical points}",
        assumptions=[Assumption("one alpha", r"\alpha \text{ does not vary over taps or positions}")],
        source=Source(NEURIPS, "Section 6 (remark)"),
        depends_on=["embedding.splitting.criticality"],
        refuted_by="A channel whose split changes the output or has a gradient at a critical point.",
        checks=[
            exactly(
                "rational-cnn",
                check_channels,
                channels,
                {"construct": split},
                [Control("alpha by position", construct=alpha_by_target)],
                scope="one-dimensional inputs of 3 to 5, kernels of 2 and 3, two channels, with and without weight sharing",
            ),
            in_floats(
                "tanh-cnn",
                check_channels_in_floats,
                channels,
                {"construct": split},
                [Control("alpha by position", construct=alpha_by_target)],
                scope="the same shapes, tanh, planted in floats",
            ),
        ],
        probes=[Probe(drops="one alpha", instances=channels, parameters={"construct": alpha_by_target})],
    ),
    Claim(
        id="embedding.regularizer.negative",
        title="Weight decay breaks the embedding principle",
        kind="counterexample",
        relation="existence",
        statement=r"\nabla(R + \tfrac12 |\cdot|^2)(\theta) = 0 \text{ but } \nabla(R + \tfrac12 |\cdot|^2)(T^\alpha\theta) = "
        r"T^\alpha\theta - M\theta \ne 0",
        source=Source(NEURIPS, "Theorem 1 asks for a loss of outputs only (ours)"),
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
]
