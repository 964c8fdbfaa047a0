"""Draws: generic and degenerate instances, each as often as the docstrings say."""

from fractions import Fraction

import numpy as np
import pytest

from proofs_check import draws
from theory.draws import KINDS
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.factorizations import CPFactorization

DRAWS = 3000


def share(holds, draw, seed=0):
    """How often ``holds`` among DRAWS draws; three standard deviations of a share are below 0.028."""
    rng = np.random.default_rng(seed)
    return sum(bool(holds(draw(rng))) for _ in range(DRAWS)) / DRAWS


def zero_row(matrix):
    return not matrix.any(axis=1).all()


def parallel(matrix):
    first, second = matrix
    return first.any() and second.any() and first[0] * second[1] == first[1] * second[0]


def test_rows_are_generic_crowded_or_related():
    pair = lambda rng: draws.rows(rng, 2, 2)
    assert share(np.all, pair) > 1 / 3 + 1 / 3 * 1 / 4  # generic, and related rows that both come out generic
    # Related: the first row is zero with probability 1/4, sparse and empty 1/16, the second one likewise less often. Crowded: 17/81.
    assert share(zero_row, pair) > 1 / 3 * 5 / 16 + 1 / 3 * 17 / 81 - 0.03
    # Crowded: 8 rows that are not zero, each equal or opposite to two of nine. Related: equal, opposite, multiple are three of six kinds.
    assert share(parallel, pair) > 1 / 3 * 16 / 81 + 1 / 3 * 11 / 16 * 1 / 4 - 0.03


def test_every_kind_of_relation_occurs():
    rng, met = np.random.default_rng(0), set()
    for _ in range(draws.enough(1 / 60)):
        a, b, c = draws.rows(rng, 3, 3)
        met |= {"zero"} if not a.any() else set()
        met |= {"sparse"} if a.any() and not a.all() else set()
        met |= {"equal"} if a.any() and (a == b).all() else set()
        met |= {"opposite"} if a.any() and (a == -b).all() else set()
        met |= {"multiple"} if a.any() and any((a == k * b).all() for k in (-3, -2, 2, 3)) else set()
        met |= {"moved"} if a.any() and (a[1:] == b[:-1]).all() else set()
        met |= {"sum"} if a.any() and b.any() and (a + b == c).all() else set()
    assert met == set(KINDS)


def test_matrices_of_every_rank():
    assert share(lambda matrix: np.linalg.matrix_rank(matrix) < 2, lambda rng: draws.matrix(rng, 2, 2)) > 1 / 3 * 2 / 3
    rng = np.random.default_rng(0)
    for height, width in ((1, 1), (2, 3), (4, 2), (3, 3)):
        for rank in range(min(height, width) + 1):
            matrix = draws.of_rank(rng, height, width, rank)
            assert matrix.shape == (height, width) and np.linalg.matrix_rank(matrix) == rank
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        draws.of_rank(rng, 2, 3, 3)


def test_chains_meet_every_pattern_of_ranks():
    """Two factors of 2 x 2: (rank A, rank B, rank A B) takes all ten values that Sylvester's inequality leaves."""
    rank, rng, met = np.linalg.matrix_rank, np.random.default_rng(0), set()
    for _ in range(draws.enough(1 / 60)):
        left, right = draws.chain(rng, (2, 2, 2))
        met.add((rank(left), rank(right), rank(left @ right)))
    possible = {(a, b, c) for a in range(3) for b in range(3) for c in range(max(0, a + b - 2), min(a, b) + 1)}
    assert met == {tuple(map(int, key)) for key in possible}
    assert [matrix.shape for matrix in draws.chain(rng, (3, 1, 4, 2))] == [(3, 1), (1, 4), (4, 2)]


@pytest.mark.parametrize(
    "model",
    [
        TwoLayer(2, 3, 2, bias=True, output_bias=True),
        TwoLayerCNN((3, 3), (2, 2), 2, bias=True, sharing=False, output_bias=True),
        FullyConnected((2, 3, 1)),
        MatrixFactorization(2, 3, 2),
        CPFactorization((2, 2, 2), 3),
    ],
    ids=str,
)
def test_parameters_fit_the_model(model):
    theta = draws.parameters(np.random.default_rng(0), model)
    assert theta.shape == (model.n_params,) and theta.dtype.kind == "i"


def test_neurons_are_copies_with_their_biases_null_and_silent():
    model = FullyConnected((2, 2, 2))
    neurons = lambda theta: np.column_stack([model.unpack(theta)["W1"], model.unpack(theta)["b1"]])
    draw = lambda rng: draws.parameters(rng, model)
    assert share(lambda theta: (abs(neurons(theta)[0]) == abs(neurons(theta)[1])).all(), draw) > 0.08
    assert share(lambda theta: not model.unpack(theta)["W1"][0].any(), draw) > 0.08
    assert share(lambda theta: not model.unpack(theta)["W2"][:, 0].any(), draw) > 0.08
    assert share(lambda theta: theta.all(), draw) > 0.08


def test_fractions_are_special_half_of_the_time():
    found = share(lambda value: value in draws.SPECIAL, draws.fraction)
    assert 0.5 <= found < 0.65
    assert share(lambda value: value == Fraction(0), draws.fraction) > 0.08


def test_enough_draws():
    n = draws.enough(1 / 30)
    assert (1 - 1 / 30) ** n <= 1e-3 < (1 - 1 / 30) ** (n - 1)
    for wrong in ({"probability": 0}, {"probability": 1}, {"probability": 0.5, "miss": 0}):
        with pytest.raises(ValueError, match="strictly between"):
            draws.enough(**wrong)


def test_draws_depend_on_the_generator_alone():
    first, second = (draws.parameters(np.random.default_rng(7), TwoLayer(3, 4)) for _ in range(2))
    assert (first == second).all()
