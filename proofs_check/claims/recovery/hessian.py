r"""Rank of the Hessian on the branches of perfect minima, its gap to the codimension, and where the loss is Morse-Bott."""

from __future__ import annotations

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims.recovery._points import (
    FLOAT_GAP,
    GENERIC,
    INPUTS,
    LONE,
    PAPER,
    POINT,
    RANKED,
    SIGMA,
    check_counting_identity,
    compare_rank,
    float_tangent_rank,
    inputs,
    kinds_up_to,
    tangent_rank,
)
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, permutation_classes, random_target
from theory.recovery.genericity import shifted


def rank_formula(branch: Branch, n: int, d: int) -> int:
    return min(n, branch.rank(d))


def check_rank(instance, *, formula, method, context) -> Outcome:
    """Certified rank of the tangents at a random point of the branch; 2 J^T J is the Hessian there."""
    sigma, branch, d, n, replicate = instance
    rng = context.rng(replicate)
    theta, x = branch.random_point(d, rng), inputs(rng, n, d)
    return compare_rank(formula(branch, n, d), tangent_rank(sigma, theta, x, method), branch=str(branch), theta=theta, x=x)


def ranked_branches(activations, *, most):
    """Every kind of branch, at sample sizes around its rank and around the number of parameters."""

    def instances(context):
        widths = [(1, 1), (2, 1), (3, 1), (3, 2), (4, 2)][: context.by_level(quick=most, standard=5, full=5)]
        replicates = context.by_level(quick=1, standard=3, full=10)
        for replicate in range(replicates):
            for m, m0 in widths:
                for branch in branch_types(m, m0):
                    for d in (1, 2):
                        R, N = branch.rank(d), m * (d + 1)
                        for n in sorted({1, R - 1, R, R + 1, N, N + 3}):
                            yield activations[(n + replicate) % len(activations)], branch, d, n, replicate

    return instances


def check_hessian(instance, *, formula, context) -> Outcome:
    """Exact inertia (0, N - rank, rank) of Hess R on every kind of branch, with a rational activation; drawn as a graph."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import inertia

    m, m0, d = instance
    model, measured = TwoLayer(d, m, activation=shifted("lorentz")), {}
    for k, branch in enumerate(branch_types(m, m0)):
        rng = context.rng(k)
        theta, x = rationals(branch.random_point(d, rng)), rationals(inputs(rng, model.n_params + 1, d))
        found = inertia(model, theta, (x, model(theta, x)), method="exact")
        expected = formula(branch, len(x), d)
        if found.counts != (0, model.n_params - expected, expected):
            message = f"inertia {found.counts}, expected rank {expected}"
            return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x})
        measured[branch] = expected
    return Outcome.holds(len(measured), figures=[refinement_figure(m, m0, d, measured)])


def refinement_figure(m: int, m0: int, d: int, hessian_rank) -> Figure:
    """Kinds of branches; an edge merges one free block into another block."""
    graph = permutation_classes(m, m0)
    label = lambda b: f"{b}: dim {b.dimension(d)}, n ≥ {b.codimension(d)}, rank {hessian_rank[b]}{' (MB)' if b.morse_bott else ''}"
    return Figure(
        "graph",
        f"Kinds of branches for m = {m}, m0 = {m0}, d = {d}",
        f"{len(graph)} kinds of branches, grouped by the number of distinct weights; each with its dimension, the sample size from "
        "which it is separated, and the exact rank of the Hessian. Morse-Bott branches are those whose rank equals that size.",
        data={
            "nodes": [{"id": str(b), "label": label(b), "group": f"r = {b.distinct}"} for b in graph],
            "edges": [[str(a), str(b)] for a, b in graph.edges],
        },
    )


def check_rank_in_floats(instance, *, formula, context) -> Outcome:
    branch, d, n, replicate = instance
    rng = context.rng(replicate)
    theta, x = branch.random_point(d, rng), inputs(rng, n, d)
    return compare_rank(formula(branch, n, d), float_tangent_rank(SIGMA, theta, x), branch=str(branch), theta=theta, x=x)


def drawn_branches(context):
    """(branch, d, n, seed) with m <= 4, d <= 3, n <= 15."""
    from hypothesis import strategies as st

    kinds = [branch for m, m0 in [(1, 1), (2, 1), (3, 1), (4, 1), (3, 2), (4, 2)] for branch in branch_types(m, m0)]
    return st.tuples(st.sampled_from(kinds), st.integers(1, 3), st.integers(1, 15), st.integers(0, 2**20))


def check_rank_or_given(instance, *, formula, method, context) -> Outcome:
    """Instances of the claim, or a given point (of a probe)."""
    if not isinstance(instance[2], np.ndarray):
        return check_rank(instance, formula=formula, method=method, context=context)
    sigma, branch, theta, x = instance
    return compare_rank(formula(branch, len(x), x.shape[1]), tangent_rank(sigma, theta, x), theta=theta, x=x)


def at_crossing(context):
    """The free weight equals the target's: one tangent less."""
    return [(SIGMA, LONE, np.array([0.75, 0.75, 1.25, 0.0]), inputs(context.rng(), 5, 1))]


