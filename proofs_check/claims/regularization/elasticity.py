r"""The elasticity h(z) = z sigma'(z)/sigma(z) of an activation: whether solution curves of one input meet twice turns on the sign of h'."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
from numerics.derivatives.dual import jet
from numerics.overlap import Overlap, elasticity_extremum, find_two_point_overlap
from numerics.overlap.shape import elasticity_slope
from proofs_check import Assumption, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import at_least, bounded, equal, vanishing, worst
from theory.expressions import activation_of
from theory.regularization.constructions import SOFTSIGN_SIGMOID
from theory.regularization.function_field import vanishes

from . import LIMITATION_PAPER, OURS
from ._flows import one
from ._pictures import elasticities

ELASTICITY = claim(
    "regularization.elasticity",
    "Elasticity decides whether solution curves of one input meet twice",
    r"h(z) = z\sigma'(z)/\sigma(z):\ \tfrac{d}{dw} \ln \tfrac{\sigma(wx)}{\sigma(wx')} = \tfrac1w (h(wx) - h(wx')):\ "
    r"\text{where } h \text{ is strictly monotone, two solution curves } a\,\sigma(wx) = y, a\,\sigma(wx') = y' \text{ meet at most once}",
    clauses={
        "printed condition": r"\tfrac1w - x\big(\tfrac{\tilde\sigma'}{\tilde\sigma} - \tfrac{\tilde\sigma''}{\tilde\sigma'}\big)"
        r" = \tfrac1w h'(xw) \tfrac{\sigma}{\sigma'},\ \tilde\sigma = 1/\sigma",
        "curves": r"\tfrac{d}{dw} \ln \tfrac{\sigma(wx)}{\sigma(wx')} = \tfrac1w (h(wx) - h(wx'))",
        "meet twice": r"h \text{ has a strict extremum at } z^*:\ \text{for some } x, x' \text{ with } wx, wx' \text{ on its two sides}"
        r" \text{ curves meet twice}",
        "monotone": r"h' < 0 \text{ on } z > 0 \text{ for tanh, erf and arctan};\ h' > 0 \text{ for all } z \text{ for softplus}",
        "sigmoid": r"\text{for the sigmoid } h' = 0 \text{ only at } 1 + W(1/e)",
        "extrema": r"z^* = 1.278464542761\ (\text{SiLU}),\ 0.839923675692\ (\text{GELU}),\ 1.414213562373\ (\tfrac{1+z}{2+z}),"
        r"\ 1\ (e^{\arctan z})",
    },
    symbols=["h", "z", r"\sigma", "w", "x", "a", "y", "W"],
    assumptions=[
        Assumption("one input", "d = 1", unprobed="with more inputs solution sets are surfaces, which meet in curves"),
        Assumption(
            "label not zero", r"y \neq 0", unprobed="label 0 has the solutions a = 0 for every input: regularization.two-point.zero-label"
        ),
    ],
    source=LIMITATION_PAPER.at("Proposition 6.1(b), Corollary 6.1, reformulated"),
    refuted_by="An activation for which the published condition and h' differ, or another place of an extremum.",
)


@ELASTICITY.check("symbolic", [None], clauses="printed condition", covers="statement", scope="arbitrary activation")
@false("the other sign", sign=-1)
def identity(_, *, sign=1, context):
    """The published condition 1/w - x (s'/s - s''/s'), s = 1/sigma, is h'(z) sigma/sigma'/w with z = x w."""
    import sympy as sp

    z, w, v, d, c = sp.symbols("z w v d c")  # v, d, c: sigma, sigma', sigma''
    s, s1, s2 = 1 / v, -d / v**2, (2 * d**2 / v - c) / v**2
    printed = 1 / w - z / w * (s1 / s - s2 / s1) * sign
    slope = d / v + z * (c / v - d**2 / v**2)
    return vanishing("difference", sp.cancel(printed - slope * v / d / w))


@ELASTICITY.check("symbolic", [None], clauses=("curves", "meet twice"), covers="statement", scope="arbitrary activation")
@false("the sum", sign=-1)
@false("without 1/w", factor=lambda w: 1)
def logarithmic_derivative(_, *, sign=1, factor=lambda w: 1 / w, context):
    """Of the ratio of the output weights on two solution curves, as functions of w: it is monotone where h is, and turns, so that it takes
    some values twice, where w x and w x' pass an extremum of h on its two sides."""
    import sympy as sp

    w, x, y, z1, z2, s1, s2, d1, d2 = sp.symbols("w x y z1 z2 s1 s2 d1 d2", positive=True)
    value = lambda v, s, d, z: s + d * (v - z)  # sigma to first order at w x and w x'
    left = sp.diff(sp.log(value(w * x, s1, d1, z1)) - sp.log(value(w * y, s2, d2, z2)), w)
    left = left.subs({z1: w * x, z2: w * y})
    return vanishing("difference", sp.cancel(left - factor(w) * (w * x * d1 / s1 - sign * w * y * d2 / s2)))


