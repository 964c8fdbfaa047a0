"""Branches of perfect minima: known counts, formulas against exact linear algebra, graphs, sampling, errors."""

import math
from fractions import Fraction

import networkx
import numpy as np
import pytest

from numerics.arithmetic.exact import rank_rational, rationals
from theory.activations import Reflection, activation
from theory.models import TwoLayer
from theory.recovery import (
    Branch,
    Target,
    branch_count,
    branch_types,
    branches,
    intersection_graph,
    least_deficient,
    permutation_classes,
    random_target,
    refinement_graph,
    separation_size,
    stirling,
)
from theory.recovery.genericity import exponential_minus_identity, failing_parts, is_generic, shifted
from theory.recovery.silent_neuron import conditions, with_silent_neuron

KNOWN_COUNTS = {(1, 1): 1, (2, 1): 3, (3, 1): 10, (4, 1): 37, (2, 2): 2, (3, 2): 12, (4, 2): 62, (3, 3): 6, (4, 3): 60, (6, 3): 3120}
SMALL = [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2)]


@pytest.mark.parametrize(("size", "count"), KNOWN_COUNTS.items())
def test_number_of_branches(size, count):
    listed = list(branches(*size))
    assert len(listed) == len(set(listed)) == branch_count(*size) == count


def test_stirling_numbers():
    assert [stirling(5, k) for k in range(7)] == [0, 1, 15, 25, 10, 1, 0]
    assert stirling(0, 0) == 1


def test_example_of_two_neurons():
    """m = d = 2, m0 = 1: one line and two planes in R^6, thresholds 5, 4, 4."""
    facts = sorted((b.dimension(2), b.codimension(2), b.rank(2), b.morse_bott) for b in branches(2, 1))
    assert facts == [(1, 5, 3, False), (2, 4, 4, True), (2, 4, 4, True)]


@pytest.mark.parametrize("size", SMALL)
def test_formulas_fit_together(size):
    for branch in branches(*size):
        for d in (1, 2, 3):
            assert branch.dimension(d) + branch.codimension(d) == branch.width * (d + 1)
            assert branch.gap(d) == branch.codimension(d) - branch.rank(d) >= 0
            assert branch.morse_bott == (branch.gap(d) == 0)
        assert branch.deficient >= least_deficient(branch.distinct, *size)


@pytest.mark.parametrize("size", SMALL)
def test_kinds_represent_all_branches(size):
    facts = lambda branch: (sorted(map(len, branch.carriers)), sorted(map(len, branch.free)))
    kinds = branch_types(*size)
    assert sorted(map(facts, kinds)) == sorted({str(facts(b)): facts(b) for b in branches(*size)}.values())
    assert set(kinds) <= set(branches(*size))


def test_constraints_have_the_codimension_and_hold_on_samples():
    rng = np.random.default_rng(0)
    for branch in branch_types(4, 2):
        target = random_target(2, 2, rng)
        matrix, values = branch.constraints(target)
        theta = branch.sample(target, rng)
        assert rank_rational(matrix) == branch.codimension(2)
        assert (matrix @ np.array([Fraction(v) for v in theta], dtype=object) == values).all()


def test_sampled_points_represent_the_target_exactly():
    rng, sigma = np.random.default_rng(1), shifted("lorentz")
    target = random_target(2, 2, rng)
    x = rationals(np.round(rng.normal(size=(5, 2)) * 64) / 64)
    narrow = TwoLayer(2, 2, activation=sigma)
    expected = narrow(rationals(narrow.pack(input_weights=target.weights, output_weights=target.outputs[None])), x)
    for branch in branch_types(4, 2):
        theta = rationals(branch.sample(target, rng))
        assert (TwoLayer(2, 4, activation=sigma)(theta, x) == expected).all()


@pytest.mark.parametrize("size", [(2, 1), (3, 1), (3, 2), (2, 2), (3, 3)])
def test_intersections_against_linear_algebra(size):
    listed, d = list(branches(*size)), 2
    target, graph = random_target(size[1], d, np.random.default_rng(2)), intersection_graph(*size)
    for i, first in enumerate(listed):
        for second in listed[:i]:
            matrix, values = (np.concatenate(p) for p in zip(first.constraints(target), second.constraints(target), strict=True))
            rank = rank_rational(matrix)
            solvable = rank_rational(np.column_stack([matrix, values])) == rank
            assert first.meets(second, d) == second.meets(first, d) == (size[0] * (d + 1) - rank if solvable else None)
            assert graph.has_edge(first, second) == solvable


@pytest.mark.parametrize("size", SMALL)
def test_graphs_have_the_same_components(size):
    m, m0 = size
    components = 1 if m > m0 else math.factorial(m0)
    assert networkx.number_connected_components(intersection_graph(m, m0)) == components
    assert networkx.number_weakly_connected_components(refinement_graph(m, m0)) == components


