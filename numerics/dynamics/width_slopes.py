"""Slopes d log RD/d log m of networks trained at several widths: one seed is one network at every width, and one slope for every layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.dynamics.scaled_flow import relative_distances


@dataclass(frozen=True)
class WidthSlopes:
    """Of B seeds at W ``widths``: ``distances`` (W, B, L), ``slopes`` (B, L), and which seeds were ``fitted`` (B,) at every width.

    A seed that stalled above the loss threshold at some width has no slope; it is counted apart and never averaged in. ``theta`` holds
    where the networks of each width ended, (B, P) each, where it was asked for.
    """

    widths: tuple[int, ...]
    distances: np.ndarray
    slopes: np.ndarray
    fitted: np.ndarray
    theta: Sequence[np.ndarray]

    @property
    def stalled(self) -> int:
        """The number of seeds that were not fitted at every width."""
        return int((~self.fitted).sum())

    def median(self, layer: int) -> float:
        """The median over fitted seeds of the slope of ``layer``. Raises ValueError where none was fitted."""
        if not self.fitted.any():
            raise ValueError(f"no seed was fitted at all widths {self.widths}: there is no slope")
        return float(np.median(self.slopes[self.fitted, layer]))


def slopes_of(distances: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Least-squares slopes (B, L) of log ``distances`` (W, B, L) over log ``widths`` (W,): two or more, positive, all different.

    A layer that has not moved, of distance 0, has the slope inf, -inf or nan. Raises ValueError for widths or distances that are none.
    """
    if len(widths) < 2 or len(set(widths)) < len(widths) or len(distances) != len(widths) or not min(widths) > 0:
        raise ValueError(f"widths must be at least two different numbers above 0, one a row of distances, got {tuple(widths)}")
    if (np.asarray(distances) < 0).any():
        raise ValueError("distances must not be negative")
    logs = np.log(np.asarray(widths, dtype=float))
    centred = (logs - logs.mean()) / ((logs - logs.mean()) ** 2).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.tensordot(centred, np.log(distances), axes=1)


def width_slopes(
    start: Callable[[int, np.random.Generator], tuple[Any, np.ndarray]],
    data: tuple[Any, Any],
    *,
    widths: Sequence[int],
    seeds: int,
    rng: np.random.Generator,
    stop: float,
    keep_theta: bool = False,
    keep_unmoved: bool = False,
    **more: Any,
) -> WidthSlopes:
    """Train ``seeds`` networks at every one of ``widths`` from ``start(width, rng)`` -> (model, theta) and fit the slopes.

    Every network has a stream of its own, split off ``rng``; ``keep_theta`` keeps where each ended. ``stop`` and ``more`` go to
    :func:`numerics.dynamics.scaled_flow.relative_distances`. Raises ValueError for widths that are no different positive integers, and
    where a network is fitted from its start on, so that no distance has a logarithm; ``keep_unmoved`` takes those, their slopes nan.
    """
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds!r}")
    if len(set(widths)) < max(2, len(widths)) or any(width != int(width) or width < 1 for width in widths):
        raise ValueError(f"widths must be at least two different positive integers, got {tuple(widths)}")
    distances, fitted, theta = [], np.ones(seeds, dtype=bool), []
    for width in widths:
        drawn = [start(int(width), own) for own in rng.spawn(seeds)]
        found = relative_distances(drawn[0][0], np.array([theta for _, theta in drawn]), data, stop=stop, **more)
        if not keep_unmoved and (found.fitted & ~found.sup.any(axis=1)).any():
            raise ValueError(
                f"stop must be below the loss at the start, got {stop!r}: a network of width {width} is fitted before it moves"
            )
        distances.append(found.sup)
        if keep_theta:
            theta.append(found.theta)
        fitted &= found.fitted
    stacked = np.array(distances)
    return WidthSlopes(tuple(map(int, widths)), stacked, slopes_of(stacked, widths), fitted, theta)
