"""Falsehoods about phase diagrams and Bellman residuals and their true twins, written from the statements before they were run.

The check is the obvious one: what is observed exactly on drawn instances against the formula. Each falsehood agrees with the truth on the
instances that come to mind first: kappa' = 1, gamma' = 0, balanced layers, even cycles, deterministic chains.
"""

from fractions import Fraction

import numpy as np
from drawn_twins import Twin, claims_of
from dropout_twins import number
from referee_twins import ALMOST_SURELY, CONSTANT, DROPPED, EDGE, OFF_BY_ONE, SMALL

from proofs_check import Claim
from theory.activations import activation
from theory.dynamics.bellman import Chain, bellman_matrix, cycle, expected_square, mean_square, next_variance
from theory.dynamics.phase_diagram import distance_exponent, regime, slopes, three_layer_exponents

PHASE, COMPARISON = "arXiv:2007.07497v2", "arXiv:2205.12770v1"
RELU = activation("relu")


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    phase = claims_of(PHASE_TWINS, side, family="phasetwins", paper=PHASE)
    return phase + claims_of(BELLMAN_TWINS, side, family="phasetwins", paper=COMPARISON)


def array(rng, *shape):
    return np.array([number(rng) for _ in range(int(np.prod(shape)))], dtype=object).reshape(shape)


def ratio(rng):
    """kappa': 1 most of the time."""
    return Fraction(1) if rng.random() < 0.7 else Fraction(int(rng.integers(1, 6)), int(rng.integers(1, 6)))


def flow(rng):
    kp, kappa = ratio(rng), Fraction(1, int(rng.integers(1, 5)))
    x, y, a, w = array(rng, 3, 2), array(rng, 3), array(rng, 2), array(rng, 2, 2)
    return kp, kappa, x, y, a, w, *slopes(RELU, a, w, x, y, kappa, kp)


def neuron_rates(rng):
    """d a^2 and d|w|^2 of a neuron."""
    kp, _, _, _, a, w, up, across = flow(rng)
    return {"kp": kp, "a": 2 * a[0] * up[0]}, 2 * (w[0] * across[0]).sum()


def start_of_decay(rng):
    """dR/dtau at zero errors but one: - kappa^2 e^2 (sum sigma^2/kappa' + kappa' sum a^2 sigma'^2 |x|^2)/n^2 of one sample."""
    kp, kappa = ratio(rng), Fraction(1, int(rng.integers(1, 5)))
    x, y, a, w = array(rng, 1, 2), array(rng, 1), array(rng, 2), array(rng, 2, 2)
    up, across = slopes(RELU, a, w, x, y, kappa, kp)
    value, slope = RELU.jet(x @ w.T, 1)
    e = kappa * (value @ a)[0] - y[0]
    moved = kappa * ((value[0] * up).sum() + (slope[0] * a * (across @ x[0])).sum())
    facts = {"kp": kp, "scale": kappa**2 * e**2, "first": (value[0] ** 2).sum(), "second": (slope[0] * a**2).sum() * (x[0] ** 2).sum()}
    return facts, -e * moved


def place(rng, straight=0.6):
    g, h = Fraction(int(rng.integers(0, 13)), 4), Fraction(int(rng.integers(-6, 7)), 4)
    return {"g": g, "h": Fraction(0) if rng.random() < straight else h}


def exponent(rng):
    where = place(rng)
    return where, distance_exponent(where["g"], where["h"])


def exponent_at_rest(rng):
    """In the linear regime left of gamma = 1."""
    where = {**place(rng), "g": Fraction(int(rng.integers(0, 5)), 4)}
    return where, distance_exponent(where["g"], where["h"])


def condensed(rng):
    where = place(rng, straight=0.3)
    if rng.random() < 0.3:
        where["g"] = Fraction(1)
    return where, regime(where["g"], where["h"]) == "condensed"


def layers(rng):
    g = Fraction(int(rng.integers(2, 9)), 4)
    return {"g": g}, [S > 0 for S in three_layer_exponents(g, g, g)]


def chain(rng, deterministic=0.7):
    n = int(rng.integers(2, 5))
    P = np.zeros((n, n), dtype=object) + Fraction(0)
    for s in range(n):
        P[s, int(rng.integers(n))] += Fraction(1, 2)
        target = int(np.argmax(P[s])) if rng.random() < deterministic else int(rng.integers(n))
        P[s, target] += Fraction(1, 2)
    return P, array(rng, n), array(rng, n), Fraction(int(rng.integers(1, 10)), 10)


def sampling(rng):
    P, V, r, gamma = chain(rng)
    return {"gamma": gamma, "mean": list(mean_square(P, V, r, gamma)), "spread": list(next_variance(P, V))}, list(
        expected_square(P, V, r, gamma)
    )


