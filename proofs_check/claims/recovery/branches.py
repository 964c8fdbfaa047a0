r"""The perfect minima of a two-layer network: which affine branches they form, and how these lie to each other.

g(theta, x) = sum_{k <= m} a_k sigma(w_k . x) is to represent f* = sum_{j <= m0} abar_j sigma(wbar_j . x), with the loss
R = sum_i (g - f*)^2(x_i). Neurons that share a weight form a block; a branch says which blocks carry which target.
"""

from __future__ import annotations

import math

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.recovery._points import GENERIC, PAPER, SIGMA, check_counting_identity, decided, inputs, sizes
from theory.models import TwoLayer
from theory.recovery import Branch, branch_count, branch_types, branches, intersection_graph, least_deficient, random_target, stirling
from theory.recovery.genericity import shifted


def check_count(instance, *, formula, context) -> Outcome:
    m, m0 = instance
    listed = list(branches(m, m0))
    sound = len(set(listed)) == len(listed) and all(sorted(sum(b.blocks, ())) == list(range(m)) for b in listed)
    outcome = Outcome.equal(formula(m, m0), len(listed) if sound else "not listed once each", width=m, targets=m0)
    return Outcome.holds(len(listed)) if outcome.counterexample is None else outcome


def check_dimension(instance, *, codimension, context) -> Outcome:
    """The closure as an affine space over the rationals: solvable, and the rank of its equations is the codimension."""
    from numerics.arithmetic.exact import rank_rational

    branch, d = instance
    matrix, values = branch.constraints(random_target(branch.targets, d, context.rng()))
    rank = rank_rational(matrix)
    solvable = rank_rational(np.column_stack([matrix, values])) == rank
    return Outcome.equal(codimension(branch, d), rank if solvable else "no solution", branch=str(branch), inputs=d)


def kinds_and_inputs(context):
    most = context.by_level(quick=5, standard=6, full=7)
    return [(branch, d) for m, m0 in sizes(most)(context) for branch in branch_types(m, m0) for d in (1, 2, 3)]


def check_representation(instance, *, slack, context) -> Outcome:
    """Sampled points of the branch represent f* at rational inputs, without rounding (sigma = 1 / (1 + (z + 1/2)^2))."""
    from numerics.arithmetic.exact import rationals

    branch, d = instance
    rng, sigma = context.rng(), shifted("lorentz")
    target = random_target(branch.targets, d, rng)
    theta = branch.sample(target, rng)
    theta[-1] += slack
    x = rationals(inputs(rng, 6, d))
    wide = TwoLayer(d, branch.width, activation=sigma)(rationals(theta), x)
    narrow_model = TwoLayer(d, branch.targets, activation=sigma)
    narrow = narrow_model(rationals(narrow_model.pack(input_weights=target.weights, output_weights=target.outputs[None])), x)
    if (wide == narrow).all():
        return Outcome.holds(len(x))
    return Outcome.fails("a point of the branch is no perfect minimum", counterexample={"branch": str(branch), "theta": theta})


def check_completeness(start, *, activation, context) -> Outcome:
    """Zero-loss points that training finds from random starts lie on the branches (distance to the nearest affine closure)."""
    from numerics.recovery.minima import distance_to_branches, fit
    from numerics.statistics import decide_rate_at_least

    rng, starts = context.rng(start), context.by_level(quick=250, standard=500, full=2000)
    target = random_target(1, 1, rng)
    theta, found = fit(activation, [target], width=3, x=rng.normal(0, 1.5, (1, 40, 1)), starts=starts, rng=rng)
    inside = distance_to_branches(target, 3, theta[found]) < ON_BRANCH
    if found.sum() < 40:
        return Outcome.inconclusive(f"only {found.sum()} starts reached zero loss")
    decision = decide_rate_at_least(int(inside.sum()), int(inside.size), threshold=0.95, margin=0.15, alpha=context.spend(1))
    return decided(decision, f"{inside.sum()} of {inside.size} zero-loss points lie on branches")


