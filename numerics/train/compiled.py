"""The path of compiled kernels: C++ for any model whose formula can be traced, one network per lane."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from numerics.train import native
from numerics.train.general import dropped_parameters, minibatches
from numerics.train.generate import Data, generated_text
from numerics.train.lanes import aligned, from_lanes, over_blocks, pack_state, to_lanes, unpack_state
from numerics.train.methods import Adam, Dropout, GradientDescent, GradientFlow, Method, Momentum, StochasticGradientDescent
from numerics.train.problem import Problem
from numerics.train.result import Status
from numerics.train.session import Look, PathUnavailable
from numerics.train.shapes import KernelData, entry_index, kernel_data, method_parameters
from numerics.train.trace import CannotTrace, Formula, traced

#: Bytes of minibatch numbers that are drawn ahead.
ORDER_BYTES = 1 << 25
#: Lanes of the widest vectors.
LANES = 8

#: Above this many parameters the networks of one block leave every cache, and matrix products of single networks are faster.
MOST_PARAMETERS = 100_000
#: A batch that fills at most a quarter of the lanes is not worth a kernel when one gradient takes this many multiplications.
LANES_IDLE, LARGE_GRADIENT = 4, 1_000_000

#: What kernels/cpu.cpp calls the methods; minibatches are a matter of the samples.
METHODS = {GradientDescent: 0, StochasticGradientDescent: 0, Momentum: 1, Adam: 2, GradientFlow: 3}
Supported = GradientDescent | Momentum | Adam | StochasticGradientDescent | Dropout | GradientFlow


def reason_against(problem: Problem, method: Method) -> str | None:
    """Why there can be no kernel for this problem and method, or None. Raises ValueError for a layer of dropout that the model lacks."""
    if not isinstance(method, Supported):
        return f"kernels do not make steps of {method.name}"
    try:
        formula = formula_of(problem)
        _shape_text(formula, _data(problem, method, formula))
        if isinstance(method, Dropout):
            dropped_parameters(problem.model, method)
    except CannotTrace as error:
        return f"the model cannot be traced: {error}"
    except PathUnavailable as error:
        return str(error)
    return None


def reason_to_prefer_others(problem: Problem) -> str | None:
    """Why another path is faster than a kernel could be, or None."""
    parameters = problem.theta.shape[1]
    if parameters > MOST_PARAMETERS:
        return f"kernels are preferred for at most {MOST_PARAMETERS} parameters, the model has {parameters}"
    if problem.networks * LANES_IDLE <= LANES and 3 * problem.samples * parameters > LARGE_GRADIENT:
        return f"{problem.networks} networks of this size would leave most lanes of a vector idle"
    return None


def formula_of(problem: Problem) -> Formula:
    """The traced formula. Raises CannotTrace."""
    return traced(problem.model, measures=problem.measures and problem.index is None)


def _together(problem: Problem, method: Method, formula: Formula) -> int:
    """Samples taken at once: enough to hide the latency of sums and to read parameters seldom, in groups as equal as possible."""
    if formula.entries:
        return 1
    if isinstance(method, StochasticGradientDescent):
        size = min(method.batch_size, problem.samples)
        return next(k for k in range(min(formula.together, size), 0, -1) if size % k == 0)
    groups = -(-problem.samples // formula.together)
    return -(-problem.samples // groups)


def _data(problem: Problem, method: Method, formula: Formula) -> Data:
    shared = formula.entries or not isinstance(method, StochasticGradientDescent)
    data = kernel_sizes(problem)
    together = _together(problem, method, formula)
    seen = min(method.batch_size, problem.samples) if isinstance(method, StochasticGradientDescent) else problem.samples
    return Data(together, formula.entries or seen <= together, tuple(shared and count == 1 for count in data))  # pyright: ignore[reportArgumentType]


def kernel_sizes(problem: Problem) -> tuple[int, int, int]:
    """Batch sizes of x, y and the weights as kernels read them, 1 where all networks share them."""
    batched = problem.batched
    if (index := entry_index(problem)) is not None:
        own = any((index.ndim == 3, batched["Y"], batched["weights"]))
        count = problem.networks if own else 1
        return 1, count, count
    return tuple(problem.networks if batched[name] else 1 for name in ("X", "Y", "weights"))  # pyright: ignore[reportReturnType]


def compile_text(problem: Problem, method: Method) -> str:
    """What the compiler is given."""
    formula = formula_of(problem)
    return _text(formula, _data(problem, method, formula), *_method_text(problem, method))


def _method_text(problem: Problem, method: Method) -> tuple[str, ...]:
    batch = min(method.batch_size, problem.samples) if isinstance(method, StochasticGradientDescent) else 0
    lines = [f"#define METHOD {METHODS[type(_inner(method))]}", f"#define BATCH {batch}"]
    if not isinstance(method, Dropout):
        return (*lines, "#define DROPPED 0")
    neurons = dropped_parameters(problem.model, method)
    places = np.flatnonzero(neurons >= 0)
    lines += [f"#define DROPPED {len(places)}", f"#define NEURONS {neurons.max() + 1}"]
    for name, values in (("dropped", places), ("neuron", neurons[places])):
        lines.append(f"static const int {name}[] = {{{', '.join(map(str, values.tolist()))}}};")
    return tuple(lines)


@lru_cache(maxsize=256)
def _shape_text(formula: Formula, data: Data) -> str:
    return generated_text(formula, data)


@lru_cache(maxsize=256)
def _text(formula: Formula, data: Data, *method: str) -> str:
    head = "\n".join(method)
    return f"{head}\n{native.with_headers(native.kernel_source('cpu.cpp'), _shape_text(formula, data))}"


class Library:
    """A loaded kernel; see kernels/cpu.cpp for what it does."""

    def __init__(self, path: Path) -> None:
        loaded = ctypes.CDLL(str(path))
        self.lanes, self.together = loaded.lanes(), loaded.together()
        self._advance = loaded.advance
        pointer, long, number = ctypes.c_void_p, ctypes.c_long, ctypes.c_int
        self._advance.argtypes = [long, long, number, number, long, pointer, *([pointer, long] * 3), *([pointer] * 7), long]
        self._advance.restype = number

    def advance(self, first: int, last: int, sizes: tuple[int, int, int], arrays: dict[str, np.ndarray]) -> None:
        """Move blocks ``first`` .. ``last`` - 1 on; ``sizes`` are padded samples, samples and steps."""
        address = lambda name: arrays[name].ctypes.data if name in arrays else None
        stride = lambda name: 0 if len(arrays[name]) == 1 else arrays[name][0].size // (self.lanes if arrays[name].ndim == 3 else 1)
        data = [value for name in ("x", "y", "w") for value in (address(name), stride(name))]
        out = [address(name) for name in ("theta", "state", "loss", "parameters", "seed", "made", "order")]
        order = arrays["order"][0].size if "order" in arrays else 0
        if self._advance(first, last, *sizes, address("rate"), *data, *out, order):
            raise MemoryError(f"not enough memory for the intermediate results of {self.lanes} networks")


@lru_cache(maxsize=256)
def library(text: str) -> Library:
    """The kernel, compiled unless the cache has it. Raises PathUnavailable with the compiler's words."""
    return Library(native.build(text))


