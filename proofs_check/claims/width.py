r"""The embedding principle in width: splitting a neuron and adding a null neuron keep outputs and critical points.

A network with L layers, f^{[l]} = \sigma(W^{[l]} f^{[l-1]} + b^{[l]}), risk R = E \ell(f, y) and errors e^{[l]} = \partial \ell /
\partial p^{[l]}. The split T^\alpha_{l,s} copies neuron s of layer l and shares its outgoing weights, 1 - \alpha and \alpha. Everything
of first order follows from one linear identity: \nabla R(T\theta) = M \nabla R(\theta) with a constant matrix M.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import DISTRIBUTION, JML, NEURIPS, PLANTED, agree, places, within
from theory.embedding import null, split
from theory.embedding.onestep import unchecked_null
from theory.embedding.wiring import wiring

BACKWARD = "64 (P + n) eps times the sum of moduli that enter: every entry is a sum of that many products, rounded"

#: One neuron with undefined activation in an undefined network, see theory.embedding.symbolic.
ANY_NETWORK = (
    "undefined sigma and loss, symbolic parameters and alpha; one neuron with two inputs and two outputs, the rest of the network "
    "being an arbitrary function of two further parameters: every pattern of indices of any depth and width"
)


def symbolic(context):
    return [None]


# ---------------------------------------------------------------------------------------- embedding.splitting.output


def check_output(place, *, construct, context) -> Outcome:
    """Outputs and features on the samples, and the errors that flow back, of the wide network from those of the narrow one."""
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    embedding = construct(place.model, place.layer, place.neuron, place.alpha)
    (x, y), l, s = place.data(), place.layer, place.neuron
    narrow, wide = trace(place.model, place.theta, x), trace(embedding.wide, embedding(place.theta), x)
    cotangent = cotangent_of(place.model, place.theta, (x, y))
    error, alpha = narrow.error(l, cotangent), place.theta[0] * 0 + place.alpha.numerator
    alpha = alpha / place.alpha.denominator
    shared = np.concatenate([error, alpha * error[:, s : s + 1]], axis=1)
    shared[:, s] = (1 - alpha) * error[:, s]
    return agree(
        place,
        output=(place.model(place.theta, x), embedding.wide(embedding(place.theta), x)),
        features=(np.concatenate([narrow.features[l], narrow.features[l][:, s : s + 1]], axis=1), wide.features[l]),
        errors=(shared, wide.error(l, cotangent)),
        errors_above=(narrow.error(l + 1, cotangent), wide.error(l + 1, cotangent)),
    )


def check_output_in_floats(place, *, construct, context) -> Outcome:
    embedding = construct(place.model.__class__(place.widths, "tanh"), place.layer, place.neuron, place.alpha)
    rng = context.rng(place.seed)
    theta, x = rng.normal(0, 1.2, embedding.narrow.n_params), rng.normal(0, 1.3, (5, place.widths[0]))
    difference = embedding.wide(embedding(theta), x) - embedding.narrow(theta, x)
    # alpha W h and (1 - alpha) W h are rounded apart; every later layer passes the error on with at most its weights' sizes.
    growth = np.prod([1 + np.abs(theta).max() * width for width in place.widths[1:]])
    tolerance = 64 * np.finfo(float).eps * (1 + abs(float(place.alpha))) * growth
    return within(place, difference, tolerance, "difference of the outputs")


def check_output_of_any(_, *, construct, context) -> Outcome:
    """The neuron's contribution to the next layer as polynomials in undefined values."""
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols

    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    narrow, _ = around_neurons(symbols, symbols.theta(), [symbols.jet("s")])
    theta = embedding(symbols.theta())
    new = embedding.wide.unpack(theta)
    is_copy = (new["input_weights"][0] == new["input_weights"][1]).all() and new["input_biases"][0] == new["input_biases"][1]
    wide, _ = around_neurons(symbols, theta, [symbols.jet("s"), symbols.jet("s" if is_copy else "t")])
    return agree("any network", output=(narrow, wide))


