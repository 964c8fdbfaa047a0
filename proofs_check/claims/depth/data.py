r"""More data leave fewer lifts: what is affine on all samples is affine on some of them."""

from fractions import Fraction
from math import asin, log, pi, sqrt

import numpy as np

from proofs_check import Assumption, Figure, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import bounded, equal, true, worst
from theory.lifting import lifting_conditions

from . import LIFTING
from ._places import insertions, place_in, rng_of
from ._points import drawn_lift, samples
from ._training import linearized_neurons, trained_networks

SAMPLE_SIZES = (1, 2, 5, 10, 30, 100)
#: Probability that a Monte Carlo fraction misses its expectation by more than the tolerance derived from it (Hoeffding).
MISS = 1e-6

NESTED = claim(
    "depth.data-dependency",
    "More data leave fewer lifts",
    r"S \subset S' \Rightarrow \operatorname{Lift}_{S'}(\theta) \subset \operatorname{Lift}_S(\theta) \ (\theta \text{ fixed});"
    r"\text{ a sample in the convex hull of the features costs nothing}",
    clauses={
        "inclusion": r"S \subset S' \Rightarrow \operatorname{Lift}_{S'}(\theta) \subset \operatorname{Lift}_S(\theta) \ "
        r"(\theta \text{ fixed})",
        "hull": r"\text{a sample in the convex hull of the features costs nothing}",
        "fractions": r"\text{of normal neurons one half is positive on one sample, } \tfrac14 + \arcsin(\rho) / 2\pi \text{ on two}",
        "training": r"\text{networks trained on four samples have a linearized layer more often than on sixty}",
    },
    symbols={"S, S'": "data", "Lift_S": "the lifts of a point for the data S", r"\rho": "the cosine between two samples with a 1"},
    assumptions=[
        Assumption("nested data", r"S \subset S'"),
        Assumption(
            "theta fixed", r"\theta \text{ is the same for both}", unprobed="the lifts of two points are lifts of different functions"
        ),
    ],
    source=LIFTING.at("abstract (data dependency); the set statement is derived here"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A lift for S' that is no lift for S, or a random neuron readmitted by more samples.",
    notes="A theta critical for S need not be critical for S'. Shrinkage need not be strict: see the hull.",
)


@NESTED.check("exact", place_in, insertions(), clauses="inclusion", distribution="integer weights, half-integer samples")
@false("inclusion the other way round", built_on="part")
def inclusion(cell, place, *, built_on="all", nested=True, context):
    """A lift for 12 samples, its three conditions read on one and on four of them."""
    rng, held = rng_of(place, context), []
    whole = samples(place.widths[0], 12, rng)
    for size in (1, 4):
        part = whole[:size] if nested else whole + 20
        built, seen = (whole, part) if built_on == "all" else (part, whole)
        found = drawn_lift(place, rng, x=built)
        conditions = lifting_conditions(found.shallow, found.shallow_theta, found.deep, found.theta, seen, found.after)
        held.append({condition.name: condition.holds for condition in conditions})
    return equal(conditions=([dict.fromkeys(one, True) for one in held], held), shown={"place": place})


NESTED.without("nested data", inclusion, nested=False)


def inside_hull(points, rng):
    """A convex combination of all ``points``."""
    weights = rng.integers(1, 5, len(points))
    return sum(int(w) * point for w, point in zip(weights, points, strict=True)) / int(weights.sum())


def outside_hull(points, rng):
    return 3 * points[0] - 2 * sum(points) / len(points)


@NESTED.check(
    "exact",
    a_seed,
    axes(points=by_level((3, 5), (3, 5, 8)), quick=5, standard=50, full=200),
    clauses="hull",
    distribution="200 neurons of small integers, points of the plane",
)
@false("every sample costs something: one outside the hull", added=outside_hull)
def convex_hull(cell, seed, *, added=inside_hull, context):
    """A sample in the hull of the features takes no neuron out of the linearized set."""
    rng = context.rng(seed)
    points = samples(2, cell.points, rng)
    more = np.vstack([points, added(points, rng)[None]])
    neurons = [(rng.integers(-3, 4, 2), Fraction(int(rng.integers(-9, 10)), 3)) for _ in range(200)]
    before, after = ([bool((x @ w + b > 0).all()) for w, b in neurons] for x in (points, more))
    return equal(linearized=(before, after), shown={"points": more})


def nested_fractions(rng, draws, x):
    """Shares of ``draws`` random neurons (w, b) positive on the first n of the samples ``x``, and how often a larger set readmits one."""
    neurons = np.concatenate([rng.normal(size=(draws, x.shape[1])), rng.normal(size=(draws, 1))], axis=1)
    points, lowest, shares, readmitted = np.hstack([x, np.ones((len(x), 1))]), np.full(draws, np.inf), [], 0
    for first, last in zip((0, *SAMPLE_SIZES[:-1]), SAMPLE_SIZES, strict=True):
        before = lowest > 0
        lowest = np.minimum(lowest, (neurons @ points[first:last].T).min(axis=1))
        readmitted += int(((lowest > 0) & ~before).sum())
        shares.append(float((lowest > 0).mean()))
    return np.array(shares), readmitted


def orthants(x):
    """P(positive on one sample) = 1/2 and on two = 1/4 + arcsin(rho) / (2 pi), rho the cosine of (x_1, 1) and (x_2, 1) (Sheppard)."""
    a, b = np.append(x[0], 1), np.append(x[1], 1)
    return 0.5, 0.25 + asin(float(a @ b / sqrt((a @ a) * (b @ b)))) / (2 * pi)


@NESTED.check(
    "property",
    a_seed,
    axes(draws=(100_000,)),
    clauses="fractions",
    scope="n = 1, 2, 5, 10, 30, 100 nested samples of the plane",
    distribution="normal neurons and samples, the second sample twice the first",
    tolerance=f"Hoeffding: sqrt(log(4 / {MISS}) / (2 draws)), missed with probability {MISS}",
)
@false("samples independent of each other", law=lambda x: (0.5, 0.25))
def fractions(cell, seed, *, law=orthants, context):
    """Monte Carlo shares for nested samples: never readmitted, the first two as the normal orthants say."""
    rng = context.rng(seed)
    x = rng.normal(size=(SAMPLE_SIZES[-1], 2))
    x[1] = 2 * x[0]
    shares, readmitted = nested_fractions(rng, cell.draws, x)
    figure = Figure(
        "lines",
        "Share of random neurons that are linearized",
        "The share of random neurons positive on all of n nested samples, falling from one half as n grows.",
        {"series": [{"label": "measured", "x": list(SAMPLE_SIZES), "y": shares.tolist()}]},
        x_label="samples n",
        y_label="share",
        log_x=True,
    )
    near = bounded("distance from the orthants", shares[:2] - law(x), sqrt(log(4 / MISS) / (2 * cell.draws)), shares=shares)
    return worst([true("no neuron is readmitted", readmitted == 0), near], figures=[figure])


@NESTED.check(
    "training",
    [None],
    clauses="training",
    alpha=1e-5,
    level="standard",
    scope="relu [2, 4, 4, 1] trained by Adam on 4 and on 60 samples of a two-neuron teacher",
    distribution="400 (full 2000) networks of each kind, normal starts of scale 1/2",
)
@false("more data, more linearized layers", sizes=(60, 4))
def trained_networks_compared(_, *, sizes=(4, 60), context):
    """Where one network of a pair has its second layer linearized and the other not, it is the one trained on fewer samples in 0.7 of the
    cases at least; one half is excluded."""
    networks, steps = context.by_level(quick=200, standard=400, full=2000), context.by_level(quick=300, standard=1200, full=4000)
    found = []
    for n in sizes:
        model, theta, x, _ = trained_networks(context.rng(n), networks, n, steps)
        found.append(linearized_neurons(model, theta, x, 2, constant=True).all(axis=1))
    first, second = found
    what = "a linearized second layer after training on fewer samples, among pairs that differ"
    return context.rate(int((first & ~second).sum()), int((first ^ second).sum()), what=what, at_least=0.7, margin=0.2)


NESTED.formal("depth/lifting.v", "depth_data_dependency", false="more data, more lifts", adequate=lifting, clauses=("inclusion", "hull"))
