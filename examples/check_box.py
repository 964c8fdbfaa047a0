"""Check a box with python-flint alone: python check_box.py FILE

A box is a centre and a radius, in decimals. Krawczyk's test shows that it holds exactly one zero of a system: the derivative of
z sigma'/sigma, or the gradient of the loss of a network, hence one critical point. From the Hessian over the box follow the inertia there,
and that after a neuron was split or a residual block was inserted.
"""

import sys
from itertools import combinations, pairwise
from pathlib import Path

from flint import arb, arb_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, boxed, exactly, narrowly, outputs, precision, second_order, squared_loss, taylor  # noqa: E402
from referee import main, network, refusing, require, whole  # noqa: E402


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


def tanh_network(widths):
    return lambda theta, x: outputs(widths, activation("tanh"), theta, x)


def critical_point(widths, data, box):
    """The critical point in the box, as balls, and the inertia there."""
    loss = squared_loss(tanh_network(widths), data)
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
    found = without(squared_loss(tanh_network([d, m + 1, o]), data), wide, [(m + 1) * (d + 1) + t * (m + 1) + m])
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
    require(all(certificate.get(name, found) == found for name in ("shallow", "inertia")), f"the inertia is {found}")
    return f"one critical point, inertia {found}"


#: Activations of degree 1 for positive factors: c (w, b) and a/c give the same outputs.
HOMOGENEOUS = ("relu", "leaky", "identity")


def connected(layers, count, inputs):
    """The layers of a network in which each of ``count`` parameters stands at one place, and no weight is missing."""
    places = []
    for layer in network(layers, count):
        require(all(len(row) == inputs for row in layer["weights"]), "a row of another length")
        biases = [k for k in layer["biases"] if k is not None]
        require(len(biases) in (0, len(layer["biases"])), "a layer in which some neurons have biases, and some none")
        places += [*biases, *(k for row in layer["weights"] for k in row)]
        inputs = len(layer["weights"])
    require(None not in places and sorted(places) == list(range(count)), "not one place for each parameter")
    require(count <= 60, "too many parameters")
    return layers


def forward(layers, sigma, theta, x):
    """The outputs of such a network."""
    for place, layer in enumerate(layers, start=1):
        rows = zip(layer["weights"], layer["biases"], strict=True)
        x = [sum((theta[k] * f for k, f in zip(row, x, strict=True)), arb(0) if b is None else theta[b]) for row, b in rows]
        x = x if place == len(layers) else [sigma(z) for z in x]
    return x


def constant_directions(layers, activation, loss, theta):
    """Directions at theta along which the loss is constant whatever the data: shifts of all outputs, which softmax does not see, and
    for each hidden neuron of a homogeneous activation the scaling of its weights.
    """
    columns = [*zip(*layers[-1]["weights"], strict=True), *([layers[-1]["biases"]] if layers[-1]["biases"][0] is not None else [])]
    found = [{k: arb(1) for k in column} for column in columns] if loss == "cross-entropy" else []
    for layer, behind in pairwise(layers) if activation in HOMOGENEOUS else ():
        for neuron, (row, b) in enumerate(zip(layer["weights"], layer["biases"], strict=True)):
            incoming = {k: theta[k] for k in [*row, *([] if b is None else [b])]}
            found.append(incoming | {weights[neuron]: -theta[weights[neuron]] for weights in behind["weights"]})
    return [[row.get(k, arb(0)) for k in range(len(theta))] for row in found]


def cross_entropy(network, data):
    """theta -> the sum of -log softmax(network(theta, x))_y over the data, y rows of the identity."""
    for y in data[1]:
        require(len(y) > 1 and sorted(map(float, y)) == [0] * (len(y) - 1) + [1], "a target that is no class")

    def loss(theta):
        found = arb(0)
        for x, y in zip(*data, strict=True):
            f = network(theta, x)
            powers = [z.exp() for z in f]
            found = sum(powers[1:], powers[0]).log() - f[list(map(float, y)).index(1)] + found
        return found

    return loss


def check_network(certificate):
    """One critical point of a network near given weights, once the coordinates held have the values of these, and its inertia."""
    given_weights, data = list(map(exactly, certificate["theta"])), given(certificate)
    xs, ys = data
    require(len(xs) == len(ys) > 0, "no data, or not one target for each sample")
    net, name = connected(certificate["layers"], len(given_weights), len(xs[0])), certificate["activation"]
    held = [whole(k, 0, "a coordinate") for k in certificate["held"]]
    free = [k for k in range(len(given_weights)) if k not in held]
    require(all(len(y) == len(net[-1]["biases"]) for y in ys), "a target of another length")
    require(len(certificate["box"]["centre"]) == len(free), "not one centre for each coordinate that is not held")
    kinds = {"mse": squared_loss, "cross-entropy": cross_entropy}
    sigma = activation(name)
    loss = kinds[certificate["loss"]](lambda theta, x: forward(net, sigma, theta, x), data)

    def all_of(values):
        return [values[free.index(k)] if k in free else weight for k, weight in enumerate(given_weights)]

    on_free = lambda values: loss(all_of(values))
    box = certificate["box"]
    point = boxed(lambda values: second_order(on_free, values)[0], box, lambda _, values: arb_mat(second_order(on_free, values)[1]))
    directions = constant_directions(net, name, certificate["loss"], all_of(point))
    require(len(held) == len(directions), "not one coordinate held for each direction of constant loss")
    on_held = arb_mat([[row[k] for k in held] for row in directions]).det() if held else arb(1)
    require(not on_held.contains(0), "directions of constant loss that may be dependent on what is held")
    away = max(abs(p - given_weights[k]).upper() for k, p in zip(free, point, strict=True))
    require(exactly(certificate["distance"]) >= away, f"the distance is {away.str(6)}")
    found = inertia(second_order(on_free, point)[1], zeros=len(held))
    require(certificate["inertia"] == found, f"the inertia is {found}")
    return f"one critical point within {float(certificate['distance']):.3g} of the weights, inertia {found}"


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
    "critical point of a network": check_network,
    None: check_point,
}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    precision(next(box["bits"] for box in (certificate, certificate.get("box", {})) if "bits" in box))
    return KINDS[certificate.get("kind")](certificate)


if __name__ == "__main__":
    main(check)
