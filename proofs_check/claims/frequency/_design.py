"""The training points of the first example of arXiv:2405.17479: some on purpose where sin 6x looks like sin x or sin 3x, others uniform."""

from functools import lru_cache

import numpy as np

GRID = -np.pi + 2 * np.pi * np.arange(10_000) / 10_000


@lru_cache(maxsize=1)
def confused():
    """The places of GRID that the example takes on purpose: 20 that confuse sin x and sin 6x most, 10 that confuse sin 3x and sin 6x."""
    found = [np.argsort(np.abs(np.sin(low * GRID) - np.sin(6 * GRID)), kind="stable")[:count] for low, count in ((1, 20), (3, 10))]
    return np.unique(np.concatenate(found))


def design(n, rng, kept):
    """Training points of the picture: those of GRID at ``kept``, and uniform ones up to n, all different."""
    found = set(kept.tolist())
    while len(found) < n:
        found.update(rng.integers(len(GRID), size=n - len(found)).tolist())
    return GRID[sorted(found)]
