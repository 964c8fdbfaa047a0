"""Costs of the exact parts of the frequency principle, and of its batched trainings.

python benchmarks/frequency.py
"""

import time
from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.dominance import Neuron, exceptional_share
from numerics.dynamics.fourier import band_limited_energy, fourier_integral, nudft, samples_of
from numerics.dynamics.limits import interpolant
from numerics.dynamics.line_networks import Target, even_points, initial, train_on_line
from theory.dynamics.frequency import output_kernel


def timed(what, function, *arguments, **options):
    started = time.process_time()
    result = function(*arguments, **options)
    print(f"{what}: {time.process_time() - started:.3f} s of processor time")
    return result


def integrals() -> None:
    with working_precision(120):
        slope = lambda x: 1 / (ball(Fraction(3, 2)) * x + ball(Fraction(1, 3))).cosh() ** 2
        tail = 4 * ball(-64).exp()
        timed("a certified Fourier integral, 120 bits", fourier_integral, slope, Fraction(2), ends=(-22, 22), tail=tail)


def energies() -> None:
    rng = np.random.default_rng(0)
    for d, cutoff in ((1, 20_000), (2, 60), (3, 14)):
        x = [[Fraction(int(v), 16) for v in row] for row in rng.integers(0, 96, (3, d))]
        timed(f"least energy of 3 points, d = {d}, cut-off {cutoff}", band_limited_energy, x, [1, 2, -1], Fraction(1), cutoff)


def dominance() -> None:
    pairs = (Fraction(1), Fraction(1, 3)), (Fraction(1), Fraction(-1, 2))
    neuron = Neuron(Fraction(1), Fraction(1, 2), (Fraction(1), Fraction(2)), *pairs)
    for inverse in (8, 32):
        timed(f"exceptional weights at delta = 1/{inverse}, three parameters", exceptional_share, neuron, Fraction(1, inverse))


def samples() -> None:
    x = np.sort(np.random.default_rng(0).uniform(0, 1, 2000))
    timed("transform of 2,000 uneven samples at 1,001 frequencies", nudft, samples_of(x), np.sin(x), np.arange(1001))
    nodes = [Fraction(k, 2) for k in range(9)]
    timed(
        "limit of an interpolant of nine nodes",
        interpolant,
        output_kernel,
        nodes,
        [k * k % 5 for k in range(9)],
        Fraction(7, 4),
        degree=3,
        first=5,
    )


def training() -> None:
    target = Target((1, 3, 5), (1.0, 1.0, 1.0), even_points(64))
    for order in (0, 2):
        start = initial(np.random.default_rng(0), 40, (50, 50))
        timed(
            f"100 steps of 40 networks 1-50-50-1, loss of order {order}",
            train_on_line,
            start,
            target,
            order=order,
            steps=100,
            learning_rate=2e-3,
        )


if __name__ == "__main__":
    integrals()
    energies()
    dominance()
    samples()
    training()
