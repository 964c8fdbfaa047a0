"""The printed statements that fail, drawn at their counterexamples."""

from functools import cache

import numpy as np

from proofs_check import Figure
from proofs_check.claims._curves import curves


@cache
def penalties() -> Figure:
    """Dropout's penalty of the pair of kinks at 3 + s and 4 - u on x = 1, ..., 6, in multiples of v/12, moved from either end."""
    moved = np.linspace(0, 0.6, 61)

    def penalty(s: np.ndarray, u: np.ndarray) -> np.ndarray:
        slope = 1 / (1 - s - u)
        return sum(((x - 3 - s) ** 2 + (x - 4 + u) ** 2) * slope**2 for x in (4, 5, 6))

    still = 0 * moved
    return curves(
        "The penalty rises along every move of the two intercepts",
        "Dropout's penalty over the move of the left intercept, of the right one, and of each by half: three curves that rise from 19.",
        {
            "left intercept moved": (moved, penalty(moved, still)),
            "right intercept moved": (moved, penalty(still, moved)),
            "each moved by half": (moved, penalty(moved / 2, moved / 2)),
        },
        "move s + u into the interval",
        "12 R_1/v",
    )
