r"""Published dimensions of function spaces: ReLU networks, polynomial networks, linear convolutions."""

from numerics.modules.architectures import linear_convolutions, polynomial_network, relu_network
from numerics.rank import model_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.models import FullyConnected
from theory.rank.architectures import (
    DEFECTIVE,
    expected_polynomial_dimension,
    linear_convolution_dimension,
    polynomial_dimension,
    relu_dimension,
    relu_parameters,
)

from . import CONVOLUTIONS, FUNCTIONAL, GENERIC, POLYNOMIAL
from ._measured import measured

RELU = claim(
    "modules.relu",
    "Functional dimension of ReLU networks",
    r"R \le P - h, \text{ with equality on an open set of parameters unless layers are narrow, and less on strata}",
    clauses={
        "bound": r"R \le P - h",
        "attained": r"R = P - h \text{ at some parameters, in the widths tested, two neurons or more in every hidden layer;}"
        r"\text{ no sample of the proof is on a kink, hence at all near them}",
        "silent": r"R = P - h - d \text{ where one first neuron has no output}",
    },
    symbols=["R", "P", "h", "d"],
    assumptions=[Assumption("hidden neurons", r"\text{a layer between input and output}", unprobed="else there is nothing to scale")],
    source=FUNCTIONAL.at("the upper bound of functional dimension, and its tightness; the silent neuron: ours"),
    refuted_by="a draw above the bound, or widths at which no draw attains it",
    notes="In few regions of parameters is the bound attained: of ten draws a network of two hidden layers attains it in some."
    " Narrow networks may have fewer functions: with three hidden layers of one neuron on one input R <= 4 < P - h = 5 (fnn.relu).",
)

NETWORKS = axes(
    widths=by_level(((2, 3, 1), (2, 3, 3, 1)), ((2, 3, 1), (3, 4, 2), (2, 3, 3, 1), (3, 4, 4, 1), (2, 4, 3, 2))), standard=1, full=2
)
DRAWS = 10


def _silent(module):
    module[2].weight.data[:, 0] = 0


@RELU.check("certified", a_seed, NETWORKS, clauses=("bound", "attained"))
@false("a neuron more", formula=lambda widths: relu_dimension(widths) - 1)
@false("all parameters", formula=relu_parameters)
@false("one scale a layer", formula=lambda widths: relu_parameters(widths) - (len(widths) - 2))
def largest(cell, seed, *, formula=relu_dimension, context):
    """Of ten drawn parameters: the exhibited scales bound the rank, and the largest rank attains the bound."""
    ranks = []
    for k in range(DRAWS):
        ranks.append(measured(relu_network, (cell.widths,), (cell.widths[0],), int(seed) % 10**6 + k))
        if ranks[-1].lower == formula(cell.widths):
            break
    bounds = [at_most("rank", rank.upper, formula(cell.widths), attained=False, draw=k) for k, rank in enumerate(ranks)]
    return worst([*bounds, equal(largest=(formula(cell.widths), max(rank.lower for rank in ranks)))])


@RELU.check(
    "certified", a_seed, axes(widths=by_level(((2, 3, 1),), ((2, 3, 1), (3, 4, 1), (2, 4, 2))), standard=1, full=3), clauses="silent"
)
@false("the scale alone is lost", formula=lambda widths: relu_dimension(widths))
@false("with the biases of the neuron", formula=lambda widths: relu_dimension(widths) - widths[0] - 1)
def silent(cell, seed, *, formula=lambda widths: relu_dimension(widths) - widths[0], context):
    """One neuron of a single hidden layer without output: its weights and bias move nothing."""
    found = measured(relu_network, (cell.widths,), (cell.widths[0],), int(seed), "ball", _silent)
    return rank_is(formula(cell.widths), found, seed=seed)


POWERS = claim(
    "modules.polynomial",
    "Dimension of polynomial networks",
    r"R = \min\Bigl(P - h,\; m \tbinom{d + s - 1}{d - 1}\Bigr),\qquad s = r^{\,l - 1}",
    clauses={
        "expected": r"R \text{ is as expected in the architectures tested}",
        "defective": r"\text{less for sums of powers } (d, h, r) = (3, 5, 4), (4, 9, 4), (5, 14, 4), (5, 7, 3),"
        r"\text{ and } r = 2,\; 2 \le h < d",
    },
    symbols={
        "R": "rank: dimension of the span of the tangent functions, over all inputs",
        "P": "number of parameters, weights without biases",
        "h": "number of hidden neurons",
        "d": "number of inputs",
        "m": "number of outputs",
        "r": "degree of the activation",
        "l": "number of linear layers",
        "s": "degree of the forms that the network computes",
    },
    assumptions=[GENERIC],
    source=POLYNOMIAL.at("Theorem 14; Alexander and Hirschowitz for sums of powers"),
    refuted_by="an architecture of another dimension",
)

