r"""Saddles that a silent neuron adds to a critical point of non-zero loss, and the sample sizes from which they exist."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.arithmetic.isolation import isolate_zeros, sign_change
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.hessian import gradient, inertia
from numerics.rank.certificates import sign_certificate
from proofs_check import Assumption, Outcome, axes, claim, exists, false
from proofs_check.judging import equal, true, vanishing, worst
from theory.activations import activation
from theory.models import TwoLayer
from theory.recovery import on_grid
from theory.recovery.genericity import shifted
from theory.recovery.silent_neuron import conditions, with_silent_neuron

from . import GENERIC, INPUTS, LIFTED
from ._points import inputs

SIGMA = shifted("lorentz")

SADDLE = claim(
    "recovery.lifted-saddle",
    "A silent neuron makes saddles, and only for few of its weights",
    r"R(\theta_{\text{narrow}}) \ne 0 \text{ critical, inputs distinct, } \sigma \text{ generic}:\ (\theta_{\text{narrow}}; w, a = 0)"
    r" \text{ is critical} "
    r"\iff \Phi(w) = \sum_i e_i\, \sigma(w \cdot x_i) = 0, \text{ a null set of } w, \text{ and a saddle where } \nabla \Phi(w) \ne 0",
    clauses={
        "critical": r"(\theta_{\text{narrow}}; w, a = 0) \text{ is critical} \iff \Phi(w) = 0",
        "null set": r"\Phi \text{ is analytic and not } 0: \text{ its zeros are a null set}",
        "saddle": r"\text{where } \Phi(w) = 0,\ \nabla\Phi(w) \neq 0 \text{ the Hessian is indefinite}",
        "toy case": r"\text{tanh},\ \bar w = 1.0258,\ x = \tfrac14, 1, 4, 16:\ \Phi = 0 \text{ on } [-6, 6] \text{ at } 0, \pm 0.1235"
        r" \text{ and, doubly, } \pm\bar w",
    },
    symbols={
        "R": "the loss",
        r"\theta_{\text{narrow}}": "a critical point of the narrow network",
        "w, a": "input and output weight of the silent neuron",
        r"\Phi": "the function of its weight that must vanish",
        "e_i, x_i": "residuals of the narrow point, inputs",
        r"\sigma": "the activation",
        r"\bar w": "the weight of the one neuron of the toy case",
    },
    assumptions=[
        Assumption("non-zero loss", r"R(\theta_{\text{narrow}}) \ne 0"),
        Assumption("distinct inputs", r"x_i \neq x_j"),
        Assumption("generic activation", r"\sigma(w \cdot x_i) \text{ are independent functions of } w \text{ for distinct } x_i"),
    ],
    depends_on=["recovery.lemma.LI0"],
    source=LIFTED.at("lifted critical points, section 4, with the hypotheses that its null set needs; toy case"),
    refuted_by="A critical narrow point of non-zero loss for which an open set of silent weights is critical, or a local minimum"
    " where the gradient"
    " of Phi is not 0.",
    notes="Non-zero loss alone is not enough: one input twice with labels 1 and -1, or tanh at x and -x with equal labels, have Phi ="
    " 0 for every"
    " silent weight. At w = wbar of the toy case Phi has a double zero: the Hessian is degenerate there and decides nothing.",
)


@SADDLE.check(
    "symbolic",
    [None],
    clauses=("critical", "saddle"),
    covers="statement",
    scope="any narrow network: f for it, e for its residual, to second order",
)
@false("the silent weight curves, too", silent=1)
@false("gradient without the factor", factor=1)
def second_order(_, *, silent=0, factor=2, context):
    """For one sample R = (y - f - a s(w))^2 has d/da = -2 e s, d/dw = 0 and, at a = 0, Hessian entries -2 e s' and 0: a minor -(2 e
    s')^2."""
    import sympy as sp

    y, f, a, w = sp.symbols("y f a w")
    s0, s1, s2, w0 = sp.symbols("s0 s1 s2 w0")
    s = s0 + s1 * (w - w0) + s2 * (w - w0) ** 2 / 2
    loss = (y - f - a * s) ** 2
    at = {a: 0, w: w0}
    e = y - f
    first = [sp.diff(loss, a).subs(at) + factor * e * s0, sp.diff(loss, w).subs(at)]
    mixed, corner = sp.diff(loss, a, w).subs(at), sp.diff(loss, w, 2).subs(at)
    return vanishing("differences", [sp.expand(entry) for entry in (*first, mixed + 2 * e * s1, corner - silent * 2 * e * s2)])


