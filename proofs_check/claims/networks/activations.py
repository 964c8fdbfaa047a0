r"""Two-layer networks with other activations: which symmetries of sigma merge neurons, and which cost dimensions."""

from dataclasses import replace

import numpy as np

from numerics.rank import model_rank
from numerics.rank.series import series_rank
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal, rank_is, vanishing, worst
from theory.activations import Reflection
from theory.draws import distinct_rows, pack_known, separated_directions, signs
from theory.expressions import activation_of
from theory.models import TwoLayer

from . import STRATIFICATION

TABLE = claim(
    "fnn.activations",
    "Model ranks of two-layer networks with other activations",
    r"R = k D,\ D = d + 1\ [d + 2 \text{ with hidden biases}],\ \text{as of tanh, but for the activations and neurons of the clauses}",
    clauses={
        "generic": r"R = k D \text{ for tanh, erf, atan, sin, cos, } e^{-z^2}, z/\sqrt{1 + z^2}, \text{ sigmoid, softplus, GELU, SiLU}",
        "exp": r"R = k (d + 1) \text{ for exp, with and without hidden biases}",
        "homogeneous": r"R = k (D - 1) \text{ for (leaky) ReLU if no two } (w_i, b_i) \text{ are proportional;}"
        r"\text{ those with a positive factor count once}",
        "polynomial": r"R = D - 1 \text{ for } z;\ r d - \tbinom{r}{2},\ r = \operatorname{rank}(w_i), \text{ for } z^2, \text{ no biases}",
        "pair": r"\pm(w, b): R = D \text{ for the odd and even ones above, } D + 1 \text{ for sigmoid, } 2 D - 1 \text{ for}"
        r"\text{ softplus, GELU, SiLU}, 2 (d + 1) \text{ for exp, } 2 (D - 1) \text{ for ReLU}",
        "one frequency": r"\text{sin, cos: } k \ge 2 \text{ neurons of one } w \text{ have } 2 (d + 1) \text{ together,}"
        r"\text{ and } d + 2 \text{ if all } b_i - b_j \in \pi \mathbb{Z}",
    },
    symbols=["R", "k", "d", "D", "w_i,b_i,a_i", r"\sigma"],
    assumptions=[Assumption("generic", r"w_i \ne 0,\ a_i \ne 0,\ w_i \ne \pm w_j \text{ but for the pair and one frequency}")],
    kind="extension",
    source=STRATIFICATION.at("Proposition 5 for tanh; the other rows: ours"),
    depends_on=["fnn.strata"],
    refuted_by="An activation whose tangents span another dimension than its row of the table.",
    notes="For sigmoid the function a sigma(w x) + b sigma(-w x) has intrinsic width 2 and rank d + 2. ReLU neurons (1, 2) and (2, 4) have"
    " rank 2 together, although w_i != +-w_j. z and z^2 are odd and even, and keep their own row: of a pair on one input R = 1.",
)

GAUSS, ROOT = "exp(-z**2)", "z/sqrt(1+z**2)"
AS_TANH = ("tanh", "erf", "atan", "ratsig", "sin", "cos", "lorentz", GAUSS, ROOT, "sigmoid", "softplus", "gelu", "silu")
OTHERS = ("identity", "relu", "exp", "leaky", "power:2")
PAIR = {"sigmoid": lambda D: D + 1, **dict.fromkeys(("softplus", "gelu", "silu"), lambda D: 2 * D - 1)}


def activation_table(sigma, neurons, d, k, bias):
    """The ranks of the clauses; ``neurons``: generic, pair, parallel (the last a multiple of the first)."""
    D = d + 1 + bias
    match sigma:
        case "exp":
            return k * (d + 1)
        case "relu" | "leaky":
            return (k - (neurons == "parallel")) * (D - 1)
        case "identity":
            return D - 1
        case "power:2":
            r = min(d, k - (neurons != "generic"))
            return r * d - r * (r - 1) // 2
    return PAIR.get(sigma, lambda D: D)(D) if neurons == "pair" else k * D


def as_tanh(*names):
    """The table with the rows of ``names`` read off the row of tanh."""
    return lambda sigma, *rest: activation_table("tanh" if sigma in names else sigma, *rest)


def possible(activation, neurons, d, k, bias):
    """pairs and parallel neurons from two on (pairs alone); on a line weights of a homogeneous activation are parallel; z^2 unbiased"""
    homogeneous, line = activation in ("relu", "leaky"), d == 1 and not bias
    lengths = {
        "generic": k >= 1 and not (homogeneous and line and k > 1),
        "pair": k == 2,
        "parallel": k >= 2 and not (homogeneous and line and k > 2),
    }
    return lengths[neurons] and not (activation == "power:2" and bias)


CELLS = {"d": (1, 2), "k": by_level((1, 2), (1, 2, 3)), "bias": (False, True)}
ROWS = axes(activation=OTHERS + AS_TANH[::-1], neurons=("generic", "pair", "parallel"), **CELLS, where=possible, standard=2)
SERIES = axes(
    activation=(*AS_TANH[:3], "sin", "cos", *AS_TANH[9:], "exp"), neurons=("generic", "pair", "parallel"), **CELLS, where=possible
)


