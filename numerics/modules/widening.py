"""Widening a trained ``torch.nn.Module``: one neuron or channel split, outputs and critical points kept, checked on return.

The layers that count are Linear and Conv1d/2d/3d in the order of a (nested) Sequential. Between the split layer and the next one only
modules may stand that treat channels alike and apart: elementwise activations, pooling, Flatten, batch normalization.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numerics.modules.reading import check_shapes

if TYPE_CHECKING:
    import torch

#: Modules without parameters that act on every channel alike and apart from the others.
CHANNELWISE = (
    *("ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "Softplus", "Softsign", "Tanh", "Sigmoid", "Hardtanh"),
    *("Hardswish", "Hardsigmoid", "LogSigmoid", "Tanhshrink", "Softshrink", "Hardshrink", "Threshold", "Identity", "Flatten"),
    *(f"{kind}Pool{d}d" for kind in ("Max", "Avg", "AdaptiveMax", "AdaptiveAvg") for d in (1, 2, 3)),
)
WEIGHTED = ("Linear", "Conv1d", "Conv2d", "Conv3d")
NORMALIZING = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")

#: Rounding of a forward or backward pass, in units of eps times the largest entry met; sums of a few thousand terms.
ROUNDING = 256


class UnsupportedModule(TypeError):
    """A module that cannot be widened; the message names the layer that is in the way."""


@dataclass(frozen=True)
class Widened:
    """The wide ``module``; ``output_error`` and ``gradient_error`` are the largest deviations found, relative to the largest entry."""

    module: torch.nn.Module
    output_error: float
    gradient_error: float


@contextmanager
def numbered(number: int, total: int) -> Iterator[None]:
    """A ValueError of the block says of which of ``total`` splits it is, where there are several."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"split {number} of {total}: {error}" if total > 1 else str(error)) from error


def widen(module: torch.nn.Module, layer: int, neuron: int, alpha: float, *, inputs: torch.Tensor | None = None) -> Widened:
    """A copy of ``module`` with ``neuron`` (from 0) of hidden ``layer`` (from 1) split, the copy getting the fraction ``alpha``.

    On ``inputs`` (random ones for a first Linear layer; needed otherwise) outputs must agree, and for a random loss the wide gradient must
    be M times the narrow one, so that every critical point of every loss of the outputs stays critical. ``module`` is left as it is.
    Raises ValueError for a bad layer, neuron, alpha or inputs, an ``alpha`` too large for the precision among them (the shares alpha and
    1 - alpha cancel, so that rounding grows with it), for weights, inputs or outputs that are not finite,
    :class:`UnsupportedModule` for layers that a split cannot pass, ArithmeticError when the check on return fails.
    """
    alpha = _number(alpha)
    check_shapes(module)
    steps = list(_steps(module))
    weighted = [k for k, (_, step) in enumerate(steps) if type(step).__name__ in WEIGHTED]
    hidden = max(len(weighted) - 1, 0)
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= hidden:
        raise ValueError(f"layer must be from 1 to {hidden} (hidden Linear or Conv layers of the module), got {layer!r}")
    first, last = weighted[layer - 1], weighted[layer]
    width = _outputs(steps[first][1])
    if isinstance(neuron, bool) or not isinstance(neuron, int) or not 0 <= neuron < width:
        raise ValueError(f"neuron must be from 0 to {width - 1} in layer {layer}, got {neuron!r}")
    _check_between(steps, first, last)
    for name, parameter in module.named_parameters():
        if not parameter.isfinite().all():
            raise ValueError(f"the weights of the module must be finite, those of {name} are not")
    wide = copy.deepcopy(module)
    for name, changed in _split(steps, first, last, neuron, alpha):
        _replace(wide, name, changed)
    inputs = _samples(steps, inputs)
    found = Widened(wide, *_errors(module, wide, inputs, steps, first, last, neuron, alpha))
    if not max(found.output_error, found.gradient_error) <= 1:
        raise ArithmeticError(
            f"the widened module does not check: outputs off by {found.output_error:.3g} and gradients by {found.gradient_error:.3g} "
            "times the rounding level"
        )
    return found


