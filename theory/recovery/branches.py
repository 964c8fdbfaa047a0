r"""Perfect minima of a two-layer network: branches, their dimension, how they lie to each other, what n samples make of them.

Let g(theta, x) = sum_k a_k sigma(w_k . x) with m neurons on d inputs represent f* = sum_j abar_j sigma(wbar_j . x), m0 targets.
For a generic sigma (see :mod:`theory.recovery.genericity`) g = f* holds exactly when the neurons that share a weight have outputs that
add up to abar_j at wbar_j and to 0 elsewhere. So the perfect minima fall into branches, one for each way to say which neurons share
a weight and which of these blocks carries which target. Source: arXiv:2309.00508v3, section 3; the counts, the gap and the dimensions of
intersections are ours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.arguments import generator, whole

if TYPE_CHECKING:
    import networkx

Block = tuple[int, ...]

#: The most neurons that are counted with.
MOST = 10_000
#: Sampled weights of different blocks keep this distance: close weights make tangents nearly dependent (like their distance squared).
APART = 0.4
#: Sampled outputs stay this far from zero, where a neuron would belong to a smaller branch in effect.
OUTPUT_LEAST = 0.3
#: Rows that are refused one after another before they are drawn from a wider law.
MOST_REFUSED = 100
#: Samples are multiples of this, hence exact rationals of small height.
GRID = 2.0**-12


@dataclass(frozen=True)
class Target:
    """f* = sum_j outputs[j] sigma(weights[j] . x); ``weights`` (m0, d) distinct rows, ``outputs`` (m0,) without a zero."""

    weights: np.ndarray
    outputs: np.ndarray

    def __post_init__(self) -> None:
        weights, outputs = np.asarray(self.weights), np.asarray(self.outputs)
        if weights.ndim != 2 or 0 in weights.shape:
            raise ValueError(f"target weights must have shape (m0, d) with m0, d >= 1, got {weights.shape}")
        if outputs.shape != weights.shape[:1]:
            raise ValueError(f"target outputs must have shape ({len(weights)},), one for each weight, got {outputs.shape}")
        for i, j in combinations(range(len(weights)), 2):
            if (weights[i] == weights[j]).all():
                raise ValueError(f"target neurons must be distinct, got the weight {weights[i].tolist()} for neurons {i} and {j}")
        if not all(np.isfinite(np.array(part, dtype=float)).all() for part in (weights, outputs)):
            raise ValueError(f"target weights and outputs must be finite, got {weights.tolist()} and {outputs.tolist()}")
        if zeros := [j for j, a in enumerate(outputs) if a == 0]:
            raise ValueError(f"target output weights must not be 0, got 0 for neurons {zeros}: leave these neurons out")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "outputs", outputs)

    @property
    def neurons(self) -> int:
        """m0, the number of target neurons."""
        return len(self.outputs)

    @property
    def inputs(self) -> int:
        """d, the length of each weight."""
        return self.weights.shape[1]


def random_target(neurons: int, inputs: int, rng: np.random.Generator) -> Target:
    """Weights N(0, 1.2^2) that keep apart, outputs of modulus 1/2 to 3/2, all dyadic."""
    _at_least_one(neurons=neurons, inputs=inputs)
    generator("rng", rng)
    outputs = on_grid(rng.uniform(0.5, 1.5, neurons)) * rng.choice([-1, 1], neurons)
    return Target(_apart(np.zeros((0, inputs)), neurons, rng), outputs)


def on_grid(values: Any) -> np.ndarray:
    """``values`` rounded to multiples of :data:`GRID`."""
    return np.round(np.asarray(values) / GRID) * GRID


def _apart(weights: np.ndarray, more: int, rng: np.random.Generator) -> np.ndarray:
    """``weights`` with ``more`` random rows that keep away from these, from each other, from 0 and from the reflections of all.

    Where there is no room the deviation grows, so that any number of rows is found.
    """
    deviation, refused = 1.2, 0
    while more:
        row = on_grid(rng.normal(0, deviation, weights.shape[1]))
        others = np.vstack([weights, -weights, 0 * row[None]])
        if (np.linalg.norm(others - row, axis=1) >= APART).all():
            weights, more, refused = np.vstack([weights, row]), more - 1, 0
        else:
            refused += 1
            deviation *= 1.5 if refused % MOST_REFUSED == 0 else 1
    return weights


@dataclass(frozen=True, order=True)
class Branch:
    """Neurons 0 ... m-1 in blocks of a common weight: ``carriers[j]`` carries target j, every block of ``free`` adds up to 0.

    With r blocks in all, the branch lies in Q^r of the paper.
    """

    carriers: tuple[Block, ...]
    free: tuple[Block, ...]

    def __post_init__(self) -> None:
        neurons = sorted(neuron for block in (*self.carriers, *self.free) for neuron in block)
        if not self.carriers or neurons != list(range(len(neurons))) or not all((*self.carriers, *self.free)):
            raise ValueError(f"blocks must be a partition of 0 .. m-1 with at least one carrier, got {self.carriers} and {self.free}")

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All r blocks: those that carry a target neuron, in its order, then those that add up to 0."""
        return self.carriers + self.free

    @property
    def width(self) -> int:
        """m, the number of neurons."""
        return sum(map(len, self.blocks))

    @property
    def targets(self) -> int:
        """m0, the number of target neurons."""
        return len(self.carriers)

    @property
    def distinct(self) -> int:
        """r, the number of distinct input weights."""
        return len(self.blocks)

    @property
    def deficient(self) -> int:
        """l, the number of free blocks of one neuron: its output weight is 0, its tangents sigma' x vanish."""
        return sum(len(block) == 1 for block in self.free)

    def dimension(self, inputs: int) -> int:
        """(m - r) + (r - m0) d: outputs up to their sums, and the free weights."""
        _at_least_one(inputs=inputs)
        return self.width - self.distinct + (self.distinct - self.targets) * inputs

    def codimension(self, inputs: int) -> int:
        """r + (m + m0 - r) d."""
        return separation_size(self.distinct, self.width, self.targets, inputs)

    def rank(self, inputs: int) -> int:
        """r + (r - l) d, the rank of the tangents, hence of half the Hessian, once there are that many generic samples."""
        _at_least_one(inputs=inputs)
        return self.distinct + (self.distinct - self.deficient) * inputs

    def gap(self, inputs: int) -> int:
        """Codimension less rank: d for each further copy of a target weight and for each neuron beyond two of a free block."""
        copies = sum(len(block) - 1 for block in self.carriers)
        return inputs * (copies + sum(max(len(block) - 2, 0) for block in self.free))

    @property
    def morse_bott(self) -> bool:
        """Whether the Hessian is as large as the codimension allows: every target once, free neurons alone or in pairs."""
        return self.deficient == 2 * self.distinct - self.width - self.targets

    def stability(self, samples: int, inputs: int) -> str:
        """ "stable" from the codimension on, "unstable" up to the rank below it, "sample-dependent" between (almost everywhere)."""
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        if samples >= self.codimension(inputs):
            return "stable"
        return "unstable" if samples <= self.rank(inputs) else "sample-dependent"

    def coarsenings(self) -> Iterator[Branch]:
        """The branches that result when one free block takes the weight of another block."""
        for i, moving in enumerate(self.free):
            rest = self.free[:i] + self.free[i + 1 :]
            for j, block in enumerate(self.carriers):
                yield Branch((*self.carriers[:j], _union(block, moving), *self.carriers[j + 1 :]), rest)
            for j in range(i, len(rest)):
                yield Branch(self.carriers, tuple(sorted((*rest[:j], _union(rest[j], moving), *rest[j + 1 :]))))

    def assignments(self) -> Iterator[tuple[int, ...]]:
        """The maps neuron -> target that are constant on blocks and true on carriers: the coarsest branches that it refines."""
        for choice in product(range(self.targets), repeat=len(self.free)):
            target_of = [0] * self.width
            for target, block in zip((*range(self.targets), *choice), self.blocks, strict=True):
                for neuron in block:
                    target_of[neuron] = target
            yield tuple(target_of)

    def meets(self, other: Branch, inputs: int) -> int | None:
        """The dimension in which the closures of two branches (of one target) meet, None where they do not.

        Weights agree on the blocks of the join of the two partitions. A block of the join must carry the same target for both,
        and at most one; the sums over the blocks of both branches inside it are dependent by one equation.
        """
        dimension = 0
        for joined in _join(self.blocks, other.blocks):
            carried = [{j for j, block in enumerate(branch.carriers) if joined & set(block)} for branch in (self, other)]
            if carried[0] != carried[1] or len(carried[0]) > 1:
                return None
            sums = sum(not joined.isdisjoint(block) for branch in (self, other) for block in branch.blocks)
            dimension += len(joined) - (sums - 1) + (0 if carried[0] else inputs)
        return dimension

    def constraints(self, target: Target) -> tuple[np.ndarray, np.ndarray]:
        """The closure as an affine space: a matrix (rows, m d + m) and right hand sides, Fractions; theta = (w, a) row-major."""
        self._fits(target)
        m, d = self.width, target.inputs
        rows, values = [], []

        def require(entries: dict[int, int], value: Any) -> None:
            rows.append([Fraction(entries.get(k, 0)) for k in range(m * d + m)])
            values.append(Fraction(value))

        for j, block in enumerate(self.blocks):
            first, *others = block
            carries = j < self.targets
            for axis in range(d):
                if carries:
                    require({first * d + axis: 1}, target.weights[j, axis])
                for neuron in others:
                    require({first * d + axis: 1, neuron * d + axis: -1}, 0)
            require({m * d + neuron: 1 for neuron in block}, target.outputs[j] if carries else 0)
        return np.array(rows, dtype=object), np.array(values, dtype=object)

    def sample(self, target: Target, rng: np.random.Generator) -> np.ndarray:
        """A random point theta (m d + m,) of the branch away from smaller ones; dyadic, so that block sums are exact."""
        self._fits(target)
        weights = _apart(np.asarray(target.weights, float), len(self.free), rng)
        w, a = np.empty((self.width, target.inputs)), np.empty(self.width)
        for j, block in enumerate(self.blocks):
            w[list(block)] = weights[j]
            a[list(block)] = _outputs(len(block), float(target.outputs[j]) if j < self.targets else 0.0, rng)
        return np.concatenate([w.ravel(), a])

    def random_point(self, inputs: int, rng: np.random.Generator) -> np.ndarray:
        """A point as from :meth:`sample`, for a random target of ``inputs`` inputs that is drawn first."""
        return self.sample(random_target(self.targets, inputs, rng), rng)

    def _fits(self, target: Target) -> None:
        if target.neurons != self.targets:
            raise ValueError(f"target must have {self.targets} neurons for this branch, got {target.neurons}")

    def __str__(self) -> str:
        show = lambda block: "".join(str(neuron + 1) for neuron in block)
        carriers = " ".join(f"{show(block)}→{j + 1}" for j, block in enumerate(self.carriers))
        return f"{carriers} | {' '.join(map(show, self.free)) or '–'}"


