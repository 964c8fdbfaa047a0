r"""How far the layers of wide networks move under gradient flow: relative distances sup_t |theta_l(t) - theta_l(0)|/|theta_l(0)|.

The loss is (1/2n) sum_i (f(x_i) - y_i)^2. Of a ReLU network the distances are those of its normalised flow
(:mod:`theory.dynamics.phase_diagram`), whatever triple (alpha, beta1, beta2) has the same kappa and kappa'. Followed by the pair of
Bogacki and Shampine (1989), order 3(2), a step size of its own for every network; the error of a step is kept below ``rtol`` of the
distance that each layer has made, so that layers that hardly move are followed as faithfully as those that grow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from theory.dynamics.phase_diagram import Scaling, scaling_at
from theory.models import FullyConnected, TwoLayer

#: Networks with so many parameters and more are followed one at a time on a CPU.
SINGLE = 1000
#: Numbers of a group of smaller networks that are followed together: what a nearer cache holds a dozen times.
TOGETHER = 1 << 14
#: The output at the start counts as zero below this share of the sum of its terms: rounding of sums in pairs.
ROUNDED = 1e-12

FITTED, STALLED = "fitted", "stalled"


@dataclass(frozen=True)
class RelativeDistances:
    """Of B networks: ``sup`` (B, L) the largest relative distance of every layer, ``time`` and ``loss`` (B,) at the end, ``steps`` (B,).

    ``status`` (B,) is "fitted" where the loss fell to the threshold, "stalled" where the steps gave out above it: such a network has
    no supremum, and is to be counted apart. ``theta`` (B, P) is where each ended.
    """

    sup: np.ndarray
    time: np.ndarray
    loss: np.ndarray
    steps: np.ndarray
    status: np.ndarray
    theta: np.ndarray = field(repr=False)

    @property
    def fitted(self) -> np.ndarray:
        """Boolean mask (B,)."""
        return self.status == FITTED


def paired_start(model: TwoLayer, scaling: Scaling, rng: np.random.Generator) -> np.ndarray:
    """theta (P,) with a ~ N(0, beta1^2)/alpha and w ~ N(0, beta2^2 I), neurons in pairs (w, a), (w, -a): the output is zero.

    Raises ValueError for an odd width, several outputs or biases of their own: a bias is a last input 1.
    """
    if model.width % 2:
        raise ValueError(f"width must be even for a start in pairs, got {model.width}")
    if model.outputs != 1 or model.bias or model.output_bias:
        raise ValueError(f"model must have one output and its bias as a last input 1, got {model}")
    half = model.width // 2
    w, a = rng.normal(size=(half, model.inputs)) * scaling.beta2, rng.normal(size=half) * (scaling.beta1 / scaling.alpha)
    return model.pack(input_weights=np.concatenate([w, w]), output_weights=np.concatenate([a, -a])[None])


def plain_start(model: TwoLayer, scaling: Scaling, rng: np.random.Generator) -> np.ndarray:
    """The same without pairs: the output at the start is random."""
    w, a = rng.normal(size=(model.width, model.inputs)), rng.normal(size=(1, model.width))
    return model.pack(input_weights=w * scaling.beta2, output_weights=a * (scaling.beta1 / scaling.alpha))


def start_at(gamma: float, gamma_prime: float, inputs: int, width: int, rng: np.random.Generator, *, activation: str = "relu") -> tuple:
    """(model, theta (P,)) of a network in pairs at kappa = width^-gamma, kappa' = width^-gamma', alpha = 1."""
    model = TwoLayer(inputs, width, activation=activation)
    return model, paired_start(model, scaling_at(gamma, gamma_prime, width), rng)


def three_layer_start(exponents: tuple[float, float, float], inputs: int, width: int, rng: np.random.Generator) -> tuple:
    """(model, theta (P,)) of a . relu(W2 relu(W1 x)) with deviations width^-gamma_l."""
    model = FullyConnected((inputs, width, width, 1), activation="relu", bias=False)
    sizes = [rng.normal(size=shape) * width ** -float(gamma) for shape, gamma in zip(model.shapes.values(), exponents, strict=True)]
    return model, model.pack(**dict(zip(model.shapes, sizes, strict=True)))


def tangent_parts(exponents: tuple[float, float, float], x: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """The squares (3,) of the gradients by W1, W2 and a of a drawn three-layer network's output at ``x`` (d,)."""
    model, theta = three_layer_start(exponents, len(x), width, rng)
    W1, W2, a = model.unpack(theta).values()
    first, second = W1 @ x, W2 @ np.maximum(W1 @ x, 0)
    back = a[0] * (second > 0)
    inputs = (back @ W2) * (first > 0)
    hidden = np.maximum(first, 0)
    return np.array([(inputs @ inputs) * (x @ x), (back @ back) * (hidden @ hidden), (np.maximum(second, 0) ** 2).sum()])


