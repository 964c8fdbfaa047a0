r"""Multiplicity one: the leading flow in closed form, the true network proved to stay near it, and how many neurons have aligned when."""

import math
from fractions import Fraction

import numpy as np

from numerics.arithmetic.block_exponential import linear_stage
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.flows.validated_flow import Field, enclose
from proofs_check import axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, equal, worst
from theory.dynamics.condensation.linear import angle_tail, leading_fraction, tanh_deviation
from theory.models import TwoLayer

from . import CENTRED, FLOW, GAUSSIAN, INITIAL, LINEAR_PART, SMALL

EXACT = claim(
    "condensation.p1_exact",
    "Multiplicity one: the direction of every neuron in closed form",
    r"a_j \pm s_j = (a_j(0) \pm s_j(0))\, e^{\pm\tau},\quad w_j^\perp = \text{const},\qquad s_j = w_j \cdot z/|z|,\ \tau = |z|\, t",
    clauses={
        "solution": r"\text{the formulas solve } a_j' = w_j \cdot z,\ w_j' = a_j z",
        "alignment": r"1 - |\cos(w_j, z)| \sim \tfrac{2 |w_j^\perp|^2}{(a_j(0) + s_j(0))^2}\, e^{-2\tau} \text{, on the side of } "
        r"a_j(0) + s_j(0)",
        "network": r"\text{tanh networks stay within } q |\theta_j(0)| e^{\tau} \text{ of it while } q = \tfrac{\kappa_j}{\sqrt2 "
        r"|z|} e^{2\tau} \le \sqrt2 - 1",
        "order": r"\text{and the relative deviation is of order } \varepsilon^2 e^{2\tau}",
    },
    symbols={
        "a_j": "output weight", "w_j": "weight of neuron j", "z": r"\sigma'(0)\tfrac1n \sum_i y_i x_i", "t": "time", "\\tau": "|z| t",
        "s_j": "component of w_j along z", "\\theta_j": "(w_j, a_j)", "\\varepsilon": "size of the start",
        "\\kappa_j": r"2 M_3 |\theta_j(0)|^2 + M_2 |\theta(0)|^2,\ M_3 = \tfrac1n \sum |y_i| |x_i|^3,\ M_2 = \tfrac1n \sum |x_i|^2",
    },
    assumptions=[CENTRED, LINEAR_PART, SMALL, FLOW],
    source=INITIAL.at("Section 5.1; the closed form and the bound are ours"),
    kind="extension",
    refuted_by="a neuron of the linear flow, or of a tanh network, that is elsewhere at some time",
    notes="The direction of a_j(0) alone does not decide the side, nor does that of w_j(0).",
)  # fmt: skip


def hyperbolic(a, s, e):
    """(a, s) at tau, e = e^tau."""
    cosh, sinh = (e + 1 / e) / 2, (e - 1 / e) / 2
    return a * cosh + s * sinh, s * cosh + a * sinh


@EXACT.check(
    "symbolic",
    ["one neuron"],
    clauses="solution",
    covers="statement",
    scope="every neuron by itself: along z the flow is a' = |z| s, s' = |z| a, orthogonal to z it is 0",
)
@false("growth of both alike", flow=lambda a, s, e: (a * e, s * e))
@false("half the rate", flow=lambda a, s, e: hyperbolic(a, s, (e + 1) / 2))
def solution(_, *, flow=hyperbolic, context):
    """The closed form put into the equations, at tau = 0, and in sum and difference; rational in e = e^tau, with d/dtau = e d/de."""
    import sympy

    a, s, e = sympy.symbols("a s e", positive=True)
    at, st = flow(a, s, e)
    left = [sympy.cancel(e * sympy.diff(at, e) - st), sympy.cancel(e * sympy.diff(st, e) - at)]
    sums = [sympy.cancel((at + st) / e), sympy.cancel((at - st) * e)]
    return equal(equations=([0, 0], left), start=([a, s], [at.subs(e, 1), st.subs(e, 1)]), sums=([a + s, a - s], sums))


