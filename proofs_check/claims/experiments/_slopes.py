"""What the slope tests share: perfect points of a family, well-conditioned designs, and rates of slopes below and from the rank on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from proofs_check import Check, Control, Outcome
from proofs_check.claims._rates import decide
from theory.models import AbstractModel


@dataclass(frozen=True)
class Family:
    """Perfect points ``points(batch, rng)`` (batch, P) of ``model`` whose model rank is ``rank``; ``number`` names its random numbers.

    Of ``tries`` designs the best conditioned one is taken, of ``spare`` times as many points the best conditioned ones; more than ``most``
    samples show nothing new.
    """

    number: int
    model: AbstractModel
    points: Callable[[int, np.random.Generator], np.ndarray]
    rank: int
    tries: int
    spare: int = 1
    most: int = 10**6


def check_slope(instance, *, families, size, context) -> Outcome:
    """Rates of slope one below the rank, and of slope two or no error from the rank on."""
    from numerics.rank.slope import best_conditioned, slope_test

    name, offset, trials = instance
    family = families()[name]
    n, rng = size(family.rank) + offset, context.rng(family.number, offset)
    theta = best_points(family, trials, rng)
    draws = rng.normal(size=(trials, family.tries, n, family.model.input_size))
    x = best_conditioned(family.model, theta, draws, min(family.rank, n))
    found = slope_test(family.model, theta, x, rng.normal(size=(200, family.model.input_size)), rng=rng)
    good, expected = (found.converged & ~found.first_order, "slope one") if offset < 0 else (found.first_order, "slope two or exact")
    return decide(int(good.sum()), trials, True, alpha=context.spend(64), what=f"{name}, n = {n}: {expected}")


def best_points(family: Family, trials: int, rng) -> np.ndarray:
    """Where there are points to spare, the best conditioned ones on generic inputs: deep targets are often nearly degenerate."""
    from numerics.rank.slope import batched_tangents

    theta = family.points(family.spare * trials, rng)
    if family.spare == 1:
        return theta
    n = 4 * family.rank
    x = np.broadcast_to(rng.normal(size=(n, family.model.input_size)), (len(theta), n, family.model.input_size))
    values = np.linalg.svd(batched_tangents(family.model, theta, x)[1], compute_uv=False)
    return theta[np.argsort(values[:, family.rank - 1] / values[:, 0])[-trials:]]


def slopes(families: Callable[[], Mapping[str, Family]], *, scope: str, distribution: str) -> Check:
    """The check of every family at sample sizes around its rank."""

    def cells(context):
        trials = context.by_level(quick=60, standard=120, full=300)
        offsets = context.by_level(quick=(-1, 0), standard=(-1, 0, 1), full=(-2, -1, 0, 1, 2))
        known = families()
        return [(name, offset, trials) for name in known for offset in offsets if known[name].rank + offset <= known[name].most]

    return Check(
        "slopes",
        evidence="training",
        covers="instances",
        scope=scope,
        run=check_slope,
        instances=cells,
        distribution=distribution,
        alpha=1e-5,
        parameters={"families": families, "size": lambda rank: rank},
        controls=[
            Control("one sample later", size=lambda rank: rank + 1),
            Control("one sample earlier", size=lambda rank: rank - 1),
        ],
    )
