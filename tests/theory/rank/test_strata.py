"""Strata of target sets: complete, sampled where they say, drawn as graphs."""

from itertools import product

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import function_rank, rank_at
from theory.rank.strata import matrix_strata, tanh_strata

TARGET = np.array([[1, 2, 0], [2, 4, 0], [0, 1, 1]])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_matrix_strata_are_sampled_where_they_say(rng):
    model = MatrixFactorization(3, 3, 4)
    strata = matrix_strata(model, TARGET)
    assert strata.rank == function_rank(2, 3, 3) == 8
    for stratum in strata.strata:
        theta = stratum.sample(rng)
        assert (model.product(theta) == TARGET).all()
        assert rank_at(model, theta) == stratum.rank == model_rank(model, theta, "exact").rank
        assert stratum.rank <= model.n_params - stratum.dimension


def test_brute_force_over_a_small_field_of_entries_meets_listed_strata_only(rng):
    """All pairs with entries 0, 1 and product [[1, 0], [0, 0]]: their ranks are listed, and every listed pair occurs."""
    model, target, met = MatrixFactorization(2, 2, 2), np.array([[1, 0], [0, 0]]), set()
    for entries in product((0, 1), repeat=8):
        theta = np.array(entries)
        if (model.product(theta) == target).all():
            parts = model.unpack(theta)
            met.add((np.linalg.matrix_rank(parts["left"]), np.linalg.matrix_rank(parts["right"])))
    assert met == {stratum.key for stratum in matrix_strata(model, target).strata} == {(1, 1), (1, 2), (2, 1)}


def test_the_dimension_of_a_stratum_is_that_of_its_tangent_directions(rng):
    """At a regular point of the top stratum, the kernel of the tangent map has the dimension of the target set."""
    model = MatrixFactorization(3, 3, 3)
    strata = {stratum.key: stratum for stratum in matrix_strata(model, TARGET).strata}
    assert strata[3, 2].dimension == model.n_params - strata[3, 2].rank  # A invertible: B is determined


def test_tanh_strata(rng):
    model = TwoLayer(2, 4)
    strata = tanh_strata(model, [[1, 2]], [3])
    assert {stratum.key for stratum in strata.strata} == {(u, z, c) for u in range(4) for z in (0, 1) for c in (0, 1) if u + z + 2 * c <= 3}
    assert [stratum.key for stratum in strata.strata if stratum.rank == strata.rank] == [(0, 0, 0)]
    x = rng.normal(size=(6, 2))
    for stratum in strata.strata:
        theta = stratum.sample(rng)
        np.testing.assert_allclose(model(theta.astype(float), x)[:, 0], 3 * np.tanh(x @ [1, 2]), atol=1e-12)
        assert rank_at(model, theta) == stratum.rank


def test_the_graph_joins_neighbours_only():
    graph = matrix_strata(MatrixFactorization(2, 2, 2), np.array([[1, 0], [0, 0]])).graph()
    assert set(map(tuple, graph["edges"])) == {("(1, 1)", "(1, 2)"), ("(1, 1)", "(2, 1)")}
    assert {node["group"] for node in graph["nodes"]} == {3, 4}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: matrix_strata(MatrixFactorization(3, 3, 1), TARGET), "rank at most 1"),
        (lambda: matrix_strata(MatrixFactorization(2, 3, 2), TARGET), r"shape \(2, 3\)"),
        (lambda: tanh_strata(TwoLayer(2, 3, bias=True), [[1, 2]], [1]), "without biases"),
        (lambda: tanh_strata(TwoLayer(2, 1), [[1, 2], [2, 1]], [1, 1]), "needs 2 neurons"),
        (lambda: tanh_strata(TwoLayer(2, 3), [[1, 2], [-1, -2]], [1, 1]), "pairwise distinct"),
        (lambda: tanh_strata(TwoLayer(2, 3), [[1, 2, 3]], [1]), "weights must have shape"),
    ],
)
def test_targets_outside_the_hypotheses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
