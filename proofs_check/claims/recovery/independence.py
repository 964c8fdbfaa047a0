r"""Neurons of distinct weights are linearly independent: as functions, and with their slopes on almost all inputs."""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source, draws
from proofs_check.claims.recovery._points import (
    FLOAT_GAP,
    GENERIC,
    INPUTS,
    PAPER,
    RANKED,
    SIGMA,
    compare_rank,
    float_tangent_rank,
    inputs,
    tangent_rank,
)
from theory.activations import Reflection, activation
from theory.models import TwoLayer
from theory.recovery import random_target
from theory.recovery.genericity import exponential_minus_identity, is_generic, shifted

REFLECTED = ("tanh", "sigmoid", "softplus", "gelu", "silu", "erf", "atan", "sin", "lorentz", "ratsig")


def check_independence(instance, *, criterion, context) -> Outcome:
    """Certified rank of sigma(+-w_1 x), ..., sigma(+-w_(d+1) x) against the criterion (output weights 0 leave no other tangents).

    Softplus, GELU and SiLU lose one dimension only when there are more pairs than inputs: each pair gives a linear function.
    """
    from numerics.rank import empirical_rank

    sigma, d, replicate = instance
    rng, neurons = context.rng(replicate), 2 * (d + 1)
    half = random_target(d + 1, d, rng).weights
    model = TwoLayer(d, neurons, activation=sigma)
    theta = model.pack(input_weights=np.vstack([half, -half]), output_weights=np.zeros((1, neurons)))
    found = empirical_rank(model, theta, inputs(rng, neurons + 5, d))
    if found.lower < neurons == found.upper:
        return Outcome.inconclusive(f"rank of {neurons} neurons of {sigma!r} between {found.lower} and {neurons}", cases=1)
    return Outcome.equal(criterion(sigma), found.lower == neurons, activation=model.activation.name, weights=half)


def activations_in_pairs(context):
    """Every activation as it is and moved by 1/2."""
    names = (*REFLECTED, "exp")
    shift = [shifted(name) for name in names]
    return [(sigma, d, k) for k, sigma in enumerate([*names, *shift]) for d in (1, 2)]


#: Rank of sigma(+-wx), sigma(+-vx), and of these together with x sigma'(+-wx), x sigma'(+-vx).
PAIR_RANKS = {"tanh": (2, 4), "sigmoid": (3, 5), "softplus": (3, 5), "gelu": (3, 5), "exp": (4, 8)}


def check_pair_ranks(name, *, ranks, context) -> Outcome:
    from numerics.rank import model_rank

    model, weights = TwoLayer(1, 4, activation=name), np.array([[0.75], [-0.75], [1.625], [-1.625]])
    theta = lambda a: model.pack(input_weights=weights, output_weights=np.full((1, 4), a))
    found = tuple(model_rank(model, theta(a)) for a in (0.0, 1.0))
    if None in (observed := tuple(rank.rank for rank in found)):
        return Outcome.inconclusive(f"{name}: {found[0]}, {found[1]}", cases=1)
    return Outcome.equal(ranks[name], observed, activation=name, weights=weights)


def check_taylor(sigma, *, criterion, context) -> Outcome:
    """Coefficients of order 2 to 7 at 0 as balls: both parities survive exactly for generic activations."""
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision

    with working_precision(128):
        jet = activation(sigma).jet(np.array([arb(0)], dtype=object), 7)
    alive = [bool(abs(value[0]) > 0) for value in jet]
    observed = alive[0] and any(alive[2::2]) and any(alive[3::2])
    return Outcome.equal(criterion(sigma), observed, activation=str(sigma), nonzero=[k for k, c in enumerate(alive) if c])


def check_reflection(name, *, reflection, context) -> Outcome:
    """sigma(-z) - p sigma(z) - c - s z is 0 at 0 and has derivative 0, a rational function of e^z (and of z, erf)."""
    import sympy

    z, p = sympy.Symbol("z", real=True), reflection(name)
    sigma = lambda argument: activation(name)(np.array([argument], dtype=object))[0]
    difference = sigma(-z) - p.parity * sigma(z) - p.constant - sympy.Rational(p.slope.numerator, p.slope.denominator) * z
    slope = sympy.cancel(sympy.together(difference.diff(z).rewrite(sympy.exp).replace(sympy.exp, _power_of("t", z))))
    start = sympy.expand(sigma(sympy.S.Zero) * (1 - p.parity) - p.constant)
    if slope == 0 and start == 0:
        return Outcome.holds()
    return Outcome.fails(
        f"the identity of {name} leaves {start} at 0, slope {slope}", counterexample={"activation": name, "slope": str(slope)}
    )


def _power_of(symbol, z):
    """exp(k z) -> t^k; other exponentials stay."""
    import sympy

    t = sympy.Symbol(symbol, positive=True)
    return lambda argument: t ** (argument / z) if (argument / z).is_Integer else sympy.exp(argument, evaluate=False)


def full_rank(n, k, d):
    return min(n, k * (d + 1))


def check_separating_inputs(instance, *, formula, context) -> Outcome:
    """Rank of [sigma(w_k x_i), sigma'(w_k x_i) x_i^T] for distinct weights, in an exact field."""
    sigma, weights, x = instance
    found = tangent_rank(sigma, of_unit_outputs(weights), x)
    return compare_rank(formula(len(x), *weights.shape), found, activation=activation(sigma).name, weights=weights, x=x)


def of_unit_outputs(weights):
    """theta of neurons with the given input weights (k, d) and output weights 1."""
    return np.append(weights, np.ones(len(weights)))


