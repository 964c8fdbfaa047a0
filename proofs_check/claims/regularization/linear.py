r"""Flows whose limit is a projection of the start: linear regression, mirror flows, diagonal linear networks.

In each a dual variable (theta itself, grad Phi, log(u/v)) moves along the inputs only, so that the limit is the nearest solution in the
geometry that belongs to it. Whatever refutes overlaps must leave these alone.
"""

import numpy as np

from numerics.arithmetic.exact import rank_rational
from proofs_check import Assumption, Outcome, Source, axes, claim, false
from proofs_check.judging import bounded, equal, vanishing, worst
from theory.regularization.regularizers import nearest_solution

from . import LIMITATION_PAPER
from ._pictures import projections, scales

LINEAR = claim(
    "regularization.linear",
    "Linear regression: the nearest solution",
    r"f = \theta \cdot x,\ n < M:\quad \Phi_S(\theta_0) = \theta_0 + X^+(y - X\theta_0) = \arg\min_{X\theta = y} |\theta - \theta_0|",
    symbols={
        "f": "the linear model",
        r"\theta, \theta_0": "parameters, the start",
        "n, M": "numbers of samples and parameters",
        "X, y": "inputs as rows, labels; X^+ the pseudoinverse",
        r"\Phi_S": "limit of the flow on the dataset",
    },
    source=LIMITATION_PAPER.at("section 4, example; classical, re-derived"),
    assumptions=[
        Assumption("underdetermined", "X has full rank n < M", unprobed="for n = M the solution is unique whatever the start"),
        Assumption("steps along the inputs", r"\text{each step is a combination of the inputs}"),
    ],
    refuted_by="A start and data whose flow ends at another solution than the nearest.",
)

SHAPES = axes(n=(1, 2, 3), M="n + 1..5", quick=2, standard=8, full=25)


def regression(cell, rng):
    """Integer inputs of full rank, labels, a start."""
    while True:
        X = rng.integers(-4, 5, (cell.n, cell.M))
        if rank_rational(X) == cell.n:
            return X, rng.integers(-5, 6, cell.n), rng.integers(-3, 4, cell.M)


def smallest(X, y, theta0, *, solve):
    """The solution of least norm, whatever the start."""
    return nearest_solution(X, y, 0 * theta0, solve=solve)


@LINEAR.check("exact", regression, SHAPES)
@false("least norm whatever the start", formula=smallest)
def projection(cell, given, *, formula=nearest_solution, context):
    """The formula solves the data and differs from the start by a combination of the inputs, which the flow never leaves; the move is
    orthogonal to the kernel of X, so that no other solution has that property."""
    from flint import fmpq, fmpq_mat

    X, y, theta0 = (np.vectorize(fmpq, otypes=[object])(part.astype(object)) for part in given)

    def solve(A, b):
        return np.array(fmpq_mat(len(b), len(b), A.ravel().tolist()).solve(fmpq_mat(len(b), 1, b.tolist())).entries(), dtype=object)

    theta = formula(X, y, theta0, solve=solve)
    inside = rank_rational(np.vstack([X, theta - theta0]))
    return equal(labels=(list(y), list(X @ theta)), rank_with_the_move=(cell.n, inside), shown={"X": given[0], "start": given[2]})


def run(name, X, y, theta0, steps=6000):
    """The end of an optimizer on |X theta - y|^2/2; L is the largest eigenvalue of X^T X."""
    L = np.linalg.eigvalsh(X.T @ X)[-1]
    theta, velocity, square = theta0.astype(float), 0.0, 0.0
    for k in range(steps):
        gradient = X.T @ (X @ theta - y)
        if name == "single samples":
            i = k % len(y)
            gradient = (X[i] @ theta - y[i]) * X[i] * L / (X[i] @ X[i])
        if name == "Adam":
            velocity, square = 0.9 * velocity + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            theta = theta - 0.01 * (velocity / (1 - 0.9 ** (k + 1))) / (np.sqrt(square / (1 - 0.999 ** (k + 1))) + 1e-12)
            continue
        if name == "preconditioned":
            gradient = gradient * np.linspace(0.3, 1, len(theta))
        velocity = 0.8 * velocity - gradient / L if name == "heavy ball" else -(1.9 if name == "steps 1.9/L" else 1) * gradient / L
        theta = theta + velocity
    return theta


