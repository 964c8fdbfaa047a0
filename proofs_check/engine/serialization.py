"""Values of any arithmetic as plain JSON data. Nothing is pickled, and no library is imported to recognise its own values."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Mapping, Set
from fractions import Fraction
from pathlib import Path
from typing import Any

#: An array with more entries is described (shape, dtype, sha256, first entries) rather than written out.
LARGEST_ARRAY = 10_000


def to_data(value: Any) -> Any:
    """``value`` as JSON data: Fractions as ``"p/q"``, NaN as null, infinities as ``"inf"``, arrays as nested lists.

    sympy, flint and other library values become their text, dataclasses an object that names their type, functions their
    name. Keys of mappings become text, sets sorted lists.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, enum.Enum):
        return to_data(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, complex):
        return {"re": _float(value.real), "im": _float(value.imag)}
    if isinstance(value, Mapping):
        return {str(key): to_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_data(entry) for entry in value]
    if isinstance(value, Set):
        return sorted((to_data(entry) for entry in value), key=str)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: to_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    return _library_value(value)


def _float(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def _library_value(value: Any) -> Any:
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return _array(value)
    if library == "torch" and hasattr(value, "detach"):
        return _array(value.detach().cpu().numpy())
    if library == "cupy" and hasattr(value, "get"):
        return _array(value.get())
    if library == "flint" and type(value).__name__ == "fmpz":
        return int(value)
    if library in ("sympy", "flint"):
        return str(value)
    if callable(value):
        return getattr(value, "__qualname__", repr(value))
    return repr(value)


def _array(value: Any) -> Any:
    if not hasattr(value, "tolist"):
        return repr(value)
    if getattr(value, "size", 1) <= LARGEST_ARRAY:
        return to_data(value.tolist())
    first = value.reshape(-1)[:8].tolist()
    digest = hashlib.sha256(json.dumps(to_data(value.tolist())).encode()).hexdigest()
    return {"shape": list(value.shape), "dtype": str(value.dtype), "sha256": digest, "first": to_data(first)}


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` to ``path`` atomically: a reader finds the old file or the new one, never half of either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, ensure_ascii=False, allow_nan=False)
            file.write("\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):  # a failed write does not know its file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
