r"""Two-layer fully connected networks beyond the plain tanh case: independence of neurons, all strata of a target, other activations.

The tangent functions of sum_i a_i sigma(w_i . x [+ b_i]) are sigma(z_i), a_i sigma'(z_i) x_t [and a_i sigma'(z_i)]. Which of them are
independent depends on the symmetries of sigma: reflections merge classes, homogeneity costs one dimension a neuron.
"""

from __future__ import annotations

from itertools import product
from math import ceil, comb

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._rank_checks import (
    FLOAT_RULE,
    check_formula,
    check_formula_in_floats,
    check_series,
    compared,
    distinct_rows,
    drawn,
    signs,
)
from theory.models import FullyConnected, TwoLayer
from theory.rank import exact_parameters, two_layer_function_rank, two_layer_rank, two_layer_strata

RANK_STRATIFICATION = "arXiv:2211.11623v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"
OPTIMISTIC_ESTIMATE = "arXiv:2307.08921v1"


# ------------------------------------------------------------------------------------------------ fnn.independence


def distinct_neurons(model, facts, rng):
    """Integer weights, pairwise different up to sign, with unit output weights."""
    parts = {"input_weights": distinct_rows(rng, model.width, model.inputs), "output_weights": np.ones((1, model.width), int)}
    if model.bias:
        parts["input_biases"] = distinct_rows(rng, model.width, 1)[:, 0] % 5 + rng.integers(0, 2, model.width)
    return model.pack(**parts)


def opposite_neurons(model, facts, rng):
    """The same with the second half of the neurons opposite to the first."""
    parts = model.unpack(distinct_neurons(model, facts, rng))
    half = model.width // 2
    parts["input_weights"][half : 2 * half] = -parts["input_weights"][:half]
    return model.pack(**parts)


def all_parameters(model, theta, facts) -> int:
    return model.n_params


def one_per_neuron_less(model, theta, facts) -> int:
    return model.n_params - model.width


#: Analytic with infinitely many non-zero derivatives at 0.
ANALYTIC = ("tanh", "sin", "atan", "erf", "sigmoid", "exp", "gelu", "silu", "softplus", "cos")


def analytic_networks(context):
    widths = context.by_level(quick=(2, 3), standard=(2, 3, 4, 6), full=(2, 3, 4, 6, 8))
    draws = context.by_level(quick=2, standard=20, full=60)
    for name, d, m, replicate in product(ANALYTIC, (1, 2, 3), widths, range(draws)):
        yield TwoLayer(d, m, activation=name), {}, replicate


def polynomial_networks(context):
    return [(TwoLayer(d, 4, activation="power:3"), {}, 0) for d in (1, 2)]


def opposite_pairs(context):
    return [(TwoLayer(2, 2, activation=name), {}, 0) for name in ("tanh", "sigmoid", "gelu")]


# ------------------------------------------------------------------------------------------------ fnn.strata-bias


def structured_biased(model, facts, rng):
    """Integer theta with repeated and reflected neurons (w, b), vanishing w, vanishing and cancelling outputs."""
    d, m = model.inputs, model.width
    few = rng.integers(-3, 4, (2, d + 1))
    neurons = few[rng.integers(0, 2, m)] * rng.choice([-1, 1], (m, 1))
    neurons = np.where(rng.random((m, 1)) < 0.27, rng.integers(-3, 4, (m, d + 1)), neurons)
    neurons[:, :d] *= (rng.random((m, 1)) > 0.18).astype(int)
    outputs = rng.choice([-2, -1, 1, 2], m) * (rng.random(m) > 0.35)
    parts = {"input_weights": neurons[:, :d], "input_biases": neurons[:, d], "output_weights": outputs[None]}
    if model.output_bias:
        parts["output_bias"] = rng.integers(-1, 2, 1)
    return model.pack(**parts)


def biased_strata(model, theta, facts) -> int:
    return two_layer_rank(model.inputs, **two_layer_strata(model, exact_parameters(model, theta)))


def biased_strata_with(**changed):
    """The formula with some of its counts replaced."""

    def formula(model, theta, facts):
        return two_layer_rank(model.inputs, **{**two_layer_strata(model, exact_parameters(model, theta)), **changed})

    return formula


def neurons_for_classes(model, theta, facts) -> int:
    parts, strata = model.unpack(np.asarray(theta)), two_layer_strata(model, exact_parameters(model, theta))
    live = parts["input_weights"].any(axis=1)
    active = int((live & (parts["output_weights"][0] != 0)).sum())
    return two_layer_rank(model.inputs, **{**strata, "classes": int(live.sum()), "active": active})


def biased_sizes(context):
    draws = context.by_level(quick=8, standard=120, full=400)
    shapes = product((1, 2, 3), (1, 3, 5), (False, True))
    return [(TwoLayer(d, m, bias=True, output_bias=out), {}, r) for d, m, out in shapes for r in range(draws)]


def drawn_biased(context):
    return drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 5), bias=st.just(True), output_bias=st.booleans()))(context)


def sigmoid_biased(context):
    return [(TwoLayer(2, 4, activation="sigmoid", bias=True), {}, replicate) for replicate in range(12)]


STRATA_BIAS_CONTROLS = [
    Control("neurons for classes", formula=neurons_for_classes),
    Control("slopes of neurons with w = 0 forgotten", formula=biased_strata_with(linear=False)),
    Control("the constant forgotten", formula=biased_strata_with(constant=False)),
    Control("d + 1 for d + 2 functions a neuron", formula=biased_strata_with(bias=False)),
]


# ---------------------------------------------------------------------------------------------- fnn.target-strata


def target_rank(k, d, u, z, c):
    return k * (d + 1) + u + d * z + (d + 1) * c


