"""Costs of the exact parts of dropout, reach and attention.

python benchmarks/dropout.py
"""

import time
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.dynamics.attention_flow import attention_hessian, quadratic_bound
from numerics.dynamics.kinks import descent, random_interpolant
from numerics.dynamics.masks import mask_moments
from numerics.dynamics.reach import distribution, extremal
from numerics.train import Dropout, train
from theory.dynamics.attention import MarkovAttention
from theory.models import TwoLayer


def timed(what, function, *arguments, **options):
    started = time.perf_counter()
    result = function(*arguments, **options)
    print(f"{what}: {time.perf_counter() - started:.2f} s")
    return result


def masks(neurons: int) -> None:
    rng = np.random.default_rng(0)
    draw = lambda *shape: rationals(np.array([Fraction(int(k), 6) for k in rng.integers(-12, 13, int(np.prod(shape)))]).reshape(shape))
    s, y, g = draw(5, neurons, 1), draw(5, 1), draw(5, neurons, 1, 4 * neurons)
    timed(f"exact covariance over 2^{neurons} masks, {4 * neurons} parameters", mask_moments, s, y, g, Fraction(3, 4))


def kinks() -> None:
    rng, x = np.random.default_rng(0), [Fraction(k) for k in range(8)]
    nets = [random_interpolant(rng, x, 4) for _ in range(50)]
    timed("50 decisions on four neurons and eight points", lambda: [descent(net, x) for net in nets])


def attention() -> None:
    with working_precision(256):
        pi, lam = balls([Fraction(3, 4), Fraction(19, 100), Fraction(1, 20), Fraction(1, 100)]), ball(Fraction(1, 2))
        model = MarkovAttention(4, 1, 1)
        centre = model.condensed_point(pi)
        timed("Hessian of 10 parameters in balls", attention_hessian, model, centre, pi, lam)
        timed("bound on its third derivatives", quadratic_bound, model, centre, Fraction(1, 100), pi, lam)


def training() -> None:
    model, x = TwoLayer(1, 20, bias=True), np.linspace(-2, 2, 12)[:, None]
    start = model.init(np.random.default_rng(0), scale=0.5, batch=(64,))
    options = dict(learning_rate=0.02, steps=1000, path="torch")
    timed("1000 steps of 64 networks, plain", train, model, start, (x, np.sin(x)), **options)
    timed("1000 steps of 64 networks, dropout", train, model, start, (x, np.sin(x)), method=Dropout(0.8), **options)


def main() -> None:
    for neurons in (6, 8, 10):
        masks(neurons)
    kinks()
    timed("all 40320 orders of 8 pairs, 4 layers", distribution, 8, 4)
    timed("both extremal orders of 7 layers", extremal, 7)
    attention()
    training()


if __name__ == "__main__":
    main()
