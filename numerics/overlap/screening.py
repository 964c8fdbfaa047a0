"""Candidates for two-point overlaps, screened in batches over initializations.

The orbit of grad f(., x_1) through theta_0 is the graph of h_1: f(., x_1) -> f(., x_2), that of grad f(., x_2) the graph of h_2 the other
way round. The two graphs meet at f(theta_0, .); every further crossing is a pair of points p_1, p_2 with the same values on both samples,
each the limit of gradient flow on one of them. Crossings are found by sign changes and sorted into kinds before anything is refined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.flows.flow import runge_kutta, value_and_jacobian
from numerics.overlap.found import Watch
from theory.models import TwoLayer

#: Starts that are screened in one go.
BATCH = 250
#: Arc length of an orbit followed in either direction, and the Runge-Kutta step along it.
REACH, STEP = 6.0, 0.04
#: Below these a crossing counts as zero-label, as one point, as the start, as the same function.
ZERO_LABEL, ONE_POINT, TRIVIAL, SAME_FUNCTION = 0.05, 0.02, 0.02, 1e-3


@dataclass(frozen=True)
class Candidate:
    """One crossing: start, inputs (2, d), labels, limits (2, P), the ``kind`` it is sorted into."""

    theta0: np.ndarray
    inputs: np.ndarray
    labels: tuple[float, float]
    limits: np.ndarray
    kind: str

    @property
    def distance(self) -> float:
        """|p_1 - p_2|."""
        return float(np.linalg.norm(self.limits[0] - self.limits[1]))


def classify(model: TwoLayer, theta0: Any, labels: Sequence[float], limits: Any, *, scale: float = 1.0) -> str:
    """The kind of a pair of limits: zero-label, trivial (the start itself), one-point (equal), symmetric (one function) or generic.

    Why kinds matter: zero labels give overlaps for every sigma > 0, symmetric ones are the same function, and interpolation noise on
    coinciding curves looks like crossings. ``scale`` multiplies the thresholds.
    """
    p, q = limits
    if min(map(abs, labels)) < ZERO_LABEL * scale:
        return "zero-label"
    if min(np.linalg.norm(p - theta0), np.linalg.norm(q - theta0)) < TRIVIAL * scale:
        return "trivial"
    if np.linalg.norm(p - q) < ONE_POINT * scale:
        return "one-point"
    tests = np.random.default_rng(0).normal(size=(8, model.inputs))
    values = [value_and_jacobian(model, point, tests)[0] for point in (p, q)]
    return "symmetric" if np.abs(values[0] - values[1]).max() < SAME_FUNCTION * scale else "generic"


def draw(model: TwoLayer, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` starts (count, P) and pairs of inputs (count, 2, d), three decimals each."""
    theta0 = np.round(rng.normal(0, 1.5, (count, model.n_params)), 3)
    x = rng.normal(0, 1, (count, 2, model.inputs)) * np.exp(rng.normal(0, 0.8, (count, 2, 1)))
    x = np.round(x, 3)
    x[np.abs(x).sum(-1) == 0] = 1.0
    return theta0, x


