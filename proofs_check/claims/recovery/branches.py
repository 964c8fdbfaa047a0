r"""The perfect minima of a two-layer network: which affine branches they form, and how these lie to each other."""

import math
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.recovery.minima import distance_to_branches, fit
from proofs_check import Assumption, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import equal, vanishing
from theory.expressions import activation_of
from theory.models import TwoLayer
from theory.recovery import Branch, branch_count, branch_types, branches, intersection_graph, least_deficient, random_target, stirling
from theory.recovery.genericity import shifted

from . import GENERIC, GEOMETRY
from ._points import SIGMA, inputs, kinds

STRATA = claim(
    "recovery.strata",
    "Perfect minima form affine branches",
    r"Q^* = \bigcup_{P,\pi} Q^r_{P,\pi},\quad \dim Q^r_{P,\pi} = (m - r) + (r - m_0)\, d,\quad"
    r"\#\{(P,\pi)\} = \sum_{b=m_0}^{m} S(m,b)\, \frac{b!}{(b-m_0)!}",
    clauses={
        "count": r"\#\{(P,\pi)\} = \sum_{b=m_0}^{m} S(m,b)\, \frac{b!}{(b-m_0)!}",
        "dimension": r"\dim Q^r_{P,\pi} = (m - r) + (r - m_0)\, d",
        "perfect": r"Q^r_{P,\pi} \subset Q^*",
        "complete": r"Q^* \subset \bigcup_{P,\pi} \overline{Q^r_{P,\pi}}",
    },
    symbols=["Q^*", r"Q^r_{P,\pi}", "m", "m_0", "r", "d", "S(m,b)", "b", "P", "R"],
    assumptions=[GENERIC],
    source=GEOMETRY.at("Def. 3.3, Prop. 3.2; the count is ours"),
    depends_on=["recovery.lemma.LI0"],
    refuted_by="A perfect minimum off the branches, a branch of another dimension, or another number of branches.",
    notes="For sigmoid the target also splits into (-a, -w) and (2a, 0), which a control finds.",
)

WIDTHS = axes(m=by_level((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6)), m0="1..m")


@STRATA.check("exact", nothing, WIDTHS, clauses="count")
@false("partitions alone", formula=lambda m, m0: sum(stirling(m, b) for b in range(m0, m + 1)))
@false("all blocks ordered", formula=lambda m, m0: sum(stirling(m, b) * math.factorial(b) for b in range(m0, m + 1)))
@false("targets not told apart", formula=lambda m, m0: sum(stirling(m, b) * math.comb(b, m0) for b in range(m0, m + 1)))
def count(cell, _, *, formula=branch_count, context):
    """All branches listed: each once, each a partition of the neurons."""
    listed = list(branches(cell.m, cell.m0))
    partitions = all(sorted(sum(b.blocks, ())) == list(range(cell.m)) for b in listed)
    return equal(number=(formula(cell.m, cell.m0), len(listed)), once=(len(listed), len(set(listed))), partitions=(True, partitions))


KINDS = axes(branch=by_level(kinds(4), kinds(5), kinds(6)), d=(1, 2, 3))


@STRATA.check("exact", lambda cell, rng: random_target(cell.branch.targets, cell.d, rng), KINDS, clauses="dimension")
@false("free neurons are lone ones", dimension=lambda b, d: (b.width - b.targets) * d)
@false("outputs of a block are free", dimension=lambda b, d: b.width - b.targets + (b.distinct - b.targets) * d)
@false("from the rank of the Hessian", dimension=lambda b, d: b.width * (d + 1) - b.rank(d))
def dimension(cell, target, *, dimension=Branch.dimension, context):
    """The closure as an affine space over the rationals: its equations can be solved, and their rank is the codimension."""
    matrix, values = cell.branch.constraints(target)
    rank = rank_rational(matrix)
    solvable = rank_rational(np.column_stack([matrix, values])) == rank
    return equal(dimension=(dimension(cell.branch, cell.d), matrix.shape[1] - rank), solvable=(True, solvable))


