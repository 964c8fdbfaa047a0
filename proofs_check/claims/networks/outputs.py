r"""Two-layer networks with several outputs: the model rank, and how many vector samples show it."""

from __future__ import annotations

from itertools import product
from math import ceil

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, drawn, float_twin
from theory.draws import distinct_rows, dyadic_normal, signs
from theory.models import TwoLayer


def multi_output_point(model, facts, rng):
    shape = (model.outputs, model.width)
    return model.pack(input_weights=distinct_rows(rng, model.width, model.inputs), output_weights=signs(rng, shape))


def multi_output_rank(model, theta, facts) -> int:
    return model.width * (model.inputs + model.outputs)


def multi_output_instances(context):
    draws = context.by_level(quick=1, standard=70, full=100)
    shapes = product((1, 2, 3), (1, 2, 3), (1, 2, 4))
    return [(TwoLayer(d, k, outputs=q), {}, r) for k, d, q in shapes for r in range(draws)]


drawn_multi_output = drawn(lambda st: st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 3), outputs=st.integers(1, 4)))


def as_one_output(model, theta, facts) -> int:
    return model.width * (model.inputs + 1)


def vector_sample_size(k: int, d: int, q: int) -> int:
    """Samples of q entries needed by k neurons: after k samples for the output weights each sample shows min(q, k) slopes more."""
    return k + ceil(k * d / min(q, k))


def shared_equally(k: int, d: int, q: int) -> int:
    return ceil(k * (d + q) / q)


def check_vector_samples(instance, *, formula, context) -> Outcome:
    """The least n at which generic vector samples reach the model rank; exact at the given points."""
    from numerics.rank import empirical_rank

    k, d, q, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, outputs=q)
    theta, x = multi_output_point(model, {}, rng), dyadic_normal(rng, (model.n_params, d), bits=10)
    ranks = [empirical_rank(model, theta, x[:n], "exact").lower for n in range(1, len(x) + 1)]
    if ranks[-1] != model.n_params:
        return Outcome.inconclusive(f"{len(x)} samples show {ranks[-1]} of {model.n_params} directions", cases=1)
    return Outcome.equal(formula(k, d, q), ranks.index(model.n_params) + 1, k=k, d=d, q=q, theta=theta)


def vector_shapes(context):
    return [(1, 2, 2, 0), (1, 5, 3, 0), (2, 3, 4, 0), (2, 2, 1, 0)] + context.by_level(
        quick=[],
        standard=[(k, d, q, r) for k in (1, 2) for d in (1, 2, 3) for q in (1, 2, 3) for r in range(3)],
        full=[(3, 2, 2, 0), (3, 3, 2, 0)],
    )


CLAIMS = [
    Claim(
        id="fnn.multi-output",
        title="Several outputs: rank and number of vector samples",
        kind="extension",
        statement=r"R = k (d + q);\quad \text{least number of samples with } q \text{ entries each: } k + \lceil k d / \min(q, k) \rceil",
        assumptions=[Assumption("generic", r"w_i \neq 0,\ w_i \neq \pm w_j,\ \text{generic } a_i \in \mathbb{R}^q")],
        source=Source(RANK_STRATIFICATION, "Corollary 2 is the case q = 1; several outputs: ours"),
        depends_on=["fnn.strata"],
        refuted_by="A target of k neurons and q outputs that generic samples determine earlier or later.",
        notes="In general not ceil(R / q): a sample shows at most min(q, k) slopes.",
        checks=[
            rank := Check(
                "rank",
                evidence="certified",
                covers="instances",
                scope="k, d = 1 .. 3, q = 1, 2, 4",
                run=check_formula,
                instances=multi_output_instances,
                distribution="integer weights and outputs; 1 (quick), 70, 100 draws a shape",
                parameters={"formula": multi_output_rank, "point": multi_output_point},
                controls=[Control("as for one output", formula=as_one_output)],
            ),
            Check(
                "vector-samples",
                evidence="exact",
                covers="instances",
                scope="(k, d, q) = (1,2,2), (1,5,3), (2,3,4), (2,2,1) (quick), all up to (2,3,3)",
                run=check_vector_samples,
                instances=vector_shapes,
                distribution="normal inputs rounded to 2^-10",
                parameters={"formula": vector_sample_size},
                controls=[Control("shared equally: ceil(R / q)", formula=shared_equally)],
            ),
            float_twin(
                rank,
                scope="d = 2 .. 4, k = 1 .. 3, q = 1 .. 4",
                instances=drawn_multi_output,
                distribution="integer weights from a drawn seed",
            ),
        ],
    ),
]
