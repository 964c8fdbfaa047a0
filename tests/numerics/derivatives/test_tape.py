"""Tangents through the tape: against torch, in exact arithmetic, and for every operation of the tape."""

import numpy as np
import pytest
import sympy
import torch

from numerics.derivatives.tape import Node, tangents
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.toy import DeepDiagonal, ProductModel, RedundantModel, SquareDifference

MODELS = [
    TwoLayer(3, 4, 2, "gelu", bias=True, output_bias=True),
    TwoLayerCNN((4, 3), (2, 2), 2, (2, 1), sharing=False, bias=True, output_bias=True),
    TwoLayerCNN(5, 3, 2, activation="silu", bias=True),
    FullyConnected((2, 3, 1, 2), "softplus"),
    ProductModel(),
    RedundantModel(3),
    DeepDiagonal(3, 4),
    SquareDifference(2),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_tangents_equal_the_jacobian_of_torch(model):
    rng = np.random.default_rng(0)
    theta, x = model.init(rng), rng.normal(size=(5, model.input_size))
    outputs, jacobian = tangents(model, theta, x)
    expected = torch.func.jacrev(lambda t: model(t, torch.tensor(x)))(torch.tensor(theta))
    np.testing.assert_allclose(outputs, model(theta, x), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(jacobian, expected.numpy(), rtol=1e-12, atol=1e-12)


def test_tangents_of_measurements():
    model = MatrixFactorization(2, 3, 2)
    rng = np.random.default_rng(0)
    theta, G = model.init(rng), rng.normal(size=(4, 2, 3))
    expected = torch.func.jacrev(lambda t: model.measure(t, torch.tensor(G)))(torch.tensor(theta))
    np.testing.assert_allclose(tangents(model, theta, G, forward=model.measure)[1], expected.numpy(), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_batch_is_its_members(model):
    rng = np.random.default_rng(1)
    theta, x = model.init(rng, batch=(3, 2)), rng.normal(size=(3, 2, 4, model.input_size))
    outputs, jacobian = tangents(model, theta, x)
    shared = tangents(model, theta, x[0, 0])
    for place in np.ndindex(3, 2):
        for found, samples in (((outputs, jacobian), x[place]), (shared, x[0, 0])):
            for part, expected in zip(found, tangents(model, theta[place], samples), strict=True):
                np.testing.assert_allclose(part[place], expected, rtol=1e-13, atol=1e-13)


def test_a_batch_of_measurements_is_its_members():
    model, rng = MatrixFactorization(2, 3, 2), np.random.default_rng(0)
    theta, G = model.init(rng, batch=(3,)), rng.normal(size=(3, 4, 2, 3))
    found = tangents(model, theta, G, forward=model.measure)[1]
    for k in range(3):
        np.testing.assert_allclose(found[k], tangents(model, theta[k], G[k], forward=model.measure)[1], rtol=1e-13, atol=1e-13)


def test_symbolic_tangents_are_derivatives():
    model = TwoLayer(1, 2, activation="tanh", bias=True)
    theta, x = np.array(sympy.symbols("t:6"), object), np.array([[sympy.Symbol("x")]], object)
    value, jacobian = tangents(model, theta, x)
    for k, symbol in enumerate(theta):
        assert sympy.simplify(sympy.diff(value[0, 0], symbol) - jacobian[0, 0, k]) == 0


def test_parameters_that_do_not_enter_have_zero_tangents():
    a = Node(np.ones(3))
    assert np.array_equal((Node(np.ones(2)) * 2).pull_back(np.ones(2), a), np.zeros(3))


def test_operations_against_finite_differences():
    rng = np.random.default_rng(0)
    theta, other = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))

    def f(t):
        return ((t @ other) * t[..., :2] - 2 * t[..., 1:].swapaxes(0, 1)).reshape((4,)) + (-(other.T @ (t * t).swapaxes(0, 1)))[0, 0]

    node = Node(theta)
    weights = rng.normal(size=4)
    gradient = f(node).pull_back(weights, node)
    step = 1e-6
    for index in np.ndindex(theta.shape):
        shift = np.zeros_like(theta)
        shift[index] = step
        slope = weights @ (f(theta + shift) - f(theta - shift)) / (2 * step)
        assert abs(slope - gradient[index]) < 1e-8
