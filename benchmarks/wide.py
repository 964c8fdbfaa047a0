"""Wide networks on four samples: the path "wide" beside torch.func.vmap, the general path and jax; writes benchmarks/results/wide.md.

    python benchmarks/wide.py [--rounds 5]

Every contender is a process of its own on one core, asked for one measurement a round in turn, so that a load on the machine hits all
alike; medians of processor time over the rounds. Memory is the growth of a contender's peak resident size while it runs its steps. jax is
measured where it is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
#: (layers, width, networks, steps of a measurement).
WORKLOADS = {
    "two layers, m = 6400, 24 networks": (2, 6400, 24, 100),
    "two layers, m = 40,000, 4 networks": (2, 40_000, 4, 50),
    "three layers, m = 400, 8 networks": (3, 400, 8, 50),
}
RATE = 1e-4


def workload(name):
    """(model, theta (B, P), x (4, 2), y (4, 1), steps)."""
    from theory.models import FullyConnected, TwoLayer

    layers, width, networks, steps = WORKLOADS[name]
    model = TwoLayer(2, width, activation="relu") if layers == 2 else FullyConnected((2, width, width, 1), activation="relu", bias=False)
    theta = model.init(np.random.default_rng(0), scale=width**-0.5, batch=(networks,))
    x = np.array([[-1.0, 1.0], [-0.4, 1.0], [0.3, 1.0], [1.0, 1.0]])
    return model, theta, x, 0.8 * x[:, :1] + 0.3, steps


def functional(model, xp):
    """f(theta (P,), x) in the array library ``xp``."""
    relu = lambda z: xp.maximum(z, xp.zeros_like(z))

    def network(theta, x):
        parts, offset = [], 0
        for shape in model.shapes.values():
            size = int(np.prod(shape))
            parts.append(theta[offset : offset + size].reshape(shape))
            offset += size
        for weights in parts[:-1]:
            x = relu(x @ weights.T)
        return x @ parts[-1].T

    return network


def vmap_of_grad(model, theta, x, y):
    import torch

    torch.set_num_threads(1)
    network, (start, x, y) = functional(model, torch), (torch.tensor(array) for array in (theta, x, y))
    gradient = torch.func.vmap(torch.func.grad(lambda theta, x, y: ((network(theta, x) - y) ** 2).mean()), in_dims=(0, None, None))

    def run(steps):
        state = start.clone()
        for _ in range(steps):
            state -= RATE * gradient(state, x, y)

    return run


def jax_scan(model, theta, x, y):
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    network = functional(model, jax.numpy)
    loss = lambda theta, x, y: ((network(theta, x) - y) ** 2).mean()

    def descend(theta, x, y, steps):
        step = lambda theta, _: (theta - RATE * jax.grad(loss)(theta, x, y), None)
        return jax.lax.scan(step, theta, None, length=steps)[0]

    batched = jax.jit(jax.vmap(descend, in_axes=(0, None, None, None)), static_argnums=3)
    start, x, y = (jax.numpy.asarray(array) for array in (theta, x, y))
    return lambda steps: batched(start, x, y, steps).block_until_ready()


def ours(path):
    def contender(model, theta, x, y):
        from numerics.train import train

        return lambda steps: train(model, theta, (x, y), learning_rate=RATE, steps=steps, check_every=steps, path=path)

    return contender


CONTENDERS = {"vmap(grad)": vmap_of_grad, "jax jit(vmap(scan))": jax_scan, "torch": ours("torch"), "wide": ours("wide")}


def serve(contender: str, name: str) -> None:
    """The child: a line with its readiness, then for every line read microseconds of processor and MiB of growth."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    *problem, steps = workload(name)
    try:
        run = CONTENDERS[contender](*problem)
        before = peak()
        run(steps)
    except ImportError as error:
        print(f"unavailable {error}".splitlines()[0], flush=True)
        return
    growth = peak() - before
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        run(steps)
        print((time.process_time() - started) / steps / len(problem[1]) * 1e6, growth, flush=True)


def peak() -> float:
    """Peak resident size in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)


def opened(contender, name):
    variables = {key: "1" for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, __file__, "--serve", contender, name]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables, "PYTHONPATH": path}
    )
    ready = child.stdout.readline().strip() == "ready"
    if not ready:
        child.wait()
    return child if ready else None


def measured(name: str, rounds: int) -> list[str]:
    """The rows of the table of one workload."""
    children = {contender: opened(contender, name) for contender in CONTENDERS}
    times, growth = {contender: [] for contender in children}, {}
    for _ in range(rounds):
        for contender, child in children.items():
            if child is not None:
                child.stdin.write("\n")
                child.stdin.flush()
                spent, growth[contender] = map(float, child.stdout.readline().split())
                times[contender].append(spent)
    for child in children.values():
        if child is not None:
            child.stdin.close()
            child.wait()
    best = statistics.median(times["wide"])
    rows = []
    for contender, values in times.items():
        if not values:
            rows.append(f"| {contender} | not installed | | | |")
            continue
        middle = statistics.median(values)
        spread = f"{min(values):.3g} .. {max(values):.3g}"
        rows.append(f"| {contender} | {middle:.3g} | {spread} | {growth[contender]:.0f} | {middle / best:.2f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", nargs=2, metavar=("CONTENDER", "WORKLOAD"))
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
        return
    import torch

    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    lines = [
        "# Wide networks on few samples",
        "",
        f"{os.cpu_count()} cores, torch {torch.__version__}, load average at the start {load}; one core each, medians of {arguments.rounds}"
        " interleaved rounds.",
        "Microseconds of processor per network and step, float64, ReLU, four samples, gradient descent. Written by benchmarks/wide.py.",
    ]
    for name in WORKLOADS:
        rows = measured(name, arguments.rounds)
        lines += [
            "",
            f"## {name}",
            "",
            "| contender | microseconds | range | MiB while running | wide is faster by |",
            "|---|---|---|---|---|",
            *rows,
        ]
        print(name, *rows, sep="\n", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "wide.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
