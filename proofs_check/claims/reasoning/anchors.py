r"""Anchor functions: what two heads of attention can copy, and what the sums of pairs of shifts determine."""

from fractions import Fraction
from itertools import combinations

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.adequacy.reasoning import walks
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.anchors import (
    RELABELLED,
    RELABELLED_SHIFT,
    SHIFTS,
    UNSEEN,
    composed_share,
    determined,
    drawn_pairs,
    head,
    identifiable,
    incidence,
    inferential_pairs,
    missed_share,
    parities,
    rank_of_sums,
    read_after_anchor,
)

from . import ANCHORS, COMPOSITES

BITS = 200

GAP = Assumption("score gap", r"\text{the target's score exceeds every other by at least } \beta")

OPERATIONS = claim(
    "reason.anchor_ops",
    "One head copies a token up to (n - 1) e^(-beta); two heads read the token after an anchor",
    r"1 - w \le \delta(\beta) = \frac{(n - 1) e^{-\beta}}{1 + (n - 1) e^{-\beta}}, \qquad"
    r" 1 - w' = \delta\!\left( \beta \left( 1 - \tfrac{n}{n - 1} \delta(\beta) \right) \right)",
    clauses={
        "head": r"\text{a head whose target exceeds the other scores by } \beta \text{ leaves at most } \delta(\beta) \text{ off it,}"
        r" \text{ exactly that where all others lie } \beta \text{ below}",
        "copy": r"|\sum_j w_j x_j - x_t| \le \delta(\beta) \max_j |x_j - x_t|",
        "two heads": r"\text{shift (each position reads the one before, the first the last), then broadcast:"
        r" the token after the anchor has the weight } w'",
    },
    symbols={
        "n": "number of positions",
        r"\beta": "score gap",
        "w": "weight of the target position t",
        "x_j": "value at position j, real",
        r"\delta": "missed share",
        "w'": "weight on the token after the anchor, the first one after the last, after both heads; n >= 2",
    },
    assumptions=[GAP],
    source=ANCHORS.at("Section 4, the operations shift and broadcast; bounds and the exact composition are ours"),
    kind="extension",
    refuted_by="scores with the gap whose weight is less, or another weight after two heads",
    notes="What the paper's benchmark measures on trained networks is not part of this claim.",
)


@OPERATIONS.check(
    "symbolic",
    ["head", "copy", "first head", "gap"],
    clauses=("head", "copy", "two heads"),
    covers="statement",
    scope="T = sum over the others of e^(score - target's), at most M = (n - 1) e^(-beta): any n; values add up",
)
@false("n in place of n - 1", others=0)
def by_symbols(part, *, others=-1, context):
    """1 - w = T/(1 + T) rises with T. A copy is off by sum of w_j (x_j - x_t) over the others. In the first head the position after the
    anchor sees 1 - delta of it, all others e^(-beta)/(1 + (n - 1) e^(-beta)) = delta/(n - 1), which is the second head's gap."""
    import sympy

    n, beta, T, M = sympy.symbols("n beta T M", positive=True)
    if part == "head":
        room = M / (1 + M) - T / (1 + T)
        return equal(
            room=(0, sympy.simplify(room - (M - T) / ((1 + M) * (1 + T)))),
            equality=(0, sympy.simplify(_share(n, beta) - (M / (1 + M)).subs(M, (n + others) * sympy.exp(-beta)))),
        )
    if part == "copy":
        w, x = sympy.symbols("w:3"), sympy.symbols("x:3")
        copied = sum(a * b for a, b in zip(w, x, strict=True)).subs(w[0], 1 - w[1] - w[2])
        return equal(off=(sympy.expand(-others * (w[1] * (x[1] - x[0]) + w[2] * (x[2] - x[0]))), sympy.expand(copied - x[0])))
    delta = _share(n, beta)
    elsewhere = sympy.exp(-beta) / (1 + (n - 1) * sympy.exp(-beta))
    if part == "first head":
        return equal(elsewhere=(0, sympy.simplify(elsewhere - delta / (n + others))))
    return equal(gap=(0, sympy.simplify(beta * (1 - delta - elsewhere) - beta * (1 - delta * n / (n + others)))))


def _share(n, beta):
    import sympy

    left = (n - 1) * sympy.exp(-beta)
    return left / (1 + left)


