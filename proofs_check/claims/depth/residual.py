r"""Residual blocks deepen any network, whatever sigma is, and curve it where the biases of the block say (theory.lifting.residual)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.depth import residual
from proofs_check.claims._checks import exactly
from proofs_check.claims.depth._measures import fractions, inertia_counts, same
from proofs_check.claims.depth._places import CRITICAL, DEPTH, Place, rng_of
from proofs_check.claims.depth._points import planted, rational_point
from proofs_check.proving import formal_check
from theory.embedding.blocks import plus
from theory.lifting.residual import insert_residual

ZERO_WEIGHTS = Assumption("silent block", r"\hat W = 0")


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
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of

    seen = trace(model, theta, data[0])
    pulled = seen.error(after + 1, fractions(cotangent_of(model, theta, data))) @ seen.weights[after + 1]
    features, pulled = seen.features[after], pulled if outer is None else pulled @ outer
    return [(features * column[:, None]).T @ features for column in pulled.T]


def curvature_blocks(curvatures, blocks):
    """sigma''(bhat_j) K_j."""
    return [curvature * block for curvature, block in zip(curvatures, blocks, strict=True)]


def without_curvature(curvatures, blocks):
    return [0 * block for block in blocks]


def opposite_curvature(curvatures, blocks):
    return [-curvature * block for curvature, block in zip(curvatures, blocks, strict=True)]


def check_residual(instance, *, construct, blocks_of, context) -> Outcome:
    """Outputs, gradient and inertia, exactly, after a block of given biases is inserted into a planted critical point."""
    from numerics.hessian import gradient
    from numerics.hessian.inertias import exact_inertia

    place, biases, block = instance
    rng = rng_of(place, context)
    theta = rational_point(place.model, rng)
    data = tuple(map(fractions, planted(place.model, theta, rng, size=Fraction(1, 10))))
    outer = outer_weights(place, block, rng)
    neurons = place.model.widths[place.after] if outer is None else outer.shape[1]
    biases = np.array([Fraction(biases[j % len(biases)]) for j in range(neurons)], dtype=object)
    deep, lifted = construct(place.model, theta, place, biases, outer)
    shown = {"place": place, "theta": theta, "biases": biases, "block": block}
    if not same(deep(lifted, data[0]), place.model(theta, data[0])):
        return Outcome.fails("the block changes the outputs", counterexample=shown)
    if any(gradient(deep, lifted, data)):
        return Outcome.fails("the deep point is not critical", counterexample=shown)
    before, observed = inertia_counts(place.model, theta, data), inertia_counts(deep, lifted, data)
    blocks = correlation_blocks(place.model, theta, data, place.after, outer)
    flat = deep.n_params - place.model.n_params - sum(map(len, blocks))
    curved = [exact_inertia(block).counts for block in blocks_of(deep.activation.jet(biases, 2)[2], blocks)]
    expected = plus(before, (0, flat, 0), *curved)
    if expected != observed:
        return Outcome.fails(f"inertia {observed}, expected {expected} from {before}", counterexample=shown)
    return Outcome.holds()


def outer_weights(place: Place, block: str, rng):
    """None (identity), V = 0 or V of entries +-1 with two neurons."""
    if block == "identity":
        return None
    m = place.model.widths[place.after]
    return rng.choice([-1, 1], (m, 2)) * Fraction(int(block == "V"))


def residual_instances(context):
    draws = context.by_level(quick=1, standard=4, full=12)
    shapes = (((2, 2, 1), 1), ((2, 2, 2), 1), ((2, 2, 1), 0), ((1, 2, 2, 1), 2))
    for widths, after in shapes:
        for replicate in range(draws):  # rationals of z / (1 + z^4) grow too long through two layers
            place = Place(widths, "ratsig4" if replicate % 2 and len(widths) == 3 else "ratsig", after, widths[after], replicate)
            for biases in ((Fraction(1, 2), Fraction(-1, 2)), (1,), (0,)):
                yield place, biases, "identity"
            yield place, (Fraction(1, 2), Fraction(-1, 2)), "V"
            yield place, (Fraction(1, 2), Fraction(-1, 2)), "zero V"


def check_makes_saddle(instance, *, biases, context) -> Outcome:
    """A certified strict minimum of a tanh network, and in balls the number of negative eigenvalues behind a residual block."""
    from numerics.arithmetic.krawczyk import balls, working_precision
    from numerics.hessian import hessian
    from numerics.hessian.inertias import ball_inertia

    place, replicate = instance
    found = certified_minimum(place, replicate, context)
    if found is None:
        return Outcome.inconclusive("no strict minimum was certified")
    point, data = found
    with working_precision(point.box.bits):
        theta = np.array(point.box.enclosure, dtype=object)
        m = place.model.widths[place.after]
        deep, lifted = insert_residual(place.model, theta, place.after, balls(biases[:m]))
        # Flat are the shifts of bhat, and the weights of a neuron at bhat = 0, where tanh'' vanishes.
        flat = m + m * sum(bias == 0 for bias in biases[:m])
        observed = ball_inertia(hessian(deep, lifted, tuple(map(balls, data))), zeros=flat)
    shown = {"place": place, "shallow": point.inertia.counts, "deep": observed.counts, "biases": [str(b) for b in biases[:m]]}
    if not observed.certified:
        return Outcome.inconclusive(f"the deep inertia is not certified: at least {observed.negative} negative", cases=1)
    if observed.negative < 1:
        return Outcome.fails("no negative eigenvalue behind the block", counterexample=shown)
    box = {"box": point.box.certificate(), "x": data[0], "y": data[1]}
    return Outcome.holds(certificate={"kind": "critical point behind a residual block", **shown, **box})


def certified_minimum(place: Place, replicate: int, context):
    """A strict minimum of teacher data with noise, enclosed in a box, its inertia proved; None where none was found."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.critical import certify, find_critical_points

    rng = context.rng(place, replicate)
    model = place.model
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
                return certified, (x, y)
    return None


