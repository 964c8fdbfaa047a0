"""R(f*) of sines, cosines, linear neurons and powers: against the least exact rank over all parameters on a grid, and by hand."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.rank import NotKnown, Target, optimistic_sample_size, rank_at, rank_bounds
from theory.rationals import fractions

BIASES = [(False, False), (False, True), (True, False), (True, True)]


def grid_functions(model, x, values=(-1, 0, 1)):
    """{values on x: (least rank, a point)} over all parameters with entries in ``values``."""
    x, found = fractions("x", np.array(x)), {}
    for entries in product(values, repeat=model.n_params):
        theta = fractions("theta", np.array(entries))
        function = tuple(model(theta, x).ravel().tolist())
        rank = rank_at(model, theta)
        if function not in found or rank < found[function][0]:
            found[function] = rank, theta
    return found


@pytest.mark.parametrize(
    ("model", "x"),
    [
        *((TwoLayer(1, 2, activation="power:2", bias=b, output_bias=o), [[0], [1], [2]]) for b, o in BIASES),
        *(
            (TwoLayer(2, 1, activation="power:2", bias=b, output_bias=o), [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [0, 2]])
            for b, o in BIASES
        ),
        *((FullyConnected((1, 2, 1), "identity", bias=b, output_bias=o), [[0], [1]]) for b, o in BIASES),
        *((FullyConnected((1, 1, 2), "identity", bias=b, output_bias=o), [[0], [1]]) for b, o in BIASES),
        *((FullyConnected((2, 1, 1, 1), "identity", bias=b, output_bias=o), [[0, 0], [1, 0], [0, 1]]) for b, o in BIASES),
        *((FullyConnected((1, 1, 1, 2), "identity", bias=b, output_bias=o), [[0], [1]]) for b, o in BIASES),
    ],
    ids=str,
)
def test_the_least_rank_on_a_grid_of_parameters(model, x):
    """Never below the closed form, and equal where the function is within reach of the grid: its values are at most 1."""
    for function, (least, theta) in grid_functions(model, x).items():
        value = optimistic_sample_size(model, Target(model, theta))
        assert value <= least, theta
        assert value == least or max(map(abs, function)) > 1, theta


def test_constants_of_deep_linear_networks_cost_less_than_of_shallow_ones():
    shallow, deep = (FullyConnected((3, *[1] * k), "identity", output_bias=False) for k in (2, 3))
    assert optimistic_sample_size(shallow, Target(shallow, shallow.pack(W1=[[0, 0, 0]], b1=[1], W2=[[1]]))) == 4
    assert optimistic_sample_size(deep, Target(deep, deep.pack(W1=[[0, 0, 0]], b1=[1], W2=[[1]], b2=[0], W3=[[1]]))) == 1


@pytest.mark.parametrize("sigma", ["sin", "cos"])
def test_phases_of_one_frequency_merge(sigma):
    """One output: any number of neurons of one frequency is one; two outputs whose phases differ take two neurons."""
    wide = lambda q: TwoLayer(1, 4, q, activation=sigma, bias=True)
    one = TwoLayer(1, 3, activation=sigma, bias=True)
    target = Target(one, one.pack(input_weights=[[1], [1], [-1]], input_biases=[0, 1, 2], output_weights=[[1, 1, 1]]))
    assert optimistic_sample_size(wide(1), target) == 3
    two = TwoLayer(1, 2, 2, activation=sigma, bias=True)
    at = lambda a, b: Target(two, two.pack(input_weights=[[1], [1]], input_biases=b, output_weights=a))
    assert optimistic_sample_size(wide(2), at([[1, 0], [0, 1]], [0, 1])) == 6
    assert optimistic_sample_size(wide(2), at([[1, 1], [2, 2]], [0, 1])) == 4
    assert optimistic_sample_size(wide(2), at([[1, 0], [0, 1]], [1, 1])) == 4  # one phase
    with pytest.raises(ValueError, match="that takes 2 neurons"):
        rank_bounds(TwoLayer(1, 1, 2, activation=sigma, bias=True), at([[1, 0], [0, 1]], [0, 1]))
    with pytest.raises(ValueError, match="no phases"):
        rank_bounds(TwoLayer(1, 4, 2, activation=sigma, bias=False), at([[1, 0], [0, 1]], [0, 1]))
    pair = at([[1, 1 if sigma == "cos" else 1], [0, 0]], [1, -1])  # sigma(z + 1) + sigma(z - 1) = 2 cos(1) sigma(z)
    assert optimistic_sample_size(TwoLayer(1, 4, 2, activation=sigma, bias=False), pair) == 3


@pytest.mark.parametrize("sigma", ["sin", "cos"])
@pytest.mark.parametrize(("bias", "output_bias"), BIASES)
def test_sinusoids_at_the_merged_point_and_never_below(sigma, bias, output_bias):
    rng = np.random.default_rng(0)
    for d, k, q in ((1, 1, 1), (1, 2, 2), (2, 2, 1), (2, 1, 2), (3, 2, 1)):
        narrow = TwoLayer(d, k, q, activation=sigma, bias=bias, output_bias=output_bias)
        theta = rng.integers(1, 5, narrow.n_params)
        parts = narrow.unpack(theta)
        parts["input_weights"] += 5 * np.arange(k)[:, None]  # frequencies of their own
        theta = narrow.pack(**parts)
        wide = TwoLayer(d, k + 2, q, activation=sigma, bias=bias, output_bias=output_bias)
        value = optimistic_sample_size(wide, Target(narrow, theta))
        assert value == optimistic_sample_size(wide, narrow) == rank_at(narrow, theta)
        assert model_rank(narrow, theta).lower == value
        split = {name: np.zeros(shape) for name, shape in wide.shapes.items()}
        split["input_weights"][:k], split["input_weights"][k:] = parts["input_weights"], parts["input_weights"][0]
        split["output_weights"][:, :k] = parts["output_weights"]
        split["output_weights"][:, k], split["output_weights"][:, k + 1] = 1, -1
        if bias:
            split["input_biases"][:k], split["input_biases"][k:] = parts["input_biases"], parts["input_biases"][0]
        assert model_rank(wide, wide.pack(**split)).upper >= value


@pytest.mark.parametrize(("sigma", "sign"), [("sin", 1), ("cos", -1)])
def test_constants_of_sinusoids(sigma, sign):
    """sin 1 and sin 2 and 1 are independent over the rationals; a neuron at the crest of the wave costs one for each output."""
    model = TwoLayer(2, 3, activation=sigma, bias=True)
    weights = [[1, 2], [0, 0], [0, 0]]
    at = lambda b, a: Target(model, model.pack(input_weights=weights, input_biases=[1, *b], output_weights=[[1, *a]]))
    assert optimistic_sample_size(model, at((1, 2), (1, 1))) == 5
    assert optimistic_sample_size(model, at((1, -1), (1, sign))) == 4


def test_constants_of_sinusoids_without_biases():
    shifted = lambda sigma: Target(TwoLayer(2, 1, activation=sigma, output_bias=True), [1, 1, 1, 1])
    assert optimistic_sample_size(TwoLayer(2, 3, activation="cos"), shifted("cos")) == 4
    with pytest.raises(ValueError, match="no constant"):
        optimistic_sample_size(TwoLayer(2, 3, activation="sin"), shifted("sin"))


def test_convolutions_of_sines_without_biases_are_known():
    for sigma in ("sin", "cos"):
        assert optimistic_sample_size(TwoLayerCNN((5,), (3,), 2, activation=sigma), TwoLayerCNN((5,), (3,), 1, activation=sigma)) == 6


def test_powers():
    square = lambda *sizes, **has: TwoLayer(*sizes, activation="power:2", **has)
    assert [optimistic_sample_size(square(3, 6), square(3, k)) for k in (1, 2, 3, 4)] == [3, 5, 6, 6]
    power = lambda p, *sizes, **has: TwoLayer(*sizes, activation=f"power:{p}", **has)
    assert optimistic_sample_size(power(4, 3, 7), power(4, 3, 5)) == 14  # one less than expected
    assert optimistic_sample_size(power(4, 2, 7, bias=True), power(4, 2, 5, bias=True)) == 14
    assert optimistic_sample_size(power(3, 3, 3, 2), power(3, 3, 2, 2)) == 2 * (3 + 2 - 1)
    with pytest.raises(NotKnown):
        optimistic_sample_size(power(3, 3, 3), Target(power(3, 3, 2), range(8)))
    with pytest.raises(ValueError, match="a quadratic form of rank 2"):
        optimistic_sample_size(square(2, 1), square(2, 2))
    with pytest.raises(ValueError, match="linear terms"):
        optimistic_sample_size(square(2, 2), square(2, 2, bias=True))


@pytest.mark.parametrize("sigma", ["sin", "cos", "power:2", "power:3"])
def test_upper_bounds_hold_at_the_target_itself(sigma):
    for bias, output_bias in BIASES:
        model = TwoLayer(2, 2, activation=sigma, bias=bias, output_bias=output_bias)
        theta = np.array([Fraction(k * k + 1, k + 2) for k in range(model.n_params)])
        lower, upper, _ = rank_bounds(model, Target(model, theta))
        assert lower <= model_rank(model, theta).upper and lower <= upper


def test_exponentials_whose_biases_are_factors():
    """a exp(w.x + b) is a neuron without bias; sums of e^b with distinct rational b never cancel (Lindemann)."""
    biased, plain = (TwoLayer(2, 3, activation="exp", bias=has) for has in (True, False))
    at = lambda w, b, a: Target(biased, biased.pack(input_weights=w, input_biases=b, output_weights=[a]))
    one = at([[1, 2], [1, 2], [1, 2]], [0, 1, 2], [1, -3, 1])
    assert optimistic_sample_size(biased, one) == optimistic_sample_size(plain, one) == 3
    constant = at([[1, 2], [0, 0], [0, 0]], [0, 1, 2], [1, 1, -1])  # e - e^2
    assert optimistic_sample_size(plain, constant) == 3 + 3
    assert optimistic_sample_size(replace(plain, output_bias=True), constant) == 3 + 1
    nothing = at([[1, 2], [0, 0], [0, 0]], [0, 1, 1], [1, 1, -1])
    assert optimistic_sample_size(plain, nothing) == 3
    assert optimistic_sample_size(TwoLayer(2, 3, 2, activation="exp"), TwoLayer(2, 2, 2, activation="exp")) == 2 * (2 + 2)
    with pytest.raises(ValueError, match="takes 2 neurons"):
        optimistic_sample_size(TwoLayer(2, 1, activation="exp"), constant)
