r"""Random layers: the initialization rate at which a signal keeps its size, and what can be read from a buffer that tokens share."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.random_layers import chance_below, mean_over_signs, normal_expectation, read_buffers
from proofs_check import Assumption, Figure, a_seed, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, bounded, equal, worst
from theory.dynamics.random_layers import (
    buffer_noise,
    chi_square_above,
    chi_square_below,
    gain,
    gain_of_layers,
    readout_bound,
    readout_variance,
    standard_deviation,
)

from . import BUFFER, COMPOSITES

INDEPENDENT = Assumption(
    "uncorrelated", r"\text{entries of mean } 0, \text{ of one variance, and without correlation; layers independent of each other}"
)

RATE = claim(
    "reason.init_rate",
    "The initialization rate is a gain, and one half is neutral",
    r"W_{ij} \text{ of standard deviation } d^{-\gamma}: \; \mathbb{E} (W x)_i^2 = d^{1 - 2 \gamma} \, \overline{x^2}",
    clauses={
        "layer": r"\mathbb{E} (W x)_i^2 = d^{-2 \gamma} |x|^2",
        "layers": r"\text{through linear layers of } d_1, \dots, d_l \text{ inputs the mean square is multiplied by }"
        r" (d_1 \cdots d_l)^{1 - 2 \gamma}",
        "neutral": r"\text{the gain is } 1 \text{ iff } \gamma = \tfrac{1}{2} \text{ (for } d > 1), \text{ larger below, smaller above}",
    },
    symbols={
        "W": "layer of d inputs",
        "d, d_l": "numbers of inputs of layers",
        r"\gamma": "initialization rate",
        "x": "a signal (d,)",
        r"\overline{x^2}": "|x|^2/d",
        "l": "number of layers",
    },
    assumptions=[INDEPENDENT],
    source=COMPOSITES.at("Section 3, initialization; the law of entries need not be normal"),
    relation="equality",
    refuted_by="a law of independent layers with these moments and another mean square",
    notes="Layers that are only uncorrelated do not suffice for the second clause: one input, W_1 = e_1 m, W_2 = e_2 m with independent"
    " signs e_1, e_2 and m^2 = 0 or 2 have the mean square 2. That small rates make transformers reason rather than memorize is an"
    " observation of the papers on trained models.",
)


@RATE.check(
    "symbolic",
    ["layer", "layers", "neutral"],
    clauses=("layer", "layers", "neutral"),
    covers="statement",
    scope="an entry of W x couples two inputs at most, so two inputs stand for all; a second layer on top of free first moments",
)
@false("d^(-gamma)", power=1)
def by_moments(part, *, power=2, context):
    """E over normal entries of free variance; the product of two layers; the exponent of the gain."""
    import sympy

    x, s, r, d, g = np.array(sympy.symbols("x0 x1"), dtype=object), *sympy.symbols("s r d g", positive=True)
    row = sympy.symbols("w0 w1")
    square = (x * x).sum()
    if part == "layer":
        found = normal_expectation((np.array(row, dtype=object) @ x) ** 2, dict.fromkeys(row, s**2))
        return equal(square=(sympy.expand(s**power * square), found))
    if part == "layers":
        W = np.array(sympy.symbols("w:4"), dtype=object).reshape(2, 2)
        v = sympy.symbols("v0 v1")
        laws = {**dict.fromkeys(W.ravel(), s**2), **dict.fromkeys(v, r**2)}
        found = normal_expectation((np.array(v, dtype=object) @ (W @ x)) ** 2, laws)
        return equal(square=(sympy.expand(2 * r**power * s**power * square), found))
    exponent = sympy.simplify(sympy.diff(sympy.log(d * (d**-g) ** power), g) / sympy.log(d))
    neutral = sympy.solve(sympy.expand_log(sympy.log(d * (d**-g) ** power), force=True), g)
    return equal(slope=(-2, exponent), neutral=([sympy.Rational(1, 2)], neutral))


def rational_powers(widths, gamma):
    """whether d^(-gamma) is rational for the inputs of every layer, so that nothing is rounded"""
    return "/2" not in gamma or all(d in "149" for d in widths.split("/"))


SIGNS = axes(
    widths=by_level(("4/1", "2/3/1", "1/4/1"), ("4/1", "9/1", "2/3/1", "1/4/1", "2/2/2/1", "1/4/1/1")),
    gamma=("0", "1/2", "1"),
    where=rational_powers,
    quick=1,
    standard=2,
    full=8,
)


def signal(cell, rng):
    return [Fraction(int(k), 3) for k in rng.integers(1, 7, int(cell.widths.split("/")[0]))]


def one_gain(inputs, gamma):
    return gain_of_layers(inputs, gamma)


@RATE.check(
    "exact",
    signal,
    SIGNS,
    clauses=("layer", "layers", "neutral"),
    scope="signs +-d^(-gamma) in place of normal entries, the mean over all of them",
    distribution="entries of x are k/3, k <= 6",
)
@false("d^(-gamma) in place of its square", factor=lambda inputs, gamma: gain_of_layers(inputs, gamma / 2))
@false("the first layer alone, equal for one", factor=lambda inputs, gamma: gain(inputs[0], gamma))
@false("one per cent more", factor=lambda inputs, gamma: gain_of_layers(inputs, gamma) * Fraction(101, 100))
def over_all_signs(cell, x, *, factor=one_gain, shared=False, context):
    """The exact mean of the squared output, against the product of the gains times the mean of x_j^2."""
    import sympy

    gamma = sympy.Rational(cell.gamma)
    inputs = [int(d) for d in cell.widths.split("/")][:-1]
    deviations = [Fraction(str(standard_deviation(d, gamma))) for d in inputs]
    signal_ = np.array(x, dtype=object)
    found = mean_over_signs(inputs[0], [*inputs[1:], 1], deviations, signal_, shared=shared)
    mean_square = (signal_ * signal_).sum() / inputs[0]
    return equal(mean_square=(Fraction(str(factor(inputs, gamma))) * mean_square, found))


RATE.without("uncorrelated", over_all_signs, shared=True)

LAYERS = axes(
    d=by_level((100, 400), (100, 400, 1600)),
    gamma=("3/10", "1/2", "4/5"),
    rows=by_level((4000,), (400, 4000), (400, 20000)),
    quick=1,
    standard=3,
    full=20,
)


@RATE.check(
    "property",
    a_seed,
    LAYERS,
    clauses="layer",
    tolerance="|W x|^2 over its scale is chi-square with as many degrees as rows: it leaves the interval of Laurent and Massart with"
    " probability 2e-12",
    distribution="normal layers at the published rates 0.3, 0.5, 0.8; x normal",
)
@false("three tenths of a rate more", more=0.3)
@false("the gain of a rate three hundredths off", more=0.03)
def drawn_layers(cell, seed, *, more=0.0, context):
    """The mean square of a drawn layer's output over d^(-2 gamma) |x|^2."""
    rng, t = context.rng(cell, seed), 12 * np.log(10)
    gamma, x = float(Fraction(cell.gamma)), rng.normal(size=cell.d)
    output = rng.normal(scale=standard_deviation(cell.d, gamma), size=(cell.rows, cell.d)) @ x
    ratio = (output**2).mean() / (gain(cell.d, gamma + more) * (x**2).mean())
    allowed = chi_square_above(cell.rows, t) / cell.rows - 1
    return bounded("mean square over its mean", ratio - 1, allowed, ratio=ratio)


