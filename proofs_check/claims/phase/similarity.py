r"""Two numbers decide the normalised training of a two-layer ReLU network, and where named initializations lie in their plane."""

from fractions import Fraction

from numerics.arithmetic.krawczyk import ball, working_precision
from proofs_check import axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, worst
from theory.activations import activation
from theory.dynamics.phase_diagram import INITIALIZATIONS, Scaling, regime, slopes

from . import DIAGRAM, HOMOGENEOUS
from ._pictures import places as places_drawn
from ._states import positive, rational

SIMILARITY = claim(
    "phase2.similarity",
    "kappa and kappa' decide the normalised trajectory",
    r"\frac{da_j}{d\tau} = -\frac{\kappa}{\kappa'} \frac1n \sum_i e_i \sigma(w_j \cdot x_i),\quad"
    r" \frac{dw_j}{d\tau} = -\kappa \kappa' \frac1n \sum_i e_i a_j \sigma'(w_j \cdot x_i) x_i",
    clauses={
        "flow": r"\frac{da_j}{d\tau} = -\frac{\kappa}{\kappa'} \frac1n \sum_i e_i \sigma(w_j \cdot x_i),\ \frac{dw_j}{d\tau} ="
        r" -\kappa \kappa' \frac1n \sum_i e_i a_j \sigma'(w_j \cdot x_i) x_i,\ f = \kappa \sum_j a_j \sigma(w_j \cdot x)",
        "descent": r"\text{gradient descent with learning rate } \beta_1 \beta_2 h \text{ is Euler's method for it with step } h:"
        r" \text{ equal } \kappa, \kappa' \text{ give equal } a_j, w_j \text{ at every step}",
    },
    symbols=["a_j", "w_j", "x_i", "e_i", "n", "\\kappa", "\\kappa'", "\\tau", "\\alpha", "\\beta_1", "\\beta_2", "h", "\\sigma"],
    assumptions=[HOMOGENEOUS],
    source=DIAGRAM.at("Section 3.1"),
    refuted_by="two triples with equal kappa and kappa' whose normalised networks part",
)


@SIMILARITY.check(
    "symbolic",
    ["one neuron, one sample"],
    clauses=("flow", "descent"),
    covers="statement",
    scope="all m, n, d: the slope is a sum over samples, neurons meet in e_i alone, entries of w_j alike; e_i agree by"
    " induction over steps",
)
@false("mobilities exchanged (s)", mobilities=lambda k, kp: (k * kp, k / kp))
@false("kappa alone", mobilities=lambda k, kp: (k, k))
@false("learning rate h", rate=lambda b1, b2, h: h)
def one_step(_, *, mobilities=lambda k, kp: (k / kp, k * kp), rate=lambda b1, b2, h: b1 * b2 * h, context):
    """A step in the network's own variables, divided by beta_1 and beta_2, against a step of the normalised system."""
    import sympy

    alpha, b1, b2, h, a, w, x, e, s = sympy.symbols("alpha b1 b2 h a w x e s", positive=True)
    kappa, ratio = b1 * b2 / alpha, b1 / b2
    slope = sympy.Symbol("slope")  # sigma' at w . x and at b2 w . x: homogeneous of degree 0
    value = lambda size: size * s  # sigma(c w . x) = c sigma(w . x)
    step = rate(b1, b2, h)
    raw_a = b1 * a - step * e * value(b2) / alpha
    raw_w = b2 * w - step * e * b1 * a * slope * x / alpha
    first, second = mobilities(kappa, ratio)
    output = b1 * a * value(b2) / alpha
    return equal(
        a=(sympy.expand(a - h * first * e * s), sympy.expand(raw_a / b1)),
        w=(sympy.expand(w - h * second * e * a * slope * x), sympy.expand(raw_w / b2)),
        output=(kappa * a * s, sympy.simplify(output)),
    )


