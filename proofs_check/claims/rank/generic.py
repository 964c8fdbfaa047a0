r"""The largest model rank: it bounds all others, is met almost everywhere, and everywhere by linear models."""

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.networks import samples
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.draws import dyadic_normal
from theory.models import FullyConnected, MatrixFactorization, TwoLayer
from theory.models.toy import LinearModel, RedundantModel
from theory.rank import function_rank

from . import FLOATS, OPTIMISTIC, RECOVERY

#: Models by name, with their largest rank M_I.
MODELS = {
    "3 x 4, width 2": (MatrixFactorization(3, 4, 2), function_rank(2, 3, 4)),
    "4 x 4, width 4": (MatrixFactorization(4, 4, 4), 16),
    "tanh, d = 2, m = 3": (TwoLayer(2, 3), 9),
    "tanh with biases, d = 3, m = 2": (TwoLayer(3, 2, bias=True), 10),
    "tanh, d = 1, m = 4": (TwoLayer(1, 4), 8),
    "ReLU, d = 3, m = 2": (TwoLayer(3, 2, activation="relu"), 6),
    "exp with biases, d = 2, m = 2": (TwoLayer(2, 2, activation="exp", bias=True), 6),
}
ANALYTIC = tuple(name for name in MODELS if "ReLU" not in name)


def parameters_of(cell):
    return MODELS[cell.model][0].n_params


def independent_of(cell):
    return MODELS[cell.model][1]


def generic_point(cell, rng):
    return dyadic_normal(rng, parameters_of(cell), bits=12)


UPPER = claim(
    "rank.upper-M",
    "The model rank never exceeds the number of independent parameters",
    r"R(\theta) \le M_I \le M",
    symbols=["R", r"\theta", "M_I", "M"],
    relation="upper",
    source=RECOVERY.at("Corollary 2; 2307.08921v1, section 2"),
    refuted_by="A point whose rank exceeds the rank at generic points.",
    notes="M_I < M: factors have a gauge, ReLU neurons a scale, biases of exp neurons too. The largest rank is met at generic points.",
)

POINTS = axes(model=tuple(MODELS), point=("special", "generic"), quick=3, standard=20, full=100)


def any_point(cell, rng):
    """A point with zeros, copies and dependent rows, or a generic one."""
    return draws.parameters(rng, MODELS[cell.model][0]) if cell.point == "special" else generic_point(cell, rng)


@UPPER.check("certified", any_point, POINTS, distribution="zeros, copies, dependent rows; or dyadic normal")
@false("one less", bound=lambda cell: independent_of(cell) - 1)
@false("M_I = M, met at generic points", bound=parameters_of)
@false("M_I beyond the parameters", bound=lambda cell: parameters_of(cell) + 1)
def points(cell, theta, *, bound=independent_of, context):
    """The proved upper bound of the rank is at most M_I, which generic points attain, and M_I at most M."""
    found, most = model_rank(MODELS[cell.model][0], theta), bound(cell)
    below = at_most("M_I", most, parameters_of(cell), attained=False)
    here = rank_is(most, found, theta=theta) if cell.point == "generic" else at_most("rank", found, most, attained=False, theta=theta)
    return worst([here, below])


SMOOTH = axes(model=ANALYTIC, quick=3, standard=10, full=60)


def in_floats(cell, theta, *, value=independent_of, context):
    """Singular values at normal parameters."""
    return rank_is(value(cell), model_rank(MODELS[cell.model][0], theta, "float"), theta=theta)


FLAT = axes(model=("3 x 4, width 2", "tanh, d = 2, m = 3"), quick=4, standard=20, full=100)
floats = false("every parameter", value=parameters_of)(in_floats)
UPPER.check("property", generic_point, FLAT, tolerance=FLOATS, name="floats")(floats)
UPPER.formal("rank/samples.v", "rank_upper_M", false="M_I < M", adequate=samples)

LARGEST = claim(
    "rank.MI",
    "Almost every point has the largest model rank",
    r"R(\theta) = M_I \text{ for almost all } \theta",
    symbols=["R", r"\theta", "M_I"],
    assumptions=[Assumption("analytic in theta", r"\theta \mapsto f(x; \theta) \text{ real analytic}")],
    source=OPTIMISTIC.at("section 3"),
    depends_on=["rank.upper-M"],
    refuted_by="An open set of parameters of smaller rank.",
    notes="Almost surely: drawn points stand for almost all. ReLU in depth: neurons are dead on open sets.",
)


