"""Check which parameters make Adam's fixed point on x^k/k stable, box by box, with python-flint alone: python check_cover.py FILE

The derivative at the fixed point has det = s and trace (k-1)(1 + s) - (k-2)(s rho + 1/rho), where s = beta1/rho^k and
rho = beta2^(1/(2(k-2))). Both eigenvalues lie in the open unit disc exactly if 1 - det, 1 - trace + det and 1 + trace + det are positive,
and one lies outside the closed disc if one of them is negative. The certificate cuts a box of (s, rho) or of (beta1, beta2) in halves, the
sides by turns, the first one first, and says what every piece is: "/" a cut, then the lower half and the upper half; "+" stable,
"-" unstable, "?" not decided.
"""

import sys
from pathlib import Path

from flint import arb, fmpq

sys.path.insert(0, str(Path(__file__).parent))
from balls import precision, rational  # noqa: E402
from referee import main, refusing, require  # noqa: E402


def numbers(k, s, rho):
    """1 - det, 1 - trace + det and 1 + trace + det, the last two times rho > 0; for s in [0, inf) and rho in (0, 1)."""
    # rho trace = (k-1)(1 + s) rho - (k-2)(s rho^2 + 1); the difference 1 - trace + det is (k-2)(1 - rho)(1/rho - s)
    return [1 - s, (k - 2) * (1 - rho) * (1 - s * rho), rho * (k + s * (k - (k - 2) * rho)) - (k - 2)]


def scaled_by_powers(k, beta1, beta2):
    """The same in (beta1, beta2), times rho^k > 0."""
    rho = beta2.nonnegative_part().root(2 * (k - 2))
    high, low = rho**k, rho ** (k - 1)
    return [high - beta1, (k - 2) * (1 - rho) * (low - beta1), beta1 * (k - (k - 2) * rho) + low * (k * rho - (k - 2))]


COORDINATES = {"s, rho": numbers, "beta1, beta2": scaled_by_powers}


def check_cover(certificate):
    k, tree, form = certificate["k"], certificate["tree"], COORDINATES[certificate["coordinates"]]
    require(type(k) is int and 4 <= k <= 64 and k % 2 == 0, "k is not even, or below 4")
    sides = [tuple(map(rational, side)) for side in certificate["box"]]
    require(len(sides) == 2 and all(0 <= low < high for low, high in sides) and sides[1][1] <= 1, "no box of parameters")
    require(certificate["coordinates"] == "s, rho" or sides[0][1] <= 1, "beta1 is not below 1")
    require(len(tree) <= 10**6, "a tree that is too large")
    share, waiting = {"+": fmpq(0), "-": fmpq(0), "?": fmpq(0)}, [(sides, fmpq(1), 0)]
    for letter in tree:
        box, volume, level = waiting.pop()
        low, high = box[level % 2]
        if letter == "/":
            require(level < 200, "pieces that are too small")
            middle = (low + high) / 2
            for half in ((middle, high), (low, middle)):
                waiting.append((box[: level % 2] + [half] + box[level % 2 + 1 :], volume / 2, level + 1))
            continue
        share[letter] += volume
        values = form(k, *(arb(a).union(arb(b)) for a, b in box))
        if letter == "+":
            # 1 - trace + det also vanishes at the edge rho = 1, where it is positive inside with 1 - det
            require(values[0] > 0 and values[2] > 0, f"the box {box} is not stable")
        elif letter == "-":
            require(any(value < 0 for value in values), f"the box {box} is not unstable")
    require(not waiting, "the tree ends before the box is covered")
    names = {"+": "positive", "-": "negative", "?": "open"}
    require(all(share[letter] == rational(certificate[name]) for letter, name in names.items()), "other shares of the box")
    return f"{float(share['+']):.2%} of the box is stable, {float(share['-']):.2%} unstable, {float(share['?']):.2%} open"


KINDS = {"cover of parameters": check_cover}


@refusing
def check(certificate):
    """What is shown, in words; AssertionError where it is not, and for what is no certificate."""
    precision(certificate.get("bits", 64))
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
