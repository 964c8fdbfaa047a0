r"""Channels of convolutional networks of several layers: a split is the split of a neuron whose outgoing weights are all its taps.

A channel s of layer l feeds c_{l+1} k_{l+1} taps (behind the last convolution: a weight for each output and position). With patches h_q,
the last entry 1, B_s = E[\sum_q e_{t,q} \sigma'(z_{s,q+o}) h_{q+o}^\top] has a row for each of them, and S_s sums over positions, too.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.hessian.channel_matrices import channel_matrices
from numerics.planting import plant
from proofs_check import axes, by_level, claim, draws, false
from proofs_check.judging import bounded, equal, inertia_is, true, worst
from theory.embedding import null, split, split_congruence, wiring
from theory.embedding.blocks import bordered, direct_sum, plus, split_block
from theory.models import Convolutional

from . import CRITICAL, NEURIPS, OUTGOING, TWICE
from ._instances import FRACTIONS, fraction_of
from ._measures import gradients, hessians, in_arithmetic_of, inertia_of, inertias, rounding, transformed

CHANNELS = claim(
    "embedding.cnn.inertia",
    "Splitting a channel of a convolutional network of several layers",
    r"C^\top H'(T^\alpha\theta)\, C = H(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & \alpha(1-\alpha) S_s \end{pmatrix},\quad "
    r"\operatorname{rank} B_s < c_{l+1} k_{l+1} \text{ at critical points}",
    clauses={
        "first order": r"f_{T\theta} = f_\theta,\ \nabla R(T\theta) = G \nabla R(\theta) \text{ for splits and null channels}",
        "congruence": r"C^\top H'(T^\alpha\theta)\, C = H(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & \alpha(1-\alpha) S_s "
        r"\end{pmatrix} \text{ at every } \theta",
        "inertia": r"\operatorname{In} H' = \operatorname{In} H + \operatorname{In} \begin{pmatrix} 0 & B_s \\ B_s^\top & \alpha(1-\alpha) "
        r"S_s \end{pmatrix}",
        "one zero": r"\nabla R(\theta) = 0,\ W_s \ne 0 \implies \operatorname{rank} B_s < c_{l+1} k_{l+1}, \text{ so that a zero is added}",
        "saddle": r"\operatorname{rank} B_s \ge 1 \implies \text{strict saddle for every } \alpha, \text{ also behind one output}",
    },
    symbols={
        "T": "a split or a null channel, with matrix A and gradient map G",
        r"T^\alpha": r"the split of channel s of layer l: its copy takes the fraction \alpha of its outgoing weights",
        "C": "the matrix of embedding.splitting.congruence, of determinant 1 or -1",
        "H": "the Hessian of the risk, H' that of the wide network",
        "B_s": r"E[\sum_q e_{t,q} \sigma'(z_{s,q+o}) h_{q+o}^\top], a row for each target channel t and tap o",
        "S_s": r"E[\sum_q a_q \sigma''(z_{s,q}) h_q h_q^\top],\ a_q = \sum_{t,o} K_{t,s,o} e_{t,q-o}",
        "W_s": "outgoing weights of channel s, all taps",
        "c_l, k_l": "channels and taps of layer l; behind the last one outputs and positions",
        "f, R": "output function and risk",
        "In": r"inertia (n_-, n_0, n_+)",
        r"\theta": "the parameters of the narrow network",
    },
    assumptions=[TWICE, CRITICAL, OUTGOING],
    kind="extension",
    source=NEURIPS.at("Section 6 (remark on channels; the second order is ours)"),
    depends_on=["embedding.cnn", "embedding.splitting.congruence"],
    refuted_by="A channel at which an entry of the two sides differs, or a critical point with other counts.",
    notes="A fully connected neuron of one target has B_s = 0 at critical points; a channel has as many outgoing weights as taps, and "
    "errors of different positions do not cancel: with one output, too, most splits of channels are strict saddles.",
)

SHAPES = {
    "one channel": ((1, 4), (1,), (2,), 1),
    "two outputs": ((1, 4), (2,), (3,), 2),
    "two layers": ((1, 4), (1, 1), (2, 2), 1),
    "channels": ((2, 4), (2, 2), (2, 2), 1),
    "channels, two outputs": ((2, 3), (1, 2), (2, 1), 2),
    "three layers": ((1, 5), (1, 2, 1), (2, 1, 2), 1),
}


def drawn(cell, rng, *, edge=True):
    """(model, theta, channel): weights multiples of 1/2, also with null, equal and opposite channels."""
    inputs, channels, kernels, outputs = SHAPES[cell.shape]
    model = Convolutional(inputs, channels, kernels, outputs, cell.get("sigma", "ratsig"))
    numerators = draws.parameters(rng, model) if edge and rng.random() < 0.5 else draws.nonzero(rng, model.n_params)
    return model, rationals([Fraction(int(k), 2) for k in numerators]), int(rng.integers(channels[cell.layer - 1]))


def inputs_of(model, n, rng):
    """``n`` distinct inputs, multiples of 1/2."""
    codes = rng.choice(9**model.input_size, n, replace=False)
    return rationals([[Fraction(int(code) // 9**axis % 9 - 4, 2) for axis in range(model.input_size)] for code in codes])


ANYWHERE = axes(
    shape=by_level(("two outputs", "channels", "three layers"), tuple(SHAPES)),
    layer=(1, 2, 3),
    alpha=by_level(("0", "inside", "negative"), FRACTIONS),
    sigma=by_level(("ratsig",), ("ratsig", "hinge3")),
    where=lambda shape, layer: layer <= len(SHAPES[shape][1]),
    standard=1,
    full=20,
)


def point_in(cell, rng):
    model, theta, channel = drawn(cell, rng)
    targets = rationals([[Fraction(int(k), 2) for k in row] for row in rng.integers(-9, 10, (2, model.outputs))])
    return model, theta, channel, fraction_of(cell.alpha, rng), (inputs_of(model, 2, rng), targets)


@CHANNELS.check("exact", point_in, ANYWHERE, clauses=("first order", "congruence"), distribution="points that are not critical")
@false("alpha for alpha (1 - alpha)", block=lambda B, S, alpha: bordered(B, S * alpha))
@false("B left out", block=lambda B, S, alpha: split_block(0 * B, S, alpha))
@false("-S for S", block=lambda B, S, alpha: split_block(B, -1 * S, alpha))
@false("the first row of B alone", block=lambda B, S, alpha: split_block(np.concatenate([B[:1], 0 * B[1:]]), S, alpha))
def rational_networks(cell, instance, *, block=split_block, context):
    """Outputs, gradients of a split and of a null channel, and the congruence, entry by entry."""
    model, theta, channel, alpha, data = instance
    found = []
    for embedding in (split(model, cell.layer, channel, alpha), null(model, cell.layer, alpha)):
        slope, image = gradients(embedding, theta, data)
        found.append((embedding.gradient_map.apply(slope), image, model(theta, data[0]), embedding.wide(embedding(theta), data[0])))
    basis = split_congruence(model, cell.layer, channel, alpha)
    narrow, wide = hessians(split(model, cell.layer, channel, alpha), theta, data)
    B, S = channel_matrices(model, theta, data, cell.layer, channel)
    return equal(
        gradient=([one[0] for one in found], [one[1] for one in found]),
        output=([one[2] for one in found], [one[3] for one in found]),
        congruent=(direct_sum(narrow, block(B, S, in_arithmetic_of(theta, alpha))), transformed(basis, wide)),
        shown={"model": model, "theta": theta, "data": data},
    )


CRITICALS = axes(
    shape=by_level(("one channel", "two layers"), ("one channel", "two outputs", "two layers", "channels, two outputs")),
    layer=(1, 2),
    alpha=by_level(("0", "inside", "negative"), FRACTIONS),
    where=lambda shape, layer: layer <= len(SHAPES[shape][1]),
    standard=2,
    full=10,
)


def critical_in(cell, rng):
    """A planted critical point with B_s not 0, its channel and data."""
    while True:
        model, theta, channel = drawn(cell, rng, edge=False)
        x = inputs_of(model, -(-(model.n_params + 3) // model.outputs) + 1, rng)
        data = plant(model, theta, x, seed=int(rng.integers(2**31)))
        if rank_rational(channel_matrices(model, theta, data, cell.layer, channel)[0]):
            return model, theta, channel, fraction_of(cell.alpha, rng), data


@CHANNELS.check("exact", critical_in, CRITICALS, clauses=("inertia", "one zero", "saddle"), distribution="planted, B_s not 0")
@false("M' - M zeros", added=lambda B, S, alpha: (0, len(B) + len(S), 0))
@false("as behind one target", added=lambda B, S, alpha: plus((0, len(B), 0), inertia_of(S * (alpha * (1 - alpha)))))
@false("-S for S", added=lambda B, S, alpha: inertia_of(split_block(B, -1 * S, alpha)))
def planted_rational(cell, instance, *, added=lambda B, S, alpha: inertia_of(split_block(B, S, alpha)), silent=False, at="", context):
    """Exact inertia before and after."""
    model, theta, channel, alpha, data = instance
    if silent:
        theta = theta.copy()
        theta[wiring(model, cell.layer).outgoing[channel]] = 0 * theta[0]
        data = plant(model, theta, data[0])
    if at == "anywhere":
        data = data[0], data[1] + rationals(context.rng(cell).integers(1, 4, data[1].shape))
    B, S = channel_matrices(model, theta, data, cell.layer, channel)
    narrow, wide = inertias(split(model, cell.layer, channel, alpha), theta, data)
    shown, rank = {"model": model, "theta": theta, "data": data}, rank_rational(B)
    return worst(
        [
            inertia_is(plus(narrow, added(B, S, in_arithmetic_of(theta, alpha))), wide, **shown),
            true("a zero is added", rank < len(B) and wide[1] > narrow[1], **shown),
            true("a strict saddle where B_s is not 0", wide[0] >= 1 or rank == 0, **shown),
        ]
    )


CHANNELS.without("outgoing weights", planted_rational, silent=True)
CHANNELS.without("critical", planted_rational, at="anywhere")

FLOATS = axes(
    shape=("channels", "channels, two outputs", "three layers"),
    layer=(1, 2, 3),
    alpha=by_level(("negative",), ("inside", "above 1", "negative")),
    where=lambda shape, layer: layer <= len(SHAPES[shape][1]),
    standard=3,
    full=20,
)


@CHANNELS.check(
    "property",
    lambda cell, rng: int(rng.integers(2**31)),
    FLOATS,
    clauses="congruence",
    tolerance="64 P eps times the largest entry of |C|^T (|H'| + max |H'|) |C|",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3, targets 1",
)
@false("alpha for alpha (1 - alpha)", block=lambda B, S, alpha: bordered(B, S * alpha))
@false("half of S", block=lambda B, S, alpha: split_block(B, S / 2, alpha))
def tanh_in_floats(cell, seed, *, block=split_block, context):
    """The congruence for tanh."""
    rng, (inputs, channels, kernels, outputs) = context.rng(seed), SHAPES[cell.shape]
    model = Convolutional(inputs, channels, kernels, outputs)
    theta, alpha = rng.normal(0, 1.2, model.n_params), fraction_of(cell.alpha, rng)
    data = rng.normal(0, 1.3, (6, model.input_size)), rng.normal(size=(6, outputs))
    channel = int(rng.integers(channels[cell.layer - 1]))
    basis = split_congruence(model, cell.layer, channel, alpha)
    narrow, wide = hessians(split(model, cell.layer, channel, alpha), theta, data)
    expected = direct_sum(narrow, block(*channel_matrices(model, theta, data, cell.layer, channel), float(alpha)))
    columns = np.abs(basis.dense(float))
    # Rounding of H' (a sum of n P products) passes through C on both sides.
    tolerance = rounding(len(wide), (columns.T @ (np.abs(wide) + np.abs(wide).max()) @ columns).max())
    return bounded("difference of the congruent matrices", transformed(basis, wide) - expected, tolerance, theta=theta)
