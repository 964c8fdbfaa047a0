"""Every model against its definition in loops: sums over neurons, positions and entries, nothing vectorized."""

import math
from itertools import product

import numpy as np
import pytest

from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN, one_hot
from theory.models.pooling import PooledCNN
from theory.recovery.silent_neuron import conditions, with_silent_neuron

RNG = np.random.default_rng(6)


def two_layer(model, p, x):
    hidden = [
        math.tanh(sum(w * c for w, c in zip(row, x, strict=True)) + (p["input_biases"][k] if model.bias else 0))
        for k, row in enumerate(p["input_weights"])
    ]
    return [
        sum(a * u for a, u in zip(row, hidden, strict=True)) + (p["output_bias"][t] if model.output_bias else 0)
        for t, row in enumerate(p["output_weights"])
    ]


@pytest.mark.parametrize(("bias", "output_bias"), list(product((False, True), repeat=2)))
def test_two_layers(bias, output_bias):
    model = TwoLayer(2, 3, 2, bias=bias, output_bias=output_bias)
    theta, x = model.init(RNG), RNG.normal(size=(4, 2))
    assert model.n_params == 6 + 3 * bias + 6 + 2 * output_bias and model.input_size == 2
    np.testing.assert_allclose(model(theta, x), [two_layer(model, model.unpack(theta), one) for one in x], rtol=1e-13)


def convolution(model, p, x):
    """x (grid); positions in row-major order, as far as the kernel fits."""
    (grid, kernel, stride), total, positions = model.grid, 0.0, 0
    corners = product(*(range(0, d, s) for d, s in zip(grid, stride, strict=True)))
    for corner in corners:
        if any(c + k > d for c, k, d in zip(corner, kernel, grid, strict=True)):
            continue
        patch = [x[tuple(c + o for c, o in zip(corner, offset, strict=True))] for offset in product(*map(range, kernel))]
        for l in range(model.kernels):
            own = p["kernels"][l] if model.sharing else p["kernels"][l, positions]
            bias = 0 if not model.bias else p["biases"][l] if model.sharing else p["biases"][l, positions]
            total += p["output_weights"][l, positions] * math.tanh(sum(w * c for w, c in zip(own, patch, strict=True)) + bias)
        positions += 1
    assert positions == model.patches.shape[0]
    return [total + (p["output_bias"][0] if model.output_bias else 0)]


@pytest.mark.parametrize(
    "sizes", [(5, 3, 2), (5, 2, 1, 2), ((3, 4), (2, 3), 2), ((4, 3), (2, 2), 2, (2, 1)), ((3, 3), (1, 2), 1, (1, 2)), (3, 3, 2)]
)
@pytest.mark.parametrize(
    ("sharing", "bias", "output_bias"), [(True, True, True), (False, True, False), (True, False, False), (False, False, True)]
)
def test_convolutions(sizes, sharing, bias, output_bias):
    model = TwoLayerCNN(*sizes, sharing=sharing, bias=bias, output_bias=output_bias)
    theta, x = model.init(RNG), RNG.normal(size=(3, model.input_size))
    wanted = [convolution(model, model.unpack(theta), one.reshape(model.grid[0])) for one in x]
    np.testing.assert_allclose(model(theta, x), wanted, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(5, 3, 2), (5, 2, 1, 2), ((3, 4), (2, 3), 2)])
def test_pooled_convolutions(sizes):
    pooled, plain = PooledCNN(*sizes), TwoLayerCNN(*sizes)
    theta, x = pooled.init(RNG), RNG.normal(size=(3, pooled.input_size))
    p = pooled.unpack(theta)
    spread = {"kernels": p["kernels"], "output_weights": np.repeat(p["output_weights"][:, None], len(plain.patches), axis=1)}
    wanted = [convolution(plain, spread, one.reshape(plain.grid[0])) for one in x]
    np.testing.assert_allclose(pooled(theta, x), wanted, rtol=1e-12)
    assert pooled.n_params == p["kernels"].size + pooled.kernels and pooled.outputs == 1


@pytest.mark.parametrize(("bias", "output_bias"), [(True, None), (True, False), (False, None), (False, True)])
@pytest.mark.parametrize("widths", [(2, 1), (2, 3, 2), (1, 2, 3, 2)])
def test_deep_networks(widths, bias, output_bias):
    model = FullyConnected(widths, bias=bias, output_bias=output_bias)
    theta, x = model.init(RNG), RNG.normal(size=(3, widths[0]))
    assert model.depth == len(widths) - 1 and (model.inputs, model.outputs) == (widths[0], widths[-1])
    last = bias if output_bias is None else output_bias
    assert model.output_bias == last and model.n_params == sum(
        a * b + b * (last if l == model.depth else bias) for l, (a, b) in enumerate(zip(widths, widths[1:], strict=False), start=1)
    )
    p, wanted = model.unpack(theta), []
    for values in x.tolist():
        for l in range(1, model.depth + 1):
            b = p.get(f"b{l}", np.zeros(widths[l]))
            values = [sum(w * v for w, v in zip(row, values, strict=True)) + b[k] for k, row in enumerate(p[f"W{l}"])]
            values = [math.tanh(v) for v in values] if l < model.depth else values
        wanted.append(values)
    np.testing.assert_allclose(model(theta, x), wanted, rtol=1e-13)


