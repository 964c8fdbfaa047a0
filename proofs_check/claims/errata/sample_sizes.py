r"""Sample sizes of arXiv:2309.00508v3 at which branches are said to separate or to be stable, false as printed.

A check holds the true value apart from the printed one; its control reads the one as the other.
"""

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.derivatives.tape import tangents
from numerics.hessian.inertias import ball_inertia, exact_inertia
from numerics.recovery.minima import curvature_form
from proofs_check import Outcome, axes, claim, exists, false
from proofs_check.claims.recovery import GEOMETRY, NOTATION
from proofs_check.claims.recovery._points import LONE, PAIR, SIGMA, SPLIT, inputs, kinds, tangent_rank
from proofs_check.judging import equal, order, rank_is, worst
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, random_target
from theory.recovery.genericity import shifted

from . import letters, misprint


def at_codimension(cell, rng):
    """A random point of the branch, and as many inputs as its codimension."""
    return cell.branch.random_point(cell.d, rng), inputs(rng, cell.branch.codimension(cell.d), cell.d)


#: Branches whose rank is their codimension, the one of the statement first.
MORSE_BOTT = (LONE, *(branch for branch in kinds(3) if branch.morse_bott and branch != LONE))

OVERLAP = claim(
    "recovery.flaw.F8",
    "Printed ranges of stability and instability overlap",
    r"\exists\, Q^r_{P,\pi}, n:\ \operatorname{rank} J = \operatorname{codim} Q^r_{P,\pi} \le n \le r + (r-l)\,d;\quad "
    r"\sigma = \exp,\ d = m = 2,\ m_0 = 1,\ r = 2,\ l = 1,\ n = 4",
    symbols=letters(NOTATION, r"\sigma, d, m, m_0, r, l, n, J, Q^r_{P,\pi}"),
    kind="counterexample",
    relation="existence",
    source=GEOMETRY.at("Thm 5.4"),
    depends_on=["recovery.stability"],
    refuted_by="Branches whose codimensions all lie above r + (r - l) d.",
    notes="Instability needs n < codim as well. The ranges meet on every Morse-Bott branch.",
)


def ranges_in_balls(drawn, **parameters) -> Outcome:
    return both_ranges(drawn.cell, drawn.value, **{**parameters, "method": "ball"})


@OVERLAP.check("exact", at_codimension, axes(branch=MORSE_BOTT, d=(2, 1), standard=3), replay=ranges_in_balls)
@false("one sample less", less=1)
@false("unstable below the codimension alone", unstable=lambda branch, n, d: n <= branch.rank(d) and n < branch.codimension(d))
@false("rank r (d + 1)", rank=lambda branch, d: branch.distinct * (d + 1))
def both_ranges(cell, given, *, less=0, unstable=lambda b, n, d: n <= b.rank(d), rank=Branch.codimension, method="exact", context):
    """n samples lie in both printed ranges, and the certified rank at n is the codimension: the branch is stable."""
    (theta, x), branch, d = given, cell.branch, cell.d
    n = len(x) - less
    found = tangent_rank("exp", theta, x[:n], method)
    printed = (unstable(branch, n, d), n >= branch.codimension(d))
    return worst([rank_is(rank(branch, d), found), equal(printed=((True, True), printed), witness={"theta": theta, "x": x})])


THRESHOLD = claim(
    "recovery.flaw.F15",
    "The printed threshold of Theorem 5.3 is too large",
    r"m + (m + m_0 - r)\, d > r + (m + m_0 - r)\, d = \operatorname{codim} Q^r_{P,\pi} "
    r"\text{ for } r < m, \text{ where } \operatorname{rank} J = \operatorname{codim} \text{ separates}",
    clauses={
        "larger": r"m + (m + m_0 - r)\, d = \operatorname{codim} Q^r_{P,\pi} + m - r",
        "separated": exists(r"r < m:\ \operatorname{rank} J = \operatorname{codim} Q^r_{P,\pi} = n < m + (m + m_0 - r)\, d"),
    },
    symbols=letters(NOTATION, r"m, m_0, r, d, n, J, Q^r_{P,\pi}"),
    kind="counterexample",
    source=GEOMETRY.at("Thm 5.3(a), (b), Cor. 5.1(a)"),
    depends_on=["recovery.separation"],
    refuted_by="Branches with r < m that no number of samples below the printed one separates.",
)


