"""Loop nests as C text: statements over an index space, fused where one reads what another has just written.

A statement is ``out[...] += term`` or ``=`` over an index space, its places given as address arrays of that shape. Addresses become
offsets and strides, axes are split where only that makes them linear, and a table remains where nothing does. Numbers that
depend on the sample stand ``together`` in a row, one for each sample that is taken at once.

Which loop the SIMD lanes are is a choice. Where lanes are networks that loop is outside of everything, and a number is a vector. Where
lanes are units, a buffer holds plain numbers, and the outer loop of a nest along which all places stand still or move by one is taken
a vector at a time (its rest one by one, by the same text); sums over it are sums in lanes, added up once behind the loop.
On a device lanes of units are threads: any outer loop whose rounds write different numbers is shared out among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

#: Loops of up to so many rounds are written out by the compiler; more would make code that no cache holds.
UNROLLED = 8
#: Sums that are kept in registers at a time.
ACCUMULATORS = 16
#: Operations of a program without samples that are written out one by one.
WRITTEN_OUT = 512
#: Numbers per sample of a buffer that stand within a round.
MOST_PASSING = 64
#: Where lanes are units: loops shorter than this are not taken in vectors.
FEWEST_IN_LANES = 8
#: Lanes of the widest vectors.
MOST_LANES = 8
#: The name of the gradient, to which statements add and which none reads.
GRADIENT = "g"


@dataclass(frozen=True)
class Place:
    """Numbers of buffer ``name`` at ``addresses``; ``row`` is the number of samples in a row, 0 where the number is the same for all.

    ``sample_stride`` 0: sample s of address a is at a * row + s; otherwise at s * sample_stride + a. ``single``: numbers, not vectors.
    """

    name: str
    addresses: np.ndarray
    row: int = 0
    sample_stride: int = 0
    single: bool = False

    @property
    def sampled(self) -> bool:
        """Whether the number differs from sample to sample."""
        return bool(self.row or self.sample_stride)

    def at(self, addresses: np.ndarray) -> Place:
        """The same buffer elsewhere."""
        return Place(self.name, addresses, self.row, self.sample_stride, self.single)


@dataclass(eq=False)
class Statement:
    """``outs[0] = term`` (or ``+=`` where ``adds``) for every index; in ``term`` {0}, {1}, ... stand for ``ins``.

    ``whole`` replaces it by text of its own in which {o0}, {o1}, ... are the outs; ``scalar``: never in lanes of units.
    """

    outs: list[Place]
    ins: list[Place]
    term: str
    adds: bool = False
    whole: str = ""
    scalar: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The index space."""
        return self.outs[0].addresses.shape

    @property
    def places(self) -> list[Place]:
        """All places, written ones first."""
        return [*self.outs, *self.ins]

    def in_lanes(self, axis: int) -> bool:
        """Whether the loop along ``axis`` can be taken in lanes: every place stands still along it or moves by one."""
        if self.shape[axis] < FEWEST_IN_LANES or self.scalar:
            return False
        strides = [linear(place.addresses)[1] for place in self.places]
        return all(found is not None and found[axis] in (0, 1) for found in strides)

    def over(self, arrays: Sequence[np.ndarray]) -> Statement:
        """The same with other addresses, in the order of ``places``."""
        places = [place.at(array) for place, array in zip(self.places, arrays, strict=True)]
        return Statement(places[: len(self.outs)], places[len(self.outs) :], self.term, self.adds, self.whole, self.scalar)


