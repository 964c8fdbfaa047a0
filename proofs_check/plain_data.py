"""Values of any arithmetic as plain JSON data. Nothing is pickled, and no library is imported to recognise its own values."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from fractions import Fraction
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from proofs_check.claim import ILLEGIBLE

#: An array with more entries is described (shape, dtype, sha256, first entries) rather than written out.
LARGEST_ARRAY = 10_000
#: Structures are written out to this depth: readers of JSON have an end, too.
DEEPEST = 60
#: Where an object lies in memory, as its text says it: another place in every process.
_PLACE = re.compile(r" at 0x[0-9a-fA-F]+")
#: Bits from which an integer is written in hexadecimal digits, as text: Python reads and writes no more than 4300 decimal ones.
LARGEST_INTEGER = 14_000


def to_data(value: Any, depth: int = 0) -> Any:
    """``value`` as JSON data: Fractions as ``"p/q"``, NaN as null, infinities as ``"inf"``, arrays as nested lists.

    sympy, flint and other library values become their text, dataclasses an object that names their type, functions their
    name. Keys of mappings become text, sets sorted lists. Text loses what no file can hold (:func:`legible`), that of an object its
    place in memory, huge integers become hexadecimal text, and what lies deeper than :data:`DEEPEST` is named by its type. The same
    value has the same data in every process: they seed draws and name stored results.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, enum.Enum):
        return to_data(value.value, depth + 1)
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Fraction):
        whole, part = _text_of(value.numerator), _text_of(value.denominator)
        return whole if part == "1" else f"{whole}/{part}"
    if isinstance(value, complex):
        return {"re": _float(value.real), "im": _float(value.imag)}
    if depth >= DEEPEST:
        return f"({type(value).__name__}, nested deeper than {DEEPEST})"
    if isinstance(value, Mapping):
        return {_text_of(key): to_data(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_data(entry, depth + 1) for entry in value]
    if isinstance(value, Set):
        return sorted((to_data(entry, depth + 1) for entry in value), key=str)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: to_data(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    return _library_value(value, depth)


def written(value: Any) -> Any:
    """:func:`to_data` of what claims hand over, named by its type where even that breaks (a mapping that raises when it is walked, say)."""
    try:
        return to_data(value)
    except Exception as error:
        return f"({type(value).__name__} that cannot be written: {type(error).__name__})"


def finite(value: Any) -> float | None:
    """A number of any kind as a finite float; ``None`` for anything else."""
    if value is None or isinstance(value, bool | str | bytes):
        return None
    try:
        number = float(value)
    except Exception:
        return None
    return number if math.isfinite(number) else None


def legible(text: str) -> str:
    """``text`` with the replacement character for what cannot be shown."""
    return ILLEGIBLE.sub("\ufffd", text)


def _integer(value: int) -> int | str:
    return value if value.bit_length() <= LARGEST_INTEGER else hex(value)


def _text_of(value: Any) -> str:
    """The text of any value, whatever its class does when it is asked for one."""
    if isinstance(value, str):
        return legible(value)
    try:
        return without_place(str(_integer(value) if isinstance(value, int) and not isinstance(value, bool) else value))
    except Exception as error:
        return f"({type(value).__name__} without a text: {type(error).__name__})"


def _float(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def _library_value(value: Any, depth: int) -> Any:
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return _array(value, depth)
    if library == "torch" and hasattr(value, "detach"):
        return _array(value.detach().cpu().numpy(), depth)
    if library == "cupy" and hasattr(value, "get"):
        return _array(value.get(), depth)
    if library == "flint" and type(value).__name__ == "fmpz":
        return _integer(int(value))
    if library in ("sympy", "flint"):
        return _text_of(value)
    if isinstance(value, functools.partial):
        return {"type": "partial", **{name: to_data(getattr(value, name), depth + 1) for name in ("func", "args", "keywords")}}
    if callable(value) and isinstance(name := getattr(value, "__qualname__", None), str):
        return legible(name)
    return _shown(value)


def without_place(text: str) -> str:
    """The text of an object, legible and without its place in memory (``<lambda> at 0x7f...``)."""
    return legible(_PLACE.sub("", text))


def _shown(value: Any) -> str:
    try:
        return without_place(repr(value))
    except Exception as error:
        return f"({type(value).__name__} without a text: {type(error).__name__})"


def _array(value: Any, depth: int) -> Any:
    if not hasattr(value, "tolist"):
        return _shown(value)
    if getattr(value, "size", 1) <= LARGEST_ARRAY:
        return to_data(value.tolist(), depth + 1)
    first = value.reshape(-1)[:8].tolist()
    digest = hashlib.sha256(json.dumps(to_data(value.tolist())).encode()).hexdigest()
    return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest, "first": to_data(first)}


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` to ``path`` as :func:`in_one_step` does."""
    with in_one_step(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="\n", write_through=True)
        json.dump(data, text, indent=1, ensure_ascii=False, allow_nan=False)
        text.write("\n")
        text.detach()


@contextmanager
def in_one_step(path: Path) -> Iterator[BinaryIO]:
    """A file whose contents become those of ``path`` when the block ends: readers find the old ones or the new, never half of either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):  # a failed write does not know its file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
