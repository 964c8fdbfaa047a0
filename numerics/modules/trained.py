"""Trained networks of users, from torch modules or state dicts, as networks of :mod:`theory.models` with their parameters.

A network that cannot be read as one is refused with the reason: all that is proved about it afterwards is about this reading.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.modules.deepening import layers_from_state
from numerics.modules.reading import AGREEMENT, Chain, changed, checked_parameters, flat, outputs_of, step_of
from numerics.modules.reading import layers_of as modules_of
from numerics.modules.residual import block_class, insert_block, take_block
from theory.activations import Activation, activation
from theory.lifting.residual import ResidualNetwork
from theory.models import FullyConnected, TwoLayer

Network = TwoLayer | FullyConnected | ResidualNetwork


class NoNetwork(ValueError):
    """A module that is no chain of linear layers and activations as the networks of theory.models are."""


def network_of_module(module: Any) -> tuple[Network, np.ndarray]:
    """``module`` as a network, and its parameters (P,) in their order and number type.

    Expected is a (nested) ``torch.nn.Sequential`` of linear layers with one known activation between each two, biases in all hidden
    layers or in none, at most one residual block, every parameter trained and at one place. Raises TypeError for what is no module and,
    with the layer, :class:`NoNetwork` for another one, ValueError for parameters that are not finite real numbers of at least single
    precision.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"expected a torch.nn.Module, got {type(module).__name__}")
    parameters = checked_parameters(module)
    if any(changed(layer) for layer in module.modules()):
        raise NoNetwork("the module has hooks, parametrizations or a forward of its own that its layers do not show")
    frozen = [name for name, parameter in module.named_parameters() if not parameter.requires_grad]
    if frozen:
        raise NoNetwork(f"parameter {frozen[0]!r} is frozen (requires_grad is False), and the Hessian is one in all parameters")
    steps: list[Any] = []
    block: Any = None
    for place, layer in enumerate(modules_of(module)):
        if type(layer) is block_class():
            if block is not None:
                raise NoNetwork("expected one residual block, got several")
            if steps and isinstance(steps[-1], tuple):
                raise NoNetwork(f"layer {place}: expected a residual block at the input or behind an activation, got one behind a Linear")
            block = sum(isinstance(step, tuple) for step in steps), layer
            continue
        step = step_of(layer)
        if step is None:
            kind = type(layer).__name__
            raise NoNetwork(
                f"layer {place} ({kind}) is not read: expected a Sequential of Linear layers and activations that are known here"
            )
        steps += [step] if step != () else []
    names: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if first := names.get(id(parameter)):
            raise NoNetwork(f"parameter {name!r} is {first!r} once more: a layer that is used twice is not read")
        names[id(parameter)] = name
    kinds = {parameter.dtype for parameter in parameters.values()}
    dtype = np.float32 if kinds == {torch.float32} else np.float64
    if block is None:
        return _uniform(Chain(tuple(steps))), flat(parameters).astype(dtype)
    after, layer = block
    inner = {id(parameter) for parameter in layer.parameters()}
    rest = {name: parameter for name, parameter in parameters.items() if id(parameter) not in inner}
    R, c = (part.detach().cpu().numpy() for part in (layer.inner.weight, layer.inner.bias))
    sigma = step_of(layer.activation)
    if not hasattr(sigma, "jet"):
        raise NoNetwork(f"expected an activation that is known here in the residual block, got {type(layer.activation).__name__}")
    network, theta = insert_block(_uniform(Chain(tuple(steps))), flat(rest).astype(dtype), (after, R, c), sigma)
    return network, theta.astype(dtype)


def check_outputs(network: Network, theta: np.ndarray, module: Any, x: np.ndarray) -> None:
    """Raise ValueError where ``network`` at ``theta``, read from ``module``, has other outputs than it on ``x`` (n, inputs): hooks, say,
    make a difference that types do not show.
    """
    outputs = outputs_of(module, checked_parameters(module), x)
    found = network(theta.astype(float), x.astype(float))
    if found.shape != outputs.shape or not np.abs(found - outputs).max() <= AGREEMENT * (1 + np.abs(outputs).max()):
        raise ValueError(f"the outputs of the module are not those of {network} with its parameters: it has hooks or parametrizations")


def network_of_state(state: dict[str, np.ndarray], sigma: Activation | str) -> tuple[Network, np.ndarray]:
    """The network of a Sequential's state dict ("0.weight", "0.bias", "2.weight", ...), ``sigma`` between its layers; parameters (P,).

    A layer without a bias in the state has none; one residual block may be among them. Raises ValueError where a tensor does not fit or is
    not finite.
    """
    state, block = take_block(state)
    prefix, layers = layers_from_state(state, sigma)
    numbers = sorted({int(key[len(prefix) :].partition(".")[0]) for key in state})
    steps: list[Any] = []
    parts = []
    for place, number in enumerate(numbers):
        biased = f"{prefix}{number}.bias" in state
        steps += [*([layers.activations[place - 1]] if place else []), (*layers.weights[place].shape, biased)]
        parts += [state[f"{prefix}{number}.weight"].ravel(), *([state[f"{prefix}{number}.bias"]] if biased else [])]
    network, theta = _uniform(Chain(tuple(steps))), np.concatenate(parts)
    return (network, theta) if block is None else insert_block(network, theta, block, activation(sigma))


def _uniform(chain: Chain) -> TwoLayer | FullyConnected:
    """``chain`` as a network of theory.models; ValueError where it is none."""
    if len(chain.steps) == 1 and chain.linear:
        return FullyConnected((chain.inputs, chain.outputs), bias=chain.linear[0][2])
    found = chain.uniform() if chain.linear else None
    if found is None:
        kinds = ", ".join("Linear" if isinstance(step, tuple) else step.name for step in chain.steps) or "none"
        raise NoNetwork(
            f"expected Linear layers, one and the same activation between each two, biases in all hidden or in none, got {kinds}"
        )
    return found