#: Loss 1e-24 leaves a distance of about (1e-24)^(1/4) = 1e-6 to a split target over its curvature to the power 1/4 (at least 1e-2 or so).
ON_BRANCH = 1e-3


def check_least_deficient(instance, *, formula, context) -> Outcome:
    """The least number of lone free neurons over all branches with r blocks, by listing them."""
    m, m0, r = instance
    least = min(branch.deficient for branch in branch_types(m, m0) if branch.distinct == r)
    return Outcome.equal(formula(r, m, m0), least, width=m, targets=m0, distinct=r)


def all_distinct(most):
    return lambda context: [(m, m0, r) for m, m0 in sizes(most)(context) for r in range(m0, m + 1)]


def check_intersection(instance, *, meet, context) -> Outcome:
    """Both sets of equations together, over the rationals, against the dimension predicted from the join of the partitions."""
    from numerics.arithmetic.exact import rank_rational

    first, second, d = instance
    target = random_target(first.targets, d, context.rng())
    matrix, values = (np.concatenate(parts) for parts in zip(first.constraints(target), second.constraints(target), strict=True))
    rank = rank_rational(matrix)
    empty = rank_rational(np.column_stack([matrix, values])) > rank
    observed = "empty" if empty else first.width * (d + 1) - rank
    expected = meet(first, second, d)
    return Outcome.equal("empty" if expected is None else expected, observed, first=str(first), second=str(second), inputs=d)


def with_common_coarsening(first: Branch, second: Branch, d: int):
    """False: it also counts pairs whose target sits in different neurons of merged blocks."""
    meets = not set(first.assignments()).isdisjoint(second.assignments())
    return (first.meets(second, d) or 0) if meets else "empty"


def pairs_of_branches(context):
    for m, m0 in [(2, 1), (3, 1), (2, 2), (3, 2)]:
        listed = list(branches(m, m0))
        yield from ((a, b, d) for i, a in enumerate(listed) for b in listed[:i] for d in (1, 2))


def drawn_pairs(context):
    from hypothesis import strategies as st

    return st.sampled_from([(4, 1), (4, 2), (5, 2), (5, 3)]).flatmap(
        lambda size: st.tuples(*[st.sampled_from(list(branches(*size)))] * 2, st.integers(1, 3))
    )


def check_components(instance, *, count, context) -> Outcome:
    """Components of the intersection graph, and merged weights wherever two closures meet."""
    import networkx

    m, m0 = instance
    graph = intersection_graph(m, m0)
    for first, second in graph.edges:
        if set(first.blocks) == set(second.blocks):
            return Outcome.fails("two branches meet without a merger", counterexample={"first": str(first), "second": str(second)})
    return Outcome.equal(count(m, m0), networkx.number_connected_components(graph), width=m, targets=m0)


