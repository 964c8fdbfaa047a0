"""Results of dear functions of models and arrays, kept while a check, its cells and its controls ask for the same instances.

A control changes what is predicted and leaves what is measured as it is, so that a third of all measurements were made before. What is kept
is what a pure function returned for equal arguments; arrays in it are made read-only, so that nobody changes them for the next.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def remembered(most: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Keep the last ``most`` results of a function whose arguments are numbers, texts, arrays, sequences of these and frozen dataclasses.

    Calls with arguments of any other kind are made anew each time. ``forget`` of the function empties what it keeps.
    """

    def keeping(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        kept: OrderedDict[Hashable, Result] = OrderedDict()

        @wraps(function)
        def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            try:
                key = (_key(args), _key(tuple(sorted(kwargs.items()))))
            except TypeError:
                return function(*args, **kwargs)
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
            found = function(*args, **kwargs)
            _protect(found)
            kept[key] = found
            if len(kept) > most:
                kept.popitem(last=False)
            return found

        vars(call)["forget"] = kept.clear
        return call

    return keeping


def _key(value: Any) -> Hashable:
    """What equal arguments have in common and others have not; TypeError where that is not known."""
    kind = type(value)
    if kind in (int, float, str, bool, type(None)):
        return kind, repr(value) if kind is float else value  # 0.0 and -0.0 are two numbers
    if kind in (tuple, list):
        return kind, tuple(map(_key, value))
    if kind is np.ndarray:
        return value.shape, value.dtype.str, value.tobytes() if value.dtype != object else tuple(map(_key, value.ravel().tolist()))
    if kind.__name__ in ("fmpq", "Fraction"):
        return kind.__name__, value
    if is_dataclass(kind) and kind.__dataclass_params__.frozen:  # pyright: ignore[reportAttributeAccessIssue]: no public name for it
        hash(value)
        return kind, value
    raise TypeError(f"{kind.__name__} has no key")


def _protect(result: Any) -> None:
    """Make the arrays of a result read-only."""
    parts = vars(result).values() if is_dataclass(result) else result if isinstance(result, tuple | list) else [result]
    for part in parts:
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
