"""Speed of certified ranks, beside what a user would otherwise call: ``python benchmarks/rank.py [--largest N]``.

Prints one line a measurement (best of three) and, with ``--figure FILE``, draws how the cost grows with the number of parameters.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import sympy
from flint import nmod_mat

from numerics.arithmetic.exact import PRIMES, modular_matrix, rank_modulo
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank, sample_points
from theory.models import FullyConnected, TwoLayer

REPEATS = 3


def best(action: Callable[[], object], repeats: int = REPEATS, clock: Callable[[], float] = time.perf_counter) -> tuple[float, object]:
    """The shortest of ``repeats`` runs in seconds of ``clock``, and what it returned."""
    seconds, found = [], None
    for _ in range(repeats):
        started = clock()
        found = action()
        seconds.append(clock() - started)
    return min(seconds), found


def show(what: str, seconds: float, remark: object = "") -> None:
    print(f"{what:<66} {seconds:10.4f} s  {remark}", flush=True)


def against_sympy() -> None:
    """The elimination behind a certificate beside sympy.Matrix.rank, on the same 20 x 20 integer tangents of a cubic network.

    How long sympy takes depends on the size of the entries, so several are shown.
    """
    rng, model = np.random.default_rng(0), TwoLayer(4, 4, activation="power:3")
    for largest in (4, 9, 99, 999):
        draw_integers = lambda *shape, most=largest: rng.integers(-most, most + 1, shape).astype(object)
        theta, x = draw_integers(model.n_params), draw_integers(20, 4)
        matrix = tangents(model, theta, x)[1].reshape(20, 20)
        ours, lower = best(lambda M=matrix: rank_modulo(M, PRIMES[0]), repeats=20)
        theirs, rank = best(sympy.Matrix(matrix.tolist()).rank, repeats=1)
        whole, found = best(lambda t=theta, points=x: empirical_rank(model, t, points))
        assert lower == found.rank == rank
        show(f"rank modulo a prime, 20 x 20 tangents, parameters up to {largest}", ours, f"rank {rank}")
        show("  sympy.Matrix.rank of the same matrix", theirs, f"{theirs / ours:.0f} times as long")
        show("  certified rank from theta and x, tangents and both bounds included", whole, f"{theirs / whole:.0f}")


def against_flint(size: int = 1000) -> None:
    """A square matrix of residues through this package beside the bare call."""
    prime, rng = PRIMES[0], np.random.default_rng(0)
    entries = rng.integers(0, prime, (size, size))
    bare, rank = best(lambda: nmod_mat(size, size, entries.ravel().tolist(), prime).rank())
    ours, found = best(lambda: modular_matrix(entries, prime).rank())
    assert rank == found == size
    show(f"rank modulo a 61-bit prime, {size} x {size}, bare flint", bare)
    show(f"rank modulo a 61-bit prime, {size} x {size}, this package", ours, f"{ours / bare:.2f} of the bare call")


def against_residues(widths: tuple[int, ...] = (60, 100, 142)) -> None:
    """A certified model rank of a tanh network beside flint's rank of the residues of the same tangents: processor time of one process.

    Wanted: at most 3 times. What a process did before is warm for both; the kept result of the model rank is forgotten each time.
    """
    from numerics.arithmetic import exact
    from numerics.rank import ladder

    for width in widths:
        model = TwoLayer(5, width, bias=True)
        theta = np.random.default_rng(0).normal(size=model.n_params)
        points = next(iter(sample_points(model, model.n_params, theta=theta)))
        image = exact.modular_matrix(ladder.modular_tangents(model, theta, points, PRIMES[0], 12345), PRIMES[0])

        def certified(model: TwoLayer = model, theta: np.ndarray = theta) -> object:
            vars(ladder._model_rank)["forget"]()
            return model_rank(model, theta)

        ours, bare = (best(action, repeats=5, clock=time.process_time)[0] for action in (certified, image.rank))
        show(f"model rank, two-layer tanh, {model.n_params} parameters, processor time", ours, f"{ours / bare:.1f} of flint's rank")


def growth(largest: int) -> list[tuple[str, int, float]]:
    """Seconds of a certified model rank by number of parameters: two-layer tanh with bias, and deep tanh."""
    rng, points = np.random.default_rng(0), []
    for width in (5, 10, 20, 34, 60, 100, 142, 200, 300):
        model = TwoLayer(5, width, bias=True)
        if model.n_params <= largest:
            points.append(measured("two-layer tanh", model, rng))
    for shape in ((3, 5, 5, 1), (4, 8, 8, 1), (5, 12, 12, 1), (6, 17, 17, 1), (10, 20, 20, 1), (10, 24, 24, 1)):
        model = FullyConnected(shape)
        if model.n_params <= largest:
            points.append(measured("deep tanh", model, rng))
    return points


def measured(family: str, model: TwoLayer | FullyConnected, rng: np.random.Generator) -> tuple[str, int, float]:
    theta = rng.normal(size=model.n_params)
    seconds, found = best(lambda: model_rank(model, theta), repeats=1)
    assert found.rank == model.n_params
    show(f"model rank, {family}, {model.n_params} parameters", seconds, found)
    return family, model.n_params, seconds


def against_numpy() -> None:
    """What the default numerical rank reports where the certificate says 48: 16 neurons with bias on one input."""
    model = TwoLayer(1, 16, bias=True)
    theta = np.random.default_rng(1).normal(size=model.n_params)
    x = np.concatenate(list(sample_points(model, 4 * model.n_params)))
    seconds, rank = best(lambda: int(np.linalg.matrix_rank(tangents(model, theta, x)[1].reshape(len(x), -1))))
    show("numpy.linalg.matrix_rank, 16 tanh neurons with bias on one input", seconds, f"rank {rank} (not certified, and wrong)")
    seconds, found = best(lambda: model_rank(model, theta))
    show("certified rank of the same", seconds, found)


def draw(points: list[tuple[str, int, float]], file: str) -> None:
    """Seconds against parameters, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for family in dict.fromkeys(family for family, *_ in points):
        own = [(size, seconds) for name, size, seconds in points if name == family]
        axes.loglog(*zip(*own, strict=True), "o-", label=family)
    axes.set(xlabel="parameters", ylabel="seconds", title="Cost of a certified model rank")
    axes.legend()
    figure.savefig(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1000, help="largest number of parameters (default 1000)")
    parser.add_argument("--figure", help="draw the growth into this file")
    arguments = parser.parse_args()
    against_sympy()
    against_flint()
    against_residues()
    against_numpy()
    points = growth(arguments.largest)
    if arguments.figure:
        draw(points, arguments.figure)


if __name__ == "__main__":
    main()
