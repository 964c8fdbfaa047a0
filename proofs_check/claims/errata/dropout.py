r"""Theorem 1 of 2207.05952, case (ii), is false as printed, in the journal and on arXiv; the corrected form is dropout.r1_condensation."""

from fractions import Fraction

import numpy as np

from numerics.dynamics.kinks import Interpolant, descent
from proofs_check import axes, by_level, claim, exists, false
from proofs_check.claims.dropout import IMPLICIT
from proofs_check.judging import equal, true, worst
from theory.dynamics.dropout import LineNeuron, corrected_pairs, printed_pairs

from ._pictures import penalties

INTERCEPTS = claim(
    "dropout.flaw.intercepts",
    "Different intercepts in one interval do not let the penalty fall: case (ii) as printed is false",
    r"x = 1, \dots, 6, \; f = (x - 3)_+ - (x - 4)_+: \text{ (ii) holds as printed, and } R_1 \text{ rises along every move with } R_S = 0",
    clauses={
        "journal": exists(
            r"\text{as printed in the journal } (2 \le i \le n - 2): \; \text{every pair of this direction with } R_S = 0 \text{ has }"
            r" t_1 = 3 + s, t_2 = 4 - u, \; s, u \ge 0, s + u < 1, \text{ and a larger } R_1 \text{ unless } s = u = 0"
        ),
        "arXiv": exists(
            r"\text{as printed on arXiv } (i = n - 1 \text{ too): } 21/4, 11/2, \text{ and equal contributions at the one point beyond}"
        ),
        "the proof's move": r"\text{an intercept moved out of the interval, past the data point at its end, leaves } R_S > 0",
        "every end": r"\text{the same at both ends of every } [x_i, x_{i+1}], \; 2 \le i \le n - 2, \text{ opposite signs}",
    },
    symbols={
        "x": "data",
        "f": "the network, of two kinks t_1 < t_2 and output weights c, -c: of slope c between them, 0 beyond",
        "t_1, t_2": "intercepts",
        "s, u": "how far they moved into the interval",
        "R_S": "mean squared error",
        "R_1": "dropout's penalty, v/(2n) times the sum of squared contributions",
        "i, n": "place of the interval, number of data",
    },
    source=IMPLICIT.at("Theorem 1, case (ii): arXiv version 2 (i in [2 : n - 1]) and TPAMI 46(6) (i in [2 : n - 2])"),
    kind="counterexample",
    depends_on=["dropout.r1_condensation"],
    refuted_by="a move of the two kinks that keeps R_S = 0 and does not raise R_1",
    notes="True is: both output weights are not zero, and not (both intercepts at the two ends with opposite signs); its proof, and that of"
    " case (i), stand in docs/dropout.md and under dropout.r1_condensation.",
)

SIX = [Fraction(k) for k in range(1, 7)]


def kinks(low, high, slope=Fraction(1), second=None):
    """Two neurons of direction +1 at the intercepts ``low`` and ``high``, slopes c and -c."""
    return Interpolant((LineNeuron.at(low, slope), LineNeuron.at(high, -slope if second is None else second)))


def told(net):
    return {"intercepts": [neuron.intercept for neuron in net.neurons], "slopes": [neuron.slope for neuron in net.neurons]}


def by_polynomials(_, *, net=None, points=None, context):
    """A second way, for all moves: the data at 1 and 2 hold the linear part. From 5 and 6 the slopes cancel, from 4 c (t_2 - t_1) = 1,
    from 3 t_1 >= 3, and t_2 > 4 contradicts 4 and 5. The penalty less 19, times (1 - s - u)^2, is s (26 - 16 s - 19 u)
    + u (44 - 16 u - 19 s)."""
    import sympy

    s, u, c, t1, t2 = sympy.symbols("s u c t1 t2")
    inside = sympy.solve([c * (4 - t1) - c * (4 - t2) - 1], [c], dict=True)[0][c]
    beyond = sympy.solve([c * (4 - t1) - 1, c * (5 - t1) - c * (5 - t2) - 1], [c, t2], dict=True)[0][t2]
    slope = inside.subs({t1: 3 + s, t2: 4 - u})
    total = sum((x - 3 - s) ** 2 + (x - 4 + u) ** 2 for x in (4, 5, 6)) * slope**2
    excess = sympy.factor(sympy.together(total - 19)) * (1 - s - u) ** 2
    room = s * (26 - 16 * s - 19 * u) + u * (44 - 16 * u - 19 * s)
    # on s, u >= 0, s + u < 1 both brackets exceed 26 - 19 = 7
    return equal(slope=(0, sympy.simplify(slope - 1 / (1 - s - u))), beyond=(4, beyond), excess=(0, sympy.simplify(excess - room)))


