r"""The covariance of the gradient noise that dropout makes, in closed form and as a sum of squares."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rational, rationals
from numerics.dynamics.masks import mask_moments
from proofs_check import axes, by_level, claim, false
from proofs_check.judging import equal, vanishing
from theory.dynamics.dropout import covariance, covariance_block, covariance_factors

from . import EQUATIONS, INDEPENDENT, LAST, SQUARE, THROUGH
from ._draws import arrays, fractions, generic, product_of_pulls, symbols

COVARIANCE = claim(
    "dropout.covariance",
    "The covariance of dropout's gradient noise",
    r"\Sigma_{kr} = \operatorname{Cov}(\nabla_{\theta_k} R^\xi, \nabla_{\theta_r} R^\xi) \text{ in closed form}",
    clauses={
        "same neuron": r"\Sigma_{kk} = v\, G_k G_k^T + v (1 + v) \sum_{j \ne k} h_{kj} h_{kj}^T",
        "two neurons": r"\Sigma_{kr} = v \sum_{j \ne k, r} h_{kj} h_{rj}^T + v (E_k h_{rk}^T + h_{kr} E_r^T)"
        r" + v^2 (h_{kk} h_{rk}^T + h_{kr} h_{rr}^T + h_{kr} h_{rk}^T), \quad k \ne r",
        "factors": r"\Sigma = v \sum_k A_k A_k^T + v^2 \sum_{j < k} B_{jk} B_{jk}^T, \quad A_k = \nabla \tfrac{1}{n} \sum_i (e_i s_{ik}"
        r" + \tfrac{v - 1}{2} s_{ik}^2), \; B_{jk} = \nabla \tfrac{1}{n} \sum_i s_{ij} s_{ik} \; (e_i \text{ differentiated too})",
        "critical": r"\text{where } \nabla_{\theta_k} L = 0 \text{ for all } k: \; \Sigma_{kk} = v (1 + v) \sum_{j \ne k} h_{kj} h_{kj}^T",
        "null": r"u \cdot g_{ik} = 0 \text{ for all } i, k \;\Rightarrow\; \Sigma u = 0, \; H_{GN} u = 0",
    },
    symbols={
        r"\Sigma": "covariance of the gradient of the loss over masks",
        "v": "(1 - p)/p",
        "G_k": r"\nabla_{\theta_k} L = (1/n) sum_i (e_i + v s_ik) g_ik",
        "E_k": "(1/n) sum_i e_i g_ik",
        "h_{kj}": "(1/n) sum_i s_ij g_ik",
        r"R^{\xi}": "loss of the mask xi",
        "e_i": "error without dropout",
        "s_{ij}": "contribution of neuron j on sample i",
        "g_{ik}": "gradient of s_ik in the parameters; several neurons may share some, then the blocks add up; there are no others",
    },
    assumptions=[LAST, SQUARE, INDEPENDENT, THROUGH],
    source=EQUATIONS.at("Section 3, for two-layer networks; the closed form is ours"),
    kind="extension",
    refuted_by="one network whose gradients over all masks have another covariance",
)


def pulled(s, g, k, j):
    """h_kj."""
    return (s[:, j][..., None] * g[:, k]).sum(axis=(0, 1)) / len(s)


def outer(*pair):
    return np.multiply.outer(*pair)


def without_errors(s, y, g, v, k, r):
    return covariance_block(s, s.sum(axis=1), g, v, k, r)


def without_square(s, y, g, v, k, r):
    """v (1 + v) replaced by v on the diagonal."""
    taken = sum((outer(pulled(s, g, k, j), pulled(s, g, k, j)) for j in range(s.shape[1]) if j != k), start=0)
    return covariance_block(s, y, g, v, k, r) - (v * v * taken if k == r else 0)


def with_gradients(s, y, g, v, k, r):
    """e_i replaced by e_i + v s_ik off the diagonal: the gradient of L where that of R_S belongs."""
    more = outer(pulled(s, g, k, k), pulled(s, g, r, k)) + outer(pulled(s, g, k, r), pulled(s, g, r, r))
    return covariance_block(s, y, g, v, k, r) + (v * v * more if k != r else 0)


def first_order(s, y, g, v, k, r):
    """v^2 replaced by v off the diagonal."""
    h = lambda a, b: pulled(s, g, a, b)
    second = outer(h(k, k) + h(k, r), h(r, k)) + outer(h(k, r), h(r, r))
    return covariance_block(s, y, g, v, k, r) + ((v - v * v) * second if k != r else 0)


@COVARIANCE.check(
    "symbolic",
    [(0, 0), (0, 1)],
    axes(block=("same neuron", "two neurons")),
    clauses=("same neuron", "two neurons", "critical"),
    cell=lambda pair: {"block": "same neuron" if pair[0] == pair[1] else "two neurons"},
    covers="statement",
    scope="four neurons, two samples, free symbols: no monomial has more of either, so the identity is that of all m and n",
)
@false("without the terms of the errors", block=without_errors)
@false("v (1 + v) replaced by v", block=without_square)
@false("e_i replaced by e_i + v s_ik between two neurons", block=with_gradients)
@false("v^2 replaced by v between two neurons", block=first_order)
def generic_symbols(pair, *, block=covariance_block, context):
    """E of the product of two pulls less the product of their means, by the moments of one mask."""
    import sympy

    (k, r), v = pair, sympy.Symbol("v")
    s, y, g, _ = generic(4, 2)
    g = g[..., sorted({k, r})]  # the parameters of these two neurons
    product, means = product_of_pulls(k, r)
    found = sympy.expand(product - means)
    predicted = sympy.expand(block(s, y, g, v, k, r)[0, -1])
    if k != r:
        return equal(block=(predicted, found))
    spread = v * (1 + v) * sum(pulled(s, g, k, j)[0] ** 2 for j in range(4) if j != k)
    return equal(block=(predicted, found), block_less_gradients=(sympy.expand(spread), sympy.expand(found - v * means)))


@COVARIANCE.check(
    "symbolic",
    [()],
    clauses="factors",
    covers="statement",
    scope="four neurons, two samples, free symbols, one parameter of every neuron: by polarization all entries of Sigma",
)
@false("v^2 replaced by v", weights=lambda v: (v, v))
@false("pairs counted twice", weights=lambda v: (v, 2 * v * v))
@false("(v - 1)/2 replaced by v/2", factors=lambda s, y, g, v: covariance_factors(s, y, g, v + 1))
def sum_of_squares(_, *, factors=covariance_factors, weights=lambda v: (v, v * v), context):
    """The blocks add up to the sum of squares."""
    import sympy

    v = sympy.Symbol("v")
    s, y, g, _ = generic(4, 2)
    g = g[..., :2]
    single, pairs = factors(s, y, g, v)
    one, two = weights(v)
    entries = [(0, 0), (0, 1)]
    found = [sympy.expand(one * (single[:, k] @ single[:, r]) + two * (pairs[:, k] @ pairs[:, r])) for k, r in entries]
    return equal(entries=([sympy.expand(covariance_block(s, y, g, v, k, r)[k, r]) for k, r in entries], found))


ARRAYS = axes(m=by_level((1, 2, 4), (1, 2, 3, 4, 5, 6)), n=(1, 3), outputs=(1, 2), keep=("1", "1/2", "1/3", "9/10"), quick=1, full=5)


def of_masks(cell, drawn):
    s, y, g = map(rationals, drawn)
    p = Fraction(cell.keep)
    return s, y, g, rational((1 - p) / p), mask_moments(s, y, g, p).covariance


@COVARIANCE.check(
    "exact",
    arrays,
    ARRAYS,
    clauses=("same neuron", "two neurons", "factors"),
    distribution="contributions, targets and gradients k/6, |k| <= 12, parameters shared by all neurons",
)
@false("v^2 replaced by v", formula=lambda s, y, g, v: covariance(s, y, g, v) + (v - v * v) * _pairs(s, y, g, v))
@false("second moment, not centred", centred=False)
def every_mask(cell, drawn, *, formula=covariance, centred=True, context):
    """The covariance over all 2^m masks in rational arithmetic, parameters shared by all neurons, several outputs."""
    s, y, g, v, found = of_masks(cell, drawn)
    if not centred:
        mean = mask_moments(s, y, g, Fraction(cell.keep)).gradient
        found = found + outer(mean, mean)
    return equal(covariance=(formula(s, y, g, v), found))


def _pairs(s, y, g, v):
    _, pairs = covariance_factors(s, y, g, v)
    return pairs.T @ pairs


def at_a_critical_point(cell, rng):
    """Gradients of the last sample such that every G_k vanishes, each neuron with three parameters of its own."""
    v = (1 - Fraction(cell.keep)) / Fraction(cell.keep)
    while True:
        s, y = fractions(rng, cell.n, cell.m, 1), fractions(rng, cell.n, 1)
        own = fractions(rng, cell.n, cell.m, 3)
        pull = (s.sum(axis=1) - y)[:, None, 0] + v * s[..., 0]
        if all(pull[-1] != 0):
            own[-1] = -(pull[:-1, :, None] * own[:-1]).sum(axis=0) / pull[-1][:, None]
            g = np.full((cell.n, cell.m, 1, 3 * cell.m), Fraction(0))
            for k in range(cell.m):
                g[:, k, 0, 3 * k : 3 * k + 3] = own[:, k]
            return s, y, g


CRITICAL = axes(m=(2, 3, 4), n=(2, 3), keep=("1/2", "1/3", "9/10"), quick=2, full=20)


@COVARIANCE.check(
    "exact", at_a_critical_point, CRITICAL, clauses="critical", distribution="numbers k/6, |k| <= 12; the last gradients solved for"
)
@false("v (1 + v) replaced by v", scale=lambda v: v)
@false("v (1 + v) replaced by v^2, equal at no p", scale=lambda v: v * v)
def without_gradient(cell, drawn, *, scale=lambda v: v * (1 + v), context):
    """The blocks over all masks where the mean gradient vanishes."""
    s, y, g, v, found = of_masks(cell, drawn)
    spread = lambda k: sum(outer(pulled(s, g, k, j), pulled(s, g, k, j)) for j in range(cell.m) if j != k)
    own = lambda matrix, k: matrix[3 * k : 3 * k + 3, 3 * k : 3 * k + 3]
    return equal(blocks=([own(scale(v) * spread(k), k) for k in range(cell.m)], [own(found, k) for k in range(cell.m)]))


def with_a_silent_direction(cell, rng):
    s, y, g = arrays(cell, rng)
    u = fractions(rng, g.shape[-1])
    u[0] = Fraction(1)
    g[..., 0] = -(g[..., 1:] @ u[1:])
    return (s, y, g), u


@COVARIANCE.check("symbolic", [()], clauses="null", covers="statement", scope="all sizes: identities linear in the gradients")
@false("a direction that the gradients see", seen=1)
def silent_symbols(_, *, seen=0, context):
    """The factors are linear in the gradients, so the factors times u are those of the numbers u . g_ik, and these vanish with them; three
    neurons, two samples and two parameters with free symbols hold every kind of term."""
    import sympy

    v = sympy.Symbol("v")
    s, y, g, u = symbols("s", 2, 3, 1), symbols("y", 2, 1), symbols("g", 2, 3, 1, 2), symbols("u", 2)
    times = lambda factors: [sympy.expand(entry) for part in factors for entry in (part @ u if part.shape[1] == 2 else part[:, 0])]
    whole, along = covariance_factors(s, y, g, v), covariance_factors(s, y, (g @ u)[..., None], v)
    silent = covariance_factors(s, y, np.full((2, 3, 1, 1), sympy.Integer(seen)), v)
    return equal(linear=(times(whole), times(along)), silent=([0] * 6, times(silent)))


@COVARIANCE.check("exact", with_a_silent_direction, ARRAYS, clauses="null", distribution="gradients orthogonal to a drawn direction")
@false("a direction that the gradients see", turned=1)
def silent_direction(cell, drawn, *, turned=0, context):
    """Directions without first-order effect on any contribution."""
    arrays_, u = drawn
    s, y, g, v, found = of_masks(cell, arrays_)
    u = rationals(u) + turned
    moved = g.sum(axis=1).reshape(-1, g.shape[-1]) @ u
    return vanishing("Sigma u and J u", [*(found @ u), *moved])
