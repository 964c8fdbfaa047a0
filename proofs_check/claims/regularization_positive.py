r"""Where implicit regularization *is* a data-independent function: linear, diagonal and mirror flows, and neurons with affine sigma/sigma'.

These protect against over-eager refuters: what refutes overlaps must leave all of these alone. The last claim says exactly where the line
runs for one neuron with two or more inputs.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._regularization import LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, one, within
from theory.regularization.regularizers import PFamily, balance, nearest_solution, p_family_identities

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

    X, y, theta0 = (np.vectorize(fmpq, otypes=[object])(part.astype(object)) for part in instance)

    def solve(A, b):
        n = len(b)
        return np.array(fmpq_mat(n, n, A.ravel().tolist()).solve(fmpq_mat(n, 1, b.tolist())).entries(), dtype=object)

    theta = formula(X, y, theta0, solve)
    moved = (theta - theta0).tolist()
    rank = lambda rows: fmpq_mat(len(rows), X.shape[1], list(chain(*rows))).rank()
    if any(X @ theta != y):
        return Outcome.fails("the formula does not solve the data", counterexample={"theta": theta})
    if rank([*X.tolist(), moved]) > rank(X.tolist()):
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
    return within(max(offs.values()), 1e-10, "distance from the nearest solution", cases=len(offs), counterexample={"distances": offs})


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
    left = gradient - X.T @ np.linalg.lstsq(X.T, gradient, rcond=None)[0]
    return within(float(np.abs(left).max()), 1e-6, "distance of grad Q from the row space", counterexample={"beta": beta})


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
    return within(
        worst,
        1.0,
        f"excess over the least l1 norm {excess}, in units of its bound",
        cases=len(excess),
        counterexample={"excess": {str(k): v for k, v in excess.items()}},
    )


def check_p_family_symbolically(instance, *, weight, context) -> Outcome:
    """Stationarity of G on the solution set under the conserved structure, for symbolic p and q and any number of samples and inputs."""
    return all_vanish(p_family_identities(weight=weight))


def check_convexity(instance, *, power, context) -> Outcome:
    """In (b, v) = (a^p, a^p w): sgn(p) G has Hessian |p| (v v^T/b^3, ...) plus b^{2/p - 1}/|p| in b, positive definite for b > 0."""
    import sympy as sp

    p = sp.Rational(instance)
    b, v = sp.symbols("b v", positive=True)
    exponent = power(p)
    outer = -sp.log(b) / p if p == -2 else p * b**exponent / (2 * (p + 2))
    if p == -2:
        outer = -sp.log(b ** (1 / p))
    G = sp.sign(p) * (p * v**2 / (2 * b) + outer) if p != -2 else -(p * v**2 / (2 * b)) + sp.log(b ** (1 / p)) * 0 + (-1) * outer
    hessian = sp.hessian(G, (b, v)).subs({b: sp.Rational(3, 2), v: sp.Rational(2, 3)})
    if hessian.is_positive_definite:
        return Outcome.holds()
    return Outcome.fails("the Hessian is not positive definite", counterexample={"p": str(p), "Hessian": str(hessian.evalf(5))})


FAMILIES = [(1, 1), (2, 3), (0.5, 1), (-1, 4), (0, 1), (0, 2), (-3, 6), (-2, 5), (1, 0), (0.5, 0), (3, 0)]


def formula_of(p, q):
    return f"exp(z/({q}))" if p == 0 else f"({p}*z + {q})**({Fraction(1 / Fraction(p)).limit_denominator(12)})"


def p_family_flows(context):
    rng = context.rng()
    for k in range(context.by_level(quick=len(FAMILIES), standard=6 * len(FAMILIES), full=12 * len(FAMILIES))):
        p, q = FAMILIES[k % len(FAMILIES)]
        w0 = rng.uniform(0.2, 0.6, 3)
        x = rng.uniform(0.2, 0.9, (2, 3))  # positive pre-activations: a > 0 and p z + q > 0 hold along the flow
        yield p, q, 1.0 + 0.5 * rng.random(), w0, x, rng.uniform(0.8, 1.25, 2)


def explicit(family, a, w, a0, w0):
    return family.regularizer(a, w, a0, w0)


def euclidean(family, a, w, a0, w0):
    return (a - a0) ** 2 + ((w - w0) ** 2).sum(-1)


def without_offset(family, a, w, a0, w0):
    """The explicit function without the term in a_0 (log a for exp)."""
    return PFamily(family.p, family.q).regularizer(a, w, 0.0 * a0, w0)


def half_move(family, a, w, a0, w0):
    """Half the weight on |w - w_0|^2."""
    return family.regularizer(a, w, a0, w0) - ((w - w0) ** 2).sum(-1) / 2 * (1 if family.p == 0 else a**family.p)


def check_p_family_flow(instance, *, regularizer, activation, context) -> Outcome:
    """The limit of an adaptive flow is stationary for G on the solution set, smaller there than random solutions, and blind to
    weights of the data.
    """
    from numerics.flow import gradient_flow
    from theory.expressions import parse
    from theory.models import TwoLayer

    p, q, a0, w0, x, factors = instance
    family = PFamily(p, q)
    model = TwoLayer(3, 1, activation=activation or parse(formula_of(p, q)))
    theta0 = np.append(w0, a0)
    y = model(theta0, x)[:, 0] * factors
    flows = [gradient_flow(model, theta0, (x, y), weights=w) for w in ((1, 1), (1, 0.2))]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    theta = flows[0].theta
    G = lambda b, v: _in_linear_coordinates(regularizer, family, b, v, a0, w0)
    b, v = (np.log(theta[-1]), theta[:-1]) if p == 0 else (theta[-1] ** p, theta[-1] ** p * theta[:-1])
    rows = np.hstack([np.ones((2, 1)), x / q]) if p == 0 else np.hstack([np.full((2, 1), float(q)), p * x])
    null = np.linalg.svd(rows)[2][2:]
    at = lambda move: G(b + move[0], v + move[1:])
    step = 1e-5
    slopes = [(at(step * direction) - at(-step * direction)) / (2 * step) for direction in null]
    rng = np.random.default_rng(0)
    moves = (rng.normal(size=(40, len(null))) * 0.2) @ null
    lower = [move for move in moves if b + move[0] > 0 or p == 0]
    violations = sum(at(move) < at(0 * move) for move in lower)
    gap = float(np.abs(flows[0].theta - flows[1].theta).max())
    # Central differences err by step^2 |G'''|/6 + eps |G|/step, about 1e-9 here; limits are known to 1e-8.
    worst = max(float(np.abs(slopes).max()) / 1e-6, gap / LIMIT_TOLERANCE, 2.0 * violations)
    return within(
        worst,
        1.0,
        f"slopes {np.abs(slopes).max():.2g}, reweighting gap {gap:.2g}, {violations} smaller solutions, in units of the bounds",
        cases=len(lower) + 2,
        counterexample={"p": p, "q": q, "limit": theta},
    )


def _in_linear_coordinates(regularizer, family, b, v, a0, w0):
    a = np.exp(b) if family.p == 0 else b ** (1 / family.p)
    return regularizer(family, a, v if family.p == 0 else v / b, a0, w0)


def deactivating(context):
    """A ReLU neuron with a sample that it switches off: p z + q = z does not stay positive."""
    return [(1, 0, 1.0, np.array([-0.1, -1.0, 0.5]), np.array([[1.1, -1.6, 0.4], [1.5, -1.8, -1.0]]), np.array([0.2, 0.0]))]


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
    moved = potential(end) - potential(theta0)
    left = moved - X.T @ np.linalg.lstsq(X.T, moved, rcond=None)[0]
    return within(float(np.abs(left).max()), 1e-7, "distance of the dual move from the row space", counterexample={"end": end})


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


def check_balance(instance, *, degree, context) -> Outcome:
    """k a^2 - |w|^2 along the flow, per neuron, from Euler's identity sigma'(z) z = k sigma(z); and W_2^T W_2 - W_1 W_1^T for linear
    nets.
    """
    import sympy as sp

    k, a, rate = sp.symbols("k a rate")
    w, x = sp.symbols("w:2"), sp.symbols("x:2")
    sigma = sp.Symbol("sigma")
    z_slope = k * sigma  # sigma'(z) z
    a_dot = -rate * sigma
    w_dot_w = -rate * a * z_slope  # w . w' with w' = -rate a sigma' x
    W1, W2, E = (sp.Matrix(2, 2, sp.symbols(f"{name}:4")) for name in ("p", "q", "e"))
    drift = W2.T * (-E * W1.T) + (-E * W1.T).T * W2 - (W1 * (-W2.T * E).T + (-W2.T * E) * W1.T)
    expressions = {"neuron": sp.expand(2 * degree(k) * a * a_dot - 2 * w_dot_w)}
    assert len(balance(k, a, w).free_symbols) == 4 and len(x) == 2
    return all_vanish(expressions | {f"layers {i}": sp.expand(entry) for i, entry in enumerate(drift)})


def check_balance_drift(instance, *, ratio, context) -> Outcome:
    """Over a fixed time the drift of the balance under gradient descent divides by ``ratio`` when the step halves."""
    from numerics.flow import gradient_descent
    from theory.models import TwoLayer

    degree, seed = instance
    rng = np.random.default_rng(seed)
    model = TwoLayer(2, 1, activation="identity" if degree == 1 else f"power:{degree}")
    theta0, x, y = rng.uniform(0.4, 0.9, 3), rng.uniform(0.5, 1, (2, 2)), np.array([1.0, 0.4])
    value = lambda theta: balance(degree, theta[2], theta[:2])
    drifts = [value(gradient_descent(model, theta0, (x, y), step=eta, time=2.0)) - value(theta0) for eta in (2e-3, 1e-3)]
    measured = float(drifts[0] / drifts[1])
    return within(abs(measured - ratio), 0.1, f"ratio of drifts {measured:.3f}, distance from {ratio}", counterexample={"drifts": drifts})


CLASSIFIED = [
    ("exp(z)", True),
    ("1+z", True),
    ("(z/2+1)**2", True),
    ("1/(4-z)", True),
    ("(3*z+2)**(1/3)", True),
    ("tanh(z)", False),
    ("sigmoid(z)", False),
    ("softplus(z)", False),
    ("atan(z)", False),
    ("(1+z)/(2+z)", False),
]


def mean_quotient(activation, u, k):
    """m/P(u), where v = u - k m and m is the mean of P on [v, u]; it depends on u unless P = sigma/sigma' is affine."""
    from scipy.optimize import newton

    points, weights = np.polynomial.legendre.leggauss(40)

    def quotient(z):
        value, slope = activation.jet(np.asarray(z, dtype=float), 1)
        return value / slope

    mean = lambda v: (quotient(v + (u - v) * (points + 1) / 2) @ weights) / 2
    m = newton(lambda m: mean(u - k * m) - m, float(quotient(u)) / (1 + k), tol=1e-13)
    return m / float(quotient(u))


