r"""Local linear recovery: when the samples decide the linearized problem.

At theta* with f(.; theta*) = f*, the samples S decide it exactly when the tangent matrix on S has the rank of the tangent function
space. Everything else (monotony in S, optimistic sample size, phase transition) follows from that.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.networks import samples
from proofs_check.claims._papers import LOCAL_RECOVERY
from proofs_check.claims._rank_checks import FLOAT_GAP, composed, exact_tangent_matrix, integer_matrix, seeded, tangent_matrix
from proofs_check.proving import formal_check
from theory.models import MatrixFactorization, TwoLayer

# ----------------------------------------------------------------------------------------------- rank.llr-condition


def rank_condition(R_S: int, R: int, M: int, n: int) -> bool:
    return R_S == R


def functions_agree(G, V):
    """Every direction that vanishes on the samples vanishes as a function."""
    from numerics.arithmetic.exact import nullspace_rational

    return all(not (np.array(a, object) @ G).any() for a in nullspace_rational((G @ V).T))


def coefficients_agree(G, V):
    """Every direction that vanishes on the samples is zero: asks for more than a unique function."""
    from numerics.arithmetic.exact import nullspace_rational

    return not nullspace_rational((G @ V).T)


def check_llr_condition(instance, *, condition, unique, context) -> Outcome:
    """f* is the unique minimizer over the tangent hyperplane, decided by kernels, against the condition on the ranks.

    ``G`` (M, N): tangent functions over N basis functions; ``V`` (N, n): these on the samples; ``r`` (n,): residual at theta*.
    """
    from numerics.arithmetic.exact import rank_rational

    G, V, r = (np.array(part, dtype=object) for part in instance)
    minimizer = not (G @ V @ r).any()  # theta* itself is a minimizer: the normal equations hold at a = 0
    recovered = minimizer and unique(G, V)
    predicted = condition(rank_rational(G @ V), rank_rational(G), *np.shape(G @ V))
    return Outcome.equal(predicted, recovered, G=G, V=V, residual=r)


def linear_problems(residual=0):
    """Integer G of forced rank, V and r; a zero residual unless asked for."""

    @composed
    def instances(draw, st):
        M, N, n = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 7))
        inner = draw(st.integers(1, min(M, N)))
        G = integer_matrix(draw, st, M, inner, largest=3) @ integer_matrix(draw, st, inner, N, largest=3)
        r = draw(st.lists(st.integers(1, residual), min_size=n, max_size=n)) if residual else [0] * n
        return G.tolist(), integer_matrix(draw, st, N, n, largest=3).tolist(), r

    return instances


def check_llr_in_network(instance, *, condition, context) -> Outcome:
    """The same for a tanh network in floats: null directions on the samples, looked at on a fine set of test inputs."""
    from numerics.rank import float_rank

    d, k, extra, n, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + extra)
    w = rng.normal(size=(k, d))
    theta = model.pack(  # the extra neurons are copies: M exceeds R
        input_weights=np.vstack([w, np.repeat(w[:1], extra, 0)]), output_weights=rng.uniform(0.5, 2, (1, k + extra))
    )
    on_samples = tangent_matrix(model, theta, rng.normal(size=(n, d)))
    on_tests = tangent_matrix(model, theta, rng.normal(size=(8 * model.n_params, d)))
    R_S, R, both = (float_rank(J).estimate for J in (on_samples, on_tests, np.vstack([on_samples, on_tests])))
    if None in (R_S, R, both):
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    # A null direction on S that is no null function would raise the rank of S together with the tests above that of S.
    recovered = both == R_S
    return Outcome.equal(condition(R_S, R, model.n_params, n), recovered, d=d, k=k, extra=extra, n=n)


network_sizes = seeded(lambda st: (st.integers(2, 4), st.integers(1, 2), st.integers(0, 2), st.integers(1, 12)))


CONDITION_CONTROLS = [
    Control("as many as samples", condition=lambda R_S, R, M, n: R_S == n),
    Control("as many as parameters", condition=lambda R_S, R, M, n: R_S == M),
]


# --------------------------------------------------------------------------------------------------- rank.monotone-n


def stepwise(ranks, increments, **described) -> Outcome:
    """Ranks along nested samples: steps from ``increments`` until the model rank, then none."""
    steps = {b - a for a, b in pairwise([0, *ranks]) if a < ranks[-1]}
    if steps <= increments:
        return Outcome.holds(len(ranks))
    message = f"increments {sorted(steps)} of the rank along nested samples, expected only {sorted(increments)}"
    return Outcome.fails(message, counterexample={**described, "ranks": ranks})


def check_monotone(instance, *, increments, context) -> Outcome:
    from numerics.arithmetic.exact import rank_rational

    model, theta, x = instance
    J = exact_tangent_matrix(model, theta, x)
    return stepwise([rank_rational(J[:n]) for n in range(1, len(J) + 1)], increments, model=str(model), theta=theta, samples=x)


def nested_samples(context):
    rng = context.rng()
    for replicate in range(context.by_level(quick=4, standard=20, full=100)):
        d1, d2 = rng.integers(2, 5, 2).tolist()
        model = MatrixFactorization(d1, d2, 2)
        entries = model.entries() if replicate % 2 else rng.permutation(model.entries())
        yield model, rng.integers(-3, 4, model.n_params), entries
        for activation in ("ratsig4", "power:3"):
            model = TwoLayer(2, 2, activation=activation, bias=True)
            grid = rng.integers(-2, 3, (12, 2)) / 2  # repeated samples occur: a step of zero
            yield model, rng.integers(-3, 4, model.n_params) / 2, grid


def check_monotone_in_floats(instance, *, increments, context) -> Outcome:
    from numerics.rank import float_rank

    d, k, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, bias=True)
    x = rng.normal(size=(2 * model.n_params, d))
    x[1::3] = x[0]  # repeated samples
    J = tangent_matrix(model, rng.normal(size=model.n_params), x)
    ranks = [float_rank(J[:n]).estimate for n in range(1, len(J) + 1)]
    if None in ranks:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    return stepwise(ranks, increments, instance=instance)


biased_networks = seeded(lambda st: (st.integers(2, 3), st.just(1)))


CLAIMS = [
    Claim(
        id="rank.llr-condition",
        title="Local linear recovery is a condition on two ranks",
        statement=r"f^* \text{ is the unique minimizer over the tangent hyperplane at } \theta^* \iff R_S(\theta^*) = R(\theta^*)",
        assumptions=[Assumption("interpolation", r"f(x_j; \theta^*) = y_j \text{ for all } j")],
        source=Source(LOCAL_RECOVERY, "Lemma 7 (2211.11623v1, Lemmas 1 and 4)"),
        refuted_by="A tangent matrix where uniqueness of the function and equality of the ranks disagree.",
        checks=[
            Check(
                "kernels",
                evidence="exact",
                covers="instances",
                scope="integer tangents over up to 6 basis functions, up to 7 samples, every rank",
                run=check_llr_condition,
                instances=linear_problems(),
                distribution="products of integer matrices -3 .. 3, shrunk by hypothesis",
                parameters={"condition": rank_condition, "unique": functions_agree},
                controls=[*CONDITION_CONTROLS, Control("unique coefficients", unique=coefficients_agree)],
            ),
            Check(
                "network",
                evidence="property",
                covers="instances",
                scope="tanh networks, d = 2 .. 4, up to 2 neurons and 2 copies, up to 12 samples",
                run=check_llr_in_network,
                instances=network_sizes,
                distribution="normal weights and inputs",
                tolerance=FLOAT_GAP,
                parameters={"condition": rank_condition},
                controls=CONDITION_CONTROLS,
            ),
            formal_check("rank/samples.v", "rank_llr_condition", false="R_S = n instead of R_S = R", adequate=samples),
        ],
        probes=[Probe(drops="interpolation", instances=linear_problems(residual=3))],
    ),
    Claim(
        id="rank.monotone-n",
        title="More samples never hurt local linear recovery",
        relation="lower",
        statement=r"S \subseteq S' \Rightarrow R_S(\theta) \le R_{S'}(\theta) \le R(\theta);"
        r"\text{ one sample raises the rank by 0 or 1}",
        source=Source(LOCAL_RECOVERY, "Proposition 1"),
        depends_on=["rank.llr-condition"],
        refuted_by="Nested samples along which the rank falls, or jumps by more than one.",
        checks=[
            Check(
                "nested",
                evidence="exact",
                covers="instances",
                scope="factorizations up to 4 x 4; ratsig4 and cubic networks with repeated samples",
                run=check_monotone,
                instances=nested_samples,
                distribution="integer parameters, entries in rows or permuted, half-integer grids",
                parameters={"increments": {0, 1}},
                controls=[Control("strictly increasing until R", increments={1})],
            ),
            Check(
                "nested-in-floats",
                evidence="property",
                covers="instances",
                scope="tanh networks with bias, d = 2, 3, one neuron",
                run=check_monotone_in_floats,
                instances=biased_networks,
                distribution="normal parameters and inputs, every third input repeated",
                tolerance=FLOAT_GAP,
                parameters={"increments": {0, 1}},
                controls=[Control("strictly increasing until R", increments={1})],
            ),
            formal_check("rank/samples.v", "rank_monotone_n", false="every sample raises the rank", adequate=samples),
        ],
    ),
]
