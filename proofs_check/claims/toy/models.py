r"""The product model, redundant parameters, deep diagonal networks and differences of squares."""

from itertools import product

import numpy as np

from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false, nothing
from proofs_check.adequacy.toy import deep_diagonal, product_of_two, redundant, squares
from proofs_check.judging import equal, rank_is, worst
from theory.models.toy import DeepDiagonal, PowerModel, ProductModel, RedundantModel, SquareDifference, faithful_points

from . import FLOATS, OPTIMISTIC, STRATIFICATION, _pictures


def rank_of(model, theta, method="exact"):
    """The rank of the tangents on 0 and the unit vectors, which see the whole of an affine function."""
    return empirical_rank(model, np.asarray(theta), faithful_points(model.inputs), method)


def symbolic_tangents(model):
    """theta as symbols, and the tangents: rows the coefficients of 1, x_1, ..., x_d, columns the parameters."""
    import sympy

    theta = sympy.symbols(f"theta:{model.n_params}", real=True)
    J = sympy.Matrix(tangents(model, np.array(theta, object), faithful_points(model.inputs).astype(object))[1][:, 0])
    return theta, sympy.Matrix([J[0, :], *(J[i, :] - J[0, :] for i in range(1, J.rows))])


PRODUCT = claim(
    "toy.fNL",
    "The product model: rank two on a crossing, three elsewhere",
    r"f = \theta_0 + \theta_1 x_1 + \theta_2 \theta_3 x_2:\quad R(\theta) = 2 \iff \theta_2 = \theta_3 = 0",
    clauses={
        "point": r"R(\theta) = 2 \text{ if } \theta_2 = \theta_3 = 0,\ \text{else } R(\theta) = 3 = M_I < M = 4",
        "target": r"R(f^*) = 2 \text{ for } f^* = \alpha_0 + \alpha_1 x_1,\ R(f^*) = 3 \text{ for } f^* \text{ with } x_2",
    },
    symbols=["f", r"\theta", "x_j", "R", "f^*", "M", "M_I"],
    source=STRATIFICATION.at("equations 2 and 4, Figure 1"),
    refuted_by="A point off the crossing with rank 2, or on it with rank 3.",
)


@PRODUCT.check("symbolic", ["coefficients"], clauses=("point", "target"), covers="statement", scope="all real theta")
@false("where the product vanishes", crossing=lambda theta: [theta[2] * theta[3]])
@false("where one factor vanishes", crossing=lambda theta: [theta[2]])
def coefficients(_, *, crossing=lambda theta: theta[2:], context):
    """The tangents are 1, x_1 and multiples of x_2 that vanish together exactly on the crossing (equal ideals, by Groebner bases), which
    meets the representatives theta_2 theta_3 = c of a target for c = 0 alone."""
    import sympy

    (theta, C), c = symbolic_tangents(ProductModel()), sympy.Symbol("c")
    basis = lambda *polynomials: list(sympy.groebner(polynomials, *theta, c).exprs)
    met = [entry for entry in basis(*C[2, :], theta[2] * theta[3] - c) if entry.free_symbols <= {c}]
    return equal(others=([[1, 0, 0, 0], [0, 1, 0, 0]], C[:2, :]), where=(basis(*crossing(theta)), basis(*C[2, :])), targets=([c], met))


FACTORS = by_level((-1, 0, 2), range(-3, 4))


@PRODUCT.check("exact", lambda cell, rng: draws.nonzero(rng, 2), axes(theta_2=FACTORS, theta_3=FACTORS), clauses="point")
@false("where the product vanishes", formula=lambda second, third: 3 - (second * third == 0))
@false("four independent parameters", formula=lambda second, third: 4 - 2 * (second == third == 0))
def points(cell, first, *, formula=lambda second, third: 3 - (second == third == 0), method="exact", context):
    """The rank at integer points, on the crossing and its arms and off it."""
    theta = [*first, cell.theta_2, cell.theta_3]
    outcome = rank_is(formula(cell.theta_2, cell.theta_3), rank_of(ProductModel(), theta, method), first=first)
    return worst([outcome], figures=[_pictures.products()] if cell.theta_2 == cell.theta_3 == 0 else ())


PRODUCT.twin(points, "property", changed={"method": "float"}, tolerance=FLOATS)

PRODUCT.formal("toy/models.v", "toy_fNL", false="two wherever theta_2 theta_3 = 0", adequate=product_of_two, clauses="point")

REDUNDANT = claim(
    "toy.redundant",
    "A redundant parameter changes no rank, a vanishing derivative does",
    r"f = (\theta_1 + \theta_2^p) x:\ R(\theta) = 1 \text{ everywhere};\quad f = \theta^p x,\ p \ge 2:\ R(\theta) = 0 \iff \theta = 0",
    clauses={
        "sum": r"f = (\theta_1 + \theta_2^p) x,\ 1 \le p \le 3:\ R(\theta) = 1 = M_I < M = 2 \text{ for all } \theta",
        "power": r"f = \theta^p x,\ 2 \le p \le 3:\ R(0) = 0 = R(f^* = 0),\ R(\theta) = 1 \text{ for } \theta \ne 0",
    },
    symbols=["f", r"\theta", "R", "f^*", "M", "M_I"],
    source=OPTIMISTIC.at("section 2 (the power alone: ours)"),
    refuted_by="A theta of another rank.",
)


