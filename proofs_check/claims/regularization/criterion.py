r"""When a data-independent function can describe the limits of gradient flow: the exact line, and what overlaps forbid."""

from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.adequacy.regularization import preferences
from proofs_check.judging import equal, worst
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.constructions import softsign_one_point
from theory.regularization.criterion import is_strict, is_weak, membership_digraph, strict_exists, weakly_separable

from . import LIMITATION_PAPER, OURS
from ._flows import LIMIT_RULE, ends_at, one
from ._pictures import crossing_solutions, membership, mutual_solutions

ACYCLIC = claim(
    "regularization.criterion.acyclic",
    "A strict function exists exactly if the membership digraph is acyclic",
    r"D: p_i \to q \text{ for limits } q \in M_{S_i},\ q \neq p_i.\quad \exists\, G \text{ strict} \iff D \text{ acyclic};\quad"
    r" \exists\, G \text{ weak},\ G(p_i) \neq G(p_j) \iff p_i, p_j \text{ in different strongly connected components}",
    clauses={
        "strict": r"\exists\, G \text{ strict} \iff D \text{ acyclic}",
        "weak": r"\exists\, G \text{ weak},\ G(p_i) \neq G(p_j) \iff p_i, p_j \text{ in different strongly connected components of } D",
    },
    symbols=["D", "G", "p_i", "M_S", "S"],
    source=OURS,
    kind="extension",
    assumptions=[
        Assumption("finite family", "finitely many datasets, one start", unprobed="an infinite acyclic digraph need not embed in the reals")
    ],
    refuted_by="A family of sets for which the digraph and the search over all functions disagree.",
    notes="A cycle refutes for infinite families, too: G would grow along it.",
)

ACYCLIC.formal(
    "regularization/acyclic.v",
    "regularization_criterion_acyclic",
    false="no mutual pair is enough",
    adequate=preferences,
    clauses="strict",
)
ACYCLIC.formal(
    "regularization/acyclic.v",
    "regularization_criterion_acyclic_weak",
    false="told apart wherever they differ",
    adequate=preferences,
    clauses="weak",
)

FAMILIES = axes(points=by_level((2, 3, 4), (2, 3, 4, 5)), datasets=(1, 2, 3, 4, 5), quick=6, standard=20, full=60)


def family(cell, rng):
    """The limits of some datasets among the points, in every other draw as many as there can be, and the solutions of each."""
    limits = rng.integers(0, cell.points, cell.datasets).tolist()
    if rng.integers(2):
        distinct = rng.permutation(cell.points)[: cell.datasets].tolist()
        limits[: len(distinct)] = distinct
    return limits, [sorted({p, *np.flatnonzero(rng.random(cell.points) < 0.4).tolist()}) for p in limits]


def no_mutual_pair(graph):
    return not any(graph.has_edge(q, p) for p, q in graph.edges)


@ACYCLIC.check(
    "exact", family, FAMILIES, clauses="strict", distribution="a point solves a dataset with probability 0.4; limits at random, or distinct"
)
@false("no mutual pair is enough", criterion=no_mutual_pair)
@false("no arrows are needed", criterion=lambda graph: graph.number_of_edges() == 0)
@false("a strict function always exists", criterion=lambda graph: True)
def rankings(cell, sets, *, criterion=strict_exists, context):
    """The criterion against all rankings of the points."""
    limits, members = sets
    exists = any(is_strict(dict(enumerate(ranks)), limits, members) for ranks in permutations(range(cell.points)))
    outcome = equal(strict_exists=(bool(criterion(membership_digraph(limits, members))), exists), shown={"limits": limits, "sets": members})
    drawn = [membership([0, 1, 2], sets) for sets in ([[0, 1], [1, 2], [2]], [[0, 1], [1, 2], [2, 0]])]
    return worst([outcome], figures=drawn if cell.points == cell.datasets == 3 else ())


def no_path(graph, p, q):
    import networkx

    return not networkx.has_path(graph.to_undirected(), p, q)


@ACYCLIC.check(
    "exact", family, FAMILIES, clauses="weak", distribution="a point solves a dataset with probability 0.4; limits at random, or distinct"
)
@false("connectivity instead of strong connectivity", separable=no_path)
@false("different limits are told apart", separable=lambda graph, p, q: True)
def weak_functions(cell, sets, *, separable=weakly_separable, context):
    """The pairs that some weak function tells apart: cut at a value between, it has values 0 and 1, and all of these are tried."""
    limits, members = sets
    graph, pairs = membership_digraph(limits, members), list(combinations(sorted(set(limits)), 2))
    weak = [G for G in product((0, 1), repeat=cell.points) if is_weak(dict(enumerate(G)), limits, members)]
    apart = {(p, q) for p, q in pairs if any(G[p] != G[q] for G in weak)}
    return equal(told_apart=({pair for pair in pairs if separable(graph, *pair)}, apart), shown={"limits": limits, "sets": members})


