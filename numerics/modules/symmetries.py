"""All directions along which a module is provably constant that the calculus of :mod:`numerics.modules.identities` finds, and what they
are made of.

Attempts differ in which non-linear steps are open. The first opens none but products of values: it finds what lives between non-linear
steps
(redundant biases, the gauge of queries and keys, of values and outputs, shifts that a softmax or a normalization does not see, scales that
a weight takes from the layer before). Then each step alone is opened (the scale of a ReLU, copies, neurons without output), then pairs,
then all
that are piecewise. Each attempt ends in linear equations over the rationals, solved exactly.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from numerics.modules.graph import PIECEWISE, Graph
from numerics.modules.identities import Calculus, Polynomial, TooLong

#: Products of terms that one attempt may take: about half a second for a million.
BUDGET = 3_000_000
#: Modulo this prime independence is shown (what is independent there is so over the rationals).
PRIME = 2305843009213693921
NONLINEAR = ("function", "relu", "greatest", "softmax", "normalize")


@dataclass(frozen=True, eq=False)
class Symmetries:
    """Independent directions (k of them) that change no output, for all inputs: {entry of theta: rational number} each."""

    graph: Graph
    directions: list[dict[int, Any]]
    #: How many attempts were too long to be made: directions may be missing for that reason.
    left_out: int = 0
    groups: list[tuple[tuple[str, ...], int]] = field(default_factory=list)

    @property
    def dimension(self) -> int:
        """The number of independent directions."""
        return len(self.directions)

    def with_parameters(self, places: Sequence[int]) -> int:
        """The dimension of the span of the directions and of the unit vectors at ``places``."""
        span = Span()
        for vector in [*self.directions, *({place: _one()} for place in places)]:
            span.add(vector)
        return len(span.vectors)

    def at_parameters(self, places: Sequence[int]) -> tuple[int, int]:
        """(dimension of the directions that move no entry but those at ``places``, dimension of what all of them do to these)."""
        within, inner, outer = set(places), Span(), Span()
        for vector in self.directions:
            inner.add({k: v for k, v in vector.items() if k in within})
            outer.add({k: v for k, v in vector.items() if k not in within})
        return self.dimension - len(outer.vectors), len(inner.vectors)

    def to_data(self) -> list[dict[str, str]]:
        """The directions as plain data."""
        return [{str(k): f"{int(v.p)}/{int(v.q)}" for k, v in direction.items()} for direction in self.directions]


class Search:
    """The search at ``theta`` (P,), rational numbers (floats are the rationals they are); it can be taken up again."""

    def __init__(self, graph: Graph, theta: Any) -> None:
        from numerics.arithmetic.exact import rational

        self.graph = graph
        self.theta = [rational(v) for v in theta]
        self.span, self.left_out = Span(), 0
        self.attempts = _attempts(graph)

    def until(self, enough: int | None, seconds: float, most: int | None = None) -> Symmetries:
        """What is found once there are ``enough`` independent directions (a proved upper bound of their number), or ``seconds`` have
        passed,
        or ``most`` attempts are made.
        """
        start = time.monotonic()
        for count, (opened, products) in enumerate(self.attempts, 1):
            try:
                demands = Calculus(self.graph, self.theta, opened, products=products, budget=BUDGET).run()
                for vector in solutions(demands, self.graph.n_params):
                    self.span.add(vector)
            except TooLong:
                self.left_out += 1
            full = enough is not None and len(self.span.vectors) >= enough
            if full or count == most or time.monotonic() - start > seconds:
                break
        vectors = list(self.span.vectors)
        return Symmetries(self.graph, vectors, self.left_out, grouped(self.graph, vectors))


def symmetries(graph: Graph, theta: Any, *, enough: int | None = None, seconds: float = 40.0) -> Symmetries:
    """The directions that are found at ``theta`` (P,) within ``seconds``, at most ``enough``."""
    return Search(graph, theta).until(enough, seconds)


def usual_attempts(graph: Graph) -> int:
    """How many attempts come first: none opened, and each piecewise step alone. Generic symmetries mostly need no other."""
    return 1 + sum(step.kind in PIECEWISE for step in graph.steps)


def _attempts(graph: Graph) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Which steps are open, and whether products of two values that depend on inputs are."""
    fed: list[bool] = []
    for step in graph.steps:
        fed.append(step.kind in ("input", "tokens") or any(fed[k] for k in step.sources))
    nonlinear = [k for k, step in enumerate(graph.steps) if step.kind in NONLINEAR and fed[k]]
    products = [k for k, step in enumerate(graph.steps) if step.kind in ("mul", "matmul") and all(fed[i] for i in step.sources)]
    yield (), True
    piecewise = [k for k in nonlinear if graph.steps[k].kind in PIECEWISE]
    maxima = [k for k in piecewise if graph.steps[k].kind == "greatest"]  # choosing among entries makes nothing longer
    for k in piecewise:
        yield (k, *maxima), True
    for pair in pairwise(piecewise):
        yield (*pair, *maxima), True
    if products:
        ordered = sorted([*nonlinear, *products])
        for length in (1, 2, 3):
            for start in range(len(ordered) - length + 1):
                yield tuple(ordered[start : start + length]), False
    if len(piecewise) > 2:
        yield tuple(piecewise), True
    for k in nonlinear:
        if k not in piecewise:
            yield (k,), True
    for pair in pairwise(nonlinear):
        yield pair, True


