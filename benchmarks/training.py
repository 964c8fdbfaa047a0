"""Speed of batched training on the CPU beside what one would otherwise use; writes benchmarks/results/training.md and a figure.

    python benchmarks/training.py [--rounds 5] [--workloads ABCDEFG] [--threads 1 2] [--no-scaling]

Every contender at every thread count is a process of its own, bound to as many cores, kept alive and asked for one measurement per
round in turn; medians over the rounds are compared, so that a load on the machine hits all alike. Processor time on one core is stated
beside the time on the clock: on a machine with other work it is the fairer figure. jax is measured where it is installed. Times are
per network and step; building and tracing are stated apart.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"

#: Steps per measurement, so that each takes a fraction of a second; the plain loop trains few networks, too.
STEPS = {"plain loop": 100, "vmap(grad)": 50, "jax jit(vmap(scan))": 200, "torch": 50, "numba": 400, "wide": 200, "compiled": 2000}
#: Workload B is some forty times cheaper for the kernels.
MORE_STEPS = {("compiled", "B"): 10, ("numba", "B"): 4}
PLAIN_NETWORKS = 4
OURS = ("torch", "numba", "wide", "compiled")


# ------------------------------------------------------------------------------------------- contenders, in their own processes


def plain_loop(load, threads):
    """A module and an optimizer per network, trained one after the other."""
    import torch

    torch.set_num_threads(threads)
    tensor = lambda array: torch.tensor(array, dtype=torch.float64)
    own = lambda array, b, axes: tensor(array[b] if array.ndim > axes else array)
    optimizer_of = torch.optim.Adam if load.method.name == "adam" else torch.optim.SGD
    network_of = load.functional(torch)

    class Network(torch.nn.Module):
        def __init__(self, theta):
            super().__init__()
            self.theta = torch.nn.Parameter(tensor(theta))

        def forward(self, x):
            mask = [(torch.rand(load.dropped, dtype=torch.float64) < load.keep) / load.keep] if load.dropped else []
            return network_of(self.theta, x, *mask)

    def run(steps):
        for b in range(PLAIN_NETWORKS):
            network, x, y, w = Network(load.theta[b]), own(load.x, b, 2), own(load.Y, b, 2), own(load.weights, b, 1)[:, None]
            optimizer = optimizer_of(network.parameters(), load.learning_rate)
            for _ in range(steps):
                optimizer.zero_grad()
                (w * (network(x) - y) ** 2).sum().backward()
                optimizer.step()

    return run, PLAIN_NETWORKS


def update(load, theta, gradient, memory, step):
    """theta and the method's memory after a step, in the operations that torch and jax share."""
    if not load.method.name == "adam":
        return theta - load.learning_rate * gradient, memory
    a, b = load.method.beta1, load.method.beta2
    first, second = a * memory[0] + (1 - a) * gradient, b * memory[1] + (1 - b) * gradient * gradient
    direction = (first / (1 - a**step)) / ((second / (1 - b**step)) ** 0.5 + load.method.eps)
    return theta - load.learning_rate * direction, (first, second)


def batch_axes(load):
    """Which of x, Y and the weights have a batch axis, as in_dims and in_axes want it."""
    return tuple(0 if array.ndim > axes else None for array, axes in ((load.x, 2), (load.Y, 2), (load.weights, 1)))


def vmap_of_grad(load, threads):
    import torch

    torch.set_num_threads(threads)
    network = load.functional(torch)
    loss = lambda theta, x, y, w, *mask: (w * (network(theta, x, *mask) - y) ** 2).sum()
    gradient = torch.func.vmap(torch.func.grad(loss), in_dims=(0, *batch_axes(load), *((0,) if load.dropped else ())))
    start, x, y, w = (torch.tensor(a, dtype=torch.float64) for a in (load.theta, load.x, load.Y, load.weights[..., None]))

    def run(steps):
        theta, memory = start.clone(), (torch.zeros_like(start),) * 2
        for step in range(steps):
            mask = [(torch.rand(len(theta), load.dropped, dtype=torch.float64) < load.keep) / load.keep] if load.dropped else []
            theta, memory = update(load, theta, gradient(theta, x, y, w, *mask), memory, step + 1)

    return run, len(load.theta)


