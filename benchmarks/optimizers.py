"""Speed of the proofs on Adam: traps, covers, hitting times, side by side with an 80-digit run in mpmath; the grid of orbits.

python benchmarks/optimizers.py      (CPU seconds, one thread)
"""

import time
from fractions import Fraction

import mpmath
import numpy as np

from numerics.dynamics.adam_orbits import many_orbits
from numerics.dynamics.adam_runs import Cycle, Minimum, Run, hitting_times, trapped
from numerics.dynamics.cover import cover
from numerics.dynamics.crossing import crossing_time
from numerics.dynamics.stability import degenerate_stability, plane
from theory.dynamics.adam import reduced_forms

RUNS = [
    (Run(4, "0.9", "0.93"), Minimum),
    (Run(6, "0.9", "0.93"), Minimum),
    (Run(8, "0.9", "0.93"), Minimum),
    (Run(4, "0.9", "0.91"), Minimum),
    (Run(4, "0.9", "0.99"), Minimum),
    (Run(4, "0", "0.93"), Minimum),
    (Run(4, "0", "1/8", start="0.00051"), Cycle),
]


def timed(function, *arguments, **options):
    started = time.process_time()
    result = function(*arguments, **options)
    return result, time.process_time() - started


def in_mpmath(k, bound):
    """The hitting time of the published run by 80 digits, as it is done without error bounds."""
    with mpmath.workdps(80):
        x, beta1, beta2, rate, bound = map(mpmath.mpf, ("1", "0.9", "0.93", "0.001", bound))
        m, v = x ** (k - 1), x ** (2 * (k - 1))
        steps = 0
        while abs(x) > bound:
            x = x - rate * m / mpmath.sqrt(v)
            g = x ** (k - 1)
            m, v, steps = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g, steps + 1
        return steps


def main() -> None:
    trapped(Run(4, "0.9", "0.93"))  # scipy is loaded by the first call
    for run, limit in RUNS:
        found, seconds = timed(trapped, run, limit)
        where = f"k={run.k} ({run.beta1}, {run.beta2}) from {run.start}"
        print(f"trap at the {limit.limit:8} {where:32}: {seconds:.3f} s  {found.steps} steps, contraction by {found.norm:.4f}")
    for k in (4, 6, 8):
        steps, seconds = timed(hitting_times, Run(k, "0.9", "0.93"), ["1e-20"])
        again, alone = timed(in_mpmath, k, "1e-20")
        print(f"hitting time k={k}: {steps[0]} in {seconds:.3f} s, proved; mpmath, 80 digits: {again} in {alone:.3f} s")
    for k in (4, 6, 8):
        found, seconds = timed(cover, lambda s, rho, k=k: list(reduced_forms(k, s, rho).values()), [(0, Fraction(3, 2)), (0, 1)])
        print(f"cover of (s, rho) k={k}: {seconds:.3f} s  {len(found.tree)} boxes, {1 - float(found.open):.2%} decided")
    found, seconds = timed(plane, 4)
    print(f"cover of (beta1, beta2) k=4: {seconds:.3f} s  {len(found.tree)} boxes, {1 - float(found.open):.2%} decided")
    found, seconds = timed(degenerate_stability, 6, Fraction(7, 10) ** 6, Fraction(7, 10) ** 8)
    print(f"an exact boundary point: {seconds:.4f} s  {found.verdict}: {found.reason}")
    steps, seconds = timed(crossing_time, "0.9", "0.99", "0.001")
    print(f"crossing of 2/rate on a quadratic: step {steps} in {seconds:.3f} s")
    grid = (np.arange(50) + 0.5) / 50
    _, seconds = timed(many_orbits, 4, grid[:, None], grid, steps=2000)
    print(f"50 x 50 orbits: {seconds / 2000 * 1e5:.0f} s for 100,000 steps (from 2000)")


if __name__ == "__main__":
    main()
