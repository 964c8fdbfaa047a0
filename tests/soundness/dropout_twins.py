"""Falsehoods about dropout, reach and attention and their true twins, written from the statements before they were run.

The check is the obvious one: what is observed exactly on drawn instances against the formula. Each falsehood agrees with the truth
on the instances that come to mind first: p = 1/2, intercepts inside an interval, laws that are uniform, a single neuron.
"""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
from drawn_twins import Twin, claims_of
from referee_twins import ALMOST_SURELY, DROPPED, OFF_BY_ONE, SMALL

from numerics.dynamics.kinks import Interpolant, descent
from numerics.dynamics.reach import extremal, reach, reaches
from proofs_check import Claim
from theory.dynamics.attention import slopes
from theory.dynamics.dropout import LineNeuron, flatness_rate, least_convexity_changes, second_differences

PAPER = "arXiv:2207.05952v2"
HALF = Fraction(1, 2)


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return claims_of(TWINS, side, family="dropouttwins", paper=PAPER)


def number(rng):
    return Fraction(int(rng.integers(-6, 7)), int(rng.integers(1, 4)))


def keep(rng, common=0.8):
    """1/2 most of the time."""
    return HALF if rng.random() < common else Fraction(int(rng.integers(1, 8)), 8)


def masks(p, m):
    """Every mask with its probability."""
    for kept in product((0, 1), repeat=m):
        yield [Fraction(k) / p for k in kept], p ** sum(kept) * (1 - p) ** (m - sum(kept))


def mean_loss(rng):
    p, s, y = keep(rng), [number(rng) or Fraction(1) for _ in range(2)], number(rng)
    plain = (sum(s) - y) ** 2 / 2
    mean = sum(w * (sum(x * c for x, c in zip(xi, s, strict=True)) - y) ** 2 / 2 for xi, w in masks(p, 2))
    return {"p": p, "squares": sum(c * c for c in s)}, mean - plain


def third_moment(rng):
    p = keep(rng)
    return {"v": (1 - p) / p}, sum(w * xi[0] ** 3 for xi, w in masks(p, 1))


def own_variance(rng):
    """The variance of the pull on neuron 1 where its mean vanishes: e + v s_1 = 0."""
    p = keep(rng)
    v, s = (1 - p) / p, [number(rng) or Fraction(1) for _ in range(2)]
    y = sum(s) + v * s[0]
    pulls = [(w, xi[0] * (sum(x * c for x, c in zip(xi, s, strict=True)) - y)) for xi, w in masks(p, 2)]
    return {"v": v, "square": s[1] ** 2}, sum(w * pull**2 for w, pull in pulls) - sum(w * pull for w, pull in pulls) ** 2


def two_outputs(rng):
    p, h = keep(rng), number(rng) or Fraction(1)
    a = (number(rng), Fraction(0)) if rng.random() < 0.8 else (number(rng), Fraction(1))
    gain = sum(w * sum((xi[0] * c * h) ** 2 / 2 for c in a) for xi, w in masks(p, 1)) - sum((c * h) ** 2 / 2 for c in a)
    return {"v": (1 - p) / p, "h": h, "a": a}, gain


def output_bias(rng):
    p, s = keep(rng), number(rng)
    b, y = (Fraction(0) if rng.random() < 0.8 else Fraction(1)), number(rng)
    mean = sum(w * (xi[0] * s + b - y) ** 2 / 2 for xi, w in masks(p, 1))
    return {"v": (1 - p) / p, "s": s, "b": b}, mean - (s + b - y) ** 2 / 2


def two_kinks(rng):
    """Two neurons of one direction with intercepts in [3, 4] over the data 1, ..., 6: at the ends now and then."""
    ends = rng.random() < 0.15
    first, second = (
        (Fraction(3), Fraction(4)) if ends else sorted(3 + Fraction(int(k), 9) for k in rng.choice(range(1, 9), 2, replace=False))
    )
    slopes_ = [Fraction(int(k)) for k in rng.choice([-2, -1, 1, 2], 2)]
    net = Interpolant((LineNeuron.at(first, slopes_[0]), LineNeuron.at(second, slopes_[1])))
    found = descent(net, [Fraction(k) for k in range(1, 7)]) is not None
    return {"ends": ends, "opposite": slopes_[0] * slopes_[1] < 0}, found