def test_matrix_entries_and_their_order():
    model = MatrixFactorization(2, 3, 1)
    theta = model.pack(left=[[2], [3]], right=[[5, 7, 11]])
    assert model.entries().tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert model(theta, model.entries())[:, 0].tolist() == [10, 14, 22, 15, 21, 33] and model(theta, [[1, 2]]).tolist() == [[33]]
    for wrong in ([[2, 0]], [[0, 3]], [[-1, 0]], [[0, -1]], [[0, 0, 0]], [[0.5, 0]], np.array([[0, "a"]], dtype=object)):
        with pytest.raises(ValueError, match="x must"):
            model(theta, wrong)


def test_indicators_of_index_tuples():
    hot = one_hot(np.array([[0, 2], [1, 1]]), (2, 3), np.zeros(1))
    assert hot.tolist() == [[[0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]]
    assert one_hot(np.zeros((0, 2), dtype=int), (2, 3), np.zeros(1)).shape == (0, 2, 3)
    assert one_hot(np.array([[[2]], [[0]]]), (3,), np.zeros(1)).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]


def test_parts_keep_their_order_and_broadcast():
    model = TwoLayer(2, 2, bias=True)
    theta = model.pack(input_weights=[[1, 2], [3, 4]], input_biases=[[5, 6], [50, 60]], output_weights=[[7, 8]])
    assert theta.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 50, 60, 7, 8]]
    assert model.unpack(theta)["input_biases"].tolist() == [[5, 6], [50, 60]] and model.unpack(theta[0])["output_weights"].tolist() == [
        [7, 8]
    ]
    for wrong in ({"input_biases": [1, 2, 3]}, {"output_weights": [7, 8]}, {"extra": 1}):
        with pytest.raises(ValueError):
            model.pack(**{"input_weights": np.ones((2, 2)), "input_biases": [1, 2], "output_weights": [[1, 1]], **wrong})
    for wrong in (np.ones(7), np.ones(9), np.ones((8, 1)), np.float64(1)):
        with pytest.raises(ValueError, match="last axis of 8"):
            model.unpack(wrong)


def test_starts_have_the_stated_deviation():
    model = TwoLayer(10, 500)
    drawn = model.init(np.random.default_rng(0), scale=0.25, batch=(2, 3))
    assert drawn.shape == (2, 3, model.n_params) and model.init(np.random.default_rng(0)).shape == (model.n_params,)
    assert abs(drawn.mean()) < 6 * 0.25 / math.sqrt(drawn.size)  # six deviations of the mean
    assert abs(drawn.std() / 0.25 - 1) < 6 / math.sqrt(2 * drawn.size)
    assert abs(model.init(np.random.default_rng(0)).std() - 1) < 6 / math.sqrt(2 * model.n_params)
    for scale in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="scale must be"):
            model.init(np.random.default_rng(0), scale=scale)


# ----------------------------------------------------------------------------------------------------- silent neurons


def test_conditions_are_the_tangents_at_one_and_the_silent_value():
    """Rows: tanh(w_k . x), then tanh'(w_k . x) x_j for each input j, then tanh(w . x) of the silent neuron."""
    model, x = TwoLayer(2, 2), RNG.normal(size=(5, 2))
    theta, silent = RNG.normal(size=6), RNG.normal(size=2)
    w = model.unpack(theta)["input_weights"]
    wanted = [np.tanh(x @ w[k]) for k in range(2)] + [(1 - np.tanh(x @ w[k]) ** 2) * x[:, j] for j in range(2) for k in range(2)]
    np.testing.assert_allclose(conditions(model, theta, x), wanted, rtol=1e-12)
    np.testing.assert_allclose(conditions(model, theta, x, silent), [*wanted, np.tanh(x @ silent)], rtol=1e-12)
    wide, point = with_silent_neuron(model, theta, silent)
    parts = wide.unpack(point)
    assert wide.width == 3 and parts["input_weights"].tolist() == [*w.tolist(), silent.tolist()]
    assert parts["output_weights"].tolist() == [[*model.unpack(theta)["output_weights"][0].tolist(), 0]]
