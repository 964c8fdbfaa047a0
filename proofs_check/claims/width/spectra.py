r"""Spectra of split points: equal splits, the smallest eigenvalue, and whether a strict minimum stays one.

Everything is read off the block [[0, B_s], [B_s^T, \alpha (1 - \alpha) S_s]] that a split adds (width_congruence, width_inertia).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Source
from proofs_check.claims._checks import agree, within
from proofs_check.claims.width._measures import as_floats, characteristic, hessians, inertia_of, inertias, matrices, spectra
from proofs_check.claims.width._places import (
    DEEP,
    DISTRIBUTION,
    FLOAT_INERTIA,
    ONE_OUTPUT,
    SECOND_ORDER,
    SHALLOW,
    exactly,
    in_floats,
    places,
)
from proofs_check.claims.width._points import at_float_point, definite_minimum, float_points
from theory.embedding import split
from theory.embedding.blocks import bordered, plus
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# --------------------------------------------------------------------------------- embedding.splitting.half-spectrum


def check_half_spectrum(place, *, alpha, context) -> Outcome:
    """Characteristic polynomials over the rationals: that of H_wide is the product of those of Sigma H_narrow and of the block."""
    place = place.at(alpha=alpha)
    data = place.data(2)
    B, S = place.matrices(data)
    scales = half_scales(place.model, place.layer, place.neuron)
    narrow, wide = hessians(split(*place.neuron_of()), place.theta, data)
    product = characteristic(scales[:, None] * narrow) * characteristic(bordered(B, S / 2))
    return agree(place, characteristic_polynomial=(str(product), str(characteristic(wide))))


def check_half_spectrum_in_floats(instance, *, alpha, context) -> Outcome:
    from numerics.hessian.inertias import float_tolerance

    model, theta, data = at_float_point(instance, context)
    B, S = matrices(model, theta, data)
    roots = np.sqrt(as_floats(half_scales(model, 1, 0)))
    narrow, wide = hessians(split(model, 1, 0, alpha), theta, data)
    parts = [roots[:, None] * narrow * roots, bordered(B, S / 2)]
    expected = np.sort(np.concatenate([np.linalg.eigvalsh(part) for part in parts]))
    observed = np.linalg.eigvalsh(wide)
    return within(instance, observed - expected, 2 * float_tolerance(observed), "difference of the spectra")


def half_scales(model: FullyConnected, layer: int, neuron: int) -> np.ndarray:
    """Sigma: 1/2 on the neuron's incoming parameters, 2 on its outgoing weights, 1 elsewhere; rationals."""
    from numerics.arithmetic.exact import rationals

    scales, lines = rationals(np.ones(model.n_params, dtype=int)), wiring(model, layer)
    scales[lines.incoming[neuron]] = rationals([Fraction(1, 2)])
    scales[lines.outgoing[neuron]] = rationals([2])
    return scales


# --------------------------------------------------------------------------------- embedding.splitting.min-eig-bound


def check_smallest_eigenvalue(place, *, factor, context) -> Outcome:
    """With q above an extreme eigenvalue of S (proved), the Hessian minus factor * q has a negative eigenvalue (proved).

    Where S = 0 the bound says that the Hessian is not positive definite.
    """
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import hessian

    data, embedding, kappa = place.data(2), split(*place.neuron_of()), factor(place.alpha)
    _, S = place.matrices(data)
    sign = 1 if kappa > 0 else -1
    extreme = Fraction(np.linalg.eigvalsh(sign * as_floats(S))[0])
    q = extreme + Fraction(1, 10**9) * max(1, abs(extreme))  # above the smallest eigenvalue of sign * S
    below = lambda matrix, value: inertia_of(rationals(matrix) - rationals([value])[0] * rationals(np.eye(len(matrix), dtype=int)))[0]
    if below(S * sign, q) == 0:
        return Outcome.inconclusive("the approximate extreme eigenvalue of S lies beyond its margin", cases=1)
    wide = hessian(embedding.wide, embedding(place.theta), data)
    return agree(place, negative=(True, below(wide, abs(kappa) * q) >= 1))


def places_with_a_bound(context):
    """Places with alpha neither 0 nor 1, where kappa = 0 and nothing is said."""
    from hypothesis import strategies as st

    fractions = st.builds(Fraction, st.integers(-18, 18), st.integers(1, 6)).filter(kappa)
    return places(SMALL_ANY, alphas=st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(-1), Fraction(2)]) | fractions)


