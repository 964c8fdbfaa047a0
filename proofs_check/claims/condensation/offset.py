r"""sigma(0) != 0: the output first fits the mean of the labels; then one orientation, or two where the network is wide for its scale."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.arithmetic.exact import fraction
from numerics.rank.rational_series import along_ray, constants, gradient_of_series
from numerics.train import GradientFlow, train
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.activations import activation
from theory.dynamics.condensation import augmented, centred, mean_input, origin
from theory.dynamics.condensation.offset import majority, majority_at
from theory.expressions import parse
from theory.models import TwoLayer

from . import FLOW, GAUSSIAN, INITIAL, SMALL
from ._draws import not_zero, with_ones
from .linear_stage import hyperbolic

MEAN = Assumption("labels with a mean", r"\bar y = \tfrac1n \sum_i y_i \neq 0")

OFFSET = claim(
    "condensation.offset",
    "sigma(0) != 0: one orientation for small weights, two for wide networks",
    r"w_j \text{ turns to } \operatorname{sign}(a_j \sigma'(0))\, z_c,\quad z_c = \tfrac1n \sum_i (y_i - \bar y)\, x_i,\quad "
    r"P(a_j \bar y \sigma(0) > 0) = \Phi\!\left(\tfrac{|\bar y|}{m |\sigma(0)| \varepsilon \sqrt{1 - 1/m}}\right)",
    clauses={
        "first": r"a_j' = \sigma(0)\, \bar y \text{ for all } j \text{ to leading order, while } w_j' = O(\varepsilon)",
        "direction": r"\text{once } \sigma(0) \textstyle\sum_j a_j = \bar y:\ w_j' = a_j \sigma'(0)\, z_c \text{ to leading order}",
        "differences": r"\text{and } (a_i - a_j)' = \sigma'(0)\, (w_i - w_j) \cdot z_c",
        "signs": r"\text{then each } a_j \text{ has the sign of } \bar y \sigma(0) \text{ with probability } "
        r"\Phi(|\bar y|/(m |\sigma(0)| \varepsilon \sqrt{1 - 1/m})) \text{, for } m = 1 \text{ always}",
        "orientations": r"\text{and } w_j \text{ is on one side with } \Phi\big(|\bar y| \tau/"
        r"(m |\sigma(0)| \varepsilon \sqrt{\tfrac1m + (1 - \tfrac1m) \cosh 2\tau})\big),\ \tau = |\sigma'(0) z_c| t",
        "variances": r"\text{the deviations in both: } a_j \text{ has } \varepsilon^2 (1 - \tfrac1m),\ w_j \cdot z_c/|z_c| \text{ has } "
        r"\varepsilon^2 (\tfrac1m + (1 - \tfrac1m) \cosh 2\tau)",
        "one": r"\varepsilon \to 0 \text{ with } m \text{ fixed: one orientation, } \operatorname{sign}(\bar y \sigma(0) \sigma'(0))\, z_c",
    },
    symbols=["w_j", "a_j", "\\sigma", "y_i", "x_i", "m", "n", "\\varepsilon", "\\tau", "e_i", r"\Phi"],
    assumptions=[MEAN, SMALL, FLOW, GAUSSIAN],
    kind="law",
    source=INITIAL.at("Section 4.2 reports two opposite directions for sigmoid and softplus; derived here"),
    refuted_by="trained networks with another direction, or another share of neurons on its two sides",
    notes="z_c, not z = sum y_i x_i/n: its last entry, of the bias, is 0. With a mean near 0, or many neurons, both sides are met.",
)

SIGMAS = axes(sigma=("sigmoid", "exp", "cos(z) + z"), D=by_level((2,), (2, 3)), m=(2, 3), quick=1, standard=3, full=20)


def named(name):
    return parse(name) if "(" in name else activation(name)


def networks(cell, rng):
    """Rational data, weights and output weights that fit the mean of the labels: sigma(0) sum_j a_j = ybar."""
    model = TwoLayer(cell.D, cell.m, activation=named(cell.sigma))
    x, y = with_ones(not_zero(rng, 4, cell.D - 1)), not_zero(rng, 4)
    a, weights = not_zero(rng, cell.m), not_zero(rng, cell.m * cell.D)
    a[-1] = a[-1] + y.sum() / 4 / Fraction(str(origin(model.activation).value)) - a.sum()
    return model, x, y, a, weights


def field(model, x, y, a, weights, *, moving):
    """Minus the gradient at weights epsilon w_1, output weights a (or epsilon a when ``moving``): coefficients of epsilon^0, epsilon^1."""
    outgoing = along_ray(a, 2) if moving else constants(a, 2)
    theta = np.concatenate([along_ray(weights, 2), outgoing])
    series = np.frompyfunc(fraction, 1, 1)(gradient_of_series(model, theta, x, y[:, None], order=2))
    return series[: weights.size].reshape(model.width, -1, 2), series[weights.size :]


@OFFSET.check("exact", networks, SIGMAS, clauses="first")
@false("zero", speed=lambda value, mean: 0 * mean)
@false("the mean of the labels without sigma(0) (s)", speed=lambda value, mean: mean)
def first_stage(cell, drawn, *, speed=lambda value, mean: value * mean, context):
    """The coefficients of epsilon^0 of the field, everything of size epsilon."""
    model, x, y, a, weights = drawn
    by_weights, by_outputs = field(model, x, y, a, weights, moving=True)
    value = Fraction(str(origin(model.activation).value))
    return equal(outputs=([speed(value, y.sum() / 4)] * cell.m, by_outputs[:, 0]), weights=(0 * by_weights[..., 0], by_weights[..., 0]))


@OFFSET.check("exact", networks, SIGMAS, clauses="direction")
@false("labels that are not centred", labels=lambda y: y)
@false("the same a for all neurons", outgoing=lambda a: 0 * a + a.sum() / len(a))
def second_stage(cell, drawn, *, labels=centred, outgoing=lambda a: a, context):
    """The coefficient of epsilon^0 of the field on the weights once the mean is fitted."""
    model, x, y, a, weights = drawn
    by_weights, _ = field(model, x, y, a, weights, moving=False)
    slope = Fraction(str(origin(model.activation).derivative))
    return equal(weights=(slope * outgoing(a)[:, None] * mean_input(x, labels(y)), by_weights[..., 0]))


@OFFSET.check("exact", networks, SIGMAS, clauses="differences")
@false("with sigma(0) in place of sigma'(0)", slope=lambda at_zero: at_zero.value + 1)
def differences(cell, drawn, *, slope=lambda at_zero: at_zero.derivative, context):
    """The coefficient of epsilon^1 of the difference of two output weights' speeds, the mean fitted."""
    model, x, y, a, weights = drawn
    _, by_outputs = field(model, x, y, a, weights, moving=False)
    rows, g = weights.reshape(cell.m, cell.D), mean_input(x, centred(y))
    expected = Fraction(str(slope(origin(model.activation)))) * ((rows[0] - rows[1]) @ g)
    return equal(difference=(expected, by_outputs[0, 1] - by_outputs[1, 1]), fitted=(0 * by_outputs[:, 0], by_outputs[:, 0]))


