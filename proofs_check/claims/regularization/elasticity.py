r"""The elasticity h(z) = z sigma'(z)/sigma(z) of an activation: whether nearby solution curves meet twice turns on the sign of h'.

Softplus, whose elasticity increases, is the activation for which no two-point overlap of one neuron with one input is known.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._words import LIMITATION, OWN, all_vanish, one
from theory.expressions import activation_of
from theory.regularization.constructions import SOFTSIGN_SIGMOID


def check_elasticity_identity(instance, *, sign, context) -> Outcome:
    """The published condition 1/w - x (s'/s - s''/s'), s = 1/sigma, is h'(z) sigma/sigma'/w with z = x w."""
    import sympy as sp

    z, w, v, d, c = sp.symbols("z w v d c")  # v, d, c: sigma, sigma', sigma''
    s, s1, s2 = 1 / v, -d / v**2, (2 * d**2 / v - c) / v**2
    x = z / w
    printed = 1 / w - x * (s1 / s - s2 / s1) * sign
    h_slope = d / v + z * (c / v - d**2 / v**2)
    return all_vanish({"condition": sp.cancel(printed - h_slope * v / d / w)})


EXTREMA = [
    ("sigmoid", "1.278464542761"),
    ("silu", "1.278464542761"),
    ("gelu", "0.839923675692"),
    (SOFTSIGN_SIGMOID, "1.41421356237309"),
    ("exp(atan(z))", "1"),
]


def check_extremum(instance, *, shift, context) -> Outcome:
    """A Krawczyk box of the zero of h' at the stated place."""
    from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
    from numerics.derivatives.dual import jet

    formula, place = instance
    sigma = activation_of(formula)

    def rise(z):
        value, slope, curvature = jet(sigma, z[0], 2)
        return [value * slope + z[0] * (value * curvature - slope * slope)]

    def change(z):
        value, slope, curvature, third = jet(sigma, z[0], 3)
        return np.array([[2 * value * curvature + z[0] * (value * third - slope * curvature)]], dtype=object)

    with working_precision(160):
        try:
            box = certify_zero(rise, [float(place)], jacobian=change)
        except NotCertified as error:
            return Outcome.inconclusive(str(error))
        off = abs(box.enclosure[0] - (ball(place) + ball(shift)))
        if off > 1e-11:
            return Outcome.fails(
                f"the extremum lies at {box.enclosure[0].str(15)}, expected {place}", counterexample={"place": box.enclosure[0].str(20)}
            )
        if not box.enclosure[0] > 0:
            return Outcome.fails("no positive extremum", counterexample={"place": box.enclosure[0].str(20)})
    return Outcome.holds(certificate={"kind": "extremum of the elasticity", "activation": formula, **box.certificate()})


def check_monotone_elasticity(instance, *, activation, context) -> Outcome:
    """h(z) = z sigma'(z)/sigma(z) has h' > 0 on balls that cover the interval, halved where they are too wide."""
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision
    from numerics.derivatives.dual import jet

    sigma, (low, high) = activation_of(activation), instance
    with working_precision(300):
        waiting, cases = [(arb(low), arb(high))], 0
        while waiting:
            a, b = waiting.pop()
            z = a.union(b)
            value, slope, curvature = jet(sigma, z, 2)
            # h' sigma/sigma' = 1 + z (sigma''/sigma' - sigma'/sigma)
            rise = 1 + z * (curvature / slope - slope / value)
            if rise < 0:
                return Outcome.fails(f"h decreases on {z.str(6)}", counterexample={"z": z.str(8), "rise": rise.str(6)})
            if rise > 0:
                cases += 1
                continue
            middle = (a + b).mid() / 2
            if b - a < 1e-6:
                return Outcome.inconclusive(f"the sign of h' is open on {z.str(6)}")
            waiting += [(a, middle), (middle, b)]
    return Outcome.holds(cases=cases)


def check_no_generic(instance, *, activation, context) -> Outcome:
    """No generic crossing among the screened starts; what was met instead is counted."""
    from numerics.overlap import Overlap, find_two_point_overlap

    seed, candidates = instance
    found = find_two_point_overlap(activation, candidates=candidates, seed=seed, refined=5)
    if isinstance(found, Overlap):
        return Outcome.fails("a certified generic overlap", counterexample={"start": found.theta0, "samples": found.samples})
    if "generic" in found.screened:
        return Outcome.inconclusive(found.reason)
    return Outcome.holds(cases=candidates, message=f"met {dict(found.screened)}")


CLAIMS = [
    Claim(
        id="regularization.elasticity",
        title="Elasticity decides whether nearby solution curves meet twice",
        statement=r"h(z) = z\sigma'(z)/\sigma(z):\ \tfrac1w - x\big(\tfrac{\tilde\sigma'}{\tilde\sigma} -"
        r" \tfrac{\tilde\sigma''}{\tilde\sigma'}\big) = \tfrac1w h'(xw) \tfrac{\sigma}{\sigma'},\ \tilde\sigma = 1/\sigma;"
        r"\ h'(xw) \neq 0 \Rightarrow \text{no local two-point overlap};\ h \text{ turns at } 1 + W(1/e) \text{ (sigmoid)}",
        source=Source(LIMITATION, "Proposition 6.1(b), Corollary 6.1, reformulated"),
        refuted_by="An activation for which the published condition and h' differ, or another place of the extremum.",
        checks=[
            Check(
                "identity",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary activation",
                run=check_elasticity_identity,
                instances=one(None),
                parameters={"sign": 1},
                controls=[Control("the other sign", sign=-1)],
            ),
            Check(
                "extrema",
                evidence="certified",
                covers="instances",
                scope="sigmoid, swish, GELU, softsign sigmoid, e^atan",
                run=check_extremum,
                instances=one(*EXTREMA),
                parameters={"shift": 0},
                controls=[Control("places off by 1e-6", shift=Fraction(1, 10**6))],
            ),
        ],
    ),
    Claim(
        id="regularization.softplus-d1",
        title="Softplus with one input: no two-point overlap with a positive label is known",
        statement=r"\text{softplus},\ d = 1,\ y > 0:\ \text{no two-point overlap; whether a strict } G \text{ exists is open}",
        source=OWN,
        kind="conjecture",
        relation="impossibility",
        assumptions=[Assumption("positive label", "y > 0")],
        refuted_by="A certified generic overlap of one softplus neuron with one input.",
        checks=[
            Check(
                "search",
                evidence="property",
                covers="instances",
                scope="random starts and pairs of inputs, three decimals",
                run=check_no_generic,
                instances=lambda context: [(k, 600) for k in range(context.by_level(quick=2, standard=10, full=50))],
                distribution="theta_0 normal of deviation 1.5; inputs log-normal times normal",
                tolerance="crossings are sorted with the thresholds of numerics.overlap.screening, then certified",
                parameters={"activation": "softplus"},
                controls=[Control("sigmoid", activation="sigmoid")],
            ),
            Check(
                "elasticity",
                evidence="certified",
                covers="instances",
                scope="h' > 0 on [-30, 12] in balls",
                run=check_monotone_elasticity,
                instances=one((-30, 12)),
                parameters={"activation": "softplus"},
                controls=[Control("sigmoid", activation="sigmoid")],
            ),
        ],
    ),
]
