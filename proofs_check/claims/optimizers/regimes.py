r"""Adam on x^k followed for long: linear convergence on one side of equation 8, spikes and hovering on the other."""

from functools import cache

import numpy as np

from numerics.dynamics.adam_orbits import many_orbits
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import bounded, equal, worst
from theory.dynamics.adam import ratio_of

from . import DEGENERATE, EVEN, NO_CORRECTION, NO_EPS, _pictures

REGIMES = claim(
    "adam.degenerate.regimes",
    "Adam on a power: linear convergence where equation 8 holds, spikes or hovering where it fails",
    r"x_0 = 1000\,\eta,\ \beta_2 > \big(\tfrac{k-2}{k}\big)^{2(k-2)}:\quad \beta_1 < \beta_2^{k/(2(k-2))}:\ \ln|x_t| \sim t \ln\rho;"
    r"\quad \beta_1 > \beta_2^{k/(2(k-2))}:\ \text{no linear fall}",
    clauses={
        "published": r"k = 4,\ \beta_1 = .9:\ \beta_2 = .91, .902 \text{ fall linearly and never have } \eta w l > 2;"
        r"\ .898, .895, .8, .5 \text{ have such steps and do not fall on average}",
        "plane": r"k = 4: \text{ on a grid of } (\beta_1, \beta_2) \text{ away from the curve the side of equation 8 decides}",
        "powers": r"k = 4, 6, 8,\ \beta_2 = .1, .5, .8, .93: \text{ so it does at } \beta_1 = \beta_2^{k/(2(k-2))} \mp .04",
    },
    symbols=["x_t", "k", r"\rho", r"\beta_1", r"\beta_2", r"\eta", "w", "l"],
    assumptions=[
        EVEN,
        NO_EPS,
        NO_CORRECTION,
        Assumption(
            "start",
            r"x_0 = 1000\,\eta",
            unprobed="others stay on the 2-cycle: k = 4, beta = (0, 1/8), x_0 = .51 eta (adam.degenerate.signgd_cycle)",
        ),
    ],
    source=DEGENERATE.at("Theorem 6.1 and figure 3 (three regimes; the boundary between the last two is no sharp change and not tested)"),
    kind="law",
    depends_on=["adam.degenerate.stability"],
    refuted_by="Orbits on a side of equation 8 that behave like those of the other.",
)
STABLE, UNSTABLE = (0.91, 0.902), (0.898, 0.895, 0.8, 0.5)


@cache
def published(steps):
    """For each beta2 the slope of ln|x| over the second half and the share of steps beyond 2."""
    found = many_orbits(4, 0.9, STABLE + UNSTABLE, steps=steps)
    return {beta2: (float(slope), float(beyond)) for beta2, slope, beyond in zip(STABLE + UNSTABLE, found.slope, found.beyond, strict=True)}


PUBLISHED = axes(beta2=STABLE + UNSTABLE)


@REGIMES.check(
    "property",
    lambda cell, rng: cell.beta2,
    PUBLISHED,
    clauses="published",
    tolerance="1e-3 of ln rho: half of the steps lie behind the transient, whose drift is below 1 (adam.degenerate.rate)",
)
@false("boundary at sqrt(beta2)", stable=lambda beta2: beta2**0.5 > 0.9)
@false("boundary at beta2^2", stable=lambda beta2: beta2**2 > 0.9)
@false("boundary at 0.9 + 0.005", stable=lambda beta2: beta2 > 0.905)
def runs(cell, beta2, *, stable=lambda beta2: beta2 > 0.9, context):
    """The slope of ln|x| over the second half, and the share of steps beyond 2."""
    steps = context.by_level(quick=8000, standard=20_000, full=100_000)
    (slope, beyond), falls = published(steps)[beta2], bool(stable(beta2))
    rate = float(np.log(ratio_of(4, beta2)))
    observed = slope < rate / 2
    outcomes = [equal(falls_linearly=(falls, observed), never_beyond_two=(falls, beyond == 0))]
    if observed and falls:
        outcomes.append(bounded("slope over ln rho, less 1", slope / rate - 1, 1e-3))
    return worst(outcomes, figures=[_pictures.falls()] if beta2 == STABLE[0] else [])


POWERS = {"k": (4, 6, 8), "beta2": (0.1, 0.5, 0.8, 0.93), "side": ("below", "above")}


