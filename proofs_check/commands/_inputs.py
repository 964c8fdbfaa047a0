"""What commands read from files of their users: objects defined in Python files, arrays, tensors."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy


def load_object(described: str) -> Any:
    """The module that ``PATH.py:NAME`` describes; the file is run, and a class or function is called without arguments.

    :raises ValueError: when there is no such file or name.
    """
    path, separator, name = described.rpartition(":")
    if not separator or not name.isidentifier():
        raise ValueError(f"expected PATH.py:NAME, got {described!r}")
    if not Path(path).is_file():
        raise ValueError(f"expected a Python file before the colon, found none at {path!r}")
    spec = importlib.util.spec_from_file_location("proofs_check_user_module", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"expected a Python file (PATH.py) before the colon, got {path!r}")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    if not hasattr(loaded, name):
        raise ValueError(f"{path} defines no {name!r}")
    found = getattr(loaded, name)
    return found() if isinstance(found, type) or not hasattr(found, "parameters") and callable(found) else found


def load_array(file: Path) -> numpy.ndarray:
    """The array in a .npy file.

    :raises ValueError: when the file holds none; numpy has a dozen ways to say so.
    """
    import numpy

    try:
        with open(file, "rb") as stream:
            found = numpy.load(stream, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{file}: expected an array as .npy, got something else ({error})") from error
    if not isinstance(found, numpy.ndarray):
        raise ValueError(f"{file}: expected one array as .npy, got an archive")
    return found


def load_tensors(file: Path) -> dict[str, numpy.ndarray]:
    """The tensors in a .safetensors file by name.

    :raises ValueError: when the file is none, or holds numbers that numpy does not know.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(file)
    except (SafetensorError, LookupError) as error:
        raise ValueError(f"{file} is no safetensors file: {error}") from error
