"""Check inertias over the rationals, with python-flint alone: python check_inertia.py FILE

The Hessian follows from power series, without a derivative by hand. The eigenvalues of a symmetric matrix are real, hence Descartes' rule
of signs counts the positive ones from the characteristic polynomial exactly.
"""

import sys
from itertools import pairwise
from pathlib import Path

from flint import ctx, fmpq, fmpq_mat, fmpq_series

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, outputs, rational, second_order, squared_loss  # noqa: E402
from referee import main, refusing, require, whole  # noqa: E402


def inertia(matrix):
    """[negative, zero, positive] eigenvalues of a symmetric matrix of rationals."""
    coefficients = [c for c in matrix.charpoly()]
    zeros = next(k for k, c in enumerate(coefficients) if c != 0)
    signs = [c > 0 for c in coefficients if c != 0]
    positive = sum(a != b for a, b in pairwise(signs))
    return [matrix.nrows() - zeros - positive, zeros, positive]


def check_lift(certificate):
    """Two critical points of one output, before and after a layer was inserted, and their inertias."""
    place = certificate["place"]
    sigma, shallow, after = activation(place["activation"]), list(place["widths"]), place["after"]
    require(whole(after, 0, "the place of the new layer") < len(shallow) - 1, "no such place")
    deep = [*shallow[: after + 1], place["width"], *shallow[after + 1 :]]
    xs, ys = ([list(map(rational, row)) for row in certificate[name]] for name in ("x", "y"))
    points = [(shallow, list(map(rational, certificate["theta"]))), (deep, list(map(rational, certificate["deep theta"])))]
    for x in xs:
        before, after = (outputs(widths, sigma, theta, x) for widths, theta in points)
        require(before == after, "the outputs differ")
    for (widths, theta), stated in zip(points, (certificate["shallow"], certificate["deep"]), strict=True):
        network = lambda parameters, x, widths=widths: outputs(widths, sigma, parameters, x)
        gradient, hessian = second_order(squared_loss(network, (xs, ys)), theta)
        require(not any(gradient), "the point is not critical")
        found = inertia(fmpq_mat(hessian))
        require(found == stated, f"the inertia is {found}")
    return f"inertia {certificate['shallow']} before, {certificate['deep']} after"


def check_separated(certificate):
    """A neuron split in two, on fewer samples than the codimension: the form that decides whether it separates is definite.

    The form is sum_i c_i sigma''(w . x_i) x_i x_i^T, c the one relation among the rows of the tangents, whose
    rank is all that one neuron can have.
    """
    sigma, xs = activation(certificate["activation"]), [list(map(rational, x)) for x in certificate["samples"]]
    theta, d = list(map(rational, certificate["theta"])), len(xs[0])
    (*w, a, b), ctx.cap = [*theta[:d], *theta[2 * d :]], 3
    require(theta[d : 2 * d] == w and len(theta) == 2 * (d + 1) and a * b * (a + b) != 0, "no split neuron")
    require(len(xs) < 2 * d + 1, "as many samples as the codimension")
    jets = [sigma(fmpq_series([sum((p * q for p, q in zip(w, x, strict=True)), fmpq(0)), 1])) for x in xs]
    rows = [[jet[0], jet[0], *(o * jet[1] * c for o in (a, b) for c in x)] for jet, x in zip(jets, xs, strict=True)]
    reduced, rank = fmpq_mat(rows).transpose().rref()
    require(rank == len(xs) - 1, "not one relation")
    require(rank == d + 1, "more directions in the kernel than those that separate the two neurons")
    free = next(k for k in range(len(xs)) if k == rank or reduced[k, k] != 1)
    relation = [-reduced[k, free] if k < free else fmpq(int(k == free)) for k in range(len(xs))]
    bends = [2 * c * jet[2] for c, jet in zip(relation, jets, strict=True)]
    form = fmpq_mat([[sum((bend * x[i] * x[j] for bend, x in zip(bends, xs, strict=True)), fmpq(0)) for j in range(d)] for i in range(d)])
    require(inertia(form) in ([0, 0, d], [d, 0, 0]), "the form is not definite")
    require(certificate["inertia"] in ([0, 0, d], [d, 0, 0]), f"the inertia is {inertia(form)} up to sign")
    return "the split neuron separates"


KINDS = {"exact inertia of a lift": check_lift, "definite form of a split neuron": check_separated}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