def mixed_kernel(rng, rows):
    kernel = nullspace_rational(rows)
    weights = rng.integers(1, 4, len(kernel))
    mixed = sum(int(weight) * np.array(vector, dtype=object) for weight, vector in zip(weights, kernel, strict=True))
    return rationals(mixed) / max(abs(int(entry)) for entry in mixed)


def planted(extra, *, scale=1):
    """A narrow point, inputs, a silent weight and a rational residual that makes the wide point critical; n = (d + 1) m + extra."""

    def drawn(cell, rng):
        m, d = cell.m, cell.d
        theta = rationals(on_grid(np.concatenate([rng.normal(0, 1.2, m * d), rng.choice([-1, 1], m) * rng.uniform(0.5, 1.5, m)])))
        x, silent = rationals(inputs(rng, (d + 1) * m + extra, d)), rationals(on_grid(rng.normal(0, 1.2, d)))
        return theta, x, silent, mixed_kernel(rng, conditions(TwoLayer(d, m, activation=SIGMA), theta, x, silent)) * scale

    return drawn


def twice(cell, rng):
    """Each input twice, with residuals 1 and -1: orthogonal to all tangents, and Phi = 0."""
    theta, x, silent, _ = planted(3)(cell, rng)
    return theta, np.concatenate([x[:2], x[:2]]), silent, rationals([1, 2, -1, -2])


def opposite(cell, rng):
    """Inputs x and -x with one residual: orthogonal to all tangents of an odd activation, and Phi = 0."""
    theta, x, silent, _ = planted(3)(cell, rng)
    return theta, np.concatenate([x[:2], -x[:2]]), silent, rationals([1, 2, 1, 2])


SIZES = axes(m=(1, 2), d=(1, 2), quick=2, standard=6, full=25)


def lifted(cell, given, sigma, saddle, everywhere):
    """Exact gradient and inertia at (narrow; silent neuron), and the gradient at other silent weights."""
    theta, x, silent, residual = given
    model = TwoLayer(cell.d, cell.m, activation=sigma)
    labels = model(theta, x) + residual[:, None]
    wide, point = with_silent_neuron(model, theta, silent)
    moved = [with_silent_neuron(model, theta, silent + rationals([Fraction(1, k)] * cell.d))[1] for k in (2, 7)]
    counts = inertia(wide, point, (x, labels), method="exact").counts
    return equal(
        critical_here=([0] * len(point), gradient(wide, point, (x, labels)).ravel()),
        critical_elsewhere=([everywhere] * 2, [not gradient(wide, other, (x, labels)).any() for other in moved]),
        indefinite=(saddle, bool(counts[0] and counts[2])),
        shown={"theta": theta, "silent": silent, "x": x, "labels": labels[:, 0]},
    )


@SADDLE.check("exact", planted(3), SIZES, clauses=("critical", "null set", "saddle"), scope="rational networks with exact critical points")
@false("local minima", saddle=False)
@false("every silent weight is critical", everywhere=True)
def saddles(cell, given, *, sigma=SIGMA, saddle=True, everywhere=False, context):
    """Critical with indefinite Hessian at the planted silent weight, not critical at two others."""
    return lifted(cell, given, sigma, saddle, everywhere)


SADDLE.without("non-zero loss", saddles, planted(3, scale=0))
SADDLE.without("distinct inputs", saddles, twice)
SADDLE.without("generic activation", saddles, opposite, sigma="ratsig")

#: wbar and x of the toy case; the printed residual is in the kernel to four digits only and is projected onto it.
TOY_WEIGHT, TOY_INPUTS, TOY_RESIDUAL = "1.0258", ("0.25", "1", "4", "16"), ("1", "-0.5835", "0.3", "-0.1")
TOY_ZEROS = [(-10258, 2), (-1235, 1), (0, 1), (1235, 1), (10258, 2)]


