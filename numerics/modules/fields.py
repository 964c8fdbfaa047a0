"""Vector fields v(theta) = A theta + c along which a module is constant at all parameters, as identities of its graph.

A direction that changes no output at one point (:mod:`numerics.modules.symmetries`) says nothing of second derivatives: Hess R v vanishes
where the loss R is constant along a field through v and grad R = 0, and at every point if that field is constant. So theta is made of free
symbols here, like the inputs, and the entries of A and c are the unknowns of the same calculus. Sought are fields of few kinds that
make the usual gauges: each axis of a parameter multiplied by a matrix (A -> L A R: scales, the gauge of queries and keys), constants
(redundant biases, shifts), and what a bias takes from weights (what goes over from the bias before).

What is found is proved for all parameters and inputs at which the module is smooth; that it is all is not claimed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numerics.modules.graph import PIECEWISE, Graph, Parameter, Step
from numerics.modules.identities import Calculus, TooLong
from numerics.modules.symmetries import Span, grouped, solutions

#: Products of terms that one attempt may take.
BUDGET = 12_000_000
#: Axes longer than this are multiplied by diagonal matrices alone, and unknowns of one attempt beyond this are left out.
LONGEST, MOST_UNKNOWNS = 32, 4000

#: A field of this kind: (entry that moves, entry of theta it follows or None for a constant) -> rational coefficient.
Field = dict[tuple[int, int | None], Any]


@dataclass(frozen=True, eq=False)
class Fields:
    """Linearly independent fields (k of them), each with the attempt that proves it: which steps are open, and whether products are.

    At a point fewer of them are independent: A v = B v for some v, though A is not B.
    """

    graph: Graph
    fields: list[Field]
    attempts: list[tuple[tuple[int, ...], bool]]
    #: How many attempts were too long to be made.
    left_out: int = 0

    def at(self, theta: Any) -> np.ndarray:
        """The fields at ``theta`` (P,), floats or objects, in its arithmetic: (k, P)."""
        zero = 0 * theta
        rows = np.array([zero for _ in self.fields], dtype=zero.dtype).reshape(-1, len(theta))
        number = (lambda c: float(c.p) / float(c.q)) if zero.dtype != object else (lambda c: c)
        for row, one in zip(rows, self.fields, strict=True):
            for (k, j), c in one.items():
                row[k] = row[k] + (number(c) if j is None else theta[j] * number(c))
        return rows

    @cached_property
    def constant(self) -> np.ndarray:
        """Those that are the same at all parameters, as whole numbers: (k, P)."""
        rows = [one for one in self.fields if all(j is None for _, j in one)]
        found = np.zeros((len(rows), self.graph.n_params), dtype=object)
        for row, one in zip(found, rows, strict=True):
            common = np.lcm.reduce([int(c.q) for c in one.values()], dtype=object)
            for (k, _), c in one.items():
                row[k] = int(c.p) * (common // int(c.q))
        return found

    @cached_property
    def groups(self) -> list[tuple[tuple[str, ...], int]]:
        """The parameters that fields move together, and how many fields do."""
        return grouped(self.graph, [{k for k, _ in one} for one in self.fields])

    def only(self, places: Sequence[int]) -> Fields:
        """Those at ``places`` alone."""
        return Fields(self.graph, [self.fields[k] for k in places], [self.attempts[k] for k in places], self.left_out)

    def to_data(self) -> list[dict[str, Any]]:
        """Plain data: the entries of A and of c, and the attempt."""
        return [
            {
                "linear": [[k, j, _text(c)] for (k, j), c in sorted(one.items(), key=str) if j is not None],
                "constant": [[k, _text(c)] for (k, j), c in sorted(one.items(), key=str) if j is None],
                "open": list(opened),
                "products": products,
            }
            for one, (opened, products) in zip(self.fields, self.attempts, strict=True)
        ]


def fields_of(graph: Graph, *, shifts: bool = False, seconds: float = 20.0) -> Fields:
    """The fields of ``graph`` that are found within ``seconds``; with ``shifts`` those, too, that add one number to all outputs.

    A cross-entropy of the softmax of the outputs sees no such number.
    """
    sought, start, left_out = behind_a_softmax(graph) if shifts else graph, time.monotonic(), 0
    span, attempts = Span(), []
    for opened, products, diagonal in _attempts(sought):
        kinds = list(_unknowns(graph, diagonal=diagonal))
        if len(kinds) > MOST_UNKNOWNS:
            left_out += 1
            continue
        try:
            demands = OfFields(sought, kinds, opened, products=products, budget=BUDGET).run()
        except TooLong:
            left_out += 1
            continue
        for solution in solutions(demands, len(kinds)):
            if (one := _combined(kinds, solution)) and span.add(one):
                attempts.append((opened, products))
        if time.monotonic() - start > seconds:
            break
    return Fields(graph, list(span.vectors), attempts, left_out)


def behind_a_softmax(graph: Graph) -> Graph:
    """``graph`` with a softmax of all its outputs as one step more."""
    last = Step("softmax", (len(graph.steps) - 1,), graph.outputs, {"length": graph.outputs, "hidden": np.zeros(graph.outputs, int)})
    return Graph((*graph.steps, last), graph.parameters, graph.vocabulary, graph.input_shapes)


class OfFields(Calculus):
    """The calculus with all parameters as symbols, moved by unknown combinations of ``kinds`` of fields."""

    def __init__(self, graph: Graph, kinds: Sequence[Field], opened: tuple[int, ...], *, products: bool, budget: int) -> None:
        super().__init__(graph, [], opened, products=products, budget=budget)
        self.kinds = kinds

    def _parameters(self, step: Step, number: int) -> Any:
        symbols = [self.fresh() for _ in range(step.size)]
        slopes: list[dict[tuple[int, ...], Any]] = [{} for _ in range(step.size)]
        for u, kind in enumerate(self.kinds):
            for (k, j), c in kind.items():
                slopes[k][(-1 - u,) if j is None else (-1 - u, *next(iter(symbols[j])))] = c
        return symbols, slopes


def _attempts(graph: Graph) -> Iterator[tuple[tuple[int, ...], bool, bool]]:
    """Which steps are open, whether products of values that depend on inputs are, and whether axes get diagonal matrices alone."""
    piecewise = [k for k, step in enumerate(graph.steps) if step.kind in PIECEWISE]
    maxima = tuple(k for k in piecewise if graph.steps[k].kind == "greatest")
    yield (), False, True
    yield (), True, False
    yield (), False, False
    for k in piecewise:
        yield tuple(sorted({k, *maxima})), True, True
    if len(piecewise) > 1:
        yield tuple(piecewise), True, True


def _unknowns(graph: Graph, *, diagonal: bool) -> Iterator[Field]:
    """The kinds of fields whose combinations are sought."""
    for p in graph.parameters:
        places = np.arange(p.start, p.start + p.size).reshape(p.shape)
        yield from (_following([k], [None]) for k in places.flat)
        for axis, length in enumerate(p.shape):
            rows = np.moveaxis(places, axis, 0).reshape(length, -1)
            full = not diagonal and length <= LONGEST
            for i in range(length):
                for j in range(length) if full else (i,):
                    yield _following(rows[i], rows[j])
        if p.size == max(p.shape, default=1):
            yield from _taken_over(graph, p, places.reshape(-1))


def _taken_over(graph: Graph, p: Parameter, places: np.ndarray) -> Iterator[Field]:
    """A bias that moves as a combination of the columns of other parameters does, or entry by entry as another vector."""
    for other in graph.parameters:
        if other is p:
            continue
        entries = np.arange(other.start, other.start + other.size).reshape(other.shape)
        if other.size == p.size == max(other.shape, default=1):
            yield from (_following([k], [source]) for k, source in zip(places, entries.flat, strict=True))
            continue
        for axis, length in enumerate(other.shape):
            if length == len(places):
                columns = np.moveaxis(entries, axis, 0).reshape(length, -1)
                yield from (_following(places, column) for column in columns.T)


def _combined(kinds: Sequence[Field], solution: dict[int, Any]) -> Field:
    """The field that a solution stands for; empty where its parts cancel."""
    found: Field = {}
    for u, factor in solution.items():
        for place, c in kinds[u].items():
            found[place] = found.get(place, 0) + factor * c
    return {place: c for place, c in found.items() if c != 0}


def _following(places: Iterable[Any], sources: Iterable[Any]) -> Field:
    """The field that moves each of ``places`` as its source is, or by one."""
    from flint import fmpq

    return {(int(k), None if j is None else int(j)): fmpq(1) for k, j in zip(places, sources, strict=True)}


def _text(value: Any) -> str:
    return f"{int(value.p)}/{int(value.q)}"
