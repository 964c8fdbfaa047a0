r"""Two-layer tanh networks: all strata of the parameters that represent one target, and how little the width matters."""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._papers import OPTIMISTIC_ESTIMATE, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_RULE, compared, compared_least, ladder_rank, seeded
from theory.draws import distinct_rows, signs
from theory.models import TwoLayer
from theory.rank.strata import tanh_strata


def neurons(d, k, rng):
    """Weights and output weights of a reduced target."""
    return distinct_rows(rng, k, d), signs(rng, k)


# ---------------------------------------------------------------------------------------------- fnn.target-strata


def target_rank(k, d, u, z, c):
    return k * (d + 1) + u + d * z + (d + 1) * c


def check_strata(instance, *, formula, context) -> Outcome:
    """A drawn point of every stratum: the same function (exactly, modulo a prime) and the rank that the stratum announces."""
    from numerics.arithmetic.exact import PRIMES
    from numerics.rank import model_rank

    d, k, width, replicate = instance
    rng, narrow, model = context.rng(replicate), TwoLayer(d, k), TwoLayer(d, width)
    w, a = neurons(d, k, rng)
    strata = tanh_strata(model, w, a)
    x = rng.integers(-4, 5, (5, d)) / 4
    values = tanh_values(narrow, narrow.pack(input_weights=w, output_weights=a[None]), x, PRIMES[0])
    for stratum in strata.strata:
        theta = stratum.sample(rng)
        if tanh_values(model, theta, x, PRIMES[0]) != values:
            raise AssertionError(f"the sampler of stratum {stratum.key} changes the function")
        outcome = compared(formula(k, d, *stratum.key), model_rank(model, theta), model=str(model), theta=theta, stratum=stratum.key)
        if outcome.message:
            return outcome
    shown = replicate == 0 and (d, width) == (2, k + 3)
    title = f"strata of a target of {k} neurons in a network of {width}, d = {d}"
    alt = "nodes: strata by idle, linear and cancelling neurons; edges: smallest steps; groups: model rank"
    return Outcome.holds(len(strata.strata), figures=[Figure("graph", title, alt, strata.graph())] if shown else ())


def tanh_values(model, theta, x, prime):
    """f(x; theta) in Q(s) modulo ``prime``; equal functions have equal values, different ones almost surely not."""
    from numerics.arithmetic.exact import ExactArray, ExponentialField, rationals

    # 1/16 makes the field's denominator common to both: every w . x is a multiple of 1/16
    field = ExponentialField(prime, 0x51ED270B)
    field.denominator = 16
    output = model(ExactArray(rationals(theta), field)[None], ExactArray(rationals(x), field)[:, None])
    return [int(value) for value in np.asarray(output).flat]


def target_shapes(context):
    spare = context.by_level(quick=3, standard=4, full=5)
    draws = context.by_level(quick=1, standard=8, full=30)
    return [(d, k, k + s, r) for r in range(draws) for d in (1, 2, 3) for k in (1, 2) for s in range(spare + 1)]


def check_strata_in_floats(instance, *, formula, context) -> Outcome:
    """A drawn point of one drawn stratum."""
    d, k, spare, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + spare)
    strata = tanh_strata(model, *neurons(d, k, rng)).strata
    stratum = strata[int(rng.integers(len(strata)))]
    theta = stratum.sample(rng)
    return compared(formula(k, d, *stratum.key), ladder_rank(model, theta), model=str(model), theta=theta, stratum=stratum.key)


drawn_targets = seeded(lambda st: (st.integers(2, 4), st.integers(1, 3), st.integers(0, 3)))


STRATA_CONTROLS = [
    Control("slopes of neurons with w = 0 forgotten", formula=lambda k, d, u, z, c: target_rank(k, d, u, 0, c)),
    Control("idle classes as dear as active ones", formula=lambda k, d, u, z, c: target_rank(k, d, (d + 1) * u, z, c)),
    Control("a cancelling class counted as idle", formula=lambda k, d, u, z, c: target_rank(k, d, u + c, z, 0)),
]


# ------------------------------------------------------------------------------------------------- fnn.width-free


def published(d, k, width) -> int:
    return k * (d + 1)


