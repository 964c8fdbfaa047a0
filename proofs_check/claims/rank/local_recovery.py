r"""Local linear recovery: when the samples decide the linearized problem.

At theta* with f(.; theta*) = f*, the samples S decide it exactly when the tangent matrix on S has the rank of the tangent function
space. Everything else (monotony in S, optimistic sample size, phase transition) follows from that.
"""

from itertools import pairwise

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import float_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.networks import samples
from proofs_check.judging import at_most, equal, worst
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import matrix_rank

from . import FLOATS, RECOVERY

CONDITION = claim(
    "rank.llr-condition",
    "Local linear recovery is a condition on two ranks",
    r"f^* \text{ is the unique minimizer over the tangent hyperplane at } \theta^* \iff R_S(\theta^*) = R(\theta^*)",
    symbols=["f^*", r"\theta", "R_S", "R", "S", "y_j"],
    assumptions=[Assumption("interpolation", r"f(x_j; \theta^*) = y_j \text{ for all } j")],
    source=RECOVERY.at("Lemma 7 (2211.11623v1, Lemmas 1 and 4)"),
    refuted_by="A tangent matrix where uniqueness of the function and equality of the ranks disagree.",
)

PROBLEMS = axes(
    M=by_level((1, 2, 4, 6), tuple(range(1, 7))),
    N=by_level((1, 3, 6), tuple(range(1, 7))),
    n=by_level((1, 2, 4, 7), tuple(range(1, 8))),
    rank=("full", "short"),
    standard=2,
    full=10,
)


def linear_problem(cell, rng):
    """G (M, N): tangents over N basis functions, of full or lesser rank; V (N, n): these on the samples; the residual there."""
    most = min(cell.M, cell.N)
    G = draws.of_rank(rng, cell.M, cell.N, most if cell.rank == "full" else int(rng.integers(0, most)))
    return G, rng.integers(-3, 4, (cell.N, cell.n)) * rng.integers(0, 2, (1, cell.n)), rng.integers(1, 4, cell.n)


def functions_agree(G, V):
    """Every direction that vanishes on the samples vanishes as a function."""
    return all(not (np.array(a, object) @ G).any() for a in nullspace_rational((G @ V).T))


def coefficients_agree(G, V):
    """Every direction that vanishes on the samples is zero: asks for more than a unique function."""
    return not nullspace_rational((G @ V).T)


def same_ranks(R_S, R, M, n):
    return R_S == R


def as_many_as_samples(R_S, R, M, n):
    return R_S == n


def as_many_as_parameters(R_S, R, M, n):
    return R_S == M


@CONDITION.check("exact", linear_problem, PROBLEMS, distribution="integers; some samples without any value", name="kernels")
@false("as many as samples", condition=as_many_as_samples)
@false("as many as parameters", condition=as_many_as_parameters)
@false("unique coefficients", unique=coefficients_agree)
def kernels(cell, problem, *, condition=same_ranks, unique=functions_agree, residual=0, context):
    """Uniqueness of the minimizing function, decided by kernels, against the condition on the ranks."""
    G, V, r = (part.astype(object) for part in problem)
    minimizer = not (G @ V @ (residual * r)).any()  # theta* itself is a minimizer: the normal equations hold at a = 0
    predicted = condition(rank_rational(G @ V), rank_rational(G), cell.M, cell.n)
    return equal(recovered=(predicted, minimizer and unique(G, V)), shown={"G": G, "V": V})


CONDITION.without("interpolation", kernels, residual=1)

NETWORKS = axes(d=(2, 3), k=(1, 2), copies=(0, 1, 2), n=by_level((1, 2, 4, 6, 8, 12), tuple(range(1, 13))), full=10)


def copied_network(cell, rng):
    """k neurons and copies of the first, so that M exceeds R; inputs, and others for tests."""
    model = TwoLayer(cell.d, cell.k + cell.copies)
    w = rng.normal(size=(cell.k, cell.d))
    theta = model.pack(
        input_weights=np.vstack([w, np.repeat(w[:1], cell.copies, 0)]), output_weights=rng.uniform(0.5, 2, (1, cell.k + cell.copies))
    )
    return model, theta, rng.normal(size=(cell.n, cell.d)), rng.normal(size=(8 * model.n_params, cell.d))


@CONDITION.check("property", copied_network, NETWORKS, tolerance=FLOATS, distribution="normal weights and inputs", name="network")
@false("as many as samples", condition=as_many_as_samples)
@false("as many as parameters", condition=as_many_as_parameters)
def network(cell, instance, *, condition=same_ranks, context):
    """tanh: null directions on the samples, looked at on a fine set of test inputs."""
    model, theta, *inputs = instance
    on_samples, on_tests = (tangents(model, theta, x)[1][:, 0] for x in inputs)
    R_S, R, both = ranks = [float_rank(J).estimate for J in (on_samples, on_tests, np.vstack([on_samples, on_tests]))]
    # A null direction on S that is no null function would raise the rank of S together with the tests above that of S.
    recovered = None if None in ranks else float(both == R_S)
    predicted = 0.0 if None in ranks else float(condition(R_S, R, model.n_params, cell.n))
    return equal(recovered=(predicted, recovered), shown={"theta": theta, "ranks": ranks})


