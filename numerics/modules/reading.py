"""Torch modules as networks of this package: a Sequential of linear layers and known activations is a chain.

The reading is compared with the module's own output first, as hooks and parametrizations make a difference that types do not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import Activation, PiecewiseActivation, activation
from theory.models import AbstractModel, FullyConnected, Shape, TwoLayer, as_container

#: Largest relative difference between a module and its reading: single precision rounds at 6e-8 an operation, deep nets add up.
AGREEMENT = 1e-4
#: The same for a copy in double precision.
IN_DOUBLE = 1e-9
#: The pre-activation from which on torch replaces the softplus by its argument.
SOFTPLUS_THRESHOLD = 20
#: Distance from a kink, relative to the values of the layer, below which a chain is not taken.
NEAR = 1e-6


@dataclass(frozen=True)
class Chain(AbstractModel):
    """Linear layers and activations one after another; ``steps`` holds (outputs, inputs, has bias) or an activation."""

    steps: tuple[tuple[int, int, bool] | Activation, ...]

    @property
    def linear(self) -> list[tuple[int, int, bool]]:
        """The linear steps alone, in order: (outputs, inputs, has bias) each."""
        return [step for step in self.steps if isinstance(step, tuple)]

    @property
    def inputs(self) -> int:
        """The inputs of the first linear layer."""
        return self.linear[0][1]

    @property
    def outputs(self) -> int:
        """The outputs of the last linear layer."""
        return self.linear[-1][0]

    @property
    def rational(self) -> bool:
        return all(step.rational for step in self.steps if not isinstance(step, tuple))

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for l, (outputs, inputs, biased) in enumerate(self.linear, 1):
            shapes[f"W{l}"] = (outputs, inputs)
            if biased:
                shapes[f"b{l}"] = (outputs,)
        return shapes

    def __call__(self, theta: Any, x: Any) -> Any:
        parts, features, l = self.unpack(theta), as_container(x), 0
        for step in self.steps:
            if not isinstance(step, tuple):
                features = step(features)
                continue
            l += 1
            features = features @ parts[f"W{l}"].swapaxes(-1, -2)
            if step[2]:
                bias = parts[f"b{l}"]
                features = features + bias.reshape(tuple(bias.shape[:-1]) + (1, bias.shape[-1]))
        return features

    def uniform(self) -> FullyConnected | TwoLayer | None:
        """The same network as a model of theory.models, where activations and biases are those of one."""
        hidden, activations = self.linear[:-1], [step for step in self.steps if not isinstance(step, tuple)]
        alternating = [isinstance(step, tuple) for step in self.steps] == [True, False] * len(hidden) + [True]
        if not hidden or not alternating or len({sigma.name for sigma in activations}) != 1 or len({biased for *_, biased in hidden}) != 1:
            return None
        sigma, bias, output_bias = activations[0], hidden[0][2], self.linear[-1][2]
        if len(hidden) == 1:  # the same order of parameters, and more is known about it
            return TwoLayer(self.inputs, hidden[0][0], self.outputs, sigma, bias=bias, output_bias=output_bias)
        widths = (self.inputs, *(outputs for outputs, *_ in self.linear))
        return FullyConnected(widths, sigma, bias=bias, output_bias=output_bias)


def check_shapes(module: Any) -> None:
    """Raise ValueError for a module with a lazy layer, whose parameters have no shape yet."""
    import torch

    for name, parameter in module.named_parameters():
        if torch.nn.parameter.is_lazy(parameter):
            raise ValueError(f"parameter {name!r} has no shape yet (a lazy layer): call the module once on inputs, then give it")


def checked_parameters(module: Any) -> dict[str, Any]:
    """The parameters with requires_grad, by name; ValueError for layers and numbers whose tangents mean nothing."""
    import torch

    parameters = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    if not parameters:
        raise ValueError("module has no parameters with requires_grad, so no tangents")
    check_shapes(module)
    for name, parameter in module.named_parameters():
        if parameter.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"parameter {name!r} must be float32 or float64, got {parameter.dtype}")
        if not bool(torch.isfinite(parameter).all()):
            raise ValueError(f"parameter {name!r} must be finite")
    for name, layer in module.named_modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm) and not layer.training and layer.running_mean is None:
            raise ValueError(f"layer {name!r} ({type(layer).__name__}) has no running statistics: its output depends on the batch")
    varying = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm)
    for name, layer in module.named_modules():
        if layer.training and isinstance(layer, varying):
            kind = type(layer).__name__
            raise ValueError(
                f"layer {name!r} ({kind}) is in training mode, where its output is no function of one input; call module.eval()"
            )
    return parameters


def checked_inputs(inputs: Any) -> list[np.ndarray]:
    """Samples (n, ...), or a tuple of such for a module of several inputs, as arrays; ValueError for what holds no finite real numbers."""
    arrays = [_checked_input(x) for x in (inputs if isinstance(inputs, tuple) else (inputs,))]
    if not arrays or len({len(x) for x in arrays}) > 1:
        raise ValueError(f"inputs must be arrays of as many samples each, got {[x.shape for x in arrays]}")
    return arrays


def _checked_input(inputs: Any) -> np.ndarray:
    try:
        x = inputs.detach().cpu().numpy() if hasattr(inputs, "detach") else np.asarray(inputs)
    except (TypeError, ValueError) as error:  # bfloat16 of torch, rows of several lengths
        kind = f"{inputs.dtype}" if hasattr(inputs, "dtype") else str(error)
        raise ValueError(f"inputs must be an array of real numbers of at least single precision, got {kind}") from error
    if x.ndim < 2 or not len(x):
        raise ValueError(f"inputs must have shape (n, ...) with at least one sample, got {x.shape}")
    if x.dtype.kind not in "fiu" or x.dtype == np.float16:
        raise ValueError(f"inputs must be real numbers of at least single precision, got {x.dtype}")
    if not np.isfinite(x).all():
        raise ValueError("inputs must be finite")
    return x.astype(float) if x.dtype.kind == "f" else x


def outputs_of(module: Any, parameters: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The module's own outputs (n, outputs) at ``x``; ValueError where it does not take them."""
    import torch

    dtype = next(iter(parameters.values())).dtype
    try:
        with torch.no_grad():
            outputs = module(torch.as_tensor(x, dtype=dtype))
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"inputs of shape {x.shape} do not fit the module: {error}") from error
    if not isinstance(outputs, torch.Tensor) or not outputs.dtype.is_floating_point or len(outputs) != len(x):
        raise ValueError("module must return one real tensor (n, ...), a row for every input")
    return outputs.double().numpy().reshape(len(x), -1)