@REDUNDANT.check("symbolic", nothing, axes(p=(1, 2, 3)), clauses="sum", covers="statement")
@false("as many as parameters", rank=2)
def sums(cell, _, *, rank=1, context):
    """The tangent of theta_1 is x for all theta, and that of theta_2 a multiple of it."""
    _, C = symbolic_tangents(RedundantModel(cell.p))
    return equal(rank=(rank, 1 if list(C[:, 0]) == [0, 1] and C[0, 1] == 0 else None), shown={"tangents": str(C)})


@REDUNDANT.check("symbolic", nothing, axes(p=(2, 3)), clauses="power", covers="statement")
@false("rank one everywhere", zeros=[])
def powers(cell, _, *, zeros=(0,), context):
    """The only tangent is p theta^(p - 1) x; its complex zeros are compared, so its rank everywhere."""
    import sympy

    (theta, C) = symbolic_tangents(PowerModel(cell.p))
    return equal(zeros=(zeros, list(sympy.roots(C[1], *theta))), constant=(0, C[0]))


NUMBERS = (-2, -1, 0, 1, 2)


@REDUNDANT.check(
    "exact", lambda cell, rng: int(rng.integers(-2, 3)), axes(p=(1, 2, 3), theta=NUMBERS, first=(True, False)), clauses=("sum", "power")
)
@false("as many as parameters", formula=lambda cell: 1 + cell.first)
@false("rank one everywhere", formula=lambda cell: 1)
def points_of_powers(cell, first, *, formula=lambda cell: int(cell.first or cell.p == 1 or cell.theta != 0), context):
    """The rank at integer points, with theta_1 and without."""
    model, theta = (RedundantModel(cell.p), [first, cell.theta]) if cell.first else (PowerModel(cell.p), [cell.theta])
    outcome = rank_is(formula(cell), rank_of(model, theta), theta=theta)
    return worst([outcome], figures=[_pictures.sums()] if cell.first and cell.theta == 0 else ())


REDUNDANT.formal("toy/models.v", "toy_redundant", false="as many as parameters", adequate=redundant, clauses="sum")

DIAGONAL = claim(
    "toy.deep-diag",
    "Deep diagonal networks count coordinates with at most one zero",
    r"f = \sum_{j \le d} \Big(\prod_{l \le L} a_j^{[l]}\Big) x_j:\quad R(\theta) = \#\{j : a_j \text{ has at most one zero}\}",
    clauses={
        "point": r"R(\theta) = \#\{j : a_j \text{ has at most one zero}\}",
        "target": r"R(f^*) = k \text{ for } k\text{-sparse } f^*",
    },
    symbols=["f", "a_j", "x_j", "L", "R", "f^*", "k"],
    assumptions=[Assumption("deep", r"L \ge 2")],
    source=OPTIMISTIC.at("equation 9, appendix A.1"),
    refuted_by="A zero pattern with another rank, or a k-sparse target none of whose representatives has rank k.",
    notes="For L = 1 the model is linear and R = d everywhere.",
)

WIDTH, DEPTH = by_level((1, 2, 3), (1, 2, 3, 4)), by_level((2, 3), (2, 3, 4, 5))
ZEROS = axes(d=WIDTH, L=DEPTH, single="0..d", several="0..d - single", standard=3)


def with_zeros(cell, rng):
    a = draws.nonzero(rng, (cell.L, cell.d))
    for j, zeros in enumerate(rng.permutation([1] * cell.single + [*rng.integers(2, cell.L + 1, cell.several)])):
        a[rng.permutation(cell.L)[:zeros], j] = 0
    return a[:, rng.permutation(cell.d)]


def at_most_one_zero(a):
    return int(((a == 0).sum(axis=0) <= 1).sum())


@DIAGONAL.check("exact", with_zeros, ZEROS, clauses="point")
@false("one zero kills a coordinate", formula=lambda a: int((a != 0).all(axis=0).sum()))
@false("only three zeros kill a coordinate", formula=lambda a: int(((a == 0).sum(axis=0) <= 2).sum()))
def zero_patterns(cell, a, *, formula=at_most_one_zero, method="exact", context):
    """The rank at integer points with any numbers of zeros in the coordinates."""
    return rank_is(formula(a), rank_of(DeepDiagonal(cell.d, cell.L), a.ravel(), method), a=a)


DIAGONAL.twin(zero_patterns, "property", changed={"method": "float"}, tolerance=FLOATS)


