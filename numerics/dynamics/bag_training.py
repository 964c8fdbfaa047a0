r"""Training of many networks that add embeddings, z = counts E U^T, at once: cross-entropy of full batches, Adam, weight decay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.dynamics.arguments import above, at_least, finite, integer
from theory.dynamics.signatures import Data


@dataclass(frozen=True)
class Bags:
    """Embeddings E (B, T, h) and outputs U (B, V, h) of B networks, with the loss (steps / every, B) on the way at ``times``."""

    E: np.ndarray
    U: np.ndarray
    times: np.ndarray
    loss: np.ndarray

    def logits(self, counts: np.ndarray) -> np.ndarray:
        """z (B, n, V) of the samples ``counts`` (n, T)."""
        return (counts @ self.E) @ np.swapaxes(self.U, -1, -2)


def train_bags(
    data: Data,
    *,
    networks: int,
    width: int,
    decay: float,
    steps: int,
    rate: float,
    rng: np.random.Generator,
    scale: float = 0.1,
    every: int = 100,
) -> Bags:
    """Adam (0.9, 0.999) on the mean cross-entropy plus decay/2 (|E|^2 + |U|^2), from normal starts of size ``scale``.

    Raises ValueError for fewer than one network, step or direction, a ``rate`` that is not positive, a ``decay`` or ``scale`` below 0, and
    numbers that are not finite.
    """
    for name, value in (("networks", networks), ("width", width), ("steps", steps), ("every", every)):
        integer(name, value, 1)
    for name, value in (("decay", decay), ("rate", rate), ("scale", scale)):
        finite(name, value)
        at_least(name, value, 0)
    above("rate", rate, 0)
    counts, n = data.counts.astype(float), len(data.labels)
    hot = np.eye(data.outputs)[data.labels]
    E = rng.normal(scale=scale, size=(networks, counts.shape[1], width))
    U = rng.normal(scale=scale, size=(networks, data.outputs, width))
    moments = [[np.zeros_like(part), np.zeros_like(part)] for part in (E, U)]
    times, losses = [], []
    for step in range(1, steps + 1):
        summed = counts @ E
        z = summed @ np.swapaxes(U, -1, -2)
        z -= z.max(axis=-1, keepdims=True)
        powers = np.exp(z)
        total = powers.sum(axis=-1, keepdims=True)
        if step % every == 0:
            times.append(step)
            losses.append((np.log(total[..., 0]) - (z * hot).sum(axis=-1)).mean(axis=-1))
        pull = (powers / total - hot) / n
        gradients = counts.T @ (pull @ U) + decay * E, np.swapaxes(pull, -1, -2) @ summed + decay * U
        for part, gradient, (first, second) in zip((E, U), gradients, moments, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            part -= rate / (1 - 0.9**step) * first / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return Bags(E, U, np.array(times), np.array(losses))
