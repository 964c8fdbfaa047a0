"""Targets that are 0 or constant, and what opposite neurons leave behind: the numbers, and no representative below them."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.draws import pack_known
from theory.expressions import activation_of
from theory.models import TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN
from theory.rank import NotKnown, Target, optimistic_sample_size, rank_bounds

#: R(0) and R(c) on two inputs without an output bias, without hidden biases and with them (fnn.zero); None: no neuron makes a constant.
KNOWN = {
    "tanh": ((0, None), (0, 3)),
    "sigmoid": ((1, 3), (1, 3)),
    "softplus": ((1, 3), (1, 3)),
    "exp": ((1, 3), (1, 3)),
    "lorentz": ((1, 1), (1, 1)),
    "cos": ((1, 1), (0, 1)),
    "sin": ((0, None), (0, 1)),
    "gelu": ((0, None), (0, 1)),
    "silu": ((0, None), (0, 1)),
    "ratsig": ((0, None), (0, 1)),
    "relu": ((0, None), (0, 3)),
    "leaky": ((0, None), (0, 3)),
    "hinge3": ((0, None), (0, 3)),
    "identity": ((0, None), (0, 3)),
    "power:2": ((0, None), (0, 3)),
}


def of_neurons(name, bias, output_bias, rows, outputs, constant=0):
    """The network of these neurons (w, b) on two inputs."""
    model = TwoLayer(2, len(rows), activation=name, bias=bias, output_bias=output_bias)
    rows = np.array(rows, dtype=object)
    parts = dict(input_weights=rows[:, :2], input_biases=rows[:, 2], output_weights=[outputs], output_bias=[constant])
    return Target(model, pack_known(model, **parts))


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("bias", [False, True])
def test_zero_and_constants(name, bias):
    zero, constant = KNOWN[name][bias]
    wide = TwoLayer(2, 3, activation=name, bias=bias)
    cancelling = of_neurons(name, bias, False, [[1, 2, 1], [1, 2, 1]], [3, -3])
    assert optimistic_sample_size(wide, cancelling) == zero <= model_rank(cancelling.model, cancelling.theta).lower
    if constant is not None:
        held = of_neurons(name, bias, False, [[0, 0, 1]], [2])
        assert optimistic_sample_size(wide, held) == constant <= model_rank(held.model, held.theta).upper
    free = TwoLayer(2, 3, activation=name, bias=bias, output_bias=True)
    for outputs in ([3, -3], [0, 0]):
        assert optimistic_sample_size(free, of_neurons(name, bias, True, [[1, 2, 1], [1, 2, 1]], outputs, 5)) == 1


@pytest.mark.parametrize(("name", "zero", "constant"), [("tanh", 0, None), ("sigmoid", 3, 5), ("gelu", 0, None), ("lorentz", 3, 3)])
def test_several_outputs_make_a_constant_each(name, zero, constant):
    """Each output weight of a neuron without input weights has a constant for its tangent."""
    model = TwoLayer(2, 2, 3, activation=name)
    neuron = lambda *outputs: Target(model, model.pack(input_weights=np.zeros((2, 2), int), output_weights=np.array(outputs).T))
    assert optimistic_sample_size(model, neuron([0, 0, 0], [0, 0, 0])) == zero
    if constant is not None:
        assert optimistic_sample_size(model, neuron([1, 0, 2], [0, 0, 0])) == constant
        assert model_rank(model, neuron([1, 0, 2], [0, 0, 0]).theta).rank == constant


@pytest.mark.parametrize("output_bias", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "gelu", "silu"])
def test_opposite_neurons(name, bias, output_bias):
    """a sigma(z) + b sigma(-z): a class where its share does not cancel, and something affine, which is a tangent like the neurons."""
    wide, D = TwoLayer(2, 3, activation=name, bias=bias, output_bias=output_bias), 3 + bias
    for outputs in ([1, 1], [1, -1], [2, 1], [0, 3]):
        target = of_neurons(name, bias, output_bias, [[1, 2, 1], [-1, -2, -1]], outputs)
        found, given = optimistic_sample_size(wide, target), model_rank(target.model, target.theta).rank
        if not outputs[0]:
            assert found == D + output_bias <= given  # one neuron, whatever its sign
        elif name != "sigmoid":
            assert found == given == D + 2 + (bias or output_bias)  # all slopes, and with a bias the constant
        elif outputs == [1, 1]:
            assert found == (1 if output_bias else 3) < given
        else:
            assert found == given == D + 1


@pytest.mark.parametrize(
    ("name", "rows", "outputs"),
    [
        ("sigmoid", [[1, 2, 0], [2, -1, 0], [-1, -1, 0], [1, 1, 0]], [2, -2, 2, 2]),  # the last two are 2 together
        ("softplus", [[-1, -2, 0], [-2, 1, 0], [2, 4, 0], [-2, -4, 0]], [2, 2, 1, -1]),  # and here 2 z
    ],
)
def test_signs_are_chosen_for_all_neurons_together(name, rows, outputs):
    """2 sigma(z) + 2 sigma(y), and written with another sign beside a pair that makes up for it."""
    plain = of_neurons(name, False, False, [[1, 2, 0], [-2, 1, 0]], [2, 2])
    for target in (plain, of_neurons(name, False, False, rows, outputs)):
        assert optimistic_sample_size(TwoLayer(2, 4, activation=name), target) == 6 == model_rank(plain.model, plain.theta).rank


def test_two_pairs_leave_one_linear_function():
    """They cancel but for z_1 + z_2, which one pair makes, too: its rank is no bound below."""
    name = "softplus"
    two = of_neurons(name, False, False, [[1, 2, 0], [-1, -2, 0], [1, -1, 0], [-1, 1, 0]], [1, -1, 1, -1])
    one = of_neurons(name, False, False, [[2, 1, 0], [-2, -1, 0]], [1, -1])
    assert optimistic_sample_size(TwoLayer(2, 4, activation=name), one) == model_rank(one.model, one.theta).rank == 5
    lower, upper, _ = rank_bounds(two.model, two)
    assert lower <= 5 <= upper <= model_rank(two.model, two.theta).upper


def test_a_position_without_a_copy_costs_a_constant():
    """Where sigma(0) != 0 an unused neuron without sharing is a copy, or adds a constant; beside an output bias it is free."""
    silent = [1, 2, 3, 1, 0, 1]  # the kernel stands at the first and the last of three positions
    for name, cost in (("tanh", 8), ("sigmoid", 9), ("softplus", 9), ("gelu", 8)):
        model = TwoLayerCNN(5, 3, 1, sharing=False, activation=name)
        parts = dict(kernels=[[[1, 2, 3], [0, 0, 0], [1, 2, 3]]], output_weights=[[1, 0, 1]])
        target = Target(TwoLayerCNN(5, 3, 1, activation=name), silent)
        assert optimistic_sample_size(model, target) == cost == model_rank(model, pack_known(model, **parts)).rank
    narrow = Target(TwoLayerCNN(5, 3, 1, activation="sigmoid"), [0, 2, 0, 1, 0, 1])  # sees inputs 1 and 3: input 3 lies in all patches
    assert optimistic_sample_size(TwoLayerCNN(5, 3, 1, sharing=False, activation="sigmoid"), narrow) == 8
    free = TwoLayerCNN(5, 3, 1, sharing=False, activation="sigmoid", output_bias=True)
    assert optimistic_sample_size(free, Target(TwoLayerCNN(5, 3, 1, activation="sigmoid"), silent)) == 9


def test_zero_and_constants_of_convolutions():
    for name, zero in (("tanh", 0), ("sigmoid", 1)):
        model = TwoLayerCNN(4, 2, 2, activation=name)
        assert optimistic_sample_size(model, Target(model, [1, 2, 1, 2, 1, 1, 1, -1, -1, -1])) == zero
        pooled = PooledCNN(4, 2, 2, activation=name)
        assert optimistic_sample_size(pooled, Target(pooled, [1, 2, 1, 2, 1, -1])) == zero
        assert model_rank(pooled, [0] * 6).rank == zero
    sigmoid = TwoLayerCNN(4, 2, 2, activation="sigmoid")
    constant = Target(sigmoid, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    assert optimistic_sample_size(sigmoid, constant) == 1 + 2 == model_rank(sigmoid, constant.theta).rank
    relu = TwoLayerCNN(4, 2, 2, activation="relu", bias=True)
    assert rank_bounds(relu, Target(relu, [0, 0, 0, 0, 1, 0, 1, *[0] * 5]))[:2] == (1, 3)


def test_what_an_activation_of_the_user_leaves_open():
    """Whether exp(-z^2) + tanh(z) vanishes somewhere is not known; at 0 it is 1, with slope 1."""
    name = activation_of("exp(-z**2) + tanh(z)")
    for bias, zero, constant in ((False, (1, 1), (3, 3)), (True, (0, 1), (1, 3))):
        wide = TwoLayer(2, 2, activation=name, bias=bias)
        assert rank_bounds(wide, of_neurons(name, bias, False, [[1, 2, 0], [1, 2, 0]], [1, -1]))[:2] == zero
        assert rank_bounds(wide, of_neurons(name, bias, False, [[0, 0, 0]], [1]))[:2] == constant
    with pytest.raises(NotKnown):
        optimistic_sample_size(wide, of_neurons(name, True, False, [[0, 0, 0]], [1]))


def test_a_constant_that_floats_do_not_tell_from_zero():
    """sigmoid(b) - (the float of it): R(0) = 1 or R(c) = 3."""
    value = Fraction(float(1 / (1 + np.exp(-1.0))))
    model = TwoLayer(2, 2, activation="sigmoid", bias=True)
    near = Target(model, model.pack(input_weights=np.zeros((2, 2), int), input_biases=[1, 0], output_weights=[[1, -2 * value]]))
    assert rank_bounds(model, near)[:2] == (1, 3)
