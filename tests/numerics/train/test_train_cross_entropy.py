"""Softmax cross-entropy as the loss: every path and method against torch, classes and probabilities, and when a network has converged."""

import numpy as np
import pytest
from training_cases import CLASSIFIERS, METHODS, UNIT_ROUNDOFF, assert_near_plain_loop, case

from numerics.train import (
    Dropout,
    GradientFlow,
    LevenbergMarquardt,
    PathUnavailable,
    Status,
    StochasticGradientDescent,
    compiled,
    train,
)
from numerics.train.losses import least_loss, residuals
from numerics.train.mapping import Mapping
from numerics.train.native import reason_against as no_compiler
from theory.models import FullyConnected, MatrixFactorization, TwoLayer

STEPS = 12
OPTIONS = dict(loss="cross-entropy")
needs_compiler = pytest.mark.skipif(no_compiler() is not None, reason=str(no_compiler()))


def trained(batch, method, path, **options):
    arguments = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS[method], steps=STEPS, path=path)
    return train(batch.model, batch.theta, batch.data, **{**arguments, **OPTIONS, **options})


@pytest.mark.parametrize("path", ["compiled", "torch"])
@pytest.mark.parametrize(("name", "method"), [*((name, "gradient descent") for name in CLASSIFIERS), ("two classes", "adam")])
def test_steps_agree_with_a_plain_loop_of_torch(name, method, path):
    if path == "compiled" and no_compiler():
        pytest.skip(str(no_compiler()))
    found = trained(case(name), method, path)
    assert found.path == path
    assert_near_plain_loop(found, name, method, STEPS)


@needs_compiler
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_units_as_lanes_agree_with_a_plain_loop_of_torch(name, monkeypatch):
    monkeypatch.setattr(compiled, "_mapping", lambda *_: Mapping.UNITS)
    assert_near_plain_loop(trained(case(name), "nesterov", "compiled"), name, "nesterov", STEPS)


def test_the_path_for_wide_networks_knows_it():
    assert_near_plain_loop(trained(case("two classes"), "gradient descent", "wide"), "two classes", "gradient descent", STEPS)


def test_another_loss_is_seen():
    """The oracle's bound tells the cross-entropy from the same without a sample's weight, and from squares."""
    batch = case("two classes")
    for options in (dict(weights=batch.weights * (1 + 1e-8)), dict(loss="mse")):
        with pytest.raises(AssertionError):
            assert_near_plain_loop(trained(batch, "gradient descent", "torch", **options), "two classes", "gradient descent", STEPS)


@needs_compiler
@pytest.mark.parametrize("method", [StochasticGradientDescent(4), Dropout(0.7), GradientFlow(time=3.0)], ids=str)
def test_the_other_methods_are_those_of_the_general_path(method):
    model, rng = FullyConnected((2, 9, 3), "tanh"), np.random.default_rng(0)
    theta, data = model.init(rng, scale=0.3, batch=(5,)), (rng.normal(size=(13, 2)), rng.integers(0, 3, 13))
    options = dict(OPTIONS, method=method, seed=3, steps=25)
    if not isinstance(method, GradientFlow):
        options["learning_rate"] = 0.1
    one, other = (train(model, theta, data, path=path, **options) for path in ("compiled", "torch"))
    # some hundred roundings of numbers of order one, each amplified by less than ten; the flow is as exact as rtol
    bound = 1e-8 if isinstance(method, GradientFlow) else 1e-12
    assert np.abs(one.theta - other.theta).max() <= bound and np.abs(one.loss - other.loss).max() <= bound
    assert (one.status == other.status).all() and (one.steps == other.steps).all()