def _number(alpha: Any) -> float:
    if isinstance(alpha, bool | str) or not hasattr(alpha, "__float__") or not math.isfinite(alpha):
        raise ValueError(f"alpha must be a finite number, got {alpha!r}")
    return float(alpha)


def _steps(module: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The modules of a (nested) Sequential in order, with their names."""
    import torch

    if not isinstance(module, torch.nn.Sequential):
        if prefix:
            yield prefix[:-1], module
            return
        raise UnsupportedModule(f"module must be a torch.nn.Sequential (nested ones included), got {type(module).__name__}")
    for name, child in module.named_children():
        yield from _steps(child, f"{prefix}{name}.")


def _outputs(step: Any) -> int:
    return step.out_features if hasattr(step, "out_features") else step.out_channels


def _check_between(steps: list[tuple[str, Any]], first: int, last: int) -> None:
    for name, step in (steps[first], steps[last]):
        if getattr(step, "groups", 1) != 1:
            raise UnsupportedModule(f"{name}: grouped convolutions cannot be widened by one channel (groups = {step.groups})")
    for name, step in steps[first + 1 : last]:
        kind = type(step).__name__
        if kind.startswith("Dropout") or kind == "AlphaDropout":
            raise UnsupportedModule(f"{name}: dropout treats the two copies differently, so the split would not keep the output")
        if kind not in (*CHANNELWISE, *NORMALIZING):
            raise UnsupportedModule(
                f"{name}: {kind} may mix channels; between the layers expected one of {', '.join((*CHANNELWISE, *NORMALIZING))}"
            )
        if kind == "Flatten" and (step.start_dim, step.end_dim) != (1, -1):
            raise UnsupportedModule(
                f"{name}: Flatten must flatten all but the batch axis, got dimensions {step.start_dim} to {step.end_dim}"
            )


def _split(steps, first, last, neuron, alpha) -> Iterator[tuple[str, Any]]:
    """The modules to put in place of old ones."""
    name, step = steps[first]
    yield name, _with_copy(step, neuron)
    for name, step in steps[first + 1 : last]:
        if type(step).__name__ in NORMALIZING:
            yield name, _with_copy(step, neuron)
    name, step = steps[last]
    columns, width = _columns(step, _outputs(steps[first][1])), _outputs(steps[first][1])
    yield name, _with_shared_inputs(step, columns, width, neuron, alpha)


def _with_copy(step: Any, neuron: int) -> Any:
    """A layer with the row ``neuron`` of every parameter and buffer once more, at the end."""
    import torch

    wide = copy.deepcopy(step)
    for name in ("out_features", "out_channels", "num_features"):
        if hasattr(wide, name):
            setattr(wide, name, getattr(wide, name) + 1)
    with torch.no_grad():
        for name, tensor in [*step._parameters.items(), *step._buffers.items()]:
            if tensor is None or tensor.ndim == 0:
                continue
            longer = torch.cat([tensor, tensor[neuron : neuron + 1]]).clone()
            setattr(wide, name, torch.nn.Parameter(longer, tensor.requires_grad) if name in step._parameters else longer)
    return wide


def _columns(step: Any, width: int) -> int:
    """How many inputs of the next layer one channel feeds: several after a Flatten."""
    inputs = step.in_features if hasattr(step, "in_features") else step.in_channels
    if inputs % width:
        raise UnsupportedModule(f"the next layer has {inputs} inputs, which is no multiple of the {width} channels before it")
    return inputs // width


def _with_shared_inputs(step: Any, columns: int, width: int, neuron: int, alpha: float) -> Any:
    """The next layer with alpha of the neuron's columns moved to new ones at the end."""
    import torch

    wide = copy.deepcopy(step)
    name = "in_features" if hasattr(step, "in_features") else "in_channels"
    setattr(wide, name, getattr(step, name) + columns)
    with torch.no_grad():
        place = slice(neuron * columns, (neuron + 1) * columns)
        weight = torch.cat([step.weight, alpha * step.weight[:, place]], dim=1).clone()
        weight[:, place] *= 1 - alpha
        wide.weight = torch.nn.Parameter(weight, step.weight.requires_grad)
    return wide


def _replace(module: Any, name: str, changed: Any) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent) if parent else module, child, changed)


