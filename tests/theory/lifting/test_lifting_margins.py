"""How far lifts keep from the ends of their pieces, what counts as a lift up to a tolerance, and arguments of the wrong shape."""

from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy

from theory.activations import activation
from theory.lifting import Condition, as_fully_connected, features, lift, lift_with, lifting_conditions, numbers, preactivations
from theory.lifting.pieces import INFINITY, AffinePiece, affine_pieces
from theory.lifting.smooth import scaled_lift
from theory.models import FullyConnected, MatrixFactorization, TwoLayer


def case(name, *, output_bias=True, seed=0):
    rng = np.random.default_rng(seed)
    model = FullyConnected((2, 3, 2), name, output_bias=output_bias)
    return model, rng.integers(-4, 5, model.n_params), rng.integers(-3, 4, (5, 2)), rng


@pytest.mark.parametrize("name", ["relu", "leaky", "hinge3", "hardtanh", "identity"])
@pytest.mark.parametrize("margin", [Fraction(1, 8), Fraction(1, 2), Fraction(3)])
@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("as_floats", [False, True])
def test_lifts_keep_their_margin_in_every_piece(name, margin, drawn, as_floats):
    """A quarter of a bounded piece at most; on half-lines exactly the margin where nothing is drawn."""
    model, theta, x, rng = case(name)
    theta, x = (theta.astype(float), x.astype(float)) if as_floats else (theta, x)
    for piece in affine_pieces(activation(name)):
        for after in (0, 1):
            found = lift(model, theta, x, after, width=4, piece=piece, margin=margin, rng=rng if drawn else None)
            bounded = piece.upper - piece.lower < INFINITY
            least = min(margin, (piece.upper - piece.lower) / 4) if bounded else margin
            assert set(found.pieces) == {piece} and found.slack >= float(least) * (1 - 1e-9)
            z = preactivations(found.deep, found.theta, found.x, after + 1)
            assert found.slack == min(piece.slack(min(column), max(column)) for column in z.T)
            if not drawn and not bounded and piece.upper - piece.lower == INFINITY and INFINITY in (piece.upper, -piece.lower):
                ends = (piece.lower, piece.upper)
                assert ends == (-INFINITY, INFINITY) or float(found.slack) == pytest.approx(float(margin), rel=1e-6)
            gap = np.abs(found.deep(found.theta, found.x) - model(found.shallow_theta, found.x)).max()
            assert gap <= (1e-11 if as_floats else 0)


