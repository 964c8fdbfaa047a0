"""Lifts with neurons in pieces of slope zero: constant on the data, without weight in the ranks that make a lift regular."""

from fractions import Fraction

import numpy as np
import pytest

from theory.lifting import features, lift, lift_with
from theory.lifting.factoring import rank_of
from theory.lifting.pieces import affine_pieces
from theory.models import FullyConnected


def constraint_jacobian(found):
    """The differential of (W' S What, W' (S bhat + offsets) [+ b']) by central differences, which are exact for quadratic maps."""
    deep, q, slopes = found.deep, found.after, np.array([p.slope for p in found.pieces])
    offsets = np.array([p.offset for p in found.pieces])

    def constraints(theta):
        parts = deep.unpack(theta)
        inner, biases, outer = parts[f"W{q + 1}"], parts[f"b{q + 1}"], parts[f"W{q + 2}"]
        product = (outer * slopes) @ inner
        return np.append(product.ravel(), outer @ (slopes * biases + offsets) + parts.get(f"b{q + 2}", 0))

    index = deep.unpack(np.arange(deep.n_params))
    new = np.concatenate([index[name].ravel() for name in (f"W{q + 1}", f"b{q + 1}", f"W{q + 2}", f"b{q + 2}") if name in index])
    units = np.frompyfunc(Fraction, 1, 1)(np.eye(deep.n_params, dtype=int))[new]
    return np.stack([(constraints(found.theta + unit) - constraints(found.theta - unit)) / 2 for unit in units], axis=1)


def with_constant_neurons(found, rows, columns):
    """``found`` with neurons of incoming weights ``rows`` and outgoing weights ``columns`` more, all in the leftmost piece."""
    piece = affine_pieces(found.deep.activation, constant=True)[0]
    values = features(found.shallow, found.shallow_theta, found.x, found.after) @ rows.T
    inner, biases, outer = found.parts
    inner, outer = np.concatenate([inner, rows]), np.concatenate([outer, columns], axis=1)
    biases = np.append(biases, piece.upper - 1 - values.max(axis=0))
    return lift_with(found.shallow, found.shallow_theta, found.x, found.after, inner, biases, outer)


def test_a_constant_neuron_makes_no_lift_regular():
    """Weights 5 and 1 of the constant neuron give What and W' full rank, and the differential nothing."""
    model = FullyConnected((1, 1, 1), "hardtanh")
    found = lift_with(model, [0, 0, 1, 0], [[1], [2]], 0, [[0], [5]], [0, 100], [[0, 1]])
    assert [piece.slope for piece in found.pieces] == [1, 0]
    assert rank_of(found.differential()) == 3 < model.n_params
    assert not found.regular and found.dimension is None


@pytest.mark.parametrize("name", ["relu", "hardtanh"])
@pytest.mark.parametrize("seed", range(30))
def test_regular_is_what_the_differential_says(name, seed):
    rng = np.random.default_rng(seed)
    model = FullyConnected((2, 2, 2), name)
    theta, x = rng.integers(-2, 3, model.n_params), rng.integers(-3, 4, (4, 2))
    if seed % 3:
        theta[2:4] = seed % 3 * theta[:2]  # W1 is short of rank, so that lifts of it can be irregular
    plain = lift(model, theta, x, 0, width=2 + seed % 2, rng=rng, irregular=True)
    found = with_constant_neurons(plain, rng.integers(-2, 3, (2, 2)), rng.integers(-2, 3, (2, 2)))
    assert (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()
    assert found.regular == plain.regular == (rank_of(found.differential()) == model.n_params)
    jacobian = constraint_jacobian(found)
    if found.regular:
        assert found.dimension == jacobian.shape[1] - rank_of(jacobian) == found.deep.n_params - model.n_params
    else:
        assert found.dimension is None and rank_of(jacobian) < len(jacobian)


@pytest.mark.parametrize(
    ("name", "inner", "biases", "outer", "dimension"),
    [
        ("hardtanh", [[1], [0], [0]], [0, 2, -2], [[1, 2, 2]], 7),
        ("hardtanh", [[0], [0], [0]], [0, 2, -2], [[0, 2, 2]], None),
        ("relu", [[1], [0], [3]], [1, 1, -9], [[1, -1, 5]], 7),
        ("relu", [[1], [3]], [0, -9], [[1, 5]], 4),
        ("hardtanh", [[1], [5]], [0, 9], [[1, 0]], 4),
    ],
)
def test_constant_neurons_where_no_bias_takes_up_constants(name, inner, biases, outer, dimension):
    """What the constants leave of mh (m_q + m_(q+1) + 1) - m_q m_(q+1), once W' (S bhat + offsets) = 0 is demanded too."""
    model = FullyConnected((1, 1, 1), name, output_bias=False)
    theta = [Fraction(1, 4), 0, inner[0][0] * outer[0][0]]  # W2 is what the first neuron passes on
    found = lift_with(model, theta, [[1], [2]], 1, inner, biases, outer)
    jacobian = constraint_jacobian(found)
    assert found.dimension == dimension
    assert (rank_of(jacobian) == 2) == (dimension is not None)
    assert dimension is None or jacobian.shape[1] - rank_of(jacobian) == dimension
