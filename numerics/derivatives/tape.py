"""A small reverse tape on arrays of any entries, and the tangents of a model through it.

Derivatives must exist in every arithmetic (floats, rationals, residues, balls, sympy), so the tape knows arrays and their
operations, not numbers: an activation brings its own derivative. The tangents of n samples come from one backward pass,
theta tiled over the samples. Source: reverse accumulation, as in any automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numerics.derivatives.products import matmul
from theory.models import AbstractModel, TwoLayer, as_container


class Node:
    """An array ``value`` together with the nodes it came from and how a cotangent flows back to each."""

    __array_ufunc__ = None  # let numpy hand `array @ node` and `array + node` over to the node
    __slots__ = ("value", "sources")

    def __init__(self, value: Any, sources: Sequence[tuple[Node, Callable[[Any], Any]]] = ()) -> None:
        self.value = value
        self.sources = sources

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return tuple(self.value.shape)

    def reshape(self, shape: tuple[int, ...]) -> Node:
        """The value in another shape; cotangents take the old one."""
        return Node(self.value.reshape(shape), [(self, lambda g: g.reshape(self.shape))])

    def swapaxes(self, i: int, j: int) -> Node:
        """The value with two axes exchanged; cotangents exchange them back."""
        return Node(self.value.swapaxes(i, j), [(self, lambda g: g.swapaxes(i, j))])

    def __getitem__(self, index: Any) -> Node:
        def back(g: Any) -> Any:
            whole = _zeros_like(self.value)
            whole[index] = g
            return whole

        return Node(self.value[index], [(self, back)])

    def __add__(self, other: Any) -> Node:
        value = self.value + _value(other)
        return Node(value, [(node, _sum_to(node.shape)) for node in (self, other) if isinstance(node, Node)])

    __radd__ = __add__

    def __neg__(self) -> Node:
        return Node(-self.value, [(self, lambda g: -g)])

    def __sub__(self, other: Any) -> Node:
        return self + (-other)

    def __mul__(self, other: Any) -> Node:
        a, b = self.value, _value(other)
        sources: list[tuple[Node, Callable[[Any], Any]]] = [(self, lambda g: _sum_to(self.shape)(g * b))]
        if isinstance(other, Node):
            sources.append((other, lambda g: _sum_to(other.shape)(g * a)))
        return Node(a * b, sources)

    __rmul__ = __mul__

    def __matmul__(self, other: Any) -> Node:
        a, b = self.value, _value(other)
        sources: list[tuple[Node, Callable[[Any], Any]]] = [(self, lambda g: _sum_to(self.shape)(matmul(g, b.swapaxes(-1, -2))))]
        if isinstance(other, Node):
            sources.append((other, lambda g: _sum_to(other.shape)(matmul(a.swapaxes(-1, -2), g))))
        return Node(matmul(a, b), sources)

    def __rmatmul__(self, other: Any) -> Node:
        return Node(matmul(other, self.value), [(self, lambda g: _sum_to(self.shape)(matmul(other.swapaxes(-1, -2), g)))])

    def activate(self, activation: Any) -> Node:
        """sigma at every entry; the one place where a non-linear derivative enters."""
        own = getattr(self.value, "jet", None)
        value, slope = own(activation, 1) if own else activation.jet(self.value, 1)
        return Node(value, [(self, lambda g: g * slope)])

    def pull_back(self, cotangent: Any, source: Node) -> Any:
        """The cotangent at ``source`` of ``cotangent`` at this node (zero where nothing depends on it)."""
        gradients = {id(self): cotangent}
        for node in reversed(_topological(self)):
            g = gradients.get(id(node)) if node is source else gradients.pop(id(node), None)
            if g is None:
                continue
            for origin, back in node.sources:
                flow = back(g)
                gradients[id(origin)] = gradients[id(origin)] + flow if id(origin) in gradients else flow
        return gradients[id(source)] if id(source) in gradients else _zeros_like(source.value)


def _zeros_like(array: Any) -> Any:
    return array.zeros_like() if hasattr(array, "zeros_like") else np.zeros_like(array)


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, Node) else operand


def _sum_to(shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """Undo broadcasting: sum a cotangent over the axes along which ``shape`` was stretched."""

    def reduce(g: Any) -> Any:
        if tuple(g.shape) == shape:
            return g
        g = g.sum(axis=tuple(range(g.ndim - len(shape))))
        stretched = tuple(k for k, size in enumerate(shape) if size == 1 and g.shape[k] != 1)
        return g.sum(axis=stretched, keepdims=True) if stretched else g

    return reduce


def _topological(node: Node) -> list[Node]:
    order, seen, stack = [], set(), [(node, False)]
    while stack:
        current, done = stack.pop()
        if done:
            order.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack.extend((origin, False) for origin, _ in current.sources)
    return order


def tangents(model: AbstractModel, theta: Any, x: Any, *, forward: Callable | None = None) -> tuple[Any, Any]:
    """Outputs (..., n, outputs) and tangent matrices (..., n, outputs, P) at ``theta`` (..., P) on ``x`` (..., n, inputs).

    Leading axes are those of ``theta``; ``x`` has the same, or none where there is no ``forward``. Entries may be of any arithmetic;
    ``theta`` and ``x`` must be numpy arrays (of floats or of objects). ``forward`` replaces the model's own formula by another of the
    same parameters, such as ``model.measure``. A model with a method ``tangents`` gives its own.
    """
    theta, x = as_container(theta), as_container(x)
    if forward is None and (own := getattr(model, "tangents", None)) is not None:
        return own(theta, x)
    if forward is None and type(model) is TwoLayer and isinstance(theta, np.ndarray) and isinstance(x, np.ndarray):
        return _two_layer(model, theta, x)
    axis = theta.ndim - 1 if forward else x.ndim - 2
    tiled = Node(np.repeat(theta[..., None, :], x.shape[axis], axis=-2))
    output = (forward or model)(tiled, np.expand_dims(x, axis + 1))
    rows = []
    for t in range(model.outputs):
        cotangent = np.zeros_like(output.value)
        cotangent[..., t] = 1
        rows.append(output.pull_back(cotangent, tiled))
    return output.value[..., 0, :], np.stack(rows, axis=-2)


def _two_layer(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for one hidden layer, written down: a sigma'(z) x, a sigma'(z) and sigma(z), in the operations that the tape would make."""
    parts = model.unpack(theta)
    weights, outer = parts["input_weights"], parts["output_weights"]
    product = matmul if theta.dtype == object or x.dtype == object else _sample_by_sample
    z = product(x, weights.swapaxes(-1, -2))
    if model.bias:
        z = z + parts["input_biases"][..., None, :]
    value, slope = model.activation.jet(z, 1)
    if hasattr(value, "of_one_kind"):
        x, outer = value.of_one_kind(x), value.of_one_kind(outer)
    output = product(value, outer.swapaxes(-1, -2))
    if model.output_bias:
        output = output + parts["output_bias"][..., None, :]
    return output, one_layer_jacobian(model, x, outer, value, slope, output)


