r"""What embedding does to the landscape: inertia never decreases, degeneracy grows, minima become saddles, and which points never do.

H^{(2)} = \sum_i E[\partial_i \ell] \nabla^2 (f_\theta)_i is the part of the Hessian that carries the residuals. A point is truly bad when
it is critical and neither it nor any of its embeddings is a strict saddle.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import DISTRIBUTION, FLOAT_INERTIA, JML, NEURIPS, PLANTED, agree, inertia_of, places, some_place
from proofs_check.claims.width import ANY_NETWORK, symbolic
from proofs_check.claims.width_compatible import drawn
from proofs_check.claims.width_paths import split_or_null
from theory.embedding import compatible, draw_layers, null, split, three_fold
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# ----------------------------------------------------------------------------------------------------- irreversibility


def check_hessian_image(place, *, build, image, context) -> Outcome:
    """A^T H_wide A = H_narrow and H_wide A = M H_narrow, entry by entry, at a point that is not critical."""
    from numerics.hessian import hessian

    data, embedding = place.data(2), build(place)
    narrow = hessian(place.model, place.theta, data)
    through = (embedding.matrix.T @ hessian(embedding.wide, embedding(place.theta), data)).T
    return agree(place, compression=(narrow, embedding.matrix.T @ through), image=(image(embedding) @ narrow, through))


def check_hessian_image_of_any(_, *, image, context) -> Outcome:
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    embedding, jet = split(neuron_model(), 1, 0, symbols["alpha"]), symbols.jet("s")
    _, narrow = around_neurons(symbols, symbols.theta(), [jet])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), [jet, jet])
    through = (with_passive(embedding.matrix).T @ wide.hessian).T
    return agree("any network", image=(with_passive(image(embedding)) @ narrow.hessian, through))


def one_of_each(place):
    """A split, a null neuron or a general compatible embedding, in turn."""
    if place.seed % 3 == 0:
        return split(*place.neuron_of())
    return null(place.model, place.layer, place.alpha) if place.seed % 3 == 1 else drawn(place)


def the_embedding(embedding):
    return embedding.matrix


def the_gradient_map(embedding):
    return embedding.gradient_map


def check_monotone_walk(instance, *, growth, context) -> Outcome:
    """A random walk through architectures: along every edge none of n_-, n_0, n_+ decreases."""
    from numerics.hessian import hessian

    narrow, layers, replicate = instance
    rng = context.rng(replicate)
    place = some_place(narrow, rng)
    data, model, theta = place.planted(), place.model, place.theta
    trail = [inertia_of(hessian(model, theta, data))]
    for layer in layers:
        embedding = split_or_null(model, layer, rng)
        model, theta = embedding.wide, embedding(theta)
        trail.append(inertia_of(hessian(model, theta, data)))
    steps = list(zip(trail, trail[1:], strict=False))
    expected = [growth(before, sum(after) - sum(before)) for before, after in steps]
    monotone = [all(a >= b for a, b in zip(after, least, strict=True)) for (_, after), least in zip(steps, expected, strict=True)]
    if all(monotone):
        return Outcome.holds(len(steps), message=" -> ".join(map(str, trail)))
    return agree(instance, monotone=([True] * len(steps), monotone))


def walks(context):
    count = context.by_level(quick=2, standard=15, full=80)
    shapes = [((1, 1, 1), (1, 1, 1)), ((2, 1, 2), (1, 1)), ((1, 1, 1, 1), (1, 2)), ((1, 2, 2), (1, 1)), ((1, 1, 1, 2), (2, 1))] * count
    return [(*shape, replicate) for replicate, shape in enumerate(shapes)]


def at_least(before, new):
    return before


def all_new_are_zeros(before, new):
    """n_0 grows by M' - M."""
    return before[0], before[1] + new, before[2]


