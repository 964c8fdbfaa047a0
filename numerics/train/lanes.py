"""Sessions of kernels whose SIMD lanes are networks: the layout [block][number][lane] and its way back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from numerics.train.methods import Adam, GradientDescent, Method
from numerics.train.problem import Problem
from numerics.train.session import Look
from numerics.train.shapes import kernel_data, method_parameters

#: Blocks handed to a thread at a time: enough to hide the call, few enough that threads end together.
BLOCKS_PER_CALL = 16


class Kernel(Protocol):
    """A compiled kernel: ``lanes`` networks per block, ``run`` moves blocks first .. last - 1 on."""

    lanes: int

    def run(self, first: int, last: int, n: int, steps: int, block: Block) -> None:
        """Train the blocks ``first`` .. ``last`` - 1 of ``block`` in place, on ``n`` samples, for ``steps`` steps."""


class Block:
    """The arrays of a session, each (blocks, numbers, lanes); shared data have one block."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], lanes: int) -> None:
        data = kernel_data(problem)
        spread = lambda array: to_lanes(array, lanes)
        self.x, self.y, self.weight = spread(data.x), spread(data.y), spread(2 * data.weight)
        self.rate = spread(problem.learning_rate[:, None])
        self.theta = spread(problem.theta)
        self.state = spread(pack_state(problem, method, state))
        self.loss = aligned((*self.rate.shape,))
        self.offset = data.offset
        self.parameters = method_parameters(method)


class LaneSession:
    """Runs a kernel over all blocks, on several threads (kernels release the interpreter)."""

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], kernel: Kernel, threads: int = 1) -> None:
        self.method, self.kernel, self.threads = method, kernel, threads
        self.networks, self.n, self.P = problem.networks, problem.samples, problem.theta.shape[1]
        self.steps = problem.steps.copy()
        self.block = Block(problem, method, state, kernel.lanes)
        self.advance(0)

    def advance(self, steps: int) -> None:
        over_blocks(lambda first, last: self.kernel.run(first, last, self.n, steps, self.block), len(self.block.theta), self.threads)
        self.steps += steps

    def look(self) -> Look:
        theta = from_lanes(self.block.theta, self.networks)
        loss = from_lanes(self.block.loss, self.networks)[:, 0] + self.block.offset
        return Look(theta, loss, self.steps.copy(), np.full(self.networks, None))

    def remembered(self) -> dict[str, np.ndarray]:
        return unpack_state(from_lanes(self.block.state, self.networks), self.method, self.P)


def over_blocks(call: Callable[[int, int], None], blocks: int, threads: int) -> None:
    """``call(first, last)`` for parts of all blocks, on several threads."""
    size = max(1, min(BLOCKS_PER_CALL, -(-blocks // threads)))
    starts = range(0, blocks, size)
    if threads == 1 or len(starts) == 1:
        call(0, blocks)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda first: call(first, min(first + size, blocks)), starts))


def pack_state(problem: Problem, method: Method, state: dict[str, np.ndarray]) -> np.ndarray:
    """The method's memory as kernels/update.h lays it out, (b, numbers), (b, 0) where there is none."""
    if isinstance(method, GradientDescent):
        return np.zeros((problem.networks, 0))
    parts = [state.get(name, np.zeros_like(problem.theta)) for name in method.remembers]
    if isinstance(method, Adam):
        parts += [(beta ** problem.steps.astype(float))[:, None] for beta in (method.beta1, method.beta2)]
    return np.concatenate(parts, axis=1)


def unpack_state(packed: np.ndarray, method: Method, P: int) -> dict[str, np.ndarray]:
    """The named parts (b, P) of a packed memory."""
    return {name: packed[:, k * P : (k + 1) * P].copy() for k, name in enumerate(method.remembers)}


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros whose first byte lies on a cache line, as vector loads want it."""
    size = int(np.prod(shape)) * 8
    raw = np.zeros(size + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(np.float64).reshape(shape)


def to_lanes(array: np.ndarray, lanes: int) -> np.ndarray:
    """(b, k) as (blocks, k, lanes); the last block is filled up with copies of the last network, one network becomes a full block."""
    b, k = array.shape
    blocks = -(-b // lanes)
    padded = array if b == blocks * lanes else np.concatenate([array, np.repeat(array[-1:], blocks * lanes - b, axis=0)])
    result = aligned((blocks, k, lanes))
    result[:] = padded.reshape(blocks, lanes, k).swapaxes(1, 2)
    return result


def from_lanes(array: np.ndarray, networks: int) -> np.ndarray:
    """The inverse of :func:`to_lanes`: (blocks, k, lanes) as (networks, k)."""
    blocks, k, lanes = array.shape
    return np.ascontiguousarray(array.swapaxes(1, 2)).reshape(blocks * lanes, k)[:networks]
