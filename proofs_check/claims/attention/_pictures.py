"""A flow from a small start: the plateau of the loss, and attention that grows on it."""

from functools import cache
from math import log

import numpy as np

from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.dynamics.attention import MarkovAttention, entropy

LAW, LAM = (0.5, 0.3, 0.2), 0.5


@cache
def flow(size: float = 0.05, until: float = 520.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, losses and |W_Q W_K^T| of gradient flow of the loss in the limit of long sequences, width 2, from weights of that size."""
    from scipy.integrate import solve_ivp

    model, pi = MarkovAttention(3, 2, 2), np.array(LAW)
    start = size * np.random.default_rng(0).normal(size=model.n_params)
    times = np.linspace(0, until, 241)
    path = solve_ivp(
        lambda _, theta: -model.gradient(theta, pi, LAM), (0, until), start, t_eval=times, method="LSODA", rtol=1e-9, atol=1e-14
    ).y.T
    parts = [model.unpack(theta) for theta in path]
    sizes = [np.linalg.norm(part["query"] @ part["key_weights"].swapaxes(-1, -2)) for part in parts]
    return times, np.array([float(model.loss(theta, pi, LAM)) for theta in path]), np.array(sizes)


@cache
def plateau() -> Figure:
    """The loss over time, with log d and the entropy of pi."""
    times, losses, _ = flow()
    return curves(
        "Loss of the flow from a small start, three tokens",
        "The loss rests at log 3, falls to the entropy of pi, rests there, and falls again where attention has grown.",
        {"loss": (times, losses)},
        "time",
        "loss",
        marks=[{"label": "H(pi)", "y": float(entropy(np.array(LAW)))}, {"label": "log d", "y": log(len(LAW))}],
    )


@cache
def growth() -> Figure:
    """|W_Q W_K^T| over time."""
    times, _, sizes = flow()
    return curves(
        "Attention grows on the plateau",
        "The size of W_Q W_K^T, level while the embedding condenses, then a straight line on a logarithmic scale: exponential growth.",
        {"|W_Q W_K^T|": (times, sizes)},
        "time",
        "size of W_Q W_K^T",
        log_y=True,
    )
