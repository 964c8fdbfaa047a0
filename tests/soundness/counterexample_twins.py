"""Implicit regularization and global minima once more: subtle falsehoods beside their true twins.

The first half sets one parameter of a check of the suite a little off. The second was written from the statements alone, each with a
computation of its own that shares nothing with the checks of the suite.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations, product

import numpy as np
from referee_twins import CONSTANT, DROPPED, EDGE, FLOAT, FLOW_PAPER, RECOVERY_PAPER, SMALL, Pair, Side, agreed, numbered, sides, within

from proofs_check import Claim, Control, Outcome, Source
from proofs_check.claims.recovery import flow as recovery_flow
from proofs_check.claims.recovery import independence, separation, slow_flow
from proofs_check.claims.regularization import (
    affine,
    classification,
    linear,
    odd_overlaps,
    one_point,
    orbits,
    recipes,
    reweighting,
    shared_solutions,
)

# ------------------------------------------------------------------------------------------------- one parameter of a check of the suite

F = Fraction
PAIRS_LI0 = {"tanh": (2, 4), "sigmoid": (3, 5), "softplus": (3, 5), "gelu": (3, 5), "exp": (4, 8)}
#: name -> (class, claim, check, parameter, false value, control, the statement with %s in place of the value as said on either side).
ALTERED = {
    "odd-threshold": (CONSTANT, odd_overlaps.ODD, "families", "factor", 1.03, 2, r"w \mapsto -w \iff a_0^2 > %s\, b(x)", ("", "1.03")),
    "linear-rate": (
        CONSTANT,
        recovery_flow.LINEAR,
        "eigenvalue",
        "factor",
        F(101, 100),
        2,
        r"\lambda = %s\,2 \sigma_{\min}^2",
        ("", "1.01"),
    ),
    "split-decay": (CONSTANT, slow_flow.SUBLINEAR, "followed", "exponent", -1.95, -1.0, r"R \sim t^{%s}", ("-2", "-1.95")),
    "split-weights": (CONSTANT, slow_flow.SUBLINEAR, "followed", "root", 0.51, 0.25, r"|w_1 - w_2| \sim t^{-%s}", ("0.5", "0.51")),
    "crossing-power": (CONSTANT, slow_flow.CROSSING, "crossing", "power", 3.9, 2, r"\lambda_+ \sim \Delta^{%s}", ("4", "3.9")),
    "p-family-weight": (
        CONSTANT,
        affine.P_FAMILY,
        "stationarity",
        "weight",
        F(101, 100),
        2,
        r"G = \ldots + %s\,\tfrac p2 a^p |w|^2",
        ("", "1.01"),
    ),
    "p-family-curvature": (CONSTANT, affine.P_FAMILY, "convexity", "last", F(99, 100), -1, r"\text{curvature in } a: %s", ("1", "0.99")),
    "diagonal-scale": (CONSTANT, linear.DIAGONAL, "followed", "factor", 2.02, 1, r"\mathrm{asinh}(\beta/(%s u_0 v_0))", ("2", "2.02")),
    "diagonal-logarithm": (
        CONSTANT,
        linear.DIAGONAL,
        "small-scale",
        "factor",
        F(99, 50),
        1,
        r"Q \approx %s \ln(1/\alpha) |\beta|_1",
        ("2", "1.98"),
    ),
    "relu-ratio": (
        FLOAT,
        shared_solutions.RELU,
        "closed-form",
        "ratio",
        F(8, 3) + F(1, 10**6),
        3,
        r"t = \tfrac25 \ln %s",
        ("8/3", "2.666667666..."),
    ),
    "zero-label-slope": (
        CONSTANT,
        shared_solutions.ZERO_LABEL,
        "first-order",
        "factor",
        F(101, 200),
        1,
        r"w_\infty = w_0 - %s x a_0^2 P'^{-1}",
        ("1/2", "0.505"),
    ),
    "reweight-distance": (
        CONSTANT,
        reweighting.REWEIGHT,
        "validated-flow",
        "low",
        "4.48",
        "5",
        r"|\Phi_S - \Phi_{S'}| > %s",
        ("4.39", "4.48"),
    ),
    "independence-of-pairs": (
        EDGE,
        independence.LI0,
        "pairs",
        "ranks",
        {**PAIRS_LI0, "softplus": (3, 6)},
        {**PAIRS_LI0, "sigmoid": (2, 4)},
        r"\text{softplus: ranks } %s",
        ("3, 5", "3, 6"),
    ),
    "printed-sizes": (
        EDGE,
        separation.SEPARATION,
        "printed-sizes",
        "printed",
        {2: (3, 4, 5, 6), 4: (5, 6, 9, 11)},
        {2: (3, 4, 5, 5), 4: (5, 6, 9, 9)},
        r"\text{sizes of table 2: } %s",
        ("5, 6, 9, 10", "5, 6, 9, 11"),
    ),
    "gelu-digit": (
        FLOAT,
        one_point.GELU,
        "gelu",
        "first",
        "0.448868040988",
        "0.45",
        r"x_1 = %s\ldots",
        ("0.448868040989", "0.448868040988"),
    ),
    "contact-diagonal": (
        CONSTANT,
        classification.CLASSIFICATION,
        "diagonal",
        "half",
        F(201, 100),
        1,
        r"D = s^2 P P''/%s + \ldots",
        ("2", "2.01"),
    ),
    "three-pieces": (CONSTANT, recipes.RECIPES, "pieces", "P", (60, 4, F(121, 10)), (60, 4, 11), r"P = 60, 4, %s", ("12", "12.1")),
    "closed-forms": (CONSTANT, orbits.CONSERVED, "closed-forms", "multiple", F(101, 100), 2, r"%s G' = \sigma/\sigma'", ("", "1.01")),
    "way-to-the-limit": (
        CONSTANT,
        recovery_flow.CONVERGES,
        "way",
        "factor",
        F(101, 100),
        2,
        r"dE/dt = -%s\sqrt\lambda|\theta'|",
        ("", "1.01"),
    ),
    "tail-exponent": (CONSTANT, orbits.TAIL, "ways", "exponent", 0.49, 1, r"\text{way} \le E \lambda^{-%s}", ("0.5", "0.49")),
}


def altered(name: str, side: str) -> Claim:
    """One side of a pair of :data:`ALTERED`; the true side keeps the value of the suite."""
    difficulty, claim, check_name, parameter, false, control, statement, said = ALTERED[name]
    check = claim.closed_check(check_name)
    value = false if side == "false" else check.parameters[parameter]
    parameters = {**check.parameters, parameter: value}
    check = replace(
        check, clauses=(), covers="instances", because="", parameters=parameters, controls=[Control("worse", **{parameter: control})]
    )
    return Claim(
        id=f"counterexample-twin.{name}",
        title=name.replace("-", " "),
        statement=statement % said[side == "false"],
        source=Source(FLOW_PAPER, "soundness bench"),
        checks=[check],
        notes=f"class: {difficulty}",
    )


# ---------------------------------------------------------------------------------------------------------------- from the statements alone

#: sigma, sigma', and an antiderivative of sigma/sigma', in floats.
NEURONS = {
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2, lambda z: np.sinh(z) ** 2 / 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2, lambda z: z + np.exp(z)),
    "atan": (np.arctan, lambda z: 1 / (1 + z * z), lambda z: (z + z**3 / 3) * np.arctan(z) - z * z / 6 - np.log(1 + z * z) / 3),
    "exp": (np.exp, np.exp, lambda z: z),
    "Gumbel": (lambda z: np.exp(-np.exp(-z)), lambda z: np.exp(-z) * np.exp(-np.exp(-z)), np.exp),
}


def descended(name, w, a, X, y, time=200.0, power=2):
    """(w, a) at the end of gradient flow of the mean of |f - y|^power, and the path."""
    from scipy.integrate import solve_ivp

    sigma, slope, _ = NEURONS[name]

    def field(_, state):
        z = X @ state[:-1]
        r = state[-1] * sigma(z) - y
        pull = -power * np.abs(r) ** (power - 1) * np.sign(r) / len(y)
        return np.append((pull * state[-1] * slope(z)) @ X, pull @ sigma(z))

    return solve_ivp(field, (0, time), np.append(w, a), method="LSODA", rtol=1e-11, atol=1e-13)


def start(rng, d):
    return rng.normal(0, 0.6, d), rng.uniform(0.6, 1.5)


def check_kept(instance, *, claimed, domain, context):
    """The first integral along the flow of a drawn neuron and loss; ``domain`` says how many samples in the direction x."""
    rng = context.rng(instance)
    name, d = str(rng.choice(["tanh", "sigmoid", "atan"])), int(rng.integers(1, 4))
    w, a = start(rng, d)
    x = rng.normal(size=d)
    X = np.array([x * (k + 1) for k in range(domain)])
    y = a * NEURONS[name][0](X @ w) + rng.choice([-0.3, 0.3], domain)
    path = descended(name, w, a, X, y, time=3.0, power=int(rng.choice([2, 4]))).y
    level = path[-1] ** 2 / 2 - NEURONS[name][2](x @ path[:-1]) / (x @ x) ** claimed
    if abs(np.log(x @ x)) < 0.2:
        return Outcome.inconclusive("inputs of length 1 do not tell powers apart")
    return within(np.ptp(level), 1e-8, "the first integral moves", name=name, w=w, a=a, x=x)


def check_weights(instance, *, claimed, domain, context):
    """Linear regression with two weightings: do the limits agree? By solving the normal equations from the start."""
    rng = context.rng(instance)
    n, m = domain
    X, y, theta0 = rng.normal(size=(n, m)), rng.normal(size=n), rng.normal(size=m)

    def limit(c):
        root = np.sqrt(c)[:, None]
        return theta0 + np.linalg.pinv(root * X) @ (root[:, 0] * (y - X @ theta0))

    apart = np.abs(limit(np.ones(n)) - limit(rng.uniform(0.2, 5, n))).max()
    return agreed(claimed, bool(apart < 1e-8), X=X, y=y)


def check_step(instance, *, claimed, domain, context):
    """Gradient descent of |X theta - y|^2/2 at a share of 1/lambda_max: does it converge?"""
    rng = context.rng(instance)
    X, theta = rng.normal(size=(2, 4)), rng.normal(size=4)
    y, rate = rng.normal(size=2), claimed / np.linalg.eigvalsh(X @ X.T)[-1]
    before = np.abs(X @ theta - y).max()
    for _ in range(5000):
        theta = theta - rate * X.T @ (X @ theta - y)
        if not np.abs(theta).max() < 1e9:
            break
    return agreed(True, bool(np.abs(X @ theta - y).max() < before), X=X, rate=rate)


def check_entropy(instance, *, claimed, domain, context):
    """Entropic mirror flow theta' = -theta grad L: its limit is stationary for the claimed divergence on the solutions."""
    from scipy.integrate import solve_ivp

    rng = context.rng(instance)
    X, truth, theta0 = rng.uniform(0.1, 1, (2, 4)), rng.uniform(0.3, 2, 4), rng.uniform(0.3, 2, 4)
    y = X @ truth
    end = solve_ivp(lambda _, t: -t * (X.T @ (X @ t - y)), (0, 4000), theta0, method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    if np.abs(X @ end - y).max() > 1e-9:
        return Outcome.inconclusive("not converged")
    slope = claimed(end, theta0)
    return within(np.abs(slope - X.T @ np.linalg.lstsq(X.T, slope, rcond=None)[0]).max(), 1e-6, "not stationary", X=X, theta0=theta0)


def check_meeting(instance, *, claimed, domain, context):
    """(1 + z)/(2 + z): sigma(w x_1)/sigma(v x_1) = sigma(w x_2)/sigma(v x_2) at the claimed product, over the rationals."""
    rng = context.rng(instance)
    w, v, x = (Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 9))) for _ in range(3))
    if w == v:
        return Outcome.inconclusive("one weight twice")
    other, s = claimed / (w * v * x), lambda z: (1 + z) / (2 + z)
    return agreed(s(w * other) / s(v * other), s(w * x) / s(v * x), w=w, v=v, x=x)


