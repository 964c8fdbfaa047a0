r"""What makes lifts rarer: more data, and batch normalization before the activation."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from math import asin, log, pi, sqrt

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._depth import DEPTH, drawn_lift, places, rng_of, samples
from proofs_check.claims._depth_training import compare_rates, linearized_neurons, trained_networks
from theory.lifting import lifting_conditions
from theory.normalization import extremal_batch, shift_bounds, squared_scores

# -------------------------------------------------------------------------------------------- depth.data-dependency

SAMPLE_SIZES = (1, 2, 5, 10, 30, 100)
#: Probability that a Monte Carlo fraction misses its expectation by more than the tolerance derived from it (Hoeffding).
MISS = 1e-6


def check_inclusion(instance, *, built_on, context) -> Outcome:
    """A lift for the samples ``built_on`` is a lift for the others: from all of S' to its part S."""
    place, size = instance
    rng = rng_of(place, context)
    whole = samples(place.widths[0], 12, rng)
    part = whole[:size] if size > 0 else samples(place.widths[0], 12, rng) + 20
    built, seen = (whole, part) if built_on == "all" else (part, whole)
    found = drawn_lift(place, rng, x=built)
    broken = [c for c in lifting_conditions(found.shallow, found.shallow_theta, found.deep, found.theta, seen, found.after) if not c.holds]
    if broken:
        return Outcome.fails(f"{broken[0].name}: {broken[0].message}", counterexample={"place": place, "built on": built, "seen": seen})
    return Outcome.holds()


def nested_data(context):
    return [(place, size) for place in places(context) for size in (1, 4)]


def data_not_nested(context):
    return [(place, 0) for place in places(context)]


def inside_hull(points, rng):
    """A convex combination of all ``points``."""
    weights = rng.integers(1, 5, len(points))
    return sum(int(w) * point for w, point in zip(weights, points, strict=True)) / int(weights.sum())


def outside_hull(points, rng):
    return 3 * points[0] - 2 * sum(points) / len(points)


def check_hull(replicate: int, *, added, context) -> Outcome:
    """A sample in the convex hull of the features takes no neuron out of the linearized set; exact, on random neurons."""
    rng = context.rng(replicate)
    points = samples(2, 5, rng)
    more = np.vstack([points, added(points, rng)[None]])
    for _ in range(200):
        w, b = rng.integers(-3, 4, 2), Fraction(int(rng.integers(-9, 10)), 3)
        before, after = (bool((x @ w + b > 0).all()) for x in (points, more))
        if before != after:
            return Outcome.fails("the added sample takes the neuron out", counterexample={"points": more, "w": w, "b": b})
    return Outcome.holds(200)


def hull_instances(context):
    return range(context.by_level(quick=10, standard=100, full=500))


def nested_fractions(rng, draws: int, x: np.ndarray) -> tuple[np.ndarray, int]:
    """Shares of ``draws`` random neurons (w, b) positive on the first n of the samples ``x``, and how often a larger set readmits one."""
    neurons = np.concatenate([rng.normal(size=(draws, x.shape[1])), rng.normal(size=(draws, 1))], axis=1)
    points, lowest, shares, readmitted = np.hstack([x, np.ones((len(x), 1))]), np.full(draws, np.inf), [], 0
    for first, last in zip((0, *SAMPLE_SIZES[:-1]), SAMPLE_SIZES, strict=True):
        before = lowest > 0
        lowest = np.minimum(lowest, (neurons @ points[first:last].T).min(axis=1))
        readmitted += int(((lowest > 0) & ~before).sum())
        shares.append(float((lowest > 0).mean()))
    return np.array(shares), readmitted


def orthants(x: np.ndarray) -> tuple[float, float]:
    """P(positive on one sample) = 1/2 and on two = 1/4 + arcsin(rho) / (2 pi), rho the cosine of (x_1, 1) and (x_2, 1) (Sheppard)."""
    a, b = np.append(x[0], 1), np.append(x[1], 1)
    return 0.5, 0.25 + asin(float(a @ b / sqrt((a @ a) * (b @ b)))) / (2 * pi)


def independent_samples(x: np.ndarray) -> tuple[float, float]:
    """As if different samples were independent."""
    return 0.5, 0.25


def check_fractions(draws: int, *, law, context) -> Outcome:
    """Monte Carlo shares for nested samples: never readmitted, the first two as the normal orthants say."""
    rng = context.rng()
    x = rng.normal(size=(SAMPLE_SIZES[-1], 2))
    x[1] = 2 * x[0]
    shares, readmitted = nested_fractions(rng, draws, x)
    tolerance = sqrt(log(4 / MISS) / (2 * draws))
    gaps = np.abs(shares[:2] - law(x))
    shown = {"shares": shares, "expected": law(x), "readmitted": readmitted, "tolerance": tolerance}
    if readmitted or gaps.max() > tolerance:
        return Outcome.fails(f"shares {shares.round(4).tolist()}, readmitted {readmitted}", counterexample=shown)
    figure = Figure(
        "lines",
        "Share of random neurons that are linearized",
        "The share of random neurons positive on all of n nested samples, falling from one half as n grows.",
        {"series": [{"label": "measured", "x": list(SAMPLE_SIZES), "y": shares.tolist()}]},
        x_label="samples n",
        y_label="share",
        log_x=True,
    )
    return Outcome.holds(draws, margin=float((tolerance - gaps.max()) / tolerance), figures=[figure])