def relative_distances(
    model: TwoLayer | FullyConnected,
    theta0: Any,
    data: tuple[Any, Any],
    *,
    stop: float,
    zero_output: str = "pairs",
    rtol: float = 1e-3,
    most_steps: int = 20_000,
    device: str = "cpu",
) -> RelativeDistances:
    """Follow networks from ``theta0`` (B, P) on inputs (n, d) and labels (n,) until the loss is at most ``stop``.

    ``zero_output``: "pairs" wants an output that is zero at the start, as of :func:`paired_start`; "subtract" trains f - f(0) in place
    of f; "no" takes f as it is. Layers are the arrays of ``model.shapes`` in order. Raises ValueError for arguments that are none of
    these, for layers of length zero, whose distance has nothing to be relative to, and for "pairs" where the output is not zero.
    """
    import torch

    from numerics.dynamics.single_flow import SingleFlow, written_out
    from numerics.train.wide import WideNetwork

    network, parts = WideNetwork(model), list(model.shapes)
    starts = np.atleast_2d(np.asarray(theta0, dtype=float))
    x, y = (np.asarray(array, dtype=float) for array in data)
    _check(model, starts, x, y, stop, zero_output, rtol)
    for name, part in zip(parts, _slices(model), strict=True):
        if not starts[:, part].any(axis=1).all():
            raise ValueError(f"theta0 must have no layer of length zero, and {name} is: its relative distance is not defined")
    output = model(starts, x)[..., 0]
    if zero_output == "pairs":
        _check_zero(model, starts, x, output)
    labels = y + output if zero_output == "subtract" else np.broadcast_to(y, output.shape)
    slices = _slices(model)
    count, size = starts.shape
    sup, ends = np.zeros((count, len(parts))), np.empty_like(starts)
    time, loss, steps = np.zeros(count), np.zeros(count), np.zeros(count, dtype=int)
    tensor = lambda array: torch.tensor(array, dtype=torch.float64, device=device)
    if device == "cpu" and size >= SINGLE and written_out(model):
        for b in range(count):
            one = SingleFlow(model, starts[b], tensor(x), tensor(labels[b][:, None]), rtol)
            while one.loss > stop and one.steps < most_steps and one.speed.any():  # without slopes it stays where it is
                one.advance()
            sup[b], time[b], loss[b], steps[b], ends[b] = one.sup, one.time, one.loss, one.steps, one.theta
        return RelativeDistances(sup, time, loss, steps, np.where(loss <= stop, FITTED, STALLED), ends)
    together = max(1, TOGETHER // size) if device == "cpu" else count
    for first in range(0, count, together):
        group = np.arange(first, min(first + together, count))
        flow = _Flow(network, slices, tensor(network.inward(starts[group])), tensor(x), tensor(labels[group][..., None]), stop, rtol)
        while len(group):
            for _ in range(8):
                flow.advance()
            done = ((flow.loss <= stop) | (flow.steps >= most_steps) | ~torch.isfinite(flow.loss)).cpu().numpy()
            if done.any():
                ended, numpy = group[done], lambda array, done=done: array.cpu().numpy()[done]
                sup[ended], time[ended], loss[ended] = numpy(flow.sup), numpy(flow.time), numpy(flow.loss)
                ends[ended], steps[ended] = network.outward(numpy(flow.theta)), numpy(flow.steps)
                group = group[~done]
                flow.keep(torch.as_tensor(~done, device=device))
    return RelativeDistances(sup, time, loss, steps, np.where(loss <= stop, FITTED, STALLED), ends)


def _check(model: Any, starts: np.ndarray, x: np.ndarray, y: np.ndarray, stop: float, zero_output: str, rtol: float) -> None:
    if starts.shape[1:] != (model.n_params,) or not np.isfinite(starts).all():
        raise ValueError(f"theta0 must hold {model.n_params} finite numbers a network, got shape {starts.shape}")
    if x.ndim != 2 or y.shape != x.shape[:1] or not len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"data must be finite inputs (n, d) and labels (n,), got shapes {x.shape} and {y.shape}")
    if zero_output not in ("pairs", "subtract", "no"):
        raise ValueError(f"zero_output must be 'pairs', 'subtract' or 'no', got {zero_output!r}")
    if not stop > 0 or not 0 < rtol < 1:
        raise ValueError(f"stop must be positive and rtol between 0 and 1, got {stop!r} and {rtol!r}")