def check_dead_end(instance, *, claimed, domain, context):
    """exp on the label 0, one or two inputs whose length is 1 more often than not."""
    rng = context.rng(instance)
    d = int(rng.integers(1, 3))
    w, a = rng.normal(0, 0.4, d), rng.uniform(0.5, 1.2)
    x = rng.normal(size=d)
    x *= float(rng.choice([1, 1, 0.5, 2])) / np.linalg.norm(x)
    end = descended("exp", w, a, x[None], np.zeros(1), time=4000).y[:, -1]
    if abs(end[-1]) > 1e-8:
        return Outcome.inconclusive("not converged")
    return within(np.abs(end[:-1] - (w - x * claimed(a, x))).max(), 1e-6, "limit of the weights", w=w, a=a, x=x)


def check_least_level(instance, *, claimed, domain, context):
    """The sign of phi' on both sides of the place, within 10^-instance: phi = 2/t + 2 (e^t - 1)/t^2, in balls."""
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision

    with working_precision(200):
        t, radius = arb(claimed), arb(10) ** -instance
        rises = [-2 / z**2 + 2 * z.exp() / z**2 - 4 * (z.exp() - 1) / z**3 for z in (t - radius, t + radius)]
    return agreed(True, bool(rises[0] < 0 and rises[1] > 0), exponent=instance)


