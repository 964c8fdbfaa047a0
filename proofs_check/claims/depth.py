r"""Critical lifting: which points of a network lift into a deeper one, and what the lift keeps.

A layer is inserted behind layer q such that on the data each of its neurons stays in one open affine piece of sigma, with slopes S and
offsets mu, and W' S What = W, W' (S bhat + mu) + b' = b. Near such a point R_deep = R_shallow o pi with pi the collapse of the two
layers, and everything here follows from that. The definitions are those of the paper's abstract in our words; the sharp width, the gradient
identity, the inertia and the dimension are derived.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._depth import (
    DEPTH,
    ONE,
    PIECEWISE,
    SMALL,
    Place,
    fractions,
    inertia_counts,
    planted,
    rational_point,
    same,
    samples,
)
from theory.lifting import Lifting, lift, lift_with, preactivations
from theory.models import FullyConnected

LINEARIZED = Assumption(
    "linearized layer", r"\hat W_j f^{[q]}(x_i) + \hat b_j \in (a_j, b_j) \text{ open}, \sigma(z) = \lambda_j z + \mu_j \text{ there, for all } i, j"
)
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
REGULAR = Assumption("regular", r"\operatorname{rank} W' = m_{q+1} \text{ or } \operatorname{rank} \hat W = m_q")
BIASES = Assumption("biases behind", r"\text{layer } q+1 \text{ has biases}")


def drawn_lift(place: Place, rng, *, x=None, theta=None) -> Lifting:
    """A random lift of a random rational point."""
    theta = rational_point(place.model, rng) if theta is None else theta
    x = samples(place.model.inputs, 6, rng) if x is None else x
    return lift(place.model, theta, x, place.after, width=place.width, rng=rng)


def places(context, activations=PIECEWISE, draws=(1, 6, 30)):
    """Positions first, middle and last, widths from the smaller neighbour to one more than the wider."""
    most = context.by_level(quick=draws[0], standard=draws[1], full=draws[2])
    shapes = [(2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1)]
    for widths, activation, replicate in product(shapes, activations, range(most)):
        for after in range(len(widths) - 1):
            low, high = sorted(widths[after : after + 2])
            yield from (Place(widths, activation, after, width, replicate) for width in (low, high + 1))


def drawn_places(context):
    from hypothesis import strategies as st

    @st.composite
    def place(draw):
        widths = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=5)))
        after = draw(st.integers(0, len(widths) - 2))
        width = draw(st.integers(min(widths[after : after + 2]), max(widths[after : after + 2]) + 2))
        return Place(widths, draw(st.sampled_from((*PIECEWISE, "hardtanh"))), after, width, draw(st.integers(0, 2**20)))

    return place()


def rng_of(place: Place, context):
    return context.rng(hash_of(place))


def hash_of(place: Place) -> int:
    """A number for the place, the same in every process."""
    digits = (*place.widths, place.after, place.width, len(place.activation), place.replicate)
    return sum(digit * 31**k for k, digit in enumerate(digits))


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
    before = np.abs(preactivations(found.shallow, found.shallow_theta, found.x, q + 1))
    gap = np.abs(preactivations(found.deep, found.theta, found.x, q + 2) - preactivations(found.shallow, found.shallow_theta, found.x, q + 1))
    inside = preactivations(found.deep, found.theta, found.x, q + 1)
    moduli = np.abs(inside) + np.abs(biases) + 1
    size = (moduli @ np.abs(outer).T).max() * (1 + np.abs(found.x).max()) + before.max()
    return float(gap.max()), float(8 * (sum(inner.shape) + 4) ** 2 * np.finfo(float).eps * size)


def own_width(W, place) -> int:
    return place.width


def one_too_narrow(W, place) -> int:
    return max(1, int(np.linalg.matrix_rank(W)) - 1)


EXISTENCE = Claim(
    id="depth.lifting.existence",
    title="A lift exists exactly from the rank of the next layer on",
    statement=r"\text{A lift of inserted width } \hat m \text{ behind layer } q \text{ exists} \iff \hat m \ge \operatorname{rank} W^{[q+1]}"
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
    from theory.lifting import preactivations

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
            controls=[Control("offsets mu forgotten", conditions=offset_forgotten), Control("slopes forgotten", conditions=slopes_forgotten)],
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


def differential_of(found: Lifting) -> np.ndarray:
    return found.differential()


def slopes_of_one(found: Lifting) -> np.ndarray:
    """As if every piece had slope 1; W' and What stay."""
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces)).differential()