def at_reflection(context):
    """sigmoid with weights w, -w, v, -v: eight tangents of which three are dependent."""
    carriers, theta = ((0,), (1,), (2,), (3,)), np.array([0.75, -0.75, 1.5, -1.5, 1.0, 1.0, 1.0, 1.0])
    return [("sigmoid", Branch(carriers, ()), theta, inputs(context.rng(), 8, 1))]


def on_few_inputs(context):
    """Twice the same input, and 0: the rank cannot reach three."""
    return [(SIGMA, LONE, np.array([0.75, -1.25, 1.25, 0.0]), np.array([[0.5], [0.5], [0.5]]))]


def check_gap_measured(instance, *, gap, context) -> Outcome:
    """Codimension by the rank of the affine equations, rank of the Hessian by certified tangents: their difference."""
    from numerics.arithmetic.exact import rank_rational

    branch, d = instance
    rng = context.rng()
    target = random_target(branch.targets, d, rng)
    found = tangent_rank(SIGMA, branch.sample(target, rng), inputs(rng, branch.codimension(d) + 2, d))
    if found.rank is None:
        return Outcome.inconclusive(str(found), cases=1)
    codimension = rank_rational(branch.constraints(target)[0])
    return Outcome.equal(gap(branch, d), codimension - found.rank, branch=str(branch), inputs=d)


def check_morse_bott(instance, *, criterion, context) -> Outcome:
    """The kernel of the Hessian is as large as the branch exactly under the criterion, at n = codimension and beyond."""
    branch, d = instance
    cases = 0
    for k, n in enumerate((branch.codimension(d), branch.width * (d + 1) + 1)):
        rng = context.rng(k)
        theta, x = branch.random_point(d, rng), inputs(rng, n, d)
        found = tangent_rank(RANKED[k], theta, x)
        if found.rank is None:
            return Outcome.inconclusive(str(found), cases=1)
        tight = branch.width * (d + 1) - found.rank == branch.dimension(d)
        if tight != criterion(branch):
            message = f"nullity {branch.width * (d + 1) - found.rank}, dimension {branch.dimension(d)}"
            return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x})
        cases += 1
    return Outcome.holds(cases)


def check_few_samples(instance, *, most, context) -> Outcome:
    """Up to ``most(m0, d)`` samples the tangents are independent on every branch, crossings included: a submersion."""
    branch, d = instance
    rng = context.rng()
    theta, n = branch.random_point(d, rng), most(branch.targets, d)
    return compare_rank(n, tangent_rank(SIGMA, theta, inputs(rng, n, d)), branch=str(branch), theta=theta)


def check_morse_bott_in_floats(instance, *, criterion, context) -> Outcome:
    branch, d, _, replicate = instance
    rng = context.rng(replicate)
    theta, x = branch.random_point(d, rng), inputs(rng, branch.codimension(d) + 2, d)
    found = float_tangent_rank(SIGMA, theta, x)
    read = found.rank if found.rank is not None else found.estimate
    return Outcome.equal(criterion(branch), read == branch.codimension(d), branch=str(branch), theta=theta, x=x)