TWO_POINT = claim(
    "regularization.lemma.two-point",
    "Two-point overlaps forbid strict functions; weak ones are constant on overlap components",
    r"\text{of one dataset or more: } "
    r"\forall i\, \exists j: \theta^*_i \neq \theta^*_j,\ \{\theta^*_i, \theta^*_j\} \subset M_{S_i} \cap M_{S_j} "
    r"\ \Rightarrow\ \text{no strict } G;\ \text{a weak } G \text{ is constant on each connected component of the overlap graph}",
    clauses={
        "no strict": r"\text{no } G \text{ is strict}",
        "components": r"\text{a weak } G \text{ is constant on each connected component of the overlap graph}",
    },
    symbols=[r"\theta^*", "M_S", "S", "G"],
    source=LIMITATION_PAPER.at("Lemma 5.1, (b) and (c) corrected: components, not the whole set"),
    relation="impossibility",
    assumptions=[Assumption("mutual pairs", r"\{\theta^*_i, \theta^*_j\} \subset M_{S_i} \cap M_{S_j},\ \theta^*_i \neq \theta^*_j")],
    depends_on=["regularization.criterion.acyclic"],
    refuted_by="A family of mutual pairs with a strict function, or a weak one that varies on a component.",
    notes="(c) A continuous weak G is constant on the closure of a component, by continuity alone.",
)

TWO_POINT.formal(
    "regularization/acyclic.v",
    "regularization_lemma_two_point",
    false="the two limits may be equal",
    adequate=preferences,
    clauses="no strict",
)


def mutual_pairs(cell, rng, mutual=True):
    """Pairs of points, and for each two datasets, one with either limit, that both hold both (without ``mutual``: the own one only)."""
    pairs = [tuple(rng.choice(5, 2, replace=False).tolist()) for _ in range(cell.pairs)]
    members = [sorted(pair) if mutual else [p] for pair in pairs for p in pair]
    return [p for pair in pairs for p in pair], members


def component(graph, p):
    import networkx

    return networkx.node_connected_component(graph.to_undirected(), p)


@TWO_POINT.check(
    "exact", mutual_pairs, axes(pairs=(1, 2, 3), quick=10, standard=60, full=200), clauses=("no strict", "components"), scope="five points"
)
@false("constant on the whole set, as printed", constant_on=lambda graph, p: set(graph))
@false("constant on single limits only", constant_on=lambda graph, p: {p})
def pairs(cell, sets, *, constant_on=component, context):
    """No ranking is strict; the limits that no weak function of two values tells apart from a limit are its component."""
    limits, members = sets
    graph = membership_digraph(limits, members)
    strict = any(is_strict(dict(enumerate(ranks)), limits, members) for ranks in permutations(range(5)))
    weak = [G for G in product((0, 1), repeat=5) if is_weak(dict(enumerate(G)), limits, members)]
    together = {p: {q for q in limits if all(G[p] == G[q] for G in weak)} for p in limits}
    return equal(strict=(False, strict), constant_on=({p: constant_on(graph, p) for p in limits}, together), shown={"pairs": members})


TWO_POINT.without("mutual pairs", pairs, lambda cell, rng: mutual_pairs(cell, rng, mutual=False))


@TWO_POINT.check(
    "property", one((0.5, 2.0)), clauses="no strict", scope="tanh from (w_0, a_0) = (1, 1.5), inputs 1/2 and 2", tolerance=LIMIT_RULE
)
@false("inputs with thresholds on one side of a_0^2", inputs=(0.5, 0.8))
def tanh_pair(_, *, inputs=(0.5, 2.0), context):
    """Gradient flow on two inputs ends at (-1, 1.5) and (1, -1.5), each of which solves both: sinh^2(x)/x^2 separate a_0^2."""
    samples = [([x], -1.5 * np.tanh(x)) for x in inputs]
    return ends_at(TwoLayer(1, 1), [1.0, 1.5], samples, [[-1.0, 1.5], [1.0, -1.5]], figures=lambda flows: [mutual_solutions()])