def tanh_minima(context):
    draws = context.by_level(quick=1, standard=4, full=20)
    return [(Place(widths, "tanh", 1, 2, 0), k) for widths in ((2, 2, 1), (2, 2, 2)) for k in range(draws)]


CLAIMS = [
    Claim(
        id="depth.residual.any-activation",
        title="A residual block deepens any network, and curves it where the biases of the block say",
        statement=r"h \mapsto h + \sigma(\hat W h + \hat b),\ \hat W = 0,\ b' = b - W\sigma(\hat b):\quad"
        r" f \text{ and criticality are kept for all data};\quad"
        r" H_{\text{deep}} \cong H \oplus 0_{m_q} \oplus \bigoplus_j \sigma''(\hat b_j) K_j,"
        r"\quad K_j = E[(W^T e)_j f^{[q]} f^{[q]T}]",
        assumptions=[CRITICAL, ZERO_WEIGHTS, Assumption("curved", r"\sigma''(\hat b_j) \neq 0 \text{ (for negative eigenvalues)}")],
        source=Source(DEPTH, "residual insertion; derived here (2105.14573v1 names depth embedding of ResNets as open)"),
        refuted_by="A block with zero weights that changes outputs or criticality, or another inertia.",
        notes="Also for h + V sigma(What h + bhat): V = 0 adds zeros only, V != 0 the blocks of V^T W^T e.",
        checks=[
            exactly(
                "exact-inertia",
                check_residual,
                residual_instances,
                {"construct": compensated_block, "blocks_of": curvature_blocks},
                [
                    Control("b' not compensated", construct=uncompensated_block),
                    Control("weights of the block not zero", construct=speaking_block),
                    Control("no curvature", blocks_of=without_curvature),
                    Control("curvature of opposite sign", blocks_of=opposite_curvature),
                ],
                scope="ratsig and ratsig4, two to four layers, positions 0 to 2, bhat in {1/2, -1/2, 1, 0}; blocks with and without V",
                distribution="integer weights, planted residuals of l1 norm 1/10",
            ),
            Check(
                "certified-tanh",
                evidence="certified",
                covers="instances",
                scope="strict minima of tanh networks [2, 2, 1] and [2, 2, 2] enclosed by Krawczyk's test",
                run=check_makes_saddle,
                instances=tanh_minima,
                distribution="teacher networks with noise 0.1, weights N(0, 1.2^2)",
                parameters={"biases": (Fraction(1, 2), Fraction(-1, 2))},
                controls=[Control("block at the inflection, sigma'' = 0", biases=(Fraction(0), Fraction(0)))],
            ),
            formal_check(
                "depth/lifting.v",
                "depth_residual_any_activation",
                false="next biases kept as they are",
                adequate=residual,
                part="all sizes: output and critical points, not the Hessian",
            ),
        ],
        probes=[
            Probe(drops="silent block", instances=residual_instances, parameters={"construct": speaking_block}),
            Probe(drops="curved", instances=tanh_minima, check="certified-tanh", parameters={"biases": (Fraction(0), Fraction(0))}),
        ],
    )
]
