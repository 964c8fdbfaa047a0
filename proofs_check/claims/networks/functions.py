r"""Two-layer tanh networks and one target: the least rank over all parameters that represent it.

Wider networks hold a target through null, copied, idle and cancelling neurons; a constant is held by an output bias, or by a neuron
without input weights, which brings its slopes along.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_RULE, compared, compared_least, judged, ladder_rank, seeded
from theory.draws import distinct_rows, pack_known, signs
from theory.models import TwoLayer
from theory.rank import two_layer_function_rank

# ----------------------------------------------------------------------------------------------- fnn.function-rank


def representatives(model: TwoLayer, neurons: int, constant: int, rng):
    """Integer theta of one target (``neurons`` distinct neurons + ``constant``), one for every way to spend the spare width.

    Spare neurons are null, split off the first neuron, inactive (a = 0), or a cancelling pair.
    """
    w = distinct_rows(rng, neurons + 1, model.inputs, largest=3)
    b = rng.integers(-3, 4, neurons) if model.bias else np.zeros(neurons, int)
    w, fresh, a = w[:neurons], 5 * w[neurons:], rng.integers(1, 4, neurons)
    if constant and not model.output_bias:  # then only a neuron with w = 0 and b != 0 can hold the constant
        w, b, a = np.vstack([w, np.zeros((1, model.inputs), int)]), np.append(b, 1), np.append(a, constant)
    spare = model.width - len(w)
    null, nothing = np.zeros((spare, model.inputs), int), np.zeros(spare, int)
    theta = lambda more_w, more_b, more_a: pack_known(
        model,
        input_weights=np.vstack([w, more_w]),
        input_biases=np.append(b, more_b),
        output_weights=np.append(a, more_a)[None],
        output_bias=[constant],
    )
    yield theta(null, nothing, nothing)
    if spare and neurons:
        split = theta(np.repeat(w[:1], spare, 0), np.repeat(b[:1], spare), np.arange(1, spare + 1))
        model.unpack(split)["output_weights"][0, 0] -= spare * (spare + 1) // 2
        yield split
    if spare:
        yield theta(np.vstack([fresh, null[1:]]), nothing, nothing)
    if spare >= 2:
        yield theta(np.vstack([fresh, fresh, null[2:]]), nothing, np.array([1, -1, *nothing[2:]]))


def generic_point(model, neurons, constant, rng):
    """A point of the widest stratum instead of all representatives: the last one."""
    *_, last = representatives(model, neurons, constant, rng)
    return [last]


def check_function_rank(instance, *, formula, points, context) -> Outcome:
    """The least certified rank over representatives of one target of every kind."""
    from numerics.rank import model_rank

    model, neurons, constant, replicate = instance
    found = [model_rank(model, theta) for theta in points(model, neurons, constant, context.rng(replicate))]
    expected = formula(model.inputs, neurons, constant=bool(constant), bias=model.bias, output_bias=model.output_bias)
    return compared_least(expected, found, model=str(model), neurons=neurons, constant=constant)


def function_targets(context):
    inputs = context.by_level(quick=(1, 2, 3), standard=(1, 2, 3, 4), full=(1, 2, 3, 4, 5))
    for d in inputs:
        for neurons in (0, 1, 2, 3):
            for spare in (0, 2):
                if neurons + spare:
                    yield TwoLayer(d, neurons + spare), neurons, 0, 0
                    yield TwoLayer(d, neurons + spare, output_bias=True), neurons, 2, 0
                    if neurons:
                        yield TwoLayer(d, neurons + spare, bias=True), neurons, 0, 0
            yield TwoLayer(d, neurons + 2, bias=True), neurons, 2, 0


def check_function_rank_in_floats(instance, *, formula, context) -> Outcome:
    """The rank at the representative with null neurons, which has the least."""
    d, neurons, spare, bias, replicate = instance
    model = TwoLayer(d, neurons + spare, bias=bias)
    theta = next(representatives(model, neurons, 0, context.rng(replicate)))
    expected = formula(d, neurons, constant=False, bias=bias, output_bias=False)
    return compared(expected, ladder_rank(model, theta), model=str(model), theta=theta)


drawn_targets = seeded(lambda st: (st.integers(2, 5), st.integers(1, 3), st.integers(0, 3), st.booleans()))


def wrong_bias(d, neurons, *, constant, bias, output_bias):
    return two_layer_function_rank(d, neurons, constant=constant, bias=not bias, output_bias=output_bias)


def cheap_constant(d, neurons, *, constant, bias, output_bias):
    return neurons * (d + 1 + bias) + (d + 2) * (constant and not output_bias) + output_bias


# -------------------------------------------------------------------------------------------------------- fnn.zero


def with_constant(model: TwoLayer, neurons: int, rng):
    """Integer theta of ``neurons`` neurons plus the constant 3, one for every way to spend the spare width."""
    w, a = distinct_rows(rng, neurons, model.inputs), signs(rng, neurons)
    b = rng.integers(1, 5, neurons)
    if not model.output_bias:
        w, b, a = np.vstack([w, np.zeros((1, model.inputs), int)]), np.append(b, 1), np.append(a, 3)
    spare = model.width - len(w)
    null, nothing = np.zeros((spare, model.inputs), int), np.zeros(spare, int)
    theta = lambda more_w, more_b: pack_known(
        model,
        input_weights=np.vstack([w, more_w]),
        input_biases=np.append(b, more_b),
        output_weights=np.append(a, nothing)[None],
        output_bias=[3],
    )
    yield theta(null, nothing)
    yield theta(null, nothing + 2)
    if spare:
        yield theta(7 * distinct_rows(rng, spare, model.inputs, least=5), nothing)


def check_constants(instance, *, formula, context) -> Outcome:
    """The least certified rank over representatives of ``neurons`` neurons plus a constant."""
    from numerics.rank import model_rank

    d, neurons, output_bias, replicate = instance
    model = TwoLayer(d, neurons + 2, bias=True, output_bias=output_bias)
    found = [model_rank(model, theta) for theta in with_constant(model, neurons, context.rng(replicate))]
    return compared_least(formula(d, neurons, output_bias), found, d=d, neurons=neurons, output_bias=output_bias)


def constant_rank(d: int, neurons: int, output_bias: bool) -> int:
    return two_layer_function_rank(d, neurons, constant=True, bias=True, output_bias=output_bias)


def constants(context):
    inputs = context.by_level(quick=(1, 2, 3), standard=(1, 2, 3, 4, 5), full=(1, 2, 3, 4, 5, 6))
    return [(d, k, out, 0) for d in inputs for k in (0, 1, 2) for out in (False, True)]


def check_zero(instance, *, formula, context) -> Outcome:
    """f* = 0 is represented at theta = 0, where the certified rank is least."""
    from numerics.rank import model_rank

    theta = np.zeros(instance.n_params, int)
    return compared(formula(instance), model_rank(instance, theta), model=str(instance), theta=theta)


def zero_networks(context):
    shapes = product((1, 2, 3), (1, 3), (False, True), (False, True))
    return [TwoLayer(d, m, bias=bias, output_bias=out) for d, m, bias, out in shapes]


def check_zero_in_floats(instance, *, formula, context) -> Outcome:
    """Around theta = 0 no representative of the zero function does better: random ones with cancelling or idle neurons."""
    from numerics.rank import model_rank

    d, pairs, output_bias, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, 2 * pairs + 1, output_bias=output_bias)
    w, a = rng.normal(size=(pairs, d)), rng.normal(size=pairs) * rng.integers(0, 2, pairs)
    weights, outputs = np.vstack([w, w, rng.normal(size=(1, d))]), np.concatenate([a, -a, [0.0]])
    theta = pack_known(model, input_weights=weights, output_weights=outputs[None], output_bias=[0.0])
    found, least = model_rank(model, theta, "float"), formula(model)
    return judged(found.lower >= least, f"rank {found.lower} below {least}", model=str(model), theta=theta)


drawn_zeros = seeded(lambda st: (st.integers(1, 4), st.integers(0, 2), st.booleans()))


CLAIMS = [
    Claim(
        id="fnn.function-rank",
        title="Model rank of a two-layer tanh function",
        statement=r"f^* = \sum_{i \le k} a_i \tanh(w_i \cdot x):\quad R(f^*) = k (d + 1) \text{ for every } m \ge k;"
        r"\text{ with hidden biases } k (d + 2), \text{ with an output bias one more}",
        assumptions=[
            Assumption("reduced target", r"a_i \neq 0,\ w_i \neq 0,\ w_i \neq \pm w_j \text{ (with biases: } (w_i, b_i)\text{)}"),
        ],
        source=Source(RANK_STRATIFICATION, "Proposition 5, Table 3; 2307.08921v1, equations 12 and 23; 2406.18035v1, Theorem 5"),
        depends_on=["fnn.strata"],
        refuted_by="A representative of smaller rank, or none that attains the value.",
        notes="Edges: f* = 0 has rank 0 (1 with output bias); a constant costs d + 1 without and 1 with an output bias. "
        "The minimum is taken over constructed representatives of every kind.",
        checks=[
            Check(
                "minimum-over-representatives",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3 (quick), 4, 5; k = 0 .. 3, up to two spare neurons; biases, output bias, constants",
                run=check_function_rank,
                instances=function_targets,
                distribution="integer weights with distinct first entries",
                parameters={"formula": two_layer_function_rank, "points": representatives},
                controls=[
                    Control("bias counted where there is none", formula=wrong_bias),
                    Control("a constant costs d + 2", formula=cheap_constant),
                    Control("one representative for the minimum", points=generic_point),
                ],
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 5, k = 1 .. 3, up to three null neurons",
                run=check_function_rank_in_floats,
                instances=drawn_targets,
                distribution="integer weights from a drawn seed",
                tolerance="rank read across a gap of 1e6 in the singular values, else in the exact field",
                parameters={"formula": two_layer_function_rank},
                controls=[Control("bias counted where there is none", formula=wrong_bias)],
            ),
        ],
    ),
    Claim(
        id="fnn.zero",
        title="Model rank of the zero function and of constants",
        statement=r"R(0) = [\text{output bias}];\quad R(c) = d + 1 \text{ with hidden and without output bias}, 1 \text{ with output bias};"
        r"\quad R(\textstyle\sum_{i \le k} + c) = k (d + 2) + d + 1",
        assumptions=[Assumption("tanh", r"\sigma = \tanh \text{ (or } \sigma(0) = 0\text{)}")],
        source=Source(RANK_STRATIFICATION, "Corollary 2 at f* = 0; constants with hidden biases: ours"),
        depends_on=["fnn.strata-bias"],
        refuted_by="A representative of smaller rank.",
        notes="The row of f* = 0 in 2406.18035v1, Table 2 prints 0 where its Corollary 2 gives the number of parameters as generic bound.",
        checks=[
            Check(
                "zero",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3, m = 1, 3, every combination of biases; tanh vanishes at 0, so rank >= [output bias] trivially",
                run=check_zero,
                instances=zero_networks,
                distribution="theta = 0",
                parameters={"formula": lambda model: int(model.output_bias)},
                controls=[
                    Control("rank 1 always", formula=lambda model: 1),
                    Control("the generic bound", formula=lambda model: model.n_params),
                ],
            ),
            Check(
                "constants",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3 (quick), 5, 6; k = 0, 1, 2 neurons; with and without output bias",
                run=check_constants,
                instances=constants,
                distribution="integer neurons; the constant by a neuron with w = 0 or by the output bias, spare neurons null or idle",
                parameters={"formula": constant_rank},
                controls=[
                    Control("a constant costs d + 2", formula=lambda d, k, out: k * (d + 2) + (1 if out else d + 2)),
                    Control("a constant costs 1 always", formula=lambda d, k, out: k * (d + 2) + 1),
                ],
            ),
            Check(
                "no-cheaper-zero",
                evidence="property",
                covers="instances",
                scope="d = 1 .. 4, up to two cancelling or idle pairs and one idle neuron",
                run=check_zero_in_floats,
                instances=drawn_zeros,
                distribution="normal weights",
                tolerance=FLOAT_RULE,
                parameters={"formula": lambda model: int(model.output_bias)},
                controls=[Control("the generic bound", formula=lambda model: model.n_params)],
            ),
        ],
        probes=[Probe(drops="tanh", instances=lambda context: [TwoLayer(2, 2, activation=s) for s in ("sigmoid", "softplus", "cos")])],
    ),
]
