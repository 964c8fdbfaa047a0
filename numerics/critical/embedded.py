"""Many embedded critical points at once: predicted and observed inertia in floats, doubtful ones decided in balls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.hessian import Data, hessian
from numerics.hessian.inertias import Inertia, ball_inertia, float_counts
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of, plant, sharpened
from theory.embedding.blocks import split_block
from theory.embedding.onestep import split
from theory.models import AbstractModel, AbstractNetwork

#: Bits at which doubtful instances are planted again, and at which they are then decided.
PLANTED, DECIDED = 1024, 384


@dataclass(frozen=True, eq=False)
class SplitCounts:
    """(negative, zero, positive) of B wide Hessians: ``predicted`` and ``observed`` (B, 3); ``escalated`` of them were decided in balls."""

    predicted: np.ndarray
    observed: np.ndarray
    escalated: int

    @property
    def wrong(self) -> np.ndarray:
        """Numbers of the instances where the two differ."""
        return np.flatnonzero((self.predicted != self.observed).any(axis=-1))


def planted_batch(
    model: AbstractModel, count: int, rng: np.random.Generator, *, size: float = 0.5, surplus: float = 1.5
) -> tuple[np.ndarray, Data]:
    """``count`` float points (count, P) and data for which each is critical.

    Theta normal of deviation 1.2, inputs 1.3, |residual| = ``size``.
    """
    samples = int(surplus * model.n_params / model.outputs) + 2
    theta = rng.normal(0, 1.2, (count, model.n_params))
    x = rng.normal(0, 1.3, (count, samples, model.input_size))
    return theta, plant(model, theta, x, size=size, seed=int(rng.integers(2**31)))


def split_counts(
    model: AbstractNetwork,
    theta: np.ndarray,
    data: Data,
    layer: int,
    neuron: int,
    alpha: Any,
    *,
    block_alpha: Any = None,
    zeros: int | None = None,
) -> SplitCounts:
    """Inertia of the wide Hessians at T^alpha of critical points ``theta`` (B, P), against narrow inertia plus that of the block.

    ``block_alpha`` puts another alpha into the block, which must then disagree somewhere. Wherever an eigenvalue on either side is in
    doubt, the instance is planted again in 1024 bits and both sides are decided in balls; ``zeros``, the number that structure explains,
    puts every instance in doubt that seems to have more.
    """
    embedding = split(model, layer, neuron, alpha)
    found, cotangent = trace(model, theta, data[0]), cotangent_of(model, theta, data)
    block = split_block(
        found.B(layer, neuron, cotangent), found.S(layer, neuron, cotangent), float(alpha if block_alpha is None else block_alpha)
    )
    # Narrow Hessian and block are direct summands: one scale of rounding for both.
    summands = [np.linalg.eigvalsh(part) for part in (hessian(model, theta, data), block)]
    predicted, doubtful_prediction = float_counts(np.concatenate(summands, axis=-1))
    observed, doubtful_observation = float_counts(np.linalg.eigvalsh(hessian(embedding.wide, embedding(theta), data)))
    more = False if zeros is None else (predicted[:, 1] > zeros) | (observed[:, 1] > zeros)
    doubtful = np.flatnonzero(doubtful_prediction | doubtful_observation | more)
    for k in doubtful:
        predicted[k], observed[k] = _decided(model, theta[k], (data[0][k], data[1][k]), layer, neuron, alpha)
    return SplitCounts(predicted, observed, len(doubtful))


def _decided(model: AbstractNetwork, theta: np.ndarray, data: Data, layer: int, neuron: int, alpha: Any) -> tuple[tuple, tuple]:
    """Both sides at the same point, its gradient beneath the balls' rounding; what balls cannot tell from zero counts as zero."""
    from numerics.critical.search import split_inertias

    point, x, y = sharpened(model, theta, data, bits=PLANTED)
    with working_precision(DECIDED):
        narrow: Inertia = ball_inertia(hessian(model, point, (x, y)))
        predicted, observed = split_inertias(model, point, narrow, (x, y), layer, neuron, alpha)
    return _open_as_zero(predicted), _open_as_zero(observed)


def _open_as_zero(found: Inertia) -> tuple[int, int, int]:
    (negative, _), (_, zero), (positive, _) = found.bounds
    return negative, zero, positive
