r"""The reach of L layers lies between two exponentials, and both are attained."""

from itertools import permutations

import numpy as np

from numerics.dynamics.reach import distribution, extremal, reach, reaches
from proofs_check import Figure, axes, by_level, claim, false, nothing
from proofs_check.adequacy.reasoning import propagation
from proofs_check.judging import at_least, at_most, equal, worst
from theory.dynamics.propagation import largest_reach, least_reach, rising_order, ternary_order

from . import ADJACENT, CAUSAL, LIMIT, UNION

BOUNDS = claim(
    "limit.bounds",
    "How far L layers reach along a chain, whatever the order of its pairs",
    r"2^{L - 1} - 1 \le N \le \frac{3^{L - 1} - 1}{2}",
    clauses={
        "upper": r"N \le (3^{L - 1} - 1)/2",
        "lower": r"N \ge 2^{L - 1} - 1 \text{ for } s \ge 2^{L - 1} - 1",
        "attained": r"\text{the rising order attains the lower bound, an order by ternary trees the upper one}",
        "three layers": r"L = 3, \; 5 \le s \le 7: \; N = 4 \text{ iff the third pair comes after the second and the fourth, else } N = 3",
    },
    symbols="L N s",
    assumptions=[UNION, ADJACENT, CAUSAL],
    source=LIMIT.at("Section 6"),
    relation="tight",
    refuted_by="an order that reaches less or farther, or a bound that no order attains",
    notes="A statement on the propagation of sets. Nothing is claimed of what trained transformers reach.",
)


@BOUNDS.check(
    "symbolic",
    ["upper step", "upper sum", "lower step", "lower sum"],
    clauses=("upper", "lower"),
    covers="statement",
    scope="intervals with free ends, a sender above and one below: the step of the induction for every layer, order and chain",
)
@false("a node grows on one side only", sides=1)
@false("windows grow threefold", growth=3)
def induction(part, *, sides=2, growth=2, context):
    """Each step as an identity that writes the room left as a sum of non-negative terms, and the recursions of the bounds.

    A node [p, q] of at most a edges takes in [r, t] of at most a edges that meet it: it ends at most a farther on either side, and the
    query gains at most a. Of the nodes of two neighbouring windows of h pairs the later one comes to hold both, and the query gains the
    window that starts where it ends.
    """
    import sympy

    a, p, q, r, t, r2, t2, X = sympy.symbols("a p q r t r2 t2 X")
    slack = lambda low, high: a - (high - low)  # >= 0: at most a edges
    if part == "upper step":
        room = slack(p, q) + (q - r) + slack(r, t) + (t2 - p) + slack(r2, t2)  # q >= r and t2 >= p: the intervals meet
        return equal(room=((1 + sides) * a - (t - r2), sympy.expand(room)), query=(sympy.expand((q - r) + slack(r, t)), q + a - t))
    if part == "upper sum":  # X = 3^(L - 1), the most edges of a node
        more = lambda power: (power - 1) / 2
        return equal(more=(X, sympy.expand(more((1 + sides) * X) - more(X))), first=(0, more(sympy.Integer(1))))
    if part == "lower step":  # windows [p, p + X] and [p + X, p + 2 X] meet at p + X
        return equal(length=(growth * X, (p + X + X) - p), meet=(p + X, p + X))
    less = lambda power: power - 1  # X = 2^(L - 1), the pairs of a window
    return equal(more=(X, sympy.expand(less(growth * X) - less(X))), first=(0, less(sympy.Integer(1))))


BOUNDS.formal("reasoning/limit.v", "limit_bounds", false="one more than the lower bound", adequate=propagation, clauses=("upper", "lower"))
BOUNDS.formal(
    "reasoning/limit.v",
    "limit_bounds",
    name="proof-limit-bounds-upper",
    control="control_limit_bounds_upper",
    false="one less than the upper bound",
    adequate=propagation,
    clauses="upper",
)
BOUNDS.formal("reasoning/limit.v", "limit_bounds_attained", false="the rising order attains both", adequate=propagation, clauses="attained")

CHAINS = axes(
    chain=by_level(
        ("1/1", "1/3", "2/1", "2/4", "3/3", "3/5", "3/6", "4/7"),
        ("1/1", "1/3", "2/1", "2/4", "2/6", "3/3", "3/4", "3/5", "3/6", "3/7", "4/7", "4/8"),
        ("1/1", "1/3", "2/1", "2/4", "2/6", "3/3", "3/4", "3/5", "3/6", "3/7", "3/8", "4/7", "4/8", "4/9", "4/10"),
    )
)


@BOUNDS.check("exact", nothing, CHAINS, clauses=("upper", "lower"), scope="layers/pairs; all orders of the pairs, exhaustively")
@false("the lower bound plus one", lower=lambda L: least_reach(L) + 1)
@false("the upper bound minus one", upper=lambda L: largest_reach(L) - 1)
@false("one layer more in the exponents", upper=lambda L: largest_reach(L + 1) if L > 1 else 0)
def all_orders(cell, _, *, lower=least_reach, upper=largest_reach, context):
    """The least and the largest reach over all orders; the largest is the bound or the end of the chain, whichever is less."""
    layers, pairs = map(int, cell.chain.split("/"))
    counts = distribution(pairs, layers).counts
    found = [
        at_least("least reach", min(counts), lower(layers)),
        at_most("largest reach", max(counts), min(upper(layers), pairs)),
        equal(attained=(min(upper(layers), pairs) if pairs >= largest_reach(layers) else max(counts), max(counts))),
    ]
    return worst(found, figures=[_bars(layers, pairs, counts)] if cell.chain in ("3/6", "4/8") else [])