def well_conditioned(cell, rng):
    X, y, theta0 = regression(cell, rng)
    X[:, : cell.n] += 6 * np.eye(cell.n, dtype=int)
    return X.astype(float), y.astype(float), theta0.astype(float)


@LINEAR.check(
    "property",
    well_conditioned,
    axes(optimizer=("steps 1/L", "steps 1.9/L", "heavy ball", "single samples"), n=(1, 2), M=(4,), standard=4, full=12),
    distribution="integer entries, diagonal raised by 6",
    tolerance="1e-10: linear convergence for 6000 steps leaves rounding only",
)
@false("least norm whatever the start", formula=smallest)
def optimizers(cell, given, *, formula=nearest_solution, optimizer=None, context):
    """Optimizers whose steps stay in the row space end at the formula."""
    X, y, theta0 = given
    end = run(optimizer or cell.optimizer, X, y, theta0)
    return bounded("distance from the nearest solution", end - formula(X, y, theta0, solve=np.linalg.solve), 1e-10, start=theta0)


LINEAR.without("steps along the inputs", optimizers, optimizer="Adam")

MIRROR = claim(
    "regularization.mirror",
    "Mirror flow: the Bregman projection of the start",
    r"\tfrac{d}{dt} \nabla\Phi(\theta) = -\nabla L,\ L = \ell(X\theta):\quad \lim \theta = \arg\min_{X\theta = y} D_\Phi(\theta, \theta_0)",
    clauses={
        "optimality": r"\nabla_\theta D_\Phi(\theta, \theta_0) = \nabla\Phi(\theta) - \nabla\Phi(\theta_0), \text{ with the convex"
        r" Hessian of } \Phi",
        "dual move": r"\nabla\Phi(\lim\theta) - \nabla\Phi(\theta_0) \text{ is a combination of the inputs}",
    },
    symbols={
        r"\Phi": "a strictly convex potential",
        "D_\\Phi": r"\Phi(\theta) - \Phi(\theta_0) - \nabla\Phi(\theta_0) \cdot (\theta - \theta_0)",
        r"\theta, \theta_0": "parameters, the start",
        "L, X, y": "a loss of X theta, inputs as rows, labels",
        r"\ell": "a loss of the outputs, least at y",
        "t": "time",
    },
    source=LIMITATION_PAPER.at("related work; classical, re-derived"),
    assumptions=[
        Assumption("mirror flow", r"\theta' = -(\nabla^2\Phi)^{-1} \nabla L"),
        Assumption(
            "ends at a solution",
            r"\theta \to \lim\theta, \text{ where } X \lim\theta = y \text{ and } \nabla^2\Phi \text{ is positive definite}",
            unprobed="of no solution in the domain there is no projection: the entropy on X = 1, y = -1 leads to 0",
        ),
    ],
    refuted_by="A limit whose dual move is no combination of the inputs.",
)


@MIRROR.check(
    "symbolic",
    [None],
    clauses="optimality",
    covers="statement",
    scope="every monomial of two parameters to order four: the identities are linear in Phi",
)
@false("distance from the start to theta", swapped=True)
def bregman(_, *, swapped=False, context):
    """Gradient and Hessian of the Bregman distance: with a dual move along the inputs the limit is a critical point of a convex problem."""
    import sympy as sp

    theta, start, powers = sp.symbols("theta:2"), sp.symbols("start:2"), [(i, j) for i in range(5) for j in range(5 - i)]
    at_start, coefficients = dict(zip(theta, start, strict=True)), sp.symbols(f"c:{len(powers)}")
    Phi = lambda p: sum(c * p[0] ** i * p[1] ** j for c, (i, j) in zip(coefficients, powers, strict=True))
    slopes = [sp.diff(Phi(theta), t) for t in theta]
    there = [slope.subs(at_start, simultaneous=True) for slope in slopes]
    D = lambda p, q, gradient: Phi(p) - Phi(q) - sum(g * (a - b) for g, a, b in zip(gradient, p, q, strict=True))
    distance = D(start, theta, slopes) if swapped else D(theta, start, there)
    first = [sp.diff(distance, t) - (s - at) for t, s, at in zip(theta, slopes, there, strict=True)]
    second = [sp.diff(distance, p, q) - sp.diff(Phi(theta), p, q) for p in theta for q in theta]
    return vanishing("differences", [sp.expand(entry) for entry in (*first, *second)])


