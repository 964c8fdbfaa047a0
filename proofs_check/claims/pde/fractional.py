r"""The Laplace transform of the Caputo derivative, and relaxation of fractional order."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.fractional import laplace_of_relaxation, mittag_leffler
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, bounded, equal, worst
from theory.dynamics.fractional import caputo_power, caputo_transform, l1_derivative, l1_error, laplace_power, relaxation_transform

from . import FRACTIONAL

SMOOTH = Assumption(
    "smooth enough",
    r"u \text{ is absolutely continuous on bounded intervals, and } e^{-ct} u' \text{ integrable for some } c < s",
    unprobed="without u' nothing is defined, and e^(2t) has no transform at s = 1",
)
ORDER = Assumption("order", r"0 < \alpha < 1", unprobed="at 1 the derivative is the ordinary one, beyond it more initial values enter")

CAPUTO = claim(
    "pde.caputo_laplace",
    "The Laplace transform of the Caputo derivative, with its initial value",
    r"\mathcal{L}\{D^\alpha u\}(s) = s^\alpha U(s) - s^{\alpha - 1} u(0)",
    clauses={
        "transform": r"\mathcal{L}\{D^\alpha u\}(s) = s^\alpha U(s) - s^{\alpha - 1} u(0)",
        "powers": r"D^\alpha t^\beta = \tfrac{\Gamma(\beta + 1)}{\Gamma(\beta + 1 - \alpha)} t^{\beta - \alpha} \text{ for } \beta > 0,"
        r" \; D^\alpha 1 = 0",
        "relaxation": r"u = E_\alpha(-\lambda t^\alpha): \; D^\alpha u = -\lambda u, \; u(0) = 1, "
        r" \; U = \frac{s^{\alpha - 1}}{s^\alpha + \lambda}",
    },
    symbols=[r"\alpha", r"D^\alpha", r"\mathcal{L}", "u, U", "s", "t", r"\beta", r"E_\alpha", r"\lambda"],
    assumptions=[SMOOTH, ORDER],
    source=FRACTIONAL.at("the transform on which the method rests; a classical identity"),
    refuted_by="a power, or a relaxation, whose transform is another",
    notes="Networks trained on the transformed equation, and on inverse problems of subdiffusion (arXiv:2211.12018), are applications.",
)


def classical(U, start, s, alpha):
    """The twin without the initial value: the Riemann-Liouville derivative, the same where u(0) = 0."""
    return s**alpha * U


@CAPUTO.check(
    "symbolic",
    ["convolution", "power", "constant", "series"],
    clauses=("transform", "powers", "relaxation"),
    covers="statement",
    scope="free alpha, beta, s, lambda and index; the transform of a convolution is a product, that of u' is s U - u(0)",
)
@false("without the initial value, equal for u(0) = 0", transform=classical)
@false("s^alpha u(0)", transform=lambda U, start, s, alpha: s**alpha * (U - start))
def by_symbols(part, *, transform=caputo_transform, context):
    """D^alpha u is u' convolved with t^(-alpha)/Gamma(1 - alpha), whose transform is s^(alpha - 1). Term by term: t^beta by Euler's
    integral of the first kind, constants, and t^(alpha k), for which D^alpha shifts the series of E_alpha by one term."""
    import sympy

    s, t, alpha, beta, lam, start = sympy.symbols("s t alpha beta lambda u_0", positive=True)
    U = sympy.Symbol("U")
    gamma = sympy.gamma
    if part == "convolution":
        kernel = laplace_power(-alpha, s, gamma) / gamma(1 - alpha)
        return equal(
            kernel=(0, sympy.simplify(kernel - s ** (alpha - 1))),
            transform=(0, sympy.powsimp(sympy.expand(kernel * (s * U - start) - transform(U, start, s, alpha)), force=True)),
        )
    if part == "power":  # int_0^t (t - r)^(-alpha) beta r^(beta - 1) dr = beta B(1 - alpha, beta) t^(beta - alpha)
        euler = beta * gamma(1 - alpha) * gamma(beta) / gamma(1 - alpha + beta) / gamma(1 - alpha)
        factor = caputo_power(beta, alpha, gamma)
        both = factor * laplace_power(beta - alpha, s, gamma), transform(laplace_power(beta, s, gamma), 0, s, alpha)
        return equal(factor=(0, sympy.gammasimp(euler - factor)), transform=(0, sympy.gammasimp(both[0] - both[1])))
    if part == "constant":
        return equal(transform=(0, sympy.powsimp(transform(1 / s, 1, s, alpha))), factor=(0, caputo_power(0, sympy.Rational(1, 2))))
    k = sympy.Symbol("k", positive=True)
    coefficient = lambda index: (-lam) ** index / gamma(alpha * index + 1)
    shifted = coefficient(k + 1) * caputo_power(alpha * (k + 1), alpha, gamma)
    solved = sympy.solve(transform(U, 1, s, alpha) + lam * U, U)[0]
    return equal(
        series=(0, sympy.gammasimp(shifted / coefficient(k) + lam)),
        transform=(0, sympy.simplify(solved - relaxation_transform(lam, s, alpha))),
    )


def growth(alpha, lam, s):
    """(lam/s^alpha)^(1/alpha): the series cancels from e^(growth times the end of the integral)."""
    return (float(Fraction(lam)) / float(Fraction(s)) ** float(Fraction(alpha))) ** (1 / float(Fraction(alpha)))


def few_terms(alpha, lam, s):
    """growth up to 9, as bits and terms of the series rise with it"""
    return growth(alpha, lam, s) <= 9


RELAXATIONS = axes(
    alpha=by_level(("1/2", "4/5"), ("3/10", "1/2", "4/5", "99/100")),
    lam=("0", "1/2", "1", "2"),
    s=by_level(("1/2",), ("1/2", "1", "3")),
    where=few_terms,
)


@CAPUTO.check(
    "certified",
    nothing,
    RELAXATIONS,
    clauses="relaxation",
    distribution="lambda from 0 to 2, beyond s^alpha too, where no series converges",
)
@false("s^alpha in the numerator", transform=lambda lam, s, alpha: s**alpha / (s**alpha + lam))
@false("the ordinary relaxation, equal for lambda = 0", transform=lambda lam, s, alpha: 1 / (s + lam))
@false("a rate 1 % off", transform=lambda lam, s, alpha: relaxation_transform(lam * 101 / 100, s, alpha))
@false("an order 0.001 off", transform=lambda lam, s, alpha: relaxation_transform(lam, s, alpha - ball(Fraction(1, 1000))))
def integrated(cell, _, *, transform=relaxation_transform, context):
    """The Laplace integral of the Mittag-Leffler function in balls, from its series in time and a bound of its tail."""
    alpha, lam, s = Fraction(cell.alpha), Fraction(cell.lam), Fraction(cell.s)
    end = 50
    bits = 200 + int(1.6 * end * growth(cell.alpha, cell.lam, cell.s))
    with working_precision(bits):
        found = laplace_of_relaxation(alpha, lam, s, end=end)
        predicted = transform(ball(lam), ball(s), ball(alpha))
        return at_most("difference", abs(found - predicted).upper(), ball(Fraction(1, 10**18)), attained=False)


@CAPUTO.check(
    "certified",
    nothing,
    axes(x=("1/100", "1", "4")),
    clauses="relaxation",
    scope="order one half, where E(-x) = e^(x^2) erfc(x)",
)
@false("erfc without e^(x^2)", closed=lambda x: x.erfc())
def at_one_half(cell, _, *, closed=lambda x: (x * x).exp() * x.erfc(), context):
    """The series of the Mittag-Leffler function against its closed form at order one half, in balls."""
    with working_precision(300):
        x = ball(Fraction(cell.x))
        found = mittag_leffler(-x, Fraction(1, 2))
        return at_most("difference", abs(found - closed(x)).upper(), ball(Fraction(1, 10**40)), attained=False)


POWERS = axes(alpha=("1/10", "1/2", "9/10"), beta=("2", "5/2", "4"), steps=by_level((1000,), (1000, 10000)), quick=1, standard=2)


@CAPUTO.check(
    "property",
    lambda cell, rng: float(rng.uniform(0.5, 2)),
    POWERS,
    clauses="powers",
    tolerance="h^(2 - alpha) max |u''| (1/8 + 1/(2 (1 - alpha)))/Gamma(1 - alpha): the L1 scheme's error, derived beside it",
    distribution="t^beta at a time between 1/2 and 2; 1000 or 10000 steps",
)
@false("Gamma(beta) in place of Gamma(beta + 1)", factor=lambda beta, alpha: caputo_power(beta, alpha) / beta)
@false("the ordinary derivative's factor", factor=lambda beta, alpha: beta)
@false("an order 0.05 off", factor=lambda beta, alpha: caputo_power(beta, alpha - 0.05))
def by_the_scheme(cell, time, *, factor=caputo_power, context):
    """D^alpha t^beta at one time by the L1 scheme, from the definition alone."""
    alpha, beta = float(Fraction(cell.alpha)), float(Fraction(cell.beta))
    step = time / cell.steps
    found = l1_derivative(np.linspace(0, time, cell.steps + 1) ** beta, step, alpha)
    bend = beta * (beta - 1) * time ** (beta - 2)
    rounding = 1e-10 * max(1.0, abs(found))  # a thousand differences of 1e-16 over steps of 1e-4
    outcome = bounded("difference", found - factor(beta, alpha) * time ** (beta - alpha), l1_error(bend, step, alpha) + rounding)
    return worst([outcome], figures=[_relaxing()] if (cell.alpha, cell.beta, cell.steps) == ("1/2", "2", 1000) else [])


def _relaxing():
    times = np.linspace(0.01, 6, 100)
    with working_precision(200):
        series = [
            {
                "label": f"order {order}",
                "x": times.tolist(),
                "y": [float(mittag_leffler(-(ball(float(t)) ** ball(Fraction(order))), Fraction(order))) for t in times],
            }
            for order in ("3/10", "1/2", "4/5")
        ]
    series.append({"label": "order 1 (exponential)", "x": times.tolist(), "y": np.exp(-times).tolist()})
    return Figure(
        "lines",
        "Relaxation of fractional order",
        "E_alpha(-t^alpha): the smaller the order, the faster the fall at the start and the slower later",
        {"series": series},
        x_label="t",
        y_label="u(t)",
    )
