"""Integrate the gradient flows of counterexamples again, to 30 digits, with mpmath alone: python reintegrate.py FILE ...

A FILE is a counterexample that ``proofs-check counterexample`` wrote, a certificate, a list of them, or the results.json of a run, whose
certificates lie beside it. Nothing is proved here and nothing is shared with what wrote the file: flows are integrated by extrapolation
(Gragg, Bulirsch and Stoer) in 40 digits, and where they end, which limits solve which samples, and which limits differ is compared
with what
the file states, as far as the file states it. The exit code is 1 where something differs, or there was nothing to compare.

On one sample the flow is followed by the value of f, from f(theta_0) to the label: d theta/df = grad f/|grad f|^2.
"""

import ast
import json
import sys
from pathlib import Path

from mpmath import mp, mpf

mp.dps = 40
#: Two numbers that are stated exactly agree to this share: 30 digits, of 40 that are carried.
AGREE = mpf(10) ** -30
#: Error of a step that is aimed at, and the columns of the extrapolation.
STEP_ERROR, COLUMNS = mpf(10) ** -34, 14


# ------------------------------------------------------------------------------------------------------------------ numbers and formulas


def number(text):
    """(midpoint, radius) of a decimal, a fraction, or "[1.25 +/- 3e-30]"."""
    if isinstance(text, int | float):
        return mpf(text), mpf(0)
    middle, _, radius = text.strip("[]").partition("+/-")
    p, _, q = middle.partition("/")
    return (mpf(p) / mpf(q) if q else mpf(p)), mpf(radius or 0)


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


