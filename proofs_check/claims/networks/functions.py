r"""One target in two-layer networks: the least rank over its representatives, all strata of them, and how little width matters.

Wider networks hold a target through null, copied, idle and cancelling neurons; a constant is held by an output bias, or by a neuron
without input weights, which brings its slopes along unless they vanish there.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import PRIMES, ExactArray, ExponentialField, rationals
from numerics.rank import Rank, model_rank
from proofs_check import a_seed, axes, by_level, claim, exists, false, nothing
from proofs_check.adequacy.networks import two_layer
from proofs_check.claims._ranks import FLOATS, in_floats
from proofs_check.judging import equal, rank_is, worst
from theory.activations import activation
from theory.draws import distinct_rows, pack_known, signs
from theory.models import TwoLayer
from theory.rank import two_layer_function_rank
from theory.rank.strata import tanh_strata

from . import OPTIMISTIC, REDUCED, STRATIFICATION
from .points import INDEPENDENT

FUNCTION = claim(
    "fnn.function-rank",
    "Model rank of a two-layer tanh function",
    r"f^* = \sum_{i \le k} a^*_i \tanh(w^*_i \cdot x\ [+\, b^*_i]):\quad R(f^*) = k D \text{ for every } m \ge k",
    clauses={
        "value": r"R(f^*) = k D,\ D = d + 1\ [d + 2 \text{ with hidden biases}]",
        "output bias": r"\text{one more with an output bias, whatever constant } f^* \text{ holds}",
        "constant": r"f^* + c,\ c \ne 0, \text{ hidden and no output bias: } R = k (d + 2) + d + 1,\ m \ge k + 1",
    },
    symbols=["R", "f^*", "k", "m", "d", "D", "w_i,b_i,a_i", "c"],
    assumptions=[REDUCED],
    source=STRATIFICATION.at("Proposition 5, Table 3; 2307.08921v1, equations 12 and 23; 2406.18035v1, Theorem 5; constants: ours"),
    depends_on=["fnn.strata", "fnn.strata-bias"],
    refuted_by="A representative of smaller rank, or none that attains the value.",
    notes="The least is taken over constructed representatives of every kind.",
)

TARGETS = axes(
    d=by_level((1, 3), (1, 2, 3, 4)),
    k=(0, 1, 2, 3),
    spare=(0, 1, 2),
    bias=(False, True),
    output_bias=(False, True),
    constant=(False, True),
    where=lambda k, spare, bias, output_bias, constant: k + spare + constant > 0 and (bias or output_bias or not constant),
    standard=3,
)


def representatives(cell, rng, equal_neurons=False):
    """The model and theta of one target for every way to spend the spare width: null, idle, split off the first neuron, cancelling."""
    d, k, spare = cell.d, cell.k, cell.spare
    w, a, b = distinct_rows(rng, k + 1, d, largest=3), rng.integers(1, 4, k), rng.integers(-3, 4, k + 1) * cell.bias
    target = [[*w[0 if equal_neurons else i], b[0 if equal_neurons else i], a[i]] for i in range(k)]
    if cell.constant and not cell.output_bias:
        target.append([0] * d + [1, 2])
    null, idle, against = [0] * (d + 2), [*(5 * w[k]), b[k], 0], [*(5 * w[k]), b[k], 1]
    fillings = [[null] * spare, *([[idle] + [null] * (spare - 1)] if spare else [])]
    fillings += [[against, [*(-np.array(against[:-1])), 1]]] if spare == 2 else []
    fillings += [[[*target[0][:-1], -7] for _ in range(spare)]] if spare and k else []
    model = TwoLayer(d, max(1, len(target) + spare), bias=cell.bias, output_bias=cell.output_bias)
    for filling in fillings:
        rows = np.array([*target, *filling] or [null])
        if filling and filling[0][-1] == -7:
            rows[0, -1] += 7 * spare
        parts = dict(input_weights=rows[:, :d], input_biases=rows[:, d], output_weights=rows[:, -1][None], output_bias=[2 * cell.constant])
        yield model, pack_known(model, **parts)


def wrong_bias(d, k, *, constant, bias, output_bias):
    return two_layer_function_rank(d, k, constant=constant, bias=bias, output_bias=output_bias) + (-k if bias else k)


def free_beside_hidden_biases(d, k, *, constant, bias, output_bias):
    return two_layer_function_rank(d, k, constant=constant, bias=bias, output_bias=output_bias) - (bias and output_bias)


def dear_constant(d, k, *, constant, bias, output_bias):
    return k * (d + 1 + bias) + (d + 2) * (constant and not output_bias) + output_bias


def least(ranks, choose=min):
    """The least of several ranks, between the least of their bounds."""
    certified = all(one.certified for one in ranks)
    return Rank(choose(one.lower for one in ranks), choose(one.upper for one in ranks), certified, "point", "the least of several")


@FUNCTION.check("certified", a_seed, TARGETS, clauses=("value", "output bias", "constant"))
@false("bias counted where there is none", formula=wrong_bias)
@false("an output bias is free beside hidden ones", formula=free_beside_hidden_biases)
@false("a constant costs d + 2", formula=dear_constant)
@false("the largest over representatives", choose=max)
def over_representatives(cell, seed, *, formula=two_layer_function_rank, choose=min, repeated=False, context):
    """The least certified rank over representatives of one target of every kind."""
    ranks = [model_rank(model, theta) for model, theta in representatives(cell, context.rng(seed), repeated)]
    expected = formula(cell.d, cell.k, constant=cell.constant, bias=cell.bias, output_bias=cell.output_bias)
    return rank_is(expected, least(ranks, choose), ranks=[str(one) for one in ranks])


FUNCTION.without("reduced target", over_representatives, repeated=True)


@FUNCTION.check("property", a_seed, TARGETS, clauses=("value", "output bias", "constant"), tolerance=FLOATS)
@false("bias counted where there is none", formula=wrong_bias)
@false("an output bias is free beside hidden ones", formula=free_beside_hidden_biases)
def at_null_neurons(cell, seed, *, formula=two_layer_function_rank, context):
    """In floats at the representative with null neurons, which has the least."""
    model, theta = next(representatives(cell, context.rng(seed)))
    expected = formula(cell.d, cell.k, constant=cell.constant, bias=cell.bias, output_bias=cell.output_bias)
    return rank_is(expected, in_floats(model, theta), theta=theta)


FUNCTION.formal(
    "networks/two_layer.v",
    "fnn_function_rank",
    false="k (d + 2)",
    adequate=two_layer,
    premises=INDEPENDENT,
    clauses="value",
    part="without biases, any width, given independence",
)

ZERO = claim(
    "fnn.zero",
    "Model rank of the zero function and of constants",
    r"R(0) = [\text{output bias}] \text{ if } \sigma(b) = 0 \text{ for a } b \text{ at hand};\quad"
    r" R(c) = d + 1 \text{ without, } 1 \text{ with an output bias, but for critical } b",
    clauses={
        "zero": r"R(0) = 1 \text{ with an output bias, or if } \sigma(b) \ne 0 \text{ for all } b \text{ at hand; else } R(0) = 0",
        "constant": r"R(c) = 1 \text{ with an output bias, else } d + 1 \text{ if } \sigma'(b) \ne 0 \text{ where } \sigma(b) \ne 0",
        "critical": r"R(c) = 1 \text{ if } \sigma'(b_0) = 0 \ne \sigma(b_0) \text{ for a } b_0 \text{ at hand}",
        "critical biases": exists(r"\sigma'(b_0) = 0 \ne \sigma(b_0) \text{ for some } b_0 \text{ of sin, GELU, SiLU and } z/(1 + z^4)"),
    },
    symbols=["R", r"\sigma", "w_i,b_i,a_i", "d"],
    kind="extension",
    source=STRATIFICATION.at("Corollary 2 at f* = 0 for tanh; other activations and constants: ours"),
    depends_on=["fnn.strata-bias"],
    refuted_by="A representative of smaller rank.",
    notes="The b at hand are all real ones with hidden biases, 0 without. z/(1 + z^2) has sigma(1) = 1/2 and sigma'(1) = 0: with hidden"
    " biases and no output bias a constant costs 1, not d + 1. The row of f* = 0 in 2406.18035v1, Table 2 prints 0 where its"
    " Corollary 2 gives the number of parameters as generic bound.",
)

#: Rational zeros of sigma, and rational b where sigma' vanishes and sigma does not.
ZEROS = {name: (0,) for name in ("tanh", "erf", "atan", "sin", "gelu", "silu", "ratsig", "relu")}
CRITICAL = {"ratsig": (1, -1), "cos": (0,), "lorentz": (0,)}
CANDIDATES = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2))
SIGMAS = ("tanh", "erf", "atan", "sin", "gelu", "silu", "ratsig", "sigmoid", "softplus", "exp", "cos", "lorentz")
IRRATIONAL = {"zero": ("cos",), "constant": ("sin", "gelu", "silu")}


def rationally_known(activation, bias, output_bias, value):
    """but for zeros and critical biases that are irrational"""
    return output_bias or not (bias and activation in IRRATIONAL[value])


CONSTANTS = axes(
    activation=SIGMAS,
    d=by_level((1, 2), (1, 2, 3)),
    bias=(False, True),
    output_bias=(False, True),
    value=("zero", "constant"),
    spare=(0, 1),
    where=rationally_known,
)


def constant_rank(cell, zeros, critical, cost=lambda d: d + 1):
    """R(0) or R(c) where the b at hand are the candidates; None where c cannot be represented."""
    at_hand = [b for b in CANDIDATES if b == 0 or cell.bias]
    if cell.output_bias:
        return 1
    if cell.value == "zero":
        return int(not any(b in zeros.get(cell.activation, ()) for b in at_hand))
    live = [b for b in at_hand if b not in zeros.get(cell.activation, ())]
    return min((1 if b in critical.get(cell.activation, ()) else cost(cell.d) for b in live), default=None)


def points_of_constants(cell):
    """theta of the constant 0 or 3 (in units of sigma(b)) by one neuron without input weights or the output bias, spare ones likewise."""
    model = TwoLayer(cell.d, 1 + cell.spare, activation=cell.activation, bias=cell.bias, output_bias=cell.output_bias)
    for b in CANDIDATES if cell.bias else CANDIDATES[:1]:
        if cell.value == "zero" or cell.output_bias or b not in ZEROS.get(cell.activation, ()):
            a = 3 * (cell.value == "constant" and not cell.output_bias)
            parts = dict(input_weights=np.zeros((model.width, cell.d), int), input_biases=np.full(model.width, b))
            outputs = np.array([[a] + [0] * cell.spare])
            yield model, pack_known(model, **parts, output_weights=outputs, output_bias=[3 * (cell.value == "constant")])


@ZERO.check("certified", nothing, CONSTANTS, clauses=("zero", "constant", "critical"))
@false("zero costs nothing", zeros=dict.fromkeys(SIGMAS, (0,)))
@false("a constant costs d + 1 always", critical={})
@false("a constant costs 1 always", critical=dict.fromkeys(SIGMAS, CANDIDATES))
@false("a constant costs d + 2", cost=lambda d: d + 2)
def constants(cell, _, *, zeros=ZEROS, critical=CRITICAL, cost=lambda d: d + 1, rank=model_rank, context):
    """The least certified rank at neurons without input weights, over rational biases among which the zeros and critical ones are."""
    expected = constant_rank(cell, zeros, critical, cost)
    ranks = [rank(model, theta) for model, theta in points_of_constants(cell)]
    if expected is None or not ranks:
        return equal(represented=(expected is not None, bool(ranks)))
    return rank_is(expected, least(ranks), ranks=[str(one) for one in ranks])


ZERO.twin(constants, "property", changed={"rank": in_floats}, tolerance=FLOATS)

#: Intervals in which sigma' changes its sign.
BRACKETS = {"sin": ("3/2", "8/5"), "gelu": ("-4/5", "-7/10"), "silu": ("-13/10", "-5/4"), "ratsig4": ("3/4", "4/5")}


@ZERO.check("certified", lambda cell, rng: BRACKETS[cell.activation], axes(activation=tuple(BRACKETS)), clauses="critical biases")
@false("half a unit further", shift=Fraction(1, 2))
def critical_biases(cell, bracket, *, shift=Fraction(0), context):
    """In balls: sigma' has opposite signs at the ends of an interval on which sigma has no zero."""
    from flint import arb, fmpq

    low, high = (arb(fmpq(end.numerator, end.denominator)) for end in (Fraction(text) + shift for text in bracket))
    (_, _, value), (first, last, _) = activation(cell.activation).jet(np.array([low, high, low.union(high)], dtype=object), 1)
    return equal(sign_changes=(True, bool(first * last < 0)), value_vanishes=(False, bool(value.contains(0))), shown={"bracket": bracket})


