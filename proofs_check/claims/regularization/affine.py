r"""Neurons with affine sigma/sigma': an explicit strict G for all datasets, and for two or more inputs no others have any."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.flows.flow import gradient_flow
from numerics.overlap import bending_place, is_p_family, smooth
from numerics.overlap.contact import contact_at, find_contact
from numerics.overlap.cycles import NoCycle, carried_round, ellipse, transport
from numerics.overlap.first_integral import quotient
from proofs_check import Assumption, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import at_least, at_most, bounded, equal, true, vanishing, worst
from theory.expressions import parse
from theory.models import TwoLayer
from theory.regularization.regularizers import PFamily

from . import OURS
from ._flows import LIMIT
from ._pictures import contact_curves

P_FAMILY = claim(
    "regularization.p-family",
    "Neurons with affine sigma/sigma': an explicit strict regularizer for all datasets",
    r"\sigma = (pz + q)^{1/p},\ a > 0:\ \Phi_S \text{ is the unique minimizer on } M_S \text{ of } G ="
    r" \mathrm{sgn}(p)\Big[\tfrac{p}{2} a^p |w|^2 - p a^p w_0 \cdot w"
    r" - \tfrac{a_0^2 - p|w_0|^2}{2} a^p + \tfrac{p\,a^{p+2}}{2(p+2)}\Big],\quad p = 0:\ \tfrac{a^2}{2} - a_0^2 \ln a + |w - w_0|^2",
    clauses={
        "quotient": r"\sigma/\sigma' = pz + q;\ M_S \text{ is affine in } (a^p, a^p w),\ p = 0: (\ln a, w)",
        "conserved": r"w - w_0 = \sum \tau_i x_i,\ a^2 - a_0^2 - p(|w|^2 - |w_0|^2) = 2q \sum \tau_i \text{ along the flow}",
        "stationary": r"\nabla G \text{ is normal to } M_S \text{ wherever the conserved quantities are those of the start}",
        "unique": r"G \text{ is strictly convex in } (a^p, a^p w) \text{ for } p \neq 0, \text{ in } (\ln a, w) \text{ for } p = 0",
    },
    symbols={
        "p, q": "numbers, not both 0; for p = -2 the last term is -ln a",
        r"\sigma": "the activation; exp(z/q) for p = 0",
        "a, w": "output and input weights",
        "a_0, w_0": "the start",
        "G": "the regularizer",
        r"\Phi_S, M_S": "limit of the flow and solutions of the dataset S",
        r"\tau_i, x_i": "a number for each sample that grows along the flow, and the sample",
    },
    source=OURS,
    kind="extension",
    assumptions=[Assumption("in the domain", r"a > 0,\ p\,w \cdot x_i + q > 0 \text{ along the flow}")],
    refuted_by="A dataset on which another solution has a smaller G, or on which repeating a datum moves the limit.",
    notes="Outside of a > 0 it is false: see regularization.two-point.zero-label, where exp from (a, w) = (1, 0.4) ends at (0, 0.25)"
    " and (0, 0.1).",
)


def coordinates(p):
    """(b, v) = (a^p, a^p w) or (ln a, w), the start, and G as the suite ships it, for p = k, -k (k > 0 a symbol), 0 or -2."""
    import sympy as sp

    b, a0, k = sp.symbols("b a0 k", positive=True)
    v, w0, q = sp.symbols("v w0 q", real=True)
    p = {"p > 0": k, "p < 0": -k, "p = -2": sp.Integer(-2), "p = 0": sp.Integer(0)}[p]
    a, w = (sp.exp(b), v) if p == 0 else (b ** (1 / p), v / b)
    G = PFamily(p, q).regularizer(a, np.array([w]), a0, np.array([w0]), functions=sp)
    return p, q, b, v, a, w, a0, w0, G


SIGNS = axes(p=("p > 0", "p < 0", "p = -2", "p = 0"))


@P_FAMILY.check(
    "symbolic",
    nothing,
    SIGNS,
    clauses=("quotient", "conserved", "stationary"),
    covers="statement",
    scope="symbolic p and q; one coordinate of w stands for all, one sample for each: both enter as sums",
)
@false("twice the weight on w", weight=2)
@false("the flow of another quotient", quotient=lambda p, q, z: p * z + 2 * q)
def stationarity(cell, _, *, weight=1, quotient=lambda p, q, z: p * z + q, context):
    """With a^2 - a_0^2 - p (w^2 - w_0^2) = 2 q t and w - w_0 = s the gradient of G is that of the constraints, (q t, p s) or (t, s/q)."""
    import sympy as sp

    p, q, b, v, a, w, a0, w0, G = coordinates(cell.p)
    z, tau = sp.symbols("z tau")
    value = sp.exp(z / q) if p == 0 else (p * z + q) ** (1 / p)
    sides = sp.simplify(value / sp.diff(value, z)) - quotient(p, q, z)
    # One sample: tau' = -r a sigma', a' = -r sigma, w' = -r a sigma' x; so a a' = (p z + q) tau' and w w' = z tau'.
    kept = (p * z + q) * tau - p * z * tau - q * tau
    by_v = sp.diff(G, v) - weight * (2 * (w - w0) if p == 0 else sp.sign(p) * p * (w - w0))
    gain = a**2 - a0**2 - p * (w**2 - w0**2)
    by_b = sp.diff(G, b) - (gain if p == 0 else sp.sign(p) * gain / 2)
    return vanishing("identities", [sp.simplify(entry) for entry in (sides, kept, by_v, sp.powsimp(sp.expand(by_b)))])


@P_FAMILY.check("symbolic", nothing, SIGNS, clauses="unique", covers="statement", scope="symbolic p and q, every point with a > 0")
@false("without the curvature in a", last=0)
@false("curvature of the wrong sign", last=-1)
def convexity(cell, _, *, last=1, context):
    """The Hessian of G in (b, v) is the square |p| (dv - (v/b) db)^2/b plus |p|^-1 b^(2/p - 1) db^2; for p = 0 it is 2 dv^2 + 2 a^2
    db^2."""
    import sympy as sp

    p, q, b, v, a, w, a0, w0, G = coordinates(cell.p)
    db, dv = sp.symbols("db dv", real=True)
    form = sp.diff(G, b, 2) * db**2 + 2 * sp.diff(G, b, v) * db * dv + sp.diff(G, v, 2) * dv**2
    square = 2 * dv**2 if p == 0 else abs(p) * (dv - v / b * db) ** 2 / b
    rest = 2 * a**2 if p == 0 else b ** (2 / p - 1) / abs(p)
    return vanishing("difference", sp.simplify(sp.powsimp(sp.expand(form - square - last * rest * db**2))))


MEMBERS = ("1, 1", "1/2, 1", "-1, 4", "0, 2", "-2, 5", "3, 0", "2, 3", "0, 1", "-3, 6", "1, 0", "1/2, 0")


def formula_of(p, q):
    return f"exp(z/({q}))" if p == 0 else f"({p}*z + {q})**({1 / p})"


def regression(cell, rng):
    """A start, two inputs and factors of the labels that keep p z + q > 0 and a > 0 along the flow.

    Nearly parallel inputs, which a flow fits at the rate of their least singular value squared, are drawn again.
    """
    while True:
        drawn = 1.0 + 0.5 * rng.random(), rng.uniform(0.2, 0.6, 3), rng.uniform(0.2, 0.9, (2, 3)), rng.uniform(0.8, 1.25, 2)
        if np.linalg.svd(drawn[2], compute_uv=False)[-1] > 0.1:
            return drawn


def switching_off(cell, rng):
    """A ReLU neuron with a sample that it switches off: p z + q = z does not stay positive."""
    return 1.0, np.array([-0.1, -1.0, 0.5]), np.array([[1.1, -1.6, 0.4], [1.5, -1.8, -1.0]]), np.array([0.2, 0.0])


def shipped(family, a, w, a0, w0):
    return family.regularizer(a, w, a0, w0)


@P_FAMILY.check(
    "property",
    regression,
    axes(p_q=by_level(MEMBERS[:6], MEMBERS), standard=6, full=12),
    clauses=("stationary", "unique"),
    scope="two samples, three inputs",
    distribution="inputs, weights and labels that keep p z + q > 0",
    tolerance="slopes 1e-6: central differences err by step^2 |G'''|/6 + eps |G|/step, about 1e-9, limits are known to 1e-8; equal"
    " limits 1e-8",
)
@false("|theta - theta_0|^2", regularizer=lambda family, a, w, a0, w0: (a - a0) ** 2 + ((w - w0) ** 2).sum(-1))
@false("without the term in a_0", regularizer=lambda family, a, w, a0, w0: family.regularizer(a, w, 0 * a0, w0))
@false(
    "half the weight on |w - w_0|^2",
    regularizer=lambda family, a, w, a0, w0: (
        family.regularizer(a, w, a0, w0) - ((w - w0) ** 2).sum(-1) / 2 * (1 if family.p == 0 else a**family.p)
    ),
)
def limits(cell, given, *, regularizer=shipped, activation=None, context):
    """The limit is stationary for G on the solutions, smaller there than 40 of them, and does not see the weights of the data."""
    a0, w0, x, factors = given
    p, q = map(Fraction, cell.p_q.split(", "))
    family = PFamily(float(p), float(q))
    model = TwoLayer(3, 1, activation=activation or parse(formula_of(p, q)))
    theta0 = np.append(w0, a0)
    y = model(theta0, x)[:, 0] * factors
    flows = [gradient_flow(model, theta0, (x, y), weights=c) for c in ((1, 1), (1, 0.2))]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    end, p, q = flows[0].theta, float(p), float(q)
    base = np.append(np.log(end[-1]), end[:-1]) if p == 0 else end[-1] ** p * np.append(1, end[:-1])
    rows = np.hstack([np.ones((2, 1)), x / q]) if p == 0 else np.hstack([np.full((2, 1), q), p * x])
    kernel, step = np.linalg.svd(rows)[2][2:], 1e-5

    def at(move):
        b, v = base[0] + move[0], base[1:] + move[1:]
        a = np.exp(b) if p == 0 else b ** (1 / p)
        return regularizer(family, a, v if p == 0 else v / b, a0, w0)

    slopes = [(at(step * one) - at(-step * one)) / (2 * step) for one in kernel]
    moves = [move for move in (context.rng(cell, "moves").normal(size=(40, len(kernel))) * 0.2) @ kernel if p == 0 or base[0] + move[0] > 0]
    lower, size = [max(0.0, at(0 * move) - at(move)) for move in moves], abs(at(0 * base))
    return worst(
        [
            bounded("slope of G along the solutions", slopes, 1e-6, limit=end),
            bounded("distance of the limits under two weightings", flows[0].distance(flows[1].theta), LIMIT, limit=end),
            bounded("by how much another solution is smaller", lower, 64 * np.finfo(float).eps * (1 + size), limit=end),
        ]
    )


P_FAMILY.without("in the domain", limits, switching_off, activation="relu")

CLASSIFICATION = claim(
    "regularization.classification.one-neuron",
    "One neuron, two or more inputs: exactly the affine quotients have a strict regularizer",
    r"d \ge 2,\ P = \sigma/\sigma':\ P \text{ not affine} \Rightarrow \text{no } G \text{ is strict, and every differentiable weak }"
    r" G(\cdot, \theta_0) \text{ is constant on an open set};\quad P = pz + q \Rightarrow \text{an explicit strict } G \text{ while }"
    r" a > 0,"
    r"\ pz + q > 0",
    clauses={
        "contact": r"w_0 = (v, g),\ w = (u, g),\ x = e_1,\ s = u - v,\ sm = \textstyle\int_v^u P:\ \omega = da + a\,x \cdot dw/P,\ "
        r"\omega \wedge d\omega = \frac{a g D}{s P(u)^2 E}\, da\, dw_1\, dw_2,\ D = P'(u)\,s\,(2m - P(v)) - P(u)(P(u) - P(v)),"
        r"\ E = 2ms - uP(u) + vP(v)",
        "near the diagonal": r"D = \tfrac{s^2}{2} P P''(u) + O(s^3),\ E = s\,(P - uP')(u) + O(s^2): \text{ not } 0 \text{ for small } s"
        r" \text{ where } P'' \neq 0,\ P \neq 0,\ P \neq uP'",
        "loops": r"\text{round small loops of } w \text{ of opposite sense } a \text{ comes back changed by } \mp \omega \wedge"
        r" d\omega \text{ times the area}",
        "instances": r"\omega \wedge d\omega \neq 0 \text{ near a limit of the neuron for tanh, sigmoid, GELU, SiLU, softplus, erf,"
        r" sin, cos, arctan}",
        "affine": r"P = pz + q:\ D = 0 \text{ for all } u, v",
    },
    symbols={
        "d": "number of inputs",
        r"\sigma, P": r"the activation, \sigma/\sigma'",
        "G": "a function of (theta, theta_0)",
        r"\theta_0 = (w_0, a_0)": "the start",
        "w, a": "input and output weights of a limit",
        "x, e_1": "the input that leads there, the first unit vector",
        "u, v, s": "pre-activations of limit and start, their difference",
        "m": "mean of P between them",
        r"\omega": "the form whose kernel touches the solution set of the dataset that leads to a point",
        "g": "second coordinate of w_0, not 0",
        "D, E": "as stated",
        "p, q": "coefficients of an affine P",
    },
    source=OURS,
    kind="extension",
    assumptions=[
        Assumption(
            "two inputs", r"d \ge 2", unprobed="with one input solution sets are curves and fill the plane: any field of lines integrates"
        ),
        Assumption("start off the axis", r"g \neq 0"),
    ],
    depends_on=["regularization.p-family", "regularization.conserved.single-sample", "regularization.criterion.acyclic"],
    refuted_by="An activation with P not affine whose plane field is integrable, or the converse.",
    notes="From the form to the statement: a differentiable weak G is constant along curves in ker omega, and by Chow's theorem these"
    " reach an open set."
    " Without differentiability: shrink an ellipse of w through its flat position to that of opposite sense. Its chain of limits"
    " comes back with more"
    " output weight at one end, with less at the other, hence with the same somewhere between: a closed chain, along which a strict G"
    " would grow.",
)


def form_and_formula(g_of=lambda g: g):
    """(curl of omega along omega at the point, the stated coefficient): c from psi(c) = 0 by implicit differentiation, entries free
    symbols."""
    import sympy as sp

    a, g, u, v, s, m, Pu, Pv, slope = sp.symbols("a g u v s m P_u P_v P_u1")
    g = g_of(g)
    c, A, B = 1 / s, v * s, u * s
    gap = 2 * m * s  # a^2 - a_0^2
    psi_c = gap * c * s**2 - (B * Pu - A * Pv)
    psi_2 = -c * g * (Pu - Pv)  # (w - w_0)_2 = 0, and A, B move by g with w_2
    c_2 = -psi_2 / psi_c
    u_2 = c_2 * B + c * g
    turned = -(a * c_2 * s / Pu - a * c * s * slope * u_2 / Pu**2)  # -d omega_1/d w_2; omega_2 = 0 with its derivative along w_1
    return turned, (a, g, s, m, u, v, Pu, Pv, slope)


def coefficient(a, g, s, m, u, v, Pu, Pv, slope):
    return a * g * (slope * s * (2 * m - Pv) - Pu * (Pu - Pv)) / (s * Pu**2 * (2 * m * s - u * Pu + v * Pv))


@CLASSIFICATION.check("symbolic", [None], clauses="contact", covers="statement", scope="arbitrary activation, start, limit; u = v + s")
@false("the mean for twice the mean", formula=lambda a, g, s, m, u, v, *P: coefficient(a, g, s, m / 2, u, v, *P))
@false("P'(u) forgotten", formula=lambda a, g, s, m, u, v, Pu, Pv, slope: coefficient(a, g, s, m, u, v, Pu, Pv, 0))
def frobenius(_, *, formula=coefficient, g_of=lambda g: g, context):
    """omega ^ d omega at the point, differentiated through the equation of the input, against the stated coefficient (not 0)."""
    import sympy as sp

    found, symbols = form_and_formula(g_of)
    difference = sp.cancel((found - formula(*symbols)).subs(symbols[4], symbols[5] + symbols[2]))
    return worst([vanishing("difference", difference), true("it is not identically 0", sp.cancel(found) != 0)])


CLASSIFICATION.without("start off the axis", frobenius, g_of=lambda g: 0 * g)


@CLASSIFICATION.check(
    "symbolic", [None], clauses="near the diagonal", covers="statement", scope="Taylor series of an arbitrary P to third order"
)
@false("P P'' alone", half=1)
@false("first order in s", power=1)
def diagonal(_, *, half=2, power=2, context):
    """D and E for v = u - s, expanded in s with P(u), P'(u), P''(u), P'''(u) as symbols."""
    import sympy as sp

    s, u, P0, P1, P2, P3 = sp.symbols("s u P P1 P2 P3")
    Pv = P0 - s * P1 + s**2 * P2 / 2 - s**3 * P3 / 6
    gain = s * P0 - s**2 * P1 / 2 + s**3 * P2 / 6 - s**4 * P3 / 24
    D = sp.Poly(sp.expand(P1 * (2 * gain - s * Pv) - P0 * (P0 - Pv)), s)
    E = sp.Poly(sp.expand(2 * gain - u * P0 + (u - s) * Pv), s)
    below = [D.coeff_monomial(s**k) for k in range(power)] + [E.coeff_monomial(1)]
    leading = [sp.expand(D.coeff_monomial(s**power) - P0 * P2 / half), sp.expand(E.coeff_monomial(s) - (P0 - u * P1))]
    drawn = [contact_curves(["tanh", "sigmoid", "softplus", "exp"])] if (half, power) == (2, 2) else []
    return worst([vanishing("differences", [*below, *leading])], figures=drawn)


@CLASSIFICATION.check("symbolic", [None], clauses="affine", covers="statement", scope="every p, q, u, v")
@false("a quadratic P", bend=1)
def affine(_, *, bend=0, context):
    """D for P = p z + q (and, made false, with a square) vanishes identically."""
    import sympy as sp

    p, q, u, v, z = sp.symbols("p q u v z")
    P = p * z + q + bend * z**2
    at, gain = (lambda place: P.subs(z, place)), sp.integrate(P, (z, v, u))
    return vanishing("D", sp.expand(sp.diff(P, z).subs(z, u) * (2 * gain - (u - v) * at(v)) - at(u) * (at(u) - at(v))))


NAMES = ("sigmoid", "gelu", "softplus", "sin", "(1+z)/(2+z)", "tanh", "silu", "erf", "cos", "atan", "exp(atan(z))", "z+exp(-1000*z**2)")
STRAIGHT = ("exp", "1+z", "(z/2+1)**2", "1/(4-z)", "(3*z+2)**(1/3)", "power:3")


@CLASSIFICATION.check(
    "certified",
    lambda cell, rng: smooth(cell.sigma),
    axes(sigma=by_level((*NAMES[:5], *STRAIGHT[:3]), (*NAMES, *STRAIGHT))),
    clauses=("instances", "affine"),
)
@false("the two sides exchanged", affine=NAMES)
@false("none is affine", affine=())
def places(cell, sigma, *, affine=STRAIGHT, context):
    """P'' is proved not to vanish at a place, and D, E near a limit, or P is proved affine: each activation lies on its side."""
    straight, bends = is_p_family(sigma), bending_place(sigma) is not None
    try:
        certificate = find_contact(sigma).certificate()
    except NotCertified:
        certificate = None
    expected = cell.sigma in affine
    found = {"affine": straight, "bends": bends, "contact": certificate is not None}
    data = {"kind": "contact form", **certificate} if certificate else None
    return equal(sides=({"affine": expected, "bends": not expected, "contact": not expected}, found), certificate=data)


def carried(sigma, contact, radius, flat, steps=32):
    """The change of the output weight round an ellipse of limits."""
    weights = np.array(ellipse((contact.u, contact.g), radius, Fraction(flat), steps), dtype=float)
    a, start = float(contact.a), np.array([float(contact.v), float(contact.g)])
    return transport(sigma, float(contact.a0), start, a, weights, 1 / float(contact.u - contact.v))[0][-1] - a


@CLASSIFICATION.check(
    "certified",
    lambda cell, rng: contact_at(smooth(cell.sigma), Fraction(1, 2), Fraction(1)),
    axes(sigma=by_level(("sigmoid",), ("sigmoid", "softplus"))),
    clauses="loops",
    scope="ellipses of 16 weights and half axes 1/250, in balls",
)
@false("it comes back unchanged", factor=Fraction(1, 100))
@false("the other sense", factor=Fraction(-1))
def loops_in_balls(cell, contact, *, factor=Fraction(1), context):
    """Half the difference of the changes round both senses lies between half and twice the stated coefficient times the area."""
    sigma, r = contact.activation, Fraction(1, 250)
    a = Fraction(round(float(contact.a), 6)).limit_denominator(10**6)
    guess = 1 / float(contact.u - contact.v)
    try:
        ends = [round_trip(sigma, contact, a, ellipse((contact.u, contact.g), r, Fraction(sense), 16), guess) for sense in (1, -1)]
    except (NoCycle, NotCertified) as error:
        return Outcome.inconclusive(str(error))
    with working_precision(160):
        s, P = ball(contact.u - contact.v), quotient(sigma, ball(contact.u))
        stated = -ball(a) * ball(contact.g) * contact.D / (s * P * P * contact.E) * ball(3) * ball(r) ** 2 * ball(factor)
        ratio = (ends[0] - ends[1]) / 2 / stated  # the area of a 16-gon is 3.06 r^2
        return worst([at_least("ratio", ratio, ball("0.5"), attained=False), at_most("ratio", ratio, ball(2), attained=False)])


@cache
def _trips(sigma, v, g, a0, a, weights, guess):
    return carried_round(sigma, a0, [v, g], a, [list(w) for w in weights], guess)[0]


def round_trip(sigma, contact, a, weights, guess):
    """The output weight after the loop, in a ball."""
    return _trips(sigma, contact.v, contact.g, contact.a0, a, tuple(weights), guess)


@CLASSIFICATION.check(
    "property",
    lambda cell, rng: contact_at(smooth(cell.sigma), Fraction(1, 2), Fraction(1)),
    axes(sigma=by_level(("sigmoid", "softplus"), ("tanh", "sigmoid", "softplus", "erf"))),
    clauses="loops",
    tolerance="2 per cent: the ratio is 1 + c r + O(r^2) in the radius, extrapolated from 1/250 and 1/500; a 64-gon has 0.2 per cent"
    " less area",
)
@false("it comes back unchanged", rule=lambda contact: 0 * contact.D)
@false("the other sense", rule=lambda contact: -contact.D)
def loops(cell, contact, *, rule=lambda contact: contact.D, context):
    """Half the difference of the changes round both senses over area times the stated coefficient, extrapolated to radius 0."""
    sigma = contact.activation
    value, slope = (float(part[0]) for part in sigma.jet(np.array([float(contact.u)]), 1))
    s = float(contact.u - contact.v)
    stated = -float(contact.a) * float(contact.g) * float(rule(contact)) / (s * (value / slope) ** 2 * float(contact.E))
    radii = (Fraction(1, 250), Fraction(1, 500))
    rates = [(carried(sigma, contact, r, 1) - carried(sigma, contact, r, -1)) / (2 * np.pi * float(r) ** 2) for r in radii]
    return bounded("change per area", 2 * rates[1] - rates[0] - stated, 0.02 * max(abs(rates[1]), 1e-6), rates=rates, stated=stated)
