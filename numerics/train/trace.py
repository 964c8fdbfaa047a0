"""A model's formula run once on symbols: what is left is a list of operations on numbered places, from which text can be written.

A traced array holds the address of every entry, so slices, transposes, reshapes, patches and broadcasts are plain indexing of an integer
array and cost nothing later. The formula is traced on one sample; that samples do not mix is checked by a trace on two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from theory.activations import Activation
from theory.models import AbstractModel, EntryModel, MatrixFactorization

#: Above this many products in one operation, addresses of all of them would take too much memory.
MOST_PRODUCTS = 4_000_000

#: Samples taken at once at most, and rows of a matrix product times samples.
MOST_TOGETHER, ROWS_TOGETHER = 8, 14
#: Vectors of one layer that the nearest cache holds beside what else is read; below this number of samples parameters are read too often.
CACHED, FEWEST_TOGETHER = 512, 4


class CannotTrace(ValueError):
    """The model's formula is not made of operations that are known here; the message says of which."""


@dataclass(eq=False)
class Buffer:
    """A row of ``size`` numbers. ``samples[k]`` has bit i set where number k depends on sample i; ``values`` are those of a constant."""

    name: str
    samples: np.ndarray
    learned: bool = False
    values: np.ndarray | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return len(self.samples)

    @property
    def sampled(self) -> bool:
        """Whether the numbers differ from sample to sample."""
        return bool(self.samples.any())


@dataclass(eq=False)
class Node:
    """One operation: ``add``, ``subtract``, ``multiply``, ``total`` (a sum over the last axes), ``product`` (of matrices) or ``activate``.

    ``inputs`` are addresses over the operation's index space: for a matrix product (..., rows, columns, inner), for a total
    (..., summed), else the shape of the output. ``output`` holds the addresses (..., without the summed axis) written.
    """

    kind: str
    inputs: list[Traced]
    output: Traced
    activation: Activation | None = None


@dataclass(eq=False)
class Trace:
    """The operations of a formula, in order, and its buffers."""

    nodes: list[Node] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)

    def buffer(self, name: str, samples: np.ndarray, *, learned: bool = False, values: np.ndarray | None = None) -> Buffer:
        """A new buffer."""
        made = Buffer(name, samples, learned, values)
        self.buffers.append(made)
        return made

    def constant(self, values: Any) -> Traced:
        """An array of known numbers."""
        values = np.asarray(values, dtype=np.float64)
        buffer = self.buffer(f"c{len(self.buffers)}", np.zeros(values.size, dtype=np.int64), values=values.ravel())
        return Traced(self, buffer, np.arange(values.size).reshape(values.shape))

    def operation(self, kind: str, inputs: list[Traced], summed: int = 0, activation: Activation | None = None) -> Traced:
        """Append an operation on inputs of one shape, whose last ``summed`` axes are summed over; what it returns."""
        shape = inputs[0].shape
        if math.prod(shape) > MOST_PRODUCTS:
            raise CannotTrace(f"an operation of {math.prod(shape)} products is too large to be written out (at most {MOST_PRODUCTS})")
        samples = inputs[0].samples
        for other in inputs[1:]:
            samples = samples | other.samples
        kept = shape[: len(shape) - summed]
        if summed:
            samples = np.bitwise_or.reduce(samples.reshape((*kept, -1)), axis=-1)
        buffer = self.buffer(f"v{len(self.buffers)}", samples.ravel(), learned=any(i.buffer.learned for i in inputs))
        output = Traced(self, buffer, np.arange(buffer.size).reshape(kept))
        self.nodes.append(Node(kind, inputs, output, activation))
        return output


