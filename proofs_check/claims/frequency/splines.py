r"""Interpolants of infinitely wide ReLU networks: with biases spread ever wider they become splines, cubic or linear."""

from fractions import Fraction

import numpy as np

from numerics.dynamics.limits import interpolant
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_least, equal, worst
from theory.dynamics.frequency import bias_kernel, natural_cubic, output_kernel, piecewise_linear

from . import OVERVIEW

SPLINES = claim(
    "fprinciple.spline_limits",
    "Least-norm interpolants of wide ReLU networks tend to splines as biases spread",
    r"\lim_{B \to \infty} \sum_i c_i K_B(x, x_i) = \text{natural cubic spline (output weights)}, \text{ linear spline (biases)}",
    clauses={
        "cubic": r"K_B = \int_{-B}^{B} (x-c)_+(y-c)_+ + (c-x)_+(c-y)_+ \, dc: \text{ the natural cubic spline, linear outside}",
        "linear": r"K_B = 2B - |x - y|: \text{ the linear spline between the outer samples at every } B, \text{ constant outside in the"
        r" limit}",
        "speed": r"\text{the deviation is } O(B^{-1})",
    },
    symbols={
        "x_i": "samples",
        "B": "biases lie in [-B, B]",
        "c": "bias of a neuron",
        "c_i": "coefficients that fit the samples",
        "K_B": "kernel",
        "x, y": "inputs",
    },
    assumptions=[
        Assumption("different samples", r"x_i \ne x_j", unprobed="two values at one place leave no interpolant"),
        Assumption("within", r"|x_i|, |x| \le B", unprobed="beyond B there are no neurons; in the limit all is within"),
        Assumption("two samples", r"n \ge 2", unprobed="one sample has no spline but the constant"),
    ],
    source=OVERVIEW.at("Section 5 on the linear frequency principle, in one dimension; both limits as stated are ours"),
    refuted_by="four samples and a place at which the limit is another number",
    notes="A sum over 20,001 biases in place of the integral shows 1.6e-4 between the linear spline and the interpolant at B = 2: that is"
    " the sum's own error. In floats the two agree to 1e-15, and they are equal.",
)


@SPLINES.check(
    "symbolic",
    ["kernels", "outside"],
    clauses=("cubic", "linear", "speed"),
    covers="statement",
    scope="all samples: K_B = A + U C U^T, U = (1, x), C = diag(2B^3/3, 2B), so (c, v = C U^T c) solves [[A, U], [U^T, -C^-1]]; C^-1 ="
    " O(1/B), and at"
    " C^-1 = 0 that is the system of the natural spline, regular as x_i differ: solutions differ by O(1/B). With 2B - |x - y| likewise,"
    " U = 1;"
    " there sum c_i K_B is linear between samples at every B and takes their values",
)
@false("2B^3 in place of 2B^3/3", cube=2)
@false("|x - y|^3/3", rough=3)
@false("bent outside (s)", moment=1)
def kernels(part, *, cube=None, rough=6, moment=0, context):
    """Both integrals for x < y, and the second derivative of sum c_i |x - x_i|^3/6 and the slope of -sum c_i |x - x_i| beyond all
    samples."""
    import sympy

    x, y, B, c = sympy.symbols("x y B c", real=True)
    if part == "kernels":
        cubic = sympy.integrate((x - c) * (y - c), (c, -B, x)) + sympy.integrate((c - x) * (c - y), (c, y, B))
        steps = sympy.integrate(1, (c, -B, x)) + sympy.integrate(1, (c, y, B))
        closed = (y - x) ** 3 / rough + (sympy.Rational(2, 3) if cube is None else cube) * B**3 + 2 * B * x * y
        found = equal(cubic=(0, sympy.expand(cubic - closed)), steps=(0, sympy.expand(steps - 2 * B + (y - x))))
        return worst([found], figures=[approach()])
    first, second, p, q = sympy.symbols("c1 c2 p q")
    beyond = first * (x - p) ** 3 / 6 + second * (x - q) ** 3 / 6  # x > p, q
    total, mean = first + second, first * p + second * q
    line = -first * (x - p) - second * (x - q)
    return equal(
        bend=(sympy.expand((x + moment) * total - mean), sympy.expand(sympy.diff(beyond, x, 2))), slope=(-total, sympy.diff(line, x))
    )


PLACES = axes(
    n=by_level((2, 4, 6), (2, 3, 4, 5, 6, 7, 9)),
    data=("any", "even"),
    place=("between", "at a sample", "outside"),
    quick=1,
    standard=2,
    full=6,
)


