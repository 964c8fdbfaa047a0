"""Initial condensation in pairs, written from the published statements (2105.11686, 2305.09947, 2405.01041).

Instances are drawn as the statements suggest, small rational data and weights; a falsehood that needs a special point has to be met by
them.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from referee_twins import ALMOST_SURELY, AT_EDGES, CONSTANT, DROPPED, EDGE, FLOAT, OFF_BY_ONE, SMALL, Pair, Side, agreed, numbered, sides

from proofs_check import Outcome, Source, draws
from proofs_check.judging import at_most

INITIAL, CONVOLUTION, REDUCTION = "arXiv:2105.11686", "arXiv:2305.09947", "arXiv:2405.01041"


def integers(rng, *shape, size=3):
    return np.vectorize(int, otypes=[object])(rng.integers(-size, size + 1, shape))


def fractions(rng, *shape):
    return np.vectorize(lambda k: Fraction(int(k), 4), otypes=[object])(rng.integers(-9, 10, shape))


# ------------------------------------------------------------------------------------------------- lines on the circle


def drawn_form(rng, p):
    """Small integer coefficients, many of them zero: multiple roots are met."""
    while True:
        form = [int(c) for c in rng.integers(-2, 3, p + 1) * rng.integers(0, 2, p + 1)]
        if any(form):
            return form


def tangent_roots(form):
    """Multiplicities of the real lines of u V_v - v V_u, by flint's enclosures of complex roots, infinity last; None where it vanishes."""
    from flint import fmpq_poly

    p = len(form) - 1
    T = [(p - k + 1) * (form[k - 1] if k else 0) - (k + 1) * (form[k + 1] if k < p else 0) for k in range(p + 1)]
    polynomial = fmpq_poly(T)
    if polynomial.degree() < 0:
        return None
    finite = [k for root, k in polynomial.complex_roots() if root.imag == 0] if polynomial.degree() else []
    return finite + ([p - polynomial.degree()] if p > polynomial.degree() else [])


