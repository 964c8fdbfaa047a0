"""Which code a claims file runs: the file and every module it imports from our packages or from beside it, as one hash.

A stored result is reused only while this hash agrees, and a worker on another machine refuses a job whose hash differs.
The imports are read from the syntax tree, those inside functions included; a module imported by a computed name escapes.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[2]
OURS = ("theory", "numerics", "proofs_check")


def source_hash(file: Path) -> str:
    """sha256 over the text of ``file`` and of all local modules that it imports, directly or not."""
    file = file.resolve()
    digests = sorted(_digest(source, _version(source)) for source in _closure(file))
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _closure(file: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        source = waiting.pop()
        if source in found:
            continue
        found.add(source)
        names = _imported(source, _version(source))
        waiting += [module for name in names for module in _locate(name, file.parent)]
    return found


def _version(source: Path) -> tuple[int, int]:
    status = source.stat()
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=1024)
def _digest(source: Path, version: tuple[int, int]) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


@functools.lru_cache(maxsize=1024)
def _imported(source: Path, version: tuple[int, int]) -> frozenset[str]:
    try:
        tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError):
        return frozenset()  # importing it will say what is wrong
    return frozenset(name for node in ast.walk(tree) for name in _names(node, source))


def _names(node: ast.AST, source: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level and source.is_relative_to(PACKAGES):
            parents = source.relative_to(PACKAGES).with_suffix("").parts[: -node.level]
            base = ".".join([*parents, *filter(None, [base])])
        yield base
        yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _locate(name: str, beside: Path) -> Iterator[Path]:
    """The files that importing ``name`` runs: its module and the packages above it, where they are ours or beside the claims."""
    parts = name.split(".")
    root = PACKAGES if parts[0] in OURS else beside
    for depth in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:depth])
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                yield candidate.resolve()
