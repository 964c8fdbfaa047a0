"""Falsehoods about frequencies and their true twins, written from the statements before they were run.

The check is the obvious one: what is observed exactly on drawn instances against the formula. Each falsehood agrees with the truth on the
instances that come to mind first: places between samples, frequencies below Nyquist's, gradients of different lengths, two frequencies
far apart.
"""

from fractions import Fraction
from itertools import combinations

import numpy as np
from drawn_twins import Twin, claims_of
from referee_twins import ALMOST_SURELY, CONSTANT, DROPPED, EDGE, SMALL

from numerics.dynamics.limits import interpolant
from numerics.dynamics.spectra import Moment
from proofs_check import Claim
from theory.dynamics.frequency import bernoulli_kernel, bias_kernel, natural_cubic, output_kernel, piecewise_linear, power_against_gaussian

PAPER = "arXiv:2201.07395v3"


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return claims_of(TWINS, side, family="frequencytwins", paper=PAPER)


def data(rng):
    """Nodes, values and a place: outside of the samples one time in six."""
    nodes = sorted(Fraction(int(k), 2) for k in rng.choice(range(-8, 9), 4, replace=False))
    values = [Fraction(int(k)) for k in rng.integers(-4, 5, 4)]
    x = nodes[-1] + 1 if rng.random() < 1 / 6 else nodes[0] + (nodes[-1] - nodes[0]) * Fraction(int(rng.integers(1, 12)), 12)
    return nodes, values, x


def limit_of(kernel, degree):
    def observe(rng):
        nodes, values, x = data(rng)
        found = interpolant(kernel, nodes, values, x, degree=degree, first=8)
        return {"data": (nodes, values, x), "outside": x > nodes[-1]}, found.limit()

    return observe


def at_eight(rng):
    nodes, values, x = data(rng)
    return {"data": (nodes, values, x), "outside": x > nodes[-1]}, interpolant(bias_kernel, nodes, values, x, degree=1, first=8)(8) == (
        piecewise_linear(nodes, values, x)
    )


def held(nodes, values, x):
    """The natural spline, constant outside."""
    return values[-1] if x > nodes[-1] else natural_cubic(nodes, values, x)