@EXACT.check(
    "symbolic",
    lambda cell, rng: None,
    axes(side=(1, -1)),
    clauses="alignment",
    covers="statement",
    scope="all starts with a(0) + s(0) != 0; h = e^(-2 tau)",
)
@false("rate e^(-tau)", power=1)
@false("without the factor 2", factor=1)
@false("the sign of a(0) alone (s)", side=lambda alpha, beta: (alpha + beta) / 2)
def alignment(cell, _, *, power=2, factor=2, side=lambda alpha, beta: alpha, context):
    """The series of |cos| in h = e^(-2 tau), and the sign of cos: alpha = a(0) + s(0) of either sign, beta = a(0) - s(0) of any."""
    import sympy

    size, h, r = sympy.symbols("size h r", positive=True)
    beta = sympy.Symbol("beta", real=True)
    alpha = cell.side * size
    s = (alpha - beta * h) / 2  # times e^(-tau)
    cosine = s / sympy.sqrt(s**2 + r**2 * h)
    series = sympy.series(cell.side * cosine, h, 0, 2).removeO()
    coefficient = sympy.simplify((1 - series) / h ** sympy.Rational(power, 2))
    sign = sympy.sign(sympy.limit(cosine, h, 0, "+"))
    other = sympy.sign(side(alpha, beta).subs({beta: -3 * alpha}))  # |s(0)| > |a(0)|
    return equal(coefficient=(factor * r**2 / size**2, coefficient), sign=(other, sign))


NETWORKS = axes(
    D=by_level((2,), (2, 3)), m=by_level((2,), (2, 4)), epsilon=by_level(("1/1000",), ("1/1000", "1/100000")), tau=by_level((2,), (2, 3)),
    quick=1, standard=1, full=3,
)  # fmt: skip


def small_networks(cell, rng):
    """Rational starts of size epsilon and data whose z is not small."""
    while True:
        x, y = rng.integers(-12, 13, (5, cell.D)) / 8, rng.integers(-12, 13, 5) / 8
        if np.linalg.norm(y @ x / 5) > 0.25:
            break
    return x, y, rng.integers(-16, 17, (cell.m, cell.D + 1)) / 16


def deviations(x, y, rows, tau, epsilon):
    """|theta_j(tau) - linear flow| of every neuron, the true tanh network enclosed; in balls."""
    n, D = x.shape
    with working_precision(128):
        start = balls(rows) * ball(epsilon)
        weights, outgoing = start[:, :D], start[:, D]
        inputs, labels, each = balls(x), balls(y), balls(np.full(n, 1)) / n
        z = (labels @ inputs) / n
        time = tau / math.sqrt(sum(float(entry.mid()) ** 2 for entry in z))
        field = Field(TwoLayer(D, len(rows)), inputs, labels, each)
        end = enclose(field, np.concatenate([weights.ravel(), outgoing]), time, order=14, bits=128, tolerance=1e-20)
        w, a = field.split(end)
        linear = linear_stage(z[:, None], weights, outgoing[:, None], time, bits=128)
        apart = np.concatenate([w - linear[0], a[:, None] - linear[1]], axis=1)
        return [sum(entry * entry for entry in row).sqrt() for row in apart]


@EXACT.check("certified", small_networks, NETWORKS, clauses="network")
@false("of order epsilon^4", bound=lambda bound, tau: bound**2)
@false("without the growth of the factor (s)", bound=lambda bound, tau: bound * math.exp(-2 * tau) / 20)
def network(cell, drawn, *, bound=lambda bound, tau: bound, context):
    """The tanh network by a validated flow, the linear flow by a matrix exponential in balls; every neuron against the bound."""
    x, y, rows = drawn
    start = float(Fraction(cell.epsilon)) * rows
    factors = bound(tanh_deviation(start, x, y, cell.tau), cell.tau) * np.linalg.norm(start, axis=1) * math.exp(cell.tau)
    pairs = zip(deviations(x, y, rows, cell.tau, cell.epsilon), factors * (1 + 1e-9), strict=True)  # the factors are rounded
    return worst([at_most("deviation", observed, float(factor), attained=False) for observed, factor in pairs if factor])


