r"""Beyond local linear recovery, among all interpolants: when the target is the only one, and the only one of minimal width."""

from itertools import product

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank
from numerics.train import train
from proofs_check import Assumption, axes, by_level, claim, false, nothing
from proofs_check.claims._rates import EXCLUDED, MARGIN, PREDICTED
from proofs_check.judging import equal
from theory.draws import dyadic, dyadic_normal, pack_known
from theory.models import TwoLayer
from theory.models.factorizations import SymmetricFactorization

from . import RECOVERY

NECESSARY = claim(
    "rank.llr-not-necessary",
    "Recovery without local linear recovery",
    r"f = A A^T,\ f^* = e_1 e_1^T,\ S = \{X_{11} = 1,\ \operatorname{tr} X = 1\}",
    clauses={
        "unique": r"f^* \text{ is the only interpolant}",
        "not local": r"R_S = 1 < R(f^*) = d \text{ for } d = 2, 3, 4,\ m = 1, 2, 4",
    },
    symbols={
        "A": "the factor, d x m",
        "X": "A A^T",
        "e_1": "first unit vector",
        "S": "two samples",
        "R_S, R": "rank of the tangents, on S and in all",
        "f^*": "the target",
    },
    kind="counterexample",
    source=RECOVERY.at("which leaves necessity as a conjecture; the example: ours"),
    depends_on=["mf.sym", "rank.llr-condition"],
    refuted_by="Another positive semidefinite matrix with these two values.",
)


def trace_and_corner(A, d):
    """<G, A A^T> for the samples X_11 and tr X, with the values they take at e1 e1^T."""
    X = A @ A.T
    return [X[0, 0], sum(X[i, i] for i in range(d))], [1, 1]


def corner_and_neighbour(A, d):
    X = A @ A.T
    return [X[0, 0], X[1, 1]], [1, 0]


FACTORS = axes(d=(2, 3, 4), m=(1, 2, 3, 4))


@NECESSARY.check(
    "symbolic",
    nothing,
    FACTORS,
    clauses="unique",
    covers="statement",
    name="uniqueness",
    scope="entries of A symbols over the reals; a sum of squares vanishes termwise, for every size alike",
)
@false("the second diagonal entry for the trace", samples=corner_and_neighbour)
def uniqueness(cell, _, *, samples=trace_and_corner, context):
    """tr X - X_11 = 0 is a sum of squares of all entries of A below its first row, so X = e1 e1^T is the only interpolant."""
    import sympy

    d, m = cell.d, cell.m
    A = sympy.Matrix(d, m, sympy.symbols(f"a:{d * m}"))
    measured, values = samples(A, d)
    below = sum(A[i, j] ** 2 for i in range(1, d) for j in range(m))
    rest = A.copy()
    for i, j in product(range(1, d), range(m)):
        rest[i, j] = 0
    corner = rest[0, :].dot(rest[0, :])
    return equal(
        difference=(below, sympy.expand(measured[1] - measured[0])),
        values=(0, values[1] - values[0]),
        only=(sympy.Matrix(d, d, lambda i, j: corner if i == j == 0 else 0).tolist(), (rest * rest.T).tolist()),
    )


@NECESSARY.check(
    "exact",
    nothing,
    FACTORS,
    clauses="not local",
    covers="statement",
    name="no-local-recovery",
    because="these are the sizes that the clause names",
)
@false("local linear recovery is necessary for recovery", formula=lambda d: (d, d))
@false("the model rank is 1", formula=lambda d: (1, 1))
def no_local_recovery(cell, _, *, formula=lambda d: (1, d), context):
    """Exact ranks of the tangents at e1 e1^T, on the two samples and in all."""
    model = SymmetricFactorization(cell.d, cell.m)
    theta = np.zeros(model.n_params, int)
    theta[0] = 1
    J = tangents(model, rationals(theta), model.entries())[1].reshape(cell.d, cell.d, -1)
    sampled = np.stack([J[0, 0], J[range(cell.d), range(cell.d)].sum(axis=0)])
    return equal(ranks=(formula(cell.d), (rank_rational(sampled), rank_rational(J.reshape(cell.d**2, -1)))))


MINIMAL = claim(
    "rank.min-rank-interpolation",
    "Interpolants of minimal width: isolated at n = R, unique from n = R + 1",
    r"\text{among the interpolants of minimal model rank}",
    clauses={
        "unique": r"f^* \text{ is unique for } n \ge R(f^*) + 1 \text{ generic samples; for } n < R(f^*) \text{ it is not}",
        "isolated": r"f^* \text{ is isolated at } n = R(f^*)",
    },
    symbols={"f^*": "the target", "n": "number of samples", "R": "its model rank"},
    kind="law",
    relation="tight",
    assumptions=[
        Assumption(
            "generic", r"\text{tanh, generic teacher and inputs}", unprobed="a set of measure zero; where it fails nothing is claimed"
        )
    ],
    source=RECOVERY.at("Theorem 5 is the local part; uniqueness: ours, measured"),
    depends_on=["fnn.function-rank", "rank.phase-transition-ae"],
    refuted_by="Generic data with n = R + 1 that two networks of minimal width fit.",
    notes="At n = R a second solution exists for a good part of the data sets once d >= 2.",
)


