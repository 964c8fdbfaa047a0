r"""Beyond local linear recovery: how near a zero-loss point comes to the target, when it is unique, and recovery without the condition.

Local linear recovery is a statement of first order near the target; what lies beyond it is tested here.
"""

from itertools import product

import numpy as np

from numerics.arithmetic.exact import PRIMES, rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank, modular_tangents
from numerics.rank.slope import best_conditioned, slope_test
from numerics.train import train
from proofs_check import Assumption, axes, by_level, claim, false, nothing
from proofs_check.claims._rates import EXCLUDED, HALF, HALF_MARGIN, MARGIN, PREDICTED
from proofs_check.judging import equal, rank_is, vanishing, worst
from theory.draws import dyadic, dyadic_normal, pack_known
from theory.models import TwoLayer
from theory.models.factorizations import SymmetricFactorization

from . import RECOVERY, STRUCTURE

LADDER = claim(
    "rank.ladder",
    "From first order to exact: the ladder of sample sizes",
    r"\text{test error of the nearest zero-loss point at distance } \varepsilon \text{ from } \theta^* \in Q",
    clauses={
        "errors": r"\Theta(\varepsilon) \text{ for } n < R(\theta^*),\ O(\varepsilon^2) \text{ for } n \ge R(\theta^*),"
        r"\ 0 \text{ for } n \ge M - \dim Q",
        "sizes": r"\text{one tanh neuron as two, } D = d\ (+ 1 \text{ with bias}):\ (R, M - \dim Q) = (D + 1, 2 D + 1)"
        r"\text{ on the split},\ (D + 2, D + 2) \text{ on the ineffective branch}",
    },
    symbols={
        "theta^*": "a point that represents the target",
        "Q": "a branch of all such points",
        "epsilon": "distance of the start",
        "n": "number of samples",
        "R": "model rank at theta^*",
        "M": "number of parameters",
        "d, D": "inputs, and size of a neuron",
    },
    kind="law",
    relation="tight",
    assumptions=[
        Assumption(
            "generic",
            r"\text{analytic activation, generic inputs, } \theta^* \text{ generic on the branch } Q \text{ of } \Theta^*",
            unprobed="a measure-zero set of designs; where it fails nothing is claimed",
        ),
    ],
    source=STRUCTURE.at("Theorem 2.1; sizes in 2405.13787v1, Table 1; the law in epsilon: ours"),
    depends_on=["rank.llr-condition", "rank.dim-bound"],
    refuted_by="Well-conditioned designs that recover exactly below, or not at all above, the announced size.",
    notes="Recovery at n = R is of first order only.",
)

BRANCHES, RUNGS = ("split", "ineffective"), ("below", "at rank", "before separation", "at separation")


def sizes_of(branch, D):
    """(R(theta), separation size M - dim)."""
    return (D + 1, 2 * D + 1) if branch == "split" else (D + 2, D + 2)


def separated_at_rank(branch, D):
    return (sizes_of(branch, D)[0],) * 2


def both_alike(branch, D):
    return D + 1, 2 * D + 1


def one_as_two(model, branch, batch, rng):
    """Points (batch, P) that represent one neuron by two: equal ones with shared output weight, or one with output weight 0."""
    w = rng.normal(size=(batch, 2, model.inputs))
    w *= rng.uniform(1, 2, (batch, 2, 1)) / np.linalg.norm(w, axis=2, keepdims=True)
    b, a = 0.7 * rng.normal(size=(batch, 2)), rng.uniform(1, 2, (batch, 1, 2))
    if branch == "split":
        w[:, 1], b[:, 1] = w[:, 0], b[:, 0]
    else:
        a[:, :, 1] = 0
    return pack_known(model, input_weights=w, input_biases=b, output_weights=a)


