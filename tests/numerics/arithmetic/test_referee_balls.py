"""What the referees share computes what it says: numbers, activations, derivatives and Krawczyk's test against definitions."""

import ast
import os
import subprocess
import sys
import time
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpq
from referees import EXAMPLES, script

balls, boxes = script("balls"), script("check_box")


pytestmark = pytest.mark.usefixtures("two_hundred_bits")


def close(found, wanted, error=1e-18):
    return bool(abs(arb(found) - arb(wanted)) < error)


def read(value):
    return arb(mpmath.nstr(value, 45))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (3, "3"),
        (0.5, "1/2"),
        ("-2/3", "-2/3"),
        ("1.25", "5/4"),
        ("-0.05", "-1/20"),
        ("1e-3", "1/1000"),
        ("2.5E2", "250"),
        ("-1.5e-1", "-3/20"),
    ],
)
def test_numbers_are_read_exactly(text, wanted):
    wanted = Fraction(wanted)
    assert balls.rational(text) == fmpq(wanted.numerator, wanted.denominator)
    assert balls.number(text).overlaps(arb(wanted.numerator) / wanted.denominator) and float(balls.number(text).rad()) < 1e-55
    assert balls.rational(0.1) != balls.rational("0.1")


def test_a_ball_in_text_stays_a_ball():
    found = balls.number("[1.5 +/- 0.25]")
    assert found.contains(arb("1.7")) and found.contains(arb("1.3")) and not found.contains(arb("1.8"))
    assert close(balls.stated("[1.5 +/- 0.001]", arb("1.5005"), "it"), "1.5005")
    with pytest.raises(AssertionError, match=r"it is \[1\.8"):
        balls.stated("[1.5 +/- 0.001]", arb("1.8"), "it")
    with pytest.raises(AssertionError, match="it is stated as a wide ball"):
        balls.stated("[1.5 +/- 0.25]", arb("1.6"), "it")


def test_where_one_number_is_needed_no_ball_will_do():
    assert balls.exactly("1/3").overlaps(arb(1) / 3) and balls.exactly("-2.5e-3").overlaps(arb(-25) / 10000)
    for text in ("[1.5 +/- 0.25]", "[1 +/- 1e-30]"):
        with pytest.raises(AssertionError, match="a ball where one number is needed"):
            balls.exactly(text)
    assert balls.narrowly("[1.5 +/- 1e-9]").contains(arb("1.5"))
    with pytest.raises(AssertionError, match="data that are wide balls"):
        balls.narrowly("[1.5 +/- 1e-4]")


@pytest.mark.parametrize(
    "text",
    [
        "1e99999999*z",
        "9" * 390 + "e9*z",
        "(((((z**16)**16)**16)**16)**16)+z",
        "(((z**16)**16)*z)",
        "((((z*z+1)**16)**9))",
        "exp((((z**16)**16)**16))",
        "z" + "*z" * 180,
        "1/(1/(1/((z**16)**16)))",
    ],
)
def test_a_formula_has_a_cost(text):
    """What is read is evaluated in no time, over balls and over rationals; the rest is refused without being evaluated."""
    started = time.perf_counter()
    with pytest.raises((AssertionError, ValueError, OverflowError)):
        balls.activation(text)(fmpq(3, 7))
    assert time.perf_counter() - started < 2