@THRESHOLD.check("symbolic", [None], clauses="larger", covers="statement", scope="all sizes; the codimension by recovery.strata")
@false("no larger", by=lambda m, r: 0)
@false("larger by m", by=lambda m, r: m)
def excess(_, *, by=lambda m, r: m - r, context):
    """The printed threshold less the codimension."""
    import sympy

    m, m0, r, d = sympy.symbols("m m0 r d")
    return equal(excess=(by(m, r), m + (m + m0 - r) * d - (r + (m + m0 - r) * d)))


SHARED = (PAIR, *(branch for branch in kinds(4) if branch.morse_bott and branch.distinct < branch.width and branch != PAIR))


def printed_threshold(branch, d):
    return branch.width + (branch.width + branch.targets - branch.distinct) * d


def separated_in_balls(drawn, **parameters) -> Outcome:
    return separated(drawn.cell, drawn.value, **{**parameters, "method": "ball"})


@THRESHOLD.check("exact", at_codimension, axes(branch=SHARED, d=(2, 1), standard=3), clauses="separated", replay=separated_in_balls)
@false("the codimension was printed", printed=Branch.codimension)
@false("separated one sample before", rank=lambda branch, d: branch.codimension(d) - 1)
def separated(cell, given, *, printed=printed_threshold, rank=Branch.codimension, method="exact", context):
    """The certified rank is the codimension on so many samples, fewer than printed."""
    theta, x = given
    found = equal(rank=(rank(cell.branch, cell.d), tangent_rank(SIGMA, theta, x, method)), witness={"theta": theta, "x": x})
    return worst([found, order("samples and the printed threshold", (len(x), printed(cell.branch, cell.d)))])


TABLE = claim(
    "recovery.flaw.F17",
    "The table of stability fills from the other end",
    r"d \ge 2:\ Q^m \text{ becomes stable first (at } m + m_0 d), Q^{m_0} \text{ last (at } m_0 + m d)",
    symbols=letters(NOTATION, "d, m, m_0", **{"Q^r": "branches of r distinct input weights, m_0 <= r <= m"}),
    kind="counterexample",
    source=GEOMETRY.at("Table 2"),
    depends_on=["recovery.stability"],
    refuted_by="A branch of fewer distinct weights that is stable from a smaller number of samples.",
)


@TABLE.check("symbolic", [None], covers="statement", scope="all sizes; stable from the codimension on by recovery.stability")
@false("a weight more asks for as many samples", step=lambda d: 0)
@false("the ends exchanged, as printed", ends=lambda first, last: [last, first])
def falls_with_r(_, *, step=lambda d: 1 - d, ends=lambda first, last: [first, last], context):
    """The codimension of Q^(r + 1) less that of Q^r, negative from d = 2 on, and the codimensions at r = m and r = m_0."""
    import sympy

    m, m0, r, d = sympy.symbols("m m0 r d")
    size = r + (m + m0 - r) * d
    found = [size.subs(r, m), size.subs(r, m0)]
    return equal(step=(step(d), size.subs(r, r + 1) - size), ends=(ends(m + m0 * d, m0 + m * d), found))


def falling(m, m0):
    return list(range(m, m0 - 1, -1))


@TABLE.check("exact", lambda cell, rng: random_target(cell.m0, cell.d, rng), axes(m=(2, 3, 4), m0="1..m - 1", d=(2, 3)))
@false("Q^{m_0} first, as printed", true=lambda m, m0: falling(m, m0)[::-1])
@false("Q^m was printed first", printed=falling)
def fills(cell, target, *, printed=lambda m, m0: falling(m, m0)[::-1], true=falling, context):
    """The numbers r of distinct weights in the order of the codimensions of their branches, which are ranks of rational equations."""
    size = {branch.distinct: rank_rational(branch.constraints(target)[0]) for branch in branch_types(cell.m, cell.m0)}
    rows = true(cell.m, cell.m0)
    outcome = misprint(printed(cell.m, cell.m0), rows, sorted(size, key=size.__getitem__))
    return worst([outcome, order("codimensions", [size[r] for r in rows])])


