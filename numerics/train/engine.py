"""Training thousands of small networks at once: one call that checks its arguments, chooses a path and runs the batch in chunks.

Networks are independent: each has its own data, weights, learning rate, seed and stopping threshold, is judged at its own
checks, and leaves the batch when it has finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numerics.train.methods import WITHOUT_LEARNING_RATE, Method, as_method
from numerics.train.paths import ORDER, Choice, choose
from numerics.train.problem import Problem, pose
from numerics.train.result import Progress, Trained
from numerics.train.run import Plan, Run

RECORDABLE = ("loss", "theta")


def train(
    model: Any,
    theta0: Any,
    data: Any,
    *,
    loss: str = "mse",
    method: str | Method = "gradient-descent",
    learning_rate: Any = None,
    steps: int,
    stop: Any = None,
    weights: Any = None,
    path: str = "auto",
    device: str = "cpu",
    seed: Any = 0,
    check_every: int | None = None,
    record: Sequence[str] | Mapping[str, Callable] = (),
    memory: int | None = None,
    threads: int = 1,
    progress: Callable[[Progress], None] | None = None,
) -> Trained:
    """Minimize loss_b = sum_i weight_bi loss(f(x_bi; theta_b), y_bi) for B networks at once, in float64.

    ``loss``: "mse", sum_t (f_t - y_t)^2 without 1/2, or "cross-entropy" of softmax(f) against y, which are classes (n,) or (B, n) in whole
    numbers or probabilities (n, outputs) or (B, n, outputs).

    ``model``: of theory.models, or a torch function f(theta (P,), x (n, ...)) -> (n, outputs). ``theta0``: (B, P), one start
    (P,) for all, or a Trained to continue (diverged networks stay as they are). ``data``: (X, Y) of shapes (n, inputs), (n, outputs),
    each with or without a leading B; for MatrixFactorization X holds index pairs (n, 2) or measurement matrices (n, d1, d2).
    ``weights``: (n,) or (B, n), not negative, 1/n by default; 0 masks a sample. ``learning_rate``, ``stop`` (loss threshold) and ``seed``
    (of minibatches): a scalar or one per network.

    ``steps`` is the limit of this call. The loss is looked at on entry, after every ``check_every`` steps and at the limit; there a
    network converges (loss <= stop; for the cross-entropy loss - entropy of the targets <= stop, as no network goes below that entropy),
    diverges, and is recorded: ``record`` names "loss" or "theta", or maps names to functions of
    theta (b, P) that return (b, ...). ``path``: "auto", "compiled", "numba", "wide", "torch" or, with ``device``
    "cuda", "cuda", "cuda-graph", "wide", "torch". ``memory`` bounds the working set in bytes (half of what is free by default) by
    running the batch in groups. ``threads`` is the number of CPU threads; one is right where several processes share the machine.

    Raises ValueError for arguments that are wrong or disagree, PathUnavailable where a forced path cannot run, MemoryError
    where half a group still does not fit, on a forced path or on the last one; otherwise the next path starts from the same seeds.
    """
    started = time.perf_counter()
    method = as_method(method)
    before = theta0 if isinstance(theta0, Trained) else None
    _check_counts(steps=steps, threads=threads, check_every=check_every, memory=memory)
    problem = pose(
        model,
        theta0 if before is None else before.theta,
        data,
        weights=weights,
        learning_rate=_learning_rate(method, learning_rate),
        stop=stop,
        seed=seed,
        loss=loss,
    )
    plan = Plan(steps, check_every or method.check_every, _recorders(record), progress)
    too_large: dict[str, str] = {}
    while True:
        choice = choose(problem, method, path=path, device=device, steps=steps, threads=threads, without=too_large)
        run = Run(problem, method, choice, plan, before)
        try:
            with choice.context():
                for group in _groups(problem, choice, memory):
                    run.group(group)
        except MemoryError as error:
            too_large[choice.name] = f"not enough memory: {error}"
            if path != "auto" or len(too_large) == len(ORDER[device]) or choice.name == ORDER[device][-1]:
                raise
            continue
        return run.result(time.perf_counter() - started)


def _learning_rate(method: Method, learning_rate: Any) -> Any:
    if isinstance(method, WITHOUT_LEARNING_RATE):
        if learning_rate is not None:
            raise ValueError(f"learning_rate has no meaning for {method.name}, which chooses its own steps; got {learning_rate!r}")
        return 1.0
    if learning_rate is None:
        raise ValueError(f"learning_rate must be given for {method.name}: a positive number or one per network")
    return learning_rate


def _check_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        least = 0 if name == "steps" else 1
        optional = name in ("check_every", "memory")
        if value is None and optional:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")


def _recorders(record: Any) -> dict[str, Callable | None]:
    """Name to function of theta; None for the loss, which every check has anyway."""
    if isinstance(record, str):
        record = (record,)
    if isinstance(record, Mapping):
        if "step" in record or not all(callable(function) for function in record.values()):
            raise ValueError(f"record must map names other than 'step' to functions of theta, got {record!r}")
        return {name: None if name == "loss" else function for name, function in record.items()}
    unknown = [name for name in record if name not in RECORDABLE]
    if unknown:
        raise ValueError(f"record must name some of {RECORDABLE} or map names to functions of theta, got {unknown}")
    return {name: None if name == "loss" else (lambda theta: theta) for name in record}


def _groups(problem: Problem, choice: Choice, memory: int | None) -> list[np.ndarray]:
    """Batch numbers in groups whose working sets fit into ``memory``."""
    if memory is None:
        import psutil

        memory = psutil.virtual_memory().available // 2
    size = max(1, memory // max(1, choice.bytes_per_network))
    if choice.bytes_per_network > memory:
        raise MemoryError(f"memory must hold one network, which takes about {choice.bytes_per_network} bytes; got {memory}")
    return [problem.numbers[k : k + size] for k in range(0, problem.networks, size)]
