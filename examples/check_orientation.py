"""Check predicted orientations with python-flint alone: python check_orientation.py FILE

The weights of a small network turn to maxima (side 1) and minima (side -1) on the sphere of V(u) = sum_i c_i (u . x_i)^p. For p = 1 these
are z = sum_i c_i x_i and -z; for two coordinates an interval of t = u_1/u_2 in which the derivative of V along the circle changes its
sign, and the number of all such roots; otherwise a box in which Krawczyk's test finds one point with grad V = p lambda u, |u| = 1, and the
inertia of the bordered Hessian there, which is (D, 0, 1) at a maximum.
"""

import sys
from math import comb, hypot
from pathlib import Path

from flint import arb, arb_mat, fmpq, fmpq_poly

sys.path.insert(0, str(Path(__file__).parent))
from balls import boxed, number, precision, rational  # noqa: E402
from check_box import inertia  # noqa: E402
from referee import main, refusing, require  # noqa: E402

#: How far a direction in floats may be from what is proved.
NEAR = 1e-9


def along(x, u):
    return sum((a * b for a, b in zip(x, u, strict=True)), 0 * u[0])


def power(z, k):
    value = 0 * z + 1
    for _ in range(k):
        value = value * z
    return value


def close(direction, unit):
    require(all(abs(number(a) - b) < NEAR for a, b in zip(direction, unit, strict=True)), f"the direction is not {direction}")


def grows(orientation, value):
    """side V > 0 exactly when it is said."""
    side = orientation["side"] * value
    require(side > 0 or side < 0 or orientation["growing"] is None, "the sign of V is open")
    require(orientation["growing"] in (None, bool(side > 0)), "weights grow there, or do not")


def check_line(xs, c, orientation):
    """p = 1."""
    z = [sum((a * x[k] for a, x in zip(c, xs, strict=True)), fmpq(0)) for k in range(len(xs[0]))]
    require(any(z) and orientation["growing"], "z vanishes")
    length = sum((arb(entry) ** 2 for entry in z), arb(0)).sqrt()
    close(orientation["direction"], [orientation["side"] * arb(entry) / length for entry in z])


def tangential(xs, c, p):
    """T(t, 1) and its degree p as a form, T = u_1 dV/du_2 - u_2 dV/du_1."""
    v = [comb(p, k) * sum((a * power(x[0], k) * power(x[1], p - k) for a, x in zip(c, xs, strict=True)), fmpq(0)) for k in range(p + 1)]
    padded = [fmpq(0), *v, fmpq(0)]
    return fmpq_poly([(p - k + 1) * padded[k] - (k + 1) * padded[k + 2] for k in range(p + 1)])


def odd_lines(T, p):
    """The number of lines on which T changes its sign, by enclosing its complex roots; the root at infinity is what the degree lacks."""
    return sum(k % 2 for root, k in T.complex_roots() if root.imag == 0) + (p - T.degree()) % 2


def check_root(xs, c, p, T, orientation):
    """D = 2: T changes from + to - along the circle through a maximum of V, from - to + through a minimum."""
    direction, side = orientation["direction"], orientation["side"]
    require(abs(hypot(*direction) - 1) < NEAR, "no unit vector")
    if orientation["lower"] is None:
        # T has the sign of its leading coefficient after u = (1, 0), and (-1)^(p - deg) times that before
        rises = (T[T.degree()] > 0) != ((p - T.degree()) % 2 == 1)
        require((p - T.degree()) % 2, "no change of sign at infinity")
        point, orient = [arb(1), arb(0)], 1 if direction[0] > 0 else power(-1, p)
    else:
        lower, upper = rational(orientation["lower"]), rational(orientation["upper"])
        step = fmpq(1, 10**18) if lower == upper else fmpq(0)
        left, right = T(lower - step), T(upper + step)  # the angle grows as t falls
        require(left and right and (left > 0) != (right > 0), "no change of sign in the interval")
        rises = right > 0
        t = arb(lower).union(arb(upper))
        length = (t * t + 1).sqrt()
        point, orient = [t / length, 1 / length], 1 if direction[1] > 0 else power(-1, p)
    require((1 if rises else -1) * orient == side, "the other kind of extremum")
    sign = 1 if along(direction, [float(entry.mid()) for entry in point]) > 0 else -1
    close(direction, [sign * entry for entry in point])
    grows(orientation, value(xs, c, p, [sign * entry for entry in point]))


def value(xs, c, p, u):
    return sum((a * power(along(x, u), p) for a, x in zip(c, xs, strict=True)), arb(0))


def check_extremum(xs, c, p, orientation):
    """A box for (u, V/scale)."""
    D, scale = len(xs[0]), rational(orientation["scale"])

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
    p, found = certificate["p"], certificate["orientations"]
    xs, c = [list(map(rational, x)) for x in certificate["x"]], list(map(rational, certificate["c"]))
    require(len(xs) == len(c) and len({len(x) for x in xs}) == 1 and 1 <= p <= 20 and len(found) <= 1000, "other data, or too many")
    T = tangential(xs, c, p) if len(xs[0]) == 2 and p > 1 else None
    for orientation in found:
        require(orientation["side"] in (1, -1), "no side")
        if p == 1:
            check_line(xs, c, orientation)
        elif T is not None:
            check_root(xs, c, p, T, orientation)
        else:
            check_extremum(xs, c, p, orientation)
    for k, one in enumerate(found):
        same = [other for other in found[:k] if other["side"] == one["side"]]
        require(all(along(one["direction"], other["direction"]) < 1 - NEAR for other in same), "one twice")
    if certificate["complete"]:
        each = 1 if p == 1 else 2 if T is None else odd_lines(T, p)
        counts = {side: sum(o["side"] == side for o in found) for side in {o["side"] for o in found}}
        require((p <= 2 or T is not None) and all(count == each for count in counts.values()), "not all")
    return f"{len(found)} orientations, {'all there are' if certificate['complete'] else 'maybe more'}"


KINDS = {"orientations of a small network": check}

if __name__ == "__main__":
    main(check)
