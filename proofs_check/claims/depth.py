r"""Critical lifting: which points of a network lift into a deeper one, and what the lift keeps to first order.

A layer is inserted behind layer q such that on the data each of its neurons stays in one open affine piece of sigma, with slopes S and
offsets mu, and W' S What = W, W' (S bhat + mu) + b' = b. Near such a point R_deep = R_shallow o pi with pi the collapse of the two
layers, and everything here follows from that. The definitions are those of the paper's abstract in our words; the sharp width and the
gradient identity are derived.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._depth import (
    BIASES,
    DEPTH,
    LINEARIZED,
    ONE,
    PIECEWISE,
    Place,
    differential_of,
    drawn_lift,
    drawn_places,
    fractions,
    hash_of,
    inner_biases_still,
    places,
    planted,
    rational_point,
    rng_of,
    same,
    samples,
)
from theory.lifting import Lifting, lift, preactivations
from theory.models import FullyConnected

# ------------------------------------------------------------------------------------------ depth.lifting.existence


def point_of_rank(widths, activation, after, rank, rng):
    """A rational point whose W^[after+1] is a product of integer matrices through ``rank``, of exactly that rank."""
    from theory.rank import matrix_rank

    model = FullyConnected(widths, activation)
    theta = rational_point(model, rng)
    rows, columns = model.shapes[f"W{after + 1}"]
    W = np.zeros((rows, columns), dtype=int)
    while matrix_rank(W) < rank:
        W = rng.integers(-2, 3, (rows, rank)) @ rng.integers(-2, 3, (rank, columns))
    parts = model.unpack(theta)
    parts[f"W{after + 1}"] = W * Fraction(1)
    return model, model.pack(**parts)


def rank_of_weights(W) -> int:
    from theory.rank import matrix_rank

    return matrix_rank(W)


def check_smallest_width(instance, *, smallest, context) -> Outcome:
    """A lift exists at the claimed width, its conditions checked from the numbers alone, and none exists one below."""
    from theory.affine import NoAffinePiece
    from theory.factoring import TooNarrow

    widths, activation, after, rank, replicate = instance
    rng = context.rng(hash_of(Place(widths, activation, after, rank, replicate)))
    model, theta = point_of_rank(widths, activation, after, rank, rng)
    x, W = samples(widths[0], 5, rng), model.unpack(theta)[f"W{after + 1}"]
    width = smallest(W)
    shown = {"widths": widths, "activation": activation, "after": after, "weights": W, "width": width}
    try:
        found = lift(model, theta, x, after, width=width, rng=rng)
    except (TooNarrow, NoAffinePiece) as error:
        return Outcome.fails(f"no lift of width {width}: {error}", counterexample=shown)
    broken = [condition for condition in found.conditions() if not condition.holds]
    if broken:
        return Outcome.fails(f"the lift breaks {broken[0].name}: {broken[0].message}", counterexample=shown)
    if width > 1 and _lifts_at(model, theta, x, after, width - 1):
        return Outcome.fails(f"a lift of width {width - 1} exists", counterexample=shown)
    return Outcome.holds()


def _lifts_at(model, theta, x, after, width) -> bool:
    from theory.factoring import TooNarrow

    try:
        found = lift(model, theta, x, after, width=width)
    except TooNarrow:
        return False
    return all(condition.holds for condition in found.conditions())


def ranks_and_places(context):
    draws = context.by_level(quick=1, standard=8, full=40)
    for activation, replicate in product((*PIECEWISE, "hardtanh"), range(draws)):
        for widths, after, rank in (((2, 3, 3, 1), 1, 1), ((2, 3, 3, 1), 1, 2), ((3, 2), 0, 1), ((2, 4, 3), 1, 3), ((3, 3, 2), 0, 2)):
            yield widths, activation, after, rank, replicate


def smooth_places(context):
    return [((2, 3, 1), "tanh", 1, 1, replicate) for replicate in range(2)]


def check_float_lift(place: Place, *, width_of, context) -> Outcome:
    """A float lift at the given width: pre-activations behind it agree within the rounding of the two products."""
    from theory.factoring import TooNarrow

    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(0, 1.5, place.model.n_params)
    x = rng.normal(0, 1.5, (8, model.inputs))
    W = model.unpack(theta)[f"W{place.after + 1}"]
    try:
        found = lift(model, theta, x, place.after, width=width_of(W, place), rng=rng)
    except TooNarrow as error:
        return Outcome.fails(str(error), counterexample={"place": place})
    gap, bound = output_gap(found)
    if gap > bound:
        return Outcome.fails(f"pre-activations differ by {gap:.3g}, rounding allows {bound:.3g}", counterexample={"place": place})
    return Outcome.holds(margin=(bound - gap) / bound)


def output_gap(found: Lifting) -> tuple[float, float]:
    """The largest difference behind the new layer, and what rounding can make of it.

    Each of the two products is a sum of at most k terms, so its error is at most k eps times the sum of the moduli; the bound takes
    these moduli through both layers, and factors of 8 for the construction of W', b' itself from as many operations.
    """
    q = found.after
    inner, biases, outer = found.parts
    before = preactivations(found.shallow, found.shallow_theta, found.x, q + 1)
    gap = np.abs(preactivations(found.deep, found.theta, found.x, q + 2) - before)
    inside = preactivations(found.deep, found.theta, found.x, q + 1)
    moduli = np.abs(inside) + np.abs(biases) + 1
    size = (moduli @ np.abs(outer).T).max() * (1 + np.abs(found.x).max()) + np.abs(before).max()
    return float(gap.max()), float(8 * (sum(inner.shape) + 4) ** 2 * np.finfo(float).eps * size)


def own_width(W, place) -> int:
    return place.width


def one_too_narrow(W, place) -> int:
    return max(1, int(np.linalg.matrix_rank(W)) - 1)


EXISTENCE = Claim(
    id="depth.lifting.existence",
    title="A lift exists exactly from the rank of the next layer on",
    statement=r"\text{A lift of width } \hat m \text{ behind layer } q \text{ exists} \iff \hat m \ge \operatorname{rank} W^{[q+1]}"
    r"\quad (\hat m \ge \min(m_q, m_{q+1}) \text{ always suffices})",
    relation="tight",
    assumptions=[
        Assumption("affine piece", r"\sigma \text{ is affine and not constant on some open interval}"),
        Assumption("finite data", r"n < \infty"),
        BIASES,
    ],
    source=Source(DEPTH, "existence theorem (sufficient width); the sharp width is derived here"),
    refuted_by="A lift through a layer narrower than the rank, or a matrix with no lift at its rank.",
    notes="Below the rank a product of two matrices cannot have it; from the rank on scale any factorization into the piece.",
    checks=[
        Check(
            "smallest-width",
            evidence="exact",
            covers="instances",
            scope="weights up to 3 x 4 of rank 1 to 3; hinge3, leaky, relu, hardtanh; positions first, middle, last",
            run=check_smallest_width,
            instances=ranks_and_places,
            distribution="integer weights of given rank, half-integer samples, random factorization",
            parameters={"smallest": rank_of_weights},
            controls=[
                Control("the smaller of the two widths is needed", smallest=lambda W: min(W.shape)),
                Control("one below the rank is enough", smallest=lambda W: max(1, rank_of_weights(W) - 1)),
            ],
        ),
        Check(
            "float-lifts",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, four activations, inserted widths up to two more than the wider neighbour",
            run=check_float_lift,
            instances=drawn_places,
            distribution="normal weights and samples of standard deviation 1.5 from a drawn seed",
            tolerance="8 (m_q + mh + 4)^2 eps times the moduli summed through both products",
            parameters={"width_of": own_width},
            controls=[Control("one below the rank is enough", width_of=one_too_narrow)],
        ),
    ],
    probes=[Probe(drops="affine piece", instances=smooth_places)],
)

# --------------------------------------------------------------------------------------------- depth.lifting.output


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


def check_output_symbolically(instance, *, conditions, context) -> Outcome:
    """W' (S (What h + bhat) + mu) + b' - (W h + b) expands to zero in the free algebra: for all sizes at once."""
    import sympy

    *symbols, h = sympy.symbols("Wp S What bhat mu b h", commutative=False)
    Wp, S, What, bhat, mu, b = symbols
    W, b_new = conditions(symbols)
    left = sympy.expand(Wp * (S * (What * h + bhat) + mu) + b_new - (W * h + b))
    return Outcome.equal(sympy.Integer(0), left, difference=str(left))


def as_lifted(found: Lifting) -> np.ndarray:
    return found.theta


def leaves_piece(found: Lifting) -> np.ndarray:
    """The first neuron is shifted until one sample lies beyond a break, b' shifted along as if it did not matter."""
    parts = found.deep.unpack(found.theta)
    z = preactivations(found.deep, found.theta, found.x, found.after + 1)[:, 0]
    piece = found.pieces[0]
    shift = piece.upper - max(z) + 1 if piece.upper < np.inf else piece.lower - min(z) - 1
    parts[f"b{found.after + 1}"][0] += shift
    parts[f"b{found.after + 2}"] -= piece.slope * shift * parts[f"W{found.after + 2}"][:, 0]
    return found.deep.pack(**parts)


