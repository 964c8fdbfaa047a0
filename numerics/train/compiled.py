"""The path of compiled kernels: C++ for any model whose formula can be traced, lanes being networks or the units of one."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from numerics.train import native
from numerics.train.general import dropped_parameters, minibatches
from numerics.train.generate import Data, generated, share_in_lanes
from numerics.train.lanes import aligned, from_lanes, over_blocks, pack_state, to_lanes, unpack_state
from numerics.train.mapping import Layout, Mapping, as_given, by_units, nearer_cache, widest
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

#: Units of the widest layer from which on they may be the lanes of one or two networks, and of more; share of the work to be in lanes.
FEWEST_UNITS, MOSTLY = (16, 64), 0.9
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
        generated(formula, _data(problem, method, formula))
        if isinstance(method, Dropout):
            dropped_parameters(problem.model, method)
    except CannotTrace as error:
        return f"the model cannot be traced: {error}"
    except PathUnavailable as error:
        return str(error)
    return None


def reason_to_prefer_others(problem: Problem, method: Method) -> str | None:
    """Why another path is faster than a kernel could be, or None."""
    parameters = problem.theta.shape[1]
    if parameters > MOST_PARAMETERS:
        return f"kernels are preferred for at most {MOST_PARAMETERS} parameters, the model has {parameters}"
    idle = _data(problem, method, formula_of(problem)).mapping is Mapping.NETWORKS and problem.networks * LANES_IDLE <= LANES
    if idle and 3 * problem.samples * parameters > LARGE_GRADIENT:
        return f"{problem.networks} networks of this size would leave most lanes of a vector idle"
    return None


def formula_of(problem: Problem) -> Formula:
    """The traced formula. Raises CannotTrace."""
    return traced(problem.model, measures=problem.measures and problem.index is None)


@lru_cache(maxsize=256)
def _mapping(formula: Formula, data: Data, networks: int, remembered: int) -> Mapping:
    """Which loop the lanes are: units where networks would leave half of the lanes idle or, eight at a time, the nearer cache."""
    units, one = widest(formula), (2 + remembered) * formula.parameters * 8
    few = (networks <= 2 and units >= FEWEST_UNITS[0]) or (networks * 2 <= LANES and units >= FEWEST_UNITS[1])
    leaves = one * LANES > nearer_cache() >= one and units >= FEWEST_UNITS[1]
    if not (few or leaves) or share_in_lanes(formula, data) < MOSTLY:
        return Mapping.NETWORKS
    return Mapping.UNITS


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
    single = tuple(shared and count == 1 for count in data)
    found = Data(together, formula.entries or seen <= together, single, loss=problem.loss)  # pyright: ignore[reportArgumentType]
    mapping = _mapping(formula, found, problem.networks, len(method.remembers))
    return replace(found, single=(True, True, True), mapping=mapping) if mapping is Mapping.UNITS else found


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
    data = _data(problem, method, formula)
    method_text = _method_text(problem, method, _layout(formula, data))
    return _text(formula, data, *method_text, f"#define UNITS {int(data.mapping is Mapping.UNITS)}")


def _layout(formula: Formula, data: Data) -> Layout:
    return by_units(formula) if data.mapping is Mapping.UNITS else as_given(formula)


def _method_text(problem: Problem, method: Method, layout: Layout) -> tuple[str, ...]:
    batch = min(method.batch_size, problem.samples) if isinstance(method, StochasticGradientDescent) else 0
    lines = [f"#define METHOD {METHODS[type(_inner(method))]}", f"#define BATCH {batch}"]
    if not isinstance(method, Dropout):
        return (*lines, "#define DROPPED 0")
    neurons = dropped_parameters(problem.model, method)
    places = np.flatnonzero(neurons >= 0)
    lines += [f"#define DROPPED {len(places)}", f"#define NEURONS {neurons.max() + 1}"]
    for name, values in (("dropped", layout.places[places]), ("neuron", neurons[places])):
        lines.append(f"static const int {name}[] = {{{', '.join(map(str, values.tolist()))}}};")
    return tuple(lines)


@lru_cache(maxsize=256)
def _text(formula: Formula, data: Data, *method: str) -> str:
    head = "\n".join(method)
    return f"{head}\n{native.with_headers(native.kernel_source('cpu.cpp'), generated(formula, data).text)}"


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
        described = _data(problem, method, formula)
        self.units, self.layout = described.mapping is Mapping.UNITS, _layout(formula, described)
        self.kernel = library(compile_text(problem, method))
        lanes = self.kernel.lanes
        data = kernel_data(problem)
        self.offset = data.offset
        data, self.padded = padded(data, self.samples, 1 if formula.entries else self.kernel.together)
        given = zip(("x", "y", "w"), (data.x, data.y, 2 * data.weight), described.single, strict=True)
        self.arrays: dict[str, Any] = {name: _aligned_copy(array) if alone else to_lanes(array, lanes) for name, array, alone in given}
        spread = self._spread
        self.arrays |= {
            "rate": spread(problem.learning_rate[:, None]),
            "theta": self._laid_out(problem.theta),
            "state": self._state(_pack(problem, method, state)),
            "loss": spread(np.zeros((self.networks, 1))),
            "parameters": _parameters(method),
            "seed": spread(_words(problem.seed)).view(np.uint64),
            "made": spread(_words(problem.steps)).view(np.uint64),
        }
        self.seed = problem.seed
        self._run(0)

    def advance(self, steps: int) -> None:
        """Make ``steps`` steps with every network."""
        if not isinstance(self.method, StochasticGradientDescent):
            return self._run(steps)
        size = min(self.method.batch_size, self.samples)
        lanes = self.kernel.lanes
        blocks = -(-self.networks // lanes)
        most = max(1, ORDER_BYTES // (4 * size * lanes * blocks))
        for k in range(0, steps, most):
            count = min(most, steps - k)
            order = minibatches(self.seed, self.steps, count, self.samples, size)
            spread = to_lanes(order.reshape(self.networks, -1).astype(float), 1 if self.units else lanes)
            self.arrays["order"] = np.ascontiguousarray(spread, dtype=np.int32)
            self._run(count)

    def _run(self, steps: int) -> None:
        sizes = self.padded, self.samples, steps
        over_blocks(lambda first, last: self.kernel.advance(first, last, sizes, self.arrays), len(self.arrays["theta"]), self.threads)

    @property
    def steps(self) -> np.ndarray:
        """Steps that every network has made since its first start."""
        return self._gathered(self.arrays["made"])[:, 0].astype(np.int64)

    def look(self) -> Look:
        """Where every network is."""
        theta = self._parameters(self.arrays["theta"])
        loss = self._gathered(self.arrays["loss"])[:, 0] + self.offset
        ended = np.full(self.networks, None)
        if isinstance(self.method, GradientFlow):
            ended[self._packed()[:, 0] >= self.method.time] = Status.TIME_REACHED
        return Look(theta, loss, self.steps, ended)

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, ...)."""
        if isinstance(self.method, GradientFlow):
            time, step_size = self._packed().T.copy()
            return {"time": time, "step_size": step_size}
        if not self.units:
            return unpack_state(self._packed(), _inner(self.method), self.P)
        slots, state = self.arrays["theta"].shape[1], self.arrays["state"]
        return {name: self._parameters(state[:, k * slots : (k + 1) * slots]) for k, name in enumerate(_inner(self.method).remembers)}

    def _packed(self) -> np.ndarray:
        return self._gathered(self.arrays["state"])

    # What a network has once is in its lane, or in every lane of its block; a parameter is in its lane, or in one slot of its block.

    def _spread(self, array: np.ndarray) -> np.ndarray:
        """(b, k) as (blocks, k, lanes)."""
        lanes = self.kernel.lanes
        return to_lanes(np.repeat(array, lanes, axis=0), lanes) if self.units else to_lanes(array, lanes)

    def _gathered(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array[:, :, 0]) if self.units else from_lanes(array, self.networks)

    def _laid_out(self, theta: np.ndarray) -> np.ndarray:
        """(b, P) as (blocks, slots, lanes)."""
        if not self.units:
            return to_lanes(theta, self.kernel.lanes)
        return _aligned_copy(self.layout.spread(theta)).reshape(len(theta), -1, self.kernel.lanes)

    def _parameters(self, slots: np.ndarray) -> np.ndarray:
        """The inverse of ``_laid_out``."""
        return self.layout.gathered(slots.reshape(len(slots), -1)) if self.units else from_lanes(slots, self.networks)

    def _state(self, packed: np.ndarray) -> np.ndarray:
        """The method's memory (b, numbers), of which whole multiples of P are laid out as theta is."""
        if not self.units or isinstance(self.method, GradientFlow):
            return self._spread(packed)
        moments = packed.shape[1] // self.P
        parts = [self._laid_out(packed[:, k * self.P : (k + 1) * self.P]) for k in range(moments)]
        return _aligned_copy(np.concatenate([*parts, self._spread(packed[:, moments * self.P :])], axis=1))


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


def padded(data: KernelData, samples: int, together: int) -> tuple[KernelData, int]:
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


def _words(values: np.ndarray) -> np.ndarray:
    """Whole numbers (b,) as words (b, 1), which are to be moved bit by bit."""
    return np.asarray(values).astype(np.uint64).view(np.float64)[:, None]
