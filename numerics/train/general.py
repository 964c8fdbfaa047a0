"""The general path: any model in torch, CPU or CUDA, every network's loss differentiated in one backward pass.

Models of ``theory`` broadcast over leading axes, so the gradient of the sum of all losses holds every network's gradient;
functional models f(theta, x) go through ``torch.func.vmap``.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from numerics.train.losses import loss_value
from numerics.train.methods import Adam, Dropout, GaussNewton, LevenbergMarquardt, Method, Momentum, StochasticGradientDescent
from numerics.train.problem import Problem
from numerics.train.session import Look, PathUnavailable
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN


@contextlib.contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Run torch on ``threads`` threads: two contended ones make small batches ten times slower than one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class TorchSession:
    """First-order methods on the whole batch; ``advance`` makes steps, ``look`` tells where every network is."""

    path = "torch"

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], device: str = "cpu") -> None:
        import torch

        tensor = lambda array: torch.as_tensor(array, dtype=torch.float64, device=device)
        self.method, self.model, self.device = method, problem.model, device
        self.theta = tensor(problem.theta).clone()
        self.steps = tensor(problem.steps)
        self.rate = tensor(problem.learning_rate)[:, None]
        self.X, self.Y, self.weights = tensor(problem.X), tensor(problem.Y), tensor(problem.weights)
        self.X_batched = problem.X_batched
        self.evaluate = losses_and_gradients(problem)
        self.seed = problem.seed
        self.dropped = dropped_parameters(problem.model, method) if isinstance(method, Dropout) else None
        self.state = {name: tensor(array).clone() for name, array in state.items()}
        for name in method.remembers:
            self.state.setdefault(name, torch.zeros_like(self.theta))

    def advance(self, steps: int) -> None:
        """Make ``steps`` steps with every network."""
        for _ in range(steps):
            X, Y, weights = self._samples()
            if self.dropped is None:
                _, gradient = self.evaluate(self.theta, X, Y, weights)
            else:  # the loss of a mask at theta is the plain loss at theta * mask
                mask = self._mask()
                _, gradient = self.evaluate(self.theta * mask, X, Y, weights)
                gradient = gradient * mask
            self.steps += 1
            self.update(gradient)

    def update(self, gradient: Any) -> None:
        """Apply the method's rule to theta, in place; ``steps`` already counts this step."""
        method, state = self.method, self.state
        if isinstance(method, Dropout):
            method = method.method
        if isinstance(method, Momentum):
            velocity = state["velocity"].mul_(method.momentum).add_(gradient)
            gradient = gradient + method.momentum * velocity if method.nesterov else velocity
        elif isinstance(method, Adam):
            gradient = adam_direction(method, state["first_moment"], state["second_moment"], gradient, self.steps[:, None])
        self.theta -= self.rate * gradient

    def look(self) -> Look:
        """Where every network is, as numpy arrays; no network ends by itself here."""
        loss, _ = self.evaluate(self.theta, self.X, self.Y, self.weights, gradient=False)
        steps = self.steps.cpu().numpy().astype(np.int64)
        return Look(self.theta.cpu().numpy().copy(), loss.cpu().numpy(), steps, np.full(len(steps), None))

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, ...)."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.state.items()}

    def _mask(self) -> Any:
        """(b, P): 1/keep or 0 at the parameters that carry a neuron's output on, 1 at all others."""
        import torch

        assert isinstance(self.method, Dropout) and self.dropped is not None  # asked for where neurons are dropped alone
        kept = kept_neurons(self.seed, self.steps.cpu().numpy().astype(np.int64), int(self.dropped.max()) + 1, self.method.keep)
        factor = np.hstack([kept / self.method.keep, np.ones((len(kept), 1))])
        return torch.as_tensor(factor[:, self.dropped], device=self.device)

    def _samples(self) -> tuple[Any, Any, Any]:
        if not isinstance(self.method, StochasticGradientDescent):
            return self.X, self.Y, self.weights
        import torch

        samples, size = self.Y.shape[-2], min(self.method.batch_size, self.Y.shape[-2])
        order = minibatch(self.seed, self.steps.cpu().numpy().astype(np.int64), samples, size)
        index = torch.as_tensor(order, device=self.device)
        row = torch.arange(len(index), device=self.device)[:, None]
        pick = lambda array, batched: array[row, index] if batched else array[index]
        weights = pick(self.weights, self.weights.ndim == 2) * (samples / size)
        return pick(self.X, self.X_batched), pick(self.Y, self.Y.ndim == 3), weights


def adam_direction(method: Adam, first: Any, second: Any, gradient: Any, step: Any) -> Any:
    """m / (sqrt(v) + eps) after the moments took ``gradient`` in; 0 where m is 0, whatever eps is."""
    import torch

    first.mul_(method.beta1).add_((1 - method.beta1) * gradient)
    second.mul_(method.beta2).add_((1 - method.beta2) * gradient * gradient)
    m, v = first, second
    if method.bias_correction:
        m, v = m / (1 - method.beta1**step), v / (1 - method.beta2**step)
    return torch.where(m == 0, 0.0, m / (v.sqrt() + method.eps))


def losses_and_gradients(problem: Problem) -> Callable:
    """evaluate(theta, X, Y, weights, gradient=True) -> (losses (b,), gradients (b, P) or None)."""
    value = partial(loss_value, problem.loss)
    if problem.is_theory_model:
        return _by_broadcasting(problem.forward, value)
    return _by_vmap(problem.model, value)


