"""Check what gradient flow does with one neuron, with python-flint alone: python check_neuron.py FILE

f = a sigma(w . x). On one sample the flow moves w along x and keeps a^2 |x|^2/2 - G(w . x), where G' = sigma/sigma'; its limit is the point
of the orbit at which f is the label. So a limit is a zero of equations in balls, which Krawczyk's test proves, G by Taylor series with
remainder; then the orbit is walked from the start to the limit. Overlaps, chains that close, and limits for the label 0.
"""

import sys
from itertools import combinations, pairwise
from pathlib import Path

from flint import arb, arb_series, ctx

sys.path.insert(0, str(Path(__file__).parent))
from balls import activation, boxed, exactly, jacobian, narrowly, near, number, precision, rational, stated, taylor  # noqa: E402
from referee import Refused, main, refusing, require, whole  # noqa: E402

#: Ways of w . x that are longer are not walked: a piece of 1/4 takes some milliseconds, and a search tries many.
LONGEST = 32


def plain(value):
    """The number that a series starts with."""
    return value[0] if isinstance(value, arb_series) else value


def dot(p, q):
    return sum((a * b for a, b in zip(p, q, strict=True)), arb(0))


def quotient(sigma, z, order=0):
    """Taylor coefficients of sigma/sigma' around (every point of) the ball z."""
    before, ctx.cap = ctx.cap, order + 2
    try:
        value = sigma(arb_series([z, 1]))
        slope = value.derivative()
        require(not slope[0].contains(0), "sigma' may vanish on the way")
        ratio = value / slope
        return [ratio[k] for k in range(order + 1)]
    finally:
        ctx.cap = before


def gained(sigma, low, high):
    """G(high) - G(low) for balls; of series, which are for derivatives, the slope alone."""
    slopes, value = [quotient(sigma, plain(z))[0] for z in (low, high)], arb(0)
    if not isinstance(low + high, arb_series):
        value = between(sigma, low.mid(), high.mid()) + slopes[1] * (high - high.mid()) - slopes[0] * (low - low.mid())
    rates = [z[1] if isinstance(z, arb_series) else arb(0) for z in (low, high)]
    return arb_series([value, slopes[1] * rates[1] - slopes[0] * rates[0]])


