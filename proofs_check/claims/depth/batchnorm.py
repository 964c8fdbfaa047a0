r"""Batch normalization before the activation suppresses linearized neurons: sharp bounds on scores (theory.models.normalization)."""

from fractions import Fraction
from itertools import combinations
from math import isqrt, sqrt

import numpy as np

from proofs_check import Assumption, Figure, a_seed, axes, claim, false, nothing
from proofs_check.adequacy.depth import extremal_batches
from proofs_check.judging import equal, worst
from theory.models.normalization import extremal_batch, shift_bounds, squared_scores

from . import LIFTING
from ._training import linearized_neurons, trained_networks

NORMALIZED = claim(
    "depth.batchnorm",
    "Batch normalization suppresses linearized ReLU neurons",
    r"\tfrac{1}{\sqrt{n-1}} \le \pm\hat u_{\max/\min} \le \sqrt{n-1};\quad \gamma \hat u + \beta > 0 \text{ on the batch only if } "
    r"\beta/\gamma > 1/\sqrt{n-1}, \text{ always if } \beta/\gamma > \sqrt{n-1}",
    clauses={
        "scores": r"\tfrac{1}{\sqrt{n-1}} \le \pm\hat u_{\max/\min} \le \sqrt{n-1}, \text{ all attained}",
        "linearized": r"\gamma > 0:\ \gamma \hat u + \beta > 0 \text{ on the batch only if } \beta/\gamma > 1/\sqrt{n-1}, "
        r"\text{ always if } "
        r"\beta/\gamma > \sqrt{n-1},\ \text{never at } \beta = 0",
        "training": r"\text{trained networks have a neuron of the layer positive on all data more often without normalization}",
    },
    symbols=["n", r"\hat u", r"\gamma,\beta"],
    assumptions=[
        Assumption("batch of two or more", r"n \ge 2,\ \text{pre-activations not constant}", unprobed="otherwise there are no scores"),
        Assumption("population variance", r"\operatorname{var} = \tfrac1n \sum (u_i - \bar u)^2, \text{ batch = data}"),
        Assumption("nothing added", r"\text{no } \varepsilon \text{ is added to var}"),
        Assumption("positive scale", r"\gamma > 0"),
    ],
    relation="tight",
    source=LIFTING.at("abstract (suppression); the inequalities are Samuelson's and derived here"),
    refuted_by="A batch with a score outside the bounds, or one positive at beta = 0.",
    notes="With a negative scale the batch is reflected: u = (1, 1, 1, -3), gamma = -1, beta = 0.6 is positive on the batch, "
    "beta / gamma = -0.6. "
    "Normalization also takes away the freedom to shrink What: scores do not change with scale. With var + epsilon they do, and "
    "all of them shrink: sqrt(n-1) still bounds them, 1/sqrt(n-1) no more; at beta = 0 no batch is positive either.",
)


@NORMALIZED.check("symbolic", nothing, axes(n=range(2, 8)), clauses="scores")
@false("one more in the bound", factor=lambda n: n + 1)
def sums_of_squares(cell, _, *, factor=lambda n: n, context):
    """(n-1) sum u^2 - n u_1^2 = sum over 1 < i < j of (u_i - u_j)^2 and sum (u_i + a)(b - u_i) = n a b - sum u^2 where sum u = 0.

    With sum u^2 = n the first gives u_1^2 <= n-1; the second, for -a <= u <= b, gives a b >= 1, hence a >= 1/sqrt(n-1).
    """
    import sympy

    u = sympy.symbols(f"u1:{cell.n}")
    u = (*u, -sum(u))
    a, b = sympy.symbols("a b")
    squares = sum(value**2 for value in u)
    spread = sum((u[i] - u[j]) ** 2 for i, j in combinations(range(1, cell.n), 2))
    first = sympy.expand((cell.n - 1) * squares - factor(cell.n) * u[0] ** 2 - spread)
    second = sympy.expand(sum((value + a) * (b - value) for value in u) - cell.n * a * b + squares)
    return equal(first=(0, first), second=(0, second))


