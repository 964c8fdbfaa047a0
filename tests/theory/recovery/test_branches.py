"""Branches of perfect minima against set partitions written out, and their samples within the stated distances."""

import math
from itertools import combinations, product

import networkx
import numpy as np
import pytest

from theory.recovery import (
    APART,
    GRID,
    OUTPUT_LEAST,
    Branch,
    Target,
    branch_count,
    branch_types,
    branches,
    intersection_graph,
    least_deficient,
    on_grid,
    partitions,
    permutation_classes,
    random_target,
    refinement_graph,
    stirling,
)

SIZES = [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3)]


def as_function(branch):
    """What a branch says, in sets: which neurons carry which target, and which add up to zero."""
    return frozenset((j, frozenset(block)) for j, block in enumerate(branch.carriers)), frozenset(map(frozenset, branch.free))


def all_functions(width, targets):
    """The same from all maps neuron -> label, labels below ``targets`` being the targets, each of them used."""
    found = set()
    for labels in product(range(targets + width), repeat=width):
        blocks = {k: frozenset(i for i, label in enumerate(labels) if label == k) for k in set(labels)}
        if set(range(targets)) <= set(blocks):
            carried = frozenset((j, blocks[j]) for j in range(targets))
            found.add((carried, frozenset(block for k, block in blocks.items() if k >= targets)))
    return found


@pytest.mark.parametrize("size", SIZES)
def test_branches_are_all_of_them(size):
    listed = [as_function(branch) for branch in branches(*size)]
    assert len(listed) == len(set(listed)) == branch_count(*size) and set(listed) == all_functions(*size)


@pytest.mark.parametrize("width", range(1, 6))
def test_partitions_and_stirling_numbers(width):
    listed = list(partitions(width))
    as_sets = {frozenset(map(frozenset, partition)) for partition in listed}
    assert len(as_sets) == len(listed) and all(sorted(sum(partition, ())) == list(range(width)) for partition in listed)
    assert all(list(partition) == sorted(partition) for partition in listed)
    assert [sum(len(p) == k for p in listed) for k in range(width + 2)] == [stirling(width, k) for k in range(width + 2)]


@pytest.mark.parametrize("size", SIZES)
def test_numbers_of_a_branch(size):
    m, m0 = size
    for branch in branches(m, m0):
        (carried, free), r = as_function(branch), len(branch.carriers) + len(branch.free)
        lone = sum(len(block) == 1 for block in free)
        assert (branch.width, branch.targets, branch.distinct, branch.deficient) == (m, m0, r, lone)
        assert branch.blocks == branch.carriers + branch.free
        for d in (1, 2, 3):
            weights_free, sums = len(free) * d, r
            assert branch.dimension(d) == weights_free + m - sums and branch.codimension(d) == m * (d + 1) - branch.dimension(d)
            assert branch.rank(d) == r + (r - lone) * d
            copies = sum(len(block) - 1 for _, block in carried) + sum(max(len(block) - 2, 0) for block in free)
            assert branch.gap(d) == copies * d == branch.codimension(d) - branch.rank(d)
            for n in range(1, m * (d + 1) + 2):
                word = "stable" if n >= branch.codimension(d) else "unstable" if n <= branch.rank(d) else "sample-dependent"
                assert branch.stability(n, d) == word
        assert branch.morse_bott == all(len(block) == 1 for _, block in carried) * all(len(block) <= 2 for block in free)
    for r in range(m0, m + 1):
        assert least_deficient(r, m, m0) == min(branch.deficient for branch in branches(m, m0) if branch.distinct == r)


@pytest.mark.parametrize("size", SIZES)
def test_coarsenings_move_one_free_block(size):
    every = {as_function(branch): branch for branch in branches(*size)}
    for branch in every.values():
        carried, free = as_function(branch)
        wanted = set()
        for block in free:
            rest = free - {block}
            wanted |= {(carried - {(j, other)} | {(j, other | block)}, rest) for j, other in carried}
            wanted |= {(carried, rest - {other} | {other | block}) for other in rest}
        found = list(branch.coarsenings())
        assert {as_function(coarser) for coarser in found} == wanted and set(found) <= set(every.values())
        assert len(found) == len(wanted)
        coarsest = [coarse for coarse in every.values() if not coarse.free]
        below = {tuple(j for i in range(branch.width) for j, block in enumerate(coarse.carriers) if i in block) for coarse in coarsest}
        constant = {a for a in below if all(len({a[i] for i in block}) == 1 for block in branch.blocks)}
        assert set(branch.assignments()) == {a for a in constant if all(a[block[0]] == j for j, block in enumerate(branch.carriers))}