def _union(*blocks: Block) -> Block:
    return tuple(sorted(sum(blocks, ())))


def _join(*partitions: Sequence[Block]) -> list[set[int]]:
    """The finest partition that is coarser than all of them."""
    joined: list[set[int]] = []
    for block in (block for partition in partitions for block in partition):
        touched = [other for other in joined if not other.isdisjoint(block)]
        joined = [other for other in joined if other.isdisjoint(block)] + [set(block).union(*touched)]
    return joined


def _outputs(size: int, total: float, rng: np.random.Generator) -> np.ndarray:
    """Outputs with the given sum, all away from 0 (a lone free neuron has none)."""
    while True:
        drawn = on_grid(rng.normal(0, 1, size - 1))
        outputs = np.append(drawn, total - drawn.sum())
        if size == 1 or np.abs(outputs).min() >= OUTPUT_LEAST:
            return outputs


# ----------------------------------------------------------------------------------------------------------- formulas


def separation_size(distinct: int, width: int, targets: int, inputs: int) -> int:
    """r + (m + m0 - r) d: from so many generic samples on, no imperfect minimum is near a generic point of Q^r."""
    _check(width, targets)
    _at_least_one(inputs=inputs)
    _check_distinct(distinct, width, targets)
    return distinct + (width + targets - distinct) * inputs


