r"""A Green's function, and the scaling of frequencies."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.operators import green, green_pieces, grid, scaled_transform, second_differences

from . import MULTISCALE, OPERATOR
from ._pictures import bells

GREEN = claim(
    "pde.green",
    "The Green's function of the second derivative on an interval, and its exact discrete counterpart",
    r"u(x) = \int_0^1 G(x, y) f(y)\, dy, \; G(x, y) = \min(x, y) (1 - \max(x, y)): \quad -u'' = f, \; u(0) = u(1) = 0",
    clauses={
        "solves": r"-u'' = f \text{ and } u(0) = u(1) = 0 \text{ for every continuous } f",
        "linear": r"f \mapsto u \text{ is linear and symmetric: } G(x, y) = G(y, x)",
        "grid": r"h\, G(x_i, x_j) \text{ is the inverse of minus the second differences, }"
        r" (-u_{i-1} + 2u_i - u_{i+1})/h^2, \text{ at } x_i = ih, \; h = \tfrac{1}{n + 1}",
        "frequencies": r"f = \sin k \pi x \text{ gives } u = f/(k \pi)^2",
    },
    symbols={
        "G": "Green's function",
        "f, u": "right-hand side and solution on [0, 1]",
        "x, y": "places in [0, 1]",
        "n, h": "number of inner points, their distance",
        "k": "a positive integer",
    },
    assumptions=[Assumption("zero at both ends", r"u(0) = u(1) = 0")],
    source=OPERATOR.at("the representation of the solution operator; a classical identity"),
    refuted_by="a right-hand side whose u does not solve the equation, or a grid on which the inverse is another",
    notes="MOD-Net trains a network in place of G; its accuracy, and operators of higher dimension, are an application.",
)


@GREEN.check(
    "symbolic",
    ["solves", "symmetric", "frequencies"],
    clauses=("solves", "linear", "frequencies"),
    covers="statement",
    scope="every continuous f: by Leibniz' rule only the two pieces of G enter; integrals are linear in f",
)
@false("y (1 - x) on both sides of x", pieces=lambda x, y: (y * (1 - x), y * (1 - x)))
@false("3 % more", pieces=lambda x, y: tuple(piece * 103 / 100 for piece in green_pieces(x, y)))
def by_symbols(part, *, pieces=green_pieces, context):
    """u'' = (jump of G at y = x)' f + (jump of dG/dx) f + int d2G/dx2 f: the pieces meet, their slopes differ by -1 and are constant in x;
    G vanishes where x is 0 or 1; and sin k pi x."""
    import sympy

    x, y = sympy.symbols("x y", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    below, above = (sympy.sympify(piece) for piece in pieces(x, y))  # y <= x, y >= x
    if part == "symmetric":
        return equal(symmetric=(0, sympy.expand(below.subs({x: y, y: x}, simultaneous=True) - above)))
    if part == "frequencies":
        wave = sympy.sin(k * sympy.pi * y)
        u = sympy.integrate(sympy.expand(below * wave), (y, 0, x)) + sympy.integrate(sympy.expand(above * wave), (y, x, 1))
        return equal(u=(0, sympy.expand(u - sympy.sin(k * sympy.pi * x) / (k * sympy.pi) ** 2)))
    on = lambda expression: sympy.expand(expression.subs(y, x))
    return equal(
        meet=(0, on(below - above)),
        slopes=(-1, on(sympy.diff(below - above, x))),
        bends=([0, 0], [sympy.diff(piece, x, 2) for piece in (below, above)]),
        ends=([0, 0], [sympy.expand(above.subs(x, 0)), sympy.expand(below.subs(x, 1))]),
    )


@GREEN.check("exact", nothing, axes(n=by_level((1, 2, 5, 8), (1, 2, 3, 5, 8, 13, 21))), clauses="grid", scope="1 to 21 inner points")
@false("without h", spacing=lambda n: Fraction(1))
@false("h = 1/n", spacing=lambda n: Fraction(1, n))
@false("the product x (1 - y), right on and above the diagonal", function=lambda x, y: x * (1 - y))
@false("another number at one end", end=1)
def inverse_on_a_grid(cell, _, *, spacing=lambda n: Fraction(1, n + 1), function=green, end=0, context):
    """The matrix of second differences times h G over Q: the identity. With u'(0) = 0 in place of u(0) = 0 it is another one."""
    A, x = second_differences(cell.n), grid(cell.n)
    A[0, 0] = A[0, 0] - end * (cell.n + 1) ** 2  # a ghost point equal to the first
    G = function(x[:, None], x[None, :]) * spacing(cell.n)
    return worst(
        [equal(identity=([[int(i == j) for j in range(cell.n)] for i in range(cell.n)], (A @ G).tolist()))],
        figures=[_surface()] if cell.n == 8 else [],
    )


