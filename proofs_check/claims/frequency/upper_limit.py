r"""How strongly a penalty may at most fall short: interpolation with a penalty |k|^alpha is well posed exactly for alpha above the
dimension."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.fourier import band_limited_energy, kernel, tail_bound
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, equal, order, worst
from theory.dynamics.frequency import boundary, monotone_sum_bound, off_diagonal_share

from . import DECAY

LIMIT = claim(
    "fprinciple.upper_limit",
    "Interpolation with a penalty on frequencies is well posed exactly for alpha > d",
    r"E_M = \min_{\phi(x_i) = y_i, \; |k| \le M} \sum_k \langle k \rangle^\alpha |\hat\phi_k|^2: \quad \alpha \le d \implies E_M \to 0,"
    r" \quad"
    r" \alpha > d \implies E_M \downarrow E > 0",
    clauses={
        "trivial": r"\alpha \le d: \; \left|\frac{E_M K_M(0)}{|y|^2} - 1\right| \le \frac{\delta}{1 - \delta} \text{ where } \delta < 1,"
        r" \; \delta = \frac{(n-1)"
        r" K'_M(0)}{\sigma K_M(0)} \to 0,"
        r" \; K' \text{ the sum in } d - 1 \text{ dimensions}",
        "off data": r"\alpha \le d: \text{ the minimizers tend to 0 off the samples}",
        "growth": r"K_M(0) \text{ grows like } M^{d - \alpha} \text{ for } \alpha < d, \text{ like } \log M \text{ at } \alpha = d,"
        r" \text{ and converges for } \alpha > d",
        "regular": r"\alpha > d: \; E_M \text{ does not rise in } M \text{ and } E_M \ge |y|^2/(n K_\infty(0))",
    },
    symbols={
        "x_i": "n different points of the circle, or torus, of length 2 pi", "y_i": "their values", "y": "all of them",
        "n": "number of points", "d": "dimension",
        r"\alpha": "exponent of the penalty", "M": "frequency cut-off", "k": "frequencies, integers",
        r"\langle k \rangle": "sqrt(1 + |k|^2)", r"\hat\phi_k": "Fourier coefficient",
        "K_M": "the sum of e^(ikx) over frequencies up to M, each divided by its weight in the penalty", "E_M": "least energy",
        r"\sigma": "least over pairs of the largest |sin| of half a difference of coordinates; for n = 1 none, and delta = 0",
        r"\phi": "an interpolant", r"\delta": "the quotient given", "E": "the limit",
    },
    assumptions=[
        Assumption("different points", r"x_i \ne x_j \text{ modulo } 2 \pi", unprobed="two values at one point leave no interpolant"),
        Assumption("penalty", r"\alpha \ge 0", unprobed="a negative exponent rewards high frequencies"),
        Assumption("values", r"y \ne 0", unprobed="the interpolant of zeros is 0 for every alpha"),
    ],
    source=DECAY.at("main theorem, on R^d; on the torus, with the constant and its proof, ours"),
    refuted_by="points for which the product stays away from 1 though alpha <= d, or tends to it though alpha > d",
    notes="The critical alpha = d is a boundary: the infimum is 0, approached like 1/log M alone. ReLU networks, alpha = d + 1 and d +"
    " 3, lie above it.",
)  # fmt: skip


@LIMIT.check(
    "symbolic",
    ["partial summation", "lines", "eigenvalues", "trace", "growth", "dimensions"],
    clauses=("trivial", "off data", "growth", "regular"),
    covers="statement",
    scope="all points, values and d. Up to d: off the diagonal each line in the direction of the largest |sin| has falling coefficients,"
    " so |K_M(x)| <= K'_M(0)/sigma; 2|v_i v_j| <= v_i^2 + v_j^2 puts eigenvalues within K (1 -+ delta), and |phi(x)| <= sum |c_i| K'/sigma;"
    " sums over the lattice of falling weights grow as their integrals, K'/K as the quotient. Above d: more frequencies leave more"
    " interpolants, and y_i^2 <= E K(0) by Cauchy and Schwarz, summed over n points",
)
@false("Dirichlet's kernel for the sine itself (s)", half=1)
@false("alpha = d converges", critical=0)
@false("alpha = d - 1 is critical", shift=1)
@false("n pairs to a point in place of n - 1 (s)", partners=lambda n: n)
@false("delta itself, without 1 - delta (s)", share=lambda delta: delta)
@false("K' as large as K", less=0)
def argument(
    part, *, half=2, critical=1, shift=0, partners=lambda n: n - 1, share=lambda delta: delta / (1 - delta), less=1, context
):  # fmt: skip
    """Identities behind each step; sums over the lattice are compared with integrals of r^(d - 1 - alpha)."""
    import sympy

    x = sympy.Symbol("x", real=True)
    if part == "partial summation":  # sin(x/2) D_N(x) = sin((N + 1/2) x), so |D_N| <= 1/|sin(x/2)|
        N = sympy.Symbol("N", integer=True, positive=True)
        step = sympy.sin((N + sympy.Rational(1, 2)) * x) - sympy.sin((N - sympy.Rational(1, 2)) * x)
        found = sympy.expand(sympy.expand_trig(step - 2 * sympy.sin(x / half) * sympy.cos(N * x)).rewrite(sympy.exp))
        start = sympy.sin(x / 2) - sympy.sin(x / half)  # D_0 = 1
        return equal(telescopes=(0, sympy.simplify(found)), start=(0, start))
    if part == "lines":
        # S_N = c_N D_N + sum_(k < N) (c_k - c_(k+1)) D_k: from N - 1 to N it grows by c_N (D_N - D_(N-1)); coefficients add up to c_0
        here, before, D, D_before = sympy.symbols("c_N c_M D_N D_M")
        grows = (here * D + (before - here) * D_before) - before * D_before
        added = (here + (before - here)) - before
        return equal(
            grows=(sympy.expand(here * (D - D_before)), sympy.expand(grows)), total=(0, added), bound=(x, monotone_sum_bound(x, 1))
        )
    if part == "eigenvalues":
        delta = sympy.Symbol("delta", positive=True)
        outcomes = [equal(above=(0, sympy.cancel(share(delta) - (1 / (1 - delta) - 1))))]
        outcomes.append(equal(below=(0, sympy.cancel((delta / (1 - delta) - (1 - 1 / (1 + delta))) - 2 * delta**2 / (1 - delta**2)))))
        for n in range(2, 8):  # every pair of n adds its square once, a point has n - 1 partners
            v = sympy.symbols(f"v0:{n}")
            pairs = [(p, q) for i, p in enumerate(v) for q in v[:i]]
            squares = sum((p - q) ** 2 + 2 * p * q for p, q in pairs)
            outcomes.append(equal(partners=(0, sympy.expand(partners(n) * sum(p * p for p in v) - squares))))
        return worst(outcomes)
    if part == "trace":  # Lagrange: |c|^2 |e|^2 - (c.e)^2 is a sum of squares; c_k times sqrt of its weight, e_k one over it
        outcomes = []
        for n in range(1, 6):
            c, e = sympy.symbols(f"c0:{n}"), sympy.symbols(f"e0:{n}")
            gap = sum((c[i] * e[j] - c[j] * e[i]) ** 2 for i in range(n) for j in range(i))
            product = sum(p * p for p in c) * sum(q * q for q in e) - sum(p * q for p, q in zip(c, e, strict=True)) ** 2
            outcomes.append(equal(gap=(sympy.expand(gap), sympy.expand(product))))
        return worst(outcomes)
    r, M, power = sympy.symbols("r M e", positive=True)
    if part == "dimensions":  # K' over K, up to constants, with d - alpha = 0, in (0, 1), 1 and above
        quotients = []
        for gap in (0, sympy.Rational(1, 2), 1, sympy.Rational(3, 2), 3):
            lower, upper = (sympy.integrate(r ** (gap - 1 - fewer), (r, 1, M)) + 1 for fewer in (less, 0))
            quotients.append(sympy.limit(lower / upper, M, sympy.oo))
        return equal(quotients=([0] * 5, quotients))
    grows = sympy.limit(sympy.integrate(r ** (-1 + shift), (r, 1, M)) / sympy.log(M), M, sympy.oo)  # alpha = d
    below = sympy.integrate(r ** (power - 1), (r, 1, M)) / M**power  # power = d - alpha
    above = sympy.integrate(r ** (-power - 1), (r, 1, M))
    return equal(
        critical=(critical, grows), below=(1 / power, sympy.limit(below, M, sympy.oo)), above=(1 / power, sympy.limit(above, M, sympy.oo))
    )


CUTOFFS = {1: {"quick": (30, 4000), "standard": (30, 1000, 10_000), "full": (1000, 20_000, 100_000)},
           2: {"quick": (8, 24), "standard": (8, 24, 40), "full": (24, 60, 120)},
           3: {"quick": (4, 8), "standard": (4, 8, 18), "full": (8, 14, 20)}}  # fmt: skip
CELLS = axes(
    d=(1, 2, 3),
    alpha=("0", "1/4", "1/2", "3/4", "1", "3/2", "2", "5/2", "3"),
    n=by_level((2, 3), (2, 3, 4), (2, 3, 5)),
    where=lambda d, alpha: d - Fraction(3, 2) <= Fraction(alpha) <= d and (d == 1 or "/4" not in alpha),  # below d - 1, too, for d >= 2
)


def points(cell, rng):
    """Points of sixteenths, every two of them apart in some coordinate, two alone almost by half a turn; values of quarters."""
    while True:
        x = [[Fraction(int(v), 16) for v in rng.integers(0, 96, cell.d)] for _ in range(cell.n)]
        if cell.n == 1 or min(float(v) for v in separations(x)) > (0.95 if cell.n == 2 else 0.4):
            break
    values = [Fraction(int(v), 4) for v in rng.integers(1, 9, cell.n) * rng.choice([-1, 1], cell.n)]
    return x, values


def separations(x):
    """Of each pair the largest |sin| of half a difference of coordinates, floats."""
    return [max(abs(np.sin(float(p - q) / 2)) for p, q in zip(x[i], x[j], strict=True)) for i in range(len(x)) for j in range(i)]


def least_sine(x):
    """The same in balls, the least of them."""
    with working_precision(128):
        pairs = [(i, j) for i in range(len(x)) for j in range(i)]
        sines = [max(((ball(p - q) / 2).sin().abs_lower() for p, q in zip(x[i], x[j], strict=True)), key=float) for i, j in pairs]
        return min(sines, key=float)


@lru_cache(maxsize=512)
def energy(x, y, alpha, cutoff):
    return band_limited_energy([list(row) for row in x], list(y), alpha, cutoff)


def energies(cell, drawn, context):
    x, y = drawn
    keys = tuple(map(tuple, x)), tuple(y)
    return [energy(*keys, Fraction(cell.alpha), cutoff) for cutoff in CUTOFFS[cell.d][context.level]]


def share(n, one, x):
    with working_precision(128):
        return off_diagonal_share(n, one.diagonal, one.below, least_sine(x))


@LIMIT.check(
    "certified",
    points,
    CELLS,
    clauses="trivial",
    distribution="points of sixteenths, apart by |sin| > 0.4, two alone by 0.95; values of quarters",
)
@false("one half in place of 1", limit=Fraction(1, 2))
@false("E_M K_M(0)^2", power=2)
@false("n times as much (s)", weight=lambda n: n)
@false(
    "three per cent more at d = 1, alpha <= 1/2 (s)", weight=lambda n, d=0, alpha=9: Fraction(103, 100) if d == 1 and alpha <= 0.5 else 1
)
def trivial(cell, drawn, *, limit=1, power=1, weight=lambda n: 1, context):
    """E_M K_M(0)/|y|^2 in balls against 1 up to delta/(1 - delta), at growing cut-offs."""
    x, y = drawn
    factor = weight(cell.n, cell.d, float(Fraction(cell.alpha))) if weight.__code__.co_argcount == 3 else weight(cell.n)
    outcomes = []
    for one in energies(cell, drawn, context):
        delta = share(cell.n, one, x)
        if not delta < 1:
            continue
        ratio = one.ratio(y) * one.diagonal ** (power - 1) * ball(factor)
        outcomes.append(at_most("distance from 1", abs(ratio - ball(limit)), delta / (1 - delta), attained=False))
    last = energies(cell, drawn, context)[-1]
    outcomes.append(equal(regime=("boundary" if Fraction(cell.alpha) == cell.d else "trivial", last.regime)))
    return worst(outcomes, figures=[pictured()] if (cell.d, cell.alpha) == (1, "1/2") and cell.n in (3, 4) else [])


@LIMIT.check("certified", points, CELLS, clauses="off data", distribution="as before, and a point between")
@false("a tenth of the largest value stays (s)", floor=Fraction(1, 10))
@false("a tenth of the bound (s)", times=Fraction(1, 10))
@false("nine tenths of the bound (s)", times=Fraction(9, 10))
def off_data(cell, drawn, *, floor=0, times=1, context):
    """|phi_M| at a point between: at most sum |c_i| K'_M(0)/sigma, which falls with M."""
    x, y = drawn
    between, found = off_samples(x), []
    for cutoff, one in list(zip(CUTOFFS[cell.d][context.level], energies(cell, drawn, context), strict=True))[:2]:
        with working_precision(128):
            parts = [kernel([p - q for p, q in zip(between, row, strict=True)], Fraction(cell.alpha), cutoff) for row in x]
            value = abs(sum((c * part for c, part in zip(one.coefficients, parts, strict=True)), ball(0)))
            size = sum((abs(c) for c in one.coefficients), ball(0))
            sine = min(
                (max(((ball(p - q) / 2).sin().abs_lower() for p, q in zip(between, row, strict=True)), key=float) for row in x), key=float
            )
            found.append((value, monotone_sum_bound(size * one.below, sine) * ball(times)))
    bounds = [at_most("|phi| off the samples", value, most, attained=False) for value, most in found]
    falls = order("its bound, from the last cut-off to the first", [most for _, most in found][::-1])
    if (cell.d, cell.alpha) == (1, "0"):
        bounds.append(at_most("|phi| where the bound is nearly attained", *attained(times), attained=False))
    stays = [at_least("|phi| at the last cut-off", found[-1][0], ball(floor), attained=False)] if floor else []
    return worst([*bounds, falls, *stays])