CLAIMS = [
    Claim(
        id="recovery.rank",
        title="Rank of the Hessian on a branch",
        statement=r"\operatorname{rank} \operatorname{Hess} R(\theta^*) = \operatorname{rank} J(\theta^*) "
        r"= \min(n,\ r + (r - l)\, d) \quad (\theta^* \in Q^r_{P,\pi})",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Lemma 4.2 (proof); the exact form is ours"),
        depends_on=["recovery.lemma.LI1", "recovery.strata"],
        checks=[
            Check(
                "exact-field",
                "exact",
                "instances",
                "four activations, all kinds of branches with m <= 4, d <= 2, n around the rank and around N",
                check_rank_or_given,
                ranked_branches(RANKED, most=5),
                parameters={"formula": rank_formula, "method": "exact"},
                controls=[
                    Control("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1))),
                    Control("min(n, N)", formula=lambda b, n, d: min(n, b.width * (d + 1))),
                    Control("the codimension", formula=lambda b, n, d: min(n, b.codimension(d))),
                ],
            ),
            Check(
                "balls",
                "certified",
                "instances",
                "tanh(z + 1/2) and GELU(z + 1/2), m <= 3, by ball minors",
                check_rank,
                ranked_branches((SIGMA, shifted("gelu")), most=3),
                parameters={"formula": rank_formula, "method": "ball"},
                controls=[Control("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1)))],
            ),
            Check(
                "hessian-inertia",
                "exact",
                "instances",
                "(m, m0, d) = (3, 1, 2), (4, 2, 2): inertia of the Hessian itself over the rationals, n = N + 1",
                check_hessian,
                lambda context: [(3, 1, 2), (4, 2, 2)],
                parameters={"formula": rank_formula},
                controls=[Control("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1)))],
            ),
            Check(
                "floats",
                "property",
                "instances",
                "random kinds of branches, m <= 4, d <= 3, n <= 15",
                check_rank_in_floats,
                drawn_branches,
                parameters={"formula": rank_formula},
                controls=[Control("min(n, N)", formula=lambda b, n, d: min(n, b.width * (d + 1)))],
                tolerance=FLOAT_GAP,
            ),
        ],
        probes=[
            Probe("generic point", at_crossing),
            Probe("generic activation", at_reflection),
            Probe("generic inputs", on_few_inputs),
        ],
    ),
    Claim(
        id="recovery.gap",
        title="How far the Hessian falls short of the codimension",
        statement=r"\operatorname{codim} Q^r_{P,\pi} - (r + (r-l)\, d) = d\,(m + m_0 - 2r + l) "
        r"= d \Big( \sum_{j} (|P_j| - 1) + \sum_{\text{free, not lone}} (|P| - 2) \Big)",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "from Lemma 4.2; ours"),
        kind="extension",
        depends_on=["recovery.rank", "recovery.strata"],
        checks=[
            Check(
                "measured",
                "exact",
                "instances",
                "all kinds of branches, m <= 4, d <= 2: rational equations against certified tangents",
                check_gap_measured,
                kinds_up_to(4),
                parameters={"gap": Branch.gap},
                controls=[
                    Control("further copies only", gap=lambda b, d: d * sum(len(c) - 1 for c in b.carriers)),
                    Control("per further neuron", gap=lambda b, d: d * (b.width - b.distinct)),
                ],
            ),
            Check(
                "counting",
                "symbolic",
                "statement",
                "m + m0 - 2r + l = sum of the excess sizes, for all block sizes",
                check_counting_identity,
                lambda context: [None],
                parameters={"free_size": 2},
                controls=[Control("free blocks count from one", free_size=1)],
            ),
        ],
    ),
    Claim(
        id="recovery.morse-bott",
        title="Where the loss is Morse-Bott",
        statement=r"n \ge \operatorname{codim} Q^r_{P,\pi}:\ R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} "
        r"\iff l = 2r - m - m_0;"
        r"\qquad n \le (d+1)\, m_0:\ R \text{ is Morse-Bott near all of } Q^*",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Lemma 4.2(a), (c), Thm 2.1"),
        depends_on=["recovery.rank", "recovery.gap"],
        checks=[
            Check(
                "kernel-against-dimension",
                "exact",
                "instances",
                "all kinds of branches, m <= 4, d <= 2, n = codimension and N + 1",
                check_morse_bott,
                kinds_up_to(4),
                parameters={"criterion": lambda branch: branch.morse_bott},
                controls=[
                    Control("no lone free neuron", criterion=lambda b: b.deficient == 0),
                    Control("all weights distinct", criterion=lambda b: b.distinct == b.width),
                    Control("everywhere", criterion=lambda b: True),
                ],
            ),
            Check(
                "few-samples",
                "exact",
                "instances",
                "n = (d+1) m0 on all kinds of branches, m <= 4, d <= 2: independent tangents",
                check_few_samples,
                kinds_up_to(4),
                parameters={"most": lambda m0, d: (d + 1) * m0},
                controls=[Control("one sample more", most=lambda m0, d: (d + 1) * m0 + 1)],
            ),
            Check(
                "floats",
                "property",
                "instances",
                "random kinds of branches, m <= 4, d <= 3, n = codimension + 2",
                check_morse_bott_in_floats,
                drawn_branches,
                parameters={"criterion": lambda branch: branch.morse_bott},
                controls=[Control("everywhere", criterion=lambda b: True)],
                tolerance=FLOAT_GAP,
            ),
        ],
    ),
]