@LARGEST.check("certified", generic_point, SMOOTH, distribution="dyadic normal parameters", name="generic-points")
@false("every parameter", value=parameters_of)
@false("one less", value=lambda cell: independent_of(cell) - 1)
def generic_points(cell, theta, *, value=independent_of, kinked=False, context):
    """The certified rank at points drawn from an absolutely continuous law."""
    if not kinked:
        return rank_is(value(cell), model_rank(MODELS[cell.model][0], theta), theta=theta)
    network = FullyConnected((1, 2, 2, 1), "relu")
    rng = context.rng(theta)
    return worst(rank_is(network.n_params - 4, model_rank(network, dyadic_normal(rng, network.n_params, bits=6))) for _ in range(6))


LARGEST.without("analytic in theta", generic_points, kinked=True)
LARGEST.check("property", generic_point, FLAT, tolerance=FLOATS, name="floats")(floats)

LINEAR = claim(
    "rank.linear-constant",
    "Linear models have constant model rank",
    r"f = \sum_i \theta_i \varphi_i",
    clauses={
        "constant": r"R(\theta) = \dim \operatorname{span} \{\varphi_i\} \text{ for all } \theta",
        "no converse": r"(\theta_1 + \theta_2^3)\, x \text{ is not linear in } \theta \text{ and of constant rank } 1",
    },
    symbols=["f", r"\theta", r"\varphi_i", "R"],
    source=RECOVERY.at("Corollary 3 (which needs independent features for O = M)"),
    refuted_by="A theta at which a linear model has another rank.",
    notes="Dependent features count for their span: x, y, x + y have rank 2.",
)


def more_than_one(P, kind):
    """a feature that depends on others has others"""
    return P > 1 + (kind == "dependent") or kind == "independent"


KINDS = ("independent", "repeated", "dependent")
FEATURES = axes(P=by_level((1, 2, 3, 4, 6), (1, 2, 3, 4, 5, 6)), kind=KINDS, theta=("zero", "other"), where=more_than_one, standard=10)
GRID = np.array([(i, j) for i in range(4) for j in range(4)])
EXPONENTS = np.array([(i, j) for i in range(3) for j in range(3)])


def coefficients(cell, rng):
    """P features over the nine monomials of degree at most 2 in each variable: independent, one twice, or one the sum of two."""
    while True:
        C = rng.integers(-3, 4, (cell.P, len(EXPONENTS)))
        if cell.kind == "repeated":
            C[-1] = C[0]
        if cell.kind == "dependent":
            C[-1] = C[0] + C[cell.P - 2]
        if np.linalg.matrix_rank(C) == cell.P - (cell.kind != "independent"):
            return C, rng.integers(1, 6, cell.P) * (cell.theta == "other")


def features(C):
    """In plain array code: the monomials at x, combined."""

    def values(x):
        columns = [x[..., :1] ** 0 if not i + j else x[..., :1] ** int(i) * x[..., 1:] ** int(j) for i, j in EXPONENTS]
        return np.concatenate(columns, axis=-1) @ C.T

    return values


def different(C):
    return len({tuple(row) for row in C.tolist()})


@LINEAR.check("exact", coefficients, FEATURES, clauses="constant", distribution="integers; a 4 x 4 grid sees all", name="features")
@false("as many as parameters", dimension=len)
@false("as many as different features", dimension=different)
@false("the rank at theta = 0 is 0", at_zero=0)
def linear(cell, instance, *, dimension=rank_rational, at_zero=1, method="exact", context):
    """The exact rank of the tangents on the grid, against the rank of the coefficients of the features."""
    C, theta = instance
    expected = dimension(C) * (at_zero if cell.theta == "zero" else 1)
    return rank_is(expected, empirical_rank(LinearModel(2, features(C), len(C)), theta, GRID, method), C=C, theta=theta)


LINEAR.twin(linear, "property", name="floats", changed={"method": "float"}, tolerance=FLOATS)


@LINEAR.check("symbolic", [3], clauses="no converse", covers="statement", scope="all real theta and x", name="no-converse")
@false("as the square", power=2)
def no_converse(_, *, power=3, tangent=lambda x, theta: [x, 3 * theta[1] ** 2 * x], context):
    """The tangents are x and 3 theta_2^2 x: multiples of the first, which vanishes for no theta, and not constant in theta."""
    import sympy

    x, theta = sympy.Symbol("x"), sympy.symbols("theta_1 theta_2")
    J = tangents(RedundantModel(power), np.array(theta, object), np.array([[x]], object))[1][0, 0]
    return equal(tangents=(tangent(x, theta), list(J)))


LINEAR.formal(
    "rank/samples.v",
    "rank_linear_constant",
    false="the rank is the number of features, dependent or not",
    adequate=samples,
    clauses="constant",
)
