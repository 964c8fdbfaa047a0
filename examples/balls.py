"""What the referees in this folder share: numbers in text, activations from their formulas, Krawczyk's test. python-flint alone.

An activation is a function of anything with arithmetic: rationals, balls, and power series of either. So the derivatives of a system are
the coefficients of its series, and no derivative is written down here.
"""

import ast
import functools
import operator
import sys
from itertools import combinations_with_replacement, pairwise
from pathlib import Path

from flint import arb, arb_mat, arb_series, ctx, fmpq, fmpq_series

sys.path.insert(0, str(Path(__file__).parent))
from referee import Refused, require  # noqa: E402

FORMULAS = {
    "identity": "z",
    "tanh": "1 - 2/(1 + exp(2*z))",
    "sigmoid": "1/(1 + exp(-z))",
    "softplus": "log(1 + exp(z))",
    "silu": "z/(1 + exp(-z))",
    "gelu": "z*(1 + erf(z/sqrt(2)))/2",
    "lorentz": "1/(1 + z**2)",
    "ratsig": "z/(1 + z**2)",
    "ratsig4": "z/(1 + z**4)",
    "arctan": "atan(z)",
    "cosh": "(exp(z) + exp(-z))/2",
    "sinh": "(exp(z) - exp(-z))/2",
}
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "atan", "erf")
#: The highest power of z in a formula, powers of powers multiplied out, and the most nodes that one may have.
HIGHEST, MOST = 64, 200
#: The largest numerator or denominator of a number in a formula.
LARGEST = 10**40
#: What a stated ball may leave open of a number, relative to it or to 1.
CLOSE = 1e-3
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def rational(value):
    """An int, a float (the binary fraction it is), a fraction or a decimal in text, exactly."""
    if isinstance(value, str) and "/" in value:
        return fmpq(*map(int, value.split("/")))
    if isinstance(value, str):
        digits, _, exponent = value.lower().partition("e")
        whole, _, rest = digits.partition(".")
        power = int(exponent or 0) - len(rest)
        require(abs(power) <= 10**4, "a number for which the memory may not do")
        return fmpq(int(whole + rest)) * fmpq(10) ** power
    return fmpq(*value.as_integer_ratio())


def number(value):
    """The same as a ball, or the ball that the text "[1.25 +/- 3e-30]" stands for."""
    return arb(value) if isinstance(value, str) and value.startswith("[") else arb(rational(value))


def exactly(value):
    """The same as a ball that stands for one number: what is a ball in the certificate is refused."""
    require(not (isinstance(value, str) and value.startswith("[")), "a ball where one number is needed")
    return arb(rational(value))


def narrowly(value):
    """The same for data: a ball that is no wider than what rounding in its last places leaves open."""
    found = number(value)
    require(found.rad() <= 1e-6 * (1 + abs(found.mid())), "data that are wide balls")
    return found


def precision(bits):
    """Work at ``bits`` bits from now on."""
    require(type(bits) is int or (isinstance(bits, float) and bits > 0), "a precision that is no number")
    require(2 <= bits <= 10**4, "a precision for which the memory may not do")
    ctx.prec = bits


def activation(text):
    """The function of a name or a formula in z, such as "exp(atan(z))" or "tanh(z+1/2)"."""
    if text in ("relu", "leaky", "hinge3"):
        return lambda z: _kinked(text, z)
    require(len(text) <= 400, "a formula that is too long")
    text = FORMULAS.get(text, f"{text}(z)" if text in FUNCTIONS else text).strip()
    tree = ast.parse(text, mode="eval").body
    require(sum(1 for _ in ast.walk(tree)) <= MOST, "a formula that is too long")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):  # a decimal is meant as it stands, not as a float
            node.value = rational(ast.get_source_segment(text, node))
            require(max(abs(node.value.p), node.value.q) <= LARGEST, "a number of too many digits")
    require(_degree(tree) <= HIGHEST, "a formula whose powers are too high")
    return _read(tree)


