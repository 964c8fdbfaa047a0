"""Sparse affine maps against dense arrays, numbers of every kind, architectures, wiring, and random compatible coefficients."""

import math
from fractions import Fraction
from itertools import permutations, product

import flint
import numpy as np
import pytest
import sympy

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient
from theory.embedding import (
    Embedding,
    SparseMatrix,
    architecture_graph,
    compatible,
    compose,
    draw_layers,
    embed_along,
    is_wider,
    merge,
    remove,
    split,
)
from theory.embedding.affine import identity, number
from theory.embedding.compatible import multipliers
from theory.embedding.graph import count_paths
from theory.embedding.merging import unchecked_merge
from theory.embedding.onestep import constant_neuron
from theory.embedding.wiring import hidden_widths, kept, layers, widened, wiring
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN

HALF = Fraction(1, 2)


def drawn(shape, seed):
    """A sparse matrix of Fractions, ones and zeros among them, and the same as an array."""
    rng = np.random.default_rng(seed)
    values = [Fraction(0), Fraction(1), Fraction(-1), Fraction(3), Fraction(2, 3), Fraction(-5, 4)]
    dense = np.array([[values[k] for k in row] for row in rng.integers(0, 6, shape)], dtype=object)
    return SparseMatrix(shape, {place: dense[place] for place in np.ndindex(shape) if dense[place] != 0}), dense


@pytest.mark.parametrize("seed", range(5))
def test_sparse_matrices_compute_like_dense_ones(seed):
    (A, a), (B, b) = drawn((3, 4), seed), drawn((4, 2), seed + 10)
    assert (A.dense() == a).all() and (A.T.dense() == a.T).all() and A.T.shape == (4, 3)
    product_, wanted = A @ B, a @ b
    assert (product_.dense() == wanted).all() and product_.shape == (3, 2)
    assert all(value != 0 for value in product_.entries.values())
    vectors = np.array([[Fraction(k, 3) for k in row] for row in np.random.default_rng(seed).integers(-4, 5, (2, 4))], dtype=object)
    assert (A.apply(vectors) == vectors @ a.T).all() and (A @ vectors[0] == a @ vectors[0]).all() and (A @ vectors.T == a @ vectors.T).all()
    np.testing.assert_allclose(A.apply(vectors.astype(float)), (vectors @ a.T).astype(float))
    assert A.apply(np.arange(4)).tolist() == (a @ np.arange(4)).tolist()
    with pytest.raises(ValueError, match="last axis of 4"):
        A.apply(np.zeros(3))
    with pytest.raises(ValueError, match=r"shapes \(3, 4\) and \(3, 4\)"):
        A @ A


def test_equality_is_that_of_the_entries():
    A = SparseMatrix((2, 2), {(0, 0): Fraction(1), (1, 0): Fraction(2)})
    assert A == SparseMatrix((2, 2), {(1, 0): Fraction(2), (0, 0): Fraction(1), (0, 1): Fraction(0)})
    for changes in ({(0, 0): Fraction(0)}, {(0, 0): Fraction(3)}, {(1, 1): Fraction(1)}, {(1, 0): Fraction(1)}):
        assert A != A.with_entries(changes)
    assert A != SparseMatrix((2, 3), A.entries) and A != SparseMatrix((3, 2), A.entries) and A != "A"
    assert identity(3).dense().tolist() == np.eye(3).tolist()


def test_entries_keep_their_arithmetic():
    A = SparseMatrix((2, 2), {(0, 0): Fraction(2, 3), (0, 1): Fraction(1), (1, 0): Fraction(-2)})
    shift = Embedding(TwoLayer(1, 1), TwoLayer(1, 1), {0: HALF, 1: Fraction(3)}, lambda: A, lambda: A)
    for entries in (
        rationals([3, 5]),
        np.array([flint.arb(3), flint.arb(5)]),
        np.array([sympy.Integer(3), sympy.Symbol("y")], dtype=object),
    ):
        found = shift(entries)
        kind = (flint.fmpq, flint.arb, sympy.Basic)
        assert all(isinstance(value, kind) for value in found)
        assert [2 * value for value in found] == [2 * (2 * entries[0] / 3 + entries[1]) + 1, 2 * (-2 * entries[0] + 3)]
    assert shift(np.array([0, 0], dtype=object)).tolist() == [HALF, 3]
    zeros = shift(np.array([flint.arb(0), flint.arb(0)]))
    assert zeros[0] == flint.arb(1) / 2 and zeros[1] == 3
    assert shift(np.array([3.0, 5.0])).tolist() == pytest.approx([7.5, -3.0])
    assert (A @ np.array([0, Fraction(1)], dtype=object)).tolist() == [1, 0]


