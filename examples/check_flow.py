"""Check where gradient flow of a small network ends, with python-flint alone: python check_flow.py FILE

f = sum_k a_k sigma(w_k . x), theta = (w_1, ..., w_m, a). Steps in Taylor series, with the next coefficient over a box that holds the flow
as remainder, enclose the flow at a time. What is left of the way is at most E/sqrt(lambda), where E^2 is the loss, the sum of
c_i (f(x_i) - y_i)^2, and lambda bounds the eigenvalues of C^(1/2) J J^T C^(1/2) on the way from below.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat, arb_series, ctx

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, exactly, jacobian, narrowly, number, precision, rational, stated, taylor, zero  # noqa: E402
from referee import Refused, main, refusing, require, whole  # noqa: E402


def dot(p, q):
    return sum((a * b for a, b in zip(p[1:], q[1:], strict=True)), p[0] * q[0])


def neuron_sum(sigma, theta, x):
    """f and grad f at one sample; theta of balls or of series."""
    d, width = len(x), len(theta) // (len(x) + 1)
    weights, a = [theta[k * d : (k + 1) * d] for k in range(width)], theta[width * d :]
    jets = [jet(sigma, dot(w, x)) for w in weights]
    slope = [b * du * c for b, (_, du) in zip(a, jets, strict=True) for c in x] + [u for u, _ in jets]
    return dot(a, [u for u, _ in jets]), slope


def jet(sigma, z):
    """sigma and sigma' at a ball, or along a series z(t): sigma' is a series in z - z(0), composed with that of z(t) - z(0)."""
    if not isinstance(z, arb_series):
        return taylor(sigma, z, 1)
    before, ctx.cap = ctx.cap, ctx.cap + 1
    try:
        outer = sigma(arb_series([z[0], 1])).derivative()
    finally:
        ctx.cap = before
    inner = arb_series([0, *z.coeffs()[1:]])
    return sigma(z), outer(inner) if len(inner) else arb_series([outer[0]])


def ascent(sigma, x):
    """The field grad f(., x): its orbit is that of gradient flow on the sample x, whatever the label."""
    return lambda theta: neuron_sum(sigma, theta, x)[1]


def descent(sigma, xs, labels, weights):
    """The field -(1/2) grad of sum_i c_i (f(x_i) - y_i)^2."""

    def field(theta):
        parts = []
        for x, y, c in zip(xs, labels, weights, strict=True):
            value, slope = neuron_sum(sigma, theta, x)
            pull = c * (y - value)
            parts.append([pull * g for g in slope])
        return [sum(column[1:], column[0]) for column in zip(*parts, strict=True)]

    return field


def coefficients(field, theta, order):
    """Taylor coefficients of the solution through (every point of) theta: integrate the field along what is known, once for each order."""
    before, path = ctx.cap, [[p] for p in theta]
    try:
        for known in range(1, order + 1):
            ctx.cap = known
            speed = field([arb_series(q) for q in path])
            ctx.cap = known + 1
            path = [[p, *(v[k] / (k + 1) for k in range(known))] for p, v in zip(theta, speed, strict=True)]
        return path
    finally:
        ctx.cap = before


def during(field, theta, h):
    """A box that holds the flow from theta between the times 0 and h, None where h is too long for one."""
    times = arb(0).union(h)
    box = [p + times * v for p, v in zip(theta, field(theta), strict=True)]
    for _ in range(8):
        wide = [p + arb(0, (p.rad() / 3 + arb(2) ** (-ctx.prec // 2)).upper()) for p in box]
        try:
            coefficients(field, wide, 1)
            image = [p + times * v for p, v in zip(theta, field(wide), strict=True)]
        except ValueError:  # a divisor that may vanish on so wide a box
            return None
        if all(p.contains_interior(q) for p, q in zip(wide, image, strict=True)):
            return wide
        box = [p.union(q) for p, q in zip(wide, image, strict=True)]
    return None


def flow(field, theta, time, pieces=None):
    """The flow at a time, which may be negative, as balls; ``pieces`` gets (duration, box that holds it meanwhile) piece by piece.

    What is known is a ball of the Euclidean norm around an exact point. Its radius grows by e^(mu h) at most, where mu bounds the
    eigenvalues of the field's derivative, which is symmetric, on the way, and by the error of the step from the centre.
    """
    require(abs(time) <= 100 and ctx.prec <= 1000, "a flow that takes too long")
    sign, left, order, longest = (1 if time > 0 else -1), abs(time).mid(), ctx.prec // 7, arb(1) / 64
    spread, small = norm([p.rad() for p in theta]) + abs(time.rad()) * norm(field(theta)), arb(2) ** (-ctx.prec // 2)
    for _ in range(2000):
        centre = [p.mid() for p in theta]
        theta = [p + arb(0, spread.upper()) for p in centre]
        if left == 0:
            return theta
        inner, h = coefficients(field, centre, order - 1), min(2 * longest, left, key=float)
        while True:
            require(h > 1e-6, "no box holds the flow")
            box = during(field, theta, sign * h)
            if box is not None:
                rest, slopes = coefficients(field, box, order), jacobian(field, box).tolist()
                after = [horner([*c, r[order]], sign * h) for c, r in zip(inner, rest, strict=True)]
                if norm([p.rad() for p in after]) < small:
                    break
            h /= 2
        if pieces is not None:
            pieces.append((h, box))
        spread = spread * (largest(slopes, sign) * h).exp() + norm([p.rad() for p in after])
        theta, left, longest = after, (left - h).mid(), h
        require(spread < 1e-3, "the enclosure of the flow grows too wide")
    raise Refused("too many steps")


def largest(matrix, sign):
    """An upper bound for the eigenvalues of sign times a symmetric matrix of balls, by bisection."""
    high = max((norm(row).upper() for row in matrix), key=float) * len(matrix)
    low = -high
    for _ in range(10):
        middle = ((low + high) / 2).mid()
        rows = [[(middle if i == j else 0) - sign * v for j, v in enumerate(row)] for i, row in enumerate(matrix)]
        low, high = (low, middle) if positive_definite(rows) else (middle, high)
    return high


def positive_definite(rows):
    """Whether all pivots of a symmetric matrix of balls are positive."""
    for k, pivot in enumerate(rows):
        if not pivot[k] > 0:
            return False
        for row in rows[k + 1 :]:
            row[k:] = [a - row[k] / pivot[k] * b for a, b in zip(row[k:], pivot[k:], strict=True)]
    return True


def norm(vector):
    """An upper bound for the Euclidean norm."""
    sizes = [arb(abs(v).upper()) for v in vector]
    return dot(sizes, sizes).sqrt()


def horner(polynomial, h):
    total = arb(0)
    for c in reversed(polynomial):
        total = total * h + c
    return total


def require_tail(sigma, theta, data, radius):
    """The limit of the flow through a point of the box theta lies within ``radius`` of it: before it left a ball slightly larger, the flow
    would have gone E/sqrt(lambda) at most, lambda for that ball.
    """
    xs, labels, weights = data
    error = sum((c * (neuron_sum(sigma, theta, x)[0] - y) ** 2 for x, y, c in zip(xs, labels, weights, strict=True)), arb(0))
    require(radius > 0, "no radius")
    require_samples(xs, labels, weights)
    least = arb((error / radius**2).upper())  # so that E/sqrt(least) is the radius
    around = [p + arb(0, (radius * 1.001).upper()) for p in theta]
    rows = [[c.sqrt() * g for g in neuron_sum(sigma, around, x)[1]] for x, c in zip(xs, weights, strict=True)]
    kernel = [[dot(p, q) - (least if i == j else 0) for j, q in enumerate(rows)] for i, p in enumerate(rows)]
    require(positive_definite(kernel), "the eigenvalues are not bounded, so the limit may be farther away")


def ended(sigma, run, pieces=None):
    """(the flow of a run at the time stated, the radius around it that holds the limit)."""
    data = [list(map(narrowly, x)) for x in run["inputs"]], list(map(narrowly, run["labels"])), list(map(narrowly, run["weights"]))
    start, time, radius = list(map(narrowly, run["start"])), exactly(run["time"]), exactly(run["radius"])
    require(time > 0 and radius > 0 and len(start) == len(run["end"]), "no time, no radius, or another network")
    require_samples(*data)
    end = flow(descent(sigma, *data), start, time, pieces)
    for text, entry in zip(run["end"], end, strict=True):
        stated(text, entry, "the flow at that time")
    require_tail(sigma, end, data, radius)
    return end, radius


def require_samples(xs, labels, weights):
    require(all(c > 0 for c in weights) and len(xs) == len(labels) == len(weights) > 0, "no samples, or weights that are not positive")


def check_tail(certificate, sigma):
    ended(sigma, certificate)
    return "the limit lies within the radius of the box"


def check_reweighted(certificate, sigma):
    """One dataset under two weightings leads from one start to two limits."""
    (first, second), name = certificate["runs"], certificate["activation"]
    require(all(first[part] == second[part] for part in ("inputs", "labels", "start")), "not one dataset and one start")
    require(all(run.get("activation", name) == name for run in (first, second)), "two networks")
    require(list(map(exactly, first["weights"])) != list(map(exactly, second["weights"])), "one weighting")
    (p, near), (q, far) = ended(sigma, first), ended(sigma, second)
    require(dot(*[[a - b for a, b in zip(p, q, strict=True)]] * 2).sqrt() > near + far, "the limits may coincide")
    return "two weightings, two limits"


def check_found_reweighted(certificate, sigma):
    """The same as a search writes it: start, samples and limits beside the proof are those of its runs; and the steps up to which gradient
    descent, with or without momentum, ends at two solutions as well."""
    (proof,) = certificate["certificates"]
    runs, samples = proof["runs"], certificate["samples"]
    width, inputs = whole(certificate["neurons"], 1, "neurons"), whole(certificate["inputs"], 1, "inputs")
    require(len(certificate["theta0"]) == width * (inputs + 1) and len(samples) > 1, "another network, or no samples")
    require(
        certificate.get("bias") is not True or all(number(sample["x"][-1]) == 1 for sample in samples), "a bias without a constant input"
    )
    for run in runs:
        given = [*certificate["theta0"], *(c for sample in samples for c in [*sample["x"], sample["y"]])]
        used = [*run["start"], *(c for x, y in zip(run["inputs"], run["labels"], strict=True) for c in [*x, y])]
        inside = (narrowly(q).contains(arb(rational(p))) for p, q in zip(given, used, strict=True))
        require(all(inside), "other data than in the proof")
    first, second = runs
    require(all(first[part] == second[part] for part in ("inputs", "labels", "start")), "not one dataset and one start")
    require(list(map(exactly, first["weights"])) != list(map(exactly, second["weights"])), "one weighting")
    ways = [], []
    ends = [ended(sigma, run, way) for run, way in zip(runs, ways, strict=True)]
    (p, near), (q, far) = ends
    apart = dot(*[[a - b for a, b in zip(p, q, strict=True)]] * 2).sqrt()
    require(apart > near + far, "the limits may coincide")
    for texts, (end, radius) in zip(certificate["limits"], ends, strict=True):
        for text, entry in zip(texts, end, strict=True):
            limit = entry + arb(0, radius.upper())
            require(number(text).contains(limit) and number(text).rad() < 2 * radius, f"a limit is {limit.str(5)}, stated {str(text)[:60]}")
    for steps in proof.get("steps", []):
        check_steps(sigma, runs, ends, ways, apart, steps)
    return "two weightings, two limits" + (", also of small steps" if proof.get("steps") else "")


def check_large_weights(certificate, sigma):
    """A two-point overlap at whose limits the tangents are independent: under weights (1, c) and (c, 1) of its samples, c small enough, the
    limits are as near as one likes to its two. The argument: docs/certificates.md."""
    (proof,) = certificate["certificates"]
    check_orbits({**certificate, "certificates": [proof["overlap"]]}, sigma)
    xs = [list(map(exactly, sample["x"])) for sample in certificate["samples"]]
    require(certificate.get("bias") is not True or all(x[-1] == 1 for x in xs), "a bias without a constant input")
    for limit, text in zip(certificate["limits"], proof["determinants"], strict=True):
        p, q = (neuron_sum(sigma, list(map(number, limit)), x)[1] for x in xs)
        determinant = dot(p, p) * dot(q, q) - dot(p, q) ** 2
        require(stated(text, determinant, "a determinant") > 0, "the tangents may be dependent")
    return "a weight of either datum that is large enough leads near another limit"


def check_steps(sigma, runs, ends, ways, apart, steps):
    """theta' = theta + beta (theta - theta before) - eta grad R from rest ends within the stated distances of the flow's two ends,
    for every
    learning rate up to the one stated. The argument, with F = -grad R/2, h = 2 eta/(1 - beta): docs/certificates.md."""
    rate, beta, tube = exactly(steps["learning rate"]), exactly(steps["momentum"]), exactly(steps["tube"])
    h, rest = 2 * rate / (1 - beta), 1 - beta
    require(rate > 0 and beta >= 0 and beta < 1 and tube > 0 and len(steps["balls"]) == len(steps["within"]) == 2, "no step")
    total = arb(0)
    for run, (end, _), way, ball, within in zip(runs, ends, ways, steps["balls"], steps["within"], strict=True):
        data = [list(map(narrowly, x)) for x in run["inputs"]], list(map(narrowly, run["labels"])), list(map(narrowly, run["weights"]))
        far = steps_away(sigma, data, end, way, (h, beta, rest), tube, exactly(ball))
        require(far <= exactly(within), f"the method ends {far.str(5)} from the flow, stated {str(within)[:40]}")
        total += exactly(within)
    require(total < apart, "the method's two ends may coincide")


def steps_away(sigma, data, end, way, given, tube, radius):
    """How far from the flow's end the method may end."""
    (h, beta, rest), field, (xs, labels, weights) = given, descent(sigma, *data), data
    inflated = lambda theta, by: [p + arb(0, arb(by).upper()) for p in theta]
    sizes = []
    for duration, box in way:
        wide = inflated(box, tube)
        slopes = jacobian(field, wide).tolist()
        sizes.append((duration, norm(field(wide)), norm([v for row in slopes for v in row]), largest(slopes, 1)))
    shortest, fastest = min((s[0] for s in sizes), key=float), max((s[1] for s in sizes), key=float)
    kept, error, before, speeds = arb("1e-6"), arb(0), arb(0), []
    require(h <= shortest and (beta == 0 or (beta.log() * shortest / h).exp() < kept), "steps that are longer than a piece of the way")
    for duration, speed, slope, mu in sizes:
        speeds.append(max(speed, before, key=float) + kept * fastest)
        grown = (mu * duration).exp()
        error = error * grown + slope * speeds[-1] * h / rest * ((grown - 1) / mu if not mu.contains(0) else duration * grown.union(arb(1)))
        before = speed
        require(error + max(speeds, key=float) * h / rest < tube, "the method may leave the tube around the flow")
    near = error + speeds[-1] * h / rest
    eta, around = h * rest / 2, inflated(end, radius)
    slopes = norm([v for row in jacobian(field, around).tolist() for v in row])
    rows = [[c.sqrt() * g for g in neuron_sum(sigma, around, x)[1]] for x, c in zip(xs, weights, strict=True)]
    least = smallest([[dot(p, q) for q in rows] for p in rows])
    brake = rest - slopes * eta
    require(brake > 0 and near < radius, "steps that are too long at the end")
    loss = norm([c.sqrt() * (neuron_sum(sigma, inflated(end, near), x)[0] - y) for x, y, c in zip(xs, labels, weights, strict=True)])
    move = h * speeds[-1]
    energy = loss + (beta / (2 * eta)).sqrt() * move
    whole_way = near + 2 * (1 / least.sqrt() + (2 * eta * beta).sqrt()) / brake * energy + move / 2
    require(whole_way < radius, "the method may leave the ball around the flow's end")
    return arb(whole_way.upper())


