r"""What a data-independent function can describe of the limit of gradient flow, and the exact line beyond which none can.

G(theta, theta_0) is *strict* when for every dataset S the limit Phi_S(theta_0) is the only minimizer of G on the solution set M_S, *weak*
when it is a minimizer (constants are). The criterion for either, the lemmas behind the two overlap mechanisms, and the toolbox: first
integrals, monotone orbits, the bound on the tail and the elasticity.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain, combinations, permutations, product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._regularization import LIMIT_RULE, LIMIT_TOLERANCE, LIMITATION, OWN, all_vanish, one, within


def set_systems(context):
    """Families of 1 to 5 solution sets on 2 to 6 points, each with its limit."""
    rng = context.rng()
    for _ in range(context.by_level(quick=300, standard=1500, full=3000)):
        points, sets = int(rng.integers(2, 7)), int(rng.integers(1, 6))
        limits = rng.integers(0, points, sets)
        yield points, limits.tolist(), [sorted({int(p), *np.flatnonzero(rng.random(points) < 0.4).tolist()}) for p in limits]


def acyclic(graph):
    from theory.regularization.criterion import strict_exists

    return strict_exists(graph)


def no_mutual_pair(graph):
    """A naive criterion: no two limits lie in each other's sets."""
    return not any(graph.has_edge(q, p) for p, q in graph.edges)


def disconnected(graph):
    """Another: no two limits are connected."""
    return graph.number_of_edges() == 0


def check_strict(instance, *, criterion, context) -> Outcome:
    """The criterion on the membership digraph against all rankings of the points."""
    from theory.regularization.criterion import is_strict, membership_digraph

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


def strongly_connected(graph, p, q):
    from theory.regularization.criterion import weakly_separable

    return weakly_separable(graph, p, q)


def weakly_connected(graph, p, q):
    """A naive criterion: weak functions separate only what no path connects in either direction."""
    import networkx

    return not networkx.has_path(graph.to_undirected(), p, q)


def check_weak(instance, *, separable, context) -> Outcome:
    """Which pairs of limits some weak G tells apart, against all functions with at most as many values as points."""
    from theory.regularization.criterion import is_weak, membership_digraph

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
    from theory.regularization.criterion import is_weak, membership_digraph, strict_exists

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
    from numerics.flow import gradient_flow, value_and_jacobian
    from theory.models import TwoLayer
    from theory.regularization.criterion import membership_digraph, strict_exists

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
    from flint import fmpq_mat

    kernels = []
    for rows in spaces:
        basis, rank = fmpq_mat(*rows.shape, rows.ravel().tolist()).rref()
        kernels += _kernel(basis, rank)
    stacked = fmpq_mat(len(kernels), 3, list(chain(*kernels))) if kernels else None
    return stacked is not None and stacked.rank() == 3


def _kernel(basis, rank):
    """Vectors that span the orthogonal complement of the rows of a reduced echelon matrix."""
    pivots = [next(j for j in range(basis.ncols()) if basis[i, j] != 0) for i in range(rank)]
    free = [j for j in range(basis.ncols()) if j not in pivots]
    vectors = []
    for j in free:
        vector = [0] * basis.ncols()
        vector[j] = 1
        for i, pivot in enumerate(pivots):
            vector[pivot] = -basis[i, j]
        vectors.append(vector)
    return vectors


def independent_directions(spaces):
    """The printed hypothesis: as many datasets as parameters, approached from linearly independent directions (some can be chosen)."""
    return len(spaces) >= 3


def check_normals(instance, *, hypothesis, context) -> Outcome:
    """grad G = 2(theta* - theta_0) of the strict G = |theta - theta_0|^2 lies in every normal space; where the hypothesis holds it
    must be 0.
    """
    from flint import fmpq_mat

    move, spaces = instance
    for rows in spaces:
        if fmpq_mat(3, 3, [*rows.ravel().tolist(), *move.tolist()]).rank() > fmpq_mat(2, 3, rows.ravel().tolist()).rank():
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


