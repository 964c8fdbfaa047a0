r"""One input: the directions at rest on the circle are the roots of a binary form of degree p, so there are at most p lines of them."""

import math
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rational
from numerics.arithmetic.real_roots import CircleMorse, circle_morse
from numerics.train import Adam, train
from proofs_check import Figure, axes, by_level, claim, exists, false, nothing
from proofs_check.judging import at_most, equal, true, worst
from theory.dynamics.condensation import LeadingForm, augmented, cosine, labels_of_form, tangential_form
from theory.models import TwoLayer

from . import INITIAL, NOT_CONSTANT, PLANE, SMALL
from ._draws import different, fractions, power_tanh, with_ones

COUNT = claim(
    "condensation.count_1d",
    "One input: at most p lines, hence at most 2p orientations",
    r"\#\{\text{lines with } T = 0\} = r \le p,\qquad T(u) = u_1 \partial_2 V - u_2 \partial_1 V",
    clauses={
        "bound": r"r \le p",
        "parity": r"r \equiv p \pmod 2 \text{, lines counted with multiplicity}",
        "extrema": r"\text{simple lines: } r \text{ maxima, for } a_j \sigma^{(p)}(0) > 0 \text{, and } r \text{ minima, for } < 0",
        "sharp": exists(
            r"\text{for any } p + 1 \text{ different inputs there are labels with } r = p \text{, that is } p + p \text{ orientations}"
        ),
        "constant": r"T = 0 \text{ everywhere iff } V = \mathrm{const}\,|u|^p \ (p \text{ even}) \text{ or } V = 0 \ (p \text{ odd})",
    },
    symbols=["p", "r", "V", "u", "\\sigma", "a_j"],
    assumptions=[PLANE, NOT_CONSTANT, SMALL],
    relation="upper",
    source=INITIAL.at("Section 5.2; parity, extrema and sharpness are ours"),
    refuted_by="a data set with more than p critical lines, or a number of them that differs from p by an odd number",
)


@COUNT.check(
    "symbolic",
    ["one sample"],
    clauses=("bound", "parity"),
    covers="statement",
    scope="all p and all data: T is linear in c_i and for one sample a form of degree p; of the p complex lines of a form that is not zero "
    "those that are not real come in pairs",
)
@false("a form of degree p - 1", degree=lambda p: p - 1)
@false("V in place of its derivative along the circle", tangent=lambda V, u, v: V)
def tangent_of_a_sample(_, *, degree=lambda p: p, tangent=None, context):
    """T of (x u_1 + u_2)^p for a symbolic p: p (x u_1 + u_2)^(p - 1) (u_1 - x u_2), homogeneous of degree p."""
    import sympy

    x, u, v, scale, p = sympy.symbols("x u v scale p", positive=True)
    V = (x * u + v) ** p
    T = tangent(V, u, v) if tangent else u * sympy.diff(V, v) - v * sympy.diff(V, u)
    quotient = sympy.simplify(T / (p * (x * u + v) ** (p - 1)))
    growth = scale ** degree(p) / sympy.simplify(T.subs({u: scale * u, v: scale * v}, simultaneous=True) / T)
    return equal(linear_factor=(u - x * v, quotient), growth=(1, sympy.simplify(growth)))


#: A root at infinity and a double root need p >= 3.
DATA = axes(
    p=by_level(tuple(range(1, 7)), full=tuple(range(1, 9))),
    kind=("random", "smooth labels", "root at infinity", "double root"),
    quick=10,
    standard=100,
    full=800,
    where=lambda p, kind: p > 2 or kind in ("random", "smooth labels"),
)


def data(cell, rng):
    """Inputs (n, 1) and labels (n,), rational; the form may have a planted root."""
    p = cell.p
    if cell.kind == "random":
        n = int(rng.integers(p + 2, 12))
        return different(rng, n), fractions(rng, n, size=30, denominator=16)
    if cell.kind == "smooth labels":
        x, phase = different(rng, p + 4), rng.uniform(0, 2 * np.pi)
        return x, np.array([Fraction(round(64 * math.sin(entry + phase)), 64) for entry in x[:, 0]], dtype=object)
    x, t = different(rng, p + 1), fractions(rng, 1)[0]
    columns = [tangential_form([int(k == j) for k in range(p + 1)]) for j in range(p + 1)]
    value = [sum(c * t**k for k, c in enumerate(column)) for column in columns]
    slope = [sum(k * c * t ** (k - 1) for k, c in enumerate(column) if k) for column in columns]
    conditions = [[column[p] for column in columns]] if cell.kind == "root at infinity" else [value, slope]
    basis = nullspace_rational(np.array(conditions, dtype=object))
    while True:
        form = [sum(int(c) * vector[k] for c, vector in zip(rng.integers(-5, 6, len(basis)), basis, strict=True)) for k in range(p + 1)]
        if any(tangential_form(form)):  # not constant on the circle
            return x, np.array(labels_of_form(form, x[:, 0]), dtype=object)


