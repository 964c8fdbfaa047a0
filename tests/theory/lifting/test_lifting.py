"""Lifts in depth: conditions, exactness, bad input, merging; residual blocks and batch normalization."""

from fractions import Fraction

import numpy as np
import pytest

from theory.activations import activation
from theory.lifting import features, lift, lift_with, lifting_conditions, merge
from theory.lifting.factoring import TooNarrow, factor, rank_of, row_reduced
from theory.lifting.pieces import AffinePiece, LeavesPiece, NoAffinePiece, affine_pieces, pieces_met
from theory.lifting.residual import insert_residual
from theory.lifting.smooth import scaled_lift
from theory.models import FullyConnected, TwoLayer
from theory.models.normalization import BatchNormalized, DegenerateBatch, extremal_batch, shift_bounds, squared_scores

SHAPES = [(2, 2, 1), (1, 2, 2, 1), (2, 3, 1), (3, 2)]
ACTIVATIONS = ["hinge3", "leaky", "relu", "hardtanh", "identity"]


def exact_case(widths, name, seed=0, n=4):
    rng = np.random.default_rng(seed)
    model = FullyConnected(widths, name)
    return model, rng.integers(-4, 5, model.n_params), rng.integers(-3, 4, (n, widths[0])), rng


@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("random", [False, True])
def test_lifts_are_exact_and_merge_back(widths, name, random):
    model, theta, x, rng = exact_case(widths, name)
    for after in range(model.depth):
        for width in (None, 5):
            found = lift(model, theta, x, after, width=width, rng=rng if random else None, irregular=False)
            assert all(condition.holds for condition in found.conditions())
            assert (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()
            back = merge(found.deep, found.theta, found.x, after + 1)
            assert back.model == model and (back.theta == found.shallow_theta).all()
            assert found.slack > 0 and found.regular
            assert found.dimension == found.deep.n_params - model.n_params
            assert rank_of(found.differential()) == model.n_params


def test_differential_is_that_of_the_collapse():
    model, theta, x, rng = exact_case((2, 2, 1), "leaky")
    found = lift(model, theta, x, 1, width=3, rng=rng)
    matrix = found.differential()
    for k in range(found.deep.n_params):
        unit = np.array([Fraction(int(j == k)) for j in range(found.deep.n_params)])
        assert ((found.collapse(found.theta + unit) - found.collapse(found.theta - unit)) / 2 == matrix[:, k]).all()


def test_floats_agree_up_to_rounding():
    rng = np.random.default_rng(1)
    model = FullyConnected((3, 4, 4, 2), "relu")
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(20, 3))
    found = lift(model, theta, x, 2, width=4, rng=rng)
    assert np.abs(found.deep(found.theta, x) - model(theta, x)).max() < 1e-10
    assert all(condition.holds for condition in found.conditions(tolerance=1e-10))


def test_lifts_compose():
    model, theta, x, rng = exact_case((2, 2, 1), "hinge3")
    first = lift(model, theta, x, 1, width=2, rng=rng)
    second = lift(first.deep, first.theta, x, 0, width=3, rng=rng)
    assert second.deep.widths == (2, 3, 2, 2, 1)
    assert (second.deep(second.theta, x) == model(first.shallow_theta, first.x)).all()
    assert (first.collapse(second.collapse(second.theta)) == first.shallow_theta).all()


