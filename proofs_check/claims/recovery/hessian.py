r"""Rank of the Hessian on the branches of perfect minima, its gap to the codimension, and where the loss is Morse-Bott."""

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.hessian import inertia
from proofs_check import Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import equal, inertia_is, rank_is, vanishing, worst
from theory.models import TwoLayer
from theory.recovery import Branch, Target, branch_types, permutation_classes, random_target
from theory.recovery.genericity import exponential_minus_identity, shifted

from . import FLOAT_GAP, GENERIC, GEOMETRY, INPUTS, MOVING, POINT
from ._points import LONE, RANKED, SIGMA, float_tangent_rank, inputs, kinds, tangent_rank

RANK = claim(
    "recovery.rank",
    "Rank of the Hessian on a branch",
    r"\operatorname{rank} \operatorname{Hess} R(\theta^*) = \operatorname{rank} J(\theta^*) = \min(n,\ r + (r - l)\, d) \quad"
    r" (\theta^* \in Q^r_{P,\pi})",
    symbols=["R", r"\theta^*", "J", "n", "r", "l", "d", r"Q^r_{P,\pi}"],
    assumptions=[GENERIC, INPUTS, MOVING, POINT],
    source=GEOMETRY.at("Lemma 4.2 (proof); the exact form is ours"),
    depends_on=["recovery.lemma.LI1", "recovery.strata"],
    refuted_by="A generic point of a branch and generic samples with another rank.",
)


def rank_formula(branch: Branch, n: int, d: int) -> int:
    return min(n, branch.rank(d))


#: Sample sizes by name: around the rank R of the branch and the number of parameters N.
SIZES = {
    "1": lambda R, N: 1,
    "R - 1": lambda R, N: max(1, R - 1),
    "R": lambda R, N: R,
    "R + 1": lambda R, N: R + 1,
    "N + 3": lambda R, N: N + 3,
}
#: At level quick a free block of three, too: there a pair and a triple differ.
BRANCHES = by_level((*kinds(3), Branch(((0,),), ((1, 2, 3),))), kinds(4))
RANKS = axes(branch=BRANCHES, d=(1, 2), n=tuple(SIZES), standard=2, full=8)


def branch_point(cell, rng):
    """A random point of the branch and n inputs."""
    n = SIZES[cell.n](cell.branch.rank(cell.d), cell.branch.width * (cell.d + 1))
    return cell.branch.random_point(cell.d, rng), inputs(rng, n, cell.d)


def of_cell(cell, sigmas):
    """One of the activations, by the cell."""
    return sigmas[(cell.branch.width + cell.branch.distinct + cell.d + list(SIZES).index(cell.n)) % len(sigmas)]


