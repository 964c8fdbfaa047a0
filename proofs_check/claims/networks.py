r"""Two-layer tanh networks: the model rank at every point, and of every function.

f(x) = sum_i a_i tanh(w_i . x [+ b_i]) [+ c]. The functions tanh(w . x + b) and tanh'(w . x + b) x_t of pairwise different (w, b), up to
sign, are linearly independent; so the model rank counts classes of neurons.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from theory.models import TwoLayer
from theory.rank import exact_parameters, two_layer_function_rank, two_layer_rank, two_layer_strata

RANK_STRATIFICATION = "arXiv:2211.11623v1"


# ------------------------------------------------------------------------------------------------------ fnn.strata


def structured_parameters(model: TwoLayer, rng) -> np.ndarray:
    """Integer theta with repeated and reflected neurons, vanishing weights and cancelling outputs."""
    few = rng.integers(-3, 4, (2, model.inputs))
    weights = few[rng.integers(0, 2, model.width)] * rng.choice([-1, 1], (model.width, 1))
    weights = np.where(rng.random((model.width, 1)) < 0.25, rng.integers(-3, 4, weights.shape), weights)
    weights = weights * (rng.random((model.width, 1)) > 0.18)
    outputs = rng.choice([-2, -1, 1, 2], model.width) * (rng.random(model.width) > 0.35)
    return model.pack(input_weights=weights, output_weights=outputs[None])


def strata_rank(model, theta) -> int:
    """m_w + d m_a, with one more active class for a neuron w = 0, a != 0 (it contributes its d slopes)."""
    return two_layer_rank(model.inputs, **two_layer_strata(model, exact_parameters(model, theta)))


def neurons_counted(model, theta) -> int:
    parts = model.unpack(theta)
    live = parts["input_weights"].any(axis=1)
    return int(live.sum() + model.inputs * (live & (parts["output_weights"][0] != 0)).sum())


def zero_weights_forgotten(model, theta) -> int:
    strata = two_layer_strata(model, exact_parameters(model, theta))
    return two_layer_rank(model.inputs, **{**strata, "linear": False})


def summed_outputs(model, theta) -> int:
    """Counts a class as active only where its output weights do not cancel."""
    strata = two_layer_strata(model, exact_parameters(model, theta))
    parts, sums = model.unpack(theta), {}
    for w, a in zip(parts["input_weights"], parts["output_weights"][0], strict=True):
        if w.any():
            sign = np.sign(w[np.flatnonzero(w)[0]])
            sums[tuple(sign * w)] = sums.get(tuple(sign * w), 0) + sign * a
    return two_layer_rank(model.inputs, **{**strata, "active": sum(1 for a in sums.values() if a)})


def check_strata(instance, *, formula, context) -> Outcome:
    """R(theta) by certificate: a minor in Q(s) from below, identities among the tangents from above."""
    from numerics.rank import model_rank

    model, replicate = instance
    theta = structured_parameters(model, context.rng(replicate))
    found = model_rank(model, theta)
    if found.rank is None:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper} at {theta}", cases=1)
    outcome = Outcome.equal(formula(model, theta), found.rank, model=str(model), theta=theta)
    if outcome.counterexample is None and replicate < 3:
        return Outcome.holds(certificate=found.certificate)
    return outcome


def strata_sizes(context):
    draws = context.by_level(quick=8, standard=120, full=500)
    shapes = [(d, m) for d in (1, 2, 3, 4) for m in (1, 2, 4, 6)]
    return [(TwoLayer(d, m), replicate) for d, m in shapes for replicate in range(draws)]


def sigmoid_networks(context):
    return [(TwoLayer(d, 4, activation="sigmoid"), replicate) for d in (1, 2) for replicate in range(10)]


def check_strata_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import model_rank

    model, replicate = instance
    theta = structured_parameters(model, context.rng(replicate))
    found = model_rank(model, theta.astype(float), "float")
    if found.rank is None:  # the ladder: what floats leave open, the exact field decides
        found = model_rank(model, theta)
    return Outcome.equal(formula(model, theta), found.rank, model=str(model), theta=theta)


def drawn_networks(context):
    from hypothesis import strategies as st

    models = st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 5))
    return st.tuples(models, st.integers(0, 2**20))


STRATA_CONTROLS = [
    Control("neurons for classes", formula=neurons_counted),
    Control("neurons with w = 0 forgotten", formula=zero_weights_forgotten),
    Control("summed for single output weights", formula=summed_outputs),
]


# ----------------------------------------------------------------------------------------------- fnn.function-rank


def representatives(model: TwoLayer, neurons: int, constant: int, rng):
    """Integer theta of one target (``neurons`` distinct neurons + ``constant``), one for every way to spend the spare width.

    Spare neurons are null, split off the first neuron, inactive (a = 0), or a cancelling pair.
    """
    w = distinct_rows(rng, neurons + 1, model.inputs)
    b = rng.integers(-3, 4, neurons) if model.bias else np.zeros(neurons, int)
    w, fresh, a = w[:neurons], 5 * w[neurons:], rng.integers(1, 4, neurons)
    if constant and not model.output_bias:  # then only a neuron with w = 0 and b != 0 can hold the constant
        w, b, a = np.vstack([w, np.zeros((1, model.inputs), int)]), np.append(b, 1), np.append(a, constant)
    spare = model.width - len(w)
    nothing = np.zeros(spare, int)

    def theta(extra_w, extra_b, extra_a):
        parts = {"input_weights": np.vstack([w, extra_w]), "output_weights": np.append(a, extra_a)[None]}
        if model.bias:
            parts["input_biases"] = np.append(b, extra_b)
        if model.output_bias:
            parts["output_bias"] = [constant]
        return model.pack(**parts)

    null = np.zeros((spare, model.inputs), int)
    yield theta(null, nothing, nothing)
    if spare and neurons:
        split = theta(np.repeat(w[:1], spare, 0), np.repeat(b[:1], spare), np.arange(1, spare + 1))
        model.unpack(split)["output_weights"][0, 0] -= spare * (spare + 1) // 2
        yield split
    if spare:
        yield theta(np.vstack([fresh, null[1:]]), nothing, nothing)
    if spare >= 2:
        yield theta(np.vstack([fresh, fresh, null[2:]]), nothing, np.array([1, -1, *nothing[2:]]))


def distinct_rows(rng, rows: int, d: int) -> np.ndarray:
    """Integer rows no two of which agree up to sign, none zero: the first entries are 1, 2, 3, ..."""
    weights = rng.integers(-3, 4, (rows, d))
    weights[:, 0] = np.arange(1, rows + 1)
    return weights


def check_function_rank(instance, *, formula, points, context) -> Outcome:
    """The least certified rank over representatives of one target of every kind."""
    from numerics.rank import model_rank

    model, neurons, constant, replicate = instance
    ranks = []
    for theta in points(model, neurons, constant, context.rng(replicate)):
        found = model_rank(model, theta)
        if found.rank is None:
            return Outcome.inconclusive(f"rank between {found.lower} and {found.upper} at {theta}", cases=1)
        ranks.append(found.rank)
    expected = formula(model.inputs, neurons, constant=bool(constant), bias=model.bias, output_bias=model.output_bias)
    return Outcome.equal(expected, min(ranks), model=str(model), neurons=neurons, constant=constant, ranks=ranks)


def generic_point(model, neurons, constant, rng):
    """A point of the widest stratum instead of all representatives: the last one."""
    *_, last = representatives(model, neurons, constant, rng)
    return [last]


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
    from numerics.rank import model_rank

    d, neurons, spare, bias, replicate = instance
    model = TwoLayer(d, neurons + spare, bias=bias)
    theta = next(iter(representatives(model, neurons, 0, context.rng(replicate))))
    found = model_rank(model, theta.astype(float), "float")
    if found.rank is None:  # the ladder: what floats leave open, the exact field decides
        found = model_rank(model, theta)
    expected = formula(d, neurons, constant=False, bias=bias, output_bias=False)
    return Outcome.equal(expected, found.rank, d=d, neurons=neurons, spare=spare, bias=bias, theta=theta)


def drawn_targets(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 5), st.integers(1, 3), st.integers(0, 3), st.booleans(), st.integers(0, 2**20))


def wrong_bias(d, neurons, *, constant, bias, output_bias):
    return two_layer_function_rank(d, neurons, constant=constant, bias=not bias, output_bias=output_bias)


def cheap_constant(d, neurons, *, constant, bias, output_bias):
    return neurons * (d + 1 + bias) + (d + 2) * (constant and not output_bias) + output_bias


CLAIMS = [
    Claim(
        id="fnn.strata",
        title="Model rank of a two-layer tanh network at a point",
        statement=r"R(\theta) = m_w + d\, m_a,\quad m_w = \#\{\pm w_i : w_i \neq 0\},"
        r"\quad m_a = \#\{\pm w_i : \text{some } a_i \neq 0\}",
        assumptions=[
            Assumption("tanh", r"\sigma = \tanh \text{ (or another odd analytic activation with independent neurons)}"),
        ],
        source=Source(RANK_STRATIFICATION, "Corollary 2; 2406.18035v1, Corollary 7; 2307.08921v1, equation 21"),
        refuted_by="A point whose tangent functions span another dimension.",
        notes="A neuron with w = 0 and a != 0 counts as one active class: it adds its d slopes.",
        checks=[
            Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 4, m = 1 .. 6; repeated, reflected, vanishing and cancelling neurons",
                run=check_strata,
                instances=strata_sizes,
                distribution="integer weights; 8 (quick), 120, 500 points for each of 16 shapes",
                parameters={"formula": strata_rank},
                controls=STRATA_CONTROLS,
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, m = 1 .. 5",
                run=check_strata_in_floats,
                replay=check_strata,
                instances=drawn_networks,
                distribution="integer weights from a drawn seed",
                tolerance="rank read across a gap of 1e6 in the singular values, else in the exact field",
                parameters={"formula": strata_rank},
                controls=STRATA_CONTROLS,
            ),
        ],
        probes=[Probe(drops="tanh", instances=sigmoid_networks)],
    ),
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
]
