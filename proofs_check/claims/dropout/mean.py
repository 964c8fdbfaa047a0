r"""The mean of the loss under dropout is the loss plus a penalty on every neuron's contribution, which condensation lowers."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rational, rationals
from numerics.dynamics.masks import mask_moments, moment_polynomial
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.adequacy.dropout import losses
from proofs_check.axes import Cell
from proofs_check.judging import at_least, equal, order, vanishing, worst
from theory.dynamics import dropout

from . import IMPLICIT, INDEPENDENT, LAST, SQUARE, THROUGH
from ._draws import arrays, generic, masked_outputs, network, pull, symbols

MEAN = claim(
    "dropout.expectation",
    "The mean loss under dropout: a penalty on the contributions of the neurons",
    r"\mathbb{E}_\xi R^\xi = R_S + \frac{1 - p}{2 n p} \sum_{i, j} |a_j|^2 h_{ij}^2, \quad \text{and the same for the gradients}",
    clauses={
        "loss": r"\mathbb{E}_\xi R^\xi = R_S + \frac{1 - p}{2 n p} \sum_{i=1}^n \sum_{j=1}^m |a_j|^2 h_{ij}^2",
        "gradient": r"\text{in the parameters of the } s_{ij}: \; \mathbb{E}_\xi \nabla R^\xi = \nabla R_S + \nabla R_1"
        r" = \frac{1}{n} \sum_{i, k} (e_i + v s_{ik}) g_{ik}",
    },
    symbols=[r"R^{\xi}", "R_S", "R_1", "p", "v", "n", "m", "a_j", "h_{ij}", "e_i", "s_{ij}", "g_{ik}"],
    assumptions=[LAST, SQUARE, INDEPENDENT, THROUGH],
    source=IMPLICIT.at("Lemma 1"),
    refuted_by="one network whose losses over all masks have another mean",
)


def variance(p):
    return (1 - p) / p


@MEAN.check(
    "symbolic", ["loss", "gradient"], clauses=("loss", "gradient"), covers="statement", scope="all m and n, by two neurons and one sample"
)
@false("without 1/p: (1 - p)/(2n)", variance=lambda p: 1 - p)
@false("twice: (1 - p)/(np)", variance=lambda p: 2 * (1 - p) / p)
@false("p and 1 - p exchanged, equal at p = 1/2", variance=lambda p: p / (1 - p))
def generic_symbols(part, *, variance=variance, context):
    """Free symbols for two neurons and one sample, of any activation and any layers before: no monomial of either side has more neurons or
    samples, and outputs add up, so the identity is that of all m, n and numbers of outputs."""
    import sympy

    s, y, g, xi = generic(2, 1)
    p = sympy.Symbol("p")
    true = (1 - p) / p
    if part == "loss":
        error = (s[0, :, 0] * xi).sum() - y[0, 0]
        return equal(loss=(dropout.expected_loss(s, y, variance(p)), moment_polynomial(sympy.expand(error**2 / 2), xi, true)))
    predicted = dropout.expected_gradient(s, y, g, variance(p))
    found = [moment_polynomial(sympy.expand(pull(s, y, g, xi, k)), xi, true) for k in range(2)]
    return equal(gradient=(predicted, found))


NETWORKS = axes(
    activation=by_level(("relu", "power:2"), ("relu", "leaky", "power:2", "ratsig")),
    depth=(2, 3),
    m=by_level((1, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5, 6)),
    outputs=(1, 2),
    n=(2, 5),
    keep=("1", "1/2", "1/3", "1/4", "9/10"),
    quick=1,
    standard=2,
    full=5,
)


def squared(error):
    return (error * error).sum() / 2


def quartic(error):
    return (error**4).sum() / 2


def independent(kept, p):
    return p ** sum(kept) * (1 - p) ** (len(kept) - sum(kept))


def all_or_none(kept, p):
    return {len(kept): p, 0: 1 - p}.get(sum(kept), 0)


@MEAN.check("exact", network, NETWORKS, clauses="loss", distribution="parameters and data k/6, |k| <= 12; all 2^m masks")
@false("without 1/p", variance=lambda p: 1 - p)
@false("p and 1 - p exchanged, equal at p = 1/2", variance=lambda p: p / (1 - p) if p < 1 else 0)
@false("the sum over samples left out", samples=lambda n: 1)
@false("n - 1 samples at n = 5", samples=lambda n: n - (n == 5))
@false("twice at p = 1/3", variance=lambda p: variance(p) * (2 if p == Fraction(1, 3) else 1))
def every_mask(cell, drawn, *, variance=variance, samples=lambda n: n, loss=squared, law=independent, layer=None, context):
    """The masked network itself, run on every mask in rational arithmetic, and the weighted mean of its losses."""
    model, theta, x, y = drawn
    p, n, y = Fraction(cell.keep), len(x), rationals(y)
    mean = sum(rational(law(kept, p)) * loss(outputs - y) / n for kept, outputs in masked_outputs(model, theta, x, p, layer))
    plain = model(rationals(theta), rationals(x)) - y
    parts = model.unpack(rationals(theta))
    z = rationals(x)
    for l in range(1, model.depth):
        z = model.activation(z @ parts[f"W{l}"].T + parts[f"b{l}"])
    weights = parts[f"W{model.depth}"]
    penalty = rational(variance(p)) * ((weights**2).sum(axis=0) * z**2).sum() / (2 * samples(n))
    return equal(loss=(loss(plain) / n + penalty, mean), shown={"model": str(model), "theta": theta, "x": x, "y": y})


MEAN.without("last hidden layer", every_mask, lambda cell, rng: network(_deep(cell), rng), layer=1)
MEAN.without("square loss", every_mask, loss=quartic)
MEAN.without("independent masks", every_mask, law=all_or_none)


def _deep(cell):
    return Cell({**cell, "depth": 3})


ARRAYS = axes(m=by_level((1, 2, 4), (1, 2, 3, 4, 5, 6)), n=(1, 3), outputs=(1, 2), keep=("1", "1/2", "1/3", "9/10"), quick=1, full=5)


MEAN.formal("dropout/expectation.v", "dropout_expectation", false="1 - p for (1 - p)/p", adequate=losses, clauses="loss")


@MEAN.check("exact", arrays, ARRAYS, clauses=("loss", "gradient"), distribution="contributions, targets and gradients k/6, |k| <= 12")
@false("the penalty left out of the gradient", gradient=lambda s, y, g, v: dropout.expected_gradient(s, y, g, 0 * v))
@false("the penalty's gradient twice", gradient=lambda s, y, g, v: dropout.expected_gradient(s, y, g, 2 * v))
def moments(cell, drawn, *, gradient=dropout.expected_gradient, context):
    """Means over all masks of loss and gradient, gradients in parameters that neurons may share."""
    s, y, g = map(rationals, drawn)
    p = Fraction(cell.keep)
    v, found = rational(variance(p)), mask_moments(s, y, g, p)
    return equal(loss=(dropout.expected_loss(s, y, v), found.loss), gradient=(gradient(s, y, g, v), found.gradient))


BOUND = claim(
    "dropout.r1_bound",
    "The penalty is least where all neurons contribute the same",
    r"R_1 \ge \frac{v}{2 n m} \sum_i |f(x_i)|^2, \text{ with equality for } v > 0 \text{ iff } s_{i1} = \dots = s_{im} \text{ for all } i",
    clauses={
        "bound": r"R_1 - \frac{v}{2 n m} \sum_i |f(x_i)|^2 = \frac{v}{2 n m} \sum_i \sum_{j < l} |s_{ij} - s_{il}|^2 \ge 0",
        "equality": r"v > 0: \; \text{equality holds iff on every sample all contributions agree}",
    },
    symbols=["R_1", "v", "n", "m", "s_{ij}"],
    assumptions=[
        Assumption("no output bias", r"f(x_i) = \sum_j s_{ij}: \text{ what dropout does not touch is left out of } f"),
        Assumption("some dropout", r"v > 0, \text{ so } p < 1"),
    ],
    source=IMPLICIT.at("Section 6.2"),
    kind="extension",
    relation="lower",
    refuted_by="contributions with a smaller penalty, or unequal ones that attain the bound",
)


def per_neuron(s, v):
    return dropout.penalty_bound(s, v)


@BOUND.check(
    "symbolic",
    [2, 3, 4, 5],
    axes(m=(2, 3, 4, 5)),
    cell=lambda m: {"m": m},
    clauses=("bound", "equality"),
    covers="statement",
    scope="one sample, free symbols: both sides are sums over samples with coefficients affine in m, so two values of m decide all",
)
@false("pairs counted twice", pairs=2)
@false("neurons not counted in the bound", bound=lambda s, v: s.shape[1] * dropout.penalty_bound(s, v))
def sum_of_squares(m, *, pairs=1, bound=per_neuron, context):
    """The gap as a sum of squares of reals, which vanishes only with each of them."""
    import sympy

    s, v = symbols("s", 1, m, 1), sympy.Symbol("v")
    squares = sum((s[0, j, 0] - s[0, l, 0]) ** 2 for j in range(m) for l in range(j))
    return equal(gap=(pairs * v * squares / (2 * m), dropout.penalty(s, v) - bound(s, v)))


CONTRIBUTIONS = axes(m=(1, 2, 3, 5), n=(1, 3), outputs=(1, 2), kind=("equal", "one differs", "free"), keep=("1/2", "1/5"), quick=2, full=20)


def contributions(cell, rng):
    s, _, _ = arrays(cell, rng)
    if cell.kind == "free":
        return s
    s = np.repeat(s[:, :1], cell.m, axis=1)
    if cell.kind == "one differs":
        s[int(rng.integers(cell.n)), -1, 0] += Fraction(1, 6)
    return s


@BOUND.check(
    "exact", contributions, CONTRIBUTIONS, clauses=("bound", "equality"), distribution="contributions k/6; equal, equal but one, free"
)
@false("neurons not counted in the bound", bound=lambda s, v: s.shape[1] ** 2 * dropout.penalty_bound(s, v))
@false("the samples counted twice", bound=lambda s, v: dropout.penalty_bound(s, v) / 2)
@false("half of it for three neurons", bound=lambda s, v: dropout.penalty_bound(s, v) / (2 if s.shape[1] == 3 else 1))
def attained(cell, s, *, bound=per_neuron, keep=None, context):
    """Equal contributions attain the bound, one other entry leaves it."""
    s, v = rationals(s), rational(variance(Fraction(keep or cell.keep)))
    least, found = bound(s, v), dropout.penalty(s, v)
    agree = all((s[:, :1] == s).ravel())
    if agree:
        return equal(penalty=(least, found))
    return worst([at_least("penalty", found, least, attained=False), order("bound and penalty", [least, found])])


@BOUND.check(
    "exact",
    contributions,
    CONTRIBUTIONS,
    clauses="bound",
    name="with-an-output-bias",
    distribution="as above, an output bias of 3 added to f",
)
@false("the gap", size=lambda s: (s.sum(axis=1) ** 2).sum() + 1)
def only_contributions(cell, s, *, size=lambda s: (s.sum(axis=1) ** 2).sum(), shift=0, context):
    """The f of the bound is the sum of contributions."""
    s, v = rationals(s), rational(variance(Fraction(cell.keep)))
    return vanishing("difference of bounds", v * (size(s + shift) / (2 * len(s) * s.shape[1])) - dropout.penalty_bound(s, v))


BOUND.without("no output bias", only_contributions, shift=3)
BOUND.without("some dropout", attained, keep="1")  # m = 2, s = (1, 0): both sides are 0