@SADDLE.check(
    "certified",
    [None],
    clauses="toy case",
    covers="statement",
    because="the clause is about this one case",
    scope="all zeros of Phi on [-6, 6], in units of 1e-4",
)
@false("as sign scans see it", expected=TOY_ZEROS[1:4])
@false("simple zeros", expected=[(place, 1) for place, _ in TOY_ZEROS])
@false("0.1236 as printed", expected=[(-10258, 2), (-1236, 1), (0, 1), (1236, 1), (10258, 2)])
def toy(_, *, expected=TOY_ZEROS, context):
    """All zeros, proved in balls, with their multiplicities."""
    with working_precision(200):
        jet = toy_function(balls(list(TOY_INPUTS)), balls(list(TOY_RESIDUAL)), ball(TOY_WEIGHT))
        zeros = isolate_zeros(jet, ball(-6), ball("6.1"), double=[ball(TOY_WEIGHT), -ball(TOY_WEIGHT)])
    return equal(zeros=(expected, [(round(position * 10**4), multiplicity) for position, multiplicity in zeros]))


def toy_function(x, printed, weight):
    """(Phi, Phi', Phi'') as functions of a ball, with the residual projected off sigma(wbar x), sigma'(wbar x) x."""
    tanh = activation("tanh")
    value, slope = tanh.jet(x * weight, 1)
    basis = [value, slope * x]
    gram = [[(p * q).sum() for q in basis] for p in basis]
    right = [(p * printed).sum() for p in basis]
    det = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0]
    first = (right[0] * gram[1][1] - gram[0][1] * right[1]) / det
    second = (gram[0][0] * right[1] - right[0] * gram[1][0]) / det
    residual = printed - first * basis[0] - second * basis[1]

    def jet(w):
        return tuple((residual * part * x**k).sum() for k, part in enumerate(tanh.jet(x * w, 2)))

    return jet


SAMPLES = claim(
    "recovery.lifted-sample-dependent",
    "Sample sizes from which lifted critical points exist",
    r"\dim \{ e : \text{critical at } (\theta_{\text{narrow}}; w, 0) \} = \max(0,\, n - 1 - (d+1)\, m) \text{ for generic inputs};\quad "
    r"\text{some inputs admit } e \ne 0 \text{ at } n = 1 + (d+1)\, m,\ \text{almost all from } n = 2 + (d+1)\, m \text{ (saddles)}",
    clauses={
        "dimension": r"\dim \{ e : \text{critical at } (\theta_{\text{narrow}}; w, 0) \} = \max(0,\, n - 1 - (d+1)\, m)",
        "saddles": r"n = 2 + (d+1)\, m:\ \text{saddles on generic inputs}",
        "one fewer": exists(r"m = d = 1:\ \text{inputs with } e \neq 0 \text{ already at } n = 3"),
        "special activations": exists(
            r"m = d = 1,\ \tfrac1\sigma = \tfrac12 + 4 z^2 - \tfrac45 z^3 + \tfrac1{13} z^4:\ e = (1, -3) \text{ on the inputs } 1, 2:"
            r"\ n = 3 \text{ is not the least for every } \sigma"
        ),
    },
    symbols={
        r"\theta_{\text{narrow}}": "a point of the narrow network",
        "w": "weight of the silent neuron",
        "e": "residuals",
        "n, m, d": "numbers of samples, neurons of the narrow network, inputs",
        "a_k, w_k": "output and input weights of the narrow network",
    },
    assumptions=[
        INPUTS,
        replace(GENERIC, unprobed="dropped in recovery.lemma.LI1, on which this rests"),
        Assumption("neurons apart", r"a_k \ne 0,\ w_1, \dots, w_m, w \text{ distinct and not } 0"),
    ],
    source=LIFTED.at("existence of sample-dependent lifted critical points"),
    depends_on=["recovery.lifted-saddle", "recovery.lemma.LI1"],
    refuted_by="Generic inputs with another dimension of residuals, or no saddle at n = 2 + (d + 1) m.",
)

KERNELS = axes(m=(1, 2, 3), d=(1, 2), off=(-1, 0, 1, 2, 3), where=lambda m, d: m * d < 5, standard=4, full=15)


def network_and_samples(cell, rng):
    """A narrow point, a silent weight and 1 + (d + 1) m + off inputs."""
    theta = rationals(on_grid(rng.normal(0, 1.2, cell.m * (cell.d + 1))))
    return theta, rationals(on_grid(rng.normal(0, 1.2, cell.d))), rationals(inputs(rng, 1 + (cell.d + 1) * cell.m + cell.off, cell.d))


def repeated(cell, rng):
    theta, silent, x = network_and_samples(cell, rng)
    return theta, silent, np.repeat(x[:1], len(x), axis=0)


