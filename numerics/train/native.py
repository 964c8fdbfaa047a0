"""Compiled kernels: C++ for this processor, built once per shape with the system's compiler and kept in the user's cache."""

from __future__ import annotations

import ctypes
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

from numerics.train.lanes import Block
from numerics.train.methods import Method
from numerics.train.session import PathUnavailable
from numerics.train.shapes import Shape, method_prelude

FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
#: Compilers otherwise prefer half of AVX-512.
WIDE_VECTORS = "-mprefer-vector-width=512"


def reason_against() -> str | None:
    """Why nothing can be compiled here, or None."""
    return None if _compiler() else "no C++ compiler found (set CXX, or install g++ or clang++)"


def kernel_source(name: str) -> str:
    """The text of a source file that ships with the package."""
    return files("numerics").joinpath("train", "kernels", name).read_text(encoding="utf-8")


def compile_text(shape: Shape, method: Method) -> str:
    """What the compiler is given: the sizes, then the source with its headers put in."""
    return f"{shape.prelude}\n{method_prelude(method)}\n{with_headers(kernel_source('cpu.cpp'), shape.body)}"


def with_headers(source: str, shape: str) -> str:
    """``source`` with the includes of our own headers replaced by their text, so that one string is the whole program."""
    header = lambda found: with_headers(kernel_source(found[1]), shape)
    return re.sub(r'#include "([a-z_]+\.h)"', header, source.replace("#include SHAPE", shape))


class NativeKernel:
    """A loaded library; see kernels/cpu.cpp for what it does."""

    def __init__(self, library: Path) -> None:
        loaded = ctypes.CDLL(str(library))
        self.lanes = loaded.lanes()
        self._descend = loaded.descend_blocks
        pointer, long = ctypes.c_void_p, ctypes.c_long
        data = [pointer, long] * 3
        self._descend.argtypes = [long, long, ctypes.c_int, long, pointer, *data, pointer, pointer, pointer, pointer]
        self._descend.restype = None

    def run(self, first: int, last: int, n: int, steps: int, block: Block) -> None:
        """Train the blocks ``first`` .. ``last`` - 1 of ``block`` in place, on ``n`` samples, for ``steps`` steps."""
        address = lambda array: array.ctypes.data
        stride = lambda array: 0 if len(array) == 1 else array.shape[1]
        data = [value for array in (block.x, block.y, block.weight) for value in (address(array), stride(array))]
        out = (address(block.theta), address(block.state), address(block.loss), address(block.parameters))
        self._descend(first, last, n, steps, address(block.rate), *data, *out)


@lru_cache(maxsize=256)
def native_kernel(shape: Shape, method: Method) -> NativeKernel:
    """The kernel of these sizes, compiled unless the cache has it. Raises PathUnavailable with the compiler's words."""
    return NativeKernel(build(compile_text(shape, method)))


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
