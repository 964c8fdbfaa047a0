r"""Null neurons: a neuron that adds nothing keeps outputs and critical points, and when one with incoming weights does.

The null embedding adds to layer l a neuron with w = 0, any bias b and v = 0 outgoing weights. What keeps it critical is the bias of the
next layer: \partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import agree, rounding, within
from proofs_check.claims.width._measures import gradients, inertia_of
from proofs_check.claims.width._places import DEEP, JML, SHALLOW, SUMS_OF_MODULI, exactly, for_any_network, in_floats, places
from proofs_check.claims.width._points import planted_in_floats
from proofs_check.claims.width._twins import with_incoming_weights, with_outgoing_weights
from theory.embedding import null
from theory.embedding.onestep import unchecked_null
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# ----------------------------------------------------------------------------------------- embedding.null.criticality


def check_null(place, *, construct, context) -> Outcome:
    """A null neuron of bias alpha: outputs at any point, the gradient image, and criticality at a planted point."""
    embedding, data = construct(place.model, place.layer, place.alpha), place.data()
    narrow, image = gradients(embedding, place.theta, data)
    _, critical = gradients(embedding, place.theta, place.planted())
    return agree(
        place,
        output=(place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])),
        gradient=(embedding.gradient_map.apply(narrow), image),
        wide_gradient=(0 * critical, critical),
    )


def check_null_of_any(_, *, map_of_gradients, context) -> Outcome:
    """Of the new derivatives only those of the outgoing weights survive, sigma(b) times those of the next bias."""
    from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("beta")
    embedding = unchecked_null(neuron_model(jet=symbols.jet("t")), 1, symbols["beta"])
    (_, narrow), (_, wide) = around_embedding(symbols, embedding, "st")
    return agree("any network", gradient=(with_passive(map_of_gradients(embedding)).apply(narrow.gradient), wide.gradient))


def forgotten_constant(embedding):
    """The gradient map without sigma(b): all new derivatives taken to vanish because the new weights do."""
    return embedding.matrix


def check_unbiased(instance, *, activation, context) -> Outcome:
    """A neuron of zero weights in a network without any bias, at a planted point."""
    from numerics.arithmetic.exact import rationals
    from numerics.planting import plant

    model = FullyConnected((1, 2, 1), activation, bias=False)
    theta = rationals([Fraction(k, 2) for k in instance])
    data = plant(model, theta, rationals([[Fraction(k, 2)] for k in range(1, 8)]))
    _, wide = gradients(unchecked_null(model, 1, Fraction(0)), theta, data)
    return agree(instance, wide_gradient=(0 * wide, wide))


def unbiased(context):
    """Weights; the inputs 1/2, 1, ..., 7/2 have distinct moduli, so that residuals of an even sigma do not add up to 0."""
    return [tuple(map(int, context.rng(replicate).integers(1, 5, 4) * (1, -1, 1, 1))) for replicate in range(6)]


# ------------------------------------------------------------------------------------- embedding.null.exact-condition


def check_exact_condition(place, *, moment, context) -> Outcome:
    """Any incoming weights, zero outgoing ones: the only new derivatives are phi_t(w, b) = E[e_t sigma(w f + b)]."""
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of

    embedding, data = with_incoming_weights(place.model, place.layer, place.alpha), place.planted()
    _, wide = gradients(embedding, place.theta, data)
    found = trace(embedding.wide, embedding(place.theta), data[0])
    expected = 0 * wide
    expected[wiring(embedding.wide, place.layer).outgoing[-1]] = moment(found, place.layer, cotangent_of(place.model, place.theta, data))
    return agree(
        place, output=(place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])), gradient=(expected, wide)
    )


def new_moment(found, layer, cotangent):
    """phi_t = E[e^[l+1]_t sigma(w f + b)] of the new, last neuron."""
    return found.error(layer + 1, cotangent).T @ found.features[layer][:, -1]


def check_planted_zero(place, *, imposed, context) -> Outcome:
    """With phi_t(w, b) = 0 planted as well, the new neuron is critical although its weights are not zero."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian.neuron_matrices import trace

    embedding, extra = with_incoming_weights(place.model, place.layer, place.alpha), place.widths[-1] + 2
    found = trace(embedding.wide, embedding(place.theta), place.samples(place.enough + extra))
    rows = found.linear_rows(lambda cotangent: new_moment(found, place.layer, cotangent))
    data = place.planted(conditions=[(rows, rationals([0] * len(rows)))] if imposed else [], extra=extra)
    _, wide = gradients(embedding, place.theta, data)
    return agree(place, wide_gradient=(0 * wide, wide))


