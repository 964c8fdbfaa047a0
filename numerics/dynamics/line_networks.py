r"""Many small tanh networks of one input trained at once on a loss with derivatives, and the spectra of their errors on the way.

The loss of order s is the mean of (f^(s) - y^(s))^2 over even points of a period, for s > 0 plus the squares of f - y at the first and
the last point (pi - 2 pi/n on even points of [-pi, pi)), as a solver of y^(s) = g with boundary values has it. Derivatives go forward
with the values (jets up to the second order).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.dynamics.arguments import above, at_least, finite, integer

if TYPE_CHECKING:
    import torch

#: Orders of derivatives in a loss.
ORDERS = (0, 1, 2)


@dataclass(frozen=True)
class Target:
    """y = sum of amplitude sin(kx) over ``frequencies``; at ``x`` (n,).

    :raises ValueError: for frequencies or amplitudes that are 0, not finite or not as many, and points that are fewer than two, not finite
        or do not increase.
    """

    frequencies: tuple[int, ...]
    amplitudes: tuple[float, ...]
    x: np.ndarray

    def __post_init__(self) -> None:
        for name, values in (("frequencies", self.frequencies), ("amplitudes", self.amplitudes)):
            if not len(values) or not all(0 < abs(value) < float("inf") for value in values):
                raise ValueError(f"{name} must be finite numbers other than 0, one at least, got {values}")
        if len(self.frequencies) != len(self.amplitudes):
            raise ValueError(f"expected as many amplitudes as frequencies, got {len(self.amplitudes)} and {len(self.frequencies)}")
        x = np.asarray(self.x)
        if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all() or not (np.diff(x) > 0).all():
            raise ValueError(f"x must hold at least two finite points (n,) that increase, got shape {x.shape}")

    def derivative(self, order: int) -> np.ndarray:
        """y^(order), order 0, 1 or 2, at the points.

        :raises ValueError: for another order.
        """
        if order not in ORDERS:
            raise ValueError(f"order must be one of {ORDERS}, got {order}")
        waves = (np.sin, np.cos, lambda t: -np.sin(t))[order]
        return sum(
            (a * k**order * waves(k * self.x) for k, a in zip(self.frequencies, self.amplitudes, strict=True)), np.zeros_like(self.x)
        )


def even_points(n: int, half: float = np.pi) -> np.ndarray:
    """n even points of [-half, half), as a discrete Fourier transform wants them.

    :raises ValueError: for n that is no integer of at least 1, or a half that is no positive number.
    """
    integer("n", n, 1)
    above("half", half, 0)
    finite("half", half)
    return -half + 2 * half * np.arange(n) / n


def initial(rng: np.random.Generator, networks: int, hidden: Sequence[int], *, deviation: float | None = None) -> list[np.ndarray]:
    """Weights and biases W_1, b_1, ... of a batch, normal: deviation 1/sqrt(inputs of the layer), biases likewise, or all ``deviation``.

    :raises ValueError: for fewer than one network, no hidden layers or empty ones, or a negative deviation.
    """
    integer("networks", networks, 1)
    if not len(hidden):
        raise ValueError("hidden must have one layer at least")
    for width in hidden:
        integer("hidden", width, 1)
    at_least("deviation", deviation, 0)
    widths, found = (1, *hidden, 1), []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        size = inputs**-0.5 if deviation is None else deviation
        found += [size * rng.normal(size=(networks, outputs, inputs)), size * rng.normal(size=(networks, outputs, 1))]
    return found


@dataclass(frozen=True)
class Record:
    """At ``steps`` (T,): ``loss`` (T, B), relative L2 error (T, B), and the relative errors of the target's frequencies (T, B, K); the
    weights at the end."""

    steps: np.ndarray
    loss: np.ndarray
    error: np.ndarray
    spectrum: np.ndarray
    theta: list[np.ndarray]

    def first_below(self, threshold: float) -> np.ndarray:
        """(B, K): the first recorded step at which the error of a frequency is below ``threshold``; infinite where it never is."""
        below = self.spectrum < threshold
        return np.where(below.any(axis=0), self.steps[below.argmax(axis=0)].astype(float), np.inf)


def train_on_line(
    theta: Sequence[np.ndarray],
    target: Target,
    *,
    order: int = 0,
    steps: int,
    learning_rate: float,
    every: int = 10,
    dtype: str = "float64",
) -> Record:
    """Adam from ``theta`` (as :func:`initial` gives) with fresh moments on the loss of ``order``, all networks of the batch at once.

    :raises ValueError: for an order beyond 2, a rate or number of steps that is not positive, or points that are fewer than a
    frequency needs.
    """
    import torch

    _check(order, steps, learning_rate, every, target)
    kind = getattr(torch, dtype)
    tensors = [torch.tensor(part, dtype=kind, requires_grad=True) for part in theta]
    x = torch.tensor(target.x, dtype=kind)
    goals = [torch.tensor(target.derivative(s), dtype=kind) for s in range(order + 1)]

    def evaluate() -> tuple[torch.Tensor, Callable[[], torch.Tensor]]:
        jets = forward(tensors, x, order)
        losses = ((jets[order] - goals[order]) ** 2).mean(dim=-1)
        if order:
            losses = losses + ((jets[0] - goals[0])[:, [0, -1]] ** 2).sum(dim=-1)
        return losses, lambda: jets[0]

    at, losses, values = _descended(tensors, evaluate, steps, learning_rate, every)
    goal = target.derivative(0)
    modes = np.exp(-1j * np.outer(target.x, target.frequencies))
    return Record(
        at,
        losses,
        np.linalg.norm(values - goal, axis=-1) / np.linalg.norm(goal),
        np.abs((values - goal) @ modes) / np.abs(goal @ modes),
        [tensor.detach().double().numpy().copy() for tensor in tensors],
    )


def _descended(
    tensors: Sequence[torch.Tensor],
    evaluate: Callable[[], tuple[torch.Tensor, Callable[[], torch.Tensor]]],
    steps: int,
    learning_rate: float,
    every: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(steps, losses, outputs) of every few steps of Adam on the losses (B,) that ``evaluate`` gives beside what makes the outputs."""
    import torch

    optimizer, kept = torch.optim.Adam(tensors, lr=learning_rate), []
    for step in range(steps + 1):
        losses, outputs = evaluate()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                kept.append((step, losses.detach().double().numpy().copy(), outputs().detach().double().numpy().copy()))
        if step < steps:
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
    at, losses_kept, values = (np.array(column) for column in zip(*kept, strict=True))
    return at, losses_kept, values