def two_triples(cell, rng):
    """Data, a normalised start, and two triples (alpha, beta1, beta2) with equal kappa and kappa'; kappa' = 1 in one cell alone,
    on either side of it elsewhere."""
    x, y = rational(rng, 3, cell.d), rational(rng, 3)
    a, w = rational(rng, 2), rational(rng, 2, cell.d)
    b1, alpha, grown = positive(rng), positive(rng), positive(rng) + 1
    apart = positive(rng) + 1
    b2 = {"1": b1, "below 1": b1 * apart, "above 1": b1 / apart}[cell.ratio]
    return x, y, a, w, (alpha, b1, b2), (alpha * grown**2, b1 * grown, b2 * grown)


def descend(sigma, x, y, a, w, kappa, ratio, step, steps):
    """Euler's method with ``step``: all states (a, w) after the first."""
    states = []
    for _ in range(steps):
        up, across = slopes(sigma, a, w, x, y, kappa, ratio)
        a, w = a + step * up, w + step * across
        states.append([a, w])
    return states


def trained(sigma, x, y, a, w, triple, rate, steps):
    """Gradient descent on the network itself, from beta1 a and beta2 w, normalised after every step."""
    alpha, b1, b2 = triple
    return [[p / b1, q / b2] for p, q in descend(sigma, x, y, a * b1, w * b2, 1 / alpha, 1, rate, steps)]


RUNS = axes(
    d=by_level((1, 2, 3), (1, 2, 3), (1, 2, 3, 5)),
    ratio=("below 1", "1", "above 1"),
    steps=by_level((4,), (4, 6)),
    quick=1,
    standard=2,
    full=8,
)
H = Fraction(1, 5)


@SIMILARITY.check("exact", two_triples, RUNS, clauses="descent", distribution="two neurons, three samples, rational numbers")
@false("kappa' three per cent off (s)", second=lambda alpha, b1, b2: (alpha * Fraction(103, 100), b1 * Fraction(103, 100), b2))
@false("kappa three per cent off", second=lambda alpha, b1, b2: (alpha * Fraction(103, 100), b1, b2))
@false("equal beta_1/alpha and beta_2", second=lambda alpha, b1, b2: (alpha * 2, b1 * 2, b2))
@false("the same learning rate for both", rate=lambda alpha, b1, b2: H)
def equal_runs(
    cell,
    drawn,
    *,
    second=lambda *triple: triple,
    rate=lambda alpha, b1, b2: b1 * b2 * H,
    sigma="relu",
    steps=lambda cell: cell.steps,
    context,
):
    """Two networks with equal kappa and kappa', step by step in rational arithmetic: equal numbers, not close ones."""
    x, y, a, w, one, other = drawn
    sigma, other = activation(sigma), second(*other)
    first = trained(sigma, x, y, a, w, one, rate(*one), steps(cell))
    return equal(states=(first, trained(sigma, x, y, a, w, other, rate(*other), steps(cell))))


SIMILARITY.without("homogeneous", equal_runs, sigma="hinge3", steps=lambda cell: 1)


@SIMILARITY.check("exact", two_triples, RUNS, clauses=("flow", "descent"), distribution="two neurons, three samples, rational numbers")
@false("kappa' inverted (s)", ratio=lambda scaling: 1 / scaling.kappa_prime)
@false("kappa' forgotten (s)", ratio=lambda scaling: 1)
@false("kappa without alpha", kappa=lambda scaling: scaling.beta1 * scaling.beta2)
def normalised_run(cell, drawn, *, ratio=lambda scaling: scaling.kappa_prime, kappa=lambda scaling: scaling.kappa, context):
    """Gradient descent on the network itself against Euler's method for the normalised system."""
    x, y, a, w, triple, _ = drawn
    sigma, scaling = activation("relu"), Scaling(*triple)
    found = trained(sigma, x, y, a, w, triple, scaling.beta1 * scaling.beta2 * H, cell.steps)
    return equal(states=(descend(sigma, x, y, a, w, kappa(scaling), ratio(scaling), H, cell.steps), found))