def one_point(rng):
    """Intercepts in (5, 6) over the data 1, ..., 6: only the last point sees them; now and then both contribute the same."""
    first, second = sorted(5 + Fraction(int(k), 9) for k in rng.choice(range(1, 9), 2, replace=False))
    one = Fraction(int(rng.integers(1, 4)))
    other = one * (6 - first) / (6 - second) if rng.random() < 0.2 else one + 1
    net = Interpolant((LineNeuron.at(first, one), LineNeuron.at(second, other)))
    return {"equal": one * (6 - first) == other * (6 - second)}, descent(net, [Fraction(k) for k in range(1, 7)]) is not None


def convexity(rng):
    x = [Fraction(k) for k in range(6)]
    y = [Fraction(int(k)) for k in rng.integers(-3, 4, 6)]
    if rng.random() < 0.5:  # a straight piece, beside a concave one
        y[1:4] = [y[0] + k for k in (1, 2, 3)]
    jumps = second_differences(x, y)
    return {"jumps": jumps}, least_convexity_changes(x, y)


def changes(signs):
    return sum(a != b for a, b in zip(signs, signs[1:], strict=False))


def least(rng):
    layers = int(rng.integers(1, 5))
    pairs = max(2 ** (layers - 1) - 1, 1)
    return {"L": layers}, min(int(n) for n in reaches(np.array(list(permutations(range(pairs)))), layers))


def largest(rng):
    layers = int(rng.integers(2, 6))
    return {"L": layers}, extremal(layers)[1].reach


def third_pair(rng):
    order = [int(k) for k in rng.permutation(6)]
    return {"after": [order.index(2) > order.index(other) for other in (1, 3)]}, reach(order, 3) == 4


def drive(rng):
    """gamma^T dL/dPhi gamma with attention and predictions pi: uniform most of the time."""
    pi = np.array([Fraction(1, 3)] * 3 if rng.random() < 0.8 else [Fraction(k, 6) for k in (3, 2, 1)], dtype=object)
    lam = Fraction(1) if rng.random() < 0.8 else HALF
    gamma, beta = (np.array([number(rng) for _ in range(3)], dtype=object) for _ in range(2))
    rows = np.stack([pi] * 3)
    by = slopes(pi, lam, np.multiply.outer(gamma, beta), rows, rows)
    mean = lambda values: (pi * values).sum()
    crossed = mean(gamma * beta) - mean(gamma) * mean(beta)
    variance = mean(gamma * gamma) - mean(gamma) ** 2
    flat = (gamma * gamma).sum() / 3 - (gamma.sum() / 3) ** 2
    return {"lam": lam, "crossed": crossed, "variance": variance, "flat": flat}, -(gamma @ by.Phi @ gamma)


def flatness(rng):
    """A neuron active on all samples most of the time."""
    w, a = [Fraction(1), number(rng)], number(rng) or Fraction(1)
    x = [[Fraction(int(k)), Fraction(0)] for k in rng.integers(1, 4, 3)]
    if rng.random() < 0.2:
        x[0][0] = -x[0][0]
    z = [row[0] * w[0] for row in x]
    s = [max(value, Fraction(0)) for value in z]
    square = sum(s[i] * x[i][0] for i in range(3)) ** 2
    sizes = [row[0] ** 2 for row in x]
    facts = {"a": a, "square": square, "squares": sum(value**2 for value in s), "sizes": sizes, "active": [value > 0 for value in z]}
    arrays = [np.array(part, dtype=object) for part in ([a], [w], x)]
    return facts, flatness_rate(*arrays, Fraction(1))


