"""What tanh does instead of an exact lift: it has no affine piece, and its scaled lift is exact in the limit only."""

from fractions import Fraction
from functools import partial
from itertools import combinations

import numpy as np

from numerics.arithmetic.krawczyk import balls, working_precision
from numerics.hessian import gradient
from numerics.planting import plant, sharpened
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import equal, true, worst
from theory.activations import activation
from theory.lifting import features
from theory.lifting.lifts import deeper
from theory.lifting.smooth import scaled_lift

from . import LIFTING, _pictures
from ._places import CRITICAL, Place
from ._points import enough_samples

TANH = claim(
    "depth.tanh.not-exact",
    "tanh lifts only approximately: at the inflection to first order in the gradient, elsewhere not at all",
    r"\text{a line meets } \tanh \text{ in at most 3 points};\quad \hat W = \varepsilon I,\ W' = W / (\varepsilon \tanh'(c)):"
    r"\ c = 0: |f_{\text{deep}} - f| = O(\varepsilon^2),\ |\nabla R_{\text{deep}}| = O(\varepsilon);"
    r"\quad c \neq 0: |f_{\text{deep}} - f| = O(\varepsilon),\ |\nabla R_{\text{deep}}| \not\to 0 \text{ where } g \ne 0",
    clauses={
        "line": r"\text{a line meets } \tanh \text{ in at most 3 points, and some in 3}",
        "no piece": r"\text{four different values of } \tanh \text{ do not lie on a line}",
        "inflection": r"c = 0: |f_{\text{deep}} - f| = O(\varepsilon^2),\ |\nabla R_{\text{deep}}| = O(\varepsilon)",
        "elsewhere": r"c \neq 0: |f_{\text{deep}} - f| = O(\varepsilon),\ \nabla R_{\text{deep}} \to \kappa (g, 0) \ne 0,\ \kappa = "
        r"\tanh''(c) / \tanh'(c)",
    },
    symbols={
        r"\hat W": "weights of the inserted layer",
        "W'": "weights behind it",
        "c": "its biases",
        r"\varepsilon": "a small number",
        "R": "risk",
        "f": "output function",
        "g": r"of \hat W_{jk} and \hat b_j: E[(W^\top \dot e)_j h_k] / 2 + E[(W^\top e)_j f_j f_k], the last term of weights alone",
        "e, f_j, h": "errors of the next layer, features of the one before and these with a 1; W, the weights between them",
        r"\dot e": r"the derivative of e where the pre-activations of the next layer move by W (f \circ f)",
    },
    assumptions=[
        CRITICAL,
        Assumption("inflection", r"c = 0 \text{ (for the gradient to vanish)}"),
        Assumption("curvature seen", r"g \ne 0 \text{ (for it not to vanish elsewhere)}"),
        Assumption("enough values", r"\text{at least 4 different pre-activations}"),
    ],
    source=LIFTING.at("no exact lift for smooth activations; orders derived here"),
    refuted_by="Four values of tanh on a line, or another order in eps.",
    notes="With one or two different features any activation is affine on the data, with three symmetric ones tanh too. g vanishes at "
    "W = (1, -1), b = 0 without errors on the inputs (1, 2), (2, 1) and their negatives: the gradient is of first order there for every c.",
)


@TANH.check("symbolic", ["tanh"], clauses="line", covers="statement", scope="tanh on the whole line")
@false("at most two points", most=2)
def line_through_tanh(_, *, most=3, context):
    """Zeros of tanh'' on the range of tanh, from tanh' = 1 - tanh^2; by Rolle a line meets the graph at most two times more often."""
    import sympy
    from flint import arb

    tanh, z, v = activation("tanh"), sympy.Symbol("z"), sympy.Symbol("v")
    first = tanh.flow(z, (v,))[0]
    second = sympy.expand(sympy.diff(first, v) * first)
    zeros = [root for root in sympy.Poly(second, v).real_roots() if -1 < root < 1]
    # tanh z = z / 2 at 0 and twice more: the sign of the difference changes between 1 and 3, so the bound is attained.
    attained = 1 + 2 * int(arb(1).tanh() > arb(1) / 2 and arb(3).tanh() < arb(3) / 2)
    return equal(bound=(most, len(set(zeros)) + 2), attained=(most, attained), shown={"second derivative": str(second)})


