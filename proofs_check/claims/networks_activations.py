r"""Two-layer networks with other activations, several outputs, and targets that are constant.

Reflections of the activation merge classes of neurons, homogeneity costs one dimension a neuron, and for powers the model rank is a
question of algebraic geometry.
"""

from __future__ import annotations

from itertools import product
from math import ceil, comb

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
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
from theory.rank import two_layer_function_rank

RANK_STRATIFICATION = "arXiv:2211.11623v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"


#: Directions at least eighteen degrees apart, up to sign: every piece of the plane between two kinks is wide.
DIRECTIONS = ((3, 0), (3, 1), (2, 2), (1, 3), (0, 3), (-1, 3), (-2, 2), (-3, 1))


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
    w = distinct_rows(rng, model.width, d)
    if d > 1 and model.activation.degree == 1:  # homogeneous: no two may be collinear
        w[:, :2] = rng.permutation(DIRECTIONS)[: model.width]
    b = (1 + np.arange(model.width)) * rng.permutation(np.arange(1, 9))[: model.width] / 16  # no two (w, b) proportional
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
    draws = context.by_level(quick=1, standard=8, full=20)
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
    w = rng.integers(-1, 2, (q + p + n, model.inputs))
    w[:, :2] = rng.permutation(DIRECTIONS)[: q + p + n]
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
    from dataclasses import replace

    from numerics.rank import empirical_rank, structural_upper_bound

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng)
    found = empirical_rank(model, theta, many_inputs(model, theta, rng), "exact")
    found = replace(found, upper=structural_upper_bound(model, theta))  # more inputs might show more
    return compared(formula(model, theta, facts), found, model, theta, facts)


def many_inputs(model, theta, rng):
    """Dyadic inputs, enough to meet every piece, none of them at a kink, where there is no derivative."""
    x, parts = np.round(rng.uniform(-2, 2, (10 * model.n_params, model.inputs)) * 2**10) / 2**10, model.unpack(theta)
    z = x @ np.asarray(parts["input_weights"], float).T + (parts["input_biases"] if model.bias else 0)
    return x[(z != 0).all(axis=1)]


def check_relu_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import empirical_rank

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng).astype(float)
    found = empirical_rank(model, theta, many_inputs(model, theta, rng), "float")
    return compared(formula(model, theta, facts), found, model, theta, facts)


def relu_instances(context):
    draws = context.by_level(quick=1, standard=8, full=40)
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
    for attempt in range(120):
        rng = context.rng(1000 * replicate + attempt)
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
        for replicate in range(context.by_level(quick=1, standard=20 if d < 5 else 2, full=60 if d < 5 else 4)):
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
        quick=[],
        standard=[(k, d, q, r) for k in (1, 2) for d in (1, 2, 3) for q in (1, 2, 3) for r in range(3)],
        full=[(3, 2, 2, 0), (3, 3, 2, 0)],
    )


def drawn_multi_output(context):
    return drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 3), outputs=st.integers(1, 4)))(context)


# -------------------------------------------------------------------------------------------------------- fnn.zero


def zero_points(model, neurons, rng):
    """Representatives of ``neurons`` neurons plus a constant 3, one for every way to spend the spare width."""
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
        id="fnn.activations",
        family="networks",
        title="Model ranks of two-layer networks with other activations",
        kind="extension",
        statement=r"R = k (d + 1)\ [k (d + 2) \text{ with bias}] \text{ for tanh, erf, atan, sin, cos, sigmoid, softplus, GELU, SiLU; }"
        r"k (d + 1) \text{ for exp with and without bias; } k d\ [k (d + 1)] \text{ for ReLU; a pair } \pm(w, b) \text{ has "
        r"rank } D, D + 1,"
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
                distribution="integer weights, biases and outputs; 1 (quick), 8, 20 draws a row",
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
                distribution="well-separated integer directions, biases in quarters; dyadic inputs, ten times as many as parameters",
                parameters={"formula": relu_rank},
                controls=[
                    Control(
                        "as tanh", formula=lambda model, theta, facts: relu_rank(model, theta, facts) + facts["singles"] + facts["pairs"]
                    ),
                    Control(
                        "a linear part for every pair",
                        formula=lambda model, theta, facts: (
                            (model.inputs + model.bias) * (facts["singles"] + 2 * facts["pairs"]) + facts["idle"]
                        ),
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
                distribution="the best of 120 integer points, integer inputs",
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
        source=Source(
            RANK_STRATIFICATION, "Definition 3 for powers, by the theorem of Alexander and Hirschowitz (J. Algebraic Geom. 4, 1995): ours"
        ),
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
