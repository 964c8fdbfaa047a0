"""The path for wide networks: gradients, every method and continuation against the general path, and when it is taken."""

import numpy as np
import pytest

from numerics.train import Adam, Dropout, GradientDescent, GradientFlow, Momentum, PathUnavailable, StochasticGradientDescent, train
from numerics.train import wide as wide_module
from numerics.train.wide import WideNetwork, largest_width, layers_of
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

MODELS = [
    TwoLayer(3, 50, activation="relu", bias=True, output_bias=True, outputs=2),
    TwoLayer(4, 3, activation="leaky"),
    TwoLayer(2, 7, activation="tanh"),
    TwoLayer(2, 7, activation="sigmoid", bias=True),
    TwoLayer(2, 5, activation="identity"),
    FullyConnected((2, 9, 4, 1), activation="relu"),
    FullyConnected((2, 4, 9, 3), activation="tanh", bias=False),
    FullyConnected((3, 2)),
]


@pytest.fixture(params=[0, 4096], ids=["one by one", "together"])
def small(request, monkeypatch):
    """Both ways in which networks of a batch are taken."""
    monkeypatch.setattr(wide_module, "SMALL", request.param)


def batch(model, *, own=False, networks=5, samples=4):
    rng = np.random.default_rng(model.n_params)
    lead = (networks,) if own else ()
    data = rng.normal(size=(*lead, samples, model.inputs)), rng.normal(size=(*lead, samples, model.outputs))
    return model.init(rng, scale=0.7, batch=(networks,)), data, rng.uniform(0.1, 0.5, (*lead, samples))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_losses_and_gradients_are_those_of_autograd(model, own, small):
    """Sums of at most 50 products of numbers near one: a few hundred roundings."""
    import torch

    theta, (x, y), weights = batch(model, own=own)
    network = WideNetwork(model)
    assert (network.outward(network.inward(theta)) == theta).all()
    tensors = [torch.tensor(array) for array in (x, y, weights)]
    losses, gradients = network.evaluate(torch.tensor(network.inward(theta)), *tensors)
    for b in range(len(theta)):
        point = torch.tensor(theta[b], requires_grad=True)
        mine = [tensor[b] if own else tensor for tensor in tensors]
        loss = (mine[2] * ((model(point, mine[0]) - mine[1]) ** 2).sum(1)).sum()
        (gradient,) = torch.autograd.grad(loss, point)
        loss = float(loss.detach())
        assert abs(float(losses[b]) - loss) < 1e-13 * (1 + loss)
        size = float(gradient.abs().max())
        assert np.abs(network.outward(gradients[b].numpy()) - gradient.numpy()).max() < 1e-13 * (1 + size)
    assert network.evaluate(torch.tensor(network.inward(theta)), *tensors, gradient=False)[1] is None


@pytest.mark.parametrize(
    "method", [GradientDescent(), Momentum(0.8), Momentum(0.7, nesterov=True), Adam(0.8, 0.95), StochasticGradientDescent(2)], ids=str
)
@pytest.mark.parametrize("own", [False, True])
def test_methods_agree_with_the_general_path_and_go_on_from_where_they_stopped(method, own, small):
    model = TwoLayer(2, 30, activation="tanh", bias=True)
    theta, data, weights = batch(model, own=own)
    options = dict(weights=weights, learning_rate=[0.01, 0.02, 0.03, 0.04, 0.05], method=method, seed=3)
    expected = train(model, theta, data, steps=12, path="torch", **options)
    found = train(model, theta, data, steps=12, path="wide", **options)
    assert found.path == "wide" and np.abs(found.theta - expected.theta).max() < 1e-12
    half = train(model, theta, data, steps=5, path="wide", **options)
    assert np.abs(train(model, half, data, steps=7, path="wide", **options).theta - found.theta).max() < 1e-14
    assert np.abs(found.loss - expected.loss).max() < 1e-12


def test_gradient_flow_agrees_with_the_general_path(small):
    model = FullyConnected((2, 9, 8, 1), activation="tanh", bias=False)
    theta, data, weights = batch(model)
    options = dict(weights=weights, method=GradientFlow(time=0.5, rtol=1e-9), steps=200)
    expected, found = (train(model, theta, data, path=path, **options) for path in ("torch", "wide"))
    assert found.path == "wide" and np.abs(found.theta - expected.theta).max() < 1e-8


def test_it_is_taken_where_it_pays():
    model = TwoLayer(2, 2000, activation="relu")
    theta, data, _ = batch(model, networks=2)
    assert train(model, theta, data, learning_rate=1e-4, steps=2).path == "wide"
    many = np.zeros((65, 2)), np.zeros((65, 1))
    trained = train(model, theta, many, learning_rate=1e-4, steps=2)
    assert trained.path == "torch" and trained.skipped_paths["wide"] == "written for widths from 500 on and at most 64 samples"
    assert largest_width(FullyConnected((2, 9, 30, 1))) == 30 and largest_width(FullyConnected((2, 1))) == 0


@pytest.mark.parametrize(
    ("model", "method", "told"),
    [
        (TwoLayerCNN(5, 3, 2), GradientDescent(), "no TwoLayer or FullyConnected network"),
        (TwoLayer(2, 3, activation="softplus"), GradientDescent(), "activation softplus is none of"),
        (TwoLayer(2, 4), Dropout(0.5), "no closed form of the steps of dropout"),
    ],
)
def test_what_it_cannot_run_is_said(model, method, told):
    theta = model.init(np.random.default_rng(0), batch=(2,))
    data = np.zeros((3, model.input_size)), np.zeros((3, 1))
    with pytest.raises(PathUnavailable, match=told):
        train(model, theta, data, learning_rate=0.1, steps=1, method=method, path="wide")


def test_an_activation_that_only_bears_a_known_name_is_refused():
    from dataclasses import replace

    tanh = TwoLayer(2, 3).activation
    other = TwoLayer(2, 3, activation=replace(tanh, output=lambda z, v: 2 * v[0]))
    assert wide_module.reason_against(other) is not None and wide_module.reason_against(TwoLayer(2, 3)) is None


def test_layers_of_another_model_are_refused():
    with pytest.raises(ValueError, match="model must be a TwoLayer or a FullyConnected network"):
        layers_of(TwoLayerCNN(5, 3, 2))
    with pytest.raises(ValueError, match="model must be written out in closed form"):
        WideNetwork(TwoLayer(2, 3, activation="softplus"))