def check_root_in_floats(instance, *, shift, context) -> Outcome:
    """A tanh network with one output: a bias b with phi(w, b) = 0, found by bisection, makes the neuron with weights w critical."""
    from scipy.optimize import brentq

    from numerics.hessian import gradient
    from numerics.planting import cotangent_of, plant

    rng, model = context.rng(instance), FullyConnected((1, 2, 1))
    theta, x, w = rng.normal(size=model.n_params), rng.normal(size=(20, 1)), rng.normal()
    data = plant(model, theta, x, seed=instance)
    cotangent = cotangent_of(model, theta, data)[:, 0]
    phi = lambda b: cotangent @ np.tanh(w * x[:, 0] + b)
    grid = np.linspace(-4, 4, 161)
    values = np.array([phi(b) for b in grid])
    changes = np.flatnonzero(values[:-1] * values[1:] < 0)
    if not len(changes):
        return Outcome.skipped("phi has no zero between -4 and 4 for these weights")
    root = brentq(phi, grid[changes[0]], grid[changes[0] + 1], xtol=1e-15, rtol=1e-15)
    embedding = null(model, 1, Fraction(0))
    wide = embedding(theta)
    wide[wiring(embedding.wide, 1).incoming[-1]] = w, root + shift
    size = (1 + np.abs(theta).max()) ** 2 * (1 + np.abs(x).max()) * np.linalg.norm(cotangent)
    return within(instance, gradient(embedding.wide, wide, data), rounding(len(wide) + len(x), size), "gradient at the root of phi")


# ------------------------------------------------------------------------------------------- embedding.null.dead-relu