SHARED = claim(
    "reason.buffer",
    "Several tokens in one random buffer: each is read back with spread-out noise",
    r"h = \sum_l x_l W_l: \; \mathbb{E}\, h W_k^T = x_k, \quad \mathbb{E} |h W_k^T - x_k|^2 = \sum_l |x_l|^2 + \tfrac{1}{d} |x_k|^2",
    clauses={
        "mean": r"\mathbb{E}\, h W_k^T = x_k",
        "noise": r"\mathbb{E} |h W_k^T - x_k|^2 = \sum_l |x_l|^2 + \tfrac{1}{d} |x_k|^2",
        "one direction": r"\operatorname{Var} \langle h W_k^T, v \rangle = \tfrac{1}{d} (|v|^2 \sum_l |x_l|^2 + \langle x_k, v \rangle^2)",
        "tail": r"\Pr(\chi^2_d \ge d + 2 \sqrt{d t} + 2 t) \le e^{-t}, \; \Pr(\chi^2_d \le d - 2 \sqrt{d t}) \le e^{-t}",
        "readout": r"|v| = 1: \; |\langle h W_k^T - x_k, v \rangle| \le |\langle x_k, v \rangle| \delta"
        r" + \sqrt{\tfrac{2t}{d} (1 + \delta) (\sum_l |x_l|^2 - \langle x_k, v \rangle^2)}, \; \delta = 2 \sqrt{t/d} + 2t/d,"
        r" \text{ but for a probability of } 4 e^{-t}",
    },
    symbols={
        "h": "the buffer (d,)",
        "x_l, x_k": "tokens (d,), l = 1, ..., L, and the one that is read",
        "W_l, W_k": "independent (d, d) matrices of entries N(0, 1/d)",
        "d": "width",
        "v": "a vector (d,), such as the embedding of another token",
        r"t, \delta": "t > 0, and the deviation of chi-square over d that it allows",
        r"\chi^2_d": "chi-square with d degrees of freedom",
    },
    assumptions=[
        Assumption("independent buffers", r"W_1, \dots, W_L \text{ are independent, of mean zero and variance } 1/d"),
    ],
    source=BUFFER.at("the buffer mechanism; moments and bounds are ours, the tail is Lemma 1 of Laurent and Massart (2000)"),
    kind="extension",
    refuted_by="a width whose moments differ, or a readout beyond the bound more often than it allows",
    notes="Tokens in a buffer are almost, not exactly, orthogonal: the noise has about the length of all tokens together, but only a share"
    " 1/d of its square lies along any one embedding. That trained transformers work so is an observation of the paper.",
)