@OFFSET.check(
    "symbolic",
    ["one neuron of m"],
    clauses="variances",
    covers="statement",
    scope="all m and tau: a_j - mean and s_j - mean obey the linear flow, the mean of the a_j is fitted, that of the s_j moves by a number",
)
@false("without the factor 1 - 1/m", fitted=lambda m: 1)
@false("cosh 2 tau alone", side=lambda m, e: (e**2 + e**-2) / 2)
def variances(_, *, fitted=lambda m: 1 - 1 / m, side=lambda m, e: 1 / m + (1 - 1 / m) * (e**2 + e**-2) / 2, context):
    """Sums of squares of the coefficients of the 2m independent numbers of variance 1 in a_j and s_j; e = e^tau."""
    import sympy

    m, e = sympy.symbols("m e", positive=True)
    own, others = 1 - 1 / m, -1 / m  # coefficients of a_j(0) and of the m - 1 others in a_j(0) - mean; likewise for s_j(0)
    a, s = hyperbolic(0, 1, e)
    square = lambda first, rest: first**2 + (m - 1) * rest**2
    outputs = square(own, others)
    weights = square(s * own + 1 / m, s * others + 1 / m) + square(a * own, a * others)
    return equal(outputs=(0, sympy.cancel(outputs - fitted(m))), side=(0, sympy.cancel(sympy.expand(weights - side(m, e)))))


def wave(rng, mean, inputs=2, samples=8):
    """Data of a given mean with |z_c| = 1: inputs with a column of ones, labels."""
    x, y = augmented(rng.normal(size=(samples, inputs))), centred(rng.normal(size=samples))
    return x, y / np.linalg.norm(mean_input(x, y)) + mean


