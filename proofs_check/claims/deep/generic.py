r"""Deep fully connected networks: the generic model rank is the number of parameters, whose table is that of the published bounds."""

from itertools import pairwise
from math import prod

from numerics.rank import model_rank
from proofs_check import axes, by_level, claim, false
from proofs_check.adequacy.width import null_neurons
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.draws import distinct_moduli
from theory.models import FullyConnected

from . import BIASES, STRATIFICATION, TANH, WEIGHTS, _pictures, series

GENERIC_RANK = claim(
    "deep.generic",
    "Generic model rank of a deep tanh network",
    r"R(\theta) = M \text{ for almost every } \theta, \text{ for every depth, with and without biases}",
    symbols=["R", r"\theta", "M", r"\sigma"],
    kind="extension",
    assumptions=[TANH],
    source=STRATIFICATION.at("the papers give the bound R <= M only; equality: ours"),
    refuted_by="A shape whose tangents are dependent at every point.",
    notes="Full rank at one point is full rank almost everywhere, as the tangents are analytic in theta. Whether R(f*) = M_narr holds for"
    " deep networks is open: only the inequality is claimed in deep.bound.",
)

SMALL = ((1, 3, 1), (2, 3, 1), (3, 4, 1), (1, 2, 2, 1), (2, 3, 2, 1), (2, 3, 3, 1), (3, 4, 3, 1), (1, 2, 2, 2, 1), (2, 3, 3, 2, 1))
LARGE = by_level((*SMALL, (5, 20, 1), (4, 8, 8, 1)), (*SMALL, (5, 20, 1), (4, 8, 8, 1), (3, 8, 8, 8, 1), (10, 20, 1)))
BALLS = by_level(((2, 3, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1)), ((2, 3, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (3, 4, 3, 1)))


def network(cell, sigma):
    return FullyConnected(cell.widths, sigma, *cell.biases)


def generic_point(cell, rng):
    return distinct_moduli(network(cell, "tanh"), rng)


def without_scales(model):
    """As for a homogeneous activation: one dimension less for every hidden neuron."""
    return model.n_params - sum(model.widths[1:-1])


@GENERIC_RANK.check("exact", generic_point, axes(widths=LARGE, biases=BIASES, standard=2, full=10), distribution=WEIGHTS, name="series")
@false("one dimension a hidden neuron less", formula=without_scales)
@false("one less with biases in depth", formula=lambda model: model.n_params - (model.bias and model.depth > 2))
@false("one less at depth four", formula=lambda model: model.n_params - (model.depth == 4))
def by_series(cell, theta, *, formula=lambda model: model.n_params, sigma="tanh", context):
    """Full rank by Taylor series modulo a prime; no rank exceeds the number of parameters."""
    model = network(cell, sigma)
    return rank_is(formula(model), series(model, theta), theta=theta, keep=cell.widths == (1, 2, 2, 1))


@GENERIC_RANK.check("certified", generic_point, axes(widths=BALLS, biases=BIASES, standard=2, full=10), distribution=WEIGHTS, name="balls")
@false("one dimension a hidden neuron less", formula=without_scales)
def by_balls(cell, theta, *, formula=lambda model: model.n_params, sigma="tanh", context):
    """Full rank by a minor in balls at dyadic inputs, at the very point."""
    model = network(cell, sigma)
    return rank_is(formula(model), model_rank(model, theta), theta=theta, keep=cell.widths == (2, 3, 1))


GENERIC_RANK.without("tanh", by_balls, sigma="power:2")

TABLE = claim(
    "deep.table",
    "The table of bounds",
    r"\text{a target of widths } (d, m'_1, \dots, m'_{L-1}, 1) \text{ is bounded by its parameters } M_{\mathrm{narr}}",
    clauses={
        "without biases": r"M_{\mathrm{narr}} = d m'_1 + m'_1 m'_2 + \dots + m'_{L-1}",
        "with biases": r"M_{\mathrm{narr}} = \sum_{l<L} (m'_l + 1)\, m'_{l+1}",
        "one neuron a layer": r"m'_1 = \dots = m'_{L-1} = 1 \text{ without biases}: d + L - 1",
        "attained": r"M_{\mathrm{narr}} \text{ is the generic rank of the narrow tanh network: no smaller number bounds all targets}",
    },
    symbols={
        "M_{narr}": "the bound of the model rank",
        "m'_l": "widths of the narrow network, m'_0 = d",
        "d": "inputs",
        "L": "number of weight matrices",
    },
    relation="tight",
    source=STRATIFICATION.at("Table 5; 2406.18035v1, Table 1"),
    depends_on=["deep.bound"],
    refuted_by="A shape with another number of parameters, or whose generic rank is smaller.",
)


def table(widths, bias):
    """Products of neighbouring widths; with biases sum (m_l + 1) m_(l+1)."""
    return sum((m + bias) * following for m, following in pairwise(widths))


HIDDEN = by_level(
    ((1,), (3,), (1, 1), (2, 2), (3, 2), (1, 1, 1), (2, 2, 2)),
    ((1,), (2,), (3,), (1, 1), (2, 1), (2, 2), (3, 2), (1, 1, 1), (2, 2, 2), (1, 1, 1, 1)),
)
SHAPES = axes(d=(1, 2, 3), hidden=HIDDEN, bias=(False, True), standard=2)


def narrow(cell):
    return FullyConnected((cell.d, *cell.hidden, 1), "tanh", cell.bias)


TABLE.formal("width/null.v", "deep_table", false="weights alone", adequate=null_neurons, clauses="with biases")


@TABLE.check("exact", lambda cell, rng: distinct_moduli(narrow(cell), rng), SHAPES, clauses=("without biases", "with biases", "attained"))
@false("biases forgotten", formula=lambda widths, bias: table(widths, False))
@false("all hidden widths as one", formula=lambda widths, bias: widths[0] + len(widths) - 2 + bias * (len(widths) - 1))
@false("the output bias forgotten", formula=lambda widths, bias: table(widths, bias) - bias)
@false("the product of all widths", formula=lambda widths, bias: prod(m + bias for m in widths))
def attained(cell, theta, *, formula=table, context):
    """The number of parameters, and the rank at a generic point by Taylor series."""
    model = narrow(cell)
    bound = formula(model.widths, cell.bias)
    found = series(model, theta)
    outcomes = [equal(parameters=(bound, model.n_params)), at_most("generic rank", found, bound, theta=theta)]
    return worst(outcomes, figures=[_pictures.generic()] if model.widths == (2, 1, 1, 1) and cell.bias else ())


ONES = axes(d=(1, 2, 3, 4, 5), L=(2, 3, 4, 5, 6))


@TABLE.check(
    "exact",
    lambda cell, rng: (cell.d, *[1] * (cell.L - 1), 1),
    ONES,
    clauses="one neuron a layer",
    because="the sum has d + 1 + ... + 1 terms",
)
@false("one for every layer", formula=lambda d, L: d + L)
@false("the inputs alone", formula=lambda d, L: d)
def one_neuron_a_layer(cell, widths, *, formula=lambda d, L: d + L - 1, context):
    """Counted at one neuron in every hidden layer."""
    return equal(parameters=(formula(cell.d, cell.L), FullyConnected(widths, "tanh", False).n_params))
