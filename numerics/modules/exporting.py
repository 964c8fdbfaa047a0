"""Any torch module as a graph: exported by torch, decomposed to core aten operations, lowered, and compared with the module itself.

What is read is the function in real numbers: every float is the rational that it is, what depends on neither parameters nor inputs is the
constant that torch computes in double precision, and the parameters are those with requires_grad, a tied one once, under its first name.
Refused,
with the layer: what is random, what changes a buffer when it is called, what depends on the batch, control flow that depends on
values, and operations that are not known. The user's module is never called in another state nor changed: a copy in double precision is.
"""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

import numpy as np

from numerics.modules.graph import Graph, Parameter
from numerics.modules.lowering import OPERATIONS, Lowering, NotRead, Wire
from numerics.modules.lowering_layers import LAYERS


def double_copy(module: Any) -> Any:
    """A copy of ``module`` in double precision on the CPU, in the same mode.

    The constant of an RMS normalization that names none is that of the precision of the module, and stays so.
    """
    import torch

    try:
        copied = copy.deepcopy(module)
        dtype = next((p.dtype for p in copied.parameters()), torch.float64)
        for layer in copied.modules():
            if isinstance(layer, torch.nn.RMSNorm) and layer.eps is None:
                layer.eps = torch.finfo(dtype if layer.weight is None else layer.weight.dtype).eps
        return copied.cpu().double()
    except (RuntimeError, TypeError) as error:
        raise NotRead(f"the module cannot be copied: {_first_line(error)}") from error


def read_graph(double: Any, inputs: Sequence[np.ndarray]) -> Graph:
    """The graph of a module in double precision (:func:`double_copy`) on ``inputs``, arrays (n, ...) of floats or whole numbers (tokens).

    Raises :class:`NotRead`, a ValueError, with the layer and the reason.
    """
    import torch

    samples = tuple(torch.as_tensor(x[:1]) for x in inputs)
    program = _exported(double, samples)
    signature = program.graph_signature
    changed = [*signature.buffers_to_mutate.values(), *signature.user_inputs_to_mutate.values()]
    if changed:
        raise NotRead(f"{changed[0]!r} is changed when the module is called: its output is no function of its inputs (training mode?)")
    parameters, places = _parameters(double)
    low = Lowering(sum(p.size for p in parameters), {**OPERATIONS, **LAYERS})
    environment = _placeholders(program, low, places, inputs)
    for node in program.graph.nodes:
        if node.op == "call_function":
            low.builder.place = _place(node)
            environment[node.name] = _called(low, node, environment)
    (result,) = [node for node in program.graph.nodes if node.op == "output"]
    if len(result.args[0]) != 1 or not isinstance(out := environment[result.args[0][0].name], Wire):
        raise NotRead("expected a module that returns one tensor which depends on inputs or parameters")
    if out.masked is not None:
        raise NotRead("an output is minus infinity")
    if out.shape[:1] != (1,):
        raise NotRead(f"expected a row of outputs for every sample, got shape {out.shape} for one")
    out = low.after(out, "scale", factor=1) if low.builder.steps[out.number].kind == "parameters" else out
    return Graph(
        low.builder.reached(out.number),
        tuple(parameters),
        tuple(None if x.dtype.kind == "f" else _vocabulary(low, k) for k, x in enumerate(inputs)),
        tuple(tuple(x.shape[1:]) for x in inputs),
    )


def _vocabulary(low: Lowering, number: int) -> int:
    """How many tokens the tables know that input ``number`` is looked up in."""
    steps, sizes = low.builder.steps, []
    for step in steps:
        source = step.sources[1] if step.kind == "lookup" else None
        while source is not None and steps[source].kind == "gather":
            source = steps[source].sources[0]
        if source is not None and steps[source].data["number"] == number:
            sizes.append(steps[step.sources[0]].size // step.data["width"])
    return min(sizes, default=1)


@contextmanager
def _quiet():
    """Without the warnings, log lines and printed graphs of torch.export, which speak of its internals."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@cache
def _decompositions(namespaces: tuple[str, ...]) -> dict[Any, Any]:
    """What torch decomposes, written out once for all operations of these ``namespaces``: torch would ask for each of them every time."""
    import torch

    table = torch.export.default_decompositions()
    for kept in (torch.ops.aten.softplus.default, torch.ops.aten._prelu_kernel.default):
        table.pop(kept, None)  # else they become choices by comparison
    return dict(table.items())


def _exported(double: Any, samples: tuple[Any, ...]) -> Any:
    import torch

    try:
        with _quiet():
            return torch.export.export(double, samples).run_decompositions(dict(_decompositions(tuple(torch.ops))))
    except Exception as error:  # whatever user code and the exporter raise
        raise NotRead(f"torch.export does not take the module ({type(error).__name__}): {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _parameters(module: Any) -> tuple[list[Parameter], dict[str, Parameter]]:
    """The trained parameters in order, each once, and every name that stands for one."""
    found: dict[int, Parameter] = {}
    places: dict[str, Parameter] = {}
    start = 0
    for name, value in module.named_parameters(remove_duplicate=False):
        if value.requires_grad:
            if id(value) not in found:
                found[id(value)] = Parameter(name, tuple(value.shape), start)
                start += value.numel()
            places[name] = found[id(value)]
    return list(found.values()), places


def _placeholders(program: Any, low: Lowering, places: dict[str, Parameter], inputs: Sequence[np.ndarray]) -> dict[str, Any]:
    environment: dict[str, Any] = {}
    state, count = dict(program.state_dict), 0
    for spec in program.graph_signature.input_specs:
        name, kind = spec.arg.name, spec.kind.name
        if kind == "PARAMETER" and spec.target in places:
            parameter = places[spec.target]
            index = np.arange(parameter.start, parameter.start + parameter.size)
            environment[name] = Wire(low.builder.gather(low.builder.theta, index), parameter.shape)
        elif kind in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR"):
            tensor = state[spec.target] if spec.target in state else program.constants[spec.target]
            environment[name] = tensor.detach().double() if tensor.dtype.is_floating_point else tensor.detach()
        elif kind == "USER_INPUT" and count < len(inputs):
            x = inputs[count]
            whole = x.dtype.kind != "f"
            number = low.builder.add("tokens" if whole else "input", (), int(np.prod(x.shape[1:])), number=count)
            environment[name] = Wire(number, (1, *x.shape[1:]), tokens=whole)
            count += 1
        else:
            raise NotRead(f"an input of the kind {kind.lower()} is not read")
    return environment


def _place(node: Any) -> str:
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return f"{stack[-1][0]}" if stack and stack[-1][0] else ""


def _called(low: Lowering, node: Any, environment: dict[str, Any]) -> Any:
    import torch

    def read(argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            return environment[argument.name]
        return [read(a) for a in argument] if isinstance(argument, list | tuple) else argument

    target = node.target
    if not isinstance(target, torch._ops.OpOverload):
        if getattr(target, "__name__", "") == "getitem":
            return read(node.args[0])[node.args[1]]
        raise low.not_read(f"control flow that depends on values ({getattr(target, '__name__', target)})")
    if torch.Tag.nondeterministic_seeded in target.tags:
        raise low.not_read(f"the random operation aten.{target.name().removeprefix('aten::')} (training mode?)")
    name = str(target).removeprefix("aten.")
    if "assert" in name:
        return None
    options = {key: read(value) for key, value in node.kwargs.items()}
    try:
        return low.run(name, target, [read(a) for a in node.args], options)
    except NotRead:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        raise low.not_read(f"aten.{name} ({_first_line(error)})") from error
