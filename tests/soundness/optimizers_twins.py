"""Pairs on Adam, momentum and quadratics: a false statement and its true twin, written from the statements before they were run.

Parameters are drawn as the statements suggest: k even from 4 on, rho and beta1 rational, now and then on a boundary that the statement
names, beta1 = 0 in a third of the draws.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from referee_twins import (
    ALMOST_SURELY,
    AT_EDGES,
    CONSTANT,
    DROPPED,
    EDGE,
    FLOAT,
    OFF_BY_ONE,
    SMALL,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
    within,
)

from proofs_check import Source

DEGENERATE, SPIKES = "arXiv:2603.09581v1", "arXiv:2506.04805v1"


def fraction(rng, low=0, high=1):
    return low + (high - low) * Fraction(int(rng.integers(1, 200)), 200)


def power(rng):
    return int(rng.choice([4, 6, 8, 10]))


def beta1(rng):
    return Fraction(0) if rng.random() < 1 / 3 else fraction(rng)


# ------------------------------------------------------------------------------------------- the fixed point and its stability


def check_existence(instance, *, claimed, domain, context):
    """w (1 - beta1/rho^(k-1)) = 1 - beta1 has a positive solution; beta1 on the edge in a third of the draws."""
    rng = context.rng(instance)
    k, rho = power(rng), fraction(rng)
    b = rho ** (k - 1) if rng.random() < 1 / 3 else fraction(rng)
    return agreed(bool(claimed(k, b, rho)), 1 - b / rho ** (k - 1) > 0, k=k, beta1=b, rho=rho)


def check_stability(instance, *, claimed, domain, context):
    """The exact Schur test at the fixed point, where it exists; beta1 on one of both edges in half of the draws."""
    from numerics.dynamics.adam_linearization import minimum_polynomial
    from numerics.dynamics.schur import is_schur

    rng = context.rng(instance)
    k, rho = power(rng), fraction(rng)
    low = rho ** (k - 1) * ((k - 2) - k * rho) / (k - (k - 2) * rho)
    b = [rho**k, max(low, Fraction(0)), rho ** (k - 1) * fraction(rng), rho**k * fraction(rng)][int(rng.integers(4))]
    b = b if b < rho ** (k - 1) else rho ** (k - 1) / 2
    return agreed(bool(claimed(k, b, rho)), is_schur(minimum_polynomial(k, b, rho)), k=k, beta1=b, rho=rho)


def equation_9(k, b, rho):
    return b * (k - (k - 2) * rho) > rho ** (k - 1) * ((k - 2) - k * rho)


def check_determinant(instance, *, claimed, domain, context):
    from numerics.dynamics.adam_linearization import minimum_polynomial

    rng = context.rng(instance)
    k, rho = power(rng), fraction(rng)
    b = rho**k * fraction(rng)
    return agreed(claimed(k, b, rho), minimum_polynomial(k, b, rho)[0], k=k, beta1=b, rho=rho)


def check_rate(instance, *, claimed, domain, context):
    """The mean change of ln|x| of a long run in floats, x_0 = 1000 eta."""
    from numerics.dynamics.adam_orbits import many_orbits

    rng = context.rng(instance)
    k = power(rng)
    b1, b2 = rng.uniform(0, 0.8), rng.uniform(0.9, 0.97)
    found = float(many_orbits(k, b1, b2, steps=6000).slope)
    return within(abs(found / claimed(k, b2) - 1), 1e-3, "slope of ln|x|", k=k, beta1=b1, beta2=b2)


# ------------------------------------------------------------------------------------------------------- RMSProp's scalar map


def check_period_two(instance, *, claimed, domain, context):
    """Whether the map u' = g u (1-u)^(k-2) has points of period two in (0, 1); beta2 = rho^(2(k-2)) on the edge in a third of the draws."""
    from numerics.dynamics.rmsprop_map import period_two_points

    rng = context.rng(instance)
    k = int(rng.choice([4, 6, 8]))
    rho = Fraction(k - 2, k) if rng.random() < 1 / 3 else fraction(rng, Fraction(2, 5), 1)
    return agreed(bool(claimed(k, rho)), period_two_points(k, rho ** (2 - k)) > 0, k=k, rho=rho)


