r"""What training sees of embedded critical points: plateaus, escape from saddles, and searches that meet the losses of narrower networks.

One-dimensional data y = tanh(x + 0.4) + 0.12 sin(3 x + 0.5), thirty points on [-3, 3], tanh networks; the real data are Fisher's irises.
Every statement here says that a configuration exists; other targets or large initial weights show no plateau. Seeds are fixed and nothing
is left to chance, so that no probability of an error is spent.
"""

from fractions import Fraction
from functools import cache, lru_cache

import numpy as np

from numerics.critical import certify, certify_split, find_critical_points
from numerics.datasets import iris, wave
from numerics.hessian import gradient, hessian
from numerics.hessian.inertias import float_counts
from numerics.recovery.condensation import condensed, orientations
from numerics.train import train
from proofs_check import Assumption, Figure, a_seed, axes, by_level, claim, false, nothing
from proofs_check.judging import bounded, equal, true, worst
from theory.embedding import split
from theory.embedding.blocks import plus
from theory.models import FullyConnected, TwoLayer

from . import JML, NEURIPS
from ._instances import fraction_of
from ._measures import matrices

SMALL = Assumption("small initial weights", r"\theta_0 \sim N(0, 10^{-6})")
#: The share by which a loss may differ from a critical one, as the statements say.
FIVE_PER_CENT = "5 per cent, as stated"

ESCAPE = claim(
    "training.escape-rate",
    "Training leaves an embedded saddle at the rate of its negative eigenvalue",
    r"\dot\theta = -\nabla R(\theta),\ \theta(0) = T^\alpha\theta_c + \varepsilon v_{\min}:\quad "
    r"|v_{\min} \cdot (\theta(t) - T^\alpha\theta_c)| \sim \varepsilon e^{|\lambda_{\min}| t}",
    clauses={
        "rate": r"|v_{\min} \cdot (\theta(t) - T^\alpha\theta_c)| \sim \varepsilon e^{|\lambda_{\min}| t}",
        "irises": r"\text{on the irises splits of certified critical points have the signs of the block formula}",
    },
    symbols={
        r"\theta_c": "a critical point",
        "T": "a split",
        r"\alpha": "its fraction",
        r"\lambda_{\min}, v_{\min}": "smallest eigenvalue of the wide Hessian, and its eigenvector",
        r"\varepsilon": "a small amplitude",
    },
    kind="extension",
    source=NEURIPS.at("Section 5 (escape is observed; the rate is ours)"),
    depends_on=["embedding.splitting.classification"],
    refuted_by="An embedded saddle that is left at another exponential rate.",
)


@cache
def width_one():
    """The minimum of lowest loss of one neuron that a search meets."""
    return find_critical_points(FullyConnected((1, 1, 1)), wave(), starts=40, minima=True)[0]


@ESCAPE.check(
    "property",
    a_seed,
    axes(alpha=("1/2", "inside", "negative", "above 1")),
    clauses="rate",
    level="standard",
    scope="amplitudes 1e-6 to 1e-4",
    tolerance="change of the curvature over twice the final amplitude, plus 1e-5 |lambda_min|",
    distribution="the minimum of lowest loss that a search from 40 starts meets",
)
@false("half the rate", rate=lambda value: value / 2)
def gradient_flow(cell, seed, *, rate=lambda value: value, context):
    """The width-1 minimum split: the exponential rate along v_min, against |lambda_min|."""
    from scipy.integrate import solve_ivp

    data, point = wave(), width_one()
    embedding = split(FullyConnected((1, 1, 1)), 1, 0, fraction_of(cell.alpha, context.rng(seed)))
    start = embedding(point.theta)
    values, vectors = np.linalg.eigh(hessian(embedding.wide, start, data))
    direction, expected = vectors[:, 0], rate(-values[0])
    first, last = 1e-6, 1e-4
    end = np.log(last / first) / -values[0]
    # The displacement is integrated, not theta: relative to theta it is lost in the integrator's tolerance.
    away = lambda _, displacement: -gradient(embedding.wide, start + displacement, data)
    flow = solve_ivp(away, (0, end), first * direction, method="LSODA", rtol=1e-10, atol=1e-13)
    measured = np.log(abs(direction @ flow.y[:, -1]) / first) / end
    # Along the way the curvature differs from lambda_min by at most about its change at the end; some hundred steps, each within 1e-13 of
    # an amplitude of at least 1e-6, move its logarithm by 1e-5.
    bend = max(abs(direction @ hessian(embedding.wide, start + s * last * direction, data) @ direction - values[0]) for s in (-2, 2))
    return bounded("escape rate", measured - expected, bend + 1e-5 * abs(values[0]), alpha=cell.alpha, measured=measured)


