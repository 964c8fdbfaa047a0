"""Closed forms of the rank against exact elimination, table by table, and bounds against the ranks of drawn points."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import flint
import numpy as np
import pytest
import sympy

from numerics.rank import model_rank
from theory.activations import activation
from theory.factorizations import CPFactorization, DeepFactorization, SymmetricFactorization
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.rank import (
    NotKnown,
    Target,
    cnn_function_rank,
    cp_expected_rank,
    deep_factorization_rank,
    exact_parameters,
    factorization_rank,
    factorization_strata,
    function_rank,
    matrix_rank,
    optimistic_sample_size,
    partial_product_ranks,
    rank_at,
    rank_bounds,
    symmetric_factorization_rank,
    two_layer_function_rank,
    two_layer_rank,
    two_layer_strata,
)
from theory.strata import matrix_strata

RNG = np.random.default_rng(8)


def of_rank(rows, columns, rank):
    """A random integer matrix of exactly this rank."""
    while True:
        matrix = RNG.integers(-3, 4, (rows, rank)) @ RNG.integers(-3, 4, (rank, columns))
        if matrix_rank(matrix) == rank:
            return matrix


def exact(model, theta):
    found = model_rank(model, theta, "exact")
    assert found.certified
    return found.rank


@pytest.mark.parametrize(("d1", "d2", "width"), [(2, 3, 2), (3, 2, 4), (3, 3, 3)])
def test_factorizations_at_every_pair_of_ranks(d1, d2, width):
    model = MatrixFactorization(d1, d2, width)
    for a, b in product(range(min(d1, width) + 1), range(min(d2, width) + 1)):
        theta = model.pack(left=of_rank(d1, width, a), right=of_rank(width, d2, b))
        assert factorization_rank(d1, d2, a, b) == rank_at(model, theta) == exact(model, theta)
    for r in range(min(d1, d2, width) + 1):
        pairs = list(factorization_strata(r, d1, d2, width))
        assert function_rank(r, d1, d2) == min(factorization_rank(d1, d2, a, b) for a, b in pairs)
        assert optimistic_sample_size(model, r) == function_rank(r, d1, d2)
        sizes = range(min(d1, d2, width) + 3)
        assert set(pairs) == {
            (a, b) for a, b in product(sizes, sizes) if r <= a <= min(d1, width) and r <= b <= min(d2, width) and a + b - width <= r
        }


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2, 2), (3, 1, 2), (2, 3, 2, 2)])
def test_deep_products_with_factors_of_low_rank(sizes):
    model = DeepFactorization(sizes)
    for ranks in product(*(range(min(pair) + 1) for pair in zip(sizes, sizes[1:], strict=False))):
        factors = [of_rank(*pair, r) for pair, r in zip(zip(sizes, sizes[1:], strict=False), ranks, strict=True)]
        prefix, suffix = partial_product_ranks(factors)
        assert prefix[0] == ranks[0] and suffix[-1] == ranks[-1] and prefix[-1] == suffix[0] and len(prefix) == len(suffix) == len(factors)
        theta = model.pack(**{f"A{i + 1}": factor for i, factor in enumerate(factors)})
        assert deep_factorization_rank(sizes, prefix, suffix) == rank_at(model, theta) == exact(model, theta)


@pytest.mark.parametrize(("size", "width"), [(1, 1), (3, 2), (3, 4), (4, 4)])
def test_symmetric_products(size, width):
    model = SymmetricFactorization(size, width)
    for a in range(min(size, width) + 1):
        theta = model.pack(A=of_rank(size, width, a))
        assert symmetric_factorization_rank(size, a) == rank_at(model, theta) == exact(model, theta)
        assert (
            optimistic_sample_size(model, a) == optimistic_sample_size(model, Target(model, theta)) == symmetric_factorization_rank(size, a)
        )


@pytest.mark.parametrize(("sizes", "components"), [((2, 3, 2), 1), ((2, 2, 3), 2), ((3, 3, 3), 2), ((2, 2, 2), 5), ((2, 2, 2, 2), 2)])
def test_generic_tensors_have_the_expected_rank(sizes, components):
    """None of these formats is defective."""
    model = CPFactorization(sizes, components)
    theta = RNG.integers(-5, 6, model.n_params)
    assert cp_expected_rank(sizes, components) == model_rank(model, theta, "exact").lower


# ------------------------------------------------------------------------------------------------ two-layer networks

FLAGS = list(product((False, True), repeat=2))


@pytest.mark.parametrize(("bias", "output_bias"), FLAGS)
def test_every_kind_of_point_of_a_two_layer_network(bias, output_bias):
    """Equal, opposite, null and constant neurons, with and without output weights, three at a time."""
    model = TwoLayer(2, 3, bias=bias, output_bias=output_bias)
    kinds = [((1, 2), 1, 1), ((-1, -2), -1, 2), ((1, 2), 1, 0), ((3, -1), 0, 0), ((0, 0), 0, 2), ((0, 0), 2, 0), ((0, 0), 0, 0)]
    for drawn in [kinds[:3], kinds[1:4], kinds[2:5], kinds[3:6], kinds[4:], [kinds[0], kinds[4], kinds[5]], [kinds[6]] * 3, [kinds[3]] * 3]:
        parts = {"input_weights": [w for w, _, _ in drawn], "output_weights": [[a for _, _, a in drawn]]}
        parts |= {"input_biases": [b for _, b, _ in drawn]} if bias else {}
        theta = model.pack(**parts, **({"output_bias": [1]} if output_bias else {}))
        counted = two_layer_strata(model, exact_parameters(model, theta))
        assert two_layer_rank(2, **counted) == rank_at(model, theta) == exact(model, theta)


@pytest.mark.parametrize(("bias", "output_bias"), FLAGS)
@pytest.mark.parametrize(("inputs", "neurons"), [(1, 1), (2, 2), (3, 1)])
def test_the_rank_of_a_two_layer_function(bias, output_bias, inputs, neurons):
    """Attained where spare neurons vanish, and never undercut at other points that represent the same function."""
    model = TwoLayer(inputs, neurons + 1, bias=bias, output_bias=output_bias)
    target = TwoLayer(inputs, neurons, bias=bias, output_bias=output_bias)
    wanted = two_layer_function_rank(inputs, neurons, bias=bias, output_bias=output_bias)
    w, b, a = (
        RNG.integers(1, 9, (neurons, inputs)) + np.arange(neurons)[:, None] * 10,
        RNG.integers(1, 5, neurons),
        RNG.integers(1, 5, neurons),
    )
    ranks = []
    for spare, share in (((0,) * inputs, 0), (w[0], 0), (w[0], Fraction(1, 2)), ((90,) + (0,) * (inputs - 1), 0)):
        outputs = [a[0] * (1 - share), *a[1:], a[0] * share]
        parts = {"input_weights": np.array([*w, spare]), "output_weights": np.array([outputs], dtype=object)}
        parts |= {"input_biases": [*b, b[0] if any(spare) else 0]} if bias else {}
        theta = model.pack(**parts, **({"output_bias": [0]} if output_bias else {}))
        ranks.append(rank_at(model, theta))
    assert min(ranks) == wanted and max(ranks) > wanted
    assert rank_bounds(model, target)[:2] == (wanted, wanted) == rank_bounds(model, Target(model, theta))[:2]


def test_constants_cost_a_neuron_or_an_output_bias():
    assert [two_layer_function_rank(3, 2, constant=True, bias=True, output_bias=o) for o in (False, True)] == [2 * 5 + 4, 2 * 5 + 1]
    model = TwoLayer(3, 1, bias=True)
    theta = model.pack(input_weights=[[0, 0, 0]], input_biases=[1], output_weights=[[2]])
    assert rank_at(model, theta) == exact(model, theta) == 4 == two_layer_function_rank(3, 0, constant=True, bias=True)
    narrow, wide = TwoLayer(2, 1, bias=True, output_bias=True), TwoLayer(2, 2, bias=True)
    assert optimistic_sample_size(wide, narrow) == 4 + 3
    with pytest.raises(ValueError, match="1 neurons and a constant"):
        rank_bounds(TwoLayer(2, 1, bias=True), narrow)
    with pytest.raises(ValueError, match="on 3 inputs"):
        rank_bounds(wide, TwoLayer(3, 1))
    with pytest.raises(ValueError, match="a TwoLayer model or a Target"):
        rank_bounds(wide, FullyConnected((2, 1, 1)))


def test_targets_are_counted_after_merging():
    model = TwoLayer(1, 4, bias=True)
    theta = model.pack(input_weights=[[1], [-1], [0], [0]], input_biases=[2, -2, 3, -3], output_weights=[[1, 3, 5, 5]])
    assert rank_bounds(TwoLayer(1, 5, bias=True), Target(model, theta))[0] == 3  # the pair is one neuron, the constants cancel
    theta = model.pack(input_weights=[[1], [-1], [0], [0]], input_biases=[2, -2, 3, -3], output_weights=[[1, 1, 5, 4]])
    assert rank_bounds(TwoLayer(1, 5, bias=True), Target(model, theta))[0] == 2  # a constant alone


# ---------------------------------------------------------------------------------------------- convolution, and bounds


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("sharing", "architecture"), [(True, "shared"), (False, "unshared")])
def test_convolutional_functions_at_generic_kernels(bias, sharing, architecture):
    model = TwoLayerCNN(4, 2, 2, bias=bias, sharing=sharing)
    shared = TwoLayerCNN(4, 2, 2, bias=bias)
    kernels, biases = np.array([[1, 2], [3, -5]]), np.array([1, 4])
    for zeros in (0, 1):
        outputs = np.array([[1, 2, 3], [1, 1, 1 - zeros]])
        parts = {"kernels": kernels, "output_weights": outputs} | ({"biases": biases} if bias else {})
        target = Target(shared, shared.pack(**parts))
        spread = dict(parts) if sharing else {k: np.repeat(v[:, None], 3, axis=1) if k != "output_weights" else v for k, v in parts.items()}
        theta = model.pack(**spread)
        wanted = cnn_function_rank(4, 2, 3, 2, architecture=architecture, zeros=zeros, bias=bias)
        assert rank_bounds(model, target)[:2] == (wanted, wanted)
        if sharing or not zeros:
            assert exact(model, theta) == wanted
        else:  # the silent neuron may vanish, here it keeps its own value
            assert exact(model, theta) == wanted + 1
    with pytest.raises(ValueError, match="architecture must be"):
        cnn_function_rank(4, 2, 3, 2, architecture="deep")
    assert cnn_function_rank(5, 3, 3, 2, architecture="fully-connected", zeros=1, bias=bias) == 5 * (6 + bias)


@pytest.mark.parametrize(
    "target", [TwoLayerCNN(5, 2, 1), TwoLayerCNN(4, 3, 1), TwoLayerCNN(4, 2, 3), TwoLayerCNN(4, 2, 1, sharing=False), TwoLayer(4, 1)]
)
def test_other_grids_are_refused(target):
    with pytest.raises(ValueError, match="shared TwoLayerCNN on the same grid"):
        rank_bounds(TwoLayerCNN(4, 2, 2), target)


@pytest.mark.parametrize(
    ("kernels", "outputs"),
    [([[1, 0], [0, 1]], np.ones((2, 3))), ([[0, 0], [1, 2]], np.ones((2, 3))), ([[1, 2], [3, 1]], [[1, 1, 1], [0, 0, 0]])],
)
def test_special_kernels_have_bounds_only(kernels, outputs):
    model = TwoLayerCNN(4, 2, 2)
    theta = model.pack(kernels=np.array(kernels), output_weights=np.array(outputs))
    lower, upper, source = rank_bounds(model, Target(model, theta))
    assert lower == 0 and upper == exact(model, theta) and "only bounds" in source


def test_several_outputs_are_counted_together():
    model = TwoLayer(2, 3, 2)
    for outputs in ([[1, 2, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 1, 1]]):
        theta = model.pack(input_weights=[[1, 2], [-1, -2], [3, 1]], output_weights=outputs)
        assert rank_at(model, theta) == exact(model, theta)


@pytest.mark.parametrize("name", ["erf", "zeta"])
def test_only_tanh_has_closed_forms(name):
    """Names on both sides of tanh in the alphabet; the second is erf by another name."""
    sigma = replace(activation("erf"), name=name)
    with pytest.raises(ValueError, match="no bounds are known"):
        rank_bounds(TwoLayerCNN(4, 2, 2, activation=sigma), TwoLayerCNN(4, 2, 1, activation=sigma))
    assert rank_bounds(TwoLayer(2, 2, activation=sigma), TwoLayer(2, 1, activation=sigma))[:2] == (0, 3)
    with pytest.raises(NotKnown, match="independence of the generators"):
        rank_at(TwoLayer(2, 1, activation=sigma), [1, 2, 3])


def test_networks_without_a_closed_form_have_bounds():
    wide, narrow = FullyConnected((2, 4, 3, 1)), FullyConnected((2, 2, 3, 1))
    assert rank_bounds(wide, narrow)[:2] == (0, narrow.n_params) and rank_bounds(wide, Target(narrow, None))[1] == narrow.n_params
    assert rank_bounds(TwoLayer(2, 3, 2), TwoLayer(2, 2, 2))[1] == 8
    for other in (
        FullyConnected((2, 5, 3, 1)),
        FullyConnected((2, 3, 1)),
        FullyConnected((3, 2, 3, 1)),
        FullyConnected((2, 2, 3, 2)),
        TwoLayer(2, 2),
    ):
        with pytest.raises(ValueError, match="same depth"):
            rank_bounds(wide, other)
    with pytest.raises(ValueError, match="no bounds are known"):
        rank_bounds(CPFactorization((2, 2), 1), 1)
    with pytest.raises(NotKnown) as error:
        rank_at(wide, np.ones(wide.n_params, int))
    assert (error.value.lower, error.value.upper) == (0, wide.n_params) and f"0 to {wide.n_params}" in str(error.value)


@pytest.mark.parametrize("target", [-1, 3, True, 1.0, "1"])
@pytest.mark.parametrize("model", [MatrixFactorization(2, 3, 4), DeepFactorization((2, 4, 3)), SymmetricFactorization(2, 3)], ids=str)
def test_ranks_that_no_matrix_has(model, target):
    with pytest.raises(ValueError, match="matrix rank from 0 to 2"):
        rank_bounds(model, target)


def test_targets_of_factorizations():
    model = MatrixFactorization(3, 4, 3)
    assert optimistic_sample_size(model, MatrixFactorization(3, 4, 2)) == function_rank(2, 3, 4)
    theta = model.pack(left=of_rank(3, 3, 1), right=of_rank(3, 4, 3))
    assert optimistic_sample_size(model, Target(model, theta)) == function_rank(1, 3, 4)
    deep = DeepFactorization((3, 2, 4))
    theta = deep.pack(A1=of_rank(3, 2, 2), A2=of_rank(2, 4, 2))
    assert optimistic_sample_size(deep, Target(deep, theta)) == function_rank(2, 3, 4)


# --------------------------------------------------------------------------------------------------- exact arithmetic


def test_parameters_are_read_as_rationals():
    model = TwoLayer(1, 2)
    read = exact_parameters(model, np.array([sympy.Rational(1, 3), flint.fmpq(2, 7), 0.5, np.int64(4)], dtype=object))
    assert read.tolist() == [Fraction(1, 3), Fraction(2, 7), Fraction(1, 2), 4] and all(isinstance(value, Fraction) for value in read)
    for wrong in ([1, 2, 3], [1, 2, 3, float("inf")], [1, 2, 3, "x"], [[1, 2, 3, 4]]):
        with pytest.raises(ValueError, match="theta must"):
            exact_parameters(model, np.array(wrong, dtype=object))


def test_matrix_ranks_are_exact():
    assert matrix_rank([[1, 2], [2, 4]]) == 1 and matrix_rank([[Fraction(1, 3), 1], [1, 3]]) == 1
    assert matrix_rank([[1, 2], [2, 4 + 1e-15]]) == 2 and matrix_rank(np.zeros((0, 3))) == 0 and matrix_rank(np.zeros((2, 0))) == 0


# -------------------------------------------------------------------------------------------------------- dimensions


def tangent_dimension(model, theta, a, b):
    """Dimension of {(dA, dB): dA B + A dB = 0, dA and dB tangent to the matrices of rank a and b}, by exact elimination."""
    parts = {name: np.asarray(part, dtype=object) for name, part in model.unpack(theta).items()}
    A, B = parts["left"], parts["right"]
    kernel = lambda matrix: [np.array(v, dtype=object).ravel() for v in sympy.Matrix(matrix).nullspace()]
    conditions = []
    for k in range(model.n_params):
        unit = model.unpack(np.array([int(j == k) for j in range(model.n_params)], dtype=object))
        dA, dB = unit["left"], unit["right"]
        row = list((dA @ B + A @ dB).ravel())
        for M, dM in ((A, dA), (B, dB)):  # left kernel dM right kernel = 0
            row += [u @ dM @ v for u in kernel(M.T) for v in kernel(M)]
        conditions.append(row)
    return model.n_params - sympy.Matrix(conditions).rank()


@pytest.mark.parametrize(
    ("sizes", "target"), [((2, 2, 2), [[1, 2], [2, 4]]), ((2, 3, 3), [[1, 0, 2], [0, 1, 1]]), ((2, 2, 3), [[0, 0], [0, 0]])]
)
def test_the_dimension_of_every_stratum(sizes, target):
    """At a drawn point the three conditions leave a tangent space of exactly that dimension."""
    model = MatrixFactorization(*sizes)
    for stratum in matrix_strata(model, target).strata:
        theta = stratum.sample(np.random.default_rng(1))
        assert stratum.dimension == tangent_dimension(model, theta, *stratum.key)
