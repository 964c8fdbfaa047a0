r"""Splitting a neuron keeps outputs and critical points: everything of first order follows from one linear identity.

The split T^\alpha copies neuron s of layer l and shares its outgoing weights, 1 - \alpha and \alpha. At every point
\nabla R(T\theta) = G \nabla R(\theta) with a constant matrix G.
"""

from functools import cache

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rationals
from numerics.critical import find_critical_points
from numerics.datasets import wave
from numerics.hessian import gradient, risk
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy import width as definitions
from proofs_check.judging import bounded, equal
from theory.embedding import split
from theory.embedding.affine import identity
from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import ANY_NETWORK, ANY_SIGMA, CRITICAL, JML, NEURIPS, OUTGOING, SUMS_OF_MODULI
from ._instances import ANY, FEW, FRACTIONS, critical_in, in_floats, inner, place_in, planted_in_floats
from ._measures import gradients, in_arithmetic_of, rounding
from ._twins import alpha_by_target, duplicate, multipliers_unshared, perturbed_input, roles_swapped, sum_not_one, without_bias

OUTPUT = claim(
    "embedding.splitting.output",
    "Splitting a neuron keeps outputs, features and errors",
    r"f_{T^\alpha\theta} = f_\theta,\quad f'^{[l]} = (f^{[l]}, f^{[l]}_s),\quad e'^{[l]} = (\dots, (1-\alpha) e_s, \dots, \alpha e_s)",
    clauses={
        "output": r"f_{T^\alpha\theta}(x) = f_\theta(x) \text{ for all } \theta, x, \alpha",
        "features": r"f'^{[l]} = (f^{[l]}, f^{[l]}_s),\ \text{the other layers as they were}",
        "errors": r"e'^{[l]} = (\dots, (1-\alpha) e_s, \dots, \alpha e_s),\ \text{the other layers as they were}",
    },
    symbols=["f", r"\theta", r"T^\alpha", r"\alpha", "x", "f^{[l]}", "e^{[l]}", "l", "s"],
    source=NEURIPS.at("Proposition 1"),
    refuted_by="One network, neuron, alpha and input at which an output, a feature or an error differs.",
    notes="For odd sigma a copy with all signs flipped is a valid embedding too; it is no control.",
)


@OUTPUT.check("symbolic", ["any network"], clauses="output", covers="statement", scope=ANY_NETWORK)
@false("both copies keep all outgoing weights", construct=duplicate)
@false("bias not copied", construct=without_bias)
def undefined_activation(_, *, construct=split, context):
    """The neuron's contribution to the next layer as polynomials in undefined values."""
    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    new = embedding.wide.unpack(embedding(symbols.theta()))
    is_copy = (new["input_weights"][0] == new["input_weights"][1]).all() and new["input_biases"][0] == new["input_biases"][1]
    (narrow, _), (wide, _) = around_embedding(symbols, embedding, "ss" if is_copy else "st")
    return equal(output=(narrow, wide))


ANYWHERE = axes(
    widths=by_level(FEW, ANY),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    points=by_level(("edge",), ("generic", "edge")),
    where=lambda widths, layer: inner(widths, layer),
    full=10,
)


@OUTPUT.check("exact", place_in, ANYWHERE, clauses=("output", "features", "errors"))
@false("fractions need not add up to 1", construct=sum_not_one)
@false("both copies keep all outgoing weights", construct=duplicate)
@false("bias not copied", construct=without_bias)
@false("weight of the copy off by one per cent", construct=perturbed_input)
def rational_networks(cell, place, *, construct=split, context):
    """Outputs, features of all layers and errors of all layers on two samples, of the wide network from those of the narrow one."""
    embedding = construct(*place.neuron_of())
    (x, y), l, s = place.data(), place.layer, place.neuron
    narrow, wide = trace(place.model, place.theta, x), trace(embedding.wide, embedding(place.theta), x)
    cotangent, alpha = cotangent_of(place.model, place.theta, (x, y)), in_arithmetic_of(place.theta, place.alpha)
    features, errors = list(narrow.features), [narrow.error(k, cotangent) for k in range(1, len(place.widths))]
    features[l] = np.concatenate([features[l], features[l][:, s : s + 1]], axis=1)
    error = np.concatenate([errors[l - 1], alpha * errors[l - 1][:, s : s + 1]], axis=1)
    error[:, s] = (1 - alpha) * error[:, s]
    errors[l - 1] = error
    return equal(
        output=(place.model(place.theta, x), embedding.wide(embedding(place.theta), x)),
        features=(features, wide.features),
        errors=(errors, [wide.error(k, cotangent) for k in range(1, len(place.widths))]),
        shown={"place": place},
    )


