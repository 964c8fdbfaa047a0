r"""Formulas and statements about model ranks that are false, or false at an edge, as printed; each with the smallest case that shows it.

A claim here holds when the printed text fails and the corrected one stands: its control is the corrected statement read as a misprint.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import LOCAL_RECOVERY, OPTIMISTIC_ESTIMATE, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import exact_tangent_matrix
from theory.draws import dyadic_normal, signs
from theory.models import MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.rank import cnn_function_rank
from theory.rank.convolution import ConvolutionalTarget, draw_target, generic_kernels, two_kernels


def differs(printed, observed, **counterexample) -> Outcome:
    """Holds where the printed value is not the observed one."""
    if printed != observed:
        return Outcome.holds(message=f"printed {printed}, certified {observed}")
    return Outcome.fails(f"printed and certified value agree: {printed}", counterexample={**counterexample, "value": observed})


def certified(network, theta) -> int:
    """The certified rank; AssertionError where it stays open."""
    from numerics.rank import model_rank

    rank = model_rank(network, theta).rank
    assert rank is not None, f"open rank at {theta}"
    return rank


# -------------------------------------------------------------------------------------------- errata.null-weights


def check_null_formula(instance, *, printed, context) -> Outcome:
    """The printed function rank is that of a point where unused neurons keep their weights; the minimum is smaller."""
    d, s, k, zeros, architecture = instance
    least = certified(*draw_target(TwoLayerCNN(d, s, k), context.rng(), zeros=zeros).realize(architecture))
    return differs(printed(d, s, k, zeros, architecture), least, d=d, s=s, k=k, zeros=zeros, architecture=architecture)


def check_null_origin(instance, *, printed, context) -> Outcome:
    """Where the printed value comes from: the certified rank at the point with unused neurons kept."""
    d, s, k, zeros, architecture = instance
    kept = certified(*draw_target(TwoLayerCNN(d, s, k), context.rng(), zeros=zeros).realize(architecture, prune=False))
    return Outcome.equal(printed(d, s, k, zeros, architecture), kept, d=d, s=s, k=k, zeros=zeros, architecture=architecture)


def older_tables(d, s, k, zeros, architecture) -> int:
    """2211.11623v1, Tables 4 and 8."""
    size = s if architecture == "unshared" else d
    return k * (size + 1) * (d + 1 - s) - size * zeros


def corrected_tables(d, s, k, zeros, architecture) -> int:
    return cnn_function_rank(d, s, d + 1 - s, k, architecture=architecture, zeros=zeros)


NULL_CASES = [(5, 3, 1, 1), (5, 3, 1, 2), (4, 2, 1, 1), (5, 3, 2, 2)]


def null_cases(context):
    return [(*case, architecture) for case in NULL_CASES for architecture in ("unshared", "fully-connected")]


# ------------------------------------------------------------------------------------------- errata.bias-remark


def check_bias_remark(instance, *, printed, context) -> Outcome:
    """Table 4's remark for the fully connected network with biases, against both candidate points."""
    d, s, zeros = instance
    target = draw_target(TwoLayerCNN(d, s, 1, bias=True), context.rng(), zeros=zeros)
    values = {name: certified(*target.realize("fully-connected", prune=name == "least")) for name in ("least", "kept")}
    for name, value in values.items():
        outcome = differs(printed(d, s, zeros, name), value, d=d, s=s, zeros=zeros, point=name)
        if outcome.counterexample:
            return outcome
    return Outcome.holds(2, message=f"printed {printed(d, s, zeros, 'least')}, certified {values}")


def printed_remark(d, s, zeros, point) -> int:
    return (d + 2) * (d + 1 - s) - s * zeros


def true_remark(d, s, zeros, point) -> int:
    return (d + 2) * (d + 1 - s - zeros) if point == "least" else (d + 2) * (d + 1 - s) - (d + 1) * zeros


# --------------------------------------------------------------------------------------------- errata.attained


def check_attained(instance, *, printed, context) -> Outcome:
    """The rank that the proof of appendix A.5 says is attained without sharing."""
    d, s, k = instance
    model, rng = TwoLayerCNN(d, s, k), context.rng()
    outputs = signs(rng, (k, len(model.patches)))
    target = ConvolutionalTarget(model, generic_kernels(model, rng), outputs, np.zeros(k, int))
    return differs(printed(d, s, k), certified(*target.realize("unshared")), d=d, s=s, k=k)


# ------------------------------------------------------------------------------------------ errata.translates


def check_translated(instance, *, printed, context) -> Outcome:
    """Kernels (c, 0) and (0, c): distinct up to sign as the theorems ask, yet with another rank in the shared network."""
    d = instance
    return differs(printed(d), certified(*two_kernels(d, 2, (3, 0), (0, 3)).realize("shared")), d=d)


# ------------------------------------------------------------------------------------------- errata.zero-row


