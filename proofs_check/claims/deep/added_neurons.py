r"""Neurons added to deep networks without a change of the output: what they cost in model rank.

A null neuron costs nothing, or the constant sigma(0). Splits with another proportion on every edge, and neurons without inputs or
without outputs, raise the rank.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import OPTIMISTIC_ESTIMATE, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import float_twin
from proofs_check.claims.deep._points import BIASES, SHAPES, disproportional, proportional, split_somewhere, stratum_rank
from theory.draws import distinct_moduli, signs
from theory.embedding.edge_by_edge import attach, split_edges
from theory.embedding.onestep import unchecked_null
from theory.models import FullyConnected, TwoLayer

# -------------------------------------------------------------------------------------------------------- deep.null


def constant_at_zero(model) -> bool:
    return float(model.activation(np.zeros(1))[0]) != 0


def null_costs(model) -> int:
    """0 where sigma(0) = 0 or the next layer has a bias, else 1: the constant sigma(0) becomes a tangent function."""
    return int(constant_at_zero(model) and not model.output_bias)


def with_null_neuron(model, theta, layer, bias=0):
    embedding = unchecked_null(model, layer, bias)
    return embedding.wide, embedding(theta)


def check_null(instance, *, cost, context) -> Outcome:
    """Certified ranks of a two-layer network before and after a null neuron."""
    from numerics.rank import model_rank

    model, replicate = instance
    theta = distinct_moduli(model, context.rng(replicate))
    found = [model_rank(*point) for point in ((model, theta), with_null_neuron(model, theta, 1))]
    ranks = [one.rank for one in found]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {found}", cases=1)
    return Outcome.equal(cost(model), ranks[1] - ranks[0], model=str(model), theta=theta, ranks=ranks)


def null_networks(context):
    names = ("tanh", "sin", "gelu", "silu", "sigmoid", "softplus", "exp", "cos")
    draws = context.by_level(quick=1, standard=15, full=30)
    for name, d, (bias, out), replicate in product(names, (1, 2), BIASES, range(draws)):
        if not (name == "exp" and bias):  # there the biases are no tangents of their own
            yield TwoLayer(d, 2, activation=name, bias=bias, output_bias=out), replicate


def check_null_sequences(instance, *, formula, bias, context) -> Outcome:
    """Random sequences of splits and null neurons: the rank by Taylor series stays the number of parameters of the narrow network."""
    model, replicate = instance
    rng = context.rng(replicate)
    theta, wide = distinct_moduli(model, rng), model
    for _ in range(int(rng.integers(1, 4))):
        layer = int(rng.integers(1, wide.depth))
        split = rng.random() < 0.5
        wide, theta = split_somewhere(wide, theta, layer, rng) if split else with_null_neuron(wide, theta, layer, bias)
    return Outcome.equal(formula(model, wide), stratum_rank(wide, theta), narrow=str(model), wide=str(wide), theta=theta)


def sequences(context):
    draws = context.by_level(quick=2, standard=60, full=100)
    for shape, (bias, out), replicate in product(SHAPES, BIASES, range(draws)):
        yield FullyConnected(shape, "tanh", bias, out), replicate


# ----------------------------------------------------------------------------------------------------- deep.nonprop


def check_nonproportional(instance, *, rise, fractions, context) -> Outcome:
    """Ranks by Taylor series before and after a split of neuron 0 of a layer with its own fraction on every edge."""
    model, layer, replicate = instance
    rng = context.rng(replicate)
    theta = distinct_moduli(model, rng)
    wide, mapped = split_edges(model, theta, layer, 0, fractions(rng, model.widths[layer + 1]))
    observed = stratum_rank(wide, mapped) - stratum_rank(model, theta)
    return Outcome.equal(rise(model, layer), observed, model=str(model), layer=layer, theta=theta)


def check_nonproportional_in_floats(instance, *, rise, fractions, context) -> Outcome:
    from numerics.rank import model_rank

    model, layer, replicate = instance
    rng = context.rng(replicate)
    theta = distinct_moduli(model, rng)
    wide, mapped = split_edges(model, theta, layer, 0, fractions(rng, model.widths[layer + 1]))
    found = model_rank(wide, mapped, "float").rank
    found = stratum_rank(wide, mapped) if found is None else found  # no clear gap
    return Outcome.equal(rise(model, layer), found - model.n_params, model=str(model), layer=layer, theta=theta)


def fan_in(model, layer) -> int:
    """Input weights (and bias) of the copy; with one outgoing edge every split is proportional."""
    return (model.widths[layer - 1] + model.bias) * (model.widths[layer + 1] > 1)


def no_rise(model, layer) -> int:
    return 0


def nonproportional_shapes(context):
    shapes = [(2, 2, 2, 1), (3, 2, 2, 1), (2, 2, 3, 1), (2, 2, 2, 2, 1)]
    draws = context.by_level(quick=1, standard=25, full=50)
    for shape, bias, replicate in product(shapes, (False, True), range(draws)):
        for layer in range(1, len(shape) - 1):
            yield FullyConnected(shape, "tanh", bias), layer, replicate


def float_shapes(context):
    return [i for i in nonproportional_shapes(context) if i[1] == 1 and i[0].depth == 3 and not i[0].bias]


def check_ineffective(instance, *, cost, context) -> Outcome:
    """A new neuron without outputs, or without inputs: how much the rank rises."""
    model, layer, kind, replicate = instance
    rng = context.rng(replicate)
    theta = distinct_moduli(model, rng)
    incoming, outgoing = signs(rng, model.widths[layer - 1]) / 4, signs(rng, model.widths[layer + 1]) / 4
    incoming, outgoing = (incoming, 0) if kind == "no output" else (0, outgoing)
    wide, mapped = attach(model, theta, layer, incoming, outgoing)
    observed = stratum_rank(wide, mapped) - stratum_rank(model, theta)
    return Outcome.equal(cost(model, layer, kind), observed, model=str(model), layer=layer, kind=kind, theta=theta)


def fan(model, layer, kind) -> int:
    return model.widths[layer + 1] if kind == "no output" else model.widths[layer - 1]


def ineffective_shapes(context):
    shapes = [((2, 2, 2, 1), 1), ((2, 2, 2, 1), 2), ((3, 2, 2, 1), 1), ((2, 3, 2, 1), 2)]
    draws = context.by_level(quick=1, standard=25, full=50)
    kinds = ("no output", "no input")
    return [(FullyConnected(s, "tanh", False), layer, kind, r) for (s, layer), kind, r in product(shapes, kinds, range(draws))]


CLAIMS = [
    Claim(
        id="deep.null",
        title="When a null neuron keeps the model rank",
        kind="extension",
        statement=r"R_{\mathrm{wide}} = R_{\mathrm{narr}} \iff \sigma(0) = 0 \text{ or the next layer has a "
        r"bias};\quad\text{otherwise } R_{\mathrm{wide}} = R_{\mathrm{narr}} + 1",
        assumptions=[Assumption("null", r"\text{input weights, bias and output weights of the new neuron vanish}")],
        source=Source(
            OPTIMISTIC_ESTIMATE, "equation 35, with biases in all layers; without biases: ours (2406.18035v1, Table 1 needs splitting)"
        ),
        refuted_by="An activation, with or without biases, where the rank changes otherwise.",
        checks=[
            Check(
                "two-layer",
                evidence="certified",
                covers="instances",
                scope="8 activations, d = 1, 2, two neurons and a null one, three bias modes",
                run=check_null,
                instances=null_networks,
                distribution="dyadic weights",
                parameters={"cost": null_costs},
                controls=[
                    Control("for nothing always", cost=lambda model: 0),
                    Control("1 whenever sigma(0) != 0", cost=lambda model: int(constant_at_zero(model))),
                ],
            ),
            Check(
                "sequences",
                evidence="exact",
                covers="instances",
                scope="tanh; 6 shapes, three bias modes, one to three random splits and null neurons",
                run=check_null_sequences,
                instances=sequences,
                distribution="dyadic weights; 2 (quick), 60, 100 draws",
                parameters={"formula": lambda narrow, wide: narrow.n_params, "bias": 0},
                controls=[
                    Control(
                        "one more for every new neuron",
                        formula=lambda narrow, wide: narrow.n_params + sum(wide.widths) - sum(narrow.widths),
                    ),
                    Control("the new neuron with a bias", bias=0.5),
                ],
            ),
        ],
    ),
    Claim(
        id="deep.nonprop",
        title="Output-preserving embeddings that raise the model rank",
        kind="counterexample",
        relation="existence",
        statement=r"\text{a split with different fractions on different edges keeps the output and raises } R \text{ by the "
        r"fan-in (with bias one more);}"
        r"\text{ a neuron without outputs by its fan-out, without inputs by its fan-in}",
        source=Source(RANK_STRATIFICATION, "Definition 4 asks for more than the same output; the examples: ours"),
        depends_on=["deep.split", "deep.generic"],
        refuted_by="A split with different fractions at which the rank does not change.",
        checks=[
            splits := Check(
                "splits",
                evidence="exact",
                covers="statement",
                scope="[2,2,2,1], [3,2,2,1], [2,2,3,1], [2,2,2,2,1], every hidden layer, with and without biases",
                run=check_nonproportional,
                instances=nonproportional_shapes,
                distribution="dyadic weights, fractions in quarters, all different",
                parameters={"rise": fan_in, "fractions": disproportional},
                controls=[
                    Control("every output-preserving embedding keeps the rank", rise=no_rise),
                    Control("the same fraction on all edges", fractions=proportional),
                ],
            ),
            Check(
                "ineffective-neurons",
                evidence="exact",
                covers="instances",
                scope="4 layers of 3 shapes without biases",
                run=check_ineffective,
                instances=ineffective_shapes,
                distribution="dyadic weights",
                parameters={"cost": fan},
                controls=[
                    Control("for nothing", cost=lambda model, layer, kind: 0),
                    Control("fan-in for both", cost=lambda model, layer, kind: model.widths[layer - 1] + (kind == "no output")),
                ],
            ),
            float_twin(
                splits,
                run=check_nonproportional_in_floats,
                covers="instances",
                scope="[2,2,2,1] and [3,2,2,1], first layer; singular values, series where they show no gap",
                instances=float_shapes,
                distribution="dyadic weights",
                controls=[Control("every output-preserving embedding keeps the rank", rise=no_rise)],
            ),
        ],
    ),
]