def check_zero_counterexample(instance, *, construct, context) -> Outcome:
    """Output kept, affine, A^T H A = H, critical at this point for these data: and yet n_0 falls."""
    from numerics.hessian import gradient_and_hessian

    place, data, direction = instances.vanishing_zero(context.rng(instance))
    embedding = construct(place)
    theta = embedding(place.theta)
    slope, narrow = gradient_and_hessian(place.model, place.theta, data)
    wide_slope, wide = gradient_and_hessian(embedding.wide, theta, data)
    before, after = inertia_of(narrow), inertia_of(wide)
    compressed = embedding.matrix.T @ (embedding.matrix.T @ wide).T
    return agree(
        instance,
        critical=(0 * slope, slope),
        wide_critical=(0 * wide_slope, wide_slope),
        kernel=(0 * slope, narrow @ direction),
        compression=(narrow, compressed),
        output=(place.model(place.theta, data[0]), embedding.wide(theta, data[0])),
        zeros_fall=(True, after[1] < before[1]),
    )


def planted_neuron(place):
    """The new neuron whose criticality was planted: incoming weights 3/7, bias 1/2, outgoing weights 0."""
    return instances.with_incoming_weights(place.model, 1, Fraction(1, 2))


def genuine_split(place):
    return split(place.model, 1, 0, Fraction(1, 3))


# ---------------------------------------------------------------------------------------------------------- degeneracy


def check_degeneracy(instance, *, least, context) -> Outcome:
    """K splits of neurons with non-zero outgoing weights: n_0 grows by K at least."""
    from numerics.hessian import hessian
    from theory.embedding import embed_along

    widths, steps, silent, replicate = instance
    rng = context.rng(replicate)
    place = some_place(widths, rng)
    theta = place.theta.copy()
    if silent:  # the neuron to be split sends nothing
        theta[wiring(place.model, 1).outgoing[0]] = 0 * theta[0]
    data = instances.planted_at(place, theta)
    embedding = embed_along(place.model, [("split", layer, 0, Fraction(int(rng.integers(2, 7)), 7)) for layer in steps])
    before = inertia_of(hessian(place.model, theta, data))
    after = inertia_of(hessian(embedding.wide, embedding(theta), data))
    if after[1] >= before[1] + least(len(steps)):
        return Outcome.holds(message=f"{before} -> {after}")
    return agree(instance, zeros_at_least=(before[1] + least(len(steps)), after[1]))


def splits_in_turn(context):
    shapes = [((1, 1, 1), (1, 1)), ((2, 1, 2), (1, 1)), ((1, 1, 1, 1), (1, 2)), ((1, 2, 2), (1,)), ((1, 1, 1, 2), (2, 1))]
    count = context.by_level(quick=2, standard=15, full=80)
    return [(*shape, False, replicate) for replicate, shape in enumerate(shapes * count)]


def silent_neurons(context):
    return [((1, 2, 2), (1,), True, replicate) for replicate in range(4)]


def check_degeneracy_in_floats(instance, *, least, context) -> Outcome:
    from numerics.embedded import planted_batch, split_counts

    widths, alpha, replicate = instance
    model = FullyConnected(widths)
    theta, data = planted_batch(model, 20, context.rng(replicate))
    found = split_counts(model, theta, data, 1, 0, alpha)
    missing = found.observed[:, 1] < least(1)
    if not missing.any():
        return Outcome.holds(len(theta))
    k = int(np.flatnonzero(missing)[0])
    return agree({"widths": widths, "theta": theta[k]}, zeros_at_least=(least(1), int(found.observed[k, 1])))


def check_family_dimension(instance, *, dimension, context) -> Outcome:
    """Exact rank of the tangents of all compatible embeddings with given copies; the Hessian vanishes on every one of them."""
    from numerics.compatible import tangent_directions
    from numerics.exact import rank_rational
    from numerics.hessian import hessian

    narrow, wide, replicate = instance
    place = some_place(narrow, context.rng(replicate))
    sources = [[*range(m), *([0] * (n - m))] for m, n in zip(narrow[1:-1], wide[1:-1], strict=True)]
    parts = draw_layers(place.model, sources, context.rng(replicate + 1), nonzero=True)
    directions = tangent_directions(place.model, parts, place.theta)
    embedding = compatible(place.model, parts)
    curvature = hessian(embedding.wide, embedding(place.theta), place.planted())
    moved = directions @ curvature
    return agree(instance, dimension=(dimension(narrow, wide), rank_rational(directions)), flat=(0 * moved, moved))