CONDITION.formal("rank/samples.v", "rank_llr_condition", false="R_S = n instead of R_S = R", adequate=samples)

MONOTONE = claim(
    "rank.monotone-n",
    "More samples never hurt local linear recovery",
    r"S \subseteq S'",
    clauses={
        "ranks": r"R_S(\theta) \le R_{S'}(\theta) \le R(\theta);\text{ one sample raises the rank by 0 or 1}",
        "recovery": r"R_S = R \Rightarrow R_{S'} = R: \text{ local linear recovery from } S \text{ is one from } S'",
    },
    symbols=["R_S", "R", "S", r"\theta"],
    relation="lower",
    source=RECOVERY.at("Proposition 1"),
    depends_on=["rank.llr-condition"],
    refuted_by="Nested samples along which the rank falls, jumps by more than one, or recovery is lost.",
)

MODELS = {
    "3 x 4, width 2": MatrixFactorization(3, 4, 2),
    "ratsig4 with biases": TwoLayer(2, 2, activation="ratsig4", bias=True),
    "cubic with biases": TwoLayer(2, 2, activation="power:3", bias=True),
}
NESTED = axes(model=tuple(MODELS), samples=("generic", "repeated"), quick=2, standard=6, full=30)


def nested(cell, rng):
    """A point, and an order of samples: each once, or every third like the first."""
    model = MODELS[cell.model]
    entries = isinstance(model, MatrixFactorization)
    x = rng.permutation(model.entries()) if entries else rng.integers(-8, 9, (14, 2)) / 4
    if cell.samples == "repeated":
        x[1::3] = x[0]
    return rng.integers(-3, 4, model.n_params), x


def steps(ranks):
    return {b - a for a, b in pairwise([0, *ranks])}


@MONOTONE.check(
    "exact", nested, NESTED, clauses=("ranks", "recovery"), distribution="integer parameters, permuted entries or quarters", name="nested"
)
@false("strictly increasing until R", least=1)
@false("one less than the rank on all samples", size=lambda n, R: min(n, R - 1))
def along(cell, instance, *, least=0, size=min, context):
    """The exact ranks along nested samples: they rise by 0 or 1 to the column rank, and stay there."""
    theta, x = instance
    model = MODELS[cell.model]
    J = tangents(model, rationals(theta), x if isinstance(model, MatrixFactorization) else rationals(x))[1][:, 0]
    ranks = [rank_rational(J[: n + 1]) for n in range(len(J))]
    R = matrix_rank(J.T)  # of the parameters' side: the columns, by another elimination
    least_steps = [b - a for a, b in pairwise([0, *ranks]) if a < R]
    first = ranks.index(R) if R in ranks else None
    return worst(
        [
            equal(lasting=(True, first is not None and set(ranks[first:]) == {R}), shown={"theta": theta, "ranks": ranks}),
            at_most("largest step", max(steps(ranks)), 1, theta=theta),
            at_most("least step", least, min(least_steps, default=1), attained=False, theta=theta, ranks=ranks),
            at_most("rank on all samples", ranks[-1], size(len(J), R), theta=theta),
        ]
    )


FLAT = axes(d=(2, 3), standard=5, full=30)


@MONOTONE.check(
    "property",
    lambda cell, rng: (rng.normal(size=cell.d + 2), rng.normal(size=(2 * cell.d + 4, cell.d))),
    FLAT,
    clauses="ranks",
    tolerance=FLOATS,
    distribution="normal parameters and inputs, every third input repeated",
    name="nested-in-floats",
)
@false("strictly increasing until R", least=1)
def along_in_floats(cell, instance, *, least=0, context):
    """tanh with bias, one neuron: the same from singular values."""
    theta, x = instance
    x = x.copy()
    x[1::3] = x[0]
    J = tangents(TwoLayer(cell.d, 1, bias=True), theta, x)[1][:, 0]
    ranks = [float_rank(J[: n + 1]).estimate for n in range(len(J))]
    if None in ranks:
        return equal(step=(1.0, None), shown={"ranks": ranks})
    below = [float(b - a) for a, b in pairwise([0, *ranks]) if a < ranks[-1]]
    return worst(
        [
            at_most("largest step", max(below), 1.0, theta=theta),
            at_most("least step", float(least), min(below), attained=False, theta=theta, ranks=ranks),
        ]
    )


MONOTONE.formal("rank/samples.v", "rank_monotone_n", false="every sample raises the rank", adequate=samples, clauses=("ranks", "recovery"))
