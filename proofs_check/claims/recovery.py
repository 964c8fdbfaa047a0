r"""Perfect minima of two-layer networks: independence of neurons, the branches, how these lie to each other.

g(theta, x) = sum_{k <= m} a_k sigma(w_k . x) is to represent f* = sum_{j <= m0} abar_j sigma(wbar_j . x), with the loss
R = sum_i (g - f*)^2(x_i). Ranks follow in ``recovery_hessian``, sample sizes in ``recovery_samples``, the flow in
``recovery_dynamics``, silent neurons in ``recovery_lifted``, slips of the paper in ``recovery_flaws``.
"""

from __future__ import annotations

import math

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._recovery_checks import (
    FLOAT_GAP,
    GENERIC,
    INPUTS,
    PAPER,
    compare_rank,
    decided,
    inputs,
    sizes,
)
from theory.genericity import exponential_minus_identity, is_generic, shifted
from theory.models import TwoLayer
from theory.recovery import (
    Branch,
    branch_count,
    branch_types,
    branches,
    intersection_graph,
    least_deficient,
    random_target,
    stirling,
)

# -------------------------------------------------------------------------------------------------- recovery.lemma.LI0


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

    from numerics.krawczyk import working_precision
    from theory.activations import activation

    with working_precision(128):
        jet = activation(sigma).jet(np.array([arb(0)], dtype=object), 7)
    alive = [bool(abs(value[0]) > 0) for value in jet]
    observed = alive[0] and any(alive[2::2]) and any(alive[3::2])
    return Outcome.equal(criterion(sigma), observed, activation=str(sigma), nonzero=[k for k, c in enumerate(alive) if c])


def check_reflection(name, *, reflection, context) -> Outcome:
    """sigma(-z) - p sigma(z) - c - s z is 0 at 0 and has derivative 0, a rational function of e^z (and of z, erf)."""
    import sympy

    from theory.activations import activation

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


def declared_reflection(name):
    from theory.activations import activation

    return activation(name).reflection


def odd_reflection(name):
    from theory.activations import Reflection

    return Reflection(-1)


# -------------------------------------------------------------------------------------------------- recovery.lemma.LI1


def full_rank(n, k, d):
    return min(n, k * (d + 1))


def check_separating_inputs(instance, *, formula, context) -> Outcome:
    """Rank of [sigma(w_k x_i), sigma'(w_k x_i) x_i^T] for distinct weights, in an exact field."""
    from numerics.rank import empirical_rank

    sigma, weights, x = instance
    k, d = weights.shape
    model = TwoLayer(d, k, activation=sigma)
    theta = model.pack(input_weights=weights, output_weights=np.ones((1, k)))
    found = empirical_rank(model, theta, np.unique(x, axis=0))  # a repeated sample adds nothing
    return compare_rank(formula(len(x), k, d), found, activation=model.activation.name, weights=weights, x=x)


def distinct_weights(context):
    for replicate in range(context.by_level(quick=6, standard=30, full=150)):
        rng = context.rng(replicate)
        for sigma in (shifted("tanh"), shifted("sigmoid", "1/3"), "exp"):
            k, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
            R = k * (d + 1)
            weights = random_target(k, d, rng).weights
            for n in sorted({1, R - 1, R, R + 2}):
                yield sigma, weights, inputs(rng, n, d)


def check_separating_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import empirical_rank

    k, d, n, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, activation=shifted("tanh"))
    weights, x = random_target(k, d, rng).weights, inputs(rng, n, d)
    theta = model.pack(input_weights=weights, output_weights=np.ones((1, k)))
    found = empirical_rank(model, theta, x, "float")
    if found.rank is None:
        found = empirical_rank(model, theta, x)
    return compare_rank(formula(n, k, d), found, weights=weights, x=x)


def small_shapes(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 10), st.integers(0, 2**20))


def with_zero_weight(context):
    """sigma = e^z - z has sigma'(0) = 0: rank 1 of 2 with the weight 0."""
    return [(exponential_minus_identity(), np.zeros((1, 1)), inputs(context.rng(), 2, 1))]


def with_repeated_inputs(context):
    rng = context.rng()
    return [(shifted("tanh"), random_target(2, 1, rng).weights, np.repeat(inputs(rng, 2, 1), 2, axis=0))]


def with_opposite_weights(context):
    return [("tanh", np.array([[0.75], [-0.75]]), inputs(context.rng(), 4, 1))]


# ----------------------------------------------------------------------------------------------------- recovery.strata


def check_count(instance, *, formula, context) -> Outcome:
    m, m0 = instance
    listed = list(branches(m, m0))
    sound = len(set(listed)) == len(listed) and all(sorted(sum(b.blocks, ())) == list(range(m)) for b in listed)
    outcome = Outcome.equal(formula(m, m0), len(listed) if sound else None, width=m, targets=m0)
    return Outcome.holds(len(listed)) if outcome.counterexample is None else outcome


