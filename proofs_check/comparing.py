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
#: Types of flint whose numbers are all of one kind.
FLINT = frozenset({"fmpz", "fmpq", "arb", "acb", "nmod"})
#: Numbers beyond this are no counts, ranks or rates; a picture of them shows their size alone.
LARGEST = 1e6
#: Endings of the names of matrix types, of flint and sympy.
MATRICES = ("_mat", "Matrix")


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
    exact = exact_number(value)
    try:
        found = float(value.mid()) if type(value).__name__ == "arb" else None if exact is None else float(exact)
    except OverflowError:
        return None
    return found if found is not None and abs(found) <= LARGEST else None


def agree(expected: Any, observed: Any) -> bool | None:
    """Whether two values are equal, None where that is not decided: see :func:`equal`.

    :raises TypeError: for an iterator, which a first comparison would use up.
    """
    if expected is None or observed is None or _is_left_out(expected) or _is_left_out(observed):
        return None
    for value in (expected, observed):
        if isinstance(value, Iterator):
            raise TypeError(f"expected values that can be compared, got the iterator {type(value).__name__}: make a list of it")
    if is_rank(observed) or is_rank(expected):
        rank, other = (observed, expected) if is_rank(observed) else (expected, observed)
        return _agrees_with_rank(other, rank)
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        if set(expected) != set(observed):
            return False
        return _all(agree(value, observed[name]) for name, value in expected.items())
    if _is_set(expected) and _is_set(observed):
        return _sets_agree(set(expected), set(observed))
    shapes = [_shape(value) for value in (expected, observed)]
    if None not in shapes and shapes[0] != shapes[1]:
        return False
    first, second = entries_of(expected), entries_of(observed)
    if first is None and second is None:
        return _same(expected, observed)
    first, second = (_coefficients(value) if entries is None else entries for value, entries in ((expected, first), (observed, second)))
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
    if _is_set(value):
        return set(value) ^ {"another"}
    value = _in_numpy(value)
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
        return 0.0 if math.isinf(value) else value + 1 + abs(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return another(value.item())
    try:
        found = value + 1
    except TypeError:
        return ("anything but", str(value))
    return ("anything but", str(value)) if found == value else found  # an infinity, or a float that rounds the step away


def _same(expected: Any, observed: Any) -> bool | None:
    """Equality of two single values."""
    first, second = exact_number(expected), exact_number(observed)
    if first is not None and second is not None:
        return first == second
    if any(map(is_ball, (expected, observed))):
        return _balls_agree(expected, observed)
    residues = [value for value in (expected, observed) if type(value).__name__ in ("nmod", "fmpz_mod", "fq_default")]
    if residues:
        return bool(expected == observed)
    if any(map(is_symbolic, (expected, observed))):
        return _symbolically(expected, observed)
    expected, observed = plain_number(expected), plain_number(observed)
    if any(_is_no_number(value) for value in (expected, observed)):
        return None
    return bool(expected == observed)


def _is_no_number(value: Any) -> bool:
    """Whether a value is a NaN of any library, which is the one kind that differs from itself."""
    return type(value).__name__ == "Decimal" and value.is_nan() or isinstance(value, float | complex) and value != value


def plain_number(value: Any) -> Any:
    """A number of numpy or torch as one of Python; other values as they are."""
    value = _in_numpy(value)
    return value.item() if _is_array(value) or type(value).__module__ == "numpy" and hasattr(value, "item") else value


def exact_number(value: Any) -> Fraction | None:
    """A rational number of any kind as a Fraction, None for anything else; an infinity or NaN is none."""
    if isinstance(value, str | bytes):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if type(value).__name__ in ("fmpz", "fmpq"):
        return Fraction(int(value.p), int(value.q)) if hasattr(value, "q") else Fraction(int(value))
    if getattr(value, "is_Rational", False) is True:  # sympy
        return Fraction(int(value.p), int(value.q))
    if getattr(value, "is_Boolean", False) is True and str(value) in ("True", "False"):  # sympy
        return Fraction(str(value) == "True")
    value = _in_numpy(value)
    if getattr(value, "ndim", 0):
        return None
    if isinstance(value, float) or type(value).__module__.partition(".")[0] == "numpy":
        kind = "f" if isinstance(value, float) else value.dtype.kind
        value = plain_number(value) if _is_array(value) else value
        if kind in "iub":
            return Fraction(int(value))
        if kind == "f" and math.isfinite(value):
            return Fraction(*value.as_integer_ratio())
    return None


def _sets_agree(expected: set, observed: set) -> bool | None:
    """Whether each of the two holds the other's elements, whatever the types of these; None where an element might be another."""
    first, second = ({_same_for_all_types(element) for element in elements} for elements in (expected, observed))
    if None not in first | second:
        return first == second
    rest = [[element for element in one if element not in other] for one, other in ((expected, observed), (observed, expected))]
    found = []
    for own, others in zip(rest, (observed, expected), strict=True):
        for element in own:
            answers = [agree(element, other) for other in others]
            found.append(True if True in answers else None if None in answers else False)
    return _all(found)


def _same_for_all_types(value: Any) -> Any:
    """Texts, exact numbers and tuples of them in one form for all their types; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        entries = tuple(map(_same_for_all_types, value))
        return None if None in entries else entries
    return exact_number(value)


def _balls_agree(expected: Any, observed: Any) -> bool | None:
    from flint import acb, arb

    first, second = (acb(*_parts(value)) if not isinstance(value, acb) else value for value in (expected, observed))
    if not first.overlaps(second):
        return False
    exact = all(isinstance(part, arb) and part.is_exact() for value in (first, second) for part in (value.real, value.imag))
    return True if exact else None


def _parts(value: Any) -> tuple:
    exact = exact_number(value)
    return (plain_number(value) if exact is None else as_ball(exact),)


def as_ball(exact: Fraction) -> Any:
    """A rational number as a ball."""
    from flint import arb, fmpq

    return arb(fmpq(exact.numerator, exact.denominator))


def _symbolically(expected: Any, observed: Any) -> bool | None:
    """Equality of expressions: as they stand, else as rational functions of their symbols, else as sympy can tell."""
    import sympy

    first, second = (value.as_expr() if _is_polynomial(value) else sympy.sympify(plain_number(value)) for value in (expected, observed))
    if first.has(sympy.nan) or second.has(sympy.nan):
        return None
    if not (isinstance(first, sympy.Expr) and isinstance(second, sympy.Expr)):  # sets, relations
        return True if first == second else None
    if first.is_infinite or second.is_infinite:
        return first == second
    difference = first - second
    if difference == 0:
        return True
    reduced = sympy.cancel(sympy.together(sympy.expand(difference)))
    if reduced == 0:
        return True
    return False if _is_rational_function(reduced) else reduced.equals(0)


def _is_rational_function(expression: Any) -> bool:
    """Whether it is made of symbols and rational numbers alone, by sums, products and whole powers: reduced, it vanishes only as 0."""
    if expression.is_Pow:
        return bool(expression.exp.is_Integer) and _is_rational_function(expression.base)
    if expression.is_Add or expression.is_Mul:
        return all(map(_is_rational_function, expression.args))
    return bool(expression.is_Symbol or expression.is_Rational)


# ---------------------------------------------------------------------------------------------------------------- kinds


def brief(value: Any) -> str:
    """A value for one line of a message."""
    text = " ".join(str(shown_value(value)).split())
    return text if len(text) <= BRIEF else text[: BRIEF - 3] + "..."


def shown_value(value: Any) -> Any:
    """A value as a message shows it: ranks as numbers, small arrays as lists."""
    if is_rank(value):
        return value.rank if value.rank is not None else [value.lower, value.upper]
    value = _in_numpy(value)
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
    return all(hasattr(value, name) for name in ("lower", "upper", "rank")) and not is_ball(value)


def _agrees_with_rank(other: Any, rank: Any) -> bool | None:
    if is_rank(other):
        return None if other.rank is None or rank.rank is None else other.rank == rank.rank
    if rank.rank is None:
        return None if rank.lower <= other <= rank.upper else False
    return bool(rank.rank == other)


def _is_array(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("numpy", "torch", "cupy") and hasattr(value, "ndim") and hasattr(value, "reshape")


def _in_numpy(value: Any) -> Any:
    """An array of torch or cupy in numpy; other values as they are."""
    library = type(value).__module__.partition(".")[0]
    if library == "torch" and hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return value.get() if library == "cupy" and hasattr(value, "get") else value


def _is_set(value: Any) -> bool:
    return isinstance(value, set | frozenset) or type(value).__name__ == "FiniteSet"


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of an array or matrix, which lists and single values do not have."""
    if _is_array(value):
        return tuple(value.shape)
    if type(value).__name__.endswith(MATRICES):
        return (value.nrows(), value.ncols()) if hasattr(value, "nrows") else tuple(value.shape)
    return None


def entries_of(value: Any) -> list | None:
    """The entries of a list, tuple, array or matrix, the coefficients of a polynomial of flint; None for a single value."""
    value = _in_numpy(value)
    if isinstance(value, list | tuple | range):
        return list(value)
    if _is_array(value):
        return list(value) if value.ndim else None
    if type(value).__name__.endswith(MATRICES) and hasattr(value, "tolist"):
        return value.tolist()
    if type(value).__name__.endswith("_poly") and hasattr(value, "coeffs"):  # flint
        return value.coeffs()
    return None


def _is_polynomial(value: Any) -> bool:
    """Whether a value is a polynomial of sympy, which has variables: two of them are compared as expressions."""
    return type(value).__name__ == "Poly" and is_symbolic(value)


def _coefficients(value: Any) -> list | None:
    """Those of a polynomial of sympy in one variable, as flint has them: the constant first."""
    return (value.all_coeffs()[::-1] if value else []) if _is_polynomial(value) and len(value.gens) == 1 else None


def nested(value: Any) -> Any:
    """A matrix of flint or sympy as the list of its rows, a tensor as an array; other values as they are."""
    return value.tolist() if type(value).__name__.endswith(MATRICES) and hasattr(value, "tolist") else _in_numpy(value)


def is_masked(value: Any) -> bool:
    """Whether a value is an array of numpy that leaves entries out, or such an entry: what stands there was not measured."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ma.MaskedArray)


def _is_left_out(value: Any) -> bool:
    return is_masked(value) and value.ndim == 0 and bool(value.mask)


def is_ball(value: Any) -> bool:
    """Whether a value is a real or complex ball of python-flint."""
    return type(value).__name__ in ("arb", "acb")


def is_symbolic(value: Any) -> bool:
    """Whether a value is an expression of sympy."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Basic)


def _arithmetic(value: Any) -> set[str]:
    """The kinds of numbers in a value: float, ball, symbol, exact."""
    if isinstance(value, Mapping):
        return {kind for entry in value.values() for kind in _arithmetic(entry)}
    if _is_array(value) and str(value.dtype) != "object":
        return {"float"} if "float" in str(value.dtype) or "complex" in str(value.dtype) else {"exact"}
    entries = value.ravel().tolist() if _is_array(value) else entries_of(value)
    if entries is not None:
        met: dict[type, Any] = {type(entry): entry for entry in entries}
        plain = {kind for kind, entry in met.items() if isinstance(entry, int | float | Fraction) or kind.__name__ in FLINT}
        return {kind for entry in entries if type(entry) not in plain for kind in _arithmetic(entry)}.union(
            *(_arithmetic(met[kind]) for kind in plain)
        )
    if isinstance(value, float | complex):
        return {"float"}
    if is_ball(value):
        return {"ball"}
    return {"symbol"} if is_symbolic(value) and exact_number(value) is None else {"exact"}