def check_levels(instance, *, claimed, domain, context):
    """e^(atan z) from weight 0: 2 G(t)/t^2 = 2/t + 2 t/3 takes equal values at t and at the claimed partner."""
    t = Fraction(instance + 1, 3)
    level = lambda z: 2 / z + 2 * z / 3
    return agreed(level(t), level(claimed(t)), t=t)


def chains(rng):
    """Limits of which each lies in at most one other's solution set."""
    n = int(rng.integers(3, 7))
    members = [{i, int(rng.integers(n))} for i in range(n)]
    if rng.random() < 0.5:
        members = [{i, (i + 1) % n} for i in range(n)]
    return n, members


def check_rank(instance, *, claimed, domain, context):
    n, members = chains(context.rng(instance))
    exists = any(all(value[i] < value[j] for i in range(n) for j in members[i] if j != i) for value in permutations(range(n)))
    return agreed(bool(claimed(n, members)), exists, members=[sorted(m) for m in members])


def reaches(n, members):
    """The reachability matrix of the membership digraph."""
    found = np.eye(n, dtype=bool)
    for i, solutions in enumerate(members):
        found[i, list(solutions)] = True
    for _ in range(n):
        found = found | (found.astype(int) @ found.astype(int) > 0)
    return found


def no_cycle_up_to(longest):
    def criterion(n, members):
        step = np.zeros((n, n), dtype=int)
        for i, solutions in enumerate(members):
            for j in solutions - {i}:
                step[i, j] = 1
        power = np.eye(n, dtype=int)
        for _ in range(min(longest, n)):
            power = power @ step
            if np.trace(power):
                return False
        return True

    return criterion


