"""Whether two values agree, across all arithmetics of the house, and the trail of what was compared.

Numbers of every exact type agree with each other; what is not decided (``None``, an open rank, balls that overlap) is None. The engine
follows the comparisons of a check (:func:`followed`), and has predictions made false before they are compared.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

#: Characters of a value in a message.
BRIEF = 100
#: Most pairs of numbers that one instance leaves for a picture, and the entries of a list, array or matrix that are among them.
PAIRS, ENTRIES = 100, 4
#: Numbers beyond this are no counts, ranks or rates; a picture of them shows their size alone.
LARGEST = 1e6


@dataclass
class Trail:
    """What was compared while an instance was decided: how often, in which arithmetic, with predictions made false or not.

    ``pairs`` are (relation, predicted, measured) of what are numbers, for a picture.
    """

    false: bool = False
    comparisons: int = 0
    arithmetic: set[str] = field(default_factory=set)
    pairs: list[tuple[str, float, float]] = field(default_factory=list)


_TRAIL: ContextVar[Trail | None] = ContextVar("trail", default=None)


@contextmanager
def followed(*, false: bool = False) -> Iterator[Trail]:
    """Record the comparisons in a block; with ``false`` every prediction in it is made false first."""
    trail = Trail(false)
    token = _TRAIL.set(trail)
    try:
        yield trail
    finally:
        _TRAIL.reset(token)


def compared(*values: Any) -> bool:
    """Count one comparison; whether its prediction is to be made false."""
    trail = _TRAIL.get()
    if trail is None:
        return False
    trail.comparisons += 1
    for value in values:
        trail.arithmetic.update(_arithmetic(value))
    return trail.false


def noted(relation: str, predicted: Any, measured: Any) -> None:
    """Keep a prediction (relation "equal", "at most" or "at least") and what was measured, where they are numbers (their first entries)."""
    trail = _TRAIL.get()
    if trail is None or trail.false or len(trail.pairs) >= PAIRS:
        return
    first, second = (list(islice(_leaves(value), ENTRIES)) for value in (predicted, measured))
    if len(first) == len(second):
        found = [(_point(a), _point(b)) for a, b in zip(first, second, strict=True)]
        trail.pairs += [(relation, a, b) for a, b in found if a is not None and b is not None]


def _leaves(value: Any) -> Iterator[Any]:
    entries = entries_of(value)
    if entries is None:
        yield value
    for entry in entries or ():
        yield from _leaves(entry)


def _point(value: Any) -> float | None:
    """A number as a place on an axis: a rank that is decided, the middle of a ball; None for what is none."""
    if is_rank(value):
        value = value.rank
    if isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b":
        return None
    exact = _exact(value)
    try:
        found = float(value.mid()) if type(value).__name__ == "arb" else None if exact is None else float(exact)
    except OverflowError:
        return None
    return found if found is not None and abs(found) <= LARGEST else None


def agree(expected: Any, observed: Any) -> bool | None:
    """Whether two values are equal, None where that is not decided: see :func:`equal`."""
    if expected is None or observed is None:
        return None
    if is_rank(observed) or is_rank(expected):
        rank, other = (observed, expected) if is_rank(observed) else (expected, observed)
        return _agrees_with_rank(other, rank)
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        if set(expected) != set(observed):
            return False
        return _all(agree(value, observed[name]) for name, value in expected.items())
    if isinstance(expected, set | frozenset) and isinstance(observed, set | frozenset):
        return expected == observed
    first, second = entries_of(expected), entries_of(observed)
    if first is None and second is None:
        return _same(expected, observed)
    if first is None or second is None or len(first) != len(second):
        return False
    return _all(map(agree, first, second))


def another(value: Any) -> Any:
    """A value that differs from ``value``: the next integer, the other truth value, a list or array with one other entry."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + " (another)"
    if is_rank(value):
        return another(value.rank)
    if isinstance(value, Mapping):
        names = list(value)
        return {**value, names[0]: another(value[names[0]])} if names else {"another": 1}
    if isinstance(value, set | frozenset):
        return set(value) ^ {"another"}
    if _is_array(value) and value.ndim:
        changed = value.astype(object) if value.size else value
        if not value.size:
            return [1]
        changed = changed.copy()
        changed.flat[0] = another(value.flat[0])
        return changed
    entries = entries_of(value)
    if entries is not None:
        return [another(entries[0]), *entries[1:]] if entries else [1]
    if isinstance(value, float):
        return value + 1 + abs(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return not value if value.dtype.kind == "b" else value + type(value)(1)
    try:
        return value + 1
    except TypeError:
        return ("anything but", str(value))


def _same(expected: Any, observed: Any) -> bool | None:
    """Equality of two single values."""
    first, second = _exact(expected), _exact(observed)
    if first is not None and second is not None:
        return first == second
    if any(map(_is_ball, (expected, observed))):
        return _balls_agree(expected, observed)
    residues = [value for value in (expected, observed) if type(value).__name__ in ("nmod", "fmpz_mod", "fq_default")]
    if residues:
        return bool(expected == observed)
    if any(map(_is_symbolic, (expected, observed))):
        return _symbolically(expected, observed)
    if any(isinstance(value, float) and math.isnan(value) for value in (expected, observed)):
        return None
    return bool(expected == observed)


def _exact(value: Any) -> Fraction | None:
    """A rational number of any kind as a Fraction, None for anything else; an infinity or NaN is none."""
    if isinstance(value, str | bytes):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if type(value).__name__ in ("fmpz", "fmpq"):
        return Fraction(int(value.p), int(value.q)) if hasattr(value, "q") else Fraction(int(value))
    if getattr(value, "is_Rational", False) is True:  # sympy
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, float) or type(value).__module__.partition(".")[0] == "numpy":
        kind = "f" if isinstance(value, float) else value.dtype.kind
        if kind in "iub":
            return Fraction(int(value))
        if kind == "f" and math.isfinite(value):
            return Fraction(*value.as_integer_ratio())
    return None