def target_neurons(d, k, rng):
    return distinct_rows(rng, k, d), signs(rng, k)


def check_target_strata(instance, *, formula, context) -> Outcome:
    """A drawn point of every stratum: the same function (exactly, modulo a prime) and the rank that the stratum announces."""
    from numerics.exact import PRIMES
    from numerics.rank import model_rank
    from theory.strata import tanh_strata

    d, k, width, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, width)
    w, a = target_neurons(d, k, rng)
    strata = tanh_strata(model, w, a)
    x = rng.integers(-4, 5, (5, d)) / 4
    values = tanh_values(TwoLayer(d, k), TwoLayer(d, k).pack(input_weights=w, output_weights=a[None]), x, PRIMES[0])
    for stratum in strata.strata:
        theta = stratum.sample(rng)
        if tanh_values(model, theta, x, PRIMES[0]) != values:
            raise AssertionError(f"the sampler of stratum {stratum.key} changes the function")
        outcome = compared(formula(k, d, *stratum.key), model_rank(model, theta), model, theta, {"stratum": stratum.key})
        if outcome.message:
            return outcome
    if replicate or width < k + 3:
        return Outcome.holds(len(strata.strata))
    title = f"strata of a target of {k} neurons in a network of {width}, d = {d}"
    alt = "nodes: strata by idle, linear and cancelling neurons; edges: smallest steps; groups: model rank"
    return Outcome.holds(len(strata.strata), figures=[Figure("graph", title, alt, strata.graph())])


def tanh_values(model, theta, x, prime):
    """f(x; theta) in Q(s) modulo ``prime``; equal functions have equal values, different ones almost surely not."""
    from numerics.exact import ExactArray, ExponentialField, rationals

    # 1/16 makes the field's denominator common to both: every w . x is a multiple of 1/16
    field = ExponentialField(prime, 0x51ED270B)
    field.denominator = 16
    output = model(ExactArray(rationals(theta), field)[None], ExactArray(rationals(x), field)[:, None])
    return [int(value) for value in np.asarray(output).flat]


def target_shapes(context):
    spare = context.by_level(quick=3, standard=4, full=5)
    draws = context.by_level(quick=1, standard=20, full=30)
    return [(d, k, k + s, r) for r in range(draws) for d in (1, 2, 3) for k in (1, 2) for s in range(spare + 1)]


def check_target_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import model_rank
    from theory.strata import tanh_strata

    d, k, spare, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + spare)
    strata = tanh_strata(model, *target_neurons(d, k, rng)).strata
    stratum = strata[int(rng.integers(len(strata)))]
    theta = stratum.sample(rng)
    found = model_rank(model, theta.astype(float), "float")
    found = found if found.rank is not None else model_rank(model, theta)
    return compared(formula(k, d, *stratum.key), found, model, theta, {"stratum": stratum.key})


def drawn_targets(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 2**20))


TARGET_CONTROLS = [
    Control("slopes of neurons with w = 0 forgotten", formula=lambda k, d, u, z, c: target_rank(k, d, u, 0, c)),
    Control("idle classes as dear as active ones", formula=lambda k, d, u, z, c: target_rank(k, d, (d + 1) * u, z, c)),
    Control("a cancelling class counted as idle", formula=lambda k, d, u, z, c: target_rank(k, d, u + c, z, 0)),
]


# ------------------------------------------------------------------------------------------------- fnn.width-free


def check_width_free(instance, *, formula, context) -> Outcome:
    """The least certified rank over all strata of one target, for a range of widths."""
    from numerics.rank import model_rank
    from theory.strata import tanh_strata

    d, k, width, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, width)
    ranks = [model_rank(model, s.sample(rng)).rank for s in tanh_strata(model, *target_neurons(d, k, rng)).strata]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    return Outcome.equal(formula(d, k, width), min(ranks), d=d, k=k, width=width, ranks=ranks)


def widths(context):
    wider = context.by_level(quick=3, standard=5, full=7)
    return [(d, k, k + s, r) for d in (1, 2, 3) for k in (1, 2) for s in range(wider) for r in range(context.by_level(quick=1, standard=4, full=8))]


def check_width_floats(instance, *, formula, context) -> Outcome:
    """Null neurons and split neurons leave the rank alone, whatever the width."""
    from numerics.rank import model_rank

    d, k, width, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, width)
    w, a = rng.normal(size=(k, d)), rng.uniform(1, 2, k)
    copies = rng.integers(0, k, width - k)
    theta = model.pack(input_weights=np.vstack([w, w[copies]]), output_weights=np.append(a, rng.uniform(1, 2, width - k))[None])
    found = model_rank(model, theta, "float")
    found = found if found.rank is not None else model_rank(model, theta)
    return compared(formula(d, k, width), found, model, theta, {"copies": copies})


def drawn_widths(context):
    from hypothesis import strategies as st

    sizes = st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(0, 6), st.integers(0, 2**20))
    return sizes.map(lambda t: (t[0], t[1], t[1] + t[2], t[3]))


WIDTH_CONTROLS = [
    Control("the rank grows with the width", formula=lambda d, k, width: width * (d + 1)),
    Control("one more dimension for every spare neuron", formula=lambda d, k, width: k * (d + 1) + width - k),
]


# ------------------------------------------------------------------------------------------------ fnn.activations


