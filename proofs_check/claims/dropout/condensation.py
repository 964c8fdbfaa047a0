r"""What the penalty prefers among networks on the line that fit the data: Theorem 1 of 2207.05952, where it is true and where it is not.

f = sum_j a_j relu(w_j x + b_j) + a x + b with R_S = 0. Whether R_1 can be lowered by an infinitesimal perturbation at R_S = 0 is decided
over Q by ``numerics.dynamics.kinks``, and every descent is replayed by two evaluations of the network.
"""

from fractions import Fraction

import numpy as np

from numerics.dynamics.kinks import Interpolant, descent, lowered, random_interpolant
from proofs_check import Assumption, Figure, axes, by_level, claim, exists, false
from proofs_check.judging import equal, true, vanishing, worst
from theory.dynamics.dropout import LineNeuron, convexity_changes, least_convexity_changes, printed_pairs

from . import IMPLICIT

ACTIVE = Assumption("active neurons", r"\text{both output weights are not zero}")
TWO_POINTS = Assumption(
    "two points",
    r"\text{at least two data points lie beyond the interval or at its end, on the side where the neurons are active}",
)

CONDENSATION = claim(
    "dropout.r1_condensation",
    "Fewer convexity changes and common intercepts lower the penalty; not at both ends of an interval with opposite signs",
    r"R_S(\theta) = 0 \text{ and (i) or (ii') } \Rightarrow \text{ near } \theta \text{ some } \theta' \text{ has } R_S(\theta') = 0,"
    r" \; R_1(\theta') < R_1(\theta)",
    clauses={
        "convexity": r"\text{(i) another interpolant has fewer convexity changes in } (x_1, x_n)",
        "pairs": r"\text{(ii') two active neurons of one direction have different intercepts in } [x_i, x_{i+1}], \; 2 \le i \le n - 2,"
        r" \text{ and are not at its two ends with output weights of opposite signs}",
        "sharp": r"\text{at both ends with opposite signs, no small move of the two neurons and the linear part lowers } R_1",
        "printed": exists(
            r"\text{a network with (ii) as printed in the journal } (i \in [2 : n - 2]) \text{ that is a local minimum of } R_1"
        ),
        "printed on arXiv": exists(r"\text{one with (ii) as printed on arXiv } (i = n - 1) \text{ and interior intercepts}"),
    },
    symbols={
        "R_S": "mean squared error, zero here",
        "R_1": "dropout's penalty: the sum of squared contributions of the neurons to the data, times v/(2n), v > 0",
        r"\theta": "a_j, w_j, b_j of the neurons, and the linear part a x + b",
        "x_1, x_n": "the data, rising",
    },
    assumptions=[ACTIVE, TWO_POINTS],
    source=IMPLICIT.at("Theorem 1, and in the journal version"),
    kind="extension",
    relation="existence",
    refuted_by="a network with (i) or (ii') and no descent, or a descent of one of the two counterexamples",
    notes="As printed the theorem is false in case (ii): docs/dropout.md has the counterexamples and the proofs of (i) and (ii').",
)


def falls(net, x, *, only=None):
    """Whether the penalty can be lowered at R_S = 0; a descent is replayed by evaluations of the network before and after."""
    found = descent(net, x, only=only)
    if found is not None:
        lowered(net, x, found)
    return found is not None


def drawable(n, neurons, changes):
    """minima have at most two neurons, from six data on three: with more, hardly any draw is one"""
    return neurons <= (2 if n < 6 else 3) if changes == "least" else n > 3 or neurons < 5


SIZES = axes(
    n=by_level((5,), (3, 4, 5, 6, 7)),
    neurons=by_level((2, 3), (2, 3, 4, 5)),
    changes=("fewer", "least"),
    where=drawable,
    quick=2,
    standard=10,
    full=100,
)


def interpolants(cell, rng):
    """Data and a network with more convexity changes than needed, or with the least number and no descent."""
    while True:
        x = [Fraction(int(t)) for t in np.cumsum(rng.integers(1, 4, cell.n))]
        net = random_interpolant(rng, x, cell.neurons)
        fewer = least_convexity_changes(x, [net(t) for t in x]) < convexity_changes(net.neurons, x[0], x[-1])
        if fewer == (cell.changes == "fewer") and (fewer or descent(net, x) is None):
            return x, net