#: h' times a positive factor is -g, where g(0) = 0 and g' > 0 is the product or sum of positive terms given: so h decreases on z > 0.
DECREASING = {
    "tanh": lambda sp, z: (sp.tanh(z), sp.sinh(2 * z) ** 2 / 2, 2 * z * sp.cosh(2 * z) - sp.sinh(2 * z), 4 * z * sp.sinh(2 * z)),
    "erf": lambda sp, z: (
        sp.erf(z),
        sp.sqrt(sp.pi) / 2 * sp.erf(z) ** 2 * sp.sqrt(sp.pi) / 2 * sp.exp(z**2),
        (2 * z**2 - 1) * sp.sqrt(sp.pi) / 2 * sp.erf(z) + z * sp.exp(-(z**2)),
        4 * z * sp.sqrt(sp.pi) / 2 * sp.erf(z),
    ),
    "atan": lambda sp, z: (
        sp.atan(z),
        (1 + z**2) ** 2 * sp.atan(z) ** 2,
        (z**2 - 1) * sp.atan(z) + z,
        2 * z * sp.atan(z) + 2 * z**2 / (1 + z**2),
    ),
}


@ELASTICITY.check("symbolic", nothing, axes(sigma=tuple(DECREASING)), clauses="monotone", covers="statement", scope="all z > 0")
@false("it increases", sign=-1)
@false("g' halved", share=2)
def decreasing(cell, _, *, sign=1, share=1, context):
    """h' times a positive factor is -g with g(0) = 0 and g' a sum of positive terms."""
    import sympy as sp

    z = sp.Symbol("z", positive=True)
    value, factor, g, rises = DECREASING[cell.sigma](sp, z)
    slope = sp.diff(z * sp.diff(value, z) / value, z)
    zero = lambda e: sp.Integer(0) if vanishes(e) else e.subs(z, sp.Rational(3, 2))
    return vanishing("identities", [zero(slope * factor + sign * g), sp.limit(g, z, 0), zero(sp.diff(g, z) - rises / share)])


@ELASTICITY.check("symbolic", [None], clauses="monotone", covers="statement", scope="softplus; both half-lines")
@false("softplus is log-convex", concave=-1)
@false("a term of the wrong sign", term=-1)
def softplus(_, *, concave=1, term=1, context):
    """t = e^z, L = ln(1 + t). For z <= 0 it is log-concave: s s'' - s'^2 = -t (t - L)/(1 + t)^2, (t - L)' = t/(1 + t) > 0, so h' > 0 as
    h' = s'/s + z (s'/s)'. For z > 0 and L = z + e, e > 0: (1 + t)^2/t s^2 h' is a sum of positive monomials."""
    import sympy as sp

    z, t, e, L = sp.symbols("z t e L", positive=True)
    first, second = t / (1 + t), t / (1 + t) ** 2
    concavity = L * second - first**2 + concave * t * (t - L) / (1 + t) ** 2
    slope = sp.expand(sp.cancel((1 + t) ** 2 / t * (L * first + z * (L * second - first**2))).subs(L, z + e))
    monomials = z + e + e * t + z**2 + term * z * e
    rate = sp.diff(t - sp.log(1 + t), t) - t / (1 + t)
    return vanishing("identities", [sp.cancel(concavity), sp.expand(slope - monomials), sp.cancel(rate)])