STRATA = claim(
    "fnn.target-strata",
    "All strata of a two-layer tanh target",
    r"R(\theta) = k (d + 1) + u + d z + (d + 1) c,\quad u + z + 2 c \le m - k",
    symbols={
        "R, k, d, m": "model rank, neurons of the target, inputs, neurons of the network",
        "u": "number of further classes all of whose output weights are 0",
        "z": "1 where neurons with w = 0 have an output weight, else 0",
        "c": "number of further classes whose output weights cancel without being 0",
    },
    assumptions=[replace(REDUCED, unprobed="strata are built from reduced targets; the probe of fnn.width-free drops it")],
    kind="extension",
    source=STRATIFICATION.at("after Proposition 5; the complete list of strata: ours"),
    depends_on=["fnn.strata", "fnn.function-rank"],
    refuted_by="A representative of the target of another rank than its stratum announces.",
    notes="Without biases. Duplicates and null neurons cost nothing.",
)

SPARES = axes(d=(1, 2, 3), k=(1, 2), spare=by_level((0, 1, 3), (0, 1, 2, 3, 4)), standard=4)


def target(cell, rng):
    """A reduced target, its strata in the wider network, and a point of each."""
    w, a = distinct_rows(rng, cell.k, cell.d), signs(rng, cell.k)
    strata = tanh_strata(TwoLayer(cell.d, cell.k + cell.spare), w, a)
    return w, a, [(stratum.key, stratum.sample(rng)) for stratum in strata.strata]


