"""The domain of a check as data: named axes whose values span cells, so that what was met can be counted.

``axes(d=(1, 2, 3), bias=(False, True), rank="0..d", quick=1, full=5)``: a value may depend on the axes before it, may differ from
level to level (:func:`by_level`), and combinations that are no instance are left out by ``where``. The scope that a page shows is
written from here, so it says no more than was done.
"""

from __future__ import annotations

import ast
import functools
import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from proofs_check.claim import LEVELS, ClaimError
from proofs_check.plain_data import without_place

#: Largest number of cells at one level: each is counted and named.
MOST_CELLS = 100_000


class Cell(Mapping[str, Any]):
    """One value for every axis, by name: ``cell.d``, ``cell["d"]``."""

    __slots__ = ("_text", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._text: str | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no axis {name!r}, expected one of {sorted(self._values)}") from None

    def __reduce__(self) -> tuple:
        return Cell, (self._values,)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    def __repr__(self) -> str:
        if self._text is None:  # asked for with every draw
            self._text = ", ".join(f"{name} = {shown(value)}" for name, value in self._values.items()) or "the only cell"
        return self._text


@dataclass(frozen=True, slots=True)
class ByLevel:
    """Another value at each level; see :func:`by_level`."""

    quick: Any
    standard: Any
    full: Any

    def at(self, level: str) -> Any:
        """The value at ``level``."""
        return getattr(self, level)


def by_level(quick: Any, standard: Any = None, full: Any = None) -> ByLevel:
    """Values of an axis that grow with the level; what is not given is as at the level below."""
    standard = quick if standard is None else standard
    return ByLevel(quick, standard, standard if full is None else full)


@dataclass(frozen=True)
class Axes:
    """See :func:`axes`; ``draws`` holds the number of instances in each cell, by level."""

    values: Mapping[str, Any]
    draws: ByLevel
    where: Callable[..., bool] | None = None
    _cells: dict[str, tuple[Cell, ...]] = field(default_factory=dict, repr=False, compare=False)
    _sets: dict[str, frozenset[Cell]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.values:
            raise ClaimError("axes: expected at least one axis with its values, got none")
        for name, values in self.values.items():
            if not name.isidentifier() or name in LEVELS or name == "where":
                raise ClaimError(f"axes: expected names of axes that are identifiers and no level, got {name!r}")
            for level in LEVELS:
                _check_values(name, values.at(level) if isinstance(values, ByLevel) else values)
        for level in LEVELS:
            if (count := self.draws.at(level)) < 1:
                raise ClaimError(f"axes: expected at least one draw in each cell, got {level} = {count}")

    def cells(self, level: str) -> tuple[Cell, ...]:
        """All cells at ``level``, in order.

        :raises ClaimError: when there are none or more than :data:`MOST_CELLS`, or the values cannot be formed.
        """
        if level not in self._cells:
            alike = lambda one: all(mine is other for mine, other in zip(self._at(one), self._at(level), strict=True))
            same = (one for one in self._cells if alike(one))  # most axes have the same values at all levels
            found = next((self._cells[one] for one in same), None) or tuple(Cell(values) for values in self._spanned(level))
            if not found:
                raise ClaimError(f"axes {self.text(level)}: no cell at level {level}; give values, or loosen where")
            self._cells[level] = found
        return self._cells[level]

    def _at(self, level: str) -> list[Any]:
        return [values.at(level) if isinstance(values, ByLevel) else values for values in self.values.values()]

    def _spanned(self, level: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [{}]
        for name, here in zip(self.values, self._at(level), strict=True):
            if isinstance(here, str):
                rows = [{**row, name: value} for row in rows for value in _values(name, here, row)]
            else:
                rows = [{**row, name: value} for row in rows for value in here]
            if len(rows) > MOST_CELLS:
                raise ClaimError(f"axes: more than {MOST_CELLS} cells at level {level}; leave values out")
        if self.where is None:
            return rows
        asked = [name for name in inspect.signature(self.where).parameters if name in self.values]
        return [row for row in rows if self.where(**{name: row[name] for name in asked})]

    def locate(self, place: Mapping[str, Any], level: str) -> Cell:
        """The cell that ``place`` (a value for each axis) names.

        :raises ClaimError: for a place outside the axes.
        """
        cell = Cell({name: place[name] for name in self.values if name in place})
        if set(place) != set(self.values):
            raise ClaimError(f"an instance names the axes {sorted(place)}, expected {sorted(self.values)}; mend the function cell")
        if level not in self._sets:
            self._sets[level] = frozenset(self.cells(level))
        if cell not in self._sets[level]:
            raise ClaimError(f"cell ({cell}) lies outside the axes {self.text(level)}; declare its values, or leave the instance out")
        return cell

    def text(self, level: str | None = None, *, most: int | None = None) -> str:
        """The axes in words, at ``level`` or at all levels; of more than ``most`` values the first and the last."""
        parts = []
        for name, values in self.values.items():
            if isinstance(values, ByLevel):
                different = dict.fromkeys(_text(values.at(one), most) for one in (LEVELS if level is None else [level]))
                parts.append(f"{name} = " + ", later ".join(different))
            else:
                parts.append(f"{name} = {_text(values, most)}")
        if self.where is not None:
            parts.append("where " + (inspect.getdoc(self.where) or _source(self.where)))
        return "; ".join(parts)

    def scope(self) -> str:
        """What the page says: the axes, and how many cells and draws there are at each level."""
        counts = [(level, len(self.cells(level)), self.draws.at(level)) for level in LEVELS]
        sizes = ", ".join(f"{level} {cells} cells" + (f" of {draws} draws" if draws > 1 else "") for level, cells, draws in counts)
        return f"{self.text()} ({sizes})"


def axes(
    *, where: Callable[..., bool] | None = None, quick: int = 1, standard: int | None = None, full: int | None = None, **values: Any
) -> Axes:
    """The domain of a check.

    Each keyword is an axis: a tuple of plain values, :func:`by_level` of such, or a text ``"0..min(d, m)"`` for the integers between two
    bounds in the axes before it. ``where(name, ...)`` is asked which combinations are instances; ``quick``, ``standard`` and ``full``
    say how many are drawn in each cell.

    :raises ClaimError: for values that are none of these.
    """
    return Axes(values, by_level(quick, standard, full), where)


def shown(value: Any) -> str:
    """A value of an axis as a page shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ")"
    return without_place(str(getattr(value, "name", None) or value))


def _check_values(name: str, values: Any) -> None:
    if isinstance(values, str):
        _bounds(name, values)
    elif not isinstance(values, tuple | list | range) or not len(values):
        raise ClaimError(f"axes: {name} expected a tuple of values or a text 'low..high', got {values!r}")
    elif len(set(map(repr, values))) < len(values):
        raise ClaimError(f"axes: {name} names a value twice: {values!r}")


def _text(values: Any, most: int | None = None) -> str:
    if isinstance(values, range) and values.step == 1 and len(values) > 2:
        return f"{values[0]}..{values[-1]}"
    if isinstance(values, str):
        return values
    told = list(map(shown, values))
    if most is not None and len(told) > most:
        return f"{', '.join(told[: most // 2])}, ..., {told[-1]} ({len(told)} values)"
    return ", ".join(told)


def _values(name: str, text: str, row: Mapping[str, Any]) -> range:
    low, high = _bounds(name, text)
    return range(_evaluated(name, low, row), _evaluated(name, high, row) + 1)


@functools.cache
def _bounds(name: str, text: str) -> tuple[ast.expr, ...]:
    try:
        low, high = text.split("..")
        return tuple(ast.parse(part.strip(), mode="eval").body for part in (low, high))
    except (ValueError, SyntaxError):
        raise ClaimError(f"axes: {name} expected a text 'low..high' with bounds in the axes before it, got {text!r}") from None


_OPERATIONS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def _evaluated(name: str, node: ast.expr, row: Mapping[str, Any]) -> int:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.Name(id=axis) if axis in row:
            return int(row[axis])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_evaluated(name, left, row), _evaluated(name, right, row))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluated(name, operand, row)
        case ast.Call(func=ast.Name(id="min" | "max" as function), args=arguments):
            return (min if function == "min" else max)(_evaluated(name, argument, row) for argument in arguments)
    raise ClaimError(f"axes: {name} is bounded by {ast.unparse(node)!r}, expected integers, axes before it, + - * //, min and max")


def _compiled(node: ast.Lambda) -> tuple:
    """What tells one lambda of a line from another."""
    code = compile(ast.unparse(node), "<axes>", "eval").co_consts[0]
    return code.co_varnames, code.co_names, code.co_consts


def _source(where: Callable[..., bool]) -> str:
    """A lambda as it is written."""
    try:
        tree = ast.parse(inspect.getsource(where).strip().rstrip(","))
    except (OSError, SyntaxError):
        return "a condition holds"
    code = getattr(where, "__code__", None)
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    found = [node for node in lambdas if code is not None and _compiled(node) == (code.co_varnames, code.co_names, code.co_consts)]
    return ast.unparse(found[0].body) if found else "a condition holds"
