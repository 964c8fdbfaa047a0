"""Paths on a CUDA device: generated kernels with many steps per launch, and CUDA graphs for the general path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from numerics.train.compiled import formula_of, padded
from numerics.train.general import TorchSession
from numerics.train.generate import Data, generated
from numerics.train.lanes import pack_state, unpack_state
from numerics.train.mapping import Layout, Mapping, as_given, by_units, widest
from numerics.train.methods import Adam, GradientDescent, Method, Momentum
from numerics.train.native import kernel_source, with_headers
from numerics.train.problem import Problem
from numerics.train.session import Look
from numerics.train.shapes import kernel_data, method_parameters
from numerics.train.trace import CannotTrace, Formula

WARP = 32
#: Threads of a block where the batch fills the device, and below so many networks, where smaller blocks reach more multiprocessors.
THREADS, FEW_NETWORKS = 128, 8192
#: Threads of a network that is shared out among a whole block.
BLOCK = 256
#: Numbers that a thread can keep in registers, and in its own memory at most.
IN_REGISTERS, IN_ONE_THREAD = 120, 1000
#: Units of a layer from which on a warp has work for half of its threads, and up to which it is enough.
UNITS_OF_WARP = 16, 512
#: Bytes of shared memory that every device since 2017 gives to a block, and what it gives unasked.
MOST_SHARED, SHARED_UNASKED = 96 * 1024, 48 * 1024
#: Above this many parameters matrix products of single networks are faster.
MOST_PARAMETERS = 100_000
METHODS = (GradientDescent, Momentum, Adam)


@dataclass(frozen=True)
class Team:
    """How networks are shared out: ``size`` threads each, ``threads`` in a block, which has ``shared`` bytes of shared memory.

    ``inside``: parameters, gradient and intermediate results are there, not in global memory.
    """

    size: int
    threads: int
    shared: int
    inside: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """A kernel: its text, who trains a network, how its parameters lie and how its data come."""

    text: str
    team: Team
    layout: Layout
    data: Data
    working: int


@lru_cache(maxsize=1)
def reason_against_kernels() -> str | None:
    """Why cupy cannot run kernels here, or None."""
    if not find_spec("cupy"):
        return "cupy is not installed"
    cupy: Any = import_module("cupy")

    try:
        return None if cupy.cuda.runtime.getDeviceCount() else "no CUDA device"
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"no CUDA device ({error})"


def reason_against_torch() -> str | None:
    """Why torch has no CUDA device here, or None."""
    import torch

    return None if torch.cuda.is_available() else "torch has no CUDA device"


def reason_against(problem: Problem, method: Method) -> str | None:
    """Why there can be no kernel for this problem and method, or None."""
    if not isinstance(method, METHODS):
        return f"kernels on a device do not make steps of {method.name}"
    if (parameters := problem.theta.shape[1]) > MOST_PARAMETERS:
        return f"kernels on a device are written for at most {MOST_PARAMETERS} parameters, the model has {parameters}"
    try:
        plan(problem, method)
    except CannotTrace as error:
        return f"the model cannot be traced: {error}"
    return None


def plan(problem: Problem, method: Method) -> Plan:
    """The kernel of a problem. Raises CannotTrace."""
    return _plan(formula_of(problem), problem.loss, METHODS.index(type(method)), problem.samples, problem.networks <= FEW_NETWORKS)


@lru_cache(maxsize=256)
def _plan(formula: Formula, loss: str, method: int, samples: int, few: bool) -> Plan:
    size = team_size(formula, loss, method)
    data = _data(formula, loss, size, samples)
    kernel = generated(formula, data)
    layout = by_units(formula) if size > 1 else as_given(formula)
    working = 2 * layout.slots + kernel.scratch if size > 1 else 0
    team = _team(size, working, few)
    sizes = dict(TEAM=team.size, THREADS=team.threads, SHARED=int(team.inside), METHOD=method)
    lines = [f"#define {name} {value}" for name, value in sizes.items()]
    text = with_headers(kernel_source("gpu.cu"), kernel.text)
    return Plan("\n".join([*lines, text]), team, layout, data, working)


def team_size(formula: Formula, loss: str, method: int) -> int:
    """Threads of a network: one while it stands in registers or has too few units for a warp, a warp, or a block where layers are wide."""
    kept = generated(formula, _data(formula, loss, 1, 1)).scratch
    numbers, units = (2 + method) * formula.parameters + kept, widest(formula)
    if numbers <= IN_REGISTERS or (units < UNITS_OF_WARP[0] and numbers <= IN_ONE_THREAD):
        return 1
    return WARP if units <= UNITS_OF_WARP[1] else BLOCK


def _data(formula: Formula, loss: str, size: int, samples: int) -> Data:
    """One thread takes one sample after the other, as other threads run while it waits; a team several, so that it waits less often."""
    together = 1 if size == 1 or formula.entries else min(formula.together, samples)
    together = -(-samples // -(-samples // together))
    mapping = Mapping.UNITS if size > 1 else Mapping.NETWORKS
    return Data(together, formula.entries or samples <= together, (True, True, True), mapping, loss, device=True)


def _team(size: int, working: int, few: bool) -> Team:
    """Several teams in a block while their memory fits into shared memory; a network that does not fit at all works in global memory."""
    if size == 1:
        return Team(1, WARP if few else THREADS, 0, inside=True)
    exchange = size // WARP
    for teams in (1,) if size == BLOCK or few else (THREADS // size, 2, 1):
        if (shared := 8 * (exchange + teams * working)) <= MOST_SHARED:
            return Team(size, size * teams, shared, inside=True)
    return Team(size, size, 8 * exchange, inside=False)


@lru_cache(maxsize=256)
def compiled(text: str) -> Any:
    """The kernel that ``text`` (of a :class:`Plan`) describes."""
    cupy: Any = import_module("cupy")

    return cupy.RawModule(code=text, options=("-std=c++17",)).get_function("train_networks")


class CudaSession:
    """Networks on the device; a launch makes all steps until the next look, and those that end on the way stay where they ended."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray]) -> None:
        cupy: Any = import_module("cupy")

        self.method, self.networks, self.P = method, problem.networks, problem.theta.shape[1]
        self.plan = plan(problem, method)
        self.layout = self.plan.layout
        self.function, self.alone = compiled(self.plan.text), self.plan.team.size == 1
        if self.plan.team.shared > SHARED_UNASKED:
            self.function.max_dynamic_shared_size_bytes = self.plan.team.shared
        data = kernel_data(problem)
        offset = np.array(np.broadcast_to(data.offset, self.networks))
        data, self.n = padded(data, problem.samples, self.plan.data.together)
        self.data = [self._own(array) for array in (data.x, data.y, 2 * data.weight)]
        self.rate, self.offset = cupy.asarray(problem.learning_rate), cupy.asarray(offset)
        self.threshold = cupy.asarray(problem.stop + problem.least_loss)
        self.theta, self.state = self._put(self.layout.spread(problem.theta)), self._put(self._state(pack_state(problem, method, state)))
        self.loss, self.parameters = cupy.zeros(self.networks), cupy.asarray(method_parameters(method))
        self.made = cupy.asarray(problem.steps.astype(np.int64))
        self.ended = cupy.asarray(np.zeros(self.networks, dtype=np.int32))
        self.working = cupy.zeros(1 if self.plan.team.inside else self.networks * self.plan.working)
        self.advance(0)

    def advance(self, steps: int, check_every: int | None = None) -> None:
        """Make ``steps`` steps; with ``check_every`` networks end on the device where a look after so many steps finds them at an end."""
        team = self.plan.team
        data = [value for array, network, step in self.data for value in (array, np.int64(network), np.int64(step))]
        out = (self.theta, self.state, self.loss, self.parameters, self.made, self.ended, self.working)
        counts = (np.int64(self.networks), np.int32(self.n), np.int64(steps), np.int64(check_every or max(1, steps)))
        blocks = -(-self.networks * team.size // team.threads)
        arguments = (*counts, self.rate, self.threshold, self.offset, *data, *out)
        self.function((blocks,), (team.threads,), arguments, shared_mem=team.shared)

    def look(self) -> Look:
        """Where every network is; theta is the last finite one that a check has seen."""
        return Look(self._fetched(self.theta), self.loss.get(), self.made.get(), np.full(self.networks, None))

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, ...)."""
        if isinstance(self.method, GradientDescent):
            return {}
        if self.alone:
            return unpack_state(self.state.get().T, self.method, self.P)
        parts = unpack_state(self.state.get(), self.method, self.layout.slots)
        return {name: self.layout.gathered(part) for name, part in parts.items()}

    def _put(self, array: np.ndarray) -> Any:
        """(b, numbers) on the device, [number][network] where every thread has a network of its own."""
        cupy: Any = import_module("cupy")

        return cupy.asarray(np.ascontiguousarray(array.T if self.alone else array))

    def _own(self, array: np.ndarray) -> tuple[Any, int, int]:
        """Data (k, numbers) on the device, how far a network's lie from the next one's, and a number from its next."""
        shared = len(array) == 1
        if self.alone and not shared:
            return self._put(array), 1, len(array)
        cupy: Any = import_module("cupy")
        return cupy.asarray(np.ascontiguousarray(array)), 0 if shared else array.shape[1], 1

    def _state(self, packed: np.ndarray) -> np.ndarray:
        """The method's memory, of which whole multiples of P are laid out as theta is."""
        moments = packed.shape[1] // self.P
        parts = [self.layout.spread(packed[:, k * self.P : (k + 1) * self.P]) for k in range(moments)]
        return np.concatenate([*parts, packed[:, moments * self.P :]], axis=1)

    def _fetched(self, array: Any) -> np.ndarray:
        fetched = array.get()
        return np.ascontiguousarray(self.layout.gathered(fetched.T if self.alone else fetched))


class GraphSession(TorchSession):
    """The general path with one step recorded as a CUDA graph: a replay costs one launch instead of one per operation."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], device: str = "cuda") -> None:
        super().__init__(problem, method, state, device)
        self.graph = self._record()

    def advance(self, steps: int) -> None:
        for _ in range(steps):
            self.graph.replay()

    def _record(self) -> Any:
        """Warm up on a side stream, as capture demands, undo those steps in place, and record one step."""
        import torch

        tensors = [self.theta, self.steps, *self.state.values()]
        before = [tensor.clone() for tensor in tensors]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            super().advance(3)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            super().advance(1)
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        return graph