FLOATS = axes(
    widths=by_level(FEW, ANY), layer=(1, 2), alpha=FRACTIONS, where=lambda widths, layer: inner(widths, layer), standard=5, full=50
)


@OUTPUT.check(
    "property",
    a_seed,
    FLOATS,
    clauses="output",
    tolerance="64 eps (1 + |alpha|) times the product over layers of 1 + |theta|_max m_l",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3",
)
@false("both copies keep all outgoing weights", construct=duplicate)
@false("bias not copied", construct=without_bias)
def tanh_in_floats(cell, seed, *, construct=split, context):
    """Outputs of tanh networks, of any layer and neuron."""
    rng = context.rng(seed)
    place = place_in(cell, rng)
    model, theta, (x, _) = in_floats(cell.widths, rng, samples=5)
    embedding = construct(model, place.layer, place.neuron, place.alpha)
    difference = embedding.wide(embedding(theta), x) - model(theta, x)
    # alpha W h and (1 - alpha) W h are rounded apart; every later layer passes the error on with at most its weights' sizes.
    growth = np.prod([1 + np.abs(theta).max() * width for width in cell.widths[1:]])
    tolerance = 64 * np.finfo(float).eps * (1 + abs(float(place.alpha))) * growth
    return bounded("difference of the outputs", difference, tolerance, place=place)


OUTPUT.formal(
    "width/splitting.v",
    "embedding_splitting_output",
    false="fractions need not add up to 1",
    adequate=definitions.splitting,
    clauses="output",
)

GRADIENT = claim(
    "embedding.splitting.gradient-image",
    "The gradient at a split point is a fixed linear image of the gradient",
    r"\nabla R(T^\alpha\theta) = G \nabla R(\theta) \text{ for all } \theta, S, \ell;\quad A^\top G = I",
    clauses={
        "image": r"\nabla R(T^\alpha\theta) = G \nabla R(\theta) \text{ for all } \theta, S, \ell",
        "inverse": r"A^\top G = I",
    },
    symbols=["R", r"\theta", r"T^\alpha", "A", "G", "S", r"\ell"],
    assumptions=[ANY_SIGMA],
    source=NEURIPS.at("Theorem 1 for zero gradients; the linear identity is ours"),
    depends_on=["embedding.splitting.output"],
    refuted_by="One sample, at any point, whose wide gradient is not G times the narrow one.",
    notes="G: the incoming parameters of the copies have the multipliers 1 - alpha and alpha, the outgoing weights 1 and 1. "
    "It holds per sample, hence for every minibatch, and for ReLU with one fixed choice of subgradient.",
)


@GRADIENT.check("symbolic", ["any network"], clauses=("image", "inverse"), covers="statement", scope=ANY_NETWORK)
@false("incoming and outgoing exchanged", construct=roles_swapped)
@false("multipliers 1 and alpha", construct=multipliers_unshared)
def gradient_of_any(_, *, construct=split, context):
    """Both gradients as polynomials in undefined derivatives, and A^T G."""
    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, "ss")
    product = (embedding.matrix.T @ embedding.gradient_map).dense(object)
    return equal(
        gradient=(with_passive(embedding.gradient_map).apply(narrow.gradient), wide.gradient),
        inverse=(np.eye(len(product), dtype=int).astype(object), product),
    )