#: Times d^2, a coefficient (of x_a^2, of x_a x_b v_a v_b) counts the inner indices b, b' and the row c: d times a polynomial of degree 2.
#: Monomials with two different indices are there from width 2 on, so that three widths are those from 2 to 4.
WIDTHS = (1, 2, 3, 4)


def _moments(d):
    """Symbols x, y (tokens), v, matrices W (own) and K (another token's), and the variances of their entries."""
    import sympy

    vector = lambda name: np.array(sympy.symbols(f"{name}:{d}"), dtype=object)
    matrix = lambda name: np.array(sympy.symbols(f"{name}:{d * d}"), dtype=object).reshape(d, d)
    W, K = matrix("W"), matrix("K")
    return vector("x"), vector("y"), vector("v"), W, K, dict.fromkeys([*W.ravel(), *K.ravel()], sympy.Rational(1, d))


@SHARED.check(
    "symbolic",
    [(part, d) for part in ("mean", "noise", "one direction") for d in WIDTHS],
    axes(part=("mean", "noise", "one direction"), d=WIDTHS),
    cell=lambda instance: {"part": instance[0], "d": instance[1]},
    clauses=("mean", "noise", "one direction"),
    covers="statement",
    scope="free tokens x (read), y (beside it) and v; times d^2 a coefficient is d times a polynomial in d of degree at most 2, so three"
    " widths in which its monomial occurs fix it for all; other buffers add up, being independent of mean zero",
)
@false("without the own token's 1/d", noise=lambda squares, own, d: sum(squares))
@false("the other tokens alone", noise=lambda squares, own, d: sum(squares) - squares[own])
@false("without <x, v>^2, equal where v is orthogonal", variance=lambda squares, own, d, square, inner: sum(squares) * square / d)
def all_widths(instance, *, noise=buffer_noise, variance=readout_variance, shared=False, context):
    """Expectations over normal matrices by their moments, for a buffer of two tokens."""
    import sympy

    part, d = instance
    x, y, v, W, K, laws = _moments(d)
    K = W if shared else K
    square = lambda vector: (vector * vector).sum()
    read = x @ W @ W.T + y @ K @ W.T
    E = lambda expression: normal_expectation(expression, laws)
    if part == "mean":
        return equal(mean=(list(x), [E(entry) for entry in read]))
    if part == "noise":
        # own and other parts are odd in K, so their product has mean zero: square them apart
        own, other = x @ W @ W.T - x, y @ K @ W.T
        return equal(
            noise=(sympy.expand(noise([square(x), square(y)], 0, d)), E(square(own)) + E(square(other))),
            crossed=(0, E(own[0] * other[0])),
        )
    along = (x @ W @ W.T) @ v, (y @ K @ W.T) @ v
    found = E(along[0] ** 2) + E(along[1] ** 2) - (x @ v) ** 2
    return equal(variance=(sympy.expand(variance([square(x), square(y)], 0, d, square(v), x @ v)), sympy.expand(found)))


