r"""The multiplicity of an activation, from its differential system alone, and what a factor z^q makes of it."""

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from proofs_check import axes, claim, false, nothing
from proofs_check.judging import at_most, equal
from theory.activations import activation
from theory.dynamics.condensation import multiplicity, origin
from theory.expressions import parse

from . import INITIAL, SMOOTH

MULTIPLICITY = claim(
    "condensation.multiplicity",
    "The multiplicity of an activation",
    r"p = \min\{k \ge 1 : \sigma^{(k)}(0) \neq 0\}",
    clauses={
        "values": r"1 \text{ for tanh, sigmoid, softplus, SiLU, GELU};\ 2 \text{ for } z\tanh z, \cos z;\ 3 \text{ for } z^2 \tanh z",
        "product": r"z^q \sigma,\ q \ge 1 \text{, has } q + p \text{ if } \sigma(0) = 0 \text{, and } q \text{ if } \sigma(0) \neq 0",
    },
    symbols=["p", "\\sigma", "q"],
    assumptions=[SMOOTH],
    source=INITIAL.at("Definition 1"),
    refuted_by="one activation whose first derivative at 0 that is not zero, from the first on, has another order",
    notes="sigma(0) plays no part. ReLU has no multiplicity, nor has a function all of whose derivatives vanish at 0.",
)

PRINTED = {
    "tanh": 1, "sigmoid": 1, "softplus": 1, "silu": 1, "gelu": 1, "sin": 1, "erf": 1, "atan": 1,
    "cos": 2, "lorentz": 2, "z*tanh(z)": 2, "z*sin(z)": 2, "exp(-z**2)": 2, "z**2*tanh(z)": 3, "tanh(z) - z": 3, "z**5*sigmoid(z)": 5,
}  # fmt: skip
SIGMAS = axes(sigma=tuple(PRINTED))


def named(cell, rng):
    return parse(cell.sigma) if "(" in cell.sigma else activation(cell.sigma)


def first_derivative(sigma):
    """The multiplicity, or "none"."""
    try:
        return multiplicity(sigma)
    except ValueError:
        return "none"


def from_zero(sigma):
    """The false rule that counts sigma(0) as the derivative of order 0."""
    return 0 if origin(sigma).offset else first_derivative(sigma)


@MULTIPLICITY.check("symbolic", named, SIGMAS, clauses="values")
@false("counted from k = 0 (s)", rule=from_zero)
@false("one order too high", rule=lambda sigma: first_derivative(sigma) + 1)
def values(cell, sigma, *, rule=first_derivative, context):
    """Derivatives at 0 from the differential system, in exact numbers, against the printed multiplicity."""
    return equal(multiplicity=(PRINTED[cell.sigma], rule(sigma)))


@MULTIPLICITY.check("certified", named, SIGMAS, clauses="values")
@false("one order too high", order=lambda p: p + 1)
@false("one order too low", order=lambda p: p - 1)
def growth(cell, sigma, *, order=lambda p: p, context):
    """(sigma(h) - sigma(0))/h^p in balls at h = 2^-100, from the function itself: within 2^-50 of a number that is not zero."""
    from flint import arb

    with working_precision(2000):
        h, derivative = arb(2) ** -100, origin(sigma).derivative
        value = lambda z: sigma(np.array([z], dtype=object))[0]
        quotient = (value(h) - value(arb(0))) / h ** order(PRINTED[cell.sigma])
        limit = ball(str(derivative.evalf(100))) / arb(PRINTED[cell.sigma]).gamma() / PRINTED[cell.sigma]
        return at_most("distance from the limit", abs(quotient - limit), arb(2) ** -50, attained=False)


FACTORS = {
    "tanh(z)": (1, False), "sigmoid(z)": (1, True), "cos(z)": (2, True), "z*sin(z)": (2, False), "exp(z) - z - 1": (2, False),
    "z**2*tanh(z)": (3, False), "z**3 + 1": (3, True), "sin(z)**4": (4, False), "z**5*exp(z)": (5, False),
}  # fmt: skip


def by_leibniz(q, p, offset):
    """The first derivative of z^q sigma that is not zero is the q-th if sigma(0) is not, otherwise it follows p later."""
    return q if offset else q + p


@MULTIPLICITY.check("symbolic", nothing, axes(sigma=tuple(FACTORS), q=(1, 2, 3, 4, 5, 6)), clauses="product")
@false("q + min(p, 2)", formula=lambda q, p, offset: q if offset else q + min(p, 2))
@false("q at q = 4 and 5", formula=lambda q, p, offset: q if q in (4, 5) else by_leibniz(q, p, offset))
@false("always q + p", formula=lambda q, p, offset: q + p)
@false("always q (s)", formula=lambda q, p, offset: q)
def product(cell, _, *, formula=by_leibniz, context):
    """The differential system of z^q sigma(z) against the multiplicity of sigma."""
    return equal(multiplicity=(formula(cell.q, *FACTORS[cell.sigma]), first_derivative(parse(f"z**{cell.q}*({cell.sigma})"))))


@MULTIPLICITY.check(
    "symbolic",
    nothing,
    axes(offset=(True, False)),
    clauses="product",
    covers="statement",
    scope="all q >= 1 and p >= 1: sigma(z) is s_0 + s_p z^p/p! + ..., so z^q sigma begins with the first of these terms that is there",
)
@false("always q + p", formula=lambda q, p, offset: q + p)
@false("q + min(p, 2)", formula=lambda q, p, offset: q if offset else q + 2)
def leibniz(cell, _, *, formula=by_leibniz, context):
    """The degree of z^q s_j z^j/j! for the first j with s_j != 0 (0 or p), and its derivative of that order at 0: s_j (q + j)!/j!."""
    import sympy

    z, s = sympy.symbols("z s", positive=True)
    q, p = sympy.symbols("q p", integer=True, positive=True)
    j = 0 if cell.offset else p
    first = z**q * s * z**j / sympy.factorial(j)
    degree = sympy.simplify(z * sympy.diff(first, z) / first)
    coefficient = sympy.simplify(first / z**degree) * sympy.factorial(degree)
    return equal(order=(formula(q, p, cell.offset), degree), derivative=(s * sympy.factorial(q + j) / sympy.factorial(j), coefficient))


MULTIPLICITY.without("smooth at 0", values, lambda cell, rng: activation("relu"))
