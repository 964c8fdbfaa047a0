r"""Neurons added to deep networks without a change of the output: what they cost in model rank.

A null neuron brings the constant sigma(0) into the next layer: one tangent for every neuron there, unless that layer has biases. For exp a
constant factor is a shift of the bias, and free below the last layer. Splits with another fraction on every edge, and neurons
without inputs or without outputs, raise the rank.
"""

from typing import Any

from numerics.rank import model_rank
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.adequacy.width import null_neurons
from proofs_check.claims._ranks import in_floats
from proofs_check.judging import equal, rank_is, worst
from theory.draws import distinct_moduli, signs
from theory.embedding.edge_by_edge import attach, split_edges
from theory.embedding.onestep import unchecked_null
from theory.models import FullyConnected

from . import BIASES, FLOATS, GENERIC, OPTIMISTIC, STRATIFICATION, WEIGHTS, disproportional, proportional, series, split_somewhere

NULL = claim(
    "deep.null",
    "What a null neuron costs",
    r"R_{\mathrm{wide}} - R_{\mathrm{narr}} = 0 \text{ or } m_{l+1} \text{ for a null neuron in hidden layer } l",
    clauses={
        "free": r"0 \text{ if } \sigma(0) = 0 \text{ or layer } l + 1 \text{ has biases}",
        "fan-out": r"m_{l+1} \text{ for sigmoid, softplus and cos (} \sigma(0) \ne 0 \text{), and for exp if } l = L - 1,"
        r" \text{ where layer } l + 1 \text{ has none}",
        "exponential": r"\text{exception: } \sigma = \exp,\ l < L - 1 \text{ costs nothing}",
    },
    symbols=["R", "narr,wide", "l", "L", "m_l", r"\sigma"],
    kind="extension",
    assumptions=[
        Assumption("null", r"\text{input weights, bias and output weights of the new neuron vanish}"),
        GENERIC,
    ],
    source=OPTIMISTIC.at("equation 35, with biases in all layers; without: ours (2406.18035v1, Table 1 needs splitting)"),
    refuted_by="An activation, a layer and biases for which the rank rises otherwise.",
    notes="Smallest case against a rise of 1 always: sigmoid, two layers, two outputs, no biases: the rise is 2. That sigma(0) is not 0 is"
    " not enough: for the polynomial 1 + z^2 two neurons on one input have the constant among their tangents, and the rise is 0.",
)

VANISHING, OTHERS = ("tanh", "sin", "gelu", "silu"), ("sigmoid", "softplus", "cos")
PLACES: dict[str, Any] = {
    "widths": by_level(
        ((2, 2, 1), (1, 2, 2), (2, 2, 2, 1), (2, 2, 3, 1)), ((2, 2, 1), (1, 2, 2), (1, 2, 3), (2, 2, 2, 1), (2, 2, 3, 1), (1, 2, 2, 2))
    )
}
PLACES |= {"layer": (1, 2), "biases": BIASES}


def hidden(widths, layer):
    """the layer is hidden"""
    return layer < len(widths) - 1


def next_has_biases(widths, layer, biases):
    return biases[1] if layer == len(widths) - 2 else biases[0]


def free(activation, widths, layer, biases):
    """sigma(0) = 0, or biases in the next layer; the layer is hidden"""
    return hidden(widths, layer) and (activation in VANISHING or next_has_biases(widths, layer, biases))


def costly(activation, widths, layer, biases):
    """no biases in the next layer; for exp that is the last"""
    return hidden(widths, layer) and not next_has_biases(widths, layer, biases) and (activation != "exp" or layer == len(widths) - 2)


def excepted(widths, layer, biases):
    """no biases in the next layer, which is hidden"""
    return not next_has_biases(widths, layer, biases) and layer < len(widths) - 2


SIGMAS = by_level(("tanh", "gelu", "sigmoid", "exp"), (*VANISHING, *OTHERS, "exp"))
FREE = axes(activation=SIGMAS, **PLACES, where=free, standard=3)
COSTLY = axes(activation=(*OTHERS, "exp"), **PLACES, where=costly, standard=5)
EXCEPTED = axes(**PLACES, where=excepted, quick=2, standard=10)