SPLIT_CONTROLS = [
    Control("fractions need not add up to 1", construct=instances.sum_not_one),
    Control("both copies keep all outgoing weights", construct=instances.duplicate),
    Control("bias not copied", construct=instances.without_bias),
    Control("weight of the copy off by one per cent", construct=instances.perturbed_input),
]


# -------------------------------------------------------------------------------- embedding.splitting.gradient-image


def check_gradient_image(place, *, construct, loss, context) -> Outcome:
    """grad R(T theta) = M grad R(theta) for one sample at a point that is not critical, and A^T M = I."""
    from numerics.hessian import gradient
    from theory.embedding.affine import identity

    embedding = construct(place.model, place.layer, place.neuron, place.alpha)
    data = place.data(1)
    narrow = gradient(place.model, place.theta, data, loss)
    wide = gradient(embedding.wide, embedding(place.theta), data, loss)
    return agree(
        place,
        gradient=(embedding.gradient_map.apply(narrow), wide),
        inverse=(identity(place.model.n_params), embedding.matrix.T @ embedding.gradient_map),
    )


def check_gradient_image_of_any(_, *, construct, context) -> Outcome:
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("alpha")
    embedding = construct(neuron_model(), 1, 0, symbols["alpha"])
    jet = symbols.jet("s")
    _, narrow = around_neurons(symbols, symbols.theta(), [jet])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), [jet, jet])
    return agree("any network", gradient=(with_passive(embedding.gradient_map).apply(narrow.gradient), wide.gradient))


GRADIENT_CONTROLS = [
    Control("multipliers 1 and alpha", construct=instances.multipliers_unshared),
    Control("incoming and outgoing exchanged", construct=instances.roles_swapped),
    Control("both copies keep all outgoing weights", construct=instances.duplicate),
]


# ----------------------------------------------------------------------------------- embedding.splitting.criticality


def check_criticality(place, *, construct, context) -> Outcome:
    """A planted critical point of non-zero loss, split: the wide gradient is exactly zero."""
    from numerics.hessian import gradient

    data = place.planted()
    embedding = construct(place.model, place.layer, place.neuron, place.alpha)
    narrow = gradient(place.model, place.theta, data)
    wide = gradient(embedding.wide, embedding(place.theta), data)
    return agree(place, narrow_gradient=(0 * narrow, narrow), wide_gradient=(0 * wide, wide))


def check_criticality_in_floats(instance, *, construct, loss, context) -> Outcome:
    """Planted tanh networks under the square loss and the cross-entropy, up to rounding of the gradient."""
    from numerics.hessian import gradient
    from numerics.planting import plant
    from theory.models import FullyConnected

    widths, layer, alpha, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    n = 2 * model.n_params
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (n, widths[0]))
    size = 0.2 if loss == "mse" else 0.2 / n
    data = plant(model, theta, x, loss=loss, size=size, seed=replicate)
    embedding = construct(model, layer, 0, alpha)
    wide = gradient(embedding.wide, embedding(theta), data, loss)
    # The gradient is J^T c with |c| about 1: rounding leaves (P + n) eps |theta|^depth of it, stretched by M and the planting.
    scale = (1 + abs(float(alpha))) * (1 + np.abs(theta).max()) ** (len(widths) - 1) * np.abs(x).max()
    tolerance = 64 * (model.n_params + n) * np.finfo(float).eps * scale
    return within(instance, wide, tolerance, "gradient at the embedded point")