def test_classes_and_their_rows_of_probabilities_are_the_same_targets():
    model, rng = TwoLayer(2, 5, 3), np.random.default_rng(0)
    theta, X, classes = model.init(rng, batch=(4,)), rng.normal(size=(7, 2)), rng.integers(0, 3, (4, 7))
    rows = np.eye(3)[classes]
    options = dict(OPTIONS, learning_rate=0.1, steps=5, path="torch")
    whole, given = train(model, theta, (X, classes), **options), train(model, theta, (X, rows), **options)
    assert (whole.theta == given.theta).all() and len(np.unique(whole.loss)) == 4
    shared, own = train(model, theta, (X, classes[0]), **options), train(model, theta, (X, np.repeat(rows[:1], 4, axis=0)), **options)
    assert np.abs(shared.theta - own.theta).max() <= 64 * UNIT_ROUNDOFF


def test_functional_models_are_trained_on_classes_too():
    import torch

    def network(theta, x):
        return torch.tanh(x @ theta[:6].reshape(3, 2).T) @ theta[6:].reshape(2, 3).T

    model, rng = TwoLayer(2, 3, 2), np.random.default_rng(1)
    theta, data = model.init(rng, batch=(4,)), (rng.normal(size=(7, 2)), rng.integers(0, 2, 7))
    options = dict(OPTIONS, learning_rate=0.1, steps=5, path="torch")
    assert np.abs(train(network, theta, data, **options).theta - train(model, theta, data, **options).theta).max() <= 1e-13


def test_a_network_has_converged_where_its_loss_is_near_the_entropy_of_its_targets():
    """Targets that a network makes itself: the loss goes to their entropy, 0.5 and more, and no further."""
    model, rng = FullyConnected((2, 3)), np.random.default_rng(0)
    X, theta = rng.normal(size=(9, 2)), model.init(rng, batch=(6,))
    logits = model(rng.normal(size=model.n_params), X)
    Y = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    entropy = float(least_loss("cross-entropy", Y, np.full(9, 1 / 9)))
    found = train(model, theta, (X, Y), **OPTIONS, learning_rate=0.5, steps=20_000, stop=1e-9, path="torch")
    assert entropy > 0.3 and found.converged.all() and (found.steps < 20_000).all()
    assert ((found.loss - entropy <= 1e-9) & (found.loss - entropy >= -1e-12)).all()
    never = train(model, theta, (X, Y), **OPTIONS, learning_rate=0.5, steps=200, path="torch")
    assert (never.status == Status.STEP_LIMIT).all()


@pytest.mark.parametrize("method", ["levenberg-marquardt", "gauss-newton"])
def test_newtons_methods_reach_the_entropy_in_a_few_steps(method):
    model, rng = FullyConnected((2, 3)), np.random.default_rng(0)
    X = rng.normal(size=(9, 2))
    truth = rng.normal(size=model.n_params)
    Y = np.exp(model(truth, X))
    start = truth + 0.1 * rng.normal(size=(4, model.n_params))
    found = train(model, start, (X, Y / Y.sum(1, keepdims=True)), **OPTIONS, method=method, steps=60, stop=1e-12)
    assert found.converged.all() and found.path == "torch"


def test_residuals_carry_half_of_the_gradient_and_of_the_gauss_newton_matrix():
    """Of a model that is linear in theta the Gauss-Newton matrix is the Hessian."""
    import torch

    model, rng = FullyConnected((2, 4)), np.random.default_rng(0)
    theta, X = torch.tensor(rng.normal(size=model.n_params)), torch.tensor(rng.normal(size=(5, 2)))
    Y, w = torch.tensor(rng.dirichlet(np.ones(4), 5)), torch.tensor(rng.uniform(0.1, 0.3, 5))
    loss = lambda t: (w * torch.nn.functional.cross_entropy(model(t, X), Y, reduction="none")).sum()
    J = torch.func.jacrev(lambda t: model(t, X))(theta)
    r, turned = residuals("cross-entropy", model(theta, X)[None], Y, w, J[None])
    half_gradient, half_matrix = turned[0].T @ r[0], turned[0].T @ turned[0]
    # sums of 20 products of numbers below 10
    assert (2 * half_gradient - torch.func.grad(loss)(theta)).abs().max() <= 1e-12
    assert (2 * half_matrix - torch.func.jacrev(torch.func.grad(loss))(theta)).abs().max() <= 1e-12