def activation_table(sigma: str, mode: str, d: int, k: int) -> int:
    """The published row of tanh and ours of the others; ``mode``: generic, pair (w, -w), zero (theta = 0), with "biased" variants."""
    biased = mode.startswith("biased")
    own = d + 1 + biased
    kind = mode.removeprefix("biased ")
    match sigma:
        case "exp":
            return {"generic": k * (d + 1), "pair": 2 * (d + 1), "zero": 1}[kind]
        case "relu" | "leaky":
            return {"generic": k * (own - 1), "pair": 2 * (own - 1), "zero": 0}[kind]
        case "identity":
            return {"generic": d + biased, "pair": d + biased, "zero": 0}[kind]
    constant = sigma in ("sigmoid", "softplus", "cos")
    pair = {"sigmoid": own + 1, "softplus": 2 * own - 1, "gelu": 2 * own - 1, "silu": 2 * own - 1}
    return {"generic": k * own, "pair": pair.get(sigma, own), "zero": int(constant)}[kind]


def as_tanh(*names):
    """The table with the rows of ``names`` read off the row of tanh."""
    return lambda sigma, mode, d, k: activation_table("tanh" if sigma in names else sigma, mode, d, k)


def activation_point(model, facts, rng):
    mode, d = facts["mode"], model.inputs
    w, b = distinct_rows(rng, model.width, d), rng.integers(1, 9, model.width) / 8
    if mode.endswith("pair"):
        w[1], b[1] = -w[0], -b[0]
    outputs = signs(rng, (1, model.width))
    if mode == "zero":
        w, outputs = 0 * w, 0 * outputs
    parts = {"input_weights": w, "output_weights": outputs}
    return model.pack(**parts, input_biases=b) if model.bias else model.pack(**parts)


def activation_rows(context):
    names = ("tanh", "erf", "atan", "ratsig", "sin", "cos", "sigmoid", "softplus", "gelu", "silu", "exp", "relu", "leaky", "identity")
    most = context.by_level(quick=2, standard=4, full=4)
    draws = context.by_level(quick=1, standard=14, full=20)
    for name, d, replicate in product(names, (1, 2), range(draws)):
        collinear = d == 1 and name in ("relu", "leaky")  # on a line two weights of one sign are one direction
        for mode, k in [*(("generic", k) for k in range(1, 2 if collinear else most + 1)), ("pair", 2), ("zero", 1)]:
            yield TwoLayer(d, k, activation=name), {"mode": mode}, replicate
        for mode, k in [*(("biased generic", k) for k in range(1, most + 1)), ("biased pair", 2)]:
            yield TwoLayer(d, k, activation=name, bias=True), {"mode": mode}, replicate


def check_activation(instance, *, table, context) -> Outcome:
    predicted = lambda model, theta, facts: table(model.activation.name, facts["mode"], model.inputs, model.width)
    return check_formula(instance, formula=predicted, point=activation_point, context=context)


def check_activation_series(instance, *, table, context) -> Outcome:
    """The same from Taylor series along lines, for the analytic activations that have them."""
    predicted = lambda model, theta, facts: table(model.activation.name, facts["mode"], model.inputs, model.width)
    return check_series(instance, formula=predicted, point=activation_point, context=context)


def series_rows(context):
    names = ("tanh", "erf", "atan", "sin", "cos", "sigmoid", "softplus", "gelu", "silu", "exp")
    for name, d, replicate in product(names, (1, 2, 3), range(context.by_level(quick=1, standard=5, full=10))):
        for mode, k in (("generic", 3), ("pair", 2), ("biased generic", 3), ("biased pair", 2)):
            yield TwoLayer(d, k, activation=name, bias=mode.startswith("biased")), {"mode": mode}, replicate


def check_same_frequency(instance, *, formula, context) -> Outcome:
    """k neurons sin(w . x + b_i) of one w: by the addition theorem 2 (d + 1) functions span the tangents, from any k >= 2."""
    from numerics.rank import model_rank

    name, d, k, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, activation=name, bias=True)
    w = np.repeat(distinct_rows(rng, 1, d), k, axis=0)
    theta = model.pack(input_weights=w, input_biases=np.arange(1, k + 1), output_weights=signs(rng, (1, k)))
    # sin(w.x), cos(w.x), x_t sin(w.x), x_t cos(w.x) span: an upper bound that no sampling is needed for
    return Outcome.equal(formula(d, k), min(model_rank(model, theta).lower, 2 * (d + 1)), activation=name, theta=theta)


ACTIVATION_CONTROLS = [
    Control("every activation as tanh: ReLU", table=as_tanh("relu")),
    Control("every activation as tanh: exp with bias", table=as_tanh("exp")),
    Control("every activation as tanh: pairs of sigmoid", table=as_tanh("sigmoid")),
    Control("every activation as tanh: softplus", table=as_tanh("softplus")),
    Control("every activation as tanh: identity", table=as_tanh("identity")),
]


# ------------------------------------------------------------------------------------------------------- fnn.relu


def relu_point(model, facts, rng):
    """q single directions, p antipodal pairs and n idle neurons; integer weights."""
    q, p, n = facts["singles"], facts["pairs"], facts["idle"]
    w = rng.integers(-3, 4, (q + p + n, model.inputs))
    w[:, 0], w[:, 1] = 2, rng.permutation(np.arange(-4, 5))[: q + p + n]  # no two collinear
    pairs = w[q : q + p]
    weights = np.vstack([w[:q], pairs, -pairs, w[q + p :]])
    outputs = np.append(signs(rng, q + 2 * p), np.zeros(n, int))
    parts = {"input_weights": weights, "output_weights": outputs[None]}
    if model.bias:
        b = rng.integers(-2, 3, q + p + n) / 4  # every hyperplane meets the box of the inputs
        parts["input_biases"] = np.concatenate([b[: q + p], -b[q : q + p], b[q + p :]])
    return model.pack(**parts)


def relu_rank(model, theta, facts) -> int:
    own = model.inputs + model.bias
    return own * (facts["singles"] + facts["pairs"] + (facts["pairs"] >= 1)) + facts["idle"]