def degrees_of_freedom(narrow, wide):
    """K + sum over l >= 2 of K_l K_(l-1)."""
    extra = [b - a for a, b in zip(narrow[1:-1], wide[1:-1], strict=True)]
    return sum(extra) + sum(a * b for a, b in zip(extra, extra[1:], strict=False))


def extra_neurons(narrow, wide):
    return sum(wide) - sum(narrow)


def families(context):
    pairs = [
        ((1, 1, 1), (1, 3, 1)),
        ((2, 2, 1), (2, 4, 1)),
        ((1, 1, 1, 1), (1, 2, 2, 1)),
        ((1, 1, 1, 1), (1, 3, 2, 1)),
        ((2, 1, 2, 1), (2, 2, 3, 1)),
    ]
    pairs += context.by_level(
        quick=[], standard=[((1, 1, 1, 1, 1), (1, 2, 2, 2, 1)), ((1, 2, 2, 1), (1, 3, 3, 1))], full=[((1, 2, 2, 1), (1, 4, 4, 1))]
    )
    return [(*pair, replicate) for replicate, pair in enumerate(pairs)]


def check_nullity(instance, *, dimension, context) -> Outcome:
    """The Hessian's nullity grows by that number exactly, all multipliers non-zero and rank B maximal."""
    from numerics.hessian import hessian

    narrow, wide, replicate = instance
    place = some_place(narrow, context.rng(replicate))
    sources = [[*range(m), *([0] * (n - m))] for m, n in zip(narrow[1:-1], wide[1:-1], strict=True)]
    embedding = compatible(place.model, draw_layers(place.model, sources, context.rng(replicate + 1), nonzero=True))
    data = place.planted()
    before = inertia_of(hessian(place.model, place.theta, data))
    after = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
    return agree(instance, nullity=(before[1] + dimension(narrow, wide), after[1]))


# --------------------------------------------------------------------------------------------------- strict saddles


def check_three_fold(instance, *, embed, context) -> Outcome:
    """A planted minimum (H >= 0, H2 != 0): its three-fold global split has a negative eigenvalue."""
    from numerics.hessian import hessian

    widths, replicate = instance
    place, data = instances.planted_minimum(widths, context.rng(replicate))
    narrow = inertia_of(hessian(place.model, place.theta, data))
    embedding = embed(place)
    wide = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
    return agree(instance, narrow_is_minimum=(0, narrow[0]), wide_is_saddle=(True, wide[0] > 0))


def the_three_fold(place):
    return three_fold(place.model)


def half_split_of_definite(place):
    return split(place.model, 1, 0, Fraction(1, 2))


def minima(context):
    count = context.by_level(quick=1, standard=6, full=30)
    return [(widths, replicate) for replicate, widths in enumerate([(1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2)] * count)]


def check_three_fold_in_floats(instance, *, embed, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.planting import plant

    widths, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(3 * model.n_params, widths[0]))
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        data = plant(model, theta, x, size=size, seed=replicate)
        narrow = np.linalg.eigvalsh(hessian(model, theta, data))
        if narrow[0] > 0:
            break
    else:
        return Outcome.skipped("no minimum in floats at any residual tried: outside the hypotheses")
    embedding = embed(model)
    wide = np.linalg.eigvalsh(hessian(embedding.wide, embedding(theta), data))
    noise = 64 * len(wide) * np.finfo(float).eps * wide[-1]
    if abs(wide[0]) <= 1e3 * noise and wide[0] < 0:
        return Outcome.inconclusive("the smallest eigenvalue is too near the rounding level", cases=1)
    return agree(instance, wide_is_saddle=(True, bool(wide[0] < -noise)))


# ------------------------------------------------------------------------------------------------- truly bad points