def product_off(found: Lifting) -> np.ndarray:
    parts = found.deep.unpack(found.theta.copy())
    parts[f"W{found.after + 2}"][0, 0] += Fraction(1, 100)
    return found.deep.pack(**parts)


def bias_not_compensated(found: Lifting) -> np.ndarray:
    parts = found.deep.unpack(found.theta)
    parts[f"b{found.after + 2}"] = found.shallow.unpack(found.shallow_theta)[f"b{found.after + 1}"]
    return found.deep.pack(**parts)


CONSTRUCTION_CONTROLS = [
    Control("a neuron leaves its piece on one sample", construct=leaves_piece),
    Control("W' S What differs from W", construct=product_off),
    Control("b' not compensated", construct=bias_not_compensated),
]


def check_outputs(instance, *, construct, context) -> Outcome:
    """f_deep(x_i) = f(x_i) in rational numbers, on the data stretched by ``stretch`` (1: the data themselves)."""
    place, stretch = instance
    found = drawn_lift(place, rng_of(place, context))
    x = found.x * stretch
    expected = found.shallow(found.shallow_theta, x)
    observed = found.deep(construct(replace(found, theta=found.theta.copy())), x)
    if (expected == observed).all():
        return Outcome.holds(x.shape[0])
    return Outcome.fails("outputs differ", counterexample={"place": place, "x": x, "expected": expected, "observed": observed})


