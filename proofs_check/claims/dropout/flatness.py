r"""The penalty makes solutions flatter: the derivative of the mean squared gradient along its flow."""

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal, order, worst
from theory.dynamics.dropout import flatness_rate

from . import IMPLICIT
from ._draws import fractions

FLATNESS = claim(
    "dropout.r1_flatness",
    "From a solution, the flow of loss and penalty makes a ReLU network flatter",
    r"\frac{d}{dt} \frac{1}{n} \sum_i |\nabla_\theta f(x_i)|^2 < 0 \quad \text{where } R_S = 0, \; \nabla R_1 \ne 0",
    clauses={
        "rate": r"\frac{d}{dt} \frac{1}{n} \sum_i |\nabla f(x_i)|^2 = -\frac{2 v}{n^2} \sum_j a_j^2 \Big( \big| \sum_i s_{ij} x_i \big|^2"
        r" + \sum_i 1_{ij} |x_i|^2 \sum_i s_{ij}^2 \Big)",
        "sign": r"\text{it is negative iff } \nabla R_1 \ne 0",
    },
    symbols={
        "f": "sum_j a_j relu(w_j . x), m neurons, d inputs, no biases",
        "s_{ij}": "relu(w_j . x_i); 1_ij says whether it is positive",
        "R_1": "v/(2n) sum_ij a_j^2 s_ij^2",
        "v": "(1 - p)/p > 0",
        "n": "number of samples",
    },
    assumptions=[
        Assumption("no kink", r"w_j \cdot x_i \ne 0 \text{ for all } i, j"),
        Assumption("relu", r"\text{the activation is relu}"),
        Assumption("solution", r"R_S = 0"),
    ],
    source=IMPLICIT.at("Theorem 2"),
    refuted_by="a network whose rate differs, or is not negative where the penalty has a gradient",
    notes="The proof's flow has 1/(2np) where 1/(np) is right, which changes no sign.",
)


@FLATNESS.check(
    "symbolic",
    [(True, True), (True, False), (False, False)],
    axes(active=("both", "one", "none")),
    cell=lambda pattern: {"active": ("none", "one", "both")[sum(pattern)]},
    clauses=("rate", "sign"),
    covers="statement",
    scope="one neuron and two samples, active or not, free symbols for a, w . x_i and x_i . x_l: both sides are sums over neurons and pairs"
    " of samples, for all n, m and d; minus a sum of squares that vanishes iff every a s_i does, as |x_i| > 0 where s_i > 0",
)
@false("the flow of the proof as printed, 1/(2np)", half=2)
@false("the sums over active samples only once", spread=0)
def one_neuron(active, *, half=1, spread=1, context):
    """The product rule along a' = -(v/n) a sum s^2, w' = -(v/n) a^2 sum s x."""
    import sympy

    a, v, t = sympy.symbols("a v t")
    z, G = sympy.symbols("z1 z2"), np.array(sympy.symbols("g11 g12 g12 g22")).reshape(2, 2)
    s = [z[i] if active[i] else sympy.Integer(0) for i in range(2)]
    a_speed = -v / (2 * half) * a * sum(value**2 for value in s)
    z_speed = [-v / (2 * half) * a**2 * sum(s[l] * G[l, i] for l in range(2)) for i in range(2)]
    moved = sum(((z[i] + t * z_speed[i]) ** 2 + (a + t * a_speed) ** 2 * G[i, i]) for i in range(2) if active[i]) / 2
    found = sympy.diff(moved, t).subs(t, 0)
    square = sum(s[i] * s[l] * G[i, l] for i in range(2) for l in range(2))
    sums = sum(G[i, i] for i in range(2) if active[i]) * sum(value**2 for value in s)
    return equal(rate=(sympy.expand(-v / 2 * a**2 * (square + spread * sums)), sympy.expand(found)))


NETS = axes(
    m=by_level((1, 3), (1, 2, 3, 5)),
    d=(1, 2, 3),
    n=(1, 2, 4),
    gradient=("not zero", "zero"),
    keep=("1/2", "4/5"),
    quick=1,
    standard=5,
    full=20,
)