@ESCAPE.check(
    "certified",
    nothing,
    axes(widths=((4, 1, 3), (4, 2, 3))),
    clauses="irises",
    level="standard",
    distribution="all non-degenerate critical points that the search meets",
)
@false("one negative direction fewer", shift=-1)
def irises(cell, _, *, shift=0, context):
    """150 irises, one and two tanh neurons: proved lower bounds of n_- and n_+ of the split, predicted and directly, in balls."""
    model, data, found = FullyConnected(cell.widths), iris(), []
    told = []
    for candidate in find_critical_points(model, data, starts=context.by_level(quick=16, standard=16, full=60), steps=150, seed=1):
        if candidate.inertia is None or candidate.inertia.zero:
            continue  # degenerate: itself an embedded point
        point = certify(model, candidate.theta, data)
        (predicted, _, more), (observed, _, others) = (part.bounds for part in certify_split(model, point, data, 1, 0, Fraction(1, 2)))
        found.append(equal(signs=((predicted[0] + shift, more[0]), (observed[0], others[0])), shown={"theta": point.theta}))
        told.append(f"{point.inertia} at loss {candidate.loss:.6f}")
    return worst([true("a non-degenerate critical point was met", bool(found) or None), *found], message="; ".join(told))


PLATEAU = claim(
    "training.plateau",
    "A wide network stagnates near the critical point of a narrow one",
    r"\exists t: |\nabla R(\theta_t)| \text{ has a local minimum, } R(\theta_t) \text{ is within } 5\,\% "
    r"\text{ of a critical loss of width } \le 2, \text{ two orientations carry } 90\,\%",
    symbols={"R": "the risk", r"\theta_t": "the parameters after t steps"},
    assumptions=[SMALL],
    kind="law",
    relation="existence",
    source=NEURIPS.at("Figure 1"),
    depends_on=["embedding.principle"],
    refuted_by="No such configuration: here three of three seeds show it.",
)

SEEDS = axes(seed=by_level((0,), (0, 1, 2), tuple(range(10))))


@lru_cache(maxsize=4)
def trained(scale, seeds):
    """Gradient descent of width-50 networks from normal weights of deviation ``scale``: (model, steps, losses, gradient norms, thetas)."""
    model, (x, y) = TwoLayer(1, 50, 1, bias=True, output_bias=True), wave()
    theta = np.stack([model.init(np.random.default_rng(seed), scale=scale) for seed in seeds])
    run = train(model, theta, (x, y), learning_rate=0.03, steps=100_000, check_every=500, record=("loss", "theta"))
    thetas = run.history["theta"]
    batch = np.broadcast_to(x, (len(thetas), *x.shape)), np.broadcast_to(y, (len(thetas), *y.shape))
    norms = [np.linalg.norm(gradient(model, thetas[:, k], batch), axis=-1) for k in range(len(seeds))]
    return model, run.history["step"], run.history["loss"], np.stack(norms, axis=1), thetas


def run_of(seed, scale, context):
    """(model, steps, losses, gradient norms, thetas) of one seed; all seeds of the level are trained together."""
    seeds = SEEDS.values["seed"].at(context.level)
    model, steps, losses, norms, thetas = trained(scale, seeds)
    k = seeds.index(seed)
    return model, steps, losses[:, k], norms[:, k], thetas[:, k]


@cache
def narrow_losses():
    """Losses of the minima of widths 1 and 2 that a search meets."""
    return [p.loss for width in (1, 2) for p in find_critical_points(FullyConnected((1, width, 1)), wave(), starts=60, minima=True)]