@EXACT.check(
    "certified",
    small_networks,
    axes(D=(2,), m=by_level((1,), (1, 2)), epsilon=("1/1000",), tau=(2,), quick=1, standard=1, full=3),
    clauses="order",
)
@false("of order epsilon", order=1)
@false("of order epsilon^4", order=4)
def order_of_deviation(cell, drawn, *, order=2, context):
    """The largest deviation from epsilon rows and from half of it: it falls by 2^(2 + 1), to within two percent, proved."""
    x, y, rows = drawn
    largest = [max(deviations(x, y, rows, cell.tau, Fraction(cell.epsilon) / half), key=float_of) for half in (1, 2)]
    ratio = largest[0] / largest[1] / 2 ** (order + 1)
    return worst([at_most("ratio", ratio, 1.02, attained=False), at_least("ratio", ratio, 0.98, attained=False)])


def float_of(value):
    return float(value.mid())


TIMESCALE = claim(
    "condensation.p1_timescale",
    "Multiplicity one: how many neurons have aligned at a time",
    r"P\left(1 - |\cos(w_j, z)| > \delta\right) = I_x\!\left(\tfrac12, \tfrac{D-1}{2}\right),\qquad x = \frac{1}{1 + k^2 \cosh 2\tau}",
    clauses={
        "law": r"\text{for } a_j(0), w_j(0) \sim N(0, \varepsilon^2) \text{ independent and } k^2 = (1 - \delta)^{-2} - 1",
        "leading": r"P \sim \sqrt{2/\pi}\; \mathbb{E}[\chi_{D-1}]\, e^{-\tau}/\sqrt\delta \text{ for } P, \delta \to 0",
        "same rate": r"|w_j^\perp| = |s_j| \tan\angle(w_j, z) \text{ is constant: the weight grows as fast as the angle shrinks}",
        "growth": r"\mathbb{E}|W(\tau)|^2 / \mathbb{E}|W(0)|^2 = (\cosh 2\tau + D - 1)/D",
    },
    symbols={
        "a_j": "output weight", "w_j": "weight of neuron j", "z": r"\sigma'(0)\tfrac1n \sum_i y_i x_i", "\\tau": "time in units of 1/|z|",
        "D": "length of a weight", "\\delta": "allowed misalignment, in (0, 1)", "I_x": "regularized incomplete beta function",
        "\\chi_{D-1}": "length of D - 1 independent standard normal numbers", "W": "all weights", "\\varepsilon": "size of the start",
    },
    assumptions=[CENTRED, LINEAR_PART, SMALL, FLOW, GAUSSIAN],
    source=INITIAL.at("Section 5.1 and its remark that the orientation moves faster than the amplitude; the law is ours"),
    kind="extension",
    refuted_by="another distribution of the angles after a time",
    notes="All m neurons have aligned when m P is small, tau >> ln m; the linear stage ends at about ln(1/epsilon) - (1/2) ln m.",
)  # fmt: skip

LAWS = axes(D=by_level((2, 3, 6), (2, 3, 4, 6, 9)), tau=by_level((1, 3), (1, 2, 4)), delta=("1/10", "1/1000"))


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


@TIMESCALE.check("certified", lambda cell, rng: None, LAWS, clauses="law")
@false("D in place of D - 1", law=lambda tau, delta, D: incomplete_beta(tau, delta, D + 1))
@false("twice the rate", law=lambda tau, delta, D: incomplete_beta(2 * tau, delta, D))
@false("cosh^2 in place of cosh 2 tau (s)", law=lambda tau, delta, D: incomplete_beta(acosh_square(tau), delta, D))
def law(cell, _, *, law=incomplete_beta, context):
    """The incomplete beta function against the integral over the length of the orthogonal part, both in balls: apart by less than 1e-20."""
    return at_most("difference", abs(law(cell.tau, cell.delta, cell.D) - integral(cell.tau, cell.delta, cell.D)), 1e-20, attained=False)


def acosh_square(tau):
    """t with cosh 2t = cosh(tau)^2."""
    return math.acosh(math.cosh(tau) ** 2) / 2


@TIMESCALE.check("certified", lambda cell, rng: None, axes(D=by_level((2, 6), (2, 3, 6, 9)), tau=(8, 12, 16)), clauses="leading")
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
