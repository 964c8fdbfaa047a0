r"""What the first instant of training makes of the data: probability signatures (2509.20124, Propositions 1, 2; 2502.04375, 1-3).

A sample is a bag of tokens with a label. The model adds embeddings, z = (sum of E_x over the sample) U^T, under softmax cross-entropy.
With p(x) the mean number of times that x stands in a sample, and P(y|x) the law of the label weighted likewise, at small E and U

    -dL/dE_x = p(x) (P(.|x) - 1/V) U + O(e^3),        -dL/dU_y = sum_x p(x) (P(y|x) - 1/V) E_x + O(e^3).

So tokens start to move along their *signatures* P(.|x) - 1/V, and those with similar laws of labels move alike. Plain array code.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from theory.dynamics.arguments import PLAIN, integer
from theory.elementary import elementary


class Data(NamedTuple):
    """``counts`` (n, T): how often each of T tokens stands in each sample; ``labels`` (n,) from 0; ``outputs`` V."""

    counts: np.ndarray
    labels: np.ndarray
    outputs: int


def check_data(counts: Any, labels: Any, outputs: int) -> Data:
    """The three as :class:`Data`.

    Raises ValueError for counts that are no whole numbers from 0 on, labels outside 0 .. V - 1, or unequal lengths.
    """
    counts, labels = np.asarray(counts), np.asarray(labels)
    for name, values in (("counts", counts), ("labels", labels), ("outputs", np.asarray(outputs))):
        if values.dtype.kind not in "iu":
            raise ValueError(f"{name} must be integers, got {values.dtype}")
    if counts.ndim != 2 or labels.shape != counts.shape[:1] or not len(labels):
        raise ValueError(f"counts must be (n, T) and labels (n,), n >= 1, got {counts.shape} and {labels.shape}")
    if (counts < 0).any():
        raise ValueError("counts must not be negative")
    if outputs < 2 or labels.min() < 0 or labels.max() >= outputs:
        raise ValueError(f"labels must lie in 0 .. outputs - 1, outputs >= 2, got {labels.min()} .. {labels.max()} of {outputs}")
    return Data(counts, labels, int(outputs))


def joint(data: Data) -> np.ndarray:
    """p(x) P(y|x) as Fractions (T, V): the mean number of times that x stands in a sample with label y."""
    hot = np.eye(data.outputs, dtype=int)[data.labels]
    n = len(data.labels)
    return np.array([[Fraction(int(entry), n) for entry in row] for row in data.counts.T @ hot], dtype=object)


def drive(data: Data) -> np.ndarray:
    """p(x) (P(y|x) - 1/V) as Fractions (T, V): times U the first velocity of embeddings, its transpose times E that of outputs."""
    both = joint(data)
    return both - both.sum(axis=1, keepdims=True) / data.outputs


def signatures(data: Data) -> np.ndarray:
    """P(y|x) - 1/V as Fractions (T, V). Raises ValueError for a token that stands in no sample."""
    both = joint(data)
    share = both.sum(axis=1, keepdims=True)
    if (share == 0).any():
        raise ValueError(f"every token must stand in some sample, got none with token {int(np.argmax(share[:, 0] == 0))}")
    return both / share - Fraction(1, data.outputs)


def cosines(vectors: Any) -> np.ndarray:
    """Cosines (T, T) of rows (T, k), in floats; a zero row has cosine 0 with all."""
    rows = np.asarray(vectors, dtype=float)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit @ unit.T


def loss(E: Any, U: Any, data: Data) -> Any:
    """The cross-entropy of z = counts E U^T; E (T, h), U (V, h), floats, balls or duals of balls."""
    z = (data.counts @ E) @ U.T
    hot = np.eye(data.outputs, dtype=int)[data.labels]
    return (elementary("log", elementary("exp", z).sum(axis=1)) - (z * hot).sum(axis=1)).sum() / len(data.labels)


def remainder(size: Any, outputs: int) -> Any:
    """(e^(2 zeta) - 1)/V: how far softmax can be from 1/V at logits of absolute values up to zeta = ``size``."""
    return (elementary("exp", np.array([2 * size]))[0] - 1) / outputs


def addition(digits: int) -> Data:
    """All pairs of 0 .. q - 1 with their sum as label, V = 2q - 1. Raises ValueError for fewer than two digits."""
    if digits < 2:
        raise ValueError(f"digits must be at least 2, got {digits}")
    pairs = [(a, b) for a in range(digits) for b in range(digits)]
    hot = np.eye(digits, dtype=int)
    return Data(np.array([hot[a] + hot[b] for a, b in pairs]), np.array([a + b for a, b in pairs]), 2 * digits - 1)


def first_digit(digits: int, outputs: int | None = None) -> Data:
    """The same with the second digit hidden (tokens: the first digits), and ``outputs`` labels (2q - 1 unless more are given)."""
    data = addition(digits)
    least = data.outputs
    if outputs is not None and outputs < least:
        raise ValueError(f"outputs must be at least {least} for {digits} digits, got {outputs}")
    first = np.repeat(np.arange(digits), digits)
    return Data(np.eye(digits, dtype=int)[first], data.labels, outputs or least)


def addition_cosine(digits: int, distance: Any, outputs: Any = None) -> Any:
    """The cosine 1 - k V/(q (V - q)) of the signatures of two digits k apart, under the sum of q equally likely digits each.

    Raises ValueError for numbers with q < 2, a distance outside 0 .. q - 1, or fewer labels than sums.
    """
    V = 2 * digits - 1 if outputs is None else outputs
    if all(isinstance(number, PLAIN) for number in (digits, distance, V)):
        if digits < 2 or not 0 <= distance < digits:
            raise ValueError(f"distance must lie in 0 .. q - 1 for q >= 2 digits, got {distance} for {digits}")
        q, k, V = integer("digits", digits, 2), integer("distance", distance, 0), integer("outputs", V, 2 * int(digits) - 1)
        return 1 - Fraction(k * V, q * (V - q))
    return 1 - distance * V / (digits * (V - digits))
