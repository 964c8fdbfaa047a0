r"""Compatible embeddings: whole networks embedded by index maps, coefficients and multipliers.

A compatible embedding copies neurons as an index map I_l says, with coefficients \alpha and multipliers \beta; splits, multiple copies
and null neurons are special cases. Its gradient map is \nabla R(T\theta)_{ij} = \beta_i \nabla R(\theta)_{I(i) I(j)}.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.derivatives.tape import tangents
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy import width as definitions
from proofs_check.judging import bounded, equal
from theory.embedding import Layer, compatible, three_fold, two_fold_null
from theory.embedding.affine import identity
from theory.embedding.symbolic import Undefined, polynomial_ring
from theory.embedding.wiring import layers
from theory.models import FullyConnected

from . import ANY_SIGMA, BACKWARD, JML
from ._instances import FRACTIONS, drawn_compatible, in_floats, place_in
from ._measures import gradients, rounding

# --------------------------------------------------------------------------------------------------- false embeddings


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


def shared_unevenly(embedding):
    """The two copies in the last layer get 1 and 0 instead of 1 - b and b; the multipliers stay."""
    shares = zip(_last_layer(embedding), (Fraction(1), Fraction(0)), strict=False)
    return embedding.with_matrix({place: value for (place, _), value in shares})


def unchanged(embedding):
    return embedding


# ----------------------------------------------------------------------------------------------------- what is compared


def kept(place, embedding, planted, **shown):
    """Outputs, the gradient image at any point, A^T G = I, and an exact critical point mapped to one."""
    narrow, wide = gradients(embedding, place.theta, place.data(1))
    _, critical = gradients(embedding, place.theta, planted)
    product = (embedding.matrix.T @ embedding.gradient_map).entries
    return equal(
        output=(place.model(place.theta, planted[0]), embedding.wide(embedding(place.theta), planted[0])),
        critical=(0 * critical, critical),
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params).entries, {at: value for at, value in product.items() if value}),
        shown={"place": place, **shown},
    )


def kept_in_floats(cell, embedding, rng):
    """Outputs and the gradient image for tanh and normal weights, up to rounding."""
    model, theta, data = in_floats(cell.widths, rng, samples=4)
    wide, (before, after) = embedding(theta), gradients(embedding, theta, data)
    changed = (embedding.wide(wide, data[0]) - model(theta, data[0])).ravel()
    difference = np.concatenate([after - embedding.gradient_map.apply(before), changed])
    # Every layer sums at most P products of weights up to |T theta|_max and passes rounding on with their sizes.
    size = 1 + max(np.abs(wide).max(), np.abs(embedding.gradient_map.dense(float)).max())
    tolerance = rounding(embedding.wide.n_params, size ** (2 * len(cell.widths) - 2)) * (1 + np.abs(data[0]).max())
    return bounded("outputs and gradients", difference, tolerance, widths=cell.widths)


KEPT = {
    "output": r"f_{T\theta} = f_\theta",
    "image": r"\nabla R(T\theta)_{ij} = \beta_i \nabla R(\theta)_{I(i) I(j)},\quad A^\top G = I",
    "critical": r"\nabla R(\theta) = 0 \implies \nabla R(T\theta) = 0",
}
NAMES = tuple(KEPT)
SHAPES = ((1, 2, 1), (2, 1, 2), (2, 2, 2), (1, 1, 1, 1), (2, 1, 1, 1), (1, 1, 1, 2), (1, 2, 2, 1), (1, 1, 1, 1, 1))
FOLDS = axes(widths=by_level(((1, 2, 1), (2, 1, 2), (1, 1, 1, 2)), SHAPES), alpha=FRACTIONS, standard=2, full=10)
PLACES = axes(widths=by_level(((2, 2, 2), (1, 1, 1, 2), (1, 1, 1, 1, 1)), SHAPES), quick=6, standard=20, full=100)
FLOATS = axes(widths=by_level(((1, 2, 1), (1, 1, 1, 2)), SHAPES), quick=4, standard=10, full=50)
NORMAL = "tanh, theta normal of deviation 1.2, inputs 1.3"

COMPATIBLE = claim(
    "embedding.compatible.criticality",
    "Compatible embeddings keep outputs and critical points",
    r"f_{T\theta} = f_\theta,\quad \nabla R(T\theta)_{ij} = \beta_i \nabla R(\theta)_{I(i) I(j)},\quad A^\top G = I",
    clauses=KEPT,
    symbols={
        "T": "an embedding with matrix A and gradient map G",
        "I": "the index map: neuron i of the wide layer copies neuron I(i), or none",
        r"\beta": "multipliers of neurons, 1 at the outputs",
        "f, R": "output function and risk",
    },
    assumptions=[
        ANY_SIGMA,
        Assumption("forward", r"\sum_{j \in I^{-1}(s)} \alpha_{ij} = 1 \text{ (0 for a null neuron i)}"),
        Assumption("backward", r"\sum_{i \in I^{-1}(k)} \beta_i \alpha_{ij} = \beta_j \text{ for all } k \text{ (0 for a null neuron j)}"),
        Assumption("biases", r"\text{effective biases are corrected for constant inputs}"),
    ],
    source=JML.at("Theorem 5.1; the gradient identity is ours"),
    depends_on=["embedding.splitting.criticality", "embedding.null.criticality"],
    refuted_by="Coefficients that satisfy the conditions at which an output changes or a gradient is not the stated multiple.",
    notes="Definition 5.2 as printed forbids constants that feed effective neurons; the bias correction is what its figure shows.",
)


@COMPATIBLE.check(
    "exact", place_in, PLACES, clauses=NAMES, distribution="coefficients k/3 that satisfy the conditions, also negative and 0"
)
@false("forward condition dropped", change=forward_dropped)
@false("backward condition dropped", change=backward_dropped)
@false("bias corrections omitted", change=corrections_omitted)
def rational_networks(cell, place, *, change=unchanged, context):
    """One or two new neurons in every layer, copies and null neurons at random places."""
    return kept(place, change(drawn_compatible(place)), place.planted())


COMPATIBLE.formal(
    "width/first_order.v",
    "embedding_first_order",
    false="constants of null neurons forgotten",
    adequate=definitions.compatible,
    clauses=NAMES,
)

COMPATIBLE.without("forward", rational_networks, change=forward_dropped)
COMPATIBLE.without("backward", rational_networks, change=backward_dropped)
COMPATIBLE.without("biases", rational_networks, change=corrections_omitted)


@COMPATIBLE.check(
    "symbolic", ["any sigma"], clauses=("output", "image"), scope="[1, 1, 1, 1] to [1, 2, 2, 1], undefined sigma, three free coefficients"
)
@false("shares other than the multipliers", change=shared_unevenly)
def undefined_activation(_, *, change=unchanged, context):
    """Every coefficient a symbol: outputs and tangents as polynomials in undefined values of sigma."""
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
    return equal(output=(narrow, wide), tangents=(embedding.gradient_map.apply(slopes[0, 0]), wide_slopes[0, 0]))


@COMPATIBLE.check("property", a_seed, FLOATS, clauses=("output", "image"), tolerance=BACKWARD, distribution=NORMAL)
@false("forward condition dropped", change=forward_dropped)
def tanh_in_floats(cell, seed, *, change=unchanged, context):
    """The same for tanh in floats."""
    rng = context.rng(seed)
    return kept_in_floats(cell, change(drawn_compatible(place_in(cell, rng, activation="tanh"))), rng)


THREE_FOLD = claim(
    "embedding.three-fold-global",
    "Three copies of the whole network, one of them subtracted",
    r"f = f_1 + f_2 - f_3:\ \text{last layer } [W^{[L]}, W^{[L]}, -W^{[L]}],\ \beta = (1, 1, -1) \text{ keeps outputs and critical points}",
    clauses=KEPT,
    symbols={"f_1, f_2, f_3": "three copies of the network", "W^{[L]}": "last weights", "L": "number of layers", r"\beta": "multipliers"},
    assumptions=[ANY_SIGMA],
    source=JML.at("Example 5.1"),
    depends_on=["embedding.compatible.criticality"],
    refuted_by="A critical point whose three-fold copy has another output or a gradient.",
)


def in_three_copies(model):
    return three_fold(model)


def nothing_subtracted(model):
    """Three copies with signs (1, 1, 1): the last layer sums to three times the output."""
    embedding = three_fold(model)
    return embedding.with_matrix({place: abs(value) for place, value in embedding.matrix.entries.items()})


@THREE_FOLD.check("exact", place_in, FOLDS, clauses=NAMES, distribution="points anywhere, and planted ones")
@false("nothing subtracted", build=nothing_subtracted)
@false("a copy with half of its last weight", build=lambda model: forward_dropped(three_fold(model)))
@false("shares moved for one target", build=lambda model: backward_dropped(three_fold(model)))
def three_copies(cell, place, *, build=in_three_copies, context):
    """Outputs, gradients and a planted critical point."""
    return kept(place, build(place.model), place.planted())


@THREE_FOLD.check("property", a_seed, FLOATS, clauses=("output", "image"), tolerance=BACKWARD, distribution=NORMAL)
@false("nothing subtracted", build=nothing_subtracted)
def three_copies_in_floats(cell, seed, *, build=in_three_copies, context):
    """The same for tanh in floats."""
    return kept_in_floats(cell, build(FullyConnected(cell.widths)), context.rng(seed))


THREE_FOLD.formal(
    "width/three_fold.v",
    "embedding_three_fold_global",
    false="nothing subtracted",
    adequate=definitions.three_copies,
    clauses=("output", "critical"),
)

NULLS = claim(
    "embedding.two-fold-null",
    "As many null neurons as neurons in every layer",
    r"\text{adding } m_l \text{ null neurons with arbitrary biases to every hidden layer keeps outputs and critical points}",
    clauses=KEPT,
    symbols=["m_l", "l", "R", "T", r"\beta", "A", "G", "I(i)"],
    assumptions=[ANY_SIGMA],
    source=JML.at("Example 5.2"),
    depends_on=["embedding.compatible.criticality"],
    refuted_by="A critical point and biases at which an output changes or a gradient appears.",
)


def with_null_neurons(model, bias):
    """As many null neurons as neurons, with biases b, b + 1, ... in every layer."""
    return two_fold_null(model, [[bias + k for k in range(width)] for width in model.widths[1:-1]])


@NULLS.check("exact", place_in, FOLDS, clauses=NAMES, distribution="points anywhere, and planted ones")
@false("a weight halved", build=lambda model, bias: forward_dropped(with_null_neurons(model, bias)))
def null_neurons(cell, place, *, build=with_null_neurons, context):
    """Outputs, gradients and a planted critical point; biases of every kind."""
    return kept(place, build(place.model, place.alpha), place.planted())


@NULLS.check("property", a_seed, FLOATS, clauses=("output", "image"), tolerance=BACKWARD, distribution=NORMAL)
@false("a weight halved", build=lambda model, bias: forward_dropped(with_null_neurons(model, bias)))
def null_neurons_in_floats(cell, seed, *, build=with_null_neurons, context):
    """The same for tanh in floats."""
    return kept_in_floats(cell, build(FullyConnected(cell.widths), Fraction(1, 2)), context.rng(seed))


NULLS.formal(
    "width/null.v", "embedding_two_fold_null", false="all new weights 1", adequate=definitions.null_neurons, clauses=("output", "critical")
)
