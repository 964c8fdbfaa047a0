"""Wide networks on few samples: losses and gradients in closed form by matrix products, one network at a time.

With a width of thousands and a handful of samples one network fills a nearer cache and a batch of them does not, so on a CPU the networks
of a batch are taken one after the other, each through all steps up to the next check; on a GPU all are taken at once. Layers are matrix
products in float64; the slope of the activation takes the place of its value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.train.flow import FlowSession
from numerics.train.general import TorchSession
from numerics.train.losses import MSE, loss_value, output_slopes
from numerics.train.methods import GradientFlow, Method
from numerics.train.problem import Problem
from numerics.train.session import Look
from theory.activations import activation
from theory.models import FullyConnected, TwoLayer

#: Networks of up to so many parameters are taken together on a CPU too: calls would take longer than their arithmetic.
SMALL = 4096
#: From this width on, and up to this many samples, "auto" takes this path before the general one.
WIDE, FEW = 500, 64


def _one_or_half(z: Any) -> Any:
    """1 where z > 0, 1/2 elsewhere: the slope of the leaky ReLU, at z or at its value."""
    return (z > 0).to(z.dtype).add_(1).mul_(0.5)


#: value(z) in place, and the slope from the value h, in place.
ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "relu": (lambda z: z.clamp_(min=0), lambda h: h.sign_()),
    "leaky": (lambda z: z.mul_(_one_or_half(z)), _one_or_half),
    "tanh": (lambda z: z.tanh_(), lambda h: h.mul_(h).neg_().add_(1)),
    "sigmoid": (lambda z: z.sigmoid_(), lambda h: h.sub_(h * h)),
    "identity": (lambda z: z, lambda h: h.fill_(1)),
}


@dataclass(frozen=True)
class Layer:
    """Where the weights and the bias of one layer lie in theta; ``bias`` is None where there is none.

    Weights (outputs, inputs) are kept turned, as (inputs, outputs), where there are more outputs than inputs: a product with few samples
    is fast where the longer side of its result is its last one.
    """

    start: int
    outputs: int
    inputs: int
    bias: int | None

    @property
    def turned(self) -> bool:
        """Whether the weights are kept as (inputs, outputs)."""
        return self.outputs > self.inputs

    @property
    def place(self) -> slice:
        """Where the weights lie in theta, turned or not."""
        return slice(self.start, self.start + self.outputs * self.inputs)

    def kept(self, theta: Any) -> Any:
        """A view of the weights as they are kept, (..., inputs, outputs) or (..., outputs, inputs)."""
        sizes = (self.inputs, self.outputs) if self.turned else (self.outputs, self.inputs)
        return theta[..., self.place].unflatten(-1, sizes)

    def applied(self, theta: Any, x: Any) -> Any:
        """W x + b for the samples ``x`` (..., n, inputs)."""
        import torch

        z = torch.matmul(x, self.kept(theta) if self.turned else self.kept(theta).mT)
        return z if self.bias is None else z.add_(theta[..., None, self.bias : self.bias + self.outputs])

    def back(self, theta: Any, slopes: Any) -> Any:
        """W^T of ``slopes`` (..., n, outputs)."""
        import torch

        return torch.matmul(slopes, self.kept(theta).mT if self.turned else self.kept(theta))

    def write(self, out: Any, slopes: Any, x: Any) -> None:
        """Put sum_i slopes_i x_i^T, and the sum of the slopes for the bias, into their places in ``out``."""
        import torch

        first, second = (x.mT, slopes) if self.turned else (slopes.mT, x)
        if out.ndim == 1:
            torch.mm(first, second, out=self.kept(out))
        else:
            self.kept(out).copy_(torch.matmul(first, second))
        if self.bias is not None:
            out[..., self.bias : self.bias + self.outputs] = slopes.sum(-2)


def layers_of(model: Any) -> tuple[Layer, ...]:
    """The layers of a TwoLayer or FullyConnected model, the first first. Raises ValueError for other models."""
    if type(model) not in (TwoLayer, FullyConnected):  # a subclass may compute something else
        raise ValueError(f"model must be a TwoLayer or a FullyConnected network, got {model!r}")
    places, offset = {}, 0
    for name, shape in model.shapes.items():
        places[name] = (offset, shape)
        offset += math.prod(shape)
    if isinstance(model, TwoLayer):
        names = [("input_weights", "input_biases"), ("output_weights", "output_bias")]
    else:
        names = [(f"W{k}", f"b{k}") for k in range(1, model.depth + 1)]
    layers = []
    for weights, bias in names:
        start, (outputs, inputs) = places[weights]
        layers.append(Layer(start, outputs, inputs, places[bias][0] if bias in places else None))
    return tuple(layers)


def reason_against(model: Any) -> str | None:
    """Why losses and gradients of ``model`` are not written out here, or None."""
    if type(model) not in (TwoLayer, FullyConnected):
        return "the model is no TwoLayer or FullyConnected network"
    sigma = activation(model.activation)
    if sigma.name not in ACTIVATIONS or sigma is not activation(sigma.name):  # a name alone may be another function's
        return f"the activation {sigma.name} is none of {', '.join(ACTIVATIONS)}"
    return None


def largest_width(model: TwoLayer | FullyConnected) -> int:
    """The number of neurons of the widest hidden layer, 0 without one."""
    return max((layer.inputs for layer in layers_of(model)[1:]), default=0)


class WideNetwork:
    """Losses and gradients of one model; theta is turned by :meth:`inward` first, and back by :meth:`outward`.

    Raises ValueError for a model that is not written out here.
    """

    def __init__(self, model: TwoLayer | FullyConnected, loss: str = MSE) -> None:
        self.loss = loss
        if reason := reason_against(model):
            raise ValueError(f"model must be written out in closed form, but {reason}")
        self.layers = layers_of(model)
        self.value, self.slope = ACTIVATIONS[activation(model.activation).name]

    def inward(self, theta: np.ndarray) -> np.ndarray:
        """``theta`` (..., P) of the model as it is kept here."""
        return self._turned(theta, inward=True)

    def outward(self, theta: np.ndarray) -> np.ndarray:
        """``theta`` (..., P) as the model has it."""
        return self._turned(theta, inward=False)

    def _turned(self, theta: np.ndarray, *, inward: bool) -> np.ndarray:
        found = np.array(theta)
        for layer in self.layers:
            if layer.turned:
                rows, columns = (layer.outputs, layer.inputs) if inward else (layer.inputs, layer.outputs)
                weights = theta[..., layer.place].reshape(*theta.shape[:-1], rows, columns)
                found[..., layer.place] = weights.swapaxes(-1, -2).reshape(*theta.shape[:-1], -1)
        return found

    def evaluate(self, theta: Any, X: Any, Y: Any, weights: Any, gradient: bool = True) -> tuple[Any, Any]:
        """Losses sum_i weight_i loss(f(x_i), y_i) (b,) and their gradients (b, P), or None, of torch tensors in float64.

        theta (b, P); X (n, d) or (b, n, d), Y (n, o) or (b, n, o), weights (n,) or (b, n).
        """
        import torch

        with torch.no_grad():
            gradients = torch.empty_like(theta) if gradient else None
            if theta.is_cuda or theta.shape[1] <= SMALL:
                return self._one(theta, X, Y, weights, gradients), gradients
            losses = torch.empty(len(theta), dtype=theta.dtype)
            for b in range(len(theta)):
                x, y, w = (array[b] if array.ndim > axes else array for array, axes in ((X, 2), (Y, 2), (weights, 1)))
                losses[b] = self._one(theta[b], x, y, w, None if gradients is None else gradients[b])
            return losses, gradients

    def _one(self, theta: Any, X: Any, Y: Any, weights: Any, out: Any) -> Any:
        """The loss of ``theta`` (..., P); its gradient is written to ``out`` unless that is None."""
        seen = [X]
        for layer in self.layers[:-1]:
            seen.append(self.value(layer.applied(theta, seen[-1])))
        output = self.layers[-1].applied(theta, seen[-1])
        loss = loss_value(self.loss, output, Y, weights)
        if out is not None:
            slopes = output_slopes(self.loss, output, Y, weights)
            for k in range(len(self.layers) - 1, -1, -1):
                self.layers[k].write(out, slopes, seen[k])
                if k:  # the value is no longer needed, its place takes the slope
                    slopes = self.layers[k].back(theta, slopes).mul_(self.slope(seen[k]))
        return loss


class WideSession(TorchSession):
    """First-order methods with gradients in closed form."""

    path = "wide"

    def __init__(self, problem: Problem, method: Method, state: dict[str, np.ndarray], device: str = "cpu") -> None:
        self.network = WideNetwork(problem.model, problem.loss)
        turned = {name: self.network.inward(array) for name, array in state.items()}
        super().__init__(replace(problem, theta=self.network.inward(problem.theta)), method, turned, device)
        self.evaluate = self.network.evaluate

    def advance(self, steps: int) -> None:
        """Make ``steps`` steps with every network: all of one network's while it is in the cache, then the next one's."""
        if self.theta.is_cuda or self.theta.shape[1] <= SMALL:
            return super().advance(steps)
        for b in range(len(self.theta)):
            TorchSession.advance(self._only(slice(b, b + 1)), steps)

    def _only(self, networks: slice) -> WideSession:
        """A session of some of the networks, on views of their numbers, so that its steps are theirs."""
        part = copy(self)
        part.theta, part.steps, part.rate, part.seed = (array[networks] for array in (self.theta, self.steps, self.rate, self.seed))
        part.state = {name: tensor[networks] for name, tensor in self.state.items()}
        part.X = self.X[networks] if self.X.ndim == 3 else self.X
        part.Y = self.Y[networks] if self.Y.ndim == 3 else self.Y
        part.weights = self.weights[networks] if self.weights.ndim == 2 else self.weights
        return part

    def look(self) -> Look:
        """Where every network is, as the model has it."""
        found = super().look()
        return found._replace(theta=self.network.outward(found.theta))

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, P)."""
        return {name: self.network.outward(array) for name, array in super().remembered().items()}


class WideFlowSession(FlowSession):
    """Gradient flow with gradients in closed form; what it remembers has no order of parameters."""

    path = "wide"

    def __init__(self, problem: Problem, method: GradientFlow, state: dict[str, np.ndarray], device: str = "cpu") -> None:
        self.network = WideNetwork(problem.model, problem.loss)
        turned = replace(problem, theta=self.network.inward(problem.theta))
        super().__init__(turned, method, state, device, evaluate=self.network.evaluate)

    def look(self) -> Look:
        """Where every network is, as the model has it."""
        found = super().look()
        return found._replace(theta=self.network.outward(found.theta))