class Traced:
    """An array of a trace: ``places[...]`` are addresses in ``buffer``. It has the operations that the formulas of models use."""

    __array_ufunc__ = None  # so that numpy arrays leave operators to the methods below

    def __init__(self, trace: Trace, buffer: Buffer, places: np.ndarray) -> None:
        self.trace, self.buffer, self.places = trace, buffer, places

    @property
    def shape(self) -> tuple[int, ...]:
        """As of any array."""
        return self.places.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.places.ndim

    @property
    def samples(self) -> np.ndarray:
        """For every entry the samples it depends on, as bits."""
        return self.buffer.samples[self.places]

    def _at(self, places: np.ndarray) -> Traced:
        return Traced(self.trace, self.buffer, places)

    def __getitem__(self, index: Any) -> Traced:
        return self._at(np.asarray(self.places[index]))

    def reshape(self, *shape: Any) -> Traced:
        """As of any array."""
        return self._at(self.places.reshape(*shape))

    def swapaxes(self, first: int, second: int) -> Traced:
        """As of any array."""
        return self._at(self.places.swapaxes(first, second))

    @property
    def T(self) -> Traced:
        """The transpose."""
        return self._at(self.places.T)

    @property
    def mT(self) -> Traced:
        """The last two axes exchanged."""
        return self._at(self.places.swapaxes(-1, -2))

    def sum(self, axis: int | tuple[int, ...] = -1) -> Traced:
        """The sum over ``axis``."""
        axes = tuple(a % self.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
        kept = [a for a in range(self.ndim) if a not in axes]
        return self.trace.operation("total", [self._at(self.places.transpose([*kept, *axes]))], summed=len(axes))

    def activate(self, activation: Activation) -> Traced:
        """sigma of every entry; theory.activations calls this."""
        return self.trace.operation("activate", [self], activation=activation)

    def elementary(self, name: str) -> Traced:
        """Elementary functions outside of an activation are not written here."""
        raise CannotTrace(f"{name} of an array outside of an activation")

    def _with(self, kind: str, other: Any, *, reversed: bool = False) -> Traced:
        other = self._operand(other)
        pair = [other, self] if reversed else [self, other]
        shape = np.broadcast_shapes(*(array.shape for array in pair))
        return self.trace.operation(kind, [array._at(np.broadcast_to(array.places, shape)) for array in pair])

    def _operand(self, other: Any) -> Traced:
        if isinstance(other, Traced):
            return other
        if isinstance(other, int | float | np.ndarray | np.number):
            return self.trace.constant(other)
        raise CannotTrace(f"arithmetic with {type(other).__name__}")

    def __add__(self, other: Any) -> Traced:
        return self._with("add", other)

    def __radd__(self, other: Any) -> Traced:
        return self._with("add", other, reversed=True)

    def __sub__(self, other: Any) -> Traced:
        return self._with("subtract", other)

    def __rsub__(self, other: Any) -> Traced:
        return self._with("subtract", other, reversed=True)

    def __mul__(self, other: Any) -> Traced:
        return self._with("multiply", other)

    def __rmul__(self, other: Any) -> Traced:
        return self._with("multiply", other, reversed=True)

    def __truediv__(self, other: Any) -> Traced:
        if not isinstance(other, int | float | np.number) or other == 0:
            raise CannotTrace("division by something other than a number")
        return self._with("multiply", 1 / other)

    def __neg__(self) -> Traced:
        return self._with("multiply", -1.0)

    def __pow__(self, power: Any) -> Traced:
        if not isinstance(power, int) or power < 1:
            raise CannotTrace(f"the power {power!r}")
        return math.prod([self] * (power - 1), start=self)

    def __matmul__(self, other: Any) -> Traced:
        return _matrix_product(self, self._operand(other))

    def __rmatmul__(self, other: Any) -> Traced:
        return _matrix_product(self._operand(other), self)


def _matrix_product(left: Traced, right: Traced) -> Traced:
    """As of numpy for arrays of at least two axes; vectors get an axis that is dropped again."""
    if left.ndim == 1:
        return _matrix_product(left[None], right)[..., 0, :]
    if right.ndim == 1:
        return _matrix_product(left, right[:, None])[..., 0]
    if left.shape[-1] != right.shape[-2]:
        raise CannotTrace(f"a product of matrices of shapes {left.shape} and {right.shape}")
    leading = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*leading, left.shape[-2], right.shape[-1], left.shape[-1])
    if math.prod(shape) > MOST_PRODUCTS:
        raise CannotTrace(f"a product of matrices with {math.prod(shape)} terms is too large to be written out")
    spread = lambda array, places: array._at(np.broadcast_to(places, shape))
    pair = [spread(left, left.places[..., :, None, :]), spread(right, right.places.swapaxes(-1, -2)[..., None, :, :])]
    return left.trace.operation("product", pair, summed=1)


