r"""The model rank over parameter space: it can only jump down at a point, and the dimension of the target set bounds it."""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION, STRUCTURE
from proofs_check.claims._rank_checks import judged, related, tangent_matrix
from theory.draws import distinct_rows, singular_point
from theory.models import MatrixFactorization, TwoLayer
from theory.models.toy import ProductModel, faithful_points
from theory.rank.strata import matrix_strata


def rank_at_point(model, theta) -> int | None:
    from numerics.rank import empirical_rank, model_rank

    if isinstance(model, ProductModel):
        return empirical_rank(model, theta, faithful_points(2), "exact").rank
    return model_rank(model, theta).rank


# ------------------------------------------------------------------------------------------------ rank.semicontinuity


def check_semicontinuity(instance, *, relation, context) -> Outcome:
    """Certified rank at a singular point and at a rational point near it."""
    model, replicate = instance
    rng = context.rng(replicate)
    theta = singular_point(model, rng)
    near = theta + rng.integers(-9, 10, model.n_params) / 2**20
    at, beside = (rank_at_point(model, point) for point in (theta, near))
    return related(relation, (at, beside), f"rank {at} at the point, {beside} beside it", model=str(model), theta=theta, near=near)


def singular_models(context):
    models = [ProductModel(), MatrixFactorization(3, 3, 2), MatrixFactorization(2, 4, 3), TwoLayer(2, 3), TwoLayer(3, 2)]
    return [(model, r) for model in models for r in range(context.by_level(quick=10, standard=100, full=400))]


def check_open(instance, *, radii, context) -> Outcome:
    """A minor of full model rank whose ball, over a whole box of parameters around theta, excludes zero for one of the ``radii``."""
    from scipy.linalg import qr

    from numerics.rank import float_rank
    from numerics.rank.certificates import minor_certificate

    model, replicate = instance
    rng = context.rng(replicate)
    theta, x = singular_point(model, rng) / 4, rng.integers(-8, 9, (3 * model.n_params, model.input_size)) / 4
    if isinstance(model, MatrixFactorization):
        x = model.entries()
    J = tangent_matrix(model, theta, x)
    rank = float_rank(J).estimate
    if not rank:
        return Outcome.holds(message="rank zero is the least there is")
    columns = qr(J, mode="r", pivoting=True)[1][:rank]
    rows = qr(J[:, columns].T, mode="r", pivoting=True)[1][:rank]
    for radius in radii:
        determinant = minor_over_box(model, theta, x, radius, rows, columns)
        if not determinant.contains(0):
            exact = {"kind": "ball minor", "precision": 512, "radius": radius}
            return Outcome.holds(certificate=minor_certificate(model, theta, x, rows.tolist(), columns.tolist(), **exact))
    return Outcome.fails(f"no box with a minor of size {rank} away from zero", counterexample={"model": str(model), "theta": theta})


def minor_over_box(model, theta, x, radius, rows, columns):
    """Determinant of the tangents on (rows, columns) over all parameters within ``radius``, as a ball."""
    from flint import arb, arb_mat, ctx

    before, ctx.prec = ctx.prec, 512
    try:
        box = np.array([arb(value, radius) for value in theta], dtype=object)
        samples = x if isinstance(model, MatrixFactorization) else np.frompyfunc(arb, 1, 1)(x)
        return arb_mat(tangent_matrix(model, box, samples)[np.ix_(rows, columns)].tolist()).det()
    finally:
        ctx.prec = before


def tame_models(context):
    models = [MatrixFactorization(3, 3, 2), TwoLayer(2, 2), TwoLayer(3, 2)]
    return [(model, r) for model in models for r in range(context.by_level(quick=4, standard=30, full=100))]


# ----------------------------------------------------------------------------------------------------- rank.dim-bound


def bound_by_dimension(parameters: int, dimension: int, rank: int) -> bool:
    return rank <= parameters - dimension


def always_equal(parameters: int, dimension: int, rank: int) -> bool:
    return rank == parameters - dimension


def check_matrix_dimensions(instance, *, relation, context) -> Outcome:
    """Every stratum of a matrix target: its dimension, in closed form, against its rank, exact at a drawn point."""
    from numerics.rank import model_rank

    d1, d2, width, r, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d1, d2, width)
    target = rng.integers(-3, 4, (d1, r)) @ rng.integers(-3, 4, (r, d2))
    strata = matrix_strata(model, target)
    for stratum in strata.strata:
        observed = model_rank(model, stratum.sample(rng), "exact").rank
        if not relation(model.n_params, stratum.dimension, observed):
            message = f"stratum {stratum.key}: rank {observed}, dimension {stratum.dimension}, {model.n_params} parameters"
            return Outcome.fails(message, counterexample={"d1": d1, "d2": d2, "width": width, "target": target, "key": stratum.key})
    alt = "nodes: pairs of ranks of the factors; edges: smallest steps; groups: model rank"
    figure = Figure("graph", f"strata of a target of rank {r}, {d1} x {d2}, width {width}", alt, strata.graph())
    return Outcome.holds(len(strata.strata), figures=[figure] if (d1, d2, width, r) == (4, 4, 4, 1) and not replicate else ())


def matrix_formats(context):
    draws = context.by_level(quick=1, standard=10, full=30)
    shapes = [(2, 2, 2, 1), (3, 3, 3, 1), (3, 3, 3, 2), (2, 4, 3, 1), (4, 4, 4, 1), (4, 4, 4, 2), (3, 2, 4, 2)]
    return [(*shape, r) for shape in shapes for r in range(draws)]


