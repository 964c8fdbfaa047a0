r"""Adam and multiplicity one: weights turn to the signs of z, coordinate by coordinate, not to z."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.train import Adam, GradientDescent, train
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.dynamics.condensation import augmented, mean_input
from theory.models import TwoLayer

from . import CENTRED, INITIAL, LINEAR_PART
from ._draws import not_zero

CLEAR = Assumption("clear signs", r"|z_k| \ge 0.15 \max_l |z_l| \text{ for every coordinate } k")
ADAM = Assumption("Adam", r"\text{training by Adam, its regularizer } \epsilon \text{ far below the gradients}")
FAR = Assumption("far steps", r"\varepsilon \ll \text{learning rate} \times \text{steps}")

OPTIMIZER = claim(
    "condensation.optimizer",
    "Under Adam weights turn to the signs of z",
    r"w_j \parallel \pm \operatorname{sign}(z) \text{ (entry by entry)}, \text{ not } \pm z",
    clauses={
        "equivariant": r"\text{for gradients } \alpha_t z \text{ Adam without regularizer moves by multiples of } \operatorname{sign}(z)",
        "trained": r"\text{tanh networks: the median of } |\cos(w_j, \operatorname{sign} z)| > 0.99 \text{ as the loss begins to fall, in "
        r"at least three of four}",
    },
    symbols=["w_j", "z", "\\varepsilon", r"\alpha_t"],
    assumptions=[CENTRED, LINEAR_PART, CLEAR, ADAM, FAR],
    kind="extension",
    source=INITIAL.at("experiments with Adam; derived here"),
    refuted_by="a coordinate of z that moves Adam by another amount than a coordinate of the same sign",
    notes="The leading gradient of w_j is -a_j z: its history is the same in every coordinate up to the factor z_k, which Adam divides "
    "out. An entry of z near 0 changes its sign as the first output comes in, and its coordinate is not aligned.",
)  # fmt: skip


def adam_steps(gradients, beta1, beta2):
    """Squares and signs of Adam's steps m/sqrt(v) with bias correction and regularizer 0, exactly; gradients (T, D) of Fractions."""
    m = v = 0 * gradients[0]
    found = []
    for t, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        corrected, scale = m / (1 - beta1**t), v / (1 - beta2**t)
        found.append([(0, 0) if s == 0 else (c * c / s, (c > 0) - (c < 0)) for c, s in zip(corrected, scale, strict=True)])
    return found


@OPTIMIZER.check(
    "exact",
    lambda cell, rng: (not_zero(rng, 12, size=40), not_zero(rng, cell.D)),
    axes(D=(2, 5), beta1=("0", "9/10"), beta2=("0", "9/10", "999/1000"), quick=1, standard=5, full=50),
    clauses="equivariant",
)
@false("steps proportional to z", shape=lambda z: z)
@false("steps without the sign (s)", shape=lambda z: abs(z))
def equivariant(cell, drawn, *, shape=lambda z: np.array([Fraction((v > 0) - (v < 0)) for v in z], dtype=object), context):
    """Squares and signs of twelve steps on random gradients alpha_t z against those on alpha_t sign(z)."""
    alphas, z = drawn
    beta1, beta2 = Fraction(cell.beta1), Fraction(cell.beta2)
    found = adam_steps(np.multiply.outer(alphas, z), beta1, beta2)
    alone = adam_steps(alphas[:, None], beta1, beta2)
    expected = [[(square * s * s, sign * ((s > 0) - (s < 0))) for s in shape(z)] for ((square, sign),) in alone]
    return equal(steps=(expected, found))


SEEDS = by_level(160, 160, 400)


@OPTIMIZER.check(
    "training",
    ["Adam"],
    clauses="trained",
    scope="5 inputs in [-4, 2] and a bias, 80 samples of sum 3.5 sin(5 x_k + 1), tanh, m = 50, weights of N(0, 10^-10), step 1e-4, "
    "until the loss has fallen by two percent; data with cos(z, sign z) >= 0.97 are drawn again",
    level="standard",
    alpha=1e-5,
)  # fmt: skip
@false("direction z", shape=lambda z: z)
@false("direction of the sum of inputs", inputs=True)
def trained(method, *, shape=np.sign, inputs=False, clear=0.15, context):
    """For each seed the median over neurons of |cos(w_j, sign z)|."""
    data, weights = networks(context, method, clear)
    hits = 0
    for (x, y), rows in zip(data, weights, strict=True):
        direction = shape(x.mean(axis=0) if inputs else mean_input(x, y))
        cosine = rows @ direction / np.linalg.norm(rows, axis=1) / np.linalg.norm(direction)
        hits += bool(np.median(np.abs(cosine)) > 0.99)
    return context.rate(hits, len(data), what=f"median cosine above 0.99 under {method}", at_least=0.75, margin=0.3)


def published_data(rng):
    x = rng.uniform(-4, 2, (80, 5))
    return augmented(x), (3.5 * np.sin(5 * x + 1)).sum(axis=1)


def admitted(x, y, clear):
    """Whether z and sign(z) are told apart, and no entry of z is too near 0 (or one is, for a negative ``clear``)."""
    sizes = np.abs(mean_input(x, y))
    apart = sizes.sum() / np.linalg.norm(sizes) / len(sizes) ** 0.5 < 0.97
    return apart and (sizes.min() >= clear * sizes.max() if clear > 0 else sizes.min() < -clear * sizes.max())


@lru_cache(maxsize=4)
def networks(context, method, clear):
    """Data and weights (50, 6) of every seed."""
    model, data, starts = TwoLayer(6, 50), [], []
    for seed in range(SEEDS.at(context.level)):
        rng = context.rng(seed)
        drawn = published_data(rng)
        while not admitted(*drawn, clear):
            drawn = published_data(rng)
        data.append(drawn)
        starts.append(model.init(rng, scale=1e-5))
    x, y = map(np.array, zip(*data, strict=True))
    rule, rate = (Adam(eps=0.0), 1e-4) if method == "Adam" else (GradientDescent(), 1e-2)
    stop = 0.49 * (y**2).mean(axis=1)
    found = train(model, np.array(starts), (x, y[..., None]), method=rule, learning_rate=rate, steps=5000, stop=stop, check_every=5,
                  weights=np.full(80, 0.5 / 80))  # fmt: skip
    return data, model.unpack(found.theta)["input_weights"]


OPTIMIZER.without("Adam", trained, ["gradient descent"])
OPTIMIZER.without("clear signs", trained, clear=-0.03)