def _degree(node):
    """A bound of the degree of numerator and denominator, what is inside a function counted apart."""
    match node:
        case ast.Constant():
            return 0
        case ast.Name():
            return 1
        case ast.BinOp(op=ast.Pow()):
            return _degree(node.left) * max(int(abs(_constant(node.right))), 1)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return max(_degree(node.left), _degree(node.right))
        case ast.BinOp():
            return _degree(node.left) + _degree(node.right)
        case ast.UnaryOp():
            return _degree(node.operand)
        case ast.Call():
            require(all(_degree(argument) <= HIGHEST for argument in node.args), "a formula whose powers are too high")
            return 1
    return 0


def _constant(node):
    """The number that is written in a formula, such as the exponent -1/2."""
    match node:
        case ast.Constant(value=fmpq()):
            return node.value
        case ast.UnaryOp(op=ast.USub()):
            return -_constant(node.operand)
        case ast.BinOp() if type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](_constant(node.left), _constant(node.right))
    raise ValueError(f"no number: {ast.dump(node)[:80]}")


def _power(base, k):
    """The function base^k: a whole power, or exp(k log(base))."""
    require(abs(k) <= 16, "a power that is too high")
    if k.q == 1:
        return (lambda z: base(z) ** int(k)) if k > 0 else (lambda z: 1 / base(z) ** -int(k))
    ball = lambda value: arb(value) if isinstance(value, fmpq) else value
    return lambda z: (arb(k) * ball(base(z)).log()).exp()


def _kinked(name, z):
    start = z if isinstance(z, fmpq | arb) else z[0]
    require(start > 0 or start < 0, "a number at, or a ball on both sides of, the kink")
    if start > 0:
        return z + z * z * z if name == "hinge3" else z
    return {"relu": 0 * z, "leaky": z / 2, "hinge3": z}[name]


def _read(node):
    """The function of z that a node of a formula stands for."""
    match node:
        case ast.Constant(value=fmpq()):
            return lambda z: node.value
        case ast.Name(id="z"):
            return lambda z: z
        case ast.UnaryOp(op=ast.USub()):
            inner = _read(node.operand)
            return lambda z: -inner(z)
        case ast.UnaryOp(op=ast.UAdd()):
            return _read(node.operand)
        case ast.BinOp(op=ast.Pow()):
            return _power(_read(node.left), _constant(node.right))
        case ast.BinOp() if type(node.op) in OPERATIONS:
            left, right, operation = _read(node.left), _read(node.right), OPERATIONS[type(node.op)]
            return lambda z: operation(left(z), right(z))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            inner = _read(argument)
            ball = lambda value: arb(value) if isinstance(value, fmpq) else value
            return lambda z: getattr(ball(inner(z)), name)()
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FORMULAS:
            outer, inner = activation(name), _read(argument)
            return lambda z: outer(inner(z))
    raise ValueError(f"no formula in z: {ast.dump(node)[:80]}")


def taylor(function, z, order):
    """Taylor coefficients 0 .. ``order`` of ``function`` around all points of the ball z, by the mean value theorem; a wide z is cut up."""
    cuts = [z.mid() + z.rad() * k / 16 for k in range(-16, 17)]
    pieces = [a.union(b) for a, b in pairwise(cuts)] if z.rad() > 0.001 else [z]
    before, ctx.cap, columns = ctx.cap, order + 2, []
    try:
        for piece in pieces:
            around, centre = function(arb_series([piece, 1])), function(arb_series([piece.mid(), 1]))
            columns.append([centre[k] + (k + 1) * around[k + 1] * (piece - piece.mid()) for k in range(order + 1)])
        return [functools.reduce(arb.union, column) for column in zip(*columns, strict=True)]
    finally:
        ctx.cap = before


def jacobian(system, point):
    """The matrix of partial derivatives of ``system`` (list of numbers -> list of numbers) at balls."""
    before, ctx.cap = ctx.cap, 2
    try:
        columns = [system([arb_series([p, int(k == j)]) for k, p in enumerate(point)]) for j in range(len(point))]
        return arb_mat([[column[i][1] for column in columns] for i in range(len(point))])
    finally:
        ctx.cap = before


