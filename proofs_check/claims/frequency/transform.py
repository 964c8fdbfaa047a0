r"""The Fourier transform of one tanh neuron: its frequencies fall off like e^(-pi |k|/(2|w|)), so a small weight is a low pass."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.fourier import fourier_integral
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_most, equal, worst
from theory.dynamics.frequency import neuron_transform, slope_transform

from . import PRINCIPLE

NEURON = claim(
    "fprinciple.neuron_ft",
    "The Fourier transform of a tanh neuron",
    r"F[\operatorname{sech}^2(wx + b)](k) = \frac{\pi k}{w^2} \frac{e^{ikb/w}}{\sinh(\pi k/(2|w|))}, \quad"
    r" F[\tanh(wx + b)](k) = -\frac{i \pi}{w} \frac{e^{ikb/w}}{\sinh(\pi k/(2|w|))}",
    clauses={
        "slope": r"F[\operatorname{sech}^2(wx + b)](k) = (\pi k/w^2) e^{ikb/w}/\sinh(\pi k/(2|w|)), \text{ and } 2/|w| \text{ at } k = 0",
        "neuron": r"F[\tanh(wx + b)](k) = -(i \pi/w) e^{ikb/w}/\sinh(\pi k/(2|w|)) \text{ for } k \ne 0",
        "decay": r"|F[\tanh(wx + b)](k)| = \frac{2 \pi}{|w|} \frac{e^{-\pi|k|/(2|w|)}}{1 - e^{-\pi|k|/|w|}}",
    },
    symbols=["F", "k", "w", "b"],
    assumptions=[
        Assumption("weight", r"w \ne 0", unprobed="a constant neuron has no transform but at k = 0"),
        Assumption("frequency", r"k \ne 0 \text{ for the neuron itself}", unprobed="at 0 its transform is no function"),
    ],
    source=PRINCIPLE.at("proof of Theorem 1; Lemma on the transform of tanh"),
    refuted_by="one weight, bias and frequency at which the integral is another number",
)


@NEURON.check(
    "symbolic",
    ["contour"],
    clauses=("slope", "neuron", "decay"),
    covers="statement",
    scope="all w, b and k != 0: around the rectangle -R, R, R + i pi, -R + i pi the integral of f(z) = sech^2(z) e^(-iqz) is 2 pi i"
    " times its"
    " residue at i pi/2; the sides vanish as |sech^2(R + iy)| <= 1/sinh^2 R, and f(z + i pi) = e^(pi q) f(z). Then y = wx + b, q = k/w, and"
    " ik F[tanh] = w F[sech^2] as a distribution off k = 0",
)
@false("e^(-pi k/|w|)", decay=2)
@false("without 1/|w|", power=0)
@false("phase e^(-ikb/w) (s)", turn=-1)
@false("the residue at a simple pole", residue=lambda q: -1)
def contour(_, *, decay=1, power=1, turn=1, residue=lambda q: 1j * q, context):
    """Period, residue and integral in E = e^(pi q/2), the substitution for both signs of w with the exponent of its phase, the modulus."""
    import sympy

    q, k, u, b, y = sympy.symbols("q k u b y", real=True, nonzero=True)
    size, E = sympy.symbols("w E", positive=True)
    # cosh(z + i pi) = -cosh z and e^(-iq(z + i pi)) = e^(pi q) e^(-iqz); at z = i pi/2 + u: cosh z = i sinh u and e^(-iqz) = E e^(-iqu)
    z = sympy.Symbol("z")
    shifts = [sympy.expand(sympy.cosh(z + sympy.I * sympy.pi), trig=True), sympy.expand(sympy.cosh(u + sympy.I * sympy.pi / 2), trig=True)]
    outcomes = [equal(shifts=([-sympy.cosh(z), sympy.I * sympy.sinh(u)], shifts))]
    near = sympy.series(-sympy.exp(-sympy.I * q * u) / sympy.sinh(u) ** 2, u, 0, 1).removeO()
    predicted = sympy.nsimplify(residue(q))
    outcomes.append(equal(residue_over_E=(predicted, sympy.expand(near).coeff(u, -1))))
    integral = 2 * sympy.pi * sympy.I * predicted * E / (1 - E**2)
    half_sinh = lambda e: (e - 1 / e) / 2
    outcomes.append(equal(integral=(0, sympy.cancel(integral / sympy.pi - q / half_sinh(E)))))
    for sign in (1, -1):
        w = sign * size  # E is e^(pi k/(2|w|)) from here on, and q = k/w
        exponent = sympy.expand(-sympy.I * k * (y - b) / w + sympy.I * k * y / w)
        slope = sympy.pi * k / w / half_sinh(E**sign) / size**power
        outcomes.append(equal(phase=(turn * sympy.I * k * b / w, exponent)))
        outcomes.append(equal(slope=(0, sympy.cancel(slope / sympy.pi - k / w**2 / half_sinh(E**decay)))))
        outcomes.append(equal(neuron=(-1 / w / half_sinh(E**decay), sympy.cancel(w / k * slope / sympy.pi * -1))))
    fall = E**-decay
    outcomes.append(equal(modulus=(0, sympy.cancel(2 / size * fall / (1 - fall**2) - 1 / size / half_sinh(E)))))
    at_zero = sympy.limit(sympy.pi * q / sympy.sinh(sympy.pi * q / 2) / size, q, 0)  # the integral is continuous in k
    return worst([*outcomes, equal(at_zero=(2 / size, at_zero))], figures=[moduli()])


PLACES = axes(
    w=by_level(("-3/2", "1/3", "1", "3"), ("-3/2", "1/6", "1/3", "1", "3", "-8")),
    k=by_level(("0", "1/5", "-2", "6"), ("0", "1/5", "-2", "6", "-9", "20", "30")),
    quick=1,
    full=4,
    where=lambda w, k: abs(Fraction(k)) < 40 * abs(Fraction(w)),  # beyond, the transform is below the 1e-25 that are told apart
)


def bias(cell, rng):
    return Fraction(int(rng.integers(1, 40)), 13) * int(rng.choice([-1, 1]))


def reach(w, b, R=32):
    """The ends between which |wx + b| < R: outside, sech^2 is below 4 e^(-2|wx + b|)."""
    return (-R - abs(b)) / abs(w), (R + abs(b)) / abs(w)


def negated_phase(w, b, k):
    return slope_transform(w, -b, k)


def halved_decay(w, b, k):
    real, imag = slope_transform(w, b, k)
    return (real, imag) if k == 0 else tuple(part * ((ball(k).abs_upper() * -1).exp()) for part in (real, imag))


@NEURON.check("certified", bias, PLACES, clauses="slope", distribution="b = +-j/13, j < 40")
@false("phase e^(-ikb/w) (s)", formula=negated_phase)
@false("another decay", formula=halved_decay)
@false("three per cent more (s)", formula=lambda w, b, k: tuple(part * ball("1.03") for part in slope_transform(w, b, k)))
@false("0 at k = 0 (s)", formula=lambda w, b, k: slope_transform(w, b, k) if k != 0 else (k, k))
def quadrature(cell, b, *, formula=slope_transform, context):
    """The integral in balls with its tail against the formula: both parts apart by less than 1e-25."""
    w, k, R = Fraction(cell.w), Fraction(cell.k), 32
    with working_precision(110):

        def slope(x):
            c = (ball(w) * x + ball(b)).cosh()
            return 1 / (c * c)

        found = fourier_integral(slope, k, ends=reach(w, b), tail=4 * ball(-2 * R).exp() / abs(ball(w)), bits=110)
        real, imag = formula(ball(w), ball(b), ball(k))
        apart = [
            at_most(name, abs(value), 1e-25, attained=False) for name, value in (("real", found.real - real), ("imag", found.imag - imag))
        ]
    return worst(apart)


SIZES = {"middle": Fraction(1), "small": Fraction(1, 5), "large": Fraction(7)}
PAIRS = axes(
    signs=("+ +", "+ -", "- -"),
    k=by_level(("1/2", "-3"), ("1/2", "-3", "8", "30")),
    size=by_level(("middle",), tuple(SIZES)),
    quick=1,
    full=6,
    where=lambda k, size: Fraction(k) < (1 if size == "small" else 10 if size == "middle" else 40),
)


def two_neurons(cell, rng):
    """Two neurons whose difference, or sum where their weights have opposite signs, is integrable."""
    weights = [SIZES[cell.size] * Fraction(int(rng.integers(4, 12)), 6) * (1 if sign == "+" else -1) for sign in cell.signs.split()]
    return weights, [Fraction(int(rng.integers(-20, 21)), 7) for _ in weights]


def real_modulus(w, b, k):
    """The right modulus without its phase -i."""
    real, imag = neuron_transform(w, b, k)
    return -imag, real


@NEURON.check(
    "certified",
    two_neurons,
    PAIRS,
    clauses=("neuron", "decay"),
    distribution="|w| = j/6, 4 <= j < 12, a fifth and seven times of it; b = j/7, |j| <= 20",
)
@false("without the factor -i (s)", formula=real_modulus)
@false("phase e^(-ikb/w) (s)", formula=lambda w, b, k: neuron_transform(w, -b, k))
@false("1/|w| in place of 1/w (s)", formula=lambda w, b, k: neuron_transform(abs(w), b if w > 0 else -b, k))
def differences(cell, drawn, *, formula=neuron_transform, context):
    """tanh(w x + b) -+ tanh(w' x + b'), of which the steps cancel: its integral against the two formulas."""
    (w, v), (b, c) = drawn
    side, k, R = (1 if w * v > 0 else -1), Fraction(cell.k), 32
    with working_precision(110):
        ends = [max((R + abs(shift)) / abs(weight) for weight, shift in ((w, b), (v, c)))] * 2
        tail = sum(2 * ball(-2 * R).exp() / abs(ball(weight)) for weight in (w, v))  # |tanh y - sign y| <= 2 e^(-2|y|)
        both = lambda x: (ball(w) * x + ball(b)).tanh() - side * (ball(v) * x + ball(c)).tanh()
        found = fourier_integral(both, k, ends=(-ends[0], ends[1]), tail=tail, bits=110)
        first, second = (formula(ball(weight), ball(shift), ball(k)) for weight, shift in ((w, b), (v, c)))
        parts = [(found.real, first[0] - side * second[0]), (found.imag, first[1] - side * second[1])]
        return worst([at_most("difference", abs(p - q), 1e-25, attained=False) for p, q in parts])


def moduli():
    k = np.linspace(0.05, 12, 240)
    series = []
    for w in (0.3, 0.6, 1.2, 2.4):
        real, imag = neuron_transform(np.full_like(k, w), 0 * k, k)
        series.append({"label": f"w = {w}", "x": k.tolist(), "y": np.hypot(real, imag).tolist()})
    alt = "Four lines that fall on a logarithmic scale, the steeper the smaller the weight"
    return Figure("lines", "A tanh neuron in frequency", alt, {"series": series}, "frequency k", "|F[tanh(wx)](k)|", log_y=True)
