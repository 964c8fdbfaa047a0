"""The printed statements that fail, drawn at their counterexamples."""

from functools import cache

import numpy as np

from numerics.flows.flow import gradient_flow
from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.expressions import parse
from theory.models import TwoLayer


@cache
def penalties() -> Figure:
    """Dropout's penalty of the pair of kinks at 3 + s and 4 - u on x = 1, ..., 6, in multiples of v/12, moved from either end."""
    moved = np.linspace(0, 0.6, 61)

    def penalty(s: np.ndarray, u: np.ndarray) -> np.ndarray:
        slope = 1 / (1 - s - u)
        return np.sum([((x - 3 - s) ** 2 + (x - 4 + u) ** 2) * slope**2 for x in (4, 5, 6)], axis=0)

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


@cache
def never_reached(labels: tuple[float, ...] = (0.0, -0.5, -2.0)) -> Figure:
    """The flow of a neuron with sigma = exp(-e^-z) from (0, 2) to labels y <= 0, on the curve a^2/2 - e^w = 1."""
    model, w = TwoLayer(1, 1, activation=parse("exp(-exp(-z))")), np.linspace(-6, 0.3, 64)
    flows = {}
    for y in labels:
        path = gradient_flow(model, [0.0, 2.0], ([[1.0]], [y]), time=500.0).path
        flows[f"flow to y = {y:g}"] = path[:, 0], path[:, 1]
    return curves(
        "Flows that no solution ends",
        "Three flows run to the left along one curve, which stays above a = sqrt 2: the output never comes down to the label.",
        {"a^2/2 - e^w = 1": (w, np.sqrt(2 + 2 * np.exp(w))), **flows},
        "input weight w",
        "output weight a",
        directed=list(flows),
        marks=[{"label": "sqrt 2", "y": float(np.sqrt(2))}],
    )