def narrow_point(cell, rng):
    """A generic point of the network of a cell."""
    return distinct_moduli(network(cell, "tanh"), rng)


def network(cell, activation):
    return FullyConnected(cell.widths, activation, *cell.biases)


def next_width(cell):
    return cell.widths[cell.layer + 1]


def rise(model, theta, layer, bias, rank):
    """Ranks before and after a neuron without weights and with this bias."""
    embedding = unchecked_null(model, layer, bias)
    return rank(model, theta), rank(embedding.wide, embedding(theta))


def rise_is(expected, narrow, wide, **shown):
    """The difference of two ranks against ``expected``; undecided where one of them is open."""
    values = [one.rank if one.rank is not None else one.estimate for one in (narrow, wide)]
    if None in values:
        return equal(rise=(expected, None), shown=shown)
    risen = values[1] - values[0]
    return equal(rise=(expected, float(risen) if "float" in (narrow.method, wide.method) else risen), shown=shown)


@NULL.check("certified", narrow_point, FREE, clauses="free", distribution=WEIGHTS)
@false("1 whenever sigma(0) != 0", cost=lambda cell: int(cell.activation not in VANISHING))
@false("the fan-out always", cost=next_width)
@false("the new neuron with a bias", bias=0.5)
def costs_nothing(cell, theta, *, cost=lambda cell: 0, bias=0, at=lambda theta: theta, rank=model_rank, context):
    """Ranks before and after, at activations that vanish at 0 or below a layer with biases."""
    return rise_is(cost(cell), *rise(network(cell, cell.activation), at(theta), cell.layer, bias, rank), theta=theta)


NULL.twin(costs_nothing, "property", changed={"rank": in_floats}, tolerance=FLOATS, examples={"quick": 50, "standard": 50, "full": 300})
NULL.without("null", costs_nothing, bias=0.5)


@NULL.check("certified", narrow_point, COSTLY, clauses="fan-out", distribution=WEIGHTS)
@false("for nothing", cost=lambda cell: 0)
@false("1 always", cost=lambda cell: 1)
@false("the fan-in", cost=lambda cell: cell.widths[cell.layer - 1])
def costs_the_fan_out(cell, theta, *, cost=next_width, at=lambda theta: theta, context):
    """Ranks before and after where sigma(0) is passed on and no bias takes it up."""
    return rise_is(cost(cell), *rise(network(cell, cell.activation), at(theta), cell.layer, 0, model_rank), theta=theta)


NULL.without("generic", costs_the_fan_out, at=lambda theta: 0 * theta)


@NULL.check("certified", narrow_point, EXCEPTED, clauses="exponential", distribution=WEIGHTS)
@false("the fan-out, as elsewhere", cost=next_width)
@false("as for the sigmoid", activation="sigmoid")
def costs_nothing_for_exp(cell, theta, *, cost=lambda cell: 0, activation="exp", context):
    """exp below the last layer: the constant 1 beside e^z is a scaling of the neuron above."""
    return rise_is(cost(cell), *rise(network(cell, activation), theta, cell.layer, 0, model_rank), theta=theta)


STEPS = axes(
    widths=((2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 1), (1, 2, 2, 2, 1)),
    biases=BIASES,
    steps=by_level(("null", "null, split"), ("null", "null, null", "null, split", "split, null", "split, null, null")),
    standard=4,
    full=10,
)


@NULL.check("exact", narrow_point, STEPS, clauses="free", distribution=f"{WEIGHTS}, layers, neurons and fractions drawn")
@false("one more for every new neuron", formula=lambda narrow, wide: narrow.n_params + sum(wide.widths) - sum(narrow.widths))
@false("the parameters of the wide network", formula=lambda narrow, wide: wide.n_params)
def sequences(cell, theta, *, formula=lambda narrow, wide: narrow.n_params, context):
    """tanh: splits and null neurons one after the other keep the rank at the number of parameters of the narrow network."""
    narrow = wide = network(cell, "tanh")
    rng, start = context.rng(cell, theta), theta
    for step in cell.steps.split(", "):
        layer = int(rng.integers(1, wide.depth))
        if step == "split":
            wide, theta = split_somewhere(wide, theta, layer, rng)
        else:
            embedding = unchecked_null(wide, layer, 0)
            wide, theta = embedding.wide, embedding(theta)
    return rank_is(formula(narrow, wide), series(wide, theta), theta=start)


