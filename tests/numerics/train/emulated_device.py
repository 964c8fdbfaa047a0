"""A device without a device: what numerics.train.cuda asks of cupy, with the CUDA source compiled as C++ and its threads run in turn.

The kernel's arithmetic, its indices and the layout of its arguments are the real ones; what only a GPU has (registers, occupancy) is not
seen. The threads of a block take turns at every place where they wait for each other, in their order or in the opposite one (``reversed``):
a number that is read in the same turn in which another thread writes it makes the two differ. Shared memory holds NaN at first, and the
numbers behind it are watched.
"""

import ctypes
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from numerics.train import native

PREAMBLE = """
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
using std::exp; using std::sqrt; using std::sin; using std::cos;
struct Index { unsigned x; };
static Index blockIdx, blockDim, threadIdx;
#define __global__
#define __device__
#define __shared__
#define __forceinline__ inline
#define __launch_bounds__(threads)
static double __longlong_as_double(long long bits) { double x; memcpy(&x, &bits, 8); return x; }
static long long __double_as_longlong(double x) { long long bits; memcpy(&bits, &x, 8); return bits; }

// The threads of a block: each runs until it waits, then the next one; when all have had their turn the first goes on.
enum { MOST_THREADS = 1024, STACK = 1 << 18 };
static ucontext_t scheduler, threads[MOST_THREADS];
static bool finished[MOST_THREADS];
static double offered[MOST_THREADS];
static void take_turns() { const unsigned me = threadIdx.x; swapcontext(&threads[me], &scheduler); threadIdx.x = me; }
static void __syncwarp() { take_turns(); }
static void __syncthreads() { take_turns(); }
static double received(unsigned from) { take_turns(); const double x = offered[from]; take_turns(); return x; }
static double __shfl_xor_sync(unsigned, double x, int mask) { offered[threadIdx.x] = x; return received(threadIdx.x ^ mask); }
static double __shfl_sync(unsigned, double x, int lane) { offered[threadIdx.x] = x; return received(threadIdx.x / 32 * 32 + lane); }
"""
LAUNCH = """
#if TEAM > 1
double team_memory[1 << 15];
#else
static double team_memory[1 << 15];
#endif
static void (*body)();
static void run_thread() { body(); finished[threadIdx.x] = true; }
struct Call {
  long networks; int n; long steps, check_every; const double *rate, *threshold, *offset, *x; long x_network, x_step; const double* y;
  long y_network, y_step; const double* w; long w_network, w_step; double *theta, *state, *loss; const double* parameters; long long* made;
  int* ended; double* working;
};
static Call c;
static void call() {
  train_networks(c.networks, c.n, c.steps, c.check_every, c.rate, c.threshold, c.offset, c.x, c.x_network, c.x_step, c.y, c.y_network,
                 c.y_step, c.w, c.w_network, c.w_step, c.theta, c.state, c.loss, c.parameters, c.made, c.ended, c.working);
}
// 1 where a thread wrote behind the shared memory that it was given.
extern "C" int launch(unsigned blocks, unsigned size, unsigned shared, bool reversed, const Call* given) {
  c = *given;
  body = call;
  blockDim.x = size;
  static char* stacks = (char*)malloc((size_t)MOST_THREADS * STACK);
  const unsigned numbers = shared / 8, guards = 64;
  for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
    for (unsigned k = 0; k < numbers + guards; k++) team_memory[k] = k < numbers ? NAN : k;
    if (TEAM == 1) {
      for (unsigned t = 0; t < size; t++) threadIdx.x = t, call();
      continue;
    }
    for (unsigned t = 0; t < size; t++) {
      getcontext(&threads[t]);
      threads[t].uc_stack.ss_sp = stacks + (size_t)t * STACK;
      threads[t].uc_stack.ss_size = STACK;
      threads[t].uc_link = &scheduler;
      makecontext(&threads[t], run_thread, 0);
      finished[t] = false;
    }
    for (bool all = false; !all;) {
      all = true;
      for (unsigned k = 0; k < size; k++) {
        const unsigned t = reversed ? size - 1 - k : k;
        if (finished[t]) continue;
        all = false;
        threadIdx.x = t;
        swapcontext(&scheduler, &threads[t]);
      }
    }
    for (unsigned k = numbers; k < numbers + guards; k++) if (team_memory[k] != k) return 1;
  }
  return 0;
}
"""


#: What was compiled in this process, by source: either order of the threads, and all tests, share it. A launch sets what it reads.
LIBRARIES: dict[str, ctypes.CDLL] = {}


def compiled(code: str, folder: Path) -> ctypes.CDLL:
    """The kernel of ``code`` between the preamble and the launch, built in ``folder`` and loaded."""
    source = folder / f"kernel{len(list(folder.iterdir()))}.cpp"
    library = source.with_suffix(".so")
    source.write_text(PREAMBLE + code + LAUNCH)
    trapping = ("-fsanitize=bounds", "-fsanitize-undefined-trap-on-error")
    command = [native._compiler(), "-std=c++17", "-O1", "-w", "-fPIC", "-shared", *trapping, str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


class DeviceArray(np.ndarray):
    """An array that is fetched as cupy's are."""

    def get(self) -> np.ndarray:
        return np.array(self)


class Function:
    """Called like a cupy kernel: grid, block, arguments, bytes of shared memory."""

    def __init__(self, code: str, folder: Path, reversed: bool) -> None:
        if code not in LIBRARIES:
            LIBRARIES[code] = compiled(code, folder)
        self.launch, self.reversed, self.max_dynamic_shared_size_bytes = LIBRARIES[code].launch, reversed, 48 * 1024
        self.launches = 0

    def __call__(self, grid: tuple, block: tuple, arguments: tuple, *, shared_mem: int = 0) -> None:
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        kinds = {np.int64: ctypes.c_long, np.int32: ctypes.c_int}
        passed = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else kinds[type(a)](a) for a in arguments]
        record = type("Call", (ctypes.Structure,), {"_fields_": [(f"field{k}", type(value)) for k, value in enumerate(passed)]})
        call = record(*passed)
        self.launches += 1
        behind = self.launch(*grid, *block, shared_mem, self.reversed, ctypes.byref(call))
        assert not behind, "a thread wrote behind its shared memory"


def emulated_cupy(folder: Path, *, reversed: bool = False) -> SimpleNamespace:
    """What stands in for the module; kernels are built in ``folder`` and kept in ``functions``."""
    functions = []

    def module(code: str, options: tuple) -> SimpleNamespace:
        functions.append(Function(code, folder, reversed))
        return SimpleNamespace(get_function=lambda name: functions[-1])

    return SimpleNamespace(
        ndarray=DeviceArray,
        asarray=lambda array: np.array(array).view(DeviceArray),
        zeros=lambda shape: np.zeros(shape).view(DeviceArray),
        RawModule=module,
        functions=functions,
    )
