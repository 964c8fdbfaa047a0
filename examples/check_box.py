"""Check a box with python-flint alone: python check_box.py FILE

A box is a centre and a radius, in decimals. Krawczyk's test shows that it holds exactly one zero of a system: with C close to the
inverse of F' at the centre m, -C F(m) + (I - C F'(X)) (X - m) must lie strictly within the radius. The systems, from first principles:
the gradient of the squared loss of a tanh network with one hidden layer, the extremum of z sigma'/sigma, and the inputs from which one
sample leads a neuron from its start to a given limit. Where a minor or an inertia is stored beside the box, it is computed again.
"""

import json
import sys
from itertools import product
from pathlib import Path

from flint import acb, acb_series, arb, arb_mat, arb_series, ctx, fmpq

ACTIVATIONS = {
    "sigmoid": lambda z: 1 / (1 + (-z).exp()),
    "silu": lambda z: z / (1 + (-z).exp()),
    "gelu": lambda z: z * (1 + (z * arb(0.5).sqrt()).erf()) / 2,
    "(1+z)/(2+z)": lambda z: (1 + z) / (2 + z),
    "exp(atan(z))": lambda z: z.atan().exp(),
}


def number(value):
    """A float, a fraction, a decimal or a ball in text; nothing is rounded away."""
    fraction = isinstance(value, str) and "/" in value.replace("+/-", "")
    return arb(fmpq(*map(int, value.split("/")))) if fraction else arb(value)


def krawczyk(system, box):
    """The ball around each coordinate of the one zero in the box, and F' there; AssertionError where the test fails."""
    centre, radius = list(map(number, box["centre"])), number(box["radius"])
    n, around = len(centre), arb(0, radius.upper())
    values, jacobian = system(centre)
    inverse = arb_mat(n, n, [entry.mid() for entry in jacobian.mid().inv().entries()])
    inside = [c + around for c in centre]
    defect = arb_mat(n, n, [int(i == j) for i, j in product(range(n), repeat=2)]) - inverse * system(inside)[1]
    offsets = defect * arb_mat(n, 1, [around] * n) - inverse * arb_mat(n, 1, values)
    assert all(abs(offset) < radius.lower() for offset in offsets.entries()), "Krawczyk's test fails"
    return inside, system(inside)[1]


def loss_gradient(widths, x, y):
    """theta -> gradient and Hessian of sum |f(x) - y|^2, f = W2 tanh(W1 x + b1) + b2, theta = (W1, b1, W2, b2)."""
    d, m, outputs = widths
    into = lambda k, j: k * d + j if j < d else m * d + k
    out = lambda t, k: m * (d + 1) + t * m + k if k < m else m * (d + 1) + m * outputs + t
    size = out(outputs - 1, m) + 1

    def system(theta):
        gradient, hessian = [arb(0)] * size, [[arb(0)] * size for _ in range(size)]
        for sample, label in zip(x, y, strict=True):
            inputs = [*map(number, sample), arb(1)]
            u = [sum(theta[into(k, j)] * c for j, c in enumerate(inputs)).tanh() for k in range(m)]
            for t in range(outputs):
                residual = sum(theta[out(t, k)] * v for k, v in enumerate([*u, arb(1)])) - number(label[t])
                slope = {out(t, k): v for k, v in enumerate([*u, arb(1)])}
                for k, j in product(range(m), range(d + 1)):
                    slope[into(k, j)] = theta[out(t, k)] * (1 - u[k] ** 2) * inputs[j]
                    mixed = residual * (1 - u[k] ** 2) * inputs[j]
                    hessian[into(k, j)][out(t, k)] += mixed
                    hessian[out(t, k)][into(k, j)] += mixed
                    for i in range(d + 1):
                        bend = -2 * u[k] * (1 - u[k] ** 2) * inputs[j] * inputs[i]
                        hessian[into(k, j)][into(k, i)] += residual * theta[out(t, k)] * bend
                for p, a in slope.items():
                    gradient[p] += residual * a
                    for q, b in slope.items():
                        hessian[p][q] += a * b
        return gradient, arb_mat(hessian)

    return system


