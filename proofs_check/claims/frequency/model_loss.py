r"""A loss on derivatives weighs frequencies anew: which ones are learned first, exactly."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from proofs_check import Assumption, Figure, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, order, worst
from theory.dynamics.frequency import bernoulli_kernel, circulant_eigenvalue, peak_argument

from . import JUMP
from ._training import CONVERGED, PARTS, RATE, model_runs, spectra

MODEL = claim(
    "fprinciple.model_loss",
    "A loss on derivatives of order s multiplies the rate of frequency k by k^(2s)",
    r"\tfrac12 \|\partial^s e\|^2 = \tfrac12 \sum_k k^{2s} |\hat e_k|^2 \implies \frac{d}{dt} \hat e_k = -k^{2s} \hat K(k) \hat e_k",
    clauses={
        "rates": r"\text{for a kernel of differences on a circle modes decouple, with the rate } k^{2s} \hat K(k); \text{ on } n \text{"
        r" points with differences } (2s_k)^s \lambda_k,"
        r" \; s_k = 1 - \cos(2 \pi k/n)",
        "order": r"\hat K(k) \propto k^{-2r}: \text{ low first for } s < r, \text{ all at one rate for } s = r, \text{ high first for }"
        r" s > r",
        "on points": r"r = 1, 2, \; s \le 3: \text{ so too on } n \text{ points up to half of Nyquist's frequency, where } s \ne r"
        r" \text{; at } s = r = 1 \text{ rates are equal}",
        "neuron": r"\hat K = |T|^2 \text{ of a tanh neuron: } k^{2s} |T(k)|^2 \text{ rises up to } k = 2 x |w|/\pi, \; x \coth x = s,"
        r" \text{ and falls after;"
        r" for } s \le 1 \text{ it only falls}",
        "trained": r"\text{tanh networks trained on } (f'' - y'')^2 \text{ end with a smaller relative error at } k = 5 \text{ than at"
        r" } k = 1,"
        r" \text{ those trained on } (f - y)^2 \text{ with a larger one}",
    },
    symbols={
        "s": "order of the derivative in the loss", "e": "error f - y", "k": "frequency", "K": "kernel of the linearized network",
        r"\hat K": "its Fourier coefficients", r"\hat e_k": "coefficient of the error",
        "r": "K decays like k^(-2r): 2 for output weights, 1 for biases of a wide ReLU network", "T": "F[tanh(wx + b)]",
        "w": "weight of the neuron", "x": "solution of x coth x = s",
        "n": "number of points", r"\lambda_k": "eigenvalue of the kernel matrix", "f, y": "network and target",
        "F": "Fourier transform", "b": "bias of the neuron",
    },
    assumptions=[
        Assumption("differences", r"K(x, x') = K(x - x') \text{ on the circle}",
        unprobed="otherwise derivatives mix modes and there are no rates of single ones"),
        Assumption("linearized", r"K \text{ does not move}", unprobed="the rates are those of a fixed kernel"),
        Assumption("second order", r"s = 2 \text{ in the training}"),
    ],
    kind="law",
    source=JUMP.at("frequency preference of the loss of a model; decoupling, the order and the place of the largest rate are ours"),
    depends_on=["fprinciple.neuron_ft", "fprinciple.lfp_decay"],
    refuted_by="a mode with another rate, or trainings with the other order",
    notes="The surrogate k^(2s) e^(-pi k/|w|) has its largest value at k = 2s|w|/pi. For the neuron itself that is right for large s"
    " alone: at s = 1 there is no rise"
    " at all, and w = 1, k = 3/10 and 6/10 show it: the surrogate rises from .035 to .055 and k^2 |T|^2/pi^2 falls"
    " from .377 to .304.",
)  # fmt: skip


@MODEL.check(
    "symbolic",
    ["continuum", "points"],
    clauses=("rates", "order"),
    covers="statement",
    scope="every k, r and s: derivatives multiply e^(ikx) by (ik)^s, differences by e^(2 pi ik/n) - 1; circulants commute, so e' = -K"
    " D^sT D^s e has the"
    " product of eigenvalues as rates; k^(2s - 2r) rises in k for s > r, falls for s < r",
)
@false("k^s", power=lambda s: s)
@false("s = r is slower at high frequencies (s)", tie=-1)
def multipliers(part, *, power=lambda s: 2 * s, tie=0, context):
    """|(ik)^s|^2, |e^(it) - 1|^2 = 2 (1 - cos t), and the logarithmic slope 2s - 2r of the rate."""
    import sympy

    k, r, s = sympy.symbols("k r s", positive=True)
    if part == "points":
        t = sympy.Symbol("t", real=True)
        square = sympy.expand((sympy.exp(sympy.I * t) - 1) * (sympy.exp(-sympy.I * t) - 1))
        return equal(square=(sympy.expand((power(1)) * (1 - sympy.cos(t)).rewrite(sympy.exp)), square))
    found = sympy.simplify(sympy.expand_log(sympy.log((sympy.I * k) ** 2 * (-sympy.I * k) ** 2) / 2, force=True))
    slope = sympy.simplify(k * sympy.diff(sympy.log(k ** power(s) * k ** (-2 * r)), k))
    return equal(first_order=(sympy.log(k) * power(1), found), slope=(2 * s - 2 * r, slope), tie=(tie, slope.subs(s, r)))


CIRCLES = axes(r=(1, 2), s=(0, 1, 2, 3), n=by_level((8, 16), (8, 16, 61)))


@MODEL.check("certified", nothing, CIRCLES, clauses=("rates", "on points"))
@false("(2s_k)^(2s)", power=lambda s: 2 * s)
@false("the factor at s = 1 for s = 2 (s)", power=lambda s: min(s, 1))
@false("the kernel of the other weights", half=lambda r: 3 - r)
def circles(cell, _, *, power=lambda s: s, half=lambda r: r, context):
    """The kernel matrix times D^sT D^s, a product of circulants over the rationals, on every mode; and whether rates rise or fall in k."""
    from flint import arb

    n, rates, outcomes = cell.n, [], []
    row = [bernoulli_kernel(cell.r, Fraction(j, n)) for j in range(n)]
    for _ in range(cell.s):  # D^T D = 2 - S - S^T
        row = [2 * row[j] - row[j - 1] - row[(j + 1) % n] for j in range(n)]
    with working_precision(160):
        for k in range(1, n // 2 + 1):
            mode = [(2 * arb.pi() * (j * k % n) / n).cos() for j in range(n)]
            found = sum((ball(p) * q for p, q in zip(row, mode, strict=True)), arb(0))  # the first entry of the image of the mode
            cosine = (2 * arb.pi() * k / n).cos()
            predicted = (2 * (1 - cosine)) ** power(cell.s) * circulant_eigenvalue(half(cell.r), n, cosine)
            outcomes.append(at_most(f"distance at k = {k}", abs(found - predicted), 1e-25, attained=False))
            if 4 * k <= n:  # beyond half of Nyquist's frequency aliases of the kernel and differences count
                rates.append(found)
        if cell.s != cell.r:
            outcomes.append(order("rates by frequency", rates if cell.s > cell.r else rates[::-1]))
        elif cell.r == 1:  # for r = 2 the rates on points are (2 - 2 s_k/3)/n^3
            outcomes.append(at_most("spread of rates", max(rates, key=float) - min(rates, key=float), 1e-25, attained=False))
    return worst(outcomes)


#: A thousandth below 64.
CLOSE = Fraction(64 * 999, 1000)
PEAKS = axes(w=("1/3", "1", "5/2"), s=("1/2", "1", "11/10", "5/4", "3/2", "2", "3", "8"))


@MODEL.check("certified", nothing, PEAKS, clauses="neuron")
@false("2s|w|/pi, from e^(-pi k/|w|) (s)", place=lambda s: s)
@false("s|w|/pi", place=lambda s: s / 2)
@false("a place half a per cent further on (s)", place=lambda s: 1.005 * peak_argument(s))
@false("no rise for s < 1.2 (s)", place=lambda s: peak_argument(s) if s >= 1.2 else 0.0)
@false("a rise for s = 1 as well", place=lambda s: max(peak_argument(s), 0.2))
def peak(cell, _, *, place=peak_argument, context):
    """2s log k - 2 log sinh(pi k/(2w)) in balls on a grid of x = pi k/(2w), rising up to the place and falling after."""
    x0 = place(float(Fraction(cell.s)))
    with working_precision(128):
        value = lambda x: 2 * ball(Fraction(cell.s)) * (2 * ball(x) * ball(Fraction(cell.w))).log() - 2 * ball(x).sinh().log()
        outcomes = []
        if x0:
            before = [value(Fraction(x0) * Fraction(j, 64)) for j in (1, 8, 16, 32, 48, 60, 63, CLOSE, 64)]
            outcomes.append(order("up to the peak", before))
        start = Fraction(x0) if x0 else Fraction(1, 64)
        after = [
            value(start * Fraction(j, 64) if x0 else start * j)
            for j in ((64, 128 - CLOSE, 65, 68, 80, 96, 128, 256) if x0 else (1, 2, 4, 8, 16, 64, 256, 512))
        ]
        outcomes.append(order("after it, from right to left", after[::-1]))
    return worst(outcomes, figures=[rates_of_neuron()] if (cell.w, cell.s) == ("1", "2") else [])


@MODEL.check(
    "symbolic",
    ["critical", "end"],
    clauses="neuron",
    covers="statement",
    scope="every w > 0 and s: with x = pi k/(2w) the logarithm of x^(2s)/sinh^2 x has the slope (2/x)(s - x coth x), and x coth x rises"
    " from 1",
)
@false("x tanh x", inverse=True)
def slope_of_rate(part, *, inverse=False, context):
    """The slope; and d/dx (x coth x) = (sinh 2x - 2x)/(2 sinh^2 x), the numerator of value and slope 0 at 0 and of bend 4 sinh 2x > 0."""
    import sympy

    x, s = sympy.symbols("x s", positive=True)
    if part == "critical":
        slope = sympy.diff(2 * s * sympy.log(x) - 2 * sympy.log(sympy.sinh(x)), x)
        product = x * sympy.cosh(x) / sympy.sinh(x)
        return equal(slope=(0, sympy.simplify(slope - 2 / x * (s - (x**2 / product if inverse else product)))))
    top = sympy.sinh(2 * x) - 2 * x
    grows = sympy.simplify(sympy.diff(x * sympy.cosh(x) / sympy.sinh(x), x) * 2 * sympy.sinh(x) ** 2 - top)
    starts = [sympy.limit(x * sympy.cosh(x) / sympy.sinh(x), x, 0), top.subs(x, 0), sympy.diff(top, x).subs(x, 0)]
    return equal(
        derivative=(0, sympy.expand(sympy.expand_trig(grows))),
        starts=([1 - inverse, 0, 0], starts),
        bend=(0, sympy.diff(top, x, 2) - 4 * sympy.sinh(2 * x)),
    )


@MODEL.check(
    "training",
    [0, 2],
    clauses="trained",
    scope="1-50-50-1, sin x + sin 3x + sin 5x on 64 points, 40 seeds, Adam 0.002, 700 steps",
    level="standard",
    alpha=1e-5,
)
@false("low frequencies first whatever the loss (s)", reversed_from=3)
@false("high frequencies first whatever the loss", reversed_from=0)
def trained(s, *, reversed_from=2, training_order=None, context):
    """Networks whose relative error at k = 5 is below that at k = 1 at the end; none for s = 0, all for s = 2."""
    record = model_runs(context.seed, s if training_order is None else training_order)
    high = record.spectrum[-1][:, 2] < record.spectrum[-1][:, 0]
    hits = int(high.sum() if s >= reversed_from else (~high).sum())
    decided = context.rate(
        hits, len(high), what=f"order {s}: the expected one of k = 1, 5 is ahead", at_least=CONVERGED, margin=RATE, parts=PARTS
    )
    return worst([decided], figures=[spectra(record, f"Errors of frequencies, loss of order {s}")])


MODEL.without("second order", trained, [2], training_order=0)


def rates_of_neuron():
    k = np.linspace(0.05, 8, 240)
    series = []
    for s in (0, 1, 2, 3):
        exact = k ** (2 * s) * (np.pi / np.sinh(np.pi * k / 2)) ** 2
        series.append({"label": f"s = {s}", "x": k.tolist(), "y": exact.tolist()})
    surrogate = 4 * np.pi**2 * k**2 * np.exp(-np.pi * k)
    series.append({"label": "s = 1 by e^(-pi k)", "x": k.tolist(), "y": surrogate.tolist()})
    marks = [{"label": f"s = {s}", "x": 2 * peak_argument(s) / np.pi} for s in (2, 3)]
    alt = "Rates by frequency for orders 0 to 3 of the loss: orders 0 and 1 fall, 2 and 3 rise to a marked place first; the surrogate"
    " of order 1 rises wrongly"
    return Figure(
        "lines", "Rates of a tanh neuron, w = 1", alt, {"series": series}, "frequency k", "k^(2s) |T(k)|^2", log_y=True, marks=marks
    )
