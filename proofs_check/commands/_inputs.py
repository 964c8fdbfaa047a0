"""What commands read from files of their users: objects defined in Python files, arrays, tensors, networks stored as tensors."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy

#: A file that is there.
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def finite(_: click.Context, parameter: click.Parameter, value: float) -> float:
    """A range lets infinity and nan pass."""
    if not math.isfinite(value):
        raise click.BadParameter(f"must be a finite number, got {value}", param=parameter)
    return value


def load_object(described: str) -> Any:
    """The module that ``PATH.py:NAME`` describes; the file is run, and a class or function is called without arguments.

    :raises ValueError: when there is no such file or name, and when the file, or what it names, does not run.
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
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:
        raise ValueError(f"{path} does not run: {type(error).__name__}: {error}") from error
    if not hasattr(loaded, name):
        raise ValueError(f"{path} defines no {name!r}")
    found = getattr(loaded, name)
    if not (isinstance(found, type) or not hasattr(found, "parameters") and callable(found)):
        return found
    try:
        return found()
    except Exception as error:
        raise ValueError(f"{name} of {path} cannot be called without arguments: {type(error).__name__}: {error}") from error


def load_module(described: str) -> Any:
    """The torch module that ``PATH.py:NAME`` describes.

    :raises ValueError: as :func:`load_object`, and for what is no module.
    """
    import torch

    found = load_object(described)
    if not isinstance(found, torch.nn.Module):
        raise ValueError(f"expected a torch.nn.Module, got {type(found).__name__}")
    return found


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


def load_samples(file: Path) -> numpy.ndarray:
    """The numbers in a .npy file, a .safetensors file of one tensor, or a .csv file (a row a sample; a first row of names is skipped).

    :raises ValueError: when the file holds something else.
    """
    if file.suffix == ".csv":
        return _load_table(file)
    if file.suffix != ".safetensors":
        return load_array(file)
    tensors = load_tensors(file)
    if len(tensors) != 1:
        raise ValueError(f"{file} must hold one tensor of samples, got {sorted(tensors)}")
    return next(iter(tensors.values()))


def real_numbers(name: str, values: numpy.ndarray) -> numpy.ndarray:
    """``values`` (n, ...); ValueError, which names the sample, for what is no finite real number."""
    import numpy

    if values.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real numbers, got {values.dtype}")
    wrong = numpy.argwhere(~numpy.isfinite(values))
    if len(wrong):
        raise ValueError(f"{name} must be finite, got {values[tuple(wrong[0])]} at sample {wrong[0][0]}")
    return values


def _load_table(file: Path) -> numpy.ndarray:
    """The rows (n, columns) of a table in text; integers where all are."""
    import numpy

    try:
        lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected a table as .csv, got no text ({error})") from error
    named = bool(lines) and all(_number(cell) is None for cell in lines[0].split(","))
    rows = [[_number(cell) for cell in line.split(",")] for line in lines[named:]]
    for number, row in enumerate(rows, 1 + named):
        if None in row or len(row) != len(rows[0]):
            raise ValueError(
                f"{file}: expected {len(rows[0])} numbers separated by commas in every row, got {lines[number - 1][:60]!r} in row {number}"
            )
    if not rows:
        raise ValueError(f"{file}: expected a table as .csv, got no rows of numbers")
    table = numpy.array(rows, dtype=float)
    whole = numpy.isfinite(table).all() and bool((table == numpy.round(table)).all()) and bool((abs(table) < 2**53).all())
    return table.astype(int) if whole else table


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def load_state(file: Path) -> tuple[dict[str, numpy.ndarray], str]:
    """The state dict in a .safetensors file, and the one type of floating point that its weights have.

    :raises ValueError: when they have several, or another.
    """
    state = load_tensors(file)
    types = sorted({str(tensor.dtype) for tensor in state.values()})
    if len(types) != 1 or not types[0].startswith("float"):
        raise ValueError(f"expected weights of one type of floating point, got {', '.join(types)} in {file}")
    return state, types[0]


def activation_called(name: str) -> Any:
    """The activation ``name``; ``leaky:SLOPE`` is the leaky ReLU of any slope (``leaky`` alone has slope 1/2).

    :raises ValueError: for an unknown name or a slope that is no number.
    """
    from fractions import Fraction

    from theory.activations import PiecewiseActivation, activation

    kind, separator, slope = name.partition(":")
    if kind != "leaky" or not separator:
        return activation(name)
    try:
        return PiecewiseActivation(name, (0,), ((0, Fraction(slope)), (0, 1)), degree=1)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"activation leaky:SLOPE needs a number as slope, got {slope!r}") from error


def check_writable(file: Path) -> None:
    """Raise ValueError, before any work is done, where ``file`` cannot be written."""
    folder = file.resolve().parent
    if not folder.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ValueError(f"{file}: expected a file that can be written, in a directory that exists")
