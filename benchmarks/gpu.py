"""Everything that needs a GPU, most important first, item by item: benchmarks/results/gpu.json, and gpu.md as one page of tables.

    python benchmarks/gpu.py [--minutes 9] [--networks 65536] [--only agreement ...] [--fresh]

An item that is in gpu.json already is not measured again, so that a run that was cut short, or told to stop after so many minutes, is
continued by the same command. In this order: agreement of every kernel with the CPU; speed of the workloads beside CUDA graphs and
torch.func.vmap, with the share of the limit in double precision; trainings end to end with looks after 10, 100 and 1000 steps, decided on
the device and by the host; who trains a network (a thread, a warp, a block); blocks and batches of other sizes; shared and own data.
Ends with a reason where there is no device.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RESULTS = Path(__file__).parent / "results"

#: Double-precision fused multiply-adds per multiprocessor and clock, by compute capability (CUDA programming guide, arithmetic throughput);
#: those of tensor cores, which this code cannot use, are not counted.
DOUBLE_FMA_PER_CLOCK = {(7, 0): 32, (7, 5): 2, (8, 0): 32, (8, 6): 2, (8, 9): 2, (9, 0): 64, (10, 0): 64, (12, 0): 2}

STEPS = {"cuda": 2000, "vmap, CUDA graph": 500, "vmap": 50, "general, CUDA graph": 500}
#: Networks of a workload by its parameters: all batches take about as much memory.
NUMBERS = 40 * 65536


def batch(name: str, networks: int):
    """The workload called ``name``, with fewer networks than ``networks`` where they are large."""
    from workloads import WORKLOADS

    make = WORKLOADS[name]
    return make(max(256, min(networks, NUMBERS // make(1).model.n_params)))


def agreement(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """(model and method, largest deviation) of ten steps on the device from the CPU."""
    import numpy as np
    from workloads import ON_A_DEVICE

    from numerics.train import Adam, GradientDescent, Momentum
    from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

    rng, cases = np.random.default_rng(0), {}
    for name in ON_A_DEVICE:
        load = batch(name, 300)
        cases[load.title] = (load.model, load.theta, (load.X, load.Y), load.weights, "mse")
    for model, loss in (
        (TwoLayer(2, 3, 2, "sigmoid", bias=True, output_bias=True), "mse"),
        (TwoLayerCNN((4, 4), (2, 2), 2, activation="leaky", sharing=False, bias=True), "mse"),
        (FullyConnected((2, 40, 30, 3), "gelu"), "cross-entropy"),
        (FullyConnected((2, 9, 3), "sin"), "cross-entropy"),
    ):
        X = rng.normal(size=(5, model.input_size))
        Y = rng.normal(size=(5, model.outputs)) if loss == "mse" else rng.integers(0, model.outputs, 5)
        cases[f"{model}, {loss}"] = (model, model.init(rng, scale=0.5, batch=(300,)), (X, Y), None, loss)
    for title, case in cases.items():
        for method in (GradientDescent(), Momentum(), Adam()):
            for path in ("cuda", "cuda-graph"):
                yield f"{title}; {method.name}; {path}", lambda case=case, method=method, path=path: deviation(case, method, path)


def deviation(case: tuple, method: object, path: str) -> list:
    import numpy as np

    from numerics.train import train

    model, theta, data, weights, loss = case
    options: dict = dict(method=method, learning_rate=0.02, steps=10, weights=weights, loss=loss)
    here = train(model, theta, data, path="torch", **options)
    there = train(model, theta, data, path=path, device="cuda", **options)
    # ten steps of a bounded network: some hundred roundings each, none amplified by more than ten
    found = float(np.abs(there.theta - here.theta).max())
    return [f"{found:.1e}", "yes" if found <= 1e-11 else "NO"]


def seconds_per_step(load, contender: str) -> float:
    """Seconds of one step of the whole batch; a short run is taken off a long one, so that building and copying do not count."""
    from numerics.train import train

    if contender.startswith("vmap"):
        import torch

        model, data = load.functional(torch), (load.x, load.Y)
    else:
        model, data = load.model, (load.X, load.Y)
    path = {"cuda": "cuda", "vmap": "torch"}.get(contender, "cuda-graph")
    steps = max(2, int(STEPS[contender] * min(1.0, 40 / load.model.n_params)))

    def run(steps: int) -> float:
        started = time.perf_counter()
        options: dict = dict(weights=load.weights, learning_rate=load.learning_rate, method=load.method)
        train(model, load.theta, data, **options, steps=steps, check_every=max(1, steps), path=path, device="cuda")
        return time.perf_counter() - started

    run(1)
    return statistics.median((run(steps + 1) - run(1)) / steps for _ in range(3))


def speed(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """ns per network-step, share of the limit, and of our kernel its team, registers and spills."""
    from workloads import ON_A_DEVICE

    for name in ON_A_DEVICE:
        for contender in STEPS:
            yield f"{name}; {contender}", lambda name=name, contender=contender: cost_of(batch(name, networks), contender)


def cost_of(load, contender: str) -> list:
    cost = seconds_per_step(load, contender) / len(load.theta)
    limit = double_precision_limit()
    row = [len(load.theta), f"{cost * 1e9:.3g}", f"{load.flops / cost / limit:.1%}" if limit else "limit not known"]
    return [*row, kernel_in_words(load) if contender == "cuda" else ""]


def kernel_in_words(load) -> str:
    """Threads of a network, registers, bytes of a thread's memory (more than 0 means that registers spill) and of shared memory."""
    from numerics.train import cuda
    from numerics.train.problem import pose

    given: dict = dict(weights=load.weights, learning_rate=1.0, stop=None, seed=0)
    plan = cuda.plan(pose(load.model, load.theta, (load.X, load.Y), **given), load.method)
    kernel = cuda.compiled(plan.text)
    return (
        f"{plan.team.size} threads, {kernel.num_regs} registers, {kernel.local_size_bytes} B spilled, {plan.team.shared} B shared a block"
    )