@MIRROR.check("symbolic", [None], clauses="dual move", covers="statement", scope="two parameters and one sample; samples enter as a sum")
@false("Euclidean metric", metric=lambda hessian, sp: sp.eye(2))
def dual_speed(_, *, metric=lambda hessian, sp: hessian, context):
    """With theta' = -(Hess Phi)^-1 X^T g the dual variable moves along the inputs: Hess Phi theta' = -X^T g, g the slope of the loss."""
    import sympy as sp

    p, q, r, x1, x2, g = sp.symbols("p q r x1 x2 g")
    hessian, pull = sp.Matrix([[p, q], [q, r]]), sp.Matrix([x1, x2]) * g
    speed = -metric(hessian, sp).inv() * pull
    return vanishing("differences", [sp.cancel(entry) for entry in hessian * speed + pull])


#: Potentials as (grad Phi, its inverse Hessian), on positive parameters.
POTENTIALS = {"entropy": (np.log, lambda theta: theta), "Burg": (lambda theta: -1 / theta, lambda theta: theta**2)}


@MIRROR.check(
    "property",
    lambda cell, rng: (rng.uniform(0, 1, (2, 5)), rng.uniform(0.2, 2, 5), rng.uniform(0.3, 1.5, 5)),
    axes(potential=tuple(POTENTIALS), quick=2, standard=10, full=25),
    clauses="dual move",
    scope="two samples in five dimensions",
    distribution="positive data",
    tolerance="1e-6: residual 1e-8 times the conditioning of positive inputs",
)
@false("Euclidean projection", dual=lambda theta: theta)
def dual_move(cell, given, *, dual=None, metric=None, context):
    """The limit solves the data, and grad Phi moved along the inputs."""
    from scipy.integrate import solve_ivp

    X, theta_star, theta0 = given
    y, (gradient, inverse) = X @ theta_star, POTENTIALS[cell.potential]
    field = lambda _, theta: -(metric or inverse)(theta) * (X.T @ (X @ theta - y))
    end = solve_ivp(field, (0, 3000), theta0, method="LSODA", rtol=1e-12, atol=1e-14).y[:, -1]
    if not np.abs(X @ end - y).max() < 1e-8:
        return Outcome.inconclusive("the mirror flow did not solve the data")
    dual = dual or gradient
    outcome = bounded("dual move outside the row space", off_row_space(X, dual(end) - dual(theta0)), 1e-6, end=end)
    return worst([outcome], figures=[projections()] if cell.potential == "entropy" else ())


MIRROR.without("mirror flow", dual_move, metric=lambda theta: theta**0.5)

DIAGONAL = claim(
    "regularization.diagonal-linear",
    "Diagonal linear networks: the hyperbolic entropy",
    r"\beta = u^2 - v^2:\ \Phi \text{ minimizes } Q(\beta) = \sum \beta\,\mathrm{asinh}\tfrac{\beta}{2 u_0 v_0} -"
    r" \sqrt{\beta^2 + 4 u_0^2 v_0^2} + \tfrac{\beta}{2} \ln\tfrac{v_0^2}{u_0^2};"
    r"\ u \odot v \text{ is conserved};\ u_0 = v_0 = \alpha \to 0: \text{ least } \ell_1",
    clauses={
        "conserved": r"u \odot v \text{ is conserved along the flow of every loss of } X\beta",
        "minimizer": r"\nabla Q(\beta) = -2s \text{ along } u = u_0 e^{-s},\ v = v_0 e^s, \text{ and } Q \text{ is strictly convex}",
        "least l1": r"\tfrac{Q}{2 \ln(1/\alpha)} \to |\beta|_1: \text{ the excess over the least } \ell_1 \text{ norm falls as }"
        r" \alpha \to 0",
    },
    symbols={
        r"\beta": "u^2 - v^2, entry by entry",
        "u, v": "the two layers, u_0, v_0 > 0 their start",
        "Q": "hyperbolic entropy",
        r"\ell_1": "the norm that is the sum of absolute values",
        r"\alpha": "scale of the start",
        r"\Phi": "limit of the flow",
        "X": "inputs as rows",
        "s": "a dual variable, moving along the inputs",
    },
    source=Source("arXiv:2002.09277", "Theorem 1, recalled"),
    assumptions=[Assumption("positive start", r"u_0, v_0 > 0", unprobed="where u_0 or v_0 is 0 it stays 0 and Q is not defined")],
    refuted_by="A flow at whose end grad Q is no combination of the inputs.",
)