def check_table(instance, *, multiple, context) -> Outcome:
    """dG/dz = sigma/sigma' for one entry of the table, proved in a field of rational functions."""
    import sympy as sp

    from theory.regularization.first_integrals import table, vanishes, variable

    sigma, G = table()[instance]
    defect = sp.diff(multiple * G, variable()) - sigma / sp.diff(sigma, variable())
    return all_vanish({instance: defect}, vanishes)


def check_conservation(instance, *, weighting, context) -> Outcome:
    """dI/dt = 0 for an arbitrary activation and loss, two inputs."""
    from theory.regularization.first_integrals import drift

    return all_vanish({"drift": drift(inputs=instance, weighting=weighting)})


def table_names(context):
    from theory.regularization.first_integrals import table

    return list(table())


def exact_invariant(a, w, x):
    return a * a / 2 - np.sinh(w * x) ** 2 / 2 / (x * x)


def square_difference(a, w, x):
    """a^2 - w^2: has equal values at both ends of the path below, so only a look along the path refutes it."""
    return a * a - w * w


def without_square(a, w, x):
    return a * a / 2 - np.sinh(w * x) ** 2 / 2 / abs(x)


def check_drift(instance, *, invariant, context) -> Outcome:
    """The invariant along the whole path of an adaptive flow of tanh, not only at its ends."""
    from numerics.flow import gradient_flow
    from theory.models import TwoLayer

    start, x, label = instance
    flow = gradient_flow(TwoLayer(1, 1, activation="tanh"), start, ([[x]], [label]))
    values = invariant(flow.path[:, 1], flow.path[:, 0], x)
    return within(
        float(np.abs(values - values[0]).max()),
        1e-8,
        "drift along the path",
        cases=len(values),
        counterexample={"first": values[0], "last": values[-1]},
    )


DRIFTS = [((1.0, 1.5), 0.5, -1.5 * math.tanh(0.5)), ((1.0, 1.5), 2.0, -1.5 * math.tanh(2.0)), ((0.4, -0.8), 1.3, 0.9)]


def check_monotone(instance, *, sign, context) -> Outcome:
    """Along the flow on one sample f moves monotonically to y, and root isolation on the first integral finds the same limit."""
    from numerics.flow import gradient_flow, orbit, value_and_jacobian
    from theory.models import TwoLayer

    width, inputs, seed = instance
    rng = np.random.default_rng(seed)
    model, x = TwoLayer(inputs, width, activation="sigmoid"), rng.normal(size=(1, inputs))
    theta0 = rng.normal(size=model.n_params)
    start = float(model(theta0, x)[0, 0])
    label = start + float(rng.uniform(0.2, 0.8))
    flow = gradient_flow(model, theta0, (x, [label]))
    values = value_and_jacobian(model, flow.path, x)[0][:, 0]
    backward = float((-sign * np.diff(values)).max())
    apart = float(np.abs(orbit(model, theta0, x[0], label).theta - flow.theta).max())
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    return within(
        max(backward / 1e-11, apart / LIMIT_TOLERANCE),
        1.0,
        "steps backward or distance of the two limits, in units of the bounds",
        cases=len(values),
        counterexample={"values": values[:5]},
    )


def check_monotone_symbolically(instance, *, sign, context) -> Outcome:
    """df/ds = |grad f|^2 along theta' = grad f, for an arbitrary f of three parameters."""
    import sympy as sp

    theta = sp.symbols("theta:3")
    f = sp.Function("f")(*theta)
    gradient = [sp.diff(f, t) for t in theta]
    return all_vanish({"df/ds - |grad f|^2": sp.expand(sum(g * sign * g for g in gradient) - sum(g**2 for g in gradient))})


