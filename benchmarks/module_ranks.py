"""Proved ranks of torch modules beside what singular values say of them; time and memory of the tangents beside torch's own.

python benchmarks/module_ranks.py [--parts floats architectures large tangents points] [--out benchmarks/results/module-ranks.md]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "numerics" / "modules"))
from architectures import ARCHITECTURES, made  # noqa: E402  (what the tests read, no package)

from numerics.critical.modules import graph_inertia, graph_point, read_module  # noqa: E402
from numerics.modules import architectures  # noqa: E402
from numerics.modules.slopes import module_tangents  # noqa: E402
from numerics.planting import plant  # noqa: E402
from numerics.rank import module_model_rank  # noqa: E402

MODULES = {
    "attention, 2 heads, width 4": (architectures.multi_head_attention, (4, 2, True), (3, 4)),
    "lightning attention, 2 layers, width 4": (architectures.attention_layers, (4, 4, 2, False), (3, 4)),
    "lightning attention, 3 layers, width 3": (architectures.attention_layers, (3, 2, 3, False), (4, 3)),
    "softmax attention, 3 layers, width 3": (architectures.attention_layers, (3, 2, 3, True), (4, 3)),
    "convolution, max pooling": (architectures.convolutional, (3, 3, 6, 2, "max", False), (1, 6, 6)),
    "convolution, batch normalization": (architectures.convolutional, (3, 3, 6, 2, "none", True), (1, 6, 6)),
    "layer normalization": (architectures.layer_normalized, (3, 6, 2, True), (3,)),
    "GRU": (architectures.recurrent, ("gru", 2, 3), (3, 2)),
    "LSTM": (architectures.recurrent, ("lstm", 2, 3), (3, 2)),
    "cubes 2-3-3-1": (architectures.polynomial_network, ((2, 3, 3, 1), 3), (2,)),
}


def by_singular_values(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """What numpy's rank is in double and in single precision, on as many rows as twice the parameters."""
    rows = 2 * sum(p.numel() for p in module.parameters())
    x = np.random.default_rng(0).normal(size=(rows, *shape))
    matrix = module_tangents(module, [x])
    return int(np.linalg.matrix_rank(matrix)), int(np.linalg.matrix_rank(matrix.astype(np.float32)))


def seconds(work) -> float:
    """The least of seven runs, processor time."""
    times = []
    for _ in range(7):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def memory(work: Callable[[], object]) -> float:
    """The most memory that a process of its own takes beyond what it begins with, in MiB."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()

    def measured() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = work()
        answer.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 if kept is not None else 0.0)

    process = context.Process(target=measured)
    process.start()
    found = answer.get()
    process.join()
    return found


def speed() -> Iterator[str]:
    """Tangents of a convolutional network by ours, by torch's vmap(grad), and by jacrev of the whole batch."""
    module = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 1)).double()
    parameters = {name: p.detach() for name, p in module.named_parameters()}
    single = lambda p, sample: torch.func.functional_call(module, p, (sample[None],)).squeeze()
    drawn = lambda n: np.random.default_rng(0).normal(size=(n, 1, 14, 14))
    few, several, many = drawn(256), drawn(2048), drawn(8192)
    by_torch = lambda x: torch.func.vmap(torch.func.grad(single), in_dims=(None, 0))(parameters, torch.as_tensor(x))
    whole = lambda p: torch.func.functional_call(module, p, (torch.as_tensor(few),)).reshape(-1)
    yield "| tangents of a convolutional network, 369 parameters | seconds, 2048 samples | of torch's | MiB, 8192 samples | of torch's |"
    yield "|---|---|---|---|---|"
    of_torch, least = seconds(lambda: by_torch(several)), memory(lambda: by_torch(many))
    yield f"| torch's vmap(grad) | {of_torch:.3f} | 1 | {least:.0f} | 1 |"
    ours, taken = seconds(lambda: module_tangents(module, [several])), memory(lambda: module_tangents(module, [many]))
    yield f"| `module_tangents` | {ours:.3f} | {ours / of_torch:.2f} | {taken:.0f} | {taken / least:.2f} |"
    at_once, of_torch = seconds(lambda: torch.func.jacrev(whole)(parameters)), seconds(lambda: by_torch(few))
    yield f"| torch's jacrev of the whole batch (before), 256 samples | {at_once:.3f} | {at_once / of_torch:.1f} | | |"


