"""One convolutional target in three networks: the same function everywhere, and the ranks that the papers announce."""

import numpy as np
import pytest

from theory.models import TwoLayerCNN
from theory.rank import cnn_function_rank, merged_neurons, rank_at
from theory.rank.convolution import ARCHITECTURES, draw_target, standing_alone, two_kernels

MODELS = [TwoLayerCNN(5, 3, 2), TwoLayerCNN(7, 3, 2, 2, bias=True), TwoLayerCNN((3, 3), (2, 2), 1, bias=True, output_bias=True)]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("prune", [True, False])
def test_every_architecture_holds_the_same_function(model, prune):
    rng = np.random.default_rng(1)
    target, x = draw_target(model, rng, zeros=2), rng.normal(size=(9, model.input_size))
    networks = [target.realize(architecture, prune=prune, spare=spare) for architecture in ARCHITECTURES for spare in (0, 2)]
    first, *others = [network(theta, x) for network, theta in networks]
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("zeros", [0, 2])
def test_pruning_attains_the_announced_rank_and_keeping_does_not(architecture, zeros):
    target = draw_target(TwoLayerCNN(5, 3, 2), np.random.default_rng(2), zeros=zeros)
    announced = cnn_function_rank(5, 3, 3, 2, architecture=architecture, zeros=zeros)
    assert rank_at(*target.realize(architecture)) == announced
    assert (rank_at(*target.realize(architecture, prune=False)) > announced) is (architecture != "shared" and zeros > 0)


def test_neurons_of_translates_are_merged():
    merged = merged_neurons(*two_kernels(4, 2, (2, 0), (0, -2)).realize("fully-connected"))
    assert {w.index(2): a for w, a in merged.items()} == {0: 1, 1: 2 - 4, 2: 3 - 5, 3: -6}


@pytest.mark.parametrize("architecture", ARCHITECTURES[1:])
def test_neurons_that_stand_alone_make_the_same_function_at_least_rank(architecture):
    """Translates share neurons: at the kernels as given the rank is larger without sharing."""
    for model in (TwoLayerCNN(4, 2, 2), TwoLayerCNN(4, 2, 2, bias=True, output_bias=True)):
        target = draw_target(model, np.random.default_rng(3), kernels=lambda model, rng: 3 * np.eye(2, dtype=int))
        given = target.realize(architecture)
        made = {neuron: a for neuron, a in merged_neurons(*given).items() if a}
        network, theta = standing_alone(model, made, architecture)
        x = np.random.default_rng(4).normal(size=(7, 4))
        np.testing.assert_allclose(network(np.asarray(theta, float), x), given[0](np.asarray(given[1], float), x), atol=1e-12)
        slopes = (2 if architecture == "unshared" else 4) + model.bias
        assert rank_at(network, theta) == len(made) * (slopes + 1) + model.output_bias <= rank_at(*given)


def test_a_neuron_needs_a_patch():
    with pytest.raises(ValueError, match="outputs must be of neurons that see one patch"):
        standing_alone(TwoLayerCNN(3, 2, 1), {(1, 0, 1, 0): 1}, "unshared")
