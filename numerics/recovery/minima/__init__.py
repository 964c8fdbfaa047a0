"""Near a perfect minimum: where the nearest zero-loss points lie, and how gradient flow arrives. The loss has no 1/n here."""

from numerics.recovery.minima.arrival import (
    Decay,
    SlowDecay,
    curvature_form,
    decay_rate,
    flow,
    hessian_eigenvalues,
    residual_and_tangents,
    slow_decay,
)
from numerics.recovery.minima.enclosures import certified_least_eigenvalue, certified_tail
from numerics.recovery.minima.interpolants import distance_to_branches, fit, generalization, other_interpolants
from numerics.recovery.minima.nearby import Nearby, designs, nearby_zero_loss

__all__ = [
    "Decay",
    "Nearby",
    "SlowDecay",
    "certified_least_eigenvalue",
    "certified_tail",
    "curvature_form",
    "decay_rate",
    "designs",
    "distance_to_branches",
    "fit",
    "flow",
    "generalization",
    "hessian_eigenvalues",
    "nearby_zero_loss",
    "other_interpolants",
    "residual_and_tangents",
    "slow_decay",
]