def check_relu(instance, *, formula, context) -> Outcome:
    """Exact rank on inputs of all pieces against the formula; identities among the tangents bound it from above."""
    from numerics.rank import empirical_rank

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng)
    return compared(formula(model, theta, facts), empirical_rank(model, theta, many_inputs(model, rng), "exact"), model, theta, facts)


def many_inputs(model, rng):
    """Dyadic inputs, enough to meet every piece."""
    return np.round(rng.uniform(-2, 2, (9 * model.n_params, model.inputs)) * 2**10) / 2**10


def check_relu_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import empirical_rank

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng).astype(float)
    found = empirical_rank(model, theta, many_inputs(model, rng), "float")
    return compared(formula(model, theta, facts), found, model, theta, facts)


def relu_instances(context):
    draws = context.by_level(quick=1, standard=45, full=80)
    for d, q, p, n, bias in product((2, 3), (0, 1, 2), (0, 1, 2), (0, 1), (False, True)):
        if q + p and (d, n, bias) != (3, 1, True):
            for replicate in range(draws):
                yield TwoLayer(d, q + 2 * p + n, activation="relu", bias=bias), {"singles": q, "pairs": p, "idle": n}, replicate


def check_deep_relu(instance, *, dimensions, context) -> Outcome:
    """Rescalings give one exact identity among the tangents for every hidden neuron; some point attains the rest."""
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents

    model, replicate = instance
    best, hidden = 0, sum(model.widths[1:-1])
    for attempt in range(12):
        rng = context.rng(100 * replicate + attempt)
        theta = rationals(rng.integers(-9, 10, model.n_params))
        x = rationals(rng.integers(-30, 31, (5 * model.n_params, model.inputs)))
        J = tangents(model, theta, x)[1].reshape(len(x), -1)
        for v in rescalings(model, theta):
            if (J @ v).any():
                raise AssertionError("rescaling a neuron must not change the function")
        best = max(best, rank_rational(J))
        if best == model.n_params - hidden:
            break
    return Outcome.equal(dimensions(model, hidden), best, model=str(model), attempts=attempt + 1)


def rescalings(model, theta):
    """For every hidden neuron the direction (w_in, b_in; -w_out) along which a positively homogeneous network is constant."""
    parts = model.unpack(theta)
    for l in range(1, model.depth):
        for j in range(model.widths[l]):
            moved = {name: part * 0 for name, part in parts.items()}
            moved[f"W{l}"][j] = parts[f"W{l}"][j]
            if f"b{l}" in parts:
                moved[f"b{l}"][j] = parts[f"b{l}"][j]
            moved[f"W{l + 1}"][:, j] = -parts[f"W{l + 1}"][:, j]
            yield np.concatenate([part.ravel() for part in moved.values()])


def deep_relu_networks(context):
    shapes = [(2, 3, 1), (2, 3, 2, 1)] + context.by_level(quick=[], standard=[(3, 4, 1), (2, 3, 3, 1)], full=[(3, 4, 4, 1)])
    return [(FullyConnected(shape, "relu", bias=bias), 0) for shape in shapes for bias in (False, True)]


# ------------------------------------------------------------------------------------------------------- fnn.poly

#: Formats in which forms of degree p are no sum of the expected number of powers (Alexander and Hirschowitz), as (p, d, k).
EXCEPTIONS = {(4, 3, 5): 14, (4, 4, 9): 34, (4, 5, 14): 69, (3, 5, 7): 34}


def expected_power_rank(p: int, d: int, k: int) -> int:
    return min(k * d, comb(d + p - 1, p))


def power_rank(p: int, d: int, k: int) -> int:
    if p == 2:
        r = min(d, k)
        return d * r - r * (r - 1) // 2
    return EXCEPTIONS.get((p, d, k), expected_power_rank(p, d, k))


def power_point(model, facts, rng):
    shape = (model.width, model.inputs)
    return model.pack(input_weights=rng.integers(-99, 100, shape), output_weights=rng.integers(1, 9, (1, model.width)))


def power_instances(context):
    most = context.by_level(quick=4, standard=6, full=8)
    formats = {*EXCEPTIONS, *product((2, 3, 4), (2, 3, 4), range(1, most + 1)), (3, 5, 6), (3, 5, 8), (4, 3, 4), (4, 3, 6)}
    for p, d, k in sorted(formats):
        for replicate in range(context.by_level(quick=1, standard=45 if d < 5 else 2, full=60 if d < 5 else 4)):
            yield TwoLayer(d, k, activation=f"power:{p}"), {"power": p}, replicate