def jax_scan(load, threads):
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    network = load.functional(jax.numpy)
    loss = lambda theta, x, y, w, *mask: (w * (network(theta, x, *mask) - y) ** 2).sum()

    def descend(theta, key, x, y, w, steps):
        def one(carry, step):
            theta, memory = carry
            drawn = lambda: jax.random.bernoulli(jax.random.fold_in(key, step), load.keep, (load.dropped,)) / load.keep
            mask = [drawn()] if load.dropped else []
            return update(load, theta, jax.grad(loss)(theta, x, y, w, *mask), memory, step + 1), None

        memory = (jax.numpy.zeros_like(theta),) * 2
        return jax.lax.scan(one, (theta, memory), jax.numpy.arange(steps))[0][0]

    batched = jax.jit(jax.vmap(descend, in_axes=(0, 0, *batch_axes(load), None)), static_argnums=5)
    keys = jax.random.split(jax.random.PRNGKey(0), len(load.theta))
    theta, x, y, w = (jax.numpy.asarray(a) for a in (load.theta, load.x, load.Y, load.weights[..., None]))
    return lambda steps: batched(theta, keys, x, y, w, steps).block_until_ready(), len(load.theta)


def ours(path):
    def contender(load, threads):
        from numerics.train import train

        if path == "wide" and load.model.n_params < 10_000:
            raise ValueError("written for wide networks")

        def run(steps):
            train(
                load.model,
                load.theta,
                (load.X, load.Y),
                weights=load.weights,
                learning_rate=load.learning_rate,
                method=load.method,
                steps=steps,
                check_every=max(1, steps),
                path=path,
                threads=threads,
            )

        return run, len(load.theta)

    return contender


CONTENDERS = {"plain loop": plain_loop, "vmap(grad)": vmap_of_grad, "jax jit(vmap(scan))": jax_scan, **{path: ours(path) for path in OURS}}


