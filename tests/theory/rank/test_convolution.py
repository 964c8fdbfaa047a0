"""One convolutional target in three networks: the same function everywhere, and the ranks that the papers announce."""

import numpy as np
import pytest

from theory.models import TwoLayerCNN
from theory.rank import cnn_function_rank, merged_neurons, rank_at
from theory.rank.convolution import ARCHITECTURES, draw_target, two_kernels

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