def check_power(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(facts["power"], model.inputs, model.width)
    return check_formula(instance, formula=predicted, point=power_point, context=context)


def check_power_in_floats(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(facts["power"], model.inputs, model.width)
    return check_formula_in_floats(instance, formula=predicted, point=power_point, context=context)


def drawn_powers(context):
    from hypothesis import strategies as st

    shapes = st.tuples(st.integers(2, 4), st.integers(1, 5), st.integers(2, 3), st.integers(0, 2**20))
    return shapes.map(lambda t: (TwoLayer(t[0], t[1], activation=f"power:{t[2]}"), {"power": t[2]}, t[3]))


def check_power_span(instance, *, formula, context) -> Outcome:
    """The dimension of {l_i^(p-1) x_t}: multinomial coefficients of forms modulo a prime, without any network code."""
    from flint import nmod_mat

    p, d, k, replicate = instance
    prime, rng = 2**61 - 1, context.rng(replicate)
    monomials = [e for e in product(range(p + 1), repeat=d) if sum(e) == p]
    place, rows = {e: i for i, e in enumerate(monomials)}, []
    for w in rng.integers(1, 10**6, (k, d)).tolist():
        for t in range(d):
            row = [0] * len(monomials)
            for e in product(range(p), repeat=d):
                if sum(e) == p - 1:
                    coefficient, left = 1, p - 1
                    for power, entry in zip(e, w, strict=True):
                        coefficient, left = coefficient * comb(left, power) * entry**power % prime, left - power
                    row[place[tuple(v + (i == t) for i, v in enumerate(e))]] = coefficient
            rows.append(row)
    observed = nmod_mat(len(rows), len(monomials), [v for row in rows for v in row], prime).rank()
    return Outcome.equal(formula(p, d, k), observed, power=p, d=d, k=k)


def power_formats(context):
    small = list(product((2, 3, 4), (2, 3, 4), range(1, context.by_level(quick=5, standard=8, full=12))))
    return [(p, d, k, 0) for p, d, k in [*small, (4, 3, 5), (4, 4, 9), (3, 5, 7)]]


POWER_CONTROLS = [
    Control("no exceptions", formula=expected_power_rank),
    Control("as tanh", formula=lambda p, d, k: k * (d + 1)),
]


# ----------------------------------------------------------------------------------------------- fnn.multi-output


def multi_output_point(model, facts, rng):
    shape = (model.outputs, model.width)
    return model.pack(input_weights=distinct_rows(rng, model.width, model.inputs), output_weights=signs(rng, shape))


def multi_output_rank(model, theta, facts) -> int:
    return model.width * (model.inputs + model.outputs)


def multi_output_instances(context):
    draws = context.by_level(quick=1, standard=70, full=100)
    shapes = product((1, 2, 3), (1, 2, 3), (1, 2, 4))
    return [(TwoLayer(d, k, outputs=q), {}, r) for k, d, q in shapes for r in range(draws)]


def vector_sample_size(k: int, d: int, q: int) -> int:
    """Samples of q entries needed by k neurons: after k samples for the output weights each sample shows min(q, k) slopes more."""
    return k + ceil(k * d / min(q, k))


def shared_equally(k: int, d: int, q: int) -> int:
    return ceil(k * (d + q) / q)


def check_vector_samples(instance, *, formula, context) -> Outcome:
    """The least n at which generic vector samples reach the model rank; exact at the given points."""
    from numerics.rank import empirical_rank

    k, d, q, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, outputs=q)
    theta = multi_output_point(model, {}, rng)
    x = np.round(rng.normal(size=(model.n_params, d)) * 2**10) / 2**10
    ranks = [empirical_rank(model, theta, x[:n], "exact").lower for n in range(1, model.n_params + 1)]
    if ranks[-1] != model.n_params:
        return Outcome.inconclusive(f"{len(x)} samples show {ranks[-1]} of {model.n_params} directions", cases=1)
    return Outcome.equal(formula(k, d, q), ranks.index(model.n_params) + 1, k=k, d=d, q=q, theta=theta)


def vector_shapes(context):
    return [(1, 2, 2, 0), (1, 5, 3, 0), (2, 3, 4, 0), (2, 2, 1, 0)] + context.by_level(
        quick=[], standard=[(k, d, q, r) for k in (1, 2) for d in (1, 2, 3) for q in (1, 2, 3) for r in range(3)], full=[(3, 2, 2, 0), (3, 3, 2, 0)]
    )


def drawn_multi_output(context):
    return drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 3), outputs=st.integers(1, 4)))(context)


# -------------------------------------------------------------------------------------------------------- fnn.zero


def zero_points(model, neurons, rng):
    """Representatives of (``neurons`` neurons +) a constant 3 in every way there is room for; the constant alone when there is no neuron."""
    w, a = distinct_rows(rng, neurons, model.inputs), signs(rng, neurons)
    b = rng.integers(1, 5, neurons)
    spare = model.width - neurons - (not model.output_bias)
    null = np.zeros((spare, model.inputs), int)

    def theta(more_w, more_b, more_a):
        carrier = ([np.zeros((1, model.inputs), int)], [1], [3]) if not model.output_bias else ([], [], [])
        parts = {
            "input_weights": np.vstack([w, *carrier[0], more_w]),
            "input_biases": np.concatenate([b, carrier[1], more_b]).astype(int),
            "output_weights": np.concatenate([a, carrier[2], more_a]).astype(int)[None],
        }
        return model.pack(**parts, output_bias=[3]) if model.output_bias else model.pack(**parts)

    zeros = np.zeros(spare, int)
    yield theta(null, zeros, zeros)
    yield theta(null, zeros + 2, zeros)
    if spare:
        fresh = 7 * distinct_rows(rng, spare, model.inputs, least=5)
        yield theta(fresh, zeros, zeros)


def check_constants(instance, *, formula, context) -> Outcome:
    """The least certified rank over representatives of ``neurons`` neurons plus a constant."""
    from numerics.rank import model_rank

    d, neurons, output_bias, replicate = instance
    model = TwoLayer(d, neurons + 2, bias=True, output_bias=output_bias)
    ranks = [model_rank(model, theta).rank for theta in zero_points(model, neurons, context.rng(replicate))]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    return Outcome.equal(formula(d, neurons, output_bias), min(ranks), d=d, neurons=neurons, output_bias=output_bias, ranks=ranks)


def constant_rank(d: int, neurons: int, output_bias: bool) -> int:
    return two_layer_function_rank(d, neurons, constant=True, bias=True, output_bias=output_bias)


def constants(context):
    inputs = context.by_level(quick=(1, 2, 3), standard=(1, 2, 3, 4, 5), full=(1, 2, 3, 4, 5, 6))
    return [(d, k, out, 0) for d in inputs for k in (0, 1, 2) for out in (False, True)]


