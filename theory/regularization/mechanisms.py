"""The two overlap mechanisms as objects, each hypothesis a named number that must vanish (or must not).

*Two-point*: two datasets share two solutions, and gradient flow from the same theta_0 reaches one on the first and the other on
the second; then no strict G exists. *One-point*: several datasets have the same limit, their solution curves crossing there
transversally; then the gradient of every weak differentiable G vanishes at the limit. Values may be of any arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.regularization.first_integrals import conserved

Integral = Callable[[Any], Any]


@dataclass(frozen=True)
class Sample:
    """An input x (its coordinates) with its label y."""

    x: tuple[Any, ...]
    y: Any

    def __post_init__(self) -> None:
        if all(coordinate == 0 for coordinate in self.x):
            raise ValueError("a sample must have x != 0: at x = 0 gradient flow moves no input weight and conserves nothing")


@dataclass(frozen=True)
class Neuron:
    """f(x) = output * sigma(weights . x)."""

    output: Any
    weights: tuple[Any, ...]

    def preactivation(self, x: Sequence[Any]) -> Any:
        """w . x."""
        return sum(w * c for w, c in zip(self.weights, x, strict=True))

    def value(self, activation: Callable, x: Sequence[Any]) -> Any:
        """a sigma(w . x)."""
        return self.output * at(activation, self.preactivation(x))

    def conserved(self, x: Sequence[Any], integral: Integral) -> Any:
        """I_x = a^2/2 - G(w . x)/|x|^2."""
        return conserved(self.output, self.weights, x, integral)


def at(activation: Callable, z: Any) -> Any:
    """The activation of a single number of any arithmetic."""
    if isinstance(z, float | int | np.floating):
        return activation(np.asarray(float(z)))[()]
    entry = np.empty(1, dtype=object)
    entry[0] = z
    return activation(entry)[0]


def _along(start: Neuron, end: Neuron, x: Sequence[Any]) -> list[Any]:
    """The 2x2 minors of (w_end - w_start, x), which vanish when the weight moved along x."""
    moved = [b - a for a, b in zip(start.weights, end.weights, strict=True)]
    pairs = [(i, j) for i in range(len(x)) for j in range(i)]
    return [moved[i] * x[j] - moved[j] * x[i] for i, j in pairs]


def reached(start: Neuron, end: Neuron, sample: Sample, activation: Callable, integral: Integral) -> dict[str, Any]:
    """What must vanish for ``end`` to be the point of the orbit of ``start`` that fits ``sample``."""
    conditions = {
        "fits its sample": end.value(activation, sample.x) - sample.y,
        "first integral": end.conserved(sample.x, integral) - start.conserved(sample.x, integral),
    }
    return conditions | {f"moved along x ({k})": minor for k, minor in enumerate(_along(start, end, sample.x))}


@dataclass(frozen=True)
class TwoPointOverlap:
    """``limits[i]`` is where gradient flow from ``start`` ends on ``samples[i]``, and both limits fit both samples."""

    start: Neuron
    samples: tuple[Sample, Sample]
    limits: tuple[Neuron, Neuron]

    def vanishing(self, activation: Callable, integral: Integral) -> dict[str, Any]:
        """Every hypothesis as a number that must vanish; the limits must differ besides (:attr:`distance_squared`)."""
        conditions: dict[str, Any] = {}
        for i, (sample, limit) in enumerate(zip(self.samples, self.limits, strict=True), start=1):
            own = reached(self.start, limit, sample, activation, integral)
            conditions |= {f"limit {i}: {name}": value for name, value in own.items()}
        for i, j in ((0, 1), (1, 0)):
            defect = self.limits[i].value(activation, self.samples[j].x) - self.samples[j].y
            conditions[f"limit {i + 1} fits sample {j + 1}"] = defect
        return conditions

    @property
    def distance_squared(self) -> Any:
        """|p_1 - p_2|^2."""
        p, q = self.limits
        pairs = [(p.output, q.output), *zip(p.weights, q.weights, strict=True)]
        return sum((a - b) * (a - b) for a, b in pairs)

    def swapped(self) -> TwoPointOverlap:
        """The false twin in which each sample leads to the other's limit."""
        return TwoPointOverlap(self.start, self.samples, (self.limits[1], self.limits[0]))


@dataclass(frozen=True)
class OnePointOverlap:
    """Gradient flow from ``start`` ends at ``limit`` on each of ``samples`` alone."""

    start: Neuron
    samples: tuple[Sample, ...]
    limit: Neuron

    def vanishing(self, activation: Callable, integral: Integral) -> dict[str, Any]:
        """The quantities that must be 0, by name: for each sample, that its flow can lead from the start to the limit."""
        conditions: dict[str, Any] = {}
        for i, sample in enumerate(self.samples, start=1):
            own = reached(self.start, self.limit, sample, activation, integral)
            conditions |= {f"sample {i}: {name}": value for name, value in own.items()}
        return conditions

    def transversality(self, activation: Any) -> Any:
        """Determinant of the conormals (sigma, a sigma' x) of the first two solution curves (one input); must not vanish."""
        rows = []
        for sample in self.samples[:2]:
            entry = np.empty(1, dtype=object)
            entry[0] = self.limit.preactivation(sample.x)
            value, slope = (jet[0] for jet in activation.jet(entry, 1))
            rows.append((value, self.limit.output * slope * sample.x[0]))
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
