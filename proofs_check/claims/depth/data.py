r"""More data leave fewer lifts: what is affine on all samples is affine on some of them."""

from __future__ import annotations

from fractions import Fraction
from math import asin, log, pi, sqrt

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats
from proofs_check.claims.depth._places import DEPTH, places, rng_of
from proofs_check.claims.depth._points import drawn_lift, samples
from proofs_check.claims.depth._training import compare_rates, linearized_neurons, trained_networks, training_sizes
from proofs_check.proving import formal_check
from theory.lifting import lifting_conditions

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
    return compare_rates(counts, networks, context.spend(1), what=what)


CLAIMS = [
    Claim(
        id="depth.data-dependency",
        title="More data leave fewer lifts",
        statement=r"S \subset S' \Rightarrow \operatorname{Lift}_{S'}(\theta) \subset \operatorname{Lift}_S(\theta) "
        r"\ (\theta \text{ fixed});\text{ a sample in the convex hull of the features costs nothing}",
        relation="equality",
        assumptions=[Assumption("nested data", r"S \subset S'"), Assumption("theta fixed", r"\theta \text{ is the same for both}")],
        source=Source(DEPTH, "abstract (data dependency); the set statement is derived here"),
        depends_on=["depth.lifting.existence"],
        refuted_by="A lift for S' that is no lift for S, or a random neuron readmitted by more samples.",
        notes="A theta critical for S need not be critical for S'. Shrinkage need not be strict: see the hull.",
        checks=[
            exactly(
                "inclusion",
                check_inclusion,
                nested_data,
                {"built_on": "all"},
                [Control("inclusion the other way round", built_on="part")],
                scope="lifts for 12 samples seen on 1 and 4 of them; hinge3, leaky, relu, every position",
                distribution="integer weights, half-integer samples",
            ),
            exactly(
                "convex-hull",
                check_hull,
                hull_instances,
                {"added": inside_hull},
                [Control("every sample costs something: one outside the hull", added=outside_hull)],
                scope="200 integer neurons on 5 points of the plane, each draw",
                distribution="uniform small integers",
            ),
            in_floats(
                "fractions",
                check_fractions,
                lambda context: [100_000],
                {"law": orthants},
                [Control("samples independent of each other", law=independent_samples)],
                scope="100,000 random neurons on the plane, n = 1, 2, 5, 10, 30, 100 nested samples",
                distribution="normal neurons and samples, the second sample twice the first",
                tolerance="Hoeffding: sqrt(log(4 / 1e-6) / (2 draws))",
                alpha=1e-6,
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
            formal_check("depth/lifting.v", "depth_data_dependency", false="more data, more lifts", adequate=lifting),
        ],
        probes=[Probe(drops="nested data", instances=data_not_nested)],
    )
]