def merged(cell, rng):
    """The silent weight is the first neuron's: no further condition."""
    theta, _, x = network_and_samples(cell, rng)
    return theta, theta[: cell.d], x


@SAMPLES.check("exact", network_and_samples, KERNELS, clauses="dimension")
@false("the narrow conditions alone", dimension=lambda n, m, d: max(0, n - (d + 1) * m))
@false("n less the parameters of the wide network", dimension=lambda n, m, d: max(0, n - (d + 1) * (m + 1)))
def kernel(cell, given, *, dimension=lambda n, m, d: max(0, n - (d + 1) * m - 1), context):
    """Residuals for which a given narrow and a given silent weight are critical, on generic inputs, by exact rank."""
    theta, silent, x = given
    rows = conditions(TwoLayer(cell.d, cell.m, activation=SIGMA), theta, x, silent)
    return equal(dimension=(dimension(len(x), cell.m, cell.d), len(x) - rank_rational(rows)), shown={"theta": theta, "x": x})


SAMPLES.without("generic inputs", kernel, repeated)
SAMPLES.without("neurons apart", kernel, merged)


@SAMPLES.check("exact", planted(2), SIZES, clauses="saddles", scope="n = 2 + (d+1) m: exact saddles")
@false("local minima", saddle=False)
def least_saddles(cell, given, *, saddle=True, context):
    """The same as for three samples more than conditions of the narrow network."""
    return lifted(cell, given, SIGMA, saddle, everywhere=False)


@SAMPLES.check(
    "certified",
    [0, 1, 2],
    clauses="one fewer",
    covers="statement",
    because="one of the instances is enough",
    scope="m = d = 1, n = 3, tanh(z + 1/2)",
)
@false("one sample less", missing=1)
def least_size(replicate, *, missing=0, context):
    """As one input moves the square matrix of conditions (fewer samples: the Gram matrix) changes sign, so it is singular somewhere
    between."""
    from flint import arb_mat

    rng, model = context.rng(replicate), TwoLayer(1, 1, activation=shifted("tanh"))
    theta, silent = on_grid(rng.normal(0, 1.2, 2)), on_grid(rng.normal(0, 1.2, 1))
    x = inputs(rng, 3 - missing, 1)

    def determinant(moved):
        shifted_inputs = balls(x)
        shifted_inputs[0, 0] = moved
        rows = conditions(model, balls(theta), shifted_inputs, balls(silent))
        return arb_mat((rows.T @ rows if missing else rows).tolist()).det()

    with working_precision(200):
        places = balls(on_grid(np.linspace(-3, 3, 25)))
        changes = [sign_change(determinant, a, b) for a, b in zip(places, places[1:], strict=False)]
    if not any(changes) and None in changes:
        return Outcome.inconclusive("a determinant is not told from 0", cases=1)
    outcome = true("the determinant changes its sign", any(changes), theta=theta, silent=silent, x=x)
    if not any(changes):
        return outcome
    free = [[None if (i, j) == (0, 0) else c for j, c in enumerate(row)] for i, row in enumerate(x)]
    k, terms = changes.index(True), [(theta[:1], None), (theta[:1], 0), (silent, None)]
    return worst([outcome], certificate=sign_certificate(model.activation, free, terms, [float(end) for end in places[k : k + 2]]))


@SAMPLES.check(
    "symbolic",
    [None],
    clauses="special activations",
    covers="statement",
    because="one of the instances is enough",
    scope="w_1 = 1, w = 1 + sqrt 2",
)
@false("the residuals (1, -2)", residuals=(1, -2))
@false("w = 1 + sqrt 3", square=3)
def two_samples(_, *, residuals=(1, -3), square=2, context):
    """The narrow network's two conditions at w_1 = 1 and that of the silent neuron at w, in the field of sqrt 2."""
    import sympy as sp

    z = sp.Symbol("z")
    sigma = 1 / (sp.Rational(1, 2) + 4 * z**2 - sp.Rational(4, 5) * z**3 + z**4 / 13)
    at = lambda function, w: sum(e * x * function.subs(z, w * x) for e, x in zip(residuals, (1, 2), strict=True))
    conditions = [at(sigma / z, 1), at(sp.diff(sigma, z), 1), at(sigma / z, 1 + sp.sqrt(square))]
    return vanishing("conditions", [sp.radsimp(sp.simplify(entry)) for entry in conditions])
