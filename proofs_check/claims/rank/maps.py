r"""The model rank under maps of parameters: a composed parametrization has no larger one, nor has the image of a critical mapping."""

from dataclasses import replace

import numpy as np

from numerics.arithmetic.exact import PRIMES, nullspace_rational, rank_modulo, rank_rational
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank, modular_tangents
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.networks import samples
from proofs_check.judging import at_most, bounded, equal, rank_is, worst
from theory.draws import distinct_rows, dyadic_normal, signs
from theory.embedding.edge_by_edge import split_edges
from theory.models import TwoLayer, TwoLayerCNN
from theory.rank import Target, optimistic_sample_size
from theory.rank.convolution import ARCHITECTURES, ConvolutionalTarget, generic_kernels

from . import RECOVERY, STRATIFICATION

CHAIN = claim(
    "rank.chain-rule",
    "Model rank of a composed parametrization",
    r"g(\cdot; \eta) = f(\cdot; \varphi(\eta)):\quad R_g(\eta) \le R_f(\varphi(\eta)),\quad"
    r"\text{equality} \iff \operatorname{im} D\varphi(\eta) + \ker = \mathbb{R}^M",
    symbols={
        "f, g": "a model, and the same with parameters phi(eta)",
        "R_f, R_g": "their model ranks",
        "ker": "parameter directions along which f does not move to first order",
        "M": "number of parameters of f",
        "K": "number of parameters of g",
    },
    kind="extension",
    relation="upper",
    assumptions=[
        Assumption(
            "corresponding points",
            r"\text{the ranks are those at } \eta \text{ and } \varphi(\eta)\text{, not of functions}",
        )
    ],
    source=RECOVERY.at("used for weight sharing around Theorems 6 and 7; stated and proved by us"),
    depends_on=["rank.upper-M"],
    refuted_by="A differential whose composition has larger rank, or equality without transversality.",
    notes="Hence R_g(f*) <= R_f(f*) where a point of least rank of f is an image; where none is, the ranks of functions may be reversed.",
)

MAPS = axes(
    M=by_level((1, 3, 5), (1, 2, 3, 4, 5)),
    N=by_level((1, 3, 5), (1, 2, 3, 4, 5)),
    K=by_level((1, 3, 5), (1, 2, 3, 4, 5)),
    kind=("any", "transversal"),
    quick=2,
    standard=4,
    full=20,
)


def linear_map(cell, rng):
    """Tangents J (M, N) of any rank and a differential D (M, K) of any rank, or one that with the kernel spans everything if it can."""
    J = draws.of_rank(rng, cell.M, cell.N, int(rng.integers(0, min(cell.M, cell.N) + 1)))
    if cell.kind == "transversal":
        return J, rng.integers(-4, 5, (cell.M, cell.K))
    return J, draws.of_rank(rng, cell.M, cell.K, int(rng.integers(0, min(cell.M, cell.K) + 1)))


def transversal(D, kernel, M):
    """im D + ker = R^M."""
    return rank_rational(np.concatenate([D, kernel], axis=1)) == M


def surjective(D, kernel, M):
    """im D = R^M: sufficient, not necessary."""
    return rank_rational(D) == M


@CHAIN.check("exact", linear_map, MAPS, distribution="integers of drawn ranks", name="linear-maps")
@false("never smaller", factor=-1)
@false("equality only when D is onto", equality=surjective)
@false("equality always", equality=lambda D, kernel, M: True)
def linear_maps(cell, instance, *, factor=1, equality=transversal, context):
    """The rank of D^T J against that of J, and when the two agree."""
    J, D = (part.astype(object) for part in instance)
    both, outer = rank_rational(D.T @ J), rank_rational(J)
    kernel = np.array(nullspace_rational(J.T), dtype=object).reshape(-1, cell.M).T
    return worst(
        [
            at_most("rank of the composed model", factor * both, factor * outer, attained=False, J=J, D=D),
            equal(equality=(equality(D, kernel, cell.M), both == outer), shown={"J": J, "D": D}),
        ]
    )


SHARED = axes(shape=((4, 2), (5, 3), (6, 2)), k=(1, 2), standard=5, full=20)


def one_active(cell, rng):
    """A target whose first kernel has one active position."""
    model = TwoLayerCNN(*cell.shape, cell.k)
    outputs = signs(rng, (cell.k, len(model.patches)))
    outputs[0, 1:] = 0
    return ConvolutionalTarget(model, generic_kernels(model, rng), outputs, np.zeros(cell.k, int))


@CHAIN.check("certified", one_active, SHARED, distribution="integer kernels", name="weight-sharing")
@false("ranks of the function for ranks at the points", corresponding=False)
def weight_sharing(cell, target, *, corresponding=True, context):
    """Certified ranks along shared -> unshared -> fully connected, the same parameters in all three, do not decrease."""
    shared, unshared, full = (model_rank(*target.realize(one, prune=not corresponding)) for one in ARCHITECTURES)
    values = {"ranks": [one.rank for one in (shared, unshared, full)], "architectures": ARCHITECTURES}
    return worst(
        [
            at_most("shared, by unshared", shared, unshared.lower, attained=False, **values),
            at_most("unshared, by fully connected", unshared, full.lower, attained=False, **values),
        ]
    )


CHAIN.without("corresponding points", weight_sharing, corresponding=False)


def all_active(cell, rng):
    """A target every position of which is active: sharing reaches an optimal point of the unshared network."""
    model = TwoLayerCNN(*cell.shape, cell.k)
    return ConvolutionalTarget(model, generic_kernels(model, rng), signs(rng, (cell.k, len(model.patches))), np.zeros(cell.k, int))