VALUES = axes(size=(4, 5, 6), side=("negative", "both"), quick=5, standard=60, full=600)


def distinct_values(cell, rng):
    """Different multiples of 1/8 up to 8, of one sign or of both."""
    low = -63 if cell.side == "negative" else -31
    return tuple(Fraction(int(low + value), 8) for value in rng.choice(64, cell.size, replace=False))


def few_values(cell, rng):
    return (Fraction(1, 3), Fraction(5, 2)) if cell.side == "negative" else (Fraction(-1, 2), Fraction(0), Fraction(1, 2))


@TANH.check("certified", distinct_values, VALUES, clauses="no piece", distribution="uniform on 64 multiples of 1/8")
@false("an activation with an affine piece", name="hinge3")
def no_affine_fit(cell, values, *, name="tanh", context):
    """Some three of the values (z, sigma(z)) are not on a line, proved in balls; three that may be on one within 128 bits prove nothing."""
    with working_precision(128):
        z = balls(np.array(values, dtype=object))
        images = activation(name)(z)
        turns = [
            (images[j] - images[i]) * (z[k] - z[i]) - (images[k] - images[i]) * (z[j] - z[i]) for i, j, k in combinations(range(len(z)), 3)
        ]
        bent = any(bool(turn > 0) or bool(turn < 0) for turn in turns)
    return true("three values that are not on a line", bent, z=values, activation=name)


TANH.without("enough values", no_affine_fit, few_values)

ORDERS = axes(widths=by_level(((2, 2, 1), (1, 2, 2, 1)), ((2, 2, 1), (1, 3, 2), (1, 2, 2, 1))), quick=2, standard=10, full=50)


def planted_point(place, rng, *, critical=True):
    """theta and data in balls: a planted critical point at normal weights and samples."""
    model, theta = place.model, rng.normal(size=place.model.n_params)
    data = plant(model, theta, rng.normal(size=(enough_samples(model, 3), model.inputs)), size=1, seed=int(rng.integers(2**31)))
    point, x, y = sharpened(model, theta, data)
    return point, (x, y if critical else y + 1)


def balanced_point(place, rng):
    """W = (1, -1) fitted without errors to inputs that the exchange of both, and the change of both signs, leave as they are."""
    low, high = sorted(rng.choice(np.arange(1, 9), 2, replace=False).tolist())
    x = np.array([[low, high], [high, low], [-low, -high], [-high, -low]], dtype=object)
    return balls(np.array([1, -1, 0], dtype=object)), (balls(x), balls(x[:, :1] - x[:, 1:]))


def orders_of(place, c, rng, *, at=planted_point, limit=None):
    """Orders in eps of output error and gradient of the scaled lift of a critical point, from two tiny eps in balls.

    With ``limit`` (place, theta, data, c) that of the gradient without its limit, too. The next order of the expansion is 2^-24 times
    smaller, times a ratio of constants; a hundredth leaves room for ratios up to 10^5. Orders are integers to a hundredth, or None.
    """
    from flint import arb

    norm = lambda values: sum((value * value for value in np.ravel(values)), 0).sqrt()
    with working_precision(400):
        point, data = at(place, rng)
        bias = arb(c.numerator) / c.denominator
        sizes = []
        for power in (24, 25):
            deep, lifted = scaled_lift(place.model, point, place.after, arb(2) ** -power, bias=bias)
            slope = gradient(deep, lifted, data)
            left = () if limit is None else (norm(slope - limit(place, point, data, bias)),)
            sizes.append((norm(deep(lifted, data[0]) - place.model(point, data[0])), norm(slope), *left))
        found = [(coarse / fine).log() / arb(2).log() for coarse, fine in zip(*sizes, strict=True)]
        nearest = [round(float(order.mid())) for order in found]
        return [order if abs(exact - order) * 100 < 1 else None for order, exact in zip(nearest, found, strict=True)]