def check_parity(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    form = drawn_form(rng, int(rng.integers(2, 6)))
    lines = tangent_roots(form)
    if lines is None:
        return Outcome.skipped("every direction is critical")
    return agreed((len(form) - 1) % 2, claimed(lines) % 2, form=form)


def check_bound(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    form = [int(c) for c in rng.integers(-9, 10, int(rng.integers(3, 7)))]
    lines = tangent_roots(form)
    return Outcome.skipped("every direction is critical") if lines is None else at_most("lines", len(lines), claimed(len(form) - 1))


def check_extrema(instance, *, claimed, domain, context):
    from numerics.arithmetic.real_roots import circle_morse

    rng = context.rng(instance)
    form = drawn_form(rng, int(rng.integers(2, 6)))
    if tangent_roots(form) is None:
        return Outcome.skipped("every direction is critical")
    morse = circle_morse(form)
    if not domain(morse):
        return Outcome.skipped("outside")
    return agreed(claimed(len(morse.lines)), morse.count("maximum"), form=form)


def check_constant(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    p = int(rng.choice(domain))
    form = drawn_form(rng, p)
    if rng.random() < 0.3 and p % 2 == 0:  # the edge: powers of u^2 + v^2
        form = [math.comb(p // 2, k // 2) * (1 - k % 2) for k in range(p + 1)]
    return agreed(claimed(p), tangent_roots(form) is None, form=form)


# ------------------------------------------------------------------------------------------------------ multiplicities


SIGMAS = {
    "tanh(z)": (1, 0),
    "sigmoid(z)": (1, 1),
    "cos(z)": (2, 1),
    "z*tanh(z)": (2, 0),
    "exp(z)": (1, 1),
    "softplus(z)": (1, 1),
    "silu(z)": (1, 0),
}


def check_product(instance, *, claimed, domain, context):
    from theory.dynamics.condensation import multiplicity
    from theory.expressions import parse

    rng = context.rng(instance)
    while True:
        name, q = str(rng.choice(list(SIGMAS))), int(rng.integers(1, 4))
        p, offset = SIGMAS[name]
        if domain(offset):
            break
    return agreed(claimed(p, q), multiplicity(parse(f"z**{q}*({name})")), sigma=name, q=q)


def gradient_series(name, rng, D=2, m=1, order=8):
    from numerics.rank.rational_series import gradient_along_ray
    from theory.expressions import parse
    from theory.models import TwoLayer

    model = TwoLayer(D, m, activation=parse(name))
    theta, x, y = fractions(rng, model.n_params), fractions(rng, 3, D), fractions(rng, 3)
    return model, theta, x, y, gradient_along_ray(model, theta, x, y[:, None], order=order)[: m * D]


def check_coefficient(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    p = int(rng.integers(1, 4))
    model, theta, x, y, series = gradient_series(f"z**{p}*(1 + z)", rng)
    w, a = theta[:2], theta[2]
    # sigma^(p)(0) = p!
    expected = a * math.factorial(p) * claimed(p) * (y * np.array([(w @ row) ** (p - 1) for row in x], dtype=object)) @ x / 3
    return agreed(expected, series[:, p], p=p)


def check_gap(instance, *, claimed, domain, context):
    """The first power of the gradient after the leading one, one sample label zero so that the output alone does not matter."""
    rng = context.rng(instance)
    name, p = str(rng.choice(["tanh(z)", "silu(z)", "z*tanh(z)", "z*sigmoid(z) - z/2", "sin(z)"])), None
    p, gap = {"tanh(z)": (1, 2), "silu(z)": (1, 1), "z*tanh(z)": (2, 2), "z*sigmoid(z) - z/2": (2, 2), "sin(z)": (1, 2)}[name]
    series = gradient_series(name, rng)[-1]
    after = [k for k in range(p + 1, series.shape[1]) if any(value != 0 for value in series[:, k])]
    if not after:
        return Outcome.skipped("the gradient vanishes")
    return agreed(claimed(p, gap), after[0], sigma=name)


# --------------------------------------------------------------------------------------------------------- more inputs


def check_cubic(instance, *, claimed, domain, context):
    from theory.dynamics.condensation import LeadingForm

    D = 2 + instance % 4
    axis = [[Fraction(j * (i == k)) for i in range(D - 1)] for k in range(D - 1) for j in (1, 2, 3)]
    x = np.array([[Fraction(0)] * (D - 1), *axis], dtype=object)
    y = np.array([1 - (D - 1) * claimed, *[Fraction(1, 2), Fraction(-1, 2), claimed] * (D - 1)], dtype=object)
    form = LeadingForm(np.concatenate([x, np.ones((len(x), 1), dtype=int).astype(object)], axis=1), y, 3)
    u = integers(context.rng(instance), D)
    return agreed((u**3).sum(), form(u), u=u)


def check_growing(instance, *, claimed, domain, context):
    """Sum of cubes: at how many strict maxima +-1_S of the data's form, found by the inertia along the sphere, is V positive?"""
    from itertools import product

    from numerics.arithmetic.exact import nullspace_rational
    from numerics.hessian.inertias import exact_inertia
    from theory.dynamics.condensation import LeadingForm, augmented, sum_of_powers

    D, values = 2 + instance % 3, []
    x, y = sum_of_powers(D)
    form = LeadingForm(augmented(x), y, 3)
    for v in (sign * np.array(v, dtype=object) for v in product((0, 1), repeat=D) if any(v) for sign in (1, -1)):
        basis = np.array(nullspace_rational(v[None]), dtype=object)
        if exact_inertia(basis @ form.sphere_hessian(v) @ basis.T).negative == D - 1:
            values.append(form(v))
    return agreed(claimed(len(values)), sum(value > 0 for value in values), D=D)


def check_quadratic(instance, *, claimed, domain, context):
    """Directions at rest of u^T M u for diagonal M with small integers: +- every eigenvector if all eigenvalues differ."""
    rng = context.rng(instance)
    D = int(rng.integers(2, 5))
    values = [int(value) for value in rng.integers(-3, 4, D)]
    if not domain(values):
        return Outcome.skipped("outside")
    finite = len(set(values)) == D
    return agreed(claimed(D), 2 * D if finite else "infinitely many", eigenvalues=values)


def check_many(instance, *, claimed, domain, context):
    from numerics.dynamics.orientations import predict_orientations
    from theory.dynamics.condensation import augmented, sum_of_powers

    p, D = domain[instance % len(domain)]
    found = predict_orientations(f"power:{p}", augmented(sum_of_powers(D, p)[0]), sum_of_powers(D, p)[1], starts=100)
    return at_most("growing orientations", len(found.growing), claimed(p, D), attained=False)


# ------------------------------------------------------------------------------------------------------------- offsets


def check_direction(instance, *, claimed, domain, context):
    """exp: the speed of the weights at w = 0 once sum_j a_j = ybar."""
    from theory.models import TwoLayer

    rng = context.rng(instance)
    model, x, y = TwoLayer(2, 2, activation="power:1"), fractions(rng, 3, 2), fractions(rng, 3)
    a = fractions(rng, 1)
    a = np.array([a[0], y.sum() / 3 - a[0]], dtype=object)
    errors = a.sum() - y  # sigma(0) = sigma'(0) = 1
    found = -np.multiply.outer(a, errors @ x) / 3
    return agreed(np.multiply.outer(a, claimed(y) @ x) / 3, found, y=y, width=model.width)


# -------------------------------------------------------------------------------------------------------------- merging


def check_merging(instance, *, claimed, domain, context):
    from theory.activations import activation

    rng = context.rng(instance)
    sigma = activation(str(rng.choice(domain["sigmas"])))
    u, l, a, x = fractions(rng, 2), domain["factor"](rng), fractions(rng, 2), fractions(rng, 5, 2)
    before = a[0] * sigma(x @ u) + a[1] * sigma(l * (x @ u))
    return agreed(before, (a[0] + claimed(sigma.name, l) * a[1]) * sigma(x @ u), sigma=sigma.name, factor=l)


def any_factor(rng):
    return draws.fraction(rng)


def positive(rng):
    return abs(draws.fraction(rng)) + Fraction(1, 4)


# --------------------------------------------------------------------------------------------------------------- depth


def check_rank(instance, *, claimed, domain, context):
    from numerics.arithmetic.exact import rank_rational
    from numerics.rank.rational_series import gradient_along_ray
    from theory.models import FullyConnected

    rng = context.rng(instance)
    model = FullyConnected((2, 2, int(rng.choice(domain))), activation="tanh", bias=False)
    x, y = fractions(rng, 3, 2), fractions(rng, 3, model.outputs)
    coefficient = gradient_along_ray(model, fractions(rng, model.n_params), x, y, order=2)[:4, 1].reshape(2, 2)
    return at_most("rank", rank_rational(coefficient), claimed)


def check_vector(instance, *, claimed, domain, context):
    """The kernel after a long time of W' = Z A, A' = Z^T W for a rational matrix Z with singular values 3 and 1."""
    rng = context.rng(instance)
    rotation = lambda t: np.array([[1 - t * t, -2 * t], [2 * t, 1 - t * t]], dtype=object) / (1 + t * t)
    left, right = rotation(draws.fraction(rng)), rotation(draws.fraction(rng))
    w, a = fractions(rng, 2), fractions(rng, 2)
    along = (w + 0) @ left[:, 0] + a @ right[:, 0]
    if along == 0:
        return Outcome.skipped("the kernel never aligns")
    limit = left[:, 0]  # the growing component of W is half of along times u_1
    predicted = claimed(left, right)[:, 0]
    return agreed(0, limit[0] * predicted[1] - limit[1] * predicted[0], left=left, right=right)


def check_time_scale(instance, *, claimed, domain, context):
    """a' = a^p blows up at a(0)^(1-p)/(p-1): from epsilon a(0) at epsilon^-power of that."""
    rng = context.rng(instance)
    p, epsilon, a = int(rng.integers(2, 5)), Fraction(1, int(rng.integers(2, 9))), abs(fractions(rng, 1)[0]) + 1
    time = lambda start: start ** (1 - p) / (p - 1)
    return agreed(time(a) / epsilon ** claimed(p), time(epsilon * a), p=p)


# --------------------------------------------------------------------------------------------------------------- rates


def check_share(instance, *, claimed, domain, context):
    """D = 2, Gaussian start: P(|s| k sqrt(cosh 2 tau) < |w|) = (2/pi) atan(1/(k sqrt(cosh 2 tau))), against its leading law."""
    from flint import arb

    tau, k = 6 + instance % 4, arb(1)
    exact = 2 / arb.pi() * (1 / (k * arb(2 * tau).cosh().sqrt())).atan()
    return at_most("ratio", abs(exact * claimed(arb(tau)).exp() * arb.pi() / 2 / arb(2).sqrt() - 1), arb("0.01"), attained=False)


def check_average(instance, *, claimed, domain, context):
    """The mean of r^2/(1 + r^2), r = q tan(angle) with a uniform angle, by integration in balls."""
    from flint import acb, arb

    q = arb(1) / (2 + instance % 5)
    value = acb.integral(lambda t, _: q**2 * t.sin() ** 2 / (t.cos() ** 2 + q**2 * t.sin() ** 2) * 2 / acb.pi(), 0, acb.pi() / 2).real
    return at_most("distance", abs(value - claimed(q)), arb("1e-10"), attained=False)


def check_sign(instance, *, claimed, domain, context):
    """Adam's first step is the sign of the gradient; and every later one along gradients alpha_t z."""
    rng = context.rng(instance)
    z, alphas = fractions(rng, 3), fractions(rng, 4)
    m = [sum(Fraction(9, 10) ** (3 - t) * alpha for t, alpha in enumerate(alphas)) * entry for entry in z]
    v = [sum(Fraction(1, 2) ** (3 - t) * alpha**2 for t, alpha in enumerate(alphas)) * entry**2 for entry in z]
    steps = [0 if b == 0 else a * a / b * (1 if a > 0 else -1) for a, b in zip(m, v, strict=True)]
    unit = next((abs(step) for step in steps if step != 0), None)
    if unit is None:
        return Outcome.skipped("no step")
    sign = 1 if sum(Fraction(9, 10) ** (3 - t) * alpha for t, alpha in enumerate(alphas)) > 0 else -1
    return agreed([sign * unit * entry for entry in claimed(z)], steps, z=z)


def signs(z):
    return [int(entry > 0) - int(entry < 0) for entry in z]


def at(paper, where):
    return Source(paper, where)


SAMPLES = numbered(40, 100)
PAIRS = [
    Pair(
        id="condensation-twin.parity",
        title="Parity of the number of lines",
        difficulty=EDGE,
        source=at(INITIAL, "5.2"),
        scope="p = 2 .. 5",
        run=check_parity,
        instances=AT_EDGES,
        control=("one more", lambda lines: sum(lines) + 1),
        true=Side(statement=r"r \equiv p \pmod 2 \text{ with multiplicity}", claimed=sum),
        false=Side(statement=r"r \equiv p \pmod 2 \text{, each line once}", claimed=len),
    ),
    Pair(
        id="condensation-twin.bound",
        title="Number of lines",
        difficulty=OFF_BY_ONE,
        source=at(INITIAL, "5.2"),
        scope="p = 2 .. 5",
        run=check_bound,
        instances=SAMPLES,
        relation="upper",
        control=("none", lambda p: 0),
        true=Side(statement=r"r \le p", claimed=lambda p: p),
        false=Side(statement=r"r \le p - 1", claimed=lambda p: p - 1),
    ),
    Pair(
        id="condensation-twin.extrema",
        title="Maxima and lines",
        difficulty=DROPPED,
        source=at(INITIAL, "5.2"),
        scope="p = 2 .. 5",
        run=check_extrema,
        instances=AT_EDGES,
        control=("one more", lambda r: r + 1),
        true=Side(statement=r"r \text{ maxima if all lines are simple}", claimed=lambda r: r, domain=lambda morse: morse.simple),
        false=Side(statement=r"r \text{ maxima}", claimed=lambda r: r, domain=lambda morse: True),
    ),
    Pair(
        id="condensation-twin.constant",
        title="Forms that are constant on the circle",
        difficulty=SMALL,
        source=at(INITIAL, "5.2"),
        scope="p = 1 .. 4",
        run=check_constant,
        instances=AT_EDGES,
        control=("always", lambda p: True),
        true=Side(statement=r"T \neq 0 \text{ for odd } p, V \neq 0", claimed=lambda p: False, domain=[1, 3, 5]),
        false=Side(statement=r"T \neq 0 \text{ for } V \neq 0", claimed=lambda p: False, domain=[1, 2, 3, 4]),
    ),
    Pair(
        id="condensation-twin.product",
        title="Multiplicity of a product",
        difficulty=DROPPED,
        source=at(INITIAL, "Definition 1"),
        scope="q = 1 .. 3",
        run=check_product,
        instances=SAMPLES,
        control=("one more", lambda p, q: p + q + 1),
        true=Side(
            statement=r"z^q \sigma \text{ has } q + p \text{ if } \sigma(0) = 0",
            claimed=lambda p, q: p + q,
            domain=lambda offset: not offset,
        ),
        false=Side(statement=r"z^q \sigma \text{ has } q + p", claimed=lambda p, q: p + q, domain=lambda offset: True),
    ),
    Pair(
        id="condensation-twin.coefficient",
        title="Coefficient of the leading field",
        difficulty=CONSTANT,
        source=at(INITIAL, "5"),
        scope="p = 1 .. 3",
        run=check_coefficient,
        instances=SAMPLES,
        control=("none", lambda p: Fraction(7)),
        true=Side(statement=r"\sigma^{(p)}(0)/(p-1)!", claimed=lambda p: Fraction(1, math.factorial(p - 1))),
        false=Side(statement=r"\sigma^{(p)}(0)/p!", claimed=lambda p: Fraction(1, math.factorial(p))),
    ),
    Pair(
        id="condensation-twin.gap",
        title="Order of the remainder",
        difficulty=SMALL,
        source=at(INITIAL, "5"),
        scope="five activations",
        run=check_gap,
        instances=SAMPLES,
        control=("one order", lambda p, gap: p + 3),
        true=Side(statement=r"\varepsilon^{p+g}", claimed=lambda p, gap: p + gap),
        false=Side(statement=r"\varepsilon^{p+2}", claimed=lambda p, gap: p + 2),
    ),
    Pair(
        id="condensation-twin.cubic",
        title="Data of the sum of cubes",
        difficulty=FLOAT,
        source=at(INITIAL, "abstract"),
        scope="D = 2 .. 5",
        run=check_cubic,
        instances=SAMPLES,
        control=("1/3", Fraction(1, 3)),
        true=Side(statement=r"y = 1 - (D-1)/6, 1/2, -1/2, 1/6", claimed=Fraction(1, 6)),
        false=Side(statement=r"y = 1 - (D-1)/6, 1/2, -1/2, 1/6 \text{ as double precision numbers}", claimed=Fraction(1 / 6)),
    ),
    Pair(
        id="condensation-twin.growing",
        title="Growth along attracting directions",
        difficulty=EDGE,
        source=at(INITIAL, "abstract"),
        scope="D = 2 .. 4",
        run=check_growing,
        instances=numbered(6, 12),
        control=("none", lambda count: 0),
        true=Side(
            statement=r"\text{all but one of the } D + 1 \text{ maxima of } \sum u_k^3 \text{ have } V > 0", claimed=lambda count: count - 1
        ),
        false=Side(statement=r"\text{all } D + 1 \text{ have } V > 0", claimed=lambda count: count),
    ),
    Pair(
        id="condensation-twin.quadratic",
        title="Directions at rest, p = 2",
        difficulty=ALMOST_SURELY,
        source=at(INITIAL, "5"),
        scope="D = 2 .. 4",
        run=check_quadratic,
        instances=AT_EDGES,
        control=("four", lambda D: 2 * D + 2),
        true=Side(
            statement=r"2D \text{ if all eigenvalues differ}",
            claimed=lambda D: 2 * D,
            domain=lambda values: len(set(values)) == len(values),
        ),
        false=Side(statement=r"2D", claimed=lambda D: 2 * D, domain=lambda values: True),
    ),
    Pair(
        id="condensation-twin.many",
        title="At most 2p orientations",
        difficulty=SMALL,
        source=at(INITIAL, "abstract"),
        scope="p = 2 .. 4",
        run=check_many,
        instances=numbered(6, 12),
        relation="upper",
        evidence="certified",
        control=("two", lambda p, D: 2),
        true=Side(statement=r"\le 2p \text{ for } D = 2", claimed=lambda p, D: 2 * p, domain=[(3, 2), (4, 2), (5, 2)]),
        false=Side(statement=r"\le 2p", claimed=lambda p, D: 2 * p, domain=[(3, 2), (3, 3), (4, 3), (3, 4)]),
    ),
    Pair(
        id="condensation-twin.direction",
        title="Direction with sigma(0) != 0",
        difficulty=CONSTANT,
        source=at(INITIAL, "4.2"),
        scope="exp, two neurons",
        run=check_direction,
        instances=SAMPLES,
        control=("opposite", lambda y: y.sum() / 3 - y),
        true=Side(statement=r"\sum (y_i - \bar y) x_i", claimed=lambda y: y - y.sum() / 3),
        false=Side(statement=r"\sum y_i x_i", claimed=lambda y: y),
    ),
    Pair(
        id="condensation-twin.merging",
        title="Merging of parallel ReLU neurons",
        difficulty=DROPPED,
        source=at(REDUCTION, "reduction"),
        scope="d = 2",
        run=check_merging,
        instances=AT_EDGES,
        control=("unscaled", lambda name, l: l + 1),
        true=Side(statement=r"a_1 + l a_2,\ l > 0", claimed=lambda name, l: l, domain={"sigmas": ["relu", "leaky"], "factor": positive}),
        false=Side(statement=r"a_1 + l a_2", claimed=lambda name, l: l, domain={"sigmas": ["relu", "leaky"], "factor": any_factor}),
    ),
    Pair(
        id="condensation-twin.opposite",
        title="Merging of opposite neurons",
        difficulty=EDGE,
        source=at(REDUCTION, "reduction"),
        scope="d = 2",
        run=check_merging,
        instances=SAMPLES,
        control=("twice", lambda name, l: 2),
        true=Side(
            statement=r"a_1 - a_2 \text{ for odd, } a_1 + a_2 \text{ for even } \sigma",
            claimed=lambda name, l: -1 if name in ("ratsig", "power:3") else 1,
            domain={"sigmas": ["ratsig", "power:3", "lorentz", "power:2"], "factor": lambda rng: Fraction(-1)},
        ),
        false=Side(
            statement=r"a_1 - a_2",
            claimed=lambda name, l: -1,
            domain={"sigmas": ["ratsig", "power:3", "lorentz", "power:2"], "factor": lambda rng: Fraction(-1)},
        ),
    ),
    Pair(
        id="condensation-twin.rank",
        title="Rank of the leading gradient",
        difficulty=DROPPED,
        source=at(INITIAL, "5.1"),
        scope="2-2-1 and 2-2-2",
        run=check_rank,
        instances=SAMPLES,
        relation="upper",
        control=("zero", 0),
        true=Side(statement=r"\operatorname{rank} \le 1 \text{ for one output}", claimed=1, domain=[1]),
        false=Side(statement=r"\operatorname{rank} \le 1", claimed=1, domain=[1, 2]),
    ),
    Pair(
        id="condensation-twin.vector",
        title="Singular vector of a kernel",
        difficulty=EDGE,
        source=at(CONVOLUTION, "abstract"),
        scope="2 x 2",
        run=check_vector,
        instances=SAMPLES,
        control=("second vector", lambda left, right: left[:, ::-1]),
        true=Side(statement=r"W \to u_1", claimed=lambda left, right: left),
        false=Side(statement=r"W \to v_1", claimed=lambda left, right: right),
    ),
    Pair(
        id="condensation-twin.time-scale",
        title="Time scale of the blow-up",
        difficulty=CONSTANT,
        source=at(INITIAL, "5"),
        scope="p = 2 .. 4",
        run=check_time_scale,
        instances=SAMPLES,
        control=("none", lambda p: 0),
        true=Side(statement=r"\varepsilon^{-(p-1)}", claimed=lambda p: p - 1),
        false=Side(statement=r"\varepsilon^{-p}", claimed=lambda p: p),
    ),
    Pair(
        id="condensation-twin.share",
        title="Share of neurons not yet aligned",
        difficulty=CONSTANT,
        source=at(INITIAL, "5.1"),
        scope="D = 2, tau = 6 .. 9",
        run=check_share,
        instances=SAMPLES,
        evidence="certified",
        control=("constant", lambda tau: 0 * tau),
        true=Side(statement=r"\propto e^{-\tau}", claimed=lambda tau: tau),
        false=Side(statement=r"\propto e^{-2\tau}", claimed=lambda tau: 2 * tau),
    ),
    Pair(
        id="condensation-twin.average",
        title="Mean misalignment of kernels",
        difficulty=CONSTANT,
        source=at(CONVOLUTION, "abstract"),
        scope="K = 2",
        run=check_average,
        instances=SAMPLES,
        evidence="certified",
        control=("one", lambda q: 0 * q + 1),
        true=Side(statement=r"\text{mean } q/(1+q)", claimed=lambda q: q / (1 + q)),
        false=Side(statement=r"\text{mean } q^2/(1+q^2)", claimed=lambda q: q**2 / (1 + q**2)),
    ),
    Pair(
        id="condensation-twin.adam",
        title="Direction under Adam",
        difficulty=CONSTANT,
        source=at(INITIAL, "experiments"),
        scope="D = 3, four steps",
        run=check_sign,
        instances=SAMPLES,
        control=("opposite", lambda z: [-s for s in signs(z)]),
        true=Side(statement=r"\operatorname{sign} z", claimed=signs),
        false=Side(statement=r"z/|z_1|", claimed=lambda z: [entry / next(abs(e) for e in z if e) if any(z) else 0 for entry in z]),
    ),
]


def claims(side):
    return sides(PAIRS, side)