@CHAIN.check("certified", all_active, SHARED, distribution="integer kernels", name="optimal-points")
@false("whether the image has an optimal point or not", positions=1)
def optimal_points(cell, target, *, positions=None, context):
    """Shared kernels against unshared ones: the certified rank at the common point is the least, and bounds the least rank when shared."""
    active = target.outputs * (np.arange(target.outputs.shape[1]) < (positions or target.outputs.shape[1]))
    target = replace(target, outputs=active)
    (shared, eta), (unshared, theta) = (target.realize(one) for one in ARCHITECTURES[:2])
    least = optimistic_sample_size(unshared, Target(shared, eta))
    below = at_most("least rank, by that of f", optimistic_sample_size(shared, Target(shared, eta)), least, attained=False)
    return worst([rank_is(least, model_rank(unshared, theta), kernels=target.kernels), below])


CHAIN.formal("rank/samples.v", "rank_chain_rule", false="the rank of a reparametrized model is no smaller", adequate=samples)

CRITICAL = claim(
    "rank.critical-mapping",
    "Maps that preserve output and criticality do not raise the model rank",
    r"P \text{ keeps outputs and critical points for all data}\ \Rightarrow\ T^g_{P(\theta)} \subseteq T^f_\theta,"
    r"\ R_g(P(\theta)) \le R_f(\theta)",
    symbols={
        "P": "a map from the parameters of f to those of g",
        "T^f, T^g": "spans of the tangents",
        "R_f, R_g": "their dimensions",
        "y": "labels",
    },
    relation="upper",
    assumptions=[
        Assumption("arbitrary labels", r"\text{criticality is preserved for all data sets with arbitrary labels, not only } y = f^*(x)")
    ],
    source=STRATIFICATION.at("Definition 4, Lemma 3; 2406.18035v1, Definition 11, Lemma 12"),
    refuted_by="An output-preserving map that keeps criticality for all labels and has a tangent outside T^f.",
    notes="With labels y = f*(x) the residual vanishes and every output-preserving map qualifies: the split with a share of its own on"
    " every output does, and raises the rank.",
)

SPLITS = axes(d=by_level((1, 2), (1, 2, 3)), k=(1, 2), outputs=(2, 3), bias=(False, True), standard=5, full=20)


def point(cell, rng):
    """A point with distinct neurons, and a stream for the shares and inputs."""
    model = TwoLayer(cell.d, cell.k, outputs=cell.outputs, bias=cell.bias)
    theta = signs(rng, model.n_params) * 1.0
    theta[: cell.k * cell.d] = distinct_rows(rng, cell.k, cell.d).ravel() / 2
    return model, theta, int(rng.integers(2**62))


def equal_shares(rng, outputs):
    return np.full(outputs, int(rng.integers(-2, 4)) / 4)


def different_shares(rng, outputs):
    return rng.permutation(np.arange(1, outputs + 1)) / 4


@CRITICAL.check("exact", point, SPLITS, distribution="dyadic weights and inputs; tangents in Q(s) modulo a prime", name="joint-rank")
@false("output preserving only: a share of its own on every output", shares=different_shares)
@false("one less", less=1)
def joint_rank(cell, instance, *, shares=equal_shares, less=0, context):
    """Ranks modulo a prime of the tangents of both networks on common samples: together no more than the narrow ones alone."""
    model, theta, seed = instance
    rng = context.rng(seed)
    wide = split_edges(model, theta, 1, 0, shares(rng, cell.outputs))
    x = dyadic_normal(rng, (model.n_params + 4, cell.d), bits=8)
    first, second = (modular_tangents(*one, x, PRIMES[0], 0x5EED3) for one in ((model, theta), wide))
    single, joint = rank_modulo(first, PRIMES[0]), rank_modulo(np.concatenate([first, second], axis=1), PRIMES[0])
    return equal(joint_rank=(single - less, joint), shown={"theta": theta, "mapped": wide[1]})


CRITICAL.without("arbitrary labels", joint_rank, shares=different_shares)


@CRITICAL.check(
    "property",
    point,
    SPLITS,
    name="critical-residuals",
    distribution="residuals orthogonal to all tangents of the narrow network",
    tolerance="1e-8 sigma_1 |r|: orthogonal to eps sigma_1 / sigma_rank, with sigma_rank above 1e-9 sigma_1 split off",
)
@false("output preserving only: a share of its own on every output", shares=different_shares)
def critical_residuals(cell, instance, *, shares=equal_shares, context):
    """Arbitrary residuals at which the narrow network is critical: the gradient of the wide one, against its rounding."""
    model, theta, seed = instance
    rng = context.rng(seed)
    wide = split_edges(model, theta, 1, 0, shares(rng, cell.outputs))
    x = rng.normal(size=(2 * model.n_params, cell.d))
    first, second = (tangents(*one, x)[1].reshape(len(x) * cell.outputs, -1) for one in ((model, theta), wide))
    U, s, _ = np.linalg.svd(first)
    rank = int((s > 1e-9 * s[0]).sum())
    residual = U[:, rank:] @ rng.normal(size=U.shape[1] - rank)
    # Orthogonal to the narrow tangents up to eps; the wide ones are combinations of them with factors of at most 2.
    return bounded("gradient of the wide network", second.T @ residual, 1e-8 * s[0] * np.linalg.norm(residual), theta=theta)


CRITICAL.formal(
    "rank/samples.v",
    "rank_critical_mapping",
    false="the rank of the model whose critical points are kept is no larger",
    adequate=samples,
    premises=("the excluded middle: a point where a function does not vanish cannot be computed",),
)