def without_infinity(form):
    """The critical lines, a root u_2 = 0 of T forgotten."""
    morse = circle_morse(form)
    return CircleMorse(morse.degree, tuple(line for line in morse.lines if not line.root.at_infinity))


@COUNT.check("exact", data, DATA, clauses=("bound", "parity", "extrema"))
@false("the root at infinity not counted (s)", lines=without_infinity)
@false("at most p - 2 lines", most=lambda p: p - 2)
@false("as many maxima as minima on half of the lines", extrema=lambda r: r // 2)
def roots(cell, drawn, *, lines=circle_morse, most=lambda p: p, extrema=lambda r: r, context):
    """Real roots by Sturm's theorem over the rationals, with multiplicity; maxima and minima by the sign of T between them."""
    x, y = drawn
    form = LeadingForm(with_ones(x), y, cell.p).binary()
    if not any(tangential_form(form)):
        return true("finitely many critical lines", False, form=form)
    morse = lines(form)
    r = len(morse.lines)
    parity = equal(parity=(cell.p % 2, morse.multiplicity % 2), shown={"form": form})
    counts = equal(maxima=(extrema(r), morse.count("maximum")), minima=(extrema(r), morse.count("minimum"))) if morse.simple else parity
    return worst([at_most("critical lines", r, most(cell.p), attained=False), parity, counts])


def constant_on_the_circle(cell, rng):
    """Inputs -1, 1, 0 with labels 1/2, 1/2, 0: V = u_1^2 + u_2^2."""
    return np.array([[-1], [1], [0]], dtype=object), np.array([Fraction(1, 2), Fraction(1, 2), Fraction(0)], dtype=object)


COUNT.without("V not constant", roots, lambda cell, rng: constant_on_the_circle(cell, rng) if cell.p == 2 else data(cell, rng))


def complex_roots(cell, drawn, *, orientations=lambda p: (p, p), context):
    """A second arithmetic: the complex roots of T enclosed by flint, real where the imaginary part is exactly 0."""
    from flint import fmpq_poly

    x, y = drawn
    roots = fmpq_poly([rational(c) for c in tangential_form(LeadingForm(with_ones(x), y, cell.p).binary())]).complex_roots()
    r = sum(k for root, k in roots if root.imag == 0) + cell.p - sum(k for _, k in roots)
    return equal(orientations=(orientations(cell.p), (r, r)))


@COUNT.check(
    "exact",
    lambda cell, rng: (x := different(rng, cell.p + 1), np.array(labels_of_form(cosine(cell.p), x[:, 0]), dtype=object)),
    axes(p=by_level(tuple(range(1, 10)), standard=tuple(range(1, 15))), quick=2, standard=5),
    clauses="sharp",
    replay=lambda drawn, **more: complex_roots(drawn.cell, drawn.value, **more),
)
@false("2p for one sign of a_j", orientations=lambda p: (2 * p, 0))
@false("fewer at p = 9", orientations=lambda p: (p - 2 * (p == 9),) * 2)
@false("at most 2(p - 1) in all", orientations=lambda p: (p - 1, p - 1))
def attained(cell, drawn, *, orientations=lambda p: (p, p), context):
    """Labels for which V is cos(p phi), at random different inputs: p orientations for either sign of a_j sigma^(p)(0)."""
    x, y = drawn
    morse = circle_morse(LeadingForm(with_ones(x), y, cell.p).binary())
    found = (morse.count("maximum"), morse.count("minimum"))
    return equal(orientations=(orientations(cell.p), found), witness={"x": x[:, 0].tolist(), "y": y.tolist()})


@COUNT.check(
    "symbolic",
    ["recurrence"],
    clauses="constant",
    covers="statement",
    scope="all p: T = 0 reads (k + 1) v_(k+1) = (p - k + 1) v_(k-1), k = 0 .. p, v_(-1) = v_(p+1) = 0, so v_1 = 0 and with it all odd "
    "coefficients; for odd p also v_(p-1) = 0 and with it the even ones; for even p = 2h one solution is left",
)
@false("coefficients binomial(p, 2j)", solution=lambda h, j, binomial: binomial(2 * h, 2 * j))
def recurrence(_, *, solution=lambda h, j, binomial: binomial(h, j), context):
    """v_(2j) = binomial(h, j), the coefficients of (u_1^2 + u_2^2)^h, solve the recurrence at k = 2j + 1 for symbolic h and j."""
    import sympy

    h, j = sympy.symbols("h j", integer=True, positive=True)
    ratio = solution(h, j + 1, sympy.binomial) / solution(h, j, sympy.binomial)
    return equal(ratio=(sympy.factor((2 * h - 2 * j) / (2 * j + 2)), sympy.factor(sympy.combsimp(ratio))))


@COUNT.check("exact", nothing, axes(p=by_level(tuple(range(1, 13)), full=tuple(range(1, 25)))), clauses="constant")
@false("no constant form of even degree", dimension=lambda p: 0)
@false("one of every degree (s)", dimension=lambda p: 1)
def kernel(cell, _, *, dimension=lambda p: 1 - p % 2, context):
    """The dimension of the kernel of V -> T, exactly."""
    columns = [tangential_form([int(k == j) for k in range(cell.p + 1)]) for j in range(cell.p + 1)]
    return equal(dimension=(dimension(cell.p), len(nullspace_rational(np.array(columns, dtype=object).T))))


def printed(cell, rng):
    """40 points of sin 3x + sin(6x)/2 on [-1, 1.5], as the rationals that the floats are."""
    x = np.linspace(-1, 1.5, 40)
    exact = np.frompyfunc(lambda value: Fraction(float(value)), 1, 1)
    return exact(x)[:, None], exact(np.sin(3 * x) + np.sin(6 * x) / 2)


@COUNT.check("exact", printed, axes(p=tuple(range(1, 7))), clauses=("bound", "parity", "extrema"))
@false("at most one line", most=lambda p: 1)
def printed_data(cell, drawn, *, most=lambda p: p, context):
    """The data of the printed direction field; the figures show it for p = 3, and from level standard on a trained network."""
    outcome = roots(cell, drawn, most=most, context=context)
    return worst([outcome], figures=direction_field(context, *drawn)) if cell.p == 3 else outcome


def direction_field(context, x, y):
    form, angle = LeadingForm(augmented(x.astype(float)), y.astype(float), 3), np.linspace(0, 2 * np.pi, 361)
    u, across = np.stack([np.cos(angle), np.sin(angle)], axis=1), np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    V, T = form(u), (form.gradient(u) * across).sum(axis=1)
    extrema = [(kind, np.degrees(np.arctan2(v[1], v[0])) % 360) for kind in ("maximum", "minimum") for v in places(x, y, kind)]
    marks = [{"x": float(place), "label": kind[:3]} for kind, place in extrema]
    series = [{"label": name, "x": np.degrees(angle).tolist(), "y": (f / np.abs(f).max()).tolist()} for name, f in (("V", V), ("T", T))]
    alt = "V and its derivative T along the circle; T vanishes at six proved places (dashed): three maxima and three minima of V"
    label = "angle of (w, b) in degrees"
    found = [Figure("lines", "The leading field, p = 3", alt, {"series": series}, label, "over the largest value", marks=marks)]
    if context.level != "quick":
        alt = "Weights by direction and norm at the start, after 200 and 1000 epochs: the large ones stand at the dashed lines"
        found.append(
            Figure("scatter", "A trained network, z^2 tanh z", alt, {"series": weights(x, y)}, label, "norm over the largest", marks=marks)
        )
    return found


def places(x, y, kind):
    return [u for u, _ in circle_morse(LeadingForm(with_ones(x), y, 3).binary(), width="1e-9").extrema(kind)]


def weights(x, y):
    """Angles and norms of 100 weights in the printed setting: N(0, 0.005^2), Adam with step 5e-4."""
    model, inputs, series = TwoLayer(2, 100, activation=power_tanh(3)), augmented(x.astype(float)), []
    theta = model.init(np.random.default_rng(0), scale=0.005)
    for name, epochs in (("start", 0), ("epoch 200", 200), ("epoch 1000", 1000)):
        trained = train(model, theta, (inputs, y.astype(float)[:, None]), method=Adam(), learning_rate=5e-4, steps=epochs)
        rows = model.unpack(trained.theta[0])["input_weights"]
        norms = np.linalg.norm(rows, axis=1)
        angles = np.degrees(np.arctan2(rows[:, 1], rows[:, 0])) % 360
        series.append({"label": name, "x": angles.tolist(), "y": (norms / norms.max()).tolist()})
    return series