def check_separable(instance, *, claimed, domain, context):
    n, members = chains(context.rng(instance))
    weak = [v for v in product((0, 1), repeat=n) if all(v[i] <= v[j] for i in range(n) for j in members[i])]
    told = [[any(v[i] != v[j] for v in weak) for j in range(n)] for i in range(n)]
    return agreed(claimed(reaches(n, members)).tolist(), told, members=[sorted(m) for m in members])


def check_power(instance, *, claimed, domain, context):
    """a (w . x)^k on two samples: the claimed combination of |a|^2 and |w|^2 along the flow."""
    from scipy.integrate import solve_ivp

    rng = context.rng(instance)
    k, d = int(rng.choice([1, 2, 3])), int(rng.integers(1, 3))
    w, a, X = rng.uniform(0.5, 1, d), rng.uniform(0.5, 1), rng.uniform(0.3, 1, (2, d))
    y = a * (X @ w) ** k * np.array([1.5, 0.8])

    def field(_, s):
        z = X @ s[:-1]
        pull = -(s[-1] * z**k - y)
        return np.append((pull * s[-1] * k * z ** (k - 1)) @ X, pull @ z**k)

    path = solve_ivp(field, (0, 4), np.append(w, a), rtol=1e-11, atol=1e-13).y
    p, q = claimed(k)
    return within(np.ptp(p * path[-1] ** 2 - q * (path[:-1] ** 2).sum(0)), 1e-8, "it moves", k=k, w=w, a=a)