def _samples(steps: list[tuple[str, Any]], inputs: Any) -> Any:
    import torch

    first = steps[0][1]
    if inputs is None:
        if type(first).__name__ != "Linear":
            raise ValueError("inputs must be given (or their shape, for the command) when the module does not start with a Linear layer")
        generator = torch.Generator().manual_seed(0)
        return torch.randn(16, first.in_features, generator=generator, dtype=first.weight.dtype).to(first.weight.device)
    if len(inputs) < 2:
        raise ValueError(f"inputs must hold at least two samples, got {len(inputs)}")
    if not inputs.isfinite().all():
        raise ValueError("inputs must be finite numbers")
    return inputs


def _errors(module, wide, inputs, steps, first, last, neuron, alpha) -> tuple[float, float]:
    """Largest deviation of outputs and of gradients (narrow mapped by M), in units of ROUNDING eps times the largest entry."""
    import torch

    try:
        narrow_output, narrow = _gradients(module, inputs)
    except (RuntimeError, IndexError) as error:
        raise ValueError(f"inputs of shape {tuple(inputs.shape)} do not pass through the module: {error}") from error
    if not all(part.isfinite().all() for part in (narrow_output, *narrow.values())):
        raise ValueError("the outputs or gradients of the module leave the range of its number type on these inputs")
    wide_output, found = _gradients(wide, inputs)
    columns = _columns(steps[last][1], _outputs(steps[first][1]))
    expected = dict(narrow)
    rows = [steps[first][0], *(name for name, step in steps[first + 1 : last] if type(step).__name__ in NORMALIZING)]
    for name, gradient in narrow.items():
        owner, _, parameter = name.rpartition(".")
        if owner in rows:
            mapped = torch.cat([gradient, alpha * gradient[neuron : neuron + 1]])
            mapped[neuron] *= 1 - alpha
            expected[name] = mapped
        elif owner == steps[last][0] and parameter == "weight":
            expected[name] = torch.cat([gradient, gradient[:, neuron * columns : (neuron + 1) * columns]], dim=1)
    changed, size = float((wide_output - narrow_output).abs().max()), float(narrow_output.abs().max()) or 1.0
    precision = torch.finfo(narrow_output.dtype).eps
    unit = ROUNDING * precision * (1 + abs(alpha))
    # Within the rounding of so large a fraction, and yet no longer the same function: half of the digits are the least to be kept.
    if math.sqrt(precision) * size < changed <= unit * size:
        raise ValueError(
            f"alpha = {alpha:g} is beyond what {narrow_output.dtype} carries: alpha and 1 - alpha cancel, and outputs would change by "
            f"{changed / size:.2g} of the largest"
        )
    scale = max(float(gradient.abs().max()) for gradient in expected.values()) or 1.0
    outputs = changed / (unit * size)
    gradients = max(float((found[name] - expected[name]).abs().max()) for name in expected) / (unit * scale)
    return outputs, gradients


def _gradients(module: Any, inputs: Any) -> tuple[Any, dict[str, Any]]:
    """Outputs and the gradients of a random linear loss of them, in training mode where that is how the module stands."""
    import torch

    probe = copy.deepcopy(module)  # batch statistics must not move those of the caller
    for parameter in probe.parameters():
        parameter.requires_grad_(True)
    output = probe(inputs)
    generator = torch.Generator().manual_seed(1)
    slope = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output)
    gradients = torch.autograd.grad((slope * output).sum(), list(probe.parameters()))
    return output.detach(), dict(zip((name for name, _ in probe.named_parameters()), gradients, strict=True))