def _balls_agree(expected: Any, observed: Any) -> bool | None:
    from flint import acb, arb

    first, second = (acb(*_parts(value)) if not isinstance(value, acb) else value for value in (expected, observed))
    if not first.overlaps(second):
        return False
    exact = all(isinstance(part, arb) and part.is_exact() for value in (first, second) for part in (value.real, value.imag))
    return True if exact else None


def _parts(value: Any) -> tuple:
    from flint import arb, fmpq

    exact = _exact(value)
    return (value if exact is None else arb(fmpq(exact.numerator, exact.denominator)),)


def _symbolically(expected: Any, observed: Any) -> bool | None:
    """Equality of expressions: as they stand, else as rational functions of their symbols, else as sympy can tell."""
    import sympy

    difference = sympy.sympify(expected) - sympy.sympify(observed)
    if difference == 0:
        return True
    reduced = sympy.cancel(sympy.together(sympy.expand(difference)))
    if reduced == 0:
        return True
    if reduced.is_rational_function() and not reduced.has(sympy.I):
        return False
    return reduced.equals(0)


# ---------------------------------------------------------------------------------------------------------------- kinds


def brief(value: Any) -> str:
    """A value for one line of a message."""
    text = " ".join(str(shown_value(value)).split())
    return text if len(text) <= BRIEF else text[: BRIEF - 3] + "..."


def shown_value(value: Any) -> Any:
    """A value as a message shows it: ranks as numbers, small arrays as lists."""
    if is_rank(value):
        return value.rank if value.rank is not None else [value.lower, value.upper]
    return value.tolist() if _is_array(value) and value.size <= BRIEF else value


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False if one is, else None if one is, else True."""
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        found = None if answer is None else found
    return found


def is_rank(value: Any) -> bool:
    """Whether a value is a rank with proved bounds."""
    return all(hasattr(value, name) for name in ("lower", "upper", "rank")) and not _is_ball(value)


def _agrees_with_rank(other: Any, rank: Any) -> bool | None:
    if is_rank(other):
        return None if other.rank is None or rank.rank is None else other.rank == rank.rank
    if rank.rank is None:
        return None if rank.lower <= other <= rank.upper else False
    return bool(rank.rank == other)


def _is_array(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("numpy", "torch", "cupy") and hasattr(value, "ndim") and hasattr(value, "reshape")


def entries_of(value: Any) -> list | None:
    """The entries of a list, tuple, array or matrix; None for a single value."""
    if isinstance(value, list | tuple | range):
        return list(value)
    if _is_array(value):
        return list(value) if value.ndim else None
    if type(value).__name__.endswith(("_mat", "Matrix", "DenseMatrix")) and hasattr(value, "tolist"):
        return value.tolist()
    return None


def _is_ball(value: Any) -> bool:
    return type(value).__name__ in ("arb", "acb")


def _is_symbolic(value: Any) -> bool:
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Basic)


def _arithmetic(value: Any) -> set[str]:
    """The kinds of numbers in a value: float, ball, symbol, exact."""
    if isinstance(value, Mapping):
        return {kind for entry in value.values() for kind in _arithmetic(entry)}
    if _is_array(value) and str(value.dtype) != "object":
        return {"float"} if "float" in str(value.dtype) or "complex" in str(value.dtype) else {"exact"}
    entries = entries_of(value)
    if entries is not None:
        return {kind for entry in entries for kind in _arithmetic(entry)}
    if isinstance(value, float | complex):
        return {"float"}
    if _is_ball(value):
        return {"ball"}
    return {"symbol"} if _is_symbolic(value) and _exact(value) is None else {"exact"}
