"""What a finding rests on beside its code: the libraries, and the files that were read while it was computed."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proofs_check.context import digest_of_variable
from proofs_check.engine.sources import digest, installed, ours

#: Libraries whose versions can change a finding.
LIBRARIES = ("numpy", "scipy", "torch", "sympy", "mpmath", "python-flint", "hypothesis", "networkx", "numba", "cupy-cuda13x")


@functools.cache
def versions() -> dict[str, str]:
    """Python and the libraries that findings depend on, where installed; none of them is imported."""
    found = {"python": platform.python_version()}
    for name in ("proofs-check", *LIBRARIES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def other_versions(expected: Mapping[str, str], found: Mapping[str, str] | None = None) -> str:
    """Where ``found`` (default: the libraries of this process) are not the ``expected`` ones, in words; empty where they are."""
    here = versions() if found is None else found
    names = [name for name in {**expected, **here} if expected.get(name) != here.get(name)]
    return ", ".join(f"{name} {here.get(name, 'missing')} (expected {expected.get(name, 'none')})" for name in names)


def unchanged(reads: Mapping[str, str | None], variables: Mapping[str, str | None]) -> bool:
    """Whether files and environment variables are what they were while a finding was computed (``None``: it was not there)."""
    same = all(digest_of_variable(name) == expected for name, expected in variables.items())
    return same and all(_digest(Path(path)) == expected for path, expected in reads.items())


def _digest(path: Path) -> str | None:
    try:
        return digest(path)
    except OSError:
        return None


class Recorder:
    """Notes the files that this process reads and the modules that it runs, under whatever name: one for each process that runs claims.

    Left out are dependencies and our packages (their versions and hashes count already), caches, what the system itself provides, and what
    this process wrote before it was read.
    """

    def __init__(self) -> None:
        self.reads: dict[str, str | None] = {}
        self._written: set[str] = set()
        self._busy = threading.local()
        caches = {os.environ.get("XDG_CACHE_HOME"), os.environ.get("PROOFS_CHECK_CACHE"), os.path.expanduser("~/.cache")}
        self._passed_over = ("/proc/", "/sys/", "/dev/", "/etc/", *(f"{cache}/" for cache in caches if cache))
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, str | bytes | os.PathLike):
                self._note(os.fsdecode(path), *_purpose(mode, flags))
        elif event == "exec" and (name := getattr(arguments[0], "co_filename", "")).endswith(".py"):
            self._note(name, True, False)

    def _note(self, name: str, reads: bool, writes: bool) -> None:
        if getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            path = Path(os.path.abspath(name))
            text = str(path)
            if writes:
                self._written.add(text)
            elif reads and text not in self.reads and text not in self._written and not self._stands_for_itself(path, text):
                self.reads[text] = digest(path)
        except OSError:
            pass  # it is not there, or no file
        finally:
            self._busy.now = False

    def _stands_for_itself(self, path: Path, text: str) -> bool:
        if text.startswith(self._passed_over) or "__pycache__" in path.parts or _compiled(text):
            return True
        real = path.resolve()
        return installed(real) or installed(path) or ours(real) or not real.is_file()


def _compiled(text: str) -> bool:
    """Whether a file is a module's compiled form in the folder that PYTHONPYCACHEPREFIX names: its source is noted when it runs."""
    prefix = sys.pycache_prefix
    return prefix is not None and text.endswith(".pyc") and text.startswith(f"{os.path.abspath(prefix)}/")


def _purpose(mode: str | None, flags: Any) -> tuple[bool, bool]:
    """Whether a file is opened for reading what it holds, and whether it is written."""
    if isinstance(mode, str):
        writes = bool(set(mode) & set("wax"))
        return not writes, writes
    flags = flags if isinstance(flags, int) else 0
    writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
    return not writes, writes
