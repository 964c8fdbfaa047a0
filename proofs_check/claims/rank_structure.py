r"""How the model rank behaves: under maps of parameters, under perturbation, along branches of the target set.

The rank of a composed parametrization is at most that of the outer one; it can only jump down at a point; the dimension of the target
set bounds it; maps that preserve output and criticality do not raise it.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._rank_checks import distinct_rows, signs
from proofs_check.claims.experiments import decide
from theory.models import MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.toy import ProductModel, faithful_points

RANK_STRATIFICATION = "arXiv:2211.11623v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"
STRUCTURE = "arXiv:2309.00508v3"


# --------------------------------------------------------------------------------------------------- rank.chain-rule


def inequality(composed: int, outer: int) -> bool:
    return composed <= outer


def check_chain_rule(instance, *, relation, equality, context) -> Outcome:
    """Integer tangents ``J`` (M, functions) of f and a differential ``D`` (M, K): the rank of D^T J, and when it equals that of J."""
    from numerics.exact import nullspace_rational, rank_rational

    J, D = (np.array(part, dtype=object) for part in instance)
    composed, outer = rank_rational(D.T @ J), rank_rational(J)
    kernel = np.array(nullspace_rational(J.T), dtype=object).reshape(-1, len(J)).T  # parameters along which f does not move
    if relation(composed, outer) and (composed == outer) == equality(D, kernel, len(J)):
        return Outcome.holds()
    message = f"rank {composed} of the composed model, {outer} of the outer one"
    return Outcome.fails(message, counterexample={"J": J, "D": D, "kernel": kernel})


def transversal(D, kernel, M: int) -> bool:
    """im D + ker = R^M."""
    from numerics.exact import rank_rational

    return rank_rational(np.concatenate([D, kernel], axis=1)) == M


def surjective(D, kernel, M: int) -> bool:
    """im D = R^M: sufficient, not necessary."""
    from numerics.exact import rank_rational

    return rank_rational(D) == M


def linear_maps(context):
    from hypothesis import strategies as st

    @st.composite
    def maps(draw):
        M, N, K = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
        rank = draw(st.integers(1, min(M, N)))
        matrix = lambda rows, columns: np.array(
            draw(st.lists(st.lists(st.integers(-2, 2), min_size=columns, max_size=columns), min_size=rows, max_size=rows))
        )
        return (matrix(M, rank) @ matrix(rank, N)).tolist(), matrix(M, K).tolist()

    return maps()


def corresponding(model: TwoLayerCNN, rng):
    """The same parameters shared, copied to every position, and written into a dense network."""
    from proofs_check.claims.networks_convolutional import dense, generic_kernels

    kernels, outputs = generic_kernels(model, rng), signs(rng, (model.kernels, len(model.patches)))
    outputs[0, 1:] = 0  # one active neuron of the first kernel
    unshared = TwoLayerCNN(model.inputs, model.kernel, model.kernels, sharing=False)
    rows = [(w, a) for w, _, a, *_ in dense(model, kernels, np.where(outputs == 0, 99, outputs))]
    full = TwoLayer(model.input_size, len(rows))
    yield model, model.pack(kernels=kernels, output_weights=outputs)
    yield unshared, unshared.pack(kernels=np.repeat(kernels[:, None], len(model.patches), 1), output_weights=outputs)
    yield full, full.pack(input_weights=np.array([w for w, _ in rows]), output_weights=np.array([[0 if a == 99 else a for _, a in rows]]))


def least_representatives(model: TwoLayerCNN, rng):
    """Representatives of least rank of one function in the three architectures instead of corresponding points."""
    from proofs_check.claims.networks_convolutional import ARCHITECTURES, generic_kernels, realization

    kernels, outputs = generic_kernels(model, rng), signs(rng, (model.kernels, len(model.patches)))
    outputs[0, 1:] = 0
    for architecture in ARCHITECTURES:
        yield realization(model, architecture, kernels, outputs, np.zeros(model.kernels, int))


def check_sharing(instance, *, points, context) -> Outcome:
    """Certified ranks along the linear maps shared -> unshared -> fully connected do not decrease."""
    from numerics.rank import model_rank

    model, replicate = instance
    ranks = [model_rank(network, theta).rank for network, theta in points(model, context.rng(replicate))]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    if sorted(ranks) == ranks:
        return Outcome.holds()
    return Outcome.fails(f"shared, unshared, fully connected: {ranks}", counterexample={"model": str(model), "ranks": ranks})


def shared_networks(context):
    draws = context.by_level(quick=2, standard=40, full=100)
    return [(TwoLayerCNN(d, s, 1), r) for d, s in ((4, 2), (5, 3), (6, 2)) for r in range(draws)]


# ----------------------------------------------------------------------------------- rank.semicontinuity, rank.dim-bound


def singular_point(model, rng) -> np.ndarray:
    """Integer theta at which the rank drops: repeated neurons, vanishing weights, factors of low rank."""
    if isinstance(model, TwoLayer):
        from proofs_check.claims.networks import structured_parameters

        return structured_parameters(model, rng)
    return rng.integers(-1, 2, model.n_params) * (rng.random(model.n_params) < 0.5)


def check_semicontinuity(instance, *, relation, context) -> Outcome:
    """Certified rank at a singular point and at a rational point near it."""

    model, replicate = instance
    rng = context.rng(replicate)
    theta = singular_point(model, rng)
    near = theta + rng.integers(-9, 10, model.n_params) / 2**20
    at, beside = (rank_at_point(model, point) for point in (theta, near))
    if None in (at, beside):
        return Outcome.inconclusive(f"open ranks {at}, {beside}", cases=1)
    if relation(at, beside):
        return Outcome.holds()
    return Outcome.fails(f"rank {at} at the point, {beside} beside it", counterexample={"model": str(model), "theta": theta, "near": near})


def rank_at_point(model, theta) -> int | None:
    from numerics.rank import empirical_rank, model_rank

    if isinstance(model, ProductModel):
        return empirical_rank(model, theta, faithful_points(2), "exact").rank
    return model_rank(model, theta).rank


def singular_models(context):
    models = [ProductModel(), MatrixFactorization(3, 3, 2), MatrixFactorization(2, 4, 3), TwoLayer(2, 3), TwoLayer(3, 2)]
    return [(model, r) for model in models for r in range(context.by_level(quick=10, standard=100, full=400))]


def check_open(instance, *, radii, context) -> Outcome:
    """A minor of full model rank whose ball, over a whole box of parameters around theta, excludes zero for one of the ``radii``."""
    from scipy.linalg import qr

    from numerics.rank import float_rank
    from numerics.tape import tangents

    model, replicate = instance
    rng = context.rng(replicate)
    theta, x = singular_point(model, rng) / 4, rng.integers(-8, 9, (3 * model.n_params, model.input_size)) / 4
    if isinstance(model, MatrixFactorization):
        x = model.entries()
    J = tangents(model, theta, x)[1][:, 0]
    rank = float_rank(J).rank
    if not rank:
        return Outcome.holds(message="rank zero is the least there is")
    columns = qr(J, mode="r", pivoting=True)[1][:rank]
    rows = qr(J[:, columns].T, mode="r", pivoting=True)[1][:rank]
    for radius in radii:
        determinant = minor_over_box(model, theta, x, radius, rows, columns)
        if not determinant.contains(0):
            return Outcome.holds(certificate={"theta": theta, "radius": radius, "rank": rank, "determinant": determinant.str(10)})
    return Outcome.fails(f"no box with a minor of size {rank} away from zero", counterexample={"model": str(model), "theta": theta})


def minor_over_box(model, theta, x, radius, rows, columns):
    """Determinant of the tangents on (rows, columns) over all parameters within ``radius``, as a ball."""
    from flint import arb, arb_mat, ctx

    from numerics.tape import tangents

    before, ctx.prec = ctx.prec, 512
    try:
        box = np.array([arb(value, radius) for value in theta], dtype=object)
        samples = x if isinstance(model, MatrixFactorization) else np.frompyfunc(arb, 1, 1)(x)
        return arb_mat(tangents(model, box, samples)[1][:, 0][np.ix_(rows, columns)].tolist()).det()
    finally:
        ctx.prec = before


def tame_models(context):
    models = [MatrixFactorization(3, 3, 2), TwoLayer(2, 2), TwoLayer(3, 2)]
    return [(model, r) for model in models for r in range(context.by_level(quick=4, standard=30, full=100))]


def bound_by_dimension(parameters: int, dimension: int, rank: int) -> bool:
    return rank <= parameters - dimension


def check_matrix_dimensions(instance, *, relation, context) -> Outcome:
    """Every stratum of a matrix target: its dimension, in closed form, against its rank, exact at a drawn point."""
    from numerics.rank import model_rank
    from theory.strata import matrix_strata

    d1, d2, width, r, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d1, d2, width)
    target = rng.integers(-3, 4, (d1, r)) @ rng.integers(-3, 4, (r, d2))
    strata = matrix_strata(model, target)
    for stratum in strata.strata:
        observed = model_rank(model, stratum.sample(rng), "exact").rank
        if not relation(model.n_params, stratum.dimension, observed):
            message = f"stratum {stratum.key}: rank {observed}, dimension {stratum.dimension}, {model.n_params} parameters"
            return Outcome.fails(message, counterexample={"d1": d1, "d2": d2, "width": width, "target": target, "key": stratum.key})
    alt = "nodes: pairs of ranks of the factors; edges: smallest steps; groups: model rank"
    figure = Figure("graph", f"strata of a target of rank {r}, {d1} x {d2}, width {width}", alt, strata.graph())
    return Outcome.holds(len(strata.strata), figures=[figure] if (d1, d2, width, r) == (4, 4, 4, 1) and not replicate else ())


def matrix_formats(context):
    draws = context.by_level(quick=1, standard=10, full=30)
    shapes = [(2, 2, 2, 1), (3, 3, 3, 1), (3, 3, 3, 2), (2, 4, 3, 1), (4, 4, 4, 1), (4, 4, 4, 2), (3, 2, 4, 2)]
    return [(*shape, r) for shape in shapes for r in range(draws)]


def check_branches(instance, *, relation, context) -> Outcome:
    """Points on named branches of a target set with the directions along the branch: exact zeros of the tangent map, certified rank."""
    from numerics.exact import PRIMES
    from numerics.rank import modular_tangents

    name = instance
    model, theta, directions = branches(context.rng())[name]
    rank = rank_at_point(model, theta)
    x = faithful_points(2) if isinstance(model, ProductModel) else np.arange(-9, 9).reshape(-1, model.inputs) / 4
    J = modular_tangents(model, theta, x, PRIMES[0], 0x5EED1)
    directions = np.array(directions)
    if any(int(value) for value in (J @ directions.T).flat):
        raise AssertionError(f"the directions of {name} must lie along the target set")
    dimension = int(np.linalg.matrix_rank(directions.astype(float)))
    if relation(model.n_params, dimension, rank):
        return Outcome.holds()
    message = f"{name}: rank {rank}, dimension {dimension}, {model.n_params} parameters"
    return Outcome.fails(message, counterexample={"branch": name, "theta": theta})


def branches(rng):
    """(model, theta, directions along the branch) of the cross of theta_2 theta_3 = 0 and of the two branches of one neuron as two."""
    cross, two = ProductModel(), TwoLayer(2, 2)
    w, a, v = distinct_rows(rng, 1, 2)[0], 3, distinct_rows(rng, 1, 2, least=5)[0]
    basis = np.eye(two.n_params, dtype=int)  # input weights (w1, w2 in R^2), then output weights (a1, a2)
    return {
        "crossing of the cross": (cross, np.array([1, 1, 0, 0]), [[0, 0, 1, 0]]),
        "arm of the cross": (cross, np.array([1, 1, 2, 0]), [[0, 0, 1, 0]]),
        "split branch": (two, np.array([*w, *w, 1, a - 1]), [basis[4] - basis[5]]),
        "ineffective branch": (two, np.array([*w, *v, a, 0]), [basis[2], basis[3]]),
    }


# ---------------------------------------------------------------------------------------------------- rank.implicit-bias


def check_stable_rank(instance, *, bound, stable, context) -> Outcome:
    """Interpolations of sampled entries: where the tangent matrix on the samples has the full model rank, that rank is at most n."""
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents

    d, width, n, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, width)
    theta = singular_point(model, rng)
    J = tangents(model, rationals(theta), model.entries())[1][:, 0]
    chosen = rng.permutation(d * d)[:n]
    R, R_S = rank_rational(J), rank_rational(J[chosen])
    if not stable(R_S, R):
        return Outcome.holds(message="not linearly stable: nothing is claimed")
    if R <= bound(n):
        return Outcome.holds()
    return Outcome.fails(f"rank {R} from {n} samples", counterexample={"d": d, "theta": theta, "entries": chosen, "R_S": R_S, "R": R})


def interpolations(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 4), st.integers(1, 4), st.integers(1, 10), st.integers(0, 2**20))


def check_stable_network(instance, *, bound, context) -> Outcome:
    """The same for tanh networks that reach rank n on n random inputs: certified ranks."""
    from numerics.rank import empirical_rank, model_rank

    d, m, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, m)
    theta = singular_point(model, rng)
    R = model_rank(model, theta).rank
    if not R:
        return Outcome.holds(message="the zero model")
    least = next(n for n in range(1, 3 * R + 1) if empirical_rank(model, theta, inputs(context, replicate, n, d)).lower == R)
    if R <= bound(least):
        return Outcome.holds()
    return Outcome.fails(f"rank {R} from {least} samples", counterexample={"model": str(model), "theta": theta})


def inputs(context, replicate, n, d):
    """The first n of a sequence of dyadic normal inputs that the replicate names."""
    return np.round(context.rng(10**6 + replicate).normal(size=(3 * 60, d)) * 2**12)[:n] / 2**12


def stable_networks(context):
    return [(d, m, r) for d in (1, 2) for m in (1, 2, 3) for r in range(context.by_level(quick=3, standard=40, full=100))]


def check_low_rank_completion(instance, *, init_std, context) -> Outcome:
    """Full-rank 4 x 4 targets, seven entries in a connected pattern: how often a vanishing start ends at a completion of rank one."""
    from numerics.train import train
    from theory.completion import connected

    trials, rng = instance, context.rng()
    model, masks = MatrixFactorization(4, 4, 4), []
    while len(masks) < trials:
        pattern = rng.permutation(16)[:7]
        if connected(4, 4, pattern):
            masks.append(np.isin(np.arange(16), pattern).astype(float))
    targets = rng.choice([-1, 1], (trials, 4, 4)) * rng.uniform(0.5, 1.5, (trials, 4, 4))
    targets /= np.linalg.norm(targets, 2, axis=(1, 2))[:, None, None]
    trained = train(
        model,
        model.init(rng, scale=init_std, batch=(trials,)),
        (model.entries(), targets.reshape(trials, 16, 1)),
        weights=np.array(masks),
        learning_rate=0.15,
        steps=60_000,
        stop=7e-20,
    )
    values = np.linalg.svd(model.product(trained.theta), compute_uv=False)
    # The stop leaves a residual of 1e-10; a second direction that had grown would be of the size of the first.
    low = int((trained.converged & (values[:, 1] < 1e-6 * values[:, 0])).sum())
    return decide(low, trials, True, alpha=context.alpha / 2, what=f"completions of rank one, start {init_std:g}")


# ------------------------------------------------------------------------------------------------ rank.critical-mapping


def split_outputs(model, theta, shares):
    """Neuron 0 of a two-layer network copied; output t of the copy takes the share ``shares[t]``."""
    parts = {name: np.array(part) for name, part in model.unpack(theta).items()}
    wide = TwoLayer(model.inputs, model.width + 1, model.outputs, model.activation, model.bias, model.output_bias)
    moved = parts["output_weights"][:, 0] * shares
    parts["output_weights"][:, 0] -= moved
    parts["output_weights"] = np.column_stack([parts["output_weights"], moved])
    parts["input_weights"] = np.vstack([parts["input_weights"], parts["input_weights"][:1]])
    if model.bias:
        parts["input_biases"] = np.append(parts["input_biases"], parts["input_biases"][0])
    return wide, wide.pack(**parts)


def equal_shares(rng, outputs):
    return np.full(outputs, int(rng.integers(-2, 4)) / 4)


def different_shares(rng, outputs):
    return rng.permutation(np.arange(1, outputs + 1)) / 4


def drawn_split(instance, shares, context):
    model, replicate = instance
    rng = context.rng(replicate)
    theta = signs(rng, model.n_params) * 1.0
    theta[: model.width * model.inputs] = distinct_rows(rng, model.width, model.inputs).ravel() / 2
    return rng, model, theta, *split_outputs(model, theta, shares(rng, model.outputs))


def check_joint_rank(instance, *, shares, context) -> Outcome:
    """Ranks modulo a prime of the tangents of both networks on common samples: together no more than the narrow ones alone."""
    from numerics.exact import PRIMES, rank_modulo
    from numerics.rank import modular_tangents

    rng, model, theta, wide, mapped = drawn_split(instance, shares, context)
    x = np.round(rng.normal(size=(model.n_params + 4, model.inputs)) * 2**8) / 2**8
    narrow, other = (modular_tangents(*pair, x, PRIMES[0], 0x5EED3) for pair in ((model, theta), (wide, mapped)))
    single, joint = rank_modulo(narrow, PRIMES[0]), rank_modulo(np.concatenate([narrow, other], axis=1), PRIMES[0])
    return Outcome.equal(single, joint, model=str(model), theta=theta, mapped=mapped)


def check_criticality(instance, *, shares, context) -> Outcome:
    """Arbitrary residuals at which the narrow network is critical: the gradient of the wide one, against its rounding."""
    from numerics.tape import tangents

    rng, model, theta, wide, mapped = drawn_split(instance, shares, context)
    x = rng.normal(size=(2 * model.n_params, model.inputs))
    narrow, other = (tangents(*pair, x)[1].reshape(len(x) * model.outputs, -1) for pair in ((model, theta), (wide, mapped)))
    U, s, _ = np.linalg.svd(narrow)
    rank = int((s > 1e-9 * s[0]).sum())
    residual = U[:, rank:] @ rng.normal(size=U.shape[1] - rank)
    gradient = np.linalg.norm(other.T @ residual)
    # residual is orthogonal to the narrow tangents up to eps * s1 / gap; the wide ones are combinations of them of norm below 4 s1
    bound = 1e-8 * s[0] * np.linalg.norm(residual)
    if gradient <= bound:
        return Outcome.holds(margin=float((bound - gradient) / bound))
    return Outcome.fails(
        f"gradient {gradient:.2e} of the wide network, bound {bound:.2e}", counterexample={"theta": theta, "mapped": mapped}
    )


def split_networks(context):
    draws = context.by_level(quick=2, standard=40, full=80)
    shapes = product((1, 2, 3), (1, 2), (2, 3), (False, True))
    return [(TwoLayer(d, k, outputs=q, bias=bias), r) for d, k, q, bias in shapes for r in range(draws)]


def drawn_split_networks(context):
    from hypothesis import strategies as st

    models = st.builds(TwoLayer, st.integers(2, 3), st.integers(1, 2), outputs=st.integers(2, 3), bias=st.booleans())
    return st.tuples(models, st.integers(0, 2**20))


CLAIMS = [
    Claim(
        id="rank.chain-rule",
        family="rank",
        title="Model rank of a composed parametrization",
        kind="extension",
        relation="upper",
        statement=r"g(\cdot; \eta) = f(\cdot; \varphi(\eta)):\quad R_g(\eta) \le R_f(\varphi(\eta)),\quad"
        r"\text{equality} \iff \operatorname{im} D\varphi(\eta) + \ker = \mathbb{R}^M",
        assumptions=[
            Assumption(
                "corresponding points",
                r"\text{the ranks are compared at } \eta \text{ and } \varphi(\eta)\text{, not as ranks of functions}",
            )
        ],
        source=Source(LOCAL_RECOVERY, "used for weight sharing around Theorems 6 and 7; stated and proved by us"),
        depends_on=["rank.upper-M"],
        refuted_by="A differential whose composition has larger rank, or equality without transversality.",
        notes="ker: parameter directions along which f does not move to first order.",
        checks=[
            Check(
                "linear-maps",
                evidence="exact",
                covers="instances",
                scope="M, N, K <= 5, integer J of forced rank, integer D",
                run=check_chain_rule,
                instances=linear_maps,
                distribution="entries -2 .. 2 drawn by hypothesis",
                examples={"quick": 150, "standard": 1500, "full": 5000},
                parameters={"relation": inequality, "equality": transversal},
                controls=[
                    Control("always equal", relation=lambda composed, outer: composed == outer),
                    Control("never smaller", relation=lambda composed, outer: composed >= outer),
                    Control("equality only when D is onto", equality=surjective),
                ],
            ),
            Check(
                "weight-sharing",
                evidence="certified",
                covers="instances",
                scope="shared -> unshared -> fully connected, d = 4 .. 6; one kernel with one active position",
                run=check_sharing,
                instances=shared_networks,
                distribution="integer kernels",
                parameters={"points": corresponding},
                controls=[Control("ranks of the function for ranks at the points", points=least_representatives)],
            ),
        ],
        probes=[
            Probe(
                drops="corresponding points",
                check="weight-sharing",
                instances=shared_networks,
                parameters={"points": least_representatives},
            )
        ],
    ),
    Claim(
        id="rank.semicontinuity",
        family="rank",
        title="The model rank can only jump down at a point",
        kind="extension",
        relation="lower",
        statement=r"\{\theta : R(\theta) \ge r\} \text{ is open for every } r",
        assumptions=[Assumption("continuous tangents", r"f \text{ continuously differentiable in } \theta")],
        source=Source(RANK_STRATIFICATION, "implicit in the stratification; stated by us"),
        refuted_by="A point near which the rank is smaller.",
        checks=[
            Check(
                "neighbours",
                evidence="certified",
                covers="instances",
                scope="product model, 3 x 3 and 2 x 4 factorizations, tanh networks; perturbations of size 2^-20",
                run=check_semicontinuity,
                instances=singular_models,
                distribution="integer points with repeated, vanishing and cancelling parts",
                parameters={"relation": lambda at, beside: beside >= at},
                controls=[
                    Control("upper semicontinuous", relation=lambda at, beside: beside <= at),
                    Control("constant", relation=lambda at, beside: beside == at),
                ],
            ),
            Check(
                "boxes",
                evidence="certified",
                covers="instances",
                scope="a whole box in parameter space at once, of radius 2^-10, 2^-30 or 2^-200: a minor of balls that excludes zero",
                run=check_open,
                instances=tame_models,
                distribution="integer points with repeated, vanishing and cancelling parts",
                parameters={"radii": (2.0**-10, 2.0**-30, 2.0**-200)},
                controls=[Control("boxes of radius 100", radii=(100.0,))],
            ),
        ],
    ),
    Claim(
        id="rank.dim-bound",
        family="rank",
        title="The dimension of the target set bounds the model rank",
        kind="extension",
        relation="upper",
        statement=r"\Theta^* \supset \text{a } C^1 \text{ submanifold of dimension } q \text{ through } \theta:\quad R(\theta) \le M - q",
        assumptions=[Assumption("through the point", r"\theta \text{ lies on the submanifold}")],
        source=Source(STRUCTURE, "section 2 (branches of the set of perfect points); the inequality: ours"),
        depends_on=["mf.strata"],
        refuted_by="A branch with a point of larger rank.",
        notes="Strict at optimal points as a rule: 7 < 25 for a rank-one 4 x 4 target; equality on the ineffective branch of two neurons.",
        checks=[
            Check(
                "matrices",
                evidence="exact",
                covers="instances",
                scope="all strata of 7 matrix formats up to 4 x 4",
                run=check_matrix_dimensions,
                instances=matrix_formats,
                distribution="integer targets, a random point of each stratum",
                parameters={"relation": bound_by_dimension},
                controls=[
                    Control("equality", relation=lambda parameters, dimension, rank: rank == parameters - dimension),
                    Control("one less", relation=lambda parameters, dimension, rank: rank <= parameters - dimension - 5),
                ],
            ),
            Check(
                "branches",
                evidence="certified",
                covers="instances",
                scope="the cross theta_2 theta_3 = 0, split and ineffective branch of one tanh neuron as two",
                run=check_branches,
                instances=lambda context: list(branches(context.rng())),
                distribution="integer weights; directions along the branch verified in Q(s) modulo a prime",
                parameters={"relation": bound_by_dimension},
                controls=[
                    Control("equality", relation=lambda parameters, dimension, rank: rank == parameters - dimension),
                    Control("always strict", relation=lambda parameters, dimension, rank: rank < parameters - dimension),
                ],
            ),
        ],
    ),
    Claim(
        id="rank.implicit-bias",
        family="rank",
        title="Linearly stable interpolations have rank at most n",
        relation="upper",
        statement=r"f' \text{ interpolates } S \text{ and is linearly stable}\ \Rightarrow\ R(f') \le n",
        assumptions=[Assumption("linearly stable", r"R_S(\theta') = R(\theta')")],
        source=Source(
            RANK_STRATIFICATION,
            "Corollaries 1 and 5; that training prefers such interpolations is its hypothesis (2307.08921v1, section 6.3)",
        ),
        depends_on=["rank.llr-condition", "rank.upper-M"],
        refuted_by="A linearly stable interpolation of larger rank.",
        notes="The theorem is the inequality. The hypothesis is tested only where it is robust: connected patterns of seven entries.",
        checks=[
            Check(
                "matrices",
                evidence="exact",
                covers="instances",
                scope="d <= 4, width <= 4, n <= 10 entries; singular integer factors",
                run=check_stable_rank,
                instances=interpolations,
                distribution="shapes and seeds drawn by hypothesis",
                examples={"quick": 120, "standard": 1500, "full": 4000},
                parameters={"bound": lambda n: n, "stable": lambda R_S, R: R_S == R},
                controls=[
                    Control("at most n - 1", bound=lambda n: n - 1),
                    Control("every interpolation", stable=lambda R_S, R: True),
                ],
            ),
            Check(
                "networks",
                evidence="certified",
                covers="instances",
                scope="tanh networks, d = 1, 2, m = 1 .. 3: the least n of a random sequence with a linearly stable point",
                run=check_stable_network,
                instances=stable_networks,
                distribution="integer points with repeated, vanishing and cancelling parts; dyadic normal inputs",
                parameters={"bound": lambda n: n},
                controls=[Control("at most n - 1", bound=lambda n: n - 1)],
            ),
            Check(
                "rank-one-completions",
                evidence="training",
                covers="instances",
                scope="4 x 4 targets of full rank, 7 entries in connected patterns; vanishing start; at most 60 000 steps",
                run=check_low_rank_completion,
                instances=lambda context: [context.by_level(quick=80, standard=200, full=1000)],
                level="standard",
                distribution="entries of modulus 1/2 to 3/2 with random signs, spectral norm one",
                alpha=1e-5,
                parameters={"init_std": 1e-32},
                controls=[Control("a start of size 1e-4", init_std=1e-4)],
            ),
        ],
        probes=[
            Probe(
                drops="linearly stable",
                instances=lambda context: [(4, 4, 3, r) for r in range(6)],
                parameters={"stable": lambda R_S, R: True},
            )
        ],
    ),
    Claim(
        id="rank.critical-mapping",
        family="rank",
        title="Maps that preserve output and criticality do not raise the model rank",
        relation="upper",
        statement=r"P \text{ keeps outputs and critical points for all data}\ \Rightarrow\ T^g_{P(\theta)} \subseteq "
        r"T^f_\theta,\ R_g(P(\theta)) \le R_f(\theta)",
        assumptions=[
            Assumption("arbitrary labels", r"\text{criticality is preserved for all data sets with arbitrary labels, not only } y = f^*(x)")
        ],
        source=Source(RANK_STRATIFICATION, "Definition 4, Lemma 3; 2406.18035v1, Definition 11, Lemma 12"),
        refuted_by="An output-preserving map that keeps criticality for all labels and has a tangent outside T^f.",
        notes="With labels y = f*(x) the residual vanishes and every output-preserving map qualifies: the non-proportional "
        "split does, and raises the rank.",
        checks=[
            Check(
                "joint-rank",
                evidence="exact",
                covers="instances",
                scope="tanh, d = 1 .. 3, k = 1, 2, two and three outputs, with and without bias: proportional splits",
                run=check_joint_rank,
                instances=split_networks,
                distribution="dyadic weights and inputs; tangents in Q(s) modulo a prime",
                parameters={"shares": equal_shares},
                controls=[Control("output preserving only: a share of its own on every output", shares=different_shares)],
            ),
            Check(
                "critical-residuals",
                evidence="property",
                covers="instances",
                scope="d = 2, 3, k = 1, 2, two and three outputs",
                run=check_criticality,
                instances=drawn_split_networks,
                distribution="normal inputs, random residuals orthogonal to all tangents of the narrow network",
                tolerance="1e-8 of sigma_1 |r|: orthogonality is exact to eps sigma_1 / sigma_rank with sigma_rank above "
                "1e-9 sigma_1 split off",
                parameters={"shares": equal_shares},
                controls=[Control("output preserving only: a share of its own on every output", shares=different_shares)],
            ),
        ],
        probes=[
            Probe(
                drops="arbitrary labels",
                instances=lambda context: list(split_networks(context))[:6],
                parameters={"shares": different_shares},
            )
        ],
    ),
]
