"""Training with dropout: the masks, the steps they make, what is refused."""

import numpy as np
import pytest
from training_cases import case, gradient_error

from numerics.train import Adam, Dropout, GradientDescent, Momentum, PathUnavailable, StochasticGradientDescent, train
from numerics.train.general import dropped_parameters, kept_neurons
from numerics.train.native import reason_against as no_compiler
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN

PATHS = [
    pytest.param("compiled", marks=pytest.mark.skipif(no_compiler() is not None, reason=str(no_compiler()))),
    "torch",
]
SEEDS = np.array([3, 99], dtype=np.uint64)


def test_masks_depend_on_seed_and_step_alone_and_keep_the_right_share():
    together = kept_neurons(SEEDS, np.array([7, 7]), 50, 0.3)
    alone = kept_neurons(SEEDS[1:], np.array([7]), 50, 0.3)
    assert (together[1:] == alone).all() and (together[0] != together[1]).any()
    assert kept_neurons(SEEDS, np.array([7, 7]), 20, 0.3).tolist() == together[:, :20].tolist()
    many = np.array([kept_neurons(SEEDS[:1], np.array([k]), 100, 0.3) for k in range(400)])
    # 40000 independent draws: their mean leaves 0.3 by more than 5 standard deviations with probability below 1e-6
    assert abs(many.mean() - 0.3) < 5 * np.sqrt(0.21 / many.size)
    assert kept_neurons(SEEDS, np.array([0, 1]), 9, 1.0).all()


def test_masks_of_neighbouring_neurons_and_steps_are_uncorrelated():
    kept = np.array([kept_neurons(SEEDS[:1], np.array([k]), 60, 0.5)[0] for k in range(500)]) - 0.5
    for shifted in (kept[:, 1:] * kept[:, :-1], kept[1:] * kept[:-1]):
        assert abs(shifted.mean()) < 5 * 0.25 / np.sqrt(shifted.size)


@pytest.mark.parametrize("inner", [GradientDescent(), Momentum(0.8), Adam(0.8, 0.95)])
@pytest.mark.parametrize("path", PATHS)
def test_keep_one_is_the_inner_method(inner, path):
    batch = case("two-layer tanh")
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, steps=7, path=path)
    dropped = train(batch.model, batch.theta, batch.data, method=Dropout(1.0, inner), **options)
    plain = train(batch.model, batch.theta, batch.data, method=inner, **options)
    assert (dropped.theta == plain.theta).all() and (dropped.loss == plain.loss).all()


@pytest.mark.parametrize("path", PATHS)
def test_the_steps_are_those_of_the_masked_networks(path):
    import torch

    batch = case("two-layer sigmoid, biases, two outputs")
    seeds = np.arange(11)
    trained = train(batch.model, batch.theta, batch.data, learning_rate=0.1, method=Dropout(0.6), steps=5, seed=seeds, path=path)
    theta, bound = torch.tensor(batch.theta[4]), 0.0
    x, y = torch.tensor(batch.X[4]), torch.tensor(batch.Y[4])
    for step in range(5):
        xi = torch.tensor(kept_neurons(np.array([4]), np.array([step]), 3, 0.6)[0] / 0.6)

        def loss(t, xi=xi):
            parts = batch.model.unpack(t)
            hidden = torch.sigmoid(x @ parts["input_weights"].T + parts["input_biases"]) * xi
            return ((hidden @ parts["output_weights"].T + parts["output_bias"] - y) ** 2).sum(1).mean()

        # a mask makes weights at most 1/0.6 times as large; errors made early grow by less than 2 in five steps
        bound += 2 * 0.1 * 8 * gradient_error(batch, 4, theta.numpy() / 0.6).max()
        theta = theta - 0.1 * torch.func.grad(loss)(theta)
    assert np.abs(trained.theta[4] - theta.numpy()).max() <= bound
    assert bound < 1e-10  # far below what one wrong mask would do


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", [Dropout(0.3, layer=1), Dropout(0.6, Adam()), Dropout(0.5, Momentum(0.8))], ids=str)
@pytest.mark.parametrize("name", ["deep", "cnn on a grid, stride 2, not shared"])
def test_masks_are_the_same_on_every_path(name, method, path):
    batch = case(name)
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=method, steps=9, seed=5)
    expected = train(batch.model, batch.theta, batch.data, path="torch", **options)
    found = train(batch.model, batch.theta, batch.data, path=path, **options)
    # nine steps of bounded networks: a few hundred roundings, each amplified by less than ten; one wrong mask changes the first digits
    assert found.path == path and np.abs(found.theta - expected.theta).max() <= 1e-12