INITS = claim(
    "phase2.inits",
    "Where named initializations lie",
    r"\text{LeCun, He } (\tfrac12, \tfrac12);\ \text{NTK } (\tfrac12, 0);\ \text{Xavier, mean-field } (1, 0)",
    clauses={
        "place": r"(\gamma, \gamma') = (\tfrac12, \tfrac12) \text{ for LeCun and He},\ (\tfrac12, 0) \text{ for NTK},\ (1, 0) \text{ for"
        r" Xavier and mean-field}",
        "regime": r"\text{the first three are linear, the last two critical}",
    },
    symbols=["\\gamma", "\\gamma'", "m", "d"],
    source=DIAGRAM.at("Table 1"),
    refuted_by="an initialization with another limit of ln kappa/ln m",
)

NAMES = axes(name=tuple(INITIALIZATIONS))
PLACES = {name: (found.gamma, found.gamma_prime) for name, found in INITIALIZATIONS.items()}


@INITS.check("symbolic", nothing, NAMES, clauses="place", covers="statement", scope="all five initializations, every number d of inputs")
@false("He with gamma' = 0", places={**PLACES, "he": (Fraction(1, 2), Fraction(0))})
@false("Xavier in the linear regime", places={**PLACES, "xavier": (Fraction(1, 2), Fraction(0))})
@false("mean-field with gamma = 1/2", places={**PLACES, "mean-field": (Fraction(1, 2), Fraction(0))})
@false("NTK with gamma' = 1/2", places={**PLACES, "ntk": (Fraction(1, 2), Fraction(1, 2))})
@false("LeCun with gamma' = 0", places={**PLACES, "lecun": (Fraction(1, 2), Fraction(0))})
def limits(cell, _, *, places=PLACES, context):
    """Limits of -log kappa/log m and -log kappa'/log m for m to infinity at fixed d."""
    import sympy

    m, d = sympy.symbols("m d", positive=True)
    scaling = INITIALIZATIONS[cell.name].scaling(m, d, sympy.sqrt)
    exponent = lambda value: sympy.limit(-sympy.expand_log(sympy.log(value), force=True) / sympy.log(m), m, sympy.oo)
    return equal(place=(list(places[cell.name]), [exponent(sympy.sympify(scaling.kappa)), exponent(scaling.kappa_prime)]))


@INITS.check("certified", nothing, axes(name=tuple(INITIALIZATIONS), d=(1, 10, 784)), clauses="place")
@false("He a hundredth off", places={**PLACES, "he": (Fraction(51, 100), Fraction(1, 2))})
@false("NTK with gamma' = 1/100", places={**PLACES, "ntk": (Fraction(1, 2), Fraction(1, 100))})
def at_a_width(cell, _, *, places=PLACES, context):
    """m = 10^1000, in balls: kappa m^gamma and kappa' m^gamma' lie between 1/(2 sqrt d) and 2 sqrt d, so the exponents are within 0.004."""
    with working_precision(200):
        m, d = ball(10) ** 1000, ball(cell.d)
        scaling = INITIALIZATIONS[cell.name].scaling(m, d, lambda value: value.sqrt())
        sizes = (scaling.kappa, scaling.kappa_prime)
        off = [abs(-ball(1) * (size * m ** ball(gamma)).log() / m.log()) for size, gamma in zip(sizes, places[cell.name], strict=True)]
        return at_most("distance of the exponents", max(off, key=lambda entry: entry.mid()), ball("0.004"), attained=False)


@INITS.check(
    "exact", nothing, NAMES, clauses="regime", covers="statement", because="the five places are rational and the regimes are half planes"
)
@false("critical at gamma = 1/2", regime=lambda gamma, gamma_prime: "critical" if gamma == Fraction(1, 2) else regime(gamma, gamma_prime))
@false("condensed from gamma = 1 on", regime=lambda gamma, gamma_prime: "condensed" if gamma >= 1 else regime(gamma, gamma_prime))
def regimes(cell, _, *, regime=regime, context):
    """The regime of each place."""
    expected = "critical" if cell.name in ("xavier", "mean-field") else "linear"
    return worst([equal(regime=(regime(*PLACES[cell.name]), expected))], figures=[places_drawn()])