NULL.formal(
    "width/null.v",
    "deep_null",
    false="neurons with input weights too",
    adequate=null_neurons,
    clauses="free",
    part="all sizes and numbers of null neurons, biases in all layers",
)

NONPROPORTIONAL = claim(
    "deep.nonprop",
    "Output-preserving embeddings that raise the model rank",
    r"\text{the same output does not mean the same rank}",
    clauses={
        "split": r"\text{a split with a fraction of its own on every edge raises } R \text{ by the fan-in, with biases one more,}"
        r" \text{ if } m_{l+1} \ge 2, \text{ for tanh, sigmoid and softplus}",
        "exponential": r"\sigma = \exp: \text{ by the fan-in, with or without biases}",
        "homogeneous": r"\sigma = z^3: \text{ by one less, the fan-in less 1, with biases the fan-in, in the widths tested}",
        "leaky": r"\text{leaky ReLU: by as much on an open set of parameters, in the widths tested}",
        "no output": r"\text{tanh without biases: a neuron without output weights raises } R \text{ by its fan-out } m_{l+1}",
        "no input": r"\text{tanh without biases: a neuron without input weights raises } R \text{ by its fan-in } m_{l-1}",
    },
    symbols=["R", "l", "m_l", r"\sigma"],
    kind="counterexample",
    assumptions=[GENERIC],
    source=STRATIFICATION.at("Definition 4 asks for more than the same output; the examples: ours"),
    depends_on=["deep.split", "deep.generic"],
    refuted_by="A split with different fractions, or such a neuron, at which the rank rises otherwise.",
    notes="Where sigma(c z) = c^p sigma(z) for c > 0, the incoming weights of the copy times their tangents add up to one of its output"
    " weights. [2,2,2,1] with biases: exp 11 before, 13 after, z^3 likewise, tanh 15 and 18. Elsewhere homogeneous sigma can rise less:"
    " z^3 in [1,2,2,1] with biases 9 and 9, leaky ReLU in [2,1,2,1] without, all weights positive, 2 and 2 (fnn.relu, one neuron)."
    " In floats three of a hundred drawn leaky networks of the widths tested rise by less.",
)

SPLIT: dict[str, Any] = {
    "widths": by_level(((2, 2, 2, 1), (3, 2, 2, 1)), ((2, 2, 2, 1), (3, 2, 2, 1), (2, 2, 3, 1), (2, 2, 2, 2, 1))),
    "layer": (1, 2, 3),
    "bias": (False, True),
    "where": hidden,
}
SPLITS = axes(activation=by_level(("tanh",), ("tanh", "sigmoid", "softplus")), **SPLIT, quick=2, standard=3)


def before_split(cell, rng):
    """A generic point, and where the neuron is split."""
    return distinct_moduli(FullyConnected(cell.widths, "tanh", cell.bias), rng)


def fan_in(cell):
    """Input weights and bias of the copy; with one outgoing edge every split is proportional."""
    return (cell.widths[cell.layer - 1] + cell.bias) * (cell.widths[cell.layer + 1] > 1)


def weights_alone(cell):
    return cell.widths[cell.layer - 1] * (cell.widths[cell.layer + 1] > 1)


@NONPROPORTIONAL.check("certified", before_split, SPLITS, clauses="split", distribution=f"{WEIGHTS}; fractions in quarters, all different")
@false("every output-preserving embedding keeps the rank", raised=lambda cell: 0)
@false("the bias forgotten", raised=weights_alone)
@false("the same fraction on all edges", fractions=proportional)
def splits(cell, theta, *, raised=fan_in, fractions=disproportional, rank=model_rank, at=lambda theta: theta, context):
    """Ranks before and after a split of the first neuron of a layer with its own fraction on every edge."""
    narrow = FullyConnected(cell.widths, cell.activation, cell.bias)
    wide, mapped = split_edges(narrow, at(theta), cell.layer, 0, fractions(context.rng(cell, theta), cell.widths[cell.layer + 1]))
    return rise_is(raised(cell), rank(narrow, at(theta)), rank(wide, mapped), theta=theta)


