r"""General theory of the model rank: when a target is recovered locally, and from how many samples.

At theta* with f(.; theta*) = f*, the samples S decide the linearized problem exactly when the tangent matrix on S has the rank of the
tangent function space. Everything else (monotony in S, optimistic sample size, phase transition) follows from that.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from theory.completion import representative
from theory.models import FullyConnected, MatrixFactorization, TwoLayer
from theory.rank import factorization_strata, function_rank, two_layer_function_rank
from theory.toy import LinearModel, RedundantModel

LOCAL_RECOVERY = "arXiv:2406.18035v1"
RANK_STRATIFICATION = "arXiv:2211.11623v1"
OPTIMISTIC_ESTIMATE = "arXiv:2307.08921v1"

FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"


def dyadic_normal(rng, shape):
    """Normal numbers rounded to multiples of 2^-20: exact rationals of moderate height."""
    return np.round(rng.normal(size=shape) * 2**20) / 2**20


# ----------------------------------------------------------------------------------------------- rank.llr-condition


def rank_condition(R_S: int, R: int, M: int, n: int) -> bool:
    return R_S == R


def functions_agree(G, V):
    """Every direction that vanishes on the samples vanishes as a function."""
    from numerics.exact import nullspace_rational

    return all(not (np.array(a, object) @ G).any() for a in nullspace_rational((G @ V).T))


def coefficients_agree(G, V):
    """Every direction that vanishes on the samples is zero: asks for more than a unique function."""
    from numerics.exact import nullspace_rational

    return not nullspace_rational((G @ V).T)


def check_llr_condition(instance, *, condition, unique, context) -> Outcome:
    """f* is the unique minimizer over the tangent hyperplane, decided by kernels, against the condition on the ranks.

    ``G`` (M, N): tangent functions over N basis functions; ``V`` (N, n): these on the samples; ``r`` (n,): residual at theta*.
    """
    from numerics.exact import rank_rational

    G, V, r = (np.array(part, dtype=object) for part in instance)
    minimizer = not (G @ V @ r).any()  # theta* itself is a minimizer: the normal equations hold at a = 0
    recovered = minimizer and unique(G, V)
    predicted = condition(rank_rational(G @ V), rank_rational(G), *np.shape(G @ V))
    return Outcome.equal(predicted, recovered, G=G, V=V, residual=r)


def linear_problems(residual=0):
    """Integer G of forced rank, V and r as a hypothesis strategy; a zero residual unless asked for."""

    def instances(context):
        from hypothesis import strategies as st

        @st.composite
        def problem(draw):
            M, N, n = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 7))
            inner = draw(st.integers(1, min(M, N)))
            entries = lambda rows, columns: np.array(
                draw(st.lists(st.lists(st.integers(-3, 3), min_size=columns, max_size=columns), min_size=rows, max_size=rows))
            )
            G = entries(M, inner) @ entries(inner, N)
            r = draw(st.lists(st.integers(1, residual), min_size=n, max_size=n)) if residual else [0] * n
            return G.tolist(), entries(N, n).tolist(), r

        return problem()

    return instances


def check_llr_in_network(instance, *, condition, context) -> Outcome:
    """The same for a tanh network in floats: null directions on the samples, looked at on a fine set of test inputs."""
    from numerics.rank import float_rank
    from numerics.tape import tangents

    d, k, extra, n, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + extra)
    w = rng.normal(size=(k, d))
    theta = model.pack(  # the extra neurons are copies: M exceeds R
        input_weights=np.vstack([w, np.repeat(w[:1], extra, 0)]), output_weights=rng.uniform(0.5, 2, (1, k + extra))
    )
    on_samples = tangents(model, theta, rng.normal(size=(n, d)))[1][:, 0]
    on_tests = tangents(model, theta, rng.normal(size=(8 * model.n_params, d)))[1][:, 0]
    R_S, R, both = (float_rank(J).rank for J in (on_samples, on_tests, np.vstack([on_samples, on_tests])))
    if None in (R_S, R, both):
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    # A null direction on S that is no null function would raise the rank of S together with the tests above that of S.
    recovered = both == R_S
    return Outcome.equal(condition(R_S, R, model.n_params, n), recovered, d=d, k=k, extra=extra, n=n)


def network_sizes(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 4), st.integers(1, 2), st.integers(0, 2), st.integers(1, 12), st.integers(0, 2**20))


CONDITION_CONTROLS = [
    Control("as many as samples", condition=lambda R_S, R, M, n: R_S == n),
    Control("as many as parameters", condition=lambda R_S, R, M, n: R_S == M),
]


# --------------------------------------------------------------------------------------------------- rank.monotone-n


def check_monotone(instance, *, increments, context) -> Outcome:
    """Exact ranks along nested samples: steps from ``increments`` until the model rank, then none."""
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents

    model, theta, x = instance
    samples = x if isinstance(model, MatrixFactorization) else rationals(x)
    J = tangents(model, rationals(theta), samples)[1][:, 0]
    ranks = [0, *(rank_rational(J[: n + 1]) for n in range(len(J)))]
    steps = {b - a for a, b in zip(ranks, ranks[1:], strict=False) if a < ranks[-1]}
    if steps <= increments:
        return Outcome.holds(len(J))
    message = f"increments {sorted(steps)} of the rank along nested samples, expected only {sorted(increments)}"
    return Outcome.fails(message, counterexample={"model": str(model), "theta": theta, "samples": x, "ranks": ranks})


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
    from numerics.tape import tangents

    d, k, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, bias=True)
    x = rng.normal(size=(2 * model.n_params, d))
    x[1::3] = x[0]  # repeated samples
    J = tangents(model, rng.normal(size=model.n_params), x)[1][:, 0]
    ranks = [0, *(float_rank(J[: n + 1]).rank for n in range(len(J)))]
    if None in ranks:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    steps = {b - a for a, b in zip(ranks, ranks[1:], strict=False) if a < ranks[-1]}
    if steps <= increments:
        return Outcome.holds(len(J))
    return Outcome.fails(f"increments {sorted(steps)}", counterexample={"instance": instance, "ranks": ranks})


def biased_networks(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 3), st.just(1), st.integers(0, 2**20))


# -------------------------------------------------------------------------------------------------- rank.O-equals-R


def greedy_sample_size(J) -> int:
    """How many rows a greedy choice takes until they have the rank of all rows; exact."""
    from numerics.exact import rank_rational

    rank, chosen = rank_rational(J), []
    for i in range(len(J)):
        if len(chosen) == rank:
            break
        if rank_rational(J[[*chosen, i]]) > len(chosen):
            chosen.append(i)
    return len(chosen)


def function_rank_of(r, d1, d2, width):
    return function_rank(r, d1, d2)


def check_optimistic_size(instance, *, size, strata, context) -> Outcome:
    """Least n with recovery from some n entries at some representative, over one point of every stratum of the target."""
    from numerics.exact import rationals
    from numerics.tape import tangents

    d1, d2, width, r = instance
    model = MatrixFactorization(d1, d2, width)
    least = None
    for a, b in strata(r, d1, d2, width):
        theta = representative(model, a, b, r, context.rng())
        needed = greedy_sample_size(tangents(model, rationals(theta), model.entries())[1][:, 0])
        least = needed if least is None else min(least, needed)
    return Outcome.equal(size(r, d1, d2, width), least, d1=d1, d2=d2, width=width, r=r)


def check_every_subset(instance, *, size, context) -> Outcome:
    """By brute force over all subsets of entries and all strata: no smaller set recovers, some set of that size does."""
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents

    d1, d2, width, r = instance
    model, least, cases = MatrixFactorization(d1, d2, width), None, 0
    for a, b in factorization_strata(r, d1, d2, width):
        theta = representative(model, a, b, r, context.rng())
        J = tangents(model, rationals(theta), model.entries())[1][:, 0]
        full = rank_rational(J)
        for n in range(len(J) + 1):
            subsets = list(combinations(range(len(J)), n))
            cases += len(subsets)
            if any(rank_rational(J[list(rows)]) == full for rows in subsets):
                least = n if least is None else min(least, n)
                break
    outcome = Outcome.equal(size(r, d1, d2, width), least, d1=d1, d2=d2, width=width, r=r)
    return Outcome.holds(cases) if outcome.counterexample is None else outcome


def check_greedy_in_network(instance, *, size, context) -> Outcome:
    """Greedy choice from a pool reaches the rank of a tanh target in exactly R samples (pivots modulo a prime)."""
    from numerics.exact import PRIMES, rank_modulo
    from numerics.rank import modular_tangents

    d, k, bias, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, bias=bias)
    theta, pool = dyadic_normal(rng, model.n_params), dyadic_normal(rng, (model.n_params + 6, d))
    J = modular_tangents(model, theta, pool, PRIMES[0], 0x5EED)
    chosen: list[int] = []
    for i in range(len(J)):
        if rank_modulo(J[[*chosen, i]], PRIMES[0]) > len(chosen):
            chosen.append(i)
    return Outcome.equal(size(d, k, bias), len(chosen), d=d, k=k, bias=bias, theta=theta, pool=pool)


def matrix_targets(most):
    def instances(context):
        sizes = context.by_level(quick=range(2, most + 1), standard=range(2, most + 1), full=range(2, most + 2))
        return [(d1, d2, max(d1, d2), r) for d1 in sizes for d2 in sizes for r in range(1, min(d1, d2) + 1)]

    return instances


def network_targets(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(1, 4), st.integers(1, 3), st.booleans(), st.integers(0, 2**20))


# ------------------------------------------------------------------------------------- rank.phase-transition-ae


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
    weights = np.vstack([dyadic_normal(rng, (k, d)), np.zeros((1, d))])
    outputs = np.append(rng.integers(1, 4, k), 0)
    theta = model.pack(input_weights=weights, output_weights=outputs[None].astype(float))
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
    return Outcome.fails(
        f"expected rank {expected}, observed {observed}", counterexample={"model": str(model), "theta": theta, "x": x}
    )


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
    from numerics.tape import tangents

    d, k, offset, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + 1)
    R = k * (d + 1)
    n = max(1, R + offset)
    theta = model.pack(
        input_weights=np.vstack([rng.normal(size=(k, d)), np.zeros((1, d))]),
        output_weights=np.append(rng.uniform(0.5, 2, k), 0.0)[None],
    )
    found = float_rank(tangents(model, theta, rng.normal(size=(n, d)))[1][:, 0])
    if found.rank is None:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    return Outcome.equal(formula(n, R, model.n_params), found.rank, d=d, k=k, n=n)


def drawn_transitions(context):
    from hypothesis import strategies as st

    # d >= 2 and few neurons: there the spectrum of random tanh tangents keeps a clear gap (one input does not).
    return st.tuples(st.integers(2, 5), st.integers(1, 2), st.integers(-2, 3), st.integers(0, 2**20))


TRANSITION_CONTROLS = [
    Control("transition at the number of parameters", formula=lambda n, R, M: min(n, M)),
    Control("transition one sample early", formula=lambda n, R, M: min(n, R - 1)),
]


# ---------------------------------------------------------------------- rank.upper-M, rank.MI, rank.linear-constant


def independent_parameters(model) -> int:
    """M_I = max over theta of R(theta), for the models of these checks."""
    if isinstance(model, MatrixFactorization):
        return function_rank(min(model.width, model.d1, model.d2), model.d1, model.d2)
    if isinstance(model, TwoLayer):
        # positive homogeneity: w . d/dw = a d/da on every neuron
        return model.n_params - model.width * (model.activation.degree == 1)
    return model.n_params - sum(model.widths[1:-1]) * (model.activation.degree == 1)


def check_upper(instance, *, bound, context) -> Outcome:
    """R(theta) <= M_I <= M at structured points (zeros, copies), with R(theta) certified."""
    from numerics.rank import model_rank

    model, theta = instance
    R, most = model_rank(model, np.array(theta)), bound(model)
    if R.lower <= most <= model.n_params:
        return Outcome.holds()
    message = f"expected R <= M_I <= M, got {R.lower}, {most}, {model.n_params}"
    return Outcome.fails(message, counterexample={"model": str(model), "theta": theta})


def structured_points(context):
    rng = context.rng()
    models = [MatrixFactorization(3, 4, 2), TwoLayer(2, 3), TwoLayer(2, 2, bias=True), TwoLayer(3, 2, activation="relu")]
    for model in models:
        for _ in range(context.by_level(quick=6, standard=40, full=200)):
            yield model, rng.integers(-1, 2, model.n_params) * rng.integers(1, 4)
            yield model, dyadic_normal(rng, model.n_params)


def check_generic(instance, *, value, context) -> Outcome:
    """Certified rank at a point drawn from an absolutely continuous law, against M_I."""
    from numerics.rank import empirical_rank, model_rank, sample_points

    model, replicate = instance
    theta = dyadic_normal(context.rng(replicate), model.n_params)
    found = model_rank(model, theta)
    if isinstance(model, FullyConnected):  # no structural bound in depth: the exact rank on several hundred points
        _, points, _ = sample_points(model, model.n_params)
        found = empirical_rank(model, theta, points, "exact")
    expected = value(model)
    if found.lower < expected <= found.upper and found.rank is None:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}", cases=1)
    return Outcome.equal(expected, found.lower, model=str(model), theta=theta)


def generic_points(context):
    models = [MatrixFactorization(3, 4, 2), MatrixFactorization(4, 4, 4), TwoLayer(2, 3), TwoLayer(3, 2, bias=True), TwoLayer(1, 4)]
    draws = context.by_level(quick=4, standard=40, full=400)
    return [(model, replicate) for model in models for replicate in range(draws)]


def kinked_networks(context):
    """ReLU networks in depth: on open sets of parameters a neuron of the second layer is dead for all inputs."""
    model = FullyConnected((2, 3, 3, 1), activation="relu")
    return [(model, replicate) for replicate in range(40)]


def check_generic_in_floats(instance, *, value, context) -> Outcome:
    from numerics.rank import model_rank

    model, replicate = instance
    found = model_rank(model, context.rng(replicate).normal(size=model.n_params), "float")
    if found.rank is None:
        return Outcome.inconclusive(f"no clear gap among the singular values for {model}", cases=1)
    return Outcome.equal(value(model), found.rank, model=str(model), replicate=replicate)


def drawn_models(context):
    from hypothesis import strategies as st

    size = st.integers(1, 4)
    matrices = st.builds(MatrixFactorization, size, size, size)
    networks = st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 2))
    return st.tuples(matrices | networks, st.integers(0, 2**20))


def monomials(exponents):
    """Features x^e, e over ``exponents`` (tuples), in plain array code."""

    def features(x):
        columns = []
        for powers in exponents:
            column = x[..., :1] * 0 + 1
            for j, power in enumerate(powers):
                for _ in range(power):
                    column = column * x[..., j : j + 1]
            columns.append(column)
        return np.concatenate(columns, axis=-1)

    return features


def check_linear(instance, *, dimension, context) -> Outcome:
    """The exact rank of a linear model at several theta on a grid that separates its monomials."""
    from numerics.rank import empirical_rank

    exponents = instance
    model = LinearModel(2, monomials(exponents), len(exponents))
    grid = np.array([(i, j) for i in range(5) for j in range(5)])
    found = {
        empirical_rank(model, theta, grid, "exact").rank
        for theta in (np.zeros(len(exponents), int), *context.rng().integers(-5, 6, (3, len(exponents))))
    }
    return Outcome.equal({dimension(exponents)}, found, exponents=exponents)


def drawn_features(context):
    from hypothesis import strategies as st

    powers = st.tuples(st.integers(0, 3), st.integers(0, 3))
    return st.lists(powers, min_size=1, max_size=8)


def listed_features(context):
    return [[(0, 0), (1, 0), (0, 1)], [(1, 0), (1, 0)], [(0, 0), (2, 0), (2, 0), (1, 1)], [(3, 3)]]


def check_linear_in_floats(instance, *, dimension, context) -> Outcome:
    from numerics.rank import empirical_rank

    model = LinearModel(2, monomials(instance), len(instance))
    x = context.rng().uniform(-1, 1, (40, 2))
    found = empirical_rank(model, context.rng(1).normal(size=len(instance)), x, "float")
    if found.rank is None:
        return Outcome.inconclusive("no clear gap among the singular values", cases=1)
    return Outcome.equal(dimension(instance), found.rank, exponents=instance)


def check_converse(instance, *, constant, context) -> Outcome:
    """Non-linear in theta, and yet of constant rank: (theta_1 + theta_2^3) x."""
    from numerics.rank import empirical_rank

    model = RedundantModel(instance)
    ranks = {empirical_rank(model, np.array(theta), np.array([[1]]), "exact").rank for theta in ((0, 0), (1, 0), (0, 2), (-1, 3))}
    return Outcome.equal(constant, len(ranks) == 1, power=instance, ranks=sorted(ranks))


LINEAR_CONTROLS = [Control("as many as parameters", dimension=len)]

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
        ],
    ),
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
    Claim(
        id="rank.upper-M",
        title="The model rank never exceeds the number of independent parameters",
        relation="upper",
        statement=r"R(\theta) \le M_I \le M",
        source=Source(LOCAL_RECOVERY, "Corollary 2; 2307.08921v1, section 2"),
        refuted_by="A point whose rank exceeds the rank at generic points.",
        checks=[
            Check(
                "points",
                evidence="certified",
                covers="instances",
                scope="factorization, tanh and ReLU networks at points with zeros and copies, and at generic ones",
                run=check_upper,
                instances=structured_points,
                distribution="entries -1, 0, 1, and dyadic normal ones",
                parameters={"bound": independent_parameters},
                controls=[
                    Control("one less", bound=lambda model: independent_parameters(model) - 1),
                    Control("more than the parameters", bound=lambda model: model.n_params + 1),
                ],
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="factorizations up to 4 x 4, tanh networks with d = 2 .. 4",
                run=check_generic_in_floats,
                instances=drawn_models,
                distribution="normal parameters",
                tolerance=FLOAT_GAP,
                parameters={"value": independent_parameters},
                controls=[Control("every parameter", value=lambda model: model.n_params)],
            ),
        ],
    ),
    Claim(
        id="rank.MI",
        title="Almost every point has the largest model rank",
        statement=r"R(\theta) = M_I \text{ for almost all } \theta",
        assumptions=[Assumption("analytic in theta", r"\theta \mapsto f(x; \theta) \text{ real analytic}")],
        source=Source(OPTIMISTIC_ESTIMATE, "section 3"),
        depends_on=["rank.upper-M"],
        refuted_by="An open set of parameters of smaller rank.",
        notes="Almost surely: drawn points stand for almost all.",
        checks=[
            Check(
                "generic-points",
                evidence="certified",
                covers="instances",
                scope="factorizations, tanh networks with and without bias",
                run=check_generic,
                instances=generic_points,
                distribution="dyadic normal parameters",
                parameters={"value": independent_parameters},
                controls=[Control("every parameter", value=lambda model: model.n_params)],
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="factorizations up to 4 x 4, tanh networks with d = 2 .. 4",
                run=check_generic_in_floats,
                instances=drawn_models,
                distribution="normal parameters",
                tolerance=FLOAT_GAP,
                parameters={"value": independent_parameters},
                controls=[Control("every parameter", value=lambda model: model.n_params)],
            ),
        ],
        probes=[Probe(drops="analytic in theta", instances=kinked_networks)],
    ),
    Claim(
        id="rank.linear-constant",
        title="Linear models have constant model rank",
        statement=r"f = \sum_i \theta_i \varphi_i:\quad R(\theta) = \dim \operatorname{span} \{\varphi_i\} \text{ for all } \theta",
        source=Source(LOCAL_RECOVERY, "Corollary 3 (which needs independent features for O = M)"),
        refuted_by="A theta at which a linear model has another rank.",
        checks=[
            Check(
                "features",
                evidence="exact",
                covers="instances",
                scope="up to 8 monomials of degree at most 3 in each of two variables, repetitions included",
                run=check_linear,
                instances=drawn_features,
                distribution="lists of exponents, shrunk by hypothesis; a 5 x 5 grid separates them",
                parameters={"dimension": lambda exponents: len(set(exponents))},
                controls=LINEAR_CONTROLS,
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="listed feature sets, dependent ones among them",
                run=check_linear_in_floats,
                instances=listed_features,
                distribution="uniform inputs in a square",
                tolerance=FLOAT_GAP,
                parameters={"dimension": lambda exponents: len(set(exponents))},
                controls=LINEAR_CONTROLS,
            ),
            Check(
                "no-converse",
                evidence="exact",
                covers="instances",
                scope="the model (theta_1 + theta_2^3) x: not linear in theta, of constant rank",
                run=check_converse,
                instances=lambda context: [3],
                distribution="one model",
                parameters={"constant": True},
                controls=[Control("non-linear models have varying rank", constant=False)],
            ),
        ],
    ),
]