@dataclass(frozen=True, eq=False)
class Formula:
    """A traced model: ``output`` has ``outputs`` entries for one sample of ``inputs`` numbers.

    ``entries`` says that the model has no input and its outputs are the entries of an array, each of them a sample.
    """

    trace: Trace
    output: Traced
    parameters: int
    inputs: int
    entries: bool

    @property
    def outputs(self) -> int:
        """Numbers per sample, or the entries of the array."""
        return self.output.places.size

    @property
    def together(self) -> int:
        """How many samples are best taken at once: fewer where a weight has several positions or a layer would leave the nearest cache."""
        most = MOST_TOGETHER
        for node in self.trace.nodes:
            if node.kind == "product" and node.output.buffer.sampled:
                *_, rows, columns, inner = node.inputs[0].shape
                most = min(most, max(1, ROWS_TOGETHER // rows))
                if rows * columns > 1:  # a single output is summed up while its terms are made
                    most = min(most, max(FEWEST_TOGETHER, CACHED // inner))
        return most


def traced(model: Any, *, measures: bool) -> Formula:
    """The formula of ``model`` on one sample. Raises CannotTrace with the reason.

    ``measures``: the samples of a factorization are measurement matrices, not entries.
    """
    if not isinstance(model, AbstractModel):
        raise CannotTrace("its formula is a function of torch tensors, which is not followed here")
    try:
        return _traced(model, measures)
    except CannotTrace:
        raise
    except Exception as error:  # a formula may do anything with an array that it does not know
        raise CannotTrace(f"its formula stopped with {type(error).__name__}: {error}") from error


@lru_cache(maxsize=256)
def _traced(model: AbstractModel, measures: bool) -> Formula:
    if isinstance(model, EntryModel) and not measures:
        trace, theta, _ = _symbols(model, 0, ())
        return Formula(trace, model.product(theta), model.n_params, 0, True)
    factorization = isinstance(model, MatrixFactorization)
    shape = (model.d1, model.d2) if factorization else (model.input_size,)
    formula: Callable = model.measure if factorization else model
    _, two = _run(formula, model, 2, shape)
    for i, row in enumerate(two.samples.reshape(2, -1)):
        if (row & ~(1 << i)).any():
            raise CannotTrace("the output of a sample depends on other samples")
    trace, one = _run(formula, model, 1, shape)
    return Formula(trace, one, model.n_params, math.prod(shape), False)


def _run(formula: Callable, model: AbstractModel, samples: int, shape: tuple[int, ...]) -> tuple[Trace, Traced]:
    trace, theta, x = _symbols(model, samples, shape)
    output = formula(theta, x)
    if not isinstance(output, Traced) or output.shape != (samples, model.outputs):
        raise CannotTrace(f"its formula returned {getattr(output, 'shape', type(output).__name__)}, not ({samples}, {model.outputs})")
    if not (output.buffer.learned and output.buffer.sampled):
        raise CannotTrace("its output does not depend on both theta and the sample")
    return trace, output


def _symbols(model: AbstractModel, samples: int, shape: tuple[int, ...]) -> tuple[Trace, Traced, Traced]:
    trace, size = Trace(), math.prod(shape)
    theta = trace.buffer("theta", np.zeros(model.n_params, dtype=np.int64), learned=True)
    x = trace.buffer("x", np.repeat(1 << np.arange(samples, dtype=np.int64), size))
    places = np.arange(samples * size).reshape((samples, *shape))
    return trace, Traced(trace, theta, np.arange(model.n_params)), Traced(trace, x, places)
