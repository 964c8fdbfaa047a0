r"""What samples see of a frequency: aliases on equispaced points, and what a parity leaks into other characters on a part of the cube."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.fourier import nudft, samples_of
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.frequency import alias, leak, spurious_coefficient

from . import GROKKING
from ._design import GRID, confused, design

ALIASING = claim(
    "fprinciple.aliasing",
    "Aliasing: samples of a high frequency are samples of a lower one",
    r"x_j = 2 \pi j/n: \; e^{ikx_j} = e^{ik'x_j} \text{ for all } j \iff k \equiv k' \pmod n",
    clauses={
        "alias": r"\sin(k x_j) = \sin((k - n) x_j), \text{ and exactly one frequency } k' \text{ in } (-n/2, n/2] \text{ has"
        r" } e^{ik'x_j} = e^{ikx_j} \text{ for all } j",
        "below": r"\text{the alias is nearer to 0 than } k \text{ exactly for } |k| > n/2, \text{ Nyquist's frequency}",
        "designed": r"G = \{-\pi + 2 \pi j/10^4\}, \text{ 28 points kept: the 20 of } G \text{ that minimize } |\sin x - \sin 6x| \text{"
        r" and the 10 that minimize } |\sin 3x - \sin 6x|, \text{ two of them in both; and } u \text{ independent uniform points of the"
        r" circle, or up to } 10^{-9000} \text{ of } G:"
        r" \text{ the best fit of } \sin 6x \text{ by } \sin x \text{ has the mean coefficient } S \, \mathbb{E} \frac{1}{Q_0 + Y}"
        r" = S \int_0^\infty e^{-tQ_0} (e^{-t/2} I_0(t/2))^u dt,"
        r" \text{ to first order } S/(Q_0 + u/2); \text{ uniform points alone have } 0",
        "even": r"n \ge 13 \text{ even points of } \sin 6x \text{ hold no } \sin kx, \; 1 \le k \le 5",
    },
    symbols={
        "k, k'": "frequencies, integers",
        "n": "number of points",
        "x_j": "points",
        "S, Q_0": "sums of sin x sin 6x and of sin^2 x over the 28 points kept",
        "Y": "sum of sin^2 x over the u uniform points",
        "G": "10,000 even points of the circle",
        "I_0": "modified Bessel function",
        "t": "variable of integration",
        "u": "number of uniform points, 37 in the example",
    },
    assumptions=[Assumption("equispaced", r"x_j = 2 \pi j/n")],
    source=GROKKING.at(
        "Section 3: aliasing as the reason for the first phase of grokking; the exact form is ours, the design that of its first example"
    ),
    refuted_by="two frequencies that agree on all points without being congruent, or a spectrum of the design without frequency 1",
    notes="The paper shows grokking by experiment and states no theorem; this is the exact core. Its n = 65 even points see sin 6x as"
    " it is, its n = 7 would not.",
)


@ALIASING.check(
    "symbolic",
    ["sine", "only"],
    clauses=("alias", "below"),
    covers="statement",
    scope="every n, k and j: sin((k - n) x_j) = sin(k x_j - 2 pi j); at j = 1 equality of e^(ikx) forces e^(2 pi i (k - k')/n) = 1, so"
    " n | k - k'",
)
@false("k - n + 1", off=1)
@false("cosines with another sign (s)", cosine=-1)
def identities(part, *, off=0, cosine=1, context):
    """The sine and cosine of both, expanded, with cos(2 pi j) = 1; the quotient at j = 1."""
    import sympy

    k, n, j = sympy.symbols("k n j", integer=True, positive=True)
    x = 2 * sympy.pi * j / n
    angle = sympy.expand((k - n + off) * x)
    if part == "only":
        other = sympy.Symbol("l", integer=True)
        quotient = sympy.expand((k - other) * 2 * sympy.pi / n / (2 * sympy.pi))
        return equal(turns=(sympy.expand((k - other) / n + off), quotient))
    return equal(
        sine=(sympy.sin(sympy.expand(k * x)), sympy.sin(angle)), cosine=(cosine * sympy.cos(sympy.expand(k * x)), sympy.cos(angle))
    )


GRIDS = axes(n=by_level((2, 7, 8, 15), (*range(1, 17), 61, 64)), quick=1)


@ALIASING.check("exact", nothing, GRIDS, clauses=("alias", "below"))
@false("k - n + 1", low=lambda k, n: alias(k, n) + 1)
@false("k itself above n/2 (s)", low=lambda k, n: k if abs(k) <= n / 2 + 1 else alias(k, n))
@false("-n/2 kept at Nyquist's frequency (s)", low=lambda k, n: -n // 2 if 2 * k == n else alias(k, n))
def grids(cell, _, *, low=alias, context):
    """Residues of k j modulo n, which say where e^(ikx_j) stands on the circle: agreement at all j, for all k to 3n, and the least
    representative."""
    n, outcomes, alike = cell.n, [], {}
    for k in range(-3 * n, 3 * n + 1):
        alike.setdefault(tuple(k * j % n for j in range(n)), []).append(k)
    for k in range(-3 * n, 3 * n + 1):
        same = alike[tuple(k * j % n for j in range(n))]
        least = min(same, key=lambda other: (abs(other), -other))
        outcomes.append(
            equal(least=(low(k, n), least), congruent=([other for other in range(-3 * n, 3 * n + 1) if (other - k) % n == 0], same))
        )
    return worst(outcomes)


@ALIASING.check("certified", nothing, axes(n=(7, 64, 65), k=(6,), spacing=("even",)), clauses="alias")
@false("k - n + 1 (s)", low=lambda k, n: alias(k, n) + 1)
@false("the sine of the opposite sign", sign=-1)
def sines(cell, _, *, low=alias, sign=1, bend=0, context):
    """sin 6x and its alias at every point, in balls: apart by less than 1e-25. At n = 7 it is -sin x."""
    from flint import arb

    with working_precision(128):
        points = [2 * arb.pi() * ball(Fraction(j, cell.n) + bend * Fraction(j * (cell.n - j), cell.n**2)) for j in range(cell.n)]
        apart = max((abs((cell.k * x).sin() - sign * ((low(cell.k, cell.n) if not bend else -1) * x).sin()) for x in points), key=float)
        return at_most("largest distance", apart, 1e-25, attained=False)


ALIASING.without("equispaced", sines, bend=Fraction(1, 5))


POINTS = {"designed": 65, "uniform": 65, "many": 1000}


@ALIASING.check(
    "property",
    lambda cell, rng: int(rng.integers(2**62)),
    axes(points=tuple(POINTS), quick=1, standard=4, full=20),
    clauses="designed",
    tolerance="six standard deviations of the mean, estimated from the draws; at 65 points 0.004, a hundredth of the value",
    distribution="20,000 draws of the uniform points: 37 with the 28 kept ones, 65 alone, 972 with the kept ones (2,000 draws)",
)
@false("nothing of frequency 1, as for even points (s)", formula=lambda S, Q, u: 0.0)
@false("uniform points count in full (s)", formula=lambda S, Q, u: spurious_coefficient(S, Q, 2 * u))
@false("uniform points count .45 (s)", formula=lambda S, Q, u: spurious_coefficient(S, Q, u - u // 10))
@false("three per cent more (s)", formula=lambda S, Q, u: 1.03 * spurious_coefficient(S, Q, u))
def designed(cell, seed, *, formula=spurious_coefficient, context):
    """The mean over draws of the best coefficient of sin x in samples of sin 6x against the integral with I_0."""
    rng, n = context.rng((cell, seed)), POINTS[cell.points]
    kept = GRID[confused()] if cell.points != "uniform" else np.empty(0)
    u, draws = n - len(kept), 20_000 if n < 100 else 2000
    low, high = np.sin(GRID), np.sin(6 * GRID)
    cross, square = float(np.sin(kept) @ np.sin(6 * kept)), float(np.sin(kept) @ np.sin(kept))
    chosen = rng.integers(len(GRID), size=(draws, u))
    found = (cross + (low * high)[chosen].sum(axis=1)) / (square + (low * low)[chosen].sum(axis=1))
    tolerance = 6 * float(found.std(ddof=1)) / math.sqrt(draws)
    return at_most("distance of the mean coefficient", abs(float(found.mean()) - formula(cross, square, u)), tolerance, attained=False)


@ALIASING.check("certified", nothing, axes(n=(13, 65, 1000), k=(6,)), clauses="even")
@false("another frequency is seen (s)", present=5)
def even(cell, _, *, present=6, context):
    """Even points see sin 6x as it is, in balls: sums of sin kx sin 6x over the points, k up to 6, are 0 but n/2 at k = 6."""
    from flint import arb

    outcomes = []
    with working_precision(128):
        for k in range(1, 7):
            places = [2 * arb.pi() * j / cell.n for j in range(cell.n)]
            total = sum(((k * x).sin() * (6 * x).sin() for x in places), arb(0))
            expected = ball(Fraction(cell.n, 2)) if k == present else ball(0)
            outcomes.append(at_most(f"distance at k = {k}", abs(total - expected), 1e-25, attained=False))
    return worst(outcomes, figures=[seen(design(65, context.rng("figure"), confused()))] if cell.n == 65 else [])


def seen(x):
    """|nudft| of sin 6x, frequencies 0 .. 12, on the design and on even points."""
    k, even = np.arange(0, 13), -np.pi + 2 * np.pi * np.arange(65) / 65
    series = []
    for name, places in (("65 designed points", x), ("65 even points", even)):
        raw = samples_of(places, 2 * np.pi + (0 if places[-1] < np.pi else 1e-9))
        sums = np.exp(-1j * np.outer(k, places)) @ np.sin(6 * places) / len(places)
        series.append({"label": name, "x": k.tolist(), "y": np.abs(sums).tolist()})
        if name.startswith("65 designed"):
            weighed = np.abs(nudft(raw, np.sin(6 * places), k))
            series.append({"label": "the same, weighed by their cells", "x": k.tolist(), "y": weighed.tolist()})
    alt = "Even points show frequency 6 alone; the designed ones show frequencies 0 to 12, among them 1 and 3"
    return Figure("lines", "What samples show of sin 6x", alt, {"series": series}, "frequency k", "size of the coefficient")


PARITY = claim(
    "fprinciple.parity_leak",
    "A parity leaks into every other character on a part of the cube",
    r"\mathbb{E}_S \Big(\frac1n \sum_{x \in S} \chi(x) \chi'(x)\Big)^2 = \frac{1}{n}\Big(1 - \frac{n-1}{N-1}\Big), \quad N = 2^d, \;"
    r" |S| = n",
    clauses={
        "whole": r"\text{on the whole cube the parity has the coefficient 0 on every other character}",
        "leak": r"\text{over random subsets } S \text{ of } n \text{ points the mean square coefficient is } \frac1n (1 -"
        r" \frac{n-1}{N-1}), \text{ the mean } 0",
    },
    symbols={"d": "dimension of the cube", "S": "the training set, uniform among subsets of n points", "n": "size of S",
    "N": "2^d", r"\chi": "the parity", r"\chi'": "another character", "x": "points of the cube, entries -1 and 1"},
    assumptions=[Assumption("without replacement", r"S \text{ has } n \text{ different points}"), Assumption("another",
    r"\chi' \ne \chi", unprobed="its own coefficient is 1")],
    source=GROKKING.at("Section 4: parity functions; the exact form is ours"),
    refuted_by="a size of the subset with another mean square",
    notes="On the whole cube nothing leaks, on a fifth of it low frequencies appear that the target does not have: the paper's reason"
    " for late generalization.",
)  # fmt: skip


@PARITY.check(
    "symbolic",
    ["second moment", "whole"],
    clauses=("whole", "leak"),
    covers="statement",
    scope="every d, n and pair of characters: their product is a character that is not constant, so flipping a coordinate that it reads"
    " pairs +1 with -1 and its"
    " sum is 0; then sum over x != y of its values is -N, and a pair of different points of S is uniform",
)
@false("1/n", other=0)
@false("with replacement (s)", pairs=lambda n, N: N)
@false("1/n (1 - n/N) (s)", closed=lambda n, N: (1 - n / N) / n)
def moments(part, *, other=1, pairs=lambda n, N: N - 1, closed=None, context):
    """(1/n^2)(n + n (n - 1) E[f(x) f(y)]), E over different points -N/(N (N - 1)); a character over a flipped coordinate."""
    import sympy

    n, N = sympy.symbols("n N", positive=True)
    if part == "whole":
        rest = sympy.Symbol("r")  # the product of the other coordinates that the character reads
        return equal(flip=((1 - other) * rest, sum(sign * rest for sign in (1, -1))))
    mean = -other / pairs(n, N)
    found = sympy.cancel((n + n * (n - 1) * mean) / n**2)
    return equal(mean_square=(closed(n, N) if closed else (1 - (n - 1) / (N - 1)) / n, found))


SUBSETS = axes(d=by_level((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4)), part=("one more", "half"), quick=1)


@PARITY.check("exact", nothing, SUBSETS, clauses=("whole", "leak"))
@false("1/n (s)", formula=lambda n, N: Fraction(1, n))
@false("1/n (1 - n/N)", formula=lambda n, N: Fraction(N - n, n * N))
@false("as for 2^(d+1) points, at d = 3 (s)", formula=lambda n, N: leak(n, 2 * N if N == 8 else N))
def subsets(cell, _, *, formula=leak, context):
    """All subsets, but of sixteen points below level full only of sizes that have up to 2,000; the parity against the character of no
    coordinate and one of some."""
    N, outcomes = 2**cell.d, []
    cube = np.array([[1 - 2 * (point >> i & 1) for i in range(cell.d)] for point in range(N)])
    chosen = list(range(cell.d))[: cell.d - 1 if cell.part == "one more" else cell.d // 2]
    product = cube.prod(axis=1) * cube[:, chosen].prod(axis=1)
    outcomes.append(equal(whole=(0, int(product.sum()))))
    for n in range(1, N + 1):
        if cell.d == 4 and math.comb(N, n) > 2000 and context.level != "full":
            continue
        sums = [int(product[list(rows)].sum()) for rows in combinations(range(N), n)]
        mean_square = Fraction(sum(s * s for s in sums), n * n * len(sums))
        outcomes.append(equal(mean_square=(formula(n, N), mean_square), mean=(0, sum(sums))))
    return worst(outcomes)


@PARITY.check("exact", nothing, axes(N=by_level((2, 16, 32, 64), (2, 4, 8, 16, 32, 64, 128), (2, 16, 128, 256, 512))), clauses="leak")
@false("1/n (s)", formula=lambda n, N: Fraction(1, n))
@false("five per cent more from N = 32 on (s)", formula=lambda n, N: leak(n, N) * Fraction(105 if N >= 32 else 100, 100))
@false("twice as much for n = 7 of 16 (s)", formula=lambda n, N: leak(n, N) * (1 + ((n, N) == (7, 16))))
def counted(cell, _, *, formula=leak, context):
    """Every n: the subsets with j points where the product of both characters, half of the cube, is 1 are counted by binomials."""
    N, found = cell.N, []
    for n in range(1, N + 1):
        ways = {2 * j - n: math.comb(N // 2, j) * math.comb(N // 2, n - j) for j in range(max(0, n - N // 2), min(n, N // 2) + 1)}
        found.append(Fraction(sum(s * s * count for s, count in ways.items()), n * n * math.comb(N, n)))
    return equal(mean_squares=([formula(n, N) for n in range(1, N + 1)], found))


SHARES = axes(n=by_level((205, 512, 819), (64, 205, 512, 819, 1000)), replacement=(False,))


@PARITY.check(
    "property",
    lambda cell, rng: int(rng.integers(2**62)),
    SHARES,
    clauses="leak",
    tolerance="six deviations of the mean of 4,000 squares; by the central limit theorem a square has a deviation of sqrt 2 times its mean",
    distribution="d = 10, 4,000 subsets of .2, .5 and .8 of the cube, the published shares; a character of which half the values are"
    " -1, as of all but the constant",
)
@false("1/n (s)", formula=lambda n, N: Fraction(1, n))
@false("1/n^2", formula=lambda n, N: Fraction(1, n * n))
def published(cell, seed, *, formula=leak, replace=False, context):
    """Coefficients of the full parity on another character at d = 10."""
    rng, draws, N = context.rng((cell, seed)), 4000, 1024
    product = np.ones(N)  # parity times another character
    product[: N // 2] = -1
    order = rng.integers(N, size=(draws, cell.n)) if replace else np.argsort(rng.random((draws, N)), axis=1)[:, : cell.n]
    squares = product[order].mean(axis=1) ** 2
    expected = float(formula(cell.n, N))
    tolerance = 6 * math.sqrt(2 / draws) * float(leak(cell.n, N))
    return at_most("distance of the mean square", abs(float(squares.mean()) - expected), tolerance, attained=False)


PARITY.without("without replacement", published, replace=True)
