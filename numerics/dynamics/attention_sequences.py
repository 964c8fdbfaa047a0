"""Training on sampled sequences: many one-layer transformers at once, each on Markov sequences of its own.

A sequence of length s enters through its last token q and the counts of its tokens alone, as attention without positions sees no more:
weights proportional to count_v exp(Phi_qv). The population model of ``theory.dynamics.attention`` is its limit for many long sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.dynamics.arguments import above, integer
from theory.dynamics.attention import MarkovAttention, check_law, check_persistence


@dataclass(frozen=True)
class Sequences:
    """N sequences for each of B networks: counts (B, N, d) of their tokens, last tokens (B, N), next tokens (B, N)."""

    counts: np.ndarray
    last: np.ndarray
    following: np.ndarray


def sample(pi: np.ndarray, lam: float, *, networks: int, sequences: int, length: int, rng: np.random.Generator) -> Sequences:
    """Sequences of ``length`` tokens, the first drawn from ``pi``: a token stays with probability ``lam``, else a new one is drawn.

    Raises ValueError for a law or a probability that is none, and for fewer than one network, sequence or token.
    """
    for name, value in (("networks", networks), ("sequences", sequences), ("length", length)):
        integer(name, value, 1)
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
    """Gradient descent of all networks from ``theta0`` (B, P), recorded after every ``every`` steps; time is steps times ``rate``.

    Raises ValueError for a rate that is not positive, fewer than no steps or one step to a record, and for starts or sequences that do
    not fit the model or each other.
    """
    above("rate", rate, 0)
    integer("steps", steps, 0)
    integer("every", every, 1)
    if data.counts.shape[-1] != model.tokens:
        raise ValueError(f"data must be sequences of {model.tokens} tokens, got {data.counts.shape[-1]}")
    if np.shape(theta0) != (len(data.counts), model.n_params):
        raise ValueError(f"theta0 must have shape ({len(data.counts)}, {model.n_params}), a start a network, got {np.shape(theta0)}")
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


def _turned(matrix: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrix, -1, -2)


def _slopes(
    M: np.ndarray, Phi: np.ndarray, data: Sequences, targets: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The loss (B,) and its slopes in M and Phi, (B, d, d) each."""
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
    inner = pull @ _turned(M)
    by_scores = weights * (inner - (weights * inner).sum(axis=-1, keepdims=True))
    return loss, _turned(weights) @ pull, _turned(asked) @ by_scores


def _loss_and_gradient(
    model: MarkovAttention, theta: np.ndarray, data: Sequences, targets: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    W0, W1, WQ, WK = model.unpack(theta).values()
    turned = _turned
    query, held = W0 @ WQ, W0 @ WK
    loss, by_M, by_Phi = _slopes(W0 @ W1, query @ turned(held), data, targets, asked)
    gradient = model.pack(
        embedding=by_M @ turned(W1) + by_Phi @ held @ turned(WQ) + turned(by_Phi) @ query @ turned(WK),
        projection=turned(W0) @ by_M,
        query=turned(W0) @ by_Phi @ held,
        key_weights=turned(W0) @ turned(by_Phi) @ query,
    )
    return loss, gradient


def condensation_rates(data: Sequences, tokens: int) -> np.ndarray:
    """The largest eigenvalue (B,) of the descent direction of (W0, W1) at the origin of each network's own loss.

    There W0' = -G W1^T and W1' = -W0^T G with G = dL/dM at 0, so it is the largest singular value of G.
    """
    hot, zero = np.eye(tokens), np.zeros((len(data.counts), tokens, tokens))
    _, by_M, _ = _slopes(zero, zero, data, hot[data.following], hot[data.last])
    return np.linalg.svd(by_M, compute_uv=False)[:, 0]


def focusing_rates(model: MarkovAttention, theta: np.ndarray, data: Sequences) -> np.ndarray:
    """The largest eigenvalue (B,) of the descent direction of (WQ, WK) at ``theta`` (B, P) with attention at rest.

    There WQ' = -C WK and WK' = -C^T WQ with C = W0^T dL/dPhi W0, so it is the largest singular value of C.
    """
    hot, parts = np.eye(model.tokens), model.unpack(theta)
    W0 = parts["embedding"]
    M = W0 @ parts["projection"]
    _, _, by_Phi = _slopes(M, 0 * M, data, hot[data.following], hot[data.last])
    return np.linalg.svd(_turned(W0) @ by_Phi @ W0, compute_uv=False)[:, 0]


@dataclass(frozen=True)
class Growth:
    """Of each network: how much log |W0| and log |WQ WK^T| grew in their windows (B,), over what the eigenvalues of its loss predict."""

    condensation: np.ndarray
    focus: np.ndarray


def growth(
    model: MarkovAttention,
    record: Record,
    data: Sequences,
    *,
    rate: float,
    condensing: tuple[float, float] = (0.03, 0.3),
    focusing: tuple[float, float] = (1e-4, 1e-2),
) -> Growth:
    """Growth over prediction while |W0| lies in ``condensing`` and, later, |WQ WK^T| in ``focusing``; NaN where no two records do.

    A step of gradient descent multiplies along an eigenvalue mu by 1 + ``rate`` mu. Predicted are, for W0, the eigenvalue at the origin;
    for attention, twice the largest one of its own block at every recorded point of the window.
    """
    parts = model.unpack(record.theta)
    embedding = np.linalg.norm(parts["embedding"], axis=(-2, -1))
    attention = np.linalg.norm(parts["query"] @ _turned(parts["key_weights"]), axis=(-2, -1))
    per_time = lambda eigenvalue: np.log1p(rate * eigenvalue) / rate
    at_origin = per_time(condensation_rates(data, model.tokens))
    ratios = []
    for size, window in ((embedding, condensing), (attention, focusing)):
        inside = (size > window[0]) & (size < window[1])
        found = np.full(size.shape[1], np.nan)
        for b in range(size.shape[1]):
            places = np.flatnonzero(inside[:, b])
            if len(places) < 2:
                continue
            breaks = np.flatnonzero(np.diff(places) > 1)
            first, last = places[0], places[breaks[0]] if len(breaks) else places[-1]
            if last == first:
                continue
            steps = np.diff(record.times[first : last + 1])
            if size is embedding:
                predicted = at_origin[b] * steps.sum()
            else:
                own = Sequences(data.counts[b : b + 1], data.last[b : b + 1], data.following[b : b + 1])
                block = [focusing_rates(model, record.theta[k, b : b + 1], own)[0] for k in range(first, last)]
                predicted = 2 * (per_time(np.array(block)) * steps).sum()
            found[b] = np.log(size[last, b] / size[first, b]) / predicted
        ratios.append(found)
    return Growth(*ratios)