def check_zero_row(instance, *, printed, context) -> Outcome:
    """The largest rank over the representatives of f* = 0: idle neurons with distinct weights, and cancelling pairs."""
    d, m = instance
    model, w = TwoLayer(d, m), np.ones((m, d), int)
    w[:, 0] = 1 + np.arange(m) // 2
    outputs = np.array([[1, -1] * (m // 2) + [0] * (m % 2)])
    observed = certified(model, model.pack(input_weights=w, output_weights=outputs))
    return differs(printed(d, m), observed, d=d, m=m)


# ------------------------------------------------------------------------------------- errata.analytic-in-x


def check_analyticity(instance, *, transition, model, context) -> Outcome:
    """How often min(n, R) samples see min(n, R) directions of a model that is analytic in theta, on absolutely continuous inputs."""
    from numerics.arithmetic.exact import rank_rational

    d, draws = instance
    rng, network = context.rng(d), model(d)
    rank = lambda x: rank_rational(exact_tangent_matrix(network, np.ones(network.n_params, int), x))
    R = rank(rng.integers(-40, 41, (200, d)))
    full = sum(rank(dyadic_normal(rng, (R, d), bits=12)) == R for _ in range(draws))
    if transition(full, draws):
        return Outcome.holds(draws, message=f"{full} of {draws} designs of {R} inputs see all {R} directions")
    return Outcome.fails(f"{full} of {draws} designs see all directions", counterexample={"d": d, "R": R, "full": full, "draws": draws})


def piecewise(d):
    """One ReLU neuron: polynomial in theta on each piece, but not analytic in x."""
    return TwoLayer(d, 1, activation="relu")


def smooth(d):
    return TwoLayer(d, 1, activation="ratsig4")


# -------------------------------------------------------------------------------------------- errata.independent


def check_independent_and_dimension(instance, *, relation, context) -> Outcome:
    """Corollary 4 asks the tangents to be independent and to span a space of dimension r: both hold only when r = M."""
    from numerics.rank import model_rank

    d1, d2, width = instance
    model = MatrixFactorization(d1, d2, width)
    r = model_rank(model, context.rng().integers(1, 99, model.n_params), "exact").rank
    independent = r == model.n_params
    if relation(independent, r, model.n_params):
        return Outcome.holds(message=f"rank {r} of {model.n_params} parameters")
    return Outcome.fails(f"rank {r} of {model.n_params} parameters", counterexample={"model": str(model), "rank": r})


def erratum(slug, title, statement, where, checks, *, paper=RANK_STRATIFICATION, depends_on=(), refuted_by, notes="") -> Claim:
    return Claim(
        id=f"errata.{slug}",
        family="networks",
        title=title,
        kind="counterexample",
        relation="existence",
        statement=statement,
        source=Source(paper, where),
        depends_on=depends_on,
        refuted_by=refuted_by,
        notes=notes,
        checks=checks,
    )


def exact_check(name, scope, run, instances, parameters, controls, *, evidence="certified") -> Check:
    return Check(
        name,
        evidence=evidence,
        covers="statement",
        scope=scope,
        run=run,
        instances=instances,
        distribution="integer weights from the check's seed",
        parameters=parameters,
        controls=controls,
    )


CLAIMS = [
    erratum(
        "null-weights",
        "Vanishing output weights: the older tables print the rank at another point",
        r"R_{\mathrm{NS}}(f^*) \neq k (s + 1) p - s\, m_{\mathrm{null}},\quad R_{\mathrm{FNN}}(f^*) \neq k (d + 1) p - d\, "
        r"m_{\mathrm{null}}",
        "Tables 4 and 8 (corrected in 2406.18035v1, Theorem 7 and Table 3)",
        [
            exact_check(
                "printed",
                "four targets with one or two vanishing weights, d = 4, 5",
                check_null_formula,
                null_cases,
                {"printed": older_tables},
                [Control("the corrected tables", printed=corrected_tables)],
            ),
            exact_check(
                "origin",
                "the same targets where unused neurons keep their weights",
                check_null_origin,
                null_cases,
                {"printed": older_tables},
                [Control("the corrected tables", printed=corrected_tables)],
            ),
        ],
        depends_on=["cnn.mnull"],
        refuted_by="A target on which the printed value is the minimum over all representatives.",
        notes="d = 5, s = 3, one vanishing weight: printed 9 and 13, least 8 and 12.",
    ),
    erratum(
        "bias-remark",
        "The remark on biases in Table 4 fits no point",
        r"(d + 2)(d + 1 - s) - s\, m_{\mathrm{null}} \notin \{(d + 2)(p - m_{\mathrm{null}}),\ (d + 2) p - (d + 1) m_{\mathrm{null}}\}",
        "Table 4, remark on the fully connected network with biases",
        [
            exact_check(
                "both-points",
                "d = 4, 5, 6, one or two vanishing weights, at the least point and with unused neurons kept",
                check_bias_remark,
                lambda context: [(4, 2, 1), (5, 3, 1), (5, 3, 2), (6, 3, 1)],
                {"printed": printed_remark},
                [Control("the true values", printed=true_remark)],
            )
        ],
        depends_on=["cnn.mnull"],
        refuted_by="A target where the printed value is attained.",
    ),
    erratum(
        "attained",
        "Appendix A.5 names the wrong attained rank",
        r"\text{without sharing the attained rank is } k (d + 1 - s)(s + 1) \neq k (d + 1)",
        "appendix A.5",
        [
            exact_check(
                "attained",
                "d = 4 .. 6, s = 2, 3, k = 1, 2",
                check_attained,
                lambda context: [(4, 2, 1), (5, 3, 1), (5, 2, 2), (6, 3, 1)],
                {"printed": lambda d, s, k: k * (d + 1)},
                [Control("the corrected rank", printed=lambda d, s, k: k * (d + 1 - s) * (s + 1))],
            )
        ],
        paper=OPTIMISTIC_ESTIMATE,
        depends_on=["cnn.noshare"],
        refuted_by="Generic kernels without sharing of rank k (d + 1).",
    ),
    erratum(
        "translates",
        "The theorems on convolution need kernels that are no translates",
        r"K_1 = (c, 0),\ K_2 = (0, c):\quad R_{\mathrm{CNN}} < 2 (d + 1) \text{ although } K_1 \neq \pm K_2",
        "Theorems 6 and 7; 2211.11623v1, Proposition 3; 2307.08921v1, appendix A.4",
        [
            exact_check(
                "translates",
                "d = 3, 4, 5, 6",
                check_translated,
                lambda context: [3, 4, 5, 6],
                {"printed": lambda d: 2 * (d + 1)},
                [Control("distinct neurons counted", printed=lambda d: d + 2 * 2)],
            )
        ],
        paper=LOCAL_RECOVERY,
        depends_on=["cnn.shift"],
        refuted_by="A pair of translates with the printed rank.",
    ),
    erratum(
        "zero-row",
        "The generic bound of the zero function is not 0",
        r"\sup_{\theta \in \Theta^*_0} R(\theta) > 0: \text{ cancelling pairs have rank } (d + 1) \lfloor m / 2 \rfloor",
        "Table 2, row of f* = 0 (its Corollary 2 gives M)",
        [
            exact_check(
                "cancelling-pairs",
                "d = 1 .. 3, m = 2, 4",
                check_zero_row,
                lambda context: list(product((1, 2, 3), (2, 4))),
                {"printed": lambda d, m: 0},
                [Control("what cancelling pairs have", printed=lambda d, m: (d + 1) * (m // 2))],
            )
        ],
        paper=LOCAL_RECOVERY,
        depends_on=["fnn.zero"],
        refuted_by="A width at which every representative of 0 has rank 0.",
    ),
    erratum(
        "analytic-in-x",
        "Analyticity in the parameters is not enough",
        r"f(x; \theta) = a \max(w \cdot x, 0):\ P(R_S = R \text{ at } n = R) < 1 \text{ for inputs with a density}",
        "main text, where Theorem 1 is announced (its proof uses analyticity in x)",
        [
            exact_check(
                "relu",
                "one neuron, d = 2, 3; 60 (quick), 300, 1000 designs of R normal inputs",
                check_analyticity,
                lambda context: [(d, context.by_level(quick=60, standard=300, full=1000)) for d in (2, 3)],
                {"transition": lambda full, draws: full < draws, "model": piecewise},
                [Control("an activation that is analytic in x", model=smooth)],
                evidence="exact",
            )
        ],
        depends_on=["rank.phase-transition-ae"],
        refuted_by="Designs of R inputs that all see R directions of a ReLU neuron.",
        notes="All d inputs must lie on the active side: probability 2^-d for one neuron.",
    ),
    erratum(
        "independent",
        "Corollary 4 asks for independence and for a dimension at once",
        r"\{\partial_{\theta_i} f\} \text{ independent and } \dim = r \text{ together force } r = M",
        "Corollary 4 (dimension r is meant)",
        [
            exact_check(
                "factorizations",
                "2 x 2 to 3 x 4 factorizations, whose tangents are never independent",
                check_independent_and_dimension,
                lambda context: [(2, 2, 1), (2, 2, 2), (3, 3, 2), (3, 4, 2)],
                {"relation": lambda independent, r, M: not independent and r < M},
                [Control("the hypotheses as printed", relation=lambda independent, r, M: independent)],
                evidence="exact",
            )
        ],
        depends_on=["rank.phase-transition-ae", "mf.strata"],
        refuted_by="A factorization with independent tangents.",
    ),
]
