r"""How fast both methods learn a cycle, and why a smaller residual is not a better policy."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.hessian.inertias import ball_inertia
from proofs_check import Figure, axes, by_level, claim, exists, false, nothing
from proofs_check.judging import at_most, different, equal, inertia_is, order, true, worst
from theory.dynamics.bellman import Chain, bellman_matrix, cycle

from . import COMPARISON

RATES = claim(
    "rl.rates",
    "On a cycle temporal difference learns at the rate 1 - gamma, residual gradient at its square",
    r"A = I - \gamma C: \quad \min \operatorname{Re} \operatorname{spec} A = 1 - \gamma,\quad \min \operatorname{spec} A^T A ="
    r" (1 - \gamma)^2",
    clauses={
        "temporal difference": r"V' = -A (V - V^*): \; \det(x I - A) = (x - 1)^n - (-\gamma)^n, \text{ slowest rate } 1 - \gamma",
        "residual gradient": r"V' = -A^T A (V - V^*): \; \text{slowest rate } (1 - \gamma)^2",
        "condition": r"\text{singular values of } A \text{ lie in } [1 - \gamma, 1 + \gamma], \text{ the lower end is attained,"
        r" the upper one}"
        r" \text{ iff } n \text{ is even; condition numbers } \tfrac{1 + \gamma}{1 - \gamma} \text{ and its square for even } n,"
        r"\ \tfrac{\sqrt{1 + \gamma^2 + 2 \gamma \cos(\pi/n)}}{1 - \gamma} \text{ and its square for odd } n",
    },
    symbols={
        "A": "I - gamma C", "C": "cyclic permutation of n states", "V": "values in a table", "V^*": "the fixed point",
        "\\gamma": "discount in (0, 1)",
        "n": "number of states, at least 2", "x": "eigenvalue",
    },
    source=COMPARISON.at("its observation that residual gradient is slower; the rates are ours"),
    kind="extension",
    refuted_by="a cycle with another slowest rate",
    notes="Even n, gamma = 0.9: 19 and 361; gamma = 0.99: 199 and 39,601. n = 3, gamma = 1/2: 2.646 and 7.",
)  # fmt: skip

DISCOUNTS = ("1/2", "9/10", "99/100")
CYCLES = axes(n=by_level((2, 3, 4, 5, 10), tuple(range(2, 13)), tuple(range(2, 41))), gamma=DISCOUNTS)


@RATES.check(
    "symbolic",
    ["lower", "upper", "real part", "attained", "odd"],
    clauses=("temporal difference", "residual gradient", "condition"),
    covers="statement",
    scope="all n and gamma: the quadratic forms are sums over s of the terms compared, indices modulo n; equality is all"
    " differences, or sums, zero, which for odd n leaves V = 0; for odd"
    " n the Fourier vectors have the eigenvalues 1 + gamma^2 - 2 gamma cos(2 pi k/n), the largest at the k next to n/2; in the"
    " determinant of x I - A the identity and the cycle are the only permutations",
)
@false("(1 - gamma^2) (s)", low=lambda g: 1 - g**2)
@false("1 + gamma^2 for its square", high=lambda g: 1 + g**2)
@false("real parts from (1 - gamma)^2", real=lambda g: (1 - g) ** 2)
@false("cos(2 pi/n) for odd n (s)", turn=2)
def forms(part, *, turn=1, low=lambda g: (1 - g) ** 2, high=lambda g: (1 + g) ** 2, real=lambda g: 1 - g, context):
    """|A V|^2 - (1 - gamma)^2 |V|^2 = gamma sum (V_s - V_(s+1))^2, (1 + gamma)^2 |V|^2 - |A V|^2 = gamma sum (V_s + V_(s+1))^2,
    V . A V - (1 - gamma)|V|^2 = (gamma/2) sum (V_s - V_(s+1))^2: term by term, |V|^2 as sum (V_s^2 + V_(s+1)^2)/2."""
    import sympy

    g, v, w = sympy.symbols("gamma v w")
    if part == "odd":  # n = 2 j + 1, k = j
        j = sympy.Symbol("j", integer=True, positive=True)
        n = 2 * j + 1
        angle = sympy.simplify(sympy.pi - 2 * sympy.pi * j / n)  # cos(pi - angle) = -cos(angle)
        return equal(angle=(0, sympy.simplify(angle - turn * sympy.pi / n)))
    if part == "attained":  # A^T A on constant vectors, and on alternating ones: 1 + gamma^2 -+ 2 gamma; A on constant ones
        rows = [1 + g**2 - 2 * g, 1 + g**2 + 2 * g, 1 - g]
        return equal(values=([sympy.expand(value) for value in (low(g), high(g), real(g))], rows))
    size = (v**2 + w**2) / 2
    square = (1 + g**2) * size - 2 * g * v * w  # (v - gamma w)^2, its squares shared out
    if part == "lower":
        return equal(rest=(sympy.expand(g * (v - w) ** 2), sympy.expand(square - low(g) * size)))
    if part == "upper":
        return equal(rest=(sympy.expand(g * (v + w) ** 2), sympy.expand(high(g) * size - square)))
    return equal(rest=(sympy.expand(g * (v - w) ** 2 / 2), sympy.expand(size - g * v * w - real(g) * size)))


@RATES.check("exact", nothing, CYCLES, clauses="temporal difference")
@false("gamma^n of one sign (s)", power=lambda g, n: g**n)
@false("(1 - gamma)^2", rate=lambda g: (1 - g) ** 2)
@false("1 - gamma^2 (s)", rate=lambda g: 1 - g**2)
def characteristic(cell, _, *, power=lambda g, n: (-g) ** n, rate=lambda g: 1 - g, context):
    """The characteristic polynomial in rationals, and its root at the slowest rate; that real parts are no smaller is the form above."""
    from flint import fmpq_mat, fmpq_poly

    gamma = Fraction(cell.gamma)
    g = rationals([gamma])[0]
    A = rationals(bellman_matrix(cycle(cell.n), gamma))
    found = fmpq_mat(A.tolist()).charpoly()
    x = fmpq_poly([-1, 1])
    return worst([equal(polynomial=((x**cell.n - power(g, cell.n)).coeffs(), found.coeffs())), equal(root=(0, found(rate(g))))])


@RATES.check("exact", nothing, CYCLES, clauses=("residual gradient", "condition"))
@false("1 - gamma^2 (s)", low=lambda g: 1 - g**2)
@false("the upper end for every n (s)", even=lambda n: True)
@false("1 + gamma for its square", high=lambda g: 1 + g)
def singular_values(cell, _, *, low=lambda g: (1 - g) ** 2, high=lambda g: (1 + g) ** 2, even=lambda n: n % 2 == 0, context):
    """A^T A: its characteristic polynomial vanishes at (1 - gamma)^2, and at (1 + gamma)^2 for even n alone."""
    from flint import fmpq_mat

    gamma = Fraction(cell.gamma)
    g = rationals([gamma])[0]
    A = fmpq_mat(rationals(bellman_matrix(cycle(cell.n), gamma)).tolist())
    found = (A.transpose() * A).charpoly()
    return equal(low=(0, found(low(g))), high=(even(cell.n), found(high(g)) == 0))


def largest(gamma, n):
    """The square of the largest singular value of A, in balls."""
    from flint import arb

    cosine = arb(1) if n % 2 == 0 else (arb.pi() / n).cos()
    return 1 + ball(gamma) ** 2 + 2 * ball(gamma) * cosine


@RATES.check("certified", nothing, CYCLES, clauses="condition")
@false("1 + gamma for odd n, too (s)", top=lambda g, n: (1 + ball(g)) ** 2)
@false("1 + gamma for n = 3 alone (s)", top=lambda g, n: (1 + ball(g)) ** 2 if n == 3 else largest(g, n))
@false("the next eigenvalue for odd n", top=lambda g, n: largest(g, max(2, n - 2 * (n % 2))))
@false("the same for both (s)", power=1)
def condition_numbers(cell, _, *, top=largest, power=2, context):
    """At the square of the condition number, times (1 - gamma)^2, all eigenvalues of A^T A end: none lies 1e-9 of it beyond, one (even n)
    or two (odd n) lie above 1e-9 of it less; by elimination in balls. ``power`` is that of the number for residual gradient."""
    gamma = Fraction(cell.gamma)
    A = bellman_matrix(cycle(cell.n), gamma)
    with working_precision(256):
        product = balls(A.T @ A)
        low = (1 - ball(gamma)) ** 2
        number = (top(gamma, cell.n) / low) ** (ball(power) / 2)
        value = number * low
        attained = 1 if cell.n % 2 == 0 else 2
        counts = []
        for side, negative in ((1, 0), (-1, attained)):
            edge = value * (1 + ball(Fraction(side, 10**9)))
            shifted = np.array([[(edge if i == k else 0) - product[i, k] for k in range(cell.n)] for i in range(cell.n)], dtype=object)
            counts.append(inertia_is((negative, 0, cell.n - negative), ball_inertia(shifted)))
        return worst(counts)


@RATES.check("exact", nothing, axes(gamma=("9/10", "99/100")), clauses="condition", scope="even n, as printed in the notes")
@false("the same for both (s)", power=1)
@false("1/(1 - gamma)", number=lambda g: 1 / (1 - g))
def printed_numbers(cell, _, *, power=2, number=lambda g: (1 + g) / (1 - g), context):
    """The numbers of the notes."""
    gamma = Fraction(cell.gamma)
    printed = {"9/10": (19, 361), "99/100": (199, 39601)}[cell.gamma]
    return equal(condition=(list(printed), [number(gamma), number(gamma) ** power]))


@RATES.check(
    "property",
    nothing,
    axes(gamma=(0.5, 0.9), n=(6, 11)),
    clauses=("temporal difference", "residual gradient"),
    tolerance="both rates are read over a time in which the next eigenvalue has lost e^-20 of its share; eigenvalues of floats to 1e-12",
)
@false("the same rate for both", power=1)
@false("the square for both", first=2)
def flows(cell, _, *, power=2, first=1, context):
    """|V - V*| under both flows by the matrix exponential: the last decay rate."""
    from scipy.linalg import expm

    A = bellman_matrix(cycle(cell.n), Fraction(cell.gamma).limit_denominator(10)).astype(float)
    start = np.random.default_rng(cell.n).normal(size=cell.n) + 1
    outcomes, series = [], []
    for name, matrix, rate in (
        ("temporal difference", A, (1 - cell.gamma) ** first),
        ("residual gradient", A.T @ A, (1 - cell.gamma) ** power),
    ):
        values = np.sort(np.linalg.eigvals(matrix).real)
        time = 40 / (values[1] - values[0])
        sizes = [np.linalg.norm(expm(-matrix * t) @ start) for t in (time, time + 1 / values[0])]
        measured = np.log(sizes[0] / sizes[1]) * values[0]
        outcomes.append(at_most(f"rate of {name}", abs(measured - rate), 1e-6, attained=False))
        times = np.linspace(0, 60, 61)
        series.append({"label": name, "x": times.tolist(), "y": [float(np.linalg.norm(expm(-matrix * t) @ start)) for t in times]})
    figures = [decay(series)] if (cell.gamma, cell.n) == (0.9, 11) else []
    return worst(outcomes, figures=figures)


def decay(series):
    return Figure(
        "lines",
        "Error of both methods on a cycle of 11 states, gamma = 0.9",
        "Both fall; temporal difference along a straight line of slope 0.1 on a logarithmic axis, residual gradient at 0.01, far above it",
        {"series": series},
        x_label="time",
        y_label="|V - V*|",
        log_y=True,
    )


# ------------------------------------------------------------------------------------------------------------ policies

POLICY = claim(
    "rl.residual_vs_policy",
    "A smaller Bellman residual is not a better policy",
    r"\text{there are } Q_1, Q_2 \text{ with } \max |\delta(Q_1)| < \max |\delta(Q_2)| \text{ and returns of } 0 \text{ and } V^*",
    clauses={
        "equal": r"\text{on the chain, for all } n \text{ and } \gamma: \; Q_1 = \tfrac{1}{2(1 - \gamma)} \text{ and } Q_2 ="
        r" Q^* + Q_1 \text{ have"
        r" residuals } \pm\tfrac12 \text{ everywhere; greedy for } Q_1 \text{ (ties to the left) returns } 0, \text{ for } Q_2"
        r" \text{ it is optimal}",
        "reversed": exists(r"\text{on the chain with } n = 30, \gamma = 0.99: \; Q^* + 51 \text{ has the residual } 0.51 > 0.5"
        r" \text{ and the optimal policy}"),
    },
    symbols={
        "Q_1, Q_2": "action values", "\\delta": "Bellman residual, with the largest Q of the next state",
        "Q^*": "the optimal action value", "n": "states 0 .. n - 1 of the chain, n >= 2: left and right lead to the neighbour,"
        " at the ends to the state itself; right at the last state is rewarded by 1, all else by 0",
        "\\gamma": "discount", "V^*": "the optimal value",
    },
    source=COMPARISON.at("its finding that residual gradient has small residuals and poor policies"),
    kind="counterexample",
    relation="existence",
    refuted_by="a mistake in the arithmetic of one chain",
    notes="Right at the last state is rewarded. n = 30, gamma = 0.99: mean return 0 for Q_1 = 50, 86.8 for Q* + 50.",
)  # fmt: skip


@POLICY.check(
    "exact",
    nothing,
    axes(n=by_level((2, 3, 30), (2, 3, 5, 10, 30, 100)), gamma=DISCOUNTS),
    clauses="equal",
    covers="statement",
    because="constants move residuals by (1 - gamma) times themselves: of Q_1 they are 1/2 - r with r = 0 or 1, of Q* + Q_1"
    " they are 1/2; a greedy policy"
    " does not see constants. Chains of other lengths differ in the number of equal states alone",
)
@false("the constant 1/(1 - gamma)", constant=lambda g: 1 / (1 - g))
@false("residuals of Q_2 smaller by a hundredth", second=Fraction(49, 100))
@false("ties broken to the right", ties=1)
def equal_residuals(cell, _, *, constant=lambda g: 1 / (2 * (1 - g)), second=Fraction(1, 2), ties=0, context):
    """All residuals, both greedy policies and their returns, in rational arithmetic."""
    gamma = Fraction(cell.gamma)
    chain, c = Chain(cell.n, gamma), constant(Fraction(cell.gamma))
    flat = np.full((cell.n, 2), c, dtype=object)
    best = chain.optimal()
    sizes = lambda Q: {abs(entry) for entry in chain.residuals(Q).ravel()}
    lazy = chain.returns([ties] * cell.n)
    optimal = chain.returns(chain.greedy(best + c))
    return equal(
        fixed=({Fraction(0)}, sizes(best)),
        first=({Fraction(1, 2)}, sizes(flat)),
        second=({second}, sizes(best + c)),
        greedy=([0] * cell.n, chain.greedy(flat)),
        lazy=([0] * cell.n, list(lazy)),
        optimal=(list(best.max(axis=1)), list(optimal)),
    )


def in_balls(_, *, shift=51, context):
    """The same in balls: residuals, and the mean of the returns."""
    from flint import arb

    gamma = arb(99) / 100
    chain = Chain(30, Fraction(99, 100))
    Q = np.array([[arb(99) / 100 * gamma ** (29 - max(s - 1, 0)) * 100, gamma ** (29 - s) * 100] for s in range(30)], dtype=object) + shift
    largest = max(
        (abs(Q[s, a] - r - gamma * Q[t, 1]) for s in range(30) for a in (0, 1) for t, r in [chain.step(s, a)]), key=lambda e: e.mid()
    )
    return worst(
        [order("residuals", [arb(1) / 2, largest]), true("right is better everywhere", all(bool(Q[s, 1] > Q[s, 0]) for s in range(30)))]
    )


@POLICY.check("exact", ["n = 30"], clauses="reversed", scope="n = 30, gamma = 99/100", replay=in_balls)
@false("Q* + 49", shift=49)
def reversed_order(_, *, shift=51, context):
    """Largest residuals in order, returns against it; the mean return of the optimal policy is 86.8."""
    chain = Chain(30, Fraction(99, 100))
    flat, best = np.full((30, 2), Fraction(50), dtype=object), chain.optimal() + shift
    largest = [max(abs(entry) for entry in chain.residuals(Q).ravel()) for Q in (flat, best)]
    returns = [chain.returns(chain.greedy(Q)).sum() / 30 for Q in (flat, best)]
    told = {
        "n": 30,
        "gamma": "99/100",
        "shift": shift,
        "residuals": [str(entry) for entry in largest],
        "mean returns": [float(entry) for entry in returns],
    }
    return worst(
        [
            order("largest residuals", largest),
            order("returns", returns),
            different("returns", *returns),
            equal(witness=told, mean=(Fraction(868, 10), Fraction(round(returns[1] * 10), 10))),
        ],
        figures=[residuals_and_returns(largest, returns)],
    )


def residuals_and_returns(largest, returns):
    return Figure(
        "scatter",
        "Residual and return of two action values on the chain",
        "The point further right, with the larger residual, stands high up; the other one at return zero",
        {
            "series": [
                {"label": name, "x": [float(r)], "y": [float(v)]}
                for name, r, v in zip(("Q = 50", "Q* + 51"), largest, returns, strict=True)
            ]
        },
        x_label="largest residual",
        y_label="mean return of the greedy policy",
    )