class Residual(nn.Module):
    """Two residual layers of tanh neurons."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third, self.last = nn.Linear(8, 20), nn.Linear(20, 20), nn.Linear(20, 20), nn.Linear(20, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = torch.tanh(self.first(x))
        z = z + torch.tanh(self.second(z))
        return self.last(z + torch.tanh(self.third(z)))


LARGE = {
    "residual layers, width 20": (Residual, (), (8,)),
    "convolution, 8 channels, average pooling": (architectures.convolutional, (8, 3, 10, 7, "average", False), (1, 10, 10)),
    "attention, 4 heads, width 16": (architectures.multi_head_attention, (16, 4, True), (4, 16)),
}


def bounded(name: str, module: nn.Module, sample: np.ndarray) -> str:
    """A row: parameters, proved bounds, processor time."""
    start = time.process_time()
    found = module_model_rank(module, sample)
    taken = time.process_time() - start
    proved = str(found.rank) if found.rank is not None else f"{found.lower}..{found.upper}"
    return f"| {name} | {sum(p.numel() for p in module.parameters())} | {proved} | {taken:.1f} |"


def all_architectures() -> Iterator[str]:
    """The architectures of the tests, at parameters drawn as normal floats."""
    yield from ("| architecture | parameters | proved rank | seconds |", "|---|---|---|---|")
    for name in ARCHITECTURES:
        yield bounded(name, *made(name))


def large() -> Iterator[str]:
    """About a thousand parameters."""
    yield from ("| about 1000 parameters | parameters | proved rank | seconds |", "|---|---|---|---|")
    for name, (maker, sizes, shape) in LARGE.items():
        yield bounded(name, architectures.drawn(maker(*sizes), 2), np.zeros((1, *shape)))


def points() -> Iterator[str]:
    """Second derivatives at planted points: bounds exactly at the weights, and the critical point beside them."""
    yield "| critical but for rounding | parameters | samples | at the weights | seconds | at the point | distance | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in ("residual MLP", "max pooling", "attention", "embedding", "GRU", "LSTM", "tied autoencoder", "deep sets"):
        module, sample = made(name)
        module, rng, tokens = module.double(), np.random.default_rng(0), ARCHITECTURES[name][2]
        sample = sample if tokens else sample.astype(float)
        count = 1 + 3 * sum(p.numel() for p in module.parameters()) // (2 * module(torch.as_tensor(sample)).shape[1:].numel())
        x = rng.integers(0, tokens, (count, *sample.shape[1:])) if tokens else rng.normal(size=(count, *sample.shape[1:]))
        x = np.unique(x, axis=0)
        outputs = module(torch.as_tensor(x)).detach()
        model, theta, (rows, _) = read_module(module, (x, outputs))
        data = rows, plant(model, theta, rows, size=0.3)[1]
        start = time.process_time()
        at = graph_inertia(model, theta, data)
        between = time.process_time()
        near = graph_point(model, theta, data)
        taken = f"{between - start:.1f} | {near.inertia} | {near.distance:.1g} | {time.process_time() - between:.1f}"
        yield f"| {name} | {model.n_params} | {len(x)} | {at.inertia} | {taken} |"


def floats() -> Iterator[str]:
    """Proved ranks beside those of numpy."""
    yield from ("| module | parameters | proved rank | numpy, float64 | numpy, float32 | seconds |", "|---|---|---|---|---|---|")
    for name, (maker, sizes, shape) in MODULES.items():
        module = architectures.drawn(maker(*sizes), 2)
        start = time.process_time()
        found = module_model_rank(module, np.zeros((1, *shape)))
        taken = time.process_time() - start
        double, single = by_singular_values(module, shape) if "recurrent" not in maker.__name__ else by_graph(module, shape)
        proved = str(found.rank) if found.rank is not None else f"{found.lower}..{found.upper}"
        wrong = lambda rank, f=found: f"{rank}" if f.lower <= rank <= f.upper else f"**{rank}**"
        count = sum(p.numel() for p in module.parameters())
        yield f"| {name} | {count} | {proved} | {wrong(double)} | {wrong(single)} | {taken:.1f} |"
    yield from ("", "Bold: wrong.")


PARTS = {"floats": floats, "architectures": all_architectures, "large": large, "tangents": speed, "points": points}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = ["# Ranks of torch modules: proved, and by singular values", ""]
    lines += ["At drawn parameters, by `benchmarks/module_ranks.py`; seconds of processor time."]
    for part in arguments.parts:
        lines.append("")
        for line in PARTS[part]():
            lines.append(line)
            print(line, flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def by_graph(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """The same where torch cannot vectorize: module_rank differentiates the graph."""
    from numerics.modules.subjects import Subject

    rows = 2 * sum(p.numel() for p in module.parameters())
    matrix = Subject.of(module, np.random.default_rng(0).normal(size=(rows, *shape))).float_tangents()
    return int(np.linalg.matrix_rank(matrix)), int(np.linalg.matrix_rank(matrix.astype(np.float32)))


if __name__ == "__main__":
    main()
