"""The smallest eigenvalues of a split point over the fraction of the split."""

from functools import cache

import numpy as np

from numerics.hessian import hessian
from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.embedding import split
from theory.models import TwoLayer

#: The worked example: one exponential neuron on four points, critical at ((-log 3, 0), 1).
MODEL, POINT = TwoLayer(2, 1, 1, "exp"), np.array([-np.log(3), 0.0, 1.0])
INPUTS, LABELS = np.array([[1.0, 0], [0, 1], [1, 1], [1, -1]]), np.array([[1.0], [1], [0], [0]])


def spectrum(alpha: float) -> np.ndarray:
    """The eigenvalues of the Hessian at the split point, in increasing order."""
    step = split(MODEL, 1, 0, alpha)
    return np.linalg.eigvalsh(np.asarray(hessian(step.wide, step(POINT), (INPUTS, LABELS), weights=np.ones(4)), float))


@cache
def over_fractions() -> Figure:
    """The four smallest eigenvalues of the worked example over alpha; one changes its sign at 0 and at 1."""
    alpha = np.linspace(-1, 2, 91)
    found = np.array([spectrum(one) for one in alpha])[:, :4]
    return curves(
        "The four smallest eigenvalues over the fraction alpha",
        "Over alpha from -1 to 2: between 0 and 1 two eigenvalues are zero and the others positive, a minimum; outside one is negative, a "
        "saddle; at 0 and 1 three are zero.",
        {f"eigenvalue {k + 1}": (alpha, found[:, k]) for k in range(4)},
        "fraction alpha",
        "eigenvalue of the wide Hessian",
        marks=[{"label": "0", "x": 0}, {"label": "1", "x": 1}],
    )