class CompiledSession:
    """Runs a kernel over all blocks, on several threads (kernels release the interpreter)."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], threads: int = 1) -> None:
        formula = formula_of(problem)
        self.method, self.threads = method, threads
        self.networks, self.P, self.samples = problem.networks, problem.theta.shape[1], problem.samples
        single = _data(problem, method, formula).single
        self.kernel = library(compile_text(problem, method))
        lanes = self.kernel.lanes
        data = kernel_data(problem)
        self.offset = data.offset
        data, self.padded = _padded(data, self.samples, 1 if formula.entries else self.kernel.together)
        given = zip(("x", "y", "w"), (data.x, data.y, 2 * data.weight), single, strict=True)
        self.arrays: dict[str, Any] = {name: _aligned_copy(array) if alone else to_lanes(array, lanes) for name, array, alone in given}
        spread = lambda array: to_lanes(array, lanes)
        self.arrays |= {
            "rate": spread(problem.learning_rate[:, None]),
            "theta": spread(problem.theta),
            "state": spread(_pack(problem, method, state)),
            "loss": aligned((-(-self.networks // lanes), 1, lanes)),
            "parameters": _parameters(method),
            "seed": _words(problem.seed, lanes),
            "made": _words(problem.steps, lanes),
        }
        self.seed = problem.seed
        self._run(0)

    def advance(self, steps: int) -> None:
        """Make ``steps`` steps with every network."""
        if not isinstance(self.method, StochasticGradientDescent):
            return self._run(steps)
        size = min(self.method.batch_size, self.samples)
        lanes = self.kernel.lanes
        most = max(1, ORDER_BYTES // (4 * size * lanes * len(self.arrays["theta"])))
        for k in range(0, steps, most):
            count = min(most, steps - k)
            order = minibatches(self.seed, self.steps, count, self.samples, size)
            spread = to_lanes(order.reshape(self.networks, -1).astype(float), lanes)
            self.arrays["order"] = np.ascontiguousarray(spread, dtype=np.int32)
            self._run(count)

    def _run(self, steps: int) -> None:
        sizes = self.padded, self.samples, steps
        over_blocks(lambda first, last: self.kernel.advance(first, last, sizes, self.arrays), len(self.arrays["theta"]), self.threads)

    @property
    def steps(self) -> np.ndarray:
        """Steps that every network has made since its first start."""
        return from_lanes(self.arrays["made"], self.networks)[:, 0].astype(np.int64)

    def look(self) -> Look:
        """Where every network is."""
        theta = from_lanes(self.arrays["theta"], self.networks)
        loss = from_lanes(self.arrays["loss"], self.networks)[:, 0] + self.offset
        ended = np.full(self.networks, None)
        if isinstance(self.method, GradientFlow):
            ended[self._packed()[:, 0] >= self.method.time] = Status.TIME_REACHED
        return Look(theta, loss, self.steps, ended)

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, ...)."""
        if isinstance(self.method, GradientFlow):
            time, step_size = self._packed().T.copy()
            return {"time": time, "step_size": step_size}
        return unpack_state(self._packed(), _inner(self.method), self.P)

    def _packed(self) -> np.ndarray:
        return from_lanes(self.arrays["state"], self.networks)


