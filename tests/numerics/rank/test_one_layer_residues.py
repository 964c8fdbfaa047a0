"""Tangents of large networks in machine integers: the residues, ranks and certificates that objects give."""

from fractions import Fraction

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.exact import PRIMES, ExponentialField, UnluckyPrime, rationals
from numerics.rank import ladder, model_rank, modular_tangents, one_layer
from theory.models import FullyConnected, TwoLayer

SHAPES = ((1, 3, 1, False, False), (2, 5, 2, True, True), (3, 8, 1, True, False), (2, 4, 3, False, True))


@pytest.fixture
def every_size(monkeypatch):
    monkeypatch.setattr(one_layer, "MANY_ENTRIES", 0)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "exp", "silu", "sin", "cos", "power:3", "ratsig4"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_residues_are_those_of_objects(name, shape, every_size):
    inputs, width, outputs, bias, output_bias = shape
    model, rng = TwoLayer(inputs, width, outputs, name, bias, output_bias), np.random.default_rng(width)
    numbers = [
        Fraction(int(p), int(q)) for p, q in zip(rng.integers(-9, 10, model.n_params), rng.integers(1, 40, model.n_params), strict=True)
    ]
    x = rationals(rng.integers(-64, 65, (7, inputs)) / 32)
    for theta in (rationals(numbers), rationals(rng.normal(size=model.n_params))):
        field, unit = ExponentialField(PRIMES[1], 54321), 54321
        found, objects = one_layer.one_layer_residues(model, theta, x, field), modular_tangents(model, theta, x, PRIMES[1], unit)
        assert found is not None and field.denominator == getattr(getattr(objects, "field", None), "denominator", None)
        assert found.reshape(-1, model.n_params).tolist() == [list(map(int, row)) for row in objects]


def test_what_another_way_serves(every_size):
    field, x = ExponentialField(PRIMES[0], 12345), rationals(np.ones((3, 2)))
    for model in (
        TwoLayer(2, 2, activation="gelu"),
        TwoLayer(2, 2, activation="softplus"),
        TwoLayer(2, 2, activation="relu"),
        FullyConnected((2, 2, 1)),
    ):
        assert one_layer.one_layer_residues(model, rationals(np.ones(model.n_params)), x, field) is None
    assert one_layer.one_layer_residues(TwoLayer(2, 2), rationals(np.ones(6)), x, ExponentialField(2**62 + 5, 3)) is None
    with pytest.raises(UnluckyPrime):  # a denominator that is the prime
        one_layer.one_layer_residues(TwoLayer(2, 1), rationals([Fraction(1, PRIMES[0])] * 3), x, field)


@pytest.mark.parametrize("copies", [0, 3])
def test_ranks_and_certificates_are_those_of_objects(copies, monkeypatch):
    """With neurons that are copies, too, so that rows and columns of the minor are chosen."""
    model, rng = TwoLayer(3, 12, bias=True), np.random.default_rng(1)
    theta = rng.normal(size=model.n_params)
    parts = {name: part.copy() for name, part in model.unpack(theta).items()}
    parts["input_weights"][:copies], parts["input_biases"][:copies] = parts["input_weights"][-1], parts["input_biases"][-1]
    theta, found = model.pack(**parts), []
    for many in (0, 10**9):
        monkeypatch.setattr(one_layer, "MANY_ENTRIES", many)
        vars(ladder._model_rank)["forget"]()
        found.append(model_rank(model, theta))
    assert found[0] == found[1] and found[0].rank == model.n_params - 5 * copies
    assert found[0].certificate == found[1].certificate
    assert script("check_certificate").check(found[0].certificate) == found[0].rank
