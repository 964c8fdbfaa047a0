"""Branches, certified ranks and flows near perfect minima, beside what one would use without them.

    python benchmarks/recovery.py

prints one row per task: seconds here (best of three), what was done, and the alternative with its seconds or its wrong answers. Wanted:
enumeration and graphs for m = 6, m0 = 3 below 2 s, 400 certified ranks below 30 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from numerics.derivatives.tape import tangents  # noqa: E402
from numerics.rank import empirical_rank  # noqa: E402
from numerics.recovery.minima import flow, hessian_eigenvalues  # noqa: E402
from theory.models import TwoLayer  # noqa: E402
from theory.recovery import Branch, branch_types, branches, intersection_graph, on_grid, random_target, refinement_graph  # noqa: E402
from theory.recovery.genericity import shifted  # noqa: E402

RANKS = 400


def timed(run: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Shortest time in seconds, and the result."""
    times, result = [], None
    for _ in range(repeats):
        started = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - started)
    return min(times), result


def points() -> list[tuple[TwoLayer, np.ndarray, np.ndarray, int]]:
    """``RANKS`` points on branches with samples and the rank of the theory."""
    found, rng = [], np.random.default_rng(0)
    kinds = [(branch, d) for m, m0 in [(2, 1), (3, 1), (3, 2), (4, 2), (5, 2)] for branch in branch_types(m, m0) for d in (1, 2, 3)]
    while len(found) < RANKS:
        branch, d = kinds[len(found) % len(kinds)]
        model, n = TwoLayer(d, branch.width, activation=shifted("tanh")), branch.codimension(d) + 2
        theta = branch.sample(random_target(branch.targets, d, rng), rng)
        found.append((model, theta, on_grid(rng.uniform(-1.5, 1.5, (n, d))), min(n, branch.rank(d))))
    return found


def float_ranks(cases: list) -> list[int]:
    return [int(np.linalg.matrix_rank(tangents(model, theta, x)[1][:, 0])) for model, theta, x, _ in cases]


def stiff_flow() -> tuple[float, float]:
    """Seconds of the implicit flow to 30 time constants, and of an explicit Runge-Kutta pair at the same tolerance."""
    from scipy.integrate import solve_ivp

    model, rng = TwoLayer(1, 2, activation=shifted("tanh")), np.random.default_rng(1)
    branch = Branch(((0,),), ((1,),))
    theta, x = branch.sample(random_target(1, 1, rng), rng), np.linspace(-1.5, 1.5, 5)[:, None]
    y, start, end = model(theta, x)[:, 0], theta + 0.01, 30 / hessian_eigenvalues(model, theta, x)[0]
    implicit, _ = timed(lambda: flow(model, start, x, y, np.linspace(0, end, 50)), repeats=1)

    def field(_: float, point: np.ndarray) -> np.ndarray:
        values, jacobian = tangents(model, point, x)
        return -2 * (values[:, 0] - y) @ jacobian[:, 0]

    explicit, _ = timed(lambda: solve_ivp(field, (0, end), start, method="RK45", rtol=1e-11, atol=1e-15), repeats=1)
    return implicit, explicit


def main() -> None:
    row = lambda seconds, task, other: print(f"{seconds:8.3f} s  {task:<58} {other}")
    row(timed(lambda: len(list(branches(6, 3))))[0], "3120 branches of m = 6, m0 = 3", "")
    row(timed(lambda: refinement_graph(6, 3))[0], "their refinement graph, 12420 edges", "")
    row(timed(lambda: intersection_graph(6, 3), repeats=1)[0], "their intersection graph, 87960 edges", "")
    cases = points()
    seconds, ranks = timed(lambda: [empirical_rank(model, theta, x) for model, theta, x, _ in cases], repeats=1)
    proved = sum(rank.certified and rank.rank == expected for rank, (*_, expected) in zip(ranks, cases, strict=True))
    other, floats = timed(lambda: float_ranks(cases), repeats=1)
    wrong = sum(a != case[-1] for a, case in zip(floats, cases, strict=True))
    row(
        seconds,
        f"{RANKS} ranks of tangents, {proved} certified and as predicted",
        f"numpy.linalg.matrix_rank: {other:.3f} s, {wrong} wrong",
    )
    implicit, explicit = stiff_flow()
    row(implicit, "flow to 30 time constants of a Morse-Bott branch", f"explicit Runge-Kutta 5(4): {explicit:.3f} s")


if __name__ == "__main__":
    main()
