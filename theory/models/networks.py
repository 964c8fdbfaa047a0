"""Parametric models, each forward formula written once in plain array code.

The formulas use ``@ + *``, slices, ``reshape`` and ``swapaxes`` only, so ``theta`` and ``x`` may hold floats (numpy, torch,
cupy), sympy expressions, Fractions, flint rationals, residues or balls. ``theta`` has shape (..., P), ``x`` shape
(..., n, inputs), the output (..., n, outputs); leading axes broadcast.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from theory.activations import ActivationField, polynomial_coefficients
from theory.arguments import switch, whole, whole_numbers
from theory.elementary import as_array

Shape = tuple[int, ...]


class AbstractModel(ABC):
    """Flat parameters theta and their named parts; a model says its ``shapes``, its ``inputs`` and its formula."""

    inputs: int | Shape
    outputs: int

    @cached_property
    @abstractmethod
    def shapes(self) -> dict[str, Shape]:
        """Name and shape of every part, in the flat order of theta (arrays row-major)."""

    @abstractmethod
    def __call__(self, theta: Any, x: Any) -> Any:
        """f(x; theta), shape (..., n, outputs)."""

    @property
    def input_size(self) -> int:
        """The number of entries of one sample x."""
        return math.prod(self.inputs) if isinstance(self.inputs, tuple) else self.inputs

    @property
    def n_params(self) -> int:
        """P, the length of theta."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def widest(self) -> int:
        """Numbers that a sample takes at once, about: the longest side of a parameter."""
        return max(max(shape, default=1) for shape in self.shapes.values())

    @property
    def rational(self) -> bool:
        """Whether rational parameters and samples give rational outputs."""
        return True

    @property
    def input_degree(self) -> int | None:
        """A bound of the degree of f and its tangents in x, where they are polynomials in x; None elsewhere."""
        return None

    def unpack(self, theta: Any) -> dict[str, Any]:
        """The parts of ``theta`` (..., P) by name, each (..., *shape). Raises ValueError on a wrong last axis."""
        theta = as_container(theta)
        if not theta.shape or theta.shape[-1] != self.n_params:
            raise ValueError(f"theta must have a last axis of {self.n_params} entries for {self}, got shape {tuple(theta.shape)}")
        parts, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            parts[name] = theta[..., start:stop].reshape(tuple(theta.shape[:-1]) + shape)
            start = stop
        return parts

    def pack(self, **parts: Any) -> Any:
        """theta (..., P) from all parts by name; leading axes broadcast. Raises ValueError on missing, unknown or misshapen parts."""
        if set(parts) != set(self.shapes):
            raise ValueError(f"pack needs exactly the parts {list(self.shapes)} of {self}, got {list(parts)}")
        flat = []
        for name, shape in self.shapes.items():
            part = np.asarray(parts[name])
            if part.shape[part.ndim - len(shape) :] != shape:
                raise ValueError(f"{name} must have shape (..., {', '.join(map(str, shape))}), got {part.shape}")
            flat.append(part.reshape(part.shape[: part.ndim - len(shape)] + (-1,)))
        leading = np.broadcast_shapes(*(part.shape[:-1] for part in flat))
        return np.concatenate([np.broadcast_to(part, leading + part.shape[-1:]) for part in flat], axis=-1)

    def init(self, rng: np.random.Generator, *, scale: float = 1.0, batch: Shape = ()) -> np.ndarray:
        """theta (*batch, P) with independent normal entries of standard deviation ``scale`` > 0."""
        if not scale > 0:
            raise ValueError(f"scale must be a positive standard deviation, got {scale}")
        return rng.normal(0.0, scale, (*batch, self.n_params))


class AffineModel(AbstractModel):
    """A model that is affine in x, whatever it is in theta."""

    @property
    def input_degree(self) -> int | None:
        """1."""
        return 1


class AbstractNetwork(AbstractModel):
    """A model with hidden layers of neurons sigma(w . x + b), all of one ``activation``: a name, or an Activation, which it reads as."""

    activation: ActivationField

    @property
    def rational(self) -> bool:
        return self.activation.rational

    @property
    def input_degree(self) -> int | None:
        """The degree of sigma where it is a polynomial, to the number of hidden layers."""
        coefficients = polynomial_coefficients(self.activation)
        return None if coefficients is None else (len(coefficients) - 1) ** self.hidden_layers

    @property
    def hidden_layers(self) -> int:
        """How often sigma is applied one after the other."""
        return 1