def check_trained_on_more(instance, *, sizes, context) -> Outcome:
    """Networks trained on more samples have a linearized second layer more rarely."""
    networks, steps = instance
    counts = []
    for n in sizes:
        model, theta, x, _ = trained_networks(context.rng(n), networks, n, steps)
        counts.append(int(linearized_neurons(model, theta, x, 2, constant=True).all(axis=1).sum()))
    what = f"second layer linearized after training on {sizes[0]} and {sizes[1]} samples"
    return compare_rates(counts, networks, context.alpha, what=what)


def training_sizes(context):
    return [(context.by_level(quick=200, standard=400, full=2000), context.by_level(quick=300, standard=1200, full=4000))]


DATA_DEPENDENCY = Claim(
    family="depth",
    id="depth.data-dependency",
    title="More data leave fewer lifts",
    statement=r"S \subset S' \Rightarrow \operatorname{Lift}_{S'}(\theta) \subset \operatorname{Lift}_S(\theta) \ (\theta \text{ fixed});"
    r"\text{ a sample in the convex hull of the features costs nothing}",
    relation="equality",
    assumptions=[Assumption("nested data", r"S \subset S'"), Assumption("theta fixed", r"\theta \text{ is the same for both}")],
    source=Source(DEPTH, "abstract (data dependency); the set statement is derived here"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A lift for S' that is no lift for S, or a random neuron readmitted by more samples.",
    notes="A theta critical for S need not be critical for S'. Shrinkage need not be strict: see the hull.",
    checks=[
        Check(
            "inclusion",
            evidence="exact",
            covers="instances",
            scope="lifts for 12 samples seen on 1 and 4 of them; hinge3, leaky, relu, every position",
            run=check_inclusion,
            instances=nested_data,
            distribution="integer weights, half-integer samples",
            parameters={"built_on": "all"},
            controls=[Control("inclusion the other way round", built_on="part")],
        ),
        Check(
            "convex-hull",
            evidence="exact",
            covers="instances",
            scope="200 integer neurons on 5 points of the plane, each draw",
            run=check_hull,
            instances=hull_instances,
            distribution="uniform small integers",
            parameters={"added": inside_hull},
            controls=[Control("every sample costs something: one outside the hull", added=outside_hull)],
        ),
        Check(
            "fractions",
            evidence="property",
            covers="instances",
            scope="100,000 random neurons on the plane, n = 1, 2, 5, 10, 30, 100 nested samples",
            run=check_fractions,
            instances=lambda context: [100_000],
            distribution="normal neurons and samples, the second sample twice the first",
            tolerance="Hoeffding: sqrt(log(4 / 1e-6) / (2 draws))",
            alpha=1e-6,
            parameters={"law": orthants},
            controls=[Control("samples independent of each other", law=independent_samples)],
        ),
        Check(
            "trained-networks",
            evidence="training",
            covers="instances",
            scope="relu [2, 4, 4, 1] trained by Adam on 4 and on 60 samples of a two-neuron teacher",
            run=check_trained_on_more,
            instances=training_sizes,
            level="standard",
            distribution="400 networks of each kind, normal start of scale 1/2",
            alpha=1e-5,
            parameters={"sizes": (4, 60)},
            controls=[Control("more data, more linearized layers", sizes=(60, 4))],
        ),
    ],
    probes=[Probe(drops="nested data", instances=data_not_nested)],
)

# -------------------------------------------------------------------------------------------------- depth.batchnorm


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
    rng = context.rng(100 * n + replicate)
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
    outcome = compare_rates(counts, networks, context.alpha, what="a neuron of the second layer linearized without and with normalization")
    return replace(outcome, figures=[figure])


BATCHNORM = Claim(
    family="depth",
    id="depth.batchnorm",
    title="Batch normalization suppresses linearized ReLU neurons",
    statement=r"\tfrac{1}{\sqrt{n-1}} \le \pm\hat u_{\max/\min} \le \sqrt{n-1} \text{ (sharp)};\quad"
    r"\gamma \hat u + \beta > 0 \text{ on the batch only if } \beta/\gamma > 1/\sqrt{n-1}, \text{ always if } \beta/\gamma > \sqrt{n-1};"
    r"\text{ never at } \beta = 0",
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
        Check(
            "exact-scores",
            evidence="exact",
            covers="instances",
            scope="rational batches of n = 2, 3, 5, 10, 40, heavy-tailed and extremal",
            run=check_scores,
            instances=batches,
            distribution="rounded Cauchy entries, and (1, ..., 1, 1-n)",
            parameters={"bounds": sharp},
            controls=[
                Control("largest score sqrt(n-2)", bounds=lambda n: (Fraction(1, n - 1), Fraction(n - 2))),
                Control("smallest extreme 2/sqrt(n-1)", bounds=lambda n: (Fraction(4, n - 1), Fraction(n - 1))),
            ],
        ),
        Check(
            "linearized-neurons",
            evidence="property",
            covers="instances",
            scope="n = 2 .. 40, heavy-tailed batches",
            run=check_linearization,
            instances=lambda context: (2, 3, 5, 10, 40),
            distribution="Student t with 1.5 degrees of freedom",
            tolerance="16 n^(3/2) eps max|u| / deviation on a score",
            parameters={"thresholds": suppressed},
            controls=[
                Control("none positive up to beta = 10 gamma", thresholds=lambda n: (10.0, suppressed(n)[1] + 10)),
                Control("all positive at beta = 0", thresholds=lambda n: (0.0, 0.0)),
            ],
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
    ],
    probes=[Probe(drops="population variance", instances=sample_variance, check="exact-scores")],
)

CLAIMS = [DATA_DEPENDENCY, BATCHNORM]
