"""A module on trial: that it takes its inputs, that each output depends on its own sample alone, and that gradients are those of the
outputs, at its parameters and at others near them.

These trials refuse; they prove nothing. What is proved about a module is about the graph that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.modules.slopes import module_tangents

#: Rounding of a gradient, relative to the largest of its row: one that should vanish (a bias that softmax does not see) is as large.
ROUNDING = 1e-11
#: Largest relative difference between what a module computes in double precision and its reading.
AGREEMENT = 1e-6
#: How far parameters are moved, relative to 1 and to their size; the next where the module has no finite values so far away.
MOVES = (0.1, 1e-3, 1e-6)


class NotTaken(ValueError):
    """Inputs that the module does not take: it raised an error."""


def outputs_in_double(double: Any, inputs: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """The inputs as the module takes them, and its outputs (n, outputs), of a module in double precision.

    Whole numbers are taken for real ones if the module does so, else for tokens. Raises ValueError where it takes neither, for outputs
    that are
    not finite, for what is random, what depends on other samples, and what changes a buffer.
    """
    floats = [x.astype(float) for x in inputs]
    try:
        outputs = _called(double, floats)
        taken = floats
    except NotTaken as error:
        if all(x.dtype.kind == "f" for x in inputs):
            raise ValueError(f"inputs of shape {_shapes(inputs)} do not fit the module: {error}") from error
        try:
            taken = [x.astype(float if x.dtype.kind == "f" else np.int64) for x in inputs]
            outputs = _called(double, taken)
        except NotTaken as second:
            raise ValueError(f"inputs of shape {_shapes(inputs)} do not fit the module: {second}") from second
    n = len(inputs[0])
    if not np.isfinite(outputs).all():
        raise ValueError(f"the module's outputs must be finite, got {outputs[~np.isfinite(outputs)][0]} (an overflow?)")
    if not np.array_equal(outputs, _called(double, taken)):
        raise ValueError("the module is random or changes when it is called (a layer in training mode?); call module.eval()")
    few = min(n, 3)
    alone = np.concatenate([_called(double, [x[i : i + 1] for x in taken]) for i in range(few)])
    if not close(alone, outputs[:few]):
        raise ValueError("an output of the module depends on the batch, not on its own sample alone (statistics or a mean over samples?)")
    return taken, outputs


def _called(double: Any, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The outputs (n, outputs); the state of torch's random numbers is that before, and a buffer that changes is an error."""
    import torch

    before = {name: b.clone() for name, b in double.named_buffers()}
    try:
        with torch.no_grad():
            outputs = double(*(torch.as_tensor(x) for x in inputs))
    except Exception as error:  # whatever the user's code raises
        raise NotTaken(f"{type(error).__name__}: {_first_line(error)}") from error
    for name, buffer in double.named_buffers():
        if name in before and not torch.equal(buffer, before[name]):
            raise ValueError(
                f"buffer {name!r} is changed when the module is called: its output is no function of its inputs (training mode?)"
            )
    n = len(inputs[0])
    if not isinstance(outputs, torch.Tensor) or not outputs.dtype.is_floating_point or outputs.ndim < 1 or len(outputs) != n:
        raise ValueError("module must return one real tensor (n, ...), a row for every input")
    if not outputs.numel():
        raise ValueError(f"module must return at least one number for every input, got shape {tuple(outputs.shape)}")
    return outputs.detach().double().numpy().reshape(n, -1)


def check_outputs(read: np.ndarray, outputs: np.ndarray) -> None:
    """Raise ValueError where the outputs of the reading are not those of the module."""
    if not close(read, outputs):
        raise ValueError(f"the module is not what was read: outputs differ by {float(np.abs(read - outputs).max()):.3g}")


def check_slopes(double: Any, inputs: Sequence[np.ndarray], read: np.ndarray) -> None:
    """Raise ValueError where torch's gradients are not those of the outputs: a detach, no_grad or a backward pass of the user's own."""
    try:
        slopes = module_tangents(double, inputs)
    except Exception:  # torch vectorizes not every module; what its layers then raise is theirs
        try:
            slopes = _slopes_one_by_one(double, inputs)
        except RuntimeError as error:  # an operation in place, say, on what the way back needs
            raise ValueError(f"torch cannot differentiate the module: {_first_line(error)}") from error
    start, largest = 0, np.abs(slopes).max(axis=1, initial=0.0, keepdims=True)
    for name, parameter in double.named_parameters():
        if parameter.requires_grad:
            part = slice(start, start := start + parameter.numel())
            allowed = ROUNDING * largest + AGREEMENT * np.abs(slopes[:, part]).max(initial=0.0)
            if not (np.abs(read[:, part] - slopes[:, part]) <= allowed).all():
                raise ValueError(
                    f"the gradient of the module by {name!r} is not that of its outputs (a detach, no_grad or a backward pass of its own?)"
                )


def _slopes_one_by_one(double: Any, inputs: Sequence[np.ndarray]) -> np.ndarray:
    import torch

    parameters = [p for p in double.parameters() if p.requires_grad]
    nothing = torch.cat([torch.zeros_like(p).reshape(-1) for p in parameters]).numpy()
    rows = []
    for i in range(len(inputs[0])):
        outputs = double(*(torch.as_tensor(x[i : i + 1]) for x in inputs)).reshape(-1)
        for value in outputs:
            if not value.requires_grad:  # no parameter moves it
                rows.append(nothing)
                continue
            parts = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
            filled = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, parts, strict=True)]
            rows.append(torch.cat([g.reshape(-1) for g in filled]).numpy())
    return np.array(rows)


def move(double: Any, inputs: Sequence[np.ndarray]) -> np.ndarray | None:
    """Move all trained parameters of ``double``, a module in double precision, at random; its outputs on ``inputs`` there.

    A gradient that is cut off behind weights of 0 shows there, and so does a function that was exported as another. None where the module
    has no finite values near its parameters.
    """
    import torch

    rng, trained = np.random.default_rng(0), [p for p in double.parameters() if p.requires_grad]
    places = [p.detach().clone() for p in trained]
    for size in MOVES:
        with torch.no_grad():
            for parameter, place in zip(trained, places, strict=True):
                parameter.copy_(place + size * (1 + place.abs()) * torch.as_tensor(rng.normal(size=place.shape)))
        outputs = _called(double, inputs)
        if np.isfinite(outputs).all():
            return outputs
    return None


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays agree up to rounding, relative to their largest entry."""
    return a.shape == b.shape and bool(np.abs(a - b).max(initial=0.0) <= AGREEMENT * (1e-9 + np.abs(b).max(initial=0.0)))


def _shapes(inputs: Sequence[np.ndarray]) -> str:
    return ", ".join(str(x.shape) for x in inputs)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
