r"""Splitting neurons of deep networks keeps the tangent space: a narrower network bounds the optimistic sample size.

A split copies the input weights and bias of a hidden neuron and divides its output weights in the same proportion on all edges.
"""

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.width import null_neurons, splitting
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.activations import SmoothActivation
from theory.draws import distinct_moduli
from theory.embedding import wiring
from theory.embedding.edge_by_edge import split_edges
from theory.embedding.wiring import kept
from theory.models import FullyConnected, TwoLayer
from theory.rank import rank_bounds

from . import BIASES, STRATIFICATION, WEIGHTS, disproportional, proportional, series, split_somewhere

SPLIT = claim(
    "deep.split",
    "Splitting a neuron keeps the tangent space",
    r"T_{\mathrm{wide}}(\text{split}_\alpha\, \theta) = T_{\mathrm{narr}}(\theta)"
    r" \text{ for every differentiable } \sigma \text{ and every } \alpha",
    symbols=["T", "narr,wide", r"\theta", r"\alpha", r"\sigma"],
    assumptions=[Assumption("proportional", r"\text{the same fraction } \alpha \text{ on all outgoing edges}")],
    source=STRATIFICATION.at("Theorem 2 (embedding principle), Figure 1; 2406.18035v1, Theorem 4"),
    refuted_by="A tangent of the wide network outside the tangent space of the narrow one.",
    notes="alpha = 0 and alpha = 1 included.",
)


def unspecified(function):
    """An activation about which nothing is known but its name."""
    return SmoothActivation("sigma", (np.vectorize(function, otypes=[object]),), lambda z, v: (), lambda z, v: v[0])


def expected_tangents(narrow, wide, layer, alpha):
    """For every parameter of the wide net one of the narrow one and a factor: the copies of neuron 0 share its input tangents."""
    old, new = wiring(narrow, layer), wiring(wide, layer)
    sources, factors = np.zeros(wide.n_params, int), np.ones(wide.n_params, object)
    sources[kept(narrow, wide)] = np.arange(narrow.n_params)
    sources[new.incoming[-1]], sources[new.outgoing[-1]] = old.incoming[0], old.outgoing[0]
    factors[new.incoming[0]], factors[new.incoming[-1]] = 1 - alpha, alpha
    return sources, factors


def same_fraction(alpha, edges):
    return [alpha[0]] * edges


def two_fractions(alpha, edges):
    return [alpha[0], *[alpha[1]] * (edges - 1)]


PLACES = by_level((((1, 2, 1), 1), ((1, 1, 2, 1), 1)), (((1, 2, 1), 1), ((1, 1, 2, 1), 1), ((2, 1, 2, 2), 1), ((2, 2, 2, 1), 2)))


@SPLIT.check("symbolic", lambda cell, rng: cell.place, axes(place=PLACES), scope="sigma an unspecified function, weights and alpha symbols")
@false("a fraction of its own on the other edges", fractions=two_fractions)
@false("the copy takes what the neuron keeps", factor=lambda alpha: 1 - alpha)
def symbolic(cell, place, *, fractions=same_fraction, factor=lambda alpha: alpha, context):
    """The output is kept, and every tangent of the wide network is the announced multiple of a tangent of the narrow one."""
    import sympy

    widths, layer = place
    sigma, alpha = sympy.Function("sigma"), sympy.symbols("alpha beta")
    narrow = FullyConnected(widths, unspecified(sigma), True)
    theta = np.array(sympy.symbols(f"t:{narrow.n_params}"))
    x = np.array([sympy.symbols(f"x:{widths[0]}")])
    wide, mapped = split_edges(narrow, theta, layer, 0, fractions(alpha, widths[layer + 1]))
    at = dict(zip(symbols := sympy.symbols(f"u:{wide.n_params}"), mapped, strict=True))
    f, g = narrow(theta, x)[0], wide(np.array(symbols), x)[0]
    sources, factors = expected_tangents(narrow, wide, layer, factor(alpha[0]))
    zeros = [sympy.expand(b.subs(at) - a) for a, b in zip(f, g, strict=True)]
    for weight, source, share in zip(symbols, sources, factors, strict=True):
        zeros += [
            sympy.expand((sympy.diff(b, weight).subs(at) - share * sympy.diff(a, theta[source])).doit()) for a, b in zip(f, g, strict=True)
        ]
    nonzero = [str(zero)[:200] for zero in zeros if zero != 0]
    return equal(differences_that_do_not_vanish=(0, len(nonzero)), shown={"place": place, "first": nonzero[:1]})