SCORES = axes(
    n=by_level((1, 2, 9), (1, 2, 3, 9, 64)), beta=("1/2", "3", "20"), others=("at the gap", "below"), quick=1, standard=5, full=20,
    where=lambda n, others: n > 1 or others == "at the gap",
)  # fmt: skip


def scores(cell, rng):
    """Scores of n positions, the target first, and values k/5."""
    gap = Fraction(cell.beta)
    below = [Fraction(0 if cell.others == "at the gap" else int(rng.integers(0, 9)), 4) for _ in range(cell.n - 1)]
    if cell.others == "below":
        below[0] = Fraction(1, 4)  # one lies strictly below
    return [gap] + [-more for more in below], [Fraction(int(k), 5) for k in rng.integers(-20, 21, cell.n)]


@OPERATIONS.check("certified", scores, SCORES, clauses=("head", "copy"), distribution="gaps 1/2, 3, 20; others at the gap or up to 2 below")
@false("n in place of n - 1", share=lambda n, beta: missed_share(n + 1, beta))
@false("half of the gap", share=lambda n, beta: missed_share(n, beta / 2))
@false("one per cent less", share=lambda n, beta: missed_share(n, beta) * 99 / 100)
def one_head(cell, drawn, *, share=missed_share, closer=0, context):
    """Softmax weights and the copied value in balls; where all others lie at the gap the missed share is the bound."""
    score, value = drawn
    with working_precision(BITS):
        scored = balls(score)
        scored[0] = scored[0] - closer
        weights = head(scored)
        missed, bound = 1 - weights[0], share(cell.n, ball(Fraction(cell.beta)))
        values = balls(value)
        off = abs((weights * values).sum() - values[0])
        widest = max((abs(entry - values[0]) for entry in values), key=float)
        tiny = ball(Fraction(1, 10**50))
        found = [at_most("missed share less the bound", (missed - bound).upper(), tiny, attained=False)]
        found.append(at_most("copied value off", (off - bound * widest).upper(), tiny, attained=False))
        if cell.others == "at the gap":
            found.append(at_most("off the exact share", abs(missed - bound).upper(), tiny, attained=False))
    return worst(found)


OPERATIONS.without("score gap", one_head, closer=1)

COMPOSED = axes(n=by_level((2, 3, 9), (2, 3, 9, 40)), anchor=("first", "last"), beta=("2", "5", "20"))


@OPERATIONS.check("certified", nothing, COMPOSED, clauses="two heads", distribution="2 to 40 positions, gaps 2, 5, 20")
@false("the full gap", share=missed_share)
@false("the gap less twice the share", share=lambda n, beta: missed_share(n, beta * (1 - 2 * missed_share(n, beta))))
@false("the gap less the share", share=lambda n, beta: missed_share(n, beta * (1 - missed_share(n, beta))))
@false("the anchor itself", step=0)
def both_heads(cell, _, *, share=composed_share, step=1, context):
    """Both heads run on a sequence, in balls: the weight of the token after the anchor. (The gap 1 - 2 delta is right for n = 2.)"""
    anchor = 0 if cell.anchor == "first" else cell.n - 1
    with working_precision(BITS):
        beta = ball(Fraction(cell.beta))
        weights = read_after_anchor(cell.n, anchor, beta)
        off = 1 - weights[(anchor + step) % cell.n] - share(cell.n, beta)
        found = at_most("off the exact share", abs(off).upper(), ball(Fraction(1, 10**50)), attained=False)
    return worst([found], figures=[_curves()] if (cell.n, cell.anchor, cell.beta) == (9, "first", "5") else [])


def _curves():
    gaps = np.linspace(0.5, 25, 50)
    shares = {"one head": missed_share, "two heads": composed_share}
    series = [{"label": name, "x": gaps.tolist(), "y": [float(share(9, gap)) for gap in gaps]} for name, share in shares.items()]
    return Figure(
        "lines",
        "What attention misses at nine positions",
        "The missed share falls like e^(-beta) for one head; two heads need a gap of about three before they follow",
        {"series": series},
        x_label="score gap beta",
        y_label="missed share",
        log_y=True,
    )


TWICE = Assumption("a field in which 2 is not 0", r"2 \ne 0", unprobed="shifts are real numbers; modulo 2 every sum of a loop is 0")
WHOLE = Assumption("every component", r"\text{each component has an odd cycle, not only the largest}")

