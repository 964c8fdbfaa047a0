"""Targets of one family asked in another: the numbers, what cannot be expressed, what is not known; ranks at points, by activation."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.factorizations import CPFactorization, DeepFactorization, MeasuredFactorization, SymmetricFactorization
from theory.models.pooling import PooledCNN
from theory.models.toy import DeepDiagonal, PowerModel, ProductModel, RedundantModel, SquareDifference
from theory.rank import (
    NotKnown,
    Target,
    cnn_function_rank,
    cp_expected_rank,
    deep_factorization_rank,
    factorization_rank,
    function_rank,
    largest_target_rank,
    matrix_rank,
    optimistic_sample_size,
    rank_at,
    rank_bounds,
    symmetric_factorization_rank,
    two_layer_function_rank,
    two_layer_rank,
)
from theory.rank.closed_forms import positive_semidefinite
from theory.rank.independence import INDEPENDENT

# -------------------------------------------------------------------------------------------------------- matrices

SYMMETRIC, PAIR = SymmetricFactorization(2, 2), MatrixFactorization(2, 2, 2)


@pytest.mark.parametrize(
    "matrix", [[[0, 1], [0, 0]], [[-1, 0], [0, -1]], [[1, 0], [0, -1]], [[1, 1], [2, 2]], [[0, 1], [1, 0]], [[0, 1], [1, 5]]]
)
def test_a_symmetric_product_is_no_other_matrix(matrix):
    target = Target(PAIR, PAIR.pack(left=np.eye(2, dtype=int), right=matrix))
    with pytest.raises(ValueError, match="target must be symmetric and positive semidefinite, as A A"):
        optimistic_sample_size(SYMMETRIC, target)
    assert optimistic_sample_size(PAIR, target) == function_rank(matrix_rank(matrix), 2, 2)


def test_semidefinite_matrices_from_other_families():
    for matrix, rank in (([[1, 1], [1, 1]], 2), ([[2, 1], [1, 2]], 3), ([[0, 0], [0, 4]], 2), ([[0, 0], [0, 0]], 0)):
        assert positive_semidefinite(matrix) and not (np.any(matrix) and positive_semidefinite(-np.array(matrix)))
        target = Target(PAIR, PAIR.pack(left=np.eye(2, dtype=int), right=matrix))
        assert optimistic_sample_size(SYMMETRIC, target) == rank
    with pytest.raises(ValueError, match="a generic matrix of MatrixFactorization"):
        optimistic_sample_size(SYMMETRIC, PAIR)
    with pytest.raises(ValueError, match="target must be a matrix rank from 0 to 1 .*, got 2"):
        optimistic_sample_size(SymmetricFactorization(2, 1), Target(PAIR, [1, 0, 0, 1, 1, 0, 0, 1]))


FAMILIES = [MatrixFactorization(3, 3, 2), DeepFactorization((3, 2, 3)), MeasuredFactorization(3, 3, 2), CPFactorization((3, 3), 2)]


@pytest.mark.parametrize("model", FAMILIES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("other", [*FAMILIES, SymmetricFactorization(3, 2)], ids=lambda one: type(one).__name__)
def test_a_matrix_is_a_matrix(model, other):
    """R depends on the rank alone; the point of ones has rank 1."""
    assert optimistic_sample_size(model, other) == function_rank(2, 3, 3) == 8
    assert optimistic_sample_size(model, Target(other, np.ones(other.n_params))) == function_rank(1, 3, 3) == 5
    assert rank_at(model, np.arange(model.n_params)) == model_rank(model, np.arange(model.n_params)).rank


@pytest.mark.parametrize("integer", [int, np.int8, np.int64, np.uint16])
def test_integers_of_any_width_are_ranks(integer):
    assert [optimistic_sample_size(model, integer(1)) for model in FAMILIES] == [5] * 4
    assert function_rank(integer(100), integer(110), integer(120)) == 100 * 130  # beyond the range of int8
    assert type(function_rank(integer(1), integer(2), integer(2))) is int


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: function_rank(5, 3, 3), "r must be an integer from 0 to 3, got 5"),
        (lambda: function_rank(True, 3, 3), "r must be an integer from 0 to 3, got True"),
        (lambda: function_rank(1, 0, 3), "d1 must be an integer of at least 1, got 0"),
        (lambda: factorization_rank(3, 3, 9, 1), "a must be"),
        (lambda: factorization_rank(3, 3, 1, -1), "b must be"),
        (lambda: symmetric_factorization_rank(3, 7), "a must be an integer from 0 to 3"),
        (lambda: largest_target_rank(3, 3, 3, 2), "r must be an integer from 0 to 2"),
        (lambda: deep_factorization_rank((3, 2, 3), (9, 1), (1, 1)), "prefix must be an integer from 0 to 2"),
        (
            lambda: deep_factorization_rank((3, 2, 3), (2, 0), (0, 2)),
            "prefix and suffix must meet in at least 2 dimensions of the 2 of space 1",
        ),
        (lambda: deep_factorization_rank((3, 2, 3), (1, 2), (2, 2)), "prefix must fall from at most 3 to the first of suffix"),
        (lambda: deep_factorization_rank((3, 2, 3), (2, 1), (2, 2)), "prefix must fall"),
        (lambda: deep_factorization_rank((3, 2, 3), (2, 2), (2, 1)), "which rises to at most 3"),
        (lambda: deep_factorization_rank(3, (1, 1), (1, 1)), "sizes must hold integers of at least 1, got 3"),
        (lambda: cp_expected_rank(None, 1), "sizes must hold integers"),
        (lambda: deep_factorization_rank((3, 2, 3), (1,), (1, 1)), "prefix and suffix must hold a rank for each of the 2 factors"),
        (lambda: cp_expected_rank((2.5, 2), 1), "sizes must be"),
        (lambda: two_layer_rank(2, 1, -1), "active must be an integer from 0 to 1"),
        (lambda: two_layer_function_rank(2, -1), "neurons must be"),
        (lambda: cnn_function_rank(4, 5, 3, 2), "kernel must be an integer from 1 to 4"),
        (lambda: cnn_function_rank(4, 2, 3, 2, zeros=5), "zeros must be an integer from 0 to 4"),
        (lambda: two_layer_rank(2, 1, 2), "active must be an integer from 0 to 1"),
        (lambda: two_layer_function_rank(2, 1, constant=True), "constant must be False without biases"),
        (lambda: cp_expected_rank((), 1), "sizes must hold a size for each axis"),
        (lambda: matrix_rank([1, 2]), r"matrix must have shape \(rows, columns\), got \(2,\)"),
        (lambda: optimistic_sample_size(PAIR, Target(PAIR, [float("nan")] * 8)), "theta must hold finite rational numbers, got nan"),
        (lambda: optimistic_sample_size(TwoLayer(2, 2), 3), "target must be a model or a Target of one, got 3"),
        (lambda: optimistic_sample_size(PAIR, TwoLayer(2, 2)), r"target must be a matrix of shape \(2, 2\)"),
        (lambda: optimistic_sample_size(MeasuredFactorization(2, 1, 1), ProductModel()), "got the constant 1"),
        (lambda: optimistic_sample_size(MeasuredFactorization(2, 2, 1), DeepDiagonal(2, 2)), "a function of 2 numbers"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------------------------------------------------------ toy models

TOYS = [ProductModel(), RedundantModel(3), PowerModel(2), PowerModel(1), DeepDiagonal(2, 3), DeepDiagonal(2, 1), SquareDifference(2)]


@pytest.mark.parametrize("model", TOYS, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_toy_models_at_points(model, seed):
    theta = np.random.default_rng(seed).integers(-1, 2, model.n_params)
    assert rank_at(model, theta) == model_rank(model, theta).rank


def test_affine_functions_across_toy_models():
    two, one = DeepDiagonal(2, 2), SquareDifference(2)
    single = Target(two, [1, 0, 3, 5])  # 3 x_1
    assert [optimistic_sample_size(m, single) for m in (two, one, ProductModel(), DeepDiagonal(2, 1))] == [1, 1, 2, 2]
    assert [optimistic_sample_size(m, two) for m in (one, ProductModel(), MeasuredFactorization(1, 2, 1))] == [2, 3, 2]
    assert optimistic_sample_size(PowerModel(2), Target(DeepDiagonal(1, 1), [4])) == 1
    assert [optimistic_sample_size(PowerModel(p), Target(RedundantModel(), [1, -1])) for p in (1, 2, 3)] == [1, 0, 0]
    for model, target, message in (
        (PowerModel(2), Target(DeepDiagonal(1, 1), [-4]), "slope of at least 0"),
        (PowerModel(2), DeepDiagonal(1, 1), "slope of at least 0"),
        (two, ProductModel(), "no constant"),
        (two, DeepDiagonal(3, 2), "affine function of 2 numbers"),
        (two, TwoLayer(2, 1), "affine function of 2 numbers"),
    ):
        with pytest.raises(ValueError, match=f"target must .*{message}"):
            optimistic_sample_size(model, target)


# -------------------------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize("name", [*sorted(INDEPENDENT), "power:3", "identity"])
@pytest.mark.parametrize("seed", range(4))
def test_the_table_is_the_rank_where_generators_are_independent(name, seed):
    rng = np.random.default_rng(seed)
    bias = bool(seed % 2)
    models = [
        TwoLayer(2, 3, outputs=1 + seed // 2, activation=name, bias=bias),
        FullyConnected((2, 3, 1), name, bias=bias),
        TwoLayerCNN(3, 2, 2, activation=name, sharing=bias, bias=bias),
        PooledCNN(3, 2, 2, activation=name),
    ]
    for model in models:
        theta = rng.integers(-1, 2, model.n_params)
        assert rank_at(model, theta) == model_rank(model, theta).rank


def test_a_level_bias_is_seen_or_not_known():
    """ratsig is rational: sigma'(1) = 0 is known. gelu'(b) is told from 0 in floats."""
    level = TwoLayer(2, 1, activation="ratsig", bias=True)
    assert rank_at(level, [0, 0, 1, 2]) == model_rank(level, [0, 0, 1, 2]).rank == 1
    near = TwoLayer(2, 1, activation="gelu", bias=True)
    assert rank_at(near, [0, 0, 1, 2]) == 3
    with pytest.raises(NotKnown, match="gelu"):
        rank_at(near, [0, 0, -0.7517915246935645, 2])  # within 1e-15 of the zero of gelu'


@pytest.mark.parametrize(
    ("model", "target", "value"),
    [
        (TwoLayerCNN(5, 3, 2, sharing=False), TwoLayerCNN(5, 3, 1, sharing=False), 3 * 4),  # k p (s + 1)
        (TwoLayerCNN(5, 3, 1), Target(TwoLayerCNN(5, 3, 2), [1, 2, 3, 0, 0, 0, 1, 2, 3, 1, 1, 1]), 6),  # a null kernel
        (TwoLayer(5, 9), TwoLayerCNN(5, 3, 1), 18),
        (FullyConnected((5, 9, 1), bias=False), TwoLayerCNN(5, 3, 1), 18),
        (FullyConnected((2, 8, 1), bias=False), FullyConnected((2, 2, 1), bias=False), 6),
        (TwoLayer(3, 9), PooledCNN(3, 2, 1), 2 * 4),
        (TwoLayerCNN(3, 2, 1), PooledCNN(3, 2, 1), 2 + 2),
        (PooledCNN(4, 2, 3), PooledCNN(4, 2, 2), 2 * 3),
        (TwoLayerCNN(3, 3, 2), TwoLayer(3, 2), 2 * 4),
        (TwoLayerCNN(3, 2, 2, sharing=False), Target(TwoLayer(3, 2), [1, 2, 0, 0, 1, 2, 1, 1]), 2 * 3),
        (TwoLayer(2, 3, 2), TwoLayer(2, 2, 2), 2 * (2 + 2)),
        (TwoLayer(2, 3, 2, output_bias=True), TwoLayer(2, 1, 2), 2 + 2 + 2),
        (FullyConnected((2, 3)), FullyConnected((2, 3)), 9),
        (TwoLayer(2, 3, activation="sigmoid"), TwoLayer(2, 2, activation="sigmoid"), 6),
        (TwoLayerCNN(4, 2, 2, activation="gelu", bias=True), TwoLayerCNN(4, 2, 1, activation="gelu"), 2 + 1 + 3),
        (TwoLayer(2, 2, activation="ratsig", bias=True), Target(TwoLayer(2, 1, activation="ratsig", bias=True), [0, 0, 1, 2]), 1),
        (TwoLayer(2, 2, activation="erf", bias=True), Target(TwoLayer(2, 1, activation="erf", bias=True), [0, 0, 1, 2]), 3),
        (TwoLayer(2, 2, activation="lorentz"), Target(TwoLayer(2, 1, activation="lorentz"), [0, 0, 2]), 1),
        (TwoLayer(2, 3, activation="exp", bias=True), TwoLayer(2, 2, activation="exp", bias=True), 2 * 3),
        (TwoLayer(2, 3, activation="relu", bias=True), TwoLayer(2, 2, activation="relu", bias=True), 2 * 3),
        (TwoLayer(2, 3, 2, activation="relu"), TwoLayer(2, 2, 2, activation="relu"), 2 * (2 + 2 - 1)),
    ],
    ids=str,
)
def test_functions_of_one_network_in_another(model, target, value):
    assert optimistic_sample_size(model, target) == value


@pytest.mark.parametrize(
    ("model", "target", "message"),
    [
        (TwoLayerCNN(3, 2, 1, sharing=False), Target(TwoLayer(3, 2), [1, 2, 0, 2, 1, 0, 1, 1]), "neurons that fit the patches"),
        (TwoLayerCNN(3, 2, 9, sharing=False), TwoLayer(3, 1), "neurons that see one patch"),
        (TwoLayer(4, 3), TwoLayerCNN(4, 2, 2), "got 6 neurons"),
        (PooledCNN(4, 2, 1), PooledCNN(4, 2, 2), "at most 1 kernels"),
        (PooledCNN(4, 2, 1), TwoLayerCNN(4, 2, 1), "pooled network on the grid"),
        (TwoLayer(2, 3, activation="gelu"), TwoLayer(2, 1, activation="gelu", output_bias=True), "no constant"),
        (FullyConnected((2, 3)), FullyConnected((2, 2)), "an affine function in"),
    ],
)
def test_what_a_network_cannot_express(model, target, message):
    with pytest.raises(ValueError, match=f"target must .*{message}"):
        rank_bounds(model, target)


@pytest.mark.parametrize("widths", [(1, 1, 1, 1), (2, 2, 2, 1), (2, 1, 2, 2), (1, 2, 1, 2, 1)])
def test_generic_functions_of_deep_tanh_networks(widths):
    """As many as parameters: finitely many points represent one, and the certified rank at a generic point agrees."""
    narrow = FullyConnected(widths)
    wide = FullyConnected((widths[0], *(m + 1 for m in widths[1:-1]), widths[-1]))
    theta = np.random.default_rng(0).normal(size=narrow.n_params)
    assert optimistic_sample_size(wide, narrow) == narrow.n_params == model_rank(narrow, theta).rank


def test_kernels_of_pooled_targets_are_merged():
    """K and -K cancel or add up; a kernel with a zero may be a translate, and is left open."""
    model, at = PooledCNN(4, 2, 2), lambda K, a: Target(PooledCNN(4, 2, 2), [*np.ravel(K), *a])
    assert [optimistic_sample_size(model, at([[1, 2], [-1, -2]], a)) for a in ([1, 1], [1, 2], [1, -1])] == [0, 3, 3]
    with pytest.raises(NotKnown):
        optimistic_sample_size(model, at([[1, 0], [0, 1]], [1, 1]))
    half = Fraction(1, 2)
    assert optimistic_sample_size(model, at([[half, 2], [half, 2]], [1, 1])) == 3
