"""Deepen a trained network without changing its outputs on given data, and find and merge layers that act affinely on data.

The layers may come from arrays (a state dict) or from a ``torch.nn.Sequential`` of linear layers and activations. Lifting and merging
concern one pair of neighbouring layers, so each step is the lift or merge of a one-layer network on the features before it
(2205.13283; theory.lifting).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from theory.activations import Activation, PiecewiseActivation, activation
from theory.lifting import lift
from theory.lifting.pieces import LeavesPiece, NoAffinePiece, pieces_met
from theory.models import FullyConnected

#: A neuron counts as affine on the data when its affine fit leaves less than this share of its variance.
UNEXPLAINED = 1e-3
#: What rounding may change of an output, as a share of the largest: sums of some thousand products in double precision.
ROUNDED = 1e-11


@dataclass(frozen=True)
class Layers:
    """f(x) = W_L sigma(... sigma(W_1 x + b_1)) + b_L, with one activation between each two layers.

    ``weights`` holds W_1, W_2, ..., W_l of shape (m_l, m_(l-1)), ``biases`` b_l of shape (m_l,).
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    activations: tuple[Activation, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.biases) or len(self.activations) != len(self.weights) - 1:
            counts = len(self.weights), len(self.biases), len(self.activations)
            raise ValueError(f"expected L weights and biases (L >= 1) and L - 1 activations, got {counts}")
        for l, (W, b) in enumerate(zip(self.weights, self.biases, strict=True), 1):
            expected = self.weights[l - 2].shape[0] if l > 1 else W.shape[-1]
            if W.ndim != 2 or W.shape[1] != expected or b.shape != W.shape[:1]:
                raise ValueError(f"layer {l} must have weights (m, {expected}) and m biases, got shapes {W.shape} and {b.shape}")
            if not (np.isfinite(W).all() and np.isfinite(b).all()):
                raise ValueError(f"the weights and biases of layer {l} must be finite")

    @property
    def depth(self) -> int:
        """L, the number of weight matrices."""
        return len(self.weights)

    def features(self, x: np.ndarray, layer: int) -> np.ndarray:
        """The output of ``layer`` on the samples ``x`` (n, inputs); layer 0 is the input, layer L the network's output."""
        for l in range(layer):
            x = x @ self.weights[l].T + self.biases[l]
            x = self.activations[l](x) if l < self.depth - 1 else x
        return x

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.features(x, self.depth)


def layers_of(model: FullyConnected, theta: np.ndarray) -> Layers:
    """The layers of ``model`` at ``theta`` (P,); biases that it does not have are 0."""
    parts, numbers = model.unpack(theta), range(1, model.depth + 1)
    biases = tuple(parts.get(f"b{l}", np.zeros(model.widths[l])) for l in numbers)
    return Layers(tuple(parts[f"W{l}"] for l in numbers), biases, (model.activation,) * (model.depth - 1))


def deepen(layers: Layers, x: Any, after: int, *, width: int | None = None, inserted: Activation | str | None = None) -> Layers:
    """``layers`` with a layer of ``width`` more behind layer ``after`` (0 = input); outputs on ``x`` (n, inputs) stay as they are.

    ``inserted`` is the activation of the new layer (default: that of a neighbour, one with an affine piece if there is). Raises ValueError
    as :func:`theory.lifting.lift` does, and where there is no activation to take over.
    """
    if isinstance(after, bool) or after not in range(layers.depth):
        raise ValueError(f"after must be a layer from 0 (the input) to {layers.depth - 1}, got {after!r}")
    seen = _reaching(layers, checked_samples(layers, x), after)
    if inserted is None and not layers.activations:
        raise ValueError("inserted must name an activation: a network of one linear layer has none to take over")
    new = activation(layers.activations[_neighbour(layers, after)] if inserted is None else inserted)
    W, b = layers.weights[after], layers.biases[after]
    pair = FullyConnected((W.shape[1], W.shape[0]), new)
    lifting = lift(pair, pair.pack(W1=W, b1=b), seen, 0, width=width)
    parts = lifting.deep.unpack(lifting.theta)
    return Layers(
        (*layers.weights[:after], parts["W1"], parts["W2"], *layers.weights[after + 1 :]),
        (*layers.biases[:after], parts["b1"], parts["b2"], *layers.biases[after + 1 :]),
        (*layers.activations[:after], new, *layers.activations[after:]),
    )