def test_two_layer_models_are_read_as_networks():
    model = TwoLayer(2, 3, 1, "relu", bias=True, output_bias=True)
    theta = np.arange(model.n_params)
    found = lift(model, theta, [[1, 2], [0, -1]], 1)
    assert found.deep.widths == (2, 3, 1, 1)
    assert (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()


def test_the_smallest_width_is_the_rank():
    model, theta, x, _ = exact_case((2, 3, 3, 1), "relu")
    parts = model.unpack(theta)
    parts["W2"] = np.outer([1, 2, 3], [1, -1, 2])
    theta = model.pack(**parts)
    assert lift(model, theta, x, 1, width=1).deep.widths == (2, 3, 1, 3, 1)
    parts["W2"] = parts["W2"] + np.eye(3, dtype=int)
    with pytest.raises(TooNarrow, match="at least 3"):
        lift(model, model.pack(**parts), x, 1, width=2)


@pytest.mark.parametrize("matrix", [[[1, 2], [2, 4]], [[0, 0], [0, 0]], [[1, 0, 2], [0, 1, 1]]])
@pytest.mark.parametrize("as_floats", [False, True])
def test_factors_multiply_back(matrix, as_floats):
    matrix = np.array(matrix, dtype=float) if as_floats else np.frompyfunc(Fraction, 1, 1)(np.array(matrix))
    rng = np.random.default_rng(0)
    for width in range(max(1, rank_of(matrix)), 5):
        for generator in (None, rng):
            left, right = factor(matrix, width, rng=generator)
            assert left.shape[1] == width == right.shape[0]
            assert np.abs(left @ right - matrix).max() < (1e-12 if as_floats else Fraction(1, 10**30))


def test_row_reduction_of_a_known_matrix():
    reduced, pivots = row_reduced(np.frompyfunc(Fraction, 1, 1)(np.array([[0, 2, 4], [1, 1, 1], [1, 3, 5]])))
    assert pivots == [0, 1] and reduced.tolist() == [[1, 0, -1], [0, 1, 2]]


def test_pieces_of_the_activations():
    assert [(p.lower, p.upper, p.slope) for p in affine_pieces(activation("relu"))] == [(0, float("inf"), 1)]
    assert len(affine_pieces(activation("hardtanh"), constant=True)) == 3
    assert [p.slope for p in affine_pieces(activation("leaky"))] == [Fraction(1, 2), 1]
    assert affine_pieces(activation("tanh")) == ()


def test_constant_layers_merge_too():
    model = FullyConnected((1, 2, 1), "relu")
    theta = model.pack(W1=[[1], [1]], b1=[-9, 9], W2=[[5, 2]], b2=[1])
    assert merge(model, theta, [[1], [2]], 1).theta.tolist() == [2, 19]


def test_conditions_name_what_breaks():
    model, theta, x, _ = exact_case((2, 2, 1), "relu")
    found = lift(model, theta, x, 1, width=2)
    parts = found.deep.unpack(found.theta.copy())
    parts["W1"][0, 0] += 1
    broken = lifting_conditions(model, theta, found.deep, found.deep.pack(**parts), x, 1)
    assert not broken[0].holds and broken[0].message == "W1 not inherited"
    parts = found.deep.unpack(found.theta.copy())
    parts["W3"][0, 0] += 1
    assert [c.holds for c in lifting_conditions(model, theta, found.deep, found.deep.pack(**parts), x, 1)] == [True, True, False]
    parts = found.deep.unpack(found.theta.copy())
    sums = features(model, found.shallow_theta, found.x, 1).sum(axis=1)
    parts["W2"][1], parts["b2"][1] = [1, 1], -(max(sums) + min(sums)) / 2
    conditions = lifting_conditions(model, theta, found.deep, found.deep.pack(**parts), x, 1)
    assert [c.holds for c in conditions] == [True, False, False] and "neuron 1 leaves" in conditions[1].message


def test_without_biases_behind_the_constants_must_vanish():
    model = FullyConnected((2, 2, 1), "hardtanh", output_bias=False)
    theta = np.arange(1, model.n_params + 1)
    found = lift(model, theta, [[1, 0], [0, 1]], 1)
    assert not found.chain_rule and (found.deep(found.theta, found.x) == model(found.shallow_theta, found.x)).all()
    with pytest.raises(ValueError, match="sigma must vanish inside the piece"):
        lift(FullyConnected((2, 2, 1), "relu", output_bias=False), theta, [[1, 0]], 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"after": 2}, ValueError, "after must be a layer from 0"),
        ({"after": -1}, ValueError, "after must be a layer from 0"),
        ({"width": 0}, ValueError, "width must be a positive integer"),
        ({"x": [[1, 2, 3]]}, ValueError, r"x must have shape \(n, 2\)"),
        ({"x": [[1.0, float("nan")]]}, ValueError, "x must be finite"),
        ({"theta": [1, 2]}, ValueError, "theta must have shape"),
        ({"margin": 0}, ValueError, "margin must be positive"),
        ({"margin": float("inf")}, ValueError, "margin must be positive and below"),
        ({"margin": 10**400}, ValueError, "margin must be positive and below"),
        ({"margin": True}, ValueError, "margin must be positive and below"),
        ({"model": FullyConnected((2, 2, 1), "tanh")}, NoAffinePiece, "tanh has no affine piece"),
        ({"model": FullyConnected((2, 2, 1), "relu", bias=False), "theta": [1] * 6}, ValueError, "biases in its hidden layers"),
        ({"piece": AffinePiece(0, 1, Fraction(2), Fraction(0))}, ValueError, "piece must be one of"),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {"model": FullyConnected((2, 2, 1), "relu"), "theta": list(range(9)), "x": [[1, 2], [0, 1]], "after": 1, **change}
    model, theta, x, after = (arguments.pop(name) for name in ("model", "theta", "x", "after"))
    with pytest.raises(error, match=message):
        lift(model, theta, x, after, **arguments)