def as_container(values: Any) -> Any:
    """``values`` itself where it already is an array (of any library), otherwise a numpy array of its entries as they are."""
    return values if hasattr(values, "shape") and hasattr(values, "reshape") else as_array(values)


def named_array(name: str, values: Any) -> Any:
    """As :func:`as_container`, as a numpy array. Raises ValueError, naming the argument, for rows of different lengths."""
    try:
        return np.asarray(as_container(values))
    except ValueError as error:
        raise ValueError(f"{name} must be an array, got rows of different lengths") from error


def check_size(name: str, value: int, least: int = 1) -> int:
    """``value`` as a Python integer. Raises ValueError unless it is an integer of at least ``least``."""
    return whole(name, value, least)


def keep_sizes(model: AbstractModel, *names: str) -> None:
    """Keeps each of the attributes ``names`` of a frozen model, a size or several, as Python integers, in which no product overflows.

    Raises ValueError unless all are integers of at least 1.
    """
    for name in names:
        value: Any = getattr(model, name)
        several = isinstance(value, tuple | list)
        object.__setattr__(model, name, tuple(check_size(name, size) for size in value) if several else check_size(name, value))


def keep_switches(model: AbstractModel, *names: str) -> None:
    """Keeps each of the attributes ``names`` of a frozen model as a bool. Raises ValueError for what is neither True nor False."""
    for name in names:
        object.__setattr__(model, name, switch(name, getattr(model, name)))


def _row(bias: Any) -> Any:
    """A bias (..., m) as a row (..., 1, m) that is added to every sample."""
    return bias.reshape(tuple(bias.shape[:-1]) + (1, bias.shape[-1]))


@dataclass(frozen=True)
class TwoLayer(AbstractNetwork):
    """f(x) = output_weights @ sigma(input_weights @ x [+ input_biases]) [+ output_bias]."""

    inputs: int
    width: int
    outputs: int = 1
    activation: ActivationField = ActivationField("tanh")
    bias: bool = False
    output_bias: bool = False

    def __post_init__(self) -> None:
        keep_sizes(self, "inputs", "width", "outputs")
        keep_switches(self, "bias", "output_bias")

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"input_weights": (self.width, self.inputs)}
        if self.bias:
            shapes["input_biases"] = (self.width,)
        shapes["output_weights"] = (self.outputs, self.width)
        if self.output_bias:
            shapes["output_bias"] = (self.outputs,)
        return shapes

    def __call__(self, theta: Any, x: Any) -> Any:
        parts = self.unpack(theta)
        z = as_container(x) @ parts["input_weights"].swapaxes(-1, -2)
        if self.bias:
            z = z + _row(parts["input_biases"])
        output = self.activation(z) @ parts["output_weights"].swapaxes(-1, -2)
        return output + _row(parts["output_bias"]) if self.output_bias else output


