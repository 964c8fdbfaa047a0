"""Check predicted orientations with python-flint alone: python check_orientation.py FILE

The weights of a small network turn to maxima (side 1) and minima (side -1) on the sphere of V(u) = sum_i c_i (u . x_i)^p. For p = 1 these
are z = sum_i c_i x_i and -z; for two coordinates an interval of t = u_1/u_2 in which the derivative of V along the circle changes its
sign, and the number of all such roots; otherwise a box in which Krawczyk's test finds one point with grad V = p lambda u, |u| = 1, and the
inertia of the bordered Hessian there, which is (D, 0, 1) at a maximum. A list that is said to be complete holds all of the sides named.
"""

import sys
from math import comb, hypot
from pathlib import Path

from flint import arb, arb_mat, fmpq, fmpq_poly

sys.path.insert(0, str(Path(__file__).parent))
from balls import boxed, number, precision, rational  # noqa: E402
from check_box import inertia  # noqa: E402
from referee import main, refusing, require, whole  # noqa: E402

#: How far a direction in floats may be from what is proved.
NEAR = 1e-9
KIND = {1: "maximum", -1: "minimum"}


def along(x, u):
    return sum((a * b for a, b in zip(x, u, strict=True)), 0 * u[0])


def power(z, k):
    value = 0 * z + 1
    for _ in range(k):
        value = value * z
    return value


def close(direction, unit):
    require(len(direction) == len(unit), "a direction of another length")
    require(all(abs(number(a) - b) < NEAR for a, b in zip(direction, unit, strict=True)), f"the direction is not {direction}")


def grows(orientation, value):
    """side V > 0 exactly when it is said."""
    side = orientation["side"] * value
    require(side > 0 or side < 0 or orientation["growing"] is None, "the sign of V is open")
    require(orientation["growing"] is None or orientation["growing"] is bool(side > 0), "weights grow there, or do not")


def check_line(xs, c, orientation):
    """p = 1."""
    z = [sum((a * x[k] for a, x in zip(c, xs, strict=True)), fmpq(0)) for k in range(len(xs[0]))]
    require(any(z) and orientation["growing"] is True, "z vanishes, or weights are said not to grow")
    require("z" not in orientation or list(map(rational, orientation["z"])) == [entry / len(xs) for entry in z], "another z")
    length = sum((arb(entry) ** 2 for entry in z), arb(0)).sqrt()
    close(orientation["direction"], [orientation["side"] * arb(entry) / length for entry in z])


def binary(xs, c, p):
    """The coefficients of V = sum_k v_k u_1^k u_2^(p-k)."""
    return [comb(p, k) * sum((a * power(x[0], k) * power(x[1], p - k) for a, x in zip(c, xs, strict=True)), fmpq(0)) for k in range(p + 1)]


def tangential(v, p):
    """T(t, 1), where T = u_1 dV/du_2 - u_2 dV/du_1 is a form of degree p again."""
    padded = [fmpq(0), *v, fmpq(0)]
    T = fmpq_poly([(p - k + 1) * padded[k] - (k + 1) * padded[k + 2] for k in range(p + 1)])
    require(T.degree() >= 0, "V is constant on the circle")
    return T


def odd_lines(T, p):
    """The number of lines on which T changes its sign, by enclosing its complex roots; the root at infinity is what the degree lacks."""
    return sum(k % 2 for root, k in T.complex_roots() if root.imag == 0) + (p - T.degree()) % 2