def smallest(matrix):
    """A positive lower bound for the eigenvalues of a symmetric matrix of balls, by bisection."""
    low, high = arb(0), arb(min((row[i].upper() for i, row in enumerate(matrix)), key=float))
    for _ in range(20):
        middle = ((low + high) / 2).mid()
        inside = positive_definite([[v - (middle if i == j else 0) for j, v in enumerate(row)] for i, row in enumerate(matrix)])
        low, high = (middle, high) if inside else (low, middle)
    require(low > 0, "the eigenvalues are not bounded")
    return low


def check_near(certificate, sigma):
    """The labels are those of a network theta: from the start the flow has a limit of zero loss near by."""
    theta, start = list(map(narrowly, certificate["theta"])), list(map(narrowly, certificate["start"]))
    xs = [list(map(narrowly, x)) for x in certificate["samples"]]
    require(len(theta) == len(start), "two networks")
    data = xs, [neuron_sum(sigma, theta, x)[0] for x in xs], [arb(1)] * len(xs)
    require_tail(sigma, start, data, exactly(certificate["limit within"]))
    return "a limit of zero loss within the distance"


def check_orbits(certificate, sigma, method="validated orbits"):
    """Two orbits of one start that meet two samples' solution sets in two points which fit both; any number of neurons."""
    (orbits,) = (one for one in certificate["certificates"] if one["method"] == method)
    start, xs = list(map(exactly, certificate["theta0"])), [list(map(exactly, sample["x"])) for sample in certificate["samples"]]
    times, radius = list(map(exactly, orbits["box"]["centre"])), exactly(orbits["box"]["radius"])
    width, inputs = whole(certificate["neurons"], 1, "neurons"), whole(certificate["inputs"], 1, "inputs")
    require(len(xs) == len(times) == 2 and all(len(x) == inputs for x in xs), "not two samples of so many inputs")
    require(len(start) == width * (inputs + 1) and radius > 0, "another network, or a box without a radius")
    fields = [ascent(sigma, x) for x in xs]
    closed = method == "closed form"
    points = [start] * 2 if closed else [flow(field, start, time) for field, time in zip(fields, times, strict=True)]

    def limits(s):
        """Boxes that hold the orbits at times s near the centre."""
        if closed:
            return [hyperbola(sigma, start, x, t) for x, t in zip(xs, s, strict=True)]
        moves = [arb(abs(t - time).upper()) for t, time in zip(s, times, strict=True)]
        both = lambda f, p, move: zip(during(f, p, move), during(f, p, -move), strict=True)
        return [[a.union(b) for a, b in both(f, p, move)] if move else p for f, p, move in zip(fields, points, moves, strict=True)]

    def system(s):
        p, q = limits(s)
        return [neuron_sum(sigma, p, x)[0] - neuron_sum(sigma, q, x)[0] for x in xs]

    def derivative(_, s):
        p, q = limits(s)
        speeds = fields[0](p), fields[1](q)
        return arb_mat([[dot(ascent(sigma, x)(p), speeds[0]), -dot(ascent(sigma, x)(q), speeds[1])] for x in xs])

    ends = limits(zero(system, times, radius, derivative))
    require(not all(p.overlaps(q) for p, q in zip(*ends, strict=True)), "one limit twice")
    # Beside a sharper proof by first integrals, which shows what is stated of the pair, the orbits show their own wider balls.
    alone = all(one["method"] == method for one in certificate["certificates"])
    agree = lambda text, proved, what: require(number(text).overlaps(proved), f"{what} is {proved.str(20)}, stated {str(text)[:60]}")
    for place, holds in ((orbits, stated), (certificate, stated if alone else agree)):
        labels = place["labels"] if place is orbits else [sample["y"] for sample in certificate["samples"]]
        for text, x, end in zip(labels, xs, ends, strict=True):
            holds(text, neuron_sum(sigma, end, x)[0], "a label")
        for texts, end in zip(place["limits"], ends, strict=True):
            for text, entry in zip(texts, end, strict=True):
                holds(text, entry, "a limit")
    return "two orbits meet in two limits, each of which fits both samples"


