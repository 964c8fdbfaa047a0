r"""Two-layer fully connected networks beyond the plain tanh case: independence of neurons, all strata of a target, other activations.

The tangent functions of sum_i a_i sigma(w_i . x [+ b_i]) are sigma(z_i), a_i sigma'(z_i) x_t [and a_i sigma'(z_i)]. Which of them are
independent depends on the symmetries of sigma: reflections merge classes, homogeneity costs one dimension a neuron.
"""

from __future__ import annotations

from itertools import product

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
from theory.models import TwoLayer
from theory.rank import exact_parameters, two_layer_rank, two_layer_strata

RANK_STRATIFICATION = "arXiv:2211.11623v1"
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
    return drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 5), bias=st.just(True), output_bias=st.booleans()))(
        context
    )


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
    if replicate or (d, width) != (2, k + 3):
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
    draws = context.by_level(quick=1, standard=8, full=30)
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
    return [
        (d, k, k + s, r)
        for d in (1, 2, 3)
        for k in (1, 2)
        for s in range(wider)
        for r in range(context.by_level(quick=1, standard=4, full=8))
    ]


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
                instances=lambda context: [
                    i for i in analytic_networks(context) if i[0].width <= context.by_level(quick=2, standard=4, full=4)
                ],
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
]
