r"""Gradient flow of one wide network on few samples, with the weights of wide square layers in factors.

The gradient by a layer W (m, m) is a sum of n outer products, slopes times values, n the number of samples. So stages of a Runge-Kutta
step, its error and its distance from the start are taken from factors: W is read twice an evaluation, by products with n rows, and W(0)
once a step; steps wait as factors until there are enough of them for one matrix product. Written out, every stage would be formed and
every combination of slopes be summed in memory, some forty times the size of W a step. Narrow layers are written out, each an array of
its own, so that what a step touches stays in the nearer caches.

Steps are those of :func:`numerics.dynamics.scaled_flow.relative_distances`: the same pair, errors and step sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numerics.train.wide import ACTIVATIONS, layers_of
from theory.activations import activation
from theory.models import FullyConnected, TwoLayer

#: A layer is kept in factors where its sides are at least so many times the samples: a step brings 3n rows, its error 4n.
FACTORED = 64
#: Rows that wait, over n, before they are added to the weights.
WAITING = 24


def written_out(model: TwoLayer | FullyConnected) -> bool:
    """Whether a network is followed here: one without biases."""
    return all(layer.bias is None for layer in layers_of(model))


class _Dense:
    """Weights (outputs, inputs), or turned, of a narrow layer, and its slopes at four stages."""

    def __init__(self, weights: Any, samples: int) -> None:
        self.turned = weights.shape[0] > weights.shape[1]
        self.base = (weights.T if self.turned else weights).contiguous()
        self.start, self.here, self.slopes = self.base.clone(), self.base, [self.base] * 4

    def apply(self, x: Any, stage: int) -> Any:
        return x @ self.here if self.turned else x @ self.here.T

    def back(self, slopes: Any) -> Any:
        return slopes @ self.here.T if self.turned else slopes @ self.here

    def record(self, stage: int, slopes: Any, x: Any) -> None:
        self.slopes[stage] = (x.T @ slopes if self.turned else slopes.T @ x).neg_()

    def move(self, shares: Sequence[float]) -> None:
        self.here = self._sum(shares).add_(self.base)

    def _sum(self, shares: Sequence[float]) -> Any:
        total = self.slopes[0] * shares[0]
        for share, slope in zip(shares[1:], self.slopes[1:], strict=False):
            if share:
                total.add_(slope, alpha=share)
        return total

    def size_of(self, shares: Sequence[float]) -> float:
        return float(self._sum(shares).norm())

    def distance(self) -> float:
        return float((self.here - self.start).norm())

    def accept(self) -> None:
        self.base, self.slopes[0] = self.here, self.slopes[3]

    def weights(self) -> np.ndarray:
        return (self.base.T if self.turned else self.base).numpy()


class _Factored:
    """Weights W = B + U^T V of a wide layer, its slopes at four stages as factors; ``rows`` rows of U and V wait.

    The rows after those are the step that is tried, so that W there is B + U^T V with some more rows.
    """

    def __init__(self, weights: Any, samples: int) -> None:
        import torch

        self.n, (outputs, inputs) = samples, weights.shape
        self.base, self.start = weights.clone(), weights
        self.rows, self.more, self.square = 0, 0, 0.0
        most = (WAITING + 3) * samples
        self.U, self.V = (torch.empty((most, size), dtype=weights.dtype) for size in (outputs, inputs))
        self.left, self.right = (torch.empty((4 * samples, size), dtype=weights.dtype) for size in (outputs, inputs))
        self.images = torch.empty((3 * samples, outputs), dtype=weights.dtype)  # W x without the step that is tried
        self.moved, self.grown = self.images[:samples], 0.0  # W x, and |W - W(0)|^2, with that step

    def _stage(self, stage: int) -> slice:
        return slice(stage * self.n, (stage + 1) * self.n)

    def apply(self, x: Any, stage: int) -> Any:
        z = x @ self.base.T
        if self.rows:
            z.addmm_(x @ self.V[: self.rows].T, self.U[: self.rows])
        if stage < 3:
            self.images[self._stage(stage)] = z
        if self.more:
            step = slice(self.rows, self.rows + self.more)
            z.addmm_(x @ self.V[step].T, self.U[step])
        if stage == 3:
            self.moved = z.clone()
        return z

    def back(self, slopes: Any) -> Any:
        back, rows = slopes @ self.base, slice(0, self.rows + self.more)
        return back.addmm_(slopes @ self.U[rows].T, self.V[rows]) if rows.stop else back

    def record(self, stage: int, slopes: Any, x: Any) -> None:
        self.left[self._stage(stage)], self.right[self._stage(stage)] = slopes, x

    def move(self, shares: Sequence[float]) -> None:
        first = self.rows
        for stage, share in enumerate(shares):
            if share:
                rows = slice(first, first + self.n)
                self.U[rows] = self.left[self._stage(stage)] * -share
                self.V[rows] = self.right[self._stage(stage)]
                first += self.n
        self.more = first - self.rows

    def size_of(self, shares: Sequence[float]) -> float:
        import torch

        count = len(shares) * self.n
        left = (self.left[:count].view(len(shares), self.n, -1) * torch.tensor(shares, dtype=torch.float64)[:, None, None]).flatten(0, 1)
        return math.sqrt(max(0.0, _product(left, self.right[:count])))

    def distance(self) -> float:
        """|W - W(0)| with the step of three stages, from that without: the square, twice the product with the step, its square."""
        step = slice(self.rows, self.rows + 3 * self.n)
        U, V = self.U[step], self.V[step]
        away = self.images - V @ self.start.T
        self.grown = self.square + 2 * float((U * away).sum()) + _product(U, V)
        return math.sqrt(max(0.0, self.grown))

    def accept(self) -> None:
        import torch

        self.rows, self.more, self.square = self.rows + self.more, 0, self.grown
        last = self._stage(3)
        first = self._stage(0)
        self.left[first], self.right[first], self.images[first] = self.left[last], self.right[last], self.moved
        if self.rows > (WAITING - 1) * self.n:
            self.base.addmm_(self.U[: self.rows].T, self.V[: self.rows])
            self.rows, self.square = 0, float(torch.dist(self.base, self.start)) ** 2

    def weights(self) -> np.ndarray:
        return (self.base + self.U[: self.rows].T @ self.V[: self.rows]).numpy()


def _product(left: Any, right: Any) -> float:
    """|left^T right|^2 from the products of the rows."""
    return float(((left @ left.T) * (right @ right.T)).sum())


class SingleFlow:
    """One network on its way from ``theta`` (P,) on ``x`` (n, d), ``y`` (n, 1), torch tensors in float64.

    ``sup`` (L,) is the largest relative distance of every layer so far; a step is one attempt (:meth:`advance`).
    """

    def __init__(self, model: TwoLayer | FullyConnected, theta: np.ndarray, x: Any, y: Any, rtol: float) -> None:
        import torch

        self.value, self.by_value = ACTIVATIONS[activation(model.activation).name]
        self.x, self.y, self.rtol = x, y, rtol
        self.layers: list[Any] = []
        for layer in layers_of(model):
            weights = torch.from_numpy(np.array(theta[layer.place])).view(layer.outputs, layer.inputs)
            self.layers.append((_Factored if min(layer.outputs, layer.inputs) >= FACTORED * len(x) else _Dense)(weights, len(x)))
        self.sizes = np.array([float(torch.linalg.vector_norm(torch.from_numpy(theta[layer.place]))) for layer in layers_of(model)])
        self.loss = self._evaluate(0)
        self.speed = self._sizes((1.0,))
        self.h = float((0.01 * self.sizes / np.maximum(self.speed, 1e-300)).min())
        self.time, self.steps, self.sup = 0.0, 0, np.zeros(len(self.layers))

    def _evaluate(self, stage: int) -> float:
        """The loss where the layers are; every layer keeps its slopes there."""
        seen = [self.x]
        for layer in self.layers[:-1]:
            seen.append(self.value(layer.apply(seen[-1], stage)))
        error = self.layers[-1].apply(seen[-1], stage) - self.y
        slopes = error / len(self.x)
        for k in range(len(self.layers) - 1, -1, -1):
            self.layers[k].record(stage, slopes, seen[k])
            if k:  # the value is no longer needed, its place takes the slope
                slopes = self.layers[k].back(slopes).mul_(self.by_value(seen[k]))
        return float((error * error).sum()) / (2 * len(self.x))

    def _sizes(self, shares: Sequence[float]) -> np.ndarray:
        return np.array([layer.size_of(shares) for layer in self.layers])

    def _each(self, call: Callable[[Any], Any]) -> None:
        for layer in self.layers:
            call(layer)

    def advance(self) -> None:
        """Attempt one step."""
        h = self.h
        self._each(lambda layer: layer.move((h / 2,)))
        self._evaluate(1)
        self._each(lambda layer: layer.move((0.0, 0.75 * h)))
        self._evaluate(2)
        self._each(lambda layer: layer.move((2 * h / 9, 3 * h / 9, 4 * h / 9)))
        loss = self._evaluate(3)
        # the difference of both orders is h/72 (-5 k1 + 6 k2 + 8 k3 - 9 k4)
        error = self._sizes((-5 * h / 72, 6 * h / 72, 8 * h / 72, -9 * h / 72))
        distance = np.array([layer.distance() for layer in self.layers])
        scale = self.rtol * np.maximum(distance, h * self.speed)
        ratio = float((error / np.maximum(scale, 1e-300)).max())
        ratio = ratio if math.isfinite(ratio) else 1e10
        if math.isfinite(loss) and ratio <= 1:
            self._each(lambda layer: layer.accept())
            self.loss, self.time = loss, self.time + h
            self.sup = np.maximum(self.sup, distance / self.sizes)
            self.speed = self._sizes((1.0,))
        self.h = h * min(max(0.9 * max(ratio, 1e-10) ** (-1 / 3), 0.2), 4.0)
        self.steps += 1

    @property
    def theta(self) -> np.ndarray:
        """Where the network is, (P,)."""
        return np.concatenate([layer.weights().ravel() for layer in self.layers])
