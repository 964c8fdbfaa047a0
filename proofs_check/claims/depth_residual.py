r"""Deepening beyond affine pieces: residual blocks for any twice differentiable sigma, and what tanh does instead of an exact lift."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._depth import CRITICAL, DEPTH, Place, fractions, hash_of, inertia_counts, planted, rational_point, rng_of, same
from theory.embedding.blocks import plus
from theory.residual import insert_residual
from theory.smooth_lifting import scaled_lift

ZERO_WEIGHTS = Assumption("silent block", r"\hat W = 0")

# --------------------------------------------------------------------------------------- depth.residual.any-activation


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


def correlation_of(model, theta, data, after):
    """K_j = E[(W^T e)_j f f^T] for all j, shape (m, m, m)."""
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    x = data[0]
    seen = trace(model, theta, x)
    pulled = seen.error(after + 1, fractions(cotangent_of(model, theta, data))) @ seen.weights[after + 1]
    features = seen.features[after]
    return [(features * pulled[:, j : j + 1]).T @ features for j in range(pulled.shape[1])], pulled, features


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
    from numerics.inertia import exact_inertia

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
    expected = plus(before, *_added(deep, place, theta, data, biases, outer, blocks_of, exact_inertia))
    if expected != observed:
        return Outcome.fails(f"inertia {observed}, expected {expected} from {before}", counterexample=shown)
    return Outcome.holds()


def _added(deep, place, theta, data, biases, outer, blocks_of, inertia):
    """What the block adds: zeros, and for each neuron the block of its weights."""
    blocks, pulled, features = correlation_of(place.model, theta, data, place.after)
    if outer is not None:
        blocks = [(features * (pulled @ outer[:, j])[:, None]).T @ features for j in range(outer.shape[1])]
    curvatures = deep.activation.jet(biases, 2)[2]
    gained = deep.n_params - place.model.n_params
    yield 0, gained - sum(len(block) for block in blocks), 0
    yield from (inertia(block).counts for block in blocks_of(curvatures, blocks))


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


def flat_biases(context):
    """sigma''(0) = 0: a control of the second-order term, where the predicted negative eigenvalues cannot come."""
    return [(Place((2, 2, 1), "ratsig", 1, 2, k), (0,), "identity") for k in range(2)]


def check_makes_saddle(instance, *, biases, context) -> Outcome:
    """A certified strict minimum of a tanh network, and in balls the number of negative eigenvalues behind a residual block."""
    from numerics.hessian import hessian
    from numerics.inertia import ball_inertia
    from numerics.krawczyk import working_precision

    place, replicate = instance
    found = certified_minimum(place, replicate, context)
    if found is None:
        return Outcome.inconclusive("no strict minimum was certified")
    point, data = found
    with working_precision(point.box.bits):
        theta = np.array(point.box.enclosure, dtype=object)
        m = place.model.widths[place.after]
        deep, lifted = insert_residual(place.model, theta, place.after, _balls(biases[:m]))
        # Flat are the shifts of bhat, and the weights of a neuron at bhat = 0, where tanh'' vanishes.
        flat = m + m * sum(bias == 0 for bias in biases[:m])
        observed = ball_inertia(hessian(deep, lifted, _balls_of(data)), zeros=flat)
    shown = {"place": place, "shallow": point.inertia.counts, "deep": observed.counts, "biases": [str(b) for b in biases[:m]]}
    if not observed.certified:
        return Outcome.inconclusive(f"the deep inertia is not certified: at least {observed.negative} negative", cases=1)
    if observed.negative < 1:
        return Outcome.fails("no negative eigenvalue behind the block", counterexample=shown)
    box = {"box": point.box.certificate(), "x": data[0], "y": data[1]}
    return Outcome.holds(certificate={**shown, **box})


def _balls(values):
    from numerics.krawczyk import balls

    return balls(np.array(values, dtype=object))


def _balls_of(data):
    from numerics.krawczyk import balls

    return tuple(balls(array) for array in data)


def certified_minimum(place: Place, replicate: int, context):
    """A strict minimum of teacher data with noise, enclosed in a box, its inertia proved; None where none was found."""
    from numerics.critical import certify, find_critical_points
    from numerics.krawczyk import NotCertified

    rng = context.rng(1000 * hash_of(place) + replicate)
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


RESIDUAL = Claim(
    family="depth",
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
        Check(
            "exact-inertia",
            evidence="exact",
            covers="instances",
            scope="ratsig and ratsig4, two to four layers, positions 0 to 2, bhat in {1/2, -1/2, 1, 0}; blocks with and without V",
            run=check_residual,
            instances=residual_instances,
            distribution="integer weights, planted residuals of l1 norm 1/10",
            parameters={"construct": compensated_block, "blocks_of": curvature_blocks},
            controls=[
                Control("b' not compensated", construct=uncompensated_block),
                Control("weights of the block not zero", construct=speaking_block),
                Control("no curvature", blocks_of=without_curvature),
                Control("curvature of opposite sign", blocks_of=opposite_curvature),
            ],
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
    ],
    probes=[
        Probe(drops="silent block", instances=residual_instances, parameters={"construct": speaking_block}),
        Probe(drops="curved", instances=tanh_minima, check="certified-tanh", parameters={"biases": (Fraction(0), Fraction(0))}),
    ],
)

# --------------------------------------------------------------------------------------------- depth.tanh.not-exact

TANH_ORDERS = {Fraction(0): (2, 1), Fraction(1, 2): (1, 0)}


def check_line(instance, *, most, context) -> Outcome:
    """Zeros of sigma'' on the range of tanh, from tanh' = 1 - tanh^2; by Rolle a line meets the graph at most two times more often."""
    import sympy

    from theory.activations import activation

    tanh, z, v = activation("tanh"), sympy.Symbol("z"), sympy.Symbol("v")
    first = tanh.flow(z, (v,))[0]
    second = sympy.expand(sympy.diff(first, v) * first)
    zeros = [root for root in sympy.Poly(second, v).real_roots() if -1 < root < 1]
    # tanh z = z / 2 at 0 and twice more: the sign of the difference changes between 1 and 3, so the bound is attained.
    from flint import arb

    attained = 1 + 2 * int(arb(1).tanh() > arb(1) / 2 and arb(3).tanh() < arb(3) / 2)
    bound = len(set(zeros)) + 2
    return Outcome.equal((most, most), (bound, attained), second_derivative=str(second), zeros=[str(root) for root in zeros])