def branch_point(cell, rng):
    target = random_target(cell.branch.targets, cell.d, rng)
    return target, cell.branch.sample(target, rng), rationals(inputs(rng, 6, cell.d))


@STRATA.check("exact", branch_point, KINDS, clauses="perfect", scope="a random point of each branch at six rational inputs")
@false("one output off by 2^-12", slack=Fraction(1, 2**12))
def perfect(cell, given, *, slack=Fraction(0), context):
    """Sampled points of the branch represent f* without rounding (sigma = 1 / (1 + (z + 1/2)^2))."""
    (target, theta, x), sigma = given, shifted("lorentz")
    theta = rationals(theta)
    theta[-1] = theta[-1] + rationals([slack])[0]
    wide = TwoLayer(cell.d, cell.branch.width, activation=sigma)(theta, x)
    model = TwoLayer(cell.d, cell.branch.targets, activation=sigma)
    narrow = model(rationals(model.pack(input_weights=target.weights, output_weights=target.outputs[None])), x)
    return equal(values=(narrow.ravel(), wide.ravel()), shown={"branch": str(cell.branch), "theta": theta})


def coincident(cell, rng):
    """A target of integer weights and outputs, and theta on, near or off its branches: weights from few integers, outputs likewise."""
    weights = rng.choice([-3, -2, -1, 1, 2, 3], cell.m0, replace=False)
    outputs = rng.choice([-2, -1, 1, 2], cell.m0)
    w = rng.choice([*weights, int(rng.integers(-3, 4))], cell.m)
    a = rng.integers(-2, 3, cell.m)
    if cell.theta != "anything":  # the first neuron of each block carries what its sum lacks
        w[: cell.m0] = weights
        if cell.theta == "free sum 1":
            w[-1] = 4
        for value in set(w.tolist()):
            block = np.flatnonzero(w == value)
            wanted = int(outputs[weights.tolist().index(value)]) if value in weights else int(value == 4)
            a[block[0]] = wanted - a[block[1:]].sum()
    return weights, outputs, w, a


@STRATA.check(
    "exact",
    coincident,
    axes(
        m=(2, 3),
        m0=(1, 2),
        theta=("anything", "on a branch", "free sum 1"),
        where=lambda m, m0, theta: m > m0 or theta != "free sum 1",
        quick=6,
        standard=40,
        full=200,
    ),
    clauses="complete",
    scope="d = 1, sigma = 1/(1 + (z + 1/2)^2)",
)
@false("weights of the target alone", tolerated=lambda sums, wanted: all(sums.get(w, 0) == a for w, a in wanted.items()))
@false("everything is perfect", tolerated=lambda sums, wanted: True)
def perfect_points(cell, given, *, tolerated=lambda sums, wanted: {w: a for w, a in sums.items() if a} == wanted, context):
    """g = f* exactly where the outputs of each block add up as on a branch: two rational functions that agree at more inputs than their
    numerator has roots (2 (m + m0) less one) are equal."""
    weights, outputs, w, a = given
    sigma, x = shifted("lorentz"), rationals(np.arange(1, 2 * (cell.m + cell.m0) + 2)[:, None])
    value = lambda w, a: (sigma(x * rationals(w)[None, :]) * rationals(a)[None, :]).sum(axis=1)
    same = bool((value(w, a) == value(weights, outputs)).all())
    sums = {int(one): int(a[w == one].sum()) for one in set(w.tolist())}
    wanted = dict(zip(weights.tolist(), outputs.tolist(), strict=True))
    return equal(perfect=(bool(tolerated(sums, wanted)), same), shown={"target": wanted, "w": w, "a": a})


#: Loss 1e-24 leaves a distance of about (1e-24)^(1/4) = 1e-6 to a split target over its curvature to the power 1/4 (at least 1e-2 or so).
ON_BRANCH = 1e-3