def least_deficient(distinct: int, width: int, targets: int) -> int:
    """The least number of lone free neurons over the branches with r distinct weights: max(0, 2r - m - m0)."""
    _check(width, targets)
    _check_distinct(distinct, width, targets)
    return max(0, 2 * distinct - width - targets)


def branch_count(width: int, targets: int) -> int:
    """sum_b S(m, b) b! / (b - m0)!: partitions into b blocks, and targets placed on different blocks."""
    _check(width, targets)
    return sum(stirling(width, b) * math.perm(b, targets) for b in range(targets, width + 1))


def stirling(n: int, k: int) -> int:
    """S(n, k), the number of partitions of n things into k blocks."""
    n, k = whole("n", n, 0, MOST), whole("k", k)
    if k > n:
        return 0
    row = [1] + [0] * k  # S(0, .)
    for things in range(1, n + 1):
        row = [0, *(b * row[b] + row[b - 1] if b <= things else 0 for b in range(1, k + 1))]
    return row[k]


def _at_least_one(**numbers: Any) -> None:
    for name, value in numbers.items():
        whole(name, value, 1)


def _check_distinct(distinct: int, width: int, targets: int) -> None:
    _at_least_one(distinct=distinct)
    if not targets <= distinct <= width:
        raise ValueError(f"distinct must lie between the targets {targets} and the width {width}, got {distinct}")


