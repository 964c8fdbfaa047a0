r"""Bellman residuals: temporal difference against residual gradient (the setting of arXiv:2205.12770), in plain array code.

With delta = Q(s, a) - r - gamma Q(s', a') the semi-gradient of temporal difference is delta grad Q(s, a), the gradient of delta^2/2 is
delta (grad Q(s, a) - gamma grad Q(s', a')). In a table the first follows -(I - gamma P)(V - V*), the second
-(I - gamma P)^T (I - gamma P)(V - V*).
Entries may be Fractions, sympy expressions or floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.dynamics.arguments import at_least


def check_discount(gamma: Any) -> Any:
    """``gamma`` itself. Raises ValueError unless a number lies in [0, 1); sympy symbols are taken on trust."""
    if not getattr(gamma, "free_symbols", None) and not 0 <= gamma < 1:
        raise ValueError(f"gamma must lie in [0, 1), got {gamma!r}")
    return gamma


def residual(value: Any, reward: Any, gamma: Any, following: Any) -> Any:
    """delta = Q(s, a) - r - gamma Q(s', a')."""
    return value - reward - gamma * following


def temporal_difference(delta: Any, slope: Any, following_slope: Any, gamma: Any) -> Any:
    """The semi-gradient delta grad Q(s, a): the target is held fixed."""
    return delta * slope


def residual_gradient(delta: Any, slope: Any, following_slope: Any, gamma: Any) -> Any:
    """The gradient of delta^2/2, delta (grad Q(s, a) - gamma grad Q(s', a'))."""
    return delta * (slope - gamma * following_slope)


def cycle(n: int) -> np.ndarray:
    """The permutation matrix C (n, n) of s -> s + 1 modulo n, integers. Raises ValueError for n < 1."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"n must be an integer of at least 1, got {n!r}")
    return np.roll(np.eye(int(n), dtype=int), 1, axis=1).astype(object)


def stochastic(transitions: Any) -> np.ndarray:
    """P (n, n) as an array of objects. Raises ValueError unless it is square with rows of numbers from 0 on that add up to 1.

    Floats may miss 1 by 1e-9; sympy symbols are taken on trust.
    """
    P = np.asarray(transitions, dtype=object)
    if P.ndim != 2 or P.shape[0] != P.shape[1] or not len(P):
        raise ValueError(f"transitions must be a square matrix (n, n), got shape {P.shape}")
    for row in P:
        if any(getattr(entry, "free_symbols", None) for entry in row):
            continue
        if any(entry < 0 for entry in row) or abs(sum(row) - 1) * 10**9 > 1:
            raise ValueError(f"transitions must have rows of probabilities that add up to 1, got {[str(entry) for entry in row]}")
    return P


def _of_states(transitions: np.ndarray, **arrays: Any) -> list[np.ndarray]:
    """The ``arrays`` as arrays of objects. Raises ValueError, by name, unless each has one entry a state."""
    found = []
    for name, array in arrays.items():
        entries = np.asarray(array, dtype=object)
        if entries.shape != transitions.shape[:1]:
            raise ValueError(f"{name} must have one entry for each of {len(transitions)} states, got shape {entries.shape}")
        found.append(entries)
    return found


def bellman_matrix(transitions: Any, gamma: Any) -> np.ndarray:
    """I - gamma P, for P (n, n). Raises ValueError where P is not stochastic or gamma not in [0, 1)."""
    transitions = stochastic(transitions)
    return np.eye(len(transitions), dtype=int).astype(object) - check_discount(gamma) * transitions


def expected_square(transitions: Any, values: Any, rewards: Any, gamma: Any) -> np.ndarray:
    """E delta^2 (n,) over the successor s' of every state, one sample: what the naive residual gradient minimizes."""
    check_discount(gamma)
    transitions = stochastic(transitions)
    values, rewards = _of_states(transitions, values=values, rewards=rewards)
    deltas = values[:, None] - rewards[:, None] - gamma * values[None, :]
    return (transitions * deltas * deltas).sum(axis=1)


def mean_square(transitions: Any, values: Any, rewards: Any, gamma: Any) -> np.ndarray:
    """(E delta)^2 (n,): what two independent successors estimate."""
    check_discount(gamma)
    transitions = stochastic(transitions)
    values, rewards = _of_states(transitions, values=values, rewards=rewards)
    mean = values - rewards - gamma * (transitions @ values)
    return mean * mean


def next_variance(transitions: Any, values: Any) -> np.ndarray:
    """Var V(s') (n,) for the successor s' of every state."""
    transitions = stochastic(transitions)
    (values,) = _of_states(transitions, values=values)
    mean = transitions @ values
    return transitions @ (values * values) - mean * mean