@pytest.mark.parametrize("path", PATHS)
def test_a_run_can_be_split_anywhere_and_batches_do_not_matter(path):
    batch, method = case("two-layer tanh"), Dropout(0.5, Momentum(0.9))
    options = dict(learning_rate=0.02, method=method, weights=batch.weights, path=path)
    seeds = np.arange(11)
    whole = train(batch.model, batch.theta, batch.data, steps=9, seed=seeds, **options)
    part = train(batch.model, batch.theta, batch.data, steps=4, seed=seeds, **options)
    rest = train(batch.model, part, batch.data, steps=5, seed=seeds, **options)
    assert (whole.theta == rest.theta).all()
    one = train(
        batch.model,
        batch.theta[3],
        (batch.X[3], batch.Y[3]),
        learning_rate=0.02,
        method=method,
        steps=9,
        seed=seeds[3:4],
        weights=batch.weights[3],
        path=path,
    )
    assert np.allclose(one.theta[0], whole.theta[3], rtol=0, atol=1e-13)


def test_the_loss_that_is_looked_at_has_no_mask():
    batch = case("two-layer tanh")
    trained = train(batch.model, batch.theta, batch.data, learning_rate=0.1, method=Dropout(0.5), steps=3, weights=batch.weights)
    again = train(batch.model, trained.theta, batch.data, learning_rate=0.1, steps=0, weights=batch.weights, path="torch")
    assert (trained.loss == again.loss).all()


def test_which_parameters_a_mask_touches():
    deep = FullyConnected((2, 3, 4, 2))
    last, first = dropped_parameters(deep, Dropout(0.5)), dropped_parameters(deep, Dropout(0.5, layer=1))
    assert deep.unpack(last)["W3"].tolist() == [[0, 1, 2, 3]] * 2 and (deep.unpack(last)["W2"] == -1).all()
    assert deep.unpack(first)["W2"].tolist() == [[0, 1, 2]] * 4 and (deep.unpack(first)["W3"] == -1).all()
    cnn = TwoLayerCNN(5, 3, 2)
    assert cnn.unpack(dropped_parameters(cnn, Dropout(0.5)))["output_weights"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("keep", [0, -0.1, 1.1, float("nan"), "half", True])
def test_keep_outside_its_range_is_refused(keep):
    with pytest.raises(ValueError, match=r"keep must be a probability in \(0, 1\], got"):
        Dropout(keep)


def test_bad_use_is_refused_in_words():
    with pytest.raises(ValueError, match="method of Dropout must be gradient-descent, momentum or adam, got"):
        Dropout(0.5, StochasticGradientDescent())
    with pytest.raises(ValueError, match="layer must count hidden layers from 1"):
        Dropout(0.5, layer=0)
    factorization = MatrixFactorization(2, 2, 2)
    with pytest.raises(PathUnavailable, match="dropout needs a network with hidden layers"):
        train(factorization, np.ones(8), (factorization.entries(), np.ones((4, 1))), learning_rate=0.1, method=Dropout(0.5), steps=1)
    model = TwoLayer(2, 3)
    with pytest.raises(ValueError, match="layer must be at most 1"):
        train(model, np.ones(9), (np.ones((4, 2)), np.ones((4, 1))), learning_rate=0.1, method=Dropout(0.5, layer=2), steps=1)
    with pytest.raises(PathUnavailable, match="kernels do not make steps of dropout"):
        train(model, np.ones(9), (np.ones((4, 2)), np.ones((4, 1))), learning_rate=0.1, method=Dropout(0.5), steps=1, path="numba")
