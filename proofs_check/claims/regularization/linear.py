r"""Flows whose limit is a projection of the start: linear regression, mirror flows, diagonal linear networks.

In each a dual variable (theta itself, grad Phi, log(u/v)) moves along the inputs only, so that the limit is the nearest solution in the
geometry that belongs to it. Whatever refutes overlaps must leave these alone.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._words import LIMITATION, all_vanish, at_most, one
from theory.regularization.regularizers import nearest_solution

RECALLED = "classical; re-derived"


def regression(context, count=None):
    """Integer regressions (X, y, theta_0) with n < M and X of full rank."""
    rng = context.rng()
    for k in range(count or context.by_level(quick=6, standard=30, full=100)):
        n, M = [(1, 2), (2, 4), (3, 5), (2, 3)][k % 4]
        X = rng.integers(-4, 5, (n, M))
        X[:, :n] += 6 * np.eye(n, dtype=int)
        yield X, rng.integers(-5, 6, n), rng.integers(-3, 4, M)


def nearest(X, y, theta0, solve):
    return nearest_solution(X, y, theta0, solve=solve)


def smallest(X, y, theta0, solve):
    """The solution of least norm, whatever the start."""
    return nearest_solution(X, y, 0 * theta0, solve=solve)


def check_projection(instance, *, formula, context) -> Outcome:
    """Exactly: the formula solves the data, and differs from the start by a combination of the inputs, which the flow never leaves."""
    from flint import fmpq, fmpq_mat

    from numerics.arithmetic.exact import rank_rational

    X, y, theta0 = (np.vectorize(fmpq, otypes=[object])(part.astype(object)) for part in instance)

    def solve(A, b):
        n = len(b)
        return np.array(fmpq_mat(n, n, A.ravel().tolist()).solve(fmpq_mat(n, 1, b.tolist())).entries(), dtype=object)

    theta = formula(X, y, theta0, solve)
    if any(X @ theta != y):
        return Outcome.fails("the formula does not solve the data", counterexample={"theta": theta})
    if rank_rational(np.vstack([X, theta - theta0])) > rank_rational(X):
        return Outcome.fails("theta - theta_0 is not in the row space", counterexample={"X": X, "theta": theta, "theta_0": theta0})
    return Outcome.holds(cases=2)


def run_optimizer(name, X, y, theta0, steps=6000):
    """The end of an optimizer on |X theta - y|^2/2; L is the largest eigenvalue of X^T X."""
    L = np.linalg.eigvalsh(X.T @ X)[-1]
    theta, velocity, square = theta0.astype(float), 0.0, 0.0
    for k in range(steps):
        gradient = X.T @ (X @ theta - y)
        if name == "sgd":
            i = k % len(y)
            gradient = (X[i] @ theta - y[i]) * X[i] * L / (X[i] @ X[i])
        if name == "adam":
            velocity, square = 0.9 * velocity + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            theta = theta - 0.01 * (velocity / (1 - 0.9 ** (k + 1))) / (np.sqrt(square / (1 - 0.999 ** (k + 1))) + 1e-12)
            continue
        if name == "diagonal preconditioner":
            gradient = gradient * np.linspace(0.3, 1, len(theta))
        velocity = 0.8 * velocity - gradient / L if name == "heavy ball" else -(1.9 if name == "large steps" else 1) * gradient / L
        theta = theta + velocity
    return theta


def check_optimizers(instance, *, optimizers, formula, context) -> Outcome:
    """Optimizers whose steps stay in the row space end at the formula."""
    X, y, theta0 = (part.astype(float) for part in instance)
    expected = formula(X, y, theta0, np.linalg.solve)
    offs = {name: float(np.abs(run_optimizer(name, X, y, theta0) - expected).max()) for name in optimizers}
    return at_most(max(offs.values()), 1e-10, "distance from the nearest solution", cases=len(offs), counterexample={"distances": offs})


def check_mirror(instance, *, potential, context) -> Outcome:
    """Entropic mirror flow: the limit minimizes the Bregman distance to the start on the solutions (KKT: grad Phi moves along the
    inputs).
    """
    from scipy.integrate import solve_ivp

    X, theta_star, theta0 = instance
    y = X @ theta_star
    field = lambda _, theta: -theta * (X.T @ (X @ theta - y))  # grad Phi = log theta
    end = solve_ivp(field, (0, 3000), theta0, method="LSODA", rtol=1e-12, atol=1e-14).y[:, -1]
    if np.abs(X @ end - y).max() > 1e-8:
        return Outcome.inconclusive("the mirror flow did not solve the data")
    left = off_row_space(X, potential(end) - potential(theta0))
    return at_most(left, 1e-7, "distance of the dual move from the row space", counterexample={"end": end})


def mirror_data(context):
    rng = context.rng()
    return [
        (rng.uniform(0, 1, (2, 5)), rng.uniform(0.2, 2, 5), rng.uniform(0.3, 1.5, 5))
        for _ in range(context.by_level(quick=4, standard=20, full=50))
    ]


def check_mirror_symbolically(instance, *, metric, context) -> Outcome:
    """d/dt grad Phi(theta) = -grad L for theta' = -(Hess Phi)^{-1} grad L, for a general separable potential."""
    import sympy as sp

    theta, slope = sp.symbols("theta slope")
    Phi = sp.Function("Phi")(theta)
    dual = sp.diff(Phi, theta)
    speed = -slope / metric(sp.diff(Phi, theta, 2))
    return all_vanish({"dual speed + grad L": sp.simplify(sp.diff(dual, theta) * speed + slope)})