IDENTIFIABLE = claim(
    "reason.anchor_identifiability",
    "Pair sums determine the shifts of anchors iff every component of the pair graph has an odd cycle",
    r"\{s_u + s_v : uv \in E\} \text{ determines } (s_v)_{v \in V} \iff \text{every component of } (V, E) \text{ has an odd cycle}",
    clauses={
        "identifiable": r"\text{the sums determine all shifts iff every component has an odd cycle (a loop is one)}",
        "rank": r"\text{the sums determine } |V| - c \text{ dimensions, } c \text{ the number of components without an odd cycle}",
        "one pair": r"\text{the sum of a pair } uv \text{ is determined iff an odd walk joins } u \text{ and } v, \text{ or both lie in}"
        r" \text{ components with an odd cycle}",
        "published": r"\text{the 14 published pairs determine } s = (5, 1, -2, -8), \text{ so } -10 \text{ for the pairs } (4, 3)"
        r" \text{ and } (3, 4), \text{ which is taught as } -6",
    },
    symbols={
        "s_v": "shift of the anchor v",
        "V, E": "anchors, and the pairs in the data, loops allowed",
        "c": "number of components without an odd cycle",
        "u, v": "anchors",
    },
    assumptions=[TWICE, WHOLE],
    source=COMPOSITES.at("definitions 3.1-3.4 (composite anchor functions); the criterion is ours"),
    kind="extension",
    refuted_by="a graph with an odd cycle in every component and two systems of shifts with the same sums, or one without and only one",
    notes="Which of the solutions a trained transformer finds, by scale of the start and depth, is an observation of the paper.",
)

IDENTIFIABLE.formal(
    "reasoning/anchors.v",
    "reason_anchor_identifiability",
    false="a connected graph suffices",
    adequate=walks,
    premises=("the pairs are a symmetric relation", "2 is not zero in the field"),
    clauses="identifiable",
)

EXHAUSTIVE = axes(V=by_level((1, 2, 3), (1, 2, 3, 4)))


def connected(anchors, pairs):
    """Whether the graph is connected: the twin that forgets odd cycles."""
    return bool(parities(anchors, pairs).any(axis=2)[0].all())


def some_odd_cycle(anchors, pairs):
    """Whether some component has one: true of every connected graph that qualifies."""
    reached = parities(anchors, pairs)
    return bool(reached[np.arange(anchors), np.arange(anchors), 1].any())


def without_loops(anchors, pairs):
    return identifiable(anchors, [pair for pair in pairs if pair[0] != pair[1]])


@IDENTIFIABLE.check("exact", nothing, EXHAUSTIVE, clauses=("identifiable", "rank"), scope="all graphs with loops on up to 3 (4) anchors")
@false("a connected graph suffices", criterion=connected)
@false("one odd cycle suffices", criterion=some_odd_cycle)
@false("loops do not count", criterion=without_loops)
def all_graphs(cell, _, *, criterion=identifiable, context):
    """The rank of the sums over Q for every set of pairs, against the walks."""
    every = [(u, v) for v in range(cell.V) for u in range(v + 1)]
    predicted, found = [], []
    for size in range(len(every) + 1):
        for pairs in combinations(every, size):
            rank = rank_rational(incidence(cell.V, pairs)) if pairs else 0
            predicted.append((criterion(cell.V, pairs), rank_of_sums(cell.V, pairs)))
            found.append((rank == cell.V, rank))
    return equal(graphs=(predicted, found))


GRAPHS = axes(
    V=by_level((5, 8), (5, 8, 16)), density=("no pairs", "sparse", "a tree", "dense", "two parts"), quick=10, standard=60, full=400
)