def leaks(rng):
    N = int(rng.choice([2, 4, 8]))
    n = int(rng.integers(1, N + 1))
    signs = [1] * (N // 2) + [-1] * (N // 2)
    sums = [sum(signs[i] for i in rows) for rows in combinations(range(N), n)]
    return {"n": n, "N": N}, Fraction(sum(s * s for s in sums), n * n * len(sums))


def aliases(rng):
    """The least frequency that agrees with k on n points, the positive one of two: n/2 now and then."""
    n = int(rng.choice([5, 6, 7, 8]))
    k = n // 2 if rng.random() < 0.15 else int(rng.integers(-2 * n, 2 * n + 1))
    same = [other for other in range(-2 * n, 2 * n + 1) if (other - k) % n == 0]
    return {"n": n, "k": k}, min(same, key=lambda other: (abs(other), -other))


def representative(n, k):
    low = k % n
    return low if 2 * low < n else low - n


def falls(rng):
    """Gradients of small integers, of one length now and then."""
    p = rng.integers(-2, 3, 2)
    q = p[::-1] * np.array([1, -1]) if rng.random() < 0.2 else rng.integers(-3, 4, 2)
    first, second = -int(p @ (p + q)), -int(q @ (p + q))
    return {"p": p.tolist(), "q": q.tolist()}, first <= 0 and first <= second


def squared(v):
    return sum(x * x for x in v)


def rates(rng):
    """Rates of modes 1 and 2 of six points under differences of order s, times n^3: s_k = 1/2 and 3/2."""
    r, s = int(rng.integers(1, 3)), int(rng.integers(0, 3))
    row = [bernoulli_kernel(r, Fraction(j, 6)) for j in range(6)]
    for _ in range(s):
        row = [2 * row[j] - row[j - 1] - row[(j + 1) % 6] for j in range(6)]
    cosines = {1: [2, 1, -1, -2, -1, 1], 2: [2, -1, -1, 2, -1, -1]}
    found = [sum(c * Fraction(x, 2) for c, x in zip(row, cosines[k], strict=True)) * 216 for k in (1, 2)]
    return {"r": r, "s": s}, found


def predicted(r, s, second=Fraction(1, 6)):
    steps = (Fraction(1, 2), Fraction(3, 2))
    return [(2 * t) ** s * (36 / t if r == 1 else Fraction(1, 2) / t**2 - second / t) for t in steps]


def powers(rng):
    d, q, j = int(rng.integers(1, 5)), int(rng.choice([1, 3])), int(rng.integers(2, 5))
    return {"d": d, "q": q, "j": j}, power_against_gaussian(q, d, j + 1) / power_against_gaussian(q, d, j)


def moments(rng):
    """Two bands with checkpoints at 0, 1, 2, 3; whether the first certainly converged before the second."""
    starts = [int(k) for k in rng.integers(0, 3, 2)]
    bands = [Moment(float(start), float(start + int(rng.integers(1, 3)))) for start in starts]
    return {"ends": [(band.after, band.at) for band in bands]}, bands[0].before(bands[1]) is True


TWINS = [
    Twin(
        "held-outside",
        EDGE,
        r"\text{constant outside}",
        r"\text{linear outside}",
        limit_of(output_kernel, 3),
        lambda f: held(*f["data"]),
        lambda f: natural_cubic(*f["data"]),
        draws=40,
    ),
    Twin(
        "linear-at-once",
        DROPPED,
        r"\text{the linear spline at every } B",
        r"\text{between the samples, outside iff } y_1 + y_n = 0",
        at_eight,
        lambda f: True,
        lambda f: not f["outside"] or f["data"][1][0] + f["data"][1][-1] == 0,
        draws=40,
    ),
    Twin(
        "leak",
        CONSTANT,
        r"\frac1n (1 - \frac{n}{N})",
        r"\frac1n (1 - \frac{n-1}{N-1})",
        leaks,
        lambda f: Fraction(f["N"] - f["n"], f["n"] * f["N"]),
        lambda f: Fraction(f["N"] - f["n"], f["n"] * (f["N"] - 1)),
    ),
    Twin(
        "leak-replaced",
        SMALL,
        r"\frac1n",
        r"\frac1n (1 - \frac{n-1}{N-1})",
        leaks,
        lambda f: Fraction(1, f["n"]),
        lambda f: Fraction(f["N"] - f["n"], f["n"] * (f["N"] - 1)),
    ),
    Twin(
        "nyquist",
        EDGE,
        r"\text{in } [-n/2, n/2)",
        r"\text{in } (-n/2, n/2]",
        aliases,
        lambda f: representative(f["n"], f["k"]),
        lambda f: f["n"] // 2 if 2 * (f["k"] % f["n"]) == f["n"] else representative(f["n"], f["k"]),
        draws=60,
    ),
    Twin(
        "strictly-longer",
        ALMOST_SURELY,
        r"\iff |\nabla L(k_1)| > |\nabla L(k_2)|",
        r"\iff |\nabla L(k_1)| \ge |\nabla L(k_2)|",
        falls,
        lambda f: squared(f["p"]) > squared(f["q"]),
        lambda f: squared(f["p"]) >= squared(f["q"]),
        draws=80,
    ),
    Twin(
        "entry-by-entry",
        SMALL,
        r"\iff |\partial_\theta L(k_1)| \ge |\partial_\theta L(k_2)| \text{ for all } \theta",
        r"\iff |\nabla L(k_1)| \ge |\nabla L(k_2)|",
        falls,
        lambda f: all(abs(x) >= abs(y) for x, y in zip(f["p"], f["q"], strict=True)),
        lambda f: squared(f["p"]) >= squared(f["q"]),
        draws=60,
    ),
    Twin(
        "one-rate",
        DROPPED,
        r"s = r: \text{ all modes at one rate on points too}",
        r"\text{for } r = 1 \text{ alone}",
        rates,
        lambda f: [predicted(f["r"], f["s"])[0]] * 2 if f["r"] == f["s"] else predicted(f["r"], f["s"]),
        lambda f: predicted(f["r"], f["s"]),
        draws=40,
    ),
    Twin(
        "second-term",
        CONSTANT,
        r"1/(2s^2)",
        r"1/(2s^2) - 1/(6s)",
        rates,
        lambda f: predicted(f["r"], f["s"], second=Fraction(0)),
        lambda f: predicted(f["r"], f["s"]),
    ),
    Twin(
        "dimension", SMALL, r"2j - q - d + 1", r"2j - q", powers, lambda f: 2 * f["j"] - f["q"] - f["d"] + 1, lambda f: 2 * f["j"] - f["q"]
    ),
    Twin(
        "order-of-bands",
        DROPPED,
        r"\text{earlier iff seen to converge at an earlier checkpoint}",
        r"\text{iff its interval ends before the other begins}",
        moments,
        lambda f: f["ends"][0][1] < f["ends"][1][1],
        lambda f: f["ends"][0][1] <= f["ends"][1][0],
        draws=40,
    ),
]