def distinct_rows(rng, k, d):
    """Weights (k, d) that are distinct and not 0, opposite, parallel and dependent ones among them."""
    while True:
        weights = draws.rows(rng, k, d)
        if weights.any(axis=1).all() and len(set(map(tuple, weights.tolist()))) == k:
            return weights / 4


def distinct_weights(context):
    for replicate in range(context.by_level(quick=6, standard=30, full=150)):
        rng = context.rng(replicate)
        for sigma in RANKED[:3]:
            k, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
            R = k * (d + 1)
            weights = distinct_rows(rng, k, d)
            for n in sorted({1, R - 1, R, R + 2}):
                yield sigma, weights, inputs(rng, n, d)


def check_separating_in_floats(instance, *, formula, context) -> Outcome:
    k, d, n, replicate = instance
    rng = context.rng(replicate)
    weights, x = random_target(k, d, rng).weights, inputs(rng, n, d)
    return compare_rank(formula(n, k, d), float_tangent_rank(SIGMA, of_unit_outputs(weights), x), weights=weights, x=x)


def small_shapes(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 10), st.integers(0, 2**20))


def with_zero_weight(context):
    """sigma = e^z - z has sigma'(0) = 0: rank 1 of 2 with the weight 0."""
    return [(exponential_minus_identity(), np.zeros((1, 1)), inputs(context.rng(), 2, 1))]


def with_repeated_inputs(context):
    rng = context.rng()
    return [(SIGMA, random_target(2, 1, rng).weights, np.repeat(inputs(rng, 2, 1), 2, axis=0))]


def with_opposite_weights(context):
    return [("tanh", np.array([[0.75], [-0.75]]), inputs(context.rng(), 4, 1))]


CLAIMS = [
    Claim(
        id="recovery.lemma.LI0",
        title="Neurons of distinct weights are independent exactly for generic activations",
        statement=r"\sigma \text{ generic} \iff \sigma(w_1 \cdot x), \dots, \sigma(w_k \cdot x) "
        r"\text{ are linearly independent for all distinct } w_j",
        assumptions=[Assumption("analytic", r"\sigma \text{ analytic and not a polynomial}")],
        source=Source(PAPER, "Cor. 3.1, Remark 3.1"),
        checks=[
            Check(
                "opposite-weights",
                "certified",
                "instances",
                "eleven activations and their shifts by 1/2, d + 1 pairs of opposite weights, d = 1, 2",
                check_independence,
                activations_in_pairs,
                parameters={"criterion": is_generic},
                controls=[
                    Control("distinct weights always suffice", criterion=lambda sigma: True),
                    Control("only unsaturated activations", criterion=lambda sigma: sigma == "exp"),
                ],
            ),
            Check(
                "ranks-of-pairs",
                "certified",
                "instances",
                "ranks of four neurons, without and with their slopes",
                check_pair_ranks,
                lambda context: list(PAIR_RANKS),
                parameters={"ranks": PAIR_RANKS},
                controls=[Control("sigmoid as tanh", ranks=PAIR_RANKS | {"sigmoid": (2, 4)})],
            ),
            Check(
                "taylor-coefficients",
                "certified",
                "instances",
                "coefficients of order 0 and 2 to 7",
                check_taylor,
                lambda context: [sigma for sigma, d, _ in activations_in_pairs(context) if d == 1],
                parameters={"criterion": is_generic},
                controls=[Control("all are generic", criterion=lambda sigma: True)],
            ),
            Check(
                "reflection-identities",
                "symbolic",
                "instances",
                "the identities that break the assumption, for all z",
                check_reflection,
                lambda context: REFLECTED,
                parameters={"reflection": lambda name: activation(name).reflection},
                controls=[Control("all odd", reflection=lambda name: Reflection(-1))],
            ),
        ],
        refuted_by="four neurons of a generic activation with dependent outputs, or independent ones for an activation with a reflection",
    ),
    Claim(
        id="recovery.lemma.LI1",
        title="Almost all inputs separate neurons and their slopes",
        statement=r"\operatorname{rank}\,[\sigma(w_k \cdot x_i), \sigma'(w_k \cdot x_i)\, x_i^{\mathsf T}]_{i \le n,\, k \le r} "
        r"= \min(n, (d+1)\, r)",
        assumptions=[GENERIC, INPUTS, Assumption("moving at zero", r"\sigma'(0) \ne 0 \text{ or all } w_k \ne 0")],
        source=Source(PAPER, "Cor. 3.2, Def. 3.1, Lemma 3.4"),
        depends_on=["recovery.lemma.LI0"],
        checks=[
            Check(
                "exact-field",
                "exact",
                "instances",
                "r, d <= 3, n around (d+1) r; weights and inputs dyadic normal",
                check_separating_inputs,
                distinct_weights,
                parameters={"formula": full_rank},
                controls=[
                    Control("slopes alone", formula=lambda n, k, d: min(n, k * d)),
                    Control("values alone", formula=lambda n, k, d: min(n, k)),
                ],
            ),
            Check(
                "floats",
                "property",
                "instances",
                "tanh(z + 1/2); r <= 2, d <= 3, n <= 10",
                check_separating_in_floats,
                small_shapes,
                parameters={"formula": full_rank},
                controls=[Control("slopes alone", formula=lambda n, k, d: min(n, k * d))],
                tolerance=FLOAT_GAP,
            ),
        ],
        probes=[
            Probe("moving at zero", with_zero_weight),
            Probe("generic inputs", with_repeated_inputs),
            Probe("generic activation", with_opposite_weights),
        ],
    ),
]
