"""Speed of the search for overlaps, side by side with integrating every candidate on its own.

python benchmarks/regularization.py
"""

import time

import numpy as np

from numerics.flows.flow import FlowDiverged, orbit
from numerics.overlap import NotFound, find_cycle, find_one_point_overlap, find_two_point_overlap
from numerics.overlap.screening import STEP, counts, draw, screen
from theory.models import TwoLayer

SEARCHES = [("sigmoid", 1, 1), ("gelu", 1, 1), ("tanh", 1, 2), ("sigmoid", 1, 2), ("softplus", 2, 1), ("tanh", 2, 1)]
CONTROLS = [("exp", 1), ("identity", 1), ("z+7", 1), ("exp", 2), ("identity", 2)]


def timed(function, *arguments, **options):
    started = time.perf_counter()
    result = function(*arguments, **options)
    return result, time.perf_counter() - started


def outcome(found) -> str:
    return found.reason if isinstance(found, NotFound) else " and ".join(c["method"] for c in found.certificates)


def screening() -> None:
    model = TwoLayer(1, 1, activation="sigmoid")
    theta0, x = draw(model, np.random.default_rng(0), 1000)
    found, batched = timed(screen, model, theta0, x)
    print(f"screen 1000 starts, batched: {batched:.2f} s  {counts(found)}")
    started, done = time.perf_counter(), 0
    for theta, pair in zip(theta0[:20], x[:20], strict=True):  # one orbit to 20 labels each way, for both inputs
        for point in pair:
            start = float(model(theta, point[None])[0, 0])
            for label in start + np.linspace(-0.4, 0.4, 9):
                try:
                    orbit(model, theta, point, label)
                except FlowDiverged:
                    pass
        done += 1
    alone = (time.perf_counter() - started) / done * 1000
    print(f"scipy orbits to nine labels, one start at a time: {alone:.0f} s for 1000 (arc step of the batch: {STEP})")


def main() -> None:
    screening()
    for name, neurons, inputs in SEARCHES:
        found, seconds = timed(find_two_point_overlap, name, neurons=neurons, inputs=inputs)
        print(f"two-point {name:10} m={neurons} d={inputs}: {seconds:5.2f} s  {outcome(found)}")
    for name, inputs in CONTROLS:
        found, seconds = timed(find_two_point_overlap, name, inputs=inputs, candidates=3000)
        print(f"control   {name:10} d={inputs}, 3000 starts: {seconds:5.2f} s  {outcome(found)}")
    for name in ("sigmoid", "gelu", "exp(atan(z))"):
        found, seconds = timed(find_one_point_overlap, name)
        print(f"one-point {name:14}: {seconds:5.2f} s  {outcome(found)}")
    for name, inputs in (("(1+z)/(2+z)", 1), ("softplus", 2)):
        found, seconds = timed(find_cycle, name, inputs=inputs)
        print(f"cycle     {name:14} d={inputs}: {seconds:5.2f} s  {outcome(found)}")


if __name__ == "__main__":
    main()