def test_composition_is_composition():
    model = TwoLayer(1, 1, 1, "ratsig4", bias=True, output_bias=True)
    first = split(model, 1, 0, Fraction(1, 3))
    second = embed_along(first.wide, [("null", 1, 2), ("split", 1, 2, HALF)])
    whole, theta = compose(first, second), rationals([1, 2, 3, 4])
    assert (whole(theta) == second(first(theta))).all() and whole.narrow == model and whole.wide == second.wide
    assert whole.gradient_map == second.gradient_map @ first.gradient_map
    assert whole.same_map(compose(first, second)) and not whole.same_map(whole.with_matrix({(0, 1): Fraction(1)}))
    assert not whole.same_map(whole.with_gradient_map({(0, 1): Fraction(1)}))
    other = embed_along(first.wide, [("null", 1, 3), ("split", 1, 2, HALF)])
    assert not whole.same_map(compose(first, other))
    shifted = Embedding(model, model, {0: Fraction(2)}, lambda: drawn((4, 4), 3)[0], lambda: identity(4))
    assert (compose(shifted, shifted)(theta) == shifted(shifted(theta))).all()


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (3, 3),
        (0.5, HALF),
        (np.int64(4), 4),
        (np.float32(0.25), Fraction(1, 4)),
        (np.longdouble(0.25), Fraction(1, 4)),
        (sympy.Rational(2, 3), Fraction(2, 3)),
        (flint.fmpq(2, 3), Fraction(2, 3)),
    ],
)
def test_rational_numbers_become_fractions(value, wanted):
    assert number("alpha", value) == wanted and isinstance(number("alpha", value), Fraction)


@pytest.mark.parametrize("value", [True, np.True_, "1/2", b"1", None, float("inf"), np.float64("nan"), np.ones(2), object()])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="alpha must be a"):
        number("alpha", value)


@pytest.mark.parametrize("value", [1j, 1 + 0j, np.complex64(1j), sympy.I, 1 + 2 * sympy.I, sympy.oo, flint.acb(0, 1)])
def test_what_is_not_real_is_refused(value):
    with pytest.raises(ValueError, match="alpha must be a finite real number"):
        number("alpha", value)


def test_symbols_and_balls_pass_as_numbers():
    symbol, ball = sympy.Symbol("a"), flint.arb(1, 2)
    assert number("alpha", symbol) is symbol and number("alpha", ball) is ball


# ------------------------------------------------------------------------------------------------------ architectures


@pytest.mark.parametrize(("narrow", "wide"), [((1, 1, 2, 1), (1, 3, 4, 1)), ((2, 1, 1), (2, 4, 1)), ((1, 1, 1, 1, 1), (1, 2, 3, 2, 1))])
def test_architectures_against_brute_force(narrow, wide):
    graph = architecture_graph(narrow, wide)
    between = set(product(*(range(a, b + 1) for a, b in zip(narrow, wide, strict=True))))
    assert set(graph) == between
    steps = {(p, q) for p in between for q in between if sum(q) == sum(p) + 1 and all(a <= b for a, b in zip(p, q, strict=True))}
    assert set(graph.edges) == steps
    for p, q, layer in graph.edges(data="layer"):
        assert [l for l, (a, b) in enumerate(zip(p, q, strict=True)) if a != b] == [layer]
    added = [l for l, (a, b) in enumerate(zip(narrow, wide, strict=True)) for _ in range(b - a)]
    assert count_paths(narrow, wide) == len(set(permutations(added)))
    path = [("split", layer, 0, HALF) for layer in added]
    assert embed_along(FullyConnected(narrow, "ratsig4"), path).wide.widths == wide