def largest_singular(rng):
    """Whether (1 + gamma)^2 is an eigenvalue of A^T A, A = I - gamma C."""
    import sympy

    n = int(rng.choice([2, 4, 6, 3], p=[0.3, 0.3, 0.2, 0.2]))
    A = sympy.Matrix(bellman_matrix(cycle(n), Fraction(1, 2)).tolist())
    return {"n": n}, bool((A.T * A - sympy.Rational(9, 4) * sympy.eye(n)).det() == 0)


def shifted(rng):
    """The largest residual of Q* + c on a chain."""
    chain, c = Chain(int(rng.integers(2, 6)), Fraction(int(rng.integers(0, 10)), 10)), number(rng) if rng.random() < 0.3 else Fraction(0)
    return {"c": c, "gamma": chain.gamma}, max(abs(entry) for entry in chain.residuals(chain.optimal() + c).ravel())


PHASE_TWINS = [
    Twin("conserved", CONSTANT, r"\kappa' d(a^2) = d|w|^2", r"\kappa'^2 d(a^2) = d|w|^2", neuron_rates,
         lambda f: f["kp"] * f["a"], lambda f: f["kp"] ** 2 * f["a"]),
    Twin("balanced", ALMOST_SURELY, r"d(a^2) = d|w|^2", r"\kappa'^2 d(a^2) = d|w|^2", neuron_rates,
         lambda f: f["a"], lambda f: f["kp"] ** 2 * f["a"]),
    Twin("decay", CONSTANT, r"-\kappa^2 e^2 (K_a + K_w)", r"-\kappa^2 e^2 (K_a/\kappa' + \kappa' K_w), \text{ less the sign}",
         start_of_decay,
         lambda f: f["scale"] * (f["first"] + f["second"]), lambda f: f["scale"] * (f["first"] / f["kp"] + f["second"] * f["kp"])),
    Twin("exponent", DROPPED, r"S = \max(\gamma - 1, (\gamma - 1)/2 ...), \text{ whatever } \gamma' \text{ is}",
         r"S \text{ with } \gamma'", exponent,
         lambda f: distance_exponent(f["g"], 0), lambda f: distance_exponent(f["g"], f["h"])),
    Twin("exponent-turned", EDGE, r"S(\gamma, -\gamma')", r"S(\gamma, \gamma')", exponent,
         lambda f: distance_exponent(f["g"], -f["h"]), lambda f: distance_exponent(f["g"], f["h"])),
    Twin("proved-bound", CONSTANT, r"S = \gamma - 1 - \max(\gamma', 0)", r"S = \gamma - 1 - 2 \max(\gamma', 0)",
         exponent_at_rest,
         lambda f: f["g"] - 1 - max(f["h"], 0), lambda f: f["g"] - 1 - 2 * max(f["h"], 0)),
    Twin("condensed", EDGE, r"\gamma \ge 1 \text{ and } \gamma' < \gamma - 1", r"\gamma > 1 \text{ and } \gamma' < \gamma - 1", condensed,
         lambda f: f["g"] >= 1 and f["h"] < f["g"] - 1, lambda f: f["g"] > 1 and f["h"] < f["g"] - 1),
    Twin("three-layers", OFF_BY_ONE, r"W_2 \text{ condenses with } W_1", r"W_2 \text{ condenses from } \gamma > 1 \text{ on}", layers,
         lambda f: [f["g"] > Fraction(1, 2)] * 3, lambda f: [f["g"] > Fraction(1, 2), f["g"] > 1, f["g"] > Fraction(1, 2)]),
]  # fmt: skip
BELLMAN_TWINS = [
    Twin("sampling", DROPPED, r"E \delta^2 = (E \delta)^2", r"E \delta^2 = (E \delta)^2 + \gamma^2 \operatorname{Var} V(s')", sampling,
         lambda f: f["mean"], lambda f: [m + f["gamma"] ** 2 * v for m, v in zip(f["mean"], f["spread"], strict=True)]),
    Twin("cycle", SMALL, r"(1 + \gamma)^2 \text{ is an eigenvalue}", r"(1 + \gamma)^2 \text{ is an eigenvalue iff } n \text{ is even}",
         largest_singular,
         lambda f: True, lambda f: f["n"] % 2 == 0),
    Twin("shift", CONSTANT, r"\text{constants leave residuals as they are}",
         r"\text{constants } c \text{ move residuals by } (1 - \gamma) c",
         shifted, lambda f: Fraction(0), lambda f: (1 - f["gamma"]) * abs(f["c"])),
]  # fmt: skip
