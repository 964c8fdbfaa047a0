"""Where the parameters of a neuron lie in the flat theta: its row of incoming weights, its bias, its column of outgoing weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from theory.models import AbstractNetwork, Convolutional, FullyConnected, TwoLayer, TwoLayerCNN

_MODELS = "TwoLayer, FullyConnected (two layers or more), TwoLayerCNN or Convolutional"


@dataclass(frozen=True, eq=False)
class Wiring:
    """Index arrays of one hidden layer of m neurons (channels of a CNN).

    ``incoming`` (m, k) lists each neuron's weights and, last, its ``biases`` (m, k'): one, none, or one for every position of a CNN that
    does not share them. ``outgoing`` (m, t) lists the outgoing weights, ``next_bias`` (t,) the bias that each of them is added to, or
    None.
    """

    incoming: np.ndarray
    biases: np.ndarray
    outgoing: np.ndarray
    next_bias: np.ndarray | None

    @property
    def has_bias(self) -> bool:
        """Whether the neurons of this layer have biases."""
        return self.biases.shape[1] > 0

    @property
    def width(self) -> int:
        """The number of neurons of this layer."""
        return len(self.incoming)


def hidden_widths(model: AbstractNetwork) -> tuple[int, ...]:
    """Widths of the hidden layers. Raises TypeError for a model without any."""
    match model:
        case TwoLayer():
            return (model.width,)
        case TwoLayerCNN():
            return (model.kernels,)
        case Convolutional():
            return model.channels
        case FullyConnected() if model.depth >= 2:
            return model.widths[1:-1]
    raise TypeError(f"model must be {_MODELS}, got {model!r}")


def check_place(model: AbstractNetwork, layer: int, neuron: int | None = None) -> None:
    """Raises ValueError when there is no such hidden layer (from 1) or neuron (from 0)."""
    widths = hidden_widths(model)
    if not _is_integer(layer) or not 1 <= layer <= len(widths):
        raise ValueError(f"layer must be a hidden layer from 1 to {len(widths)} of {model}, got {layer!r}")
    if neuron is not None and not (_is_integer(neuron) and 0 <= neuron < widths[layer - 1]):
        raise ValueError(f"neuron must be from 0 to {widths[layer - 1] - 1} in layer {layer} of {model}, got {neuron!r}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def widened(model: AbstractNetwork, layer: int, extra: int) -> AbstractNetwork:
    """The model with ``extra`` neurons more (or, negative, fewer) in hidden ``layer``."""
    check_place(model, layer)
    match model:
        case TwoLayer():
            return replace(model, width=model.width + extra)
        case TwoLayerCNN():
            return replace(model, kernels=model.kernels + extra)
        case Convolutional():
            channels = list(model.channels)
            channels[layer - 1] += extra
            return replace(model, channels=tuple(channels))
        case FullyConnected():
            widths = list(model.widths)
            widths[layer] += extra
            return replace(model, widths=tuple(widths))
    raise TypeError(f"model must be {_MODELS}, got {model!r}")


@lru_cache(maxsize=512)
def wiring(model: AbstractNetwork, layer: int) -> Wiring:
    """The index arrays of hidden ``layer`` (from 1)."""
    check_place(model, layer)
    index = model.unpack(np.arange(model.n_params))
    match model:
        case TwoLayer():
            weights, biases = index["input_weights"], index.get("input_biases")
            outgoing, next_bias = index["output_weights"].T, index.get("output_bias")
        case TwoLayerCNN():
            weights, biases = index["kernels"], index.get("biases")
            outgoing, next_bias = index["output_weights"], index.get("output_bias")
            next_bias = None if next_bias is None else np.repeat(next_bias, outgoing.shape[1])
        case Convolutional():
            weights, biases = index[f"K{layer}"], index[f"b{layer}"]
            last = layer == model.hidden_layers
            following, next_bias = (index["W"], index["b"]) if last else (index[f"K{layer + 1}"], index[f"b{layer + 1}"])
            outgoing = following.swapaxes(0, 1).reshape(len(weights), -1)
            next_bias = np.repeat(next_bias, following.shape[-1])
        case _:
            weights, biases = index[f"W{layer}"], index.get(f"b{layer}")
            outgoing, next_bias = index[f"W{layer + 1}"].T, index.get(f"b{layer + 1}")
    width = len(weights)
    biases = np.zeros((width, 0), dtype=int) if biases is None else biases.reshape(width, -1)
    return Wiring(np.concatenate([weights.reshape(width, -1), biases], axis=1), biases, outgoing, next_bias)


@lru_cache(maxsize=512)
def kept(narrow: AbstractNetwork, wide: AbstractNetwork) -> np.ndarray:
    """For every parameter of ``narrow`` its place in ``wide``, new neurons coming last in their layers."""
    index, places = wide.unpack(np.arange(wide.n_params)), []
    for name, shape in narrow.shapes.items():
        places.append(index[name][tuple(slice(0, size) for size in shape)].ravel())
    return np.concatenate(places)


def layers(model: AbstractNetwork) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """(indices of W_l (m_l, m_(l-1)), indices of b_l (m_l,) or None) for l = 1 .. L of a fully connected network."""
    index = model.unpack(np.arange(model.n_params))
    if isinstance(model, TwoLayer):
        return [(index["input_weights"], index.get("input_biases")), (index["output_weights"], index.get("output_bias"))]
    if isinstance(model, FullyConnected):
        return [(index[f"W{l}"], index.get(f"b{l}")) for l in range(1, model.depth + 1)]
    raise TypeError(f"model must be TwoLayer or FullyConnected, got {model!r}")