def _reaching(layers: Layers, x: np.ndarray, layer: int) -> np.ndarray:
    """The output of ``layer`` on ``x``. Raises ValueError where it is beyond the range of floats."""
    with np.errstate(over="ignore", invalid="ignore"):
        seen = layers.features(x, layer)
    if not np.isfinite(seen).all():
        raise ValueError(f"the outputs of layer {layer} on these samples leave the range of floats: scale the network or the data")
    return seen


def _neighbour(layers: Layers, after: int) -> int:
    """Which of the activations beside layer ``after`` a new layer behind it takes over: the first one with affine pieces, or the first."""
    beside = range(max(after - 1, 0), min(after + 1, len(layers.activations)))
    return next((k for k in beside if isinstance(layers.activations[k], PiecewiseActivation)), beside[0])


# ---------------------------------------------------------------------------------------------------- linearized layers


@dataclass(frozen=True)
class Linearity:
    """How affine hidden ``layer`` (from 1) acts on the data.

    ``unexplained[j]`` is 1 - R^2 of the affine fit of neuron j on the layer before. ``slopes`` (m_l, m_(l-1)) and ``constants`` (m_l,)
    are the map itself where ``exact`` (every neuron stays in one affine piece of sigma), otherwise the fit.
    With no more different samples than inputs + 1 any function fits: ``determined`` is then False and the fit says nothing.
    """

    layer: int
    unexplained: np.ndarray
    slopes: np.ndarray
    constants: np.ndarray
    exact: bool
    determined: bool

    def is_linear(self, tolerance: float = UNEXPLAINED) -> bool:
        """Whether every neuron is affine on the data, exactly or up to ``tolerance`` of its variance."""
        return self.exact or self.determined and bool((self.unexplained < tolerance).all())


def linearity(layers: Layers, x: Any, layer: int) -> Linearity:
    """The affine fit of hidden ``layer`` on the data ``x`` (n, inputs). Raises ValueError for a layer out of range."""
    if isinstance(layer, bool) or layer not in range(1, layers.depth):
        raise ValueError(f"layer must be a hidden layer from 1 to {layers.depth - 1}, got {layer!r}")
    x = checked_samples(layers, x)
    before, values = _reaching(layers, x, layer - 1), _reaching(layers, x, layer)
    distinct = len(np.unique(x, axis=0))
    W, b = layers.weights[layer - 1], layers.biases[layer - 1]
    with np.errstate(over="ignore"):  # tanh of what overflows is 1
        z = before @ W.T + b
    try:
        pieces = pieces_met(layers.activations[layer - 1], z)
    except (LeavesPiece, NoAffinePiece):
        return _fitted(layer, before, values, distinct)
    slopes, offsets = (np.array([float(getattr(piece, name)) for piece in pieces]) for name in ("slope", "offset"))
    determined = distinct > before.shape[1] + 1
    return Linearity(layer, np.zeros(len(W)), slopes[:, None] * W, slopes * b + offsets, True, determined)


def _fitted(layer: int, before: np.ndarray, values: np.ndarray, distinct: int) -> Linearity:
    design = np.hstack([before, np.ones((len(before), 1))])
    fit, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    return Linearity(layer, _unexplained(values, design @ fit), fit[:-1].T, fit[-1], False, bool(rank < distinct))