@RANK.check("exact", branch_point, RANKS, scope="four activations of the exact field")
@false("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1)))
@false("r (d + 1) - l", formula=lambda b, n, d: min(n, b.distinct * (d + 1) - b.deficient))
@false("min(n, N)", formula=lambda b, n, d: min(n, b.width * (d + 1)))
@false("the codimension", formula=lambda b, n, d: min(n, b.codimension(d)))
@false("one more at the width of the target", formula=lambda b, n, d: min(n, b.rank(d) + (b.width == b.targets > 1)))
def exact_field(cell, given, *, formula=rank_formula, sigma=None, context):
    """Certified rank of the tangents at a random point of the branch; 2 J^T J is the Hessian there."""
    theta, x = given
    found = tangent_rank(sigma or of_cell(cell, RANKED), theta, x, "exact" if sigma is None else "auto")
    return rank_is(formula(cell.branch, len(x), cell.d), found, branch=str(cell.branch), theta=theta, x=x)


def only(branch, d, point):
    """The point for the cell of this branch, d and n = N + 3, that of the check elsewhere."""
    return lambda cell, rng: point(rng) if (cell.branch, cell.d, cell.n) == (branch, d, "N + 3") else branch_point(cell, rng)


# The free weight equals the target's: one tangent less. Weights w, -w of tanh: two tangents are dependent. Three times one input. A target
# of weight 0 where sigma'(0) = 0: its slope is no tangent.
RANK.without("generic point", exact_field, only(LONE, 1, lambda rng: (np.array([0.75, 0.75, 1.25, 0.0]), inputs(rng, 5, 1))))
RANK.without(
    "generic activation", exact_field, only(LONE, 1, lambda rng: (np.array([0.75, -0.75, 1.25, 0.0]), inputs(rng, 7, 1))), sigma="tanh"
)
RANK.without(
    "generic inputs", exact_field, only(LONE, 1, lambda rng: (np.array([0.75, -1.25, 1.25, 0.0]), np.array([[0.5], [0.5], [0.5]])))
)

RANK.without(
    "moving at zero",
    exact_field,
    only(LONE, 1, lambda rng: (np.array([0.0, 1.25, 1.25, 0.0]), inputs(rng, 5, 1))),
    sigma=exponential_minus_identity(),
)


@RANK.check(
    "certified",
    branch_point,
    axes(branch=by_level(kinds(2), kinds(3)), d=(1, 2), n=("R", "N + 3")),
    scope="tanh(z + 1/2) and GELU(z + 1/2)",
)
@false("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1)))
def by_balls(cell, given, *, formula=rank_formula, context):
    """The same by minors in balls."""
    theta, x = given
    sigma = of_cell(cell, (SIGMA, shifted("gelu")))
    return rank_is(formula(cell.branch, len(x), cell.d), tangent_rank(sigma, theta, x, "ball"), branch=str(cell.branch), theta=theta, x=x)


@RANK.check(
    "exact",
    nothing,
    axes(shape=((3, 1, 2), (4, 2, 2))),
    scope="inertia of the Hessian itself over the rationals, n = N + 1; (m, m0, d)",
)
@false("r (d + 1)", formula=lambda b, n, d: min(n, b.distinct * (d + 1)))
def hessian_inertia(cell, _, *, formula=rank_formula, context):
    """Exact inertia (0, N - rank, rank) of Hess R on every kind of branch, with a rational activation; drawn as a graph."""
    m, m0, d = cell.shape
    model, outcomes, measured = TwoLayer(d, m, activation=shifted("lorentz")), [], {}
    for k, branch in enumerate(branch_types(m, m0)):
        rng = context.rng(cell, k)
        theta, x = rationals(branch.random_point(d, rng)), rationals(inputs(rng, model.n_params + 1, d))
        measured[branch] = rank = formula(branch, len(x), d)
        found = inertia(model, theta, (x, model(theta, x)), method="exact")
        outcomes.append(inertia_is((0, model.n_params - rank, rank), found, branch=str(branch), theta=theta, x=x))
    return worst(outcomes, figures=[refinement_figure(m, m0, d, measured)])


def refinement_figure(m: int, m0: int, d: int, hessian_rank) -> Figure:
    """Kinds of branches; an edge merges one free block into another block."""
    graph = permutation_classes(m, m0)
    label = lambda b: f"{b}: dim {b.dimension(d)}, n ≥ {b.codimension(d)}, rank {hessian_rank[b]}{' (MB)' if b.morse_bott else ''}"
    return Figure(
        "graph",
        f"Kinds of branches for m = {m}, m0 = {m0}, d = {d}",
        f"{len(graph)} kinds of branches, grouped by the number of distinct weights; each with its dimension, the sample size from "
        "which it is separated, and the exact rank of the Hessian. Morse-Bott branches are those whose rank equals that size.",
        data={
            "nodes": [{"id": str(b), "label": label(b), "group": f"r = {b.distinct}"} for b in graph],
            "edges": [[str(a), str(b)] for a, b in graph.edges],
        },
    )


@RANK.check(
    "property",
    branch_point,
    axes(branch=by_level(kinds(3), kinds(4)), d=(1, 2, 3), n=("R", "N + 3"), full=4),
    scope="tanh(z + 1/2)",
    tolerance=FLOAT_GAP,
)
@false("min(n, N)", formula=lambda b, n, d: min(n, b.width * (d + 1)))
def in_floats(cell, given, *, formula=rank_formula, context):
    """The same read from singular values."""
    theta, x = given
    return rank_is(formula(cell.branch, len(x), cell.d), float_tangent_rank(SIGMA, theta, x), branch=str(cell.branch), theta=theta, x=x)


GAP = claim(
    "recovery.gap",
    "How far the Hessian falls short of the codimension",
    r"\operatorname{codim} Q^r_{P,\pi} - (r + (r-l)\, d) = d\,(m + m_0 - 2r + l) "
    r"= d \Big( \sum_{j} (|P_j| - 1) + \sum_{\text{free, not lone}} (|P| - 2) \Big)",
    clauses={
        "measured": r"\operatorname{codim} Q^r_{P,\pi} - (r + (r-l)\, d) = d\,(m + m_0 - 2r + l)",
        "counted": r"m + m_0 - 2r + l = \sum_{j} (|P_j| - 1) + \sum_{\text{free, not lone}} (|P| - 2)",
    },
    symbols=["R", r"Q^r_{P,\pi}", "r", "l", "d", "m", "m_0", "P"],
    assumptions=[GENERIC, INPUTS, MOVING, POINT],
    source=GEOMETRY.at("from Lemma 4.2; ours"),
    kind="extension",
    depends_on=["recovery.rank", "recovery.strata"],
    refuted_by="A branch whose Hessian falls short by another number.",
)
POINTS = axes(branch=BRANCHES, d=(1, 2))


def beyond(extra):
    """A target, a point of its branch and ``extra`` samples more than the codimension."""

    def drawn(cell, rng):
        target = random_target(cell.branch.targets, cell.d, rng)
        return target, cell.branch.sample(target, rng), inputs(rng, cell.branch.codimension(cell.d) + extra, cell.d)

    return drawn


@GAP.check("exact", beyond(2), POINTS, clauses="measured", scope="rational equations against certified tangents")
@false("further copies only", gap=lambda b, d: d * sum(len(c) - 1 for c in b.carriers))
@false("per further neuron", gap=lambda b, d: d * (b.width - b.distinct))
@false("without the lone ones", gap=lambda b, d: d * (b.width + b.targets - 2 * b.distinct))
def gap(cell, given, *, gap=Branch.gap, sigma=SIGMA, context):
    """Codimension by the rank of the affine equations, rank of the Hessian by certified tangents: their difference."""
    target, theta, x = given
    codimension = rank_rational(cell.branch.constraints(target)[0])
    return rank_is(codimension - gap(cell.branch, cell.d), tangent_rank(sigma, theta, x), branch=str(cell.branch), theta=theta, x=x)


@GAP.check(
    "symbolic", [None], clauses="measured", covers="statement", scope="all sizes; codimension and rank by recovery.strata and recovery.rank"
)
@false("without l", lone=0)
def difference(_, *, lone=1, context):
    """r + (m + m0 - r) d less r + (r - l) d."""
    import sympy as sp

    m, m0, r, l, d = sp.symbols("m m0 r l d")
    return vanishing("difference", sp.expand(r + (m + m0 - r) * d - r - (r - l) * d - d * (m + m0 - 2 * r + lone * l)))


def one_input(cell, rng):
    target, theta, x = beyond(2)(cell, rng)
    return target, theta, np.repeat(x[:1], len(x), axis=0)


def crossing(cell, rng):
    """Lone free neurons take the weight of the target."""
    target, theta, x = beyond(2)(cell, rng)
    theta = theta.copy()
    for block in cell.branch.free:
        for neuron in block:
            theta[neuron * cell.d : (neuron + 1) * cell.d] = target.weights[0]
    return target, theta, x


def reflected(cell, rng):
    """Free neurons take the opposite of the target's weight."""
    target, theta, x = crossing(cell, rng)
    for block in cell.branch.free:
        for neuron in block:
            theta[neuron * cell.d : (neuron + 1) * cell.d] *= -1
    return target, theta, x


def resting(cell, rng):
    """The first target has weight 0."""
    target, theta, x = beyond(2)(cell, rng)
    weights, theta = target.weights.copy(), theta.copy()
    weights[0] = 0.0
    for neuron in cell.branch.carriers[0]:
        theta[neuron * cell.d : (neuron + 1) * cell.d] = 0.0
    return Target(weights, target.outputs), theta, x


GAP.without("generic inputs", gap, one_input)
GAP.without("moving at zero", gap, resting, sigma=exponential_minus_identity())
GAP.without("generic point", gap, crossing)
GAP.without("generic activation", gap, reflected, sigma="tanh")


@GAP.check(
    "symbolic",
    [None],
    clauses="counted",
    covers="statement",
    scope="all block sizes: E_c and E_f are the excesses in carriers and free blocks",
)
@false("free blocks count from one", free_size=1)
def counting(_, *, free_size=2, context):
    """m = (m0 + E_c) + l + (2 (r - m0 - l) + E_f), where E_c sums |P_j| - 1 and E_f sums |P| - 2 over free blocks that are not lone."""
    import sympy as sp

    m0, r, l, carried, free = sp.symbols("m0 r l E_c E_f")
    m = m0 + carried + l + free_size * (r - m0 - l) + free
    return vanishing("difference", sp.expand(m + m0 - 2 * r + l - carried - free))


MORSE_BOTT = claim(
    "recovery.morse-bott",
    "Where the loss is Morse-Bott",
    r"n \ge \operatorname{codim} Q^r_{P,\pi}:\ R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff l = 2r - m - m_0;"
    r"\qquad n \le (d+1)\, m_0:\ R \text{ is Morse-Bott near all of } Q^*",
    clauses={
        "on a branch": r"n \ge \operatorname{codim} Q^r_{P,\pi}:\ R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff l ="
        r" 2r - m - m_0",
        "few samples": r"n \le (d+1)\, m_0:\ R \text{ is Morse-Bott near all of } Q^*",
    },
    symbols=["n", "R", r"Q^r_{P,\pi}", "Q^*", "l", "r", "m", "m_0", "d"],
    assumptions=[GENERIC, INPUTS, MOVING, POINT],
    source=GEOMETRY.at("Lemma 4.2(a), (c), Thm 2.1"),
    depends_on=["recovery.rank", "recovery.gap"],
    refuted_by="A branch whose Hessian has another kernel than the criterion says.",
)


@MORSE_BOTT.check("exact", beyond(0), POINTS, clauses="on a branch", scope="n = codimension")
@false("no target is split", criterion=lambda b: all(len(block) == 1 for block in b.carriers))
@false("no lone free neuron", criterion=lambda b: b.deficient == 0)
@false("all weights distinct", criterion=lambda b: b.distinct == b.width)
@false("everywhere", criterion=lambda b: True)
def kernel(cell, given, *, criterion=lambda branch: branch.morse_bott, sigma=None, context):
    """The kernel of the Hessian is as large as the branch exactly under the criterion."""
    _, theta, x = given
    found = tangent_rank(sigma or RANKED[cell.d], theta, x)
    nullity = None if found.rank is None else cell.branch.width * (cell.d + 1) - found.rank
    tight = None if nullity is None else nullity == cell.branch.dimension(cell.d)
    return equal(tight=(criterion(cell.branch), tight), shown={"branch": str(cell.branch), "theta": theta, "x": x})


MORSE_BOTT.without("generic inputs", kernel, one_input)
MORSE_BOTT.without("moving at zero", kernel, resting, sigma=exponential_minus_identity())
MORSE_BOTT.without("generic point", kernel, crossing)
MORSE_BOTT.without("generic activation", kernel, reflected, sigma="tanh")


@MORSE_BOTT.check(
    "exact",
    lambda cell, rng: (cell.branch.random_point(cell.d, rng), inputs(rng, (cell.d + 1) * cell.branch.targets + 1, cell.d)),
    axes(branch=BRANCHES, d=(1, 2)),
    clauses="few samples",
    scope="n = (d + 1) m0: independent tangents make g a submersion",
)
@false("one sample more", most=lambda m0, d: (d + 1) * m0 + 1)
def few_samples(cell, given, *, most=lambda m0, d: (d + 1) * m0, context):
    """So many tangents are independent on every branch, crossings included: those of the target neurons suffice."""
    theta, x = given
    n = most(cell.branch.targets, cell.d)
    return rank_is(n, tangent_rank(SIGMA, theta, x[:n]), branch=str(cell.branch), theta=theta)


@MORSE_BOTT.check(
    "property",
    beyond(2),
    axes(branch=by_level(kinds(3), kinds(4)), d=(1, 2, 3)),
    clauses="on a branch",
    scope="n = codimension + 2",
    tolerance=FLOAT_GAP,
)
@false("everywhere", criterion=lambda b: True)
def kernel_in_floats(cell, given, *, criterion=lambda branch: branch.morse_bott, context):
    """The same with ranks read from singular values."""
    _, theta, x = given
    found = float_tangent_rank(SIGMA, theta, x)
    read = found.rank if found.rank is not None else found.estimate
    short = None if read is None else float(cell.branch.codimension(cell.d) - read > 0)
    return equal(
        short_of_the_codimension=(float(not criterion(cell.branch)), short), shown={"branch": str(cell.branch), "theta": theta, "x": x}
    )
