"""Which networks the kernels of numba know, their sizes, and data as kernels read them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.train.losses import MSE
from numerics.train.methods import Adam, GradientDescent, Method, Momentum
from numerics.train.problem import Problem
from theory.activations import activation
from theory.models import EntryModel, MatrixFactorization, TwoLayer, TwoLayerCNN, one_hot

#: Activations whose slope follows from their value.
ACTIVATIONS = ("tanh", "sigmoid", "relu", "leaky", "identity")

#: Above this many parameters a kernel's code, written out for its sizes, would take long to compile.
MOST_PARAMETERS = 4000


@dataclass(frozen=True)
class Patches:
    """A hidden layer of ``kernels`` weight vectors, each at ``positions`` places; seen[p, s] is the input at entry s of place p."""

    kernels: int
    positions: int
    entries: int
    inputs: int
    outputs: int
    sharing: bool
    bias: bool
    output_bias: bool
    activation: str
    seen: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Entries:
    """left @ right with weighted entries of a d1 x d2 matrix as data."""

    d1: int
    d2: int
    width: int


Shape = Patches | Entries


def method_parameters(method: Method) -> np.ndarray:
    """The numbers that kernels/update.h reads."""
    match method:
        case Momentum():
            values = (method.momentum, method.nesterov)
        case Adam():
            values = (method.beta1, method.beta2, method.eps, method.bias_correction)
        case _:
            values = (0.0,)
    return np.array(values, dtype=np.float64)


def kernel_shape(problem: Problem, method: Method) -> Shape | str:
    """The sizes of the problem's kernel, or the reason why no kernel fits."""
    if not isinstance(method, GradientDescent | Momentum | Adam):
        return f"kernels do not make steps of {method.name}"
    model = problem.model
    if problem.loss != MSE:
        return f"kernels written by hand have no loss {problem.loss}"
    if type(model) not in (MatrixFactorization, TwoLayer, TwoLayerCNN):  # a subclass may compute something else
        return f"there is no kernel for {type(model).__name__}"
    if model.n_params > MOST_PARAMETERS:
        return f"kernels are written for at most {MOST_PARAMETERS} parameters, the model has {model.n_params}"
    if isinstance(model, MatrixFactorization):
        return Entries(model.d1, model.d2, model.width) if problem.index is not None else "kernels measure single entries only"
    if model.activation.name not in ACTIVATIONS or model.activation is not activation(model.activation.name):
        return f"kernels know the activations {', '.join(ACTIVATIONS)}, not {model.activation.name}"
    return _patches(model)


@lru_cache(maxsize=256)
def _patches(model: Any) -> Patches:
    if isinstance(model, TwoLayer):
        seen, kernels, sharing = np.arange(model.inputs)[None], model.width, True
    else:
        seen, kernels, sharing = model.patches, model.kernels, model.sharing
    return Patches(
        kernels=kernels,
        positions=len(seen),
        entries=seen.shape[1],
        inputs=model.input_size,
        outputs=model.outputs,
        sharing=sharing,
        bias=model.bias,
        output_bias=model.output_bias,
        activation=model.activation.name,
        seen=tuple(map(tuple, seen.tolist())),
    )


@dataclass(frozen=True)
class KernelData:
    """Data as kernels read them: x (k, n * inputs), y (k, n * outputs), weight (k, n), k being B or, where shared, 1.

    ``offset`` (k,) is to be added to the losses: entries given several times are merged into their weighted mean.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray


def kernel_data(problem: Problem) -> KernelData:
    """Flat data of a problem that has a kernel; every value keeps its batch axis, shared ones get one of length 1."""
    index = entry_index(problem)
    if index is not None:
        return _entry_data(problem, index)
    flat = lambda array, batched: array.reshape(len(array) if batched else 1, -1)
    x, y = flat(problem.X, problem.X_batched), flat(problem.Y, problem.Y.ndim == 3)
    return KernelData(x, y, flat(problem.weights, problem.weights.ndim == 2), np.zeros(1))


def entry_index(problem: Problem) -> np.ndarray | None:
    """The index tuples (..., n, axes) where every sample is an entry of the model's array, else None. Raises ValueError for bad ones."""
    model = problem.model
    if problem.index is not None or not isinstance(model, EntryModel) or problem.measures:
        return problem.index
    one_hot(problem.X, model.format, problem.X)  # refuses what is no index
    return problem.X.astype(np.int64)


def _entry_data(problem: Problem, index: np.ndarray) -> KernelData:
    """Weights and targets of all entries; sum_i w_i (p - y_i)^2 = W (p - mean)^2 + sum_i w_i (y_i - mean)^2 at every entry."""
    model, n = problem.model, problem.samples
    place = np.atleast_2d(np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), model.format))
    entries = math.prod(model.format)
    weights, y = np.atleast_2d(problem.weights), problem.Y[..., 0].reshape(-1, n)
    networks = max(len(place), len(weights), len(y))
    place, weights, y = (np.broadcast_to(a, (networks, n)) for a in (place, weights, y))
    total, target = np.zeros((networks, entries)), np.zeros((networks, entries))
    row = np.arange(networks)[:, None]
    np.add.at(total, (row, place), weights)
    # an entry with one sample must keep it exactly: shares are 1 there, and means move by the shares of the later samples only
    share = np.divide(weights, total[row, place], out=np.zeros((networks, n)), where=weights > 0)
    np.add.at(target, (row, place), share * y)
    offset = (weights * (y - target[row, place]) ** 2).sum(1)
    return KernelData(np.zeros((1, 1)), target, total, offset)
