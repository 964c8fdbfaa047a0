"""Gradients and Hessians in every arithmetic against torch; inertia by two exact methods, in floats and in balls."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import NoExactValue, fraction, rationals
from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.hessian import gradient, gradient_and_hessian, hessian, inertia, risk
from numerics.hessian.inertias import Inertia, Undecided, ball_inertia, eliminated_inertia, exact_inertia, float_inertia
from numerics.hessian.losses import LOSSES
from numerics.planting import plant
from theory.models import (
    CPFactorization,
    DeepFactorization,
    FullyConnected,
    MatrixFactorization,
    SymmetricFactorization,
    TwoLayer,
    TwoLayerCNN,
)

MODELS = {
    "two layers": TwoLayer(2, 3, 2, "tanh", bias=True, output_bias=True),
    "three layers": FullyConnected((2, 3, 2, 2), "softplus"),
    "no bias": FullyConnected((1, 2, 1), "sigmoid", bias=False),
    "cnn": TwoLayerCNN(5, 2, 2, activation="gelu", bias=True, output_bias=True),
    "unshared cnn": TwoLayerCNN((2, 3), (2, 2), 2, activation="sin", sharing=False),
    "hinge": FullyConnected((2, 2, 2), "hinge3"),
}


def instance(model, rng, n=7):
    x = rng.normal(size=(n, model.input_size))
    y = rng.uniform(0.1, 1, size=(n, model.outputs))
    return rng.normal(size=model.n_params), (x, y / y.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", MODELS)
def test_against_torch(name, loss):
    torch = pytest.importorskip("torch")
    model, rng = MODELS[name], np.random.default_rng(0)
    theta, data = instance(model, rng)
    weights = rng.uniform(1, 2, 7)
    x, y, scales = (torch.tensor(values) for values in (*data, weights))
    total = lambda point: (LOSSES[loss].value(model(point, x), y) * scales).sum()
    if loss == "cross-entropy":
        total = lambda point: -(y * torch.log_softmax(model(point, x), -1)).sum(-1) @ scales
    expected = torch.autograd.functional.hessian(total, torch.tensor(theta)).numpy()
    slope, curvature = gradient_and_hessian(model, theta, data, loss, weights=weights)
    np.testing.assert_allclose(curvature, expected, rtol=0, atol=1e-12 * (1 + np.abs(expected).max()))
    np.testing.assert_allclose(slope, torch.func.grad(total)(torch.tensor(theta)).numpy(), rtol=0, atol=1e-12 * (1 + np.abs(slope).max()))
    np.testing.assert_allclose(gradient(model, theta, data, loss, weights=weights), slope, rtol=1e-12, atol=1e-13)
    assert risk(model, theta, data, loss, weights=weights) == pytest.approx(float(total(torch.tensor(theta))), rel=1e-12)


def test_factorization_entries():
    model, theta = MatrixFactorization(2, 2, 1), np.array([1.0, 2.0, 3.0, 4.0])
    data = model.entries(), np.ones((4, 1))
    slope = gradient(model, theta, data)
    residual = np.outer([1, 2], [3, 4]) - 1
    np.testing.assert_allclose(slope, np.concatenate([residual @ [3, 4], residual.T @ [1, 2]]) / 2)


def test_a_batch_is_its_members():
    model, rng = MODELS["three layers"], np.random.default_rng(1)
    theta = rng.normal(size=(4, model.n_params))
    x, y = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, 2))
    whole = hessian(model, theta, (x, y))
    for k in range(4):
        np.testing.assert_allclose(whole[k], hessian(model, theta[k], (x[k], y[k])), rtol=0, atol=1e-12 * np.abs(whole).max())


def test_rationals_and_balls_agree_with_floats():
    model = FullyConnected((2, 2, 1, 2), "ratsig4")
    rng = np.random.default_rng(2)
    theta = rationals([Fraction(int(k), 3) for k in rng.integers(-5, 6, model.n_params)])
    data = rationals(rng.integers(-3, 4, (3, 2))), rationals(rng.integers(-3, 4, (3, 2)))
    exactly = rationals(hessian(model, theta, data))
    as_float = np.frompyfunc(lambda value: float(fraction(value)), 1, 1)(exactly).astype(float)
    with working_precision(128):
        enclosed = balls(hessian(model, balls(theta), tuple(map(balls, data))))
        assert all(ball.contains(value) for ball, value in zip(enclosed.ravel(), exactly.ravel(), strict=True))
    inputs = [np.frompyfunc(lambda value: float(fraction(value)), 1, 1)(part).astype(float) for part in (theta, *data)]
    np.testing.assert_allclose(hessian(model, inputs[0], inputs[1:]), as_float, rtol=0, atol=1e-12 * np.abs(as_float).max())


def random_symmetric(rng):
    size, rank = int(rng.integers(1, 8)), int(rng.integers(0, 9))
    basis = rng.integers(-3, 4, (min(rank, size), size))
    return rationals(basis.T @ np.diag(rng.integers(-3, 4, len(basis))) @ basis if len(basis) else np.zeros((size, size), dtype=int)) / 3


def test_two_exact_methods_agree_on_500_matrices():
    rng = np.random.default_rng(3)
    for _ in range(500):
        matrix = random_symmetric(rng)
        assert exact_inertia(matrix).counts == eliminated_inertia(matrix).counts


@pytest.mark.parametrize(
    ("matrix", "counts"),
    [
        ([[0]], (0, 1, 0)),
        ([[0, 1], [1, 0]], (1, 0, 1)),
        ([[0, 0, 1], [0, 0, 0], [1, 0, 0]], (1, 1, 1)),
        ([[2, 1], [1, 2]], (0, 0, 2)),
        ([[-1, 1], [1, -1]], (1, 1, 0)),
    ],
)
def test_known_inertia(matrix, counts):
    matrix = np.array(matrix)
    assert exact_inertia(matrix).counts == eliminated_inertia(matrix).counts == float_inertia(matrix).counts == counts
    with working_precision(128):
        found = ball_inertia(balls(matrix), zeros=counts[1])
    assert found.counts == counts and found.certified


def test_inertia_is_invariant_under_congruence():
    rng = np.random.default_rng(4)
    for _ in range(20):
        matrix = random_symmetric(rng)
        lower = rationals(np.tril(rng.integers(-2, 3, matrix.shape), -1) + np.eye(len(matrix), dtype=int))
        assert exact_inertia(lower.T @ matrix @ lower).counts == exact_inertia(matrix).counts


def test_floats_do_not_guess():
    with pytest.raises(Undecided, match="too close to the rounding level"):
        float_inertia(np.diag([1.0, 1e-12]))
    assert float_inertia(np.diag([1.0, 1e-18, -1e-9])).counts == (1, 1, 1)


def test_balls_do_not_certify_zeros_that_nobody_proved():
    with working_precision(128):
        assert not ball_inertia(balls(np.diag([1, 0]))).certified
        with pytest.raises(ValueError, match="zeros = 1 is refuted"):
            ball_inertia(balls(np.diag([1, 2])), zeros=1)


def test_auto_takes_the_method_that_decides():
    model = FullyConnected((1, 1, 1), "ratsig4")
    theta, data = [Fraction(1, 2)] * 4, ([[1], [Fraction(2)]], [[0], [1]])
    assert inertia(model, theta, data).method == "exact"
    assert inertia(FullyConnected((1, 1, 1)), theta, data).method == "ball"
    floats = [0.5] * 4, ([[1.0], [2.0]], [[0.0], [1.0]])
    assert inertia(model, *floats).method == "ball"
    assert inertia(model, *floats).counts == inertia(model, theta, data, method="ball").counts == inertia(model, theta, data).counts


def test_floats_are_proved_in_balls_or_left_open():
    wide = TwoLayer(2, 1, 1, "identity")
    theta, data = np.array([1.0, 0.0, 1.0]), (np.array([[1.0, 0.0], [0.0, 1e-6]]), np.array([[1.0], [0.0]]))
    estimated = inertia(wide, theta, data, method="float")
    assert (estimated.counts, estimated.estimate, estimated.undecided) == ((None, None, None), None, 3)
    found = inertia(wide, theta, data)
    assert (found.counts, found.bounds, found.undecided) == ((None, None, None), ((0, 1), (0, 1), (2, 3)), 1)
    assert str(found) == "(0..1, 0..1, 2..3)" and not found.certified
    assert inertia(wide, theta, data, zeros=1).counts == (0, 1, 2) and inertia(wide, theta, data, zeros=1).certified
    assert inertia(wide, theta, data, method="exact").counts == (0, 1, 2)
    assert inertia(FullyConnected((1, 1), "identity"), [1, 0], ([[1]], [[1]])) == Inertia(0, 1, 1, True)


def test_small_weights_do_not_pass_for_zeros():
    """Floats take two eigenvalues of this Hessian for zeros, which are not."""
    model = FullyConnected((1, 2, 2, 1))
    theta = 1e-3 * np.random.default_rng(2).normal(size=model.n_params)
    data = np.array([[-1.0], [0.0], [1.0], [2.0]]), np.array([[1.0], [-1.0], [2.0], [1.0]])
    assert inertia(model, theta, data, method="float").estimate == (6, 2, 5)
    assert inertia(model, theta, data) == Inertia(6, 0, 7, True, "ball")


def test_no_float_inertia_is_wrong_at_planted_points():
    """At points whose exact inertia is known, floats of theirs prove what is true, or leave it open."""
    model, undecided = FullyConnected((2, 2, 2), "ratsig4"), 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        theta = [Fraction(int(k), 2) for k in rng.integers(1, 5, model.n_params) * rng.choice([-1, 1], model.n_params)]
        x = [[Fraction(int(k), 4) for k in row] for row in rng.permutation(40)[:28].reshape(14, 2) - 20]
        data = plant(model, theta, x, size=Fraction(1, 3) if seed % 2 else 40, seed=seed)
        exact = inertia(model, theta, data)
        floats = [np.array([[float(entry.p) / float(entry.q) for entry in row] for row in part]) for part in map(rationals, data)]
        found = inertia(model, np.array(theta, float), tuple(floats))
        undecided += found.undecided > 0
        assert exact.certified and all(low <= count <= high for (low, high), count in zip(found.bounds, exact.counts, strict=True))
    assert undecided < 12


@pytest.mark.parametrize(
    ("model", "samples"),
    [
        (MatrixFactorization(2, 2, 1), 4),
        (MatrixFactorization(2, 3, 2), 6),
        (DeepFactorization((2, 1, 2)), 4),
        (DeepFactorization((1, 2, 2, 1)), 1),
        (SymmetricFactorization(3, 2), 9),
        (CPFactorization((2, 2, 2), 1), 8),
    ],
    ids=str,
)
def test_factorizations_are_read_by_their_indices_in_every_arithmetic(model, samples):
    """Against the Hessian of the product written out: 2/n sum of grad f grad f^T + (f - y) Hess f, by sympy."""
    import sympy

    rng = np.random.default_rng(model.n_params)
    theta, y = [int(k) for k in rng.integers(-2, 3, model.n_params)], [[int(k)] for k in rng.integers(-3, 4, samples)]
    symbols = np.array(sympy.symbols(f"t:{model.n_params}"), dtype=object)
    outputs = model(symbols, model.entries())[:, 0]
    risk = sum((f - target[0]) ** 2 for f, target in zip(outputs, y, strict=True)) / sympy.Integer(samples)
    expected = exact_inertia(
        np.array(sympy.hessian(risk, list(symbols)).subs(dict(zip(symbols, theta, strict=True))).tolist(), dtype=object)
    )
    fractions = [[Fraction(int(k)) for k in row] for row in model.entries()]
    for entries in (model.entries(), model.entries().tolist(), model.entries().astype(float), fractions):
        assert inertia(model, theta, (entries, y)) == expected
        balls_found = inertia(model, theta, (entries, y), method="ball", zeros=expected.zero)
        assert balls_found.counts == expected.counts
        assert inertia(model, np.array(theta, float), (entries, np.array(y, float))).counts == expected.counts


def test_the_hessian_of_a_factorization_at_ones():
    model = MatrixFactorization(2, 2, 1)
    for convert in (np.array, lambda ones: np.array(ones, dtype=int), rationals):
        assert inertia(model, convert([1] * 4), (model.entries(), convert([[1]] * 4))) == Inertia(0, 1, 3, True)


RELU, MF = FullyConnected((1, 1, 1), "relu"), MatrixFactorization(2, 2, 1)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: hessian(RELU, [1, -1, 1, 0], ([[1]], [[0]])), ValueError, "relu has no derivative of order 2 at 0"),
        (lambda: hessian(RELU, [1, 1, 1], ([[1]], [[0]])), ValueError, "theta must have a last axis of 4"),
        (lambda: hessian(RELU, [1, 1, 1, 1], ([[1]], [[0, 1]])), ValueError, "targets must have shape"),
        (lambda: hessian(RELU, [1, 1, 1, 1], ([[1], [2]], [[0]])), ValueError, "as many samples"),
        (lambda: hessian(RELU, [1, 1, 1, 1], (np.zeros((0, 1)), np.zeros((0, 1)))), ValueError, "at least one sample"),
        (lambda: hessian(RELU, [1, 1, 1, 1], ([[1]], [[0]]), weights=[1, 2]), ValueError, "weights must have shape"),
        (lambda: hessian(RELU, [1, 1, 1, 1], ([[1]], [[0]]), "hinge"), ValueError, "loss must be one of mse"),
        (lambda: inertia(RELU, [1, 1, 1, 1], ([[1]], [[0]]), method="guess"), ValueError, "method must be one of auto"),
        (lambda: inertia(RELU, [[1, 1, 1, 1]], ([[1]], [[0]])), ValueError, "one point"),
        (lambda: inertia(RELU, [1, np.inf, 1, 1], ([[1]], [[0]])), ValueError, "theta must be finite, got inf"),
        (lambda: inertia(FullyConnected((1, 1, 1)), [1] * 4, ([[1]], [[0]]), method="exact"), NoExactValue, "method ball"),
        (lambda: exact_inertia(np.array([[1, 2], [3, 4]])), ValueError, "symmetric"),
        (lambda: inertia(MF, [1] * 4, ([[Fraction(1, 2), 0]], [[1]])), ValueError, "index tuples: x must hold whole numbers"),
        (lambda: inertia(MF, [1] * 4, ([[0, 2]], [[1]])), ValueError, "x must hold indices from 0 below"),
        (lambda: inertia(FullyConnected((1, 1, 1)), [1] * 4, ([[1]], [[0]]), zeros=-1), ValueError, "zeros must be a number of proved"),
        (lambda: inertia(FullyConnected((1, 1, 1)), [1] * 4, ([[1]], [[0]]), zeros=1.5), ValueError, "zeros must be a number of proved"),
    ],
)
def test_bad_arguments_are_named(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_hinge3_has_a_hessian_at_its_break():
    curvature = hessian(FullyConnected((1, 1, 1), "hinge3"), rationals([1, -1, 1, 0]), (rationals([[1]]), rationals([[0]])))
    assert curvature.shape == (4, 4)


def test_tensors_of_torch_are_read_in_their_number_type():
    torch = pytest.importorskip("torch")
    rng, model = np.random.default_rng(0), FullyConnected((1, 2, 1))
    theta, x, y = (rng.normal(size=shape).astype(np.float32) for shape in (7, (9, 1), (9, 1)))
    tensors = torch.tensor(theta, requires_grad=True), (torch.tensor(x), torch.tensor(y))
    assert inertia(model, *tensors) == inertia(model, theta, (x, y))


@pytest.mark.parametrize("function", [risk, gradient, hessian, inertia])
@pytest.mark.parametrize("data", ["ab", 3, None, [1, 2], (np.ones((2, 1)),)])
def test_data_are_two_arrays(function, data):
    with pytest.raises(ValueError, match="data must be a pair of inputs and targets"):
        function(FullyConnected((1, 1, 1)), np.ones(4), data)


@pytest.mark.parametrize("function", [risk, gradient, hessian])
@pytest.mark.parametrize(("theta", "words"), [(np.ones(4) * 1j, "real numbers"), (None, "last axis of 4"), (10**400, "last axis of 4")])
def test_theta_is_an_array_of_real_numbers(function, theta, words):
    with pytest.raises(ValueError, match=words):
        function(FullyConnected((1, 1, 1)), theta, (np.ones((2, 1)), np.ones((2, 1))))
