r"""Convolutional networks: kernels of small weights turn to the top left singular vector of the matrix of patches and labels."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.block_exponential import linear_stage
from numerics.arithmetic.exact import fraction
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.datasets import digits as pictures
from numerics.flows.validated_flow import enclose, patch_field
from numerics.rank.rational_series import gradient_along_ray
from numerics.train import GradientFlow, train
from proofs_check import Assumption, axes, by_level, claim, false, nothing
from proofs_check.judging import at_least, at_most, equal, worst
from theory.dynamics.condensation import patch_matrix
from theory.dynamics.condensation.linear import component_ratio, mean_and_median_square_sine
from theory.models import TwoLayerCNN

from . import CENTRED, CONVOLUTION, FLOW, GAUSSIAN, SMALL
from ._draws import not_zero
from .multiplicity_two import orthogonal

GAP = Assumption("gap", r"s_1 > s_2 \text{: the largest singular value of } Z \text{ is simple}")

CNN = claim(
    "condensation.cnn",
    "Kernels of a convolutional network turn to the top left singular vector",
    r"W_b' = Z A_b,\ A_b' = Z^T W_b,\quad 1 - \cos^2(W_b, u_1) \sim C_b\, e^{-2(s_1 - s_2)t},\quad Z = "
    r"\tfrac{\sigma'(0)}{n} \sum_i y_i X_i",
    clauses={
        "linear": r"\text{the leading coefficients of the field are } Z A_b \text{ and } Z^T W_b",
        "components": r"W_b \cdot u_k = \cosh(s_k t)\, W_b(0) \cdot u_k + \sinh(s_k t)\, A_b(0) \cdot v_k",
        "rate": r"K \ge 2 \text{: for every kernel, almost surely, } -\tfrac{1}{t} \ln(1 - \cos^2(W_b, u_1)) \to 2(s_1 - s_2)",
        "average": r"K = 2 \text{: } 1 - \cos^2 \text{ has mean } \tfrac{q}{1+q} \text{ and median } \tfrac{q^2}{1+q^2},\ q^2 = "
        r"\tfrac{\cosh 2 s_2 t}{\cosh 2 s_1 t}",
        "digits": r"\text{kernels trained on handwritten digits are where the linear stage puts them}",
        "network": r"\text{a tanh network deviates from this by } O(\varepsilon^2) \text{ relative to its size}",
    },
    symbols=["W_b", "A_b", "X_i", "Z", "s_k", "u_k", "v_k", "K", "y_i", "n", "\\sigma", "\\varepsilon", "C_b"],
    assumptions=[CENTRED, GAP, GAUSSIAN, SMALL, FLOW],
    source=CONVOLUTION.at("abstract and theorem on the final direction; rates and averages are ours"),
    refuted_by="a kernel that turns elsewhere or at another rate",
    notes="The mean over kernels decays at s_1 - s_2, half the rate of a single kernel, because of kernels that start almost orthogonal to "
    "u_1. Behind a global average pooling Z has rank one.",
)

SHAPES = {"line": (5, 3, 1), "stride two": (7, 3, 2), "image": ((3, 4), (2, 2), 1)}


def small_networks(cell, rng):
    """A CNN with rational parameters and data."""
    inputs, kernel, stride = SHAPES[cell.shape]
    model = TwoLayerCNN(inputs, kernel, 2, stride=stride, activation=cell.sigma)
    return model, not_zero(rng, model.n_params), not_zero(rng, 3, model.input_size), not_zero(rng, 3)


@CNN.check("exact", small_networks, axes(shape=tuple(SHAPES), sigma=("tanh", "silu"), quick=1, standard=5, full=30), clauses="linear")
@false("labels ignored", labels=lambda y: 0 * y + 1)
@false("sigma'(0) forgotten (s)", slope=lambda sigma: 1)
def linear(cell, drawn, *, labels=lambda y: y, slope=lambda sigma: Fraction(1, 2) if sigma == "silu" else 1, context):
    """The coefficients of epsilon^0 and epsilon^1 of the field of the true network."""
    model, theta, x, y = drawn
    series = np.frompyfunc(fraction, 1, 1)(gradient_along_ray(model, theta, x, y[:, None], order=2))
    parts, Z = model.unpack(theta), slope(cell.sigma) * patch_matrix(model, x, labels(y))
    expected = np.concatenate([(parts["output_weights"] @ Z.T).ravel(), (parts["kernels"] @ Z).ravel()])
    return equal(below=(0 * series[:, 0], series[:, 0]), leading=(expected, series[:, 1]))


def planted(cell, rng):
    """Z = u diag(s) v^T with rational orthogonal u (K, K), v (P, P), and rational starts of two kernels, no component at rest."""
    K, P = cell.K, cell.P
    u, v = orthogonal(rng, K), orthogonal(rng, P)
    s = [Fraction(3), Fraction(2), Fraction(1), Fraction(1, 2), Fraction(1, 4)][: min(K, P)]
    Z = sum(value * np.outer(u[:, k], v[:, k]) for k, value in enumerate(s))
    while True:
        weights, outgoing = not_zero(rng, 2, K), not_zero(rng, 2, P)
        if (weights @ u[:, :2] + outgoing @ v[:, :2]).all():
            return u, s, v, Z, weights, outgoing


FORMS = axes(K=by_level((2, 3, 4), (2, 3, 4, 5)), P=by_level((2, 4), (2, 3, 4, 5)), quick=1, standard=2, full=20)


@CNN.check("certified", planted, FORMS, clauses="components")
@false("components along the right vectors exchanged (s)", sides=lambda u, v: (v[: len(u), : len(u)] if len(v) >= len(u) else u[::-1], v))
@false("exponentials of 2 s", speed=2)
def components(cell, drawn, *, sides=lambda u, v: (u, v), speed=1, context):
    """The exponential of the block matrix in balls against the hyperbolic functions: apart by less than 1e-20 in every component."""
    u, s, v, Z, weights, outgoing = drawn
    with working_precision(160):
        after, _ = linear_stage(Z, weights, outgoing, Fraction(3, 2), bits=160)
        left, right = sides(u, v)
        found = after @ balls(left)
        apart = []
        for k, value in enumerate(s):
            time = ball(value) * Fraction(3, 2).numerator / 2 * speed
            expected = balls(weights @ left[:, k]) * time.cosh() + balls(outgoing @ right[:, k]) * time.sinh()
            apart += [abs(a - b) for a, b in zip(found[:, k], expected, strict=True)]
    return worst(at_most("component", one, 1e-20, attained=False) for one in apart)


@CNN.check("certified", planted, FORMS, clauses="rate")
@false("rate 2 s_1", rate=lambda s: 2 * s[0])
@false("rate s_1 - s_2 (s)", rate=lambda s: s[0] - s[1])
@false("rate s_1 - s_2 for more than three values", rate=lambda s: (1 + (len(s) < 4)) * (s[0] - s[1]))
@false("towards the second vector", vector=1)
def rate(cell, drawn, *, rate=lambda s: 2 * (s[0] - s[1]), vector=0, context):
    """ln of 1 - cos^2 between t = 16 and 32 over 16, in balls of 400 bits: within 1e-5 of the rate (the next terms are below e^-32)."""
    u, s, _, Z, weights, outgoing = drawn
    with working_precision(400):
        squares = [square_sines(linear_stage(Z, weights, outgoing, time, bits=400)[0], balls(u), vector) for time in (16, 32)]
        found = [(before / after).log() / 16 for before, after in zip(*squares, strict=True)]
        return worst(at_most("distance from the rate", abs(value - ball(rate(s))), 1e-5, attained=False) for value in found)


def square_sines(rows, u, vector):
    """1 - cos^2 of every row with a column of u, from the other components."""
    parts = rows @ u
    others = [k for k in range(u.shape[1]) if k != vector]
    return [sum(row[k] * row[k] for k in others) / sum(entry * entry for entry in row) for row in parts]


def equal_values(cell, rng):
    u, s, v, Z, weights, outgoing = planted(cell, rng)
    s = [s[0], s[0], *s[2:]]
    return u, [Fraction(3), Fraction(2), *s[2:]], v, sum(value * np.outer(u[:, k], v[:, k]) for k, value in enumerate(s)), weights, outgoing


CNN.without("gap", rate, equal_values)


@CNN.check("certified", nothing, axes(s2=("0", "1/2", "9/10"), t=(1, 3, 6)), clauses="average")
@false("mean at the rate of a single kernel (s)", mean=lambda q: q * q / (1 + q * q))
@false("median at half the rate of a single kernel (s)", median=lambda q: q / (1 + q))
def average(cell, _, *, mean=lambda q: mean_and_median_square_sine(q)[0], median=lambda q: mean_and_median_square_sine(q)[1], context):
    """Integrals over the quotient of two normal numbers (Cauchy's law) in balls: the mean, and the probability below the median."""
    from flint import acb, arb

    q = component_ratio(1.0, float(Fraction(cell.s2)), cell.t)
    with working_precision(128):
        square = arb(q) ** 2
        # 1 - cos^2 = r^2/(1 + r^2) with r = q |C| and |C| = tan(angle), the angle uniform on a quarter of the circle
        sine = lambda angle, _: square * angle.sin() ** 2 / (angle.cos() ** 2 + square * angle.sin() ** 2) * 2 / acb.pi()
        inner = acb.integral(sine, 0, acb.pi() / 2).real
        half = 2 / arb.pi() * (arb(median(q)) / (1 - arb(median(q))) / square).sqrt().atan()
        return worst([
            at_most("mean", abs(inner - arb(mean(q))), 1e-12, attained=False),
            at_most("probability below the median", abs(half - arb("0.5")), 1e-12, attained=False),
        ])  # fmt: skip


def tiny_networks(cell, rng):
    """A tanh CNN on two samples, with rational rows of order one to be scaled."""
    model = TwoLayerCNN(4, 2, cell.m, activation="tanh")
    while True:
        x, y = rng.integers(-8, 9, (2, 4)) / 8, rng.integers(-8, 9, 2) / 4
        if np.linalg.svd(patch_matrix(model, x, y))[1][0] > 0.3:
            return model, x, y, rng.integers(-16, 17, model.n_params) / 16


@CNN.check("certified", tiny_networks, axes(m=by_level((1,), (1, 2)), quick=1, standard=1, full=4), clauses="network")
@false("of order epsilon", order=1)
@false("of order epsilon^4", order=4)
def network(cell, drawn, *, order=2, context):
    """The CNN by a validated flow to 3/(2 s_1), the linear stage in balls: the deviation from epsilon and from epsilon/2 falls by 2^3."""
    model, x, y, rows = drawn
    deviation = [apart(model, x, y, rows, Fraction(1, 500 * half)) for half in (1, 2)]
    ratio = deviation[0] / deviation[1] / 2 ** (order + 1)
    return worst([at_most("ratio", ratio, 1.02, attained=False), at_least("ratio", ratio, 0.98, attained=False)])


def apart(model, x, y, rows, epsilon):
    """The norm of the difference between the enclosed network and the linear stage."""
    with working_precision(128):
        Z, start = patch_matrix(model, x, y), balls(rows) * ball(epsilon)
        time = 1.5 / np.linalg.svd(Z)[1][0]
        each = balls(np.full(len(y), 1)) / len(y)
        end = enclose(patch_field(model, balls(x), balls(y), each), start, time, order=14, bits=128, tolerance=1e-20)
        parts = model.unpack(start)
        kernels, outgoing = linear_stage(exact_patches(model, x, y), parts["kernels"], parts["output_weights"], time, bits=128)
        difference = end - np.concatenate([kernels.ravel(), outgoing.ravel()])
        return sum(entry * entry for entry in difference).sqrt()


def exact_patches(model, x, y):
    """Z in balls."""
    return ((balls(y) @ balls(x)) / len(y))[model.patches].T


@CNN.check(
    "training",
    ["parity", "is it a one"],
    clauses="digits",
    scope="500 images of 8 x 8, kernels 3 x 3, tanh, 12 networks of 12 kernels, weights of N(0, 10^-10), to e^(s_1 t) = 300",
    level="full",
    alpha=1e-5,
)
@false("the second singular vector", vector=1)
@false("the time halved", share=0.5)
def digits(labels, *, vector=0, share=1.0, context):
    """|cos(W_b, u_1)| of every kernel against that of the linear stage from its own start: within 0.02."""
    x, digit = pictures()
    y = np.where(digit % 2, 1.0, -1.0) if labels == "parity" else np.where(digit == 1, 1.0, -1.0)
    model, networks = TwoLayerCNN((8, 8), (3, 3), 12, activation="tanh"), 12
    u, s, v = np.linalg.svd(patch_matrix(model, x, y), full_matrices=False)
    starts, time = np.array([model.init(context.rng((labels, k)), scale=1e-5) for k in range(networks)]), np.log(300) / s[0]
    flow, halves = GradientFlow(time=time, rtol=1e-6), np.full(len(y), 0.5 / len(y))
    trained = train(model, starts, (x, y[:, None]), method=flow, steps=2000, weights=halves).theta
    before, after = model.unpack(starts), model.unpack(trained)["kernels"]
    t = share * time
    parts = (before["kernels"] @ u) * np.cosh(s * t) + (before["output_weights"] @ v.T) * np.sinh(s * t)
    expected = np.abs(parts[..., vector]) / np.linalg.norm(parts, axis=-1)
    found = np.abs(after @ u[:, 0]) / np.linalg.norm(after, axis=-1)
    hits = int((np.abs(found - expected) < 0.02).sum())
    return context.rate(hits, found.size, what=f"kernels on {labels}", at_least=0.9, margin=0.2, parts=2)
