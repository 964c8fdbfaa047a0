"""Tangent functions as combinations of generators: both sides evaluated on samples, up to the factor that each tangent may have."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numerics.derivatives.tape import tangents
from theory.activations import activation
from theory.models import TwoLayer, TwoLayerCNN
from theory.rank.generators import coefficient_matrix, tangent_combinations


def evaluated(generator, sigma, x):
    """A generator (t, kind, ...) on samples, without its output component."""
    _, kind, *rest = generator
    if kind == "monomial":
        return np.prod([x[:, j] for j in rest[0]], axis=0) * np.ones(len(x))
    if kind == "piece":  # a monomial on one side of a hyperplane
        *normal, offset = map(float, rest[0])
        return np.prod([x[:, j] for j in rest[1]], axis=0) * (x @ normal + offset > 0)
    vector = np.array([float(v) for v in rest[0]])
    z = x @ vector[: x.shape[1]] + (vector[-1] if len(vector) > x.shape[1] else 0)
    value, slope = sigma.jet(z, 1)
    if kind == "value":
        return value
    return slope * (1 if rest[1] is None else x[:, rest[1]])


@pytest.mark.parametrize(
    "name", ["tanh", "sigmoid", "softplus", "gelu", "cos", "relu", "leaky", "hinge3", "hardtanh", "power:1", "power:2", "power:4", "exp"]
)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["dense", "two outputs", "shared", "unshared"])
def test_combinations_are_the_tangents(name, bias, kind):
    build = {
        "dense": lambda: TwoLayer(2, 4, activation=name, bias=bias, output_bias=True),
        "two outputs": lambda: TwoLayer(2, 4, 2, name, bias=bias),
        "shared": lambda: TwoLayerCNN(3, 2, 2, activation=name, bias=bias),
        "unshared": lambda: TwoLayerCNN(3, 2, 2, activation=name, bias=bias, sharing=False, output_bias=True),
    }
    model, rng = build[kind](), np.random.default_rng(1)
    theta = np.array([Fraction(int(k), 2) for k in rng.choice([-3, -2, -1, 1, 2, 3], model.n_params)], dtype=object)
    if kind in ("dense", "two outputs"):  # neuron 1 is the reflection of neuron 0, neuron 2 twice it, in weights and bias
        parts = model.unpack(theta)
        for part in ("input_weights", "input_biases") if bias else ("input_weights",):
            parts[part][1], parts[part][2] = -parts[part][0], 2 * parts[part][0]
        theta = model.pack(**parts)
    x = rng.normal(size=(30, model.input_size))
    _, wanted = tangents(model, theta.astype(float), x)
    wanted = np.asarray(wanted, float).reshape(30, model.outputs, model.n_params)
    combinations = tangent_combinations(model, theta)
    table = coefficient_matrix(combinations)
    assert table.shape == (model.n_params, len({generator for row in combinations for generator in row}))
    for k, combination in enumerate(combinations):
        assert sorted(value for value in table[k] if value) == sorted(combination.values())
        found = np.zeros((30, model.outputs))
        for generator, coefficient in combination.items():
            found[:, generator[0]] += float(coefficient) * evaluated(generator, activation(name), x)
        column = wanted[:, :, k]
        if not found.any():  # a neuron that no sample switches on
            assert not column.any()
            continue
        factor = (found * column).sum() / (found * found).sum()
        assert factor != 0 and (name == "exp" or math.isclose(factor, 1, rel_tol=1e-9))
        np.testing.assert_allclose(factor * found, column, atol=1e-9 * abs(column).max())
