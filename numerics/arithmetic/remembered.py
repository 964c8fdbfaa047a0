"""Results of dear functions of models and arrays, kept while a check, its cells and its controls ask for the same instances.

A control changes what is predicted and leaves what is measured as it is, so that a third of all measurements were made before. What is kept
is what a pure function returned for equal arguments. Arrays come out as copies; those inside dataclasses are made read-only.
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

#: Entries of arrays that one function may keep, in its arguments and results together.
ENTRIES = 500_000


def remembered(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Keep the last results of a function whose arguments are numbers, texts, arrays, sequences of these and frozen dataclasses.

    Calls with arguments of any other kind are made anew each time: balls among them, as they depend on the working precision. ``forget`` of
    the function empties what it keeps, which is at most :data:`ENTRIES` large.
    """
    kept: OrderedDict[Hashable, tuple[Result, int]] = OrderedDict()
    held = 0

    @wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        nonlocal held
        try:
            key = (_key(args), _key(tuple(sorted(kwargs.items()))))
        except TypeError:
            return function(*args, **kwargs)
        if key in kept:
            kept.move_to_end(key)
            return _own(kept[key][0])
        found = function(*args, **kwargs)
        weight = _weight((args, tuple(kwargs.values()), found))
        if weight <= ENTRIES:
            kept[key] = _own(_protected(found)), weight
            held += weight
        while held > ENTRIES:
            held -= kept.popitem(last=False)[1][1]
        return found

    def forget() -> None:
        nonlocal held
        kept.clear()
        held = 0

    vars(call)["forget"] = forget
    return call


def _key(value: Any) -> Hashable:
    """What equal arguments have in common and others have not; TypeError where that is not known."""
    kind = type(value)
    if kind in (int, float, str, bool, type(None)):
        return kind, repr(value) if kind is float else value  # 0.0 and -0.0 are two numbers
    if kind in (tuple, list):
        return kind, tuple(map(_key, value))
    if kind is np.ndarray:
        return value.shape, value.dtype.str, value.tobytes() if value.dtype != object else _key_of_entries(value.ravel().tolist())
    if kind.__name__ in ("fmpq", "Fraction"):
        return _key_of_entries([value])
    if is_dataclass(kind) and kind.__dataclass_params__.frozen:  # pyright: ignore[reportAttributeAccessIssue]: no public name for it
        hash(value)
        return kind, value
    raise TypeError(f"{kind.__name__} has no key")


def _key_of_entries(entries: list[Any]) -> Hashable:
    """The key of the entries of an object array, which most often are of one kind."""
    kinds = set(map(type, entries))
    name = kinds.pop().__name__ if len(kinds) == 1 else ""
    if name == "fmpq":  # whose own hash takes five microseconds
        return name, tuple([int(entry.p) for entry in entries]), tuple([int(entry.q) for entry in entries])
    if name == "Fraction":
        return name, tuple([entry.as_integer_ratio() for entry in entries])
    return tuple(map(_key, entries))


def _weight(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.size + 1
    parts = vars(value).values() if is_dataclass(value) else value if isinstance(value, tuple | list) else ()
    return 1 + sum(map(_weight, parts))


def _own(result: Any) -> Any:
    """The result with arrays of its own."""
    if isinstance(result, np.ndarray):
        return result.copy()
    return type(result)(map(_own, result)) if type(result) in (tuple, list) else result


def _protected(result: Any, *, inside: bool = False) -> Any:
    """The result, whose arrays inside dataclasses are read-only from now on."""
    if inside and isinstance(result, np.ndarray):
        result.flags.writeable = False
    parts = vars(result).values() if is_dataclass(result) else result if type(result) in (tuple, list) else ()
    for part in parts:
        _protected(part, inside=inside or is_dataclass(result))
    return result
