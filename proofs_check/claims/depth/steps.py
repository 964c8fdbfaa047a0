r"""The Hessian at every lift, regular or not, and at lifts of lifts: that of the shallow network on the range of D\pi.

H_deep = (D\pi)^T H (D\pi), so that the deep counts are those of H on the range of D\pi; its cokernel consists of the C with C (\Lambda
\hat W)^T = 0 and (W' \Lambda)^T C = 0.
"""

from fractions import Fraction

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.hessian import hessian
from numerics.hessian.inertias import exact_inertia
from proofs_check import axes, by_level, claim, draws, false
from proofs_check.judging import equal
from theory.lifting import lift
from theory.lifting.factoring import rank_of
from theory.models import FullyConnected

from . import LIFTING
from ._measures import fractions, inertia_counts
from ._places import BIASES, CRITICAL, LINEARIZED, ONE, PIECEWISE, place_in
from ._points import planted, rational_point
from .criticality import as_lifted, bias_not_compensated, leaves_piece

RANGE = claim(
    "depth.lifting.range",
    "The inertia at every lift is that of the Hessian on the range of D pi",
    r"(n_-, n_0, n_+)_{\text{deep}} = \operatorname{In}(H|_{\operatorname{ran} D\pi}) + (0, M_{\text{deep}} - \operatorname{rank} D\pi, 0),"
    r"\quad \operatorname{rank} D\pi = M - (m_{q+1} - \operatorname{rank} W'\Lambda)(m_q - \operatorname{rank} \Lambda \hat W)",
    clauses={
        "counts": r"(n_-, n_0, n_+)_{\text{deep}} = \operatorname{In}(H|_{\operatorname{ran} D\pi}) + (0, M_{\text{deep}} - "
        r"\operatorname{rank} D\pi, 0) \text{ at critical points, also at irregular lifts}",
        "rank": r"\operatorname{rank} D\pi = M - (m_{q+1} - \operatorname{rank} W'\Lambda)(m_q - \operatorname{rank} \Lambda \hat W)",
        "two lifts": r"H_{\text{deepest}} = (D\pi_2)^T (D\pi_1)^T H\, (D\pi_1)(D\pi_2), \text{ and the counts are those on the range of } "
        r"D\pi_1 D\pi_2",
    },
    symbols={
        "H": "Hessian of R",
        r"\pi": "the collapse of the inserted layer into the next one; those of two lifts have the indices 1 and 2",
        "n_-,n_0,n_+": "numbers of negative, zero and positive eigenvalues",
        "In": "inertia (n_-, n_0, n_+)",
        "W'": "weights of the layer behind the inserted one",
        r"\hat W": "weights of the inserted layer",
        r"\Lambda": "slopes of the affine pieces",
        "m_q": "width of layer q, behind which the layer is inserted",
        "M": "number of parameters of the shallow network, M_deep of the deep one",
    },
    assumptions=[LINEARIZED, CRITICAL, BIASES],
    kind="extension",
    source=LIFTING.at("inertia preserved by critical lifting; what irregular lifts lose is ours"),
    depends_on=["depth.lifting.inertia"],
    refuted_by="A lift of a critical point with other counts, or a differential of another rank.",
    notes="At regular lifts the range is everything, and n_- and n_+ stay. An irregular lift hides the directions of the cokernel: n_- and "
    "n_+ can fall, by at most its dimension each.",
)

SHAPES = {
    (2, 2, 1): (0, 1),
    (1, 2, 2): (1,),
    (2, 1, 2): (0, 1),
    (1, 2, 2, 1): (1, 2),
}


def insertable(widths, after):
    return after in SHAPES[widths]


def lifted(cell, rng):
    """A planted critical point with W^[q+1] short of rank, its data, and a lift that is regular or not as the cell says."""
    while True:
        place = place_in(cell, rng)
        model = place.model
        parts = model.unpack(rational_point(model, rng))
        name = f"W{place.after + 1}"
        rows, columns = parts[name].shape
        parts[name] = draws.of_rank(rng, rows, columns, int(rng.integers(min(rows, columns)))) * Fraction(1)
        theta = model.pack(**parts)
        data = planted(model, theta, rng, size=ONE)
        for _ in range(30):
            found = lift(model, theta, fractions(data[0]), place.after, width=place.width, rng=rng, irregular=True)
            if found.regular == (cell.lift == "regular"):
                return found, data


