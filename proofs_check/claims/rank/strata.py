r"""The model rank over parameter space: it can only jump down at a point, and the dimension of the target set bounds it."""

import numpy as np

from numerics.arithmetic.exact import PRIMES
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, float_rank, model_rank, modular_tangents
from numerics.rank.certificates import minor_certificate
from proofs_check import Assumption, Figure, a_seed, axes, claim, false
from proofs_check.judging import at_least, at_most, equal, true, vanishing, worst
from theory.draws import distinct_rows, singular_point
from theory.models import MatrixFactorization, TwoLayer
from theory.models.toy import ProductModel, faithful_points
from theory.rank import matrix_rank
from theory.rank.strata import matrix_strata

from . import STRATIFICATION, STRUCTURE

OPEN = claim(
    "rank.semicontinuity",
    "The model rank can only jump down at a point",
    r"\{\theta : R(\theta) \ge r\} \text{ is open for every } r",
    symbols={"theta": "the parameters", "R": "model rank", "r": "a number"},
    kind="extension",
    relation="lower",
    assumptions=[
        Assumption(
            "continuous tangents",
            r"f \text{ continuously differentiable in } \theta",
            unprobed="every model here has continuous tangents",
        )
    ],
    source=STRATIFICATION.at("implicit in the stratification; stated by us"),
    refuted_by="A point near which the rank is smaller.",
)

MODELS = {
    "product": ProductModel(),
    "3 x 3, width 2": MatrixFactorization(3, 3, 2),
    "2 x 4, width 3": MatrixFactorization(2, 4, 3),
    "tanh, d = 2, m = 3": TwoLayer(2, 3),
    "tanh, d = 3, m = 2": TwoLayer(3, 2),
    "tanh, d = 2, m = 2": TwoLayer(2, 2),
}
#: Bits of the determinants over boxes.
PRECISION = 512
TAME = ("3 x 3, width 2", "tanh, d = 2, m = 2", "tanh, d = 3, m = 2")


def rank_of(model, theta):
    if isinstance(model, ProductModel):
        return empirical_rank(model, theta, faithful_points(2), "exact")
    return model_rank(model, theta)


def beside_singular(cell, rng):
    """A point with repeated, vanishing and cancelling parts, and a step of at most 2^-16 in every parameter."""
    model = MODELS[cell.model]
    return singular_point(model, rng), rng.integers(-9, 10, model.n_params) / 2**20


NEIGHBOURS = axes(model=tuple(MODELS), quick=6, standard=40, full=200)


@OPEN.check("certified", beside_singular, NEIGHBOURS, distribution="integer points; perturbations of size 2^-20", name="neighbours")
@false("upper semicontinuous", ordered=at_most)
@false("strictly larger beside", least=1)
def neighbours(cell, instance, *, ordered=at_least, least=0, context):
    """Certified rank at a singular point and at a rational point near it."""
    theta, step = instance
    at, beside = (rank_of(MODELS[cell.model], one) for one in (theta, theta + step))
    found = at.rank if at.rank is not None else at.upper if ordered is at_least else at.lower
    return ordered("rank beside the point", beside, found + least, attained=False, theta=theta, step=step)


def quartered(cell, rng):
    """A singular point in quarters, and samples in quarters."""
    model = MODELS[cell.model]
    entries = isinstance(model, MatrixFactorization)
    return singular_point(model, rng) / 4, model.entries() if entries else rng.integers(-8, 9, (3 * model.n_params, model.input_size)) / 4


@OPEN.check(
    "certified", quartered, axes(model=TAME, quick=4, standard=30, full=100), name="boxes", distribution="integer points in quarters"
)
@false("boxes of radius 100", radii=(100.0,))
def boxes(cell, instance, *, radii=(2.0**-10, 2.0**-30, 2.0**-200), context):
    """A minor of the size that floats suggest whose ball, over a whole box of parameters, excludes zero for one of the ``radii``."""
    from scipy.linalg import qr

    theta, x = instance
    J = tangents(MODELS[cell.model], theta, x)[1][:, 0]
    size = float_rank(J).estimate
    if not size:
        return true("rank zero is the least there is", size == 0 or None)
    columns = qr(J, mode="r", pivoting=True)[1][:size]
    rows = qr(J[:, columns].T, mode="r", pivoting=True)[1][:size]
    model = MODELS[cell.model]
    radius = next((one for one in radii if not minor_over_box(model, theta, x, one, rows, columns).contains(0)), None)
    found = true("a minor stays away from zero on a box", radius is not None, theta=theta)
    if radius is None:
        return found
    places = [int(row) for row in rows], [int(column) for column in columns]
    kept = minor_certificate(model, theta, x, *places, kind="ball minor", precision=PRECISION, radius=radius)
    return worst([found], certificate=kept)