def kappa(alpha):
    return alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2)


def check_smallest_eigenvalue_in_floats(instance, *, factor, context) -> Outcome:
    from numerics.critical.embedded import planted_batch
    from numerics.hessian.inertias import float_tolerance

    widths, alpha, replicate = instance
    model = FullyConnected(widths)
    theta, data = planted_batch(model, 20, context.rng(replicate))
    S = np.linalg.eigvalsh(matrices(model, theta, data)[1])
    _, wide = spectra(split(model, 1, 0, alpha), theta, data)
    value = float(factor(alpha))
    bound = value * (S[:, 0] if value > 0 else S[:, -1])
    return within(instance, np.maximum(wide[:, 0] - bound, 0), float_tolerance(wide)[:, 0], "smallest eigenvalue above its bound")


# ----------------------------------------------------------------------------- embedding.splitting.classification


def check_classification(instance, *, rule, context) -> Outcome:
    """A strict minimum with S_s = +-c I planted: exact inertia of the split for seven alphas."""
    widths, sign, replicate = instance
    place, data, narrow = definite_minimum(widths, sign, context.rng(replicate))
    size, inputs, observed, expected = place.model.n_params, widths[0] + 1, {}, {}
    for alpha in map(Fraction, (-1, 0, Fraction(1, 3), Fraction(1, 2), 1, Fraction(3, 2), 5)):
        _, observed[str(alpha)] = inertias(split(place.model, 1, 0, alpha), place.theta, data)
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
    from numerics.hessian.inertias import float_counts
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import plant

    widths, sign, replicate = instance
    rng, model, inputs = context.rng(replicate), FullyConnected(widths), widths[0] + 1
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (3 * model.n_params, widths[0]))
    found, c = trace(model, theta, x), 0.003
    rows = found.linear_rows(lambda cotangent: found.S(1, 0, cotangent))
    upper = np.triu(np.ones((inputs, inputs), dtype=bool)).ravel()  # S is symmetric: each entry once, so that the rows are independent
    data = plant(model, theta, x, size=c, seed=replicate, conditions=[(rows[upper], (sign * c * np.eye(inputs)).ravel()[upper])])
    narrow, inside = spectra(split(model, 1, 0, Fraction(1, 2)), theta, data)
    _, outside = spectra(split(model, 1, 0, Fraction(3, 2)), theta, data)
    counts = {}
    for name, values in (("narrow", narrow), ("inside", inside), ("outside", outside)):
        found_counts, doubtful = float_counts(values)
        if doubtful:
            return Outcome.inconclusive(f"an eigenvalue near the rounding level at {instance}", cases=1)
        counts[name] = tuple(map(int, found_counts))
    expected = {"inside": plus(counts["narrow"], rule(sign, inputs)), "outside": plus(counts["narrow"], rule(-sign, inputs))}
    return agree(instance, splits=(expected, {name: counts[name] for name in expected}))


# -------------------------------------------------------------------------------------------------------- the claims

#: Cheap enough for exact characteristic polynomials at points that are not critical.
SMALL_ANY = (*SHALLOW, *DEEP, (1, 2, 1, 2))
BOUND_ALPHAS = (Fraction(1, 2), Fraction(1, 5), Fraction(-1, 2), Fraction(3, 2))

