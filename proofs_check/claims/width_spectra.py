r"""Spectra of split points: equal splits, the smallest eigenvalue, minimum or saddle, and activations that allow no minimum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Control, Outcome, Source
from proofs_check.claims import _width as instances
from proofs_check.claims._width import (
    CRITICAL,
    DISTRIBUTION,
    FLOAT_INERTIA,
    ONE_OUTPUT,
    PLANTED,
    agree,
    inertia_of,
    matrices,
    places,
    some_place,
    within,
)
from proofs_check.claims.width_second_order import family, float_points
from theory.embedding import split
from theory.embedding.blocks import bordered, plus
from theory.models import FullyConnected

# ----------------------------------------------------------------------------------------------------------- spectra


def check_half_spectrum(place, *, alpha, context) -> Outcome:
    """Characteristic polynomials over the rationals: that of H_wide is the product of those of Sigma H_narrow and of the block."""
    from numerics.hessian import hessian

    place = place.at(alpha=alpha)
    data, embedding = place.data(2), split(*place.neuron_of())
    B, S = matrices(place, data)
    scales = instances.half_scales(place.model, place.layer, place.neuron)
    narrow = hessian(place.model, place.theta, data)
    wide = hessian(embedding.wide, embedding(place.theta), data)
    product = instances.characteristic(scales[:, None] * narrow) * instances.characteristic(bordered(B, S / 2))
    return agree(place, characteristic_polynomial=(str(product), str(instances.characteristic(wide))))


def check_half_spectrum_in_floats(instance, *, alpha, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of

    widths, _, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, data = rng.normal(0, 1.2, model.n_params), (rng.normal(0, 1.3, (8, widths[0])), rng.normal(size=(8, widths[-1])))
    B, S = neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)
    roots = np.sqrt(instances.as_floats(instances.half_scales(model, 1, 0)))
    embedding = split(model, 1, 0, alpha)
    parts = [roots[:, None] * hessian(model, theta, data) * roots, bordered(B, S / 2)]
    expected = np.sort(np.concatenate([np.linalg.eigvalsh(part) for part in parts]))
    observed = np.linalg.eigvalsh(hessian(embedding.wide, embedding(theta), data))
    tolerance = 64 * len(observed) * np.finfo(float).eps * 2 * np.abs(observed).max()
    return within(instance, observed - expected, tolerance, "difference of the spectra")


def check_smallest_eigenvalue(place, *, factor, context) -> Outcome:
    """With q above an extreme eigenvalue of S (proved), the Hessian minus factor * q has a negative eigenvalue (proved)."""
    from numerics.exact import rationals
    from numerics.hessian import hessian

    data, embedding, alpha = place.data(2), split(*place.neuron_of()), place.alpha
    _, S = matrices(place, data)
    kappa = factor(alpha)
    if kappa == 0 or not S.any():
        return Outcome.skipped("kappa = 0 or S = 0: the bound says nothing")
    sign = 1 if kappa > 0 else -1
    values = np.linalg.eigvalsh(np.array([[float(Fraction(int(v.p), int(v.q))) for v in row] for row in S]))
    extreme = Fraction(sign * values.min() if sign > 0 else values.max()) * sign if sign > 0 else -Fraction(values.max())
    q = extreme + Fraction(1, 10**9) * max(1, abs(extreme))  # above the smallest eigenvalue of sign * S
    below = lambda matrix, value: inertia_of(rationals(matrix) - rationals([value])[0] * rationals(np.eye(len(matrix), dtype=int)))[0]
    if below(S * sign, q) == 0:
        return Outcome.inconclusive("the approximate extreme eigenvalue of S lies beyond its margin", cases=1)
    wide = hessian(embedding.wide, embedding(place.theta), data)
    return agree(place, negative=(True, below(wide, abs(kappa) * q) >= 1))


def kappa(alpha):
    return alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2)


def check_smallest_eigenvalue_in_floats(instance, *, factor, context) -> Outcome:
    from numerics.embedded import planted_batch
    from numerics.hessian import hessian
    from numerics.layers import trace
    from numerics.planting import cotangent_of

    widths, alpha, replicate = instance
    model, embedding = FullyConnected(widths), split(FullyConnected(widths), 1, 0, alpha)
    theta, data = planted_batch(model, 20, context.rng(replicate))
    S = np.linalg.eigvalsh(trace(model, theta, data[0]).S(1, 0, cotangent_of(model, theta, data)))
    wide = np.linalg.eigvalsh(hessian(embedding.wide, embedding(theta), data))
    value = float(factor(alpha))
    bound = value * (S[:, 0] if value > 0 else S[:, -1])
    tolerance = 64 * wide.shape[-1] * np.finfo(float).eps * np.abs(wide).max(axis=-1)
    return within(instance, np.maximum(wide[:, 0] - bound, 0), tolerance, "smallest eigenvalue above its bound")


# ---------------------------------------------------------------------------------------------------- classification


def check_classification(instance, *, rule, context) -> Outcome:
    """A strict minimum with S_s = +-c I planted: exact inertia of the split for seven alphas."""
    from numerics.hessian import hessian

    widths, sign, replicate = instance
    place, data, narrow = instances.definite_minimum(widths, sign, context.rng(replicate))
    size, inputs, observed, expected = place.model.n_params, widths[0] + 1, {}, {}
    for alpha in map(Fraction, (-1, 0, Fraction(1, 3), Fraction(1, 2), 1, Fraction(3, 2), 5)):
        embedding = split(place.model, 1, 0, alpha)
        observed[str(alpha)] = inertia_of(hessian(embedding.wide, embedding(place.theta), data))
        expected[str(alpha)] = plus((0, 0, size), rule(sign * alpha * (1 - alpha), inputs))
    return agree(instance, narrow=((0, 0, size), narrow), splits=(expected, observed))


def definite_rule(product, inputs):
    """What S = +-c I adds: minimum, degenerate, or saddle with d_l negative directions."""
    return (0, 1, inputs) if product > 0 else (inputs, 1, 0) if product < 0 else (0, 1 + inputs, 0)


def definite_cases(context):
    count = context.by_level(quick=1, standard=5, full=20)
    return [(widths, sign, 10 * k) for k, widths in enumerate([(1, 1, 1), (2, 1, 1), (1, 2, 1)] * count) for sign in (1, -1)]


def check_classification_in_floats(instance, *, rule, context) -> Outcome:
    """The same for tanh in floats, S_s = +-c I imposed by rows, c = 0.003 so that the narrow Hessian stays near J^T J."""
    from numerics.hessian import hessian
    from numerics.inertia import float_counts
    from numerics.layers import trace
    from numerics.planting import plant

    widths, sign, replicate = instance
    rng, model, inputs = context.rng(replicate), FullyConnected(widths), widths[0] + 1
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (3 * model.n_params, widths[0]))
    found, c = trace(model, theta, x), 0.003
    rows = found.linear_rows(lambda cotangent: found.S(1, 0, cotangent))
    upper = np.triu(np.ones((inputs, inputs), dtype=bool)).ravel()  # S is symmetric: each entry once, so that the rows are independent
    data = plant(model, theta, x, size=c, seed=replicate, conditions=[(rows[upper], (sign * c * np.eye(inputs)).ravel()[upper])])
    counts = {}
    for name, alpha in (("narrow", None), ("inside", Fraction(1, 2)), ("outside", Fraction(3, 2))):
        embedding = None if alpha is None else split(model, 1, 0, alpha)
        matrix = hessian(model, theta, data) if alpha is None else hessian(embedding.wide, embedding(theta), data)
        found_counts, doubtful = float_counts(np.linalg.eigvalsh(matrix))
        if doubtful:
            return Outcome.inconclusive(f"an eigenvalue near the rounding level at {instance}", cases=1)
        counts[name] = tuple(map(int, found_counts))
    expected = {"inside": plus(counts["narrow"], rule(sign, inputs)), "outside": plus(counts["narrow"], rule(-sign, inputs))}
    return agree(instance, splits=(expected, {name: counts[name] for name in expected}))


# ----------------------------------------------------------------------------------------------- the ODE obstruction

#: activation -> (c0, c2, b1 as a function of z, b0): (c0 + c2 z^2) sigma'' + b1 sigma' + b0 sigma = 0.
EQUATIONS = {
    "ratsig": (1, 1, lambda z: 4 * z, 2),
    "lorentz": (1, 1, lambda z: 4 * z, 2),
    "sin": (1, 0, lambda z: 0 * z, 1),
    "exp": (1, 0, lambda z: 0 * z, -1),
    "gaussian": (1, 0, lambda z: z, 1),
}


def check_equation(name, *, equations, context) -> Outcome:
    """The linear differential equation of the activation, by its own derivatives in a polynomial normal form."""
    import sympy

    c0, c2, b1, b0 = equations[name]
    z = sympy.Symbol("z")
    value, slope, curvature = (sympy.sympify(term[0]) for term in instances.activation_named(name).jet(np.array([z], dtype=object), 2))
    left = (c0 + c2 * z**2) * curvature + b1(z) * slope + b0 * value
    return agree(name, left_side=(0, sympy.cancel(sympy.together(sympy.expand(left)))))


def check_obstruction(instance, *, activation, context) -> Outcome:
    """tr(S Q) = 0 at a planted critical point with one output, Q = c0 e e^T + c2 w w^T positive semidefinite: S is not definite."""
    name, widths, replicate = instance
    place = some_place(widths, context.rng(replicate), activation=activation or name)
    _, S = matrices(place, place.planted())
    c0, c2 = EQUATIONS[name][:2]
    w = place.theta[instances.incoming(place)]
    trace = c0 * S[-1, -1] + c2 * (w @ S @ w)
    negative, _, positive = inertia_of(S)
    return agree(instance, trace=(0 * trace, trace), definite=(False, len(S) in (negative, positive)))


def rational_obstructions(context):
    count = context.by_level(quick=2, standard=10, full=50)
    return [(name, widths, k) for k in range(count) for name in ("ratsig", "lorentz") for widths in ((1, 1, 1), (2, 1, 1), (1, 2, 1))]


def check_obstruction_in_floats(instance, *, activation, context) -> Outcome:
    from numerics.layers import neuron_matrices
    from numerics.planting import cotangent_of, plant

    name, widths, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths, instances.activation_named(activation or name))
    theta, x = rng.normal(0, 0.7, model.n_params), rng.normal(0, 0.7, (2 * model.n_params, widths[0]))
    data = plant(model, theta, x, size=1, seed=replicate)
    _, S = neuron_matrices(model, theta, x, cotangent_of(model, theta, data), 1, 0)
    c0, c2 = EQUATIONS[name][:2]
    w = np.append(model.unpack(theta)["W1"][0], model.unpack(theta)["b1"][0])
    magnitude = (1 + w @ w) * np.abs(theta).max() * np.abs(model.activation.jet(x @ w[:-1] + w[-1], 2)).max() * (1 + np.abs(x).max() ** 2)
    tolerance = 64 * (len(x) + len(w)) * np.finfo(float).eps * magnitude * 10  # the planted gradient keeps a few roundings of |c| = 1
    return within(instance, c0 * S[-1, -1] + c2 * (w @ S @ w), tolerance, "tr(S Q)")


def float_obstructions(context):
    count = context.by_level(quick=2, standard=10, full=50)
    return [(name, widths, k) for k in range(count) for name in EQUATIONS for widths in ((1, 1, 1), (2, 2, 1))]


# -------------------------------------------------------------------------------------------------------- the claims

#: Cheap enough for exact characteristic polynomials at points that are not critical.
SMALL_ANY = (*instances.SHALLOW, *instances.DEEP, (1, 2, 1, 2))
BOUND_ALPHAS = (Fraction(1, 2), Fraction(1, 5), Fraction(-1, 2), Fraction(3, 2))


CLAIMS = [
    family(
        "embedding.splitting.half-spectrum",
        "The spectrum at an equal split",
        r"\operatorname{spec} H_{wide}(T^{1/2}\theta) = \operatorname{spec}(\Sigma^{1/2} H_{narrow} \Sigma^{1/2}) \cup "
        r"\operatorname{spec}\begin{pmatrix} 0 & B_s \\ B_s^\top & S_s/2 \end{pmatrix}",
        [
            Check(
                "characteristic-polynomials",
                evidence="exact",
                covers="instances",
                scope="two to four layers, points that are not critical; equality of polynomials",
                run=check_half_spectrum,
                instances=lambda context: places(),
                distribution=DISTRIBUTION,
                parameters={"alpha": Fraction(1, 2)},
                controls=[Control("alpha = 1/3", alpha=Fraction(1, 3))],
                examples={"quick": 15, "standard": 200, "full": 1000},
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="tanh networks of two and three layers",
                run=check_half_spectrum_in_floats,
                instances=float_points,
                distribution="theta normal of deviation 1.2, inputs 1.3, targets 1",
                tolerance="128 P eps |lambda|_max (Weyl, Sigma of norm 2)",
                parameters={"alpha": Fraction(1, 2)},
                controls=[Control("alpha = 1/3", alpha=Fraction(1, 3))],
            ),
        ],
        assumptions=[Assumption("half", r"\alpha = \tfrac12")],
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A point whose wide Hessian has another eigenvalue.",
        notes="Sigma is 1/2 on the incoming parameters of s, 2 on its outgoing weights, 1 elsewhere.",
    ),
    family(
        "embedding.splitting.min-eig-bound",
        "How negative the smallest eigenvalue must be",
        r"\kappa = \frac{\alpha(1-\alpha)}{\alpha^2 + (1-\alpha)^2}:\quad \lambda_{\min}(H_{wide}) \le \kappa "
        r"\lambda_{\min}(S_s) \text{ if } \kappa > 0,\quad "
        r"\le \kappa \lambda_{\max}(S_s) \text{ if } \kappa < 0",
        [
            Check(
                "rational-shifts",
                evidence="exact",
                covers="instances",
                scope="two to four layers, points that are not critical, shifts within 1e-9 of the bound",
                run=check_smallest_eigenvalue,
                instances=lambda context: places(SMALL_ANY),
                distribution=DISTRIBUTION,
                parameters={"factor": kappa},
                controls=[Control("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))],
                examples={"quick": 15, "standard": 200, "full": 1000},
            ),
            Check(
                "tanh-in-floats",
                evidence="property",
                covers="instances",
                scope="planted tanh networks, batches of 20",
                run=check_smallest_eigenvalue_in_floats,
                instances=lambda context: [
                    (w, a, k) for k, (w, a) in enumerate((w, a) for w in ((2, 2, 1), (2, 2, 2)) for a in BOUND_ALPHAS)
                ],
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance="64 P eps |lambda|_max (Weyl)",
                parameters={"factor": kappa},
                controls=[Control("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))],
            ),
        ],
        relation="upper",
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A point whose smallest eigenvalue lies above the bound.",
    ),
    family(
        "embedding.splitting.classification",
        "Minimum, degenerate point or saddle: the split of a strict minimum",
        r"H_{narrow} \succ 0:\ S_s \succ 0 \implies (0, M + d_l, ...)\ \text{local minimum for } 0 < \alpha < 1,\ "
        r"\text{strict saddle with } d_l "
        r"\text{ negative eigenvalues outside } [0, 1];\ S_s \prec 0 \text{ exchanges the two}",
        [
            Check(
                "planted-definite",
                evidence="exact",
                covers="instances",
                scope="S_s = +-c I planted at strict minima of three two-layer networks, seven alphas",
                run=check_classification,
                instances=definite_cases,
                distribution="weights +-1/2 .. +-2; c the first of 1e-1, 1e-3, 1e-5 that gives a strict minimum",
                parameters={"rule": definite_rule},
                controls=[
                    Control("always a saddle", rule=lambda product, inputs: (inputs, 1, 0)),
                    Control("always a minimum", rule=lambda product, inputs: (0, 1, inputs)),
                ],
            ),
            Check(
                "planted-tanh",
                evidence="property",
                covers="instances",
                scope="tanh networks with S_s = +-c I, one alpha inside and one outside [0, 1]",
                run=check_classification_in_floats,
                instances=lambda context: [
                    (w, sign, k)
                    for k in range(context.by_level(quick=3, standard=20, full=100))
                    for w in ((1, 2, 1), (2, 2, 1))
                    for sign in (1, -1)
                ],
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance=FLOAT_INERTIA.replace("decided in balls", "inconclusive"),
                parameters={"rule": definite_rule},
                controls=[Control("always a saddle", rule=lambda product, inputs: (inputs, 1, 0))],
            ),
        ],
        source=Source("doi:10.1016/S0893-6080(00)00009-5", "Fukumizu and Amari (2000), Theorem 3 for two layers; exact counts are ours"),
        assumptions=[ONE_OUTPUT, Assumption("strict minimum", r"H_{narrow} \succ 0")],
        depends_on=["embedding.splitting.inertia"],
        refuted_by="A strict minimum with definite S_s whose split has other counts.",
        notes="At alpha in {0, 1} the Hessian is semidefinite with kernel of dimension 1 + d_l, and strict saddles of equal "
        "loss are arbitrarily near.",
    ),
    family(
        "embedding.splitting.ode-obstruction",
        "Activations for which the split of a minimum is never a minimum",
        r"(c_0 + c_2 z^2) \sigma'' + b_1(z) \sigma' + b_0 \sigma + k = 0 \implies \operatorname{tr}(S_s Q) = 0,\quad "
        r"Q = c_0 e e^\top + c_2 \tilde w \tilde w^\top \succeq 0:\ S_s \text{ is not definite}",
        [
            Check(
                "equations",
                evidence="symbolic",
                covers="instances",
                scope="z / (1 + z^2), 1 / (1 + z^2), sin, exp, exp(-z^2 / 2): rational functions, polynomials in sin, cos and exp",
                run=check_equation,
                instances=lambda context: list(EQUATIONS),
                parameters={"equations": EQUATIONS},
                controls=[Control("b0 = 3", equations={name: (*law[:3], 3) for name, law in EQUATIONS.items()})],
            ),
            Check(
                "planted-rational",
                evidence="exact",
                covers="instances",
                scope="z / (1 + z^2) and 1 / (1 + z^2), two-layer networks with biases and one output",
                run=check_obstruction,
                instances=rational_obstructions,
                distribution=PLANTED,
                parameters={"activation": None},
                controls=[Control("z / (1 + z^4)", activation="ratsig4")],
            ),
            Check(
                "planted-in-floats",
                evidence="property",
                covers="instances",
                scope="all five activations",
                run=check_obstruction_in_floats,
                instances=float_obstructions,
                distribution="theta and inputs normal of deviation 0.7",
                tolerance="640 (n + d) eps times the sizes that enter the sum",
                parameters={"activation": None},
                controls=[Control("tanh", activation="tanh")],
            ),
        ],
        assumptions=[CRITICAL, ONE_OUTPUT, Assumption("biases", r"\text{layer } l \text{ and } l+1 \text{ have biases}")],
        depends_on=["embedding.splitting.classification"],
        refuted_by="A critical point of such a network with tr(S Q) other than 0.",
        notes="tanh, sigmoid, softplus and z / (1 + z^4) are free of it: that is why the last one serves as the exact activation here.",
    ),
]
