r"""The model rank under maps of parameters: a composed parametrization has no larger one, nor has the image of a critical mapping."""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.networks import samples
from proofs_check.claims._papers import LOCAL_RECOVERY, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import composed, integer_matrix, judged, related, seeded
from proofs_check.proving import formal_check
from theory.draws import distinct_rows, dyadic_normal, signs
from theory.embedding.edge_by_edge import split_edges
from theory.models import TwoLayer, TwoLayerCNN
from theory.rank.convolution import ARCHITECTURES, ConvolutionalTarget, generic_kernels

# --------------------------------------------------------------------------------------------------- rank.chain-rule


def inequality(composed: int, outer: int) -> bool:
    return composed <= outer


def check_chain_rule(instance, *, relation, equality, context) -> Outcome:
    """Integer tangents ``J`` (M, functions) of f and a differential ``D`` (M, K): the rank of D^T J, and when it equals that of J."""
    from numerics.arithmetic.exact import nullspace_rational, rank_rational

    J, D = (np.array(part, dtype=object) for part in instance)
    both, outer = rank_rational(D.T @ J), rank_rational(J)
    kernel = np.array(nullspace_rational(J.T), dtype=object).reshape(-1, len(J)).T  # parameters along which f does not move
    good = relation(both, outer) and (both == outer) == equality(D, kernel, len(J))
    return judged(good, f"rank {both} of the composed model, {outer} of the outer one", J=J, D=D, kernel=kernel)


def transversal(D, kernel, M: int) -> bool:
    """im D + ker = R^M."""
    from numerics.arithmetic.exact import rank_rational

    return rank_rational(np.concatenate([D, kernel], axis=1)) == M


def surjective(D, kernel, M: int) -> bool:
    """im D = R^M: sufficient, not necessary."""
    from numerics.arithmetic.exact import rank_rational

    return rank_rational(D) == M


@composed
def linear_maps(draw, st):
    M, N, K = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    rank = draw(st.integers(1, min(M, N)))
    J = integer_matrix(draw, st, M, rank, largest=2) @ integer_matrix(draw, st, rank, N, largest=2)
    return J.tolist(), integer_matrix(draw, st, M, K, largest=2).tolist()


def check_sharing(instance, *, corresponding, context) -> Outcome:
    """Certified ranks along the linear maps shared -> unshared -> fully connected do not decrease.

    ``corresponding``: the same parameters written into all three networks; otherwise each network's point of least rank.
    """
    from numerics.rank import model_rank

    model, replicate = instance
    rng = context.rng(replicate)
    kernels, outputs = generic_kernels(model, rng), signs(rng, (model.kernels, len(model.patches)))
    outputs[0, 1:] = 0  # one active neuron of the first kernel
    target = ConvolutionalTarget(model, kernels, outputs, np.zeros(model.kernels, int))
    ranks = [model_rank(*target.realize(architecture, prune=not corresponding)).rank for architecture in ARCHITECTURES]
    increasing = lambda *ranks: sorted(ranks) == list(ranks)
    return related(increasing, ranks, f"shared, unshared, fully connected: {ranks}", model=str(model))


def shared_networks(context):
    draws = context.by_level(quick=2, standard=40, full=100)
    return [(TwoLayerCNN(d, s, 1), r) for d, s in ((4, 2), (5, 3), (6, 2)) for r in range(draws)]


# ---------------------------------------------------------------------------------------------- rank.critical-mapping


def equal_shares(rng, outputs):
    return np.full(outputs, int(rng.integers(-2, 4)) / 4)


def different_shares(rng, outputs):
    return rng.permutation(np.arange(1, outputs + 1)) / 4


def drawn_split(instance, shares, context):
    """A two-layer network and the same with its first neuron split: rng, and (model, theta) of both."""
    model, replicate = instance
    rng = context.rng(replicate)
    theta = signs(rng, model.n_params) * 1.0
    theta[: model.width * model.inputs] = distinct_rows(rng, model.width, model.inputs).ravel() / 2
    return rng, (model, theta), split_edges(model, theta, 1, 0, shares(rng, model.outputs))


def check_joint_rank(instance, *, shares, context) -> Outcome:
    """Ranks modulo a prime of the tangents of both networks on common samples: together no more than the narrow ones alone."""
    from numerics.arithmetic.exact import PRIMES, rank_modulo
    from numerics.rank import modular_tangents

    rng, narrow, wide = drawn_split(instance, shares, context)
    model, theta = narrow
    x = dyadic_normal(rng, (model.n_params + 4, model.inputs), bits=8)
    first, second = (modular_tangents(*point, x, PRIMES[0], 0x5EED3) for point in (narrow, wide))
    single, joint = rank_modulo(first, PRIMES[0]), rank_modulo(np.concatenate([first, second], axis=1), PRIMES[0])
    return Outcome.equal(single, joint, model=str(model), theta=theta, mapped=wide[1])


def check_criticality(instance, *, shares, context) -> Outcome:
    """Arbitrary residuals at which the narrow network is critical: the gradient of the wide one, against its rounding."""
    from numerics.derivatives.tape import tangents

    rng, narrow, wide = drawn_split(instance, shares, context)
    model, theta = narrow
    x = rng.normal(size=(2 * model.n_params, model.inputs))
    first, second = (tangents(*point, x)[1].reshape(len(x) * model.outputs, -1) for point in (narrow, wide))
    U, s, _ = np.linalg.svd(first)
    rank = int((s > 1e-9 * s[0]).sum())
    residual = U[:, rank:] @ rng.normal(size=U.shape[1] - rank)
    gradient = np.linalg.norm(second.T @ residual)
    # residual is orthogonal to the narrow tangents up to eps * s1 / gap; the wide ones are combinations of them of norm below 4 s1
    bound = 1e-8 * s[0] * np.linalg.norm(residual)
    if gradient <= bound:
        return Outcome.holds(margin=float((bound - gradient) / bound))
    message = f"gradient {gradient:.2e} of the wide network, bound {bound:.2e}"
    return Outcome.fails(message, counterexample={"theta": theta, "mapped": wide[1]})


def split_networks(context):
    draws = context.by_level(quick=2, standard=40, full=80)
    shapes = product((1, 2, 3), (1, 2), (2, 3), (False, True))
    return [(TwoLayer(d, k, outputs=q, bias=bias), r) for d, k, q, bias in shapes for r in range(draws)]


drawn_split_networks = seeded(
    lambda st: (st.builds(TwoLayer, st.integers(2, 3), st.integers(1, 2), outputs=st.integers(2, 3), bias=st.booleans()),)
)

CLAIMS = [
    Claim(
        id="rank.chain-rule",
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
                parameters={"corresponding": True},
                controls=[Control("ranks of the function for ranks at the points", corresponding=False)],
            ),
            formal_check("rank/samples.v", "rank_chain_rule", false="the rank of a reparametrized model is no smaller", adequate=samples),
        ],
        probes=[
            Probe(
                drops="corresponding points",
                check="weight-sharing",
                instances=shared_networks,
                parameters={"corresponding": False},
            )
        ],
    ),
    Claim(
        id="rank.critical-mapping",
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
            formal_check(
                "rank/samples.v",
                "rank_critical_mapping",
                false="the rank of the model whose critical points are kept is no larger",
                adequate=samples,
                premises=("the excluded middle: a point where a function does not vanish cannot be computed",),
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
