"""The ways to run a batch, fastest first, and the choice among them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from numerics.train.methods import (
    Adam,
    Dropout,
    GaussNewton,
    GradientDescent,
    GradientFlow,
    LevenbergMarquardt,
    Method,
    Momentum,
    StochasticGradientDescent,
)
from numerics.train.problem import Problem
from numerics.train.session import PathUnavailable, Session
from numerics.train.shapes import kernel_shape
from theory.models import TwoLayerCNN

#: Paths per device, in the order in which "auto" tries them.
ORDER = {"cpu": ("compiled", "numba", "wide", "torch"), "cuda": ("cuda", "cuda-graph", "wide", "torch")}


#: Where the general path takes less than this in all, a kernel (whose build takes as long or twice as long) is not worth compiling.
SMALL_SECONDS = 0.5
SMALL = f"not worth compiling where the general path takes less than {SMALL_SECONDS} s"
#: A step of the general path, roughly: its calls, and the multiplications that it makes in a second.
SECONDS_OF_CALLS, MULTIPLICATIONS = 2e-4, 1e9
#: Gradients in one step of a gradient flow.
STAGES = 6


@dataclass(frozen=True)
class Choice:
    """The path that runs: ``open(problem, method, state)`` starts a session; ``skipped`` says why the ones before it do not.

    ``decides``: its sessions look at the loss themselves, by ``advance(steps, check_every)``.
    """

    name: str
    open: Callable[[Problem, Method, dict[str, np.ndarray]], Session]
    bytes_per_network: int
    context: Callable[[], Any] = contextlib.nullcontext
    skipped: Mapping[str, str] = field(default_factory=dict)
    decides: bool = False


def choose(
    problem: Problem, method: Method, *, path: str, device: str, steps: int, threads: int, without: Mapping[str, str] | None = None
) -> Choice:
    """The forced path or the first of the device's that can run. Raises PathUnavailable or ValueError.

    ``without``: paths that are out of the question, and why.
    """
    if not isinstance(device, str) or device not in ORDER:
        raise ValueError(f"device must be one of {', '.join(ORDER)}, got {device!r}")
    if not isinstance(path, str) or path != "auto" and path not in {name for order in ORDER.values() for name in order}:
        raise ValueError(f"path must be auto or one of {', '.join(dict.fromkeys(sum(ORDER.values(), ())))}, got {path!r}")
    if path != "auto" and path not in ORDER[device]:
        raise PathUnavailable(f"path {path!r} is none of device {device!r}, which has {', '.join(ORDER[device])}")
    names = ORDER[device] if path == "auto" else (path,)
    skipped: dict[str, str] = {}
    for name in names:
        if without and name in without:
            skipped[name] = without[name]
            continue
        found = _FINDERS[name](problem, method, Request(device, steps, threads, forced=path != "auto"))
        if isinstance(found, Choice):
            return replace(found, skipped=skipped)
        skipped[name] = found
    raise PathUnavailable(f"path {path!r} cannot run this: {skipped[path] if path in skipped else '; '.join(skipped.values())}")


@dataclass(frozen=True)
class Request:
    """What a path needs to know beside problem and method."""

    device: str
    steps: int
    threads: int
    forced: bool


def _compiled(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train import compiled, native

    if reason := native.reason_against() or compiled.reason_against(problem, method):
        return reason
    if not request.forced:
        if reason := compiled.reason_to_prefer_others(problem, method):
            return reason
        if _is_small(problem, method, request):
            return SMALL
    try:
        compiled.library(compiled.compile_text(problem, method))
    except PathUnavailable as error:
        if request.forced:
            raise
        return str(error)
    return _in_lanes("compiled", problem, method, partial(compiled.CompiledSession, threads=request.threads))


def _numba(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train import just_in_time

    shape = kernel_shape(problem, method)
    if isinstance(shape, str) or (reason := just_in_time.reason_against()):
        return shape if isinstance(shape, str) else reason
    if not request.forced and _is_small(problem, method, request):
        return SMALL
    from numerics.train.lanes import LaneSession

    kernel = just_in_time.NumbaKernel(shape, method)
    return _in_lanes("numba", problem, method, partial(LaneSession, kernel=kernel, threads=request.threads))


def _in_lanes(name: str, problem: Problem, method: Method, open_session: Callable) -> Choice:
    # every array exists as it came, with lanes, and once more while it is moved
    return Choice(name, open_session, 8 * 4 * _numbers(problem, method))


def _numbers(problem: Problem, method: Method) -> int:
    """Numbers per network: parameters, what the method remembers, data (shared ones spread over all)."""
    data = sum(array.size // problem.networks for array in (problem.X, problem.Y, problem.weights))
    return (2 + len(method.remembers)) * problem.theta.shape[1] + data


def _is_small(problem: Problem, method: Method, request: Request) -> bool:
    """Whether compiling would take longer than the general path needs in all."""
    gradients = request.steps * (STAGES if isinstance(method, GradientFlow) else 1)
    multiplications = 3 * problem.networks * problem.samples * problem.theta.shape[1]
    return gradients * (SECONDS_OF_CALLS + multiplications / MULTIPLICATIONS) < SMALL_SECONDS


def _cuda(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train import cuda

    if reason := cuda.reason_against(problem, method) or cuda.reason_against_kernels():
        return reason
    return Choice("cuda", cuda.CudaSession, 8 * 4 * _numbers(problem, method), decides=True)


def _cuda_graph(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train import cuda
    from numerics.train.general import general_bytes

    if not isinstance(method, GradientDescent | Momentum | Adam):
        return f"steps of {method.name} cannot be recorded once and repeated"
    if isinstance(problem.model, TwoLayerCNN):
        return "the model gathers its patches through indices on the host, which a graph cannot record"
    if reason := cuda.reason_against_torch():
        return reason
    return Choice("cuda-graph", cuda.GraphSession, 2 * general_bytes(problem, method))


def _wide(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train import wide
    from numerics.train.general import general_bytes, torch_threads

    if not isinstance(method, GradientDescent | Momentum | Adam | StochasticGradientDescent | GradientFlow):
        return f"no closed form of the steps of {method.name}"
    if reason := wide.reason_against(problem.model):
        return reason
    if not request.forced and (wide.largest_width(problem.model) < wide.WIDE or problem.samples > wide.FEW):
        return f"written for widths from {wide.WIDE} on and at most {wide.FEW} samples"
    if request.device == "cuda":
        from numerics.train.cuda import reason_against_torch

        if reason := reason_against_torch():
            return reason
    session: Any = wide.WideFlowSession if isinstance(method, GradientFlow) else wide.WideSession
    open_session = partial(session, device=request.device)
    return Choice("wide", open_session, general_bytes(problem, method), partial(torch_threads, request.threads))


def _torch(problem: Problem, method: Method, request: Request) -> Choice | str:
    from numerics.train.general import TorchSession, dropped_parameters, general_bytes, torch_threads

    if request.device == "cuda":
        from numerics.train.cuda import reason_against_torch

        if reason := reason_against_torch():
            return reason
    if isinstance(method, Dropout):
        dropped_parameters(problem.model, method)  # refuses what it cannot mask before anything runs
    session: Any = TorchSession
    if isinstance(method, GradientFlow):
        from numerics.train.flow import FlowSession as session
    elif isinstance(method, LevenbergMarquardt | GaussNewton):
        from numerics.train import second_order as newton

        session = newton.SESSIONS[type(method)]
    open_session = partial(session, device=request.device)
    return Choice("torch", open_session, general_bytes(problem, method), partial(torch_threads, request.threads))


_FINDERS: dict[str, Callable[[Problem, Method, Request], Choice | str]] = {
    "compiled": _compiled,
    "numba": _numba,
    "wide": _wide,
    "torch": _torch,
    "cuda": _cuda,
    "cuda-graph": _cuda_graph,
}
