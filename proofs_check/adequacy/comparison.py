"""What a definition says in Coq and what it says here, side by side, and how values are written as Coq terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.proving import coq


@dataclass(frozen=True)
class Comparison:
    """``what`` was evaluated, its value from the definitions of the proof file (``coq``) and from ours (``ours``)."""

    what: str
    coq: Any
    ours: Any


def compare(files: str | Sequence[str], rows: Iterable[tuple[str, str, Any]]) -> list[Comparison]:
    """One comparison for each (what, Coq term over the definitions of ``files``, our value); one run of Coq for all."""
    rows = list(rows)
    found = coq.values(files, [term for _, term, _ in rows])
    return [Comparison(what, value, plain(ours)) for (what, _, ours), value in zip(rows, found, strict=True)]


def plain(value: Any) -> Any:
    """Whole numbers of any type as int, arrays and tuples as lists; raises ValueError for what Coq's integers cannot be."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bool):
        return value
    whole = Fraction(str(value)) if not isinstance(value, int | Fraction) else Fraction(value)
    if whole.denominator != 1:
        raise ValueError(f"expected a whole number, got {value}")
    return int(whole)


def integer(value: Any) -> str:
    """A number as a literal of Coq's integers (the scope `zz` of common/integers.v)."""
    return f"({plain(value)})%zz"


def numbers(values: Iterable[Any]) -> str:
    """Natural numbers as a Coq list."""
    return "[:: " + "; ".join(f"{int(value)}%N" for value in values) + "]"


def listed(values: Any) -> str:
    """Nested lists of integers as a Coq list."""
    value = plain(values)
    return "[:: " + "; ".join(listed(entry) for entry in value) + "]" if isinstance(value, list) else integer(value)


def rationals(values: Any) -> np.ndarray:
    """Whole numbers as Fractions, in an array of their shape."""
    values = np.asarray(values)
    return np.array([Fraction(int(value)) for value in values.flat], dtype=object).reshape(values.shape)
