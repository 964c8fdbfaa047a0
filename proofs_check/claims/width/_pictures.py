"""The smallest eigenvalues of a split point over the fraction of the split, and the bound of the least one."""

from functools import cache

import numpy as np

from numerics.hessian import hessian
from numerics.hessian.neuron_matrices import neuron_matrices
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


def neuron_matrix() -> np.ndarray:
    """S of the neuron of the worked example, in the loss with weights 1."""
    cotangent = 2 * (MODEL(POINT, INPUTS) - LABELS)
    return np.asarray(neuron_matrices(MODEL, POINT, INPUTS, cotangent, 1, 0)[1], float)


@cache
def under_the_bound() -> Figure:
    """The smallest eigenvalue of the worked example over alpha, and kappa times the extreme eigenvalue of S on its side."""
    alpha = np.linspace(-1, 2, 91)
    kappa, extremes = alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2), np.linalg.eigvalsh(neuron_matrix())
    bound = kappa * np.where(kappa > 0, extremes[0], extremes[-1])
    return curves(
        "The smallest eigenvalue and its bound over the fraction alpha",
        "Over alpha from -1 to 2: outside [0, 1] both curves are negative, the eigenvalue below the bound; inside both are 0, as S has the "
        "eigenvalue 0.",
        {"smallest eigenvalue": (alpha, [spectrum(one)[0] for one in alpha]), "bound kappa lambda(S)": (alpha, bound)},
        "fraction alpha",
        "eigenvalue of the wide Hessian",
        marks=[{"label": "0", "x": 0}, {"label": "1", "x": 1}],
    )


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