def excess(x, net):
    return convexity_changes(net.neurons, x[0], x[-1]) > least_convexity_changes(x, [net(t) for t in x])


@CONDENSATION.check(
    "exact",
    interpolants,
    SIZES,
    clauses="convexity",
    distribution="2 to 5 neurons, a third of the intercepts at data points; with more changes than needed, and minima",
)
@false("a single change suffices", hypothesis=lambda x, net: excess(x, net) or convexity_changes(net.neurons, x[0], x[-1]) > 0)
@false("more neurons than data suffice", hypothesis=lambda x, net: excess(x, net) or len(net.neurons) > 1)
def fewer_changes(cell, drawn, *, hypothesis=excess, context):
    """Where fewer changes would do, a descent is found and replayed; minima are no instance of the hypothesis."""
    x, net = drawn
    return equal(lowered=(hypothesis(x, net), falls(net, x)), shown={"x": x, "neurons": [str(neuron) for neuron in net.neurons]})


ENDS = axes(
    places=("inside", "left end", "right end", "both ends"),
    signs=("same", "opposite"),
    direction=(1, -1),
    beyond=by_level((2, 3), (2, 3, 5)),
    quick=1,
    standard=8,
    full=50,
)


def pairs(cell, rng):
    """Two neurons in one interval, places and signs as the cell says, ``beyond`` data on their active side and two on the other."""
    gaps = [Fraction(int(k), 2) for k in rng.integers(1, 5, cell.beyond + 2)]
    x = [sum(gaps[: k + 1], Fraction(0)) for k in range(len(gaps))]  # two data, the interval [x_2, x_3], the others beyond
    low, high = x[1], x[2]
    inner = sorted({low + (high - low) * Fraction(int(k), 9) for k in rng.choice(range(1, 9), 2, replace=False)})
    first = low if cell.places in ("left end", "both ends") else inner[0]
    second = high if cell.places in ("right end", "both ends") else inner[1]
    slope = lambda: Fraction(int(rng.integers(1, 7)), int(rng.integers(1, 5)))
    one, other = slope(), slope() * (1 if cell.signs == "same" else -1)
    if rng.random() < 0.5:
        one, other = -one, -other
    neurons = (LineNeuron.at(first, one), LineNeuron.at(second, other))
    if cell.direction < 0:  # the mirror image
        x = [-t for t in reversed(x)]
        neurons = tuple(LineNeuron.at(-neuron.intercept, neuron.slope, -1) for neuron in neurons)
    return x, Interpolant(neurons, Fraction(int(rng.integers(-2, 3))), Fraction(int(rng.integers(-2, 3))))


def corrected(cell):
    return not (cell.places == "both ends" and cell.signs == "opposite")


@CONDENSATION.check("exact", pairs, ENDS, clauses=("pairs", "sharp"), distribution="slopes k/l, k <= 6, l <= 4; gaps k/2, k <= 4")
@false("as printed: any two places", hypothesis=lambda cell: True)
@false("intercepts inside the interval only", hypothesis=lambda cell: cell.places == "inside")
@false("not at both ends, whatever the signs", hypothesis=lambda cell: cell.places != "both ends")
@false("same signs only", hypothesis=lambda cell: cell.signs == "same")
def two_neurons(cell, drawn, *, hypothesis=corrected, context):
    """Moves of the two neurons and the linear part: a descent exactly where (ii') holds."""
    x, net = drawn
    return equal(lowered=(hypothesis(cell), falls(net, x, only=(0, 1))), shown={"x": x, "neurons": [str(one) for one in net.neurons]})


def with_a_dead_neuron(cell, rng):
    """The second neuron has output weight 0 and stays where it is."""
    x, net = pairs(cell, rng)
    dead = LineNeuron(Fraction(0), net.neurons[1].w, net.neurons[1].b)
    return x, Interpolant((net.neurons[0], dead), net.slope, net.offset)