NETWORKS = by_level(
    ((1, True), (2, False)), ((1, True), (2, False), (2, True), (3, True)), ((1, True), (2, False), (2, True), (3, True), (4, True))
)
SLOPES = axes(network=NETWORKS, branch=BRANCHES, rung=RUNGS, trials=by_level((120,), (200,), (400,)))


@LADDER.check(
    "training",
    nothing,
    SLOPES,
    clauses="errors",
    alpha=1e-5,
    name="slopes",
    distribution="best conditioned of 40 normal designs for every point",
)
@false("separated at the rank on every branch", sizes=separated_at_rank)
@false("both branches alike", sizes=both_alike)
def slopes(cell, _, *, sizes=sizes_of, context):
    """Rates of slope one below R, of slope two or more from R, and of no error from the separation size on.

    Just below the separation size imperfect zero-loss points may fail to exist near by, so slope two is asked of half the designs.
    """
    (d, bias), trials = cell.network, cell.trials
    model = TwoLayer(d, 2, bias=bias)
    rank, separation = sizes(cell.branch, d + bias)
    n = {"below": rank - 1, "at rank": rank, "before separation": separation - 1, "at separation": separation}[cell.rung]
    rng = context.rng(d, bias, cell.branch, cell.rung)
    theta = one_as_two(model, cell.branch, trials, rng)
    x = best_conditioned(model, theta, 1.3 * rng.normal(size=(trials, 40, n, d)), min(rank, n))
    found = slope_test(model, theta, x, rng.normal(size=(200, d)), rng=rng)
    what = f"d = {d}{' with bias' * bias}, {cell.branch} branch, n = {n}"
    if n < rank:
        first = int((found.converged & ~found.first_order).sum())
        return context.rate(first, trials, what=f"{what}: slope one", at_least=PREDICTED, margin=MARGIN, parts=64)
    if n < separation:
        second = int((found.converged & found.first_order & ~found.exact).sum())
        return context.rate(second, trials, what=f"{what}: slope two", at_least=HALF, margin=HALF_MARGIN, parts=64)
    return context.rate(int(found.exact.sum()), trials, what=f"{what}: exact", at_least=PREDICTED, margin=MARGIN, parts=64)


SIZES = axes(d=(1, 2, 3), bias=(False, True), branch=BRANCHES, standard=10)


def dyadic_point(cell, rng):
    return dyadic(one_as_two(TwoLayer(cell.d, 2, bias=cell.bias), cell.branch, 1, rng)[0], 10)


@LADDER.check("certified", dyadic_point, SIZES, clauses="sizes", distribution="dyadic points of the branches", name="sizes")
@false("separated at the rank on every branch", sizes=separated_at_rank)
@false("both branches alike", sizes=both_alike)
def sizes_at_points(cell, theta, *, sizes=sizes_of, context):
    """The certified rank, and the parameters minus the dimension of the branch, whose directions are zeros of the tangent map."""
    model = TwoLayer(cell.d, 2, bias=cell.bias)
    places = model.unpack(np.arange(model.n_params))
    rows = [places["input_weights"][1].tolist() + ([places["input_biases"][1]] if cell.bias else [])]
    a = places["output_weights"][0]
    directions = np.zeros((1 if cell.branch == "split" else len(rows[0]), model.n_params), int)
    if cell.branch == "split":
        directions[0, a] = 1, -1
    else:
        directions[np.arange(len(rows[0])), rows[0]] = 1
    along = modular_tangents(model, theta, dyadic_normal(context.rng(theta), (12, cell.d), bits=6), PRIMES[0], 0x5EED1) @ directions.T
    rank, separation = sizes(cell.branch, cell.d + cell.bias)
    return worst(
        [
            vanishing("tangents along the branch", [int(value) for value in along.flat], theta=theta),
            rank_is(rank, model_rank(model, theta), theta=theta),
            equal(separation=(separation, model.n_params - rank_rational(rationals(directions)))),
        ]
    )


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


FACTORS = axes(d=(2, 3, 4), m=(1, 2, 4))


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