def looks(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """Seconds of 10,000 steps of workload A with a threshold, whole training, by who looks and how often."""
    for every in (10, 100, 1000):
        for who in ("the device", "the host"):
            yield f"A; {who} looks every {every} steps", lambda every=every, who=who: end_to_end(networks, every, who == "the device")


def end_to_end(networks: int, every: int, alone: bool) -> list:
    from numerics.train import train

    load = batch("A", networks)
    options: dict = dict(weights=load.weights, learning_rate=load.learning_rate, stop=1e-3, path="cuda", device="cuda", check_every=every)
    train(load.model, load.theta, (load.X, load.Y), **options, steps=1)
    watch = None if alone else lambda progress: None
    found = train(load.model, load.theta, (load.X, load.Y), **options, progress=watch, steps=10_000)
    return [f"{found.seconds:.3g}", int(found.converged.sum())]


def teams(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """The same workload by one thread, a warp or a block a network."""
    for name in "ACDE":
        for size in (1, 32, 256):
            yield f"{name}; {size} threads a network", partial(with_setting, "team_size", lambda *_, size=size: size, name, networks)


def with_setting(name: str, value: object, workload: str, networks: int) -> list:
    """The cost of our kernel with one setting of numerics.train.cuda replaced."""
    from numerics.train import cuda

    before = getattr(cuda, name)
    cuda._plan.cache_clear()
    try:
        setattr(cuda, name, value)
        return cost_of(batch(workload, networks), "cuda")
    finally:
        setattr(cuda, name, before)
        cuda._plan.cache_clear()


def blocks(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """Workload A by threads of a block and networks of a batch."""
    size = 1024
    while size <= 4 * networks:
        for threads in (32, 64, 128, 256):
            yield f"A; {size} networks, blocks of {threads}", lambda size=size, threads=threads: one_block_size(size, threads)
        size *= 4


def one_block_size(networks: int, threads: int) -> list:
    from numerics.train import cuda

    before = cuda.FEW_NETWORKS
    try:
        cuda.FEW_NETWORKS = 0  # so that THREADS holds for every batch
        return with_setting("THREADS", threads, "A", networks)
    finally:
        cuda.FEW_NETWORKS = before


def data(networks: int) -> Iterator[tuple[str, Callable[[], list]]]:
    """Workload A where all networks share the samples, and where each has its own."""
    from dataclasses import replace

    def shared() -> list:
        load = batch("A", networks)
        return cost_of(replace(load, X=load.X[0], Y=load.Y[0], weights=load.weights[0], x=load.x[0]), "cuda")

    yield "A; own data", lambda: cost_of(batch("A", networks), "cuda")
    yield "A; shared data", shared


COST = ("networks", "ns per network-step", "share of the limit", "kernel")
#: Tables in the order in which they are measured: title, items, columns behind the first.
TABLES: dict[str, tuple[str, Callable, tuple[str, ...]]] = {
    "agreement": ("Agreement with the CPU after ten steps", agreement, ("largest deviation in theta", "agrees")),
    "speed": ("Speed, float64", speed, COST),
    "looks": ("10,000 steps of workload A, from the host and back", looks, ("seconds", "converged")),
    "teams": ("Who trains a network", teams, COST),
    "blocks": ("Blocks and batches", blocks, COST),
    "data": ("Shared and own data", data, COST),
}


def double_precision_limit() -> float | None:
    """Operations per second: multiprocessors * multiply-adds per clock * 2 * highest clock; None for an unknown device."""
    import cupy  # pyright: ignore[reportMissingImports]

    device = cupy.cuda.runtime.getDeviceProperties(0)
    per_clock = DOUBLE_FMA_PER_CLOCK.get((device["major"], device["minor"]))
    clock = cupy.cuda.runtime.deviceGetAttribute(13, 0) * 1e3  # attribute 13: peak clock in kHz
    return per_clock and 2 * per_clock * device["multiProcessorCount"] * clock


def measure(found: dict[str, dict[str, list]], wanted: list[str], networks: int, deadline: float, save: Callable[[], None]) -> bool:
    """Measure what is not in ``found``, one item after the other, saving each; False where the time was up before all was done."""
    for table in wanted:
        for key, item in TABLES[table][1](networks):
            if key in found.setdefault(table, {}):
                continue
            if time.monotonic() > deadline:
                return False
            try:
                found[table][key] = item()
            except (ValueError, MemoryError) as error:  # a path that cannot run this says why
                found[table][key] = [str(error)]
            print(f"{table}: {key}: {found[table][key]}", flush=True)
            save()
    return True


def page(found: dict[str, dict[str, list]], heading: str) -> str:
    """All tables as Markdown."""
    lines = ["# Training on a GPU", "", heading]
    for name, (title, _, columns) in TABLES.items():
        if found.get(name):
            lines += ["", f"## {title}", "", f"| what | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
            lines += [f"| {key} | {' | '.join(map(str, row))} |" for key, row in found[name].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="no item is begun after so many")
    parser.add_argument("--networks", type=int, default=65536)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    arguments = parser.parse_args()
    from numerics.train.cuda import reason_against_kernels, reason_against_torch

    if reason := reason_against_kernels() or reason_against_torch():
        sys.exit(f"nothing to run: {reason}")
    import torch

    limit = double_precision_limit()
    device = torch.cuda.get_device_name(0)
    told = f", {limit / 1e12:.3g} TFLOP/s" if limit else ""
    heading = f"{device}; written by benchmarks/gpu.py. A tanh counts as 40 operations; the limit is float64 without tensor cores{told}."
    stored = RESULTS / "gpu.json"
    found = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() and not arguments.fresh else {}

    def save() -> None:
        stored.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "gpu.md").write_text(page(found, heading), encoding="utf-8")

    done = measure(found, arguments.only, arguments.networks, time.monotonic() + 60 * arguments.minutes, save)
    print(page(found, heading) if done else "the time is up; the same command goes on from here")
    sys.exit(int(any("NO" in row for row in found.get("agreement", {}).values())))


if __name__ == "__main__":
    main()
