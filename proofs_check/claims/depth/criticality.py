r"""Critical lifting to first order: a lift keeps the outputs on the data, and every critical point critical.

Near a lift R_deep = R_shallow o pi with pi the collapse of the inserted layer into the next, and everything here follows from that. The
gradient identity is derived.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.hessian import gradient
from proofs_check import Assumption, axes, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import bounded, equal
from theory.lifting import Lifting, lift, preactivations
from theory.models import FullyConnected

from . import LIFTING
from ._measures import amplification, fractions
from ._places import BIASES, FLOAT_SHAPES, LINEARIZED, ONE, PIECEWISE, insertions, place_in, rng_of
from ._points import drawn_lift, inner_biases_still, planted, planted_lift, rational_point, with_slopes_of_one

OUTPUT = claim(
    "depth.lifting.output",
    "A lift keeps the outputs on the data",
    r"f_{\theta_{\text{deep}}}(x_i) = f_{\theta}(x_i) \text{ for all } x_i \in S \text{ (not for all } x)",
    symbols=["S", r"\theta"],
    assumptions=[LINEARIZED, Assumption("on the data", r"x \in S"), BIASES],
    source=LIFTING.at("abstract (output preserving); Definition of lifting"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A sample on which a lift gives another output.",
)


def compensated(symbols):
    """(W, b') of the definition in the free algebra: W = W' S What and b' = b - W' (S bhat + mu)."""
    Wp, S, What, bhat, mu, b = symbols
    return Wp * S * What, b - Wp * (S * bhat + mu)


def offset_forgotten(symbols):
    Wp, S, What, bhat, _, b = symbols
    return Wp * S * What, b - Wp * S * bhat


def slopes_forgotten(symbols):
    Wp, S, What, bhat, mu, b = symbols
    return Wp * What, b - Wp * (S * bhat + mu)


@OUTPUT.check("symbolic", ["letters"], covers="statement", scope="all sizes: an identity of letters that do not commute")
@false("offsets mu forgotten", conditions=offset_forgotten)
@false("slopes forgotten", conditions=slopes_forgotten)
def free_algebra(_, *, conditions=compensated, context):
    """W' (S (What h + bhat) + mu) + b' - (W h + b) expands to zero: matrices of all sizes at once. That `lift` satisfies these
    conditions, and that sigma is S z + mu on the data, is what the other checks run."""
    import sympy

    *symbols, h = sympy.symbols("Wp S What bhat mu b h", commutative=False)
    Wp, S, What, bhat, mu, b = symbols
    W, b_new = conditions(symbols)
    return equal(difference=(sympy.Integer(0), sympy.expand(Wp * (S * (What * h + bhat) + mu) + b_new - (W * h + b))))


def as_lifted(found):
    return found.theta


def leaves_piece(found):
    """The first neuron is shifted until one sample lies beyond a break, b' shifted along as if it did not matter."""
    parts = found.deep.unpack(found.theta)
    z = preactivations(found.deep, found.theta, found.x, found.after + 1)[:, 0]
    piece = found.pieces[0]
    shift = piece.upper - max(z) + 1 if piece.upper < np.inf else piece.lower - min(z) - 1
    parts[f"b{found.after + 1}"][0] += shift
    parts[f"b{found.after + 2}"] -= piece.slope * shift * parts[f"W{found.after + 2}"][:, 0]
    return found.deep.pack(**parts)


def product_off(found):
    parts = found.deep.unpack(found.theta.copy())
    parts[f"W{found.after + 2}"][0, 0] += Fraction(1, 100)
    return found.deep.pack(**parts)


def bias_not_compensated(found):
    parts = found.deep.unpack(found.theta)
    parts[f"b{found.after + 2}"] = found.shallow.unpack(found.shallow_theta)[f"b{found.after + 1}"]
    return found.deep.pack(**parts)


@OUTPUT.check(
    "exact", place_in, insertions((*PIECEWISE, "hardtanh")), distribution="integer weights, half-integer samples, all factorizations"
)
@false("a neuron leaves its piece on one sample", construct=leaves_piece)
@false("W' S What differs from W", construct=product_off)
@false("b' not compensated", construct=bias_not_compensated)
def outputs(cell, place, *, construct=as_lifted, stretch=1, context):
    """f_deep(x_i) = f(x_i) in rational numbers."""
    found = drawn_lift(place, rng_of(place, context), irregular=True)
    x = found.x * stretch
    theta = construct(replace(found, theta=found.theta.copy()))
    return equal(outputs=(found.shallow(found.shallow_theta, x), found.deep(theta, x)), shown={"place": place})


OUTPUT.without("on the data", outputs, stretch=40)
OUTPUT.without("linearized layer", outputs, construct=leaves_piece)
OUTPUT.without("biases behind", outputs, construct=bias_not_compensated)
OUTPUT.formal("depth/lifting.v", "depth_lifting_output", false="for all x", adequate=lifting)

CRITICALITY = claim(
    "depth.lifting.criticality",
    "A lift keeps critical points critical, and maps every gradient by (D pi)^T",
    r"\nabla R(\theta_{\text{deep}}) = (D\pi)^T \nabla R(\theta),\quad \pi = (W' \Lambda \hat W,\ "
    r"W'(\Lambda \hat b + \mu) + b', \dots);\qquad \nabla R(\theta) = 0 \Rightarrow \nabla R(\theta_{\text{deep}}) = 0",
    clauses={
        "identity": r"\nabla R(\theta_{\text{deep}}) = (D\pi)^T \nabla R(\theta) \text{ at every } \theta",
        "critical": r"\nabla R(\theta) = 0 \Rightarrow \nabla R(\theta_{\text{deep}}) = 0",
    },
    symbols=["R", r"\theta", r"\pi", "W',b'", r"\Lambda,\mu", r"\hat W,\hat b"],
    assumptions=[LINEARIZED, BIASES],
    source=LIFTING.at("abstract (criticality preserving); the identity is derived here"),
    depends_on=["depth.lifting.output"],
    refuted_by="A point whose deep gradient is not (D pi)^T times the shallow one.",
    notes="Without biases in layer q+1 a lift with S bhat + mu = 0 keeps the outputs, but the derivative by bhat is S W'^T E e, "
    "which need not vanish: the shallow network has no bias whose derivative E e would be.",
)


@CRITICALITY.check("exact", place_in, insertions(), clauses="identity", distribution="integer weights and targets, half-integer samples")
@false("slopes taken as 1", differential=lambda found: with_slopes_of_one(found).differential())
@false("biases of the new layer without gradient", differential=inner_biases_still)
def gradient_identity(cell, place, *, differential=Lifting.differential, context):
    """In rational numbers at points that are not critical."""
    rng = rng_of(place, context)
    found = drawn_lift(place, rng, irregular=True)
    y = rng.integers(-4, 5, (len(found.x), place.model.outputs)) * Fraction(1)
    shallow = fractions(gradient(found.shallow, found.shallow_theta, (found.x, y)))
    return equal(gradient=(differential(found).T @ shallow, gradient(found.deep, found.theta, (found.x, y))), shown={"place": place})


@CRITICALITY.check("exact", place_in, insertions(), clauses="critical", distribution="integer weights, planted residuals of l1 norm 1")
@false("a neuron leaves its piece on one sample", construct=leaves_piece)
@false("W' S What differs from W", construct=product_off)
@false("b' not compensated", construct=bias_not_compensated)
def critical_points(cell, place, *, construct=as_lifted, context):
    """A planted critical point of non-zero loss has exactly zero gradient after the lift."""
    found, data = planted_lift(place, rng_of(place, context), ONE, irregular=True)
    deep = gradient(found.deep, construct(replace(found, theta=found.theta.copy())), data)
    return equal(gradient=([0] * len(deep), deep), shown={"place": place})


CRITICALITY.without("linearized layer", critical_points, construct=leaves_piece)


def autograd(model, theta, x, y):
    import torch

    point = torch.tensor(theta, requires_grad=True)
    loss = ((model(point, torch.tensor(x)) - torch.tensor(y)) ** 2).sum() / len(x)
    return torch.autograd.grad(loss, point)[0].numpy()


@CRITICALITY.check(
    "property",
    place_in,
    insertions((*PIECEWISE, "hardtanh"), FLOAT_SHAPES),
    clauses="identity",
    tolerance="64 P eps times (1 + the largest weight of the new layer)^2 times the size of gradients and targets",
    distribution="normal weights, samples and targets",
)
@false("biases of the new layer without gradient", differential=inner_biases_still)
def autograd_identity(cell, place, *, differential=Lifting.differential, context):
    """The identity in floats, both gradients by torch's own differentiation."""
    rng, model = rng_of(place, context), place.model
    theta = rng.normal(size=model.n_params)
    x, y = rng.normal(size=(8, model.inputs)), rng.normal(size=(8, model.outputs))
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    shallow, deep = (autograd(m, t, x, y) for m, t in ((found.shallow, found.shallow_theta), (found.deep, found.theta)))
    size = amplification(found) * (1 + np.abs(deep).max() + np.abs(shallow).max() + np.abs(y).max())
    tolerance = 64 * found.deep.n_params * np.finfo(float).eps * size
    return bounded("difference of the gradients", differential(found).T @ shallow - deep, tolerance, place=place)


@CRITICALITY.check(
    "exact",
    place_in,
    axes(widths=((2, 2, 1),), sigma=("hardtanh",), after=(1,), width=("narrow", "wide"), quick=2, standard=10),
    clauses="critical",
    distribution="integer weights, planted residuals",
)
@false("no biases in layer q+1", output_bias=False)
def biases_behind(cell, place, *, output_bias=True, context):
    """Outputs and criticality of a lift behind whose new layer there are, or are not, biases."""
    rng = rng_of(place, context)
    model = FullyConnected(place.widths, place.activation, output_bias=output_bias)
    theta = rational_point(model, rng)
    data = planted(model, theta, rng, size=ONE)
    found = lift(model, theta, fractions(data[0]), place.after, width=place.width, rng=rng)
    deep = gradient(found.deep, found.theta, data)
    return equal(
        outputs=(model(theta, found.x), found.deep(found.theta, found.x)), gradient=([0] * len(deep), deep), shown={"place": place}
    )


CRITICALITY.without("biases behind", biases_behind, output_bias=False)


CRITICALITY.formal(
    "depth/lifting.v",
    "depth_lifting_criticality",
    false="at points that are no lifts too",
    adequate=lifting,
    clauses=("identity", "critical"),
)
