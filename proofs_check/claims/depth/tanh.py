"""What tanh does instead of an exact lift: it has no affine piece, and its scaled lift is exact in the limit only."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims.depth._places import CRITICAL, DEPTH, Place, rng_of
from proofs_check.claims.depth._points import enough_samples
from theory.lifting.smooth import scaled_lift

TANH_ORDERS = {Fraction(0): (2, 1), Fraction(1, 2): (1, 0)}


def check_line(instance, *, most, context) -> Outcome:
    """Zeros of sigma'' on the range of tanh, from tanh' = 1 - tanh^2; by Rolle a line meets the graph at most two times more often."""
    import sympy

    from theory.activations import activation

    tanh, z, v = activation("tanh"), sympy.Symbol("z"), sympy.Symbol("v")
    first = tanh.flow(z, (v,))[0]
    second = sympy.expand(sympy.diff(first, v) * first)
    zeros = [root for root in sympy.Poly(second, v).real_roots() if -1 < root < 1]
    # tanh z = z / 2 at 0 and twice more: the sign of the difference changes between 1 and 3, so the bound is attained.
    from flint import arb

    attained = 1 + 2 * int(arb(1).tanh() > arb(1) / 2 and arb(3).tanh() < arb(3) / 2)
    bound = len(set(zeros)) + 2
    return Outcome.equal((most, most), (bound, attained), second_derivative=str(second), zeros=[str(root) for root in zeros])


def check_no_affine_fit(instance, *, name, context) -> Outcome:
    """Some three of the values (z, sigma(z)) are not on a line, proved in balls: the data lie in no affine piece."""
    from itertools import combinations

    from numerics.arithmetic.krawczyk import balls, working_precision
    from theory.activations import activation

    with working_precision(128):
        z = balls(np.array(instance, dtype=object))
        values = activation(name)(z)
        for i, j, k in combinations(range(len(z)), 3):
            turn = (values[j] - values[i]) * (z[k] - z[i]) - (values[k] - values[i]) * (z[j] - z[i])
            if turn > 0 or turn < 0:
                return Outcome.holds()
    return Outcome.fails("all values lie on one line within 128 bits", counterexample={"z": list(instance), "activation": name})


def distinct_values(context):
    draws = context.by_level(quick=40, standard=400, full=4000)
    for k in range(draws):
        rng = context.rng(k)
        size = int(rng.integers(4, 7))
        yield tuple(Fraction(int(value), 8) for value in -rng.choice(64, size, replace=False))


def two_values(context):
    return [(Fraction(1, 3), Fraction(5, 2)), (Fraction(-1, 2), Fraction(0), Fraction(1, 2))]


def check_orders(instance, *, orders, context) -> Outcome:
    """Orders in eps of output error and gradient of the scaled lift of a planted point, from two tiny eps in balls."""
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision
    from numerics.hessian import gradient
    from numerics.planting import plant, sharpened

    place, c = instance
    rng = rng_of(place, context)
    model, theta = place.model, rng.normal(size=place.model.n_params)
    n = enough_samples(model, 3)
    data = plant(model, theta, rng.normal(size=(n, model.inputs)), size=1, seed=place.replicate)
    with working_precision(400):
        point, x, y = sharpened(model, theta, data)
        errors, slopes = [], []
        for power in (24, 25):
            deep, lifted = scaled_lift(model, point, place.after, arb(2) ** -power, bias=arb(c.numerator) / c.denominator)
            errors.append(_norm(deep(lifted, x) - model(point, x)))
            slopes.append(_norm(gradient(deep, lifted, (x, y))))
        found = [_log2(pair[0] / pair[1]) for pair in (errors, slopes)]
    expected = orders[c]
    # The next order of the expansion is 2^-24 times smaller, times a ratio of constants; a hundredth leaves room for ratios up to 10^5.
    if all(abs(order - value) * 100 < 1 for order, value in zip(found, expected, strict=True)):
        return Outcome.holds(2)
    shown = {"place": place, "c": c, "orders": [str(order) for order in found]}
    return Outcome.fails(f"orders {[float(order) for order in found]} in eps, expected {expected}", counterexample=shown)


def _norm(values):
    return sum((value * value for value in np.ravel(values)), 0).sqrt()


def _log2(value):
    from flint import arb

    return value.log() / arb(2).log()


def order_instances(context):
    draws = context.by_level(quick=2, standard=10, full=50)
    shapes = ((2, 2, 1), (1, 3, 2), (1, 2, 2, 1))
    return [(Place(widths, "tanh", 1, widths[1], k), c) for widths in shapes for k in range(draws) for c in TANH_ORDERS]


def off_inflection(context):
    return [(Place((2, 2, 1), "tanh", 1, 2, k), Fraction(1, 2)) for k in range(2)]


CLAIMS = [
    Claim(
        id="depth.tanh.not-exact",
        title="tanh lifts only approximately: at the inflection to first order in the gradient, elsewhere not at all",
        statement=r"\text{a line meets } \tanh \text{ in at most 3 points};\quad \hat W = \varepsilon I,\ W' = W / (\varepsilon \tanh'(c)):"
        r"\ c = 0: |f_{\text{deep}} - f| = O(\varepsilon^2),\ |\nabla R_{\text{deep}}| = O(\varepsilon);"
        r"\quad c \neq 0: |f_{\text{deep}} - f| = O(\varepsilon),\ |\nabla R_{\text{deep}}| \not\to 0",
        relation="equality",
        assumptions=[
            CRITICAL,
            Assumption("inflection", r"c = 0 \text{ (for the gradient to vanish)}"),
            Assumption("enough values", r"\text{at least 4 different pre-activations}"),
        ],
        source=Source(DEPTH, "no exact lift for smooth activations; orders derived here"),
        refuted_by="Four values of tanh on a line, or another order in eps.",
        notes="With one or two different features any activation is affine on the data, with three symmetric ones tanh too.",
        checks=[
            Check(
                "line-through-tanh",
                evidence="symbolic",
                covers="instances",
                scope="tanh on the whole line: zeros of its second derivative, Rolle's theorem",
                run=check_line,
                instances=lambda context: [()],
                parameters={"most": 3},
                controls=[Control("at most two points", most=2)],
            ),
            Check(
                "no-affine-fit",
                evidence="certified",
                covers="instances",
                scope="4 to 6 different multiples of 1/8",
                run=check_no_affine_fit,
                instances=distinct_values,
                distribution="uniform on the multiples of 1/8 in [-8, 0]",
                parameters={"name": "tanh"},
                controls=[Control("an activation with an affine piece", name="hinge3")],
            ),
            Check(
                "orders",
                evidence="certified",
                covers="instances",
                scope="planted critical points of [2, 2, 1], [1, 3, 2], [1, 2, 2, 1], eps = 2^-24 and 2^-25, c = 0 and 1/2",
                run=check_orders,
                instances=order_instances,
                distribution="normal weights and samples, planted residuals of l2 norm 1, gradient 2^-256",
                parameters={"orders": TANH_ORDERS},
                controls=[
                    Control("critical in the limit at c = 1/2", orders={Fraction(0): (2, 1), Fraction(1, 2): (1, 1)}),
                    Control("output of first order at c = 0", orders={Fraction(0): (1, 1), Fraction(1, 2): (1, 0)}),
                ],
            ),
        ],
        probes=[
            Probe(drops="enough values", instances=two_values, check="no-affine-fit"),
            Probe(drops="inflection", instances=off_inflection, check="orders", parameters={"orders": {Fraction(1, 2): (2, 1)}}),
        ],
    )
]
