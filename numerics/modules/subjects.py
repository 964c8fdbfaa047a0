"""A torch module with inputs that it takes, read as a graph and compared with the module: where ranks and inertias begin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.modules.arithmetics import Balls, Floats, Residues
from numerics.modules.evaluating import OnKink, Tape, doubtful, evaluate, tangents
from numerics.modules.exporting import double_copy, read_graph
from numerics.modules.graph import Graph
from numerics.modules.reading import checked_inputs, checked_parameters, flat
from numerics.modules.slopes import module_tangents
from numerics.modules.trial import check_outputs, check_slopes, move, outputs_in_double

#: The most bits of balls, doubled until gates and signs are told.
MOST_BITS = 1024
#: How often inputs are drawn again in place of those at which the module has no finite value.
DRAWS = 8


@dataclass(eq=False)
class Subject:
    """A module with inputs that it takes; ``double`` is its copy in double precision."""

    module: Any
    double: Any
    inputs: list[np.ndarray]
    outputs: np.ndarray

    @classmethod
    def of(cls, module: Any, inputs: Any) -> Self:
        """``module`` with ``inputs`` (n, ...), or a tuple of such.

        Raises TypeError for what is no module and ValueError for what is not read.
        """
        import torch

        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}")
        checked_parameters(module)
        double = double_copy(module)
        arrays, outputs = outputs_in_double(double, checked_inputs(inputs))
        return cls(module, double, arrays, outputs)

    @cached_property
    def theta(self) -> np.ndarray:
        """All trained parameters (P,), the floats that they are."""
        return flat({name: p for name, p in self.double.named_parameters() if p.requires_grad})

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the outputs of one sample."""
        import torch

        with torch.no_grad():
            return tuple(self.double(*(torch.as_tensor(x[:1]) for x in self.inputs)).shape[1:])

    @cached_property
    def graph(self) -> Graph:
        """The module as a graph, compared with it in outputs and gradients, at its parameters and at others near them."""
        graph = read_graph(self.double, self.inputs)
        few = Subject(self.module, self.double, [x[:3] for x in self.inputs], self.outputs[:3])
        few._compare(graph)
        elsewhere = double_copy(self.module)
        if (outputs := move(elsewhere, few.inputs)) is not None:
            Subject(self.module, elsewhere, few.inputs, outputs)._compare(graph)
        return graph

    def _compare(self, graph: Graph) -> None:
        """Raise ValueError where ``graph`` has other outputs, or other gradients, than the module."""
        tape = self.in_floats(graph, self.inputs)
        check_outputs(np.broadcast_to(tape.outputs, (len(self.inputs[0]), graph.outputs)), self.outputs)
        check_slopes(self.double, self.inputs, tangents(tape).reshape(-1, graph.n_params))

    def drawn(self, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Up to ``count`` drawn inputs at which the floats of all steps are finite; ValueError where none is found."""
        graph, kept = self.graph, []
        for _ in range(DRAWS):
            new = drawn_inputs(graph, count, rng)
            good = ~doubtful(self.in_floats(graph, new))[1]
            kept.append([x[good] for x in new])
            if len(good) < count or sum(len(x[0]) for x in kept) >= count:  # all tokens, or as many as wanted
                break
        found = [np.concatenate(parts)[:count] for parts in zip(*kept, strict=True)]
        if not len(found[0]):
            raise ValueError(
                f"none of {count * len(kept)} drawn inputs has finite values in all steps of the module: no rank over all inputs"
            )
        return found

    def beside_kinks(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Those of drawn ``inputs`` that floats show away from kinks and ties; ValueError where there are none."""
        near, _ = doubtful(self.in_floats(self.graph, inputs))
        if near.all():
            raise ValueError(f"each of {len(near)} drawn inputs lies on, or too near to, a kink of the module: no rank over all inputs")
        return [x[~near] for x in inputs]

    def settle(self, inputs: Sequence[np.ndarray]) -> None:
        """Raise OnKink for a sample on a kink, OutsideDomain where the module has no finite value or is not what was read."""
        suspects = np.flatnonzero(np.logical_or(*doubtful(self.in_floats(self.graph, inputs))))
        if not len(suspects):
            return
        try:
            self.in_balls([x[suspects] for x in inputs], 128)
        except OnKink as error:
            raise type(error)(int(suspects[error.sample]), error.what) from error

    def in_floats(self, graph: Graph, inputs: Sequence[np.ndarray]) -> Tape:
        """An evaluation in double precision."""
        with np.errstate(all="ignore"):
            return evaluate(graph, Floats(), self.theta, [x.reshape(len(x), -1) for x in inputs])

    def float_tangents(self) -> np.ndarray:
        """The tangent matrix (n outputs, P) in double precision: by torch, or on the graph where torch cannot vectorize."""
        try:
            return module_tangents(self.double, self.inputs)
        except Exception:  # torch vectorizes not every module
            return tangents(self.in_floats(self.graph, self.inputs)).reshape(-1, self.graph.n_params)

    def in_balls(self, inputs: Sequence[np.ndarray], bits: int) -> Tape:
        """An evaluation in balls of the floats that parameters and inputs are; with more bits where these do not tell a gate."""
        try:
            with working_precision(bits):
                arithmetic = Balls()
                numbers = [sample_numbers(arithmetic, x) for x in inputs]
                return evaluate(self.graph, arithmetic, arithmetic.constant(self.theta), numbers)
        except OnKink:
            if bits >= MOST_BITS:
                raise
            return self.in_balls(inputs, 2 * bits)

    def ball_rows(self, inputs: Sequence[np.ndarray], rows: list[int], bits: int) -> np.ndarray:
        """Rows (sample outputs + output) of the tangent matrix as balls (len(rows), P)."""
        outputs = self.graph.outputs
        used = sorted({row // outputs for row in rows})
        place = {sample: k for k, sample in enumerate(used)}
        tape = self.in_balls([x[used] for x in inputs], bits)
        with working_precision(bits):
            matrix = tangents(tape).reshape(-1, self.graph.n_params)
        return matrix[[place[row // outputs] * outputs + row % outputs for row in rows]]


def drawn_inputs(graph: Graph, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Inputs of a graph: normal numbers of several sizes, multiples of 2^-20, or tokens (all sequences where these are few).

    Sizes run further where a network is piecewise: far out lie its last pieces.
    """
    far = 1.5 if graph.piecewise else 0.7
    drawn: list[np.ndarray] = []
    for vocabulary, shape in zip(graph.vocabulary, graph.input_shapes, strict=True):
        if vocabulary is None:
            size = 10 ** rng.uniform(-0.3, far, (count, *(1,) * len(shape)))
            drawn.append(np.round(rng.normal(size=(count, *shape)) * size * 2**20) / 2**20)
        elif len(graph.vocabulary) == 1 and vocabulary ** math.prod(shape) <= count:
            drawn.append(np.indices((vocabulary,) * math.prod(shape)).reshape(math.prod(shape), -1).T.reshape(-1, *shape))
        else:
            drawn.append(rng.integers(0, vocabulary, (count, *shape)))
    return drawn


def sample_numbers(arithmetic: Balls | Residues, x: np.ndarray) -> np.ndarray:
    """Samples (n, size) in an arithmetic; tokens stay whole numbers."""
    rows = x.reshape(len(x), -1)
    return rows if x.dtype.kind != "f" else np.stack([arithmetic.constant(row) for row in rows])
