"""The steps of a graph evaluated in any arithmetic, and their tangents by one reverse pass for each output.

Values are arrays (n, size), n samples or 1 where a value is the same for all. An arithmetic (:mod:`numerics.modules.arithmetics`) knows
arrays of
its numbers; each step says here once what it makes and what becomes of a cotangent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.modules.graph import Graph, Step


class OnKink(ValueError):
    """An input at which a piecewise step has no derivative; the message names the sample and the layer."""

    def __init__(self, sample: int, what: str) -> None:
        super().__init__(f"sample {sample} {what}")
        self.sample, self.what = sample, what


class OutsideDomain(OnKink):
    """An input at which a step has no finite value (the logarithm of a negative number), or is not the function that was read."""


@dataclass(eq=False)
class Tape:
    """All values of one evaluation, and what their steps keep for the way back."""

    graph: Graph
    arithmetic: Any
    samples: int
    values: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    @property
    def outputs(self) -> Any:
        """The outputs (n, outputs)."""
        return self.values[-1]


def evaluate(graph: Graph, arithmetic: Any, theta: Any, inputs: Sequence[Any]) -> Tape:
    """The values at ``theta`` (P,) and ``inputs``, arrays (n, size) of numbers of the arithmetic, or of integers for tokens."""
    tape = Tape(graph, arithmetic, len(inputs[0]))
    for step in graph.steps:
        if step.kind == "parameters":
            value, kept = arithmetic.row(theta), None
        elif step.kind in ("input", "tokens"):
            value, kept = inputs[step.data["number"]], None
        else:
            value, kept = FORWARD[step.kind](arithmetic, step, *(tape.values[k] for k in step.sources))
        tape.values.append(value)
        tape.kept.append(kept)
    return tape


def tangents(tape: Tape) -> Any:
    """The tangent matrix (n, outputs, P) as an array of the arithmetic."""
    arithmetic, graph = tape.arithmetic, tape.graph
    moving = moved_by_parameters(graph)
    rows = [_pulled(tape, moving, arithmetic.unit(tape.samples, graph.outputs, t)) for t in range(graph.outputs)]
    return arithmetic.stack(rows, 1)


def pulled_back(tape: Tape, cotangent: Any) -> Any:
    """The gradient (n, P) of the outputs times ``cotangent`` (n, outputs), sample by sample."""
    return _pulled(tape, moved_by_parameters(tape.graph), cotangent)


def _pulled(tape: Tape, moving: list[bool], cotangent: Any) -> Any:
    arithmetic, graph, n = tape.arithmetic, tape.graph, tape.samples
    cotangents: dict[int, Any] = {len(graph.steps) - 1: cotangent}
    for number in range(len(graph.steps) - 1, 0, -1):
        g = cotangents.pop(number, None)
        step = graph.steps[number]
        if g is None or not step.sources:
            continue
        wanted = [moving[k] for k in step.sources]
        if not any(wanted):
            continue
        values = [tape.values[k] for k in step.sources]
        for source, part in BACKWARD[step.kind](arithmetic, step, values, tape.values[number], tape.kept[number], g, wanted):
            if part is not None:
                k = step.sources[source]
                cotangents[k] = arithmetic.add(cotangents[k], part) if k in cotangents else part
    found = cotangents.get(0)
    return arithmetic.spread(arithmetic.zeros((1, graph.n_params)) if found is None else found, n)


#: Distance from a kink, relative to the values of the step, below which floats do not tell on which side a sample lies.
NEAR = 1e-6


def doubtful(tape: Tape) -> tuple[np.ndarray, np.ndarray]:
    """Which samples of an evaluation in floats lie near a kink or a tie, and which have a value that is not finite or leave what was read.

    Floats do not decide: a sample that is named may be fine (a tie between zeros of closed gates, an overflow), and balls say so.
    """
    near, outside = np.zeros(tape.samples, bool), np.zeros(tape.samples, bool)
    for number, step in enumerate(tape.graph.steps):
        if step.kind not in ("function", "relu", "greatest", "softmax", "normalize"):
            continue
        a, value, kept = tape.values[step.sources[0]], tape.values[number], tape.kept[number]
        outside |= ~np.isfinite(value).all(axis=1) | ~np.isfinite(a).all(axis=1)
        with np.errstate(invalid="ignore"):
            size = np.abs(a).max(axis=1, initial=0.0)
            if step.kind == "function":
                outside |= ~np.isfinite(kept).all(axis=1)
                if "below" in step.data:
                    outside |= (a >= float(step.data["below"]) * (1 - NEAR)).any(axis=1)
            elif step.kind == "relu":
                near |= (np.abs(a) <= NEAR * size[:, None]).any(axis=1)
            elif step.kind == "greatest" and step.data["length"] > 1:
                highest = np.sort(_rows(a, step.data["length"]), axis=-1)
                near |= (highest[..., -1] - highest[..., -2] <= NEAR * size[:, None]).any(axis=1)
    return near, outside


def moved_by_parameters(graph: Graph) -> list[bool]:
    """Which values depend on theta."""
    moving: list[bool] = []
    for step in graph.steps:
        moving.append(step.kind == "parameters" or any(moving[k] for k in step.sources))
    return moving


# ------------------------------------------------------------------------------------------------------------ the steps

FORWARD: dict[str, Callable[..., tuple[Any, Any]]] = {}
BACKWARD: dict[str, Callable[..., list[tuple[int, Any]]]] = {}


def _step(kind: str, backward: Callable[..., list[tuple[int, Any]]]) -> Callable[[Callable[..., tuple[Any, Any]]], Any]:
    def register(forward: Callable[..., tuple[Any, Any]]) -> Any:
        FORWARD[kind], BACKWARD[kind] = forward, backward
        return forward

    return register


@_step("constant", lambda *_: [])
def _constant(K: Any, step: Step) -> tuple[Any, Any]:
    return K.row(K.constant(step.data["values"])), None


@_step("gather", lambda K, step, values, value, kept, g, wanted: [(0, K.scatter(g, step.data["index"], values[0].shape[1]))])
def _gather(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    return K.gather(a, step.data["index"]), None


def _split(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    starts = np.cumsum([0, *(v.shape[1] for v in values)])
    return [(k, g[:, starts[k] : starts[k + 1]]) for k in range(len(values)) if wanted[k]]


@_step("join", _split)
def _join(K: Any, step: Step, *parts: Any) -> tuple[Any, Any]:
    return K.join(parts), None


@_step("add", lambda K, step, values, value, kept, g, wanted: [(k, g) for k in (0, 1) if wanted[k]])
def _add(K: Any, step: Step, a: Any, b: Any) -> tuple[Any, Any]:
    return K.add(a, b), None


@_step("scale", lambda K, step, values, value, kept, g, wanted: [(0, K.scale(g, step.data["factor"]))])
def _scale(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    return K.scale(a, step.data["factor"]), None


@_step("mul", lambda K, step, values, value, kept, g, wanted: [(k, K.mul(g, values[1 - k])) for k in (0, 1) if wanted[k]])
def _mul(K: Any, step: Step, a: Any, b: Any) -> tuple[Any, Any]:
    return K.mul(a, b), None


def _sides(step: Step) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    batch, rows, inner, columns = (step.data[key] for key in ("batch", "rows", "inner", "columns"))
    return (batch, rows, inner), (batch, inner, columns), (batch, rows, columns)


def _factors(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    left, right, product = _sides(step)
    a, b, c = (v.reshape((v.shape[0], *shape)) for v, shape in zip((*values, g), (left, right, product), strict=True))
    flat = lambda m: m.reshape((m.shape[0], -1))
    found = []
    if wanted[0]:
        found.append((0, flat(K.matmul(c, b.swapaxes(-1, -2)))))
    if wanted[1]:
        found.append((1, flat(K.matmul(a.swapaxes(-1, -2), c))))
    return found


@_step("matmul", _factors)
def _matmul(K: Any, step: Step, a: Any, b: Any) -> tuple[Any, Any]:
    left, right, _ = _sides(step)
    product = K.matmul(a.reshape((a.shape[0], *left)), b.reshape((b.shape[0], *right)))
    return product.reshape((product.shape[0], -1)), None


def _rows(a: Any, length: int) -> Any:
    return a.reshape((a.shape[0], -1, length))


def _repeated(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    return [(0, K.gather(g, np.repeat(np.arange(step.size), step.data["length"])))]


@_step("sum", _repeated)
def _sum(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    return K.sum(_rows(a, step.data["length"])), None


@_step("function", lambda K, step, values, value, kept, g, wanted: [(0, K.mul(g, kept))])
def _function(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    value, slope = K.function(step.data["name"], a)
    K.inside(step, a, value, slope)
    return value, slope


@_step("relu", lambda K, step, values, value, kept, g, wanted: [(0, K.gate(g, kept))])
def _relu(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    gates = K.open_gates(a, step.place)
    return K.gate(a, gates), gates


def _chosen(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    return [(0, K.gate(K.gather(g, np.repeat(np.arange(step.size), step.data["length"])), kept))]


@_step("greatest", _chosen)
def _greatest(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    first = K.first_of_rows(_rows(a, step.data["length"]), step.place).reshape((a.shape[0], -1))
    return K.sum(_rows(K.gate(a, first), step.data["length"])), first


def _softmax_back(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    length = step.data["length"]
    weighted = K.mul(value, g)
    total = K.gather(K.sum(_rows(weighted, length)), np.repeat(np.arange(step.size // length), length))
    return [(0, K.add(weighted, K.negative(K.mul(value, total))))]


@_step("softmax", _softmax_back)
def _softmax(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    length = step.data["length"]
    exponentials = K.exponentials(a, step.data["hidden"], length)
    total = K.function("reciprocal", K.sum(_rows(exponentials, length)))[0]
    K.inside(step, a, total, total)
    return K.mul(exponentials, K.gather(total, np.repeat(np.arange(step.size // length), length))), None


def _mean(K: Any, a: Any, length: int) -> Any:
    """The mean of each row, at every place of the row."""
    total = K.scale(K.sum(_rows(a, length)), Fraction(1, length))
    return K.gather(total, np.repeat(np.arange(a.shape[1] // length), length))


def _normalize_back(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    length = step.data["length"]
    centred = K.add(g, K.negative(_mean(K, g, length)))
    along = K.mul(value, _mean(K, K.mul(value, g), length))
    return [(0, K.mul(kept, K.add(centred, K.negative(along))))]


@_step("normalize", _normalize_back)
def _normalize(K: Any, step: Step, a: Any) -> tuple[Any, Any]:
    length = step.data["length"]
    centred = K.add(a, K.negative(_mean(K, a, length)))
    variance = K.scale(K.sum(_rows(K.mul(centred, centred), length)), Fraction(1, length))
    root = K.function("root", K.add(variance, K.row(K.constant([step.data["eps"]] * variance.shape[1]))))[0]
    K.inside(step, a, root, root)
    root = K.gather(root, np.repeat(np.arange(root.shape[1]), length))
    return K.mul(centred, root), root


def _lookup_back(K: Any, step: Step, values: Any, value: Any, kept: Any, g: Any, wanted: list[bool]) -> list[tuple[int, Any]]:
    return [(0, K.scatter_rows(g, kept, values[0].shape[1]))]


@_step("lookup", _lookup_back)
def _lookup(K: Any, step: Step, table: Any, tokens: Any) -> tuple[Any, Any]:
    width = step.data["width"]
    index = (np.asarray(tokens, np.int64)[:, :, None] * width + np.arange(width)).reshape(len(tokens), -1)
    return K.lookup(table, index), index