@DIAGONAL.check(
    "symbolic", [None], clauses=("conserved", "minimizer"), covers="statement", scope="one coordinate, symbolic start; Q is separable"
)
@false("asinh(beta/(u0 v0))", factor=1)
@false("one sign for both layers", sign=1)
def stationarity(_, *, factor=2, sign=-1, context):
    """u' = -2 u g, v' = 2 v g for the slope g of the loss: u v stays, and dQ/d beta at (u_0 e^-s, v_0 e^s) is -2 s; Q'' > 0."""
    import sympy as sp

    u0, v0, s, c = sp.symbols("u0 v0 s c", positive=True)
    beta = sp.Symbol("beta", real=True)
    u, v, g = sp.symbols("u v g")
    kept = -2 * u * g * v - sign * u * 2 * v * g
    scale = factor * u0 * v0
    Q = beta * sp.asinh(beta / scale) - sp.sqrt(beta**2 + scale**2) + beta / 2 * sp.log(v0**2 / u0**2)
    slope = sp.diff(Q, beta) - sp.asinh(beta / scale) - sp.log(v0 / u0)
    curvature = sp.diff(sp.asinh(beta / c), beta) - 1 / sp.sqrt(beta**2 + c**2)
    # e^slope at beta = u^2 - v^2, where beta^2 + 4 u0^2 v0^2 = (u^2 + v^2)^2; with another factor the root stays a root.
    at = u0**2 * sp.exp(-2 * s) - v0**2 * sp.exp(2 * s)
    root = u0**2 * sp.exp(-2 * s) + v0**2 * sp.exp(2 * s) if factor == 2 else sp.sqrt(at**2 + scale**2)
    return vanishing(
        "identities",
        [
            sp.expand(kept),
            sp.simplify(sp.expand_log(slope, force=True)),
            sp.simplify(curvature),
            sp.simplify(sp.expand(root**2 - at**2 - scale**2)),
            sp.simplify(sp.expand((at + root) / scale * v0 / u0) - sp.exp(-2 * s)),
        ],
    )


@DIAGONAL.check("symbolic", [None], clauses="least l1", covers="statement", scope="one coordinate b > 0; Q is separable and even")
@false("the l2 norm", norm=lambda b: b**2)
@false("ln(1/alpha) once", factor=1)
def small_scale(_, *, norm=lambda b: b, factor=2, context):
    """Q = 2 ln(1/alpha) b + r(b) with r -> b ln b - b: by minimality the excess is at most the bounded r(b*) - r(b) over 2 ln(1/alpha)."""
    import sympy as sp

    b, alpha = sp.symbols("b alpha", positive=True)
    root = sp.sqrt(b**2 + 4 * alpha**4)
    Q = b * sp.log((b + root) / (2 * alpha**2)) - root  # asinh(z) = ln(z + sqrt(z^2 + 1))
    sinh = sp.simplify(((b + root) / (2 * alpha**2) - 2 * alpha**2 / (b + root)) / 2 - b / (2 * alpha**2))
    rest = sp.expand(sp.expand_log(Q, force=True) - factor * norm(b) * -sp.log(alpha))
    limit = sp.simplify(rest - b * sp.log(b + root) + b * sp.log(2) + root)
    at_zero = sp.limit(b * sp.log((b + root) / 2) - root, alpha, 0) - (b * sp.log(b) - b)
    return vanishing("differences", [sinh, limit, sp.simplify(at_zero)])