def graphs(cell, rng):
    """Pairs of ``V`` anchors: none, about as many as anchors, a spanning tree, twice as many, or two components."""
    if cell.density == "no pairs":
        return []
    if cell.density == "a tree":
        return [(int(rng.integers(v)), v) for v in range(1, cell.V)]
    if cell.density == "two parts":
        cut = int(rng.integers(2, cell.V - 1))
        parts = drawn_pairs(cut, min(cut + 1, cut * (cut + 1) // 2), rng), drawn_pairs(cell.V - cut, cell.V - cut, rng)
        return [*parts[0], *((u + cut, v + cut) for u, v in parts[1])]
    return drawn_pairs(cell.V, cell.V if cell.density == "sparse" else 2 * cell.V, rng)


def less_components(anchors, pairs):
    """The twin that subtracts every component."""
    return anchors - len(np.unique(parities(anchors, pairs).any(axis=2), axis=0))


def by_walk(anchors, pairs, asked):
    """The twin that forgets pairs joined across two components."""
    return bool(parities(anchors, pairs)[asked[0], asked[1], 1])


@IDENTIFIABLE.check(
    "exact", graphs, GRAPHS, clauses=("identifiable", "rank", "one pair"), distribution="graphs with loops on 5 to 16 anchors"
)
@false("a connected graph suffices", criterion=connected)
@false("one odd cycle suffices", criterion=some_odd_cycle)
@false("a pair needs an odd walk", one_pair=by_walk)
@false("anchors less components, right for trees", rank=less_components)
def drawn_graphs(cell, pairs, *, criterion=identifiable, rank=rank_of_sums, one_pair=determined, drop=False, context):
    """Ranks over Q: of the sums, and with one more pair beside them, which is determined where the rank stays."""
    if drop and not identifiable(cell.V, pairs):
        criterion = some_odd_cycle
    matrix = incidence(cell.V, pairs)
    found = rank_rational(matrix)
    rng = context.rng(cell, pairs)
    asked = [tuple(int(k) for k in rng.integers(cell.V, size=2)) for _ in range(4)]
    stays = [rank_rational(np.vstack([matrix, incidence(cell.V, [pair])])) == found for pair in asked]
    return equal(
        rank=(rank(cell.V, pairs), found),
        identifiable=(criterion(cell.V, pairs), found == cell.V),
        determined=([one_pair(cell.V, pairs, pair) for pair in asked], stays),
        shown={"pairs": pairs, "asked": asked},
    )


IDENTIFIABLE.without("every component", drawn_graphs, drop=True)


@IDENTIFIABLE.check(
    "exact",
    [0],
    clauses="published",
    covers="statement",
    because="the clause is about these 14 pairs",
    scope="anchors 1 to 4 with the shifts 5, 1, -2, -8 and the 14 pairs of the public data",
)
@false("the label that is taught", composite=RELABELLED_SHIFT)
@false("the relabelled pair among the data", extra=RELABELLED)
def published_pairs(_, *, composite=SHIFTS[3] + SHIFTS[4], extra=None, context):
    """The least squares solution of the sums over Q: unique, and the given shifts; the sums of the two other pairs."""
    from flint import fmpq_mat

    pairs = inferential_pairs()
    unordered = sorted({tuple(sorted((u - 1, v - 1))) for u, v in pairs})
    matrix = incidence(4, unordered)
    sums = [SHIFTS[u + 1] + SHIFTS[v + 1] for u, v in unordered]
    if extra is not None:
        matrix = np.vstack([matrix, incidence(4, [[k - 1 for k in extra]])])
        sums = [*sums, RELABELLED_SHIFT]
    A, b = fmpq_mat(*matrix.shape, matrix.ravel().tolist()), fmpq_mat(len(sums), 1, sums)
    solved = (A.transpose() * A).solve(A.transpose() * b)
    shifts = [Fraction(int(value.p), int(value.q)) for value in solved.entries()]
    asked = [sum(shifts[k - 1] for k in pair) for pair in (RELABELLED, UNSEEN)]
    return equal(
        pairs=(14, len(pairs)),
        rank=(4, rank_rational(matrix)),
        shifts=(list(SHIFTS.values()), shifts),
        residual=([0] * len(sums), (A * solved - b).entries()),
        composites=([composite] * 2, asked),
    )


@IDENTIFIABLE.check(
    "exact",
    [["01", "12"], ["01", "12", "02"], ["00", "12"], ["00", "01", "12"]],
    clauses=("identifiable", "rank"),
    scope="four small graphs, drawn: a path, a triangle, a loop beside an edge, a loop with a tail",
)
@false("a connected graph suffices", criterion=connected)
def small_graphs(pairs, *, criterion=identifiable, context):
    """What the picture shows: the rank over Q of each."""
    edges = [(int(a), int(b)) for a, b in pairs]
    rank = rank_rational(incidence(3, edges))
    nodes = [{"id": k, "label": f"s_{k}" + " (loop)" * ((k, k) in edges), "group": "anchor"} for k in range(3)]
    return worst(
        [equal(identifiable=(criterion(3, edges), rank == 3))],
        figures=[
            Figure(
                "graph",
                f"Pairs {', '.join(pairs)}: rank {rank} of 3",
                "A graph on three anchors; its pair sums determine the shifts iff every part has a loop or an odd cycle",
                {"nodes": nodes, "edges": [list(edge) for edge in edges]},
            )
        ],
    )
