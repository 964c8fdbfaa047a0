r"""Near a critical point the flow of attention is its linearization, up to a quadratic error with a constant that can be computed."""

from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.dynamics.attention_flow import AttentionField, attention_hessian, follow, quadratic_bound
from numerics.flows.validated_flow import descend
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import at_most, bounded, equal, order
from theory.dynamics.attention import MarkovAttention, focusing_rate

from . import FOCUS, LAWS, LONG

LINEARIZATION = claim(
    "attention.linearization",
    "Linearization by stages: the flow leaves a critical point along its most unstable direction",
    r"|x(t) - e^{Jt} x(0)| \le \frac{4 K}{\mu} \varepsilon^2 e^{2 \mu t} \text{ while } \varepsilon e^{\mu t} \le \min(r/2, \mu/(4K)),"
    r" \; \varepsilon = |x(0)|",
    clauses={
        "deviation": r"|x(t) - e^{Jt} x(0)| \le \frac{4 K}{\mu} \varepsilon^2 e^{2 \mu t} \text{ while } \varepsilon e^{\mu t}"
        r" \le \min(r/2, \mu/(4K))",
        "quadratic": r"\text{at the condensed point the deviation is of the second order in } \varepsilon, \text{ not of a higher one}",
        "direction": r"x(0) = \varepsilon u, \; u \text{ fixed, not orthogonal to the eigenspace of } \mu:"
        r" \; \text{at } t = \log(1/\varepsilon)/(2 \mu) \text{ the direction comes to the most unstable as } \varepsilon \to 0",
    },
    symbols={
        "x": "theta less the critical point, following the gradient flow",
        "J": r"minus the Hessian at the critical point, of largest eigenvalue \mu > 0",
        "K, r": r"|grad L(x) + J x| <= K |x|^2 for |x| <= r",
    },
    assumptions=[
        LONG,
        Assumption("inside", r"\varepsilon e^{\mu t} \le \min(r/2, \mu/(4K))"),
        Assumption(
            "top component",
            r"x(0)/\varepsilon \text{ is fixed and not orthogonal to the eigenspace of } \mu",
            unprobed="a start in the other eigenspaces, as W_Q = -W_K, leaves no direction to compare with",
        ),
    ],
    source=FOCUS.at("Lemma 3.1, whose constants are ours"),
    relation="upper",
    refuted_by="a flow that leaves the bound, or a direction that does not come closer",
)


@LINEARIZATION.check(
    "symbolic",
    ["integral", "room", "ball"],
    clauses="deviation",
    scope="the computations of the proof; the rest is Duhamel's formula, |e^(Jt)| = e^(mu t) as J is symmetric, and continuity in t",
)
@false("the other constant, 2K/mu", constant=2)
@false("|x| <= 3 |x(0)| e^(mu s)", times=3)
def comparison(part, *, constant=4, times=2, context):
    """While |x(s)| <= 2 eps e^(mu s), Duhamel's integral of K |x|^2 is (4K/mu) eps^2 e^(mu t) (e^(mu t) - 1); where eps e^(mu t) <= mu/(4K)
    that is at most eps e^(mu t), so |x| <= 2 eps e^(mu t) <= r goes on to hold."""
    import sympy

    mu, K, eps, t, s = sympy.symbols("mu K eps t s", positive=True)
    integral = sympy.integrate(sympy.exp(mu * (t - s)) * K * (times * eps * sympy.exp(mu * s)) ** 2, (s, 0, t))
    bound = constant * K / mu * eps**2 * sympy.exp(2 * mu * t)
    if part == "integral":
        return equal(rest=(constant * K / mu * eps**2 * sympy.exp(mu * t), sympy.simplify(bound - integral)))
    size = sympy.Symbol("z", positive=True)  # eps e^(mu t)
    if part == "room":
        return equal(
            rest=(
                size * constant * K / mu * (mu / (4 * K) - size),
                size - constant * K / mu * size**2 - size * (1 - constant / sympy.Integer(4)),
            )
        )
    return equal(size=(2 * size, times * size))


POINTS = axes(doublings=(1, 2), standard=1, full=4)


@LINEARIZATION.check(
    "certified",
    lambda cell, rng: tuple(map(int, rng.integers(1, 9, 2))),
    POINTS,
    clauses=("deviation", "quadratic"),
    level="standard",
    distribution="published law, lambda = 9/10, width and key 1; x(0) in (WQ, WK), of ratio k : l, k, l <= 8",
)
@false("no deviation at all", power=0)
@false("a deviation of the first order only", linear=Fraction(1, 2))
def enclosed(cell, ratio, *, power=2, linear=1, context):
    """The flow enclosed in balls while e^(mu t) grows to 2 or 4, its linearization, and a proved K: the deviation is below the bound."""
    with working_precision(BITS):
        from flint import arb

        path = enclosed_path(cell.doublings, ratio)
        c, K, eps, time = path.rate, path.quadratic, path.size, arb(path.time)
        rise, fall = (c * ball(linear) * time).cosh(), (c * ball(linear) * time).sinh()
        moved = [rise * path.start[0] + fall * path.start[1], fall * path.start[0] + rise * path.start[1]]
        away = [p - q for p, q in zip(path.end, [*path.centre[:-2], *moved], strict=True)]
        deviation = sum((entry * entry for entry in away), start=arb(0)).sqrt()
        bound = 4 * K / c * (eps * (c * time).exp()) ** power * (1 if power else 0)
        if linear != 1:  # with another rate the distance is of the first order
            bound = bound / (8 * K / c)
        return at_most("deviation from the linear flow", deviation, bound, attained=False, time=path.time)


