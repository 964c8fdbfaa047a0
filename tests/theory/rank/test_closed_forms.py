"""Closed forms: published numbers, hypotheses enforced, bounds carried where no form is known."""

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.published import matrix_experiment, network_experiment, toy_experiment
from theory.rank import NotKnown, Target, matrix_rank, optimistic_sample_size, rank_at
from theory.rank.generators import tangent_combinations


def test_published_optimistic_sample_sizes():
    assert [optimistic_sample_size(MatrixFactorization(4, 4, 4), r) for r in range(5)] == [0, 7, 12, 15, 16]
    shared, own = TwoLayerCNN(5, 3, 4, bias=True), TwoLayerCNN(5, 3, 4, sharing=False, bias=True)
    generic = TwoLayerCNN(5, 3, 1, bias=True)
    assert (optimistic_sample_size(shared, generic), optimistic_sample_size(own, generic)) == (7, 15)
    assert optimistic_sample_size(TwoLayer(5, 9, bias=True), TwoLayer(5, 3, bias=True)) == 21
    image = dict(inputs=(28, 28), kernel=(3, 3))
    assert optimistic_sample_size(TwoLayerCNN(kernels=4, **image), TwoLayerCNN(kernels=1, **image)) == 685
    assert optimistic_sample_size(TwoLayerCNN(kernels=4, sharing=False, **image), TwoLayerCNN(kernels=1, **image)) == 6760


@pytest.mark.parametrize("seed", range(40))
def test_rank_at_agrees_with_the_certified_rank(seed):
    rng = np.random.default_rng(seed)
    bias, output_bias = rng.random(2) < 0.5
    models = [
        TwoLayer(int(rng.integers(1, 4)), int(rng.integers(1, 5)), bias=bool(bias), output_bias=bool(output_bias)),
        TwoLayerCNN(4, 2, 2, sharing=bool(bias), bias=bool(output_bias)),
        MatrixFactorization(3, 2, 2),
    ]
    for model in models:
        theta = rng.integers(-1, 2, model.n_params)
        found = model_rank(model, theta)
        assert found.certified and found.rank == rank_at(model, theta)


def test_targets_are_reduced_before_they_are_counted():
    model = TwoLayer(2, 4)
    theta = model.pack(input_weights=[[1, 2], [-1, -2], [0, 1], [0, 0]], output_weights=[[1, 1, 2, 5]])
    assert optimistic_sample_size(model, Target(model, theta)) == 3  # the pair cancels, w = 0 is nothing
    biased = TwoLayer(3, 2, bias=True)
    constant = biased.pack(input_weights=np.zeros((2, 3)), input_biases=[1, 0], output_weights=[[2, 0]])
    assert optimistic_sample_size(biased, Target(biased, constant)) == 4


def test_bounds_are_carried_where_no_form_is_known():
    with pytest.raises(NotKnown) as deep:
        optimistic_sample_size(FullyConnected((2, 5, 5, 1), bias=False), FullyConnected((2, 2, 2, 1), bias=False))
    assert (deep.value.lower, deep.value.upper) == (0, 10) and "embedding principle" in deep.value.source
    phased = TwoLayer(2, 2, activation="cos", bias=True)
    assert rank_at(phased, [1, 2, 1, 2, 1, 0, 3, 4]) == 6  # one frequency, two phases
    with pytest.raises(NotKnown, match="cos") as far:
        rank_at(phased, [1, 2, 1, 2, 0.1, 0.3, 3, 4])  # multiples of 2^-56, large ones
    assert far.value.upper == 6
    assert rank_at(TwoLayer(2, 1, activation="cos"), [1, 2, 3]) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optimistic_sample_size(MatrixFactorization(4, 4, 2), 3), ["rank", "0 to 2", "3"]),
        (lambda: optimistic_sample_size(TwoLayer(2, 1), TwoLayer(2, 3)), ["target", "3 neurons"]),
        (lambda: optimistic_sample_size(TwoLayer(2, 3), TwoLayer(2, 1, bias=True)), ["biases"]),
        (lambda: optimistic_sample_size(FullyConnected((2, 2, 2, 1)), FullyConnected((2, 3, 2, 1))), ["wider"]),
        (lambda: rank_at(TwoLayer(2, 1), [1, 2]), ["theta", "(3,)"]),
        (lambda: rank_at(TwoLayer(2, 1), [1, 2, float("nan")]), ["theta", "nan"]),
    ],
)
def test_targets_outside_the_model_are_refused(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words)


def test_generators_of_a_reflected_neuron_share_a_class():
    rows = tangent_combinations(TwoLayer(1, 2), [2, -2, 1, 1])
    assert rows[2] == {generator: -c for generator, c in rows[3].items()}


def test_printed_data():
    printed = matrix_experiment()
    assert [matrix_rank(target) for target in printed.targets.values()] == [1, 1, 2, 2, 2, 3, 4, 4]
    assert len(printed.orders) == 6 and sorted(printed.patterns) == [7, 12, 15]
    assert (printed.init_std, printed.learning_rate, printed.trials) == (1e-4, 0.05, 50)
    assert toy_experiment().trials == 100 and network_experiment().test_size == 1000