def attained(times):
    """At alpha = 0 between x = 0 and 1, values 1: |phi(1/2)| and its bound, at M = 15, where sin((M + 1/2)/2) is 0.995 in size."""
    x, y, M = (((Fraction(0),), (Fraction(1),)), (Fraction(1), Fraction(1)), 15)
    one = energy(x, y, Fraction(0), M)
    with working_precision(128):
        half = kernel([Fraction(1, 2)], Fraction(0), M)
        size = sum((abs(c) for c in one.coefficients), ball(0))
        value = abs(sum((c * half for c in one.coefficients), ball(0)))
        return value, monotone_sum_bound(size * one.below, (ball(1) / 4).sin()) * ball(times)


def off_samples(x):
    """The point on the diagonal of the torus, among twenty, whose distance to the nearest sample is largest."""
    candidates = [[Fraction(j, 16) + Fraction(1, 32)] * len(x[0]) for j in range(0, 96, 5)]
    return max(candidates, key=lambda one: min(separations([one, row])[0] for row in x))


ABOVE = axes(d=(1, 2), alpha=("3/2", "2", "5/2", "3", "4"), n=by_level((2, 3), full=(2, 3, 5)), where=lambda d, alpha: Fraction(alpha) > d)


@LIMIT.check("certified", points, ABOVE, clauses="regular")
@false("alpha = d is well posed (s)", less=Fraction(1, 2))
@false("alpha = d/2 is", less=1)
@false("E_M rises", turned=1)
@false("E >= |y|^2/K(0) (s)", count=lambda n: 1)
@false("E >= |y|^2/(3n/4 K(0)) (s)", count=lambda n: Fraction(3 * n, 4))
def regular(cell, drawn, *, less=0, turned=0, count=lambda n: n, context):
    """E_M at growing cut-offs does not rise, nor fall below the limit enclosed with the tail of K; it stays above |y|^2/(n K(0)) with
    the tail of K(0) bounded; at alpha = 2 the limit in
    closed form."""
    x, y = drawn
    alpha, cutoffs = Fraction(cell.alpha), (6, *CUTOFFS[cell.d][context.level])
    keys = tuple(map(tuple, x)), tuple(y)
    found = [energy(*keys, alpha - less, cutoff) for cutoff in cutoffs]
    values = [one.least for one in found]
    with working_precision(128):
        tail = tail_bound(alpha, cutoffs[-1], cell.d)
        whole = energy(*keys, alpha, cutoffs[-1]).diagonal + tail
        floor = sum(ball(value) ** 2 for value in y) / (ball(count(cell.n)) * whole)
        close = tuple((Fraction(i, 256),) * cell.d for i in range(cell.n))  # with equal values the bound is nearly attained
        near = energy(close, (Fraction(1),) * cell.n, alpha, cutoffs[-1])
        lowest = ball(cell.n) / (ball(count(cell.n)) * (near.diagonal + tail))
    outcomes = [
        order("E_M, from the last cut-off to the first", values if turned else values[::-1], strict=False),
        at_least("E_M", values[-1], floor, attained=False),
        at_least("E_M of near points with equal values", near.least, lowest, attained=False),
        equal(regime=("regular", boundary(alpha, cell.d))),
    ]
    limit = band_limited_energy(x, y, alpha, cutoffs[-1], beyond=tail).least
    outcomes.append(at_least("E_M against its limit", values[-1], limit.lower(), attained=False))
    if (cell.d, cell.alpha) == (1, "2") and not less:
        outcomes.append(closed_form(cell, x, y, found[-1], limit))
    return worst(outcomes)


