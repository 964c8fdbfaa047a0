r"""How fast an infinitely wide two-layer ReLU network learns a frequency: |xi|^-(d+3) by its output weights, |xi|^-(d+1) by its biases."""

import math
from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.frequency import bernoulli_kernel, circulant_eigenvalue, power_against_gaussian

from . import OVERVIEW

DECAY_OF_RATES = claim(
    "fprinciple.lfp_decay",
    "Infinitely wide two-layer ReLU networks: the rate of a frequency falls like a power",
    r"\text{rate}(\xi) = A |\xi|^{-(d+3)} \text{ (output weights)} + A' |\xi|^{-(d+1)} \text{ (biases)} + \text{a divergence term (input"
    r" weights)}",
    clauses={
        "kernels": r"\text{what is not smooth in the kernels of output weights and biases is } |x-x'|^3/6 \text{ and } -|x-x'|,"
        r" \text{ averaged over directions a multiple of } |x-x'|^q, \; q = 3, 1",
        "powers": r"F[|x|^q](\xi) = c_{d,q} |\xi|^{-d-q} \text{ in } \mathbb{R}^d, \; c_{d,q} \ne 0",
        "circle": r"\text{on a circle of length 1 with the same singularity: coefficients exactly } 2/(2 \pi k)^{2r}, \; r = 2, 1",
        "modes": r"\text{on } n \ge 3 \text{ equispaced points modes decouple, those of }"
        r" n \nmid k \text{ with rates } (1/(2s^2) - 1/(6s))/n^3 \text{ and } 1/(ns),"
        r" \; s = 1 - \cos(2 \pi k/n)",
    },
    symbols={
        "d": "dimension of the input", r"\xi": "frequency", "q": "3 for output weights, 1 for biases", "F": "Fourier transform",
        "k": "frequency on the circle, an integer",
        "n": "number of samples", "r": "2 for output weights, 1 for biases", "x, x'": "inputs",
        "A, A'": "constants of the spread of the weights", "B": "range of biases", "s": "1 - cos(2 pi k/n)", "c_{d,q}": "a constant",
    },
    assumptions=[
        Assumption("wide", r"\text{infinitely many neurons, directions uniform}",
        unprobed="of finitely many neurons the kernel is another"),
        Assumption("biases", r"\text{uniform in } [-B, B], \; B \to \infty", unprobed="a finite range adds a smooth part alone"),
        Assumption("equispaced", r"x_j = j/n"),
    ],
    source=OVERVIEW.at("Section 5, the linear frequency principle of two-layer ReLU networks; circle and modes are ours"),
    depends_on=["fprinciple.spline_limits"],
    refuted_by="a mode of another rate, or a dimension with another power",
    notes="Input weights have the kernel x.x' times that of the biases: in frequency the divergence of |xi|^-(d+1) times a gradient, no"
    " multiple of a mode.",
)  # fmt: skip


@DECAY_OF_RATES.check(
    "symbolic",
    ["one input", "directions"],
    clauses="kernels",
    covers="statement",
    scope="both integrals over biases for x < x', which are symmetric; the mean of |u . e|^q over directions is positive and, by"
    " rotation, the same for"
    " all e; for every d",
)
@false("|x - x'|^3/3", cubic=3)
@false("the two exchanged", linear=3)
@false("a mean of 1/d for q = 1 (s)", mean=lambda d, sympy: 1 / d)
def singular_parts(part, *, cubic=6, linear=1, mean=None, context):
    """The integrals less the singular part are symmetric polynomials; E|u_1|^q = Gamma(d/2) Gamma((q+1)/2)/(sqrt(pi) Gamma((d+q)/2))."""
    import sympy

    x, y, B, c = sympy.symbols("x y B c", real=True)
    if part == "one input":
        relu = sympy.integrate((x - c) * (y - c), (c, -B, x)) + sympy.integrate((c - x) * (c - y), (c, y, B))
        step = sympy.integrate(1, (c, -B, x)) + sympy.integrate(1, (c, y, B))
        outcomes = []
        for found, singular in ((relu, (y - x) ** 3 / cubic), (step, -((y - x) ** linear))):
            rest = sympy.expand(found - singular)
            outcomes.append(equal(symmetric=(0, sympy.expand(rest - rest.subs({x: y, y: x}, simultaneous=True)))))
        return worst(outcomes)
    d, t = sympy.symbols("d t", positive=True)
    found = []
    for q in (1, 3):  # density of u_1: (1 - t^2)^((d-3)/2); with v = t^2 both are beta integrals
        beta = lambda a, b: sympy.gamma(a) * sympy.gamma(b) / sympy.gamma(a + b)
        found.append(sympy.gammasimp(beta(sympy.Rational(q + 1, 2), (d - 1) / 2) / beta(sympy.Rational(1, 2), (d - 1) / 2)))
    closed = [
        sympy.gamma(d / 2) * sympy.gamma(sympy.Rational(q + 1, 2)) / (sympy.sqrt(sympy.pi) * sympy.gamma((d + q) / 2)) for q in (1, 3)
    ]
    if mean:
        closed[0] = mean(d, sympy)
    return equal(ratios=([1, 1], [sympy.gammasimp(one / other) for one, other in zip(found, closed, strict=True)]))


