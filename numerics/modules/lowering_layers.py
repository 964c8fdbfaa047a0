"""Aten operations that are whole layers: softmax, normalizations, convolutions, pooling, embeddings, as steps of a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.modules.lowering import Lowering, Wire, meanings

#: aten operation -> function of (lowering, arguments of the operation).
LAYERS, aten = meanings()


@aten("_softmax.default", "softmax.int", "_safe_softmax.default")
def softmax(low: Lowering, a: Wire, dim: int, half_to_float: Any = False, dtype: Any = None) -> Wire:
    """Softmax over ``dim``; masked places get 0, and a row that is masked all over has none."""
    rows, shape, length = low.rows(a, [dim])
    masked = np.zeros((math.prod(shape), length), bool) if rows.masked is None else np.broadcast_to(rows.masked, rows.shape)
    if masked.all(axis=1).any():
        raise low.not_read("softmax of a row that is masked all over")
    weights = low.after(rows, "softmax", length=length, hidden=np.array(masked).ravel().astype(int))
    return _back(low, weights, shape, length, dim % len(a.shape))


def _back(low: Lowering, rows: Wire, shape: Sequence[int], length: int, dim: int) -> Wire:
    """Rows over the axis ``dim`` in the shape they came from."""
    order = list(range(len(shape)))
    return low.permute(low.reshape(rows, (*shape, length)), [*order[:dim], len(shape), *order[dim:]])


@aten("_log_softmax.default", "log_softmax.int")
def log_softmax(low: Lowering, a: Wire, dim: int, half_to_float: Any = False, dtype: Any = None) -> Wire:
    """z - log sum exp z: the logarithm of the softmax of the largest place would do as well; this one is defined everywhere."""
    low.finite(a, "log softmax")
    total = low.function("log", low.sum(low.function("exp", a), [dim], True))
    return low.binary("add", a, low.scale(total, -1))


def normalized(low: Lowering, a: Wire, eps: float) -> Wire:
    """(z - mean)/sqrt(var + eps) of each row of ``a`` (rows, length)."""
    return low.after(low.finite(a, "a normalization"), "normalize", length=a.shape[1], eps=Fraction(eps))


def _affine(low: Lowering, a: Wire, weight: Any, bias: Any, shape: Sequence[int]) -> Wire:
    for kind, part in (("mul", weight), ("add", bias)):
        if part is not None:
            a = low.binary(kind, a, low.reshape(low.wire(part), shape))
    return a


@aten("native_layer_norm.default")
def layer_norm(low: Lowering, a: Wire, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> list[Any]:
    """Layer normalization over the last axes."""
    length = math.prod(shape)
    y = low.reshape(normalized(low, low.reshape(a, (a.size // length, length)), eps), a.shape)
    return [_affine(low, y, weight, bias, tuple(shape)), None, None]


@aten("native_group_norm.default")
def group_norm(
    low: Lowering, a: Wire, weight: Any, bias: Any, batch: int, channels: int, pixels: int, groups: int, eps: float
) -> list[Any]:
    """Group normalization of (1, channels, ...)."""
    y = low.reshape(normalized(low, low.reshape(a, (groups, a.size // groups)), eps), a.shape)
    return [_affine(low, y, weight, bias, (1, channels, *(1,) * (len(a.shape) - 2))), None, None]


@aten("_native_batch_norm_legit_no_training.default")
def batch_norm(low: Lowering, a: Wire, weight: Any, bias: Any, mean: Any, var: Any, momentum: Any, eps: float) -> list[Any]:
    """Batch normalization with running statistics: an affine map; 1/sqrt(var + eps) is a constant, the float that torch computes."""
    shape = (1, len(mean), *(1,) * (len(a.shape) - 2))
    centred = low.binary("add", a, -mean.double().reshape(shape))
    y = low.binary("mul", centred, (var.double() + eps).rsqrt().reshape(shape))
    return [_affine(low, y, weight, bias, shape), None, None]


@aten("_native_batch_norm_legit.no_stats")
def instance_norm(low: Lowering, a: Wire, weight: Any, bias: Any, training: bool, momentum: Any, eps: float) -> list[Any]:
    """Statistics of the one sample at hand: instance normalization (a batch that is normalized differs from its samples, which is
    checked).
    """
    channels = a.shape[1]
    if a.size == channels:
        raise low.not_read("a normalization over one number (training statistics of a batch)")
    y = low.reshape(normalized(low, low.reshape(a, (channels, a.size // channels)), eps), a.shape)
    return [_affine(low, y, weight, bias, (1, channels, *(1,) * (len(a.shape) - 2))), None, None]


# ------------------------------------------------------------------------------------------------------------ patches


def _each(values: Any, count: int) -> list[int]:
    values = [values] if isinstance(values, int) else list(values)
    return values * count if len(values) == 1 else values


def patches(shape: Sequence[int], size: Sequence[int], stride: Any, padding: Any, dilation: Any) -> tuple[np.ndarray, list[int]]:
    """Places (channels, entries of a window, windows) in a sample (channels, ...), -1 in the padding, and the shape of the windows."""
    channels, space = shape[0], shape[1:]
    n = len(space)
    stride, padding, dilation = _each(stride, n), _each(padding, n), _each(dilation, n)
    places = np.arange(channels * math.prod(space)).reshape(channels, *space)
    places = np.pad(places, [(0, 0), *((p, p) for p in padding)], constant_values=-1)
    counts = [(places.shape[k + 1] - dilation[k] * (size[k] - 1) - 1) // stride[k] + 1 for k in range(n)]
    starts, inside = np.indices(counts).reshape(n, -1), np.indices(size).reshape(n, -1)
    where = tuple(inside[k][:, None] * dilation[k] + starts[k][None] * stride[k] for k in range(n))
    return places[(slice(None), *where)], counts


@aten("convolution.default")
def convolution(
    low: Lowering,
    a: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Wire:
    """A convolution as a product of weights and patches; a transposed one as that of a stretched sample."""
    a, weight = low.wire(a), low.wire(weight)
    n = len(a.shape) - 2
    if transposed:
        return _transposed(low, a, weight, bias, _each(stride, n), _each(padding, n), _each(dilation, n), _each(output_padding, n), groups)
    size = weight.shape[2:]
    places, counts = patches(a.shape[1:], size, stride, padding, dilation)
    return _windows(low, a, weight, bias, places, counts, groups)


def _windows(low: Lowering, a: Wire, weight: Wire, bias: Any, places: np.ndarray, counts: list[int], groups: int) -> Wire:
    channels, outputs, inner = places.shape[0], weight.shape[0], math.prod(weight.shape[1:])
    columns = low.take(a, places.reshape(groups, channels // groups * places.shape[1], -1))
    product = low.matmul(low.reshape(weight, (groups, outputs // groups, inner)), columns)
    return _affine(low, low.reshape(product, (1, outputs, *counts)), None, bias, (1, outputs, *(1,) * len(counts)))


def _transposed(low: Lowering, a: Wire, weight: Wire, bias: Any, stride: Any, padding: Any, dilation: Any, more: Any, groups: int) -> Wire:
    channels, space, n = a.shape[1], a.shape[2:], len(a.shape) - 2
    size = weight.shape[2:]
    before = [dilation[k] * (size[k] - 1) - padding[k] for k in range(n)]
    if min(before) < 0:
        raise low.not_read("a transposed convolution with much padding")
    total = [(space[k] - 1) * stride[k] + 1 + 2 * before[k] + more[k] for k in range(n)]
    places = np.full((channels, *total), -1)
    inside = tuple(slice(before[k], before[k] + (space[k] - 1) * stride[k] + 1, stride[k]) for k in range(n))
    places[(slice(None), *inside)] = np.arange(a.size).reshape(channels, *space)
    stretched = low.take(a, places[None])
    windows, counts = patches((channels, *total), size, 1, 0, dilation)
    flipped = low.take(weight, np.flip(np.arange(weight.size).reshape(weight.shape), tuple(range(2, 2 + n))))
    per_group = flipped.shape[1]
    order = np.arange(weight.size).reshape(groups, channels // groups, per_group, *size).swapaxes(1, 2)
    turned = low.take(flipped, order.reshape(groups * per_group, channels // groups, *size))
    return _windows(low, stretched, turned, bias, windows, counts, groups)


def _pooled(low: Lowering, a: Wire, size: Sequence[int], stride: Any, padding: Any, dilation: Any) -> tuple[Wire, list[int]]:
    """Rows (channels windows, entries of a window); zeros in the padding."""
    places, counts = patches(a.shape[1:], size, stride, padding, dilation)
    return low.reshape(low.take(a, places.swapaxes(1, 2)), (places.shape[0] * places.shape[2], places.shape[1])), counts


@aten("avg_pool1d.default", "avg_pool2d.default", "avg_pool3d.default")
def avg_pool(
    low: Lowering, a: Wire, size: Any, stride: Any = (), padding: Any = 0, ceil: bool = False, padded: bool = True, divisor: Any = None
) -> Wire:
    """Means over windows."""
    n = len(a.shape) - 2
    size = _each(size, n)
    if ceil or divisor or (any(_each(padding, n)) and not padded):
        raise low.not_read("average pooling with windows of several sizes")
    rows, counts = _pooled(low, a, size, stride or size, padding, 1)
    mean = low.scale(low.after(rows, "sum", shape=(rows.shape[0],), length=rows.shape[1]), Fraction(1, math.prod(size)))
    return low.reshape(mean, (1, a.shape[1], *counts))


@aten("_adaptive_avg_pool2d.default", "_adaptive_avg_pool3d.default", "adaptive_avg_pool1d.default")
def adaptive_avg_pool(low: Lowering, a: Wire, outputs: Sequence[int]) -> Wire:
    """Average pooling onto a given shape that divides that of the sample."""
    space = a.shape[2:]
    if any(s % o for s, o in zip(space, outputs, strict=True)):
        raise low.not_read("adaptive pooling with windows of several sizes")
    return avg_pool(low, a, [s // o for s, o in zip(space, outputs, strict=True)])


@aten("max_pool2d_with_indices.default", "max_pool3d_with_indices.default", "max_pool1d.default")
def max_pool(low: Lowering, a: Wire, size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False) -> list[Any]:
    """Maxima over windows."""
    n = len(a.shape) - 2
    if ceil or any(_each(padding, n)):
        raise low.not_read("max pooling with windows that stand over")
    size = _each(size, n)
    rows, counts = _pooled(low, a, size, stride or size, 0, dilation)
    return [low.reshape(greatest(low, rows), (1, a.shape[1], *counts)), None]


def greatest(low: Lowering, rows: Wire) -> Wire:
    """The largest entry of each row."""
    return low.after(low.finite(rows, "a maximum"), "greatest", shape=(rows.shape[0],), length=rows.shape[1])


@aten("amax.default")
def amax(low: Lowering, a: Wire, dims: Any = (), keepdim: bool = False) -> Wire:
    """Maxima over axes."""
    axes = [d % len(a.shape) for d in dims] or list(range(len(a.shape)))
    rows, shape, _ = low.rows(a, axes)
    kept = tuple(1 if k in axes else m for k, m in enumerate(a.shape))
    return low.reshape(greatest(low, rows), kept if keepdim else shape)


@aten("max.dim")
def max_along(low: Lowering, a: Wire, dim: int, keepdim: bool = False) -> list[Any]:
    """Maxima over an axis; the places of the maxima are not read."""
    return [amax(low, a, [dim], keepdim), None]


@aten("embedding.default")
def embedding(low: Lowering, table: Any, tokens: Any, padding_index: int = -1, *_: Any) -> Wire:
    """Rows of a table at tokens, which are inputs or constants; a padding row is a row, though torch trains it not."""
    table = low.wire(table)
    width = table.shape[1]
    if not isinstance(tokens, Wire):
        return low.take(table, tokens.numpy()[..., None] * width + np.arange(width))
    if not tokens.tokens:
        raise low.not_read("an embedding at computed numbers")
    if padding_index >= 0:
        raise low.not_read("an embedding with a padding row, to which torch gives no gradient")
    number = low.builder.add("lookup", (table.number, tokens.number), tokens.size * width, width=width)
    return Wire(number, (*tokens.shape, width))
