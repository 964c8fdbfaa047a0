"""Wrong arguments of train are refused by name, before anything runs."""

import numpy as np
import pytest

from numerics.train import Adam, GradientFlow, Momentum, PathUnavailable, StochasticGradientDescent, train
from theory.models import MatrixFactorization, TwoLayer

MODEL = TwoLayer(2, 3)
THETA, X, Y = np.ones((4, 9)), np.ones((4, 5, 2)), np.ones((4, 5, 1))


def call(theta=THETA, data=(X, Y), *, model=MODEL, learning_rate=0.1, steps=1, **options):
    return train(model, theta, data, learning_rate=learning_rate, steps=steps, **options)


def hurt(array, value):
    array = array.copy()
    array.flat[0] = value
    return array


BAD = {
    "sizes of data": (dict(data=(X[:3], Y[:3])), r"batch sizes must agree, got theta0 4, data Y 3, data X 3"),
    "sizes of X": (dict(data=(X[:3], Y)), r"batch sizes must agree"),
    "sizes of rates": (dict(learning_rate=[0.1, 0.2]), r"batch sizes must agree.*learning_rate 2"),
    "sizes of weights": (dict(weights=np.ones((3, 5))), r"batch sizes must agree.*weights 3"),
    "sizes of stop": (dict(stop=[1.0, 2.0]), r"batch sizes must agree.*stop 2"),
    "sizes of seed": (dict(seed=[1, 2]), r"batch sizes must agree.*seed 2"),
    "NaN in X": (dict(data=(hurt(X, np.nan), Y)), r"data X must be finite, got 1 NaN or infinite"),
    "infinite Y": (dict(data=(X, hurt(Y, np.inf))), r"data Y must be finite"),
    "NaN in theta": (dict(theta=hurt(THETA, np.nan)), r"theta0 must be finite"),
    "NaN in weights": (dict(weights=[np.nan] * 5), r"weights must be finite"),
    "negative weights": (dict(weights=[-1.0] * 5), r"weights must not be negative, got -1"),
    "length of weights": (dict(weights=[1.0] * 4), r"weights must have shape \(5,\) or \(4, 5\), got \(4,\)"),
    "zero rate": (dict(learning_rate=0), r"learning_rate must be a positive number"),
    "negative rate": (dict(learning_rate=[0.1, 0.1, -0.1, 0.1]), r"learning_rate must be a positive number"),
    "NaN rate": (dict(learning_rate=np.nan), r"learning_rate must be finite"),
    "no rate": (dict(learning_rate=None), r"learning_rate must be given for gradient-descent"),
    "rate of a flow": (dict(method="gradient-flow"), r"learning_rate has no meaning for gradient-flow"),
    "negative stop": (dict(stop=-1.0), r"stop must be a loss threshold of at least 0"),
    "negative seed": (dict(seed=-1), r"seed must be a non-negative integer"),
    "fractional seed": (dict(seed=0.5), r"seed must be a non-negative integer"),
    "parameters": (dict(theta=THETA[:, :8]), r"theta0 must have 9 entries per network"),
    "axes of theta": (dict(theta=THETA[None]), r"theta0 must have shape \(B, P\) or \(P,\)"),
    "no networks": (dict(theta=THETA[:0]), r"theta0 must have shape"),
    "inputs": (dict(data=(X[..., :1], Y)), r"data X must have shape \(n, 2\) or \(B, n, 2\)"),
    "outputs": (dict(data=(X, np.ones((4, 5, 2)))), r"data Y must have 1 outputs"),
    "axes of Y": (dict(data=(X, Y[..., 0, 0])), r"data Y must have shape"),
    "samples": (dict(data=(X, Y[:, :4])), r"data X and Y must hold as many samples"),
    "no samples": (dict(data=(X[:, :0], Y[:, :0])), r"data Y must have shape"),
    "text": (dict(data=(X, "y")), r"data Y must be an array of real numbers, got str"),
    "no pair": (dict(data=X), r"data must be a pair \(X, Y\), got ndarray"),
    "method": (dict(method="newton"), r"method must be one of gradient-descent, .* got 'newton'"),
    "path": (dict(path="fast"), r"path must be auto or one of compiled, .* got 'fast'"),
    "device": (dict(device="tpu"), r"device must be one of cpu, cuda, got 'tpu'"),
    "steps": (dict(steps=-1), r"steps must be an integer of at least 0, got -1"),
    "fractional steps": (dict(steps=1.5), r"steps must be an integer of at least 0, got 1.5"),
    "check_every": (dict(check_every=0), r"check_every must be an integer of at least 1, got 0"),
    "threads": (dict(threads=0), r"threads must be an integer of at least 1"),
    "record": (dict(record=("losses",)), r"record must name some of"),
    "recorder": (dict(record={"norm": 3}), r"record must map names"),
    "record of one number": (dict(record={"n": lambda theta: np.zeros(2)}), r"record 'n' must return \(4, ...\)"),
    "model": (dict(model="tanh"), r"model must be a model of theory.models or a callable"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_named(name):
    options, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call(**options)


def test_too_little_memory_for_one_network():
    with pytest.raises(MemoryError, match="memory must hold one network, which takes about .* got 10"):
        call(memory=10)


@pytest.mark.parametrize(
    "X, message",
    [
        (np.array([[0, 3]]), "x must hold indices from 0 below"),
        (np.array([[0.5, 1]]), "x must be integer index tuples"),
        (np.ones((1, 3)), "data X must hold index pairs"),
        (np.ones((1, 3, 3)), "data X must hold index pairs"),
    ],
)
def test_data_of_factorizations(X, message):
    with pytest.raises(ValueError, match=message):
        train(MatrixFactorization(2, 3, 1), np.ones(5), (X, [[1.0]]), learning_rate=0.1, steps=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Momentum(1.0),
        lambda: Momentum(-0.1),
        lambda: Adam(beta2=1.0),
        lambda: Adam(eps=-1e-8),
        lambda: GradientFlow(time=0),
        lambda: GradientFlow(rtol=0),
        lambda: StochasticGradientDescent(0),
        lambda: StochasticGradientDescent(1.5),
    ],
)
def test_method_parameters_out_of_range(make):
    with pytest.raises(ValueError, match="must"):
        make()


def test_forced_paths_that_cannot_run_say_why():
    with pytest.raises(PathUnavailable, match="'compiled' cannot run this: kernels do not make steps of levenberg-marquardt"):
        call(method="levenberg-marquardt", learning_rate=None, path="compiled")
    with pytest.raises(PathUnavailable, match="'numba' cannot run this: kernels know the activations .* not softplus"):
        call(model=TwoLayer(2, 3, 1, "softplus"), path="numba")
    with pytest.raises(PathUnavailable, match="'numba' cannot run this: kernels do not make steps of sgd"):
        call(method="sgd", path="numba")
    with pytest.raises(PathUnavailable, match="path 'cuda' is none of device 'cpu'"):
        call(path="cuda")


def test_a_state_of_another_method_is_not_taken_over():
    trained = call(method="momentum")
    with pytest.raises(ValueError, match="theta0 was trained by momentum.* whose state adam.* cannot take over"):
        call(theta=trained, method="adam")
    assert call(theta=trained.theta, method="adam").steps.tolist() == [1] * 4