def _check_zero(model: Any, starts: np.ndarray, x: np.ndarray, output: np.ndarray) -> None:
    """Raise ValueError unless the outputs vanish up to the rounding of their sums."""
    terms = model(np.abs(starts), np.abs(x))[..., 0]
    worst = float((np.abs(output) / np.maximum(terms, np.finfo(float).tiny)).max())
    if worst > ROUNDED:
        raise ValueError(
            f"zero output was asked for, and the start is not in pairs (w, a), (w, -a): its output is {worst:.2g} of the sum of its terms"
        )


def _slices(model: TwoLayer | FullyConnected) -> list[slice]:
    """The places of the arrays of theta; turning them leaves each in its own."""
    ends = np.cumsum([np.prod(shape) for shape in model.shapes.values()])
    return [slice(int(end - np.prod(shape)), int(end)) for end, shape in zip(ends, model.shapes.values(), strict=True)]


class _Flow:
    """A group of networks on its way; theta is kept turned (:class:`numerics.train.wide.WideNetwork`). A step is one attempt.

    A network whose loss has fallen to ``stop`` moves no further, and its time stands still.
    """

    def __init__(self, network: Any, slices: list[slice], theta: Any, x: Any, y: Any, stop: float, rtol: float) -> None:
        import torch

        self.network, self.slices, self.stop, self.rtol = network, slices, stop, rtol
        self.start, self.theta, self.x, self.y = theta.clone(), theta, x, y
        self.weights = torch.full((len(x),), 0.5 / len(x), dtype=torch.float64, device=theta.device)
        self.sizes = self._sizes(theta)
        self.loss, self.slope = self._evaluate(theta)
        speed = self._sizes(self.slope)
        # one percent of the time in which a layer would change by its own size, at its first speed
        self.h = (0.01 * self.sizes / speed.clamp(min=1e-300)).amin(1)
        self.time, self.sup = torch.zeros_like(self.h), torch.zeros_like(self.sizes)
        self.steps = torch.zeros(len(theta), dtype=torch.int64, device=theta.device)

    def _evaluate(self, theta: Any) -> tuple[Any, Any]:
        loss, gradient = self.network.evaluate(theta, self.x, self.y, self.weights)
        return loss, gradient.neg_()

    def _sizes(self, theta: Any) -> Any:
        """The length (b, L) of every layer."""
        import torch

        return torch.stack([torch.linalg.vector_norm(theta[:, part], dim=1) for part in self.slices], 1)

    def advance(self) -> None:
        """Attempt one step with every network."""
        import torch

        h, k1 = self.h[:, None], self.slope
        k2 = self._evaluate(torch.addcmul(self.theta, k1, h / 2))[1]
        k3 = self._evaluate(torch.addcmul(self.theta, k2, 0.75 * h))[1]
        moved = torch.addcmul(self.theta, k1.mul(2).add_(k2, alpha=3).add_(k3, alpha=4), h / 9)
        loss, k4 = self._evaluate(moved)
        # the difference of both orders is h/72 (-5 k1 + 6 k2 + 8 k3 - 9 k4)
        error = self._sizes(k2.mul_(6).add_(k1, alpha=-5).add_(k3, alpha=8).add_(k4, alpha=-9)) * (h / 72)
        distance = self._sizes(moved - self.start)
        scale = self.rtol * torch.maximum(distance, h * self._sizes(k1))
        ratio = torch.nan_to_num((error / scale.clamp(min=1e-300)).amax(1), nan=1e10, posinf=1e10)
        accepted = torch.isfinite(loss) & (ratio <= 1) & (self.loss > self.stop)
        if accepted.all():
            self.theta, self.slope, self.loss = moved, k4, loss
        else:
            column = accepted[:, None]
            self.theta, self.slope = torch.where(column, moved, self.theta), torch.where(column, k4, self.slope)
            self.loss = torch.where(accepted, loss, self.loss)
        self.time = self.time + torch.where(accepted, self.h, 0.0)
        self.sup = torch.where(accepted[:, None], torch.maximum(self.sup, distance / self.sizes), self.sup)
        self.h = self.h * (0.9 * ratio.clamp(min=1e-10) ** (-1 / 3)).clamp(0.2, 4.0)
        self.steps = self.steps + 1

    def keep(self, alive: Any) -> None:
        """Go on with some of the networks."""
        for name in ("theta", "start", "y", "sizes", "loss", "slope", "h", "time", "sup", "steps"):
            setattr(self, name, getattr(self, name)[alive])