def _unexplained(values: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """1 - R^2 for each column; a column constant up to rounding is affine, whatever is left of it."""
    size = _sizes(values)
    values, fitted = values / size, fitted / size
    spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    rounding = len(values) * (64 * np.finfo(float).eps * np.abs(values).max(axis=0)) ** 2
    left = ((values - fitted) ** 2).sum(axis=0)
    return np.where(spread <= rounding, 0.0, left / np.where(spread > 0, spread, 1.0))


def _sizes(values: np.ndarray) -> np.ndarray:
    """The largest modulus in each column, 1 where all are zero: squares of what is divided by it neither overflow nor vanish."""
    size = np.abs(values).max(axis=0)
    return np.where(size > 0, size, 1.0)


@dataclass(frozen=True)
class Pruned:
    """What remains after ``removed`` layers (as numbered before) were merged; ``change`` is the largest change of an output on the data.

    ``refused`` holds the layers that count as affine and were kept, as outputs would have changed by such a share of their spread.
    """

    layers: Layers
    removed: tuple[int, ...]
    change: float
    refused: dict[int, float] = field(default_factory=dict)


def prune(layers: Layers, x: Any, *, tolerance: float = UNEXPLAINED, change: float = math.inf) -> Pruned:
    """Merge every hidden layer that is affine on the data ``x``, the last one first, until none is left.

    A layer is kept where outputs on ``x`` would change, from those of ``layers``, by more than ``change`` times their spread (of each
    output, its standard deviation on ``x``, or its size where it is constant). Raises ValueError for data of the wrong shape, for a
    tolerance outside [0, 1) and for a negative change.
    """
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be a share of the variance in [0, 1), got {tolerance}")
    if not change >= 0:
        raise ValueError(f"change must be a share of the spread of an output, 0 or more, got {change}")
    x, remaining, removed, refused = checked_samples(layers, x), layers, [], {}
    before = _reaching(layers, x, layers.depth)
    rounding, size = ROUNDED * np.abs(before).max(initial=0.0), _sizes(before)
    deviation = (before / size).std(axis=0) * size
    spread = np.maximum(np.where(deviation > rounding, deviation, np.abs(before).max(axis=0)), rounding)
    for layer in range(layers.depth - 1, 0, -1):
        found = linearity(remaining, x, layer)
        if found.is_linear(tolerance):
            merged = merge_layer(remaining, found)
            share = float(np.max(np.abs(merged(x) - before) / np.where(spread > 0, spread, 1.0)))
            if share > max(change, ROUNDED):
                refused[layer] = share
                continue
            remaining = merged
            removed.append(layer)
    return Pruned(remaining, tuple(removed), float(np.abs(remaining(x) - before).max()), refused)


def merge_layer(layers: Layers, found: Linearity) -> Layers:
    """``layers`` with one layer replaced by its affine map, that is composed into the next one."""
    l = found.layer
    W, b = layers.weights[l], layers.biases[l]
    return replace(
        layers,
        weights=(*layers.weights[: l - 1], W @ found.slopes, *layers.weights[l + 1 :]),
        biases=(*layers.biases[: l - 1], W @ found.constants + b, *layers.biases[l + 1 :]),
        activations=(*layers.activations[: l - 1], *layers.activations[l:]),
    )


def checked_samples(layers: Layers, x: Any) -> np.ndarray:
    """``x`` (n, inputs) in double precision; ValueError for another shape and for what is no finite real number."""
    x = x.detach().cpu().numpy() if hasattr(x, "detach") else np.asarray(x)
    inputs = layers.weights[0].shape[1]
    if x.ndim != 2 or x.shape[1] != inputs or not len(x) or x.dtype.kind not in "fiu":
        raise ValueError(f"x must be real numbers of shape (n, {inputs}) with n at least 1, got {x.dtype} of shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"x must be finite, got {x[~np.isfinite(x)][0]} in sample {int(np.argwhere(~np.isfinite(x))[0][0])}")
    return x.astype(float)


# ------------------------------------------------------------------------------------------------------ torch modules


def deepen_module(module: Any, x: Any, after: int, *, width: int | None = None) -> Any:
    """A deeper ``torch.nn.Sequential`` with the same outputs on ``x``: one more linear layer and activation behind layer ``after``.

    ``module`` is a Sequential of Linear layers with one activation between each two; layers that are not touched are copied. The new linear
    layers have biases. Raises TypeError for another module and ValueError as :func:`deepen` does.
    """
    import copy

    steps, layers = _read(module)
    deep = deepen(layers, x, after, width=width)
    kept = [copy.deepcopy(step) for step in steps]
    new = [_linear(deep.weights[l], deep.biases[l], like=kept[2 * after]) for l in (after, after + 1)]
    between = copy.deepcopy(kept[2 * _neighbour(layers, after) + 1])
    return type(module)(*kept[: 2 * after], new[0], between, new[1], *kept[2 * after + 1 :])


def prune_module(module: Any, x: Any, *, tolerance: float = UNEXPLAINED) -> tuple[Any, Pruned]:
    """``module`` without the layers that are affine on ``x``, and what was merged; see :func:`prune`."""
    import copy

    steps, layers = _read(module)
    pruned, kept = prune(layers, x, tolerance=tolerance), [copy.deepcopy(step) for step in steps]
    for layer in pruned.removed:  # the last first, so that earlier places keep their numbers
        kept[2 * layer - 2 : 2 * layer + 1] = [kept[2 * layer]]
    if pruned.removed:
        layers = zip(pruned.layers.weights, pruned.layers.biases, strict=True)
        kept[::2] = [_linear(W, b, like=kept[0]) for W, b in layers]
    return type(module)(*kept), pruned


def read_module(module: Any) -> Layers:
    """The layers of a ``torch.nn.Sequential`` in double precision.

    Raises TypeError unless it holds linear layers with one known activation between each two, and computes what these do.
    """
    return _read(module)[1]


def _read(module: Any) -> tuple[list[Any], Layers]:
    from torch import nn

    from numerics.modules.reading import changed, step_of

    steps: list[Any] = list(module) if isinstance(module, nn.Sequential) else []
    read = [step_of(step) for step in steps]
    wanted = [index % 2 == 0 for index in range(len(read))]
    if not steps or len(steps) % 2 == 0 or [isinstance(step, tuple) and step != () for step in read] != wanted or None in read:
        kinds = ", ".join(type(step).__name__ for step in steps) or type(module).__name__
        raise TypeError(f"module must be a Sequential of Linear layers with one known activation between each two, got {kinds}")
    if type(module).forward is not nn.Sequential.forward or any(changed(layer) for layer in module.modules()):
        raise TypeError("module has hooks, parametrizations or a forward of its own that its layers do not show")
    array = lambda tensor: tensor.detach().cpu().double().numpy()
    weights = tuple(array(step.weight) for step in steps[::2])
    biases = tuple(array(step.bias) if step.bias is not None else np.zeros(step.out_features) for step in steps[::2])
    return steps, Layers(weights, biases, tuple(read[1::2]))


def _linear(W: np.ndarray, b: np.ndarray, *, like: Any) -> Any:
    import torch

    layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=like.weight.dtype, device=like.weight.device)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(W))
        layer.bias.copy_(torch.as_tensor(b))
    return layer