def orbits(model: TwoLayer, theta0: np.ndarray, x: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """Points (2 K + 1, B, P) of the unit-speed orbits of grad f(., x) through ``theta0`` (B, P), x (B, d), f increasing along the
    first axis.
    """
    theta, inputs, back = _on_device(theta0, device), _on_device(x[:, None, :], device), _from_device(device)

    def uphill(theta: Any) -> Any:
        gradient = value_and_jacobian(model, theta, inputs)[1][:, 0]
        return gradient / ((gradient * gradient).sum(-1)[:, None] ** 0.5 + 1e-12)

    halves = []
    for sign in (-1, 1):
        points, current = [], theta
        for _ in range(round(REACH / STEP)):
            current = runge_kutta(uphill, current, step=sign * STEP, steps=1)
            points.append(back(current))
        halves.append(points)
    return np.stack([*reversed(halves[0]), theta0, *halves[1]])


def _on_device(array: np.ndarray, device: str) -> Any:
    if device == "cpu":
        return array
    import torch

    return torch.as_tensor(array, dtype=torch.float64, device=device)


def _from_device(device: str) -> Any:
    return (lambda array: array) if device == "cpu" else (lambda array: array.cpu().numpy())


def screen(model: TwoLayer, theta0: np.ndarray, x: np.ndarray, *, device: str = "cpu") -> list[Candidate]:
    """All crossings of the two orbits of each start, sorted into kinds; ``theta0`` (B, P), ``x`` (B, 2, d)."""
    paths = [orbits(model, theta0, x[:, i], device=device) for i in (0, 1)]  # each (K, B, P)
    values = [[value_and_jacobian(model, path, x[None, :, j, None, :])[0][..., 0] for j in (0, 1)] for path in paths]
    found = []
    for b in range(len(theta0)):
        if all(np.isfinite(values[i][j][:, b]).all() for i in (0, 1) for j in (0, 1)):
            found += _crossings(model, theta0[b], x[b], [path[:, b] for path in paths], [[v[:, b] for v in row] for row in values])
    return found


def screened(
    model: TwoLayer, start: Sequence[Any] | np.ndarray | None, bias: bool, candidates: int, seed: int, watch: Watch, *, device: str = "cpu"
) -> tuple[list[Candidate], dict[str, int]]:
    """The crossings of so many starts of ``seed`` (or of the one ``start``), and how many of each kind, as long as there is time."""
    theta0, x = draw(model, np.random.default_rng(seed), candidates)
    if bias:
        x[:, :, -1] = 1.0
    if start is not None:
        theta0[:] = [float(value) for value in start]
    found: list[Candidate] = []
    for k in range(0, candidates, BATCH):
        if watch.expired:
            break
        watch.say(f"{k} of {candidates} starts screened")
        with np.errstate(all="ignore"):
            found += screen(model, theta0[k : k + BATCH], x[k : k + BATCH], device=device)
    return found, counts(found)


def _crossings(
    model: TwoLayer, theta0: np.ndarray, x: np.ndarray, paths: list[np.ndarray], values: list[list[np.ndarray]]
) -> list[Candidate]:
    (first, seen), (back, second) = values  # f(p_1, x_1), f(p_1, x_2); f(p_2, x_1), f(p_2, x_2)
    if (np.diff(first) <= 0).any() or (np.diff(second) <= 0).any():  # an orbit that stalls at a critical point
        keep = [_increasing(first), _increasing(second)]
        paths = [path[k] for path, k in zip(paths, keep, strict=True)]
        first, seen, back, second = first[keep[0]], seen[keep[0]], back[keep[1]], second[keep[1]]
    gap = np.interp(seen, second, back, left=np.nan, right=np.nan) - first
    found = []
    for k in np.flatnonzero(gap[:-1] * gap[1:] < 0):
        share = gap[k] / (gap[k] - gap[k + 1])
        p = paths[0][k] + share * (paths[0][k + 1] - paths[0][k])
        labels = first[k] + share * (first[k + 1] - first[k]), seen[k] + share * (seen[k + 1] - seen[k])
        q = np.array([np.interp(labels[1], second, column) for column in paths[1].T])
        limits = np.stack([p, q])
        found.append(Candidate(theta0, x, labels, limits, classify(model, theta0, labels, limits)))
    return found


def _increasing(values: np.ndarray) -> np.ndarray:
    """Indices of the stretch around the middle on which ``values`` strictly increases."""
    rises = np.diff(values) > 0
    middle = len(values) // 2
    falls = np.flatnonzero(~rises)
    low = falls[falls < middle].max() + 1 if (falls < middle).any() else 0
    high = falls[falls >= middle].min() if (falls >= middle).any() else len(values) - 1
    return np.arange(low, high + 1)


def counts(candidates: Sequence[Candidate]) -> dict[str, int]:
    """How many crossings of each kind."""
    return dict(Counter(candidate.kind for candidate in candidates))
