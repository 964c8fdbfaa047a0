"""Everything that needs a GPU, in about ten minutes and one table: benchmarks/results/gpu.md.

    python benchmarks/gpu.py [--networks 65536] [--quick]

Checks: every kernel shape and method on the device against the general path on the CPU. Benchmarks: the kernel with one network per
thread, the general path under CUDA graphs (torch.func.vmap of a functional model, the baseline) and without, with registers, spills and
the fraction of the device's double-precision limit; cost against the number of networks. Ends with a reason where there is no device.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RESULTS = Path(__file__).parent / "results" / "gpu.md"

#: Double-precision fused multiply-adds per multiprocessor and clock, by compute capability (CUDA programming guide, arithmetic throughput).
DOUBLE_FMA_PER_CLOCK = {(7, 0): 32, (7, 5): 2, (8, 0): 32, (8, 6): 2, (8, 9): 2, (9, 0): 64, (10, 0): 64, (12, 0): 2}

STEPS = {"cuda": 2000, "vmap, CUDA graph": 500, "vmap": 50, "general, CUDA graph": 500}


def checks() -> list[str]:
    """Rows (shape, method, largest deviation) of ten steps on the device against the CPU."""
    import numpy as np
    from workloads import ON_A_DEVICE, WORKLOADS

    from numerics.train import Adam, GradientDescent, Momentum, train
    from theory.models import TwoLayer, TwoLayerCNN

    rng = np.random.default_rng(0)
    cases = []
    for make in map(WORKLOADS.__getitem__, ON_A_DEVICE):
        load = make(300)
        cases.append((load.model, load.theta, load.X, load.Y, load.weights))
    for model in (
        TwoLayer(2, 3, 2, "sigmoid", bias=True, output_bias=True),
        TwoLayer(2, 3, 1, "relu", bias=True),
        TwoLayerCNN((4, 4), (2, 2), 2, activation="leaky", sharing=False, bias=True),
    ):
        X, Y = rng.normal(size=(5, model.input_size)), rng.normal(size=(5, model.outputs))
        cases.append((model, model.init(rng, scale=0.5, batch=(300,)), X, Y, None))
    rows = ["| model | method | path | largest deviation in theta after 10 steps | agrees |", "|---|---|---|---|---|"]
    for model, theta, X, Y, weights in cases:
        for method in (GradientDescent(), Momentum(), Adam()):
            options = dict(method=method, learning_rate=0.02, steps=10, weights=weights)
            here = train(model, theta, (X, Y), path="torch", **options)
            for path in ("cuda", "cuda-graph", "torch"):
                try:
                    there = train(model, theta, (X, Y), path=path, device="cuda", **options)
                except ValueError as error:
                    rows.append(f"| {model} | {method.name} | {path} | {error} | - |")
                    continue
                # ten steps of a bounded network: some hundred roundings each, none amplified by more than ten
                deviation = np.abs(there.theta - here.theta).max()
                rows.append(f"| {model} | {method.name} | {path} | {deviation:.1e} | {'yes' if deviation <= 1e-11 else 'NO'} |")
    return rows


def seconds_per_step(load, contender: str) -> float:
    """Seconds of one step of the whole batch; a short run is taken off a long one, so that building and copying do not count."""
    from numerics.train import train

    functional = contender.startswith("vmap")
    if functional:
        import torch

        model, data = load.functional(torch), (load.x, load.Y)
    else:
        model, data = load.model, (load.X, load.Y)
    path = {"cuda": "cuda", "vmap": "torch"}.get(contender, "cuda-graph")

    def run(steps: int) -> float:
        started = time.perf_counter()
        train(
            model,
            load.theta,
            data,
            weights=load.weights,
            learning_rate=load.learning_rate,
            steps=steps,
            check_every=max(1, steps),
            path=path,
            device="cuda",
        )
        return time.perf_counter() - started

    steps = STEPS[contender]
    run(1)
    return statistics.median((run(steps + 1) - run(1)) / steps for _ in range(3))


def speed(networks: int) -> list[str]:
    from workloads import ON_A_DEVICE, WORKLOADS

    from numerics.train import GradientDescent
    from numerics.train.cuda import compile_text, compiled

    limit = double_precision_limit()
    columns = ("workload", "contender", "ns per network-step", "kernel is faster by", "share of the limit", "registers, spills")
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for make in map(WORKLOADS.__getitem__, ON_A_DEVICE):
        load, times = make(networks), {}
        for contender in STEPS:
            try:
                times[contender] = seconds_per_step(load, contender) / networks
            except ValueError as error:
                rows.append(f"| {load.title} | {contender} | {error} | | | |")
        kernel = compiled(compile_text(shape_of(load), GradientDescent()))
        attributes = f"{kernel.num_regs}, {kernel.local_size_bytes} bytes"  # local memory means that registers spill
        for contender, cost in times.items():
            share = f"{load.flops / cost / limit:.1%}" if limit else "limit not known"
            ratio = f"{cost / times['cuda']:.3g}" if "cuda" in times else ""
            registers = attributes if contender == "cuda" else ""
            rows.append(f"| {load.title} | {contender} | {cost * 1e9:.3g} | {ratio} | {share} | {registers} |")
    return rows


def shape_of(load):
    """The sizes of a workload's kernel."""
    from numerics.train import GradientDescent
    from numerics.train.problem import pose
    from numerics.train.shapes import kernel_shape

    X = load.X[:1] if load.X.ndim > 2 else load.X
    problem = pose(load.model, load.theta[:1], (X, load.Y[:1]), weights=None, learning_rate=1.0, stop=None, seed=0)
    return kernel_shape(problem, GradientDescent())