def hyperbola(sigma, theta, x, time):
    """The orbit of grad f(., x) through theta at a time, for neurons linear on both sides of 0, each on its side: u = w . x moves by
    u' = s a |x|^2, a' = s u, so that u is a sum of two exponentials, which vanishes once at most: equal signs at both ends say that it
    kept its side."""
    d, width, square = len(x), len(theta) // (len(x) + 1), dot(x, x)
    length, weights, outputs = square.sqrt(), [], []
    for k in range(width):
        w, a = theta[k * d : (k + 1) * d], theta[width * d + k]
        u = dot(w, x)
        way = taylor(sigma, u, 1)[1] * length * time
        after = u * way.cosh() + a * length * way.sinh()
        require(u * after > 0, "a neuron that may change its side")
        weights += [p + c * (after - u) / square for p, c in zip(w, x, strict=True)]
        outputs.append(a * way.cosh() + u / length * way.sinh())
    return [*weights, *outputs]


def check_hyperbolas(certificate, sigma):
    """The same of ReLU or leaky neurons, whose orbits are hyperbolas."""
    require(certificate["activation"] in ("relu", "leaky"), "no activation that is linear on both sides of 0")
    return check_orbits(certificate, sigma, "closed form")


KINDS = {
    "two-point by closed form": check_hyperbolas,
    "reweight by validated flows with tail bound": check_found_reweighted,
    "reweight by tangents at a two-point overlap": check_large_weights,
    "tail": check_tail,
    "validated flows with tail bound": check_reweighted,
    "tail of a flow near a solution": check_near,
    "two-point by validated orbits": check_orbits,
}


def kind(certificate):
    """Its kind; of an overlap that a search found, the mechanism by the method that is checked here."""
    if "mechanism" not in certificate:
        return certificate["kind"]
    methods = (f"{certificate['mechanism']} by {proof['method']}" for proof in certificate["certificates"])
    return next((method for method in methods if method in KINDS), None)


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    precision(certificate.get("bits", 160))
    return KINDS[kind(certificate)](certificate, activation(certificate["activation"]))


if __name__ == "__main__":
    main(check)