def inner_biases_still(found: Lifting) -> np.ndarray:
    """As if the biases of the new layer had no gradient."""
    matrix = found.differential()
    matrix[:, found.deep.unpack(np.arange(found.deep.n_params))[f"b{found.after + 1}"]] *= 0
    return matrix


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
    statement=r"\nabla R(\theta_{\text{deep}}) = (D\pi)^T \nabla R(\theta),\quad \pi = (W' \Lambda \hat W,\ W'(\Lambda \hat b + \mu) + b', \dots);"
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

# -------------------------------------------------------------------------------------------- depth.lifting.inertia


def flat_directions(shallow, gained: int):
    """(n_-, n_0 + gained, n_+): every new direction is flat."""
    return shallow[0], shallow[1] + gained, shallow[2]


def planted_lift(place: Place, rng, size):
    theta = rational_point(place.model, rng)
    data = planted(place.model, theta, rng, size=size)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data


def check_inertia(instance, *, formula, context) -> Outcome:
    """Exact inertia before and after a regular lift of a planted minimum or saddle."""
    place, size = instance
    found, data = planted_lift(place, rng_of(place, context), size)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    expected = formula(before, found.deep.n_params - place.model.n_params)
    return Outcome.equal(expected, after, place=place, size=size, shallow=before)


def check_congruence(instance, *, differential, critical, context) -> Outcome:
    """H_deep = (D pi)^T H D pi entry by entry."""
    from numerics.hessian import hessian

    place, size = instance
    rng = rng_of(place, context)
    found, (x, y) = planted_lift(place, rng, size)
    data = (x, y) if critical else (x, y + rng.integers(1, 4, y.shape))
    shallow = fractions(hessian(place.model, found.shallow_theta, data))
    deep = fractions(hessian(found.deep, found.theta, data))
    D = differential(found)
    if (D.T @ shallow @ D == deep).all():
        return Outcome.holds()
    return Outcome.fails("the Hessians differ", counterexample={"place": place, "critical": critical})


