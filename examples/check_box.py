"""Check a box with python-flint alone: python check_box.py FILE

A box is a centre and a radius, in decimals. Krawczyk's test shows that it holds exactly one zero of a system: the derivative of
z sigma'/sigma, or the gradient of the squared loss of a tanh network with one hidden layer, hence one critical point. From the Hessian over
the box follow the inertia there, and that after a neuron was split or a residual block was inserted.
"""

import sys
from itertools import combinations
from pathlib import Path

from flint import arb, arb_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, boxed, exactly, narrowly, outputs, precision, second_order, squared_loss, taylor  # noqa: E402
from referee import main, refusing, require, whole  # noqa: E402


def inertia(rows, zeros=0):
    """[negative, zeros, positive] by symmetric elimination: pivots that have a sign, the largest first, and blocks [[p, b], [b, q]] with
    p q < b^2, which have one eigenvalue of either sign, where no pivot is left.
    """
    signs = []
    while rows:
        size = range(len(rows))
        k = max(size, key=lambda k: float(abs(rows[k][k]).lower()))
        if rows[k][k].contains(0):
            block = max(combinations(size, 2), key=lambda pair: float(abs(rows[pair[0]][pair[1]]).mid()), default=None)
            require(block is not None, "a pivot may vanish")
            determinant = rows[block[0]][block[0]] * rows[block[1]][block[1]] - rows[block[0]][block[1]] ** 2
            require(determinant < 0, "a pivot may vanish")
            signs += [True, False]
        else:
            block = (k,)
            signs.append(rows[k][k] > 0)
        inverse = arb_mat([[rows[i][j] for j in block] for i in block]).inv().tolist()
        keep = [i for i in size if i not in block]
        taken = lambda i, j, rows=rows, block=block, inverse=inverse: sum(
            (rows[i][p] * inverse[a][b] * rows[q][j] for a, p in enumerate(block) for b, q in enumerate(block)), arb(0)
        )
        rows = [[rows[i][j] - taken(i, j) for j in keep] for i in keep]
    return [signs.count(False), zeros, signs.count(True)]


def network(widths):
    return lambda theta, x: outputs(widths, activation("tanh"), theta, x)


def critical_point(widths, data, box):
    """The critical point in the box, as balls, and the inertia there."""
    loss = squared_loss(network(widths), data)
    theta = boxed(lambda theta: second_order(loss, theta)[0], box, lambda _, theta: arb_mat(second_order(loss, theta)[1]))
    return theta, inertia(second_order(loss, theta)[1])


def layers(widths):
    """The widths of a network, once each is a number of neurons."""
    require(len(widths) >= 2, "no network")
    return [whole(width, 1, "a width") for width in widths]


def given(certificate):
    """(x, y) as balls."""
    pair = certificate["data"] if "data" in certificate else (certificate["x"], certificate["y"])
    return [[list(map(narrowly, row)) for row in rows] for rows in pair]


def check_split(certificate):
    """The inertia after neuron 0 was split in two with fractions 1 - alpha and alpha of its output weights, the new neuron last.

    All fractions are critical points of one loss, so the direction between them, a_t for every output t, belongs to the kernel; the
    coordinates other than one output weight a_t != 0 of the new neuron are a complement.
    """
    (d, m, o), data, alpha = layers(certificate["widths"]), given(certificate), exactly(certificate["alpha"])
    theta, _ = critical_point([d, m, o], data, certificate["box"])
    weights, biases, rest = theta[: m * d], theta[m * d : m * (d + 1)], theta[m * (d + 1) :]
    rows = [rest[t * m : (t + 1) * m] for t in range(o)]
    halves = [w for row in rows for w in ((1 - alpha) * row[0], *row[1:], alpha * row[0])]
    wide = [*weights, *weights[:d], *biases, biases[0], *halves, *rest[o * m :]]
    t = next(t for t, row in enumerate(rows) if not row[0].contains(0))
    found = without(squared_loss(network([d, m + 1, o]), data), wide, [(m + 1) * (d + 1) + t * (m + 1) + m])
    require(certificate["inertia"] == found, f"the inertia is {found}")
    return f"one critical point, inertia {found} after the split"


