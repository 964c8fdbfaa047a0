r"""Neurons of distinct weights are linearly independent: as functions, and with their slopes on almost all inputs."""

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.rank import empirical_rank, model_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false, nothing
from proofs_check.judging import equal, rank_is, vanishing
from theory.activations import Reflection, activation
from theory.models import TwoLayer
from theory.recovery import random_target
from theory.recovery.genericity import exponential_minus_identity, is_generic, shifted

from . import FLOAT_GAP, GENERIC, GEOMETRY, INPUTS
from ._points import RANKED, SIGMA, float_tangent_rank, inputs, tangent_rank

LI0 = claim(
    "recovery.lemma.LI0",
    "Neurons of distinct weights are independent exactly for generic activations",
    r"\sigma \text{ generic} \iff \sigma(w_1 \cdot x), \dots, \sigma(w_k \cdot x) \text{ are linearly independent for all distinct } w_j",
    clauses={
        "criterion": r"\sigma \text{ generic} \iff \sigma(w_1 \cdot x), \dots, \sigma(w_k \cdot x) \text{ are independent for all"
        r" distinct } w_j",
        "value at 0": r"\sigma(0) = 0: \text{ the neuron of weight } 0 \text{ vanishes, so no set with } w_j = 0 \text{ is independent}",
        "reflections": r"\sigma(-z) = p\,\sigma(z) + c + s z:\ \text{tanh, sigmoid, softplus, GELU, SiLU, erf, arctan, sin and even"
        r" ones are not generic}",
        "pairs": r"\text{rank of } \sigma(\pm wx), \sigma(\pm vx), \text{ and with slopes}:\ \text{tanh } 2, 4;\ \text{sigmoid,"
        r" softplus, GELU } 3, 5;"
        r"\ \text{exp } 4, 8",
    },
    symbols={
        r"\sigma": "the activation; generic as the assumption of the family says",
        "w_j, w, v": "distinct input weights",
        "x": "the input",
        "p, c, s, z": "sign, constant, slope and argument of a reflection identity",
    },
    assumptions=[
        Assumption(
            "analytic",
            r"\sigma \text{ analytic and not a polynomial}",
            unprobed="neurons of a polynomial of degree p span finitely many functions",
        )
    ],
    source=GEOMETRY.at("Cor. 3.1, Remark 3.1"),
    refuted_by="Four neurons of a generic activation with dependent outputs, or independent ones for an activation with a reflection.",
)

NAMES = ("tanh", "sigmoid", "softplus", "gelu", "lorentz", "exp", "silu", "erf", "atan", "sin", "ratsig")


def moved(cell):
    return shifted(cell.sigma) if cell.shift else activation(cell.sigma)


@LI0.check(
    "certified",
    lambda cell, rng: random_target(cell.d + 1, cell.d, rng).weights,
    axes(sigma=by_level(NAMES[:6], NAMES), shift=(False, True), d=(1, 2)),
    clauses="criterion",
    scope="d + 1 pairs of opposite weights; the activations as they are and moved by 1/2",
)
@false("distinct weights always suffice", criterion=lambda sigma: True)
@false("only unsaturated activations", criterion=lambda sigma: sigma == activation("exp"))
def opposite_weights(cell, half, *, criterion=is_generic, context):
    """Certified rank of sigma(+-w_1 x), ..., sigma(+-w_(d+1) x): softplus, GELU and SiLU lose one dimension only when there are more pairs
    than inputs, as each pair gives a linear function."""
    sigma, neurons = moved(cell), 2 * (cell.d + 1)
    model = TwoLayer(cell.d, neurons, activation=sigma)
    theta = model.pack(input_weights=np.vstack([half, -half]), output_weights=np.zeros((1, neurons)))
    found = empirical_rank(model, theta, inputs(context.rng(cell, "inputs"), neurons + 5, cell.d))
    independent = True if found.lower == neurons else False if found.upper < neurons else None
    return equal(independent=(criterion(sigma), independent), shown={"activation": sigma.name, "weights": half})


