"""Making a counterexample small: drop, zero and round entries for as long as it still fails."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

#: Trials before the reduction is content with what it has.
LIMIT = 500


def reduce_instance(instance: Any, still_fails: Callable[[Any], bool], *, limit: int = LIMIT) -> Any:
    """The smallest instance found by dropping, zeroing and rounding entries of ``instance`` while ``still_fails``.

    Works through lists, tuples, mappings, dataclasses and numpy arrays (an array loses slices along each of its axes; the
    type and data type stay). ``still_fails`` decides which simplifications are instances at all: it must return False for
    those outside the hypotheses. It is called at most ``limit`` times.

    :raises ValueError: when ``instance`` itself does not fail.
    """
    if not still_fails(instance):
        raise ValueError("reduce_instance: still_fails(instance) must be True to begin with, got False")
    trials = 0
    progress = True
    while progress:
        progress = False
        for candidate in simpler(instance):
            if trials >= limit:
                return instance
            trials += 1
            if still_fails(candidate):
                instance, progress = candidate, True
                break
    return instance


def simpler(value: Any) -> Iterator[Any]:
    """Values one step simpler than ``value``, the boldest steps first; each is smaller in size, support or height."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        yield from _simpler_integer(value)
    elif isinstance(value, float | Fraction):
        yield from _simpler_number(value)
    elif isinstance(value, list | tuple):
        yield from _simpler_sequence(value)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from ({**value, key: new} for new in simpler(entry))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.init:
                yield from _replaced(value, field.name)
    elif type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "ndim"):
        yield from _simpler_array(value)


def _replaced(value: Any, name: str) -> Iterator[Any]:
    for new in simpler(getattr(value, name)):
        try:
            yield dataclasses.replace(value, **{name: new})
        except (ValueError, TypeError):
            continue  # its own validation refuses the simpler value


def _simpler_integer(value: int) -> Iterator[int]:
    """The absolute value, then values nearer to 0: 0 and 1 themselves, half way, and so on back to the next one."""
    if value < 0:
        yield -value
    sign = 1 if value > 0 else -1
    steps = [abs(value) >> shift for shift in range(abs(value).bit_length())]
    nearer = [value - sign * step for step in steps]
    yield from dict.fromkeys(nearer[:1] + [sign] * (abs(value) > 1) + nearer[1:])


def _simpler_number(value: float | Fraction) -> Iterator[Any]:
    """0 and simpler whole numbers for a whole one, otherwise the value rounded to few binary digits."""
    kind = type(value)
    if not math.isfinite(value):
        return
    if value == int(value):
        yield from map(kind, _simpler_integer(int(value)))
        return
    yield kind(0)
    for digits in (0, 1, 2, 4, 8, 16):
        rounded = kind(round(value * 2**digits)) / 2**digits
        if rounded == value:
            return
        if rounded != 0:
            yield rounded


def _simpler_sequence(value: list | tuple) -> Iterator[Any]:
    named = hasattr(value, "_fields")
    build = getattr(type(value), "_make", type(value))
    if not named:
        for start, stop in _blocks(len(value)):
            yield build([*value[:start], *value[stop:]])
    for index, entry in enumerate(value):
        yield from (build([*value[:index], new, *value[index + 1 :]]) for new in simpler(entry))


def _simpler_array(value: Any) -> Iterator[Any]:
    import numpy

    for axis in range(value.ndim):
        for start, stop in _blocks(value.shape[axis]):
            yield numpy.delete(value, range(start, stop), axis=axis)
    for start, stop in _blocks(value.size):
        if numpy.any(value.reshape(-1)[start:stop]):
            yield _with_entries(value, slice(start, stop), 0)
    for index, entry in enumerate(value.reshape(-1).tolist()):
        yield from (_with_entries(value, index, new) for new in simpler(entry))


def _with_entries(value: Any, where: int | slice, entry: Any) -> Any:
    changed = value.copy()
    changed.reshape(-1)[where] = entry
    return changed


def _blocks(size: int) -> Iterator[tuple[int, int]]:
    """Half of ``size`` positions, then quarters, down to single ones: few trials when much can go."""
    length = size // 2 if size > 1 else size
    while length:
        yield from ((start, min(start + length, size)) for start in range(0, size, length))
        length //= 2
