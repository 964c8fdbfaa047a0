r"""Two-layer networks at a point: neurons are independent, so the model rank counts classes of them."""

import numpy as np

from numerics.rank import model_rank
from numerics.rank.certificates import series_certificate
from numerics.rank.series import series_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.networks import two_layer
from proofs_check.claims._ranks import FLOATS, in_floats
from proofs_check.judging import equal, rank_is, worst
from theory.draws import distinct_rows, pack_known
from theory.models import TwoLayer
from theory.rank import two_layer_rank

from . import STRATIFICATION, TANH
from ._pictures import classes

INDEPENDENCE = claim(
    "fnn.independence",
    "Neurons and their derivatives are linearly independent",
    r"\{\sigma(w_i \cdot x)\}_{i \le m} \cup \{\sigma'(w_i \cdot x)\, x_t\}_{i \le m,\, t \le d}"
    r"\text{ are } m (d + 1) \text{ linearly independent functions}",
    symbols=[r"\sigma", "w_i,b_i,a_i", "x_t", "m", "d"],
    assumptions=[
        Assumption("analytic", r"\sigma \text{ analytic with infinitely many non-zero derivatives at } 0"),
        Assumption("distinct up to sign", r"w_i \neq 0,\ w_i \neq \pm w_j \text{ for } i \neq j"),
    ],
    source=STRATIFICATION.at("Proposition 2; 2406.18035v1, Proposition 2"),
    refuted_by="Weights, distinct up to sign, whose functions satisfy a linear relation.",
    notes="A rank modulo a prime is a lower bound, and m (d + 1) an upper one: full rank is proved at each instance.",
)

ANALYTIC = ("tanh", "sin", "atan", "erf", "sigmoid", "exp", "gelu", "silu", "softplus", "cos")
WIDE = axes(activation=ANALYTIC, d=(1, 2, 3), m=by_level((2, 3), (2, 3, 4, 5, 6)), standard=4)
NARROW = axes(activation=ANALYTIC, d=(1, 2, 3), m=by_level((2,), (2, 3)), standard=2)


def distinct_neurons(cell, rng):
    return distinct_rows(rng, cell.m, cell.d)


def opposite(w):
    """The second half of the neurons opposite to the first."""
    half = len(w) // 2
    return np.concatenate([w[:half], -w[:half], w[2 * half :]])


@INDEPENDENCE.check("exact", distinct_neurons, WIDE)
@false("one dimension a neuron less", formula=lambda m, d: m * d)
@false("opposite weights", weights=opposite)
def series(cell, w, *, formula=lambda m, d: m * (d + 1), weights=lambda w: w, sigma=lambda cell: cell.activation, context):
    """Full rank by Taylor series modulo a prime."""
    model = TwoLayer(cell.d, cell.m, activation=sigma(cell))
    theta = model.pack(input_weights=weights(w), output_weights=np.ones((1, cell.m), int))
    observed, at = series_rank(model, theta)
    kept = series_certificate(model, theta, observed, at) if (cell.d, cell.m) == (2, 2) and observed == model.n_params else None
    return equal(rank=(formula(cell.m, cell.d), observed), shown={"theta": theta, "at": at}, certificate=kept)


INDEPENDENCE.without("analytic", series, sigma=lambda cell: "power:3")
INDEPENDENCE.without("distinct up to sign", series, weights=opposite)


@INDEPENDENCE.check("certified", distinct_neurons, NARROW)
@false("one dimension a neuron less", formula=lambda m, d: m * d)
@false("opposite weights", weights=opposite)
def minors(cell, w, *, formula=lambda m, d: m * (d + 1), weights=lambda w: w, context):
    """Full rank by a minor of the values at rational inputs, in Q(s) or in balls."""
    model = TwoLayer(cell.d, cell.m, activation=cell.activation)
    theta = model.pack(input_weights=weights(w), output_weights=np.ones((1, cell.m), int))
    return rank_is(formula(cell.m, cell.d), model_rank(model, theta), keep=cell.d == 1, theta=theta)


STRATA = claim(
    "fnn.strata",
    "Model rank of a two-layer tanh network at a point",
    r"R(\theta) = m_w + d\, m_a",
    clauses={
        "value": r"R(\theta) = m_w + d\, m_a,\ \text{where neurons with } w_i = 0,\ a_i \ne 0 \text{ are one more class of } m_a",
        "output bias": r"\text{an output bias adds } 1",
    },
    symbols=["R", "m_w", "m_a", "w_i,b_i,a_i", "d"],
    assumptions=[TANH],
    source=STRATIFICATION.at("Corollary 2; 2406.18035v1, Corollary 7; 2307.08921v1, equation 21; the output bias: ours"),
    refuted_by="A point whose tangents span another dimension.",
)

CLASSES = {"idle": by_level((0, 2), (0, 1, 3)), "active": (0, 1, 2), "copies": ("single", "double", "cancelling")}
UNBIASED = axes(d=by_level((1, 3), (1, 2, 3, 4)), **CLASSES, zero=("none", "null", "a"), output_bias=(False, True), standard=2)
BIASED = axes(d=by_level((1, 2), (1, 2, 3)), **CLASSES, zero=("none", "null", "a", "b", "ab"), output_bias=(False, True), standard=2)