class Span:
    """Vectors that are independent modulo a prime, hence over the rationals, with an echelon form of their images.

    A vector is {key: rational number}; keys are of any kind that has text.
    """

    def __init__(self) -> None:
        self.vectors: list[Any] = []
        self.rows: dict[Any, dict[Any, int]] = {}

    def add(self, vector: dict[Any, Any]) -> bool:
        """Whether ``vector`` is shown to be independent of those before; then it is one of them."""
        image = {k: int(v.p) % PRIME * pow(int(v.q), -1, PRIME) % PRIME for k, v in vector.items() if int(v.q) % PRIME}
        if len(image) < len(vector):
            return False
        while image:
            pivot = min(image, key=str)
            if image[pivot] == 0:
                del image[pivot]
                continue
            row = self.rows.get(pivot)
            if row is None:
                inverse = pow(image[pivot], -1, PRIME)
                self.rows[pivot] = {k: v * inverse % PRIME for k, v in image.items()}
                self.vectors.append(vector)
                return True
            factor = image[pivot]
            for k, v in row.items():
                image[k] = (image.get(k, 0) - factor * v) % PRIME
        return False


def solutions(demands: Sequence[Polynomial], size: int) -> list[dict[int, Any]]:
    """A basis of all v (size,) for which the polynomials vanish, coefficient by coefficient; the unknowns are the symbols below 0."""
    equations: set[tuple[tuple[int, Any], ...]] = set()
    for polynomial in demands:
        rows: dict[tuple[int, ...], dict[int, Any]] = {}
        for monomial, coefficient in polynomial.items():
            rows.setdefault(monomial[1:], {})[-1 - monomial[0]] = coefficient
        for row in rows.values():
            ordered = sorted(row.items())
            lead = ordered[0][1]
            equations.add(tuple((k, v / lead) for k, v in ordered))
    left = _without_zeros([dict(e) for e in equations])
    zero = left.zeros
    touched = {k for row in left.rows for k in row}
    free = [k for k in range(size) if k not in zero and k not in touched]
    found: list[dict[int, Any]] = [{k: _one()} for k in free]
    for unknowns, shared in _components(left.rows):
        found += _nullspace(sorted(unknowns), shared)
    return found


@dataclass
class _Left:
    rows: list[dict[int, Any]]
    zeros: set[int]


def _without_zeros(rows: list[dict[int, Any]]) -> _Left:
    """What is left once unknowns that stand alone in an equation are 0."""
    zeros: set[int] = set()
    while True:
        new = {next(iter(row)) for row in rows if len(row) == 1} - zeros
        if not new:
            break
        zeros |= new
        rows = [short for row in rows if (short := {k: v for k, v in row.items() if k not in zeros})]
    return _Left([row for row in rows if len(row) > 1], zeros)


def _components(rows: list[dict[int, Any]]) -> list[tuple[set[int], list[dict[int, Any]]]]:
    """Equations that share unknowns, together."""
    parent: dict[int, int] = {}

    def root(k: int) -> int:
        while parent.setdefault(k, k) != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for row in rows:
        first = root(next(iter(row)))
        for k in row:
            parent[root(k)] = first
    found: dict[int, tuple[set[int], list[dict[int, Any]]]] = {}
    for row in rows:
        unknowns, equations = found.setdefault(root(next(iter(row))), (set(), []))
        unknowns.update(row)
        equations.append(row)
    return list(found.values())


def _nullspace(unknowns: list[int], rows: list[dict[int, Any]]) -> list[dict[int, Any]]:
    """The exact nullspace: rows that are independent modulo the prime are eliminated, the others are checked on what is left.

    Should the prime be unlucky, a row that is not satisfied joins them.
    """
    from flint import fmpq_mat

    place = {k: i for i, k in enumerate(unknowns)}
    chosen = _independent_rows(rows, place)
    while True:
        matrix = fmpq_mat(len(chosen), len(unknowns), [row.get(k, 0) for row in chosen for k in unknowns])
        reduced, rank = matrix.rref()
        pivots, column = [], 0
        for i in range(rank):
            while reduced[i, column] == 0:
                column += 1
            pivots.append(column)
        basis = []
        for free in (j for j in range(len(unknowns)) if j not in set(pivots)):
            vector = {unknowns[free]: _one()}
            for i, pivot in enumerate(pivots):
                if reduced[i, free] != 0:
                    vector[unknowns[pivot]] = -reduced[i, free]
            basis.append(vector)
        wrong = [row for row in rows if any(sum((v * u[k] for k, v in row.items() if k in u), _one() * 0) != 0 for u in basis)]
        if not wrong:
            return basis
        chosen = [*chosen, wrong[0]]


def _independent_rows(rows: list[dict[int, Any]], place: dict[int, int]) -> list[dict[int, Any]]:
    """Rows that span the others modulo the prime."""
    from flint import nmod_mat

    if not rows:
        return []
    entries = [[0] * len(rows) for _ in place]
    for i, row in enumerate(rows):
        for k, v in row.items():
            if int(v.q) % PRIME == 0:
                return rows
            entries[place[k]][i] = int(v.p) % PRIME * pow(int(v.q), -1, PRIME) % PRIME
    reduced, rank = nmod_mat(len(place), len(rows), [e for line in entries for e in line], PRIME).rref()
    pivots, column = [], 0
    for i in range(rank):
        while int(reduced[i, column]) == 0:
            column += 1
        pivots.append(column)
    return [rows[j] for j in pivots]


def _one() -> Any:
    from flint import fmpq

    return fmpq(1)


def grouped(graph: Graph, moved: Iterable[Iterable[int]]) -> list[tuple[tuple[str, ...], int]]:
    """The parameters that directions move together, and how many directions do; ``moved`` has the entries of theta for each."""
    count: dict[tuple[str, ...], int] = {}
    for places in moved:
        names = tuple(dict.fromkeys(graph.parameter_of(k).name for k in sorted(places)))
        count[names] = count.get(names, 0) + 1
    return sorted(count.items(), key=lambda item: -item[1])
