r"""The gradient flow of ``theory.dynamics.attention``: followed in floats, enclosed in balls, its distance from linearity bounded.

Near a critical point theta* the flow x = theta - theta* obeys x' = J x + N(x) with J = -Hess L(theta*) symmetric of largest eigenvalue
mu > 0 and |N(x)| <= K |x|^2 for |x| <= r. :func:`quadratic_bound` proves such a K from balls of the third derivatives. Then (Gronwall;
Lemma 3.1 of 2605.01199 with its constant) |x(t) - e^(Jt) x(0)| <= (4K/mu) |x(0)|^2 e^(2 mu t) as long as
|x(0)| e^(mu t) <= min(r/2, mu/(4K)): while |x(s)| <= 2 |x(0)| e^(mu s), Duhamel's integral of K |x(s)|^2 e^(mu (t - s)) is at most the
right side, which is at most |x(0)| e^(mu t).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.derivatives.dual import Dual, jacobian_of, value_of
from theory.dynamics.arguments import is_place
from theory.dynamics.attention import MarkovAttention, check_law, check_persistence

#: Relative and absolute local error of the float integrator.
RTOL, ATOL = 1e-10, 1e-12


@dataclass(frozen=True)
class AttentionField:
    """theta' = -grad L as :func:`numerics.flows.validated_flow.descend` wants it; ``pi`` and ``lam`` as balls."""

    model: MarkovAttention
    pi: np.ndarray
    lam: Any

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """The field at a box theta (P,)."""
        return -self.model.gradient(theta, self.pi, self.lam)

    def derivative(self, theta: np.ndarray) -> np.ndarray:
        """The derivative (P, P) at a box theta: minus the Hessian of L."""
        return -attention_hessian(self.model, theta, self.pi, self.lam)

    def taylor(self, theta: np.ndarray, order: int) -> list[list[Any]]:
        """Taylor coefficients 0 .. ``order`` of the solution through every point of the box theta, one list per parameter."""
        from flint import arb_series, ctx

        constant = np.frompyfunc(lambda c: arb_series([c]), 1, 1)
        integrate = np.frompyfunc(lambda series, c: series.integral() + c, 2, 1)
        series: Any = constant(theta)
        before = ctx.cap
        try:
            for known in range(1, order + 1):
                ctx.cap = known
                speed = -self.model.gradient(series, self.pi, self.lam)
                ctx.cap = known + 1
                series = integrate(speed, theta)
        finally:
            ctx.cap = before
        return [[component[k] for k in range(order + 1)] for component in series]


def attention_hessian(model: MarkovAttention, theta: np.ndarray, pi: np.ndarray, lam: Any) -> np.ndarray:
    """Hess L (P, P) at an object array ``theta`` of balls or floats, by duals over the closed-form gradient."""
    return jacobian_of(lambda point: model.gradient(point, pi, lam))(np.asarray(theta, dtype=object))


def quadratic_bound(model: MarkovAttention, centre: np.ndarray, radius: Any, pi: np.ndarray, lam: Any) -> float:
    """K with |N(x)| <= K |x|^2 for |x| <= ``radius``: half the norm of the third derivatives over the cube around ``centre`` (P,), proved.

    The tensor's norm is bounded by its Frobenius norm; entries over the cube come from nested duals in balls.
    """
    from flint import arb

    cube = np.array([entry + arb(0, radius) for entry in centre], dtype=object)
    P = len(cube)
    unit = lambda k: np.array([arb(int(j == k)) for j in range(P)], dtype=object)
    flat = np.array([arb(0)] * P, dtype=object)
    seeds = np.empty(P, dtype=object)
    for k in range(P):
        inner = Dual(cube[k], unit(k))
        seeds[k] = Dual(inner, np.array([Dual(arb(int(j == k)), flat) for j in range(P)], dtype=object))
    total = arb(0)
    for entry in model.gradient(seeds, pi, lam):
        for second in entry.gradient:
            if isinstance(second, Dual):
                total += sum((abs(third).upper() ** 2 for third in second.gradient), start=arb(0))
    return math.nextafter(float((total.sqrt() / 2).upper()), math.inf)


@dataclass(frozen=True)
class Path:
    """Points theta (T, P) of the flow at ``times`` (T,), and their losses (T,)."""

    times: np.ndarray
    theta: np.ndarray
    loss: np.ndarray


def follow(model: MarkovAttention, theta0: Any, pi: Any, lam: float, times: Any) -> Path:
    """The gradient flow from ``theta0`` (P,) in floats (Dormand-Prince 8(5,3)), at rising ``times`` from 0 on.

    Raises ValueError for times that do not rise from at least 0 or are not finite, for a start or a law that does not fit the model,
    ArithmeticError where the integrator gives up.
    """
    from scipy.integrate import solve_ivp

    pi, lam, times = check_law(np.asarray(pi, dtype=float)), float(check_persistence(lam)), np.asarray(times, dtype=float)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must be finite and rise from at least 0, got {times}")
    theta0 = np.asarray(theta0, dtype=float)
    if theta0.shape != (model.n_params,) or not np.isfinite(theta0).all():
        raise ValueError(f"theta0 must hold {model.n_params} finite numbers, got shape {theta0.shape}")
    if len(pi) != model.tokens:
        raise ValueError(f"pi must have a probability for each of {model.tokens} tokens, got {len(pi)}")
    field = lambda _, theta: -model.gradient(theta, pi, lam)
    if times[-1] == 0:
        return Path(times, theta0[None], np.array([float(model.loss(theta0, pi, lam))]))
    solved = solve_ivp(field, (0.0, times[-1]), theta0, "DOP853", times, rtol=RTOL, atol=ATOL)
    if not solved.success:
        raise ArithmeticError(f"the flow could not be followed to {times[-1]:g}: {solved.message}")
    return Path(times, solved.y.T, np.array([float(model.loss(theta, pi, lam)) for theta in solved.y.T]))


def attended(model: MarkovAttention, theta: np.ndarray, pi: np.ndarray, token: int = 0) -> float:
    """The mean over queries q ~ pi of the attention to ``token``. Raises ValueError for a token that is none of the model's."""
    from theory.dynamics.attention import weights

    if not is_place(token, model.tokens):
        raise ValueError(f"token must be one of 0 .. {model.tokens - 1}, got {token}")
    return float(pi @ weights(pi, model.products(theta)[1])[:, token])


def singular_share(matrix: np.ndarray) -> float:
    """The share of the first singular value in the sum of squares of all: 1 for rank one. Raises ValueError for a zero matrix."""
    if not np.any(matrix):
        raise ValueError("matrix must not be 0: it has no singular values to share")
    values = np.linalg.svd(matrix, compute_uv=False)
    return float(values[0] ** 2 / (values**2).sum())


def midpoints(values: Any) -> np.ndarray:
    """The middles of balls (or of duals of them) as floats."""
    return np.vectorize(lambda entry: float(value_of(entry).mid()), otypes=[float])(np.asarray(values, dtype=object))