def check_truly_bad(instance, *, conditions, context) -> Outcome:
    """[2, 2, 1] with positive loss: inertia of all one-step embeddings with the named conditions planted."""
    from numerics.hessian import risk

    place, data, narrow = instances.flat_point(conditions, context.rng(instance))
    found = instances.one_step_inertias(place, data)
    saddle = any(counts[0] for counts in found.values())
    loss = risk(place.model, place.theta, data)
    return agree(instance, narrow=((0, 0, 9), narrow), positive_loss=(True, bool(loss > 0)), saddle=(False, saddle))


def check_links(instance, *, conditions, context) -> Outcome:
    """Four layers: chains of null neurons with non-zero links, the smallest eigenvalue against the noise of the planting."""
    narrow, wide = instances.null_chain(conditions, context.rng(instance))
    smallest = wide[0] / wide[-1]
    if narrow[0] < -1e-12 * narrow[-1]:
        return Outcome.skipped(f"the narrow point is no minimum, outside the hypotheses: smallest eigenvalue {narrow[0]:.3g}")
    if smallest >= -1e-12:
        return Outcome.holds(message=f"smallest eigenvalue {smallest:.3g} of the largest")
    if smallest > -1e-9:
        return Outcome.inconclusive(f"smallest eigenvalue {smallest:.3g} of the largest: between noise and sign", cases=1)
    message = f"a chain of null neurons is a saddle: {wide[0]:.3g} of {wide[-1]:.3g}"
    return Outcome.fails(message, counterexample={"seed": instance, "link": 1.5, "spectrum": wide})


# ------------------------------------------------------------------------------------------------------- known answer


def check_known_answer(_, *, loss, inertias, context) -> Outcome:
    """One exponential neuron on four points: critical value, symbolic alpha, and the inertia of the split, in exact symbols."""
    import sympy

    from numerics.hessian import gradient, hessian, risk
    from theory.models import TwoLayer

    model, one = TwoLayer(2, 1, 1, "exp"), sympy.Integer(1)
    theta = np.array([-sympy.log(3), 0 * one, one], dtype=object)
    x = np.array([[1, 0], [0, 1], [1, 1], [1, -1]], dtype=object) * one
    y, ones = np.array([[1], [1], [0], [0]], dtype=object) * one, np.array([one] * 4, dtype=object)
    alpha, v1, v2 = sympy.symbols("alpha v1 v2", real=True)
    embedding = split(model, 1, 0, alpha)
    symbolic_slope = gradient(embedding.wide, embedding(theta), (x, y), weights=ones)
    observed = {}
    for value in inertias:
        step = split(model, 1, 0, value)
        observed[value] = inertia_of(
            np.vectorize(lambda entry: Fraction(str(entry)), otypes=[object])(hessian(step.wide, step(theta), (x, y), weights=ones))
        )
    wide = np.array([-sympy.log(3), 0 * one, v1, v2, one, 0 * one], dtype=object)
    component = gradient(embedding.wide, wide, (x, y), weights=ones)[-1]
    formula = sympy.Rational(2, 3) * (sympy.exp(v2) - 2 + sympy.exp(-v2)) * sympy.exp(v1)
    return agree(
        "known answer",
        loss=(loss, Fraction(str(risk(model, theta, (x, y), weights=ones)))),
        critical_for_every_alpha=([0] * 6, [sympy.expand(entry) for entry in symbolic_slope]),
        inertia=(dict(inertias), observed),
        null_gradient=(0, sympy.expand(sympy.expand_power_exp(component - formula))),
    )


PUBLISHED = {
    Fraction(1, 2): (0, 2, 4),
    Fraction(-1): (1, 2, 3),
    Fraction(2): (1, 2, 3),
    Fraction(0): (0, 3, 3),
    Fraction(1): (0, 3, 3),
}


