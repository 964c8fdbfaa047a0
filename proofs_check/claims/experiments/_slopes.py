"""What the slope tests share: perfect points of a family, well-conditioned designs, and rates of slopes below and from the rank on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.rank.slope import batched_tangents, best_conditioned, slope_test
from proofs_check import Outcome, by_level
from proofs_check.claims._rates import MARGIN, PREDICTED
from proofs_check.context import Context
from theory.models import AbstractModel

OFFSETS = by_level((-1, 0), (-1, 0, 1), (-2, -1, 0, 1, 2))
TRIALS = by_level((60,), (120,), (300,))


@dataclass(frozen=True)
class Family:
    """Perfect points ``points(batch, rng)`` (batch, P) of ``model`` whose model rank is ``rank``.

    Of ``tries`` designs the best conditioned one is taken, of ``spare`` times as many points the best conditioned ones; more than ``most``
    samples show nothing new.
    """

    model: AbstractModel
    points: Callable[[int, np.random.Generator], np.ndarray]
    rank: int
    tries: int
    spare: int = 1
    most: int = 10**6


def slope_rate(context: Context, rng: np.random.Generator, family: Family, n: int, trials: int, *, below: bool, what: str) -> Outcome:
    """Whether with ``n`` samples the slope is one (``below`` the rank), or two or no error, at a rate of at least 0.8."""
    theta = _best_points(family, trials, rng)
    draws = rng.normal(size=(trials, family.tries, n, family.model.input_size))
    x = best_conditioned(family.model, theta, draws, min(family.rank, n))
    found = slope_test(family.model, theta, x, rng.normal(size=(200, family.model.input_size)), rng=rng)
    hits, kind = (found.converged & ~found.first_order, "slope one") if below else (found.first_order, "slope two or exact")
    return context.rate(int(hits.sum()), trials, what=f"{what}, n = {n}: {kind}", at_least=PREDICTED, margin=MARGIN, parts=64)


def _best_points(family: Family, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Where there are points to spare, the best conditioned ones on generic inputs: deep targets are often nearly degenerate."""
    theta = family.points(family.spare * trials, rng)
    if family.spare == 1:
        return theta
    n = 4 * family.rank
    x = np.broadcast_to(rng.normal(size=(n, family.model.input_size)), (len(theta), n, family.model.input_size))
    values = np.linalg.svd(batched_tangents(family.model, theta, x)[1], compute_uv=False)
    return theta[np.argsort(values[:, family.rank - 1] / values[:, 0])[-trials:]]