def tanh_values(model, theta, d):
    """f at five points in Q(s) modulo a prime: equal functions have equal values, different ones almost surely not."""
    field = ExponentialField(PRIMES[0], 0x51ED270B)
    field.denominator = 16  # common to all: every w . x is a multiple of 1/16
    x = (np.arange(5 * d).reshape(5, d) ** 2 % 11 - 4) * Fraction(1, 4)
    output = model(ExactArray(rationals(theta), field)[None], ExactArray(rationals(x), field)[:, None])
    return [int(value) for value in np.asarray(output).flat]


def stratum_rank(k, d, u, z, c):
    return k * (d + 1) + u + d * z + (d + 1) * c


@STRATA.check("certified", target, SPARES)
@false("slopes of neurons with w = 0 forgotten", formula=lambda k, d, u, z, c: stratum_rank(k, d, u, 0, c))
@false("idle classes as dear as active ones", formula=lambda k, d, u, z, c: stratum_rank(k, d, (d + 1) * u, z, c))
@false("a cancelling class counted as idle", formula=lambda k, d, u, z, c: stratum_rank(k, d, u + c, z, 0))
def strata(cell, instance, *, formula=stratum_rank, rank=model_rank, same=True, context):
    """A point of every stratum: the function is the target's (exactly, modulo a prime), the rank as announced."""
    w, a, points = instance
    narrow, model = TwoLayer(cell.d, cell.k), TwoLayer(cell.d, cell.k + cell.spare)
    values = tanh_values(narrow, narrow.pack(input_weights=w, output_weights=a[None]), cell.d)
    found = [rank_is(formula(cell.k, cell.d, *key), rank(model, theta), theta=theta, stratum=key) for key, theta in points]
    return worst([*found, *(equal(values=(values, tanh_values(model, theta, cell.d)), shown={"stratum": key}) for key, theta in points)])


