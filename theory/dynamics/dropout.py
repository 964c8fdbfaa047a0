r"""Dropout on the last hidden layer: what its mean, its covariance and its implicit regularization are (2207.05952, 2305.15850).

Neuron j is kept with probability p and then scaled by 1/p, independently: xi_j is 1/p or 0, E xi_j = 1, Var xi_j = v = (1 - p)/p and
E xi_j^q = (1 + v)^(q - 1). One draw serves all samples of a step. With the *contributions* s[i, j, o] of neuron j to output o on
sample i (output weight times hidden output) and the *errors* e[i, o] = sum_j s[i, j, o] - y[i, o], where an output bias belongs to y,
the loss of a draw is R(xi) = (1/2n) sum_i sum_o (sum_j xi_j s[i, j, o] - y[i, o])^2. The plain loss is R_S = R(1), the penalty is R_1,
and L = R_S + R_1 = E R. Gradients enter as g[i, k, o, :] = ds[i, k, o]/dtheta, of any parameters, shared by neurons or not.

Every formula is plain array code: entries may be floats, rationals, sympy expressions or balls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.dynamics.arguments import is_place


def noise_variance(keep: Any) -> Any:
    """v = (1 - p)/p for the probability ``keep`` = p of keeping a neuron. Raises ValueError unless 0 < p <= 1."""
    if isinstance(keep, bool) or not 0 < keep <= 1:
        raise ValueError(f"keep must be a probability in (0, 1], got {keep!r}")
    return (1 - Fraction(keep) if isinstance(keep, int) else 1 - keep) / keep


def check_contributions(contributions: Any) -> np.ndarray:
    """The array (n, m, outputs) itself. Raises ValueError for any other number of axes or an empty one."""
    array = np.asarray(contributions)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"contributions must have shape (n, m, outputs), none of them 0, got {array.shape}")
    return array


def _errors(contributions: np.ndarray, targets: Any) -> np.ndarray:
    """e (n, outputs). Raises ValueError for targets of another shape, which would be broadcast."""
    y = np.asarray(targets)
    if y.shape != contributions.shape[::2]:
        raise ValueError(f"targets must have shape (n, outputs) = {contributions.shape[::2]} as the contributions, got {y.shape}")
    return contributions.sum(axis=1) - y


def _gradients(contributions: np.ndarray, gradients: Any) -> np.ndarray:
    """g (n, m, outputs, P). Raises ValueError for another shape."""
    g = np.asarray(gradients)
    if g.ndim != 4 or g.shape[:3] != contributions.shape:
        raise ValueError(f"gradients must have shape (n, m, outputs, P), (n, m, outputs) = {contributions.shape}, got {g.shape}")
    return g


def plain_loss(contributions: Any, targets: Any) -> Any:
    """R_S of ``contributions`` (n, m, outputs) and ``targets`` (n, outputs). Raises ValueError for targets of another shape."""
    s = check_contributions(contributions)
    errors = _errors(s, targets)
    return (errors * errors).sum() / (2 * len(s))


def penalty(contributions: Any, v: Any) -> Any:
    """R_1 = v/(2n) sum of the squares of all ``contributions`` (n, m, outputs) (2207.05952, Lemma 1)."""
    s = check_contributions(contributions)
    return v * (s * s).sum() / (2 * len(s))


def expected_loss(contributions: Any, targets: Any, v: Any) -> Any:
    """L = E R = R_S + R_1."""
    return plain_loss(contributions, targets) + penalty(contributions, v)


def penalty_bound(contributions: Any, v: Any) -> Any:
    """v/(2nm) sum_i |f(x_i)|^2 <= R_1 (Cauchy-Schwarz); equal iff on every sample all m contributions agree."""
    s = check_contributions(contributions)
    outputs = s.sum(axis=1)
    return v * (outputs * outputs).sum() / (2 * len(s) * s.shape[1])


def expected_gradient(contributions: Any, targets: Any, gradients: Any, v: Any) -> Any:
    """grad L (P,) = (1/n) sum_i sum_k sum_o (e_io + v s_iko) g_iko; ``gradients`` (n, m, outputs, P).

    Raises ValueError for shapes that disagree, as all that follows here does.
    """
    s = check_contributions(contributions)
    g = _gradients(s, gradients)
    pull = _errors(s, targets)[:, None, :] + v * s
    return (pull[..., None] * g).sum(axis=(0, 1, 2)) / len(s)


def covariance(contributions: Any, targets: Any, gradients: Any, v: Any) -> Any:
    """Sigma = Cov(grad R(xi)), (P, P) = v A^T A + v^2 B^T B with the :func:`covariance_factors`."""
    single, pairs = covariance_factors(contributions, targets, gradients, v)
    return v * (single.T @ single) + v * v * (pairs.T @ pairs)


def covariance_factors(contributions: Any, targets: Any, gradients: Any, v: Any) -> tuple[np.ndarray, np.ndarray]:
    r"""A (m, P) and B (m (m - 1)/2, P) with Sigma = v A^T A + v^2 B^T B, an orthogonal decomposition of the noise.

    With zeta_j = xi_j - 1, of mean 0, variance v and zeta_j^2 = v + (v - 1) zeta_j, the loss of a draw is
    L + sum_j zeta_j (e . s_j + (v - 1)/2 |s_j|^2)/n + sum_{j < k} zeta_j zeta_k (s_j . s_k)/n, whose terms are uncorrelated; the rows of
    A and B are the gradients of the coefficients (products over samples and outputs).
    """
    s = check_contributions(contributions)
    g, (n, m, outputs) = _gradients(s, gradients), s.shape
    flat = s.transpose(1, 0, 2).reshape(m, n * outputs)
    along = g.transpose(1, 0, 2, 3).reshape(m, n * outputs, g.shape[3])  # (m, n outputs, P)
    errors = _errors(s, targets).reshape(-1)
    total = along[0] * 0
    for part in along:
        total = total + part
    single = [(errors + (v - 1) * flat[j]) @ along[j] + flat[j] @ total for j in range(m)]
    pairs = [flat[j] @ along[k] + flat[k] @ along[j] for k in range(m) for j in range(k)]
    stacked = lambda rows: np.stack(rows) / n if rows else np.zeros((0, g.shape[3]), dtype=g.dtype)
    return stacked(single), stacked(pairs)


def covariance_block(contributions: Any, targets: Any, gradients: Any, v: Any, k: int, r: int) -> Any:
    r"""Cov of the pulls on neurons k and r, (P, P): of (1/n) sum_i sum_o (output error of the draw)_io xi_k g_iko.

    With G_k = (1/n) sum_i sum_o (e + v s_k)_io g_iko and h_kj = (1/n) sum_i sum_o s_ijo g_iko:
    Sigma_kk = v G_k G_k^T + v (1 + v) sum_{j != k} h_kj h_kj^T, and for k != r
    Sigma_kr = v sum_{j != k, r} h_kj h_rj^T + v (E_k h_rk^T + h_kr E_r^T) + v^2 (h_kk h_rk^T + h_kr h_rr^T + h_kr h_rk^T)
    with E_k = (1/n) sum_i sum_o e_io g_iko. Neurons are counted from 0; raises ValueError for a k or r that is none of them.
    """
    s = check_contributions(contributions)
    g, errors = _gradients(s, gradients), _errors(s, targets)
    for name, neuron in (("k", k), ("r", r)):
        if not is_place(neuron, s.shape[1]):
            raise ValueError(f"{name} must be one of the {s.shape[1]} neurons, 0 .. {s.shape[1] - 1}, got {neuron}")
    pulled = lambda weights, neuron: (weights[..., None] * g[:, neuron]).sum(axis=(0, 1)) / len(s)
    h = lambda neuron, other: pulled(s[:, other], neuron)
    others = [j for j in range(s.shape[1]) if j not in (k, r)]
    shared = sum((np.multiply.outer(h(k, j), h(r, j)) for j in others), start=np.multiply.outer(h(k, k), h(r, r)) * 0)
    if k == r:
        G = pulled(errors + v * s[:, k], k)
        return v * np.multiply.outer(G, G) + v * (1 + v) * shared
    first = np.multiply.outer(pulled(errors, k), h(r, k)) + np.multiply.outer(h(k, r), pulled(errors, r))
    second = np.multiply.outer(h(k, k) + h(k, r), h(r, k)) + np.multiply.outer(h(k, r), h(r, r))
    return v * shared + v * first + v * v * second


def flatness(a: Any, w: Any, x: Any) -> Any:
    """(1/n) sum_i |grad f(x_i)|^2 for f = sum_j a_j relu(w_j . x): ``a`` (m,), ``w`` (m, d), ``x`` (n, d); relu' (0) = 0."""
    hidden, active = _hidden(w, x)
    squares = (np.asarray(x) ** 2).sum(axis=1)
    return ((hidden * hidden).sum() + ((active * np.asarray(a) ** 2).sum(axis=1) * squares).sum()) / len(x)