def check_tail(instance, *, exponent, context) -> Outcome:
    """From a point of the flow the way to its limit is at most E/sqrt(lambda), lambda the least eigenvalue of J J^T on the way."""
    from numerics.flow import gradient_flow, value_and_jacobian
    from theory.models import TwoLayer

    rng = np.random.default_rng(instance)
    model, x = TwoLayer(2, 2, activation="tanh"), rng.normal(size=(2, 2))
    theta0 = rng.normal(size=model.n_params)
    y = model(theta0, x)[:, 0] + 0.3 * rng.normal(size=2)
    flow = gradient_flow(model, theta0, (x, y), weights=(1, 1))
    if not flow.converged:
        return Outcome.inconclusive(flow.reason)
    points = flow.path[:: max(1, len(flow.path) // 40)]
    values, jacobians = value_and_jacobian(model, points, x)
    eigenvalues = np.linalg.svd(jacobians, compute_uv=False)[:, -1] ** 2
    worst = max(
        np.linalg.norm(flow.theta - points[k]) * eigenvalues[k:].min() ** exponent / np.linalg.norm(values[k] - y)
        for k in range(len(points))
        if np.linalg.norm(values[k] - y) > 1e-6
    )
    return within(float(worst), 1 + 1e-6, "way over its bound", cases=len(points), counterexample={"seed": instance})


def check_tail_in_balls(instance, *, reach, context) -> Outcome:
    """A validated flow stopped early: the proved tail radius holds the enclosure at a later time."""
    from numerics.krawczyk import NotCertified, balls, working_precision
    from numerics.validated_flow import Field, enclose, tail
    from theory.models import TwoLayer

    early, late = instance
    with working_precision(200):
        field = Field(TwoLayer(2, 1, activation="tanh"), balls([[0.5, 0.0], [0.5, -1.0]]), balls([1.0, 0.25]), balls([4, 1]))
        first = enclose(field, [-0.5, 0.0, 0.5], early)
        second = enclose(field, first, late - early)
        try:
            rest = tail(field, first, reach=reach)
        except NotCertified as error:
            return Outcome.fails(str(error), counterexample={"reach": reach})
        way = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)).sqrt()
        if not way < rest.radius:
            return Outcome.fails("a later point is farther than the radius", counterexample={"way": way.str(8), "radius": rest.radius})
    return Outcome.holds(
        message=f"way {way.str(6)} within {rest.radius:.5f}",
        certificate={"kind": "tail", "radius": rest.radius, "eigenvalue": rest.eigenvalue},
    )


def check_elasticity_identity(instance, *, sign, context) -> Outcome:
    """The published condition 1/w - x (s'/s - s''/s'), s = 1/sigma, is h'(z) sigma/sigma'/w with z = x w."""
    import sympy as sp

    z, w, v, d, c = sp.symbols("z w v d c")  # v, d, c: sigma, sigma', sigma''
    s, s1, s2 = 1 / v, -d / v**2, (2 * d**2 / v - c) / v**2
    x = z / w
    printed = 1 / w - x * (s1 / s - s2 / s1) * sign
    h_slope = d / v + z * (c / v - d**2 / v**2)
    return all_vanish({"condition": sp.cancel(printed - h_slope * v / d / w)})


EXTREMA = [
    ("sigmoid", "1.278464542761"),
    ("silu", "1.278464542761"),
    ("gelu", "0.839923675692"),
    (SOFT := "(1+z)/(2+z)", "1.41421356237309"),
    ("exp(atan(z))", "1"),
]