def neurons_of_classes(cell, rng):
    """Rows (w, b, a) in any order: idle and active classes, twice up to sign where the cell says so (cancelling if a class is active), and
    a neuron without input weights, of whose a and b those named are not zero; a null one where there would be none."""
    rows = []
    for i, w in enumerate(distinct_rows(rng, cell.idle + cell.active, cell.d)):
        b, a, sign = rng.integers(-3, 4), int(draws.nonzero(rng, 1)[0]) * (i >= cell.idle), int(rng.choice([-1, 1]))
        rows.append([*w, b, a])
        if cell.copies != "single":
            again = -a if cell.copies == "cancelling" else 2 * a
            rows.append([*(sign * w), sign * b, sign * again])
    if cell.zero != "none" or not rows:
        rows.append([0] * cell.d + [3 * ("b" in cell.zero), 2 * ("a" in cell.zero)])
    return rng.permutation(np.array(rows))


def classes_counted(cell, bias, **changed):
    constant = cell.output_bias or "b" in cell.zero or (bias and "a" in cell.zero)
    held = dict(classes=cell.idle + cell.active, active=cell.active, linear="a" in cell.zero, constant=constant, bias=bias)
    return two_layer_rank(cell.d, **{**held, **changed})


def neurons_counted(cell, bias):
    copies = 1 + (cell.copies != "single")
    return classes_counted(cell, bias, classes=copies * (cell.idle + cell.active), active=copies * cell.active)


@STRATA.check("certified", neurons_of_classes, UNBIASED, clauses=("value", "output bias"))
@false("neurons for classes", formula=neurons_counted)
@false("neurons with w = 0 forgotten", formula=lambda cell, bias: classes_counted(cell, bias, linear=False))
@false(
    "summed for single output weights",
    formula=lambda cell, bias: classes_counted(cell, bias, active=cell.active * (cell.copies != "cancelling")),
)
@false("idle classes free of charge", formula=lambda cell, bias: classes_counted(cell, bias, classes=cell.active))
@false("the output bias forgotten", formula=lambda cell, bias: classes_counted(cell, bias, constant=False))
def strata(cell, rows, *, formula=classes_counted, sigma="tanh", rank=model_rank, context):
    """The certified rank at points of every kind against the count of classes."""
    outcome = at_rows(cell, rows, False, formula, sigma, rank)
    return worst([outcome], figures=[classes()] if rank is model_rank and (cell.idle, cell.active) == (0, 0) else ())


def at_rows(cell, rows, bias, formula, sigma, rank):
    model = TwoLayer(cell.d, len(rows), activation=sigma, bias=bias, output_bias=cell.output_bias)
    *w, b, a = rows.T
    theta = pack_known(model, input_weights=np.array(w).T, input_biases=b, output_weights=a[None], output_bias=[1])
    return rank_is(formula(cell, bias), rank(model, theta), keep=(cell.d, cell.active) == (1, 2), theta=theta)


STRATA.twin(strata, "property", changed={"rank": in_floats}, tolerance=FLOATS)
#: What the counting of classes rests on; the proofs take it as a premise.
INDEPENDENT = ("neurons of different classes, their slopes and x_1, ..., x_d are linearly independent (fnn.independence)",)
STRATA.formal(
    "networks/two_layer.v",
    "fnn_strata",
    false="summed for single output weights",
    adequate=two_layer,
    premises=INDEPENDENT,
    clauses="value",
    part="any width, given independence",
)

STRATA.without("tanh", strata, sigma="sigmoid")

BIASES = claim(
    "fnn.strata-bias",
    "Model rank of a two-layer tanh network with biases at a point",
    r"R(\theta) = m_w + (d + 1)\, m_a + d\,[\exists\, w_i = 0,\ a_i \neq 0] + [1 \in T]",
    clauses={
        "value": r"R(\theta) = m_w + (d + 1)\, m_a + d\,[\exists\, w_i = 0,\ a_i \neq 0] + [1 \in T]",
        "constant": r"1 \in T \iff \text{there is an output bias, or some } w_i = 0 \text{ with } a_i \ne 0 \text{ or } b_i \ne 0",
    },
    symbols=["R", "T", "m_w", "m_a", "w_i,b_i,a_i", "d"],
    assumptions=[TANH],
    kind="extension",
    source=STRATIFICATION.at("Corollary 2 is the case without biases; with biases: ours"),
    depends_on=["fnn.strata"],
    refuted_by="A point whose tangents span another dimension.",
)


@BIASES.check("certified", neurons_of_classes, BIASED, clauses=("value", "constant"))
@false("neurons for classes", formula=neurons_counted)
@false("slopes of neurons with w = 0 forgotten", formula=lambda cell, bias: classes_counted(cell, bias, linear=False))
@false("the constant from an output bias alone", formula=lambda cell, bias: classes_counted(cell, bias, constant=cell.output_bias))
@false("the constant from b alone", formula=lambda cell, bias: classes_counted(cell, bias, constant=cell.output_bias or "b" in cell.zero))
@false("d + 1 for d + 2 functions a neuron", formula=lambda cell, bias: classes_counted(cell, bias, active=cell.active - (cell.active > 1)))
def strata_bias(cell, rows, *, formula=classes_counted, sigma="tanh", rank=model_rank, context):
    """The certified rank at points of every kind against the count of classes."""
    return at_rows(cell, rows, True, formula, sigma, rank)


BIASES.twin(strata_bias, "property", changed={"rank": in_floats}, tolerance=FLOATS)
BIASES.without("tanh", strata_bias, sigma="sigmoid")
