"""Upper bounds on given samples: known answers, dependent samples, several outputs; never below the rank that floats see."""

import numpy as np
import pytest

from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank
from numerics.rank.sample_bound import sample_upper_bound
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN

X = np.array([[1.0, 0.5], [-0.25, 2.0], [0.75, -1.5]])


def generic(model, seed=0):
    return model.init(np.random.default_rng(seed)).round(3)


@pytest.mark.parametrize(
    ("model", "x", "rank"),
    [
        (TwoLayer(2, 2), X[[0, 0, 1]], 2),  # repeated
        (TwoLayer(2, 2), np.array([[1.0, 2.0], [-1.0, -2.0], [3.0, 1.0]]), 2),  # opposite samples of an odd network
        (TwoLayer(2, 2, bias=True), np.array([[1.0, 2.0], [-1.0, -2.0], [3.0, 1.0]]), 3),  # no longer odd
        (TwoLayer(2, 2), np.array([[0.0, 0.0], [3.0, 1.0]]), 1),  # a sample at which every tangent vanishes
        (TwoLayer(2, 2, activation="sigmoid"), np.array([[0.0, 0.0], [3.0, 1.0]]), 2),
        # Pairs x, -x of the sigmoid each add up to the same row: dependent without two of them being parallel.
        (TwoLayer(2, 3, activation="sigmoid"), np.concatenate([X, -X]), 6 - 2),
        (TwoLayer(2, 1), np.array([[t, 2 * t] for t in (0.5, 1, 2, 3)]), 2),  # on a line: one slope is seen, not two
        (TwoLayer(3, 1, activation="gelu"), np.array([[t, 2 * t, 0.0] for t in (0.5, 1, 2, 3)]), 2),
        # Several labels (2406.18035v1, Theorem 1, read for vectors): ceil(R/q) samples are not enough.
        (TwoLayer(2, 1, outputs=2), X[:2], 3),
        (TwoLayer(5, 1, outputs=3), np.random.default_rng(0).normal(size=(3, 5)).round(3), 5),
        (TwoLayer(3, 2, outputs=4), np.random.default_rng(0).normal(size=(4, 3)).round(3), 12),
        (FullyConnected((2, 1, 1)), X[[0, 0, 1]], 2),
        (TwoLayerCNN(3, 2, 2), np.array([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]), 1),
    ],
)
def test_the_bound_meets_the_rank(model, x, rank):
    found = empirical_rank(model, generic(model), x)
    assert (found.rank, found.certified) == (rank, True)


def test_known_sizes_at_which_vector_samples_are_enough():
    """(k, d, q) -> least n, from exact ranks of the stacked tangents: 3 not 2, 6 not 3, 5 not 4."""
    rng = np.random.default_rng(1)
    for k, d, q, least in ((1, 2, 2, 3), (1, 5, 3, 6), (2, 3, 4, 5)):
        model = TwoLayer(d, k, outputs=q)
        theta, x = generic(model), rng.normal(size=(least, d)).round(3)
        assert empirical_rank(model, theta, x).rank == k * (d + q)
        assert sample_upper_bound(model, theta, x[:-1]) < k * (d + q)


def test_deep_networks_are_counted_too():
    """Two samples see 2 x 2 output directions, and behind one output direction per missing feature only rank W_L more."""
    model = FullyConnected((4, 2, 1, 3))
    theta, x = generic(model), np.random.default_rng(0).normal(size=(3, 4)).round(3)
    assert sample_upper_bound(model, theta, x) == 3 * 2 + 1
    assert empirical_rank(model, theta, x).rank == 7


@pytest.mark.parametrize("family", [TwoLayer, TwoLayerCNN, FullyConnected])
def test_never_below_what_floats_see(family):
    rng = np.random.default_rng(5)
    for _ in range(60):
        name = str(rng.choice(["tanh", "sigmoid", "softplus", "gelu", "exp", "cos"]))
        d, k, q, n = (int(size) for size in rng.integers(1, 4, 4))
        if family is TwoLayer:
            model = TwoLayer(d, k, q, activation=name, bias=bool(rng.integers(2)), output_bias=bool(rng.integers(2)))
        elif family is TwoLayerCNN:
            model = TwoLayerCNN(d + 1, 2, k, activation=name, bias=bool(rng.integers(2)))
        else:
            model = FullyConnected((d, k, 2, q), "tanh")
        theta, x = rng.integers(-2, 3, model.n_params) / 2, rng.integers(-2, 3, (2 * n, model.input_size)) / 2
        values = np.linalg.svd(tangents(model, theta, x)[1].reshape(-1, model.n_params), compute_uv=False)
        seen = int((values > 1e-9 * max(values[0], 1)).sum())
        assert seen <= sample_upper_bound(model, theta, x), (model, theta, x)


def test_models_without_a_bound_of_their_own():
    model = MatrixFactorization(2, 3, 1)
    assert sample_upper_bound(model, generic(model), model.entries()) == 5
    assert sample_upper_bound(TwoLayer(2, 1), [1, 2, 3], np.zeros((0, 2))) == 0