def check_dimension(instance, *, codimension, context) -> Outcome:
    """The closure as an affine space over the rationals: solvable, and the rank of its equations is the codimension."""
    from numerics.exact import rank_rational

    branch, d = instance
    matrix, values = branch.constraints(random_target(branch.targets, d, context.rng()))
    rank = rank_rational(matrix)
    solvable = rank_rational(np.column_stack([matrix, values])) == rank
    return Outcome.equal(codimension(branch, d), rank if solvable else None, branch=str(branch), inputs=d)


def kinds_and_inputs(context):
    most = context.by_level(quick=5, standard=6, full=7)
    return [(branch, d) for m, m0 in sizes(most)(context) for branch in branch_types(m, m0) for d in (1, 2, 3)]


def check_representation(instance, *, slack, context) -> Outcome:
    """Sampled points of the branch represent f* at rational inputs, without rounding (sigma = 1 / (1 + (z + 1/2)^2))."""
    from numerics.exact import rationals

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
    from numerics.minima import distance_to_branches, fit
    from numerics.statistics import Answer, decide_rate_at_least

    rng, starts = context.rng(start), context.by_level(quick=250, standard=500, full=2000)
    target = random_target(1, 1, rng)
    theta, found = fit(activation, [target], width=3, x=rng.normal(0, 1.5, (1, 40, 1)), starts=starts, rng=rng)
    inside = distance_to_branches(target, 3, theta[found]) < ON_BRANCH
    if found.sum() < 40:
        return Outcome.inconclusive(f"only {found.sum()} starts reached zero loss")
    decision = decide_rate_at_least(int(inside.sum()), int(inside.size), threshold=0.95, margin=0.15, alpha=context.alpha)
    return decided(decision, f"{inside.sum()} of {inside.size} zero-loss points lie on branches", Answer)


#: Loss 1e-24 leaves a distance of about (1e-24)^(1/4) = 1e-6 to a split target over its curvature to the power 1/4 (at least 1e-2 or so).
ON_BRANCH = 1e-3


# -------------------------------------------------------------------------------------------------- recovery.deficient


def check_least_deficient(instance, *, formula, context) -> Outcome:
    """The least number of lone free neurons over all branches with r blocks, by listing them."""
    m, m0, r = instance
    least = min(branch.deficient for branch in branch_types(m, m0) if branch.distinct == r)
    return Outcome.equal(formula(r, m, m0), least, width=m, targets=m0, distinct=r)


def all_distinct(most):
    return lambda context: [(m, m0, r) for m, m0 in sizes(most)(context) for r in range(m0, m + 1)]


def check_counting_identity(_, *, free_size, context) -> Outcome:
    r"""m = sum of block sizes >= m0 + l + 2 (r - m0 - l), that is l >= 2r - m - m0; excess E >= 0 in carriers and larger free blocks."""
    import sympy

    m0, r, l, E = sympy.symbols("m0 r l E")
    m = m0 + E + l + free_size * (r - m0 - l)
    left = sympy.expand(m + m0 - 2 * r + l - E)
    return Outcome.holds() if left == 0 else Outcome.fails(f"m + m0 - 2r + l - E = {left}", counterexample={"left": str(left)})


# ----------------------------------------------------------------------------------------------- recovery.intersection


def check_intersection(instance, *, meet, context) -> Outcome:
    """Both sets of equations together, over the rationals, against the dimension predicted from the join of the partitions."""
    from numerics.exact import rank_rational

    first, second, d = instance
    target = random_target(first.targets, d, context.rng())
    matrix, values = (np.concatenate(parts) for parts in zip(first.constraints(target), second.constraints(target), strict=True))
    rank = rank_rational(matrix)
    empty = rank_rational(np.column_stack([matrix, values])) > rank
    observed = None if empty else first.width * (d + 1) - rank
    return Outcome.equal(meet(first, second, d), observed, first=str(first), second=str(second), inputs=d)


def meeting_dimension(first: Branch, second: Branch, d: int):
    return first.meets(second, d)


def with_common_coarsening(first: Branch, second: Branch, d: int):
    """False: it also counts pairs whose target sits in different neurons of merged blocks."""
    meets = not set(first.assignments()).isdisjoint(second.assignments())
    return (first.meets(second, d) or 0) if meets else None


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
                parameters={"reflection": declared_reflection},
                controls=[Control("all odd", reflection=odd_reflection)],
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
                parameters={"activation": shifted("tanh")},
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
                parameters={"meet": meeting_dimension},
                controls=[
                    Control("a common coarsening suffices", meet=with_common_coarsening),
                    Control("never", meet=lambda a, b, d: None),
                ],
            ),
            Check(
                "random-pairs",
                "property",
                "instances",
                "random pairs, m = 4, 5, d <= 3",
                check_intersection,
                drawn_pairs,
                parameters={"meet": meeting_dimension},
                controls=[Control("never", meet=lambda a, b, d: None)],
                tolerance="none: dimensions are integers",
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