def places_on_data(context):
    return [(place, 1) for place in places(context, (*PIECEWISE, "hardtanh"))]


def places_off_data(context):
    return [(place, 40) for place in places(context)]


OUTPUT = Claim(
    id="depth.lifting.output",
    title="A lift keeps the outputs on the data",
    statement=r"f_{\theta_{\text{deep}}}(x_i) = f_{\theta}(x_i) \text{ for all } x_i \in S \text{ (not for all } x)",
    assumptions=[LINEARIZED, Assumption("on the data", r"x \in S"), BIASES],
    source=Source(DEPTH, "abstract (output preserving); Definition of lifting"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A sample on which a lift gives another output.",
    checks=[
        Check(
            "free-algebra",
            evidence="symbolic",
            covers="statement",
            scope="all sizes: an identity of non-commuting letters",
            run=check_output_symbolically,
            instances=lambda context: [()],
            parameters={"conditions": compensated},
            controls=[
                Control("offsets mu forgotten", conditions=offset_forgotten),
                Control("slopes forgotten", conditions=slopes_forgotten),
            ],
        ),
        Check(
            "outputs",
            evidence="exact",
            covers="instances",
            scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, hardtanh, every position",
            run=check_outputs,
            instances=places_on_data,
            distribution="integer weights, half-integer samples, lifts drawn at random",
            parameters={"construct": as_lifted},
            controls=CONSTRUCTION_CONTROLS,
        ),
    ],
    probes=[
        Probe(drops="on the data", instances=places_off_data, check="outputs"),
        Probe(drops="linearized layer", instances=places_on_data, check="outputs", parameters={"construct": leaves_piece}),
    ],
)

# ---------------------------------------------------------------------------------------- depth.lifting.criticality


def slopes_of_one(found: Lifting) -> np.ndarray:
    """As if every piece had slope 1; W' and What stay."""
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces)).differential()


