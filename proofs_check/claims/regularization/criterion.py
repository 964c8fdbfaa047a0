r"""When a data-independent function can describe the limits of gradient flow: the exact line, and what overlaps forbid.

G(theta, theta_0) is *strict* when for every dataset S the limit Phi_S(theta_0) is the only minimizer of G on the solution set M_S, *weak*
when it is a minimizer (constants are). The criterion for either is a property of a digraph; the lemmas behind the two overlap mechanisms
follow from it.
"""

from __future__ import annotations

from itertools import chain, combinations, permutations, product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.regularization._words import LIMIT_RULE, LIMITATION, OWN, one
from theory.models import TwoLayer
from theory.regularization.criterion import is_strict, is_weak, membership_digraph, strict_exists, weakly_separable


def set_systems(context):
    """Families of 1 to 5 solution sets on 2 to 6 points, each with its limit."""
    rng = context.rng()
    for _ in range(context.by_level(quick=300, standard=1500, full=3000)):
        points, sets = int(rng.integers(2, 7)), int(rng.integers(1, 6))
        limits = rng.integers(0, points, sets)
        yield points, limits.tolist(), [sorted({int(p), *np.flatnonzero(rng.random(points) < 0.4).tolist()}) for p in limits]


def no_mutual_pair(graph):
    """A naive criterion: no two limits lie in each other's sets."""
    return not any(graph.has_edge(q, p) for p, q in graph.edges)


def disconnected(graph):
    """Another: no two limits are connected."""
    return graph.number_of_edges() == 0


def check_strict(instance, *, criterion, context) -> Outcome:
    """The criterion on the membership digraph against all rankings of the points."""
    points, limits, members = instance
    graph = membership_digraph(limits, members)
    exists = any(is_strict(dict(enumerate(ranks)), limits, members) for ranks in permutations(range(points)))
    return Outcome.equal(exists, bool(criterion(graph)), limits=limits, members=members)


def small_systems(context):
    """All families of two or three datasets on three points."""
    subsets = [set(s) for s in chain(*(combinations(range(3), size) for size in (1, 2, 3)))]
    pairs = [(p, sorted(s)) for p in range(3) for s in subsets if p in s]
    families = list(combinations(pairs, 3))
    return [(3, [p for p, _ in family], [s for _, s in family]) for family in families]


def weakly_connected(graph, p, q):
    """A naive criterion: weak functions separate only what no path connects in either direction."""
    import networkx

    return not networkx.has_path(graph.to_undirected(), p, q)


def check_weak(instance, *, separable, context) -> Outcome:
    """Which pairs of limits some weak G tells apart, against all functions with at most as many values as points."""
    points, limits, members = instance
    graph = membership_digraph(limits, members)
    weak = [G for G in product(range(points), repeat=points) if is_weak(dict(enumerate(G)), limits, members)]
    for p, q in combinations(sorted(set(limits)), 2):
        told_apart = any(G[p] != G[q] for G in weak)
        if told_apart != separable(graph, p, q):
            return Outcome.fails(
                f"limits {p}, {q}: told apart by a weak G is {told_apart}", counterexample={"limits": limits, "members": members}
            )
    return Outcome.holds(cases=max(1, len(set(limits)) - 1))


def drawn_systems(context):
    from hypothesis import strategies as st

    def system(points):
        entry = st.integers(0, points - 1)
        dataset = st.tuples(entry, st.sets(entry, max_size=points)).map(lambda d: (d[0], sorted({d[0], *d[1]})))
        return st.lists(dataset, min_size=1, max_size=4).map(lambda family: (points, [p for p, _ in family], [s for _, s in family]))

    return st.integers(2, 5).flatmap(system)


def overlap_pairs(context):
    """Mutual pairs on six points: for every pair {p, q} one dataset with limit p and one with limit q, both holding both."""
    rng = context.rng()
    for _ in range(context.by_level(quick=30, standard=200, full=500)):
        pairs = [tuple(rng.choice(5, 2, replace=False).tolist()) for _ in range(int(rng.integers(2, 4)))]
        yield 5, [p for pair in pairs for p in pair], [sorted(pair) for pair in pairs for _ in range(2)]


def component(graph, p):
    import networkx

    return networkx.node_connected_component(graph.to_undirected(), p)


def whole(graph, p):
    """All limits at once, as the lemma is printed."""
    return set(graph)


