"""A device without a device: what numerics.train.cuda asks of cupy, with the CUDA source compiled as C++ and its threads run in turn.

The kernel's arithmetic, its indices and the layout of its arguments are the real ones; what only a GPU has (registers, occupancy,
its own tanh and exp) is not seen.
"""

import ctypes
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from numerics.train import native

PREAMBLE = """
#include <cmath>
using std::exp; using std::sqrt; using std::tanh;
struct Index { unsigned x; };
static Index blockIdx, blockDim, threadIdx;
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
"""
LAUNCH = """
extern "C" void launch(unsigned blocks, unsigned threads, long networks, int n, long steps, const double* rate, const double* x,
                       long x_columns, const double* y, long y_columns, const double* weight, long w_columns, double* theta, double* state,
                       double* loss, const double* parameters) {
  blockDim.x = threads;
  for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
    for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
      descend_networks(networks, n, steps, rate, x, x_columns, y, y_columns, weight, w_columns, theta, state, loss, parameters);
}
"""


class DeviceArray(np.ndarray):
    """An array that is fetched as cupy's are."""

    def get(self) -> np.ndarray:
        return np.array(self)


class Function:
    """Called like a cupy kernel: grid, block, arguments."""

    def __init__(self, code: str, folder: Path) -> None:
        source = folder / f"kernel{len(list(folder.iterdir()))}.cpp"
        library = source.with_suffix(".so")
        source.write_text(PREAMBLE + code + LAUNCH)
        trapping = ("-fsanitize=bounds", "-fsanitize-undefined-trap-on-error")
        command = [native._compiler(), "-std=c++17", "-O1", "-w", "-fPIC", "-shared", *trapping, str(source), "-o", str(library)]
        subprocess.run(command, check=True)
        self.launch = ctypes.CDLL(str(library)).launch

    def __call__(self, grid: tuple, block: tuple, arguments: tuple) -> None:
        kinds = {np.int64: ctypes.c_long, np.int32: ctypes.c_int}
        passed = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else kinds[type(a)](a) for a in arguments]
        self.launch(*grid, *block, *passed)


def emulated_cupy(folder: Path) -> SimpleNamespace:
    """What stands in for the module; kernels are built in ``folder``."""
    return SimpleNamespace(
        ndarray=DeviceArray,
        asarray=lambda array: np.array(array).view(DeviceArray),
        zeros=lambda shape: np.zeros(shape).view(DeviceArray),
        RawModule=lambda code, options: SimpleNamespace(get_function=lambda name: Function(code, folder)),
    )
