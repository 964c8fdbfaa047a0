"""Residual networks and batch normalization against their formulas in numpy, batched and at every position."""

from fractions import Fraction

import numpy as np
import pytest

from theory.lifting.residual import ResidualNetwork, insert_residual
from theory.models import FullyConnected, TwoLayer
from theory.models.normalization import BatchNormalized, DegenerateBatch, extremal_batch, shift_bounds, squared_scores


def forward(model, p, x):
    """The definition, layer by layer."""
    values, sigma = x, np.tanh
    for l in range(model.plain.depth + 1):
        if l:
            values = values @ p[f"W{l}"].T + p.get(f"b{l}", 0)
        if 0 < l < model.plain.depth:
            values = sigma(values)
        if l == model.after:
            block = sigma(values @ p["R"].T + p["c"])
            values = values + (block @ p["V"].T if "V" in p else block)
    return values


@pytest.mark.parametrize("inner", [None, 1, 4])
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_a_residual_network_is_its_formula(inner, after, bias):
    model, rng = ResidualNetwork((2, 3, 4, 2), after, bias=bias, inner=inner), np.random.default_rng(0)
    theta, x = model.init(rng, batch=(2,)), rng.normal(size=(5, 2))
    m = (2, 3, 4)[after]
    neurons = inner or m
    assert (model.inputs, model.outputs) == (2, 2) and model.plain.widths == (2, 3, 4, 2)
    assert model.n_params == model.plain.n_params + neurons * m + neurons + (m * inner if inner else 0)
    for one, values in zip(theta, model(theta, x), strict=True):
        np.testing.assert_allclose(values, forward(model, model.unpack(one), x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("changed", [{"after": True}, {"after": 2}, {"after": -1}, {"inner": 0}, {"inner": True}, {"inner": 1.5}])
def test_blocks_that_are_none(changed):
    with pytest.raises(ValueError, match="after must be|inner must be"):
        ResidualNetwork(**{"widths": (2, 3, 1), "after": 1, **changed})


def test_a_silent_block_needs_a_bias_behind_it_where_it_is_not_zero():
    model = TwoLayer(1, 2, 1, "ratsig")
    theta = np.frompyfunc(Fraction, 1, 1)(np.array([1, 2, 3, 4]))
    deep, lifted = insert_residual(model, theta, 1, [0, 0])
    assert (deep(lifted, [[2]]) == model(theta, [[2]])).all()
    with pytest.raises(ValueError, match="layer 2 has no biases"):
        insert_residual(model, theta, 1, [1, 0])
    with pytest.raises(ValueError, match="outer must have shape"):
        insert_residual(FullyConnected((1, 2, 1)), np.ones(7), 1, [0.0], outer=[[1.0]])


# --------------------------------------------------------------------------------------------- batch normalization


@pytest.mark.parametrize("layer", [1, 2])
def test_a_normalized_network_is_its_formula(layer):
    model, rng = BatchNormalized((2, 3, 4, 1), layer, "tanh", epsilon=0.5), np.random.default_rng(1)
    theta, x = model.init(rng, batch=(2,)), rng.normal(size=(6, 2))
    assert (model.inputs, model.outputs, model.n_params) == (2, 1, model.plain.n_params + 2 * (3, 4)[layer - 1])
    for one, found in zip(theta, model(theta, x), strict=True):
        p, values = model.unpack(one), x
        for l in (1, 2, 3):
            values = values @ p[f"W{l}"].T + p[f"b{l}"]
            if l == layer:
                values = (values - values.mean(0)) / np.sqrt(values.var(0) + 0.5) * p["gamma"] + p["beta"]
            values = np.tanh(values) if l < 3 else values
        np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("layer", [0, 3, True, -1])
def test_only_hidden_layers_are_normalized(layer):
    with pytest.raises(ValueError, match="hidden layer from 1 to 2"):
        BatchNormalized((2, 3, 4, 1), layer)


def test_scores_are_exact_column_by_column():
    scores = squared_scores(np.array([[1, 0], [2, 0], [6, 9]]))
    assert scores.tolist() == [[Fraction(12, 14), Fraction(1, 2)], [Fraction(3, 14), Fraction(1, 2)], [Fraction(27, 14), 2]]
    np.testing.assert_allclose(squared_scores(np.array([1.0, 2.0, 6.0])), [12 / 14, 3 / 14, 27 / 14])


def test_scores_of_random_batches_keep_within_the_bounds():
    """Samuelson: the positive side is free for all n between the two bounds, and no batch leaves them."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        bounds = shift_bounds(n)
        assert (bounds.necessary, bounds.sufficient) == (Fraction(1, n - 1), n - 1)
        for _ in range(50):
            u = rng.integers(-9, 10, n)
            if len(set(u)) == 1:
                continue
            lowest = squared_scores(u)[u.argmin()]
            assert bounds.necessary <= lowest <= bounds.sufficient
    assert extremal_batch(2) == [1, -1] and extremal_batch(4) == [1, 1, 1, -3]


@pytest.mark.parametrize("call", [extremal_batch, shift_bounds, lambda n: squared_scores(np.ones(n)), lambda n: squared_scores(n)])
@pytest.mark.parametrize("n", [0, 1])
def test_one_sample_is_no_batch(call, n):
    with pytest.raises(DegenerateBatch):
        call(n)


def test_one_constant_column_is_enough_to_refuse():
    with pytest.raises(DegenerateBatch, match="constant"):
        squared_scores(np.array([[1, 2], [3, 2]]))