def check_interval(instance, *, claimed, domain, context):
    """Whether ((k-2)/k)^(2(k-2)) < 1/(2k-3)."""
    k = 4 + 2 * (instance % 20)
    return agreed(bool(claimed(k)), Fraction(k - 2, k) ** (2 * (k - 2)) < Fraction(1, 2 * k - 3), k=k)


# -------------------------------------------------------------------------------------------------------------- the 2-cycle


def check_cycle(instance, *, claimed, domain, context):
    """One exact step from x = claimed amplitude with v = g^2 and the m that alternates leads to -x."""
    rng = context.rng(instance)
    k, b, eta = power(rng), beta1(rng), fraction(rng) / 1000
    x = claimed(b, eta)
    g = x ** (k - 1)
    m = (1 - b) / (1 + b) * g
    return agreed(-x, x - eta * m / g, k=k, beta1=b, eta=eta)


def check_cycle_stability(instance, *, claimed, domain, context):
    """The exact Schur test of the 2-cycle at beta1 = 0; beta2 on the edge, or beta2 = 0, in a third of the draws each."""
    from numerics.dynamics.adam_linearization import cycle_polynomial_of_the_step
    from numerics.dynamics.schur import is_schur

    rng = context.rng(instance)
    k = power(rng)
    b2 = [Fraction(1, 2 * k - 3), Fraction(0), fraction(rng, 0, Fraction(1, k))][int(rng.integers(3))]
    return agreed(bool(claimed(k, b2)), is_schur(cycle_polynomial_of_the_step(k, Fraction(0), b2)), k=k, beta2=b2)


def check_first_step(instance, *, claimed, domain, context):
    """RMSProp with v_0 = g_0^2: the loss changes at the first step, x_1 = x_0 - eta; x_0/eta a multiple of 1/8 up to 5."""
    rng = context.rng(instance)
    eta = fraction(rng)
    x = eta * Fraction(int(rng.integers(1, 41)), 8)
    return agreed(bool(claimed(x, eta)), (x - eta) ** 4 != x**4, x=x, eta=eta)


# -------------------------------------------------------------------------------------------------- momentum and quadratics


def check_frozen(instance, *, claimed, domain, context):
    """The Schur test of z^2 - (1 + b - (1-b) h) z + b, the step of EMA momentum at h = eta lambda, a random share of the threshold."""
    from numerics.arithmetic.exact import rationals
    from numerics.dynamics.schur import is_schur

    rng = context.rng(instance)
    b = Fraction(int(rng.choice([0, 30, 90, 99])), 100)
    h = 2 * (1 + b) / (1 - b) * Fraction(int(rng.choice([1, 5, 9, 11, 20])), 10)
    return agreed(bool(h < claimed(b)), is_schur(list(rationals([b, (1 - b) * h - 1 - b, Fraction(1)]))), beta1=b, h=h)


def check_gd(instance, *, claimed, domain, context):
    """x' = (1 - h) x tends to 0; h = 2 in a fifth of the draws."""
    rng = context.rng(instance)
    h = Fraction(2) if rng.random() < 0.2 else fraction(rng, 0, 4)
    return agreed(bool(claimed(h)), abs(1 - h) < 1, h=h)


