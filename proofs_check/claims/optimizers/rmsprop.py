r"""RMSProp (Adam with beta_1 = 0) on x^k: the map of one variable, and how far its convergence is global."""

from fractions import Fraction

from numerics.dynamics.rmsprop_map import period_two_points
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import bounded, equal, true, vanishing
from theory.dynamics.adam import in_powers
from theory.dynamics.rmsprop import largest_gain, period_two_ratio, scalar_fixed_point, scalar_map

from . import DEGENERATE, EVEN, NO_EPS

UMAP = claim(
    "adam.degenerate.umap",
    "RMSProp's map of the unit interval: one fixed point attracts all of it",
    r"u' = g\,u(1-u)^{k-2},\ g = \beta_2^{-1/2}:\quad u^* = 1-\rho \text{ attracts all } u_0 \in (0,1)"
    r" \iff 1 < g \le \big(\tfrac{k}{k-2}\big)^{k-2},"
    r"\ \text{linearly} \iff 1 < g < \big(\tfrac{k}{k-2}\big)^{k-2}",
    clauses={
        "slope": r"\text{the slope at } u^* \text{ is } 1 - (k-2)(1/\rho - 1), \text{ in } (-1, 1) \iff \rho > (k-2)/k",
        "period two": r"u \ne v \in (0,1) \text{ are exchanged only for } \rho = \tau(\tau^{k-2}-1)/(\tau^k-1) < (k-2)/k,\ \tau > 1",
        "attraction": r"g \le (k/(k-2))^{k-2}: \text{ no point of period two, hence (Coppel) every orbit in } (0, 1) \text{ ends at } u^*",
        "beyond": r"\text{on the 2-cycle } x_{t+2}/x_t = \rho^2",
    },
    symbols={
        "u": r"the relative step eta x^(k-2)/sqrt(v) = 1 - x'/x",
        "g": r"the gain beta_2^(-1/2) = rho^(-(k-2))",
        "k": "an even integer, at least 4",
        r"\rho": "beta_2^(1/(2(k-2)))",
        r"\tau": r"(1 - u)/rho of the smaller point",
        r"\beta_2": "memory of the second moment, in (0, 1)",
    },
    assumptions=[
        EVEN,
        NO_EPS,
        Assumption("gain within the bound", r"g \le (k/(k-2))^{k-2}"),
        Assumption("inside the interval", r"0 < u_0 < 1"),
    ],
    source=DEGENERATE.at("Theorem 5.7, equation 21 (condition); the closed form of the period-two points: ours"),
    refuted_by="A point of period two within the bound, or an orbit in (0, 1) that ends elsewhere.",
    notes="In beta_2 the bound reads beta_2 >= ((k-2)/k)^(2(k-2)), and 0 < u_0 < 1 reads x_0 > eta for v_0 = g_0^2."
    " Outside of it see adam.degenerate.signgd_cycle.",
)


@UMAP.check(
    "symbolic",
    [None],
    clauses="slope",
    covers="statement",
    scope="every k > 2: u* and the slope there; equal to -1 at rho = (k-2)/k and increasing in rho",
)
@false("k - 1 for k - 2", slope=lambda k, rho: 1 - (k - 1) * (1 / rho - 1))
@false("k + 1 for k in the bound", edge=lambda k: (k - 1) / (k + 1))
def slope(_, *, slope=lambda k, rho: scalar_fixed_point(k, rho)[1], edge=lambda k: (k - 2) / k, context):
    import sympy as sp

    k, rho, u = sp.symbols("k rho u", positive=True)
    step, P = scalar_map(k, rho ** (2 - k), u), sp.Symbol("P", positive=True)
    differences = [
        in_powers(step.subs(u, 1 - rho) - (1 - rho), rho, k, P),
        in_powers(sp.diff(step, u).subs(u, 1 - rho) - slope(k, rho), rho, k, P),
        slope(k, edge(k)) + 1,
        sp.diff(slope(k, rho), rho) - (k - 2) / rho**2,
    ]
    return vanishing("differences", [sp.cancel(e) for e in differences])