IMAGES = axes(
    widths=by_level(FEW, ANY),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    sigma=by_level(("ratsig", "relu"), ("ratsig", "ratsig4", "relu", "leaky", "lorentz")),
    points=by_level(("edge",), ("generic", "edge")),
    where=lambda widths, layer: inner(widths, layer),
    full=10,
)


@GRADIENT.check("exact", place_in, IMAGES, clauses=("image", "inverse"))
@false("multipliers 1 and alpha", construct=multipliers_unshared)
@false("incoming and outgoing exchanged", construct=roles_swapped)
@false("both copies keep all outgoing weights", construct=duplicate)
@false("alpha by target neuron", construct=alpha_by_target)
def gradient_image(cell, place, *, construct=split, loss="quartic", context):
    """One sample, (f - y)^4, at points that are not critical; and A^T G = I."""
    embedding = construct(*place.neuron_of())
    narrow, wide = gradients(embedding, place.theta, place.data(1), loss)
    product = (embedding.matrix.T @ embedding.gradient_map).entries
    return equal(
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params).entries, {at: value for at, value in product.items() if value}),
        shown={"place": place},
    )


GRADIENT.formal(
    "width/splitting.v",
    "embedding_splitting_gradient_image",
    false="multipliers 1 and alpha",
    adequate=definitions.splitting,
    clauses="image",
)

CRITICALITY = claim(
    "embedding.splitting.criticality",
    "Splitting a neuron maps critical points to critical points",
    r"\nabla R(\theta) = 0 \implies \nabla R(T^\alpha\theta) = 0 \text{ for every } S, \ell, \sigma, \alpha",
    symbols=["R", r"\theta", r"T^\alpha", "S", r"\ell", r"\sigma", r"\alpha"],
    assumptions=[Assumption("one alpha", r"\alpha \text{ is the same for all target neurons}"), CRITICAL],
    source=NEURIPS.at("Theorem 1; 2111.15527, Proposition 4.2"),
    depends_on=["embedding.splitting.gradient-image"],
    refuted_by="A critical point whose split has a non-zero gradient.",
)