@LI0.check("exact", nothing, axes(sigma=("tanh", "gelu", "erf", "sigmoid", "exp", "lorentz"), w=(0, 1)), clauses="value at 0")
@false("a neuron of weight 0 never vanishes", vanishing_at=lambda sigma, w: False)
@false("it always does", vanishing_at=lambda sigma, w: w == 0)
def value_at_zero(cell, _, *, vanishing_at=lambda sigma, w: w == 0 and sigma in ("tanh", "gelu", "erf"), context):
    """Whether the single neuron of weight w is the zero function: rank 0 in one sample, in an exact field."""
    model = TwoLayer(1, 1, activation=cell.sigma)
    found = empirical_rank(model, np.array([float(cell.w), 0.0]), np.array([[1.0]]))
    zero = True if found.upper == 0 else False if found.lower > 0 else None
    return equal(zero=(vanishing_at(cell.sigma, cell.w), zero))


#: Rank of sigma(+-wx), sigma(+-vx), and of these together with x sigma'(+-wx), x sigma'(+-vx).
PAIR_RANKS = {"tanh": (2, 4), "sigmoid": (3, 5), "softplus": (3, 5), "gelu": (3, 5), "exp": (4, 8)}


@LI0.check("certified", nothing, axes(sigma=tuple(PAIR_RANKS), slopes=(False, True)), clauses="pairs", scope="w = 3/4, v = 13/8")
@false("sigmoid as tanh", ranks=PAIR_RANKS | {"sigmoid": (2, 4)})
@false("GELU is generic", ranks=PAIR_RANKS | {"gelu": (4, 8)})
def pairs(cell, _, *, ranks=PAIR_RANKS, context):
    """Certified rank of four neurons, without (output weights 0) and with their slopes."""
    model, weights = TwoLayer(1, 4, activation=cell.sigma), np.array([[0.75], [-0.75], [1.625], [-1.625]])
    theta = model.pack(input_weights=weights, output_weights=np.full((1, 4), float(cell.slopes)))
    return rank_is(ranks[cell.sigma][cell.slopes], model_rank(model, theta), activation=cell.sigma)


@LI0.check(
    "certified",
    nothing,
    axes(sigma=by_level(NAMES[:6], NAMES), shift=(False, True)),
    clauses="criterion",
    scope="Taylor coefficients of order 0 and 2 to 7 at 0",
)
@false("all are generic", criterion=lambda sigma: True)
def taylor(cell, _, *, criterion=is_generic, context):
    """Coefficients as balls: the value and both parities survive exactly for generic activations."""
    from flint import arb

    sigma = moved(cell)
    with working_precision(128):
        jet = sigma.jet(np.array([arb(0)], dtype=object), 7)
    alive = [bool(abs(value[0]) > 0) for value in jet]
    observed = alive[0] and any(alive[2::2]) and any(alive[3::2])
    return equal(generic=(criterion(sigma), observed), shown={"not zero": [k for k, c in enumerate(alive) if c]})


@LI0.check(
    "symbolic",
    nothing,
    axes(sigma=tuple(name for name in NAMES if name != "exp")),
    clauses="reflections",
    covers="statement",
    scope="for all z: the identity at 0 and its derivative, rational in e^z (and z, erf)",
)
@false("all odd", reflection=lambda name: Reflection(-1))
@false("all even", reflection=lambda name: Reflection(1))
def reflections(cell, _, *, reflection=lambda name: activation(name).reflection, context):
    """sigma(-z) - p sigma(z) - c - s z is 0 at 0 and has derivative 0."""
    import sympy as sp

    z, p = sp.Symbol("z", real=True), reflection(cell.sigma)
    sigma = lambda argument: activation(cell.sigma)(np.array([argument], dtype=object))[0]
    difference = sigma(-z) - p.parity * sigma(z) - p.constant - sp.Rational(p.slope.numerator, p.slope.denominator) * z
    slope = sp.cancel(sp.together(difference.diff(z).rewrite(sp.exp).replace(sp.exp, _power_of("t", z))))
    start = sp.expand(sigma(sp.S.Zero) * (1 - p.parity) - p.constant)
    return vanishing("value at 0 and slope", [start, slope])