def _by_broadcasting(forward: Callable, value: Callable) -> Callable:
    import torch

    def evaluate(theta: Any, X: Any, Y: Any, weights: Any, gradient: bool = True) -> tuple[Any, Any]:
        if not gradient:
            with torch.no_grad():
                return value(forward(theta, X), Y, weights), None
        theta = theta.detach().requires_grad_()
        loss = value(forward(theta, X), Y, weights)
        return loss.detach(), torch.autograd.grad(loss.sum(), theta)[0]

    return evaluate


def _by_vmap(model: Callable, value: Callable) -> Callable:
    import torch

    def loss(theta: Any, X: Any, Y: Any, weights: Any) -> Any:
        return value(model(theta, X), Y, weights)

    def evaluate(theta: Any, X: Any, Y: Any, weights: Any, gradient: bool = True) -> tuple[Any, Any]:
        axes = (0, 0 if is_batched(X, theta, Y, weights) else None, 0 if Y.ndim == 3 else None, 0 if weights.ndim == 2 else None)
        if not gradient:
            with torch.no_grad():
                return torch.func.vmap(loss, in_dims=axes)(theta, X, Y, weights), None
        gradients, losses = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=axes)(theta, X, Y, weights)
        return losses, gradients

    def is_batched(X: Any, theta: Any, Y: Any, weights: Any) -> bool:
        return X.ndim >= 2 and tuple(X.shape[:2]) == (len(theta), Y.shape[-2])

    return evaluate


def general_bytes(problem: Problem, method: Method) -> int:
    """Bytes that one network takes on the general path: what its backward pass keeps, twice, its data and its matrices."""
    import torch

    one = problem.take(slice(0, 1))
    kept = 0

    def count(tensor: Any) -> Any:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    tensor = lambda array, batched: torch.as_tensor(array[0] if batched else array, dtype=torch.float64)
    theta = torch.as_tensor(one.theta[0]).clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        output = problem.forward(theta, tensor(one.X, problem.X_batched))
        loss_value(problem.loss, output, tensor(one.Y, problem.Y.ndim == 3), tensor(one.weights, problem.weights.ndim == 2))
    P, residuals = len(theta), output.numel()
    numbers = (8 + len(method.remembers)) * P + one.X.size + one.Y.size + one.weights.size
    if isinstance(method, LevenbergMarquardt | GaussNewton):
        numbers += 4 * P * residuals + 3 * min(P, residuals) ** 2
        kept *= residuals
    return 8 * numbers + 2 * kept


def minibatch(seed: np.ndarray, step: np.ndarray, samples: int, size: int) -> np.ndarray:
    """Sample indices (b, size) of step number ``step`` (b,) of networks seeded ``seed`` (b,): no state, so a run can be split anywhere."""
    return minibatches(seed, step, 1, samples, size)[:, 0]


def minibatches(seed: np.ndarray, step: np.ndarray, count: int, samples: int, size: int) -> np.ndarray:
    """What :func:`minibatch` says of ``count`` steps from ``step`` (b,) on, (b, count, size); every epoch is sorted once."""
    per_epoch = samples // size
    first = step // per_epoch
    epochs = int(((step + count - 1) // per_epoch - first).max(initial=0)) + 1
    epoch = _mix((first[:, None] + np.arange(epochs)).astype(np.uint64))
    keys = _mix(_mix(seed.astype(np.uint64))[:, None, None] ^ epoch[..., None] ^ np.arange(samples, dtype=np.uint64))
    order = np.argsort(keys, axis=-1, kind="stable")[..., : per_epoch * size].reshape(len(step), epochs * per_epoch, size)
    return np.take_along_axis(order, ((step % per_epoch)[:, None] + np.arange(count))[..., None], axis=1)


def kept_neurons(seed: np.ndarray, step: np.ndarray, neurons: int, keep: float) -> np.ndarray:
    """Which neurons (b, neurons) are kept in step number ``step`` (b,) of networks seeded ``seed`` (b,); no state, as minibatches."""
    stream = _mix(seed.astype(np.uint64) ^ np.uint64(0x64726F706F757421))  # another stream than the minibatches' of the same seed
    keys = _mix(_mix(stream[:, None] ^ _mix(step.astype(np.uint64))[:, None]) ^ np.arange(neurons, dtype=np.uint64))
    return (keys >> np.uint64(11)).astype(float) * 2.0**-53 < keep


def dropped_parameters(model: Any, method: Dropout) -> np.ndarray:
    """For every parameter (P,) the number of the neuron whose output it carries on, -1 where a mask does not touch it.

    Raises PathUnavailable for models without hidden layers that are known here, ValueError for a layer that the model lacks.
    """
    if type(model) in (TwoLayer, TwoLayerCNN):  # a subclass may compute something else
        hidden, carrier = 1, "output_weights"
    elif type(model) is FullyConnected and model.depth > 1:
        hidden = model.depth - 1
        carrier = f"W{(method.layer or hidden) + 1}"
    else:
        raise PathUnavailable(f"dropout needs a network with hidden layers of theory.models, got {model}")
    if method.layer is not None and method.layer > hidden:
        raise ValueError(f"layer must be at most {hidden}, the hidden layers of {model}, got {method.layer}")
    numbers = {name: np.full(shape, -1) for name, shape in model.shapes.items()}
    shape = model.shapes[carrier]
    neurons = np.arange(math.prod(shape)).reshape(shape) if isinstance(model, TwoLayerCNN) else np.arange(shape[-1])
    numbers[carrier] = np.broadcast_to(neurons, shape)
    return model.pack(**numbers)


def _mix(value: np.ndarray) -> np.ndarray:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64-bit words whose output looks random."""
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))
