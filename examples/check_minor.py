"""Check a rank certificate with python-flint alone: python check_minor.py FILE

A certificate spells out a network (which parameter stands at which place of which layer), exact parameters and samples, and a minor of
the tangent matrix [d f_t(x_i) / d theta_k]. The minor is computed again from first principles, modulo a prime (e^(1/q) sent to a
unit, a ring homomorphism) or in balls; where it is not zero, the rank at the point is at least its size. With a radius it is computed
over all parameters within it.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat, ctx, fmpq, fmpz, nmod, nmod_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, taylor  # noqa: E402
from referee import main, network, refusing, require, whole  # noqa: E402

GAUSSIAN = "exp(-z**2)"
#: Which piece a number is on is seen at the rational itself, in every layer.
PIECEWISE = ("relu", "leaky", "hinge3", "hardtanh")


def exponent(name, z):
    """What the exponential in an activation is taken of."""
    return z * z if name == GAUSSIAN else z


def jet(name, z, e, i):
    """sigma and sigma' at z (an fmpq, residue or ball), given e = e^exponent (modulo a prime, for sin and cos: e^(iz))."""
    if name == GAUSSIAN:
        return 1 / e, -2 * z / e
    if name == "identity":
        return z, 1
    if name.startswith("power:"):
        p = int(name[6:])
        return z**p, p * z ** (p - 1)
    if name in ("ratsig4", "ratsig", "lorentz"):
        k = 4 if name == "ratsig4" else 2
        v = 1 / (1 + z**k)
        return (v, -2 * z * v * v) if name == "lorentz" else (z * v, v - k * z**k * v * v)
    if name == "hardtanh":
        inside = z < 1 and z > -1
        require(inside or z > 1 or z < -1, "a number at, or a ball on both sides of, a kink")
        return (z, 1) if inside else ((1 if z > 0 else -1) + 0 * z, 0)
    if name in ("relu", "leaky", "hinge3"):
        require(z > 0 or z < 0 or (name == "hinge3" and z == 0), "a number at, or a ball on both sides of, the kink")
        if z > 0:
            return (z + z**3, 1 + 3 * z * z) if name == "hinge3" else (z, 1)
        return {"relu": (0 * z, 0), "leaky": (z / 2, 1 / (2 + 0 * z)), "hinge3": (z, 1)}[name]
    if name in ("tanh", "exp"):
        u = z.tanh() if isinstance(z, arb) else (e * e - 1) / (e * e + 1)
        return (u, 1 - u * u) if name == "tanh" else (e, e)
    if name in ("sigmoid", "silu", "softplus"):
        s = e / (1 + e)
        return {"sigmoid": (s, s - s * s), "silu": (z * s, s + z * (s - s * s))}.get(name) or ((1 + e).log(), s)
    if name in ("sin", "cos"):
        s, c = (z.sin(), z.cos()) if i is None else ((e - 1 / e) / (2 * i), (e + 1 / e) / 2)
        return (s, c) if name == "sin" else (c, -s)
    require(isinstance(z, arb), f"unknown activation {name}")
    return taylor(activation(name), z, 2)[:2]  # any formula, in balls


def tangent_row(layers, theta, x, output, sigma, number):
    """d f_output(x) / d theta_k for all k, by the chain rule backwards; ``number`` maps rationals into the arithmetic of sigma."""
    value = lambda k: theta[k] if k is not None else fmpq(0)
    product = lambda row, below: sum((value(k) * f for k, f in zip(row, below, strict=True)), fmpq(0))
    features, slopes = [x], []
    for layer in layers[:-1]:
        jets = [sigma(product(w, features[-1]) + value(b)) for w, b in zip(layer["weights"], layer["biases"], strict=True)]
        features, slopes = [*features, [u for u, _ in jets]], [*slopes, [number(du) for _, du in jets]]
    row, delta = [number(fmpq(0))] * len(theta), [number(fmpq(int(s == output))) for s in range(len(layers[-1]["weights"]))]
    for l, layer in reversed(list(enumerate(layers))):
        for d, entries, b in zip(delta, layer["weights"], layer["biases"], strict=True):
            for k, f in [*zip(entries, features[l], strict=True), (b, fmpq(1))]:
                if k is not None:
                    row[k] += d * number(f)
        columns = zip(*layer["weights"], strict=True)
        if l:
            weighted = [sum((d * number(value(k)) for d, k in zip(delta, c, strict=True)), number(fmpq(0))) for c in columns]
            delta = [g * du for g, du in zip(weighted, slopes[l - 1], strict=True)]
    return row


def rational(text):
    return fmpq(*map(int, text.split("/")))


def check_minor(certificate):
    """The size of the minor, once it is shown not to vanish, and to be the rank that is stated."""
    name, balls = certificate["activation"], certificate["kind"] == "ball minor"
    theta, samples = list(map(rational, certificate["theta"])), [list(map(rational, x)) for x in certificate["samples"]]
    layers, size = network(certificate["layers"], len(theta)), whole(certificate["rank"], 1, "the rank")
    rows, columns = certificate["rows"], certificate["columns"]
    require(len(rows) == len(columns) == size, "the rank stated is not the size of the minor")
    for i, t in rows:
        require(whole(i, 0, "a sample") < len(samples) and whole(t, 0, "an output") < len(layers[-1]["weights"]), "no such row")
    require(all(whole(k, 0, "a column") < len(theta) for k in columns), "no such column")
    if balls:
        require(2 <= certificate["precision"] <= 10**5, "a precision for which the memory may not do")
        ctx.prec, number, radius = certificate["precision"], arb, certificate.get("radius", 0)
        require(isinstance(radius, int | float) and radius >= 0, "no radius")
        theta = [arb(p) + arb(0, radius) for p in theta]
        sigma = lambda z: jet(name, arb(z), exponent(name, arb(z)).exp(), None)
    else:
        p, s, q = certificate["prime"], certificate["unit"], certificate["denominator"]
        require(
            whole(p, 5, "the prime") < 2**63 and fmpz(p).is_prime() and p % 4 == 1 and whole(s, 0, "the unit") % p,
            "expected a prime with a root of -1, and a unit",
        )
        number = lambda v: nmod(int(v.p), p) / nmod(int(v.q), p) if isinstance(v, fmpq) else nmod(int(v), p)
        i = next(nmod(r, p) for g in range(2, 99) if (r := pow(g, (p - 1) // 4, p)) ** 2 % p == p - 1)

        def sigma(z):
            if q is None:  # no exponential
                return jet(name, z, None, None) if name in PIECEWISE else tuple(map(number, jet(name, number(z), None, None)))
            power = exponent(name, z) * q
            require(power.q == 1, "q is no common denominator")
            return jet(name, number(z), nmod(pow(s, int(power.p) % (p - 1), p), p), i)

    tangents = [tangent_row(layers, theta, samples[i], t, sigma, number) for i, t in rows]
    minor = [[row[k] for k in columns] for row in tangents]
    if balls:
        require(not arb_mat(minor).det().contains(0), "the minor may vanish")
    else:
        require(int(nmod_mat(size, size, [int(v) for row in minor for v in row], p).det()), "the minor may vanish")
    return size


KINDS = {"minor modulo a prime": check_minor, "ball minor": check_minor}


@refusing
def check(certificate):
    """The rank that is shown to be reached; refused where it is not, and what is no certificate."""
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(lambda certificate: f"rank at least {check(certificate)}")
