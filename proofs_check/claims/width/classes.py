r"""Classifiers: under the cross-entropy every split of a neuron of the last hidden layer adds two zeros, with two classes nothing but zeros
and the signs of S_s.

Softmax does not see a number added to all outputs, so that the errors of a sample add up to 0: 1^\top B_s = 0 beside W_s^\top B_s = 0.
"""

from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.critical import certify, find_critical_points
from numerics.critical.invariances import are_independent, independent, quotient_inertia, shift_directions
from numerics.critical.search import in_balls
from numerics.critical.splits import split_bounds
from numerics.hessian import hessian
from numerics.hessian.inertias import ball_inertia
from numerics.hessian.losses import softmax
from numerics.hessian.neuron_matrices import neuron_matrices
from numerics.planting import cotangent_of, plant
from proofs_check import Assumption, Outcome, a_seed, axes, by_level, claim, false
from proofs_check.judging import at_least, bounded, equal, true, worst
from theory.embedding.blocks import kkt_inertia, plus
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

from . import CRITICAL, NEURIPS, TWICE
from ._instances import fraction_of, inner
from ._measures import rounding

CLASSES = claim(
    "embedding.splitting.classes",
    "Splitting a neuron of a classifier",
    r"l = L - 1,\ \ell \text{ the cross-entropy}:\ \mathbf 1^\top B_s = 0,\ \operatorname{In} H' = \operatorname{In} H + (r, D - r, r) + "
    r"\operatorname{In}(\alpha(1-\alpha) S_s|_{\ker B_s}),\ r = \operatorname{rank} B_s \le D - 2",
    clauses={
        "errors": r"\sum_t \partial_t \ell = 0 \text{ and } \sum_u \partial_t \partial_u \ell = 0 \text{ for } \sum_t y_t = 1,\ "
        r"\text{so that } H \text{ vanishes at every } \theta \text{ on the } m_{L-1} + 1 \text{ shifts of a column of } W^{[L]} \text{ or "
        r"of } b^{[L]} \text{ by a multiple of } \mathbf 1",
        "inertia": r"\operatorname{In} H' = \operatorname{In} H + (r, D - r, r) + \operatorname{In}(\alpha(1-\alpha) S_s|_{\ker B_s}),\ "
        r"r \le D - 2 \text{ in the last hidden layer}: \text{ two zeros or more are added; with two classes } (0, 2, 0) + "
        r"\operatorname{In}(\alpha(1-\alpha) S_s)",
    },
    symbols={
        r"\ell": "the cross-entropy of softmax(f) against y",
        "D": "number of classes, m_L",
        "y": "class probabilities, of sum 1",
        "B_s, S_s": "second order of a neuron, as in embedding.splitting.inertia",
        "H": "the Hessian of the risk, H' that of the wide network",
        "In": r"inertia (n_-, n_0, n_+)",
        "W_s": "outgoing weights of neuron s",
        "W^{[L]}, b^{[L]}": "weights and biases of the last layer",
        "m_l": "width of layer l",
        "L": "number of layers",
        "l": "the hidden layer of s",
        r"\alpha": "the fraction of the split, neither 0 nor 1",
        r"\mathbf 1": "the vector of ones",
        "r": "rank of B_s",
        r"\theta": "the parameters of the narrow network",
    },
    assumptions=[
        TWICE,
        CRITICAL,
        Assumption("cross-entropy", r"\ell(f, y) = -\sum_t y_t \log \operatorname{softmax}(f)_t"),
        Assumption("outgoing weights differ", r"W_s \notin \mathbb R \mathbf 1"),
    ],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts one zero for any loss; what the cross-entropy adds is ours"),
    depends_on=["embedding.splitting.congruence"],
    refuted_by="A critical point of a classifier whose split has other counts.",
    notes="A minimum of a classifier is never strict: modulo the shifts, that of two classes behaves as that of one target does in "
    "embedding.splitting.classification.",
)


@CLASSES.check("symbolic", [2, 3, 4], clauses="errors", scope="two to four classes, symbols for outputs and probabilities")
@false("targets of any sum", total=False)
def summed(classes, *, total=True, context):
    """First and second derivatives of -sum y_t (f_t - log sum exp f), written in p = softmax(f), as rational functions."""
    import sympy

    y, E = sympy.symbols(f"y1:{classes + 1}"), sympy.symbols(f"E1:{classes + 1}", positive=True)
    y = (*y[:-1], 1 - sum(y[:-1])) if total else y
    value = -sum(target * (sympy.log(power) - sympy.log(sum(E))) for target, power in zip(y, E, strict=True))
    by_output = lambda expression: [power * sympy.diff(expression, power) for power in E]  # d/df_t = E_t d/dE_t at E = exp(f)
    slopes = by_output(value) if total else [sum(E) * target / sum(E) - power / sum(E) for target, power in zip(y, E, strict=True)]
    sums = [sum(slopes), *(sum(by_output(slope)) for slope in slopes)]
    return equal(sums=([sympy.Integer(0)] * len(sums), [sympy.cancel(sympy.together(value)) for value in sums]), shown={"D": classes})