def read(module: Any, x: np.ndarray) -> Chain | None:
    """``module`` as a chain, or None where it holds anything else or a frozen parameter."""
    steps: list[Any] = []
    if any(changed(layer) for layer in module.modules()):
        return None
    if x.ndim != 2 or not all(parameter.requires_grad for parameter in module.parameters()):
        return None
    for layer in layers_of(module):
        step = step_of(layer)
        if step is None:
            return None
        steps += [step] if step != () else []
    linear = [step for step in steps if isinstance(step, tuple)]
    if not all(outputs and inputs for outputs, inputs, _ in linear):  # a layer without neurons is no layer of a model
        return None
    return Chain(tuple(steps)) if linear and isinstance(steps[-1], tuple) and linear[0][1] == x.shape[1] else None


#: The attributes that hold hooks of a module.
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def changed(layer: Any) -> bool:
    """Whether hooks, of the layer or of all modules, a parametrization or a forward of its own stand between a layer and its type."""
    import torch

    everywhere = torch.nn.modules.module
    if any(getattr(layer, name, None) or getattr(everywhere, f"_global{name}", None) for name in HOOKS):
        return True
    return torch.nn.utils.parametrize.is_parametrized(layer) or "forward" in vars(layer) or "__call__" in vars(layer)


def layers_of(module: Any) -> Iterator[Any]:
    """The layers of a (nested) Sequential in order, and of any other module itself."""
    import torch

    if type(module) is torch.nn.Sequential:
        for layer in module:
            yield from layers_of(layer)
    else:
        yield module


def step_of(layer: Any) -> Any:
    """One layer as a step of a chain, () for one that does nothing, None where it is not known."""
    from torch import nn

    kind = type(layer)
    if kind is nn.Linear:
        return layer.out_features, layer.in_features, layer.bias is not None
    if kind is nn.Identity or kind is nn.Dropout and not (layer.training and layer.p):
        return ()
    if kind is nn.Flatten and (layer.start_dim, layer.end_dim) in ((1, -1), (1, 1)):
        return ()
    if kind is nn.LeakyReLU:
        return PiecewiseActivation(f"leaky:{layer.negative_slope}", (0,), ((0, Fraction(layer.negative_slope)), (0, 1)), degree=1)
    other = (
        (kind is nn.GELU and layer.approximate != "none")
        or (kind is nn.Softplus and (layer.beta, layer.threshold) != (1, SOFTPLUS_THRESHOLD))
        or (kind is nn.Hardtanh and (layer.min_val, layer.max_val) != (-1, 1))
    )
    names = {nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.Softplus: "softplus", nn.GELU: "gelu", nn.SiLU: "silu", nn.ReLU: "relu"}
    names |= {nn.Hardtanh: "hardtanh"}
    return activation(names[kind]) if kind in names and not other else None


def smooth_at(chain: Chain, theta: np.ndarray, x: np.ndarray) -> bool:
    """Whether floats show all samples (n, inputs) away from the kinks of ``chain``, and from the threshold of torch's softplus."""
    parts, features, l = chain.unpack(theta), x, 0
    for step in chain.steps:
        if isinstance(step, tuple):
            l += 1
            features = features @ parts[f"W{l}"].T + (parts[f"b{l}"] if step[2] else 0)
            continue
        if step.name == "softplus" and not (features < SOFTPLUS_THRESHOLD * (1 - NEAR)).all():
            return False
        breaks = [float(b) for b in getattr(step, "breaks", ())]
        if any((np.abs(features - b) <= NEAR * (abs(b) + np.abs(features).max())).any() for b in breaks):
            return False
        features = step(features)
    return True


def flat(parameters: dict[str, Any]) -> np.ndarray:
    """All parameters one after another, (P,)."""
    return np.concatenate([parameter.detach().cpu().double().numpy().ravel() for parameter in parameters.values()])


def agrees(chain: Chain, parameters: dict[str, Any], x: np.ndarray, outputs: np.ndarray, agreement: float = AGREEMENT) -> bool:
    """Whether the reading gives the module's outputs up to ``agreement``, relative to the largest."""
    theta = flat(parameters)
    if len(theta) != chain.n_params:
        return False
    found = chain(theta, x)
    return found.shape == outputs.shape and bool(np.abs(found - outputs).max() <= agreement * (1 + np.abs(outputs).max()))