def test_refusals_do_not_depend_on_the_interpreter():
    """With PYTHONOPTIMIZE no assert is left; every refusal still is."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import balls; balls.precision(10**17)"
    for optimize in ("", "1", "2"):
        environment = {**os.environ, "PYTHONOPTIMIZE": optimize}
        done = subprocess.run([sys.executable, "-c", program, str(EXAMPLES)], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "Refused: a precision" in done.stderr
    for file in EXAMPLES.glob("*.py"):
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))), file.name


def test_what_the_memory_may_not_hold_is_refused():
    for text in ("1e20000", "1e-20000"):
        with pytest.raises(AssertionError, match="memory"):
            balls.rational(text)
    for bits in (1, 10**4 + 1, 10**17):
        with pytest.raises(AssertionError, match="memory"):
            balls.precision(bits)
    for bits in (2, 10**4, 200):
        balls.precision(bits)
        assert ctx.prec == bits


FORMULAS = {
    "identity": lambda z: z,
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2,
    "lorentz": lambda z: 1 / (1 + z * z),
    "ratsig": lambda z: z / (1 + z * z),
    "ratsig4": lambda z: z / (1 + z**4),
    "exp": mpmath.exp,
    "atan": mpmath.atan,
    "(1+z)/(2+z)": lambda z: (1 + z) / (2 + z),
    "exp(atan(z))": lambda z: mpmath.exp(mpmath.atan(z)),
    "tanh(z+1/2)": lambda z: mpmath.tanh(z + mpmath.mpf(1) / 2),
    "-2.5*z**3 - sin(z)*cos(2*z) + sqrt(3+z)": lambda z: -2.5 * z**3 - mpmath.sin(z) * mpmath.cos(2 * z) + mpmath.sqrt(3 + z),
    "leaky": lambda z: z if z > 0 else z / 2,
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "hinge3": lambda z: z + z**3 if z > 0 else z,
}


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("z", ["0.7", "-1.3"])
def test_taylor_coefficients_are_derivatives_over_factorials(text, z):
    with mpmath.workdps(60):
        wanted = [mpmath.diff(FORMULAS[text], mpmath.mpf(z), k) / mpmath.factorial(k) for k in range(4)]
    found = balls.taylor(balls.activation(text), arb(z), 3)
    assert len(found) == 4 and all(close(one, read(other)) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("text", ["tanh", "gelu", "exp(atan(z))"])
@pytest.mark.parametrize("radius", ["1e-4", "0.3"])
def test_taylor_coefficients_enclose_those_at_every_point(text, radius):
    """Narrow and wide balls: wide ones are cut up, and no piece may be lost."""
    around = balls.taylor(balls.activation(text), arb("0.4", radius), 2)
    for k in range(-8, 9):
        inside = balls.taylor(balls.activation(text), arb("0.4") + arb(radius) * k / 8, 2)
        assert all(one.overlaps(other) for one, other in zip(around, inside, strict=True))
    assert all(float(one.rad()) < 3 * float(arb(radius)) for one in around)


@pytest.mark.parametrize("text", ["z.real", "open('x')", "__import__('os')", "z**z", "lambda z: z", "w", "f(z)", "z if z else z", "'z'"])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match="no formula|no number"):
        balls.activation(text)(arb(1))


def test_kinks_are_not_decided():
    for name in ("relu", "leaky", "hinge3"):
        for z in (arb(0), arb(0, 1), fmpq(0)):
            with pytest.raises(AssertionError, match="kink"):
                balls.activation(name)(z)
    with pytest.raises(AssertionError, match="too long"):
        balls.activation("z" + "+z" * 200)


def circle_and_hyperbola(x):
    return [x[0] * x[0] + x[1] * x[1] - 4, x[0] * x[1] - 1]


def test_jacobians_by_series():
    found = balls.jacobian(circle_and_hyperbola, [arb(3), arb(5)])
    assert [[float(found[i, j]) for j in range(2)] for i in range(2)] == [[6, 10], [5, 3]]


@pytest.mark.parametrize("derivative", [balls.jacobian, lambda _, x: arb_mat([[2 * x[0], 2 * x[1]], [x[1], x[0]]])])
def test_krawczyk_accepts_the_zero_and_nothing_else(derivative):
    root = ((2 + arb(3).sqrt()).sqrt(), (2 - arb(3).sqrt()).sqrt())
    centre = [entry.mid().str(40, radius=False) for entry in root]
    for radius in ("1e-30", "1e-10", "0.1"):
        found = balls.boxed(circle_and_hyperbola, {"centre": centre, "radius": radius}, derivative)
        assert all(one.contains(entry) and float(one.rad()) < 0.5 * float(radius) for one, entry in zip(found, root, strict=True))
    beside = [(root[0] + arb("3e-10")).mid().str(40, radius=False), centre[1]]
    for refused, radius in ((beside, "1e-10"), (centre, "1e3"), (["0.3", "0.2"], "0.1")):
        with pytest.raises(AssertionError, match="fails"):
            balls.boxed(circle_and_hyperbola, {"centre": refused, "radius": radius}, derivative)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        balls.boxed(lambda x: [x[0] * x[0]], {"centre": ["0.001"], "radius": "0.01"})


def test_zeros_near_a_guess():
    found = balls.near(circle_and_hyperbola, [arb("1.9"), arb("0.5")])
    root = ((2 + arb(3).sqrt()).sqrt(), (2 - arb(3).sqrt()).sqrt())
    assert all(one.overlaps(entry) and float(one.rad()) < 1e-25 for one, entry in zip(found, root, strict=True))
    with pytest.raises((AssertionError, ZeroDivisionError)):
        balls.near(lambda x: [x[0] * x[0] + 1], [arb("0.3")])


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 2, 1), (1, 2, 2), (1, 2, 1, 2)])
def test_second_order_against_differences_of_the_loss(widths):
    """f = W2 tanh(W1 x + b1) + b2 written out, sum |f - y|^2 by central differences in 600 bits."""
    ctx.prec, rng = 600, np.random.default_rng(0)
    x = [[arb(int(v)) for v in row] for row in rng.integers(-3, 4, (3, widths[0]))]
    y = [[arb(int(v)) for v in row] for row in rng.integers(-3, 4, (3, widths[-1]))]
    size = sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))
    theta = [arb(int(k)) / 5 for k in rng.integers(-6, 7, size)]

    def value(theta):
        total = arb(0)
        for sample, label in zip(x, y, strict=True):
            values, start = sample, 0
            for l, (a, b) in enumerate(zip(widths, widths[1:], strict=False), start=1):
                biases = start + a * b
                values = [sum((theta[start + k * a + j] * values[j] for j in range(a)), theta[biases + k]) for k in range(b)]
                values, start = [v.tanh() for v in values] if l < len(widths) - 1 else values, biases + b
            total += sum(((f - t) ** 2 for f, t in zip(values, label, strict=True)), arb(0))
        return total

    network = lambda theta, sample: balls.outputs(widths, balls.activation("tanh"), theta, sample)
    gradient, hessian = balls.second_order(balls.squared_loss(network, (x, y)), theta)
    h = arb("1e-40")
    moved = lambda **steps: value([entry + h * steps.get(f"p{k}", 0) for k, entry in enumerate(theta)])
    for p in range(size):
        assert close(gradient[p], (moved(**{f"p{p}": 1}) - moved(**{f"p{p}": -1})) / (2 * h))
        assert close(hessian[p][p], (moved(**{f"p{p}": 1}) - 2 * moved() + moved(**{f"p{p}": -1})) / (h * h))
        for q in range(p):
            corners = [(a * b, moved(**{f"p{p}": a, f"p{q}": b})) for a, b in product((1, -1), repeat=2)]
            assert close(hessian[p][q], sum((sign * found for sign, found in corners), arb(0)) / (4 * h * h))
            assert close(hessian[p][q], hessian[q][p])
    with pytest.raises((AssertionError, StopIteration, RuntimeError)):
        network([*theta, arb(0)], x[0])


def test_inertia_by_elimination_is_that_of_the_eigenvalues():
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 5):
        for diagonal in (0, 3):  # a zero diagonal needs blocks of two
            matrix = rng.integers(-4, 5, (size, size))
            matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T + np.diag(rng.integers(1, 4, size) * diagonal)
            values = np.linalg.eigvalsh(matrix)
            rows = [[arb(int(entry)) for entry in row] for row in matrix]
            if abs(values).min() < 1e-9:
                with pytest.raises(AssertionError, match="may vanish"):
                    boxes.inertia(rows)
            else:
                assert boxes.inertia(rows, zeros=2) == [int((values < 0).sum()), 2, int((values > 0).sum())]