def _power_of(symbol, z):
    """exp(k z) -> t^k; other exponentials stay."""
    import sympy as sp

    t = sp.Symbol(symbol, positive=True)
    return lambda argument: t ** (argument / z) if (argument / z).is_Integer else sp.exp(argument, evaluate=False)


LI1 = claim(
    "recovery.lemma.LI1",
    "Almost all inputs separate neurons and their slopes",
    r"\operatorname{rank}\,[\sigma(w_k \cdot x_i), \sigma'(w_k \cdot x_i)\, x_i^{\mathsf T}]_{i \le n,\, k \le r} = \min(n, (d+1)\, r)",
    symbols=[r"\sigma", "w_k", "x_i", "n", "r", "d"],
    assumptions=[GENERIC, INPUTS, Assumption("moving at zero", r"\sigma'(0) \ne 0 \text{ or all } w_k \ne 0")],
    source=GEOMETRY.at("Cor. 3.2, Def. 3.1, Lemma 3.4, corrected where sigma'(0) = 0"),
    depends_on=["recovery.lemma.LI0"],
    refuted_by="Distinct weights and generic inputs with another rank.",
)


def full_rank(n, k, d):
    return min(n, k * (d + 1))


def of_unit_outputs(weights):
    """theta of neurons with the given input weights (k, d) and output weights 1."""
    return np.append(weights, np.ones(len(weights)))


#: Sample sizes around the rank, named by their distance from it.
SHAPES = axes(sigma=RANKED[:3], r=(1, 2, 3), d=(1, 2, 3), off=(-1, 0, 2), where=lambda r, d, off: r * (d + 1) <= 9, standard=4, full=15)


def separated(cell, rng):
    """Distinct weights that are not 0, opposite, parallel and dependent ones among them, and n inputs."""
    while True:
        weights = draws.rows(rng, cell.r, cell.d)
        if weights.any(axis=1).all() and len(set(map(tuple, weights.tolist()))) == cell.r:
            return weights / 4, inputs(rng, cell.r * (cell.d + 1) + cell.off, cell.d)


@LI1.check("exact", separated, SHAPES, distribution="weights from the edge sets of proofs_check.draws, inputs dyadic uniform")
@false("slopes alone", formula=lambda n, k, d: min(n, k * d))
@false("values alone", formula=lambda n, k, d: min(n, k))
def separating(cell, given, *, formula=full_rank, sigma=None, context):
    """Rank of values and slopes for distinct weights, in an exact field."""
    weights, x = given
    return rank_is(formula(len(x), *weights.shape), tangent_rank(sigma or cell.sigma, of_unit_outputs(weights), x), weights=weights, x=x)


LI1.without("moving at zero", separating, lambda cell, rng: (np.zeros((1, 1)), inputs(rng, 2, 1)), sigma=exponential_minus_identity())
LI1.without("generic inputs", separating, lambda cell, rng: (random_target(2, 1, rng).weights, np.repeat(inputs(rng, 2, 1), 2, axis=0)))
LI1.without("generic activation", separating, lambda cell, rng: (np.array([[0.75], [-0.75]]), inputs(rng, 4, 1)), sigma=activation("tanh"))


@LI1.check(
    "property",
    lambda cell, rng: (random_target(cell.r, cell.d, rng).weights, inputs(rng, cell.n, cell.d)),
    axes(r=(1, 2), d=(1, 2, 3), n=(1, 3, 5, 8), standard=4, full=20),
    scope="tanh(z + 1/2)",
    tolerance=FLOAT_GAP,
)
@false("slopes alone", formula=lambda n, k, d: min(n, k * d))
def separating_in_floats(cell, given, *, formula=full_rank, context):
    """The same read from singular values."""
    weights, x = given
    return rank_is(formula(cell.n, cell.r, cell.d), float_tangent_rank(SIGMA, of_unit_outputs(weights), x), weights=weights, x=x)
