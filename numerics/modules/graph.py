"""A torch module as a list of steps on flat vectors, one sample at a time: what every arithmetic, and a referee, evaluates.

Step k makes value k, a vector of ``size`` numbers, from earlier values (their numbers are ``sources``). Shapes are gone: whatever moves
data is a ``gather`` by an index list, so that a dozen kinds of steps carry all that :mod:`numerics.modules.lowering` reads.

| kind | what it makes | ``data`` |
|---|---|---|
| parameters | theta, all trained parameters one after another | |
| input | one sample of an input, real numbers | number: which input |
| tokens | one sample of an input, whole numbers | number |
| constant | rational numbers | values: floats, read as the rationals they are |
| gather | entries of the source in the order ``index``; 0 where that is -1 | index |
| join | the sources one after another | |
| add, mul | entry by entry | |
| scale | the source times ``factor`` | factor: a Fraction |
| matmul | a (batch, rows, inner) times b (batch, inner, columns) | batch, rows, inner, columns |
| sum | over the last axis of (rows, length) | length |
| function | entry by entry, see :data:`FUNCTIONS` | name; below: a whole number that entries lie below, where it is given |
| relu | max(z, 0) entry by entry | |
| greatest | the largest of each row of (rows, length) | length |
| softmax | of each row of (rows, length), over the places that are not ``hidden`` (there 0) | length, hidden: 0 or 1 for each place |
| normalize | (z - mean)/sqrt(variance + eps) of each row of (rows, length) | length, eps: a Fraction |
| lookup | rows of a table (V, width), the first source, at tokens, the second | width |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

#: The functions of one variable: reciprocal 1/z, root 1/sqrt(z), normal the distribution function of the normal law; others by name.
FUNCTIONS = ("reciprocal", "root", "tanh", "sigmoid", "exp", "log", "softplus", "normal", "sin", "cos")
#: Steps whose derivative jumps: the pattern of a sample says on which piece it lies.
PIECEWISE = ("relu", "greatest")


@dataclass(frozen=True, eq=False)
class Step:
    """One step; ``place`` says in which layer of the module it stands, for messages."""

    kind: str
    sources: tuple[int, ...]
    size: int
    data: dict[str, Any] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True)
class Parameter:
    """A trained parameter: its first name, its shape, and where it starts in theta."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """The number of its entries."""
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class Graph:
    """The steps of a module; the last one makes its outputs. ``vocabulary``: for each input the number of its tokens, or None."""

    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...]
    vocabulary: tuple[int | None, ...]
    input_shapes: tuple[tuple[int, ...], ...]

    @property
    def n_params(self) -> int:
        """Entries of theta."""
        return self.steps[0].size

    @property
    def outputs(self) -> int:
        """Outputs of one sample."""
        return self.steps[-1].size

    @property
    def piecewise(self) -> bool:
        """Whether a sample may lie on a kink."""
        return any(step.kind in PIECEWISE for step in self.steps)

    @property
    def transcendental(self) -> bool:
        """Whether values leave the rational numbers."""
        names = {step.data["name"] for step in self.steps if step.kind == "function"} - {"reciprocal"}
        return bool(names) or any(step.kind in ("softmax", "normalize") for step in self.steps)

    def parameter_of(self, place: int) -> Parameter:
        """The parameter that holds entry ``place`` of theta."""
        return next(p for p in self.parameters if p.start <= place < p.start + p.size)

    def entry_name(self, place: int) -> str:
        """Entry ``place`` of theta as its parameter and indices there, "fc.weight[0, 2]"."""
        parameter = self.parameter_of(place)
        indices = np.unravel_index(place - parameter.start, parameter.shape or (1,))
        return f"{parameter.name}[{', '.join(str(int(k)) for k in indices)}]" if parameter.shape else parameter.name

    def to_data(self) -> list[dict[str, Any]]:
        """The steps as plain data: integers, exact rationals as text, names."""
        return [
            {"kind": s.kind, "sources": list(s.sources), "size": s.size, **{k: _plain(v) for k, v in s.data.items()}} for s in self.steps
        ]


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if not isinstance(value, np.ndarray):
        return value
    return [str(Fraction(float(v))) for v in value] if value.dtype.kind == "f" else [int(v) for v in value]


class Builder:
    """Steps as they are added; equal constants and gathers of gathers are not told apart from others: the graph is read once."""

    def __init__(self, n_params: int) -> None:
        self.steps: list[Step] = []
        self.place = ""
        self.theta = self.add("parameters", (), n_params)

    def add(self, kind: str, sources: tuple[int, ...], size: int, **data: Any) -> int:
        """The number of the new value."""
        self.steps.append(Step(kind, sources, int(size), data, self.place))
        return len(self.steps) - 1

    def gather(self, source: int, index: np.ndarray) -> int:
        """A gather, composed with the one that ``source`` may be; none at all where it moves nothing."""
        index = np.asarray(index, np.int64).ravel()
        step = self.steps[source]
        if step.kind == "gather":
            inner = np.append(step.data["index"], -1)
            return self.gather(step.sources[0], inner[index])
        if len(index) == step.size and bool((index == np.arange(step.size)).all()):
            return source
        return self.add("gather", (source,), len(index), index=index)

    def reached(self, last: int) -> tuple[Step, ...]:
        """The steps that ``last`` needs, renumbered; parameters stay first even where nothing needs them."""
        needed = {0, last}
        for number in range(last, -1, -1):
            if number in needed:
                needed.update(self.steps[number].sources)
        numbers = {old: new for new, old in enumerate(sorted(needed))}
        return tuple(
            Step(s.kind, tuple(numbers[k] for k in s.sources), s.size, s.data, s.place) for s in (self.steps[old] for old in sorted(needed))
        )
