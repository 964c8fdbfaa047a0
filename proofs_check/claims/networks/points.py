r"""Two-layer networks at a point: neurons are independent, so the model rank counts classes of them.

f(x) = sum_i a_i sigma(w_i . x [+ b_i]) [+ c]. The tangent functions are sigma(z_i), a_i sigma'(z_i) x_t and a_i sigma'(z_i); those of
pairwise different (w, b), up to sign, are linearly independent.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, check_series, drawn, float_twin
from theory.draws import distinct_rows, structured_neurons
from theory.models import TwoLayer
from theory.rank import exact_parameters, merged_neurons, two_layer_rank, two_layer_strata

# ------------------------------------------------------------------------------------------------ fnn.independence


def distinct_neurons(model, facts, rng):
    """Integer weights, pairwise different up to sign, with unit output weights."""
    return model.pack(input_weights=distinct_rows(rng, model.width, model.inputs), output_weights=np.ones((1, model.width), int))


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


def narrow_networks(context):
    most = context.by_level(quick=2, standard=4, full=4)
    return [instance for instance in analytic_networks(context) if instance[0].width <= most]


def polynomial_networks(context):
    return [(TwoLayer(d, 4, activation="power:3"), {}, 0) for d in (1, 2)]


def opposite_pairs(context):
    return [(TwoLayer(2, 2, activation=name), {}, 0) for name in ("tanh", "sigmoid", "gelu")]


# --------------------------------------------------------------------------------------- fnn.strata, fnn.strata-bias


def structured(model, facts, rng):
    return structured_neurons(model, rng, fresh=0.27 if model.bias else 0.25)


def strata_with(**changed):
    """The rank by the classes of neurons at theta, some of these counts replaced."""

    def formula(model, theta, facts) -> int:
        return two_layer_rank(model.inputs, **{**two_layer_strata(model, exact_parameters(model, theta)), **changed})

    return formula


def neurons_for_classes(model, theta, facts) -> int:
    parts = model.unpack(theta)
    live = parts["input_weights"].any(axis=1)
    active = live & (parts["output_weights"][0] != 0)
    return strata_with(classes=int(live.sum()), active=int(active.sum()))(model, theta, facts)


def summed_outputs(model, theta, facts) -> int:
    """Counts a class as active only where its output weights do not cancel."""
    return strata_with(active=sum(map(bool, merged_neurons(model, theta).values())))(model, theta, facts)


def unbiased_networks(context):
    draws = context.by_level(quick=8, standard=120, full=500)
    return [(TwoLayer(d, m), {}, r) for d, m, r in product((1, 2, 3, 4), (1, 2, 4, 6), range(draws))]


def biased_networks(context):
    draws = context.by_level(quick=8, standard=120, full=400)
    shapes = product((1, 2, 3), (1, 3, 5), (False, True))
    return [(TwoLayer(d, m, bias=True, output_bias=out), {}, r) for d, m, out in shapes for r in range(draws)]


def sigmoid_networks(context):
    return [(TwoLayer(d, 4, activation="sigmoid"), {}, r) for d in (1, 2) for r in range(10)]


def biased_sigmoid_networks(context):
    return [(TwoLayer(2, 4, activation="sigmoid", bias=True), {}, r) for r in range(12)]


drawn_networks = drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 5)))
drawn_biased_networks = drawn(
    lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 5), bias=st.just(True), output_bias=st.booleans())
)

STRATA_CONTROLS = [
    Control("neurons for classes", formula=neurons_for_classes),
    Control("neurons with w = 0 forgotten", formula=strata_with(linear=False)),
    Control("summed for single output weights", formula=summed_outputs),
]
STRATA_BIAS_CONTROLS = [
    Control("neurons for classes", formula=neurons_for_classes),
    Control("slopes of neurons with w = 0 forgotten", formula=strata_with(linear=False)),
    Control("the constant forgotten", formula=strata_with(constant=False)),
    Control("d + 1 for d + 2 functions a neuron", formula=strata_with(bias=False)),
]

CLAIMS = [
    Claim(
        id="fnn.independence",
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
                instances=narrow_networks,
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
            strata := Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 4, m = 1 .. 6; repeated, reflected, vanishing and cancelling neurons",
                run=check_formula,
                instances=unbiased_networks,
                distribution="integer weights; 8 (quick), 120, 500 points for each of 16 shapes",
                parameters={"formula": strata_with(), "point": structured, "certificates": 3},
                controls=STRATA_CONTROLS,
            ),
            float_twin(
                strata,
                scope="d = 2 .. 4, m = 1 .. 5",
                instances=drawn_networks,
                distribution="integer weights from a drawn seed",
                tolerance="rank read across a gap of 1e6 in the singular values, else in the exact field",
                parameters={"formula": strata_with(), "point": structured},
            ),
        ],
        probes=[Probe(drops="tanh", instances=sigmoid_networks)],
    ),
    Claim(
        id="fnn.strata-bias",
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
            strata := Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3, m = 1, 3, 5, with and without output bias",
                run=check_formula,
                instances=biased_networks,
                distribution="8 (quick), 120, 400 integer points for each of 18 shapes: copies, reflections, vanishing w and a",
                parameters={"formula": strata_with(), "point": structured},
                controls=STRATA_BIAS_CONTROLS,
            ),
            float_twin(
                strata, scope="d = 2 .. 4, m = 1 .. 5", instances=drawn_biased_networks, distribution="integer weights from a drawn seed"
            ),
        ],
        probes=[Probe(drops="tanh", instances=biased_sigmoid_networks)],
    ),
]