def check_mean_quotient(instance, *, flip, context) -> Outcome:
    """m/P(u) at u = 0.4, 0.9, 1.4: constant exactly for affine sigma/sigma'."""
    from theory.expressions import parse

    formula, affine = instance
    values = [mean_quotient(parse(formula), u, 0.3) for u in (0.4, 0.9, 1.4)]
    constant = np.ptp(values) < 1e-9
    if constant != (affine != flip):
        return Outcome.fails(
            f"m/P at three places: {np.round(values, 6).tolist()}", counterexample={"activation": formula, "values": values}
        )
    return Outcome.holds(message=f"{formula}: {np.round(values, 4).tolist()}")


def check_series(instance, *, second, context) -> Outcome:
    """m/P = 1 - P' k/2 + k^2 (P'^2/4 + P P''/6) + ...: constant in u at first order forces P' = const."""
    import sympy as sp

    k, P0, P1, P2, m1, m2 = sp.symbols("k P0 P1 P2 m1 m2")
    m = P0 + m1 * k + m2 * k**2
    length = k * m  # u - v
    mean = P0 - P1 * length / 2 + P2 * length**2 / 6
    difference = sp.series(sp.expand(mean - m), k, 0, 3).removeO()
    found = sp.solve([difference.coeff(k, 1), difference.coeff(k, 2)], [m1, m2], dict=True)[0]
    expected = {m1: -P0 * P1 / 2, m2: P0 * (P1**2 / 4 + P0 * P2 * second)}
    return all_vanish({str(name): sp.expand(found[name] - expected[name]) for name in (m1, m2)})


