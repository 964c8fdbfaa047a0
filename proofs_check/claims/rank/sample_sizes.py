r"""How many samples recover a target locally: some choice of R(f*) does, almost every choice of R(f*) does, fewer never do."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.networks import samples
from proofs_check.claims._papers import LOCAL_RECOVERY, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_GAP, compared_in_floats, exact_tangent_matrix, seeded, tangent_matrix
from proofs_check.proving import formal_check
from theory.draws import dyadic_normal
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import factorization_strata, function_rank, two_layer_function_rank
from theory.rank.completion import representative

# -------------------------------------------------------------------------------------------------- rank.O-equals-R


def greedy_rows(J, rank) -> int:
    """How many rows a greedy choice takes until another one raises no ``rank`` (of a matrix) any more."""
    chosen: list[int] = []
    for i in range(len(J)):
        if rank(J[[*chosen, i]]) > len(chosen):
            chosen.append(i)
    return len(chosen)


def function_rank_of(r, d1, d2, width):
    return function_rank(r, d1, d2)


def check_optimistic_size(instance, *, size, strata, context) -> Outcome:
    """Least n with recovery from some n entries at some representative, over one point of every stratum of the target."""
    from numerics.arithmetic.exact import rank_rational

    d1, d2, width, r = instance
    model = MatrixFactorization(d1, d2, width)
    points = [representative(model, a, b, r, context.rng()) for a, b in strata(r, d1, d2, width)]
    least = min(greedy_rows(exact_tangent_matrix(model, theta), rank_rational) for theta in points)
    return Outcome.equal(size(r, d1, d2, width), least, d1=d1, d2=d2, width=width, r=r)


def check_every_subset(instance, *, size, context) -> Outcome:
    """By brute force over all subsets of entries and all strata: no smaller set recovers, some set of that size does."""
    from numerics.arithmetic.exact import rank_rational

    d1, d2, width, r = instance
    model, sizes, cases = MatrixFactorization(d1, d2, width), [], 0
    for a, b in factorization_strata(r, d1, d2, width):
        J = exact_tangent_matrix(model, representative(model, a, b, r, context.rng()))
        full = rank_rational(J)
        for n in range(len(J) + 1):
            subsets = list(combinations(range(len(J)), n))
            cases += len(subsets)
            if any(rank_rational(J[list(rows)]) == full for rows in subsets):
                sizes.append(n)
                break
    outcome = Outcome.equal(size(r, d1, d2, width), min(sizes), d1=d1, d2=d2, width=width, r=r)
    return Outcome.holds(cases) if outcome.counterexample is None else outcome


def check_greedy_in_network(instance, *, size, context) -> Outcome:
    """Greedy choice from a pool reaches the rank of a tanh target in exactly R samples (pivots modulo a prime)."""
    from numerics.arithmetic.exact import PRIMES, rank_modulo
    from numerics.rank import modular_tangents

    d, k, bias, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, bias=bias)
    theta, pool = dyadic_normal(rng, model.n_params), dyadic_normal(rng, (model.n_params + 6, d))
    J = modular_tangents(model, theta, pool, PRIMES[0], 0x5EED)
    found = greedy_rows(J, lambda rows: rank_modulo(rows, PRIMES[0]))
    return Outcome.equal(size(d, k, bias), found, d=d, k=k, bias=bias, theta=theta, pool=pool)


def matrix_targets(most):
    def instances(context):
        sizes = context.by_level(quick=range(2, most + 1), standard=range(2, most + 1), full=range(2, most + 2))
        return [(d1, d2, max(d1, d2), r) for d1 in sizes for d2 in sizes for r in range(1, min(d1, d2) + 1)]

    return instances


network_targets = seeded(lambda st: (st.integers(1, 4), st.integers(1, 3), st.booleans()))


# ------------------------------------------------------------------------------------------- rank.phase-transition-ae


def with_null_neuron(model, weights, outputs):
    """theta of the neurons (k, d), (k,) with one null neuron more: M exceeds R."""
    return model.pack(input_weights=np.vstack([weights, 0 * weights[:1]]), output_weights=np.append(outputs, 0.0)[None])


def normal_design(rng, n, d):
    return dyadic_normal(rng, (n, d))


def symmetric_design(rng, n, d):
    """x and -x in turn: a null set of designs, on which odd models see every pair once."""
    half = dyadic_normal(rng, ((n + 1) // 2, d))
    return np.stack([half, -half], axis=1).reshape(-1, d)[:n]


def check_transition(instance, *, formula, design, context) -> Outcome:
    """Certified rank of the tangent matrix of a k-neuron target with one null neuron added, on n normal inputs."""
    from numerics.rank import empirical_rank

    activation, d, k, n, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + 1, activation=activation)
    theta = with_null_neuron(model, dyadic_normal(rng, (k, d)), rng.integers(1, 4, k))
    x = design(rng, n, d)
    found = empirical_rank(model, theta, x)
    expected = formula(n, k * (d + 1), model.n_params)
    if found.rank is None and found.lower <= expected <= found.upper:
        if design is symmetric_design or activation == "relu":  # no certificate of the upper bound: floats refute
            found = empirical_rank(model, theta, x, "float")
        else:
            return Outcome.inconclusive(f"rank between {found.lower} and {found.upper} on {instance}", cases=1)
    observed = found.lower if found.rank is None else found.rank
    if observed == expected:
        return Outcome.holds(certificate=found.certificate if replicate == 0 else None)
    return Outcome.fails(f"expected rank {expected}, observed {observed}", counterexample={"model": str(model), "theta": theta, "x": x})


def transitions(context):
    activations = ("tanh", "erf", "atan", "sin", "ratsig4", "gelu")
    sizes = context.by_level(quick=[(1, 1), (2, 1), (3, 2)], standard=[(1, 2), (2, 2), (3, 3), (5, 2)], full=[(d, 3) for d in range(1, 6)])
    for activation in activations:
        for d, k in sizes:
            R = k * (d + 1)
            yield from ((activation, d, k, n, 0) for n in sorted({1, max(1, R - 1), R, R + 1, R + 3}))


def relu_transitions(context):
    return [("relu", 2, 1, 3, replicate) for replicate in range(8)]


def check_transition_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import float_rank

    d, k, offset, replicate = instance
    rng, model, R = context.rng(replicate), TwoLayer(d, k + 1), k * (d + 1)
    n = max(1, R + offset)
    theta = with_null_neuron(model, rng.normal(size=(k, d)), rng.uniform(0.5, 2, k))
    found = float_rank(tangent_matrix(model, theta, rng.normal(size=(n, d))))
    return compared_in_floats(formula(n, R, model.n_params), found, d=d, k=k, n=n, replicate=replicate)


# d >= 2 and few neurons: there the spectrum of random tanh tangents keeps a clear gap (one input does not).
drawn_transitions = seeded(lambda st: (st.integers(2, 5), st.integers(1, 2), st.integers(-2, 3)))


TRANSITION_CONTROLS = [
    Control("transition at the number of parameters", formula=lambda n, R, M: min(n, M)),
    Control("transition one sample early", formula=lambda n, R, M: min(n, R - 1)),
]

CLAIMS = [
    Claim(
        id="rank.O-equals-R",
        title="The optimistic sample size is the model rank",
        statement=r"O(f^*) = R(f^*) = \min_{\theta \in \Theta^*} R(\theta)",
        source=Source(LOCAL_RECOVERY, "Theorem 1, Corollary 1"),
        depends_on=["rank.llr-condition", "mf.function-rank"],
        refuted_by="A target recovered from fewer samples at some representative, or from none of that size.",
        checks=[
            Check(
                "greedy",
                evidence="exact",
                covers="instances",
                scope="matrices up to 4 x 4 of every rank, over all strata of representatives",
                run=check_optimistic_size,
                instances=matrix_targets(4),
                distribution="one point of every stratum",
                parameters={"size": function_rank_of, "strata": factorization_strata},
                controls=[
                    Control("number of parameters", size=lambda r, d1, d2, width: width * (d1 + d2)),
                    Control("number of independent parameters", size=lambda r, d1, d2, width: d1 * d2),
                    Control("at the representative (I, f*)", strata=lambda r, d1, d2, width: [(min(d1, width), r)]),
                ],
            ),
            Check(
                "every-subset",
                evidence="exact",
                covers="instances",
                scope="2 x 2 to 3 x 3: all subsets of entries at all strata",
                run=check_every_subset,
                instances=matrix_targets(3),
                distribution="exhaustive over subsets",
                parameters={"size": function_rank_of},
                controls=[Control("one less", size=lambda r, d1, d2, width: function_rank(r, d1, d2) - 1)],
            ),
            Check(
                "greedy-in-networks",
                evidence="certified",
                covers="instances",
                scope="tanh networks, d = 1 .. 4, k = 1 .. 3, with and without bias",
                run=check_greedy_in_network,
                instances=network_targets,
                distribution="dyadic normal parameters and inputs",
                parameters={"size": lambda d, k, bias: two_layer_function_rank(d, k, bias=bias)},
                controls=[Control("bias forgotten", size=lambda d, k, bias: two_layer_function_rank(d, k))],
                examples={"quick": 25, "standard": 100, "full": 500},
            ),
            formal_check(
                "rank/samples.v",
                "rank_O_equals_R",
                false="as many samples as parameters",
                adequate=samples,
                premises=("the excluded middle: a point where a function does not vanish cannot be computed",),
            ),
        ],
    ),
    Claim(
        id="rank.phase-transition-ae",
        title="For almost all samples the transition is exactly at the model rank",
        statement=r"R_S(\theta^*) = \min(n, R(\theta^*)) \text{ for almost all } X \in \mathbb{R}^{d \times n}",
        assumptions=[
            Assumption("analytic in x", r"x \mapsto \partial_{\theta_i} f(x; \theta^*) \text{ real analytic on } \mathbb{R}^d"),
            Assumption("absolutely continuous inputs", r"\text{the law of } X \text{ has a density}"),
        ],
        source=Source(RANK_STRATIFICATION, "Theorems 1 and 4, Lemma 5; 2406.18035v1, Theorem 2"),
        depends_on=["rank.llr-condition", "rank.O-equals-R"],
        refuted_by="An open set of designs on which the rank is below min(n, R).",
        notes="Almost surely only: single designs may fail, and do on symmetric ones.",
        checks=[
            Check(
                "certified",
                evidence="certified",
                covers="instances",
                scope="tanh, erf, atan, sin, ratsig4, GELU; d = 1 .. 3 (quick), 5; n around R, M > R through a null neuron",
                run=check_transition,
                instances=transitions,
                distribution="dyadic normal weights and inputs",
                parameters={"formula": lambda n, R, M: min(n, R), "design": normal_design},
                controls=TRANSITION_CONTROLS,
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="tanh, d = 2 .. 5, k = 1, 2, n from R - 2 to R + 3",
                run=check_transition_in_floats,
                instances=drawn_transitions,
                distribution="normal weights and inputs",
                tolerance=FLOAT_GAP,
                parameters={"formula": lambda n, R, M: min(n, R)},
                controls=TRANSITION_CONTROLS,
            ),
        ],
        probes=[
            Probe(drops="analytic in x", instances=relu_transitions),
            Probe(drops="absolutely continuous inputs", instances=transitions, parameters={"design": symmetric_design}),
        ],
    ),
]