BATCHES = axes(n=(2, 3, 5, 10, 40), batch=("extremal", "reflected", "heavy tails"), quick=2, standard=20, full=100)


def batch_of(cell, rng):
    """(1, ..., 1, 1-n), its reflection, or rounded Cauchy entries, not all equal."""
    if cell.batch != "heavy tails":
        return [Fraction(int(v)) * (1 if cell.batch == "extremal" else -1) for v in extremal_batch(cell.n)]
    values = np.round(10 * rng.standard_cauchy(cell.n)).clip(-(10**6), 10**6).astype(int)
    values[0] += values.min() == values.max()
    return [Fraction(int(v)) for v in values]


def sharp(n):
    bounds = shift_bounds(n)
    return bounds.necessary, bounds.sufficient


@NORMALIZED.check("exact", batch_of, BATCHES, clauses="scores", distribution="rounded Cauchy entries, and (1, ..., 1, 1-n)")
@false("largest score sqrt(n-2)", bounds=lambda n: (Fraction(1, n - 1), Fraction(n - 2)))
@false("smallest extreme 2/sqrt(n-1)", bounds=lambda n: (Fraction(4, n - 1), Fraction(n - 1)))
def exact_scores(cell, u, *, bounds=sharp, bessel=False, epsilon=0, context):
    """Squared extreme scores of rational batches: within the bounds on both sides, attained by the extremal batches."""
    scores = squared_scores(np.array(u, dtype=object))
    scores = scores * Fraction(cell.n - 1, cell.n) if bessel else scores
    variance = sum((value - sum(u) / cell.n) ** 2 for value in u) / cell.n
    scores = scores * (variance / (variance + epsilon))
    mean, (least, most) = sum(u) / cell.n, bounds(cell.n)
    high = max(score for score, value in zip(scores, u, strict=True) if value > mean)
    low = max(score for score, value in zip(scores, u, strict=True) if value < mean)
    attained = {"extremal": (least, most), "reflected": (most, least)}.get(cell.batch, (high, low))
    return equal(
        within=(True, least <= high <= most and least <= low <= most), attained=(attained, (high, low)), shown={"batch": u, "n": cell.n}
    )


NORMALIZED.without("population variance", exact_scores, bessel=True)
NORMALIZED.without("nothing added", exact_scores, epsilon=Fraction(1, 10**5))


