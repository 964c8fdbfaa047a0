r"""Compatible embeddings: whole networks embedded by index maps, coefficients and multipliers.

A compatible embedding copies neurons as an index map I_l says, with coefficients \alpha and multipliers \beta; splits, multiple copies
and null neurons are special cases. Its gradient map is \nabla R(T\theta)_{ij} = \beta_i \nabla R(\theta)_{I(i) I(j)}.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import gradients
from proofs_check.claims.width._places import JML, exactly, for_any_network, in_floats, places
from proofs_check.claims.width._points import drawn_compatible
from theory.embedding import Layer, compatible, three_fold, two_fold_null
from theory.embedding.affine import identity
from theory.embedding.wiring import layers
from theory.models import FullyConnected

# ------------------------------------------------------------------------------- compatible embeddings and two families


def check_embedding(place, *, build, change, context) -> Outcome:
    """Outputs, the gradient image at any point, A^T M = I, and an exact critical point mapped to one."""
    embedding, planted = change(build(place)), place.planted()
    narrow, wide = gradients(embedding, place.theta, place.data(1))
    _, critical = gradients(embedding, place.theta, planted)
    return agree(
        place,
        output=(place.model(place.theta, planted[0]), embedding.wide(embedding(place.theta), planted[0])),
        critical=(0 * critical, critical),
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params), embedding.matrix.T @ embedding.gradient_map),
    )


def check_embedding_in_floats(place, *, build, change, context) -> Outcome:
    """The same for tanh and normal weights: outputs and the gradient image, up to rounding."""
    place = place.at(activation="tanh")
    embedding = change(build(place))
    rng = context.rng(place.seed)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(4, place.widths[0]))
    data = x, rng.normal(size=(4, place.widths[-1]))
    wide, (before, after) = embedding(theta), gradients(embedding, theta, data)
    changed = (embedding.wide(wide, x) - place.model(theta, x)).ravel()
    difference = np.concatenate([after - embedding.gradient_map.apply(before), changed])
    # Every layer sums at most P products of weights up to |T theta|_max and passes rounding on with their sizes.
    size = 1 + max(np.abs(wide).max(), np.abs(embedding.gradient_map.dense(float)).max())
    tolerance = rounding(embedding.wide.n_params, size ** (2 * len(place.widths) - 2))
    return within(place, difference, tolerance, "outputs and gradients")


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
    corrected = {i for (i, _) in embedding.matrix.entries}
    return replace(embedding, offset={i: value for i, value in embedding.offset.items() if i not in corrected})


EMBEDDING_CONTROLS = [
    Control("forward condition dropped", change=forward_dropped),
    Control("backward condition dropped", change=backward_dropped),
]


def check_undefined_network(_, *, change, context) -> Outcome:
    """[1, 1, 1, 1] to [1, 2, 2, 1], every coefficient a symbol: outputs and tangents as polynomials in undefined values of sigma."""
    from numerics.derivatives.tape import tangents
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


def in_three_copies(place):
    return three_fold(place.model)


def nothing_subtracted(place):
    """Three copies with signs (1, 1, 1): the last layer sums to three times the output."""
    embedding = three_fold(place.model)
    return embedding.with_matrix({place: abs(value) for place, value in embedding.matrix.entries.items()})


def with_null_neurons(place):
    """As many null neurons as neurons, with biases alpha, alpha + 1, ... in every layer."""
    return two_fold_null(place.model, [[place.alpha + k for k in range(width)] for width in place.widths[1:-1]])


FOLDS = ((1, 2, 1), (2, 1, 2), (1, 1, 1, 1), (2, 1, 1, 1), (1, 1, 1, 2))


def folds(context):
    return places(FOLDS)


def tanh_networks(build):
    return in_floats(
        "tanh-in-floats",
        check_embedding_in_floats,
        folds,
        {"build": build, "change": unchanged},
        EMBEDDING_CONTROLS[:1],
        scope="tanh networks of two and three layers",
    )


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.compatible.criticality",
        title="Compatible embeddings keep outputs and critical points",
        statement=r"f_{T\theta} = f_\theta,\quad \nabla R(T\theta)_{ij} = \beta^{[l]}_i \nabla R(\theta)_{I(i) I(j)},\quad A^\top M = I",
        assumptions=[
            Assumption("forward", r"\sum_{j \in I^{-1}(s)} \alpha_{ij} = 1 \text{ (0 for a null neuron i)}"),
            Assumption(
                "backward", r"\sum_{i \in I^{-1}(k)} \beta_i \alpha_{ij} = \beta_j \text{ for all } k \text{ (0 for a null neuron j)}"
            ),
            Assumption("biases", r"\text{effective biases are corrected for constant inputs}"),
        ],
        source=Source(JML, "Theorem 5.1; the gradient identity is ours"),
        depends_on=["embedding.splitting.criticality", "embedding.null.criticality"],
        refuted_by="Coefficients that satisfy the conditions at which an output changes or a gradient is not the stated multiple.",
        notes="Definition 5.2 as printed forbids constants that feed effective neurons; the bias correction is what its figure shows.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                lambda context: places(FOLDS + ((2, 2, 2), (1, 2, 2))),
                {"build": drawn_compatible, "change": unchanged},
                [*EMBEDDING_CONTROLS, Control("bias corrections omitted", change=corrections_omitted)],
                scope="two and three layers, one or two new neurons a layer, copies and null neurons at random places",
            ),
            for_any_network(
                check_undefined_network,
                {"change": unchanged},
                [Control("shares other than the multipliers", change=shared_unevenly)],
                scope="[1, 1, 1, 1] to [1, 2, 2, 1] with undefined sigma and symbolic coefficients, three free parameters",
                covers="instances",
            ),
            tanh_networks(drawn_compatible),
        ],
        probes=[
            Probe(drops="forward", instances=folds, parameters={"change": forward_dropped}),
            Probe(drops="backward", instances=lambda context: places(((2, 1, 2), (2, 2, 2))), parameters={"change": backward_dropped}),
            Probe(drops="biases", instances=folds, parameters={"change": corrections_omitted}),
        ],
    ),
    Claim(
        id="embedding.three-fold-global",
        title="Three copies of the whole network, one of them subtracted",
        statement=r"f = f_1 + f_2 - f_3:\ \text{last layer } [W^{[L]}, W^{[L]}, -W^{[L]}],\ \beta = (1, 1, -1) \text{ keeps "
        r"outputs and critical points}",
        source=Source(JML, "Example 5.1"),
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A critical point whose three-fold copy has another output or a gradient.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                folds,
                {"build": in_three_copies, "change": unchanged},
                [Control("nothing subtracted", build=nothing_subtracted), EMBEDDING_CONTROLS[1]],
                scope="two and three layers, planted points and others",
            ),
            tanh_networks(in_three_copies),
        ],
    ),
    Claim(
        id="embedding.two-fold-null",
        title="As many null neurons as neurons in every layer",
        statement=r"\text{adding } m_l \text{ null neurons with arbitrary biases to every hidden layer keeps outputs and critical points}",
        source=Source(JML, "Example 5.2"),
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A critical point and biases at which an output changes or a gradient appears.",
        checks=[
            exactly(
                "rational-networks",
                check_embedding,
                folds,
                {"build": with_null_neurons, "change": unchanged},
                [Control("forward condition dropped", change=forward_dropped)],
                scope="two and three layers, planted points and others",
            ),
            tanh_networks(with_null_neurons),
        ],
    ),
]