def check_congruence_in_floats(place: Place, *, differential, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.planting import plant

    place = replace(place, activation="hinge3")
    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(0, 0.7, place.model.n_params)
    x = rng.normal(size=(-(-(model.n_params + 3) // model.outputs), model.inputs))
    data = plant(model, theta, x, seed=place.replicate)
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    D, shallow, deep = differential(found), hessian(model, theta, data), hessian(found.deep, found.theta, data)
    gap = np.abs(D.T @ shallow @ D - deep).max()
    # Sums of P products on either side, each with a relative error of a few units of rounding; the new weights enter twice.
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    size = (np.abs(D).T @ np.abs(shallow) @ np.abs(D)).max() + amplification * (1 + np.abs(deep).max())
    bound = 64 * found.deep.n_params * np.finfo(float).eps * size
    if gap > bound:
        return Outcome.fails(f"the Hessians differ by {gap:.3g}, rounding allows {bound:.3g}", counterexample={"place": place})
    return Outcome.holds(margin=(bound - gap) / bound)


def minima_and_saddles(context):
    return [(place, size) for place in places(context) for size in (SMALL, ONE)]


def twice_differentiable(context):
    return [(place, ONE) for place in places(context, ("hinge3",))]


def zero_weights(place: Place, rng, size, *, inner, outer):
    """A planted critical point with W^[q+1] = 0 and its lift through constant factors, bhat = -1 (inside the piece of hinge3).

    ``inner`` 1 means What = [I; 0], 0 means What = 0; ``outer`` likewise for W' = [I 0] or 0 where the product allows it.
    """
    parts = place.model.unpack(rational_point(place.model, rng))
    name = f"W{place.after + 1}"
    parts[name] = parts[name] * 0
    theta = place.model.pack(**parts)
    data = planted(place.model, theta, rng, size=size)
    rows, columns = parts[name].shape
    x = fractions(data[0])
    What = np.eye(place.width, columns, dtype=int) * inner
    bhat = np.full(place.width, Fraction(-1 - 100 * inner))
    return lift_with(place.model, theta, x, place.after, What, bhat, np.eye(rows, place.width, dtype=int) * outer), data


def check_inertia_at_zero_weights(instance, *, inner, formula, context) -> Outcome:
    """Inertia of the lift of a strict saddle with W^[q+1] = 0 through W' = 0 and What = ``inner`` times [I; 0]."""
    place, size = instance
    found, data = zero_weights(place, rng_of(place, context), size, inner=inner, outer=0)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    expected = formula(before, found.deep.n_params - place.model.n_params)
    return Outcome.equal(expected, after, place=place, shallow=before, regular=found.regular)


def saddles_at_zero(context):
    shapes = (((2, 2, 1), 1), ((1, 2, 2), 1), ((2, 2, 2), 1), ((1, 2, 2, 1), 2))
    draws = context.by_level(quick=2, standard=10, full=50)
    return [(Place(widths, "hinge3", after, widths[after], k), ONE) for widths, after in shapes for k in range(draws)]


FLAT_CONTROLS = [
    Control("no new flat directions", formula=lambda shallow, gained: shallow),
    Control("new directions positive", formula=lambda shallow, gained: (shallow[0], shallow[1], shallow[2] + gained)),
]

INERTIA = Claim(
    id="depth.lifting.inertia",
    title="A regular lift keeps the numbers of negative and positive eigenvalues",
    statement=r"H_{\text{deep}} = (D\pi)^T H (D\pi),\qquad (n_-, n_0, n_+)_{\text{deep}} = (n_-,\ n_0 + M_{\text{deep}} - M,\ n_+)",
    assumptions=[LINEARIZED, CRITICAL, REGULAR, BIASES],
    source=Source(DEPTH, "inertia preserved by critical lifting; congruence derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular lift of a critical point with more or fewer negative or positive eigenvalues.",
    notes="Irregular lifts keep the two numbers from growing only.",
    checks=[
        Check(
            "inertia",
            evidence="exact",
            covers="instances",
            scope="planted minima and saddles, two to four layers, hinge3, leaky, relu (off the kinks), every position",
            run=check_inertia,
            instances=minima_and_saddles,
            distribution="integer weights, residuals of l1 norm 1/1000 and 1",
            parameters={"formula": flat_directions},
            controls=FLAT_CONTROLS,
        ),
        Check(
            "congruence",
            evidence="exact",
            covers="instances",
            scope="planted points, two to four layers, hinge3",
            run=check_congruence,
            instances=twice_differentiable,
            distribution="integer weights, residuals of l1 norm 1",
            parameters={"differential": differential_of, "critical": True},
            controls=[
                Control("biases of the new layer without curvature", differential=inner_biases_still),
                Control("at points that are not critical", critical=False),
            ],
        ),
        Check(
            "congruence-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, hinge3",
            run=check_congruence_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="64 P eps times |D|^T |H| |D| and the squared size of the new weights",
            parameters={"differential": differential_of},
            controls=[Control("biases of the new layer without curvature", differential=inner_biases_still)],
        ),
        Check(
            "zero-weights",
            evidence="exact",
            covers="instances",
            scope="strict saddles with W^[q+1] = 0, lifted through W' = 0 and What = [I; 0]",
            run=check_inertia_at_zero_weights,
            instances=saddles_at_zero,
            distribution="integer weights, residuals of l1 norm 1",
            parameters={"formula": flat_directions, "inner": 1},
            controls=[Control("What = 0 as well (irregular)", inner=0)],
        ),
    ],
    probes=[
        Probe(drops="regular", instances=saddles_at_zero, check="zero-weights", parameters={"inner": 0}),
        Probe(drops="critical", instances=twice_differentiable, check="congruence", parameters={"critical": False}),
    ],
)

# ------------------------------------------------------------------------------------------ depth.lifting.dimension


def lifted_dimension(inner, m: int, m_next: int, deficits) -> int:
    """mh (m_q + m_(q+1) + 1) - m_q m_(q+1)."""
    return inner * (m + m_next + 1) - m * m_next


def with_cokernel(inner, m: int, m_next: int, deficits) -> int:
    return lifted_dimension(inner, m, m_next, deficits) + deficits[0] * deficits[1]


def constraint_rank(found: Lifting) -> tuple[int, int]:
    """(new parameters, rank of the constraints on them), the differential by central differences of the quadratic map pi: exact."""
    from theory.factoring import rank_of

    deep = found.deep.unpack(np.arange(found.deep.n_params))
    q = found.after
    places = np.concatenate([deep[name].ravel() for name in (f"W{q + 1}", f"b{q + 1}", f"W{q + 2}", f"b{q + 2}")])
    columns = []
    for place in places:
        unit = np.array([Fraction(int(k == place)) for k in range(found.deep.n_params)], dtype=object)
        columns.append((found.collapse(found.theta + unit) - found.collapse(found.theta - unit)) / 2)
    return len(places), rank_of(np.stack(columns, axis=1))


def check_dimension(instance, *, formula, context) -> Outcome:
    """The kernel of the constraints W' S What = W, W' (S bhat + mu) + b' = b at an exact lift."""
    from theory.factoring import rank_of

    place, size = instance
    rng = rng_of(place, context)
    found = drawn_lift(place, rng) if size is None else zero_weights(place, rng, size, inner=0, outer=0)[0]
    inner, _, outer = found.parts
    unknowns, rank = constraint_rank(found)
    m, m_next = inner.shape[1], outer.shape[0]
    deficits = m_next - rank_of(outer), m - rank_of(inner)
    return Outcome.equal(formula(len(inner), m, m_next, deficits), unknowns - rank, place=place, deficits=deficits)


def regular_lifts(context):
    return [(place, None) for place in places(context)]


def irregular_lifts(context):
    return saddles_at_zero(context)


def check_dimension_in_floats(place: Place, *, formula, context) -> Outcome:
    from numerics.rank import float_rank

    rng = context.rng(hash_of(place))
    found = lift(place.model, rng.normal(size=place.model.n_params), rng.normal(size=(6, place.widths[0])), place.after, width=place.width, rng=rng)
    q, index = found.after, found.shallow.unpack(np.arange(found.shallow.n_params))
    rows = np.concatenate([index[f"W{q + 1}"].ravel(), index[f"b{q + 1}"].ravel()])
    rank = float_rank(found.differential()[rows]).rank
    m, m_next = found.parts[0].shape[1], found.parts[2].shape[0]
    unknowns = len(found.parts[0]) * (m + m_next + 1) + m_next
    if rank is None:
        return Outcome.inconclusive("no clear gap among the singular values of the constraints", cases=1)
    return Outcome.equal(formula(place.width, m, m_next, (0, 0)), unknowns - rank, place=place)


DIMENSION_CONTROLS = [
    Control("the product unconstrained", formula=lambda inner, m, m_next, deficits: inner * (m + m_next + 1)),
    Control("no new biases counted", formula=lambda inner, m, m_next, deficits: inner * (m + m_next) - m * m_next),
]

DIMENSION = Claim(
    id="depth.lifting.dimension",
    title="Regular lifts form a manifold of as many dimensions as there are new parameters",
    statement=r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M;\quad"
    r"\text{in general the constraints have cokernel } (m_{q+1} - \operatorname{rank} W')(m_q - \operatorname{rank} \hat W)",
    assumptions=[LINEARIZED, REGULAR, BIASES],
    source=Source(DEPTH, "dimension of the lifted set; derived here"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A regular lift at which the constraints have another rank.",
    checks=[
        Check(
            "constraints",
            evidence="exact",
            covers="instances",
            scope="random lifts of networks of two to four layers, widths 1 to 3",
            run=check_dimension,
            instances=regular_lifts,
            distribution="integer weights, random factorizations",
            parameters={"formula": lifted_dimension},
            controls=DIMENSION_CONTROLS,
        ),
        Check(
            "cokernel",
            evidence="exact",
            covers="instances",
            scope="irregular lifts W' = What = 0",
            run=check_dimension,
            instances=irregular_lifts,
            distribution="integer weights",
            parameters={"formula": with_cokernel},
            controls=[Control("cokernel forgotten", formula=lifted_dimension)],
        ),
        Check(
            "constraints-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4",
            run=check_dimension_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, random factorizations",
            tolerance="rank read across a gap of 1e6 in the singular values",
            parameters={"formula": lifted_dimension},
            controls=DIMENSION_CONTROLS,
        ),
    ],
    probes=[Probe(drops="regular", instances=irregular_lifts)],
)

# ----------------------------------------------------------------------------------- depth.irreversibility.irregular


def check_negative_vanish(instance, *, inner, context) -> Outcome:
    """A strict saddle with W^[q+1] = 0 whose lift through W' = 0, What = ``inner`` [I; 0] has fewer negative eigenvalues."""
    place, size, printed = instance
    found, data = zero_weights(place, rng_of(place, context), size, inner=inner, outer=0)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    shown = {"place": place, "theta": found.shallow_theta, "deep theta": found.theta, "shallow": before, "deep": after}
    if after[0] < before[0] and (before, after) == printed:
        return Outcome.holds(certificate={**shown, "x": fractions(data[0]), "y": fractions(data[1])})
    return Outcome.fails(f"inertia {before} lifts to {after}, expected {printed[0]} and {printed[1]}", counterexample=shown)


def vanishing_instances(context):
    return [
        (Place((2, 2, 1), "hinge3", 1, 1), ONE, ((2, 4, 3), (0, 10, 1))),
        (Place((1, 2, 2), "hinge3", 1, 1), ONE, ((2, 2, 6), (0, 9, 2))),
    ]


IRREGULAR = Claim(
    id="depth.irreversibility.irregular",
    title="Negative eigenvalues can vanish under an irregular lift",
    kind="counterexample",
    relation="existence",
    statement=r"\exists\, \theta, \theta_{\text{deep}}:\ n_-(\theta_{\text{deep}}) = 0 < n_-(\theta) = 2;\quad"
    r"[2,2,1]: (2,4,3) \to (0,10,1),\quad [1,2,2]: (2,2,6) \to (0,9,2) \quad (W' = 0,\ \hat W = 0)",
    assumptions=[LINEARIZED, CRITICAL],
    source=Source(DEPTH, "against irreversibility in depth; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="Exact inertias other than these at the stored points.",
    notes="The mechanism of non-strict saddles at the origin of deep networks. With What = I (regular) n_- stays 2.",
    checks=[
        Check(
            "exact-points",
            evidence="exact",
            covers="statement",
            scope="the two stored points",
            run=check_negative_vanish,
            instances=vanishing_instances,
            distribution="integer weights with W^[2] = 0, residuals of l1 norm 1",
            parameters={"inner": 0},
            controls=[Control("irreversibility holds: a regular lift", inner=1)],
        )
    ],
)

# ------------------------------------------------------------------------------------------- depth.lifting.converse


def regular_point(place: Place, rng) -> Lifting:
    return drawn_lift(place, rng, x=samples(place.widths[0], -(-(place.model.n_params + 2) // place.model.outputs), rng))


def both_factors_zero(place: Place, rng) -> Lifting:
    """What = 0 and W' = 0: linearized, but neither factor has full rank."""
    parts = place.model.unpack(rational_point(place.model, rng))
    rows, columns = parts[f"W{place.after + 1}"].shape
    parts[f"W{place.after + 1}"] = parts[f"W{place.after + 1}"] * 0
    x = samples(place.widths[0], -(-(place.model.n_params + 2) // place.model.outputs), rng)
    zeros = lambda *shape: np.zeros(shape, dtype=int)
    bhat = np.full(place.width, Fraction(-1))
    return lift_with(place.model, place.model.pack(**parts), x, place.after, zeros(place.width, columns), bhat, zeros(rows, place.width))


def check_converse(place: Place, *, point, context) -> Outcome:
    """Plant a critical point at the *deep* network, collapse, and look at the shallow gradient."""
    from numerics.hessian import gradient
    from numerics.planting import plant

    rng = rng_of(place, context)
    found = point(place, rng)
    data = plant(found.deep, found.theta, found.x, size=ONE, seed=int(rng.integers(2**31)))
    if any(gradient(found.deep, found.theta, data)):
        raise AssertionError("a planted point must be critical")
    shallow = gradient(found.shallow, found.collapse(found.theta), data)
    if not any(shallow):
        return Outcome.holds()
    shown = {"place": place, "theta": found.theta, "gradient": shallow}
    return Outcome.fails(f"{sum(map(bool, shallow))} partial derivatives of the collapsed point differ from 0", counterexample=shown)


def check_converse_in_floats(place: Place, *, collapse, context) -> Outcome:
    from numerics.hessian import gradient
    from numerics.planting import plant

    place = replace(place, activation="leaky")
    rng = context.rng(hash_of(place))
    x = rng.normal(size=(-(-(place.model.n_params + 3) // place.model.outputs), place.widths[0]))
    found = lift(place.model, rng.normal(size=place.model.n_params), x, place.after, width=place.width, rng=rng)
    data = plant(found.deep, found.theta, x, seed=place.replicate)
    deep, shallow = gradient(found.deep, found.theta, data), gradient(found.shallow, collapse(found), data)
    # grad_deep = D^T grad_shallow with D onto, so |grad_shallow| <= |grad_deep| / s_min(D), beside the rounding of the collapse.
    smallest = np.linalg.svd(found.differential(), compute_uv=False).min()
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    size = amplification * (1 + np.abs(found.shallow_theta).max()) ** len(place.widths) * (1 + np.abs(x).max()) ** 2
    bound = np.linalg.norm(deep) / smallest + 64 * found.deep.n_params * np.finfo(float).eps * size
    if not np.linalg.norm(shallow) <= bound:
        shown = {"place": place, "theta": found.theta}
        return Outcome.fails(f"gradient {np.linalg.norm(shallow):.3g}, rounding allows {bound:.3g}", counterexample=shown)
    return Outcome.holds(margin=(bound - np.linalg.norm(shallow)) / bound)


def collapsed(found: Lifting) -> np.ndarray:
    return found.collapse(found.theta)


def collapsed_with_slope_one(found: Lifting) -> np.ndarray:
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces)).collapse(found.theta)


def hinge_places(context):
    return list(places(context, ("hinge3", "leaky")))


def smallest_counterexample(context):
    return [Place((1, 1, 1), "hinge3", 1, 1), Place((2, 2, 1), "hinge3", 1, 2)]


CONVERSE = Claim(
    id="depth.lifting.converse",
    title="A deep critical point with a linearized layer collapses to a critical point",
    statement=r"\nabla R(\theta_{\text{deep}}) = 0 \Rightarrow \nabla R(\pi(\theta_{\text{deep}})) = 0",
    assumptions=[LINEARIZED, REGULAR, BIASES],
    source=Source(DEPTH, "converse of the lifting; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular deep critical point whose collapse has a non-zero gradient.",
    notes="Without regularity it is false: [1, 1, 1] with W' = What = 0 is critical when deep, and its collapse is not (in W^[2]).",
    checks=[
        Check(
            "collapse-is-critical",
            evidence="exact",
            covers="instances",
            scope="critical points planted at the deep network, two to four layers, hinge3, leaky",
            run=check_converse,
            instances=hinge_places,
            distribution="integer weights, random factorizations, residuals of l1 norm 1",
            parameters={"point": regular_point},
            controls=[Control("both factors zero", point=both_factors_zero)],
        ),
        Check(
            "collapse-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, leaky",
            run=check_converse_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="|grad_deep| / s_min(D pi) + 64 P eps times the size of weights and samples to the power of the depth",
            parameters={"collapse": collapsed},
            controls=[Control("collapsed with slope 1", collapse=collapsed_with_slope_one)],
        ),
    ],
    probes=[Probe(drops="regular", instances=smallest_counterexample, parameters={"point": both_factors_zero})],
)

CLAIMS = [EXISTENCE, OUTPUT, CRITICALITY, INERTIA, DIMENSION, IRREGULAR, CONVERSE]
