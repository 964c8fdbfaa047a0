r"""Convolutions with pooling, normalizations and recurrent cells: the symmetries that each kind of layer brings."""

from numerics.modules.architectures import convolutional, layer_normalized, recurrent
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import rank_is, worst
from theory.rank.architectures import (
    convolutional_parameters,
    convolutional_symmetries,
    layer_normalized_parameters,
    layer_normalized_symmetries,
    recurrent_parameters,
    recurrent_symmetries,
)

from . import FUNCTIONAL, GENERIC
from ._measured import FLOATS, measured
from ._pictures import recurrent_ranks

CONVOLUTION = claim(
    "modules.convolution",
    "Rank of a convolution with ReLU, pooling and a linear layer, normalized or not",
    r"R = P - c\,(1 + 2\,[\text{batch normalization in evaluation mode}])",
    symbols=["R", "P", "c"],
    assumptions=[GENERIC],
    kind="extension",
    source=FUNCTIONAL.at("the scalings of ReLU networks; convolutions and normalizations: ours"),
    refuted_by="channels, pooling and normalization of another rank",
    notes="One scale a channel passes ReLU and pooling; a normalization adds a gain that the kernel has, and a bias that the convolution"
    " has.",
)

IMAGES = axes(
    pooling=by_level(("none", "max"), ("none", "average", "max")),
    normalized=(False, True),
    channels=by_level((2,), (1, 2, 3)),
    outputs=by_level((2,), (1, 2)),
    standard=1,
    full=3,
)


def convolution_rank(channels, features, outputs, normalized):
    parameters = convolutional_parameters(channels, 2, features, outputs, normalized)
    return parameters - convolutional_symmetries(channels, normalized)