def check_gradient_identity(place: Place, *, differential, context) -> Outcome:
    """grad R_deep = (D pi)^T grad R_shallow in rational numbers at a point that is not critical, random targets."""
    from numerics.hessian import gradient

    rng = rng_of(place, context)
    found = drawn_lift(place, rng)
    y = rng.integers(-4, 5, (len(found.x), place.model.outputs)) * Fraction(1)
    shallow = fractions(gradient(found.shallow, found.shallow_theta, (found.x, y)))
    deep = fractions(gradient(found.deep, found.theta, (found.x, y)))
    expected = differential(found).T @ shallow
    if (expected == deep).all():
        return Outcome.holds()
    return Outcome.fails("the gradients differ", counterexample={"place": place, "expected": expected, "observed": deep})


def check_critical(place: Place, *, construct, context) -> Outcome:
    """A planted critical point of non-zero loss has exactly zero gradient after the lift."""
    from numerics.hessian import gradient

    rng = rng_of(place, context)
    theta = rational_point(place.model, rng)
    data = planted(place.model, theta, rng, size=ONE)
    found = drawn_lift(place, rng, x=fractions(data[0]), theta=theta)
    deep = gradient(found.deep, construct(replace(found, theta=found.theta.copy())), data)
    if not any(deep):
        return Outcome.holds()
    return Outcome.fails(f"{sum(map(bool, deep))} partial derivatives differ from 0", counterexample={"place": place, "gradient": deep})


def check_gradient_by_autograd(place: Place, *, differential, context) -> Outcome:
    """The identity in floats, both gradients by torch's own differentiation."""
    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(size=place.model.n_params)
    x, y = rng.normal(size=(8, model.inputs)), rng.normal(size=(8, model.outputs))
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    shallow, deep = (_autograd(m, t, x, y) for m, t in ((found.shallow, found.shallow_theta), (found.deep, found.theta)))
    D = differential(found)
    gap = np.abs(D.T @ shallow - deep).max()
    # The new layer amplifies rounding of residuals and features by its weights, once forwards and once backwards.
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    size = amplification * (1 + np.abs(deep).max() + np.abs(shallow).max() + np.abs(y).max())
    bound = 64 * found.deep.n_params * np.finfo(float).eps * size
    if gap > bound:
        return Outcome.fails(f"the gradients differ by {gap:.3g}, rounding allows {bound:.3g}", counterexample={"place": place})
    return Outcome.holds(margin=(bound - gap) / bound)


def _autograd(model, theta, x, y):
    import torch

    point = torch.tensor(theta, requires_grad=True)
    loss = ((model(point, torch.tensor(x)) - torch.tensor(y)) ** 2).sum() / len(x)
    return torch.autograd.grad(loss, point)[0].numpy()


def without_biases_behind(context):
    return [Place((2, 2, 1), "hardtanh", 1, width, replicate) for width in (1, 2) for replicate in range(2)]


