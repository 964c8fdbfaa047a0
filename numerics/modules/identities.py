"""Directions of parameter space that change no output, as identities of a graph: proved for all inputs, not seen on samples.

Along a direction v every value of the graph has a slope, linear in v. Inputs are free symbols; what a non-linear step makes of values
that do not
move is a free symbol as well (equal arguments, equal symbols; attention weights sum to one, normalized values to zero, one-hot tokens to
one), a
gate is a symbol that multiplies. So a slope is a polynomial in symbols whose coefficients are linear in v, and v changes no output if all
coefficients of the slopes of the outputs vanish: then they vanish whatever the symbols stand for. These are linear equations over the
rationals;
their solutions are all directions that this calculus proves.

Slopes that pass through many non-linear steps are long polynomials. So most steps are *closed*: the slope of what enters there must
vanish, which
is demanded by further equations, and what leaves does not move. For a normalization the slope may be constant along each row, and for a
softmax,
too: neither sees it (for a normalization with eps > 0, and a softmax, no other slope vanishes behind). Demands only make the space of
solutions
smaller, whatever is closed, so that every solution is proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from numerics.modules.graph import Graph, Step

#: A polynomial over the rationals: {sorted numbers of symbols: coefficient}. Symbols below 0 are the unknown entries of v, -1 - k for
#: entry k.
Polynomial = dict[tuple[int, ...], Any]


class TooLong(ArithmeticError):
    """The polynomials of an attempt are longer than what it may cost."""


class Calculus:
    """Values and slopes of one attempt. ``budget``: the products of terms that it may take."""

    def __init__(self, graph: Graph, theta: Sequence[Any], opened: Iterable[int], *, products: bool, budget: int) -> None:
        self.graph, self.theta, self.opened, self.products, self.budget = graph, theta, set(opened), products, budget
        self.symbols = 0
        self.known: dict[Any, Polynomial] = {}
        self.values: list[list[Polynomial]] = []
        self.slopes: list[list[Polynomial] | None] = []
        self.demands: list[Polynomial] = []
        self.fed: list[bool] = []  # which values depend on inputs

    def run(self) -> list[Polynomial]:
        """The polynomials that must vanish."""
        for number, step in enumerate(self.graph.steps):
            self.fed.append(step.kind in ("input", "tokens") or any(self.fed[k] for k in step.sources))
            value, slope = getattr(self, f"_{step.kind}")(step, number)
            if slope is not None and not any(slope):
                slope = None
            if slope is None and self.fed[-1]:
                value = [self.settled(entry) for entry in value]
            self.values.append(value)
            self.slopes.append(slope)
        return self.demands + [entry for entry in self.slopes[-1] or [] if entry]

    # ------------------------------------------------------------------------------------------------ polynomials

    def fresh(self) -> Polynomial:
        """A symbol that stands nowhere else."""
        self.symbols += 1
        return {(self.symbols - 1,): _one()}

    def symbol(self, *key: Any) -> Polynomial:
        """The symbol of a key: the same for equal keys."""
        if key not in self.known:
            self.known[key] = self.fresh()
        return self.known[key]

    def settled(self, value: Polynomial) -> Polynomial:
        """A symbol in place of a polynomial of higher degree that does not move: a stronger identity, and a shorter one."""
        return self.symbol("settled", _key(value)) if any(len(m) > 1 for m in value) else value

    def times(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """The product; its cost is taken from the budget."""
        if not a or not b:
            return {}
        self.budget -= len(a) * len(b)
        if self.budget < 0:
            raise TooLong
        if len(a) == 1 and () in a:
            a, b = b, a
        if len(b) == 1 and () in b:
            c = b[()]
            return {m: v * c for m, v in a.items()}
        found: Polynomial = {}
        for m, v in a.items():
            for k, w in b.items():
                n = tuple(sorted(m + k))
                found[n] = found[n] + v * w if n in found else v * w
        return {m: v for m, v in found.items() if v != 0}

    def total(self, terms: Iterable[Polynomial]) -> Polynomial:
        """The sum; its cost is taken from the budget."""
        found: Polynomial = {}
        for term in terms:
            self.budget -= len(term)
            for m, v in term.items():
                found[m] = found[m] + v if m in found else v
        if self.budget < 0:
            raise TooLong
        return {m: v for m, v in found.items() if v != 0}

    # ------------------------------------------------------------------------------------------------ linear steps

    def _parameters(self, step: Step, number: int) -> Any:
        return [_constant(c) for c in self.theta], [{(-1 - k,): _one()} for k in range(step.size)]

    def _input(self, step: Step, number: int) -> Any:
        return [self.fresh() for _ in range(step.size)], None

    _tokens = _input  # never used as numbers

    def _constant(self, step: Step, number: int) -> Any:
        return [_constant(_rational(v)) for v in step.data["values"]], None

    def _linear(self, step: Step, function: Any) -> Any:
        """A linear step, done alike to values and slopes."""
        slopes = [self.slopes[k] for k in step.sources]
        still = all(s is None for s in slopes)
        zeros = lambda k: [{}] * len(self.values[k])
        return function(*(self.values[k] for k in step.sources)), (
            None if still else function(*(s if s is not None else zeros(k) for s, k in zip(slopes, step.sources, strict=True)))
        )

    def _gather(self, step: Step, number: int) -> Any:
        index = [int(k) for k in step.data["index"]]
        return self._linear(step, lambda a: [a[k] if k >= 0 else {} for k in index])

    def _join(self, step: Step, number: int) -> Any:
        return self._linear(step, lambda *parts: [entry for part in parts for entry in part])

    def _add(self, step: Step, number: int) -> Any:
        return self._linear(step, lambda a, b: [self.total(pair) for pair in zip(a, b, strict=True)])

    def _scale(self, step: Step, number: int) -> Any:
        factor = _constant(_rational(step.data["factor"]))
        return self._linear(step, lambda a: [self.times(entry, factor) for entry in a])

    def _sum(self, step: Step, number: int) -> Any:
        length = step.data["length"]
        return self._linear(step, lambda a: [self.total(a[k : k + length]) for k in range(0, len(a), length)])

    # ------------------------------------------------------------------------------------------------ products

    def _still_factors(self, step: Step, number: int) -> list[list[Polynomial] | None]:
        """The slopes of both factors; demanded to vanish where both depend on inputs and the step is closed."""
        slopes = [self.slopes[k] for k in step.sources]
        if all(self.fed[k] for k in step.sources) and not self.products and number not in self.opened:
            for slope in slopes:
                self.demands += [entry for entry in slope or [] if entry]
            return [None, None]
        return slopes

    def _mul(self, step: Step, number: int) -> Any:
        a, b = (self.values[k] for k in step.sources)
        da, db = self._still_factors(step, number)
        value = [self.times(p, q) for p, q in zip(a, b, strict=True)]
        if da is None and db is None:
            return value, None
        none = [{}] * step.size
        pairs = zip(a, b, da or none, db or none, strict=True)
        return value, [self.total((self.times(p, dq), self.times(dp, q))) for p, q, dp, dq in pairs]

    def _matmul(self, step: Step, number: int) -> Any:
        batch, rows, inner, columns = (step.data[key] for key in ("batch", "rows", "inner", "columns"))
        a, b = (self.values[k] for k in step.sources)
        da, db = self._still_factors(step, number)

        def product(left: list[Polynomial], right: list[Polynomial]) -> list[Polynomial]:
            return [
                self.total(
                    self.times(left[(k * rows + i) * inner + l], right[(k * inner + l) * columns + j])
                    for l in range(inner)
                    if left[(k * rows + i) * inner + l] and right[(k * inner + l) * columns + j]
                )
                for k in range(batch)
                for i in range(rows)
                for j in range(columns)
            ]

        value, parts = product(a, b), []
        parts += [product(da, b)] if da is not None else []
        parts += [product(a, db)] if db is not None else []
        return value, None if not parts else parts[0] if len(parts) == 1 else [self.total(pair) for pair in zip(*parts, strict=True)]

    def _lookup(self, step: Step, number: int) -> Any:
        """Each token is a row of free symbols that sum to one: more than all tokens."""
        width, table = step.data["width"], self.values[step.sources[0]]
        slope = self.slopes[step.sources[0]]
        count = len(table) // width
        positions = self._token_positions(step.sources[1])
        value, moved = [], []
        for position in positions:
            hot = self._one_hot(position, count)
            for k in range(width):
                value.append(self.total(self.times(hot[v], table[v * width + k]) for v in range(count)))
                if slope is not None:
                    moved.append(self.total(self.times(hot[v], slope[v * width + k]) for v in range(count)))
        return value, moved if slope is not None else None

    def _token_positions(self, number: int) -> list[Any]:
        step = self.graph.steps[number]
        if step.kind == "gather":
            before = self._token_positions(step.sources[0])
            return [before[int(k)] for k in step.data["index"]]
        return [(step.data["number"], k) for k in range(step.size)]

    def _one_hot(self, position: Any, count: int) -> list[Polynomial]:
        hot = [self.symbol("token", position, v) for v in range(count - 1)]
        return [*hot, self.total([_constant(_one()), *(_negative(h) for h in hot)])]

    # ------------------------------------------------------------------------------------------------ non-linear steps

    def _moving(self, step: Step, number: int) -> list[Polynomial] | None:
        """The slope of what enters a non-linear step, once it is closed demanded to vanish."""
        slope = self.slopes[step.sources[0]]
        if slope is None or number in self.opened or not self.fed[number]:
            return slope
        self.demands += [entry for entry in slope if entry]
        return None

    def _function(self, step: Step, number: int) -> Any:
        name, slope = step.data["name"], self._moving(step, number)
        pairs = [self._applied(name, z, slope is not None) for z in self.values[step.sources[0]]]
        value = [v for v, _ in pairs]
        return value, None if slope is None else [self.times(d, dz) for (_, d), dz in zip(pairs, slope, strict=True)]

    def _applied(self, name: str, z: Polynomial, moving: bool) -> tuple[Polynomial, Polynomial]:
        """A symbol for f(z) and a polynomial for f'(z); odd functions and their like know the reflection z -> -z."""
        sign, key = _up_to_sign(z)
        value = self.symbol(name, key if name in ("tanh", "sin", "cos", "sigmoid", "normal") else _key(z))
        one = _constant(_one())
        if sign < 0 and name in ("tanh", "sin"):
            value = _negative(value)
        elif sign < 0 and name in ("sigmoid", "normal"):
            value = self.total((one, _negative(value)))
        if not moving:
            return value, {}
        square = lambda: self.times(value, value)
        match name:
            case "tanh":
                slope = self.total((one, _negative(square())))
            case "sigmoid":
                slope = self.total((value, _negative(square())))
            case "exp":
                slope = value
            case "reciprocal":
                slope = _negative(square())
            case "root":
                slope = self.times(self.times(value, square()), _constant(_rational(Fraction(-1, 2))))
            case "sin":
                slope = self.symbol("cos", key)
            case "cos":
                sine = self.symbol("sin", key)
                slope = sine if sign < 0 else _negative(sine)
            case "softplus":
                slope = self._applied("sigmoid", z, False)[0]
            case "log":
                slope = self.symbol("reciprocal", _key(z))
            case _:  # normal: its density, an even function
                slope = self.symbol(f"slope of {name}", key)
        return value, slope

    def _relu(self, step: Step, number: int) -> Any:
        slope = self._moving(step, number)
        value, moved = [], []
        for k, z in enumerate(self.values[step.sources[0]]):
            scale, direction = _direction(z)  # relu(c z) = c relu(z), c > 0: one gate for all positive multiples
            gate = self.symbol("gate", direction)
            if slope is None:
                value.append({m: v * scale for m, v in self.symbol("relu", direction).items()} if z else {})
            else:
                value.append(self.times(gate, z))
                moved.append(self.times(gate, slope[k]))
        return value, moved if slope is not None else None

    def _greatest(self, step: Step, number: int) -> Any:
        length, slope = step.data["length"], self._moving(step, number)
        z, value, moved = self.values[step.sources[0]], [], []
        for start in range(0, len(z), length):
            row = z[start : start + length]
            key = tuple(map(_key, row))
            if slope is None:
                value.append(self.symbol("greatest", key))
                continue
            chosen = [self.symbol("first", key, k) for k in range(length)]
            value.append(self.total(self.times(c, entry) for c, entry in zip(chosen, row, strict=True)))
            moved.append(self.total(self.times(c, slope[start + k]) for k, c in enumerate(chosen)))
        return value, moved if slope is not None else None

    def _softmax(self, step: Step, number: int) -> Any:
        length, masked = step.data["length"], step.data["hidden"]
        z, slope = self.values[step.sources[0]], self.slopes[step.sources[0]]
        closed = slope is not None and number not in self.opened
        value: list[Polynomial] = [{}] * len(z)
        moved: list[Polynomial] = [{}] * len(z)
        for start in range(0, len(z), length):
            places = [k for k in range(start, start + length) if not masked[k]]
            last = places[-1]
            if closed and slope is not None:
                self.demands += [d for k in places[:-1] if (d := self.total((slope[k], _negative(slope[last]))))]
            key = tuple(_key(self.total((z[k], _negative(z[last])))) for k in places[:-1])
            weights = [self.symbol("softmax", key, k) for k in range(len(places) - 1)]
            weights.append(self.total([_constant(_one()), *map(_negative, weights)]))
            for k, weight in zip(places, weights, strict=True):
                value[k] = weight
            if slope is not None and not closed:
                mean = _negative(self.total(self.times(w, slope[k]) for k, w in zip(places, weights, strict=True)))
                for k, weight in zip(places, weights, strict=True):
                    moved[k] = self.times(weight, self.total((slope[k], mean)))
        return value, None if slope is None or closed else moved

    def _normalize(self, step: Step, number: int) -> Any:
        length = step.data["length"]
        z, slope = self.values[step.sources[0]], self.slopes[step.sources[0]]
        share = _constant(_rational(Fraction(-1, length)))
        value, moved = [], []
        for start in range(0, len(z), length):
            row = z[start : start + length]
            mean = self.times(self.total(row), share)
            centred = [self.total((entry, mean)) for entry in row]
            key = (step.data["eps"], *map(_key, centred))
            if slope is not None:
                shift = self.times(self.total(slope[start : start + length]), share)
                turned = [self.total((slope[start + k], shift)) for k in range(length)]
                if number in self.opened:
                    for y, moving in self._through_normalization(centred, turned, step.data["eps"], key):
                        value.append(y)
                        moved.append(moving)
                    continue
                self.demands += [c for c in turned if c]
            y = [self.symbol("normalized", key, k) for k in range(length - 1)]
            value += [*y, _negative(self.total(y))]
        return value, moved or None

    def _through_normalization(
        self, centred: list[Polynomial], turned: list[Polynomial], eps: Any, key: Any
    ) -> list[tuple[Polynomial, Polynomial]]:
        """Values and slopes of c r with r = (q + eps)^(-1/2), q the mean of c^2, as polynomials times the one symbol r^3.

        r = r^3 (q + eps), so c r is r^3 c (q + eps), and its slope r^3 (c' (q + eps) - c mean(c c')): no relation is lost.
        """
        share = _constant(_rational(Fraction(1, len(centred))))
        cube = self.symbol("cube of the root of variance", key)
        variance = self.total((self.times(self.total(self.times(c, c) for c in centred), share), _constant(_rational(eps))))
        along = self.times(self.total(self.times(c, d) for c, d in zip(centred, turned, strict=True)), share)
        return [
            (
                self.times(cube, self.times(c, variance)),
                self.times(cube, self.total((self.times(d, variance), _negative(self.times(c, along))))),
            )
            for c, d in zip(centred, turned, strict=True)
        ]


def _one() -> Any:
    return _rational(1)


def _rational(value: Any) -> Any:
    from flint import fmpq

    return value if isinstance(value, fmpq) else fmpq(*Fraction(value).as_integer_ratio())


def _constant(value: Any) -> Polynomial:
    return {(): value} if value != 0 else {}


def _negative(a: Polynomial) -> Polynomial:
    return {m: -v for m, v in a.items()}


def _key(a: Polynomial) -> Any:
    """What equal polynomials, and no others, have in common."""
    return frozenset((m, int(v.p), int(v.q)) for m, v in a.items())


def _up_to_sign(a: Polynomial) -> tuple[int, Any]:
    """1 or -1, and the key of the one of a, -a whose first coefficient is positive."""
    sign = -1 if a and a[min(a)] < 0 else 1
    return sign, _key(a if sign > 0 else _negative(a))


def _direction(a: Polynomial) -> tuple[Any, Any]:
    """The size of the first coefficient, and the key of a divided by it."""
    if not a:
        return _one(), _key(a)
    size = abs(a[min(a)])
    return size, _key({m: v / size for m, v in a.items()})