def test_wider_means_nowhere_narrower_and_not_equal():
    for p, q in product(product((1, 2), repeat=3), repeat=2):
        assert is_wider(p, q) == (p[0] == q[0] and p[2] == q[2] and p[1] > q[1])
    assert not is_wider((1, 2, 2, 1), (1, 2, 1))


@pytest.mark.parametrize(
    "model", [TwoLayer(1, 2, 2, "ratsig4", bias=True, output_bias=True), FullyConnected((2, 2, 3, 1), "ratsig4")], ids=str
)
def test_what_a_constant_neuron_sends_is_taken_off_the_next_biases(model):
    rng = np.random.default_rng(0)
    theta, x = rationals(rng.integers(-3, 4, model.n_params)), rationals(rng.integers(-3, 4, (3, model.input_size)))
    for layer in range(1, len(hidden_widths(model)) + 1):
        outgoing = [Fraction(k + 2, 3) for k in range(wiring(model, layer).outgoing.shape[1])]
        embedding = constant_neuron(model, layer, HALF, outgoing)
        wide, places = embedding(theta), wiring(embedding.wide, layer)
        assert (embedding.wide(wide, x) == model(theta, x)).all()
        assert list(wide[places.outgoing[-1]]) == list(rationals(outgoing)) and list(wide[places.incoming[-1]])[-1] == rationals([HALF])[0]


# ------------------------------------------------------------------------------------------------------------- wiring