def planted_in_floats(context):
    shapes = [(2, 2, 3), (1, 3, 3), (3, 2, 3), (2, 2, 2, 3), (1, 2, 3, 3)]  # with two classes cross-entropy has B_s = 0
    count = context.by_level(quick=10, standard=60, full=400)
    return [
        (widths, 1 + replicate % (len(widths) - 2), Fraction(replicate % 9 - 4, 3), replicate)
        for replicate, widths in enumerate(shapes * (count // 5))
    ]


# ---------------------------------------------------------------------- embedding.splitting.data-dependent-subspace


def check_subspace(place, *, directions, context) -> Outcome:
    """Outgoing weights (W_s - nu, nu) for nu in the kernel of B_s^T: critical for these data, of dimension m_(l+1) - rank B_s >= 1."""
    from numerics.exact import rank_rational
    from numerics.hessian import gradient
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    x, y = place.planted()
    cotangent = cotangent_of(place.model, place.theta, (x, y))
    B, _ = neuron_matrices(place.model, place.theta, x, cotangent, place.layer, place.neuron)
    embedding = split(place.model, place.layer, place.neuron, 0)
    new = wiring(embedding.wide, place.layer)
    basis, points = directions(B), []
    for nu in basis:
        theta = embedding(place.theta)
        theta[new.outgoing[place.neuron]] = theta[new.outgoing[place.neuron]] - nu
        theta[new.outgoing[-1]] = theta[new.outgoing[-1]] + nu
        points.append(theta)
    gradients = np.stack([gradient(embedding.wide, theta, (x, y)) for theta in points])
    outputs = np.stack([embedding.wide(theta, x) for theta in points])
    return agree(
        place,
        gradients=(0 * gradients, gradients),
        outputs=(np.stack([place.model(place.theta, x)] * len(basis)), outputs),
        dimension=(len(B) - rank_rational(B), len(basis)),
        at_least_one=(True, len(basis) >= 1),
    )


def kernel_of_transpose(B):
    from numerics.exact import nullspace_rational, rationals

    return [rationals(vector) for vector in nullspace_rational(B.T)]


def all_directions(B):
    from numerics.exact import rationals

    return [rationals(row) for row in np.eye(len(B), dtype=int)]


def check_alpha_line(place, *, direction, context) -> Outcome:
    """W_s itself lies in the kernel: W_s^T B_s is the gradient of the neuron's incoming parameters, at any point."""
    from numerics.hessian import gradient
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    data = place.data(3)
    cotangent = cotangent_of(place.model, place.theta, data)
    B, _ = neuron_matrices(place.model, place.theta, data[0], cotangent, place.layer, place.neuron)
    lines = wiring(place.model, place.layer)
    expected = gradient(place.model, place.theta, data)[lines.incoming[place.neuron]]
    return agree(place, gradient=(expected, direction(place.theta[lines.outgoing[place.neuron]]) @ B))


# -------------------------------------------------------------------------------------- embedding.null.*


def check_null(place, *, construct, context) -> Outcome:
    """A null neuron of bias alpha: outputs at any point, the gradient image, and criticality at a planted point."""
    from numerics.hessian import gradient

    embedding = construct(place.model, place.layer, place.alpha)
    data = place.data()
    image = gradient(embedding.wide, embedding(place.theta), data)
    critical = gradient(embedding.wide, embedding(place.theta), place.planted())
    return agree(
        place,
        output=(place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])),
        gradient=(embedding.gradient_map.apply(gradient(place.model, place.theta, data)), image),
        wide_gradient=(0 * critical, critical),
    )


def check_null_of_any(_, *, map_of_gradients, context) -> Outcome:
    """Of the new derivatives only those of the outgoing weights survive, sigma(b) times those of the next bias."""
    from theory.embedding.symbolic import around_neurons, neuron_model, neuron_symbols, with_passive

    symbols = neuron_symbols("beta")
    model, jets = neuron_model(), (symbols.jet("s"), symbols.jet("t"))
    embedding = unchecked_null(_with_sigma(model, jets[1]), 1, symbols["beta"])
    _, narrow = around_neurons(symbols, symbols.theta(), jets[:1])
    _, wide = around_neurons(symbols, embedding(symbols.theta()), jets)
    image = with_passive(map_of_gradients(embedding)).apply(narrow.gradient)
    return agree("any network", gradient=(image, wide.gradient))


def _with_sigma(model, jet):
    """The layout of ``model`` with the undefined activation whose value at the new bias is the first symbol of ``jet``."""
    from dataclasses import replace

    from theory.embedding.symbolic import Undefined

    return replace(model, activation=Undefined(jet))


def forgotten_constant(embedding):
    """The gradient map without sigma(b): all new derivatives taken to vanish because the new weights do."""
    return embedding.matrix