def diagonal(cell, rng):
    n, d = cell.shape
    X, beta = rng.normal(size=(n, d)), rng.normal(size=d) * (np.arange(d) < 2)
    return X, X @ beta, *(cell.scale * rng.uniform(0.5, 1.5, (2, d)))


@DIAGONAL.check(
    "property",
    diagonal,
    axes(shape=((2, 5), (3, 6)), scale=(1.0, 0.3, 0.1), standard=4, full=12),
    clauses="minimizer",
    scope="n samples in d dimensions",
    distribution="normal inputs, starts of the given scale",
    tolerance="1e-6: residual 1e-8 over the least curvature of the flow",
)
@false("asinh(beta/(u0 v0))", factor=1)
def followed(cell, given, *, factor=2, context):
    """At the end of an adaptively integrated flow grad Q is a combination of the rows of X."""
    from scipy.integrate import solve_ivp

    X, y, u0, v0 = given
    d = X.shape[1]

    def field(_, state):
        u, v = state[:d], state[d:]
        pull = X.T @ (X @ (u * u - v * v) - y)
        return np.concatenate([-pull * u, pull * v])

    end = solve_ivp(field, (0, 4000), np.concatenate([u0, v0]), method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    beta = end[:d] ** 2 - end[d:] ** 2
    if not np.abs(X @ beta - y).max() < 1e-8:
        return Outcome.inconclusive(f"the flow left a residual of {np.abs(X @ beta - y).max():.2g}")
    gradient = np.arcsinh(beta / (factor * u0 * v0)) + np.log(v0 / u0)
    outcome = bounded("grad Q outside the row space", off_row_space(X, gradient), 1e-6, beta=beta)
    return worst([outcome], figures=[scales()] if cell.scale == 0.1 else ())


def least_entropy(X, y, alpha):
    """argmin of Q on {X beta = y} from u_0 = v_0 = alpha, by damped Newton on the dual: beta = 2 alpha^2 sinh(X^T s)."""
    s = np.zeros(len(y))
    for _ in range(2000):
        t = X.T @ s
        gap = 2 * alpha**2 * (X @ np.sinh(t)) - y
        if np.abs(gap).max() < 1e-12 * max(1.0, np.abs(y).max()):
            break
        move = -np.linalg.solve(2 * alpha**2 * (X * np.cosh(t)) @ X.T, gap)
        s = s + move * min(1.0, 1.0 / np.abs(X.T @ move).max())  # the dual grows like cosh: longer steps overflow
    return 2 * alpha**2 * np.sinh(X.T @ s)


@DIAGONAL.check(
    "property",
    lambda cell, rng: (rng.normal(size=(3, 8)), rng.normal(size=8) * (np.arange(8) < 1)),
    axes(alpha=(1e-2, 1e-4, 1e-6), quick=2, standard=5, full=20),
    clauses="least l1",
    scope="three samples, eight dimensions, one active",
    tolerance="from Q(beta) <= Q(beta*): 2 ln(1/alpha) (|beta|_1 - |beta*|_1) <= r(beta*) - r(beta), r = Q - 2 ln(1/alpha) |.|_1; and 1e-9",
)
@false("from alpha = 1", start=1.0)
def small_starts(cell, given, *, start=None, context):
    """The excess of |beta|_1 over its least value against the bound that minimality of Q gives."""
    from scipy.optimize import linprog

    X, beta = given
    y = X @ beta
    sparse = linprog(np.ones(16), A_eq=np.hstack([X, -X]), b_eq=y, method="highs").x
    sparse, found = sparse[:8] - sparse[8:], least_entropy(X, y, start or cell.alpha)

    def rest(b):
        root = np.sqrt(b * b + 4 * cell.alpha**4)
        return float((np.abs(b) * np.log((np.abs(b) + root) / 2) - root).sum())

    bound = (rest(sparse) - rest(found)) / (2 * np.log(1 / cell.alpha)) + 1e-9
    return bounded("excess over the least l1 norm", np.abs(found).sum() - np.abs(sparse).sum(), bound, beta=found)


def off_row_space(X, vector) -> float:
    """The largest coordinate that ``vector`` (M,) has outside the span of the rows of ``X`` (n, M)."""
    return float(np.abs(vector - X.T @ np.linalg.lstsq(X.T, vector, rcond=None)[0]).max())