@pytest.mark.parametrize("size", SIZES[:-1])
def test_graphs_of_branches(size):
    every, graph = list(branches(*size)), refinement_graph(*size)
    assert set(graph) == set(every) and set(graph.edges) == {(branch, coarser) for branch in every for coarser in branch.coarsenings()}
    meeting = intersection_graph(*size)
    assert set(meeting) == set(every)
    for first, second in combinations(every, 2):
        assert meeting.has_edge(first, second) == (first.meets(second, 2) is not None)
    kinds = permutation_classes(*size)
    assert set(kinds) == set(branch_types(*size)) and networkx.is_directed_acyclic_graph(kinds)
    shape = lambda branch: (sorted(map(len, branch.carriers)), sorted(map(len, branch.free)))
    pairs = {(str(shape(a)), str(shape(b))) for a, b in graph.edges}
    assert {(str(shape(a)), str(shape(b))) for a, b in kinds.edges} == pairs
    assert all(a.distinct <= b.distinct for a, b in zip(branch_types(*size), branch_types(*size)[1:], strict=False))


def test_samples_keep_their_distances_and_lie_on_the_grid():
    rng = np.random.default_rng(0)
    for branch in branches(4, 2):
        target = random_target(2, 2, rng)
        theta = branch.sample(target, rng)
        w, a = theta[:8].reshape(4, 2), theta[8:]
        assert (theta == on_grid(theta)).all() and (theta / GRID % 1 == 0).all()
        for j, block in enumerate(branch.blocks):
            assert (w[list(block)] == w[block[0]]).all()
            assert a[list(block)].sum() == (target.outputs[j] if j < 2 else 0) and (j >= 2 or (w[block[0]] == target.weights[j]).all())
            assert len(block) == 1 or np.abs(a[list(block)]).min() >= OUTPUT_LEAST
        places = [w[block[0]] for block in branch.blocks]
        for place, other in product(range(len(places)), repeat=2):
            gaps = [np.linalg.norm(places[place] + sign * places[other]) for sign in (1, -1)]
            assert min(gaps if place != other else gaps[:1]) >= APART - 1e-12
        with pytest.raises(ValueError, match="must have 2 neurons"):
            branch.constraints(random_target(1, 2, rng))


def test_targets_have_the_stated_size():
    rng = np.random.default_rng(0)
    targets = [random_target(3, 2, rng) for _ in range(100)]
    outputs = np.concatenate([target.outputs for target in targets])
    assert (np.abs(outputs) >= 0.5 - GRID).all() and (np.abs(outputs) <= 1.5 + GRID).all() and {*np.sign(outputs)} == {-1, 1}
    assert np.abs(outputs).min() < 0.6 and np.abs(outputs).max() > 1.4
    weights = np.concatenate([target.weights for target in targets])
    assert (targets[0].neurons, targets[0].inputs) == (3, 2)
    # Rows within 0.4 of 0 or of one another are drawn again, which spreads the others a little: between 1.2 and 1.4.
    assert 1.1 < weights.std() < 1.4
    assert on_grid([0.5, 0.3]).tolist() == [0.5, round(0.3 * 4096) / 4096]


def test_constraints_hold_exactly_on_the_branch():
    branch, target = Branch(((0, 2),), ((1, 3),)), Target(np.array([[2.0, 3.0]]), np.array([5.0]))
    matrix, values = branch.constraints(target)
    assert matrix.shape == (branch.codimension(2), 12) and len(values) == 8
    theta = np.array([2, 3, 7, 8, 2, 3, 7, 8, 1, -4, 4, 4], dtype=object)
    assert (matrix @ theta == values).all()
    for k in range(12):
        moved = theta.copy()
        moved[k] += 1
        assert (matrix @ moved != values).any()


@pytest.mark.parametrize("wrong", [True, 0, -1, 1.0, "2"])
def test_sizes_that_are_none(wrong):
    for call in (
        lambda: branch_count(wrong, 1),
        lambda: branch_count(3, wrong),
        lambda: list(branches(3, wrong)),
        lambda: branch_types(wrong, 1),
    ):
        with pytest.raises(ValueError, match="must be an integer (of at least|from) 1"):
            call()
    assert branch_count(3, 3) == math.factorial(3)