def check_unbiased(instance, *, activation, context) -> Outcome:
    """A neuron of zero weights in a network without any bias, at a planted point."""
    from numerics.exact import rationals
    from numerics.hessian import gradient
    from numerics.planting import plant
    from theory.models import FullyConnected

    model = FullyConnected((1, 2, 1), activation, bias=False)
    theta = rationals([Fraction(k, 2) for k in instance])
    data = plant(model, theta, rationals([[Fraction(k, 2)] for k in range(1, 8)]))
    embedding = unchecked_null(model, 1, Fraction(0))
    wide = gradient(embedding.wide, embedding(theta), data)
    return agree(instance, wide_gradient=(0 * wide, wide))


def unbiased(context):
    """Weights; the inputs 1/2, 1, ..., 7/2 have distinct moduli, so that residuals of an even sigma do not add up to 0."""
    return [tuple(map(int, context.rng(replicate).integers(1, 5, 4) * (1, -1, 1, 1))) for replicate in range(6)]


def check_exact_condition(place, *, moment, context) -> Outcome:
    """Any incoming weights, zero outgoing ones: the only new derivatives are phi_t(w, b) = E[e_t sigma(w f + b)]."""
    from numerics.hessian import gradient
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    embedding = instances.with_incoming_weights(place.model, place.layer, place.alpha)
    new = wiring(embedding.wide, place.layer)
    data = place.planted()
    wide = gradient(embedding.wide, embedding(place.theta), data)
    found = trace(embedding.wide, embedding(place.theta), data[0])
    cotangent = cotangent_of(place.model, place.theta, data)
    expected = 0 * wide
    expected[new.outgoing[-1]] = moment(found, place.layer, cotangent)
    return agree(
        place, output=(place.model(place.theta, data[0]), embedding.wide(embedding(place.theta), data[0])), gradient=(expected, wide)
    )


def new_moment(found, layer, cotangent):
    """phi_t = E[e^[l+1]_t sigma(w f + b)] of the new, last neuron."""
    return found.error(layer + 1, cotangent).T @ found.features[layer][:, -1]


def check_planted_zero(place, *, imposed, context) -> Outcome:
    """With phi_t(w, b) = 0 planted as well, the new neuron is critical although its weights are not zero."""
    from numerics.exact import rationals
    from numerics.hessian import gradient
    from numerics.layers import trace

    embedding = instances.with_incoming_weights(place.model, place.layer, place.alpha)
    x = place.samples(place.enough + place.widths[-1] + 2)
    found = trace(embedding.wide, embedding(place.theta), x)
    rows = found.linear_rows(lambda cotangent: new_moment(found, place.layer, cotangent))
    data = place.planted(conditions=[(rows, rationals([0] * len(rows)))] if imposed else [], extra=place.widths[-1] + 2)
    wide = gradient(embedding.wide, embedding(place.theta), data)
    return agree(place, wide_gradient=(0 * wide, wide))


def check_root_in_floats(instance, *, shift, context) -> Outcome:
    """A tanh network with one output: a bias b with phi(w, b) = 0, found by bisection, makes the neuron with weights w critical."""
    from scipy.optimize import brentq

    from numerics.hessian import gradient
    from numerics.planting import cotangent_of, plant
    from theory.models import FullyConnected

    rng, model = context.rng(instance), FullyConnected((1, 2, 1))
    theta, x, w = rng.normal(size=model.n_params), rng.normal(size=(20, 1)), rng.normal()
    data = plant(model, theta, x, seed=instance)
    cotangent = cotangent_of(model, theta, data)[:, 0]
    phi = lambda b: cotangent @ np.tanh(w * x[:, 0] + b)
    grid = np.linspace(-4, 4, 161)
    values = np.array([phi(b) for b in grid])
    changes = np.flatnonzero(values[:-1] * values[1:] < 0)
    if not len(changes):
        return Outcome.skipped("phi has no zero between -4 and 4 for these weights")
    root = brentq(phi, grid[changes[0]], grid[changes[0] + 1], xtol=1e-15, rtol=1e-15)
    embedding = null(model, 1, Fraction(0))
    wide = embedding(theta)
    wide[wiring(embedding.wide, 1).incoming[-1]] = w, root + shift
    size = (1 + np.abs(theta).max()) ** 2 * (1 + np.abs(x).max()) * np.linalg.norm(cotangent)
    tolerance = 64 * (len(wide) + len(x)) * np.finfo(float).eps * size
    return within(instance, gradient(embedding.wide, wide, data), tolerance, "gradient at the root of phi")


