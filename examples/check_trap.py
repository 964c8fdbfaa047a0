"""Check where a run of Adam on x^k/k ends, with python-flint alone: python check_trap.py FILE

Adam: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, x = x - rate m/sqrt(v), from a start x with m = g, v = g^2, where
g = x^(k-1) (1 + f1 x + f2 x^2 + ...). The run is followed in balls; then its state lies in B = {V y: |y| <= R}, in coordinates in which
the limit is 0. Where |V^-1 Phi' V| <= q < 1 on the box around B and |V^-1 Phi(0)| <= (1 - q) R for the step Phi in these coordinates, Phi
takes B into itself, and every orbit in it converges to the one fixed point there (Banach). docs/certificates.md has the coordinates.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import jacobian, number, precision  # noqa: E402
from referee import main, refusing, require  # noqa: E402

#: More steps than this are not followed.
MOST = 10**5


def run_of(certificate):
    """k, beta1, beta2, rate, start and the coefficients f of a run, once they are what the argument is about."""
    run = certificate["run"]
    k, numbers = run["k"], [number(run[name]) for name in ("beta1", "beta2", "rate", "start")]
    beta1, beta2, rate, start = numbers
    require(type(k) is int and 4 <= k <= 64 and k % 2 == 0, "k is not even, or below 4")
    require(0 <= beta1 < 1 and 0 < beta2 < 1 and rate > 0 and not start.contains(0), "parameters outside their range")
    return k, beta1, beta2, rate, start, [number(f) for f in run.get("factor", [])]


def share(factor, x):
    """1 + f1 x + f2 x^2 + ..."""
    value = 0 * x
    for f in reversed(factor):
        value = (value + f) * x
    return value + 1


def states(k, beta1, beta2, rate, start, factor):
    """x, m, v after 0, 1, 2, ... steps, m and v with the gradient at x taken in."""
    x = start
    m = x ** (k - 1) * share(factor, x)
    v = m * m
    while True:
        yield x, m, v
        x = x - rate * m / v.sqrt()
        g = x ** (k - 1) * share(factor, x)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


def power(base, exponent):
    """base^exponent of numbers and power series."""
    result = base
    for _ in range(exponent - 1):
        result = result * base
    return result


def minimum(k, beta1, beta2, rate, start, factor):
    """(step, coordinates of a state) near the minimum: (w/w* - 1, l/l* - 1, l* x) with w = m/x^(k-1), l = x^(k-2)/sqrt(v)."""
    rho = beta2.root(2 * (k - 2))
    w = (1 - beta1) / (1 - beta1 / rho ** (k - 1))
    l = (1 - rho) / (rate * w)
    require(w > 0 and l > 0, "there is no fixed point")

    def step(z):
        omega, ell, xi = z[0] + 1, z[1] + 1, z[2]
        r = 1 - omega * ell * (rate * w * l)
        rise, moved = power(r, k - 2), r * xi
        p = share(factor, moved / l)
        # v' = beta2 v + (1 - beta2) g'^2 over x'^(2(k-2)), with v = x^(2(k-2))/l^2 and g' = x'^(k-1) p
        pull = ell * rise * moved * p
        root = (pull * pull * (1 - beta2) + beta2).sqrt()
        return [omega * beta1 / (rise * r) + p * ((1 - beta1) / w) - 1, ell * rise / root - 1, moved]

    return step, lambda x, m, v: [m / x ** (k - 1) / w - 1, x ** (k - 2) / v.sqrt() / l - 1, l * x]


def cycle(k, beta1, beta2, rate, start, factor):
    """The same near the 2-cycle |x| = A, m = M, v = G^2 in the frame where x > 0: (x/A - 1, m/M - 1, v/G^2 - 1)."""
    require(not factor, "another loss than x^k/k")
    A = rate * (1 - beta1) / (2 * (1 + beta1))
    G = A ** (k - 1)
    M = G * (1 - beta1) / (1 + beta1)

    def step(z):
        a, mu, nu = (entry + 1 for entry in z)
        moved = mu * (rate * M / G) / nu.sqrt() - a * A  # minus the new point
        g = power(moved / A, k - 1) * G
        return [moved / A - 1, (g * (1 - beta1) - mu * (beta1 * M)) / M - 1, nu * beta2 + g * g * ((1 - beta2) / (G * G)) - 1]

    def coordinates(x, m, v):
        require(x > 0 or x < 0, "the sign of x is open")
        return [abs(x) / A - 1, (m if x > 0 else -m) / M - 1, v / (G * G) - 1]

    return step, coordinates


LIMITS = {"minimum": minimum, "2-cycle": cycle}


def column(entries):
    return arb_mat(len(entries), 1, entries)


def square(vector):
    return sum((entry * entry for entry in vector.entries()), arb(0))


def below(matrix, bound):
    """Whether the spectral norm of all matrices in the ball matrix lies below the bound: bound^2 - A^T A has positive pivots."""
    n = matrix.nrows()
    rows = (arb_mat(n, n, [bound * bound if i % (n + 1) == 0 else 0 for i in range(n * n)]) - matrix.transpose() * matrix).tolist()
    for k in range(n):
        if not rows[k][k] > 0:
            return False
        for i in range(k + 1, n):
            share = rows[i][k] / rows[k][k]
            rows[i] = [p - share * q for p, q in zip(rows[i], rows[k], strict=True)]
    return True


def check_trap(certificate):
    """The run ends at the minimum, with x'/x -> rho, or on the 2-cycle."""
    run, steps = run_of(certificate), certificate["steps"]
    require(type(steps) is int and 0 <= steps <= MOST, "a number of steps that is none, or too many")
    step, coordinates = LIMITS[certificate["limit"]](*run)
    V = arb_mat([[number(entry) for entry in row] for row in certificate["basis"]])
    radius, q = number(certificate["radius"]), number(certificate["norm"])
    require((V.nrows(), V.ncols()) == (3, 3) and radius > 0 and 0 <= q < 1, "no basis, radius or norm below 1")
    centre = [number(entry) for entry in certificate["centre"]]
    require(len(centre) == 3 and all(entry == 0 for entry in centre), "the limit is the origin of these coordinates")
    hull = [arb(0, (radius * square(column(row)).sqrt()).upper()) for row in V.tolist()]
    require(below(V.solve(jacobian(step, hull) * V), q), "the step does not contract by the norm stated")
    origin = V.solve(column([entry if isinstance(entry, arb) else entry[0] for entry in step([arb(0)] * 3)]))
    require(square(origin) <= ((1 - q) * radius) ** 2, "the origin moves too far")
    for _, state in zip(range(steps + 1), states(*run), strict=False):
        x = state
    require(square(V.solve(column(coordinates(*x)))) <= radius * radius, "the run is not in the region after these steps")
    if certificate["limit"] == "minimum":
        return f"after {steps} steps the run is trapped: x -> 0, x'/x -> {run[2].root(2 * (run[0] - 2)).str(10, radius=False)}"
    return f"after {steps} steps the run is trapped: it ends on the 2-cycle and never reaches the minimum"


def check_hitting(certificate):
    """The first numbers of steps after which |x| is at most the bounds."""
    run, wanted = run_of(certificate), [(number(bound), steps) for bound, steps in certificate["below"]]
    require(wanted and all(type(steps) is int and 0 <= steps <= MOST for _, steps in wanted), "no numbers of steps, or too many")
    last = max(steps for _, steps in wanted)
    for t, (x, _, _) in zip(range(last + 1), states(*run), strict=False):
        for bound, steps in wanted:
            require(t >= steps or abs(x) > bound, f"|x| after {t} steps is not above {bound.str(5)}")
            require(t != steps or abs(x) <= bound, f"|x| after {t} steps is not at most {bound.str(5)}")
    return f"|x| falls to the bounds after {', '.join(str(steps) for _, steps in wanted)} steps, and not before"


KINDS = {"contraction trap": check_trap, "hitting times": check_hitting}


@refusing
def check(certificate):
    """What is shown, in words; AssertionError where it is not, and for what is no certificate."""
    precision(certificate["bits"])
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
