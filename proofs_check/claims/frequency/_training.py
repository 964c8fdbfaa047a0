"""The trainings that laws of the frequency principle share: thresholds and shares of alpha declared before any run, and pictures of
spectra."""

from functools import lru_cache

import numpy as np

from numerics.dynamics.line_networks import Target, even_points, initial, train_on_line
from proofs_check import Figure

#: Declared before any run: nine networks in ten, rates of a half excluded; with 40 networks and a share of 1e-5/2 all may be asked for.
CONVERGED, RATE, PARTS = 0.9, 0.4, 2
NETWORKS, HIDDEN, POINTS = 40, (50, 50), 64
#: A frequency counts as learned from this relative error on.
LEARNED = 0.1


def target(frequencies):
    return Target(frequencies, (1.0,) * len(frequencies), even_points(POINTS))


def starts(seed, deviation=None):
    """Named by the seed of the run alone: claims that look at the same networks train them once."""
    return initial(np.random.default_rng([seed, 2201, 7395]), NETWORKS, HIDDEN, deviation=deviation)


@lru_cache(maxsize=6)
def model_runs(seed, order, deviation=None):
    """Adam on the loss of ``order`` of sin x + sin 3x + sin 5x, 700 steps at 0.002."""
    return train_on_line(starts(seed, deviation), target((1, 3, 5)), order=order, steps=700, learning_rate=2e-3)


@lru_cache(maxsize=2)
def fitted_runs(seed):
    """sin x + sin 4x fitted until relative errors are about 0.02: 1000 steps at 0.002 and 500 at 0.0005."""
    first = train_on_line(starts(seed), target((1, 4)), steps=1000, learning_rate=2e-3)
    return train_on_line(first.theta, target((1, 4)), steps=500, learning_rate=5e-4)


@lru_cache(maxsize=6)
def switched_runs(seed, order, learning_rate):
    """From there 400 steps on the loss of ``order`` with fresh moments."""
    return train_on_line(fitted_runs(seed).theta, target((1, 4)), order=order, steps=400, learning_rate=learning_rate)


def spectra(record, title, frequencies=(1, 3, 5)):
    """Median relative errors of the target's frequencies over training."""
    series = []
    for place, k in enumerate(frequencies):
        middle = np.maximum(np.median(record.spectrum[:, :, place], axis=1), 1e-6)
        series.append({"label": f"k = {k}", "x": record.steps.tolist(), "y": middle.tolist()})
    alt = f"{title}: one line for each frequency of the target, its relative error over training on a logarithmic scale"
    return Figure("lines", title, alt, {"series": series}, "step", "relative error, median of networks", log_y=True)
