r"""Misprints of the published matrix experiments, found by exact arithmetic on the printed data (2211.11623v1, appendix C).

They are facts about the printed numbers, not about the theory; each says what was printed and what it must have been.
"""

from itertools import product

from numerics.rank import float_rank
from numerics.recovery.completion import recovery_size
from proofs_check import Paper, axes, claim, false, nothing
from proofs_check.claims._ranks import FLOAT_GAP
from proofs_check.judging import equal, rank_is
from theory.published import FIGURE_4_SIZES, corrected_order, entries_of, matrix_experiment, printed_order, rows_of
from theory.rank import matrix_rank

STRATIFICATION = Paper("arXiv:2211.11623v1")

RANKS = {"M1": 1, "M2": 1, "M3": 2, "M4": 2, "M5": 2, "M6": 3, "M7": 4, "M8": 4}
TARGET = axes(target=tuple(RANKS))


TARGETS = claim(
    "errata.printed-targets",
    "The printed target M5 is M3 and has rank two",
    r"\operatorname{rank} M^*_5 = 2,\ M^*_5 = M^*_3:\text{ the eight printed targets have ranks } 1, 1, 2, 2, 2, 3, 4, 4",
    clauses={
        "ranks": r"\text{the printed targets have ranks } 1, 1, 2, 2, 2, 3, 4, 4",
        "equal": r"M^*_5 = M^*_3, \text{ and no other two are equal}",
    },
    symbols={f"M^*_{name[1]}": f"printed, row by row: {rows_of(name)}" for name in RANKS},
    kind="counterexample",
    family="experiments",
    source=STRATIFICATION.at("appendix C, targets of Figures 2 to 5 (the text needs a fifth target of rank 3)"),
    refuted_by="A printed matrix of another rank.",
)


@TARGETS.check("exact", nothing, TARGET, clauses="ranks", covers="statement", because="the eight printed targets")
@false("the ranks the text needs", ranks={**RANKS, "M5": 3})
def ranks(cell, _, *, ranks=RANKS, rank=matrix_rank, context):
    """The rank of a printed target, its entries read as decimal fractions."""
    return equal(value=(ranks[cell.target], rank(matrix_experiment().targets[cell.target])))


@TARGETS.check(
    "property",
    nothing,
    TARGET,
    clauses="ranks",
    tolerance=FLOAT_GAP,
)
@false("the ranks the text needs", ranks={**RANKS, "M5": 3})
def ranks_in_floats(cell, _, *, ranks=RANKS, context):
    """The rank of a printed target in float64."""
    return rank_is(ranks[cell.target], float_rank(matrix_experiment().targets[cell.target].astype(float)))


PAIRS = axes(first=tuple(RANKS), second=tuple(RANKS), where=lambda first, second: first < second)


@TARGETS.check("exact", nothing, PAIRS, clauses="equal", covers="statement", because="all pairs of printed targets")
@false("all different", pairs=set())
@false("M4 is M5 too", pairs={("M3", "M5"), ("M4", "M5")})
def identical_targets(cell, _, *, pairs=frozenset({("M3", "M5")}), context):
    """Whether two printed targets coincide entry by entry."""
    first, second = (matrix_experiment().targets[name] for name in (cell.first, cell.second))
    return equal(same=((cell.first, cell.second) in pairs, bool((first == second).all())))


SIZES = {**FIGURE_4_SIZES, 3: 12}
#: Entries that an order names twice, and never.
REPEATED = {3: ([(3, 3)], [(3, 2)])}
ORDER = axes(order=tuple(SIZES))

ORDERS = claim(
    "errata.printed-orders",
    "The third printed sampling order repeats an index",
    r"\text{As printed the six orders recover } M^*_1 \text{ from } n_t = 8, 9, 12, 11, 12, 13;"
    r"\text{ with the repeated } (3, 3) \text{ read as } (3, 2) \text{ the third has } n_t = 10",
    clauses={
        "printed": r"\text{as printed the six orders decide } M^*_1 \text{ from } n_t = 8, 9, 12, 11, 12, 13",
        "corrected": r"\text{with the repeated } (3, 3) \text{ read as } (3, 2) \text{ the third has } n_t = 10",
        "repeated": r"\text{the third order names } (3, 3) \text{ twice and } (3, 2) \text{ never; the others name each entry once}",
    },
    symbols={
        "M^*_1": f"printed, row by row: {rows_of('M1')}",
        "n_t": "least number of entries of order t with local linear recovery; printed (row, column): "
        + "; ".join(f"t = {t}: {entries_of(printed_order(t))}" for t in SIZES),
    },
    kind="counterexample",
    family="experiments",
    source=STRATIFICATION.at("Figure 4 and appendix C (the third order names (3, 3) twice and (3, 2) never)"),
    depends_on=["mf.entry-sampling"],
    refuted_by="Another size at which the first entries reach rank 7.",
)


def size_along(order):
    """The first n at which the entries of an order decide M1."""
    return recovery_size(matrix_experiment().targets["M1"], order)


@ORDERS.check("exact", nothing, ORDER, clauses="printed", covers="statement", because="the six printed orders")
@false("recovery at the seventh entry", sizes=dict.fromkeys(SIZES, 7))
@false("the sizes of the figure", sizes=FIGURE_4_SIZES)
def as_printed(cell, _, *, sizes=SIZES, context):
    """The first n at which the entries of a printed order decide M1."""
    return equal(value=(sizes[cell.order], size_along(printed_order(cell.order))))


@ORDERS.check("exact", nothing, ORDER, clauses="corrected", covers="statement", because="the six printed orders")
@false("left as printed", order=printed_order)
def corrected(cell, _, *, order=corrected_order, context):
    """The same with the tenth entry of the third order read as (3, 2)."""
    return equal(value=(FIGURE_4_SIZES[cell.order], size_along(order(cell.order))))


@ORDERS.check("exact", nothing, ORDER, clauses="repeated", covers="statement", because="the six printed orders")
@false("no order repeats an index", repeated={})
def repeated_index(cell, _, *, repeated=REPEATED, context):
    """Which of the sixteen positions a printed order repeats and which it never names."""
    entries = [tuple(entry) for entry in (printed_order(cell.order) + 1).tolist()]
    twice = sorted({entry for entry in entries if entries.count(entry) > 1})
    never = sorted(set(product(range(1, 5), repeat=2)) - set(entries))
    return equal(value=(repeated.get(cell.order, ([], [])), (twice, never)))


CAPTION = claim(
    "errata.figure-5-target",
    "The full-rank target of Figure 5 cannot be M2",
    r"\operatorname{rank} M^*_2 = 1,\ \operatorname{rank} M^*_8 = 4:\text{ the caption's } M^*_2 \text{ must be } M^*_8",
    symbols={f"M^*_{k}": f"printed, row by row: {rows_of(f'M{k}')}" for k in (2, 8)},
    kind="counterexample",
    family="experiments",
    source=STRATIFICATION.at("Figure 5"),
    depends_on=["errata.printed-targets"],
    refuted_by="A rank of four for the printed M2, or less for M8.",
)


@CAPTION.check("exact", nothing, axes(target=("M2", "M8")), covers="statement", because="the two targets of the statement")
@false("M2 has full rank", ranks={"M2": 4, "M8": 4})
@false("M8 has rank three", ranks={"M2": 1, "M8": 3})
def full_rank(cell, _, *, ranks=RANKS, context):
    """Figure 5 speaks of a target of full rank."""
    return equal(value=(ranks[cell.target], matrix_rank(matrix_experiment().targets[cell.target])))