def test_data_that_leave_the_piece_are_named():
    with pytest.raises(LeavesPiece, match="neuron 1 leaves its affine piece .* on sample 2, by 3") as caught:
        pieces_met(activation("hinge3"), np.array([[-1, -5], [-2, -6], [-3, 3]]))
    assert (caught.value.neuron, caught.value.sample, caught.value.excess) == (1, 2, 3)
    model = FullyConnected((1, 1, 1), "hinge3")
    with pytest.raises(LeavesPiece, match="on sample 1"):
        lift_with(model, [1, 0, 1, 0], [[-1], [4]], 0, [[1]], [0], [[1]])
    with pytest.raises(ValueError, match="W' S What"):
        lift_with(model, [1, 0, 1, 0], [[-1], [-4]], 0, [[1]], [0], [[2]])


def test_merging_bad_layers_is_refused():
    model = FullyConnected((1, 2, 1), "relu")
    with pytest.raises(ValueError, match="hidden layer from 1 to 1"):
        merge(model, [1] * 7, [[1]], 2)
    with pytest.raises(LeavesPiece):
        merge(model, [1, 1, 0, 0, 1, 1, 0], [[-1], [1]], 1)


def test_scaled_lifts_of_tanh_are_of_second_order():
    rng = np.random.default_rng(0)
    model = FullyConnected((2, 3, 1), "tanh")
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(9, 2))
    gaps = []
    for epsilon in (1e-2, 1e-3):
        deep, lifted = scaled_lift(model, theta, 1, epsilon)
        gaps.append(np.abs(deep(lifted, x) - model(theta, x)).max())
    assert 90 < gaps[0] / gaps[1] < 110
    for wrong, message in (({"after": 2}, "after must be"), ({"epsilon": 0.0}, "must not vanish")):
        with pytest.raises(ValueError, match=message):
            scaled_lift(model, theta, **{"after": 1, "epsilon": 0.1, **wrong})
    with pytest.raises(ValueError, match="must have biases"):
        scaled_lift(FullyConnected((2, 3, 1), "tanh", bias=False), np.ones(9), 1, 0.1)


# ------------------------------------------------------------------------------------------------- residual blocks


@pytest.mark.parametrize("outer", [None, [[1, 0, 2], [0, 1, -1]]])
def test_a_silent_block_changes_nothing(outer):
    model = FullyConnected((2, 2, 1), "ratsig")
    theta = np.frompyfunc(Fraction, 1, 1)(np.arange(1, 10))
    biases = [Fraction(1, 2), Fraction(-1, 3), Fraction(2)][: 3 if outer else 2]
    deep, lifted = insert_residual(model, theta, 1, biases, outer=outer)
    x = np.array([[1, 2], [5, -7]])
    assert (deep(lifted, x) == model(theta, x)).all()
    assert deep.n_params == 9 + (6 if outer is None else 3 * 2 + 3 + 6)


def test_bad_blocks_are_refused():
    model = FullyConnected((2, 2, 1), "tanh")
    with pytest.raises(ValueError, match="biases must have shape"):
        insert_residual(model, np.ones(9), 1, [1.0])
    with pytest.raises(ValueError, match="after must be a layer"):
        insert_residual(model, np.ones(9), 2, [1.0])
    with pytest.raises(ValueError, match="no biases to take up"):
        insert_residual(FullyConnected((2, 2, 1), "tanh", output_bias=False), np.ones(8), 1, [1.0, 1.0])


# --------------------------------------------------------------------------------------------- batch normalization


def test_the_extremal_batch_attains_both_bounds():
    for n in (2, 3, 7):
        scores = squared_scores(extremal_batch(n))
        bounds = shift_bounds(n)
        assert (max(scores), min(scores)) == (bounds.sufficient, bounds.necessary)


def test_scores_do_not_change_with_scale_and_shift():
    u = [3, 1, 4, 1, 5]
    assert squared_scores(u).tolist() == squared_scores([7 * value - 2 for value in u]).tolist()


@pytest.mark.parametrize("batch", [[1], [2, 2, 2]])
def test_batches_without_variance_are_refused(batch):
    with pytest.raises(DegenerateBatch):
        squared_scores(batch)


def test_normalized_network_against_its_formula():
    rng = np.random.default_rng(0)
    model = BatchNormalized((2, 3, 4, 1), 2)
    theta, x = model.init(rng), rng.normal(size=(6, 2))
    p = model.unpack(theta)
    z = np.maximum(x @ p["W1"].T + p["b1"], 0) @ p["W2"].T + p["b2"]
    scores = (z - z.mean(0)) / z.std(0)
    expected = np.maximum(scores * p["gamma"] + p["beta"], 0) @ p["W3"].T + p["b3"]
    assert np.allclose(model(theta, x), expected, rtol=1e-12)
    with pytest.raises(DegenerateBatch, match="at least 2 samples, got 1"):
        model(theta, x[:1])
    with pytest.raises(ValueError, match="hidden layer from 1 to 2"):
        BatchNormalized((2, 3, 4, 1), 3)