def check_extremum(instance, *, shift, context) -> Outcome:
    """A Krawczyk box of the zero of h' at the stated place."""
    from numerics.dual import jet
    from numerics.krawczyk import NotCertified, ball, certify_zero, working_precision
    from theory.expressions import activation_of

    formula, place = instance
    sigma = activation_of(formula)

    def rise(z):
        value, slope, curvature = jet(sigma, z[0], 2)
        return [value * slope + z[0] * (value * curvature - slope * slope)]

    def change(z):
        value, slope, curvature, third = jet(sigma, z[0], 3)
        return np.array([[2 * value * curvature + z[0] * (value * third - slope * curvature)]], dtype=object)

    with working_precision(160):
        try:
            box = certify_zero(rise, [float(place)], jacobian=change)
        except NotCertified as error:
            return Outcome.inconclusive(str(error))
        off = abs(box.enclosure[0] - (ball(place) + ball(shift)))
        if off > 1e-11:
            return Outcome.fails(
                f"the extremum lies at {box.enclosure[0].str(15)}, expected {place}", counterexample={"place": box.enclosure[0].str(20)}
            )
        if not box.enclosure[0] > 0:
            return Outcome.fails("no positive extremum", counterexample={"place": box.enclosure[0].str(20)})
    return Outcome.holds(certificate={"kind": "extremum of the elasticity", "activation": formula, **box.certificate()})


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
                parameters={"criterion": acyclic},
                controls=[Control("no mutual pair", criterion=no_mutual_pair), Control("no arrows", criterion=disconnected)],
            ),
            Check(
                "weak-classes",
                evidence="exact",
                covers="instances",
                scope="three datasets on three points, all functions",
                run=check_weak,
                instances=small_systems,
                parameters={"separable": strongly_connected},
                controls=[Control("connectivity instead of strong connectivity", separable=weakly_connected)],
            ),
            Check(
                "random-families",
                evidence="property",
                covers="instances",
                scope="up to six points and five datasets",
                run=check_strict,
                instances=set_systems,
                distribution="memberships with probability 0.4",
                tolerance="none: both sides are exact",
                parameters={"criterion": acyclic},
                controls=[Control("no mutual pair", criterion=no_mutual_pair)],
            ),
            Check(
                "drawn-families",
                evidence="property",
                covers="instances",
                scope="up to five points, weak functions",
                run=check_weak,
                instances=drawn_systems,
                distribution="hypothesis",
                tolerance="none: both sides are exact",
                parameters={"separable": strongly_connected},
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
    Claim(
        id="regularization.conserved.single-sample",
        title="The first integral of one neuron and one sample",
        statement=r"n = 1,\ x \neq 0,\ \sigma' \neq 0:\quad I_x(a, w) = \tfrac{a^2}{2} - \tfrac{G(w \cdot x)}{|x|^2},\ G' ="
        r" \sigma/\sigma',\ \text{is conserved},\ w - w_0 \parallel x,\ \text{for every loss } \ell(f)",
        source=Source(LIMITATION, "Lemma A.3; table ours"),
        assumptions=[Assumption("no critical activation", r"\sigma' \neq 0 \text{ on the orbit}")],
        refuted_by="A path along which I_x moves (look along the path: some false invariants agree at its ends).",
        checks=[
            Check(
                "conservation",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary activation and loss, one to three inputs",
                run=check_conservation,
                instances=one(1, 2, 3),
                parameters={"weighting": None},
                controls=[Control("G/|x| instead of G/|x|^2", weighting=lambda square: square ** Fraction(-1, 2))],
            ),
            Check(
                "table",
                evidence="symbolic",
                covers="instances",
                scope="seventeen closed forms",
                run=check_table,
                instances=table_names,
                parameters={"multiple": 1},
                controls=[Control("twice G", multiple=2)],
            ),
            Check(
                "along-the-path",
                evidence="property",
                covers="instances",
                scope="tanh, three flows",
                run=check_drift,
                instances=one(*DRIFTS),
                tolerance="1e-8: accumulated error of the integrator",
                parameters={"invariant": exact_invariant},
                controls=[Control("a^2 - w^2", invariant=square_difference), Control("G/|x|", invariant=without_square)],
            ),
        ],
    ),
    Claim(
        id="regularization.orbit.monotone",
        title="On one sample the model value moves monotonically to the label",
        statement=r"\theta' = \pm\nabla f(\cdot, x):\ \tfrac{df}{ds} = |\nabla f| > 0;\ \Phi_{(x, y)}(\theta_0) \text{ is the only"
        r" point of the orbit with } f = y",
        source=OWN,
        kind="extension",
        assumptions=[Assumption("no critical point", r"\nabla_\theta f \neq 0 \text{ on the orbit}")],
        refuted_by="A flow on one sample along which f turns back.",
        checks=[
            Check(
                "derivative",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary f",
                run=check_monotone_symbolically,
                instances=one(None),
                parameters={"sign": 1},
                controls=[Control("descent", sign=-1)],
            ),
            Check(
                "flows",
                evidence="property",
                covers="instances",
                scope="sigmoid, one and two neurons and inputs",
                run=check_monotone,
                instances=lambda context: [
                    (m, d, s) for m in (1, 2) for d in (1, 2) for s in range(context.by_level(quick=2, standard=6, full=15))
                ],
                distribution="normal start and input, label 0.2 to 0.8 above",
                tolerance="1e-11 backward (the integrator's tolerance), limits within 1e-8",
                parameters={"sign": 1},
                controls=[Control("downward", sign=-1)],
            ),
        ],
    ),
    Claim(
        id="regularization.tail.PL",
        title="How far the limit can still be",
        statement=r"E^2 = r^T C r,\ \lambda \le \lambda_{\min}(C^{1/2} J J^T C^{1/2}) \text{ on } B(\theta_T, \rho),"
        r"\ E/\sqrt\lambda < \rho \ \Rightarrow\ |\theta_\infty - \theta_T| \le E/\sqrt\lambda",
        source=OWN,
        kind="extension",
        relation="upper",
        refuted_by="A flow whose remaining way exceeds the bound.",
        checks=[
            Check(
                "validated",
                evidence="certified",
                covers="instances",
                scope="one tanh neuron, times 6 and 8",
                run=check_tail_in_balls,
                instances=one((6, 8)),
                parameters={"reach": 0.05},
                controls=[Control("a reach below the bound", reach=0.01)],
            ),
            Check(
                "flows",
                evidence="property",
                covers="instances",
                scope="two tanh neurons, two samples",
                run=check_tail,
                instances=lambda context: range(context.by_level(quick=6, standard=30, full=100)),
                distribution="normal data",
                tolerance="1e-6 relative: error of the limit",
                parameters={"exponent": 0.5},
                controls=[Control("E lambda^(-1/4)", exponent=0.25), Control("E/lambda", exponent=1)],
            ),
        ],
    ),
    Claim(
        id="regularization.elasticity",
        title="Elasticity decides whether nearby solution curves meet twice",
        statement=r"h(z) = z\sigma'(z)/\sigma(z):\ \tfrac1w - x\big(\tfrac{\tilde\sigma'}{\tilde\sigma} -"
        r" \tfrac{\tilde\sigma''}{\tilde\sigma'}\big) = \tfrac1w h'(xw) \tfrac{\sigma}{\sigma'},\ \tilde\sigma = 1/\sigma;"
        r"\ h'(xw) \neq 0 \Rightarrow \text{no local two-point overlap};\ h \text{ turns at } 1 + W(1/e) \text{ (sigmoid)}",
        source=Source(LIMITATION, "Proposition 6.1(b), Corollary 6.1, reformulated"),
        refuted_by="An activation for which the published condition and h' differ, or another place of the extremum.",
        checks=[
            Check(
                "identity",
                evidence="symbolic",
                covers="statement",
                scope="arbitrary activation",
                run=check_elasticity_identity,
                instances=one(None),
                parameters={"sign": 1},
                controls=[Control("the other sign", sign=-1)],
            ),
            Check(
                "extrema",
                evidence="certified",
                covers="instances",
                scope="sigmoid, swish, GELU, softsign sigmoid, e^atan",
                run=check_extremum,
                instances=one(*EXTREMA),
                parameters={"shift": 0},
                controls=[Control("places off by 1e-6", shift=Fraction(1, 10**6))],
            ),
        ],
    ),
]
