r"""Gradient descent and momentum on x^k: a power of the number of steps, and which factor momentum brings."""

from fractions import Fraction
from functools import cache

from numerics.arithmetic.krawczyk import ball
from numerics.dynamics.power_law import power_law
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, vanishing, worst
from theory.dynamics.adam import in_powers
from theory.dynamics.power_law import growth, limit_of_w
from theory.dynamics.quadratic import METHODS

from . import DEGENERATE

GD = claim(
    "adam.degenerate.gd",
    "Gradient descent and momentum on a power fall like a power of the step",
    r"|x_t| \sim \big((k-2)\,\eta\, c\, t\big)^{-1/(k-2)},\quad c = 1 \text{ (gradient descent, } m' = \mu m + (1-\mu) g),"
    r"\ c = \tfrac{1}{1-\mu} \text{ (heavy ball, } m' = \mu m + g),\ \text{where } z_t = \eta w_t/y_t \to 0",
    clauses={
        "bounds": r"n = k-2,\ y = x^{-n},\ 0 < z = \eta w/y < 1:\ n\eta w \le y' - y \le n\eta w\,(1 - \eta w/y)^{-(n+1)},\ w = m/x^{k-1}",
        "factor": r"z_t \to 0:\ y_t/t \to (k-2)\,\eta\, c",
    },
    symbols={
        "x_t": "the parameter after t steps, not 0; from any m_0",
        "k": "an even integer, at least 4",
        r"\eta": "learning rate, positive",
        r"\mu": "momentum, in [0, 1)",
        "w": "m'/x^(k-1)",
        "z": "eta w x^(k-2) = 1 - x'/x",
    },
    assumptions=[
        Assumption("even power", r"k \ge 4 \text{ even}", unprobed="for k = 2 there is no y; for odd k the orbit is the same while x > 0"),
        Assumption("no overshoot", r"0 < z_t < 1,\ z_t \to 0;\ \text{for gradient descent } \eta x_0^{k-2} < 1 \text{ is enough}"),
    ],
    source=DEGENERATE.at("Theorems 5.1 and 5.3 (the two factors told apart: ours)"),
    refuted_by="An orbit whose |x| t^(1/(k-2)) tends to another number.",
    notes="The factor 1/(1 - mu) belongs to the heavy ball; the published moving average has none. With momentum eta x_0^(k-2) < 1 is not"
    " enough: the heavy ball with k = 4, eta = .99, mu = .9 diverges from x_0 = m_0 = 1, and with eta = mu = 1/2, m_0 = 0 a start near"
    " .89345 has x_(t+1)/x_t -> 1/2. Where z_t -> 0, w tends to c by w' = mu w (1 - z)^(1-k) + const, and the bounds give the limit.",
)


def lower(q, n):
    """(1 - z)^-n - 1 - n z at q = 1 - z."""
    return q**-n - 1 - n * (1 - q)


def upper(q, n):
    """n z (1 - z)^-(n+1) - ((1 - z)^-n - 1) at q = 1 - z."""
    return n * (1 - q) * q ** (-n - 1) - (q**-n - 1)


@GD.check(
    "symbolic",
    [None],
    clauses="bounds",
    covers="statement",
    scope="every real n > 0 and 0 < z < 1: both differences vanish at 0 and have non-negative slopes",
)
@false("n for n + 1", above=lambda q, n: n * (1 - q) * q**-n - (q**-n - 1))
@false("n + 1 for n below", below=lambda q, n: q**-n - 1 - (n + 1) * (1 - q))
def convexity(_, *, below=lower, above=upper, context):
    """With z = eta w/y the claim is n z <= (1 - z)^-n - 1 <= n z (1 - z)^-(n+1); slopes n ((1-z)^-(n+1) - 1) and n (n+1) z (1-z)^-(n+2)."""
    import sympy as sp

    q, n, Q = sp.symbols("q n Q", positive=True)
    slopes = [n * (q ** (-n - 1) - 1), n * (n + 1) * (1 - q) * q ** (-n - 2)]
    differences = [-sp.diff(f(q, n), q) - slope for f, slope in zip((below, above), slopes, strict=True)]
    values = [f(sp.Integer(1), n) for f in (below, above)]
    return vanishing("differences", [*values, *(in_powers(d, q, n, Q) for d in differences)])


MOVES = axes(n=(2, 4, 6), z=tuple(Fraction(a, 100) for a in (1, 50, 99)))


@GD.check("exact", lambda cell, rng: cell.z, MOVES, clauses="bounds")
@false("n + 1 for n below", least=lambda n, z: (n + 1) * z if z < Fraction(1, 10) else n * z)
@false("n - 1 for n + 1 above", power=lambda n: n - 1)
def one_step(cell, z, *, least=lambda n, z: n * z, power=lambda n: n + 1, context):
    """(y' - y)/y = (1 - z)^-n - 1 over the rationals, between n z and n z (1 - z)^-(n+1)."""
    gain = (1 - z) ** -cell.n - 1
    above = cell.n * z * (1 - z) ** -power(cell.n)
    return worst([at_least("(y' - y)/y", gain, least(cell.n, z), attained=False), at_most("(y' - y)/y", gain, above, attained=False)])


GD.without("no overshoot", one_step, lambda cell, rng: Fraction(297, 200))  # the heavy ball, k = 4, eta = .99, mu = 1/2, x = m = 1


def momentum_once(method, mu):
    """gradient descent has no mu"""
    return method != METHODS[0] or mu == "0.9"


ORBITS = axes(method=METHODS, k=by_level((4,), (4, 6), (4, 6, 8)), mu=("0.5", "0.9"), where=momentum_once)


law = cache(power_law)


def followed(cell, rng):
    return law(cell.method, cell.k, "0.01", "0" if cell.method == METHODS[0] else cell.mu)


@GD.check("certified", followed, ORBITS, clauses="factor", scope="10,000 steps in balls, then bounds on all later steps, within 3 per cent")
@false("the heavy ball's factor for the moving average", limit=lambda method, mu: 1 / (1 - mu))
@false("no factor for the heavy ball", limit=lambda method, mu: 1 + 0 * mu)
@false("k - 1 for k - 2", count=lambda k: k - 1)
def increments(cell, found, *, limit=limit_of_w, count=lambda k: k - 2, context):
    """y gains between two numbers at every later step; the stated growth lies between them, and they are close."""
    mu = ball("0" if cell.method == METHODS[0] else cell.mu)
    predicted = growth(count(cell.k) + 2, ball("0.01"), limit(cell.method, mu))
    return worst(
        [
            at_least("growth of y", predicted, found.low, attained=False),
            at_most("growth of y", predicted, found.high, attained=False),
            at_most("ratio of the bounds", found.high / found.low, ball("1.03"), attained=False),
        ],
        figures=[sizes()] if (cell.method, cell.k, cell.mu) == (METHODS[1], 4, "0.9") else [],
    )


def sizes():
    """Proved upper bounds on |x| of the three methods, k = 4, for steps after those that were followed."""
    steps = [10**n for n in range(4, 10)]
    laws = {method: law(method, 4, "0.01", "0" if method == METHODS[0] else "0.9") for method in METHODS}
    return Figure(
        kind="lines",
        title="Proved upper bounds on |x|, k = 4, eta = 0.01, momentum 0.9",
        alt="Straight lines in logarithmic scales; gradient descent and the moving average agree, the heavy ball is smaller by sqrt(10).",
        x_label="step t",
        y_label="|x|",
        log_x=True,
        log_y=True,
        data={"series": [{"label": name, "x": steps, "y": [float(found.size(4, t)[1]) for t in steps]} for name, found in laws.items()]},
    )