def check_rise(instance, *, claimed, domain, context):
    """Integers: H symmetric, P diagonal, u = P^-1 g with g.u > 0, eta at random."""
    rng = context.rng(instance)
    while True:
        A, x = rng.integers(-3, 4, (2, 2)), rng.integers(-4, 5, 2).astype(object)
        H = (A + A.T).astype(object)
        g = H @ x
        if g.any() and (u := g * np.array([Fraction(1, int(p)) for p in rng.integers(1, 9, 2)])) @ g > 0:
            break
    eta = fraction(rng, 0, 2)
    loss = lambda y: (y @ H @ y) / Fraction(2)
    return agreed(bool(claimed(H, g, u) > 2 / eta), bool(loss(x - eta * u) > loss(x)), H=H, x=x, u=u, eta=eta)


def check_momentum(instance, *, claimed, domain, context):
    """|x| under m' = mu m + (1 - mu) x^(k-1), x' = x - eta m' after 20,000 steps: 5 per cent of transient are allowed."""
    rng = context.rng(instance)
    k, mu, eta, x, m = int(rng.choice([4, 6])), float(rng.choice([0, 0.5, 0.9])), 0.05, 1.0, 0.0
    for _ in range(20_000):
        m = mu * m + (1 - mu) * x ** (k - 1)
        x = x - eta * m
    return within(abs(x / ((k - 2) * eta * claimed(mu) * 20_000) ** (-1 / (k - 2)) - 1), 0.05, "|x|", k=k, mu=mu)


def check_small_betas(instance, *, claimed, domain, context):
    """The exact Schur test of the 2-cycle at small beta1 and beta2, both 0 in a fifth of the draws."""
    from numerics.dynamics.adam_linearization import cycle_polynomial_of_the_step
    from numerics.dynamics.schur import is_schur

    rng = context.rng(instance)
    k = power(rng)
    b1, b2 = (Fraction(0), Fraction(0)) if rng.random() < 0.2 else (fraction(rng) / 20, fraction(rng) / 20)
    return agreed(bool(claimed(k, b1, b2)), is_schur(cycle_polynomial_of_the_step(k, b1, b2)), k=k, beta1=b1, beta2=b2)


def cycle_inequality(k, b1, b2):
    c1 = (2 * k - 1) * b1 + (2 * k - 3) * b2 - b1 * b2
    c2 = 1 + 3 * b1 + b2 - 2 * k * (b1 + b2)
    return c1 + b1 * b2 * c2 < 1 - (b1 * b2) ** 2


def pair(
    name, title, difficulty, run, true, false, control, *, instances=AT_EDGES, where="", paper=DEGENERATE, evidence="exact", tolerance=None
):
    """``true`` and ``false`` are (statement, what is claimed)."""
    return Pair(
        id=f"optimizertwins.{name}",
        title=title,
        difficulty=difficulty,
        source=Source(paper, where or "soundness bench"),
        scope=run.__doc__ or "random rational parameters",
        run=run,
        instances=instances,
        true=Side(statement=true[0], claimed=true[1]),
        false=Side(statement=false[0], claimed=false[1]),
        control=control,
        evidence=evidence,
        tolerance=tolerance,
    )