#: Every hidden layer of networks with two to four layers, several outputs in front.
DEPTHS = axes(
    widths=by_level(
        ((2, 1, 2), (1, 2, 2, 1), (1, 1, 1, 1, 2)), ((1, 2, 1), (2, 1, 2), (1, 2, 3), (1, 1, 1, 2), (1, 2, 2, 1), (1, 1, 2, 1, 2))
    ),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@CRITICALITY.check("exact", critical_in, DEPTHS, distribution="planted: errors are not zero, rank B_s the largest possible")
@false("both copies keep all outgoing weights", construct=duplicate)
def planted_rational(cell, critical, *, construct=split, context):
    """A planted critical point of non-zero loss, split: the wide gradient is exactly zero."""
    place, data = critical
    narrow, wide = gradients(construct(*place.neuron_of()), place.theta, data)
    return equal(narrow_gradient=(0 * narrow, narrow), wide_gradient=(0 * wide, wide), shown={"place": place, "data": data})


SEVERAL = axes(widths=((2, 1, 2), (1, 2, 3), (1, 1, 2, 2)), alpha=by_level(("0", "inside"), FRACTIONS), standard=3)


@CRITICALITY.check("exact", critical_in, SEVERAL, distribution="planted, two target neurons or more and B_s not zero")
@false("alpha by target neuron", construct=alpha_by_target)
def several_targets(cell, critical, *, construct=split, at="critical", context):
    """The same where another alpha for each target neuron would do harm."""
    place, data = critical
    data = data if at == "critical" else place.data(4)
    wide = gradients(construct(*place.neuron_of()), place.theta, data)[1]
    return equal(wide_gradient=(0 * wide, wide), shown={"place": place, "data": data})


CRITICALITY.formal("width/splitting.v", "embedding_splitting_criticality", false="alpha by target neuron", adequate=definitions.splitting)

CRITICALITY.without("one alpha", several_targets, construct=alpha_by_target)
CRITICALITY.without("critical", several_targets, at="anywhere")

LOSSES = axes(
    widths=by_level(
        ((2, 2, 3), (2, 2, 2, 3)), ((2, 2, 3), (3, 2, 3), (2, 2, 2, 3), (1, 2, 3, 3))
    ),  # with two classes cross-entropy has B_s = 0
    layer=(1, 2),
    loss=("mse", "cross-entropy"),
    alpha=FRACTIONS,
    where=lambda widths, layer: inner(widths, layer),
    standard=5,
    full=40,
)


@CRITICALITY.check(
    "property", a_seed, LOSSES, tolerance=SUMS_OF_MODULI, distribution="tanh, theta normal of deviation 1.2, inputs 1.3, 2 P samples"
)
@false("alpha by target neuron", construct=alpha_by_target)
def planted_tanh(cell, seed, *, construct=split, context):
    """Planted tanh networks with three outputs, up to rounding of the gradient."""
    rng = context.rng(seed)
    place = place_in(cell, rng)
    size = 0.2 if cell.loss == "mse" else 0.02 / FullyConnected(cell.widths).n_params  # small enough for targets that are probabilities
    model, theta, data = planted_in_floats(cell.widths, rng, loss=cell.loss, size=size)
    wide = gradients(construct(model, place.layer, place.neuron, place.alpha), theta, data, cell.loss)[1]
    # The gradient is J^T c with |c| <= 1: rounding leaves (P + n) eps |theta|^depth of it, stretched by G and the planting.
    scale = (1 + abs(float(place.alpha))) * (1 + np.abs(theta).max()) ** (len(cell.widths) - 1) * np.abs(data[0]).max()
    return bounded("gradient at the embedded point", wide, rounding(len(theta) + len(data[0]), scale), place=place)


@cache
def trained(widths):
    """The minimum of lowest loss that a search meets."""
    return find_critical_points(FullyConnected(widths), wave(), starts=20, minima=True)[0]


TRAINED = axes(widths=((1, 1, 1), (1, 2, 1)), alpha=FRACTIONS)


@CRITICALITY.check(
    "property",
    a_seed,
    TRAINED,
    tolerance="the largest multiplier of G times the gradient that training left, plus rounding",
    distribution="the minimum of lowest loss that a search from 20 starts meets, thirty points of a wave",
)
@false("outgoing weights shared by 2/3 and 2/3", construct=sum_not_one)
def trained_tanh(cell, seed, *, construct=split, context):
    """A minimum found by training, to a gradient of 1e-11: what is left of the wide gradient is G times what is left of the narrow one."""
    model, data, found = FullyConnected(cell.widths), wave(), trained(cell.widths)
    alpha = place_in(cell, context.rng(seed)).alpha
    wide = gradients(construct(model, 1, 0, alpha), found.theta, data)[1]
    size = (1 + abs(float(alpha))) * (1 + np.abs(found.theta).max()) ** 2 * np.abs(data[0]).max() * (1 + risk(model, found.theta, data))
    allowed = (1 + abs(float(alpha))) * found.gradient + rounding(len(found.theta) + 30, size)
    return bounded("gradient at the embedded point", wide, allowed, alpha=alpha, theta=found.theta)


SUBSPACE = claim(
    "embedding.splitting.data-dependent-subspace",
    "The critical affine set through a split point",
    r"\nabla R(\theta) = 0 \implies \text{out-weights } (W_s - \nu, \nu) \text{ are critical for all } \nu \in \ker B_s^\top",
    clauses={
        "kernel": r"\text{out-weights } (W_s - \nu, \nu) \text{ are critical and keep the outputs } \iff \nu \in \ker B_s^\top",
        "dimension": r"\dim \ker B_s^\top = m_{l+1} - \operatorname{rank} B_s \ge 1, \text{ as } W_s \in \ker B_s^\top",
    },
    symbols={
        r"\nu": "a vector of outgoing weights",
        "R": "the risk",
        "W_s": "outgoing weights of neuron s",
        "B_s": "see the congruence",
        "m_l": "width of layer l",
    },
    assumptions=[CRITICAL, OUTGOING],
    kind="extension",
    source=JML.at("extends Proposition 4.2 (ours)"),
    depends_on=["embedding.splitting.criticality"],
    refuted_by="A nu in the kernel whose point has a gradient, one outside that has none, or a kernel that is zero.",
)


def kernel_of_transpose(B):
    return [rationals(vector) for vector in nullspace_rational(B.T)]


def all_directions(B):
    return [rationals(row) for row in np.eye(len(B), dtype=int)]


KERNELS = axes(
    widths=by_level(
        ((2, 1, 2), (1, 1, 3), (1, 1, 2, 2)), ((1, 1, 1), (2, 1, 2), (1, 2, 3), (2, 2, 3), (1, 1, 2, 2), (1, 2, 2, 1), (1, 1, 4))
    ),
    layer=(1, 2),
    rank=(0, 1, 2),
    where=lambda widths, layer, rank: inner(widths, layer) and rank <= min(widths[layer + 1] - 1, widths[layer - 1] + 1),
    standard=10,
    full=50,
)


@SUBSPACE.check(
    "exact", critical_in, KERNELS, clauses=("kernel", "dimension"), distribution="planted critical points with B_s of every rank"
)
@false("one dimension only", dimension=lambda outputs, rank: 1)
def kernel(
    cell, critical, *, directions=kernel_of_transpose, dimension=lambda outputs, rank: outputs - rank, silent=False, at="critical", context
):
    """Every vector of a basis of the kernel, and unit vectors, which are critical only where they lie in it."""
    place, (x, y) = critical
    if silent:
        place = place.silenced()
        x, y = place.planted(extra=4)
    if at != "critical":
        x, y = place.data(4)
    B, _ = place.matrices((x, y))
    embedding = split(place.model, place.layer, place.neuron, 0)
    new, slopes, outputs = wiring(embedding.wide, place.layer), [], []
    basis = directions(B)
    for nu in [*basis, *all_directions(B)]:
        theta = embedding(place.theta)
        theta[new.outgoing[place.neuron]] = theta[new.outgoing[place.neuron]] - nu
        theta[new.outgoing[-1]] = theta[new.outgoing[-1]] + nu
        slopes.append(gradient(embedding.wide, theta, (x, y)))
        outputs.append(embedding.wide(theta, x))
    critical_units = [bool((slope == 0).all()) for slope in slopes[len(basis) :]]
    return equal(
        gradients=([[0] * embedding.wide.n_params] * len(basis), slopes[: len(basis)]),
        units=([bool((unit @ B == 0).all()) for unit in all_directions(B)], critical_units),
        outputs=([place.model(place.theta, x)] * len(outputs), outputs),
        dimension=(dimension(len(B), cell.rank), len(basis)),
        at_least_one=(True, len(basis) >= 1),
        shown={"place": place},
    )


SUBSPACE.without("outgoing weights", kernel, silent=True)
SUBSPACE.without("critical", kernel, at="anywhere")


@SUBSPACE.check("exact", place_in, ANYWHERE, clauses="dimension")
@false("twice as large", direction=lambda weights: 2 * weights)
def outgoing_weights_in_kernel(cell, place, *, direction=np.asarray, context):
    """At any point W_s B_s is the gradient of the neuron's incoming parameters: zero at a critical one."""
    data, lines = place.data(3), wiring(place.model, place.layer)
    B, _ = place.matrices(data)
    expected = gradient(place.model, place.theta, data)[lines.incoming[place.neuron]]
    return equal(gradient=(expected, direction(place.theta[lines.outgoing[place.neuron]]) @ B), shown={"place": place})