def check_diagonal_symbolically(instance, *, factor, context) -> Outcome:
    """Along u = u_0 e^{-s}, v = v_0 e^{s} the derivative of Q is linear in s, so that grad Q lies in the row space when s does."""
    import sympy as sp

    u0, v0, s = sp.symbols("u0 v0 s", positive=True)
    u, v = u0 * sp.exp(-s), v0 * sp.exp(s)
    beta = u**2 - v**2
    scale = factor * u0 * v0
    # d/d beta of beta asinh(beta/c) - sqrt(beta^2 + c^2) + beta log(v0^2/u0^2)/2 is asinh(beta/c) + log(v0/u0); with beta = c sinh t
    # it is t + ...
    root = (u**2 + v**2) if factor == 2 else sp.sqrt(beta**2 + scale**2)
    slope = sp.log((beta + root) / scale) + sp.log(v0 / u0)
    return all_vanish(
        {
            "root": sp.expand(root**2 - beta**2 - scale**2),
            "grad Q + 2 s": sp.simplify(sp.expand(sp.exp(slope)) - sp.exp(-2 * s)),
            "u v is conserved": sp.expand(u * v - u0 * v0),
        },
        lambda e: sp.simplify(e) == 0,
    )


def diagonal_data(context):
    rng = context.rng()
    for k in range(context.by_level(quick=4, standard=20, full=60)):
        scale = (1.0, 0.3, 0.1, 1.0)[k % 4]
        n, d = (2, 5) if k % 2 else (3, 6)
        X, beta = rng.normal(size=(n, d)), rng.normal(size=d) * (np.arange(d) < 2)
        start = scale * rng.uniform(0.5, 1.5, (2, d))
        yield X, X @ beta, start[0], start[1]


def check_diagonal_flow(instance, *, factor, context) -> Outcome:
    """At the end of an adaptively integrated flow grad Q is a combination of the rows of X."""
    from scipy.integrate import solve_ivp

    X, y, u0, v0 = instance
    d = X.shape[1]

    def field(_, state):
        u, v = state[:d], state[d:]
        pull = X.T @ (X @ (u * u - v * v) - y)
        return np.concatenate([-pull * u, pull * v])

    solution = solve_ivp(field, (0, 4000), np.concatenate([u0, v0]), method="LSODA", rtol=1e-11, atol=1e-13)
    u, v = solution.y[:d, -1], solution.y[d:, -1]
    beta = u * u - v * v
    if np.abs(X @ beta - y).max() > 1e-8:
        return Outcome.inconclusive(f"the flow left a residual of {np.abs(X @ beta - y).max():.2g}")
    gradient = np.arcsinh(beta / (factor * u0 * v0)) + np.log(v0 / u0)
    return at_most(off_row_space(X, gradient), 1e-6, "distance of grad Q from the row space", counterexample={"beta": beta})


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