def check_without_biases(place: Place, *, output_bias, context) -> Outcome:
    """Outputs and criticality of a lift behind whose new layer there are, or are not, biases."""
    from numerics.hessian import gradient

    rng = rng_of(place, context)
    model = FullyConnected(place.widths, place.activation, output_bias=output_bias)
    theta = rational_point(model, rng)
    data = planted(model, theta, rng, size=ONE)
    found = lift(model, theta, fractions(data[0]), place.after, width=place.width, rng=rng)
    deep = gradient(found.deep, found.theta, data)
    outputs = same(found.deep(found.theta, found.x), model(theta, found.x))
    if outputs and not any(deep):
        return Outcome.holds()
    place_of = [int(k) for k in np.flatnonzero([entry != 0 for entry in deep])]
    shown = {"theta": theta, "outputs kept": outputs, "non-zero partial derivatives": place_of}
    return Outcome.fails(f"outputs kept: {outputs}; {len(place_of)} partial derivatives differ from 0", counterexample=shown)


CRITICALITY = Claim(
    id="depth.lifting.criticality",
    title="A lift keeps critical points critical, and maps every gradient by (D pi)^T",
    statement=r"\nabla R(\theta_{\text{deep}}) = (D\pi)^T \nabla R(\theta),"
    r"\quad \pi = (W' \Lambda \hat W,\ W'(\Lambda \hat b + \mu) + b', \dots);"
    r"\qquad \nabla R(\theta) = 0 \Rightarrow \nabla R(\theta_{\text{deep}}) = 0",
    assumptions=[LINEARIZED, BIASES],
    source=Source(DEPTH, "abstract (criticality preserving); the identity is derived here"),
    depends_on=["depth.lifting.output"],
    refuted_by="A point whose deep gradient is not (D pi)^T times the shallow one.",
    notes="Without biases in layer q+1 a lift with S bhat + mu = 0 keeps the outputs, but the derivative by bhat is S W'^T E e, "
    "which need not vanish: the shallow network has no bias whose derivative E e would be.",
    checks=[
        Check(
            "gradient-identity",
            evidence="exact",
            covers="instances",
            scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, every position, points that are not critical",
            run=check_gradient_identity,
            instances=places,
            distribution="integer weights and targets, half-integer samples",
            parameters={"differential": differential_of},
            controls=[
                Control("slopes taken as 1", differential=slopes_of_one),
                Control("biases of the new layer without gradient", differential=inner_biases_still),
            ],
        ),
        Check(
            "critical-points",
            evidence="exact",
            covers="instances",
            scope="planted critical points of loss > 0; two to four layers, hinge3, leaky, relu",
            run=check_critical,
            instances=places,
            distribution="integer weights, planted residuals of l1 norm 1",
            parameters={"construct": as_lifted},
            controls=CONSTRUCTION_CONTROLS,
        ),
        Check(
            "autograd",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, four activations",
            run=check_gradient_by_autograd,
            instances=drawn_places,
            distribution="normal weights, samples and targets from a drawn seed",
            tolerance="64 P eps times (1 + the largest weight of the new layer)^2 times the size of gradients and targets",
            parameters={"differential": differential_of},
            controls=[Control("biases of the new layer without gradient", differential=inner_biases_still)],
        ),
        Check(
            "biases-behind",
            evidence="exact",
            covers="instances",
            scope="hardtanh [2, 2, 1], lifted behind the hidden layer",
            run=check_without_biases,
            instances=without_biases_behind,
            distribution="integer weights, planted residuals",
            parameters={"output_bias": True},
            controls=[Control("no biases in layer q+1", output_bias=False)],
        ),
    ],
    probes=[
        Probe(drops="biases behind", instances=without_biases_behind, check="biases-behind", parameters={"output_bias": False}),
        Probe(drops="linearized layer", instances=places, check="critical-points", parameters={"construct": leaves_piece}),
    ],
)

CLAIMS = [EXISTENCE, OUTPUT, CRITICALITY]
