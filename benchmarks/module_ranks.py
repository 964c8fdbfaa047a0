"""Proved ranks of torch modules beside what singular values say of them, and the time of the tangents beside torch's own.

python benchmarks/module_ranks.py [--out benchmarks/results/module-ranks.md]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from numerics.modules import architectures
from numerics.modules.slopes import module_tangents
from numerics.rank import module_model_rank

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
    """The least of three runs, processor time."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def speed() -> list[str]:
    """Tangents of a convolutional network by ours, by torch's vmap(grad), and by jacrev of the whole batch."""
    module = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 36, 1)).double()
    x = np.random.default_rng(0).normal(size=(256, 1, 14, 14))
    parameters = {name: p.detach() for name, p in module.named_parameters()}
    single = lambda p, sample: torch.func.functional_call(module, p, (sample[None],)).squeeze()
    whole = lambda p: torch.func.functional_call(module, p, (torch.as_tensor(x),)).reshape(-1)
    of_torch = seconds(lambda: torch.func.vmap(torch.func.grad(single), in_dims=(None, 0))(parameters, torch.as_tensor(x)))
    ours = seconds(lambda: module_tangents(module, [x]))
    at_once = seconds(lambda: torch.func.jacrev(whole)(parameters))
    return [
        "| tangents of a convolutional network, 369 parameters, 256 samples | seconds | of torch's |",
        "|---|---|---|",
        f"| torch's vmap(grad) | {of_torch:.3f} | 1 |",
        f"| `module_tangents` | {ours:.3f} | {ours / of_torch:.2f} |",
        f"| torch's jacrev of the whole batch (before) | {at_once:.3f} | {at_once / of_torch:.1f} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    torch.set_num_threads(1)
    lines = ["# Ranks of torch modules: proved, and by singular values", "", "At drawn parameters, by `benchmarks/module_ranks.py`.", ""]
    lines += ["| module | parameters | proved rank | numpy, float64 | numpy, float32 | seconds |", "|---|---|---|---|---|---|"]
    for name, (maker, sizes, shape) in MODULES.items():
        module = architectures.drawn(maker(*sizes), 2)
        start = time.process_time()
        found = module_model_rank(module, np.zeros((1, *shape)))
        taken = time.process_time() - start
        double, single = by_singular_values(module, shape) if "recurrent" not in maker.__name__ else by_graph(module, shape)
        proved = str(found.rank) if found.rank is not None else f"{found.lower}..{found.upper}"
        wrong = lambda rank, f=found: f"{rank}" if f.lower <= rank <= f.upper else f"**{rank}**"
        count = sum(p.numel() for p in module.parameters())
        lines.append(f"| {name} | {count} | {proved} | {wrong(double)} | {wrong(single)} | {taken:.1f} |")
        print(lines[-1], flush=True)
    lines += ["", "Bold: wrong.", "", *speed()]
    print("\n".join(lines[-6:]))
    if out:
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def by_graph(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """The same where torch cannot vectorize: module_rank differentiates the graph."""
    from numerics.modules.subjects import Subject

    rows = 2 * sum(p.numel() for p in module.parameters())
    matrix = Subject.of(module, np.random.default_rng(0).normal(size=(rows, *shape))).float_tangents()
    return int(np.linalg.matrix_rank(matrix)), int(np.linalg.matrix_rank(matrix.astype(np.float32)))


if __name__ == "__main__":
    main()