def growth(most: int) -> list[str]:
    """Cost of workload A against the number of networks: flat in total below saturation, linear beyond."""
    from workloads import two_layer

    rows = ["| networks | microseconds per step of all | ns per network-step |", "|---|---|---|"]
    networks = 1024
    while networks <= most:
        cost = seconds_per_step(two_layer(networks), "cuda")
        rows.append(f"| {networks} | {cost * 1e6:.3g} | {cost / networks * 1e9:.3g} |")
        networks *= 4
    return rows


def double_precision_limit() -> float | None:
    """Operations per second: multiprocessors * multiply-adds per clock * 2 * highest clock; None for an unknown device."""
    import cupy

    device = cupy.cuda.runtime.getDeviceProperties(0)
    per_clock = DOUBLE_FMA_PER_CLOCK.get((device["major"], device["minor"]))
    clock = cupy.cuda.runtime.deviceGetAttribute(13, 0) * 1e3  # attribute 13: peak clock in kHz
    return per_clock and 2 * per_clock * device["multiProcessorCount"] * clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=65536)
    parser.add_argument("--quick", action="store_true", help="checks only")
    arguments = parser.parse_args()
    from numerics.train.cuda import reason_against_kernels, reason_against_torch

    if reason := reason_against_kernels() or reason_against_torch():
        sys.exit(f"nothing to run: {reason}")
    import torch

    started = time.perf_counter()
    lines = ["# Training on a GPU", "", f"{torch.cuda.get_device_name(0)}; written by benchmarks/gpu.py.", ""]
    lines += ["## Agreement", "", *checks()]
    if not arguments.quick:
        lines += ["", f"## Speed, {arguments.networks} networks, gradient descent, float64", ""]
        lines += ["The limit is that of double precision; a tanh counts as 40 operations.", ""]
        lines += [*speed(arguments.networks), "", "## Cost against the number of networks", "", *growth(4 * arguments.networks)]
    lines += ["", f"{time.perf_counter() - started:.0f} s in all."]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    sys.exit(int(any(line.endswith("| NO |") for line in lines)))


if __name__ == "__main__":
    main()
