"""Neurons split edge by edge and attached: the output stays, equal fractions are the embedding of theory.embedding."""

import numpy as np
import pytest

from theory.embedding import split
from theory.embedding.edge_by_edge import attach, split_edges
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

MODELS = [TwoLayer(2, 3, 2, bias=True, output_bias=True), FullyConnected((2, 3, 2, 1)), TwoLayerCNN(4, 2, 2, bias=True)]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_split_with_any_fractions_keeps_the_output(model):
    rng = np.random.default_rng(3)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(7, model.input_size))
    edges = model.outputs if isinstance(model, TwoLayer) else model.widths[2] if isinstance(model, FullyConnected) else len(model.patches)
    wide, mapped = split_edges(model, theta, 1, 1, rng.normal(size=edges))
    np.testing.assert_allclose(wide(mapped, x), model(theta, x), rtol=1e-12, atol=1e-12)
    wide, mapped = split_edges(model, theta, 1, 1, 0.25)
    np.testing.assert_allclose(mapped, split(model, 1, 1, 0.25)(theta), rtol=1e-15)


def test_a_new_neuron_comes_last_with_its_bias():
    model, theta = FullyConnected((1, 1, 1)), np.array([2.0, 3.0, 5.0, 7.0])
    wide, mapped = attach(model, theta, 1, [11, 13], 17)
    assert {name: part.tolist() for name, part in wide.unpack(mapped).items()} == {
        "W1": [[2.0], [11.0]],
        "b1": [3.0, 13.0],
        "W2": [[5.0, 17.0]],
        "b2": [7.0],
    }