SPLIT.without("proportional", symbolic, lambda cell, rng: ((1, 1, 2, 1), 1), fractions=two_fractions)

SHAPES = by_level(
    ((2, 2, 1), (2, 2, 2, 1), (1, 2, 2, 2)), ((2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (1, 2, 2, 2), (1, 2, 2, 2, 1))
)
POINTS = axes(activation=("ratsig", "lorentz", "power:3", "relu"), widths=SHAPES, bias=(False, True), alpha=(-1, 0, 1, "1/2"), standard=2)


def any_point(cell, rng):
    """A point of every kind (zeros, copies, layers short of rank), a layer, a neuron, inputs off the kinks."""
    model = FullyConnected(cell.widths, cell.activation, cell.bias)
    layer = int(rng.integers(1, model.depth))
    x = rng.integers(-40, 41, (3 * model.n_params, model.inputs)) + rng.integers(1, 2**20, (3 * model.n_params, model.inputs)) / 2**20
    return model, draws.parameters(rng, model), layer, int(rng.integers(model.widths[layer])), x


@SPLIT.check("exact", any_point, POINTS, distribution="points with zeros, copies and dependent rows; inputs dyadic")
@false("all parameters are independent", formula=lambda narrow, wide: wide)
@false("a fraction of its own on every edge", spread=lambda alpha, edges: [alpha * (k + 1) + k for k in range(edges)])
def spaces(cell, instance, *, formula=lambda narrow, wide: narrow, spread=lambda alpha, edges: [alpha] * edges, context):
    """Rational sigma, on samples: the narrow tangents, the wide ones and both together have one rank; the outputs agree."""
    model, theta, layer, neuron, x = instance
    alpha = rationals(np.array([cell.alpha], object))[0]
    wide, mapped = split_edges(model, rationals(theta), layer, neuron, spread(alpha, model.widths[layer + 1]))
    (f, J), (g, K) = (tangents(net, at, rationals(x)) for net, at in ((model, rationals(theta)), (wide, mapped)))
    J, K = (matrix.reshape(-1, matrix.shape[-1]) for matrix in (J, K))
    r = rank_rational(J)
    expected = formula(r, wide.n_params)
    ranks = (expected, rank_rational(K), rank_rational(np.hstack([J, K])))
    return equal(wide=(expected, ranks[1]), together=(expected, ranks[2]), outputs=(f, g), shown={"theta": theta, "alpha": cell.alpha})


SEQUENCES = axes(
    widths=by_level(((2, 2, 1), (2, 2, 2, 1)), ((2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 2, 3, 1), (1, 2, 2, 2, 1))),
    biases=BIASES,
    steps=(1, 3),
    standard=3,
    full=10,
)


@SPLIT.check(
    "exact", lambda cell, rng: distinct_moduli(FullyConnected(cell.widths, "tanh", *cell.biases), rng), SEQUENCES, distribution=WEIGHTS
)
@false("the parameters of the wide network", formula=lambda narrow, wide: wide.n_params)
@false("a fraction of its own on every edge", fractions=disproportional)
def ranks(cell, theta, *, formula=lambda narrow, wide: narrow.n_params, fractions=proportional, context):
    """tanh: the rank after one or three random splits, by Taylor series and identities, is the number of parameters before."""
    narrow = wide = FullyConnected(cell.widths, "tanh", *cell.biases)
    rng, start = context.rng(cell, theta), theta
    for _ in range(cell.steps):
        wide, theta = split_somewhere(wide, theta, int(rng.integers(1, wide.depth)), rng, fractions)
    return rank_is(formula(narrow, wide), series(wide, theta), theta=start)


SPLIT.formal(
    "width/splitting.v",
    "deep_split",
    false="a fraction for every outgoing edge",
    adequate=splitting,
    part="any depth, biases in all layers",
)

BOUND = claim(
    "deep.bound",
    "A narrower network bounds the optimistic sample size",
    r"f^* \in F_{\mathrm{narr}}:\quad R_{\mathrm{wide}}(f^*) \le R_{\mathrm{narr}}(f^*) \le M_{\mathrm{narr}}",
    symbols=["f^*", "F", "R", "M", "narr,wide"],
    relation="upper",
    assumptions=[Assumption("no empty layer", r"\text{every hidden layer of the narrow network has a neuron}")],
    source=STRATIFICATION.at("Theorems 2 and 3; 2307.08921v1, equations 16 and 34; 2406.18035v1, Theorem 4, Corollaries 5 and 6"),
    depends_on=["deep.split"],
    refuted_by="A target of a narrow network whose every representative in a wider one has a larger rank.",
    notes="Only an upper bound; no example of strict inequality is known to us.",
)

PAIRS = by_level(
    (((2, 2, 2, 1), (2, 4, 3, 1)), ((2, 1, 1, 1), (2, 3, 3, 1)), ((2, 2, 1), (2, 5, 1))),
    (
        ((2, 2, 2, 1), (2, 4, 3, 1)),
        ((1, 2, 2, 1), (1, 4, 4, 1)),
        ((2, 1, 1, 1), (2, 3, 3, 1)),
        ((2, 2, 2, 2, 1), (2, 3, 3, 3, 1)),
        ((2, 2, 1), (2, 5, 1)),
    ),
)
TARGETS = axes(pair=PAIRS, biases=BIASES, target=("generic", "special"), standard=4, full=10)


def narrow_target(cell, rng):
    """A generic target, or one at a point with zeros, copies and dependent rows, whose rank is smaller."""
    model = FullyConnected(cell.pair[0], "tanh", *cell.biases)
    return distinct_moduli(model, rng) if cell.target == "generic" else draws.parameters(rng, model)


def widened(narrow, theta, widths, rng):
    """The representative that splits alone reach."""
    wide = narrow
    for layer in range(1, narrow.depth):
        while wide.widths[layer] < widths[layer]:
            wide, theta = split_somewhere(wide, theta, layer, rng)
    return wide, theta


@BOUND.check("exact", narrow_target, TARGETS, distribution=f"{WEIGHTS}; special points with zeros, copies and dependent rows")
@false("one less than the parameters", bound=lambda wide, narrow: narrow.n_params - 1)
@false("one less than the rank there", slack=-1)
def embedded_points(cell, theta, *, bound=lambda wide, narrow: rank_bounds(wide, narrow)[1], slack=0, context):
    """At the representative that splits reach: the proved upper bound of its rank is at most that of the narrow network there, and the
    announced bound of the target, which generic targets attain."""
    narrow = FullyConnected(cell.pair[0], "tanh", *cell.biases)
    wide, mapped = widened(narrow, theta, cell.pair[1], context.rng(cell, theta))
    after, before = series(wide, mapped), series(narrow, theta)
    generic = cell.target == "generic"
    most = before.upper + slack
    return worst(
        [
            at_most("upper bound of the rank after, by that before", after.upper, most, attained=generic, theta=theta),
            at_most("upper bound of the rank after, by the parameters", after.upper, bound(wide, narrow), attained=generic, theta=theta),
        ]
    )


EMPTY = axes(activation=("sigmoid", "softplus", "cos", "tanh"), d=(1, 2, 3))


@BOUND.check("certified", lambda cell, rng: np.zeros(cell.d + 1, int), EMPTY)
@false("an empty layer counts as narrower", cost=lambda cell: 0)
def no_empty_layer(cell, theta, *, cost=lambda cell: int(cell.activation != "tanh"), context):
    """The zero function as a network without hidden neurons: sigmoid without biases expresses it by one neuron, at rank 1."""
    model = TwoLayer(cell.d, 1, activation=cell.activation)
    return rank_is(cost(cell), model_rank(model, theta), theta=theta)


BOUND.formal("width/null.v", "deep_bound", false="R_wide <= R_narr - 1", adequate=null_neurons, part="any depth, biases in all layers")

BOUND.without("no empty layer", no_empty_layer, cost=lambda cell: 0)