def _inner(method: Method) -> Method:
    return method.method if isinstance(method, Dropout) else method


def _pack(problem: Problem, method: Method, state: dict[str, np.ndarray]) -> np.ndarray:
    """The method's memory as the kernel lays it out, (b, numbers)."""
    if isinstance(method, GradientFlow):
        zero = np.zeros(problem.networks)
        return np.stack([state.get("time", zero), state.get("step_size", zero)], axis=1)
    inner = _inner(method)
    return pack_state(problem, GradientDescent() if isinstance(inner, StochasticGradientDescent) else inner, state)


def _parameters(method: Method) -> np.ndarray:
    if isinstance(method, GradientFlow):
        return np.array([method.time, method.rtol, method.atol])
    if isinstance(method, Dropout):
        return np.concatenate([np.resize(method_parameters(method.method), 4), [method.keep]])
    return method_parameters(method)


def _padded(data: KernelData, samples: int, together: int) -> tuple[KernelData, int]:
    """Samples of weight 0 added until their number is a multiple of ``together``: copies of the last one."""
    missing = -samples % together
    if not missing:
        return data, samples

    def longer(array: np.ndarray, *, zero: bool) -> np.ndarray:
        parts = array.reshape(len(array), samples, -1)
        tail = np.repeat(parts[:, -1:] * (0 if zero else 1), missing, axis=1)
        return np.concatenate([parts, tail], axis=1).reshape(len(array), -1)

    padded = replace(data, x=longer(data.x, zero=False), y=longer(data.y, zero=False), weight=longer(data.weight, zero=True))
    return padded, samples + missing


def _aligned_copy(array: np.ndarray) -> np.ndarray:
    copy = aligned(array.shape)
    copy[:] = array
    return copy


def _words(values: np.ndarray, lanes: int) -> np.ndarray:
    """Whole numbers (b,) as (blocks, 1, lanes) words, bit by bit."""
    words = np.asarray(values).astype(np.uint64).view(np.float64)[:, None]
    return to_lanes(words, lanes).view(np.uint64)
