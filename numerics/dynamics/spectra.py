r"""The error of a network by frequency over its training: energies, and in which order bands of frequencies have converged.

A band has converged at the first checkpoint from which on its relative error stays below a threshold. Between that checkpoint and the
one before
the moment is not known, so it is an interval, and of two bands an order is known only where their intervals do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.dynamics.fourier import Samples, nudft, samples_of

#: A target has nothing in a band whose energy is below this share of all of it: rounding of a sum of a million terms is 1e-13.
NOTHING = 1e-24


@dataclass(frozen=True)
class Band:
    """Frequencies ``first`` .. ``last``, in periods."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def written(step: float | None) -> str:
    """A step with all its digits, and none that say nothing: 1000001, 0.5."""
    return str(step).removesuffix(".0")


@dataclass(frozen=True)
class Moment:
    """A band's convergence: after checkpoint ``after`` (None: before the first one) and not later than ``at`` (None: not yet)."""

    after: float | None
    at: float | None

    def before(self, other: Moment) -> bool | None:
        """Whether this moment is certainly earlier (True) or later (False) than the other; None where the checkpoints do not tell."""
        if _surely_before(self, other):
            return True
        return False if _surely_before(other, self) else None

    def __str__(self) -> str:
        if self.at is None:
            return f"after {written(self.after)}, not yet"
        return f"by {written(self.at)}" if self.after is None else f"({written(self.after)}, {written(self.at)}]"


def _surely_before(first: Moment, second: Moment) -> bool:
    return first.at is not None and second.after is not None and first.at <= second.after


@dataclass(frozen=True)
class Spectra:
    """At ``steps`` (T,): ``energies`` (T, K) of the error at ``frequencies`` (K,), and those of the target (K,), outputs added up.

    ``sides`` (K,) says how many frequencies an energy stands for: k and -k, but 0 alone, and Nyquist's of even samples alone.
    """

    steps: np.ndarray
    frequencies: np.ndarray
    energies: np.ndarray
    target: np.ndarray
    sides: np.ndarray

    def relative(self, band: Band) -> np.ndarray:
        """sqrt(energy of the error/energy of the target) of a band, (T,); infinite where the target has nothing there.

        Both count k and -k: of a band with all frequencies of even samples it is the relative error in L2.

        :raises ValueError: for a band without a frequency.
        """
        inside = (self.frequencies >= band.first) & (self.frequencies <= band.last)
        if not inside.any():
            raise ValueError(f"band {band} holds none of the frequencies 0 .. {int(self.frequencies[-1])}")
        whole = (self.sides * self.target)[inside].sum()
        if whole <= NOTHING * (self.sides * self.target).sum():
            return np.full(len(self.steps), np.inf)
        return np.sqrt((self.sides * self.energies)[:, inside].sum(axis=1) / whole)

    def moment(self, band: Band, threshold: float) -> Moment:
        """When a band converged."""
        above = np.flatnonzero(~(self.relative(band) < threshold))
        if not len(above):
            return Moment(None, float(self.steps[0]))
        last = int(above[-1])
        return Moment(float(self.steps[last]), float(self.steps[last + 1]) if last + 1 < len(self.steps) else None)