def _silent(module):
    """The outgoing weights of the first channel are 0."""
    last = module[-1]
    last.weight.data[:, : last.in_features // module[0].out_channels] = 0


@CONVOLUTION.check("certified", a_seed, IMAGES)
@false("no scale", formula=lambda c, f, o, n: convolution_rank(c, f, o, n) + c)
@false("one scale in all", formula=lambda c, f, o, n: convolution_rank(c, f, o, n) + c - 1)
@false("the gain of a normalization counts", formula=lambda c, f, o, n: convolution_rank(c, f, o, n) + c * n)
def of_images(cell, seed, *, formula=convolution_rank, method="ball", change=None, context):
    """Kernels of 2 x 2 on images of 5 x 5: a minor, in residues or balls, and the exhibited symmetries against the formula."""
    sizes = (cell.channels, 2, 5, cell.outputs, cell.pooling, cell.normalized)
    features = cell.channels * (16 if cell.pooling == "none" else 4)
    found = measured(convolutional, sizes, (1, 5, 5), int(seed), method, change)
    return rank_is(formula(cell.channels, features, cell.outputs, cell.normalized), found, seed=seed)


CONVOLUTION.without("generic parameters", of_images, change=_silent)

NETWORK = Assumption(
    "network",
    r"f(x) = V \tanh(\mathrm{LN}(W x + b)) + c",
    unprobed="without an activation gains and the last layer are one linear map; the activation tested is tanh",
)
NORMALIZED = claim(
    "modules.layer-normalization",
    "Rank of a layer-normalized network with one hidden layer",
    r"R = P - (d + 1) - [\text{gains}] \max\bigl(0,\; m - d - \tfrac{1}{2}(d + 1)(d + 2)\bigr)",
    symbols={"R": "rank", "P": "number of parameters", "d": "number of inputs", "m": "width of the normalized layer"},
    assumptions=[GENERIC, Assumption("three neurons", r"m \ge 3"), NETWORK],
    kind="extension",
    source=FUNCTIONAL.at("on functional dimension; layer normalization: ours"),
    refuted_by="widths at which a normalized layer hides more, or less",
    notes="What is added to all neurons of the layer before is not seen: one number for each input, and one for the biases. With gains,"
    " neurons can be scaled against each other while the variance is multiplied by a constant: m + 1 unknowns, as many equations as a sum"
    " and a quadratic form have coefficients. P - (d + 1) alone is false from d = 1, m = 5 on.",
)

WIDTHS = axes(inputs=by_level((1, 2), (1, 2, 3)), width=by_level((3, 5), (3, 4, 5, 6)), affine=(False, True), standard=1, full=2)


def normalized_rank(inputs, width, affine):
    return layer_normalized_parameters(inputs, width, 2, affine) - layer_normalized_symmetries(inputs, width, affine)


def _no_last_layer(module):
    module[-1].weight.data[:, 0] = 0


@NORMALIZED.check("certified", a_seed, WIDTHS)
@false("the shift of the biases alone", formula=lambda d, m, a: normalized_rank(d, m, a) + d)
@false("the shifts alone", formula=lambda d, m, a: layer_normalized_parameters(d, m, 2, a) - d - 1)
@false("the scale of the layer before as well", formula=lambda d, m, a: normalized_rank(d, m, a) - 1)
@false("a gain for each neuron", formula=lambda d, m, a: normalized_rank(d, m, a) - m * a)
def of_widths(cell, seed, *, formula=normalized_rank, width=None, method="ball", change=None, context):
    """A minor in balls and the exhibited shifts against the formula; the constant eps > 0 of the normalization leaves scales to be seen."""
    m = width or cell.width
    found = measured(layer_normalized, (cell.inputs, m, 2, cell.affine), (cell.inputs,), int(seed), method, change)
    return rank_is(formula(cell.inputs, m, cell.affine), found, seed=seed)


def counted_rank(inputs, width, affine):
    """The formula, written out for any width."""
    more = max(0, width - inputs - (inputs + 1) * (inputs + 2) // 2)
    return layer_normalized_parameters(inputs, width, 2, affine) - (inputs + 1) - affine * more


NORMALIZED.without("generic parameters", of_widths, change=_no_last_layer)
NORMALIZED.without("three neurons", of_widths, width=2, formula=counted_rank)

RECURRENT = claim(
    "modules.recurrent",
    "Rank of recurrent layers",
    r"R = P - h,\; P - 2h,\; P - 4h \text{ for an RNN, a GRU, an LSTM of } h \text{ units over } T \ge 2 \text{ steps}",
    symbols=["R", "P", "h", "T"],
    assumptions=[GENERIC, Assumption("two steps", r"T \ge 2")],
    kind="extension",
    source=FUNCTIONAL.at("on functional dimension; recurrent layers with torch's pairs of biases: ours"),
    refuted_by="a cell with another rank",
    notes="Each gate has two biases that occur as their sum, but for the candidate of a GRU: its reset gate stands between them.",
)

CELLS = axes(cell=("rnn", "gru", "lstm"), hidden=by_level((2,), (1, 2, 3)), steps=by_level((2,), (2, 3)), standard=1, full=2)


def recurrent_rank(cell, hidden):
    return recurrent_parameters(cell, 2, hidden) - recurrent_symmetries(cell, hidden)


@RECURRENT.check("certified", a_seed, CELLS)
@false("both biases count", formula=lambda cell, h: recurrent_rank(cell, h) + h)
@false("a pair for each gate of a GRU, too", formula=lambda cell, h: recurrent_rank(cell, h) - h * (cell == "gru"))
@false("one pair a layer", formula=lambda cell, h: recurrent_parameters(cell, 2, h) - h)
def of_cells(cell, seed, *, formula=recurrent_rank, method="ball", steps=None, change=None, context):
    """A minor in balls and the exhibited pairs of biases against the formula."""
    found = measured(recurrent, (cell.cell, 2, cell.hidden), (steps or cell.steps, 2), int(seed), method, change)
    outcome = rank_is(formula(cell.cell, cell.hidden), found, seed=seed)
    return worst([outcome], figures=[recurrent_ranks()] if method == "ball" and cell.cell == "rnn" else ())


RECURRENT.twin(of_cells, "property", changed={"method": "float"}, tolerance=FLOATS)
RECURRENT.without("two steps", of_cells, steps=1)
RECURRENT.without("generic parameters", of_cells, change=lambda module: module.last.weight.data.zero_())
