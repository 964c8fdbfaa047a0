r"""The reflected start: one limit of all samples that ask for it, near which no weak differentiable G has a slope."""

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.derivatives.dual import jet
from numerics.flows.flow import gradient_flow, value_and_jacobian
from proofs_check import Assumption, claim, false
from proofs_check.judging import at_least, bounded, true, vanishing, worst
from theory.expressions import activation_of
from theory.models import TwoLayer

from . import LIMITATION_PAPER
from ._flows import LIMIT, LIMIT_RULE, ends_at, one
from ._pictures import reflected_paths
from .one_point import GRADIENT_VANISHES

REFLECTION = claim(
    "regularization.one-point.reflection",
    "The reflected start is the limit of every sample that asks for it",
    r"S_x = (x, -a_0 \sigma(w_0 \cdot x)):\ \Phi_{S_x}(w_0, a_0) = (w_0, -a_0) \text{ for all } x \text{ whose orbit reaches } a = 0;"
    r"\ \sigma \text{ odd}:\ (w_0 - 2 \tfrac{w_0 \cdot x}{|x|^2} x,\ a_0),\ d = 1: (-w_0, a_0), \text{ where it reaches } w \cdot x = 0"
    r" \text{ first};\ \text{directions of approach differ} " + GRADIENT_VANISHES,
    clauses={
        "reversible": r"(a, u) \mapsto (-a, u) \text{ turns the field } (a', u') = (\sigma(u), a\,\sigma'(u)\,|x|^2) \text{ round;"
        r" for odd } \sigma"
        r" \text{ so does } (a, -u)",
        "limit": r"\Phi_{S_x}(w_0, a_0) = (w_0, -a_0),\ \text{odd: } (w_0 - 2 \tfrac{w_0 \cdot x}{|x|^2} x,\ a_0) \text{ for any } d",
        "directions": r"d = 1,\ a_0 \neq 0:\ \text{the directions of approach differ where } x \sigma'(w_0 x)/\sigma(w_0 x) \text{ does,}"
        r"\text{ so that } \nabla_\theta G = 0 \text{ there}",
    },
    symbols={
        "S_x": "the sample of input x with the opposite of the value at the start",
        "a, u": "output weight and pre-activation w . x",
        "w_0, a_0, d": "the start, number of inputs",
        r"\sigma": "the activation",
        r"\Phi_{S_x}": "limit of the flow on S_x",
        "G": "a weak differentiable function",
    },
    source=LIMITATION_PAPER.at("section 5.3, Figure 2, Lemma 6.2"),
    assumptions=[
        Assumption(
            "the orbit reaches a = 0", r"\int_{-\infty}^0 \sigma/\sigma'\,dz = \infty \text{ or } a_0^2 < 2[G(w_0 x) - G(-\infty)]/x^2"
        )
    ],
    depends_on=["regularization.lemma.one-point", "regularization.conserved.single-sample"],
    refuted_by="An input whose orbit reaches a = 0 and ends elsewhere.",
    notes="An orbit that meets the line a = 0, which the reflection fixes, is its own mirror image: f = a sigma(u) falls along it"
    " from a_0 sigma(u_0)"
    " to -a_0 sigma(u_0).",
)


@REFLECTION.check(
    "symbolic",
    one("any", "odd"),
    clauses=("reversible", "limit"),
    covers="statement",
    scope="arbitrary sigma; sinh for the odd one's parity",
)
@false("it keeps the direction", sign=1)
def reversible(kind, *, sign=-1, context):
    """The field at the mirrored point against the mirrored field: opposite, so that orbits are mapped to orbits run backwards, and an orbit
    that meets the fixed line ends, where f is the opposite of its first value, in the mirror image of the start."""
    import sympy as sp

    a, u, square = sp.symbols("a u q", positive=True)
    sigma = sp.Function("sigma") if kind == "any" else sp.sinh
    t = sp.Symbol("t")
    slope = lambda z: sp.diff(sigma(t), t).subs(t, z)
    field = lambda a, u: (sigma(u), a * slope(u) * square)
    moved, there = field(a, u), field(-a, u) if kind == "any" else field(a, -u)
    image = (-moved[0], moved[1]) if kind == "any" else (moved[0], -moved[1])
    return vanishing("difference", [sp.simplify((p - sign * q).doit()) for p, q in zip(image, there, strict=True)])


