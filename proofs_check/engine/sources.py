"""Which code a claims file runs: the file and every module it can reach that is no dependency, as one hash.

A stored result is reused only while this hash agrees, and a worker on another machine refuses a job whose hash differs. The imports are
read from the syntax tree, relative ones and those inside functions included; kernels and data files of our packages count with the
modules beside them, and so do the environment variables that a file of a user names. What is imported or opened under a computed name
is noted while the claim runs (:mod:`proofs_check.engine.provenance`).
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.machinery
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[2]
OURS = ("theory", "numerics", "proofs_check")
#: Environment variables that workers get a value of their own for.
SET_FOR_WORKERS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

_INSTALLED = frozenset(
    Path(path).resolve()
    for path in (*(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")), *site.getsitepackages())
) | {Path(site.getusersitepackages()).resolve(), Path(os.__file__).resolve().parent}


def source_hash(file: Path) -> str:
    """sha256 over the contents of all that ``file`` can reach, and the values of the environment variables that it names."""
    reached = closure(file.resolve())
    digests = sorted(digest(source) for source in reached)
    variables = sorted(
        {name for source in reached if not ours(source) for name in _named(source, version(source))} - SET_FOR_WORKERS.keys()
    )
    digests += [f"{name}={os.environ.get(name)!r}" for name in variables]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def packages_hash() -> str:
    """sha256 over all files of our packages: modules, kernels, data."""
    files = (file for name in OURS for file in (PACKAGES / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    entries = sorted(f"{file.relative_to(PACKAGES).as_posix()} {digest(file)}" for file in files)
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def closure(file: Path) -> set[Path]:
    """The files that running ``file`` may read: modules, and what lies beside ours."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        source = waiting.pop()
        if source in found:
            continue
        found.add(source)
        if ours(source):
            waiting += _reached(source, version(source))
            found |= _beside(source.parent)
        else:
            waiting += (module for name in _imported(source, version(source)) for module in _locate(name, file.parent))
    return found


@functools.lru_cache(maxsize=4096)
def ours(path: Path) -> bool:
    """Whether a file belongs to our packages."""
    return path.is_relative_to(PACKAGES) and path.relative_to(PACKAGES).parts[0] in OURS


def installed(path: Path) -> bool:
    """Whether a file belongs to the standard library or an installed package: its version stands for it."""
    return any(parent in _INSTALLED for parent in path.parents)


def version(source: Path) -> tuple[int, int]:
    """What changes when a file is written to."""
    status = source.stat()
    return status.st_mtime_ns, status.st_size


def digest(source: Path) -> str:
    """sha256 of the contents of a file."""
    return _digest(source, version(source))


@functools.lru_cache(maxsize=4096)
def _digest(source: Path, version: tuple[int, int]) -> str:
    with open(source, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1024)
def _reached(source: Path, version: tuple[int, int]) -> frozenset[Path]:
    """What a module of ours imports directly; which files we have does not change while a process runs."""
    return frozenset(module for name in _imported(source, version) for module in _locate(name, source.parent))


@functools.lru_cache(maxsize=256)
def _beside(folder: Path) -> frozenset[Path]:
    """What is no module in a folder of ours, and in folders below it that are no packages: kernels, tables, data."""
    found = set()
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__" and not (entry / "__init__.py").exists():
            found |= _beside(entry)
        elif entry.is_file() and entry.suffix != ".py":
            found.add(entry)
    return frozenset(found)


def _tree(source: Path) -> ast.Module:
    try:
        return ast.parse(source.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])  # importing it will say what is wrong


@functools.lru_cache(maxsize=1024)
def _imported(source: Path, version: tuple[int, int]) -> frozenset[str]:
    """The names that a module imports; those of relative imports begin with their folder and ``/:``."""
    return frozenset(name for node in _statements(_tree(source)) for name in _names(node, source))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements of a module, nested ones included: no import lies inside an expression, where most of a tree is."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, field, ())


def _names(node: ast.AST, source: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level and ours(source):
            parents = source.relative_to(PACKAGES).with_suffix("").parts[: -node.level]
            base = ".".join([*parents, *filter(None, [base])])
        elif node.level:
            folder = source.parents[min(node.level, len(source.parents)) - 1]
            base = f"{folder}/:{base}"
        yield base
        yield from (f"{base}.{alias.name}" if base[-1:] not in ("", ":") else base + alias.name for alias in node.names)


def _locate(name: str, beside: Path) -> Iterator[Path]:
    """The files that importing ``name`` runs: its module and the packages above it, where they are no dependency."""
    folder, _, relative = name.rpartition("/:")
    parts = relative.split(".")
    if folder:
        roots = [Path(folder)]
    elif parts[0] in OURS or ours(beside):
        yield from _of_ours(name) if parts[0] in OURS else ()
        return
    else:
        roots = [beside, *_on_the_path(parts[0], tuple(sys.path))]
    for root in roots:
        yield from _modules(root, parts)


def _modules(root: Path, parts: list[str]) -> Iterator[Path]:
    for depth in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:depth])
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                yield candidate.resolve()


@functools.lru_cache(maxsize=8192)
def _of_ours(name: str) -> tuple[Path, ...]:
    return tuple(_modules(PACKAGES, name.split(".")))


@functools.lru_cache(maxsize=1024)
def _on_the_path(name: str, path: tuple[str, ...]) -> tuple[Path, ...]:
    """The folder from which a package that is no dependency would be imported."""
    if not name.isidentifier() or name in sys.stdlib_module_names:
        return ()
    try:
        spec = importlib.machinery.PathFinder.find_spec(name)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    places = [Path(place).resolve() for place in spec.submodule_search_locations or [spec.origin] if place]
    return tuple(place.parent for place in places if not installed(place) and not ours(place))


@functools.lru_cache(maxsize=1024)
def _named(source: Path, version: tuple[int, int]) -> frozenset[str]:
    """The environment variables that a module names: ``environ["X"]``, ``environ.get("X")``, ``getenv("X")``, ``environment("X")``."""
    return frozenset(_variables(_tree(source)))


def _variables(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _called(node.value) == "environ":
            yield from _text(node.slice)
        elif isinstance(node, ast.Call) and node.args:
            function = node.func
            owner = _called(function.value) if isinstance(function, ast.Attribute) else ""
            if _called(function) in ("getenv", "environment") or (owner == "environ" and _called(function) in ("get", "pop", "setdefault")):
                yield from _text(node.args[0])


def _called(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
