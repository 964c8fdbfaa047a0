"""What the trainings of phase2.* and phase3.* cost at level full, point by point; writes benchmarks/results/wide-full.md.

    python benchmarks/wide_full.py [--seeds 1]

Every place, width and number of seeds of the checks is read from the claims. Of each place and width a few networks are trained as the
checks train them, in seconds of processor; the whole is their mean times the seeds of the check. Beside it the machine's own limits are
measured: floating-point operations of a large matrix product, bytes a second of a copy, and of a product with four rows.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


def spent(call) -> float:
    """Seconds of processor."""
    started = time.process_time()
    call()
    return time.process_time() - started


def limits() -> list[str]:
    """Rates of this machine on one core, medians of seven."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    W, rows = (torch.from_numpy(rng.normal(size=shape)) for shape in ((800, 800), (4, 800)))
    large = torch.from_numpy(rng.normal(size=(1000, 1000)))
    middle = lambda call, times: float(np.median([spent(lambda: [call() for _ in range(times)]) / times for _ in range(7)]))
    product, copy, four = middle(lambda: large @ large, 5), middle(W.clone, 50), middle(lambda: rows @ W.T, 50)
    passes = f"{8 * 800**2 / four / 1e9:.0f} GB/s, {8 * 800**2 / four / 1e9:.0f} GFlop/s"
    step = 6 * four + 1.5 * four + 24 * 800**2 * product / 2e9
    return [
        f"A product of two 1000 x 1000 matrices makes {2 / product:.0f} GFlop/s, a copy of 5 MB moves"
        f" {2 * 8 * 800**2 / copy / 1e9:.0f} GB/s, the product of an 800 x 800 matrix with four rows takes {1e3 * four:.2f} ms: {passes}.",
        "A step at m = 800 needs six of those, one with twelve rows for the distance, taken as 1.5, and one step in eight one that"
        f" adds 96 rows to the weights: {1e3 * step:.1f} ms at these rates; with every slope written out, forty passes over the matrix,"
        f" {1e3 * (20 * copy + 9 * four):.1f} ms.",
    ]


def trainings() -> Iterator[tuple[str, tuple[float, ...], tuple[int, ...], int]]:
    """(check, place, widths, seeds) of all trainings at level full; those that a check finds made are left out."""
    from proofs_check.claims.phase import exponents, regimes, three_layers

    yield from (
        ("phase2.exponents trained-slopes", place, exponents.WIDTHS.at("full"), exponents.SEEDS.at("full")) for place in exponents.MORE
    )
    grid = (1000, 5000, 10000, 20000, 40000)
    yield from (("phase2.exponents published-slopes", (gamma, 0.0), grid, 40) for gamma in exponents.ANSWERS)
    yield from (("phase2.exponents published-grid", place, grid, 2) for place in exponents.GRID)
    yield from (("phase2.regimes slopes", place, regimes.WIDTHS.at("full"), regimes.SEEDS.at("full")) for place in regimes.MORE)
    yield from (
        ("phase2.initial_condensation share-along-z", place, regimes.TANH_WIDTHS.at("full"), 40) for place in regimes.PLACES.at("full")
    )
    yield from (("phase3.exponents trained", triple, three_layers.WIDTHS.at("full"), 40) for triple in three_layers.ALL)
    yield "phase3.regimes mixed", (0.75,) * 3, three_layers.NARROW.at("full"), 24
    yield from (("phase3.regimes printed", (gamma,) * 3, three_layers.WIDTHS.at("full"), 24) for gamma in (1 / 3, 1 / 2, 2 / 3))


def one(check: str, place: tuple[float, ...], width: int, rng: np.random.Generator) -> tuple[float, int]:
    """Seconds of processor and steps of one network."""
    from numerics.dynamics.scaled_flow import relative_distances, start_at, three_layer_start
    from proofs_check.claims.phase._runs import INPUTS, LINE, STOP
    from proofs_check.claims.phase.regimes import SAMPLES, TARGETS

    data, stop, zero_output = (INPUTS, LINE), STOP, "pairs"
    if len(place) == 3:
        model, theta = three_layer_start((place[0], place[1], place[2]), 2, width, rng)
        zero_output = "subtract"
    elif check.endswith("share-along-z"):
        model, theta = start_at(place[0], place[1], 5, width, rng, activation="tanh")
        data, stop = (SAMPLES, TARGETS), 0.3 * float((TARGETS**2).mean() / 2)
    else:
        model, theta = start_at(place[0], place[1], 2, width, rng)
    started = time.process_time()
    found = relative_distances(model, theta, data, stop=stop, zero_output=zero_output)
    return time.process_time() - started, int(found.steps[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="networks measured at each place and width")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    by_check: dict[str, dict[int, list]] = {}
    rng = np.random.default_rng(0)
    for check, place, widths, seeds in trainings():
        for width in widths:
            runs = [one(check, place, width, rng) for _ in range(arguments.seeds)]
            by_check.setdefault(check, {}).setdefault(width, []).append((seeds, runs))
        print(check, place, f"{sum(np.mean([s for s, _ in by_check[check][m][-1][1]]) for m in widths):.2f} s a seed", flush=True)
    lines = [
        "# Wide networks at level full",
        "",
        f"{os.cpu_count()} cores, torch {torch.__version__}, load average at the start {load}; one core, {arguments.seeds} network(s)"
        " measured at each place and width, times the seeds of the check. Written by benchmarks/wide_full.py.",
        "",
        *limits(),
        "",
        "| check | places | widths | seeds | steps | ms a step, by width | seconds of processor |",
        "|---|---|---|---|---|---|---|",
    ]
    whole = 0.0
    for check, widths in by_check.items():
        total = sum(seeds * np.mean([s for s, _ in runs]) for cells in widths.values() for seeds, runs in cells)
        whole += total
        every = {m: [run for _, runs in cells for run in runs] for m, cells in widths.items()}
        steps = [count for runs in every.values() for _, count in runs]
        rates = ", ".join(f"{1e3 * sum(s for s, _ in runs) / sum(k for _, k in runs):.2f}" for runs in every.values())
        first = next(iter(widths.values()))
        row = [check, len(first), " ".join(map(str, widths)), first[0][0], f"{min(steps)} .. {max(steps)}", rates, f"{total:.0f}"]
        lines.append("| " + " | ".join(map(str, row)) + " |")
    lines += [f"| all |  |  |  |  |  | {whole:.0f} |"]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "wide-full.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