LIFTS = axes(
    widths=by_level(((2, 2, 1), (1, 2, 2)), tuple(SHAPES)),
    after=(0, 1, 2),
    sigma=by_level(("hinge3",), PIECEWISE),
    width=by_level(("narrow",), ("narrow", "wide")),
    lift=("irregular", "regular"),
    where=insertable,
    standard=2,
    full=10,
)


def in_range(shallow, differential):
    """The counts of H on the range of D pi, and zeros for the rest of the deep dimensions."""
    basis = _columns(differential)
    negative, zero, positive = exact_inertia(basis.T @ shallow @ basis).counts if basis.shape[1] else (0, 0, 0)
    return negative, zero + differential.shape[1] - basis.shape[1], positive


def everything(shallow, differential):
    """As if D pi were onto."""
    negative, zero, positive = exact_inertia(shallow).counts
    return negative, zero + differential.shape[1] - len(shallow), positive


def _columns(matrix):
    """Independent columns that span the range."""
    chosen = []
    for column in range(matrix.shape[1]):
        if rank_rational(matrix[:, [*chosen, column]]) > len(chosen):
            chosen.append(column)
    return matrix[:, chosen]


def cokernel(rows, columns, outer, inner):
    """(m_(q+1) - rank W' Lambda)(m_q - rank Lambda What)."""
    return (rows - outer) * (columns - inner)


@RANGE.check("exact", lifted, LIFTS, clauses=("counts", "rank"), distribution="planted saddles, W^[q+1] short of rank; integer weights")
@false("as at regular lifts", counts=everything)
@false("ranks added, not multiplied", lost=lambda rows, columns, outer, inner: (rows - outer) + (columns - inner))
@false("nothing is lost", lost=lambda *given: 0)
def every_lift(cell, instance, *, counts=in_range, lost=cokernel, critical=True, context):
    """Exact inertia before and after; the exact rank of D pi."""
    found, (x, y) = instance
    data = (x, y) if critical else (x, y + context.rng(str(found.theta)).integers(1, 4, y.shape))
    D, shallow = rationals(found.differential()), rationals(hessian(found.shallow, found.shallow_theta, data))
    inner, _, outer = found.sloped
    missing = lost(outer.shape[0], inner.shape[1], rank_of(outer), rank_of(inner))
    return equal(
        counts=(counts(shallow, D), inertia_counts(found.deep, found.theta, data)),
        rank=(found.shallow.n_params - missing, rank_rational(D)),
        regular=(cell.lift == "regular", missing == 0),
        shown={"theta": found.theta, "data": data},
    )


RANGE.without("critical", every_lift, critical=False)

TWICE = axes(
    widths=by_level(((1, 2, 1), (2, 2, 1)), ((1, 2, 1), (2, 2, 1), (1, 1, 2))),
    first=(0, 1),
    second=("before", "within", "behind"),
    sigma=("hinge3",),
    standard=2,
    full=10,
)


def lifted_twice(cell, rng):
    """A lift of a planted point, and a lift of that lift before, at, or behind the inserted layer."""
    model = FullyConnected(cell.widths, cell.sigma)
    theta = rational_point(model, rng)
    data = planted(model, theta, rng, size=ONE)
    x = fractions(data[0])
    first = lift(model, theta, x, cell.first, width=max(cell.widths[cell.first : cell.first + 2]), rng=rng)
    place = {"before": 0, "within": cell.first + 1, "behind": len(cell.widths) - 1}[cell.second]
    widths = first.deep.widths
    return first, lift(first.deep, first.theta, x, place, width=max(widths[place : place + 2]), rng=rng), data


@RANGE.check("exact", lifted_twice, TWICE, clauses="two lifts", distribution="planted saddles, all factorizations of both lifts")
@false("half of the second differential", chain=lambda D1, D2: D1 @ D2 / 2)
@false("the last parameters exchanged", chain=lambda D1, D2: (D1 @ D2)[:, ::-1])
def two_lifts(cell, instance, *, chain=lambda D1, D2: D1 @ D2, construct=as_lifted, context):
    """Entry by entry, and the counts on the range."""
    first, second, data = instance
    D1, D2 = (rationals(found.differential()) for found in (first, second))
    shallow = rationals(hessian(first.shallow, first.shallow_theta, data))
    deepest = rationals(hessian(second.deep, construct(second), data))
    D = chain(D1, D2)
    return equal(
        hessian=(D.T @ shallow @ D, deepest),
        counts=(in_range(shallow, D1 @ D2), exact_inertia(deepest).counts),
        shown={"theta": first.shallow_theta, "data": data},
    )


RANGE.without("linearized layer", two_lifts, construct=leaves_piece)
RANGE.without("biases behind", two_lifts, construct=bias_not_compensated)