CLAIMS = [
    Claim(
        id="recovery.strata",
        title="Perfect minima form affine branches",
        statement=r"Q^* = \bigcup_{P,\pi} Q^r_{P,\pi},\quad \dim Q^r_{P,\pi} = (m - r) + (r - m_0)\, d,\quad"
        r"\#\{(P,\pi)\} = \sum_{b=m_0}^{m} S(m,b)\, \frac{b!}{(b-m_0)!}",
        assumptions=[GENERIC],
        source=Source(PAPER, "Def. 3.3, Prop. 3.2; the count is ours"),
        depends_on=["recovery.lemma.LI0"],
        checks=[
            Check(
                "count",
                "exact",
                "instances",
                "m <= 6, all branches listed",
                check_count,
                sizes(6),
                parameters={"formula": branch_count},
                controls=[
                    Control("partitions alone", formula=lambda m, m0: sum(stirling(m, b) for b in range(m0, m + 1))),
                    Control("all blocks ordered", formula=lambda m, m0: sum(stirling(m, b) * math.factorial(b) for b in range(m0, m + 1))),
                ],
            ),
            Check(
                "dimension",
                "exact",
                "instances",
                "all kinds of branches, m <= 5, d <= 3: rank of the affine equations over the rationals",
                check_dimension,
                kinds_and_inputs,
                parameters={"codimension": Branch.codimension},
                controls=[
                    Control("free neurons are lone ones", codimension=lambda b, d: b.width + b.targets * d),
                    Control("rank of the Hessian", codimension=Branch.rank),
                ],
            ),
            Check(
                "representation",
                "exact",
                "instances",
                "a random point of every kind of branch, m <= 5, six rational inputs",
                check_representation,
                lambda context: kinds_and_inputs(context)[::4],
                parameters={"slack": 0.0},
                controls=[Control("one output off by 2^-12", slack=2.0**-12)],
            ),
            Check(
                "completeness",
                "training",
                "instances",
                "m = 3, m0 = 1, d = 1, 40 inputs, 250 random starts; at least 95% of the zero-loss points on branches (80% excluded)",
                check_completeness,
                lambda context: [0],
                parameters={"activation": SIGMA},
                controls=[Control("sigmoid itself", activation="sigmoid")],
                alpha=1e-5,
                tolerance="distance to a closure below 1e-3, from loss 1e-24 and its fourth root",
            ),
        ],
        notes="For sigmoid the target also splits into (-a, -w) and (2a, 0), which the control finds.",
    ),
    Claim(
        id="recovery.deficient",
        title="Fewest lone free neurons",
        statement=r"\min \{\, l : Q^r_{P,\pi} \,\} = \max(0,\, 2r - m - m_0)",
        source=Source(PAPER, "Def. 3.4, Lemma 3.6"),
        checks=[
            Check(
                "all-branches",
                "exact",
                "instances",
                "all kinds of branches, m <= 8",
                check_least_deficient,
                all_distinct(8),
                parameters={"formula": least_deficient},
                controls=[
                    Control("without the maximum", formula=lambda r, m, m0: 2 * r - m - m0),
                    Control("all free blocks", formula=lambda r, m, m0: r - m0),
                ],
            ),
            Check(
                "lower-bound",
                "symbolic",
                "instances",
                "the bound l >= 2r - m - m0 for all m, m0, r (that it is attained: by listing)",
                check_counting_identity,
                lambda context: [None],
                parameters={"free_size": 2},
                controls=[Control("free blocks of three", free_size=3)],
            ),
        ],
    ),
    Claim(
        id="recovery.intersection",
        title="Closures of branches meet only where weights merge",
        statement=r"\overline{Q}_{1} \cap \overline{Q}_{2} \ne \emptyset \iff "
        r"\text{every block of the join of both partitions carries the same targets in both, at most one};\quad "
        r"\bigcup \overline{Q} \text{ has } 1 \text{ component if } m > m_0,\ m_0! \text{ if } m = m_0",
        assumptions=[Assumption("distinct targets", r"\bar w_j \text{ distinct},\ \bar a_j \ne 0")],
        source=Source(PAPER, "Lemma 3.5; criterion and dimension are ours"),
        depends_on=["recovery.strata"],
        checks=[
            Check(
                "affine-equations",
                "exact",
                "instances",
                "all pairs of branches, m <= 3, d <= 2, with the dimension of the intersection",
                check_intersection,
                pairs_of_branches,
                parameters={"meet": Branch.meets},
                controls=[
                    Control("a common coarsening suffices", meet=with_common_coarsening),
                    Control("never", meet=lambda a, b, d: "empty"),
                ],
            ),
            Check(
                "random-pairs",
                "exact",
                "instances",
                "random pairs, m = 4, 5, d <= 3",
                check_intersection,
                drawn_pairs,
                parameters={"meet": Branch.meets},
                controls=[Control("never", meet=lambda a, b, d: "empty")],
                distribution="pairs of branches as hypothesis draws them",
            ),
            Check(
                "components",
                "exact",
                "instances",
                "intersection graphs, m <= 4",
                check_components,
                sizes(4),
                parameters={"count": lambda m, m0: 1 if m > m0 else math.factorial(m0)},
                controls=[
                    Control("always connected", count=lambda m, m0: 1),
                    Control("one per permutation", count=lambda m, m0: math.factorial(m0)),
                ],
            ),
        ],
    ),
]
