"""Training on sampled sequences: many one-layer transformers at once, each on Markov sequences of its own.

A sequence of length s enters through its last token q and the counts of its tokens alone, as attention without positions sees no more:
weights proportional to count_v exp(Phi_qv). The population model of ``theory.dynamics.attention`` is its limit for many long sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.dynamics.attention import MarkovAttention, check_law, check_persistence


@dataclass(frozen=True)
class Sequences:
    """N sequences for each of B networks: counts (B, N, d) of their tokens, last tokens (B, N), next tokens (B, N)."""

    counts: np.ndarray
    last: np.ndarray
    following: np.ndarray


def sample(pi: np.ndarray, lam: float, *, networks: int, sequences: int, length: int, rng: np.random.Generator) -> Sequences:
    """Sequences of ``length`` tokens, the first drawn from ``pi``: a token stays with probability ``lam``, else a new one is drawn."""
    pi, lam = check_law(np.asarray(pi, dtype=float)), float(check_persistence(lam))
    shape, d = (networks, sequences), len(pi)
    token, counts = rng.choice(d, shape, p=pi), np.zeros((*shape, d))
    for _ in range(length):
        last = token
        np.add.at(counts.reshape(-1, d), (np.arange(networks * sequences), token.ravel()), 1)
        token = np.where(rng.random(shape) < lam, token, rng.choice(d, shape, p=pi))
    return Sequences(counts, last, token)


@dataclass(frozen=True)
class Record:
    """Losses (T, B) and parameters (T, B, P) at ``times`` (T,)."""

    times: np.ndarray
    loss: np.ndarray
    theta: np.ndarray


def descend(model: MarkovAttention, theta0: np.ndarray, data: Sequences, *, rate: float, steps: int, every: int) -> Record:
    """Gradient descent of all networks from ``theta0`` (B, P), recorded after every ``every`` steps; time is steps times ``rate``."""
    theta = np.array(theta0, dtype=float)
    times, losses, path = [], [], []
    hot = np.eye(model.tokens)
    targets, asked = hot[data.following], hot[data.last]  # (B, N, d)
    for step in range(steps + 1):
        loss, gradient = _loss_and_gradient(model, theta, data, targets, asked)
        if step % every == 0:
            times.append(step * rate)
            losses.append(loss)
            path.append(theta.copy())
        theta -= rate * gradient
    return Record(np.array(times), np.array(losses), np.array(path))


def _loss_and_gradient(
    model: MarkovAttention, theta: np.ndarray, data: Sequences, targets: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    W0, W1, WQ, WK = model.unpack(theta).values()
    turned = lambda matrix: np.swapaxes(matrix, -1, -2)
    query, held = W0 @ WQ, W0 @ WK
    M, Phi = W0 @ W1, query @ turned(held)
    scores = np.take_along_axis(Phi, data.last[..., None], axis=1)  # (B, N, d)
    weights = data.counts * np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    z = weights @ M
    z -= z.max(axis=-1, keepdims=True)
    powers = np.exp(z)
    total = powers.sum(axis=-1, keepdims=True)
    n = data.counts.shape[1]
    loss = (np.log(total[..., 0]) - (z * targets).sum(axis=-1)).mean(axis=1)
    pull = (powers / total - targets) / n
    by_M = turned(weights) @ pull
    inner = pull @ turned(M)
    by_scores = weights * (inner - (weights * inner).sum(axis=-1, keepdims=True))
    by_Phi = turned(asked) @ by_scores
    gradient = model.pack(
        embedding=by_M @ turned(W1) + by_Phi @ held @ turned(WQ) + turned(by_Phi) @ query @ turned(WK),
        projection=turned(W0) @ by_M,
        query=turned(W0) @ by_Phi @ held,
        key_weights=turned(W0) @ turned(by_Phi) @ query,
    )
    return loss, gradient
