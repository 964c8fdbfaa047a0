"""Fields along which a module is constant at all parameters: against its tangents, against its symmetries, and by the referee."""

import copy

import numpy as np
import pytest
import torch
from architectures import ARCHITECTURES, made
from referees import script
from torch import nn

from numerics.critical.invariances import independent
from numerics.modules.evaluating import tangents
from numerics.modules.fields import Fields, fields_of
from numerics.modules.subjects import Subject, drawn_inputs
from numerics.modules.symmetries import symmetries

REFEREE = script("constancy")
#: Fields that are independent at drawn parameters; attention: two gauges of 8, the biases of keys, of values beside outputs.
DIMENSIONS = {
    "residual MLP": 0,
    "max pooling": 3,
    "batch normalization": 9,
    "layer normalization": 4,
    "head": 8,
    "attention": 24,
    "embedding": 12,
    "LSTM cell": 12,
    "RNN cell": 3,
    "GRU": 6,
    "tied autoencoder": 0,
    "deep sets": 12,
    "graph convolution": 4,
}


def graph_of(name):
    return Subject.of(*made(name)).graph


def at_a_drawn_point(graph, seed):
    """Parameters that are not those of the module, and the tangents there on a few inputs."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=graph.n_params) + np.sign(rng.normal(size=graph.n_params))
    from numerics.modules.arithmetics import Floats
    from numerics.modules.evaluating import evaluate

    inputs = [x.reshape(len(x), -1) for x in drawn_inputs(graph, 5, rng)]
    return theta, tangents(evaluate(graph, Floats(), theta, inputs))


@pytest.mark.parametrize("name", DIMENSIONS)
def test_fields_change_no_output_at_any_parameters(name):
    graph = graph_of(name)
    found = fields_of(graph)
    for seed in range(2):
        theta, jacobian = at_a_drawn_point(graph, seed)
        along = found.at(theta)
        assert np.abs(jacobian @ along.T).max(initial=0) < 1e-10 * (1 + np.abs(jacobian).max()) * (1 + np.abs(along).max(initial=0))
        assert len(independent(along)[0] if len(along) else []) == DIMENSIONS[name] == sum(1 for _ in independent(along)[1])


@pytest.mark.parametrize("name", ["head", "LSTM cell", "batch normalization"])
def test_they_explain_all_symmetries_of_a_drawn_point(name):
    subject = Subject.of(*made(name))
    found = fields_of(subject.graph).at(subject.theta)
    assert len(independent(found)[0]) == symmetries(subject.graph, subject.theta, seconds=5).dimension


@pytest.mark.parametrize("name", ["average pooling", "layer normalization", "head", "embedding", "GRU cell"])
def test_the_referee_takes_them_and_no_other(name):
    graph = graph_of(name)
    found = fields_of(graph).to_data()
    REFEREE.check_constant(graph.to_data(), found, shifts=False)
    for k in (0, len(found) - 1):
        part = "linear" if found[k]["linear"] else "constant"
        for change in (lambda c: str(-REFEREE.fmpq(*map(int, c.split("/")))), lambda c: "7/3"):
            forged = copy.deepcopy(found)
            forged[k][part][0][-1] = change(forged[k][part][0][-1])
            with pytest.raises(AssertionError):
                REFEREE.check_constant(graph.to_data(), forged, shifts=False)
        forged = copy.deepcopy(found)
        forged[k][part] = forged[k][part][1:]
        if len(found[k]["linear"]) + len(found[k]["constant"]) > 1:
            with pytest.raises(AssertionError):
                REFEREE.check_constant(graph.to_data(), forged, shifts=False)


def test_a_shift_of_all_outputs_is_none_but_for_a_softmax():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))
    graph = Subject.of(module, np.ones((1, 2))).graph
    assert fields_of(graph).fields == []
    found = fields_of(graph, shifts=True)
    assert found.constant.shape == (4, graph.n_params)  # columns of the last weights, and its biases
    REFEREE.check_constant(graph.to_data(), found.to_data(), shifts=True)
    with pytest.raises(AssertionError, match="outputs move"):
        REFEREE.check_constant(graph.to_data(), found.to_data(), shifts=False)


def test_constant_fields_are_whole_numbers_and_groups_are_named():
    found = fields_of(graph_of("GRU"))
    found = found.only([k for k, one in enumerate(found.fields) if all(source is None for _, source in one)])
    assert len(found.constant) == 6 and all(isinstance(entry, int) for entry in found.constant.flat)
    assert found.groups == [(("layer.bias_ih_l0", "layer.bias_hh_l0"), 6)]
    assert found.at(np.zeros(found.graph.n_params)).shape == (6, 67)


def test_an_attempt_that_is_too_long_is_counted(monkeypatch):
    monkeypatch.setattr("numerics.modules.fields.BUDGET", 100)
    found = fields_of(graph_of("head"))
    assert isinstance(found, Fields) and found.left_out > 0 and found.at(np.zeros(32)).shape == (len(found.fields), 32)
    monkeypatch.setattr("numerics.modules.fields.MOST_UNKNOWNS", 10)
    assert fields_of(graph_of("head")).fields == []


def test_every_architecture_is_named_rightly():
    assert DIMENSIONS.keys() <= ARCHITECTURES.keys()