def one_layer_jacobian(
    model: TwoLayer, x: np.ndarray, outer: np.ndarray, value: np.ndarray, slope: np.ndarray, like: np.ndarray
) -> np.ndarray:
    """The tangents (..., n, outputs, P) from ``value`` = sigma(z) and ``slope`` = sigma'(z) (..., n, width); an array as ``like``."""
    m, d, T = model.width, model.inputs, model.outputs
    jacobian = np.empty_like(like, shape=(*value.shape[:-1], T, model.n_params))
    start = m * d + m * model.bias
    for t in range(T):
        behind = slope * outer[..., None, t, :]
        own = jacobian[..., t, :]
        np.multiply(behind[..., None], x[..., None, :], out=own[..., : m * d].reshape(*behind.shape, d))
        if model.bias:
            own[..., m * d : start] = behind
        if T > 1:
            own[..., start : start + T * m] = 0
        own[..., start + t * m : start + (t + 1) * m] = value
        if model.output_bias:
            own[..., start + T * m :] = 0
            own[..., start + T * m + t] = 1
    return jacobian


def _sample_by_sample(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """``rows @ matrix`` with one product for each row, rounded as the tape rounds it, which tiles theta over the samples."""
    return (rows[..., None, :] @ matrix[..., None, :, :])[..., 0, :]