def plateaus(norms):
    """Checks at which the gradient norm has a local minimum, after the first 5 per cent of the run."""
    return [k for k in range(len(norms) // 20, len(norms) - 1) if norms[k] < norms[k - 1] and norms[k] < norms[k + 1]]


@PLATEAU.check(
    "property",
    nothing,
    SEEDS,
    level="standard",
    scope="width 50, 100,000 steps of full-batch gradient descent, three seeds (full: ten)",
    tolerance=FIVE_PER_CENT,
    distribution="fixed seeds",
)
@false("large initial weights", scale=1.0)
@false("losses a quarter larger", stretch=1.25)
def gradient_descent(cell, _, *, scale=1e-3, stretch=1.0, context):
    """The nearest critical loss of width 1 or 2 over all plateaus at which two orientations hold 90 per cent."""
    model, steps, losses, norms, thetas = run_of(cell.seed, scale, context)
    critical = [stretch * loss for loss in narrow_losses()]
    condensed_at = [t for t in plateaus(norms) if sum(share for share, _ in orientations(model, thetas[t])[:2]) >= 0.9]
    distances = [min(abs(losses[t] / loss - 1) for loss in critical) for t in condensed_at]
    found = bounded("relative distance to a critical loss", min(distances, default=np.inf), 0.05, seed=cell.seed, losses=critical)
    figures = [_course(steps, losses, narrow_losses())] if cell.seed == 0 and stretch == 1 else []
    return worst([found], figures=figures, message=f"loss {losses[condensed_at[int(np.argmin(distances))]]:.6f}" if distances else "")


def _course(steps, losses, critical):
    series = [{"label": "width 50", "x": steps[1:].tolist(), "y": losses[1:].tolist()}]
    series += [{"label": f"critical loss {loss:.5f}", "x": [int(steps[1]), int(steps[-1])], "y": [loss, loss]} for loss in critical]
    alt = "training loss against steps of a wide network, with the critical losses of widths 1 and 2 as horizontal lines"
    return Figure("lines", "Training slows down at losses of narrower networks", alt, {"series": series}, "step", "loss", log_y=True)


PLATEAU.without("small initial weights", gradient_descent, scale=1.0)

SEARCH = claim(
    "training.newton-finds-embedded",
    "A search for saddles meets all losses of narrower networks",
    r"\text{critical losses found at width } m - 1 \text{ are found at width } m, \text{ with the inertia of an embedding}",
    clauses={
        "losses": r"\text{critical losses found at width } m - 1 \text{ are found at width } m",
        "inertia": r"\text{with the inertia of a split for some } \alpha \text{ or of a null neuron}",
    },
    symbols={"m": "the width, 2 or 3", r"\alpha": "the fraction of a split"},
    kind="law",
    relation="existence",
    source=JML.at("Section 7 (searches are ours)"),
    depends_on=["embedding.splitting.inertia"],
    refuted_by="A narrow critical loss that the search of this size does not meet, or meets with an inertia that no embedding has.",
)


def embedded_extra(S):
    """Splits with 0 < alpha < 1 and outside, and alpha in {0, 1} or null neurons (C_l and B_s vanish together with their correlation)."""
    negative, zero, positive = _counts(S)
    return [(negative, 1 + zero, positive), (positive, 1 + zero, negative), (0, 1 + len(S), 0), (1, len(S) - 1, 1)]


def _counts(matrix):
    return tuple(map(int, float_counts(np.linalg.eigvalsh(matrix))[0]))


@SEARCH.check(
    "property",
    nothing,
    axes(width=(2, 3)),
    clauses=("losses", "inertia"),
    level="standard",
    scope="one-dimensional data, 200 starts each (full: 1000)",
    tolerance="losses within 1e-7, inertia in floats across its gap",
    distribution="fixed seeds",
)
@false("zeros only", added=lambda S: [(0, 1 + len(S), 0)])
@false("losses a thousandth larger", stretch=1.001)
def widths_2_and_3(cell, _, *, added=embedded_extra, stretch=1.0, context):
    """Every critical loss found at width - 1 is found again, with the inertia that an embedding predicts."""
    data, narrow_model = wave(), FullyConnected((1, cell.width - 1, 1))
    starts = context.by_level(quick=100, standard=200, full=1000)
    narrow = find_critical_points(narrow_model, data, starts=starts, scale=1.5)
    wide = find_critical_points(FullyConnected((1, cell.width, 1)), data, starts=starts, scale=1.5)
    found = []
    for point in narrow:
        nearest = min(wide, key=lambda other: abs(other.loss - stretch * point.loss))
        found.append(bounded("distance of the losses", nearest.loss - stretch * point.loss, 1e-7, loss=point.loss, width=cell.width))
        curvatures = [matrices(narrow_model, point.theta, data, 1, s)[1] for s in range(cell.width - 1)]
        before = _counts(hessian(narrow_model, point.theta, data))
        allowed = {plus(before, extra) for S in curvatures for extra in added(S)}
        known = None if nearest.inertia is None else nearest.inertia.counts in allowed
        found.append(true("the inertia is that of an embedding", known, loss=point.loss, width=cell.width))
    return worst(found, message=f"width {cell.width} meets " + ", ".join(f"{point.loss:.7f}" for point in narrow))


REDUCED = claim(
    "training.condense-and-reduce",
    "A condensed network reduces to the narrow critical point",
    r"\text{at the plateau, neurons merged by orientation and refined give a narrow critical point of the same loss (5\,\%)}",
    symbols={r"\theta_0": "initial parameters"},
    assumptions=[SMALL],
    kind="law",
    relation="existence",
    source=NEURIPS.at("Figure 5"),
    depends_on=["training.plateau", "embedding.reduction.criticality"],
    refuted_by="A plateau whose merged network refines to another loss.",
)


@REDUCED.check(
    "property",
    nothing,
    SEEDS,
    level="standard",
    scope="width 50 to width 2, three seeds (full: ten)",
    tolerance=FIVE_PER_CENT,
    distribution="fixed seeds",
)
@false("large initial weights", scale=1.0)
def merge_and_refine(cell, _, *, scale=1e-3, context):
    """At the plateau merge neurons by orientation, two at most remain; Levenberg-Marquardt then finds a critical point of that loss."""
    model, _, losses, norms, thetas = run_of(cell.seed, scale, context)
    flat = plateaus(norms)
    t = flat[0] if flat else len(norms) // 2
    narrow, theta = condensed(model, thetas[t], 2)
    refined = find_critical_points(narrow, wave(), starts=theta[None], minima=True, tolerance=1e-12)
    distance = abs(refined[0].loss / losses[t] - 1) if refined else np.inf
    return bounded("relative distance of the refined loss", distance, 0.05, seed=cell.seed, plateau=losses[t])


REDUCED.without("small initial weights", merge_and_refine, scale=1.0)
