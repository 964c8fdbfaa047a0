"""Closed forms of the rank against exact elimination, table by table, and bounds against the ranks of drawn points."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import flint
import numpy as np
import pytest
import sympy

from numerics.rank import model_rank
from theory.activations import activation
from theory.draws import pack_known
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.factorizations import CPFactorization, DeepFactorization, SymmetricFactorization
from theory.models.toy import LinearModel
from theory.rank import (
    NotKnown,
    Target,
    cnn_function_rank,
    cp_expected_rank,
    cp_format,
    cp_generic_rank,
    deep_factorization_rank,
    exact_parameters,
    factorization_rank,
    factorization_strata,
    function_rank,
    matrix_rank,
    merged_neurons,
    optimistic_sample_size,
    partial_product_ranks,
    rank_at,
    rank_bounds,
    symmetric_factorization_rank,
    two_layer_function_rank,
    two_layer_rank,
    two_layer_strata,
)
from theory.rank.chains import chain_types, rank_between
from theory.rank.kernel_covers import cover_costs, least_sums, representatives
from theory.rank.strata import matrix_strata

RNG = np.random.default_rng(8)


def of_rank(rows, columns, rank):
    """A random integer matrix of exactly this rank."""
    while True:
        matrix = RNG.integers(-3, 4, (rows, rank)) @ RNG.integers(-3, 4, (rank, columns))
        if matrix_rank(matrix) == rank:
            return matrix


def exact_upper(model, theta):
    return model_rank(model, theta).upper


def exact(model, theta):
    found = model_rank(model, theta, "exact")
    assert found.certified
    return found.rank


@pytest.mark.parametrize(("d1", "d2", "width"), [(2, 3, 2), (3, 2, 4), (3, 3, 3)])
def test_factorizations_at_every_pair_of_ranks(d1, d2, width):
    model = MatrixFactorization(d1, d2, width)
    for a, b in product(range(min(d1, width) + 1), range(min(d2, width) + 1)):
        theta = model.pack(left=of_rank(d1, width, a), right=of_rank(width, d2, b))
        assert factorization_rank(d1, d2, a, b) == rank_at(model, theta) == exact(model, theta)
    for r in range(min(d1, d2, width) + 1):
        pairs = list(factorization_strata(r, d1, d2, width))
        assert function_rank(r, d1, d2) == min(factorization_rank(d1, d2, a, b) for a, b in pairs)
        assert optimistic_sample_size(model, r) == function_rank(r, d1, d2)
        sizes = range(min(d1, d2, width) + 3)
        assert set(pairs) == {
            (a, b) for a, b in product(sizes, sizes) if r <= a <= min(d1, width) and r <= b <= min(d2, width) and a + b - width <= r
        }


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2, 2), (3, 1, 2), (2, 3, 2, 2)])
def test_deep_products_with_factors_of_low_rank(sizes):
    model = DeepFactorization(sizes)
    for ranks in product(*(range(min(pair) + 1) for pair in zip(sizes, sizes[1:], strict=False))):
        factors = [of_rank(*pair, r) for pair, r in zip(zip(sizes, sizes[1:], strict=False), ranks, strict=True)]
        prefix, suffix = partial_product_ranks(factors)
        assert prefix[0] == ranks[0] and suffix[-1] == ranks[-1] and prefix[-1] == suffix[0] and len(prefix) == len(suffix) == len(factors)
        theta = model.pack(**{f"A{i + 1}": factor for i, factor in enumerate(factors)})
        assert deep_factorization_rank(sizes, prefix, suffix) == rank_at(model, theta) == exact(model, theta)


@pytest.mark.parametrize(("size", "width"), [(1, 1), (3, 2), (3, 4), (4, 4)])
def test_symmetric_products(size, width):
    model = SymmetricFactorization(size, width)
    for a in range(min(size, width) + 1):
        theta = model.pack(A=of_rank(size, width, a))
        assert symmetric_factorization_rank(size, a) == rank_at(model, theta) == exact(model, theta)
        assert (
            optimistic_sample_size(model, a) == optimistic_sample_size(model, Target(model, theta)) == symmetric_factorization_rank(size, a)
        )


@pytest.mark.parametrize(("sizes", "components"), [((2, 3, 2), 1), ((2, 2, 3), 2), ((3, 3, 3), 2), ((2, 2, 2), 5), ((2, 2, 2, 2), 2)])
def test_generic_tensors_have_the_expected_rank(sizes, components):
    """None of these formats is defective."""
    model = CPFactorization(sizes, components)
    theta = RNG.integers(-5, 6, model.n_params)
    assert cp_expected_rank(sizes, components) == model_rank(model, theta, "exact").lower


#: Generic ranks below the expected number, by their kind (computed modulo a prime, outside of this package).
DEFECTIVE = {
    "unbalanced": [((2, 2, 4), 3, 15), ((5, 2, 2), 3, 18), ((2, 2, 6), 3, 21), ((2, 3, 5), 4, 28), ((2, 6, 3), 4, 32), ((2, 3, 6), 5, 35)]
    + [((2, 4, 6), 5, 45), ((3, 4), 2, 10), ((1, 3, 3), 2, 8)],
    "exceptional": [((3, 3, 3), 4, 26), ((3, 5, 5), 7, 74), ((4, 3, 4), 5, 44), ((2, 2, 2, 2), 3, 14), ((2, 3, 2, 3), 5, 34)],
    "regular": [((2, 2, 2, 1), 2, 8), ((1, 1, 1), 3, 1), ((3, 3, 3), 3, 21), ((3, 3, 3), 5, 27), ((2, 2, 4), 2, 12), ((2, 2, 4), 4, 16)],
}


@pytest.mark.parametrize(("kind", "sizes", "components", "rank"), [(kind, *one) for kind, listed in DEFECTIVE.items() for one in listed])
def test_the_rule_of_defective_formats(kind, sizes, components, rank):
    model = CPFactorization(sizes, components)
    theta = np.random.default_rng(3).integers(-(10**6), 10**6, model.n_params)
    assert cp_generic_rank(sizes, components) == model_rank(model, theta, "exact").rank == rank
    assert cp_format(sizes, components) == kind
    assert (rank < cp_expected_rank(sizes, components)) == (kind != "regular")


def test_formats_are_positive():
    with pytest.raises(ValueError, match="sizes must be an integer of at least 1, got 0"):
        cp_generic_rank((2, 0), 1)
    with pytest.raises(ValueError, match="components must be an integer of at least 1, got 0"):
        cp_expected_rank((2, 2), 0)


# ------------------------------------------------------------------------------------------------ two-layer networks

FLAGS = list(product((False, True), repeat=2))


@pytest.mark.parametrize(("bias", "output_bias"), FLAGS)
def test_every_kind_of_point_of_a_two_layer_network(bias, output_bias):
    """Equal, opposite, null and constant neurons, with and without output weights, three at a time."""
    model = TwoLayer(2, 3, bias=bias, output_bias=output_bias)
    kinds = [((1, 2), 1, 1), ((-1, -2), -1, 2), ((1, 2), 1, 0), ((3, -1), 0, 0), ((0, 0), 0, 2), ((0, 0), 2, 0), ((0, 0), 0, 0)]
    for drawn in [kinds[:3], kinds[1:4], kinds[2:5], kinds[3:6], kinds[4:], [kinds[0], kinds[4], kinds[5]], [kinds[6]] * 3, [kinds[3]] * 3]:
        parts = {"input_weights": [w for w, _, _ in drawn], "output_weights": [[a for _, _, a in drawn]]}
        parts |= {"input_biases": [b for _, b, _ in drawn]} if bias else {}
        theta = model.pack(**parts, **({"output_bias": [1]} if output_bias else {}))
        counted = two_layer_strata(model, exact_parameters(model, theta))
        assert two_layer_rank(2, **counted) == rank_at(model, theta) == exact(model, theta)


@pytest.mark.parametrize(("bias", "output_bias"), FLAGS)
@pytest.mark.parametrize(("inputs", "neurons"), [(1, 1), (2, 2), (3, 1)])
def test_the_rank_of_a_two_layer_function(bias, output_bias, inputs, neurons):
    """Attained where spare neurons vanish, and never undercut at other points that represent the same function."""
    model = TwoLayer(inputs, neurons + 1, bias=bias, output_bias=output_bias)
    target = TwoLayer(inputs, neurons, bias=bias, output_bias=output_bias)
    wanted = two_layer_function_rank(inputs, neurons, bias=bias, output_bias=output_bias)
    w, b, a = (
        RNG.integers(1, 9, (neurons, inputs)) + np.arange(neurons)[:, None] * 10,
        RNG.integers(1, 5, neurons),
        RNG.integers(1, 5, neurons),
    )
    ranks = []
    for spare, share in (((0,) * inputs, 0), (w[0], 0), (w[0], Fraction(1, 2)), ((90,) + (0,) * (inputs - 1), 0)):
        outputs = [a[0] * (1 - share), *a[1:], a[0] * share]
        parts = {"input_weights": np.array([*w, spare]), "output_weights": np.array([outputs], dtype=object)}
        parts |= {"input_biases": [*b, b[0] if any(spare) else 0]} if bias else {}
        theta = model.pack(**parts, **({"output_bias": [0]} if output_bias else {}))
        ranks.append(rank_at(model, theta))
    assert min(ranks) == wanted and max(ranks) > wanted
    assert rank_bounds(model, target)[:2] == (wanted, wanted) == rank_bounds(model, Target(model, theta))[:2]


def test_constants_cost_a_neuron_or_an_output_bias():
    assert [two_layer_function_rank(3, 2, constant=True, bias=True, output_bias=o) for o in (False, True)] == [2 * 5 + 4, 2 * 5 + 1]
    model = TwoLayer(3, 1, bias=True)
    theta = model.pack(input_weights=[[0, 0, 0]], input_biases=[1], output_weights=[[2]])
    assert rank_at(model, theta) == exact(model, theta) == 4 == two_layer_function_rank(3, 0, constant=True, bias=True)
    narrow, wide = TwoLayer(2, 1, bias=True, output_bias=True), TwoLayer(2, 2, bias=True)
    assert optimistic_sample_size(wide, narrow) == 4 + 3
    with pytest.raises(ValueError, match="1 neurons and a constant"):
        rank_bounds(TwoLayer(2, 1, bias=True), narrow)
    with pytest.raises(ValueError, match="on 3 inputs"):
        rank_bounds(wide, TwoLayer(3, 1))
    assert optimistic_sample_size(wide, FullyConnected((2, 1, 1))) == 4 + 3
    with pytest.raises(ValueError, match="a TwoLayer model or a Target"):
        rank_bounds(wide, FullyConnected((2, 1, 1, 1)))


def test_targets_are_counted_after_merging():
    model = TwoLayer(1, 4, bias=True)
    theta = model.pack(input_weights=[[1], [-1], [0], [0]], input_biases=[2, -2, 3, -3], output_weights=[[1, 3, 5, 5]])
    assert rank_bounds(TwoLayer(1, 5, bias=True), Target(model, theta))[0] == 3  # the pair is one neuron, the constants cancel
    theta = model.pack(input_weights=[[1], [-1], [0], [0]], input_biases=[2, -2, 3, -3], output_weights=[[1, 1, 5, 4]])
    assert rank_bounds(TwoLayer(1, 5, bias=True), Target(model, theta))[0] == 2  # a constant alone


# ---------------------------------------------------------------------------------------------- convolution, and bounds


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("sharing", "architecture"), [(True, "shared"), (False, "unshared")])
def test_convolutional_functions_at_generic_kernels(bias, sharing, architecture):
    model = TwoLayerCNN(4, 2, 2, bias=bias, sharing=sharing)
    shared = TwoLayerCNN(4, 2, 2, bias=bias)
    kernels, biases = np.array([[1, 2], [3, -5]]), np.array([1, 4])
    for zeros in (0, 1):
        outputs = np.array([[1, 2, 3], [1, 1, 1 - zeros]])
        parts = {"kernels": kernels, "output_weights": outputs} | ({"biases": biases} if bias else {})
        target = Target(shared, shared.pack(**parts))
        spread = dict(parts) if sharing else {k: np.repeat(v[:, None], 3, axis=1) if k != "output_weights" else v for k, v in parts.items()}
        theta = model.pack(**spread)
        wanted = cnn_function_rank(4, 2, 3, 2, architecture=architecture, zeros=zeros, bias=bias)
        assert rank_bounds(model, target)[:2] == (wanted, wanted)
        if sharing or not zeros:
            assert exact(model, theta) == wanted
        else:  # the silent neuron may vanish, here it keeps its own value
            assert exact(model, theta) == wanted + 1
    with pytest.raises(ValueError, match="architecture must be"):
        cnn_function_rank(4, 2, 3, 2, architecture="deep")
    assert cnn_function_rank(5, 3, 3, 2, architecture="fully-connected", zeros=1, bias=bias) == 5 * (6 + bias)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TwoLayerCNN(5, 2, 1), "got a function on 5 inputs"),
        (TwoLayerCNN(4, 3, 1), "neurons that see one patch"),
        (TwoLayerCNN(4, 2, 3), "at most 2 kernels"),
        (TwoLayerCNN(4, 2, 1, sharing=False), "at most 2 kernels"),
        (TwoLayer(4, 1), "neurons that see one patch"),
    ],
)
def test_functions_outside_a_convolution_are_refused(target, message):
    with pytest.raises(ValueError, match=f"target must .*{message}"):
        rank_bounds(TwoLayerCNN(4, 2, 2), target)


@pytest.mark.parametrize(
    ("kernels", "outputs", "wanted"),
    [
        ([[1, 0], [0, 1]], np.ones((2, 3)), 4 + 2 * 2),
        ([[0, 0], [1, 2]], np.ones((2, 3)), 3 + 2),
        ([[1, 2], [3, 1]], [[1, 1, 1], [0, 0, 0]], 3 + 2),
        ([[1, 2], [-1, -2]], [[1, 1, 1], [1, 0, 0]], 3 + 2),
        ([[1, 0], [0, 1]], [[0, 1, 0], [-1, 0, 0]], 0),
    ],
)
def test_special_kernels_are_chosen_anew(kernels, outputs, wanted):
    """Translates share neurons; idle, null, repeated and cancelling kernels are not needed."""
    model = TwoLayerCNN(4, 2, 2)
    theta = model.pack(kernels=np.array(kernels), output_weights=np.array(outputs))
    assert rank_bounds(model, Target(model, theta))[:2] == (wanted, wanted) and wanted <= exact(model, theta)


@pytest.mark.parametrize("share", [(1, 1), (2, 2), (0, 0), (5, -3)])
def test_the_biases_of_the_model_are_counted(share):
    """tanh x_0 + 2 tanh x_1 + 2 tanh x_2 + tanh x_3 needs both kernels: rank 11 however they share it, 8 without the biases."""
    model, plain = TwoLayerCNN(4, 2, 2, bias=True, output_bias=True), TwoLayerCNN(4, 2, 2)
    target = Target(plain, plain.pack(kernels=np.array([[1, 0], [0, 1]]), output_weights=np.ones((2, 3))))
    outputs = [[1, *share], [2 - share[0], 2 - share[1], 1]]
    theta = model.pack(kernels=[[1, 0], [0, 1]], biases=[0, 0], output_weights=outputs, output_bias=[0])
    assert rank_bounds(model, target)[:2] == (11, 11) and exact(model, theta) == 11
    assert exact(TwoLayerCNN(1, 1, 1, bias=True), [1, 0, 1]) == 3
    twice = Target(TwoLayerCNN(1, 1, 2), [1, 1, 1, 1])
    assert [optimistic_sample_size(TwoLayerCNN(1, 1, 2, bias=bias), twice) for bias in (False, True)] == [2, 3]  # the least example


def test_one_kernel_between_two_translates_suffices():
    model = TwoLayerCNN(4, 3, 2)
    target = Target(model, model.pack(kernels=[[1, 0, 0], [0, 0, 1]], output_weights=[[0, 1], [1, 0]]))
    theta = model.pack(kernels=[[0, 1, 0], [0, 0, 0]], output_weights=[[1, 1], [0, 0]])
    assert rank_bounds(model, target)[:2] == (5, 5) and exact(model, theta) == 5 and exact(model, target.theta) == 10


def test_kernels_that_differ_in_the_bias_share_nothing():
    model = TwoLayerCNN(4, 2, 2, bias=True)
    theta = model.pack(kernels=[[1, 2], [1, 2]], biases=[1, 2], output_weights=np.ones((2, 3)))
    assert rank_bounds(model, Target(model, theta))[0] == 2 * (2 + 1 + 3) == exact(model, theta)


@pytest.mark.parametrize("order", [1, -1])
def test_covers_by_more_sets_count_where_they_cost_less(order):
    large, larger, left, right = frozenset(range(10)), frozenset(range(11)), frozenset({0, 20}), frozenset({1, 20})
    makers = {0: [large, larger, left][::order], 1: [large, larger, right][::order]}
    assert cover_costs({0, 1}, makers, 1) == {1: 11, 2: 3 + 2} and cover_costs({0, 1}, makers, 8) == {1: 18}
    assert cover_costs({0, 1}, makers, 7) == {1: 17}  # two sets cost as much
    assert cover_costs({0}, makers, 1) == {1: 3} and cover_costs(set(), {}, 1) == {0: 0}
    assert least_sums([{1: 11, 2: 5}, {1: 4, 2: 2}][::order]) == {2: 15, 3: 9, 4: 7} and least_sums([]) == {0: 0}


@pytest.mark.parametrize("seed", range(60))
def test_no_choice_of_kernels_undercuts_the_rank_of_the_function(seed):
    """Attained and never undercut over the kernels that make the function, with random shares of their common neurons."""
    rng = np.random.default_rng(seed)
    shape = [(3, 2), (4, 2), (5, 3), (4, 3), ((3, 3), (2, 2))][seed % 5]
    k, stride, flags = int(rng.integers(1, 4)), int(rng.integers(1, 3)), [bool(flag) for flag in rng.integers(0, 2, 3)]
    own = TwoLayerCNN(*shape, k, stride, bias=flags[0])
    model = replace(own, kernels=k + seed % 2, bias=flags[0] or flags[1], output_bias=flags[2])
    positions, entries = own.patches.shape
    kernels = rng.integers(-1, 2, (k, entries)) * rng.integers(0, 2, (k, entries))
    kernels[0, 0] = 1
    outputs = rng.integers(-1, 3, (k, positions)) * rng.integers(0, 2, (k, positions))
    biases = rng.integers(0, 2, k) * kernels.any(axis=1)
    theta = pack_known(own, kernels=kernels, biases=biases, output_weights=outputs)
    merged = {neuron: a for neuron, a in merged_neurons(own, theta).items() if a}
    lower, upper, _ = rank_bounds(model, Target(own, theta))
    points = [point for _ in range(3) for point in representatives(model, merged, rng)] if merged else [np.zeros(model.n_params, int)]
    x = rng.normal(size=(5, own.input_size))
    for point in points:
        assert np.allclose(model(np.asarray(point, float), x), own(np.asarray(theta, float), x))
    ranks = [rank_at(model, point) for point in points]
    assert lower == upper == min(ranks) == exact(model, points[int(np.argmin(ranks))])


@pytest.mark.parametrize("sharing", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_a_constant_takes_a_kernel_or_an_output_bias(sharing, bias):
    """1 beside an output bias; otherwise a spare kernel without weights, of slopes x_j on its patch."""
    target = TwoLayerCNN(4, 2, 1, bias=bias, output_bias=True)
    theta = pack_known(target, kernels=[[1, 2]], biases=[3], output_weights=[[1, 1, 1]], output_bias=[2])
    model = TwoLayerCNN(4, 2, 2, sharing=sharing, bias=True)
    one = 3 + 3 if sharing else 3 * 4
    for f in (target, Target(target, theta)):
        assert rank_bounds(model, f)[:2] == (one + 1 + 2,) * 2
        assert rank_bounds(replace(model, output_bias=True), f)[:2] == (one + 1,) * 2
        with pytest.raises(ValueError, match="target must leave one of the"):
            rank_bounds(replace(model, kernels=1), f)
        assert rank_bounds(replace(model, kernels=1, output_bias=True), f)[:2] == (one + 1,) * 2
    kernels, biases, outputs = np.zeros((2, 3, 2), int), np.zeros((2, 3), int), np.array([[1, 1, 1], [2, 0, 0]])
    kernels[0], biases[0], biases[1, 0] = [1, 2], 3, 1
    spread = (kernels, biases) if not sharing else (kernels[:, 0], biases[:, 0])
    assert exact(model, model.pack(kernels=spread[0], biases=spread[1], output_weights=outputs)) == one + 3


@pytest.mark.parametrize("sharing", [True, False])
def test_targets_with_biases_need_a_model_with_biases(sharing):
    """The flags of a generic target, the numbers of a given one."""
    model, biased = TwoLayerCNN(4, 2, 2, sharing=sharing), TwoLayerCNN(4, 2, 1, bias=True)
    at = lambda b: Target(biased, biased.pack(kernels=[[1, 2]], biases=[b], output_weights=[[1, 1, 1]]))
    constant = TwoLayerCNN(4, 2, 1, output_bias=True)
    for target in (biased, at(1)):
        with pytest.raises(
            ValueError, match=r"target must have no hidden biases, .*TwoLayerCNN.* cannot express, got .* with hidden biases"
        ):
            rank_bounds(model, target)
    with pytest.raises(ValueError, match=r"target must have no constant, .* cannot express, got .* with a constant"):
        rank_bounds(model, constant)
    assert rank_bounds(model, at(0))[:2] == rank_bounds(model, TwoLayerCNN(4, 2, 1))[:2]
    two = TwoLayer(1, 1, bias=True)
    assert rank_bounds(TwoLayer(1, 1), Target(two, [2, 0, 3]))[:2] == (2, 2)
    for target in (two, Target(two, [2, 1, 3])):
        with pytest.raises(ValueError, match="target must have no hidden biases"):
            rank_bounds(TwoLayer(1, 1), target)


def test_narrower_targets_are_counted_with_the_biases_of_the_model():
    """a tanh(w x) has rank 2 without biases and 4 with both."""
    wide, narrow = FullyConnected((1, 1, 1, 1)), FullyConnected((1, 1, 1, 1), bias=False)
    assert rank_bounds(wide, narrow)[:2] == (0, 6)
    assert (
        optimistic_sample_size(FullyConnected((1, 1, 1)), FullyConnected((1, 1, 1), bias=False))
        == 4
        == exact(TwoLayer(1, 1, bias=True, output_bias=True), [2, 0, 3, 0])
    )
    with pytest.raises(ValueError, match="target must have no biases that .* lacks"):
        rank_bounds(narrow, wide)
    with pytest.raises(ValueError, match="target must have no biases that .* lacks"):
        rank_bounds(FullyConnected((1, 1, 1, 1), output_bias=False), wide)


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (TwoLayerCNN(4, 2, 2), TwoLayerCNN(4, 2, 1, activation="erf")),
        (TwoLayer(2, 2), TwoLayer(2, 1, activation="erf")),
        (FullyConnected((2, 2, 1)), FullyConnected((2, 1, 1), activation="erf")),
    ],
)
def test_targets_have_the_activation_of_the_model(model, target):
    with pytest.raises(ValueError, match="target must have the activation tanh of .*, got erf"):
        rank_bounds(model, target)


def test_targets_of_one_output():
    with pytest.raises(ValueError, match="target must have one output, .* got 2 outputs"):
        rank_bounds(TwoLayer(2, 3), TwoLayer(2, 2, 2))


def test_several_outputs_are_counted_together():
    model = TwoLayer(2, 3, 2)
    for outputs in ([[1, 2, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 1, 1]]):
        theta = model.pack(input_weights=[[1, 2], [-1, -2], [3, 1]], output_weights=outputs)
        assert rank_at(model, theta) == exact(model, theta)


def test_only_some_activations_have_closed_forms():
    """erf by a name that nobody knows, and sin with biases, whose shifts are dependent, in a convolution."""
    sigma = replace(activation("erf"), name="zeta")
    assert rank_bounds(TwoLayerCNN(4, 2, 2, activation=sigma), TwoLayerCNN(4, 2, 1, activation=sigma))[:2] == (0, 5)
    assert rank_bounds(TwoLayer(2, 2, activation=sigma), TwoLayer(2, 1, activation=sigma))[:2] == (0, 3)
    with pytest.raises(NotKnown, match="independence of the generators"):
        rank_at(TwoLayer(2, 1, activation=sigma), [1, 2, 3])
    shifted = lambda kernels: TwoLayerCNN(4, 2, kernels, activation="sin", bias=True)
    assert rank_bounds(shifted(2), shifted(1))[:2] == (6, 6)


def test_networks_without_a_closed_form_have_bounds():
    wide, narrow = FullyConnected((2, 4, 3, 1), "sigmoid"), FullyConnected((2, 2, 3, 1), "sigmoid")
    assert rank_bounds(wide, narrow)[:2] == (0, narrow.n_params)
    theta = narrow.pack(W1=[[1, 2], [1, 2]], b1=[0, 0], W2=np.ones((3, 2)), b2=[1, 2, 3], W3=[[1, 2, 3]], b3=[0])
    assert rank_bounds(wide, Target(narrow, theta))[1] == exact_upper(narrow, theta) < narrow.n_params
    assert rank_bounds(TwoLayer(2, 3, 2, "hardtanh"), TwoLayer(2, 2, 2, "hardtanh"))[:2] == (8, 8)  # two kinks a neuron
    for other in (
        FullyConnected((2, 5, 3, 1), "sigmoid"),
        FullyConnected((2, 3, 1), "sigmoid"),
        FullyConnected((3, 2, 3, 1), "sigmoid"),
        FullyConnected((2, 2, 3, 2), "sigmoid"),
        TwoLayer(2, 2, activation="sigmoid"),
    ):
        with pytest.raises(ValueError, match="same depth"):
            rank_bounds(wide, other)
    unknown = LinearModel(1, lambda x: x, 1)
    for call in (lambda: rank_at(unknown, [1]), lambda: optimistic_sample_size(unknown, unknown)):
        with pytest.raises(NotKnown, match="known bounds: 0 to 1"):
            call()
    with pytest.raises(NotKnown) as error:
        rank_at(wide, np.ones(wide.n_params, int))
    assert error.value.lower == 0 and error.value.upper == exact_upper(wide, np.ones(wide.n_params, int))


@pytest.mark.parametrize("target", [-1, 3, True, 1.0, "1"])
@pytest.mark.parametrize("model", [MatrixFactorization(2, 3, 4), DeepFactorization((2, 4, 3)), SymmetricFactorization(2, 3)], ids=str)
def test_ranks_that_no_matrix_has(model, target):
    with pytest.raises(ValueError, match="matrix rank from 0 to 2"):
        rank_bounds(model, target)


def test_targets_of_factorizations():
    model = MatrixFactorization(3, 4, 3)
    assert optimistic_sample_size(model, MatrixFactorization(3, 4, 2)) == function_rank(2, 3, 4)
    theta = model.pack(left=of_rank(3, 3, 1), right=of_rank(3, 4, 3))
    assert optimistic_sample_size(model, Target(model, theta)) == function_rank(1, 3, 4)
    deep = DeepFactorization((3, 2, 4))
    theta = deep.pack(A1=of_rank(3, 2, 2), A2=of_rank(2, 4, 2))
    assert optimistic_sample_size(deep, Target(deep, theta)) == function_rank(2, 3, 4)


# --------------------------------------------------------------------------------------------------- exact arithmetic


def test_parameters_are_read_as_rationals():
    model = TwoLayer(1, 2)
    read = exact_parameters(model, np.array([sympy.Rational(1, 3), flint.fmpq(2, 7), 0.5, np.int64(4)], dtype=object))
    assert read.tolist() == [Fraction(1, 3), Fraction(2, 7), Fraction(1, 2), 4] and all(isinstance(value, Fraction) for value in read)
    for wrong in ([1, 2, 3], [1, 2, 3, float("inf")], [1, 2, 3, "x"], [[1, 2, 3, 4]]):
        with pytest.raises(ValueError, match="theta must"):
            exact_parameters(model, np.array(wrong, dtype=object))


def test_matrix_ranks_are_exact():
    assert matrix_rank([[1, 2], [2, 4]]) == 1 and matrix_rank([[Fraction(1, 3), 1], [1, 3]]) == 1
    assert matrix_rank([[1, 2], [2, 4 + 1e-15]]) == 2 and matrix_rank(np.zeros((0, 3))) == 0 and matrix_rank(np.zeros((2, 0))) == 0


# -------------------------------------------------------------------------------------------------------- dimensions


def tangent_dimension(model, theta, a, b):
    """Dimension of {(dA, dB): dA B + A dB = 0, dA and dB tangent to the matrices of rank a and b}, by exact elimination."""
    parts = {name: np.asarray(part, dtype=object) for name, part in model.unpack(theta).items()}
    A, B = parts["left"], parts["right"]
    kernel = lambda matrix: [np.array(v, dtype=object).ravel() for v in sympy.Matrix(matrix).nullspace()]
    conditions = []
    for k in range(model.n_params):
        unit = model.unpack(np.array([int(j == k) for j in range(model.n_params)], dtype=object))
        dA, dB = unit["left"], unit["right"]
        row = list((dA @ B + A @ dB).ravel())
        for M, dM in ((A, dA), (B, dB)):  # left kernel dM right kernel = 0
            row += [u @ dM @ v for u in kernel(M.T) for v in kernel(M)]
        conditions.append(row)
    return model.n_params - sympy.Matrix(conditions).rank()


@pytest.mark.parametrize(
    ("sizes", "target"), [((2, 2, 2), [[1, 2], [2, 4]]), ((2, 3, 3), [[1, 0, 2], [0, 1, 1]]), ((2, 2, 3), [[0, 0], [0, 0]])]
)
def test_the_dimension_of_every_stratum(sizes, target):
    """At a drawn point the three conditions leave a tangent space of exactly that dimension."""
    model = MatrixFactorization(*sizes)
    for stratum in matrix_strata(model, target).strata:
        theta = stratum.sample(np.random.default_rng(1))
        assert stratum.dimension == tangent_dimension(model, theta, *stratum.key)


def test_matrices_of_another_shape_are_refused():
    model, other = MatrixFactorization(3, 4, 3), MatrixFactorization(2, 2, 2)
    for target in (other, Target(other, np.ones(other.n_params))):
        with pytest.raises(ValueError, match=r"target must be a matrix of shape \(3, 4\) for .*, got \(2, 2\) from"):
            rank_bounds(model, target)
    assert rank_bounds(model, MatrixFactorization(3, 4, 2))[:2] == rank_bounds(model, 2)[:2]


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 1, 2), (2, 1, 2, 1), (2, 2, 1, 2)])
def test_partial_ranks_are_taken_exactly_where_a_chain_has_them(sizes):
    """Every type of chain, counted by its intervals, against every pair of rank vectors within the sizes."""
    last = len(sizes) - 1
    held = {
        (tuple(rank_between(kind, 0, i) for i in range(1, last + 1)), tuple(rank_between(kind, i, last) for i in range(last)))
        for kind in chain_types(sizes)
    }
    for prefix in product(*(range(size + 1) for size in sizes[1:])):
        for suffix in product(*(range(size + 1) for size in sizes[:-1])):
            if (prefix, suffix) in held:
                deep_factorization_rank(sizes, prefix, suffix)
            else:
                with pytest.raises(ValueError, match="prefix"):
                    deep_factorization_rank(sizes, prefix, suffix)
