r"""Two-layer networks with several outputs: the model rank, and how many vector samples show it."""

from itertools import combinations
from math import ceil

import numpy as np

from numerics.rank import empirical_rank, model_rank
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.claims._ranks import FLOATS, in_floats
from proofs_check.judging import equal, rank_is
from theory.draws import distinct_rows, dyadic_normal, signs
from theory.models import TwoLayer
from theory.rank import matrix_rank

from . import STRATIFICATION

OUTPUTS = claim(
    "fnn.multi-output",
    "Several outputs: rank and number of vector samples",
    r"R = k (d + q);\quad \text{least number of samples with } q \text{ entries each: } k + \lceil k d / \min(q, k) \rceil",
    clauses={
        "rank": r"R = k (d + q)",
        "samples": r"\min \{n : R_S = R\} = k + \lceil k d / \min(q, k) \rceil \text{ for generic samples}",
    },
    symbols=["R", "k", "d", "q"],
    assumptions=[Assumption("generic", r"\text{tanh, no biases},\ w_i \neq 0,\ w_i \neq \pm w_j,\ \text{generic } a_i \in \mathbb{R}^q")],
    kind="extension",
    source=STRATIFICATION.at("Corollary 2 is the case q = 1; several outputs: ours"),
    depends_on=["fnn.strata"],
    refuted_by="A target of k neurons and q outputs that generic samples determine earlier or later.",
    notes="R_S is the rank of the tangents on n samples. In general not ceil(R / q): a sample shows at most min(q, k) slopes. Output "
    "weights have to be generic: k = d = 3, q = 2 needs 8 samples, and 9 if two of the three are parallel.",
)


def neurons(cell, rng):
    """Integer input weights, and output weights of which as many as there can be are independent, whichever are taken."""
    w, several = distinct_rows(rng, cell.k, cell.d), min(cell.q, cell.k)
    while True:
        a = signs(rng, (cell.q, cell.k))
        if all(matrix_rank(a[:, list(some)]) == several for some in combinations(range(cell.k), several)):
            return w, a


def network(cell, instance, merged):
    """The model and theta; ``merged``, the last neuron has the weights of the first."""
    (w, a), model = instance, TwoLayer(cell.d, cell.k, outputs=cell.q)
    if merged:
        w[-1] = w[0]
    return model, model.pack(input_weights=w, output_weights=a)


@OUTPUTS.check("certified", neurons, axes(k=(1, 2, 3), d=(1, 2, 3), q=(1, 2, 3, 4), standard=20), clauses="rank")
@false("as for one output", formula=lambda k, d, q: k * (d + 1))
@false("slopes for every output", formula=lambda k, d, q: k * q * (d + 1))
def ranks(cell, instance, *, formula=lambda k, d, q: k * (d + q), rank=model_rank, merged=False, context):
    """The certified rank at integer weights and outputs."""
    model, theta = network(cell, instance, merged)
    return rank_is(formula(cell.k, cell.d, cell.q), rank(model, theta), keep=cell.q == 2, theta=theta)


OUTPUTS.twin(ranks, "property", changed={"rank": in_floats}, tolerance=FLOATS)
OUTPUTS.without("generic", ranks, merged=True)


def vector_sample_size(k, d, q):
    """After k samples for the output weights each sample shows min(q, k) slopes more."""
    return k + ceil(k * d / min(q, k))


FEW = axes(k=(1, 2, 3), d=by_level((2, 5), (1, 2, 3, 4, 5)), q=by_level((1, 2, 4), (1, 2, 3, 4)))


@OUTPUTS.check(
    "exact",
    lambda cell, rng: (neurons(cell, rng), dyadic_normal(rng, (cell.k * (cell.d + cell.q), cell.d), bits=10)),
    FEW,
    clauses="samples",
)
@false("shared equally: ceil(R / q)", formula=lambda k, d, q: ceil(k * (d + q) / q))
@false("q slopes a sample", formula=lambda k, d, q: k + ceil(k * d / q))
@false("rounded down", formula=lambda k, d, q: k + k * d // min(q, k))
def vector_samples(cell, instance, *, formula=vector_sample_size, parallel=False, context):
    """The least n at which generic vector samples reach the model rank: on n samples they do (a minor), on n - 1 they do not."""
    ((w, a), x) = instance
    if parallel:
        a = np.hstack([a[:, :-1], a[:, :1]])
    model, theta = network(cell, (w, a), False)
    shown = [empirical_rank(model, theta, x[:n], "exact").lower for n in range(1, len(x) + 1)]
    return equal(
        rank=(model.n_params, shown[-1]), size=(formula(cell.k, cell.d, cell.q), shown.index(shown[-1]) + 1), shown={"ranks": shown}
    )


OUTPUTS.without("generic", vector_samples, parallel=True)
