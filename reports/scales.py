"""From values to places in a picture: linear and logarithmic scales with the ticks that a reader would choose, and places of names."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.wording import number

#: Room beyond the data on either side, as a part of their range.
MARGIN = 0.05
#: Values that differ by less than this, relatively, are one value.
_ONE = 1e-12
#: Numbers of at least this size, or with more decimals, are written as powers of ten.
_LARGE, _DECIMALS = 1e5, 5

#: Exponent of the least power of ten that is written.
_LEAST = -307

Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from ``low`` to ``high`` lie between the places ``start`` and ``stop``, in points; logarithms where ``logarithmic``."""

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The place of ``value``; NaN where it has none."""
        if self.logarithmic:
            if not value > 0:
                return math.nan
            low, high, value = math.log(self.low), math.log(self.high), math.log(value)
        else:
            low, high, value = self.low / 2, self.high / 2, value / 2  # a difference of the largest floats is not finite
        return self.start + (self.stop - self.start) * (value - low) / (high - low)

    def between(self, start: float, stop: float) -> Scale:
        """The same values between other places."""
        return Scale(self.low, self.high, start, stop, self.logarithmic)

    def ticks(self, most: int, *, whole: bool = False) -> Ticks:
        """At most about ``most`` values with their names, at ``whole`` numbers only where asked for."""
        if self.logarithmic:
            values = _powers(self.low, self.high, most)
            if len(values) > 1:
                return [(value, number(value)) for value in values]
        return _multiples(self.low, self.high, most, whole)


def over(values: Iterable[float], *, logarithmic: bool = False, margin: float = MARGIN, base: float | None = None) -> Scale:
    """The scale of all finite ``values``, logarithmic where asked for and one is positive (and no subnormal number), with room beyond them
    but not beyond ``base``.
    """
    known = [value for value in values if math.isfinite(value)]
    positive = [value for value in known if value > 0]
    if logarithmic and positive and max(positive) > 10.0**_LEAST:
        low, high = math.log10(min(positive)), math.log10(max(positive))
        pad = margin * (high - low) if high - low > _ONE else 0.5
        return Scale(10 ** max(low - pad, -323.0), 10 ** min(high + pad, 308.0), 0.0, 1.0, True)
    known += [] if base is None else [base]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    size = max(abs(low), abs(high))
    if high / 2 - low / 2 <= _ONE * size:
        spread = size / 10 if size > 1e-300 else 1.0
        low, high = low - spread, high + spread
    pad = 2 * margin * (high / 2 - low / 2)
    largest = sys.float_info.max
    return Scale(low if low == base else max(low - pad, -largest), high if high == base else min(high + pad, largest), 0.0, 1.0)


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, each of them or every second, fifth, ..., and twice and five times them where hardly one is in view."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if high >= 100 * low:
        step = int(_step((last - first + 1) / most, whole=True)[0])
        exponents = range(max(step * math.ceil(first / step), _LEAST), last + 1, step)
        return [float(f"1e{exponent}") for exponent in exponents]
    tried = (float(f"{lead}e{exponent}") for exponent in range(first - 1, last + 1) for lead in (1, 2, 5))
    return [value for value in tried if low <= value <= high]


def _multiples(low: float, high: float, most: int, whole: bool) -> Ticks:
    step, decimals = _step((high / 2 - low / 2) / most * 2, whole)
    values = [step * count for count in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    if max(abs(low), abs(high)) < _LARGE and decimals <= _DECIMALS:
        return [(value, f"{value + 0.0:.{decimals}f}".replace("-", "−")) for value in values]
    digits = max((math.ceil(math.log10(abs(value) / step)) + 2 for value in values if value), default=3)
    return [(value, number(value, max(1, min(digits, 15)))) for value in values]


def _step(least: float, whole: bool) -> tuple[float, int]:
    """The least of 1, 2, 2.5 and 5 times a power of ten that is not below ``least``, and its decimals; from 1 on for ``whole`` numbers."""
    exponent = math.floor(math.log10(max(least, 1e-320)))
    for power in (exponent, exponent + 1):
        for lead in (1.0, 2.0, 2.5, 5.0):
            step = lead * float(f"1e{power}")
            if step >= least * (1 - 1e-9) and not (whole and (step < 1 or step != int(step))):
                return step, max(0, -power + (lead == 2.5))
    return (1.0, 0) if whole else (10 * float(f"1e{exponent + 1}"), max(0, -exponent - 2))