ONE_POINT = claim(
    "regularization.lemma.one-point",
    "One-point overlaps: the gradient lies in every normal space",
    r"G \text{ weak, differentiable at } \theta^* = \Phi_{S_i}(\theta_0),\ M_{S_i}\ C^1 \text{ there} \Rightarrow"
    r" \nabla_\theta G \in \textstyle\bigcap_i N_{\theta^*} M_{S_i};\ \text{if this is } \{0\},\ \nabla_\theta G(\theta^*, \theta_0) = 0",
    clauses={
        "normal": r"\nabla_\theta G(\theta^*, \theta_0) \in \bigcap_i N_{\theta^*} M_{S_i}",
        "vanishes": r"\bigcap_i N_{\theta^*} M_{S_i} = \{0\} \Rightarrow \nabla_\theta G(\theta^*, \theta_0) = 0",
        "two suffice": r"M = 2:\ \text{two solution curves with different tangents are enough}",
    },
    symbols=["G", r"\theta^*", r"\theta_0", r"\Phi_S", "M_S", "S", "M"],
    source=LIMITATION_PAPER.at("Lemma 5.2, corrected: normal spaces, not directions of approach"),
    relation="impossibility",
    assumptions=[Assumption("trivial intersection", r"\bigcap_i N_{\theta^*} M_{S_i} = \{0\}")],
    refuted_by="Datasets with normal spaces that meet in zero only and a weak function whose gradient does not vanish.",
)


def regressions(cell, rng):
    """Row spaces in Q^3 that meet in a space of a given dimension, and the way theta* - theta_0 of their common limit."""
    while True:
        spaces = [rng.integers(-3, 4, (2, 3)) for _ in range(cell.datasets)]
        if cell.common:
            move = rng.integers(-3, 4, 3)
            spaces = [np.array([move, rows[1]]) for rows in spaces]
        else:
            move = np.zeros(3, int)
        if all(rank_rational(rows) == 2 for rows in spaces) and meet(spaces) == cell.common:
            return move, spaces


def meet(spaces):
    """The dimension of the intersection of row spaces in Q^3: orthogonal to all kernels."""
    return 3 - rank_rational(np.array([vector for rows in spaces for vector in nullspace_rational(rows)]))


#: Two planes of Q^3 always meet in a line.
REGRESSIONS = axes(datasets=(2, 3, 4), common=(0, 1), quick=5, standard=40, full=150, where=lambda datasets, common: common or datasets > 2)


@ONE_POINT.check("exact", regressions, REGRESSIONS, clauses=("normal", "vanishes"), scope="linear regression in three parameters")
@false("three datasets suffice, as printed", vanishes=lambda spaces: len(spaces) >= 3)
@false("without the hypothesis", vanishes=lambda spaces: True)
@false("in the tangent space", normal=lambda rows: np.array(nullspace_rational(rows)))
def gradients(cell, given, *, vanishes=lambda spaces: meet(spaces) == 0, normal=lambda rows: rows, context):
    """grad G = 2 (theta* - theta_0) of the strict G = |theta - theta_0|^2 lies in every normal space and is 0 where these meet in 0."""
    move, spaces = given
    inside = [move.any() == 0 or rank_rational(np.vstack([normal(rows), move])) == rank_rational(normal(rows)) for rows in spaces]
    shown = {"move": move, "rows": spaces}
    return equal(in_normal_spaces=([True] * len(spaces), inside), vanishes=(bool(vanishes(spaces)), not move.any()), shown=shown)


ONE_POINT.without("trivial intersection", gradients, vanishes=lambda spaces: True)


@ONE_POINT.check("exact", one(None), clauses="two suffice", scope="(1 + z)/(2 + z) from (8, 0): the limit (11, 3) of the inputs 2/3 and 1")
@false("one solution curve", curves=1)
def conormals(_, *, curves=2, context):
    """The conormals (sigma, a sigma' x) of the solution curves at a rational one-point overlap span the plane."""
    overlap, sigma = softsign_one_point(), parse("(1+z)/(2+z)")
    arguments = np.array([overlap.limit.preactivation(sample.x) for sample in overlap.samples[:curves]], dtype=object)
    values, slopes = sigma.jet(arguments, 1)
    inputs = np.array([sample.x[0] for sample in overlap.samples[:curves]], dtype=object)
    rows = np.stack([values, overlap.limit.output * slopes * inputs], axis=1)
    rank = rank_rational(rationals([[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in rows]))
    return worst([equal(rank=(2, rank))], figures=[crossing_solutions()])