def networks(cell, rng):
    """Rational a, w, x with no x_i on a kink; where the penalty has no gradient every neuron is silent or inactive on all samples."""
    while True:
        a, w, x = (fractions(rng, *shape) for shape in ((cell.m,), (cell.m, cell.d), (cell.n, cell.d)))
        if cell.gradient == "zero":
            for j in range(cell.m):
                if rng.random() < 0.5 or ((x @ w[j]) >= 0).any():
                    a[j] = Fraction(0)
        z = x @ w.T
        felt = any(a[j] != 0 and (z[:, j] > 0).any() for j in range(cell.m))
        if (z != 0).all() and felt == (cell.gradient == "not zero"):
            return a, w, x


def relu(z):
    return np.where(z > 0, z, z * 0), (z > 0).astype(int)


def square(z):
    return z * z, 2 * z


def speed(a, w, x, v, activation):
    """(a', w') of the flow of R_1."""
    n, (hidden, slope) = len(x), activation(x @ w.T)
    return -v / n * a * (hidden**2).sum(axis=0), -v / n * (a**2)[:, None] * ((hidden * slope).T @ x)


def measured(a, w, x, activation):
    hidden, slope = activation(x @ w.T)
    return ((hidden**2).sum() + ((slope * a) ** 2).sum(axis=1) @ (x**2).sum(axis=1)) / len(x)


def derivative(a, w, x, v, activation, pull=0):
    """d/dt of the mean squared gradient: a polynomial of degree 4 in the step while no sign of w . x changes, read off at four steps."""
    by_a, by_w = speed(a, w, x, v, activation)
    by_a = by_a + pull
    z, moves = x @ w.T, x @ by_w.T
    step = min([Fraction(1)] + [abs(p) / abs(q) / 3 for p, q in zip(z.ravel(), moves.ravel(), strict=True) if q != 0 and p != 0])
    at = lambda k: measured(a + k * step * by_a, w + k * step * by_w, x, activation)
    return (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * step)


def variance(keep):
    return (1 - Fraction(keep)) / Fraction(keep)


@FLATNESS.check("exact", networks, NETS, clauses=("rate", "sign"), distribution="a, w, x of entries k/6, |k| <= 12, no x_i on a kink")
@false(
    "without the second term", formula=lambda a, w, x, v: -2 * v * (a**2 * ((relu(x @ w.T)[0].T @ x) ** 2).sum(axis=1)).sum() / len(x) ** 2
)
@false("one half of it", formula=lambda a, w, x, v: flatness_rate(a, w, x, v) / 2 - (0 if flatness_rate(a, w, x, v) else v))
def rational_networks(cell, drawn, *, formula=flatness_rate, activation=relu, pull=0, context):
    """The derivative along the flow, read off exactly, against the formula; and its sign."""
    a, w, x = drawn
    v = variance(cell.keep)
    found, predicted = derivative(a, w, x, v, activation, pull), formula(a, w, x, v)
    agrees = equal(rate=(predicted, found), shown={"a": a, "w": w, "x": x})
    return agrees if cell.gradient == "zero" else worst([agrees, order("rate and zero", [found, Fraction(0)])])


def on_a_kink(cell, rng):
    """The first neuron vanishes on the first sample, which the flow of the penalty turns on: x_1 . x_2 < 0."""
    a, w, x = networks(cell, rng)
    x = np.concatenate([x, np.full((2, cell.d), Fraction(0))])
    x[-2:, 0] = [Fraction(-1), Fraction(1)]
    w[0], a[0] = Fraction(0), Fraction(1)
    w[0, 0] = Fraction(1)
    if cell.d > 1:
        x[-2, 1], x[-2, 0] = Fraction(1), Fraction(0)
        x[-1, 1] = Fraction(-1)
    return a, w, x


FLATNESS.without("no kink", rational_networks, on_a_kink)
FLATNESS.without("relu", rational_networks, activation=square)
FLATNESS.without("solution", rational_networks, pull=Fraction(1))
