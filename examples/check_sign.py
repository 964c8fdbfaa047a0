"""Check that a determinant changes its sign, with python-flint alone: python check_sign.py FILE

The matrix has a row for each sample x_i and a column for each term, sigma(w . x_i) or sigma'(w . x_i) x_ij. One entry of the samples or the
weights is null: it runs between two numbers. Where the determinant is continuous between them and of opposite signs at them, it
vanishes on the way: the functions are dependent on the samples there.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, exactly, narrowly, precision, taylor  # noqa: E402
from referee import main, refusing, require, whole  # noqa: E402


def determinant(certificate, moving):
    """The determinant where the null entry is the ball ``moving``."""
    sigma, filled = activation(certificate["activation"]), lambda row: [moving if c is None else narrowly(c) for c in row]
    rows = []
    for x in map(filled, certificate["samples"]):
        row = []
        for term in certificate["terms"]:
            z = sum((w * c for w, c in zip(filled(term["weight"]), x, strict=True)), arb(0))
            value, slope = taylor(sigma, z, 1)
            row.append(value if term["slope"] is None else slope * x[whole(term["slope"], 0, "slope")])
        rows.append(row)
    return arb_mat(rows).det()


def check_sign(certificate):
    entries = [c for row in [*certificate["samples"], *(term["weight"] for term in certificate["terms"])] for c in row]
    require(entries.count(None) == 1, "not one entry is null")
    low, high = map(exactly, certificate["between"])
    first, last = determinant(certificate, low), determinant(certificate, high)
    require(first > 0 > last or first < 0 < last, "the sign is the same at both ends")
    pieces = [(low + (high - low) * k / 16).union(low + (high - low) * (k + 1) / 16) for k in range(16)]
    require(all(determinant(certificate, piece).is_finite() for piece in pieces), "the determinant may jump")
    return "the determinant vanishes between the ends"


KINDS = {"change of sign": check_sign}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    precision(certificate.get("bits", 200))
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