def flatness_rate(a: Any, w: Any, x: Any, v: Any) -> Any:
    r"""d/dt of :func:`flatness` along the gradient flow of R_S + R_1 where R_S = 0 and no x_i lies on a kink (2207.05952, Theorem 2).

    -(2v/n^2) sum_j a_j^2 (|sum_i s_ij x_i|^2 + (sum_i 1_ij |x_i|^2)(sum_i s_ij^2)), s_ij = relu(w_j . x_i): below 0 iff grad R_1 != 0.
    """
    hidden, active = _hidden(w, x)
    x, a = np.asarray(x), np.asarray(a)
    moments = hidden.T @ x
    spread = (active * (x * x).sum(axis=1)[:, None]).sum(axis=0) * (hidden * hidden).sum(axis=0)
    return -2 * v * (a * a * ((moments * moments).sum(axis=1) + spread)).sum() / len(x) ** 2


def _hidden(w: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
    z = np.asarray(x) @ np.asarray(w).T
    active = (z > 0).astype(int)
    return z * active, active


@dataclass(frozen=True)
class LineNeuron:
    """a relu(w x + b) on the line, w != 0: its ``intercept`` is -b/w, its ``direction`` the sign of w, its ``slope`` a |w|."""

    a: Any
    w: Any
    b: Any

    def __post_init__(self) -> None:
        if self.w == 0:
            raise ValueError("w must not be 0: a constant has no intercept")

    @classmethod
    def at(cls, intercept: Any, slope: Any, direction: int = 1) -> LineNeuron:
        """The neuron ``slope`` relu(+-(x - intercept)) with w = +-1."""
        return cls(slope, direction, -direction * intercept)

    @property
    def intercept(self) -> Any:
        """Where the neuron bends."""
        return -self.b / self.w if not isinstance(self.b, int) else Fraction(-self.b) / self.w

    @property
    def direction(self) -> int:
        """1 for a neuron that is active to the right of its intercept, -1 to the left."""
        return 1 if self.w > 0 else -1

    @property
    def slope(self) -> Any:
        """The jump of the derivative at the intercept."""
        return self.a * abs(self.w)

    def __call__(self, x: Any) -> Any:
        """The contribution at the number ``x``."""
        z = self.w * x + self.b
        return self.a * (z if z > 0 else z * 0)


def convexity_changes(neurons: Sequence[LineNeuron], low: Any, high: Any) -> int:
    """Changes of sign along the bends of sum_j neuron_j inside (``low``, ``high``) (2207.05952, Definition 4)."""
    bends: dict[Any, Any] = {}
    for neuron in neurons:
        if low < neuron.intercept < high:
            bends[neuron.intercept] = bends.get(neuron.intercept, 0) + neuron.slope
    return sign_changes([bends[place] for place in sorted(bends)])


def sign_changes(values: Sequence[Any]) -> int:
    """Changes of sign in a sequence, zeros left out."""
    signs = [1 if value > 0 else -1 for value in values if value != 0]
    return sum(first != second for first, second in zip(signs, signs[1:], strict=False))


def second_differences(x: Sequence[Any], y: Sequence[Any]) -> list[Any]:
    """The jumps of slope of the polygon through (x_i, y_i) at x_2, ..., x_(n-1).

    Raises ValueError unless x increases strictly and there are as many y.
    """
    if len(x) != len(y) or any(not low < high for low, high in zip(x, x[1:], strict=False)):
        raise ValueError(f"x must increase strictly, with as many y, got {[str(t) for t in x]} and {len(y)} values")
    slopes = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    return [right - left for left, right in zip(slopes, slopes[1:], strict=False)]


def least_convexity_changes(x: Sequence[Any], y: Sequence[Any]) -> int:
    """The least number of convexity changes in (x_1, x_n) of a piecewise linear function through the points: sign changes of the polygon's.

    The jumps of the polygon are averages of the bends against hat functions, a totally positive kernel, which never adds a change
    of sign (variation diminishing); the polygon itself attains it.
    """
    return sign_changes(second_differences(x, y))


@dataclass(frozen=True)
class Pair:
    """Two neurons ``first``, ``second`` (places in the list, intercepts in rising order) in the interval [x_i, x_(i+1)], i from 1."""

    first: int
    second: int
    interval: int


def printed_pairs(neurons: Sequence[LineNeuron], x: Sequence[Any], *, last: int = 2) -> list[Pair]:
    """All pairs as Theorem 1 (ii) of 2207.05952 asks for: same direction, different intercepts in [x_i, x_(i+1)], 2 <= i <= n - ``last``.

    ``last`` is 2 in TPAMI 46(6) and 1 on arXiv. No such pair suffices in general: see :func:`corrected_pairs`.
    """
    found = []
    for i in range(2, len(x) - last + 1):
        inside = [k for k, neuron in enumerate(neurons) if x[i - 1] <= neuron.intercept <= x[i]]
        inside.sort(key=lambda k: neurons[k].intercept)
        for place, k in enumerate(inside):
            for l in inside[place + 1 :]:
                if neurons[k].direction == neurons[l].direction and neurons[k].intercept != neurons[l].intercept:
                    found.append(Pair(k, l, i))
    return found


def corrected_pairs(neurons: Sequence[LineNeuron], x: Sequence[Any]) -> list[Pair]:
    """The pairs that do allow a smaller R_1 at R_S = 0: as printed with 2 <= i <= n - 2, both output weights non-zero, and
    not at the two ends x_i, x_(i+1) with output weights of opposite signs."""
    allowed = []
    for pair in printed_pairs(neurons, x):
        first, second = neurons[pair.first], neurons[pair.second]
        at_ends = first.intercept == x[pair.interval - 1] and second.intercept == x[pair.interval]
        if first.a != 0 and second.a != 0 and not (at_ends and (first.a > 0) != (second.a > 0)):
            allowed.append(pair)
    return allowed
