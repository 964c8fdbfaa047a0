"""Falsehoods about lifting in depth and their true twins: each pair is one claim with two formulas, written before it was run.

The check is the obvious one: what is observed exactly on drawn instances against the formula.
"""

from fractions import Fraction
from math import log2

import numpy as np
from drawn_twins import Twin, claims_of
from referee_twins import ALMOST_SURELY, DROPPED, FLOAT, OFF_BY_ONE, SMALL

from proofs_check import Claim

PAPER = "arXiv:2205.13283v4"


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return claims_of(TWINS, side, family="depthtwins", paper=PAPER)


def point(model, rng):
    """Integer weights and biases in thirds, as Fractions."""
    return np.frompyfunc(Fraction, 1, 1)(rng.integers(1, 4, model.n_params) * rng.choice([-1, 1], model.n_params)) + Fraction(1, 3)


def plane(n, rng):
    """``n`` distinct half-integer points of the plane."""
    codes = rng.choice(81, n, replace=False)
    return np.stack([codes // 9 - 4, codes % 9 - 4], axis=1) * Fraction(1, 2)


def minimum(widths, name, rng, size=Fraction(1, 100)):
    """(model, theta, data) of an exact critical point of non-zero loss."""
    from numerics.arithmetic.exact import fraction
    from numerics.planting import plant
    from theory.models import FullyConnected

    model = FullyConnected(widths, name)
    theta = point(model, rng)
    data = plant(model, theta, plane(model.n_params + 3, rng), size=size, seed=int(rng.integers(2**31)))
    return model, theta, tuple(np.frompyfunc(fraction, 1, 1)(part) for part in data)


def counts(model, theta, data):
    from numerics.hessian import inertia

    return inertia(model, theta, data, method="exact").counts


def lifts_through_the_rank(rng):
    """The dimension of the kernel of the constraints at lifts through the rank of W, which is full or not."""
    from theory.lifting import lift
    from theory.lifting.factoring import rank_of
    from theory.models import FullyConnected

    model = FullyConnected((2, 3, 3, 1), "leaky")
    theta = point(model, rng)
    parts = model.unpack(theta)
    if rng.random() < 0.25:
        parts["W2"] = np.outer(parts["W2"][0], parts["W2"][1])
    theta = model.pack(**parts)
    rank = rank_of(parts["W2"])
    found = lift(model, theta, plane(4, rng), 1, width=rank, rng=rng)
    gained = found.deep.n_params - model.n_params
    kernel = found.deep.n_params - rank_of(found.differential())
    return {"gained": gained, "rank": rank}, kernel


def null_neuron_in_lift(rng):
    """Zeros that a null neuron in the inserted layer of a lifted point adds."""
    from theory.embedding import null
    from theory.lifting import lift

    model, theta, data = minimum((2, 2, 1), "hinge3", rng)
    found = lift(model, theta, data[0], 1, width=2, rng=rng)
    step = null(found.deep, 2, Fraction(1, 2))
    before, after = counts(found.deep, found.theta, data), counts(step.wide, step(found.theta), data)
    return {"next": 1, "previous": 2}, tuple(b - a for a, b in zip(before, after, strict=True))


def residual_negatives(rng):
    """Negative eigenvalues that a residual block of curved biases adds behind the only neuron or the two neurons of a layer."""
    from numerics.arithmetic.exact import fraction
    from numerics.hessian.inertias import exact_inertia
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of
    from theory.lifting.residual import insert_residual

    width = int(rng.integers(1, 3))
    model, theta, data = minimum((2, width, 1), "ratsig", rng)
    biases = np.array([Fraction(1, 2)] * width)
    deep, lifted = insert_residual(model, theta, 1, biases)
    seen, cotangent = trace(model, theta, data[0]), np.frompyfunc(fraction, 1, 1)(cotangent_of(model, theta, data))
    pulled, features = seen.error(2, cotangent) @ seen.weights[2], seen.features[1]
    curvature = model.activation.jet(biases, 2)[2][0]
    blocks = [(features * (curvature * pulled[:, j : j + 1])).T @ features for j in range(width)]
    facts = {"neurons": width, "negative": sum(exact_inertia(block).negative for block in blocks)}
    return facts, counts(deep, lifted, data)[0] - counts(model, theta, data)[0]


def largest_score(rng):
    """Whether the largest squared score of a batch, an extremal one now and then, is at most what the formula says."""
    from theory.models.normalization import extremal_batch, squared_scores

    n = int(rng.integers(2, 9))
    batch = extremal_batch(n) if rng.random() < 0.5 else [*rng.integers(-9, 9, n - 1).tolist(), 10]
    return {"n": n, "largest": max(squared_scores(batch))}, True


def scaled_smooth_lift(rng):
    """Whether the outputs of a smooth layer scaled by 2^-40 agree exactly, and whether they agree to 2^-40."""
    from theory.models import FullyConnected

    model = FullyConnected((2, 2, 1), "ratsig")
    theta, x, scale = point(model, rng), plane(6, rng), Fraction(1, 2**40)
    deep = FullyConnected((2, 2, 2, 1), "ratsig")
    parts = model.unpack(theta)
    eye = np.frompyfunc(Fraction, 1, 1)(np.eye(2, dtype=int))
    new = {"W1": parts["W1"], "b1": parts["b1"], "W2": scale * eye, "b2": 0 * parts["b1"], "W3": parts["W2"] / scale, "b3": parts["b2"]}
    gap = max(abs(deep(deep.pack(**new), x) - model(theta, x)).flat)
    return {"scale": scale}, "exactly" if gap == 0 else "to the scale" if gap < scale else "not"


TWINS = [
    Twin(
        "dimension-of-lifts",
        ALMOST_SURELY,
        r"\text{at every lift of width } \operatorname{rank} W \text{ the constraints leave } M_{\text{deep}} - M \text{ dimensions}",
        r"\text{the constraints leave } M_{\text{deep}} - M + (m_{q+1} - \operatorname{rank} W')(m_q - \operatorname{rank} \hat W)",
        lifts_through_the_rank,
        false=lambda facts: facts["gained"],
        true=lambda facts: facts["gained"] + (3 - facts["rank"]) ** 2,
        draws=20,
    ),
    Twin(
        "null-neuron-in-a-lift",
        OFF_BY_ONE,
        r"\text{a null neuron in the inserted layer adds } (0, m_{q+1} + m_q, 0)",
        r"\text{a null neuron in the inserted layer adds } (0, m_{q+1} + m_q + 1, 0)",
        null_neuron_in_lift,
        false=lambda facts: (0, facts["next"] + facts["previous"], 0),
        true=lambda facts: (0, facts["next"] + facts["previous"] + 1, 0),
        draws=4,
    ),
    Twin(
        "residual-negatives",
        DROPPED,
        r"\text{each neuron of a residual block with } \sigma''(\hat b_j) \neq 0 \text{ adds one negative eigenvalue}",
        r"\text{neuron } j \text{ of a residual block adds } n_-(\sigma''(\hat b_j) K_j)",
        residual_negatives,
        false=lambda facts: facts["neurons"],
        true=lambda facts: facts["negative"],
        draws=12,
    ),
    Twin(
        "largest-score",
        SMALL,
        r"\hat u_{\max}^2 \le 1 + \log_2(n - 1)",
        r"\hat u_{\max}^2 \le n - 1",
        largest_score,
        false=lambda facts: facts["largest"] <= 1 + log2(facts["n"] - 1),
        true=lambda facts: facts["largest"] <= facts["n"] - 1,
        draws=60,
    ),
    Twin(
        "smooth-exact-lift",
        FLOAT,
        r"\text{scaled by } \varepsilon = 2^{-40}, \text{ a layer of } z/(1+z^2) \text{ keeps the outputs}",
        r"\text{scaled by } \varepsilon = 2^{-40}, \text{ a layer of } z/(1+z^2) \text{ keeps the outputs to } \varepsilon,"
        r"\text{ and not exactly}",
        scaled_smooth_lift,
        false=lambda facts: "exactly",
        true=lambda facts: "to the scale",
        draws=10,
    ),
]