def _bars(layers, pairs, counts):
    total, most = sum(counts.values()), largest_reach(layers)
    end = ("upper bound", most) if most <= pairs else (f"end of the chain, upper bound {most}", pairs)
    return Figure(
        "bars",
        f"Reach of {layers} layers over all {total} orders of {pairs} pairs",
        f"Share of orders by reach: {', '.join(f'{m}: {n / total:.3f}' for m, n in counts.items())}; the bounds are marked",
        {"series": [{"label": "share of orders", "x": list(counts), "y": [n / total for n in counts.values()]}]},
        x_label="reach N",
        y_label="share",
        marks=({"label": "lower bound", "x": least_reach(layers)}, {"label": end[0], "x": end[1]}),
    )


ORDERS = axes(L=(1, 2, 3, 4, 5), order=("uniform", "ternary"), quick=6, standard=60, full=400)


def orders(cell, rng):
    """A uniform order, or the ternary one with up to three further pairs at the chain's end, anywhere between."""
    if cell.order == "uniform":
        pairs = int(rng.integers(max(1, least_reach(cell.L)), least_reach(cell.L) + 8))
        return tuple(int(k) for k in rng.permutation(pairs))
    order, more = list(ternary_order(cell.L)), int(rng.integers(0, 4))
    for pair in range(len(order), len(order) + more):
        order.insert(int(rng.integers(0, len(order) + 1)), pair)
    return tuple(order)


@BOUNDS.check(
    "exact", orders, ORDERS, clauses=("upper", "lower"), distribution="uniform orders of up to seven pairs more than the bound asks for"
)
@false("the lower bound plus one", lower=lambda L: least_reach(L) + 1)
@false("a single source", union=False)
@false("no adjacent matching", adjacent=False)
@false("the upper bound minus one at four layers", upper=lambda L: largest_reach(L) - (L == 4))
def by_sets(cell, order, *, lower=least_reach, upper=largest_reach, union=True, adjacent=True, context):
    """The process run position by position with sets of tokens."""
    found = reach(order, cell.L, union=union, adjacent=adjacent)
    shown = {"order": list(order)}
    least, most = at_least, at_most
    return worst(
        [least("reach", found, lower(cell.L), attained=False, **shown), most("reach", found, upper(cell.L), attained=False, **shown)]
    )


BOUNDS.without("union", by_sets, union=False)
BOUNDS.without("adjacent", by_sets, adjacent=False)

LAYERS = axes(L=by_level(tuple(range(1, 8)), tuple(range(1, 10))))


@BOUNDS.check("exact", nothing, LAYERS, clauses="attained", scope="the two orders, run")
@false("the upper bound minus one", upper=lambda L: largest_reach(L) - (L > 2))
@false("the lower bound plus one", lower=lambda L: least_reach(L) + (L > 2))
@false("the upper bound minus one at six layers", upper=lambda L: largest_reach(L) - (L == 6))
def extremal_orders(cell, _, *, lower=least_reach, upper=largest_reach, context):
    """The rising chain and the ternary order of each number of layers, by intervals."""
    lowest, highest = extremal(cell.L)
    return equal(lowest=(lower(cell.L), lowest.reach), highest=(upper(cell.L), highest.reach))


@BOUNDS.check("exact", nothing, axes(L=(1, 2, 3, 4)), clauses="attained", scope="the two orders on a long chain, by sets")
@false("every position sends", causal=False)
@false("a single source", union=False)
def extremal_by_sets(cell, _, *, causal=True, union=True, context):
    """The rising order of a chain with room for the upper bound, and the ternary order, position by position."""
    room = tuple(range(max(1, largest_reach(cell.L))))
    run = lambda order: reach(order, cell.L, causal=causal, union=union)
    return equal(
        rising=(least_reach(cell.L), run(max(room, rising_order(cell.L), key=len))),
        ternary=(largest_reach(cell.L), run(ternary_order(cell.L))),
    )


BOUNDS.without("causal", extremal_by_sets, causal=False)


@BOUNDS.check(
    "exact",
    nothing,
    axes(s=by_level((5, 6), (5, 6, 7))),
    clauses="three layers",
    level="quick",
    scope="all orders of s pairs",
)
@false("after the second alone", after=(1,))
@false("pairs counted from one", centre=3)
def thirds(cell, _, *, centre=2, after=(1, 3), context):
    """Every order: four steps iff pair 2 (from 0) stands after pairs 1 and 3, which is one third of all."""
    listed = np.array(list(permutations(range(cell.s))))
    place = np.argsort(listed, axis=1)
    predicted = np.all([place[:, centre] > place[:, other] for other in after], axis=0)
    found = reaches(listed, 3)
    return equal(reach=((3 + predicted).tolist(), found.tolist()), share=(len(listed), 3 * int((found == 4).sum())))