def check_pairs(instance, *, scope, context) -> Outcome:
    """Every weak G is constant on the overlap component of each limit, and no G is strict."""
    points, limits, members = instance
    graph = membership_digraph(limits, members)
    if strict_exists(graph):
        return Outcome.fails("a strict function exists", counterexample={"limits": limits, "members": members})
    for G in product(range(3), repeat=points):
        if is_weak(dict(enumerate(G)), limits, members):
            for p in set(limits):
                if len({G[q] for q in scope(graph, p)}) > 1:
                    return Outcome.fails("a weak G is not constant there", counterexample={"G": G, "limits": limits, "members": members})
    return Outcome.holds(cases=len(set(limits)))


def check_pair_by_flow(instance, *, side, context) -> Outcome:
    """tanh from (1, a_0): gradient flow on two inputs gives a mutual pair exactly if their thresholds sinh^2(x)/x^2 separate a_0^2."""
    from numerics.flows.flow import gradient_flow, value_and_jacobian

    model, a0 = TwoLayer(1, 1, activation="tanh"), 1.5
    inputs = np.array([[0.5], [2.0 if side == "opposite" else 0.8]])
    labels = -a0 * np.tanh(inputs[:, 0])
    flows = [gradient_flow(model, [1.0, a0], (inputs[[i]], labels[[i]])) for i in (0, 1)]
    ends = [tuple(np.round(flow.theta, 6).tolist()) for flow in flows]
    fits = lambda end, i: abs(value_and_jacobian(model, np.array(end), inputs[[i]])[0][0] - labels[i]) < 1e-5
    graph = membership_digraph(ends, [[end for end in set(ends) if fits(end, i)] for i in (0, 1)])
    if strict_exists(graph):
        return Outcome.fails("the limits can be ranked", counterexample={"limits": ends})
    return Outcome.holds()


def normal_spaces(context):
    """Datasets of linear regression whose row spaces share the direction theta* - theta_0 (quick: two or three)."""
    rng = context.rng()
    for _ in range(context.by_level(quick=20, standard=100, full=300)):
        move = rng.integers(-3, 4, 3)
        if move.any():
            yield move, [np.array([move, rng.integers(-3, 4, 3)]) for _ in range(int(rng.integers(2, 4)))]
    yield np.array([1, 0, 0]), [np.array([[1, 0, 0], row]) for row in ([0, 0, 1], [0, 1, 0], [0, 1, 1])]


def intersection_of_normals(spaces):
    """Whether the intersection of the row spaces is {0}."""
    from numerics.arithmetic.exact import nullspace_rational, rank_rational

    return rank_rational(np.array([vector for rows in spaces for vector in nullspace_rational(rows)])) == 3


def independent_directions(spaces):
    """The printed hypothesis: as many datasets as parameters, approached from linearly independent directions (some can be chosen)."""
    return len(spaces) >= 3


def check_normals(instance, *, hypothesis, context) -> Outcome:
    """grad G = 2(theta* - theta_0) of the strict G = |theta - theta_0|^2 lies in every normal space; where the hypothesis holds it
    must be 0.
    """
    from numerics.arithmetic.exact import rank_rational

    move, spaces = instance
    for rows in spaces:
        if rank_rational(np.vstack([rows, move])) > rank_rational(rows):
            return Outcome.fails("the gradient leaves a normal space", counterexample={"move": move, "rows": rows})
    if hypothesis(spaces) and move.any():
        return Outcome.fails("the gradient does not vanish", counterexample={"gradient": 2 * move, "row spaces": spaces})
    return Outcome.holds()


def check_normals_by_flow(instance, *, curves, context) -> Outcome:
    """One-point overlap of e^{atan z} at (3, 7): the conormals of ``curves`` of its solution curves span the plane."""
    sigma = lambda z: np.exp(np.arctan(z))
    slope = lambda z: sigma(z) / (1 + z * z)
    normals = np.array([[7 * slope(3 * x) * x, sigma(3 * x)] for x in (1 / 3, 1.0)][:curves])
    least = np.linalg.svd(normals, compute_uv=False)[-1] if curves == 2 else 0.0
    if least > 1e-6:
        return Outcome.holds(message=f"least singular value {least:.3f}", margin=float(least / 1e-6))
    return Outcome.fails("the conormals do not span the plane, a non-zero gradient remains possible", counterexample={"conormals": normals})