# --------------------------------------------------------------------------------------------------------- state dicts


def layers_from_state(state: dict[str, np.ndarray], names: Activation | str | Sequence[Activation | str]) -> tuple[str, Layers]:
    """The layers of a Sequential's state dict ("0.weight", "0.bias", "2.weight", ... after a common prefix), and that prefix.

    ``names`` is the activation between all layers, or one for each place. Raises ValueError where a key does not fit.
    """
    numbered: dict[int, dict[str, np.ndarray]] = {}
    prefixes = set()
    for key, value in state.items():
        head, _, kind = key.rpartition(".")
        prefix, number = head.rstrip("0123456789"), head[len(head.rstrip("0123456789")) :]
        if kind not in ("weight", "bias") or not number or np.ndim(value) != 1 + (kind == "weight"):
            raise ValueError(f"expected tensors NUMBER.weight (2-d) and NUMBER.bias (1-d) of linear layers, got {key!r} {np.shape(value)}")
        prefixes.add(prefix)
        numbered.setdefault(int(number), {})[kind] = np.asarray(value, dtype=float)
    if len(prefixes) != 1 or not all("weight" in parts for parts in numbered.values()):
        raise ValueError(f"expected one chain of linear layers, each with a weight, got the tensors {sorted(state)}")
    ordered = [numbered[number] for number in sorted(numbered)]
    weights = tuple(parts["weight"] for parts in ordered)
    biases = tuple(parts.get("bias", np.zeros(len(parts["weight"]))) for parts in ordered)
    several: list[Any] = list(names) if isinstance(names, list | tuple) else [names] * (len(ordered) - 1)
    return prefixes.pop(), Layers(weights, biases, tuple(map(activation, several)))


def state_of(layers: Layers, *, prefix: str = "", dtype: Any = np.float64) -> dict[str, np.ndarray]:
    """The state dict of ``layers`` as a Sequential: linear layers at even places, activations between them."""
    state = {}
    for l, (W, b) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        state[f"{prefix}{2 * l}.weight"] = np.ascontiguousarray(W, dtype=dtype)
        state[f"{prefix}{2 * l}.bias"] = np.ascontiguousarray(b, dtype=dtype)
    return state
