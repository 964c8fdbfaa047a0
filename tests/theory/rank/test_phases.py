"""Ranks of sin and cos networks whose neurons share frequencies."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.rank import NotKnown, Target, optimistic_sample_size, rank_at, rank_bounds
from theory.rank.phases import phase_rank


def brute_force(model, theta, seed=0):
    """Singular values of float tangents on many samples, by differences of the formula that is linear in them."""
    rng = np.random.default_rng(seed)
    x, step = rng.uniform(-3, 3, (4 * model.n_params, model.input_size)), 1e-6
    theta = np.array(theta, float)
    units = np.eye(model.n_params) * step
    tangents = np.stack([(model(theta + u, x) - model(theta - u, x)).ravel() / (2 * step) for u in units], axis=1)
    values = np.linalg.svd(tangents, compute_uv=False)
    return int((values > 1e-7 * values[0]).sum())


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize(
    ("model", "theta", "rank"),
    [
        # sin z, cos z for the values, x cos(z + b_i) in two dimensions, of three phases
        (lambda name: TwoLayer(1, 3, activation=name, bias=True), [1, 1, -1, 1, 2, 0.5, 1, 1, 1], 4),
        # the second phase is that of the first up to sign: one class
        (lambda name: TwoLayer(1, 2, activation=name, bias=True), [1, -1, 1, -1, 1, 1], 3),
        # two outputs: e_t (x) {sin, cos}, and slopes of two outgoing vectors
        (lambda name: FullyConnected((2, 2, 2), name, output_bias=False), [1, 2, 1, 2, 1, 2, 1, 0, 1, 1], 8),
        # one neuron without weights beside them: a constant and two slopes, which its bias shares
        (lambda name: TwoLayer(2, 3, activation=name, bias=True), [1, 1, 1, 1, 0, 0, 1, 2, 1, 1, 1, 1], 9),
    ],
)
def test_ranks_of_shared_frequencies_are_exact(name, model, theta, rank):
    model = model(name)
    found = model_rank(model, theta)
    assert found.certified and found.rank == rank_at(model, theta) == brute_force(model, theta) == rank


@pytest.mark.parametrize("sharing", [True, False])
def test_convolutions_of_sines_with_biases(sharing):
    rng = np.random.default_rng(3)
    for _ in range(12):
        model = TwoLayerCNN(4, 2, 2, activation="sin", bias=True, sharing=sharing, output_bias=bool(rng.integers(2)))
        theta = rng.integers(-1, 2, model.n_params)
        found = model_rank(model, theta)
        assert found.certified and found.rank == rank_at(model, theta) == brute_force(model, theta)


def test_a_relation_between_phases_is_kept():
    """A kernel's slope a_1 cos(x_1 + b) x_1 + a_2 cos(x_2 + b) x_2: phases b, 2 b are read in one variable, others in one each."""
    model = TwoLayer(1, 2, activation="sin", bias=True)
    assert phase_rank(model, [*map(Fraction, (1, 1, 1, 2, 1, 1))]) == (4, True)
    far = [Fraction(1), Fraction(1), Fraction(0.1), Fraction(0.3), Fraction(1), Fraction(1)]
    assert phase_rank(model, far) == (4, False)
    with pytest.raises(NotKnown) as open_one:
        rank_at(model, far)
    assert (open_one.value.lower, open_one.value.upper) == (0, 4)
    assert model_rank(model, far).rank == 4  # the residues know the very numbers


def test_other_models_have_no_phases():
    assert phase_rank(TwoLayer(1, 2), [Fraction(1)] * 4) is None
    assert phase_rank(FullyConnected((1, 1, 1, 1), "sin"), [Fraction(1)] * 6) is None


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("sharing", [True, False])
@pytest.mark.parametrize("output_bias", [True, False])
def test_targets_of_biased_convolutions_cost_their_own_rank(name, sharing, output_bias):
    options = dict(activation=name, bias=True, sharing=sharing, output_bias=output_bias)
    model, narrow = TwoLayerCNN(4, 2, 3, **options), TwoLayerCNN(4, 2, 1, **options)
    theta = np.random.default_rng(0).integers(1, 9, narrow.n_params)
    own = model_rank(narrow, theta).rank
    assert own == narrow.n_params == optimistic_sample_size(model, narrow) == optimistic_sample_size(model, Target(narrow, theta))


def test_a_kernel_of_two_phases_costs_two():
    model = TwoLayerCNN(4, 2, 3, activation="sin", bias=True)
    waves = lambda second_phase: Target(TwoLayer(4, 2, activation="sin", bias=True), [1, 2, 0, 0, 0, 1, 2, 0, 1, second_phase, 1, 1])
    assert optimistic_sample_size(model, waves(1)) == 3 + 2 + 1  # one kernel at two of three positions
    assert optimistic_sample_size(model, waves(2)) == 2 * 3 + 2 * 2
    same = [1, 2, 1, 2, 1, 2, 1, 0, 0, 0, 1, 0]  # two kernels that make it, each at its position
    assert model_rank(TwoLayerCNN(4, 2, 2, activation="sin", bias=True), same).rank == 10
    with pytest.raises(ValueError, match="more kernels"):
        rank_bounds(TwoLayerCNN(4, 2, 1, activation="sin", bias=True), waves(2))


def test_constants_of_biased_convolutions_of_sines():
    model = TwoLayerCNN(4, 2, 3, activation="sin", bias=True)
    constant = Target(TwoLayer(4, 2, activation="sin", bias=True), [1, 2, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1])
    assert optimistic_sample_size(model, constant) == 3 + 2 + 1 + 1  # a kernel without weights, level at pi / 2
    with pytest.raises(ValueError, match="more kernels"):
        rank_bounds(TwoLayerCNN(4, 2, 1, activation="sin", bias=True), constant)


def test_waves_that_fill_no_patch_stay_open():
    model = TwoLayerCNN(4, 2, 3, activation="sin", bias=True)
    narrow = TwoLayerCNN(4, 2, 1, activation="sin", bias=True)
    assert rank_bounds(model, Target(narrow, [1, 0, 1, 1, 2, 3]))[0] == 0