def serve(contender: str, workload: str, threads: int) -> None:
    """The child: a line with the seconds of the first call, then one per line read: microseconds by the clock, of the processor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    from workloads import WORKLOADS

    steps = STEPS[contender] * MORE_STEPS.get((contender, workload), 1)
    started = time.perf_counter()
    try:
        run, networks = CONTENDERS[contender](WORKLOADS[workload](), threads)
        run(steps)
    except (ImportError, ValueError) as error:
        print(f"unavailable {error}".splitlines()[0], flush=True)
        return
    print(time.perf_counter() - started, flush=True)
    for _ in sys.stdin:
        clock, processor = time.perf_counter(), time.process_time()
        run(steps)
        spent = time.perf_counter() - clock, time.process_time() - processor
        print(*(seconds / steps / networks * 1e6 for seconds in spent), flush=True)


# ----------------------------------------------------------------------------------------------------------------- the parent


class Child:
    """A contender at a thread count, ready for measurements."""

    def __init__(self, contender: str, workload: str, threads: int) -> None:
        self.contender, self.threads = contender, threads
        variables = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, __file__, "--serve", contender, workload, str(threads)]
        environment = {**os.environ, **variables, "PYTHONPATH": path}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        first = self.process.stdout.readline().strip()
        self.reason = None if first and not first.startswith("unavailable") else first or "it failed"
        self.first_call = None if self.reason else float(first)
        self.times: list[float] = []
        self.processor_times: list[float] = []

    def measure(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        clock, processor = map(float, self.process.stdout.readline().split())
        self.times.append(clock)
        self.processor_times.append(processor)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def processor(self) -> float:
        return statistics.median(self.processor_times)


def compare(workload: str, rounds: int, threads: list[int]) -> list[str]:
    """Lines of a table for one workload."""
    from workloads import WORKLOADS

    load = WORKLOADS[workload]()
    print(load.title, flush=True)
    children = [Child(contender, workload, count) for contender in CONTENDERS for count in threads]
    running = [child for child in children if child.reason is None]
    for _ in range(rounds):
        for child in running:
            child.measure()
    for child in running:
        child.close()
    best = {name: min((c for c in running if c.contender == name), key=lambda c: c.median, default=None) for name in CONTENDERS}
    fastest = best["compiled"] or best["numba"] or best["torch"]
    lines = [f"\n## {load.title}, {len(load.theta)} networks\n"]
    header = [f"{count} thread{'s' * (count > 1)}" for count in threads]
    alone = {c.contender: c for c in running if c.threads == 1}
    columns = ["contender", *header, "range at the best", "processor, 1 thread", "first call, s"]
    columns += [f"{fastest.contender} is faster by: clock, best", "processor, 1 thread"]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name in CONTENDERS:
        found = best[name]
        if found is None:
            reason = next(c.reason for c in children if c.contender == name)
            lines.append(f"| {name} | {reason} |" + " |" * (len(columns) - 2))
            continue
        cells = [f"{c.median:.3g}" for c in running if c.contender == name]
        spread = f"{min(found.times):.3g} .. {max(found.times):.3g}"
        first = min(c.first_call for c in running if c.contender == name)
        ratios = found.median / fastest.median, alone[name].processor / alone[fastest.contender].processor
        cells += [spread, f"{alone[name].processor:.3g}", f"{first:.2f}", *(f"{ratio:.3g}" for ratio in ratios)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    print("\n".join(lines), flush=True)
    return lines


def scaling(rounds: int) -> list[str]:
    """Cost per network-step of the compiled path against width, samples and batch size: a table and a figure."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot
    from workloads import two_layer

    from numerics.train import train

    sweeps = {
        "width": ([5, 10, 20, 40, 80], lambda v: two_layer(256, width=v)),
        "samples": ([6, 12, 24, 48, 96, 192], lambda v: two_layer(256, samples=v)),
        "networks": ([1, 8, 16, 64, 256, 1024, 4096], lambda v: two_layer(v)),
    }
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    lines = ["\n## Cost of a network-step of workload A when one size changes, microseconds, one thread\n"]
    lines += ["| size | values and costs |", "|---|---|"]
    for axis, (name, (values, make)) in zip(axes, sweeps.items(), strict=True):
        loads = [make(value) for value in values]
        costs = [[] for _ in values]
        for _ in range(rounds + 1):
            for cost, load in zip(costs, loads, strict=True):
                steps = max(100, 200_000 // len(load.theta) // load.model.width)
                trained = train(
                    load.model,
                    load.theta,
                    (load.X, load.Y),
                    weights=load.weights,
                    learning_rate=load.learning_rate,
                    steps=steps,
                    check_every=steps,
                    path="compiled",
                )
                cost.append(trained.seconds / steps / len(load.theta) * 1e6)
        medians = [statistics.median(cost[1:]) for cost in costs]
        lines.append(f"| {name} | " + ", ".join(f"{v}: {m:.3g}" for v, m in zip(values, medians, strict=True)) + " |")
        axis.loglog(values, medians, "o-")
        axis.set(xlabel=name, ylabel="microseconds per network-step")
        axis.grid(True, which="both", alpha=0.3)
    figure.savefig(RESULTS / "training-scaling.svg", metadata={"Date": None})
    return [*lines, "\n![cost against width, samples and networks](training-scaling.svg)"]


def flows(rounds: int) -> list[str]:
    """Processor time of an attempt of the gradient flow on the workloads A, B and D: the compiled path beside the general one."""
    from workloads import WORKLOADS

    from numerics.train import GradientFlow, train

    lines = [
        "\n## Gradient flow (Dormand-Prince, six gradients an attempt), microseconds of processor per network and attempt, one thread\n"
    ]
    lines += ["| workload | torch | compiled | compiled is faster by |", "|---|---|---|---|"]
    for name in "ABD":
        load = WORKLOADS[name](256)
        costs: dict[str, list[float]] = {"torch": [], "compiled": []}
        for repeated in range(rounds + 1):
            for path, steps in (("torch", 20), ("compiled", 200)):
                started = time.process_time()
                train(load.model, load.theta, (load.X, load.Y), weights=load.weights, method=GradientFlow(), steps=steps, path=path)
                if repeated:  # the first call compiles
                    costs[path].append((time.process_time() - started) / steps / len(load.theta) * 1e6)
        torch_cost, cost = (statistics.median(costs[path]) for path in ("torch", "compiled"))
        lines.append(f"| {load.title} | {torch_cost:.3g} | {cost:.3g} | {torch_cost / cost:.3g} |")
    return lines


def machine() -> str:
    """The machine in words that name no product."""
    from numerics.train import native
    from proofs_check.engine.processes import usable_cores

    cores = usable_cores()
    flags = native._processor()
    width = next((bits for name, bits in (("avx512f", 512), ("avx", 256)) if name in flags), 128)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"{cores} cores, vectors of {width} bits, load average at the start {load:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workloads", default="ABCDEFG")
    parser.add_argument("--threads", type=int, nargs="+", help="thread counts; by default 1, 2 and the number of cores")
    parser.add_argument("--no-scaling", action="store_true", help="only the comparison with others")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        contender, workload, threads = arguments.serve
        return serve(contender, workload, int(threads))
    sys.path.insert(0, str(ROOT))
    import torch

    from proofs_check.engine.processes import usable_cores

    torch_and_jax = f"torch {torch.__version__}"
    cores = usable_cores()
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        torch_and_jax += f", jax {importlib.metadata.version('jax')}"
    lines = ["# Batched training on the CPU", "", f"{machine()}; {torch_and_jax}."]
    lines += [f"Medians of {arguments.rounds} interleaved rounds."]
    lines += ["Microseconds per network and step, float64, full-batch gradient descent unless said. Written by benchmarks/training.py."]
    for workload in arguments.workloads:
        lines += compare(workload, arguments.rounds, sorted({1, *(arguments.threads or (min(2, cores), cores))}))
    if not arguments.no_scaling:
        lines += flows(arguments.rounds)
        lines += scaling(arguments.rounds)
    lines.append(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}.")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "training.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
