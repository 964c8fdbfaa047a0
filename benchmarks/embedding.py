"""Speed of embedding in width: exact congruences and inertia, certificates, batches of embedded Hessians; beside torch, one by one.

    OMP_NUM_THREADS=1 python benchmarks/embedding.py [--quick] [--hessians N]

Prints a table; times are wall-clock of one process.
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.critical import certify, certify_split
from numerics.critical.embedded import planted_batch, split_counts
from numerics.hessian import hessian
from numerics.hessian.inertias import exact_inertia
from numerics.planting import plant
from proofs_check.claims.width._instances import ANY, some_place
from theory.embedding import split, split_congruence
from theory.models import FullyConnected


def timed(action) -> tuple[float, object]:
    started = time.perf_counter()
    found = action()
    return time.perf_counter() - started, found


def congruences(count: int) -> str:
    """C^T H_wide C over the rationals at random points of networks of two to four layers."""
    rng = np.random.default_rng(0)
    for k in range(count):
        place = some_place(ANY[k % len(ANY)], rng)
        embedding, basis, data = split(*place.neuron_of()), split_congruence(*place.neuron_of()), place.data(2)
        hessian(place.model, place.theta, data)
        basis.T @ (basis.T @ hessian(embedding.wide, embedding(place.theta), data)).T
    return f"{count} instances"


def inertia_of_18_parameters() -> str:
    """A Hessian of 18 parameters whose entries have hundreds of digits, by its characteristic polynomial."""
    place = some_place((3, 3, 1, 1), np.random.default_rng(1))
    matrix = rationals(hessian(place.model, place.theta, place.data(3)))
    digits = max(len(str(entry)) for entry in matrix.ravel())
    seconds, found = timed(lambda: exact_inertia(matrix))
    return f"{len(matrix)} parameters, {digits} characters an entry: {found} in {seconds:.2f} s"


def certified_point() -> str:
    """Krawczyk box and inertia of a critical point of 43 parameters, then of its split, in balls."""
    rng, model = np.random.default_rng(0), FullyConnected((4, 7, 1))
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (50, 4))
    data = plant(model, theta, x, size=0.5)
    seconds, point = timed(lambda: certify(model, theta, data))
    more, (predicted, observed) = timed(lambda: certify_split(model, point, data, 1, 0, Fraction(1, 3)))
    return f"{model.n_params} parameters: {point.inertia} in {seconds:.2f} s, split {observed} (predicted {predicted}) in {more:.2f} s"


def embedded_batch(count: int) -> str:
    """Planted tanh networks, split: eigenvalues and predicted inertia of every wide Hessian."""
    rng, wrong, escalated, done = np.random.default_rng(0), 0, 0, 0
    shapes = [(2, 2, 2), (2, 3, 2), (3, 2, 3), (2, 2, 1)]
    alphas = (Fraction(1, 3), Fraction(1, 2), Fraction(-4, 5), Fraction(7, 3), Fraction(0))
    while done < count:
        for widths in shapes:
            for alpha in alphas:
                model = FullyConnected(widths)
                theta, data = planted_batch(model, min(500, count // 20), rng, size=(0.2, 1.0)[int(rng.integers(2))])
                found = split_counts(model, theta, data, 1, 0, alpha)
                wrong, escalated, done = wrong + len(found.wrong), escalated + found.escalated, done + len(theta)
    return f"{done} wide Hessians, {escalated} decided in balls, {wrong} wrong"


def torch_loop(count: int) -> str:
    """What one would use otherwise: torch.autograd's Hessian, one network at a time."""
    import torch

    rng, model = np.random.default_rng(0), FullyConnected((2, 3, 2))
    theta, (x, y) = planted_batch(model, count, rng)
    for k in range(count):
        inputs, targets = torch.tensor(x[k]), torch.tensor(y[k])
        risk = lambda t, a=inputs, b=targets: ((model(t, a) - b) ** 2).sum() / len(a)
        matrix = torch.autograd.functional.hessian(risk, torch.tensor(theta[k]))
        torch.linalg.eigvalsh(matrix)
    return f"{count} narrow Hessians"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    parser.add_argument("--hessians", type=int, default=10_000, help="size of the batch")
    arguments = parser.parse_args()
    small = arguments.quick
    rows = [
        ("exact congruences (goal: 200 in 5 s)", lambda: congruences(20 if small else 200)),
        ("exact inertia (goal: 2 s)", inertia_of_18_parameters),
        ("certified point (goal: 3 s at 43 parameters)", certified_point),
        ("batch of embedded Hessians (goal: 10,000 in 10 s)", lambda: embedded_batch(1000 if small else arguments.hessians)),
        ("torch, one by one", lambda: torch_loop(20 if small else 200)),
    ]
    for name, action in rows:
        seconds, message = timed(action)
        print(f"{name:52s} {seconds:7.2f} s   {message}")


if __name__ == "__main__":
    main()