@DECAY_OF_RATES.check(
    "symbolic",
    ["scaling"],
    clauses="powers",
    covers="statement",
    scope="every d and odd q: |x|^q is invariant under rotations and homogeneous, so its transform is off 0 a multiple of |xi|^-(d+q),"
    " F[f(x/c)] = c^d F[f](c xi);"
    " the multiple is that of the integrals against e^(-|x|^2/2), continued from -d < q < 0, and has 1/Gamma(-q/2), not 0 for odd q",
)
@false("|xi|^-(d+q+1)", more=1)
@false("d forgotten", dimensions=0)
def scaling(_, *, more=0, dimensions=1, context):
    """Homogeneity, and both sides against a Gaussian: 2^((q+d)/2) Gamma((q+d)/2) (2 pi)^(d/2) = c 2^(-q/2) Gamma(-q/2) up to the sphere."""
    import sympy

    d, c, x = sympy.symbols("d c x", positive=True)
    q = sympy.Symbol("q", negative=True)
    degree = dimensions * d + q + more
    transformed = sympy.powsimp(c**d * (c * x) ** -degree)  # F of |x/c|^q = c^-q |x|^q
    homogeneous = equal(scaling=(0, sympy.expand(sympy.expand_log(sympy.log(transformed) - sympy.log(c**-q * x**-degree), force=True))))
    radial = lambda power: 2 ** (power / 2 - 1) * sympy.gamma(power / 2)  # the integral of r^(power-1) e^(-r^2/2)
    constant = 2 ** (q + d) * sympy.pi ** (d / 2) * sympy.gamma((d + q) / 2) / sympy.gamma(-q / 2)
    left, right = (2 * sympy.pi) ** (d / 2) * radial(q + d), constant * radial(-q)
    return worst([homogeneous, equal(constant=(1, sympy.simplify(sympy.powsimp(left / right, force=True))))])


@DECAY_OF_RATES.check(
    "exact",
    nothing,
    axes(d=by_level((1, 2, 3, 5), tuple(range(1, 9))), q=(1, 3), j=by_level((2, 3, 5), tuple(range(2, 10)))),
    clauses="powers",
)
@false("d + 2 in place of d + 3 (s)", degree=lambda q: q - (q == 3))
@false("the two kernels exchanged", degree=lambda q: 4 - q)
@false("as in one dimension more, at d = 5", degree=lambda q, d=0: q + (d == 5))
def against_gaussians(cell, _, *, degree=None, context):
    """The integral of |x|^q against the transforms of |xi|^(2j) e^(-|xi|^2/2): the ratio from j to j + 1 is 2j - q, by Laplacians in
    rationals."""
    power = cell.q if degree is None else degree(cell.q, cell.d) if degree.__code__.co_argcount == 2 else degree(cell.q)
    ratio = power_against_gaussian(cell.q, cell.d, cell.j + 1) / power_against_gaussian(cell.q, cell.d, cell.j)
    return equal(ratio=(2 * cell.j - power, ratio))


@DECAY_OF_RATES.check(
    "symbolic",
    [1, 2],
    clauses="circle",
    covers="statement",
    scope="every integer k != 0: integration of B_2r(t) e^(-2 pi i k t) over 0 <= t <= 1",
)
@false("|k|^-3 (s)", power=lambda r: 2 * r - (r == 2))
@false("(2r)!, the coefficients of Bernoulli's polynomials themselves (s)", size=lambda r: math.factorial(2 * r))
@false("|t|^3/3 for the output weights", cubic=Fraction(1, 3))
def coefficients(r, *, power=lambda r: 2 * r, size=lambda r: 2, cubic=Fraction(1, 6), context):
    """The Fourier coefficients of 2 (-1)^(r+1) B_2r/(2r)!, whose singular part at 0 is that of the clause before: -|t| and |t|^3/6."""
    import sympy

    k, t = sympy.Symbol("k", integer=True, nonzero=True), sympy.Symbol("t", real=True)
    kernel = sympy.expand(sympy.nsimplify(bernoulli_kernel(r, t)))
    found = sympy.simplify(sympy.integrate(kernel * sympy.exp(-2 * sympy.pi * sympy.I * k * t), (t, 0, 1)))
    odd = sympy.expand(kernel - kernel.subs(t, -t)) / 2  # of |t|: the kernel at -t is that at 1 - t
    return equal(
        coefficient=(0, sympy.simplify(found - size(r) / (2 * sympy.pi * k) ** power(r))),
        singular=(-t if r == 1 else sympy.Rational(cubic.numerator, cubic.denominator) * t**3, sympy.expand(odd)),
    )


