r"""Splitting neurons of deep networks keeps the tangent space: a narrower network bounds the optimistic sample size.

A split copies the input weights and bias of a hidden neuron and divides its output weights in the same proportion on all edges.
"""

from itertools import product
from math import comb, prod

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank
from proofs_check import Assumption, axes, by_level, claim, draws, exists, false
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
    r"f^* \in F_{\mathrm{narr}}:\quad R_{\mathrm{wide}}(f^*) \le R_{\mathrm{narr}}(f^*) \le M_{\mathrm{narr}}, \text{ at times strictly}",
    clauses={
        "bound": r"R_{\mathrm{wide}}(f^*) \le R_{\mathrm{narr}}(f^*) \le M_{\mathrm{narr}}",
        "strict": exists(
            r"\sigma = z^4:\ \text{a quartic of three inputs that 7 neurons represent, whichever they are, at rank 15, and 8 at rank 14}"
        ),
    },
    symbols=["f^*", "F", "R", "M", "narr,wide", r"\sigma"],
    relation="upper",
    assumptions=[Assumption("no empty layer", r"\text{every hidden layer of the narrow network has a neuron}")],
    source=STRATIFICATION.at("Theorems 2 and 3; 2307.08921v1, equations 16 and 34; 2406.18035v1, Theorem 4, Corollaries 5 and 6"),
    depends_on=["deep.split"],
    refuted_by="A target of a narrow network whose every representative in a wider one has a larger rank.",
    notes="No strict example is known to us for tanh. That of z^4 (ours): f* = sum a_i (w_i . x)^4 with q o f* = 0 for one conic q alone,"
    " and the octic g of f* on q has 8 different real roots. (1) Where seven neurons represent f* below rank 15, a quartic is singular at"
    " all w_i; so these lie on a conic, or are six with a catalecticant of rank 6, but it is 5. (2) A conic that holds all w_i annihilates"
    " f*: it is q, and g a sum of seven eighth powers. Derivatives that kill one power each keep all roots real and different, until a"
    " form of degree two with a double root is left: there is none.",
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


@BOUND.check(
    "exact", narrow_target, TARGETS, clauses="bound", distribution=f"{WEIGHTS}; special points with zeros, copies and dependent rows"
)
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


@BOUND.check("certified", lambda cell, rng: np.zeros(cell.d + 1, int), EMPTY, clauses="bound")
@false("an empty layer counts as narrower", cost=lambda cell: 0)
def no_empty_layer(cell, theta, *, cost=lambda cell: int(cell.activation != "tanh"), context):
    """The zero function as a network without hidden neurons: sigmoid without biases expresses it by one neuron, at rank 1."""
    model = TwoLayer(cell.d, 1, activation=cell.activation)
    return rank_is(cost(cell), model_rank(model, theta), theta=theta)


BOUND.formal(
    "width/null.v",
    "deep_bound",
    false="R_wide <= R_narr - 1",
    adequate=null_neurons,
    part="any depth, biases in all layers",
    clauses="bound",
)

BOUND.without("no empty layer", no_empty_layer, cost=lambda cell: 0)

#: Input weights of seven neurons, none on the conic q = x_0 x_2 - x_1^2; seven of eight points (1, t, t^2) on it.
SEVEN = ((4, -5, -4), (3, 5, -2), (5, 2, -5), (1, 5, -1), (5, 0, -1), (-4, -5, 5), (-2, 0, 5))
PLACES = (-3, -2, -1, 0, 1, 2, 3)
QUADRICS, QUARTICS = ([p for p in product(range(degree + 1), repeat=3) if sum(p) == degree] for degree in (2, 4))


def powers(points, exponents):
    """The monomials of these exponents at rational points, an array (points, monomials)."""
    return np.array([[prod(c**e for c, e in zip(point, one, strict=True)) for one in exponents] for point in rationals(points)])


def solved(matrix):
    """The vector that a matrix of corank one sends to 0, last entry 1."""
    (kernel,) = nullspace_rational(matrix)
    return rationals(kernel) / kernel[-1]


def on_seven():
    """(weights, outputs) of f*: outputs with q o f* = 0, as sum_i a_i q(w_i) p(w_i) = 0 for all quadrics p."""
    weights = rationals(SEVEN)
    return weights, solved(powers(SEVEN, QUADRICS).T) / (weights[:, 0] * weights[:, 2] - weights[:, 1] ** 2)


def on_eight(moments):
    """(weights, outputs) of eight neurons on the conic with sum_i c_i t_i^k as given, k = 0 .. 8: the eighth place solves
    sum_k g_k moments_k = 0 for the g that vanishes at all places."""
    g = rationals([1])
    for t in PLACES:
        g = np.append(0 * g[:1], g) - t * np.append(g, 0 * g[:1])
    places = np.append(rationals(PLACES), (g * moments[1:]).sum() / (g * moments[:-1]).sum())
    rows = np.array([places**k for k in range(9)])
    return np.array([places**0, places, places**2]).T, solved(np.column_stack([rows, -moments]))[:-1]


@BOUND.check(
    "exact",
    [None],
    clauses="strict",
    covers="statement",
    because="one target is enough",
    scope="integer weights of seven neurons, rational ones of eight",
)
@false("seven at rank 14, too", narrow=14)
@false("eight at rank 15, too", wide=15)
@false("seven real roots", roots=7)
@false("no conic", catalecticant=6)
def strict(_, *, narrow=15, wide=14, roots=8, catalecticant=5, context):
    """One quartic in two networks, what the notes use of it, and both ranks."""
    import sympy as sp

    (weights, outputs), v = on_seven(), sp.Symbol("v")
    quartic = outputs @ powers(weights, QUARTICS)
    moments = np.array([next(c for c, (_, j, l) in zip(quartic, QUARTICS, strict=True) if j + 2 * l == k) for k in range(9)])
    octic = sp.Poly(sum(comb(8, k) * sp.Rational(int(c.p), int(c.q)) * v**k for k, c in enumerate(moments)), v)
    others, shares = on_eight(moments)
    at = powers(weights, QUADRICS)
    rank = lambda w, a: model_rank(TwoLayer(3, len(a), activation="power:4"), np.append(w.ravel(), a), "exact").rank
    return worst(
        [
            equal(same=(0, int(np.count_nonzero(shares @ powers(others, QUARTICS) - quartic)))),
            equal(catalecticant=(catalecticant, rank_rational(at.T @ (outputs[:, None] * at)))),
            equal(roots=(roots, sp.Poly(octic, v).count_roots()), repeated=(0, sp.gcd(octic, octic.diff()).degree())),
            equal(narrow=(narrow, rank(weights, outputs)), wide=(wide, rank(others, shares))),
        ]
    )