def test_pieces_may_be_chosen_one_by_one():
    model, theta, x, _ = case("leaky")
    left, right = affine_pieces(activation("leaky"))
    found = lift(model, theta, x, 1, width=3, piece=[left, right, left])
    assert found.pieces == (left, right, left) and (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()
    for wrong in ([left, right], [left, right, AffinePiece(left.lower, left.upper, Fraction(1), Fraction(0))]):
        with pytest.raises(ValueError, match="piece must be one of"):
            lift(model, theta, x, 1, width=3, piece=wrong)


@pytest.mark.parametrize("name", ["hardtanh", "identity"])
def test_without_biases_behind_lifts_are_centred_inside_half_the_room(name):
    model, theta, x, rng = case(name, output_bias=False)
    for generator in (None, rng):
        found = lift(model, theta, 100 * x, 1, width=4, rng=generator)
        assert (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all() and not found.chain_rule
        z = preactivations(found.deep, found.theta, found.x, 2)
        assert found.slack >= (Fraction(1, 2) if name == "hardtanh" else INFINITY) or name == "identity"
        assert np.abs(z).max() <= Fraction(1, 2) or name == "identity"
        assert found.regular and found.dimension == found.deep.n_params - model.n_params - 2
        shape = (found.shallow.n_params, found.deep.n_params)
        assert found.differential().shape == shape


def test_a_lift_is_judged_up_to_a_relative_tolerance():
    model, theta, x, _ = case("relu")
    found = lift(model, theta, x, 1, width=4)
    assert found.conditions() == (
        Condition("local in layer", True),
        Condition("layer linearization", True),
        Condition("output preservation", True),
    )
    parts = found.deep.unpack(found.theta.copy())
    largest = max(abs(found.shallow.unpack(found.shallow_theta)["b2"]))
    parts["b3"][0] += largest / 8
    judged = lambda tolerance: lifting_conditions(model, theta, found.deep, found.deep.pack(**parts), x, 1, tolerance=tolerance)[2]
    assert not judged(0.0).holds and "b2 by" in judged(0.0).message and "W2" not in judged(0.0).message
    assert not judged(0.05).holds and judged(0.13).holds and judged(0.13).message == ""
    with pytest.raises(ValueError, match="one layer inserted after 0"):
        lifting_conditions(model, theta, found.deep, found.theta, x, 0)
    with pytest.raises(ValueError, match="one layer inserted after 3"):
        lifting_conditions(model, theta, found.deep, found.theta, x, 3)


def test_given_factors_are_checked_in_shape_and_product():
    model = FullyConnected((1, 1, 1), "hinge3", output_bias=False)
    theta, x = [2, -9, 3], [[1], [2]]  # W1, b1, W2: pre-activations -7 and -5
    good = lift_with(model, theta, x, 0, [[1], [1]], [-4, -8], [[1, 1]])
    assert (good.deep(good.theta, good.x) == model(good.shallow_theta, good.x)).all()
    inner, biases, outer = good.parts
    assert (inner.tolist(), biases.tolist(), outer.tolist()) == ([[1], [1]], [-4, -8], [[1, 1]])
    for change in ({"inner": [[1, 0], [1, 0]]}, {"inner": [[1]]}, {"outer": [[1], [1]]}, {"outer": [[1, 1], [0, 0]]}):
        with pytest.raises(ValueError, match="must have shape"):
            lift_with(model, theta, x, 0, **{"inner": [[1], [1]], "biases": [-4, -8], "outer": [[1, 1]], **change})
    off = [[1, 1.25]]
    with pytest.raises(ValueError, match="relative difference of 0.111"):
        lift_with(model, theta, x, 0, [[1], [1]], [-4, -8], off)
    assert lift_with(model, theta, x, 0, [[1], [1]], [-4, -8], off, tolerance=0.12).deep.widths == (1, 2, 1, 1)
    with pytest.raises(ValueError, match="layer 2 has no biases"):
        lift_with(model, theta, x, 1, [[1]], [-1], [[3]])


def test_numbers_of_every_kind():
    read = numbers("theta", np.array([1, sympy.Rational(1, 3), flint.fmpq(2, 7), Fraction(3, 4)], dtype=object), [1])
    assert read.tolist() == [1, Fraction(1, 3), Fraction(2, 7), Fraction(3, 4)] and read.dtype == object
    assert numbers("theta", [1, 2], [0.5]).dtype == float and numbers("theta", [1.0], [1]).dtype == float
    assert numbers("theta", np.zeros((0, 2)), [1]).shape == (0, 2)
    for wrong in ([1.0, float("nan")], [float("inf")], np.array([1, "x"], dtype=object), np.array([1, float("nan")], dtype=object)):
        with pytest.raises(ValueError, match="theta must"):
            numbers("theta", wrong, [1])


def test_layers_of_a_two_layer_model():
    model = TwoLayer(2, 3, 1, "relu", bias=True)
    deep = as_fully_connected(model)
    assert (deep.widths, deep.bias, deep.output_bias) == ((2, 3, 1), True, False) and as_fully_connected(deep) is deep
    theta, x = np.arange(model.n_params), np.array([[1, -2]])
    parts = model.unpack(theta)
    z = x @ parts["input_weights"].T + parts["input_biases"]
    assert (preactivations(deep, theta, x, 1) == z).all() and (features(deep, theta, x, 1) == np.maximum(z, 0)).all()
    assert (features(deep, theta, x, 0) == x).all()
    with pytest.raises(ValueError, match="FullyConnected or TwoLayer"):
        as_fully_connected(MatrixFactorization(2, 2, 2))


@pytest.mark.parametrize("bias", [0.0, 0.5])
@pytest.mark.parametrize("after", [0, 1])
def test_scaled_lifts_have_the_stated_parts(bias, after):
    model = FullyConnected((2, 3, 1))
    theta, epsilon = model.init(np.random.default_rng(0)), 0.125
    deep, lifted = scaled_lift(model, theta, after, epsilon, bias=bias)
    narrow, wide, m = model.unpack(theta), deep.unpack(lifted), (2, 3)[after]
    slope, value = 1 - np.tanh(bias) ** 2, np.tanh(bias)
    assert deep.widths == ((2, 2, 3, 1), (2, 3, 3, 1))[after]
    assert (wide[f"W{after + 1}"] == epsilon * np.eye(m)).all() and (wide[f"b{after + 1}"] == bias).all()
    np.testing.assert_allclose(wide[f"W{after + 2}"], narrow[f"W{after + 1}"] / (epsilon * slope), rtol=1e-13)
    np.testing.assert_allclose(wide[f"b{after + 2}"], narrow[f"b{after + 1}"] - wide[f"W{after + 2}"] @ np.full(m, value), rtol=1e-12)
    other = {0: ("W2", "W3"), 1: ("W1", "W1")}[after]
    assert (wide[other[1]] == narrow[other[0]]).all()
    for wrong in (True, -1, 2):
        with pytest.raises(ValueError, match="after must be"):
            scaled_lift(model, theta, wrong, epsilon)


def test_scaled_lifts_of_weights_that_vanish():
    model = FullyConnected((2, 3, 1))
    deep, lifted = scaled_lift(model, np.zeros(model.n_params), 0, 0.5, bias=0.25)
    assert np.isfinite(lifted).all() and (deep.unpack(lifted)["b1"] == 0.25).all()