def test_refinement_steps():
    graph = refinement_graph(4, 2)
    for fine, coarse in graph.edges:
        assert coarse.distinct == fine.distinct - 1
        assert fine.meets(coarse, 2) is not None
        assert set(coarse.assignments()) <= set(fine.assignments())
    assert networkx.is_directed_acyclic_graph(graph)
    assert len(permutation_classes(4, 2)) == len(branch_types(4, 2)) == 5


def test_thresholds():
    assert [separation_size(r, 2, 1, 2) for r in (1, 2)] == [5, 4]
    assert [separation_size(r, 2, 1, 4) for r in (1, 2)] == [9, 6]
    assert {separation_size(r, 5, 2, 1) for r in range(2, 6)} == {7}


def test_stability_in_three_ranges():
    split = Branch(((0, 1),), ())
    assert [split.stability(n, 2) for n in range(1, 7)] == ["unstable"] * 3 + ["sample-dependent"] + ["stable"] * 2
    with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
        split.stability(0, 2)


def test_text_of_a_branch():
    assert str(Branch(((0, 2),), ((1,),))) == "13→1 | 2"


@pytest.mark.parametrize(
    ("weights", "outputs", "message"),
    [
        ([[1.0], [1.0]], [1.0, 2.0], "target neurons must be distinct, got the weight .1.0. for neurons 0 and 1"),
        ([[1.0], [2.0]], [1.0, 0.0], "must not be 0, got 0 for neurons .1."),
        ([1.0, 2.0], [1.0, 1.0], "weights must have shape"),
        ([[1.0], [2.0]], [1.0], "outputs must have shape"),
        (np.zeros((0, 2)), [], "m0, d >= 1"),
    ],
)
def test_bad_targets(weights, outputs, message):
    with pytest.raises(ValueError, match=message):
        Target(weights, outputs)


@pytest.mark.parametrize("call", [branch_count, branch_types, lambda m, m0: list(branches(m, m0))])
def test_more_targets_than_neurons(call):
    with pytest.raises(ValueError, match="targets must be at most the width 2 .*got 3"):
        call(2, 3)
    with pytest.raises(ValueError, match="targets must be an integer of at least 1, got 0"):
        call(2, 0)


def test_a_random_point_belongs_to_the_target_drawn_before_it():
    branch, drawn, again = Branch(((0, 1),), ((2,),)), np.random.default_rng(7), np.random.default_rng(7)
    theta, target = branch.random_point(2, drawn), random_target(1, 2, again)
    matrix, values = branch.constraints(target)
    assert (matrix @ [Fraction(entry) for entry in theta] == values).all() and (theta == branch.sample(target, again)).all()


def test_a_target_of_another_size():
    with pytest.raises(ValueError, match="target must have 1 neurons for this branch, got 2"):
        Branch(((0,),), ((1,),)).sample(random_target(2, 1, np.random.default_rng(0)), np.random.default_rng(0))


# --------------------------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize(
    "name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "erf", "atan", "sin", "cos", "lorentz", "ratsig", "relu", "power:3"]
)
def test_activations_outside_the_assumption(name):
    assert failing_parts(name) and not is_generic(name)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "erf", "atan", "sin", "cos", "lorentz", "ratsig", "exp"])
def test_shifted_activations_satisfy_it(name):
    assert is_generic(shifted(name))


def test_which_part_fails():
    assert failing_parts("relu") == ("sigma is analytic",)
    assert [part for part in failing_parts("sigmoid") if "even" in part] == list(failing_parts("sigmoid"))
    assert [part for part in failing_parts("softplus") if "odd" in part] == list(failing_parts("softplus"))
    assert is_generic("exp") and is_generic(exponential_minus_identity())


def test_shift_in_every_arithmetic():
    sigma, z = shifted("lorentz", "1/2"), np.array([0.25, -1.5])
    assert (sigma.jet(z, 2)[2] == activation("lorentz").jet(z + 0.5, 2)[2]).all()
    exact = sigma.jet(rationals(z), 1)[0]
    assert exact[0] == rationals([Fraction(16, 25)])[0]
    assert np.allclose(sigma(z), 1 / (1 + (z + 0.5) ** 2))
    assert shifted("tanh") is shifted("tanh") and shifted("tanh").name == "tanh(z+1/2)"


def test_bad_shifts():
    with pytest.raises(ValueError, match="shift must not be 0"):
        shifted("tanh", 0)
    with pytest.raises(ValueError, match="must be differentiable everywhere"):
        shifted("relu")


def test_declared_reflection_is_the_reason():
    assert activation("tanh").reflection == Reflection(-1) and shifted("tanh").reflection is None


# -------------------------------------------------------------------------------------------------------- silent neurons


def test_silent_neuron_changes_no_output_and_adds_its_condition():
    rng = np.random.default_rng(3)
    model, x = TwoLayer(2, 2), rng.normal(size=(7, 2))
    theta, silent = rng.normal(size=6), rng.normal(size=2)
    wide, point = with_silent_neuron(model, theta, silent)
    assert np.allclose(wide(point, x), model(theta, x))
    assert conditions(model, theta, x).shape == (6, 7)
    assert np.allclose(conditions(model, theta, x, silent)[-1], np.tanh(x @ silent))
