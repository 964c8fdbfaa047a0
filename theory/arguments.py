"""What arguments must be: whoever gives another gets one sentence that names it, what was expected and what came."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar, cast

import numpy as np

#: Raises ValueError unless the argument of that name may have that value.
Rule = Callable[[str, Any], Any]
#: Bits beyond which no library computes.
MOST_BITS = 10**7

_F = TypeVar("_F", bound=Callable[..., Any])


def checking(**rules: Rule) -> Callable[[_F], _F]:
    """Have the arguments of the function below checked by their names before it runs; what is left to its default is not looked at.

    :raises TypeError: where the function has no such argument.
    """

    def decorate(function: _F) -> _F:
        signature = inspect.signature(function)
        if unknown := rules.keys() - signature.parameters.keys():
            raise TypeError(f"{getattr(function, '__qualname__', function)} has no arguments {sorted(unknown)}")

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            for name, rule in rules.items():
                if name in given:
                    rule(name, given[name])
            return function(*args, **kwargs)

        return cast(_F, checked)

    return decorate


def whole(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """``value`` as a Python integer from ``least`` to ``most``; raises ValueError, naming the argument, for anything else."""
    integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not integer or value < least or (most is not None and value > most):
        limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise ValueError(f"{name} must be an integer {limits}, got {value!r:.100}")
    return int(value)


def whole_numbers(name: str, values: Any, least: int = 0) -> list[int]:
    """``values``, a sequence of integers of at least ``least``, as Python integers; raises ValueError, naming the argument, for others."""
    if isinstance(values, str | bytes) or not np.iterable(values):
        raise ValueError(f"{name} must hold integers of at least {least}, got {values!r}")
    return [whole(name, value, least) for value in values]


def between(least: int, most: int | None = None) -> Rule:
    """The rule that an argument is an integer in these limits."""
    return lambda name, value: whole(name, value, least, most)


seed = between(0)
bits = between(2, MOST_BITS)


def switch(name: str, value: Any) -> bool:
    """``value`` as a bool. Raises ValueError unless it is True or False, of Python or numpy, or the integer 0 or 1."""
    if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
        raise ValueError(f"{name} must be True or False, got {value!r:.100}")
    return bool(value)


def number(name: str, value: Any, what: str = "a finite number", allowed: Callable[[Any], bool] = math.isfinite) -> None:
    """Raises ValueError unless ``value`` is a real number, an int, float or Fraction or one of numpy, which is ``allowed``."""
    real = isinstance(value, int | float | Fraction | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not allowed(value):
        raise ValueError(f"{name} must be {what}, got {value!r:.100}")


def positive(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a finite number above 0."""
    number(name, value, "a positive number", lambda value: 0 < value < math.inf)


def seconds(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a number of seconds, at least 0; infinitely many are allowed."""
    number(name, value, "a number of seconds, at least 0", lambda value: value >= 0)


def generator(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` draws random numbers as numpy does."""
    if not isinstance(value, np.random.Generator):
        raise ValueError(f"{name} must be a numpy.random.Generator, got {value!r:.100}")


def model(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a model: model(theta, x), with ``n_params``."""
    if not callable(value) or not hasattr(value, "n_params"):
        raise ValueError(f"{name} must be a model, as those of theory.models, got {value!r:.100}")


def array(*dimensions: int) -> Rule:
    """The rule that an argument is an array, or nested lists, of real numbers with that many axes; floats must be finite."""

    def rule(name: str, value: Any) -> None:
        try:
            found = np.asarray(value)
        except ValueError:
            found = None
        if found is None or found.ndim not in dimensions or found.dtype.kind not in "iufO":
            axes = " or ".join(map(str, dimensions))
            raise ValueError(f"{name} must be an array of real numbers with {axes} axes, got {value!r:.100}")
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise ValueError(f"{name} must be finite, got {found[~np.isfinite(found)][0]}")

    return rule