SHARED.without("independent buffers", all_widths, shared=True)


@SHARED.check(
    "symbolic",
    ["above", "above, exponent", "below", "below, exponent", "readout"],
    clauses=("tail", "readout"),
    covers="statement",
    scope="free d, t and lambda; Markov's inequality for e^(lambda chi-square)",
)
@false("sqrt(d t) in place of its double", twice=1)
def by_chernoff(part, *, twice=2, context):
    """log E e^(l (X - d)) = -(d/2) (log(1 - 2 l) + 2 l) is at most d l^2/(1 - 2 l): the difference rises from 0, slope 2 d l^2/(1 - 2 l)^2.

    Markov's inequality at l = s/(1 + 2 s), s = sqrt(t/d), gives e^(-t). Below, log(1 + 2 l) >= 2 l - 2 l^2, as the slope of the difference
    is 4 l^2/(1 + 2 l), and l = s. For the readout the rest of h W_k^T v is normal given g = W_k^T v, of variance |g|^2/d times
    sum |x_l|^2 - <x_k, v>^2, and |.| > sqrt(2 t var) has probability at most 2 e^(-t).
    """
    import sympy

    d, s, lam, t = sympy.symbols("d s lambda t", positive=True)
    factor = sympy.Rational(twice, 2)
    if part == "above":
        gap = lam**2 / (1 - 2 * lam) + (sympy.log(1 - 2 * lam) + 2 * lam) / 2 * factor
        return equal(start=(0, gap.subs(lam, 0)), slope=(0, sympy.simplify(sympy.diff(gap, lam) - 2 * lam**2 / (1 - 2 * lam) ** 2)))
    if part == "above, exponent":
        at = s / (1 + 2 * s)
        deviation = twice * d * s + 2 * d * s**2
        return equal(exponent=(0, sympy.simplify(d * at**2 / (1 - 2 * at) - at * deviation + d * s**2)))
    if part == "below":
        gap = (sympy.log(1 + 2 * lam) - 2 * lam + twice * lam**2) / 2
        return equal(start=(0, gap.subs(lam, 0)), slope=(0, sympy.simplify(sympy.diff(gap, lam) - 4 * lam**2 / (1 + 2 * lam))))
    if part == "below, exponent":
        return equal(exponent=(0, sympy.expand(d * s**2 - s * twice * d * s + d * s**2)))
    g = sympy.symbols("g")
    # x = c v + rest: x W g = c |g|^2 + rest W g, with |rest|^2 = |x|^2 - c^2
    x = np.array(sympy.symbols("x0 x1"), dtype=object)
    rest = x - np.array([x[0], 0], dtype=object)  # v is the first unit vector
    return equal(
        rest=(sympy.expand((x * x).sum() - (twice - 1) * x[0] ** 2), sympy.expand((rest * rest).sum())),
        normal=(t, sympy.simplify((twice * t * g) / (2 * g))),
    )


TAILS = axes(d=by_level((1, 10, 1024, 10**5), (1, 2, 10, 100, 1024, 4096, 10**5)), t=("1/10", "1", "10", "50", "1000"))
#: Up to this width the upper tail is a difference of numbers as large as e^(d/2).
BY_DIFFERENCE = 4096