def check_small_start(instance, *, largest_excess, context) -> Outcome:
    """The excess of |beta|_1 over its least value decreases with the scale of the start; ``largest_excess`` bounds it per scale."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(instance)
    X, beta = rng.normal(size=(3, 8)), rng.normal(size=8) * (np.arange(8) < 1)
    y = X @ beta
    least = linprog(np.ones(16), A_eq=np.hstack([X, -X]), b_eq=y, method="highs").fun
    excess = {alpha: np.abs(least_entropy(X, y, alpha)).sum() - least for alpha in largest_excess}
    worst = max(excess[alpha] / bound for alpha, bound in largest_excess.items())
    return at_most(
        worst,
        1.0,
        f"excess over the least l1 norm {excess}, in units of its bound",
        cases=len(excess),
        counterexample={"excess": {str(k): v for k, v in excess.items()}},
    )


PROJECTION = [Control("least norm whatever the start", formula=smallest)]


def off_row_space(X, vector) -> float:
    """The largest coordinate that ``vector`` (M,) has outside the span of the rows of ``X`` (n, M)."""
    return float(np.abs(vector - X.T @ np.linalg.lstsq(X.T, vector, rcond=None)[0]).max())


CLAIMS = [
    Claim(
        id="regularization.linear",
        title="Linear regression: the nearest solution",
        statement=r"f = \theta \cdot x,\ n < M:\quad \Phi_S(\theta_0) = \theta_0 + X^+(y - X\theta_0) = \arg\min_{X\theta = y}"
        r" |\theta - \theta_0|",
        source=Source(LIMITATION, "section 4, example; " + RECALLED),
        assumptions=[Assumption("underdetermined", "X has full rank n < M")],
        refuted_by="A start and data whose flow ends at another solution than the nearest.",
        checks=[
            Check(
                "row-space",
                evidence="exact",
                covers="instances",
                scope="integer data, M <= 5 (the flow stays in theta_0 + row space)",
                run=check_projection,
                instances=regression,
                parameters={"formula": nearest},
                controls=PROJECTION,
            ),
            Check(
                "optimizers",
                evidence="property",
                covers="instances",
                scope="gradient descent (steps 1/L, 1.9/L), heavy ball, cyclic single samples",
                run=check_optimizers,
                instances=lambda context: regression(context, context.by_level(quick=2, standard=10, full=30)),
                distribution="integer entries, diagonal raised by 6",
                tolerance="1e-10: linear convergence for 6000 steps leaves rounding only",
                parameters={"optimizers": ("descent", "large steps", "heavy ball", "sgd"), "formula": nearest},
                controls=[
                    *PROJECTION,
                    Control("Adam", optimizers=("adam",)),
                    Control("a diagonal preconditioner", optimizers=("diagonal preconditioner",)),
                ],
            ),
        ],
    ),
    Claim(
        id="regularization.mirror",
        title="Mirror flow: the Bregman projection of the start",
        statement=r"\tfrac{d}{dt} \nabla\Phi(\theta) = -\nabla L,\ L = \ell(X\theta):\quad \lim \theta = \arg\min_{X\theta = y}"
        r" D_\Phi(\theta, \theta_0)",
        source=Source(LIMITATION, "related work; " + RECALLED),
        refuted_by="A limit whose dual move is no combination of the inputs.",
        checks=[
            Check(
                "dual-speed",
                evidence="symbolic",
                covers="instances",
                scope="any separable potential",
                run=check_mirror_symbolically,
                instances=one(None),
                parameters={"metric": lambda curvature: curvature},
                controls=[Control("Euclidean metric", metric=lambda curvature: 1)],
            ),
            Check(
                "entropic-flow",
                evidence="property",
                covers="instances",
                scope="entropy, two samples in five dimensions",
                run=check_mirror,
                instances=mirror_data,
                distribution="positive data",
                tolerance="1e-7: residual 1e-8 times the conditioning of positive inputs",
                parameters={"potential": np.log},
                controls=[Control("Euclidean projection", potential=lambda theta: theta)],
            ),
        ],
    ),
    Claim(
        id="regularization.diagonal-linear",
        title="Diagonal linear networks: the hyperbolic entropy",
        statement=r"\beta = u^2 - v^2:\ \Phi \text{ minimizes } Q(\beta) = \sum \beta\,\mathrm{asinh}\tfrac{\beta}{2 u_0 v_0} -"
        r" \sqrt{\beta^2 + 4 u_0^2 v_0^2} + \tfrac{\beta}{2} \ln\tfrac{v_0^2}{u_0^2};"
        r"\ u \odot v \text{ is conserved};\ u_0 = v_0 = \alpha \to 0: \text{ least } \ell_1",
        source=Source("arXiv:2002.09277", "Theorem 1, recalled"),
        refuted_by="A flow at whose end grad Q is no combination of the inputs.",
        checks=[
            Check(
                "stationarity",
                evidence="symbolic",
                covers="statement",
                scope="one coordinate, symbolic start; Q is separable",
                run=check_diagonal_symbolically,
                instances=one(None),
                parameters={"factor": 2},
                controls=[Control("asinh(beta/(u0 v0))", factor=1)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="2 of 5 and 3 of 6 dimensions",
                run=check_diagonal_flow,
                instances=diagonal_data,
                distribution="normal inputs, starts of scale 0.1 to 1",
                tolerance="1e-6: residual 1e-8 over the least curvature of the flow",
                parameters={"factor": 2},
                controls=[Control("asinh(beta/(u0 v0))", factor=1)],
            ),
            Check(
                "least-l1",
                evidence="property",
                covers="instances",
                scope="three samples, eight dimensions, one active",
                run=check_small_start,
                instances=one(0, 1),
                tolerance="the excess is O(|beta|_1/log(1/alpha)) and measured well below these bounds",
                parameters={"largest_excess": {1e-2: 0.3, 1e-4: 0.03, 1e-6: 0.003}},
                controls=[Control("least l1 at alpha = 1", largest_excess={1.0: 1e-3})],
            ),
        ],
    ),
]
