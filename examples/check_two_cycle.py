"""Check the 2-cycle of Adam on x^k/k at rational parameters, with python-flint alone: python check_two_cycle.py FILE

From x = (rate/2)(1 - beta1)/(1 + beta1) with m and v as stated one step of Adam leads to -x with -m and the same v, exactly over the
rationals, hence two steps lead back. The derivative of the step, followed by the change of sign, comes from power series; Schur and Cohn's
reduction of its characteristic polynomial says whether all eigenvalues lie in the open unit disc (the cycle attracts) or one lies outside
(it repels).
"""

import sys
from math import isqrt
from pathlib import Path

from flint import ctx, fmpq, fmpq_mat, fmpq_series

sys.path.insert(0, str(Path(__file__).parent))
from balls import rational  # noqa: E402
from referee import main, refusing, require  # noqa: E402


def root(value):
    """The square root of a rational square."""
    found = fmpq(isqrt(int(value.p)), isqrt(int(value.q)))
    require(found * found == value, "v is no square")
    return found


def power(base, exponent):
    """base^exponent of numbers and power series."""
    result = base
    for _ in range(exponent - 1):
        result = result * base
    return result


def step(k, beta1, beta2, rate, x, m, v, square_root):
    """The state after x moved and its gradient was taken in."""
    x = x - rate * m / square_root(v)
    g = power(x, k - 1)
    return x, beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * (g * g)


def reductions(p):
    """a_n^2 - a_0^2 of p, constant first, and of the polynomials of lower degree that Schur and Cohn derive from it."""
    while len(p) > 1:
        low, high = p[0], p[-1]
        yield high * high - low * low
        p = [high * a - low * b for a, b in zip(p[1:], p[-2::-1], strict=True)]


def check_cycle(certificate):
    k = certificate["k"]
    beta1, beta2, rate = (rational(certificate[name]) for name in ("beta1", "beta2", "rate"))
    require(type(k) is int and 4 <= k <= 64 and k % 2 == 0, "k is not even, or below 4")
    require(0 <= beta1 < 1 and 0 <= beta2 < 1 and rate > 0, "parameters outside their range")
    x, m, v = (rational(entry) for entry in certificate["state"])
    require(x == rate / 2 * (1 - beta1) / (1 + beta1), "another amplitude")
    require(step(k, beta1, beta2, rate, x, m, v, root) == (-x, -m, v), "one step does not lead to the opposite state")
    before, ctx.cap = ctx.cap, 2
    try:
        columns = []
        for place in range(3):
            # the state (x (1 + a), m (1 + mu), v (1 + nu)) to first order in one of a, mu, nu
            state = [fmpq_series([entry, entry * (j == place)]) for j, entry in enumerate((x, m, v))]
            moved = step(k, beta1, beta2, rate, *state, lambda series: root(v) * (series / v).sqrt())
            columns.append([-moved[0][1] / x, -moved[1][1] / m, moved[2][1] / v])
    finally:
        ctx.cap = before
    polynomial = fmpq_mat([list(row) for row in zip(*columns, strict=True)]).charpoly().coeffs()
    found = list(reductions(polynomial))
    verdict = "repels" if any(d < 0 for d in found) else "attracts" if all(d > 0 for d in found) else "undecided"
    require(certificate["verdict"] == verdict, f"the cycle is {verdict}")
    return f"|x| = {x} is a 2-cycle, exactly; it {verdict}" if verdict != "undecided" else f"|x| = {x} is a 2-cycle, exactly"


KINDS = {"2-cycle of Adam": check_cycle}


@refusing
def check(certificate):
    """What is shown, in words; AssertionError where it is not, and for what is no certificate."""
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