PAIRS = [
    pair(
        "existence-edge",
        "The fixed point exists below an edge",
        EDGE,
        check_existence,
        (r"\text{it exists} \iff \beta_1 < \rho^{k-1}", lambda k, b, rho: b < rho ** (k - 1)),
        (r"\text{it exists} \iff \beta_1 \le \rho^{k-1}", lambda k, b, rho: b <= rho ** (k - 1)),
        ("always", lambda k, b, rho: True),
    ),
    pair(
        "existence-power",
        "The edge depends on the power",
        SMALL,
        check_existence,
        (r"\text{it exists} \iff \beta_1 < \rho^{k-1}", lambda k, b, rho: b < rho ** (k - 1)),
        (r"\text{it exists} \iff \beta_1 < \rho^3", lambda k, b, rho: b < rho**3),
        ("always", lambda k, b, rho: True),
    ),
    pair(
        "stability-second-condition",
        "Two inequalities, not one",
        DROPPED,
        check_stability,
        (r"\text{stable} \iff \beta_1 < \rho^k \text{ and equation 9}", lambda k, b, rho: b < rho**k and equation_9(k, b, rho)),
        (r"\text{stable} \iff \beta_1 < \rho^k", lambda k, b, rho: b < rho**k),
        ("always", lambda k, b, rho: True),
    ),
    pair(
        "stability-edge",
        "On the boundary it is not stable",
        EDGE,
        check_stability,
        (r"\text{stable} \iff \beta_1 < \rho^k \text{ and equation 9}", lambda k, b, rho: b < rho**k and equation_9(k, b, rho)),
        (r"\text{stable} \iff \beta_1 \le \rho^k \text{ and equation 9}", lambda k, b, rho: b <= rho**k and equation_9(k, b, rho)),
        ("always", lambda k, b, rho: True),
    ),
    pair(
        "determinant",
        "Determinant at the fixed point",
        OFF_BY_ONE,
        check_determinant,
        (r"\det = \beta_1/\rho^k", lambda k, b, rho: b / rho**k),
        (r"\det = \beta_1/\rho^{k-1}", lambda k, b, rho: b / rho ** (k - 1)),
        ("beta1", lambda k, b, rho: b),
        instances=numbered(8, 60),
    ),
    pair(
        "rate",
        "Rate of ln|x|",
        CONSTANT,
        check_rate,
        (r"\ln|x_t| \sim t \ln\beta_2/(2(k-2))", lambda k, b2: np.log(b2) / (2 * (k - 2))),
        (r"\ln|x_t| \sim t \ln\beta_2/(2(k-1))", lambda k, b2: np.log(b2) / (2 * (k - 1))),
        ("without the power", lambda k, b2: np.log(b2)),
        instances=numbered(3, 20),
        evidence="property",
        tolerance="1e-3: the transient over the second half of 6000 steps",
    ),
    pair(
        "period-two-edge",
        "Points of period two of RMSProp's map",
        EDGE,
        check_period_two,
        (r"\text{there are some} \iff \rho < (k-2)/k", lambda k, rho: rho < Fraction(k - 2, k)),
        (r"\text{there are some} \iff \rho \le (k-2)/k", lambda k, rho: rho <= Fraction(k - 2, k)),
        ("always", lambda k, rho: True),
    ),
    pair(
        "period-two-power",
        "The threshold of RMSProp depends on the power",
        SMALL,
        check_period_two,
        (r"\text{there are some} \iff \rho < (k-2)/k", lambda k, rho: rho < Fraction(k - 2, k)),
        (r"\text{there are some} \iff \rho < 1/2", lambda k, rho: rho < Fraction(1, 2)),
        ("always", lambda k, rho: True),
    ),
    pair(
        "bistable",
        "Minimum and 2-cycle attract together",
        SMALL,
        check_interval,
        (r"\text{for some } \beta_2 \iff k \le 24", lambda k: k <= 24),
        (r"\text{for some } \beta_2, \text{ for every } k", lambda k: True),
        ("for k = 4 alone", lambda k: k == 4),
        instances=numbered(20, 40),
    ),
    pair(
        "amplitude",
        "Amplitude of the 2-cycle",
        DROPPED,
        check_cycle,
        (r"|x| = \tfrac{\eta}{2}\tfrac{1-\beta_1}{1+\beta_1}", lambda b, eta: eta / 2 * (1 - b) / (1 + b)),
        (r"|x| = \tfrac{\eta}{2}", lambda b, eta: eta / 2),
        ("eta", lambda b, eta: eta),
        instances=numbered(12, 60),
    ),
    pair(
        "amplitude-digits",
        "Amplitude of the 2-cycle to all digits",
        FLOAT,
        check_cycle,
        (r"|x| = \tfrac{\eta}{2}\tfrac{1-\beta_1}{1+\beta_1}", lambda b, eta: eta / 2 * (1 - b) / (1 + b)),
        (
            r"|x| = \tfrac{\eta}{2}\tfrac{1-\beta_1}{1+\beta_1}(1 + 10^{-20})",
            lambda b, eta: eta / 2 * (1 - b) / (1 + b) * (1 + Fraction(1, 10**20)),
        ),
        ("eta", lambda b, eta: eta),
        instances=numbered(12, 60),
    ),
    pair(
        "cycle-threshold",
        "Where RMSProp's 2-cycle attracts",
        OFF_BY_ONE,
        check_cycle_stability,
        (r"\iff 0 < \beta_2 < 1/(2k-3)", lambda k, b2: 0 < b2 < Fraction(1, 2 * k - 3)),
        (r"\iff 0 < \beta_2 < 1/(2k-2)", lambda k, b2: 0 < b2 < Fraction(1, 2 * k - 2)),
        ("always", lambda k, b2: True),
    ),
    pair(
        "sign-descent",
        "The 2-cycle of sign descent is marginal",
        EDGE,
        check_small_betas,
        (r"\beta_1 + \beta_2 > 0 \text{ and the inequality}", lambda k, b1, b2: b1 + b2 > 0 and cycle_inequality(k, b1, b2)),
        (r"\text{the inequality}", cycle_inequality),
        ("always", lambda k, b1, b2: True),
    ),
    pair(
        "first-step",
        "The first step of RMSProp changes the loss",
        ALMOST_SURELY,
        check_first_step,
        (r"\text{for } x_0 \ne \eta/2", lambda x, eta: x != eta / 2),
        (r"\text{from every } x_0 > 0", lambda x, eta: True),
        ("never", lambda x, eta: False),
        instances=numbered(280, 400),
    ),
    pair(
        "frozen-threshold",
        "Adam with a frozen preconditioner",
        CONSTANT,
        check_frozen,
        (r"\text{stable} \iff \eta\lambda < 2(1+\beta_1)/(1-\beta_1)", lambda b: 2 * (1 + b) / (1 - b)),
        (r"\text{stable} \iff \eta\lambda < 2(1+\beta_1)", lambda b: 2 * (1 + b)),
        ("none", lambda b: 0),
        instances=numbered(30, 100),
        paper=SPIKES,
    ),
    pair(
        "gradient-descent-edge",
        "Gradient descent at 2/eta",
        EDGE,
        check_gd,
        (r"x_t \to 0 \iff \eta\lambda < 2", lambda h: h < 2),
        (r"x_t \to 0 \iff \eta\lambda \le 2", lambda h: h <= 2),
        ("always", lambda h: True),
        paper=SPIKES,
    ),
    pair(
        "rise",
        "When a preconditioned step raises the loss",
        DROPPED,
        check_rise,
        (r"\iff u^T H u/(g^T u) > 2/\eta", lambda H, g, u: Fraction(u @ H @ u) / (g @ u)),
        (r"\iff g^T P^{-1} H g/|g|^2 > 2/\eta", lambda H, g, u: Fraction(u @ H @ g) / (g @ g)),
        ("always", lambda H, g, u: Fraction(10**9)),
        instances=numbered(200, 600),
        paper=SPIKES,
    ),
    pair(
        "moving-average",
        "Momentum as a moving average brings no factor",
        CONSTANT,
        check_momentum,
        (r"|x_t| \sim ((k-2)\eta t)^{-1/(k-2)}", lambda mu: 1.0),
        (r"|x_t| \sim ((k-2)\eta t/(1-\mu))^{-1/(k-2)}", lambda mu: 1 / (1 - mu)),
        ("a hundredfold", lambda mu: 100.0),
        instances=numbered(6, 20),
        evidence="property",
        tolerance="5 per cent: y_0 and the transient over (k-2) eta t = 2000 and 4000",
    ),
]


def claims(side: str):
    """The claims of one ``side``, "false" or "true"."""
    return sides(PAIRS, side)