def check_no_affine_fit(instance, *, name, context) -> Outcome:
    """Some three of the values (z, sigma(z)) are not on a line, proved in balls: the data lie in no affine piece."""
    from itertools import combinations

    from numerics.krawczyk import balls, working_precision
    from theory.activations import activation

    with working_precision(128):
        z = balls(np.array(instance, dtype=object))
        values = activation(name)(z)
        for i, j, k in combinations(range(len(z)), 3):
            turn = (values[j] - values[i]) * (z[k] - z[i]) - (values[k] - values[i]) * (z[j] - z[i])
            if turn > 0 or turn < 0:
                return Outcome.holds()
    return Outcome.fails("all values lie on one line within 128 bits", counterexample={"z": list(instance), "activation": name})


def distinct_values(context):
    draws = context.by_level(quick=40, standard=400, full=4000)
    for k in range(draws):
        rng = context.rng(k)
        size = int(rng.integers(4, 7))
        yield tuple(Fraction(int(value), 8) for value in -rng.choice(64, size, replace=False))


def two_values(context):
    return [(Fraction(1, 3), Fraction(5, 2)), (Fraction(-1, 2), Fraction(0), Fraction(1, 2))]


def check_orders(instance, *, orders, context) -> Outcome:
    """Orders in eps of output error and gradient of the scaled lift of a planted point, from two tiny eps in balls."""
    from flint import arb

    from numerics.hessian import gradient
    from numerics.krawczyk import working_precision
    from numerics.planting import plant, sharpened

    place, c = instance
    rng = rng_of(place, context)
    model, theta = place.model, rng.normal(size=place.model.n_params)
    n = -(-(model.n_params + 3) // model.outputs)
    data = plant(model, theta, rng.normal(size=(n, model.inputs)), size=1, seed=place.replicate)
    with working_precision(400):
        point, x, y = sharpened(model, theta, data)
        errors, slopes = [], []
        for power in (24, 25):
            deep, lifted = scaled_lift(model, point, place.after, arb(2) ** -power, bias=arb(c.numerator) / c.denominator)
            errors.append(_norm(deep(lifted, x) - model(point, x)))
            slopes.append(_norm(gradient(deep, lifted, (x, y))))
        found = [_log2(pair[0] / pair[1]) for pair in (errors, slopes)]
    expected = orders[c]
    # The next order of the expansion is 2^-24 times smaller, times a ratio of constants; a hundredth leaves room for ratios up to 10^5.
    if all(abs(order - value) * 100 < 1 for order, value in zip(found, expected, strict=True)):
        return Outcome.holds(2)
    shown = {"place": place, "c": c, "orders": [str(order) for order in found]}
    return Outcome.fails(f"orders {[float(order) for order in found]} in eps, expected {expected}", counterexample=shown)


def _norm(values):
    return sum((value * value for value in np.ravel(values)), 0).sqrt()


def _log2(value):
    from flint import arb

    return value.log() / arb(2).log()


def order_instances(context):
    draws = context.by_level(quick=2, standard=10, full=50)
    shapes = ((2, 2, 1), (1, 3, 2), (1, 2, 2, 1))
    return [(Place(widths, "tanh", 1, widths[1], k), c) for widths in shapes for k in range(draws) for c in TANH_ORDERS]


def off_inflection(context):
    return [(Place((2, 2, 1), "tanh", 1, 2, k), Fraction(1, 2)) for k in range(2)]


TANH = Claim(
    family="depth",
    id="depth.tanh.not-exact",
    title="tanh lifts only approximately: at the inflection to first order in the gradient, elsewhere not at all",
    statement=r"\text{a line meets } \tanh \text{ in at most 3 points};\quad \hat W = \varepsilon I,\ W' = W / (\varepsilon \tanh'(c)):"
    r"\ c = 0: |f_{\text{deep}} - f| = O(\varepsilon^2),\ |\nabla R_{\text{deep}}| = O(\varepsilon);"
    r"\quad c \neq 0: |f_{\text{deep}} - f| = O(\varepsilon),\ |\nabla R_{\text{deep}}| \not\to 0",
    relation="equality",
    assumptions=[
        CRITICAL,
        Assumption("inflection", r"c = 0 \text{ (for the gradient to vanish)}"),
        Assumption("enough values", r"\text{at least 4 different pre-activations}"),
    ],
    source=Source(DEPTH, "no exact lift for smooth activations; orders derived here"),
    refuted_by="Four values of tanh on a line, or another order in eps.",
    notes="With one or two different features any activation is affine on the data, with three symmetric ones tanh too.",
    checks=[
        Check(
            "line-through-tanh",
            evidence="symbolic",
            covers="instances",
            scope="tanh on the whole line: zeros of its second derivative, Rolle's theorem",
            run=check_line,
            instances=lambda context: [()],
            parameters={"most": 3},
            controls=[Control("at most two points", most=2)],
        ),
        Check(
            "no-affine-fit",
            evidence="certified",
            covers="instances",
            scope="4 to 6 different multiples of 1/8",
            run=check_no_affine_fit,
            instances=distinct_values,
            distribution="uniform on the multiples of 1/8 in [-8, 0]",
            parameters={"name": "tanh"},
            controls=[Control("an activation with an affine piece", name="hinge3")],
        ),
        Check(
            "orders",
            evidence="certified",
            covers="instances",
            scope="planted critical points of [2, 2, 1], [1, 3, 2], [1, 2, 2, 1], eps = 2^-24 and 2^-25, c = 0 and 1/2",
            run=check_orders,
            instances=order_instances,
            distribution="normal weights and samples, planted residuals of l2 norm 1, gradient 2^-256",
            parameters={"orders": TANH_ORDERS},
            controls=[
                Control("critical in the limit at c = 1/2", orders={Fraction(0): (2, 1), Fraction(1, 2): (1, 1)}),
                Control("output of first order at c = 0", orders={Fraction(0): (1, 1), Fraction(1, 2): (1, 0)}),
            ],
        ),
    ],
    probes=[
        Probe(drops="enough values", instances=two_values, check="no-affine-fit"),
        Probe(drops="inflection", instances=off_inflection, check="orders", parameters={"orders": {Fraction(1, 2): (2, 1)}}),
    ],
)

CLAIMS = [RESIDUAL, TANH]