@lru_cache(maxsize=4)
def after(context, m, epsilon, mean, time):
    """Sigmoid networks after a time of gradient flow: data (x, y), weights (seeds, m, 3), output weights (seeds, m)."""
    model, seeds = TwoLayer(3, m, activation="sigmoid"), SEEDS.at(context.level)
    rngs = [context.rng((seed, m, str(epsilon), str(mean))) for seed in range(seeds)]
    x, y = map(np.array, zip(*(wave(rng, mean) for rng in rngs), strict=True))
    starts = np.array([model.init(rng, scale=epsilon) for rng in rngs])
    halves, flow = np.full(y.shape[1], 0.5 / y.shape[1]), GradientFlow(time=time, rtol=1e-7)
    parts = model.unpack(train(model, starts, (x, y[..., None]), method=flow, steps=100_000, weights=halves).theta)
    return (x, y), parts["input_weights"], parts["output_weights"][:, 0]


def cosines(weights, directions):
    """cos(w_j, direction) for every network (seeds, m)."""
    along = (weights @ directions[..., None])[..., 0]
    return along / np.linalg.norm(weights, axis=2) / np.linalg.norm(directions, axis=1)[:, None]


def directions(x, y):
    """z of every data set, (seeds, D)."""
    return (x * y[..., None]).mean(axis=1)


def allowed(share, m):
    """How far a share over m neurons may be from the law: five standard deviations, and 0.03 for the mean of the start and finite time."""
    return 5 * math.sqrt(max(share * (1 - share), 0.01) / m) + 0.03


SEEDS = by_level(40, 40, 100)
SETTINGS = {"scope": "sigmoid, D = 3, eight samples with |z_c| = 1", "level": "standard", "alpha": 1e-5}


@OFFSET.check("training", [(100, 4e-3, 0.05), (100, 4e-3, 0.2), (200, 1e-3, 0.05)], clauses="signs", **SETTINGS)
@false("all of one sign", law=lambda mean, m, value, epsilon: 1.0)
@false("as if half as wide", law=lambda mean, m, value, epsilon: majority(mean, m / 2, value, epsilon))
def signs(setting, *, law=majority, context):
    """The share of output weights with the sign of the mean at t = 15/(m sigma(0)^2), where the mean is fitted to e^-15."""
    m, epsilon, mean = setting
    _, _, a = after(context, m, epsilon, mean, 60 / m)
    return law_holds(context, (a * mean > 0).mean(axis=1), law(mean, m, 0.5, epsilon), m, parts=3)


@OFFSET.check("training", [(200, 1e-3, 0.5), (200, 1e-3, 2.0)], clauses="orientations", **SETTINGS)
@false("the share of the signs at the start (s)", law=lambda tau, *more: majority(*more))
@false("half and half", law=lambda *_: 0.5)
def orientations(setting, *, law=majority_at, context):
    """The share of weights on the side of the majority at tau = 3."""
    m, epsilon, mean = setting
    (x, y), weights, _ = after(context, m, epsilon, mean, 12)
    side = cosines(weights, directions(x, y - mean)) * mean > 0
    return law_holds(context, side.mean(axis=1), law(3, mean, m, 0.5, epsilon), m, parts=2)


def law_holds(context, shares, expected, m, *, parts):
    hits = int((np.abs(shares - expected) <= allowed(expected, m)).sum())
    return context.rate(hits, len(shares), what=f"share {expected:.2f} met", at_least=0.9, margin=0.4, parts=parts)


@OFFSET.check("training", [1.0], clauses="one", **SETTINGS)
@false("the direction of labels that are not centred (s)", centre=False)
@false("the opposite side", side=-1)
def one_orientation(mean, *, centre=True, side=1, context):
    """From weights of N(0, 10^-12), m = 100, at tau = 1: all on one side, and the median cosine with z_c above 0.99."""
    (x, y), weights, _ = after(context, 100, 1e-6, mean, 4)
    found = cosines(weights, side * directions(x, y - mean if centre else y))
    hits = int(((found > 0).all(axis=1) & (np.median(found, axis=1) > 0.99)).sum())
    return context.rate(hits, len(found), what="networks on one orientation", at_least=0.9, margin=0.4)


OFFSET.without("labels with a mean", one_orientation, [0.0])