@STRATA.check(
    "training",
    [0],
    clauses="complete",
    scope="m = 3, m0 = 1, d = 1, 40 inputs, 250 random starts; at least 95% of the zero-loss points on branches (80% excluded)",
    alpha=1e-5,
    tolerance="distance to a closure below 1e-3, from loss 1e-24 and its fourth root",
)
@false("sigmoid itself", activation="sigmoid")
def complete(start, *, activation=SIGMA, context):
    """Zero-loss points that training finds from random starts lie on the branches (distance to the nearest affine closure)."""
    rng, starts = context.rng(start), context.by_level(quick=250, standard=500, full=2000)
    target = random_target(1, 1, rng)
    theta, found = fit(activation, [target], width=3, x=rng.normal(0, 1.5, (1, 40, 1)), starts=starts, rng=rng)
    inside = distance_to_branches(target, 3, theta[found]) < ON_BRANCH
    if found.sum() < 40:
        return Outcome.inconclusive(f"only {found.sum()} starts reached zero loss")
    return context.rate(int(inside.sum()), int(inside.size), what="zero-loss points on branches", at_least=0.95, margin=0.15)


STRATA.without("generic activation", complete, activation="sigmoid")

DEFICIENT = claim(
    "recovery.deficient",
    "Fewest lone free neurons",
    r"\min \{\, l : Q^r_{P,\pi} \,\} = \max(0,\, 2r - m - m_0)",
    symbols=["l", r"Q^r_{P,\pi}", "r", "m", "m_0", "P"],
    source=GEOMETRY.at("Def. 3.4, Lemma 3.6"),
    refuted_by="A branch with fewer lone free neurons, or none with so few.",
)


@DEFICIENT.check("exact", nothing, axes(m=by_level((1, 2, 3, 4, 5, 6, 7), tuple(range(1, 9))), m0="1..m", r="m0..m"))
@false("without the maximum", formula=lambda r, m, m0: 2 * r - m - m0)
@false("all free blocks", formula=lambda r, m, m0: r - m0)
@false("one for each extra neuron", formula=lambda r, m, m0: max(0, 2 * r - m - 1))
def listed(cell, _, *, formula=least_deficient, context):
    """The least number of lone free neurons over all kinds of branches with r blocks, by listing them."""
    least = min(branch.deficient for branch in branch_types(cell.m, cell.m0) if branch.distinct == cell.r)
    return equal(least=(formula(cell.r, cell.m, cell.m0), least))


@DEFICIENT.check("symbolic", [None], covers="statement", scope="all sizes of blocks")
@false("free blocks of one neuron count twice", free_size=1)
def counting(_, *, free_size=2, context):
    """m = m0 + E + l + 2 (r - m0 - l) with an excess E >= 0 over the least sizes, so l = 2r - m - m0 + E; E = 0 is possible for r >= (m
    + m0)/2, and otherwise l = 0 is, with E = m + m0 - 2r."""
    import sympy as sp

    m0, r, l, E = sp.symbols("m0 r l E")
    m = m0 + E + l + free_size * (r - m0 - l)
    return vanishing("difference", sp.expand(m + m0 - 2 * r + l - E))


INTERSECTION = claim(
    "recovery.intersection",
    "Branches meet where weights merge",
    r"\overline{Q}_1 \cap \overline{Q}_2 \neq \emptyset \iff \text{every block of the join of the partitions carries the same target,"
    r" at most one,}"
    r" \text{ for both};\ Q^* \text{ is connected for } m > m_0, \text{ else } m_0! \text{ isolated points}",
    clauses={
        "meet": r"\dim (\overline{Q}_1 \cap \overline{Q}_2) \text{ from the join of the two partitions, or no common point}",
        "components": r"Q^* \text{ is connected for } m > m_0 \text{ and consists of } m_0! \text{ points for } m = m_0",
        "merged": r"\text{two branches on one partition never meet}",
    },
    symbols={
        r"\overline{Q}_1, \overline{Q}_2": "closures of two branches",
        "Q^*": "all perfect minima",
        "m, m_0": "numbers of neurons and of target neurons",
    },
    assumptions=[
        Assumption("distinct targets", r"\bar w_j \text{ distinct},\ \bar a_j \neq 0"),
        GENERIC,
    ],
    depends_on=["recovery.strata"],
    source=GEOMETRY.at("Lemma 3.5; the dimensions are ours"),
    refuted_by="Two branches whose equations have another dimension in common.",
)