MODELS = [
    TwoLayer(2, 3, 2, "ratsig4", bias=True, output_bias=True),
    TwoLayer(2, 3, 2, "ratsig4"),
    TwoLayerCNN(4, 2, 3, activation="ratsig4", bias=True, output_bias=True),
    TwoLayerCNN(4, 2, 2, activation="ratsig4", sharing=False, bias=True),
    FullyConnected((2, 3, 2, 2), "ratsig4"),
    FullyConnected((2, 3, 2), "ratsig4", bias=False),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_each_parameter_of_a_layer_has_its_place(model):
    """Without its outgoing weights a neuron is silent, whatever comes in; its biases shift, the next bias shifts the output."""
    rng = np.random.default_rng(0)
    x, theta = rng.normal(size=(3, model.input_size)), rng.normal(size=model.n_params)
    for layer, width in enumerate(hidden_widths(model), start=1):
        places = wiring(model, layer)
        assert places.width == width == len(places.outgoing) and places.has_bias == (places.biases.size > 0)
        every = np.concatenate([places.incoming.ravel(), places.outgoing.ravel()])
        assert len(set(every.tolist())) == len(every)
        for neuron in range(width):
            silent = theta.copy()
            silent[places.outgoing[neuron]] = 0
            loud = silent.copy()
            loud[places.incoming[neuron]] += 1
            np.testing.assert_array_equal(model(silent, x), model(loud, x))
            assert (model(silent, x) != model(theta, x)).any()
            assert list(places.incoming[neuron][places.incoming.shape[1] - places.biases.shape[1] :]) == list(places.biases[neuron])
        order = [*range(1, width), 0]
        turned = theta.copy()
        for lines in (places.incoming, places.outgoing):
            turned[lines] = theta[lines[order]]
        np.testing.assert_allclose(model(turned, x), model(theta, x), rtol=1e-12)
        wide = widened(model, layer, 2)
        assert hidden_widths(wide)[layer - 1] == width + 2 and widened(wide, layer, -2) == model
        padded = np.zeros(wide.n_params)
        padded[kept(model, wide)] = theta
        np.testing.assert_allclose(wide(padded, x), model(theta, x), rtol=1e-12)


def test_layers_of_indices():
    (weights, biases), (last, none) = layers(TwoLayer(2, 3, 2, bias=True))
    assert weights.tolist() == [[0, 1], [2, 3], [4, 5]] and biases.tolist() == [6, 7, 8] and last.shape == (2, 3) and none is None
    with pytest.raises(TypeError, match="TwoLayer or FullyConnected"):
        layers(MatrixFactorization(2, 2, 2))


# ------------------------------------------------------------------------------------------------------------ merging


def test_merging_within_a_tolerance_and_into_any_of_the_two():
    model = TwoLayer(1, 3, 2, bias=True)
    theta = model.pack(
        input_weights=[[1.0], [2.0], [1.0 + 1e-9]], input_biases=[0.5, 1.0, 0.5], output_weights=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    )
    with pytest.raises(ValueError, match="differ in incoming weights"):
        merge(model, theta, 1, (0, 2))
    with pytest.raises(ValueError, match="differ in incoming weights"):
        merge(model, theta, 1, (0, 2), tolerance=1e-10)
    narrow, found = merge(model, theta, 1, (0, 2), tolerance=1e-8)
    parts = narrow.unpack(found)
    assert (
        narrow.width == 2
        and parts["input_weights"].tolist() == [[1.0], [2.0]]
        and parts["output_weights"].tolist() == [[4.0, 2.0], [10.0, 5.0]]
    )
    other = narrow.unpack(merge(model, theta, 1, (2, 0), tolerance=1e-8)[1])
    assert other["input_weights"].tolist() == [[2.0], [1.0 + 1e-9]] and other["output_weights"].tolist() == [[2.0, 4.0], [5.0, 10.0]]
    assert narrow.unpack(unchecked_merge(model, theta, 1, (0, 1))[1])["output_weights"].tolist() == [[3.0, 3.0], [9.0, 6.0]]


def test_removing_needs_silence_up_to_the_tolerance():
    model = TwoLayer(1, 2, 2)
    theta = model.pack(input_weights=[[1.0], [2.0]], output_weights=[[1e-9, 2.0], [-1e-9, 5.0]])
    for tolerance in (0.0, 1e-10):
        with pytest.raises(ValueError, match="expected zeros"):
            remove(model, theta, 1, 0, tolerance=tolerance)
    narrow, found = remove(model, theta, 1, 0, tolerance=1e-9)  # up to the tolerance, not beyond it
    assert found.tolist() == [2.0, 2.0, 5.0] and narrow.width == 1
    with pytest.raises(ValueError, match="one neuron only"):
        remove(narrow, 0 * found, 1, 0)


# --------------------------------------------------------------------------------------------------------- compatible

SOURCES = [
    ((1, 1, 1), [(0, 0, 0), (0, None, 0)]),
    ((2, 2, 2), [(0, 1, 1, 0, None), (1, 0, 0, None, 1, 1)]),
    ((1, 2, 1), [(0, 1, None, None), (1, 0, 1)]),
    ((2, 1, 3), [(0, 0), (0, 0, None)]),
]


@pytest.mark.parametrize(("widths", "sources"), SOURCES)
@pytest.mark.parametrize("nonzero", [False, True])
def test_random_coefficients_are_compatible(widths, sources, nonzero):
    """Several copies in adjacent layers, null neurons between: all conditions hold exactly, and gradients map."""
    inputs, hidden, outputs = widths
    model = FullyConnected((inputs, hidden, hidden, outputs), "ratsig4")
    rng = np.random.default_rng(5)
    theta = rationals(rng.integers(-3, 4, model.n_params))
    data = rationals(rng.integers(-3, 4, (2, inputs))), rationals(rng.integers(-3, 4, (2, outputs)))
    seen = set()
    for _ in range(4):
        parts = draw_layers(model, sources, rng, denominator=2, nonzero=nonzero)
        embedding = compatible(model, parts)
        wide = embedding(theta)
        assert embedding.wide.widths == (inputs, *map(len, sources), outputs)
        assert (embedding.wide(wide, data[0]) == model(theta, data[0])).all()
        assert (embedding.gradient_map @ gradient(model, theta, data) == gradient(embedding.wide, wide, data)).all()
        betas = multipliers(model, parts)
        assert [[beta is None for beta in row] for row in betas[1:-1]] == [[s is None for s in source] for source in sources]
        assert not nonzero or all(beta != 0 for row in betas for beta in row if beta is not None)
        seen.add(str(parts[1].weights))
        assert {Fraction(value).denominator for row in parts[0].weights for value in row} <= set(
            range(1, 2 * math.prod(map(len, sources)) + 1)
        )
    assert len(seen) == 4