def check_dead_relu(place, *, extra, bias, context) -> Outcome:
    """A ReLU neuron inactive on all samples, with any outgoing weights: critical, and its parameters add zeros only."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import gradient_and_hessian, hessian

    data = place.planted()
    embedding = null(place.model, place.layer, Fraction(0))
    new, theta = wiring(embedding.wide, place.layer), embedding(place.theta)
    theta[new.incoming[-1, :-1]] = rationals([1] * (new.incoming.shape[1] - 1))
    theta[new.incoming[-1, -1]] = rationals([bias])[0]
    theta[new.outgoing[-1]] = rationals([3] * new.outgoing.shape[1])
    wide, curvature = gradient_and_hessian(embedding.wide, theta, data)
    narrow = inertia_of(hessian(place.model, place.theta, data))
    added = extra(new.outgoing.shape[1], new.incoming.shape[1])
    return agree(
        place,
        gradient=(0 * wide, wide),
        output=(place.model(place.theta, data[0]), embedding.wide(theta, data[0])),
        inertia=((narrow[0], narrow[1] + added, narrow[2]), inertia_of(curvature)),
    )


def check_dead_relu_in_floats(instance, *, extra, bias, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.hessian.inertias import Undecided, float_inertia

    widths, replicate = instance
    _, model, theta, data = planted_in_floats(widths, replicate, context, times=3, activation="relu", size=0.5)
    embedding = null(model, 1, Fraction(0))
    new, wide = wiring(embedding.wide, 1), embedding(theta)
    wide[new.incoming[-1]] = [*[1.0] * widths[0], bias]
    wide[new.outgoing[-1]] = 3.0
    try:
        before, after = (float_inertia(hessian(m, point, data)).counts for m, point in ((model, theta), (embedding.wide, wide)))
    except Undecided as doubt:
        return Outcome.inconclusive(str(doubt), cases=1)
    added = extra(widths[2], widths[0] + 1)
    return agree(instance, inertia=((before[0], before[1] + added, before[2]), after))


def relu_in_floats(context):
    return [(widths, k) for k, widths in enumerate([(2, 2, 1), (2, 3, 2), (3, 2, 2)] * context.by_level(quick=2, standard=10, full=50))]


def relu_places(context):
    return places(SHALLOW).map(lambda place: place.at(activation="relu", off_kinks=True))


def all_parameters(outputs, inputs):
    return outputs + inputs


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.null.criticality",
        title="A null neuron keeps outputs and critical points",
        statement=r"w = 0,\ b \in \mathbb{R},\ v = 0:\quad f_{T\theta} = f_\theta,\quad \nabla R(T\theta) = M \nabla R(\theta),\quad "
        r"\partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t",
        assumptions=[Assumption("next bias", r"\text{layer } l+1 \text{ has a bias, or } \sigma(b) = 0")],
        source=Source(JML, "Proposition 4.1; the printed reason (the weight is 0) does not suffice, the bias is needed"),
        refuted_by="A critical point whose null embedding has a non-zero gradient.",
        checks=[
            exactly(
                "rational-networks",
                check_null,
                lambda context: places(SHALLOW + DEEP),
                {"construct": null},
                [
                    Control("incoming weights are arbitrary", construct=with_incoming_weights),
                    Control("constant neuron with outgoing weights", construct=with_outgoing_weights),
                ],
                scope="two and three layers, biases p/q, planted points and others",
                examples=25,
            ),
            for_any_network(
                check_null_of_any,
                {"map_of_gradients": lambda embedding: embedding.gradient_map},
                [Control("zero because the weight is zero", map_of_gradients=forgotten_constant)],
            ),
            exactly(
                "sigma-zero-at-zero",
                check_unbiased,
                unbiased,
                {"activation": "ratsig4"},
                [Control("sigma(0) = 1", activation="lorentz")],
                scope="networks without biases and sigma(0) = 0",
                distribution="weights of moduli 1/2 .. 2, inputs 1/2, 1, ..., 7/2",
            ),
        ],
        probes=[Probe(drops="next bias", check="sigma-zero-at-zero", instances=unbiased, parameters={"activation": "lorentz"})],
    ),
    Claim(
        id="embedding.null.exact-condition",
        title="When a neuron without outgoing weights is critical",
        kind="extension",
        statement=r"v = 0:\quad \nabla R(T\theta) = 0 \iff \varphi_t(w, b) := E[e^{[l+1]}_t \sigma(w \cdot f^{[l-1]} + b)] = "
        r"0 \text{ for all } t",
        assumptions=[Assumption("critical", r"\nabla R(\theta) = 0")],
        source=Source("arXiv:2505.13582", "Proposition 4.2.1 for two layers; any depth: ours"),
        depends_on=["embedding.null.criticality"],
        refuted_by="A new derivative other than phi_t, or a point with phi = 0 that is not critical.",
        notes="The solutions w != 0 depend on the data; w = 0 and copies of existing neurons do not.",
        checks=[
            exactly(
                "only-new-derivatives",
                check_exact_condition,
                lambda context: places(SHALLOW + DEEP),
                {"moment": new_moment},
                [Control("always critical", moment=lambda *found: 0)],
                scope="two and three layers, all new incoming weights 3/7, bias p/q; the whole gradient",
                examples={"quick": 15, "standard": 100, "full": 500},
            ),
            exactly(
                "planted-zero",
                check_planted_zero,
                lambda context: places(SHALLOW),
                {"imposed": True},
                [Control("not imposed", imposed=False)],
                scope="phi(w, b) = 0 planted besides criticality, w = 3/7",
                examples={"quick": 10, "standard": 100, "full": 500},
            ),
            in_floats(
                "roots-in-floats",
                check_root_in_floats,
                lambda context: range(context.by_level(quick=20, standard=200, full=1000)),
                {"shift": 0.0},
                [Control("off the root by 1e-3", shift=1e-3)],
                scope="[1, 2, 1] tanh, w normal, b the first root of phi(w, b) between -4 and 4",
                distribution="theta, inputs and w normal",
                tolerance=SUMS_OF_MODULI,
            ),
        ],
    ),
    Claim(
        id="embedding.null.dead-relu",
        title="A ReLU neuron inactive on the data adds zeros only",
        kind="extension",
        statement=r"w \cdot f^{[l-1]}(x_i) + b < 0 \ \forall i \implies \text{critical for any outgoing weights, extra "
        r"inertia } (0, m_{l+1} + d_l, 0)",
        assumptions=[Assumption("inactive", r"\text{the new neuron is inactive on every sample}")],
        source=Source(JML, "remark on ReLU (count: ours)"),
        depends_on=["embedding.null.criticality"],
        refuted_by="A planted point whose Hessian gains a non-zero eigenvalue.",
        notes="Depends on the data: the outputs at other inputs may change.",
        checks=[
            exactly(
                "rational-relu",
                check_dead_relu,
                relu_places,
                {"extra": all_parameters, "bias": -1000},
                [
                    Control("one zero only", extra=lambda outputs, inputs: 1),
                    Control("active on the data", bias=1000),
                ],
                scope="two-layer ReLU networks off the kinks, exact inertia",
                examples={"quick": 12, "standard": 100, "full": 500},
            ),
            in_floats(
                "relu-in-floats",
                check_dead_relu_in_floats,
                relu_in_floats,
                {"extra": all_parameters, "bias": -1000.0},
                [Control("one zero only", extra=lambda outputs, inputs: 1)],
                scope="two-layer ReLU networks, float inertia with its gap",
                distribution="theta and inputs normal, three times as many samples as parameters",
                tolerance="eigenvalues within 64 P eps |lambda|_max are zero, within a thousand times that undecided",
            ),
        ],
        probes=[Probe(drops="inactive", instances=relu_places, parameters={"bias": 1000})],
    ),
]
