r"""Multiplicity one: how many neurons have aligned after a time, exactly and in trained networks."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.train import GradientFlow, train
from proofs_check import Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.condensation import mean_input
from theory.dynamics.condensation.linear import angle_tail, leading_fraction
from theory.models import TwoLayer

from . import CENTRED, FLOW, GAUSSIAN, INITIAL, LINEAR_PART, SMALL
from ._pictures import shares
from .linear_stage import hyperbolic

TIMESCALE = claim(
    "condensation.p1_timescale",
    "Multiplicity one: how many neurons have aligned at a time",
    r"P\left(1 - |\cos(w_j, z)| > \delta\right) = I_x\!\left(\tfrac12, \tfrac{D-1}{2}\right),\qquad x = \frac{1}{1 + k^2 \cosh 2\tau}",
    clauses={
        "trained": r"\text{tanh networks show this share, } \varepsilon = 10^{-5},\ \tau = 3, 4",
        "law": r"\text{for } a_j(0), w_j(0) \sim N(0, \varepsilon^2) \text{ independent and } k^2 = (1 - \delta)^{-2} - 1",
        "leading": r"P \sim \sqrt{2/\pi}\; \mathbb{E}[\chi_{D-1}]\, e^{-\tau}/\sqrt\delta \text{ for } P, \delta \to 0",
        "same rate": r"|w_j^\perp| = |s_j| \tan\angle(w_j, z) \text{ is constant: the weight grows as fast as the angle shrinks}",
        "growth": r"\mathbb{E}|W(\tau)|^2 / \mathbb{E}|W(0)|^2 = (\cosh 2\tau + D - 1)/D",
    },
    symbols={
        "a_j": "output weight", "w_j": "weight of neuron j", "z": r"\sigma'(0)\tfrac1n \sum_i y_i x_i", "\\tau": "time in units of 1/|z|",
        "D": "length of a weight, at least 2", "\\delta": "allowed misalignment, in (0, 1)", "I_x": "regularized incomplete beta function",
        "\\chi_{D-1}": "length of D - 1 independent standard normal numbers", "W": "all weights", "\\varepsilon": "size of the start",
    },
    assumptions=[CENTRED, LINEAR_PART, SMALL, FLOW, GAUSSIAN],
    source=INITIAL.at("Section 5.1 and its remark that the orientation moves faster than the amplitude; the law is ours"),
    kind="extension",
    refuted_by="another distribution of the angles after a time",
    notes="All m neurons have aligned when m P is small, tau >> ln m; the linear stage ends at about ln(1/epsilon) - (1/2) ln m.",
)  # fmt: skip

LAWS = axes(D=by_level(tuple(range(2, 8)), tuple(range(2, 13))), tau=by_level((1, 3), (1, 2, 4)), delta=("1/10", "1/1000"))


def incomplete_beta(tau, delta, D):
    """The law in balls."""
    from flint import arb

    with working_precision(160):
        bend = 1 / (1 - ball(delta)) ** 2 - 1
        x = 1 / (1 + bend * (2 * ball(tau)).cosh())
        return x.beta_lower(arb("0.5"), ball(D - 1) / 2, regularized=True)


def integral(tau, delta, D):
    """P(|N| sqrt(cosh 2 tau) k < chi_(D-1)) by integrating the density of chi against erf, in balls up to a tail that is bounded."""
    from flint import acb, arb

    with working_precision(160):
        bend = 1 / (1 - ball(delta)) ** 2 - 1
        scale = 1 / (2 * bend * (2 * ball(tau)).cosh()).sqrt()
        norm = arb(2) ** (ball(3 - D) / 2) / (ball(D - 1) / 2).gamma()
        density = lambda r, _: norm * r ** (D - 2) * (-r * r / 2).exp() * (r * scale).erf()
        end = 24
        tail = norm * arb(end) ** (D - 2) * arb(-(end**2) / 2 + 1).exp()  # r^(D-2) e^(-r^2/2 + r/end) falls beyond, D <= 12
        value = acb.integral(density, 0, end).real
        return value + arb(0, 1) * tail


@TIMESCALE.check("certified", nothing, LAWS, clauses="law")
@false("D in place of D - 1", law=lambda tau, delta, D: incomplete_beta(tau, delta, D + 1))
@false("D + 1 at D = 4 and 5", law=lambda tau, delta, D: incomplete_beta(tau, delta, D + (D in (4, 5))))
@false("twice the rate", law=lambda tau, delta, D: incomplete_beta(2 * tau, delta, D))
@false("cosh^2 in place of cosh 2 tau (s)", law=lambda tau, delta, D: incomplete_beta(acosh_square(tau), delta, D))
def law(cell, _, *, law=incomplete_beta, context):
    """The incomplete beta function against the integral over the length of the orthogonal part, both in balls: apart by less than 1e-20."""
    difference = abs(law(cell.tau, cell.delta, cell.D) - integral(cell.tau, cell.delta, cell.D))
    return worst([at_most("difference", difference, 1e-20, attained=False)], figures=[shares()] if cell.D == 5 else ())


def acosh_square(tau):
    """t with cosh 2t = cosh(tau)^2."""
    return math.acosh(math.cosh(tau) ** 2) / 2


@TIMESCALE.check("certified", nothing, axes(D=by_level((2, 6), (2, 3, 6, 9)), tau=(8, 12, 16)), clauses="leading")
@false("e^(-2 tau)", exponent=2)
@false("chi_D", dimension=lambda D: D + 1)
def leading(cell, _, *, exponent=1, dimension=lambda D: D, context):
    """Leading fraction over the law at delta = e^(-tau/2): within 2 delta + D x of 1, the next terms of tangent and incomplete beta."""
    delta = Fraction(math.exp(-cell.tau / 2)).limit_denominator(10**6)
    predicted = leading_fraction(exponent * cell.tau, float(delta), dimension(cell.D))
    ratio = predicted / incomplete_beta(cell.tau, delta, cell.D)
    return at_most("distance from 1", abs(ratio - 1), 2 * float(delta) + cell.D * angle_tail(cell.tau, float(delta)), attained=False)


@TIMESCALE.check(
    "symbolic",
    ["one neuron"],
    clauses=("same rate", "growth"),
    covers="statement",
    scope="every neuron: s(tau) = s cosh tau + a sinh tau, the other D - 1 entries stay; a, s and those are independent of variance 1",
)
@false("the angle alone shrinks twice as fast", rate=2)
@false("e^(2 tau)", growth=lambda e, D: e**2)
def one_neuron(_, *, rate=1, growth=lambda e, D: ((e**2 + e**-2) / 2 + D - 1) / D, context):
    """|s| tan(angle), and the mean square of all weights, e = e^tau."""
    import sympy

    a, s, r, e, D = sympy.symbols("a s r e D", positive=True)
    st = hyperbolic(a, s, e)[1]
    terms = sympy.Poly(sympy.expand(st**2), a, s)
    mean = terms.coeff_monomial(a**2) + terms.coeff_monomial(s**2)  # a s has mean 0
    difference = sympy.cancel((mean + D - 1) / D - growth(e, D))
    return equal(constant=(r, sympy.cancel(st**rate * r / st)), growth=(0, difference))


#: 40,000 neurons: a share has a deviation of at most 0.0025, the margin of 0.02 is eight of them (4.7 for alpha, the rest for power).
DELTA, D, M, SEEDS = Fraction(1, 100), 6, 1000, by_level(40, 40, 200)


@TIMESCALE.check(
    "training",
    [3, 4],
    clauses="trained",
    scope="tanh, D = 6, twelve samples with |z| = 1, m = 1000, gradient flow; delta = 1/100",
    level="standard",
    alpha=1e-5,
)
@false("e^(-2 tau)", law=lambda tau, delta, dimension: incomplete_beta(2 * tau, delta, dimension))
@false("D in place of D - 1 (s)", law=lambda tau, delta, dimension: incomplete_beta(tau, delta, dimension + 1))
def trained(tau, *, law=None, context):
    """The share of neurons with 1 - |cos(w_j, z)| > delta, each one draw of the law: above and below it by less than 0.02."""
    expected = float((law or incomplete_beta)(tau, DELTA, D).mid())
    apart = 1 - cosines(context, tau) > float(DELTA)
    told = {"what": f"share {expected:.3f} at tau = {tau}", "margin": 0.02, "parts": 4}
    left = 1e-3  # the linear stage is left by 1e-6
    outcomes = [context.rate(int(apart.sum()), apart.size, **told, at_least=expected - left)]
    outcomes.append(context.rate(int(apart.sum()), apart.size, **told, at_most=expected + left))
    return worst(outcomes, figures=[shares_against_time(context)] if tau == 4 else [])


@lru_cache(maxsize=8)
def cosines(context, tau):
    """|cos(w_j, z)| of every network (seeds, m)."""
    model, rngs = TwoLayer(D, M), [context.rng(seed) for seed in range(SEEDS.at(context.level))]
    x = np.array([rng.normal(size=(12, D)) for rng in rngs])
    y = np.array([rng.normal(size=12) for rng in rngs])
    y /= np.linalg.norm((x * y[..., None]).mean(axis=1), axis=1, keepdims=True)
    starts = np.array([model.init(rng, scale=1e-5) for rng in rngs])
    halves = np.full(12, 0.5 / 12)
    flow = GradientFlow(time=tau, rtol=1e-8)
    trained = train(model, starts, (x, y[..., None]), method=flow, steps=5000, weights=halves)
    weights = model.unpack(trained.theta)["input_weights"]
    z = np.array([mean_input(*pair) for pair in zip(x, y, strict=True)])
    return np.abs((weights @ z[..., None])[..., 0]) / np.linalg.norm(weights, axis=2)


def shares_against_time(context):
    taus = np.linspace(0, 6, 25)
    series = []
    for delta in (Fraction(1, 10), DELTA, Fraction(1, 1000)):
        series.append({"label": f"law, delta = {float(delta):g}", "x": taus.tolist(),
                       "y": [float(incomplete_beta(Fraction(tau).limit_denominator(100), delta, D).mid()) for tau in taus]})  # fmt: skip
    measured = [float((1 - cosines(context, tau) > float(DELTA)).mean()) for tau in (3, 4)]
    series.append({"label": "trained, delta = 0.01", "x": [3, 4], "y": measured})
    return Figure(
        "lines",
        "Neurons that have not aligned yet, D = 6",
        "Three curves fall from 1, for delta = 0.1, 0.01 and 0.001 one after the other, in the end like e^-tau; two measured points lie on "
        "the middle one",
        {"series": series},
        x_label="tau = |z| t",
        y_label="share with 1 - |cos| > delta",
        log_y=True,
    )