def teachers(model, batch, rng):
    """Orthonormal directions of length two, biases of order one, outputs of modulus one to two."""
    w = 2 * np.linalg.qr(rng.normal(size=(batch, model.inputs, model.inputs)))[0][:, : model.width]
    a = rng.choice([-1, 1], (batch, 1, model.width)) * rng.uniform(1, 2, (batch, 1, model.width))
    b = rng.normal(size=(batch, model.width)) if model.bias else None
    return pack_known(model, input_weights=w, input_biases=b, output_weights=a)


def unique_rate(cell, n, context, *, predicted, parts):
    """Levenberg-Marquardt from many starts at the minimal width: are all zero-loss points the target?

    A data set counts as unique when at least one start reaches zero loss and every one that does equals the target on test inputs.
    """
    d, k, bias = cell.network
    model, datasets, starts, rng = TwoLayer(d, k, bias=bias), cell.datasets, 40 if k > 1 else 20, context.rng(cell, n)
    theta, x = teachers(model, datasets, rng), rng.normal(size=(datasets, n, d))
    y, test = model(theta, x), rng.normal(size=(100, d))
    repeated = lambda values: np.repeat(values, starts, axis=0)
    start = rng.normal(size=(datasets * starts, model.n_params))
    trained = train(model, start, (repeated(x), repeated(y)), method="levenberg-marquardt", steps=200, stop=1e-20 / n)
    errors = ((model(trained.theta, test) - repeated(model(theta, test))) ** 2).mean(axis=(1, 2)).reshape(datasets, starts)
    zero = trained.converged.reshape(datasets, starts)
    # Zero loss leaves parameters off by sqrt(1e-20) / sigma_min; another solution differs by far more than 1e-8.
    unique = int((zero.any(axis=1) & ~(zero & (errors > 1e-8)).any(axis=1)).sum())
    what = f"d = {d}, k = {k}{' with bias' * bias}, n = {n} (R = {model.n_params}): all minimal interpolants equal the target"
    bound = {"at_least": PREDICTED} if predicted else {"at_most": EXCLUDED}
    return context.rate(unique, datasets, what=what, margin=MARGIN, parts=parts, **bound)


def rank_of(cell):
    d, k, bias = cell.network
    return TwoLayer(d, k, bias=bias).n_params


FAMILIES = by_level(
    ((1, 1, False), (2, 1, False)),
    ((2, 2, False), (2, 1, True), (5, 1, False), (2, 1, False), (1, 1, False)),
    ((3, 2, False), (2, 2, False), (2, 1, True), (5, 1, False), (2, 1, False), (1, 1, False)),
)
DATASETS = by_level((60,), (150,), (300,))


@MINIMAL.check(
    "training",
    nothing,
    axes(network=FAMILIES, size=("unique", "below"), datasets=DATASETS),
    clauses="unique",
    alpha=1e-5,
    name="minimal-width",
    distribution="teachers with orthogonal directions of length two, normal inputs",
)
@false("unique below the rank", unique_from=lambda R: R - 1)
def minimal_width(cell, _, *, unique_from=lambda R: R + 1, context):
    """Levenberg-Marquardt, 20 or 40 starts, 200 steps, at n = R + 1 and below R."""
    unique = cell.size == "unique"
    return unique_rate(cell, unique_from(rank_of(cell)) if unique else rank_of(cell) - 1, context, predicted=unique, parts=16)


PAIR = axes(network=((2, 2, False),), datasets=by_level((100,), (200,), (400,)))


@MINIMAL.check(
    "training",
    nothing,
    PAIR,
    clauses="unique",
    level="standard",
    alpha=1e-5,
    name="unique-at-the-rank",
    distribution="as above",
)
@false("unique at the rank", unique_from=lambda R: R)
def unique_at_the_rank(cell, _, *, unique_from=lambda R: R + 1, context):
    """(d, k) = (2, 2): at n = R a second solution is common, at n = R + 1 there is none."""
    return unique_rate(cell, unique_from(rank_of(cell)), context, predicted=True, parts=1)


ISOLATED = axes(network=tuple((d, k, bias) for d, k in ((1, 1), (2, 1), (2, 2), (3, 2)) for bias in (False, True)), quick=2, standard=15)


def teacher(cell, rng):
    d, k, bias = cell.network
    model = TwoLayer(d, k, bias=bias)
    return dyadic(teachers(model, 1, rng)[0], 10), dyadic_normal(rng, (model.n_params + 2, d), bits=10)


@MINIMAL.check("certified", teacher, ISOLATED, clauses="isolated", distribution="dyadic teachers and inputs", name="isolated")
@false("one sample later", size=lambda R: R + 1)
@false("one sample earlier", size=lambda R: R - 1)
def isolated(cell, instance, *, size=lambda R: R, context):
    """n = R generic samples fix a minimal interpolant locally: full column rank there, and one sample fewer does not."""
    theta, x = instance
    d, k, bias = cell.network
    model = TwoLayer(d, k, bias=bias)
    ranks = [empirical_rank(model, theta, x[: n + 1]).lower for n in range(len(x))]
    first = ranks.index(model.n_params) + 1 if model.n_params in ranks else None
    return equal(samples=(size(model.n_params), first), shown={"theta": theta})