def inertia(matrix):
    """(negative, 0, positive) from the pivots of symmetric elimination, each of which must have a sign."""
    rows, signs = matrix.tolist(), []
    for k, pivot in enumerate(rows):
        assert not pivot[k].contains(0), "a pivot may vanish"
        signs.append(pivot[k] > 0)
        for row in rows[k + 1 :]:
            factor = row[k] / pivot[k]
            row[k:] = [a - factor * b for a, b in zip(row[k:], pivot[k:], strict=True)]
    return [signs.count(False), 0, signs.count(True)]


def jet(name, z, order=1):
    """sigma and its derivatives at a ball, real or complex."""
    ctx.cap, factorial = order + 1, 1
    coefficients = list(ACTIVATIONS[name]((acb_series if isinstance(z, acb) else arb_series)([z, 1])))
    for k in range(len(coefficients)):
        factorial *= max(k, 1)
        coefficients[k] *= factorial
    return coefficients + [0 * z] * (order + 1 - len(coefficients))


def elasticity(name):
    """z -> the numerator of (z sigma'/sigma)' over sigma, and its derivative."""

    def system(z):
        s0, s1, s2, s3 = jet(name, z[0], 3)
        value = s0 * s1 + z[0] * (s0 * s2 - s1 * s1)
        return [value], arb_mat([[2 * s0 * s2 + z[0] * (s0 * s3 - s1 * s2)]])

    return system


def reach(name, a):
    """c -> c^2 (a^2 - 1)/2 - integral of sigma/sigma' from 0 to c: zero where the input c leads from (w, a) = (0, 1) to (1, a)."""

    def ratio(z, _):
        value, slope = jet(name, z)
        return value / slope

    def system(c):
        whole = acb.integral(ratio, 0, acb(c[0])).real
        return [c[0] ** 2 * (a * a - 1) / 2 - whole], arb_mat([[c[0] * (a * a - 1) - ratio(c[0], None)]])

    return system


def check_overlap(certificate):
    """Two inputs that both lead from (0, 1) to (1, a), and cross there."""
    name, a = certificate["activation"], number(certificate["limit"][1])
    assert certificate["start"] == ["0", "1"] and certificate["limit"][0] == "1" and a > 1, "other points"
    (first,), (second,) = (krawczyk(reach(name, a), box)[0] for box in certificate["boxes"])
    assert first > 0 and second > 0 and not first.overlaps(second), "one input twice"
    for c in (first, second):  # sigma(0) >= 0 and sigma' > 0 up to c: both coordinates grow until the limit is met
        pieces = [c * (arb(k) / 64).union(arb(k + 1) / 64) for k in range(64)]
        assert jet(name, arb(0))[0] >= 0 and all(jet(name, piece)[1] > 0 for piece in pieces), "the orbit may turn"
    (u, du), (v, dv) = jet(name, first), jet(name, second)
    assert not (a * (u * dv * second - v * du * first)).contains(0), "the solution curves may touch"
    return "two inputs lead to one point, transversally"


def check(certificate):
    """What is shown, in words; AssertionError where it is not, and for what is no certificate."""
    try:
        return shown(certificate)
    except (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
        raise AssertionError(f"no certificate: {type(error).__name__}: {error}") from error


def shown(certificate):
    """The same for a well-formed certificate; a malformed one ends in whatever exception it leads to."""
    bits = next(box["bits"] for box in (certificate, certificate.get("box", {}), *certificate.get("boxes", [])) if "bits" in box)
    assert bits <= 10**5, "a precision for which the memory may not do"
    ctx.prec = bits
    match certificate.get("kind"):
        case "extremum of the elasticity":
            krawczyk(elasticity(certificate["activation"]), certificate)
            return "one zero of the derivative"
        case "one-point overlap":
            return check_overlap(certificate)
    x, y = certificate["data"] if "data" in certificate else (certificate["x"], certificate["y"])
    place = certificate.get("place", {"activation": "tanh", **certificate})
    assert place["activation"] == "tanh" and len(place["widths"]) == 3, "expected a tanh network with one hidden layer"
    found = inertia(krawczyk(loss_gradient(place["widths"], x, y), certificate["box"])[1])
    assert certificate.get("shallow", found) == found, f"the inertia is {found}"
    return f"one critical point, inertia {found}"


if __name__ == "__main__":
    stored = json.loads(Path(sys.argv[1]).read_text())
    for place, certificate in enumerate(stored if isinstance(stored, list) else [stored]):
        print(f"certificate {place}: {check(certificate)}")