def check_known_certified(_, *, loss, context) -> Outcome:
    """The same point from floats: balls enclose the critical point and its value; (-log 3, 0, 1) and 2/3 lie inside."""
    from numerics.critical import certify
    from numerics.hessian import risk
    from numerics.krawczyk import balls, working_precision
    from theory.models import TwoLayer

    model = TwoLayer(2, 1, 1, "exp")
    data = [[1, 0], [0, 1], [1, 1], [1, -1]], [[1], [1], [0], [0]]
    point = certify(model, [-1.0986, 0.0, 1.0], tuple(np.array(part, dtype=float) for part in data))
    with working_precision(point.box.bits):
        value = 4 * risk(model, point.box.enclosure, tuple(map(balls, data)))
        expected = balls([3])[0].log()
        inside = point.box.enclosure[0].overlaps(-expected) and point.box.enclosure[1].contains(0) and point.box.enclosure[2].contains(1)
        return agree(
            "known answer", inside=(True, inside), loss=(True, value.overlaps(balls([loss])[0])), inertia=((0, 0, 3), point.inertia.counts)
        )


# -------------------------------------------------------------------------------------------------------- the claims


def claim(id, title, statement, checks, *, source, **more):
    return Claim(id=id, title=title, statement=statement, checks=checks, source=source, family="width", **more)


