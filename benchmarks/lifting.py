"""Speed of lifting in depth: lifts, their exact Hessians, the Monte Carlo of linearized neurons. ``python benchmarks/lifting.py``"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from numerics.hessian import inertia
from numerics.modules.deepening import deepen, prune, read_module
from numerics.planting import plant
from proofs_check.claims.depth._measures import fractions
from proofs_check.claims.depth._points import enough_samples, rational_point, samples
from proofs_check.claims.depth.data import SAMPLE_SIZES, nested_fractions
from theory.lifting import lift, merge
from theory.models import FullyConnected


def show(what: str, action: Callable[[], object], repeats: int = 3) -> object:
    """Print the shortest of ``repeats`` runs in seconds; what the last one returned."""
    seconds, found = [], None
    for _ in range(repeats):
        started = time.perf_counter()
        found = action()
        seconds.append(time.perf_counter() - started)
    print(f"{what:<72} {min(seconds):9.4f} s", flush=True)
    return found


def exact_lift(widths: tuple[int, ...], after: int, width: int) -> None:
    rng, model = np.random.default_rng(0), FullyConnected(widths, "hinge3")
    theta = rational_point(model, rng)
    x, y = plant(model, theta, samples(widths[0], enough_samples(model), rng), size=1)
    data = fractions(x), fractions(y)
    what = f"exact lift of {list(widths)} behind layer {after}, width {width}"
    found = show(what, lambda: lift(model, theta, data[0], after, width=width))
    show("    merged back", lambda: merge(found.deep, found.theta, found.x, after + 1))
    show("    D pi", found.differential)
    what = f"    exact inertia of its {found.deep.n_params} parameters"
    print(f"        {show(what, lambda: inertia(found.deep, found.theta, data, method='exact'))}")


def modules() -> None:
    import torch

    torch.manual_seed(0)
    linear, relu = torch.nn.Linear, torch.nn.ReLU()
    layers = read_module(torch.nn.Sequential(linear(784, 256), relu, linear(256, 128), relu, linear(128, 10)))
    x = torch.randn(2000, 784).numpy()
    deep = show("784-256-128-10 deepened by 128 on 2,000 samples", lambda: deepen(layers, x, 1, width=128))
    pruned = show("    linearized layers found and merged", lambda: prune(deep, x))
    print(f"        removed {pruned.removed}, outputs change by {pruned.change:.1e}")


def monte_carlo() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLE_SIZES[-1], 2))
    shares, readmitted = show("100,000 random neurons on 6 nested sample sizes", lambda: nested_fractions(rng, 100_000, x))
    print(f"        shares {shares.round(4).tolist()}, readmitted {readmitted}")


if __name__ == "__main__":
    exact_lift((2, 2, 1), 1, 2)
    exact_lift((2, 2, 2), 1, 3)
    exact_lift((1, 2, 2, 1), 1, 3)
    modules()
    monte_carlo()