PROJECTION = [Control("least norm whatever the start", formula=smallest)]


CLAIMS = [
    Claim(
        family="regularization",
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
        family="regularization",
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
    Claim(
        family="regularization",
        id="regularization.p-family",
        title="Neurons with affine sigma/sigma': an explicit strict regularizer for all datasets",
        statement=r"\sigma = (pz + q)^{1/p},\ a > 0:\ \Phi_S \text{ is the unique minimizer on } M_S \text{ of } G ="
        r" \mathrm{sgn}(p)\Big[\tfrac{p}{2} a^p |w|^2 - p a^p w_0 \cdot w"
        r" - \tfrac{a_0^2 - p|w_0|^2}{2} a^p + \tfrac{p\,a^{p+2}}{2(p+2)}\Big],\quad p = 0:\ \tfrac{a^2}{2} - a_0^2 \ln a + |w - w_0|^2",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("in the domain", "a > 0 and p w . x_i + q > 0 along the flow")],
        refuted_by="A dataset on which another solution has a smaller G, or on which repeating a datum moves the limit.",
        checks=[
            Check(
                "stationarity",
                evidence="symbolic",
                covers="statement",
                scope="symbolic p, q (p != 0, -2), any number of samples and inputs",
                run=check_p_family_symbolically,
                instances=one(None),
                parameters={"weight": 1},
                controls=[Control("twice the weight on |w - w_0|^2", weight=2)],
            ),
            Check(
                "convexity",
                evidence="symbolic",
                covers="instances",
                scope="p = 1/2, 1, 2, 3, -1, -3 at one point",
                run=check_convexity,
                instances=one("1/2", "1", "2", "3", "-1", "-3"),
                parameters={"power": lambda p: (p + 2) / p},
                controls=[Control("exponent of the wrong sign", power=lambda p: -(p + 2) / p)],
            ),
            Check(
                "gradient-flow",
                evidence="property",
                covers="instances",
                scope="two samples, three inputs, eleven (p, q)",
                run=check_p_family_flow,
                instances=p_family_flows,
                distribution="inputs, weights and labels that keep p z + q > 0",
                tolerance="slopes 1e-6 (central differences plus the limit), reweighting gap 1e-8",
                parameters={"regularizer": explicit, "activation": None},
                controls=[
                    Control("|theta - theta_0|^2", regularizer=euclidean),
                    Control("without the term in a_0", regularizer=without_offset),
                    Control("half the weight on |w - w_0|^2", regularizer=half_move),
                ],
            ),
        ],
        probes=[Probe(drops="in the domain", check="gradient-flow", instances=deactivating, parameters={"activation": "relu"})],
    ),
    Claim(
        family="regularization",
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
        family="regularization",
        id="regularization.homogeneous-conserved",
        title="Balance of homogeneous networks",
        statement=r"\sigma \text{ homogeneous of degree } k:\ k a_j^2 - |w_j|^2 \text{ is conserved per neuron};\quad \text{linear:"
        r" } W_{l+1}^T W_{l+1} - W_l W_l^T",
        source=Source("arXiv:1806.00900", "Theorem 2.1, recalled"),
        refuted_by="A flow along which the balance moves.",
        checks=[
            Check(
                "conservation",
                evidence="symbolic",
                covers="statement",
                scope="symbolic degree; two linear layers of size 2",
                run=check_balance,
                instances=one(None),
                parameters={"degree": lambda k: k},
                controls=[Control("degree k + 1", degree=lambda k: k + 1)],
            ),
            Check(
                "descent",
                evidence="property",
                covers="instances",
                scope="degrees 1, 2, 3, fixed time 2",
                run=check_balance_drift,
                instances=one((1, 0), (2, 1), (3, 2)),
                tolerance="the drift is c eta + O(eta^2): ratio 2 within 0.1 at steps 2e-3 and 1e-3",
                parameters={"ratio": 2},
                controls=[Control("second order", ratio=4)],
            ),
        ],
    ),
    Claim(
        family="regularization",
        id="regularization.classification.one-neuron",
        title="One neuron, two or more inputs: exactly the affine quotients have a strict regularizer",
        statement=r"d \ge 2,\ P = \sigma/\sigma':\ P \text{ not affine} \Rightarrow \text{every differentiable weak } G(\cdot,"
        r" \theta_0) \text{ is constant on an open set};\quad"
        r" P = pz + q \Rightarrow \text{an explicit strict } G \text{ on all datasets}",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("two inputs", r"d \ge 2,\ w_0 \neq 0")],
        depends_on=["regularization.p-family", "regularization.conserved.single-sample"],
        refuted_by="An activation with P not affine whose plane field is integrable, or the converse.",
        checks=[
            Check(
                "series",
                evidence="symbolic",
                covers="instances",
                scope="expansion of the integrability condition to second order",
                run=check_series,
                instances=one(None),
                parameters={"second": Fraction(1, 6)},
                controls=[Control("P P''/4", second=Fraction(1, 4))],
            ),
            Check(
                "integrability",
                evidence="property",
                covers="instances",
                scope="five activations on either side",
                run=check_mean_quotient,
                instances=one(*CLASSIFIED),
                distribution="u = 0.4, 0.9, 1.4, k = 0.3",
                tolerance="constant within 1e-9 (Gauss quadrature of 40 nodes)",
                parameters={"flip": False},
                controls=[Control("the two sides exchanged", flip=True)],
            ),
        ],
    ),
]