def ranks_on_target(d, L, k):
    """The ranks over all zero patterns whose first k coordinates alone have a product other than zero."""
    model = DeepDiagonal(d, L)
    return [
        rank_of(model, theta).rank for theta in model.zero_patterns() if list(theta.reshape(L, d).all(axis=0)) == [j < k for j in range(d)]
    ]


TARGETS = axes(d=by_level((1, 2), (1, 2, 3)), L=(2, 3), k="0..d")


@DIAGONAL.check("exact", nothing, TARGETS, clauses="target")
@false("every coordinate counts", formula=lambda cell: cell.d)
@false("the largest on the target", least=max)
def sparse_targets(cell, _, *, formula=lambda cell: cell.k, least=min, depth=lambda cell: cell.L, context):
    """The least exact rank over every zero pattern that represents a k-sparse target."""
    return equal(least=(formula(cell), least(ranks_on_target(cell.d, depth(cell), cell.k))))


DIAGONAL.formal("toy/models.v", "toy_deep_diag", false="one zero kills a coordinate", adequate=deep_diagonal, clauses="point")
DIAGONAL.formal("toy/models.v", "toy_deep_diag_function", false="at depth one too", adequate=deep_diagonal, clauses="target")

DIAGONAL.without("deep", sparse_targets, depth=lambda cell: 1)

SQUARES = claim(
    "toy.a2-b2",
    "Differences of squares count coordinates that are not both zero",
    r"f = \sum_{j \le d} (a_j^2 - b_j^2) x_j:\quad R(\theta) = \#\{j : (a_j, b_j) \neq (0, 0)\}",
    clauses={
        "point": r"R(\theta) = \#\{j : (a_j, b_j) \neq (0, 0)\}",
        "target": r"R(f^*) = k \text{ for } k\text{-sparse } f^*, \text{ as of deep diagonal networks with } L \ge 2",
    },
    symbols=["f", "a_j", "b_j", "x_j", "R", "f^*", "k", "L"],
    source=OPTIMISTIC.at("equations 7 and 8"),
    depends_on=["toy.deep-diag"],
    refuted_by="A point with another rank, or a target of another least rank than that of the deep diagonal model.",
)

COORDINATES = axes(d=WIDTH, null="0..d", equal="0..d - null", single="0..d - null - equal", quick=2, standard=4)


def coordinates(cell, rng):
    """(a, b): pairs that are zero, of equal modulus, with one zero, or generic, in any order."""
    a, b = draws.nonzero(rng, (2, cell.d))
    a[: cell.null] = b[: cell.null] = 0
    b[cell.null : cell.null + cell.equal] = a[cell.null : cell.null + cell.equal] * rng.choice([-1, 1])
    single = slice(cell.null + cell.equal, cell.null + cell.equal + cell.single)
    (a if rng.random() < 0.5 else b)[single] = 0
    return np.array([a, b])[:, rng.permutation(cell.d)]


@SQUARES.check("exact", coordinates, COORDINATES, clauses="point")
@false("only unequal squares count", formula=lambda a, b: int((a**2 != b**2).sum()))
@false("both must not vanish", formula=lambda a, b: int(((a != 0) & (b != 0)).sum()))
def pairs(cell, theta, *, formula=lambda a, b: int(((a != 0) | (b != 0)).sum()), method="exact", context):
    """The rank at integer points with pairs that are zero, equal up to sign, or half zero."""
    outcome = rank_is(formula(*theta), rank_of(SquareDifference(cell.d), theta.ravel(), method), theta=theta)
    return worst([outcome], figures=[_pictures.squares()] if cell.d == cell.null == 1 else ())


SQUARES.twin(pairs, "property", changed={"method": "float"}, tolerance=FLOATS)


@SQUARES.check("exact", nothing, TARGETS, clauses="target")
@false("also at depth one", depth=lambda cell: 1)
@false("every coordinate counts", formula=lambda cell: cell.d)
def optimistically_equivalent(cell, _, *, formula=lambda cell: cell.k, depth=lambda cell: cell.L, context):
    """The least exact rank over points of every kind that represent a k-sparse target, here and in the deep diagonal model."""
    used, idle = ((1, 0), (0, 2), (1, 2), (2, 1)), ((0, 0), (1, 1), (2, -2))
    points = product(*(used if j < cell.k else idle for j in range(cell.d)))
    least = min(rank_of(SquareDifference(cell.d), np.transpose(point).ravel()).rank for point in points)
    return equal(least=(formula(cell), least), of_deep_diagonal=(least, min(ranks_on_target(cell.d, depth(cell), cell.k))))


NOT_TWO = "the characteristic of the field is not 2"
SQUARES.formal("toy/models.v", "toy_a2_b2", false="both must not vanish", adequate=squares, clauses="point", premises=(NOT_TWO,))
SQUARES.formal("toy/models.v", "toy_a2_b2_function", false="one more than k", adequate=squares, clauses="target", premises=(NOT_TWO,))
