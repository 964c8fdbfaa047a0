"""C++ for this processor, built once per text with the system's compiler and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from numerics.train.session import PathUnavailable

FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
#: Compilers otherwise prefer half of AVX-512.
WIDE_VECTORS = "-mprefer-vector-width=512"


def reason_against() -> str | None:
    """Why nothing can be compiled here, or None."""
    return None if _compiler() else "no C++ compiler found (set CXX, or install g++ or clang++)"


def kernel_source(name: str) -> str:
    """The text of a source file that ships with the package."""
    return files("numerics").joinpath("train", "kernels", name).read_text(encoding="utf-8")


def with_headers(source: str, shape: str) -> str:
    """``source`` with the includes of our own headers replaced by their text, so that one string is the whole program."""
    header = lambda found: with_headers(kernel_source(found[1]), shape)
    return re.sub(r'#include "([a-z_]+\.h)"', header, source.replace("#include SHAPE", shape))


def build(text: str) -> Path:
    """The library that ``text`` describes, compiled unless the cache has it. Raises PathUnavailable with the compiler's words."""
    compiler = _compiler()
    if compiler is None:
        raise PathUnavailable(f"path 'compiled' cannot run: {reason_against()}")
    key = hashlib.sha256("\0".join([text, *FLAGS, WIDE_VECTORS, compiler, _version(compiler), _processor()]).encode()).hexdigest()
    library = cache_folder() / f"kernel-{key[:32]}.so"
    if not library.exists():
        _compile(compiler, text, library)
    return library


def _compile(compiler: str, text: str, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        source, built = Path(folder, "kernel.cpp"), Path(folder, "kernel.so")
        source.write_text(text, encoding="utf-8")
        flags = [*FLAGS, *([WIDE_VECTORS] if platform.machine().lower() in ("x86_64", "amd64") else [])]
        command = [compiler, *flags, str(source), "-o", str(built)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise PathUnavailable(f"path 'compiled' cannot run: {' '.join(command)} failed with\n{done.stderr.strip()}")
        os.replace(built, library)  # atomic: other processes see the whole library or none


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where libraries are kept: PROOFS_CHECK_CACHE, else the user's cache folder, else a private temporary one."""
    home = Path("~").expanduser()
    default = home / "Library" / "Caches" if sys.platform == "darwin" else Path(os.environ.get("XDG_CACHE_HOME", home / ".cache"))
    folder = Path(os.environ.get("PROOFS_CHECK_CACHE", default / "proofs-check")) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="proofs-check-kernels-"))


@lru_cache(maxsize=1)
def _compiler() -> str | None:
    candidates = (os.environ["CXX"],) if os.environ.get("CXX") else ("g++", "clang++")
    return next((found for found in map(shutil.which, candidates) if found), None)


@lru_cache(maxsize=4)
def _version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


@lru_cache(maxsize=1)
def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.platform() + platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}))