def model_of(cell):
    """The network of a cell; formulas say by themselves nothing of their symmetry."""
    even = {GAUSS: Reflection(1), ROOT: Reflection(-1)}
    sigma = replace(activation_of(cell.activation), reflection=even[cell.activation]) if cell.activation in even else cell.activation
    return TwoLayer(cell.d, cell.k, activation=sigma, bias=cell.bias)


def neurons(cell, rng):
    w, b = distinct_rows(rng, cell.k, cell.d), (1 + np.arange(cell.k)) * rng.permutation(np.arange(1, 9))[: cell.k] / 16
    if cell.d > 1 and cell.activation in ("relu", "leaky"):
        w[:, :2] = separated_directions(rng, cell.k)
    if cell.activation == "power:2":
        w += 10 * np.eye(cell.k, cell.d, dtype=int)  # of full rank
    if cell.neurons != "generic":
        factor = -1 if cell.neurons == "pair" else 3
        w[-1], b[-1] = factor * w[0], factor * b[0]
    return pack_known(model_of(cell), input_weights=w, input_biases=b, output_weights=signs(rng, (1, cell.k)))


@TABLE.check("certified", neurons, ROWS, clauses=("generic", "exp", "homogeneous", "polynomial", "pair"))
@false("every activation as tanh: ReLU", table=as_tanh("relu"))
@false("every activation as tanh: exp with bias", table=as_tanh("exp"))
@false("every activation as tanh: pairs of sigmoid", table=as_tanh("sigmoid"))
@false("every activation as tanh: softplus", table=as_tanh("softplus"))
@false("every activation as tanh: identity", table=as_tanh("identity"))
@false(
    "parallel neurons of ReLU count twice",
    table=lambda sigma, neurons, *rest: activation_table(sigma, "generic" if sigma == "relu" else neurons, *rest),
)
def rows(cell, theta, *, table=activation_table, context):
    """The certified rank at integer weights against the row of the table."""
    found = model_rank(model_of(cell), theta)
    return rank_is(table(cell.activation, cell.neurons, cell.d, cell.k, cell.bias), found, keep=cell.d == 1, theta=theta)


TABLE.without("generic", rows, table=lambda sigma, neurons, *rest: activation_table(sigma, "generic", *rest))


@TABLE.check("exact", neurons, SERIES, clauses=("generic", "exp", "pair"), distribution="values at biases are residues of the same pattern")
@false("every activation as tanh: exp with bias", table=as_tanh("exp"))
@false("every activation as tanh: pairs of sigmoid", table=as_tanh("sigmoid"))
@false("every activation as tanh: softplus", table=as_tanh("softplus"))
def series(cell, theta, *, table=activation_table, context):
    """The lower bound of Taylor series modulo a prime against the row of the table."""
    observed, at = series_rank(model_of(cell), theta)
    return equal(rank=(table(cell.activation, cell.neurons, cell.d, cell.k, cell.bias), observed), shown={"theta": theta, "at": at})


def of_one_frequency(cell):
    """sin z, cos z and both times each input; of one neuron alone d + 2."""
    return 2 * (cell.d + 1) if cell.biases == "different" else cell.d + 2


@TABLE.check(
    "certified",
    lambda cell, rng: signs(rng, (1, cell.k)),
    axes(activation=("sin", "cos"), d=(1, 2, 3), k=(2, 3, 4), biases=("different", "equal")),
    clauses="one frequency",
)
@false("as distinct neurons", formula=lambda cell: cell.k * (cell.d + 2))
@false("one sigma and one slope", formula=lambda cell: cell.d + 2)
@false("whatever the biases", formula=lambda cell: 2 * (cell.d + 1))
@false("as if sigma were exp", other="exp")
def one_frequency(cell, outputs, *, formula=of_one_frequency, other=None, context):
    """By the addition theorem (an identity) 2 (d + 1) functions span all tangents; the certified rank is no smaller."""
    import sympy

    z, b = sympy.symbols("z b", real=True)
    sigma = getattr(sympy, other or cell.activation)
    remainder = sigma(z + b) - sympy.cos(b) * sigma(z) - sympy.sin(b) * sigma(z).diff(z)
    model = TwoLayer(cell.d, cell.k, activation=cell.activation, bias=True)
    w = np.repeat(1 + np.arange(cell.d)[None], cell.k, axis=0)
    biases = np.arange(1, cell.k + 1) if cell.biases == "different" else np.ones(cell.k, int)
    found = model_rank(model, model.pack(input_weights=w, input_biases=biases, output_weights=outputs))
    found = replace(found, upper=min(found.upper, 2 * (cell.d + 1)))
    return worst([vanishing("remainder of the addition theorem", sympy.expand_trig(remainder).expand()), rank_is(formula(cell), found)])