def below_root(value: Fraction) -> Fraction:
    """The largest multiple of 10^-9 that is at most the root of a rational."""
    return Fraction(isqrt(value.numerator * 10**18 // value.denominator), 10**9)


@NORMALIZED.check("exact", batch_of, BATCHES, clauses="linearized", distribution="rounded Cauchy entries, and (1, ..., 1, 1-n)")
@false("none positive up to sqrt(n-1)", necessary=lambda n: Fraction(n - 1))
@false("all positive from 1/sqrt(n-1) on", sufficient=lambda n: Fraction(1, n - 1))
def exactly_linearized(cell, u, *, necessary=lambda n: sharp(n)[0], sufficient=lambda n: sharp(n)[1], gamma=1, context):
    """ReLU(gamma u_hat + beta) at beta / gamma = t: positive on the batch at none of t = 0, below the lower bound, far below; at t above
    the upper bound; decided by squares, without roots."""
    mean = sum(u) / cell.n
    centred = [value - mean for value in u]
    variance = sum(value**2 for value in centred) / cell.n
    low, high = below_root(necessary(cell.n)), below_root(sufficient(cell.n)) + Fraction(2, 10**9)
    # gamma c + gamma t sd > 0 for all c: the sign of a + b sqrt(v)
    positive = [all(_sign(gamma * c, gamma * t, variance) > 0 for c in centred) for t in (-high, Fraction(0), low, high)]
    return equal(positive=([False, False, False, True], positive), shown={"batch": u, "gamma": gamma})


def _sign(a, b, v):
    """The sign of a + b sqrt(v) for rationals, v > 0."""
    if a >= 0 and b >= 0 or a <= 0 and b <= 0:
        return (a > 0 or b > 0) - (a < 0 or b < 0)
    return (1 if a > 0 else -1) * ((a * a > b * b * v) - (a * a < b * b * v))


NORMALIZED.without("positive scale", exactly_linearized, gamma=-1)


@NORMALIZED.check(
    "property",
    a_seed,
    axes(n=(2, 3, 5, 10, 40)),
    clauses="linearized",
    scope="4,000 (standard 20,000, full 100,000) batches each",
    tolerance="16 n^(3/2) eps max|u| / deviation on a score",
    distribution="Student t with 1.5 degrees of freedom",
)
@false("none positive up to beta = 10 gamma", thresholds=lambda n: (10.0, 10 + sqrt(n)))
@false("all positive at beta = 0", thresholds=lambda n: (0.0, 0.0))
def linearized_in_floats(cell, seed, *, thresholds=lambda n: tuple(sqrt(bound) for bound in sharp(n)), context):
    """Positive on no batch at the lower threshold, on all beyond the upper one, as far as rounding can tell."""
    rng, count = context.rng(seed), context.by_level(quick=4000, standard=20_000, full=100_000)
    u = rng.standard_t(1.5, (count, cell.n))
    scores = (u - u.mean(axis=1, keepdims=True)) / u.std(axis=1, keepdims=True)
    low, high = thresholds(cell.n)
    # The mean is a sum of n terms, so a centred value errs by a few n eps max|u|; scores are that divided by the deviation, up to sqrt(n).
    rounding = 16 * cell.n * np.finfo(float).eps * sqrt(cell.n) * np.abs(u).max(axis=1) / u.std(axis=1)
    positive = [float((scores.min(axis=1) + low - rounding > 0).sum()), float((scores.min(axis=1) + high + rounding > 0).sum())]
    return equal(positive=([0.0, float(count)], positive), shown={"n": cell.n, "thresholds": (low, high)})


NORMALIZED.formal(
    "depth/batchnorm.v",
    "depth_batchnorm",
    false="n - 2 for n - 1",
    adequate=extremal_batches,
    part="all n: both bounds and both implications, squared",
    clauses=("scores", "linearized"),
)
NORMALIZED.formal(
    "depth/batchnorm.v",
    "depth_batchnorm_relu",
    false="at a positive shift either",
    adequate=extremal_batches,
    part="all n: never at a shift of 0",
    clauses="linearized",
)


@NORMALIZED.check(
    "training",
    [None],
    clauses="training",
    alpha=1e-5,
    level="standard",
    scope="relu [2, 4, 4, 1] on 10 samples, the second layer normalized or not, trained by Adam",
    distribution="400 (full 2000) networks of each kind from the same starts of scale 1/2, gamma = 1, beta = 0",
)
@false("normalization linearizes", order=(True, False))
def trained_networks_compared(_, *, order=(False, True), context):
    """Where one of two networks alike has a neuron of the second layer positive on all data and the other has none, it is the one without
    normalization in 0.7 of the cases at least; one half is excluded."""
    networks, steps = context.by_level(quick=200, standard=400, full=2000), context.by_level(quick=300, standard=1200, full=4000)
    found, series = [], []
    for normalized in order:
        model, _, x, history = trained_networks(context.rng("start"), networks, 10, steps, normalized=normalized, record=True)
        met = [linearized_neurons(model, point, x, 2, constant=False).any(axis=1) for point in history["theta"]]
        label = "with normalization" if normalized else "without"
        series.append({"label": label, "x": history["step"].tolist(), "y": [float(share.mean()) for share in met]})
        found.append(met[-1])
    figure = Figure(
        "lines",
        "Networks with a linearized neuron along training",
        "Share of networks with a neuron of the second layer positive on all data, with and without batch normalization, over the steps.",
        {"series": series},
        x_label="step",
        y_label="share",
    )
    first, second = found
    what = "a linearized neuron without normalization, among networks that differ"
    decided = context.rate(int((first & ~second).sum()), int((first ^ second).sum()), what=what, at_least=0.7, margin=0.2)
    return worst([decided], figures=[figure])