ARCHITECTURES = by_level(
    (((2, 2, 1), 2), ((2, 2, 2, 1), 2), ((2, 2, 2, 1), 3), ((3, 2, 2, 2), 2), ((3, 3, 3), 2)),
    (((2, 2, 1), 2), ((2, 2, 2, 1), 2), ((2, 2, 2, 1), 3), ((3, 2, 2, 2), 2), ((2, 3, 2, 1), 2), ((3, 4, 1), 3), ((3, 3, 3), 2)),
)


@POWERS.check("certified", a_seed, axes(network=ARCHITECTURES, standard=1, full=3), clauses="expected")
@false("no scales", formula=lambda widths, r: polynomial_dimension(widths, r) + sum(widths[1:-1]))
@false("one form less", formula=lambda widths, r: polynomial_dimension(widths, r) - 1)
@false("forms of one output", formula=lambda widths, r: min(polynomial_dimension(widths, r), polynomial_dimension((*widths[:-1], 1), r)))
def expected(cell, seed, *, formula=polynomial_dimension, change=None, context):
    """A minor modulo a prime and the exhibited scales against the formula, at drawn rational parameters."""
    widths, degree = cell.network
    found = measured(polynomial_network, (widths, degree), (widths[0],), int(seed), "exact", change)
    return rank_is(formula(widths, degree), found, seed=seed)


def _no_output(module):
    module[-1].weight.data[:, 0] = 0


POWERS.without("generic parameters", expected, change=_no_output)


QUADRATIC = ((3, 2, 2), (4, 3, 2))
SUMS = axes(sums=by_level(((3, 5, 4), (3, 2, 2)), (*DEFECTIVE, *QUADRATIC)), standard=1, full=2)


def sum_of_powers(sums):
    inputs, neurons, degree = sums
    return polynomial_dimension((inputs, neurons, 1), degree)


@POWERS.check("exact", a_seed, SUMS, clauses="defective")
@false("as expected", formula=lambda sums: expected_polynomial_dimension((sums[0], sums[1], 1), sums[2]))
@false("one less", formula=lambda sums: sum_of_powers(sums) - 1)
@false("quadratic forms as expected", formula=lambda sums: sum_of_powers(sums) + (sums[2] == 2))
def defective(cell, seed, *, formula=sum_of_powers, context):
    """Sums of powers of linear forms by the exact rank on a lattice that sees all polynomials: another arithmetic than that of modules."""
    inputs, neurons, degree = cell.sums
    model = FullyConnected((inputs, neurons, 1), f"power:{degree}", bias=False)
    weights = context.rng(seed).integers(1, 10**6, model.n_params)  # a small range would draw output weights of 0
    return rank_is(formula(cell.sums), model_rank(model, weights), seed=seed)


LINEAR = claim(
    "modules.linear-convolution",
    "Dimension of linear convolutional networks",
    r"R = \sum_i k_i - (l - 1)",
    symbols={"R": "rank", "k_i": "kernel sizes, stride one", "l": "number of layers"},
    assumptions=[GENERIC],
    source=CONVOLUTIONS.at("the dimension of the function space, for any strides"),
    refuted_by="kernels of another dimension",
)

KERNELS = by_level(((2, 3), (2, 2, 2), (3, 4, 2)), ((2, 3), (3, 3), (2, 2, 2), (3, 4, 2), (2, 3, 2, 3), (5, 4, 3)))


def _no_kernel(module):
    module[0].weight.data[:] = 0


@LINEAR.check("certified", a_seed, axes(kernels=KERNELS, standard=1, full=3))
@false("no scale between layers", formula=sum)
@false("a scale for each layer", formula=lambda kernels: sum(kernels) - len(kernels))
def of_kernels(cell, seed, *, formula=linear_convolution_dimension, change=None, context):
    """A minor modulo a prime and the exhibited scales against the formula."""
    size = linear_convolution_dimension(cell.kernels) + 2
    found = measured(linear_convolutions, (cell.kernels,), (1, size), int(seed), "exact", change)
    return rank_is(formula(cell.kernels), found, seed=seed)


LINEAR.without("generic parameters", of_kernels, change=_no_kernel)