@ELASTICITY.check(
    "symbolic", [None], clauses="sigmoid", covers="statement", scope="all z; z s(z) increases where z > 0 and is at most 0 elsewhere"
)
@false("z s(z) = 2", level=2)
def sigmoid(_, *, level=1, context):
    """h' = (1 - s)(1 - z s), zero where z s = 1, that is (z - 1) e^(z - 1) = 1/e."""
    import sympy as sp

    z, s = sp.symbols("z s")
    slope = (1 - s) - z * s * (1 - s)  # h = z (1 - s), s' = s (1 - s)
    root = 1 + sp.LambertW(sp.exp(-1))
    product = (root - 1) * sp.exp(root - 1)  # W e^W is the argument of W
    product = product.replace(
        lambda e: isinstance(e, sp.exp) and isinstance(e.args[0], sp.LambertW), lambda e: e.args[0].args[0] / e.args[0]
    )
    at_root = sp.simplify(product - sp.exp(-1) * level)
    turn = "sigmoid, SiLU and GELU turn, tanh falls and softplus rises."
    drawn = [elasticities(["sigmoid", "silu", "gelu", "tanh", "softplus"], 0.05, 6, turn)] if level == 1 else []
    return worst([vanishing("identities", [sp.expand(slope - (1 - s) * (1 - z * s)), at_root])], figures=drawn)


EXTREMA = {
    "sigmoid": "1.278464542761",
    "silu": "1.278464542761",
    "gelu": "0.839923675692",
    SOFTSIGN_SIGMOID: "1.414213562373",
    "exp(atan(z))": "1.000000000000",
}


@ELASTICITY.check(
    "certified",
    lambda cell, rng: activation_of(cell.sigma),
    axes(sigma=tuple(EXTREMA)),
    clauses="extrema",
    covers="statement",
    because="the five activations are those of the clauses",
)
@false("one more in the twelfth decimal", moved=Fraction(1, 10**12))
@false("one less", moved=Fraction(-1, 10**12))
def extrema(cell, sigma, *, moved=Fraction(0), context):
    """A Krawczyk box of the zero of h' lies in the stated digits, within [z, z + 1e-12] (e^atan: at 1, with one digit less certain)."""
    place = Fraction(EXTREMA[cell.sigma]) + moved

    def rise(z):
        return [elasticity_slope(sigma, z[0])]

    def change(z):
        value, slope, curvature, third = jet(sigma, z[0], 3)
        return np.array([[2 * value * curvature + z[0] * (value * third - slope * curvature)]], dtype=object)

    with working_precision(160):
        try:
            box = certify_zero(rise, [float(place)], jacobian=change)
        except NotCertified as error:
            return Outcome.inconclusive(str(error))
        off = (box.enclosure[0] - ball(place)) * 10**12
        certificate = {"kind": "extremum of the elasticity", "activation": cell.sigma, **box.certificate()}
        # The box around 1 holds 1 itself: it lies on the edge of the digits.
        inside = True if off > ball("-1e-9") and off < 1 else False if off < ball("-1e-9") or off > 1 else None
        return equal(inside=(True, inside), certificate=certificate, shown={"place": box.enclosure[0].str(20)})


@ELASTICITY.check(
    "certified",
    lambda cell, rng: activation_of(cell.sigma),
    axes(sigma=("sigmoid", "gelu", "sigmoid(z/20)", SOFTSIGN_SIGMOID)),
    clauses="meet twice",
    scope="inputs at 0.9 and 1.1 of the extremum, w = 1",
)
@false("both inputs beyond the extremum, for every w", inputs=(Fraction(3, 2), Fraction(2)))
def meet_twice(cell, sigma, *, inputs=(Fraction(9, 10), Fraction(11, 10)), context):
    """ln sigma(w x) - ln sigma(w x') turns between w = 0.7 and w = 1.3: its slopes (h(w x) - h(w x'))/w differ in sign there."""
    with working_precision(128):
        extremum = ball(elasticity_extremum(sigma))

        def slope(w):
            values = []
            for x in inputs:
                value, first = jet(sigma, ball(x) * w * extremum, 1)
                values.append(ball(x) * w * extremum * first / value)
            return values[0] - values[1]

        ends = [slope(ball(w)) for w in (Fraction(7, 10), Fraction(13, 10))]
        if any(end.contains(0) for end in ends):
            return Outcome.inconclusive("the slopes were not told from 0")
        return equal(signs_differ=(True, bool((ends[0] > 0) != (ends[1] > 0))), shown={"slopes": [end.str(8) for end in ends]})