BITS = 128


class Enclosed(NamedTuple):
    """The flow from ``centre`` + ``start`` in (WQ, WK), of length ``size``, ends in the balls ``end`` after ``time``; mu is ``rate``, K
    ``quadratic``."""

    centre: np.ndarray
    start: list
    size: Any
    time: float
    rate: Any
    quadratic: Any
    end: np.ndarray


@lru_cache(maxsize=16)
def enclosed_path(doublings, ratio):
    """The path that e^(mu t) = 2^doublings ends, enclosed once for the check and what it refutes."""
    pi, lam = balls(list(LAWS["published"])), ball(Fraction(9, 10))
    model = MarkovAttention(4, 1, 1)
    centre, c = model.condensed_point(pi), focusing_rate(pi, lam)
    r = Fraction(1, 100)
    K = ball(quadratic_bound(model, centre, ball(r), pi, lam))
    reach = min(float(r) / 2, float((c / (4 * K)).lower()))
    eps = ball(Fraction(int(reach * 2**20), 2 ** (20 + doublings)))
    size = ball(ratio[0] ** 2 + ratio[1] ** 2).sqrt()
    start = [eps * k / size for k in ratio]
    time = float(int(doublings * np.log(2) / float(c.mid()) * 64)) / 64
    x0 = np.array([*centre[:-2], *(p + q for p, q in zip(centre[-2:], start, strict=True))], dtype=object)
    end, _ = descend(AttentionField(model, pi, lam), x0, time, order=20, bits=BITS, tolerance=1e-22, long_steps=True)
    return Enclosed(centre, start, eps, time, c, K, end)


LINEARIZATION.without("inside", enclosed, power=0)

FLOWS = axes(law=by_level(("published",), ("published", "equal rare tokens")), quick=1, standard=2, full=5)


def starts(cell, rng):
    model = MarkovAttention(len(LAWS[cell.law]), 2, 2)
    return model, rng.normal(size=2 * model.width * model.key)


@LINEARIZATION.check(
    "property",
    starts,
    FLOWS,
    clauses="quadratic",
    distribution="width and key 2; normal directions in (WQ, WK)",
    tolerance="1/2 for orders: the next order adds eps e^(mu t) = 1/50 times a constant",
)
@false("of the third order", power=3)
@false("of the first order", power=1)
def orders_of_deviation(cell, drawn, *, power=2, context):
    """The same direction at eps and eps/2, at the time when eps e^(ct) = 1/50: the logarithm of the ratio of deviations."""
    model, direction = drawn
    pi, lam = np.array([float(p) for p in LAWS[cell.law]]), 0.5
    c, centre = focusing_rate(pi, lam), model.condensed_point(pi)
    J = -np.array(attention_hessian(model, centre, pi, lam), dtype=float)
    values, vectors = np.linalg.eigh(J)
    found = []
    for eps in (0.005, 0.0025):
        x0 = np.zeros(model.n_params)
        x0[-len(direction) :] = eps * direction / np.linalg.norm(direction)
        time = np.log(4) / c
        x = follow(model, centre + x0, pi, lam, [time]).theta[-1] - centre
        found.append(np.linalg.norm(x - vectors @ (np.exp(values * time) * (vectors.T @ x0))))
    return bounded("order of the deviation", np.log2(found[0] / found[1]) - power, 0.5)


@LINEARIZATION.check(
    "property",
    starts,
    FLOWS,
    clauses="direction",
    distribution="width and key 2; normal directions in (WQ, WK)",
    tolerance="angles are compared with each other; the integrator's error is below 1e-8",
)
@false("as eps grows", sizes=(1e-4, 1e-3, 1e-2))
def directions(cell, drawn, *, sizes=(1e-2, 1e-3, 1e-4), context):
    """Angles between x(t) and the projection of x(0) on the unstable eigenspace, at t = log(1/eps)/(2c), for three eps."""
    model, direction = drawn
    pi, lam = np.array([float(p) for p in LAWS[cell.law]]), 0.5
    c, centre = focusing_rate(pi, lam), model.condensed_point(pi)
    values, vectors = np.linalg.eigh(-np.array(attention_hessian(model, centre, pi, lam), dtype=float))
    unstable = vectors[:, values > c / 2]
    angles = []
    for eps in sizes:
        x0 = np.zeros(model.n_params)
        x0[-len(direction) :] = eps * direction / np.linalg.norm(direction)
        x = follow(model, centre + x0, pi, lam, [np.log(1 / eps) / (2 * c)]).theta[-1] - centre
        aim = unstable @ (unstable.T @ x0)
        angles.append(float(np.arccos(x @ aim / (np.linalg.norm(x) * np.linalg.norm(aim)))))
    return order("angles from large eps to small, turned", angles[::-1])
