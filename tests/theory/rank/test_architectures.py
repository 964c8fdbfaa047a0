"""Generic ranks of architectures: against the counts of parameters by hand, and among each other where families meet."""

import numpy as np
import pytest

from theory.rank.architectures import (
    DEFECTIVE,
    attention_gauge,
    attention_layers_dimension,
    attention_parameters,
    convolutional_parameters,
    convolutional_symmetries,
    expected_polynomial_dimension,
    layer_normalized_symmetries,
    linear_convolution_dimension,
    polynomial_dimension,
    recurrent_parameters,
    recurrent_symmetries,
    relu_chain_dimension,
    relu_dimension,
)


def test_one_head_is_one_layer_of_attention():
    """With queries, keys and values of full width and no outputs of its own, a head is a single-head layer of as many keys."""
    for d in range(1, 6):
        head = attention_parameters(d, False) - attention_gauge(d, 1, False)
        assert head == attention_layers_dimension(d, d, 1, True) == 2 * d * d


@pytest.mark.parametrize(("layers", "rank"), [(1, 27), (2, 38), (3, 49)])
def test_published_values_of_lightning_attention(layers, rank):
    assert attention_layers_dimension(4, 2, layers, False) == rank
    assert attention_layers_dimension(4, 2, layers, True) == rank + layers


def test_torch_counts_the_same_parameters():
    from numerics.modules.architectures import convolutional, multi_head_attention, recurrent

    count = lambda module: sum(p.numel() for p in module.parameters())
    assert count(multi_head_attention(4, 2, True)) == attention_parameters(4, True) == 80
    assert count(convolutional(3, 2, 5, 2, "max", True)) == convolutional_parameters(3, 2, 12, 2, True)
    for cell in ("rnn", "gru", "lstm"):
        assert count(recurrent(cell, 2, 3)) == recurrent_parameters(cell, 2, 3)


def test_wide_normalized_layers_on_few_inputs_have_more_symmetries():
    """m + 1 unknowns against d + 1 and (d + 1)(d + 2)/2 equations; without gains none."""
    assert [layer_normalized_symmetries(1, m, True) for m in (3, 4, 5, 6)] == [2, 2, 3, 4]
    assert [layer_normalized_symmetries(2, m, True) for m in (8, 9)] == [3, 4]
    assert layer_normalized_symmetries(1, 6, False) == 2


def test_small_cases_by_hand():
    assert convolutional_symmetries(3, False) == 3 and convolutional_symmetries(3, True) == 9
    assert [recurrent_symmetries(cell, 3) for cell in ("rnn", "gru", "lstm")] == [3, 6, 12]
    assert relu_dimension((2, 3, 1)) == 13 - 3
    assert linear_convolution_dimension((2, 3)) == 4  # a product of a linear and a quadratic form: all cubics
    assert polynomial_dimension((2, 2, 1), 2) == 3  # all binary quadratic forms
    assert polynomial_dimension((3, 2, 1), 2) == 5  # quadratic forms of rank 2 in three variables
    assert polynomial_dimension((3, 3, 1), 2) == expected_polynomial_dimension((3, 3, 1), 2) == 6
    assert polynomial_dimension((3, 3, 3), 2) == 15  # of three outputs, 18 forms
    assert all(
        expected_polynomial_dimension((d, m, 1), r) > polynomial_dimension((d, m, 1), r) == value for (d, m, r), value in DEFECTIVE.items()
    )


def test_layers_of_one_relu_neuron_compose_to_one_ramp():
    """Exact ranks on rational inputs of random networks: none beyond, and some at inputs + 3."""
    from numerics.arithmetic.exact import rank_rational, rationals
    from numerics.derivatives.tape import tangents
    from theory.models import FullyConnected

    rng = np.random.default_rng(0)
    x = rationals(np.concatenate([rng.integers(-size, size, (20, 1)) for size in (2, 6, 30)]) + rng.integers(1, 2**20, (60, 1)) / 2**20)
    for layers in (1, 2, 3, 4):
        model = FullyConnected((1,) * (layers + 1), "relu")
        ranks = [rank_rational(tangents(model, rationals(rng.integers(-9, 10, model.n_params)), x)[1][:, 0]) for _ in range(60)]
        assert max(ranks) == relu_chain_dimension(1, layers) <= relu_dimension(model.widths)
    assert relu_chain_dimension(1, 4) == 4 < relu_dimension((1, 1, 1, 1, 1)) == 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: relu_dimension([]), "widths must hold inputs, hidden widths and outputs"),
        (lambda: relu_dimension("x"), "widths must hold integers"),
        (lambda: relu_dimension((2, -3, 1)), "widths must be an integer of at least 1, got -3"),
        (lambda: relu_chain_dimension(float("nan"), 2), "inputs must be an integer of at least 1"),
        (lambda: attention_gauge(4, 0, True), "heads must be an integer of at least 1, got 0"),
        (lambda: attention_gauge(4, 3, True), "heads must divide the width 4, got 3"),
        (lambda: attention_gauge(4, 2, 1j), "bias must be True or False"),
        (lambda: attention_layers_dimension(2, 3, 1, True), "keys must be an integer from 1 to 2, got 3"),
        (lambda: polynomial_dimension((3, 1, 3), 1), "degree must be an integer of at least 2, got 1"),
        (lambda: linear_convolution_dimension([]), "kernels must hold a size for each layer"),
        (lambda: recurrent_symmetries("cnn", 2), "cell must be one of rnn, gru, lstm, got 'cnn'"),
        (lambda: layer_normalized_symmetries(float("inf"), 4, True), "inputs must be an integer"),
        (lambda: convolutional_symmetries(0, False), "channels must be an integer of at least 1, got 0"),
    ],
)
def test_sizes_that_are_none_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