def _check(width: int, targets: int) -> None:
    whole("width", width, 1, MOST)
    _at_least_one(targets=targets)
    if targets > width:
        raise ValueError(f"targets must be at most the width {width} (fewer neurons cannot represent more), got {targets}")


# -------------------------------------------------------------------------------------------------------- enumeration


def partitions(width: int) -> Iterator[tuple[Block, ...]]:
    """All partitions of {0, ..., width - 1}, blocks sorted by their least element."""

    def grow(neuron: int, blocks: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
        if neuron == width:
            yield blocks
            return
        for i, block in enumerate(blocks):
            yield from grow(neuron + 1, (*blocks[:i], (*block, neuron), *blocks[i + 1 :]))
        yield from grow(neuron + 1, (*blocks, (neuron,)))

    return grow(0, ())


def branches(width: int, targets: int) -> Iterator[Branch]:
    """Every branch of m = ``width`` neurons and m0 = ``targets``; ValueError for fewer neurons than targets."""
    _check(width, targets)
    for partition in partitions(width):
        for carriers in permutations(partition, targets):
            yield Branch(carriers, tuple(block for block in partition if block not in carriers))


def branch_types(width: int, targets: int) -> list[Branch]:
    """One branch of every kind: up to permutations of the neurons and of the targets, by r and then by the sizes of blocks."""
    _check(width, targets)
    kinds: dict[tuple, Branch] = {}
    for sizes in {tuple(sorted(map(len, partition))) for partition in partitions(width)}:
        for carried in set(permutations(sizes, targets)) if len(sizes) >= targets else ():
            free = list(sizes)
            for size in carried:
                free.remove(size)
            kinds.setdefault((len(sizes), tuple(sorted(carried)), tuple(free)), _consecutive(sorted(carried), free))
    return [kinds[key] for key in sorted(kinds)]


def _consecutive(carried: Sequence[int], free: Sequence[int]) -> Branch:
    """The branch whose blocks have these sizes and take the neurons in order."""
    stops = np.cumsum([0, *carried, *free]).tolist()
    blocks = [tuple(range(start, stop)) for start, stop in zip(stops, stops[1:], strict=False)]
    return Branch(tuple(blocks[: len(carried)]), tuple(blocks[len(carried) :]))


def refinement_graph(width: int, targets: int) -> networkx.DiGraph:
    """All branches, an edge from each to what one merger of a free block makes of it."""
    import networkx

    graph = networkx.DiGraph()
    every = list(branches(width, targets))
    graph.add_nodes_from(every)
    graph.add_edges_from((branch, coarser) for branch in every for coarser in branch.coarsenings())
    return graph


def intersection_graph(width: int, targets: int) -> networkx.Graph:
    """All branches, an edge where closures meet.

    Pairs of partitions are joined once; two branches on them meet when every target lies in the same block of the join for both, no
    two targets in one. The components are those of the refinement graph: whatever meets is linked through the join.
    """
    import networkx

    on: dict[tuple[Block, ...], list[Branch]] = defaultdict(list)
    for branch in branches(width, targets):
        on[tuple(sorted(branch.blocks))].append(branch)
    graph = networkx.Graph()
    graph.add_nodes_from(branch for members in on.values() for branch in members)
    for first, second in combinations(on, 2):  # on one partition no two branches meet
        joined = _join(first, second)
        if len(joined) < targets:
            continue
        label = {neuron: k for k, block in enumerate(joined) for neuron in block}
        placed = [_by_placement(on[partition], label) for partition in (first, second)]
        for placement, members in placed[0].items():
            graph.add_edges_from(product(members, placed[1].get(placement, ())))
    return graph


def _by_placement(members: Sequence[Branch], label: dict[int, int]) -> dict[tuple[int, ...], list[Branch]]:
    """Branches by the labels of their carriers, those left out that put two targets under one label."""
    groups: dict[tuple[int, ...], list[Branch]] = defaultdict(list)
    for branch in members:
        placement = tuple(label[block[0]] for block in branch.carriers)
        if len(set(placement)) == len(placement):
            groups[placement].append(branch)
    return groups


def permutation_classes(width: int, targets: int) -> networkx.DiGraph:
    """The refinement graph of kinds of branches (see :func:`branch_types`): small enough to be drawn."""
    import networkx

    kinds = {_kind(branch): branch for branch in branch_types(width, targets)}
    graph = networkx.DiGraph()
    graph.add_nodes_from(kinds.values())
    graph.add_edges_from((branch, kinds[_kind(coarser)]) for branch in kinds.values() for coarser in branch.coarsenings())
    return graph


def _kind(branch: Branch) -> tuple:
    return tuple(sorted(map(len, branch.carriers))), tuple(sorted(map(len, branch.free)))
