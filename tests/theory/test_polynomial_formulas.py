"""Polynomials that users write are activations like any other: their ranks are certified, by monomials."""

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.activations import activation, polynomial_coefficients
from theory.expressions import activation_of
from theory.models import FullyConnected, TwoLayer
from theory.rank import rank_at


@pytest.mark.parametrize(
    ("formula", "coefficients"),
    [("z**3", (0, 0, 0, 1)), ("z**3+z", (0, 1, 0, 1)), ("2*z+1", (1, 2)), ("z*(z-1)", (0, -1, 1)), ("z/2", None), ("tanh(z)", None)],
)
def test_coefficients_are_read(formula, coefficients):
    assert polynomial_coefficients(activation_of(formula)) == coefficients


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_other_activations_have_none(name):
    assert polynomial_coefficients(activation(name)) is None


def test_a_written_power_has_the_rank_of_the_named_one():
    for seed in range(4):
        theta = np.random.default_rng(seed).integers(-2, 3, 9)
        written, named = (TwoLayer(2, 3, activation=one) for one in (activation_of("z**3"), "power:3"))
        assert model_rank(written, theta).rank == rank_at(written, theta) == rank_at(named, theta)


@pytest.mark.parametrize("formula", ["z**3+z", "z**2-z", "2*z+1"])
def test_ranks_of_written_polynomials(formula):
    for model in (TwoLayer(2, 3, activation=activation_of(formula), bias=True), FullyConnected((2, 3, 1), activation_of(formula))):
        theta = np.random.default_rng(1).integers(-2, 3, model.n_params)
        found = model_rank(model, theta)
        assert found.certified and found.rank == rank_at(model, theta)
    assert FullyConnected((2, 2, 2, 1), activation_of("z**2-z")).input_degree == 4
