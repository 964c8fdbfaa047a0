"""A torch module as a model of this package: what takes gradients, Hessians, inertias and boxes of models takes it, too.

Samples are rows (n, entries of all inputs, one after another), parameters one row (P,). In balls and rational numbers gates and maxima are
decided by proof, and a sample on a kink is refused; in floats they are those of the floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numerics.derivatives.directional import Directional, value_of
from numerics.derivatives.tape import Node
from numerics.modules.arithmetics import Balls, Floats, Rationals
from numerics.modules.duals import Duals
from numerics.modules.evaluating import Tape, evaluate, pulled_back, tangents
from numerics.modules.fields import Fields, fields_of
from numerics.modules.graph import Graph
from theory.models import AbstractModel, Shape, as_container

#: Numbers times directions that one part of the samples may hold at once, in objects of about a hundred bytes.
AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class GraphModel(AbstractModel):
    """The function of a graph; ``name`` is that of its module."""

    graph: Graph
    name: str

    @cached_property
    def input_sizes(self) -> tuple[int, ...]:
        """Entries of one sample of each input."""
        return tuple(math.prod(shape) for shape in self.graph.input_shapes)

    @property
    def inputs(self) -> int:
        """Entries of one sample, all inputs together."""
        return sum(self.input_sizes)

    @property
    def outputs(self) -> int:
        """Outputs of one sample."""
        return self.graph.outputs

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        return {p.name: p.shape for p in self.graph.parameters}

    @property
    def widest(self) -> int:
        """The largest value of a step."""
        return max(step.size for step in self.graph.steps)

    @cached_property
    def fields(self) -> Fields:
        """Fields along which the function is constant at all parameters."""
        return fields_of(self.graph)

    @cached_property
    def fields_up_to_shifts(self) -> Fields:
        """Fields along which it is constant, or adds one number to all outputs."""
        return fields_of(self.graph, shifts=True)

    @property
    def rational(self) -> bool:
        return not self.graph.transcendental

    def __str__(self) -> str:
        return self.name

    def __call__(self, theta: Any, x: Any) -> Any:
        """f(x; theta), (n, outputs), at one ``theta`` (P,): an array, or what moves, from which a cotangent is pulled back."""
        point = theta.value if isinstance(theta, Node) else as_container(theta)
        if point.shape != (self.n_params,):
            raise ValueError(f"theta must have shape ({self.n_params},) for {self}, got {tuple(point.shape)}")
        run = _Run(self, point, as_container(x))
        return run if isinstance(theta, Node) else run.value

    def tangents(self, theta: Any, x: Any) -> tuple[Any, Any]:
        """Outputs (n, outputs) and tangent matrices (n, outputs, P) at ``theta`` (P,) and samples ``x`` (n, inputs)."""
        tape = self.evaluated(theta, x)
        return tape.arithmetic.spread(tape.outputs, tape.samples), tangents(tape)

    def evaluated(self, theta: Any, x: Any) -> Tape:
        """All values at ``theta`` (P,), an array or moving, and samples ``x`` (n, inputs), in the arithmetic of these."""
        numbers = value_of(theta)
        arithmetic: Any = Floats() if numbers.dtype != object else Balls() if _holds_balls(numbers) else Rationals()
        if isinstance(theta, Directional):
            arithmetic = Duals(arithmetic)
        with np.errstate(all="ignore"):
            return evaluate(self.graph, arithmetic, theta, self._split(x))

    def _split(self, x: Any) -> list[Any]:
        """The inputs (n, size) of the graph; tokens as whole numbers."""
        ends = np.cumsum([0, *self.input_sizes])
        parts = [x[:, a:b] for a, b in zip(ends, ends[1:], strict=False)]
        return [part if count is None else tokens(part) for part, count in zip(parts, self.graph.vocabulary, strict=True)]

    def parts(self, samples: int, directions: int) -> Iterator[slice]:
        """The samples in parts that memory holds with so many directions."""
        size = max(self.n_params, sum(step.size for step in self.graph.steps))
        step = max(1, AT_ONCE // (size * (directions + 1)))
        return (slice(k, k + step) for k in range(0, samples, step))


def tokens(x: Any) -> np.ndarray:
    """Whole numbers in any arithmetic as integers; ValueError for others."""
    return np.array([[_whole(z) for z in row] for row in x], np.int64).reshape(x.shape)


def _whole(z: Any) -> int:
    from flint import arb

    exact: Any = z
    if isinstance(z, int | float | np.number):
        exact = int(z) if float(z).is_integer() else None
    elif isinstance(z, arb):
        exact = z.unique_fmpz() if z.is_exact() else None
    if exact is None or exact != z or getattr(exact, "q", 1) != 1:
        raise ValueError(f"tokens must be whole numbers, got {z}")
    return int(getattr(exact, "p", exact))


def _holds_balls(numbers: np.ndarray) -> bool:
    from flint import arb

    return any(isinstance(z, arb) for z in numbers.flat)


class _Run:
    """The outputs at a point; the tape of one part of the samples at a time, for the way back."""

    def __init__(self, model: GraphModel, theta: Any, x: Any) -> None:
        self.model, self.theta, self.x = model, theta, x
        directions = len(theta.tangent) if isinstance(theta, Directional) else 0
        self.parts = list(model.parts(len(x), directions))
        outputs = []
        for part in self.parts:
            self.last = self._tape(part)
            outputs.append(self._of_all(self.last))
        self.value = _joined(outputs)

    def _tape(self, part: slice) -> Tape:
        return self.model.evaluated(self.theta, self.x[part])

    def _of_all(self, tape: Tape) -> Any:
        """The outputs, a row for each sample even where they are the same for all."""
        return tape.arithmetic.spread(tape.outputs, tape.samples) if tape.outputs.shape[0] != tape.samples else tape.outputs

    def pull_back(self, cotangent: Any, source: Node) -> Any:
        """The gradient (P,) of the sum over all samples of the outputs times ``cotangent`` (n, outputs)."""
        total: Any = None
        for part in reversed(self.parts):
            tape = self.last if part is self.parts[-1] else self._tape(part)
            found = pulled_back(tape, cotangent[part]).sum(axis=(0,))
            total = found if total is None else total + found
        if isinstance(self.theta, Directional) and not isinstance(total, Directional):  # no parameter moves the outputs
            return Directional(total, np.zeros_like(self.theta.tangent) + 0 * total)
        return total


def _joined(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if not isinstance(parts[0], Directional):
        return np.concatenate(parts)
    return Directional(np.concatenate([p.value for p in parts]), np.concatenate([p.tangent for p in parts], axis=1))