CLAIMS = [
    claim(
        "embedding.irreversibility",
        "Embedding never lowers n_-, n_0 or n_+",
        r"A^\top H_{wide} A = H_{narrow},\ H_{wide} A = M H_{narrow} \implies n_\pm, n_0 \text{ of } H(T\theta) \text{ are "
        r"at least those of } H(\theta), "
        r"\text{ at any } \theta",
        [
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope="both identities for splits (from them the counts follow for any A of full rank): " + ANY_NETWORK,
                run=check_hessian_image_of_any,
                instances=symbolic,
                parameters={"image": the_gradient_map},
                controls=[Control("A for M", image=the_embedding)],
            ),
            Check(
                "rational-networks",
                evidence="exact",
                covers="instances",
                scope="splits, null neurons and compatible embeddings in two to four layers, points that are not critical",
                run=check_hessian_image,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                parameters={"build": one_of_each, "image": the_gradient_map},
                controls=[
                    Control("A for M", image=the_embedding),
                    Control("no embedding", build=lambda place: instances.duplicate(*place.neuron_of())),
                ],
            ),
            Check(
                "walks",
                evidence="exact",
                covers="instances",
                scope="random walks of two one-step embeddings from planted critical points, exact inertia at every node",
                run=check_monotone_walk,
                instances=walks,
                distribution=PLANTED,
                parameters={"growth": at_least},
                controls=[Control("n_0 grows by M' - M", growth=all_new_are_zeros)],
            ),
        ],
        source=Source(JML, "Theorem 6.2; its proof for n_0 needs the second identity, see the counterexample"),
        depends_on=["embedding.splitting.gradient-image", "embedding.compatible.criticality"],
        refuted_by="An embedded point with fewer negative, zero or positive eigenvalues.",
        notes="n_0: A maps ker H_narrow into ker H_wide. For abstract critical embeddings M may depend on theta; that case is not claimed.",
    ),
    claim(
        "embedding.irreversibility.zero.counterexample",
        "A^T H A = H alone does not keep the zero eigenvalues",
        r"\exists\ \text{affine, injective, output-preserving } T \text{ with } A^\top H_{wide} A = H_{narrow},\ \theta "
        r"\text{ and } T\theta \text{ critical, and } "
        r"n_0(T\theta) < n_0(\theta)",
        [
            Check(
                "planted",
                evidence="exact",
                covers="instances",
                scope="[1, 1, 3]: a kernel vector of the Hessian and a new critical neuron planted together, eight (quick three) seeds",
                run=check_zero_counterexample,
                instances=lambda context: range(context.by_level(quick=3, standard=8, full=30)),
                distribution="weights +-1/2 .. +-2, inputs k/2",
                parameters={"construct": planted_neuron},
                controls=[Control("a genuine split", construct=genuine_split)],
            )
        ],
        kind="counterexample",
        relation="existence",
        source=Source(JML, "on the proof of Theorem 6.2 (ours)"),
        refuted_by="No such point: n_0 kept by every output-preserving map that keeps this critical point.",
        notes="The theorem itself stands: splits, null neurons and compatible embeddings satisfy H_wide A = M H_narrow as well.",
    ),
    claim(
        "embedding.degeneracy.K",
        "Every added neuron makes the critical point more degenerate",
        r"W_{\cdot s} \ne 0 \text{ at each of } K \text{ splits} \implies n_0(T\theta) \ge n_0(\theta) + K",
        [
            Check(
                "planted-rational",
                evidence="exact",
                covers="instances",
                scope="one and two splits, also in different layers, exact inertia",
                run=check_degeneracy,
                instances=splits_in_turn,
                distribution=PLANTED,
                parameters={"least": lambda K: K},
                controls=[Control("one zero more", least=lambda K: K + 1)],
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="batches of planted tanh networks, one split",
                run=check_degeneracy_in_floats,
                instances=lambda context: [((2, 2, 2), Fraction(1, 3), 0), ((3, 2, 2), Fraction(-1, 2), 1), ((2, 3, 1), Fraction(2), 2)],
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance=FLOAT_INERTIA,
                parameters={"least": lambda K: K},
                controls=[Control("two zeros more", least=lambda K: K + 2)],
            ),
        ],
        relation="lower",
        assumptions=[Assumption("outgoing weights", r"W_{\cdot s} \ne 0 \text{ for every split neuron}")],
        source=Source(NEURIPS, "Theorem 2; 2111.15527, Theorem 6.1 (there n_0 >= K)"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Splits of neurons with outgoing weights that add fewer zeros.",
        probes=[Probe(drops="outgoing weights", instances=silent_neurons)],
    ),
    claim(
        "embedding.degeneracy.compatible-dimension",
        "Dimension of the family of compatible embeddings",
        r"\dim = K + \sum_{l=2}^{L-1} K_l K_{l-1} \text{ for a fixed index map}",
        [
            Check(
                "tangents",
                evidence="exact",
                covers="instances",
                scope="five (standard: seven) pairs of architectures, two and three hidden layers; exact rank, the Hessian "
                "vanishes on the tangents",
                run=check_family_dimension,
                instances=families,
                distribution=PLANTED,
                parameters={"dimension": degrees_of_freedom},
                controls=[Control("K alone", dimension=extra_neurons)],
            ),
            Check(
                "nullity",
                evidence="property",
                covers="instances",
                scope="the nullity of the exact Hessian, all multipliers non-zero",
                run=check_nullity,
                instances=lambda context: families(context)[:3],
                distribution=PLANTED,
                tolerance="none: rational arithmetic",
                parameters={"dimension": degrees_of_freedom},
                controls=[Control("K alone", dimension=extra_neurons)],
            ),
        ],
        kind="extension",
        source=Source(JML, "Section 6.1 (heuristic there; the count is ours)"),
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A pair of architectures whose family has another tangent dimension.",
        notes="With three layers or more the set is curved: alpha and beta are coupled.",
    ),
    claim(
        "embedding.strict-saddle.H2",
        "A minimum with H2 != 0 embeds into a strict saddle",
        r"H \succeq 0,\ H^{(2)} \ne 0 \implies \text{the three-fold global split of } \theta \text{ is a strict saddle}",
        [
            Check(
                "planted-minima",
                evidence="exact",
                covers="instances",
                scope="two-layer networks of one to three neurons, three copies; exact inertia of up to 21 parameters",
                run=check_three_fold,
                instances=minima,
                distribution=PLANTED + ", the residual reduced until the Hessian is positive semidefinite",
                parameters={"embed": the_three_fold},
                controls=[Control("every embedding is a saddle", embed=half_split_of_definite)],
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="tanh networks of two and three layers at planted minima",
                run=check_three_fold_in_floats,
                instances=lambda context: [
                    (w, k) for k, w in enumerate([(1, 2, 1), (2, 2, 1), (2, 2, 2)] * context.by_level(quick=2, standard=10, full=50))
                ],
                distribution="theta and inputs normal",
                tolerance="an eigenvalue below -64 P eps lambda_max is negative; within a thousand times that it is inconclusive",
                parameters={"embed": three_fold},
                controls=[Control("nothing added", embed=lambda model: instances.identity_of(model))],
            ),
        ],
        relation="lower",
        source=Source(JML, "Lemmas 6.1 and 6.2, Theorem 6.3"),
        assumptions=[Assumption("semidefinite", r"H(\theta) \succeq 0")],
        depends_on=["embedding.three-fold-global"],
        refuted_by="A minimum with H2 != 0 whose three-fold split has no negative eigenvalue.",
        notes="Copies d1, d2, d3 with d1 + d2 = d3 see H2(d1, d1) + H2(d2, d2) - H2(d3, d3) = -2 H2(d1, d2).",
    ),
    claim(
        "embedding.truly-bad.conditions",
        "Which minima of two-layer networks no embedding turns into saddles",
        r"L = 2,\ H \succeq 0:\ \text{no composition of splits and null neurons is a strict saddle} \iff B_s = 0,\ S_s = 0 "
        r"\text{ for all } s,\ E[e x^\top] = 0",
        [
            Check(
                "planted-flat",
                evidence="exact",
                covers="instances",
                scope="[2, 2, 1], positive loss: every neuron split with four alphas, null neurons with two biases, exact inertia",
                run=check_truly_bad,
                instances=lambda context: range(context.by_level(quick=1, standard=6, full=30)),
                distribution="weights +-1/2 .. +-2, 30 samples",
                parameters={"conditions": ("S", "C")},
                controls=[Control("H2 = 0 suffices", conditions=("S",)), Control("uncorrelated errors suffice", conditions=("C",))],
            ),
            Check(
                "null-chains",
                evidence="property",
                covers="instances",
                scope="[2, 2, 2, 2, 2]: two null neurons with a link, with and without E[e^[3] x^T] = 0",
                run=check_links,
                instances=lambda context: range(context.by_level(quick=1, standard=4, full=10)),
                distribution="tanh, theta normal, 150 samples",
                tolerance="eigenvalues below -1e-9 |lambda|_max are negative, above -1e-12 |lambda|_max none: planting leaves 1e-14",
                parameters={"conditions": ("single", "chain")},
                controls=[Control("single null neurons suffice", conditions=("single",))],
            ),
        ],
        kind="extension",
        source=Source(JML, "Theorem 6.3 gives H2 = 0 as necessary; sufficiency fails there, see the controls (ours)"),
        depends_on=["embedding.splitting.inertia", "embedding.null.congruence"],
        refuted_by="A point with all conditions that embeds into a saddle, or one without them that does not.",
        notes="With more layers further conditions are necessary, E[e^[k] f^[j]T] = 0 for all j < k among them; sufficiency "
        "is not claimed.",
    ),
    claim(
        "embedding.known-answer.exp",
        "A worked example with one exponential neuron",
        r"\theta = (w, a) = ((\log \tfrac13, 0), 1):\ R = \tfrac23;\ \text{split: } (0,2,4) \text{ at } \alpha = \tfrac12,\ "
        r"(1,2,3) \text{ at } -1, 2,\ (0,3,3) \text{ at } 0, 1",
        [
            Check(
                "symbolic-alpha",
                evidence="symbolic",
                covers="statement",
                scope="the example itself, alpha and the null neuron's weights symbolic",
                run=check_known_answer,
                instances=symbolic,
                parameters={"loss": Fraction(2, 3), "inertias": PUBLISHED},
                controls=[
                    Control("loss 1", loss=Fraction(1)),
                    Control("a minimum at every alpha", inertias={alpha: (0, 2, 4) for alpha in PUBLISHED}),
                ],
            ),
            Check(
                "certified-point",
                evidence="certified",
                covers="instances",
                scope="the narrow point from floats",
                run=check_known_certified,
                instances=symbolic,
                parameters={"loss": Fraction(2, 3)},
                controls=[Control("loss 1", loss=Fraction(1))],
            ),
        ],
        source=Source("arXiv:2405.17501", "Section 3.2"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Another critical value or inertia.",
    ),
]