def second_order(loss, theta):
    """Gradient and Hessian of a function of power series, at rationals or at balls: along theta + t v the series of the loss begins with
    its value, its slope and half of v^T H v.
    """
    before, ctx.cap = ctx.cap, 3
    try:
        line = arb_series if any(isinstance(p, arb) for p in theta) else fmpq_series

        def along(*places):
            series = loss([line([p, int(k in places)]) for k, p in enumerate(theta)])
            return series[1], 2 * series[2]

        size = range(len(theta))
        single, hessian = [along(k) for k in size], [[None] * len(theta) for _ in size]
        for i, j in combinations_with_replacement(size, 2):
            both = along(i, j)[1] - single[i][1] - single[j][1] if i != j else 2 * single[i][1]
            hessian[i][j] = hessian[j][i] = both / 2
        return [slope for slope, _ in single], hessian
    finally:
        ctx.cap = before


def outputs(widths, sigma, theta, x):
    """The network of these widths at a sample, theta = (W_1, b_1, W_2, b_2, ...) row by row, the last layer linear."""
    features, entries = x, iter(theta)
    for layer, (columns, rows) in enumerate(pairwise(widths), start=1):
        weights = [[next(entries) for _ in range(columns)] for _ in range(rows)]
        features = [sum((w * f for w, f in zip(row, features, strict=True)), next(entries)) for row in weights]
        features = features if layer == len(widths) - 1 else [sigma(z) for z in features]
    require(next(entries, None) is None and len(theta) <= 60, "other parameters, or too many")
    return features


def squared_loss(network, data):
    """theta -> the sum of |network(theta, x) - y|^2 over the data (xs, ys)."""

    def loss(theta):
        pairs = [pair for x, y in zip(*data, strict=True) for pair in zip(network(theta, x), y, strict=True)]
        squares = [(f - label) * (f - label) for f, label in pairs]
        return sum(squares[1:], squares[0])

    return loss


def zero(system, centre, radius, derivative=jacobian):
    """The ball around each coordinate of the only zero within ``radius`` of ``centre``; refused where Krawczyk's test fails.

    With C close to the inverse of F' at the centre m, the set -C F(m) + (I - C F'(X)) (X - m) must lie strictly within the radius.
    """
    n = len(centre)
    values = [v[0] if isinstance(v, arb_series) else v for v in system(list(centre))]
    inverse = derivative(system, centre).mid().inv().mid()
    around = arb_mat(n, 1, [arb(0, radius.upper())] * n)
    slopes = derivative(system, [c + arb(0, radius.upper()) for c in centre])
    identity = arb_mat(n, n, [int(i % (n + 1) == 0) for i in range(n * n)])
    offsets = ((identity - inverse * slopes) * around - inverse * arb_mat(n, 1, values)).entries()
    require(all(abs(offset) < radius.lower() for offset in offsets), "Krawczyk's test fails")
    return [c + offset for c, offset in zip(centre, offsets, strict=True)]


def boxed(system, box, derivative=jacobian):
    """The same for a stored box: a centre and a radius, in decimals that stand for one number each."""
    radius = exactly(box["radius"])
    require(radius > 0, "a box without a radius")
    return zero(system, [exactly(c) for c in box["centre"]], radius, derivative)


def near(system, guess):
    """The same near a guess: Newton's method, then boxes that grow from the size of the last step."""
    x = [g.mid() for g in guess]
    for _ in range(12):
        values = [v[0] if isinstance(v, arb_series) else v for v in system(x)]
        step = (jacobian(system, x).mid().inv() * arb_mat(len(x), 1, values)).entries()
        x = [(p - q).mid() for p, q in zip(x, step, strict=True)]
        if all(abs(s) < arb(2) ** (-ctx.prec // 2) for s in step):
            break
    radius = max((abs(s).upper() for s in step), key=float) + arb(2) ** (4 - ctx.prec)
    for _ in range(12):
        radius = 16 * radius
        try:
            return zero(system, x, radius)
        except Refused:
            continue
    raise Refused("no box near the guess holds a zero for certain")


def stated(text, proved, what):
    """``proved``, once it lies in the ball that the certificate states, which must not leave it open."""
    require(number(text).rad() <= CLOSE * (1 + abs(number(text).mid())), f"{what} is stated as a wide ball")
    require(number(text).contains(proved), f"{what} is {proved.str(20)}, stated {str(text)[:60]}")
    return proved
