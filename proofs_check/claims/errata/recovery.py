r"""Statements of arXiv:2309.00508v3 that fail as printed, each with the smallest instance that shows it (ids as in the list of flaws)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims.recovery._points import LONE, PAIR, PAPER, SIGMA, SPLIT, inputs, tangent_rank
from theory.models import TwoLayer
from theory.recovery import Branch, Target, branch_types, branches, random_target
from theory.recovery.genericity import exponential_minus_identity, shifted


def flaw(
    number: int,
    title: str,
    statement: str,
    where: str,
    run: Callable[..., Outcome],
    *,
    parameters: Mapping[str, Any],
    control: Control,
    scope: str,
    evidence: str = "exact",
    covers: str = "instances",
    instances: Callable[..., Any] = lambda context: [None],
    notes: str = "",
    depends_on: tuple[str, ...] = (),
) -> Claim:
    """A counterexample to a printed statement: one check, one control."""
    check = Check("instance", evidence, covers, scope, run, instances, parameters=parameters, controls=[control])
    return Claim(
        id=f"recovery.flaw.F{number}",
        title=title,
        statement=statement,
        kind="counterexample",
        relation="existence",
        source=Source(PAPER, where),
        checks=[check],
        notes=notes,
        depends_on=depends_on,
    )


# F8: exp, d = 2, m = 2, m0 = 1, r = 2, l = 1.
def check_overlap(_, *, samples, context) -> Outcome:
    """``samples`` lie in both printed ranges, and the certified rank equals the codimension: the branch is stable."""
    d, rng = 2, context.rng()
    theta, x = LONE.random_point(d, rng), inputs(rng, samples, d)
    found = tangent_rank("exp", theta, x)
    printed = {"unstable": samples <= LONE.rank(d), "stable": samples >= LONE.codimension(d)}
    return Outcome.equal([True, True, LONE.codimension(d)], [*printed.values(), found.rank], theta=theta, x=x)


# F9: tanh(z + 1/2) on three inputs; the determinant of the tangents in the free weight has a root.
FREE_WEIGHT_INPUTS, ROOT_BETWEEN = ("0.8218", "-1.3813", "-2.7542"), ("-2.45", "-2.43")


def check_degenerate_point(_, *, between, context) -> Outcome:
    """det[sigma(.9 x), sigma'(.9 x) x, sigma(w2 x)] changes sign between two weights: rank 2 instead of 3 at some w2 there."""
    from flint import arb_mat

    from numerics.arithmetic.isolation import sign_change
    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.rank.certificates import sign_certificate

    def determinant(w2):
        x = balls(list(FREE_WEIGHT_INPUTS))
        value, slope = SIGMA.jet(x * ball("0.9"), 1)
        return arb_mat(np.column_stack([value, slope * x, SIGMA.jet(x * w2, 0)[0]]).tolist()).det()

    with working_precision(128):
        changes = sign_change(determinant, *map(ball, between))
    if changes:
        samples, terms = [[x] for x in FREE_WEIGHT_INPUTS], [(["0.9"], None), (["0.9"], 0), ([None], None)]
        return Outcome.holds(certificate=sign_certificate(SIGMA, samples, terms, between))
    return Outcome.fails("no change of sign", counterexample={"between": between})


# F10
def check_permuted(_, *, order, context) -> Outcome:
    """A permutation of a target of two neurons is another point of zero loss, over the rationals."""
    from numerics.arithmetic.exact import rationals

    rng, model = context.rng(), TwoLayer(2, 2, activation=shifted("lorentz"))
    target = random_target(2, 2, rng)
    point = lambda rows, outputs: rationals(model.pack(input_weights=target.weights[rows], output_weights=target.outputs[None, outputs]))
    x = rationals(inputs(rng, 9, 2))
    here, there = point([0, 1], [0, 1]), point(*order)
    same_values = bool((model(here, x) == model(there, x)).all())
    return Outcome.equal([True, True], [same_values, bool((here != there).any())], target=target.weights, outputs=target.outputs)


# F11: sigmoid(z + 3/10), m = d = 1, n = N = 2.
def check_other_interpolant(_, *, samples, context) -> Outcome:
    """Another weight w interpolates: sigma(w x1) sigma(wbar x2) - sigma(w x2) sigma(wbar x1) changes sign away from wbar, in balls."""
    from numerics.arithmetic.isolation import sign_change
    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.rank.certificates import sign_certificate
    from numerics.recovery.minima import other_interpolants

    sigma = shifted("sigmoid", "3/10")

    def proved(weight, x, other):
        value = lambda w: sigma.jet(balls(x) * w, 0)[0]
        known = value(ball(weight))
        mismatch = lambda w: value(w)[0] * known[1] - value(w)[1] * known[0]
        with working_precision(128):
            return abs(other - weight) > 0.01 and sign_change(mismatch, ball(other - 1e-3), ball(other + 1e-3))

    for replicate in range(40):
        rng = context.rng(replicate)
        weight, x = float(rng.normal(0, 1.2)), inputs(rng, samples, 1)[:, 0]
        for other in other_interpolants(sigma, weight, x):
            if proved(weight, x, other):
                samples, terms = [[entry] for entry in x], [([None], None), ([weight], None)]
                return Outcome.holds(certificate=sign_certificate(sigma, samples, terms, (other - 1e-3, other + 1e-3)))
    return Outcome.fails("no other interpolant in 40 data sets", counterexample={"samples": samples})


# F12
def check_zero_weight(_, *, weight, context) -> Outcome:
    """sigma = e^z - z, weight 0, two inputs: one independent tangent of two, over an exact field."""
    from numerics.rank import empirical_rank

    model = TwoLayer(1, 1, activation=exponential_minus_identity())
    found = empirical_rank(model, np.array([weight, 1.0]), np.array([[0.5], [-1.25]]))
    return Outcome.equal(1, found.rank, weight=weight)


# F13
def check_sign_of_flow(_, *, factor, context) -> Outcome:
    """Along a' = factor sum r sigma, w' = factor sum r a sigma' x the loss changes by factor / 2 |grad R|^2: it grows as printed."""
    import sympy

    a, w, x1, x2, y1, y2 = sympy.symbols("a w x1 x2 y1 y2", real=True)
    sigma = sympy.Function("sigma")
    r = [a * sigma(w * x) - y for x, y in ((x1, y1), (x2, y2))]
    R = sum(e**2 for e in r)
    gradient = [sympy.diff(R, p).doit() for p in (a, w)]
    speed = [sympy.Rational(factor, 2) * sum(2 * e * sympy.diff(e, p).doit() for e in r) for p in (a, w)]
    change = sum(g * v for g, v in zip(gradient, speed, strict=True))
    grows = sympy.expand(change - sum(g**2 for g in gradient)) == 0
    return Outcome.holds() if grows else Outcome.fails("the loss does not grow along the field", counterexample={"factor": factor})


# F14
def check_degenerate_power(_, *, powers, context) -> Outcome:
    """x^n has zero set {0} and second derivative 0 there: the normal Hessian is degenerate."""
    import sympy

    x = sympy.Symbol("x")
    second = {n: sympy.diff(x**n, x, 2).subs(x, 0) for n in powers}
    if not any(second.values()):
        return Outcome.holds(len(second))
    return Outcome.fails(f"second derivatives at 0: {second}", counterexample={"powers": list(powers)})


# F15
def check_printed_threshold(_, *, printed, context) -> Outcome:
    """A free pair (m = 3, r = 2): separated, by rank = codimension, with fewer samples than the printed threshold."""
    d, rng = 2, context.rng()
    n = PAIR.codimension(d)
    found = tangent_rank(SIGMA, PAIR.random_point(d, rng), inputs(rng, n, d))
    return Outcome.equal([n, True], [found.rank, n < printed(PAIR, d)], codimension=n)


# F16
def check_example_dimensions(_, *, expected, context) -> Outcome:
    """Ranks of the affine equations of the three branches of m = d = 2, m0 = 1."""
    from numerics.arithmetic.exact import rank_rational

    target = Target([[0.5, -1.0]], [1.0])
    matrices = [branch.constraints(target)[0] for branch in branches(2, 1)]
    ambient = {matrix.shape[1] for matrix in matrices}
    observed = (ambient.pop(), sorted(matrix.shape[1] - rank_rational(matrix) for matrix in matrices))
    return Outcome.equal(expected, observed)


# F17
def check_filling(_, *, first, context) -> Outcome:
    """As n grows the first branch kinds to be stable, and the last one, by certified codimension ranks (d = 2, m = 3, m0 = 1)."""
    from numerics.arithmetic.exact import rank_rational

    target = Target([[0.5, -1.0]], [1.0])
    size = {branch.distinct: rank_rational(branch.constraints(target)[0]) for branch in branch_types(3, 1)}
    return Outcome.equal(first, (min(size, key=size.get), max(size, key=size.get)), sizes=size)


# F18
def check_separated_early(_, *, samples, context) -> Outcome:
    """A split target with a definite form on fewer samples than the codimension: separated all the same; exact."""
    from numerics.arithmetic.exact import nullspace_rational, rationals
    from numerics.derivatives.tape import tangents
    from numerics.hessian.inertias import exact_inertia
    from numerics.recovery.minima import curvature_form

    d, model = 2, TwoLayer(2, 2, activation=shifted("lorentz"))
    for replicate in range(60):
        rng = context.rng(replicate)
        target = random_target(1, d, rng)
        theta, x = rationals(SPLIT.sample(target, rng)), rationals(inputs(rng, samples, d))
        kernel = nullspace_rational(tangents(model, theta, x)[1][:, 0].T)
        if len(kernel) != 1:
            continue
        form = curvature_form(model, rationals(target.weights[0]), x, np.array(kernel[0], dtype=object))
        counts = exact_inertia(form).counts
        if d in (counts[0], counts[2]) and samples < SPLIT.codimension(d):
            shown = {"kind": "definite form of a split neuron", "activation": model.activation.name, "inertia": counts}
            return Outcome.holds(certificate={**shown, "theta": theta, "samples": x})
    return Outcome.fails("no definite form below the codimension", counterexample={"samples": samples})


CLAIMS = [
    flaw(
        8,
        "Printed ranges of stability and instability overlap",
        r"\sigma = \exp,\ d = m = 2,\ m_0 = 1,\ r = 2,\ l = 1,\ n = 4:\quad "
        r"r + (r-l)\,d = 4 = \operatorname{codim} = \operatorname{rank} J",
        "Thm 5.4",
        check_overlap,
        parameters={"samples": 4},
        control=Control("one sample less", samples=3),
        scope="a random point of the branch and random inputs",
        notes="Instability needs n < codim as well.",
        depends_on=("recovery.stability",),
    ),
    flaw(
        9,
        "The rank of the Hessian is not constant on a branch",
        r"\sigma = \tanh(z + \tfrac12),\ X = (0.8218, -1.3813, -2.7542),\ \bar w = 0.9:\ "
        r"\exists\, w_2 \in (-2.45, -2.43):\ \operatorname{rank} J = 2 < 3",
        "Thm 5.3(c)",
        check_degenerate_point,
        parameters={"between": ROOT_BETWEEN},
        control=Control("elsewhere", between=("-2.43", "-2.41")),
        scope="three inputs, m = 2, m0 = d = 1",
        evidence="certified",
        notes="True for almost all points, and everywhere for sigma = exp, d = 1.",
    ),
    flaw(
        10,
        "The target is not the unique global minimum of its width",
        r"m = m_0 = 2:\ \bar\theta \text{ with its neurons exchanged is another point of } R^{-1}\{0\}",
        "Prop. 4.1",
        check_permuted,
        parameters={"order": ([1, 0], [1, 0])},
        control=Control("only the weights exchanged", order=([1, 0], [0, 1])),
        scope="nine rational inputs, d = 2",
        notes="Unique up to permutation: recovery.unique.",
    ),
    flaw(
        11,
        "As many samples as parameters do not suffice",
        r"\sigma = \text{sigmoid}(z + \tfrac{3}{10}),\ m = d = 1,\ n = N = 2:\ \text{an open set of data has an imperfect zero of } R",
        "last line of the proof of Lemma 4.3(b)",
        check_other_interpolant,
        parameters={"samples": 2},
        control=Control("n = 3", samples=3),
        scope="the first of 40 random data sets with another root, bracketed in balls",
        evidence="certified",
        depends_on=("recovery.global",),
    ),
    flaw(
        12,
        "Separating inputs may not exist at weight zero",
        r"\sigma(z) = e^z - z,\ w = 0:\quad \operatorname{rank}\,[\sigma(w x_i), \sigma'(w x_i)\, x_i] = 1 < 2 \text{ for all inputs}",
        "Cor. 3.2, Def. 3.1",
        check_zero_weight,
        parameters={"weight": 0.0},
        control=Control("weight 1/2", weight=0.5),
        scope="two inputs",
    ),
    flaw(
        13,
        "The flow is printed with the wrong sign",
        r"\dot a_k = +2 \sum_i (\dots)\, \sigma \text{ gives } \dot R = +|\nabla R|^2 \ge 0",
        "section 2.1",
        check_sign_of_flow,
        parameters={"factor": 2},
        control=Control("factor -2", factor=-2),
        scope="one neuron, two samples, any sigma",
        evidence="symbolic",
        covers="statement",
    ),
    flaw(
        14,
        "Powers above the second are not Morse-Bott",
        r"f = x^n,\ n \ge 3:\quad f''(0) = 0 \text{ on the zero set } \{0\}",
        "after Def. 4.1",
        check_degenerate_power,
        parameters={"powers": (3, 4, 5, 6)},
        control=Control("n = 2", powers=(2,)),
        scope="n = 3, ..., 6",
    ),
    flaw(
        15,
        "The printed threshold of Theorem 5.3 is too large",
        r"m + (m + m_0 - r)\, d > r + (m + m_0 - r)\, d = \operatorname{codim} "
        r"\text{ for } r < m, \text{ where } \operatorname{rank} J = \operatorname{codim} \text{ separates}",
        "Thm 5.3(a), (b), Cor. 5.1(a)",
        check_printed_threshold,
        parameters={"printed": lambda b, d: b.width + (b.width + b.targets - b.distinct) * d},
        control=Control("the codimension", printed=Branch.codimension),
        scope="m = 3, m0 = 1, r = 2, d = 2",
    ),
    flaw(
        16,
        "Dimensions in the introductory example",
        r"m = d = 2,\ m_0 = 1:\ \text{the branches lie in } \mathbb{R}^6 \text{ and have dimensions } 1, 2, 2",
        "section 2.3, caption",
        check_example_dimensions,
        parameters={"expected": (6, [1, 2, 2])},
        control=Control("three lines in four dimensions", expected=(4, [1, 1, 1])),
        scope="rational equations of the three branches",
    ),
    flaw(
        17,
        "The table of stability fills from the other end",
        r"d \ge 2:\ Q^m \text{ becomes stable first (at } m + m_0 d), Q^{m_0} \text{ last (at } m_0 + m d)",
        "Table 2",
        check_filling,
        parameters={"first": (3, 1)},
        control=Control("Q^{m0} first", first=(1, 3)),
        scope="m = 3, m0 = 1, d = 2",
    ),
    flaw(
        18,
        "The separation threshold is not necessary",
        r"m = 2,\ m_0 = r = 1,\ d = 2,\ n = 4 < 5 = \operatorname{codim}:\ "
        r"\text{the form of recovery.separation.deficient is definite for some inputs}",
        "sample-size threshold N_t",
        check_separated_early,
        parameters={"samples": 4},
        control=Control("at the codimension", samples=5),
        scope="the first of 60 random rational designs with a definite form",
        depends_on=("recovery.separation.deficient",),
    ),
]
