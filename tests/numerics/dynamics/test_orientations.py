"""Predicted orientations: against a grid on the circle, eigenvectors, closed counterexamples, and trained networks."""

import numpy as np
import pytest
from flint import arb

from numerics.arithmetic.krawczyk import certify_zero
from numerics.dynamics.orientations import Prediction, predict_orientations
from theory.dynamics.condensation import LeadingForm, augmented, extrema_of_many, many_orientations, sum_of_powers
from theory.expressions import parse

X = np.linspace(-1, 1.5, 40)[:, None]
Y = np.sin(3 * X[:, 0]) + np.sin(6 * X[:, 0]) / 2


def power(p):
    return parse(f"z**{p - 1}*tanh(z)" if p > 1 else "tanh(z)")


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5])
def test_on_the_circle_a_grid_sees_the_same_extrema(p):
    found = predict_orientations(power(p), augmented(X), Y)
    phi = np.linspace(0, 2 * np.pi, 20001)[:-1]
    values = LeadingForm(augmented(X), Y, p)(np.stack([np.cos(phi), np.sin(phi)], axis=1))
    for side in (1, -1):
        peaks = (side * values > side * np.roll(values, 1)) & (side * values >= side * np.roll(values, -1))
        angles = np.sort([np.arctan2(*o.direction[::-1]) % (2 * np.pi) for o in found.orientations if o.side == side])
        np.testing.assert_allclose(angles, phi[peaks], atol=1e-3)
    assert found.complete and found.certified and not found.single_signed and found.multiplicity == p


def test_with_an_offset_one_orientation_is_left():
    for sigma, y in (("sigmoid", Y + 1), ("sigmoid", Y - 1), ("softplus", Y + 1)):
        found = predict_orientations(sigma, augmented(X), y)
        z = (y - y.mean()) @ augmented(X)
        np.testing.assert_allclose(found.directions, [np.sign(y.mean()) * z / np.linalg.norm(z)], atol=1e-12)
        assert found.single_signed
    balanced = np.array([1.0, -2.0, 1.0])
    assert len(predict_orientations("sigmoid", augmented(np.array([[0.0], [1.0], [3.0]])), balanced).orientations) == 2


@pytest.mark.parametrize("dimension", [3, 5, 8])
def test_multiplicity_two_has_four_orientations_in_any_dimension(dimension):
    rng = np.random.default_rng(dimension)
    x, y = rng.normal(size=(3 * dimension, dimension)), rng.normal(size=3 * dimension)
    found = predict_orientations(power(2), x, y)
    vectors = np.linalg.eigh((x.T * y) @ x)[1]
    assert found.complete and found.certified and [o.side for o in found.orientations] == [1, 1, -1, -1]
    np.testing.assert_allclose(np.abs(found.directions @ vectors[:, [-1, 0]]), [[1, 0], [1, 0], [0, 1], [0, 1]], atol=1e-9)


@pytest.mark.parametrize("dimension", [3, 4, 6])
def test_the_cubic_counterexample_is_found_and_proved(dimension):
    x, y = sum_of_powers(dimension)
    found = predict_orientations(power(3), augmented(x), y)
    assert found.certified and not found.complete
    expected = np.concatenate([np.eye(dimension), -np.ones((1, dimension)) / dimension**0.5])
    for side in (1, -1):
        directions = np.array([o.direction for o in found.orientations if o.side == side])
        assert len(directions) == dimension + 1 and sum(o.growing for o in found.orientations if o.side == side) == dimension
        assert ((side * directions) @ expected.T).max(axis=0) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("p", [3, 4, 5])
def test_more_orientations_than_twice_the_multiplicity(p):
    x, y = many_orientations(3, p)
    found = predict_orientations(power(p), augmented(x), y)
    assert found.certified and len(found.growing) >= extrema_of_many(3, p) > 2 * p


def test_a_box_is_repeated_from_its_text():
    x, y = sum_of_powers(3)
    certificate = predict_orientations(power(3), augmented(x), y).orientations[0].certificate
    value = lambda v: v[3] * arb(certificate["scale"])
    system = lambda v: [*(v[k] * v[k] - value(v) * v[k] for k in range(3)), (1 - v[0] * v[0] - v[1] * v[1] - v[2] * v[2]) / 2]
    repeated = {"bits": certificate["bits"], "radius": certificate["radius"]}
    certify_zero(system, certificate["centre"], polish=0, **repeated)  # raises NotCertified where the box does not hold a zero


@pytest.mark.parametrize(("eigenvalues", "growing"), [((1, 2, 3), [1, 1]), ((-1, -2, -3), [-1, -1]), ((1, 2, -3), [1, 1, -1, -1])])
def test_weights_grow_where_the_form_has_the_sign_of_the_side(eigenvalues, growing):
    found = predict_orientations(power(2), np.eye(3), eigenvalues)
    assert [o.side for o in found.growing] == growing and len(found.orientations) == 4
    zero = predict_orientations(power(2), np.eye(3), (0, 1, 2))
    assert [o.growing for o in zero.orientations] == [True, True, None, None]


def test_degenerate_extrema_are_left_unproved():
    """V = (u . x)^2 has its minimum 0 on a whole circle."""
    found = predict_orientations(power(2), np.array([[1.0, 2.0, 2.0]]), [1.0])
    assert [o.side for o in found.orientations if o.certificate] == [1, 1] and not found.certified and not found.complete


def test_the_closest_direction():
    found = predict_orientations("tanh", augmented(X), Y)
    assert isinstance(found, Prediction)
    cosine, which = found.closest(3 * found.directions[[1, 0, 1]])
    assert cosine == pytest.approx(1) and which.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("sigma", "x", "y", "message"),
    [
        ("relu", augmented(X), Y, "no multiplicity"),
        ("tanh", augmented(X), 0 * Y, "labels must not all be 0"),
        ("sigmoid", augmented(X), 0 * Y + 2, "labels must not all be equal"),
        ("tanh", X, Y, "D >= 2 entries, the bias included, got D = 1"),
        ("tanh", augmented(X), Y[:-1], r"inputs \(n, D\) and labels \(n,\)"),
        ("tanh", np.eye(2)[[0, 0]], [1, -1], "must not be 0 for multiplicity 1"),
        (power(2), np.array([[-1, 1], [1, 1], [0, 1]]), [0.5, 0.5, 0], "constant on the circle"),
        ("tanh", np.full((2, 2), np.nan), [1, 1], "finite"),
    ],
)
def test_bad_input_is_named(sigma, x, y, message):
    with pytest.raises(ValueError, match=message):
        predict_orientations(sigma, x, y)
