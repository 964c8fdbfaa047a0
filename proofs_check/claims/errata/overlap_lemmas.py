r"""Printed lemmas on overlaps of limits that fail at an edge: each with a counterexample, and what is true in its place."""

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rank_rational
from proofs_check import axes, claim, exists, false, nothing
from proofs_check.claims.regularization import LIMITATION_PAPER, NOTATION
from proofs_check.judging import bounded, equal, true, vanishing, worst
from theory.rationals import fractions
from theory.regularization.criterion import is_weak, membership_digraph, weak_classes

from . import letters

COMMON: dict[str, Any] = {"kind": "counterexample", "relation": "existence", "family": "regularization"}


COMPONENTS = claim(
    "regularization.flaw.F1",
    "A weak function need not be constant on all limits",
    r"\text{Lemma 5.1(b), (c) as printed are false: } G = 0 \text{ on one mutual pair of limits, } 1 \text{ on another, is"
    r" weak. Constant only on overlap components}",
    clauses={
        "limits": r"|v| = 1,\ \text{loss } |\theta - v|^2\, |\theta + v|^2\, e^{-v \cdot \theta}:\ \text{the flow from } 0 \text{ ends at"
        r" } v, \text{ the solutions are } \pm v",
        "weak": exists(r"\text{a weak } G \text{ on such limits } \pm v_1, \ldots, \pm v_k \text{ that has } k \text{ values}"),
    },
    symbols={**letters(NOTATION, "G"), r"\theta, v, v_i": "points of the plane", "k": "number of mutual pairs"},
    source=LIMITATION_PAPER.at("Lemma 5.1(b), (c)"),
    depends_on=["regularization.lemma.two-point"],
    refuted_by="A flow that does not end at its v, or a solution at which G is smaller than at the limit.",
    **COMMON,
)


@COMPONENTS.check("symbolic", [None], clauses="limits", covers="statement", scope="every v on the unit circle")
@false("tilted towards -v", tilt=-1)
@false("not tilted", tilt=0)
@false("the limit three per cent beyond v", limit=Fraction(103, 100))
def on_a_line(_, *, tilt=1, limit=1, context):
    """At s v the field is v times a speed, up to a positive factor: it is 1 at s = 0, and its first zero is s = 1."""
    import sympy as sp

    s, angle, theta = sp.Symbol("s", real=True), sp.Symbol("angle", real=True), sp.Matrix(sp.symbols("p q", real=True))
    v, normal = sp.Matrix([sp.cos(angle), sp.sin(angle)]), sp.Matrix([-sp.sin(angle), sp.cos(angle)])
    loss = (theta - v).dot(theta - v) * (theta + v).dot(theta + v) * sp.exp(-tilt * v.dot(theta))
    field = -sp.Matrix([loss]).jacobian(theta).subs(dict(zip(theta, s * v, strict=True))) * sp.exp(tilt * s)
    speed, across = (sp.simplify(field.dot(direction)) for direction in (v, normal))
    first = min(root for root in sp.real_roots(speed, s) if root > 0)
    return worst([vanishing("field across v", across), equal(speed=(1, speed.subs(s, 0)), limit=(limit, first))])


CIRCLE = ((1, 0), (0, 1), (Fraction(3, 5), Fraction(4, 5)), (Fraction(-4, 5), Fraction(3, 5)))
PAIRS = axes(pairs=(2, 3, 4))


def opposite(count):
    return [((p, q), (-p, -q)) for p, q in CIRCLE[:count]]


def sharing(count):
    """Each pair shares a point with the first."""
    return [*opposite(1), *((CIRCLE[0], v) for v in CIRCLE[1:count])]


def family(pairs):
    """The limits of two datasets for each pair, the solutions of each, and G: the number of the last pair in which a point lies."""
    G = {v: number for number, pair in enumerate(pairs) for v in pair}
    return [v for pair in pairs for v in pair], [pair for pair in pairs for _ in pair], G


CONTRACTED = "1e-8: the integrator's relative error 1e-11, which the flow contracts; at most exp(-4 t/e) of the way is left at t = 60"


@COMPONENTS.check("property", nothing, PAIRS, clauses=("limits", "weak"), tolerance=CONTRACTED)
@false("pairs that share a point", pairs=sharing)
@false("the limit is the other point", sign=-1)
def two_pairs(cell, _, *, pairs=opposite, sign=1, context):
    """Adaptive integration of each dataset from 0 ends at its limit; G is weak on these datasets."""
    from scipy.integrate import solve_ivp

    def field(_, theta, v, P, Q):
        p, q = (theta - P) @ (theta - P), (theta - Q) @ (theta - Q)
        return -(2 * (theta - P) * q + 2 * (theta - Q) * p - p * q * v) * np.exp(-v @ theta)

    limits, solutions, G = family(pairs(cell.pairs))
    run = {"method": "LSODA", "rtol": 1e-11, "atol": 1e-13}
    data = [np.array((v, *pair), float) for v, pair in zip(limits, solutions, strict=True)]
    off = [solve_ivp(field, (0, 60), np.zeros(2), args=tuple(one), **run).y[:, -1] - sign * one[0] for one in data]
    return worst([bounded("distance of the end from the limit", off, 1e-8), true("G is weak", is_weak(G, limits, solutions))])


