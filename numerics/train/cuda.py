"""Paths on a CUDA device: a kernel with one network per thread and many steps per launch, and CUDA graphs for the general path."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from numerics.train.general import TorchSession
from numerics.train.lanes import pack_state, unpack_state
from numerics.train.methods import GradientDescent, Method
from numerics.train.native import kernel_source, with_headers
from numerics.train.problem import Problem
from numerics.train.session import Look
from numerics.train.shapes import Shape, kernel_data, method_parameters, method_prelude

THREADS_PER_BLOCK = 128


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


def compile_text(shape: Shape, method: Method) -> str:
    """What the CUDA compiler is given: the sizes, then the source with its headers put in."""
    return f"{shape.prelude}\n{method_prelude(method)}\n{with_headers(kernel_source('gpu.cu'), shape.body)}"


@lru_cache(maxsize=256)
def compiled(text: str) -> Any:
    """The kernel that ``text`` (from :func:`compile_text`) describes."""
    cupy: Any = import_module("cupy")

    return cupy.RawModule(code=text, options=("-std=c++17",)).get_function("descend_networks")


class CudaSession:
    """Arrays [number][network] on the device; a launch makes all steps until the next check."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], shape: Shape) -> None:
        cupy: Any = import_module("cupy")

        self.method, self.networks, self.n, self.P = method, problem.networks, problem.samples, problem.theta.shape[1]
        self.steps = problem.steps.copy()
        self.function = compiled(compile_text(shape, method))
        data = kernel_data(problem)
        on_device = lambda array: cupy.asarray(np.ascontiguousarray(array.T))
        self.data = [on_device(array) for array in (data.x, data.y, 2 * data.weight)]
        self.offset, self.rate = data.offset, cupy.asarray(problem.learning_rate)
        self.theta, self.state = on_device(problem.theta), on_device(pack_state(problem, method, state))
        self.loss, self.parameters = cupy.zeros(self.networks), cupy.asarray(method_parameters(method))
        self.advance(0)

    def advance(self, steps: int) -> None:
        data = [value for array in self.data for value in (array, np.int64(array.shape[1]))]
        out = (self.theta, self.state, self.loss, self.parameters)
        blocks = -(-self.networks // THREADS_PER_BLOCK)
        sizes = (np.int64(self.networks), np.int32(self.n), np.int64(steps))
        self.function((blocks,), (THREADS_PER_BLOCK,), (*sizes, self.rate, *data, *out))
        self.steps += steps

    def look(self) -> Look:
        theta = np.ascontiguousarray(self.theta.get().T)
        return Look(theta, self.loss.get() + self.offset, self.steps.copy(), np.full(self.networks, None))

    def remembered(self) -> dict[str, np.ndarray]:
        return {} if isinstance(self.method, GradientDescent) else unpack_state(self.state.get().T, self.method, self.P)


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