def with_one_point_beyond(cell, rng):
    """One data point beyond, where both neurons contribute the same."""
    x, net = pairs(cell, rng)
    edge = 2 if cell.direction > 0 else len(x) - 3
    x = x[: edge + 1] if cell.direction > 0 else x[edge:]
    one, two = net.neurons
    ratio = one(x[edge]) / two(x[edge]) if two(x[edge]) != 0 else Fraction(1)
    return x, Interpolant((one, LineNeuron(two.a * ratio, two.w, two.b)), net.slope, net.offset)


CONDENSATION.without("active neurons", two_neurons, with_a_dead_neuron)
CONDENSATION.without("two points", two_neurons, with_one_point_beyond)

SIX = [Fraction(k) for k in range(1, 7)]
TWO_KINKS = Interpolant((LineNeuron.at(Fraction(3), Fraction(1)), LineNeuron.at(Fraction(4), Fraction(-1))))
ONE_POINT = Interpolant((LineNeuron.at(Fraction(21, 4), Fraction(4, 3)), LineNeuron.at(Fraction(11, 2), Fraction(2))))


def along_its_moves(_, *, net=TWO_KINKS, context):
    """A second way: at R_S = 0 the data at 1, 2 hold the linear part and 3 the first intercept, so the intercepts are 3 + s, 4 - u with
    s, u >= 0 and one slope; the penalty's derivatives there are computed in symbols."""
    import sympy

    s, u = sympy.symbols("s u", nonnegative=True)
    slope = 1 / (1 - s - u)
    outputs = [slope * (x - 3 - s) for x in (4, 5, 6)] + [-slope * (x - 4 + u) for x in (4, 5, 6)]
    labels = [outputs[k] + outputs[k + 3] for k in range(3)]
    penalty = sum(output**2 for output in outputs)
    rates = [sympy.diff(penalty, variable).subs({s: 0, u: 0}) for variable in (s, u)]
    return equal(labels=([1, 1, 1], [sympy.cancel(label) for label in labels]), rates=([26, 44], rates))


@CONDENSATION.check("exact", [0], clauses="printed", replay=along_its_moves, scope="x = 1, ..., 6, f(x) = (x - 3)_+ - (x - 4)_+")
@false(
    "the intercepts one quarter apart from the ends",
    net=Interpolant((LineNeuron.at(Fraction(13, 4), Fraction(1)), LineNeuron.at(Fraction(15, 4), Fraction(-1)))),
)
@false("both slopes positive", net=Interpolant((LineNeuron.at(Fraction(3), Fraction(1)), LineNeuron.at(Fraction(4), Fraction(1)))))
def two_kinks(_, *, net=TWO_KINKS, context):
    """(ii) as printed holds (same direction, intercepts 3 and 4 in [x_3, x_4]), and no side of any intercept has a descent."""
    witness = {"x": SIX, "intercepts": [neuron.intercept for neuron in net.neurons], "slopes": [neuron.slope for neuron in net.neurons]}
    return equal(
        pairs_as_printed=(1, len(printed_pairs(net.neurons, SIX))), lowered=(False, falls(net, SIX)), witness=witness, message=_told(net)
    )


def _told(net):
    return f"penalty {net.penalty(SIX)} (times v/(2n)), no descent; the two feasible moves raise it at rates 26 and 44"


def at_one_point(_, *, net=ONE_POINT, context):
    """A second way: only x_6 sees the neurons, their contributions o and 2 - o there are free, and o^2 + (2 - o)^2 is least at o = 1."""
    import sympy

    o = sympy.Symbol("o")
    penalty = o**2 + (2 - o) ** 2
    at = net.neurons[0](Fraction(6))
    return equal(
        sum=(2, net(Fraction(6))), slope=(0, sympy.diff(penalty, o).subs(o, sympy.Rational(at))), bend=(4, sympy.diff(penalty, o, 2))
    )


