"""Embeddings as objects: maps, gradient maps, conditions of compatibility, the way back, and what bad arguments are told."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient, hessian
from theory.embedding import (
    IncompatibleError,
    Layer,
    architecture_graph,
    compatible,
    compose,
    copies,
    draw_layers,
    embed_along,
    is_wider,
    merge,
    null,
    permutation,
    remove,
    split,
    three_fold,
    two_fold_null,
)
from theory.embedding.affine import identity
from theory.embedding.graph import count_paths
from theory.embedding.wiring import wiring
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN

NET = FullyConnected((2, 2, 3, 2), "ratsig4")


def point(model, seed=0):
    rng = np.random.default_rng(seed)
    return rationals([Fraction(int(k), 2) for k in rng.integers(1, 5, model.n_params) * rng.choice([-1, 1], model.n_params)])


def data(model, n=2, seed=1):
    rng = np.random.default_rng(seed)
    inputs = model.input_size
    return rationals(rng.integers(-4, 5, (n, inputs))), rationals(rng.integers(-4, 5, (n, model.outputs)))


EMBEDDINGS = {
    "split": lambda: split(NET, 2, 1, Fraction(2, 7)),
    "copies": lambda: copies(NET, 1, 0, (2, -3, 2)),
    "null": lambda: null(NET, 1, Fraction(1, 3)),
    "permutation": lambda: permutation(NET, 2, [2, 0, 1]),
    "composition": lambda: embed_along(NET, [("split", 1, 0, Fraction(1, 2)), ("null", 2, 1), ("split", 2, 3, 2)]),
    "three-fold": lambda: three_fold(NET),
    "two-fold null": lambda: two_fold_null(NET, [[1, 2], [Fraction(1, 2), 0, -1]]),
    "compatible": lambda: compatible(NET, draw_layers(NET, [(0, 1, None, 1), (2, 0, None, 1)], np.random.default_rng(0))),
    "two layers": lambda: split(TwoLayer(2, 2, 2, "ratsig4", bias=True, output_bias=True), 1, 1, -1),
    "without biases": lambda: split(TwoLayer(2, 3, 1, "ratsig4"), 1, 2, Fraction(1, 3)),
    "channel": lambda: split(TwoLayerCNN(4, 2, 2, activation="ratsig4", bias=True, output_bias=True), 1, 1, Fraction(1, 3)),
    "channel, null": lambda: null(TwoLayerCNN(4, 2, 1, activation="ratsig4", sharing=False, bias=True, output_bias=True), 1, 1),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_output_gradient_and_hessian_map_as_stated(name):
    embedding = EMBEDDINGS[name]()
    theta, samples = point(embedding.narrow), data(embedding.narrow)
    wide = embedding(theta)
    assert (embedding.wide(wide, samples[0]) == embedding.narrow(theta, samples[0])).all()
    image = embedding.gradient_map @ gradient(embedding.narrow, theta, samples, "quartic")
    assert (image == gradient(embedding.wide, wide, samples, "quartic")).all()
    assert embedding.matrix.T @ embedding.gradient_map == identity(embedding.narrow.n_params)
    through = (embedding.matrix.T @ hessian(embedding.wide, wide, samples)).T
    assert (through == embedding.gradient_map @ hessian(embedding.narrow, theta, samples)).all()


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_floats_batches_and_fractions_agree(name):
    embedding = EMBEDDINGS[name]()
    numerators = np.random.default_rng(3).integers(-4, 5, (2, embedding.narrow.n_params))
    exactly = embedding(np.frompyfunc(Fraction, 1, 1)(numerators))
    floats = embedding(numerators.astype(float))
    assert floats.shape == (2, embedding.wide.n_params)
    np.testing.assert_allclose(floats, exactly.astype(float), rtol=0, atol=1e-13)


def test_torch_parameters_are_embedded_as_they_are():
    torch = pytest.importorskip("torch")
    embedding = split(NET, 1, 1, 0.25)
    theta = np.random.default_rng(0).normal(size=NET.n_params)
    np.testing.assert_allclose(embedding(torch.tensor(theta)).numpy(), embedding(theta), rtol=1e-15)


def test_a_split_shares_the_outgoing_weights_and_comes_last():
    model = TwoLayer(2, 2, 1, "ratsig4")
    wide = split(model, 1, 0, Fraction(1, 4))(rationals([1, 2, 3, 4, 8, 5]))
    assert [str(value) for value in wide] == ["1", "2", "3", "4", "1", "2", "6", "5", "2"]


def test_symbols_and_balls_as_alpha():
    import flint
    import sympy

    alpha = sympy.Symbol("alpha")
    model = TwoLayer(1, 1, 1, "ratsig4")
    assert split(model, 1, 0, alpha)(np.array([sympy.Integer(1), sympy.Integer(2)], dtype=object))[-1] == 2 * alpha
    ball = split(model, 1, 0, flint.arb(1) / 3)(np.array([flint.arb(1), flint.arb(2)], dtype=object))
    assert (3 * ball[-1]).contains(2)


def test_splits_compose_to_copies():
    by_steps = compose(split(NET, 1, 0, Fraction(1, 2)), split(split(NET, 1, 0, Fraction(1, 2)).wide, 1, 2, Fraction(1, 2)))
    assert by_steps.same_map(copies(NET, 1, 0, (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))))


def test_merge_and_remove_undo():
    theta = point(NET)
    embedding = split(NET, 2, 1, Fraction(5, 3))
    assert (merge(embedding.wide, embedding(theta), 2, (1, 3))[1] == theta).all()
    nothing = null(NET, 1, 2)
    assert (remove(nothing.wide, nothing(theta), 1, 2)[1] == theta).all()


def test_architectures_form_a_lattice_of_paths():
    import networkx

    graph = architecture_graph((1, 1, 2, 1), (1, 3, 4, 1))
    assert networkx.is_directed_acyclic_graph(graph)
    assert (len(graph), graph.number_of_edges()) == (9, 12)
    assert len(list(networkx.all_simple_paths(graph, (1, 1, 2, 1), (1, 3, 4, 1)))) == count_paths((1, 1, 2, 1), (1, 3, 4, 1)) == 6
    assert not is_wider((2, 3, 1), (1, 2, 1)) and not is_wider((1, 2, 1), (1, 2, 1))


ONE, ZEROS = Fraction(1), np.zeros(2, dtype=object)
CHAIN = FullyConnected((1, 1, 1, 2), "ratsig4")


def chain(second, last, *, shift=0):
    return [
        Layer((0, 0), np.array([[1], [1]]), ZEROS),
        Layer((0, 0), np.array(second, dtype=object), np.array([shift, 0], dtype=object)),
        Layer((0, 1), np.array(last, dtype=object), ZEROS),
    ]


HALVES = [[Fraction(1, 2)] * 2] * 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (chain([[1, 1], [0, 1]], HALVES), "forward condition at layer 2, neuron 0, source 0: expected 1, got 2 .off by 1."),
        (chain(HALVES, [[1, 0], [0, 1]]), "backward condition at layer 3, input neuron 0, source 1"),
        (chain([[1, 0], [0, 1]], [[Fraction(1, 3), Fraction(2, 3)]] * 2, shift=1), "bias correction at layer 2, neuron 0"),
        (chain(HALVES, HALVES)[:2], "one Layer for each of the layers 1 to 3"),
        ([Layer((None, None), np.zeros((2, 1)), ZEROS), *chain(HALVES, HALVES)[1:]], "copied at least once"),
        ([Layer((0,), np.ones((1, 2)), ZEROS[:1]), *chain(HALVES, HALVES)[1:]], "layer 1: weights must have shape"),
    ],
)
def test_violated_conditions_are_named(parts, message):
    with pytest.raises(ValueError, match=message):
        compatible(CHAIN, parts)


def test_incompatible_coefficients_have_their_own_error():
    with pytest.raises(IncompatibleError):
        compatible(CHAIN, chain([[1, 1], [0, 1]], HALVES))


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: split(NET, 3, 0, 1), ValueError, "layer must be a hidden layer from 1 to 2 .* got 3"),
        (lambda: split(NET, 0, 0, 1), ValueError, "layer must be"),
        (lambda: split(NET, 1, 2, 1), ValueError, "neuron must be from 0 to 1 in layer 1 .* got 2"),
        (lambda: split(NET, 1, True, 1), ValueError, "neuron must be"),
        (lambda: split(NET, 1, 0, "half"), ValueError, "alpha must be a number, got 'half'"),
        (lambda: split(NET, 1, 0, float("nan")), ValueError, "alpha must be a finite real number, got nan"),
        (lambda: split(NET, 1, 0, None), ValueError, "alpha must be a number"),
        (lambda: split(NET, 1, 0, 1j), ValueError, "alpha must be a finite real number, got 1j"),
        (lambda: copies(NET, 1, 0, (1, 1)), ValueError, "add up to 1.*sum 2"),
        (lambda: split(MatrixFactorization(2, 2, 2), 1, 0, 1), TypeError, "model must be TwoLayer"),
        (lambda: split(FullyConnected((2, 2)), 1, 0, 1), TypeError, "two layers or more"),
        (lambda: null(TwoLayer(1, 1, 1, "ratsig4"), 1, 1), ValueError, "bias must be 0 in a layer without biases"),
        (lambda: null(TwoLayer(1, 1, 1, "sigmoid"), 1, 0), ValueError, "needs a bias in layer 2"),
        (lambda: permutation(NET, 1, [0, 0]), ValueError, "order must list the neurons 0 to 1"),
        (lambda: compose(split(NET, 1, 0, 1), split(NET, 1, 0, 1)), ValueError, "the second starts from"),
        (lambda: architecture_graph((1, 3, 1), (1, 2, 1)), ValueError, "nowhere narrower"),
        (lambda: embed_along(NET, [("copy", 1)]), ValueError, "a step must be"),
        (lambda: merge(NET, point(NET), 1, (0, 0)), ValueError, "two different ones"),
        (lambda: merge(NET, point(NET), 1, (0, 1)), ValueError, "differ in incoming weights"),
        (lambda: remove(NET, point(NET), 1, 0), ValueError, "expected zeros"),
        (lambda: split(NET, 1, 0, 1)(np.zeros(3)), ValueError, "expected a last axis of 23 entries"),
    ],
)
def test_bad_arguments_are_named(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_null_without_bias_is_allowed_where_sigma_vanishes():
    embedding = null(TwoLayer(1, 1, 1, "ratsig4"), 1)
    assert not embedding.offset and embedding.gradient_map == embedding.matrix


def test_wiring_lists_every_parameter_of_the_layer():
    places = wiring(NET, 2)
    assert places.incoming.shape == (3, 3) and places.outgoing.shape == (3, 2) and list(places.next_bias) == [21, 22]


def test_a_bias_beyond_floats_is_named():
    with pytest.raises(ValueError, match="beyond their range"):
        null(FullyConnected((1, 1, 1), "tanh"), 1, 10**400)


def test_null_neurons_need_a_bias_behind_them():
    """Without one their outgoing weights have the gradient sigma(b) E[e], which no bias of the narrow network has."""
    model = FullyConnected((2, 2, 1), "ratsig4", output_bias=False)
    with pytest.raises(ValueError, match="null neurons of layer 1 need a bias in layer 2"):
        two_fold_null(model, [[Fraction(1, 2), Fraction(1, 3)]])
    embedding = two_fold_null(model, [[0, 0]])  # sigma(0) = 0: none is needed
    theta, data = point(model), (rationals([[1, 2], [0, -1], [3, 1]]), rationals([[1], [0], [2]]))
    image = embedding.gradient_map.apply(gradient(model, theta, data))
    assert (gradient(embedding.wide, embedding(theta), data) == image).all()


def test_no_copies_are_none():
    with pytest.raises(ValueError, match="coefficients must hold a number for each copy, got none"):
        copies(NET, 1, 0, [])


@pytest.mark.parametrize("tolerance", [float("nan"), -1.0, True, "1", None, [0.1], 1j])
def test_a_tolerance_is_a_number_from_0_on(tolerance):
    """Nothing exceeds NaN: with it neurons that differ were merged, and neurons that send something removed."""
    model, theta = FullyConnected((1, 2, 1)), np.arange(1.0, 8.0)
    for call in (lambda: merge(model, theta, 1, (0, 1), tolerance=tolerance), lambda: remove(model, theta, 1, 0, tolerance=tolerance)):
        with pytest.raises(ValueError, match="tolerance must be a number, 0 or more"):
            call()


@pytest.mark.parametrize("theta", [0.5, None, [1, 2], np.zeros((7, 2))])
def test_theta_has_an_axis_of_parameters(theta):
    model = FullyConnected((1, 2, 1))
    calls = (
        lambda: remove(model, theta, 1, 0),
        lambda: merge(model, theta, 1, (0, 1)),
        lambda: split(model, 1, 0, Fraction(1, 2))(theta),
        lambda: split(model, 1, 0, Fraction(1, 2)).gradient_map.apply(theta),
    )
    for call in calls:
        with pytest.raises(ValueError, match="last axis of 7"):
            call()
