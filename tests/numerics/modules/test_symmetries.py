"""Ranks of twenty architectures: proved bounds, directions that torch agrees change nothing, minors that a referee computes again."""

import json

import numpy as np
import pytest
import torch
from architectures import made
from referees import script
from torch import nn

from numerics.modules.exporting import double_copy
from numerics.modules.trial import _slopes_one_by_one
from numerics.rank import module_model_rank, module_rank, module_symmetries

#: Parameters and rank at drawn parameters; the ranks of the encoders and of the basic block depend on which ReLUs can close.
RANKS = {
    "residual MLP": (56, 56),
    "average pooling": (56, 53),
    "max pooling": (56, 53),
    "batch normalization": (134, 125),
    "layer normalization": (50, 46),
    "head": (32, 24),
    "attention": (80, 56),
    "encoder, norm first": (154, 95),
    "embedding": (41, 29),
    "GRU cell": (67, 61),
    "LSTM cell": (88, 76),
    "RNN cell": (25, 22),
    "GRU": (67, 61),
    "LSTM": (88, 76),
    "tied autoencoder": (19, 19),
    "deep sets": (54, 42),
    "graph convolution": (22, 18),
}
#: Re-checked by python-flint alone.
REFEREED = ("max pooling", "GRU", "embedding", "attention")


@pytest.mark.parametrize("name", RANKS)
def test_the_rank_is_proved_and_torch_sees_the_same_directions(name):
    module, inputs = made(name)
    parameters, rank = RANKS[name]
    found = module_model_rank(module, inputs)
    assert (found.rank, found.certified, sum(p.numel() for p in module.parameters())) == (rank, True, parameters)
    assert found.symmetries.dimension == parameters - rank
    changes_nothing(module, inputs, found.symmetries)
    if name in REFEREED:
        assert script("check_module").check(json.loads(json.dumps(found.certificate))) == rank


def changes_nothing(module, inputs, known):
    """The slopes of the outputs along the directions, by torch's own gradients in double precision, on samples of their own."""
    rng, shape = np.random.default_rng(7), (6, *inputs.shape[1:])
    samples = rng.integers(0, 5, shape) if inputs.dtype.kind == "i" else rng.normal(size=shape)
    slopes = _slopes_one_by_one(double_copy(module), [samples])
    for direction in known.directions:
        vector = np.zeros(slopes.shape[1])
        for k, value in direction.items():
            vector[k] = int(value.p) / int(value.q)
        size = np.abs(slopes) @ np.abs(vector)
        assert np.abs(slopes @ vector).max() <= 1e-10 * (1e-3 + size.max())


def tanh_network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


def equal(first, second):
    def change(module):
        module[0].weight[first], module[0].bias[first] = module[0].weight[second], module[0].bias[second]

    return change


def opposite(module):
    module[0].weight[1], module[0].bias[1] = -module[0].weight[0], -module[0].bias[0]


def silent(module):
    module[2].weight[0, 1] = 0


@pytest.mark.parametrize(
    ("change", "dimension"),
    # 13 parameters. A copy: its output weight, and with one slope for both its weights and bias, are redundant: 1 + 3. Silent: weights
    # and bias.
    [(lambda module: None, 0), (equal(1, 0), 4), (opposite, 4), (silent, 3)],
)
def test_special_points_have_more_symmetries(change, dimension):
    module = tanh_network()
    with torch.no_grad():
        change(module)
    known = module_symmetries(module, np.zeros((1, 2)))
    assert known.dimension == dimension == 13 - module_rank(module, np.random.default_rng(0).normal(size=(60, 2))).rank
    changes_nothing(module, np.zeros((1, 2)), known)


def test_what_changes_an_output_is_no_symmetry():
    """The network of one neuron more than needed has none, at a weight that is nearly a copy."""
    module = tanh_network().double()
    with torch.no_grad():
        equal(1, 0)(module)
        module[0].weight[1, 0] += 2.0**-40
    assert module_symmetries(module, np.zeros((1, 2))).dimension == 0


def test_a_dead_relu_on_given_inputs_is_counted():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))
    with torch.no_grad():
        module[0].bias[1] = -100
    found = module_rank(module, np.random.default_rng(0).normal(size=(40, 1, 3)))
    # 11 parameters; the dead channel takes 3 and its two output weights, the other one a scale.
    assert (found.rank, found.certified) == (5, True)
    assert "between" in str(module_model_rank(module, np.zeros((1, 1, 3)))) or module_model_rank(module, np.zeros((1, 1, 3))).rank == 9