@needs_compiler
def test_outputs_far_apart_lose_no_digits():
    """log(1 + e^-d) of outputs d apart, and the slope of hundreds apart, by the kernel."""
    model, gaps = FullyConnected((1, 2)), np.array([0.0, 1.0, 20.0, 35.0, 300.0, 800.0])
    theta = np.stack([gaps / 2, -gaps / 2, 0 * gaps, 0 * gaps], axis=1)
    found = train(model, theta, (np.ones((1, 1)), np.array([0])), **OPTIONS, learning_rate=1e-3, steps=0, path="compiled")
    wanted = np.log1p(np.exp(-gaps))
    assert (np.abs(found.loss - wanted) <= 16 * UNIT_ROUNDOFF * wanted + 1e-300).all()
    wrong = train(model, theta, (np.ones((1, 1)), np.array([1])), **OPTIONS, learning_rate=1.0, steps=1, path="compiled")
    slope = 1 / (1 + np.exp(-gaps))  # both weights and both biases move by it, in opposite directions
    assert np.abs(wrong.theta[:, 0] - (gaps / 2 - slope)).max() <= 4 * UNIT_ROUNDOFF * 401


@pytest.mark.parametrize(
    ("loss", "Y", "told"),
    [
        ("hinge", np.zeros((4, 2)), "loss must be one of mse, cross-entropy, got 'hinge'"),
        ("cross-entropy", np.array([0, 1, 2, 0]), "data Y must be classes from 0 to 1, got 2"),
        ("cross-entropy", np.array([[[0, 1]]]), "data Y of whole numbers must be classes .*, got shape .*; give probabilities as floats"),
        (
            "cross-entropy",
            np.full((4, 3), 1 / 3),
            r"data Y must be classes .* or probabilities \(n, 2\) or \(B, n, 2\), got shape \(4, 3\)",
        ),
        ("cross-entropy", np.full((4, 2), 0.4), "data Y must be probabilities that add up to 1 in every sample, got a sum of 0.8"),
        ("cross-entropy", np.array([[1.5, -0.5]] * 4), "data Y must be probabilities, none of them negative, got -0.5"),
    ],
)
def test_targets_that_are_none_are_refused_in_a_sentence(loss, Y, told):
    with pytest.raises(ValueError, match=told):
        train(TwoLayer(3, 2, 2), np.zeros(10), (np.ones((4, 3)), Y), loss=loss, learning_rate=0.1, steps=1)


def test_a_single_output_has_no_classes():
    for model in (TwoLayer(3, 2), MatrixFactorization(2, 2, 1)):
        X = np.ones((4, 3)) if isinstance(model, TwoLayer) else model.entries()
        with pytest.raises(ValueError, match="needs a model of two outputs or more, one for each class, got 1"):
            train(model, np.zeros(model.n_params), (X, np.zeros(4, dtype=int)), **OPTIONS, learning_rate=0.1, steps=1)


def test_kernels_without_it_say_so():
    with pytest.raises(PathUnavailable, match="kernels written by hand have no loss cross-entropy"):
        train(
            TwoLayer(3, 2, 2), np.zeros(10), (np.ones((4, 3)), np.zeros(4, dtype=int)), **OPTIONS, learning_rate=0.1, steps=1, path="numba"
        )


def test_levenberg_marquardt_never_raises_the_loss():
    model, rng = TwoLayer(2, 4, 3), np.random.default_rng(2)
    theta, data = model.init(rng, batch=(3,)), (rng.normal(size=(12, 2)), rng.integers(0, 3, 12))
    found = train(model, theta, data, **OPTIONS, method=LevenbergMarquardt(), steps=30, record="loss")
    assert (np.diff(found.history["loss"], axis=0) <= 0).all() and (found.loss < found.history["loss"][0]).all()