def assignments_in_common(first, second, d):
    """False: it also counts pairs whose target sits in different neurons of merged blocks."""
    meets = not set(first.assignments()).isdisjoint(second.assignments())
    return (first.meets(second, d) or 0) if meets else None


def pair(cell, rng):
    listed = list(branches(*cell.size))
    chosen = rng.choice(len(listed), 2, replace=False)
    return *(listed[k] for k in chosen), random_target(cell.size[1], cell.d, rng)


@INTERSECTION.check(
    "exact",
    pair,
    axes(
        size=by_level(((2, 1), (3, 1), (2, 2), (3, 2)), ((2, 1), (3, 1), (2, 2), (3, 2), (4, 1), (4, 2), (5, 2))),
        d=(1, 2),
        quick=12,
        standard=60,
        full=250,
    ),
    clauses="meet",
    distribution="pairs of different branches",
)
@false("targets in different neurons", meet=assignments_in_common)
@false("they always meet", meet=lambda first, second, d: first.meets(second, d) or 0)
def meets(cell, given, *, meet=Branch.meets, context):
    """Both sets of equations together, over the rationals, against the dimension predicted from the join of the partitions."""
    first, second, target = given
    matrix, values = (np.concatenate(parts) for parts in zip(first.constraints(target), second.constraints(target), strict=True))
    rank = rank_rational(matrix)
    empty = rank_rational(np.column_stack([matrix, values])) > rank
    observed = "empty" if empty else first.width * (cell.d + 1) - rank
    expected = meet(first, second, cell.d)
    return equal(dimension=("empty" if expected is None else expected, observed), shown={"first": str(first), "second": str(second)})


@INTERSECTION.check("exact", nothing, axes(m=by_level((1, 2, 3, 4), (1, 2, 3, 4, 5)), m0="1..m"), clauses=("components", "merged"))
@false("always connected", number=lambda m, m0: 1)
@false("m0! also for m > m0", number=lambda m, m0: math.factorial(m0))
def components(cell, _, *, number=lambda m, m0: 1 if m > m0 else math.factorial(m0), context):
    """Components of the intersection graph, and merged weights wherever two closures meet."""
    import networkx

    graph = intersection_graph(cell.m, cell.m0)
    unmerged = sum(set(first.blocks) == set(second.blocks) for first, second in graph.edges)
    return equal(components=(number(cell.m, cell.m0), networkx.number_connected_components(graph)), unmerged=(0, unmerged))


@INTERSECTION.check(
    "symbolic",
    ["exp", "(1+z)/(1+z**2)"],
    clauses="components",
    scope="m = m_0 = 1, exp and (1 + z)/(1 + z^2): coefficients to order six, which generic activations share or exceed",
)
@false("two points", points=2)
def alone(name, *, points=1, target=(Fraction(2, 3), Fraction(1, 2)), context):
    """a sigma(w x) = abar sigma(wbar x), coefficient by coefficient: a w^k = abar wbar^k wherever that of sigma is not 0."""
    import sympy as sp

    a, w = sp.symbols("a w", real=True)
    output, weight = map(sp.Rational, target)
    derivatives = activation_of(name).jet(np.array([sp.Integer(0)]), 6)
    found = sp.solve([c * (a * w**k - output * weight**k) for k, (c,) in enumerate(derivatives) if c != 0], [a, w], dict=True)
    return equal(points=(points, len(found) if all(len(one) == 2 for one in found) else "a line"), shown={"found": str(found)})


INTERSECTION.without("generic activation", alone, ["tanh"])
INTERSECTION.without("distinct targets", alone, target=(Fraction(0), Fraction(1, 2)))