def between(sigma, low, high):
    """The integral of sigma/sigma' between two exact numbers, by Taylor series on pieces with the remainder enclosed."""
    order, radius = ctx.prec // 10 * 2, (high - low) / 2
    require(abs(radius) < LONGEST, "a way that takes too long")
    if abs(radius) > 0.125:
        return between(sigma, low, (low + radius).mid()) + between(sigma, (low + radius).mid(), high)
    centre, size = low + radius, abs(radius).upper()
    wide = shown(quotient, sigma, centre + arb(0, size), order)
    rest = 2 * abs(wide[order]) * size ** (order + 1) if wide else arb(0, "inf")
    if not rest < arb(2) ** (-3 * ctx.prec // 4):
        require(size > 0.001, "the first integral is not enclosed")
        return between(sigma, low, centre.mid()) + between(sigma, centre.mid(), high)
    inner = quotient(sigma, centre, order)
    return sum((2 * inner[k] * radius ** (k + 1) / (k + 1) for k in range(0, order, 2)), arb(0, rest.upper()))


def energy(sigma, start, x, limit):
    """Zero where the limit (w, a) shares the first integral of the start on the sample x; w - w_0 must be a multiple of x."""
    (w0, a0), (w, a) = start, limit
    return (a * a - a0 * a0) * dot(x, x) / 2 - gained(sigma, dot(w0, x), dot(w, x))


def stays_positive(sigma, u0, u, left, pieces):
    """Whether a^2 |x|^2/2, ``left`` at u_0, stays positive up to u: on each piece it lies between its values at the ends."""
    move = (u - u0) / pieces
    for k in range(pieces):
        gain = quotient(sigma, (u0 + move * k).union(u0 + move * (k + 1)))[0] * move
        if not (left > 0 and left + gain > 0):
            return False
        left += gain
    return True


def require_joined(sigma, start, x, limit):
    """The point (w, a), on the level of the start, lies on the start's own orbit: f grows along it, hence f = y there alone. Returned is a
    ball that holds w . x all the way.
    """
    (w0, a0), (w, a) = start, limit
    u0, u = dot(w0, x), dot(w, x)
    require(dot(x, x) > 0 and abs(u - u0) < LONGEST, "a sample that may be 0, on which w does not move, or a way that takes too long")
    left, pieces = a0 * a0 * dot(x, x) / 2, int(float(abs(u - u0).upper()) / 0.0625) + 1
    # What is left scales with |x|^2, so that small inputs need finer pieces, as do places near a pole.
    if a0 * a > 0:  # w . x runs from one end to the other while sigma' keeps its sign, and a^2 stays positive
        require(any(shown(stays_positive, sigma, u0, u, left, pieces * 4**finer) for finer in range(6)), "a may vanish on the way")
        return u0.union(u)
    # a falls through 0 and grows beyond: sigma keeps its sign from the start to where a^2 is used up, so that a is a coordinate
    require(a0 * a < 0, "a limit whose output weight may vanish")
    sign = bool(quotient(sigma, u0)[0] > 0)
    turns = (shown(beyond_turn, sigma, sign, u0, left, arb(1) / 4 ** (2 + finer)) for finer in range(4))
    last = next((turn for turn in turns if turn), None)
    require(last is not None, "sigma changes its sign, or a does not vanish")
    require(
        any(shown(keeps_sign, sigma, sign, u0, u, pieces * 4**finer) for finer in range(4)), "sigma may change its sign before the limit"
    )
    require(u >= last if sign else u <= last, "the limit lies beyond the turn")
    return u0.union(u).union(last)


def shown(check, *arguments):
    """What the check says, nothing where a divisor may vanish on balls that wide."""
    try:
        return check(*arguments)
    except (Refused, ValueError):
        return None


def beyond_turn(sigma, sign, u0, left, step):
    """A place behind the one where a^2 is used up, while sigma/sigma' keeps its sign; None where it may not."""
    down, last = -step if sign else step, u0
    while not left < 0:
        ratio = quotient(sigma, last.union(last + down))[0]
        if not ((ratio > 0 if sign else ratio < 0) and abs(last) < 100):
            return None
        left, last = left + ratio * down, last + down
    return last


def keeps_sign(sigma, sign, u0, u, pieces):
    """Whether sigma/sigma' has this sign from u0 to u."""
    cuts = [u0 + (u - u0) * k / pieces for k in range(pieces + 1)]
    ratios = [quotient(sigma, low.union(high))[0] for low, high in pairwise(cuts)]
    return all(ratio > 0 if sign else ratio < 0 for ratio in ratios)


def meeting(sigma, start, limit, boxes, stated_inputs, transversality):
    """Two inputs c (w - w_0) that both lead from (w_0, a_0) to (w, a), where their solution curves cross."""
    (w0, _), (w, a) = start, limit
    move, xs = [p - q for p, q in zip(w, w0, strict=True)], []
    for box, texts in zip(boxes, stated_inputs, strict=True):
        (c,) = boxed(lambda c: [energy(sigma, start, [c[0] * m for m in move], limit)], box)
        xs.append([stated(text, c * m, "an input") for text, m in zip(texts, move, strict=True)])
        require_joined(sigma, start, xs[-1], limit)
    require(len(xs) == 2 and any(not p.overlaps(q) for p, q in zip(*xs, strict=True)), "one input twice")
    (u, du), (v, dv) = (taylor(sigma, dot(w, x), 1) for x in xs)
    minor = u * dv * xs[1][0] - v * du * xs[0][0]
    require(not (a * minor).contains(0), "the solution curves may touch")
    stated(transversality, a * minor, "the transversality")
    return xs


def check_one_point(certificate, sigma):
    """A one-point overlap of one input."""
    start, limit = [([narrowly(w)], narrowly(a)) for w, a in (certificate["start"], certificate["limit"])]
    meeting(sigma, start, limit, certificate["boxes"], [[text] for text in certificate["inputs"]], certificate["transversality"])
    return "two inputs lead to one point, transversally"


def found(certificate):
    """The only proof in a file that a search wrote; start and limits (w, a) of one neuron; the number m of neurons.

    Equal neurons move equally, each on the orbit of the one whose f is f/m, so that labels of m neurons are m times those of one.
    """
    (proof,) = certificate["certificates"]
    count, inputs = whole(certificate["neurons"], 1, "neurons"), whole(certificate["inputs"], 1, "inputs")

    def one(theta):
        w, a = theta[:inputs], theta[-1]
        require(theta == [*w * count, *[a] * count] and len(w) == inputs and count <= 100, "neurons that differ, or another network")
        return [*w, a]

    return proof, one(certificate["theta0"]), list(map(one, certificate["limits"])), count


def check_found_point(certificate, sigma):
    """A one-point overlap of any number of inputs, with labels, as a search writes it: theta = (w, a)."""
    (proof, theta0, limits, count), samples = found(certificate), certificate["samples"]
    require(len(limits) == 2 and limits[0] == limits[1], "no common limit")
    start, (w, a) = [(theta[:-1], theta[-1]) for theta in ([*map(narrowly, p)] for p in (theta0, limits[0]))]
    xs = meeting(sigma, start, (w, a), proof["boxes"], [sample["x"] for sample in samples], proof["transversality"])
    for sample, x in zip(samples, xs, strict=True):
        stated(sample["y"], count * a * sigma(dot(w, x)), "a label")
    return "two inputs lead to one point, transversally"


def check_reflection(certificate, sigma):
    """The reflected start (w_0, -a_0) is the limit on two samples, which its solution sets through it tell apart."""
    (proof, theta0, limits, count), samples = found(certificate), certificate["samples"]
    *w0, a0 = map(narrowly, theta0)
    same = all([*map(rational, limit)] == [*map(rational, theta0[:-1]), -rational(theta0[-1])] for limit in limits)
    require(same and len(limits) == 2, "another limit than the reflected start")
    rows = []
    for sample in samples:
        x = [narrowly(c) for c in sample["x"]]
        require(len(x) == len(w0), "another number of inputs")
        require_joined(sigma, (w0, a0), x, (w0, -a0))
        u, du = taylor(sigma, dot(w0, x), 1)
        stated(sample["y"], count * -a0 * u, "a label")
        rows.append([*(-a0 * du * c for c in x), u])
    p, q = rows
    i, j = (whole(k, 0, "a column") for k in proof["columns"])
    minor = p[i] * q[j] - p[j] * q[i]
    require(not stated(proof["transversality"], minor, "the transversality").contains(0), "the solution sets may touch")
    return "two inputs lead to the reflected start, transversally"


def check_found_zero(certificate, sigma):
    """Two limits for the label 0, as a search writes them; inputs are 0 behind the first coordinate, so that weights stay there."""
    proof, theta0, limits, _ = found(certificate)
    zeros, more = ["0"] * (certificate["inputs"] - 1), list(map(str, theta0[1:-1]))
    require(len(more) == len(zeros) == len(list(map(rational, more))), "another number of inputs")
    w0, a0 = proof["start"]
    beside = theta0, [(sample["x"], sample["y"]) for sample in certificate["samples"]], limits
    inside = [w0, *more, a0], [([x, *zeros], "0") for x in proof["inputs"]], [[w, *more, "0"] for w in proof["weights"]]
    require(beside == inside, "another start, sample or limit than in the proof")
    require(len(limits) == 2, "no two limits")
    return check_zero_label(proof, sigma)


def two_limits(sigma, start, xs, solve):
    """Limits of two samples that fit both: ``solve`` finds the zero in (a_1, t_1, a_2, t_2), where w_i = w_0 + t_i x_i."""
    points = lambda u: [([p + u[2 * i + 1] * q for p, q in zip(start[0], xs[i], strict=True)], u[2 * i]) for i in (0, 1)]
    value = lambda point, x: point[1] * sigma(dot(point[0], x))

    def system(u):
        first, second = points(u)
        levels = [energy(sigma, start, x, point) for x, point in zip(xs, (first, second), strict=True)]
        return [*levels, *(value(first, x) - value(second, x) for x in xs)]

    limits = points(solve(system))
    ways = [require_joined(sigma, start, x, limit) for x, limit in zip(xs, limits, strict=True)]
    first, second = ([*w, a] for w, a in limits)
    require(not all(p.overlaps(q) for p, q in zip(first, second, strict=True)), "one limit twice")
    return limits, [value(limit, x) for limit, x in zip(limits, xs, strict=True)], ways


def check_two_points(certificate, sigma):
    """A start and samples given as balls: every choice within them has such limits, near those stated."""
    point = lambda neuron: ([narrowly(w) for w in neuron["w"]], narrowly(neuron["a"]))
    start, ends = point(certificate["start"]), [point(p) for p in certificate["limits"]]
    xs = [[narrowly(c) for c in sample["x"]] for sample in certificate["samples"]]
    shift = lambda w, x: dot([p - q for p, q in zip(w, start[0], strict=True)], x) / dot(x, x)
    guess = [entry for (w, a), x in zip(ends, xs, strict=True) for entry in (a, shift(w, x))]
    limits, labels, ways = two_limits(sigma, start, xs, lambda system: near(system, guess))
    pairs = [(y, number(sample["y"])) for y, sample in zip(labels, certificate["samples"], strict=True)]
    pairs += [pair for p, q in zip(limits, ends, strict=True) for pair in zip([*p[0], p[1]], [*q[0], q[1]], strict=True)]
    require(all(p.overlaps(q) and p.rad() < 1e-9 and q.rad() < 1e-20 for p, q in pairs), "the limits or the labels are others")
    if certificate.get("formula from") is not None:
        least = exactly(certificate["formula from"])
        require(all(way >= least for way in ways), "the formula ends on the way")
    return "two limits, each of which fits both samples"


def check_boxed_points(certificate, sigma):
    """The same from a box, the start and the inputs exact; beside it the box of the orbits, which check_flow.py repeats."""
    (integrals,) = (one for one in certificate["certificates"] if one["method"] == "first integrals")
    *w0, a0 = map(narrowly, certificate["theta0"])
    xs = [[narrowly(c) for c in sample["x"]] for sample in certificate["samples"]]
    require(certificate["neurons"] == 1 and certificate["inputs"] == len(w0), "another network")
    require(all(v.is_exact() or v.rad() < 1e-30 for v in [*w0, a0, *sum(xs, [])]), "no exact data")
    limits, labels, _ = two_limits(sigma, (w0, a0), xs, lambda system: boxed(system, integrals["box"]))
    for place in (certificate, integrals):
        texts = place.get("labels") or [sample["y"] for sample in certificate["samples"]]
        for text, y in zip(texts, labels, strict=True):
            stated(text, y, "a label")
        for texts, (w, a) in zip(place["limits"], limits, strict=True):
            for text, entry in zip(texts, [*w, a], strict=True):
                stated(text, entry, "a limit")
    return "two limits, each of which fits both samples"


def check_quadrilateral(certificate, sigma, samples=None, count=1):
    """Four limits in a circle, each in the solution set of the sample that leads to the one before; ``samples`` are those of ``count``
    equal neurons, for each corner one."""
    w0, a0 = map(narrowly, certificate["start"])
    first, weights = narrowly(certificate["first"]), [narrowly(w) for w in certificate["weights"]]
    require(len(weights) == 3 and len(certificate["points"]) == 4, "no four limits")

    def chain(unknown):
        """For each corner its equation, its weight, its output weight and its input; then the output weight after the turn."""
        corners, a, steps = [*weights, unknown[4]], first, []
        for k, (w, after) in enumerate(pairwise([*corners, corners[0]])):
            x = unknown[k] * (w - w0)
            steps.append((energy(sigma, ([w0], a0), [x], ([w], a)), w, a, x))
            a = a * sigma(w * x) / sigma(after * x)
        return steps, a

    def system(unknown):
        steps, a = chain(unknown)
        return [*(step[0] for step in steps), a - first]

    steps, _ = chain(boxed(system, certificate["box"]))
    for k, (_, w, a, x) in enumerate(steps):
        for text, proved in [*zip(certificate["points"][k], (w, a), strict=True), (certificate["inputs"][k], x)]:
            stated(text, proved, "a corner")
        stated(certificate["labels"][k], a * sigma(w * x), "a label")
        if samples is not None:
            stated(samples[k]["y"], count * a * sigma(w * x), "a label")
        require_joined(sigma, ([w0], a0), [x], ([w], a))
    require(not any(p[1].overlaps(q[1]) for p, q in combinations(steps, 2)), "one corner twice")
    return "four limits in a circle"


def check_loop(certificate, sigma):
    """A chain of limits along a loop of weights, then a detour whose length closes it."""
    point = lambda place: ([narrowly(w) for w in place["w"]], narrowly(place["a"]))
    start, first = point(certificate["start"]), narrowly(certificate["first"]["a"])
    corners, box = [[narrowly(c) for c in w] for w in certificate["weights"]], certificate["box"]
    require(exactly(box["radius"]) > 0 and len(box["centre"]) == len(list(map(exactly, box["centre"]))) == 2, "no box for the detour")
    require(certificate["weights"][0] == certificate["weights"][-1] and certificate["steps"] == len(corners) + 1, "no loop")
    sample = lambda c, w: [c * (p - q) for p, q in zip(w, start[0], strict=True)]
    carried = lambda a, here, there, x: a * sigma(dot(here, x)) / sigma(dot(there, x))
    a = first
    for (here, there), text in zip(pairwise(corners), certificate["factors"], strict=True):
        require(any(not p.overlaps(q) for p, q in zip(here, there, strict=True)), "one corner twice")

        def step(pair, here=here, there=there):
            x = sample(pair[1], here)
            return [energy(sigma, start, x, (here, pair[0])), carried(pair[0], here, there, x)]

        (c,) = near(lambda c, a=a, step=step: step([a, c[0]])[:1], [number(text)])
        (thin,) = near(lambda c, a=a, step=step: step([a.mid(), c[0]])[:1], [number(text)])
        require(c.contains(thin), "another input")
        require_joined(sigma, start, sample(stated(text, c, "a factor"), here), (here, a))
        # The mean value theorem for a -> step(a, c(a)), c the zero just found: balls put one after the other widen tenfold each time.
        (level_a, level_c), (next_a, next_c) = jacobian(step, [a, c]).tolist()
        a = step([a.mid(), thin])[1] + (next_a - next_c * level_a / level_c) * (a - a.mid())
    stated(certificate["after the loop"], a, "the output weight after the loop")
    last = corners[-1]
    guess = [number(c) for c in box["centre"]]
    (c,) = near(lambda c: [energy(sigma, start, sample(c[0], last), (last, a))], guess[:1])
    x = sample(c, last)
    require_joined(sigma, start, x, (last, a))

    def there(h):
        away = [last[0], last[1] + h, *last[2:]]
        return away, carried(a, last, away, x)

    def detour(unknown):
        away, b = there(unknown[1])
        back = sample(unknown[0], away)
        return [energy(sigma, start, back, (away, b)), carried(b, away, last, back) - first]

    c, h = boxed(detour, box)
    require(stated(certificate["detour"], h, "the detour") > 0, "a detour of no length")
    require_joined(sigma, start, sample(c, there(h)[0]), there(h))
    return f"{certificate['steps']} limits in a circle"


def check_found_quadrilateral(certificate, sigma):
    """Four limits in a circle, as a search writes them: start, limits and samples beside the proof are those of the proof."""
    proof, theta0, limits, count = found(certificate)
    samples = certificate["samples"]
    beside = theta0, limits, [sample["x"] for sample in samples]
    require(beside == (proof["start"], proof["points"], [[x] for x in proof["inputs"]]), "another start, limit or sample than in the proof")
    return check_quadrilateral(proof, sigma, samples, count)


def check_found_loop(certificate, sigma):
    """A chain along a loop of weights, as a search writes it; the first limit stands beside the proof."""
    proof, theta0, limits, _ = found(certificate)
    beside = theta0, limits, certificate["samples"]
    inside = [*proof["w0"], proof["a0"]], [[*proof["weights"][0], proof["a"]]], []
    require(beside == inside, "another start or limit than in the proof, or samples that are not checked")
    return check_loop({**proof, "start": {"w": proof["w0"], "a": proof["a0"]}, "first": {"a": proof["a"]}}, sigma)


def check_zero_label(certificate, sigma):
    """The limits (w, 0) for different inputs and the label 0: they differ, and each fits all samples with that label."""
    *w0, a0 = map(narrowly, certificate["start"])
    found = []
    for x, text in zip(map(narrowly, certificate["inputs"]), certificate["weights"], strict=True):
        (w,) = near(lambda w, x=x: [energy(sigma, (w0, a0), [x], ([w[0]], arb(0)))], [number(text)])
        ratio = quotient(sigma, (w0[0] * x).union(w * x))[0]
        require(not ratio.contains(0) and not a0.contains(0), "sigma may vanish before a does")
        found.append(stated(text, w, "a limit"))
    require(len(found) > 1 and not any(p.overlaps(q) for p, q in combinations(found, 2)), "one limit twice")
    return f"{len(found)} limits for the label 0"


def contact(certificate, sigma):
    """omega ^ d omega is not 0 near the limit: for w_0 = (v, g), w = (u, g), x = e_1, s = u - v and the integral I of P = sigma/sigma'
    from v to u, D = P'(u) (2 I - s P(v)) - P(u) (P(u) - P(v)) and E = 2 I - u P(u) + v P(v) exclude 0."""
    *w0, a0 = map(narrowly, certificate["start"])
    *w, a = map(narrowly, certificate["limit"])
    x = [narrowly(c) for c in certificate["x"]]
    require(len(w) > 1 and len(x) == len(w) == len(w0) and x[0] == 1 and not any(c != 0 for c in x[1:]), "x is not the first unit vector")
    require(all(p.is_exact() and p == q for p, q in zip(w0[1:], w[1:], strict=True)) and w[1] != 0, "weights that move beside x, or g = 0")
    v, u = w0[0], w[0]
    gain = gained(sigma, v, u)[0]
    (low,), (high, slope) = quotient(sigma, v), quotient(sigma, u, 1)
    square = a0 * a0 + 2 * gain
    require(square > 0 and a0 > 0, "no limit")
    stated(certificate["limit"][-1], square.sqrt(), "the output weight")
    require_joined(sigma, (w0, a0), x, (w, square.sqrt()))
    D, E = slope * (2 * gain - (u - v) * low) - high * (high - low), 2 * gain - u * high + v * low
    require(not stated(certificate["D"], D, "D").contains(0) and not stated(certificate["E"], E, "E").contains(0), "D or E may vanish")
    return square.sqrt() * sigma(u)


def check_contact(certificate, sigma):
    """Solution sets near the limit touch planes that do not integrate."""
    contact(certificate, sigma)
    return "solution sets touch planes that do not integrate"


def check_found_contact(certificate, sigma):
    """The same as a search writes it: start, limit and sample beside the proof are those of the proof."""
    proof, theta0, limits, count = found(certificate)
    (sample,) = certificate["samples"]
    require((theta0, limits, sample["x"]) == (proof["start"], [proof["limit"]], proof["x"]), "other data")
    stated(sample["y"], count * contact(proof, sigma), "the label")
    return "solution sets touch planes that do not integrate"


KINDS = {
    "contact form": check_contact,
    "contact by contact form": check_found_contact,
    "one-point overlap": check_one_point,
    "two-point overlap": check_two_points,
    "two-point by first integrals": check_boxed_points,
    "4-cycle": check_quadrilateral,
    "cycle": check_loop,
    "zero label": check_zero_label,
    "one-point by first integrals": check_found_point,
    "one-point by reflection": check_reflection,
    "two-point by zero label": check_found_zero,
    "cycle by first integrals": check_found_quadrilateral,
    "cycle by first integrals along a loop": check_found_loop,
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
    precision(certificate.get("bits", 200))
    return KINDS[kind(certificate)](certificate, activation(certificate["activation"]))


if __name__ == "__main__":
    main(check)
