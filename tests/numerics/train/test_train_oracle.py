"""Every path and first-order method against a plain loop over networks with torch.optim."""

import numpy as np
import pytest
from training_cases import METHODS, MODELS, OTHERS, UNIT_ROUNDOFF, assert_near_plain_loop, case, gradient_error, oracle

from numerics.train import PathUnavailable, StochasticGradientDescent, train
from numerics.train.just_in_time import reason_against as no_numba
from numerics.train.native import reason_against as no_compiler

STEPS = 12
PATHS = ["compiled", "numba", "torch"]


def skip_without(path: str) -> None:
    reason = {"compiled": no_compiler, "numba": no_numba}.get(path, lambda: None)()
    if reason:
        pytest.skip(f"path {path}: {reason}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", MODELS)
def test_gradient_descent_agrees_with_the_plain_loop(name, path):
    compare(name, "gradient descent", path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["heavy ball", "nesterov", "adam"])
@pytest.mark.parametrize("name", ["two-layer sigmoid, biases, two outputs", "cnn", "factorization"])
def test_methods_agree_with_the_plain_loop(name, method, path):
    compare(name, method, path)


@pytest.mark.parametrize("name", OTHERS)
def test_kernels_of_any_model_agree_with_the_plain_loop(name):
    compare(name, "gradient descent", "compiled")


@pytest.mark.parametrize("method", ["nesterov", "adam"])
@pytest.mark.parametrize("name", ["deep gelu", "residual", "product of three"])
def test_kernels_of_any_model_make_the_steps_of_every_method(name, method):
    compare(name, method, "compiled")


def compare(name: str, method: str, path: str) -> None:
    skip_without(path)
    batch, rule = case(name), METHODS[method]
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=rule, steps=STEPS, path=path)
    try:
        trained = train(batch.model, batch.theta, batch.data, **options)
    except PathUnavailable as error:
        assert path == "numba" and name in ("two-layer softplus", "deep"), error
        return
    assert trained.path == path
    assert_near_plain_loop(trained, name, method, STEPS)


def test_the_bound_is_tight_enough_to_see_a_wrong_learning_rate():
    batch = case("two-layer tanh")
    wrong = batch.learning_rate * (1 + 1e-9)
    trained = train(batch.model, batch.theta, batch.data, weights=batch.weights, learning_rate=wrong, steps=STEPS)
    theta, _, bound = oracle("two-layer tanh", 0, "gradient descent", STEPS)
    assert np.abs(trained.theta[0] - theta).max() > bound


def test_functional_model_agrees_with_the_theory_model():
    import torch

    batch = case("two-layer tanh")

    def network(theta, x):
        return torch.tanh(x @ theta[:12].reshape(4, 3).T) @ theta[12:, None]

    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, steps=STEPS, path="torch")
    functional = train(network, batch.theta, batch.data, **options)
    known = train(batch.model, batch.theta, batch.data, **options)
    for b in (0, 10):
        _, _, bound = oracle("two-layer tanh", b, "gradient descent", STEPS)
        assert np.abs(functional.theta[b] - known.theta[b]).max() <= bound


def test_sgd_on_all_samples_is_gradient_descent():
    batch = case("two-layer tanh")
    options = dict(weights=batch.weights, learning_rate=batch.learning_rate, steps=STEPS, path="torch")
    whole = train(batch.model, batch.theta, batch.data, method=StochasticGradientDescent(6), **options)
    descent = train(batch.model, batch.theta, batch.data, **options)
    for b in (0, 10):
        _, _, bound = oracle("two-layer tanh", b, "gradient descent", STEPS)
        assert np.abs(whole.theta[b] - descent.theta[b]).max() <= bound


@pytest.mark.parametrize("path", ["compiled", "torch"])
@pytest.mark.parametrize("shared", [False, True])
def test_sgd_makes_the_steps_that_its_minibatches_say(path, shared):
    import torch

    from numerics.train.general import minibatch

    batch = case("two-layer tanh")
    seeds = np.arange(11)
    skip_without(path)
    method = StochasticGradientDescent(2)
    data = (batch.X[4], batch.Y[4]) if shared else batch.data
    trained = train(batch.model, batch.theta, data, learning_rate=0.1, method=method, steps=5, seed=seeds, path=path)
    theta = torch.tensor(batch.theta[4])
    bound = 0.0
    for step in range(5):
        i = minibatch(np.array([4], dtype=np.uint64), np.array([step]), 6, 2)[0]
        x, y = torch.tensor(batch.X[4][i]), torch.tensor(batch.Y[4][i])
        loss = lambda t, x=x, y=y: ((batch.model(t, x) - y) ** 2).sum(1).mean()
        # the bound is for six samples of weights above 0.1, here are two of 1/2; errors made early grow by less than 2 in five steps
        bound += 2 * 0.1 * 5 * gradient_error(batch, 4, theta.numpy()).max()
        theta = theta - 0.1 * torch.func.grad(loss)(theta)
    assert np.abs(trained.theta[4] - theta.numpy()).max() <= bound


def test_minibatches_visit_every_sample_once_an_epoch_and_depend_on_seed_and_step_alone():
    from numerics.train.general import minibatch, minibatches

    seeds = np.array([3, 99], dtype=np.uint64)
    epoch = np.concatenate([minibatch(seeds, np.array([k, k]), 6, 2) for k in range(9, 12)], axis=1)
    assert (np.sort(epoch, axis=1) == np.arange(6)).all()
    alone = minibatch(seeds[1:], np.array([10]), 6, 2)
    assert (alone == minibatch(seeds, np.array([0, 10]), 6, 2)[1:]).all()
    ahead = minibatches(seeds, np.array([2, 11]), 7, 6, 2)
    assert all((ahead[:, k] == minibatch(seeds, np.array([2 + k, 11 + k]), 6, 2)).all() for k in range(7))
    orders = {tuple(minibatch(seeds[:1], np.array([k]), 6, 6)[0]) for k in range(50)}
    assert len(orders) > 30


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("std", [1e-32, 1e-100])
def test_tiny_initializations_keep_their_size(path, std):
    """One step multiplies left and right by known matrices of order one: nothing of order 1e-16 may appear."""
    skip_without(path)
    from theory.models import MatrixFactorization

    model, rng = MatrixFactorization(3, 3, 3), np.random.default_rng(0)
    theta, target = model.init(rng, scale=std, batch=(4,)), rng.normal(size=(9, 1))
    trained = train(model, theta, (model.entries(), target), learning_rate=0.1, steps=1, path=path)
    left, right, T = theta[:, :9].reshape(-1, 3, 3), theta[:, 9:].reshape(-1, 3, 3), target.reshape(3, 3)
    new = np.concatenate([(left + 0.2 / 9 * T @ right.mT).reshape(-1, 9), (right + 0.2 / 9 * left.mT @ T).reshape(-1, 9)], axis=1)
    # products left @ right are below std^2 beside targets of order one; each entry is a sum of four rounded terms
    assert np.abs(trained.theta - new).max() <= 16 * UNIT_ROUNDOFF * 4 * std