def curve(k, beta2):
    """Where equation 8 is an equality; at k = 4 all exponents that are 1 there agree."""
    return beta2 ** (k / (2 * (k - 2)))


def beside(k, beta2, side):
    return curve(k, beta2) + (0.04 if side == "above" else -0.04)


@cache
def slopes_of_powers(k, steps):
    """The slope of ln|x| over the second half, by (beta2, side)."""
    places = [(beta2, side) for beta2 in POWERS["beta2"] for side in POWERS["side"]]
    found = many_orbits(k, [beside(k, *place) for place in places], [beta2 for beta2, _ in places], steps=steps)
    return dict(zip(places, found.slope.tolist(), strict=True))


@REGIMES.check(
    "property",
    lambda cell, rng: beside(cell.k, cell.beta2, cell.side),
    axes(**POWERS),
    clauses="powers",
    tolerance="1e-3 of ln rho, as for the published runs",
)
@false("beta2 whatever k is", boundary=lambda k, beta2: beta2)
@false("beta2^(2/(k - 2))", boundary=lambda k, beta2: beta2 ** (2 / (k - 2)))
@false("beta2^(k/4)", boundary=lambda k, beta2: beta2 ** (k / 4))
def other_powers(cell, beta1, *, boundary=curve, context):
    """Orbits on either side of the curve."""
    steps = context.by_level(quick=8000, standard=20_000, full=100_000)
    slope, rate = slopes_of_powers(cell.k, steps)[cell.beta2, cell.side], float(np.log(ratio_of(cell.k, cell.beta2)))
    falls, observed = beta1 < boundary(cell.k, cell.beta2), slope < rate / 2
    outcomes = [equal(falls_linearly=(falls, observed))]
    if falls and observed:
        outcomes.append(bounded("slope over ln rho, less 1", slope / rate - 1, 1e-3))
    return worst(outcomes)


SIZES = axes(cells=by_level((10,), (20,), (50,)))


@REGIMES.check(
    "property",
    lambda cell, rng: cell.cells,
    SIZES,
    clauses="plane",
    level="standard",
    scope="k = 4; |beta1 - beta2| > 0.02, beta2 > 1/5, beta2 < 0.99",
    tolerance="half a per cent of the orbits: those that take longer than the run to settle",
)
@false("boundary at sqrt(beta2)", boundary=lambda beta2: beta2**0.5)
@false("existence for stability", boundary=lambda beta2: beta2**0.75)
def grid(cell, cells, *, boundary=lambda beta2: beta2, context):
    """Orbits from x = 1000 eta at the centres of a grid: 20,000 steps, at level full 100,000."""
    middle = (np.arange(cells) + 0.5) / cells
    beta1, beta2 = np.meshgrid(middle, middle)
    steps = context.by_level(quick=5000, standard=20_000, full=100_000)
    log, slope = plane_orbits(cells, steps)
    falls = slope < np.log(ratio_of(4, beta2)) / 2
    tested = (np.abs(beta1 - beta2) > 0.02) & (beta2 > 0.2) & (beta2 < 0.99)
    wrong = tested & (falls != (beta1 < boundary(beta2)))
    shown = [[float(b1), float(b2)] for b1, b2 in zip(beta1[wrong][:5], beta2[wrong][:5], strict=True)]
    share = float(wrong.sum() / tested.sum())
    return worst([bounded("share of orbits on the wrong side", share, 0.005, some=shown)], figures=[heatmap(middle, log)])


@cache
def plane_orbits(cells, steps):
    middle = (np.arange(cells) + 0.5) / cells
    beta1, beta2 = np.meshgrid(middle, middle)
    found = many_orbits(4, beta1, beta2, steps=steps)
    return found.log_size, found.slope


def heatmap(middle, log):
    """ln|x| at the end, cut off below."""
    return Figure(
        kind="heatmap",
        title="ln|x| at the end of long runs of Adam on x^4/4, cut off at -100",
        alt="Runs with beta1 below beta2 end at very small values, those above hover near ln(eta/2).",
        x_label="beta1",
        y_label="beta2",
        data={
            "x": [round(float(b), 3) for b in middle],
            "y": [round(float(b), 3) for b in middle],
            "values": np.clip(log, -100, 0).round(1).tolist(),
        },
    )
