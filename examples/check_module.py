"""Check the rank of a torch module with python-flint alone: python check_module.py FILE

A certificate spells out a module as steps on vectors (parameters, inputs, gathers, products, functions of one variable ...), exact
parameters and samples, and a minor of the tangent matrix [d f_t(x_i) / d theta_k]. The tangents are computed again, each step with its
derivative, in balls or modulo a prime; where the minor is not zero, the rank on the samples, and that of the tangent functions, is at
least its size.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat, arb_series, ctx, fmpq, fmpq_series, fmpz, nmod, nmod_mat

sys.path.insert(0, str(Path(__file__).parent))
from referee import main, refusing, require, whole  # noqa: E402


def rational(text):
    require(isinstance(text, str) and len(text) < 10**5, "a number that is no text")
    return fmpq(*map(int, text.split("/")))


def closed(z):
    """Whether z is the integer 0 that a closed gate or a padding hands on, no ball and no fraction that happens to be 0."""
    return type(z) is int and z == 0


def ball(z):
    """A number as a ball: that at t = 0 of a series in t."""
    return arb(z[0] if isinstance(z, arb_series | fmpq_series) else z)


class Balls:
    """Real numbers. The integer 0 is what a closed gate or a padding hands on: it is 0 nearby, too."""

    def number(self, value):
        return value if isinstance(value, arb_series) else arb(value)

    def exp(self, z):
        return z.exp() if isinstance(z, arb_series) else arb(z).exp()

    def gate(self, z, exact):
        require(closed(z) or ball(z) > 0 or ball(z) < 0, "a ball on both sides of a kink")
        return not isinstance(z, int) and bool(ball(z) > 0)

    def first(self, row, exact):
        best = max(range(len(row)), key=lambda k: float(ball(row[k]).mid()))
        for k, z in enumerate(row):
            told = k == best or (closed(z) and closed(row[best])) or ball(z) < ball(row[best])
            require(told, "a maximum that is not told from the next")
        return best

    def function(self, name, z):
        z = self.number(z)
        one = arb(1)
        if name == "tanh":
            v = one - 2 / (one + (2 * z).exp()) if isinstance(z, arb_series) else z.tanh()
            return v, one - v * v
        if name == "sigmoid":
            v = one / (one + (-z).exp())
            return v, v - v * v
        if name == "exp":
            return z.exp(), z.exp()
        if name == "log":
            return z.log(), one / z
        if name == "softplus":
            return (one + z.exp()).log(), one / (one + (-z).exp())
        if name == "normal":
            return (one + (z / arb(2).sqrt()).erf()) / 2, (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
        if name == "sin":
            return z.sin(), z.cos()
        if name == "cos":
            return z.cos(), -z.sin()
        if name == "root":
            v = one / z.sqrt()
            return v, -v / (2 * z)
        require(name == "reciprocal", f"unknown function {str(name)[:40]}")
        return one / z, -one / (z * z)


class Lines(Balls):
    """Real numbers p + q t, where t^2 counts as 0: with the series cut behind t."""

    def line(self, value):
        return arb_series([value, 1])

    def slope(self, z):
        return z[1] if isinstance(z, arb_series) else arb(0)


class Residues:
    """Residues modulo a prime of a module that is rational on each piece; gates are decided by the rational numbers themselves."""

    def __init__(self, prime):
        self.prime = prime

    def number(self, value):
        value = fmpq(value)
        return nmod(int(value.p), self.prime) / nmod(int(value.q), self.prime)

    def gate(self, z, exact):
        require(closed(exact) or exact != 0, "a number on a kink")
        return bool(exact > 0)

    def first(self, row, exact):
        best = max(range(len(row)), key=lambda k: exact[k])
        for k, z in enumerate(exact):
            require(k == best or (closed(z) and closed(exact[best])) or z < exact[best], "two greatest entries")
        return best

    def function(self, name, z):
        require(name == "reciprocal", "a function that has no residues")
        return 1 / z, -1 / (z * z)


def rows_of(values, length):
    return [values[k : k + length] for k in range(0, len(values), length)]


def softmax(step, z, K):
    """e^z over its sum in each row, 0 at hidden places."""
    require(isinstance(K, Balls), "a softmax has no residues")
    found = []
    for row, hidden in zip(rows_of(z, step["length"]), rows_of(step["hidden"], step["length"]), strict=True):
        require(not all(hidden), "a row that is hidden all over")
        top = max(float(ball(v).mid()) for v, h in zip(row, hidden, strict=True) if not h)
        powers = [arb(0) if h else K.exp(v - arb(top)) for v, h in zip(row, hidden, strict=True)]
        total = sum(powers, arb(0))
        found += [p / total for p in powers]
    return found


def normalized(step, z, K):
    """(z - mean)/sqrt(variance + eps) of each row, and 1/sqrt(variance + eps)."""
    require(isinstance(K, Balls), "a normalization has no residues")
    found, roots, eps = [], [], arb(rational(step["eps"]))
    for row in rows_of(z, step["length"]):
        mean = sum(row, arb(0)) / len(row)
        root = 1 / (sum(((v - mean) ** 2 for v in row), arb(0)) / len(row) + eps).sqrt()
        found += [(v - mean) * root for v in row]
        roots.append(root)
    return found, roots


def matmul_places(step):
    """(entry of the product, entries of its factors that meet) one after another."""
    batch, rows, inner, columns = (step[key] for key in ("batch", "rows", "inner", "columns"))
    for b in range(batch):
        for i in range(rows):
            for j in range(columns):
                yield (b * rows + i) * columns + j, [((b * rows + i) * inner + l, (b * inner + l) * columns + j) for l in range(inner)]


def forward(steps, theta, sample, K, exact=None):
    """The values of all steps on one sample, and what their derivatives need; ``exact``: the values in rationals, where gates ask for
    them.
    """
    values, kept, tokens = [], [], set()
    for number, step in enumerate(steps):
        kind, keep = step["kind"], None
        sources = [whole(k, 0, "a source") for k in step["sources"]]
        require(all(k < number for k in sources), "a step before its source")
        a = values[sources[0]] if sources else []
        whole_ones = [k in tokens for k in sources]
        require(whole_ones == [False, True] if kind == "lookup" else kind == "gather" or not any(whole_ones), WHOLE)
        if kind == "tokens" or kind == "gather" and any(whole_ones):
            tokens.add(number)
        if kind == "parameters":
            require(number == 0 and not sources, "parameters that do not stand first")
            value = [K.number(v) for v in theta]
        elif kind in ("input", "tokens"):
            entries = sample[whole(step["number"], 0, "an input")]
            value = [K.number(v) for v in entries] if kind == "input" else [token(v) for v in entries]
        elif kind == "constant":
            value = [K.number(rational(v)) for v in step["values"]]
        elif kind == "gather":
            require(all(-1 <= whole(k + 1, 0, "an index") - 1 < len(a) for k in step["index"]), "a place that is not there")
            value = [a[k] if k >= 0 else 0 for k in step["index"]]
        elif kind == "join":
            value = [v for k in sources for v in values[k]]
        elif kind in ("add", "mul"):
            b = values[sources[1]]
            require(len(a) == len(b), "two sizes")
            value = [p + q if kind == "add" else p * q for p, q in zip(a, b, strict=True)]
        elif kind == "scale":
            factor = K.number(rational(step["factor"]))
            value = [v * factor for v in a]
        elif kind == "matmul":
            b = values[sources[1]]
            batch, rows, inner, columns = (whole(step[key], 1, key) for key in ("batch", "rows", "inner", "columns"))
            require(len(a) == batch * rows * inner and len(b) == batch * inner * columns, "a product of other sizes")
            value = [sum((a[i] * b[j] for i, j in pairs), K.number(fmpq(0))) for _, pairs in matmul_places(step)]
        elif kind == "sum":
            value = [total(row) for row in rows_of(a, whole(step["length"], 1, "a length"))]
        elif kind == "function":
            pairs = [K.function(step["name"], z) for z in a]
            value, keep = [v for v, _ in pairs], [d for _, d in pairs]
            finite(keep)
            below = whole(step.get("below", 0), 0, "a threshold")
            require(not below or all(ball(z) < below for z in a), "a softplus beyond its threshold")
        elif kind == "relu":
            keep = [K.gate(z, exact[sources[0]][k] if exact else None) for k, z in enumerate(a)]
            value = [z if gate else 0 for z, gate in zip(a, keep, strict=True)]
        elif kind == "greatest":
            length = whole(step["length"], 1, "a length")
            known = rows_of(exact[sources[0]], length) if exact else [None] * (len(a) // length)
            keep = [K.first(row, other) for row, other in zip(rows_of(a, length), known, strict=True)]
            value = [row[k] for row, k in zip(rows_of(a, length), keep, strict=True)]
        elif kind == "softmax":
            value = softmax(step, a, K)
        elif kind == "normalize":
            value, keep = normalized(step, a, K)
        elif kind == "lookup":
            width = whole(step["width"], 1, "a width")
            require(all((t + 1) * width <= len(a) for t in values[sources[1]]), "a token that no row belongs to")
            value = [a[t * width + k] for t in values[sources[1]] for k in range(width)]
        else:
            require(False, f"unknown step {str(kind)[:40]}")
        require(len(value) == whole(step["size"], 1, "a size"), "a step of another size than stated")
        finite(value)
        values.append(value)
        kept.append(keep)
    require(len(steps) - 1 not in tokens, WHOLE)
    return values, kept


WHOLE = "whole numbers (tokens) that do anything else than to choose rows"


def finite(numbers):
    """Refuse balls that hold no real number alone, such as the logarithm of a negative one."""
    balls = [c for v in numbers for c in (v.coeffs() if isinstance(v, arb_series) else [v]) if isinstance(c, arb)]
    require(all(c.is_finite() for c in balls), "a value that is no real number")


def token(value):
    """A whole number from 0 on, written as text."""
    value = rational(value)
    require(value.q == 1 and value >= 0, "a token that is no whole number")
    return int(value.p)


def total(row):
    """The sum, which is the integer 0 where all entries are."""
    found = row[0]
    for v in row[1:]:
        found = found + v
    return found


def unit(size, place, K):
    """The derivative of one output by all."""
    require(whole(place, 0, "an output") < size, "no such output")
    return [K.number(fmpq(int(k == place))) for k in range(size)]


def backward(steps, values, kept, cotangent, K):
    """The derivative of the outputs times ``cotangent`` by all parameters, from the last step to the first."""
    zero = K.number(fmpq(0))
    slopes = [None] * len(steps)
    slopes[-1] = list(cotangent)
    for number in range(len(steps) - 1, 0, -1):
        g, step = slopes[number], steps[number]
        if g is None:
            continue

        def add(source, place, part, step=step):
            k = step["sources"][source]
            if slopes[k] is None:
                slopes[k] = [zero] * len(values[k])
            slopes[k][place] = slopes[k][place] + part

        kind = step["kind"]
        a = values[step["sources"][0]] if step["sources"] else []
        if kind == "gather":
            for k, d in zip(step["index"], g, strict=True):
                if k >= 0:
                    add(0, k, d)
        elif kind == "join":
            places = [(s, k) for s, source in enumerate(step["sources"]) for k in range(len(values[source]))]
            for (s, k), d in zip(places, g, strict=True):
                add(s, k, d)
        elif kind == "add":
            for k, d in enumerate(g):
                add(0, k, d)
                add(1, k, d)
        elif kind == "mul":
            b = values[step["sources"][1]]
            for k, d in enumerate(g):
                add(0, k, d * b[k])
                add(1, k, d * a[k])
        elif kind == "scale":
            for k, d in enumerate(g):
                add(0, k, d * K.number(rational(step["factor"])))
        elif kind == "matmul":
            b = values[step["sources"][1]]
            for place, pairs in matmul_places(step):
                for i, j in pairs:
                    add(0, i, g[place] * b[j])
                    add(1, j, g[place] * a[i])
        elif kind == "sum":
            for k in range(len(a)):
                add(0, k, g[k // step["length"]])
        elif kind == "function":
            for k, d in enumerate(g):
                add(0, k, d * kept[number][k])
        elif kind == "relu":
            for k, d in enumerate(g):
                if kept[number][k]:
                    add(0, k, d)
        elif kind == "greatest":
            for k, d in enumerate(g):
                add(0, k * step["length"] + kept[number][k], d)
        elif kind == "softmax":
            for start in range(0, len(g), step["length"]):
                places = range(start, start + step["length"])
                mean = sum((values[number][k] * g[k] for k in places), zero)
                for k in places:
                    add(0, k, values[number][k] * (g[k] - mean))
        elif kind == "normalize":
            length = step["length"]
            for start in range(0, len(g), length):
                places, root = range(start, start + length), kept[number][start // length]
                mean = sum((g[k] for k in places), zero) / length
                along = sum((values[number][k] * g[k] for k in places), zero) / length
                for k in places:
                    add(0, k, root * (g[k] - mean - values[number][k] * along))
        elif kind == "lookup":
            width, tokens = step["width"], values[step["sources"][1]]
            for k, d in enumerate(g):
                add(0, tokens[k // width] * width + k % width, d)
    return slopes[0] or [zero] * len(values[0])


class Rationals:
    """The rational numbers themselves, to decide gates; closed gates hand on the integer 0."""

    def number(self, value):
        return fmpq(value)

    def gate(self, z, exact):
        return bool(z > 0)

    def first(self, row, exact):
        return max(range(len(row)), key=lambda k: row[k])

    def function(self, name, z):
        require(name == "reciprocal", "a function that leaves the rational numbers")
        return 1 / fmpq(z), None


class RationalLines:
    """Rational numbers p + q t, where t^2 counts as 0; gates are told by p."""

    def number(self, value):
        return value if isinstance(value, fmpq_series) else fmpq(value)

    def line(self, value):
        return fmpq_series([value, 1])

    def slope(self, z):
        return z[1] if isinstance(z, fmpq_series) else fmpq(0)

    def start(self, z):
        return z[0] if isinstance(z, fmpq_series) else z

    def gate(self, z, exact):
        require(closed(z) or self.start(z) != 0, "a number on a kink")
        return bool(self.start(z) > 0)

    def first(self, row, exact):
        best = max(range(len(row)), key=lambda k: self.start(row[k]))
        for k, z in enumerate(row):
            require(k == best or (closed(z) and closed(row[best])) or self.start(z) < self.start(row[best]), "two greatest entries")
        return best

    def function(self, name, z):
        require(name == "reciprocal", "a function that leaves the rational numbers")
        return 1 / self.number(z), -1 / (self.number(z) * self.number(z))


@refusing
def check_module(certificate):
    """The size of the minor, once it is shown not to vanish, and to be the rank that is stated."""
    steps, theta = certificate["steps"], list(map(rational, certificate["theta"]))
    size, rows, columns = whole(certificate["rank"], 1, "the rank"), certificate["rows"], certificate["columns"]
    samples = [[list(map(rational, x)) for x in sample] for sample in certificate["samples"]]
    require(isinstance(steps, list) and steps and steps[0]["kind"] == "parameters", "steps that do not begin with parameters")
    require(steps[0]["size"] == len(theta), "not as many numbers as parameters")
    require(len(rows) == len(columns) == size, "the rank stated is not the size of the minor")
    require(all(whole(k, 0, "a column") < len(theta) for k in columns), "no such column")
    require(all(whole(i, 0, "a sample") < len(samples) for i, _ in rows), "no such sample")
    if "prime" in certificate:
        p = whole(certificate["prime"], 5, "the prime")
        require(p < 2**63 and fmpz(p).is_prime(), "no prime")
        K = Residues(p)
    else:
        bits = whole(certificate["precision"], 2, "a precision")
        require(bits <= 10**5, "a precision for which the memory may not do")
        ctx.prec, K = bits, Balls()
    text = [[list(map(str, x)) for x in sample] for sample in samples]
    piecewise = "prime" in certificate and any(step["kind"] in ("relu", "greatest") for step in steps)
    evaluated, minor = {}, []
    for i, output in rows:
        if i not in evaluated:
            inputs = [x if step_of(steps, n) == "input" else text[i][n] for n, x in enumerate(samples[i])]
            exact = forward(steps, theta, inputs, Rationals())[0] if piecewise else None
            evaluated[i] = forward(steps, theta, inputs, K, exact)
        row = backward(steps, *evaluated[i], unit(len(evaluated[i][0][-1]), output, K), K)
        minor.append([row[k] for k in columns])
    if "prime" in certificate:
        require(int(nmod_mat(size, size, [int(v) for row in minor for v in row], p).det()), "the minor may vanish")
    else:
        require(not arb_mat(minor).det().contains(0), "the minor may vanish")
    return size


def step_of(steps, number):
    """input or tokens: what kind of input stands at a number; the same in all steps that read it."""
    kinds = {step["kind"] for step in steps if step["kind"] in ("input", "tokens") and step["number"] == number}
    require(len(kinds) <= 1, "an input that is numbers and tokens at once")
    return next(iter(kinds), "input")


KINDS = {"minor of a module": check_module}
check = check_module


if __name__ == "__main__":
    main(lambda certificate: f"rank at least {check(certificate)}")
