r"""Stage III: as attention grows, embeddings of frequent and rare tokens move apart, in proportion to the size of attention."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.derivatives.dual import jacobian_of
from proofs_check import axes, by_level, claim, false
from proofs_check.judging import at_most, bounded, equal, order, worst
from theory.dynamics.attention import RankOne, condensed_ray, covariance, focusing_rate, rank_one_flow, redistribution_rates, slopes

from . import FOCUS, LAWS, LONG, MOVING, OCCUR, PERSISTENT, UNEVEN, drawn_law, symbolic_law
from .stages import BITS, apart, in_balls

REDISTRIBUTION = claim(
    "attention.redistribution",
    "On the rank-one manifold, attention drives embeddings of frequent and rare tokens apart",
    r"\frac{d}{dt} \Big(\frac{\gamma_v}{\pi_v} - \frac{\gamma_u}{\pi_u}\Big) = \kappa (r_v - r_u) + O(\kappa^2), \quad"
    r" r_v = 2 \lambda \operatorname{Cov}_\pi(\gamma, \beta) \gamma_v + \lambda \operatorname{Var}_\pi(\gamma) \beta_v",
    clauses={
        "drive": r"\text{at the condensed point } \frac{d}{dt} (\gamma_v/\pi_v - \gamma_u/\pi_u) = \kappa (r_v - r_u) + O(\kappa^2)",
        "sign": r"r_v > r_u \text{ iff } \pi_v > \pi_u",
        "growth": r"\text{with } \kappa \propto e^{2 c t} \text{ the gap grows like } e^{2 c t}; \text{ for equal rare tokens it is}"
        r" \; \big((1 - \pi_1) \gamma_1 - (d - 1) \pi_1 \gamma_2\big)/(\pi_1 (1 - \pi_1))",
    },
    symbols={
        r"\gamma, \beta": "W_0 = gamma alpha^T, W_1 = alpha beta^T on the manifold, alpha turned so that gamma > 0 at the condensed point",
        r"\kappa": "Phi = kappa gamma gamma^T",
        r"\pi": "stationary law",
        r"\lambda": "probability that a token stays",
        "c": "the rate of attention.stage2",
        "u, v": "two tokens",
    },
    assumptions=[LONG, MOVING, PERSISTENT, UNEVEN, OCCUR],
    source=FOCUS.at("Propositions 3.6 - 3.8; for all laws and with constants, ours"),
    depends_on=["attention.stage2"],
    refuted_by="a law with another drive or sign, or a gap that grows at another rate",
    notes="A summary of the paper writes the gap as proportional to e^(ct): there c must be the rate of the logits, twice that of W_Q.",
)


def pairwise(values):
    return [values[v] - values[0] for v in range(1, len(values))]


@REDISTRIBUTION.check(
    "symbolic",
    lambda context: context.by_level(quick=[2], standard=[2, 3], full=[2, 3, 4]),
    axes(d=by_level((2,), (2, 3), (2, 3, 4))),
    cell=lambda d: {"d": d},
    clauses="drive",
    scope="free weights, gamma and beta with softmax = pi at kappa = 0, everything to first order in kappa",
)
@false("without the factor 2", factor=1)
@false("without the variance's term", spread=0)
def to_first_order(d, *, factor=2, spread=1, context):
    """Attention pi_v (1 + kappa gamma_q (gamma_v - mean)), logits moved by kappa gamma_q Var(gamma) beta, predictions by the derivative of
    the softmax. Both sides of the drive, times pi_v pi_1, differ by the polynomial 0: nothing is cancelled."""
    import sympy

    pi, lam = symbolic_law(d)
    kappa = sympy.Symbol("kappa")
    gamma, beta = (np.array(sympy.symbols(f"{name}:{d}"), dtype=object) for name in ("g", "b"))
    mean = lambda values: (pi * values).sum()
    crossed, variance = covariance(pi, gamma, beta), covariance(pi, gamma, gamma)
    alpha = np.stack([pi * (1 + kappa * gamma[q] * (gamma - mean(gamma))) for q in range(d)])
    p = np.stack([pi * (1 + kappa * gamma[q] * variance * (beta - mean(beta))) for q in range(d)])
    by = slopes(pi, lam, np.multiply.outer(gamma, beta), alpha, p)
    moved = -(by.M @ beta) - kappa * ((by.Phi + by.Phi.T) @ gamma)
    speeds = [sympy.diff(entry, kappa).subs(kappa, 0) for entry in moved]
    rates = factor * lam * crossed * gamma + spread * lam * variance * beta
    unknowns = (*pi[:-1], lam, *gamma, *beta)
    rests = [speeds[v] * pi[0] - speeds[0] * pi[v] - (rates[v] - rates[0]) * pi[v] * pi[0] for v in range(1, d)]
    return equal(drive=([0] * (d - 1), [sympy.Poly(rest, *unknowns).as_expr() for rest in rests]))


CELLS = axes(law=by_level(("two tokens", "drawn"), ("published", "two tokens", "drawn")), lam=("1/4", "9/10"), quick=1, standard=5, full=20)


def laws(cell, rng):
    return LAWS[cell.law] if cell.law in LAWS else drawn_law(rng, int(rng.integers(3, 6)))


@REDISTRIBUTION.check(
    "certified", laws, CELLS, clauses=("drive", "sign"), distribution="published and drawn rational laws of 2 to 5 tokens"
)
@false("without the factor 2", rates=lambda pi, lam: redistribution_rates(pi, lam) - lam * _crossed(pi) * condensed_ray(pi).gamma)
@false("without lambda", rates=lambda pi, lam: redistribution_rates(pi, 1 + 0 * lam))
@false("whichever way alpha is turned", turned=-1)
def in_kappa(cell, law, *, rates=redistribution_rates, persist=1, turned=1, context):
    """The derivative of the flow in kappa at 0, by duals in balls; the rates in the order of the frequencies. With -alpha for alpha gamma,
    beta and the rates change their signs."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        lam = lam * persist
        ray = condensed_ray(pi)
        ratios = lambda kappa: rank_one_flow(RankOne(turned * ray.gamma, turned * ray.beta, kappa[0], 1), pi, lam).gamma / pi
        found = jacobian_of(ratios)(np.array([ball(0)], dtype=object))[:, 0]
        predicted = turned * rates(pi, lam)
        drive = at_most("drive", apart(pairwise(found), pairwise(predicted)), ball(Fraction(1, 10**40)), attained=False)
        return worst([drive, order("rates, rare to frequent", list(predicted)[::-1])])