@dataclass(frozen=True)
class TwoLayerCNN(AbstractNetwork):
    """f(x) = sum over kernels l and positions p of output_weights[l, p] sigma(K_l . patch_p(x) [+ b_l]) [+ output_bias].

    ``inputs``, ``kernel`` and ``stride`` are integers or tuples of equal length (a grid). With ``sharing=False`` every position has its own
    kernel and bias.
    """

    inputs: int | Shape
    kernel: int | Shape
    kernels: int
    stride: int | Shape = 1
    activation: ActivationField = ActivationField("tanh")
    sharing: bool = True
    bias: bool = False
    output_bias: bool = False
    outputs = 1

    def __post_init__(self) -> None:
        keep_sizes(self, "kernels", "inputs", "kernel", "stride")
        keep_switches(self, "sharing", "bias", "output_bias")
        grid, kernel, stride = self.grid
        if not len(grid) == len(kernel) == len(stride):
            raise ValueError(f"inputs, kernel and stride must have as many axes, got {self.inputs}, {self.kernel}, {self.stride}")
        if any(s > d for s, d in zip(kernel, grid, strict=True)):
            raise ValueError(f"kernel must fit into inputs {self.inputs}, got {self.kernel}")

    @property
    def grid(self) -> tuple[Shape, Shape, Shape]:
        """(inputs, kernel, stride) as tuples."""
        axes = len(self.inputs) if isinstance(self.inputs, tuple) else 1
        spread = lambda value: value if isinstance(value, tuple) else (value,) * axes
        return spread(self.inputs), spread(self.kernel), spread(self.stride)

    @cached_property
    def patches(self) -> np.ndarray:
        """patches[p, s]: flat input index that kernel entry s sees at position p (row-major)."""
        grid, kernel, stride = self.grid
        corners = product(*(range(0, d - s + 1, step) for d, s, step in zip(grid, kernel, stride, strict=True)))
        offsets = list(product(*map(range, kernel)))
        return np.array([[np.ravel_multi_index(tuple(np.add(c, o)), grid) for o in offsets] for c in corners])

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        positions, entries = self.patches.shape
        own = () if self.sharing else (positions,)
        shapes: dict[str, Shape] = {"kernels": (self.kernels, *own, entries)}
        if self.bias:
            shapes["biases"] = (self.kernels, *own)
        shapes["output_weights"] = (self.kernels, positions)
        if self.output_bias:
            shapes["output_bias"] = (1,)
        return shapes

    def __call__(self, theta: Any, x: Any) -> Any:
        parts = self.unpack(theta)
        hidden = self.activation(self._preactivation(parts, as_container(x)[..., self.patches]))
        hidden = hidden.reshape(tuple(hidden.shape[:-2]) + (-1,))
        weights = parts["output_weights"].swapaxes(-1, -2)
        output = hidden @ weights.reshape(tuple(weights.shape[:-2]) + (-1, 1))
        return output + _row(parts["output_bias"]) if self.output_bias else output

    def _preactivation(self, parts: dict[str, Any], patches: Any) -> Any:
        """K . patch + b from patches (..., n, positions, entries); shape (..., n, positions, kernels)."""
        kernels = parts["kernels"]
        if self.sharing:
            *leading, n, positions, entries = patches.shape
            z = patches.reshape((*leading, n * positions, entries)) @ kernels.swapaxes(-1, -2)
            z = z + _row(parts["biases"]) if self.bias else z
            return z.reshape(tuple(z.shape[:-2]) + (n, positions, self.kernels))
        z = patches.swapaxes(-3, -2) @ kernels.swapaxes(-3, -2).swapaxes(-1, -2)
        z = z + _row(parts["biases"].swapaxes(-1, -2)) if self.bias else z
        return z.swapaxes(-3, -2)


@dataclass(frozen=True)
class FullyConnected(AbstractNetwork):
    """A network of ``widths`` = (inputs, hidden ..., outputs): f^[l] = sigma(W_l f^[l-1] + b_l), linear in the last layer."""

    widths: Shape
    activation: ActivationField = ActivationField("tanh")
    bias: bool = True
    output_bias: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(whole_numbers("widths", self.widths, 1)))
        if len(self.widths) < 2:
            raise ValueError(f"widths must hold inputs, hidden widths and outputs, got {self.widths}")
        if self.output_bias is None:
            object.__setattr__(self, "output_bias", self.bias)
        keep_switches(self, "bias", "output_bias")

    @property
    def inputs(self) -> int:
        """The number of inputs, widths[0]."""
        return self.widths[0]

    @property
    def outputs(self) -> int:
        """The number of outputs, widths[-1]."""
        return self.widths[-1]

    @property
    def depth(self) -> int:
        """L, the number of weight matrices."""
        return len(self.widths) - 1

    @property
    def hidden_layers(self) -> int:
        """L - 1."""
        return self.depth - 1

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for l in range(1, self.depth + 1):
            shapes[f"W{l}"] = (self.widths[l], self.widths[l - 1])
            if self.bias if l < self.depth else self.output_bias:
                shapes[f"b{l}"] = (self.widths[l],)
        return shapes

    def __call__(self, theta: Any, x: Any) -> Any:
        parts, features = self.unpack(theta), as_container(x)
        for l in range(1, self.depth + 1):
            features = features @ parts[f"W{l}"].swapaxes(-1, -2)
            if f"b{l}" in parts:
                features = features + _row(parts[f"b{l}"])
            if l < self.depth:
                features = self.activation(features)
        return features