#: name -> (value, derivative) of a function at a number.
KNOWN = {
    "exp": lambda z: (mp.exp(z), mp.exp(z)),
    "log": lambda z: (mp.log(z), 1 / z),
    "sqrt": lambda z: (mp.sqrt(z), 1 / (2 * mp.sqrt(z))),
    "sin": lambda z: (mp.sin(z), mp.cos(z)),
    "cos": lambda z: (mp.cos(z), -mp.sin(z)),
    "sinh": lambda z: (mp.sinh(z), mp.cosh(z)),
    "cosh": lambda z: (mp.cosh(z), mp.sinh(z)),
    "tanh": lambda z: (mp.tanh(z), 1 - mp.tanh(z) ** 2),
    "atan": lambda z: (mp.atan(z), 1 / (1 + z * z)),
    "arctan": lambda z: (mp.atan(z), 1 / (1 + z * z)),
    "erf": lambda z: (mp.erf(z), 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
    "sigmoid": lambda z: (sigmoid(z), sigmoid(z) * (1 - sigmoid(z))),
    "softplus": lambda z: (mp.log1p(mp.exp(-abs(z))) + max(z, 0), sigmoid(z)),
    "silu": lambda z: (z * sigmoid(z), sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    "gelu": lambda z: (z * (1 + mp.erf(z / mp.sqrt(2))) / 2, (1 + mp.erf(z / mp.sqrt(2))) / 2 + z * mp.npdf(z)),
    "lorentz": lambda z: (1 / (1 + z * z), -2 * z / (1 + z * z) ** 2),
    "ratsig": lambda z: (z / (1 + z * z), (1 - z * z) / (1 + z * z) ** 2),
    "ratsig4": lambda z: (z / (1 + z**4), (1 - 3 * z**4) / (1 + z**4) ** 2),
    "identity": lambda z: (z, mpf(1)),
    "relu": lambda z: (z, mpf(1)) if z > 0 else (mpf(0), mpf(0)),
    "leaky": lambda z: (z, mpf(1)) if z > 0 else (z / 2, mpf(1) / 2),
}


def activation(text):
    """sigma and sigma' at a number, of a name or a formula in z."""
    if text in KNOWN:
        return KNOWN[text]
    if text.startswith("power:"):
        k = int(text.split(":")[1])
        return lambda z: (z**k, k * z ** (k - 1))
    tree = ast.parse(text.strip(), mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):  # a decimal is meant as it stands, not as a float
            node.value = mpf(ast.get_source_segment(text.strip(), node))
    return lambda z: read(tree, z)


def read(node, z):
    """(value, derivative) of a parsed formula at z."""
    match node:
        case ast.Constant():
            return node.value, mpf(0)
        case ast.Name(id="z"):
            return z, mpf(1)
        case ast.UnaryOp(op=ast.USub()):
            value, slope = read(node.operand, z)
            return -value, -slope
        case ast.UnaryOp(op=ast.UAdd()):
            return read(node.operand, z)
        case ast.BinOp(op=ast.Pow()):
            (u, du), (k, _) = read(node.left, z), read(node.right, z)
            return u**k, k * u ** (k - 1) * du
        case ast.BinOp():
            (u, du), (v, dv) = read(node.left, z), read(node.right, z)
            match node.op:
                case ast.Add():
                    return u + v, du + dv
                case ast.Sub():
                    return u - v, du - dv
                case ast.Mult():
                    return u * v, du * v + u * dv
                case ast.Div():
                    return u / v, (du * v - u * dv) / (v * v)
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in KNOWN:
            u, du = read(argument, z)
            value, slope = KNOWN[name](u)
            return value, slope * du
    raise ValueError(f"no formula in z: {ast.dump(node)[:80]}")


# -------------------------------------------------------------------------------------------------------------------------------- flows


def network(sigma, theta, x):
    """f and grad f at one sample; theta holds input weights neuron by neuron, then output weights."""
    d, width = len(x), len(theta) // (len(x) + 1)
    value, by_weights, by_outputs = mpf(0), [], []
    for k in range(width):
        a = theta[width * d + k]
        s, slope = sigma(mp.fdot(theta[k * d : (k + 1) * d], x))
        value += a * s
        by_weights += [a * slope * c for c in x]
        by_outputs.append(s)
    return value, by_weights + by_outputs


def integrate(field, theta, length):
    """The solution of theta' = field(theta) after ``length`` (of either sign)."""
    left, h = mpf(length), mpf(length) / 4
    for _ in range(4000):
        if left == 0:
            return theta
        h = h if abs(h) < abs(left) else left
        after, error = extrapolated(field, theta, h)
        if error is None or error > STEP_ERROR * (1 + max(map(abs, theta))):
            h /= 2
            if abs(h) < mpf(10) ** -12 * abs(length):
                raise ArithmeticError("the flow could not be followed to the label")
            continue
        theta, left = after, left - h
        h *= mpf("1.5")
    raise ArithmeticError("too many steps")


def extrapolated(field, theta, h):
    """A step by modified midpoint rules of 2, 4, ... pieces, extrapolated to h = 0, and its error estimate (None where it blew up)."""
    rows = []
    for column in range(1, COLUMNS + 1):
        n = 2 * column
        step = h / n
        before, here = theta, [p + step * v for p, v in zip(theta, field(theta), strict=True)]
        for _ in range(n - 1):
            before, here = here, [p + 2 * step * v for p, v in zip(before, field(here), strict=True)]
        if not all(mp.isfinite(v) for v in here) or max(map(abs, here)) > 10**6:
            return theta, None
        row = [[(p + q + step * v) / 2 for p, q, v in zip(before, here, field(here), strict=True)]]
        for j, known in enumerate(rows[-1] if rows else []):
            ratio = (mpf(column) / (column - j - 1)) ** 2 - 1
            row.append([new + (new - old) / ratio for new, old in zip(row[-1], known, strict=True)])
        rows.append(row)
        if column > 3:
            error = max(abs(p - q) for p, q in zip(row[-1], row[-2], strict=True))
            if error < STEP_ERROR:
                return row[-1], error
    return rows[-1][-1], error


def followed(sigma, theta, x, y):
    """The limit of gradient flow on one sample: the point of the orbit of grad f at which f = y."""
    start = network(sigma, theta, x)[0]

    def field(point):
        gradient = network(sigma, point, x)[1]
        square = mp.fdot(gradient, gradient)
        return [g / square for g in gradient]

    return integrate(field, theta, y - start)


# -------------------------------------------------------------------------------------------------------------------------- comparisons


class Compared:
    """Differences from what a file states, each over what it allows: the stated radii, and 30 digits."""

    def __init__(self):
        self.worst, self.count, self.failed = mpf(0), 0, []

    def near(self, what, found, text, more=0):
        """``found`` lies in the stated ball, up to ``more``."""
        middle, radius = number(text)
        self.equal(what, found, middle, 2 * radius + more)

    def equal(self, what, found, other, more=0):
        allowed = AGREE * (1 + abs(other)) + more
        self.count, share = self.count + 1, abs(found - other) / allowed
        self.worst = max(self.worst, share)
        if not share <= 1:
            self.failed.append(f"{what}: {mp.nstr(found, 20)} in place of {mp.nstr(other, 20)}, allowed {mp.nstr(allowed, 3)}")

    def require(self, what, shown):
        self.count += 1
        if not shown:
            self.failed.append(what)


def limit_is(seen, sigma, start, x, y, limit, what):
    """The flow from ``start`` on the sample ends at ``limit``; labels and inputs are known up to their radii."""
    (values, spread), (label, width) = ([number(c)[0] for c in x], sum(number(c)[1] for c in x)), number(y)
    end = followed(sigma, start, values, label)
    gradient = network(sigma, end, values)[1]
    # An error of the label moves the limit along the orbit by that over |grad f|, one of the input by a share of the way.
    more = 4 * width / mp.norm(gradient) + 1000 * spread
    for k, (entry, text) in enumerate(zip(end, limit, strict=True)):
        seen.near(f"{what}, entry {k + 1}", entry, text, more)
    return end


def solves(seen, sigma, limit, x, y, what):
    values, radii = zip(*map(number, limit), strict=True)
    inputs = [number(c) for c in x]
    value, gradient = network(sigma, list(values), [c for c, _ in inputs])
    more = 2 * (sum(r * abs(g) for r, g in zip(radii, gradient, strict=True)) + 100 * sum(r for _, r in inputs))
    seen.near(what, value, y, more)


def pair(seen, sigma, start, samples, limits):
    """Two samples, two limits, each solving both (of a one-point overlap they are equal)."""
    start = [number(text)[0] for text in start]
    for k, (sample, limit) in enumerate(zip(samples, limits, strict=True)):
        limit_is(seen, sigma, start, sample["x"], sample["y"], limit, f"limit {k + 1}")
        for j, other in enumerate(samples):
            solves(seen, sigma, limit, other["x"], other["y"], f"limit {k + 1} on sample {j + 1}")


def differ(seen, limits, least=1e-9):
    points = [[number(text)[0] for text in limit] for limit in limits]
    for k, p in enumerate(points):
        for q in points[:k]:
            seen.require("two limits that should differ", max(abs(a - b) for a, b in zip(p, q, strict=True)) > least)


def circle(seen, sigma, start, points, inputs, labels):
    """Limits in a circle: each solves the sample that leads to the one before."""
    start = [number(text)[0] for text in start]
    for k, (x, y) in enumerate(zip(inputs, labels, strict=True)):
        limit_is(seen, sigma, start, x, y, points[k], f"limit {k + 1}")
        solves(seen, sigma, points[(k + 1) % len(points)], x, y, f"the limit behind {k + 1}")
    differ(seen, points)


def loop(seen, sigma, w0, a0, a, weights, factors, box):
    """A chain along a loop of weights, then out and back by the detour."""
    origin, first = [number(c)[0] for c in w0], number(a)[0]
    start, here = [*origin, number(a0)[0]], first
    corners = [[number(c)[0] for c in w] for w in weights]
    # The loop's last corner is its first; from there out by the detour and back, each by one more sample.
    last_c, h = (number(c)[0] for c in box["centre"])
    away = [corners[-1][0], corners[-1][1] + h, *corners[-1][2:]]
    steps = [*zip(corners, [*corners[1:], away], [number(c)[0] for c in factors] + [None], strict=False)]
    steps.append((away, corners[-1], last_c))
    for k, (w, after, c) in enumerate(steps):
        move = [p - q for p, q in zip(w, origin, strict=True)]
        if c is None:
            c = mp.findroot(lambda t, w=w, a=here, move=move: energy(sigma, start, w, a, move, t), steps[k - 1][2])
        elif k < len(factors):  # a factor is stated to 20 digits, and found again here to 30
            stated_c = c
            c = mp.findroot(lambda t, w=w, a=here, move=move: energy(sigma, start, w, a, move, t), c)
            seen.equal(f"factor {k + 1}", c, stated_c, mpf(10) ** -17 * (1 + abs(c)))
        x = [c * m for m in move]
        y = here * sigma(mp.fdot(w, x))[0]
        end = followed(sigma, start, x, y)
        for entry, other in zip(end, [*w, here], strict=True):
            seen.equal(f"limit {k + 1}", entry, other, mpf(10) ** -27)
        here = y / sigma(mp.fdot(after, x))[0]
    seen.equal("the output weight that comes back", here, first, mpf(10) ** -25)
    seen.require("a detour of positive length", h > 0)


def energy(sigma, start, w, a, move, c):
    """(a^2 - a_0^2) c^2 |w - w_0|^2/2 minus the integral of sigma/sigma' along the way, by quadrature."""
    *w0, a0 = start
    low, high = c * mp.fdot(w0, move), c * mp.fdot(w, move)

    def quotient(z):
        value, slope = sigma(z)
        return value / slope

    return (a * a - a0 * a0) * c * c * mp.fdot(move, move) / 2 - mp.quad(quotient, mp.linspace(low, high, 4))


def weighted(seen, sigma, run, limit):
    """The flow of sum_i c_i (f(x_i) - y_i)^2 to a residual of 1e-15; its end against the stated ball."""
    xs = [[number(c)[0] for c in x] for x in run["inputs"]]
    ys, cs = ([number(c)[0] for c in run[part]] for part in ("labels", "weights"))
    theta, step = [number(c)[0] for c in run["start"]], mpf(2)

    def field(point):
        total = [mpf(0)] * len(point)
        for x, y, c in zip(xs, ys, cs, strict=True):
            value, gradient = network(sigma, point, x)
            total = [t - c * (value - y) * g for t, g in zip(total, gradient, strict=True)]
        return total

    at_time = integrate(field, theta, number(run["time"])[0])
    for k, (entry, text) in enumerate(zip(at_time, run["end"], strict=True)):
        seen.near(f"the flow at time {run['time']}, entry {k + 1}", entry, text)
    theta = at_time
    for _ in range(200):
        if max(abs(network(sigma, theta, x)[0] - y) for x, y in zip(xs, ys, strict=True)) < mpf(10) ** -12:
            break
        theta = integrate(field, theta, step)
    seen.require(
        "the flow solves its data", max(abs(network(sigma, theta, x)[0] - y) for x, y in zip(xs, ys, strict=True)) < mpf(10) ** -12
    )
    seen.require("the limit lies in its radius", mp.norm([p - q for p, q in zip(theta, at_time, strict=True)]) <= number(run["radius"])[0])
    if limit is not None:
        for k, (entry, text) in enumerate(zip(theta, limit, strict=True)):
            seen.near(f"a limit, entry {k + 1}", entry, text, mpf(10) ** -9)
    return theta


def contact(seen, sigma, proof):
    """The limit by integration, D and E by quadrature."""
    start, limit = ([number(text)[0] for text in proof[name]] for name in ("start", "limit"))
    x = [number(c)[0] for c in proof["x"]]
    v, u = start[0], limit[0]
    end = followed(sigma, start, x, network(sigma, limit, x)[0])
    # What the output weight's radius leaves open of the label moves the limit by that over |grad f|.
    spread = 4 * sum(number(text)[1] for text in proof["limit"]) * (1 + 1 / mp.norm(network(sigma, limit, x)[1]))
    for entry, text in zip(end, proof["limit"], strict=True):
        seen.near("the limit", entry, text, mpf(10) ** -27 + spread)

    def quotient(z):
        value, slope = sigma(z)
        return value / slope

    gain, low, high, slope = mp.quad(quotient, [v, (u + v) / 2, u]), quotient(v), quotient(u), mp.diff(quotient, u)
    seen.near("D", slope * (2 * gain - (u - v) * low) - high * (high - low), proof["D"], mpf(10) ** -18)  # slope by differences
    seen.near("E", 2 * gain - u * high + v * low, proof["E"])


# --------------------------------------------------------------------------------------------------------------------------------- files


def neuron(point):
    return [*point["w"], point["a"]]


def zero_labels(seen, sigma, proof):
    for k, (x, w) in enumerate(zip(proof["inputs"], proof["weights"], strict=True)):
        limit_is(seen, sigma, [number(text)[0] for text in proof["start"]], [x], "0", [w, "0"], f"limit {k + 1}")
    differ(seen, [[w] for w in proof["weights"]])


def found_by_search(seen, sigma, data):
    """What ``proofs-check counterexample`` writes."""
    mechanism, proof = data["mechanism"], data["certificates"][-1]
    start, samples, limits = data["theta0"], data["samples"], data["limits"]
    if mechanism == "cycle" and not samples:
        loop(seen, sigma, proof["w0"], proof["a0"], proof["a"], proof["weights"], proof["factors"], proof["box"])
    elif mechanism == "cycle":
        circle(seen, sigma, start, limits, [sample["x"] for sample in samples], [sample["y"] for sample in samples])
    elif mechanism == "reweight" and "overlap" in proof:
        pair(seen, sigma, start, samples, limits)
        differ(seen, limits)
    elif mechanism == "reweight":
        ends = [weighted(seen, sigma, run, limit) for run, limit in zip(proof["runs"], limits, strict=True)]
        seen.require("two limits", mp.norm([p - q for p, q in zip(*ends, strict=True)]) > mpf(10) ** -6)
    elif mechanism == "contact":
        contact(seen, sigma, proof)
    else:
        pair(seen, sigma, start, samples, limits)
        if mechanism == "two-point":
            differ(seen, limits)


def one_point(seen, sigma, data):
    """A one-point overlap of one input without labels."""
    start, limit = ([number(text)[0] for text in data[name]] for name in ("start", "limit"))
    for k, x in enumerate(data["inputs"]):
        label = network(sigma, limit, [number(x)[0]])[0]
        limit_is(seen, sigma, start, [x], mp.nstr(label, 38), data["limit"], f"from input {k + 1}")
    differ(seen, [[x] for x in data["inputs"]])


KINDS = {
    "one-point overlap": one_point,
    "two-point overlap": lambda seen, sigma, data: pair(
        seen, sigma, neuron(data["start"]), data["samples"], [neuron(limit) for limit in data["limits"]]
    ),
    "4-cycle": lambda seen, sigma, data: circle(seen, sigma, data["start"], data["points"], [[x] for x in data["inputs"]], data["labels"]),
    "cycle": lambda seen, sigma, data: loop(
        seen, sigma, data["start"]["w"], data["start"]["a"], data["first"]["a"], data["weights"], data["factors"], data["box"]
    ),
    "zero label": zero_labels,
    "validated flows with tail bound": lambda seen, sigma, data: [weighted(seen, sigma, run, None) for run in data["runs"]],
    "contact form": contact,
}


def compare(data):
    """All comparisons of one counterexample, or None where it is no kind of these."""
    seen = Compared()
    if "mechanism" in data:
        found_by_search(seen, activation(data["activation"]), data)
    elif data.get("kind") in KINDS:
        KINDS[data["kind"]](seen, activation(data["activation"]), data)
    else:
        return None
    return seen


def files(path):
    """(place, counterexample) for all in a file, or in the files that a results.json names."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(stored, dict) and "claims" in stored:
        names = [check["certificate"] for claim in stored["claims"] for check in claim["checks"] if check["certificate"]]
        for name in names:
            yield from files(path.parent / name)
        return
    for k, data in enumerate(stored if isinstance(stored, list) else [stored]):
        yield f"{path.name} {k}", data


def main(paths):
    compared, failed = 0, 0
    for path in map(Path, paths):
        for place, data in files(path):
            try:
                seen = compare(data)
            except Exception as error:  # whatever a file leads to
                print(f"{place}: FAILED, {type(error).__name__}: {error}")
                failed += 1
                continue
            if seen is None:
                continue
            compared += 1
            failed += bool(seen.failed)
            print(f"{place}: {seen.count} comparisons, the largest difference {mp.nstr(seen.worst, 3)} of what is allowed", flush=True)
            for text in seen.failed:
                print(f"  DIFFERS {text}")
    print(f"{compared} counterexamples integrated again, {failed} differ" + ("" if compared else ": nothing was compared"))
    return int(bool(failed) or not compared)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
