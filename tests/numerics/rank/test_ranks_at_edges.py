"""Smallest cases at which a statement about ranks fails where its hypothesis is left out, each with the true rank."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import empirical_rank, float_rank, model_rank, structural_upper_bound
from theory.draws import pack_known
from theory.embedding.edge_by_edge import split_edges
from theory.models import FullyConnected, MatrixFactorization, TwoLayer


@pytest.mark.parametrize(("name", "rank"), [("tanh", 2), ("cos", 2), ("identity", 1), ("power:2", 1)])
def test_a_pair_of_powers_has_no_neuron_beside_its_slope(name, rank):
    """+-w on one input: two tangents for an odd or even sigma, but one for z and z^2, where sigma is a multiple of the slope."""
    assert model_rank(TwoLayer(1, 2, activation=name), [1, -1, 1, 2]).rank == rank


@pytest.mark.parametrize(("bias", "rank"), [(-1, 3), (1, 6)])
def test_a_relu_neuron_without_input_weights_is_no_direction(bias, rank):
    """Beside one direction in the plane (3): nothing where it is off, where it is on the affine functions, which pairs share."""
    model = TwoLayer(2, 2, activation="relu", bias=True)
    assert (
        model_rank(model, pack_known(model, input_weights=[[1, 2], [0, 0]], input_biases=[1, bias], output_weights=[[1, 1]])).rank == rank
    )
    pair = TwoLayer(2, 3, activation="relu", bias=True)
    parts = dict(input_weights=[[1, 2], [-1, -2], [0, 0]], input_biases=[1, -1, bias], output_weights=[[1, 1, 1]])
    assert model_rank(pair, pack_known(pair, **parts)).rank == 6


@pytest.mark.parametrize(
    ("name", "widths", "bias", "before", "after"),
    [
        ("power:3", (1, 2, 2, 1), True, 9, 9),
        ("leaky", (2, 1, 2, 1), False, 2, 2),
        ("power:3", (2, 1, 2, 1), False, 2, 2),
        ("leaky", (2, 2, 2, 1), False, 6, 7),
        ("power:3", (2, 2, 2, 1), True, 11, 13),
        ("exp", (1, 2, 2, 1), False, 8, 9),
        ("tanh", (1, 1, 2, 1), True, 9, 11),
    ],
)
def test_where_a_split_with_two_fractions_raises_the_rank(name, widths, bias, before, after):
    narrow = FullyConnected(widths, name, bias=bias)
    theta = np.array([Fraction((7 * k) % 19 - 9 or 5, 8) for k in range(narrow.n_params)])
    if name == "leaky" and 1 in widths[1:-1]:
        theta = abs(theta)  # so that what follows the layer of one neuron multiplies by a number
    wide, mapped = split_edges(narrow, theta, 1, 0, [Fraction(1, 4), Fraction(3, 4)])
    assert [model_rank(narrow, theta).rank, model_rank(wide, mapped).rank] == [before, after]


def test_powers_with_biases_are_forms_in_one_more_variable():
    rng = np.random.default_rng(0)
    for p, d, k in ((2, 2, 3), (3, 1, 3), (3, 2, 2), (4, 2, 5)):
        model = TwoLayer(d, k, activation=f"power:{p}", bias=True)
        form = TwoLayer(d + 1, k, activation=f"power:{p}")
        w, a = rng.integers(-99, 100, (k, d + 1)), np.ones((1, k), int)
        biased = pack_known(model, input_weights=w[:, :-1], input_biases=w[:, -1], output_weights=a)
        assert model_rank(model, biased).rank == model_rank(form, form.pack(input_weights=w, output_weights=a)).rank


def test_a_sample_off_the_support_shows_nothing():
    """f* = e_1 e_1^T: of the second row an entry in the first column is seen, in the second, which is zero, none."""
    model = MatrixFactorization(2, 2, 1)
    theta = model.pack(left=[[1], [0]], right=[[1, 0]])
    assert [empirical_rank(model, theta, [entry]).rank for entry in ([0, 0], [0, 1], [1, 0], [1, 1])] == [1, 1, 1, 0]


def test_tangents_beyond_the_range_of_floats_prove_nothing():
    theta = [30, 2, 3, 4, 10, 1, 2, 3, 1, 5, 6, 7, 8]
    found = model_rank(FullyConnected((1, 2, 2, 1), "exp"), theta, "float")
    assert (found.lower, found.upper, found.estimate) == (0, 9, None)
    assert model_rank(FullyConnected((1, 2, 2, 1), "exp"), theta).rank == 9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: float_rank([[10**400]]), "matrix must be an array of floats"),
        (lambda: float_rank([[1, 2], [3]]), "matrix must be an array of floats"),
        (lambda: float_rank([[1j]]), "matrix and error must be real"),
        (lambda: structural_upper_bound("x", [1]), "model must be a model of theory.models"),
        (lambda: structural_upper_bound(TwoLayer(2, 1), [1, 2]), r"theta must have shape \(3,\)"),
        (lambda: model_rank(TwoLayer(2, 1), [[1, 2], [3]]), "theta must be an array, got rows of different lengths"),
        (lambda: empirical_rank(TwoLayer(2, 1), [1, 2, 3], [[1, 2], [3]]), "x must be an array, got rows of different lengths"),
    ],
)
def test_what_is_no_matrix_and_no_model_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
