"""The zero-loss points near a perfect minimum: found by projection from perturbed parameters, and told apart by their test error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.rank.slope import best_conditioned, nearest_zero_loss
from theory import arguments
from theory.models import TwoLayer

#: Root-mean-square test errors above this belong to imperfect zero-loss points. Projection leaves residuals of 1e-14, which
#: well-conditioned designs turn into errors of 1e-15 at Morse-Bott points, up to 1e-11 at others; imperfect ones at distance
#: 0.005 err by 0.005 or by its square, times the curvature. Verdicts are the same with 1e-10 and 1e-9.
IMPERFECT = 1e-11


@dataclass(frozen=True)
class Nearby:
    """Zero-loss points found from perturbed perfect ones: which starts ``converged``, and their test ``errors`` (batch,)."""

    converged: np.ndarray
    errors: np.ndarray

    @property
    def imperfect(self) -> np.ndarray:
        """Starts that ended at a zero-loss point which is no perfect one."""
        return self.converged & (self.errors > IMPERFECT)


@arguments.checking(
    model=arguments.model,
    theta=arguments.array(2),
    x=arguments.array(2, 3),
    rng=arguments.generator,
    noise=arguments.number,
    steps=arguments.between(0),
)
def nearby_zero_loss(
    model: TwoLayer, theta: np.ndarray, x: np.ndarray, *, rng: np.random.Generator, noise: float = 0.005, steps: int = 60
) -> Nearby:
    """Perturb the perfect points ``theta`` (batch, P) by normal ``noise`` and project onto the zero set of samples ``x`` (batch, n, d)."""
    y = model(theta, x)[..., 0]
    found, converged = nearest_zero_loss(model, theta + noise * rng.normal(size=theta.shape), x, y, steps=steps)
    test = rng.normal(0, 1.3, (200, model.inputs))
    error = (model(found, test) - model(theta, test))[..., 0]
    return Nearby(converged, np.sqrt(np.mean(error**2, axis=1)))


@arguments.checking(
    model=arguments.model,
    theta=arguments.array(2),
    samples=arguments.between(1),
    rank=arguments.between(1),
    rng=arguments.generator,
    tries=arguments.between(1),
)
def designs(model: TwoLayer, theta: np.ndarray, samples: int, rank: int, *, rng: np.random.Generator, tries: int = 10) -> np.ndarray:
    """Inputs (batch, samples, d), N(0, 1.3^2): for every ``theta`` (batch, P) the best conditioned of ``tries`` draws.

    The neighbourhood in which a branch is separated shrinks with the least singular value, a fixed noise then leaves it.
    """
    drawn = rng.normal(0, 1.3, (len(theta), tries, samples, model.inputs))
    return best_conditioned(model, theta, drawn, rank)