def closed_form(cell, x, y, last, limit):
    """sum <k>^(-2) e^(ikx) = pi cosh(pi - |x|)/sinh pi gives the limit by itself: it lies in the enclosure and not above E_M."""
    from flint import arb, arb_mat

    with working_precision(128):
        pi = arb.pi()
        value = lambda t: pi * (pi - abs(ball(t))).cosh() / pi.sinh()
        matrix = arb_mat([[value(x[i][0] - x[j][0]) for j in range(cell.n)] for i in range(cell.n)])
        solved = matrix.solve(arb_mat([[ball(v)] for v in y]))
        exact = sum((ball(v) * solved[i, 0] for i, v in enumerate(y)), arb(0))
    inside = [at_least("limit", exact, limit.lower(), attained=False), at_most("limit", exact, limit.upper(), attained=False)]
    return worst([*inside, at_least("E_M less its limit", last.least - exact, 0, attained=False)])


def pictured():
    """Energies of four values against the cut-off, one line an exponent."""
    x, y = [Fraction(0), Fraction(1), Fraction(5, 2), Fraction(9, 2)], [Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(1)]
    cutoffs = [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    series = []
    for alpha in ("1/2", "3/4", "1", "5/4", "2", "4"):
        least = [float(band_limited_energy(x, y, Fraction(alpha), cutoff).least) for cutoff in cutoffs]
        series.append({"label": f"alpha = {alpha}", "x": cutoffs, "y": least})
    alt = "Energies on logarithmic scales: falling lines for alpha below 1, a slowly bending one at 1, level ones above"
    return Figure("lines", "Least energies, d = 1", alt, {"series": series}, "cut-off M", "E_M", log_x=True, log_y=True)