def simplified(statement: Statement) -> Statement:
    """Without axes of length one, and with axes split so that addresses are linear in every index where that is possible."""
    arrays = [place.addresses for place in statement.places]
    shape = tuple(n for n in arrays[0].shape if n > 1)
    arrays = [np.broadcast_to(array, statement.shape).reshape(shape) for array in arrays]
    axis = 0
    while axis < arrays[0].ndim:
        profiles = [array[(0,) * axis + (slice(None),) + (0,) * (array.ndim - axis - 1)] for array in arrays]
        split = _split(profiles)
        if split:
            shape = (*arrays[0].shape[:axis], arrays[0].shape[axis] // split, split, *arrays[0].shape[axis + 1 :])
            arrays = [array.reshape(shape) for array in arrays]
            axis += 1
        axis += 1
    return statement.over(arrays)


def _split(profiles: list[np.ndarray]) -> int:
    """The length of blocks into which an axis is to be cut, 0 for none."""
    n = len(profiles[0])
    linear = lambda array: len(array) < 3 or (np.diff(array) == array[1] - array[0]).all()
    if all(map(linear, profiles)):
        return 0
    for block in range(2, n // 2 + 1):
        if n % block == 0:
            cut = [profile.reshape(-1, block) for profile in profiles]
            steps = [array - array[:1] - array[:, :1] + array[0, 0] for array in cut]
            if all(linear(array[0]) and linear(array[:, 0]) and not step.any() for array, step in zip(cut, steps, strict=True)):
                return block
    return 0


@dataclass(eq=False)
class Nest:
    """Statements that share an outer loop of ``rounds`` rounds (1: none); ``axes`` say which of their axes it is, -1 for none."""

    rounds: int
    statements: list[Statement] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    #: Whether the outer loop is taken in lanes, and whether these are threads, so that the gradient is watched, too.
    lanes: bool = False
    threads: bool = False
    #: For every buffer written here the round in which each of its numbers is, -1 where it is none; -2 where several rounds add to it.
    written: dict[str, np.ndarray] = field(default_factory=dict)

    def accepts(self, statement: Statement, axis: int) -> bool:
        """Whether ``statement`` may run in this loop along its ``axis``: what it reads has been written in the same round or before."""
        for place in statement.places:
            owner = self.written.get(place.name)
            if owner is None:
                continue
            rounds = np.arange(self.rounds).reshape((-1,) + (1,) * (len(statement.shape) - 1 - axis)) if axis >= 0 else 0
            found = owner[place.addresses]
            adding = statement.adds and place is statement.outs[0]
            if not ((found == rounds) | (found == -1) | ((found == -2) & adding)).all():
                return False
        return True

    def add(self, statement: Statement, axis: int, sizes: dict[str, int]) -> None:
        """Append ``statement``."""
        self.statements.append(statement)
        self.axes.append(axis)
        for out in statement.outs:
            if statement.adds and out.name == GRADIENT and not self.threads:  # a sum that nothing reads before the end
                continue
            owner = self.written.setdefault(out.name, np.full(sizes[out.name], -1))
            moved = np.moveaxis(out.addresses, axis, 0).reshape(self.rounds, -1) if axis >= 0 else out.addresses.reshape(1, -1)
            for number, addresses in enumerate(moved) if axis < 0 or _varies(out.addresses, axis) else [(-2, moved[0])]:
                owner[addresses] = number


def _sets_gradient(statement: Statement) -> bool:
    """Whether a part of the gradient is set, which is not cleared before."""
    return not statement.adds and statement.outs[0].name == GRADIENT


def _varies(addresses: np.ndarray, axis: int) -> bool:
    """Whether the address depends on the index of ``axis``."""
    return bool((addresses != np.take(addresses, [0], axis)).any())


class Program:
    """Nests in order, and the tables and clears that they need; made by adding statements one after the other."""

    def __init__(
        self, together: int, sizes: dict[str, int], tables: dict[bytes, tuple[str, np.ndarray]], units: bool = False, device: bool = False
    ) -> None:
        self.together, self.sizes, self.tables, self.units, self.device = together, sizes, tables, units, device
        self.nests: list[Nest] = []
        self.cleared: list[str] = []
        #: Buffers of which only one round at a time is needed: their first address in round 0, and how many they are per tile.
        self.passing: dict[str, tuple[int, int]] = {}

    def add(self, statement: Statement) -> None:
        """Fuse ``statement`` into the last nest or open a new one."""
        statement = simplified(statement)
        summed = [a for a in range(len(statement.shape)) if not statement.whole and not _varies(statement.outs[0].addresses, a)]
        kept = [a for a in range(len(statement.shape)) if a not in summed]
        if self.nests:
            nest = self.nests[-1]
            for axis in [*kept, *summed]:
                if statement.shape[axis] != nest.rounds or not nest.accepts(statement, axis):
                    continue
                if nest.lanes and not self._in_lanes(statement, axis):
                    continue
                if axis in summed:
                    if _sets_gradient(statement):
                        continue
                    sums = math.prod(statement.shape[a] for a in kept) * (self.together if statement.outs[0].sampled else 1)
                    if sums > ACCUMULATORS:
                        continue
                    statement = self._adding(statement)
                return nest.add(statement, axis, self.sizes)
            if nest.rounds == 1 and not statement.shape and nest.accepts(statement, -1):
                return nest.add(statement, -1, self.sizes)
        in_lanes = [a for a in [*kept, *summed] if self._may_be_outer(statement, a, a in summed)] if self.units else []
        axis = max(in_lanes, key=lambda a: (a in kept, statement.shape[a])) if in_lanes else self._outer(statement, kept, summed)
        nest = Nest(statement.shape[axis] if axis >= 0 else 1, lanes=bool(in_lanes), threads=self.device)
        self.nests.append(nest)
        if axis in summed:
            statement = self._adding(statement)
        nest.add(statement, axis, self.sizes)

    def _may_be_outer(self, statement: Statement, axis: int, summed: bool) -> bool:
        """Whether a new loop along ``axis`` may be taken in lanes: a sum over it needs an accumulator for every number it makes."""
        if not self._in_lanes(statement, axis):
            return False
        sums = math.prod(n for a, n in enumerate(statement.shape) if _varies(statement.outs[0].addresses, a))
        return not summed or (sums * self.together <= ACCUMULATORS and not _sets_gradient(statement))

    def _in_lanes(self, statement: Statement, axis: int) -> bool:
        """Whether the loop along ``axis`` can be taken in lanes; among threads where no two rounds write the same number."""
        if not self.device:
            return statement.in_lanes(axis)
        if statement.shape[axis] < FEWEST_IN_LANES or statement.scalar:
            return False
        rounds = [np.moveaxis(out.addresses, axis, 0).reshape(statement.shape[axis], -1) for out in statement.outs]
        apart = (len(np.unique(of)) == sum(len(np.unique(one)) for one in of) for of in rounds)
        return not _varies(statement.outs[0].addresses, axis) or all(apart)

    def _adding(self, statement: Statement) -> Statement:
        """The statement as a sum over rounds, its output cleared before everything."""
        if not statement.adds:
            self.cleared.append(statement.outs[0].name)
        return Statement(statement.outs, statement.ins, statement.term, True, scalar=statement.scalar)

    def _outer(self, statement: Statement, kept: list[int], summed: list[int]) -> int:
        """The axis of a new loop: the longest kept one along which something learned or fixed is read, so that it is read once."""
        fixed = [place for place in statement.ins if not place.sampled] or statement.ins
        along = [a for a in kept if any(_varies(place.addresses, a) for place in fixed)] or kept
        if along and (not summed or math.prod(statement.shape[a] for a in kept) * self.together > ACCUMULATORS or len(kept) > 1):
            return max(along, key=lambda a: statement.shape[a])
        if summed and not _sets_gradient(statement):
            return max(summed, key=lambda a: statement.shape[a])
        return max(kept, key=lambda a: statement.shape[a], default=-1)

    def keep_in_rounds(self, name: str) -> bool:
        """Keep buffer ``name``, which no other program uses, within the rounds of its loop; False where that cannot be done."""
        using = [nest for nest in self.nests if any(place.name == name for s in nest.statements for place in s.places)]
        if len(using) != 1 or using[0].rounds == 1 or name in self.cleared:
            return False
        nest, first, last, steps = using[0], self.sizes[name], 0, set()
        for s, axis in zip(nest.statements, nest.axes, strict=True):
            for place in s.places:
                if place.name == name:
                    moved = np.moveaxis(place.addresses, axis, 0).reshape(nest.rounds, -1)
                    step = moved[1, 0] - moved[0, 0]
                    if (moved - moved[:1] != step * np.arange(nest.rounds)[:, None]).any() or linear(place.addresses)[1] is None:
                        return False
                    steps.add(int(step))
                    first, last = min(first, int(moved[0].min())), max(last, int(moved[0].max()))
        size = (0 if nest.lanes else max(steps) * (self._tile(nest) - 1)) + last - first + 1
        if nest.lanes and not self.device and steps != {1}:
            return False
        if len(steps) != 1 or min(steps) < 1 or size > MOST_PASSING:
            return False
        self.passing[name] = first, size
        return True

    def _inner(self, s: Statement, outer: int) -> int:
        """The axis of a sum that is taken in lanes within the loop ``outer``, which is not, -1 for none."""
        if not self.units or self.device or s.whole:
            return -1
        fit = [a for a in range(len(s.shape)) if a != outer and not _varies(s.outs[0].addresses, a) and s.in_lanes(a)]
        return max(fit, key=lambda a: s.shape[a], default=-1)

    def work(self) -> tuple[int, int]:
        """Operations in lanes of units, and all of them."""
        lanes = total = 0
        for nest in self.nests:
            for s, axis in zip(nest.statements, nest.axes, strict=True):
                size = math.prod(s.shape)
                lanes, total = lanes + size * (nest.lanes or self._inner(s, axis) >= 0), total + size
        return lanes, total

    def text(self, indent: str) -> str:
        """The nests as C."""
        return "\n".join(indent + line for nest in self.nests for line in self._nest(nest))

    # ------------------------------------------------------------------------------------------------------------- writing

    def _nest(self, nest: Nest) -> list[str]:
        if self.units and self.device:
            return self._by_threads(nest)
        if self.units:
            return self._in_vectors_and_rest(nest) if nest.lanes else ["{ typedef double Vector;", *self._loop(nest), "}"]
        return self._loop(nest)

    def _by_threads(self, nest: Nest) -> list[str]:
        """The rounds of the loop shared out among the threads of a network, or the whole by one of them; then all wait for each other."""
        if not nest.lanes:
            return ["if (thread() == 0) {", *self._loop(nest), "}", "wait();"]
        sums, body, behind = self._lane_body(nest)
        head = f"for (int u = thread(); u < {nest.rounds}; u += TEAM) {{"
        return [f"{{ {' '.join(sums)}", head, *body, "}", *behind, "}", "wait();"]

    def _in_vectors_and_rest(self, nest: Nest) -> list[str]:
        """The loop by vectors, then what is left by single numbers: the same text, in which Vector means the one or the other."""
        sums, body, behind = self._lane_body(nest)
        lines = []
        whole = f"{nest.rounds} / LANES * LANES"
        for kind, first, last, step in (("", "0", whole, "LANES"), ("typedef double Vector; ", whole, str(nest.rounds), "1")):
            if kind and nest.rounds % MOST_LANES == 0:
                break
            head = f"for (int u = {first}; u < {last}; u += {step}) {{"
            lines += [f"{{ {kind}{' '.join(sums)}", head, *body, "}", *behind, "}"]
        return lines

    def _lane_body(self, nest: Nest) -> tuple[list[str], list[str], list[str]]:
        """Of a loop in lanes: what stands before it (sums over it), in it, and behind it (where these are added up)."""
        sums: list[str] = []
        behind: list[str] = []
        body = [f"Vector {name}[{self.passing[name][1] * self.together}];" for name in self._passing_in(nest)]
        for s, axis in zip(nest.statements, nest.axes, strict=True):
            body += self._lane_statement(s, axis, sums, behind)
        return sums, ["  " + line for line in body], behind

    def _lane_statement(self, s: Statement, outer: int, sums: list[str], behind: list[str]) -> list[str]:
        """A statement of a loop in lanes; what is summed over the loop stands in ``sums`` and is added up ``behind`` it."""
        if s.whole or _varies(s.outs[0].addresses, outer):
            return self._statement(s, outer, 1, lanes=True)
        # the sum in lanes: as many vectors as there are outs, then across the lanes
        kept = [a for a in range(len(s.shape)) if a != outer and _varies(s.outs[0].addresses, a)]
        summed = [a for a in range(len(s.shape)) if a != outer and a not in kept]
        held = [*((f"i{a}", s.shape[a]) for a in kept), *([("s", self.together)] if s.outs[0].sampled and self.together > 1 else [])]
        rest = [("s", self.together)] if not s.outs[0].sampled and self.together > 1 and any(p.sampled for p in s.ins) else []
        name = f"total{len(sums)}"
        sums.append(f"Vector {name}[{math.prod(n for _, n in held)}] = {{}};")
        place, stride = "0", 1
        for variable, n in reversed(held):
            place, stride = (f"{place} + " if place != "0" else "") + f"{variable} * {stride}", stride * n
        index = {a: "u" if a == outer else f"i{a}" for a in range(len(s.shape))}
        texts = [self._access(p, index, outer) for p in s.ins]
        add = f"{name}[{place}] += {s.term.format(*texts)};"
        out = self._access(s.outs[0], index, outer, out=True)
        added = "add_once({}, {});" if self.device else "{} += {};"
        behind += _loops(held, added.format(out, f"across({name}[{place}])"))
        return _loops([*held, *((f"i{a}", s.shape[a]) for a in summed), *rest], add)

    def _passing_in(self, nest: Nest) -> list[str]:
        return list(dict.fromkeys(place.name for s in nest.statements for place in s.places if place.name in self.passing))

    def _loop(self, nest: Nest) -> list[str]:
        tile = self._tile(nest)
        if nest.rounds == 1:
            return [line for s in nest.statements for line in self._statement(s, -1, 1)]
        unrolled = nest.rounds // tile <= 2 or self.short or (self.device and not self.units)
        head = f"{'UNROLL ' if unrolled else ''}for (int u = 0; u < {nest.rounds}; u += {tile}) {{"
        body = [f"Vector {name}[{self.passing[name][1] * self.together}];" for name in self._passing_in(nest)]
        body += [line for s, axis in zip(nest.statements, nest.axes, strict=True) for line in self._statement(s, axis, tile)]
        return [head, *("  " + line for line in body), "}"]

    @property
    def short(self) -> bool:
        """Whether all loops together have so few rounds that all of them are written out."""
        return self.together == 1 and sum(math.prod(s.shape) for nest in self.nests for s in nest.statements) <= WRITTEN_OUT

    def _tile(self, nest: Nest) -> int:
        """Rounds taken at once where a long sum is in the nest, so that what does not change from round to round is read once."""
        longest = max((self._sum_length(s, axis) for s, axis in zip(nest.statements, nest.axes, strict=True)), default=0)
        if longest < UNROLLED:
            return 1
        return next((t for t in (4, 3, 2) if nest.rounds % t == 0 and t * self.together <= ACCUMULATORS), 1)

    def _sum_length(self, statement: Statement, axis: int) -> int:
        """Terms of a sum that is made within a round."""
        summed = [n for a, n in enumerate(statement.shape) if a != axis and not _varies(statement.outs[0].addresses, a)]
        return math.prod(summed) if summed and not statement.whole else 0

    def _statement(self, s: Statement, outer: int, tile: int, *, lanes: bool = False) -> list[str]:
        axes = [a for a in range(len(s.shape)) if a != outer]
        summed = [] if s.whole else [a for a in axes if not _varies(s.outs[0].addresses, a)]
        kept = [a for a in axes if a not in summed]
        index = {a: f"i{a}" for a in axes}
        outer_summed = outer >= 0 and not s.whole and not _varies(s.outs[0].addresses, outer)
        if outer >= 0:
            index[outer] = "u" if tile == 1 else "(u + t)"
        out_row = self.together if s.outs[0].sampled else 1
        term_row = self.together if any(p.sampled for p in s.places) else 1
        round_loop = [("t", tile)] if tile > 1 else []
        sample_loop = [("s", term_row)] if term_row > 1 else []
        if not summed and (s.whole or not (outer_summed and tile > 1)) and (out_row == term_row):
            loops = [*((f"i{a}", s.shape[a]) for a in kept), *round_loop, *sample_loop]
            return _loops(loops, self._line(s, index, outer))
        # a sum: in registers, then to its place
        inside = [a for a in kept if s.shape[a] * out_row * tile <= ACCUMULATORS]
        size = math.prod(s.shape[a] for a in inside) * out_row * (1 if outer_summed else tile)
        if size > ACCUMULATORS:
            inside, size = [], out_row * (1 if outer_summed else tile)
        outside = [(f"i{a}", s.shape[a]) for a in kept if a not in inside]
        held = [(f"i{a}", s.shape[a]) for a in inside]
        if not outer_summed:
            held += round_loop
        if out_row > 1:
            held += [("s", out_row)]
        place, stride = "0", 1
        for name, n in reversed(held):
            place, stride = f"{place} + {name} * {stride}" if place != "0" else f"{name} * {stride}", stride * n
        term_loops = [*((f"i{a}", s.shape[a]) for a in summed), *(round_loop if outer_summed else [])]
        rest = sample_loop if out_row == 1 else []
        body = [f"Vector sum[{size}] = {{}};"]
        taken = -1 if lanes else self._inner(s, outer)
        texts = [self._access(p, index, taken if taken >= 0 else outer) for p in s.ins]
        if taken < 0:
            body += _loops([*term_loops, *held, *rest], f"sum[{place}] += {s.term.format(*texts)};")
        else:  # the sum in lanes, then across them, then what is left of it
            inner = [*((v, n) for v, n in term_loops if v != f"i{taken}"), *held, *rest]
            loop = f"for (int i{taken} = {{}}; i{taken} < {{}}; i{taken} += {{}}) "
            whole = f"{s.shape[taken]} / LANES * LANES"
            body += [f"{{ typedef Lanes Vector; Vector part[{size}] = {{}};"]
            body += [loop.format(0, whole, "LANES") + line for line in _loops(inner, f"part[{place}] += {s.term.format(*texts)};")]
            body += [*_loops(held, f"sum[{place}] += across(part[{place}]);"), "}"]
            if s.shape[taken] % MOST_LANES:
                over = loop.format(whole, s.shape[taken], 1)
                body += [over + line for line in _loops(inner, f"sum[{place}] += {s.term.format(*texts)};")]
        out = self._access(s.outs[0], index, outer, out=True)
        body += _loops(held, f"{out} {'+=' if s.adds or outer_summed else '='} sum[{place}];")
        return _block(outside, body)

    def _line(self, s: Statement, index: dict[int, str], outer: int) -> str:
        ins = [self._access(p, index, outer) for p in s.ins]
        outs = {f"o{k}": self._access(p, index, outer, out=True) for k, p in enumerate(s.outs)}
        if s.whole:
            return s.whole.format(*ins, **outs)
        return f"{outs['o0']} {'+=' if s.adds else '='} {s.term.format(*ins)};"

    def _access(self, place: Place, index: dict[int, str], outer: int, *, out: bool = False) -> str:
        """A number as text; where lanes are units, a vector of neighbours along the loop ``outer``, or one number in all lanes."""
        offset, strides = linear(place.addresses)
        passing = place.name in self.passing
        if passing:
            index = {a: text.replace("(u + t)", "t").replace("u", "0") for a, text in index.items()}
            offset -= self.passing[place.name][0]
        if strides is None:
            table = self.tables.setdefault(place.addresses.tobytes(), (f"places{len(self.tables)}", place.addresses))[0]
            steps = np.cumprod([1, *place.addresses.shape[:0:-1]])[::-1]
            where = f"{table}[{_sum(0, steps.tolist(), index)}]"
        else:
            where = _sum(offset, strides, index)
        if self.units and place.sampled and passing and self.together > 1:
            where = f"({where}) * {self.together} + s"
        elif place.sample_stride and self.together > 1:
            where = f"{place.sample_stride} * s + {where}"
        elif place.row > 1:
            where = f"({where}) * {place.row} + s"
        text = f"{place.name}[{where}]"
        if self.units and not self.device:
            moves = outer >= 0 and strides is not None and strides[outer] == 1
            if passing or (out and not moves):
                return text
            return f"at<Vector>({place.name} + {where})" if moves else f"same<Vector>({text})"
        return f"spread({text})" if place.single else text


def _sum(offset: int, strides: list[int], index: dict[int, str]) -> str:
    terms = [f"{c} * {index[a]}" if c != 1 else index[a] for a, c in enumerate(strides) if c]
    return " + ".join([*([str(offset)] if offset or not terms else []), *terms])


def linear(addresses: np.ndarray) -> tuple[int, list[int] | None]:
    """Offset and strides of an address array, None for the latter where it is not linear."""
    offset = int(addresses[(0,) * addresses.ndim])
    strides = [int(np.take(addresses, 1, a)[(0,) * (addresses.ndim - 1)]) - offset for a in range(addresses.ndim)]
    expected = np.full((1,) * addresses.ndim, offset)
    for a, (n, c) in enumerate(zip(addresses.shape, strides, strict=True)):
        expected = expected + c * np.arange(n).reshape((-1,) + (1,) * (addresses.ndim - 1 - a))
    return (offset, strides) if (addresses == expected).all() else (offset, None)


def _loops(loops: list[tuple[str, int]], line: str) -> list[str]:
    heads = "".join(f"{'UNROLL ' if n <= UNROLLED or v in 'st' else ''}for (int {v} = 0; {v} < {n}; {v}++) " for v, n in loops)
    return [heads + line]


def _block(loops: list[tuple[str, int]], lines: list[str]) -> list[str]:
    return [*_loops(loops, "{"), *("  " + line for line in lines), "}"]
