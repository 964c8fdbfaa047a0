"""A network spelled out: which parameter stands at which place of which layer.

Shared kernels and pooled positions appear as repeated indices, a factorization as two linear layers; so one description covers all models
with layers, in a form that a reader without this code can follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.models.factorizations import MatrixFactorization
from theory.models.networks import AbstractModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN

Places = list[list[int | None]]


@dataclass(frozen=True)
class Layer:
    """``weights[i][j]`` is the index in theta of the weight from j to i, ``biases[i]`` of the bias of i; None where there is none."""

    weights: Places
    biases: list[int | None]


def layers(model: AbstractModel) -> list[Layer]:
    """The layers of ``model``, first to last. Raises TypeError for a model without layers.

    A factorization left @ right acts on the unit vectors e_j and gives the entries (i, j) as outputs i.
    """
    index = {name: part.tolist() for name, part in model.unpack(np.arange(model.n_params)).items()}
    match model:
        case MatrixFactorization():
            return [_layer(index["right"], None), _layer(index["left"], None)]
        case TwoLayer():
            return [
                _layer(index["input_weights"], index.get("input_biases")),
                _layer(index["output_weights"], index.get("output_bias")),
            ]
        case FullyConnected():
            return [_layer(index[f"W{l}"], index.get(f"b{l}")) for l in range(1, model.depth + 1)]
        case TwoLayerCNN():
            return _convolution(model, index)
        case PooledCNN():
            shared = [[output] * len(model.convolution.patches) for output in index["output_weights"]]
            return _convolution(model.convolution, {**index, "output_weights": shared})
    raise TypeError(f"layers are known for factorizations and networks, got {model!r}")


def _layer(weights: Places, biases: list[int | None] | None) -> Layer:
    return Layer(weights, biases if biases is not None else [None] * len(weights))


def _convolution(model: TwoLayerCNN, index: dict) -> list[Layer]:
    weights, biases, outputs = [], [], []
    for l in range(model.kernels):
        for p, patch in enumerate(model.patches.tolist()):
            own = index["kernels"][l] if model.sharing else index["kernels"][l][p]
            entries = dict(zip(patch, own, strict=True))
            weights.append([entries.get(j) for j in range(model.input_size)])
            if model.bias:
                biases.append(index["biases"][l] if model.sharing else index["biases"][l][p])
            outputs.append(index["output_weights"][l][p])
    return [_layer(weights, biases if model.bias else None), _layer([outputs], index.get("output_bias"))]