GREEN.without("zero at both ends", inverse_on_a_grid, end=1)


def _surface():
    places = np.linspace(0, 1, 33)
    return Figure(
        "heatmap",
        "The Green's function of the second derivative",
        "A ridge along the diagonal, highest (1/4) in the middle, zero at the ends",
        {"values": green(places[:, None], places[None, :]).tolist(), "x": places.tolist(), "y": places.tolist()},
        x_label="x",
        y_label="y",
    )


@GREEN.check(
    "symbolic",
    ["inner", "diagonal", "first", "last"],
    clauses="grid",
    covers="statement",
    scope="free i, j and n: a row of second differences times a column of h G",
)
@false("without h", scale=0)
def on_every_grid(part, *, scale=1, context):
    """(2 g_i - g_(i-1) - g_(i+1))/h^2 of g_i = h G(x_i, x_j): zero away from i = j, one there, and G vanishes at the ends."""
    import sympy

    i, j, n = sympy.symbols("i j n", positive=True)
    h = 1 / (n + 1)
    left = lambda row: h**scale * row * h * (1 - j * h)  # x_i <= x_j
    right = lambda row: h**scale * j * h * (1 - row * h)  # x_i >= x_j
    second = lambda before, here, after: sympy.simplify((2 * here - before - after) / h**2)
    if part == "inner":
        found = [second(side(i - 1), side(i), side(i + 1)) for side in (left, right)]
        return equal(rows=([0, 0], found), whole=(0, sympy.simplify(left(j) - right(j)) + scale - 1))
    if part == "diagonal":
        return equal(row=(1, second(left(j - 1), left(j), right(j + 1))))
    at = left(sympy.Integer(0)) if part == "first" else sympy.simplify(right(n + 1))
    return equal(end=(0, at + scale - 1))


SCALING = claim(
    "pde.mscale_shift",
    "Scaling the input by a multiplies frequencies by |a|",
    r"\mathcal{F}[f(a\, \cdot)](k) = \frac{1}{|a|} \hat f\!\left( \frac{k}{a} \right)",
    clauses={
        "scaling": r"\mathcal{F}[f(a\, \cdot)](k) = \tfrac{1}{|a|} \hat f(k/a) \text{ for every integrable } f, \; a \ne 0",
        "band": r"\hat f = 0 \text{ off } [-K, K] \text{ iff } \mathcal{F}[f(a\, \cdot)] = 0 \text{ off } [-|a| K, |a| K]",
        "energy": r"\int |f(a x)|^2 dx = \tfrac{1}{|a|} \int |f|^2: \text{ the share of every band is carried over}",
    },
    symbols={
        "f": "an integrable function on the line",
        r"\mathcal{F}, \hat f": "Fourier transform, int f(x) e^(-ikx) dx",
        "a": "factor of the input",
        "k, K": "frequency, largest frequency",
    },
    assumptions=[Assumption("not zero", r"a \ne 0", unprobed="at a = 0 the function is constant and has no transform that is a function")],
    source=MULTISCALE.at("the idea of multiscale networks; a classical identity"),
    refuted_by="a function and a factor whose transform is another",
    notes="That networks with several scales train faster is shown by experiment in the paper, and not claimed.",
)


