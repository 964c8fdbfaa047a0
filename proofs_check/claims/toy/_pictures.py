"""Representatives of targets as curves in the plane of two parameters, with the point where the rank drops."""

from functools import cache

import numpy as np

from proofs_check import Figure
from proofs_check.claims._curves import curves, joined, within

REACH = 2.0


@cache
def products() -> Figure:
    """theta_2 theta_3 = c: two branches with a pole between them, and for c = 0 the cross."""
    grid = np.linspace(-REACH, REACH, 81)
    with np.errstate(divide="ignore"):
        drawn = {f"c = {c:g}": (grid, within(c / grid, -REACH, REACH)) for c in (1.0, 0.25)}
    ends = np.array([-REACH, REACH])
    drawn["c = 0: rank 3 on the arms"] = joined((ends, 0 * ends), (0 * ends, ends))
    drawn["crossing: rank 2"] = np.zeros(1), np.zeros(1)
    return curves(
        "Representatives of targets",
        "Hyperbolas theta_2 theta_3 = c for c = 1 and 1/4, and for c = 0 the two axes, whose crossing is the only point of rank two.",
        drawn,
        "theta_2",
        "theta_3",
    )


@cache
def sums() -> Figure:
    """theta_1 + theta_2^p = 1 for p = 1, 2, 3: curves without a singular point."""
    grid = np.linspace(-1.5, 1.5, 61)
    return curves(
        "Representatives of f = x",
        "The points with theta_1 + theta_2^p = 1 are a line, a parabola and a cubic: smooth curves, and the rank is one on all of them.",
        {f"p = {p}": (grid, 1 - grid**p) for p in (1, 2, 3)},
        "theta_2",
        "theta_1",
    )


@cache
def squares() -> Figure:
    """a^2 - b^2 = c for c = 1, -1 and 0: hyperbolas, and a cross where the rank drops."""
    grid = np.linspace(-REACH, REACH, 81)
    outer, inner = np.sqrt(grid**2 + 1), np.sqrt(np.where(np.abs(grid) >= 1, grid**2 - 1, np.nan))
    drawn = {f"c = {c}": joined(*((grid, sign * within(root, 0, REACH)) for sign in (1, -1))) for c, root in ((1, inner), (-1, outer))}
    drawn["c = 0: rank 1 on the arms"] = joined((grid, grid), (grid, -grid))
    drawn["crossing: rank 0"] = np.zeros(1), np.zeros(1)
    return curves(
        "Representatives of f = c x",
        "Hyperbolas a^2 - b^2 = c for c = 1 and -1, and for c = 0 two lines, whose crossing is the only point of rank zero.",
        drawn,
        "a",
        "b",
    )
