r"""One neuron with two or more inputs: exactly the affine sigma/sigma' have a strict G (the affine ones: :mod:`.affine`)."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.overlap import bending_place, is_p_family, smooth
from numerics.overlap.contact import contact_at, find_contact
from numerics.overlap.cycles import NoCycle, carried_round, ellipse, transport
from numerics.overlap.first_integral import quotient
from proofs_check import Assumption, Outcome, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, bounded, equal, true, vanishing, worst

from . import OURS
from ._pictures import contact_curves

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
        Assumption(
            "smooth quotient",
            r"P \text{ is twice continuously differentiable}",
            unprobed="for z^3 at z >= 0, -z^2 below, P is affine on either side, and D = 0 at every limit of one sample",
        ),
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