@SCALING.check(
    "symbolic",
    ["positive", "negative", "band", "energy"],
    clauses=("scaling", "band", "energy"),
    covers="statement",
    scope="an undefined f: the substitution y = a x in the integral over [-R, R], for a > 0 and a < 0",
)
@false("multiplied by |a|", factor=lambda a: abs(a))
@false("divided by a, equal for a > 0", factor=lambda a: 1 / a)
def by_substitution(part, *, factor=lambda a: 1 / abs(a), context):
    """The integrand f(a x) e^(-ikx) dx becomes f(y) e^(-i (k/a) y) dy/|a|; for negative a the limits change places."""
    import sympy

    size, k, y, K = sympy.symbols("a k y K", positive=True)
    a = -size if part == "negative" else size
    f = sympy.Function("f")
    wave = lambda x, frequency: sympy.exp(-sympy.I * frequency * x)
    if part == "band":  # |k/a| <= K iff |k| <= |a| K
        return equal(edge=(K, (a * K) / a), transformed=(factor(sympy.Integer(-2)), sympy.Rational(1, 2)))
    if part == "energy":
        return equal(density=(0, sympy.simplify(f(y) ** 2 * (factor(a) - 1 / size))))
    x = y / a
    moved = f(a * x) * wave(x, k) * sympy.diff(x, y) * (-1 if part == "negative" else 1)  # the limits are exchanged
    return equal(integrand=(0, sympy.simplify(moved - f(y) * wave(y, k / a) * factor(a))))


def gauss(k):
    """The transform of e^(-x^2/2): sqrt(2 pi) e^(-k^2/2)."""
    return (2 * type(k).pi()).sqrt() * (-k * k / 2).exp()


def lopsided(k):
    """The imaginary part of that of x e^(-x^2/2), with its sign: -k sqrt(2 pi) e^(-k^2/2)."""
    return -k * gauss(k)


CASES = axes(f=("even", "odd"), a=("-3", "-1/2", "1/3", "2", "7"), k=("0", "1/2", "3"))


@SCALING.check("certified", nothing, CASES, clauses="scaling", distribution="e^(-x^2/2) and x e^(-x^2/2), factors of both signs")
@false("k a", scaled=lambda transform, a, k: transform(k * a) / abs(a))
@false("divided by a, equal for a > 0", scaled=lambda transform, a, k: transform(k / a) / a)
@false("without |a|", scaled=lambda transform, a, k: transform(k / a))
@false("a factor 1 % off", scaled=lambda transform, a, k: scaled_transform(transform, a * 101 / 100, k))
def by_quadrature(cell, _, *, scaled=scaled_transform, context):
    """The Fourier integral of f(a x) by certified quadrature up to |a x| = 20, and a bound beyond, against the closed form."""
    from flint import acb, arb

    with working_precision(120):
        a, k = ball(Fraction(cell.a)), ball(Fraction(cell.k))
        even = cell.f == "even"

        def integrand(x, _):
            y = acb(a) * x
            wave = (acb(k) * x).cos() if even else -(acb(k) * x).sin()
            return (-y * y / 2).exp() * wave * (1 if even else y)

        reach = 20 / abs(a)
        body = acb.integral(integrand, acb(-reach), acb(reach)).real
        tail = 2 * (-arb(200)).exp() / abs(a)  # int_20^oo y e^(-y^2/2) dy = e^(-200), on either side
        found = body + tail.union(-tail)
        predicted = scaled(gauss if even else lopsided, a, k)
        outcome = at_most("difference", abs(found - predicted).upper(), ball(Fraction(1, 10**25)), attained=False)
    return worst([outcome], figures=[bells()] if (cell.a, cell.k) == ("2", "0") else ())


@SCALING.check("certified", nothing, axes(a=("-2", "1/2", "3")), clauses="energy", distribution="e^(-x^2/2), of energy sqrt(pi)")
@false("1/a^2", factor=lambda a: 1 / (a * a))
@false("a factor 1 % off", factor=lambda a: Fraction(99, 100) / abs(a))
def energies(cell, _, *, factor=lambda a: 1 / abs(a), context):
    """The integral of |f(a x)|^2 by certified quadrature."""
    from flint import acb, arb

    with working_precision(120):
        a = Fraction(cell.a)
        reach = ball(20 / abs(a))
        body = acb.integral(lambda x, _: (-((acb(ball(a)) * x) ** 2)).exp(), acb(-reach), acb(reach)).real
        tail = 2 * (-arb(400)).exp() / ball(abs(a))  # int_20^oo e^(-y^2) dy < e^(-400)
        found = body + tail.union(-tail)
        return at_most("difference", abs(found - ball(factor(a)) * arb.pi().sqrt()).upper(), ball(Fraction(1, 10**25)), attained=False)
