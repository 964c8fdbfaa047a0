"""The models: layouts as documented, one formula in every arithmetic, clear errors."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from flint import arb

from theory.models import (
    Convolutional,
    CPFactorization,
    DeepFactorization,
    FullyConnected,
    MatrixFactorization,
    SymmetricFactorization,
    TwoLayer,
    TwoLayerCNN,
)
from theory.models.factorizations import MeasuredFactorization
from theory.models.pooling import PooledCNN
from theory.models.toy import DeepDiagonal, PowerModel, RedundantModel, SquareDifference

MODELS = {
    "two-layer": TwoLayer(3, 4, 2, "gelu", bias=True, output_bias=True),
    "two-layer plain": TwoLayer(1, 1),
    "cnn": TwoLayerCNN(5, 3, 2, bias=True, output_bias=True),
    "cnn grid": TwoLayerCNN((4, 3), (2, 2), 2, (2, 1), sharing=False, bias=True),
    "deep": FullyConnected((2, 3, 3, 2), "softplus"),
    "deep without bias": FullyConnected((2, 3, 1), bias=False),
}
NAMES = pytest.mark.parametrize("name", MODELS)


def draw(model, seed=0, n=4):
    rng = np.random.default_rng(seed)
    return model.init(rng), rng.normal(size=(n, model.input_size))


@NAMES
def test_pack_inverts_unpack(name):
    model = MODELS[name]
    theta, _ = draw(model)
    assert np.array_equal(model.pack(**model.unpack(theta)), theta)
    assert sum(np.size(part) for part in model.unpack(theta).values()) == model.n_params


@NAMES
def test_leading_axes_broadcast_like_a_loop(name):
    model = MODELS[name]
    rng = np.random.default_rng(1)
    theta, x = model.init(rng, batch=(2, 3)), rng.normal(size=(3, 5, model.input_size))
    batched = model(theta, x)
    assert batched.shape == (2, 3, 5, model.outputs)
    for i in range(2):
        for j in range(3):
            np.testing.assert_allclose(batched[i, j], model(theta[i, j], x[j]), rtol=1e-13, atol=1e-13)


@NAMES
def test_torch_and_numpy_agree(name):
    model = MODELS[name]
    theta, x = draw(model)
    np.testing.assert_allclose(model(torch.tensor(theta), torch.tensor(x)).numpy(), model(theta, x), rtol=1e-13, atol=1e-13)


@NAMES
def test_balls_enclose_the_floats(name):
    model = MODELS[name]
    theta, x = draw(model)
    enclose = np.frompyfunc(lambda value: arb(float(value)), 1, 1)
    balls, floats = model(enclose(theta), enclose(x)), model(theta, x)
    assert all(abs(float(ball.mid()) - value) < 1e-12 for ball, value in zip(balls.flat, floats.flat, strict=True))


def test_fractions_stay_exact():
    model = TwoLayer(2, 1, activation="ratsig")
    value = model([Fraction(1, 3), Fraction(1, 2), Fraction(5)], [[Fraction(1), Fraction(2)]])
    z = Fraction(4, 3)
    assert value[0, 0] == 5 * z / (1 + z * z)


def test_factorization_entries_and_measurements():
    model = MatrixFactorization(2, 3, 2)
    theta, _ = draw(model)
    product = model.product(theta)
    np.testing.assert_allclose(model(theta, model.entries())[:, 0], product.ravel(), rtol=1e-14)
    G = np.random.default_rng(2).normal(size=(4, 2, 3))
    np.testing.assert_allclose(model.measure(theta, G)[:, 0], (G * product).sum((1, 2)), rtol=1e-13)
    assert model(torch.tensor(theta), torch.tensor([[1, 2]])).shape == (1, 1)


def test_shared_kernels_are_equal_unshared_ones():
    shared, own = TwoLayerCNN(6, 3, 2, bias=True), TwoLayerCNN(6, 3, 2, sharing=False, bias=True)
    theta, x = draw(shared)
    parts = shared.unpack(theta)
    repeated = own.pack(
        kernels=np.repeat(parts["kernels"][:, None], 4, 1),
        biases=np.repeat(parts["biases"][:, None], 4, 1),
        output_weights=parts["output_weights"],
    )
    np.testing.assert_allclose(own(repeated, x), shared(theta, x), rtol=1e-13)


def test_positions_of_a_strided_grid():
    model = TwoLayerCNN((4, 3), (2, 2), 1, (2, 1))
    assert model.patches.tolist() == [[0, 1, 3, 4], [1, 2, 4, 5], [6, 7, 9, 10], [7, 8, 10, 11]]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: TwoLayer(2, 0), ["width", "at least 1", "0"]),
        (lambda: TwoLayer(2, 2, activation="tahn"), ["activation", "tanh", "tahn"]),
        (lambda: MatrixFactorization(2, True, 2), ["d2", "True"]),
        (lambda: TwoLayerCNN(3, 4, 1), ["kernel", "fit", "4"]),
        (lambda: TwoLayerCNN(3, 2, 1, 0), ["stride", "0"]),
        (lambda: TwoLayerCNN((3, 3), (2,), 1), ["axes"]),
        (lambda: FullyConnected((3,)), ["widths"]),
        (lambda: TwoLayer(2, 2).unpack(np.zeros(5)), ["theta", "6", "(5,)"]),
        (lambda: TwoLayer(2, 2).pack(input_weights=np.zeros((2, 2))), ["output_weights"]),
        (lambda: TwoLayer(2, 2).pack(input_weights=np.zeros((2, 3)), output_weights=np.zeros((1, 2))), ["input_weights", "(2, 3)"]),
        (lambda: TwoLayer(2, 2).init(np.random.default_rng(0), scale=0), ["scale", "0"]),
        (lambda: MatrixFactorization(2, 2, 1)(np.ones(4), [[0, 2]]), ["indices", "2"]),
        (lambda: MatrixFactorization(2, 2, 1)(np.ones(4), [[0.5, 1]]), ["integer"]),
    ],
)
def test_bad_input_names_argument_expectation_and_value(build, words):
    with pytest.raises(ValueError) as error:
        build()
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int64])
def test_sizes_are_python_integers(integer):
    """Numpy integers are read as the numbers they are: no product of them overflows, and a rank is written as JSON."""
    small, large = integer(3), integer(100)
    for model, wanted in (
        (TwoLayer(large, large, integer(10), bias=True), 100 * 111),
        (TwoLayerCNN(large, small, large), 100 * (3 + 98)),
        (TwoLayerCNN((large, large), (small, 2), small, integer(2), sharing=False), 3 * 49 * 50 * 7),
        (PooledCNN(large, small, large), 100 * 4),
        (FullyConnected([large, large, large]), 2 * 100 * 101),
        (Convolutional((small, large), (large,), (small,)), 100 * 10 + 100 * 98 + 1),
        (MatrixFactorization(large, large, large), 20000),
        (MeasuredFactorization(large, large, large), 20000),
        (DeepFactorization((large, large, large)), 20000),
        (SymmetricFactorization(large, large), 10000),
        (CPFactorization((large, large, large), large), 30000),
        (SquareDifference(large), 200),
        (DeepDiagonal(large, small), 300),
    ):
        assert (type(model.n_params), model.n_params) == (int, wanted), model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerModel(0), "power must be an integer of at least 1, got 0"),
        (lambda: RedundantModel(1.5), "power must be an integer of at least 1, got 1.5"),
        (lambda: DeepDiagonal(2, 0), "depth must be"),
        (lambda: SquareDifference(True), "inputs must be"),
        (lambda: MeasuredFactorization(2, 0, 1), "d2 must be"),
        (lambda: CPFactorization((), 1), "sizes must hold at least two sizes"),
        (lambda: PooledCNN("3", 1, 1), "inputs must be"),
    ],
)
def test_sizes_that_no_model_has(make, message):
    with pytest.raises(ValueError, match=message):
        make()