def check_zero(instance, *, formula, context) -> Outcome:
    """f* = 0 is represented at theta = 0, where the certified rank is least."""
    from numerics.rank import model_rank

    model = instance
    found = model_rank(model, np.zeros(model.n_params, int))
    return compared(formula(model), found, model, np.zeros(model.n_params, int), {})


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
    parts = {"input_weights": weights, "output_weights": outputs[None]}
    theta = model.pack(**parts, output_bias=[0.0]) if output_bias else model.pack(**parts)
    found = model_rank(model, theta, "float")
    least = formula(model)
    if found.lower >= least:
        return Outcome.holds()
    return Outcome.fails(f"rank {found.lower} below {least}", counterexample={"model": str(model), "theta": theta})


def drawn_zeros(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(1, 4), st.integers(0, 2), st.booleans(), st.integers(0, 2**20))


CLAIMS = [
    Claim(
        id="fnn.independence",
        family="networks",
        title="Neurons and their derivatives are linearly independent",
        statement=r"\{\sigma(w_i \cdot x)\}_{i \le m} \cup \{\sigma'(w_i \cdot x)\, x_t\}_{i \le m,\, t \le d}"
        r"\text{ are } m (d + 1) \text{ linearly independent functions}",
        assumptions=[
            Assumption("analytic", r"\sigma \text{ analytic with infinitely many non-zero derivatives at } 0"),
            Assumption("distinct up to sign", r"w_i \neq 0,\ w_i \neq \pm w_j \text{ for } i \neq j"),
        ],
        source=Source(RANK_STRATIFICATION, "Proposition 2; 2406.18035v1, Proposition 2"),
        refuted_by="Weights, distinct up to sign, whose functions satisfy a linear relation.",
        notes="A rank modulo a prime is a lower bound, and m (d + 1) is an upper bound: full rank is proved at each instance.",
        checks=[
            Check(
                "series",
                evidence="exact",
                covers="instances",
                scope="10 activations, d = 1 .. 3, m = 2, 3 (quick), 4, 6, 8",
                run=check_series,
                instances=analytic_networks,
                distribution="integer weights with distinct first entries",
                parameters={"formula": all_parameters, "point": distinct_neurons},
                controls=[
                    Control("one dimension a neuron less", formula=one_per_neuron_less),
                    Control("opposite weights", point=opposite_neurons),
                ],
            ),
            Check(
                "minors",
                evidence="certified",
                covers="instances",
                scope="10 activations, d = 1 .. 3, m = 2 (quick), 3, 4; values at rational inputs, in Q(s) or balls",
                run=check_formula,
                instances=lambda context: [i for i in analytic_networks(context) if i[0].width <= context.by_level(quick=2, standard=4, full=4)],
                distribution="integer weights with distinct first entries, dyadic inputs",
                parameters={"formula": all_parameters, "point": distinct_neurons},
                controls=[Control("opposite weights", point=opposite_neurons)],
            ),
        ],
        probes=[
            Probe(drops="analytic", instances=polynomial_networks),
            Probe(drops="distinct up to sign", instances=opposite_pairs, parameters={"point": opposite_neurons}),
        ],
    ),
    Claim(
        id="fnn.strata-bias",
        family="networks",
        title="Model rank of a two-layer tanh network with biases at a point",
        kind="extension",
        statement=r"R(\theta) = m_w + (d + 1)\, m_a + d\,[\exists\, w_i = 0,\ a_i \neq 0] + [1 \in T],\quad m_w, m_a:"
        r"\text{ classes } \pm(w_i, b_i) \text{ with } w_i \neq 0 \text{ (with some } a_i \neq 0)",
        assumptions=[Assumption("tanh", r"\sigma = \tanh")],
        source=Source(RANK_STRATIFICATION, "Corollary 2 is the case without biases; with biases: ours"),
        depends_on=["fnn.strata"],
        refuted_by="A point whose tangent functions span another dimension.",
        notes="The constant 1 is a tangent function with an output bias, or when some w_i = 0 has b_i != 0 or a_i != 0.",
        checks=[
            Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3, m = 1, 3, 5, with and without output bias",
                run=check_formula,
                instances=biased_sizes,
                distribution="8 (quick), 120, 400 integer points for each of 18 shapes: copies, reflections, vanishing w and a",
                parameters={"formula": biased_strata, "point": structured_biased},
                controls=STRATA_BIAS_CONTROLS,
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, m = 1 .. 5",
                run=check_formula_in_floats,
                replay=check_formula,
                instances=drawn_biased,
                distribution="integer weights from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": biased_strata, "point": structured_biased},
                controls=STRATA_BIAS_CONTROLS,
            ),
        ],
        probes=[Probe(drops="tanh", instances=sigmoid_biased)],
    ),
    Claim(
        id="fnn.target-strata",
        family="networks",
        title="All strata of a two-layer tanh target",
        kind="extension",
        statement=r"R(\theta) = k (d + 1) + u + d z + (d + 1) c,\quad u + z + 2 c \le m - k",
        assumptions=[Assumption("reduced target", r"a^*_i \neq 0,\ w^*_i \neq 0,\ w^*_i \neq \pm w^*_j,\ \text{no biases}")],
        source=Source(RANK_STRATIFICATION, "after Proposition 5; the complete list of strata: ours"),
        depends_on=["fnn.strata", "fnn.function-rank"],
        refuted_by="A representative of the target of another rank than its stratum announces.",
        notes="u idle classes (a = 0), z = 1 where neurons with w = 0 have a != 0, c classes of neurons that cancel; duplicates and null "
        "neurons cost nothing.",
        checks=[
            Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="every stratum; d = 1 .. 3, k = 1, 2, up to 3 (quick), 4, 5 spare neurons",
                run=check_target_strata,
                instances=target_shapes,
                distribution="integer targets; a random point of each stratum with splits, reflections, shuffled order",
                parameters={"formula": target_rank},
                controls=TARGET_CONTROLS,
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, k = 1 .. 3, up to 3 spare neurons",
                run=check_target_floats,
                instances=drawn_targets,
                distribution="a random stratum and a random point of it, from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": target_rank},
                controls=TARGET_CONTROLS,
            ),
        ],
    ),
    Claim(
        id="fnn.width-free",
        family="networks",
        title="The optimistic sample size does not grow with the width",
        statement=r"R_{\mathrm{NN}_m}(f^*) = k (d + 1) \text{ for every } m \ge k",
        assumptions=[Assumption("reduced target", r"a^*_i \neq 0,\ w^*_i \neq 0,\ w^*_i \neq \pm w^*_j")],
        source=Source(OPTIMISTIC_ESTIMATE, "section 5.2; 2406.18035v1, Corollary 6"),
        depends_on=["fnn.function-rank", "fnn.target-strata"],
        refuted_by="Two widths at which the same target has different model ranks.",
        checks=[
            Check(
                "least-over-strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3, k = 1, 2, m = k .. k + 2 (quick), k + 4, k + 6; all strata",
                run=check_width_free,
                instances=widths,
                distribution="integer targets, a random point of each stratum",
                parameters={"formula": lambda d, k, width: k * (d + 1)},
                controls=WIDTH_CONTROLS,
            ),
            Check(
                "copies",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, k = 1 .. 3, up to 6 copies",
                run=check_width_floats,
                instances=drawn_widths,
                distribution="normal weights, outputs 1 to 2",
                tolerance=FLOAT_RULE,
                parameters={"formula": lambda d, k, width: k * (d + 1)},
                controls=WIDTH_CONTROLS,
            ),
        ],
    ),
    Claim(
        id="fnn.activations",
        family="networks",
        title="Model ranks of two-layer networks with other activations",
        kind="extension",
        statement=r"R = k (d + 1)\ [k (d + 2) \text{ with bias}] \text{ for tanh, erf, atan, sin, cos, sigmoid, softplus, GELU, SiLU; }"
        r"k (d + 1) \text{ for exp with and without bias; } k d\ [k (d + 1)] \text{ for ReLU; a pair } \pm(w, b) \text{ has rank } D, D + 1,"
        r"2 D - 1 \text{ or } 2 D \text{ by its symmetry},\ D = d + 1\ [d + 2]",
        assumptions=[Assumption("generic", r"w_i \neq \pm w_j \text{ (but for the pair)},\ w_i \neq 0,\ a_i \neq 0")],
        source=Source(RANK_STRATIFICATION, "Proposition 5 for tanh; the other rows: ours"),
        depends_on=["fnn.strata"],
        refuted_by="An activation, at distinct neurons, whose tangents span another dimension than its row of the table.",
        notes="D for odd and even, D + 1 for sigmoid, 2 D - 1 for softplus, GELU and SiLU, 2 D for ReLU (less one each); for sigmoid the "
        "function a sigma(w x) + b sigma(-w x) has intrinsic width 2 and rank d + 2. sigma(0) != 0 gives f* = 0 the rank 1.",
        checks=[
            Check(
                "table",
                evidence="certified",
                covers="instances",
                scope="14 activations, d = 1, 2, k = 1, 2 (quick), 3, 4; generic, pairs, zero; with and without bias",
                run=check_activation,
                instances=activation_rows,
                distribution="integer weights, biases and outputs; 1 (quick), 14, 20 draws a row",
                parameters={"table": activation_table},
                controls=ACTIVATION_CONTROLS,
            ),
            Check(
                "series",
                evidence="exact",
                covers="instances",
                scope="10 activations, d = 1 .. 3, three neurons or a pair, with and without bias",
                run=check_activation_series,
                instances=series_rows,
                distribution="integer weights, values at biases replaced by residues of the same pattern",
                parameters={"table": activation_table},
                controls=[control for control in ACTIVATION_CONTROLS if "ReLU" not in control.name and "identity" not in control.name],
            ),
            Check(
                "one-frequency",
                evidence="certified",
                covers="instances",
                scope="sin and cos, d = 1 .. 3, two to four neurons with one w and different biases",
                run=check_same_frequency,
                instances=lambda context: [(s, d, k, 0) for s in ("sin", "cos") for d in (1, 2, 3) for k in (2, 3, 4)],
                distribution="integer weights and biases",
                parameters={"formula": lambda d, k: 2 * (d + 1)},
                controls=[Control("as distinct neurons", formula=lambda d, k: k * (d + 2))],
            ),
        ],
    ),
    Claim(
        id="fnn.relu",
        family="networks",
        title="Model rank of ReLU networks",
        kind="extension",
        statement=r"R = D (q + p + [p \ge 1]) + n,\quad D = d\ [d + 1 \text{ with bias}];\qquad"
        r"\text{deep, generic: } R \le M - \#\text{hidden, attained on an open set}",
        assumptions=[Assumption("at least two inputs", r"d \ge 2")],
        source=Source(LOCAL_RECOVERY, "outside the hypotheses of its theorems, which need differentiability; ranks: ours"),
        refuted_by="Distinct directions with another rank, or a deep network with more than M - #hidden independent tangents.",
        notes="q single directions, p antipodal pairs, n idle neurons; the linear part is shared between the pairs.",
        checks=[
            Check(
                "directions",
                evidence="exact",
                covers="instances",
                scope="d = 2, 3, q, p = 0 .. 2, n = 0, 1, with and without bias",
                run=check_relu,
                instances=relu_instances,
                distribution="weights with entries -4 .. 4, biases in quarters; dyadic inputs, nine times as many as parameters",
                parameters={"formula": relu_rank},
                controls=[
                    Control("as tanh", formula=lambda model, theta, facts: relu_rank(model, theta, facts) + facts["singles"] + facts["pairs"]),
                    Control(
                        "a linear part for every pair",
                        formula=lambda model, theta, facts: (model.inputs + model.bias) * (facts["singles"] + 2 * facts["pairs"]) + facts["idle"],
                    ),
                ],
            ),
            Check(
                "deep",
                evidence="exact",
                covers="instances",
                scope="[2,3,1], [2,3,2,1] (quick), [3,4,1], [2,3,3,1], [3,4,4,1]; with and without biases",
                run=check_deep_relu,
                instances=deep_relu_networks,
                distribution="the best of 12 integer points, integer inputs",
                parameters={"dimensions": lambda model, hidden: model.n_params - hidden},
                controls=[
                    Control("all parameters", dimensions=lambda model, hidden: model.n_params),
                    Control("one rescaling in all", dimensions=lambda model, hidden: model.n_params - 1),
                ],
            ),
            Check(
                "directions-in-floats",
                evidence="property",
                covers="instances",
                scope="as directions",
                run=check_relu_in_floats,
                replay=check_relu,
                instances=lambda context: list(relu_instances(context))[:: context.by_level(quick=2, standard=8, full=4)],
                distribution="integer weights",
                tolerance="rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl)",
                parameters={"formula": relu_rank},
                controls=[
                    Control("idle neurons for nothing", formula=lambda model, theta, facts: relu_rank(model, theta, {**facts, "idle": 0}))
                ],
            ),
        ],
    ),
    Claim(
        id="fnn.poly",
        family="networks",
        title="Powers as activations: the theorem of Alexander and Hirschowitz",
        kind="extension",
        statement=r"\sigma = z^p:\ R = \min\left(k d, \tbinom{d + p - 1}{p}\right) \text{ except } p = 2:\ d k - \tbinom{k}{2}\ (k \le d),"
        r"\ (p, d, k) = (4,3,5), (4,4,9), (4,5,14), (3,5,7):\ 14, 34, 69, 34",
        assumptions=[Assumption("generic", r"w_1, \dots, w_k \text{ generic}")],
        source=Source(RANK_STRATIFICATION, "Definition 3 for powers, by the theorem of Alexander and Hirschowitz (J. Algebraic Geom. 4, 1995): ours"),
        refuted_by="A format with another generic rank.",
        checks=[
            Check(
                "tangents",
                evidence="exact",
                covers="instances",
                scope="p, d = 2 .. 4, k = 1 .. 4 (quick), 6, 8, and all exceptions",
                run=check_power,
                instances=power_instances,
                distribution="integer weights of modulus below 100",
                parameters={"formula": power_rank},
                controls=POWER_CONTROLS,
            ),
            Check(
                "forms",
                evidence="exact",
                covers="instances",
                scope="p, d = 2 .. 4, k = 1 .. 5 (quick), 8, 12, exceptions with d < 5; coefficients of l^(p-1) x_t, no network code",
                run=check_power_span,
                instances=power_formats,
                distribution="residues modulo 2^61 - 1 below 10^6",
                parameters={"formula": power_rank},
                controls=POWER_CONTROLS,
            ),
            Check(
                "tangents-in-floats",
                evidence="property",
                covers="instances",
                scope="p = 2, 3, d = 2 .. 4, k = 1 .. 5",
                run=check_power_in_floats,
                replay=check_power,
                instances=drawn_powers,
                distribution="integer weights from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": power_rank},
                controls=POWER_CONTROLS,
            ),
        ],
    ),
    Claim(
        id="fnn.multi-output",
        family="networks",
        title="Several outputs: rank and number of vector samples",
        kind="extension",
        statement=r"R = k (d + q);\quad \text{least number of samples with } q \text{ entries each: } k + \lceil k d / \min(q, k) \rceil",
        assumptions=[Assumption("generic", r"w_i \neq 0,\ w_i \neq \pm w_j,\ \text{generic } a_i \in \mathbb{R}^q")],
        source=Source(RANK_STRATIFICATION, "Corollary 2 is the case q = 1; several outputs: ours"),
        depends_on=["fnn.strata"],
        refuted_by="A target of k neurons and q outputs that generic samples determine earlier or later.",
        notes="In general not ceil(R / q): a sample shows at most min(q, k) slopes.",
        checks=[
            Check(
                "rank",
                evidence="certified",
                covers="instances",
                scope="k, d = 1 .. 3, q = 1, 2, 4",
                run=check_formula,
                instances=multi_output_instances,
                distribution="integer weights and outputs; 1 (quick), 70, 100 draws a shape",
                parameters={"formula": multi_output_rank, "point": multi_output_point},
                controls=[Control("as for one output", formula=lambda model, theta, facts: model.width * (model.inputs + 1))],
            ),
            Check(
                "vector-samples",
                evidence="exact",
                covers="instances",
                scope="(k, d, q) = (1,2,2), (1,5,3), (2,3,4), (2,2,1) (quick), all up to (2,3,3)",
                run=check_vector_samples,
                instances=vector_shapes,
                distribution="normal inputs rounded to 2^-10",
                parameters={"formula": vector_sample_size},
                controls=[Control("shared equally: ceil(R / q)", formula=shared_equally)],
            ),
            Check(
                "rank-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, k = 1 .. 3, q = 1 .. 4",
                run=check_formula_in_floats,
                replay=check_formula,
                instances=drawn_multi_output,
                distribution="integer weights from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": multi_output_rank, "point": multi_output_point},
                controls=[Control("as for one output", formula=lambda model, theta, facts: model.width * (model.inputs + 1))],
            ),
        ],
    ),
    Claim(
        id="fnn.zero",
        family="networks",
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
