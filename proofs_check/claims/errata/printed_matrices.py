r"""Misprints of the published matrix experiments, found by exact arithmetic on the printed data (2211.11623v1, appendix C).

They are facts about the printed numbers, not about the theory; each says what was printed and what it must have been.
"""

from __future__ import annotations

from itertools import combinations, product

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._ranks import compared_in_floats, float_twin
from theory.published import FIGURE_4_SIZES, corrected_order, matrix_experiment, printed_order
from theory.rank import matrix_rank

# ---------------------------------------------------------------------------------------------------- ranks of targets

RANKS = {"M1": 1, "M2": 1, "M3": 2, "M4": 2, "M5": 2, "M6": 3, "M7": 4, "M8": 4}
INTENDED = {**RANKS, "M5": 3}


def check_printed_ranks(instance, *, ranks, context) -> Outcome:
    """Exact rank of a printed target, entries read as decimal fractions."""
    target = matrix_experiment().targets[instance]
    return Outcome.equal(ranks[instance], matrix_rank(target), name=instance, target=target)


def check_identical(instance, *, pairs, context) -> Outcome:
    """Which pairs of printed targets coincide entry by entry."""
    targets = matrix_experiment().targets
    found = {pair for pair in combinations(targets, 2) if (targets[pair[0]] == targets[pair[1]]).all()}
    return Outcome.equal(pairs, found)


def check_printed_rank_in_floats(instance, *, ranks, context) -> Outcome:
    from numerics.rank import float_rank

    found = float_rank(matrix_experiment().targets[instance].astype(float))
    return compared_in_floats(ranks[instance], found, name=instance)


def targets(context):
    return list(matrix_experiment().targets)


# ----------------------------------------------------------------------------------------------------- sampling orders

PRINTED_SIZES = {**FIGURE_4_SIZES, 3: 12}


def check_orders(instance, *, sizes, order, context) -> Outcome:
    """The first n at which the entries of an order decide M1."""
    from numerics.recovery.completion import recovery_size

    observed = recovery_size(matrix_experiment().targets["M1"], order(instance))
    return Outcome.equal(sizes[instance], observed, order=instance, entries=order(instance) + 1)


def check_repeated(instance, *, repeated, context) -> Outcome:
    """Which of the sixteen positions a printed order repeats and which it never names."""
    entries = [tuple(entry) for entry in (printed_order(instance) + 1).tolist()]
    twice = {entry for entry in entries if entries.count(entry) > 1}
    never = set(product(range(1, 5), repeat=2)) - set(entries)
    return Outcome.equal(repeated.get(instance, (set(), set())), (twice, never), order=instance)


# ----------------------------------------------------------------------------------------------------- figure 5's name


def check_full_rank_target(instance, *, name, context) -> Outcome:
    """Figure 5 speaks of a full-rank target: exactly one way to find which printed names can be meant."""
    return Outcome.equal(4, matrix_rank(matrix_experiment().targets[name]), name=name)


CLAIMS = [
    Claim(
        id="errata.printed-targets",
        family="experiments",
        title="The printed target M5 is M3 and has rank two",
        kind="counterexample",
        relation="existence",
        statement=r"\operatorname{rank} M^*_5 = 2,\ M^*_5 = M^*_3:"
        r"\text{ the eight printed targets have ranks } 1, 1, 2, 2, 2, 3, 4, 4",
        source=Source(RANK_STRATIFICATION, "appendix C, targets of Figures 2 to 5 (the text needs a fifth target of rank 3)"),
        refuted_by="A printed matrix of another rank.",
        checks=[
            ranks := Check(
                "ranks",
                evidence="exact",
                covers="statement",
                scope="the eight printed 4 x 4 matrices, entries as decimal fractions",
                run=check_printed_ranks,
                instances=targets,
                parameters={"ranks": RANKS},
                controls=[Control("the ranks the text needs", ranks=INTENDED)],
            ),
            Check(
                "identical-targets",
                evidence="exact",
                covers="statement",
                scope="all pairs of the eight printed matrices",
                run=check_identical,
                instances=lambda context: ["pairs"],
                parameters={"pairs": {("M3", "M5")}},
                controls=[Control("all different", pairs=set())],
            ),
            float_twin(ranks, run=check_printed_rank_in_floats, scope="the eight printed matrices in float64"),
        ],
    ),
    Claim(
        id="errata.printed-orders",
        family="experiments",
        title="The third printed sampling order repeats an index",
        kind="counterexample",
        relation="existence",
        statement=r"\text{As printed the six orders recover } M^*_1 \text{ from } n_t = 8, 9, 12, 11, 12, 13;"
        r"\text{ with the repeated } (3, 3) \text{ read as } (3, 2) \text{ the third has } n_t = 10",
        source=Source(RANK_STRATIFICATION, "Figure 4 and appendix C (the third order names (3, 3) twice and (3, 2) never)"),
        depends_on=["mf.entry-sampling"],
        refuted_by="Another size at which the first entries reach rank 7.",
        checks=[
            Check(
                "as-printed",
                evidence="exact",
                covers="statement",
                scope="the six printed orders at the optimal factors of M1",
                run=check_orders,
                instances=lambda context: list(PRINTED_SIZES),
                parameters={"sizes": PRINTED_SIZES, "order": printed_order},
                controls=[
                    Control("recovery at the seventh entry", sizes=dict.fromkeys(PRINTED_SIZES, 7)),
                    Control("the sizes of the figure", sizes=FIGURE_4_SIZES),
                ],
            ),
            Check(
                "corrected",
                evidence="exact",
                covers="statement",
                scope="the six orders, the tenth entry of the third read as (3, 2)",
                run=check_orders,
                instances=lambda context: list(FIGURE_4_SIZES),
                parameters={"sizes": FIGURE_4_SIZES, "order": corrected_order},
                controls=[Control("left as printed", order=printed_order)],
            ),
            Check(
                "repeated-index",
                evidence="exact",
                covers="statement",
                scope="all sixteen positions of the six printed orders",
                run=check_repeated,
                instances=lambda context: list(PRINTED_SIZES),
                parameters={"repeated": {3: ({(3, 3)}, {(3, 2)})}},
                controls=[Control("no order repeats an index", repeated={})],
            ),
        ],
    ),
    Claim(
        id="errata.figure-5-target",
        family="experiments",
        title="The full-rank target of Figure 5 cannot be M2",
        kind="counterexample",
        relation="existence",
        statement=r"\operatorname{rank} M^*_2 = 1,\ \operatorname{rank} M^*_8 = 4:\text{ the caption's } M^*_2 \text{ must be } M^*_8",
        source=Source(RANK_STRATIFICATION, "Figure 5"),
        depends_on=["errata.printed-targets"],
        refuted_by="A rank of four for the printed M2, or less for M8.",
        checks=[
            Check(
                "full-rank",
                evidence="exact",
                covers="statement",
                scope="the printed matrices M2 and M8",
                run=check_full_rank_target,
                instances=lambda context: ["rank"],
                parameters={"name": "M8"},
                controls=[Control("the name in the caption", name="M2")],
            ),
        ],
    ),
]