def _crossed(pi):
    ray = condensed_ray(pi)
    return covariance(pi, ray.gamma, ray.beta)


REDISTRIBUTION.without("persistent", in_kappa, persist=0)

GROWTH = axes(law=by_level(("published",), ("published", "equal rare tokens")), size=(1e-3, 1e-4), quick=1)


@REDISTRIBUTION.check(
    "property",
    lambda cell, rng: float(rng.uniform(0.5, 2)),
    GROWTH,
    clauses="growth",
    distribution="query : key between 1/2 and 2; lambda = 1/2",
    tolerance="from a start a tenth as large the next order is a tenth: twice a ninth of the change, and the share of the decaying mode",
)
@false("the rate c of W_Q", times=1)
@false("4c", times=4)
@false("three per cent faster", times=2.06)
@false("three per cent slower", times=1.94)
def gap_grows(cell, ratio, *, times=2, context):
    """The rank-one flow in floats, after attention has grown hundredfold: the logarithmic slope of the gap against 2c."""
    from scipy.integrate import solve_ivp

    pi, lam = np.array([float(p) for p in LAWS[cell.law]]), 0.5
    c, ray, d = focusing_rate(pi, lam), condensed_ray(pi), len(pi)
    field = lambda _, state: np.concatenate([*map(np.atleast_1d, rank_one_flow(RankOne(state[:d], state[d:-2], *state[-2:]), pi, lam))])
    times_ = np.log(10) / c * np.array([2.0, 2.25])

    def slope_from(size):
        start = np.concatenate([ray.gamma, ray.beta, [size * ratio, size / ratio]])
        solved = solve_ivp(field, (0, times_[-1]), start, "DOP853", times_, rtol=1e-12, atol=1e-14)
        gap = solved.y[0] / pi[0] - solved.y[d - 1] / pi[-1]
        return float(np.log(gap[1] / gap[0]) / (times_[1] - times_[0]))

    slope, small = slope_from(cell.size), slope_from(cell.size / 10)
    return bounded("growth of the gap", small / c - times, 2 * abs(slope - small) / 9 / c + 20 * 10.0**-4, times=times_.tolist())