@CONDENSATION.check(
    "exact", [0], clauses="printed on arXiv", replay=at_one_point, scope="x = 1, ..., 6, intercepts 21/4 and 11/2 in (x_5, x_6)"
)
@false("unequal contributions", net=Interpolant((ONE_POINT.neurons[0], LineNeuron.at(Fraction(11, 2), Fraction(3)))))
def one_point_beyond(_, *, net=ONE_POINT, context):
    """(ii) as printed on arXiv holds, both intercepts inside, and no descent exists."""
    witness = {"x": SIX, "intercepts": [neuron.intercept for neuron in net.neurons], "slopes": [neuron.slope for neuron in net.neurons]}
    return equal(pairs_as_printed=(1, len(printed_pairs(net.neurons, SIX, last=1))), lowered=(False, falls(net, SIX)), witness=witness)


@CONDENSATION.check(
    "symbolic",
    ["multiplier", "weighted mean", "spread"],
    clauses=("convexity", "pairs"),
    scope="free symbols for two data points beyond; sums over data are linear in them",
)
@false("the derivative without its factor", factor=1)
def identities_of_the_proofs(part, *, factor=2, context):
    """What the proofs rest on: where an intercept t and a slope c are stationary for the penalty with multiplier h (affine near t),
    c N(t) = h(t) and (h^2/N)'(t) = 0, so h(t) = 0 or h vanishes at t + Q/S; Q/S is a mean of the distances x - t with weights x - t, so
    beyond the next data point; and N Q > S^2 for two points."""
    import sympy

    t, zero, c, first, second = sympy.symbols("t tau c x_1 x_2")
    h = lambda place: zero - place
    size = lambda place: (first - place) ** 2 + (second - place) ** 2
    Q, S = size(t), (first - t) + (second - t)
    if part == "multiplier":
        penalty = c**2 * size(t) / 2 - c * h(t)
        slope = sympy.solve(sympy.diff(penalty, c), c)[0]
        by_place = sympy.diff(penalty, t).subs(c, slope)
        return equal(slope=(h(t) / Q, slope), place=(h(t) / Q * (1 - h(t) * S / Q) * factor / 2, by_place))
    if part == "weighted mean":
        beyond = sum((x - t) * (x - first) for x in (first, second))
        return equal(rest=(beyond, (Q - S * (first - t)) * factor / 2))
    return equal(spread=((first - second) ** 2, (2 * Q - S**2) * factor / 2))


def _curve(net, places):
    return [float(net(Fraction(place).limit_denominator(1000))) for place in places]


FIGURED = Interpolant((LineNeuron.at(Fraction(16, 5), Fraction(5, 3)), LineNeuron.at(Fraction(19, 5), Fraction(-5, 3))))


@CONDENSATION.check(
    "exact", [0], clauses="sharp", scope="a picture of the counterexample and of the same data with the intercepts moved inside"
)
@false("the other way round", sign=-1)
def picture(_, *, sign=1, context):
    """The two kinks at 3 and 4, and intercepts 16/5 and 19/5 that fit the same data: the penalty is larger there."""
    places = np.linspace(1, 6, 101)
    series = [
        {"label": "intercepts 3 and 4: penalty 19", "x": places.tolist(), "y": _curve(TWO_KINKS, places)},
        {"label": f"intercepts 3.2 and 3.8: penalty {float(FIGURED.penalty(SIX)):.3g}", "x": places.tolist(), "y": _curve(FIGURED, places)},
        {"label": "data", "x": [float(x) for x in SIX], "y": [float(TWO_KINKS(x)) for x in SIX]},
    ]
    figure = Figure(
        "lines",
        "Two interpolants of six points",
        "The function (x - 3)_+ - (x - 4)_+ with kinks at data points, and one with both kinks between them; both pass all six points",
        {"series": series},
        x_label="x",
        y_label="f(x)",
    )
    same = vanishing("difference on the data", [TWO_KINKS(x) - FIGURED(x) for x in SIX])
    rises = true("penalty rises inside", sign * (FIGURED.penalty(SIX) - TWO_KINKS.penalty(SIX)) > 0)
    return worst([same, rises], figures=[figure])
