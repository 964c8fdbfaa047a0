"""Convolutional networks of several layers, against torch and against fully connected ones where there is one position."""

import numpy as np
import pytest

from numerics.hessian import hessian
from numerics.hessian.channel_matrices import channel_matrices
from numerics.hessian.neuron_matrices import neuron_matrices
from numerics.planting import cotangent_of
from theory.models import Convolutional, FullyConnected

CASES = {"one layer": ((1, 5), (2,), (3,), 1), "channels": ((2, 7), (3, 2), (3, 2), 2), "three layers": ((1, 6), (2, 1, 3), (2, 1, 3), 2)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_torch_computes_the_same(case):
    import torch

    rng, model = np.random.default_rng(0), Convolutional(*case)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(4, model.input_size))
    parts, features = model.unpack(theta), torch.tensor(x.reshape(4, *model.inputs))
    for layer in range(1, model.hidden_layers + 1):
        kernel, bias = torch.tensor(parts[f"K{layer}"]), torch.tensor(parts[f"b{layer}"])
        features = torch.tanh(torch.nn.functional.conv1d(features, kernel, bias))
    assert tuple(features.shape[1:]) == (model.channels[-1], model.positions[-1])
    expected = features.reshape(4, -1).numpy() @ parts["W"].reshape(model.outputs, -1).T + parts["b"]
    assert np.allclose(model(theta, x), expected, rtol=1e-13, atol=1e-13)
    assert np.allclose(model(np.stack([theta, 2 * theta]), x)[0], expected, rtol=1e-13, atol=1e-13)


def test_with_kernels_as_long_as_the_input_it_is_fully_connected():
    rng, narrow, plain = np.random.default_rng(1), Convolutional((1, 3), (2, 2), (3, 1), 2), FullyConnected((3, 2, 2, 2))
    theta, data = rng.normal(size=narrow.n_params), (rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
    assert narrow.n_params == plain.n_params
    assert np.allclose(narrow(theta, data[0]), plain(theta, data[0]))
    assert np.allclose(hessian(narrow, theta, data), hessian(plain, theta, data))
    for layer in (1, 2):
        expected = neuron_matrices(plain, theta, data[0], cotangent_of(plain, theta, data), layer, 1)
        for found, matrix in zip(channel_matrices(narrow, theta, data, layer, 1), expected, strict=True):
            assert np.allclose(found, matrix)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((4,), (1,), (2,)), r"inputs must be \(channels, length\), got \(4,\)"),
        (((1, 4), (1, 1), (2,)), "channels and kernels must name as many layers"),
        (((1, 4), (), ()), "channels and kernels must name as many layers, one or more"),
        (((1, 4), (0,), (2,)), "channels must be an integer of at least 1, got 0"),
        (((1, 4), (1, 1), (3, 3)), "kernels must leave a position of the 4 of the input"),
    ],
)
def test_shapes_that_are_none(arguments, words):
    with pytest.raises(ValueError, match=words):
        Convolutional(*arguments)
