r"""One layer of attention that learns a Markov chain: how it condenses, focuses and dilutes (2605.01199).

Tokens 1 .. d follow P = lam I + (1 - lam) 1 pi^T, of stationary law pi, lam < 1: at 1 a sequence holds one token, whose average is not
pi, and what is said here of lam = 1 is the limit lam -> 1. In the limit of long sequences a query token q attends to
token v with weight alpha_qv proportional to pi_v exp(Phi_qv), Phi = W0 WQ (W0 WK)^T, and its logits are z_q = sum_v alpha_qv M_v,
M = W0 W1. The loss is the mean over q ~ pi of the cross-entropy of softmax(z_q) against P_q. With p_q = softmax(z_q):

    dL/dM = sum_q pi_q alpha_q^T (p_q - P_q),     dL/dPhi_qv = pi_q alpha_qv (p_q - P_q) . (M_v - z_q).

Two critical points lead: the origin, where W0 and W1 condense to rank one at the rate |pi| |pi - 1/d| while attention rests, and the
condensed point (loss H(pi)), which only attention leaves, at the rate c = lam Cov_pi(gamma, beta) Var_pi(gamma). Plain array code:
entries of theta and pi may be floats, sympy expressions, balls or duals of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from theory.dynamics.arguments import between
from theory.elementary import elementary
from theory.models import AbstractModel, Shape, check_size, keep_sizes, one_hot


def check_law(pi: Any) -> np.ndarray:
    """``pi`` (d,) itself as an array. Raises ValueError unless its entries are positive and sum to 1.

    Numbers that compare are checked (floats to within rounding); sympy symbols are taken on trust.
    """
    array = np.asarray(pi)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(f"pi must hold at least two probabilities, got shape {array.shape}")
    if any(getattr(entry, "free_symbols", None) for entry in array):
        return array
    total = sum(array[1:], start=array[0])
    exact = array.dtype == object and not any(isinstance(entry, float) for entry in array)
    off = bool(total != 1) if exact else abs(float(total) - 1) > 4 * len(array) * np.finfo(float).eps
    if off or not all(entry > 0 for entry in array):
        raise ValueError(f"pi must be a stationary law, positive with sum 1, got {[str(entry) for entry in array]} of sum {total}")
    return array


def check_persistence(lam: Any) -> Any:
    """``lam`` itself. Raises ValueError unless it lies in [0, 1]: at 0 the tokens are independent, at 1 the chain never moves."""
    if not getattr(lam, "free_symbols", None) and not 0 <= lam <= 1:
        raise ValueError(f"lam must lie in [0, 1], got {lam!r}")
    return lam


def transition(pi: Any, lam: Any) -> np.ndarray:
    """P = lam I + (1 - lam) 1 pi^T, (d, d)."""
    pi, lam = check_law(pi), check_persistence(lam)
    return lam * np.eye(len(pi), dtype=int) + (1 - lam) * np.stack([pi] * len(pi))


def mean(pi: Any, values: Any) -> Any:
    """The mean of ``values`` (d,) under pi."""
    return (np.asarray(pi) * np.asarray(values)).sum()


def covariance(pi: Any, first: Any, second: Any) -> Any:
    """Cov_pi of two functions (d,) of a token."""
    first, second = np.asarray(first), np.asarray(second)
    return mean(pi, first * second) - mean(pi, first) * mean(pi, second)


def entropy(pi: Any) -> Any:
    """H(pi), the loss of predicting pi whatever the query is."""
    pi = check_law(pi)
    return -(pi * elementary("log", pi)).sum()


def conditional_entropy(pi: Any, lam: Any) -> Any:
    """The mean entropy of the rows of P, the least loss of any predictor.

    Raises ValueError at ``lam`` = 1, where P is the identity and has no logarithms (the entropy is 0), and outside [0, 1].
    """
    if not getattr(lam, "free_symbols", None) and lam == 1:
        raise ValueError("lam must be below 1: there the next token is certain, and log P is not there")
    pi, P = check_law(pi), transition(pi, lam)
    return -(pi[:, None] * P * elementary("log", P)).sum()


def weights(pi: Any, Phi: Any) -> Any:
    """alpha (d, d), alpha_qv proportional to pi_v exp(Phi_qv); floats are shifted by their largest entry, so that nothing overflows."""
    scores = np.asarray(pi) * elementary("exp", _shifted(Phi))
    return scores / scores.sum(axis=-1, keepdims=True)


def softmax(z: Any) -> Any:
    """softmax along the last axis; floats are shifted by their largest entry."""
    powers = elementary("exp", _shifted(z))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(z: Any) -> Any:
    """log softmax along the last axis, finite where softmax rounds to 0."""
    z = _shifted(z)
    return z - elementary("log", elementary("exp", z).sum(axis=-1, keepdims=True))


def _shifted(z: Any) -> np.ndarray:
    z = np.asarray(z)
    return z - z.max(axis=-1, keepdims=True) if z.dtype != object else z


class Slopes(NamedTuple):
    """dL/dM and dL/dPhi, each (d, d)."""

    M: Any
    Phi: Any


def slopes(pi: Any, lam: Any, M: Any, alpha: Any, p: Any) -> Slopes:
    """dL/dM and dL/dPhi from ``M``, the attention ``alpha`` and the predictions ``p``, (d, d) each."""
    pi = np.asarray(pi)
    pull = pi[:, None] * (p - transition(pi, lam))
    inner = pull @ np.asarray(M).T  # (p_q - P_q) . M_v
    return Slopes(alpha.T @ pull, alpha * (inner - (alpha * inner).sum(axis=1, keepdims=True)))


@dataclass(frozen=True)
class MarkovAttention(AbstractModel):
    """f(q) = z_q: logits over ``tokens`` tokens from the query token q, counted from 0, in the limit of long sequences of law ``pi``.

    Parts: embedding W0 (tokens, width), projection W1 (width, tokens), query and key WQ, WK (width, key).
    """

    tokens: int
    width: int
    key: int
    inputs = 1

    def __post_init__(self) -> None:
        check_size("tokens", self.tokens, 2)
        keep_sizes(self, "tokens", "width", "key")

    @property
    def outputs(self) -> int:
        """The number of logits, ``tokens``."""
        return self.tokens

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        square = (self.width, self.key)
        return {"embedding": (self.tokens, self.width), "projection": (self.width, self.tokens), "query": square, "key_weights": square}

    def products(self, theta: Any) -> tuple[Any, Any]:
        """(M, Phi), each (d, d)."""
        parts = self.unpack(theta)
        embedding = parts["embedding"]
        return embedding @ parts["projection"], (embedding @ parts["query"]) @ (embedding @ parts["key_weights"]).swapaxes(-1, -2)

    def logits(self, theta: Any, pi: Any) -> Any:
        """z (d, d), a row for every query token."""
        M, Phi = self.products(theta)
        return weights(pi, Phi) @ M

    def __call__(self, theta: Any, x: Any, pi: Any = None) -> Any:
        """Logits (n, d) of the query tokens ``x`` (n, 1); ``pi`` uniform unless named."""
        law = np.full(self.tokens, 1 / self.tokens) if pi is None else check_law(pi)
        return one_hot(x, (self.tokens,), np.zeros(0)) @ self.logits(theta, law)

    def loss(self, theta: Any, pi: Any, lam: Any) -> Any:
        """The population cross-entropy at ``theta`` (P,)."""
        pi = check_law(pi)
        return -(pi[:, None] * transition(pi, lam) * log_softmax(self.logits(theta, pi))).sum()

    def gradient(self, theta: Any, pi: Any, lam: Any) -> Any:
        """grad L (P,), in closed form."""
        pi, parts = check_law(pi), self.unpack(theta)
        M, Phi = self.products(theta)
        alpha = weights(pi, Phi)
        return self.pull_back(parts, slopes(pi, lam, M, alpha, softmax(alpha @ M)))

    def pull_back(self, parts: dict[str, Any], by: Slopes) -> Any:
        """grad L (P,) from the slopes in M and Phi."""
        W0, W1, WQ, WK = (parts[name] for name in self.shapes)
        asked, held = W0 @ WQ, W0 @ WK
        return self.pack(
            embedding=by.M @ W1.T + by.Phi @ held @ WQ.T + by.Phi.T @ asked @ WK.T,
            projection=W0.T @ by.M,
            query=W0.T @ by.Phi @ held,
            key_weights=W0.T @ by.Phi.T @ asked,
        )

    def condensed_point(self, pi: Any) -> Any:
        """The second critical point theta (P,): W0 = gamma alpha^T, W1 = alpha beta^T with alpha the first unit vector, WQ = WK = 0."""
        ray = condensed_ray(pi)
        zero = ray.gamma[0] * 0
        W0, W1 = np.full((self.tokens, self.width), zero), np.full((self.width, self.tokens), zero)
        W0[:, 0], W1[0] = ray.gamma, ray.beta
        still = np.full((self.width, self.key), zero)
        return self.pack(embedding=W0, projection=W1, query=still, key_weights=still)


class Ray(NamedTuple):
    """gamma = g pi and beta (d,) of the condensed point: softmax(E_pi[gamma] beta) = pi, |gamma| = |beta|."""

    gamma: Any
    beta: Any


def _root(value: Any) -> Any:
    return elementary("sqrt", np.array([value]))[0]


def _norm(vector: Any) -> Any:
    entries = np.asarray(vector)
    return _root((entries * entries).sum())  # a ball around 0 has no power that balls know, but a product


def centred_logs(pi: Any) -> Any:
    """log pi less its plain mean over tokens, (d,)."""
    logs = elementary("log", check_law(pi))
    return logs - logs.sum() / len(logs)


def condensed_ray(pi: Any) -> Ray:
    """gamma and beta where condensation along W0 ~ pi alpha^T ends: g^2 = |log pi - mean|/|pi|^3 (balanced, |W0| = |W1|).

    Raises ValueError for the uniform law, at which the ray has length 0: nothing condenses.
    """
    pi = check_law(pi)
    logs = centred_logs(pi)
    if pi.dtype != object and np.ptp(pi) == 0:
        raise ValueError("pi must not be uniform: the condensed point is then the origin")
    size = _norm(pi)
    g = _root(_norm(logs) / size**3)
    return Ray(g * pi, logs / (g * size * size))


def condensation_rate(pi: Any) -> Any:
    """|pi| |pi - 1/d|: the growth rate of W0 and W1 at the origin, where attention is at rest (Theorems 3.2, 3.3)."""
    pi = check_law(pi)
    uniform = pi.sum() / len(pi)
    return _norm(pi) * _norm(pi - uniform)


def condensed_norm(pi: Any) -> Any:
    """|W0| = |W1| = sqrt(|log pi - mean|/|pi|) at the condensed point."""
    return _root(_norm(centred_logs(pi)) / _norm(pi))


def focusing_rate(pi: Any, lam: Any) -> Any:
    """c = lam Cov_pi(gamma, beta) Var_pi(gamma): WQ' = c alpha alpha^T WK at the condensed point, so |WQ| grows by c, |WQ WK^T| by 2c.

    Raises ValueError for a number ``lam`` outside [0, 1].
    """
    between("lam", lam, 0, 1)
    ray = condensed_ray(pi)
    return lam * covariance(pi, ray.gamma, ray.beta) * covariance(pi, ray.gamma, ray.gamma)


def redistribution_rates(pi: Any, lam: Any) -> Any:
    r"""r (d,): on the rank-one manifold (gamma_v/pi_v - gamma_u/pi_u)' = kappa (r_v - r_u) + O(kappa^2) near the condensed point.

    kappa is the size of attention, Phi = kappa gamma gamma^T; r_v = 2 lam Cov(gamma, beta) gamma_v + lam Var(gamma) beta_v rises
    with pi_v. As kappa grows like e^(2ct), so does the gap (Propositions 3.6 - 3.8). Raises ValueError for a number ``lam`` outside [0, 1].
    """
    between("lam", lam, 0, 1)
    ray = condensed_ray(pi)
    crossed, spread = covariance(pi, ray.gamma, ray.beta), covariance(pi, ray.gamma, ray.gamma)
    return 2 * lam * crossed * ray.gamma + lam * spread * ray.beta


class RankOne(NamedTuple):
    """A point of the rank-one manifold: W0 = gamma alpha^T, W1 = alpha beta^T, WQ = query alpha a^T, WK = key alpha a^T, unit alpha, a."""

    gamma: Any
    beta: Any
    query: Any
    key: Any


def rank_one_flow(point: RankOne, pi: Any, lam: Any) -> RankOne:
    """The gradient flow on the rank-one manifold, which it does not leave: the time derivatives of the four parts."""
    gamma, beta = np.asarray(point.gamma), np.asarray(point.beta)
    kappa = point.query * point.key
    M, Phi = np.multiply.outer(gamma, beta), np.multiply.outer(gamma, gamma) * kappa
    alpha = weights(pi, Phi)
    by = slopes(pi, lam, M, alpha, softmax(alpha @ M))
    drive = gamma @ by.Phi @ gamma
    return RankOne(-(by.M @ beta) - ((by.Phi + by.Phi.T) @ gamma) * kappa, -(gamma @ by.M), -drive * point.key, -drive * point.query)