@DECAY_OF_RATES.check(
    "symbolic",
    [1, 2],
    clauses="modes",
    covers="statement",
    scope="every n >= 3: circulants have the modes as eigenvectors, and L = I - (S + S^T)/2 the eigenvalue s; entry by entry"
    " n C L = I - 1/n for r = 1, n^3 C L^2 = (I - 1/n)/2 - L/6 for r = 2, where 1/n is 0 on modes k != 0",
)
@false("the ReLU's rate without its second term (s)", second=Fraction(0))
@false("n^2 for both", power=lambda r: 2)
def stencils(r, *, second=Fraction(1, 6), power=lambda r: 2 * r - 1, context):
    """Differences of the kernel at j/n for symbolic j and n, and at j = 0, 1 across the corner."""
    import sympy

    n, j = sympy.symbols("n j", positive=True)
    value = lambda i: bernoulli_kernel(r, i / n)
    even = lambda i: value(sympy.Abs(i)) if i.is_Integer else value(i)  # the kernel at -t is that at t
    once = lambda f: lambda i: f(i) - (f(i - 1) + f(i + 1)) / 2
    left = once(even) if r == 1 else once(once(even))
    scale = n ** power(r)
    places = [j, sympy.Integer(0), sympy.Integer(1)]
    if r == 1:
        expected = [-1 / n, 1 - 1 / n, -1 / n]
    else:
        term, half = sympy.Rational(second.numerator, second.denominator), sympy.Rational(1, 2)
        expected = [-half / n, half - half / n - term, -half / n + term / 2]
    return equal(entries=(expected, [sympy.expand(scale * left(i)) for i in places]))


MODES = axes(r=(1, 2), n=by_level((3, 4, 5, 8, 16), (3, 4, 5, 6, 7, 8, 16, 61, 64)), points=("equispaced",))


@DECAY_OF_RATES.check("certified", nothing, MODES, clauses="modes")
@false("the two kernels exchanged", rate=lambda r, n, cosine: circulant_eigenvalue(3 - r, n, cosine))
@false("the power alone, without aliases (s)", rate=lambda r, n, cosine: power_alone(r, n, cosine))
@false("|k|^-3 at r = 2", rate=lambda r, n, cosine: circulant_eigenvalue(r, n, cosine) * ((1 - cosine).sqrt() if r == 2 else 1))
def modes(cell, _, *, rate=circulant_eigenvalue, bend=0, context):
    """The kernel matrix times cos(2 pi jk/n) is the rate times it, every k, in balls."""
    from flint import arb

    r, n = cell.r, cell.n
    with working_precision(128):
        place = lambda j: Fraction(j % n, n) + (bend * Fraction(j % n, n) * (1 - Fraction(j % n, n)) if bend else 0)
        row = [ball(bernoulli_kernel(r, Fraction(j, n))) for j in range(n)]
        if bend:
            matrix = [[ball(bernoulli_kernel(r, (place(i) - place(j)) % 1)) for j in range(n)] for i in range(n)]
        else:
            matrix = [[row[(i - j) % n] for j in range(n)] for i in range(n)]
        outcomes = []
        for k in range(1, n // 2 + 1):
            mode = [(2 * arb.pi() * (j * k % n) / n).cos() for j in range(n)]
            image = [sum((p * q for p, q in zip(line, mode, strict=True)), arb(0)) for line in matrix[:3]]
            cosine = (2 * arb.pi() * k / n).cos()
            expected = rate(r, n, cosine)
            apart = max((abs(found - expected * entry) for found, entry in zip(image, mode, strict=False)), key=float)
            outcomes.append(at_most(f"distance at k = {k}", apart, 1e-25, attained=False))
        return worst(outcomes, figures=[slopes()] if (r, n) == (2, 16) else [])


def power_alone(r, n, cosine):
    """2n/(2 pi k)^(2r), k from its cosine."""
    from flint import arb

    angle = cosine.acos()
    return n * arb(2) / (n * angle) ** (2 * r)


DECAY_OF_RATES.without("equispaced", modes, bend=Fraction(1, 4))


def slopes():
    n, k = 512, np.arange(1, 129)
    cosine = np.cos(2 * np.pi * k / n)
    series = []
    for r, name in ((2, "output weights"), (1, "biases")):
        found = circulant_eigenvalue(r, n, cosine)
        series.append({"label": name, "x": k.tolist(), "y": found.tolist()})
        line = found[0] / k.astype(float) ** (2 * r)
        series.append({"label": f"slope -{2 * r}", "x": k.tolist(), "y": line.tolist()})
    alt = "Rates of modes on logarithmic scales: along slope -4 for output weights and -2 for biases, above it near the largest"
    " frequencies by aliasing"
    return Figure(
        "lines", "Rates of frequencies, d = 1, 512 points", alt, {"series": series}, "frequency k", "rate", log_x=True, log_y=True
    )