ANYWHERE = axes(widths=((1, 2, 2), (2, 2, 3), (1, 1, 2, 2), (2, 2, 2, 3)), quick=2, standard=10, full=50)


def at_random(widths, rng):
    """A normal point and drawn class probabilities."""
    model = FullyConnected(widths)
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (model.n_params + 6, widths[0]))
    return model, theta, (x, rng.dirichlet(np.ones(widths[-1]), len(x)))


@CLASSES.check(
    "property",
    a_seed,
    ANYWHERE,
    clauses="errors",
    tolerance="64 (P + n) eps times the square of (number of paths) (1 + |theta|_max)^(L - 1) (1 + |x|_max)",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3, probabilities uniform on the simplex",
)
@false("one output alone is shifted", shifts=lambda model: np.eye(model.n_params)[-1:])
def flat_shifts(cell, seed, *, shifts=lambda model: shift_directions(model, "cross-entropy"), loss="cross-entropy", context):
    """H on every shift, at points that are not critical."""
    model, theta, data = at_random(cell.widths, context.rng(seed))
    moved = hessian(model, theta, data, loss) @ shifts(model).T
    size = (np.prod(cell.widths) * (1 + np.abs(theta).max()) ** (len(cell.widths) - 2) * (1 + np.abs(data[0]).max())) ** 2
    return bounded("H on the shifts", moved, rounding(len(theta) + len(data[0]), size), theta=theta)


#: Points that are drawn for one box, and the precision of balls.
TRIES, BITS = 30, 128


def planted_classes(widths, rng, loss="cross-entropy", *, equal_weights=False):
    """(model, data, (box around a critical point, inertia)): class probabilities, all positive, normal weights.

    For another loss the targets are any. Points beside which Krawczyk's test proves no box are drawn again.
    """
    model = FullyConnected(widths)
    for _ in range(TRIES):
        theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (model.n_params + 6, widths[0]))
        if equal_weights:
            theta[wiring(model, len(widths) - 2).outgoing[0]] = 1
        seed, size = int(rng.integers(2**31)), 0.5
        data = plant(model, theta, x, loss=loss, size=size, seed=seed)
        while loss == "cross-entropy" and not (data[1] > 0).all():
            size /= 2
            data = plant(model, theta, x, loss=loss, size=size, seed=seed)
        try:
            point = certify(model, theta, data, loss, invariances=True, bits=BITS)
            return model, data, (point.box.enclosure, point.inertia)
        except NotCertified:
            continue
    raise NotCertified(f"Krawczyk's test proved no box beside {TRIES} points")


def restricted(B, S, alpha, most):
    """In(alpha (1 - alpha) S on ker B) in balls, B of rank ``most`` at most: so many rows, proved to be independent, span the others."""
    from flint import arb_mat

    rows, columns = (found[:most] for found in independent(B))
    if not are_independent(B[rows], columns):
        return (None,) * 3
    free = [j for j in range(B.shape[1]) if j not in columns]
    basis = balls(np.eye(B.shape[1], dtype=int)[free])
    if rows and free:
        solved = arb_mat(B[np.ix_(rows, columns)].tolist()).solve(arb_mat(B[np.ix_(rows, free)].tolist()))
        basis[:, columns] = -np.array(solved.tolist(), dtype=object).T
    return ball_inertia(basis @ S @ basis.T * (alpha * (1 - alpha))).counts if free else (0, 0, 0)


def rank_of(outputs, inputs, last):
    """The largest possible rank of B_s: W_s and, in the last hidden layer, the vector of ones are in its left kernel."""
    return min(outputs - 1 - last, inputs)