def minor_over_box(model, theta, x, radius, rows, columns):
    """Determinant of the tangents on (rows, columns) over all parameters within ``radius``, as a ball."""
    from flint import arb, arb_mat, ctx

    before, ctx.prec = ctx.prec, PRECISION
    try:
        box = np.array([arb(value, radius) for value in theta], dtype=object)
        inputs = x if isinstance(model, MatrixFactorization) else np.frompyfunc(arb, 1, 1)(x)
        return arb_mat(tangents(model, box, inputs)[1][:, 0][np.ix_(rows, columns)].tolist()).det()
    finally:
        ctx.prec = before


DIMENSION = claim(
    "rank.dim-bound",
    "The dimension of the target set bounds the model rank",
    r"\Theta^* \supset \text{a } C^1 \text{ submanifold of dimension } q \text{ through } \theta:\quad R(\theta) \le M - q",
    symbols={
        "Theta^*": "all parameters that represent the target",
        "q": "dimension of the submanifold",
        "R": "model rank",
        "M": "number of parameters",
    },
    kind="extension",
    relation="upper",
    assumptions=[Assumption("through the point", r"\theta \text{ lies on the submanifold}")],
    source=STRUCTURE.at("section 2 (branches of the set of perfect points); the inequality: ours"),
    depends_on=["mf.strata"],
    refuted_by="A branch with a point of larger rank.",
    notes="Strict at optimal points as a rule: 7 < 25 for a rank-one 4 x 4 target; equality on the ineffective branch of two neurons.",
)

FORMATS = ((2, 2, 2, 1), (3, 3, 3, 1), (3, 3, 3, 2), (2, 4, 3, 1), (4, 4, 4, 1), (4, 4, 4, 2), (3, 2, 4, 2))


@DIMENSION.check(
    "exact",
    a_seed,
    axes(format=FORMATS, standard=8, full=30),
    name="matrices",
    distribution="integer targets, a point of every stratum",
)
@false("five less", less=5)
@false("equality", equality=True)
def matrices(cell, seed, *, less=0, equality=False, context):
    """Every stratum of a matrix target: its dimension, in closed form, against its rank, exact at a drawn point."""
    d1, d2, width, r = cell.format
    rng, model = context.rng(seed), MatrixFactorization(d1, d2, width)
    strata = matrix_strata(model, rng.integers(-3, 4, (d1, r)) @ rng.integers(-3, 4, (r, d2)))
    outcomes = []
    for stratum in strata.strata:
        found, most = model_rank(model, stratum.sample(rng), "exact"), model.n_params - stratum.dimension - less
        outcomes.append(equal(rank=(most, found)) if equality else at_most("rank", found, most, attained=False, stratum=stratum.key))
    alt = "nodes: pairs of ranks of the factors; edges: smallest steps; groups: model rank"
    figure = Figure("graph", f"strata of a target of rank {r}, {d1} x {d2}, width {width}", alt, strata.graph())
    return worst(outcomes, figures=[figure] if cell.format == (4, 4, 4, 1) else ())


BRANCHES = ("crossing of the cross", "arm of the cross", "split branch", "ineffective branch")


def branch(cell, rng):
    """(model, theta, directions along the branch) of the cross theta_2 theta_3 = 0 and of the two branches of one neuron as two."""
    cross, two = ProductModel(), TwoLayer(2, 2)
    w, a, v = distinct_rows(rng, 1, 2)[0], 3, distinct_rows(rng, 1, 2, least=5)[0]
    basis = np.eye(two.n_params, dtype=int)  # input weights (w1, w2 in R^2), then output weights (a1, a2)
    return {
        "crossing of the cross": (cross, np.array([1, 1, 0, 0]), [[0, 0, 1, 0]]),
        "arm of the cross": (cross, np.array([1, 1, 2, 0]), [[0, 0, 1, 0]]),
        "split branch": (two, np.array([*w, *w, 1, a - 1]), [basis[4] - basis[5]]),
        "ineffective branch": (two, np.array([*w, *v, a, 0]), [basis[2], basis[3]]),
    }[cell.branch]


@DIMENSION.check("certified", branch, axes(branch=BRANCHES, quick=2, standard=10), name="branches", distribution="integer weights")
@false("always strict", less=1)
@false("two directions more", extra=1)
def branches(cell, instance, *, less=0, extra=0, off=0, context):
    """Directions along the branch are exact zeros of the tangent map, modulo a prime; the certified rank against their number."""
    model, theta, directions = instance
    theta = theta + off * (np.arange(len(theta)) == len(theta) - 1)
    x = faithful_points(2) if isinstance(model, ProductModel) else np.arange(-9, 9).reshape(-1, model.inputs) / 4
    J = modular_tangents(model, theta, x, PRIMES[0], 0x5EED1)
    along = [int(value) for value in (J @ np.array(directions).T).flat]
    most = model.n_params - matrix_rank(np.array(directions)) - less - 2 * extra
    return worst(
        [
            vanishing("tangents along the branch", along, theta=theta),
            at_most("rank", rank_of(model, theta), most, attained=False, theta=theta),
        ]
    )


DIMENSION.without("through the point", branches, off=1)