def check_dead_relu(place, *, extra, bias, context) -> Outcome:
    """A ReLU neuron inactive on all samples, with any outgoing weights: critical, and its parameters add zeros only."""
    from numerics.exact import rationals
    from numerics.hessian import gradient_and_hessian
    from numerics.inertia import exact_inertia

    data = place.planted()
    embedding = null(place.model, place.layer, Fraction(0))
    new, theta = wiring(embedding.wide, place.layer), embedding(place.theta)
    theta[new.incoming[-1, :-1]] = rationals([1] * (new.incoming.shape[1] - 1))
    theta[new.incoming[-1, -1]] = rationals([bias])[0]
    theta[new.outgoing[-1]] = rationals([3] * new.outgoing.shape[1])
    wide, curvature = gradient_and_hessian(embedding.wide, theta, data)
    narrow = exact_inertia(gradient_and_hessian(place.model, place.theta, data)[1]).counts
    added = extra(new.outgoing.shape[1], new.incoming.shape[1])
    return agree(
        place,
        gradient=(0 * wide, wide),
        output=(place.model(place.theta, data[0]), embedding.wide(theta, data[0])),
        inertia=((narrow[0], narrow[1] + added, narrow[2]), exact_inertia(curvature).counts),
    )


def check_dead_relu_in_floats(instance, *, extra, bias, context) -> Outcome:
    from numerics.hessian import gradient_and_hessian
    from numerics.inertia import Undecided, float_inertia
    from numerics.planting import plant
    from theory.models import FullyConnected

    widths, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths, "relu")
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(3 * model.n_params, widths[0]))
    data = plant(model, theta, x, size=0.5, seed=replicate)
    embedding = null(model, 1, Fraction(0))
    new, wide = wiring(embedding.wide, 1), embedding(theta)
    wide[new.incoming[-1]] = [*[1.0] * widths[0], bias]
    wide[new.outgoing[-1]] = 3.0
    try:
        before = float_inertia(gradient_and_hessian(model, theta, data)[1]).counts
        after = float_inertia(gradient_and_hessian(embedding.wide, wide, data)[1]).counts
    except Undecided as doubt:
        return Outcome.inconclusive(str(doubt), cases=1)
    added = extra(widths[2], widths[0] + 1)
    return agree(instance, inertia=((before[0], before[1] + added, before[2]), after))


def relu_in_floats(context):
    return [(widths, k) for k, widths in enumerate([(2, 2, 1), (2, 3, 2), (3, 2, 2)] * context.by_level(quick=2, standard=10, full=50))]


def relu_places(context):
    return places(instances.SHALLOW).map(lambda place: place.at(activation="relu", off_kinks=True))


