r"""The term that temporal difference leaves out, and the bias of the residual gradient from single samples."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.derivatives.dual import jacobian_of
from proofs_check import Assumption, axes, by_level, claim, exists, false
from proofs_check.judging import different, equal, vanishing, worst
from theory.dynamics.bellman import (
    bellman_matrix,
    example_of_bias,
    expected_square,
    mean_square,
    naive_system,
    next_variance,
    residual,
    residual_gradient,
    temporal_difference,
)

from . import COMPARISON

MISSING = claim(
    "rl.missing_term",
    "Temporal difference leaves out one term of the gradient",
    r"\nabla_\theta \tfrac12 \delta^2 - \delta\, \nabla_\theta Q(s, a) = -\gamma\, \delta\, \nabla_\theta Q(s', a')",
    symbols=["\\theta", "\\delta", "\\gamma", "Q", "s, a", "s', a'"],
    source=COMPARISON.at("the two methods it compares"),
    refuted_by="a parameterization with another difference",
)


@MISSING.check("symbolic", ["undetermined Q"], covers="statement", scope="every differentiable Q and every parameter by itself")
@false("the sign", sign=-1)
@false("without the discount", power=0)
@false("with its square (s)", power=2)
def chain_rule(_, *, sign=1, power=1, context):
    """Derivative of delta^2/2 by one parameter for undetermined Q(s, a; theta) and Q(s', a'; theta)."""
    import sympy

    theta, gamma, reward = sympy.symbols("theta gamma r", real=True)
    here, there = (sympy.Function(name)(theta) for name in ("Q", "Q_next"))
    delta = residual(here, reward, gamma, there)
    slopes = sympy.diff(here, theta), sympy.diff(there, theta)
    gradient = sympy.diff(delta**2 / 2, theta)
    semi = temporal_difference(delta, *slopes, gamma)
    return equal(
        term=(0, as_polynomial(gradient - semi + sign * gamma**power * delta * slopes[1], here, there, theta)),
        gradient=(0, as_polynomial(gradient - residual_gradient(delta, *slopes, gamma), here, there, theta)),
    )


def as_polynomial(expression, here, there, theta):
    """The same with symbols for Q, Q_next and their derivatives, expanded: it vanishes or it does not."""
    import sympy

    letters = sympy.symbols("Q Q_next slope slope_next")
    known = dict(zip((sympy.diff(here, theta), sympy.diff(there, theta)), letters[2:], strict=True))
    return sympy.expand(expression.doit().xreplace(known).xreplace({here: letters[0], there: letters[1]}))


def quadratic(theta, features):
    """A network with two squared neurons: sum_j theta_j (theta_(j + 2) . features)^2, plain arithmetic."""
    first = theta[2] * features[0] + theta[3] * features[1]
    second = theta[4] * features[0] + theta[5] * features[1]
    return theta[0] * first * first + theta[1] * second * second


def transitions(cell, rng):
    numbers = lambda count: np.array([Fraction(int(k), 4) for k in rng.integers(-9, 10, count)], dtype=object)
    here = numbers(2)
    return numbers(6), here, here if cell.stays else numbers(2), numbers(1)[0], Fraction(int(rng.integers(0, 10)), 10)


@MISSING.check(
    "exact", transitions, axes(stays=(False, True), quick=10, standard=100, full=1000),
    distribution="a network of two squared neurons at rational weights; the next state is another, or the same",
)  # fmt: skip
@false("the sign", sign=-1)
@false("the discount of 1 (s)", discount=lambda gamma: 1)
def networks(cell, drawn, *, sign=1, discount=lambda gamma: gamma, context):
    """Gradients by duals over the rationals."""
    theta, here, there, reward, gamma = drawn
    theta = rationals(theta)
    here, there, reward, gamma = rationals(here), rationals(there), rationals([reward])[0], rationals([gamma])[0]
    values = lambda theta: [quadratic(theta, here), quadratic(theta, there)]
    square = lambda theta: [
        residual(values(theta)[0], reward, gamma, values(theta)[1]) * residual(values(theta)[0], reward, gamma, values(theta)[1]) / 2
    ]
    (slope, following), (gradient,) = jacobian_of(values)(theta), jacobian_of(square)(theta)
    delta = residual(*values(theta)[:1], reward, gamma, values(theta)[1])
    left_out = gradient - temporal_difference(delta, slope, following, gamma)
    return equal(term=(-sign * discount(gamma) * delta * following, left_out))


# ---------------------------------------------------------------------------------------------------------- sampling

DETERMINISTIC = Assumption("deterministic", r"P \text{ has entries } 0 \text{ and } 1 \text{ (clause unbiased)}")

SAMPLING = claim(
    "rl.double_sampling",
    "One sample of the next state adds a variance to the squared residual",
    r"E \delta^2 = (E \delta)^2 + \gamma^2 \operatorname{Var} V(s')",
    clauses={
        "variance": r"E \delta^2 = (E \delta)^2 + \gamma^2 \operatorname{Var} V(s')",
        "unbiased": r"\text{in deterministic chains } E \delta^2 \text{ has its minimum } 0 \text{ at } V^\pi \text{ alone}",
        "biased": exists(r"\text{there is a chain whose minimum of } \sum_s E \delta_s^2 \text{ is not } V^\pi"),
    },
    symbols=["E", "\\delta", "\\gamma", "V", "s, a", "s', a'", "\\operatorname{Var}", "V^\\pi", "P"],
    assumptions=[DETERMINISTIC],
    source=COMPARISON.at("double sampling, its reason for deterministic problems"),
    refuted_by="a chain in which the two sides differ",
    notes="Rewards depend on the state alone; one that depends on s' adds its variance and a covariance.",
)


@SAMPLING.check(
    "symbolic",
    [3],
    clauses="variance",
    covers="statement",
    scope="every number of next states: both sides are sums of monomials p_k V_k^2 and p_k p_l V_k V_l, which three of them meet",
)
@false("gamma for gamma^2 (s)", power=1)
@false("without the variance", power=None)
def variance(count, *, power=2, context):
    """Three next states with free probabilities of sum 1."""
    import sympy

    c, gamma = sympy.symbols("c gamma")
    V, p = sympy.symbols(f"V:{count}"), list(sympy.symbols(f"p:{count - 1}"))
    p.append(1 - sum(p))
    mean = lambda values: sum(weight * value for weight, value in zip(p, values, strict=True))
    deltas = [c - gamma * value for value in V]
    spread = 0 if power is None else gamma**power * (mean([v**2 for v in V]) - mean(V) ** 2)
    return equal(variance=(0, sympy.expand(mean([d**2 for d in deltas]) - mean(deltas) ** 2 - spread)))


def chains(cell, rng):
    """A rational chain of ``cell.n`` states: stochastic rows of denominators up to 6, or one next state each."""
    if cell.deterministic:
        P = np.zeros((cell.n, cell.n), dtype=object) * Fraction(1)
        for s, target in enumerate(rng.integers(0, cell.n, cell.n)):
            P[s, target] = Fraction(1)
    else:
        rows = rng.integers(0, 4, (cell.n, cell.n)) + np.eye(cell.n, dtype=int)
        P = np.array([[Fraction(int(k), int(row.sum())) for k in row] for row in rows], dtype=object)
    numbers = lambda: np.array([Fraction(int(k), 3) for k in rng.integers(-9, 10, cell.n)], dtype=object)
    return P, numbers(), numbers(), Fraction(int(rng.integers(1, 10)), 10)


CHAINS = axes(n=by_level((2, 3, 5), (2, 3, 5, 8)), deterministic=(False, True), quick=4, standard=20, full=100)


@SAMPLING.check("exact", chains, CHAINS, clauses="variance", distribution="rational chains, values and rewards")
@false("gamma for gamma^2 (s)", power=1)
@false("E V^2 for the variance", spread=lambda P, V: P @ (V * V))
def variance_of_chains(cell, drawn, *, power=2, spread=next_variance, context):
    """State by state, in rational arithmetic."""
    P, r, V, gamma = drawn
    return equal(square=(mean_square(P, V, r, gamma) + gamma**power * spread(P, V), expected_square(P, V, r, gamma)))


def solve(A, b):
    from flint import fmpq_mat

    A, b = rationals(A), rationals(b)
    solved = fmpq_mat(A.tolist()).solve(fmpq_mat([[entry] for entry in b]))
    return [solved[k, 0] for k in range(len(b))]


@SAMPLING.check(
    "exact", chains, axes(n=by_level((2, 3, 5), (2, 3, 5, 8)), deterministic=(True,), quick=6, standard=40, full=200), clauses="unbiased",
    distribution="chains with one next state each, rational rewards; normal equations with unequal weights",
)  # fmt: skip
@false("the fixed point without discount's square", factor=Fraction(99, 100))
def unbiased(cell, drawn, *, factor=1, context):
    """The minimum from the normal equations, the fixed point, and the residual there."""
    P, r, _, gamma = drawn
    weights = [Fraction(s + 1) for s in range(cell.n)]
    fixed = [value * rationals([factor])[0] for value in solve(bellman_matrix(P, gamma), r)]
    minimum = solve(*naive_system(P, r, gamma, weights))
    return worst(
        [equal(minimum=(fixed, minimum)), vanishing("residual", expected_square(*map(rationals, (P, minimum, r)), rationals([gamma])[0]))]
    )


def stochastic(cell, rng):
    P, r, V, gamma = chains(cell, rng)
    half = Fraction(1, 2)
    return (P + np.roll(np.eye(cell.n, dtype=int), 1, axis=1)) * half, r + np.arange(cell.n), V, gamma


SAMPLING.without("deterministic", unbiased, stochastic)


@SAMPLING.check(
    "symbolic", ["a row with one entry"], clauses="unbiased", covers="statement",
    scope="all deterministic chains: Var V(s') = 0, so that E delta^2 = (E delta)^2 >= 0, zero exactly where (I - gamma P) V ="
    " r, which is regular",
)  # fmt: skip
@false("a row with two entries", share=Fraction(1, 2))
def no_variance(_, *, share=1, context):
    """The variance over one next state, and over two of equal probability."""
    import sympy

    V, W = sympy.symbols("V W")
    p = sympy.Rational(share)
    return equal(variance=(0, sympy.expand(p * V**2 + (1 - p) * W**2 - (p * V + (1 - p) * W) ** 2)))


def by_sympy(_, *, naive=True, context):
    """The same with sympy: slopes of the two sums at V^pi and at the minimum."""
    import sympy

    P, r, gamma = example_of_bias()
    V = np.array(sympy.symbols("V0 V1"), dtype=object)
    P, r = (np.vectorize(sympy.Rational, otypes=[object])(array) for array in (P, r))
    total = (expected_square if naive else mean_square)(P, V, r, sympy.Rational(gamma))
    fixed = dict(zip(V, (sympy.Rational(9, 2), sympy.Rational(11, 2)), strict=True))
    slopes = [sympy.expand(sympy.diff(sum(total), v)).subs(fixed) for v in V]
    return different("slope of the sum at V^pi", slopes, [0, 0])


@SAMPLING.check(
    "exact", ["two states"], clauses="biased", scope="P = 1/2 everywhere, r = (0, 1), gamma = 9/10, equal weights", replay=by_sympy
)
@false("the mean square in place of the mean of squares", naive=False)
def biased(_, *, naive=True, context):
    """V^pi = (4.5, 5.5), where the minimum of the sum of E delta^2 is elsewhere."""
    P, r, gamma = example_of_bias()
    A = bellman_matrix(P, gamma)
    fixed = solve(A, r)
    minimum = solve(*(naive_system(P, r, gamma, [Fraction(1)] * 2) if naive else (A.T @ A, A.T @ r)))
    told = {"P": P.tolist(), "r": r.tolist(), "gamma": gamma, "V_pi": ["9/2", "11/2"], "minimum": [str(entry) for entry in minimum]}
    return worst([different("minimum", fixed, minimum), equal(witness=told, fixed=([Fraction(9, 2), Fraction(11, 2)], fixed))])