@INTERCEPTS.check("exact", [0], clauses="journal", replay=by_polynomials, scope="the network on six points, every side of both intercepts")
@false("intercepts a quarter inside", net=kinks(Fraction(13, 4), Fraction(15, 4), Fraction(2)))
@false("both slopes positive", net=kinks(Fraction(3), Fraction(4), second=Fraction(1)))
@false("the left one inside", net=kinks(Fraction(16, 5), Fraction(4), Fraction(5, 4)))
def two_kinks(_, *, net=kinks(Fraction(3), Fraction(4)), context):  # noqa: B008
    """Printed: a pair as (ii) wants it. Found: no descent over Q. The corrected hypothesis leaves the pair out."""
    pairs, corrected = len(printed_pairs(net.neurons, SIX)), len(corrected_pairs(net.neurons, SIX))
    outcome = equal(printed=(1, pairs), corrected=(0, corrected), descent=(True, descent(net, SIX) is None), witness=told(net))
    return worst([outcome], figures=[penalties()])


def one_contribution(_, *, net=None, context):
    """A second way: only x_6 sees the neurons, and o^2 + (2 - o)^2 = 2 + 2 (o - 1)^2."""
    import sympy

    o = sympy.Symbol("o")
    return equal(penalty=(sympy.expand(2 + 2 * (o - 1) ** 2), sympy.expand(o**2 + (2 - o) ** 2)))


@INTERCEPTS.check("exact", [0], clauses="arXiv", replay=one_contribution, scope="intercepts 21/4 and 11/2 in (x_5, x_6)")
@false("unequal contributions", net=kinks(Fraction(21, 4), Fraction(11, 2), Fraction(4, 3), Fraction(3)))
def one_point(_, *, net=kinks(Fraction(21, 4), Fraction(11, 2), Fraction(4, 3), Fraction(2)), context):  # noqa: B008
    """A pair as the arXiv version wants it, none in the journal's range, and no descent."""
    pairs = [len(printed_pairs(net.neurons, SIX, last=last)) for last in (1, 2)]
    return equal(printed=([1, 0], pairs), descent=(True, descent(net, SIX) is None), witness=told(net))


@INTERCEPTS.check(
    "symbolic",
    ["left", "right"],
    clauses="the proof's move",
    covers="statement",
    scope="a move by any e in (0, 1): a minor of the equations with their right-hand sides that is a multiple of e",
)
@false("a move into the interval", outward=0)
def past_the_data_point(side, *, outward=1, context):
    """One intercept e outside: on five of the points the equations for (c_1, c_2, slope, offset) are contradictory, by a determinant."""
    import sympy

    e = sympy.Symbol("e", positive=True)
    inward = 1 - outward
    low = 3 - outward * e + inward * e if side == "left" else sympy.Integer(3)
    high = 4 + outward * e - inward * e if side == "right" else sympy.Integer(4)
    sees_low = lambda x: x > 3 or (x == 3 and side == "left" and outward)
    sees_high = lambda x: x > 4 or (x == 4 and side == "right" and not outward)
    row = lambda x: [(x - low) * int(sees_low(x)), (x - high) * int(sees_high(x)), x, 1, int(x > 3)]
    points = (1, 2, 3, 4, 5) if side == "left" else (2, 3, 4, 5, 6)
    minor = sympy.factor(sympy.Matrix([row(x) for x in points]).det())
    return equal(minor=(e if side == "left" else -e, minor))


ENDS = axes(before=(2, 3), beyond=by_level((2, 3), (2, 3, 5)), direction=(1, -1), quick=3, standard=20, full=100)


def both_ends(cell, rng):
    """Data with gaps k/2, and kinks at the two ends of one interval, slopes of opposite signs."""
    x = [Fraction(int(k), 2) for k in np.cumsum(rng.integers(1, 6, cell.before + cell.beyond))]
    one, other = (Fraction(int(rng.integers(1, 7)), int(rng.integers(1, 5))) for _ in range(2))
    net = kinks(x[cell.before - 1], x[cell.before], one, -other)
    if cell.direction < 0:
        x = [-t for t in reversed(x)]
        net = Interpolant(tuple(LineNeuron.at(-neuron.intercept, neuron.slope, -1) for neuron in net.neurons))
    return x, net


@INTERCEPTS.check(
    "exact", both_ends, ENDS, clauses="every end", distribution="2 or 3 data before, 2 to 5 beyond; slopes k/l, k <= 6, l <= 4"
)
@false("equal signs", flip=-1)
@false("one intercept moved a tenth inside", inside=Fraction(1, 10))
def every_end(cell, drawn, *, flip=1, inside=0, context):
    """No move of the two neurons lowers the penalty; with equal signs, or one intercept inside, one does."""
    x, net = drawn
    first, second = net.neurons
    gap = abs(second.intercept - first.intercept)
    sign = 1 if cell.direction > 0 else -1
    moved = (
        LineNeuron.at(first.intercept + sign * inside * gap, first.slope, cell.direction),
        LineNeuron.at(second.intercept, flip * second.slope, cell.direction),
    )
    found = descent(Interpolant(moved), x, only=(0, 1))
    return worst([true("no descent", found is None, x=x, **told(Interpolant(moved)))])