def limit_elsewhere(place, theta, data, c, *, factor=1):
    """kappa (g, 0) in the parameters of the deep network; \\dot e by a central difference of 2^-100, which errs by its square."""
    from flint import arb

    parts, (x, y), step = place.model.unpack(theta), data, arb(2) ** -100
    _, slope, second = place.model.activation.jet(np.array([c], dtype=object), 2)
    kappa, W = second[0] / slope[0], parts[f"W{place.after + 1}"]
    f = features(place.model, theta, x, place.after)
    moved, h = (f * f) @ W.T, np.concatenate([f, 1 + 0 * f[:, :1]], axis=1)
    p = f @ W.T + parts[f"b{place.after + 1}"]
    e, after, before = (errors_behind(place, parts, p + t * moved, y) for t in (0 * step, step, -step))
    bent = ((after - before) @ W / (4 * step)).T @ h
    bent[:, :-1] = bent[:, :-1] + ((e @ W) * f).T @ f
    deep = deeper(place.model, place.after, W.shape[1])
    new = {name: np.full(shape, 0 * step, dtype=object) for name, shape in deep.shapes.items()}
    new |= {f"W{place.after + 1}": factor * kappa * bent[:, :-1], f"b{place.after + 1}": factor * kappa * bent[:, -1]}
    return deep.pack(**new)


def errors_behind(place, parts, p, y):
    """Derivatives (n, m) of the mean square loss in the pre-activations ``p`` (n, m) of the layer behind the inserted one."""
    numbers, met = range(place.after + 2, place.model.depth + 1), [p]
    for l in numbers:
        met.append(place.model.activation(met[-1]) @ parts[f"W{l}"].T + parts[f"b{l}"])
    e = (met[-1] - y) * 2 / len(y)
    for l, before in zip(reversed(numbers), reversed(met[:-1]), strict=True):
        e = (e @ parts[f"W{l}"]) * place.model.activation.jet(before, 1)[1]
    return e


@TANH.check(
    "certified",
    a_seed,
    ORDERS,
    clauses="inflection",
    scope="eps = 2^-24 and 2^-25",
    distribution="normal weights and samples, planted residuals of l2 norm 1, gradient 2^-256",
)
@false("output of first order", orders=(1, 1))
def orders_at_the_inflection(cell, seed, *, orders=(2, 1), c=Fraction(0), at=planted_point, context):
    """Orders of the output error and of the gradient at c = 0."""
    found = orders_of(Place(cell.widths, "tanh", 1, cell.widths[1]), c, context.rng(seed), at=at)
    outcome = equal(orders=(list(orders), found), shown={"widths": cell.widths, "c": c})
    return worst([outcome], figures=[_pictures.orders()])


TANH.without("inflection", orders_at_the_inflection, c=Fraction(1, 2))
TANH.without("critical", orders_at_the_inflection, at=partial(planted_point, critical=False))


@TANH.check(
    "certified",
    a_seed,
    ORDERS,
    clauses="elsewhere",
    scope="eps = 2^-24 and 2^-25, c = 1/2",
    distribution="normal weights and samples, planted residuals of l2 norm 1, gradient 2^-256",
)
@false("critical in the limit", orders=(1, 1, 1))
@false("twice the limit", limit=partial(limit_elsewhere, factor=2))
def orders_elsewhere(cell, seed, *, orders=(1, 0, 1), limit=limit_elsewhere, seen=True, context):
    """Orders of the output error, of the gradient and of its distance to the limit at c = 1/2."""
    place = Place(cell.widths, "tanh", 1, cell.widths[1]) if seen else Place((2, 1), "tanh", 0, 2)
    found = orders_of(place, Fraction(1, 2), context.rng(seed), at=planted_point if seen else balanced_point, limit=limit)
    return equal(orders=(list(orders), found), shown={"widths": place.widths})


TANH.without("curvature seen", orders_elsewhere, seen=False)
