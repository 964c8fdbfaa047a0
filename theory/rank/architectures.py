"""Generic ranks of architectures: the parameters less the dimension of the known symmetries, or published dimensions of function spaces.

The rank at generic parameters is the dimension of the set of functions that the architecture makes (its neuromanifold, where it is one).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from theory.arguments import whole, whole_numbers


def attention_parameters(width: int, bias: bool) -> int:
    """Parameters of multi-head self-attention: queries, keys, values and outputs (width, width), each with biases or without."""
    width, bias = whole("width", width, 1), _flag("bias", bias)
    return 4 * width * width + 4 * width * bias


def _flag(name: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return value


def attention_gauge(width: int, heads: int, bias: bool) -> int:
    """Directions that change no output of multi-head self-attention.

    In each head queries and keys, and values and outputs, may be transformed by an invertible matrix and its inverse: 2 heads
    (width/heads)^2. A
    bias of the keys adds the same number to all scores of a query, which softmax does not see: width. One of the values passes
    through attention, whose weights sum to one, and adds up with the bias of the outputs: width.
    """
    width, heads, bias = whole("width", width, 1), whole("heads", heads, 1), _flag("bias", bias)
    if width % heads:
        raise ValueError(f"heads must divide the width {width}, got {heads}")
    keys = width // heads
    return 2 * heads * keys * keys + 2 * width * bias


def attention_layers_dimension(width: int, keys: int, layers: int, softmax: bool) -> int:
    """Dimension of the functions of single-head attention layers, keys <= width (Henry, Marchetti, Kohn, 2408.17221; with
    softmax their Conjecture 3.10).

    A layer is known by Q^T K, of rank ``keys``, and V. Between layers V and the next layer are transformed by an invertible matrix and its
    inverse; without softmax each layer may also scale V against Q^T K.
    """
    width, layers, softmax = whole("width", width, 1), whole("layers", layers, 1), _flag("softmax", softmax)
    keys = whole("keys", keys, 1, width)
    scores = 2 * keys * width - keys * keys
    return layers * (scores + width * width) - (layers - 1) * width * width - layers * (not softmax)


def convolutional_parameters(channels: int, kernel: int, features: int, outputs: int, normalized: bool) -> int:
    """Of a convolution of one input channel with biases, a batch normalization or none, and a linear layer on ``features`` numbers."""
    channels, kernel, features, outputs = (
        whole(name, value, 1) for name, value in (("channels", channels), ("kernel", kernel), ("features", features), ("outputs", outputs))
    )
    normalized = _flag("normalized", normalized)
    return channels * (kernel * kernel + 1) + 2 * channels * normalized + (features + 1) * outputs


def convolutional_symmetries(channels: int, normalized: bool) -> int:
    """A scale of each channel that passes ReLU and pooling; with a normalization in evaluation mode also a gain and a bias of each
    channel.
    """
    return whole("channels", channels, 1) * (3 if _flag("normalized", normalized) else 1)


def layer_normalized_parameters(inputs: int, width: int, outputs: int, affine: bool) -> int:
    """Of a linear layer, a layer normalization and a linear layer."""
    inputs, width, outputs, affine = (
        whole("inputs", inputs, 1),
        whole("width", width, 1),
        whole("outputs", outputs, 1),
        _flag("affine", affine),
    )
    return width * (inputs + 1) + 2 * width * affine + (width + 1) * outputs


def layer_normalized_symmetries(inputs: int, width: int, affine: bool) -> int:
    """Directions that change no output of a linear layer, a layer normalization, an activation and a linear layer, width >= 3.

    What is added to all neurons is not seen: one number for each input and one for the biases. Where gains can take it up, each neuron's
    affine function c_i may be scaled by 1 + m_i, if their sum stays 0 (d + 1 equations) and the mean of their squares plus eps is
    multiplied by a
    number k ((d + 1)(d + 2)/2 equations, m_i and k unknown): so wide layers on few inputs have more.

    Two neurons are normalized to plus and minus the same number, a single one to 0: there the count is another, and ValueError says so.
    """
    inputs, width, affine = whole("inputs", inputs, 1), whole("width", width, 1), _flag("affine", affine)
    if width < 3:
        raise ValueError(f"width must be at least 3, got {width}: fewer neurons are normalized to one number")
    unknowns, equations = width + 1, (inputs + 1) + (inputs + 1) * (inputs + 2) // 2
    return inputs + 1 + affine * max(0, unknowns - equations)


GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def recurrent_parameters(cell: str, inputs: int, hidden: int) -> int:
    """Of a recurrent layer with two biases for each gate, as torch has them, and a linear layer with one output."""
    gates, inputs, hidden = GATES[_known_cell(cell)], whole("inputs", inputs, 1), whole("hidden", hidden, 1)
    return gates * hidden * (inputs + hidden + 2) + hidden + 1


def recurrent_symmetries(cell: str, hidden: int) -> int:
    """Two biases that only occur as a sum, for each gate; in a GRU not for the candidate state, where a gate stands between them."""
    return {"rnn": 1, "gru": 2, "lstm": 4}[_known_cell(cell)] * whole("hidden", hidden, 1)


def _known_cell(cell: str) -> str:
    if not isinstance(cell, str) or cell not in GATES:
        raise ValueError(f"cell must be one of {', '.join(GATES)}, got {cell!r}")
    return cell


def relu_parameters(widths: Sequence[int]) -> int:
    """Of linear layers with biases."""
    widths = _widths(widths)
    return sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))


def _widths(widths: Sequence[int]) -> list[int]:
    checked = whole_numbers("widths", widths, 1)
    if len(checked) < 2:
        raise ValueError(f"widths must hold inputs, hidden widths and outputs, got {checked}")
    return checked


def relu_dimension(widths: Sequence[int]) -> int:
    """The bound of the functional dimension of a ReLU network (Grigsby, Lindsey, Meyerhoff, Wu, 2209.04036): parameters less hidden
    neurons. Narrow networks need not attain it: (1, 1, 1, 1, 1) has 4 (:func:`relu_chain_dimension`).
    """
    return relu_parameters(widths) - sum(_widths(widths)[1:-1])


def relu_chain_dimension(inputs: int, layers: int) -> int:
    """The largest functional dimension of a ReLU network with biases and ``layers`` >= 1 linear layers, every hidden one of one neuron.

    What such layers make of one number is constant, affine and constant again, from the second hidden one on: the direction of the input
    weights, two kinks and two values, inputs - 1 + 4. One hidden layer has one kink less, one linear layer no kink.
    """
    return whole("inputs", inputs, 1) + min(whole("layers", layers, 1), 3)


def polynomial_dimension(widths: Sequence[int], degree: int) -> int:
    """The dimension of the functions of a polynomial network without biases: the expected one, and with one hidden layer and one output,
    which are sums of powers of linear forms, the right one (Alexander, Hirschowitz 1995).

    Other networks may have fewer functions than expected.
    """
    widths, degree = _widths(widths), whole("degree", degree, 2)
    if len(widths) == 3 and widths[2] == 1:
        inputs, neurons, _ = widths
        if degree == 2 and neurons <= inputs:  # quadratic forms of rank up to neurons
            return neurons * inputs - comb(neurons, 2)
        if (inputs, neurons, degree) in DEFECTIVE:
            return DEFECTIVE[inputs, neurons, degree]
    return expected_polynomial_dimension(widths, degree)


def expected_polynomial_dimension(widths: Sequence[int], degree: int) -> int:
    """The expected dimension of the functions of a polynomial network without biases (Kileel, Trager, Bruna, 1905.12207): parameters less
    a scale for each hidden neuron, or for each output all forms of the degree that is reached.
    """
    widths, degree = _widths(widths), whole("degree", degree, 2)
    parameters = sum(a * b for a, b in zip(widths, widths[1:], strict=False))
    forms = comb(widths[0] + degree ** (len(widths) - 2) - 1, widths[0] - 1)
    return min(parameters - sum(widths[1:-1]), widths[-1] * forms)


#: Two layers with one output whose functions are fewer than expected: (inputs, neurons, degree), sums of powers of linear forms
#: (Alexander, Hirschowitz 1995). Quadratic forms are too, for 2 <= neurons <= inputs - 1.
DEFECTIVE = {(3, 5, 4): 14, (4, 9, 4): 34, (5, 14, 4): 69, (5, 7, 3): 34}


def linear_convolution_dimension(kernels: Sequence[int]) -> int:
    """Dimension of the functions of linear convolutions of stride one (Kohn, Montufar, Shahverdi, Trager, 2304.05752): a scale between
    two layers.
    """
    kernels = whole_numbers("kernels", kernels, 1)
    if not kernels:
        raise ValueError("kernels must hold a size for each layer, got none")
    return sum(kernels) - (len(kernels) - 1)