def naive_system(transitions: Any, rewards: Any, gamma: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    """(A, b) with A V = b at the minimum of sum_s weights_s E delta_s^2: the normal equations of the naive residual gradient.

    Sum over s, s' of w_s P(s, s') (e_s - gamma e_s')(e_s - gamma e_s')^T, and of w_s P(s, s') r_s (e_s - gamma e_s').
    """
    check_discount(gamma)
    transitions = stochastic(transitions)
    rewards, weights = _of_states(transitions, rewards=rewards, weights=weights)
    for weight in weights:
        at_least("weights", weight, 0)
    weighted = weights[:, None] * transitions
    into = weighted.sum(axis=0)
    A = np.diag(weights) - gamma * (weighted + weighted.T) + gamma * gamma * np.diag(into)
    return A, weights * rewards - gamma * (weighted.T @ rewards)


@dataclass(frozen=True)
class Chain:
    """States 0 .. n - 1, actions left (0) and right (1), which stay at the ends; the reward is 1 for right at the last state, else 0."""

    n: int
    gamma: Any

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 2:
            raise ValueError(f"n must be an integer of at least 2, got {self.n!r}")
        check_discount(self.gamma)

    def step(self, state: int, action: int) -> tuple[int, int]:
        """(next state, reward). Raises ValueError for a state or action that the chain does not have."""
        if isinstance(state, bool) or not isinstance(state, int | np.integer) or not 0 <= state < self.n or action not in (0, 1):
            raise ValueError(f"state must lie in 0 .. {self.n - 1} and action be 0 or 1, got {state!r} and {action!r}")
        moved = min(state + 1, self.n - 1) if action else max(state - 1, 0)
        return moved, int(action == 1 and state == self.n - 1)

    def optimal(self) -> np.ndarray:
        """Q* (n, 2): gamma^(n - 1 - s)/(1 - gamma) to the right, gamma times the value on the left to the left."""
        values = [self.gamma ** (self.n - 1 - s) / (1 - self.gamma) for s in range(self.n)]
        return np.array([[self.gamma * values[max(s - 1, 0)], values[s]] for s in range(self.n)], dtype=object)

    def residuals(self, Q: Any) -> np.ndarray:
        """delta (n, 2) with the largest Q (n, 2) of the next state."""
        Q = self._values(Q)
        found = np.empty((self.n, 2), dtype=object)
        for s in range(self.n):
            for action in (0, 1):
                moved, reward = self.step(s, action)
                found[s, action] = residual(Q[s, action], reward, self.gamma, max(Q[moved]))
        return found

    def greedy(self, Q: Any) -> list[int]:
        """The action of the largest Q in every state; ties are broken to the left."""
        return [int(right > left) for left, right in self._values(Q)]

    def _values(self, Q: Any) -> np.ndarray:
        found = np.asarray(Q, dtype=object)
        if found.shape != (self.n, 2):
            raise ValueError(f"Q must have shape ({self.n}, 2), one row a state, got {found.shape}")
        return found

    def returns(self, policy: list[int]) -> np.ndarray:
        """V (n,) of a policy (n,) of actions 0 and 1: exact, as every path ends in a fixed point or a 2-cycle.

        Raises ValueError for a policy of another length or with other actions.
        """
        if len(policy) != self.n or any(action not in (0, 1) for action in policy):
            raise ValueError(f"policy must have an action 0 or 1 for each of {self.n} states, got {list(policy)}")
        values: list[Any] = []
        for start in range(self.n):
            state, seen, rewards = start, {}, []
            while state not in seen:
                seen[state] = len(rewards)
                state, reward = self.step(state, policy[state])
                rewards.append(reward)
            first = seen[state]
            period = len(rewards) - first
            loop = sum((self.gamma ** (k - first) * rewards[k] for k in range(first, len(rewards))), start=0 * self.gamma)
            head = sum((self.gamma**k * rewards[k] for k in range(first)), start=0 * self.gamma)
            values.append(head + self.gamma**first * loop / (1 - self.gamma**period))
        return np.array(values, dtype=object)


def example_of_bias() -> tuple[np.ndarray, np.ndarray, Fraction]:
    """(P, r, gamma): two states, each going to either with probability 1/2, rewards 0 and 1: the naive minimum is not V^pi."""
    half = Fraction(1, 2)
    return np.array([[half, half], [half, half]], dtype=object), np.array([Fraction(0), Fraction(1)], dtype=object), Fraction(9, 10)
