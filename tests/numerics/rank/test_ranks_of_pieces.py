"""Ranks of networks with piecewise polynomial activations, by residues on the pieces that rationals tell."""

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.exact import PRIMES, rationals
from numerics.rank import empirical_rank, model_rank, modular_tangents
from numerics.rank.pieces import in_pieces, near_breaks, piecewise_tangents
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

NETWORKS = [
    FullyConnected((3, 4, 3, 2), "relu"),
    FullyConnected((3, 4, 3, 2), "hinge3", bias=False),
    FullyConnected((2, 3, 2, 3, 1), "hardtanh", output_bias=False),
    TwoLayer(3, 4, outputs=2, activation="leaky", bias=True, output_bias=True),
    TwoLayerCNN(5, 3, 2, activation="hardtanh", bias=True),
    TwoLayerCNN((3, 3), (2, 2), 2, activation="relu", sharing=False),
]


def grid(rng, *shape):
    return np.round(rng.normal(size=shape) * 16) / 16


@pytest.mark.parametrize("model", NETWORKS, ids=str)
def test_residues_are_those_of_the_tangents_in_rationals(model):
    rng = np.random.default_rng(1)
    theta, x = rationals(grid(rng, model.n_params)), rationals(grid(rng, 9, model.input_size))
    x[0] = rationals(np.zeros(model.input_size))  # kinks at 0 are met: the left piece counts
    for prime in PRIMES[:2]:
        assert piecewise_tangents(model, theta, x, prime).tolist() == [
            [int(entry) for entry in row] for row in modular_tangents(model, theta, x, prime, 77)
        ]


@pytest.mark.parametrize("widths", [(4, 10, 10, 1), (8, 20, 20, 1), (3, 8, 8, 6)], ids=str)
def test_generic_relu_networks_lose_one_dimension_a_neuron(widths):
    model = FullyConnected(widths, "relu")
    theta = np.round(np.random.default_rng(0).normal(size=model.n_params) * 2**16) / 2**16
    found = model_rank(model, theta)
    assert found.certified and found.rank == model.n_params - sum(widths[1:-1])


def test_450_samples_of_a_relu_network_are_decided():
    model, rng = FullyConnected((4, 10, 10, 1), "relu"), np.random.default_rng(2)
    theta, x = grid(rng, model.n_params), 4 * grid(rng, 450, 4)
    found = empirical_rank(model, theta, x)
    assert found.certified and 120 < found.lower <= 151


@pytest.mark.parametrize("name", ["relu", "leaky", "hinge3", "hardtanh"])
def test_certificates_of_deep_networks_with_pieces_pass_the_referee(name):
    model = FullyConnected((2, 3, 2, 1), name)
    found = model_rank(model, grid(np.random.default_rng(3), model.n_params))
    assert script("check_minor").check(found.certificate) == found.lower > 5


def test_points_are_moved_to_kinks_of_deep_neurons():
    model, rng = FullyConnected((3, 6, 6, 1), "relu"), np.random.default_rng(0)
    theta = rng.normal(size=model.n_params)
    parts, x = model.unpack(theta), rng.uniform(-2, 2, (400, 3))
    assert in_pieces(model) and not in_pieces(FullyConnected((2, 2, 1)))

    def signs(points):
        hidden = np.maximum(points @ parts["W1"].T + parts["b1"], 0) @ parts["W2"].T + parts["b2"]
        return (np.abs(hidden) < 0.1).mean()

    assert signs(near_breaks(model, theta, x, rng)) > 2 * signs(x)