@UMAP.check(
    "symbolic",
    [None],
    clauses=("period two", "beyond"),
    covers="statement",
    scope="every real k > 2: the exchange solved for rho; monotone in ln tau since x coth x increases",
)
@false("tau^(k-1) - 1", ratio=lambda k, tau: tau * (tau ** (k - 2) - 1) / (tau ** (k - 1) - 1))
@false("without the factor tau", ratio=lambda k, tau: (tau ** (k - 2) - 1) / (tau**k - 1))
def exchanged(_, *, ratio=period_two_ratio, context):
    """With T = tau^n, n = k - 2, everything is a rational function of n, tau and T: the exchange of a = rho tau and b = rho/tau, the
    slope of ln rho in y = ln tau as (n coth(ny/2) - (n+2) coth((n+2)y/2))/2, and the limit n/(n+2) at tau = 1.
    """
    import sympy as sp

    n, tau, T, S, C, y = sp.symbols("n tau T S C y", positive=True)
    rho = ratio(n + 2, tau).subs({tau**n: T, tau ** (n + 2): T * tau**2, tau ** (n + 1): T * tau})
    a, b = rho * tau, rho / tau
    differences = [(1 - b) - (1 - a) * T, (1 - a) - (1 - b) / T, a * b - rho**2]
    slope = sp.diff(sp.log(rho), tau) * tau + sp.diff(sp.log(rho), T) * n * T
    coth = lambda double: (double + 1) / (double - 1)  # coth(z/2) of e^z
    differences.append(slope - (n * coth(T) - (n + 2) * coth(T * tau**2)) / 2)
    # z coth z increases: with S = sinh z, C = cosh z its slope is C/S - z/S^2 = (sinh 2z - 2z)/(2 S^2)
    differences.append(C / S - y / S**2 - (2 * S * C - 2 * y) / (2 * S**2))
    top, bottom = sp.fraction(sp.together(ratio(n + 2, tau)))
    differences.append((sp.diff(top, tau) / sp.diff(bottom, tau)).subs(tau, 1) - n / (n + 2))
    return vanishing("differences", [sp.cancel(sp.together(e)) for e in differences])


GAINS = axes(
    k=by_level((4, 6), (4, 6, 8)),
    share=tuple(Fraction(*n) for n in ((3, 10), (99, 100), (1, 1), (1000001, 1000000), (101, 100))),
)


@UMAP.check("exact", lambda cell, rng: largest_gain(cell.k) * cell.share, GAINS, clauses=("period two", "attraction"))
@false("only below the bound", beyond=lambda g, k: g >= largest_gain(k))
@false("the exponent k", beyond=lambda g, k: g > Fraction(k, k - 2) ** k)
@false("k - 1 for k", beyond=lambda g, k: g > Fraction(k - 1, k - 2) ** (k - 2))
def period_two(cell, g, *, beyond=lambda g, k: g > largest_gain(k), context):
    """The points of period two in (0, 1), counted by the real roots of (F(F(u)) - u)/(F(u) - u) over the rationals: two, or none."""
    return equal(points=(2 if beyond(g, cell.k) else 0, period_two_points(cell.k, g)), shown={"g": g})


@UMAP.check(
    "exact",
    lambda cell, rng: largest_gain(cell.k),
    axes(k=(4, 6, 8, 10, 20)),
    clauses="attraction",
    scope="the maximum, at u = 1/(k-1), stays below 1",
)
@false("k - 1 for k", gain=lambda g, k: Fraction(k - 1) ** (k - 1))
def invariant(cell, g, *, gain=lambda g, k: g, context):
    return true("the interval is mapped into itself", scalar_map(cell.k, gain(g, cell.k), Fraction(1, cell.k - 1)) < 1)


STARTS = axes(k=by_level((4, 6), (4, 6, 8)), share=(0.3, 0.9, 0.99), quick=1, standard=4, full=20)


def starts(cell, rng):
    return rng.uniform(0, 1, 100)


@UMAP.check(
    "property",
    starts,
    STARTS,
    clauses="attraction",
    tolerance="twice |slope|^2000 (at most 0.99^2000, as the shares are) and 64 eps/(1 - |slope|) of rounding",
)
@false("u* = 1 - sqrt(beta2)", limit=lambda k, g: 1 - 1 / g)
def attracted(cell, u, *, limit=lambda k, g: 1 - g ** (-1 / (k - 2)), share=1.0, context):
    """Orbits of the map in floats from all over the interval."""
    g = float(largest_gain(cell.k)) * cell.share * share
    slope = abs(1 - (cell.k - 2) * (g ** (1 / (cell.k - 2)) - 1))
    for _ in range(2000):
        u = scalar_map(cell.k, g, u)
    return bounded("distance from u*", u - limit(cell.k, g), 2 * min(slope, 0.99) ** 2000 + 64 * 2.3e-16 / (1 - min(slope, 0.99)))


UMAP.without("gain within the bound", attracted, share=1.2)
UMAP.without("inside the interval", attracted, lambda cell, rng: 2 + 0 * rng.uniform(0, 1, 100))