@REFLECTION.check(
    "property",
    one(("softplus", 0.3, 1.0, (0.6, 1.0, 1.4, 1.8), False), ("tanh", 1.0, 1.5, (0.3, 0.5, 0.7), True)),
    clauses=("limit", "directions"),
    scope="softplus from (0.3, 1); tanh from (1, 1.5), whose other coordinate turns",
    tolerance=LIMIT_RULE,
)
@false("back to the start", sign=1)
@false("one input twice", same=True)
def reflections(given, *, sign=-1, same=False, context):
    """Gradient flow on (x, -a_0 sigma(w_0 x)) converges, ends there for every x, and from directions that differ."""
    formula, w0, a0, inputs, mirrored = given
    inputs = (inputs[0],) * 2 if same else inputs
    model = TwoLayer(1, 1, activation=activation_of(formula))
    limit = np.array([sign * w0, a0]) if mirrored else np.array([w0, sign * a0])
    flows = [gradient_flow(model, [w0, a0], ([[x]], [-a0 * float(model.activation(np.array(w0 * x)))])) for x in inputs]
    outcomes = [true(f"the flow on x = {x} converges", flow.converged, end=flow.theta) for x, flow in zip(inputs, flows, strict=True)]
    if all(flow.converged for flow in flows):
        normals = [value_and_jacobian(model, limit, np.array([[x]]))[1][0] for x in inputs]
        first, last = (normal / np.linalg.norm(normal) for normal in (normals[0], normals[-1]))
        turn = float(abs(np.linalg.det(np.array([first, last]))))
        outcomes.append(bounded("distance from the reflected start", [flow.distance(limit) for flow in flows], LIMIT))
        outcomes.append(at_least("turn of the directions of approach", turn, 1e-3, attained=False))
    drawn = [] if same or sign == 1 else [reflected_paths(formula, inputs, flows, (w0, a0), limit)]
    return worst(outcomes, figures=drawn)


#: (activation, w_0, a_0, input, whether w . x = 0 is reached before a = 0), two inputs or three.
IN_PLANES = (
    ("tanh", (1.0, 0.5), 1.5, (0.3, -0.2), True),
    ("tanh", (1.0, 0.5), 0.25, (0.3, 0.7), False),
    ("sin", (0.5, -0.25, 0.75), 1.25, (0.5, 0.25, 0.125), True),
    ("softplus", (0.5, -0.25, 0.75), 0.5, (0.5, 1.0, 0.25), False),
)


@REFLECTION.check("property", one(*IN_PLANES), clauses="limit", scope="tanh, sin, softplus with two and three inputs", tolerance=LIMIT_RULE)
@false("the whole weight turns", turned=lambda w, x: -w)
@false("turned once", turned=lambda w, x: w - (w @ x) / (x @ x) * x)
@false("the output turns first", first=lambda weight: not weight)
def in_planes(given, *, turned=lambda w, x: w - 2 * (w @ x) / (x @ x) * x, first=bool, context):
    """Gradient flow on (x, -a_0 sigma(w_0 . x)) ends where w is reflected at the plane w . x = 0, or where a changes its sign."""
    formula, w0, a0, x, weight = given
    w0, x, model = np.array(w0), np.array(x), TwoLayer(len(w0), 1, activation=activation_of(formula))
    limit = np.append(turned(w0, x), a0) if first(weight) else np.append(w0, -a0)
    return ends_at(model, np.append(w0, a0), [(x, -a0 * float(model.activation(w0 @ x)))], [limit])


@REFLECTION.check(
    "certified", one(("softplus", "0.3", ("0.6", "1", "1.4", "1.8"))), clauses="directions", scope="softplus from (0.3, 1), four inputs"
)
@false("one input twice", same=True)
@false("-1/z, for which x sigma'/sigma is 1/w_0", other=("-1/z", "-0.3"))
@false("a_0 = 0", a0=0)
def directions(given, *, same=False, other=None, a0=1, context):
    """The minors of the conormals (sigma, a sigma' x) of any two of the inputs at (w_0, -a_0), in balls."""
    formula, w0, texts = (*other, given[2]) if other else given
    sigma, rows = activation_of(formula), []
    with working_precision(128):
        for text in texts[:1] * 2 if same else texts:
            value, slope = jet(sigma, ball(w0) * ball(text), 1)
            rows.append((value, -a0 * slope * ball(text)))
        minors = [abs(p[0] * q[1] - p[1] * q[0]) for k, p in enumerate(rows) for q in rows[:k]]
        return worst([at_least("minor", minor, ball("0.001"), attained=False) for minor in minors])


REFLECTION.without("the orbit reaches a = 0", reflections, one(("exp(-exp(-z))", 0.0, 2.0, (1.0,), False)))