TWINS = [
    Twin(
        "mean-loss",
        SMALL,
        r"E R - R_S = \frac{p}{2 (1 - p)} \sum s_j^2",
        r"E R - R_S = \frac{1 - p}{2 p} \sum s_j^2",
        mean_loss,
        lambda f: f["p"] / (1 - f["p"]) * f["squares"] / 2,
        lambda f: (1 - f["p"]) / f["p"] * f["squares"] / 2,
    ),
    Twin(
        "third-moment",
        SMALL,
        r"E \xi^3 = 1 + 3 v",
        r"E \xi^3 = (1 + v)^2",
        third_moment,
        lambda f: 1 + 3 * f["v"],
        lambda f: (1 + f["v"]) ** 2,
        draws=60,
    ),
    Twin(
        "own-variance",
        SMALL,
        r"\Sigma_{11} = 2 v s_2^2 \text{ at } G_1 = 0",
        r"\Sigma_{11} = v (1 + v) s_2^2 \text{ at } G_1 = 0",
        own_variance,
        lambda f: 2 * f["v"] * f["square"],
        lambda f: f["v"] * (1 + f["v"]) * f["square"],
    ),
    Twin(
        "two-outputs",
        ALMOST_SURELY,
        r"E R - R_S = \frac{v}{2} h^2 (a_1 + a_2)^2",
        r"E R - R_S = \frac{v}{2} h^2 |a|^2",
        two_outputs,
        lambda f: f["v"] * f["h"] ** 2 * sum(f["a"]) ** 2 / 2,
        lambda f: f["v"] * f["h"] ** 2 * sum(c * c for c in f["a"]) / 2,
    ),
    Twin(
        "output-bias",
        ALMOST_SURELY,
        r"E R - R_S = \frac{v}{2} (s + b)^2",
        r"E R - R_S = \frac{v}{2} s^2",
        output_bias,
        lambda f: f["v"] * (f["s"] + f["b"]) ** 2 / 2,
        lambda f: f["v"] * f["s"] ** 2 / 2,
    ),
    Twin(
        "two-kinks",
        ALMOST_SURELY,
        r"\text{two intercepts in } [x_3, x_4] \text{ allow a smaller } R_1",
        r"\text{unless at both ends with opposite signs, they do}",
        two_kinks,
        lambda f: True,
        lambda f: not (f["ends"] and f["opposite"]),
        draws=60,
    ),
    Twin(
        "one-point",
        DROPPED,
        r"\text{two intercepts in } (x_{n-1}, x_n) \text{ allow a smaller } R_1",
        r"\text{they do iff the contributions at } x_n \text{ differ}",
        one_point,
        lambda f: True,
        lambda f: not f["equal"],
        draws=40,
    ),
    Twin(
        "convexity",
        ALMOST_SURELY,
        r"\text{changes of sign of the jumps, a jump 0 counted as convex}",
        r"\text{changes of sign, zeros left out}",
        convexity,
        lambda f: changes([jump >= 0 for jump in f["jumps"]]),
        lambda f: changes([jump > 0 for jump in f["jumps"] if jump != 0]),
        draws=60,
    ),
    Twin(
        "least-reach",
        SMALL,
        r"\min N = L (L - 1)/2",
        r"\min N = 2^{L - 1} - 1",
        least,
        lambda f: f["L"] * (f["L"] - 1) // 2,
        lambda f: 2 ** (f["L"] - 1) - 1,
    ),
    Twin(
        "largest-reach",
        OFF_BY_ONE,
        r"\max N = L^2 - 3 L + 3 + [L > 2]",
        r"\max N = (3^{L - 1} - 1)/2",
        largest,
        lambda f: f["L"] ** 2 - 3 * f["L"] + 3 + (f["L"] > 2),
        lambda f: (3 ** (f["L"] - 1) - 1) // 2,
    ),
    Twin(
        "third-pair",
        DROPPED,
        r"N = 4 \text{ iff the third pair comes after the second or the fourth}",
        r"\text{iff after both}",
        third_pair,
        lambda f: any(f["after"]),
        lambda f: all(f["after"]),
    ),
    Twin(
        "plain-variance",
        SMALL,
        r"c = \lambda \operatorname{Cov}_\pi \operatorname{Var}_{1/d}",
        r"c = \lambda \operatorname{Cov}_\pi \operatorname{Var}_\pi",
        drive,
        lambda f: f["lam"] * f["crossed"] * f["flat"],
        lambda f: f["lam"] * f["crossed"] * f["variance"],
        draws=40,
    ),
    Twin(
        "no-persistence",
        SMALL,
        r"c = \operatorname{Cov}_\pi \operatorname{Var}_\pi",
        r"c = \lambda \operatorname{Cov}_\pi \operatorname{Var}_\pi",
        drive,
        lambda f: f["crossed"] * f["variance"],
        lambda f: f["lam"] * f["crossed"] * f["variance"],
        draws=40,
    ),
    Twin(
        "flatness",
        ALMOST_SURELY,
        r"\text{the rate with } \sum_i |x_i|^2 \text{ over all samples}",
        r"\text{over the active samples}",
        flatness,
        lambda f: -2 * f["a"] ** 2 * (f["square"] + sum(f["sizes"]) * f["squares"]) / 9,
        lambda f: -2 * f["a"] ** 2 * (f["square"] + sum(z for z, on in zip(f["sizes"], f["active"], strict=True) if on) * f["squares"]) / 9,
        draws=40,
    ),
]