@SHARED.check(
    "certified",
    nothing,
    TAILS,
    clauses="tail",
    distribution="widths to 1024 (4096 from standard on) and 100,000, t from 1/10 to 1000; below where the bound is positive",
)
@false(
    "sqrt(d t) in place of its double",
    above=lambda d, t, root: d + root(d * t) + 2 * t,
)
@false("without 2 t", above=lambda d, t, root: d + 2 * root(d * t))
@false("five per cent less of the root", above=lambda d, t, root: d + root(d * t) * ball(Fraction(19, 10)) + 2 * t)
@false("five per cent less of 2 t", above=lambda d, t, root: d + 2 * root(d * t) + t * ball(Fraction(19, 10)))
@false("below, half of it more", below=lambda d, t, root: d - root(d * t) / 2)
@false("below, five per cent less of the root", below=lambda d, t, root: d - root(d * t) * ball(Fraction(19, 10)))
def chi_square_tails(cell, _, *, above=chi_square_above, below=chi_square_below, context):
    """Both tail probabilities in balls, as incomplete gamma functions, against e^(-t)."""
    with working_precision(256 + cell.d if cell.d <= BY_DIFFERENCE else 512):
        t, shape = ball(Fraction(cell.t)), ball(Fraction(cell.d, 2))
        root = lambda value: value.sqrt()
        allowed = (-t).exp()
        upper = (above(cell.d, t, root) / 2).gamma_upper(shape, regularized=1)
        found = [at_most("tail above", upper, allowed, attained=False)]
        low = below(cell.d, t, root)
        if low > 0:
            found.append(at_most("tail below", chance_below(cell.d, low), allowed, attained=False))
        return worst(found)


BUFFERS = axes(d=by_level((256,), (256, 1024), (256, 1024, 2048)), L=(1, 4, 8), sizes=("unit", "one long"), quick=1, standard=2, full=5)


@SHARED.check(
    "property",
    a_seed,
    BUFFERS,
    clauses="readout",
    tolerance="the bound of the clause with t = log(4 . 500 . 10^9): broken by one of 500 embeddings with probability below 1e-9",
    distribution="L unit tokens, one of them of length 3 where said; 499 other embeddings drawn on the sphere",
)
@false("exactly orthogonal", bound=lambda squares, own, d, inner, t: 1e-12 + 0 * readout_bound(squares, own, d, inner, t))
@false("for one embedding in four, not 500", bound=lambda squares, own, d, inner, t: readout_bound(squares, own, d, inner, t / 100))
@false("d in place of its root", bound=lambda squares, own, d, inner, t: readout_bound(squares, own, d, inner, t) / np.sqrt(d) * 2)
def five_hundred_embeddings(cell, seed, *, bound=readout_bound, context):
    """Every inner product of what is read with 500 embeddings, that of the token among them, within the bound."""
    rng = context.rng(cell, seed)
    embeddings = rng.normal(size=(500, cell.d))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    x = embeddings[: cell.L] * (np.where(np.arange(cell.L) == cell.L - 1, 3, 1)[:, None] if cell.sizes == "one long" else 1)
    found = read_buffers(x, 0, rng)
    squares = [float(size) for size in (x * x).sum(axis=1)]
    inner = embeddings @ x[0]
    off = embeddings @ found - inner
    t = float(np.log(4 * 500 * 1e9))
    figures = [_spread(embeddings @ found, cell)] if cell.L == 4 and cell.sizes == "unit" else []
    return worst([bounded("inner products", off, bound(squares, 0, cell.d, inner, t), d=cell.d)], figures=figures)


def _spread(products, cell):
    numbers = list(range(1, len(products)))
    return Figure(
        "scatter",
        f"What is read from a buffer of {cell.L} tokens at width {cell.d}",
        "Inner products with 499 other embeddings lie in a band around 0; that with the token itself lies near 1",
        {
            "series": [
                {"label": "other embeddings", "x": numbers, "y": products[1:].tolist()},
                {"label": "the token itself", "x": [0], "y": [float(products[0])]},
            ]
        },
        x_label="embedding",
        y_label="inner product with what is read",
    )


@SHARED.check(
    "exact",
    [(0, 4, 1024), (3, 4, 1024), (2, 16, 64)],
    clauses="noise",
    scope="tokens of lengths 1 .. L, the last, the first or another one read: the published width 1024 with four buffers, and others",
)
@false("the length of the token alone", noise=lambda squares, own, d: Fraction(squares[own]))
def in_numbers(instance, *, noise=buffer_noise, context):
    """The variances along the axes, added up, of a token along the first one; the published numbers are those of unit tokens, L + 1/d."""
    own, L, d = instance
    squares = [Fraction((l + 1) ** 2) for l in range(L)]
    summed = sum(readout_variance(squares, own, d, Fraction(1), Fraction((own + 1) * (j == 0))) for j in range(d))
    units = [Fraction(1)] * L
    return equal(
        noise=(noise(squares, own, Fraction(d)), Fraction(summed)),
        units=(noise(units, own, Fraction(d)), L + Fraction(1, d)),
    )