EARLY = claim(
    "recovery.flaw.F18",
    "The separation threshold is not necessary",
    r"m = 2,\ m_0 = r = 1,\ d = 2,\ n = 4 < 5 = \operatorname{codim} Q^r_{P,\pi}:\ "
    r"\sum_i c_i\, \sigma''(\bar w \cdot x_i)\, x_i x_i^{\mathsf T} \text{ is definite for some inputs}",
    symbols=letters(NOTATION, r"m, m_0, r, d, n, Q^r_{P,\pi}, c, \sigma, \bar w, x_i, J"),
    kind="counterexample",
    relation="existence",
    source=GEOMETRY.at("sample-size threshold N_t"),
    depends_on=["recovery.separation.deficient"],
    refuted_by="Indefinite forms for all inputs below the codimension.",
    notes="By recovery.separation.deficient a definite form separates. At d = 3 there are such inputs at n = 5 < 7, too.",
)

LORENTZ = shifted("lorentz")


def relations_and_inertia(theta, x):
    """How many relations c the tangents of a split neuron on ``x`` have, and the inertia of the form of the first."""
    d = x.shape[1]
    model = TwoLayer(d, 2, activation=LORENTZ)
    kernel = nullspace_rational(tangents(model, theta, x)[1][:, 0].T)
    return len(kernel), exact_inertia(curvature_form(model, theta[:d], x, np.array(kernel[0], dtype=object))).counts


def with_definite_form(cell, rng):
    """A split target and d + 2 inputs with one relation and a definite form: one draw of four at d = 2, of twenty at d = 3."""
    while True:
        theta, x = rationals(SPLIT.random_point(cell.d, rng)), rationals(inputs(rng, cell.d + 2, cell.d))
        if relations_and_inertia(theta, x) in [(1, (0, 0, cell.d)), (1, (cell.d, 0, 0))]:
            return theta, x


def form_in_balls(drawn, **_):
    """The relation by the cofactors of one neuron's tangents, and the inertia of the form by elimination, in balls."""
    from flint import arb_mat

    d, (theta, x) = drawn.cell.d, map(balls, drawn.value)
    with working_precision(128):
        value, slope = LORENTZ.jet(x @ theta[:d], 1)
        rows = np.column_stack([value, slope[:, None] * x])
        relation = [arb_mat(np.delete(rows, i, axis=0).tolist()).det() * (-1) ** i for i in range(d + 2)]
        form = curvature_form(TwoLayer(d, 2, activation=LORENTZ), theta[:d], x, np.array(relation))
        counts = ball_inertia(form).counts
    return equal(definite=(True, None if None in counts else d in (counts[0], counts[2])))


@EARLY.check(
    "exact", with_definite_form, axes(d=(2, 3), quick=2, standard=5), scope="inputs drawn until the form is definite", replay=form_in_balls
)
@false("an indefinite form", definite=False)
@false("a threshold one smaller", threshold=lambda branch, d: branch.codimension(d) - 1)
def early(cell, given, *, definite=True, threshold=Branch.codimension, context):
    """A definite form on fewer samples than the codimension, over the rationals."""
    theta, x = given
    relations, counts = relations_and_inertia(theta, x)
    found = equal(relations=(1, relations), definite=(definite, cell.d in (counts[0], counts[2])), witness={"theta": theta, "x": x})
    certificate = {"kind": "definite form of a split neuron", "activation": LORENTZ.name, "inertia": counts, "theta": theta, "samples": x}
    return worst([found, order("samples and the codimension", (len(x), threshold(SPLIT, cell.d)))], certificate=certificate)