def adaptive_integration(instance, *, context, **_):
    return two_pairs(instance.cell, None, context=context)


@COMPONENTS.check("exact", nothing, PAIRS, clauses="weak", replay=adaptive_integration)
@false("pairs that share a point", pairs=sharing)
@false("constant on the whole set, as printed", values=lambda graph: 1)
def components(cell, _, *, pairs=opposite, values=lambda graph: len(weak_classes(graph)), context):
    """The number of its pair is a weak function of a limit, with one value for each overlap component."""
    limits, solutions, G = family(pairs(cell.pairs))
    weak, count = is_weak(G, limits, solutions), len(set(G.values()))
    return equal(weak=(True, weak), values=(values(membership_digraph(limits, solutions)), count), witness={"G": list(G.items())})


DIRECTIONS = claim(
    "regularization.flaw.F2",
    "Independent directions of approach do not make the gradient vanish",
    r"\text{Lemma 5.2 fails for several samples: } M = 3,\ n = 2,\ \text{limits } e_1 \text{ along } e_1, \tfrac{e_1 +"
    r" e_2}{\sqrt2}, \tfrac{e_1 + e_3}{\sqrt2},\ G = |\theta - \theta_0|^2 \text{ strict},\ \nabla G = 2 e_1 \neq 0",
    symbols={**letters(NOTATION, r"M, n, G, \theta_0"), r"\theta": "parameters of linear regression, from 0", "e_i": "the unit vectors"},
    source=LIMITATION_PAPER.at("Lemma 5.2"),
    depends_on=["regularization.lemma.one-point", "regularization.linear"],
    refuted_by="Dependent directions, a limit other than e_1, or a solution nearer to the start.",
    **COMMON,
)

#: A row along which the limit is approached, and one orthogonal to it, which is made longer so that its residual is gone sooner.
ROWS = (((1, 0, 0), (0, 0, 1)), ((1, 1, 0), (1, -1, 0)), ((1, 0, 1), (1, 0, -1)))
APPROACH = ((1, 0, 0), (1, 1, 0), (1, 0, 1))
LONGER = axes(longer=(2, 3, 5))


@DIRECTIONS.check(
    "property",
    nothing,
    LONGER,
    tolerance="limit e^-5: modes of rate 1 or more leave at most e^-6; direction 1e-13: e^-36 of the faster mode, and rounding, eps times"
    " the ratio of the rates, at most 25, times ten",
)
@false("limit e_2", limit=(0, 1, 0))
@false("the third along e_1 - e_3", directions=(*APPROACH[:2], (1, 0, -1)))
def closed_form_flow(cell, _, *, limit=(1, 0, 0), directions=APPROACH, context):
    """The flow from 0 to time 6 by eigenvectors of X^T X: where it is, and in which direction e_1 lies from there."""
    outcomes, target = [], np.array([1.0, 0, 0])
    for (slow, fast), stated in zip(ROWS, directions, strict=True):
        X = np.array([slow, cell.longer * np.array(fast)], float)
        values, vectors = np.linalg.eigh(X.T @ X)
        parts = (values > 0.5) * (vectors.T @ target)
        here, left = vectors @ (parts * -np.expm1(-6 * values)), vectors @ (parts * np.exp(-6 * values))
        outcomes.append(bounded("distance from the limit", here - limit, np.exp(-5)))
        outcomes.append(bounded("direction", left / np.linalg.norm(left) - stated / np.linalg.norm(stated), 1e-13))
    return worst(outcomes)


def parts_of(X):
    """The parts of e_1 along orthogonal rows, eigenvectors of X^T X of rate |row|^2, the slowest first: the limit from 0 is their sum."""
    return [row[0] / (row @ row) * row for row in sorted(X, key=lambda row: row @ row) if row[0]]


def flow_in_floats(instance, *, context, **_):
    return closed_form_flow(instance.cell, None, context=context)


@DIRECTIONS.check("exact", nothing, LONGER, replay=flow_in_floats)
@false("the other row the shorter one", scale=lambda longer: Fraction(1, longer))
@false("the third along e_1 - e_3", directions=(*APPROACH[:2], (1, 0, -1)))
@false("a constant instead of G", gradient=lambda theta: 0 * theta)
def determinant(cell, _, *, scale=lambda longer: longer, directions=APPROACH, gradient=lambda theta: 2 * theta, context):
    """Limits, directions (first coordinate 1) and their rank; grad G at e_1 lies in each row space, so that the convex G is least there."""
    data = [fractions("rows", [slow, scale(cell.longer) * np.array(fast)]) for slow, fast in ROWS]
    parts, found = [parts_of(X) for X in data], gradient(np.array([1, 0, 0]))
    return equal(
        orthogonal=([0] * 3, [X[0] @ X[1] for X in data]),
        limits=([(1, 0, 0)] * 3, [sum(part) for part in parts]),
        directions=(directions, [part[0] / part[0][0] for part in parts]),
        rank=(3, rank_rational(np.array([part[0] for part in parts]))),
        gradient=((2, 0, 0), found),
        strict=([2] * 3, [rank_rational(np.vstack([X, found])) for X in data]),
        witness={"rows": data, "directions": [part[0] for part in parts]},
    )