CLAIMS = [
    Claim(
        id="embedding.splitting.half-spectrum",
        title="The spectrum at an equal split",
        kind="extension",
        statement=r"\operatorname{spec} H_{wide}(T^{1/2}\theta) = \operatorname{spec}(\Sigma^{1/2} H_{narrow} \Sigma^{1/2}) \cup "
        r"\operatorname{spec}\begin{pmatrix} 0 & B_s \\ B_s^\top & S_s/2 \end{pmatrix}",
        assumptions=[Assumption("half", r"\alpha = \tfrac12")],
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A point whose wide Hessian has another eigenvalue.",
        notes="Sigma is 1/2 on the incoming parameters of s, 2 on its outgoing weights, 1 elsewhere.",
        checks=[
            exactly(
                "characteristic-polynomials",
                check_half_spectrum,
                lambda context: places(),
                {"alpha": Fraction(1, 2)},
                [Control("alpha = 1/3", alpha=Fraction(1, 3))],
                scope="two to four layers, points that are not critical; equality of polynomials",
                distribution=DISTRIBUTION,
                examples={"quick": 15, "standard": 200, "full": 1000},
            ),
            in_floats(
                "tanh-in-floats",
                check_half_spectrum_in_floats,
                float_points,
                {"alpha": Fraction(1, 2)},
                [Control("alpha = 1/3", alpha=Fraction(1, 3))],
                scope="tanh networks of two and three layers",
                distribution="theta normal of deviation 1.2, inputs 1.3, targets 1",
                tolerance="128 P eps |lambda|_max (Weyl, Sigma of norm 2)",
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.min-eig-bound",
        title="How negative the smallest eigenvalue must be",
        kind="extension",
        relation="upper",
        statement=r"\kappa = \frac{\alpha(1-\alpha)}{\alpha^2 + (1-\alpha)^2}:\quad \lambda_{\min}(H_{wide}) \le \kappa "
        r"\lambda_{\min}(S_s) \text{ if } \kappa > 0,\quad "
        r"\le \kappa \lambda_{\max}(S_s) \text{ if } \kappa < 0",
        source=SECOND_ORDER,
        depends_on=["embedding.splitting.congruence"],
        refuted_by="A point whose smallest eigenvalue lies above the bound.",
        checks=[
            exactly(
                "rational-shifts",
                check_smallest_eigenvalue,
                places_with_a_bound,
                {"factor": kappa},
                [Control("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))],
                scope="two to four layers, points that are not critical, shifts within 1e-9 of the bound",
                distribution=DISTRIBUTION.replace("or 0, 1, 1/2", "neither 0 nor 1"),
                examples={"quick": 40, "standard": 300, "full": 2000},  # on an edge S_s is often 0
            ),
            in_floats(
                "tanh-in-floats",
                check_smallest_eigenvalue_in_floats,
                lambda context: [(w, a, k) for k, (w, a) in enumerate((w, a) for w in ((2, 2, 1), (2, 2, 2)) for a in BOUND_ALPHAS)],
                {"factor": kappa},
                [Control("ten times as negative", factor=lambda alpha: 10 * kappa(alpha))],
                scope="planted tanh networks, batches of 20",
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance="64 P eps |lambda|_max (Weyl)",
            ),
        ],
    ),
    Claim(
        id="embedding.splitting.classification",
        title="Minimum, degenerate point or saddle: the split of a strict minimum",
        kind="extension",
        statement=r"H_{narrow} \succ 0:\ S_s \succ 0 \implies (0, M + d_l, ...)\ \text{local minimum for } 0 < \alpha < 1,\ "
        r"\text{strict saddle with } d_l "
        r"\text{ negative eigenvalues outside } [0, 1];\ S_s \prec 0 \text{ exchanges the two}",
        assumptions=[ONE_OUTPUT, Assumption("strict minimum", r"H_{narrow} \succ 0")],
        source=Source("doi:10.1016/S0893-6080(00)00009-5", "Fukumizu and Amari (2000), Theorem 3 for two layers; exact counts are ours"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="A strict minimum with definite S_s whose split has other counts.",
        notes="At alpha in {0, 1} the Hessian is semidefinite with kernel of dimension 1 + d_l, and strict saddles of equal "
        "loss are arbitrarily near.",
        checks=[
            exactly(
                "planted-definite",
                check_classification,
                definite_cases,
                {"rule": definite_rule},
                [
                    Control("always a saddle", rule=lambda product, inputs: (inputs, 1, 0)),
                    Control("always a minimum", rule=lambda product, inputs: (0, 1, inputs)),
                ],
                scope="S_s = +-c I planted at strict minima of three two-layer networks, seven alphas",
                distribution="weights +-1/2 .. +-2; c the first of 1e-1, 1e-3, 1e-5 that gives a strict minimum",
            ),
            in_floats(
                "planted-tanh",
                check_classification_in_floats,
                lambda context: [
                    (w, sign, k)
                    for k in range(context.by_level(quick=3, standard=20, full=100))
                    for w in ((1, 2, 1), (2, 2, 1))
                    for sign in (1, -1)
                ],
                {"rule": definite_rule},
                [Control("always a saddle", rule=lambda product, inputs: (inputs, 1, 0))],
                scope="tanh networks with S_s = +-c I, one alpha inside and one outside [0, 1]",
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance=FLOAT_INERTIA.replace("decided in balls", "inconclusive"),
            ),
        ],
    ),
]