NONPROPORTIONAL.twin(splits, "property", changed={"rank": in_floats}, tolerance=FLOATS)
NONPROPORTIONAL.without("generic", splits, at=lambda theta: 0 * theta)


def small_before_split(cell, rng):
    """The same with weights a quarter as large: three exponentials of each other grow beyond any precision."""
    return before_split(cell, rng) / 4


def by_symmetry(cell):
    """The fan-in, for exp without the bias, for homogeneous sigma less 1."""
    return weights_alone(cell) if cell.activation == "exp" else max(fan_in(cell) - 1, 0)


SYMMETRIC = axes(activation=("exp", "power:3"), **SPLIT, quick=1, standard=5)


@NONPROPORTIONAL.check("certified", small_before_split, SYMMETRIC, clauses=("exponential", "homogeneous"), distribution=WEIGHTS)
@false("one more, as elsewhere", raised=fan_in)
@false("exp as homogeneous", raised=lambda cell: max(fan_in(cell) - 1, 0))
@false("homogeneous as exp", raised=weights_alone)
@false("as for tanh", activation="tanh")
def splits_by_symmetry(cell, theta, *, raised=by_symmetry, activation=None, context):
    """exp: the bias of the copy is a combination of its output weights; homogeneous sigma: one combination of its inputs is (Euler)."""
    narrow = FullyConnected(cell.widths, activation or cell.activation, cell.bias)
    wide, mapped = split_edges(narrow, theta, cell.layer, 0, disproportional(context.rng(cell, theta), cell.widths[cell.layer + 1]))
    return rise_is(raised(cell), model_rank(narrow, theta), model_rank(wide, mapped), theta=theta)


@NONPROPORTIONAL.check("certified", small_before_split, axes(**SPLIT, standard=2), clauses="leaky", distribution=WEIGHTS)
@false("one more, as elsewhere", raised=fan_in)
@false("one fewer", raised=lambda cell: fan_in(cell) - 2)
@false("as exp", raised=weights_alone)
def leaky_splits(cell, first, *, raised=lambda cell: max(fan_in(cell) - 1, 0), context):
    """Of six points the largest rise that is decided: no sample is on a kink, so that it is that of all points near."""
    rng, rises = context.rng(cell, first), []
    narrow = FullyConnected(cell.widths, "leaky", cell.bias)
    for theta in (first, *(small_before_split(cell, rng) for _ in range(5))):  # as many whatever is predicted, so that one too few is seen
        wide = split_edges(narrow, theta, cell.layer, 0, disproportional(rng, cell.widths[cell.layer + 1]))
        before, after = model_rank(narrow, theta), model_rank(*wide)
        if before.rank is not None and after.rank is not None:
            rises.append(after.rank - before.rank)
    return equal(largest=(raised(cell), max(rises, default=None)), shown={"first": first, "rises": rises})


HALF = axes(widths=((2, 2, 2, 1), (3, 2, 2, 1), (2, 3, 2, 1), (2, 2, 3, 1)), layer=(1, 2), where=hidden, standard=10)


def with_a_half_neuron(cell, rng):
    """A generic point, and the weights of a new neuron."""
    theta = distinct_moduli(FullyConnected(cell.widths, "tanh", False), rng)
    return theta, signs(rng, cell.widths[cell.layer - 1]) / 4, signs(rng, cell.widths[cell.layer + 1]) / 4


@NONPROPORTIONAL.check("exact", with_a_half_neuron, HALF, clauses=("no output", "no input"), distribution=WEIGHTS)
@false("for nothing", fan=lambda cell, outward: 0)
@false("fan-in and fan-out exchanged", fan=lambda cell, outward: cell.widths[cell.layer + (-1 if outward else 1)])
def half_neurons(cell, instance, *, fan=lambda cell, outward: cell.widths[cell.layer + (1 if outward else -1)], context):
    """tanh without biases, by Taylor series: a new neuron without outputs, and one without inputs."""
    theta, incoming, outgoing = instance
    narrow = FullyConnected(cell.widths, "tanh", False)
    before = series(narrow, theta)
    after = [series(*attach(narrow, theta, cell.layer, *half)) for half in ((incoming, 0), (0, outgoing))]
    return worst(rise_is(fan(cell, outward), before, found, theta=theta) for outward, found in zip((True, False), after, strict=True))
