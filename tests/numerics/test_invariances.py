"""Directions of constant loss, inertias beside known kernels, and splits at any point."""

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.critical import certify
from numerics.critical.invariances import are_independent, independent, invariant_directions, quotient_inertia, shift_directions
from numerics.critical.search import in_balls
from numerics.critical.splits import split_bounds
from numerics.critical.weights import gradient_at, inertia_at
from numerics.hessian import gradient, hessian, inertia, rounded
from numerics.planting import plant
from theory.models import FullyConnected, MatrixFactorization, TwoLayer

RELU = TwoLayer(2, 3, 2, activation="relu", bias=True, output_bias=True)
TANH = TwoLayer(2, 2, 3, bias=True, output_bias=True)


def planted(model, loss, size=0.1, n=20):
    rng = np.random.default_rng(1)
    theta = model.init(rng)
    return theta, plant(model, theta, rng.normal(size=(n, model.inputs)), loss=loss, size=size)


@pytest.mark.parametrize(
    ("model", "loss", "count"),
    [
        (TANH, "mse", 0),
        (TANH, "cross-entropy", 3),
        (RELU, "mse", 3),
        (RELU, "cross-entropy", 7),
        (FullyConnected((2, 2, 2, 1), "power:2"), "mse", 4),
        (FullyConnected((2, 3), bias=False), "cross-entropy", 2),
        (MatrixFactorization(2, 2, 1), "mse", 0),
    ],
    ids=str,
)
def test_the_gradient_is_orthogonal_to_them_at_every_point(model, loss, count):
    rng = np.random.default_rng(0)
    theta = model.init(rng)
    directions = invariant_directions(model, theta, loss)
    assert directions.shape == (count, model.n_params)
    if count:
        x, y = rng.normal(size=(9, model.inputs)), np.eye(model.outputs)[rng.integers(0, model.outputs, 9)]
        np.testing.assert_allclose(directions @ gradient(model, theta, (x, y), loss), 0, atol=1e-12)
        shifts = shift_directions(model, loss)
        np.testing.assert_allclose(hessian(model, theta, (x, y), loss) @ shifts.T, 0, atol=1e-12)


@pytest.mark.parametrize(("model", "loss"), [(TANH, "cross-entropy"), (RELU, "mse"), (TANH, "mse")], ids=str)
def test_points_that_are_never_isolated_are_certified_with_coordinates_held(model, loss):
    theta, data = planted(model, loss)
    zeros = len(invariant_directions(model, theta, loss))
    if zeros:
        with pytest.raises(NotCertified):
            certify(model, theta, data, loss)
    point = certify(model, theta, data, loss, invariances=True)
    assert point.inertia.zero == zeros == len(point.held) and point.inertia.certified
    assert point.theta[list(point.held)].tolist() == theta[list(point.held)].tolist()
    np.testing.assert_allclose(point.theta, theta, atol=1e-9)
    with working_precision(128):
        assert all(entry.contains(0) for entry in gradient(model, point.box.enclosure, in_balls(model, data), loss))


@pytest.mark.parametrize("alpha", [0.5, -1, 2])
@pytest.mark.parametrize(("model", "loss", "layer"), [(TANH, "cross-entropy", 1), (FullyConnected((1, 2, 2, 1)), "mse", 2)], ids=str)
def test_splits_of_a_critical_point_are_decided(model, loss, layer, alpha):
    theta, data = planted(model, loss)
    point = certify(model, theta, data, loss, invariances=True)
    with working_precision(128):
        exact = in_balls(model, data)
        predicted, observed = split_bounds(model, point.box.enclosure, point.inertia, exact, layer, 0, alpha, loss, critical=True)
    assert predicted == observed and predicted.certified
    assert predicted.zero == point.inertia.zero + (2 if loss == "cross-entropy" else 1)


@pytest.mark.parametrize("loss", ["mse", "cross-entropy"])
def test_the_congruence_holds_where_the_gradient_does_not_vanish(loss):
    rng = np.random.default_rng(3)
    theta, data = TANH.init(rng), (rng.normal(size=(12, 2)), np.eye(3, dtype=int)[np.arange(12) % 3])
    narrow = inertia_at(TANH, theta, data, loss)
    with working_precision(128):
        point, *exact = rounded(TANH, theta, data)
        predicted, observed = split_bounds(TANH, point, narrow, tuple(exact), 1, 1, 0.3, loss)
    assert predicted == observed and predicted.certified and predicted.zero == (4 if loss == "cross-entropy" else 0)


def test_a_ball_around_zero_is_no_zero():
    with working_precision(128):
        from flint import arb

        matrix, none = balls(np.diag([1, 0, -1])), np.zeros((0, 3), dtype=object)
        assert quotient_inertia(matrix, none).counts == (1, 1, 1)
        matrix[1, 1] = arb(0, 1e-30)
        found = quotient_inertia(matrix, none)
        assert found.undecided == 1 and not found.certified
        assert quotient_inertia(matrix, balls([[0, 1, 0]])).counts == (1, 1, 1)
        assert quotient_inertia(balls([[0]]), balls([[1]])).counts == (0, 1, 0)


def test_dependent_vectors_do_not_count_twice():
    vectors = balls([[1, 2, 0], [2, 4, 0], [0, 1, 1]])
    rows, columns = independent(vectors)
    assert len(rows) == 2 and are_independent(vectors[rows], columns)
    assert not are_independent(vectors[:2], [0, 1])


def test_rounding_is_that_of_the_number_type():
    theta, data = planted(TANH, "mse")
    double, single = gradient_at(TANH, theta, data), gradient_at(TANH, theta.astype(np.float32), data)
    assert double.vanishes and single.vanishes
    assert 1e-16 < double.rounding.max() < 1e-13 < 1e-7 < single.rounding.max() < 1e-4
    moved = theta.copy()
    moved[0] += 1e-9
    assert not gradient_at(TANH, moved, data).vanishes and gradient_at(TANH, moved.astype(np.float32), data).vanishes
    half = inertia(TANH, theta.astype(np.float16), data)
    assert half.undecided > inertia(TANH, theta, data).undecided == 0


def test_whole_numbers_are_decided_exactly():
    model = TwoLayer(1, 1, activation="relu")
    found = inertia_at(model, np.array([1.0, 2.0]), (np.array([[1.0], [-1.0]]), np.array([[2.0], [0.0]])))
    assert found.method == "exact" and found.counts == (0, 1, 1)
