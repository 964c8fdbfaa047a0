r"""Beyond local linear recovery: how near a zero-loss point comes to the target, when it is unique, and recovery without the condition.

Local linear recovery is a statement of first order near the target; what lies beyond it is tested here.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import LOCAL_RECOVERY, STRUCTURE
from proofs_check.claims._rank_checks import exact_tangent_matrix, judged
from proofs_check.claims._rates import decide, decide_half
from theory.draws import dyadic, dyadic_normal, pack_known
from theory.models import TwoLayer
from theory.models.factorizations import SymmetricFactorization

# ------------------------------------------------------------------------------------------------------- rank.ladder


def ladder_sizes(branch: str, D: int) -> tuple[int, int]:
    """(R(theta), separation size M - dim) of one neuron as two: split branch and ineffective branch; D = d (+ 1 with bias)."""
    return (D + 1, 2 * D + 1) if branch == "split" else (D + 2, D + 2)


def separated_at_rank(branch: str, D: int) -> tuple[int, int]:
    rank, _ = ladder_sizes(branch, D)
    return rank, rank


def one_as_two(model: TwoLayer, branch: str, batch: int, rng) -> np.ndarray:
    """Points (batch, P) that represent one neuron by two: equal ones with shared output weight, or one with output weight 0."""
    w = rng.normal(size=(batch, 2, model.inputs))
    w *= rng.uniform(1, 2, (batch, 2, 1)) / np.linalg.norm(w, axis=2, keepdims=True)
    b, a = 0.7 * rng.normal(size=(batch, 2)), rng.uniform(1, 2, (batch, 1, 2))
    if branch == "split":
        w[:, 1], b[:, 1] = w[:, 0], b[:, 0]
    else:
        a[:, :, 1] = 0
    return pack_known(model, input_weights=w, input_biases=b, output_weights=a)


def check_ladder(instance, *, sizes, context) -> Outcome:
    """Rates of slope one below R, of slope two or more from R, and of no error from the separation size on.

    Just below the separation size imperfect zero-loss points may fail to exist near by, so slope two is asked of half the designs.
    """
    from numerics.rank.slope import best_conditioned, slope_test

    d, bias, branch, offset_from, trials = instance
    model, D = TwoLayer(d, 2, bias=bias), d + bias
    rank, separation = sizes(branch, D)
    n = {"below": rank - 1, "at rank": rank, "before separation": separation - 1, "at separation": separation}[offset_from]
    rng = context.rng(d, bias, branch, offset_from)
    theta = one_as_two(model, branch, trials, rng)
    x = best_conditioned(model, theta, 1.3 * rng.normal(size=(trials, 40, n, d)), min(rank, n))
    found = slope_test(model, theta, x, rng.normal(size=(200, d)), rng=rng)
    what = f"d = {d}{' with bias' * bias}, {branch} branch, n = {n}"
    share = context.spend(64)
    if n < rank:
        return decide(int((found.converged & ~found.first_order).sum()), trials, True, alpha=share, what=f"{what}: slope one")
    if n < separation:
        second = found.converged & found.first_order & ~found.exact
        return decide_half(int(second.sum()), trials, alpha=share, what=f"{what}: slope two")
    return decide(int(found.exact.sum()), trials, True, alpha=share, what=f"{what}: exact")


def ladders(context):
    cases = context.by_level(
        quick=[(1, True), (2, False)],
        standard=[(1, True), (2, False), (2, True), (3, True)],
        full=[(1, True), (2, False), (2, True), (3, True), (4, True)],
    )
    trials = context.by_level(quick=120, standard=200, full=400)
    rungs = ("below", "at rank", "before separation", "at separation")
    return [(d, bias, branch, rung, trials) for d, bias in cases for branch in ("split", "ineffective") for rung in rungs]


def check_ladder_sizes(instance, *, sizes, context) -> Outcome:
    """Certified rank at points of both branches, and parameters minus the dimension of the branch."""
    from numerics.rank import model_rank

    d, bias, branch, replicate = instance
    model, D, rng = TwoLayer(d, 2, bias=bias), d + bias, context.rng(replicate)
    theta = dyadic(one_as_two(model, branch, 1, rng)[0], 10)
    dimension = 1 if branch == "split" else D
    return Outcome.equal(
        tuple(sizes(branch, D)), (model_rank(model, theta).rank, model.n_params - dimension), d=d, bias=bias, branch=branch
    )


def ladder_points(context):
    draws = context.by_level(quick=2, standard=30, full=60)
    return [
        (d, bias, branch, r) for d in (1, 2, 3, 4) for bias in (False, True) for branch in ("split", "ineffective") for r in range(draws)
    ]


# ------------------------------------------------------------------------------------------------ rank.llr-not-necessary


def trace_and_corner(A, d):
    """<G, A A^T> for the samples X_11 and tr X, with the values they take at e1 e1^T."""
    X = A @ A.T
    return [X[0, 0], sum(X[i, i] for i in range(d))], [1, 1]


def corner_and_neighbour(A, d):
    X = A @ A.T
    return [X[0, 0], X[1, 1]], [1, 0]


def check_psd_unique(instance, *, samples, context) -> Outcome:
    """tr X - X_11 = 0 is a sum of squares of all entries of A below its first row, so X = e1 e1^T is the only interpolant."""
    import sympy

    d, m = instance
    A = sympy.Matrix(d, m, sympy.symbols(f"a:{d * m}"))
    measured, values = samples(A, d)
    below = sum(A[i, j] ** 2 for i in range(1, d) for j in range(m))
    combination = sympy.expand(measured[1] - measured[0] - below) == 0 and values[1] - values[0] == 0
    rest = A.copy()
    for i, j in product(range(1, d), range(m)):
        rest[i, j] = 0
    only = sympy.expand(rest * rest.T - rest[0, :].dot(rest[0, :]) * sympy.Matrix(d, d, lambda i, j: int(i == j == 0))) == sympy.zeros(d)
    return judged(combination and only, "the samples do not force the rows below the first to vanish", d=d, m=m)


def check_no_local_recovery(instance, *, recovers, context) -> Outcome:
    """Exact rank of the tangents on the two samples against the model rank d of e1 e1^T."""
    from numerics.arithmetic.exact import rank_rational

    d, m = instance
    model = SymmetricFactorization(d, m)
    theta = np.zeros(model.n_params, int)
    theta[0] = 1
    J = exact_tangent_matrix(model, theta).reshape(d, d, -1)
    sampled = np.stack([J[0, 0], J[range(d), range(d)].sum(axis=0)])
    R_S, R = rank_rational(sampled), rank_rational(J.reshape(d * d, -1))
    return Outcome.equal(recovers, R_S == R, d=d, m=m, R_S=R_S, R=R)


# --------------------------------------------------------------------------------------------- rank.min-rank-interpolation


def check_minimal_interpolation(instance, *, unique_from, context) -> Outcome:
    """Levenberg-Marquardt from many starts at the minimal width: are all zero-loss points the target?

    A data set counts as unique when at least one start reaches zero loss and every one that does equals the target on test inputs.
    """
    from numerics.train import train

    d, k, bias, size, datasets, starts = instance
    model, rng = TwoLayer(d, k, bias=bias), context.rng(d, k, bias, size)
    R = model.n_params
    n = unique_from(R) if size == "unique" else R - 1
    theta, x = teachers(model, datasets, rng), rng.normal(size=(datasets, n, d))
    y, test = model(theta, x), rng.normal(size=(100, d))
    start = rng.normal(size=(datasets * starts, model.n_params))
    repeated = lambda values: np.repeat(values, starts, axis=0)
    trained = train(model, start, (repeated(x), repeated(y)), method="levenberg-marquardt", steps=200, stop=1e-20 / n)
    errors = ((model(trained.theta, test) - repeated(model(theta, test))) ** 2).mean(axis=(1, 2)).reshape(datasets, starts)
    zero = trained.converged.reshape(datasets, starts)
    # Zero loss leaves parameters off by sqrt(1e-20) / sigma_min; another solution differs by far more than 1e-8.
    unique = zero.any(axis=1) & ~(zero & (errors > 1e-8)).any(axis=1)
    what = f"d = {d}, k = {k}{' with bias' * bias}, n = {n} (R = {R}): all minimal interpolants equal the target"
    return decide(int(unique.sum()), datasets, size == "unique", alpha=context.spend(16), what=what)


def teachers(model: TwoLayer, batch: int, rng) -> np.ndarray:
    """Orthonormal directions of length two, biases of order one, outputs of modulus one to two."""
    w = 2 * np.linalg.qr(rng.normal(size=(batch, model.inputs, model.inputs)))[0][:, : model.width]
    a = rng.choice([-1, 1], (batch, 1, model.width)) * rng.uniform(1, 2, (batch, 1, model.width))
    b = rng.normal(size=(batch, model.width)) if model.bias else None
    return pack_known(model, input_weights=w, input_biases=b, output_weights=a)


def minimal_families(context):
    cases = context.by_level(
        quick=[(1, 1, False), (2, 1, False)],
        standard=[(2, 2, False), (2, 1, True), (5, 1, False), (2, 1, False), (1, 1, False)],
        full=[(3, 2, False), (2, 2, False), (2, 1, True), (5, 1, False), (2, 1, False), (1, 1, False)],
    )
    datasets = context.by_level(quick=60, standard=150, full=300)
    return [(*case, size, datasets, 40 if case[1] > 1 else 20) for case in cases for size in ("unique", "below")]


def check_isolated(instance, *, size, context) -> Outcome:
    """n = R generic samples fix a minimal interpolant locally: full column rank there, and one sample fewer does not."""
    from numerics.rank import empirical_rank

    d, k, bias, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, bias=bias)
    theta = dyadic(teachers(model, 1, rng)[0], 10)
    x = dyadic_normal(rng, (model.n_params + 2, d), bits=10)
    ranks = [empirical_rank(model, theta, x[:n]).lower for n in range(1, len(x) + 1)]
    return Outcome.equal(size(model.n_params), ranks.index(model.n_params) + 1, d=d, k=k, bias=bias, theta=theta)


def minimal_points(context):
    draws = context.by_level(quick=3, standard=40, full=100)
    return [(d, k, bias, r) for d, k in ((1, 1), (2, 1), (2, 2), (3, 2)) for bias in (False, True) for r in range(draws)]


CLAIMS = [
    Claim(
        id="rank.ladder",
        title="From first order to exact: the ladder of sample sizes",
        kind="law",
        relation="tight",
        statement=r"\text{test error of the nearest zero-loss point at distance } \varepsilon \text{ from } \theta^* \in "
        r"Q:\ \Theta(\varepsilon) \text{ for } n < R(\theta^*),"
        r"\ O(\varepsilon^2) \text{ for } n \ge R(\theta^*),\ 0 \text{ for } n \ge M - \dim Q",
        assumptions=[
            Assumption(
                "generic", r"\text{analytic activation, generic inputs, } \theta^* \text{ generic on the branch } Q \text{ of } \Theta^*"
            ),
        ],
        source=Source(STRUCTURE, "Theorem 2.1; sizes in 2405.13787v1, Table 1; the law in epsilon: ours"),
        depends_on=["rank.llr-condition", "rank.dim-bound"],
        refuted_by="Well-conditioned designs that recover exactly below, or not at all above, the announced size.",
        notes="One tanh neuron as two, D = d (+ 1 with bias): split branch R = D + 1, separation 2 D + 1; ineffective "
        "branch D + 2 for both. "
        "Recovery at n = R is of first order only.",
        checks=[
            Check(
                "slopes",
                evidence="training",
                covers="instances",
                scope="d = 1 with bias, d = 2 (quick), 2 and 3 with bias; both branches; below R, at R, before and at the separation size",
                run=check_ladder,
                instances=ladders,
                distribution="best conditioned of 40 normal designs for each of 120 (quick), 200, 400 points",
                alpha=1e-5,
                parameters={"sizes": ladder_sizes},
                controls=[
                    Control("separated at the rank on every branch", sizes=separated_at_rank),
                    Control("both branches alike", sizes=lambda branch, D: (D + 1, 2 * D + 1)),
                ],
            ),
            Check(
                "sizes",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 4, with and without bias, both branches",
                run=check_ladder_sizes,
                instances=ladder_points,
                distribution="dyadic points of the branches",
                parameters={"sizes": ladder_sizes},
                controls=[Control("separated at the rank on every branch", sizes=separated_at_rank)],
            ),
        ],
    ),
    Claim(
        id="rank.llr-not-necessary",
        title="Recovery without local linear recovery",
        kind="counterexample",
        relation="existence",
        statement=r"f = A A^T,\ f^* = e_1 e_1^T,\ S = \{X_{11} = 1,\ \operatorname{tr} X = 1\}:\quad R_S = 1 < R(f^*) = d,"
        r"\text{ yet } f^* \text{ is the only interpolant}",
        source=Source(LOCAL_RECOVERY, "which leaves necessity as a conjecture; the example: ours"),
        depends_on=["mf.sym", "rank.llr-condition"],
        refuted_by="Another positive semidefinite matrix with these two values.",
        checks=[
            Check(
                "uniqueness",
                evidence="symbolic",
                covers="statement",
                scope="d = 2 .. 4, m = 1 .. 4; entries of A symbols over the reals: a sum of squares vanishes termwise",
                run=check_psd_unique,
                instances=lambda context: [(d, m) for d in (2, 3, 4) for m in (1, 2, 4)],
                parameters={"samples": trace_and_corner},
                controls=[Control("the second diagonal entry for the trace", samples=corner_and_neighbour)],
            ),
            Check(
                "no-local-recovery",
                evidence="exact",
                covers="statement",
                scope="d = 2 .. 5, m = 1 .. 4",
                run=check_no_local_recovery,
                instances=lambda context: [(d, m) for d in (2, 3, 4, 5) for m in (1, 2, 4)],
                parameters={"recovers": False},
                controls=[Control("local linear recovery is necessary for recovery", recovers=True)],
            ),
        ],
    ),
    Claim(
        id="rank.min-rank-interpolation",
        title="Interpolants of minimal width: isolated at n = R, unique from n = R + 1",
        kind="law",
        relation="tight",
        statement=r"\text{among the interpolants of minimal model rank } f^* \text{ is isolated at } n = R(f^*)"
        r"\text{ and unique for } n \ge R(f^*) + 1 \text{ generic samples; for } n < R(f^*) \text{ it is not}",
        assumptions=[Assumption("generic", r"\text{tanh, generic teacher and inputs}")],
        source=Source(LOCAL_RECOVERY, "Theorem 5 is the local part; uniqueness: ours, measured"),
        depends_on=["fnn.function-rank", "rank.phase-transition-ae"],
        refuted_by="Generic data with n = R + 1 that two networks of minimal width fit.",
        notes="At n = R a second solution exists for a good part of the data sets once d >= 2.",
        checks=[
            Check(
                "minimal-width",
                evidence="training",
                covers="instances",
                scope="(d, k) = (1,1), (2,1) (quick), (5,1), (2,2), (2,1) with bias, (3,2); Levenberg-Marquardt, 20 or 40 "
                "starts, 200 steps",
                run=check_minimal_interpolation,
                instances=minimal_families,
                distribution="60 (quick), 150, 300 teachers with orthogonal directions of length two, normal inputs",
                alpha=1e-5,
                parameters={"unique_from": lambda R: R + 1},
                controls=[
                    Control("unique below the rank", unique_from=lambda R: R - 1),
                ],
            ),
            Check(
                "unique-at-the-rank",
                evidence="training",
                covers="instances",
                scope="(d, k) = (2,2): at n = R a second solution is common, at n = R + 1 there is none",
                run=check_minimal_interpolation,
                instances=lambda context: [(2, 2, False, "unique", context.by_level(quick=100, standard=200, full=400), 40)],
                level="standard",
                distribution="as above",
                alpha=1e-5,
                parameters={"unique_from": lambda R: R + 1},
                controls=[Control("unique at the rank", unique_from=lambda R: R)],
            ),
            Check(
                "isolated",
                evidence="certified",
                covers="instances",
                scope="(d, k) = (1,1), (2,1), (2,2), (3,2), with and without bias",
                run=check_isolated,
                instances=minimal_points,
                distribution="dyadic teachers and inputs",
                parameters={"size": lambda R: R},
                controls=[Control("one sample later", size=lambda R: R + 1)],
            ),
        ],
    ),
]