def drawn(cell, rng):
    """Nodes and values of quarters, of an even function now and then, and a place."""
    nodes = sorted(Fraction(int(v), 4) for v in rng.choice(np.arange(-20, 21), cell.n, replace=False))
    values = [Fraction(int(v), 4) for v in rng.integers(-12, 13, cell.n)]
    if cell.data == "even":
        half = sorted(Fraction(int(v), 4) for v in rng.choice(np.arange(1, 21), cell.n // 2, replace=False))
        nodes = [-node for node in half[::-1]] + [Fraction(0)] * (cell.n % 2) + half
        values = values[: cell.n - cell.n // 2] + values[: cell.n // 2][::-1]
    j = int(rng.integers(cell.n - 1))
    place = {
        "between": nodes[j] + (nodes[j + 1] - nodes[j]) * Fraction(int(rng.integers(1, 8)), 8),
        "at a sample": nodes[j],
        "outside": nodes[-1] + Fraction(3, 2) if rng.random() < 0.5 else nodes[0] - Fraction(3, 4),
    }
    return nodes, values, place[cell.place]


def clamped(nodes, values, x):
    """The cubic that is flat at both ends, in place of unbent: by two samples so close that they fix the slope."""
    near = Fraction(1, 10**6)
    return natural_cubic([nodes[0] - near, *nodes, nodes[-1] + near], [values[0], *values, values[-1]], x)


def polynomial(nodes, values, x):
    """The polynomial through all samples."""
    total = Fraction(0)
    for i, (p, value) in enumerate(zip(nodes, values, strict=True)):
        term = value
        for j, q in enumerate(nodes):
            term *= Fraction(1) if i == j else (x - q) / (p - q)
        total += term
    return total


@SPLINES.check("exact", drawn, PLACES, clauses=("cubic", "speed"), distribution="nodes and values of quarters, |x_i| <= 5")
@false("the linear spline", spline=piecewise_linear)
@false("flat at the ends in place of unbent (s)", spline=clamped)
@false("the polynomial through the samples (s)", spline=polynomial)
@false("O(B^(-2)) (s)", order=2)
@false("O(B^(-3)), as for even data (s)", order=3)
def cubic(cell, data, *, spline=natural_cubic, order=1, context):
    """Quotients of determinants as functions of B: leading coefficients against the spline by elimination, and the order of the rest,
    which even data and midpoints of two samples raise."""
    nodes, values, x = data
    found = interpolant(output_kernel, nodes, values, x, degree=3, first=8)
    falls = found.order()
    limit = equal(limit=(spline(nodes, values, x), found.limit()))
    speed = at_least("order", falls, order, attained=False) if falls is not None else equal(constant=(found(8), found(9)))
    return worst([limit, speed])


def constant_inside(nodes, values, x):
    """The linear spline, but the nearer value in the outer intervals."""
    if x < nodes[1]:
        return values[0]
    return values[-1] if x > nodes[-2] else piecewise_linear(nodes, values, x)


@SPLINES.check("exact", drawn, PLACES, clauses=("linear",), distribution="nodes and values of quarters, |x_i| <= 5")
@false("the natural cubic spline", spline=natural_cubic)
@false("constant in the outer intervals (s)", spline=constant_inside)
@false("in the limit alone (s)", always=False)
@false("straight on outside (s)", spline=lambda nodes, values, x: straight(nodes, values, x))
def linear(cell, data, *, spline=piecewise_linear, always=True, context):
    """The same for 2B - |x - y|: between the samples a constant in B."""
    nodes, values, x = data
    found = interpolant(bias_kernel, nodes, values, x, degree=1, first=8)
    still = equal(limit=(spline(nodes, values, x), found.limit()))
    if cell.place == "outside":
        return still
    return worst([still, equal(at_eight=(spline(nodes, values, x) if always else spline(nodes, values, x) + 1, found(8)))])


def straight(nodes, values, x):
    if nodes[0] <= x <= nodes[-1]:
        return piecewise_linear(nodes, values, x)
    i = 0 if x < nodes[0] else len(nodes) - 2
    return values[i] + (values[i + 1] - values[i]) * (x - nodes[i]) / (nodes[i + 1] - nodes[i])


def approach():
    """The largest deviation from the natural spline at eleven places, against B."""
    nodes = [Fraction(-1), Fraction(-1, 4), Fraction(1, 2), Fraction(1)]
    values = [Fraction(0), Fraction(1), Fraction(-1, 2), Fraction(1, 4)]
    places = [Fraction(j, 5) for j in range(-5, 6)]
    found = [interpolant(output_kernel, nodes, values, x, degree=3, first=2) for x in places]
    spreads = [2, 4, 8, 16, 32, 64, 128]
    deviation = [max(abs(float(one(B) - natural_cubic(nodes, values, x))) for one, x in zip(found, places, strict=True)) for B in spreads]
    series = [
        {"label": "largest deviation", "x": spreads, "y": deviation},
        {"label": "slope -1", "x": spreads, "y": [deviation[-1] * spreads[-1] / B for B in spreads]},
    ]
    alt = "The deviation from the natural cubic spline falls along a line of slope -1 on logarithmic scales"
    return Figure(
        "lines", "To the natural spline", alt, {"series": series}, "range of biases B", "largest deviation", log_x=True, log_y=True
    )
