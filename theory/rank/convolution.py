r"""One convolutional function in three networks: with shared kernels, without sharing, and fully connected.

f(x) = sum over kernels l and positions q of outputs[l, q] sigma(kernels[l] . patch_q(x) [+ biases[l]]). Sources: arXiv:2211.11623v1,
section 4 and Tables 4 to 8; arXiv:2406.18035v1, Theorems 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.draws import pack_known, signs
from theory.models import TwoLayer, TwoLayerCNN

ARCHITECTURES = ("shared", "unshared", "fully-connected")


@dataclass(frozen=True)
class ConvolutionalTarget:
    """A function of ``model``, a network with shared kernels, whose output bias is 1 where it has one.

    ``kernels`` (k, entries), ``outputs`` (k, positions) and ``biases`` (k,) are integers; the biases count where ``model`` has them.
    """

    model: TwoLayerCNN
    kernels: np.ndarray
    outputs: np.ndarray
    biases: np.ndarray

    def neurons(self, *, used: bool = True) -> Iterator[tuple[np.ndarray, Any, Any]]:
        """(w, b, a) on all inputs for every kernel and position; with ``used`` only where a is not 0."""
        for l, q in np.ndindex(self.outputs.shape):
            if self.outputs[l, q] or not used:
                w = np.zeros(self.model.input_size, int)
                w[self.model.patches[q]] = self.kernels[l]
                yield w, self.biases[l], self.outputs[l, q]

    def realize(self, architecture: str, *, prune: bool = True, spare: int = 0) -> tuple[TwoLayer | TwoLayerCNN, np.ndarray]:
        """(network, theta) in one of :data:`ARCHITECTURES`, with ``spare`` null kernels or neurons.

        With ``prune`` a neuron that is not used, or a kernel without any output weight, has no weights: the point of least rank. Otherwise
        it keeps those of its kernel.
        """
        model = self.model
        pad = lambda values: np.concatenate([values, np.zeros((spare, *np.shape(values)[1:]), int)])
        biases: dict[str, Any] = dict(bias=model.bias, output_bias=model.output_bias)
        if architecture == "fully-connected":
            neurons = list(self.neurons(used=prune))
            w = pad(np.array([w for w, _, _ in neurons], int).reshape(-1, model.input_size))
            b, a = (pad(np.array([neuron[place] for neuron in neurons], int)) for place in (1, 2))
            network = TwoLayer(model.input_size, len(a), **biases)
            return network, pack_known(network, input_weights=w, input_biases=b, output_weights=a[None], output_bias=[1])
        K, b, a = pad(self.kernels), pad(self.biases), pad(self.outputs)
        network = TwoLayerCNN(model.inputs, model.kernel, len(K), model.stride, sharing=architecture == "shared", **biases)
        if network.sharing and prune:
            used = (a != 0).any(axis=1)
            K, b = K * used[:, None], b * used
        if not network.sharing:
            own = (a != 0) | (not prune)
            K, b = K[:, None] * own[..., None], b[:, None] * own
        return network, pack_known(network, kernels=K, biases=b, output_weights=a, output_bias=[1])


def standing_alone(model: TwoLayerCNN, outputs: Mapping[tuple, Any], architecture: str) -> tuple[TwoLayer | TwoLayerCNN, np.ndarray]:
    """(network, theta), "unshared" or "fully-connected", in which every neuron {(w on all inputs, b): output} stands once.

    An output bias is 1. Without sharing each has a kernel of its own, at the first position whose patch holds it; raises ValueError where
    no patch does.
    """
    biases: dict[str, Any] = dict(bias=model.bias, output_bias=model.output_bias)
    w, b = np.array([key[:-1] for key in outputs]).reshape(-1, model.input_size), [key[-1] for key in outputs]
    a = np.array(list(outputs.values()))
    if architecture == "fully-connected":
        network = TwoLayer(model.input_size, len(a), **biases)
        return network, pack_known(network, input_weights=w, input_biases=b, output_weights=a[None], output_bias=[1])
    positions, entries = model.patches.shape
    kernels, own, weights = (
        np.zeros((len(a), positions, entries), w.dtype),
        np.zeros((len(a), positions), w.dtype),
        np.zeros((len(a), positions), a.dtype),
    )
    for l, neuron in enumerate(w):
        q = next((q for q, patch in enumerate(model.patches) if set(np.flatnonzero(neuron)) <= set(patch)), None)
        if q is None:
            raise ValueError(f"outputs must be of neurons that see one patch of {model}, got {neuron.tolist()}")
        kernels[l, q], own[l, q], weights[l, q] = neuron[model.patches[q]], b[l], a[l]
    network = TwoLayerCNN(model.inputs, model.kernel, len(a), model.stride, sharing=False, **biases)
    return network, pack_known(network, kernels=kernels, biases=own, output_weights=weights, output_bias=[1])


def generic_kernels(model: TwoLayerCNN, rng: np.random.Generator) -> np.ndarray:
    """Integer kernels (kernels, entries) without zeros, so that none is a translate of another; distinct up to sign."""
    kernels = signs(rng, (model.kernels, model.patches.shape[1]))
    kernels[:, 0] = 5 + np.arange(model.kernels)
    return kernels


def draw_target(
    model: TwoLayerCNN,
    rng: np.random.Generator,
    *,
    zeros: int = 0,
    idle: int = 0,
    kernels: Callable[[TwoLayerCNN, np.random.Generator], np.ndarray] = generic_kernels,
) -> ConvolutionalTarget:
    """A target with biases from 1 to 4, whose last ``idle`` kernels have no output.

    Of the others ``zeros`` output weights vanish, not all of one kernel.
    """
    outputs = signs(rng, (model.kernels, len(model.patches)))
    outputs[model.kernels - idle :] = 0
    free = [(l, q) for l in range(model.kernels - idle) for q in range(1, len(model.patches))]
    for place in rng.permutation(len(free))[:zeros]:
        outputs[free[place]] = 0
    return ConvolutionalTarget(model, kernels(model, rng), outputs, rng.integers(1, 5, model.kernels))


def two_kernels(inputs: int, entries: int, first: Sequence[int], second: Sequence[int]) -> ConvolutionalTarget:
    """The two kernels ``first`` and ``second`` without biases, output weights 1, 2, ..., distinct at every position."""
    model = TwoLayerCNN(inputs, entries, 2)
    outputs = np.arange(1, 2 * len(model.patches) + 1).reshape(2, -1)
    return ConvolutionalTarget(model, np.array([first, second]), outputs, np.zeros(2, int))
