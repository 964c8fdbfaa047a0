r"""Critical lifting to first order: a lift keeps the outputs on the data, and every critical point critical.

Near a lift R_deep = R_shallow o pi with pi the collapse of the inserted layer into the next, and everything here follows from that. The
gradient identity is derived.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats, rounding, within_rounding
from proofs_check.claims.depth._measures import amplification, fractions, same
from proofs_check.claims.depth._places import BIASES, DEPTH, LINEARIZED, ONE, PIECEWISE, Place, drawn_places, places, rng_of
from proofs_check.claims.depth._points import drawn_lift, inner_biases_still, planted, planted_lift, rational_point, with_slopes_of_one
from proofs_check.proving import formal_check
from theory.lifting import Lifting, lift, preactivations
from theory.models import FullyConnected

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
    found = drawn_lift(place, rng_of(place, context), irregular=True)
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
        exactly(
            "outputs",
            check_outputs,
            places_on_data,
            {"construct": as_lifted},
            CONSTRUCTION_CONTROLS,
            scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, hardtanh, every position",
            distribution="integer weights, half-integer samples, lifts drawn at random",
        ),
        formal_check("depth/lifting.v", "depth_lifting_output", false="for all x", adequate=lifting),
    ],
    probes=[
        Probe(drops="on the data", instances=places_off_data, check="outputs"),
        Probe(drops="linearized layer", instances=places_on_data, check="outputs", parameters={"construct": leaves_piece}),
    ],
)

# ---------------------------------------------------------------------------------------- depth.lifting.criticality


def slopes_of_one(found: Lifting) -> np.ndarray:
    return with_slopes_of_one(found).differential()


def check_gradient_identity(place: Place, *, differential, context) -> Outcome:
    """grad R_deep = (D pi)^T grad R_shallow in rational numbers at a point that is not critical, random targets."""
    from numerics.hessian import gradient

    rng = rng_of(place, context)
    found = drawn_lift(place, rng, irregular=True)
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

    found, data = planted_lift(place, rng_of(place, context), ONE, irregular=True)
    deep = gradient(found.deep, construct(replace(found, theta=found.theta.copy())), data)
    if not any(deep):
        return Outcome.holds()
    return Outcome.fails(f"{sum(map(bool, deep))} partial derivatives differ from 0", counterexample={"place": place, "gradient": deep})


def check_gradient_by_autograd(place: Place, *, differential, context) -> Outcome:
    """The identity in floats, both gradients by torch's own differentiation."""
    rng = rng_of(place, context)
    model, theta = place.model, rng.normal(size=place.model.n_params)
    x, y = rng.normal(size=(8, model.inputs)), rng.normal(size=(8, model.outputs))
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    shallow, deep = (_autograd(m, t, x, y) for m, t in ((found.shallow, found.shallow_theta), (found.deep, found.theta)))
    gap = np.abs(differential(found).T @ shallow - deep).max()
    size = amplification(found) * (1 + np.abs(deep).max() + np.abs(shallow).max() + np.abs(y).max())
    return within_rounding("the gradients differ by", gap, rounding(found.deep.n_params, size), place=place)


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
        exactly(
            "gradient-identity",
            check_gradient_identity,
            places,
            {"differential": Lifting.differential},
            [
                Control("slopes taken as 1", differential=slopes_of_one),
                Control("biases of the new layer without gradient", differential=inner_biases_still),
            ],
            scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, every position, points that are not critical",
            distribution="integer weights and targets, half-integer samples",
        ),
        exactly(
            "critical-points",
            check_critical,
            places,
            {"construct": as_lifted},
            CONSTRUCTION_CONTROLS,
            scope="planted critical points of loss > 0; two to four layers, hinge3, leaky, relu",
            distribution="integer weights, planted residuals of l1 norm 1",
        ),
        in_floats(
            "autograd",
            check_gradient_by_autograd,
            drawn_places,
            {"differential": Lifting.differential},
            [Control("biases of the new layer without gradient", differential=inner_biases_still)],
            scope="one to four weight matrices, widths 1 to 4, four activations",
            distribution="normal weights, samples and targets from a drawn seed",
            tolerance="64 P eps times (1 + the largest weight of the new layer)^2 times the size of gradients and targets",
        ),
        exactly(
            "biases-behind",
            check_without_biases,
            without_biases_behind,
            {"output_bias": True},
            [Control("no biases in layer q+1", output_bias=False)],
            scope="hardtanh [2, 2, 1], lifted behind the hidden layer",
            distribution="integer weights, planted residuals",
        ),
        formal_check("depth/lifting.v", "depth_lifting_criticality", false="at points that are no lifts too", adequate=lifting),
    ],
    probes=[
        Probe(drops="biases behind", instances=without_biases_behind, check="biases-behind", parameters={"output_bias": False}),
        Probe(drops="linearized layer", instances=places, check="critical-points", parameters={"construct": leaves_piece}),
    ],
)

CLAIMS = [OUTPUT, CRITICALITY]
