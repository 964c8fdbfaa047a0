"""Planted critical points, exact and in floats; search, certificates and batches of embedded ones."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.arithmetic.krawczyk import NotCertified, working_precision
from numerics.critical import certify, certify_split, find_critical_points
from numerics.critical.embedded import planted_batch, split_counts
from numerics.datasets import digits, iris, wave
from numerics.hessian import gradient, hessian, inertia, risk
from numerics.hessian.neuron_matrices import neuron_matrices, trace
from numerics.planting import NothingToPlant, cotangent_of, curvature_rows, plant, sharpened
from theory.embedding import split
from theory.models import CPFactorization, DeepFactorization, FullyConnected, MatrixFactorization, SymmetricFactorization, TwoLayerCNN

NET = FullyConnected((2, 2, 2), "ratsig4")


def point(model, seed=0):
    rng = np.random.default_rng(seed)
    return [Fraction(int(k), 2) for k in rng.integers(1, 5, model.n_params) * rng.choice([-1, 1], model.n_params)]


def grid(n, inputs, seed=0):
    numbers = np.random.default_rng(seed).choice(41**inputs, n, replace=False)
    return [[Fraction(int(k) // 41**axis % 41 - 20, 2) for axis in range(inputs)] for k in numbers]


@pytest.mark.parametrize("model", [NET, FullyConnected((1, 1, 2, 1), "ratsig"), TwoLayerCNN(4, 2, 1, activation="ratsig4")], ids=str)
def test_rational_points_are_exactly_critical(model):
    theta = point(model)
    data = plant(model, theta, grid(model.n_params + 2, model.input_size), size=Fraction(1, 3))
    assert (gradient(model, theta, data) == 0).all() and risk(model, theta, data) > 0
    assert str(sum(map(abs, cotangent_of(model, theta, data).ravel()))) == "1/3"


@pytest.mark.parametrize(("loss", "size"), [("mse", 1.0), ("cross-entropy", 0.005)])
def test_float_points_are_critical_up_to_rounding(loss, size):
    rng, model = np.random.default_rng(1), FullyConnected((3, 3, 3))
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(40, 3))
    data = plant(model, theta, x, loss=loss, size=size)
    assert np.abs(gradient(model, theta, data, loss)).max() < 1e-13
    assert np.linalg.norm(cotangent_of(model, theta, data, loss)) == pytest.approx(size, rel=1e-12)
    if loss == "cross-entropy":
        assert data[1].min() > 0 and data[1].sum(axis=1) == pytest.approx(1)


def test_scaling_the_residual_turns_a_minimum_into_a_saddle():
    theta, x = point(NET), grid(12, 2)
    small = inertia(NET, theta, plant(NET, theta, x, size=Fraction(1, 10**6)))
    large = inertia(NET, theta, plant(NET, theta, x, size=100))
    assert small.counts == (0, 0, 12) and large.negative > 0


def test_conditions_are_met_exactly():
    theta, x = rationals(point(NET)), rationals(grid(20, 2))
    found = trace(NET, theta, x)
    rows = found.linear_rows(lambda cotangent: found.S(1, 1, cotangent))
    identity = np.eye(3, dtype=int).ravel()
    data = plant(NET, theta, x, conditions=[(rows, identity)])
    _, S = neuron_matrices(NET, theta, x, cotangent_of(NET, theta, data), 1, 1)
    assert (gradient(NET, theta, data) == 0).all() and (S.ravel() == identity).all()


def test_a_slope_can_be_planted():
    theta = rationals(point(NET))
    assert (gradient(NET, theta, plant(NET, theta, grid(12, 2), slope=-theta)) == -theta).all()
    floats = np.random.default_rng(0).normal(size=NET.n_params)
    data = plant(NET, floats, np.random.default_rng(1).normal(size=(40, 2)), slope=floats)
    np.testing.assert_allclose(gradient(NET, floats, data), floats, atol=1e-10)


def test_curvature_rows_are_the_part_of_the_hessian_with_residuals():
    theta, x = rationals(point(NET)), rationals(grid(10, 2))
    data = plant(NET, theta, x)
    direction = rationals(range(1, 13))
    bending = curvature_rows(NET, theta, x, direction) @ cotangent_of(NET, theta, data).ravel()
    flat = hessian(NET, theta, (x, NET(theta, x))) @ direction  # no residuals: 2/n J^T J
    assert (hessian(NET, theta, data) @ direction == flat + bending).all()


def test_neuron_matrices_satisfy_their_identities():
    theta, data = rationals(point(NET)), (rationals(grid(3, 2)), rationals([[1, 0], [0, 2], [1, 1]]))
    cotangent, found = cotangent_of(NET, theta, data), trace(NET, theta, data[0])
    B, S = found.B(1, 0, cotangent), found.S(1, 0, cotangent)
    slope = NET.unpack(gradient(NET, theta, data))
    assert (NET.unpack(theta)["W2"][:, 0] @ B == [*slope["W1"][0], slope["b1"][0]]).all()
    assert (S == S.T).all() and (found.C(1, cotangent)[:, -1] == slope["b2"]).all()
    assert (found.correlation(2, 1, cotangent) == slope["W2"]).all()


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: plant(NET, point(NET), grid(6, 2)), NothingToPlant, "at least 1 more residuals"),
        (lambda: plant(NET, point(NET), [[1, 2]] * 12), ValueError, "inputs must be distinct"),
        (lambda: plant(NET, point(NET), grid(12, 2), loss="quartic"), ValueError, "cannot be prescribed"),
        (lambda: plant(FullyConnected((2, 2, 2)), point(NET), grid(12, 2)), ValueError, "no rational values: give floats"),
        (lambda: plant(NET, np.ones((3, 12)), np.random.default_rng(0).normal(size=(3, 5, 2))), NothingToPlant, "in a batch"),
    ],
)
def test_bad_arguments_are_named(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_the_search_finds_narrow_losses_with_their_saddles():
    data = wave()
    narrow = find_critical_points(FullyConnected((1, 1, 1)), data, starts=40, seed=1)
    assert 15 * narrow[0].loss == pytest.approx(0.1047628, abs=1e-7) and narrow[0].inertia.counts == (0, 0, 4)
    assert all(p.gradient <= 1e-11 for p in narrow)


@pytest.mark.parametrize("unit", [1e4, 1e-6])
def test_the_unit_of_the_targets_does_not_matter(unit):
    x, y = wave()
    model = FullyConnected((1, 1, 1))
    plain, scaled = (find_critical_points(model, (x, factor * y), starts=25, seed=1) for factor in (1, unit))
    assert [p.loss / unit**2 for p in scaled] == pytest.approx([p.loss for p in plain], rel=1e-6)
    assert [p.inertia.counts for p in scaled] == [p.inertia.counts for p in plain] == [(0, 0, 4), (1, 1, 2)]
    for point in scaled:
        assert np.linalg.norm(gradient(model, point.theta, (x, unit * y))) == pytest.approx(point.gradient, abs=1e-9 * unit**2)
    (again,) = find_critical_points(model, (x, unit * y), starts=scaled[0].theta[None])
    np.testing.assert_allclose(again.theta, scaled[0].theta, rtol=1e-9)


@pytest.mark.parametrize("minima", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "exp", "relu"])
def test_a_start_that_overflows_or_lies_on_a_kink_costs_itself_alone(activation, minima):
    model, starts = FullyConnected((1, 2, 1), activation), np.random.default_rng(0).normal(size=(9, 7))
    spoilt = np.concatenate([starts, np.full((1, 7), 1e200), np.full((1, 7), np.nan), np.zeros((1, 7))])
    plain, found = (find_critical_points(model, wave(), starts=some, minima=minima, steps=100) for some in (starts, spoilt))
    losses = [p.loss for p in found]
    # the zeros are a start of their own where sigma has no kink there, and may lead to one point more
    assert len(plain) <= len(found) <= len(plain) + 1 and {round(p.loss, 6) for p in plain} <= {round(loss, 6) for loss in losses}


@pytest.mark.parametrize("data", [(np.zeros((4, 2)), np.zeros((4, 1))), (np.zeros((4, 1)), np.zeros((3, 1)))])
def test_data_that_do_not_fit_are_told_and_not_given_up(data):
    with pytest.raises(ValueError):
        find_critical_points(FullyConnected((1, 2, 1), "relu"), data, starts=3)


@pytest.mark.parametrize("unit", [1e4, 1e-3])
def test_the_unit_of_the_inputs_does_not_matter(unit):
    """The points are the same, their first weights divided by the unit."""
    x, y = wave()
    model = FullyConnected((1, 1, 1))
    plain, scaled = (find_critical_points(model, (factor * x, y), starts=25, seed=1) for factor in (1, unit))
    assert [p.loss for p in scaled] == pytest.approx([p.loss for p in plain], rel=1e-6)
    assert [p.inertia.counts for p in scaled] == [(0, 0, 4), (1, 1, 2)]
    assert np.abs(scaled[0].theta * [unit, 1, 1, 1]) == pytest.approx(np.abs(plain[0].theta), rel=1e-6)
    for point in scaled:
        slope = gradient(model, point.theta, (unit * x, y))
        assert np.linalg.norm(slope) == pytest.approx(point.gradient, abs=1e-9 * max(1, unit))


@pytest.mark.parametrize("model", [MatrixFactorization(2, 2, 1), SymmetricFactorization(2, 1), CPFactorization((2, 2), 1)], ids=str)
def test_critical_points_of_factorizations_are_found_in_every_unit(model):
    y = np.diag([2.0, 1.0]).reshape(4, 1)
    for unit in (1.0, 1e5):
        losses = [p.loss / unit**2 for p in find_critical_points(model, (model.entries(), unit * y), starts=40)]
        assert losses == pytest.approx([0.25, 1.0, 1.25], rel=1e-6)  # Eckart and Young: the best, the other and no eigenvector


@pytest.mark.parametrize("tolerance", [float("nan"), -1, 0, float("inf")])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance must be a positive number"):
        find_critical_points(FullyConnected((1, 1, 1)), wave(), starts=2, tolerance=tolerance)


@pytest.mark.parametrize(
    ("model", "theta", "target", "counts"),
    [
        (MatrixFactorization(1, 1, 1), [1e-6, -1e-6], 1.0, (1, 0, 1)),
        (DeepFactorization((1, 1)), [0.99], 1.0, (0, 0, 1)),
        (SymmetricFactorization(1, 1), [1.001], 1.0, (0, 0, 1)),
        (CPFactorization((1, 1), 1), [0.0, 0.0], -2.0, (1, 0, 1)),
    ],
    ids=str,
)
def test_critical_points_of_factorizations_are_certified(model, theta, target, counts):
    found = certify(model, theta, (model.entries(), np.array([[target]])))
    assert found.inertia.counts == counts and found.inertia.certified


@pytest.mark.parametrize(
    "model",
    [MatrixFactorization(2, 2, 1), SymmetricFactorization(3, 2), DeepFactorization((3, 1, 3)), CPFactorization((2, 2, 2), 1)],
    ids=str,
)
def test_factorizations_are_planted_exactly(model):
    theta = point(model)
    data = plant(model, theta, model.entries(), size=Fraction(1, 3))
    assert (gradient(model, theta, data) == 0).all() and risk(model, theta, data) > 0
    assert str(sum(map(abs, cotangent_of(model, theta, data).ravel()))) == "1/3"
    assert inertia(model, theta, data).certified
    floats = plant(model, np.array(theta, float), model.entries(), size=0.1)
    assert np.abs(gradient(model, np.array(theta, float), floats)).max() < 1e-13


def test_a_certified_point_and_its_splits():
    model, data = FullyConnected((1, 1, 1)), wave()
    found = find_critical_points(model, data, starts=20, minima=True)[0]
    certified = certify(model, found.theta, data)
    assert certified.inertia.counts == (0, 0, 4) and certified.inertia.certified
    np.testing.assert_allclose(certified.theta, found.theta, atol=1e-10)
    for alpha in (Fraction(1, 2), Fraction(-1), Fraction(3, 2)):
        predicted, observed = certify_split(model, certified, data, 1, 0, alpha)
        assert predicted == observed and observed.counts == (1, 1, 5)


def test_a_degenerate_point_is_not_certified():
    model, data = FullyConnected((1, 1, 1)), wave()
    found = find_critical_points(model, data, starts=20, minima=True)[0]
    embedding = split(model, 1, 0, 0.5)
    with pytest.raises(NotCertified):
        certify(embedding.wide, embedding(found.theta), data)


def test_sharpening_lowers_the_gradient_beneath_rounding():
    rng, model = np.random.default_rng(5), FullyConnected((2, 2, 1))
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(15, 2))
    sharp = sharpened(model, theta, plant(model, theta, x, size=0.5))
    with working_precision(512):
        assert all(abs(entry) < 2**-400 for entry in gradient(model, sharp[0], sharp[1:]))


@pytest.mark.parametrize("alpha", [Fraction(1, 3), Fraction(0), Fraction(-4, 5)])
def test_batches_of_splits_have_the_predicted_inertia(alpha):
    model = FullyConnected((2, 2, 2))
    theta, data = planted_batch(model, 60, np.random.default_rng(6))
    found = split_counts(model, theta, data, 1, 0, alpha)
    assert found.predicted.shape == (60, 3) and not len(found.wrong)
    assert len(split_counts(model, theta, data, 1, 0, alpha, block_alpha=Fraction(-1) if alpha * (1 - alpha) > 0 else Fraction(1, 2)).wrong)


def test_digits_are_images_in_sixteenths():
    x, labels = digits()
    assert x.shape == (500, 64) and x.min() == 0 and x.max() == 1 and (16 * x == np.round(16 * x)).all()
    assert sorted(np.bincount(labels)) == [46, 48, 49, 50, 50, 50, 51, 51, 52, 53]
    assert (16 * x[0].reshape(8, 8)[0]).tolist() == [0, 0, 5, 13, 9, 1, 0, 0] and labels[:10].tolist() == list(range(10))


def test_irises_are_fishers():
    x, y = iris(standardized=False)
    assert x.shape == (150, 4) and y.sum(axis=0).tolist() == [50, 50, 50]
    np.testing.assert_allclose(x.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)
    np.testing.assert_allclose(iris()[0].std(axis=0), 1)


def test_layers_of_other_models_are_refused():
    with pytest.raises(TypeError, match="model must be TwoLayer or FullyConnected"):
        trace(MatrixFactorization(2, 2, 2), np.ones(8), np.ones((1, 2)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"starts": -1}, "starts must be a number, 0 or more"),
        ({"starts": np.zeros((2, 3))}, r"starts must be a number or an array \(starts, 4\), got shape \(2, 3\)"),
        ({"data": (np.array([[np.nan], [1.0]]), np.ones((2, 1)))}, "inputs must be finite, got nan"),
        ({"data": (np.ones((2, 1)), np.array([[np.inf], [1.0]]))}, "targets must be finite, got inf"),
    ],
)
def test_a_search_says_what_it_cannot_use(given, message):
    """NaN in the data gave no points and no word."""
    arguments = {"data": (np.array([[0.0], [1.0]]), np.ones((2, 1))), "starts": 2} | given
    with pytest.raises(ValueError, match=message):
        find_critical_points(FullyConnected((1, 1, 1)), arguments["data"], starts=arguments["starts"])


def test_numbers_that_are_none_are_not_certified():
    with pytest.raises(ValueError, match="theta must be finite, got nan"):
        certify(FullyConnected((1, 1, 1)), np.full(4, np.nan), (np.zeros((1, 1)), np.ones((1, 1))))


@pytest.mark.parametrize(("name", "target"), [("tanh", np.square), ("erf", np.sign), ("sigmoid", np.sign)])
def test_points_on_their_way_to_infinity_are_none(name, target):
    """A saturated neuron fits a step ever better the larger its weights: small gradients, and no critical point."""
    x = np.linspace(-1, 1, 9)[:, None]
    for seed in range(3):
        for point in find_critical_points(FullyConnected((1, 1, 1), name), (x, target(x)), starts=40, seed=seed):
            assert np.abs(point.theta).max() < 12, point


def test_lines_of_critical_points_reach_far_out_and_count():
    """A null neuron of bias 20 beside a critical point: its gradient vanishes at every bias."""
    x = np.linspace(-2, 2, 12)[:, None]
    data = x, np.tanh(x + 0.4) + 0.12 * np.sin(3 * x + 0.5)
    narrow = find_critical_points(FullyConnected((1, 1, 1)), data, starts=30)[0]
    parts = FullyConnected((1, 1, 1)).unpack(narrow.theta)
    wide = FullyConnected((1, 2, 1))
    theta = wide.pack(
        W1=np.append(parts["W1"], 0)[:, None], b1=np.append(parts["b1"], 20.0), W2=np.append(parts["W2"], 0)[None], b2=parts["b2"]
    )
    assert [round(point.loss, 9) for point in find_critical_points(wide, data, starts=theta[None])] == [round(narrow.loss, 9)]
