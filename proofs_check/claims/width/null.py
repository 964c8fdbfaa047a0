r"""Null neurons: a neuron that adds nothing keeps outputs and critical points, and when one with incoming weights does.

The null embedding adds to layer l a neuron with w = 0, any bias b and v = 0 outgoing weights. What keeps it critical is the bias of the
next layer: \partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient, gradient_and_hessian, hessian
from numerics.hessian.inertias import float_counts
from numerics.hessian.neuron_matrices import trace
from numerics.planting import NothingToPlant, cotangent_of, plant
from proofs_check import Assumption, Outcome, a_seed, axes, by_level, claim, false
from proofs_check.adequacy import width as definitions
from proofs_check.judging import bounded, equal, inertia_is, worst
from theory.embedding import null
from theory.embedding.onestep import unchecked_null
from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import ANY_NETWORK, ANY_SIGMA, CRITICAL, JML, LOCAL, SUMS_OF_MODULI
from ._instances import FRACTIONS, inner, place_in, planted_in_floats
from ._measures import gradients, inertia_of, rounding
from ._twins import with_incoming_weights, with_outgoing_weights

NULL = claim(
    "embedding.null.criticality",
    "A null neuron keeps outputs and critical points",
    r"w = 0,\ b \in \mathbb{R},\ v = 0:\quad f_{T\theta} = f_\theta,\quad \nabla R(T\theta) = G \nabla R(\theta),\quad "
    r"\partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t",
    clauses={
        "output": r"f_{T\theta} = f_\theta",
        "image": r"\nabla R(T\theta) = G \nabla R(\theta),\ \partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t",
        "critical": r"\nabla R(\theta) = 0 \implies \nabla R(T\theta) = 0",
    },
    symbols=["f", r"\theta", "w,b,v", "T", "R", "G", r"\sigma", "l"],
    assumptions=[ANY_SIGMA, Assumption("next bias", r"\text{layer } l+1 \text{ has a bias, or } \sigma(b) = 0")],
    source=JML.at("Proposition 4.1; the printed reason (the weight is 0) does not suffice, the bias is needed"),
    refuted_by="A critical point whose null embedding has a non-zero gradient.",
)


@NULL.check("symbolic", ["any network"], clauses=("output", "image"), covers="statement", scope=ANY_NETWORK)
@false("zero because the weight is zero", map_of_gradients=lambda embedding: embedding.matrix)
def undefined_activation(_, *, map_of_gradients=lambda embedding: embedding.gradient_map, context):
    """Of the new derivatives only those of the outgoing weights survive, sigma(b) times those of the next bias."""
    symbols = neuron_symbols("beta")
    embedding = unchecked_null(neuron_model(jet=symbols.jet("t")), 1, symbols["beta"])
    (outputs, narrow), (wide_outputs, wide) = around_embedding(symbols, embedding, "st")
    image = with_passive(map_of_gradients(embedding)).apply(narrow.gradient)
    return equal(output=(outputs, wide_outputs), gradient=(image, wide.gradient))


PLACES = axes(
    widths=by_level(
        ((2, 1, 2), (1, 1, 2, 1), (1, 1, 1, 1, 1)), ((1, 1, 1), (2, 1, 2), (1, 2, 2), (1, 1, 1, 2), (1, 2, 2, 1), (1, 1, 1, 1, 1))
    ),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@NULL.check("exact", place_in, PLACES, clauses=("output", "image", "critical"), distribution="points anywhere, and planted ones")
@false("incoming weights are arbitrary", construct=with_incoming_weights)
@false("constant neuron with outgoing weights", construct=with_outgoing_weights)
def rational_networks(cell, place, *, construct=null, context):
    """A null neuron whose bias is a fraction of every kind: outputs, the gradient image, and a planted point kept critical."""
    embedding, data = construct(place.model, place.layer, place.alpha), place.data()
    narrow, image = gradients(embedding, place.theta, data)
    _, critical = gradients(embedding, place.theta, place.planted())
    return equal(
        output=(place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])),
        gradient=(embedding.gradient_map.apply(narrow), image),
        wide_gradient=(0 * critical, critical),
        shown={"place": place},
    )


def unbiased(cell, rng):
    """Weights; the inputs 1/2, 1, ..., 7/2 have distinct moduli, so that residuals of an even sigma do not add up to 0."""
    return tuple(map(int, rng.integers(1, 5, 4) * (1, -1, 1, 1)))


@NULL.check("exact", unbiased, axes(sigma=("ratsig4", "ratsig"), quick=3, standard=10), clauses="critical")
@false("sigma(0) = 1", activation="lorentz")
def sigma_zero_at_zero(cell, weights, *, activation="", context):
    """A neuron of zero weights in a network without any bias, sigma(0) = 0, at a planted point."""
    model = FullyConnected((1, 2, 1), activation or cell.sigma, bias=False)
    theta = rationals([Fraction(k, 2) for k in weights])
    data = plant(model, theta, rationals([[Fraction(k, 2)] for k in range(1, 8)]))
    _, wide = gradients(unchecked_null(model, 1, Fraction(0)), theta, data)
    return equal(wide_gradient=(0 * wide, wide), shown={"weights": weights})


NULL.formal(
    "width/null.v",
    "embedding_null_criticality",
    false="incoming weights are arbitrary",
    adequate=definitions.null_neurons,
    clauses=("output", "critical"),
    part="any number of null neurons, biases in all layers",
)
NULL.formal(
    "width/null.v",
    "embedding_null_gradient_image",
    false="new outgoing weights forgotten",
    adequate=definitions.null_neurons,
    clauses="image",
    part="any number of null neurons, biases in all layers",
)

NULL.without("next bias", sigma_zero_at_zero, activation="lorentz")

CONDITION = claim(
    "embedding.null.exact-condition",
    "When a neuron without outgoing weights is critical",
    r"v = 0:\quad \nabla R(T\theta) = 0 \iff \varphi_t(w, b) := E[e^{[l+1]}_t \sigma(w \cdot f^{[l-1]} + b)] = 0 \text{ for all } t",
    symbols=["w,b,v", "R", "T", r"\theta", "E", "e^{[l]}", "f^{[l]}", r"\sigma"],
    assumptions=[CRITICAL],
    kind="extension",
    source=LOCAL.at("Proposition 4.2.1 for two layers; any depth: ours"),
    depends_on=["embedding.null.criticality"],
    refuted_by="A new derivative other than phi_t, or a point with phi = 0 that is not critical.",
    notes="The solutions w != 0 depend on the data; w = 0 and copies of existing neurons do not.",
)


def new_moment(found, layer, cotangent):
    """phi_t = E[e^[l+1]_t sigma(w f + b)] of the new, last neuron."""
    return found.error(layer + 1, cotangent).T @ found.features[layer][:, -1]


@CONDITION.check("exact", place_in, PLACES, distribution="planted points, all new incoming weights 3/7")
@false("always critical", moment=lambda *found: 0)
def only_new_derivatives(cell, place, *, moment=new_moment, at="critical", context):
    """The only new derivatives are phi_t: the whole gradient, the bias a fraction of every kind."""
    embedding, data = with_incoming_weights(place.model, place.layer, place.alpha), place.planted() if at == "critical" else place.data(3)
    _, wide = gradients(embedding, place.theta, data)
    found = trace(embedding.wide, embedding(place.theta), data[0])
    expected = 0 * wide
    expected[wiring(embedding.wide, place.layer).outgoing[-1]] = moment(found, place.layer, cotangent_of(place.model, place.theta, data))
    outputs = place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])
    return equal(output=outputs, gradient=(expected, wide), shown={"place": place})


CONDITION.without("critical", only_new_derivatives, at="anywhere")

IMPOSED = axes(
    widths=by_level(((2, 1, 2), (1, 1, 2, 1)), ((1, 1, 1), (1, 2, 1), (2, 1, 2), (1, 1, 2, 1))),
    layer=(1, 2),
    alpha=("inside", "negative"),
    where=lambda widths, layer: inner(widths, layer),
    standard=5,
    full=30,
)


@CONDITION.check("exact", place_in, IMPOSED, distribution="phi(w, b) = 0 planted besides criticality, w = 3/7")
@false("not imposed", imposed=False)
def planted_zero(cell, place, *, imposed=True, context):
    """With phi_t(w, b) = 0 planted as well, the new neuron is critical although its weights are not zero."""
    embedding, extra = with_incoming_weights(place.model, place.layer, place.alpha), place.widths[-1] + 3
    found = trace(embedding.wide, embedding(place.theta), place.samples(place.enough + extra))
    rows = found.linear_rows(lambda cotangent: new_moment(found, place.layer, cotangent))
    try:
        data = place.planted(conditions=[(rows, rationals([0] * len(rows)))] if imposed else [], extra=extra)
    except NothingToPlant:
        return Outcome.rejected("nothing can be planted here")
    _, wide = gradients(embedding, place.theta, data)
    return equal(wide_gradient=(0 * wide, wide), shown={"place": place})


@CONDITION.check(
    "property",
    a_seed,
    axes(widths=((1, 2, 1),), quick=20, standard=200, full=1000),
    tolerance=SUMS_OF_MODULI,
    distribution="theta, x, w normal",
)
@false("off the root by 1e-3", shift=1e-3)
def roots_in_floats(cell, seed, *, shift=0.0, context):
    """tanh: a bias b with phi(w, b) = 0 (the first root between -4 and 4, by bisection) makes the neuron with weights w critical."""
    from scipy.optimize import brentq

    rng, model = context.rng(seed), FullyConnected(cell.widths)
    theta, x, w = rng.normal(size=model.n_params), rng.normal(size=(20, 1)), rng.normal()
    data = plant(model, theta, x, seed=int(rng.integers(2**31)))
    cotangent = cotangent_of(model, theta, data)[:, 0]
    phi = lambda b: cotangent @ np.tanh(w * x[:, 0] + b)
    grid = np.linspace(-4, 4, 161)
    values = np.array([phi(b) for b in grid])
    changes = np.flatnonzero(values[:-1] * values[1:] < 0)
    if not len(changes):
        return Outcome.rejected("phi has no zero between -4 and 4 for these weights")
    root = brentq(phi, grid[changes[0]], grid[changes[0] + 1], xtol=1e-15, rtol=1e-15)
    embedding = null(model, 1, Fraction(0))
    wide = embedding(theta)
    wide[wiring(embedding.wide, 1).incoming[-1]] = w, root + shift
    size = (1 + np.abs(theta).max()) ** 2 * (1 + np.abs(x).max()) * np.linalg.norm(cotangent)
    return bounded("gradient at the root of phi", gradient(embedding.wide, wide, data), rounding(len(wide) + len(x), size), w=w, b=root)


DEAD = claim(
    "embedding.null.dead-relu",
    "A ReLU neuron inactive on the data adds zeros only",
    r"w \cdot f^{[l-1]}(x_i) + b < 0 \ \forall i \implies \text{critical for any outgoing weights, extra inertia } (0, m_{l+1} + d_l, 0)",
    symbols=["w,b,v", "f^{[l]}", "m_l", "d_l", "x"],
    assumptions=[CRITICAL, Assumption("inactive", r"\text{the new neuron is inactive on every sample}")],
    kind="extension",
    source=JML.at("remark on ReLU (count: ours)"),
    depends_on=["embedding.null.criticality"],
    refuted_by="A planted point whose Hessian gains a non-zero eigenvalue.",
    notes="Depends on the data: the outputs at other inputs may change.",
)

RELU = axes(
    widths=by_level(((2, 1, 2), (1, 2, 2, 1)), ((1, 2, 1), (2, 1, 2), (2, 2, 2), (1, 2, 2, 1), (2, 2, 2, 2))),
    layer=(1, 2),
    sigma=("relu",),
    where=lambda widths, layer: inner(widths, layer),
    quick=3,
    standard=10,
    full=50,
)


def with_dead_neuron(model, layer, theta, bias):
    """The wide model and theta with a new neuron of incoming weights 1, that bias, and outgoing weights 3."""
    embedding = null(model, layer, Fraction(0))
    new, wide = wiring(embedding.wide, layer), embedding(theta)
    one = 0 * wide[0] + 1
    wide[new.incoming[-1]] = one
    wide[new.incoming[-1, -1]] = bias * one
    wide[new.outgoing[-1]] = 3 * one
    return embedding.wide, wide


def all_parameters(outputs, inputs):
    return outputs + inputs


@DEAD.check("exact", place_in, RELU, distribution="planted off the kinks")
@false("one zero only", extra=lambda outputs, inputs: 1)
@false("active on the data", bias=1000)
def rational_relu(cell, place, *, extra=all_parameters, bias=-1000, at="critical", context):
    """Gradient, outputs and exact inertia at planted points of ReLU networks of two and three layers."""
    data = place.planted() if at == "critical" else place.data(place.enough)
    wide, theta = with_dead_neuron(place.model, place.layer, place.theta, bias)
    slope, curvature = gradient_and_hessian(wide, theta, data)
    negative, zero, positive = inertia_of(hessian(place.model, place.theta, data))
    added = extra(cell.widths[cell.layer + 1], cell.widths[cell.layer - 1] + 1)
    return worst(
        [
            equal(
                gradient=(0 * slope, slope),
                output=(place.model(place.theta, data[0]), wide(theta, data[0])),
                shown={"place": place},
            ),
            inertia_is((negative, zero + added, positive), inertia_of(curvature), place=place),
        ]
    )


DEAD.without("inactive", rational_relu, bias=1000)
DEAD.without("critical", rational_relu, at="anywhere")


@DEAD.check(
    "property",
    a_seed,
    axes(widths=((2, 2, 1), (2, 3, 2), (3, 2, 2)), quick=2, standard=10, full=50),
    tolerance="eigenvalues within 64 P eps |lambda|_max are zero, within a thousand times that undecided",
    distribution="theta and inputs normal, three times as many samples as parameters",
)
@false("one zero only", extra=lambda outputs, inputs: 1)
def relu_in_floats(cell, seed, *, extra=all_parameters, context):
    """Counts of float eigenvalues before and after."""
    model, theta, data = planted_in_floats(cell.widths, context.rng(seed), times=3, deviations=(1, 1), activation="relu", size=0.5)
    wide, point = with_dead_neuron(model, 1, theta, -1000.0)
    counts = []
    for network, at in ((model, theta), (wide, point)):
        found, doubtful = float_counts(np.linalg.eigvalsh(hessian(network, at, data)))
        counts.append([None if doubtful else float(count) for count in found])
    added = extra(cell.widths[2], cell.widths[0] + 1)
    before = [counts[0][0], None if counts[0][1] is None else counts[0][1] + added, counts[0][2]]
    return equal(inertia=(before, counts[1]), shown={"widths": cell.widths, "seed": seed})