def without(loss, theta, places):
    """The inertia of the Hessian where the coordinates ``places`` stand for as many directions of its kernel."""
    _, hessian = second_order(loss, theta)
    keep = [k for k in range(len(theta)) if k not in places]
    return inertia([[hessian[i][j] for j in keep] for i in keep], zeros=len(places))


def check_residual(certificate):
    """A strict minimum, and its inertia behind the block u + tanh(R u + c) on the hidden layer, R = 0.

    The block adds the constants tanh(c) to the hidden layer, which the last biases take up: critical points of one loss for all c != 0,
    so the kernel holds as many directions as there are neurons, and the coordinates other than c are a complement.
    """
    widths, data, c = layers(certificate["place"]["widths"]), given(certificate), list(map(narrowly, certificate["biases"]))
    (d, m, o), tanh = widths, activation("tanh")
    require(certificate["place"]["activation"] == "tanh" and certificate["place"]["after"] == 1 and len(c) == m, "another place")
    theta, shallow = critical_point(widths, data, certificate["box"])
    require(shallow == certificate["shallow"] and shallow[:2] == [0, 0], f"the inertia is {shallow}")
    cut = m * (d + 1)

    def behind(parameters, x):
        """The network with the block; R and c come last."""
        front, back, block, shifts = parameters[:cut], parameters[cut : -m * (m + 1)], parameters[-m * (m + 1) : -m], parameters[-m:]
        u = [tanh(z) for z in outputs([d, m], tanh, front, x)]
        added = outputs([m, m], tanh, [*block, *shifts], u)
        return outputs([m, o], tanh, back, [p + tanh(q) for p, q in zip(u, added, strict=True)])

    rows, biases = [theta[cut + t * m : cut + (t + 1) * m] for t in range(o)], theta[cut + o * m :]
    taken = [b - sum((w * tanh(s) for w, s in zip(row, c, strict=True)), arb(0)) for b, row in zip(biases, rows, strict=True)]
    deep = [*theta[: cut + o * m], *taken, *[arb(0)] * (m * m), *c]
    found = without(squared_loss(behind, data), deep, range(len(deep) - m, len(deep)))
    require(certificate["deep"] == found and found[0] > 0, f"the inertia is {found}")
    return f"a strict minimum, inertia {found} behind the block"


def check_point(certificate):
    """One critical point in the box, and its inertia."""
    place = certificate.get("place", {"activation": "tanh", **certificate})
    require(place["activation"] == "tanh", "expected a tanh network")
    _, found = critical_point(layers(place["widths"]), given(certificate), certificate["box"])
    require(certificate.get("shallow", found) == found, f"the inertia is {found}")
    return f"one critical point, inertia {found}"


def check_extremum(certificate):
    """One zero of the numerator of (z sigma'/sigma)' over sigma."""
    sigma = activation(certificate["activation"])
    jet = lambda z, order: [c * f for c, f in zip(taylor(sigma, z, order), (1, 1, 2, 6)[: order + 1], strict=True)]

    def system(z):
        s0, s1, s2 = jet(z[0], 2)
        return [s0 * s1 + z[0] * (s0 * s2 - s1 * s1)]

    def derivative(_, z):
        s0, s1, s2, s3 = jet(z[0], 3)
        return arb_mat([[2 * s0 * s2 + z[0] * (s0 * s3 - s1 * s2)]])

    boxed(system, certificate, derivative)
    return "one zero of the derivative"


KINDS = {
    "extremum of the elasticity": check_extremum,
    "critical point behind a residual block": check_residual,
    "critical point before a split": check_split,
    None: check_point,
}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    precision(next(box["bits"] for box in (certificate, certificate.get("box", {})) if "bits" in box))
    return KINDS[certificate.get("kind")](certificate)


if __name__ == "__main__":
    main(check)