def check_width_free(instance, *, formula, context) -> Outcome:
    """The least certified rank over all strata of one target, for a range of widths."""
    from numerics.rank import model_rank

    d, k, width, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, width)
    found = [model_rank(model, stratum.sample(rng)) for stratum in tanh_strata(model, *neurons(d, k, rng)).strata]
    return compared_least(formula(d, k, width), found, d=d, k=k, width=width)


def widths(context):
    wider, draws = context.by_level(quick=(3, 1), standard=(5, 4), full=(7, 8))
    return [(d, k, k + spare, r) for d, k, spare, r in product((1, 2, 3), (1, 2), range(wider), range(draws))]


def check_copies(instance, *, formula, context) -> Outcome:
    """Neurons that are copies of others leave the rank alone, whatever the width."""
    d, k, spare, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k + spare)
    w, a = rng.normal(size=(k, d)), rng.uniform(1, 2, k)
    copies = rng.integers(0, k, spare)
    theta = model.pack(input_weights=np.vstack([w, w[copies]]), output_weights=np.append(a, rng.uniform(1, 2, spare))[None])
    return compared(formula(d, k, k + spare), ladder_rank(model, theta), model=str(model), theta=theta, copies=copies)


drawn_spare = seeded(lambda st: (st.integers(2, 4), st.integers(1, 3), st.integers(0, 6)))

WIDTH_CONTROLS = [
    Control("the rank grows with the width", formula=lambda d, k, width: width * (d + 1)),
    Control("one more dimension for every spare neuron", formula=lambda d, k, width: k * (d + 1) + width - k),
]

CLAIMS = [
    Claim(
        id="fnn.target-strata",
        title="All strata of a two-layer tanh target",
        kind="extension",
        statement=r"R(\theta) = k (d + 1) + u + d z + (d + 1) c,\quad u + z + 2 c \le m - k",
        assumptions=[Assumption("reduced target", r"a^*_i \neq 0,\ w^*_i \neq 0,\ w^*_i \neq \pm w^*_j,\ \text{no biases}")],
        source=Source(RANK_STRATIFICATION, "after Proposition 5; the complete list of strata: ours"),
        depends_on=["fnn.strata", "fnn.function-rank"],
        refuted_by="A representative of the target of another rank than its stratum announces.",
        notes="u idle classes (a = 0), z = 1 where neurons with w = 0 have a != 0, c classes of neurons that cancel; duplicates and null "
        "neurons cost nothing.",
        checks=[
            Check(
                "strata",
                evidence="certified",
                covers="instances",
                scope="every stratum; d = 1 .. 3, k = 1, 2, up to 3 (quick), 4, 5 spare neurons",
                run=check_strata,
                instances=target_shapes,
                distribution="integer targets; a random point of each stratum with splits, reflections, shuffled order",
                parameters={"formula": target_rank},
                controls=STRATA_CONTROLS,
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, k = 1 .. 3, up to 3 spare neurons",
                run=check_strata_in_floats,
                instances=drawn_targets,
                distribution="a random stratum and a random point of it, from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": target_rank},
                controls=STRATA_CONTROLS,
            ),
        ],
    ),
    Claim(
        id="fnn.width-free",
        title="The optimistic sample size does not grow with the width",
        statement=r"R_{\mathrm{NN}_m}(f^*) = k (d + 1) \text{ for every } m \ge k",
        assumptions=[Assumption("reduced target", r"a^*_i \neq 0,\ w^*_i \neq 0,\ w^*_i \neq \pm w^*_j")],
        source=Source(OPTIMISTIC_ESTIMATE, "section 5.2; 2406.18035v1, Corollary 6"),
        depends_on=["fnn.function-rank", "fnn.target-strata"],
        refuted_by="Two widths at which the same target has different model ranks.",
        checks=[
            Check(
                "least-over-strata",
                evidence="certified",
                covers="instances",
                scope="d = 1 .. 3, k = 1, 2, m = k .. k + 2 (quick), k + 4, k + 6; all strata",
                run=check_width_free,
                instances=widths,
                distribution="integer targets, a random point of each stratum",
                parameters={"formula": published},
                controls=WIDTH_CONTROLS,
            ),
            Check(
                "copies",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 4, k = 1 .. 3, up to 6 copies",
                run=check_copies,
                instances=drawn_spare,
                distribution="normal weights, outputs 1 to 2",
                tolerance=FLOAT_RULE,
                parameters={"formula": published},
                controls=WIDTH_CONTROLS,
            ),
        ],
    ),
]