SOFTPLUS = claim(
    "regularization.softplus-d1",
    "Softplus with one input: single samples with labels other than zero have no two-point overlap",
    r"\text{softplus},\ d = 1,\ x \neq x',\ y, y' \neq 0:\ M_{(x, y)} \cap M_{(x', y')} \text{ has at most one point}"
    r" \Rightarrow \text{no two-point overlap of single samples}",
    symbols=["d", "x", "y", "M_S"],
    source=OURS,
    kind="extension",
    relation="impossibility",
    assumptions=[Assumption("label not zero", r"y \neq 0")],
    depends_on=["regularization.elasticity"],
    refuted_by="A certified overlap of one softplus neuron with one input and labels other than zero.",
    notes="h > 0 increases on the whole line, so that d/dw ln(sigma(w x)/sigma(w x')) = (h(w x) - h(w x'))/w has the sign of x - x'"
    " for every w;"
    " at w = 0 it is (x - x') sigma'(0)/sigma(0). Open: whether a strict G exists for all datasets with y > 0.",
)


@SOFTPLUS.check("symbolic", [None], covers="statement", scope="all inputs and labels; monotone elasticity by regularization.elasticity")
@false("slope at 0 of the wrong sign", sign=-1)
def one_solution(_, *, sign=1, context):
    """The slope of ln(sigma(w x)/sigma(w x')) at w = 0 is (x - x')/(2 ln 2), and for w = 0 the limit of (h(w x) - h(w x'))/w."""
    import sympy as sp

    w, x, y = sp.symbols("w x y", real=True)
    sigma = lambda z: sp.log(1 + sp.exp(z))
    slope = sp.diff(sp.log(sigma(w * x)) - sp.log(sigma(w * y)), w).subs(w, 0)
    h = lambda z: z * sp.diff(sigma(z), z) / sigma(z)
    t = sp.Symbol("t")
    rate = sp.diff(h(t), t).subs(t, 0)
    outcome = vanishing("differences", [sp.simplify(slope - sign * (x - y) / (2 * sp.log(2))), sp.simplify(slope - rate * (x - y))])
    drawn = [elasticities(["softplus", "sigmoid"], -6, 6, "softplus rises on the whole line, the sigmoid turns.")] if sign == 1 else []
    return worst([outcome], figures=drawn)


@SOFTPLUS.check("certified", one((-30, 12)), scope="h' > 0 on [-30, 12], in balls")
@false("sigmoid", activation="sigmoid")
def monotone(interval, *, activation="softplus", context):
    """sigma^2 h' is positive on balls that cover the interval, halved where they are too wide."""
    sigma, (low, high), least = activation_of(activation), interval, []
    with working_precision(300):
        waiting = [(ball(low), ball(high))]
        while waiting:
            a, b = waiting.pop()
            z = a.union(b)
            value, slope, curvature = jet(sigma, z, 2)
            rise = 1 + z * (curvature / slope - slope / value)
            if rise < 0:
                return at_least("sigma h'/sigma'", rise, 0, attained=False, z=z.str(8))
            if rise > 0:
                least.append(rise)
            elif b - a < ball("1e-6"):
                return Outcome.inconclusive(f"the sign of h' is open on {z.str(6)}")
            else:
                middle = (a + b).mid() / 2
                waiting += [(a, middle), (middle, b)]
        return worst([at_least("sigma h'/sigma'", rise, 0, attained=False) for rise in least])


@SOFTPLUS.check(
    "property",
    lambda cell, rng: int(rng.integers(2**31)),
    axes(starts=by_level((300,), (600, 1200)), standard=5, full=25),
    scope="random starts and pairs of inputs, three decimals",
    distribution="theta_0 normal of deviation 1.5; inputs log-normal times normal",
    tolerance="crossings are sorted with the thresholds of numerics.overlap.screening; what counts is certified",
)
@false("sigmoid", activation="sigmoid")
def search(cell, seed, *, activation="softplus", counted=(), context):
    """No overlap is certified at the five best crossings of orbits; what floats take for one (at label 0, at the start) is not counted."""
    found = find_two_point_overlap(activation, candidates=cell.starts, seed=seed, refined=5)
    if isinstance(found, Overlap) and found.level == "function":
        return bounded("certified overlaps", 1.0, 0.5, start=found.theta0, samples=found.samples)
    return bounded("certified overlaps", float(sum(found.screened.get(kind, 0) for kind in counted)), 0.5, met=dict(found.screened))


SOFTPLUS.without("label not zero", search, counted=("zero-label",))