@dataclass(frozen=True)
class Fit:
    """At ``steps`` (T,): ``loss`` (T, B) on the samples, and ``outputs`` (T, B, N) of the networks at other places."""

    steps: np.ndarray
    loss: np.ndarray
    outputs: np.ndarray


def fit_samples(
    theta: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, *, at: np.ndarray, steps: int, learning_rate: float, every: int = 10
) -> Fit:
    """Adam from ``theta`` (as :func:`initial` gives) on the mean of (f(x_i) - y_i)^2, each network on samples of its own: x, y (B, n).

    :raises ValueError: for samples that are not one row for each network, not as many x as y or not finite, places ``at`` that are not
        (N,), and a rate or numbers of steps that are not positive.
    """
    import torch

    _check_run(steps, learning_rate, every)
    x, y, at = (np.asarray(values, dtype=float) for values in (x, y, at))
    if x.ndim != 2 or not x.shape[1] or len(x) != len(theta[0]) or y.shape != x.shape:
        raise ValueError(f"x and y must have shape ({len(theta[0])}, n), a row for each network, got {x.shape} and {y.shape}")
    if at.ndim != 1 or not all(np.isfinite(values).all() for values in (x, y, at)):
        raise ValueError(f"x and y must be finite, at finite of shape (N,), got shape {at.shape}")
    tensors = [torch.tensor(part, requires_grad=True) for part in theta]
    samples, goals, places = torch.tensor(x), torch.tensor(y), torch.tensor(at)
    evaluate = lambda: (((forward(tensors, samples, 0)[0] - goals) ** 2).mean(dim=-1), lambda: forward(tensors, places, 0)[0])
    return Fit(*_descended(tensors, evaluate, steps, learning_rate, every))


def forward(tensors: Sequence[torch.Tensor], x: torch.Tensor, order: int) -> list[Any]:
    """f and its derivatives up to ``order``, each (B, n), at points (n,) or, for each network its own, (B, n)."""
    jets = [x.expand(len(tensors[0]), 1, len(x)) if x.dim() == 1 else x[:, None]]
    if order:
        jets.append(jets[0] * 0 + 1)
    if order == 2:
        jets.append(jets[0] * 0)
    for l in range(0, len(tensors), 2):
        jets = [tensors[l] @ jet for jet in jets]
        jets[0] = jets[0] + tensors[l + 1]
        if l + 2 < len(tensors):
            value = jets[0].tanh()
            slope = 1 - value * value
            bent = [value, *[slope * jet for jet in jets[1:2]]]
            if order == 2:
                bent.append(slope * (jets[2] - 2 * value * jets[1] * jets[1]))
            jets = bent
    return [jet[:, 0] for jet in jets]


def _check(order: int, steps: int, learning_rate: float, every: int, target: Target) -> None:
    if order not in ORDERS:
        raise ValueError(f"order must be one of {ORDERS}, got {order}")
    _check_run(steps, learning_rate, every)
    nyquist = np.pi * (len(target.x) - 1) / (target.x[-1] - target.x[0])
    most = max(map(abs, target.frequencies))
    if most >= nyquist * (1 - 1e-12):  # at Nyquist's own the sine may vanish on all points
        raise ValueError(f"frequencies must be below {nyquist:g} (Nyquist) for {len(target.x)} points, got {most}")


def _check_run(steps: int, learning_rate: float, every: int) -> None:
    for name, value in (("steps", steps), ("every", every)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value}")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be a positive number, got {learning_rate}")