def all_parameters(outputs, inputs):
    return outputs + inputs


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.splitting.output",
        title="Splitting a neuron keeps outputs, features and errors",
        statement=r"f_{T^\alpha_{l,s}\theta}(x) = f_\theta(x),\quad f'^{[l]} = (f^{[l]}, f^{[l]}_s),\quad "
        r"e'^{[l]} = (\dots, (1-\alpha) e_s, \dots, \alpha e_s) \text{ for all } \theta, x, \alpha \in \mathbb{R}",
        source=Source(NEURIPS, "Proposition 1"),
        family="width",
        refuted_by="One network, neuron, alpha and input at which the outputs differ.",
        notes="For odd sigma a copy with all signs flipped is a valid embedding too; it is no control.",
        checks=[
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope=ANY_NETWORK,
                run=check_output_of_any,
                instances=symbolic,
                parameters={"construct": split},
                controls=[SPLIT_CONTROLS[1], SPLIT_CONTROLS[2]],
            ),
            Check(
                "rational-networks",
                evidence="exact",
                covers="instances",
                scope="two to four layers of width 1 to 3, every layer and neuron",
                run=check_output,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                parameters={"construct": split},
                controls=SPLIT_CONTROLS,
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="tanh networks, theta normal of deviation 1.2, inputs 1.3",
                run=check_output_in_floats,
                replay=check_output,
                instances=lambda context: places(),
                tolerance="64 eps (1 + |alpha|) times the product over layers of 1 + |theta|_max m_l",
                parameters={"construct": split},
                controls=SPLIT_CONTROLS[1:3],
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.gradient-image",
        title="The gradient at a split point is a fixed linear image of the gradient",
        statement=r"\nabla R(T^\alpha\theta) = M \nabla R(\theta) \text{ for all } \theta, S, \ell;\quad A^\top M = I",
        assumptions=[Assumption("differentiable", r"\sigma, \ell \text{ differentiable, or one fixed choice of subgradient}")],
        source=Source(NEURIPS, "Theorem 1 for zero gradients; the linear identity is ours"),
        family="width",
        depends_on=["embedding.splitting.output"],
        refuted_by="One sample, at any point, whose wide gradient is not M times the narrow one.",
        notes="M: the incoming parameters of the copies have the multipliers 1 - alpha and alpha, the outgoing weights 1 and "
        "1. It holds per sample, "
        "hence for every minibatch.",
        checks=[
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope=ANY_NETWORK,
                run=check_gradient_image_of_any,
                instances=symbolic,
                parameters={"construct": split},
                controls=GRADIENT_CONTROLS[1:2],
            ),
            Check(
                "rational-networks",
                evidence="exact",
                covers="instances",
                scope="two to four layers of width 1 to 3, one sample, (f - y)^4, points that are not critical",
                run=check_gradient_image,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                parameters={"construct": split, "loss": "quartic"},
                controls=[*GRADIENT_CONTROLS, Control("alpha by target neuron", construct=instances.alpha_by_target)],
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.criticality",
        title="Splitting a neuron maps critical points to critical points",
        statement=r"\nabla R_S(\theta) = 0 \implies \nabla R_S(T^\alpha_{l,s}\theta) = 0 \text{ for every } S, \ell, \sigma, \alpha",
        assumptions=[Assumption("one alpha", r"\alpha \text{ is the same for all target neurons}")],
        source=Source(NEURIPS, "Theorem 1; 2111.15527, Proposition 4.2"),
        family="width",
        depends_on=["embedding.splitting.gradient-image"],
        refuted_by="A critical point whose split has a non-zero gradient.",
        checks=[
            Check(
                "planted-rational",
                evidence="exact",
                covers="instances",
                scope="two and three layers of width 1 to 2, square loss, non-zero loss",
                run=check_criticality,
                instances=lambda context: places(instances.SHALLOW + instances.DEEP),
                distribution=PLANTED,
                parameters={"construct": split},
                examples={"quick": 25, "standard": 200, "full": 1000},
                controls=[
                    Control("alpha by target neuron", construct=instances.alpha_by_target),
                    Control("both copies keep all outgoing weights", construct=instances.duplicate),
                ],
            ),
            *(
                Check(
                    f"planted-tanh-{loss}",
                    evidence="property",
                    covers="instances",
                    scope=f"tanh networks of two and three layers with three outputs, {loss}",
                    run=check_criticality_in_floats,
                    instances=planted_in_floats,
                    distribution="theta normal of deviation 1.2, inputs 1.3, twice as many samples as parameters",
                    tolerance=BACKWARD,
                    parameters={"construct": split, "loss": loss},
                    controls=[Control("alpha by target neuron", construct=instances.alpha_by_target)],
                )
                for loss in ("mse", "cross-entropy")
            ),
        ],
        probes=[
            Probe(
                drops="one alpha",
                instances=lambda context: places(((2, 2, 2), (2, 1, 3))),
                parameters={"construct": instances.alpha_by_target},
            )
        ],
    ),
    Claim(
        id="embedding.splitting.data-dependent-subspace",
        title="The critical affine set through a split point",
        kind="extension",
        statement=r"\nabla R(\theta) = 0 \implies \text{out-weights } (W_s - \nu, \nu) \text{ are critical for all } \nu \in "
        r"\ker B_s^\top,\quad "
        r"\dim = m_{l+1} - \operatorname{rank} B_s \ge 1",
        assumptions=[Assumption("outgoing weights", r"W_{\cdot s} \ne 0")],
        source=Source(JML, "extends Proposition 4.2 (ours)"),
        family="width",
        depends_on=["embedding.splitting.criticality"],
        refuted_by="A nu in the kernel whose point has a gradient, or a kernel that is zero.",
        checks=[
            Check(
                "kernel",
                evidence="exact",
                covers="instances",
                scope="planted critical points with one to three outputs; every vector of a basis of the kernel",
                run=check_subspace,
                instances=lambda context: places(((1, 1, 3), (1, 2, 3), (2, 1, 3), (2, 2, 2), (1, 1, 1, 2), (1, 1, 5), (1, 2, 4))),
                distribution=PLANTED,
                parameters={"directions": kernel_of_transpose},
                examples={"quick": 12, "standard": 100, "full": 500},
                controls=[Control("every nu", directions=all_directions)],
            ),
            Check(
                "outgoing-weights-in-kernel",
                evidence="property",
                covers="instances",
                scope="any depth, points that are not critical: W_s^T B_s is the gradient of the incoming parameters",
                run=check_alpha_line,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                tolerance="none: rational arithmetic",
                parameters={"direction": np.asarray},
                controls=[Control("twice as large", direction=lambda weights: 2 * weights)],
            ),
        ],
    ),
    Claim(
        id="embedding.null.criticality",
        title="A null neuron keeps outputs and critical points",
        statement=r"w = 0,\ b \in \mathbb{R},\ v = 0:\quad f_{T\theta} = f_\theta,\quad \nabla R(T\theta) = M \nabla R(\theta),\quad "
        r"\partial R / \partial v_t = \sigma(b)\, \partial R / \partial b^{[l+1]}_t",
        assumptions=[Assumption("next bias", r"\text{layer } l+1 \text{ has a bias, or } \sigma(b) = 0")],
        source=Source(JML, "Proposition 4.1; the printed reason (the weight is 0) does not suffice, the bias is needed"),
        family="width",
        refuted_by="A critical point whose null embedding has a non-zero gradient.",
        checks=[
            Check(
                "rational-networks",
                evidence="exact",
                covers="instances",
                scope="two and three layers, biases p/q, planted points and others",
                run=check_null,
                instances=lambda context: places(instances.SHALLOW + instances.DEEP),
                distribution=PLANTED,
                parameters={"construct": null},
                examples={"quick": 25, "standard": 200, "full": 1000},
                controls=[
                    Control("incoming weights are arbitrary", construct=instances.with_incoming_weights),
                    Control("constant neuron with outgoing weights", construct=instances.with_outgoing_weights),
                ],
            ),
            Check(
                "undefined-activation",
                evidence="symbolic",
                covers="statement",
                scope=ANY_NETWORK,
                run=check_null_of_any,
                instances=symbolic,
                parameters={"map_of_gradients": lambda embedding: embedding.gradient_map},
                controls=[Control("zero because the weight is zero", map_of_gradients=forgotten_constant)],
            ),
            Check(
                "sigma-zero-at-zero",
                evidence="exact",
                covers="instances",
                scope="networks without biases and sigma(0) = 0",
                run=check_unbiased,
                instances=unbiased,
                parameters={"activation": "ratsig4"},
                controls=[Control("sigma(0) = 1", activation="lorentz")],
            ),
        ],
        probes=[Probe(drops="next bias", check="sigma-zero-at-zero", instances=unbiased, parameters={"activation": "lorentz"})],
    ),
    Claim(
        id="embedding.null.exact-condition",
        title="When a neuron without outgoing weights is critical",
        kind="extension",
        statement=r"v = 0:\quad \nabla R(T\theta) = 0 \iff \varphi_t(w, b) := E[e^{[l+1]}_t \sigma(w \cdot f^{[l-1]} + b)] = "
        r"0 \text{ for all } t",
        assumptions=[Assumption("critical", r"\nabla R(\theta) = 0")],
        source=Source("arXiv:2505.13582", "Proposition 4.2.1 for two layers; any depth: ours"),
        family="width",
        depends_on=["embedding.null.criticality"],
        refuted_by="A new derivative other than phi_t, or a point with phi = 0 that is not critical.",
        notes="The solutions w != 0 depend on the data; w = 0 and copies of existing neurons do not.",
        checks=[
            Check(
                "only-new-derivatives",
                evidence="exact",
                covers="instances",
                scope="two and three layers, all new incoming weights 3/7, bias p/q; the whole gradient",
                run=check_exact_condition,
                instances=lambda context: places(instances.SHALLOW + instances.DEEP),
                distribution=PLANTED,
                parameters={"moment": new_moment},
                examples={"quick": 15, "standard": 100, "full": 500},
                controls=[Control("always critical", moment=lambda *found: 0)],
            ),
            Check(
                "planted-zero",
                evidence="exact",
                covers="instances",
                scope="phi(w, b) = 0 planted besides criticality, w = 3/7",
                run=check_planted_zero,
                instances=lambda context: places(instances.SHALLOW),
                distribution=PLANTED,
                parameters={"imposed": True},
                examples={"quick": 10, "standard": 100, "full": 500},
                controls=[Control("not imposed", imposed=False)],
            ),
            Check(
                "roots-in-floats",
                evidence="property",
                covers="instances",
                scope="[1, 2, 1] tanh, w normal, b the first root of phi(w, b) between -4 and 4",
                run=check_root_in_floats,
                instances=lambda context: range(context.by_level(quick=20, standard=200, full=1000)),
                distribution="theta, inputs and w normal",
                tolerance=BACKWARD,
                parameters={"shift": 0.0},
                controls=[Control("off the root by 1e-3", shift=1e-3)],
            ),
        ],
    ),
    Claim(
        id="embedding.null.dead-relu",
        title="A ReLU neuron inactive on the data adds zeros only",
        kind="extension",
        statement=r"w \cdot f^{[l-1]}(x_i) + b < 0 \ \forall i \implies \text{critical for any outgoing weights, extra "
        r"inertia } (0, m_{l+1} + d_l, 0)",
        assumptions=[Assumption("inactive", r"\text{the new neuron is inactive on every sample}")],
        source=Source(JML, "remark on ReLU (count: ours)"),
        family="width",
        depends_on=["embedding.null.criticality"],
        refuted_by="A planted point whose Hessian gains a non-zero eigenvalue.",
        notes="Depends on the data: the outputs at other inputs may change.",
        checks=[
            Check(
                "rational-relu",
                evidence="exact",
                covers="instances",
                scope="two-layer ReLU networks off the kinks, exact inertia",
                run=check_dead_relu,
                instances=relu_places,
                distribution=PLANTED,
                parameters={"extra": all_parameters, "bias": -1000},
                examples={"quick": 12, "standard": 100, "full": 500},
                controls=[
                    Control("one zero only", extra=lambda outputs, inputs: 1),
                    Control("active on the data", bias=1000),
                ],
            ),
            Check(
                "relu-in-floats",
                evidence="property",
                covers="instances",
                scope="two-layer ReLU networks, float inertia with its gap",
                run=check_dead_relu_in_floats,
                instances=relu_in_floats,
                distribution="theta and inputs normal, three times as many samples as parameters",
                tolerance="eigenvalues within 64 P eps |lambda|_max are zero, within a thousand times that undecided",
                parameters={"extra": all_parameters, "bias": -1000.0},
                controls=[Control("one zero only", extra=lambda outputs, inputs: 1)],
            ),
        ],
        probes=[Probe(drops="inactive", instances=relu_places, parameters={"bias": 1000})],
    ),
]
