r"""Residual blocks deepen any network, whatever sigma is, and curve it where the biases of the block say (theory.lifting.residual)."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.critical import certify, find_critical_points
from numerics.hessian import gradient_and_hessian, hessian
from numerics.hessian.inertias import ball_inertia, exact_inertia
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of
from proofs_check import Assumption, Outcome, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.depth import residual
from proofs_check.judging import equal, inertia_is, true, worst
from theory.embedding.blocks import plus
from theory.lifting.residual import insert_residual

from . import LIFTING
from ._measures import fractions, inertia_counts
from ._places import CRITICAL, Place
from ._points import planted, rational_point

RESIDUAL = claim(
    "depth.residual.any-activation",
    "A residual block deepens any network, and curves it where the biases of the block say",
    r"h \mapsto h + \sigma(\hat W h + \hat b),\ \hat W = 0,\ b' = b - W\sigma(\hat b):\quad H_{\text{deep}} \cong H \oplus 0_{m_q} \oplus "
    r"\bigoplus_j \sigma''(\hat b_j) K_j,\quad K_j = E[(W^T e)_j f^{[q]} f^{[q]T}]",
    clauses={
        "kept": r"f \text{ and criticality are kept for all data}",
        "inertia": r"H_{\text{deep}} \cong H \oplus 0_{m_q} \oplus \bigoplus_j \sigma''(\hat b_j) K_j,\ K_j = E[(W^T e)_j "
        r"f^{[q]} f^{[q]T}]",
        "saddle": r"\text{strict minima of tanh networks at which some } K_j \ne 0 \text{ become strict saddles for suitable } \hat b",
    },
    symbols=[r"\sigma", r"\hat W,\hat b", "W',b'", "H", "m_q", "E", "f^{[q]}"],
    assumptions=[
        CRITICAL,
        Assumption("silent block", r"\hat W = 0"),
        Assumption("curved", r"\sigma''(\hat b_j) \neq 0 \text{ (for negative eigenvalues)}"),
        Assumption(
            "biases behind", r"\text{layer } q+1 \text{ has biases}", unprobed="without them there is no b' to take up the constant"
        ),
    ],
    source=LIFTING.at("residual insertion; derived here (2105.14573v1 names depth embedding of ResNets as open)"),
    refuted_by="A block with zero weights that changes outputs or criticality, or another inertia.",
    notes="Also for h + V sigma(What h + bhat): V = 0 adds zeros only, V != 0 the blocks of V^T W^T e.",
)

CASES = by_level((((2, 2, 1), 1), ((1, 2, 2), 1)), (((2, 2, 1), 1), ((2, 2, 2), 1), ((2, 2, 1), 0), ((1, 2, 2, 1), 2)))
#: Biases at which the curvature is of one sign, of the other, of both, and zero.
BIASES = {"negative": ("1/2", "1"), "positive": ("-1/2", "-1"), "both": ("1/2", "-1/2"), "zero": ("0",)}
BLOCKS = axes(
    case=CASES, curvature=tuple(BIASES), block=("identity", "V", "zero V"), sigma=by_level(("ratsig",), ("ratsig", "ratsig4")), full=3
)


def compensated_block(model, theta, place, biases, outer):
    return insert_residual(model, theta, place.after, biases, outer=outer)


def uncompensated_block(model, theta, place, biases, outer):
    deep, changed = insert_residual(model, theta, place.after, biases, outer=outer)
    return deep, np.concatenate([theta, changed[len(theta) :]])


def speaking_block(model, theta, place, biases, outer):
    """A block whose weights are not zero: h + sigma(R h + c) is then no shift."""
    deep, changed = insert_residual(model, theta, place.after, biases, outer=outer)
    parts = deep.unpack(changed)
    parts["R"] = parts["R"] + Fraction(1, 2)
    return deep, deep.pack(**parts)


def correlation_blocks(model, theta, data, after, outer):
    """K_j = E[(V^T W^T e)_j f f^T] for every neuron j of the block, V = ``outer`` or the identity (None)."""
    seen = trace(model, rationals(theta), rationals(data[0]))
    pulled = seen.error(after + 1, cotangent_of(model, theta, data)) @ seen.weights[after + 1]
    features, pulled = seen.features[after], pulled if outer is None else pulled @ rationals(outer)
    return [(features * column[:, None]).T @ features for column in pulled.T]


def block_in(cell, rng):
    """A planted critical point, and the biases and outer weights of a block."""
    widths, after = cell.case
    sigma = cell.sigma if len(widths) == 3 else "ratsig"  # rationals of z / (1 + z^4) grow too long through two layers
    place = Place(widths, sigma, after, widths[after])
    theta = rational_point(place.model, rng)
    data = tuple(map(fractions, planted(place.model, theta, rng, size=Fraction(1, 10))))
    m = widths[after]
    outer = None if cell.block == "identity" else rng.choice([-1, 1], (m, 2)) * Fraction(int(cell.block == "V"))
    given = BIASES[cell.curvature]
    biases = np.array([Fraction(given[j % len(given)]) for j in range(m if outer is None else 2)], dtype=object)
    return place, theta, data, biases, outer


@RESIDUAL.check("exact", block_in, BLOCKS, clauses=("kept", "inertia"), distribution="integer weights, planted residuals of l1 norm 1/10")
@false("b' not compensated", construct=uncompensated_block)
@false("weights of the block not zero", construct=speaking_block)
@false("no curvature", weight=lambda curvature: 0)
@false("curvature of opposite sign", weight=lambda curvature: -curvature)
@false("curvature of one sign", weight=lambda curvature: 1 if curvature else 0)
def exact_inertia_of_blocks(cell, instance, *, construct=compensated_block, weight=lambda value: value, at="critical", context):
    """Outputs, gradient and inertia, exactly, after a block of given biases is inserted into a planted critical point."""
    place, theta, (x, y), biases, outer = instance
    data = (x, y) if at == "critical" else (x, y + 1)
    deep, lifted = construct(place.model, theta, place, biases, outer)
    slope, _ = gradient_and_hessian(deep, lifted, data)  # the Hessian is counted next
    before, observed = inertia_counts(place.model, theta, data), inertia_counts(deep, lifted, data)
    blocks = correlation_blocks(place.model, theta, data, place.after, outer)
    flat = deep.n_params - place.model.n_params - sum(map(len, blocks))
    curvatures = deep.activation.jet(rationals(biases), 2)[2]
    curved = [exact_inertia(weight(curvature) * block).counts for curvature, block in zip(curvatures, blocks, strict=True)]
    kept = equal(outputs=(place.model(theta, x), deep(lifted, x)), gradient=([0] * len(slope), slope), shown={"place": place})
    return worst([kept, inertia_is(plus(before, (0, flat, 0), *curved), observed, place=place, biases=biases)])


RESIDUAL.without("silent block", exact_inertia_of_blocks, construct=speaking_block)
RESIDUAL.without("critical", exact_inertia_of_blocks, at="anywhere")

MINIMA = axes(widths=((2, 2, 1), (2, 2, 2)), standard=4, full=20)


def certified_minimum(widths, rng):
    """A strict minimum of teacher data with noise, enclosed in a box, its inertia proved; None where none was found."""
    model = Place(widths, "tanh", 1, 2).model
    for _ in range(5):
        x = np.round(rng.normal(0, 1.3, (model.n_params + 4, model.inputs)), 3)
        teacher = rng.normal(0, 1.2, model.n_params)
        y = np.round(model(teacher, x) + 0.1 * rng.normal(size=(len(x), model.outputs)), 3)
        starts = teacher + 0.1 * rng.normal(size=(8, model.n_params))
        for point in find_critical_points(model, (x, y), starts=starts, minima=True):
            try:
                certified = certify(model, point.theta, (x, y))
            except NotCertified:
                continue
            if certified.inertia.certified and certified.inertia.positive == model.n_params:
                return model, certified, (x, y)
    return None


@RESIDUAL.check(
    "certified",
    a_seed,
    MINIMA,
    clauses="saddle",
    distribution="teacher networks with noise 0.1, weights N(0, 1.2^2), strict minima enclosed by Krawczyk's test",
)
@false("block at the inflection, sigma'' = 0", biases=(Fraction(0), Fraction(0)))
def certified_tanh(cell, seed, *, biases=(Fraction(1, 2), Fraction(-1, 2)), context):
    """In balls, the number of negative eigenvalues behind a residual block at a certified strict minimum."""
    found = certified_minimum(cell.widths, context.rng(seed))
    if found is None:
        return Outcome.inconclusive("no strict minimum was certified")
    model, point, data = found
    m = cell.widths[1]
    with working_precision(point.box.bits):
        deep, lifted = insert_residual(model, np.array(point.box.enclosure, dtype=object), 1, balls(biases[:m]))
        # Flat are the shifts of bhat, and the weights of a neuron at bhat = 0, where tanh'' vanishes.
        flat = m + m * sum(bias == 0 for bias in biases[:m])
        observed = ball_inertia(hessian(deep, lifted, tuple(map(balls, data))), zeros=flat)
    shown = {"shallow": point.inertia.counts, "deep": observed.counts, "biases": [str(b) for b in biases[:m]]}
    saddle = true("a negative eigenvalue", observed.negative >= 1 if observed.certified else None, widths=cell.widths, **shown)
    kept = {"place": Place(cell.widths, "tanh", 1, 2), **shown, "box": point.box.certificate(), "x": data[0], "y": data[1]}
    return worst([saddle], certificate={"kind": "critical point behind a residual block", **kept} if observed.certified else None)


RESIDUAL.without("curved", certified_tanh, biases=(Fraction(0), Fraction(0)))


RESIDUAL.formal(
    "depth/lifting.v",
    "depth_residual_any_activation",
    false="next biases kept as they are",
    adequate=residual,
    part="all sizes: output and critical points, not the Hessian",
    clauses="kept",
)
