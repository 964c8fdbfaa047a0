r"""Batch normalization before the activation suppresses linearized neurons: sharp bounds on scores (theory.models.normalization)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from math import sqrt

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.adequacy.depth import extremal_batches
from proofs_check.claims._checks import exactly, in_floats
from proofs_check.claims.depth._places import DEPTH
from proofs_check.claims.depth._training import compare_rates, linearized_neurons, trained_networks, training_sizes
from proofs_check.proving import formal_check
from theory.models.normalization import extremal_batch, shift_bounds, squared_scores


def check_samuelson(n: int, *, factor, context) -> Outcome:
    """(n-1) sum u^2 - n u_1^2 = sum over 1 < i < j of (u_i - u_j)^2 and sum (u_i + a)(b - u_i) = n a b - sum u^2 where sum u = 0.

    With sum u^2 = n the first gives u_1^2 <= n-1; the second, for -a <= u <= b, gives a b >= 1, hence a >= 1/sqrt(n-1).
    """
    import sympy

    u = sympy.symbols(f"u1:{n}")
    u = (*u, -sum(u))
    a, b = sympy.symbols("a b")
    squares = sum(value**2 for value in u)
    spread = sum((u[i] - u[j]) ** 2 for i, j in combinations(range(1, n), 2))
    first = sympy.expand((n - 1) * squares - factor(n) * u[0] ** 2 - spread)
    second = sympy.expand(sum((value + a) * (b - value) for value in u) - n * a * b + squares)
    return Outcome.equal((0, 0), (first, second), n=n, difference=str(first))


def rational_scores(u, bessel: bool):
    scores = squared_scores(u)
    return scores * Fraction(len(u) - 1, len(u)) if bessel else scores


def sharp(n: int):
    bounds = shift_bounds(n)
    return bounds.necessary, bounds.sufficient


def check_scores(instance, *, bounds, context) -> Outcome:
    """Squared scores of a rational batch lie within the bounds on both sides; the extremal batch attains them."""
    n, replicate, bessel = instance
    rng = context.rng(n, replicate)
    u = [Fraction(int(v)) for v in (extremal_batch(n) if replicate == 0 else _heavy(rng, n))]
    scores, mean = rational_scores(np.array(u, dtype=object), bessel), sum(u) / n
    least, most = bounds(n)
    high = max(score for score, value in zip(scores, u, strict=True) if value > mean)
    low = max(score for score, value in zip(scores, u, strict=True) if value < mean)
    within = least <= high <= most and least <= low <= most
    attained = replicate != 0 or (high, low) == (least, most)
    if within and attained:
        return Outcome.holds()
    shown = {"batch": u, "squared largest": high, "squared smallest": low, "bounds": (least, most)}
    return Outcome.fails(f"squared extremes {high} and {low}, bounds {least} and {most}", counterexample=shown)


def _heavy(rng, n: int) -> np.ndarray:
    """Integers with heavy tails, not all equal."""
    values = np.round(10 * rng.standard_cauchy(n)).clip(-(10**6), 10**6).astype(int)
    values[0] += values.min() == values.max()
    return values


def batches(context):
    draws = context.by_level(quick=6, standard=40, full=200)
    return [(n, k, False) for n, k in product((2, 3, 5, 10, 40), range(draws))]


def sample_variance(context):
    return [(n, k, True) for n, k in product((2, 5), range(3))]


def suppressed(n):
    """(beta / gamma below which no batch is positive, the one above which all are)."""
    bounds = shift_bounds(n)
    return sqrt(bounds.necessary), sqrt(bounds.sufficient)


def check_linearization(n: int, *, thresholds, context) -> Outcome:
    """ReLU(u_hat + beta) on heavy-tailed batches: positive on none at the lower threshold, on all beyond the upper one."""
    rng = context.rng(n)
    count = context.by_level(quick=4000, standard=20_000, full=100_000)
    u = rng.standard_t(1.5, (count, n))
    scores = (u - u.mean(axis=1, keepdims=True)) / u.std(axis=1, keepdims=True)
    low, high = thresholds(n)
    # The mean is a sum of n terms, so a centred value errs by a few n eps max|u|; scores are that divided by the deviation, up to sqrt(n).
    rounding = 16 * n * np.finfo(float).eps * sqrt(n) * np.abs(u).max(axis=1) / u.std(axis=1)
    positive = (scores.min(axis=1) + low - rounding > 0).sum(), (scores.min(axis=1) + high + rounding > 0).sum()
    if positive[0] == 0 and positive[1] == count:
        return Outcome.holds(count, margin=1.0)
    shown = {"n": n, "thresholds": (low, high), "positive": [int(value) for value in positive], "batches": count}
    return Outcome.fails(f"{positive[0]} positive at {low:.3g}, {positive[1]} of {count} at {high:.3g}", counterexample=shown)


def check_trained_with_normalization(instance, *, order, context) -> Outcome:
    """Networks with and without normalization of the second layer, trained alike: how many have a neuron positive on all data."""
    networks, steps = instance
    counts, series = [], []
    for normalized in order:
        model, theta, x, history = trained_networks(context.rng(), networks, 10, steps, normalized=normalized, record=True)
        found = [linearized_neurons(model, point, x, 2, constant=False).any(axis=1) for point in history["theta"]]
        label = "with normalization" if normalized else "without"
        series.append({"label": label, "x": history["step"].tolist(), "y": [float(share.mean()) for share in found]})
        counts.append(int(found[-1].sum()))
    figure = Figure(
        "lines",
        "Networks with a linearized neuron along training",
        "Share of networks with a neuron of the second layer positive on all data, with and without batch normalization, over the steps.",
        {"series": series},
        x_label="step",
        y_label="share",
    )
    outcome = compare_rates(
        counts, networks, context.spend(1), what="a neuron of the second layer linearized without and with normalization"
    )
    return replace(outcome, figures=[figure])


CLAIMS = [
    Claim(
        id="depth.batchnorm",
        title="Batch normalization suppresses linearized ReLU neurons",
        statement=r"\tfrac{1}{\sqrt{n-1}} \le \pm\hat u_{\max/\min} \le \sqrt{n-1} \text{ (sharp)};\quad"
        r"\gamma \hat u + \beta > 0 \text{ on the batch only if } \beta/\gamma > 1/\sqrt{n-1},"
        r" \text{ always if } \beta/\gamma > \sqrt{n-1};\text{ never at } \beta = 0",
        relation="tight",
        assumptions=[
            Assumption("batch of two or more", r"n \ge 2,\ \text{pre-activations not constant}"),
            Assumption("population variance", r"\operatorname{var} = \tfrac1n \sum (u_i - \bar u)^2, \text{ batch = data}"),
        ],
        source=Source(DEPTH, "abstract (suppression); the inequalities are Samuelson's and derived here"),
        refuted_by="A batch with a score outside the bounds, or one positive at beta = 0.",
        notes="Normalization also takes away the freedom to shrink What: scores do not change with scale.",
        checks=[
            Check(
                "sums-of-squares",
                evidence="symbolic",
                covers="instances",
                scope="n = 2 .. 7, all batches",
                run=check_samuelson,
                instances=lambda context: range(2, 8),
                parameters={"factor": lambda n: n},
                controls=[Control("one more in the bound", factor=lambda n: n + 1)],
            ),
            exactly(
                "exact-scores",
                check_scores,
                batches,
                {"bounds": sharp},
                [
                    Control("largest score sqrt(n-2)", bounds=lambda n: (Fraction(1, n - 1), Fraction(n - 2))),
                    Control("smallest extreme 2/sqrt(n-1)", bounds=lambda n: (Fraction(4, n - 1), Fraction(n - 1))),
                ],
                scope="rational batches of n = 2, 3, 5, 10, 40, heavy-tailed and extremal",
                distribution="rounded Cauchy entries, and (1, ..., 1, 1-n)",
            ),
            in_floats(
                "linearized-neurons",
                check_linearization,
                lambda context: (2, 3, 5, 10, 40),
                {"thresholds": suppressed},
                [
                    Control("none positive up to beta = 10 gamma", thresholds=lambda n: (10.0, suppressed(n)[1] + 10)),
                    Control("all positive at beta = 0", thresholds=lambda n: (0.0, 0.0)),
                ],
                scope="n = 2 .. 40, heavy-tailed batches",
                distribution="Student t with 1.5 degrees of freedom",
                tolerance="16 n^(3/2) eps max|u| / deviation on a score",
            ),
            Check(
                "trained-networks",
                evidence="training",
                covers="instances",
                scope="relu [2, 4, 4, 1] on 10 samples, the second layer normalized or not, trained by Adam",
                run=check_trained_with_normalization,
                instances=training_sizes,
                level="standard",
                distribution="400 networks of each kind, normal start of scale 1/2, gamma = 1, beta = 0",
                alpha=1e-5,
                parameters={"order": (False, True)},
                controls=[Control("normalization linearizes", order=(True, False))],
            ),
            formal_check(
                "depth/batchnorm.v",
                "depth_batchnorm",
                false="n - 2 for n - 1",
                adequate=extremal_batches,
                part="all n: both bounds and both implications, squared",
            ),
            formal_check(
                "depth/batchnorm.v",
                "depth_batchnorm_relu",
                false="at a positive shift either",
                adequate=extremal_batches,
                part="all n: never at a shift of 0",
            ),
        ],
        probes=[Probe(drops="population variance", instances=sample_variance, check="exact-scores")],
    )
]