def spectra(samples: Samples, y: Any, outputs: Sequence[Any], steps: Sequence[float], most: int | None = None) -> Spectra:
    """Spectra of ``outputs`` - ``y``, arrays (n, m) or (n,), one for each of the increasing ``steps``, at frequencies 0 .. ``most``
    (Nyquist's by default).

    :raises ValueError: for steps that are not finite or do not increase, ``most`` that is no integer of at least 0,
        numbers that are not finite or whose squares are no floats, other shapes, or ``most`` above Nyquist's frequency.
    """
    if not all(math.isfinite(step) for step in steps):
        raise ValueError(f"steps must be finite, got {list(steps)[:8]}")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
        raise ValueError(f"most must be an integer of at least 0, got {most}")
    if not len(steps) or any(not first < second for first, second in zip(steps, steps[1:], strict=False)):
        raise ValueError(f"steps must increase and be one at least, got {list(steps)[:8]}")
    goal = _columns("y", y, len(samples.x))
    frequencies = np.arange((samples.nyquist if most is None else most) + 1)
    rows = [goal]
    for step, values in zip(steps, outputs, strict=True):
        name = f"outputs at {written(step)}"
        found = _columns(name, values, len(samples.x))
        if found.shape != goal.shape:
            raise ValueError(f"{name} must have shape {goal.shape} as y, got {found.shape}")
        rows.append(found - goal)
    with np.errstate(over="ignore", invalid="ignore"):
        energies = (np.abs(nudft(samples, np.stack(rows).swapaxes(1, 2), frequencies)) ** 2).sum(axis=1)
    if not np.isfinite(energies).all() or (goal.any() and not energies[0].any()):
        raise ValueError(f"y and outputs must have squares that are floats, got sizes up to {max(np.abs(row).max() for row in rows):g}")
    sides = np.where(frequencies == 0, 1.0, 2.0)
    n, even = len(samples.x), np.allclose(np.diff(samples.x), samples.period / len(samples.x), rtol=1e-9, atol=0)
    if even and n % 2 == 0:
        sides[frequencies == n // 2] = 1.0
    return Spectra(np.asarray(steps, dtype=float), frequencies, energies[1:], energies[0], sides)


def _columns(name: str, values: Any, n: int) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n:
        raise ValueError(f"{name} must have shape ({n},) or ({n}, outputs), got {np.shape(values)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def dyadic(most: int) -> list[Band]:
    """0, 1, 2-3, 4-7, ... up to ``most``.

    :raises ValueError: for ``most`` that is no integer of at least 0.
    """
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise ValueError(f"most must be an integer of at least 0, got {most}")
    bands, first = [Band(0, 0)], 1
    while first <= most:
        bands.append(Band(first, min(2 * first - 1, most)))
        first *= 2
    return bands


def bands_of(text: str, most: int) -> list[Band]:
    """Bands written as "1,3,5-8".

    :raises ValueError: for what is none, a band that turns round or comes twice, or one above Nyquist's frequency ``most``.
    """
    bands = []
    for part in text.split(","):
        ends = part.strip().split("-")
        if len(ends) > 2 or not all(end.strip().isascii() and end.strip().isdecimal() for end in ends):
            raise ValueError(f"bands must be written as 1,3,5-8, got {part.strip()!r}")
        band = Band(int(ends[0]), int(ends[-1]))
        if band.first > band.last:
            raise ValueError(f"a band must go from a lower to a higher frequency, got {band}")
        if band.last > most:
            raise ValueError(f"bands must not exceed {most}, Nyquist's frequency of these samples, got {band}")
        if band in bands:
            raise ValueError(f"bands must be different, got {band} twice")
        bands.append(band)
    return bands


def along_first_component(x: np.ndarray) -> Samples:
    """Samples (n, d) by their first principal component, sorted by nothing: places in [0, 1], all of one weight (arXiv:1901.06523,
    Section 4).

    :raises ValueError: where all samples are equal.
    """
    centred = x - x.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    direction = direction * np.sign(direction[np.argmax(np.abs(direction))])
    places = centred @ direction
    length = places.max() - places.min()
    if not length > 0 or not math.isfinite(length):
        raise ValueError("x must hold different samples: along its first principal component all are equal")
    return Samples((places - places.min()) / length, np.full(len(x), 1 / len(x)), 1.0 + 1 / len(x))


def line(x: Any, period: float | None = None) -> Samples:
    """Samples of one input (n,) or (n, 1), those of more by their first principal component.

    :raises ValueError: as :func:`numerics.dynamics.fourier.samples_of`, and for a period where there is more than one input.
    """
    x = np.asarray(x)
    flat = x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x
    if flat.ndim == 1:
        return samples_of(flat, period)
    if flat.ndim != 2 or len(flat) < 2:
        raise ValueError(f"x must have shape (n,) or (n, d) with n >= 2, got {flat.shape}")
    if period is not None:
        raise ValueError(f"period is for one input, got it with {flat.shape[1]}")
    if not np.isfinite(flat).all():
        raise ValueError("x must be finite")
    return along_first_component(flat)


def gaussian_low_pass(x: Any, width: float) -> np.ndarray:
    """The matrix (n, n) that takes values at samples x (n, d) to their means under a Gaussian of deviation ``width``: what is left is
    of low frequency
    (arXiv:1901.06523, Section 5, for inputs of many dimensions).

    :raises ValueError: for a width that is not positive, or samples of another shape.
    """
    points = np.asarray(x, dtype=float)
    if points.ndim != 2 or not len(points):
        raise ValueError(f"x must have shape (n, d), got {points.shape}")
    if not 0 < width < math.inf:
        raise ValueError(f"width must be a positive number, got {width}")
    with np.errstate(over="ignore"):  # of a small width all but the sample itself is infinitely far
        weights = np.exp(-(((points[:, None] - points[None]) / width) ** 2).sum(axis=-1) / 2)
    return weights / weights.sum(axis=1, keepdims=True)


def relative_parts(low_pass: np.ndarray, y: Any, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the low and of the high part: outputs (..., n, m) against y (n, m), both of shape (...).

    :raises ValueError: where y has no low or no high part, to which nothing is relative.
    """
    goal, error = np.asarray(y, dtype=float), np.asarray(outputs, dtype=float) - np.asarray(y, dtype=float)
    size = lambda values: np.linalg.norm(values, axis=(-2, -1))
    low, low_error = low_pass @ goal, low_pass @ error
    parts = {"low": size(low), "high": size(goal - low)}
    for name, part in parts.items():
        if not part > 0:
            raise ValueError(f"y must have a {name} part for errors relative to it, got one of size {part}")
    return size(low_error) / parts["low"], size(error - low_error) / parts["high"]