def counted(at, model, data, layer, alpha, loss, rank, *, critical=True):
    """The counts of the statement against those of the wide Hessian, in balls, ``at`` = (enclosure of a point, inertia there)."""
    theta, narrow = at
    with working_precision(BITS):
        exact = in_balls(model, data)
        _, observed = split_bounds(model, theta, narrow, exact, layer, 0, alpha, loss, critical=critical)
        B, S = neuron_matrices(model, theta, exact[0], cotangent_of(model, theta, exact, loss), layer, 0)
        last = layer == len(model.widths) - 2
        r, rest = rank(*B.shape, last), restricted(B, S, balls([alpha])[0], rank_of(*B.shape, last))
    expected = (None,) * 3 if None in rest else plus(narrow.counts, kkt_inertia(len(B), r, rest))
    added = None if observed.zero is None else observed.zero - narrow.zero
    shown = {"alpha": alpha, "theta": theta, "data": data}
    return worst(
        [
            equal(inertia=(expected, observed.counts), shown=shown),
            at_least("zeros added", added, len(B) - r, attained=False, **shown),
        ]
    )


def anywhere(widths, rng):
    """(model, data, (theta in balls, inertia there)) at a point that is not critical."""
    model, theta, data = at_random(widths, rng)
    with working_precision(BITS):
        theta = balls(theta)
        curvature = hessian(model, theta, in_balls(model, data), "cross-entropy")
        return model, data, (theta, quotient_inertia(curvature, 0 * theta + shift_directions(model, "cross-entropy")))


PLANTED = axes(
    widths=by_level(((1, 2, 2), (2, 1, 3), (1, 1, 2, 3)), ((1, 2, 2), (2, 2, 2), (2, 1, 3), (1, 2, 4), (1, 1, 2, 3), (1, 2, 1, 2))),
    layer=(1, 2),
    alpha=by_level(("inside", "negative"), ("1/2", "inside", "above 1", "negative")),
    where=lambda widths, layer: inner(widths, layer),
    full=10,
)


@CLASSES.check(
    "certified",
    a_seed,
    PLANTED,
    clauses="inertia",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3; class probabilities planted, all of them positive",
)
@false("one zero, as for any loss", rank=lambda outputs, inputs, last: min(outputs - 1, inputs))
@false("two zeros in every layer", rank=lambda outputs, inputs, last: min(outputs - 2, inputs))
def planted(cell, seed, *, rank=rank_of, loss="cross-entropy", equal_weights=False, critical=True, context):
    """A Krawczyk box, its Hessian modulo the shifts, and the wide Hessian: all in balls."""
    rng = context.rng(seed)
    # With equal weights the neuron is silent, and the point degenerate but for as many classes as this.
    widths, layer = ((1, 1, 3), 1) if equal_weights else (cell.widths, cell.layer)
    model, data, at = planted_classes(widths, rng, loss, equal_weights=equal_weights) if critical else anywhere(widths, rng)
    alpha = float(fraction_of(cell.alpha, rng))
    same = counted(at, model, data, layer, alpha, loss, rank, critical=critical)
    return worst([same, true("all probabilities are positive", bool((data[1] > 0).all()) or loss != "cross-entropy")])


CLASSES.without("critical", planted, critical=False)
CLASSES.without("cross-entropy", planted, loss="mse")
CLASSES.without("outgoing weights differ", planted, equal_weights=True)

TRAINED = axes(widths=by_level(((1, 1, 2), (2, 2, 3)), ((1, 1, 2), (1, 2, 2), (2, 2, 2), (2, 2, 3))), alpha=("inside", "negative"))


@cache
def trained(widths):
    """The minimum of lowest loss, of those that a search from 24 starts meets: class probabilities of a smooth law in drawn directions."""
    rng, model = np.random.default_rng(0), FullyConnected(widths)
    x = rng.normal(size=(40, widths[0]))
    z = x @ rng.normal(size=(widths[0], widths[-1]))
    data = x, softmax(2 * np.sin(1.5 * z) + z)
    return model, data, find_critical_points(model, data, starts=24, loss="cross-entropy", minima=True, steps=200)


@CLASSES.check("certified", a_seed, TRAINED, clauses="inertia", distribution="trained to a minimum, forty samples of true probabilities")
@false("one zero, as for any loss", rank=lambda outputs, inputs, last: min(outputs - 1, inputs))
def after_training(cell, seed, *, rank=rank_of, context):
    """The same at a minimum that training found, with a box that proves it."""
    model, data, found = trained(cell.widths)
    if not found:
        return Outcome.inconclusive("the search met no critical point")
    alpha = float(fraction_of(cell.alpha, context.rng(seed)))
    point = certify(model, found[0].theta, data, "cross-entropy", invariances=True, bits=BITS)
    same = counted((point.box.enclosure, point.inertia), model, data, 1, alpha, "cross-entropy", rank)
    return worst([same, true("a minimum", point.inertia.negative == 0)])