def check_root(xs, c, p, v, T, orientation):
    """D = 2: T changes from + to - along the circle through a maximum of V, from - to + through a minimum."""
    direction, side = orientation["direction"], orientation["side"]
    require(len(direction) == 2 and abs(hypot(*direction) - 1) < NEAR, "no unit vector")
    require("form" not in orientation or list(map(rational, orientation["form"])) == v, "another form")
    require(orientation.get("kind", KIND[side]) == KIND[side], "said to be the other kind of extremum")
    if orientation["lower"] is None:
        # T has the sign of its leading coefficient after u = (1, 0), and (-1)^(p - deg) times that before
        rises = (T[T.degree()] > 0) != ((p - T.degree()) % 2 == 1)
        require((p - T.degree()) % 2, "no change of sign at infinity")
        point = [arb(1), arb(0)]
    else:
        lower, upper = rational(orientation["lower"]), rational(orientation["upper"])
        require(lower <= upper, "an interval whose ends are exchanged")
        step = fmpq(1, 10**18) if lower == upper else fmpq(0)
        left, right = T(lower - step), T(upper + step)  # the angle grows as t falls
        require(left and right and (left > 0) != (right > 0), "no change of sign in the interval")
        rises = right > 0
        t = arb(lower).union(arb(upper))
        length = (t * t + 1).sqrt()
        point = [t / length, 1 / length]
    # of the two ends of the line the one near the direction; at the other V is (-1)^p times as large
    sign = 1 if along(direction, [float(entry.mid()) for entry in point]) > 0 else -1
    require((1 if rises else -1) * power(sign, p) == side, "the other kind of extremum")
    close(direction, [sign * entry for entry in point])
    grows(orientation, value(xs, c, p, [sign * entry for entry in point]))


def value(xs, c, p, u):
    return sum((a * power(along(x, u), p) for a, x in zip(c, xs, strict=True)), arb(0))


def check_extremum(xs, c, p, orientation):
    """A box for (u, V/scale)."""
    D, scale = len(xs[0]), rational(orientation["scale"])
    require(scale > 0, "a scale that exchanges maxima and minima")

    def system(point):
        u, level = point[:D], point[D]
        weights = [a / scale * power(along(x, u), p - 1) for a, x in zip(c, xs, strict=True)]
        rows = [sum((w * x[k] for w, x in zip(weights, xs, strict=True)), 0 * level) - level * u[k] for k in range(D)]
        return [*rows, (1 - along(u, u)) / 2]

    def bordered(_, point):
        u, level = point[:D], point[D]
        weights = [(p - 1) * a / scale * power(along(x, u), p - 2) for a, x in zip(c, xs, strict=True)]
        hessian = [
            [sum((w * x[i] * x[j] for w, x in zip(weights, xs, strict=True)), arb(0)) - (level if i == j else 0) for j in range(D)]
            for i in range(D)
        ]
        return arb_mat([[*row, -u[i]] for i, row in enumerate(hessian)] + [[*(-entry for entry in u), arb(0)]])

    point = boxed(system, orientation, bordered)
    rows = [[orientation["side"] * entry for entry in row] for row in bordered(None, point).tolist()]
    require(inertia(rows) == [D, 0, 1], "no strict extremum")
    close(orientation["direction"], point[:D])
    grows(orientation, point[D])


@refusing
def check(certificate):
    """What is shown, in words."""
    precision(256)
    p, found, sides = whole(certificate["p"], 1, "p"), certificate["orientations"], certificate["sides"]
    xs, c = [list(map(rational, x)) for x in certificate["x"]], list(map(rational, certificate["c"]))
    require(len(xs) == len(c) and len({len(x) for x in xs}) == 1 and p <= 20, "other data, or too many")
    require(0 < len(found) <= 1000, "no orientation, or too many")
    require(sides in ([1, -1], [1], [-1]) and type(certificate["complete"]) is bool, "no sides, or not said whether these are all")
    v = binary(xs, c, p) if len(xs[0]) == 2 else None
    T = tangential(v, p) if v and p > 1 else None
    for orientation in found:
        require(orientation["side"] in sides, "another side")
        if p == 1:
            check_line(xs, c, orientation)
        elif T is not None:
            check_root(xs, c, p, v, T, orientation)
        else:
            check_extremum(xs, c, p, orientation)
    for k, one in enumerate(found):
        same = [other for other in found[:k] if other["side"] == one["side"]]
        require(all(along(one["direction"], other["direction"]) < 1 - NEAR for other in same), "one twice")
    if certificate["complete"]:
        each = 1 if p == 1 else 2 if T is None else odd_lines(T, p)
        require((p <= 2 or T is not None) and all(sum(o["side"] == side for o in found) == each for side in sides), "not all")
    return f"{len(found)} orientations, {'all there are' if certificate['complete'] else 'maybe more'}"


KINDS = {"orientations of a small network": check}

if __name__ == "__main__":
    main(check)