def check_branches(instance, *, relation, context) -> Outcome:
    """Points on named branches of a target set with the directions along the branch: exact zeros of the tangent map, certified rank."""
    from numerics.arithmetic.exact import PRIMES
    from numerics.rank import modular_tangents

    name = instance
    model, theta, directions = branches(context.rng())[name]
    rank = rank_at_point(model, theta)
    x = faithful_points(2) if isinstance(model, ProductModel) else np.arange(-9, 9).reshape(-1, model.inputs) / 4
    J = modular_tangents(model, theta, x, PRIMES[0], 0x5EED1)
    directions = np.array(directions)
    if any(int(value) for value in (J @ directions.T).flat):
        raise AssertionError(f"the directions of {name} must lie along the target set")
    dimension = int(np.linalg.matrix_rank(directions.astype(float)))
    message = f"{name}: rank {rank}, dimension {dimension}, {model.n_params} parameters"
    return judged(relation(model.n_params, dimension, rank), message, branch=name, theta=theta)


def branches(rng):
    """(model, theta, directions along the branch) of the cross of theta_2 theta_3 = 0 and of the two branches of one neuron as two."""
    cross, two = ProductModel(), TwoLayer(2, 2)
    w, a, v = distinct_rows(rng, 1, 2)[0], 3, distinct_rows(rng, 1, 2, least=5)[0]
    basis = np.eye(two.n_params, dtype=int)  # input weights (w1, w2 in R^2), then output weights (a1, a2)
    return {
        "crossing of the cross": (cross, np.array([1, 1, 0, 0]), [[0, 0, 1, 0]]),
        "arm of the cross": (cross, np.array([1, 1, 2, 0]), [[0, 0, 1, 0]]),
        "split branch": (two, np.array([*w, *w, 1, a - 1]), [basis[4] - basis[5]]),
        "ineffective branch": (two, np.array([*w, *v, a, 0]), [basis[2], basis[3]]),
    }


CLAIMS = [
    Claim(
        id="rank.semicontinuity",
        title="The model rank can only jump down at a point",
        kind="extension",
        relation="lower",
        statement=r"\{\theta : R(\theta) \ge r\} \text{ is open for every } r",
        assumptions=[Assumption("continuous tangents", r"f \text{ continuously differentiable in } \theta")],
        source=Source(RANK_STRATIFICATION, "implicit in the stratification; stated by us"),
        refuted_by="A point near which the rank is smaller.",
        checks=[
            Check(
                "neighbours",
                evidence="certified",
                covers="instances",
                scope="product model, 3 x 3 and 2 x 4 factorizations, tanh networks; perturbations of size 2^-20",
                run=check_semicontinuity,
                instances=singular_models,
                distribution="integer points with repeated, vanishing and cancelling parts",
                parameters={"relation": lambda at, beside: beside >= at},
                controls=[
                    Control("upper semicontinuous", relation=lambda at, beside: beside <= at),
                    Control("constant", relation=lambda at, beside: beside == at),
                ],
            ),
            Check(
                "boxes",
                evidence="certified",
                covers="instances",
                scope="a whole box in parameter space at once, of radius 2^-10, 2^-30 or 2^-200: a minor of balls that excludes zero",
                run=check_open,
                instances=tame_models,
                distribution="integer points with repeated, vanishing and cancelling parts",
                parameters={"radii": (2.0**-10, 2.0**-30, 2.0**-200)},
                controls=[Control("boxes of radius 100", radii=(100.0,))],
            ),
        ],
    ),
    Claim(
        id="rank.dim-bound",
        title="The dimension of the target set bounds the model rank",
        kind="extension",
        relation="upper",
        statement=r"\Theta^* \supset \text{a } C^1 \text{ submanifold of dimension } q \text{ through } \theta:\quad R(\theta) \le M - q",
        assumptions=[Assumption("through the point", r"\theta \text{ lies on the submanifold}")],
        source=Source(STRUCTURE, "section 2 (branches of the set of perfect points); the inequality: ours"),
        depends_on=["mf.strata"],
        refuted_by="A branch with a point of larger rank.",
        notes="Strict at optimal points as a rule: 7 < 25 for a rank-one 4 x 4 target; equality on the ineffective branch of two neurons.",
        checks=[
            Check(
                "matrices",
                evidence="exact",
                covers="instances",
                scope="all strata of 7 matrix formats up to 4 x 4",
                run=check_matrix_dimensions,
                instances=matrix_formats,
                distribution="integer targets, a random point of each stratum",
                parameters={"relation": bound_by_dimension},
                controls=[
                    Control("equality", relation=always_equal),
                    Control("one less", relation=lambda parameters, dimension, rank: rank <= parameters - dimension - 5),
                ],
            ),
            Check(
                "branches",
                evidence="certified",
                covers="instances",
                scope="the cross theta_2 theta_3 = 0, split and ineffective branch of one tanh neuron as two",
                run=check_branches,
                instances=lambda context: list(branches(context.rng())),
                distribution="integer weights; directions along the branch verified in Q(s) modulo a prime",
                parameters={"relation": bound_by_dimension},
                controls=[
                    Control("equality", relation=always_equal),
                    Control("always strict", relation=lambda parameters, dimension, rank: rank < parameters - dimension),
                ],
            ),
        ],
    ),
]