STRATA.twin(strata, "property", changed={"rank": in_floats}, tolerance=FLOATS)


STRATA.formal(
    "networks/two_layer.v",
    "fnn_target_strata",
    false="cancelling classes forgotten",
    adequate=two_layer,
    premises=INDEPENDENT,
    part="any width, given independence",
)

WIDTH = claim(
    "fnn.width-free",
    "The optimistic sample size does not grow with the width",
    r"\text{tanh, no biases: } \min_{\Theta^*} R = k (d + 1) \text{ in the network of } m \text{ neurons, for every } m \ge k",
    symbols=["R", r"\Theta^*", "k", "d", "m"],
    assumptions=[REDUCED],
    source=OPTIMISTIC.at("section 5.2; 2406.18035v1, Corollary 6"),
    depends_on=["fnn.function-rank", "fnn.target-strata"],
    refuted_by="Two widths at which the same target has different model ranks.",
)


@WIDTH.check("certified", target, SPARES)
@false("the rank grows with the width", formula=lambda k, d, spare: (k + spare) * (d + 1))
@false("one more dimension for every spare neuron", formula=lambda k, d, spare: k * (d + 1) + spare)
def least_over_strata(cell, instance, *, formula=lambda k, d, spare: k * (d + 1), rank=model_rank, merged=False, context):
    """The least certified rank over all strata of one target, for a range of widths; merged, all neurons are as the first."""
    (w, _, points), model = instance, TwoLayer(cell.d, cell.k + cell.spare)
    thetas = [theta for _, theta in points]
    if merged:
        thetas = [model.pack(input_weights=np.repeat(w[:1], model.width, 0), output_weights=np.ones((1, model.width), int))]
    return rank_is(formula(cell.k, cell.d, cell.spare), least([rank(model, theta) for theta in thetas]))


WIDTH.twin(least_over_strata, "property", changed={"rank": in_floats}, tolerance=FLOATS)
WIDTH.formal(
    "networks/two_layer.v",
    "fnn_function_rank",
    false="k (d + 2)",
    adequate=two_layer,
    premises=INDEPENDENT,
    part="any width, given independence",
)

WIDTH.without("reduced target", least_over_strata, merged=True)