CLAIMS = [
    Claim(
        id="regularization.criterion.acyclic",
        title="A strict function exists exactly if the membership digraph is acyclic",
        statement=r"D: p_i \to q \text{ for limits } q \in M_{S_i},\ q \neq p_i.\quad \exists\, G \text{ strict} \iff D \text{"
        r" acyclic};\quad"
        r" \exists\, G \text{ weak},\ G(p_i) \neq G(p_j) \iff p_i, p_j \text{ in different strongly connected components}",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("finite family", "finitely many datasets, one start")],
        refuted_by="A family of sets for which the digraph and the search over all rankings disagree. A cycle refutes for infinite"
        " families, too.",
        checks=[
            Check(
                "all-small-families",
                evidence="exact",
                covers="instances",
                scope="three datasets on three points",
                run=check_strict,
                instances=small_systems,
                parameters={"criterion": strict_exists},
                controls=[Control("no mutual pair", criterion=no_mutual_pair), Control("no arrows", criterion=disconnected)],
            ),
            Check(
                "weak-classes",
                evidence="exact",
                covers="instances",
                scope="three datasets on three points, all functions",
                run=check_weak,
                instances=small_systems,
                parameters={"separable": weakly_separable},
                controls=[Control("connectivity instead of strong connectivity", separable=weakly_connected)],
            ),
            Check(
                "random-families",
                evidence="exact",
                covers="instances",
                scope="up to six points and five datasets",
                run=check_strict,
                instances=set_systems,
                distribution="memberships with probability 0.4",
                parameters={"criterion": strict_exists},
                controls=[Control("no mutual pair", criterion=no_mutual_pair)],
            ),
            Check(
                "drawn-families",
                evidence="exact",
                covers="instances",
                scope="up to five points, weak functions",
                run=check_weak,
                instances=drawn_systems,
                distribution="hypothesis",
                parameters={"separable": weakly_separable},
                examples={"quick": 20, "standard": 60, "full": 200},
                controls=[Control("connectivity instead of strong connectivity", separable=weakly_connected)],
            ),
        ],
    ),
    Claim(
        id="regularization.lemma.two-point",
        title="Two-point overlaps forbid strict functions; weak ones are constant on overlap components",
        statement=r"\forall i\, \exists j: \theta^*_i \neq \theta^*_j,\ \{\theta^*_i, \theta^*_j\} \subset M_{S_i} \cap M_{S_j} "
        r"\ \Rightarrow\ \text{(a) no strict } G;"
        r"\ \text{(b) a weak } G \text{ is constant on each connected component of the overlap graph, (c) a continuous one on its closure}",
        source=Source(LIMITATION, "Lemma 5.1, (b) and (c) corrected: components, not the whole set"),
        kind="theorem",
        relation="impossibility",
        depends_on=["regularization.criterion.acyclic"],
        refuted_by="A family of mutual pairs with a strict function, or a weak one that varies on a component.",
        checks=[
            Check(
                "pairs",
                evidence="exact",
                covers="instances",
                scope="two or three mutual pairs on five points, all functions of three values",
                run=check_pairs,
                instances=overlap_pairs,
                parameters={"scope": component},
                controls=[Control("constant on the whole set, as printed", scope=whole)],
            ),
            Check(
                "tanh-pair",
                evidence="property",
                covers="instances",
                scope="tanh from (1, 1.5), inputs 1/2 and 2",
                run=check_pair_by_flow,
                instances=one(None),
                tolerance=LIMIT_RULE,
                parameters={"side": "opposite"},
                controls=[Control("thresholds on the same side", side="same")],
            ),
        ],
    ),
    Claim(
        id="regularization.lemma.one-point",
        title="One-point overlaps: the gradient lies in every normal space",
        statement=r"G \text{ weak, differentiable at } \theta^* = \Phi_{S_i}(\theta_0),\ M_{S_i}\ C^1 \text{ there} \Rightarrow"
        r" \nabla_\theta G \in \textstyle\bigcap_i N_{\theta^*} M_{S_i};"
        r"\ \text{if this is } \{0\},\ \nabla_\theta G(\theta^*, \theta_0) = 0.\ \text{Two distinct conormals suffice for } M = 2",
        source=Source(LIMITATION, "Lemma 5.2, corrected: normal spaces, not directions of approach"),
        relation="impossibility",
        assumptions=[Assumption("trivial intersection", r"\bigcap_i N_{\theta^*} M_{S_i} = \{0\}")],
        refuted_by="Datasets with normal spaces that meet in zero only and a weak function whose gradient does not vanish.",
        checks=[
            Check(
                "regressions",
                evidence="exact",
                covers="instances",
                scope="linear regression in three parameters, two or three datasets",
                run=check_normals,
                instances=normal_spaces,
                parameters={"hypothesis": intersection_of_normals},
                controls=[Control("three independent directions, as printed", hypothesis=independent_directions)],
            ),
            Check(
                "conormals",
                evidence="property",
                covers="instances",
                scope="e^atan at (3, 7)",
                run=check_normals_by_flow,
                instances=one(None),
                tolerance="a least singular value above 1e-6 is far from rounding",
                parameters={"curves": 2},
                controls=[Control("one solution curve", curves=1)],
            ),
        ],
    ),
]