def check_layers(instance, *, claimed, domain, context):
    """Two square linear layers: the time derivative of the claimed difference at a random point, over the integers."""
    rng = context.rng(instance)
    first, second, pull = (rng.integers(-3, 4, (2, 2)) for _ in range(3))
    move1, move2 = second.T @ pull, pull @ first.T  # minus the gradients for f = second first
    return agreed(0, int(np.abs(claimed(first, second, move1, move2)).max()), first=first, second=second)


def transposed_left(A, B, dA, dB):
    return dB.T @ B + B.T @ dB - dA @ A.T - A @ dA.T


def transposed_right(A, B, dA, dB):
    return dB @ B.T + B @ dB.T - dA.T @ A - A.T @ dA


def check_codimension(instance, *, claimed, domain, context):
    """Parameters minus the dimension of a branch, by counting: outputs of a block sum to a target or to 0, free blocks share a weight."""
    rng = context.rng(instance)
    m0, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    m = m0 + int(rng.integers(0, 3))
    r = int(rng.integers(m0, m + 1))
    dimension = (m - r) + (r - m0) * d
    return agreed(claimed(m, m0, r, d), m * (d + 1) - dimension, m=m, m0=m0, r=r, d=d)


def check_smallest_size(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    m0, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    m = m0 + int(rng.integers(0, 3))
    return agreed(claimed(m, m0, d), min(r + (m + m0 - r) * d for r in range(m0, m + 1)), m=m, m0=m0, d=d)


def check_switch(instance, *, claimed, domain, context):
    """The sample x_2 of the ReLU neuron switches off at the claimed time: w' = -(X^T (X w - y)) by the matrix exponential, in balls."""
    from flint import arb, arb_mat

    from numerics.arithmetic.krawczyk import working_precision

    with working_precision(200):
        beta, root6 = (arb(3) / 2).sqrt(), arb(6).sqrt()
        K = arb_mat([[1 + 1, beta], [beta, beta * beta]])  # X^T X for x_1 = (1, 0), x_2 = (1, beta)
        w = arb_mat([[arb(3)], [-2 * root6 / 3]])
        rest = K.solve(arb_mat([[arb(1)], [arb(0)]]))  # where X^T X w = X^T y
        end = rest + (-(K * claimed(arb))).exp() * (w - rest)
        value = end[0, 0] + beta * end[1, 0]
    return within(float(abs(value).upper()), 1e-30, "the pre-activation at that time")


def check_turn(instance, *, claimed, domain, context):
    """h = z/((1 + z)(2 + z)) rises before and falls behind the place, within 10^-instance."""
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision

    with working_precision(256):
        z, radius = claimed(arb), arb(10) ** -instance
        sides = [2 - (z + s * radius) ** 2 for s in (-1, 1)]  # of the sign of h'
    return agreed(True, bool(sides[0] > 0 and sides[1] < 0), exponent=instance)


def check_mirrored(instance, *, claimed, domain, context):
    """tanh on (x, -f): where a keeps its sign the weights end at the claimed reflection."""
    rng = context.rng(instance)
    d = int(rng.integers(1, 4))
    w, x = rng.normal(0, 0.7, d), rng.normal(0, 0.7, d)
    u, square = w @ x, x @ x
    a = float(np.sqrt(2 * np.sinh(u) ** 2 / square)) + 0.1
    end = descended("tanh", w, a, x[None], np.array([-a * np.tanh(u)]), time=3000).y[:, -1]
    if abs(end[-1] * np.tanh(end[:-1] @ x) + a * np.tanh(u)) > 1e-9:
        return Outcome.inconclusive("not converged")
    return within(np.abs(end[:-1] - claimed(w, x)).max(), 1e-5, "the reflected weights", w=w, x=x, a=a)


def check_speed(instance, *, claimed, domain, context):
    """df along an orbit of grad f over its arclength, by differences, for a drawn neuron."""
    rng = context.rng(instance)
    name, d = str(rng.choice(["tanh", "sigmoid", "exp"])), int(rng.integers(1, 4))
    sigma, slope, _ = NEURONS[name]
    (w, a), x, h = start(rng, d), rng.normal(0, 0.7, d), 1e-5
    gradient = np.append(a * slope(w @ x) * x, sigma(w @ x))
    size = np.linalg.norm(gradient)
    value = lambda s: (a + s * gradient[-1] / size) * sigma((w + s * gradient[:-1] / size) @ x)
    return within(abs((value(h) - value(-h)) / (2 * h) - claimed(size)), 1e-6, "df/ds", name=name, w=w, a=a, x=x)


def check_reaches_zero(instance, *, claimed, domain, context):
    """exp(-e^-z) on the label 0, one input: does a reach 0 on the orbit dw/da = a x/P(w x), or does w run off first?"""
    from scipy.integrate import solve_ivp

    rng = context.rng(instance)
    w, a, x = rng.normal(0, 0.3), rng.uniform(0.3, 2.0), rng.uniform(0.5, 1.5)
    bound = np.exp(w * x) / x**2  # (G(w_0 x) - G(-inf))/x^2
    if abs(a * a / 2 - bound) < 0.05:
        return Outcome.inconclusive("too close to the threshold")
    off = lambda _, s: s[0] * x + 25
    off.terminal = True
    run = solve_ivp(lambda t, s: [(t - a) * x * np.exp(-s[0] * x)], (0, a), [w], method="LSODA", rtol=1e-9, events=off)  # t = a_0 - a
    return agreed(bool(claimed(a, bound)), bool(run.status == 0), w=w, a=a, x=x)


def own(name, difficulty, title, run, instances, true, false, control, **more):
    """A pair; ``true`` and ``false`` are (statement, claimed) or (statement, claimed, domain)."""
    paper = RECOVERY_PAPER if name.startswith("recovery") else FLOW_PAPER
    return Pair(
        id=f"counterexample-twin.own-{name}",
        title=title,
        difficulty=difficulty,
        source=Source(paper, "soundness bench"),
        scope=(run.__doc__ or title).split("\n")[0],
        run=run,
        instances=instances,
        true=Side(statement=true[0], claimed=true[1], domain=true[2] if len(true) > 2 else None),
        false=Side(statement=false[0], claimed=false[1], domain=false[2] if len(false) > 2 else None),
        control=("plainly wrong", control),
        **more,
    )


FLOATS = {"evidence": "property", "tolerance": "the integrator's relative tolerance 1e-11 times its steps and the conditioning of the draw"}
EXPONENTS = lambda context: range(4, context.by_level(quick=20, standard=40, full=60))
PAIRS = [
    own("invariant", CONSTANT, "The first integral of one sample", check_kept, numbered(12, 40),
        (r"a^2/2 - G/|x|^2", 1.0, 1), (r"a^2/2 - G/|x|^{1.96}", 0.98, 1), 0.5, **FLOATS),
    own("parallel-samples", DROPPED, "What conserves the first integral", check_kept, numbered(12, 40),
        (r"\text{one sample}", 1.0, 1), (r"\text{samples in one direction}", 1.0, 2), 0.5, **FLOATS),
    own("weights", DROPPED, "When the weights of the data do not matter", check_weights, numbered(5, 20),
        ("n < M", True, (3, 5)), (r"n > M", True, (5, 3)), False, evidence="property", tolerance="1e-8: rounding of the pseudo-inverse"),
    own("step", CONSTANT, "The largest step of gradient descent", check_step, numbered(10, 40),
        (r"\eta < 2/\lambda_{\max}", 1.98), (r"\eta < 2.02/\lambda_{\max}", 2.01), 3.0,
        evidence="property", tolerance="1e-2 of growth or decay a step, 5000 steps"),
    own("divergence", SMALL, "Which divergence an entropic mirror flow minimizes", check_entropy, numbered(4, 15),
        (r"\mathrm{KL}(\theta, \theta_0)", lambda t, s: np.log(t / s)), (r"\mathrm{KL}(\theta_0, \theta)", lambda t, s: 1 - s / t),
        lambda t, s: t - s, **FLOATS),
    own("product", CONSTANT, "Where solution curves of the softsign sigmoid meet", check_meeting, numbered(30, 100),
        (r"w v x_1 x_2 = 2", F(2)), (r"w v x_1 x_2 = 2.01", F(201, 100)), F(3)),
    own("dead-end", EDGE, "The limit for the label 0", check_dead_end, numbered(12, 40),
        (r"w_0 - x a_0^2/2", lambda a, x: a * a / 2), (r"w_0 - x a_0^2/(2 |x|^2)", lambda a, x: a * a / 2 / (x @ x)),
        lambda a, x: a, **FLOATS),
    own("least-level", FLOAT, "Where the level of the sigmoid is least", check_least_level, EXPONENTS,
        ("t = 2", "2"), ("t = 2.00000000000001", "2.00000000000001"), "1", evidence="certified"),
    own("partner", CONSTANT, "Which two arguments share a level of exp(atan)", check_levels, numbered(12, 40),
        (r"t_1 t_2 = 3", lambda t: 3 / t), (r"t_1 t_2 = 3.03", lambda t: F(303, 100) / t), lambda t: 3 - t),
    own("long-cycles", SMALL, "When a function ranks the limits", check_rank, numbered(60, 200),
        (r"\text{no cycle}", no_cycle_up_to(6)), (r"\text{no cycle of up to four}", no_cycle_up_to(4)), lambda n, members: True),
    own("one-way", SMALL, "When a weak function tells two limits apart", check_separable, numbered(40, 150),
        (r"\text{not both reach each other}", lambda r: ~(r & r.T)), (r"\text{neither reaches the other}", lambda r: ~(r | r.T)),
        lambda r: np.ones_like(r)),
    own("power-invariant", EDGE, "What a power neuron conserves", check_power, numbered(12, 40),
        (r"k a^2 - |w|^2", lambda k: (k, 1)), (r"a^2 - k |w|^2", lambda k: (1, k)), lambda k: (1, -1), **FLOATS),
    own("layers", SMALL, "What two linear layers conserve", check_layers, numbered(10, 40),
        (r"B^T B - A A^T", transposed_left), (r"B B^T - A^T A", transposed_right), lambda A, B, dA, dB: dA),
    own("recovery-codimension", EDGE, "Codimension of a branch", check_codimension, numbered(40, 150),
        ("r + (m + m_0 - r) d", lambda m, m0, r, d: r + (m + m0 - r) * d),
        ("r + (m - r) d + m_0", lambda m, m0, r, d: r + (m - r) * d + m0),
        lambda m, m0, r, d: m * (d + 1)),
    own("recovery-size", EDGE, "The smallest sample size that separates", check_smallest_size, numbered(40, 150),
        ("m + m_0 d", lambda m, m0, d: m + m0 * d), ("m_0 + m d", lambda m, m0, d: m0 + m * d), lambda m, m0, d: m),
    own("switch", FLOAT, "When the ReLU neuron switches a sample off", check_switch, lambda context: [0],
        (r"\tfrac25 \ln \tfrac83", lambda arb: (arb(8) / 3).log() * 2 / 5), (r"0.392331701204690", lambda arb: arb("0.392331701204690")),
        lambda arb: arb(1), evidence="certified", tolerance="1e-30"),
    own("turn", FLOAT, "Where the elasticity of the softsign sigmoid turns", check_turn, EXPONENTS,
        (r"z = \sqrt2", lambda arb: arb(2).sqrt()), ("z = 1.4142135623731", lambda arb: arb("1.4142135623731")), lambda arb: arb(1),
        evidence="certified"),
    own("reflection", SMALL, "Where a tanh neuron of several inputs ends on the label -f", check_mirrored, numbered(10, 40),
        (r"w - 2 (w \cdot x) x/|x|^2", lambda w, x: w - 2 * (w @ x) * x / (x @ x)), ("-w", lambda w, x: -w), lambda w, x: w, **FLOATS),
    own("speed", CONSTANT, "How fast f grows along its orbit", check_speed, numbered(15, 60),
        (r"df/ds = |\nabla f|", lambda size: size), (r"df/ds = |\nabla f|^2", lambda size: size**2), lambda size: 0.0, **FLOATS),
    own("dropped-integral", DROPPED, "When a positive increasing neuron fits the label 0", check_reaches_zero, numbered(15, 50),
        (r"a_0^2/2 < (G(w_0 x) - G(-\infty))/x^2", lambda a, bound: a * a / 2 < bound), (r"\text{always}", lambda a, bound: True),
        lambda a, bound: a > 1, **FLOATS),
]  # fmt: skip


def claims(side: str) -> list[Claim]:
    """One side of all pairs."""
    return [*(altered(name, side) for name in ALTERED), *sides(PAIRS, side)]
